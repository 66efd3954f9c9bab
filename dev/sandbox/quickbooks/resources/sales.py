"""Sales forms: what invoices, credit memos and receipts have in common."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from ..company import Call, Key, Object, as_decimal, snapshot
from ..faults import Fault, business, missing
from ..schema import money
from .base import Resource, resolve, today, value_of
from .lines import build_lines, discount, subtotal, subtotal_line
from .names import currency_reference
from .taxation import mode_of, tax_detail

ZERO = Decimal(0)
CLOSED = (
    "The account period has closed and the account books cannot be updated through "
    "through the QBO Services API. Please use the QBO website to make these changes."
)
# Other references of a form and the entity each must exist in.
REFERENCES = {
    "SalesTermRef": "Term",
    "ClassRef": "Class",
    "DepartmentRef": "Department",
    "PaymentMethodRef": "PaymentMethod",
    "DepositToAccountRef": "Account",
    "ARAccountRef": "Account",
}
VOIDED = "Voided"


class SalesForm(Resource):
    """A transaction with lines sold to a customer."""

    operations = frozenset({"create", "update", "delete"})
    # Sign with which the open amount counts in the customer's balance.
    balance_sign = 1
    defaults: dict[str, Any] = {}

    # Building

    def build(
        self, call: Call, values: Object, current: Object | None, given: Object
    ) -> Object:
        """Return the form with lines, tax, totals and defaults."""
        customer = self.customer(call, values, current, given)
        obj = {**self.defaults, **values}
        obj.setdefault("TxnDate", today())
        self.check_open(call, obj["TxnDate"], (current or {}).get("TxnDate"))
        obj["CurrencyRef"] = self.currency(call, obj, customer)
        obj["CustomerRef"] = {"value": customer["Id"], "name": customer["DisplayName"]}
        self.check_references(call, obj)
        self.copy_addresses(obj, customer, current)
        self.settle_lines(call, obj, current, given)
        self.settle_rest(call, obj, customer, current)
        self.settle_number(call, obj, current)
        return obj

    def customer(
        self, call: Call, values: Object, current: Object | None, given: Object
    ) -> Object:
        """Return the customer; lines that change need it named again."""
        if "CustomerRef" not in values:
            raise missing("CustomerRef")
        repeated = "CustomerRef" in given or "Line" not in given
        if current is not None and not repeated and not call.person:
            raise missing("CustomerRef")
        return resolve(call, "Customer", values["CustomerRef"], "CustomerRef")

    def currency(self, call: Call, obj: Object, customer: Object) -> Object:
        """Return the form's currency, which is the customer's."""
        company = call.company
        if company.multicurrency and "CurrencyRef" not in obj:
            raise missing("CurrencyRef")
        reference = currency_reference(call, obj.get("CurrencyRef"))
        own = value_of(customer.get("CurrencyRef")) or company.currency
        if reference["value"] != own:
            raise business(f"The customer's currency is {own}.")
        return reference

    def check_references(self, call: Call, obj: Object) -> None:
        """Raise Fault when another object that is named does not exist."""
        for name, entity in REFERENCES.items():
            if name in obj:
                resolve(call, entity, obj[name], name)

    def copy_addresses(
        self, obj: Object, customer: Object, current: Object | None
    ) -> None:
        """Take the addresses over from the customer where none are given."""
        for name in ("BillAddr", "ShipAddr"):
            if name not in obj and name in customer:
                obj[name] = snapshot(customer[name])

    def settle_lines(
        self, call: Call, obj: Object, current: Object | None, given: Object
    ) -> None:
        """Set lines, tax and total."""
        if not obj.get("Line"):
            raise missing("Line")
        mode = mode_of(call, obj)
        if "Line" in given and "TxnTaxDetail" not in given:
            # Tax lines of the stored form were computed, not given.
            code = obj.get("TxnTaxDetail", {}).get("TxnTaxCodeRef")
            obj["TxnTaxDetail"] = {"TxnTaxCodeRef": code} if code else {}
        lines = build_lines(call, obj["Line"], mode)
        sold = subtotal(lines)
        less = discount(lines, sold)
        after = obj.get("ApplyTaxAfterDiscount") or not call.company.is_us
        factor = (sold - less) / sold if after and sold else Decimal(1)
        obj["TxnTaxDetail"] = tax_detail(call, lines, obj, mode, factor)
        obj["TotalAmt"] = money(sold - less + obj["TxnTaxDetail"]["TotalTax"])
        if obj["TotalAmt"] < 0:
            raise business("Transaction amount must be 0 or greater.")
        obj["Line"] = [*lines, subtotal_line(sold)]
        # Has no meaning in the US: taken and not kept.
        obj.pop("GlobalTaxCalculation", None)
        if not call.company.is_us:
            obj["GlobalTaxCalculation"] = mode

    def settle_rest(
        self, call: Call, obj: Object, customer: Object, current: Object | None
    ) -> None:
        """Set what is left: open amount, dates, links."""
        applied = ZERO
        if current is not None:
            applied = as_decimal(current["TotalAmt"]) - as_decimal(current["Balance"])
            applied -= as_decimal(current.get("Deposit"))
        deposit = as_decimal(obj.get("Deposit"))
        obj["Balance"] = obj["TotalAmt"] - applied - deposit
        obj["LinkedTxn"] = list((current or {}).get("LinkedTxn", []))
        obj["CustomField"] = obj.get("CustomField") or self.custom_fields(call)
        if call.company.multicurrency:
            rate = as_decimal(obj.setdefault("ExchangeRate", Decimal(1)))
            obj["HomeTotalAmt"] = money(obj["TotalAmt"] * rate)
        else:
            obj.pop("ExchangeRate", None)
        if obj.get("EmailStatus") == "NeedToSend" and "BillEmail" not in obj:
            raise Fault("6420", "Enter an email address.", "BillEmail")

    def custom_fields(self, call: Call) -> list[Object]:
        """Return the company's own fields, without values."""
        fields = call.company.preference("SalesFormsPrefs", "CustomField") or []
        return [dict(field) for field in fields if "DefinitionId" in field]

    # Document numbers

    def settle_number(self, call: Call, obj: Object, current: Object | None) -> None:
        """Number the form, or leave it without a number, as the preference says."""
        company = call.company
        own = company.preference("SalesFormsPrefs", "CustomTxnNumbers", False)
        automatic = bool(obj.pop("AutoDocNumber", False)) or not own
        if "DocNumber" not in obj and automatic:
            known = (current or {}).get("DocNumber")
            obj["DocNumber"] = known or company.next_number()

    def check(self, call: Call, obj: Object, current: Object | None) -> None:
        """Refuse a number in use when the company wants to be warned."""
        warns = call.company.preference("SalesFormsPrefs", "CustomTxnNumbers", False)
        warns = warns and call.switches["warn_duplicate_number"] == "on"
        if not warns or call.person or "allowduplicatedocnum" in call.include:
            return
        if current and current.get("DocNumber") == obj.get("DocNumber"):
            return
        but = (self.entity, current["Id"]) if current else None
        for key in self.index_keys(obj):
            owner = call.company.owner(key, but)
            if owner:
                raise self.duplicate_number(call, obj["DocNumber"], owner[1])

    def duplicate_number(self, call: Call, number: str, owner_id: str) -> Fault:
        """Return the 6140; the switch says whether it names the other form."""
        detail = (
            "Duplicate Document Number Error : You must specify a different number. "
            "This number has already been used."
        )
        if call.switches["duplicate_number_detail"] == "id":
            detail += (
                f" DocNumber={number} is assigned to TxnType={self.entity} "
                f"with TxnId={owner_id}"
            )
        return Fault("6140", detail, "")

    def index_keys(self, obj: Object) -> list[Key]:
        """Find forms by number."""
        number = obj.get("DocNumber")
        return [(self.entity, "number", str(number))] if number else []

    # Closed books, removal

    def check_open(self, call: Call, *dates: str | None) -> None:
        """Raise Fault 6200 or 6210 for a date in the closed period."""
        if call.person:
            return
        switch = call.switches["closed_books"] or {}
        preference = call.company.preference("AccountingInfoPrefs", "BookCloseDate")
        closed = switch.get("date") or preference
        if closed and any(day and day <= str(closed) for day in dates):
            raise Fault("6210" if switch.get("password") else "6200", CLOSED, "")

    def check_removal(self, call: Call, current: Object) -> None:
        """Closed books stay as they are."""
        self.check_open(call, current.get("TxnDate"))

    def remember(self, call: Call, obj: Object | None, current: Object | None) -> None:
        """Carry the open amount over to the customer's balance."""
        for form, sign in ((current, -1), (obj, 1)):
            if form is not None:
                customer_id = value_of(form.get("CustomerRef")) or ""
                open_amount = as_decimal(form.get("Balance"))
                amount = open_amount * sign * self.balance_sign
                call.company.change_balance(customer_id, amount)

    def voided(self, call: Call, current: Object) -> Object:
        """Return the form with all amounts at zero and the note that says so."""
        obj = snapshot(current)
        for line in obj["Line"]:
            if "Amount" in line:
                line["Amount"] = ZERO
            detail = line.get("SalesItemLineDetail", {})
            if "Qty" in detail:
                detail["Qty"] = ZERO
        obj |= {"TotalAmt": ZERO, "Balance": ZERO, "LinkedTxn": []}
        obj["TxnTaxDetail"] = {"TotalTax": ZERO}
        note = obj.get("PrivateNote")
        obj["PrivateNote"] = f"{VOIDED} - {note}" if note else VOIDED
        obj["SyncToken"] = str(int(current["SyncToken"]) + 1)
        return obj

    def order(self, obj: Object) -> Any:
        """Sort newest first, as recorded."""
        day = date.fromisoformat(obj.get("TxnDate", "1970-01-01"))
        return (-day.toordinal(), -int(obj["Id"]))
