"""The local Actionstep server: REST resources, OAuth, admin door."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import deque
from typing import Any

import pytz
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ..common import (
    ADMIN,
    JsonResponse,
    OAuthError,
    Sandbox,
    Switch,
    TokenStore,
    dumps,
    generic_body,
)
from ..firms import Firm
from . import export, oauth, query, render
from .door import Door, plain
from .ledger import Ledger
from .life import Life
from .resources import RESOURCES, Resource
from .state import State

READ_METHODS = "GET, OPTIONS"
REPORT_SECONDS = 24 * 3600
MIXED = ("iso", "day_month_year", "mixed")

SWITCHES = {
    "consent": Switch("grant", ("grant", "refuse")),
    "expires_in": Switch(28_800, None, "seconds an access token lives"),
    "rotation": Switch(
        "immediate",
        ("immediate", "never", "omitted"),
        "immediate: each refresh kills the old refresh token; omitted: the answer "
        "names none and the old one stays",
    ),
    "api_endpoint": Switch("api", tuple(oauth.ENDPOINT_SHAPES)),
    "forbidden": Switch([], None, "resources that the consenting user may not read"),
    "collapse_single_row": Switch(True, (True, False)),
    "empty_is_204": Switch(True, (True, False)),
    "doubled_host": Switch(True, (True, False)),
    "paging_key_slip": Switch(True, (True, False)),
    "numeric_ids": Switch(True, (True, False)),
    "money": Switch("mixed", ("number", "string", "mixed"), "mixed: odd ids as text"),
    "dates": Switch("mixed", MIXED, "mixed: odd ids as 01-Sep-2026"),
    "local_timestamps": Switch(True, (True, False), "offset of the firm's zone"),
    "meta_debug": Switch(True, (True, False)),
    "unknown_filter": Switch("ignored", ("ignored", "rejected")),
    "bill_filters": Switch(
        "ignored",
        ("honoured", "ignored", "rejected"),
        "which attributes of a bill can be filtered is not documented",
    ),
    "bill_by_id": Switch(False, (True, False), "/bills/{id} is not documented"),
    "filter_zone": Switch("firm", ("firm", "utc"), "of a timestamp without offset"),
    "payment_bumps_modified": Switch(
        False, (True, False), "whether a payment moves a bill's modifiedTimestamp"
    ),
    "merge_bumps_documents": Switch(
        False, (True, False), "whether merging contacts moves their bills' timestamps"
    ),
    "credits_in_total_paid": Switch(
        True, (True, False), "whether applied credits are part of a bill's totalPaid"
    ),
    "negative_bills": Switch(
        False, (True, False), "whether credit notes show as bills below zero"
    ),
    "page_size_over": Switch("clamped", ("clamped", "rejected"), "pageSize over 200"),
    "rate_limit": Switch(0, None, "requests per window and user session; 0: none"),
    "rate_window": Switch(60, None, "seconds"),
    "retry_after": Switch(None, None, "seconds named with a 429; null: no header"),
    "latency": Switch(0, None, "seconds before each answer of the REST API"),
}
# The vendor publishes no numbers; a client that starts one request per second, as
# one firm's gateway does, stays within these.
REAL_SPEED = {"rate_limit": 90, "rate_window": 60, "latency": 0.15}


class Refused(Exception):
    """A request that is answered with an error body."""

    def __init__(
        self,
        status: int,
        detail: str,
        parameter: str | None = None,
        headers: dict[str, str] | None = None,
    ):
        super().__init__(detail)
        self.status = status
        self.parameter = parameter
        self.headers = headers or {}


class Actionstep(Sandbox):
    """One firm's Actionstep; ``reporting`` is its database, or None."""

    name = "actionstep"
    switch_table = SWITCHES

    def __init__(
        self,
        firm: Firm,
        switches: dict[str, Any] | None = None,
        reporting: Any = None,
        speed: str = "fast",
    ):
        self.reporting = reporting
        self.mishaps = None
        if reporting is not None:
            # Only with a database: the server alone needs no PostgreSQL.
            from .mishaps import Mishaps

            self.mishaps = Mishaps(reporting, self.refresh_reporting)
        self.starts: dict[str, deque[float]] = {}
        self.reports: dict[str, float] = {}
        tokens = TokenStore(refresh_seconds=oauth.REFRESH_SECONDS)
        super().__init__(firm, switches, speed, tokens)

    def load(self, firm: Firm) -> None:
        """Override of `load` to fill the reporting database, too."""
        self.state = State(firm)
        self.ledger = Ledger(self.state, self.switches)
        self.life = Life(self.state, self.ledger)
        self.starts.clear()
        self.reports.clear()
        if self.mishaps is not None:
            self.mishaps.mend()
        self.refresh_reporting()

    def refresh_reporting(self, chosen: export.Chosen | None = None) -> None:
        """Export everything, or the chosen rows, as the firm's nightly load does."""
        if self.reporting is not None:
            self.reporting.load(self.state, chosen)

    def dump(self) -> dict[str, Any]:
        """Override of `dump`; dates become text."""
        return plain(self.state.dump())

    def describe(self, base_url: str) -> dict[str, Any]:
        """Override of `describe`."""
        return {
            "authorize_url": f"{base_url}/api/oauth/authorize",
            "token_url": f"{base_url}/api/oauth/token",
            "client_id": oauth.CLIENT_ID,
            "client_secret": oauth.CLIENT_SECRET,
            "admin_url": base_url + ADMIN,
            "reporting_dsn": self.reporting.dsn if self.reporting else "",
        }

    def speed_switches(self) -> dict[str, Any]:
        """Override of `speed_switches`: real speed has limits and latency."""
        return REAL_SPEED if self.speed == "real" else {}

    def shape_body(self, shape: str, status: int) -> tuple[str, str]:
        """Override of `shape_body`: the shapes of JSON are Actionstep's own."""
        if shape in ("lower", "upper"):
            return dumps(render.error_body(status, "Injected")), render.MEDIA_TYPE
        if shape == "cut_json":
            return '{"errors":{"id":"7d', render.MEDIA_TYPE
        return generic_body(shape, status)

    def routes(self) -> list[Route]:
        """Override of `routes`."""
        door = oauth.OAuth(self)
        methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
        rest = "/api/rest/{resource}"
        return [
            Route("/api/oauth/authorize", door.authorize, methods=["GET"]),
            Route("/api/oauth/token", door.token, methods=["POST"]),
            Route(rest, self.answer, methods=methods),
            Route(rest + "/{ids}", self.answer, methods=methods),
            Route("/api/v2/reporting/reports", self.reports_link, methods=["GET"]),
            Route("/reports/{name}", self.download, methods=["GET"]),
        ]

    # REST

    async def answer(self, request: Request) -> Response:
        """Answer any request to a resource."""
        if self.switches["latency"]:
            await asyncio.sleep(float(self.switches["latency"]))
        try:
            return self._answer(request)
        except Refused as refusal:
            body = render.error_body(refusal.status, str(refusal), refusal.parameter)
            return JsonResponse(
                body, refusal.status, refusal.headers, render.MEDIA_TYPE
            )

    def _answer(self, request: Request) -> Response:
        scope = self._session(request)
        name = request.path_params["resource"]
        if name not in RESOURCES:
            raise Refused(404, f"There is no resource {name}")
        self._check_scope(scope, name)
        if request.method == "OPTIONS":
            return Response(status_code=200, headers={"allow": READ_METHODS})
        if request.method != "GET":
            raise Refused(
                405,
                f"{request.method} is not supported on {name}",
                headers={"allow": READ_METHODS},
            )
        return self._read(request, RESOURCES[name])

    def _session(self, request: Request) -> str:
        """Return the scope of a live token within its rate; raise Refused."""
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        try:
            if kind.lower() != "bearer":
                raise OAuthError("invalid_token", "missing", 401)
            grant = self.tokens.access(token)
        except OAuthError as error:
            raise Refused(401, f"Access token {error.description}") from error
        self._count(grant.access_token)
        return grant.data["scope"]

    def _count(self, session: str) -> None:
        limit, window = self.switches["rate_limit"], float(self.switches["rate_window"])
        if not limit:
            return
        starts = self.starts.setdefault(session, deque())
        moment = time.monotonic()
        while starts and starts[0] <= moment - window:
            starts.popleft()
        if len(starts) >= limit:
            wait = self.switches["retry_after"]
            headers = {} if wait is None else {"retry-after": str(wait)}
            raise Refused(429, "Too many requests", headers=headers)
        starts.append(moment)

    def _check_scope(self, scope: str, name: str) -> None:
        words = scope.split()
        if name not in words and "all" not in words:
            raise Refused(403, f"The token's scope does not include {name}")
        if name in self.switches["forbidden"]:
            raise Refused(403, f"You do not have permission to read {name}")

    def _read(self, request: Request, resource: Resource) -> Response:
        ids = request.path_params.get("ids")
        if resource.name == "bills" and ids and not self.switches["bill_by_id"]:
            raise Refused(404, "There is no bills/{id}")
        try:
            wanted = query.parse(request.query_params.multi_items(), resource.name)
            rows = self._rows(resource, wanted, ids)
        except query.BadQuery as error:
            raise Refused(400, str(error), error.parameter) from error
        page = self._page(wanted, rows, whole=ids is not None)
        if not page.rows and self.switches["empty_is_204"]:
            return Response(status_code=204)
        one = ids is not None and "," not in ids
        base_url = str(request.base_url).rstrip("/")
        writer = render.Renderer(self.state, self.switches, base_url)
        body = writer.envelope(resource, page, wanted, one)
        return JsonResponse(body, media_type=render.MEDIA_TYPE)

    def _rows(self, resource: Resource, wanted: query.Query, ids: str | None) -> list:
        bills = resource.name == "bills"
        table = self.ledger.bills() if bills else self.state.table(resource.name)
        if ids is not None:
            return self._by_ids(resource, table, ids)
        rows = list(table.values())
        if bills and not self.switches["negative_bills"]:
            rows = [row for row in rows if row["total_inclusive"] >= 0]
        zone = self.state.firm.timezone if self._zone_is_firm else "UTC"
        searcher = query.Searcher(self.state, pytz.timezone(zone))
        for test in self._tests(searcher, resource, wanted):
            rows = [row for row in rows if test(row)]
        return searcher.sorted(resource, rows, wanted.sort)

    @property
    def _zone_is_firm(self) -> bool:
        return self.switches["filter_zone"] == "firm"

    def _tests(
        self, searcher: query.Searcher, resource: Resource, wanted: query.Query
    ) -> list:
        """Return the tests of all filters that this server honours."""
        bills = self.switches["bill_filters"] if resource.name == "bills" else ""
        if bills == "rejected" and wanted.filters:
            name = wanted.filters[0].parameter
            raise query.BadQuery(name, f"Filter {name} is not supported")
        tests = []
        for condition in wanted.filters if bills != "ignored" else ():
            try:
                tests.append(searcher.matcher(resource, condition))
            except query.UnknownFilter:
                if self.switches["unknown_filter"] == "rejected":
                    raise
        return tests

    def _by_ids(self, resource: Resource, table: dict, ids: str) -> list:
        if resource.name == "users" and ids == "current":
            return list(table.values())[:1]
        keys = [int(word) if word.isdigit() else word for word in ids.split(",")]
        rows = [table[key] for key in keys if key in table]
        if not rows:
            raise Refused(404, f"There is no {resource.name}/{ids}")
        return rows

    def _page(self, wanted: query.Query, rows: list, whole: bool) -> render.Page:
        size = wanted.page_size
        if size > query.MAX_PAGE_SIZE:
            if self.switches["page_size_over"] == "rejected":
                raise Refused(400, "pageSize is 200 at most", "pageSize")
            size = query.MAX_PAGE_SIZE
        if whole:
            return render.Page(rows, 1, max(len(rows), 1), len(rows))
        start = (wanted.page - 1) * size
        return render.Page(rows[start : start + size], wanted.page, size, len(rows))

    # Reporting export

    async def reports_link(self, request: Request) -> Response:
        """Return a unique address of the export, good for 24 hours (API v2)."""
        try:
            self._session(request)
        except Refused as refusal:
            return JsonResponse(
                render.error_body(refusal.status, str(refusal)),
                refusal.status,
                refusal.headers,
            )
        name = secrets.token_urlsafe(24)
        self.reports[name] = time.time() + REPORT_SECONDS
        base_url = str(request.base_url).rstrip("/")
        return JsonResponse({"dataExporterReportUrl": f"{base_url}/reports/{name}"})

    async def download(self, request: Request) -> Response:
        """Return the export as a zip file; 404 when the address has expired."""
        if self.reports.get(request.path_params["name"], 0) < time.time():
            return Response("Not found", 404)
        return Response(export.archive(self.state), media_type="application/zip")

    def admin_routes(self) -> list[Route]:
        """Override of `admin_routes`."""
        return Door(self).routes()


def create_app(
    firm: Firm,
    switches: dict[str, Any] | None = None,
    reporting: Any = None,
    speed: str = "fast",
):
    """Return the ASGI application; ``reporting`` is a created ReportingDatabase."""
    return Actionstep(firm, switches, reporting, speed).app()
