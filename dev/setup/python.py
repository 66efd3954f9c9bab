"""The virtual environment and its packages."""

from __future__ import annotations

import configparser
import importlib.util
import os
import shutil
import sys

from . import paths, stamps
from .console import SetupError, run

# What pip is told by its configuration, and the name uv reads it under. uv knows
# nothing of pip's files, and both must ask the same index.
UV_NAMES = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "constraint": "UV_CONSTRAINT",
    "trusted-host": "UV_INSECURE_HOST",
    "cert": "SSL_CERT_FILE",
    "proxy": "ALL_PROXY",
}
NETWORK = (
    "check the network and pip's own settings (`pip config list`), then run it again."
)


def check_version() -> None:
    """Raise `SetupError` unless this Python is one Odoo 19 runs on (3.10 to 3.13)."""
    if not (3, 10) <= sys.version_info[:2] <= (3, 13):
        here = ".".join(map(str, sys.version_info[:3]))
        raise SetupError(
            f"Odoo 19 needs Python 3.10 to 3.13; {sys.executable} is {here}.",
            "name another one: make setup PYTHON=/path/to/python3.12",
        )


def environment_key() -> str:
    """Return what the virtual environment depends on."""
    return stamps.digest(sys.base_prefix, ".".join(map(str, sys.version_info[:2])))


def environment_done() -> bool:
    """Tell whether the virtual environment is there and its Python still exists."""
    return paths.PYTHON.exists() and stamps.read("venv") == environment_key()


def make_environment() -> None:
    """Make `.work/venv` anew."""
    if importlib.util.find_spec("ensurepip") is None:
        version = ".".join(map(str, sys.version_info[:2]))
        raise SetupError(
            "This Python cannot make virtual environments: ensurepip is missing.",
            f"on Debian or Ubuntu: apt-get install python{version}-venv",
        )
    for name in ("venv", "packages", "link"):
        stamps.forget(name)
    shutil.rmtree(paths.VENV, ignore_errors=True)
    # Run from the environment itself, this must not use the Python it just removed.
    interpreter = getattr(sys, "_base_executable", sys.executable)
    run(
        [interpreter, "-m", "venv", paths.VENV],
        what="The virtual environment could not be made.",
        way_out="see the lines above; a full Python with venv is needed.",
    )
    stamps.write("venv", environment_key())


def packages_key() -> str:
    """Return what the installed packages depend on."""
    return stamps.digest(environment_key(), paths.REQUIREMENTS, paths.REQUIREMENTS_ODOO)


def packages_done() -> bool:
    """Tell whether the packages of the requirements files are installed."""
    return stamps.read("packages") == packages_key()


def install_packages() -> None:
    """Install the packages into `.work/venv`, with uv because it is quick."""
    stamps.forget("packages")
    run(
        [paths.PYTHON, "-m", "pip", "install", "--quiet", "uv>=0.5"],
        what="The installer uv could not be fetched from the Python package index.",
        way_out=NETWORK,
    )
    run(
        [paths.VENV / "bin" / "uv", "pip", "install", "--python", paths.PYTHON]
        + ["-r", paths.REQUIREMENTS],
        what="The Python packages could not be installed.",
        way_out=NETWORK,
        env=uv_environment(),
    )
    stamps.write("packages", packages_key())


def uv_environment() -> dict[str, str]:
    """Return this process's environment with pip's settings put into uv's names.

    What the environment already tells uv stays. pip weighs all indexes alike, so
    uv is told to do the same.
    """
    env = dict(os.environ)
    settings = _pip_settings()
    for option, name in UV_NAMES.items():
        if value := settings.get(option):
            separator = "," if option == "find-links" else " "
            env.setdefault(name, separator.join(value.split()))
    env.setdefault("UV_INDEX_STRATEGY", "unsafe-best-match")
    return env


def _pip_settings() -> dict[str, str]:
    """Return pip's merged settings by option; the environment wins, then [install]."""
    listing = run(
        [paths.PYTHON, "-m", "pip", "config", "list"],
        what="pip's settings could not be read.",
        way_out="run `.work/venv/bin/python -m pip config list` and mend what it says.",
    )
    parser = configparser.RawConfigParser(delimiters=("=",))
    parser.read_string("[pip]\n" + listing)
    found = {key: value.strip("'\"") for key, value in parser["pip"].items()}
    merged: dict[str, str] = {}
    for prefix in ("global.", "install.", ":env:."):
        merged |= {
            key[len(prefix) :]: value.replace("\\n", " ")
            for key, value in found.items()
            if key.startswith(prefix)
        }
    return merged
