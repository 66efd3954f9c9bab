"""Remembers which step is done, and for what, so that a second run does nothing."""

from __future__ import annotations

import hashlib
from pathlib import Path

from . import paths


def digest(*parts: str | Path) -> str:
    """Return a short hash of texts and of the contents of files."""
    total = hashlib.sha256()
    for part in parts:
        total.update(part.read_bytes() if isinstance(part, Path) else part.encode())
        total.update(b"\0")
    return total.hexdigest()[:16]


def read(name: str) -> str | None:
    """Return what `write` recorded for the step, None when it never finished."""
    file = paths.STAMPS / name
    return file.read_text(encoding="utf-8") if file.exists() else None


def write(name: str, value: str) -> None:
    """Record that the step is done for `value`."""
    paths.STAMPS.mkdir(parents=True, exist_ok=True)
    (paths.STAMPS / name).write_text(value, encoding="utf-8")


def forget(name: str) -> None:
    """Take the record back, before the step is done anew."""
    (paths.STAMPS / name).unlink(missing_ok=True)
