"""The firm's reporting database: PostgreSQL views whose contract is ours, read only.

The firm loads Actionstep's nightly export into its own database, and its administrator
defines the views of ``const.REPORTING_VIEWS`` over it. Nothing is written there, and no
text of a form becomes SQL: the name of the schema is checked and quoted.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timezone
from typing import Any

import psycopg2
from psycopg2 import errors, sql
from psycopg2.extras import RealDictCursor

from .. import const
from ..documents import BillLine
from ..exceptions import ConnectionStoppedError, RetryableError, SyncError
from .values import (
    UnreadableRow,
    clean,
    date_of,
    decimal_of,
    id_of,
    moment_of,
    text_of,
)

_SCHEMA = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")
# Only these are the firm's to correct; any other failure may pass by itself.
_STOPPING = (
    errors.InvalidPassword,
    errors.InvalidAuthorizationSpecification,
    errors.InvalidCatalogName,
    errors.InsufficientPrivilege,
)
# At connect, psycopg2 gives no code for what the server refused, only its text.
_STOPPING_TEXTS = (
    "password authentication failed",
    "no password supplied",
    "no pg_hba.conf entry",
    "does not exist",
    "server does not support ssl",
    "certificate verify failed",
)
# The columns of a view, also of a materialized one, that this user may read.
_COLUMNS = """
    SELECT c.relname, a.attname, t.typcategory
      FROM pg_catalog.pg_class c
      JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid
      JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
     WHERE n.nspname = %s AND c.relname = ANY(%s) AND c.relkind = ANY(%s)
       AND a.attnum > 0 AND NOT a.attisdropped
       AND has_schema_privilege(n.oid, 'USAGE')
       AND has_column_privilege(c.oid, a.attnum, 'SELECT')
"""
_numbers = itertools.count(1)  # cursors of one transaction need different names
_RELATION_KINDS = ["v", "m", "r", "p", "f"]


class ReportingClient:
    """The reporting database of one firm; a context manager, for one thread.

    Each call sees the database as it is at one moment. One call at a time: the pages of
    one are read to the end, or dropped, before the next begins.

    Every method raises ``ConnectionStoppedError`` (``reporting_unavailable``: access is
    refused; ``reporting_contract``: a column is missing) or ``RetryableError`` for what
    may pass, such as a view that is missing while the nightly load replaces it.

    Rows that cannot be read are left out and stand in ``unreadable``.

    :raise ConnectionStoppedError: the name of the schema or the SSL mode is not one
    """

    def __init__(
        self,
        host: str,
        port: int,
        database: str,
        user: str,
        password: str,
        schema: str,
        sslmode: str,
    ) -> None:
        self._password = password
        if not _SCHEMA.fullmatch(schema):
            raise self._stopped("reporting_unavailable", f"schema name {schema!r}")
        if sslmode not in const.REPORTING_SSL_MODES:
            raise self._stopped("reporting_unavailable", f"SSL mode {sslmode!r}")
        self._schema = schema
        self._arguments = {
            "host": host,
            "port": port,
            "dbname": database,
            "user": user,
            "password": password,
            "sslmode": sslmode,
            "connect_timeout": const.CONNECT_TIMEOUT,
            "application_name": "actionstep_quickbooks",
        }
        self._connection: Any = None
        self.unreadable: list[UnreadableRow] = []

    def __enter__(self) -> ReportingClient:
        with self._translated():
            self._connection = self._connect()
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection to the database."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _connect(self) -> Any:
        connection = psycopg2.connect(**self._arguments)
        connection.set_session(readonly=True)
        limit = int(const.REPORTING_TIMEOUT * 1000)
        with connection.cursor() as cursor:
            cursor.execute("SET statement_timeout = %s", [limit])
            cursor.execute("SET lock_timeout = %s", [limit])
            cursor.execute("SET timezone = 'UTC'")
        connection.commit()
        return connection

    # === CONTRACT === #

    def check_contract(self) -> list[str]:
        """Return what the views lack, empty when they can be used.

        A missing view is named ``bill_line``, a missing column ``bill_line.kind``, an
        id that is not text ``bill_line.bill_id (text)``.
        """
        views = list(const.REPORTING_REQUIRED_VIEWS)
        columns = self._columns(views)
        return [gap for view in views for gap in _gaps(view, columns.get(view, {}))]

    def _columns(self, views: list[str]) -> dict[str, dict[str, str]]:
        """Return the type category of each readable column, by view."""
        found: dict[str, dict[str, str]] = {}
        with self._translated(), self._connection.cursor() as cursor:
            cursor.execute(_COLUMNS, [self._schema, views, _RELATION_KINDS])
            for view, column, category in cursor.fetchall():
                found.setdefault(view, {})[column] = category
        return found

    # === ROWS === #

    def bill_lines(self, bill_ids: Iterable[str]) -> Iterator[list[BillLine]]:
        """Yield the lines of some bills, page by page; a bill is never split."""
        columns = self._present("bill_line")
        names = sql.SQL(", ").join(map(sql.Identifier, columns))
        statement = sql.SQL(
            "SELECT {} FROM {} WHERE bill_id = ANY(%s) ORDER BY bill_id, line_no"
        ).format(names, self._relation("bill_line"))
        page: list[BillLine] = []
        for row in self._stream(statement, [list(bill_ids)]):
            line = self._read_line(row)
            if line is None:
                continue
            if len(page) >= const.REPORTING_PAGE_SIZE and (
                page[-1].bill_id != line.bill_id
            ):
                yield page
                page = []
            page.append(line)
        if page:
            yield page

    def changed_bill_ids(self, since: datetime | None) -> list[str]:
        """Return the ids of the bills with lines changed since a time (naive UTC).

        Lines without ``modified_at`` count as changed, so that none is missed.
        """
        statement = sql.SQL("SELECT DISTINCT bill_id FROM {}").format(
            self._relation("bill_line")
        )
        values = []
        if since is not None:
            statement += sql.SQL(" WHERE modified_at >= %s OR modified_at IS NULL")
            values.append(since.replace(tzinfo=timezone.utc))
        statement += sql.SQL(" ORDER BY bill_id")
        found = (id_of(row["bill_id"]) for row in self._stream(statement, values))
        return [bill_id for bill_id in found if bill_id]

    def _present(self, view: str) -> list[str]:
        """Return the columns to read, without optional ones that are missing."""
        columns = self._columns([view]).get(view, {})
        optional = const.REPORTING_OPTIONAL_COLUMNS.get(view, ())
        return [
            column
            for column in const.REPORTING_VIEWS[view]
            if column in columns or column not in optional
        ]

    def _relation(self, view: str) -> sql.Composable:
        return sql.Identifier(self._schema, view)

    def _stream(
        self, statement: sql.Composable, values: list[Any]
    ) -> Iterator[dict[str, Any]]:
        """Yield rows through a cursor of the server, so that memory stays small."""
        with (
            self._translated(),
            self._connection.cursor(f"rows_{next(_numbers)}", RealDictCursor) as cursor,
        ):
            cursor.itersize = const.REPORTING_PAGE_SIZE
            cursor.execute(statement, values)
            yield from cursor

    def _read_line(self, row: dict[str, Any]) -> BillLine | None:
        try:
            return _bill_line(row)
        except (ValueError, TypeError) as err:
            row_id = f"{text_of(row['bill_id'])}/{text_of(row['line_no'])}"
            self.unreadable.append(UnreadableRow("bill_line", row_id, clean(err)))
            return None

    # === ERRORS === #

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Turn errors of the database into ours, and let go of all locks afterwards.

        Between two calls no transaction is open: a nightly load that replaces the
        tables must not wait for us.
        """
        try:
            yield
        except psycopg2.Error as err:
            raise self._error_of(err) from None
        finally:
            if self._connection is not None:
                with suppress(psycopg2.Error):
                    self._connection.rollback()

    def _error_of(self, err: psycopg2.Error) -> SyncError:
        detail = clean(f"{type(err).__name__}: {err}", (self._password,))
        if isinstance(err, errors.UndefinedColumn | errors.UndefinedFunction):
            missing = clean(err.diag.message_primary or "", limit=100)
            return self._stopped("reporting_contract", detail, missing)
        if isinstance(err, errors.UndefinedTable | errors.InvalidSchemaName):
            # The nightly load drops and creates the tables: it may be back soon.
            missing = {"missing": f"{self._schema}.bill_line"}
            return RetryableError("reporting_contract", detail, values=missing)
        refused = err.pgcode is None and any(
            text in str(err).lower() for text in _STOPPING_TEXTS
        )
        if refused or isinstance(err, _STOPPING):
            return self._stopped("reporting_unavailable", detail)
        return RetryableError("reporting_unavailable", detail)

    def _stopped(
        self, cause: str, detail: str, missing: str = ""
    ) -> ConnectionStoppedError:
        return ConnectionStoppedError(
            cause, detail, values={"missing": missing} if missing else None
        )


def _gaps(view: str, columns: dict[str, str]) -> list[str]:
    if not columns:
        return [view]
    optional = const.REPORTING_OPTIONAL_COLUMNS.get(view, ())
    gaps = [
        f"{view}.{column}"
        for column in const.REPORTING_VIEWS[view]
        if column not in columns and column not in optional
    ]
    # Compared with texts: an id of another type fails at the first query.
    if columns.get("bill_id", "S") != "S":
        gaps.append(f"{view}.bill_id (text)")
    return gaps


def _bill_line(row: dict[str, Any]) -> BillLine:
    bill_id = id_of(row["bill_id"])
    if bill_id is None:
        raise ValueError("no bill_id")
    return BillLine(
        bill_id=bill_id,
        line_no=int(row["line_no"]),
        kind=text_of(row["kind"]).lower(),
        account_number=text_of(row["account_number"]),
        description=text_of(row["description"]),
        quantity=_optional_decimal(row["quantity"]),
        unit_price=_optional_decimal(row["unit_price"]),
        amount_exclusive=decimal_of(row["amount_exclusive"]),
        tax_code=text_of(row["tax_code"]),
        tax_amount=decimal_of(row["tax_amount"]),
        matter_id=id_of(row["matter_id"]),
        timekeeper=text_of(row["timekeeper"]),
        service_date=date_of(row["service_date"]),
        product_service=text_of(row.get("product_service")),
        modified_at=moment_of(row["modified_at"]),
    )


def _optional_decimal(value: Any) -> Any:
    return None if value is None else decimal_of(value)
