"""Rows of the REST resources that follow from the firm's other data."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from .rows import Row, as_row

if TYPE_CHECKING:
    from .state import State

CLIENT_TYPE_ID = 1
SECTIONS = ("Assets", "Liabilities", "Equity", "Income", "Expenses")


def _accounts(state: State) -> Iterable[Row]:
    for order, account in enumerate(state.firm.accounts, 1):
        yield as_row(account) | {"preferenceOrder": order, "currency": 1}


def _account_types(state: State) -> Iterable[Row]:
    for kind in state.firm.account_types:
        section = SECTIONS.index(kind.primary_section) + 1
        income = {"Income": 1, "Expenses": 2}.get(kind.income_section)
        yield as_row(kind) | {
            "primarySection": section,
            "primarySectionOrder": section,
            "incomeStatementSection": income,
        }


def _primary_sections(_state: State) -> Iterable[Row]:
    for number, name in enumerate(SECTIONS, 1):
        credit = name in ("Liabilities", "Equity", "Income")
        yield {
            "id": number,
            "name": name,
            "sortOrder": number,
            "reportingName": name,
            "creditIncreasesBalance": credit,
        }


def _income_sections(_state: State) -> Iterable[Row]:
    for number, name in enumerate(("Income", "Expenses"), 1):
        yield {"id": number, "name": name, "displayName": name, "sortOrder": number}


def _tax_codes(state: State) -> Iterable[Row]:
    for order, code in enumerate(state.firm.tax_codes, 1):
        yield as_row(code) | {"sortOrder": order, "effectiveFrom": date(2020, 1, 1)}


def _divisions(state: State) -> Iterable[Row]:
    for division in state.firm.divisions:
        yield as_row(division) | {
            "isActive": True,
            "invoiceAccountingMethod": "Accrual",
            "lockoutTimestamp": date(2026, 6, 30),
            "openingBalanceTimestamp": date(2020, 1, 1),
        }


def _users(state: State) -> Iterable[Row]:
    person = state.participants[state.firm.user_id]
    yield {
        "id": 1,
        "isCurrent": True,
        "emailAddress": person["email"],
        "isActive": True,
        "hasAuthority": True,
        "participant": person["participant_id"],
        "division": state.firm.divisions[0].division_id,
    }


def _currencies(state: State) -> Iterable[Row]:
    symbol = "£" if state.firm.currency == "GBP" else "$"
    yield {"id": 1, "name": state.firm.currency, "symbol": symbol}


def _units(_state: State) -> Iterable[Row]:
    for number, (symbol, name) in enumerate((("hr", "Hour"), ("ea", "Each")), 1):
        yield {
            "id": number,
            "symbol": symbol,
            "nameSingular": name,
            "namePlural": f"{name}s",
            "category": "Time" if symbol == "hr" else "Quantity",
        }


def _billing_preferences(state: State) -> Iterable[Row]:
    numbers = {account.number: account.account_id for account in state.firm.accounts}
    tax_code_id = state.firm.tax_codes[0].tax_code_id
    yield {
        "id": 1,
        "name": "Standard",
        "amountsIncludeTax": False,
        "taskTaxcode": tax_code_id,
        "taskIncomeAmount": numbers["4-1100"],
        "disbursementTaxcode": tax_code_id,
        "disbursementIncomeAccount": numbers["4-2100"],
    }


def _action_types(_state: State) -> Iterable[Row]:
    yield {
        "id": 1,
        "name": "General matter",
        "description": "",
        "isBillable": True,
        "isDisabled": False,
        "allowCloseWithOpenInvoice": False,
        "primaryParticipantType": CLIENT_TYPE_ID,
    }


def _action_participants(state: State) -> Iterable[Row]:
    for matter in state.actions.values():
        for client_id in matter["client_ids"]:
            yield {
                "id": f"{matter['matter_id']}--{CLIENT_TYPE_ID}--{client_id}",
                "participantNumber": 1,
                "action": matter["matter_id"],
                "participantType": CLIENT_TYPE_ID,
                "participant": client_id,
            }


def _bill_settings(state: State) -> Iterable[Row]:
    for matter_id in state.actions:
        yield {
            "id": matter_id,
            "billType": "Hourly",
            "isBillable": True,
            "isUtbmsEnabled": False,
            "defaultTimeEntryBehavior": "Bill",
            "salesTaxAppliesTo": "All",
            "discountType": "None",
            "isSalesTaxEnabled": True,
            "currency": state.firm.currency,
            "salesTaxRate": state.firm.tax_codes[0].tax_code_id,
        }


def _lines_of(state: State, kind: str) -> list[Row]:
    lines = (line for rows in state.lines.values() for line in rows)
    return [line for line in lines if line["kind"] == kind]


def _disbursements(state: State) -> Iterable[Row]:
    """Yield what was billed on; the resource tells neither bill nor whether billed."""
    codes = {code.code: code.tax_code_id for code in state.firm.tax_codes}
    numbers = {account.number: account.account_id for account in state.firm.accounts}
    for number, line in enumerate(_lines_of(state, "expense"), 1):
        yield {
            "id": number,
            "date": line["service_date"],
            "description": line["description"],
            "quantity": line["quantity"] or Decimal(1),
            "unitPrice": line["unit_price"] or line["amount_exclusive"],
            "unitPriceIncludesTax": False,
            "enteredTimestamp": line["modified_at"],
            "isAnticipated": False,
            "action": line["matter_id"],
            "enteredByParticipant": state.firm.user_id,
            "uom": 2,
            "taxCode": codes.get(line["tax_code"]),
            "incomeAccount": numbers["4-2100"],
        }


def _time_entries(state: State) -> Iterable[Row]:
    """Yield the time behind fee lines; the resource has no link to a bill."""
    people = {row["display_name"]: key for key, row in state.participants.items()}
    for number, line in enumerate(_lines_of(state, "fee"), 1):
        owner = people.get(line["timekeeper"], state.firm.user_id)
        yield {
            "id": number,
            "timestampDate": line["service_date"],
            "description": line["description"],
            "actualHours": line["quantity"],
            "billableHours": line["quantity"],
            "createdTimestamp": line["modified_at"],
            "timerStatus": "Locked",
            "billingBehavior": "Bill",
            "rateUnitPrice": line["unit_price"],
            "rateSource": "Timekeeper",
            "billableAmountType": "Calculated" if line["unit_price"] else "Fixed",
            "billableAmount": line["amount_exclusive"],
            "isBillable": True,
            "createdBy": owner,
            "owner": owner,
            "action": line["matter_id"],
        }


BUILDERS = {
    "accounts": _accounts,
    "accounttypes": _account_types,
    "accountprimarysections": _primary_sections,
    "accountincomesections": _income_sections,
    "taxcodes": _tax_codes,
    "divisions": _divisions,
    "users": _users,
    "currencies": _currencies,
    "units": _units,
    "billingpreferences": _billing_preferences,
    "actiontypes": _action_types,
    "actionparticipants": _action_participants,
    "actionbillsettings": _bill_settings,
    "disbursements": _disbursements,
    "timeentries": _time_entries,
}
