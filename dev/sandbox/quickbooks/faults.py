"""Faults: QBO's error codes, their message texts and the three body shapes.

Sources of the texts: recorded answers (401, 400_json, 500, validation, batch), Intuit's
error code page and fault bodies quoted in public issue reports.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from .clock import envelope_time

NAMESPACE = "http://schema.intuit.com/finance/v3"

BUSINESS = "A business validation error has occurred while processing your request"

MESSAGES = {
    "500": "Unsupported Operation",
    "600": "Duplicate Request ID",
    "610": "Object Not Found",
    "620": "Txn ID Cannot Be Linked",
    "900": "Parent cannot be child",
    "1040": "Batch size exceeds allowed limit",
    "1050": "Invalid Content Type",
    "2000": "Invalid or unsupported object name",
    "2010": "Request has invalid or unsupported property",
    "2020": "Required param missing, need to supply the required value for the API",
    "2030": "Invalid ID",
    "2040": "Invalid String",
    "2050": "String length is either shorter or longer than supported by specification",
    "2060": "Invalid Date Format",
    "2070": "Invalid Date",
    "2080": "Invalid Number Format",
    "2100": "Invalid Decimal Format",
    "2120": "Invalid Type",
    "2170": "Invalid Enumeration",
    "2210": "Invalid Email Address format",
    "2220": "Invalid Currency Type",
    "2230": "Invalid Boolean",
    "2260": "Missing Posting Type",
    "2270": "Missing TaxApplicableOn",
    "2280": "Missing Tax Amount",
    "2290": "Negative Amount",
    "2300": "Amount on debits not equal to credits",
    "2500": "Invalid Reference Id",
    "4000": "Error parsing query",
    "4001": "Invalid query",
    "5010": "Stale Object Error",
    "5030": "Feature Not Supported Error",
    "6000": BUSINESS,
    "6010": "Invalid Account.AccountType && Account.SubType",
    "6070": "Amount calculation incorrect in the request.",
    "6080": "No Name Provided",
    "6090": "Discount Line missing required info",
    "6100": "Invalid Line TaxCode in the request",
    "6130": "Cannot change who customer bills with",
    "6140": "Duplicate Document Number Error",
    "6150": "ParentRef Required Validation Error",
    "6160": "Invalid TaxCodeRef Error",
    "6170": "Invalid TxnTaxDetail Error",
    "6180": "Sub Level Limit",
    "6200": "Account Period Closed",
    "6210": "Account Period Closed, Cannot Update Through Services API",
    "6220": "Delete Entity Has Balance Error",
    "6240": "Duplicate Name Exists Error",
    "6420": "Email Address Required",
    "6430": "Invalid account type used",
    "6480": "Matched Transaction Delete Error",
    "6540": "Deposited Transaction cannot be changed",
    "10000": "An application error has occurred while processing your request",
}
# For a code that is not in the table, which a test may inject.
UNKNOWN = MESSAGES["10000"]


@dataclass
class Fault(Exception):
    """An application fault: the upper-case shape, HTTP 400 unless said otherwise."""

    code: str
    detail: str
    element: str | None = None
    status: int = 400
    message: str = ""
    type: str = "ValidationFault"

    @property
    def text(self) -> str:
        """Return the given message, else that of the code."""
        return self.message or MESSAGES.get(self.code, UNKNOWN)

    def body(self) -> dict[str, Any]:
        """Return the ``Fault`` object."""
        error: dict[str, Any] = {
            "Message": self.text,
            "Detail": self.detail,
            "code": self.code,
        }
        if self.element is not None:
            error["element"] = self.element
        return {"Error": [error], "type": self.type}


@dataclass
class GatewayFault(Exception):
    """What the gateway in front of QBO answers: lower-case shape, own headers."""

    status: int
    code: str
    word: str
    detail: str | None
    type: str

    @property
    def message(self) -> str:
        """Return the text that names word, code and status."""
        return (
            f"message={self.word}; errorCode={self.code:0>6}; statusCode={self.status}"
        )


def unauthorized(detail: str) -> GatewayFault:
    """Return the 401 of a token that is expired, revoked or not one of ours."""
    return GatewayFault(401, "3200", "AuthenticationFailed", detail, "AUTHENTICATION")


def forbidden(detail: str | None = None) -> GatewayFault:
    """Return the 403 of a token that is not for this company or scope."""
    return GatewayFault(
        403, "3100", "ApplicationAuthorizationFailed", detail, "SERVICE"
    )


def throttled() -> GatewayFault:
    """Return the 429; the two blanks are Intuit's."""
    detail = "The request limit was reached.  Try again later"
    return GatewayFault(429, "3001", "ThrottleExceeded", detail, "SERVICE")


def system_failure(status: int = 500) -> Fault:
    """Return the fault of a server that failed."""
    detail = "An unexpected error occurred while accessing or saving your data."
    return Fault("10000", detail, "", status, type="SystemFault")


def gateway_body(fault: GatewayFault, shape: str) -> tuple[Any, str]:
    """Return body and content type: a JSON value (lower, upper) or XML text."""
    if shape == "xml":
        error = (fault.code, fault.message, fault.detail)
        return xml_fault(fault.type, [error]), "application/xml"
    if shape == "upper":
        error = {
            "Message": fault.message,
            "Detail": fault.detail or "",
            "code": fault.code,
        }
        body = {"Fault": {"Error": [error], "type": fault.type}}
        return {**body, "time": envelope_time()}, "application/json"
    error = {
        "message": fault.message,
        "detail": fault.detail,
        "code": fault.code,
        "element": None,
    }
    return _lower_envelope({"error": [error], "type": fault.type}), "application/json"


def _lower_envelope(fault: dict[str, Any]) -> dict[str, Any]:
    return {
        "warnings": None,
        "intuitObject": None,
        "fault": fault,
        "report": None,
        "queryResponse": None,
        "batchItemResponse": [],
        "attachableResponse": [],
        "syncErrorResponse": None,
        "requestId": None,
        "time": int(time.time() * 1000),
        "status": None,
        "cdcresponse": [],
    }


def xml_fault(kind: str, errors: Iterable[tuple[str, str, str | None]]) -> str:
    """Return an ``IntuitResponse`` with a fault of code, message and detail each."""
    rows = "".join(
        f"<Error code={quoteattr(code)}><Message>{escape(message)}</Message>"
        f"<Detail>{escape(detail or '')}</Detail></Error>"
        for code, message, detail in errors
    )
    return (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
        f'<IntuitResponse time="{envelope_time()}" xmlns="{NAMESPACE}">'
        f"<Fault type={quoteattr(kind)}>{rows}</Fault></IntuitResponse>"
    )


# --- Faults raised in more than one place ---------------------------------------------

INACTIVE = (
    "Something you're trying to use has been made inactive. "
    "Check the fields with accounts, customers, items, vendors or employees."
)


def not_found() -> Fault:
    """Return the 610 of an id that does not exist or was deleted (recorded text)."""
    return Fault("610", f"Object Not Found : {INACTIVE}", "")


def inactive_reference() -> Fault:
    """Return the 610 of a reference to an object that was made inactive."""
    return Fault("610", f"Object Not Found : {INACTIVE}", "")


def bad_reference(element: str) -> Fault:
    """Return the 2500 of a reference to an object that does not exist."""
    return Fault("2500", f"Invalid Reference Id : {element}", element)


def missing(name: str) -> Fault:
    """Return the 2020 of a required property."""
    return Fault("2020", f"Required parameter {name} is missing in the request", name)


def business(text: str) -> Fault:
    """Return the catch-all 6000."""
    return Fault("6000", f"Business Validation Error: {text}", "")


def negative(element: str) -> Fault:
    """Return the 2290 of a line below zero."""
    text = "Negative amounts aren't supported on transaction lines."
    return Fault("2290", text, element)


def wrong_account(element: str) -> Fault:
    """Return the 6430 of an account that does not suit (observed text)."""
    detail = (
        "Invalid account type: You need to select a different type of account for "
        "this transaction."
    )
    return Fault("6430", detail, element)


def cannot_link(txn_id: str) -> Fault:
    """Return the 620 of a transaction that a payment cannot settle."""
    return Fault("620", f"Txn ID cannot be linked : {txn_id}", "Line.LinkedTxn.TxnId")


def deposited() -> Fault:
    """Return the 6540 of a payment that is part of a deposit (observed text)."""
    detail = (
        "This transaction has been deposited. If you want to change or delete it, you "
        "must edit the deposit it appears on and remove it first"
    )
    return Fault("6540", detail)


def matched() -> Fault:
    """Return the 6480 of deleting what the bank feed was matched with."""
    detail = (
        "You can't delete this transaction. It's matched to another transaction that "
        "was categorized into a different financial account."
    )
    return Fault("6480", detail, "")


def unsupported(operation: str) -> Fault:
    """Return the 500 code (HTTP 400) of an operation that an entity does not have."""
    return Fault("500", f"Operation {operation} is not supported.")


def stale(user: str) -> Fault:
    """Return the 5010 of a wrong SyncToken (recorded text)."""
    return Fault(
        "5010",
        f"Stale Object Error : You and {user} were working on this at the same time. "
        f"{user} finished before you did, so your work was not saved.",
        "",
    )
