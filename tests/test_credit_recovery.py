"""Credit notes and their applications sent and not answered: each stands once.

QuickBooks only warns of a number used twice where a firm wants it; here it does not, so
that nothing but our own care keeps a credit from standing there twice.
"""

from decimal import Decimal

from odoo.tests import tagged

from .relay import change_item, writes
from .test_credit_notes import CreditCase

DROP_BEFORE, DROP_AFTER = {"kind": "drop_before"}, {"kind": "drop_after"}
MEMOS = {"method": "POST", "path": "/batch", "body": '"CreditMemo"'}
PAYMENTS = {"method": "POST", "path": "/batch", "body": '"Payment"'}


class RecoveryCase(CreditCase):
    def setUp(self):
        super().setUp()
        self._switch("quickbooks", warn_duplicate_number="off")

    def _go_on(self, passes=2):
        """Make further passes, each when everything that waits is due."""
        for _number in range(passes):
            self._make_due(self.connection)
            self._run(self.connection)


@tagged("post_install", "-at_install")
class TestCreditMemos(RecoveryCase):
    def _lose(self, fault=DROP_AFTER, **match):
        self.sandbox.fault("quickbooks", fault, **{**MEMOS, **match})
        self.assertEqual(self._run(self.connection).state, "interrupted")

    def _create_lost(self, fault=DROP_AFTER):
        credit_id = self._credit_fee((self.bill_id, "40.00"))
        self._lose(fault)
        self._go_on()
        self._assert_pushed(self._get_note(credit_id))
        memo = self._get_memo(credit_id)
        self.assertEqual(memo["Id"], self._get_note(credit_id).quickbooks_id)
        self.assertEqual(self._get_applied(credit_id), {self.bill_id: 40})

    def test_create_with_replay(self):
        self._create_lost()

    def test_create_without_replay(self):
        self._switch("quickbooks", replay="off")
        self._create_lost()

    def test_create_with_refused_replay(self):
        self._switch("quickbooks", replay="fault")
        self._create_lost()

    def test_create_that_never_arrived(self):
        self._switch("quickbooks", replay="off")
        self._create_lost(DROP_BEFORE)

    def _update_lost(self, fault=DROP_AFTER):
        note = self._push_credit(number="CR-1")
        self._change_credit(note.external_id, number="CR-2")
        self._lose(fault)
        self._go_on()
        self._assert_pushed(note)
        memo = self._get_memo(note.external_id)
        self.assertEqual((memo["Id"], memo["DocNumber"]), (note.quickbooks_id, "CR-2"))
        self.assertEqual(memo["SyncToken"], note.quickbooks_sync_token)

    def test_update_with_replay(self):
        self._update_lost()

    def test_update_without_replay(self):
        self._switch("quickbooks", replay="off")
        self._update_lost()

    def test_update_with_refused_replay(self):
        self._switch("quickbooks", replay="fault")
        self._update_lost()

    def test_update_that_never_arrived(self):
        self._update_lost(DROP_BEFORE)

    def test_changed_while_its_answer_was_lost(self):
        self._switch("quickbooks", replay="off")
        credit_id = self._credit_fee(number="CR-1")
        self._lose()
        self._change_credit(credit_id, number="CR-2")

        self._go_on(3)

        self._assert_pushed(self._get_note(credit_id))
        self.assertEqual(self._get_memo(credit_id)["DocNumber"], "CR-2")

    def test_deleted_while_its_answer_was_lost(self):
        self._switch("quickbooks", replay="off")
        credit_id = self._credit_fee((self.bill_id, "40.00"))
        self._lose()
        self._change_credit(credit_id, "delete")

        self._go_on(3)

        self._assert_stands(self._get_note(credit_id), "withdrawn")
        self.assertEqual(self._get_ours("CreditMemo", "credit note"), [])
        self.assertEqual(self._get_balance(self.bill_id), Decimal("100.00"))

    def test_one_answer_missing_from_a_batch(self):
        ids = [self._credit_fee(number=number) for number in ("CR-1", "CR-2")]

        def change(call, reply):
            if not writes(call) or '"CreditMemo"' not in call.body:
                return reply
            return change_item(call, reply, '"CR-1"', lambda _item: None)

        self._run_through(self.connection, change)
        self._go_on()

        for credit_id in ids:
            self._assert_pushed(self._get_note(credit_id))
            self._get_memo(credit_id)


@tagged("post_install", "-at_install")
class TestApplications(RecoveryCase):
    def setUp(self):
        super().setUp()
        self.note = self._push_credit()
        self.credit_id = self.note.external_id

    def _lose(self, fault=DROP_AFTER):
        self.sandbox.fault("quickbooks", fault, **PAYMENTS)
        self.assertEqual(self._run(self.connection).state, "interrupted")

    def _assert_once(self, amount):
        use = self._assert_pushed(self._get_use(self.credit_id, self.bill_id))
        [row] = self._get_ours("Payment", f"credit {self.credit_id} to bill")
        self.assertEqual(row["Id"], use.quickbooks_id)
        self.assertEqual(self._get_applied(self.credit_id), {self.bill_id: amount})

    def _create_lost(self, fault=DROP_AFTER):
        self._apply(self.credit_id, (self.bill_id, "20.00"))
        self._lose(fault)
        self._go_on()
        self._assert_once(20)

    def test_create_with_replay(self):
        self._create_lost()

    def test_create_without_replay(self):
        self._switch("quickbooks", replay="off")
        self._create_lost()

    def test_create_with_refused_replay(self):
        self._switch("quickbooks", replay="fault")
        self._create_lost()

    def test_create_that_never_arrived(self):
        self._switch("quickbooks", replay="off")
        self._create_lost(DROP_BEFORE)

    def _update_lost(self, fault=DROP_AFTER):
        self._apply(self.credit_id, (self.bill_id, "20.00"))
        self._run(self.connection)
        self._apply(self.credit_id, (self.bill_id, "30.00"))
        self._lose(fault)
        self._go_on()
        self._assert_once(30)

    def test_update_with_replay(self):
        self._update_lost()

    def test_update_without_replay(self):
        self._switch("quickbooks", replay="off")
        self._update_lost()

    def test_update_with_refused_replay(self):
        self._switch("quickbooks", replay="fault")
        self._update_lost()

    def _remove_lost(self, fault=DROP_AFTER):
        self._apply(self.credit_id, (self.bill_id, "20.00"))
        self._run(self.connection)
        self._apply(self.credit_id)
        self._lose(fault)
        self._go_on()
        self._assert_stands(self._get_use(self.credit_id, self.bill_id), "withdrawn")
        self.assertEqual(self._get_applied(self.credit_id), {})
        self.assertEqual(self._get_balance(self.bill_id), Decimal("100.00"))

    def test_removal_with_replay(self):
        self._remove_lost()

    def test_removal_without_replay(self):
        self._switch("quickbooks", replay="off")
        self._remove_lost()

    def test_removal_with_refused_replay(self):
        self._switch("quickbooks", replay="fault")
        self._remove_lost()

    def test_removal_that_never_arrived(self):
        self._remove_lost(DROP_BEFORE)

    def test_two_applications_of_one_day_and_client_are_told_apart(self):
        self._switch("quickbooks", replay="off")
        other = self._add_bill()
        self._run(self.connection)
        second = self._credit_fee((other, "15.00"))
        self._apply(self.credit_id, (self.bill_id, "20.00"))
        self._receive((other, "10.00"), received_on="2026-11-20")
        self._lose()

        self._go_on(3)

        self._assert_once(20)
        self.assertEqual(self._get_applied(second), {other: 15})
        self.assertEqual(self._get_balance(other), Decimal("75.00"))
        self.assertEqual(len(self._get_ours("Payment", "receipt 500001")), 1)
