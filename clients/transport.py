"""The HTTP session under every client, and the rules that each call obeys.

A token goes only to a host of its vendor and never along a redirect; every call has a
time limit; a broken connection becomes one of our errors, which says whether the
request can have been carried out. Neither tokens nor successful bodies reach a log or
an error.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import NewConnectionError, ReadTimeoutError
from urllib3.util.retry import Retry

from .. import const
from ..exceptions import (
    ConnectionStoppedError,
    RetryableError,
    SyncError,
    UnknownOutcomeError,
)
from .values import clean

QUICKBOOKS = "QuickBooks"
ACTIONSTEP = "Actionstep"
# Characters on which libraries disagree about where the host of an address ends.
_UNSAFE = re.compile(r"[\s\\\x00-\x1f\x7f]")


def check_url(
    url: str, *, environment: str, domains: Iterable[str], vendor: str = "the vendor"
) -> None:
    """Refuse an address that must not see a key or a token.

    In the environment ``local`` only plain HTTP on a loopback host is allowed, in every
    other one only HTTPS on its default port, on one of the domains or below it.

    :raise ConnectionStoppedError: ``address_refused``
    """
    if not _is_allowed(url, environment, tuple(domains)):
        # Without path and query: they may carry a code or a key.
        shown = clean(url.partition("?")[0], limit=100)
        raise ConnectionStoppedError(
            "address_refused", values={"address": shown, "vendor": vendor}
        )


def _is_allowed(url: str, environment: str, domains: tuple[str, ...]) -> bool:
    if _UNSAFE.search(url) or not url.isascii():
        return False
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return False
    if "@" in parts.netloc:
        return False
    if environment == "local":
        return parts.scheme == "http" and host in const.LOOPBACK_HOSTS
    if parts.scheme != "https" or port not in (None, 443):
        return False
    return any(host == domain or host.endswith(f".{domain}") for domain in domains)


@dataclass(frozen=True, slots=True)
class Policy:
    """Where a session may go and how long it waits, in seconds."""

    vendor: str
    environment: str
    domains: tuple[str, ...]
    read_timeout: float = const.READ_TIMEOUT
    connect_timeout: float = const.CONNECT_TIMEOUT


@dataclass(frozen=True, slots=True)
class Answer:
    """What is kept of the last answer; ``retry_after`` in seconds."""

    status: int
    intuit_tid: str | None
    retry_after: int | None

    @classmethod
    def of(cls, response: requests.Response) -> Answer:
        """Return what is kept of an answer."""
        headers = response.headers
        return cls(
            response.status_code,
            headers.get("intuit_tid") or headers.get("intuit-tid"),
            _seconds(headers.get("Retry-After")),
        )


class Transport(requests.Session):
    """A session that keeps to its policy.

    ``access_token`` is where python-quickbooks looks for it. ``writes`` says whether
    the next request changes something: then a lost answer has an unknown outcome.
    """

    policy: Policy

    def __init__(self, policy: Policy | None = None, access_token: str = "") -> None:
        super().__init__()
        if policy is not None:
            self.policy = policy
        self.access_token = access_token
        self.writes = False
        self.last: Answer | None = None
        # Else requests replaces our header by an entry of the machine's netrc file.
        self.auth = _keep_headers
        # Proxy variables of the machine are for the outside, not for loopback.
        self.trust_env = self.policy.environment != "local"
        adapter = _Adapter(self.policy)
        self.mount("https://", adapter)
        self.mount("http://", adapter)

    def request(self, method: str, url: str, **kwargs: Any) -> requests.Response:
        """Send one request and remember status, trace id and Retry-After.

        :raise ConnectionStoppedError: the address is not the vendor's
        :raise RetryableError: no answer, and nothing was done
        :raise UnknownOutcomeError: no answer to a request that may have been done
        """
        policy = self.policy
        check_url(
            url,
            environment=policy.environment,
            domains=policy.domains,
            vendor=policy.vendor,
        )
        self.last = None
        kwargs["allow_redirects"] = False
        try:
            response = super().request(method, url, **kwargs)
        except requests.RequestException as err:
            lost = self._lost(err)
        else:
            return self._remember(response)
        # Outside of the handler: the library's error holds the request with its token,
        # so it must not hang on ours.
        raise lost

    def body_of(self, response: requests.Response) -> str:
        """Return the text of an answer; in a refusal our token is masked."""
        text = response.text
        if response.status_code >= 400 and self.access_token:
            return text.replace(self.access_token, "***")
        return text

    def _remember(self, response: requests.Response) -> requests.Response:
        if "charset" not in response.headers.get("Content-Type", "").lower():
            # Both vendors send UTF-8; guessing is slow and sometimes wrong.
            response.encoding = "utf-8"
        self.last = Answer.of(response)
        return response

    def _lost(self, err: requests.RequestException) -> SyncError:
        detail = clean(f"{type(err).__name__}: {err}", (self.access_token,))
        if self.writes and not _was_never_sent(err):
            return UnknownOutcomeError("outcome_unknown", detail)
        return RetryableError(
            "unavailable", detail, values={"vendor": self.policy.vendor}
        )


class _Retry(Retry):
    """Repeats a GET whose connection broke, and any request that could not start."""

    def increment(self, *args: Any, **kwargs: Any) -> Retry:
        """Override of `increment` to give up at once when the answer took too long."""
        error = kwargs.get("error")
        if isinstance(error, ReadTimeoutError):
            raise error
        return super().increment(*args, **kwargs)


class _Adapter(HTTPAdapter):
    """Puts the time limits on every call, below any library that could forget them."""

    def __init__(self, policy: Policy) -> None:
        self._timeout = (policy.connect_timeout, policy.read_timeout)
        retries = _Retry(
            total=2,
            connect=1,
            read=1,
            redirect=0,
            status=0,
            other=0,
            # A wait is the engine's business: it must not hold a worker.
            respect_retry_after_header=False,
            backoff_factor=0.3,
            allowed_methods=("GET",),
        )
        super().__init__(max_retries=retries)

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        **kwargs: Any,
    ) -> requests.Response:
        """Override of `send` to set the time limits."""
        return super().send(
            request, stream=stream, timeout=timeout or self._timeout, **kwargs
        )


def _keep_headers(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _was_never_sent(err: requests.RequestException) -> bool:
    """Tell whether the connection failed before anything went out."""
    if isinstance(err, requests.ConnectTimeout | requests.exceptions.ProxyError):
        return True
    reason = getattr(err.args[0], "reason", None) if err.args else None
    if isinstance(reason, NewConnectionError):
        return True
    cause = reason.args[0] if isinstance(reason, Exception) and reason.args else None
    return isinstance(cause, ssl.SSLCertVerificationError)


def _seconds(retry_after: str | None) -> int | None:
    """Return a Retry-After header (seconds or an HTTP date) in whole seconds."""
    text = (retry_after or "").strip()
    if text.isdecimal():
        return int(text)
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    return max(0, round((moment - datetime.now(timezone.utc)).total_seconds()))
