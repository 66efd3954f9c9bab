"""`make test`: run every test on a fresh database, in a real Odoo and browser.

    python -m dev.test [pytest arguments] [tests/test_file.py[::Class[::test]]]

Ends with pytest's exit code, and with 1 when tests were skipped: a skipped test
says nothing.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path
from queue import Empty, SimpleQueue

from .setup import browser, odoo, paths
from .setup.console import main
from .setup.postgres import postgres

TESTS = paths.ROOT / "tests"
NOTHING_SELECTED = 5  # pytest's exit code
# Some take a second each because they work with real servers, others nearly nothing.
SLOW_WEIGHT = 20
# So many shares for each process: who is done early takes another one.
SHARES_EACH = 4


def run_tests(arguments: Sequence[str]) -> int:
    """Run pytest with `arguments` and return the exit code to end with.

    The files are shared out to several processes, each with a database and local
    servers of its own.
    """
    started = time.monotonic()
    browser.require()
    todo: SimpleQueue[list[str]] = SimpleQueue()
    for share in shares(arguments):
        todo.put(share)
    with postgres() as server, ExitStack() as stack:
        odoo.write_config(server)
        workers = [
            Worker(number, stack.enter_context(odoo.fresh_database(server, number)))
            for number in range(min(processes(), todo.qsize()))
        ]
        print(f"First test after {time.monotonic() - started:.1f} s.", flush=True)
        with ThreadPoolExecutor(len(workers)) as pool:
            list(pool.map(lambda worker: worker.run_all(todo), workers))
    skipped = [test for worker in workers for test in worker.skipped]
    for test in skipped:
        print(f"Skipped, which counts as a failure here: {test}")
    print(f"Total time: {time.monotonic() - started:.1f} s", flush=True)
    return max([1 if skipped else 0, *(worker.code for worker in workers)])


def processes() -> int:
    """Return how many work side by side: a test waits for its servers half its time."""
    return (os.cpu_count() or 1) + 1


class Worker:
    """Runs one share of the tests after the other, each in a pytest of its own."""

    def __init__(self, number: int, database: str) -> None:
        self.report = paths.RUN / f"tests-{number}.xml"
        self.output = paths.RUN / f"tests-{number}.log"
        self.database = database
        self.code = 0
        self.skipped: list[str] = []

    def run_all(self, todo: SimpleQueue[list[str]]) -> None:
        """Run shares until none is left; show the output of each when it is done."""
        with suppress(Empty):
            while True:
                self.run(todo.get_nowait())

    def run(self, arguments: Sequence[str]) -> None:
        """Run one share."""
        self.report.unlink(missing_ok=True)
        with self.output.open("w") as output:
            code = subprocess.run(
                command(self.database, arguments, self.report),
                cwd=paths.ROOT,
                env=paths.environment(dict(os.environ)),
                stdout=output,
                stderr=subprocess.STDOUT,
            ).returncode
        print(self.output.read_text(errors="replace"), flush=True)
        # A share in which a chosen name (-k) selects nothing is in order.
        self.code = max(self.code, 0 if code == NOTHING_SELECTED else code)
        self.skipped += skipped_tests(self.report)


def shares(arguments: Sequence[str]) -> list[list[str]]:
    """Return the arguments of each share; together they name what was asked for."""
    files = [path for path in arguments if is_test_file(path)]
    options = [argument for argument in arguments if argument not in files]
    if any(through_link(option) != option for option in options):
        return [list(arguments)]  # single tests
    files = files or [str(f"tests/{p.name}") for p in TESTS.glob("test_*.py")]
    count = min(processes() * SHARES_EACH, len(files))
    found: list[list[str]] = [[] for _number in range(count)]
    loads = [0] * count
    for path in sorted(files, key=lambda path: (-weight(path), path)):
        lightest = loads.index(min(loads))
        found[lightest].append(path)
        loads[lightest] += weight(path)
    heaviest = sorted(zip(loads, found, strict=True), key=lambda one: -one[0])
    return [[*options, *sorted(share)] for _load, share in heaviest]


def is_test_file(argument: str) -> bool:
    """Tell whether an argument names a whole file of tests."""
    return argument.startswith("tests/") and argument.endswith(".py")


def weight(path: str) -> int:
    """Return about how long a file takes: its tests, more for those with servers."""
    text = (paths.ROOT / path).read_text(encoding="utf-8")
    uses_servers = "from .common" in text or "Case(" in text and "from .test_" in text
    return text.count("    def test_") * (SLOW_WEIGHT if uses_servers else 1)


def command(database: str, arguments: Sequence[str], report: Path) -> list[str]:
    """Return the pytest command for `database`.

    pytest-odoo finds the addon's name only on a path that ends in it, so tests are
    named through the link, which also must be absolute.
    """
    translated = [through_link(argument) for argument in arguments]
    if translated == list(arguments):
        translated.append(str(paths.ADDON_LINK / "tests"))
    return [
        *(str(paths.PYTHON), "-m", "pytest"),
        f"--odoo-database={database}",
        f"--odoo-config={paths.CONFIG}",
        "--odoo-http",  # else browser tests are skipped
        f"--rootdir={paths.ADDONS}",
        *("-o", f"cache_dir={paths.WORK / 'pytest'}"),
        f"--junit-xml={report}",
        *translated,
    ]


def through_link(argument: str) -> str:
    """Return a path to a test of this repository through the link, else as it is."""
    path, colons, name = argument.partition("::")
    test = (paths.ROOT / path).resolve()
    if argument.startswith("-") or not test.exists() or not path.startswith("tests"):
        return argument
    return f"{paths.ADDON_LINK / test.relative_to(paths.ROOT)}{colons}{name}"


def skipped_tests(report: Path) -> list[str]:
    """Return name and reason of the tests a JUnit report calls skipped."""
    if not report.exists():
        return []
    cases = ElementTree.parse(report).iter("testcase")
    return [
        f"{case.get('classname')}.{case.get('name')}: {skip.get('message')}"
        for case in cases
        for skip in case.iter("skipped")
    ]


if __name__ == "__main__":
    main(lambda: run_tests(sys.argv[1:]))
