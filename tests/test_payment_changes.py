"""Payments that change or go away in Actionstep, or that a person touched."""

from decimal import Decimal

from odoo.tests import tagged

from .test_payments import FORTY, PaymentCase


class ChangeCase(PaymentCase):
    """A payment of 40.00 on the first bill stands in QuickBooks."""

    def setUp(self):
        super().setUp()
        self.receipt_id = self._receive((1001, "40.00"), reference="200417")
        self._run(self.connection)
        self.first = self._get_row(self.receipt_id)
        self.sandbox.admin("quickbooks", "DELETE", "log")

    def _act(self, act, **body):
        """Do what a person does in QuickBooks; ``admin.py`` there lists the acts."""
        return self.sandbox.admin("quickbooks", "POST", act, body)

    def _allocate(self, *allocations, receipt_id=None):
        """Replace in Actionstep what the receipt settles."""
        parts = [{"bill_id": bill, "amount": amount} for bill, amount in allocations]
        receipt_id = receipt_id or self.receipt_id
        self._change_receipt(receipt_id, "allocations", allocations=parts)

    def _delete(self):
        self._change_receipt(self.receipt_id, "delete")

    def _get_raw(self, entity, object_id):
        """Return an object of QuickBooks, removed or not."""
        rows = self.sandbox.admin("quickbooks", "GET", "dump")[entity]
        [row] = [row for row in rows if row["Id"] == object_id]
        return row

    def _assert_same(self):
        """Assert that the payment is the one that was created first; return it."""
        row = self._get_row(self.receipt_id)
        self.assertEqual(row["Id"], self.first["Id"])
        return row

    def _assert_untouched(self, cause, sentence):
        """Assert that QuickBooks kept the payment as it was, and why."""
        self._assert_payment(self.receipt_id, "attention", cause, sentence)
        self.assertEqual(self._amount(self._assert_same()["TotalAmt"]), FORTY)

    def _assert_withdrawn(self):
        payment = self._assert_payment(self.receipt_id, "withdrawn")
        self.assertFalse(payment.quickbooks_id)
        self.assertEqual(self._get_rows(self.receipt_id), [])


@tagged("post_install", "-at_install")
class TestEdit(ChangeCase):
    def test_all_that_a_receipt_tells_is_changed(self):
        self._change_receipt(
            self.receipt_id,
            amount="60.00",
            received_on="2026-11-21",
            method="Check",
            reference="200418",
            memo="Corrected",
        )

        self._run(self.connection)

        row = self._assert_same()
        self.assertEqual(self._amount(row["TotalAmt"]), 60)
        self.assertEqual(self._amount(row["UnappliedAmt"]), 20)
        self.assertEqual(row["TxnDate"], "2026-11-21")
        self.assertEqual(row["PaymentRefNum"], "200418")
        self.assertIn("PaymentMethodRef", row)
        self.assertIn("Memo: Corrected", row["PrivateNote"])
        payment = self._assert_payment(self.receipt_id, "pushed")
        self.assertIn("Updated in QuickBooks", self._get_notes(payment)[0])

    def test_what_a_receipt_no_longer_tells_is_taken_away(self):
        self._change_receipt(self.receipt_id, method="Check", memo="Once")
        self._run(self.connection)
        self._change_receipt(self.receipt_id, method="", memo="", reference="")

        self._run(self.connection)

        row = self._assert_same()
        self._assert_payment(self.receipt_id, "pushed")
        self.assertFalse(row.get("PaymentRefNum"))
        self.assertNotIn("PaymentMethodRef", row)
        self.assertNotIn("Memo", row["PrivateNote"])

    def test_allocations_change(self):
        second = self._add_bill()
        for links in ({1001: "15.00", second: "25.00"}, {second: "40.00"}, {}):
            with self.subTest(links=links):
                self._allocate(*links.items())
                self._run(self.connection)
                left = FORTY - sum(map(Decimal, links.values()))
                self._assert_settles(self.receipt_id, links, left)
                self._assert_same()
        self.assertEqual(self._get_balance(1001), 866)

    def test_payment_moves_to_a_bill_of_another_client(self):
        self._allocate((1002, "40.00"))

        self._run(self.connection)

        self._assert_settles(self.receipt_id, {1002: "40.00"})
        self.assertEqual(self._get_balance(1001), 866)
        customer = self._get_invoice(self.connection, 1002).participant_id
        row = self._assert_same()
        self.assertEqual(row["CustomerRef"]["value"], customer.quickbooks_id)

    def test_payment_moves_to_a_bill_that_is_not_there_yet(self):
        self._allocate((7777, "40.00"))
        self._run(self.connection)
        self._assert_payment(self.receipt_id, "waiting", "allocation_unknown_bill")

        self._add_bill(bill_id=7777)
        self._run(self.connection)

        self._assert_settles(self.receipt_id, {7777: "40.00"})
        self._assert_same()

    def test_change_that_is_undone_before_the_pass_sends_nothing(self):
        self._change_receipt(self.receipt_id, amount="60.00")
        self._change_receipt(self.receipt_id, amount="40.00")
        self._run(self.connection)
        self.assertEqual(self._get_sent("Payment"), [])

    def test_invoice_that_was_paid_meanwhile_can_be_edited(self):
        for bumps in ("on", "off"):
            with self.subTest(bumps=bumps):
                self._switch("quickbooks", payment_bumps_invoice=bumps)
                self._receive((1001, "10.00"))
                self._run(self.connection)
                due = {"on": "2026-12-30", "off": "2026-12-31"}[bumps]
                self._edit_bill(1001, due_date=due)

                run = self._run(self.connection)

                self.assertEqual((run.state, run.failed_count), ("done", 0))
                [theirs] = self._get_quickbooks_invoices(1001)
                self.assertEqual(theirs["DueDate"], due)


@tagged("post_install", "-at_install")
class TestRemoval(ChangeCase):
    def test_deleted_receipt_is_deleted(self):
        self._delete()

        run = self._run(self.connection)

        self.assertEqual(run.state, "done", run.message)
        self._assert_withdrawn()
        self.assertEqual(
            self._get_raw("Payment", self.first["Id"])["status"], "Deleted"
        )
        self.assertEqual(self._get_balance(1001), 866)
        notes = self._get_notes(self._get_payment(self.receipt_id))
        self.assertIn("Deleted in QuickBooks: payment 200417", notes[0])

    def test_deleted_receipt_is_voided_when_the_firm_wants_that(self):
        for mode in ("strict", "refuse"):
            with self.subTest(payment_sparse=mode):
                self._switch("quickbooks", payment_sparse=mode)
                receipt_id = self._receive((1001, "10.00"))
                self._run(self.connection)
                object_id = self._get_row(receipt_id)["Id"]
                self.connection.removal = "void"
                self._change_receipt(receipt_id, "delete")

                self._run(self.connection)

                self._assert_payment(receipt_id, "withdrawn")
                row = self._get_raw("Payment", object_id)
                self.assertEqual((self._amount(row["TotalAmt"]), row["Line"]), (0, []))
                self.assertTrue(row["PrivateNote"].startswith("Voided"))
                self.assertEqual(self._get_balance(1001), 826)

    def test_receipt_deleted_before_it_was_pushed_never_goes(self):
        unseen = self._receive((1001, "10.00"))
        self._change_receipt(unseen, "delete")
        waiting = self._receive((7777, "10.00"))
        self._run(self.connection)
        self._change_receipt(waiting, "delete")

        self._run(self.connection)

        self.assertFalse(self._get_payment(unseen))
        self._assert_payment(waiting, "withdrawn")
        self.assertEqual(self._get_sent("Payment"), [])

    def test_receipt_that_comes_back_is_created_anew(self):
        for removal in ("delete", "void"):
            with self.subTest(removal):
                self.connection.removal = removal
                receipt_id = self._receive((1001, "10.00"))
                self._run(self.connection)
                self._change_receipt(receipt_id, "delete")
                self._run(self.connection)
                self._assert_payment(receipt_id, "withdrawn")

                values = {"deleted_at": None, "modified_at": "2098-01-01T00:00:00Z"}
                where = {"receipt_id": str(receipt_id)}
                body = {"view": "receipt", "where": where, "set": values}
                self.sandbox.admin("actionstep", "POST", "reporting/change", body)
                self._run(self.connection)

                self._assert_settles(receipt_id, {1001: "10.00"})
                self.sandbox.admin("actionstep", "POST", "reporting/mend")

    def test_payment_that_a_person_voided_is_not_removed_by_force(self):
        self._act("void", entity="Payment", id=self.first["Id"])
        self._delete()

        self._run(self.connection)

        self._assert_payment(self.receipt_id, "attention", "removal_changed")
        self.connection.removal = "void"
        self._get_payment(self.receipt_id).action_requeue()
        self._run(self.connection)
        self._assert_payment(self.receipt_id, "withdrawn")

    def test_payment_that_a_person_deleted_already_is_in_order(self):
        self._delete_in_quickbooks("Payment", self.first["Id"])
        self._delete()

        run = self._run(self.connection)

        self.assertEqual((run.state, run.failed_count), ("done", 0))
        self._assert_withdrawn()

    def test_payment_that_a_person_changed_is_left_until_somebody_requeues(self):
        self._edit_in_quickbooks("Payment", self.first["Id"], PaymentRefNum="BY HAND")
        self._delete()
        self._run(self.connection)
        self._assert_untouched("removal_changed", "Requeue to remove it all the same")

        self._get_payment(self.receipt_id).action_requeue()
        self._run(self.connection)

        self._assert_withdrawn()

    def test_changed_payment_of_a_deleted_receipt_can_be_left(self):
        self._edit_in_quickbooks("Payment", self.first["Id"], PaymentRefNum="BY HAND")
        self._delete()
        self._run(self.connection)

        self._get_payment(self.receipt_id).action_leave()
        self._run(self.connection)

        payment = self._assert_payment(self.receipt_id, "withdrawn")
        self.assertFalse(payment.quickbooks_id)
        self._assert_same()


@tagged("post_install", "-at_install")
class TestByHand(ChangeCase):
    """What a person did to our payment in QuickBooks."""

    def _change_both(self):
        self._edit_in_quickbooks("Payment", self.first["Id"], TxnDate="2026-11-25")
        self._change_receipt(self.receipt_id, memo="Corrected")
        self._run(self.connection)
        sentence = "Somebody changed this document in QuickBooks"
        self._assert_untouched("changed_in_quickbooks", sentence)
        self.assertEqual(self._assert_same()["TxnDate"], "2026-11-25")
        return self._get_payment(self.receipt_id)

    def test_requeue_puts_our_version_back(self):
        self._change_both().action_requeue()

        self._run(self.connection)

        self._assert_settles(self.receipt_id, {1001: "40.00"})
        row = self._assert_same()
        self.assertEqual(row["TxnDate"], "2026-11-20")
        self.assertIn("Corrected", row["PrivateNote"])

    def test_leave_keeps_theirs_until_the_receipt_changes_again(self):
        self._change_both().action_leave()
        self._run(self.connection)
        self._assert_payment(self.receipt_id, "pushed")
        self.assertEqual(self._assert_same()["TxnDate"], "2026-11-25")

        self._change_receipt(self.receipt_id, received_on="2026-11-22")
        self._run(self.connection)

        self._assert_payment(self.receipt_id, "pushed")
        self.assertEqual(self._assert_same()["TxnDate"], "2026-11-22")

    def test_hold_lets_the_payment_go(self):
        self._change_both().action_hold()
        sent = len(self._get_sent("Payment"))
        self._change_receipt(self.receipt_id, memo="Once more")

        self._run(self.connection)

        self._assert_payment(self.receipt_id, "held")
        self.assertEqual(len(self._get_sent("Payment")), sent)
        self.assertEqual(self._assert_same()["TxnDate"], "2026-11-25")

    def test_release_tells_what_was_changed_there_and_makes_no_second_payment(self):
        payment = self._change_both()
        payment.action_hold()

        payment.action_release()
        self._run(self.connection)
        cause = "changed_in_quickbooks"
        self._assert_payment(self.receipt_id, "attention", cause)
        payment.action_requeue()
        self._run(self.connection)

        self.assertEqual(len(self._get_rows(self.receipt_id)), 1)
        self._assert_payment(self.receipt_id, "pushed")

    def test_deleted_payment_is_told_and_created_again_by_requeue(self):
        self._delete_in_quickbooks("Payment", self.first["Id"])
        self._change_receipt(self.receipt_id, memo="Corrected")
        self._run(self.connection)
        sentence = "Somebody deleted the document 200417 in QuickBooks."
        payment = self._assert_payment(
            self.receipt_id, "attention", "deleted_in_quickbooks", sentence
        )
        self.assertEqual(self._get_rows(self.receipt_id), [])

        payment.action_requeue()
        self._run(self.connection)

        self._assert_settles(self.receipt_id, {1001: "40.00"})

    def test_payment_that_a_person_applied_otherwise_is_told(self):
        self._act("unapply", payment=self.first["Id"])
        self._change_receipt(self.receipt_id, memo="Corrected")

        self._run(self.connection)

        sentence = "Somebody changed this document in QuickBooks"
        self._assert_untouched("changed_in_quickbooks", sentence)
        self.assertEqual(self._assert_same()["Line"], [])

    def test_invoice_that_a_person_deleted_and_we_create_again_is_paid_again(self):
        [invoice] = self._get_quickbooks_invoices(1001)
        self._delete_in_quickbooks("Invoice", invoice["Id"])
        self._edit_bill(1001, due_date="2026-12-31")
        self._run(self.connection)
        self._get_invoice(self.connection, 1001).action_requeue()
        self._run(self.connection)

        payment = self._get_payment(self.receipt_id)
        if payment.state == "attention":
            payment.action_requeue()
        self._run(self.connection)

        self._assert_settles(self.receipt_id, {1001: "40.00"})
        self._assert_same()


@tagged("post_install", "-at_install")
class TestLocked(ChangeCase):
    """What QuickBooks refuses until a person undoes something there."""

    def test_deposited_payment_is_kept_until_it_is_taken_out_of_the_deposit(self):
        sentence = "Take it out of that deposit in QuickBooks"
        self._act("deposit", payment=self.first["Id"])
        self._change_receipt(self.receipt_id, amount="50.00")
        self._run(self.connection)
        self._assert_untouched("payment_deposited", sentence)

        self._act("undeposit", payment=self.first["Id"])
        self._next_pass()

        self._assert_settles(self.receipt_id, {1001: "40.00"}, "10.00")

    def test_deposited_payment_of_a_deleted_receipt(self):
        for removal in ("delete", "void"):
            with self.subTest(removal):
                self.connection.removal = removal
                receipt_id = self._receive((1001, "10.00"))
                self._run(self.connection)
                row = self._get_row(receipt_id)
                self._act("deposit", payment=row["Id"])
                self._change_receipt(receipt_id, "delete")
                self._run(self.connection)
                self._assert_payment(receipt_id, "attention", "payment_deposited")
                self.assertEqual(self._get_row(receipt_id)["TotalAmt"], row["TotalAmt"])

                self._act("undeposit", payment=row["Id"])
                self._next_pass()

                self._assert_payment(receipt_id, "withdrawn")

    def test_matched_payment_of_a_deleted_receipt(self):
        self._act("match", payment=self.first["Id"])
        self._delete()
        self._run(self.connection)
        self._assert_untouched("payment_matched", "Undo the match under Banking")

        self._act("match", payment=self.first["Id"], matched=False)
        self._next_pass()

        self._assert_withdrawn()

    def test_matched_payment_that_is_changed_or_voided(self):
        self._act("match", payment=self.first["Id"])
        self._change_receipt(self.receipt_id, amount="50.00")
        self._run(self.connection)
        self._assert_untouched("refused", "unmatch the transaction first")
        self.connection.removal = "void"
        self._delete()
        self._run(self.connection)
        self._assert_untouched("refused", "unmatch the transaction first")

        self._act("match", payment=self.first["Id"], matched=False)
        self._next_pass()

        self._assert_payment(self.receipt_id, "withdrawn")

    def test_closed_period_keeps_new_changed_and_deleted_payments(self):
        deleted = self._receive((1001, "10.00"))
        self._run(self.connection)
        for password in (True, False):
            with self.subTest(password=password):
                self._act("close", date="2026-12-31", password=password)
                new = self._receive((1001, "20.00"))
                self._change_receipt(self.receipt_id, amount="50.00")
                if password:
                    self._change_receipt(deleted, "delete")
                self._next_pass()

                sentence = "The books in QuickBooks are closed for the date 2026-11-20"
                self._assert_untouched("closed_period", sentence)
                for receipt_id in (new, deleted):
                    self._assert_payment(
                        receipt_id, "attention", "closed_period", sentence
                    )
                self.assertEqual(self._get_rows(new), [])
                self._get_row(deleted)

        self._act("close", date=None)
        self._next_pass()
        self._assert_settles(new, {1001: "20.00"})
        self._assert_settles(self.receipt_id, {1001: "40.00"}, "10.00")
        self._assert_payment(deleted, "withdrawn")

    def test_what_is_refused_is_not_asked_again_in_every_pass(self):
        self._act("deposit", payment=self.first["Id"])
        self._change_receipt(self.receipt_id, amount="50.00")
        self._run(self.connection)
        sent = len(self._get_sent("Payment"))

        self._run(self.connection)

        self.assertEqual(len(self._get_sent("Payment")), sent)

    def test_bill_that_a_person_settled_in_quickbooks(self):
        """What happens to the second money is QuickBooks' own choice: a switch."""
        causes = {"refuse": "link_refused", "cap": "totals_differ", "accept": False}
        for position, cause in causes.items():
            with self.subTest(position):
                self._switch("quickbooks", over_application=position)
                bill_id = self._add_bill()
                self._run(self.connection)
                [invoice] = self._get_quickbooks_invoices(bill_id)
                self._act("pay", invoice=invoice["Id"])
                receipt_id = self._receive((bill_id, "100.00"))

                self._run(self.connection)

                state = "attention" if cause else "pushed"
                self._assert_payment(receipt_id, state, cause)
                count = 0 if position == "refuse" else 1
                self.assertEqual(len(self._get_rows(receipt_id)), count)

    def test_bill_that_a_person_settled_in_part(self):
        bill_id = self._add_bill()
        self._run(self.connection)
        [invoice] = self._get_quickbooks_invoices(bill_id)
        theirs = self._act("pay", invoice=invoice["Id"], amount="30.00")
        receipt_id = self._receive((bill_id, "100.00"))
        self._run(self.connection)
        sentence = "greater than the open balance 70.00"
        self._assert_payment(receipt_id, "attention", "refused", sentence)

        self._delete_in_quickbooks("Payment", theirs["Id"])
        self._next_pass()

        self._assert_settles(receipt_id, {bill_id: "100.00"})
