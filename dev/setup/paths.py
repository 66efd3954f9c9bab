"""Where everything generated lies: under `.work/` in the repository root."""

from __future__ import annotations

from pathlib import Path

ADDON = "actionstep_quickbooks"

ROOT = Path(__file__).resolve().parents[2]
WORK = ROOT / ".work"

VENV = WORK / "venv"
PYTHON = VENV / "bin" / "python"
ODOO = WORK / "odoo"
ADDONS = WORK / "addons"
ADDON_LINK = ADDONS / ADDON
CONFIG = WORK / "odoo.conf"
DATA = WORK / "data"
POSTGRES = WORK / "pg"
RUN = WORK / "run"
STAMPS = WORK / "stamps"
SETUP_LOG = RUN / "setup.log"

REQUIREMENTS = Path(__file__).with_name("requirements.txt")
REQUIREMENTS_ODOO = Path(__file__).with_name("requirements-odoo.txt")


def environment(base: dict[str, str]) -> dict[str, str]:
    """Return `base` changed so that what we start writes under `.work/` only.

    Bytecode is kept (it halves Odoo's start) but not beside the sources.
    """
    changed = dict(base)
    changed.pop("PYTHONDONTWRITEBYTECODE", None)
    changed["PYTHONPYCACHEPREFIX"] = str(WORK / "pycache")
    changed["PYTHONUNBUFFERED"] = "1"
    changed["ODOO_RC"] = str(CONFIG)
    changed["HYPOTHESIS_STORAGE_DIRECTORY"] = str(WORK / "hypothesis")
    changed["PYLINTHOME"] = str(WORK / "pylint")
    return changed
