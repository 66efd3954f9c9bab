"""The sandbox's rows as the tables of a Reporting SQL Export.

One table definition (``reporting.sql``) serves both ways the export leaves the
sandbox: copied into the reporting database, and as a script for downloading.
"""

from __future__ import annotations

import io
import itertools
import zipfile
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from .rows import Row
from .state import State

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
    "ac_receipt": (
        "receipt_id participant_id action_id receipt_date amount currency "
        "payment_method receipt_number description account_number from_trust "
        "modified_timestamp deleted_timestamp"
    ),
    "ac_receipt_allocation": "receipt_id sale_purchase_id amount",
    "credit": (
        "credit_id our_reference sale_purchase_id participant_id action_id "
        "credit_date currency total_exclusive total_sales_tax total_inclusive reason "
        "modified_timestamp deleted_timestamp"
    ),
    "credit_line_item": (
        "credit_id line_number line_type account_number description "
        "amount_exclusive gst_code gst_amount"
    ),
    "credit_application": "credit_id sale_purchase_id applied_on amount",
}
# The sandbox's names for the columns of a table, in the same order.
KEYS = {
    "participant": "participant_id display_name",
    "sale_purchase": (
        "bill_id number status client_id division_id currency bill_date due_date "
        "total_exclusive total_tax total_inclusive modified_at deleted_at"
    ),
    "sale_invoice_line_item": (
        "bill_id line_no kind account_number description quantity unit_price "
        "amount_exclusive tax_code tax_amount matter_id timekeeper service_date "
        "product_service modified_at"
    ),
    "ac_receipt": (
        "receipt_id client_id matter_id received_on amount currency method reference "
        "memo deposit_account_number from_trust modified_at deleted_at"
    ),
    "ac_receipt_allocation": "receipt_id bill_id amount",
    "credit": (
        "credit_id number bill_id client_id matter_id credit_date currency "
        "total_exclusive total_tax total_inclusive reason modified_at deleted_at"
    ),
    "credit_line_item": (
        "credit_id line_no kind account_number description amount_exclusive tax_code "
        "tax_amount"
    ),
    "credit_application": "credit_id bill_id applied_on amount",
}
# What can be exported alone: by kind the column of its id, and the tables.
PARTS = {
    "participants": ("participant_id", ("participant",)),
    "bills": (
        "sale_purchase_id",
        ("sale_purchase", "sale_purchase_action", "sale_invoice_line_item"),
    ),
    "receipts": ("receipt_id", ("ac_receipt", "ac_receipt_allocation")),
    "credit_notes": (
        "credit_id",
        ("credit", "credit_line_item", "credit_application"),
    ),
}
Chosen = Mapping[str, Collection[int]]


def tables(state: State, chosen: Chosen | None = None) -> dict[str, list[Values]]:
    """Return the rows of every table; with ``chosen`` those of some ids by kind.

    Chosen rows that are gone are left out.
    """
    everything = chosen is None
    ids = {kind: getattr(state, kind) for kind in PARTS} if everything else chosen
    result: dict[str, list[Values]] = _lists(state) if everything else {}
    for kind, keys in ids.items():
        rows = getattr(state, kind)
        found = [rows[key] for key in keys if key in rows]
        main, *others = PARTS[kind][1]
        result[main] = [_values(row, KEYS[main]) for row in found]
        for table in others:
            parts = (_of(state, table, row) for row in found)
            result[table] = list(itertools.chain.from_iterable(parts))
    return result


def _of(state: State, table: str, row: Row) -> list[Values]:
    """Return the rows of a table that belong to one bill, receipt or credit note."""
    if table == "sale_purchase_action":
        return [(row["bill_id"], matter_id) for matter_id in row["matter_ids"]]
    groups, key = {
        "sale_invoice_line_item": (state.lines, "bill_id"),
        "ac_receipt_allocation": (state.receipt_allocations, "receipt_id"),
        "credit_line_item": (state.credit_note_lines, "credit_id"),
        "credit_application": (state.credit_applications, "credit_id"),
    }[table]
    return [_values(part, KEYS[table]) for part in groups.get(row[key], ())]


def _lists(state: State) -> dict[str, list[Values]]:
    firm = state.firm
    return {
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
