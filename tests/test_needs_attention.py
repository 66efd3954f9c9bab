"""Needs attention: what it says, that it is told once, and that the way out works."""

from odoo import fields
from odoo.tests import tagged

from .test_plan import PlanCase


class AttentionCase(PlanCase):
    def _count_notes(self, bill_id):
        """Return how often the chatter of a bill says that it needs attention."""
        notes = self._get_notes(self._get_invoice(self.connection, bill_id))
        return sum("Needs attention: " in note for note in notes)


@tagged("post_install", "-at_install")
class TestMended(AttentionCase):
    """Each cause of the demo's firm, mended as its sentence says."""

    firm_size = "demo"

    def setUp(self):
        super().setUp()
        self.causes = {
            cause: bill_id for bill_id, cause in self.firm.expected_attention.items()
        }

    def test_each_cause_stops_its_own_bill_and_no_other(self):
        run = self._run(self.connection)

        self.assertEqual(run.state, "done", run.message)
        stuck = self.connection.invoice_ids.filtered(lambda i: i.state != "pushed")
        self.assertEqual(
            {int(i.external_id): i.failure_cause for i in stuck},
            self.firm.expected_attention,
        )
        self.assertEqual(len(self._get_quickbooks_invoices()), 54)
        self.assertTrue(all(stuck.mapped("failed_at")))
        for invoice in stuck:
            self.assertEqual(self._count_notes(invoice.external_id), 1)

    def test_added_mapping_lets_the_next_run_push(self):
        self._run(self.connection)
        bill_id = self.causes["account_unmapped"]
        sentence = "The invoice account 4-1900 has no product or service."
        self._assert_state(bill_id, "attention", "account_unmapped", sentence)

        account = self.connection.account_ids.filtered(lambda a: a.number == "4-1900")
        self.env["actionstep.item.mapping"].create(
            {
                "connection_id": self.connection.id,
                "account_id": account.id,
                "item_id": self.connection.quickbooks_item_ids[0].id,
            }
        )
        self._run(self.connection)

        self._assert_state(bill_id, "pushed")
        self.assertEqual(len(self._get_quickbooks_invoices(bill_id)), 1)

    def test_corrected_tax_code_lets_the_next_run_push(self):
        self._run(self.connection)
        bill_id = self.causes["tax_unmapped"]
        sentence = "The tax code CITY 9.5 has no QuickBooks tax code."
        self._assert_state(bill_id, "attention", "tax_unmapped", sentence)
        self._replace_lines(bill_id, {"amount_exclusive": "9.00", "tax_code": "NT"})

        self._run(self.connection)

        self._assert_state(bill_id, "pushed")

    def test_changed_number_lets_the_next_run_push(self):
        self._run(self.connection)
        long, taken = (
            self.causes[cause] for cause in ("number_too_long", "duplicate_number")
        )
        sentence = "QuickBooks takes at most 21 characters in"
        self._assert_state(long, "attention", "number_too_long", sentence)
        sentence = "QuickBooks already has a document with the number INV-2026-0777"
        self._assert_state(taken, "attention", "duplicate_number", sentence)

        self._edit_bill(long, number="SHORT-1")
        self._edit_bill(taken, number="FREE-1")
        self._run(self.connection)

        for bill_id in (long, taken):
            self._assert_state(bill_id, "pushed")
            self.assertEqual(len(self._get_quickbooks_invoices(bill_id)), 1)

    def test_reopened_period_lets_a_later_run_push(self):
        self._run(self.connection)
        bill_id = self.causes["closed_period"]
        sentence = "The books in QuickBooks are closed for the date 2026-08-27."
        invoice = self._assert_state(bill_id, "attention", "closed_period", sentence)
        self.assertGreater(invoice.retry_at, fields.Datetime.now())
        self._edit_in_quickbooks(
            "Preferences", "1", AccountingInfoPrefs={"BookCloseDate": "2026-07-31"}
        )

        self._run(self.connection)
        self._assert_state(bill_id, "attention", "closed_period")
        self._make_due(self.connection)
        self._run(self.connection)

        self._assert_state(bill_id, "pushed")

    def test_requeue_pushes_at_once_what_was_mended(self):
        self._run(self.connection)
        bill_id = self.causes["closed_period"]
        self._edit_in_quickbooks(
            "Preferences", "1", AccountingInfoPrefs={"BookCloseDate": "2026-07-31"}
        )

        self._get_invoice(self.connection, bill_id).action_requeue()
        self._run(self.connection)

        self._assert_state(bill_id, "pushed")

    def test_requeue_of_what_is_not_mended_is_told_again_once(self):
        self._run(self.connection)
        bill_id = self.causes["closed_period"]
        self._get_invoice(self.connection, bill_id).action_requeue()

        for _number in range(2):
            self._run(self.connection)

        self._assert_state(bill_id, "attention", "closed_period")
        self.assertEqual(self._count_notes(bill_id), 2)


@tagged("post_install", "-at_install")
class TestTold(AttentionCase):
    def test_same_sentence_is_told_once_however_often_it_is_tried(self):
        self._switch("quickbooks", closed_books={"date": "2026-09-01"})
        self._run(self.connection)
        invoice = self._assert_state(1001, "attention", "closed_period")
        invoice.failed_at = since = fields.Datetime.to_datetime("2026-09-01 10:00:00")

        for _number in range(3):
            self._make_due(self.connection)
            self._run(self.connection)

        self._assert_state(1001, "attention", "closed_period")
        self.assertEqual(len(invoice.job_ids), 4)
        self.assertEqual(self._count_notes(1001), 1)
        self.assertEqual(invoice.failed_at, since)

    def test_another_sentence_is_told_too(self):
        self._switch("quickbooks", closed_books={"date": "2026-09-01"})
        self._run(self.connection)
        self._edit_bill(1001, number="")

        self._run(self.connection)

        self._assert_state(1001, "attention", "number_missing")
        self.assertEqual(self._count_notes(1001), 2)

    def test_requeue_on_the_job_requeues_its_document(self):
        self._switch("quickbooks", closed_books={"date": "2026-09-01"})
        self._run(self.connection)
        self._switch("quickbooks", closed_books=None)

        self._get_jobs(self.connection, "failed").action_requeue()
        self._run(self.connection)

        self._assert_state(1001, "pushed")


@tagged("post_install", "-at_install")
class TestEditedInQuickbooks(AttentionCase):
    """What a person did in QuickBooks is reported, never undone in silence."""

    def setUp(self):
        super().setUp()
        self._run(self.connection)
        self.theirs = self._get_quickbooks_invoices(1001)[0]

    def _edit(self, **changes):
        self._edit_in_quickbooks("Invoice", self.theirs["Id"], **changes)

    def test_edit_by_a_person_is_left_until_somebody_requeues(self):
        self._edit(DueDate="2027-01-31")
        self._edit_bill(1001, number="INV-NEW")

        self._run(self.connection)

        sentence = "Somebody changed this document in QuickBooks after it was pushed."
        cause = "changed_in_quickbooks"
        invoice = self._assert_state(1001, "attention", cause, sentence)
        [theirs] = self._get_quickbooks_invoices(1001)
        self.assertEqual(
            (theirs["DocNumber"], theirs["DueDate"]), ("INV-10001", "2027-01-31")
        )

        invoice.action_requeue()
        self._run(self.connection)

        self._assert_state(1001, "pushed")
        [theirs] = self._get_quickbooks_invoices(1001)
        self.assertEqual(
            (theirs["Id"], theirs["DocNumber"], theirs["DueDate"]),
            (self.theirs["Id"], "INV-NEW", self.theirs["DueDate"]),
        )

    def test_requeue_for_another_reason_does_not_undo_an_edit(self):
        self._edit_bill(1001, number="")
        self._run(self.connection)
        self._edit(DueDate="2027-01-31")
        self._edit_bill(1001, number="INV-NEW")

        self._get_invoice(self.connection, 1001).action_requeue()
        self._run(self.connection)

        self._assert_state(1001, "attention", "changed_in_quickbooks")
        self.assertEqual(
            self._get_quickbooks_invoices(1001)[0]["DueDate"], "2027-01-31"
        )

    def test_mere_new_version_is_taken_and_the_update_goes(self):
        self._edit(PrintStatus="NotSet")
        self._edit_bill(1001, number="INV-NEW")

        run = self._run(self.connection)

        self.assertEqual(run.state, "done", run.message)
        self._assert_state(1001, "pushed")
        [theirs] = self._get_quickbooks_invoices(1001)
        self.assertEqual((theirs["DocNumber"], theirs["SyncToken"]), ("INV-NEW", "2"))

    def test_invoice_deleted_by_a_person_comes_back_only_when_asked_for(self):
        self._delete_in_quickbooks("Invoice", self.theirs["Id"])
        self._edit_bill(1001, number="INV-NEW")
        self._run(self.connection)
        cause = "deleted_in_quickbooks"
        sentence = "Somebody deleted the document INV-10001 in QuickBooks."
        invoice = self._assert_state(1001, "attention", cause, sentence)
        self.assertFalse(invoice.quickbooks_id)

        self._make_due(self.connection)
        self._run(self.connection)
        self._assert_state(1001, "attention", cause)
        invoice.action_requeue()
        self._run(self.connection)

        self._assert_state(1001, "pushed")
        [theirs] = self._get_quickbooks_invoices(1001)
        self.assertNotEqual(theirs["Id"], self.theirs["Id"])
        self.assertIn("Created in QuickBooks", self._get_notes(invoice)[0])

    def test_bill_withdrawn_after_its_invoice_was_deleted_is_in_order(self):
        self._edit_bill(1001, number="INV-NEW")
        self._delete_in_quickbooks("Invoice", self.theirs["Id"])
        self._run(self.connection)
        self._edit_bill(1001, status="Deleted")

        self._run(self.connection)

        self._assert_state(1001, "withdrawn")

    def test_inactive_product_is_told_and_mended(self):
        item = self.theirs["Line"][0]["SalesItemLineDetail"]["ItemRef"]["value"]
        self._edit_in_quickbooks("Item", item, Active=False)
        self._edit_bill(1001, number="INV-NEW")
        self._run(self.connection)
        sentence = "Something this document uses is inactive in QuickBooks"
        self._assert_state(1001, "attention", "inactive_in_quickbooks", sentence)

        self._edit_in_quickbooks("Item", item, Active=True)
        self._make_due(self.connection)
        self._run(self.connection)

        self._assert_state(1001, "pushed")
