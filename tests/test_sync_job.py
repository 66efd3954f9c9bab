"""Every arrow of the life of a job; the picture stands in actionstep_sync_job.py."""

from datetime import timedelta

import psycopg2

from odoo import fields
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.actionstep_quickbooks.models.actionstep_sync_job import MAX_RETRIES

from .common import ActionstepCase
from .relay import change_item, item_fault, spoil_invoice, writes

DROP_BEFORE, DROP_AFTER = {"kind": "drop_before"}, {"kind": "drop_after"}
INVOICES = {"method": "POST", "path": "/batch", "body": '"Invoice"'}
UNAVAILABLE = spoil_invoice("INV-10001", item_fault("10000"))


@tagged("post_install", "-at_install")
class TestSyncJob(ActionstepCase):
    def setUp(self):
        super().setUp()
        # One batch holds all that can go.
        self.connection = self._make_active(batches_away=1)

    def _get_job(self, bill_id):
        """Return the newest job of a bill."""
        jobs = self._get_invoice(self.connection, bill_id).job_ids
        return jobs.sorted("id")[-1:]

    # --- waiting, pending, started, done ---

    def test_invoice_waits_until_its_customer_is_there(self):
        self.sandbox.fault("quickbooks", DROP_BEFORE, path="/batch", body='"Customer"')

        self._run(self.connection)

        waiting = self._get_jobs(self.connection, "waiting")
        self.assertEqual(waiting.invoice_id, self.connection.invoice_ids)
        self.assertEqual(set(waiting.depends_on_id.mapped("state")), {"unknown"})
        self.assertFalse(self._get_sent("Invoice"))

        self._make_due(self.connection)
        self._run(self.connection)

        self.assertEqual(set(self._get_jobs(self.connection).mapped("state")), {"done"})
        self.assertEqual(len(self._get_quickbooks_invoices()), len(self.firm.bills))

    def test_request_id_is_stored_before_anything_is_sent(self):
        self.sandbox.fault("quickbooks", DROP_BEFORE, **INVOICES)

        self._run(self.connection)

        [request_id] = {sent["requestid"] for sent in self._get_sent("Invoice")}
        unknown = self._get_jobs(self.connection, "unknown")
        self.assertEqual(set(unknown.mapped("request_id")), {request_id})
        self.assertTrue(all(unknown.mapped("started_at")))

    def test_done_job_names_no_failure(self):
        self._run(self.connection)

        jobs = self._get_jobs(self.connection)
        self.assertEqual(set(jobs.mapped("state")), {"done"})
        self.assertFalse(any(jobs.mapped("failure_message")))
        self.assertTrue(all(jobs.mapped("finished_at")))

    # --- failed ---

    def test_refused_invoice_fails_and_its_document_says_why(self):
        self._switch("quickbooks", closed_books={"date": "2026-09-01"})

        run = self._run(self.connection)

        job = self._get_job(1001)
        self.assertEqual((job.state, job.failure_cause), ("failed", "closed_period"))
        self.assertIn("The books in QuickBooks are closed", job.failure_message)
        self.assertIn("intuit_tid", job.failure_detail)
        self.assertEqual((run.state, run.failed_count), ("done", 1))
        self.assertEqual(self._get_invoice(self.connection, 1001).state, "attention")
        self.assertEqual(len(self._get_quickbooks_invoices()), 7)

    def test_failed_customer_fails_the_invoices_that_wait_for_it(self):
        def refuse(call, reply):
            if not writes(call) or '"Customer"' not in call.body:
                return reply
            fault = item_fault("6000", "The customer is odd.")
            return change_item(call, reply, "Bond, James", fault)

        self._run_through(self.connection, refuse)

        job = self._get_job(1001)
        self.assertEqual(job.state, "failed")
        self.assertEqual(job.depends_on_id.state, "failed")
        self.assertEqual(
            job.invoice_id.failure_message,
            "QuickBooks refused the document: The customer is odd. Correct this, then "
            "requeue.",
        )
        self.assertEqual(len(self._get_quickbooks_invoices()), 7)

    # --- refused for the moment ---

    def test_passing_refusal_is_tried_again_not_before_its_time(self):
        self._run_through(self.connection, UNAVAILABLE)

        job = self._get_job(1001)
        self.assertEqual((job.state, job.retry), ("pending", 1))
        self.assertEqual(job.failure_cause, "unavailable")
        self.assertGreater(job.eta, fields.Datetime.now())
        self.assertEqual(job.invoice_id.state, "queued")

        self._run(self.connection)
        self.assertEqual(job.state, "pending")
        self._make_due(self.connection)
        self._run(self.connection)

        self.assertEqual(job.state, "done")
        self.assertFalse(job.failure_message)
        self.assertEqual(len(self._get_quickbooks_invoices(1001)), 1)

    def test_schedule_wakes_when_the_job_is_due(self):
        self._run_through(self.connection, UNAVAILABLE)

        triggers = self.env["ir.cron.trigger"].search(
            [("cron_id", "=", self.connection.cron_id.id)]
        )
        self.assertIn(
            self._get_job(1001).eta.replace(second=0),
            [at.replace(second=0) for at in triggers.mapped("call_at")],
        )

    def test_last_try_leaves_the_document_to_a_person(self):
        self._run_through(self.connection, UNAVAILABLE)
        self._delete_in_quickbooks(
            "Invoice", self._get_quickbooks_invoices(1001)[0]["Id"]
        )
        job = self._get_job(1001)
        job.retry = MAX_RETRIES
        self._make_due(self.connection)

        self._run_through(self.connection, UNAVAILABLE)

        self.assertEqual(job.state, "failed")
        self.assertEqual(job.invoice_id.state, "attention")
        self.assertEqual(job.invoice_id.failure_cause, "unavailable")

    # --- unknown ---

    def test_lost_answer_is_found_in_quickbooks(self):
        self.sandbox.fault("quickbooks", DROP_AFTER, **INVOICES)
        self._run(self.connection)
        unknown = self._get_jobs(self.connection, "unknown")
        self.assertEqual(len(unknown), 8)
        self.assertEqual(set(unknown.mapped("failure_cause")), {"outcome_unknown"})
        self.assertIn("it is looked up in QuickBooks", unknown[0].failure_message)
        self.assertEqual(set(unknown.invoice_id.mapped("state")), {"queued"})
        self.sandbox.admin("quickbooks", "DELETE", "log")

        self._make_due(self.connection)
        self._run(self.connection)

        self.assertEqual(set(unknown.mapped("state")), {"done"})
        self.assertEqual(self._get_sent("Invoice"), [])
        self.assertEqual(len(self._get_quickbooks_invoices()), 8)

    def test_lost_request_is_sent_again_with_the_same_id(self):
        self.sandbox.fault("quickbooks", DROP_BEFORE, **INVOICES)
        self._run(self.connection)
        unknown = self._get_jobs(self.connection, "unknown")

        self._make_due(self.connection)
        self._run(self.connection)

        self.assertEqual(set(unknown.mapped("state")), {"done"})
        self.assertEqual(len({sent["requestid"] for sent in self._get_sent()}), 1)
        self.assertEqual(len(self._get_sent()), 16)
        self.assertEqual(len(self._get_quickbooks_invoices()), 8)

    def test_replay_of_a_removed_invoice_starts_anew(self):
        self.sandbox.fault("quickbooks", DROP_AFTER, **INVOICES)
        self._run(self.connection)
        removed = self._get_quickbooks_invoices(1001)[0]["Id"]
        self._delete_in_quickbooks("Invoice", removed)

        self._make_due(self.connection)
        self._run(self.connection)

        job = self._get_job(1001)
        self.assertEqual(job.state, "done")
        [invoice] = self._get_quickbooks_invoices(1001)
        self.assertNotEqual(invoice["Id"], removed)
        self.assertEqual(job.invoice_id.quickbooks_id, invoice["Id"])
        ids = {sent["requestid"] for sent in self._get_sent()}
        self.assertEqual(len(ids), 2)
        self.assertIn(job.request_id, ids)

    def test_started_job_without_a_worker_is_recovered(self):
        self._run(self.connection)
        jobs = self._get_jobs(self.connection).filtered("invoice_id")
        # As a worker leaves it that died after sending, before storing the answer.
        jobs.write({"state": "started", "finished_at": False})
        jobs.invoice_id.write({"state": "queued", "quickbooks_id": False})
        self.sandbox.admin("quickbooks", "DELETE", "log")

        self._run(self.connection)

        self.assertEqual(set(jobs.mapped("state")), {"done"})
        self.assertEqual(set(jobs.invoice_id.mapped("state")), {"pushed"})
        self.assertEqual(self._get_sent("Invoice"), [])
        self.assertEqual(len(self._get_quickbooks_invoices()), 8)

    def test_started_job_that_was_never_sent_is_sent_once(self):
        self.sandbox.fault("quickbooks", DROP_BEFORE, **INVOICES)
        self._run(self.connection)
        jobs = self._get_jobs(self.connection, "unknown")
        # As a worker leaves it that died between claiming and sending.
        jobs.write({"state": "started", "number": False, "fingerprint": False})
        jobs.retry = 0

        self._make_due(self.connection)
        self._run(self.connection)

        self.assertEqual(set(jobs.mapped("state")), {"done"})
        self.assertEqual(len(self._get_quickbooks_invoices()), 8)

    # --- cancelled ---

    def test_changed_document_cancels_the_job_that_was_not_sent(self):
        self.sandbox.fault("quickbooks", DROP_BEFORE, path="/batch", body='"Customer"')
        self._run(self.connection)
        old = self._get_job(1001)
        self._edit_bill(1001, number="INV-NEW")

        self._make_due(self.connection)
        self._run(self.connection)

        self.assertEqual(old.state, "cancelled")
        self.assertEqual(self._get_job(1001).state, "done")
        [invoice] = self._get_quickbooks_invoices(1001)
        self.assertEqual(invoice["DocNumber"], "INV-NEW")

    def test_withdrawn_document_cancels_its_job(self):
        self.sandbox.fault("quickbooks", DROP_BEFORE, path="/batch", body='"Customer"')
        self._run(self.connection)
        self._edit_bill(1001, status="Deleted")

        self._make_due(self.connection)
        self._run(self.connection)

        self.assertEqual(self._get_job(1001).state, "cancelled")
        self.assertEqual(self._get_invoice(self.connection, 1001).state, "withdrawn")
        self.assertFalse(self._get_quickbooks_invoices(1001))

    # --- the queue itself ---

    @mute_logger("odoo.sql_db")
    def test_the_same_work_is_queued_once(self):
        job = {
            "connection_id": self.connection.id,
            "operation": "create",
            "identity_key": "invoice:1",
        }
        self.env["actionstep.sync.job"].create(job)
        with self.assertRaises(psycopg2.errors.UniqueViolation):
            self.env["actionstep.sync.job"].create({**job, "state": "unknown"})

    def test_finished_jobs_are_dropped_after_half_a_year(self):
        self._run(self.connection)
        jobs = self._get_jobs(self.connection)
        old, young, failed = jobs[0], jobs[1], jobs[2]
        long_ago = fields.Datetime.now() - timedelta(days=181)
        (old | failed).write({"finished_at": long_ago})
        failed.state = "failed"

        self.env["actionstep.sync.job"]._gc_finished()

        self.assertEqual((old | young | failed).exists(), young | failed)
