"""Payments sent and not answered: never money twice, never money that is lost.

A payment has no number that QuickBooks would want only once, so nothing but our own
care keeps it from standing there twice.
"""

from datetime import timedelta

from odoo import fields
from odoo.tests import tagged

from odoo.addons.actionstep_quickbooks.models.actionstep_sync_job import MAX_RETRIES

from .raw_server import Reply
from .relay import change_item, item_fault, writes
from .test_payments import PaymentCase

DROP_BEFORE, DROP_AFTER = {"kind": "drop_before"}, {"kind": "drop_after"}
PAYMENTS = {"method": "POST", "path": "/batch", "body": '"Payment"'}
REPLAYS = ("on", "off", "fault")
# What QuickBooks makes of a request id used again, and where the answer was lost.
LOSSES = (
    *((replay, DROP_AFTER) for replay in REPLAYS),
    ("on", DROP_BEFORE),
    ("fault", DROP_BEFORE),
)


class LostCase(PaymentCase):
    def _lose(self, fault=DROP_AFTER, **match):
        """Make a pass in which QuickBooks' answer about payments is lost."""
        self.sandbox.fault("quickbooks", fault, **{**PAYMENTS, **match})
        run = self._run(self.connection)
        self.assertEqual(run.state, "interrupted")

    def _go_on(self, passes=1, *, is_over=True):
        for _number in range(passes):
            run = self._next_pass(is_over=is_over)
        return run

    def _forget_time(self):
        """Let the time pass in which a request may still be under way."""
        jobs = self._get_jobs(self.connection).filtered("started_at")
        jobs.write({"started_at": fields.Datetime.now() - timedelta(hours=1)})

    def _assert_once(self, *receipt_ids):
        """Assert that each payment stands in QuickBooks once and we know where."""
        for receipt_id in receipt_ids:
            payment = self._assert_payment(receipt_id, "pushed")
            self.assertEqual(payment.quickbooks_id, self._get_row(receipt_id)["Id"])

    def _spoil(self, text, change):
        """Return what a relay does to the answer about the payment that has a text."""

        def pass_on(call, reply):
            if not writes(call) or '"Payment"' not in call.body:
                return reply
            return change_item(call, reply, text, change)

        return pass_on

    def _count_theirs(self):
        """Return how many living payments QuickBooks has, whoever made them."""
        rows = self.sandbox.admin("quickbooks", "GET", "dump")["Payment"]
        return len([row for row in rows if row.get("status") != "Deleted"])


@tagged("post_install", "-at_install")
class TestLostCreations(LostCase):
    def test_lost_answer_makes_no_second_payment(self):
        for replay, fault in LOSSES:
            with self.subTest(replay=replay, fault=fault["kind"]):
                self._switch("quickbooks", replay=replay)
                receipt_id = self._receive((1001, "10.00"))
                self._lose(fault)
                self._go_on()
                self._assert_once(receipt_id)

    def test_unreadable_answer_makes_no_second_payment(self):
        for body in ("<html>Sorry</html>", "", '{"BatchItemResponse":[{"Paym'):
            with self.subTest(body):
                receipt_id = self._receive((1001, "10.00"))

                def change(call, reply, body=body):
                    spoils = writes(call) and '"Payment"' in call.body
                    return Reply(200, body) if spoils else reply

                self._run_through(self.connection, change)
                self._get_row(receipt_id)
                self._go_on()
                self._assert_once(receipt_id)

    def test_twins_stand_once_each(self):
        self._switch("quickbooks", replay="off")
        for fault in (DROP_AFTER, DROP_BEFORE):
            with self.subTest(fault["kind"]):
                twins = [self._receive((1001, "10.00")) for _twin in "ab"]
                self._lose(fault)
                self._go_on()
                self._assert_once(*twins)

    def test_twins_of_which_one_was_answered_stand_once_each(self):
        self._switch("quickbooks", replay="off")
        twins = [self._receive((1001, "10.00")) for _twin in "ab"]
        lose = self._spoil(f"receipt {twins[0]} ", lambda _item: None)
        self._run_through(self.connection, lose)

        self._go_on()

        self._assert_once(*twins)

    def test_twin_of_a_payment_that_stands_is_created(self):
        first = self._receive((1001, "10.00"))
        self._run(self.connection)
        second = self._receive((1001, "10.00"))
        self._lose(DROP_BEFORE)

        self._go_on()

        self._assert_once(first, second)

    def test_like_payment_of_a_person_is_not_taken_for_ours(self):
        self._switch("quickbooks", replay="off")
        [invoice] = self._get_quickbooks_invoices(1001)
        body = {"invoice": invoice["Id"], "amount": "10.00", "date": "2026-11-20"}
        self.sandbox.admin("quickbooks", "POST", "pay", body)
        receipt_id = self._receive((1001, "10.00"))
        self._lose(DROP_BEFORE)

        self._go_on()

        self._assert_once(receipt_id)
        self.assertEqual(self._count_theirs(), 2)

    def test_item_missing_from_the_answer_is_looked_up(self):
        kept = self._receive((1001, "10.00"), reference="KEPT")
        lost = self._receive((1001, "11.00"), reference="LOST")

        lose = self._spoil('"LOST"', lambda _item: None)
        run = self._run_through(self.connection, lose)

        self._assert_once(kept)
        self.assertEqual(run.state, "done", run.message)
        self._go_on()
        self._assert_once(kept, lost)

    def test_refusal_that_was_done_all_the_same_makes_no_second_payment(self):
        receipt_id = self._receive((1001, "10.00"), reference="ODD")
        for code in ("10000", "6000"):
            with self.subTest(code):
                refuse = self._spoil('"ODD"', item_fault(code, "Odd"))
                self._run_through(self.connection, refuse)
                self._get_payment(receipt_id).action_requeue()
                self._go_on()
                self._assert_once(receipt_id)

    def test_second_receipt_goes_while_the_first_is_unknown(self):
        first = self._receive((1001, "10.00"))
        self._lose()
        second = self._receive((1001, "11.00"))
        self._go_on()
        self._assert_once(first, second)

    def test_payment_that_a_person_deleted_before_we_looked(self):
        receipt_id = self._receive((1001, "10.00"))
        self._lose()
        self._delete_in_quickbooks("Payment", self._get_row(receipt_id)["Id"])

        self._go_on(2)

        self._assert_once(receipt_id)

    def test_outcome_that_stays_unknown_is_shown_and_settled_by_a_look(self):
        self._switch("quickbooks", replay="fault")
        receipt_id = self._receive((1001, "10.00"))
        self._lose()
        self._delete_in_quickbooks("Payment", self._get_row(receipt_id)["Id"])

        self._go_on(MAX_RETRIES)

        self._assert_payment(receipt_id, "attention", "outcome_unknown")
        self._go_on()
        self._assert_once(receipt_id)

    def test_worker_that_died_before_it_stored_the_answer(self):
        self._switch("quickbooks", replay="off")
        receipt_id = self._receive((1001, "10.00"))
        self._run(self.connection)
        payment = self._get_payment(receipt_id)
        payment._set_unbound()
        payment.state = "queued"
        payment.job_ids.write({"state": "started", "finished_at": False})

        self._go_on()

        self._assert_once(receipt_id)

    def test_payment_of_a_backup_that_does_not_know_of_the_push(self):
        """A payment has no number that would be refused: our marker must be found."""
        receipt_id = self._receive((1001, "10.00"))
        self._run(self.connection)
        payment = self._get_payment(receipt_id)
        payment.job_ids.unlink()
        payment._set_unbound()
        payment.write({"state": "waiting", "needs_plan": True})

        self._run(self.connection)

        self._assert_once(receipt_id)


@tagged("post_install", "-at_install")
class TestChangedMeanwhile(LostCase):
    """The receipt changes while nobody knows what became of its payment."""

    def setUp(self):
        super().setUp()
        self._switch("quickbooks", replay="off")
        self.receipt_id = self._receive((1001, "10.00"))

    def _assert_amount(self, amount):
        self._assert_once(self.receipt_id)
        row = self._get_row(self.receipt_id)
        self.assertEqual(self._amount(row["TotalAmt"]), self._amount(amount))

    def test_change_follows_as_an_update(self):
        self._lose()
        changes = {"amount": "20.00", "received_on": "2026-11-22", "reference": "NEW"}
        self._change_receipt(self.receipt_id, **changes)

        self._go_on(2)

        self._assert_amount(20)
        self.assertEqual(self._get_row(self.receipt_id)["TxnDate"], "2026-11-22")

    def test_change_of_the_customer_follows_as_an_update(self):
        self._lose()
        parts = [{"bill_id": 1002, "amount": "10.00"}]
        self._change_receipt(self.receipt_id, "allocations", allocations=parts)

        self._go_on(2)

        self._assert_settles(self.receipt_id, {1002: "10.00"})

    def test_change_before_a_request_that_was_never_carried_out(self):
        self._lose(DROP_BEFORE)
        self._change_receipt(self.receipt_id, amount="20.00")

        self._go_on(is_over=False)
        self.assertEqual(self._get_rows(self.receipt_id), [], "still under way?")
        self._forget_time()
        self._go_on(2)

        self._assert_amount(20)

    def test_receipt_deleted_after_it_was_created(self):
        self._lose()
        self._change_receipt(self.receipt_id, "delete")

        self._go_on(2)

        self._assert_payment(self.receipt_id, "withdrawn")
        self.assertEqual(self._get_rows(self.receipt_id), [])

    def test_receipt_deleted_before_it_was_created_is_never_sent_again(self):
        self._lose(DROP_BEFORE)
        self._change_receipt(self.receipt_id, "delete")

        self._go_on()
        self._forget_time()
        self._go_on(2)

        self._assert_payment(self.receipt_id, "withdrawn")
        self.assertEqual(self._get_rows(self.receipt_id), [])

    def test_lost_payment_that_was_given_up_is_looked_for_and_removed(self):
        self._lose()
        payment = self._get_payment(self.receipt_id)
        payment.job_ids.write({"state": "failed"})
        payment.state = "attention"
        self._change_receipt(self.receipt_id, "delete")

        self._go_on()

        self._assert_payment(self.receipt_id, "withdrawn")
        self.assertEqual(self._get_rows(self.receipt_id), [])

    def test_unmapped_account_does_not_hide_what_stands_in_quickbooks(self):
        self._lose()
        self.connection.account_mapping_ids.unlink()

        self._go_on()

        payment = self._get_payment(self.receipt_id)
        self.assertEqual(payment.quickbooks_id, self._get_row(self.receipt_id)["Id"])


@tagged("post_install", "-at_install")
class TestLostUpdates(LostCase):
    def setUp(self):
        super().setUp()
        self.receipt_id = self._receive((1001, "10.00"))
        self._run(self.connection)
        self.first = self._get_row(self.receipt_id)

    def test_lost_answer_to_an_update(self):
        for amount, (replay, fault) in enumerate(LOSSES, 11):
            with self.subTest(replay=replay, fault=fault["kind"]):
                self._switch("quickbooks", replay=replay)
                self._change_receipt(self.receipt_id, amount=f"{amount}.00")
                self._lose(fault)
                self._go_on()
                self._assert_once(self.receipt_id)
                row = self._get_row(self.receipt_id)
                self.assertEqual(row["Id"], self.first["Id"])
                self.assertEqual(self._amount(row["TotalAmt"]), amount)

    def test_lost_answer_to_an_update_of_the_memo_alone(self):
        for fault in (DROP_AFTER, DROP_BEFORE):
            with self.subTest(fault["kind"]):
                self._change_receipt(self.receipt_id, memo=fault["kind"])
                self._lose(fault)
                self._go_on(2)
                self._assert_once(self.receipt_id)
                note = self._get_row(self.receipt_id)["PrivateNote"]
                self.assertIn(f"Memo: {fault['kind']}", note)

    def test_bill_and_payment_lowered_while_an_answer_is_lost(self):
        parts = [{"bill_id": 1001, "amount": "866.00"}]
        self._change_receipt(self.receipt_id, amount="866.00")
        self._change_receipt(self.receipt_id, "allocations", allocations=parts)
        self._run(self.connection)
        parts[0]["amount"] = "500.00"
        self._change_receipt(self.receipt_id, "allocations", allocations=parts)
        self._replace_lines(1001, {"amount_exclusive": "500.00", "tax_code": "NT"})
        self._lose()

        self._go_on(2)

        self._assert_settles(self.receipt_id, {1001: "500.00"}, "366.00")
        invoice = self._get_invoice(self.connection, 1001)
        self.assertEqual(invoice.state, "pushed", invoice.failure_message)


@tagged("post_install", "-at_install")
class TestLostRemovals(LostCase):
    def _lose_removal(self, removal, fault):
        """Return a receipt whose removal was sent and not answered."""
        self.connection.removal = removal
        receipt_id = self._receive((1001, "10.00"))
        self._run(self.connection)
        self._change_receipt(receipt_id, "delete")
        body = '"delete"' if removal == "delete" else '"void"'
        self._lose(fault, body=body)
        return receipt_id

    def test_lost_answer_to_a_removal(self):
        for removal in ("delete", "void"):
            for replay, fault in (("off", DROP_AFTER), ("fault", DROP_BEFORE)):
                with self.subTest(removal=removal, fault=fault["kind"]):
                    self._switch("quickbooks", replay=replay)
                    receipt_id = self._lose_removal(removal, fault)

                    self._go_on()

                    self._assert_payment(receipt_id, "withdrawn")
                    self.assertEqual(self._get_rows(receipt_id), [])
                    self.assertEqual(self._get_balance(1001), 866)

    def test_worker_that_died_after_the_removal(self):
        receipt_id = self._receive((1001, "10.00"))
        self._run(self.connection)
        payment = self._get_payment(receipt_id)
        object_id = payment.quickbooks_id
        self._change_receipt(receipt_id, "delete")
        self._run(self.connection)
        job = payment.job_ids.filtered(lambda one: one.operation == "delete")
        payment.write({"quickbooks_id": object_id, "state": "queued"})
        job.write({"state": "started", "finished_at": False})

        self._go_on()

        self.assertEqual(job.state, "done")
        self._assert_payment(receipt_id, "withdrawn")

    def test_bill_and_payment_removed_while_an_answer_is_lost(self):
        bill_id = self._add_bill()
        receipt_id = self._receive((bill_id, "100.00"))
        self._run(self.connection)
        self._change_receipt(receipt_id, "delete")
        self.sandbox.admin("actionstep", "POST", f"bills/{bill_id}/delete", {})
        self._lose(body='"delete"')

        self._go_on(2)

        self._assert_payment(receipt_id, "withdrawn")
        invoice = self._get_invoice(self.connection, bill_id)
        self.assertEqual(invoice.state, "withdrawn", invoice.failure_message)
        self.assertEqual(self._get_quickbooks_invoices(bill_id), [])
