"""The entities of the local server. A further one is a line here and a module."""

from __future__ import annotations

from .base import Resource
from .catalogue import Account, Item
from .invoice import Invoice
from .names import Customer, Employee, Vendor
from .settings import COMPANY, TAX_TABLES, TaxAgency

ALL: tuple[Resource, ...] = (
    Customer(),
    Vendor(),
    Employee(),
    Item(),
    Account(),
    *TAX_TABLES,
    TaxAgency(),
    *COMPANY,
    Invoice(),
)
BY_ENTITY: dict[str, Resource] = {resource.entity: resource for resource in ALL}
# Paths are lower case and case sensitive.
BY_PATH: dict[str, Resource] = {r.entity.lower(): r for r in ALL}
