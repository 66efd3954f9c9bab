"""The scripted life of the firm ``life``: what its people do after the first push.

Each step does some things that users of Actionstep do, by its own rules. The documents
are chosen from the seed, so that the same steps always meet the same documents; only
the times of change are the clock's.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from ..firms import FIRST_ORDINARY_ID, cents, charts
from ..firms.charts import OPERATING_BANK
from ..firms.life_cases import CARD, CHEQUE, CREDIT_PREFIX, TRUST, WRITE_OFF_PREFIX
from .ledger import Ledger
from .rows import Row
from .state import State

SIZE = "life"
TODAY = date(2026, 11, 21)
# What of a bill's line a user types; the rest follows.
TYPED = (
    "account_number",
    "description",
    "quantity",
    "unit_price",
    "amount_exclusive",
    "tax_code",
    "matter_id",
    "timekeeper",
    "service_date",
    "product_service",
)


class Life:
    """The script of one firm; ``run`` does one step after the other."""

    def __init__(self, state: State, ledger: Ledger):
        self.state = state
        self.ledger = ledger
        self.done = 0
        self.events: list[Row] = []
        self.roles = charts.COUNTRIES[state.firm.country].roles
        self.free = _free_bills(state)
        self.paid = _single_receipts(state)
        self.credited = _single_credits(state)
        self.kept: dict[str, int] = {}

    def steps(self) -> list[Row]:
        """Return number, title and whether it is done of every step."""
        return [
            {"step": number, "title": title, "done": number <= self.done}
            for number, (title, _action) in enumerate(STEPS, 1)
        ]

    def run(self, step: int) -> list[Row]:
        """Do a step and return what it did: ``{what, kind, id}`` each.

        Raises ValueError for another firm, and for a step that is not the next one.
        """
        if self.state.firm.size != SIZE:
            raise ValueError(f"the script needs the firm {SIZE!r}: reset to it first")
        if self.done == len(STEPS):
            raise ValueError(f"all {len(STEPS)} steps are done")
        if step != self.done + 1:
            raise ValueError(f"the next of {len(STEPS)} steps is {self.done + 1}")
        self.events = []
        STEPS[step - 1][1](self)
        self.done = step
        return self.events

    # Step 1

    def edit_bills(self) -> None:
        """Edit what a bill can have edited; the number and the client, too."""
        self._edit_lines("line made dearer", lambda rows: _reprice(rows[0], "80.00"))
        self._edit_lines("line added", lambda rows: rows.append(_expense("35.00")))
        self._edit_lines("description changed", _redescribe)
        self._edit_lines("tax code changed", self._untax)
        self._edit_lines("line added for another matter", self._add_matter)
        bill = self._bill()
        self._change(bill, "date changed", bill_date=bill["bill_date"] - _days(1))
        bill = self._bill()
        self._change(bill, "due date changed", due_date=bill["due_date"] + _days(30))
        bill = self._bill()
        self._change(bill, "number changed", number=f"{bill['number']}A")
        bill = self._bill()
        client_id = 503 if bill["client_id"] != 503 else 504
        self._change(bill, "client changed", client_id=client_id)

    # Step 2

    def take_bills_back(self) -> None:
        """Revert and delete bills, also such as first lose a payment or a credit."""
        for name in ("new number", "same number"):
            bill = self._bill()
            self.kept[name] = bill["bill_id"]
            self.state.revert_bill(bill["bill_id"])
            self._note("reverted to draft", "bill", bill["bill_id"])
        bill = self._delete_bill(self._bill()["bill_id"])
        other = self._bill()
        self._change(other, "took the deleted bill's number", number=bill["number"])
        receipt_id, bill_id = self.paid.pop(0)
        self.ledger.delete_receipt(receipt_id)
        self._note("deleted", "receipt", receipt_id)
        self._delete_bill(bill_id)
        credit_id, bill_id = self.credited.pop(0)
        self.ledger.delete_credit(credit_id)
        self._note("deleted", "credit_note", credit_id)
        self._delete_bill(bill_id)

    # Step 3

    def post_bills(self) -> None:
        """Post the drafts again, hand a number on, and make new bills."""
        self.state.post_bill(self.kept["new number"])
        self._note("posted with a new number", "bill", self.kept["new number"])
        bill = self.state.bills[self.kept["same number"]]
        self._edit_lines(
            "line added while a draft",
            lambda rows: rows.append(_expense("12.00")),
            bill,
        )
        self.state.post_bill(bill["bill_id"], bill["number"])
        self._note("posted with its old number", "bill", bill["bill_id"])
        first, second = self._bill(), self._bill()
        number = first["number"]
        self._change(first, "number changed", number=f"{number}.1")
        self._change(second, "took the number just left", number=number)
        lines = [_fee("410.00"), _expense("18.50")]
        self._add_bill("made", 505, lines)
        matters = [2011, 2012]  # both of client 506
        lines = [_fee("300.00") | {"matter_id": key} for key in matters]
        self._add_bill("made over two matters", 506, lines)

    # Step 4

    def receive_payments(self) -> None:
        """Receive in part, over several bills, too much, from trust, on no bill."""
        bill = self._bill()
        self._receive("part payment", [(bill, cents(bill["total_due"] / 3))], CHEQUE)
        self.kept["part paid"] = bill["bill_id"]
        bills = self._bills_of_one_client(3)
        self._receive("payment of three bills", [(b, b["total_due"]) for b in bills])
        bill = self._bill()
        parts = [(bill, bill["total_due"])]
        self._receive("payment of more than is owed", parts, CARD, extra="40.00")
        bill = self._bill()
        parts = [(bill, bill["total_due"])]
        self._receive("payment from trust", parts, TRUST, from_trust=True)
        self._receive("payment on account", [], CHEQUE, extra="500.00")

    # Step 5

    def correct_payments(self) -> None:
        """Change a payment's amount and facts, re-allocate one, delete one."""
        receipt_id, bill_id = self.paid.pop(0)
        amount = cents(self.state.receipts[receipt_id]["amount"] / 2)
        self.ledger.allocate(receipt_id, [{"bill_id": bill_id, "amount": amount}])
        self.ledger.change_receipt(receipt_id, {"amount": amount})
        self._note("amount halved", "receipt", receipt_id)
        receipt_id, _bill_id = self.paid.pop(0)
        changes = {"received_on": TODAY, "method": CARD, "reference": "AUTH 9001"}
        self.ledger.change_receipt(receipt_id, changes | {"memo": "Corrected"})
        self._note("date, method, reference and memo changed", "receipt", receipt_id)
        receipt_id, bill_id = self.paid.pop(0)
        other = self._bill_like(bill_id)
        amount = min(self.state.receipts[receipt_id]["amount"], other["total_due"])
        part = {"bill_id": other["bill_id"], "amount": amount}
        self.ledger.allocate(receipt_id, [part])
        self._note("moved to another bill", "receipt", receipt_id)
        receipt_id, _bill_id = self.paid.pop(0)
        self.ledger.delete_receipt(receipt_id)
        self._note("deleted", "receipt", receipt_id)

    # Step 6

    def credit_bills(self) -> None:
        """Credit and write off: whole, part, rest, and applied a day later."""
        whole = [{"amount": None}]
        self._credit("credit of a whole bill", self._bill(), "901", None, whole)
        line = [_fee("65.00") | {"tax_code": self.roles["standard"]}]
        self._credit("credit of a part", self._bill(), "902", line, whole)
        bill = self.state.bills[self.kept["part paid"]]
        rest = [_fee(bill["total_due"]) | {"tax_code": self.roles["none"]}]
        title = "write-off of the rest after a part payment"
        self._credit(title, bill, "903", rest, whole, WRITE_OFF_PREFIX)
        bill = self._bill()
        made = self._credit("credit not applied yet", bill, "904", line, [])
        part = {"bill_id": bill["bill_id"], "applied_on": TODAY + _days(1)}
        self.ledger.apply_credit(made["credit_id"], [part])
        self._note("applied", "credit_note", made["credit_id"])

    # Step 7

    def correct_credits(self) -> None:
        """Apply a credit to another bill, change one's lines, delete one."""
        credit_id, bill_id = self.credited.pop(0)
        part = {"bill_id": self._bill_like(bill_id)["bill_id"], "applied_on": TODAY}
        self.ledger.apply_credit(credit_id, [part])
        self._note("moved to another bill", "credit_note", credit_id)
        credit_id, bill_id = self.credited.pop(0)
        line = [{"account_number": "4-1100", "description": "Less is credited"}]
        line[0] |= {"amount_exclusive": Decimal("10.00")}
        credit = self.ledger.replace_credit_lines(credit_id, line)
        part = {"bill_id": bill_id, "amount": credit["total_inclusive"]}
        self.ledger.apply_credit(credit_id, [part | {"applied_on": TODAY}])
        self._note("lines changed", "credit_note", credit_id)
        credit_id, _bill_id = self.credited.pop(0)
        self.ledger.delete_credit(credit_id)
        self._note("deleted", "credit_note", credit_id)

    # Step 8

    def rename_clients(self) -> None:
        """Rename a client and move another; then bill the first anew."""
        name = "Müller, Núñez & Partner Ltd"
        changes = {"display_name": name, "company_name": name}
        self.state.change_participant(506, changes)
        self._note("renamed", "participant", 506)
        self.state.change_participant(501, {"address": "1 New Quay", "city": "Dover"})
        self._note("address changed", "participant", 501)
        self._add_bill("made for the renamed client", 506, [_fee("275.00")])

    # What the steps are made of

    def _note(self, what: str, kind: str, key: int) -> None:
        self.events.append({"what": what, "kind": kind, "id": key})

    def _bill(self) -> Row:
        """Return the next bill on which nothing has happened."""
        return self.state.bills[self.free.pop(0)]

    def _bill_like(self, bill_id: int) -> Row:
        """Return the next such bill of the same client."""
        client_id = self.state.bills[bill_id]["client_id"]
        return self._bills_of_one_client(1, client_id)[0]

    def _bills_of_one_client(self, count: int, client_id: int = 0) -> list[Row]:
        """Return the next such bills of one client, any who has as many."""
        by_client: dict[int, list[int]] = {}
        for bill_id in self.free:
            owner = self.state.bills[bill_id]["client_id"]
            found = by_client.setdefault(owner, [])
            found.append(bill_id)
            if len(found) == count and client_id in (0, owner):
                self.free = [key for key in self.free if key not in found]
                return [self.state.bills[key] for key in found]
        raise ValueError(f"no client has {count} bills left on which nothing happened")

    def _change(self, bill: Row, what: str, **changes: Any) -> None:
        self.state.change_bill(bill["bill_id"], changes)
        self._note(what, "bill", bill["bill_id"])

    def _delete_bill(self, bill_id: int) -> Row:
        self._note("deleted", "bill", bill_id)
        return self.state.delete_bill(bill_id)

    def _edit_lines(
        self, what: str, edit: Callable[[list[Row]], None], bill: Row | None = None
    ) -> None:
        """Replace a bill's lines by edited ones; amounts follow quantity x price."""
        bill_id = (bill or self._bill())["bill_id"]
        rows = [{key: line[key] for key in TYPED} for line in self.state.lines[bill_id]]
        edit(rows)
        self.state.replace_lines(bill_id, rows)
        self._note(what, "bill", bill_id)

    def _untax(self, rows: list[Row]) -> None:
        taxed = self.roles["standard"]
        none = self.roles["none"]
        rows[0]["tax_code"] = none if rows[0]["tax_code"] == taxed else taxed

    def _add_matter(self, rows: list[Row]) -> None:
        rows.append(_fee("120.00") | {"matter_id": rows[0]["matter_id"] + 1})

    def _add_bill(self, what: str, client_id: int, lines: list[Row]) -> None:
        values = {"client_id": client_id, "bill_date": TODAY}
        bill = self.state.add_bill(values | {"due_date": TODAY + _days(30)}, lines)
        self._note(what, "bill", bill["bill_id"])

    def _receive(
        self,
        what: str,
        parts: list[tuple[Row, Decimal]],
        method: str = "EFT",
        extra: str = "0",
        **values: Any,
    ) -> None:
        allocations = [
            {"bill_id": bill["bill_id"], "amount": amount} for bill, amount in parts
        ]
        values |= {"client_id": parts[0][0]["client_id"] if parts else 507}
        values |= {"received_on": TODAY, "method": method, "memo": what}
        values |= {"deposit_account_number": OPERATING_BANK}
        values["amount"] = sum((amount for _bill, amount in parts), Decimal(extra))
        receipt = self.ledger.add_receipt(values, allocations)
        self._note(what, "receipt", receipt["receipt_id"])

    def _credit(
        self,
        what: str,
        bill: Row,
        number: str,
        lines: list[Row] | None,
        applications: list[Row],
        prefix: str = CREDIT_PREFIX,
    ) -> Row:
        values = {"bill_id": bill["bill_id"], "number": f"{prefix}{number}"}
        values |= {"credit_date": TODAY, "reason": what}
        parts = [part | {"bill_id": bill["bill_id"]} for part in applications]
        credit = self.ledger.add_credit(values, lines, parts)
        self._note(what, "credit_note", credit["credit_id"])
        return credit


STEPS: tuple[tuple[str, Callable[[Life], None]], ...] = (
    ("Bills are edited", Life.edit_bills),
    ("Bills are taken back: drafts and deletions", Life.take_bills_back),
    ("Bills are posted again, new ones made", Life.post_bills),
    ("Money comes in", Life.receive_payments),
    ("Payments are corrected", Life.correct_payments),
    ("Credits and a write-off", Life.credit_bills),
    ("Credits are corrected", Life.correct_credits),
    ("A client is renamed", Life.rename_clients),
)


# Documents of the seed


def _free_bills(state: State) -> list[int]:
    """Return the ordinary open bills on which nothing has happened."""
    firm = state.firm
    parts = (*firm.receipt_allocations, *firm.credit_applications, *firm.credit_notes)
    used = {part.bill_id for part in parts}
    return [
        bill.bill_id
        for bill in firm.bills
        if bill.bill_id >= FIRST_ORDINARY_ID
        and bill.status == "Open"
        and bill.bill_id not in used
    ]


def _single_receipts(state: State) -> list[tuple[int, int]]:
    """Return receipt and bill where one everyday receipt alone settles a bill."""
    firm = state.firm
    special = {key for _kind, key in firm.expected_attention_documents}
    plain = {
        row.receipt_id
        for row in firm.receipts
        if not (row.from_trust or row.deleted_at or row.receipt_id in special)
    }
    return _pairs(state, firm.receipt_allocations, "receipt_id", plain)


def _single_credits(state: State) -> list[tuple[int, int]]:
    """Return credit note and bill where one credit alone settles of a bill."""
    firm = state.firm
    plain = {row.credit_id for row in firm.credit_notes if not row.deleted_at}
    return _pairs(state, firm.credit_applications, "credit_id", plain)


def _pairs(
    state: State, parts: list[Any], name: str, allowed: set[int]
) -> list[tuple[int, int]]:
    """Return document and bill of the parts which stand alone on both sides."""
    firm = state.firm
    everything = [*firm.receipt_allocations, *firm.credit_applications]
    bills = [part.bill_id for part in everything]
    documents = [getattr(part, name) for part in parts]
    return [
        (getattr(part, name), part.bill_id)
        for part in parts
        if getattr(part, name) in allowed
        and part.bill_id >= FIRST_ORDINARY_ID
        and bills.count(part.bill_id) == documents.count(getattr(part, name)) == 1
    ]


# Lines


def _days(count: int) -> timedelta:
    return timedelta(days=count)


def _fee(amount: Decimal | str) -> Row:
    return {
        "account_number": "4-1100",
        "description": "Professional services",
        "amount_exclusive": Decimal(amount),
    }


def _expense(amount: str) -> Row:
    return {
        "account_number": "6-1200",
        "description": "Copies",
        "amount_exclusive": Decimal(amount),
    }


def _reprice(row: Row, more: str) -> None:
    row["unit_price"] += Decimal(more)
    del row["amount_exclusive"]


def _redescribe(rows: list[Row]) -> None:
    rows[0]["description"] += " (as agreed)"
