"""The only door to the network: one module per vendor.

No ORM, no environment, no commits, no decision about maps: values in, values out, and
the errors of ``exceptions.py``. A client belongs to one thread.
"""

from . import actionstep, faults, oauth, quickbooks, reporting, transport, values
