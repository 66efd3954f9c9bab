"""What every document has in QuickBooks: identity, currency, note, fingerprints."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from .. import const
from ..documents import Document, QuickbooksCompany
from ..exceptions import DataError
from .money import cents, from_answer, plain_number, to_text
from .names import contains_reference, plain_text


@dataclass(frozen=True)
class Difference:
    """One thing that QuickBooks has otherwise, as text for people.

    ``what`` is one of: total, tax, remaining, unapplied, number, customer, date,
    deposit account, allocations, line count.
    """

    what: str
    ours: str
    theirs: str


# --- Payload ------------------------------------------------------------------------


def identity(document: Document) -> dict[str, Any]:
    """Return the keys that make a payload a full update, none for a new document."""
    if document.quickbooks_id is None:
        return {}
    return {
        "Id": document.quickbooks_id,
        "SyncToken": document.sync_token,
        "sparse": False,
    }


def map_removal(quickbooks_id: str, sync_token: str) -> dict[str, str]:
    """Return the payload that deletes or voids any document.

    Source: developer.intuit.com, "Delete" and "Void" of each transaction.
    """
    return {"Id": quickbooks_id, "SyncToken": sync_token}


def is_voided(answer: Mapping[str, Any]) -> bool:
    """Tell whether an object was voided; QuickBooks has no status that says so.

    It zeroes the amounts and puts the word before the private note (recorded answer).
    """
    note = str(answer.get("PrivateNote") or "")
    return note.startswith("Voided") and from_answer(answer.get("TotalAmt")) == 0


def currency_keys(document: Document, company: QuickbooksCompany) -> dict[str, Any]:
    """Return the currency, and for a foreign one its rate in home currency units."""
    keys: dict[str, Any] = {"CurrencyRef": {"value": document.currency}}
    if document.currency != company.home_currency and document.exchange_rate:
        keys["ExchangeRate"] = plain_number(document.exchange_rate)
    return keys


def dated(key: str, day: date | None) -> dict[str, str]:
    """Return the key with the day, or nothing without a day."""
    return {key: day.isoformat()} if day else {}


def referenced(key: str, object_id: str | None) -> dict[str, Any]:
    """Return the key with a reference, or nothing without an id."""
    return {key: {"value": object_id}} if object_id else {}


def private_note(reference: str, *parts: str) -> str:
    """Return the private note: our reference first, then the parts that say something.

    What is too long is cut at the end, so the longest part comes last.
    """
    lines = [reference, *filter(None, parts)]
    return plain_text("\n".join(lines), const.QUICKBOOKS_NOTE_LENGTH)


def named(name: str, value: str) -> str:
    """Return ``Name: value`` for the note, or nothing without a value."""
    return f"{name}: {value}" if value.strip() else ""


# --- Checks -------------------------------------------------------------------------


def check_currency(document: Document, company: QuickbooksCompany) -> list[DataError]:
    """Refuse what QuickBooks cannot keep in the document's currency.

    Causes: currency_foreign (multicurrency is off), exchange_rate_missing.
    """
    if document.currency == company.home_currency:
        return []
    values = {"currency": document.currency, "home": company.home_currency}
    if not company.is_multicurrency:
        return [DataError("currency_foreign", values=values)]
    if document.exchange_rate is None or document.exchange_rate <= 0:
        return [DataError("exchange_rate_missing", values=values)]
    return []


def check_positive(amount: Decimal, currency: str) -> list[DataError]:
    """Refuse an amount that is not above zero. Cause: amount_not_positive."""
    if cents(amount) > 0:
        return []
    values = {"amount": to_text(amount, currency)}
    return [DataError("amount_not_positive", values=values)]


# --- Answer -------------------------------------------------------------------------


def is_ours(reference: str, answer: Mapping[str, Any]) -> bool:
    """Tell whether our reference stands in the private note of QuickBooks' object."""
    return contains_reference(text(answer.get("PrivateNote")), reference)


def differences(ours: Mapping[str, str], theirs: Mapping[str, str]) -> list[Difference]:
    """Return what differs, in the order of ``ours``, whose keys ``theirs`` has."""
    return [
        Difference(what, ours[what], theirs[what])
        for what in ours
        if ours[what] != theirs[what]
    ]


def amount_text(answer: Mapping[str, Any], amount: Any, currency: str) -> str:
    """Return an amount of an answer as people read it, in the answer's currency.

    :param currency: stands in when the answer names none
    """
    return to_text(from_answer(amount), ref(answer, "CurrencyRef") or currency)


def ref(values: Mapping[str, Any], key: str) -> str:
    """Return the id of a reference in an answer, empty for none."""
    return text((values.get(key) or {}).get("value"))


def text(value: Any) -> str:
    """Return a text of an answer; missing and empty are the same."""
    return "" if value is None else str(value).strip()


# --- Fingerprints -------------------------------------------------------------------


def source_content(document: Document) -> dict[str, Any]:
    """Return the part of a fingerprint that is the same for all documents."""
    rate = document.exchange_rate
    return {
        "customer": document.customer_id,
        "currency": document.currency,
        **({} if rate is None else {"rate": rate}),
    }


def answer_content(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Return the part of an answer's fingerprint that is the same for all documents.

    A rate of 1 is left out: companies with and without multicurrency look the same.
    """
    rate = Decimal(str(answer.get("ExchangeRate") or 1))
    return {
        "date": text(answer.get("TxnDate")),
        "customer": ref(answer, "CustomerRef"),
        "total": from_answer(answer.get("TotalAmt")),
        **({} if rate == 1 else {"rate": rate}),
    }


def sha256(content: Mapping[str, Any]) -> str:
    """Return the hash of canonical JSON; Decimal by its value, not by its digits."""
    canonical = json.dumps(
        content,
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=True,
        default=lambda number: f"{plain_number(number):f}",
    )
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()
