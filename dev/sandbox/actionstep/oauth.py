"""Authorize and token endpoints: consent at once, rotation, ``api_endpoint``."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from ..common import Grant, JsonResponse, OAuthError

if TYPE_CHECKING:
    from .server import Actionstep

CLIENT_ID = "sandbox-actionstep-client"
CLIENT_SECRET = "sandbox-actionstep-secret"
REFRESH_SECONDS = 21 * 24 * 3600
ENDPOINT_SHAPES = {
    "api": "/api/",
    "api_no_slash": "/api",
    "host": "",
    "host_slash": "/",
    "rest": "/api/rest",
    "rest_slash": "/api/rest/",
}


class OAuth:
    """The two endpoints; tokens live in the sandbox's ``TokenStore``."""

    def __init__(self, sandbox: Actionstep):
        self.sandbox = sandbox

    async def authorize(self, request: Request) -> Response:
        """Redirect with a code, or with ``access_denied`` when consent is refused."""
        query = request.query_params
        address = query.get("redirect_uri", "")
        if query.get("client_id") != CLIENT_ID or not address:
            return PlainTextResponse("Unknown client or no redirect_uri", 400)
        answer = {"state": query["state"]} if "state" in query else {}
        if query.get("response_type") != "code":
            answer["error"] = "unsupported_response_type"
        elif self.sandbox.switches["consent"] == "refuse":
            answer["error"] = "access_denied"
        else:
            scope = query.get("scope", "")
            answer["code"] = self.sandbox.tokens.code(address, scope=scope)
        joint = "&" if "?" in address else "?"
        return RedirectResponse(f"{address}{joint}{urlencode(answer)}", 302)

    async def token(self, request: Request) -> Response:
        """Exchange a code or a refresh token, sent as a form."""
        form = dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))
        try:
            _check_client(request, form)
            grant = self._grant(form)
        except OAuthError as error:
            body = {"error": error.error, "error_description": error.description}
            return JsonResponse(body, status_code=error.status)
        return JsonResponse(
            self._answer(request, grant), headers={"cache-control": "no-store"}
        )

    def _grant(self, form: dict[str, str]) -> Grant:
        tokens, switches = self.sandbox.tokens, self.sandbox.switches
        tokens.access_seconds = switches["expires_in"]
        kind = form.get("grant_type")
        if kind == "authorization_code":
            return tokens.redeem(form.get("code", ""), form.get("redirect_uri", ""))
        if kind == "refresh_token":
            rotation = "immediate" if switches["rotation"] == "immediate" else "never"
            return tokens.refresh(form.get("refresh_token", ""), rotation)
        raise OAuthError("unsupported_grant_type", f"grant_type {kind!r}")

    def _answer(self, request: Request, grant: Grant) -> dict:
        switches = self.sandbox.switches
        base = str(request.base_url).rstrip("/")
        answer = {
            "access_token": grant.access_token,
            "token_type": "bearer",
            "expires_in": switches["expires_in"],
            "refresh_token": grant.refresh_token,
            "api_endpoint": base + ENDPOINT_SHAPES[switches["api_endpoint"]],
            "orgkey": self.sandbox.state.firm.orgkey,
        }
        if switches["rotation"] == "omitted":
            del answer["refresh_token"]
        return answer


def _check_client(request: Request, form: dict[str, str]) -> None:
    """Accept id and secret in the body or by HTTP Basic; raise OAuthError."""
    given = (form.get("client_id"), form.get("client_secret"))
    kind, _, value = request.headers.get("authorization", "").partition(" ")
    if kind.lower() == "basic":
        try:
            name, _, secret = base64.b64decode(value).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            name = secret = ""
        given = (name, secret)
    if given != (CLIENT_ID, CLIENT_SECRET):
        raise OAuthError("invalid_client", "Client authentication failed", 401)
