"""The sandbox's rows as the tables of a Reporting SQL Export.

One table definition (``reporting.sql``) serves both ways the export leaves the
sandbox: copied into the reporting database, and as a script for downloading.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from .state import Row, State

SCHEMA = Path(__file__).with_name("reporting.sql")
END_OF_EXPORT = "-- end of export"
Values = tuple[Any, ...]

COLUMNS = {
    "participant": "participant_id display_name",
    "account": "account_id account_number name",
    "gst_code": "gst_code_id code percentage",
    "sale_purchase": (
        "sale_purchase_id our_reference status participant_id division_id currency "
        "invoice_date due_date total_exclusive total_sales_tax total_inclusive "
        "modified_timestamp deleted_timestamp"
    ),
    "sale_purchase_action": "sale_purchase_id action_id",
    "sale_invoice_line_item": (
        "sale_purchase_id line_number line_type account_number description quantity "
        "unit_price amount_exclusive gst_code gst_amount action_id timekeeper "
        "service_date qbo_product_service modified_timestamp"
    ),
}
BILL_KEYS = (
    "bill_id number status client_id division_id currency bill_date due_date "
    "total_exclusive total_tax total_inclusive modified_at deleted_at"
)
LINE_KEYS = (
    "bill_id line_no kind account_number description quantity unit_price "
    "amount_exclusive tax_code tax_amount matter_id timekeeper service_date "
    "product_service modified_at"
)
BILL_TABLES = ("sale_purchase", "sale_purchase_action", "sale_invoice_line_item")


def tables(state: State, bill_ids: Iterable[int] | None = None) -> dict[str, list]:
    """Return the rows of every table; with ``bill_ids`` of these bills alone."""
    bills = [state.bills[key] for key in bill_ids or state.bills]
    result = {"sale_purchase": [_values(bill, BILL_KEYS) for bill in bills]}
    result["sale_purchase_action"] = [
        (bill["bill_id"], matter) for bill in bills for matter in bill["matter_ids"]
    ]
    result["sale_invoice_line_item"] = [
        _values(line, LINE_KEYS)
        for bill in bills
        for line in state.lines.get(bill["bill_id"], ())
    ]
    if bill_ids is None:
        result |= _lists(state)
    return result


def _lists(state: State) -> dict[str, list[Values]]:
    firm = state.firm
    people = state.participants.values()
    return {
        "participant": [_values(r, COLUMNS["participant"]) for r in people],
        "account": [(r.account_id, r.number, r.name) for r in firm.accounts],
        "gst_code": [(r.tax_code_id, r.code, r.percentage) for r in firm.tax_codes],
    }


def _values(row: Row, keys: str) -> Values:
    return tuple(row[key] for key in keys.split())


_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def copy_text(rows: Iterable[Values]) -> Iterator[str]:
    """Yield rows as lines of PostgreSQL's COPY text format."""
    for row in rows:
        cells = ("\\N" if v is None else str(v).translate(_ESCAPES) for v in row)
        yield "\t".join(cells) + "\n"


def copy_statement(table: str) -> str:
    """Return the COPY statement of a table."""
    columns = ", ".join(COLUMNS[table].split())
    return f"COPY export.{table} ({columns}) FROM STDIN"


def script(state: State) -> Iterator[str]:
    """Yield the export as one SQL script in PostgreSQL's dialect."""
    yield "DROP SCHEMA IF EXISTS export CASCADE;\n"
    yield SCHEMA.read_text().split(END_OF_EXPORT)[0]
    for table, rows in tables(state).items():
        yield f"{copy_statement(table)};\n"
        yield from copy_text(rows)
        yield "\\.\n"


def archive(state: State) -> bytes:
    """Return the script in a zip file (the real one bears a password, too)."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as target:
        target.writestr("reporting.sql", "".join(script(state)))
    return buffer.getvalue()
