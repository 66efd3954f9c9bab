"""A firm of the run: its two servers, its connection in Odoo, and its people."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

import requests

from ..demo import Demo
from ..rpc import Person
from ..sandbox import firms
from ..sandbox.actionstep import create_app as actionstep_app
from ..sandbox.actionstep.reporting import ReportingDatabase
from ..sandbox.common import running
from ..sandbox.quickbooks import app as quickbooks
from ..setup.postgres import Server
from . import CALL_SECONDS, ITEM_SECONDS
from .people import People

LIFE = "life"
SIDES = ("quickbooks", "actionstep")


@dataclass
class Firm:
    """One firm; ``servers`` holds the addresses and keys of both sides."""

    country: str
    size: str
    servers: dict[str, Any]
    books: quickbooks.QuickBooks
    people: People
    demo: Demo | None = None

    def connect(self, person: Person, process: Any) -> None:
        """Connect both sides, save the maps, and turn Sales Invoices on."""
        self.demo = Demo(self.servers, person, process)
        self.demo.connect()
        self.demo.map_accounts()
        self.demo._write({"push_invoices": True})

    def reconnect(self, side: str) -> None:
        """Go through a consent again, as the person who was asked to."""
        person, key = self.demo.person, self.demo.connection_id
        action = person.press("actionstep.connection", f"action_connect_{side}", key)
        person.visit(action["url"])

    def tell(self, side: str, what: str, method: str = "POST", **body: Any) -> Any:
        """Use the admin door of a side; return its answer, None when it refuses."""
        url = f"{self.servers[side]['admin_url']}/{what}"
        answer = requests.request(method, url, json=body, timeout=60)
        return answer.json() if answer.ok else None

    @cached_property
    def ports(self) -> set[int]:
        """Return the ports of both servers."""
        urls = (self.servers[side]["admin_url"] for side in SIDES)
        return {urlsplit(url).port for url in urls}

    def sent(self) -> int:
        """Return how many batches that write have arrived at QuickBooks."""
        entries = list(self.books.log)
        return sum(b'"operation"' in one.body for one in entries)


@contextmanager
def founded(
    server: Server, country: str, size: str, rng: random.Random, name: str
) -> Iterator[Firm]:
    """Run the servers of a firm for the length of the block.

    :param name: of its reporting database
    """
    # As fast as two processors let the whole run be, and slow enough to be met at work.
    quickbooks.ITEM_SECONDS, quickbooks.CALL_SECONDS = ITEM_SECONDS, CALL_SECONDS
    firm = firms.build(country, size, with_payments=True)
    with ExitStack() as stack:
        database = ReportingDatabase(server, name)
        database.create()
        stack.callback(database.drop)
        books = quickbooks.QuickBooks(firm, {"limits": "off"}, "real")
        office = actionstep_app(firm, reporting=database)
        addresses = {
            side: sandbox.describe(stack.enter_context(running(app)))
            for side, app, sandbox in (
                ("quickbooks", books.app(), books),
                ("actionstep", office, office.state.sandbox),
            )
        }
        admin_url = addresses["actionstep"]["admin_url"]
        people = People(admin_url, rng, has_script=size == LIFE)
        yield Firm(country, size, addresses, books, people)
