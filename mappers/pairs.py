"""What stands on either side of a mapping line, and whether the two go together.

A pair is *wrong* when documents could only be booked wrongly by it, or never be pushed:
it may not be saved. It is *odd* when it may be meant so: it is shown, and works.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

WRONG = "wrong"
ODD = "odd"
RESULT = ("income", "expense")
BALANCE = ("asset", "liability", "equity")
# Rates that are nearer to each other (in per cent) may be one rate, written shorter.
RATE_ROUNDING = Decimal("0.01")

# How tax codes call what they mean, where not the rate says it: each goes into another
# box of a tax return. The first word found counts.
_TREATMENTS = (
    ("reverse", ("reverse",)),
    ("exempt", ("exempt",)),
    ("zero", ("zero", "gst free", "0.0% z", "z 0")),
    ("outside", ("out of scope", "outside", "no vat", "not reportable", "n-t")),
)


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of a list of Actionstep or QuickBooks, as far as pairs need it.

    ``section`` is income, expense, asset, liability or equity; empty: not known.
    ``rate`` is in per cent, ``None`` where the code has no rate of its own.
    ``feeds`` is the account that a product's sales go to, ``is_sellable`` false for a
    product that cannot stand on a line. ``words`` is more text to know an entry by.
    """

    key: int
    number: str = ""
    name: str = ""
    section: str = ""
    is_bank: bool = False
    is_trust: bool = False
    rate: Decimal | None = None
    is_taxable: bool = True
    is_sellable: bool = True
    feeds: str = ""
    words: str = ""


class Problem(NamedTuple):
    """What is the matter with a pair: ``cause`` names the sentence."""

    level: str
    cause: str


def check_item(source: Entry, target: Entry) -> Problem | None:
    """Return what is the matter with an invoice account and a product, or None.

    Only Service, Inventory and NonInventory can stand on a line of an invoice; Category
    orders the list, Group (a bundle) is a line of its own kind
    (developer.intuit.com, reference of Item: Type).
    """
    if not target.is_sellable:
        return Problem(WRONG, "not_sellable")
    if source.is_bank:
        return Problem(WRONG, "bank_as_product")
    if source.section in BALANCE:
        return Problem(ODD, "balance_as_product")
    return None


def check_account(source: Entry, target: Entry) -> Problem | None:
    """Return what is the matter with two ledger accounts, or None.

    The two rules of trust money are those of the push, see ``models/maps.py``.
    """
    if source.is_bank and source.is_trust and not target.is_trust:
        return Problem(WRONG, "trust_to_operating")
    if target.is_trust and not source.is_trust:
        return Problem(WRONG, "operating_to_trust")
    if _is_across(source, target) or _is_across(target, source):
        # Not wrong: Actionstep's section is guessed from words in the firm's own type
        # names, and disbursements are often booked as advanced client costs, an asset.
        return Problem(ODD, "result_to_balance")
    if source.is_bank and target.section and not _takes_money(target):
        return Problem(ODD, "bank_to_other")
    if target.is_bank and source.section and not source.is_bank:
        return Problem(ODD, "other_to_bank")
    if source.section and target.section and source.section != target.section:
        return Problem(ODD, "section_differs")
    return None


def _is_across(one: Entry, other: Entry) -> bool:
    return one.section in RESULT and other.section in BALANCE


def _takes_money(account: Entry) -> bool:
    """Tell whether QuickBooks deposits payments there: bank, or Undeposited Funds.

    DepositToAccountRef takes Other Current Asset and Bank (developer.intuit.com,
    reference of Payment).
    """
    return account.is_bank or account.section == "asset"


def check_tax(
    source: Entry, target: Entry, *, is_automated: bool = False
) -> Problem | None:
    """Return what is the matter with two tax codes, or None.

    :param is_automated: the company uses automated sales tax, where a code without a
        rate bears that of the customer's address
    """
    if target.rate is None:
        return _check_without_rate(source, target, is_automated)
    if target.rate and source.rate != target.rate:
        return Problem(_weigh_rates(source.rate, target.rate), "rate_differs")
    if source.rate and not target.rate:
        # Meant so with a reverse charge: the rate is named, and no tax is charged.
        return Problem(ODD, "taxed_as_untaxed")
    return _check_treatment(treatment(source), treatment(target), source)


def _weigh_rates(ours: Decimal | None, theirs: Decimal) -> str:
    """Return how bad it is that rates differ: one may be rounded (14.98 for 14.975)."""
    return ODD if ours and abs(ours - theirs) < RATE_ROUNDING else WRONG


def _check_treatment(ours: str, theirs: str, source: Entry) -> Problem | None:
    is_reverse = "reverse" in (ours, theirs)
    is_told = is_reverse or (not source.rate and ours and theirs)
    return Problem(ODD, "treatment_differs") if is_told and ours != theirs else None


def _check_without_rate(
    source: Entry, target: Entry, is_automated: bool
) -> Problem | None:
    if not target.is_taxable:
        return Problem(ODD, "taxed_as_untaxed") if source.rate else None
    if not source.rate:
        return Problem(WRONG, "untaxed_as_taxed")
    return None if is_automated else Problem(ODD, "rate_unknown")


def treatment(code: Entry) -> str:
    """Return what a code means: reverse, exempt, zero, outside; empty: not told."""
    text = f"{code.name} {code.words}".casefold()
    return next(
        (name for name, words in _TREATMENTS if any(word in text for word in words)),
        "",
    )
