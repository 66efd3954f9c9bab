"""Servers, clocks and databases that do what they never should, in whole passes."""

import json
from datetime import datetime, timedelta

import psycopg2
from freezegun import freeze_time

from odoo.tests import tagged
from odoo.tools import mute_logger

from .raw_server import JSON, Reply
from .relay import item_fault, spoil_invoice, writes
from .test_cron import CronCase
from .test_flights import Tower, kind_of
from .test_recovery import DROP_AFTER, INVOICES, RecoveryCase
from .test_scheduler import SchedulerCase

THROTTLED = {"kind": "status", "status": 429, "shape": "xml"}
DAY = timedelta(days=1)
# They tell what the tests of the database bring about.
LOGGERS = (
    "odoo.sql_db",
    "odoo.addons.base.models.ir_cron",
    "odoo.addons.actionstep_quickbooks.models.actionstep_connection_sync",
)


def change_items(change):
    """Return what a relay does to change the items of each answer to a batch.

    :param change: gets the list of items, returns the one to answer
    """

    def pass_on(call, reply):
        if not writes(call) or reply.status != 200:
            return reply
        answer = json.loads(reply.body)
        answer["BatchItemResponse"] = change(answer["BatchItemResponse"])
        return Reply(reply.status, json.dumps(answer), JSON)

    return pass_on


@tagged("post_install", "-at_install")
class TestBatchAnswers(RecoveryCase):
    """A batch that was carried out and answered oddly, with status 200."""

    def test_items_out_of_order(self):
        run = self._run_through(self.connection, change_items(lambda rows: rows[::-1]))

        self.assertEqual((run.state, run.pushed_count), ("done", 8))
        self._assert_once()
        self._assert_numbers()

    def test_items_that_stand_twice(self):
        def repeat(rows):
            # The second time with what another one was answered.
            others = rows[1:] + rows[:1]
            pairs = zip(rows, others, strict=True)
            return rows + [{**other, "bId": row["bId"]} for row, other in pairs]

        run = self._run_through(self.connection, change_items(repeat))

        self.assertEqual((run.state, run.pushed_count), ("done", 8))
        self._assert_once()
        self._assert_numbers()

    def test_items_that_nobody_sent(self):
        def add(rows):
            return [{**rows[0], "bId": "nobodys"}, *rows, "odd", {"Fault": {}}, {}]

        run = self._run_through(self.connection, change_items(add))

        self.assertEqual((run.state, run.pushed_count), ("done", 8))
        self._assert_once()
        self._assert_numbers()

    def test_answer_to_another_request(self):
        def rename(rows):
            return [{**row, "bId": f"x{row['bId']}"[:10]} for row in rows]

        for _number in range(2):  # customers, then invoices
            self._make_due(self.connection)
            self._run_through(self.connection, change_items(rename))
        self.assertEqual(len(self._get_jobs(self.connection, "unknown")), 8)

        self._go_on()

        self._assert_once()
        self._assert_numbers()

    def test_answer_without_items(self):
        for _number in range(2):
            self._make_due(self.connection)
            self._run_through(self.connection, change_items(lambda _rows: []))

        self._go_on()

        self._assert_once()

    def test_customers_of_which_some_are_missing_from_the_answer(self):
        def lose(call, reply):
            is_lost = writes(call) and kind_of(call) == "Customer"
            return every_second(call, reply) if is_lost else reply

        every_second = change_items(lambda rows: rows[1::2])

        self._run_through(self.connection, lose)

        self._go_on(2)

        self._assert_once()
        names = [row["DisplayName"] for row in self._get_customers().values()]
        self.assertEqual(len(names), len(set(names)))

    def test_updates_of_which_some_are_missing_from_the_answer(self):
        self._run(self.connection)
        for bill in self.firm.bills:
            self._edit_bill(bill.bill_id, number=f"NEW-{bill.bill_id}")
        run = self._run_through(self.connection, change_items(lambda rows: rows[1::2]))
        self.assertEqual((run.state, run.pushed_count), ("done", 4))

        self._go_on()

        self._assert_once()
        self._assert_numbers()
        tokens = {row["SyncToken"] for row in self._get_quickbooks_invoices()}
        self.assertEqual(tokens, {"1"})

    def _assert_numbers(self):
        """Assert that each bill knows the very invoice that bears its number."""
        theirs = {r["Id"]: r["DocNumber"] for r in self._get_quickbooks_invoices()}
        ours = {i.quickbooks_id: i.number for i in self.connection.invoice_ids}
        self.assertEqual(ours, theirs)


@tagged("post_install", "-at_install")
class TestClock(CronCase):
    """A clock that jumps between two passes."""

    def setUp(self):
        super().setUp()
        self.now = datetime.now()

    def _run_at(self, moment):
        with freeze_time(moment, tick=True):
            return self._run(self.connection)

    def _throttle(self):
        self.sandbox.fault("quickbooks", THROTTLED, path="/batch", body='"Invoice"')

    def test_wait_is_over_when_the_clock_is_put_forward(self):
        self._throttle()
        self._run(self.connection)

        run = self._run_at(self.now + DAY)

        self.assertEqual(run.state, "done", run.message)
        self._assert_all_pushed()

    def test_wait_from_before_the_clock_was_put_back_is_not_waited_for(self):
        self._throttle()
        self._run_at(self.now + 30 * DAY)
        self.assertGreater(self.connection.resume_at, self.now + 29 * DAY)

        run = self._run(self.connection)

        self.assertEqual(run.state, "done", run.message)
        self._assert_all_pushed()

    def test_job_from_before_the_clock_was_put_back_goes(self):
        refuse = spoil_invoice("INV-10003", item_fault("10000"))
        with freeze_time(self.now + 30 * DAY, tick=True):
            self._run_through(self.connection, refuse)
        [job] = self._get_jobs(self.connection, "pending")
        self.assertGreater(job.eta, self.now + 29 * DAY)

        run = self._run(self.connection)

        self.assertEqual(run.state, "done", run.message)
        self._assert_all_pushed()

    def test_bill_that_changes_after_the_clock_was_put_back_goes(self):
        self._run_at(self.now + 30 * DAY)
        self._edit_bill(1001, number="INV-NEW")

        run = self._run(self.connection)

        self.assertEqual((run.state, run.pushed_count), ("done", 1))
        [theirs] = self._get_quickbooks_invoices(1001)
        self.assertEqual(theirs["DocNumber"], "INV-NEW")

    def test_token_outlives_a_clock_that_was_put_forward_and_back(self):
        for moment in (self.now + DAY, self.now - DAY, self.now):
            bill_id = self._add_bill()
            run = self._run_at(moment)
            self.assertEqual(run.state, "done", run.message)
            self.assertEqual(len(self._get_quickbooks_invoices(bill_id)), 1)

    def test_run_that_a_clock_put_forward_makes_look_old_loses_nothing(self):
        self.sandbox.fault("quickbooks", DROP_AFTER, **INVOICES)
        self._run(self.connection)

        run = self._run_at(self.now + DAY)

        self.assertEqual(run.state, "done", run.message)
        self._assert_all_pushed()

    def test_turns_that_lie_in_the_future_count_as_of_now(self):
        self.connection.keeps_limits = True
        later = (self.now + DAY).timestamp()
        self.env.cr.execute(
            "INSERT INTO actionstep_pace (realm_id, request_due, batch_times) "
            "VALUES (%s, %s, %s) ON CONFLICT (realm_id) DO UPDATE SET "
            "request_due = excluded.request_due, batch_times = excluded.batch_times",
            [self.connection.realm_id, later, json.dumps([later] * 20)],
        )
        began = datetime.now()

        run = self._run(self.connection)

        self.assertEqual(run.state, "done", run.message)
        self.assertLess(datetime.now() - began, timedelta(seconds=30))
        pace = self.env["actionstep.pace"].search(
            [("realm_id", "=", self.connection.realm_id)]
        )
        self.assertGreater(len(pace.batch_times), 20)
        self.assertLess(max(pace.batch_times), later - 3600)


@tagged("post_install", "-at_install")
class TestDatabase(SchedulerCase):
    """Our own database is restarted in the middle of a pass."""

    def setUp(self):
        super().setUp()
        # Nothing but our own care then keeps a bill from standing there twice.
        self._switch("quickbooks", warn_duplicate_number="off")
        self.pids = [self._get_pid(cr) for cr in (self.env.cr, self.cr)]

    @staticmethod
    def _get_pid(cr):
        cr.execute("SELECT pg_backend_pid()")
        return cr.fetchone()[0]

    def _end_all_others(self):
        """End every connection to this database but the test's own, as a restart does.

        :return: how many there were
        """
        with self.registry.cursor() as cr:
            cr.execute(
                """
                SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                WHERE datname = current_database()
                AND pid != pg_backend_pid() AND pid != ALL (%s)
                """,
                [self.pids],
            )
            return cr.fetchone()[0]

    def _run_and_end(self, kind, *, is_carried_out):
        """Make a pass that loses its database while a batch is under way."""

        def end(call):
            if kind_of(call) == kind and not ended:
                ended.append(self._end_all_others())

        def before(_tower, call):
            if not is_carried_out:
                end(call)
                return Reply(cut=True) if ended and kind_of(call) == kind else None

        def after(call, reply):
            if is_carried_out:
                end(call)
            return reply

        ended, api_url = [], self.sandbox.quickbooks["api_url"]
        with Tower(api_url, before=before, after=after) as tower:
            self.connection.local_quickbooks_api_url = tower.api_url
            with (
                mute_logger(*LOGGERS),
                # What is left of the scheduler's work has no cursor any more.
                self.assertRaises(psycopg2.Error),
            ):
                self._run_for_real()
        self.env.cr.rollback()
        self.env.invalidate_all()
        self.connection.local_quickbooks_api_url = api_url
        self.assertGreater(ended[0], 0)

    def _assert_goes_on(self):
        """Assert that the next pass ends right, and that all stands there once."""
        self._make_due(self.connection)
        run = self._run_for_real()
        self.assertEqual(run.state, "done", run.message)
        self.assertEqual(set(self.connection.invoice_ids.mapped("state")), {"pushed"})
        theirs = self._get_quickbooks_invoices()
        self.assertEqual(len(theirs), 8)
        self.assertTrue(self.connection.cron_id.active)
        customers = self._get_customers()
        names = [row["DisplayName"] for row in customers.values()]
        self.assertEqual(len(names), len(set(names)))

    def test_restart_after_the_invoices_were_created(self):
        self._run_and_end("Invoice", is_carried_out=True)
        self.assertTrue(self._get_quickbooks_invoices())
        self._assert_goes_on()

    def test_restart_before_the_invoices_were_created(self):
        self._run_and_end("Invoice", is_carried_out=False)
        self.assertEqual(self._get_quickbooks_invoices(), [])
        self._assert_goes_on()

    def test_restart_while_customers_are_under_way(self):
        self._run_and_end("Customer", is_carried_out=True)
        self._assert_goes_on()
