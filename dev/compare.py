"""Compare both vendors' own records, document by document, to the cent.

The two servers are asked themselves, not the addon: what it believes is a column of
the table, not the measure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from decimal import Decimal

from .facts import (
    APPLICATION,
    BILL,
    CREDIT_NOTE,
    RECEIPT,
    TAKEN_BACK,
    WAITS,
    ZERO,
    Actionstep,
    Dump,
    Facts,
    Key,
    QuickBooks,
    Row,
    money,
)

CUSTOMER = "customer"
# What the addon may call a document, by why it does not belong into QuickBooks; all
# others need a person. What was never seen before it was taken back has no state.
STATES = {
    "": ("pushed",),
    TAKEN_BACK: ("", "withdrawn", "skipped"),
    WAITS: ("waiting", "attention"),
}
NEEDS_PERSON = ("attention",)


@dataclass(frozen=True)
class Line:
    """One document on both sides; `faults` says what is wrong, empty when all is well.

    ``reason`` says why it does not belong into QuickBooks: it was taken back, or the
    cause for which it must need attention; empty for what belongs there.
    ``actionstep`` is what must stand in QuickBooks, ``quickbooks`` what does.
    """

    kind: str
    title: str
    client: str
    reason: str
    actionstep: Facts
    quickbooks: Facts | None
    state: str = ""
    cause: str = ""
    sentence: str = ""
    faults: tuple[str, ...] = ()

    @property
    def needs_attention(self) -> bool:
        """Tell whether it is not in QuickBooks because something is in its way."""
        return self.state == "attention" or self.reason not in ("", TAKEN_BACK)


@dataclass(frozen=True)
class Comparison:
    """Every document and every customer of both sides."""

    documents: list[Line] = field(default_factory=list)
    customers: list[Line] = field(default_factory=list)

    def of(self, kind: str) -> list[Line]:
        """Return the lines of a kind."""
        return [line for line in self._lines() if line.kind == kind]

    def living(self) -> list[Line]:
        """Return the documents that Actionstep has now."""
        return [line for line in self.documents if line.reason != TAKEN_BACK]

    def faults(self) -> list[tuple[Line, str]]:
        """Return everything that is wrong, with its line."""
        return [(line, fault) for line in self._lines() for fault in line.faults]

    def _lines(self) -> list[Line]:
        return [*self.documents, *self.customers]


def compare(
    actionstep: Dump,
    quickbooks: Dump,
    records: Mapping[Key, Row],
    causes: Mapping[Key, str],
) -> Comparison:
    """Return what both sides have, side by side.

    :param actionstep: dump of the local Actionstep
    :param quickbooks: dump of the local QuickBooks
    :param records: what the addon has: state, failure_cause, failure_message
    :param causes: the documents that must need a person, and why
    """
    ours = Actionstep(actionstep, causes)
    theirs = QuickBooks(quickbooks, ours.names)
    wanted = ours.facts()
    documents = [
        _line(key, facts, ours, theirs, records.get(key, {}))
        for key, facts in wanted.items()
    ]
    documents += _left_over(theirs, wanted)
    documents += _left_in_odoo(records, wanted)
    return Comparison(documents, list(_customers(ours, theirs, wanted)))


# --- Documents ------------------------------------------------------------------------


def _line(
    key: Key, facts: Facts, ours: Actionstep, theirs: QuickBooks, record: Row
) -> Line:
    kind = key[0]
    found = [theirs.facts(kind, row) for row in theirs.objects.get(key, ())]
    reason = ours.reasons[key]
    state, cause = record.get("state") or "", record.get("failure_cause") or ""
    faults = [
        *_found_faults(facts, found, reason),
        *_state_faults(reason, state, cause),
    ]
    return Line(
        kind=kind,
        title=ours.titles[key],
        client=ours.names.get(facts.client, "-"),
        reason=reason,
        actionstep=facts,
        quickbooks=found[0] if found else None,
        state=state,
        cause=cause,
        sentence=record.get("failure_message") or "",
        faults=tuple(faults),
    )


def _found_faults(facts: Facts, found: list[Facts], reason: str) -> Iterator[str]:
    """Yield what is wrong with the objects of a document in QuickBooks."""
    if reason:
        if found:
            yield f"stands in QuickBooks ({reason})"
    elif not found:
        yield "not in QuickBooks"
    else:
        if len(found) > 1:
            yield f"{len(found)} times in QuickBooks"
        yield from differences(facts, found[0])


def _state_faults(reason: str, state: str, cause: str) -> Iterator[str]:
    """Yield where the addon says something else of a document than it should."""
    if state not in STATES.get(reason, NEEDS_PERSON):
        yield f"is {state or 'unknown'} {cause}".strip() + " in Odoo"
    elif reason not in ("", TAKEN_BACK, cause):
        yield f"{reason} expected, got {cause or state}"


def differences(ours: Facts, theirs: Facts) -> Iterator[str]:
    """Yield what differs, as ``total 20.00 / 19.99``: Actionstep, then QuickBooks."""
    for name in (one.name for one in fields(Facts)):
        a, b = getattr(ours, name), getattr(theirs, name)
        if a != b:
            yield f"{name} {_text(a)} / {_text(b)}"


def _text(value: str | Decimal | tuple[str, ...]) -> str:
    if isinstance(value, tuple):
        return "; ".join(value) or "none"
    return f"{value:,.2f}" if isinstance(value, Decimal) else value or "none"


def _left_over(theirs: QuickBooks, wanted: Mapping[Key, Facts]) -> Iterator[Line]:
    """Yield what carries our marker for a document that Actionstep does not have."""
    for (kind, key), rows in theirs.objects.items():
        for row in rows if (kind, key) not in wanted else ():
            yield Line(
                kind=kind,
                title=f"{row.get('DocNumber') or row['Id']} ({key})",
                client=theirs.client(row),
                reason=TAKEN_BACK,
                actionstep=Facts(),
                quickbooks=Facts(total=money(row.get("TotalAmt"))),
                faults=("left over: no such document in Actionstep",),
            )


def _left_in_odoo(
    records: Mapping[Key, Row], wanted: Mapping[Key, Facts]
) -> Iterator[Line]:
    """Yield what the addon still works on although Actionstep does not have it."""
    for key, record in records.items():
        state, cause = record.get("state") or "", record.get("failure_cause") or ""
        faults = () if key in wanted else tuple(_state_faults(TAKEN_BACK, state, cause))
        if faults:
            kind, title = key
            yield Line(kind, title, "-", TAKEN_BACK, Facts(), None, faults=faults)


# --- Customers ------------------------------------------------------------------------


def _customers(
    ours: Actionstep, theirs: QuickBooks, wanted: Mapping[Key, Facts]
) -> Iterator[Line]:
    """Yield what each client owes in all, beside the customer's balance."""
    owed = theirs.foreign_balances()
    for key, facts in wanted.items():
        if not ours.reasons[key]:
            owed[facts.client] += _SIGNS[key[0]] * facts.balance
    for client in dict.fromkeys([*owed, *theirs.customers]):
        customers = theirs.customers.get(client, [])
        if client in ours.names or customers:
            yield _customer(client, ours.names, owed[client], customers)


# A bill raises what a client owes, money and credit that is not used lowers it.
_SIGNS = {BILL: 1, RECEIPT: -1, CREDIT_NOTE: -1, APPLICATION: 0}


def _customer(
    client: str, names: Mapping[str, str], owed: Decimal, customers: Iterable[Row]
) -> Line:
    expected = Facts(client=client, balance=owed)
    found = [Facts(client=client, balance=money(row["Balance"])) for row in customers]
    faults = [*_found_faults(expected, found, "")]
    if client not in names:
        faults.append("no such client in Actionstep")
    return Line(
        kind=CUSTOMER,
        title=names.get(client, client),
        client=client,
        reason="",
        actionstep=expected,
        quickbooks=found[0] if found else None,
        faults=tuple(faults),
    )


def total(lines: Iterable[Facts | None], name: str) -> Decimal:
    """Return the sum of an amount of the facts that there are."""
    return sum((getattr(one, name) for one in lines if one is not None), ZERO)
