"""What the local servers share.

How a side is built::

    class Actionstep(Sandbox):
        switch_table = {"consent": Switch("grant", ("grant", "refuse"))}

        def load(self, firm): ...            # fill the state from the firm's seed
        def dump(self): ...                  # GET /__admin/dump
        def describe(self, base_url): ...    # the object of the first output line
        def routes(self): ...                # Starlette routes of the vendor's API
        def admin_routes(self): ...          # admin routes beyond the common ones
        def shape_body(self, shape, status): ...   # body of an injected status

    def create_app(firm, switches=None, speed="fast"):
        return Actionstep(firm, switches, speed).app()

    app.state.sandbox                        # the Sandbox behind an app
    app.state.sandbox.switches["consent"]    # current value of a switch
    app.state.sandbox.tokens                 # OAuth codes and tokens (TokenStore)

Handlers are plain ``async def handler(request) -> Response``; use ``JsonResponse`` and
``read_json`` so that money stays Decimal. Everything runs on one event loop: a handler
that does not await between reading and writing the state is atomic.

In a test, ``with running(create_app(firm)) as base_url:`` serves on a free port in a
thread. A program with several servers uses ``bind`` and ``make_server`` and runs
``server.serve(sockets=[sock])`` for each on its own loop.

Each request passes ``Gate``, which writes the log and carries out injected faults, so
a side's handlers know nothing of either. ``AdminDoor`` holds the common admin routes.
"""

from __future__ import annotations

import asyncio
import contextlib
import copy
import re
import secrets
import socket
import threading
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any
from urllib.parse import parse_qsl

import simplejson
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from uvicorn.protocols.http.h11_impl import H11Protocol

ADMIN = "/__admin"
LOG_LENGTH = 50_000
SECRET_KEYS = frozenset(
    {"access_token", "refresh_token", "id_token", "client_secret", "token"}
)


# --- JSON -----------------------------------------------------------------------------


class BadJson(ValueError):
    """The body is not the JSON that was expected."""


def dumps(value: Any) -> str:
    """Return compact JSON; Decimal is written as a number with all its digits."""
    return simplejson.dumps(
        value, use_decimal=True, separators=(",", ":"), ensure_ascii=False
    )


def loads(text: str | bytes) -> Any:
    """Read JSON with Decimal for every number with a point; raise BadJson."""
    try:
        return simplejson.loads(text, use_decimal=True)
    except (ValueError, RecursionError) as error:
        raise BadJson(str(error)) from error


class JsonResponse(Response):
    """A response whose content is any JSON value, money as Decimal."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """Return the body."""
        return dumps(content).encode()


async def read_json(request: Request, default: Any = None) -> Any:
    """Return the JSON body; ``default`` for an empty one; raise BadJson otherwise."""
    body = await request.body()
    return loads(body) if body.strip() else default


async def read_form(request: Request) -> dict[str, str]:
    """Return the fields of an ``application/x-www-form-urlencoded`` body."""
    text = (await request.body()).decode("utf-8", "replace")
    return dict(parse_qsl(text, keep_blank_values=True))


# --- Switches -------------------------------------------------------------------------


@dataclass(frozen=True)
class Switch:
    """One behaviour that the evidence leaves open, or that a test wants to choose.

    ``choices`` lists the allowed values; None allows anything JSON can hold.
    """

    default: Any
    choices: tuple[Any, ...] | None = None
    help: str = ""


class Switches(dict):
    """Current value by name; ``change`` raises ValueError for what is not known."""

    def __init__(self, table: dict[str, Switch]):
        super().__init__({name: copy.deepcopy(s.default) for name, s in table.items()})
        self.table = table

    def change(self, values: dict[str, Any]) -> None:
        """Set several switches, all or none."""
        for name, value in values.items():
            if name not in self.table:
                known = ", ".join(sorted(self.table))
                raise ValueError(f"unknown switch {name!r}; known: {known}")
            choices = self.table[name].choices
            if choices is not None and value not in choices:
                raise ValueError(f"switch {name!r} takes one of {list(choices)}")
        self.update(values)

    def restore(self) -> None:
        """Set every switch to its default."""
        self.update({n: copy.deepcopy(s.default) for n, s in self.table.items()})


# --- OAuth codes and tokens -----------------------------------------------------------


class OAuthError(Exception):
    """A refused code or token: the OAuth word and a text."""

    def __init__(self, error: str, description: str = "", status: int = 400):
        super().__init__(f"{error}: {description}")
        self.error = error
        self.description = description
        self.status = status


@dataclass
class Grant:
    """One consent. ``data`` is the side's own (realm, orgkey, scope ...)."""

    data: dict[str, Any]
    access_token: str = ""
    refresh_token: str = ""
    refresh_issued_at: float = 0.0
    refresh_expires_at: float = 0.0
    revoked: bool = False


@dataclass
class TokenStore:
    """Authorization codes, access tokens and refresh tokens; lifetimes in seconds.

    Every successful ``redeem`` or ``refresh`` gives a fresh access token in
    ``grant.access_token``; older ones live until they expire.
    """

    access_seconds: int = 3600
    refresh_seconds: int = 8_726_400
    code_seconds: int = 600
    clock: Callable[[], float] = time.time
    _codes: dict[str, tuple[dict, str, float]] = field(default_factory=dict)
    _access: dict[str, tuple[Grant, float]] = field(default_factory=dict)
    _refresh: dict[str, Grant] = field(default_factory=dict)

    def code(self, redirect_uri: str, **data: Any) -> str:
        """Return a single-use code bound to the redirect address."""
        code = secrets.token_urlsafe(32)
        self._codes[code] = (data, redirect_uri, self.clock() + self.code_seconds)
        return code

    def redeem(self, code: str, redirect_uri: str) -> Grant:
        """Exchange a code for a grant; raise OAuthError ``invalid_grant``."""
        data, address, expires_at = self._codes.pop(code, (None, "", 0.0))
        if data is None or expires_at < self.clock():
            raise OAuthError("invalid_grant", "Invalid authorization code")
        if address != redirect_uri:
            raise OAuthError("invalid_grant", "Redirect address does not match")
        return self.grant(**data)

    def grant(self, refresh_token: str | None = None, **data: Any) -> Grant:
        """Return a live grant as if a user had just consented.

        ``refresh_token`` gives the first refresh token a chosen value.
        """
        grant = Grant(data)
        self._new_refresh(grant, refresh_token)
        self._new_access(grant)
        return grant

    def refresh(self, token: str, rotation: str = "immediate") -> Grant:
        """Exchange a refresh token.

        ``rotation`` ``immediate``: a new value each time, the old one dead at once.
        ``daily``: the same value until it is 24 hours old, then a new one. ``never``:
        always the same. The lifetime starts anew each time. Raises OAuthError.
        """
        grant = self._refresh.get(token)
        if grant is None or grant.revoked or grant.refresh_expires_at < self.clock():
            raise OAuthError("invalid_grant", "Incorrect or invalid refresh token")
        age = self.clock() - grant.refresh_issued_at
        if rotation == "immediate" or (rotation == "daily" and age >= 86_400):
            del self._refresh[token]
            self._new_refresh(grant)
        grant.refresh_expires_at = self.clock() + self.refresh_seconds
        self._new_access(grant)
        return grant

    def access(self, token: str) -> Grant:
        """Return the grant of a live access token; raise OAuthError.

        The error's word is ``invalid_token``, its description ``expired``, ``revoked``
        or ``malformed`` (never issued).
        """
        grant, expires_at = self._access.get(token, (None, 0.0))
        if grant is None:
            raise OAuthError("invalid_token", "malformed", 401)
        if grant.revoked:
            raise OAuthError("invalid_token", "revoked", 401)
        if expires_at <= self.clock():
            raise OAuthError("invalid_token", "expired", 401)
        return grant

    def revoke(self, token: str) -> bool:
        """End the grant that an access or refresh token belongs to."""
        grant = self._refresh.get(token) or self._access.get(token, (None,))[0]
        if grant is None or grant.revoked:
            return False
        grant.revoked = True
        return True

    def expire_access(self) -> None:
        """Make every access token an expired one."""
        self._access = {t: (g, 0.0) for t, (g, _at) in self._access.items()}

    def expire_refresh(self) -> None:
        """Make every refresh token an expired one."""
        for grant in self._refresh.values():
            grant.refresh_expires_at = 0.0

    def revoke_all(self) -> None:
        """End every grant, as when a user disconnects the app."""
        for grant in self._refresh.values():
            grant.revoked = True

    def _new_access(self, grant: Grant) -> None:
        grant.access_token = secrets.token_urlsafe(48)
        expires_at = self.clock() + self.access_seconds
        self._access[grant.access_token] = (grant, expires_at)

    def _new_refresh(self, grant: Grant, value: str | None = None) -> None:
        grant.refresh_token = value or "AB11" + secrets.token_urlsafe(32)
        grant.refresh_issued_at = self.clock()
        grant.refresh_expires_at = self.clock() + self.refresh_seconds
        self._refresh[grant.refresh_token] = grant


# --- Request log ----------------------------------------------------------------------


@dataclass
class LogEntry:
    """One request; the body is kept raw and redacted when the log is read."""

    at: str
    method: str
    path: str
    query: str
    body: bytes
    status: int = 0

    def as_dict(self) -> dict[str, Any]:
        """Return the row of ``GET /__admin/log``; ``status`` 0 = connection cut."""
        return {
            "at": self.at,
            "method": self.method,
            "path": self.path,
            "query": redact(dict(parse_qsl(self.query, keep_blank_values=True))),
            "status": self.status,
            "body": readable_body(self.body),
        }


def readable_body(body: bytes) -> Any:
    """Return a body as JSON, form fields or text, secrets replaced by ``***``."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return f"<{len(body)} bytes>"
    if text[:1] in ("{", "["):
        with contextlib.suppress(BadJson):
            return redact(loads(text))
    if re.match(r"[\w.]+=", text):
        return redact(dict(parse_qsl(text, keep_blank_values=True)))
    return text


def redact(value: Any) -> Any:
    """Return a copy in which tokens, secrets and OAuth codes are ``***``."""
    if isinstance(value, list):
        return [redact(item) for item in value]
    if not isinstance(value, dict):
        return value
    hidden = SECRET_KEYS | ({"code"} if "grant_type" in value else set())
    return {k: "***" if k in hidden else redact(v) for k, v in value.items()}


# --- Injected faults ------------------------------------------------------------------

ANSWERED = ("status", "fault")
FAULT_KINDS = (*ANSWERED, "drop_before", "drop_after", "delay")
SHAPES = ("xml", "lower", "upper", "html", "cut_json", "empty")


@dataclass
class InjectedFault:
    """A fault that waits for a matching request; patterns are regular expressions."""

    fault: dict[str, Any]
    method: str = ""
    path: str = ""
    body: str = ""
    times: int = 1
    skip: int = 0

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> InjectedFault:
        """Check and return one; raise ValueError or re.error with what is wrong."""
        extra = set(values) - {"method", "path", "body", "times", "skip", "fault"}
        if extra:
            raise ValueError(f"unknown keys: {sorted(extra)}")
        fault = values.get("fault")
        if not isinstance(fault, dict) or fault.get("kind") not in FAULT_KINDS:
            raise ValueError(f"fault.kind must be one of {list(FAULT_KINDS)}")
        if fault["kind"] == "status" and fault.get("shape", "upper") not in SHAPES:
            raise ValueError(f"fault.shape must be one of {list(SHAPES)}")
        if fault["kind"] == "delay":
            float(fault["seconds"])
        for pattern in ("path", "body"):
            re.compile(values.get(pattern, ""))
        return cls(**values)

    def matches(self, method: str, target: str, body: bytes) -> bool:
        """Tell whether a request is meant; ``target`` is path and query."""
        if self.method and self.method.upper() != method:
            return False
        if self.path and not re.search(self.path, target):
            return False
        return not self.body or bool(
            re.search(self.body, body.decode("utf-8", "replace"))
        )


class FaultQueue(list):
    """Injected faults in order; the first that matches is used."""

    def take(self, method: str, target: str, body: bytes) -> dict[str, Any] | None:
        """Return the fault for this request, using it up; None when there is none."""
        for waiting in list(self):
            if not waiting.matches(method, target, body):
                continue
            if waiting.skip > 0:
                waiting.skip -= 1
                continue
            waiting.times -= 1
            if waiting.times <= 0:
                self.remove(waiting)
            return waiting.fault
        return None


# --- A side ---------------------------------------------------------------------------


class Sandbox:
    """State and admin door of one local server; see the module's docstring."""

    name = "sandbox"
    switch_table: dict[str, Switch] = {}

    def __init__(
        self,
        firm: Any,
        switches: dict[str, Any] | None = None,
        speed: str = "fast",
        tokens: TokenStore | None = None,
    ):
        if speed not in ("fast", "real"):
            raise ValueError("speed is 'fast' or 'real'")
        self.firm = firm
        self.speed = speed
        self.switches = Switches(self.switch_table)
        self.switches.update(self.speed_switches())
        self.start_switches = dict(switches or {})
        self.switches.change(self.start_switches)
        self.log: deque[LogEntry] = deque(maxlen=LOG_LENGTH)
        self.faults = FaultQueue()
        self.tokens = tokens or TokenStore()
        self.load(copy.deepcopy(firm))

    # What a side provides

    def load(self, firm: Any) -> None:
        """Fill the state from the seed; called at the start and by ``/reset``."""
        raise NotImplementedError

    def dump(self) -> dict[str, Any]:
        """Return the whole state as JSON values."""
        raise NotImplementedError

    def describe(self, base_url: str) -> dict[str, Any]:
        """Return addresses and keys for whoever wants to connect."""
        raise NotImplementedError

    def routes(self) -> list:
        """Return the vendor's routes."""
        raise NotImplementedError

    def admin_routes(self) -> list:
        """Return admin routes of this side, paths relative to ``/__admin``."""
        return []

    def speed_switches(self) -> dict[str, Any]:
        """Return switch defaults that depend on the speed."""
        return {}

    def reset_tokens(self) -> None:
        """End all grants (``/reset`` with ``keep_tokens`` false)."""
        self.tokens.revoke_all()

    def shape_body(self, shape: str, status: int) -> tuple[str, str]:
        """Return body and content type of an injected status."""
        return generic_body(shape, status)

    def fault_answer(self, fault: dict[str, Any]) -> Response:
        """Return the vendor's own fault answer for the kind ``fault``."""
        raise ValueError(f"{self.name} has no fault of kind 'fault'")

    def injected_answer(self, fault: dict[str, Any]) -> Response:
        """Return the answer of the kinds ``status`` and ``fault``.

        Raises KeyError or ValueError for a fault that names too little.
        """
        if fault["kind"] == "fault":
            return self.fault_answer(fault)
        status = int(fault["status"])
        body, media_type = self.shape_body(fault.get("shape", "upper"), status)
        headers = {**fault.get("headers", {}), "content-type": media_type}
        return Response(body, status_code=status, headers=headers)

    def finish(self, response_headers: list[tuple[bytes, bytes]]) -> None:
        """Add headers that every answer of this vendor carries."""

    # Common

    def app(self) -> Starlette:
        """Return the ASGI application."""
        door = Mount(ADMIN, routes=[*AdminDoor(self).routes(), *self.admin_routes()])
        app = Starlette(routes=[door, *self.routes()])
        app.add_middleware(Gate, sandbox=self)
        app.state.sandbox = self
        return app

    def reset(self, country: str | None, size: str | None, keep_tokens: bool) -> None:
        """Go back to the seed, or to that of another sample firm."""
        if country or size:
            from . import firms  # the sample firms need neither server

            size = size or getattr(self.firm, "size", "demo")
            self.firm = firms.build(country or self.firm.country, size)
        self.switches.restore()
        self.switches.update(self.speed_switches())
        self.switches.change(self.start_switches)
        self.faults.clear()
        self.log.clear()
        if not keep_tokens:
            self.reset_tokens()
        self.load(copy.deepcopy(self.firm))


def generic_body(shape: str, status: int) -> tuple[str, str]:
    """Return a body that no vendor is known for: a proxy's page, cut JSON, nothing."""
    if shape == "empty":
        return "", "text/plain"
    if shape == "cut_json":
        return '{"Fault":{"Error":[{"Message":"Some', "application/json"
    if shape == "xml":
        return f'<?xml version="1.0"?><error status="{status}"/>', "application/xml"
    page = f"<html><head><title>{status}</title></head><body>Error</body></html>"
    return page, "text/html"


# --- Admin door -----------------------------------------------------------------------


def admin_error(text: str) -> JsonResponse:
    """Return the admin door's 400."""
    return JsonResponse({"error": text}, status_code=400)


def admin_route(
    path: str, handler: Callable[[Request, Any], Awaitable[Any]], method: str
) -> Route:
    """Return an admin route: the handler gets request and JSON body, returns JSON.

    ValueError and KeyError (and so BadJson) become a 400 with the reason.
    """

    async def endpoint(request: Request) -> Response:
        try:
            body = await read_json(request, {}) if method == "POST" else {}
            return JsonResponse(await handler(request, body))
        except (ValueError, KeyError, TypeError, re.error) as error:
            return admin_error(f"{type(error).__name__}: {error}")

    return Route(path, endpoint, methods=[method])


class AdminDoor:
    """The admin routes that every side has."""

    def __init__(self, sandbox: Sandbox):
        self.sandbox = sandbox

    def routes(self) -> list[Route]:
        """Return the routes, paths relative to ``/__admin``."""
        table = (
            ("/dump", self.dump, "GET"),
            ("/log", self.read_log, "GET"),
            ("/log", self.clear_log, "DELETE"),
            ("/reset", self.reset, "POST"),
            ("/switches", self.read_switches, "GET"),
            ("/switches", self.change_switches, "POST"),
            ("/faults", self.add_fault, "POST"),
            ("/faults", self.clear_faults, "DELETE"),
            ("/tokens", self.tokens, "POST"),
        )
        return [admin_route(*row) for row in table]

    async def dump(self, _request: Request, _body: Any) -> Any:
        """Return the whole state."""
        return self.sandbox.dump()

    async def read_log(self, _request: Request, _body: Any) -> Any:
        """Return the requests since the start or the last clear."""
        return [entry.as_dict() for entry in self.sandbox.log]

    async def clear_log(self, _request: Request, _body: Any) -> Any:
        """Forget the requests."""
        self.sandbox.log.clear()
        return {}

    async def reset(self, request: Request, body: dict) -> Any:
        """Go back to the seed; answers addresses and keys with a live token."""
        self.sandbox.reset(
            body.get("country"), body.get("firm"), body.get("keep_tokens", True)
        )
        return self.sandbox.describe(str(request.base_url).split(ADMIN)[0].rstrip("/"))

    async def read_switches(self, _request: Request, _body: Any) -> Any:
        """Return every switch."""
        return self.sandbox.switches

    async def change_switches(self, _request: Request, body: dict) -> Any:
        """Change switches, all or none."""
        self.sandbox.switches.change(body)
        return self.sandbox.switches

    async def add_fault(self, _request: Request, body: dict) -> Any:
        """Queue a fault, after a look at whether it can be carried out."""
        injected = InjectedFault.from_dict(body)
        if injected.fault["kind"] in ANSWERED:
            self.sandbox.injected_answer(injected.fault)
        self.sandbox.faults.append(injected)
        return {"waiting": len(self.sandbox.faults)}

    async def clear_faults(self, _request: Request, _body: Any) -> Any:
        """Forget queued faults."""
        self.sandbox.faults.clear()
        return {}

    async def tokens(self, _request: Request, body: dict) -> Any:
        """Expire or revoke tokens."""
        actions = {
            "expire_access": self.sandbox.tokens.expire_access,
            "expire_refresh": self.sandbox.tokens.expire_refresh,
            "revoke": self.sandbox.tokens.revoke_all,
        }
        for name, wanted in body.items():
            if wanted:
                actions[name]()
        return {}


# --- Gate: log and faults around every request ----------------------------------------


class Gate:
    """ASGI middleware: logs each request and carries out injected faults."""

    def __init__(self, app: Callable, sandbox: Sandbox):
        self.app = app
        self.sandbox = sandbox

    async def __call__(self, scope: dict, receive: Callable, send: Callable) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["path"].startswith(ADMIN):
            await self.app(scope, receive, send)
            return
        body = await _read_body(receive)
        entry = LogEntry(
            at=datetime.now(timezone.utc).isoformat(timespec="milliseconds"),
            method=scope["method"],
            path=scope["path"],
            query=scope["query_string"].decode("latin-1"),
            body=body,
        )
        self.sandbox.log.append(entry)
        target = entry.path + ("?" + entry.query if entry.query else "")
        fault = self.sandbox.faults.take(entry.method, target, body) or {}
        await self._serve(scope, _replay(body, receive), send, entry, fault)

    async def _serve(self, scope, receive, send, entry: LogEntry, fault: dict) -> None:
        kind = fault.get("kind")
        if kind == "delay":
            await asyncio.sleep(float(fault["seconds"]))
        if kind == "drop_before":
            await cut_connection(scope, receive)
        elif kind == "drop_after":
            await self.app(scope, receive, _discard)
            await cut_connection(scope, receive)
        elif kind in ANSWERED:
            answer = self.sandbox.injected_answer(fault)
            await answer(scope, receive, self._watch(send, entry))
        else:
            await self.app(scope, receive, self._watch(send, entry))

    def _watch(self, send: Callable, entry: LogEntry) -> Callable:
        async def watched(message: dict) -> None:
            if message["type"] == "http.response.start":
                entry.status = message["status"]
                self.sandbox.finish(message.setdefault("headers", []))
            await send(message)

        return watched


async def cut_connection(scope: dict, receive: Callable) -> None:
    """Cut the client's connection without a byte of answer."""
    scope["state"]["transport"].abort()
    while (await receive())["type"] != "http.disconnect":
        pass


async def _read_body(receive: Callable) -> bytes:
    chunks = []
    while True:
        message = await receive()
        chunks.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(chunks)


def _replay(body: bytes, receive: Callable) -> Callable:
    waiting = [{"type": "http.request", "body": body, "more_body": False}]

    async def replayed() -> dict:
        return waiting.pop() if waiting else await receive()

    return replayed


async def _discard(_message: dict) -> None:
    pass


# --- Serving --------------------------------------------------------------------------


class CuttableProtocol(H11Protocol):
    """Uvicorn's protocol with the transport in ``scope["state"]``, to cut it."""

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Remember the transport of this one connection."""
        self.app_state = {**self.app_state, "transport": transport}
        return super().connection_made(transport)


def bind(port: int = 0) -> socket.socket:
    """Return a listening-ready loopback socket; port 0 takes a free one."""
    # With the protocol named, asyncio switches off the delay of small packets.
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(("127.0.0.1", port))
    return sock


def address(sock: socket.socket) -> str:
    """Return ``http://127.0.0.1:PORT`` of a bound socket."""
    return f"http://127.0.0.1:{sock.getsockname()[1]}"


def make_server(app: Starlette) -> uvicorn.Server:
    """Return a quiet server for one app; run it with ``serve(sockets=[sock])``."""
    config = uvicorn.Config(
        app,
        http=CuttableProtocol,
        ws="none",
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=1,
        server_header=False,
    )
    return uvicorn.Server(config)


@contextlib.contextmanager
def running(app: Starlette, port: int = 0) -> Iterator[str]:
    """Serve an app in a thread for the length of the block; yields its base URL."""
    sock = bind(port)
    server = make_server(app)
    thread = threading.Thread(target=server.run, args=([sock],), daemon=True)
    thread.start()
    deadline = time.monotonic() + 10
    while not server.started:
        if time.monotonic() > deadline or not thread.is_alive():
            raise RuntimeError("the local server did not start")
        time.sleep(0.005)
    try:
        yield address(sock)
    finally:
        server.should_exit = True
        thread.join(timeout=5)
        sock.close()
