"""Foreign currencies: which ones the company uses, and at which rates."""

from __future__ import annotations

import re

from ..company import CURRENCY_NAMES, Call, Object, as_decimal, bump
from ..faults import Fault, business, missing
from .base import Resource, today
from .names import NameList

OFF = "Multicurrency is switched off in the company's preferences."


def check_on(call: Call) -> None:
    """Raise Fault 6000 where the company has no foreign currencies."""
    if not call.company.multicurrency:
        raise business(OFF)


def checked_code(code: str) -> str:
    """Return a currency code in capitals; raise Fault 2220."""
    if not re.fullmatch(r"[A-Za-z]{3}", code):
        raise Fault("2220", f"Invalid Currency Type : {code}", "Code")
    return code.upper()


class CompanyCurrency(NameList):
    """The currencies a company uses besides its own."""

    entity = "CompanyCurrency"
    name_field = "Code"

    def build(
        self, call: Call, values: Object, current: Object | None, given: Object
    ) -> Object:
        """Return the currency under its full name."""
        check_on(call)
        if "Code" not in values:
            raise missing("Code")
        code = checked_code(values["Code"])
        obj = {"Active": True, **values, "Code": code}
        obj["Name"] = CURRENCY_NAMES.get(code, code)
        return obj


class ExchangeRate(Resource):
    """Rates by currency and day; they have no id, and a new one replaces the old."""

    entity = "ExchangeRate"
    operations = frozenset({"create"})

    def operation(self, payload: Object, asked: str, include: frozenset[str]) -> str:
        """Return create: rates are set, whether known or not."""
        return asked if asked not in ("", "update") else "create"

    def create(self, call: Call, payload: Object) -> Object:
        """Set a rate."""
        check_on(call)
        values = self.cleaned(call, payload)
        for name in ("SourceCurrencyCode", "Rate", "AsOfDate"):
            if values.get(name) is None:
                raise missing(name)
        code = checked_code(values["SourceCurrencyCode"])
        if code == call.company.currency:
            raise business("The home currency has no exchange rate.")
        if as_decimal(values["Rate"]) <= 0:
            raise business("An exchange rate must be greater than 0.")
        known = call.company.get(self.entity, f"{code}/{values['AsOfDate']}")
        obj = self.build(call, {**values, "SourceCurrencyCode": code}, known, values)
        if known is not None:
            bump(obj)
        return self.save(call, obj, known)

    def build(
        self, call: Call, values: Object, current: Object | None, given: Object
    ) -> Object:
        """Return the rate under an id of this server's own making."""
        code, day = values["SourceCurrencyCode"], values["AsOfDate"]
        return {
            "Id": f"{code}/{day}",
            "SyncToken": (current or {}).get("SyncToken", "0"),
            "SourceCurrencyCode": code,
            "TargetCurrencyCode": call.company.currency,
            "Rate": values["Rate"],
            "AsOfDate": day,
        }

    def on_day(self, call: Call, code: str, day: str) -> Object:
        """Return the rate of a currency on a day, today's by default."""
        check_on(call)
        if not code:
            raise missing("sourcecurrencycode")
        code, day = checked_code(code), day or today()
        rate = call.company.rate(code, day)
        values = {"SourceCurrencyCode": code, "AsOfDate": day, "Rate": rate}
        known = call.company.get(self.entity, f"{code}/{day}")
        return self.shown(known or self.build(call, values, None, values))

    def shown(self, obj: Object) -> Object:
        """Return the rate without its id."""
        return {name: value for name, value in obj.items() if name != "Id"}
