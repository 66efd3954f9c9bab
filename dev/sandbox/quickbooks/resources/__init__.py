"""The entities of the local server. A further one is a line here and a module."""

from __future__ import annotations

from .base import Resource
from .catalogue import Account, Item
from .currencies import CompanyCurrency, ExchangeRate
from .deposit import Deposit
from .invoice import CreditMemo, Invoice
from .journal import JournalEntry
from .lists import Class, Department, PaymentMethod, Term
from .names import Customer, Employee, Vendor
from .payment import Payment
from .settings import COMPANY, TAX_TABLES, TaxAgency

ALL: tuple[Resource, ...] = (
    Customer(),
    Vendor(),
    Employee(),
    Item(),
    Account(),
    *TAX_TABLES,
    TaxAgency(),
    Class(),
    Department(),
    Term(),
    PaymentMethod(),
    CompanyCurrency(),
    ExchangeRate(),
    *COMPANY,
    Invoice(),
    CreditMemo(),
    Payment(),
    JournalEntry(),
    Deposit(),
)
BY_ENTITY: dict[str, Resource] = {resource.entity: resource for resource in ALL}
# Paths are lower case and case sensitive.
BY_PATH: dict[str, Resource] = {r.entity.lower(): r for r in ALL}
