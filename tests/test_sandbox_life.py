"""The firm ``life`` and what the local Actionstep lets its people do."""

from __future__ import annotations

import os
from collections import Counter
from contextlib import closing
from datetime import datetime, timezone
from decimal import Decimal

import psycopg2
from psycopg2.extras import RealDictCursor

from odoo.tests import BaseCase, tagged

from ..dev.sandbox import firms
from ..dev.sandbox.actionstep.reporting import ReportingDatabase
from ..dev.setup.postgres import postgres
from .test_sandbox_actionstep import COUNTRIES, ServerCase

LIVE = ("Open", "Closed")
ZERO = Decimal("0.00")


def settled(parts, documents, key):
    """Return what living documents settle, by bill."""
    living = {row[key] for row in documents if not row["deleted_at"]}
    found = Counter()
    for part in parts:
        if part[key] in living:
            found[part["bill_id"]] += part["amount"]
    return found


def as_dicts(records):
    """Return dataclass instances as dicts."""
    return [
        {name: getattr(record, name) for name in record.__dataclass_fields__}
        for record in records
    ]


@tagged("-at_install", "post_install")
class TestLifeFirm(BaseCase):
    """What the seed promises about receipts and credit notes."""

    @classmethod
    def setUpClass(cls):
        """Build the firm of each country once."""
        super().setUpClass()
        cls.firms = {country: firms.build(country, "life") for country in COUNTRIES}

    def test_same_country_gives_an_equal_firm(self):
        """Nothing random and no clock."""
        for firm in self.firms.values():
            self.assertEqual(firm, firms.build(firm.country, "life"))

    def test_there_are_at_least_three_hundred_documents(self):
        """Bills to be pushed, living receipts and living credit notes."""
        for firm in self.firms.values():
            documents = [*firm.receipts, *firm.credit_notes]
            living = [row for row in documents if not row.deleted_at]
            bills = [bill for bill in firm.bills if bill.status in LIVE]
            self.assertGreaterEqual(len(bills) + len(living), 300)

    def test_it_begins_with_the_demo(self):
        """Its bills, lines, clients and what needs attention."""
        for firm in self.firms.values():
            demo = firms.build(firm.country)
            self.assertEqual(firm.bills[: len(demo.bills)], demo.bills)
            self.assertEqual(firm.bill_lines[: len(demo.bill_lines)], demo.bill_lines)
            self.assertEqual(firm.participants, demo.participants)
            self.assertEqual(firm.expected_attention, demo.expected_attention)
            self.assertEqual(demo.receipts, [])
            self.assertEqual(demo.credit_notes, [])

    def test_headers_agree_with_allocations_and_applications(self):
        """To the cent; a bill is Closed exactly when nothing is owed."""
        for firm in self.firms.values():
            receipts = as_dicts(firm.receipts)
            credits = as_dicts(firm.credit_notes)
            paid = settled(as_dicts(firm.receipt_allocations), receipts, "receipt_id")
            paid += settled(as_dicts(firm.credit_applications), credits, "credit_id")
            for bill in firm.bills:
                self.assertEqual(bill.total_paid, paid[bill.bill_id])
                self.assertEqual(bill.total_due, bill.total_inclusive - bill.total_paid)
                self.assertGreaterEqual(bill.total_due, 0)
                if bill.status in LIVE:
                    self.assertEqual(bill.status == "Closed", not bill.total_due)
                else:
                    self.assertEqual(bill.total_paid, 0)

    def test_parts_name_documents_of_the_same_client(self):
        """Nothing is allocated beyond the receipt, or applied beyond the credit."""
        for firm in self.firms.values():
            bills = {bill.bill_id: bill for bill in firm.bills}
            for documents, parts, key, total in (
                (firm.receipts, firm.receipt_allocations, "receipt_id", "amount"),
                (
                    firm.credit_notes,
                    firm.credit_applications,
                    "credit_id",
                    "total_inclusive",
                ),
            ):
                rest = {getattr(row, key): getattr(row, total) for row in documents}
                owner = {getattr(row, key): row.client_id for row in documents}
                for part in parts:
                    rest[getattr(part, key)] -= part.amount
                    client_id = bills[part.bill_id].client_id
                    self.assertEqual(owner[getattr(part, key)], client_id)
                self.assertGreaterEqual(min(rest.values()), 0)
                self.assertGreater(max(rest.values()), 0)

    def test_receipts_of_every_kind_are_there(self):
        """Methods, references, deposit accounts, trust, several bills, none."""
        for firm in self.firms.values():
            receipts = firm.receipts
            parts = Counter(row.receipt_id for row in firm.receipt_allocations)
            methods = {row.method for row in receipts}
            self.assertLessEqual({"Cheque", "EFT", "Credit Card", "Trust"}, methods)
            self.assertLessEqual({0, 1, 2, 3}, {parts[r.receipt_id] for r in receipts})
            lengths = {len(row.reference) for row in receipts}
            self.assertIn(21, lengths)
            self.assertGreater(max(lengths), 21)
            accounts = {row.deposit_account_number for row in receipts}
            self.assertEqual(accounts, {"1-1110", "1-1120", "1-1130", ""})
            self.assertNotIn("1-1130", firm.mapping.accounts)
            self.assertEqual({row.from_trust for row in receipts}, {True, False})
            self.assertTrue(any(len(row.memo) > 4000 for row in receipts))
            self.assertTrue(any(ord(c) > 0xFFFF for r in receipts for c in r.memo))
            self.assertTrue(any(row.deleted_at for row in receipts))
            twins = Counter((r.client_id, r.received_on, r.amount) for r in receipts)
            self.assertEqual(max(twins.values()), 2)

    def test_credit_notes_of_every_kind_are_there(self):
        """Full, part, unapplied, to two bills, write-offs, long numbers."""
        for firm in self.firms.values():
            notes = firm.credit_notes
            self.assertEqual({note.number[:3] for note in notes}, {"CR-", "WO-"})
            parts = Counter(row.credit_id for row in firm.credit_applications)
            self.assertLessEqual({0, 1, 2}, {parts[note.credit_id] for note in notes})
            lengths = {len(note.number) for note in notes}
            self.assertIn(21, lengths)
            self.assertGreater(max(lengths), 21)
            bills = {bill.bill_id: bill.total_inclusive for bill in firm.bills}
            full = {n.total_inclusive == bills.get(n.bill_id) for n in notes}
            self.assertEqual(full, {True, False})
            self.assertTrue(any(note.bill_id is None for note in notes))
            codes = {(line.credit_id, line.tax_code) for line in firm.credit_note_lines}
            several = max(Counter(key for key, _code in codes).values())
            self.assertGreaterEqual(several, 2)
            numbers = {note.number for note in notes}
            self.assertEqual(len(numbers), len(notes))
            self.assertFalse(numbers & {bill.number for bill in firm.bills})

    def test_each_cause_of_attention_is_really_there_and_nowhere_else(self):
        """A document is in trouble exactly when the firm says so."""
        for firm in self.firms.values():
            found = {}
            for row in firm.receipts:
                if row.received_on <= firm.closed_books:
                    found["receipt", row.receipt_id] = "closed_period"
                account = row.deposit_account_number
                if account and account not in firm.mapping.accounts:
                    found["receipt", row.receipt_id] = "deposit_account_unmapped"
            for note in firm.credit_notes:
                for cause in self._causes(firm, note):
                    self.assertNotIn(("credit_note", note.credit_id), found)
                    found["credit_note", note.credit_id] = cause
            self.assertEqual(found, firm.expected_attention_documents)

    def _causes(self, firm, note):
        lines = [x for x in firm.credit_note_lines if x.credit_id == note.credit_id]
        if any(line.account_number not in firm.mapping.items for line in lines):
            yield "account_unmapped"
        if any(line.tax_code not in firm.mapping.taxes for line in lines):
            yield "tax_unmapped"
        if len(note.number) > 21:
            yield "number_too_long"
        if note.credit_date <= firm.closed_books:
            yield "closed_period"
        net = sum(line.amount_exclusive for line in lines)
        tax = sum(line.tax_amount for line in lines)
        if (net, tax) != (note.total_exclusive, note.total_tax):
            yield "lines_mismatch"

    def test_other_sizes_have_receipts_when_asked(self):
        """One for each bill that is paid, which changes no header."""
        for size in ("small", "demo", "300"):
            firm = firms.build("US", size, with_payments=True)
            self.assertEqual(firm.bills, firms.build("US", size).bills)
            paid = {b.bill_id: b.total_paid for b in firm.bills if b.total_paid}
            parts = {a.bill_id: a.amount for a in firm.receipt_allocations}
            self.assertEqual(parts, paid)
            self.assertEqual(len(firm.receipts), len(paid))


class LifeCase(ServerCase):
    """A server of the firm ``life``, with its reporting database."""

    firm = firms.build("US", "life")

    @classmethod
    def _reporting(cls, stack):
        server = stack.enter_context(postgres())
        database = ReportingDatabase(server, f"actionstep_life_{os.getpid()}")
        database.create()
        stack.callback(database.drop)
        return database

    def view(self, name, where="true", *values):
        """Return rows of a contract view, read as a firm's reader does."""
        with closing(psycopg2.connect(self.keys["reporting_dsn"])) as link:
            # Odoo makes psycopg2 read numeric as float, everywhere in the process.
            psycopg2.extensions.register_type(psycopg2.extensions.DECIMAL, link)
            with link.cursor(cursor_factory=RealDictCursor) as cursor:
                cursor.execute(f"SELECT * FROM actionstep.{name} WHERE {where}", values)
                return [dict(row) for row in cursor]

    def one(self, name, key, value):
        """Return the one row of a view with an id."""
        [row] = self.view(name, f"{key} = %s", str(value))
        return row

    def header(self, bill_id):
        """Return a bill as REST shows it, with plain money."""
        for page in (1, 2):
            for row in self.rows("bills", pageSize=200, page=page):
                if row["id"] == bill_id:
                    names = ("totalPaid", "totalDue")
                    return row | {name: Decimal(str(row[name])) for name in names}
        return None

    def open_bill(self, nth=0):
        """Return the nth bill of the seed on which nothing has happened."""
        return self.sandbox.state.bills[self.sandbox.life.free[nth]]


@tagged("-at_install", "post_install")
class TestReceipts(LifeCase):
    """Receipts through the admin door: header at once, views by the load."""

    def pay(self, bill, allocated=None, **over):
        """Receive for one bill; all it owes unless told otherwise."""
        part = {"bill_id": bill["bill_id"], "amount": allocated}
        values = {"client_id": bill["client_id"], "allocations": [part]}
        return self.admin("POST", "receipts", **values | over)

    def test_views_hold_the_receipts_of_the_seed(self):
        """Every column, as the contract names and types it."""
        rows = self.view("receipt")
        self.assertEqual(len(rows), len(self.firm.receipts))
        by_id = {row["receipt_id"]: row for row in rows}
        for receipt in as_dicts(self.firm.receipts):
            row = by_id[str(receipt["receipt_id"])]
            ids = ("receipt_id", "client_id", "matter_id")
            self.assertEqual(row, receipt | {name: str(receipt[name]) for name in ids})
        parts = Counter(
            (r["receipt_id"], r["bill_id"], r["amount"])
            for r in self.view("receipt_allocation")
        )
        expected = Counter(
            (str(r.receipt_id), str(r.bill_id), r.amount)
            for r in self.firm.receipt_allocations
        )
        self.assertEqual(parts, expected)

    def test_a_full_payment_closes_the_bill_at_once_and_is_reported_later(self):
        """REST knows the sum alone; the timestamp stays, as the switch says."""
        bill = dict(self.open_bill())
        before = self.header(bill["bill_id"])
        made = self.pay(bill)
        after = self.header(bill["bill_id"])
        self.assertEqual(after["status"], "Closed")
        self.assertEqual(after["totalPaid"], bill["total_inclusive"])
        self.assertEqual(after["totalDue"], 0)
        self.assertEqual(after["modifiedTimestamp"], before["modifiedTimestamp"])
        key = str(made["receipt_id"])
        self.assertEqual(self.view("receipt", "receipt_id = %s", key), [])
        self.admin("POST", "reporting/refresh")
        row = self.one("receipt", "receipt_id", key)
        self.assertEqual(row["amount"], bill["total_inclusive"])
        status = self.one("bill", "bill_id", bill["bill_id"])["status"]
        self.assertEqual(status, "Closed")

    def test_a_payment_moves_the_bills_timestamp_when_switched(self):
        """Also a credit does."""
        self.admin("POST", "switches", payment_bumps_modified=True)
        for nth, pay in enumerate((self.pay, self._credit)):
            bill = dict(self.open_bill(nth))
            pay(bill)
            after = self.sandbox.state.bills[bill["bill_id"]]
            self.assertGreater(after["modified_at"], bill["modified_at"])

    def _credit(self, bill):
        part = {"bill_id": bill["bill_id"]}
        self.admin("POST", "credit_notes", bill_id=bill["bill_id"], applications=[part])

    def test_a_change_moves_the_receipts_timestamp_and_the_header(self):
        """Allocations are part of the receipt."""
        bill, other = dict(self.open_bill()), dict(self.open_bill(1))
        made = self.pay(bill, "10.00", amount="30.00", reporting=True)
        key = made["receipt_id"]
        first = self.one("receipt", "receipt_id", key)
        self.assertEqual((first["amount"], made["method"]), (Decimal("30.00"), "EFT"))
        self.admin("POST", f"receipts/{key}", method="Cheque", reporting=True)
        second = self.one("receipt", "receipt_id", key)
        self.assertEqual(second["method"], "Cheque")
        self.assertGreater(second["modified_at"], first["modified_at"])
        parts = [
            {"bill_id": bill["bill_id"], "amount": "4.00"},
            {"bill_id": other["bill_id"], "amount": "6.00"},
        ]
        self.admin(
            "POST", f"receipts/{key}/allocations", allocations=parts, reporting=True
        )
        third = self.one("receipt", "receipt_id", key)
        self.assertGreater(third["modified_at"], second["modified_at"])
        self.assertEqual(self.header(bill["bill_id"])["totalPaid"], Decimal("4.00"))
        self.assertEqual(self.header(other["bill_id"])["totalPaid"], Decimal("6.00"))
        rows = self.view("receipt_allocation", "receipt_id = %s", str(key))
        amounts = {int(row["bill_id"]): row["amount"] for row in rows}
        expected = {part["bill_id"]: Decimal(part["amount"]) for part in parts}
        self.assertEqual(amounts, expected)

    def test_a_deleted_receipt_stays_as_a_row_and_its_bill_owes_again(self):
        """Its allocations stay, too: ``deleted_at`` tells."""
        bill = dict(self.open_bill())
        key = self.pay(bill)["receipt_id"]
        self.admin("POST", f"receipts/{key}/delete", reporting=True)
        row = self.one("receipt", "receipt_id", key)
        self.assertEqual(row["deleted_at"], row["modified_at"])
        self.assertEqual(
            len(self.view("receipt_allocation", "receipt_id=%s", str(key))), 1
        )
        header = self.header(bill["bill_id"])
        self.assertEqual((header["status"], header["totalPaid"]), ("Open", 0))
        refused = self.admin("POST", f"receipts/{key}", _status=400, memo="x")
        self.assertIn("deleted", refused["error"])

    def test_a_receipt_may_vanish_from_the_export(self):
        """Without a tombstone, living or deleted before."""
        bill = dict(self.open_bill())
        for first in (False, True):
            key = self.pay(bill, reporting=True)["receipt_id"]
            if first:
                self.admin("POST", f"receipts/{key}/delete")
            gone = self.admin(
                "POST", f"receipts/{key}/delete", hard=True, reporting=True
            )
            self.assertEqual((gone["receipt_id"], gone["allocations"]), (key, []))
            for view in ("receipt", "receipt_allocation"):
                self.assertEqual(self.view(view, "receipt_id = %s", str(key)), [])
            header = self.header(bill["bill_id"])
            self.assertEqual((header["status"], header["totalPaid"]), ("Open", 0))
            self.admin("POST", f"receipts/{key}/delete", _status=400, hard=True)

    def test_a_receipt_on_no_bill_can_be_changed(self):
        """Its answer has no allocations."""
        used = {row.receipt_id for row in self.firm.receipt_allocations}
        key = next(
            row.receipt_id
            for row in self.firm.receipts
            if row.receipt_id not in used and not row.from_trust
        )
        row = self.admin("POST", f"receipts/{key}", memo="x")
        self.assertEqual((row["memo"], row["allocations"]), ("x", []))

    def test_a_receipt_has_the_currency_of_its_bill_unless_told(self):
        """Actionstep bills in the client's currency."""
        bill = self.open_bill()
        path = f"bills/{bill['bill_id']}"
        self.admin("POST", path, currency="EUR", reporting=True)
        self.assertEqual(self.header(bill["bill_id"])["currency"], "EUR")
        key = self.pay(bill, "10.00", reporting=True)["receipt_id"]
        for view, name, value in (
            ("bill", "bill_id", bill["bill_id"]),
            ("receipt", "receipt_id", key),
        ):
            self.assertEqual(self.one(view, name, value)["currency"], "EUR")
        self.assertEqual(self.pay(bill, "1.00", currency="GBP")["currency"], "GBP")
        made = self.admin("POST", "receipts", client_id=501, amount="25.00")
        self.assertEqual(made["currency"], "USD")
        line = [{"amount_exclusive": "10", "tax_code": "NT"}]
        made = self.admin("POST", "bills", client_id=501, lines=line, currency="EUR")
        self.assertEqual(made["currency"], "EUR")

    def test_a_receipt_over_several_bills_or_on_none(self):
        """The amount is the sum of its parts unless it is given."""
        bills = [self.open_bill(nth) for nth in range(3)]
        owed = sum(bill["total_due"] for bill in bills)
        parts = [{"bill_id": bill["bill_id"]} for bill in bills]
        made = self.admin("POST", "receipts", client_id=501, allocations=parts)
        self.assertEqual(made["amount"], owed)
        self.assertEqual({bill["status"] for bill in bills}, {"Closed"})
        made = self.admin("POST", "receipts", client_id=501, amount="25.00")
        self.assertEqual((made["allocations"], made["amount"]), ([], Decimal("25.00")))

    def test_bad_input_of_a_database_can_be_made(self):
        """More allocated than received, a bill that is not there, no client."""
        bill = self.open_bill()
        made = self.pay(bill, "90.00", amount="10.00", reporting=True)
        self.assertEqual(made["amount"], Decimal("10.00"))
        part = {"bill_id": 99999, "amount": "5.00"}
        made = self.admin(
            "POST", "receipts", client_id=None, allocations=[part], reporting=True
        )
        row = self.one("receipt", "receipt_id", made["receipt_id"])
        self.assertEqual((row["client_id"], row["matter_id"]), (None, None))
        twice = [part, part]
        path = f"receipts/{made['receipt_id']}/allocations"
        self.admin("POST", path, _status=400, allocations=twice)
        self.admin("POST", "receipts", _status=400, client_id=501, nonsense=1)

    def test_a_payment_from_trust_cannot_be_changed(self):
        """And be deleted in the US only."""
        bill = self.open_bill()
        key = self.pay(bill, from_trust=True)["receipt_id"]
        self.admin("POST", f"receipts/{key}", _status=400, memo="x")
        self.admin("POST", f"receipts/{key}/allocations", _status=400, allocations=[])
        self.admin("POST", f"receipts/{key}/delete")
        self.admin("POST", "reset", country="GB", firm="small")
        bill = next(iter(self.sandbox.state.bills.values()))
        key = self.pay(bill, from_trust=True)["receipt_id"]
        refused = self.admin("POST", f"receipts/{key}/delete", _status=400)
        self.assertIn("US", refused["error"])
        self.admin("POST", "reset", country="US", firm="life")

    def test_the_door_tells_what_must_not_reach_quickbooks(self):
        """Causes by the ids of bills, receipts and credit notes, as text."""
        told = self.admin("GET", "firm")
        documents = self.firm.expected_attention_documents
        for kind in ("receipt", "credit_note"):
            expected = {str(k): why for (of, k), why in documents.items() if of == kind}
            self.assertTrue(expected)
            self.assertEqual(told["expected_attention_documents"][kind], expected)
        bills = {str(k): why for k, why in self.firm.expected_attention.items()}
        self.assertEqual(told["expected_attention"], bills)
        firm = (told["country"], told["size"], told["currency"])
        self.assertEqual(firm, ("US", "life", "USD"))

    def test_there_is_still_no_endpoint(self):
        """They are seen in the header and in the reporting database alone."""
        for name in ("receipts", "credit_notes", "creditnotes", "life"):
            self.assertEqual(self.get(name).status_code, 404)


@tagged("-at_install", "post_install")
class TestCreditNotes(LifeCase):
    """Credit notes and write-offs through the admin door."""

    def credit(self, bill, amount="50.00", **over):
        """Credit a bill by one untaxed line, applied to it."""
        line = {"account_number": "4-1100", "amount_exclusive": amount}
        part = {"bill_id": bill["bill_id"]}
        values = {"bill_id": bill["bill_id"], "applications": [part]}
        values["lines"] = [line | {"tax_code": "NT", "description": "Goodwill"}]
        return self.admin("POST", "credit_notes", **values | over)

    def test_views_hold_the_credit_notes_of_the_seed(self):
        """Every column of header, line and application."""
        by_id = {row["credit_id"]: row for row in self.view("credit_note")}
        self.assertEqual(len(by_id), len(self.firm.credit_notes))
        for note in as_dicts(self.firm.credit_notes):
            ids = ("credit_id", "bill_id", "client_id", "matter_id")
            texts = {name: note[name] and str(note[name]) for name in ids}
            self.assertEqual(by_id[str(note["credit_id"])], note | texts)
        for view, records, ids in (
            ("credit_note_line", self.firm.credit_note_lines, ("credit_id",)),
            (
                "credit_application",
                self.firm.credit_applications,
                ("credit_id", "bill_id"),
            ),
        ):
            expected = [
                row | {name: str(row[name]) for name in ids}
                for row in as_dicts(records)
            ]
            self.assertCountEqual(self.view(view), expected)

    def test_a_credit_without_lines_credits_the_whole_bill(self):
        """Applied it closes the bill, to the cent."""
        bill = dict(self.open_bill())
        made = self.credit(bill, lines=None, number="CR-900", reporting=True)
        for name in ("total_exclusive", "total_tax", "total_inclusive", "client_id"):
            self.assertEqual(made[name], bill[name])
        header = self.header(bill["bill_id"])
        self.assertEqual((header["status"], header["totalDue"]), ("Closed", 0))
        lines = self.view("credit_note_line", "credit_id = %s", str(made["credit_id"]))
        own = self.sandbox.state.lines[bill["bill_id"]]
        self.assertEqual(
            [(row["account_number"], row["tax_amount"]) for row in lines],
            [(row["account_number"], row["tax_amount"]) for row in own],
        )

    def test_applications_and_lines_move_the_timestamp_and_the_header(self):
        """A credit is applied, applied elsewhere, and made smaller."""
        bill, other = dict(self.open_bill()), dict(self.open_bill(1))
        made = self.credit(bill, applications=[], reporting=True)
        key = made["credit_id"]
        stamps = [self.one("credit_note", "credit_id", key)["modified_at"]]
        self.assertEqual(self.header(bill["bill_id"])["totalPaid"], 0)
        for target in (bill, other):
            parts = [{"bill_id": target["bill_id"], "applied_on": "2026-11-21"}]
            self.admin(
                "POST",
                f"credit_notes/{key}/applications",
                applications=parts,
                reporting=True,
            )
            stamps.append(self.one("credit_note", "credit_id", key)["modified_at"])
        self.assertEqual(self.header(bill["bill_id"])["totalPaid"], 0)
        self.assertEqual(self.header(other["bill_id"])["totalPaid"], Decimal("50.00"))
        lines = [
            {"account_number": "4-1100", "amount_exclusive": "20", "tax_code": "NT"}
        ]
        row = self.admin(
            "POST", f"credit_notes/{key}/lines", lines=lines, reporting=True
        )
        self.assertEqual(row["total_inclusive"], Decimal("20"))
        self.admin("POST", f"credit_notes/{key}", number="WO-77", reporting=True)
        row = self.one("credit_note", "credit_id", key)
        self.assertEqual((row["number"], row["total_tax"]), ("WO-77", ZERO))
        stamps.append(row["modified_at"])
        self.assertEqual(stamps, sorted(set(stamps)))

    def test_a_deleted_credit_stays_as_a_row_and_its_bill_owes_again(self):
        """As a receipt does."""
        bill = dict(self.open_bill())
        key = self.credit(bill)["credit_id"]
        self.admin("POST", f"credit_notes/{key}/delete", reporting=True)
        self.assertTrue(self.one("credit_note", "credit_id", key)["deleted_at"])
        self.assertEqual(self.header(bill["bill_id"])["totalPaid"], 0)
        self.admin("POST", f"credit_notes/{key}/delete", _status=400)

    def test_a_credit_may_vanish_from_the_export(self):
        """Header, lines and applications."""
        bill = dict(self.open_bill())
        key = self.credit(bill, reporting=True)["credit_id"]
        self.admin("POST", f"credit_notes/{key}/delete", hard=True, reporting=True)
        for view in ("credit_note", "credit_note_line", "credit_application"):
            self.assertEqual(self.view(view, "credit_id = %s", str(key)), [])
        self.assertEqual(self.header(bill["bill_id"])["totalPaid"], 0)

    def test_a_credit_has_the_currency_of_its_bill_unless_told(self):
        """Or the firm's own, when it is made from none."""
        bill = self.open_bill()
        self.admin("POST", f"bills/{bill['bill_id']}", currency="EUR")
        key = self.credit(bill, reporting=True)["credit_id"]
        row = self.one("credit_note", "credit_id", key)
        self.assertEqual(row["currency"], "EUR")
        self.admin("POST", "switches", negative_bills=True)
        self.assertEqual(self.header(key)["currency"], "EUR")
        loose = {"client_id": 501, "lines": [{"amount_exclusive": "5"}]}
        made = self.admin("POST", "credit_notes", **loose)
        self.assertEqual(made["currency"], "USD")
        made = self.admin("POST", "credit_notes", currency="GBP", **loose)
        self.assertEqual(made["currency"], "GBP")

    def test_a_credit_is_renumbered(self):
        """Under the same id."""
        key = self.credit(self.open_bill())["credit_id"]
        self.admin("POST", f"credit_notes/{key}", number="CR-1000.1", reporting=True)
        row = self.one("credit_note", "credit_id", key)
        self.assertEqual(row["number"], "CR-1000.1")

    def test_whether_total_paid_holds_credits_is_a_switch(self):
        """What is due is the same both ways."""
        bill = dict(self.open_bill())
        self.credit(bill)
        due = bill["total_inclusive"] - Decimal("50.00")
        header = self.header(bill["bill_id"])
        self.assertEqual((header["totalPaid"], header["totalDue"]), (50, due))
        self.admin("POST", "switches", credits_in_total_paid=False)
        header = self.header(bill["bill_id"])
        self.assertEqual((header["totalPaid"], header["totalDue"]), (0, due))

    def test_credits_are_bills_below_zero_when_switched_on(self):
        """Their ids are of the same row as those of bills."""
        key = self.credit(self.open_bill(), number="CR-900")["credit_id"]
        self.assertIsNone(self.header(key))
        self.admin("POST", "switches", negative_bills=True)
        header = self.header(key)
        self.assertEqual(
            (header["ourReference"], header["status"]), ("CR-900", "Closed")
        )
        self.assertEqual(Decimal(str(header["totalInclusive"])), Decimal("-50.00"))
        self.assertEqual(header["totalDue"], 0)
        self.admin("POST", "switches", bill_by_id=True)
        self.assertEqual(self.read_good(f"bills/{key}")["bills"]["id"], key)
        rows = [self.header(note.credit_id) for note in self.firm.credit_notes[:8]]
        self.assertEqual({row["status"] for row in rows}, {"Open", "Closed"})


@tagged("-at_install", "post_install")
class TestBills(LifeCase):
    """Edits, reverts and deletions of bills, contacts that change."""

    def test_a_bill_goes_back_to_draft_and_is_posted_again(self):
        """Under a new number, or its old one."""
        bill = dict(self.open_bill())
        path = f"bills/{bill['bill_id']}"
        row = self.admin("POST", f"{path}/revert")
        self.assertEqual((row["status"], row["number"]), ("Draft", bill["number"]))
        self.admin("POST", f"{path}/revert", _status=400)
        self.admin("POST", f"{path}/lines", lines=[{"amount_exclusive": "70"}])
        row = self.admin("POST", f"{path}/post", reporting=True)
        self.assertEqual(row["number"], f"{bill['number']}.1")
        stored = self.one("bill", "bill_id", bill["bill_id"])
        self.assertEqual((stored["status"], stored["number"]), ("Open", row["number"]))
        self.assertGreater(stored["modified_at"], bill["modified_at"])
        self.admin("POST", f"{path}/post", _status=400)
        self.admin("POST", f"{path}/revert")
        row = self.admin("POST", f"{path}/post", number=bill["number"])
        self.assertEqual(row["number"], bill["number"])

    def test_a_settled_bill_can_neither_be_reverted_nor_deleted(self):
        """The payment comes off first; so says the vendor's help."""
        bill = self.open_bill()
        parts = [{"bill_id": bill["bill_id"], "amount": "1.00"}]
        made = self.admin("POST", "receipts", client_id=501, allocations=parts)
        for action in ("revert", "delete"):
            refused = self.admin(
                "POST", f"bills/{bill['bill_id']}/{action}", _status=400
            )
            self.assertIn("take that back first", refused["error"])
        self.admin("POST", f"receipts/{made['receipt_id']}/delete")
        row = self.admin("POST", f"bills/{bill['bill_id']}/delete")
        self.assertEqual(row["status"], "Deleted")

    def test_a_deleted_bill_is_a_tombstone_or_missing(self):
        """Both reach the views; another bill may take the number."""
        first, second = dict(self.open_bill()), dict(self.open_bill(1))
        key, gone = first["bill_id"], second["bill_id"]
        self.admin("POST", f"bills/{key}/delete", reporting=True)
        self.admin("POST", f"bills/{gone}/delete", hard=True, reporting=True)
        row = self.one("bill", "bill_id", key)
        self.assertEqual(
            (row["status"], row["deleted_at"]), ("Deleted", row["modified_at"])
        )
        self.assertTrue(self.header(key)["deletedTimestamp"])
        for view in ("bill", "bill_line"):
            self.assertEqual(self.view(view, "bill_id = %s", str(gone)), [])
        self.assertIsNone(self.header(gone))
        third = self.open_bill(2)["bill_id"]
        row = self.admin("POST", f"bills/{third}", number=first["number"])
        self.assertEqual(row["number"], first["number"])
        self.admin("POST", f"bills/{gone}", _status=400, number="X")

    def test_a_new_client_takes_the_bill_to_their_matter(self):
        """Unless a matter is named."""
        key = self.open_bill()["bill_id"]
        row = self.admin("POST", f"bills/{key}", client_id=509, reporting=True)
        self.assertEqual((row["client_id"], row["matter_ids"]), (509, [2017]))
        lines = self.view("bill_line", "bill_id = %s", str(key))
        self.assertEqual({line["matter_id"] for line in lines}, {"2017"})
        row = self.admin("POST", f"bills/{key}", client_id=508, matter_ids=[2016])
        self.assertEqual(row["matter_ids"], [2016])

    def test_lines_may_spread_a_bill_over_matters(self):
        """A consolidated bill, made or edited."""
        lines = [
            {"amount_exclusive": "10", "matter_id": 2011},
            {"amount_exclusive": "20", "matter_id": 2012},
        ]
        row = self.admin("POST", "bills", client_id=506, lines=lines, reporting=True)
        self.assertEqual(row["matter_ids"], [2011, 2012])
        self.assertEqual(
            self.one("bill", "bill_id", row["bill_id"])["matter_ids"], "2011,2012"
        )
        row = self.admin("POST", f"bills/{row['bill_id']}/lines", lines=lines[1:])
        self.assertEqual(row["matter_ids"], [2012])

    def test_a_paid_bill_with_new_lines_is_closed_when_that_much_is_paid(self):
        """Actionstep would not let a user edit it; a test may."""
        bill = self.open_bill()
        key, part = bill["bill_id"], {"bill_id": bill["bill_id"], "amount": "70"}
        self.admin("POST", "receipts", client_id=501, allocations=[part])
        line = {"amount_exclusive": "70", "tax_code": "NT"}
        row = self.admin("POST", f"bills/{key}/lines", lines=[line])
        self.assertEqual((row["status"], row["total_due"]), ("Closed", 0))
        row = self.admin("POST", f"bills/{key}/lines", lines=[line, line])
        self.assertEqual((row["status"], row["total_due"]), ("Open", 70))

    def test_a_bill_that_cannot_be_made_leaves_nothing(self):
        """The next one gets its id."""
        bad = [{"amount_exclusive": "10", "nonsense": 1}]
        self.admin("POST", "bills", _status=400, client_id=501, lines=bad)
        good = [{"amount_exclusive": "10"}]
        row = self.admin("POST", "bills", client_id=501, lines=good)
        self.assertEqual(row["bill_id"], self.firm.bills[-1].bill_id + 1)

    def test_a_renamed_client_reaches_the_views(self):
        """By the load, or at once."""
        where = "client_id = '503' LIMIT 1"
        old = self.view("bill", where)[0]["client_name"]
        self.admin("POST", "participants/503", displayName="New name Ltd")
        self.assertEqual(self.view("bill", where)[0]["client_name"], old)
        name = "Newer name Ltd"
        self.admin("POST", "participants/503", displayName=name, reporting=True)
        self.assertEqual(self.view("bill", where)[0]["client_name"], name)

    def test_a_new_client_comes_with_a_matter(self):
        """And can be billed, also on a further matter."""
        name = {"displayName": "Neu GmbH", "reporting": True}
        row = self.admin("POST", "participants", **name)
        key = row["participant_id"]
        self.assertEqual((row["is_company"], row["company_name"]), (True, "Neu GmbH"))
        shown = self.read_good(f"participants/{key}")["participants"]
        self.assertEqual(shown["displayName"], "Neu GmbH")
        lines = [{"amount_exclusive": "10", "tax_code": "NT"}]
        bill = self.admin("POST", "bills", client_id=key, lines=lines, reporting=True)
        view = self.one("bill", "bill_id", bill["bill_id"])
        self.assertEqual(view["client_name"], "Neu GmbH")
        matter = self.admin("POST", "matters", client_ids=[key], name="Lease")
        row = self.admin(
            "POST",
            "bills",
            client_id=key,
            lines=lines,
            matter_ids=[matter["matter_id"]],
        )
        self.assertEqual(row["matter_ids"], [matter["matter_id"]])
        person = {"display_name": "Doe, Jane", "is_company": False}
        row = self.admin("POST", "participants", **person)
        self.assertEqual((row["first_name"], row["last_name"]), ("Jane", "Doe"))
        again = {"participant_id": key, "display_name": "x"}
        self.admin("POST", "participants", _status=400, **again)
        self.admin("POST", "matters", _status=400, client_ids=[999_999])
        taken = matter["matter_id"]
        self.admin("POST", "matters", _status=400, client_ids=[key], matter_id=taken)

    def test_a_matter_is_renamed_and_goes_to_another_client(self):
        """REST shows it at once, with a new timestamp."""
        before = self.read_good("actions/2021")["actions"]
        self.admin("POST", "matters/2021", name="New name", client_ids=[510])
        after = self.read_good("actions/2021")["actions"]
        self.assertEqual(after["name"], "New name")
        self.assertEqual(after["links"]["primaryParticipants"], ["510"])
        self.assertNotEqual(after["modifiedTimestamp"], before["modifiedTimestamp"])
        links = self.rows("actionparticipants", action="2021")
        self.assertEqual([row["id"] for row in links], ["2021--1--510"])
        self.admin("POST", "matters/999999", _status=400, name="x")

    def test_a_merged_client_vanishes_and_the_other_has_everything(self):
        """Documents keep their timestamps unless switched."""
        before = {bill.bill_id: bill for bill in self.firm.bills}
        moved = [bill for bill in before.values() if bill.client_id == 511]
        self.admin("POST", "participants/511/merge", into=510, reporting=True)
        self.assertEqual(self.get("participants/511").status_code, 404)
        self.assertEqual(self.view("bill", "client_id = '511'"), [])
        for view in ("receipt", "credit_note"):
            self.assertEqual(self.view(view, "client_id = '511'"), [])
        rows = {int(row["bill_id"]): row for row in self.view("bill")}
        for bill in moved:
            self.assertEqual(rows[bill.bill_id]["client_id"], "510")
            self.assertEqual(rows[bill.bill_id]["modified_at"], bill.modified_at)
        matter = self.read_good("actions/2021")["actions"]
        self.assertEqual(matter["links"]["primaryParticipants"], ["510"])
        links = self.rows("actionparticipants", action="2021")
        self.assertEqual([row["id"] for row in links], ["2021--1--510"])
        self.admin("POST", "participants/510/merge", _status=400, into=510)
        self.admin("POST", "switches", merge_bumps_documents=True)
        self.admin("POST", "participants/510/merge", into=509)
        bill = self.sandbox.state.bills[moved[0].bill_id]
        self.assertGreater(bill["modified_at"], moved[0].modified_at)


@tagged("-at_install", "post_install")
class TestScript(LifeCase):
    """``POST /life``: the same story each time."""

    def story(self, **over):
        """Run every step and return what each did."""
        count = len(self.admin("GET", "life"))
        return [self.admin("POST", "life", step=n + 1, **over) for n in range(count)]

    def test_the_story_is_the_same_after_a_reset(self):
        """What, kind and id of everything."""
        first = self.story()
        self.assertEqual({step["done"] for step in self.admin("GET", "life")}, {True})
        self.admin("POST", "reset")
        self.assertEqual({step["done"] for step in self.admin("GET", "life")}, {False})
        self.assertEqual(self.story(), first)
        for event in sum(first, []):
            self.assertEqual(set(event), {"what", "kind", "id"})

    def test_everything_that_was_promised_happens(self):
        """Each kind of change, on each kind of document."""
        for country in COUNTRIES:
            self.admin("POST", "reset", country=country, firm="life")
            done = {(row["kind"], row["what"]) for step in self.story() for row in step}
            kinds = {kind for kind, _what in done}
            self.assertEqual(kinds, {"bill", "receipt", "credit_note", "participant"})
            text = " ".join(f"{kind}: {what}." for kind, what in done)
            for words in (
                "bill: deleted.",
                "bill: reverted to draft.",
                "bill: posted with a new number.",
                "bill: posted with its old number.",
                "bill: took the deleted bill's number.",
                "bill: client changed.",
                "bill: tax code changed.",
                "receipt: part payment.",
                "receipt: deleted.",
                "credit_note: deleted.",
                "credit_note: write-off of the rest",
                "participant: renamed.",
            ):
                self.assertIn(words, text)
        self.admin("POST", "reset", country="US", firm="life")

    def test_afterwards_headers_and_lines_still_add_up(self):
        """No bill is over-paid, every living number stands once."""
        self.story()
        dump = self.admin("GET", "dump")
        paid = settled(dump["receipt_allocations"], dump["receipts"], "receipt_id")
        paid += settled(dump["credit_applications"], dump["credit_notes"], "credit_id")
        net, tax = Counter(), Counter()
        for line in dump["bill_lines"]:
            net[line["bill_id"]] += line["amount_exclusive"]
            tax[line["bill_id"]] += line["tax_amount"]
        for bill in dump["bills"]:
            key = bill["bill_id"]
            self.assertEqual(bill["total_paid"], paid[key])
            self.assertEqual(bill["total_due"], bill["total_inclusive"] - paid[key])
            self.assertGreaterEqual(bill["total_due"], 0)
            if self.firm.expected_attention.get(key) != "lines_mismatch":
                self.assertEqual(bill["total_exclusive"], net[key])
                self.assertEqual(bill["total_tax"], tax[key])
        numbers = Counter(b["number"] for b in dump["bills"] if b["status"] in LIVE)
        self.assertEqual(max(numbers.values()), 1)

    def test_untouched_rows_keep_their_timestamps(self):
        """All others were changed since the start of the test."""
        started = datetime.now(timezone.utc)
        seed = {bill.bill_id: bill.modified_at for bill in self.firm.bills}
        events = sum(self.story(), [])
        changed = {row["id"] for row in events if row["kind"] == "bill"}
        for key, row in self.sandbox.state.bills.items():
            if key in changed:
                self.assertGreaterEqual(row["modified_at"], started)
            else:
                self.assertEqual(row["modified_at"], seed[key])
        for kind, rows in (
            ("receipt", self.sandbox.state.receipts),
            ("credit_note", self.sandbox.state.credit_notes),
        ):
            changed = {row["id"] for row in events if row["kind"] == kind}
            recent = {k for k, row in rows.items() if row["modified_at"] >= started}
            self.assertEqual(recent, changed)

    def test_the_views_follow_by_the_load_or_at_once(self):
        """Step by step gives the same as one load at the end."""
        names = "bill bill_line receipt receipt_allocation credit_note credit_note_line"
        views = [*names.split(), "credit_application"]
        before = {name: self.view(name) for name in views}
        self.story()
        self.assertEqual(before, {name: self.view(name) for name in views})
        self.admin("POST", "reset")
        self.story(reporting=True)
        parts = {name: self.view(name) for name in views}
        self.admin("POST", "reporting/refresh")
        for name in views:
            self.assertCountEqual(map(repr, parts[name]), map(repr, self.view(name)))
            self.assertNotEqual(parts[name], before[name])

    def test_steps_go_in_order_and_only_in_this_firm(self):
        """Anything else is a 400 with the reason."""
        self.admin("POST", "life", step=1)
        for step in (1, 3, 99):
            refused = self.admin("POST", "life", _status=400, step=step)
            self.assertIn("the next of 8 steps is 2", refused["error"])
        self.admin("POST", "reset", firm="demo")
        refused = self.admin("POST", "life", _status=400, step=1)
        self.assertIn("life", refused["error"])
        self.admin("POST", "reset", firm="life")
