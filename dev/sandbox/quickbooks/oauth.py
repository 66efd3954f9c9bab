"""Intuit's OAuth 2.0 endpoints: discovery, consent, tokens, revocation.

Sources: discovery keys as ``intuit-oauth`` reads them; token bodies and errors as
Intuit documents them and as quoted in public issue reports.
"""

from __future__ import annotations

import base64
import binascii
import html
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from ..common import BadJson, Grant, JsonResponse, OAuthError, read_form, read_json

if TYPE_CHECKING:
    from .app import QuickBooks

ACCOUNTING = "com.intuit.quickbooks.accounting"
SCOPES = frozenset(
    {ACCOUNTING, "com.intuit.quickbooks.payment"}
    | {"openid", "profile", "email", "phone", "address"}
)
# A refresh token ends for good after five years, however often it was used.
HARD_LIFE = 5 * 365 * 86_400
LOOPBACK = ("127.0.0.1", "localhost", "::1")
HARD_HEADER = "x-include-refresh-token-hard-expires-in"


class OAuthServer:
    """The routes, on the tokens and switches of a ``QuickBooks`` server."""

    def __init__(self, server: QuickBooks):
        self.server = server

    def routes(self) -> list[Route]:
        """Return the routes."""
        token = "/oauth2/v1/tokens/bearer"
        revoke = "/v2/oauth2/tokens/revoke"
        return [
            Route("/openid", self.discovery),
            Route("/connect/oauth2", self.authorize),
            Route(token, self.token, methods=["POST"]),
            Route(revoke, self.revoke, methods=["POST"]),
            Route("/v1/openid_connect/userinfo", self.userinfo),
            Route("/op/v1/jwks", self.jwks),
        ]

    async def discovery(self, request: Request) -> Response:
        """Answer the discovery document, addresses on this server."""
        base = str(request.base_url).rstrip("/")
        return JsonResponse(
            {
                "issuer": f"{base}/op/v1",
                "authorization_endpoint": f"{base}/connect/oauth2",
                "token_endpoint": f"{base}/oauth2/v1/tokens/bearer",
                "userinfo_endpoint": f"{base}/v1/openid_connect/userinfo",
                "revocation_endpoint": f"{base}/v2/oauth2/tokens/revoke",
                "jwks_uri": f"{base}/op/v1/jwks",
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "scopes_supported": sorted(SCOPES),
                "token_endpoint_auth_methods_supported": ["client_secret_basic"],
            }
        )

    async def authorize(self, request: Request) -> Response:
        """Consent at once and send the browser back, as the switches say."""
        query = request.query_params
        target = query.get("redirect_uri", "")
        problem = self._bad_request(query, target)
        if problem:
            page = f"<html><body><p>{html.escape(problem)}</p></body></html>"
            return HTMLResponse(page, status_code=400)
        scopes = query.get("scope", "").split()
        answer = {"state": query["state"]}
        if not scopes or not SCOPES.issuperset(scopes):
            answer["error"] = "invalid_scope"
        elif self.server.switches["consent"] == "refuse":
            answer["error"] = "access_denied"
        else:
            answer |= self._consent(target, scopes)
        glue = "&" if "?" in target else "?"
        return RedirectResponse(target + glue + urlencode(answer), status_code=302)

    def _bad_request(self, query: Any, target: str) -> str:
        if query.get("client_id") != self.server.client_id:
            return "The client_id is not known."
        allowed = self.server.switches["redirect_uris"]
        known = target in allowed if allowed else urlsplit(target).hostname in LOOPBACK
        if not known:
            return "The redirect_uri query parameter value is invalid."
        if query.get("response_type") != "code":
            return "The response_type must be code."
        return "" if query.get("state") else "The state query parameter is missing."

    def _consent(self, target: str, scopes: list[str]) -> dict[str, str]:
        realm = self.server.realm_id
        code = self.server.tokens.code(target, realm_id=realm, scopes=scopes)
        if not any(scope.startswith("com.intuit.quickbooks") for scope in scopes):
            return {"code": code}
        # A wrong realm in the callback: the grant is still for the right one.
        shown = self.server.switches["callback_realm"] or realm
        return {"code": code, "realmId": shown}

    async def token(self, request: Request) -> Response:
        """Exchange a code or a refresh token."""
        if not self._is_client(request):
            return JsonResponse({"error": "invalid_client"}, status_code=401)
        try:
            grant = self._exchange(await read_form(request))
        except OAuthError as error:
            body = {"error": error.error}
            if error.description:
                body["error_description"] = error.description
            return JsonResponse(body, status_code=error.status)
        hard = request.headers.get(HARD_HEADER) == "true"
        return JsonResponse(self._token_body(grant, hard))

    def _exchange(self, form: dict[str, str]) -> Grant:
        kind = form.get("grant_type")
        tokens = self.server.tokens
        if kind == "authorization_code" and form.get("code"):
            return tokens.redeem(form["code"], form.get("redirect_uri", ""))
        if kind == "refresh_token" and form.get("refresh_token"):
            rotation = self.server.switches["refresh_rotation"]
            return tokens.refresh(form["refresh_token"], rotation)
        raise OAuthError("invalid_request")

    def _token_body(self, grant: Grant, hard: bool) -> dict[str, Any]:
        left = int(grant.refresh_expires_at - time.time() + 0.5)
        body = {
            "token_type": "bearer",
            "access_token": grant.access_token,
            "expires_in": self.server.tokens.access_seconds,
            "refresh_token": grant.refresh_token,
            "x_refresh_token_expires_in": left,
        }
        if hard:
            body["x_refresh_token_hard_expires_in"] = HARD_LIFE
        return body

    async def revoke(self, request: Request) -> Response:
        """End the grant of a token; 200 with an empty body."""
        if not self._is_client(request):
            return JsonResponse({"error": "invalid_client"}, status_code=401)
        try:
            body = await read_json(request, {})
        except BadJson:
            body = {}
        token = body.get("token") if isinstance(body, dict) else None
        if not isinstance(token, str) or not self.server.tokens.revoke(token):
            return JsonResponse({"error": "invalid_request"}, status_code=400)
        return Response(status_code=200)

    async def userinfo(self, request: Request) -> Response:
        """Answer who consented."""
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        try:
            grant = self.server.tokens.access(token)
        except OAuthError:
            return JsonResponse({"error": "invalid_token"}, status_code=401)
        if "openid" not in grant.data["scopes"]:
            return JsonResponse({"error": "insufficient_scope"}, status_code=403)
        return JsonResponse(
            {
                "sub": "00000000-0000-4000-8000-000000000001",
                "email": "bookkeeper@firm.example",
                "emailVerified": True,
                "givenName": "Jane",
                "familyName": "Bookkeeper",
            }
        )

    async def jwks(self, _request: Request) -> Response:
        """Answer no keys: this server issues no id tokens."""
        return JsonResponse({"keys": []})

    def _is_client(self, request: Request) -> bool:
        kind, _blank, text = request.headers.get("authorization", "").partition(" ")
        try:
            given = base64.b64decode(text, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            return False
        own = f"{self.server.client_id}:{self.server.client_secret}"
        return kind.lower() == "basic" and given == own
