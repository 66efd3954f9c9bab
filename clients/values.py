"""Read single values of a vendor's answer: money, dates, times, ids, texts.

Every function takes what JSON or a database row gives and raises ``ValueError`` with a
short reason when that cannot be read. Nothing is ever a float.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import date, datetime, timezone
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

from dateutil.parser import isoparse

DETAIL_LENGTH = 1000
# Not strptime's: its names follow the language of the server.
_MONTHS = {
    "jan": 1, "feb": 2, "mar": 3, "apr": 4, "may": 5, "jun": 6,
    "jul": 7, "aug": 8, "sep": 9, "oct": 10, "nov": 11, "dec": 12,
}  # fmt: skip
# A whole date: the parser would also read "2026-09" as the first of the month.
_WHOLE_DATE = re.compile(r"\d{4}-\d{2}-\d{2}(?!\d)")
_NAMED_MONTH = re.compile(r"(\d{1,2})-([A-Za-z]{3})-(\d{4})")
# Gateways quote the token they refuse: "Token expired: eyJlbmMi...", "Bearer AB0-...".
_TOKENS = re.compile(
    r"(?i)\b((?:token expired|(?:malformed |invalid )?bearer token|invalid token)"
    r"\s*:?\s+)[\w.~+/=-]{8,}"
)
_LONG_TOKEN = re.compile(r"\b(?:eyJ|AB\d)[\w.-]{16,}")


@dataclass(frozen=True, slots=True)
class UnreadableRow:
    """A row that was left out, why, and how to find it at the vendor."""

    resource: str
    row_id: str
    reason: str


def load_json(text: str) -> Any:
    """Return the JSON value with ``Decimal`` for numbers with a point.

    ``None`` when the text is empty, cut, HTML, or holds NaN or Infinity, which JSON
    does not know.
    """
    try:
        return json.loads(text, parse_float=Decimal, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        return None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON value")


def clean(text: Any, secrets: tuple[str, ...] = (), limit: int = DETAIL_LENGTH) -> str:
    """Return technical text on one line, without tokens, of at most ``limit`` letters.

    :param secrets: values that must not be shown, besides what looks like a token
    """
    shown = str(text)
    for secret in filter(None, secrets):
        shown = shown.replace(secret, "***")
    # A page of HTML can be long: what is cut off anyway is not searched.
    shown = _TOKENS.sub(r"\1***", shown[: 8 * limit])
    shown = " ".join(_LONG_TOKEN.sub("***", shown).split())
    return shown if len(shown) <= limit else f"{shown[: limit - 1]}…"


def text_of(value: Any) -> str:
    """Return a text without surrounding blanks; empty for null."""
    return "" if value is None else str(value).strip()


def id_of(value: Any) -> str | None:
    """Return an id as text: vendors mix numbers and strings. ``None`` for none."""
    return text_of(value) or None


def flag_of(value: Any) -> bool:
    """Return a boolean: Actionstep writes "T" and "F", QuickBooks JSON booleans."""
    return value is True or text_of(value).lower() in ("t", "true")


def decimal_of(value: Any) -> Decimal:
    """Return an exact number; null is zero.

    :raise ValueError: not a finite decimal number
    """
    if value is None:
        return Decimal(0)
    try:
        number = Decimal(text_of(value))
    except InvalidOperation:
        number = Decimal("NaN")
    if isinstance(value, bool) or not number.is_finite():
        raise ValueError(f"{clean(value, limit=40)!r} is not an amount")
    return number


def date_of(value: Any) -> date | None:
    """Return a day from ``YYYY-MM-DD``, ``DD-Mon-YYYY`` or the day of a timestamp.

    :raise ValueError: not a date
    """
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    text = text_of(value)
    if not text:
        return None
    try:
        named = _NAMED_MONTH.fullmatch(text)
        if named:
            day, month, year = named.groups()
            return date(int(year), _MONTHS[month.lower()], int(day))
        return _parsed(text).date()
    except (ValueError, KeyError) as err:
        raise ValueError(f"{clean(text, limit=40)!r} is not a date") from err


def _parsed(text: str) -> datetime:
    if not _WHOLE_DATE.match(text):
        raise ValueError("not a whole date")
    return isoparse(text)


def moment_of(value: Any) -> datetime | None:
    """Return a time as naive UTC; a time without offset is taken as UTC.

    :raise ValueError: not a time
    """
    if not isinstance(value, datetime):
        text = text_of(value)
        if not text:
            return None
        try:
            value = _parsed(text)
        except ValueError as err:
            raise ValueError(f"{clean(text, limit=40)!r} is not a time") from err
    if value.tzinfo is None:
        return value
    return value.astimezone(timezone.utc).replace(tzinfo=None)
