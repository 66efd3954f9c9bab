"""What payments are applied to: invoices, credit memos and journal entries.

The lines of the payments are the truth; from them follow the open amounts, the links
and the customers' balances. What is settled gets a new SyncToken (observed; switch
``payment_bumps_invoice``) and the lines of all its payments show what was open to them.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from ..company import Call, Company, Object, as_decimal, bump, snapshot, touch
from ..links import Target
from .base import value_of
from .transaction import ZERO, in_home_currency

NAME_VALUE = {
    "name": "{http://schema.intuit.com/finance/v3}NameValue",
    "declaredType": "com.intuit.schema.finance.v3.NameValue",
    "scope": "javax.xml.bind.JAXBElement$GlobalScope",
    "nil": False,
    "globalScope": True,
    "typeSubstituted": False,
}
CHARGE, CREDIT = 1, -1


# --- What a document is to a payment --------------------------------------------------


def target_of(line: Object) -> Target:
    """Return entity and id of what a payment's line settles."""
    link = line["LinkedTxn"][0]
    return (link["TxnType"], str(link["TxnId"]))


def receivable(company: Company, journal: Object) -> tuple[str, Decimal]:
    """Return customer and amount (debit above zero) of an entry's A/R lines."""
    customer, amount = "", ZERO
    for line in journal.get("Line", []):
        detail = line.get("JournalEntryLineDetail", {})
        account = company.get("Account", value_of(detail.get("AccountRef")) or "") or {}
        if account.get("AccountType") == "Accounts Receivable":
            customer = value_of(detail.get("Entity", {}).get("EntityRef")) or ""
            sign = 1 if detail["PostingType"] == "Debit" else -1
            amount += sign * line["Amount"]
    return customer, amount


def side(company: Company, target: Target) -> int:
    """Return CHARGE for what a customer owes and CREDIT for what they are owed."""
    if target[0] != "JournalEntry":
        return CREDIT if target[0] == "CreditMemo" else CHARGE
    journal = company.get(*target)
    return CREDIT if journal and receivable(company, journal)[1] < 0 else CHARGE


def customer_of(company: Company, target: Target) -> str:
    """Return the id of a document's customer."""
    document = company.get(*target) or {}
    if target[0] == "JournalEntry":
        return receivable(company, document)[0]
    return value_of(document.get("CustomerRef")) or ""


def open_amount(company: Company, target: Target) -> Decimal:
    """Return what is still to be settled of a document; zero or more as a rule."""
    document = company.get(*target) or {}
    if target[0] != "JournalEntry":
        return as_decimal(document.get("Balance"))
    return abs(receivable(company, document)[1]) - company.links.settled(target)


def set_open(obj: Object, amount: Decimal) -> None:
    """Set what is open of a sales form, in all the properties that say so."""
    obj["Balance"] = amount
    if "RemainingCredit" in obj:
        obj["RemainingCredit"] = amount
    if "HomeTotalAmt" in obj:
        obj["HomeBalance"] = in_home_currency(obj, amount)


def links_shown(company: Company, target: Target, known: list[Object]) -> list[Object]:
    """Return an invoice's LinkedTxn: what it had besides payments, and these."""
    kept = [link for link in known if link.get("TxnType") != "Payment"]
    paid = [
        {"TxnId": payment_id, "TxnType": "Payment"}
        for payment_id in company.links.payments(target)
    ]
    return [*kept, *paid]


# --- Applying -------------------------------------------------------------------------


def total(company: Company, lines: Iterable[Object], wanted: int) -> Decimal:
    """Return the sum of the lines on one side."""
    return sum(
        (line["Amount"] for line in lines if side(company, target_of(line)) == wanted),
        ZERO,
    )


def apply(call: Call, payment_id: str, lines: Iterable[Object]) -> None:
    """Let a payment settle what its lines say, and no longer what it did before."""
    amounts: dict[Target, Decimal] = {}
    for line in lines:
        target = target_of(line)
        amounts[target] = amounts.get(target, ZERO) + line["Amount"]
    changes = call.company.links.replace(payment_id, amounts)
    for target, change in changes.items():
        _settle(call, target, change)


def _settle(call: Call, target: Target, change: Decimal) -> None:
    """Carry a changed application over to the document and its customer."""
    company = call.company
    document = company.get(*target)
    if document is None:
        return
    if target[0] != "JournalEntry":
        set_open(document, as_decimal(document["Balance"]) - change)
    if target[0] == "Invoice":
        known = document.get("LinkedTxn", [])
        document["LinkedTxn"] = links_shown(company, target, known)
    sign = side(company, target)
    company.change_balance(customer_of(company, target), -sign * change)
    if call.switches["payment_bumps_invoice"] == "on":
        bump(document)
    touch(document)
    describe_payments(company, target)


def describe_payments(company: Company, target: Target) -> None:
    """Show in all payments of a document what is open of it now (observed)."""
    for payment_id in company.links.payments(target):
        payment = company.get("Payment", payment_id)
        if payment is not None:
            describe_lines(company, payment)


def describe_lines(company: Company, payment: Object) -> None:
    """Show in each line what was open to this payment, and the document's number."""
    for line in payment["Line"]:
        target = target_of(line)
        own = company.links.amount(payment["Id"], target)
        values = {"txnId": target[1]}
        values["txnOpenBalance"] = f"{open_amount(company, target) + own:.2f}"
        number = (company.get(*target) or {}).get("DocNumber")
        if number:
            values["txnReferenceNumber"] = number
        rows = [{"Name": name, "Value": value} for name, value in values.items()]
        line["LineEx"] = {"any": [{**NAME_VALUE, "value": row} for row in rows]}


# --- Taking back ----------------------------------------------------------------------


def release(call: Call, target: Target, amount: Decimal | None = None) -> Decimal:
    """Take applications of a document back, the newest first; return how much.

    The payments stay and keep the money as unapplied; a payment that did nothing but
    apply credit is deleted. ``amount`` None takes everything back.
    """
    done = ZERO
    for payment_id in reversed(call.company.links.payments(target)):
        left = None if amount is None else amount - done
        if left is None or left > 0:
            done += take_back(call, payment_id, target, left)
    return done


def take_back(
    call: Call, payment_id: str, target: Target, amount: Decimal | None
) -> Decimal:
    """Let one payment settle less of a document, or with None nothing; return how much.

    Credits that settle nothing then are free again.
    """
    company = call.company
    payment = company.objects["Payment"][payment_id]
    before = company.links.amount(payment_id, target)
    lines = snapshot(payment["Line"])
    own = [line for line in lines if target_of(line) == target]
    _trim(own, before if amount is None else amount)
    balance_sides(company, lines, payment["TotalAmt"])
    payment["Line"] = [line for line in lines if line["Amount"] > 0]
    unapplied = unapplied_of(company, payment["Line"], payment["TotalAmt"])
    change = as_decimal(payment["UnappliedAmt"]) - unapplied
    company.change_balance(value_of(payment["CustomerRef"]) or "", change)
    payment["UnappliedAmt"] = unapplied
    apply(call, payment_id, payment["Line"])
    describe_lines(company, payment)
    bump(payment)
    if not payment["TotalAmt"] and not payment["Line"]:
        company.bury("Payment", payment)
    touch(payment)
    return before - company.links.amount(payment_id, target)


def unapplied_of(company: Company, lines: list[Object], amount: Decimal) -> Decimal:
    """Return what of a payment's amount its lines do not use."""
    charges = total(company, lines, CHARGE)
    return amount - charges + total(company, lines, CREDIT)


def balance_sides(company: Company, lines: list[Object], amount: Decimal) -> None:
    """Lower lines until money and credits cover the charges, and no credit is idle."""
    charges = total(company, lines, CHARGE)
    credits = total(company, lines, CREDIT)
    groups: dict[int, list[Object]] = {CHARGE: [], CREDIT: []}
    for line in lines:
        groups[side(company, target_of(line))].append(line)
    _trim(groups[CHARGE], charges - credits - amount)
    _trim(groups[CREDIT], credits - charges)


def _trim(lines: list[Object], excess: Decimal) -> None:
    """Lower lines from the last one on, by ``excess`` in all."""
    for line in reversed(lines):
        less = min(line["Amount"], max(excess, ZERO))
        line["Amount"] -= less
        excess -= less
