"""The bills of the sample firms which are there for a reason.

A case is a bill in words; ``bills.py`` turns it into rows. ``tax`` of a line is a
role (standard, reduced, zero, none, unmapped ...), see ``charts.Country.roles``.
"""

from dataclasses import dataclass

from .charts import UNMAPPED_ACCOUNT

FEES, FIXED, CONSULTATION, DISCOUNT = "4-1100", "4-1200", "4-1300", "4-1800"
FILING, COPIES, TRAVEL, EXPERT, SERVING = (
    "6-1100",
    "6-1200",
    "6-1300",
    "6-1400",
    "6-1500",
)

# Causes for which a bill needs a person, the values of Firm.expected_attention
ACCOUNT_UNMAPPED = "account_unmapped"
DEPOSIT_UNMAPPED = "deposit_account_unmapped"
TAX_UNMAPPED = "tax_unmapped"
NUMBER_TOO_LONG = "number_too_long"
CLOSED_PERIOD = "closed_period"
DUPLICATE_NUMBER = "duplicate_number"
LINES_MISMATCH = "lines_mismatch"
CAUSES = (
    ACCOUNT_UNMAPPED,
    DEPOSIT_UNMAPPED,
    TAX_UNMAPPED,
    NUMBER_TOO_LONG,
    CLOSED_PERIOD,
    DUPLICATE_NUMBER,
    LINES_MISMATCH,
)
TAKEN_NUMBER = "INV-2026-0777"

LONG_TEXT = (
    "Attendance on the client; perusal of the disclosed documents, bundle "
    "{part} of 40, with a note of each point taken and of the reply to it. "
)
LONG_DESCRIPTION = "".join(LONG_TEXT.format(part=n) for n in range(1, 41))


@dataclass(frozen=True)
class Line:
    """A line in words. ``amount`` overrides quantity x price (``cent``: the country's
    amount of three lines whose taxes sum to another cent than the tax on their sum);
    ``second_matter`` bills it to the client's second matter."""

    account: str
    description: str
    quantity: str | None = None
    price: str | None = None
    tax: str = "standard"
    amount: str | None = None
    second_matter: bool = False
    product_service: str = ""


@dataclass(frozen=True)
class Case:
    """A bill in words. ``number`` empty: the next of the series. ``client`` counts
    from 0. ``paid``: share of the total already settled."""

    name: str
    client: int
    lines: tuple[Line, ...]
    number: str = ""
    status: str = "Open"
    paid: str = "0"
    attention: str = ""
    their_reference: str = ""


_ONE_FEE = (Line(FEES, "Professional services", "2.50", "320.00"),)

PLAIN_CASES: tuple[Case, ...] = (
    Case("fully taxed", 0, _ONE_FEE),
    Case("untaxed", 1, (Line(FIXED, "Probate, fixed fee", "1", "1850.00", "none"),)),
    Case(
        "mixed taxable and not",
        2,
        (
            Line(FEES, "Drafting of the lease", "3.20", "295.00"),
            Line(FILING, "Filing fee, registry", "1", "435.00", "none"),
        ),
    ),
    Case(
        "tax per line differs by a cent from tax on the sum",
        3,
        tuple(Line(COPIES, f"Copies, bundle {n}", amount="cent") for n in "ABC"),
    ),
    Case(
        "zero rate",
        4,
        (
            Line(CONSULTATION, "Advice to an overseas client", "1", "500.00", "zero"),
            Line(TRAVEL, "Flight", "1", "812.40", "zero"),
        ),
    ),
    Case(
        "consolidated, two matters",
        5,
        (
            Line(FEES, "Advice on the sale", "4.00", "310.00"),
            Line(FEES, "Advice on the lease", "1.75", "310.00", second_matter=True),
            Line(SERVING, "Service of papers", "1", "95.00", "none", None, True),
        ),
    ),
    Case(
        "quantity x rate rounds to two places",
        6,
        (
            Line(FEES, "Telephone call", "0.17", "395.55"),
            Line(FEES, "Letter to counsel", "1.33", "287.50"),
        ),
    ),
    Case(
        "discount as a negative line",
        7,
        (
            Line(FEES, "Trial preparation", "12.40", "340.00"),
            Line(DISCOUNT, "Agreed discount, 10 %", "1", "-421.60"),
        ),
    ),
    Case(
        "zero-amount line",
        8,
        (
            Line(FEES, "First interview, no charge", "0.50", "0.00"),
            Line(FEES, "Second interview", "1.00", "320.00"),
        ),
    ),
    Case(
        "amount written down from hours x rate",
        9,
        (Line(FEES, "Negotiation", "2.50", "300.00", amount="700.00"),),
    ),
    Case(
        "no quantity known",
        10,
        (Line(FIXED, "Company formation", amount="990.00"),),
    ),
    Case(
        "very long description",
        11,
        (Line(FEES, LONG_DESCRIPTION, "20.00", "310.00"),),
    ),
    Case(
        "four-byte characters and line breaks in a description",
        12,
        (
            Line(CONSULTATION, "Conférence 𠮷野家 🏛️\nsecond line\ttab", "1", "260.00"),
            Line(COPIES, "“Copies” & <scans> of ½ file's \\ bundle", "42", "0.35"),
        ),
    ),
    Case("number with slashes", 13, _ONE_FEE, number="2026/09/0014"),
    Case("number re-posted with suffix", 14, _ONE_FEE, number="INV-10015.1"),
    Case("number with leading zeros", 0, _ONE_FEE, number="000045"),
    Case(
        "number of exactly 21 characters", 13, _ONE_FEE, number="WHITFIELD-2026-000017"
    ),
    Case(
        "number with space, ampersand and quote", 3, _ONE_FEE, number="O'N & Co 18/26"
    ),
    Case(
        "disbursements only",
        9,
        (
            Line(FILING, "Court filing fee", "1", "435.00", "none"),
            Line(EXPERT, "Expert report", "1", "2400.00"),
            Line(TRAVEL, "Train", "2", "38.15", "reduced"),
        ),
    ),
    Case(
        "every tax role of the country",
        5,
        (
            Line(FEES, "Professional services", "6.30", "275.00"),
            Line(TRAVEL, "Heating survey", "1", "133.10", "reduced"),
            Line(FILING, "Land registry", "1", "40.00", "zero"),
            Line(SERVING, "Stamp", "1", "12.50", "none"),
        ),
    ),
    Case("settled", 1, _ONE_FEE, status="Closed", paid="1"),
    Case("part paid", 2, _ONE_FEE, paid="0.25"),
    Case(
        "product chosen on the line",
        12,
        (
            Line(FILING, "Transcript", "1", "180.00", "none", None, False, "Services"),
            Line(FEES, "Hearing", "5.00", "320.00"),
        ),
        their_reference="PO 4500/77",
    ),
    Case(
        "small amounts",
        6,
        (
            Line(COPIES, "One page", "1", "0.01"),
            Line(COPIES, "Six pages", "6", "0.06"),
            Line(FEES, "Email", "0.10", "250.00"),
        ),
    ),
)

# Bills which only one country has; they come after those of all.
OWN_CASES: dict[str, tuple[Case, ...]] = {
    "CA": (
        Case(
            "each of two rates rounds up where both at once round down",
            1,
            (Line(COPIES, "Copies of the file", amount="10.10"),),
        ),
        Case(
            "harmonized tax of another province",
            2,
            (
                Line(FEES, "Advice, Toronto office", "2.25", "310.00", "harmonized"),
                Line(FILING, "Filing fee, Ontario", "1", "229.00", "none"),
            ),
        ),
        Case(
            "exempt beside taxed by one level alone",
            4,
            (
                Line(FIXED, "Legal aid certificate", amount="640.00", tax="exempt"),
                Line(TRAVEL, "Ferry", "2", "17.95", "reduced"),
            ),
        ),
        Case(
            "two taxes, harmonized, one level, zero-rated, exempt and out of scope",
            11,
            (
                Line(FEES, "Professional services", "1.70", "295.55"),
                Line(FEES, "Advice on Ontario law", "0.35", "295.55", "harmonized"),
                Line(COPIES, "Copies", "37", "0.35", "reduced"),
                Line(CONSULTATION, "Advice to a non-resident", "1", "260.00", "zero"),
                Line(FIXED, "Certificate", amount="75.00", tax="exempt"),
                Line(SERVING, "Oath", "1", "40.00", "none"),
            ),
        ),
    ),
}

ATTENTION_CASES: tuple[Case, ...] = (
    Case(
        "line on an account which the mapping leaves out",
        0,
        (
            Line(FEES, "Professional services", "1.00", "320.00"),
            Line(UNMAPPED_ACCOUNT, "Mediation, half a day", "1", "900.00"),
        ),
        attention=ACCOUNT_UNMAPPED,
    ),
    Case(
        "tax code which the mapping leaves out",
        4,
        (Line(FEES, "Professional services", "1.00", "320.00", "unmapped"),),
        attention=TAX_UNMAPPED,
    ),
    Case(
        "number longer than QuickBooks takes",
        8,
        _ONE_FEE,
        number="NORTHERN-DISTRICTS/2026/0042",
        attention=NUMBER_TOO_LONG,
    ),
    Case("bill in a closed period", 10, _ONE_FEE, attention=CLOSED_PERIOD),
    Case(
        "number that another customer's invoice bears",
        14,
        _ONE_FEE,
        number=TAKEN_NUMBER,
        attention=DUPLICATE_NUMBER,
    ),
    Case(
        "lines which do not add up to the header",
        7,
        (
            Line(FEES, "Professional services", "3.00", "320.00"),
            Line(COPIES, "Copies that the export lost", "1", "18.20"),
        ),
        attention=LINES_MISMATCH,
    ),
)

# Not counted: these must never reach QuickBooks.
IGNORED_CASES: tuple[Case, ...] = (
    Case("draft", 0, _ONE_FEE, status="Draft"),
    Case("draft without a number", 5, _ONE_FEE, number="-", status="Draft"),
    Case("deleted", 9, _ONE_FEE, status="Deleted"),
)
