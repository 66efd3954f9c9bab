"""What a benchmark stands on: local servers, a fresh database, Odoo processes."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from typing import Any

import psutil
import psycopg2
import requests
import simplejson

from ..setup import odoo, paths
from ..setup.console import SetupError
from ..setup.postgres import Server

LOG = paths.RUN / "bench.log"
ADMIN_TIMEOUT = 300
_number = itertools.count(1)


@dataclass(frozen=True)
class Sides:
    """The two local servers of one firm: their addresses and processes."""

    servers: dict[str, Any]
    processes: dict[str, subprocess.Popen]

    def ask(self, side: str, what: str) -> Any:
        """Return what a server tells about itself, money as Decimal."""
        answer = requests.get(self._door(side, what), timeout=ADMIN_TIMEOUT)
        answer.raise_for_status()
        return simplejson.loads(answer.text, use_decimal=True)

    def tell(self, side: str, what: str, **body: Any) -> Any:
        """Do something at a server, as a person there would; return the answer."""
        url = self._door(side, what)
        answer = requests.post(url, json=body, timeout=ADMIN_TIMEOUT)
        answer.raise_for_status()
        return answer.json()

    def _door(self, side: str, what: str) -> str:
        return f"{self.servers[side]['admin_url']}/{what}"

    def requests(self, path: str = "") -> list[dict[str, Any]]:
        """Return the requests to QuickBooks whose path contains a text."""
        rows = self.ask("quickbooks", "log")
        return [row for row in rows if path in row["path"]]


@contextmanager
def sides(bills: int, *, country: str = "US", speed: str = "fast") -> Iterator[Sides]:
    """Run the local servers of a firm with so many bills.

    With the speed ``real`` QuickBooks takes as long as the recorded one, and counts.
    """
    with ExitStack() as stack:
        options = ["--country", country, "--firm", str(bills)]
        started = {
            "quickbooks": stack.enter_context(
                _server("quickbooks", *options, "--speed", speed)
            ),
            "actionstep": stack.enter_context(_server("actionstep", *options)),
        }
        described = {name: _first_line(one) for name, one in started.items()}
        yield Sides(described, started)


@contextmanager
def _server(side: str, *options: str) -> Iterator[subprocess.Popen]:
    command = [str(paths.PYTHON), "-m", "dev.sandbox", "--only", side, *options]
    with _process(command) as process:
        yield process


@contextmanager
def _process(command: Sequence[str]) -> Iterator[subprocess.Popen]:
    """Run a program of ours that talks over its standard input and output."""
    with LOG.open("a", encoding="utf-8") as log:
        process = subprocess.Popen(
            command,
            cwd=paths.ROOT,
            env=paths.environment(dict(os.environ)),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        process.terminate()
        process.communicate()


def _first_line(process: subprocess.Popen) -> Any:
    """Return the JSON value of the next line that a process prints."""
    line = process.stdout.readline()
    if not line:
        raise SetupError("A process of the benchmark ended.", f"see {LOG}.")
    return json.loads(line)


@dataclass(frozen=True)
class Worker:
    """A running Odoo process (``worker.py``)."""

    process: subprocess.Popen

    def start(self, what: str, **arguments: Any) -> None:
        """Give a command, without waiting for its answer."""
        self.process.stdin.write(json.dumps({"do": what, **arguments}) + "\n")
        self.process.stdin.flush()

    def answer(self) -> Any:
        """Wait for the answer; raise `SetupError` when the command failed."""
        answer = _first_line(self.process)
        if "error" in answer:
            raise SetupError(answer["error"], f"see {LOG}.")
        return answer["ok"]

    def do(self, what: str, **arguments: Any) -> Any:
        """Give a command and return its answer."""
        self.start(what, **arguments)
        return self.answer()


@dataclass
class Stage:
    """A fresh database with its firms' connections, and Odoo processes on it."""

    database: str
    dsn: str
    workers: list[Worker] = field(default_factory=list)

    def connect(self, *firms: Sides) -> None:
        """Connect firms; from then on only their scheduled actions are active."""
        for firm in firms:
            self.workers[0].do("connect", servers=firm.servers)
        self.execute(
            "UPDATE ir_cron SET active = false WHERE id NOT IN (SELECT cron.id FROM"
            " ir_cron cron JOIN ir_act_server act ON act.id = ir_actions_server_id"
            " JOIN ir_model model ON model.id = act.model_id"
            " WHERE model.model LIKE 'actionstep.%')"
        )

    def keep_limits(self) -> None:
        """Pace the firms' requests as with the real service; local ones are not."""
        self.execute("UPDATE actionstep_connection SET keeps_limits = true")

    def wake(self) -> int:
        """Make the scheduled actions due; return the id of the newest run so far."""
        self.execute(
            "UPDATE ir_cron SET nextcall = now() AT TIME ZONE 'UTC' WHERE active"
        )
        return self.value("SELECT coalesce(max(id), 0) FROM actionstep_sync_run")

    def work(self, **options: Any) -> dict[str, Any]:
        """Let the first process make one pass; return what it cost."""
        return self.workers[0].do("work", after=self.wake(), **options)

    def execute(self, query: str, *values: Any) -> None:
        """Change the database directly."""
        with closing(psycopg2.connect(self.dsn)) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(query, values or None)

    def rows(self, query: str, *values: Any) -> list[tuple]:
        """Return the rows of a query."""
        with (
            closing(psycopg2.connect(self.dsn)) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute(query, values or None)
            return cursor.fetchall()

    def value(self, query: str, *values: Any) -> Any:
        """Return the first value of a query."""
        return self.rows(query, *values)[0][0]

    def require_pushed(self, bills: int) -> None:
        """Raise `SetupError` unless so many bills, and no fewer, were pushed.

        A figure of a run that left something out would say nothing.
        """
        states = dict(
            self.rows("SELECT state, count(*) FROM actionstep_invoice GROUP BY 1")
        )
        if states != {"pushed": bills}:
            raise SetupError(
                f"Of {bills} bills not all were pushed: {states}", f"see {LOG}."
            )

    def print_interruptions(self) -> None:
        """Print why runs were interrupted: that costs time, and should not happen."""
        for (message,) in self.rows(
            "SELECT message FROM actionstep_sync_run WHERE state = 'interrupted'"
        ):
            print(f"  A run was interrupted: {message}", flush=True)

    def postgres_seconds(self) -> float | None:
        """Return the processor time of the database's own processes that live.

        None when PostgreSQL runs on another machine, or its processes are not shown.
        """
        pids = self.rows(
            "SELECT pid FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        try:
            times = [psutil.Process(pid).cpu_times() for (pid,) in pids]
        except psutil.Error:
            return None
        return sum(one.user + one.system for one in times)


@contextmanager
def stage(server: Server, *, processes: int = 1) -> Iterator[Stage]:
    """Give a fresh database with the addon, and Odoo processes that wait for work."""
    # Of this form, what a killed run leaves is dropped by the next `make test`.
    name = f"{odoo.COPY}{os.getpid()}-{next(_number)}"
    odoo.copy_database(server, odoo.template_database(server), name)
    try:
        with ExitStack() as stack:
            made = Stage(name, server.dsn(name))
            command = [str(paths.PYTHON), "-m", "dev.benchmarks.worker"]
            command += [name, made.dsn, str(LOG)]
            for _process_number in range(processes):
                process = stack.enter_context(_process(command))
                made.workers.append(Worker(process))
            try:
                yield made
            finally:
                made.print_interruptions()
    finally:
        odoo.drop_database(server, name)
