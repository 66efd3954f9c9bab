"""The books of one company (realm): objects, ids and indexes.

Nothing here awaits, so whoever reads and writes within one function is atomic.
"""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from . import clock
from .links import Links

CURRENCY_NAMES = {
    "AUD": "Australian Dollar",
    "CAD": "Canadian Dollar",
    "CHF": "Swiss Franc",
    "EUR": "Euro",
    "GBP": "British Pound Sterling",
    "HKD": "Hong Kong Dollar",
    "INR": "Indian Rupee",
    "JPY": "Japanese Yen",
    "NZD": "New Zealand Dollar",
    "SGD": "Singapore Dollar",
    "USD": "United States Dollar",
    "ZAR": "South African Rand",
}
# Entities whose objects share one series of ids.
FAMILIES = {
    "Customer": "name",
    "Vendor": "name",
    "Employee": "name",
    "Invoice": "transaction",
    "Payment": "transaction",
    "CreditMemo": "transaction",
    "RefundReceipt": "transaction",
    "SalesReceipt": "transaction",
    "JournalEntry": "transaction",
    "Deposit": "transaction",
}

Object = dict[str, Any]
Key = tuple[str, ...]


class Company:
    """Everything stored for one realm."""

    def __init__(self, realm_id: str, country: str, currency: str):
        self.realm_id = realm_id
        self.country = country
        self.currency = currency
        self.objects: dict[str, dict[str, Object]] = defaultdict(dict)
        # Key -> owners in the order they took it; what a key means is the resource's.
        self.index: dict[Key, dict[tuple[str, str], None]] = defaultdict(dict)
        self.keys: dict[tuple[str, str], list[Key]] = {}
        self.last_id: dict[str, int] = defaultdict(int)
        self.last_number = 1000
        self.links = Links()
        # Transactions that the bank feed was matched with.
        self.matched: set[tuple[str, str]] = set()
        self.books_password = False

    # Objects

    def load(self, entity: str, objects: Iterable[Object]) -> None:
        """Put seed objects in as they are."""
        for obj in objects:
            self.objects[entity][str(obj["Id"])] = obj
            self._remember_id(entity, str(obj["Id"]))

    def get(self, entity: str, object_id: str) -> Object | None:
        """Return a stored object, None when there is none or it was deleted."""
        obj = self.objects[entity].get(object_id)
        return None if obj is None or is_deleted(obj) else obj

    def all(self, entity: str) -> Iterator[Object]:
        """Yield the objects of an entity that were not deleted."""
        return (obj for obj in self.objects[entity].values() if not is_deleted(obj))

    def new_id(self, entity: str) -> str:
        """Return the next id; ids are never used twice."""
        family = FAMILIES.get(entity, entity)
        self.last_id[family] += 1
        return str(self.last_id[family])

    def _remember_id(self, entity: str, object_id: str) -> None:
        family = FAMILIES.get(entity, entity)
        if object_id.isdigit():
            self.last_id[family] = max(self.last_id[family], int(object_id))

    def put(self, entity: str, obj: Object, keys: Iterable[Key]) -> None:
        """Store an object under its id and index it."""
        self.forget_keys(entity, obj["Id"])
        self.objects[entity][obj["Id"]] = obj
        owner = (entity, obj["Id"])
        self.keys[owner] = list(keys)
        for key in self.keys[owner]:
            self.index[key][owner] = None

    def forget_keys(self, entity: str, object_id: str) -> None:
        """Take an object out of the indexes."""
        owner = (entity, object_id)
        for key in self.keys.pop(owner, ()):
            self.index[key].pop(owner, None)

    def bury(self, entity: str, obj: Object) -> None:
        """Delete an object; its tombstone stays for change data."""
        self.forget_keys(entity, obj["Id"])
        obj["status"] = "Deleted"
        touch(obj)

    def owner(self, key: Key, but: tuple[str, str] | None) -> tuple[str, str] | None:
        """Return the first object that has a key, other than ``but``."""
        owners = self.index.get(key, {})
        return next((owner for owner in owners if owner != but), None)

    # Settings

    @property
    def preferences(self) -> Object:
        """Return the Preferences object, empty when there is none."""
        return self.objects["Preferences"].get("1", {})

    def preference(self, group: str, name: str, default: Any = None) -> Any:
        """Return one preference."""
        return self.preferences.get(group, {}).get(name, default)

    @property
    def is_us(self) -> bool:
        """Tell whether the company file is a US one, with the US tax model."""
        return self.country == "US"

    @property
    def multicurrency(self) -> bool:
        """Tell whether foreign currencies may be used."""
        return bool(self.preference("CurrencyPrefs", "MultiCurrencyEnabled"))

    def currency_ref(self, code: str | None = None) -> Object:
        """Return the reference of a currency, by default the home currency."""
        code = code or self.currency
        return {"value": code, "name": CURRENCY_NAMES.get(code, code)}

    def rate(self, code: str, day: str) -> Decimal:
        """Return a currency's rate on a day: the latest one set until then, else 1."""
        rows = [
            row
            for row in self.all("ExchangeRate")
            if row["SourceCurrencyCode"] == code and row["AsOfDate"] <= day
        ]
        latest = max(rows, key=lambda row: row["AsOfDate"], default=None)
        known = latest is not None and code != self.currency
        return as_decimal(latest["Rate"]) if known else Decimal(1)

    # Document numbers and balances

    def next_number(self) -> str:
        """Return the next automatic document number (one series for sales forms)."""
        self.last_number += 1
        return str(self.last_number)

    def remember_numbers(self, objects: Iterable[Object]) -> None:
        """Let automatic numbers go on after the highest plain number of the seed."""
        numbers = [str(obj.get("DocNumber", "")) for obj in objects]
        used = [int(number) for number in numbers if number.isdigit()]
        self.last_number = max([self.last_number, *used])

    def change_balance(self, customer_id: str, amount: Decimal) -> None:
        """Add to a customer's balance and to those of its parents with jobs.

        QBO moves the customer's LastUpdatedTime as well, not its SyncToken (recorded).
        """
        customer = self.get("Customer", customer_id)
        if customer is not None and amount:
            customer["Balance"] = as_decimal(customer.get("Balance")) + amount
            self.change_jobs_balance(customer_id, amount)

    def change_jobs_balance(self, customer_id: str, amount: Decimal) -> None:
        """Add to the balance with jobs of a customer and of those above it."""
        customer = self.get("Customer", customer_id)
        while customer is not None and amount:
            balance = as_decimal(customer.get("BalanceWithJobs"))
            customer["BalanceWithJobs"] = balance + amount
            touch(customer)
            parent = customer.get("ParentRef", {}).get("value", "")
            customer = self.get("Customer", parent)

    def dump(self) -> dict[str, list[Object]]:
        """Return every object, inactive and deleted ones as well."""
        return {name: list(rows.values()) for name, rows in self.objects.items()}


@dataclass
class Call:
    """The circumstances of one operation.

    ``created`` holds what the same batch made before: items of a batch cannot see it.
    ``person`` is set when somebody works in QBO itself, to whom warnings and closed
    books do not apply.
    """

    company: Company
    switches: dict[str, Any]
    include: frozenset[str] = frozenset()
    created: set[tuple[str, str]] = field(default_factory=set)
    person: bool = False
    user: str = "Jane Bookkeeper"

    def get(self, entity: str, object_id: str) -> Object | None:
        """Return an object that this operation can see."""
        if (entity, object_id) in self.created:
            return None
        return self.company.get(entity, object_id)

    def visible(self, entity: str) -> Iterator[Object]:
        """Yield the objects of an entity that this operation can see."""
        for obj in self.company.all(entity):
            if (entity, obj["Id"]) not in self.created:
                yield obj


def is_deleted(obj: Object) -> bool:
    """Tell whether only the tombstone is left."""
    return obj.get("status") == "Deleted"


def touch(obj: Object) -> None:
    """Set the time of the last change, which never goes back."""
    meta = dict(obj.get("MetaData", {}))
    meta.setdefault("CreateTime", clock.stamp())
    meta["LastUpdatedTime"] = clock.stamp()
    obj["MetaData"] = meta


def as_decimal(value: Any) -> Decimal:
    """Return a stored amount as Decimal; None counts as zero."""
    return Decimal(str(value or 0))


def bump(obj: Object) -> None:
    """Raise the SyncToken."""
    obj["SyncToken"] = str(int(obj["SyncToken"]) + 1)


def snapshot(obj: Object) -> Object:
    """Return a copy for an answer, which later changes do not touch."""
    return copy.deepcopy(obj)
