"""What people do with documents: push now, hold, release, unlink."""

from odoo.exceptions import UserError
from odoo.tests import new_test_user, tagged

from ..models.actionstep_document_actions import DECIDED_ALONE
from .common import ActionstepCase

DROP_BEFORE = {"kind": "drop_before"}


class ActionCase(ActionstepCase):
    def setUp(self):
        super().setUp()
        self.connection = self._make_active()

    def _pull(self):
        """Bring the documents as far as the queue: nothing is sent."""
        wait = {"kind": "status", "status": 429, "shape": "xml", "headers": {}}
        self.sandbox.fault("quickbooks", wait, path="/batch", times=9)
        self._run(self.connection)
        self.sandbox.admin("quickbooks", "DELETE", "faults")
        self.assertEqual(self._get_quickbooks_invoices(), [])
        self._make_due(self.connection)
        return self.connection.invoice_ids

    def _get_sent_numbers(self):
        return [row["DocNumber"] for row in self._get_sent("Invoice")]

    def _edit_and_run(self, bill_id, **changes):
        self._edit_bill(bill_id, **changes)
        self._run(self.connection)


@tagged("post_install", "-at_install")
class TestPushNow(ActionCase):
    def test_document_goes_before_all_others_with_its_customer(self):
        self._pull()
        urgent = self._get_invoice(self.connection, 1003)

        urgent.action_push_now()
        self.assertEqual(urgent.state, "queued")
        self._run(self.connection)

        first = self.sandbox.requests("quickbooks", "/batch")
        sent = [
            sorted(
                item[entity].get("DocNumber") or item[entity].get("DisplayName")
                for item in row["body"]["BatchItemRequest"]
                for entity in ("Customer", "Invoice")
                if entity in item
            )
            for row in first
            if row["status"] == 200
        ]
        names, numbers = list(filter(None, sent))[:2]
        self.assertEqual(names, [urgent.participant_id._get_wanted_name()])
        self.assertEqual(numbers, [urgent.number])
        self.assertEqual(len(self._get_quickbooks_invoices()), 8)

    def test_what_is_wrong_is_told_at_once(self):
        self._edit_and_run(1001, number="")
        invoice = self._get_invoice(self.connection, 1001)
        mapping = self.connection.item_mapping_ids
        mapping.filtered(lambda line: line.account_id.number == "4-1100").unlink()
        self._get_invoice(self.connection, 1002)
        self.assertEqual(invoice.failure_cause, "number_missing")
        invoice.sudo().number = "INV-NEW"

        answer = invoice.action_push_now()

        self.assertEqual(invoice.state, "attention")
        self.assertEqual(invoice.failure_cause, "account_unmapped")
        self.assertEqual(answer["params"]["type"], "warning")
        self.assertIn("1 need attention", answer["params"]["message"])

    def test_what_stands_in_quickbooks_is_pushed_again(self):
        self._run(self.connection)
        invoice = self._get_invoice(self.connection, 1001)
        sent = len(self._get_sent())

        answer = invoice.action_push_now()
        self.assertIn("1 go to QuickBooks", answer["params"]["message"])
        self._run(self.connection)

        self.assertEqual(invoice.state, "pushed")
        self.assertEqual(len(self._get_sent()), sent + 1)
        self.assertEqual(self._get_sent()[-1]["Id"], invoice.quickbooks_id)
        self.assertEqual(len(self._get_quickbooks_invoices(1001)), 1)

    def test_schedule_is_woken(self):
        self._pull()
        triggers = self.env["ir.cron.trigger"]
        triggers.search([]).unlink()

        self._get_invoice(self.connection, 1001).action_push_now()

        self.assertEqual(triggers.search([]).cron_id, self.connection.cron_id)

    def test_what_is_on_hold_stays_where_it_is(self):
        held, other = self._pull()[:2]
        held.action_hold()

        with self.assertRaisesRegex(UserError, "on hold"):
            held.action_push_now()
        (held | other).action_push_now()

        self.assertEqual((held.state, other.state), ("held", "queued"))

    def test_paused_connection_says_so(self):
        self._pull()
        self.connection.is_paused = True
        with self.assertRaisesRegex(UserError, "its state is Paused"):
            self.connection.invoice_ids.action_push_now()

    def test_invoice_that_becomes_less_still_goes_after_what_settles_it(self):
        self._receive((1001, "400.00"))
        self._run(self.connection)
        invoice = self._get_invoice(self.connection, 1001)
        self._replace_lines(1001, {"amount_exclusive": "9.00", "tax_code": "NT"})
        wait = {"kind": "status", "status": 429, "shape": "xml", "headers": {}}
        self.sandbox.fault("quickbooks", wait, path="/batch", times=9)
        self._run(self.connection)
        self.sandbox.admin("quickbooks", "DELETE", "faults")
        before = invoice._get_jobs("pending").priority

        invoice.action_push_now()

        self.assertEqual(invoice._get_jobs("pending").priority, before)


@tagged("post_install", "-at_install")
class TestHold(ActionCase):
    def test_queued_document_is_not_sent(self):
        self._pull()
        invoice = self._get_invoice(self.connection, 1001)

        invoice.action_hold()
        self._run(self.connection)

        self.assertEqual(invoice.state, "held")
        self.assertEqual(self._get_quickbooks_invoices(1001), [])
        self.assertEqual(len(self._get_quickbooks_invoices()), 7)
        self.assertIn("On hold", self._get_notes(invoice)[0])

    def test_pushed_document_stays_as_it_is_in_quickbooks(self):
        self._run(self.connection)
        invoice = self._get_invoice(self.connection, 1001)
        invoice.action_hold()

        self._edit_and_run(1001, number="INV-NEW")
        self._edit_and_run(1001, status="Deleted")

        self.assertEqual(invoice.state, "held")
        [theirs] = self._get_quickbooks_invoices(1001)
        self.assertEqual(theirs["DocNumber"], "INV-10001")
        self.assertEqual(invoice.quickbooks_id, theirs["Id"])

    def test_release_sends_what_changed_meanwhile(self):
        self._run(self.connection)
        invoice = self._get_invoice(self.connection, 1001)
        invoice.action_hold()
        self._edit_and_run(1001, number="INV-NEW")

        invoice.action_release()
        self._run(self.connection)

        self.assertEqual(invoice.state, "pushed")
        [theirs] = self._get_quickbooks_invoices(1001)
        self.assertEqual(theirs["DocNumber"], "INV-NEW")

    def test_release_of_what_did_not_change_sends_nothing(self):
        self._run(self.connection)
        invoice = self._get_invoice(self.connection, 1001)
        invoice.action_hold()
        sent = len(self._get_sent())

        invoice.action_release()
        self._run(self.connection)

        self.assertEqual(invoice.state, "pushed")
        self.assertEqual(len(self._get_sent()), sent)

    def test_requeue_of_many_releases_none(self):
        held, other = self._pull()[:2]
        held.action_hold()
        (held | other).action_requeue()
        self.assertEqual(held.state, "held")

    def test_what_was_sent_without_an_answer_is_left_alone(self):
        self.sandbox.fault("quickbooks", DROP_BEFORE, path="/batch", body='"Invoice"')
        self._run(self.connection)
        unknown = self.connection.invoice_ids.filtered(
            lambda one: one.job_ids.filtered(lambda job: job.state == "unknown")
        )
        self.assertTrue(unknown)
        for act in (
            unknown.action_hold,
            unknown.action_push_now,
            unknown.action_unlink,
        ):
            if act == unknown.action_unlink:
                continue
            with self.assertRaisesRegex(UserError, "not answered yet"):
                act()
        self.assertNotIn("held", unknown.mapped("state"))

    def test_many_at_once_are_counted(self):
        invoices = self._pull()
        invoices[0].action_hold()

        answer = invoices.action_hold()

        self.assertIn("7 of 8 on hold now", answer["params"]["message"])
        self.assertEqual(set(invoices.mapped("state")), {"held"})
        self.assertIs(invoices[0].action_release(), True)


@tagged("post_install", "-at_install")
class TestUnlink(ActionCase):
    def setUp(self):
        super().setUp()
        self._run(self.connection)
        self.invoice = self._get_invoice(self.connection, 1001)
        self.number = self.invoice.quickbooks_id

    def test_both_sides_stay_and_nothing_is_pushed(self):
        self.invoice.action_unlink()
        self._edit_and_run(1001, number="INV-NEW")

        self.assertEqual(self.invoice.state, "held")
        self.assertFalse(self.invoice.quickbooks_id)
        [theirs] = self._get_quickbooks_invoices(1001)
        self.assertEqual(theirs["DocNumber"], "INV-10001")
        self.assertIn("stays there as it is", self._get_notes(self.invoice)[0])

    def test_release_links_again_what_still_stands_there(self):
        self.invoice.action_unlink()

        self.invoice.action_release()
        self._run(self.connection)

        self.assertEqual(self.invoice.state, "pushed", self.invoice.failure_message)
        self.assertEqual(self.invoice.quickbooks_id, self.number)
        self.assertEqual(len(self._get_quickbooks_invoices(1001)), 1)

    def test_release_links_again_what_somebody_renumbered_there(self):
        self.invoice.action_unlink()
        self._edit_in_quickbooks("Invoice", self.number, DocNumber="MINE-1")

        self.invoice.action_release()
        self._run(self.connection)

        self.assertEqual(self.invoice.quickbooks_id, self.number)
        self.assertEqual(len(self._get_quickbooks_invoices(1001)), 1)

    def test_push_of_many_overwrites_nothing_that_somebody_changed_there(self):
        self._edit_in_quickbooks("Invoice", self.number, DocNumber="MINE-1")
        self._edit_and_run(1001, number="INV-NEW")
        self.assertEqual(self.invoice.failure_cause, "changed_in_quickbooks")

        self.connection.invoice_ids.action_push_now()
        self._run(self.connection)

        self.assertEqual(self.invoice.state, "attention")
        [theirs] = self._get_quickbooks_invoices(1001)
        self.assertEqual(theirs["DocNumber"], "MINE-1")

    def test_requeue_of_many_decides_nothing_that_is_decided_alone(self):
        other = self._get_invoice(self.connection, 1002)
        other.state = "attention"
        for cause in DECIDED_ALONE:
            self.invoice.write({"state": "attention", "failure_cause": cause})
            both = self.invoice | other
            with self.subTest(cause=cause):
                answer = both.action_requeue()
                self.assertIn("1 of 2 requeued", answer["params"]["message"])
                self.assertEqual(self.invoice.state, "attention")
                self.assertEqual(other.state, "waiting")
            other.state = "attention"

        self.assertIs(self.invoice.action_requeue(), True)

        self.assertEqual(self.invoice.state, "waiting")

    def test_many_of_the_list_of_all_documents_are_many_for_each_kind(self):
        """One payment and one invoice are two, though they are one of each."""
        self._receive((1001, "40.00"))
        self._run(self.connection)
        payment = self.connection.payment_ids
        for one in (self.invoice, payment):
            one.write({"state": "attention", "failure_cause": "deleted_in_quickbooks"})
        rows = self.env["actionstep.register"].search(
            [
                ("connection_id", "=", self.connection.id),
                ("state", "=", "attention"),
            ]
        )

        answer = rows.action_requeue()

        self.assertIn("0 of 2 requeued", answer["params"]["message"])
        with self.assertRaisesRegex(UserError, "need a decision on each one"):
            rows.action_push_now()
        self.assertEqual((self.invoice.state, payment.state), ("attention",) * 2)
        self.assertIs(rows[0].action_requeue(), True)
        states = sorted((self.invoice.state, payment.state))
        self.assertEqual(states, ["attention", "waiting"])

    def test_release_creates_anew_what_somebody_deleted_there(self):
        self.invoice.action_unlink()
        self._delete_in_quickbooks("Invoice", self.number)

        self.invoice.action_release()
        self._run(self.connection)

        self.assertEqual(self.invoice.state, "pushed", self.invoice.failure_message)
        [theirs] = self._get_quickbooks_invoices(1001)
        self.assertNotEqual(theirs["Id"], self.number)

    def test_what_is_settled_there_is_unlinked_after_its_payment(self):
        receipt_id = self._receive((1001, "40.00"))
        self._run(self.connection)
        payment = self.connection.payment_ids
        with self.assertRaisesRegex(UserError, "payment"):
            self.invoice.action_unlink()
        self.assertEqual(self.invoice.state, "pushed")

        payment.action_unlink()
        self.invoice.action_unlink()
        self._run(self.connection)

        self.assertEqual((payment.state, self.invoice.state), ("held", "held"))
        self.assertEqual(len(self._get_ours("Payment", f"receipt {receipt_id}")), 1)


@tagged("post_install", "-at_install")
class TestRights(ActionCase):
    def test_nobody_but_an_operator_decides(self):
        group = "actionstep_quickbooks.group_user"
        user = new_test_user(self.env, "ulla", groups=group)
        invoices = self._pull().with_user(user)
        for name in ("push_now", "hold", "release", "unlink", "requeue", "leave"):
            with self.subTest(action=name), self.assertRaises(UserError):
                getattr(invoices, f"action_{name}")()

    def test_operator_decides_from_the_list_of_all_documents(self):
        group = "actionstep_quickbooks.group_operator"
        user = new_test_user(self.env, "olga", groups=group)
        self._receive((1001, "40.00"))
        invoices = self._pull()
        mine = [("connection_id", "=", self.connection.id)]
        rows = self.env["actionstep.register"].with_user(user).search(mine)
        self.assertEqual(len(rows), 9)

        answer = rows.action_hold()
        self.assertIn("9 of 9 on hold now", answer["params"]["message"])
        documents = (*invoices, self.connection.payment_ids)
        self.assertEqual({one.state for one in documents}, {"held"})

        rows.invalidate_recordset()
        rows.action_release()
        self.assertEqual({one.state for one in documents}, {"waiting"})
        answer = rows.action_push_now()
        self.assertIn("8 go to QuickBooks", answer["params"]["message"])
        self.assertIn("1 wait", answer["params"]["message"])


@tagged("post_install", "-at_install")
class TestDifferences(ActionCase):
    def test_amounts_that_differ_are_found(self):
        self._run(self.connection)
        invoice = self._get_invoice(self.connection, 1001)
        self.assertEqual(
            set(self.connection.invoice_ids.mapped("amount_difference")), {0}
        )

        invoice.amount_total += 10

        differing = [("amount_difference", "!=", 0)]
        self.assertEqual(self.env["actionstep.invoice"].search(differing), invoice)
        self.assertEqual(invoice.amount_difference, -10)
