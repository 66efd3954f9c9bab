"""What each vendor's own records say about a document, in the same words.

Both sides are read from the dumps of the local servers into `Facts`, so that a
comparison needs to know neither of them. A document is known by its kind and its id in
Actionstep; in QuickBooks by our marker in the private note.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

Row = dict[str, Any]
Dump = Mapping[str, list[Row]]
Key = tuple[str, str]

BILL, RECEIPT = "bill", "receipt"
CREDIT_NOTE, APPLICATION = "credit note", "credit"
# Kinds by the word of our marker, and what QuickBooks keeps them as.
ENTITIES = {
    BILL: "Invoice",
    RECEIPT: "Payment",
    CREDIT_NOTE: "CreditMemo",
    APPLICATION: "Payment",
}
POSTED = ("Open", "Closed")
# Why a document does not belong into QuickBooks, besides causes that need a person.
TAKEN_BACK = "taken back"
WAITS = "allocation_unknown_bill"
ZERO = Decimal("0.00")
REFERENCE_LENGTH = 21
TEXT_LENGTH = 200

_MARKER = re.compile(
    r"Actionstep (bill|receipt|credit note|credit) (\S+)(?: to bill (\S+))? \([^)]*\)"
)
_CLIENT = re.compile(r"Actionstep participant (\S+)")
_FULL_REFERENCE = re.compile(r"^Payment reference: (.*)$", re.MULTILINE)
# What is sent behind a description when quantity and price have no field of their own.
_QUANTITY = re.compile(r"\([-\d.]+ x [-\d.]+\)$")


@dataclass(frozen=True)
class Facts:
    """One document as a side has it; money is Decimal in the document's currency.

    ``balance`` is what a bill owes, and what is not used of a payment or credit note.
    ``links`` say what it settles and by how much, ``lines`` amount and description;
    ``client`` is Actionstep's id.
    """

    number: str = ""
    client: str = ""
    date: str = ""
    due: str = ""
    total: Decimal = ZERO
    tax: Decimal = ZERO
    balance: Decimal = ZERO
    links: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()


def money(value: Any) -> Decimal:
    """Return an amount of a dump; nothing counts as 0."""
    return Decimal(str(value or 0))


def link(kind: str, key: str, amount: Decimal) -> str:
    """Return what is settled, as text: ``bill 1001 20.00``."""
    return f"{kind} {key} {amount:.2f}"


def line_text(amount: Any, description: str) -> str:
    """Return a line as comparable text: QuickBooks keeps neither emoji nor spacing."""
    kept = [c for c in description or "" if c.isalnum() and ord(c) < 0x10000]
    return f"{money(amount):.2f} {''.join(kept)[:TEXT_LENGTH]}"


# --- Actionstep -----------------------------------------------------------------------


class Actionstep:
    """The documents of Actionstep and what of them must stand in QuickBooks.

    ``causes`` names the documents made to need a person, with the cause.
    """

    def __init__(self, dump: Dump, causes: Mapping[Key, str]):
        self.dump = dump
        self.causes = causes
        self.names = {
            str(row["participant_id"]): row["display_name"]
            for row in dump["participants"]
        }
        self.allocations = _grouped(dump["receipt_allocations"], "receipt_id")
        self.applications = _grouped(dump["credit_applications"], "credit_id")
        self.bill_lines = _grouped(dump["bill_lines"], "bill_id")
        self.credit_lines = _grouped(dump["credit_note_lines"], "credit_id")

    @cached_property
    def titles(self) -> dict[Key, str]:
        """What people call each document."""
        credits = {row["credit_id"]: row["number"] for row in self.dump["credit_notes"]}
        bills = {row["bill_id"]: row["number"] for row in self.dump["bills"]}
        found = {(BILL, str(key)): number for key, number in bills.items()}
        found |= {(CREDIT_NOTE, str(key)): number for key, number in credits.items()}
        for row in self.dump["receipts"]:
            key = str(row["receipt_id"])
            found[RECEIPT, key] = f"{key} {row['reference'] or ''}".strip()
        for row in self.dump["credit_applications"]:
            bill = bills.get(row["bill_id"], row["bill_id"])
            found[_application(row)] = f"{credits.get(row['credit_id'])} to {bill}"
        return found

    @cached_property
    def reasons(self) -> dict[Key, str]:
        """Why each document does not belong into QuickBooks; empty for those that do.

        What settles a bill that is not there waits for it; so does the use of a credit
        note that is not there.
        """
        found: dict[Key, str] = {}
        for row in self.dump["bills"]:
            key = (BILL, str(row["bill_id"]))
            found[key] = self._reason(key, row["status"] not in POSTED)
        for row in self.dump["credit_notes"]:
            key = (CREDIT_NOTE, str(row["credit_id"]))
            found[key] = self._reason(key, row["deleted_at"])
        for row in self.dump["receipts"]:
            key = (RECEIPT, str(row["receipt_id"]))
            parts = self.allocations[row["receipt_id"]]
            bills = any(found.get(_bill(part), WAITS) for part in parts)
            waits = WAITS if bills else ""
            found[key] = self._reason(key, row["deleted_at"]) or waits
        for row in self.dump["credit_applications"]:
            credit = found.get((CREDIT_NOTE, str(row["credit_id"])), TAKEN_BACK)
            waits = WAITS if credit or found.get(_bill(row), WAITS) else ""
            found[_application(row)] = credit if credit == TAKEN_BACK else waits
        return found

    def _reason(self, key: Key, is_gone: Any) -> str:
        return TAKEN_BACK if is_gone else self.causes.get(key, "")

    def facts(self) -> dict[Key, Facts]:
        """Return each document as it must stand in QuickBooks, if it belongs there."""
        return {
            **{(BILL, str(r["bill_id"])): self._bill(r) for r in self.dump["bills"]},
            **{_receipt(r): self._receipt(r) for r in self.dump["receipts"]},
            **{_credit(r): self._credit(r) for r in self.dump["credit_notes"]},
            **{
                _application(part): self._application(credit, part)
                for credit in self.dump["credit_notes"]
                for part in self.applications[credit["credit_id"]]
            },
        }

    def _bill(self, row: Row) -> Facts:
        return Facts(
            number=row["number"],
            client=str(row["client_id"]),
            date=row["bill_date"],
            due=row["due_date"] or "",
            total=row["total_inclusive"],
            tax=row["total_tax"],
            balance=row["total_due"] + self._missing[str(row["bill_id"])],
            lines=_lines(self.bill_lines[row["bill_id"]]),
        )

    @cached_property
    def _missing(self) -> defaultdict[str, Decimal]:
        """What is settled of each bill by documents that are not in QuickBooks.

        So much more is owed there. A firm without receipts has no document at all for
        what its headers say is paid.
        """
        missing: defaultdict[str, Decimal] = defaultdict(Decimal)
        if not self.dump["receipts"] and not self.dump["credit_notes"]:
            for row in self.dump["bills"]:
                missing[str(row["bill_id"])] = row["total_paid"]
        for key, part in self._parts():
            if self.reasons[key] not in ("", TAKEN_BACK):
                missing[str(part["bill_id"])] += part["amount"]
        return missing

    def _parts(self) -> Iterator[tuple[Key, Row]]:
        """Yield everything that settles a bill, with the document that does."""
        for row in self.dump["receipt_allocations"]:
            yield _receipt(row), row
        for row in self.dump["credit_applications"]:
            yield _application(row), row

    def _receipt(self, row: Row) -> Facts:
        parts = self.allocations[row["receipt_id"]]
        return Facts(
            number=" ".join((row["reference"] or "").split()),
            client=str(row["client_id"]),
            date=row["received_on"],
            total=row["amount"],
            balance=row["amount"] - _sum(parts),
            links=_sorted_links((_bill(part), part["amount"]) for part in parts),
        )

    def _credit(self, row: Row) -> Facts:
        used = [
            part
            for part in self.applications[row["credit_id"]]
            if not self.reasons[_application(part)]
        ]
        return Facts(
            number=row["number"],
            client=str(row["client_id"]),
            date=row["credit_date"],
            total=row["total_inclusive"],
            tax=row["total_tax"],
            balance=row["total_inclusive"] - _sum(used),
            lines=_lines(self.credit_lines[row["credit_id"]]),
        )

    def _application(self, credit: Row, part: Row) -> Facts:
        ends = (_bill(part), _credit(credit))
        return Facts(
            client=str(credit["client_id"]),
            date=part["applied_on"],
            total=part["amount"],
            links=_sorted_links((end, part["amount"]) for end in ends),
        )


def _bill(row: Row) -> Key:
    return (BILL, str(row["bill_id"]))


def _receipt(row: Row) -> Key:
    return (RECEIPT, str(row["receipt_id"]))


def _credit(row: Row) -> Key:
    return (CREDIT_NOTE, str(row["credit_id"]))


def _application(row: Row) -> Key:
    return (APPLICATION, f"{row['credit_id']}/{row['bill_id']}")


def _grouped(rows: Iterable[Row], name: str) -> defaultdict[Any, list[Row]]:
    groups: defaultdict[Any, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row[name]].append(row)
    return groups


def _lines(rows: Iterable[Row]) -> tuple[str, ...]:
    rows = sorted(rows, key=lambda row: row["line_no"])
    return tuple(line_text(row["amount_exclusive"], row["description"]) for row in rows)


def _sum(rows: Iterable[Row]) -> Decimal:
    return sum((row["amount"] for row in rows), ZERO)


def _sorted_links(parts: Iterable[tuple[Key, Decimal]]) -> tuple[str, ...]:
    """Return links as text; what is settled twice by one document is added up."""
    amounts: defaultdict[Key, Decimal] = defaultdict(Decimal)
    for key, amount in parts:
        amounts[key] += amount
    return tuple(sorted(link(*key, amount) for key, amount in amounts.items()))


# --- QuickBooks -----------------------------------------------------------------------


class QuickBooks:
    """The living objects of QuickBooks that carry our marker, and the customers.

    :param names: names of Actionstep's clients by id; a customer that stood there
        before was linked by its name and has no marker
    """

    def __init__(self, dump: Dump, names: Mapping[str, str]):
        self.names = names
        self.living = {
            entity: [row for row in rows if _is_living(row)]
            for entity, rows in dump.items()
        }
        self.objects: defaultdict[Key, list[Row]] = defaultdict(list)
        self.unmarked: list[tuple[str, Row]] = []
        self.ends: dict[tuple[str, str], Key] = {}
        for entity, rows in self.living.items():
            for row in rows:
                self._sort_in(entity, row)

    def _sort_in(self, entity: str, row: Row) -> None:
        """Put an object under the document whose marker it carries."""
        marker = _MARKER.search(row.get("PrivateNote") or "")
        if marker is None:
            self.unmarked.append((entity, row))
            return
        kind, document_id, bill_id = marker.groups()
        key = f"{document_id}/{bill_id}" if bill_id else document_id
        if ENTITIES[kind] != entity:
            kind = f"{entity} with the marker of a {kind}"
        self.objects[kind, key].append(row)
        self.ends[entity, str(row["Id"])] = (kind, key)

    @cached_property
    def customers(self) -> dict[str, list[Row]]:
        """Customers by the client's id in Actionstep."""
        found: dict[str, list[Row]] = {}
        plain = []
        for row in self.living.get("Customer", ()):
            marker = _CLIENT.search(row.get("Notes") or "")
            if marker:
                found.setdefault(marker.group(1), []).append(row)
            else:
                plain.append(row)
        # A client with a customer of its own was not linked to one of its name.
        free = {_folded(n): key for key, n in self.names.items() if key not in found}
        for row in plain:
            client = free.get(_folded(row["DisplayName"]))
            if client:
                found.setdefault(client, []).append(row)
        return found

    @cached_property
    def _clients(self) -> dict[str, str]:
        return {
            str(row["Id"]): client
            for client, rows in self.customers.items()
            for row in rows
        }

    def facts(self, kind: str, row: Row) -> Facts:
        """Return what an object says, under the names of Actionstep."""
        links = self._links(row)
        common = {
            "client": self.client(row),
            "date": row.get("TxnDate") or "",
            "links": _sorted_links(links),
        }
        if ENTITIES[kind] == "Payment":
            settled = sum((a for end, a in links if end[0] == BILL), ZERO)
            return Facts(
                number=_payment_number(row),
                total=settled if kind == APPLICATION else money(row["TotalAmt"]),
                balance=money(row.get("UnappliedAmt")),
                **common,
            )
        return Facts(
            number=row.get("DocNumber") or "",
            due=row.get("DueDate") or "" if kind == BILL else "",
            total=money(row["TotalAmt"]),
            tax=money((row.get("TxnTaxDetail") or {}).get("TotalTax")),
            balance=balance(row),
            lines=_sale_lines(row),
            **common | {"links": ()},
        )

    def client(self, row: Row) -> str:
        """Return the client of an object's customer, else the customer's name."""
        reference = row.get("CustomerRef") or {}
        known = self._clients.get(str(reference.get("value")))
        return known or f"customer {reference.get('name') or reference.get('value')}"

    def _links(self, row: Row) -> list[tuple[Key, Decimal]]:
        """Return what a payment settles; foreign documents under their own id."""
        found = []
        for line in row.get("Line") or []:
            for linked in line.get("LinkedTxn") or []:
                end = (linked["TxnType"], str(linked["TxnId"]))
                found.append((self.ends.get(end, end), money(line["Amount"])))
        return found

    def foreign_balances(self) -> defaultdict[str, Decimal]:
        """Return by client what hand-made documents add to the customer's balance."""
        found: defaultdict[str, Decimal] = defaultdict(Decimal)
        for entity, row in self.unmarked:
            if entity in _SIGNS:
                open_amount = balance(row, "UnappliedAmt")
                found[self.client(row)] += _SIGNS[entity] * open_amount
        return found


_SIGNS = {"Invoice": 1, "CreditMemo": -1, "Payment": -1}


def balance(row: Row, *names: str) -> Decimal:
    """Return what is open of an object; QuickBooks has several names for it."""
    for name in (*names, "RemainingCredit", "Balance"):
        if row.get(name) is not None:
            return money(row[name])
    return ZERO


def _is_living(row: Row) -> bool:
    """Tell whether an object counts: neither deleted nor voided.

    QuickBooks tells a void by the note and the total alone.
    """
    note = str(row.get("PrivateNote") or "")
    is_voided = note.startswith("Voided") and not money(row.get("TotalAmt"))
    return row.get("status") != "Deleted" and not is_voided


def _payment_number(row: Row) -> str:
    """Return the payer's reference; one that was too long stands in the note."""
    number = row.get("PaymentRefNum") or ""
    full = _FULL_REFERENCE.search(row.get("PrivateNote") or "")
    is_cut = len(number) == REFERENCE_LENGTH and number.endswith("…")
    if full and is_cut and full.group(1).startswith(number[:-1].rstrip()):
        return full.group(1)
    return number


def _sale_lines(row: Row) -> tuple[str, ...]:
    return tuple(
        line_text(line["Amount"], _QUANTITY.sub("", line.get("Description") or ""))
        for line in row.get("Line") or []
        if line["DetailType"] == "SalesItemLineDetail"
    )


def _folded(name: str) -> str:
    return " ".join(name.split()).casefold()
