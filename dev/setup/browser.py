"""The browser that the browser tests drive."""

from __future__ import annotations

import os
import shutil

from .console import SetupError, run, step

# The names Odoo's own tests look for.
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
WAY_OUT = (
    "install Chromium so that it is on PATH, for example `apt-get install chromium` "
    "as root."
)


def find() -> str | None:
    """Return the browser found on PATH, or None."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def require() -> str:
    """Return the browser's path; as root on Debian it is installed when missing.

    Raises `SetupError`: without a browser the browser tests would be skipped, and
    a skipped test says nothing.
    """
    if path := find():
        return path
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise SetupError("There is no Chromium for the browser tests.", WAY_OUT)
    step("Chromium (apt-get)", _install)
    return find() or _not_found()


def _install() -> None:
    what = "Chromium could not be installed for the browser tests."
    env = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    run(["apt-get", "-q", "update"], what=what, way_out=WAY_OUT, env=env)
    command = ["apt-get", "-q", "install", "-y", "--no-install-recommends", "chromium"]
    run(command, what=what, way_out=WAY_OUT, env=env)


def _not_found() -> str:
    raise SetupError("Chromium was installed and is not on PATH.", WAY_OUT)
