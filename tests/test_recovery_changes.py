"""Bills that change, or updates that get lost, while an outcome is unknown."""

from odoo.tests import tagged

from .test_recovery import DROP_BEFORE, RecoveryCase


@tagged("post_install", "-at_install")
class TestChangedMeanwhile(RecoveryCase):
    """The bill changes while nobody knows what became of the push."""

    def test_change_of_the_content_follows_as_an_update(self):
        self._lose()
        lines = [{"amount_exclusive": "10.00", "tax_code": "NT", "description": "New"}]
        self._replace_lines(1001, *lines)

        self._go_on(2)

        self._assert_once()
        [theirs] = self._get_quickbooks_invoices(1001)
        self.assertEqual(self._amount(theirs["TotalAmt"]), self._amount(10))
        self.assertEqual(theirs["SyncToken"], "1")

    def test_change_of_a_description_alone_is_not_taken_for_pushed(self):
        self._lose()
        line = self._get_invoice(self.connection, 1001).line_ids
        values = {"amount_exclusive": str(line.amount), "account_number": "4-1100"}
        self._replace_lines(1001, {**values, "description": "Corrected"})

        self._go_on(2)

        self._assert_once()
        [theirs] = self._get_quickbooks_invoices(1001)
        self.assertEqual(theirs["Line"][0]["Description"], "Corrected")

    def test_change_of_the_number_follows_as_an_update(self):
        self._lose()
        self._edit_bill(1001, number="INV-NEW")

        self._go_on(2)

        self._assert_once()
        self.assertEqual(self._get_quickbooks_invoices(1001)[0]["DocNumber"], "INV-NEW")

    def test_change_before_a_request_that_was_never_carried_out(self):
        self._lose(DROP_BEFORE)
        self._edit_bill(1001, number="INV-NEW")

        self._go_on(is_over=False)
        self.assertFalse(self._get_quickbooks_invoices(1001), "still under way?")
        self._forget_time()
        self._go_on(2)

        self._assert_once()
        self.assertEqual(self._get_quickbooks_invoices(1001)[0]["DocNumber"], "INV-NEW")

    def test_lost_mapping_does_not_hide_what_stands_in_quickbooks(self):
        self._lose()
        mapping = self.connection.item_mapping_ids
        legal_fees = mapping.filtered(lambda line: line.account_id.number == "4-1100")
        item = legal_fees.item_id
        legal_fees.unlink()

        self._go_on()
        invoice = self._get_invoice(self.connection, 1001)
        self.assertTrue(invoice.quickbooks_id)
        account = self.connection.account_ids.filtered(lambda a: a.number == "4-1100")
        mapping.create(
            {
                "connection_id": self.connection.id,
                "account_id": account.id,
                "item_id": item.id,
            }
        )
        self._go_on(2)

        self._assert_once()

    def test_requeue_while_the_outcome_is_unknown_changes_nothing(self):
        self._lose()
        invoice = self._get_invoice(self.connection, 1001)

        invoice.action_requeue()

        self.assertEqual(invoice.state, "queued")
        self._go_on()
        self._assert_once()

    def test_bill_deleted_after_it_was_created(self):
        self._lose()
        self._edit_bill(1001, status="Deleted")

        self._go_on(2)

        invoice = self._get_invoice(self.connection, 1001)
        self.assertEqual(invoice.state, "withdrawn")
        self.assertFalse(invoice.quickbooks_id)
        self.assertEqual(self._get_quickbooks_invoices(1001), [])

    def test_bill_deleted_before_it_was_created_is_never_sent_again(self):
        self._lose(DROP_BEFORE)
        self._edit_bill(1001, status="Deleted")

        self._go_on()
        self._forget_time()
        self._go_on(2)

        invoice = self._get_invoice(self.connection, 1001)
        self.assertEqual(invoice.state, "withdrawn")
        self.assertEqual(self._get_quickbooks_invoices(1001), [])
        creates = invoice.job_ids.filtered(lambda job: job.operation == "create")
        self.assertEqual(set(creates.mapped("state")), {"cancelled"})


@tagged("post_install", "-at_install")
class TestLostUpdates(RecoveryCase):
    def setUp(self):
        super().setUp()
        self._run(self.connection)
        self.first = self._get_quickbooks_invoices(1001)[0]

    def _describe(self, text):
        """Change nothing but the description of the bill's line in Actionstep."""
        line = self._get_invoice(self.connection, 1001).line_ids
        values = {"amount_exclusive": str(line.amount), "account_number": "4-1100"}
        self._replace_lines(1001, {**values, "description": text})

    def test_lost_answer_to_an_update_that_was_done(self):
        self._describe("Corrected")
        self._lose()
        self._go_on()
        self._assert_once()
        self.assertEqual(self._get_quickbooks_invoices(1001)[0]["SyncToken"], "1")

    def test_bill_that_is_deleted_after_a_lost_answer_leaves_quickbooks(self):
        self._describe("Corrected")
        self._lose()
        self.sandbox.admin("actionstep", "POST", "bills/1001/delete", {})

        self._go_on(2)

        self.assertEqual(self._get_quickbooks_invoices(1001), [])
        invoice = self._get_invoice(self.connection, 1001)
        self.assertEqual(invoice.state, "withdrawn", invoice.failure_message)

    def test_bill_that_is_reverted_after_a_lost_answer_is_as_before(self):
        self._describe("Corrected")
        self._lose()
        self._describe(self.first["Line"][0]["Description"])

        self._go_on(2)

        self._assert_once()
        [theirs] = self._get_quickbooks_invoices(1001)
        self.assertEqual(
            theirs["Line"][0]["Description"], self.first["Line"][0]["Description"]
        )

    def test_lost_update_is_not_taken_for_done_because_of_another_version(self):
        self._describe("Corrected")
        self._lose(DROP_BEFORE)
        # A payment, or anything else, that renews the version and nothing of ours.
        self._edit_in_quickbooks("Invoice", self.first["Id"], PrintStatus="NotSet")

        self._go_on(2)

        self._assert_once()
        theirs = self._get_quickbooks_invoices(1001)[0]
        self.assertEqual(theirs["Line"][0]["Description"], "Corrected")
