"""The receipts and credit notes of the firm ``life`` which are there for a reason.

A case is a document in words; ``settlements.py`` turns it into rows and finds bills
for it: ordinary ones of one client on which nothing is paid yet.
"""

from dataclasses import dataclass
from datetime import date

from .cases import (
    ACCOUNT_UNMAPPED,
    CLOSED_PERIOD,
    CONSULTATION,
    COPIES,
    DEPOSIT_UNMAPPED,
    FEES,
    FILING,
    LINES_MISMATCH,
    NUMBER_TOO_LONG,
    TAX_UNMAPPED,
    TRAVEL,
    Line,
)
from .charts import OPERATING_BANK, TRUST_BANK, UNMAPPED_ACCOUNT, UNMAPPED_BANK

CHEQUE, EFT, CARD, TRUST = "Cheque", "EFT", "Credit Card", "Trust"
CREDIT_PREFIX, WRITE_OFF_PREFIX = "CR-", "WO-"
BEFORE_CLOSING = date(2026, 8, 20)
TWIN_DAY = date(2026, 10, 7)


@dataclass(frozen=True)
class Payment:
    """A receipt in words. ``shares``: one bill each, and how much of what it owes is
    paid; ``extra``: received beyond that and left unapplied. ``again`` pays the bills
    of the case before. An empty ``account`` is unknown."""

    name: str
    shares: tuple[str, ...] = ("1",)
    extra: str = "0"
    method: str = EFT
    reference: str = ""
    account: str = OPERATING_BANK
    from_trust: bool = False
    memo: str = ""
    received_on: date | None = None
    again: bool = False
    deleted: bool = False
    attention: str = ""


@dataclass(frozen=True)
class Credit:
    """A credit note in words. Without ``lines`` every line of its bill is credited.

    ``applied``: one bill each, and the share of the credit applied to it. ``again``
    takes the bills of the case before, ``loose`` has no bill.
    """

    name: str
    lines: tuple[Line, ...] = ()
    applied: tuple[str, ...] = ("1",)
    prefix: str = CREDIT_PREFIX
    number: str = ""
    reason: str = ""
    credit_date: date | None = None
    again: bool = False
    loose: bool = False
    deleted: bool = False
    attention: str = ""


def _fee(amount: str, tax: str = "standard", account: str = FEES) -> tuple[Line, ...]:
    return (Line(account, "Fees credited", amount=amount, tax=tax),)


PAYMENTS: tuple[Payment, ...] = (
    Payment("part payment", ("0.40",), method=CHEQUE, reference="200417"),
    Payment("the rest of it", again=True, method=CHEQUE, reference="200455"),
    Payment("part payment which stays one", ("0.25",), memo="First of four"),
    Payment(
        "three bills at once", ("1", "1", "1"), reference="EFT 77120", memo="3 inv"
    ),
    Payment("two bills, one of them in part", ("1", "0.5"), method=CARD),
    Payment("more than is owed", extra="50.00", method=CHEQUE, reference="200501"),
    Payment("two bills and more", ("1", "1"), "125.25", memo="Rest on account"),
    Payment("on no bill", (), "750.00", reference="ON ACCOUNT", memo="In advance"),
    Payment("on no bill, from trust", (), "300.00", TRUST, from_trust=True),
    Payment(
        "from trust into the operating account",
        method=TRUST,
        reference="TRUST-000318",
        from_trust=True,
        memo="Transfer of costs, authority of 1 October",
    ),
    Payment(
        "from trust, trust bank account named",
        method=TRUST,
        reference="TRUST-000319",
        account=TRUST_BANK,
        from_trust=True,
    ),
    Payment("reference of exactly 21 characters", reference="WIRE-2026-10-00012345"),
    Payment(
        "reference longer than QuickBooks takes",
        reference="FEDWIRE 20261014MMQFMP2B000117 / OUR REF 4411",
    ),
    Payment(
        "four-byte characters and line breaks in the memo",
        reference="<&'\"\\>",
        memo='𠮷野家 🏛️ paid\nin "two" parts\tsee letter',
    ),
    Payment("very long memo", memo="As agreed on the telephone. " * 160),
    Payment("nothing known but the amount", method="", account=""),
    Payment("a method of the firm's own", method="Standing order", reference="SO 12"),
    Payment("a twin", (), "200.00", CARD, "AUTH 5512", received_on=TWIN_DAY),
    Payment(
        "its twin of the same day",
        (),
        "200.00",
        CARD,
        "AUTH 5512",
        received_on=TWIN_DAY,
        again=True,
    ),
    Payment("deleted", ("0.5",), reference="BOUNCED", deleted=True),
    Payment(
        "into an account which the mapping leaves out",
        ("0.5",),
        account=UNMAPPED_BANK,
        attention=DEPOSIT_UNMAPPED,
    ),
    Payment(
        "in a closed period",
        (),
        "410.00",
        received_on=BEFORE_CLOSING,
        attention=CLOSED_PERIOD,
    ),
)

CREDITS: tuple[Credit, ...] = (
    Credit("full", reason="Billed twice"),
    Credit("full again, another client", reason="Wrong matter"),
    Credit("part, fees", _fee("80.00"), reason="Goodwill"),
    Credit("part, untaxed", _fee("75.00", "none")),
    Credit(
        "several lines and tax codes",
        (
            Line(FEES, "Time credited", "0.25", "320.00"),
            Line(CONSULTATION, "Conference credited", amount="20.00", tax="zero"),
            Line(TRAVEL, "Mileage credited", amount="13.40", tax="reduced"),
            Line(FILING, "Filing fee credited", amount="35.00", tax="none"),
        ),
        reason="See letter of 5 November",
    ),
    Credit(
        "tax per line differs by a cent from tax on the sum",
        tuple(Line(COPIES, f"Copies, bundle {n}", amount="cent") for n in "ABC"),
    ),
    Credit("an expense", (Line(COPIES, "Copies credited", "40", "0.35"),)),
    Credit("not applied", _fee("120.00"), (), reason="To be applied later"),
    Credit("applied in part", _fee("100.00", "none"), ("0.6",)),
    Credit("applied to two bills", _fee("150.00"), ("0.5", "0.5")),
    Credit("made from no bill", _fee("60.00"), (), loose=True, reason="Goodwill"),
    Credit(
        "number of exactly 21 characters", _fee("15.00"), number="CR-WHITFIELD-26-00017"
    ),
    Credit("write-off of a bill", prefix=WRITE_OFF_PREFIX, reason="Bad debt"),
    Credit("write-off of part", _fee("90.00"), prefix=WRITE_OFF_PREFIX),
    Credit(
        "write-off after a credit", _fee("30.00"), prefix=WRITE_OFF_PREFIX, again=True
    ),
    Credit(
        "write-off, applied to two bills",
        _fee("88.80", "none"),
        ("0.25", "0.75"),
        WRITE_OFF_PREFIX,
        reason="Uneconomic to pursue",
    ),
    Credit("write-off, not applied", _fee("45.00"), (), WRITE_OFF_PREFIX),
    Credit("deleted", _fee("70.00"), deleted=True),
    Credit(
        "number longer than QuickBooks takes",
        _fee("25.00"),
        (),
        number="CR-NORTHERN-DISTRICTS-2026-0042",
        attention=NUMBER_TOO_LONG,
    ),
    Credit(
        "line on an account which the mapping leaves out",
        _fee("40.00", account=UNMAPPED_ACCOUNT),
        (),
        attention=ACCOUNT_UNMAPPED,
    ),
    Credit(
        "tax code which the mapping leaves out",
        _fee("40.00", "unmapped"),
        (),
        attention=TAX_UNMAPPED,
    ),
    Credit(
        "in a closed period",
        _fee("40.00"),
        (),
        credit_date=BEFORE_CLOSING,
        attention=CLOSED_PERIOD,
    ),
    Credit(
        "lines which do not add up",
        (*_fee("40.00"), *_fee("7.00")),
        (),
        attention=LINES_MISMATCH,
    ),
)
