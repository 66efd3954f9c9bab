"""Neutral documents: what clients read, what mappers translate.

Plain values without any vendor's shape. Money and quantities are ``Decimal``, money in
the currency of its document; dates are dates; times are naive UTC, as Odoo keeps them;
ids are text.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Bill:
    """Header of a bill (Actionstep ``bills``); status Draft, Open, Closed, Deleted."""

    bill_id: str
    number: str
    status: str
    client_id: str | None
    matter_ids: tuple[str, ...]
    division_id: str | None
    currency: str
    bill_date: date | None
    due_date: date | None
    total_exclusive: Decimal
    total_tax: Decimal
    total_inclusive: Decimal
    total_paid: Decimal
    modified_at: datetime | None
    deleted_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class BillLine:
    """Row of the reporting view ``bill_line``; kind is ``fee`` or ``expense``."""

    bill_id: str
    line_no: int
    kind: str
    account_number: str
    description: str
    quantity: Decimal | None
    unit_price: Decimal | None
    amount_exclusive: Decimal
    tax_code: str
    tax_amount: Decimal
    matter_id: str | None
    timekeeper: str
    service_date: date | None
    product_service: str
    modified_at: datetime | None


@dataclass(frozen=True, slots=True)
class Receipt:
    """Row of the reporting view ``receipt``: money that came in from a client.

    ``reference`` is the payer's, such as a cheque number; ``from_trust`` says that the
    firm took it out of the client's trust money.
    """

    receipt_id: str
    client_id: str | None
    matter_id: str | None
    received_on: date | None
    amount: Decimal
    currency: str
    method: str
    reference: str
    memo: str
    deposit_account_number: str
    from_trust: bool
    modified_at: datetime | None
    deleted_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ReceiptAllocation:
    """Row of ``receipt_allocation``: how much of a receipt settles one bill."""

    receipt_id: str
    bill_id: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class CreditNoteHeader:
    """Row of ``credit_note``: a credit or a write-off; its amounts are positive.

    ``bill_id`` is the bill it was made from, if any.
    """

    credit_id: str
    number: str
    bill_id: str | None
    client_id: str | None
    matter_id: str | None
    credit_date: date | None
    currency: str
    total_exclusive: Decimal
    total_tax: Decimal
    total_inclusive: Decimal
    reason: str
    modified_at: datetime | None
    deleted_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class CreditNoteLine:
    """Row of ``credit_note_line``; kind is ``fee`` or ``expense``."""

    credit_id: str
    line_no: int
    kind: str
    account_number: str
    description: str
    amount_exclusive: Decimal
    tax_code: str
    tax_amount: Decimal


@dataclass(frozen=True, slots=True)
class CreditApplication:
    """Row of ``credit_application``: how much of a credit note settles one bill."""

    credit_id: str
    bill_id: str
    applied_on: date | None
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Participant:
    """A contact of Actionstep (``participants``): here the client who is billed."""

    participant_id: str
    display_name: str
    is_company: bool
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    phone: str = ""
    address_lines: tuple[str, ...] = ()
    city: str = ""
    state: str = ""
    postcode: str = ""
    country: str = ""
    modified_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Matter:
    """A matter (Actionstep calls it ``action``)."""

    matter_id: str
    name: str
    reference: str
    status: str
    modified_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class LedgerAccount:
    """An account of Actionstep's chart; ``account_type`` as the firm names it."""

    account_id: str
    number: str
    name: str
    account_type: str
    is_header: bool
    is_active: bool


@dataclass(frozen=True, slots=True)
class TaxCode:
    """A tax code of Actionstep; ``percentage`` 10 means 10 %."""

    tax_code_id: str
    code: str
    description: str
    percentage: Decimal


@dataclass(frozen=True, slots=True)
class QuickbooksItem:
    """A product or service of QuickBooks; account is its income account's name."""

    item_id: str
    name: str
    item_type: str
    income_account: str
    is_active: bool


@dataclass(frozen=True, slots=True)
class QuickbooksAccount:
    """A ledger account of QuickBooks."""

    account_id: str
    number: str
    name: str
    account_type: str
    account_subtype: str
    is_active: bool


@dataclass(frozen=True, slots=True)
class QuickbooksPaymentMethod:
    """A payment method of QuickBooks; type is CREDIT_CARD or NON_CREDIT_CARD."""

    method_id: str
    name: str
    method_type: str
    is_active: bool


@dataclass(frozen=True, slots=True)
class QuickbooksTaxRate:
    """One rate of a QuickBooks tax code; ``percentage`` 8.25 means 8.25 %."""

    rate_id: str
    percentage: Decimal


@dataclass(frozen=True, slots=True)
class QuickbooksTaxCode:
    """A tax code of QuickBooks with its sales rates (none on a pseudo code)."""

    tax_code_id: str
    name: str
    description: str
    is_taxable: bool
    is_active: bool
    rates: tuple[QuickbooksTaxRate, ...] = ()

    @property
    def percentage(self) -> Decimal:
        """Sum of the rates, in per cent."""
        return sum((rate.percentage for rate in self.rates), Decimal(0))


@dataclass(frozen=True, slots=True)
class QuickbooksCompany:
    """What a QuickBooks company is like; read at connect and at each refresh.

    ``home_currency`` is an ISO code, ``country`` ISO-2 of the edition; ``offering`` and
    ``subscription`` are Intuit's words, empty where it does not tell them.
    """

    realm_id: str
    name: str
    country: str
    home_currency: str
    is_multicurrency: bool
    uses_sales_tax: bool
    uses_automated_sales_tax: bool
    uses_custom_numbers: bool
    book_close_date: date | None = None
    offering: str = ""
    subscription: str = ""


@dataclass(frozen=True, slots=True)
class InvoiceLine:
    """A line of a bill or credit note, its targets in QuickBooks chosen by the maps.

    ``kind`` and ``account`` (as people read it) only serve the description of a
    summary. ``merged_count`` is how many lines with an amount a summary stands for:
    each of them may have been rounded.
    """

    line_no: int
    description: str
    amount: Decimal
    tax_amount: Decimal
    item_id: str
    tax_code: QuickbooksTaxCode
    quantity: Decimal | None = None
    unit_price: Decimal | None = None
    service_date: date | None = None
    kind: str = ""
    account: str = ""
    merged_count: int = 1


@dataclass(frozen=True, slots=True)
class Invoice:
    """A bill ready to be translated into a QuickBooks invoice.

    ``reference`` is our own marker, the same for the life of the bill; it stands in
    the private note and tells our invoice from one with the same number.
    ``exchange_rate`` is what one unit of the bill's currency is worth in the home
    currency; None for a bill in the home currency.
    """

    reference: str
    number: str
    customer_id: str
    currency: str
    invoice_date: date
    due_date: date | None
    total_tax: Decimal
    total: Decimal
    lines: tuple[InvoiceLine, ...]
    matters: tuple[str, ...] = ()
    quickbooks_id: str | None = None
    sync_token: str | None = None
    exchange_rate: Decimal | None = None


@dataclass(frozen=True, slots=True)
class CreditNote:
    """A credit note ready to become a QuickBooks credit memo; amounts are positive.

    Reference and exchange rate as those of an invoice. A write-off is a credit note,
    too; in QuickBooks its number and its note tell.
    """

    reference: str
    number: str
    customer_id: str
    currency: str
    credit_date: date
    total_tax: Decimal
    total: Decimal
    lines: tuple[InvoiceLine, ...]
    reason: str = ""
    matters: tuple[str, ...] = ()
    is_write_off: bool = False
    quickbooks_id: str | None = None
    sync_token: str | None = None
    exchange_rate: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Allocation:
    """How much of a payment settles one QuickBooks invoice.

    ``invoice_quickbooks_id`` is None while the bill is not pushed; then
    ``bill_number`` says in the message which bill is waited for.
    """

    invoice_quickbooks_id: str | None
    amount: Decimal
    bill_number: str = ""


@dataclass(frozen=True, slots=True)
class Payment:
    """A receipt ready to become a QuickBooks payment.

    What is not allocated stays unapplied. ``number`` is the payer's reference,
    ``method`` its name in Actionstep, ``method_id`` the QuickBooks payment method.
    Without ``deposit_account_id`` the money goes to Undeposited Funds.
    """

    reference: str
    customer_id: str
    currency: str
    paid_on: date
    amount: Decimal
    allocations: tuple[Allocation, ...] = ()
    number: str = ""
    method: str = ""
    method_id: str | None = None
    memo: str = ""
    matter: str = ""
    deposit_account_id: str | None = None
    quickbooks_id: str | None = None
    sync_token: str | None = None
    exchange_rate: Decimal | None = None


@dataclass(frozen=True, slots=True)
class CreditUse:
    """A part of a credit memo applied to one invoice.

    QuickBooks keeps it as a payment of zero. ``invoice_quickbooks_id`` is None while
    the bill is not pushed; ``bill_number`` and ``credit_number`` are for people.
    """

    reference: str
    customer_id: str
    currency: str
    applied_on: date
    amount: Decimal
    credit_quickbooks_id: str
    invoice_quickbooks_id: str | None
    credit_number: str = ""
    bill_number: str = ""
    quickbooks_id: str | None = None
    sync_token: str | None = None
    exchange_rate: Decimal | None = None


# What has lines, products and tax.
Sale = Invoice | CreditNote
Document = Invoice | CreditNote | Payment | CreditUse
