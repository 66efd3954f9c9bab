"""The admin door's own routes: what a user does in Actionstep, and the nightly load.

Every change takes ``"reporting": true`` to reach the reporting database at once;
else it waits for ``POST /reporting/refresh``. Bodies name columns as the sample firm's
dataclasses do; those of bills and contacts may use the REST attributes, too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.routing import Route

from ..common import admin_route
from .rows import Row, to_keys
from .state import PAYMENT_KEYS

if TYPE_CHECKING:
    from .mishaps import Mishaps
    from .server import Actionstep


class Door:
    """The changes, by path; handlers get the id of the path, if any, and the body."""

    def __init__(self, sandbox: Actionstep):
        self.sandbox = sandbox

    def routes(self) -> list[Route]:
        """Return the routes, paths relative to ``/__admin``."""
        table: tuple[tuple[str, Callable[..., Any]], ...] = (
            ("/bills", self.add_bill),
            ("/bills/{id:int}", self.change_bill),
            ("/bills/{id:int}/lines", self.replace_lines),
            ("/bills/{id:int}/revert", self.revert_bill),
            ("/bills/{id:int}/post", self.post_bill),
            ("/bills/{id:int}/delete", self.delete_bill),
            ("/receipts", self.add_receipt),
            ("/receipts/{id:int}", self.change_receipt),
            ("/receipts/{id:int}/allocations", self.allocate),
            ("/receipts/{id:int}/delete", self.delete_receipt),
            ("/credit_notes", self.add_credit),
            ("/credit_notes/{id:int}", self.change_credit),
            ("/credit_notes/{id:int}/lines", self.replace_credit_lines),
            ("/credit_notes/{id:int}/applications", self.apply_credit),
            ("/credit_notes/{id:int}/delete", self.delete_credit),
            ("/participants", self.add_participant),
            ("/participants/{id:int}", self.change_participant),
            ("/participants/{id:int}/merge", self.merge_participants),
            ("/matters", self.add_matter),
            ("/matters/{id:int}", self.change_matter),
            ("/life", self.live),
        )
        return [
            *(self._route(path, handler) for path, handler in table),
            admin_route("/life", self.life_steps, "GET"),
            admin_route("/firm", self.firm, "GET"),
            admin_route("/reporting", self.reporting, "GET"),
            admin_route("/reporting/refresh", self.refresh, "POST"),
            admin_route("/reporting/{mishap}", self.mishap, "POST"),
        ]

    def _route(self, path: str, handler: Callable[..., Any]) -> Route:
        """Return a route; a body that is a list is what the path's end names."""

        async def answer(request: Request, body: Any) -> Any:
            if isinstance(body, list):
                body = {path.rpartition("/")[2]: body}
            reporting = body.pop("reporting", False)
            touched = self.sandbox.state.touched
            touched.clear()
            result = plain(handler(*request.path_params.values(), body))
            if reporting:
                self.sandbox.refresh_reporting(touched)
            return result

        return admin_route(path, answer, "POST")

    # Bills

    def add_bill(self, body: Row) -> Row:
        """Add a bill: its values and ``lines``."""
        lines = body.pop("lines")
        return self.sandbox.state.add_bill(body, lines)

    def change_bill(self, bill_id: int, body: Row) -> Row:
        """Change a header as it stands; a mere payment moves no timestamp (a switch).

        No rule is checked, so that a test can make any header.
        """
        payment = set(to_keys("bills", body)) <= PAYMENT_KEYS
        bump = not payment or self.sandbox.switches["payment_bumps_modified"]
        return self.sandbox.state.change_bill(bill_id, body, bump)

    def replace_lines(self, bill_id: int, body: Row) -> Row:
        """Replace a bill's ``lines``; with ``header`` (the default) totals follow."""
        header = body.get("header", True)
        return self.sandbox.state.replace_lines(bill_id, body["lines"], header)

    def revert_bill(self, bill_id: int, _body: Row) -> Row:
        """Turn a bill back into a draft."""
        return self.sandbox.state.revert_bill(bill_id)

    def post_bill(self, bill_id: int, body: Row) -> Row:
        """Approve a draft, under ``number`` or its old one with ``.1``."""
        return self.sandbox.state.post_bill(bill_id, body.get("number"))

    def delete_bill(self, bill_id: int, body: Row) -> Row:
        """Delete a bill; with ``hard`` no tombstone stays."""
        return self.sandbox.state.delete_bill(bill_id, body.get("hard", False))

    # Receipts and credit notes; the answer holds their parts, too

    def add_receipt(self, body: Row) -> Row:
        """Add a receipt: its values and ``allocations``."""
        allocations = body.pop("allocations", [])
        return self._receipt(self.sandbox.ledger.add_receipt(body, allocations))

    def change_receipt(self, receipt_id: int, body: Row) -> Row:
        """Change a receipt."""
        return self._receipt(self.sandbox.ledger.change_receipt(receipt_id, body))

    def allocate(self, receipt_id: int, body: Row) -> Row:
        """Replace a receipt's ``allocations``."""
        row = self.sandbox.ledger.allocate(receipt_id, body["allocations"])
        return self._receipt(row)

    def delete_receipt(self, receipt_id: int, body: Row) -> Row:
        """Delete a receipt; its row stays, unless ``hard``."""
        hard = body.get("hard", False)
        return self._receipt(self.sandbox.ledger.delete_receipt(receipt_id, hard))

    def add_credit(self, body: Row) -> Row:
        """Add a credit note: its values, ``lines`` and ``applications``."""
        lines, applications = body.pop("lines", None), body.pop("applications", [])
        return self._credit(self.sandbox.ledger.add_credit(body, lines, applications))

    def change_credit(self, credit_id: int, body: Row) -> Row:
        """Change a credit note's header."""
        return self._credit(self.sandbox.ledger.change_credit(credit_id, body))

    def replace_credit_lines(self, credit_id: int, body: Row) -> Row:
        """Replace a credit note's ``lines``; with ``header`` totals follow."""
        ledger, header = self.sandbox.ledger, body.get("header", True)
        return self._credit(
            ledger.replace_credit_lines(credit_id, body["lines"], header)
        )

    def apply_credit(self, credit_id: int, body: Row) -> Row:
        """Replace a credit note's ``applications``."""
        row = self.sandbox.ledger.apply_credit(credit_id, body["applications"])
        return self._credit(row)

    def delete_credit(self, credit_id: int, body: Row) -> Row:
        """Delete a credit note; its row stays, unless ``hard``."""
        hard = body.get("hard", False)
        return self._credit(self.sandbox.ledger.delete_credit(credit_id, hard))

    def _receipt(self, row: Row) -> Row:
        parts = self.sandbox.state.receipt_allocations.get(row["receipt_id"], [])
        return row | {"allocations": parts}

    def _credit(self, row: Row) -> Row:
        state, key = self.sandbox.state, row["credit_id"]
        parts = state.credit_applications.get(key, [])
        lines = state.credit_note_lines.get(key, [])
        return row | {"lines": lines, "applications": parts}

    # Contacts and matters

    def add_participant(self, body: Row) -> Row:
        """Add a contact, with a matter."""
        return self.sandbox.state.add_participant(body)

    def add_matter(self, body: Row) -> Row:
        """Add a matter."""
        return self.sandbox.state.add_matter(body)

    def change_matter(self, matter_id: int, body: Row) -> Row:
        """Change a matter."""
        return self.sandbox.state.change_matter(matter_id, body)

    def change_participant(self, participant_id: int, body: Row) -> Row:
        """Change a contact."""
        return self.sandbox.state.change_participant(participant_id, body)

    def merge_participants(self, participant_id: int, body: Row) -> Row:
        """Merge a contact into another, ``into``; answers the one that stays."""
        bump = self.sandbox.switches["merge_bumps_documents"]
        return self.sandbox.state.merge_participants(participant_id, body["into"], bump)

    # The firm's life and the nightly load

    def live(self, body: Row) -> list[Row]:
        """Do a step of the script; answers what was done: ``{what, kind, id}``."""
        return self.sandbox.life.run(body["step"])

    async def life_steps(self, _request: Request, _body: Any) -> Any:
        """Return the script's steps and which are done."""
        return self.sandbox.life.steps()

    async def firm(self, _request: Request, _body: Any) -> Any:
        """Return which sample firm this is and what must not reach QuickBooks.

        ``expected_attention``: cause by bill id; ``expected_attention_documents``:
        by kind (receipt, credit_note) and id. Ids are text, as JSON's keys are.
        """
        firm = self.sandbox.state.firm
        documents: dict[str, Row] = {"receipt": {}, "credit_note": {}}
        for (kind, key), cause in firm.expected_attention_documents.items():
            documents[kind][str(key)] = cause
        bills = {str(key): cause for key, cause in firm.expected_attention.items()}
        return {
            "country": firm.country,
            "size": firm.size,
            "currency": firm.currency,
            "expected_attention": bills,
            "expected_attention_documents": documents,
        }

    async def reporting(self, _request: Request, _body: Any) -> Any:
        """Return what is wrong with the reporting database."""
        return self._mishaps().status()

    async def mishap(self, request: Request, body: Row) -> Any:
        """Let the reporting database misbehave, or mend it."""
        mishaps, name = self._mishaps(), request.path_params["mishap"]
        acts = {**mishaps.acts, "during": mishaps.during}
        if name not in acts:
            raise ValueError(f"the reporting database knows {sorted(acts)}")
        try:
            return acts[name](body) or {}
        except mishaps.database_error as error:
            raise ValueError(str(error)) from error

    def _mishaps(self) -> Mishaps:
        if self.sandbox.mishaps is None:
            raise ValueError("this server has no reporting database")
        return self.sandbox.mishaps

    async def refresh(self, _request: Request, _body: Any) -> Any:
        """Load the reporting database anew."""
        self.sandbox.refresh_reporting()
        return {}


def plain(value: Any) -> Any:
    """Return a copy with dates as text and tuples as lists; Decimal stays."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value.isoformat() if hasattr(value, "isoformat") else value
