"""The firms' people, who go on working in Actionstep while everything breaks.

The firm ``life`` follows its own script. In the others, people do by chance what the
admin door lets them do. What belongs to a person by design is left out: nobody edits or
removes in QuickBooks what is ours.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import requests
import simplejson

Row = dict[str, Any]
# What of a bill's line a user types; the rest follows.
TYPED = ("account_number", "description", "amount_exclusive", "tax_code", "matter_id")
FEE = {"account_number": "4-1100", "description": "Attendance"}


class People:
    """The people of one firm; ``work`` lets them do one thing."""

    def __init__(self, admin_url: str, rng: random.Random, has_script: bool) -> None:
        self.admin_url = admin_url
        self.rng = rng
        # The script counts on the bills that it will work on.
        self.has_script = has_script

    def prepare(self, count: int) -> None:
        """Receive money and credit bills before anybody connects anything."""
        for _number in range(count):
            self.rng.choice((self.receive, self.receive, self.credit))()

    def work(self) -> str:
        """Do one thing and return what it was; empty when there was nothing to do."""
        acts = (People.add_bill,) if self.has_script else ACTS
        return self.rng.choice(acts)(self)

    def pay_or_bill(self) -> str:
        """Receive money where the script does not count on the bill being open."""
        return self.add_bill() if self.has_script else self.receive()

    def live(self, step: int) -> str:
        """Do a step of the script of the firm ``life``, and load what it changed."""
        events = self._tell("life", step=step)
        self._tell("reporting/refresh")
        return f"step {step} of its script: {len(events)} changes"

    # What people do

    def receive(self) -> str:
        """Receive money for a bill: what is due of it, or a part."""
        bill = self._choose("bills", _is_due)
        if not bill:
            return ""
        amount = (bill["total_due"] / self.rng.choice((1, 3, 5))).quantize(
            bill["total_due"]
        )
        part = {"bill_id": bill["bill_id"], "amount": str(amount)}
        row = self._tell(
            "receipts",
            client_id=bill["client_id"],
            allocations=[part],
            reporting=True,
        )
        return f"receipt {row['receipt_id']} of {amount} for bill {bill['bill_id']}"

    def correct_receipt(self) -> str:
        """Give a receipt another reference and memo."""
        row = self._choose("receipts", _is_free)
        if not row:
            return ""
        path, text = f"receipts/{row['receipt_id']}", f"NEW {self.rng.randrange(999)}"
        self._tell(path, reference=text, memo="Corrected", reporting=True)
        return f"reference of receipt {row['receipt_id']}"

    def delete_receipt(self) -> str:
        """Take a receipt back."""
        row = self._choose("receipts", _is_free)
        if not row:
            return ""
        self._tell(f"receipts/{row['receipt_id']}/delete", reporting=True)
        return f"receipt {row['receipt_id']} deleted"

    def credit(self) -> str:
        """Credit a whole bill that nobody has paid."""
        bill = self._choose("bills", _is_unpaid)
        if not bill:
            return ""
        parts = [{"bill_id": bill["bill_id"]}]
        row = self._tell(
            "credit_notes",
            bill_id=bill["bill_id"],
            applications=parts,
            reporting=True,
        )
        return f"credit note {row['credit_id']} of bill {bill['bill_id']}"

    def delete_credit(self) -> str:
        """Take a credit note back."""
        row = self._choose("credit_notes", lambda one: not one["deleted_at"])
        if not row:
            return ""
        self._tell(f"credit_notes/{row['credit_id']}/delete", reporting=True)
        return f"credit note {row['credit_id']} deleted"

    def edit_bill(self) -> str:
        """Add a line to a bill that nobody has paid."""
        bill = self._choose("bills", _is_unpaid)
        if not bill:
            return ""
        key = bill["bill_id"]
        rows = [row for row in self._dump["bill_lines"] if row["bill_id"] == key]
        lines = [{name: row[name] for name in TYPED} for row in rows]
        self._tell(f"bills/{key}/lines", lines=[*lines, self._fee()], reporting=True)
        return f"line added to bill {key}"

    def delete_bill(self) -> str:
        """Delete a bill that nobody has paid."""
        bill = self._choose("bills", _is_unpaid)
        if not bill:
            return ""
        self._tell(f"bills/{bill['bill_id']}/delete", reporting=True)
        return f"bill {bill['bill_id']} deleted"

    def add_bill(self) -> str:
        """Bill a client who was billed before."""
        client_id = self._choose("bills", lambda one: True)["client_id"]
        row = self._tell(
            "bills", client_id=client_id, lines=[self._fee()], reporting=True
        )
        return f"bill {row['bill_id']} made"

    # Help

    def _fee(self) -> Row:
        return FEE | {
            "amount_exclusive": f"{self.rng.randrange(2000, 90000) / 100:.2f}"
        }

    def _choose(self, table: str, is_meant: Callable[[Row], bool]) -> Row:
        """Return one row of Actionstep by chance, nothing when there is none."""
        answer = requests.get(f"{self.admin_url}/dump", timeout=60)
        self._dump = simplejson.loads(answer.text, use_decimal=True)
        rows = [row for row in self._dump[table] if is_meant(row)]
        return self.rng.choice(rows) if rows else {}

    def _tell(self, what: str, **body: Any) -> Any:
        text = simplejson.dumps(body, use_decimal=True)
        answer = requests.post(f"{self.admin_url}/{what}", data=text, timeout=60)
        if not answer.ok:
            raise RuntimeError(f"{what}: {answer.text}")
        return answer.json()


def _is_due(bill: Row) -> bool:
    return bill["status"] == "Open" and bill["total_due"] > 1


def _is_unpaid(bill: Row) -> bool:
    return _is_due(bill) and not bill["total_paid"]


def _is_free(receipt: Row) -> bool:
    """Tell whether a receipt may be changed: one from trust may not."""
    return not receipt["deleted_at"] and not receipt["from_trust"]


ACTS = (
    People.receive,
    People.receive,
    People.correct_receipt,
    People.delete_receipt,
    People.credit,
    People.delete_credit,
    People.edit_bill,
    People.edit_bill,
    People.delete_bill,
    People.add_bill,
    People.add_bill,
)
