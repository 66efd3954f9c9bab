"""Several batches under way at once: in order, and none for another's trouble."""

import json
import threading
import time

from odoo import SUPERUSER_ID, api
from odoo.tests import tagged

from .common import ActionstepCase
from .raw_server import Reply
from .relay import Relay, writes
from .test_scheduler import SchedulerCase

PATIENCE = 10  # seconds until a test gives up on what should have come long ago
SERVER_ERROR = '{"fault":{"error":[{"message":"Internal","code":"10000"}]}}'


class Tower(Relay):
    """A relay that sees which writing batches are under way together.

    :param before: called with this tower and each writing batch, to hold it; what it
        returns, if anything, is answered without QuickBooks
    :param after: called with each writing batch and the real answer, to change it
    """

    def __init__(self, api_url, *, before=None, after=None):
        super().__init__(api_url, self._change)
        self._before, self._after = before, after
        self._came = threading.Condition()
        self._away = []
        # The kinds under way, each time that a batch came in.
        self.together = []

    @property
    def most(self):
        """How many were ever under way at once."""
        return max(map(len, self.together), default=0)

    def gather(self, count):
        """Wait until so many have been under way at once."""
        with self._came:
            self._came.wait_for(lambda: self.most >= count, PATIENCE)

    def _pass_on(self, call):
        if not writes(call):
            return super()._pass_on(call)
        kind = kind_of(call)
        with self._came:
            self._away.append(kind)
            self.together.append(tuple(self._away))
            self._came.notify_all()
        try:
            held = self._before and self._before(self, call)
            return held or super()._pass_on(call)
        finally:
            with self._came:
                self._away.remove(kind)

    def _change(self, call, reply):
        return self._after(call, reply) if self._after and writes(call) else reply


def kind_of(call):
    """Return the entity of which a writing batch consists."""
    items = json.loads(call.body)["BatchItemRequest"]
    [entity] = {key for item in items for key in item if key[0].isupper()}
    return entity


def is_of(call, bill_id):
    """Tell whether a batch carries the invoice of a bill."""
    return kind_of(call) == "Invoice" and f"Actionstep bill {bill_id} (" in call.body


class FlightMixin:
    """A firm with new bills for several batches; its customers are there already."""

    bill_count = 20

    def setUp(self):
        super().setUp()
        self._push_firm()
        self.sandbox.admin("quickbooks", "DELETE", "log")
        # Nothing but our own care then keeps a bill from standing there twice.
        self._switch("quickbooks", warn_duplicate_number="off")
        self.bill_ids = [self._add_bill() for _number in range(self.bill_count)]

    def _through(self, run, **hooks):
        """Make a pass of which a tower sees the batches; return the tower."""
        with Tower(self.sandbox.quickbooks["api_url"], **hooks) as tower:
            self.connection.local_quickbooks_api_url = tower.api_url
            run()
        self.connection.local_quickbooks_api_url = self.sandbox.quickbooks["api_url"]
        return tower

    def _is_first(self, call):
        return is_of(call, self.bill_ids[0])

    def _is_other(self, call):
        return kind_of(call) == "Invoice" and not self._is_first(call)

    def _gather(self, tower, call):
        """Hold the invoices until two batches are under way."""
        if kind_of(call) == "Invoice":
            tower.gather(2)

    def _get_states(self):
        """Return the states of the new bills."""
        return {
            str(bill_id): self._get_invoice(self.connection, bill_id).state
            for bill_id in self.bill_ids
        }

    def _assert_once(self):
        """Assert that every bill stands in QuickBooks once and we know where."""
        invoices = self.connection.invoice_ids
        self.assertEqual(set(invoices.mapped("state")), {"pushed"})
        theirs = self._get_quickbooks_invoices()
        self.assertEqual(len(theirs), len(self.firm.bills) + self.bill_count)
        self.assertEqual(
            {row["Id"] for row in theirs}, set(invoices.mapped("quickbooks_id"))
        )


class FlightCase(FlightMixin, ActionstepCase):
    def _push_firm(self):
        self.connection = self._make_active()
        self._run(self.connection)

    def _fly(self, **hooks):
        """Make a pass of which a tower sees the batches; return run and tower."""
        tower = self._through(lambda: self._run(self.connection), **hooks)
        return self.connection.last_run_id, tower

    def _fly_first(self, after=None, refusal=None):
        """Make a pass in which no batch is answered before the first one is.

        :param after: called with the first batch and its real answer, to change it
        :param refusal: the answer to the first batch, in place of QuickBooks' own
        """

        def hold(tower, call):
            self._gather(tower, call)
            if self._is_other(call):
                answered.wait(PATIENCE)
                # Time for the engine to make something of that answer.
                time.sleep(0.3)
            elif refusal and self._is_first(call):
                answered.set()
                return refusal
            return None

        def change(call, reply):
            if not self._is_first(call):
                return reply
            reply = after(call, reply) if after else reply
            answered.set()
            return reply

        answered = threading.Event()
        run, tower = self._fly(before=hold, after=change)
        self.assertGreaterEqual(tower.most, 2)
        return run, tower

    def _assert_split(self, tower, first, other):
        """Assert the state of the bills of the first batch, and that of all others."""
        call = next(
            call for call in tower.calls if writes(call) and self._is_first(call)
        )
        wanted = {
            str(bill_id): first if is_of(call, bill_id) else other
            for bill_id in self.bill_ids
        }
        self.assertEqual(set(wanted.values()), {first, other})
        self.assertEqual(self._get_states(), wanted)

    def _go_on(self):
        """Make a pass in which everything that waits is due."""
        self._make_due(self.connection)
        run = self._run(self.connection)
        self.assertEqual(run.state, "done", run.message)
        self._assert_once()


@tagged("post_install", "-at_install")
class TestTogether(FlightCase):
    def test_batches_are_under_way_together(self):
        run, tower = self._fly(before=self._gather)

        self.assertGreaterEqual(tower.most, 2)
        self.assertEqual((run.state, run.pushed_count), ("done", self.bill_count))
        self._assert_once()

    def test_no_more_than_the_firm_wants(self):
        self.connection.batches_away = 1

        run, tower = self._fly()

        self.assertEqual(tower.most, 1)
        self.assertEqual((run.state, run.pushed_count), ("done", self.bill_count))

    def test_payments_wait_until_all_invoices_have_landed(self):
        paid = self._receive((1001, "1.00")), self._receive((self.bill_ids[0], "1.00"))

        _run, tower = self._fly_first()

        payments = self.connection.payment_ids
        self.assertEqual(payments.mapped("state"), ["pushed"] * len(paid))
        mixed = [kinds for kinds in tower.together if len(set(kinds)) > 1]
        self.assertEqual(mixed, [])
        self.assertEqual(tower.together[-1], ("Payment",))

    def test_answers_that_come_in_another_order_find_their_documents(self):
        def hold(tower, call):
            self._gather(tower, call)
            if self._is_first(call):
                answered.wait(PATIENCE)

        def note(call, reply):
            if self._is_other(call):
                answered.set()
            return reply

        answered = threading.Event()

        run, _tower = self._fly(before=hold, after=note)

        self.assertTrue(answered.is_set())
        self.assertEqual((run.state, run.failed_count), ("done", 0))
        self._assert_once()


@tagged("post_install", "-at_install")
class TestTrouble(FlightCase):
    """What goes wrong with one batch, while another one is under way."""

    def _assert_other_lands(self, spoiled):
        """Answer the first batch badly, after its work was done."""
        run, tower = self._fly_first(lambda _call, _reply: spoiled)

        self.assertEqual(run.state, "interrupted")
        self._assert_split(tower, "queued", "pushed")
        self.assertFalse(self._get_jobs(self.connection, "started"))
        self._go_on()

    def test_server_error(self):
        self._assert_other_lands(Reply(500, SERVER_ERROR))

    def test_cut_connection(self):
        self._assert_other_lands(Reply(cut=True))

    def test_page_of_html(self):
        self._assert_other_lands(Reply(502, "<html><body>Bad Gateway</body></html>"))

    def test_cut_json(self):
        self._assert_other_lands(Reply(200, '{"BatchItemResponse":[{"Invoice":{"Doc'))

    def test_subscription_that_ended_lets_the_others_land(self):
        ended = SERVER_ERROR.replace("10000", "6190")

        run, tower = self._fly_first(refusal=Reply(400, ended))

        self.assertEqual((run.state, self.connection.state), ("interrupted", "paused"))
        self.assertIn("subscription", self.connection.pause_reason)
        self._assert_split(tower, "queued", "pushed")
        self.connection.action_resume()
        self._go_on()


@tagged("post_install", "-at_install")
class TestTokens(FlightCase):
    def _count_renewals(self):
        rows = self.sandbox.requests("quickbooks", "tokens/bearer")
        return sum(row["body"].get("grant_type") == "refresh_token" for row in rows)

    def _fly_with(self, **tokens):
        """Make a pass in which the tokens end when two batches are under way."""

        def end(tower, call):
            self._gather(tower, call)
            with once:
                if not ended:
                    self.sandbox.admin("quickbooks", "POST", "tokens", tokens)
                    ended.append(True)

        once, ended = threading.Lock(), []
        return self._fly(before=end)

    def test_token_that_all_find_expired_is_renewed_once(self):
        run, _tower = self._fly_with(expire_access=True)

        self.assertEqual(
            (run.state, run.pushed_count), ("done", self.bill_count), run.message
        )
        self.assertEqual(self._count_renewals(), 1)
        sent = self._get_sent()
        self.assertEqual(len(sent), 2 * self.bill_count)
        documents = {(row["PrivateNote"], row["requestid"]) for row in sent}
        self.assertEqual(len(documents), self.bill_count)
        self._assert_once()

    def test_grant_that_ends_in_the_middle_keeps_the_queue(self):
        def revoke(_call, reply):
            self.sandbox.admin("quickbooks", "POST", "tokens", {"revoke": True})
            return reply

        run, tower = self._fly_first(revoke)

        self.assertEqual(run.state, "interrupted")
        self.assertEqual(self.connection.state, "reauth_required")
        self._assert_split(tower, "pushed", "queued")
        self.assertEqual(len(self.connection.activity_ids), 1)
        self._run(self.connection)
        self.assertEqual(len(self.connection.activity_ids), 1)
        self._consent(self.connection, "quickbooks")
        self._go_on()

    def test_grant_that_ends_for_all_at_once_is_told_once(self):
        self._fly_with(revoke=True)

        self.assertEqual(self.connection.state, "reauth_required")
        self.assertEqual(len(self.connection.activity_ids), 1)
        notes = self._get_notes(self.connection)
        self.assertEqual(sum("Press Reconnect" in note for note in notes), 1)
        # QuickBooks refused them for the token: none of them was carried out.
        self.assertFalse(self._get_jobs(self.connection, "started"))
        self.assertFalse(self._get_jobs(self.connection, "unknown"))
        self.assertEqual(set(self._get_states().values()), {"queued"})
        self._consent(self.connection, "quickbooks")
        self._go_on()

    def test_renewal_that_fails_for_the_moment_keeps_the_queue(self):
        fault = {"kind": "status", "status": 503}
        self.sandbox.fault("quickbooks", fault, path="tokens/bearer", times=9)

        run, _tower = self._fly_with(expire_access=True)

        self.assertEqual((run.state, self.connection.state), ("interrupted", "active"))
        self.assertEqual(set(self._get_states().values()), {"queued"})
        self.sandbox.admin("quickbooks", "DELETE", "faults")
        self._go_on()


@tagged("post_install", "-at_install")
class TestStops(FlightMixin, SchedulerCase):
    """Committed passes, because somebody else must see them and step in."""

    def _push_firm(self):
        self._run_for_real()

    def test_pause_lets_what_is_under_way_land_and_starts_nothing_more(self):
        def pause(_tower, call):
            if self._is_first(call):
                with self.registry.cursor() as cursor:
                    env = api.Environment(cursor, SUPERUSER_ID, {})
                    self.connection.with_env(env).action_pause()

        self._receive((1001, "1.00"))

        tower = self._through(self._run_for_real, before=pause)

        self.assertEqual(self._get_states()[str(self.bill_ids[0])], "pushed")
        self.assertEqual({kinds[-1] for kinds in tower.together}, {"Invoice"})
        self.assertEqual(self.connection.payment_ids.state, "queued")
        self.assertFalse(self._get_jobs(self.connection, "started"))
        self.connection.action_resume()
        self.assertEqual(self._run_for_real().state, "done")
        self.assertEqual(self.connection.payment_ids.state, "pushed")
        self._assert_once()

    def test_end_of_a_passes_time_stops_between_batches(self):
        runs = []
        with self._short_passes():
            while not runs or runs[-1].state == "running":
                runs.append(self._run_for_real())
                self.assertFalse(self._get_jobs(self.connection, "started"))
                self.assertFalse(self._get_jobs(self.connection, "unknown"))
                self.assertLess(len(runs), 20)

        self.assertGreater(len(runs), 1)
        self.assertEqual((runs[0], runs[-1].state), (runs[-1], "done"))
        self.assertEqual(runs[-1].pushed_count, self.bill_count)
        self._assert_once()
