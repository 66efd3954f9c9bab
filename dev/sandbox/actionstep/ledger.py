"""Receipts and credit notes, and what they do to the headers of the bills.

Neither has a REST resource: they are seen in the reporting database and in a bill's
``totalPaid``, ``totalDue`` and status alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from decimal import Decimal
from typing import Any

from ..firms import (
    CreditApplication,
    CreditNote,
    CreditNoteLine,
    Receipt,
    ReceiptAllocation,
)
from ..firms.bills import kind_of
from ..firms.charts import OPERATING_BANK
from ..firms.life_cases import CREDIT_PREFIX, EFT
from ..firms.settlements import FIRST_CREDIT_ID, FIRST_RECEIPT_ID
from .rows import ZERO, Row, now, typed
from .state import State, close_or_open

# The tables of a document and of its parts on bills.
_TABLES = {
    "receipts": "receipt_allocations",
    "credit_notes": "credit_applications",
}
# Everything that hangs on a document.
_PARTS = {
    "receipts": ("receipt_allocations",),
    "credit_notes": ("credit_note_lines", "credit_applications"),
}
# Where payments from trust can be taken back (Actionstep's help).
TRUST_DELETION = ("US",)


class Ledger:
    """Changes receipts and credit notes of a state; every method returns the row.

    Raises KeyError for a document that is not there, and ValueError for a value that
    cannot be read and for what Actionstep does not let a user do.
    """

    def __init__(self, state: State, switches: Mapping[str, Any]):
        self.state = state
        self.switches = switches

    # Receipts

    def add_receipt(self, values: Row, allocations: list[Row]) -> Row:
        """Add a receipt; ``client_id`` must be given, the amount is else the sum of
        the allocations, and an allocation's amount what its bill owes. The currency
        is that of the first bill unless given."""
        given = typed(Receipt, values)
        key = self._new_id("receipts", given, "receipt_id", FIRST_RECEIPT_ID)
        parts = self._allocations(key, allocations)
        client_id = given["client_id"]
        row = dict.fromkeys((field.name for field in fields(Receipt)), None)
        if client_id and "matter_id" not in given:
            row["matter_id"] = self.state.matters_of(client_id)[0]
        row |= {"receipt_id": key, "received_on": now().date()}
        row |= {"currency": self._currency(part["bill_id"] for part in parts)}
        row |= {"amount": sum((part["amount"] for part in parts), ZERO)}
        row |= {"method": EFT, "reference": "", "memo": "", "from_trust": False}
        row |= {"deposit_account_number": OPERATING_BANK, "modified_at": now()}
        with self._booked("receipts", key):
            self.state.receipts[key] = row | given
            self.state.receipt_allocations[key] = parts
        return self.state.receipts[key]

    def change_receipt(self, receipt_id: int, changes: Row) -> Row:
        """Change a receipt; one from trust cannot be changed."""
        row = self._editable(receipt_id)
        values = typed(Receipt, changes)
        with self._booked("receipts", receipt_id):
            row |= {"modified_at": now()} | values
        return row

    def allocate(self, receipt_id: int, allocations: list[Row]) -> Row:
        """Replace a receipt's allocations."""
        row = self._editable(receipt_id)
        parts = self._allocations(receipt_id, allocations)
        with self._booked("receipts", receipt_id):
            self.state.receipt_allocations[receipt_id] = parts
            row["modified_at"] = now()
        return row

    def delete_receipt(self, receipt_id: int, hard: bool = False) -> Row:
        """Delete a receipt: its row stays, its bills owe again.

        With ``hard`` nothing stays, also of one that was deleted before: an export
        that leaves deleted rows out.
        """
        if hard:
            return self._remove("receipts", receipt_id)
        row = self._living("receipts", receipt_id)
        if row["from_trust"] and self.state.firm.country not in TRUST_DELETION:
            raise ValueError("a payment from trust can be deleted in the US only")
        return self._delete("receipts", receipt_id)

    def _editable(self, receipt_id: int) -> Row:
        row = self._living("receipts", receipt_id)
        if row["from_trust"]:
            raise ValueError("a payment from trust cannot be changed")
        return row

    def _allocations(self, receipt_id: int, rows: list[Row]) -> list[Row]:
        parts = [typed(ReceiptAllocation, row) for row in rows]
        self._fill("receipts", receipt_id, parts)
        return [part | {"receipt_id": receipt_id} for part in parts]

    # Credit notes

    def add_credit(
        self, values: Row, lines: list[Row] | None, applications: list[Row]
    ) -> Row:
        """Add a credit note; ``client_id`` or ``bill_id`` must be given.

        Without lines those of the bill are credited. Totals come from the lines
        unless given. ``number`` begins with ``CR-`` unless given.
        """
        given = typed(CreditNote, values)
        bill = self.state.bills[given["bill_id"]] if given.get("bill_id") else {}
        client_id = given.get("client_id") or bill["client_id"]
        key = self._new_id("credit_notes", given, "credit_id", FIRST_CREDIT_ID)
        day = given.get("credit_date") or now().date()
        matters = bill.get("matter_ids") or self.state.matters_of(client_id)
        row = dict.fromkeys((field.name for field in fields(CreditNote)), None)
        row |= {"credit_id": key, "number": f"{CREDIT_PREFIX}{key - FIRST_CREDIT_ID}"}
        row |= {"client_id": client_id, "matter_id": matters[0], "credit_date": day}
        row |= {"currency": self._currency([bill.get("bill_id")]), "reason": ""}
        row |= {"modified_at": now()}
        own = self._credit_lines(key, lines, bill.get("bill_id"))
        row |= _totals(own) | given
        parts = self._applications(row, applications)
        with self._booked("credit_notes", key):
            self.state.credit_notes[key] = row
            self.state.credit_note_lines[key] = own
            self.state.credit_applications[key] = parts
        return row

    def change_credit(self, credit_id: int, changes: Row) -> Row:
        """Change a credit note's header."""
        row = self._living("credit_notes", credit_id)
        values = typed(CreditNote, changes)
        with self._booked("credit_notes", credit_id):
            row |= {"modified_at": now()} | values
        return row

    def replace_credit_lines(
        self, credit_id: int, lines: list[Row], header: bool = True
    ) -> Row:
        """Replace a credit note's lines; with ``header`` the totals follow them."""
        row = self._living("credit_notes", credit_id)
        own = self._credit_lines(credit_id, lines, None)
        with self._booked("credit_notes", credit_id):
            self.state.credit_note_lines[credit_id] = own
            row |= _totals(own) if header else {}
            row["modified_at"] = now()
        return row

    def apply_credit(self, credit_id: int, applications: list[Row]) -> Row:
        """Replace a credit note's applications."""
        row = self._living("credit_notes", credit_id)
        parts = self._applications(row, applications)
        with self._booked("credit_notes", credit_id):
            self.state.credit_applications[credit_id] = parts
            row["modified_at"] = now()
        return row

    def delete_credit(self, credit_id: int, hard: bool = False) -> Row:
        """Delete a credit note: its row stays, its bills owe again.

        With ``hard`` nothing stays, as of a receipt.
        """
        delete = self._remove if hard else self._delete
        return delete("credit_notes", credit_id)

    def _credit_lines(
        self, credit_id: int, lines: list[Row] | None, bill_id: int | None
    ) -> list[Row]:
        names = {field.name for field in fields(CreditNoteLine)}
        if lines is None:
            billed = self.state.lines.get(bill_id, ())
            lines = [{name: row[name] for name in names & set(row)} for row in billed]
        return [
            {"line_no": number}
            | self._credit_line(typed(CreditNoteLine, row))
            | {"credit_id": credit_id}
            for number, row in enumerate(lines, 1)
        ]

    def _credit_line(self, given: Row) -> Row:
        account = given.get("account_number") or "4-1100"
        code = given.get("tax_code") or self.state.firm.tax_codes[0].code
        line = {"account_number": account, "kind": kind_of(account), "description": ""}
        line |= {"tax_code": code}
        line |= {"tax_amount": self.state.tax_on(given["amount_exclusive"], code)}
        return line | given

    def _applications(self, credit: Row, rows: list[Row]) -> list[Row]:
        credit_id = credit["credit_id"]
        parts = [typed(CreditApplication, row) for row in rows]
        self._fill("credit_notes", credit_id, parts, credit["total_inclusive"])
        for part in parts:
            part.setdefault("applied_on", credit["credit_date"])
        return [part | {"credit_id": credit_id} for part in parts]

    # What REST shows

    def bills(self) -> dict[int, Row]:
        """Return the bills that REST shows, by id.

        Two things are not documented, so switches: whether ``totalPaid`` holds
        credits, and whether credit notes are listed as bills below zero.
        """
        bills = self.state.bills
        if not self.switches["credits_in_total_paid"]:
            credited: Counter[int] = Counter()
            for credit_id in self.state.credit_notes:
                credited.update(self._settled("credit_notes", credit_id))
            bills = {
                key: row | {"total_paid": row["total_paid"] - credited[key]}
                for key, row in bills.items()
            }
        if self.switches["negative_bills"]:
            bills = bills | {
                key: self._as_bill(row) for key, row in self.state.credit_notes.items()
            }
        return bills

    def _as_bill(self, credit: Row) -> Row:
        applied = sum(self._settled("credit_notes", credit["credit_id"]).values(), ZERO)
        total, matter_id = credit["total_inclusive"], credit["matter_id"]
        status = "Closed" if applied == total else "Open"
        return credit | {
            "bill_id": credit["credit_id"],
            "status": "Deleted" if credit["deleted_at"] else status,
            "matter_ids": (matter_id,) if matter_id else (),
            "division_id": self.state.firm.divisions[0].division_id,
            "bill_date": credit["credit_date"],
            "due_date": credit["credit_date"],
            "total_exclusive": -credit["total_exclusive"],
            "total_tax": -credit["total_tax"],
            "total_inclusive": -total,
            "total_paid": -applied,
            "total_due": applied - total,
            "created_at": credit["modified_at"],
            "their_reference": "",
        }

    # Both kinds

    def _new_id(self, table: str, given: Row, name: str, first: int) -> int:
        rows = getattr(self.state, table)
        key = given.setdefault(name, max(rows, default=first - 1) + 1)
        if key in rows:
            raise ValueError(f"there is a row {key} in {table}")
        return key

    def _living(self, table: str, key: int) -> Row:
        row = getattr(self.state, table)[key]
        if row["deleted_at"]:
            raise ValueError(f"{key} in {table} is deleted")
        return row

    def _delete(self, table: str, key: int) -> Row:
        row = self._living(table, key)
        with self._booked(table, key):
            at = now()
            row |= {"deleted_at": at, "modified_at": at}
        return row

    def _remove(self, table: str, key: int) -> Row:
        row = getattr(self.state, table)[key]
        with self._booked(table, key):
            for name in (table, *_PARTS[table]):
                getattr(self.state, name).pop(key, None)
        return row

    def _currency(self, bill_ids: Iterable[int | None]) -> str:
        """Return the currency of the first known bill, else the firm's own."""
        known = (self.state.bills[key] for key in bill_ids if key in self.state.bills)
        bill = next(known, {"currency": self.state.firm.currency})
        return bill["currency"]

    def _fill(
        self, table: str, key: int, parts: list[Row], limit: Decimal | None = None
    ) -> None:
        """Give parts without an amount what their bill owes, at most ``limit``."""
        bill_ids = [part["bill_id"] for part in parts]
        if len(bill_ids) != len(set(bill_ids)):
            raise ValueError("a bill is named twice")
        own = self._settled(table, key)
        for part in parts:
            if part.get("amount") is None:
                bill = self.state.bills[part["bill_id"]]
                owed = bill["total_due"] + own.get(bill["bill_id"], ZERO)
                part["amount"] = owed if limit is None else min(owed, limit)

    def _settled(self, table: str, key: int) -> dict[int, Decimal]:
        """Return what a document settles, by bill; nothing when it is deleted."""
        document = getattr(self.state, table).get(key)
        if document is None or document["deleted_at"]:
            return {}
        parts = getattr(self.state, _TABLES[table]).get(key, ())
        return {part["bill_id"]: part["amount"] for part in parts}

    @contextmanager
    def _booked(self, table: str, key: int) -> Iterator[None]:
        """Change a document inside the block; the bills it settles follow."""
        before = self._settled(table, key)
        yield
        after = self._settled(table, key)
        for bill_id in before | after:
            more = after.get(bill_id, ZERO) - before.get(bill_id, ZERO)
            if more and bill_id in self.state.bills:
                self._settle(self.state.bills[bill_id], more)
        self.state.touch(table, key)

    def _settle(self, bill: Row, more: Decimal) -> None:
        bill["total_paid"] += more
        bill["total_due"] -= more
        close_or_open(bill)
        if self.switches["payment_bumps_modified"]:
            bill["modified_at"] = now()
        self.state.touch("bills", bill["bill_id"])


def _totals(lines: list[Row]) -> Row:
    net = sum((line["amount_exclusive"] for line in lines), ZERO)
    tax = sum((line["tax_amount"] for line in lines), ZERO)
    return {
        "total_exclusive": net,
        "total_tax": tax,
        "total_inclusive": net + tax,
    }
