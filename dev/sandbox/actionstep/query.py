"""The query parameters of the REST API: paging, filters, sort, fields, include."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from .resources import RESOURCES, Resource
from .rows import Row
from .state import State

PAGE_SIZE, MAX_PAGE_SIZE = 50, 200
EQUALITY = {"eq", "nteq", "in", "ntin"}
ORDER = {"lt", "lteq", "gt", "gteq"}
CONTAINS = {"like", "ntlike", "ilike", "ntilike"}
OPERATORS = EQUALITY | ORDER | CONTAINS
ORDERED_KINDS = {"id", "integer", "money", "decimal", "date", "bare", "timestamp"}
NULL = ":NULL"


class BadQuery(ValueError):
    """A parameter that the server refuses with 400; ``parameter`` names it."""

    def __init__(self, parameter: str, detail: str):
        super().__init__(detail)
        self.parameter = parameter


class UnknownFilter(BadQuery):
    """A filter on something the resource does not have."""


@dataclass(frozen=True)
class Filter:
    """One condition: the path of names, the operator, the value as it was sent."""

    parameter: str
    path: tuple[str, ...]
    operator: str
    value: str


@dataclass
class Query:
    """The parsed parameters of one request."""

    page: int = 1
    page_size: int = PAGE_SIZE
    filters: list[Filter] = field(default_factory=list)
    sort: list[str] = field(default_factory=list)
    include: list[str] = field(default_factory=list)
    fields: dict[str, list[str]] = field(default_factory=dict)


def parse(items: Iterable[tuple[str, str]], resource: str) -> Query:
    """Return the query of a list request; raise BadQuery for a page that is none."""
    query = Query()
    for name, value in items:
        if name == "page":
            query.page = _positive(name, value)
        elif name == "pageSize":
            query.page_size = _positive(name, value)
        elif name == "include":
            query.include += _words(value)
        elif name == "sort" or name.startswith("sort["):
            query.sort += _words(value)
        elif name == "fields" or name.startswith("fields["):
            kind = name[7:-1] if name.startswith("fields[") else resource
            query.fields.setdefault(kind, []).extend(_words(value))
        else:
            query.filters.append(_filter(name, value))
    return query


def _words(value: str) -> list[str]:
    return [word.strip() for word in value.split(",") if word.strip()]


def _positive(name: str, value: str) -> int:
    if not value.isdigit() or int(value) < 1:
        raise BadQuery(name, f"{name} must be a positive whole number")
    return int(value)


def _filter(name: str, value: str) -> Filter:
    """Read ``name_op``, ``link[name_op]`` or ``link[link][name_op]``."""
    names = [word for word in re.split(r"[\[\]]+", name) if word]
    last, _, operator = names[-1].rpartition("_") if names else ("", "", "")
    if last:
        return Filter(name, (*names[:-1], last), operator, value)
    return Filter(name, tuple(names), "in" if "," in value else "eq", value)


class Searcher:
    """Filters and sorts rows.

    ``zone`` (of pytz) is what a timestamp without offset means.
    """

    def __init__(self, state: State, zone: Any):
        self.state = state
        self.zone = zone

    def matcher(self, resource: Resource, wanted: Filter) -> Callable[[Row], bool]:
        """Return the test of one filter; raise UnknownFilter or BadQuery."""
        name, *rest = wanted.path or ("",)
        if wanted.operator not in OPERATORS:
            raise UnknownFilter(wanted.parameter, f"Unknown filter {wanted.parameter}")
        if name in resource.links:
            return self._link_matcher(resource, name, rest, wanted)
        if rest or name not in resource.attributes:
            raise UnknownFilter(wanted.parameter, f"Unknown filter {wanted.parameter}")
        attribute = resource.attributes[name]
        test = self._test(attribute.kind, wanted)
        return lambda row: test(row.get(attribute.key))

    def _link_matcher(
        self, resource: Resource, name: str, rest: list[str], wanted: Filter
    ) -> Callable[[Row], bool]:
        link = resource.links[name]
        if not rest:
            test = self._test("id", wanted)
        elif link.target in RESOURCES:
            inner = Filter(wanted.parameter, tuple(rest), wanted.operator, wanted.value)
            matches = self.matcher(RESOURCES[link.target], inner)
            table = self.state.table(link.target)

            def test(target_id: Any) -> bool:
                return target_id in table and matches(table[target_id])
        else:
            raise UnknownFilter(wanted.parameter, f"Unknown filter {wanted.parameter}")
        if not link.many:
            return lambda row: test(row.get(link.key))
        return lambda row: any(test(value) for value in row.get(link.key) or ())

    def _test(self, kind: str, wanted: Filter) -> Callable[[Any], bool]:
        operator, value = wanted.operator, wanted.value
        if operator in CONTAINS:
            return _like(operator, value)
        if operator in EQUALITY:
            words = value.split(",") if operator.endswith("in") else [value]
            values = [self._operand(kind, word, wanted.parameter) for word in words]
            inside = operator in ("in", "eq")
            return lambda have: (self._plain(kind, have) in values) is inside
        if kind not in ORDERED_KINDS:
            raise UnknownFilter(wanted.parameter, f"{kind} values have no order")
        limit = self._operand(kind, value, wanted.parameter)
        return lambda have: (
            have is not None and _ordered(operator, self._plain(kind, have), limit)
        )

    def _plain(self, kind: str, value: Any) -> Any:
        """Return a row's value in the form in which it is compared."""
        if value is None:
            return None
        if kind == "flag":
            return "T" if value else "F"
        if kind == "bare":
            return value.astimezone(self.zone).date()
        return str(value) if kind in ("text", "id") and not _number(value) else value

    def _operand(self, kind: str, text: str, parameter: str) -> Any:
        if text == NULL:
            return None
        try:
            if kind in ("money", "decimal"):
                return Decimal(text)
            if kind in ("date", "bare"):
                return read_date(text)
            if kind == "timestamp":
                return self._moment(text)
        except (ValueError, InvalidOperation) as error:
            raise BadQuery(parameter, f"{text!r} is no {kind}") from error
        return int(text) if kind in ("id", "integer") and text.isdigit() else text

    def _moment(self, text: str) -> datetime:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
        return moment if moment.tzinfo else self.zone.localize(moment)

    def sorted(self, resource: Resource, rows: list[Row], words: list[str]) -> list:
        """Return rows in order; without ``sort`` by id, unknown names ignored."""
        rows = sorted(rows, key=lambda row: row[resource.id_key])
        for word in reversed(words):
            name = word.lstrip("-")
            if name not in resource.attributes:
                continue
            key = resource.attributes[name].key
            have = [row for row in rows if row.get(key) is not None]
            without = [row for row in rows if row.get(key) is None]
            have.sort(key=lambda row, key=key: row[key], reverse=word.startswith("-"))
            rows = have + without
        return rows


def _number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _like(operator: str, value: str) -> Callable[[Any], bool]:
    """Contains; the demo application wraps the value in stars."""
    text, fold = value.strip("*"), operator.endswith("ilike")
    needle = text.casefold() if fold else text
    wanted = not operator.startswith("nt")

    def test(have: Any) -> bool:
        hay = "" if have is None else str(have)
        return (needle in (hay.casefold() if fold else hay)) is wanted

    return test


def _ordered(operator: str, have: Any, limit: Any) -> bool:
    if limit is None or isinstance(limit, str) != isinstance(have, str):
        return False
    return {
        "lt": have < limit,
        "lteq": have <= limit,
        "gt": have > limit,
        "gteq": have >= limit,
    }[operator]


def read_date(text: str) -> date:
    """Read ``2026-09-01`` or ``01-Sep-2026``; raise ValueError."""
    if re.fullmatch(r"\d{1,2}-[A-Z][a-z]{2}-\d{4}", text):
        return datetime.strptime(text, "%d-%b-%Y").date()
    return date.fromisoformat(text[:10])
