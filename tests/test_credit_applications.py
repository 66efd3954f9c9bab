"""What is applied of credit notes: payments of zero, each once and in order."""

from decimal import Decimal

from odoo.tests import tagged

from .test_credit_notes import CreditCase


@tagged("post_install", "-at_install")
class TestApplications(CreditCase):
    def test_application_is_a_payment_of_zero_with_both_links(self):
        note = self._push_credit((self.bill_id, "25.00"), number="CR-1")

        [row] = self._get_ours("Payment", f"credit {note.external_id} to bill")
        [invoice] = self._get_quickbooks_invoices(self.bill_id)
        links = [
            (linked["TxnType"], linked["TxnId"], self._amount(line["Amount"]))
            for line in row["Line"]
            for linked in line["LinkedTxn"]
        ]
        self.assertEqual(self._amount(row["TotalAmt"]), 0)
        self.assertEqual(self._amount(row["UnappliedAmt"]), 0)
        self.assertEqual(row["TxnDate"], "2026-11-20")
        self.assertEqual(
            sorted(links),
            [
                ("CreditMemo", note.quickbooks_id, Decimal("25.00")),
                ("Invoice", invoice["Id"], Decimal("25.00")),
            ],
        )
        self.assertIn("Credit note: CR-1", row["PrivateNote"])
        use = self._assert_pushed(self._get_use(note.external_id, self.bill_id))
        self.assertIn(
            "application of credit note CR-1 to invoice", self._get_notes(use)[0]
        )

    def test_part_of_a_credit(self):
        note = self._push_credit((self.bill_id, "25.00"))
        self.assertEqual(self._get_balance(self.bill_id), Decimal("75.00"))
        self.assertEqual(self._get_remaining(note.external_id), Decimal("15.00"))
        self.assertEqual(note.amount_open, 15)

    def test_several_credits_on_one_bill(self):
        for amount in ("40.00", "35.00", "25.00"):
            self._credit_fee((self.bill_id, amount), amount=amount)
        self._run(self.connection)
        self.assertEqual(self._get_balance(self.bill_id), 0)
        self.assertEqual(
            set(self.connection.credit_note_ids.mapped("amount_open")), {0}
        )

    def test_one_credit_on_two_bills(self):
        other = self._add_bill()
        note = self._push_credit((self.bill_id, "15.00"), (other, "25.00"))
        self.assertEqual(
            self._get_applied(note.external_id), {self.bill_id: 15, other: 25}
        )
        self.assertEqual(self._get_balance(other), Decimal("75.00"))

    def test_applied_later(self):
        note = self._push_credit()
        self._apply(note.external_id, (self.bill_id, "40.00"))
        self._run(self.connection)
        self.assertEqual(self._get_applied(note.external_id), {self.bill_id: 40})
        self.assertEqual(len(self._get_sent("CreditMemo")), 1)

    def test_two_rows_of_one_bill_are_added_up(self):
        credit_id = self._credit_fee((self.bill_id, "15.00"))
        repeat = {"view": "credit_application", "where": {}, "set": {"amount": "10.00"}}
        self.sandbox.admin("actionstep", "POST", "reporting/repeat", repeat)

        self._run(self.connection)

        self.assertEqual(self._get_applied(credit_id), {self.bill_id: 25})
        self.assertEqual(self._get_balance(self.bill_id), Decimal("75.00"))

    def test_with_a_payment_on_the_same_bill(self):
        self._receive((self.bill_id, "60.00"))
        note = self._push_credit((self.bill_id, "40.00"))
        self.assertEqual(self._get_balance(self.bill_id), 0)
        self._assert_pushed(note.application_ids)
        self._assert_pushed(self.connection.payment_ids)

    def test_credit_and_its_bill_come_in_the_same_pass(self):
        bill_id = self._add_bill()
        credit_id = self._credit(bill_id, (bill_id, "100.00"))
        self._run(self.connection)
        self.assertEqual(self._get_applied(credit_id), {bill_id: 100})
        self.assertEqual(self._get_balance(bill_id), 0)

    def test_customers_that_are_clients_and_matters(self):
        self.connection.customer_level = "matter"
        bill_id = self._add_bill()
        credit_id = self._credit(bill_id, (bill_id, "100.00"))

        self._run(self.connection)

        self._assert_pushed(self._get_use(credit_id, bill_id))
        self.assertEqual(self._get_balance(bill_id), 0)


@tagged("post_install", "-at_install")
class TestWaiting(CreditCase):
    """Bills that are not in QuickBooks, or not yet."""

    def _credit_unseen(self, bill_id, amount="40.00"):
        """Apply a credit to a bill, whatever Actionstep knows of it."""
        credit_id = self._credit_fee()
        row = {"credit_id": str(credit_id), "bill_id": str(bill_id)}
        row |= {"applied_on": "2026-11-20", "amount": amount}
        body = {"view": "credit_application", "rows": [row]}
        self.sandbox.admin("actionstep", "POST", "reporting/add", body)
        self._run(self.connection)
        self._assert_pushed(self._get_note(credit_id))
        return self._get_use(credit_id, bill_id)

    def test_bill_that_was_never_seen(self):
        use = self._credit_unseen(4711)
        sentence = "This settles bill 4711, which is not in QuickBooks yet."
        self._assert_stands(use, "waiting", "allocation_unknown_bill", sentence)
        self.assertEqual(self._get_sent("Payment"), [])

    def test_bill_before_the_start_date(self):
        self.connection.start_date = "2026-11-01"
        bill_id = self._add_bill(bill_date="2026-10-01")
        credit_id = self._credit(bill_id, (bill_id, "100.00"))
        self._run(self.connection)
        use = self._get_use(credit_id, bill_id)
        self._assert_pushed(self._get_note(credit_id))
        self._assert_stands(use, "attention", "allocation_left_out", "start date")

        self.connection.start_date = "2026-10-01"
        self._run(self.connection)

        self._assert_pushed(use)
        self.assertEqual(self._get_balance(bill_id), 0)

    def test_bill_that_needs_attention(self):
        bill_id = self._add_bill(number="INV-" + "7" * 18)
        credit_id = self._credit(bill_id, (bill_id, "100.00"))
        self._run(self.connection)
        use = self._get_use(credit_id, bill_id)
        self._assert_stands(use, "waiting", "allocation_unknown_bill")

        self._edit_bill(bill_id, number="INV-7")
        self._run(self.connection)

        self._assert_pushed(use)
        self.assertEqual(self._get_balance(bill_id), 0)

    def test_bill_whose_lines_come_later(self):
        bill_id = self._add_bill(reporting=False)
        credit_id = self._credit_fee((bill_id, "40.00"), reporting=False)
        self._run(self.connection)
        self.assertFalse(self._get_note(credit_id))

        self.sandbox.admin("actionstep", "POST", "reporting/refresh")
        self._run(self.connection)

        self.assertEqual(self._get_applied(credit_id), {bill_id: 40})

    def test_credit_that_needs_attention(self):
        credit_id = self._credit_fee((self.bill_id, "40.00"), number="CR-" + "7" * 19)
        self._run(self.connection)
        use = self._get_use(credit_id, self.bill_id)
        self._assert_stands(use, "waiting", "credit_unknown", "not in QuickBooks yet")

        self._change_credit(credit_id, number="CR-7")
        self._run(self.connection)

        self._assert_pushed(use)
        self.assertEqual(self._get_balance(self.bill_id), Decimal("60.00"))

    def test_credit_before_the_start_date(self):
        self.connection.start_date = "2026-11-01"
        credit_id = self._credit_fee((self.bill_id, "40.00"), credit_date="2026-10-31")
        self._run(self.connection)
        use = self._get_use(credit_id, self.bill_id)
        self._assert_stands(self._get_note(credit_id), "skipped")
        self.assertEqual(use.state, "attention", use.failure_message)

    def test_credit_that_is_on_hold(self):
        credit_id = self._credit_fee((self.bill_id, "40.00"), number="CR-" + "7" * 19)
        self._run(self.connection)
        self._get_note(credit_id).action_hold()
        self._run(self.connection)
        self.assertIn(
            self._get_use(credit_id, self.bill_id).state, ("waiting", "attention")
        )
        self.assertEqual(self._get_balance(self.bill_id), Decimal("100.00"))


@tagged("post_install", "-at_install")
class TestChangedApplications(CreditCase):
    def setUp(self):
        super().setUp()
        self.other_id = self._add_bill()
        self.note = self._push_credit((self.bill_id, "40.00"), number="CR-900")
        self.credit_id = self.note.external_id
        self.sandbox.admin("quickbooks", "DELETE", "log")

    def _next_pass(self):
        run = self._run(self.connection)
        self.assertEqual((run.state, run.failed_count), ("done", 0), run.message)

    def test_moved_to_another_bill(self):
        self._apply(self.credit_id, (self.other_id, "40.00"))

        self._next_pass()

        self.assertEqual(self._get_applied(self.credit_id), {self.other_id: 40})
        self.assertEqual(self._get_balance(self.bill_id), Decimal("100.00"))
        self.assertEqual(self._get_balance(self.other_id), Decimal("60.00"))
        old = self._get_use(self.credit_id, self.bill_id)
        self._assert_stands(old, "withdrawn")
        removed, created = self._get_sent("Payment")
        self.assertNotIn("Line", removed)
        self.assertIn("Line", created)

    def test_moved_back(self):
        self._apply(self.credit_id, (self.other_id, "40.00"))
        self._next_pass()
        self._apply(self.credit_id, (self.bill_id, "40.00"))
        self._next_pass()
        self.assertEqual(self._get_applied(self.credit_id), {self.bill_id: 40})
        self._assert_pushed(self._get_use(self.credit_id, self.bill_id))

    def test_shared_with_another_bill(self):
        self._apply(self.credit_id, (self.bill_id, "10.00"), (self.other_id, "30.00"))
        self._next_pass()
        self.assertEqual(
            self._get_applied(self.credit_id), {self.bill_id: 10, self.other_id: 30}
        )

    def test_taken_from_one_bill_and_given_to_another(self):
        self._apply(self.credit_id, (self.bill_id, "10.00"), (self.other_id, "30.00"))
        self._next_pass()
        self._apply(self.credit_id, (self.bill_id, "35.00"), (self.other_id, "5.00"))
        self._next_pass()
        self.assertEqual(
            self._get_applied(self.credit_id), {self.bill_id: 35, self.other_id: 5}
        )

    def test_amount_lowered_keeps_the_payment(self):
        use = self.note.application_ids
        before = use.quickbooks_id
        self._apply(self.credit_id, (self.bill_id, "15.00"))
        self._next_pass()
        self.assertEqual(use.quickbooks_id, before)
        self.assertEqual(self._get_applied(self.credit_id), {self.bill_id: 15})

    def test_taken_off(self):
        self._apply(self.credit_id)
        self._next_pass()
        self.assertEqual(self._get_applied(self.credit_id), {})
        self.assertEqual(self._get_balance(self.bill_id), Decimal("100.00"))
        self.assertEqual(self._get_remaining(self.credit_id), Decimal("40.00"))
        self._assert_pushed(self.note)

    def test_credits_of_two_bills_swapped(self):
        second = self._push_credit((self.other_id, "40.00")).external_id
        self._apply(self.credit_id, (self.other_id, "40.00"))
        self._apply(second, (self.bill_id, "40.00"))
        self._next_pass()
        self.assertEqual(self._get_applied(self.credit_id), {self.other_id: 40})
        self.assertEqual(self._get_applied(second), {self.bill_id: 40})

    def test_bill_and_what_is_applied_to_it_lowered_together(self):
        self._apply(self.credit_id, (self.bill_id, "30.00"))
        line = {"amount_exclusive": "30.00", "tax_code": "NT"}
        self._replace_lines(self.bill_id, line)
        self._next_pass()
        self.assertEqual(self._get_balance(self.bill_id), 0)
        self.assertEqual(self._get_applied(self.credit_id), {self.bill_id: 30})

    def test_full_bill_passes_from_a_payment_to_a_credit(self):
        receipt_id = self._receive((self.bill_id, "60.00"))
        self._run(self.connection)
        self._change_receipt(receipt_id, "delete")
        credit_id = self._credit_fee((self.bill_id, "60.00"), amount="60.00")
        self._next_pass()
        self.assertEqual(self._get_applied(credit_id), {self.bill_id: 60})
        self.assertEqual(self._get_balance(self.bill_id), 0)


@tagged("post_install", "-at_install")
class TestTooMuch(CreditCase):
    """More credit than is open: told, and neither credit nor bill is lost."""

    def _apply_too_much(self):
        self._receive((self.bill_id, "80.00"))
        credit_id = self._credit_fee((self.bill_id, "40.00"))
        run = self._run(self.connection)
        self.assertEqual(run.state, "done", run.message)
        return self._get_use(credit_id, self.bill_id)

    def test_credit_larger_than_what_is_open(self):
        use = self._apply_too_much()

        self._assert_stands(use, "attention", "credit_too_large")
        self._assert_pushed(use.credit_note_id)
        self._assert_pushed(self.connection.payment_ids)
        self.assertEqual(self._get_balance(self.bill_id), Decimal("20.00"))
        self.assertEqual(
            self._get_remaining(use.credit_note_id.external_id), Decimal("40.00")
        )

    def test_corrected_it_goes(self):
        use = self._apply_too_much()
        self._apply(use.credit_note_id.external_id, (self.bill_id, "20.00"))
        self._run(self.connection)
        self._assert_pushed(use)
        self.assertEqual(self._get_balance(self.bill_id), 0)

    def test_where_quickbooks_cuts_it_the_user_is_told(self):
        self._switch("quickbooks", over_application="cap")
        use = self._apply_too_much()
        self._assert_stands(use, "attention", "credit_too_large")
        self.assertEqual(self._get_balance(self.bill_id), Decimal("20.00"))

    def test_where_quickbooks_takes_it_the_user_is_told(self):
        self._switch("quickbooks", over_application="accept")
        use = self._apply_too_much()
        self._assert_stands(use, "attention", "credit_too_large")
        self.assertEqual(self._get_balance(self.bill_id), Decimal("20.00"))

    def test_bill_that_is_paid_whole(self):
        self._receive((self.bill_id, "100.00"))
        credit_id = self._credit_fee((self.bill_id, "40.00"))
        self._run(self.connection)
        use = self._get_use(credit_id, self.bill_id)
        self._assert_stands(use, "attention", "credit_too_large")
        self.assertEqual(self._get_remaining(credit_id), Decimal("40.00"))

    def test_applications_larger_than_the_credit(self):
        other = self._add_bill()
        credit_id = self._credit_fee((self.bill_id, "30.00"), (other, "30.00"))
        sentence = "60.00 USD of the credit note are to be applied, but only 40.00 USD"
        self._assert_alone(credit_id, "credit_too_large", sentence)
        self.assertEqual(self._get_applied(credit_id), {})

        self._apply(credit_id, (self.bill_id, "30.00"), (other, "10.00"))
        self._run(self.connection)

        self._assert_pushed(self._get_note(credit_id))
        self.assertEqual(self._get_applied(credit_id), {self.bill_id: 30, other: 10})

    def test_application_of_nothing(self):
        credit_id = self._credit_fee((self.bill_id, "0.00"))
        self._run(self.connection)
        self._assert_pushed(self._get_note(credit_id))
        use = self._get_use(credit_id, self.bill_id)
        self._assert_stands(use, "attention", "amount_not_positive")

    def test_application_below_zero(self):
        credit_id = self._credit_fee((self.bill_id, "-5.00"))
        self._run(self.connection)
        use = self._get_use(credit_id, self.bill_id)
        self._assert_stands(use, "attention", "amount_not_positive")

    def test_credit_of_one_client_on_the_bill_of_another(self):
        bill = self.firm.bills[1]
        credit_id = self._credit_fee((bill.bill_id, "40.00"))
        self._run(self.connection)
        use = self._get_use(credit_id, bill.bill_id)
        self.assertEqual(use.state, "attention")
        self.assertIn("another customer", use.failure_message)
        self._assert_pushed(self._get_note(credit_id))


@tagged("post_install", "-at_install")
class TestPeople(CreditCase):
    """What a bookkeeper, or QuickBooks by itself, does with the application."""

    def _prefer_auto_apply(self):
        changes = {"SalesFormsPrefs": {"AutoApplyCredit": True}}
        self._edit_in_quickbooks("Preferences", "1", **changes)

    def test_application_deleted_there_stays_so_until_it_changes(self):
        note = self._push_credit((self.bill_id, "40.00"))
        use = note.application_ids
        self._delete_in_quickbooks("Payment", use.quickbooks_id)
        self._apply(note.external_id, (self.bill_id, "30.00"))
        self._run(self.connection)
        self._assert_stands(use, "attention", "deleted_in_quickbooks")

        use.action_requeue()
        self._run(self.connection)

        self.assertEqual(self._get_applied(note.external_id), {self.bill_id: 30})

    def test_application_changed_there_and_taken_off_here_needs_a_person(self):
        note = self._push_credit((self.bill_id, "40.00"))
        use = note.application_ids
        self._edit_in_quickbooks("Payment", use.quickbooks_id, TxnDate="2026-11-22")
        self._apply(note.external_id)
        self._run(self.connection)
        self._assert_stands(use, "attention", "removal_changed")

        use.action_requeue()
        self._run(self.connection)

        self._assert_stands(use, "withdrawn")
        self.assertEqual(self._get_balance(self.bill_id), Decimal("100.00"))

    def test_same_application_made_by_hand_is_told(self):
        note = self._push_credit()
        [invoice] = self._get_quickbooks_invoices(self.bill_id)
        body = {"credit": note.quickbooks_id, "invoice": invoice["Id"]}
        self.sandbox.admin("quickbooks", "POST", "apply", body)
        self._apply(note.external_id, (self.bill_id, "40.00"))

        self._run(self.connection)

        use = note.application_ids
        self._assert_stands(use, "attention", "credit_too_large")
        self.assertEqual(self._get_balance(self.bill_id), Decimal("60.00"))

    def test_quickbooks_that_applies_credits_by_itself_never_applies_one_twice(self):
        self._prefer_auto_apply()
        credit_id = self._credit_fee((self.bill_id, "40.00"))

        run = self._run(self.connection)

        self.assertEqual(run.state, "done", run.message)
        self._assert_pushed(self._get_note(credit_id))
        use = self._get_use(credit_id, self.bill_id)
        self._assert_stands(use, "attention", "credit_too_large")
        self.assertEqual(self._get_remaining(credit_id), 0)

    def test_credit_that_quickbooks_applied_by_itself_and_is_deleted_here(self):
        self._prefer_auto_apply()
        credit_id = self._credit_fee()
        self._run(self.connection)
        note = self._assert_pushed(self._get_note(credit_id))

        self._change_credit(credit_id, "delete")
        self._run(self.connection)

        self._assert_stands(note, "attention", "credit_applied")

    def test_credit_deleted_there_with_its_application_comes_back(self):
        note = self._push_credit((self.bill_id, "40.00"))
        use = note.application_ids
        self._delete_in_quickbooks("CreditMemo", note.quickbooks_id)
        self._change_credit(note.external_id, reason="Again")
        self._run(self.connection)
        self._assert_stands(note, "attention", "deleted_in_quickbooks")
        self.assertEqual(self._get_balance(self.bill_id), Decimal("100.00"))

        for _number in range(2):
            note.action_requeue()
            use.action_requeue()
            self._run(self.connection)

        self._assert_pushed(note)
        self._assert_pushed(use)
        self.assertEqual(self._get_applied(note.external_id), {self.bill_id: 40})

    def test_invoice_deleted_there_with_its_application_comes_back(self):
        note = self._push_credit((self.bill_id, "40.00"))
        use = note.application_ids
        invoice = self._get_invoice(self.connection, self.bill_id)
        self._delete_in_quickbooks("Invoice", invoice.quickbooks_id)
        self._edit_bill(self.bill_id, number="INV-AGAIN")
        self._run(self.connection)
        self._assert_stands(invoice, "attention", "deleted_in_quickbooks")

        for _number in range(2):
            invoice.action_requeue()
            use.action_requeue()
            self._run(self.connection)

        self._assert_pushed(invoice)
        self._assert_pushed(use)
        self.assertEqual(self._get_balance(self.bill_id), Decimal("60.00"))

    def test_closed_period(self):
        credit_id = self._credit_fee()
        self._run(self.connection)
        self.sandbox.admin("quickbooks", "POST", "close", {"date": "2026-11-20"})
        self._apply(credit_id, (self.bill_id, "40.00"))
        self._run(self.connection)
        use = self._get_use(credit_id, self.bill_id)
        self._assert_stands(use, "attention", "closed_period")

        self.sandbox.admin("quickbooks", "POST", "close", {"date": None})
        self._make_due(self.connection)
        self._run(self.connection)

        self._assert_pushed(use)
