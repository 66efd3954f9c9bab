from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import ActionstepCase

DROP_BEFORE = {"kind": "drop_before"}
DROP_AFTER = {"kind": "drop_after"}


class RemovalCase(ActionstepCase):
    """A firm whose bills stand in QuickBooks; the log starts empty."""

    def setUp(self):
        super().setUp()
        self.connection = self._make_active()
        self._run(self.connection)
        [self.theirs] = self._get_quickbooks_invoices(1001)
        self.invoice = self._get_invoice(self.connection, 1001)
        self.sandbox.admin("quickbooks", "DELETE", "log")

    def _delete_bill(self):
        self.sandbox.admin("actionstep", "POST", "bills/1001/delete", {})

    def _revert_bill(self):
        self.sandbox.admin("actionstep", "POST", "bills/1001/revert", {})

    def _post_bill(self, **values):
        self.sandbox.admin("actionstep", "POST", "bills/1001/post", values)

    def _next_pass(self):
        self._make_due(self.connection)
        return self._run(self.connection)

    def _assert_withdrawn(self):
        self.assertEqual(
            (self.invoice.state, self.invoice.failure_cause), ("withdrawn", False)
        )
        self.assertFalse(self.invoice.quickbooks_id)

    def _assert_left(self, cause, sentence):
        """Assert that the invoice stands and waits for a person."""
        self.assertEqual(
            (self.invoice.state, self.invoice.failure_cause), ("attention", cause)
        )
        self.assertIn(sentence, self.invoice.failure_message)
        self.assertEqual(len(self._get_quickbooks_invoices(1001)), 1)

    def _get_voided(self):
        rows = self.sandbox.admin("quickbooks", "GET", "dump")["Invoice"]
        [row] = [row for row in rows if row["Id"] == self.theirs["Id"]]
        return row


@tagged("post_install", "-at_install")
class TestRemoval(RemovalCase):
    def test_deleted_bill_is_deleted_in_quickbooks(self):
        self._delete_bill()

        run = self._run(self.connection)

        self.assertEqual(run.state, "done", run.message)
        self._assert_withdrawn()
        self.assertEqual(self._get_quickbooks_invoices(1001), [])
        self.assertIn("Deleted in QuickBooks", self._get_notes(self.invoice)[0])
        self.assertIn("INV-10001", self._get_notes(self.invoice)[0])

    def test_other_invoices_stay(self):
        before = len(self._get_quickbooks_invoices())
        self._delete_bill()

        self._run(self.connection)

        self.assertEqual(len(self._get_quickbooks_invoices()), before - 1)
        self.assertEqual(len(self._get_sent()), 1)

    def test_deleted_bill_is_voided_when_the_firm_wants_that(self):
        self.connection.removal = "void"
        self._delete_bill()

        self._run(self.connection)

        self._assert_withdrawn()
        row = self._get_voided()
        self.assertEqual(self._amount(row["TotalAmt"]), 0)
        self.assertTrue(row["PrivateNote"].startswith("Voided"), row["PrivateNote"])
        self.assertIn("Voided in QuickBooks", self._get_notes(self.invoice)[0])

    def test_draft_is_deleted_even_when_the_firm_voids_what_it_deletes(self):
        self.connection.removal = "void"
        self._revert_bill()

        self._run(self.connection)

        self._assert_withdrawn()
        self.assertEqual(self._get_voided()["status"], "Deleted")

    def test_bill_posted_again_is_created_anew_with_its_old_number(self):
        self._revert_bill()
        self._run(self.connection)
        self._post_bill(number="INV-10001")

        self._run(self.connection)

        self.assertEqual(self.invoice.state, "pushed")
        [again] = self._get_quickbooks_invoices(1001)
        self.assertNotEqual(again["Id"], self.theirs["Id"])
        self.assertEqual(again["DocNumber"], "INV-10001")

    def test_bill_posted_again_between_two_passes_is_one_update(self):
        self._revert_bill()
        self._post_bill(number="INV-10001.1")

        self._run(self.connection)

        [again] = self._get_quickbooks_invoices(1001)
        self.assertEqual(again["Id"], self.theirs["Id"])
        self.assertEqual(again["DocNumber"], "INV-10001.1")

    def test_number_of_a_removed_bill_is_free_for_another_in_the_same_pass(self):
        self._delete_bill()
        other = self._add_bill(number="INV-10001")

        run = self._run(self.connection)

        self.assertEqual((run.state, run.failed_count), ("done", 0))
        [theirs] = self._get_quickbooks_invoices(other)
        self.assertEqual(theirs["DocNumber"], "INV-10001")
        self.assertEqual(self._get_quickbooks_invoices(1001), [])

    def test_invoice_that_a_person_deleted_already_is_in_order(self):
        self._delete_in_quickbooks("Invoice", self.theirs["Id"])
        self._delete_bill()

        run = self._run(self.connection)

        self.assertEqual((run.state, run.failed_count), ("done", 0))
        self._assert_withdrawn()
        self.assertEqual(self._get_sent(), [])
        self.assertIn("Not in QuickBooks any more", self._get_notes(self.invoice)[0])


@tagged("post_install", "-at_install")
class TestObjection(RemovalCase):
    def test_invoice_that_a_person_paid_is_left_to_a_person(self):
        self.sandbox.admin("quickbooks", "POST", "pay", {"invoice": self.theirs["Id"]})
        self._delete_bill()

        self._run(self.connection)

        self._assert_left("paid_in_quickbooks", "Remove that payment or credit there")
        self.assertEqual(self._get_sent(), [])

    def test_after_the_payment_is_removed_requeue_removes_the_invoice(self):
        body = {"invoice": self.theirs["Id"]}
        payment = self.sandbox.admin("quickbooks", "POST", "pay", body)
        self._delete_bill()
        self._run(self.connection)
        self._delete_in_quickbooks("Payment", payment["Id"])

        self.invoice.action_requeue()
        self._run(self.connection)

        self._assert_withdrawn()
        self.assertEqual(self._get_quickbooks_invoices(1001), [])

    def test_invoice_that_a_person_changed_is_left_until_somebody_requeues(self):
        self._edit_in_quickbooks("Invoice", self.theirs["Id"], DueDate="2027-01-31")
        self._delete_bill()
        self._run(self.connection)
        self._assert_left("removal_changed", "Requeue to remove it all the same")

        self.invoice.action_requeue()
        self._run(self.connection)

        self._assert_withdrawn()

    def test_consent_to_one_change_is_none_to_the_next(self):
        self._edit_in_quickbooks("Invoice", self.theirs["Id"], DueDate="2027-01-31")
        self._delete_bill()
        self._run(self.connection)
        self._edit_in_quickbooks("Invoice", self.theirs["Id"], DueDate="2027-02-28")

        self.invoice.action_requeue()
        self._run(self.connection)

        self._assert_left("removal_changed", "Requeue to remove it all the same")

    def test_deposit_on_the_invoice_counts_as_paid(self):
        self._edit_in_quickbooks("Invoice", self.theirs["Id"], Balance="1.00")
        self._delete_bill()

        self._run(self.connection)

        self._assert_left("paid_in_quickbooks", "press Leave in QuickBooks")

    def test_refusal_that_names_something_missing_is_no_proof_of_removal(self):
        fault = {"kind": "fault", "code": "610", "message": "m", "detail": "inactive"}
        self.sandbox.fault("quickbooks", fault, path="/batch", body='"delete"')
        self._delete_bill()

        self._run(self.connection)

        self._assert_left("gone_in_quickbooks", "QuickBooks no longer has something")

    def test_bill_whose_status_nobody_knows_is_not_removed(self):
        self._edit_bill(1001, status="")

        run = self._run(self.connection)

        self.assertIn("could not be read", run.message)
        self.assertEqual(self.invoice.state, "pushed")
        self.assertEqual(len(self._get_quickbooks_invoices(1001)), 1)

    def test_closed_period_keeps_the_invoice_and_says_so(self):
        self.sandbox.admin("quickbooks", "POST", "close", {"date": "2026-12-31"})
        self._delete_bill()

        self._run(self.connection)

        self._assert_left("closed_period", "The books in QuickBooks are closed")

    def test_one_objection_stops_no_other_removal(self):
        self.sandbox.admin("quickbooks", "POST", "pay", {"invoice": self.theirs["Id"]})
        self._delete_bill()
        self.sandbox.admin("actionstep", "POST", "bills/1002/delete", {})

        self._run(self.connection)

        self._assert_left("paid_in_quickbooks", "Remove that payment or credit there")
        self.assertEqual(self._get_quickbooks_invoices(1002), [])


@tagged("post_install", "-at_install")
class TestLostAnswers(RemovalCase):
    def test_removal_that_was_done_and_not_answered_is_not_repeated(self):
        self.sandbox.fault("quickbooks", DROP_AFTER, path="/batch", body='"delete"')
        self._delete_bill()
        run = self._run(self.connection)
        self.assertEqual(run.state, "interrupted")
        self.assertEqual(self.invoice.state, "queued")

        self._next_pass()

        self._assert_withdrawn()
        self.assertEqual(len(self._get_sent()), 1)

    def test_removal_that_never_arrived_is_sent_again(self):
        self.sandbox.fault("quickbooks", DROP_BEFORE, path="/batch", body='"delete"')
        self._delete_bill()
        self._run(self.connection)
        self.assertEqual(len(self._get_quickbooks_invoices(1001)), 1)

        self._next_pass()

        self._assert_withdrawn()
        self.assertEqual(self._get_quickbooks_invoices(1001), [])

    def test_worker_that_died_after_the_removal_is_recovered(self):
        self._delete_bill()
        self._run(self.connection)
        job = self.invoice.job_ids.filtered(lambda one: one.operation == "delete")
        self.invoice.write({"quickbooks_id": self.theirs["Id"], "state": "queued"})
        job.write({"state": "started", "finished_at": False})

        self._next_pass()

        self.assertEqual(job.state, "done")
        self._assert_withdrawn()

    def test_void_that_was_done_and_not_answered_accuses_nobody(self):
        self.connection.removal = "void"
        self.sandbox.fault("quickbooks", DROP_AFTER, path="/batch", body='"void"')
        self._delete_bill()
        self._run(self.connection)

        self._next_pass()

        self._assert_withdrawn()
        self.assertEqual(len(self._get_sent()), 1)

    def test_bill_posted_again_after_a_lost_removal_stands_once(self):
        for fault in (DROP_AFTER, DROP_BEFORE):
            with self.subTest(fault["kind"]):
                self.sandbox.fault("quickbooks", fault, path="/batch", body='"delete"')
                self._revert_bill()
                self._make_due(self.connection)
                self._run(self.connection)
                self._post_bill(number="INV-10001")

                self._make_due(self.connection, is_over=False)
                self._run(self.connection)
                self._next_pass()
                self._next_pass()

                self.assertEqual(self.invoice.state, "pushed")
                [theirs] = self._get_quickbooks_invoices(1001)
                self.assertEqual(self.invoice.quickbooks_id, theirs["Id"])


@tagged("post_install", "-at_install")
class TestUnseen(ActionstepCase):
    def test_invoice_that_was_given_up_is_looked_for_and_removed(self):
        connection = self._make_active(batches_away=1)
        self.sandbox.fault("quickbooks", DROP_AFTER, path="/batch", body='"Invoice"')
        self._run(connection)
        invoice = self._get_invoice(connection, 1001)
        invoice.job_ids.write({"state": "failed"})
        invoice.state = "attention"
        self.assertEqual(len(self._get_quickbooks_invoices(1001)), 1)
        self.sandbox.admin("actionstep", "POST", "bills/1001/delete", {})

        self._make_due(connection)
        self._run(connection)

        self.assertEqual(invoice.state, "withdrawn")
        self.assertEqual(self._get_quickbooks_invoices(1001), [])

    def test_removal_creates_no_customer(self):
        connection = self._make_active()
        self._run(connection)
        invoice = self._get_invoice(connection, 1001)
        invoice.participant_id.quickbooks_id = False
        before = set(self._get_customers())
        self.sandbox.admin("actionstep", "POST", "bills/1001/revert", {})

        self._run(connection)

        self.assertEqual(invoice.state, "withdrawn")
        self.assertEqual(set(self._get_customers()), before)


@tagged("post_install", "-at_install")
class TestLeave(RemovalCase):
    def test_paid_invoice_of_a_deleted_bill_can_be_left(self):
        self.sandbox.admin("quickbooks", "POST", "pay", {"invoice": self.theirs["Id"]})
        self._delete_bill()
        self._run(self.connection)

        self.invoice.action_leave()
        self._run(self.connection)

        self._assert_withdrawn()
        self.assertEqual(len(self._get_quickbooks_invoices(1001)), 1)
        self.assertIn("Left in QuickBooks", self._get_notes(self.invoice)[0])

    def test_changed_invoice_can_be_left_until_the_bill_changes_again(self):
        self._edit_in_quickbooks("Invoice", self.theirs["Id"], DueDate="2027-01-31")
        self._edit_bill(1001, due_date="2026-12-24")
        self._run(self.connection)
        self.assertEqual(self.invoice.failure_cause, "changed_in_quickbooks")

        self.invoice.action_leave()
        self._run(self.connection)

        self.assertEqual(self.invoice.state, "pushed")
        [theirs] = self._get_quickbooks_invoices(1001)
        self.assertEqual(theirs["DueDate"], "2027-01-31")

        self._edit_bill(1001, due_date="2026-12-31")
        self._run(self.connection)

        [theirs] = self._get_quickbooks_invoices(1001)
        self.assertEqual(theirs["DueDate"], "2026-12-31")

    def test_what_cannot_be_mapped_is_told_in_a_sentence(self):
        self._edit_in_quickbooks("Invoice", self.theirs["Id"], DueDate="2027-01-31")
        self._edit_bill(1001, due_date="2026-12-24")
        self._run(self.connection)
        self.connection.item_mapping_ids.unlink()

        with self.assertRaisesRegex(UserError, "has no product or service"):
            self.invoice.action_leave()

    def test_document_that_waits_for_something_else_is_not_left(self):
        self.invoice.write({"state": "attention", "failure_cause": "tax_unmapped"})

        self.invoice.action_leave()

        self.assertEqual(self.invoice.state, "attention")
