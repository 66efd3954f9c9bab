"""How far a run is: counted, measured, told at once; paused and stopped midway."""

import json
import time
from datetime import timedelta
from itertools import pairwise

from odoo import SUPERUSER_ID, api, fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import HttpCase, freeze_time, new_test_user, tagged

from odoo.addons.actionstep_quickbooks.models.actionstep_connection_progress import (
    NOTIFICATION,
)

from .common import ActionstepCase
from .relay import Relay, writes
from .test_scheduler import SchedulerCase

OPERATOR = "actionstep_quickbooks.group_operator"
USER = "actionstep_quickbooks.group_user"
NOW = "2026-11-23 12:00:00"


class ProgressCase(ActionstepCase):
    def setUp(self):
        super().setUp()
        self.connection = self._make_active()

    def _open_run(self, pulled_at=None, connection=None, **counts):
        run = self.env["actionstep.sync.run"].create(
            {"connection_id": (connection or self.connection).id}
        )
        run.write({"pulled_at": pulled_at, **counts})
        return run

    def _queue(self, count, connection=None):
        """Add documents with an open job each."""
        connection = connection or self.connection
        for number in range(count):
            invoice = self.env["actionstep.invoice"].create(
                {"connection_id": connection.id, "external_id": f"q{number}"}
            )
            self.env["actionstep.sync.job"].create(
                {
                    "connection_id": connection.id,
                    "invoice_id": invoice.id,
                    "operation": "create",
                    "identity_key": f"test:{invoice.id}",
                }
            )
        self.connection.invalidate_recordset()

    def _as(self, group):
        login = group.rpartition(".")[2]
        return self.connection.with_user(new_test_user(self.env, login, groups=group))


@tagged("post_install", "-at_install")
class TestPhases(ProgressCase):
    def _assert_phase(self, phase):
        self.connection.invalidate_recordset()
        self.assertEqual(self.connection.progress_phase, phase)

    def test_run_goes_through_its_phases(self):
        self._assert_phase("idle")
        run = self._open_run()
        self._assert_phase("reading")
        self._queue(4)
        run.pulled_at = fields.Datetime.now()
        self._assert_phase("pushing")
        self.connection.is_stopping = True
        self._assert_phase("stopping")
        self.connection.is_stopping = False
        self.connection.is_paused = True
        self._assert_phase("paused")
        self.connection.is_paused = False
        run._finish("interrupted")
        self._assert_phase("waiting")

    def test_end_of_the_queue_is_the_end(self):
        self._queue(1)
        run = self._open_run(pulled_at=fields.Datetime.now())
        self._get_jobs(self.connection)._set_done()
        run._finish()
        self._assert_phase("idle")
        self.assertEqual(self.connection.progress, 100)

    def test_count_is_of_the_run_of_now(self):
        self._queue(6)
        self._open_run(pulled_at=fields.Datetime.now(), pushed_count=1, failed_count=2)

        self.assertEqual(self.connection.progress_done, 3)
        self.assertEqual(self.connection.progress_total, 9)
        self.assertAlmostEqual(self.connection.progress, 100 / 3)

    def test_numbers_that_move_are_not_told_with_every_commit(self):
        run = self._open_run(pulled_at=fields.Datetime.now())
        last_id = self.env["bus.bus"]._bus_last_id()
        for _number in range(5):
            run._count(pushed=1)
            self.env.cr.precommit.run()
            # As Odoo does with each commit.
            self.env.cr.cache.clear()

        told = self.env["bus.bus"].search_count([("id", ">", last_id)])

        self.assertLessEqual(told, 1)

    def test_connections_are_counted_apart(self):
        other = self._make_connection(name="Other")
        self._queue(3)
        self._queue(5, other)

        progress = (self.connection + other)._get_progress()

        self.assertEqual(progress[self.connection]["progress_total"], 3)
        self.assertEqual(progress[other]["progress_total"], 5)


@tagged("post_install", "-at_install")
class TestSpeed(ProgressCase):
    """Measured as the documents land, in minutes that are made here."""

    def setUp(self):
        super().setUp()
        self.frozen = self.enterContext(freeze_time(NOW))

    def _land(self, run, seconds, count):
        self.frozen.tick(timedelta(seconds=seconds))
        run._count(pushed=count)
        self.connection.invalidate_recordset()

    def test_rate_and_time_left_follow_what_landed(self):
        self._queue(120)
        run = self._open_run(pulled_at=fields.Datetime.now())
        self.assertEqual(self.connection.progress_rate, 0)
        self.assertEqual(self.connection.progress_seconds, 0)

        self._land(run, 10, 40)

        self.assertEqual(self.connection.progress_rate, 240)
        self.assertEqual(self.connection.progress_seconds, 30)

    def test_rate_becomes_what_it_is_now(self):
        self._queue(10)
        run = self._open_run(pulled_at=fields.Datetime.now())
        for _number in range(10):
            self._land(run, 10, 100)
        self.assertAlmostEqual(self.connection.progress_rate, 600, delta=1)
        for _number in range(10):
            self._land(run, 10, 10)
        self.assertAlmostEqual(self.connection.progress_rate, 60, delta=1)

    def test_pause_does_not_count(self):
        self._queue(10)
        run = self._open_run(pulled_at=fields.Datetime.now())
        self._land(run, 10, 100)
        self._land(run, 3600, 1)
        self.assertEqual(self.connection.progress_rate, 0)
        self._land(run, 10, 100)
        self.assertEqual(self.connection.progress_rate, 600)

    def test_run_that_does_not_move_has_no_speed(self):
        self._queue(10)
        run = self._open_run(pulled_at=fields.Datetime.now())
        self._land(run, 10, 100)
        self.frozen.tick(timedelta(minutes=5))
        self.connection.invalidate_recordset()

        self.assertEqual(self.connection.progress_rate, 0)

    def test_clock_that_is_put_back_makes_no_nonsense(self):
        self._queue(10)
        run = self._open_run(pulled_at=fields.Datetime.now())
        self._land(run, 10, 100)
        self._land(run, -3600, 100)
        self.assertEqual(self.connection.progress_rate, 0)
        self._land(run, 10, 100)
        self.assertEqual(self.connection.progress_rate, 600)


@tagged("post_install", "-at_install")
class TestStop(ProgressCase):
    def test_operator_ends_a_run_that_nobody_works_on_at_once(self):
        connection = self._as(OPERATOR)
        connection.action_sync_now()
        run = self.connection.last_run_id

        self.assertIs(connection.action_stop(), True)

        self.assertEqual(run.state, "stopped")
        self.assertIn("The rest of the queue goes with the next run", run.message)
        self.assertFalse(self.connection.is_stopping)
        # Sync Now had woken the schedule: it would have begun the next run at once.
        wakes = self.env["ir.cron.trigger"].search(
            [("cron_id", "=", self.connection.cron_id.id)]
        )
        self.assertFalse(wakes)
        self.assertEqual(self._run(self.connection).state, "done")

    def test_user_is_refused(self):
        self._open_run()
        with self.assertRaisesRegex(UserError, "Only an operator"):
            self._as(USER).action_stop()

    def test_operator_of_another_company_is_refused(self):
        self._open_run()
        company = self.env["res.company"].create({"name": "Other Firm"})
        user = new_test_user(
            self.env,
            "stranger",
            groups=OPERATOR,
            company_id=company.id,
            company_ids=company.ids,
        )
        with self.assertRaises(AccessError):
            self.connection.with_user(user).action_stop()

    def test_nothing_at_work_is_nothing_to_stop(self):
        with self.assertRaisesRegex(UserError, "No run is at work"):
            self._as(OPERATOR).action_stop()
        self._open_run()
        self.connection.action_pause()
        with self.assertRaisesRegex(UserError, "No run is at work"):
            self.connection.action_stop()

    def test_stopped_run_still_tells_what_could_not_be_read(self):
        run = self._open_run()
        told = {"message": "1 rows could not be read.", "detail": "bills 7: no number"}
        run.write(told)

        self.connection.action_stop()

        self.assertEqual((run.state, run.detail), ("stopped", told["detail"]))
        self.assertIn(told["message"], run.message)

    def test_what_was_asked_of_one_run_does_not_stop_the_next(self):
        self.connection.is_stopping = True

        run = self._run(self.connection)

        self.assertEqual(run.state, "done", run.message)
        self.assertFalse(self.connection.is_stopping)


@tagged("post_install", "-at_install")
class TestOldRuns(ActionstepCase):
    def test_runs_that_tell_nothing_are_dropped_after_a_week_all_after_half_a_year(
        self,
    ):
        def make(days, **values):
            finished_at = fields.Datetime.now() - timedelta(days=days)
            values = {"connection_id": connection.id, "state": "done"} | values
            return self.env["actionstep.sync.run"].create(
                {**values, "finished_at": finished_at}
            )

        connection = self._make_connection()
        dropped = make(8) | make(181, pushed_count=3) | make(181, state="stopped")
        kept = make(8, pushed_count=1) | make(8, state="interrupted")
        kept |= make(8, message="One row could not be read.") | make(6)
        # The newest one tells when a connection was synchronized last.
        connection = self._make_connection(realm_id="4620816365000000777")
        kept |= make(200)

        self.env["actionstep.sync.run"]._gc_finished()

        self.assertEqual((dropped | kept).exists(), kept)


@tagged("post_install", "-at_install")
class TestLongRun(SchedulerCase):
    """Runs of many batches, each committed, on which somebody looks from outside."""

    firm_size = "70"

    def setUp(self):
        super().setUp()
        self.connection.batches_away = 1
        self.env.cr.commit()  # pylint: disable=invalid-commit
        self.last_id = self.env["bus.bus"]._bus_last_id()

    def _run_while(self, at_invoice):
        """Make a pass; call ``at_invoice`` when the first invoices are answered.

        It gets the connection as somebody else's request sees it.
        """

        def look(call, reply):
            if writes(call) and '"Invoice": {' in call.body and not seen:
                seen.append(True)
                with self.registry.cursor() as cursor:
                    env = api.Environment(cursor, SUPERUSER_ID, {})
                    at_invoice(self.connection.with_env(env))
            return reply

        seen = []
        with Relay(self.sandbox.quickbooks["api_url"], look) as relay:
            self.connection.local_quickbooks_api_url = relay.api_url
            run = self._run_for_real()
        self.connection.local_quickbooks_api_url = self.sandbox.quickbooks["api_url"]
        self.assertTrue(seen)
        return run

    def _get_told(self):
        """Return what was told on the channel of the connection, oldest first."""
        channel = json.dumps(
            [self.env.cr.dbname, "actionstep.connection", self.connection.id],
            separators=(",", ":"),
        )
        rows = self.env["bus.bus"].search(
            [("id", ">", self.last_id), ("channel", "=", channel)], order="id"
        )
        messages = [json.loads(row.message) for row in rows]
        self.assertEqual({one["type"] for one in messages}, {NOTIFICATION})
        return [one["payload"] for one in messages]

    def test_stop_lets_what_is_under_way_land_and_keeps_the_queue(self):
        run = self._run_while(lambda connection: connection.action_stop())

        self.assertEqual(run.state, "stopped")
        self.assertEqual(run.pushed_count, len(self._get_quickbooks_invoices()))
        self.assertTrue(0 < run.pushed_count < 70)
        states = self.connection.invoice_ids.grouped("state")
        self.assertEqual(states.keys(), {"pushed", "queued"})
        self.assertFalse(self.connection.is_stopping)
        self.assertEqual(self.connection.state, "active")

        rest = self._run_for_real()
        self.assertNotEqual(rest, run)
        self.assertEqual(rest.state, "done")
        self.assertEqual(rest.pushed_count, 70 - run.pushed_count)
        self.assertEqual(len(self._get_quickbooks_invoices()), 70)

    def test_next_run_after_a_stop_is_that_of_the_schedule(self):
        runs = self.connection._get_latest_run_ids
        self._run_while(lambda connection: connection.action_stop())
        stopped = runs()[self.connection.id]
        cron = self.connection.cron_id
        self.assertGreater(cron.nextcall, fields.Datetime.now())
        self.assertFalse(
            self.env["ir.cron.trigger"].search(
                [("cron_id", "=", cron.id), ("call_at", "<=", fields.Datetime.now())]
            )
        )
        self.assertEqual(runs()[self.connection.id], stopped)

    def test_run_tells_how_far_it_is_while_it_works(self):
        started = time.monotonic()
        self._run_while(lambda _connection: time.sleep(1.1))
        seconds = time.monotonic() - started

        told = self._get_told()
        phases = [one["progress_phase"] for one in told]
        self.assertEqual(phases[0], "reading")
        self.assertIn("pushing", phases)
        self.assertEqual(phases[-1], "idle")
        self.assertEqual(told[-1]["id"], self.connection.id)
        done = [one["progress_done"] for one in told if one["progress_total"] == 70]
        self.assertTrue(any(0 < count < 70 for count in done), told)
        self.assertEqual(done, sorted(done))
        # About once a second; what begins and ends is told besides, by a pass that
        # begins anew, too.
        moved = [one for one, next_one in pairwise(phases) if one == next_one]
        self.assertLessEqual(len(moved), seconds + 3)

    def test_pause_is_told_at_once(self):
        self._run_while(lambda connection: connection.action_pause())

        told = self._get_told()
        self.assertIn("paused", {one["progress_phase"] for one in told})
        self.assertEqual(told[-1]["state"], "paused")
        self.assertEqual(
            told[-1]["progress_done"], len(self._get_quickbooks_invoices())
        )
        self.connection.action_resume()
        self.env.cr.commit()  # pylint: disable=invalid-commit
        self.assertEqual(self._run_for_real().state, "done")
        self.assertEqual(self._get_told()[-1]["progress_phase"], "idle")

    def test_what_is_rolled_back_is_not_told(self):
        self.connection.action_pause()
        self.env.cr.rollback()

        self.assertEqual(self._get_told_or_nothing(), [])

    def _get_told_or_nothing(self):
        return self.env["bus.bus"].search([("id", ">", self.last_id)]).ids


@tagged("post_install", "-at_install")
class TestChannel(ProgressCase, HttpCase):
    """Who hears the channel of a connection, by Odoo's own way in."""

    def _listen(self, user, *names):
        self.authenticate(user.login, user.login)
        answer = self.make_jsonrpc_request(
            "/websocket/peek_notifications",
            {"channels": list(names), "last": 0, "is_first_poll": True},
        )
        return [
            channel[2]
            for channel in answer["channels"]
            if channel[1:2] == ["actionstep.connection"]
        ]

    def _make_user(self, login, group, company=None):
        company = company or self.env.company
        return new_test_user(
            self.env,
            login,
            groups=group,
            company_id=company.id,
            company_ids=company.ids,
        )

    def _run(self, connection):
        raise AssertionError("a browser's test makes no pass here")

    def test_channel_is_for_who_may_see_the_connection(self):
        name = f"actionstep.connection_{self.connection.id}"
        elsewhere = self.env["res.company"].create({"name": "Other Firm"})
        theirs = self._make_connection(name="Theirs", company_id=elsewhere.id)

        for user, heard in (
            (self._make_user("ulla", USER), [self.connection.id]),
            (self._make_user("emil", "base.group_user"), []),
            (self._make_user("guest", "base.group_portal"), []),
            (self._make_user("olaf", OPERATOR, elsewhere), []),
        ):
            with self.subTest(user=user.login):
                self.assertEqual(self._listen(user, name), heard)
        ulla = self.env["res.users"].search([("login", "=", "ulla")])
        both = (name, f"actionstep.connection_{theirs.id}")
        self.assertEqual(self._listen(ulla, *both), [self.connection.id])

    def test_names_that_are_none_are_no_trouble(self):
        user = self._make_user("ulla", USER)
        for name in (
            "actionstep.connection_",
            "actionstep.connection_0",
            "actionstep.connection_-1",
            f"actionstep.connection_{'9' * 30}",
            f"xactionstep.connection_{self.connection.id}",
            f"actionstep.connection_{self.connection.id} OR 1",
        ):
            with self.subTest(name=name):
                self.assertEqual(self._listen(user, name), [])


@tagged("post_install", "-at_install")
class TestLive(SchedulerCase, HttpCase):
    """A person at the card, while the scheduler is really at work."""

    firm_size = "150"
    # Requests, the pass and the bus each on their own cursors, as in a running Odoo.
    registry_test_mode = False

    def test_run_is_watched_paused_resumed_and_stopped(self):
        def take_time(call, reply):
            if writes(call):
                time.sleep(2)
            return reply

        self.connection.batches_away = 1
        with Relay(self.sandbox.quickbooks["api_url"], take_time) as relay:
            self.connection.local_quickbooks_api_url = relay.api_url
            self.env.cr.commit()  # pylint: disable=invalid-commit
            self.start_tour(
                "/odoo/actionstep-connections",
                "actionstep_quickbooks_live",
                login="admin",
                timeout=180,
            )
        self.env.cr.rollback()
        self.env.invalidate_all()

        runs = self.env["actionstep.sync.run"].search(
            [("connection_id", "=", self.connection.id)]
        )
        self.assertEqual(runs.mapped("state"), ["done", "stopped"])
        self.assertEqual(sum(runs.mapped("pushed_count")), 150)
        self.assertEqual(len(self._get_quickbooks_invoices()), 150)
