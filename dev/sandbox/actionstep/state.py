"""The firm's data behind the Actionstep server, as rows that the admin door changes.

The REST attributes are a view of the rows (``resources.py``), the reporting database
another (``export.py``). Receipts and credit notes are changed by ``ledger.py``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from decimal import Decimal
from typing import Any

from ..firms import Bill, BillLine, Firm, Matter, Participant, cents
from ..firms.bills import kind_of
from ..firms.people import CLIENT_ID
from .lists import BUILDERS
from .resources import RESOURCES
from .rows import ZERO, Row, as_row, now, to_keys, typed

PAYMENT_KEYS = {"total_paid", "total_due"}


class State:
    """Every row; ``table`` gives the rows of a REST resource by id.

    ``touched`` collects the ids of changed rows by kind (bills, receipts,
    credit_notes, participants) for who wants to export these alone, and clears it.
    """

    def __init__(self, firm: Firm):
        self.firm = firm
        self.bills = {bill.bill_id: as_row(bill) for bill in firm.bills}
        self.lines = _grouped(firm.bill_lines, "bill_id")
        self.receipts = {row.receipt_id: as_row(row) for row in firm.receipts}
        self.receipt_allocations = _grouped(firm.receipt_allocations, "receipt_id")
        self.credit_notes = {row.credit_id: as_row(row) for row in firm.credit_notes}
        self.credit_note_lines = _grouped(firm.credit_note_lines, "credit_id")
        self.credit_applications = _grouped(firm.credit_applications, "credit_id")
        self.actions = {row.matter_id: _matter(as_row(row)) for row in firm.matters}
        self.participants = {
            row.participant_id: _participant(as_row(row)) for row in firm.participants
        }
        self.touched: dict[str, set[int]] = {}
        self._tables: dict[str, dict[Any, Row]] = {
            "bills": self.bills,
            "actions": self.actions,
            "participants": self.participants,
        }

    def table(self, resource: str) -> dict[Any, Row]:
        """Return the rows of a REST resource by id; derived ones are built once."""
        if resource not in self._tables:
            rows = BUILDERS[resource](self)
            key = RESOURCES[resource].id_key
            self._tables[resource] = {row[key]: row for row in rows}
        return self._tables[resource]

    def dump(self) -> dict[str, list[Row]]:
        """Return the rows in plain values, by name."""
        names = ("accounts", "accounttypes", "taxcodes", "divisions")
        tables = {name: list(self.table(name).values()) for name in names}
        return {
            "bills": list(self.bills.values()),
            "bill_lines": _flat(self.lines),
            "participants": list(self.participants.values()),
            "actions": list(self.actions.values()),
            "receipts": list(self.receipts.values()),
            "receipt_allocations": _flat(self.receipt_allocations),
            "credit_notes": list(self.credit_notes.values()),
            "credit_note_lines": _flat(self.credit_note_lines),
            "credit_applications": _flat(self.credit_applications),
            **tables,
        }

    def touch(self, kind: str, *ids: int) -> None:
        """Remember that rows were changed."""
        self.touched.setdefault(kind, set()).update(ids)

    # Changes of bills

    def change_bill(self, bill_id: int, changes: Row, bump: bool = True) -> Row:
        """Change a bill's header; raise KeyError when there is none.

        ``modified_at`` moves to now with ``bump``, unless the changes set it. A new
        client takes the bill to a matter of theirs, unless the changes name one.
        """
        bill = self.bills[bill_id]
        values = typed(Bill, to_keys("bills", changes))
        if values.get("client_id") and "matter_ids" not in values:
            values["matter_ids"] = self.matters_of(values["client_id"])
            for line in self.lines.get(bill_id, ()):
                line |= {"matter_id": values["matter_ids"][0], "modified_at": now()}
        bill.update(values)
        if "total_inclusive" in values or "total_paid" in values:
            bill["total_due"] = bill["total_inclusive"] - bill["total_paid"]
        if values.get("status") == "Deleted" and not bill["deleted_at"]:
            bill["deleted_at"] = now()
        if bump and "modified_at" not in values:
            bill["modified_at"] = now()
        self.touch("bills", bill_id)
        return bill

    def add_bill(self, values: Row, lines: list[Row]) -> Row:
        """Add a bill with its lines and return it; ``client_id`` must be given.

        Totals come from the lines unless given, and so do the matters when a line
        names one. Raises KeyError or ValueError.
        """
        given = typed(Bill, to_keys("bills", values))
        client_id = given["client_id"]
        bill_id = given.setdefault("bill_id", max(self.bills, default=1000) + 1)
        if bill_id in self.bills:
            raise ValueError(f"there is a bill {bill_id}")
        day = given.get("bill_date") or now().date()
        bill = dict.fromkeys((field.name for field in fields(Bill)), None)
        bill |= {"number": f"INV-{bill_id + 9000}", "status": "Open"}
        bill |= {"client_id": client_id, "matter_ids": self.matters_of(client_id)}
        bill |= {"division_id": self.firm.divisions[0].division_id}
        bill |= {"currency": self.firm.currency, "bill_date": day, "due_date": day}
        bill |= {"total_paid": ZERO, "their_reference": ""}
        bill |= {"created_at": now(), "modified_at": now()}
        bill |= given
        self._set_lines(bill, lines, header=True)
        self.bills[bill_id] = bill
        bill |= given
        return bill

    def replace_lines(self, bill_id: int, lines: list[Row], header: bool = True) -> Row:
        """Replace a bill's lines; with ``header`` totals and matters follow them."""
        self._set_lines(self.bills[bill_id], lines, header)
        return self.bills[bill_id]

    def revert_bill(self, bill_id: int) -> Row:
        """Turn an approved bill back into a draft.

        Raises ValueError when it is none, or when money stands on it: Actionstep
        wants the payment reversed first.
        """
        bill = self._unpaid(bill_id, "Open", "Closed")
        bill |= {"status": "Draft", "modified_at": now()}
        self.touch("bills", bill_id)
        return bill

    def post_bill(self, bill_id: int, number: str | None = None) -> Row:
        """Approve a draft, under the given number or its old one with ``.1``.

        The vendor's help asks for another number, because QuickBooks still knows the
        old one; a user may keep it all the same. Raises ValueError.
        """
        bill = self._unpaid(bill_id, "Draft")
        bill["number"] = f"{bill['number']}.1" if number is None else number
        bill |= {"status": "Open", "modified_at": now()}
        self.touch("bills", bill_id)
        return bill

    def delete_bill(self, bill_id: int, hard: bool = False) -> Row:
        """Delete a bill: a tombstone stays, or with ``hard`` nothing at all.

        Raises ValueError when money stands on the bill or it is deleted already.
        """
        bill = self._unpaid(bill_id, "Draft", "Open", "Closed")
        at = now()
        bill |= {"status": "Deleted", "deleted_at": at, "modified_at": at}
        if hard:
            del self.bills[bill_id]
            self.lines.pop(bill_id, None)
            self._forget("disbursements", "timeentries")
        self.touch("bills", bill_id)
        return bill

    def _unpaid(self, bill_id: int, *statuses: str) -> Row:
        """Return a bill in one of the statuses on which no money stands."""
        bill = self.bills[bill_id]
        if bill["status"] not in statuses:
            raise ValueError(f"bill {bill_id} is {bill['status']}")
        if bill["total_paid"]:
            raise ValueError(
                f"{bill['total_paid']} is paid or credited on bill {bill_id}: "
                "take that back first"
            )
        return bill

    def _set_lines(self, bill: Row, lines: list[Row], header: bool) -> None:
        bill_id = bill["bill_id"]
        self.lines[bill_id] = made = [
            self._line(bill, number, row) for number, row in enumerate(lines, 1)
        ]
        self._forget("disbursements", "timeentries")
        if header:
            net = sum((line["amount_exclusive"] for line in made), ZERO)
            tax = sum((line["tax_amount"] for line in made), ZERO)
            bill |= {"total_exclusive": net, "total_tax": tax}
            bill |= {"total_inclusive": net + tax, "modified_at": now()}
            bill["total_due"] = net + tax - bill["total_paid"]
            if bill["total_paid"]:
                close_or_open(bill)
            if any(line.get("matter_id") for line in lines):
                matters = dict.fromkeys(line["matter_id"] for line in made)
                bill["matter_ids"] = tuple(matters)
        self.touch("bills", bill_id)

    def _line(self, bill: Row, number: int, values: Row) -> Row:
        given = typed(BillLine, values)
        quantity, price = given.get("quantity"), given.get("unit_price")
        code = given.get("tax_code") or self.firm.tax_codes[0].code
        net = given.get("amount_exclusive")
        if net is None:
            net = cents((quantity or Decimal(1)) * (price or Decimal(0)))
        account = given.get("account_number", "4-1100")
        line = dict.fromkeys((field.name for field in fields(BillLine)), None)
        line |= {"bill_id": bill["bill_id"], "line_no": number, "description": ""}
        line |= {"kind": kind_of(account), "account_number": account}
        line |= {"amount_exclusive": net, "tax_code": code}
        line |= {"tax_amount": self.tax_on(net, code)}
        line |= {"matter_id": bill["matter_ids"][0], "timekeeper": ""}
        line |= {"service_date": bill["bill_date"], "product_service": ""}
        return line | given | {"modified_at": now()}

    def tax_on(self, net: Decimal, code: str) -> Decimal:
        """Return the tax of a line; none for a code that the firm does not have."""
        rates = {row.code: row.percentage for row in self.firm.tax_codes}
        return cents(net * rates.get(code, Decimal(0)) / 100)

    def matters_of(self, client_id: int) -> tuple[int, ...]:
        """Return the client's first matter; raise ValueError when it has none."""
        for row in self.actions.values():
            if client_id in row["client_ids"]:
                return (row["matter_id"],)
        raise ValueError(f"client {client_id} has no matter")

    # Changes of contacts and matters

    def add_participant(self, values: Row) -> Row:
        """Add a contact with a matter of its own; ``display_name`` must be given."""
        given = typed(Participant, to_keys("participants", values))
        key = given.setdefault(
            "participant_id", max((*self.participants, CLIENT_ID - 1)) + 1
        )
        if key in self.participants:
            raise ValueError(f"there is a contact {key}")
        name, company = given["display_name"], given.setdefault("is_company", True)
        last, _comma, first = name.partition(", ")
        named = {"company_name": name} if company else {"last_name": last}
        named |= {} if company else {"first_name": first}
        blank = Participant(key, name, company, modified_at=now())
        self.participants[key] = _participant(as_row(blank) | named | given)
        self.touch("participants", key)
        self.add_matter({"client_ids": [key]})
        return self.participants[key]

    def add_matter(self, values: Row) -> Row:
        """Add a matter; ``client_ids`` must be given."""
        given = typed(Matter, to_keys("actions", values))
        key = given.setdefault("matter_id", max(self.actions, default=2000) + 1)
        if key in self.actions:
            raise ValueError(f"there is a matter {key}")
        for client_id in given["client_ids"]:
            if client_id not in self.participants:
                raise ValueError(f"there is no contact {client_id}")
        blank = Matter(
            matter_id=key,
            name="General advice",
            reference=f"M{key:06d}",
            status="Active",
            division_id=self.firm.divisions[0].division_id,
            assigned_to_id=self.firm.user_id,
            client_ids=(),
            modified_at=now(),
        )
        self.actions[key] = _matter(as_row(blank) | given)
        self._forget("actionparticipants", "actionbillsettings")
        return self.actions[key]

    def change_matter(self, matter_id: int, changes: Row) -> Row:
        """Change a matter, as when it is renamed or goes to another client."""
        row = self.actions[matter_id]
        row |= typed(Matter, to_keys("actions", changes))
        row["modified_at"] = now()
        self._forget("actionparticipants")
        return row

    def change_participant(self, participant_id: int, changes: Row) -> Row:
        """Change a contact, as when a client is renamed; KeyError when none."""
        row = self.participants[participant_id]
        row |= typed(Participant, to_keys("participants", changes))
        row["modified_at"] = now()
        self.touch("participants", participant_id)
        return row

    def merge_participants(self, gone: int, kept: int, bump: bool) -> Row:
        """Move everything of one client to another, who alone stays.

        How Actionstep shows a merger is not documented: here the contact vanishes
        and links lead to the other. With ``bump`` the documents' ``modified_at``
        moves. Raises KeyError for a contact that is not there, or ValueError.
        """
        row = self.participants[kept]
        if gone == kept:
            raise ValueError("a contact cannot be merged into itself")
        del self.participants[gone]
        for kind in ("bills", "receipts", "credit_notes"):
            for key, document in getattr(self, kind).items():
                if document["client_id"] == gone:
                    document["client_id"] = kept
                    document |= {"modified_at": now()} if bump else {}
                    self.touch(kind, key)
        for matter in self.actions.values():
            if gone in matter["client_ids"]:
                ids = (kept if key == gone else key for key in matter["client_ids"])
                matter["client_ids"] = tuple(dict.fromkeys(ids))
                matter["modified_at"] = now()
        self._forget("actionparticipants")
        row["modified_at"] = now()
        self.touch("participants", gone, kept)
        return row

    def _forget(self, *resources: str) -> None:
        """Let derived rows be built anew."""
        for name in resources:
            self._tables.pop(name, None)


def close_or_open(bill: Row) -> None:
    """Let the status of an approved bill follow what is due: Closed or Open."""
    if bill["status"] in ("Open", "Closed"):
        bill["status"] = "Open" if bill["total_due"] > 0 else "Closed"


def _grouped(records: Iterable[Any], key: str) -> dict[int, list[Row]]:
    """Return records as rows, in lists by the value of a field."""
    groups: dict[int, list[Row]] = {}
    for record in records:
        groups.setdefault(getattr(record, key), []).append(as_row(record))
    return groups


def _flat(groups: dict[int, list[Row]]) -> list[Row]:
    return [row for rows in groups.values() for row in rows]


def _matter(row: Row) -> Row:
    return row | {
        "priority": 0,
        "isDeleted": False,
        "isFavorite": False,
        "overrideBillingStatus": "Active",
        "actionType": 1,
        "relatedActions": (),
    }


def _participant(row: Row) -> Row:
    return row | {"created_at": row["modified_at"], "division_id": 1}
