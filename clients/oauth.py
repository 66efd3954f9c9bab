"""OAuth 2.0 of both vendors: consent address, code for tokens, refresh, revocation.

Intuit: "Set up OAuth 2.0" at developer.intuit.com, on Intuit's own ``intuitlib``.
Actionstep: "Authentication" at docs.actionstep.com, on ``oauthlib``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

import requests
from intuitlib.client import AuthClient
from intuitlib.enums import Scopes
from intuitlib.exceptions import AuthClientError
from oauthlib.common import add_params_to_uri
from oauthlib.oauth2 import WebApplicationClient

from .. import const
from ..exceptions import AuthError, RetryableError, SyncError, ThrottledError
from .actionstep import rest_url
from .transport import ACTIONSTEP, QUICKBOOKS, Answer, Policy, Transport, check_url
from .values import clean, load_json, text_of

_DISCOVERY_SECONDS = 3600
# Discovery documents by address, each with the time until which it is good.
_discovery: dict[str, tuple[float, requests.Response]] = {}


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a token answer brought; times are naive UTC.

    ``refresh_token`` replaces the one that was sent: an older one stops working.
    ``api_endpoint`` (ends in ``/api/rest/``) and ``orgkey`` come from Actionstep only.
    """

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_at: datetime
    refresh_expires_at: datetime | None = None
    api_endpoint: str = ""
    orgkey: str = ""


class QuickbooksAuth:
    """The consent of a QuickBooks company.

    :param discovery_url: address of the document that names Intuit's endpoints
    :raise ConnectionStoppedError: an endpoint is not one of Intuit's
    :raise RetryableError: the discovery document cannot be had
    """

    def __init__(
        self,
        environment: str,
        client_id: str,
        client_secret: str,
        redirect_uri: str,
        discovery_url: str,
    ) -> None:
        domains = const.QUICKBOOKS_DOMAINS.get(environment, ())
        policy = Policy(QUICKBOOKS, environment, domains, const.OAUTH_READ_TIMEOUT)
        self._client_secret = client_secret
        self._session: _IntuitSession = self._guarded(
            lambda: _IntuitSession(
                policy, client_id, client_secret, redirect_uri, discovery_url
            )
        )

    def authorization_url(self, state: str) -> str:
        """Return the address of Intuit's consent page."""
        return self._session.get_authorization_url([Scopes.ACCOUNTING], state)

    def exchange(self, code: str, realm_id: str | None) -> Tokens:
        """Exchange the code that the consent page gave.

        :raise AuthError: the code or the keys are refused
        :raise RetryableError: Intuit could not be reached
        """
        return self._fetch(lambda s: s.get_bearer_token(code, realm_id), code)

    def refresh(self, refresh_token: str) -> Tokens:
        """Exchange a refresh token; store the answer before anything else.

        :raise AuthError: the grant or the keys are refused
        :raise RetryableError: Intuit could not be reached
        """
        return self._fetch(lambda s: s.refresh(refresh_token), refresh_token)

    def revoke(self, token: str) -> None:
        """End the grant of a refresh or access token.

        :raise AuthError: the grant has ended already, or the keys are refused
        :raise RetryableError: Intuit could not be reached
        """
        self._guarded(lambda: self._session.revoke(token), token)

    def _fetch(self, call: Callable[[_IntuitSession], None], secret: str) -> Tokens:
        session, asked_at = self._session, _utcnow()
        session.forget_tokens()
        self._guarded(lambda: call(session), secret)
        return _tokens(vars(session), asked_at, QUICKBOOKS)

    def _guarded(self, call: Callable[[], Any], *secrets: str) -> Any:
        """Run a call of intuitlib and turn its errors into ours."""
        try:
            return call()
        except AuthClientError as err:
            hidden = (self._client_secret, *secrets)
            error = _refusal(err.response, QUICKBOOKS, hidden)
        except (KeyError, TypeError, AttributeError, ValueError) as err:
            # No JSON, or not the fields that every answer of its kind has.
            error = _unreadable(QUICKBOOKS, type(err).__name__)
        # Outside of the handler: intuitlib's error holds the request with the keys.
        raise error


class _IntuitSession(AuthClient, Transport):
    """Intuit's client with our rules and a remembered discovery document."""

    def __init__(
        self,
        policy: Policy,
        client_id: str,
        client_secret: str,
        redirect_uri: str,
        discovery_url: str,
    ) -> None:
        self.policy = policy  # before: the constructor fetches the document
        # Any other text than the names of intuitlib is taken as the address itself.
        super().__init__(client_id, client_secret, redirect_uri, discovery_url)
        # The absolute end of a grant (five years) is only told to those who ask.
        self.headers["x-include-refresh-token-hard-expires-in"] = "true"

    def get(self, url: str, **kwargs: Any) -> requests.Response:
        """Override of `get` to read the discovery document once an hour."""
        good_until, document = _discovery.get(url, (0.0, None))
        if document is not None and good_until > time.monotonic():
            self._check_endpoints(document)
            return document
        response = super().get(url, **kwargs)
        if response.status_code == 200:
            self._check_endpoints(response)
            _discovery[url] = (time.monotonic() + _DISCOVERY_SECONDS, response)
        return response

    def _check_endpoints(self, document: requests.Response) -> None:
        endpoints = document.json()
        for name in ("authorization", "token", "revocation"):
            check_url(
                endpoints[f"{name}_endpoint"],
                environment=self.policy.environment,
                domains=self.policy.domains,
                vendor=self.policy.vendor,
            )

    def forget_tokens(self) -> None:
        """Empty what an earlier answer left, so that it is not taken for a new one."""
        self.access_token = self.refresh_token = None
        self.expires_in = self.x_refresh_token_expires_in = None
        self.x_refresh_token_hard_expires_in = None


class ActionstepAuth:
    """The consent of an Actionstep organisation; no revocation is documented.

    :raise ConnectionStoppedError: an endpoint is not one of Actionstep's
    """

    def __init__(
        self,
        environment: str,
        client_id: str,
        client_secret: str,
        redirect_uri: str,
        authorize_url: str,
        token_url: str,
    ) -> None:
        self._environment = environment
        self._domains = const.ACTIONSTEP_DOMAINS.get(environment, ())
        self._policy = Policy(
            ACTIONSTEP, environment, self._domains, const.OAUTH_READ_TIMEOUT
        )
        for url in (authorize_url, token_url):
            check_url(
                url,
                environment=environment,
                domains=self._domains,
                vendor=ACTIONSTEP,
            )
        self._client = WebApplicationClient(client_id)
        self._client_secret = client_secret
        self._redirect_uri = redirect_uri
        self._authorize_url = authorize_url
        self._token_url = token_url

    def authorization_url(self, state: str) -> str:
        """Return the address of Actionstep's consent page."""
        # Not oauthlib's prepare_request_uri: it refuses plain HTTP even on loopback,
        # and the addresses have been checked already.
        params = {
            "response_type": "code",
            "client_id": self._client.client_id,
            "redirect_uri": self._redirect_uri,
            "scope": " ".join(const.ACTIONSTEP_SCOPES),
            "state": state,
        }
        return add_params_to_uri(self._authorize_url, list(params.items()))

    def exchange(self, code: str, realm_id: str | None = None) -> Tokens:
        """Exchange the code that the consent page gave.

        :param realm_id: nothing to Actionstep; the same call serves both vendors
        :raise AuthError: the code or the keys are refused
        :raise ConnectionStoppedError: the API address in the answer is not Actionstep's
        :raise RetryableError: Actionstep could not be reached
        """
        body = self._client.prepare_request_body(
            code=code,
            redirect_uri=self._redirect_uri,
            client_secret=self._client_secret,
        )
        tokens = self._fetch(body, code)
        if not tokens.api_endpoint:
            raise _unreadable(ACTIONSTEP, "no api_endpoint in the token answer")
        return tokens

    def refresh(self, refresh_token: str) -> Tokens:
        """Exchange a refresh token; it rotates, so store the answer at once.

        :raise AuthError: the grant or the keys are refused
        :raise ConnectionStoppedError: the API address in the answer is not Actionstep's
        :raise RetryableError: Actionstep could not be reached
        """
        body = self._client.prepare_refresh_body(
            refresh_token=refresh_token,
            client_id=self._client.client_id,
            client_secret=self._client_secret,
        )
        return self._fetch(body, refresh_token, old=refresh_token)

    def _fetch(self, body: str, secret: str, old: str = "") -> Tokens:
        asked_at = _utcnow()
        with Transport(self._policy) as session:
            response = session.post(
                self._token_url,
                data=body,
                headers={
                    "Accept": "application/json",
                    "Content-Type": "application/x-www-form-urlencoded",
                },
            )
            answer = load_json(response.text)
            if response.status_code != 200 or not isinstance(answer, dict):
                hidden = (self._client_secret, secret)
                raise _refusal(response, ACTIONSTEP, hidden)
        endpoint = text_of(answer.get("api_endpoint"))
        if endpoint:
            endpoint = rest_url(
                endpoint, environment=self._environment, domains=self._domains
            )
        answer = {**answer, "api_endpoint": endpoint}
        return _tokens(answer, asked_at, ACTIONSTEP, old)


def _utcnow() -> datetime:
    return datetime.now(timezone.utc).replace(tzinfo=None, microsecond=0)


def _tokens(
    answer: Mapping[str, Any], asked_at: datetime, vendor: str, old: str = ""
) -> Tokens:
    """Return the tokens of an answer; lifetimes count from when we asked.

    :param old: the refresh token that stays when the answer brings none
    """
    access_token = text_of(answer.get("access_token"))
    refresh_token = text_of(answer.get("refresh_token")) or old
    if not access_token or not refresh_token:
        raise _unreadable(vendor, "no token in the token answer")
    lives = [
        _seconds(answer.get("x_refresh_token_expires_in")),
        _seconds(answer.get("x_refresh_token_hard_expires_in")),
    ]
    ends = [asked_at + timedelta(seconds=life) for life in lives if life is not None]
    life = _seconds(answer.get("expires_in"))
    life = const.TOKEN_SECONDS if life is None else life
    return Tokens(
        access_token,
        refresh_token,
        asked_at + timedelta(seconds=life),
        min(ends, default=None),
        text_of(answer.get("api_endpoint")),
        text_of(answer.get("orgkey")),
    )


def _seconds(value: Any) -> int | None:
    text = text_of(value)
    return int(text) if text.isdecimal() else None


def _refusal(
    response: requests.Response, vendor: str, secrets: tuple[str, ...]
) -> SyncError:
    """Return the error for a refused token request (RFC 6749, section 5.2)."""
    answer = Answer.of(response)
    document = load_json(response.text)
    word = text_of(document.get("error")) if isinstance(document, dict) else ""
    # A success that cannot be read may hold tokens.
    shown = response.text if answer.status != 200 else f"{len(response.text)} letters"
    known: dict[str, Any] = {
        "detail": clean(f"HTTP {answer.status}: {shown}", secrets),
        "values": {"vendor": vendor},
        "intuit_tid": answer.intuit_tid,
    }
    if answer.status == 429:
        seconds = max(answer.retry_after or const.THROTTLE_SECONDS, 1)
        return ThrottledError("throttled", seconds=seconds, **known)
    if word == "invalid_grant":
        return AuthError("reconnect", **known)
    if word in ("invalid_client", "unauthorized_client"):
        return AuthError("app_keys", **known)
    if answer.status >= 500:
        return RetryableError("unavailable", **known)
    if not isinstance(document, dict):
        return RetryableError("unreadable", **known)
    if answer.status == 401:
        return AuthError("app_keys", **known)
    return SyncError("unexpected", **known)


def _unreadable(vendor: str, detail: str) -> RetryableError:
    return RetryableError("unreadable", detail, values={"vendor": vendor})
