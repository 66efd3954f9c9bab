"""The plain way with the same library: one ``save()`` after another, in one thread."""

from __future__ import annotations

import os
import time
from typing import Any

from intuitlib.client import AuthClient
from quickbooks import QuickBooks
from quickbooks.objects.customer import Customer
from quickbooks.objects.invoice import Invoice

from .stage import Sides

MINOR_VERSION = 75


def sent(firm: Sides, entity: str) -> list[dict[str, Any]]:
    """Return the objects of an entity that were sent to be created, in their order."""
    return [
        item[entity]
        for row in firm.requests("/batch")
        for item in row["body"]["BatchItemRequest"]
        if entity in item and item.get("operation") == "create"
    ]


def client_of(keys: dict[str, Any]) -> QuickBooks:
    """Return the library's client for the local server with these keys."""
    auth_client = AuthClient(
        keys["client_id"],
        keys["client_secret"],
        "http://127.0.0.1/unused",
        keys["discovery_url"],
        refresh_token=keys["refresh_token"],
        realm_id=keys["realm_id"],
    )
    client = QuickBooks(
        auth_client=auth_client,
        refresh_token=keys["refresh_token"],
        company_id=keys["realm_id"],
        minorversion=MINOR_VERSION,
    )
    client.api_url_v3 = keys["api_url"]
    # The library refuses to talk without TLS, which the local server has none of.
    os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"
    return client


def save_all(
    client: QuickBooks,
    customers: list[dict[str, Any]],
    invoices: list[dict[str, Any]],
    names: dict[str, str],
) -> float:
    """Save customers, then their invoices; return the seconds that took.

    The objects are built beforehand.

    :param names: the customers' names by the id that the invoices give them
    """
    people = [Customer.from_json(row) for row in customers]
    bills = [(Invoice.from_json(row), row["CustomerRef"]["value"]) for row in invoices]
    started = time.monotonic()
    ids = {person.DisplayName: person.save(qb=client).Id for person in people}
    for bill, customer_id in bills:
        bill.CustomerRef.value = ids.get(names[customer_id], customer_id)
        bill.save(qb=client)
    return time.monotonic() - started
