"""The scheduled action: trouble of a whole connection, and what an idle pass costs."""

from datetime import timedelta

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from odoo.addons.actionstep_quickbooks.dev.sandbox import firms

from .common import ActionstepCase
from .sandbox import Sandbox

REFRESH = {"path": "oauth/token"}
LIMIT = "asks us to wait. The work goes on by itself in a minute."


class CronCase(ActionstepCase):
    def setUp(self):
        super().setUp()
        self.connection = self._make_active()

    def _assert_all_pushed(self):
        self.assertEqual(set(self.connection.invoice_ids.mapped("state")), {"pushed"})
        self.assertEqual(len(self._get_quickbooks_invoices()), len(self.firm.bills))

    def _assert_goes_on(self):
        """Assert that a further pass, when it is due, pushes every bill once."""
        self._make_due(self.connection)
        run = self._run(self.connection)
        self.assertEqual(run.state, "done", run.message)
        self._assert_all_pushed()
        self.assertFalse(self.connection.resume_at)
        self.assertEqual(self.connection.failure_count, 0)

    def _get_wait(self):
        """Return the seconds until the connection goes on."""
        return (self.connection.resume_at - fields.Datetime.now()).total_seconds()


@tagged("post_install", "-at_install")
class TestWaits(CronCase):
    """Passing trouble of either vendor."""

    def _break(self, side, shape="upper", status=500, headers=None, **match):
        fault = {"kind": "status", "status": status, "shape": shape}
        fault["headers"] = headers or {}
        self.sandbox.fault(side, fault, **match)

    def test_limit_of_quickbooks_in_all_three_shapes(self):
        for shape in ("xml", "lower", "upper"):
            self._break("quickbooks", shape, 429, method="POST", path="/batch")
            self._make_due(self.connection)
            run = self._run(self.connection)
            self.assertEqual(run.state, "interrupted")
            self.assertEqual(run.message, f"QuickBooks {LIMIT}")
            self.assertAlmostEqual(self._get_wait(), 60, delta=5)

        self.assertEqual(self.connection.failure_count, 0)
        self.assertFalse(any("asks us" in n for n in self._get_notes(self.connection)))
        self._assert_goes_on()

    def test_limit_in_the_middle_keeps_what_was_answered(self):
        self.connection.batches_away = 1
        self._break("quickbooks", "xml", 429, path="/batch", body='"Invoice"')

        self._run(self.connection)

        self.assertEqual(len(self._get_jobs(self.connection, "done")), 8)
        self.assertEqual(len(self._get_jobs(self.connection, "pending")), 8)
        self._assert_goes_on()

    def test_what_is_queued_goes_although_actionstep_is_down(self):
        self.connection.batches_away = 1
        self._break("quickbooks", "xml", 429, path="/batch", body='"Invoice"')
        self._run(self.connection)
        self._break("actionstep", path="/bills")
        self._make_due(self.connection)

        run = self._run(self.connection)

        self.assertEqual((run.state, run.pushed_count), ("interrupted", 8))
        self.assertIn("Actionstep could not be reached", run.message)
        self._assert_all_pushed()

    def test_limit_of_actionstep_with_and_without_a_time(self):
        for headers, seconds in (({"Retry-After": "7"}, 7), ({}, 60)):
            self._break("actionstep", status=429, headers=headers, path="rest/bills")
            self._make_due(self.connection)
            run = self._run(self.connection)
            self.assertEqual(run.message, f"Actionstep {LIMIT}")
            self.assertAlmostEqual(self._get_wait(), seconds, delta=3)
        self._assert_goes_on()

    def test_nothing_is_asked_before_the_wait_is_over(self):
        self._break("actionstep", status=429, path="rest/bills")
        self._run(self.connection)
        self.sandbox.admin("actionstep", "DELETE", "log")

        self._run(self.connection)

        self.assertEqual(self.sandbox.requests("actionstep"), [])
        triggers = self.env["ir.cron.trigger"].search(
            [("cron_id", "=", self.connection.cron_id.id)]
        )
        self.assertGreaterEqual(
            max(triggers.mapped("call_at")),
            self.connection.resume_at.replace(second=0, microsecond=0),
        )

    def _assert_waits(self, waits, longest):
        """Assert that each wait is as long as it may be, or up to a quarter less."""
        for wait, most in zip(waits, longest, strict=True):
            self.assertLessEqual(wait, most)
            # The answers took a moment, too.
            self.assertGreater(wait, most * 0.75 - 5)

    def test_unreadable_answers_of_actionstep_are_told_once(self):
        sentence = "Actionstep sent an answer that cannot be read."
        waits = []
        for shape, status in (("html", 200), ("cut_json", 200), ("html", 403)):
            self._break("actionstep", shape, status, path="rest/bills")
            self._make_due(self.connection)
            run = self._run(self.connection)
            if status == 200:
                self.assertIn(sentence, run.message)
                waits.append(self._get_wait())
        self._assert_waits(waits, [30, 60])
        notes = [n for n in self._get_notes(self.connection) if sentence in n]
        self.assertEqual(len(notes), 1)

    def test_server_errors_of_actionstep_wait_longer_each_time(self):
        waits = []
        for _number in range(3):
            self._break("actionstep", "html", 500, path="rest/bills")
            self._make_due(self.connection)
            run = self._run(self.connection)
            self.assertIn("Actionstep could not be reached", run.message)
            waits.append(self._get_wait())
        self._assert_waits(waits, [30, 60, 120])
        self._assert_goes_on()

    def test_server_errors_of_quickbooks_keep_the_queue(self):
        self.connection.batches_away = 1
        for shape, status in (("upper", 500), ("xml", 503)):
            self._break("quickbooks", shape, status, path="/batch", body='"Invoice"')
            self._make_due(self.connection)
            self._run(self.connection)
            self.assertEqual(
                set(self.connection.invoice_ids.mapped("state")), {"queued"}
            )
        self._assert_goes_on()

    def test_connection_that_is_cut_before_anything_was_asked(self):
        self.sandbox.fault("actionstep", {"kind": "drop_before"}, times=3, path="bills")
        run = self._run(self.connection)
        self.assertEqual(run.state, "interrupted")
        self._assert_goes_on()

    def test_unexpected_error_of_a_run_is_kept_and_tried_again(self):
        self.connection.tax_mapping_ids[0].quickbooks_tax_code_id.rates = [["1", "x"]]

        run = self._run(self.connection)

        self.assertEqual(run.state, "interrupted")
        self.assertIn("Traceback", run.detail)
        self.assertTrue(self.connection.resume_at)
        self.connection._load_lists()
        self._assert_goes_on()


@tagged("post_install", "-at_install")
class TestReconnect(CronCase):
    """A grant or a right that is gone stops the connection, and nothing is lost."""

    def test_responsible_is_told_whatever_else_there_is_to_do(self):
        self.connection.activity_schedule("mail.mail_activity_data_todo")
        self.sandbox.admin("quickbooks", "POST", "tokens", {"revoke": True})
        self._run(self.connection)
        summaries = self.connection.activity_ids.mapped("summary")
        self.assertIn("Reconnect needed", summaries)

    def _assert_reconnect_needed(self, side):
        connection = self.connection
        self.assertEqual(connection.state, "reauth_required")
        self.assertEqual(connection[f"{side}_state"], "reauth_required")
        activity = connection.activity_ids
        self.assertEqual(activity.user_id, connection.user_id)
        self.assertEqual(activity.summary, "Reconnect needed")
        self.assertIn(
            "no longer accepts the connection. Press Reconnect", activity.note
        )

    def test_refused_access_token_is_renewed_once_and_the_pass_goes_on(self):
        self.sandbox.admin("quickbooks", "POST", "tokens", {"expire_access": True})
        self.sandbox.admin("actionstep", "POST", "tokens", {"expire_access": True})

        run = self._run(self.connection)

        self.assertEqual(run.state, "done", run.message)
        self._assert_all_pushed()
        for side in ("quickbooks", "actionstep"):
            renewals = [
                row
                for row in self.sandbox.requests(side, "token")
                if row["body"].get("grant_type") == "refresh_token"
            ]
            self.assertEqual(len(renewals), 1, side)

    def test_ended_grant_of_quickbooks_keeps_the_queue(self):
        self.sandbox.admin("quickbooks", "POST", "tokens", {"revoke": True})

        self._run(self.connection)
        self._run(self.connection)

        self._assert_reconnect_needed("quickbooks")
        notes = self._get_notes(self.connection)
        self.assertEqual(sum("Press Reconnect" in note for note in notes), 1)
        self.assertEqual(set(self.connection.invoice_ids.mapped("state")), {"queued"})
        self.sandbox.admin("quickbooks", "POST", "reset", {"firm": "small"})
        self._consent(self.connection, "quickbooks")
        self._assert_goes_on()

    def test_ended_grant_of_actionstep_asks_for_actionstep(self):
        self.sandbox.admin("actionstep", "POST", "tokens", {"revoke": True})
        self._run(self.connection)
        self._assert_reconnect_needed("actionstep")
        self.assertIn("Actionstep no longer", self.connection.activity_ids.note)
        self._consent(self.connection, "actionstep")
        self._assert_goes_on()

    def test_refused_company_asks_for_a_reconnect(self):
        fault = {"kind": "status", "status": 403, "shape": "lower"}
        self.sandbox.fault("quickbooks", fault, path="/batch", body='"Invoice"')
        self._run(self.connection)
        self._assert_reconnect_needed("quickbooks")
        self._consent(self.connection, "quickbooks")
        self._assert_goes_on()

    def test_ended_subscription_pauses_until_somebody_resumes(self):
        fault = {"kind": "fault", "code": "6190", "message": "Subscription ended"}
        self.sandbox.fault("quickbooks", fault, path="/batch", body='"Invoice"')

        run = self._run(self.connection)

        self.assertEqual(self.connection.state, "paused")
        self.assertEqual(self.connection.pause_reason, run.message)
        self.assertIn("subscription of this company has ended", run.message)
        notes = self._get_notes(self.connection)
        self.assertTrue(any(run.message in note for note in notes))
        self.sandbox.admin("actionstep", "DELETE", "log")
        self._run(self.connection)
        self.assertEqual(self.sandbox.requests("actionstep"), [])
        self.connection.action_resume()
        self._assert_goes_on()

    def test_missing_right_in_actionstep_pauses_and_is_named(self):
        self._switch("actionstep", forbidden=["participants"])
        self._run(self.connection)
        self.assertEqual(self.connection.state, "paused")
        self.assertIn("may not read participants", self.connection.pause_reason)
        self._switch("actionstep", forbidden=[])
        self.connection.action_resume()
        self._assert_goes_on()


@tagged("post_install", "-at_install")
class TestTwoConnections(CronCase):
    def test_trouble_of_one_firm_stops_no_other(self):
        other = Sandbox(country="GB")
        self.addCleanup(other.stop)
        second = self._make_other(other)
        self.sandbox.fault(
            "actionstep", {"kind": "status", "status": 500}, times=9, path="bills"
        )

        first_run, second_run = self._run(self.connection), self._run(second)

        self.assertEqual(first_run.state, "interrupted")
        self.assertEqual(second_run.state, "done", second_run.message)
        self.assertEqual(set(second.invoice_ids.mapped("state")), {"pushed"})
        self.assertEqual(self._get_quickbooks_invoices(), [])
        dump = other.admin("quickbooks", "GET", "dump")["Invoice"]
        self.assertEqual(len(dump), 9)

    def _make_other(self, sandbox):
        """Return an active connection to another firm's servers."""
        ours, firm = self.sandbox, self.firm
        self.sandbox, self.firm = sandbox, firms.build("GB", "small")
        try:
            return self._make_active(name="Alder & Finch Solicitors")
        finally:
            self.sandbox, self.firm = ours, firm


@tagged("post_install", "-at_install")
class TestRun(CronCase):
    def _make_run(self, hours):
        """Return a run that began some hours ago and is open still."""
        return self.env["actionstep.sync.run"].create(
            {
                "connection_id": self.connection.id,
                "started_at": fields.Datetime.now() - timedelta(hours=hours),
            }
        )

    def test_run_left_open_by_a_worker_that_died_is_closed(self):
        old = self._make_run(hours=25)
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE actionstep_sync_run SET write_date = started_at WHERE id = %s",
            [old.id],
        )
        old.invalidate_recordset()

        run = self._run(self.connection)

        self.assertEqual((old.state, run.state), ("interrupted", "done"))
        self.assertNotEqual(old, run)

    def test_long_run_that_is_at_work_goes_on(self):
        long = self._make_run(hours=25)

        run = self._run(self.connection)

        self.assertEqual((run, run.state), (long, "done"))

    def test_run_that_was_paused_for_hours_reads_again_before_it_pushes(self):
        long = self._make_run(hours=3)
        long.pulled_at = long.started_at

        run = self._run(self.connection)

        self.assertEqual((run, run.state), (long, "done"))
        self.assertGreater(run.pulled_at, run.started_at)
        self._assert_all_pushed()

    def test_sync_now_names_who_asked_and_waits_for_nothing(self):
        self.connection.resume_at = fields.Datetime.now() + timedelta(hours=1)

        self.connection.action_sync_now()

        run = self._run(self.connection)
        self.assertEqual((run.state, run.user_id), ("done", self.env.user))
        self._assert_all_pushed()

    def test_sync_now_is_refused_while_the_connection_is_paused(self):
        self.connection.action_pause()
        with self.assertRaisesRegex(UserError, "turn Sales Invoices on before you"):
            self.connection.action_sync_now()
