"""Journal entries."""

from __future__ import annotations

from ..company import Call, Object, as_decimal
from ..faults import Fault, business, missing, negative
from . import applications
from .base import resolve, today
from .names import currency_reference
from .transaction import JOURNAL_NUMBERS, ZERO, Transaction, named

DETAIL = "JournalEntryLineDetail"
# Account type -> kind of the name such a line needs, and what QBO says (observed for
# A/R).
NAME_NEEDED = {
    "Accounts Receivable": ("Customer", "customer"),
    "Accounts Payable": ("Vendor", "vendor"),
}


class JournalEntry(Transaction):
    """Debits and credits of the same sum."""

    entity = "JournalEntry"
    series = JOURNAL_NUMBERS

    def build(
        self, call: Call, values: Object, current: Object | None, given: Object
    ) -> Object:
        """Return the entry with its lines checked; its total is always zero."""
        obj = {"Adjustment": False, **values}
        obj.setdefault("TxnDate", today())
        self.check_open(call, obj["TxnDate"], (current or {}).get("TxnDate"))
        if call.company.multicurrency and "CurrencyRef" not in obj:
            raise missing("CurrencyRef")
        obj["CurrencyRef"] = currency_reference(call, obj.get("CurrencyRef"))
        self.settle_rate(call, obj)
        if current is not None and "Line" in given:
            self.check_settled(call, current)
        obj["Line"] = journal_lines(call, obj.get("Line", []))
        obj |= {"TotalAmt": 0, "TxnTaxDetail": obj.get("TxnTaxDetail", {})}
        if call.company.multicurrency:
            obj["HomeTotalAmt"] = 0
        return obj

    def check_settled(self, call: Call, current: Object) -> None:
        """Raise Fault 6000 when payments are linked, unless the switch unlinks them."""
        linked = call.company.links.payments((self.entity, current["Id"]))
        unlinks = call.switches["remove_paid_invoice"] == "unlink"
        if linked and not unlinks and not call.person:
            raise business(
                "Payments or credits are linked to this journal entry. Unlink them "
                "before it is changed."
            )

    def check_removal(self, call: Call, current: Object) -> None:
        """Neither closed books nor settled entries are changed."""
        super().check_removal(call, current)
        self.check_settled(call, current)

    def remember(self, call: Call, obj: Object | None, current: Object | None) -> None:
        """Carry A/R lines over to the customers; take back what no longer fits."""
        company = call.company
        if current is not None:
            lines = (obj or {}).get("Line")
            if lines != current["Line"]:
                applications.release(call, (self.entity, current["Id"]))
        for entry, sign in ((current, -1), (obj, 1)):
            if entry is not None:
                customer_id, amount = applications.receivable(company, entry)
                company.change_balance(customer_id, sign * amount)


def journal_lines(call: Call, rows: list[Object]) -> list[Object]:
    """Return the lines, numbered from 0 (recorded); raise Fault for wrong ones."""
    kept = [row for row in rows if row.get("DetailType") != "DescriptionOnly"]
    if len(kept) < 2:
        raise business("Fill out at least two detail lines to continue.")
    sums = {"Debit": ZERO, "Credit": ZERO}
    lines = [_line(call, row, number) for number, row in enumerate(kept)]
    for line in lines:
        sums[line[DETAIL]["PostingType"]] += line["Amount"]
    if sums["Debit"] != sums["Credit"]:
        detail = (
            f"Total debits {sums['Debit']} are not equal to total credits "
            f"{sums['Credit']}."
        )
        raise Fault("2300", detail, "Line")
    _check_receivables(call, lines)
    return lines


def _line(call: Call, row: Object, number: int) -> Object:
    detail = row.get(DETAIL) or {}
    if row.get("DetailType") not in (None, DETAIL):
        kind = row["DetailType"]
        raise Fault("2170", f"Invalid Enumeration : {kind}", "Line.DetailType")
    if "PostingType" not in detail:
        detail_text = "A posting type is required. Valid values are Credit or Debit."
        raise Fault("2260", detail_text, "PostingType")
    if "AccountRef" not in detail:
        raise missing("AccountRef")
    if "Amount" not in row:
        raise missing("Line.Amount")
    if row["Amount"] < 0:
        raise negative("Line.Amount")
    line = {"Id": str(row.get("Id", number)), "DetailType": DETAIL}
    line |= {name: row[name] for name in ("Description",) if name in row}
    return {**line, "Amount": row["Amount"], DETAIL: _detail(call, detail)}


def _detail(call: Call, given: Object) -> Object:
    detail = {"PostingType": given["PostingType"]}
    detail["AccountRef"] = named(call, "Account", given["AccountRef"], "AccountRef")
    account = call.get("Account", detail["AccountRef"]["value"]) or {}
    needed, word = NAME_NEEDED.get(account["AccountType"], ("", ""))
    entity = given.get("Entity") or {}
    named_one = entity.get("EntityRef")
    if needed and (entity.get("Type") != needed or not named_one):
        raise business(
            f"When you use {account['AccountType']}, you must choose a {word} in the "
            "Name field."
        )
    if named_one:
        found = resolve(call, entity.get("Type") or "Customer", named_one, "Entity")
        reference = {"value": found["Id"], "name": found["DisplayName"]}
        detail["Entity"] = {"Type": entity.get("Type"), "EntityRef": reference}
    for name, kind in (("ClassRef", "Class"), ("DepartmentRef", "Department")):
        if name in given:
            detail[name] = named(call, kind, given[name], name)
    return {**detail, **_tax(call, given)}


def _tax(call: Call, given: Object) -> Object:
    """Return the tax of a line: with a code, both where it goes and how much."""
    if "TaxCodeRef" not in given:
        return {}
    if "TaxApplicableOn" not in given:
        raise Fault("2270", "TaxApplicableOn is required.", "TaxApplicableOn")
    if "TaxAmount" not in given:
        text = "A tax amount is required with TaxCodeRef applied."
        raise Fault("2280", text, "TaxAmount")
    code = resolve(call, "TaxCode", given["TaxCodeRef"], "TaxCodeRef")
    tax = {"TaxCodeRef": {"value": code["Id"]}}
    tax["TaxApplicableOn"] = given["TaxApplicableOn"]
    return {**tax, "TaxAmount": as_decimal(given["TaxAmount"])}


def _check_receivables(call: Call, lines: list[Object]) -> None:
    """Refuse more than one A/R or A/P line, by the switch."""
    if call.switches["journal_one_receivable"] == "off":
        return
    accounts = (
        call.get("Account", line[DETAIL]["AccountRef"]["value"]) for line in lines
    )
    used = [row for row in accounts if row and row["AccountType"] in NAME_NEEDED]
    if len(used) > 1:
        raise business("You can have only one A/R or A/P account in a journal entry.")
