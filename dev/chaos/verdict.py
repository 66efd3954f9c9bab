"""What is left of it all: both sides compared, and what is wrong counted."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from ..compare import Comparison, Line
from ..facts import QuickBooks, Row
from ..sandbox.common import LogEntry

MARKER = re.compile(r"Actionstep [a-z ]+ \S+ .*\)")


@dataclass
class Verdict:
    """How many documents there are, and how many of them are not right."""

    documents: int = 0
    missing: int = 0
    duplicates: int = 0
    wrong: int = 0
    lines: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        """Tell whether everything is right."""
        return not (self.missing or self.duplicates or self.wrong)

    def add(
        self, country: str, comparison: Comparison, dump: Row, traces: list[str]
    ) -> None:
        """Count one firm; ``traces`` tell how its duplicates came about."""
        self.documents += len(comparison.living())
        self.duplicates += count_duplicates(dump)
        for line in dict.fromkeys(line for line, _fault in comparison.faults()):
            self.judge(line)
            faults = "; ".join(line.faults)
            self.lines.append(f"{country} {line.kind} {line.title}: {faults}")
        self.lines += traces

    def judge(self, line: Line) -> None:
        """Count a line with faults as missing or wrong; duplicates are counted above.

        What needs a person is missing, too: nobody was given a reason to.
        """
        if not line.reason and (line.quickbooks is None or line.needs_attention):
            self.missing += 1
        else:
            self.wrong += 1


def trace(dump: Row, log: Iterable[LogEntry], since: datetime) -> list[str]:
    """Return when each document that is there twice was sent, and with what request.

    :param log: the requests to QuickBooks; status 0 is one whose connection was cut
    :param since: the moment from which seconds are counted
    """
    markers = {
        MARKER.search(row["PrivateNote"]).group()
        for rows in QuickBooks(dump, {}).objects.values()
        for row in rows[1:]
    }
    lines = []
    for entry in log:
        for marker in markers:
            if marker.encode() in entry.body:
                seconds = (datetime.fromisoformat(entry.at) - since).total_seconds()
                lines.append(
                    f"{marker}: sent at {seconds:.1f} s, "
                    f"{entry.query}, status {entry.status}"
                )
    return sorted(lines)


def count_duplicates(dump: Row) -> int:
    """Return how many objects of QuickBooks are there beside one of the same marker."""
    books = QuickBooks(dump, {})
    groups: Iterable[list[Row]] = (*books.objects.values(), *books.customers.values())
    return sum(len(rows) - 1 for rows in groups)
