"""What was sent and not answered: never a second invoice, never one that is lost.

QuickBooks only warns of a number used twice where a firm wants it, so these tests turn
the warning off: nothing but our own care then keeps a bill from standing there twice.
"""

from datetime import timedelta

from odoo import fields
from odoo.tests import tagged

from odoo.addons.actionstep_quickbooks.models.actionstep_sync_job import MAX_RETRIES
from odoo.addons.actionstep_quickbooks.models.maps import Maps

from .common import ActionstepCase
from .raw_server import Reply
from .relay import item_fault, spoil_invoice, writes

DROP_BEFORE, DROP_AFTER = {"kind": "drop_before"}, {"kind": "drop_after"}
INVOICES = {"method": "POST", "path": "/batch", "body": '"Invoice"'}


class RecoveryCase(ActionstepCase):
    def setUp(self):
        super().setUp()
        # One batch holds all that can go.
        self.connection = self._make_active(batches_away=1)
        self._switch("quickbooks", warn_duplicate_number="off")

    def _lose(self, fault=DROP_AFTER):
        """Make a pass in which QuickBooks' answer to the invoices is lost."""
        self.sandbox.fault("quickbooks", fault, **INVOICES)
        run = self._run(self.connection)
        self.assertEqual(run.state, "interrupted")

    def _go_on(self, passes=1, *, is_over=True):
        """Make further passes, each when everything that waits is due."""
        for _number in range(passes):
            self._make_due(self.connection, is_over=is_over)
            run = self._run(self.connection)
        return run

    def _forget_time(self):
        """Let the time pass in which a request may still be under way."""
        jobs = self._get_jobs(self.connection)
        jobs.write({"started_at": fields.Datetime.now() - timedelta(hours=1)})

    def _assert_once(self):
        """Assert that every bill stands in QuickBooks once and we know where."""
        invoices = self.connection.invoice_ids
        self.assertEqual(set(invoices.mapped("state")), {"pushed"})
        theirs = self._get_quickbooks_invoices()
        self.assertEqual(len(theirs), len(invoices))
        self.assertEqual(
            {invoice["Id"] for invoice in theirs}, set(invoices.mapped("quickbooks_id"))
        )


@tagged("post_install", "-at_install")
class TestLookUps(RecoveryCase):
    """A look-up that fails holds up nobody else, and not for ever."""

    refusal = {"kind": "fault", "code": "4000", "message": "Lexical error"}
    busy = {"kind": "status", "status": 503, "shape": "html"}

    def _lose_one(self, fault, times):
        """Lose the answer about one bill; its look-up then fails so often."""
        spoil = spoil_invoice("INV-10003", lambda _item: None)
        self._run_through(self.connection, spoil)
        match = {"method": "POST", "path": "/query", "body": "INV-10003"}
        self.sandbox.fault("quickbooks", fault, times=times, **match)
        return self._get_jobs(self.connection, "unknown")

    def test_refused_look_up_ends_with_a_person(self):
        job = self._lose_one(self.refusal, 99)
        self._add_bill()

        run = self._go_on()

        self.assertEqual(run.state, "done", run.message)
        self.assertEqual((job.state, job.retry), ("unknown", 2))
        others = self.connection.invoice_ids - job.invoice_id
        self.assertEqual(set(others.mapped("state")), {"pushed"})
        self._go_on(MAX_RETRIES)
        self.assertEqual((job.state, job.invoice_id.state), ("failed", "attention"))

    def test_look_up_that_fails_for_the_moment_is_tried_again(self):
        self._lose_one(self.busy, 2)

        runs = [self._go_on() for _number in range(3)]

        states = [run.state for run in runs]
        self.assertEqual(states, ["interrupted", "interrupted", "done"])
        self._assert_once()

    def test_document_that_cannot_be_looked_up_before_it_goes_is_not_called_sent(self):
        self._run(self.connection)
        invoice = self._get_invoice(self.connection, 1003)
        match = {"method": "POST", "path": "/query", "body": "DocNumber"}
        self.sandbox.fault("quickbooks", self.busy, **match)
        invoice._set_unbound()
        invoice.action_push_now()

        self._run(self.connection)

        job = invoice.job_ids.filtered(lambda one: one.state != "done")
        self.assertEqual((job.state, job.retry), ("pending", 1))
        self._go_on()
        self._assert_once()

    def test_request_that_is_repeated_has_the_whole_time_again(self):
        self._lose(DROP_BEFORE)
        self._make_due(self.connection)
        before = fields.Datetime.now()
        self.sandbox.fault("quickbooks", DROP_BEFORE, **INVOICES)

        self._run(self.connection)

        jobs = self._get_jobs(self.connection, "unknown")
        self.assertEqual(len(jobs), 8)
        self.assertTrue(all(one >= before for one in jobs.mapped("started_at")))
        self._go_on()
        self._assert_once()

    def _forget_one(self, state):
        """Let the job of an invoice wait for one of its customer that is over."""
        self._run(self.connection)
        invoice = self._get_invoice(self.connection, 1003)
        invoice._ask_again()
        self.connection._plan_documents(
            invoice, Maps(self.connection), self.connection._get_company_value()
        )
        customer = self._get_jobs(self.connection).filtered("participant_id")[0]
        customer.state = state
        job = invoice.job_ids.filtered(lambda one: one.state == "pending")
        job.write({"state": "waiting", "depends_on_id": customer.id})
        return job

    def test_job_that_waits_for_one_which_is_done_goes(self):
        job = self._forget_one("done")

        self._run(self.connection)

        self.assertEqual(job.state, "done")
        self._assert_once()

    def test_job_that_waits_for_one_which_failed_is_decided_anew(self):
        job = self._forget_one("failed")

        self._run(self.connection)

        self.assertEqual(job.state, "cancelled")
        self._assert_once()


@tagged("post_install", "-at_install")
class TestLostAnswers(RecoveryCase):
    def _answer_badly(self, reply):
        """Make a pass in which the invoices are created and answered by a reply."""

        def change(call, answer):
            return reply if writes(call) and '"Invoice"' in call.body else answer

        run = self._run_through(self.connection, change)
        self.assertEqual(len(self._get_quickbooks_invoices()), 8)
        self.assertEqual(len(self._get_jobs(self.connection, "unknown")), 8)
        return run

    def test_page_of_html_after_the_work_was_done(self):
        run = self._answer_badly(Reply(200, "<html><body>Sorry</body></html>"))
        self.assertIn("no answer came", run.message)
        self._go_on()
        self._assert_once()

    def test_xml_after_the_work_was_done(self):
        self._answer_badly(Reply(200, '<?xml version="1.0"?><IntuitResponse/>'))
        self._go_on()
        self._assert_once()

    def test_cut_json_after_the_work_was_done(self):
        self._answer_badly(Reply(200, '{"BatchItemResponse":[{"Invoice":{"DocNu'))
        self._go_on()
        self._assert_once()

    def test_empty_body_after_the_work_was_done(self):
        self._answer_badly(Reply(200, ""))
        self._go_on()
        self._assert_once()

    def test_server_error_without_a_code_after_the_work_was_done(self):
        self._answer_badly(Reply(500, "<html>500</html>"))
        self._go_on()
        self._assert_once()

    def test_unreadable_answers_before_the_work_was_done(self):
        for shape, status in (("html", 502), ("cut_json", 500), ("empty", 200)):
            fault = {"kind": "status", "status": status, "shape": shape}
            self.sandbox.fault("quickbooks", fault, **INVOICES)

        self._go_on(4)

        self._assert_once()
        self.assertEqual(len({sent["requestid"] for sent in self._get_sent()}), 1)

    def test_item_missing_from_the_answer_is_looked_up(self):
        lose = spoil_invoice("INV-10003", lambda _item: None)
        run = self._run_through(self.connection, lose)

        self.assertEqual((run.state, run.pushed_count), ("done", 7))
        self.assertEqual(len(self._get_jobs(self.connection, "unknown")), 1)
        self._go_on()
        self._assert_once()

    def test_system_error_of_an_item_that_was_created_all_the_same(self):
        refuse = spoil_invoice("INV-10003", item_fault("10000"))
        self._run_through(self.connection, refuse)

        self._go_on()
        self._assert_once()

    def test_answer_that_cannot_be_stored_makes_no_second_invoice(self):
        def spoil(item):
            return {**item, "Invoice": {**item["Invoice"], "TotalAmt": "many"}}

        self._run_through(self.connection, spoil_invoice("INV-10003", spoil))
        invoice = self._get_invoice(self.connection, 1003)
        self.assertEqual((invoice.state, invoice.failure_type), ("attention", "bug"))
        self.assertIn("Requeue to try again", invoice.failure_message)

        invoice.action_requeue()
        self._go_on()

        self._assert_once()


@tagged("post_install", "-at_install")
class TestReplay(RecoveryCase):
    def test_without_replay_a_lost_answer_makes_no_second_invoice(self):
        self._switch("quickbooks", replay="off")
        self._lose()
        self._go_on()
        self._assert_once()

    def test_refused_replay_makes_no_second_invoice(self):
        self._switch("quickbooks", replay="fault")
        self._lose()
        self._go_on()
        self._assert_once()

    def test_outcome_that_stays_unknown_is_shown_and_settled_by_a_look(self):
        self._switch("quickbooks", replay="fault")
        self._lose()
        removed = self._get_quickbooks_invoices(1001)[0]["Id"]
        self._delete_in_quickbooks("Invoice", removed)

        self._go_on(MAX_RETRIES)

        invoice = self._get_invoice(self.connection, 1001)
        self.assertEqual(
            (invoice.state, invoice.failure_cause), ("attention", "outcome_unknown")
        )
        self.assertIn("it is looked up in QuickBooks", invoice.failure_message)
        self.assertEqual(self._get_quickbooks_invoices(1001), [])
        self._go_on()
        self._assert_once()

    def test_number_with_odd_blanks_is_found_again(self):
        self._edit_bill(1001, number="INV  1001\t/ A")
        self._lose()
        self.sandbox.admin("quickbooks", "DELETE", "log")

        self._go_on()

        self._assert_once()
        self.assertEqual(self._get_sent(), [])

    def test_invoice_renumbered_in_quickbooks_meanwhile_is_known_by_its_replay(self):
        self._lose()
        theirs = self._get_quickbooks_invoices(1001)[0]
        self._edit_in_quickbooks("Invoice", theirs["Id"], DocNumber="BY-HAND")

        self._go_on()

        self.assertEqual(len(self._get_quickbooks_invoices(1001)), 1)
        invoice = self._get_invoice(self.connection, 1001)
        self.assertEqual(invoice.quickbooks_id, theirs["Id"])
        self.assertEqual(
            (invoice.state, invoice.failure_cause), ("attention", "totals_differ")
        )
        self.assertIn("BY-HAND", invoice.failure_message)
