"""What all transactions have in common: dates, closed books, numbers, currencies."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from ..company import Call, Key, Object, as_decimal
from ..faults import Fault, business, matched, missing
from ..schema import money
from .base import Resource, resolve, value_of
from .names import currency_reference

ZERO = Decimal(0)
VOIDED = "Voided"
CLOSED = (
    "The account period has closed and the account books cannot be updated through "
    "through the QBO Services API. Please use the QBO website to make these changes."
)
# Series of document numbers; a journal entry's may be a company's own matter.
SALES_NUMBERS, JOURNAL_NUMBERS = "sales", "journal"
# How a 6140 names the kinds of transactions.
SHOWN_TYPES = {"CreditMemo": "Credit Memo", "JournalEntry": "Journal Entry"}


class Transaction(Resource):
    """Something with a date that moves money."""

    operations = frozenset({"create", "update", "delete"})
    series = SALES_NUMBERS

    # Closed books, removal

    def check_open(self, call: Call, *dates: str | None) -> None:
        """Raise Fault 6200 or 6210 for a date in the closed period."""
        if call.person:
            return
        switch = call.switches["closed_books"] or {}
        preference = call.company.preference("AccountingInfoPrefs", "BookCloseDate")
        closed = switch.get("date") or preference
        if not closed or not any(day and day <= str(closed) for day in dates):
            return
        password = switch.get("password", call.company.books_password)
        code = "6210" if password else "6200"
        raise Fault(str(switch.get("code", code)), CLOSED, "")

    def check_removal(self, call: Call, current: Object) -> None:
        """Closed books and what the bank feed was matched with stay as they are."""
        self.check_open(call, current.get("TxnDate"))
        if (self.entity, current["Id"]) in call.company.matched and not call.person:
            raise matched()

    # Currencies

    def currency(self, call: Call, obj: Object, customer: Object) -> Object:
        """Return the transaction's currency, which is the customer's."""
        company = call.company
        if company.multicurrency and "CurrencyRef" not in obj:
            raise missing("CurrencyRef")
        reference = currency_reference(call, obj.get("CurrencyRef"))
        own = value_of(customer.get("CurrencyRef")) or company.currency
        if reference["value"] != own:
            raise business(f"The customer's currency is {own}.")
        return reference

    def settle_rate(self, call: Call, obj: Object) -> None:
        """Set the exchange rate: the one given, else that of the company's list."""
        if not call.company.multicurrency:
            obj.pop("ExchangeRate", None)
            return
        code = obj["CurrencyRef"]["value"]
        given = as_decimal(obj.get("ExchangeRate"))
        home = code == call.company.currency
        known = Decimal(1) if home else call.company.rate(code, obj["TxnDate"])
        obj["ExchangeRate"] = given if given and not home else known

    # Document numbers

    def index_keys(self, obj: Object) -> list[Key]:
        """Find transactions by number."""
        number = obj.get("DocNumber")
        return [("number", self.series, str(number))] if number else []

    def check(self, call: Call, obj: Object, current: Object | None) -> None:
        """Refuse a number in use when the company wants to be warned."""
        warns = call.company.preference("SalesFormsPrefs", "CustomTxnNumbers", False)
        warns = warns and call.switches["warn_duplicate_number"] == "on"
        number = obj.get("DocNumber")
        if not warns or not number or call.person:
            return
        if "allowduplicatedocnum" in call.include:
            return
        if current and current.get("DocNumber") == number:
            return
        owner = self.number_owner(call, number, current)
        if owner:
            raise self.duplicate_number(call, number, owner)

    def number_owner(
        self, call: Call, number: str, current: Object | None
    ) -> tuple[str, str] | None:
        """Return entity and id of another transaction with the number."""
        but = (self.entity, current["Id"]) if current else None
        series = {SALES_NUMBERS, JOURNAL_NUMBERS}
        if call.switches["journal_numbers"] == "own":
            series = {self.series}
        owners = (
            call.company.owner(("number", name, str(number)), but)
            for name in sorted(series, key=lambda name: name != self.series)
        )
        return next((owner for owner in owners if owner), None)

    def duplicate_number(
        self, call: Call, number: str, owner: tuple[str, str]
    ) -> Fault:
        """Return the 6140; the switch says whether it names the other transaction."""
        detail = (
            "Duplicate Document Number Error : You must specify a different number. "
            "This number has already been used."
        )
        if call.switches["duplicate_number_detail"] == "id":
            kind = SHOWN_TYPES.get(owner[0], owner[0])
            detail += (
                f" DocNumber={number} is assigned to TxnType={kind} "
                f"with TxnId={owner[1]}"
            )
        return Fault("6140", detail, "")

    def order(self, obj: Object) -> Any:
        """Sort newest first, as recorded."""
        day = date.fromisoformat(obj.get("TxnDate", "1970-01-01"))
        return (-day.toordinal(), -int(obj["Id"]))


def mark_voided(obj: Object) -> None:
    """Put the word in front of the note: the only sign of a voided transaction."""
    note = obj.get("PrivateNote")
    obj["PrivateNote"] = f"{VOIDED} - {note}" if note else VOIDED


def named(call: Call, entity: str, reference: Object, element: str) -> Object:
    """Return a reference with the name of what it names; raise Fault 2500, 610."""
    found = resolve(call, entity, reference, element)
    name = found.get("FullyQualifiedName") or found["Name"]
    return {"value": found["Id"], "name": name}


def in_home_currency(obj: Object, amount: Decimal) -> Decimal:
    """Return an amount of a transaction in the company's own currency."""
    return money(amount * as_decimal(obj.get("ExchangeRate") or 1))
