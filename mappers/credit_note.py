"""A credit note or write-off of Actionstep as a QuickBooks credit memo.

A credit memo alone settles nothing; how it is applied to invoices stands in
:mod:`.credit_use`.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from ..documents import CreditNote, QuickbooksCompany
from ..exceptions import DataError
from .common import (
    Difference,
    amount_text,
    check_positive,
    differences,
    is_ours,
    named,
    private_note,
    sha256,
)
from .money import ZERO, cents, to_text
from .sales import (
    answer_fingerprint,
    answered_texts,
    check_sale,
    map_sale,
    matters_text,
    sale_content,
    sale_texts,
)

__all__ = [
    "answer_fingerprint",
    "check_credit_note",
    "compare_credit_note",
    "is_ours",
    "map_credit_note",
    "source_fingerprint",
]


def map_credit_note(note: CreditNote, company: QuickbooksCompany) -> dict[str, Any]:
    """Return the payload that creates the CreditMemo, or replaces it when it has an id.

    Money is Decimal with two places and positive, as QuickBooks wants it there.

    :raises DataError: the first of :func:`check_credit_note`
    """
    for problem in check_credit_note(note, company):
        raise problem
    return {
        **map_sale(note, note.credit_date, company),
        "PrivateNote": _private_note(note),
    }


def _private_note(note: CreditNote) -> str:
    kind = "Write-off" if note.is_write_off else ""
    reason = named("Reason", note.reason)
    return private_note(note.reference, kind, matters_text(note), reason)


def check_credit_note(
    note: CreditNote, company: QuickbooksCompany, applied: Decimal = ZERO
) -> list[DataError]:
    """Return all problems that keep the credit note from going.

    Causes: those of :func:`.sales.check_sale`, amount_not_positive, credit_too_large.

    :param applied: how much of it Actionstep applies to bills, when that is known
    """
    total_problems = [
        *check_positive(note.total, note.currency),
        *check_applied(applied, note.total, note.currency),
    ]
    return check_sale(note, company, total_problems)


def check_applied(applied: Decimal, limit: Decimal, currency: str) -> list[DataError]:
    """Refuse more than can be applied. Cause: credit_too_large."""
    if cents(applied) <= max(cents(limit), ZERO):
        return []
    values = {"amount": to_text(applied, currency), "left": to_text(limit, currency)}
    return [DataError("credit_too_large", values=values)]


def compare_credit_note(
    note: CreditNote, answer: Mapping[str, Any], applied: Decimal | None = None
) -> list[Difference]:
    """Return what the credit memo in QuickBooks has otherwise than Actionstep.

    :param answer: the CreditMemo object as QuickBooks answers it
    :param applied: how much of it we have applied to invoices in QuickBooks; where
        QuickBooks applies credits by itself, what remains differs. None leaves out
        what remains
    """
    ours = sale_texts(note, note.credit_date)
    theirs = answered_texts(answer, note.currency)
    if applied is not None:
        left = cents(note.total) - cents(applied)
        ours["remaining"] = to_text(left, note.currency)
        remaining = remaining_credit(answer)
        theirs["remaining"] = amount_text(answer, remaining, note.currency)
    return differences(ours, theirs)


def remaining_credit(answer: Mapping[str, Any]) -> Any:
    """Return what is not applied of a CreditMemo; QuickBooks has two names for it."""
    remaining = answer.get("RemainingCredit")
    return answer.get("Balance") if remaining is None else remaining


def source_fingerprint(note: CreditNote) -> str:
    """Return the sha256 of all that would be sent; see :func:`.sales.sale_content`."""
    return sha256(sale_content(note, note.credit_date, _private_note(note)))
