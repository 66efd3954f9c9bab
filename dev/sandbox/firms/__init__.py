"""Deterministic sample law firms: the seed of both local servers.

The same country and size always give an equal firm; no clock and no outside
randomness is read. ``demo`` has 60 bills over 15 clients, six of which need a person
(``Firm.expected_attention``), besides two drafts and a deleted bill that must be
ignored; ``small`` has 8 bills, a number as many as it says, none needing a person.
``life`` is the demo's bills, 170 ordinary ones, and what became of them: receipts and
credit notes, some of which need a person (``Firm.expected_attention_documents``).
"""

from . import bills as _bills
from . import books, charts, life_cases, people, settlements
from .model import (
    Account,
    AccountType,
    Bill,
    BillLine,
    CreditApplication,
    CreditNote,
    CreditNoteLine,
    Division,
    Firm,
    Mapping,
    Matter,
    Participant,
    Receipt,
    ReceiptAllocation,
    TaxCode,
    cents,
)

__all__ = [
    "FIRST_ORDINARY_ID",
    "Account",
    "AccountType",
    "Bill",
    "BillLine",
    "CreditApplication",
    "CreditNote",
    "CreditNoteLine",
    "Division",
    "Firm",
    "Mapping",
    "Matter",
    "Participant",
    "Receipt",
    "ReceiptAllocation",
    "TaxCode",
    "build",
    "cents",
]

SMALL_BILLS = 8
BILLS_PER_CLIENT = 25
LIFE_BILLS = _bills.DEMO_BILLS + 170
# The first bill of ``life`` which the demo has not.
FIRST_ORDINARY_ID = _bills.FIRST_BILL_ID + _bills.DEMO_BILLS + len(_bills.IGNORED_CASES)


def build(country: str = "US", size: str = "demo", with_payments: bool = False) -> Firm:
    """Return the sample firm of a country (US, GB, AU, CA) and size.

    ``size`` is ``small``, ``demo``, ``life`` or a number of bills as text. With
    ``with_payments`` there is a receipt for each bill that is paid (in ``life``
    always). Raises ValueError with the allowed values.
    """
    if country not in charts.COUNTRIES:
        raise ValueError(f"country is one of {', '.join(charts.COUNTRIES)}")
    land = charts.COUNTRIES[country]
    count = _count(size)
    client_count = max(len(people.CLIENTS), count // BILLS_PER_CLIENT)
    everybody = people.people(land, client_count)
    billed = _billed(land, everybody, size, count)
    rows = settlements.Rows(bills=billed.bills)
    if size == "life":
        rows = _settled_life(land, everybody, billed)
    elif with_payments:
        rows = settlements.settle(land, everybody, billed)
    codes = charts.tax_codes(land)
    return Firm(
        country=country,
        size=size,
        name=land.firm_name,
        currency=land.currency,
        timezone=land.timezone,
        orgkey=land.orgkey,
        realm_id=land.realm_id,
        user_id=people.STAFF_ID,
        accounts=charts.accounts(codes),
        account_types=list(charts.ACCOUNT_TYPES),
        tax_codes=codes,
        participants=everybody.participants,
        matters=everybody.matters,
        divisions=people.divisions(land),
        bill_lines=billed.lines,
        quickbooks=books.company(land),
        mapping=charts.mapping(land),
        closed_books=charts.CLOSED_BOOKS,
        expected_attention=billed.attention,
        **vars(rows),
    )


def _billed(
    land: charts.Country, everybody: people.People, size: str, count: int
) -> _bills.Billed:
    """Return the bills of a size; those of ``life`` begin with the demo's."""
    if size not in ("demo", "life"):
        cases = _bills.bulk_cases(land, count, len(everybody.clients))
        return _bills.bill_all(land, everybody, cases)
    billed = _bills.bill_all(land, everybody, _bills.demo_cases(land))
    if size == "demo":
        return billed
    cases = _bills.ordinary_cases(land, _bills.DEMO_BILLS, count - _bills.DEMO_BILLS)
    more = _bills.bill_all(land, everybody, cases, FIRST_ORDINARY_ID)
    return _bills.Billed(
        billed.bills + more.bills, billed.lines + more.lines, billed.attention
    )


def _settled_life(
    land: charts.Country, everybody: people.People, billed: _bills.Billed
) -> settlements.Rows:
    """Return what became of the bills; the cases leave the demo's bills alone."""
    return settlements.settle(
        land,
        everybody,
        billed,
        life_cases.PAYMENTS,
        life_cases.CREDITS,
        FIRST_ORDINARY_ID,
    )


def _count(size: str) -> int:
    """Return the number of bills that a size means."""
    words = {"small": SMALL_BILLS, "demo": _bills.DEMO_BILLS, "life": LIFE_BILLS}
    if size in words:
        return words[size]
    if not str(size).isdigit() or int(size) < 1:
        raise ValueError("size is small, demo, life or a number of bills, at least 1")
    return int(size)
