"""What the demo prints of a comparison: what needs a person, sums, every document."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from decimal import Decimal

from .compare import CUSTOMER, Comparison, Line, total
from .facts import APPLICATION, BILL, CREDIT_NOTE, RECEIPT, TAKEN_BACK

WIDTH = 96
NAMES = {
    BILL: "Bill",
    RECEIPT: "Payment",
    CREDIT_NOTE: "Credit note",
    APPLICATION: "Credit use",
    CUSTOMER: "Customer",
}
AMOUNTS = ("total", "tax", "balance")


def print_attention(comparison: Comparison) -> None:
    """Print each document that needs attention, with its sentence."""
    lines = [line for line in comparison.documents if line.needs_attention]
    print(f"\nNeeds attention ({len(lines)}):")
    for line in lines:
        name = NAMES.get(line.kind, line.kind)
        print(f"  {name} {line.title}: {line.cause or line.state}")
        for text in textwrap.wrap(line.sentence, WIDTH - 6):
            print(f"      {text}")


def print_summary(comparison: Comparison) -> None:
    """Print counts and sums by kind.

    Sums are of what belongs into QuickBooks; what settles a bill and needs attention is
    still owed there.
    """
    columns = [_column(comparison.of(kind)) for kind in NAMES]
    print("\n" + _row("", [f"{name}s" for name in NAMES.values()]))
    for label in columns[0]:
        print(_row(label, [column[label] for column in columns]))


def _column(lines: Sequence[Line]) -> dict[str, str]:
    """Return the cells of a kind by their label."""
    living = [line for line in lines if line.reason != TAKEN_BACK]
    wanted = [line.actionstep for line in living if not line.reason]
    found = [line.quickbooks for line in lines]
    cells = {
        "Documents in Actionstep": len(living),
        "  of these need attention": sum(line.needs_attention for line in living),
        "Deleted or drafts again": len(lines) - len(living),
        "In QuickBooks": sum(facts is not None for facts in found),
    }
    for name in AMOUNTS:
        title = name.capitalize()
        cells[f"{title} in Actionstep"] = total(wanted, name)
        cells[f"{title} in QuickBooks"] = total(found, name)
    return {label: _cell(value) for label, value in cells.items()}


def _cell(value: int | Decimal) -> str:
    return f"{value:,.2f}" if isinstance(value, Decimal) else str(value)


def _row(label: str, cells: Sequence[str]) -> str:
    return f"{label:<26}" + "".join(f"{cell:>14}" for cell in cells)


def print_documents(comparison: Comparison) -> None:
    """Print a row per document and customer: amounts of both sides, and its state."""
    row = "{:<14} {:<26} {:<24} {:>12} {:>12} {:>10} {:>12} {:>12}  {}"
    titles = ("Total", "QuickBooks", "Tax", "Balance", "QuickBooks", "State")
    print("\n" + row.format("", "Number", "Client", *titles))
    for line in [*comparison.documents, *comparison.customers]:
        ours, theirs = line.actionstep, line.quickbooks
        amounts = (
            (ours, "total"),
            (theirs, "total"),
            (theirs, "tax"),
            (ours, "balance"),
            (theirs, "balance"),
        )
        print(
            row.format(
                NAMES.get(line.kind, line.kind)[:14],
                _cut(line.title, 26),
                _cut(line.client, 24),
                *("-" if one is None else _cell(getattr(one, n)) for one, n in amounts),
                " ".join(filter(None, (line.state or line.reason, line.cause))),
            )
        )


def _cut(text: str, width: int) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= width else flat[: width - 1] + "…"
