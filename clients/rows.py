"""Rows of the contract, whichever source they come from.

The reporting database and files give the same columns; they stand in
``const.REPORTING_VIEWS``. What they hold becomes the neutral values of ``documents``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from ..documents import (
    BillLine,
    CreditApplication,
    CreditNoteHeader,
    CreditNoteLine,
    Receipt,
    ReceiptAllocation,
)
from ..exceptions import DataError
from .values import (
    UnreadableRow,
    clean,
    date_of,
    decimal_of,
    id_of,
    moment_of,
    text_of,
)

_TRUE = ("t", "true", "y", "yes", "1")
_FALSE = ("", "f", "false", "n", "no", "0")
_SHOWN_LENGTH = 40


class Kind(NamedTuple):
    """How the values of a column are read, and the cause when one cannot be."""

    read: Callable[[Any], Any]
    cause: str


class View(NamedTuple):
    """How the rows of a view are read; its first key is the id of what they are of."""

    keys: tuple[str, ...]
    document: Callable[..., Any]
    columns: dict[str, Kind]


def read_row(view: str, row: Mapping[str, Any]) -> Any:
    """Return the neutral value of a row; columns that are missing count as empty.

    :raise DataError: as :func:`read_value`, for the first column that cannot be read
    """
    columns = VIEWS[view].columns
    values = {
        column: read_value(kind, column, row.get(column))
        for column, kind in columns.items()
    }
    return VIEWS[view].document(**values)


def read_value(kind: Kind, column: str, value: Any) -> Any:
    """Return a value of a column.

    :raise DataError: ``row_empty`` where there must be one, else the kind's cause; it
        names the column and the value
    """
    try:
        return kind.read(value)
    except (ValueError, TypeError, ArithmeticError) as err:
        cause = kind.cause if text_of(value) else "row_empty"
        raise row_error(cause, column, value, f"{column}: {err}") from err


def row_error(cause: str, column: str, value: Any, detail: str = "") -> DataError:
    """Return the error of one value of a row."""
    values = {"column": column, "value": clean(text_of(value), limit=_SHOWN_LENGTH)}
    return DataError(cause, clean(detail), values=values)


def row_id(view: str, row: Mapping[str, Any]) -> str:
    """Return the keys of a row as one text, the id of its parent first."""
    return "/".join(text_of(row.get(key)) for key in VIEWS[view].keys)


def unreadable(view: str, row: Mapping[str, Any], error: DataError) -> UnreadableRow:
    """Return how a row is named that was left out."""
    return UnreadableRow(view, row_id(view, row), error.detail)


# --- Values ---------------------------------------------------------------------------


def _required_id(value: Any) -> str:
    found = id_of(value)
    if found is None:
        raise ValueError("is empty")
    return found


def _whole(value: Any) -> int:
    if value is None:
        raise ValueError("is empty")
    number = decimal_of(value)
    if number != number.to_integral_value():
        raise ValueError(f"{clean(value, limit=_SHOWN_LENGTH)!r} is not a whole number")
    return int(number)


def _amount(value: Any) -> Decimal:
    """Return an amount; nothing is none, because an export may have lost it."""
    if value is None:
        raise ValueError("is empty")
    return decimal_of(value)


def _optional_decimal(value: Any) -> Decimal | None:
    return None if value is None else decimal_of(value)


def _lower(value: Any) -> str:
    return text_of(value).lower()


def _upper(value: Any) -> str:
    return text_of(value).upper()


def _flag(value: Any) -> bool:
    """Return a boolean, also one that is written as text; nothing is no.

    Guessing would be wrong here: it tells trust money from the firm's own.

    :raise ValueError: neither yes nor no
    """
    text = text_of(value).lower()
    if text not in _TRUE + _FALSE:
        shown = clean(text, limit=_SHOWN_LENGTH)
        raise ValueError(f"{shown!r} is neither true nor false")
    return text in _TRUE


ID = Kind(_required_id, "row_text")
OPTIONAL_ID = Kind(id_of, "row_text")
TEXT = Kind(text_of, "row_text")
FEE_OR_EXPENSE = Kind(_lower, "row_kind")
CURRENCY = Kind(_upper, "row_text")
WHOLE = Kind(_whole, "row_number")
NUMBER = Kind(_optional_decimal, "row_number")
MONEY = Kind(_amount, "row_amount")
DATE = Kind(date_of, "row_date")
MOMENT = Kind(moment_of, "row_time")
FLAG = Kind(_flag, "row_flag")

VIEWS = {
    "bill_line": View(
        ("bill_id", "line_no"),
        BillLine,
        {
            "bill_id": ID,
            "line_no": WHOLE,
            "kind": FEE_OR_EXPENSE,
            "account_number": TEXT,
            "description": TEXT,
            "quantity": NUMBER,
            "unit_price": NUMBER,
            "amount_exclusive": MONEY,
            "tax_code": TEXT,
            "tax_amount": MONEY,
            "matter_id": OPTIONAL_ID,
            "timekeeper": TEXT,
            "service_date": DATE,
            "product_service": TEXT,
            "modified_at": MOMENT,
        },
    ),
    "receipt": View(
        ("receipt_id",),
        Receipt,
        {
            "receipt_id": ID,
            "client_id": OPTIONAL_ID,
            "matter_id": OPTIONAL_ID,
            "received_on": DATE,
            "amount": MONEY,
            "currency": CURRENCY,
            "method": TEXT,
            "reference": TEXT,
            "memo": TEXT,
            "deposit_account_number": TEXT,
            "from_trust": FLAG,
            "modified_at": MOMENT,
            "deleted_at": MOMENT,
        },
    ),
    "receipt_allocation": View(
        ("receipt_id", "bill_id"),
        ReceiptAllocation,
        {"receipt_id": ID, "bill_id": ID, "amount": MONEY},
    ),
    "credit_note": View(
        ("credit_id",),
        CreditNoteHeader,
        {
            "credit_id": ID,
            "number": TEXT,
            "bill_id": OPTIONAL_ID,
            "client_id": OPTIONAL_ID,
            "matter_id": OPTIONAL_ID,
            "credit_date": DATE,
            "currency": CURRENCY,
            "total_exclusive": MONEY,
            "total_tax": MONEY,
            "total_inclusive": MONEY,
            "reason": TEXT,
            "modified_at": MOMENT,
            "deleted_at": MOMENT,
        },
    ),
    "credit_note_line": View(
        ("credit_id", "line_no"),
        CreditNoteLine,
        {
            "credit_id": ID,
            "line_no": WHOLE,
            "kind": FEE_OR_EXPENSE,
            "account_number": TEXT,
            "description": TEXT,
            "amount_exclusive": MONEY,
            "tax_code": TEXT,
            "tax_amount": MONEY,
        },
    ),
    "credit_application": View(
        ("credit_id", "bill_id"),
        CreditApplication,
        {"credit_id": ID, "bill_id": ID, "applied_on": DATE, "amount": MONEY},
    ),
}
