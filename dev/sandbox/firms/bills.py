"""Bills and their lines: cases and made-up ones, with Actionstep's arithmetic."""

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal

from .cases import (
    ATTENTION_CASES,
    CLOSED_PERIOD,
    CONSULTATION,
    COPIES,
    FEES,
    FILING,
    FIXED,
    IGNORED_CASES,
    LINES_MISMATCH,
    OWN_CASES,
    PLAIN_CASES,
    SERVING,
    TRAVEL,
    Case,
    Line,
)
from .charts import CLOSED_BOOKS, Country
from .model import Bill, BillLine, cents
from .people import DIVISION_ID, STAFF, People

FIRST_BILL_ID = 1001
FIRST_DATE = date(2026, 9, 1)
SPREAD_DAYS = 80
PAYMENT_TERM = timedelta(days=30)
DEMO_BILLS = 60
CENT_AMOUNT = "cent"

# account, description, (lowest, highest) quantity, price; used for made-up lines
_FEE_WORK = (
    (FEES, "Drafting correspondence", (10, 300), "295.00"),
    (FEES, "Research and advice", (10, 600), "345.50"),
    (FEES, "Attendance at court", (100, 800), "410.00"),
    (CONSULTATION, "Conference with client", (25, 200), "260.00"),
    (FIXED, "Document package, fixed fee", (100, 100), "1250.00"),
)
_EXPENSES = (
    (FILING, "Filing fee", (100, 100), "435.00"),
    (COPIES, "Copies", (100, 40000), "0.35"),
    (TRAVEL, "Mileage", (500, 30000), "0.67"),
    (SERVING, "Process server", (100, 200), "95.00"),
)


@dataclass(frozen=True)
class Billed:
    """Every bill and line, and by bill id the cause why one needs a person."""

    bills: list[Bill]
    lines: list[BillLine]
    attention: dict[int, str]


def demo_cases(country: Country) -> list[Case]:
    """Return the sixty bills of the demo, then those which must be ignored."""
    special = [*plain_cases(country), *ATTENTION_CASES]
    made_up = ordinary_cases(country, len(special), DEMO_BILLS - len(special))
    return [*special, *made_up, *IGNORED_CASES]


def bulk_cases(country: Country, count: int, clients: int) -> Iterator[Case]:
    """Yield ``count`` bills, all of which can be pushed."""
    plain = plain_cases(country)
    yield from plain[:count]
    for index in range(len(plain), count):
        yield _made_up(country, index, clients)


def plain_cases(country: Country) -> list[Case]:
    """Return the cases that can be pushed: those of all countries, then its own."""
    return [*PLAIN_CASES, *OWN_CASES.get(country.code, ())]


def ordinary_cases(country: Country, first: int, count: int) -> list[Case]:
    """Return everyday bills from the index ``first`` on, for the demo's clients."""
    return [_made_up(country, index, 15) for index in range(first, first + count)]


def bill_all(
    country: Country,
    people: People,
    cases: Iterable[Case],
    first_id: int = FIRST_BILL_ID,
) -> Billed:
    """Turn cases into bills and lines; ids and numbers follow their order."""
    billed = Billed([], [], {})
    cases = list(cases)
    for index, case in enumerate(cases):
        bill_id = first_id + index
        day = FIRST_DATE + timedelta(days=SPREAD_DAYS * index // len(cases))
        if case.attention == CLOSED_PERIOD:
            day = CLOSED_BOOKS - timedelta(days=4)
        client_id = people.clients[case.client].participant_id
        place = _Place(country, bill_id, day, people.matters_of[client_id])
        lines = [_line(place, number, row) for number, row in enumerate(case.lines, 1)]
        billed.bills.append(_bill(place, case, client_id, lines))
        if case.attention:
            billed.attention[bill_id] = case.attention
        if case.attention == LINES_MISMATCH:
            lines.pop()
        billed.lines.extend(lines)
    return billed


@dataclass(frozen=True)
class _Place:
    """Where and when a bill is made."""

    country: Country
    bill_id: int
    day: date
    matters: list[int]

    @property
    def posted_at(self) -> datetime:
        """Return the moment of posting; a bill of a closed period came late."""
        day = max(self.day, FIRST_DATE)
        at = datetime.combine(day, time(17, 0), tzinfo=timezone.utc)
        return at + timedelta(seconds=self.bill_id % 3600)


def worth(country: Country, row: Line) -> tuple[Decimal, str, Decimal]:
    """Return net amount, tax code and tax of a line in words."""
    if row.amount == CENT_AMOUNT:
        net = country.cent_amount
    elif row.amount is not None:
        net = Decimal(row.amount)
    else:
        net = cents(Decimal(row.quantity) * Decimal(row.price))
    code = country.roles[row.tax]
    return net, code, cents(net * country.rates[code] / 100)


def kind_of(account_number: str) -> str:
    """Return ``expense`` or ``fee``, as the number's series says."""
    return "expense" if account_number.startswith("6-") else "fee"


def _line(place: _Place, number: int, row: Line) -> BillLine:
    net, code, tax = worth(place.country, row)
    return BillLine(
        bill_id=place.bill_id,
        line_no=number,
        kind=kind_of(row.account),
        account_number=row.account,
        description=row.description,
        quantity=None if row.quantity is None else Decimal(row.quantity),
        unit_price=None if row.price is None else Decimal(row.price),
        amount_exclusive=net,
        tax_code=code,
        tax_amount=tax,
        matter_id=place.matters[1 if row.second_matter else 0],
        timekeeper=STAFF[(place.bill_id + number) % len(STAFF)],
        service_date=place.day - timedelta(days=number),
        modified_at=place.posted_at,
        product_service=row.product_service,
    )


def _bill(place: _Place, case: Case, client_id: int, lines: list[BillLine]) -> Bill:
    net = sum((line.amount_exclusive for line in lines), Decimal("0.00"))
    tax = sum((line.tax_amount for line in lines), Decimal("0.00"))
    paid = cents((net + tax) * Decimal(case.paid))
    number = case.number or f"INV-{place.bill_id - FIRST_BILL_ID + 10001}"
    deleted = case.status == "Deleted"
    return Bill(
        bill_id=place.bill_id,
        number="" if number == "-" else number,
        status=case.status,
        client_id=client_id,
        matter_ids=tuple(dict.fromkeys(line.matter_id for line in lines)),
        division_id=DIVISION_ID,
        currency=place.country.currency,
        bill_date=place.day,
        due_date=place.day + PAYMENT_TERM,
        total_exclusive=net,
        total_tax=tax,
        total_inclusive=net + tax,
        total_paid=paid,
        total_due=net + tax - paid,
        created_at=place.posted_at - timedelta(hours=2),
        modified_at=place.posted_at + timedelta(hours=4 if deleted else 0),
        deleted_at=place.posted_at + timedelta(hours=4) if deleted else None,
        their_reference=case.their_reference,
    )


def _made_up(country: Country, index: int, clients: int) -> Case:
    """Return an everyday bill; the same index gives the same bill in every size."""
    rng = random.Random(f"{country.code}/{index}")
    taxed = rng.random() < 0.8
    lines = []
    for number in range(rng.randint(1, 4)):
        expense = number > 0 and rng.random() < 0.4
        account, text, span, price = rng.choice(_EXPENSES if expense else _FEE_WORK)
        quantity = Decimal(rng.randint(*span)) / 100
        tax = "standard" if taxed and account != FILING else "none"
        lines.append(Line(account, text, f"{quantity:.2f}", price, tax))
    closed = rng.random() < 0.25
    return Case(
        "everyday",
        index % clients,
        tuple(lines),
        status="Closed" if closed else "Open",
        paid="1" if closed else "0",
    )
