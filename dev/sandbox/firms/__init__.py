"""Deterministic sample law firms: the seed of both local servers.

The same country and size always give an equal firm; no clock and no outside
randomness is read. ``demo`` has 60 bills over 15 clients, six of which need a person
(``Firm.expected_attention``), besides two drafts and a deleted bill that must be
ignored; ``small`` has 8 bills, a number as many as it says, none needing a person.
"""

from . import bills as _bills
from . import books, charts, people
from .model import (
    Account,
    AccountType,
    Bill,
    BillLine,
    Division,
    Firm,
    Mapping,
    Matter,
    Participant,
    TaxCode,
    cents,
)

__all__ = [
    "Account",
    "AccountType",
    "Bill",
    "BillLine",
    "Division",
    "Firm",
    "Mapping",
    "Matter",
    "Participant",
    "TaxCode",
    "build",
    "cents",
]

SMALL_BILLS = 8
BILLS_PER_CLIENT = 25


def build(country: str = "US", size: str = "demo") -> Firm:
    """Return the sample firm of a country (US, GB, AU) and size.

    ``size`` is ``small``, ``demo`` or a number of bills as text. Raises ValueError
    with the allowed values.
    """
    if country not in charts.COUNTRIES:
        raise ValueError(f"country is one of {', '.join(charts.COUNTRIES)}")
    land = charts.COUNTRIES[country]
    count = _count(size)
    client_count = max(len(people.CLIENTS), count // BILLS_PER_CLIENT)
    everybody = people.people(land, client_count)
    cases = (
        _bills.demo_cases(land)
        if size == "demo"
        else _bills.bulk_cases(land, count, client_count)
    )
    billed = _bills.bill_all(land, everybody, cases)
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
        bills=billed.bills,
        bill_lines=billed.lines,
        quickbooks=books.company(land),
        mapping=charts.mapping(land),
        closed_books=charts.CLOSED_BOOKS,
        expected_attention=billed.attention,
    )


def _count(size: str) -> int:
    """Return the number of bills that a size means."""
    words = {"small": SMALL_BILLS, "demo": _bills.DEMO_BILLS}
    if size in words:
        return words[size]
    if not str(size).isdigit() or int(size) < 1:
        raise ValueError("size is small, demo or a number of bills, at least 1")
    return int(size)
