"""The firm's data behind the Actionstep server, as rows that the admin door changes.

Rows are dicts with the names of the sample firm's dataclasses; the REST attributes
are a view of them (``resources.py``).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from datetime import date, datetime, timezone
from decimal import Decimal
from typing import Any

from ..firms import Bill, BillLine, Firm, Participant, cents
from .resources import RESOURCES

Row = dict[str, Any]
CLIENT_TYPE_ID = 1
PAYMENT_KEYS = {"total_paid", "total_due"}


def now() -> datetime:
    """Return the time of a change made through the admin door."""
    return datetime.now(timezone.utc)


def as_row(record: Any) -> Row:
    """Return a dataclass instance as a dict, one level deep."""
    return {field.name: getattr(record, field.name) for field in fields(record)}


def typed(record_class: type, values: Row) -> Row:
    """Return JSON values in the types of a dataclass's fields.

    Raises ValueError for a name that the class does not have or a bad value.
    """
    kinds = {field.name: field.type for field in fields(record_class)}
    unknown = sorted(set(values) - set(kinds))
    if unknown:
        raise ValueError(f"unknown names {unknown}; known: {sorted(kinds)}")
    return {name: _typed(kinds[name], value) for name, value in values.items()}


def _typed(kind: str, value: Any) -> Any:
    if value is None:
        return None
    if kind.startswith("Decimal"):
        return Decimal(str(value))
    if kind.startswith("datetime"):
        moment = datetime.fromisoformat(str(value).replace("Z", "+00:00"))
        return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
    if kind.startswith("date"):
        return date.fromisoformat(str(value))
    if kind.startswith("tuple"):
        return tuple(int(item) for item in value)
    if kind.startswith("int"):
        return int(value)
    return value


class State:
    """Every row; ``table`` gives the rows of a REST resource by id."""

    def __init__(self, firm: Firm):
        self.firm = firm
        self.bills = {bill.bill_id: as_row(bill) for bill in firm.bills}
        self.lines: dict[int, list[Row]] = {}
        for line in firm.bill_lines:
            self.lines.setdefault(line.bill_id, []).append(as_row(line))
        self.actions = {row.matter_id: _matter(as_row(row)) for row in firm.matters}
        self.participants = {
            row.participant_id: _participant(as_row(row)) for row in firm.participants
        }
        self._tables: dict[str, dict[Any, Row]] = {
            "bills": self.bills,
            "actions": self.actions,
            "participants": self.participants,
        }

    def table(self, resource: str) -> dict[Any, Row]:
        """Return the rows of a REST resource by id; derived ones are built once."""
        if resource not in self._tables:
            rows = _BUILDERS[resource](self)
            key = RESOURCES[resource].id_key
            self._tables[resource] = {row[key]: row for row in rows}
        return self._tables[resource]

    def dump(self) -> dict[str, list[Row]]:
        """Return the rows in plain values, by name."""
        names = ("accounts", "accounttypes", "taxcodes", "divisions")
        tables = {name: list(self.table(name).values()) for name in names}
        return {
            "bills": list(self.bills.values()),
            "bill_lines": [line for lines in self.lines.values() for line in lines],
            "participants": list(self.participants.values()),
            "actions": list(self.actions.values()),
            **tables,
        }

    # Changes through the admin door

    def change_bill(self, bill_id: int, changes: Row, bump: bool = True) -> Row:
        """Change a bill's header; raise KeyError when there is none.

        ``modified_at`` moves to now with ``bump``, unless the changes set it.
        """
        bill = self.bills[bill_id]
        values = typed(Bill, to_keys("bills", changes))
        bill.update(values)
        if "total_inclusive" in values or "total_paid" in values:
            bill["total_due"] = bill["total_inclusive"] - bill["total_paid"]
        if values.get("status") == "Deleted" and not bill["deleted_at"]:
            bill["deleted_at"] = now()
        if bump and "modified_at" not in values:
            bill["modified_at"] = now()
        return bill

    def add_bill(self, values: Row, lines: list[Row]) -> Row:
        """Add a bill with its lines and return it; ``client_id`` must be given.

        Totals come from the lines unless given. Raises KeyError or ValueError.
        """
        given = typed(Bill, to_keys("bills", values))
        client_id = given["client_id"]
        bill_id = given.setdefault("bill_id", max(self.bills, default=1000) + 1)
        if bill_id in self.bills:
            raise ValueError(f"there is a bill {bill_id}")
        day = given.get("bill_date") or now().date()
        bill = dict.fromkeys((field.name for field in fields(Bill)), None)
        bill |= {"number": f"INV-{bill_id + 9000}", "status": "Open"}
        bill |= {"client_id": client_id, "matter_ids": self._matters_of(client_id)}
        bill |= {"division_id": self.firm.divisions[0].division_id}
        bill |= {"currency": self.firm.currency, "bill_date": day, "due_date": day}
        bill |= {"total_paid": Decimal("0.00"), "their_reference": ""}
        bill |= {"created_at": now(), "modified_at": now()}
        self.bills[bill_id] = bill | given
        self.replace_lines(bill_id, lines)
        self.bills[bill_id] |= given
        return self.bills[bill_id]

    def replace_lines(self, bill_id: int, lines: list[Row], header: bool = True) -> Row:
        """Replace a bill's lines; with ``header`` the totals follow them."""
        bill = self.bills[bill_id]
        self.lines[bill_id] = [
            self._line(bill, number, row) for number, row in enumerate(lines, 1)
        ]
        for name in ("disbursements", "timeentries"):
            self._tables.pop(name, None)
        if header:
            net, tax = self.line_totals(bill_id)
            bill |= {"total_exclusive": net, "total_tax": tax}
            bill |= {"total_inclusive": net + tax, "modified_at": now()}
            bill["total_due"] = net + tax - bill["total_paid"]
        return bill

    def change_participant(self, participant_id: int, changes: Row) -> Row:
        """Change a contact, as when a client is renamed; KeyError when none."""
        row = self.participants[participant_id]
        row |= typed(Participant, to_keys("participants", changes))
        row["modified_at"] = now()
        return row

    def line_totals(self, bill_id: int) -> tuple[Decimal, Decimal]:
        """Return net and tax of a bill's lines."""
        lines = self.lines.get(bill_id, [])
        zero = Decimal("0.00")
        net = sum((line["amount_exclusive"] for line in lines), zero)
        return net, sum((line["tax_amount"] for line in lines), zero)

    def _line(self, bill: Row, number: int, values: Row) -> Row:
        given = typed(BillLine, values)
        quantity, price = given.get("quantity"), given.get("unit_price")
        code = given.get("tax_code") or self.firm.tax_codes[0].code
        net = given.get("amount_exclusive")
        if net is None:
            net = cents((quantity or Decimal(1)) * (price or Decimal(0)))
        rates = {row.code: row.percentage for row in self.firm.tax_codes}
        account = given.get("account_number", "4-1100")
        line = dict.fromkeys((field.name for field in fields(BillLine)), None)
        line |= {"bill_id": bill["bill_id"], "line_no": number, "description": ""}
        line |= {"kind": "expense" if account.startswith("6-") else "fee"}
        line |= {"account_number": account, "amount_exclusive": net, "tax_code": code}
        line |= {"tax_amount": cents(net * rates.get(code, Decimal(0)) / 100)}
        line |= {"matter_id": bill["matter_ids"][0], "timekeeper": ""}
        line |= {"service_date": bill["bill_date"], "product_service": ""}
        return line | given | {"modified_at": now()}

    def _matters_of(self, client_id: int) -> tuple[int, ...]:
        """Return the client's first matter; raise ValueError when it has none."""
        for row in self.actions.values():
            if client_id in row["client_ids"]:
                return (row["matter_id"],)
        raise ValueError(f"client {client_id} has no matter")


def to_keys(resource: str, values: Row) -> Row:
    """Return values under the row's names; REST attribute names are taken too."""
    names = {a.name: a.key for a in RESOURCES[resource].attributes.values()}
    names |= {link.name: link.key for link in RESOURCES[resource].links.values()}
    return {names.get(name, name): value for name, value in values.items()}


def _matter(row: Row) -> Row:
    return row | {
        "priority": 0,
        "isDeleted": False,
        "isFavorite": False,
        "overrideBillingStatus": "Active",
        "actionType": 1,
        "relatedActions": (),
    }


def _participant(row: Row) -> Row:
    return row | {"created_at": row["modified_at"], "division_id": 1}


# Rows of the resources that follow from the firm's other data

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
    symbol = {"USD": "$", "GBP": "£", "AUD": "$"}[state.firm.currency]
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


_BUILDERS = {
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
