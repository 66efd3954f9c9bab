"""Invoices."""

from __future__ import annotations

from datetime import date, timedelta

from ..company import Call, Object
from .base import value_of
from .sales import SalesForm

DUE_DAYS = 30


class Invoice(SalesForm):
    """What a client has to pay."""

    entity = "Invoice"
    operations = frozenset({"create", "update", "delete", "void"})
    defaults = {
        "AllowIPNPayment": False,
        "AllowOnlinePayment": False,
        "AllowOnlineCreditCardPayment": False,
        "AllowOnlineACHPayment": False,
        "ApplyTaxAfterDiscount": False,
        "PrintStatus": "NeedToPrint",
        "EmailStatus": "NotSet",
    }

    def settle_rest(
        self, call: Call, obj: Object, customer: Object, current: Object | None
    ) -> None:
        """Set the due date by the terms: the form's, the customer's, else 30 days."""
        super().settle_rest(call, obj, customer, current)
        if "DueDate" not in obj:
            terms = obj.get("SalesTermRef") or customer.get("SalesTermRef")
            term = call.get("Term", value_of(terms) or "") or {}
            days = int(term.get("DueDays", DUE_DAYS))
            due = date.fromisoformat(obj["TxnDate"]) + timedelta(days=days)
            obj["DueDate"] = due.isoformat()

    def void(self, call: Call, payload: Object) -> Object:
        """Set all amounts to zero; number, customer and dates stay (recorded)."""
        current = self.current(call, payload)
        self.check_open(call, current["TxnDate"])
        return self.save(call, self.voided(call, current), current)
