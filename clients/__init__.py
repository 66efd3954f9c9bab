"""The only door to what others give us: one module per vendor, one for files.

No ORM, no environment, no commits, no decision about maps: values in, values out, and
the errors of ``exceptions.py``. A client belongs to one thread.
"""

from . import (
    actionstep,
    faults,
    files,
    oauth,
    quickbooks,
    reporting,
    rows,
    transport,
    values,
)
