"""Invoices and credit memos."""

from __future__ import annotations

import calendar
from datetime import date, timedelta

from ..company import Call, Object
from .base import value_of
from .sales import SalesForm

DUE_DAYS = 30
FORM_DEFAULTS = {
    "ApplyTaxAfterDiscount": False,
    "PrintStatus": "NeedToPrint",
    "EmailStatus": "NotSet",
}


class Invoice(SalesForm):
    """What a client has to pay."""

    entity = "Invoice"
    operations = frozenset({"create", "update", "delete", "void"})
    removal_switch = "remove_paid_invoice"
    settled_text = (
        "Payments or credits are linked to this invoice. Unlink them before it is "
        "deleted or voided."
    )
    defaults = {
        **FORM_DEFAULTS,
        "AllowIPNPayment": False,
        "AllowOnlinePayment": False,
        "AllowOnlineCreditCardPayment": False,
        "AllowOnlineACHPayment": False,
    }

    def settle_rest(
        self, call: Call, obj: Object, customer: Object, current: Object | None
    ) -> None:
        """Set the due date by the terms: the form's, the customer's, else 30 days."""
        super().settle_rest(call, obj, customer, current)
        if "DueDate" not in obj:
            terms = obj.get("SalesTermRef") or customer.get("SalesTermRef")
            term = call.get("Term", value_of(terms) or "") or {}
            day = date.fromisoformat(obj["TxnDate"])
            obj["DueDate"] = due_date(term, day).isoformat()


class CreditMemo(SalesForm):
    """What a client need not pay; applied to invoices by payments of nothing."""

    entity = "CreditMemo"
    balance_sign = -1
    removal_switch = "remove_applied_credit"
    settled_text = (
        "This credit memo is applied to an invoice. Unlink it before it is deleted."
    )
    defaults = {**FORM_DEFAULTS, "RemainingCredit": 0}

    def settle_rest(
        self, call: Call, obj: Object, customer: Object, current: Object | None
    ) -> None:
        """Leave out what credit memos do not have; InvoiceRef applies nothing."""
        super().settle_rest(call, obj, customer, current)
        obj.pop("DueDate", None)
        # Recorded answers show no links of a credit memo, applied or not.
        obj.pop("LinkedTxn", None)
        if call.switches["credit_invoice_ref"] == "drop":
            obj.pop("InvoiceRef", None)

    def voided(self, current: Object) -> Object:
        """Return the memo as a person leaves it who voids it in QBO."""
        obj = super().voided(current)
        del obj["LinkedTxn"]
        return obj


def due_date(term: Object, day: date) -> date:
    """Return when a form of a day is due: days later, or a day of a month."""
    if "DayOfMonthDue" not in term or "DueDays" in term:
        return day + timedelta(days=int(term.get("DueDays", DUE_DAYS)))
    wanted = int(term["DayOfMonthDue"])
    month = day.month + (day.day > wanted - int(term.get("DueNextMonthDays", 0)))
    year, month = day.year + month // 13, (month - 1) % 12 + 1
    last = calendar.monthrange(year, month)[1]
    return date(year, month, min(wanted, last))
