"""What every entity has in common: create, full and sparse update, read, delete.

A new entity is a subclass that names its operations and overrides ``build``; the
registry in ``resources/__init__.py`` is the only other place to touch.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import clock
from ..company import Call, Key, Object, is_deleted, touch
from ..faults import (
    bad_reference,
    inactive_reference,
    missing,
    not_found,
    stale,
    unsupported,
)
from ..schema import (
    CLASSES,
    check_characters,
    check_id,
    clean,
    unknown_property,
    without_blanks,
)

# Kept from the stored object in every update, full ones as well.
IDENTITY = ("Id", "SyncToken", "MetaData", "domain", "sparse")
ADDRESSES = ("BillAddr", "ShipAddr", "ShipFromAddr", "PrimaryAddr")


class Resource:
    """One entity. ``operations`` names what clients may do besides reading."""

    entity = ""
    operations: frozenset[str] = frozenset()
    # Name lists are made inactive, never deleted; queries leave inactive ones out.
    is_list = False
    # Not in "SELECT *" unless it is asked for by name.
    asked_for: frozenset[str] = frozenset()

    # Voided by an update with the option "void" instead of by an operation of its own.
    void_by_update = False

    # Operations

    def operation(self, payload: Any, asked: str, include: frozenset[str]) -> str:
        """Return what a request wants: ``asked``, else create or update by the Id."""
        if self.void_by_update and asked == "void":
            raise unsupported(asked)
        if self.void_by_update and asked == "update" and "void" in include:
            return "void"
        if asked:
            return asked
        return "update" if isinstance(payload, dict) and payload.get("Id") else "create"

    def perform(self, call: Call, operation: str, payload: Any) -> Object:
        """Carry out one write and return the object of the answer; raise Fault."""
        if not isinstance(payload, dict):
            raise unknown_property(self.entity, str(payload))
        if operation not in self.operations:
            raise unsupported(operation)
        methods: dict[str, Callable[[Call, Object], Object]] = {
            "create": self.create,
            "update": self.update,
            "delete": self.delete,
            "void": self.void,
        }
        return methods[operation](call, payload)

    def create(self, call: Call, payload: Object) -> Object:
        """Make a new object."""
        values = without_blanks(self.cleaned(call, payload))
        for name in IDENTITY:
            values.pop(name, None)
        obj = self.build(call, values, None, values)
        self.check(call, obj, None)
        obj["Id"] = call.company.new_id(self.entity)
        obj["SyncToken"] = "0"
        call.created.add((self.entity, obj["Id"]))
        return self.save(call, obj, None)

    def update(self, call: Call, payload: Object) -> Object:
        """Change an object: all writable properties, or only those given (sparse)."""
        values = self.cleaned(call, payload)
        current = self.current(call, payload)
        sparse = bool(values.get("sparse"))
        given = {n: v for n, v in values.items() if n not in IDENTITY}
        merged = self.merge(current, given, sparse)
        obj = self.build(call, merged, current, given)
        obj["Id"] = current["Id"]
        self.check(call, obj, current)
        obj["SyncToken"] = str(int(current["SyncToken"]) + 1)
        return self.save(call, obj, current)

    def delete(self, call: Call, payload: Object) -> Object:
        """Delete an object; the tombstone stays for change data."""
        current = self.current(call, payload)
        self.check_removal(call, current)
        self.remember(call, None, current)
        call.company.bury(self.entity, current)
        return {"domain": "QBO", "status": "Deleted", "Id": current["Id"]}

    def void(self, call: Call, payload: Object) -> Object:
        """Set a transaction's amounts to zero."""
        raise unsupported("void")

    def read(self, call: Call, object_id: str) -> Object:
        """Return one object, inactive ones as well."""
        obj = call.get(self.entity, object_id)
        if obj is None:
            check_id(object_id)
            raise not_found()
        return obj

    def shown(self, obj: Object) -> Object:
        """Return an object as answers show it."""
        return obj

    # What an entity decides

    def build(
        self, call: Call, values: Object, current: Object | None, given: Object
    ) -> Object:
        """Return the object to store, with defaults and computed properties.

        ``values`` are the writable properties after merging, ``given`` what the
        client sent, ``current`` the stored object of an update.
        """
        raise NotImplementedError

    def check(self, call: Call, obj: Object, current: Object | None) -> None:
        """Raise Fault when the object may not be stored."""

    def check_removal(self, call: Call, current: Object) -> None:
        """Raise Fault when the object may not be deleted."""

    def remember(self, call: Call, obj: Object | None, current: Object | None) -> None:
        """Carry a change over to other objects, such as a customer's balance."""

    def index_keys(self, obj: Object) -> list[Key]:
        """Return the keys by which duplicates are found."""
        return []

    def order(self, obj: Object) -> Any:
        """Return the sort key of a query without ORDERBY."""
        return id_order(obj)

    # Steps

    def cleaned(self, call: Call, payload: Object) -> Object:
        """Return the payload in one form; raise Fault for what does not fit."""
        values = clean(self.entity, payload)
        if call.switches["four_byte_characters"] == "refuse":
            check_characters(values)
        return values

    def current(self, call: Call, payload: Object) -> Object:
        """Return the stored object that the payload names, if its token is right."""
        object_id = str(payload.get("Id") or "")
        if not object_id:
            raise missing("Id")
        token = payload.get("SyncToken")
        if token is None or token == "":
            raise missing("SyncToken")
        current = self.read(call, object_id)
        if str(token) != current["SyncToken"] and not call.person:
            raise stale(call.user)
        return current

    def merge(self, current: Object, given: Object, sparse: bool) -> Object:
        """Return the writable properties after an update; blanks clear."""
        if sparse:
            table = CLASSES[self.entity]
            kept = {n: v for n, v in current.items() if not is_computed(table, n)}
            given = {**kept, **given}
        return without_blanks(given)

    def save(self, call: Call, obj: Object, current: Object | None) -> Object:
        """Store an object with its metadata; the last step, which cannot fail."""
        if current is not None:
            obj["MetaData"] = current["MetaData"]
        touch(obj)
        obj.update({"domain": "QBO", "sparse": False})
        self.number_addresses(call, obj)
        self.remember(call, obj, current)
        call.company.put(self.entity, obj, self.index_keys(obj))
        return obj

    def seed(self, call: Call, obj: Object) -> None:
        """Complete and index an object of the starting data."""
        for name, value in (("SyncToken", "0"), ("domain", "QBO"), ("sparse", False)):
            obj.setdefault(name, value)
        if self.is_list:
            obj.setdefault("Active", True)
        if "MetaData" not in obj:
            touch(obj)
        if not is_deleted(obj):
            call.company.put(self.entity, obj, self.index_keys(obj))

    def number_addresses(self, call: Call, obj: Object) -> None:
        """Give new addresses their ids."""
        for name in ADDRESSES:
            if name in obj and "Id" not in obj[name]:
                obj[name] = {"Id": call.company.new_id("PhysicalAddress"), **obj[name]}


class ReadOnly(Resource):
    """An entity that clients may only read and query."""

    def __init__(self, entity: str, is_list: bool = True):
        self.entity = entity
        self.is_list = is_list


def is_computed(table: dict[str, Any], name: str) -> bool:
    """Tell whether QBO computes a property itself."""
    return name in IDENTITY or (name in table and table[name].readonly)


def id_order(obj: Object) -> tuple[int, str]:
    """Sort numeric ids as numbers, after them the others."""
    text = obj["Id"]
    return (int(text), "") if text.isdigit() else (10**30, text)


def value_of(reference: Object | None) -> str | None:
    """Return the id in a reference."""
    return reference.get("value") if reference else None


def resolve(call: Call, entity: str, reference: Object, element: str) -> Object:
    """Return the active object that a reference names.

    Raises Fault 2500 when there is none and 610 when it was made inactive.
    """
    found = call.get(entity, str(reference.get("value")))
    if found is None:
        raise bad_reference(element)
    if found.get("Active") is False and not call.person:
        raise inactive_reference()
    return found


def today() -> str:
    """Return the server's date as text."""
    return clock.today().isoformat()
