"""Small lists: classes, departments, terms and payment methods."""

from __future__ import annotations

from typing import Any

from ..company import Call, Object
from ..faults import Fault, missing
from .names import NameList, checked_name

# Plans that track neither classes nor locations.
SMALL_PLANS = ("Simple Start", "Essentials", "EasyStart", "Self-Employed")


class Tracking(NameList):
    """A list for tracking, with sub-entries; not in every plan."""

    sub_field = ""

    def build(
        self, call: Call, values: Object, current: Object | None, given: Object
    ) -> Object:
        """Return the entry placed below its parent."""
        check_plan(call, self.entity)
        if "Name" not in values:
            raise missing("Name")
        obj = dict(values)
        obj["Name"] = checked_name(obj["Name"], "Name")
        self.settle_activity(call, obj, current)
        parent = self.parent(call, obj, current)
        obj[self.sub_field] = parent is not None
        self.place(call, obj, parent)
        return obj

    def shown(self, obj: Object) -> Object:
        """Leave the level out, which these lists do not have."""
        return {name: value for name, value in obj.items() if name != "Level"}


class Class(Tracking):
    """Classes, on lines or whole transactions."""

    entity = "Class"
    sub_field = "SubClass"


class Department(Tracking):
    """Locations, on whole transactions."""

    entity = "Department"
    sub_field = "SubDepartment"


class Term(NameList):
    """Sales terms: so many days, or a day of the month."""

    entity = "Term"

    def build(
        self, call: Call, values: Object, current: Object | None, given: Object
    ) -> Object:
        """Return the term with its type."""
        if "Name" not in values:
            raise missing("Name")
        if "DueDays" not in values and "DayOfMonthDue" not in values:
            raise missing("DueDays")
        obj = {"DiscountPercent": 0, **values}
        obj["Type"] = "STANDARD" if "DueDays" in obj else "DATE_DRIVEN"
        return self.settle_activity(call, obj, current)


class PaymentMethod(NameList):
    """How money comes in."""

    entity = "PaymentMethod"

    def build(
        self, call: Call, values: Object, current: Object | None, given: Object
    ) -> Object:
        """Return the method."""
        if "Name" not in values:
            raise missing("Name")
        obj = {"Type": "NON_CREDIT_CARD", **values}
        return self.settle_activity(call, obj, current)


def check_plan(call: Call, entity: str) -> None:
    """Raise Fault 5030 when the company's plan does not track classes, locations."""
    info: dict[str, Any] = next(iter(call.company.all("CompanyInfo")), {})
    pairs = {row["Name"]: row["Value"] for row in info.get("NameValue", [])}
    plan = str(pairs.get("OfferingSku", ""))
    if any(name in plan for name in SMALL_PLANS):
        raise Fault("5030", f"Feature Not Supported Error : {entity}", "")


def starting_lists() -> dict[str, list[Object]]:
    """Return the lists that every new company has."""
    days = (("Due on receipt", 0), ("Net 15", 15), ("Net 30", 30), ("Net 60", 60))
    methods = (
        ("Cash", "NON_CREDIT_CARD"),
        ("Check", "NON_CREDIT_CARD"),
        ("Visa", "CREDIT_CARD"),
        ("MasterCard", "CREDIT_CARD"),
    )
    return {
        "Term": [
            {
                "Id": str(number),
                "Name": name,
                "DiscountPercent": 0,
                "DiscountDays": 0,
                "Type": "STANDARD",
                "DueDays": due,
            }
            for number, (name, due) in enumerate(days, 1)
        ],
        "PaymentMethod": [
            {"Id": str(number), "Name": name, "Type": kind}
            for number, (name, kind) in enumerate(methods, 1)
        ],
    }
