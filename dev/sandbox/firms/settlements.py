"""Receipts and credit notes: cases turned into rows, and what they do to bills."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal

from .bills import FIRST_DATE, Billed, kind_of, worth
from .cases import LINES_MISMATCH
from .charts import Country
from .life_cases import CARD, CHEQUE, EFT, TRUST, Credit, Payment
from .model import (
    Bill,
    CreditApplication,
    CreditNote,
    CreditNoteLine,
    Receipt,
    ReceiptAllocation,
    cents,
)
from .people import People

FIRST_RECEIPT_ID = 500_001
# Bills and credit notes share one row of ids in Actionstep's database, so these
# begin above any bill.
FIRST_CREDIT_ID = 700_001
FIRST_CREDIT_NUMBER = 501
LAST_DAY = date(2026, 11, 20)
POOL_MINIMUM = Decimal(300)  # no case credits more of one bill than this
ZERO = Decimal("0.00")

_EVERYDAY = (
    (CHEQUE, "{n:06d}"),
    (EFT, "EFT {n}"),
    (CARD, "AUTH {n:04d}"),
    (EFT, ""),
    (CHEQUE, "{n:06d}"),
    (EFT, "EFT {n}"),
    (TRUST, "TRUST-{n:06d}"),
    (CARD, ""),
)


@dataclass
class Rows:
    """The documents under the names they have in ``Firm``."""

    bills: list[Bill] = field(default_factory=list)
    receipts: list[Receipt] = field(default_factory=list)
    receipt_allocations: list[ReceiptAllocation] = field(default_factory=list)
    credit_notes: list[CreditNote] = field(default_factory=list)
    credit_note_lines: list[CreditNoteLine] = field(default_factory=list)
    credit_applications: list[CreditApplication] = field(default_factory=list)
    expected_attention_documents: dict[tuple[str, int], str] = field(
        default_factory=dict
    )


def settle(
    country: Country,
    people: People,
    billed: Billed,
    payments: Iterable[Payment] = (),
    credits: Iterable[Credit] = (),
    pool_from: int = 0,
) -> Rows:
    """Return the bills, a receipt for each that is paid, and the given cases.

    Cases take bills from the id ``pool_from`` on. Raises ValueError when no client
    has as many unpaid bills left as a case needs.
    """
    settler = _Settler(country, people, billed, pool_from)
    for bill in billed.bills:
        if bill.total_paid:
            settler.receive(bill)
    for payment in payments:
        settler.pay(payment)
    for credit in credits:
        settler.credit(credit)
    settler.rows.bills = [settler.settled(bill) for bill in billed.bills]
    return settler.rows


class _Settler:
    """Writes rows; ``owed`` is what each bill still owes, by id."""

    def __init__(
        self, country: Country, people: People, billed: Billed, pool_from: int
    ) -> None:
        self.country = country
        self.people = people
        self.bills = {bill.bill_id: bill for bill in billed.bills}
        self.owed = {bill.bill_id: bill.total_inclusive for bill in billed.bills}
        self.lines = defaultdict(list)
        for line in billed.lines:
            self.lines[line.bill_id].append(line)
        self.pool: dict[int, deque[Bill]] = defaultdict(deque)
        for bill in billed.bills:
            if bill.bill_id >= pool_from and _is_free(bill):
                self.pool[bill.client_id].append(bill)
        self.turn = deque(self.pool)
        self.taken: list[Bill] = []
        self.rows = Rows()

    def settled(self, bill: Bill) -> Bill:
        """Return the bill with what is paid of it; Closed when nothing is owed."""
        owed = self.owed[bill.bill_id]
        paid = bill.total_inclusive - owed
        closed = paid and not owed
        status = "Closed" if closed else bill.status
        return replace(bill, total_paid=paid, total_due=owed, status=status)

    # Receipts

    def receive(self, bill: Bill) -> None:
        """Write the receipt for what a bill's header says is paid."""
        number = len(self.rows.receipts) + 1
        method, reference = _EVERYDAY[number % len(_EVERYDAY)]
        share = str(bill.total_paid / bill.total_inclusive)
        everyday = Payment(
            "everyday",
            (share,),
            method=method,
            reference=reference.format(n=number + 1200),
            from_trust=method == TRUST,
            memo=f"Payment of {bill.number}" if number % 3 else "",
        )
        self.taken = [bill]
        self._receipt(everyday)

    def pay(self, case: Payment) -> None:
        """Write the receipt of a case."""
        self._take(len(case.shares), case.again)
        self._receipt(case)

    def _receipt(self, case: Payment) -> None:
        receipt_id = FIRST_RECEIPT_ID + len(self.rows.receipts)
        day = case.received_on or self._day(12, receipt_id)
        allocations = [
            ReceiptAllocation(
                receipt_id,
                bill.bill_id,
                cents(self.owed[bill.bill_id] * Decimal(share)),
            )
            for bill, share in zip(self.taken, case.shares, strict=False)
        ]
        self.rows.receipt_allocations += allocations
        client_id, matter_id = self._whose(bool(case.shares))
        self.rows.receipts.append(
            Receipt(
                receipt_id=receipt_id,
                client_id=client_id,
                matter_id=matter_id,
                received_on=day,
                amount=sum((a.amount for a in allocations), Decimal(case.extra)),
                currency=self.country.currency,
                method=case.method,
                reference=case.reference,
                memo=case.memo,
                deposit_account_number=case.account,
                from_trust=case.from_trust,
                modified_at=_moment(day, receipt_id, case.deleted),
                deleted_at=_moment(day, receipt_id, True) if case.deleted else None,
            )
        )
        self._book("receipt", receipt_id, case, allocations)

    # Credit notes

    def credit(self, case: Credit) -> None:
        """Write the credit note of a case."""
        self._take(max(len(case.applied), not case.loose), case.again)
        credit_id = FIRST_CREDIT_ID + len(self.rows.credit_notes)
        lines = self._credit_lines(credit_id, case)
        note = self._note(credit_id, case, lines)
        applications = [
            CreditApplication(
                credit_id,
                bill.bill_id,
                min(note.credit_date + timedelta(days=3), LAST_DAY),
                cents(note.total_inclusive * Decimal(share)),
            )
            for bill, share in zip(self.taken, case.applied, strict=False)
        ]
        if case.attention == LINES_MISMATCH:
            lines.pop()
        self.rows.credit_notes.append(note)
        self.rows.credit_note_lines += lines
        self.rows.credit_applications += applications
        self._book("credit_note", credit_id, case, applications)

    def _note(
        self, credit_id: int, case: Credit, lines: list[CreditNoteLine]
    ) -> CreditNote:
        net = sum((line.amount_exclusive for line in lines), ZERO)
        tax = sum((line.tax_amount for line in lines), ZERO)
        day = case.credit_date or self._day(8, credit_id)
        client_id, matter_id = self._whose(not case.loose)
        index = credit_id - FIRST_CREDIT_ID
        return CreditNote(
            credit_id=credit_id,
            number=case.number or f"{case.prefix}{FIRST_CREDIT_NUMBER + index}",
            bill_id=None if case.loose else self.taken[0].bill_id,
            client_id=client_id,
            matter_id=matter_id,
            credit_date=day,
            currency=self.country.currency,
            total_exclusive=net,
            total_tax=tax,
            total_inclusive=net + tax,
            reason=case.reason,
            modified_at=_moment(day, credit_id, case.deleted),
            deleted_at=_moment(day, credit_id, True) if case.deleted else None,
        )

    def _credit_lines(self, credit_id: int, case: Credit) -> list[CreditNoteLine]:
        """Return the lines of a case, or those of its bill when it has none."""
        if case.lines:
            found = [
                (row.account, row.description, *worth(self.country, row))
                for row in case.lines
            ]
        else:
            found = [
                (
                    line.account_number,
                    line.description,
                    line.amount_exclusive,
                    line.tax_code,
                    line.tax_amount,
                )
                for line in self.lines[self.taken[0].bill_id]
            ]
        return [
            CreditNoteLine(credit_id, number, kind_of(row[0]), *row)
            for number, row in enumerate(found, 1)
        ]

    # Both

    def _take(self, count: int, again: bool) -> None:
        """Take free bills of one client, the next in turn that has as many left."""
        if again:
            return
        for _turn in range(len(self.turn)):
            self.turn.rotate(-1)
            free = self.pool[self.turn[0]]
            if len(free) >= count:
                self.taken = [free.popleft() for _bill in range(count)]
                return
        raise ValueError(f"no client has {count} bills left for a case")

    def _whose(self, billed: bool) -> tuple[int, int]:
        """Return client and matter of the taken bills, or of the client in turn."""
        if billed:
            return self.taken[0].client_id, self.taken[0].matter_ids[0]
        return self.turn[0], self.people.matters_of[self.turn[0]][0]

    def _day(self, after: int, number: int) -> date:
        """Return a day some time after the taken bills."""
        first = max((bill.bill_date for bill in self.taken), default=FIRST_DATE)
        return min(first + timedelta(days=after + number % 9), LAST_DAY)

    def _book(
        self,
        kind: str,
        document_id: int,
        case: Payment | Credit,
        parts: Iterable[ReceiptAllocation | CreditApplication],
    ) -> None:
        """Let a document settle its bills, unless it is deleted."""
        if case.attention:
            self.rows.expected_attention_documents[kind, document_id] = case.attention
        for part in () if case.deleted else parts:
            self.owed[part.bill_id] -= part.amount


def _is_free(bill: Bill) -> bool:
    large = bill.total_inclusive >= POOL_MINIMUM
    return bill.status == "Open" and not bill.total_paid and large


def _moment(day: date, number: int, later: bool) -> datetime:
    """Return when a document of a day was entered, or with ``later`` deleted."""
    hour = 22 if later else 18
    at = datetime.combine(max(day, FIRST_DATE), time(hour), tzinfo=timezone.utc)
    return at + timedelta(seconds=number % 3600)
