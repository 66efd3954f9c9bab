"""Every arrow of the life of a document; actionstep_invoice.py has the picture."""

from datetime import date, datetime

from odoo.tests import tagged

from .common import ActionstepCase
from .relay import Reply, writes

REFUSED = {"kind": "status", "status": 503, "shape": "upper"}
CUSTOMERS = {"method": "POST", "path": "/batch", "body": '"Customer"'}


class PlanCase(ActionstepCase):
    def setUp(self):
        super().setUp()
        self.connection = self._make_active()

    def _assert_state(self, bill_id, state, cause=False, sentence=""):
        """Assert where a document stands, why, and what it says; return it."""
        invoice = self._get_invoice(self.connection, bill_id)
        self.assertEqual((invoice.state, invoice.failure_cause), (state, cause))
        self.assertIn(sentence, invoice.failure_message or "")
        return invoice


@tagged("post_install", "-at_install")
class TestWaiting(PlanCase):
    def test_bill_waits_for_its_lines_and_goes_when_they_arrive(self):
        bill_id = self._add_bill(reporting=False)
        self._run(self.connection)
        sentence = "The lines of this document have not arrived yet."
        self._assert_state(bill_id, "waiting", "lines_missing", sentence)
        self.assertEqual(self._get_quickbooks_invoices(bill_id), [])

        self.sandbox.admin("actionstep", "POST", "reporting/refresh")
        self._run(self.connection)

        self._assert_state(bill_id, "pushed")
        self.assertEqual(len(self._get_quickbooks_invoices(bill_id)), 1)

    def test_bill_changed_after_its_export_waits_for_the_next_one(self):
        self._run(self.connection)
        totals = {"total_exclusive": "900.00", "total_inclusive": "966.00"}
        self._edit_bill(1001, **totals, modified_at="2098-01-01T00:00:00Z")

        self._run(self.connection)

        sentence = "The document changed after its lines were exported: lines"
        invoice = self._assert_state(1001, "waiting", "lines_outdated", sentence)
        self.assertIn("966.00", invoice.failure_message)
        line = {"account_number": "4-1100", "tax_code": "TAX 8.25"}
        self._replace_lines(1001, {**line, "amount_exclusive": "900.00"})
        self._run(self.connection)
        self._assert_state(1001, "pushed")
        [theirs] = self._get_quickbooks_invoices(1001)
        self.assertEqual(self._amount(theirs["TotalAmt"]), self._amount("974.25"))

    def test_lines_that_do_not_add_up_need_a_person(self):
        at = "2026-09-01T00:00:00Z"
        self._edit_bill(1001, total_inclusive="900.00", modified_at=at)

        self._run(self.connection)

        sentence = "The lines add up to 866.00 USD, but the document says 900.00 USD"
        self._assert_state(1001, "attention", "lines_mismatch", sentence)
        self.assertEqual(len(self._get_quickbooks_invoices()), 7)

    def test_late_lines_are_read_whatever_the_checkpoint_says(self):
        at = "2026-09-01T00:00:00Z"
        self._edit_bill(1001, total_inclusive="900.00", modified_at=at)
        bill_id = self._add_bill(reporting=False)
        self._run(self.connection)
        # The lines of other bills are newer than those that the export brings late.
        checkpoint = self.env["actionstep.sync.checkpoint"]._get(
            self.connection, "bill_lines"
        )
        checkpoint.cursor = datetime(2100, 1, 1)

        self._replace_lines(
            1001, {"amount_exclusive": "900.00", "tax_code": "NT"}, header=False
        )
        self._edit_bill(1001, total_exclusive="900.00", total_tax="0.00")
        self.sandbox.admin("actionstep", "POST", "reporting/refresh")
        self._run(self.connection)

        self._assert_state(1001, "pushed")
        self._assert_state(bill_id, "pushed")


@tagged("post_install", "-at_install")
class TestLeftOut(PlanCase):
    def test_bills_before_the_start_date_are_skipped(self):
        self.connection.start_date = date(2026, 9, 20)

        self._run(self.connection)

        early = self.connection.invoice_ids.filtered(
            lambda invoice: invoice.invoice_date < self.connection.start_date
        )
        self.assertTrue(early)
        self.assertEqual(set(early.mapped("state")), {"skipped"})
        late = self.connection.invoice_ids - early
        self.assertEqual(set(late.mapped("state")), {"pushed"})
        self.assertEqual(len(self._get_quickbooks_invoices()), len(late))

    def test_earlier_start_date_brings_what_was_skipped(self):
        self.connection.start_date = date(2027, 1, 1)
        self._run(self.connection)
        self.assertEqual(self._get_quickbooks_invoices(), [])

        self.connection.start_date = False
        self._run(self.connection)

        self.assertEqual(set(self.connection.invoice_ids.mapped("state")), {"pushed"})
        self.assertEqual(len(self._get_quickbooks_invoices()), 8)

    def test_later_start_date_holds_what_is_still_queued(self):
        self.connection.batches_away = 1
        self.sandbox.fault("quickbooks", REFUSED, **CUSTOMERS)
        self._run(self.connection)
        self.assertEqual(set(self.connection.invoice_ids.mapped("state")), {"queued"})

        self.connection.start_date = date(2027, 1, 1)
        self._make_due(self.connection)
        self._run(self.connection)

        self.assertEqual(set(self.connection.invoice_ids.mapped("state")), {"skipped"})
        self.assertEqual(self._get_quickbooks_invoices(), [])

    def test_start_date_leaves_pushed_invoices_in_step(self):
        self._run(self.connection)
        self.connection.start_date = date(2027, 1, 1)
        self._edit_bill(1001, number="INV-NEW")

        self._run(self.connection)

        self._assert_state(1001, "pushed")
        self.assertEqual(self._get_quickbooks_invoices(1001)[0]["DocNumber"], "INV-NEW")

    def test_drafts_and_deleted_bills_are_never_staged(self):
        draft = self._add_bill(status="Draft")
        deleted = self._add_bill(status="Deleted")

        self._run(self.connection)

        self.assertFalse(self._get_invoice(self.connection, draft))
        self.assertFalse(self._get_invoice(self.connection, deleted))
        self.assertEqual(len(self._get_quickbooks_invoices()), 8)


@tagged("post_install", "-at_install")
class TestPushed(PlanCase):
    def setUp(self):
        super().setUp()
        self._run(self.connection)
        self.first = self._get_quickbooks_invoices(1001)[0]
        self.sandbox.admin("quickbooks", "DELETE", "log")

    def test_changed_bill_updates_the_same_invoice(self):
        self._replace_lines(1001, {"amount_exclusive": "120.00", "tax_code": "NT"})
        self._run(self.connection)

        invoice = self._assert_state(1001, "pushed")
        [theirs] = self._get_quickbooks_invoices(1001)
        self.assertEqual(theirs["Id"], self.first["Id"])
        self.assertEqual(int(theirs["SyncToken"]), int(self.first["SyncToken"]) + 1)
        self.assertEqual(self._amount(theirs["TotalAmt"]), self._amount(120))
        self.assertEqual(invoice.quickbooks_sync_token, theirs["SyncToken"])
        self.assertEqual(len(self._get_sent()), 1)
        self.assertIn("Updated in QuickBooks", self._get_notes(invoice)[0])

    def test_payment_in_actionstep_pushes_nothing(self):
        self._switch("actionstep", payment_bumps_modified=True)
        self._edit_bill(1001, total_paid="100.00")

        run = self._run(self.connection)

        self.assertEqual(self._assert_state(1001, "pushed").amount_paid, 100.0)
        self.assertEqual((run.queued_count, self._get_sent()), (0, []))

    def test_difference_in_quickbooks_is_shown_to_the_cent(self):
        self._switch("quickbooks", tax_override_tolerance="0")
        self._edit_bill(1004, number="INV-NEW")

        self._run(self.connection)

        invoice = self._assert_state(1004, "attention", "totals_differ", "(total, tax)")
        [theirs] = self._get_quickbooks_invoices(1004)
        self.assertEqual(
            self._amount(invoice.quickbooks_total), self._amount(theirs["TotalAmt"])
        )
        self.assertNotEqual(invoice.quickbooks_total, invoice.amount_total)
        self.assertEqual(
            invoice.failure_message,
            "QuickBooks has 32.80 USD where Actionstep has 32.79 USD (total, tax). "
            "Check the document in QuickBooks, and its tax code if the tax differs. "
            "When it is right there, press Leave in QuickBooks.",
        )
        self._switch("quickbooks", tax_override_tolerance="0.05")
        invoice.action_requeue()
        self._run(self.connection)
        self._assert_state(1004, "pushed")

    def test_change_that_is_undone_before_it_went_pushes_nothing(self):
        self.sandbox.fault("quickbooks", REFUSED, method="POST", path="/batch")
        self._edit_bill(1001, number="INV-NEW")
        self._run(self.connection)
        self._assert_state(1001, "queued")
        self._edit_bill(1001, number="INV-10001")

        self._make_due(self.connection)
        self._run(self.connection)

        self._assert_state(1001, "pushed")
        self.assertEqual(self._get_quickbooks_invoices(1001), [self.first])

    def test_answer_of_another_customer_is_a_difference(self):
        def change(call, reply):
            if not writes(call):
                return reply
            customer = '"CustomerRef":{"value":"'
            return Reply(reply.status, reply.body.replace(customer, f"{customer}9"))

        self._edit_bill(1001, number="INV-NEW")
        self._run_through(self.connection, change)

        self._assert_state(1001, "attention", "totals_differ", "(customer)")
