"""The addon's schedule seen from the database: what is open, and no waiting for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg2
import psycopg2.errors

from ..setup.postgres import Server

NOW = "(now() AT TIME ZONE 'UTC')"
OPEN_STATES = ("waiting", "pending", "started", "unknown")
# What the addon waits for, by table: nobody may write these, not even over RPC.
WAITS = {"actionstep_connection": "resume_at", "actionstep_sync_job": "eta"}
DOCUMENTS = (
    "actionstep_invoice",
    "actionstep_payment",
    "actionstep_credit_note",
    "actionstep_credit_application",
)
STATUS = """
    SELECT c.id, coalesce(run.id, 0), coalesce(run.state, ''),
        (SELECT count(*) FROM actionstep_sync_job job
          WHERE job.connection_id = c.id AND job.state IN %s)
      FROM actionstep_connection c
      LEFT JOIN LATERAL (
        SELECT id, state FROM actionstep_sync_run
         WHERE connection_id = c.id ORDER BY id DESC LIMIT 1) run ON true
     ORDER BY c.id
"""


@dataclass(frozen=True)
class Status:
    """How far one connection is: its last run, and how many jobs are open."""

    connection_id: int
    run_id: int
    run_state: str
    open_jobs: int


class Schedule:
    """A session of our own beside Odoo's, each statement committed at once."""

    def __init__(self, database: str, session: Any, messenger: Any) -> None:
        self.database = database
        self.session = session
        self.messenger = messenger

    def run(self, statement: str, *values: Any) -> list[tuple]:
        """Return the rows of a statement; none when somebody else was faster."""
        try:
            with self.session.cursor() as cursor:
                cursor.execute(statement, values)
                return cursor.fetchall() if cursor.description else []
        except (psycopg2.errors.LockNotAvailable, psycopg2.errors.DeadlockDetected):
            return []

    def status(self) -> list[Status]:
        """Return how far each connection is."""
        return [Status(*row) for row in self.run(STATUS, OPEN_STATES)]

    def lost_grants(self) -> list[tuple[int, str]]:
        """Return connection and side of each grant that a person must renew."""
        return self.run(
            "SELECT connection_id, side FROM actionstep_credential "
            "WHERE state = 'reauth_required' ORDER BY id"
        )

    def hurry(self, pull: bool = False) -> None:
        """Let everything that waits be due, and wake the scheduled actions.

        :param pull: also what the interval of the schedule alone would bring
        """
        for table, column in WAITS.items():
            self._set_due(table, column)
        ours = "cron_id IN (SELECT cron_id FROM actionstep_connection)"
        self._set_due("ir_cron_trigger", "call_at", ours)
        if pull:
            ours = "id IN (SELECT cron_id FROM actionstep_connection)"
            self._set_due("ir_cron", "nextcall", ours)
        with self.messenger.cursor() as cursor:
            cursor.execute("SELECT pg_notify('cron_trigger', %s)", [self.database])

    def retry_refused(self) -> None:
        """Let the documents that QuickBooks refused be due for their next try."""
        for table in DOCUMENTS:
            self._set_due(table, "retry_at")

    def _set_due(self, table: str, column: str, which: str = "true") -> None:
        """Set due what nobody holds: rows that are at work are left alone."""
        self.run(
            f"UPDATE {table} SET {column} = {NOW} WHERE id IN ("
            f"SELECT id FROM {table} WHERE {column} > {NOW} AND {which} "
            "FOR NO KEY UPDATE SKIP LOCKED)"
        )


@contextmanager
def open_schedule(server: Server, database: str) -> Iterator[Schedule]:
    """Give a schedule with its two sessions: Odoo listens in ``postgres``."""
    with (
        closing(psycopg2.connect(server.dsn(database))) as session,
        closing(psycopg2.connect(server.dsn("postgres"))) as messenger,
    ):
        session.autocommit = messenger.autocommit = True
        with session.cursor() as cursor:
            cursor.execute("SET lock_timeout = '2s'")
        yield Schedule(database, session, messenger)
