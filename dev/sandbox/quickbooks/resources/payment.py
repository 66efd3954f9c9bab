"""Payments of customers, and the application of credits by payments of nothing."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from ..company import Call, Object, as_decimal, bump, snapshot
from ..faults import (
    Fault,
    bad_reference,
    business,
    cannot_link,
    deposited,
    missing,
    negative,
    not_found,
    wrong_account,
)
from ..links import Target
from ..schema import check_length
from . import applications
from .applications import CHARGE, CREDIT, open_amount, target_of
from .base import resolve, today, value_of
from .catalogue import Account
from .transaction import ZERO, Transaction, mark_voided

TYPES = ("Invoice", "CreditMemo", "JournalEntry")
# Known to QBO, not kept by this server.
OTHER_TYPES = ("Expense", "Check", "CreditCardCredit")
DEPOSIT_TYPES = ("Bank", "Other Current Asset")
LINK = "Line.LinkedTxn.TxnId"
MATCHED = (
    "This transaction is matched to a downloaded transaction. To change it, unmatch "
    "the transaction first."
)
# What QBO writes into the payments it makes itself (recorded).
LINKING_NOTE = "Created by QB Online to link credits to charges."


class Payment(Transaction):
    """Money received, and what it settles."""

    entity = "Payment"
    operations = frozenset({"create", "update", "delete", "void"})
    void_by_update = True

    # Operations

    def update(self, call: Call, payload: Object) -> Object:
        """Change a payment; what a sparse update must name is disputed."""
        if payload.get("sparse") and not call.person:
            check_sparse(call, payload)
        return super().update(call, payload)

    def void(self, call: Call, payload: Object) -> Object:
        """Set the amount to zero and settle nothing; the note says so."""
        if call.switches["payment_sparse"] == "refuse" and not call.person:
            check_sparse(call, payload)
        current = self.current(call, payload)
        check_deposited(current)
        self.check_open(call, current["TxnDate"])
        obj = snapshot(current)
        obj |= {"TotalAmt": ZERO, "UnappliedAmt": ZERO, "Line": []}
        self.check_matched(call, obj, current)
        mark_voided(obj)
        bump(obj)
        return self.save(call, obj, current)

    def seed(self, call: Call, obj: Object) -> None:
        """Remember what a payment of the starting data settles."""
        super().seed(call, obj)
        amounts = {target_of(line): line["Amount"] for line in obj.get("Line", [])}
        call.company.links.replace(obj["Id"], amounts)

    # Building

    def build(
        self, call: Call, values: Object, current: Object | None, given: Object
    ) -> Object:
        """Return the payment with its lines, accounts and what is left of it."""
        for name in ("CustomerRef", "TotalAmt"):
            if name not in values:
                raise missing(name)
        customer = resolve(call, "Customer", values["CustomerRef"], "CustomerRef")
        obj = {"ProcessPayment": False, **values}
        obj.setdefault("TxnDate", today())
        if current is not None:
            check_deposited(current)
        self.check_open(call, obj["TxnDate"], (current or {}).get("TxnDate"))
        obj["CustomerRef"] = {"value": customer["Id"], "name": customer["DisplayName"]}
        obj["CurrencyRef"] = self.currency(call, obj, customer)
        self.settle_rate(call, obj)
        limit = call.switches["payment_ref_length"]
        check_length("PaymentRefNum", obj.get("PaymentRefNum", ""), limit)
        self.settle_accounts(call, obj)
        obj.pop("LinkedTxn", None)
        self.settle_lines(call, obj, current)
        return obj

    def settle_accounts(self, call: Call, obj: Object) -> None:
        """Check method and accounts; money goes to Undeposited Funds by default."""
        if "PaymentMethodRef" in obj:
            method = resolve(
                call, "PaymentMethod", obj["PaymentMethodRef"], "PaymentMethodRef"
            )
            obj["PaymentMethodRef"] = {"value": method["Id"]}
        wanted = {
            "DepositToAccountRef": DEPOSIT_TYPES,
            "ARAccountRef": ("Accounts Receivable",),
        }
        for name, kinds in wanted.items():
            if name in obj:
                account = resolve(call, "Account", obj[name], name)
                if account["AccountType"] not in kinds:
                    raise wrong_account(name)
                obj[name] = {"value": account["Id"]}
        if "DepositToAccountRef" not in obj and obj["TotalAmt"]:
            obj["DepositToAccountRef"] = {"value": undeposited_funds(call)}

    def settle_lines(self, call: Call, obj: Object, current: Object | None) -> None:
        """Check what the payment settles and set what is left of it."""
        company, amount = call.company, obj["TotalAmt"]
        if amount < 0:
            raise business("Transaction amount must be 0 or greater.")
        lines = applied_lines(call, obj, current)
        if call.switches["over_application"] == "cap":
            applications.balance_sides(company, lines, amount)
            lines = [line for line in lines if line["Amount"] > 0]
        charges = applications.total(company, lines, CHARGE)
        credits = applications.total(company, lines, CREDIT)
        if charges - credits > amount:
            raise business("The amount applied is greater than the amount received.")
        if credits > charges:
            raise business("The credits applied are greater than what they pay.")
        obj["Line"] = lines
        obj["UnappliedAmt"] = applications.unapplied_of(company, lines, amount)

    # Checks

    def check(self, call: Call, obj: Object, current: Object | None) -> None:
        """Refuse a payment of nothing, and changes of what the bank feed confirms."""
        is_empty = not obj["TotalAmt"] and not obj["Line"]
        was_empty = current is not None and not current["TotalAmt"]
        refused = call.switches["empty_payment"] == "refuse"
        if is_empty and not was_empty and refused:
            raise business("Enter an amount, or select what this payment applies to.")
        if current is not None:
            self.check_matched(call, obj, current)

    def check_matched(self, call: Call, obj: Object, current: Object) -> None:
        """Raise Fault 6000 when money, date or account of a matched payment change."""
        if call.person or call.switches["matched_update"] == "accept":
            return
        names = ("TotalAmt", "TxnDate", "DepositToAccountRef")
        changed = any(obj.get(name) != current.get(name) for name in names)
        if changed and (self.entity, current["Id"]) in call.company.matched:
            raise business(MATCHED)

    def check_removal(self, call: Call, current: Object) -> None:
        """What is deposited, matched or in a closed period cannot be deleted."""
        check_deposited(current)
        super().check_removal(call, current)

    # Effects

    def remember(self, call: Call, obj: Object | None, current: Object | None) -> None:
        """Settle what the lines say; unapplied money is the customer's credit."""
        for payment, sign in ((current, 1), (obj, -1)):
            if payment is not None:
                customer_id = value_of(payment["CustomerRef"]) or ""
                unapplied = as_decimal(payment["UnappliedAmt"])
                call.company.change_balance(customer_id, sign * unapplied)
        payment_id = (obj or current or {})["Id"]
        applications.apply(call, payment_id, obj["Line"] if obj else [])
        if obj is not None:
            applications.describe_lines(call.company, obj)


# --- Lines ----------------------------------------------------------------------------


def applied_lines(call: Call, obj: Object, current: Object | None) -> list[Object]:
    """Return the lines in their own shape; raise Fault for what cannot be settled."""
    own = call.company.links.by_payment.get((current or {}).get("Id", ""), {})
    used: dict[Target, Decimal] = {}
    lines = []
    for row in obj.get("Line", []):
        target, amount = _read_line(row)
        _check_document(call, obj, target)
        free = open_amount(call.company, target) + own.get(target, ZERO)
        free -= used.get(target, ZERO)
        amount = _fitting(call, target, amount, free)
        used[target] = used.get(target, ZERO) + amount
        link = {"TxnId": target[1], "TxnType": target[0]}
        if amount:
            lines.append({"Amount": amount, "LinkedTxn": [link]})
    return lines


def _read_line(row: Object) -> tuple[Target, Decimal]:
    if "Amount" not in row:
        raise missing("Line.Amount")
    if row["Amount"] < 0:
        raise negative("Line.Amount")
    links = row.get("LinkedTxn") or []
    if not links:
        raise missing("LinkedTxn")
    if len(links) > 1:
        raise business("A line can be linked to one transaction only.")
    for name in ("TxnId", "TxnType"):
        if name not in links[0]:
            raise missing(f"LinkedTxn.{name}")
    return target_of(row), row["Amount"]


def _check_document(call: Call, obj: Object, target: Target) -> None:
    """Raise Fault when a document is unknown, another customer's or in other money."""
    kind, object_id = target
    if kind in OTHER_TYPES:
        raise bad_reference(LINK)
    if kind not in TYPES:
        raise Fault("2170", f"Invalid Enumeration : {kind}", "Line.LinkedTxn.TxnType")
    document = call.get(kind, object_id)
    if document is None:
        raise not_found()
    owner = applications.customer_of(call.company, target)
    if not may_pay(call, value_of(obj["CustomerRef"]) or "", owner):
        raise cannot_link(object_id)
    if value_of(document.get("CurrencyRef")) != value_of(obj["CurrencyRef"]):
        raise business("All linked transactions must be in the payment's currency.")


def _fitting(call: Call, target: Target, amount: Decimal, free: Decimal) -> Decimal:
    """Return how much of a line's amount is taken, by the switch."""
    mode = call.switches["over_application"]
    if amount <= free or mode == "accept":
        return amount
    if mode == "cap":
        return max(free, ZERO)
    if free <= 0:
        raise cannot_link(target[1])
    raise business(
        f"The amount {amount} is greater than the open balance {free} of the "
        "transaction it is applied to."
    )


def may_pay(call: Call, payer_id: str, owner_id: str) -> bool:
    """Tell whether one customer may pay for another: itself, or a job by its parent."""
    rule = call.switches["payment_by_parent"]
    while owner_id and owner_id != payer_id and rule != "never":
        owner = call.company.get("Customer", owner_id) or {}
        if rule == "bill_with_parent" and not owner.get("BillWithParent"):
            return False
        owner_id = value_of(owner.get("ParentRef")) or ""
    return bool(owner_id) and owner_id == payer_id


# --- Small rules ----------------------------------------------------------------------


def check_sparse(call: Call, payload: Object) -> None:
    """Raise Fault 2020 for what a sparse update leaves out, by the switch.

    Recorded: a new note alone is taken. Observed by others: a new amount without the
    customer is refused, and one report says that voids need the full object.
    """
    mode = call.switches["payment_sparse"]
    required: Iterable[str] = ()
    if mode == "refuse":
        required = ("CustomerRef", "TotalAmt")
    elif mode == "strict" and ("TotalAmt" in payload or "Line" in payload):
        required = ("CustomerRef",)
    for name in required:
        if not payload.get(name):
            raise missing(name)


def check_deposited(payment: Object) -> None:
    """Raise Fault 6540 for a payment that is part of a deposit."""
    links = payment.get("LinkedTxn", [])
    if any(link["TxnType"] == "Deposit" for link in links):
        raise deposited()


def undeposited_funds(call: Call) -> str:
    """Return the id of the account, which QBO makes when there is none."""
    for account in call.company.all("Account"):
        if account.get("AccountSubType") == "UndepositedFunds":
            return account["Id"]
    maker = Call(call.company, call.switches, person=True)
    values = {"Name": "Undeposited Funds", "AccountSubType": "UndepositedFunds"}
    return Account().create(maker, values)["Id"]


# --- Application of credit ------------------------------------------------------------


def apply_credit(
    call: Call, credit_id: str, invoice_id: str, amount: Decimal | None = None
) -> Object:
    """Make the zero-amount payment with which QBO itself applies a credit."""
    company = call.company
    targets = (("Invoice", invoice_id), ("CreditMemo", credit_id))
    if amount is None:
        amount = min(open_amount(company, target) for target in targets)
    invoice = company.get(*targets[0])
    if invoice is None or company.get(*targets[1]) is None:
        raise not_found()
    lines = [
        {"Amount": amount, "LinkedTxn": [{"TxnId": object_id, "TxnType": kind}]}
        for kind, object_id in targets
    ]
    values = {name: invoice[name] for name in ("CustomerRef", "CurrencyRef")}
    values |= {"TotalAmt": 0, "PrivateNote": LINKING_NOTE, "Line": lines}
    if "ExchangeRate" in invoice:
        values["ExchangeRate"] = invoice["ExchangeRate"]
    return Payment().create(Call(company, call.switches, person=True), values)


def apply_money(
    call: Call, payment: Object, invoice_id: str, amount: Decimal | None = None
) -> Object:
    """Apply what is left of a payment to an invoice, as much as fits by default."""
    target = ("Invoice", invoice_id)
    if call.company.get(*target) is None:
        raise not_found()
    if amount is None:
        amount = min(payment["UnappliedAmt"], open_amount(call.company, target))
    if amount <= 0:
        raise business("There is nothing to apply.")
    amounts = dict(call.company.links.by_payment.get(payment["Id"], {}))
    amounts[target] = amounts.get(target, ZERO) + amount
    lines = [
        {"Amount": part, "LinkedTxn": [{"TxnId": object_id, "TxnType": kind}]}
        for (kind, object_id), part in amounts.items()
    ]
    payload = {"Id": payment["Id"], "SyncToken": "0", "sparse": True, "Line": lines}
    return Payment().update(call, payload)


def link_credits(call: Call, customer_id: str) -> None:
    """Apply a customer's open credits to open invoices, oldest first, as QBO may do.

    Only with the preference AutoApplyCredit (switch ``auto_apply_credit``).
    """
    wanted = call.company.preference("SalesFormsPrefs", "AutoApplyCredit", False)
    if not wanted or call.switches["auto_apply_credit"] == "off":
        return
    for credit in _open_forms(call, "CreditMemo", customer_id):
        for invoice in _open_forms(call, "Invoice", customer_id):
            if credit["Balance"] > 0:
                apply_credit(call, credit["Id"], invoice["Id"])


def _open_forms(call: Call, entity: str, customer_id: str) -> list[Object]:
    forms = (
        form
        for form in call.company.all(entity)
        if value_of(form["CustomerRef"]) == customer_id
        and as_decimal(form["Balance"]) > 0
    )
    return sorted(forms, key=lambda form: (form["TxnDate"], int(form["Id"])))
