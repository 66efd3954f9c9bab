"""Steps with their times, commands with their failures, for the set-up."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from . import paths


class SetupError(Exception):
    """A step that failed.

    `str()` says what failed, `way_out` what the reader can do about it, and
    `detail` what the program that failed said last.
    """

    def __init__(self, what: str, way_out: str, detail: str = "") -> None:
        super().__init__(what)
        self.way_out = way_out
        self.detail = detail

    def report(self) -> str:
        """Return the whole message for the terminal."""
        lines = [str(self)]
        lines += [f"    {line}" for line in self.detail.splitlines()]
        lines += [f"  What to do: {self.way_out}"]
        return "\n".join(lines)


def step(title: str, work: Callable[[], object]) -> None:
    """Announce `title`, do `work` and print the seconds it took."""
    print(f"  {title:<52}", end=" ", flush=True)
    started = time.monotonic()
    try:
        work()
    except BaseException:
        print("failed", flush=True)
        raise
    print(f"{time.monotonic() - started:6.1f} s", flush=True)


def run(
    command: Sequence[str | Path],
    *,
    what: str,
    way_out: str,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    stdin: str | None = None,
) -> str:
    """Run `command` quietly and return what it printed.

    Its output is kept in `.work/run/setup.log`. Raises `SetupError(what, way_out)`
    with its last lines when it fails or cannot be started.
    """
    words = [str(word) for word in command]
    try:
        done = subprocess.run(
            words,
            env=env,
            cwd=cwd,
            input=stdin or "",
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
    except OSError as err:
        raise SetupError(what, way_out, f"{words[0]}: {err.strerror}") from err
    _log(words, done.stdout)
    if done.returncode:
        raise SetupError(what, way_out, last_lines(done.stdout))
    return done.stdout


def last_lines(text: str, count: int = 6) -> str:
    """Return the last `count` lines of `text` that are not empty, cut to a width."""
    lines = [line.rstrip()[:160] for line in text.splitlines() if line.strip()]
    return "\n".join(lines[-count:])


def _log(words: Sequence[str], output: str) -> None:
    paths.RUN.mkdir(parents=True, exist_ok=True)
    with paths.SETUP_LOG.open("a", encoding="utf-8") as log:
        log.write(f"$ {' '.join(words)}\n{output}\n")


def main(work: Callable[[], int]) -> None:
    """Run a program of ours: exit with its code, explain a `SetupError`.

    Being asked to end is answered like Ctrl-C: servers are stopped in order.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        sys.exit(work())
    except SetupError as err:
        sys.stdout.flush()
        print(f"\n{err.report()}", file=sys.stderr)
        if paths.SETUP_LOG.exists():
            log = paths.SETUP_LOG.relative_to(paths.ROOT)
            print(f"  All output: {log}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        sys.exit(130)
