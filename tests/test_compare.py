"""The demo's comparison: each way in which two sides can differ is found."""

import contextlib
import copy
import io
from decimal import Decimal

from odoo.tests import BaseCase

from ..dev.compare import compare
from ..dev.demo import LIFE_DOCUMENTS, expected_causes, promised_documents
from ..dev.facts import Actionstep
from ..dev.sandbox import firms
from ..dev.sandbox.actionstep.door import plain
from ..dev.sandbox.actionstep.ledger import Ledger
from ..dev.sandbox.actionstep.life import Life
from ..dev.sandbox.actionstep.state import State
from ..dev.tables import print_attention, print_documents, print_summary

DAY = "2026-10-01"
ORG = "(sample-firm)"


def actionstep():
    """A firm with two bills, money on one of them, and a credit note on the other."""
    bill = {"client_id": 501, "bill_date": DAY, "due_date": DAY, "status": "Open"}
    return {
        "participants": [{"participant_id": 501, "display_name": "Bond, James"}],
        "bills": [
            bill | {"bill_id": 1, "number": "INV-1"} | _amounts("110", "10", "60"),
            bill | {"bill_id": 2, "number": "INV-2"} | _amounts("55", "5", "45"),
            bill | {"bill_id": 3, "number": "INV-3", "status": "Deleted"} | _amounts(),
        ],
        "bill_lines": [
            {"bill_id": 1, "line_no": 1} | _line("100", "Drafting a letter"),
            {"bill_id": 2, "line_no": 2} | _line("20", "Copies 🏛️"),
            {"bill_id": 2, "line_no": 1} | _line("30", "Attendance"),
        ],
        "receipts": [
            {
                "receipt_id": 7,
                "client_id": 501,
                "received_on": DAY,
                "amount": Decimal("80"),
                "reference": "FEDWIRE 20261014MMQFMP / OURS",
                "deleted_at": None,
            }
        ],
        "receipt_allocations": [
            {"receipt_id": 7, "bill_id": 1, "amount": Decimal("50")}
        ],
        "credit_notes": [
            {
                "credit_id": 9,
                "number": "CR-9",
                "client_id": 501,
                "credit_date": DAY,
                "deleted_at": None,
            }
            | _amounts("22", "2")
        ],
        "credit_note_lines": [{"credit_id": 9, "line_no": 1} | _line("20", "Credited")],
        "credit_applications": [
            {
                "credit_id": 9,
                "bill_id": 2,
                "applied_on": DAY,
                "amount": Decimal("10"),
            }
        ],
    }


def _amounts(total="0", tax="0", due="0"):
    return {
        "total_inclusive": Decimal(total),
        "total_tax": Decimal(tax),
        "total_due": Decimal(due),
        "total_paid": Decimal(total) - Decimal(due),
    }


def _line(amount, description):
    return {"amount_exclusive": Decimal(amount), "description": description}


def quickbooks():
    """The same firm in QuickBooks, as a push without a fault leaves it."""
    customer = {"CustomerRef": {"value": "4", "name": "Bond, James"}, "TxnDate": DAY}
    return {
        "Customer": [
            {
                "Id": "4",
                "DisplayName": "Bond, James",
                "Notes": "Actionstep participant 501",
                "Balance": Decimal("63"),
            }
        ],
        "Invoice": [
            customer
            | {"Id": "11", "DocNumber": "INV-1", "DueDate": DAY, "LinkedTxn": []}
            | {"PrivateNote": f"Actionstep bill 1 {ORG}\nMatters: M"}
            | _sale("110", "10", "60", ("100", "Drafting a letter (2.5 x 40)")),
            customer
            | {"Id": "12", "DocNumber": "INV-2", "DueDate": DAY, "LinkedTxn": []}
            | {"PrivateNote": f"Actionstep bill 2 {ORG}"}
            | _sale("55", "5", "45", ("30", "Attendance"), ("20", "Copies")),
        ],
        "Payment": [
            customer
            | {"Id": "21", "PaymentRefNum": "FEDWIRE 20261014MMQF…"}
            | {
                "PrivateNote": f"Actionstep receipt 7 {ORG}\n"
                "Payment reference: FEDWIRE 20261014MMQFMP / OURS"
            }
            | {"TotalAmt": Decimal("80"), "UnappliedAmt": Decimal("30")}
            | {"Line": [_link("Invoice", "11", "50")]},
            customer
            | {"Id": "23", "PrivateNote": f"Actionstep credit 9 to bill 2 {ORG}"}
            | {"TotalAmt": Decimal("0"), "UnappliedAmt": Decimal("0")}
            | {"Line": [_link("Invoice", "12", "10"), _link("CreditMemo", "22", "10")]},
        ],
        "CreditMemo": [
            customer
            | {"Id": "22", "DocNumber": "CR-9"}
            | {"PrivateNote": f"Actionstep credit note 9 {ORG}"}
            | _sale("22", "2", "12", ("20", "Credited"))
            | {"RemainingCredit": Decimal("12")}
        ],
    }


def _sale(total, tax, balance, *lines):
    rows = [
        {
            "Amount": Decimal(amount),
            "Description": description,
            "DetailType": "SalesItemLineDetail",
        }
        for amount, description in lines
    ]
    return {
        "TotalAmt": Decimal(total),
        "TxnTaxDetail": {"TotalTax": Decimal(tax)},
        "Balance": Decimal(balance),
        "Line": [*rows, {"Amount": Decimal(0), "DetailType": "SubTotalLineDetail"}],
    }


def _link(kind, key, amount):
    linked = {"TxnType": kind, "TxnId": key}
    return {"Amount": Decimal(amount), "LinkedTxn": [linked]}


class CompareCase(BaseCase):
    def setUp(self):
        super().setUp()
        self.actionstep = actionstep()
        self.quickbooks = quickbooks()
        self.causes = {}
        self.records = {
            key: {"state": "pushed"}
            for key in (
                ("bill", "1"),
                ("bill", "2"),
                ("receipt", "7"),
                ("credit note", "9"),
                ("credit", "9/2"),
            )
        }
        self.invoice, self.other_invoice = self.quickbooks["Invoice"]
        self.payment, self.use = self.quickbooks["Payment"]
        [self.memo] = self.quickbooks["CreditMemo"]
        [self.customer] = self.quickbooks["Customer"]

    def compare(self):
        return compare(self.actionstep, self.quickbooks, self.records, self.causes)

    def assert_faults(self, *expected):
        """Check the faults, each as ``kind title: fault``."""
        found = [
            f"{line.kind} {line.title}: {fault}"
            for line, fault in self.compare().faults()
        ]
        self.assertEqual(found, list(expected))

    def needs(self, kind, key, cause, state="attention"):
        """Let a document need a person for a cause, as the firm's story has it."""
        self.causes[kind, key] = cause
        self.records[kind, key] = {"state": state, "failure_cause": cause}


class TestSame(CompareCase):
    def test_sides_that_agree_have_no_fault(self):
        comparison = self.compare()

        self.assertEqual(comparison.faults(), [])
        self.assertEqual(len(comparison.living()), 5)
        self.assertEqual(len(comparison.documents), 6, "the deleted bill is looked for")
        self.assertEqual(len(comparison.customers), 1)

    def test_what_people_made_in_quickbooks_is_theirs_and_counts_in_the_balance(self):
        by_hand = copy.deepcopy(self.invoice)
        by_hand |= {"Id": "31", "PrivateNote": "Made by hand", "Balance": Decimal("5")}
        self.quickbooks["Invoice"].append(by_hand)
        self.customer["Balance"] += 5

        self.assert_faults()

    def test_customer_of_the_same_name_was_linked(self):
        self.customer |= {"Notes": "Our oldest client", "DisplayName": "BOND,  James"}

        self.assert_faults()

    def test_deleted_and_voided_objects_do_not_count(self):
        gone = self.invoice | {"Id": "32", "status": "Deleted"}
        void = self.invoice | {"Id": "33", "TotalAmt": Decimal(0)}
        void["PrivateNote"] = f"Voided - Actionstep bill 3 {ORG}"
        self.quickbooks["Invoice"] += [gone, void]

        self.assert_faults()

    def test_firm_without_receipts_has_nothing_to_push_for_what_is_paid(self):
        for name in ("receipts", "receipt_allocations"):
            self.actionstep[name] = []
        for name in ("credit_notes", "credit_note_lines", "credit_applications"):
            self.actionstep[name] = []
        self.quickbooks |= {"Payment": [], "CreditMemo": []}
        self.records = {key: row for key, row in self.records.items() if "bill" in key}
        self.invoice["Balance"] = Decimal("110")
        self.other_invoice["Balance"] = Decimal("55")
        self.customer["Balance"] = Decimal("165")

        self.assert_faults()


class TestDifferences(CompareCase):
    def test_missing_documents_are_found(self):
        self.quickbooks["CreditMemo"].clear()
        self.records["credit note", "9"] = {"state": "queued"}

        self.assert_faults(
            "credit note CR-9: not in QuickBooks",
            "credit note CR-9: is queued in Odoo",
            "credit CR-9 to INV-2: links bill 2 10.00; credit note 9 10.00 / "
            "CreditMemo 22 10.00; bill 2 10.00",
        )

    def test_each_kind_is_missed(self):
        for kind, entity, title in (
            ("bill", "Invoice", "INV-1"),
            ("receipt", "Payment", "7 FEDWIRE 20261014MMQFMP / OURS"),
            ("credit note", "CreditMemo", "CR-9"),
        ):
            with self.subTest(kind=kind):
                self.setUp()
                del self.quickbooks[entity][0]
                lines = [
                    line for line in self.compare().documents if line.title == title
                ]
                self.assertEqual(lines[0].faults, ("not in QuickBooks",))
        self.setUp()
        del self.quickbooks["Payment"][1]
        self.assert_faults("credit CR-9 to INV-2: not in QuickBooks")

    def test_doubled_documents_are_found(self):
        self.quickbooks["Payment"].append(self.payment | {"Id": "41"})
        self.quickbooks["Invoice"].append(self.other_invoice | {"Id": "42"})

        self.assert_faults(
            "bill INV-2: 2 times in QuickBooks",
            "receipt 7 FEDWIRE 20261014MMQFMP / OURS: 2 times in QuickBooks",
        )

    def test_amounts_are_compared_to_the_cent(self):
        cent = Decimal("0.01")
        self.invoice["TotalAmt"] += cent
        self.invoice["TxnTaxDetail"]["TotalTax"] += cent
        self.other_invoice["Balance"] -= cent
        self.payment["UnappliedAmt"] += cent
        self.memo["RemainingCredit"] -= cent
        self.customer["Balance"] += cent

        self.assert_faults(
            "bill INV-1: total 110.00 / 110.01",
            "bill INV-1: tax 10.00 / 10.01",
            "bill INV-2: balance 45.00 / 44.99",
            "receipt 7 FEDWIRE 20261014MMQFMP / OURS: balance 30.00 / 30.01",
            "credit note CR-9: balance 12.00 / 11.99",
            "customer Bond, James: balance 63.00 / 63.01",
        )

    def test_totals_of_payments_and_credits_are_compared(self):
        self.payment["TotalAmt"] = Decimal("81")
        self.memo["TxnTaxDetail"] = {}
        self.use["UnappliedAmt"] = Decimal("3")

        self.assert_faults(
            "receipt 7 FEDWIRE 20261014MMQFMP / OURS: total 80.00 / 81.00",
            "credit note CR-9: tax 2.00 / 0.00",
            "credit CR-9 to INV-2: balance 0.00 / 3.00",
        )

    def test_number_and_dates_are_compared(self):
        self.invoice |= {"DocNumber": "INV-1A", "DueDate": "2026-11-01"}
        self.other_invoice["TxnDate"] = "2026-10-02"
        self.payment["PaymentRefNum"] = "FEDWIRE"

        self.assert_faults(
            "bill INV-1: number INV-1 / INV-1A",
            "bill INV-1: due 2026-10-01 / 2026-11-01",
            "bill INV-2: date 2026-10-01 / 2026-10-02",
            "receipt 7 FEDWIRE 20261014MMQFMP / OURS: "
            "number FEDWIRE 20261014MMQFMP / OURS / FEDWIRE",
        )

    def test_lines_are_compared_in_order(self):
        self.other_invoice["Line"].reverse()
        self.memo["Line"][0]["Description"] = "Granted"

        self.assert_faults(
            "bill INV-2: lines 30.00 Attendance; 20.00 Copies / "
            "20.00 Copies; 30.00 Attendance",
            "credit note CR-9: lines 20.00 Credited / 20.00 Granted",
        )

    def test_another_customer_is_found(self):
        other = {"Id": "5", "DisplayName": "Smith", "Balance": Decimal("60")}
        self.quickbooks["Customer"].append(other)
        self.customer["Balance"] -= 60
        self.invoice["CustomerRef"] = {"value": "5", "name": "Smith"}

        self.assert_faults(
            "bill INV-1: client 501 / customer Smith",
            "customer Bond, James: balance 63.00 / 3.00",
        )

    def test_second_customer_of_one_client_is_found(self):
        self.quickbooks["Customer"].append(self.customer | {"Id": "5"})

        self.assert_faults("customer Bond, James: 2 times in QuickBooks")

    def test_payment_on_another_bill_or_by_another_amount_is_found(self):
        self.payment["Line"] = [_link("Invoice", "12", "50")]
        self.use["Line"] = [_link("Invoice", "12", "9"), _link("CreditMemo", "22", "9")]

        self.assert_faults(
            "receipt 7 FEDWIRE 20261014MMQFMP / OURS: "
            "links bill 1 50.00 / bill 2 50.00",
            "credit CR-9 to INV-2: total 10.00 / 9.00",
            "credit CR-9 to INV-2: links bill 2 10.00; credit note 9 10.00 / "
            "bill 2 9.00; credit note 9 9.00",
        )


class TestLeftOver(CompareCase):
    def test_deleted_document_that_still_stands_is_found(self):
        self.quickbooks["Invoice"].append(
            self.invoice | {"Id": "51", "PrivateNote": f"Actionstep bill 3 {ORG}"}
        )
        self.records["bill", "3"] = {"state": "withdrawn"}

        self.assert_faults("bill INV-3: stands in QuickBooks (taken back)")

    def test_document_of_which_actionstep_knows_nothing_is_found(self):
        self.quickbooks["Payment"].append(
            self.use
            | {"Id": "52", "PrivateNote": f"Actionstep credit 9 to bill 1 {ORG}"}
        )

        self.assert_faults("credit 52 (9/1): left over: no such document in Actionstep")

    def test_document_that_odoo_alone_still_works_on_is_found(self):
        self.records["credit", "9/1"] = {"state": "withdrawn"}
        self.assert_faults()

        refused = {"state": "attention", "failure_cause": "refused"}
        self.records["credit", "9/1"] = refused
        self.assert_faults("credit 9/1: is attention refused in Odoo")

    def test_marker_on_another_kind_of_object_is_found(self):
        self.quickbooks["JournalEntry"] = [
            {"Id": "53", "PrivateNote": f"Actionstep bill 1 {ORG}"}
        ]

        self.assert_faults(
            "JournalEntry with the marker of a bill 53 (1): "
            "left over: no such document in Actionstep"
        )

    def test_deleted_receipt_must_not_need_attention(self):
        self.actionstep["receipts"][0]["deleted_at"] = DAY
        self.actionstep["bills"][0] |= _amounts("110", "10", "110")
        self.quickbooks["Payment"].remove(self.payment)
        self.invoice["Balance"] = Decimal("110")
        self.customer["Balance"] = Decimal("143")
        self.records["receipt", "7"] = {
            "state": "attention",
            "failure_cause": "payment_deposited",
        }

        self.assert_faults(
            "receipt 7 FEDWIRE 20261014MMQFMP / OURS: "
            "is attention payment_deposited in Odoo"
        )


class TestNeedsAttention(CompareCase):
    def leave_out_payment(self):
        """Let the payment need a person: its bill then owes more in QuickBooks."""
        self.needs("receipt", "7", "account_unmapped")
        self.quickbooks["Payment"].remove(self.payment)
        self.invoice["Balance"] = Decimal("110")
        self.customer["Balance"] = Decimal("143")

    def test_bill_of_a_payment_that_needs_attention_owes_it_still(self):
        self.leave_out_payment()
        self.assert_faults()
        [line] = [one for one in self.compare().documents if one.needs_attention]
        self.assertEqual((line.kind, line.cause), ("receipt", "account_unmapped"))

        self.invoice["Balance"] = Decimal("60")
        self.assert_faults("bill INV-1: balance 110.00 / 60.00")

    def test_payment_of_a_bill_that_needs_attention_waits(self):
        self.needs("bill", "1", "tax_unmapped")
        self.quickbooks["Invoice"].remove(self.invoice)
        self.quickbooks["Payment"].remove(self.payment)
        self.customer["Balance"] = Decimal("33")
        self.records["receipt", "7"] = {
            "state": "waiting",
            "failure_cause": "allocation_unknown_bill",
        }
        self.assert_faults()

        self.records["receipt", "7"] = {"state": "pushed"}
        self.assert_faults("receipt 7 FEDWIRE 20261014MMQFMP / OURS: is pushed in Odoo")

    def test_use_of_a_credit_note_that_needs_attention_waits(self):
        self.needs("credit note", "9", "lines_mismatch")
        self.quickbooks["CreditMemo"].clear()
        self.quickbooks["Payment"].remove(self.use)
        self.other_invoice["Balance"] = Decimal("55")
        self.customer["Balance"] = Decimal("85")
        waits = {"state": "waiting", "failure_cause": "allocation_unknown_bill"}
        self.records["credit", "9/2"] = waits

        self.assert_faults()

    def test_another_cause_than_the_one_meant_is_a_difference(self):
        self.leave_out_payment()
        self.records["receipt", "7"]["failure_cause"] = "refused"

        self.assert_faults(
            "receipt 7 FEDWIRE 20261014MMQFMP / OURS: "
            "account_unmapped expected, got refused"
        )

    def test_document_that_was_meant_to_fail_must_not_stand_there(self):
        self.needs("bill", "2", "number_too_long")

        faults = [fault for _line, fault in self.compare().faults()]
        self.assertIn("stands in QuickBooks (number_too_long)", faults)

    def test_attention_that_nobody_meant_is_a_difference(self):
        self.records["bill", "2"] = {
            "state": "attention",
            "failure_cause": "totals_differ",
        }

        self.assert_faults("bill INV-2: is attention totals_differ in Odoo")

    def test_documents_that_need_attention_are_listed_with_their_sentence(self):
        self.leave_out_payment()
        sentence = "The money was paid into 1-1130, which has no account."
        self.records["receipt", "7"]["failure_message"] = sentence

        told = self.printed(print_attention)

        self.assertIn("Needs attention (1):", told)
        self.assertIn("Payment 7 FEDWIRE 20261014MMQFMP / OURS: account_unmapped", told)
        self.assertIn(sentence, told)

    def test_sums_are_of_what_belongs_into_quickbooks(self):
        self.leave_out_payment()

        rows = dict(self.rows(self.printed(print_summary)))

        self.assertEqual(rows["Documents in Actionstep"], ["2", "1", "1", "1", "1"])
        self.assertEqual(rows["of these need attention"], ["0", "1", "0", "0", "0"])
        self.assertEqual(rows["In QuickBooks"], ["2", "0", "1", "1", "1"])
        self.assertEqual(rows["Total in Actionstep"][:3], ["165.00", "0.00", "22.00"])
        self.assertEqual(rows["Balance in Actionstep"][0], "155.00")
        self.assertEqual(rows["Balance in QuickBooks"][0], "155.00")

    def test_every_document_has_a_row_of_its_own(self):
        told = self.printed(print_documents)

        for title in ("INV-1", "INV-2", "INV-3", "CR-9", "CR-9 to INV-2"):
            self.assertIn(f" {title} ", told)

    def printed(self, print_table):
        """Return what a table prints of the comparison."""
        with contextlib.redirect_stdout(io.StringIO()) as told:
            print_table(self.compare())
        return told.getvalue()

    def rows(self, told):
        """Yield the label and the five cells of each row of the summary."""
        for row in told.strip().splitlines()[1:]:
            words = row.split()
            yield " ".join(words[:-5]), words[-5:]


class TestWholeLife(BaseCase):
    """What is asked of QuickBooks after all that the firm's people did."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.firm = firms.build("US", "life")
        state = State(cls.firm)
        life = Life(state, Ledger(state, {"payment_bumps_modified": False}))
        for step in life.steps():
            life.run(step["step"])
        cls.causes = expected_causes(cls.firm)
        cls.actionstep = Actionstep(plain(state.dump()), cls.causes)
        cls.facts = {
            key: facts
            for key, facts in cls.actionstep.facts().items()
            if not cls.actionstep.reasons[key]
        }

    def test_there_is_as_much_as_is_promised(self):
        reasons = self.actionstep.reasons
        living = [key for key, reason in reasons.items() if reason != "taken back"]

        self.assertEqual(promised_documents(self.firm), LIFE_DOCUMENTS)
        self.assertGreaterEqual(len(living), LIFE_DOCUMENTS)
        self.assertEqual(promised_documents(firms.build("US", "small")), 8)

    def test_every_cause_of_the_story_is_asked_for_and_no_other(self):
        reasons = self.actionstep.reasons
        asked = {
            key: why for key, why in reasons.items() if why not in ("", "taken back")
        }

        self.assertEqual(asked, self.causes)
        self.assertEqual(
            {kind for kind, _key in asked}, {"bill", "receipt", "credit note"}
        )

    def test_bills_owe_what_payments_and_credits_in_quickbooks_leave(self):
        for (kind, key), facts in self.facts.items():
            if kind == "bill":
                left = facts.total - self._settled(f"bill {key} ")
                self.assertEqual(facts.balance, left, key)

    def test_credit_notes_keep_what_is_not_applied_in_quickbooks(self):
        for (kind, key), facts in self.facts.items():
            if kind == "credit note":
                left = facts.total - self._settled(f"credit note {key} ")
                self.assertEqual(facts.balance, left, key)

    def _settled(self, start):
        """Return what all that belongs into QuickBooks settles of one document."""
        links = [link for facts in self.facts.values() for link in facts.links]
        amounts = [link.removeprefix(start) for link in links if link.startswith(start)]
        return sum(map(Decimal, amounts), Decimal(0))
