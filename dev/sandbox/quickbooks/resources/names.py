"""Customers, vendors and employees: three lists that share one set of names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ..company import Call, Key, Object, as_decimal
from ..faults import Fault, business
from .base import Resource, resolve, value_of

NAME_PARTS = ("Title", "GivenName", "MiddleName", "FamilyName", "Suffix")
FORBIDDEN = re.compile(r"[:\t\n\r]")
MAX_LEVEL = 4
DELETED = " (deleted)"
# What bears a customer's name.
TRANSACTIONS = ("Invoice", "CreditMemo", "Payment")
TAKEN = (
    "Another customer, vendor or employee is already using this name. "
    "Please use a different name."
)


class NameList(Resource):
    """A list whose objects have a name, may be inactive and may not be deleted."""

    operations = frozenset({"create", "update"})
    is_list = True
    name_field = "Name"
    scope = ""

    def check(self, call: Call, obj: Object, current: Object | None) -> None:
        """Refuse a name that is taken."""
        but = (self.entity, current["Id"]) if current else None
        for key in self.index_keys(obj):
            owner = call.company.owner(key, but)
            if owner:
                raise duplicate_name(call, owner[1])

    def index_keys(self, obj: Object) -> list[Key]:
        """Compare names without case and surrounding blanks."""
        return [(self.scope or self.entity, same_name(self.full_name(obj)))]

    def full_name(self, obj: Object) -> str:
        """Return the name that must be unique."""
        return obj.get("FullyQualifiedName") or obj[self.name_field]

    def order(self, obj: Object) -> Any:
        """Sort by name, as recorded."""
        return self.full_name(obj).casefold()

    def settle_activity(
        self, call: Call, obj: Object, current: Object | None
    ) -> Object:
        """Rename an object that is made inactive, and back."""
        obj.setdefault("Active", True)
        name = obj[self.name_field]
        was_active = current is None or current.get("Active", True)
        if not obj["Active"] and was_active and not name.endswith(DELETED):
            self.check_deactivation(call, obj)
            obj[self.name_field] = self.free_name(call, obj, name + DELETED)
        elif obj["Active"] and not was_active:
            obj[self.name_field] = re.sub(r" \(deleted\)( \d+)?$", "", name)
        return obj

    def free_name(self, call: Call, obj: Object, name: str) -> str:
        """Return the name, with a number when another inactive object has it."""
        parent = self.full_name(obj)[: -len(obj[self.name_field])]
        number, candidate = 1, name
        scope = self.scope or self.entity
        while call.company.owner((scope, same_name(parent + candidate)), None):
            number += 1
            candidate = f"{name} {number}"
        return candidate

    def check_deactivation(self, call: Call, obj: Object) -> None:
        """Raise Fault when the object is still needed."""

    def place(self, call: Call, obj: Object, parent: Object | None) -> None:
        """Set full name and level below the parent; raise Fault 6180 when too deep."""
        name = obj[self.name_field]
        obj["FullyQualifiedName"] = name
        obj.pop("Level", None)
        if parent is not None:
            obj["Level"] = int(parent.get("Level", 0)) + 1
            obj["FullyQualifiedName"] = f"{parent['FullyQualifiedName']}:{name}"
            if obj["Level"] > MAX_LEVEL:
                raise Fault("6180", "You can nest up to 5 levels.", "")

    def parent(self, call: Call, obj: Object, current: Object | None) -> Object | None:
        """Return the parent; raise Fault 900 when it is the object or below it."""
        if "ParentRef" not in obj:
            return None
        parent = resolve(call, self.entity, obj["ParentRef"], "ParentRef")
        above: Object | None = parent
        while above is not None and current is not None:
            if above["Id"] == current["Id"]:
                raise Fault("900", "The parent cannot be the object itself.", "")
            above = call.get(self.entity, value_of(above.get("ParentRef")) or "")
        obj["ParentRef"] = {"value": parent["Id"]}
        return parent

    def rename_children(self, call: Call, obj: Object) -> None:
        """Carry a changed name over to the full names below."""
        for child in list(call.company.all(self.entity)):
            if value_of(child.get("ParentRef")) == obj["Id"]:
                self.place(call, child, obj)
                call.company.put(self.entity, child, self.index_keys(child))
                self.rename_children(call, child)

    def remember(self, call: Call, obj: Object | None, current: Object | None) -> None:
        """Rename what is below when the name changed."""
        if (
            obj
            and current
            and obj.get("FullyQualifiedName") != current.get("FullyQualifiedName")
        ):
            self.rename_children(call, obj)


class Person(NameList):
    """What customers, vendors and employees have in common."""

    name_field = "DisplayName"
    scope = "name"
    # Kept from the stored object, whatever an update says.
    kept: tuple[str, ...] = ("Balance", "CurrencyRef")
    defaults: dict[str, Any] = {}

    def build(
        self, call: Call, values: Object, current: Object | None, given: Object
    ) -> Object:
        """Return the person with display name, currency and defaults."""
        obj = {**self.defaults, **values}
        if current is not None:
            check_same_currency(call, values.get("CurrencyRef"), current)
            obj |= {name: current[name] for name in self.kept if name in current}
        obj["DisplayName"] = display_name(values)
        self.settle_activity(call, obj, current)
        self.settle(call, obj, current)
        obj.setdefault("PrintOnCheckName", obj["DisplayName"])
        return obj

    def full_name(self, obj: Object) -> str:
        """Return the display name: the same one may not stand under two parents."""
        return obj["DisplayName"]

    def settle(self, call: Call, obj: Object, current: Object | None) -> None:
        """Set what is particular to the list."""

    def settle_currency(self, call: Call, obj: Object) -> None:
        """Set the currency; raise Fault for a foreign one where that is off."""
        obj["CurrencyRef"] = currency_reference(call, obj.get("CurrencyRef"))


class Customer(Person):
    """Clients, and sub-customers (jobs) below them."""

    entity = "Customer"
    kept = ("Balance", "BalanceWithJobs", "CurrencyRef")
    defaults = {
        "Taxable": True,
        "Job": False,
        "BillWithParent": False,
        "Balance": 0,
        "BalanceWithJobs": 0,
        "PreferredDeliveryMethod": "Print",
    }

    def settle(self, call: Call, obj: Object, current: Object | None) -> None:
        """Set currency, place below the parent and the default tax code."""
        self.settle_currency(call, obj)
        parent = self.parent(call, obj, current)
        for name in ("Job", "BillWithParent"):
            if parent is None and obj[name]:
                detail = f"ParentRef is required if {name} is true"
                raise Fault("6150", detail, "ParentRef")
        obj["Job"] = parent is not None
        self.place(call, obj, parent)
        self.check_payer(call, obj, current)
        code = call.company.preference("TaxPrefs", "TaxGroupCodeRef")
        if code and call.company.is_us and obj["Taxable"]:
            obj.setdefault("DefaultTaxCodeRef", {"value": code["value"]})

    def check_payer(self, call: Call, obj: Object, current: Object | None) -> None:
        """Raise Fault 6130 when who pays changes while there is something to pay."""
        if current is None or call.person:
            return
        billed = bool(current.get("BillWithParent"))
        if billed != obj["BillWithParent"] and any(self.transactions(call, current)):
            raise Fault(
                "6130",
                "You can't change who this customer bills with because there are "
                "invoices connected to a parent account.",
                "",
            )

    def check_deactivation(self, call: Call, obj: Object) -> None:
        """Refuse while something is owed, here or below; people settle that at once."""
        names = ("Balance", "BalanceWithJobs")
        if call.person or all(as_decimal(obj.get(name)) == 0 for name in names):
            return
        text = "The entity has an open balance."
        if call.switches["inactive_with_balance"] == "6000":
            raise business(text)
        raise Fault("6220", text, "")

    def transactions(self, call: Call, obj: Object) -> Iterator[Object]:
        """Yield the customer's invoices, credit memos and payments."""
        for entity in TRANSACTIONS:
            for form in call.company.all(entity):
                if value_of(form.get("CustomerRef")) == obj.get("Id"):
                    yield form

    def remember(self, call: Call, obj: Object | None, current: Object | None) -> None:
        """Show a new name on the transactions, and count jobs where they now are."""
        super().remember(call, obj, current)
        for customer, sign in ((current, -1), (obj, 1)):
            if obj and current and customer:
                parent_id = value_of(customer.get("ParentRef")) or ""
                amount = as_decimal(customer.get("BalanceWithJobs"))
                call.company.change_jobs_balance(parent_id, sign * amount)
        if obj and current and obj["DisplayName"] != current["DisplayName"]:
            for form in self.transactions(call, obj):
                form["CustomerRef"] = {"value": obj["Id"], "name": obj["DisplayName"]}


class Vendor(Person):
    """Suppliers."""

    entity = "Vendor"
    defaults = {"Balance": 0, "Vendor1099": False}

    def settle(self, call: Call, obj: Object, current: Object | None) -> None:
        """Set the currency."""
        self.settle_currency(call, obj)


class Employee(Person):
    """Staff."""

    entity = "Employee"
    kept = ()
    defaults = {"BillableTime": False}


def display_name(values: Object) -> str:
    """Return the display name or one made of the name's parts.

    Raises Fault 6080 when there is none and 2040 for a colon, tab or line break.
    """
    text = values.get("DisplayName") or " ".join(
        values[part] for part in NAME_PARTS if part in values
    )
    text = text.strip(" ")
    if not text:
        detail = "One of these fields is required: " + ", ".join(
            [*NAME_PARTS, "DisplayName"]
        )
        raise Fault("6080", detail, "")
    return checked_name(text, "DisplayName")


def checked_name(text: str, element: str, also: str = "") -> str:
    """Return a name without surrounding blanks; raise Fault 2040."""
    if FORBIDDEN.search(text) or any(letter in text for letter in also):
        raise Fault("2040", f"Element contains invalid characters: {text}", element)
    return text.strip(" ")


def same_name(text: str) -> str:
    """Return the form in which names are compared."""
    return text.strip().casefold()


def duplicate_name(call: Call, owner_id: str) -> Fault:
    """Return the 6240; how much it tells is the switch ``duplicate_name_detail``."""
    told = {"null": "null", "text": TAKEN, "id": f"Id={owner_id}"}
    detail = told[call.switches["duplicate_name_detail"]]
    return Fault("6240", f"The name supplied already exists. : {detail}")


def check_same_currency(call: Call, given: Object | None, current: Object) -> None:
    """Raise Fault 6000 for another currency: it stays as it was at the start."""
    own = value_of(current.get("CurrencyRef"))
    changes = own and (value_of(given) or own).upper() != own
    if changes and call.switches["customer_currency_change"] == "refuse":
        raise business("The currency cannot be changed once it is set.")


def currency_reference(call: Call, given: Object | None) -> Object:
    """Return the currency; raise Fault 2220, or 6000 when it cannot be used.

    Foreign ones need multicurrency and, by the switch ``currency_list``, a place in
    the company's list of currencies.
    """
    company = call.company
    code = (value_of(given) or company.currency).upper()
    if not re.fullmatch(r"[A-Z]{3}", code):
        raise Fault("2220", f"Invalid Currency Type : {code}", "CurrencyRef")
    if code != company.currency and not company.multicurrency:
        raise business(
            f"The currency {code} cannot be used because multicurrency is off."
        )
    listed = any(
        row["Code"] == code and row["Active"] for row in company.all("CompanyCurrency")
    )
    required = call.switches["currency_list"] == "required"
    if code != company.currency and required and not listed:
        raise business(f"The currency {code} is not in the company's list.")
    return company.currency_ref(code)
