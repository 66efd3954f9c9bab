"""Rows: dicts with the names of the sample firm's dataclasses, and their types."""

from __future__ import annotations

from dataclasses import fields
from datetime import date, datetime, timezone
from decimal import Decimal
from typing import Any

from .resources import RESOURCES

Row = dict[str, Any]
ZERO = Decimal("0.00")


def now() -> datetime:
    """Return the time of a change made through the admin door."""
    return datetime.now(timezone.utc)


def as_row(record: Any) -> Row:
    """Return a dataclass instance as a dict, one level deep."""
    return {field.name: getattr(record, field.name) for field in fields(record)}


def typed(record_class: type, values: Row) -> Row:
    """Return JSON values in the types of a dataclass's fields.

    Raises ValueError for a name that the class does not have or a bad value.
    """
    kinds = {field.name: field.type for field in fields(record_class)}
    unknown = sorted(set(values) - set(kinds))
    if unknown:
        raise ValueError(f"unknown names {unknown}; known: {sorted(kinds)}")
    return {name: _typed(kinds[name], value) for name, value in values.items()}


def _typed(kind: str, value: Any) -> Any:
    if value is None:
        return None
    if kind.startswith("Decimal"):
        return Decimal(str(value))
    if kind.startswith("datetime"):
        moment = datetime.fromisoformat(str(value).replace("Z", "+00:00"))
        return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
    if kind.startswith("date"):
        return date.fromisoformat(str(value))
    if kind.startswith("tuple"):
        return tuple(int(item) for item in value)
    if kind.startswith("int"):
        return int(value)
    return value


def to_keys(resource: str, values: Row) -> Row:
    """Return values under the row's names; REST attribute names are taken too."""
    names = {a.name: a.key for a in RESOURCES[resource].attributes.values()}
    names |= {link.name: link.key for link in RESOURCES[resource].links.values()}
    return {names.get(name, name): value for name, value in values.items()}
