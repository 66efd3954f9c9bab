"""What a person does in QBO itself, beyond editing an object. See ``admin.py``."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from .company import Call, Object, as_decimal, bump, touch
from .faults import business, not_found
from .resources import BY_ENTITY
from .resources.applications import take_back
from .resources.base import value_of
from .resources.names import TRANSACTIONS, NameList
from .resources.payment import apply_credit, apply_money
from .schema import money

Act = Callable[[Call, Object], Any]
# Before every document of the sample firms.
RATES_SINCE = "2020-01-01"


def found(call: Call, entity: str, object_id: Any) -> Object:
    """Return an object; raise Fault 610."""
    obj = call.company.get(entity, str(object_id))
    if obj is None:
        raise not_found()
    return obj


def amount_of(body: Object) -> Decimal | None:
    """Return the amount of a request with two places, None when there is none."""
    given = body.get("amount")
    return None if given is None else money(Decimal(str(given)))


def pay(call: Call, body: Object) -> Object:
    """Receive a payment for an invoice, its whole balance by default."""
    invoice = found(call, "Invoice", body["invoice"])
    amount = amount_of(body)
    amount = as_decimal(invoice["Balance"]) if amount is None else amount
    link = {"TxnId": invoice["Id"], "TxnType": "Invoice"}
    applied = min(amount, as_decimal(invoice["Balance"]))
    values = {
        "CustomerRef": invoice["CustomerRef"],
        "CurrencyRef": invoice["CurrencyRef"],
        "TotalAmt": amount,
        "Line": [{"Amount": applied, "LinkedTxn": [link]}],
        "TxnDate": body.get("date"),
        "PaymentRefNum": body.get("reference"),
        "ExchangeRate": invoice.get("ExchangeRate"),
    }
    for name, key in (
        ("DepositToAccountRef", "account"),
        ("PaymentMethodRef", "method"),
    ):
        if body.get(key):
            values[name] = {"value": str(body[key])}
    return BY_ENTITY["Payment"].create(call, values)


def apply(call: Call, body: Object) -> Object:
    """Apply a credit memo, or a payment, to an invoice, as much as fits by default."""
    invoice_id, amount = str(body["invoice"]), amount_of(body)
    if "payment" in body:
        payment = found(call, "Payment", body["payment"])
        return apply_money(call, payment, invoice_id, amount)
    return apply_credit(call, str(body["credit"]), invoice_id, amount)


def unapply(call: Call, body: Object) -> Object:
    """Take a payment, or a credit memo, off its invoices or off the one named.

    The money of a payment stays as unapplied; payments that only applied the credit
    are deleted. Answers the payment or the credit memo.
    """
    company, amount = call.company, amount_of(body)
    if "payment" in body:
        obj, wanted = found(call, "Payment", body["payment"]), None
        payments = [obj["Id"]]
    else:
        obj = found(call, "CreditMemo", body["credit"])
        wanted = ("CreditMemo", obj["Id"])
        payments = company.links.payments(wanted)
    if "invoice" in body:
        wanted = ("Invoice", str(body["invoice"]))
    work = [
        (payment_id, target)
        for payment_id in payments
        for target in company.links.by_payment.get(payment_id, {})
        if target == (wanted or target)
    ]
    if not work:
        raise business("This is not applied to anything named.")
    for payment_id, target in work:
        # What goes by itself, the other side of a credit, is gone already.
        if company.links.amount(payment_id, target):
            take_back(call, payment_id, target, amount)
    return obj


def void(call: Call, body: Object) -> Object:
    """Void a transaction; credit memos too, which only people can."""
    payload = {"Id": str(body["id"]), "SyncToken": "0"}
    return BY_ENTITY[body["entity"]].void(call, payload)


def deposit(call: Call, body: Object) -> Object:
    """Bring payments to the bank; to undo it, delete the Deposit or undeposit."""
    account_id = str(body.get("account") or first_bank(call))
    return BY_ENTITY["Deposit"].make(call, ids_of(body["payment"]), account_id)


def undeposit(call: Call, body: Object) -> Object:
    """Take payments out of their deposit; answers the last of them."""
    payments = [found(call, "Payment", one) for one in ids_of(body["payment"])]
    for payment in payments:
        BY_ENTITY["Deposit"].take_out(call, payment)
    return payments[-1]


def ids_of(given: Any) -> list[str]:
    """Return an id or a list of ids as a list."""
    return [str(one) for one in (given if isinstance(given, list) else [given])]


def first_bank(call: Call) -> str:
    """Return the id of the company's first bank account."""
    banks = (row for row in call.company.all("Account") if row["AccountType"] == "Bank")
    bank = next(banks, None)
    if bank is None:
        raise business("There is no bank account.")
    return bank["Id"]


def match(call: Call, body: Object) -> Object:
    """Match a transaction with the bank feed, or undo that (``matched`` false)."""
    entity = body.get("entity", "Payment")
    obj = found(call, entity, body.get("id") or body.get("payment"))
    key = (entity, obj["Id"])
    if body.get("matched", True):
        call.company.matched.add(key)
    else:
        call.company.matched.discard(key)
    return obj


def rename(call: Call, body: Object) -> Object:
    """Give an object of a list another name."""
    resource = BY_ENTITY[body["entity"]]
    if not isinstance(resource, NameList):
        raise ValueError(f"{body['entity']} has no name")
    payload = {"Id": str(body["id"]), "SyncToken": "0", "sparse": True}
    return resource.update(call, {**payload, resource.name_field: body["name"]})


def inactivate(call: Call, body: Object) -> Object:
    """Make an object of a list inactive, or active again (``active`` true)."""
    resource = BY_ENTITY[body["entity"]]
    active = bool(body.get("active", False))
    if not resource.is_list:
        raise ValueError(f"{body['entity']} is not a list")
    if not isinstance(resource, NameList):
        obj = found(call, body["entity"], body["id"])
        obj["Active"] = active
        bump(obj)
        touch(obj)
        return obj
    payload = {"Id": str(body["id"]), "SyncToken": "0", "sparse": True}
    return resource.update(call, {**payload, "Active": active})


def close_books(call: Call, body: Object) -> Object:
    """Close the books up to a date, with a password or without; null opens them."""
    preferences = call.company.preferences
    group = preferences.setdefault("AccountingInfoPrefs", {})
    group.pop("BookCloseDate", None)
    if body.get("date"):
        group["BookCloseDate"] = str(body["date"])
    call.company.books_password = bool(body.get("password"))
    bump(preferences)
    touch(preferences)
    return preferences


def currencies(call: Call, body: Object) -> Object:
    """Turn multicurrency on, or off (``on`` false), and list foreign currencies.

    ``rates``: what one unit is worth in the home currency, by code, from ``date`` on
    (that of the sample firms' rates); null lists a currency without a rate.
    """
    preferences = call.company.preferences
    group = preferences.setdefault("CurrencyPrefs", {})
    group["MultiCurrencyEnabled"] = bool(body.get("on", True))
    bump(preferences)
    touch(preferences)
    for code, rate in body.get("rates", {}).items():
        list_currency(call, code)
        if rate is not None:
            values = {"SourceCurrencyCode": code, "Rate": str(rate)}
            values["AsOfDate"] = str(body.get("date", RATES_SINCE))
            BY_ENTITY["ExchangeRate"].create(call, values)
    return preferences


def list_currency(call: Call, code: str) -> None:
    """Put a currency into the company's list, or make it active there."""
    rows = call.company.all("CompanyCurrency")
    known = next((row for row in rows if row["Code"] == code), None)
    resource = BY_ENTITY["CompanyCurrency"]
    if known is None:
        resource.create(call, {"Code": code})
    elif not known["Active"]:
        payload = {"Id": known["Id"], "SyncToken": "0", "sparse": True, "Active": True}
        resource.update(call, payload)


def merge(call: Call, body: Object) -> Object:
    """Merge a customer into another one, which takes over all it has.

    What is left of it is the switch ``merged_customer``.
    """
    gone = found(call, "Customer", body["from"])
    kept = found(call, "Customer", body["into"])
    if gone is kept:
        raise ValueError("a customer cannot be merged with itself")
    check_mergeable(call, gone, kept)
    name = {"value": kept["Id"], "name": kept["DisplayName"]}
    for entity in TRANSACTIONS:
        for form in call.company.all(entity):
            if value_of(form.get("CustomerRef")) == gone["Id"]:
                form["CustomerRef"] = dict(name)
                bump(form)
                touch(form)
    move_jobs(call, gone, kept)
    balance = as_decimal(gone.get("Balance"))
    call.company.change_balance(gone["Id"], -balance)
    call.company.change_balance(kept["Id"], balance)
    leave(call, gone)
    touch(kept)
    return kept


def move_jobs(call: Call, gone: Object, kept: Object) -> None:
    """Put a customer's jobs below another one."""
    for job in list(call.company.all("Customer")):
        if value_of(job.get("ParentRef")) == gone["Id"]:
            payload = {"Id": job["Id"], "SyncToken": "0", "sparse": True}
            payload["ParentRef"] = {"value": kept["Id"]}
            BY_ENTITY["Customer"].update(call, payload)


def check_mergeable(call: Call, gone: Object, kept: Object) -> None:
    """Raise Fault 6000 for customers of two currencies or one below the other."""
    currencies = {
        value_of(row.get("CurrencyRef")) or call.company.currency
        for row in (gone, kept)
    }
    if len(currencies) > 1:
        raise business("Customers with different currencies cannot be merged.")
    above = kept
    while above:
        above = (
            call.company.get("Customer", value_of(above.get("ParentRef")) or "") or {}
        )
        if above is gone:
            raise business("A customer cannot be merged into one of its own jobs.")


def leave(call: Call, gone: Object) -> None:
    """Delete a merged customer, or make it inactive."""
    if call.switches["merged_customer"] == "deleted":
        call.company.bury("Customer", gone)
        return
    payload = {"Id": gone["Id"], "SyncToken": "0", "sparse": True, "Active": False}
    BY_ENTITY["Customer"].update(call, payload)


ACTS: dict[str, Act] = {
    "pay": pay,
    "apply": apply,
    "unapply": unapply,
    "void": void,
    "deposit": deposit,
    "undeposit": undeposit,
    "match": match,
    "rename": rename,
    "inactivate": inactivate,
    "close": close_books,
    "currencies": currencies,
    "merge": merge,
}
