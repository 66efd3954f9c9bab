"""Actionstep, REST API of docs.actionstep.com ("v1"), read only.

The answers have their own habits, and each is met here once: one row instead of a list
of one, no body for no rows, addresses that must not be followed, "T" and "F", dates in
two forms, ids as numbers or texts.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

from .. import const
from ..documents import Bill, LedgerAccount, Matter, Participant, TaxCode
from ..exceptions import (
    ConnectionStoppedError,
    NotFoundError,
    RetryableError,
    SyncError,
    ThrottledError,
    TokenExpiredError,
)
from .transport import ACTIONSTEP, Policy, Transport, check_url
from .values import (
    UnreadableRow,
    clean,
    date_of,
    decimal_of,
    flag_of,
    id_of,
    load_json,
    moment_of,
    text_of,
)

Row = dict[str, Any]
T = TypeVar("T")

_MEDIA_TYPE = "application/vnd.api+json"


def rest_url(api_endpoint: str, *, environment: str, domains: Iterable[str]) -> str:
    """Return the base of all resources, which ends in ``/api/rest/``.

    The token answer's ``api_endpoint`` is seen as a bare host, with ``/api``, ``/api/``
    and ``/api/rest``: all of them mean the same base.

    :raise ConnectionStoppedError: the host is not one of Actionstep's
    """
    text = api_endpoint.strip()
    if "://" not in text:
        text = f"{'http' if environment == 'local' else 'https'}://{text}"
    check_url(text, environment=environment, domains=domains, vendor=ACTIONSTEP)
    parts = urlsplit(text)
    path = parts.path.rstrip("/").removesuffix("/rest").removesuffix("/api")
    return f"{parts.scheme}://{parts.netloc}{path}/api/rest/"


class ActionstepClient:
    """One Actionstep organisation; a context manager, for one thread.

    Every method raises ``TokenExpiredError`` to refresh and call again,
    ``ThrottledError`` to wait, ``ConnectionStoppedError`` for a missing right,
    ``RetryableError`` for passing trouble, ``SyncError`` for a refused request.

    Rows that cannot be read are left out and stand in ``unreadable``.
    """

    def __init__(
        self,
        api_endpoint: str,
        access_token: str,
        environment: str,
        domains: Sequence[str] | None = None,
        *,
        read_timeout: float = const.ACTIONSTEP_READ_TIMEOUT,
    ) -> None:
        if domains is None:
            domains = const.ACTIONSTEP_DOMAINS.get(environment, ())
        self._base = rest_url(api_endpoint, environment=environment, domains=domains)
        policy = Policy(ACTIONSTEP, environment, tuple(domains), read_timeout)
        self._session = Transport(policy, access_token)
        self._session.headers.update(
            {
                "Authorization": f"Bearer {access_token}",
                "Accept": _MEDIA_TYPE,
                "Content-Type": _MEDIA_TYPE,
            }
        )
        self.unreadable: list[UnreadableRow] = []

    def __enter__(self) -> ActionstepClient:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections to Actionstep."""
        self._session.close()

    # === LISTS === #

    def test_connection(self) -> str:
        """Return the name of the user who connected, empty when it is not told."""
        document = self._get("users/current", {"include": "participant"})
        linked = document.get("linked") or {}
        people = _listed(linked.get("participants"))
        return text_of(people[0].get("displayName")) if people else ""

    def accounts(self) -> list[LedgerAccount]:
        """Return the chart of accounts with the names of the account types."""
        types = self._account_types()
        fields = "accountNumber,name,active,header,accountType"

        def read(row: Row) -> LedgerAccount:
            return LedgerAccount(
                account_id=_id(row),
                number=text_of(row.get("accountNumber")),
                name=text_of(row.get("name")),
                account_type=types.get(_link(row, "accountType") or "", ""),
                is_header=flag_of(row.get("header")),
                is_active=row.get("active") is None or flag_of(row["active"]),
            )

        return self._read_all("accounts", {"fields": fields}, read)

    def _account_types(self) -> dict[str, str]:
        """Return the names of the account types by id; none without the right."""
        try:
            rows = self._read_all("accounttypes", {"fields": "name"}, dict)
        except (ConnectionStoppedError, NotFoundError):
            return {}
        return {_id(row): text_of(row.get("name")) for row in rows}

    def tax_codes(self) -> list[TaxCode]:
        """Return the tax codes."""
        fields = {"fields": "code,description,percentage"}
        return self._read_all("taxcodes", fields, _tax_code)

    def _read_all(
        self, resource: str, params: Row, read: Callable[[Row], T]
    ) -> list[T]:
        pages = self._pages(resource, params)
        return [value for rows in pages for value in self._each(resource, rows, read)]

    # === DOCUMENTS === #

    def bills(
        self, modified_since: datetime | None, first_page: int = 1
    ) -> Iterator[list[Bill]]:
        """Yield the bills changed since a time (naive UTC), a list per page, by id.

        More than asked for may come: Actionstep does not say which attributes of a
        bill can be filtered, so the filter may be ignored, and is dropped when refused.
        """
        for rows in self._changed_pages("bills", modified_since, first_page):
            yield self._each("bills", rows, _bill)

    def participants_modified(
        self, since: datetime | None, first_page: int = 1
    ) -> Iterator[list[Participant]]:
        """Yield the contacts changed since a time (naive UTC), a list per page."""
        for rows in self._changed_pages("participants", since, first_page):
            yield self._each("participants", rows, _participant)

    def participants(self, ids: Iterable[str]) -> list[Participant]:
        """Return the contacts with these ids; those that are gone are left out."""
        return self._by_id("participants", ids, _participant)

    def matters(self, ids: Iterable[str]) -> list[Matter]:
        """Return the matters with these ids; those that are gone are left out."""
        return self._by_id("actions", ids, _matter)

    def _by_id(
        self, resource: str, ids: Iterable[str], read: Callable[[Row], T]
    ) -> list[T]:
        wanted = list(dict.fromkeys(filter(None, map(id_of, ids))))
        size = const.ACTIONSTEP_IDS_PER_REQUEST
        rows: dict[str, Row] = {}
        for start in range(0, len(wanted), size):
            found = self._multi_get(resource, wanted[start : start + size])
            rows.update((text_of(row.get("id")), row) for row in found)
        return self._each(resource, list(rows.values()), read)

    def _multi_get(self, resource: str, ids: list[str]) -> list[Row]:
        """Return the rows of some ids.

        One id that is gone may refuse them all: then each half is asked alone.
        """
        path = f"{resource}/{','.join(quote(i, safe='') for i in ids)}"
        try:
            document = self._get(path, {"pageSize": const.ACTIONSTEP_PAGE_SIZE})
        except NotFoundError:
            if len(ids) == 1:
                return []
            middle = len(ids) // 2
            return [
                *self._multi_get(resource, ids[:middle]),
                *self._multi_get(resource, ids[middle:]),
            ]
        return _listed(document.get(resource))

    def _each(
        self, resource: str, rows: Iterable[Row], read: Callable[[Row], T]
    ) -> list[T]:
        """Read rows; one that cannot be read does not stop the others."""
        values = []
        for row in rows:
            try:
                values.append(read(row))
            except (ValueError, TypeError, AttributeError) as err:
                self.unreadable.append(
                    UnreadableRow(resource, text_of(row.get("id")), clean(err))
                )
        return values

    # === PAGES === #

    def _changed_pages(
        self, resource: str, since: datetime | None, first_page: int
    ) -> Iterator[list[Row]]:
        if since is None:
            yield from self._pages(resource, {}, first_page)
            return
        # Without offset, as running integrations send it; UTC by their account.
        params = {"modifiedTimestamp_gteq": since.strftime("%Y-%m-%dT%H:%M:%S")}
        pages = self._pages(resource, params, first_page)
        try:
            first = next(pages, None)
        except SyncError:
            if not self._session.last or self._session.last.status != 400:
                raise
            pages, first = self._pages(resource, {}, first_page), None
        if first is not None:
            yield first
        yield from pages

    def _pages(
        self, resource: str, params: Row, first_page: int = 1
    ) -> Iterator[list[Row]]:
        """Yield the rows of a list page by page, each once.

        Ends at the last page that Actionstep names, else at one that brings nothing
        new. Addresses in the answer are malformed at times and never followed.
        """
        seen: set[str] = set()
        for page in itertools.count(first_page):
            paging = {
                "page": page,
                "pageSize": const.ACTIONSTEP_PAGE_SIZE,
                "sort": "id",
            }
            document = self._get(resource, {**params, **paging})
            rows = self._fresh(resource, _listed(document.get(resource)), seen)
            if rows:
                yield rows
            if not rows or _is_last(document, resource, page):
                return

    def _fresh(self, resource: str, rows: list[Row], seen: set[str]) -> list[Row]:
        """Return the rows not met before: pages may shift while we read them."""
        fresh = [row for row in rows if text_of(row.get("id")) not in seen]
        seen.update(text_of(row.get("id")) for row in fresh)
        return fresh

    # === REQUESTS === #

    def _get(self, path: str, params: Row) -> Row:
        """Return the document of a resource; empty when Actionstep sends no body."""
        response = self._session.get(self._base + path, params=params)
        body = self._session.body_of(response)
        document = load_json(body)
        if response.status_code not in (200, 204):
            raise self._refused(path, body, document)
        if not body.strip():
            return {}
        if not isinstance(document, dict):
            raise self._unreadable(f"HTTP 200, {len(body)} characters")
        if document.get("errors"):
            raise self._refused(path, body, document)
        return document

    def _refused(self, path: str, body: str, document: Any) -> SyncError:
        """Return the error for a refusal ("Errors" at docs.actionstep.com)."""
        answer = self._session.last
        status = answer.status
        detail = clean(f"HTTP {status} {path}: {_reason(document) or body}")
        known: dict[str, Any] = {
            "values": {"vendor": ACTIONSTEP, "what": path.partition("/")[0]}
        }
        if status == 401:
            return TokenExpiredError("token_expired", detail, **known)
        if status == 403:
            # Not the token: the user lacks a right, or the consent a scope.
            return ConnectionStoppedError("permission_actionstep", detail, **known)
        if status == 404:
            return NotFoundError("missing_in_actionstep", detail, **known)
        if status == 429:
            seconds = max(answer.retry_after or const.THROTTLE_SECONDS, 1)
            return ThrottledError("throttled", detail, seconds=seconds, **known)
        if status >= 500:
            return RetryableError("unavailable", detail, **known)
        if not isinstance(document, dict) or status < 400:
            return RetryableError("unreadable", detail, **known)
        return SyncError("unexpected", detail, **known)

    def _unreadable(self, detail: str) -> RetryableError:
        return RetryableError("unreadable", detail, values={"vendor": ACTIONSTEP})


# --- Envelope -------------------------------------------------------------------------


def _listed(value: Any) -> list[Row]:
    """Return rows: a list, or the one row that stands for a list of one."""
    if isinstance(value, dict):
        return [value]
    if isinstance(value, list):
        return [row for row in value if isinstance(row, dict)]
    return []


def _is_last(document: Row, resource: str, page: int) -> bool:
    """Tell whether the answer says that no page follows; in doubt there is one."""
    paging = (document.get("meta") or {}).get("paging") or {}
    # Some resources write another one's name here.
    values = paging.get(resource) or next(iter(paging.values()), None)
    if not isinstance(values, dict):
        return False
    count = text_of(values.get("pageCount"))
    if count.isdecimal():
        return page >= int(count)
    return "nextPage" in values and not values["nextPage"]


def _reason(document: Any) -> str:
    """Return the text of ``errors``: one object or a list of them."""
    errors = _listed(document.get("errors")) if isinstance(document, dict) else []
    keys = ("status", "code", "title", "detail")
    texts = [" ".join(text_of(e.get(k)) for k in keys if e.get(k)) for e in errors]
    return "; ".join(filter(None, texts))


def _id(row: Row) -> str:
    found = id_of(row.get("id"))
    if found is None:
        raise ValueError("no id")
    return found


def _links(row: Row, name: str) -> tuple[str, ...]:
    """Return the ids of a link: a list, a single id or nothing."""
    links = row.get("links") or {}
    value = links.get(name)
    values = value if isinstance(value, list) else [value]
    return tuple(found for found in map(id_of, values) if found)


def _link(row: Row, name: str) -> str | None:
    return next(iter(_links(row, name)), None)


# --- Rows -----------------------------------------------------------------------------


def _status(row: Row) -> str:
    """Return the status of a bill.

    :raise ValueError: none that we know; what it means must not be guessed
    """
    if row.get("deletedTimestamp"):
        return "Deleted"
    status = text_of(row.get("status"))
    if status not in const.ACTIONSTEP_BILL_STATUSES:
        raise ValueError(f"status {status!r}")
    return status


def _bill(row: Row) -> Bill:
    return Bill(
        bill_id=_id(row),
        number=text_of(row.get("ourReference")),
        status=_status(row),
        client_id=_link(row, "theirParticipant"),
        matter_ids=_links(row, "action"),
        division_id=_link(row, "division"),
        currency=text_of(row.get("currency")),
        bill_date=date_of(row.get("invoiceDate")),
        due_date=date_of(row.get("dueDate")),
        total_exclusive=decimal_of(row.get("totalExclusive")),
        total_tax=decimal_of(row.get("totalSalesTax")),
        total_inclusive=decimal_of(row.get("totalInclusive")),
        total_paid=decimal_of(row.get("totalPaid")),
        modified_at=moment_of(row.get("modifiedTimestamp")),
        deleted_at=moment_of(row.get("deletedTimestamp")),
    )


def _participant(row: Row) -> Participant:
    return Participant(
        participant_id=_id(row),
        display_name=text_of(row.get("displayName")),
        is_company=flag_of(row.get("isCompany")),
        first_name=text_of(row.get("firstName")),
        last_name=text_of(row.get("lastName")),
        email=text_of(row.get("email")),
        phone=_phone(row),
        modified_at=moment_of(row.get("modifiedTimestamp")),
        **_address(row),
    )


def _phone(row: Row) -> str:
    country, area, number = (
        text_of(row.get(f"phone1{part}")) for part in ("Country", "Area", "Number")
    )
    if not number:
        return ""
    if country.isdecimal():
        country = f"+{country}"
    return " ".join(filter(None, (country, area, number)))


def _address(row: Row) -> dict[str, Any]:
    """Return the mailing address, or the physical one when there is none."""
    kind = "mailing" if _lines(row, "mailing") else "physical"
    return {
        "address_lines": _lines(row, kind),
        "city": text_of(row.get(f"{kind}City")),
        "state": text_of(row.get(f"{kind}StateProvince")),
        "postcode": text_of(row.get(f"{kind}PostCode")),
        "country": _link(row, f"{kind}Country") or "",
    }


def _lines(row: Row, kind: str) -> tuple[str, ...]:
    lines = (text_of(row.get(f"{kind}AddressLine{number}")) for number in (1, 2))
    return tuple(filter(None, lines))


def _matter(row: Row) -> Matter:
    return Matter(
        matter_id=_id(row),
        name=text_of(row.get("name")),
        reference=text_of(row.get("reference")),
        status=text_of(row.get("status")),
        modified_at=moment_of(row.get("modifiedTimestamp")),
    )


def _tax_code(row: Row) -> TaxCode:
    return TaxCode(
        tax_code_id=_id(row),
        code=text_of(row.get("code")),
        description=text_of(row.get("description")),
        percentage=decimal_of(row.get("percentage")),
    )
