"""What goes wrong with a firm's reporting database, done for real in PostgreSQL.

The views of the contract are made anew around what they show: rows may be other ones,
a query may take its time, or stop at a gate. A gate is an advisory lock that this
server holds: when a reader waits for it, and so is in the middle of a view, something
is done to the database, and then the reader goes on. Nothing here touches the export's
tables or the state; ``mend`` and the server's reset bring everything back.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection as Connection

from .export import SCHEMA
from .rows import Row

if TYPE_CHECKING:
    from .reporting import ReportingDatabase

VIEW = re.compile(r"CREATE VIEW actionstep\.(\w+) AS\n(.*?);", re.DOTALL)
TYPE = re.compile(r"[a-z ]+(\(\d+(, ?\d+)?\))?")
READER = sql.Identifier("reporting_reader")
RIGHTS = {
    "connect": "CONNECT ON DATABASE {database} {way} PUBLIC",
    "schema": "USAGE ON SCHEMA actionstep {way} {reader}",
    "select": "SELECT ON ALL TABLES IN SCHEMA actionstep {way} {reader}",
}
COLUMNS = """
    SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod)
      FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
     WHERE c.relnamespace = 'actionstep'::regnamespace AND c.relkind = 'v'
       AND a.attnum > 0
     ORDER BY c.relname, a.attnum
"""
WAITING = """
    SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database
     WHERE d.datname = current_database() AND l.locktype = 'advisory'
       AND l.classid = %s AND l.objid = %s AND NOT l.granted
"""
# First number of the gates' advisory locks; the second counts them.
GATES = 4711
POLL_SECONDS = 0.01
# A view cannot be made anew while a reader's transaction holds it.
LOCK_TIMEOUT = "5s"

Columns = dict[str, str]
Query = sql.Composable


@dataclass(frozen=True)
class View:
    """A view as it is to be: ``columns`` maps names to types."""

    text: Query
    columns: Columns
    layers: list[str] = field(default_factory=list)
    seconds: float = 0
    is_dropped: bool = False


@dataclass
class Gate:
    """Where a reader of a view is met once; ``link`` holds the lock until then."""

    number: int
    view: str
    act: str
    link: Connection
    task: asyncio.Task | None = None
    met: bool = False
    error: str = ""

    def open(self) -> None:
        """Let readers pass from now on."""
        with suppress(psycopg2.Error):
            self.link.close()


class Mishaps:
    """The mishaps of one database; each method takes the body of an admin call.

    Raises ValueError or KeyError for what cannot be done, ``database_error`` for what
    PostgreSQL refuses.
    """

    database_error = psycopg2.Error

    def __init__(self, database: ReportingDatabase, refresh: Callable[[], None]):
        self.database = database
        self.columns: dict[str, Columns] = {}
        self.views: dict[str, View] = {}
        self.gates: list[Gate] = []
        self.refused: list[str] = []
        self.acts: dict[str, Callable[[Row], Any]] = {
            "slow": self.slow,
            "change": self.change,
            "repeat": self.repeat,
            "add": self.add,
            "hide": self.hide,
            "drop": self.drop,
            "refuse": self.refuse,
            "disconnect": self.disconnect,
            "mend": self.mend,
        }
        self.meanwhile = {**self.acts, "refresh": lambda _body: refresh()}
        del self.meanwhile["mend"]

    def status(self) -> Row:
        """Return what is wrong at present, and which gates a reader has met."""
        views = self.views.items()
        return {
            "slow": {name: view.seconds for name, view in views if view.seconds},
            "changed": {name: view.layers for name, view in views if view.layers},
            "dropped": [name for name, view in views if view.is_dropped],
            "refused": self.refused,
            "during": [
                {"view": g.view, "act": g.act, "met": g.met, "error": g.error}
                for g in self.gates
            ],
        }

    # Rows that break the contract

    def change(self, body: Row) -> None:
        """Show the rows ``where`` with other values: ``set``, in types of ``types``."""
        view, types = self._view(body), body.get("types", {})
        text = _changed(view, body["set"], types, body["where"])
        self._layer(body, "change", text, view.columns | types)

    def repeat(self, body: Row) -> None:
        """Show the rows ``where`` once more, the second time with ``set``."""
        view = self._view(body)
        rows = sql.SQL("SELECT stood.* FROM ({}) stood WHERE {}").format(
            view.text, _condition(view, body["where"])
        )
        second = _changed(View(rows, view.columns), body.get("set", {}), {}, {})
        self._layer(body, "repeat", _union([view.text, second]), view.columns)

    def add(self, body: Row) -> None:
        """Show ``rows`` that stand nowhere; a column that is not named is null."""
        view = self._view(body)
        parts = [view.text]
        for row in body["rows"]:
            _check_columns(view, row)
            values = [_literal(row.get(n), kind) for n, kind in view.columns.items()]
            parts.append(sql.SQL("SELECT {}").format(sql.SQL(", ").join(values)))
        self._layer(body, "add", _union(parts), view.columns)

    def hide(self, body: Row) -> None:
        """Leave out the rows ``where``, or ``columns``."""
        view, hidden = self._view(body), body.get("columns", ())
        _check_columns(view, hidden)
        columns = {n: kind for n, kind in view.columns.items() if n not in hidden}
        where = sql.SQL("true")
        if "where" in body:
            where = sql.SQL("NOT ({})").format(_condition(view, body["where"]))
        shown = sql.SQL(", ").join(sql.Identifier("stood", n) for n in columns)
        text = sql.SQL("SELECT {} FROM ({}) stood WHERE {}")
        self._layer(body, "hide", text.format(shown, view.text, where), columns)

    def _layer(self, body: Row, act: str, text: Query, columns: Columns) -> None:
        view = self._view(body)
        layers = [*view.layers, act]
        changed = replace(view, text=text, columns=columns, layers=layers)
        self._build(body["view"], changed)

    # A server that answers late, not at all, or no longer

    def slow(self, body: Row) -> None:
        """Let each query of a view take ``seconds`` longer; 0: no longer slow."""
        changed = replace(self._view(body), seconds=float(body["seconds"]))
        self._build(body["view"], changed)

    def drop(self, body: Row) -> None:
        """Drop ``views``, all of them by default, as a load does that replaces them."""
        self._known()
        for name in body.get("views", list(self.views)):
            self._build(name, replace(self._view({"view": name}), is_dropped=True))

    def refuse(self, body: Row) -> None:
        """Take a right from the reader: ``what`` is connect, schema or select.

        Who is connected stays so until ``disconnect``.
        """
        what = body.get("what", "connect")
        if what not in RIGHTS:
            raise ValueError(f"what is one of {list(RIGHTS)}")
        self._known()
        self._right("REVOKE", what)
        self.refused = [*self.refused, what]

    def disconnect(self, _body: Row) -> Row:
        """End the connections of all readers; answers how many."""
        with self.database.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND usename = 'reporting_reader'"
            )
            return {"ended": len(cursor.fetchall())}

    def mend(self, _body: Row | None = None) -> None:
        """Bring back views and rights as they were; gates are open."""
        for gate in self.gates:
            gate.open()
            if gate.task is not None:
                gate.task.cancel()
        self.gates = []
        for what in self.refused:
            self._right("GRANT", what)
        self.refused = []
        if self.views:
            self.views = {}
            self._known()
            for name, view in self.views.items():
                self._build(name, view)

    # In the middle of reading

    def during(self, body: Row) -> None:
        """Do ``act`` with its ``body`` once, while a reader is in a view.

        The reader's query began before: it still sees what was; its next one does not.
        """
        name, act, own = body["view"], body["act"], body.get("body", {})
        self._view(body)
        if act not in self.meanwhile:
            raise ValueError(f"act is one of {sorted(self.meanwhile)}")
        if act == "drop":
            others = [view for view in self.views if view != name]
            own = {"views": others} | own
        if name in (own.get("view"), *own.get("views", ())):
            raise ValueError("the view that is being read cannot be made anew")
        link = psycopg2.connect(self.database.server.dsn(self.database.name))
        link.autocommit = True
        gate = Gate(len(self.gates) + 1, name, act, link)
        with link.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s, %s)", [GATES, gate.number])
        self.gates.append(gate)
        self._build(name, self.views[name])
        gate.task = asyncio.create_task(self._watch(gate, own))

    async def _watch(self, gate: Gate, body: Row) -> None:
        """Wait for a reader at the gate, act, and let the reader go on."""
        try:
            while not self._is_waited_for(gate):
                await asyncio.sleep(POLL_SECONDS)
            gate.met = True
            self.meanwhile[gate.act](body)
        except (psycopg2.Error, ValueError, KeyError) as error:
            gate.error = f"{type(error).__name__}: {error}"
        finally:
            gate.open()

    @staticmethod
    def _is_waited_for(gate: Gate) -> bool:
        with gate.link.cursor() as cursor:
            cursor.execute(WAITING, [GATES, gate.number])
            return bool(cursor.fetchone()[0])

    # Making views

    def _view(self, body: Row) -> View:
        self._known()
        if body["view"] not in self.views:
            raise ValueError(f"view is one of {list(self.views)}")
        return self.views[body["view"]]

    def _known(self) -> None:
        """Read the views as they should be, once, before any of them is touched."""
        if self.views:
            return
        if not self.columns:
            with self.database.cursor() as cursor:
                cursor.execute(COLUMNS)
                for view, column, kind in cursor:
                    self.columns.setdefault(view, {})[column] = kind
        self.views = {
            name: View(sql.SQL(text), dict(self.columns[name]))
            for name, text in VIEW.findall(SCHEMA.read_text())
        }

    def _build(self, name: str, view: View) -> None:
        """Make a view as it is to be; when that cannot be, the old one stays."""
        place = sql.Identifier("actionstep", name)
        with self.database.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = %s", [LOCK_TIMEOUT])
            cursor.execute(sql.SQL("DROP VIEW IF EXISTS {}").format(place))
            if not view.is_dropped:
                text = sql.SQL("CREATE VIEW {} AS {}")
                cursor.execute(text.format(place, self._waiting(name, view)))
                if "select" not in self.refused:
                    grant = sql.SQL("GRANT SELECT ON {} TO {}")
                    cursor.execute(grant.format(place, READER))
        self.views[name] = view

    def _waiting(self, name: str, view: View) -> Query:
        """Return a view's query that waits once, however many rows there are."""
        waits = [
            sql.SQL("pg_advisory_xact_lock_shared({}, {})").format(
                sql.Literal(GATES), sql.Literal(gate.number)
            )
            for gate in self.gates
            if gate.view == name and not gate.met
        ]
        if view.seconds:
            waits.append(sql.SQL("pg_sleep({})").format(sql.Literal(view.seconds)))
        if not waits:
            return view.text
        once = sql.SQL(" AND ").join(
            sql.SQL("(SELECT count(*) FROM {}) = 1").format(wait) for wait in waits
        )
        return sql.SQL("SELECT * FROM ({}) shown WHERE {}").format(view.text, once)

    def _right(self, verb: str, what: str) -> None:
        text = sql.SQL(verb + " " + RIGHTS[what]).format(
            database=sql.Identifier(self.database.name),
            reader=READER,
            way=sql.SQL("FROM" if verb == "REVOKE" else "TO"),
        )
        with self.database.cursor() as cursor:
            cursor.execute(text)


# --- Queries around queries -----------------------------------------------------------


def _union(parts: list[Query]) -> Query:
    wrapped = [sql.SQL("({})").format(part) for part in parts]
    return sql.SQL(" UNION ALL ").join(wrapped)


def _changed(view: View, values: Row, types: Columns, where: Row) -> Query:
    """Return a view's query with other values in the rows that a condition names."""
    _check_columns(view, [*values, *types])
    for kind in types.values():
        if not TYPE.fullmatch(kind):
            raise ValueError(f"{kind!r} is no type")
    matches = _condition(view, where)
    columns = []
    for name, old_kind in view.columns.items():
        kind = types.get(name, old_kind)
        shown = sql.SQL("{}::" + kind).format(sql.Identifier("stood", name))
        if name in values:
            shown = sql.SQL("CASE WHEN {} THEN {} ELSE {} END").format(
                matches, _literal(values[name], kind), shown
            )
        columns.append(sql.SQL("{} AS {}").format(shown, sql.Identifier(name)))
    text = sql.SQL("SELECT {} FROM ({}) stood")
    return text.format(sql.SQL(", ").join(columns), view.text)


def _condition(view: View, where: Row) -> Query:
    """Return the condition that columns have given values; true for all rows."""
    _check_columns(view, where)
    tests = [
        sql.SQL("{} IS NOT DISTINCT FROM {}").format(
            sql.Identifier("stood", name), _literal(value, view.columns[name])
        )
        for name, value in where.items()
    ]
    return sql.SQL(" AND ").join(tests) if tests else sql.SQL("true")


def _literal(value: Any, kind: str) -> Query:
    text = None if value is None else str(value)
    return sql.SQL("{}::" + kind).format(sql.Literal(text))


def _check_columns(view: View, names: Any) -> None:
    unknown = sorted(set(names) - set(view.columns))
    if unknown:
        raise ValueError(f"unknown columns {unknown}; known: {list(view.columns)}")
