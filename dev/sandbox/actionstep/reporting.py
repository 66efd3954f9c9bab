"""The reporting database of a sample firm, in a real PostgreSQL.

It holds what a firm's nightly load makes of Actionstep's export: tables in the
schema ``export``, the contract's views in ``actionstep``, and a role that may only
read those views.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Protocol

import psycopg2
import psycopg2.errors
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import make_dsn

from .export import (
    COLUMNS,
    PARTS,
    SCHEMA,
    Chosen,
    copy_statement,
    copy_text,
    tables,
)
from .state import State

READER = "reporting_reader"
READER_PASSWORD = "read-only-views"


class PostgresServer(Protocol):
    """What is needed of ``dev.setup.postgres``."""

    def dsn(self, database: str) -> str:
        """Return the address of a database for a role that may create others."""

    def create(self, name: str) -> None:
        """Create a database."""

    def drop(self, name: str) -> None:
        """Drop a database, whoever uses it."""


class ReportingDatabase:
    """One firm's reporting database; ``dsn`` is the reader's address."""

    def __init__(self, server: PostgresServer, name: str):
        self.server = server
        self.name = name

    def create(self) -> None:
        """Create the database empty, in place of one that a killed run left."""
        self.server.drop(self.name)
        self.server.create(self.name)
        with self.cursor() as cursor:
            _make_reader(cursor)
        with self.cursor() as cursor:
            cursor.execute(f"REVOKE TEMPORARY ON DATABASE {self.name} FROM PUBLIC")
            cursor.execute(SCHEMA.read_text())

    def drop(self) -> None:
        """Drop the database."""
        self.server.drop(self.name)

    @property
    def dsn(self) -> str:
        """Return the address for the role which may only read the views."""
        return make_dsn(
            self.server.dsn(self.name), user=READER, password=READER_PASSWORD
        )

    def load(self, state: State, chosen: Chosen | None = None) -> None:
        """Copy everything, or the chosen rows (ids by kind), in one transaction.

        Rows are deleted, not truncated, so that a reader in a transaction of its own
        neither waits nor sees an empty table.
        """
        with self.cursor() as cursor:
            if chosen is None:
                for table in COLUMNS:
                    cursor.execute(f"DELETE FROM export.{table}")
            for kind, ids in (chosen or {}).items():
                column, names = PARTS[kind]
                for table in names:
                    cursor.execute(
                        f"DELETE FROM export.{table} WHERE {column} = ANY(%s)",
                        [list(ids)],
                    )
            for table, rows in tables(state, chosen).items():
                text = io.StringIO("".join(copy_text(rows)))
                cursor.copy_expert(copy_statement(table), text)
            if chosen is None:
                cursor.execute("ANALYZE")

    @contextmanager
    def cursor(self) -> Iterator:
        """Give a cursor of the owner; what it did is committed at the end."""
        connection: Connection = psycopg2.connect(self.server.dsn(self.name))
        with closing(connection), connection, connection.cursor() as cursor:
            yield cursor


def _make_reader(cursor) -> None:
    """Make the reading role once per server; two sandboxes may try at once.

    Who makes it must be a member, or could not drop a database with a reader in it.
    """
    cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [READER])
    known = cursor.fetchone()
    try:
        if not known:
            cursor.execute(f"CREATE ROLE {READER} LOGIN PASSWORD %s", [READER_PASSWORD])
            cursor.execute(
                f"ALTER ROLE {READER} SET default_transaction_read_only = on"
            )
        cursor.execute("SELECT pg_has_role(%s, 'USAGE')", [READER])
        if not cursor.fetchone()[0]:
            cursor.execute(f"GRANT {READER} TO CURRENT_USER")
    except (
        psycopg2.errors.DuplicateObject,
        psycopg2.errors.UniqueViolation,
        psycopg2.errors.InsufficientPrivilege,
        psycopg2.errors.InternalError_,  # "tuple concurrently updated"
    ):
        cursor.connection.rollback()
