"""Odoo as ``python -m odoo`` runs it, but less patient with both vendors.

``python -m dev.chaos.worker server ...``: waiting 110 s for every answer that does not
come would make a run endless. What else the addon does is its own.
"""

from __future__ import annotations

import importlib.util
import sys

import odoo.cli

from ..setup import paths
from . import READ_SECONDS

CONST = f"odoo.addons.{paths.ADDON}.const"
TIMES = ("READ_TIMEOUT", "ACTIONSTEP_READ_TIMEOUT", "QUICKBOOKS_REQUEST_SECONDS")


def shorten_patience() -> None:
    """Load the addon's constants before the addon does, with shorter time limits."""
    spec = importlib.util.spec_from_file_location(CONST, paths.ROOT / "const.py")
    const = importlib.util.module_from_spec(spec)
    sys.modules[CONST] = const
    spec.loader.exec_module(const)
    scale = READ_SECONDS / const.READ_TIMEOUT
    for name in TIMES:
        setattr(const, name, getattr(const, name, 0) * scale)


if __name__ == "__main__":
    shorten_patience()
    odoo.cli.main()
