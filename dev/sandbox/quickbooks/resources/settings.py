"""Entities of the company itself: tax tables, company information, preferences."""

from __future__ import annotations

from ..company import Call, Object
from ..faults import missing
from .base import ReadOnly, Resource


class TaxAgency(Resource):
    """Tax offices; clients may make new ones."""

    entity = "TaxAgency"
    operations = frozenset({"create"})

    def build(
        self, call: Call, values: Object, current: Object | None, given: Object
    ) -> Object:
        """Return the agency."""
        if "DisplayName" not in values:
            raise missing("DisplayName")
        defaults = {"TaxTrackedOnSales": True, "TaxTrackedOnPurchases": False}
        return {**defaults, **values}


class Single(ReadOnly):
    """An entity of which a company has one object, whose Id is 1."""

    def __init__(self, entity: str):
        super().__init__(entity, is_list=False)

    def read(self, call: Call, object_id: str) -> Object:
        """Return the one object, whatever id the path names."""
        return super().read(call, "1")


# Tax codes and rates are made by the TaxService resource, not by their own.
TAX_TABLES = (ReadOnly("TaxCode"), ReadOnly("TaxRate"))
COMPANY = (Single("CompanyInfo"), Single("Preferences"))
