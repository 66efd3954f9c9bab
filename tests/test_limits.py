"""Intuit's limits, kept by all processes together, and what follows when they are not.

Two processes of their own ask the database at once, as two Odoo servers do.
"""
# What other processes are to see must be committed; it is removed after each test.
# pylint: disable=invalid-commit

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from odoo import SUPERUSER_ID, api
from odoo.tests import tagged

from odoo.addons.actionstep_quickbooks.clients.pace import REQUEST_INTERVAL
from odoo.addons.actionstep_quickbooks.dev.sandbox import firms
from odoo.addons.actionstep_quickbooks.models.actionstep_connection_push import (
    SMALLEST_BATCH,
)
from odoo.addons.actionstep_quickbooks.models.limiter import Limiter

from .common import ActionstepCase
from .process import Process
from .raw_server import Reply
from .relay import change_item, item_fault
from .sandbox import Sandbox
from .test_flights import FlightCase, kind_of
from .test_recovery import RecoveryCase
from .test_scheduler import SchedulerCase

REALM = "4620816365000000001"
SECONDS = 4.0
PATIENCE = 20

LIMITER = """
from types import SimpleNamespace
from odoo.sql_db import db_connect
from odoo.addons.actionstep_quickbooks.models.actionstep_connection_push import (
    SMALLEST_BATCH,
)
from odoo.addons.actionstep_quickbooks.models.limiter import Limiter
realm, seconds = told
registry = SimpleNamespace(cursor=db_connect(database).cursor)
limiter = Limiter(registry, realm)
"""
# Takes turns as fast as it can, and tells when it got each.
ASK = """
end, times = time.time() + seconds, []
while time.time() < end:
    wait = limiter.take(is_batch=False)
    if wait:
        time.sleep(wait)
    else:
        times.append(time.time())
print(json.dumps(times), flush=True)
"""
# Dies in the middle of taking a turn.
HOLD = """
with registry.cursor() as cr:
    limiter._lock(cr)
    print("holding", flush=True)
    time.sleep(600)
"""


class LimiterCase(ActionstepCase):
    def setUp(self):
        super().setUp()
        self.addCleanup(self._forget)
        self._forget()

    def _forget(self):
        with self.registry.cursor() as cr:
            cr.execute("DELETE FROM actionstep_pace WHERE realm_id = %s", [REALM])

    def _start(self, script):
        process = Process(LIMITER, script, [REALM, SECONDS])
        self.addCleanup(process.kill)
        return process


@tagged("post_install", "-at_install")
class TestTwoProcesses(LimiterCase):
    def test_two_processes_together_keep_the_pace_and_neither_starves(self):
        processes = [self._start(ASK), self._start(ASK)]
        for process in processes:
            process.expect("ready")
        began = time.time()
        for process in processes:
            process.go()

        turns = [json.loads(process.read_line()) for process in processes]

        all_turns = sorted(turns[0] + turns[1])
        seconds = all_turns[-1] - began
        self.assertLessEqual(len(all_turns), seconds / REQUEST_INTERVAL + 2)
        self.assertGreaterEqual(len(all_turns), SECONDS / REQUEST_INTERVAL / 2)
        for mine in turns:
            self.assertGreater(len(mine), len(all_turns) / 5)

    def test_process_that_dies_in_its_turn_holds_up_no_other(self):
        dying = self._start(HOLD)
        dying.expect("ready")
        dying.go()
        dying.expect("holding")
        with ThreadPoolExecutor(1) as other:
            turn = other.submit(Limiter(self.registry, REALM).take, is_batch=True)
            time.sleep(0.5)
            self.assertFalse(turn.done())

            dying.kill()

            self.assertEqual(turn.result(PATIENCE), 0)

    def test_turn_is_kept_although_the_work_of_its_taker_is_rolled_back(self):
        with self.registry.cursor() as cr:
            cr.execute("SELECT 1")
            limiter = Limiter(self.registry, REALM)
            self.assertEqual(limiter.take(is_batch=True), 0)
            cr.rollback()
        Limiter(self.registry, REALM).take(is_batch=False)
        with self.registry.cursor() as cr:
            cr.execute(
                "SELECT batch_times FROM actionstep_pace WHERE realm_id = %s", [REALM]
            )
            [times] = cr.fetchone()
        self.assertEqual(len(times), 1)

    def test_realms_do_not_wait_for_each_other(self):
        mine = Limiter(self.registry, REALM)
        mine.take(is_batch=False)
        with self.registry.cursor() as cr:
            cr.execute(
                "UPDATE actionstep_pace SET request_due = request_due + 30 "
                "WHERE realm_id = %s",
                [REALM],
            )
        self.assertTrue(mine.take(is_batch=False))

        self.assertEqual(Limiter(self.registry, f"{REALM}2").take(is_batch=False), 0)

        with self.registry.cursor() as cr:
            cr.execute("DELETE FROM actionstep_pace WHERE realm_id = %s", [f"{REALM}2"])


def refusals(sandbox):
    """Return the requests that a local QuickBooks refused for its limits."""
    rows = sandbox.admin("quickbooks", "GET", "log")
    return [row for row in rows if row["status"] == 429]


def span(sandbox):
    """Return how many requests a local QuickBooks got, and over how many seconds."""
    rows = sandbox.requests("quickbooks", "/v3/company/")
    return len(rows), seconds_over(rows)


def seconds_over(rows):
    """Return over how many seconds these requests came."""
    times = [datetime.fromisoformat(row["at"]) for row in rows]
    return (max(times) - min(times)).total_seconds()


@tagged("post_install", "-at_install")
class TestPass(RecoveryCase):
    firm_size = "24"

    def _lose_updates(self):
        """Push the firm, then lose the answer to a change of each of its bills."""
        self._run(self.connection)
        for bill in self.firm.bills:
            self._edit_bill(bill.bill_id, number=f"NEW-{bill.bill_id}")
        fault = {"kind": "drop_after"}
        self.sandbox.fault("quickbooks", fault, path="/batch", body='"NEW-', times=9)
        self._run(self.connection)
        self.sandbox.admin("quickbooks", "DELETE", "faults")
        self._make_due(self.connection)
        self.sandbox.admin("quickbooks", "DELETE", "log")

    def test_pass_that_looks_up_much_is_never_refused(self):
        """Each of the bills is read alone: more requests than a second takes."""
        self._lose_updates()
        self.connection.keeps_limits = True
        self._switch("quickbooks", limits="on")

        run = self._run(self.connection)

        self.assertEqual(run.state, "done", run.message)
        self.assertEqual(refusals(self.sandbox), [])
        count, seconds = span(self.sandbox)
        self.assertGreater(count, 20)
        self.assertGreaterEqual(seconds, (count - 4) * REQUEST_INTERVAL)
        numbers = {row["DocNumber"] for row in self._get_quickbooks_invoices()}
        self.assertEqual(numbers, {f"NEW-{bill.bill_id}" for bill in self.firm.bills})


@tagged("post_install", "-at_install")
class TestTwoRealms(SchedulerCase):
    def setUp(self):
        super().setUp()
        self.other = Sandbox(country="GB")
        self.addCleanup(self.other.stop)
        self.others_connection = self._make_other()
        self.env.cr.commit()
        self.addCleanup(self._remove_other)

    def _make_other(self):
        """Return an active connection to another firm's servers."""
        ours, firm = self.sandbox, self.firm
        self.sandbox, self.firm = self.other, firms.build("GB", "small")
        try:
            return self._make_active(name="Alder & Finch Solicitors")
        finally:
            self.sandbox, self.firm = ours, firm

    def _remove_other(self):
        ours, self.connection = self.connection, self.others_connection
        self._remove_connection()
        self.connection = ours

    def _run_apart(self, connection_id):
        """Make a pass as a scheduler's process does, and return its outcome."""
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            connection = env["actionstep.connection"].browse(connection_id)
            connection.cron_id.method_direct_trigger()
            cr.commit()
            env.invalidate_all()
            run = connection.last_run_id
            return run.state, run.message

    def test_two_firms_at_once_are_never_refused(self):
        connections = self.connection | self.others_connection
        connections.keeps_limits = True
        for sandbox in (self.sandbox, self.other):
            sandbox.admin("quickbooks", "POST", "switches", {"limits": "on"})
        self.env.cr.commit()

        with ThreadPoolExecutor(2) as processes:
            outcomes = list(processes.map(self._run_apart, connections.ids))

        self.assertEqual(outcomes, [("done", False)] * 2)
        self.env.cr.commit()
        self.env.invalidate_all()
        self.assertEqual(set(connections.invoice_ids.mapped("state")), {"pushed"})
        for sandbox in (self.sandbox, self.other):
            self.assertEqual(refusals(sandbox), [])
        realms = self.env["actionstep.pace"].search([]).mapped("realm_id")
        self.assertLessEqual(set(connections.mapped("realm_id")), set(realms))


@tagged("post_install", "-at_install")
class TestThrottled(FlightCase):
    """Intuit asks to wait all the same: other programs of the firm count, too."""

    def _assert_waits(self, reply):
        """Refuse one batch for the limits while another one is under way."""
        receipt_id = self._receive((1001, "1.00"))

        run, tower = self._fly_first(refusal=reply)

        self.assertEqual(run.state, "interrupted")
        self.assertIn("asks us to wait", run.message)
        self.assertEqual(self.connection.state, "active")
        wait = self.connection.resume_at - run.finished_at
        self.assertAlmostEqual(wait.total_seconds(), 60, delta=5)
        # What was under way has landed, and nothing else was started.
        self._assert_split(tower, "queued", "pushed")
        self.assertEqual({kinds[-1] for kinds in tower.together}, {"Invoice"})
        self.assertFalse(self._get_jobs(self.connection, "started"))
        self.sandbox.admin("quickbooks", "DELETE", "log")
        self._run(self.connection)
        self.assertEqual(self.sandbox.requests("quickbooks"), [])
        self._go_on()
        [payment] = self._get_ours("Payment", f"receipt {receipt_id}")
        self.assertEqual(self._amount(payment["TotalAmt"]), 1)

    def test_xml(self):
        body = (
            '<?xml version="1.0" encoding="UTF-8" standalone="yes"?><IntuitResponse '
            'xmlns="http://schema.intuit.com/finance/v3"><Fault type="SERVICE"><Error '
            'code="3001"><Message>message=ThrottleExceeded; errorCode=003001; '
            "statusCode=429</Message></Error></Fault></IntuitResponse>"
        )
        self._assert_waits(Reply(429, body, "application/xml"))

    def test_json_of_the_gateway(self):
        error = {"message": "message=ThrottleExceeded; errorCode=003001", "code": 3001}
        fault = {"error": [error], "type": "SERVICE"}
        self._assert_waits(Reply(429, json.dumps({"fault": fault})))

    def test_json_of_the_service(self):
        error = {"Message": "ThrottleExceeded", "code": "003001", "Detail": "wait"}
        fault = {"Error": [error], "type": "SERVICE"}
        self._assert_waits(Reply(403, json.dumps({"Fault": fault})))

    def test_one_item_of_a_batch(self):
        def refuse(call, reply):
            marker = f"Actionstep bill {self.bill_ids[0]} ("
            return change_item(call, reply, marker, item_fault("003001"))

        run, _tower = self._fly_first(refuse)

        self.assertEqual(run.state, "interrupted")
        self.assertTrue(self.connection.resume_at)
        states = self._get_states()
        self.assertEqual(states.pop(str(self.bill_ids[0])), "queued")
        self.assertEqual(set(states.values()), {"pushed"})
        self._go_on()


@tagged("post_install", "-at_install")
class TestRepeats(FlightCase):
    bill_count = 60

    def test_batches_that_go_again_with_a_new_token_keep_the_pace(self):
        def expire(tower, call):
            if kind_of(call) == "Invoice":
                tower.gather(count)
            with once:
                if not expired:
                    tokens = {"expire_access": True}
                    self.sandbox.admin("quickbooks", "POST", "tokens", tokens)
                    expired.append(True)

        once, expired = threading.Lock(), []
        count = self.bill_count // SMALLEST_BATCH
        self.connection.keeps_limits = True
        self._switch("quickbooks", limits="on")

        run, _tower = self._fly(before=expire)

        self.assertEqual(run.state, "done", run.message)
        self.assertEqual(refusals(self.sandbox), [])
        rows = self.sandbox.requests("quickbooks", "/batch")
        first = {row["query"]["requestid"]: row["at"] for row in reversed(rows)}
        again = [row for row in rows if row["at"] != first[row["query"]["requestid"]]]
        self.assertEqual(len(again), count)
        self.assertGreater(seconds_over(again), (count - 3) * REQUEST_INTERVAL)
        self._assert_once()
