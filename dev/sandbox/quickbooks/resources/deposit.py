"""Deposits: payments brought to the bank. Made by people; clients may delete them."""

from __future__ import annotations

from decimal import Decimal

from ..company import Call, Object, bump, touch
from ..faults import business, not_found
from .base import today
from .payment import check_deposited
from .transaction import Transaction


class Deposit(Transaction):
    """What a person brought to the bank in one go."""

    entity = "Deposit"
    operations = frozenset({"delete"})

    def make(self, call: Call, payment_ids: list[str], account_id: str) -> Object:
        """Deposit payments to a bank account; their SyncToken stays (recorded)."""
        payments = [
            call.company.get("Payment", payment_id) for payment_id in payment_ids
        ]
        if not payments or None in payments:
            raise not_found()
        for payment in payments:
            check_deposited(payment)
            if not payment["TotalAmt"]:
                raise business("A payment of nothing cannot be deposited.")
        obj = {
            "Id": call.company.new_id(self.entity),
            "SyncToken": "0",
            "TxnDate": today(),
            "TotalAmt": sum((row["TotalAmt"] for row in payments), Decimal(0)),
            "DepositToAccountRef": {"value": account_id},
            "CurrencyRef": payments[0]["CurrencyRef"],
            "Line": [_line(payment) for payment in payments],
        }
        return self.save(call, obj, None)

    def take_out(self, call: Call, payment: Object) -> None:
        """Take a payment out of its deposit; one without payments is deleted."""
        links = [x for x in payment.get("LinkedTxn", []) if x["TxnType"] == "Deposit"]
        if not links:
            raise business("This payment has not been deposited.")
        deposit = call.company.objects[self.entity][links[0]["TxnId"]]
        rest = [row for row in deposit["Line"] if _payment_id(row) != payment["Id"]]
        del payment["LinkedTxn"]
        touch(payment)
        if not rest:
            call.company.bury(self.entity, deposit)
            return
        total = sum((row["Amount"] for row in rest), Decimal(0))
        deposit |= {"Line": rest, "TotalAmt": total}
        bump(deposit)
        touch(deposit)

    def remember(self, call: Call, obj: Object | None, current: Object | None) -> None:
        """Show the deposit on its payments."""
        for row in (obj or current or {})["Line"]:
            payment = call.company.get("Payment", _payment_id(row))
            if payment is not None and obj is not None:
                payment["LinkedTxn"] = [{"TxnId": obj["Id"], "TxnType": "Deposit"}]
            elif payment is not None:
                payment.pop("LinkedTxn", None)


def _payment_id(line: Object) -> str:
    return line["LinkedTxn"][0]["TxnId"]


def _line(payment: Object) -> Object:
    link = {"TxnId": payment["Id"], "TxnType": "Payment", "TxnLineId": "0"}
    return {"Amount": payment["TotalAmt"], "LinkedTxn": [link]}
