"""One Odoo process of a benchmark: what a cron worker of Odoo is, and nothing else.

    python -m dev.benchmarks.worker DATABASE DSN LOG

Reads one JSON object a line (``{"do": name, ...}``) and answers each with one. The work
is done by the function that Odoo's own cron workers call, ``IrCron._process_jobs``,
with its commits. The local servers and PostgreSQL are other processes, so that what
this one costs is Odoo's.
"""

from __future__ import annotations

import cProfile
import json
import pstats
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import psycopg2
import requests
import simplejson

from odoo import SUPERUSER_ID, api, sql_db
from odoo.modules.registry import Registry
from odoo.service.model import call_kw
from odoo.tools import config

from ..demo import CONNECTION, OPEN_JOBS, Demo
from ..setup import paths
from ..setup.console import SetupError

LIMIT_SECONDS = 900
POLL_SECONDS = 0.02
TOP = 20
SETTLED = """
    SELECT count(*) FROM actionstep_connection connection
    WHERE NOT EXISTS (
        SELECT FROM actionstep_sync_run run
        WHERE run.connection_id = connection.id AND run.state = 'done' AND run.id > %s
    ) OR EXISTS (
        SELECT FROM actionstep_sync_run run
        WHERE run.connection_id = connection.id AND run.state = 'running'
    ) OR EXISTS (
        SELECT FROM actionstep_sync_job job
        WHERE job.connection_id = connection.id AND job.state IN %s
    )
"""


class Clerk:
    """Calls methods as a signed-in user does, without the way over HTTP."""

    def __init__(self, env: api.Environment) -> None:
        self.env = env(user=env.ref("base.user_admin"))

    def call(self, model: str, method: str, *args: Any, **kwargs: Any) -> Any:
        """Return what the web client would get."""
        return call_kw(self.env[model], method, list(args), kwargs)


class Office(Demo):
    """The demo's connection and maps, for an Odoo that serves no pages."""

    def connect(self) -> None:
        """Make the connection; hand it the codes of both consents directly."""
        self.connection_id = self.person.call(CONNECTION, "create", self._values())
        connection = self.person.env[CONNECTION].sudo().browse(self.connection_id)
        for side in ("actionstep", "quickbooks"):
            url = connection._get_auth(side).authorization_url("benchmark")
            answer = requests.get(url, allow_redirects=False, timeout=60)
            sent = dict(parse_qsl(urlsplit(answer.headers["Location"]).query))
            connection._complete_consent(
                side, code=sent["code"], realm_id=sent.get("realmId")
            )
        connection._load_lists()
        connection._update_cron()

    def switch_on(self) -> None:
        """Turn Sales Invoices on."""
        self._write({"push_invoices": True})


class Meter:
    """What the work of this process cost so far."""

    def __init__(self) -> None:
        self.seconds = self.cpu_seconds = 0.0
        self.statements = 0

    @contextmanager
    def running(self) -> Iterator[None]:
        """Count what happens in the block, all threads of it."""
        cpu, statements = time.process_time(), sql_db.sql_counter
        try:
            yield
        finally:
            self.cpu_seconds += time.process_time() - cpu
            self.statements += sql_db.sql_counter - statements


class Worker:
    """The commands; each returns what JSON can hold."""

    def __init__(self, database: str, dsn: str) -> None:
        self.database = database
        self.registry = Registry(database)
        # A cursor of our own: looking whether all is done is no statement of Odoo's.
        self.watch = psycopg2.connect(dsn)
        self.watch.autocommit = True

    def connect(self, servers: Mapping[str, Any]) -> int:
        """Return the id of a connection to these servers, mapped and switched on."""
        with self.registry.cursor() as cursor:
            env = api.Environment(cursor, SUPERUSER_ID, {})
            office = Office(dict(servers), Clerk(env), None)
            office.connect()
            office.map_accounts()
            office.switch_on()
            return office.connection_id

    def work(self, after: int, profile: bool = False) -> dict[str, Any]:
        """Work until all connections have a run later than ``after`` and no open job.

        :param profile: also return the top ten functions, as text
        """
        # By the clock, waiting included: asking for processor time twice for each call
        # would cost more than most calls do.
        profiler = cProfile.Profile() if profile else None
        meter = Meter()
        started = time.monotonic()
        while not self._is_settled(after):
            if time.monotonic() - started > LIMIT_SECONDS:
                raise SetupError(
                    f"The work was not over after {LIMIT_SECONDS} s.",
                    "see .work/run/bench.log.",
                )
            with meter.running():
                self._process(profiler)
            time.sleep(POLL_SECONDS)
        return {
            "seconds": time.monotonic() - started,
            "cpu_seconds": meter.cpu_seconds,
            "statements": meter.statements,
            "peak_mb": peak_mb(),
            "profile": top(profiler) if profiler else "",
        }

    def _process(self, profiler: cProfile.Profile | None) -> None:
        # Known only when a registry is loaded.
        from odoo.addons.base.models.ir_cron import IrCron

        if profiler:
            profiler.runcall(IrCron._process_jobs, self.database)
        else:
            IrCron._process_jobs(self.database)

    def _is_settled(self, after: int) -> bool:
        with self.watch.cursor() as cursor:
            cursor.execute(SETTLED, [after, OPEN_JOBS])
            return cursor.fetchone()[0] == 0


def peak_mb() -> float:
    """Return the most memory this process ever had (VmHWM), in MB of 1,000,000."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024 / 1e6


def top(profiler: cProfile.Profile) -> str:
    """Return what costs most, as three tables of functions.

    By own time; by time with callees, the addon's alone; and what of Odoo's the addon
    calls, which is where doing things in bulk shows.
    """
    own, ours, asked = [], [], []
    for function, (_p, calls, seconds, total, callers) in _stats(profiler).items():
        name = _named(*function)
        own.append((seconds, calls, name))
        if _is_ours(name):
            ours.append((total, calls, name))
            continue
        for caller, (_p, calls, _own, total) in callers.items():
            if _is_ours(_named(*caller)):
                asked.append((total, calls, f"{name}  from {_named(*caller)}"))
    tables = {
        "Own time": own,
        "The addon's functions, with what they call": ours,
        "What the addon asks of others": asked,
    }
    return "\n\n".join(_table(title, rows) for title, rows in tables.items())


def _stats(profiler: cProfile.Profile) -> dict:
    return pstats.Stats(profiler).stats


def _table(title: str, rows: list[tuple[float, int, str]]) -> str:
    lines = [
        f"  {seconds:8.2f} s {calls:>9} calls  {name}"
        for seconds, calls, name in sorted(rows, reverse=True)[:TOP]
    ]
    return "\n".join([title, *lines])


def _named(file: str, line: int, name: str) -> str:
    """Return ``models/module.py:12 name``, as short as it stays clear."""
    place = file.rpartition("-packages/")[2].removeprefix(f"{paths.ADDONS}/")
    return f"{place.removeprefix(f'{paths.ADDON}/')}:{line} {name}"


def _is_ours(name: str) -> bool:
    return name.startswith(("models/", "mappers/", "clients/"))


def main(database: str, dsn: str, log: str) -> None:
    """Obey until standard input ends."""
    options = ["-c", str(paths.CONFIG), "-d", database, "--logfile", log]
    config.parse_config(options, setup_logging=True)
    worker = Worker(database, dsn)
    with closing(worker.watch):
        for line in sys.stdin:
            command = simplejson.loads(line, use_decimal=True)
            try:
                answer = {"ok": getattr(worker, command.pop("do"))(**command)}
            except SetupError as error:
                answer = {"error": str(error)}
            print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
