"""Plain records of one sample law firm, as Actionstep would hold them.

Money is ``Decimal`` with two places, timestamps are aware and in UTC, ids are
integers (the REST API shows them as numbers, the reporting views as text).
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")


def cents(amount: Decimal) -> Decimal:
    """Return ``amount`` rounded half-up to two places (away from zero)."""
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)


@dataclass(frozen=True, slots=True)
class AccountType:
    """Kind of account; ``primary_section`` is one of Assets, Liabilities, Equity,
    Income, Expenses; ``income_section`` is empty for balance-sheet kinds."""

    type_id: int
    name: str
    primary_section: str
    income_section: str = ""


@dataclass(frozen=True, slots=True)
class Account:
    """One row of the chart of accounts. A ``header`` account cannot be posted to.

    ``income_account_id`` is the income account an expense account is paired with.
    """

    account_id: int
    number: str
    name: str
    type_id: int
    parent_id: int | None = None
    tax_code_id: int | None = None
    income_account_id: int | None = None
    active: bool = True
    header: bool = False
    matter_only: bool = False


@dataclass(frozen=True, slots=True)
class TaxCode:
    """A tax code; ``percentage`` is percent with two places (8.25 means 8.25 %)."""

    tax_code_id: int
    code: str
    description: str
    percentage: Decimal


@dataclass(frozen=True, slots=True)
class Participant:
    """A contact: client, member of staff, bank or the firm's own entity."""

    participant_id: int
    display_name: str
    is_company: bool
    company_name: str = ""
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    phone: str = ""
    address: str = ""
    city: str = ""
    state: str = ""
    post_code: str = ""
    country: str = ""
    modified_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Division:
    """A legal entity of the firm."""

    division_id: int
    name: str
    participant_id: int
    timezone: str


@dataclass(frozen=True, slots=True)
class Matter:
    """A matter (Actionstep calls it an action)."""

    matter_id: int
    name: str
    reference: str
    status: str
    division_id: int
    assigned_to_id: int
    client_ids: tuple[int, ...]
    modified_at: datetime


@dataclass(frozen=True, slots=True)
class Bill:
    """Header of a bill, in Actionstep's own arithmetic.

    ``total_tax`` is the sum of the lines' taxes, each rounded to the cent.
    ``status`` is Draft, Open, Closed or Deleted.
    """

    bill_id: int
    number: str
    status: str
    client_id: int
    matter_ids: tuple[int, ...]
    division_id: int
    currency: str
    bill_date: date
    due_date: date
    total_exclusive: Decimal
    total_tax: Decimal
    total_inclusive: Decimal
    total_paid: Decimal
    total_due: Decimal
    created_at: datetime
    modified_at: datetime
    deleted_at: datetime | None = None
    their_reference: str = ""


@dataclass(frozen=True, slots=True)
class BillLine:
    """One line of a bill; ``quantity`` and ``unit_price`` may be unknown (None)."""

    bill_id: int
    line_no: int
    kind: str
    account_number: str
    description: str
    quantity: Decimal | None
    unit_price: Decimal | None
    amount_exclusive: Decimal
    tax_code: str
    tax_amount: Decimal
    matter_id: int
    timekeeper: str
    service_date: date
    modified_at: datetime
    product_service: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """Money received from a client; what is not allocated stays unapplied.

    ``deposit_account_number`` may be empty (unknown). With ``from_trust`` the firm
    paid itself out of the client's trust money.
    """

    receipt_id: int
    client_id: int | None
    matter_id: int | None
    received_on: date
    amount: Decimal
    currency: str
    method: str
    reference: str
    memo: str
    deposit_account_number: str
    from_trust: bool
    modified_at: datetime
    deleted_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ReceiptAllocation:
    """How much of a receipt settles a bill."""

    receipt_id: int
    bill_id: int
    amount: Decimal


@dataclass(frozen=True, slots=True)
class CreditNote:
    """A credit note, amounts above zero; ``bill_id`` is the bill it was made from.

    A write-off is a credit note, too; only the prefix of its number tells.
    """

    credit_id: int
    number: str
    bill_id: int | None
    client_id: int | None
    matter_id: int | None
    credit_date: date
    currency: str
    total_exclusive: Decimal
    total_tax: Decimal
    total_inclusive: Decimal
    reason: str
    modified_at: datetime
    deleted_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class CreditNoteLine:
    """One line of a credit note."""

    credit_id: int
    line_no: int
    kind: str
    account_number: str
    description: str
    amount_exclusive: Decimal
    tax_code: str
    tax_amount: Decimal


@dataclass(frozen=True, slots=True)
class CreditApplication:
    """How much of a credit note settles a bill, and since when."""

    credit_id: int
    bill_id: int
    applied_on: date
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Mapping:
    """What the firm's bookkeeper chooses on the mapping page.

    ``items``: Actionstep account number -> QBO product/service name;
    ``accounts``: Actionstep account number -> QBO account name;
    ``taxes``: Actionstep tax code -> QBO tax code name.
    """

    items: dict[str, str]
    accounts: dict[str, str]
    taxes: dict[str, str]


@dataclass(frozen=True)
class Firm:
    """A sample firm: its Actionstep side, its QBO company, and what to expect.

    ``quickbooks`` holds QBO objects in QBO's own JSON shape by entity name; money
    in them is ``Decimal``. ``expected_attention`` names, by bill id, the cause for
    which a bill cannot be pushed, ``expected_attention_documents`` the same for other
    documents by kind (``receipt``, ``credit_note``) and id. ``closed_books`` is QBO's
    closing date.

    A firm with receipts has one for all that is paid: ``total_paid`` of a bill is the
    sum of what living receipts and credit notes settle of it.
    """

    country: str
    size: str
    name: str
    currency: str
    timezone: str
    orgkey: str
    realm_id: str
    user_id: int
    accounts: list[Account]
    account_types: list[AccountType]
    tax_codes: list[TaxCode]
    participants: list[Participant]
    matters: list[Matter]
    divisions: list[Division]
    bills: list[Bill]
    bill_lines: list[BillLine]
    quickbooks: dict[str, list[dict] | dict]
    mapping: Mapping
    closed_books: date
    expected_attention: dict[int, str] = field(default_factory=dict)
    receipts: list[Receipt] = field(default_factory=list)
    receipt_allocations: list[ReceiptAllocation] = field(default_factory=list)
    credit_notes: list[CreditNote] = field(default_factory=list)
    credit_note_lines: list[CreditNoteLine] = field(default_factory=list)
    credit_applications: list[CreditApplication] = field(default_factory=list)
    expected_attention_documents: dict[tuple[str, int], str] = field(
        default_factory=dict
    )

    def __deepcopy__(self, memo: dict) -> Firm:
        """Copy only what can be changed: all other rows are immutable."""
        return replace(self, quickbooks=copy.deepcopy(self.quickbooks, memo))
