"""`python3 -m dev.setup`: make everything under `.work/` that is not there yet.

Standard library only: this is what makes the virtual environment. Variables:
ODOO_PATH (an Odoo 19 of your own), ODOO_DEB (its Debian package as a file),
ODOO_DEB_FALLBACK (the same, used only when the download fails).
"""

from __future__ import annotations

import fcntl
import time
from collections.abc import Callable

from . import paths, python, source
from .console import SetupError, main, step

# What is made, how to tell that it is there, how to make it; in this order.
STEPS: tuple[tuple[str, Callable[[], bool], Callable[[], None]], ...] = (
    (
        "Python environment (.work/venv)",
        python.environment_done,
        python.make_environment,
    ),
    ("Python packages", python.packages_done, python.install_packages),
    ("Odoo 19 (.work/odoo)", source.done, source.provide),
    ("Odoo in the Python environment", source.linked, source.link),
    ("The addon's link (.work/addons)", source.addon_linked, source.link_addon),
)


def check_folder() -> None:
    """Raise `SetupError` where PostgreSQL or Odoo would misread the clone's path."""
    if any(sign.isspace() or sign in ",\"'" for sign in str(paths.ROOT)):
        raise SetupError(
            f"The path {paths.ROOT} has a space, comma or quote in it.",
            "move the clone to a folder without one: PostgreSQL and Odoo need that.",
        )


def set_up() -> int:
    """Do the steps that are not done; return 0."""
    python.check_version()
    check_folder()
    started = time.monotonic()
    paths.RUN.mkdir(parents=True, exist_ok=True)
    with (paths.RUN / "setup.lock").open("w") as lock:
        # Two terminals must not build the same folders at once.
        fcntl.flock(lock, fcntl.LOCK_EX)
        missing = [item for item in STEPS if not item[1]()]
        if missing:
            print("Setting up:", flush=True)
        for title, is_done, work in STEPS:
            if not is_done():
                step(title, work)
    if missing:
        print(f"Ready after {time.monotonic() - started:.1f} s.", flush=True)
    return 0


if __name__ == "__main__":
    main(set_up)
