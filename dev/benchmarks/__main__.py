"""``python -m dev.benchmarks [NAME ...]``: measure, print a table and one JSON line.

Without names all are measured. ``--scale 0.05`` makes them small, to try them;
``--profile`` prints where the processor time goes (which then costs more, too).
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from ..setup import odoo
from ..setup.console import main
from ..setup.postgres import postgres
from .figures import BENCHMARKS, LANES, Bench, Figure
from .stage import LOG


def parse() -> argparse.Namespace:
    """Return the options."""
    parser = argparse.ArgumentParser(prog="python -m dev.benchmarks")
    parser.add_argument("names", nargs="*", metavar="|".join(BENCHMARKS))
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--profile", action="store_true")
    options = parser.parse_args()
    unknown = set(options.names) - set(BENCHMARKS)
    if unknown:
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}")
    return options


def run() -> int:
    """Measure what was asked for; the exit code says nothing about the figures."""
    options, figures = parse(), []
    LOG.unlink(missing_ok=True)
    with postgres() as server:
        odoo.write_config(server)
        bench = Bench(server, options.scale, options.profile)
        # Made once, before those that measure side by side ask for it.
        odoo.template_database(server)
        chosen = set(options.names or BENCHMARKS)
        for lanes in LANES:
            with ThreadPoolExecutor(len(lanes)) as pool:
                for measured in pool.map(partial(measure, bench, chosen), lanes):
                    figures += measured
    for profile in bench.profiles:
        print(f"\n{profile}")
    print_table(figures)
    print(json.dumps({figure.name: round(figure.value, 2) for figure in figures}))
    return 0


def measure(bench: Bench, chosen: set[str], lane: Iterable[str]) -> list[Figure]:
    """Return the figures of those of a lane that were chosen, one after the other."""
    figures = []
    for name in lane:
        if name in chosen:
            started = time.monotonic()
            figures += getattr(bench, name)()
            print(f"  {name:<12} took {time.monotonic() - started:6.1f} s", flush=True)
    return figures


def print_table(figures: Iterable[Figure]) -> None:
    """Print each figure, what is wanted of it, and how it came about."""
    print(f"\n{'':<22}{'Measured':>10}{'Wanted':>12}")
    for figure in figures:
        wanted = f"≥ {figure.least}" if figure.least is not None else f"≤ {figure.most}"
        missed = "" if figure.is_met else "  missed"
        measured = f"{figure.name:<22}{figure.value:>10.2f}{wanted:>12}{missed:<8}"
        print(f"{measured}  {figure.how}")


if __name__ == "__main__":
    main(run)
