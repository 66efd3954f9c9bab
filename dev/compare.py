"""Compare both vendors' own records, document by document, to the cent.

The two servers are asked themselves, not the addon: what it believes is a column of
the table, not the measure.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

Row = dict[str, Any]
CENT = Decimal("0.01")


@dataclass(frozen=True)
class Line:
    """One bill on both sides; `faults` says what is wrong, empty when all is well.

    Amounts are Decimal in the bill's currency, None where QuickBooks has no invoice.
    """

    number: str
    client: str
    total: Decimal
    quickbooks_total: Decimal | None
    quickbooks_tax: Decimal | None
    status: str
    faults: tuple[str, ...]


def compare(
    actionstep: dict[str, list[Row]],
    quickbooks: dict[str, list[Row]],
    invoices: list[Row],
    expected_attention: dict[str, str],
) -> list[Line]:
    """Return a line for each bill that should be in QuickBooks.

    :param actionstep: dump of the local Actionstep
    :param quickbooks: dump of the local QuickBooks
    :param invoices: what the addon has: external_id, state, failure_cause, ...
    :param expected_attention: ``{bill id: cause}`` of the bills that must not go
    """
    clients = {p["participant_id"]: p for p in actionstep["participants"]}
    theirs = _by_bill(quickbooks["Invoice"])
    ours = {invoice["external_id"]: invoice for invoice in invoices}
    return [
        _line(
            bill,
            clients.get(bill["client_id"], {}).get("display_name", "-"),
            theirs[str(bill["bill_id"])],
            ours.get(str(bill["bill_id"]), {}),
            expected_attention.get(str(bill["bill_id"])),
        )
        for bill in actionstep["bills"]
        if bill["status"] in ("Open", "Closed")
    ]


def _by_bill(invoices: list[Row]) -> defaultdict[str, list[Row]]:
    """Group the living invoices that carry our marker by the bill they came from."""
    found: defaultdict[str, list[Row]] = defaultdict(list)
    for invoice in invoices:
        words = (invoice.get("PrivateNote") or "").split()
        if words[:2] == ["Actionstep", "bill"] and invoice.get("status") != "Deleted":
            found[words[2]].append(invoice)
    return found


def _line(
    bill: Row, client: str, theirs: list[Row], ours: Row, expected: str | None
) -> Line:
    invoice = theirs[0] if theirs else None
    cause = ours.get("failure_cause") or ""
    state = ours.get("state", "not seen")
    return Line(
        number=str(bill["number"]),
        client=client,
        total=Decimal(str(bill["total_inclusive"])),
        quickbooks_total=_amount(invoice, "TotalAmt"),
        quickbooks_tax=_amount(invoice and invoice.get("TxnTaxDetail"), "TotalTax"),
        status=f"{state}: {cause}" if cause else state,
        faults=tuple(_faults(bill, theirs, state, cause, expected)),
    )


def _faults(
    bill: Row, theirs: list[Row], state: str, cause: str, expected: str | None
) -> list[str]:
    if expected:
        faults = [f"{expected} expected, got {cause or state}"] * (cause != expected)
        return faults + ["must not be in QuickBooks"] * bool(theirs)
    if not theirs:
        return [f"not in QuickBooks ({cause or state})"]
    faults = [f"{len(theirs)} invoices for one bill"] * (len(theirs) > 1)
    faults += [f"state is {state}"] * (state != "pushed")
    pairs = (
        ("total", bill["total_inclusive"], theirs[0].get("TotalAmt")),
        ("tax", bill["total_tax"], _tax(theirs[0])),
    )
    faults += [
        f"{what} {a} / {b}"
        for what, a, b in pairs
        if Decimal(str(a)) != Decimal(str(b or 0))
    ]
    if bill["number"] != theirs[0].get("DocNumber"):
        faults.append(f"number {theirs[0].get('DocNumber')}")
    return faults


def _tax(invoice: Row) -> Any:
    return (invoice.get("TxnTaxDetail") or {}).get("TotalTax")


def _amount(row: Row | None, key: str) -> Decimal | None:
    return None if row is None else Decimal(str(row.get(key) or 0)).quantize(CENT)
