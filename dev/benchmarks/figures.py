"""The figures of `make bench`, one function each; README.md defines them."""

from __future__ import annotations

import math
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from ..setup.postgres import Server
from .copies import multiply
from .plain_loop import client_of, save_all, sent
from .stage import Sides, Stage, sides, stage

BATCHES_PER_MINUTE = 40
BATCH_SIZE = 30
CEILING = BATCHES_PER_MINUTE * BATCH_SIZE
# What the local server takes for a full batch: until then nothing can be answered.
BATCH_SECONDS = 13
# So long the turns count that the customers took before the first document.
MINUTE_SECONDS = 61
COUNTRIES = ("US", "GB", "AU", "CA")
REPEATS = 3


@dataclass(frozen=True)
class Figure:
    """One measured figure: the least or most that is wanted, and how it came about."""

    name: str
    value: float
    least: float | None = None
    most: float | None = None
    how: str = ""

    @property
    def is_met(self) -> bool:
        """Whether the figure is as good as wanted."""
        if self.least is not None:
            return self.value >= self.least
        return self.most is None or self.value <= self.most


@dataclass
class Bench:
    """One run of benchmarks; ``scale`` makes all of them smaller, to try them."""

    server: Server
    scale: float = 1.0
    profile: bool = False
    profiles: list[str] = field(default_factory=list)
    backfills: dict[int, dict[str, Any]] = field(default_factory=dict)

    def sized(self, count: int, least: int) -> int:
        """Return a number of documents or seconds at this run's scale."""
        return max(least, round(count * self.scale))

    def work(self, one: Stage) -> dict[str, Any]:
        """Let a process make one pass, and keep its profile."""
        cost = one.work(profile=self.profile)
        if cost["profile"]:
            self.profiles.append(cost["profile"])
        return cost

    @contextmanager
    def firm(self, bills: int, *, speed: str = "fast") -> Iterator[tuple[Sides, Stage]]:
        """Give a firm's servers and one Odoo process that is connected to them."""
        with sides(bills, speed=speed) as one, stage(self.server) as made:
            made.connect(one)
            if speed == "real":
                made.keep_limits()
            yield one, made

    def backfill(self, bills: int) -> dict[str, Any]:
        """Return what the first pass over so many bills costs; measured once a run."""
        if bills not in self.backfills:
            self.backfills[bills] = self._backfill(bills)
        return self.backfills[bills]

    def _backfill(self, bills: int) -> dict[str, Any]:
        with self.firm(bills) as (_sides, made):
            before = made.postgres_seconds()
            cost = self.work(made)
            made.require_pushed(bills)
            after = made.postgres_seconds()
            is_known = before is not None and after is not None
            cost["postgres_seconds"] = after - before if is_known else None
            return cost

    # --- the figures ---

    def quota(self) -> Iterator[Figure]:
        """Documents accepted in minutes of real time, of what the limits allow."""
        seconds = self.sized(120, 20)
        watched = MINUTE_SECONDS + BATCH_SECONDS + seconds
        # As much more as may still be under way.
        bills = math.ceil(CEILING / 60 * watched) + CEILING // 2
        with self.firm(bills, speed="real") as (one, made):
            made.workers[0].start("work", after=made.wake(), profile=False)
            _wait_until(lambda: made.value(FIRST_PUSHED))
            time.sleep(watched)
            made.workers[0].process.kill()
            accepted, refused = _accepted(one, seconds), _refused(one)
        pushed = sum(accepted)
        yield Figure(
            "quota_pct",
            pushed / seconds * 60 / CEILING * 100,
            least=95,
            how=f"{pushed} documents in {seconds} s; answered 429: {refused}",
        )

    def loop(self) -> Iterator[Figure]:
        """The plain way's time by ours, for the same documents on the same server."""
        bills = self.sized(300, 30)
        with self.firm(bills, speed="real") as (one, made):
            cost_ends = self._push_timed(one, made)
            made.require_pushed(bills)
            refused, ours = _refused(one), _totals(one)
            # A name that was refused because another client has it was sent twice.
            customers = {row["DisplayName"]: row for row in sent(one, "Customer")}
            invoices = sent(one, "Invoice")
            names = {
                row["Id"]: row["DisplayName"]
                for row in one.ask("quickbooks", "dump")["Customer"]
            }
            keys = one.tell("quickbooks", "reset")
            plain = save_all(client_of(keys), list(customers.values()), invoices, names)
            if _totals(one) != ours:
                raise ValueError("the two ways did not make the same invoices")
        yield Figure(
            "vs_loop",
            plain / cost_ends,
            least=4,
            how=f"{bills} bills: {plain:.1f} s one by one, {cost_ends:.1f} s ours; "
            f"answered 429: {refused}",
        )

    def _push_timed(self, one: Sides, made: Stage) -> float:
        """Return the seconds from the first request of a push to the end of its run."""
        begun = len(one.requests())
        self.work(made)
        ended = datetime.now(timezone.utc)
        first = one.requests()[begun]
        return (ended - datetime.fromisoformat(first["at"])).total_seconds()

    def cpu(self) -> Iterator[Figure]:
        """Processor time of Odoo for one document, the whole way."""
        bills = self.sized(5000, 100)
        cost = self.backfill(bills)
        postgres = cost["postgres_seconds"]
        beside = "unknown" if postgres is None else f"{postgres / bills * 1000:.1f} ms"
        yield Figure(
            "cpu_ms_per_document",
            cost["cpu_seconds"] / bills * 1000,
            most=8,
            how=f"{bills} bills, {cost['seconds']:.0f} s; PostgreSQL beside {beside}; "
            f"{cost['statements'] / bills:.1f} statements each",
        )

    def incremental(self) -> Iterator[Figure]:
        """Time of a pass with few changes on many staged documents, by that on few."""
        few, many = self.sized(1000, 100), self.sized(50000, 1000)
        changed = self.sized(50, 10)
        with self.firm(few) as (one, made):
            made.work()
            made.require_pushed(few)
            small, small_idle = self._pass_with_changes(one, made, changed)
            multiply(made, many // few - 1)
            made.require_pushed(many // few * few)
            large, large_idle = self._pass_with_changes(one, made, changed)
        yield Figure(
            "incremental_ratio",
            large / small,
            most=1.3,
            how=f"{changed} changed: {large:.2f} s on {many}, {small:.2f} s on {few}; "
            f"idle: {large_idle} and {small_idle} statements",
        )

    def _pass_with_changes(
        self, one: Sides, made: Stage, changed: int
    ) -> tuple[float, int]:
        """Return the seconds of a pass with changes, and what an idle one asks."""
        seconds = []
        made.work()
        idle = made.work()
        for _repeat in range(REPEATS):
            _change(one, changed)
            seconds.append(self.work(made)["seconds"])
        return statistics.median(seconds), idle["statements"]

    def memory(self) -> Iterator[Figure]:
        """Most memory of a backfill, and how it grows with the number of documents."""
        few, many = self.sized(5000, 100), self.sized(20000, 400)
        small, large = self.backfill(few), self.backfill(many)
        yield Figure(
            "peak_rss_mb",
            large["peak_mb"],
            most=600,
            how=f"{many} bills in {large['seconds']:.0f} s",
        )
        yield Figure(
            "rss_growth",
            large["peak_mb"] / small["peak_mb"],
            most=1.2,
            how=f"{small['peak_mb']:.0f} MB for {few} bills",
        )

    def processes(self) -> Iterator[Figure]:
        """Time of one process for four connections, by that of two."""
        bills = self.sized(150, 40)
        one, two = (self._four_connections(bills, number) for number in (1, 2))
        yield Figure(
            "two_process_speedup",
            one / two,
            least=1.7,
            how=f"{len(COUNTRIES)} times {bills} bills: {one:.1f} s and {two:.1f} s",
        )

    def _four_connections(self, bills: int, processes: int) -> float:
        """Return the seconds until so many processes pushed all four firms' bills."""
        with ExitStack() as stack:
            firms = [
                stack.enter_context(sides(bills, country=country, speed="real"))
                for country in COUNTRIES
            ]
            made = stack.enter_context(stage(self.server, processes=processes))
            made.connect(*firms)
            made.keep_limits()
            after, started = made.wake(), time.monotonic()
            for worker in made.workers:
                worker.start("work", after=after)
            for worker in made.workers:
                worker.answer()
            seconds = time.monotonic() - started
            made.require_pushed(bills * len(firms))
            return seconds


# Side by side go those that mostly wait; those after them need the machine for
# themselves.
LANES = (
    (("quota",), ("loop", "processes")),
    (("cpu", "incremental", "memory"),),
)
BENCHMARKS = tuple(name for lanes in LANES for lane in lanes for name in lane)
# The books of the sample firm hold others.
OURS = "Actionstep bill"
FIRST_PUSHED = "SELECT count(*) FROM actionstep_invoice WHERE state = 'pushed'"


def _wait_until(is_so: Callable[[], Any]) -> None:
    while not is_so():
        time.sleep(0.5)


def _accepted(one: Sides, seconds: int) -> list[int]:
    """Return how many invoices QuickBooks made in each second of the window.

    It begins when the customers count no more for the limits and a first batch can have
    been answered: what is in flight then takes the place of what will be in flight at
    its end. The server tells whole seconds.
    """
    made = Counter(
        int(datetime.fromisoformat(row["MetaData"]["CreateTime"]).timestamp())
        for row in one.ask("quickbooks", "dump")["Invoice"]
        if row.get("PrivateNote", "").startswith(OURS)
    )
    first = min(made) + MINUTE_SECONDS + BATCH_SECONDS
    return [made[second] for second in range(first, first + seconds)]


def _refused(one: Sides) -> int:
    """Return how many requests were too many for the limits."""
    return sum(row["status"] == 429 for row in one.requests())


def _totals(one: Sides) -> list[Any]:
    """Return number and total of every invoice in QuickBooks."""
    rows = one.ask("quickbooks", "dump")["Invoice"]
    return sorted((row["DocNumber"], row["TotalAmt"]) for row in rows)


def _change(one: Sides, count: int) -> None:
    """Add a dollar to the first bills of a firm, in Actionstep and its export."""
    bills = one.ask("actionstep", "dump")["bills"][:count]
    for bill in bills:
        total = float(bill["total_exclusive"]) + 1
        line = {"amount_exclusive": f"{total:.2f}", "tax_code": "NT"}
        one.tell(
            "actionstep",
            f"bills/{bill['bill_id']}/lines",
            lines=[line],
            reporting=True,
        )
