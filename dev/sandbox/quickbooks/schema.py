"""Checks what a client sends against the property tables and gives it one form.

An empty string counts as null, numbers may come as strings, and a property that the
class does not have is refused with the recorded 2010 text.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from .faults import Fault
from .properties import TABLES

CENT = Decimal("0.01")
# The JSON parser of the real service cuts its list of known names at this length.
MAX_LISTED = 1000
LINE = re.compile(
    r"(?P<name>\w+) (?P<kind>[\[\]\w]+)(?:\((?P<spec>[^)]*)\))?(?P<flags>.*)"
)
DATE = re.compile(r"(\d{4}-\d{2}-\d{2})(Z|[+-]\d{2}:\d{2}|T[\d:.+Z-]*)?$")
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


@dataclass(frozen=True)
class Prop:
    """One property of a class."""

    name: str
    kind: str
    size: int | None = None
    choices: tuple[str, ...] = ()
    many: bool = False
    readonly: bool = False
    query: bool = False


def _read_line(line: str) -> Prop:
    found = LINE.fullmatch(line.strip())
    if not found:
        raise ValueError(f"unreadable property line: {line!r}")
    kind, spec = found["kind"].strip("[]"), found["spec"] or ""
    flags = found["flags"].split()
    return Prop(
        found["name"],
        kind,
        size=int(spec) if spec.isdigit() else None,
        choices=tuple(spec.split("|")) if kind == "enum" else (),
        many=found["kind"].startswith("["),
        readonly="readonly" in flags,
        query="query" in flags,
    )


def _read_table(text: str) -> dict[str, Prop]:
    props = [_read_line(line) for line in text.splitlines() if line.strip()]
    return {prop.name: prop for prop in props}


CLASSES = {name: _read_table(text) for name, text in TABLES.items()}


def money(value: Decimal) -> Decimal:
    """Return an amount rounded half up to the cent."""
    return value.quantize(CENT, rounding=ROUND_HALF_UP)


def unknown_property(class_name: str, field: str) -> Fault:
    """Return the recorded 2010, with the list of known names cut as the real one is."""
    known = list(CLASSES[class_name])
    listed = f" ({len(known)} known properties: "
    for number, name in enumerate(known):
        listed += f'"{name}"'
        if len(listed) > MAX_LISTED:
            listed += " [truncated]"
            break
        listed += ", " if number < len(known) - 1 else ""
    detail = (
        f'Property Name:Unrecognized field "{field}" '
        f"(class com.intuit.schema.finance.v3.{class_name}), not marked as ignorable"
        f"{listed}])\n"
        " specified is unsupported or invalid"
    )
    return Fault("2010", detail)


def clean(class_name: str, values: Any) -> dict[str, Any]:
    """Return a payload in one form: None for blanks, Decimal, bool, text; no readonly.

    Raises Fault 2010 for unknown properties, 20xx for values that do not fit.
    """
    if not isinstance(values, dict):
        raise _malformed(class_name)
    table = CLASSES[class_name]
    cleaned: dict[str, Any] = {}
    for name, value in values.items():
        prop = table.get(name)
        if prop is None:
            raise unknown_property(class_name, name)
        if not prop.readonly:
            cleaned[name] = _clean_value(prop, value)
    return cleaned


def without_blanks(values: dict[str, Any]) -> dict[str, Any]:
    """Return a copy without the properties that are None."""
    return {name: value for name, value in values.items() if value is not None}


def _malformed(name: str) -> Fault:
    detail = (
        f"Property Name:Can not deserialize value of {name} "
        "specified is unsupported or invalid"
    )
    return Fault("2010", detail)


def _clean_value(prop: Prop, value: Any) -> Any:
    if value is None or value == "":
        return None
    if prop.many:
        if not isinstance(value, list):
            raise _malformed(prop.name)
        return [without_blanks(clean(prop.kind, row)) for row in value]
    if prop.kind in READERS:
        return READERS[prop.kind](prop, value)
    nested = without_blanks(clean(prop.kind, value))
    if prop.kind == "ReferenceType" and "value" not in nested:
        return None
    return nested or None


def _string(prop: Prop, value: Any) -> str:
    if isinstance(value, dict | list):
        raise _malformed(prop.name)
    text = str(value).lower() if isinstance(value, bool) else str(value)
    check_length(prop.name, text, prop.size)
    return text


def check_length(name: str, text: str, size: int | None) -> None:
    """Raise the 2050 with Intuit's thousands separators."""
    if size is not None and len(text) > size:
        detail = (
            "String length specified does not match the supported length. "
            f"Min:0 Max:{size:,} supported. Supplied length:{len(text):,}"
        )
        raise Fault("2050", detail, name)


def _boolean(prop: Prop, value: Any) -> bool:
    known = {True: True, False: False, "true": True, "false": False}
    key = value.lower() if isinstance(value, str) else value
    if not isinstance(key, bool | str) or key not in known:
        raise Fault("2230", f"Invalid Boolean : {value}", prop.name)
    return known[key]


def _decimal(prop: Prop, value: Any) -> Decimal:
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        number = Decimal("NaN")
    if isinstance(value, bool) or not number.is_finite():
        raise Fault("2100", f"Invalid Decimal Format : {value}", prop.name)
    return number


def _money(prop: Prop, value: Any) -> Decimal:
    return money(_decimal(prop, value))


def _integer(prop: Prop, value: Any) -> int:
    if isinstance(value, bool) or not re.fullmatch(r"-?\d+", str(value).strip()):
        raise Fault("2080", f"Invalid Number Format : {value}", prop.name)
    return int(value)


def _date(prop: Prop, value: Any) -> str:
    found = DATE.match(str(value).strip())
    if not found:
        raise Fault("2060", f"Invalid Date Format : {value}", prop.name)
    try:
        return date.fromisoformat(found[1]).isoformat()
    except ValueError as error:
        detail = f"Invalid Date : Supplied value:{value}"
        raise Fault("2070", detail, prop.name) from error


def _id(prop: Prop, value: Any) -> str:
    return check_id(str(value).strip(), prop.name)


def check_id(text: str, element: str = "Id") -> str:
    """Return a numeric id; raise the recorded 2030."""
    if not re.fullmatch(r"\d+", text):
        detail = f"Id should be a valid number. Supplied value:{text}"
        raise Fault("2030", detail, element)
    return text


def _enum(prop: Prop, value: Any) -> str:
    if value not in prop.choices:
        raise Fault("2170", f"Invalid Enumeration : {value}", prop.name)
    return value


def _email(prop: Prop, value: Any) -> dict[str, Any] | None:
    nested = without_blanks(clean("EmailAddress", value))
    text = nested.get("Address")
    if text is None:
        return None
    # Several addresses may be given, separated by commas.
    for part in text.split(","):
        if not EMAIL.fullmatch(part.strip()):
            reason = "Email Address does not conform to the syntax rules of RFC 822."
            raise Fault("2210", f"{reason} Supplied value:{text}", prop.name)
    check_length(prop.name, text, prop.size)
    return nested


READERS: dict[str, Callable[[Prop, Any], Any]] = {
    "string": _string,
    "bool": _boolean,
    "decimal": _decimal,
    "money": _money,
    "integer": _integer,
    "date": _date,
    "datetime": _string,
    "id": _id,
    "enum": _enum,
    "email": _email,
    "any": lambda _prop, value: value,
}


def check_characters(value: Any, path: str = "") -> None:
    """Raise the 2040 for a character outside the basic plane (emoji), at any depth."""
    if isinstance(value, str):
        if any(ord(letter) > 0xFFFF for letter in value):
            raise Fault("2040", f"Element contains invalid characters: {path}", path)
    elif isinstance(value, dict):
        for name, inner in value.items():
            check_characters(inner, name)
    elif isinstance(value, list):
        for inner in value:
            check_characters(inner, path)
