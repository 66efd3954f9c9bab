"""`make lint`: ruff's rules and format, and Odoo's and OCA's rules by pylint."""

from __future__ import annotations

import os
import subprocess

from .setup import paths
from .setup.console import main

BIN = paths.VENV / "bin"


def lint() -> int:
    """Run every check, print what they find, and return 1 if one found something."""
    # pylint must meet the addon under its technical name, hence through the link.
    checks = [
        ("ruff check", [BIN / "ruff", "check", "."], paths.ROOT),
        ("ruff format", [BIN / "ruff", "format", "--check", "."], paths.ROOT),
        (
            "pylint-odoo",
            [BIN / "pylint", f"--rcfile={paths.ROOT / '.pylintrc'}", paths.ADDON],
            paths.ADDONS,
        ),
    ]
    failed = [name for name, command, folder in checks if _fails(command, folder)]
    print(f"Lint: {', '.join(failed)} failed." if failed else "Lint: all clean.")
    return 1 if failed else 0


def _fails(command: list, folder: os.PathLike) -> bool:
    env = paths.environment(dict(os.environ))
    return subprocess.run(command, cwd=folder, env=env).returncode != 0


if __name__ == "__main__":
    main(lint)
