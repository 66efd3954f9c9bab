"""Passes as the scheduler really makes them: committed, each on cursors of its own.

Other tests share one transaction, in which no lock of the scheduler can be felt.
"""
# What the scheduler is to see must be committed; it is removed after each test.
# pylint: disable=invalid-commit

import threading
import time
from contextlib import closing

from odoo import SUPERUSER_ID, api
from odoo.tests import tagged

from .common import ActionstepCase
from .raw_server import Reply
from .relay import Relay, writes
from .test_pull import NEVER

PATIENCE = 10  # seconds until a test gives up on what should have come long ago
BLOCKED = "SELECT pid FROM pg_stat_activity WHERE %s = ANY(pg_blocking_pids(pid))"


class SchedulerCase(ActionstepCase):
    def setUp(self):
        super().setUp()
        test_env = self.env
        cursor = self.registry.cursor()
        self.addCleanup(cursor.close)
        # The builders work in this environment from here on.
        self.env = api.Environment(cursor, SUPERUSER_ID, {})
        self.addCleanup(setattr, self, "env", test_env)
        self.connection = self._make_active(user_id=self.env.ref("base.user_admin").id)
        self.env.cr.commit()
        self.addCleanup(self._remove_connection)

    def _remove_connection(self):
        self.env.cr.rollback()
        # Else it could only be archived.
        invoices = self.connection.invoice_ids
        invoices.write({"quickbooks_id": False, "state": "withdrawn"})
        invoices.participant_id.quickbooks_id = False
        self.connection.unlink()
        self.env.cr.commit()

    def _run_for_real(self):
        """Let the scheduler make a pass, and return its run."""
        self.env.cr.commit()
        self.assertIs(self.connection.cron_id.method_direct_trigger(), True)
        self.env.cr.commit()
        self.env.invalidate_all()
        return self.connection.last_run_id

    def _commit_when_met(self, change):
        """Change something, as somebody else; commit when a pass waits for it.

        :param change: gets the connection as that person's request sees it
        :return: thread to join, when the pass is over
        """

        def commit():
            with closing(cursor), closing(self.registry.cursor()) as watch:
                until = time.monotonic() + PATIENCE
                while not met and time.monotonic() < until:
                    time.sleep(0.02)
                    watch.execute(BLOCKED, [pid])
                    met.extend(watch.fetchall())
                    watch.rollback()
                cursor.commit()

        met = []
        cursor = self.registry.cursor()
        pid = cursor._cnx.get_backend_pid()
        env = api.Environment(cursor, SUPERUSER_ID, {})
        change(self.connection.with_env(env))
        env.flush_all()
        self.addCleanup(self.assertTrue, met, "no pass met the change")
        thread = threading.Thread(target=commit)
        thread.start()
        return thread


@tagged("post_install", "-at_install")
class TestScheduler(SchedulerCase):
    def test_pass_pushes_every_bill(self):
        run = self._run_for_real()

        self.assertEqual(run.state, "done", run.message)
        self.assertEqual(set(self.connection.invoice_ids.mapped("state")), {"pushed"})
        self.assertEqual(len(self._get_quickbooks_invoices()), 8)

    def test_pass_that_is_stopped_pauses_its_connection(self):
        fault = {"kind": "fault", "code": "6190", "message": "Subscription ended"}
        self.sandbox.fault("quickbooks", fault, path="/batch", body='"Invoice"')

        run = self._run_for_real()

        self.assertEqual((run.state, self.connection.state), ("interrupted", "paused"))
        self.assertEqual(self.connection.pause_reason, run.message)
        self.connection.action_resume()
        self.env.cr.commit()
        self.assertTrue(self.connection.cron_id.active)
        self.assertEqual(self._run_for_real().state, "done")
        self.assertEqual(len(self._get_quickbooks_invoices()), 8)

    def test_pass_that_loses_the_grant_asks_for_a_reconnect(self):
        self.sandbox.admin("quickbooks", "POST", "tokens", {"revoke": True})
        self.addCleanup(
            self.sandbox.admin, "quickbooks", "POST", "reset", {"keep_tokens": False}
        )

        run = self._run_for_real()

        self.assertEqual(run.state, "interrupted")
        self.assertEqual(self.connection.state, "reauth_required")
        self.assertTrue(self.connection.activity_ids)

    def test_token_is_renewed_in_the_middle_of_a_pass(self):
        for side in ("quickbooks", "actionstep"):
            self.sandbox.admin(side, "POST", "tokens", {"expire_access": True})

        run = self._run_for_real()

        self.assertEqual(run.state, "done", run.message)
        self.assertEqual(len(self._get_quickbooks_invoices()), 8)

    def test_pause_while_the_scheduler_is_at_work_needs_no_wait(self):
        with self.registry.cursor() as scheduler:
            # What the scheduler holds while a pass is at work.
            scheduler.execute(
                "SELECT FROM ir_cron WHERE id = %s FOR NO KEY UPDATE",
                [self.connection.cron_id.id],
            )
            self.connection.action_pause()
            self.env.cr.commit()
        self.sandbox.admin("actionstep", "DELETE", "log")

        self.assertIs(self.connection.cron_id.method_direct_trigger(), True)

        self.assertEqual(self.sandbox.requests("actionstep"), [])
        self.connection.action_resume()
        self.assertEqual(self._run_for_real().state, "done")

    def test_archived_connection_pushes_nothing_more(self):
        def archive(call, reply):
            if "/bills" in call.path:
                with self.registry.cursor() as cursor:
                    env = api.Environment(cursor, SUPERUSER_ID, {})
                    self.connection.with_env(env).action_archive()
            return reply

        credential = self.connection._get_credential("actionstep")
        with Relay(credential.api_endpoint, archive) as relay:
            credential.api_endpoint = relay.api_url
            self._run_for_real()
        # The scheduled action was at work, so it could not be switched off.
        self.assertTrue(self.connection.cron_id.active)
        self.sandbox.admin("actionstep", "DELETE", "log")
        self._run_for_real()

        self.assertEqual(self.sandbox.requests("actionstep"), [])
        self.assertEqual(self._get_quickbooks_invoices(), [])
        self.connection.action_unarchive()
        self.env.cr.commit()

    def test_pause_ends_the_look_for_lost_documents(self):
        def pause(call, reply):
            if "INV-1000" in call.body:
                looked.append(call)
                with self.registry.cursor() as cursor:
                    env = api.Environment(cursor, SUPERUSER_ID, {})
                    connection = self.connection.with_env(env)
                    if connection.state == "active":
                        connection.action_pause()
            return reply

        looked, jobs = [], self.env["actionstep.sync.job"]
        self._run_for_real()
        jobs = self._get_jobs(self.connection).filtered("invoice_id")
        for job in jobs:
            # Each was sent alone, and lost.
            job.write({"state": "unknown", "retry": 3, "eta": False})
            job.invoice_id.write({"quickbooks_id": False, "state": "queued"})
        with Relay(self.sandbox.quickbooks["api_url"], pause) as relay:
            self.connection.local_quickbooks_api_url = relay.api_url
            self._run_for_real()

        self.assertEqual(len(looked), 1)
        self.connection.local_quickbooks_api_url = self.sandbox.quickbooks["api_url"]
        self.connection.action_resume()
        self._run_for_real()
        self.assertEqual(set(self.connection.invoice_ids.mapped("state")), {"pushed"})
        self.assertEqual(len(self._get_quickbooks_invoices()), 8)

    def test_push_now_while_the_same_document_is_planned_pushes_it_once(self):
        def push_now(connection):
            self._get_invoice(connection, 1001).action_push_now()

        lines = self.connection.item_mapping_ids
        values = [line.copy_data()[0] for line in lines]
        lines.unlink()
        self._run_for_real()
        invoice = self._get_invoice(self.connection, 1001)
        self.assertEqual(invoice.failure_cause, "account_unmapped")
        lines.create(values)
        self.env.cr.commit()

        person = self._commit_when_met(push_now)
        run = self._run_for_real()
        person.join()

        self.assertEqual(run.state, "running")
        while run.state == "running":
            run = self._run_for_real()
        self.assertEqual((run.state, invoice.state), ("done", "pushed"))
        self.assertEqual(len(self._get_quickbooks_invoices(1001)), 1)
        self.assertEqual(len(invoice.job_ids), 1)

    def test_stop_at_the_very_end_of_a_pass_is_no_error(self):
        def stop(call, reply):
            if writes(call) and '"Invoice": {' in call.body and not people:
                people.append(self._commit_when_met(lambda one: one.action_stop()))
            return reply

        people = []
        self.connection.batches_away = 1
        # That it went well is written down when the run ends.
        self.connection.failure_count = 1
        with Relay(self.sandbox.quickbooks["api_url"], stop) as relay:
            self.connection.local_quickbooks_api_url = relay.api_url
            run = self._run_for_real()
            people[0].join()
        self.assertEqual(run.state, "running")
        self.assertEqual(set(self.connection.invoice_ids.mapped("state")), {"pushed"})

        self.connection.local_quickbooks_api_url = self.sandbox.quickbooks["api_url"]
        run = self._run_for_real()

        self.assertEqual(run.state, "stopped")
        self.assertFalse(self.connection.is_stopping)
        self.assertEqual(self._run_for_real().state, "done")
        self.assertEqual(len(self._get_quickbooks_invoices()), 8)

    def test_requeue_in_the_middle_of_a_pass_is_no_error(self):
        """Both want to write the same document; the pass steps back and comes again."""

        def hide(call, reply):
            return Reply(204, "") if "/participants" in call.path else reply

        def requeue(call, reply):
            if "/participants/" in call.path and not requeued:
                with self.registry.cursor() as cursor:
                    env = api.Environment(cursor, SUPERUSER_ID, {})
                    invoices = self.connection.with_env(env).invoice_ids
                    invoices.action_requeue()
                requeued.append(True)
            return reply

        requeued = []
        credential = self.connection._get_credential("actionstep")
        api_endpoint = credential.api_endpoint
        for change in (hide, requeue):
            with Relay(api_endpoint, change) as relay:
                credential.api_endpoint = relay.api_url
                self._run_for_real()
            credential.api_endpoint = api_endpoint
        states = set(self.connection.invoice_ids.mapped("state"))

        run = self._run_for_real()

        self.assertEqual(states, {"waiting"})
        self.assertEqual((run.state, run.message), ("done", False))
        self.assertEqual(set(self.connection.invoice_ids.mapped("state")), {"pushed"})
        notes = self._get_notes(self.connection)
        self.assertFalse(any("unexpected error" in note for note in notes))


@tagged("post_install", "-at_install")
class TestLongPass(SchedulerCase):
    firm_size = "70"

    def test_pause_lets_what_is_under_way_land_and_starts_nothing_more(self):
        def pause(call, reply):
            if writes(call) and '"Customer": {' in call.body:
                with once, self.registry.cursor() as cursor:
                    env = api.Environment(cursor, SUPERUSER_ID, {})
                    connection = self.connection.with_env(env)
                    if connection.state == "active":
                        connection.action_pause()
            return reply

        once = threading.Lock()
        with Relay(self.sandbox.quickbooks["api_url"], pause) as relay:
            self.connection.local_quickbooks_api_url = relay.api_url
            run = self._run_for_real()
        self.connection.local_quickbooks_api_url = self.sandbox.quickbooks["api_url"]

        clients = self.connection.invoice_ids.participant_id
        self.assertTrue(any(clients.mapped("quickbooks_id")))
        self.assertEqual(self._get_quickbooks_invoices(), [])
        self.assertEqual(run.state, "running", run.message)
        done, total = self.connection.progress_done, self.connection.progress_total
        self.assertEqual((done, total, self.connection.progress), (0, 70, 0))
        self.connection.action_resume()
        run = self._run_for_real()
        self.assertEqual((run.state, run.pushed_count), ("done", 70))
        self.assertEqual(self.connection.progress, 100)
        self.assertEqual(len(self._get_quickbooks_invoices()), 70)


@tagged("post_install", "-at_install")
class TestReading(SchedulerCase):
    """Somebody objects while a first load reads page after page."""

    firm_size = "401"

    def _read_while(self, press):
        """Make a pass; call ``press`` with the connection when page 2 is read."""

        def look(call, reply):
            if "/bills" in call.path and "page=2" in call.path:
                with self.registry.cursor() as cursor:
                    env = api.Environment(cursor, SUPERUSER_ID, {})
                    press(self.connection.with_env(env))
            return reply

        credential = self.connection._get_credential("actionstep")
        api_endpoint = credential.api_endpoint
        with Relay(api_endpoint, look) as relay:
            credential.api_endpoint = relay.api_url
            run = self._run_for_real()
        credential.api_endpoint = api_endpoint
        return run

    def test_stop_takes_effect_after_the_page(self):
        run = self._read_while(lambda connection: connection.action_stop())

        self.assertEqual((run.state, run.pulled_count), ("stopped", 400))
        self.assertFalse(self._get_quickbooks_invoices())
        self.assertFalse(self.connection.is_stopping)

    def test_pause_takes_effect_after_the_page_and_resume_reads_the_rest(self):
        self.connection.start_date = NEVER
        run = self._read_while(lambda connection: connection.action_pause())

        self.assertEqual((run.state, run.pulled_count), ("running", 400))
        self.assertFalse(run.pulled_at)
        self.assertEqual(self.connection.progress_phase, "idle")

        self.connection.action_resume()
        again = self._run_for_real()

        self.assertEqual((again, again.state), (run, "done"))
        self.assertEqual(len(self.connection.invoice_ids), 401)
