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
from pathlib import Path

from .setup import browser, odoo, paths
from .setup.console import main
from .setup.postgres import postgres

REPORT = paths.RUN / "tests.xml"


def run_tests(arguments: Sequence[str]) -> int:
    """Run pytest with `arguments` and return the exit code to end with."""
    started = time.monotonic()
    browser.require()
    REPORT.unlink(missing_ok=True)
    with postgres() as server:
        odoo.write_config(server)
        with odoo.fresh_database(server) as database:
            print(f"First test after {time.monotonic() - started:.1f} s.", flush=True)
            code = subprocess.run(
                command(database, arguments),
                cwd=paths.ROOT,
                env=paths.environment(dict(os.environ)),
            ).returncode
    skipped = skipped_tests(REPORT)
    for test in skipped:
        print(f"Skipped, which counts as a failure here: {test}")
    print(f"Total time: {time.monotonic() - started:.1f} s", flush=True)
    return code or (1 if skipped else 0)


def command(database: str, arguments: Sequence[str]) -> list[str]:
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
        f"--junit-xml={REPORT}",
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
