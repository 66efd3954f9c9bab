"""Where it happens: the database, the processes, the firms; and how it ends."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timezone
from functools import partial

import psutil
import requests

from ..demo import _ask
from ..rpc import OdooError, Person
from ..setup import odoo
from ..setup.postgres import Server
from . import workers as processes
from .firm import LIFE, SIDES, Firm, founded
from .schedule import Schedule, Status, open_schedule
from .verdict import Verdict, trace
from .workers import Worker

PREFIX = "chaos"
LIFE_DOCUMENTS = 320
ROUND_SECONDS = 120
ROUNDS = 6


@dataclass
class Scene:
    """Everything that mischief can be done to, and the log of what was done."""

    rng: random.Random
    workers: list[Worker]
    firms: list[Firm]
    schedule: Schedule
    started_at: datetime = field(default_factory=partial(datetime.now, timezone.utc))

    @property
    def ports(self) -> set[int]:
        """Return the ports of all servers."""
        return set().union(*(firm.ports for firm in self.firms))

    def note(self, kind: str, what: str) -> None:
        """Print what was done when."""
        seconds = (datetime.now(timezone.utc) - self.started_at).total_seconds()
        print(f"  {seconds:7.1f} s  {kind:<20} {what}", flush=True)

    # --- beginning ---

    def begin(self, replay: str) -> None:
        """Connect the firms with a person at the first process, and let them go.

        :param replay: the switch of the local QuickBooks
        """
        first = self.workers[0]
        processes.wait_until_ready(self.workers)
        person = Person(first.url, first.database, "admin", "admin")
        for firm in self.firms:
            firm.tell("quickbooks", "switches", replay=replay)
            firm.connect(person, first.process)
            self.note("connected", f"{firm.country} {firm.size}")

    # --- in between ---

    def renew_grants(self) -> None:
        """Reconnect where the addon asks for it, as the person asked does.

        A refresh token works once: that of a process killed between QuickBooks'
        answer and its own commit is lost, and only a new consent helps.
        """
        by_id = {firm.demo.connection_id: firm for firm in self.firms}
        for connection_id, side in self.schedule.lost_grants():
            # Whoever it is asked of may be dead: then it is asked again later.
            with suppress(requests.RequestException, OdooError):
                by_id[connection_id].reconnect(side)
                self.note("reconnected", f"{side} {by_id[connection_id].country}")

    # --- end ---

    def settle(self) -> Verdict:
        """Let the schedule run until all is right, or nothing more comes of it."""
        for firm in self.firms:
            for side in SIDES:
                firm.tell(side, "faults", "DELETE")
        processes.wait_until_ready(self.workers)
        for number in range(1, ROUNDS + 1):
            has_ended = self._finish_round()
            verdict = self.judge()
            self.note("compared", f"round {number}: {len(verdict.lines)} not right")
            # What a person must not be asked for may come with a later try.
            if not has_ended or (verdict.is_clean and number > 1):
                break
        return verdict

    def _finish_round(self) -> bool:
        """Wait until each connection has done a whole run, and nothing is open.

        :return: whether it came to that
        """
        deadline = time.monotonic() + ROUND_SECONDS
        before = {one.connection_id: one.run_id for one in self.schedule.status()}
        self.schedule.retry_refused()
        while not all(self._is_done(one, before) for one in self.schedule.status()):
            if time.monotonic() > deadline:
                self.note("no end", f"{self.schedule.status()}; see .work/run/chaos-*")
                return False
            self.renew_grants()
            self.schedule.hurry(pull=True)
            time.sleep(1.0)
        return True

    @staticmethod
    def _is_done(status: Status, before: dict[int, int]) -> bool:
        is_new = status.run_id > before[status.connection_id]
        return is_new and status.run_state == "done" and not status.open_jobs

    def judge(self) -> Verdict:
        """Compare both sides of every firm."""
        verdict = Verdict()
        for firm in self.firms:
            dump = _ask(firm.servers["quickbooks"], "dump")
            traces = trace(dump, list(firm.books.log), self.started_at)
            verdict.add(firm.country, firm.demo.compare(), dump, traces)
        return verdict


def sizes(documents: int) -> dict[str, str]:
    """Return country and size of the two firms that have so many documents."""
    if documents >= LIFE_DOCUMENTS + 50:
        return {"US": LIFE, "GB": str(documents - LIFE_DOCUMENTS)}
    half = max(documents // 2, 4)
    return {"US": str(half), "GB": str(half)}


@contextmanager
def set_up(server: Server, rng: random.Random, documents: int) -> Iterator[Scene]:
    """Give a scene; everything is ended and dropped with the block."""
    with ExitStack() as stack:
        database = stack.enter_context(fresh_database(server))
        firms = []
        for country, size in sizes(documents).items():
            name = f"{database}_{country}".lower()
            firm = stack.enter_context(founded(server, country, size, rng, name))
            if size != LIFE:
                firm.people.prepare(int(size) // 3)
            firms.append(firm)
        workers = stack.enter_context(processes.running(database, 2))
        schedule = stack.enter_context(open_schedule(server, database))
        yield Scene(rng, workers, firms, schedule)


@contextmanager
def fresh_database(server: Server) -> Iterator[str]:
    """Give a new database with the addon; drop it, and those of runs that died."""
    template = odoo.template_database(server)
    for left in server.databases():
        owner = left.removeprefix(PREFIX).partition("_")[0]
        if left.startswith(PREFIX) and not psutil.pid_exists(int(owner or 0)):
            odoo.drop_database(server, left)
    name = f"{PREFIX}{os.getpid()}"
    odoo.copy_database(server, template, name)
    try:
        yield name
    finally:
        odoo.drop_database(server, name)
