"""Clients, staff and matters of the sample firms.

The first fifteen clients are the same in every firm and bear the names which real
firms have and which a ledger finds hard to take.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from .charts import Country
from .model import Division, Matter, Participant

DIVISION_ID = 1
FIRM_ID, BANK_ID, STAFF_ID, CLIENT_ID, MATTER_ID = 1, 2, 11, 501, 2001
FIRST_CHANGE = datetime(2026, 8, 3, 16, 0, tzinfo=timezone.utc)

VENDOR_NAME = "Harbor Office Supply"
EMPLOYEE_NAME = "Casey Morgan"
CUSTOMER_NAME = "Whitfield Family Trust"
TWIN_NAME = "Lee, Jordan"

# display name, is a company
CLIENTS: tuple[tuple[str, bool], ...] = (
    ("Bond, James", False),
    ("Estate of Smith: Residuary Trust", True),
    ("Tabulated\tHoldings LLC", True),
    ('O\'Neill, Robert "Bob"', False),
    ("O’Hara “Family” Office", True),
    ("Müller & Núñez Ltd", True),
    ("株式会社山田商事", True),
    ("  Pacific Trading Co  ", True),
    (
        "The Trustees for the Time Being of the Northern Districts Agricultural and "
        "Pastoral Benevolent Association Superannuation Scheme",
        True,
    ),
    (TWIN_NAME, False),
    (TWIN_NAME, False),
    (VENDOR_NAME, True),
    (EMPLOYEE_NAME, True),
    (CUSTOMER_NAME, True),
    ("Back\\Slash <Imports> & Söhne", True),
)
STAFF = ("Finch, Ada", "Alder, Tomas", "Okafor, Ngozi")
_SURNAMES = (
    "Abbott Barnes Carver Dalton Ellis Fowler Garner Holt Ibsen Jarvis Keane Lowell "
    "Marsh Nolan Osborne Pryce Quayle Rowan Sutton Thorpe Underhill Vance Wexler York"
)
_GIVEN = (
    "Alice Benoît Carla Dmitri Elena Farah Göran Hana Ivan Jamal Keira Łukasz Mei "
    "Noor Oscar Priya Quentin Rosa Siân Tariq Uma Viktor Wendy Zoë"
)
_SUBJECTS = (
    "Sale of business",
    "Lease: Unit 4 & 5",
    "Employment dispute",
    "Estate planning",
    "Smith v. Jones (appeal)",
    "Contrôle fiscal",
    "General advice",
)


@dataclass(frozen=True)
class People:
    """Everybody and every matter; ``matters_of`` lists matter ids by client id."""

    participants: list[Participant]
    clients: list[Participant]
    matters: list[Matter]
    matters_of: dict[int, list[int]]


def divisions(country: Country) -> list[Division]:
    """Return the firm's one legal entity."""
    return [Division(DIVISION_ID, country.firm_name, FIRM_ID, country.timezone)]


def people(country: Country, client_count: int) -> People:
    """Return the firm's contacts, with ``client_count`` clients of two matters each."""
    clients = [_client(country, *row) for row in _client_names(client_count)]
    matters = [
        matter
        for index, client in enumerate(clients)
        for matter in _matters(index, client)
    ]
    matters_of: dict[int, list[int]] = {}
    for matter in matters:
        matters_of.setdefault(matter.client_ids[0], []).append(matter.matter_id)
    return People([*_own(country), *clients], clients, matters, matters_of)


def _client_names(count: int) -> Iterator[tuple[int, str, bool]]:
    """Yield index, display name and whether it is a company; made-up names differ."""
    surnames, given_names = _SURNAMES.split(), _GIVEN.split()
    for index in range(count):
        if index < len(CLIENTS):
            yield index, *CLIENTS[index]
            continue
        surname = surnames[index % len(surnames)]
        given = given_names[index // len(surnames) % len(given_names)]
        if index % 3:
            yield index, f"{surname}, {given} {index}", False
        else:
            yield index, f"{surname} & {given} No. {index} Ltd", True


def _client(country: Country, index: int, name: str, is_company: bool) -> Participant:
    last, _, first = name.partition(", ")
    return Participant(
        participant_id=CLIENT_ID + index,
        display_name=name,
        is_company=is_company,
        company_name=name if is_company else "",
        first_name="" if is_company else first,
        last_name="" if is_company else last,
        email=f"client{index + 1}@example.com",
        phone=f"555 01{index % 100:02d}",
        address=f"{100 + index} Harbour Street",
        city=country.city,
        state=country.state,
        post_code=country.post_code,
        country=country.code,
        modified_at=FIRST_CHANGE + timedelta(minutes=index),
    )


def _matters(index: int, client: Participant) -> list[Matter]:
    number = MATTER_ID + 2 * index
    return [
        Matter(
            matter_id=number + offset,
            name=_SUBJECTS[(2 * index + offset) % len(_SUBJECTS)],
            reference=f"M{number + offset:06d}",
            status="Active",
            division_id=DIVISION_ID,
            assigned_to_id=STAFF_ID + (index + offset) % len(STAFF),
            client_ids=(client.participant_id,),
            modified_at=FIRST_CHANGE + timedelta(minutes=index),
        )
        for offset in (0, 1)
    ]


def _own(country: Country) -> list[Participant]:
    """Return the firm itself, its bank and its staff."""
    own = [
        Participant(
            FIRM_ID,
            country.firm_name,
            True,
            company_name=country.firm_name,
            country=country.code,
            modified_at=FIRST_CHANGE,
        ),
        Participant(
            BANK_ID,
            "First Harbour Bank",
            True,
            company_name="First Harbour Bank",
            country=country.code,
            modified_at=FIRST_CHANGE,
        ),
    ]
    for index, name in enumerate(STAFF):
        last, first = name.split(", ")
        own.append(
            Participant(
                STAFF_ID + index,
                name,
                False,
                first_name=first,
                last_name=last,
                email=f"{first.lower()}@firm.example",
                country=country.code,
                modified_at=FIRST_CHANGE,
            )
        )
    return own
