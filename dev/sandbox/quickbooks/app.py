"""The QuickBooks Online server: routes, admission, answers."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from ..common import (
    ADMIN,
    BadJson,
    JsonResponse,
    OAuthError,
    Sandbox,
    dumps,
    generic_body,
    loads,
)
from . import answers
from .admin import Person
from .batch import items_of, run_batch
from .cdc import changed_data
from .company import Call, Company
from .faults import (
    Fault,
    GatewayFault,
    forbidden,
    gateway_body,
    system_failure,
    throttled,
    unauthorized,
    unsupported,
)
from .limits import Limiter
from .oauth import ACCOUNTING, OAuthServer
from .page import invoice_page
from .query import run_query
from .replay import Replays
from .resources import BY_ENTITY, BY_PATH
from .resources.lists import starting_lists
from .switches import SWITCHES

logger = logging.getLogger(__name__)

# Seconds one call and one item of a batch take when the speed is real.
CALL_SECONDS = 0.160
ITEM_SECONDS = 0.425


@dataclass
class Visit:
    """One request to the company's resources."""

    request: Request
    body: bytes
    path: tuple[str, ...] = ()
    call: Call | None = None
    seconds: float = field(default_factory=time.monotonic)

    @property
    def query(self) -> Any:
        """Return the query parameters."""
        return self.request.query_params

    @property
    def request_id(self) -> str:
        """Return the requestid; a blank one counts as none (recorded)."""
        return self.query.get("requestid", "")

    def json(self) -> Any:
        """Return the body; raise Fault for one that is no JSON or no UTF-8."""
        try:
            return loads(self.body.decode())
        except UnicodeDecodeError as error:
            text = "Invalid byte 1 of 1-byte UTF-8 sequence."
            raise Fault("500", text) from error
        except BadJson as error:
            detail = f"Property Name:{error} specified is unsupported or invalid"
            raise Fault("2010", detail) from error


Handler = Callable[[Visit], Awaitable[Any]]


class QuickBooks(Sandbox):
    """One QBO company behind Intuit's gateway."""

    name = "quickbooks"
    switch_table = SWITCHES

    def __init__(self, firm: Any, switches: dict[str, Any] | None, speed: str):
        self.realm_id = str(firm.realm_id)
        self.client_id = "AB" + secrets.token_urlsafe(24)
        self.client_secret = secrets.token_urlsafe(30)
        self.verifier_token = secrets.token_urlsafe(24)
        self.first_refresh_token = "AB11" + secrets.token_urlsafe(32)
        super().__init__(firm, switches, speed)
        self.open_grant()
        # Paths besides the entities' own; further services are added here.
        self.services: dict[tuple[str, str], Handler] = {
            ("GET", "query"): self.query,
            ("POST", "query"): self.query,
            ("POST", "batch"): self.batch,
            ("GET", "cdc"): self.changes,
            ("GET", "exchangerate"): self.exchange_rate,
        }

    # State

    def load(self, firm: Any) -> None:
        """Open the company's books."""
        self.company = Company(self.realm_id, firm.country, firm.currency)
        self.replays = Replays(self.switches)
        self.limiter = Limiter()
        for entity, rows in firm.quickbooks.items():
            self.company.load(entity, rows if isinstance(rows, list) else [rows])
        for entity, rows in starting_lists().items():
            if not self.company.objects[entity]:
                self.company.load(entity, rows)
        call = self.call()
        for entity, resource in BY_ENTITY.items():
            for obj in list(self.company.all(entity)):
                resource.seed(call, obj)
        for entity in ("Invoice", "CreditMemo"):
            self.company.remember_numbers(self.company.all(entity))

    def open_grant(self) -> None:
        """Give out the refresh token that a script can start with."""
        self.grant = self.tokens.grant(
            self.first_refresh_token, realm_id=self.realm_id, scopes=[ACCOUNTING]
        )

    def reset_tokens(self) -> None:
        """End all grants and open the first one again."""
        super().reset_tokens()
        self.open_grant()

    def speed_switches(self) -> dict[str, Any]:
        """Limits are on when the speed is real."""
        return {"limits": "on" if self.speed == "real" else "off"}

    def call(self) -> Call:
        """Return the circumstances of a new operation."""
        return Call(self.company, self.switches)

    def dump(self) -> dict[str, Any]:
        """Return every object by entity."""
        return self.company.dump()

    def describe(self, base_url: str) -> dict[str, Any]:
        """Return addresses and keys."""
        return {
            "api_url": f"{base_url}/v3",
            "discovery_url": f"{base_url}/openid",
            "client_id": self.client_id,
            "client_secret": self.client_secret,
            "realm_id": self.realm_id,
            "refresh_token": self.grant.refresh_token,
            "admin_url": base_url + ADMIN,
            "verifier_token": self.verifier_token,
        }

    # Routes

    def routes(self) -> list[Route]:
        """Return OAuth and the company's resources."""
        methods = ["GET", "POST"]
        return [
            *OAuthServer(self).routes(),
            Route("/v3/company/{realm}/{rest:path}", self.serve, methods=methods),
            Route("/v3/{rest:path}", self.nowhere, methods=methods),
            Route("/app/invoice", self.show_invoice),
        ]

    async def show_invoice(self, request: Request) -> Response:
        """Show an invoice to a person who followed its link."""
        found = self.company.get("Invoice", request.query_params.get("txnId", ""))
        if found is None:
            return HTMLResponse("There is no such invoice.", status_code=404)
        return HTMLResponse(invoice_page(found))

    def admin_routes(self) -> list[Route]:
        """Return the routes for what a person does in QBO."""
        return Person(self).routes()

    async def serve(self, request: Request) -> Response:
        """Answer a request to the company, whatever happens."""
        visit = Visit(request, await request.body())
        try:
            self.admit(visit)
            return answers.success(
                visit.request, await self.route(visit), visit.seconds
            )
        except GatewayFault as fault:
            return self.gateway_answer(fault)
        except Fault as fault:
            return answers.fault(visit.request, fault)
        except Exception:
            logger.exception("the local QuickBooks server failed")
            return answers.fault(visit.request, system_failure())

    async def nowhere(self, request: Request) -> Response:
        """Answer a path outside a company."""
        return answers.fault(request, no_resource(request))

    # Admission

    def admit(self, visit: Visit) -> None:
        """Check token, company and limits; raise GatewayFault."""
        header = visit.request.headers.get("authorization", "")
        kind, _blank, token = header.partition(" ")
        if kind.lower() != "bearer" or not token:
            raise unauthorized("Malformed bearer token: too short or too long")
        try:
            grant = self.tokens.access(token)
        except OAuthError as error:
            known = error.description != "malformed"
            detail = f"Token expired: {token[:4]}-MASKED"
            text = "Malformed bearer token: too short or too long"
            raise unauthorized(detail if known else text) from error
        if visit.request.path_params["realm"] != grant.data["realm_id"]:
            raise forbidden()
        if ACCOUNTING not in grant.data["scopes"]:
            raise forbidden("The access token does not have sufficient scope")
        if self.switches["limits"] == "on":
            self.check_limits(visit)

    def check_limits(self, visit: Visit) -> None:
        """Count the request; raise the 429."""
        batch = visit.request.path_params["rest"].strip("/") == "batch"
        items = 0
        if batch and self.switches["count_batch_items"] == "on":
            items = len(items_of(visit.json()))
        if not self.limiter.admit(batch, items):
            raise throttled()

    def gateway_answer(self, fault: GatewayFault) -> Response:
        """Return a gateway fault in its shape, with its own headers."""
        shape = self.switches["throttle_shape"] if fault.status == 429 else "lower"
        body, media_type = gateway_body(fault, shape)
        headers = {}
        if fault.status == 401:
            headers["WWW-Authenticate"] = 'Bearer realm="Intuit", error="invalid_token"'
        if fault.status == 429 and self.switches["retry_after"] is not None:
            headers["Retry-After"] = str(self.switches["retry_after"])
        text = body if isinstance(body, str) else dumps(body)
        return Response(text, fault.status, headers=headers, media_type=media_type)

    # Answers

    async def route(self, visit: Visit) -> Any:
        """Return the JSON value of the answer; raise Fault."""
        rest = visit.request.path_params["rest"]
        visit.path = tuple(part for part in rest.split("/") if part)
        visit.call = self.call()
        method = visit.request.method
        name = visit.path[0] if visit.path else ""
        service = self.services.get((method, name))
        if service and len(visit.path) == 1:
            return await service(visit)
        if name not in BY_PATH or len(visit.path) > 2:
            raise no_resource(visit.request)
        await self.pause(CALL_SECONDS)
        return self.read(visit) if method == "GET" else self.write(visit)

    def read(self, visit: Visit) -> Any:
        """Answer one object."""
        resource = BY_PATH[visit.path[0]]
        if len(visit.path) == 1 and resource.entity != "Preferences":
            raise unsupported(f"GET {visit.path[0]} without an id")
        object_id = visit.path[-1] if len(visit.path) > 1 else "1"
        obj = resource.read(visit.call, object_id)
        return {resource.entity: resource.shown(obj)}

    def write(self, visit: Visit) -> Any:
        """Create, update, delete or void, or repeat the answer to the requestid."""
        if len(visit.path) != 1:
            raise no_resource(visit.request)
        if visit.request_id:
            known = self.replays.find(visit.request_id)
            if known is not None:
                return answers.again(known)
        try:
            answer = self.perform(visit)
        except Fault as fault:
            self.keep(visit, fault, refused=True)
            raise
        self.keep(visit, dumps(answer), refused=False)
        return answer

    def perform(self, visit: Visit) -> Any:
        """Carry out a write."""
        payload = visit.json()
        resource = BY_PATH[visit.path[0]]
        include = visit.query.get("include", "").split(",")
        visit.call.include = frozenset(include)
        asked = visit.query.get("operation", "")
        operation = resource.operation(payload, asked, visit.call.include)
        obj = resource.perform(visit.call, operation, payload)
        return {resource.entity: resource.shown(obj)}

    def keep(self, visit: Visit, answer: Any, refused: bool) -> None:
        """Remember the answer for its requestid."""
        if visit.request_id:
            self.replays.keep(visit.request_id, "", answer, refused)

    async def query(self, visit: Visit) -> Any:
        """Answer a query, from the address or the body."""
        await self.pause(CALL_SECONDS)
        text = visit.query.get("query", "")
        if visit.request.method == "POST":
            text = visit.body.decode("utf-8", "replace")
        return {"QueryResponse": run_query(visit.call, text)}

    async def changes(self, visit: Visit) -> Any:
        """Answer what changed since a moment."""
        await self.pause(CALL_SECONDS)
        asked = (visit.query.get(name, "") for name in ("entities", "changedSince"))
        return {"CDCResponse": [{"QueryResponse": changed_data(visit.call, *asked)}]}

    async def exchange_rate(self, visit: Visit) -> Any:
        """Answer the rate of one currency on a day."""
        await self.pause(CALL_SECONDS)
        resource = BY_PATH["exchangerate"]
        asked = (
            visit.query.get(name, "") for name in ("sourcecurrencycode", "asofdate")
        )
        return {resource.entity: resource.on_day(visit.call, *asked)}

    async def batch(self, visit: Visit) -> Any:
        """Answer a batch."""

        async def pause() -> None:
            await self.pause(ITEM_SECONDS)

        items = items_of(visit.json())
        rows = await run_batch(visit.call, items, visit.request_id, self.replays, pause)
        return {"BatchItemResponse": rows}

    async def pause(self, seconds: float) -> None:
        """Take as long as the real service, when the speed is real."""
        if self.speed == "real":
            await asyncio.sleep(seconds)

    # Injected faults and headers

    def shape_body(self, shape: str, status: int) -> tuple[str, str]:
        """Return an injected status in the shape Intuit would use for it."""
        if shape in ("html", "cut_json", "empty"):
            return generic_body(shape, status)
        kinds = {401: unauthorized("Token expired"), 403: forbidden(), 429: throttled()}
        failure = GatewayFault(status, "10000", "SystemFault", None, "SystemFault")
        body, media_type = gateway_body(kinds.get(status, failure), shape)
        return body if isinstance(body, str) else dumps(body), media_type

    def fault_answer(self, fault: dict[str, Any]) -> Response:
        """Return an application fault with the given code and texts."""
        status = int(fault.get("status", 400))
        made = Fault(
            str(fault["code"]),
            str(fault.get("detail", "")),
            fault.get("element"),
            status,
            str(fault.get("message", "")),
            str(fault.get("type", "ValidationFault")),
        )
        return JsonResponse(answers.fault_body(made), status_code=status)

    def finish(self, response_headers: list[tuple[bytes, bytes]]) -> None:
        """Every answer carries Intuit's transaction id."""
        tid = f"1-{int(time.time()):x}-{secrets.token_hex(12)}"
        response_headers.append((b"intuit_tid", tid.encode()))


def no_resource(request: Request) -> Fault:
    """Return the recorded fault of a path that is not served."""
    path = request.url.path
    full = str(request.url).split("?")[0]
    return unsupported(
        f"Could not find resource for relative : {path} of full path: {full}"
    )
