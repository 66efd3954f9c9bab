"""Sales forms: what invoices, credit memos and receipts have in common."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from ..company import Call, Object, as_decimal, bump, snapshot
from ..faults import Fault, business, missing
from ..links import Target
from ..schema import money
from . import applications
from .base import resolve, today, value_of
from .lines import build_lines, discount, subtotal, subtotal_line
from .payment import link_credits
from .taxation import mode_of, tax_detail
from .transaction import ZERO, Transaction, in_home_currency, mark_voided, named

# Other references of a form and the entity each must exist in.
REFERENCES = {"DepositToAccountRef": "Account", "ARAccountRef": "Account"}
NAMED_REFERENCES = {
    "SalesTermRef": "Term",
    "ClassRef": "Class",
    "DepartmentRef": "Department",
    "PaymentMethodRef": "PaymentMethod",
}


class SalesForm(Transaction):
    """A transaction with lines sold to a customer."""

    # Sign with which the open amount counts in the customer's balance.
    balance_sign = 1
    defaults: dict[str, Any] = {}
    # The switch for removing a form that is settled, and what the refusal says.
    removal_switch = ""
    settled_text = ""

    # Operations

    def create(self, call: Call, payload: Object) -> Object:
        """Make a form; QBO may apply the customer's credits at once."""
        obj = super().create(call, payload)
        link_credits(call, value_of(obj["CustomerRef"]) or "")
        return obj

    def void(self, call: Call, payload: Object) -> Object:
        """Set all amounts to zero; number, customer and dates stay (recorded)."""
        current = self.current(call, payload)
        self.check_open(call, current["TxnDate"])
        self.check_settled(call, current)
        obj = self.voided(current)
        applications.release(call, self.target(current))
        return self.save(call, obj, current)

    def target(self, obj: Object) -> Target:
        """Return the form as what payments settle."""
        return (self.entity, obj["Id"])

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

    def check_references(self, call: Call, obj: Object) -> None:
        """Raise Fault when another object that is named does not exist."""
        for name, entity in REFERENCES.items():
            if name in obj:
                resolve(call, entity, obj[name], name)
        for name, entity in NAMED_REFERENCES.items():
            if name in obj:
                obj[name] = named(call, entity, obj[name], name)

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
        """Set what is left: open amount, rate, links."""
        applied = ZERO
        if current is not None:
            applied = as_decimal(current["TotalAmt"]) - as_decimal(current["Balance"])
            applied -= as_decimal(current.get("Deposit"))
        self.settle_rate(call, obj)
        if call.company.multicurrency:
            obj["HomeTotalAmt"] = in_home_currency(obj, obj["TotalAmt"])
        left = obj["TotalAmt"] - applied - as_decimal(obj.get("Deposit"))
        applications.set_open(obj, left)
        if current is not None:
            self.check_applied(call, obj, current)
        obj["LinkedTxn"] = list((current or {}).get("LinkedTxn", []))
        obj["CustomField"] = obj.get("CustomField") or self.custom_fields(call)
        if obj.get("EmailStatus") == "NeedToSend" and "BillEmail" not in obj:
            raise Fault("6420", "Enter an email address.", "BillEmail")

    def check_applied(self, call: Call, obj: Object, current: Object) -> None:
        """Raise Fault 6000 for a change that what is applied does not allow."""
        if call.person or not call.company.links.payments(self.target(current)):
            return
        moved = value_of(obj["CustomerRef"]) != value_of(current["CustomerRef"])
        if moved and call.switches["paid_form_customer"] == "refuse":
            raise business(
                "The customer cannot be changed because payments or credits are "
                "linked to this transaction."
            )
        low = obj["Balance"] < 0 <= as_decimal(current["Balance"])
        if low and call.switches["total_below_applied"] == "refuse":
            raise business(
                "The total cannot be less than the payments and credits applied to "
                "this transaction."
            )

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

    # Removal

    def check_settled(self, call: Call, current: Object) -> None:
        """Raise Fault 6000 when something is linked, unless the switch unlinks it."""
        linked = call.company.links.payments(self.target(current))
        if not linked or call.person or call.switches[self.removal_switch] == "unlink":
            return
        raise business(self.settled_text)

    def check_removal(self, call: Call, current: Object) -> None:
        """Neither closed books nor settled forms are changed."""
        super().check_removal(call, current)
        self.check_settled(call, current)

    # Effects

    def save(self, call: Call, obj: Object, current: Object | None) -> Object:
        """Store the form; its payments show what is open of it now."""
        obj = super().save(call, obj, current)
        applications.describe_payments(call.company, self.target(obj))
        return obj

    def remember(self, call: Call, obj: Object | None, current: Object | None) -> None:
        """Carry the open amount over to the customer's balance."""
        if current is not None:
            self.release(call, obj, current)
        for form, sign in ((current, -1), (obj, 1)):
            if form is not None:
                customer_id = value_of(form.get("CustomerRef")) or ""
                open_amount = as_decimal(form.get("Balance"))
                amount = open_amount * sign * self.balance_sign
                call.company.change_balance(customer_id, amount)

    def release(self, call: Call, obj: Object | None, current: Object) -> None:
        """Take back applications that the form no longer bears."""
        target = self.target(current)
        if not call.company.links.payments(target):
            return
        if obj is None:
            applications.release(call, target)
            return
        moved = value_of(obj["CustomerRef"]) != value_of(current["CustomerRef"])
        below = obj["Balance"] < 0 <= as_decimal(current["Balance"])
        if not moved and not below:
            return
        excess = None if moved else -obj["Balance"]
        released = applications.release(call, target, excess)
        applications.set_open(obj, obj["Balance"] + released)
        if "LinkedTxn" in obj:
            known = obj["LinkedTxn"]
            obj["LinkedTxn"] = applications.links_shown(call.company, target, known)

    def voided(self, current: Object) -> Object:
        """Return the form with all amounts at zero and the note that says so."""
        obj = snapshot(current)
        for line in obj["Line"]:
            if "Amount" in line:
                line["Amount"] = ZERO
            detail = line.get("SalesItemLineDetail", {})
            if "Qty" in detail:
                detail["Qty"] = ZERO
        obj |= {"TotalAmt": ZERO, "LinkedTxn": []}
        if "HomeTotalAmt" in obj:
            obj["HomeTotalAmt"] = ZERO
        applications.set_open(obj, ZERO)
        obj["TxnTaxDetail"] = {"TotalTax": ZERO}
        mark_voided(obj)
        bump(obj)
        return obj
