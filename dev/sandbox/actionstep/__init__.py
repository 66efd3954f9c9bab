"""The local Actionstep server, as ``protocols`` describe the real one.

``create_app(firm, switches=None, reporting=None, speed="fast")``; the reporting
database is in ``reporting.py``, imported only by who runs one.
"""

from .server import create_app

__all__ = ["create_app"]
