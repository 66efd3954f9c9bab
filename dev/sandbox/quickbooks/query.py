"""The query language: reader and evaluation.

``SELECT * | COUNT(*) | names FROM entity [WHERE condition AND ...] [ORDERBY name
[ASC|DESC]] [STARTPOSITION n] [MAXRESULTS n]``. No OR, no parentheses, no joins.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from . import clock
from .company import Call, Object
from .faults import Fault
from .resources import BY_ENTITY
from .resources.base import Resource, id_order
from .schema import CLASSES, READERS, Prop

DEFAULT_ROWS = 100
MAX_ROWS = 1000
TOKEN = re.compile(
    r"""\s*(?:
        (?P<STRING>'(?:[^'\\]|\\.)*')
      | (?P<NUMBER>-?\d+(?:\.\d+)?)
      | (?P<IDENTIFIER>[A-Za-z_][\w.]*)
      | (?P<SYMBOL><=|>=|[=<>(),*])
    )""",
    re.VERBOSE,
)
KEYWORDS = frozenset(
    ("SELECT", "COUNT", "FROM", "WHERE", "AND", "OR", "IN", "LIKE")
    + ("ORDERBY", "ORDER", "BY", "ASC", "DESC", "STARTPOSITION", "MAXRESULTS")
    + ("TRUE", "FALSE", "CURRENT_DATE")
)
OPERATORS = ("=", "<", ">", "<=", ">=", "IN", "LIKE")
ENTITIES = {name.lower(): name for name in BY_ENTITY}
# Kinds that can be named in a SELECT; whole addresses and the like cannot (observed).
SIMPLE = frozenset(READERS) - {"any", "email"}


@dataclass(frozen=True)
class Token:
    """A word of the statement; ``kind`` is ``EOF`` at the end."""

    kind: str
    text: str
    column: int

    @property
    def keyword(self) -> str:
        """Return the keyword or symbol in capitals, empty for anything else."""
        word = self.text.upper()
        if self.kind == "SYMBOL" or (self.kind == "IDENTIFIER" and word in KEYWORDS):
            return word
        return ""


@dataclass(frozen=True)
class Condition:
    """``prop operator values``; the values are texts as written."""

    prop: str
    operator: str
    values: tuple[str, ...]


@dataclass
class Statement:
    """A statement as read, names not yet checked."""

    entity: str
    columns: list[str] = field(default_factory=list)
    count: bool = False
    conditions: list[Condition] = field(default_factory=list)
    order: str = ""
    descending: bool = False
    start: int = 1
    rows: int = DEFAULT_ROWS


def parse_fault(detail: str) -> Fault:
    """Return the 4000."""
    return Fault("4000", f"QueryParserError: {detail}")


def invalid(detail: str) -> Fault:
    """Return the 4001."""
    return Fault("4001", f"QueryValidationError: {detail}")


def tokenize(text: str) -> list[Token]:
    """Split a statement; a character that fits nowhere is a token of its own kind."""
    tokens, position, end = [], 0, len(text.rstrip())
    while position < end:
        found = TOKEN.match(text, position)
        if not found:
            rest = text[position:].lstrip()
            return [*tokens, Token("ERROR", rest[0], len(text) - len(rest) + 1)]
        kind = str(found.lastgroup)
        tokens.append(Token(kind, found[kind], found.start(kind) + 1))
        position = found.end()
    return [*tokens, Token("EOF", "<EOF>", end + 1)]


class Reader:
    """Recursive descent over the tokens; raises Fault 4000 where they do not fit."""

    def __init__(self, text: str):
        self.tokens = tokenize(text)
        self.position = 0

    @property
    def here(self) -> Token:
        """Return the token to be read; raise Fault 4000 where there is none."""
        token = self.tokens[self.position]
        if token.kind == "ERROR":
            raise parse_fault(
                f"Lexical error at line 1, column {token.column}.  "
                f'Encountered: "{token.text}" ({ord(token.text)}), after : ""'
            )
        return token

    def refuse(self, *expected: str) -> Fault:
        """Return the fault that names the token and what could have stood there."""
        token = self.here
        shown = '"<EOF>"'
        if token.kind == "SYMBOL":
            shown = f'" "{token.text}" "{token.text} ""'
        elif token.kind != "EOF":
            kind = {"NUMBER": "INTEGER"}.get(token.kind, token.kind)
            kind = token.keyword or kind
            shown = f'" <{kind}> "{token.text} ""'
        choices = "\n".join(f"    <{word}> ..." for word in expected)
        return parse_fault(
            f"Encountered {shown} at line 1, column {token.column}.\n"
            f"Was expecting one of:\n{choices}"
        )

    def accept(self, *words: str) -> str:
        """Read one of the keywords or symbols if it stands here."""
        word = self.here.keyword
        if word in words and word:
            self.position += 1
            return word
        return ""

    def expect(self, *words: str) -> str:
        """Read one of the keywords or symbols."""
        word = self.accept(*words)
        if not word:
            raise self.refuse(*words)
        return word

    def name(self) -> str:
        """Read a name."""
        token = self.here
        if token.kind != "IDENTIFIER":
            raise self.refuse("IDENTIFIER")
        self.position += 1
        return token.text

    def number(self) -> int:
        """Read a whole number, quoted or not."""
        text = self.here.text.strip("'")
        if self.here.kind not in ("NUMBER", "STRING") or not text.isdigit():
            raise self.refuse("INTEGER")
        self.position += 1
        return int(text)

    def value(self) -> str:
        """Read a value: quoted text with escapes, number, boolean, CURRENT_DATE."""
        token = self.here
        if token.kind == "STRING":
            text = re.sub(r"\\(.)", r"\1", token.text[1:-1])
        elif token.kind == "NUMBER" or token.keyword in ("TRUE", "FALSE"):
            text = token.text
        elif token.keyword == "CURRENT_DATE":
            text = clock.today().isoformat()
        else:
            raise self.refuse("STRING", "INTEGER", "TRUE", "FALSE", "CURRENT_DATE")
        self.position += 1
        return text

    def statement(self) -> Statement:
        """Read the whole statement."""
        self.expect("SELECT")
        columns, count = self.columns()
        self.expect("FROM")
        statement = Statement(self.name(), columns, count)
        if self.accept("WHERE"):
            statement.conditions.append(self.condition())
            while self.accept("AND"):
                statement.conditions.append(self.condition())
        self.order(statement)
        while word := self.accept("STARTPOSITION", "MAXRESULTS"):
            if word == "STARTPOSITION":
                statement.start = self.number()
            else:
                statement.rows = self.number()
        if self.here.kind != "EOF":
            raise self.refuse("EOF", "AND", "ORDERBY", "STARTPOSITION", "MAXRESULTS")
        return statement

    def columns(self) -> tuple[list[str], bool]:
        """Read what is selected: names and whether it is COUNT(*)."""
        if self.accept("COUNT"):
            for symbol in ("(", "*", ")"):
                self.expect(symbol)
            return [], True
        names = []
        while True:
            names.append("*" if self.accept("*") else self.name())
            if not self.accept(","):
                return names, False

    def condition(self) -> Condition:
        """Read one comparison."""
        name = self.name()
        operator = self.expect(*OPERATORS)
        if operator != "IN":
            return Condition(name, operator, (self.value(),))
        self.expect("(")
        values = [self.value()]
        while self.accept(","):
            values.append(self.value())
        self.expect(")")
        return Condition(name, operator, tuple(values))

    def order(self, statement: Statement) -> None:
        """Read ORDERBY, in one word or two."""
        if self.accept("ORDER"):
            self.expect("BY")
        elif not self.accept("ORDERBY"):
            return
        statement.order = self.name()
        statement.descending = self.accept("ASC", "DESC") == "DESC"


# --- Evaluation -----------------------------------------------------------------------


def run_query(call: Call, text: str) -> Object:
    """Return the ``QueryResponse`` object of a statement; raise Fault 4000 or 4001."""
    statement = Reader(text).statement()
    entity = ENTITIES.get(statement.entity.lower())
    if entity is None:
        raise invalid(f"invalid context declaration: {statement.entity}")
    if statement.start < 1:
        raise invalid("value 0 is too small. Min allowed value is 1")
    if statement.rows > MAX_ROWS:
        text = f"value {statement.rows} is too large. Max allowed value is {MAX_ROWS}"
        raise invalid(text)
    resource = BY_ENTITY[entity]
    columns = [_column(resource, name) for name in statement.columns if name != "*"]
    rows = _matching(call, resource, statement)
    if statement.count:
        return {"totalCount": len(rows)}
    rows = _sorted(resource, statement, rows)
    page = rows[statement.start - 1 : statement.start - 1 + statement.rows]
    if not page:
        return {}
    shown = [_shown(resource, obj, statement, columns) for obj in page]
    return {entity: shown, "startPosition": statement.start, "maxResults": len(page)}


def _matching(call: Call, resource: Resource, statement: Statement) -> list[Object]:
    tests = [_test(resource, condition) for condition in statement.conditions]
    names = {condition.prop.lower() for condition in statement.conditions}
    if resource.is_list and "active" not in names:
        tests.append(lambda obj: obj.get("Active") is not False)
    rows = _candidates(call, resource, statement)
    return [obj for obj in rows if all(test(obj) for test in tests)]


def _candidates(
    call: Call, resource: Resource, statement: Statement
) -> Iterable[Object]:
    """Return the objects that can match: by id where the statement names ids."""
    for condition in statement.conditions:
        if condition.prop.lower() == "id":
            ids = dict.fromkeys(condition.values)
            found = (call.get(resource.entity, object_id) for object_id in ids)
            return [obj for obj in found if obj is not None]
    return call.visible(resource.entity)


def _property(resource: Resource, name: str) -> Prop:
    """Return a property by its name in any case; raise Fault 4001."""
    table = {known.lower(): prop for known, prop in CLASSES[resource.entity].items()}
    moments = ("createtime", "lastupdatedtime")
    first, _dot, second = name.lower().partition(".")
    if first == "metadata" and second in moments:
        full = {"createtime": "CreateTime", "lastupdatedtime": "LastUpdatedTime"}
        return Prop(f"MetaData.{full[second]}", "datetime", query=True)
    prop = table.get(name.lower())
    if prop is None or prop.name == "MetaData":
        raise invalid(f"Property {name} not found for Entity {resource.entity}")
    return prop


def _queryable(resource: Resource, name: str) -> Prop:
    prop = _property(resource, name)
    if not prop.query:
        raise invalid(f"property '{prop.name}' is not queryable")
    return prop


def _column(resource: Resource, name: str) -> Prop:
    prop = _property(resource, name)
    if prop.kind not in SIMPLE and not prop.query:
        raise invalid(f"Property {prop.name} not found for Entity {resource.entity}")
    return prop


def _test(resource: Resource, condition: Condition) -> Callable[[Object], bool]:
    prop = _queryable(resource, condition.prop)
    operator = condition.operator
    if prop.kind == "id" and operator not in ("=", "IN"):
        raise invalid(f"operator {operator} is not supported for property {prop.name}")
    if operator == "LIKE":
        pattern = ".*".join(re.escape(part) for part in condition.values[0].split("%"))
        like = re.compile(pattern, re.IGNORECASE | re.DOTALL)
        return lambda obj: bool(like.fullmatch(str(_stored(prop, obj) or "")))
    wanted = [_typed(prop, value) for value in condition.values]
    compare = _COMPARE[operator]

    def test(obj: Object) -> bool:
        stored = _stored(prop, obj)
        return stored is not None and compare(_typed(prop, stored), wanted)

    return test


_COMPARE: dict[str, Callable[[Any, list[Any]], bool]] = {
    "=": lambda stored, wanted: stored == wanted[0],
    "IN": lambda stored, wanted: stored in wanted,
    "<": lambda stored, wanted: stored < wanted[0],
    ">": lambda stored, wanted: stored > wanted[0],
    "<=": lambda stored, wanted: stored <= wanted[0],
    ">=": lambda stored, wanted: stored >= wanted[0],
}


def _stored(prop: Prop, obj: Object) -> Any:
    """Return what a condition compares: a reference's id, an e-mail's address."""
    if prop.name == "Active":
        return obj.get("Active", True)
    value: Any = obj
    for name in prop.name.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    if isinstance(value, dict):
        return value.get("value", value.get("Address"))
    return value


def _typed(prop: Prop, value: Any) -> Any:
    """Return a value in the form in which the property is compared."""
    try:
        if prop.kind in ("money", "decimal", "integer"):
            return Decimal(str(value))
        if prop.kind == "datetime":
            return clock.parse_moment(str(value))
        if prop.kind == "date":
            return clock.parse_moment(str(value)).date()
    except (InvalidOperation, ValueError) as error:
        raise invalid(f"invalid value {value} for property {prop.name}") from error
    return str(value).casefold()


def _sorted(
    resource: Resource, statement: Statement, rows: list[Object]
) -> list[Object]:
    if not statement.order:
        return sorted(rows, key=resource.order)
    prop = _queryable(resource, statement.order)
    if prop.kind == "id":
        key: Callable[[Object], Any] = id_order
    else:
        key = _order_key(prop)
    return sorted(rows, key=key, reverse=statement.descending)


def _order_key(prop: Prop) -> Callable[[Object], Any]:
    def key(obj: Object) -> tuple[bool, Any]:
        stored = _stored(prop, obj)
        # Objects without the property come first and are equal among themselves.
        return (stored is not None, "" if stored is None else _typed(prop, stored))

    return key


def _shown(
    resource: Resource, obj: Object, statement: Statement, columns: list[Prop]
) -> Object:
    named = {prop.name for prop in columns}
    if "*" in statement.columns:
        hidden = resource.asked_for - named
        obj = resource.shown(obj)
        return {name: value for name, value in obj.items() if name not in hidden}
    shown: Object = {"domain": "QBO", "sparse": True, "Id": obj["Id"]}
    for prop in columns:
        first, _dot, second = prop.name.partition(".")
        if second:
            shown.setdefault(first, {})[second] = obj[first][second]
        elif first in obj:
            shown[first] = obj[first]
    return resource.shown(shown)
