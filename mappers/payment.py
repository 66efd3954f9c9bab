"""A receipt of Actionstep as a QuickBooks payment, and what QuickBooks answers to it.

The lines of a payment say how much of it settles which invoice; what they leave is
credit of the customer ("unapplied"). Source: reference of Payment,
developer.intuit.com.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from .. import const
from ..documents import Allocation, Payment, QuickbooksCompany
from ..exceptions import DataError
from .common import (
    Difference,
    amount_text,
    answer_content,
    check_currency,
    check_positive,
    currency_keys,
    dated,
    differences,
    identity,
    is_ours,
    named,
    private_note,
    ref,
    referenced,
    sha256,
    source_content,
    text,
)
from .money import ZERO, cents, from_answer, to_text
from .names import one_line

__all__ = [
    "answer_fingerprint",
    "check_payment",
    "compare_payment",
    "is_ours",
    "map_payment",
    "source_fingerprint",
]

# Type and id of the other document, and the amount linked to it.
Link = tuple[str, str, Decimal]


# --- Payload ------------------------------------------------------------------------


def map_payment(payment: Payment, company: QuickbooksCompany) -> dict[str, Any]:
    """Return the payload that creates the payment, or replaces it when it has an id.

    Without allocations ``Line`` is an empty list, which in an update takes away all
    earlier ones. Money is Decimal with two places.

    :raises DataError: the first of :func:`check_payment`
    """
    for problem in check_payment(payment, company):
        raise problem
    number = _short_number(payment)
    return {
        **identity(payment),
        **dated("TxnDate", payment.paid_on),
        "CustomerRef": {"value": payment.customer_id},
        "TotalAmt": cents(payment.amount),
        **currency_keys(payment, company),
        **referenced("PaymentMethodRef", payment.method_id),
        **({"PaymentRefNum": number} if number else {}),
        **referenced("DepositToAccountRef", payment.deposit_account_id),
        "Line": [map_link(link) for link in _links(payment)],
        "PrivateNote": _note(payment),
    }


def map_link(link: Link) -> dict[str, Any]:
    """Return the line that links a payment to an invoice or a credit memo.

    QuickBooks takes one ``LinkedTxn`` per line; amounts are positive on both kinds.
    """
    kind, linked_id, amount = link
    linked = {"TxnId": linked_id, "TxnType": kind}
    return {"Amount": amount, "LinkedTxn": [linked]}


def _links(payment: Payment) -> list[Link]:
    """Return one link per invoice: two allocations to one bill are added up."""
    amounts: dict[str, Decimal] = {}
    for allocation in payment.allocations:
        invoice_id = allocation.invoice_quickbooks_id or ""
        amounts[invoice_id] = amounts.get(invoice_id, ZERO) + cents(allocation.amount)
    return [("Invoice", key, amounts[key]) for key in sorted(amounts)]


def _number(payment: Payment) -> str:
    return one_line(payment.number, len(payment.number))


def _short_number(payment: Payment) -> str:
    return one_line(payment.number, const.QUICKBOOKS_NUMBER_LENGTH)


def _note(payment: Payment) -> str:
    """Return the private note; the memo comes last because only it may be very long.

    A reference of the payer that had to be cut stands there in full.
    """
    number = _number(payment)
    is_cut = number != _short_number(payment)
    return private_note(
        payment.reference,
        named("Payment reference", number) if is_cut else "",
        named("Matter", payment.matter),
        named("Method", payment.method),
        named("Memo", payment.memo),
    )


# --- Checks -------------------------------------------------------------------------


def check_payment(payment: Payment, company: QuickbooksCompany) -> list[DataError]:
    """Return all problems that keep the payment from going, in the order to mend them.

    Causes: currency_foreign, exchange_rate_missing, amount_not_positive,
    allocation_unknown_bill, allocation_too_large.
    """
    return [
        *check_currency(payment, company),
        *check_positive(payment.amount, payment.currency),
        *check_bills_known(payment.allocations),
        *_check_allocated(payment),
    ]


def check_bills_known(allocations: Iterable[Allocation]) -> list[DataError]:
    """Refuse what settles a bill that is not in QuickBooks.

    Cause: allocation_unknown_bill, once, naming all such bills.
    """
    bills = [one.bill_number for one in allocations if not one.invoice_quickbooks_id]
    if not bills:
        return []
    values = {"bill": ", ".join(dict.fromkeys(filter(None, bills))) or "?"}
    return [DataError("allocation_unknown_bill", values=values)]


def _check_allocated(payment: Payment) -> list[DataError]:
    """Check that each allocation is positive, and all together are not too much."""
    for allocation in payment.allocations:
        problems = check_positive(allocation.amount, payment.currency)
        if problems:
            return problems
    allocated = sum((cents(one.amount) for one in payment.allocations), ZERO)
    # Money that is not positive is told already.
    if allocated <= cents(payment.amount) or cents(payment.amount) <= 0:
        return []
    values = {
        "allocated": to_text(allocated, payment.currency),
        "amount": to_text(payment.amount, payment.currency),
    }
    return [DataError("allocation_too_large", values=values)]


# --- Answer -------------------------------------------------------------------------


def compare_payment(payment: Payment, answer: Mapping[str, Any]) -> list[Difference]:
    """Return what the payment in QuickBooks has otherwise than the receipt.

    :param answer: the Payment object as QuickBooks answers it
    """
    links = _links(payment)
    left = cents(payment.amount) - sum((amount for _, _, amount in links), ZERO)
    ours = {
        "total": to_text(payment.amount, payment.currency),
        "unapplied": to_text(left, payment.currency),
        "number": _short_number(payment),
        "customer": payment.customer_id,
        "date": payment.paid_on.isoformat(),
        "allocations": links_text(links),
    }
    theirs = answered_texts(answer, payment.currency)
    if payment.deposit_account_id:
        ours["deposit account"] = payment.deposit_account_id
        theirs["deposit account"] = ref(answer, "DepositToAccountRef")
    return differences(ours, theirs)


def answered_texts(answer: Mapping[str, Any], currency: str) -> dict[str, str]:
    """Return what of a Payment object is compared, as people read it."""
    return {
        "total": amount_text(answer, answer.get("TotalAmt"), currency),
        "unapplied": amount_text(answer, answer.get("UnappliedAmt"), currency),
        "number": text(answer.get("PaymentRefNum")),
        "customer": ref(answer, "CustomerRef"),
        "date": text(answer.get("TxnDate")),
        "allocations": links_text(_answered_links(answer)),
    }


def links_text(links: Iterable[Link]) -> str:
    """Return links as people read them: ``Invoice 145: 100.00; Invoice 146: 5.00``."""
    return "; ".join(f"{kind} {key}: {amount:,.2f}" for kind, key, amount in links)


def _answered_links(answer: Mapping[str, Any]) -> list[Link]:
    """Return what a Payment object is linked to, in a fixed order."""
    return sorted(
        (
            text(linked.get("TxnType")),
            text(linked.get("TxnId")),
            from_answer(line.get("Amount")),
        )
        for line in answer.get("Line") or []
        for linked in line.get("LinkedTxn") or []
    )


# --- Fingerprints -------------------------------------------------------------------


def source_fingerprint(payment: Payment) -> str:
    """Return the sha256 of all that would be sent, without QuickBooks' id and token."""
    content = {
        **source_content(payment),
        "date": payment.paid_on.isoformat(),
        "total": cents(payment.amount),
        "number": _short_number(payment),
        "method": payment.method_id or "",
        "deposit": payment.deposit_account_id or "",
        "note": _note(payment),
        "links": _links(payment),
    }
    return sha256(content)


def answer_fingerprint(answer: Mapping[str, Any]) -> str:
    """Return the sha256 of what we wrote in a payment, as QuickBooks answers it.

    It changes when somebody edits the payment or applies it otherwise, also when
    QuickBooks does because an invoice was deleted; and not when it is deposited.
    """
    content = {
        **answer_content(answer),
        "number": text(answer.get("PaymentRefNum")),
        "method": ref(answer, "PaymentMethodRef"),
        "deposit": ref(answer, "DepositToAccountRef"),
        "links": _answered_links(answer),
    }
    return sha256(content)
