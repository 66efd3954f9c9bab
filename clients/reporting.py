"""The firm's reporting database: PostgreSQL views whose contract is ours, read only.

The firm loads Actionstep's nightly export into its own database, and its administrator
defines the views of ``const.REPORTING_VIEWS`` over it. Nothing is written there, and no
text of a form becomes SQL: the name of the schema is checked and quoted.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timezone
from operator import itemgetter
from typing import Any

import psycopg2
from psycopg2 import errors, sql
from psycopg2.extensions import DECIMAL, new_type, register_type
from psycopg2.extras import RealDictCursor

from .. import const
from ..documents import (
    BillLine,
    CreditApplication,
    CreditNoteHeader,
    CreditNoteLine,
    Receipt,
    ReceiptAllocation,
)
from ..exceptions import ConnectionStoppedError, DataError, RetryableError, SyncError
from .rows import VIEWS, read_row, unreadable
from .values import UnreadableRow, clean, id_of, text_of

_QUOTED = re.compile(r'"([^"]+)"')
_SCHEMA = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")
# Only these are the firm's to correct; any other failure may pass by itself.
_STOPPING = (
    errors.InvalidPassword,
    errors.InvalidAuthorizationSpecification,
    errors.InvalidCatalogName,
    errors.InsufficientPrivilege,
)
_NOT_TEXT = (errors.CharacterNotInRepertoire, errors.UntranslatableCharacter)
# At connect, psycopg2 gives no code for what the server refused, only its text.
_STOPPING_TEXTS = (
    "password authentication failed",
    "permission denied for database",
    "invalid port number",
    "no password supplied",
    "no pg_hba.conf entry",
    "does not exist",
    "server does not support ssl",
    "certificate verify failed",
)
# The columns of a view, also of a materialized one; no category where this user may not
# read them.
_COLUMNS = """
    SELECT c.relname, a.attname,
           CASE WHEN has_schema_privilege(n.oid, 'USAGE')
                 AND has_column_privilege(c.oid, a.attnum, 'SELECT')
                THEN t.typcategory::text ELSE '' END
      FROM pg_catalog.pg_class c
      JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid
      JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
     WHERE n.nspname = %s AND c.relname = ANY(%s) AND c.relkind = ANY(%s)
       AND a.attnum > 0 AND NOT a.attisdropped
"""
# The firm may have set shorter limits for this user; those stand.
_LIMITS = """
    SELECT set_config(name, %(limit)s::text, false) FROM pg_catalog.pg_settings
     WHERE name IN ('statement_timeout', 'lock_timeout')
       AND setting::bigint NOT BETWEEN 1 AND %(limit)s
"""
# Read as texts: Python knows no year 20026, and one such row must not stop the others.
_TIMES = new_type((1082, 1114, 1184), "TIMES", lambda text, _cursor: text)
# Here several rows with the same keys are parts of one amount.
_ADDED_UP = ("receipt_allocation", "credit_application")
# No page finds these rows: pages are asked for by id.
_WITHOUT_ID = "{key} IS NULL OR {key}::text = ''"
_numbers = itertools.count(1)  # cursors of one transaction need different names
_RELATION_KINDS = ["v", "m", "r", "p", "f"]


class ReportingClient:
    """The reporting database of one firm; a context manager, for one thread.

    Each call sees the database as it is at one moment. One call at a time: the pages of
    one are read to the end, or dropped, before the next begins.

    Every method raises ``ConnectionStoppedError`` (``reporting_unavailable``: access is
    refused; ``reporting_contract``: a column is missing) or ``RetryableError`` for what
    may pass, such as a view that is missing while the nightly load replaces it.

    Rows that cannot be read are left out and stand in ``unreadable``; also those
    without an id, and those that stand twice where there is to be one. What belongs to
    one is then incomplete: :func:`parent_id` says whose row it was.

    :raise ConnectionStoppedError: there is no server, or the name of the schema or the
        SSL mode is not one
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
        if not host:
            # Else the driver takes the database that runs on this very machine.
            raise self._stopped("reporting_unavailable", "no server")
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
            # A database without an encoding of its own mostly holds this one.
            "client_encoding": "UTF8",
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
        # Odoo has numeric read as float in the whole process; amounts stay exact here.
        register_type(DECIMAL, connection)
        register_type(_TIMES, connection)
        with connection.cursor() as cursor:
            cursor.execute(_LIMITS, {"limit": int(const.REPORTING_TIMEOUT * 1000)})
            cursor.execute("SET timezone = 'UTC'")
        connection.commit()
        return connection

    def take_unreadable(self) -> list[UnreadableRow]:
        """Return the rows that were left out since the last call."""
        rows, self.unreadable = self.unreadable, []
        return rows

    # === CONTRACT === #

    def check_contract(self, views: Iterable[str] | None = None) -> list[str]:
        """Return what the views lack, empty when they can be used.

        A missing view is named ``bill_line``, one that this user may not read
        ``bill_line (right to read)``, a missing column ``bill_line.kind``, an id that
        is not text ``bill_line.bill_id (text)``.

        :param views: those that every connection needs, unless given; see
            ``const.REPORTING_PAYMENT_VIEWS`` and ``const.REPORTING_CREDIT_VIEWS``
        """
        wanted = list(const.REPORTING_REQUIRED_VIEWS if views is None else views)
        columns = self._columns(wanted)
        return [gap for view in wanted for gap in _gaps(view, columns.get(view, {}))]

    def _columns(self, views: list[str]) -> dict[str, dict[str, str]]:
        """Return the type category of each column, by view; empty: no right to it."""
        found: dict[str, dict[str, str]] = {}
        with self._translated(), self._connection.cursor() as cursor:
            cursor.execute(_COLUMNS, [self._schema, views, _RELATION_KINDS])
            for view, column, category in cursor.fetchall():
                found.setdefault(view, {})[column] = category
        return found

    # === ROWS === #

    def bill_lines(self, bill_ids: Iterable[str]) -> Iterator[list[BillLine]]:
        """Yield the lines of some bills, page by page; a bill is never split."""
        return self._pages("bill_line", bill_ids)

    def receipts(self, receipt_ids: Iterable[str]) -> Iterator[list[Receipt]]:
        """Yield some receipts, page by page, also deleted ones."""
        return self._pages("receipt", receipt_ids)

    def receipt_allocations(
        self, receipt_ids: Iterable[str]
    ) -> Iterator[list[ReceiptAllocation]]:
        """Yield what some receipts settle, page by page; a receipt is never split."""
        return self._pages("receipt_allocation", receipt_ids)

    def credit_notes(
        self, credit_ids: Iterable[str]
    ) -> Iterator[list[CreditNoteHeader]]:
        """Yield some credit notes, page by page, also deleted ones."""
        return self._pages("credit_note", credit_ids)

    def credit_note_lines(
        self, credit_ids: Iterable[str]
    ) -> Iterator[list[CreditNoteLine]]:
        """Yield the lines of some credit notes; a credit note is never split."""
        return self._pages("credit_note_line", credit_ids)

    def credit_applications(
        self, credit_ids: Iterable[str]
    ) -> Iterator[list[CreditApplication]]:
        """Yield what some credit notes settle; a credit note is never split."""
        return self._pages("credit_application", credit_ids)

    def _pages(self, view: str, ids: Iterable[str]) -> Iterator[list[Any]]:
        """Yield the rows whose first key is one of the ids, in the order of keys."""
        keys = VIEWS[view].keys
        columns = sql.SQL(", ").join(map(sql.Identifier, self._present(view)))
        order = sql.SQL(", ").join(map(sql.Identifier, keys))
        statement = sql.SQL("SELECT {} FROM {} WHERE {} = ANY(%s) ORDER BY {}").format(
            columns, self._relation(view), sql.Identifier(keys[0]), order
        )
        page: list[Any] = []
        rows = self._stream(view, statement, [list(ids)])
        # Rows come sorted; Odoo's own groupby would read all of them first.
        # pylint: disable-next=bad-builtin-groupby
        for _parent, own in itertools.groupby(rows, itemgetter(keys[0])):
            if len(page) >= const.REPORTING_PAGE_SIZE:
                yield page
                page = []
            page += self._read_own(view, own)
        if page:
            yield page

    def _read_own(self, view: str, rows: Iterable[dict[str, Any]]) -> list[Any]:
        """Return the values of the rows of one parent, without those that stand twice.

        Which of the two is right cannot be told.
        """
        values = list(filter(None, (self._read(view, row) for row in rows)))
        if view in _ADDED_UP:
            return values
        keys = [_keys_of(view, value) for value in values]
        counts = Counter(keys)
        self.unreadable += [
            UnreadableRow(view, key, f"stands there {count} times")
            for key, count in counts.items()
            if count > 1
        ]
        return [
            value for key, value in zip(keys, values, strict=True) if counts[key] == 1
        ]

    # === CHANGES === #

    def changed_bill_ids(self, since: datetime | None) -> list[str]:
        """Return the ids of the bills with lines changed since a time (naive UTC).

        Lines without ``modified_at`` count as changed, so that none is missed.
        """
        return self._changed_ids("bill_line", since)

    def changed_receipt_ids(self, since: datetime | None) -> list[str]:
        """Return the ids of the receipts changed or deleted since a time (naive UTC).

        An allocation counts with its receipt: by its own ``modified_at`` where the view
        has that column, else the receipt's must move with it.
        """
        return self._changed_ids("receipt", since, ["receipt_allocation"])

    def changed_credit_ids(self, since: datetime | None) -> list[str]:
        """Return the ids of the credit notes changed or deleted since a time.

        Lines and applications count with their credit note, as allocations do with
        their receipt.
        """
        children = ["credit_note_line", "credit_application"]
        return self._changed_ids("credit_note", since, children)

    def _changed_ids(
        self, view: str, since: datetime | None, children: Iterable[str] = ()
    ) -> list[str]:
        views = [view, *children]
        statements = [self._selected(view, self._get_changed(view, since))]
        statements += [self._selected(one, _WITHOUT_ID) for one in views]
        if since is not None:
            statements += [
                self._selected(child, self._get_changed(child, since))
                for child in children
                if "modified_at" in self._present(child)
            ]
        statement = sql.SQL(" UNION ").join(statements) + sql.SQL(" ORDER BY 2, 1")
        moment = since and since.replace(tzinfo=timezone.utc)
        rows = self._stream(view, statement, {"since": moment})
        found = (self._read_id(row["of"], row["id"]) for row in rows)
        return list(dict.fromkeys(filter(None, found)))

    def _selected(self, view: str, condition: str) -> sql.Composable:
        """Return the query for the first keys of the rows that meet a condition."""
        key = sql.Identifier(VIEWS[view].keys[0])
        statement = sql.SQL("SELECT DISTINCT {} AS of, {}::text AS id FROM {} WHERE {}")
        where = sql.SQL(condition).format(key=key)
        return statement.format(sql.Literal(view), key, self._relation(view), where)

    def _get_changed(self, view: str, since: datetime | None) -> str:
        """Return the condition for what changed in one view."""
        if since is None:
            return "true"
        conditions = ["modified_at >= %(since)s"]
        if "deleted_at" in const.REPORTING_VIEWS[view]:
            conditions.append("deleted_at >= %(since)s")
        if "modified_at" not in const.REPORTING_OPTIONAL_COLUMNS.get(view, ()):
            conditions.append("modified_at IS NULL")
        return " OR ".join(conditions)

    def _read_id(self, view: str, value: str | None) -> str | None:
        """Return an id; one by which its rows are not found again is told instead."""
        found = id_of(value)
        if found is not None and found == value:
            return found
        reason = "has blanks around it" if found else "is empty"
        key = VIEWS[view].keys[0]
        self.unreadable.append(UnreadableRow(view, found or "", f"{key}: {reason}"))
        return None

    def _present(self, view: str) -> list[str]:
        """Return the columns to read, without optional ones that are missing."""
        columns = self._columns([view]).get(view, {})
        optional = const.REPORTING_OPTIONAL_COLUMNS.get(view, ())
        return [
            column
            for column in const.REPORTING_VIEWS[view]
            if columns.get(column) or column not in optional
        ]

    def _relation(self, view: str) -> sql.Composable:
        return sql.Identifier(self._schema, view)

    def _stream(
        self, view: str, statement: sql.Composable, values: list[Any] | dict[str, Any]
    ) -> Iterator[dict[str, Any]]:
        """Yield rows through a cursor of the server, so that memory stays small."""
        with (
            self._translated(view),
            self._connection.cursor(f"rows_{next(_numbers)}", RealDictCursor) as cursor,
        ):
            cursor.itersize = const.REPORTING_PAGE_SIZE
            cursor.execute(statement, values)
            yield from cursor

    def _read(self, view: str, row: dict[str, Any]) -> Any:
        try:
            return read_row(view, row)
        except DataError as error:
            self.unreadable.append(unreadable(view, row, error))
            return None

    # === ERRORS === #

    @contextmanager
    def _translated(self, view: str = "") -> Iterator[None]:
        """Turn errors of the database into ours, and let go of all locks afterwards.

        Between two calls no transaction is open: a nightly load that replaces the
        tables must not wait for us.
        """
        try:
            yield
        except psycopg2.Error as err:
            raise self._error_of(err, view) from None
        finally:
            if self._connection is not None:
                with suppress(psycopg2.Error):
                    self._connection.rollback()

    def _error_of(self, err: psycopg2.Error, view: str = "") -> SyncError:
        detail = clean(f"{type(err).__name__}: {err}", (self._password,))
        if isinstance(err, errors.UndefinedColumn | errors.UndefinedFunction):
            missing = clean(err.diag.message_primary or "", limit=100)
            return self._stopped("reporting_contract", detail, f"{view}: {missing}")
        if isinstance(err, _NOT_TEXT):
            missing = f"{view} (texts in its own encoding)"
            return self._stopped("reporting_contract", detail, missing)
        if isinstance(err, errors.UndefinedTable | errors.InvalidSchemaName):
            # The nightly load drops and creates the tables: it may be back soon.
            named = _QUOTED.search(err.diag.message_primary or "")
            missing = named[1] if named else f"{self._schema}.{view}"
            values = {"missing": missing}
            return RetryableError("reporting_contract", detail, values=values)
        if isinstance(err, errors.QueryCanceled):
            # Our limit, or a shorter one that the firm has set for this user.
            values = {"view": view or "its views"}
            return RetryableError("reporting_slow", detail, values=values)
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


def _keys_of(view: str, value: Any) -> str:
    return "/".join(text_of(getattr(value, key)) for key in VIEWS[view].keys)


def _gaps(view: str, columns: dict[str, str]) -> list[str]:
    if not columns:
        return [view]
    if not any(columns.values()):
        return [f"{view} (right to read)"]
    optional = const.REPORTING_OPTIONAL_COLUMNS.get(view, ())
    gaps = [
        f"{view}.{column}"
        for column in const.REPORTING_VIEWS[view]
        if not columns.get(column) and column not in optional
    ]
    # Compared with texts: an id of another type fails at the first query.
    key = const.REPORTING_VIEWS[view][0]
    if columns.get(key, "") not in ("", "S"):
        gaps.append(f"{view}.{key} (text)")
    return gaps


def parent_id(row: UnreadableRow) -> str:
    """Return the id of the bill, receipt or credit note that an unread row is of.

    Without this row it must not be pushed: money would be applied otherwise.
    """
    return row.row_id.partition("/")[0]
