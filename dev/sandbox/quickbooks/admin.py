"""Admin routes of this side: what a person does in QBO itself.

``POST /edit``       {"entity", "id", "changes"}: properties changed, SyncToken + 1.
                     Nested objects of Preferences are merged; read-only properties may
                     be set.
``POST /create``     {"entity", "object"}: a new object.
``POST /delete``     {"entity", "id"}: a transaction deleted (a Deposit: its payments
                     are free again), a list object made inactive.
``POST /void``       {"entity", "id"}: a transaction voided.
``POST /pay``        {"invoice", "amount"?, "date"?, "reference"?, "account"?,
                     "method"?}: a payment received, by default the whole balance.
``POST /apply``      {"credit" or "payment", "invoice", "amount"?}: a credit memo, or
                     what is unapplied of a payment, applied.
``POST /unapply``    {"credit" or "payment", "invoice"?, "amount"?}: taken off its
                     invoices, or off one; the money stays as unapplied.
``POST /deposit``    {"payment": id or ids, "account"?}: payments brought to the bank.
``POST /undeposit``  {"payment": id or ids}: taken out of their deposit.
``POST /match``      {"payment"} or {"entity", "id"}, "matched"?: bank feed matched;
                     false: no longer.
``POST /rename``     {"entity", "id", "name"}: a list object renamed.
``POST /inactivate`` {"entity", "id", "active"?}: a list object hidden, balance or not;
                     true: shown again. Tax codes, too.
``POST /merge``      {"from", "into"}: a customer merged into another.
``POST /close``      {"date", "password"?}: books closed; date null opens them.
``POST /currencies`` {"on"?, "rates"?: {"EUR": "1.10", "GBP": null}, "date"?}:
                     multicurrency on (``on`` false: off), currencies listed, and what
                     one unit is worth in the home currency from the date on.

Each answers the object. What a person does is not stopped by closed books, by duplicate
numbers (which are only a warning there), by a SyncToken or by links, which are undone;
a deposited payment is locked to people as well.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.routing import Route

from ..common import admin_route
from .bookkeeper import ACTS
from .company import Call, Object, touch
from .faults import Fault
from .resources import BY_ENTITY
from .resources.base import Resource
from .schema import CLASSES

if TYPE_CHECKING:
    from .app import QuickBooks


class Person:
    """Somebody at work in QBO."""

    def __init__(self, server: QuickBooks):
        self.server = server

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            admin_route("/edit", self.edit, "POST"),
            admin_route("/create", self.create, "POST"),
            admin_route("/delete", self.delete, "POST"),
            *(admin_route(f"/{name}", self.act(name), "POST") for name in ACTS),
        ]

    def act(self, name: str) -> Callable[[Request, Object], Awaitable[Any]]:
        """Return the handler of one of the bookkeeper's acts."""

        async def handler(_request: Request, body: Object) -> Any:
            if body.get("entity", "Payment") not in BY_ENTITY:
                raise ValueError(f"unknown entity {body['entity']!r}")
            call = self.server.call()
            call.person = True
            return self._told(lambda: ACTS[name](call, body))

        return handler

    async def edit(self, _request: Request, body: Object) -> Any:
        """Change an object."""
        resource, call = self._work(body)
        changes = body["changes"]
        return self._told(lambda: self._edit(call, resource, str(body["id"]), changes))

    async def create(self, _request: Request, body: Object) -> Any:
        """Make an object."""
        resource, call = self._work(body)
        return self._told(lambda: resource.create(call, body["object"]))

    async def delete(self, _request: Request, body: Object) -> Any:
        """Delete an object, or make it inactive."""
        resource, call = self._work(body)
        payload = {"Id": str(body["id"]), "SyncToken": "0"}
        if resource.is_list:
            inactive = {**payload, "sparse": True, "Active": False}
            return self._told(lambda: resource.update(call, inactive))
        return self._told(lambda: resource.delete(call, payload))

    def _work(self, body: Object) -> tuple[Resource, Call]:
        entity = body["entity"]
        if entity not in BY_ENTITY:
            raise ValueError(f"unknown entity {entity!r}")
        call = self.server.call()
        call.person = True
        return BY_ENTITY[entity], call

    def _edit(
        self, call: Call, resource: Resource, object_id: str, changes: Object
    ) -> Object:
        table = CLASSES[resource.entity]
        forced = {n: v for n, v in changes.items() if n in table and table[n].readonly}
        written = {n: v for n, v in changes.items() if n not in forced}
        obj = resource.read(call, object_id)
        if "update" not in resource.operations:
            _merge(obj, changes)
            obj["SyncToken"] = str(int(obj["SyncToken"]) + 1)
            touch(obj)
            return obj
        start = {"Id": object_id, "SyncToken": "0", "sparse": True}
        obj = resource.update(call, {**written, **start})
        obj.update(forced)
        return obj

    @staticmethod
    def _told(work: Any) -> Any:
        """Turn a fault into the admin door's plain 400."""
        try:
            return work()
        except Fault as fault:
            raise ValueError(f"{fault.code}: {fault.detail}") from fault


def _merge(target: Object, changes: Object) -> None:
    for name, value in changes.items():
        if isinstance(value, dict) and isinstance(target.get(name), dict):
            _merge(target[name], value)
        else:
            target[name] = value
