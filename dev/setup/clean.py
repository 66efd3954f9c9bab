"""`make clean`: remove `.work/`, with a PostgreSQL that nobody stopped."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import time
from contextlib import suppress
from pathlib import Path

from . import paths
from .console import SetupError, main

STOP_SECONDS = 10


def clean() -> int:
    """Remove everything that was set up; return 0.

    Raises `SetupError` while one of our programs uses it.
    """
    if not paths.WORK.exists():
        return 0
    paths.RUN.mkdir(exist_ok=True)
    with (paths.RUN / "postgres.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as err:
            raise SetupError(
                "What was set up in .work/ is in use.",
                "stop `make serve`, `make demo` or `make test` first.",
            ) from err
        stop_orphan()
        try:
            shutil.rmtree(paths.WORK)
        except OSError as err:
            raise SetupError(
                f"{err.filename} cannot be removed: {err.strerror}.",
                "run `make clean` as the user who ran the set-up.",
            ) from err
    return 0


def stop_orphan() -> None:
    """Stop our PostgreSQL when the program that started it was killed."""
    record = paths.POSTGRES / "postmaster.pid"
    deadline = time.monotonic() + STOP_SECONDS
    with suppress(OSError, ValueError):
        pid = int(record.read_text().split()[0])
        # The number may by now be another program's.
        if str(paths.POSTGRES) not in Path(f"/proc/{pid}/cmdline").read_text():
            return
        os.kill(pid, signal.SIGINT)
        while record.exists() and time.monotonic() < deadline:
            time.sleep(0.1)


if __name__ == "__main__":
    main(clean)
