"""Turn an answer of QuickBooks into its JSON document or into one of our errors.

What a fault means stands in ``const.py``; here stand the forms it comes in: upper-case
``Fault`` (also with HTTP 200 and inside a batch), lower-case ``fault`` of the gateway,
XML of the throttle, HTML, cut or empty bodies. Source: "Handling errors" and "Error
codes" at developer.intuit.com, and recorded answers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lxml import etree

from .. import const
from ..exceptions import (
    AuthError,
    ConnectionStoppedError,
    DataError,
    DuplicateError,
    NotFoundError,
    RetryableError,
    StaleError,
    SyncError,
    ThrottledError,
    TokenExpiredError,
    UnknownOutcomeError,
)
from .transport import QUICKBOOKS
from .values import clean, load_json, text_of

_CLASSES: dict[str, type[SyncError]] = {
    "retry": RetryableError,
    "unsure": RetryableError,
    "throttle": ThrottledError,
    "refresh": TokenExpiredError,
    "reconnect": AuthError,
    "stop": ConnectionStoppedError,
    "reread": StaleError,
    "duplicate": DuplicateError,
    "missing": NotFoundError,
    "refuse": DataError,
    "bug": SyncError,
}
_CODE_IN_MESSAGE = re.compile(r"errorCode=0*(\d+)")
_REASON_LENGTH = 300
_MAX_WAIT = 24 * 3600


@dataclass(frozen=True, slots=True)
class _Entry:
    """One error of a fault, as QuickBooks wrote it."""

    code: str = ""
    message: str = ""
    detail: str = ""
    element: str = ""

    def technical(self) -> str:
        """Return code, message, detail and element on one line."""
        text = f"code {self.code or 'none'}: {self.message}"
        if self.detail and self.detail != self.message:
            text += f" | {self.detail}"
        return f"{text} | element {self.element}" if self.element else text


def error_for(
    status: int | None,
    code: str,
    message: str,
    detail: str,
    *,
    element: str = "",
    intuit_tid: str | None = None,
    retry_after: int | None = None,
    sent: bool = False,
) -> SyncError:
    """Return the error for one fault of QuickBooks.

    :param status: HTTP status; ``None`` for an item of a batch
    :param code: Intuit's code, empty when the body had none
    :param retry_after: seconds that QuickBooks asked us to wait
    :param sent: whether this answers a request that changes something; then a server
        error without a code, or one "while saving", leaves the outcome unknown
    """
    entry = _Entry(_plain_code(code, message), message, detail, element)
    return _error_of(
        [entry], status, intuit_tid=intuit_tid, retry_after=retry_after, sent=sent
    )


def item_error(
    fault: Mapping[str, Any], *, intuit_tid: str | None = None, sent: bool = False
) -> SyncError:
    """Return the error for the ``Fault`` of one item of a batch; ``sent`` as above."""
    return _error_of(_entries(fault), None, intuit_tid=intuit_tid, sent=sent)


def read_answer(
    status: int,
    body: str,
    *,
    intuit_tid: str | None = None,
    retry_after: int | None = None,
    sent: bool = False,
) -> dict[str, Any]:
    """Return the document of a successful answer.

    :param sent: whether the request changes something
    :raise SyncError: the class says what follows from it
    """
    document = load_json(body)
    entries = _document_entries(document) or _xml_entries(body)
    known = {"intuit_tid": intuit_tid, "retry_after": retry_after, "sent": sent}
    if entries:
        raise _error_of(entries, status, **known)
    if status == 200 and isinstance(document, dict):
        return document
    if status < 300:
        # What arrived of a success is not repeated: it is the firm's data.
        raise unreadable(f"HTTP {status}, {len(body)} characters", intuit_tid, sent)
    if not isinstance(document, dict) and _is_foreign(status, body):
        raise unreadable(f"HTTP {status}: {body}", intuit_tid, sent=False)
    raise _error_of([_Entry(message=body)], status, **known)


def unreadable(detail: str, intuit_tid: str | None, sent: bool) -> SyncError:
    """Return the error for an answer that says nothing; ``sent`` as above."""
    if sent:
        return UnknownOutcomeError(
            "outcome_unknown", clean(detail), intuit_tid=intuit_tid
        )
    return RetryableError(
        "unreadable", clean(detail), intuit_tid=intuit_tid, values=_vendor()
    )


def _is_foreign(status: int, body: str) -> bool:
    """Tell whether a refusal is a page of something between QuickBooks and us.

    Or a fault that was cut: then the reason is lost, and asking again brings it.
    """
    decided = status in (401, 408, 413, 429) or status >= 500
    return not decided and (status < 400 or bool(body.strip()))


def _vendor() -> dict[str, Any]:
    return {"vendor": QUICKBOOKS}


# --- Forms of a fault -----------------------------------------------------------------


def _document_entries(document: Any) -> list[_Entry]:
    if not isinstance(document, dict):
        return []
    fault = document.get("Fault") or document.get("fault")
    return _entries(fault) if isinstance(fault, dict) else []


def _entries(fault: Mapping[str, Any]) -> list[_Entry]:
    """Return the errors of a fault, upper or lower case; at least one."""
    errors = fault.get("Error") or fault.get("error") or []
    if isinstance(errors, dict):
        errors = [errors]
    rows = [row for row in errors if isinstance(row, dict)]
    found = [_entry({key.lower(): row[key] for key in row}) for row in rows]
    return found or [_Entry(message=text_of(fault.get("type")) or "Fault")]


def _entry(row: Mapping[str, Any]) -> _Entry:
    message = text_of(row.get("message"))
    return _Entry(
        _plain_code(text_of(row.get("code")), message),
        message,
        text_of(row.get("detail")),
        text_of(row.get("element")),
    )


def _xml_entries(body: str) -> list[_Entry]:
    if not body.lstrip().startswith("<"):
        return []
    parser = etree.XMLParser(recover=True, resolve_entities=False, no_network=True)
    try:
        root = etree.fromstring(body.encode(), parser)
    except etree.XMLSyntaxError:
        return []
    if root is None:
        return []
    return [_xml_entry(node) for node in root.iter("{*}Error")]


def _xml_entry(node: Any) -> _Entry:
    texts = {
        etree.QName(child).localname.lower(): child.text
        for child in node
        if isinstance(child.tag, str)
    }
    return _entry({**texts, "code": node.get("code"), "element": node.get("element")})


def _plain_code(code: str, message: str) -> str:
    """Return "3001" for "003001"; look into the message when there is no code."""
    code = text_of(code)
    if not code:
        found = _CODE_IN_MESSAGE.search(message)
        return found.group(1) if found else ""
    return str(int(code)) if code.isdecimal() else code


# --- From a fault to our error --------------------------------------------------------


def _error_of(
    entries: list[_Entry],
    status: int | None,
    *,
    intuit_tid: str | None = None,
    retry_after: int | None = None,
    sent: bool = False,
) -> SyncError:
    """Return the error for a fault; the first entry that we know decides."""
    entry = next((e for e in entries if e.code in const.QUICKBOOKS_FAULTS), entries[0])
    fault = _fault(status, entry)
    detail = clean(
        f"HTTP {status or 200}, " + "; ".join(e.technical() for e in entries)
    )
    silent = not entry.code and (status or 0) >= 500
    if sent and (silent or fault.action == "unsure"):
        return UnknownOutcomeError("outcome_unknown", detail, intuit_tid=intuit_tid)
    known: dict[str, Any] = {
        "intuit_tid": intuit_tid,
        "values": {**_vendor(), **_values(fault, status, entry)},
    }
    if fault.action in ("retry", "throttle"):
        known["seconds"] = _wait(fault.action, retry_after)
    return _CLASSES[fault.action](fault.cause, detail, **known)


def _fault(status: int | None, entry: _Entry) -> const.Fault:
    """Look a fault up: by code and text, by code, by status, by class of status."""
    text = f"{entry.message} {entry.detail}".lower()
    for code, part, fault in const.QUICKBOOKS_FAULT_TEXTS:
        if entry.code == code and part in text:
            return fault
    if entry.code in const.QUICKBOOKS_FAULTS:
        return const.QUICKBOOKS_FAULTS[entry.code]
    if status is None or status < 300:
        return const.Fault("refuse", "refused")
    if status in const.QUICKBOOKS_STATUSES:
        return const.QUICKBOOKS_STATUSES[status]
    if status >= 500:
        return const.Fault("retry", "unavailable")
    return const.Fault("bug", "unexpected")


def _values(fault: const.Fault, status: int | None, entry: _Entry) -> dict[str, Any]:
    """Return the placeholder ``what`` where the sentence of the cause has one."""
    if fault.action not in ("refuse", "missing") or fault.cause == "closed_period":
        return {}
    reason = clean(entry.detail or entry.message, limit=_REASON_LENGTH).rstrip(". ")
    reason = reason or f"HTTP {status or 200}"
    return {"what": f"{reason}." if fault.action == "refuse" else reason}


def _wait(action: str, retry_after: int | None) -> int | None:
    if retry_after is None:
        return const.THROTTLE_SECONDS if action == "throttle" else None
    return min(max(retry_after, 1), _MAX_WAIT)
