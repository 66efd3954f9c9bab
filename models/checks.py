"""What must be right on both sides before a firm pushes its bills.

The points are those of the vendor's article, "Before You Get Started" and "Installing
the Integration", and what QuickBooks adds to them. Each check is a function of facts
that were read before: it asks nobody.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from odoo.tools import LazyTranslate

_lt = LazyTranslate(__name__)

OK, WARNING, TODO, CONFIRM, UNKNOWN = "ok", "warning", "todo", "confirm", "unknown"
# What still asks for somebody.
OPEN_STATES = (TODO, WARNING, CONFIRM)
# As many names as a sentence bears.
NAMES_SHOWN = 4

Rates = tuple[tuple[str, Decimal], ...]


@dataclass(frozen=True)
class Facts:
    """What was read of both sides; all of it is empty before the lists have loaded.

    Names are as people read them, rates in per cent, currencies ISO codes.
    ``bill_currencies`` are those of the bills that were read so far.
    """

    is_read: bool = False
    account_count: int = 0
    sections: frozenset[str] = frozenset()
    bank_accounts: tuple[str, ...] = ()
    trust_accounts: tuple[str, ...] = ()
    tax_codes: Rates = ()
    quickbooks_account_count: int = 0
    quickbooks_bank_accounts: tuple[str, ...] = ()
    quickbooks_trust_accounts: tuple[str, ...] = ()
    quickbooks_item_count: int = 0
    quickbooks_tax_codes: Rates = ()
    currency: str = ""
    bill_currencies: frozenset[str] = frozenset()
    is_multicurrency: bool = False
    uses_automated_tax: bool = False
    uses_custom_numbers: bool = False
    offering: str = ""
    subscription: str = ""
    close_date: date | None = None
    start_date: date | None = None
    detail_source: str = ""
    has_detail_source: bool = False


@dataclass(frozen=True)
class Verdict:
    """How a check ended: its state, the key of its sentence, and where the cure is.

    ``cure``: ``actionstep`` or ``quickbooks`` (there), ``details`` or ``start_date``
    (settings of ours), or none.
    """

    state: str
    sentence: str
    values: dict[str, Any] = field(default_factory=dict)
    cure: str = ""


class Check(NamedTuple):
    """A line of the list. ``needs_lists``: it says nothing before they have loaded."""

    title: Any
    judge: Callable[[Facts], Verdict]
    needs_lists: bool = True


def judge(facts: Facts) -> dict[str, Verdict]:
    """Return the verdict of every check by its key, in the order of the list."""
    not_yet = Verdict(UNKNOWN, "not_read")
    return {
        key: check.judge(facts) if facts.is_read or not check.needs_lists else not_yet
        for key, check in CHECKS.items()
    }


# === ACTIONSTEP === #


def _chart_of_accounts(facts: Facts) -> Verdict:
    values = {
        "count": facts.account_count,
        "quickbooks_count": facts.quickbooks_account_count,
    }
    if not facts.account_count:
        return Verdict(TODO, "no_accounts", cure="actionstep")
    if facts.sections <= {"other"}:
        return Verdict(TODO, "no_account_types", cure="actionstep")
    if not {"income", "expense"} <= facts.sections:
        return Verdict(TODO, "no_fee_accounts", cure="actionstep")
    if not facts.quickbooks_account_count:
        return Verdict(TODO, "no_quickbooks_accounts", cure="quickbooks")
    return Verdict(OK, "accounts", values)


def _currency(facts: Facts) -> Verdict:
    """The API names no base currency of a firm: its bills tell, once there are some."""
    values = {"currency": facts.currency}
    if not facts.currency:
        return Verdict(UNKNOWN, "no_currency", cure="quickbooks")
    if not facts.bill_currencies:
        return Verdict(CONFIRM, "currency_unseen", values, "actionstep")
    if facts.currency in facts.bill_currencies:
        return Verdict(OK, "currency_same", values)
    others = _listed(sorted(facts.bill_currencies))
    return Verdict(TODO, "currency_differs", {**values, "others": others}, "quickbooks")


def _tax_rates(facts: Facts) -> Verdict:
    if not facts.tax_codes:
        return Verdict(TODO, "no_tax_codes", cure="actionstep")
    if facts.uses_automated_tax:
        return Verdict(OK, "automated_tax")
    rates = {rate for _name, rate in facts.quickbooks_tax_codes}
    missing = [
        f"{name} ({rate.normalize():f} %)"
        for name, rate in facts.tax_codes
        if rate not in rates
    ]
    if missing:
        return Verdict(TODO, "rates_missing", {"codes": _listed(missing)}, "quickbooks")
    return Verdict(OK, "rates_equal", {"count": len(facts.tax_codes)})


def _zero_rate(facts: Facts) -> Verdict:
    free = [name for name, rate in facts.tax_codes if not rate]
    if free:
        return Verdict(OK, "zero_rate", {"codes": _listed(free)})
    if not facts.tax_codes:
        return Verdict(TODO, "no_zero_rate", cure="actionstep")
    return Verdict(WARNING, "no_zero_rate", cure="actionstep")


def _accounting_method(_facts: Facts) -> Verdict:
    return Verdict(CONFIRM, "accrual", cure="actionstep")


def _bank_accounts(facts: Facts) -> Verdict:
    """Actionstep has no flag: the type of such an account is called Bank."""
    if not facts.bank_accounts:
        return Verdict(TODO, "no_bank", cure="actionstep")
    if not facts.quickbooks_bank_accounts:
        return Verdict(TODO, "no_quickbooks_bank", cure="quickbooks")
    return Verdict(OK, "banks", {"names": _listed(facts.bank_accounts)})


def _trust_accounts(facts: Facts) -> Verdict:
    values = {
        "names": _listed(facts.trust_accounts),
        "quickbooks_names": _listed(facts.quickbooks_trust_accounts),
    }
    if facts.trust_accounts and facts.quickbooks_trust_accounts:
        return Verdict(OK, "trust", values)
    if facts.trust_accounts:
        return Verdict(TODO, "trust_type", values, "quickbooks")
    if facts.quickbooks_trust_accounts:
        return Verdict(WARNING, "no_trust", values, "actionstep")
    return Verdict(CONFIRM, "trust_unused", cure="actionstep")


def _general_retainers(_facts: Facts) -> Verdict:
    return Verdict(CONFIRM, "retainers", cure="actionstep")


def _details(facts: Facts) -> Verdict:
    """Actionstep's API has no lines, payments and credit notes (design, 4)."""
    if facts.has_detail_source:
        return Verdict(OK, f"details_{facts.detail_source}")
    return Verdict(TODO, f"no_{facts.detail_source}", cure="details")


# === QUICKBOOKS === #


def _products(facts: Facts) -> Verdict:
    if not facts.quickbooks_item_count:
        return Verdict(TODO, "no_products", cure="quickbooks")
    return Verdict(OK, "products", {"count": facts.quickbooks_item_count})


def _edition(facts: Facts) -> Verdict:
    values = {"edition": facts.offering}
    if facts.subscription.upper() == "TRIAL":
        return Verdict(WARNING, "trial", cure="quickbooks")
    if not facts.offering:
        return Verdict(CONFIRM, "edition_untold", cure="quickbooks")
    return Verdict(OK, "edition", values)


def _multicurrency(facts: Facts) -> Verdict:
    others = sorted(facts.bill_currencies - {facts.currency})
    values = {"currency": facts.currency, "others": _listed(others)}
    if facts.is_multicurrency:
        return Verdict(OK, "multicurrency_on", values)
    if others:
        return Verdict(TODO, "multicurrency_needed", values, "quickbooks")
    return Verdict(OK, "multicurrency_off", values)


def _custom_numbers(facts: Facts) -> Verdict:
    if facts.uses_custom_numbers:
        return Verdict(OK, "custom_numbers")
    return Verdict(TODO, "no_custom_numbers", cure="quickbooks")


def _duplicate_warning(_facts: Facts) -> Verdict:
    """Among the preferences only the warning of bills from vendors is documented."""
    return Verdict(CONFIRM, "duplicate_warning", cure="quickbooks")


def _closing_date(facts: Facts) -> Verdict:
    if not facts.close_date:
        return Verdict(OK, "books_open")
    values = {"close_date": facts.close_date.isoformat()}
    if facts.start_date and facts.start_date > facts.close_date:
        return Verdict(OK, "starts_after_close", values)
    return Verdict(WARNING, "books_closed", values, "start_date")


def _rights(_facts: Facts) -> Verdict:
    return Verdict(CONFIRM, "rights", cure="quickbooks")


def _listed(names) -> str:
    """Return names as one text, the first few and how many more."""
    names = list(names)
    shown = ", ".join(names[:NAMES_SHOWN])
    more = len(names) - NAMES_SHOWN
    return f"{shown} (+{more})" if more > 0 else shown


CHECKS = {
    "chart_of_accounts": Check(_lt("Chart of accounts"), _chart_of_accounts),
    "currency": Check(_lt("Base currency"), _currency),
    "tax_rates": Check(_lt("Sales tax rates"), _tax_rates),
    "zero_rate": Check(_lt("Tax code of 0 %"), _zero_rate),
    "accounting_method": Check(_lt("Accounting method"), _accounting_method, False),
    "bank_accounts": Check(_lt("Bank accounts"), _bank_accounts),
    "trust_accounts": Check(_lt("Trust accounts"), _trust_accounts),
    "general_retainers": Check(_lt("General retainers"), _general_retainers, False),
    "details": Check(_lt("Lines of the bills"), _details, False),
    "products": Check(_lt("Products and services"), _products),
    "edition": Check(_lt("QuickBooks edition"), _edition),
    "multicurrency": Check(_lt("Multicurrency"), _multicurrency),
    "custom_numbers": Check(_lt("Custom transaction numbers"), _custom_numbers),
    "duplicate_warning": Check(
        _lt("Warning of duplicate numbers"), _duplicate_warning, False
    ),
    "closing_date": Check(_lt("Closing date"), _closing_date),
    "rights": Check(_lt("Rights in QuickBooks"), _rights, False),
}

# A sentence that is confirmed says what is so; that it must be looked up is added.
SENTENCES = {
    "not_read": _lt(
        "Not known yet: it is read when both sides are connected and their lists load."
    ),
    "no_accounts": _lt(
        "Actionstep has no chart of accounts. Choose Generic under Admin, Accounting, "
        "then check again."
    ),
    "no_account_types": _lt(
        "Actionstep does not tell the types of its accounts. Give the user who "
        "connected it the right to see the accounts, then check again."
    ),
    "no_fee_accounts": _lt(
        "Actionstep's chart of accounts needs at least one income and one expense "
        "account: bills are made of them."
    ),
    "no_quickbooks_accounts": _lt(
        "QuickBooks has no chart of accounts. Add your accounts there, then check "
        "again."
    ),
    "accounts": _lt(
        "%(count)s accounts in Actionstep, %(quickbooks_count)s in QuickBooks."
    ),
    "no_currency": _lt("QuickBooks did not tell its home currency. Check again later."),
    "currency_unseen": _lt(
        "QuickBooks keeps its books in %(currency)s, and %(currency)s is the base "
        "currency in Actionstep, too."
    ),
    "currency_same": _lt(
        "The bills of Actionstep and the books of QuickBooks are both in %(currency)s."
    ),
    "currency_differs": _lt(
        "QuickBooks keeps its books in %(currency)s, but the bills of Actionstep are "
        "in %(others)s. Connect the QuickBooks company of that currency."
    ),
    "no_tax_codes": _lt(
        "Actionstep has no tax code. Add the rates you charge, or one of 0 %% if you "
        "charge no tax, then check again."
    ),
    "automated_tax": _lt(
        "QuickBooks finds the rate itself (automated sales tax). Each bill's tax is "
        "sent along and compared to the cent."
    ),
    "rates_missing": _lt(
        "QuickBooks has no tax code with the rate of %(codes)s. Add it there, then "
        "check again."
    ),
    "rates_equal": _lt(
        "Each of the %(count)s tax codes of Actionstep has one of the same rate in "
        "QuickBooks."
    ),
    "zero_rate": _lt("Bills without tax can use %(codes)s."),
    "no_zero_rate": _lt(
        "Actionstep has no tax code of 0 %%. Add one if any of your bills bear no tax."
    ),
    "accrual": _lt(
        "The accounting method in Actionstep is accrual, even if you use cash in "
        "QuickBooks (Admin, Accounting)."
    ),
    "no_bank": _lt(
        "Actionstep has no account of the type Bank. Add your bank accounts to its "
        "accounts list, then check again."
    ),
    "no_quickbooks_bank": _lt(
        "QuickBooks has no account of the type Bank. Add your bank accounts there, "
        "then check again."
    ),
    "banks": _lt("Payments can go to %(names)s."),
    "trust": _lt(
        "Trust money of %(names)s can go to %(quickbooks_names)s, whose detail type in "
        "QuickBooks is a trust account."
    ),
    "trust_type": _lt(
        "No account of QuickBooks has the detail type of a trust account, so payments "
        "from %(names)s cannot go. Change or add it there, then check again."
    ),
    "no_trust": _lt(
        "QuickBooks has the trust account %(quickbooks_names)s, but no account of "
        "Actionstep is called one. Set up trust accounting in Actionstep first."
    ),
    "trust_unused": _lt(
        "Neither side has a trust account: the firm holds no money of its clients."
    ),
    "retainers": _lt(
        "General retainers are off in Actionstep: they do not work together with "
        "QuickBooks."
    ),
    "details_reporting": _lt(
        "Lines, payments and credit notes come from the reporting database."
    ),
    "details_files": _lt(
        "Lines, payments and credit notes come from files that you upload."
    ),
    "details_totals": _lt(
        "Bills go by their totals, one line each; payments and credit notes are "
        "concluded from them."
    ),
    "no_reporting": _lt(
        "The reporting database, from which lines, payments and credit notes come, is "
        "not entered yet. Enter it, or choose another source under Documents."
    ),
    "no_totals": _lt(
        "Bills go by their totals, but the fee account of totals is not chosen yet. "
        "Choose it under Documents."
    ),
    "no_products": _lt(
        "QuickBooks has no products or services, to which fees and expenses go. Add "
        "them there, then check again."
    ),
    "products": _lt("%(count)s products and services to which fees and expenses go."),
    "trial": _lt(
        "This QuickBooks company is on trial. Connect the company that keeps the "
        "firm's books: its bills cannot be moved to another one later."
    ),
    "edition_untold": _lt(
        "The edition of QuickBooks Online can send invoices, receive payments and give "
        "credit memos."
    ),
    "edition": _lt("%(edition)s."),
    "multicurrency_on": _lt(
        "On: bills in other currencies than %(currency)s go, too. Each client has one "
        "currency in QuickBooks."
    ),
    "multicurrency_needed": _lt(
        "There are bills in %(others)s, and multicurrency is off in QuickBooks. Turn "
        "it on there (it cannot be turned off again), then check again."
    ),
    "multicurrency_off": _lt("Off: all bills are in %(currency)s."),
    "custom_numbers": _lt("On: invoices keep the numbers of your bills."),
    "no_custom_numbers": _lt(
        "Off: two invoices of one number would not be noticed. Turn on Custom "
        "transaction numbers in QuickBooks (Account and settings, Sales), then check "
        "again."
    ),
    "duplicate_warning": _lt(
        "QuickBooks is set to warn when the number of an invoice is used twice."
    ),
    "books_open": _lt("QuickBooks names no closing date: bills of any date can go."),
    "starts_after_close": _lt(
        "The books are closed up to %(close_date)s, and only later bills are pushed."
    ),
    "books_closed": _lt(
        "The books are closed up to %(close_date)s: QuickBooks refuses bills of these "
        "days. Start after the closing date, or open the books."
    ),
    "rights": _lt(
        "The user with whom QuickBooks was connected is an administrator there: what "
        "that user may not do, cannot be pushed."
    ),
}
