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

    ``home_currency`` is an ISO code, ``country`` ISO-2 of the edition.
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


@dataclass(frozen=True, slots=True)
class InvoiceLine:
    """A bill line with its targets in QuickBooks already chosen by the maps."""

    line_no: int
    description: str
    amount: Decimal
    tax_amount: Decimal
    item_id: str
    tax_code: QuickbooksTaxCode
    quantity: Decimal | None = None
    unit_price: Decimal | None = None
    service_date: date | None = None


@dataclass(frozen=True, slots=True)
class Invoice:
    """A bill ready to be translated into a QuickBooks invoice.

    ``reference`` is our own marker, the same for the life of the bill; it stands in
    the private note and tells our invoice from one with the same number.
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
