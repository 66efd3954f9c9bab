"""What pays comes after what is paid, and goes before it does."""

from datetime import date
from decimal import Decimal

from odoo.tests import tagged

from odoo.addons.actionstep_quickbooks.dev.sandbox.firms.charts import UNMAPPED_ACCOUNT

from .test_payment_changes import ChangeCase
from .test_payments import FORTY, PaymentCase

LINE = {"account_number": "4-1100", "tax_code": "NT"}


@tagged("post_install", "-at_install")
class TestOrder(PaymentCase):
    """Payments that cannot go before something else did."""

    def test_payment_of_a_new_bill_goes_in_the_same_pass(self):
        bill_id = self._add_bill()
        receipt_id = self._receive((bill_id, "100.00"))

        run = self._run(self.connection)

        self._assert_settles(receipt_id, {bill_id: "100.00"})
        self.assertEqual((run.state, run.failed_count), ("done", 0))
        self.assertEqual(self._get_balance(bill_id), 0)

    def test_payment_of_a_bill_that_needs_attention_waits(self):
        line = {"amount_exclusive": "100.00", "tax_code": "NT"}
        bill_id = self._add_bill({**line, "account_number": UNMAPPED_ACCOUNT})
        waiting = self._receive((1001, "10.00"), (bill_id, "20.00"))
        other = self._receive((1001, "30.00"))

        self._run(self.connection)

        number = self._get_invoice(self.connection, bill_id).number
        sentence = f"This settles bill {number}, which is not in QuickBooks yet."
        cause = "allocation_unknown_bill"
        self._assert_payment(waiting, "waiting", cause, sentence)
        self._assert_settles(other, {1001: "30.00"})
        self._replace_lines(bill_id, line)
        self._run(self.connection)
        self._assert_settles(waiting, {1001: "10.00", bill_id: "20.00"})

    def test_payment_of_a_bill_that_was_never_seen_waits_for_it(self):
        receipt_id = self._receive((7777, "25.00"))
        self._run(self.connection)
        cause = "allocation_unknown_bill"
        self._assert_payment(receipt_id, "waiting", cause, "This settles bill 7777")

        self._add_bill(bill_id=7777)
        self._run(self.connection)

        self._assert_settles(receipt_id, {7777: "25.00"})

    def test_payment_before_the_start_date_is_left_out(self):
        self.connection.start_date = date(2026, 11, 1)
        receipt_id = self._receive((1001, "40.00"), received_on="2026-10-31")

        self._run(self.connection)

        self._assert_payment(receipt_id, "skipped")
        self.assertEqual(self._get_sent("Payment"), [])

    def test_payment_of_a_bill_before_the_start_date_needs_a_person(self):
        self.connection.start_date = date(2026, 11, 1)
        bill_id = self._add_bill(bill_date="2026-10-31")
        receipt_id = self._receive((bill_id, "40.00"))
        self._run(self.connection)
        cause, sentence = "allocation_left_out", "dated before the start date"
        self._assert_payment(receipt_id, "attention", cause, sentence)
        self.assertEqual(self._get_sent("Payment"), [])

        self.connection.start_date = date(2026, 10, 1)
        self._run(self.connection)

        self._assert_settles(receipt_id, {bill_id: "40.00"})

    def test_payment_of_a_bill_that_is_a_draft_again_needs_a_person(self):
        self._edit_bill(1001, status="Draft")
        self._run(self.connection)
        receipt_id = self._receive((1001, "40.00"))

        self._run(self.connection)

        cause, sentence = "allocation_left_out", "This settles bill INV-10001"
        self._assert_payment(receipt_id, "attention", cause, sentence)

    def test_payment_that_a_person_holds_is_not_pushed(self):
        receipt_id = self._receive((7777, "25.00"))
        self._run(self.connection)
        payment = self._get_payment(receipt_id)
        payment.action_hold()

        self._add_bill(bill_id=7777)
        self._run(self.connection)
        self._assert_payment(receipt_id, "held")
        self.assertEqual(self._get_sent("Payment"), [])

        payment.action_release()
        self._run(self.connection)
        self._assert_settles(receipt_id, {7777: "25.00"})

    def test_payment_of_a_bill_on_hold_needs_a_person(self):
        bill_id = self._add_bill(currency="XQQ")
        self._run(self.connection)
        self._get_invoice(self.connection, bill_id).action_hold()
        receipt_id = self._receive((bill_id, "40.00"), currency="USD")

        self._run(self.connection)

        self._assert_payment(receipt_id, "attention", "allocation_left_out")

    def test_bill_that_is_held_later_is_told_on_its_waiting_payment(self):
        bill_id = self._add_bill(currency="XQQ")
        receipt_id = self._receive((bill_id, "40.00"), currency="USD")
        self._run(self.connection)
        self._assert_payment(receipt_id, "waiting", "allocation_unknown_bill")

        self._get_invoice(self.connection, bill_id).action_hold()
        self._run(self.connection)

        self._assert_payment(receipt_id, "attention", "allocation_left_out")


@tagged("post_install", "-at_install")
class TestTogether(ChangeCase):
    """A bill and its payment change in the same pass: the order matters."""

    def _delete_bill(self, bill_id):
        self.sandbox.admin("actionstep", "POST", f"bills/{bill_id}/delete", {})

    def _lower_bill(self, amount):
        self._replace_lines(1001, {**LINE, "amount_exclusive": amount})

    def test_paid_bill_and_its_payment_become_less(self):
        self._allocate((1001, "866.00"))
        self._change_receipt(self.receipt_id, amount="866.00")
        self._run(self.connection)
        for position, amount in (("refuse", "500.00"), ("unapply", "300.00")):
            with self.subTest(position):
                self._switch("quickbooks", total_below_applied=position)
                self._change_receipt(self.receipt_id, amount=amount)
                self._allocate((1001, amount))
                self._lower_bill(amount)

                run = self._run(self.connection)

                self.assertEqual((run.state, run.failed_count), ("done", 0))
                self._assert_settles(self.receipt_id, {1001: amount})
                self._assert_same()
                [invoice] = self._get_quickbooks_invoices(1001)
                self.assertEqual(self._amount(invoice["TotalAmt"]), Decimal(amount))
                self.assertEqual(self._amount(invoice["Balance"]), 0)

    def test_paid_bill_and_its_payment_become_more(self):
        self._lower_bill("900.00")
        self._change_receipt(self.receipt_id, amount="900.00")
        self._allocate((1001, "900.00"))

        run = self._run(self.connection)

        self.assertEqual((run.state, run.failed_count), ("done", 0))
        self._assert_settles(self.receipt_id, {1001: "900.00"})

    def test_bill_lowered_below_what_is_paid_is_told(self):
        self._lower_bill("30.00")

        self._run(self.connection)

        invoice = self._get_invoice(self.connection, 1001)
        self.assertEqual(
            (invoice.state, invoice.failure_cause), ("attention", "refused")
        )
        self.assertIn("The total cannot be less than", invoice.failure_message)
        self._allocate((1001, "30.00"))
        self._next_pass()
        self.assertEqual(invoice.state, "pushed", invoice.failure_message)
        self._assert_settles(self.receipt_id, {1001: "30.00"}, "10.00")

    def test_quickbooks_takes_back_what_is_above_a_lowered_bill(self):
        self._switch("quickbooks", total_below_applied="unapply")
        self._lower_bill("30.00")
        self._run(self.connection)
        self._allocate((1001, "30.00"))

        self._run(self.connection)

        self._assert_settles(self.receipt_id, {1001: "30.00"}, "10.00")

    def test_bill_and_payment_are_deleted_in_one_pass(self):
        for position in ("refuse", "unlink"):
            for removal in ("delete", "void"):
                with self.subTest(position=position, removal=removal):
                    self._switch("quickbooks", remove_paid_invoice=position)
                    self.connection.removal = removal
                    bill_id = self._add_bill()
                    receipt_id = self._receive((bill_id, "100.00"))
                    self._run(self.connection)
                    self._change_receipt(receipt_id, "delete")
                    self._delete_bill(bill_id)

                    run = self._run(self.connection)

                    self.assertEqual((run.state, run.failed_count), ("done", 0))
                    self._assert_payment(receipt_id, "withdrawn")
                    invoice = self._get_invoice(self.connection, bill_id)
                    self.assertEqual(invoice.state, "withdrawn")
                    self.assertEqual(self._get_quickbooks_invoices(bill_id), [])
                    self.assertEqual(self._get_rows(receipt_id), [])

    def test_bill_is_deleted_whose_payment_moved_to_another(self):
        for position in ("refuse", "unlink"):
            with self.subTest(position):
                self._switch("quickbooks", remove_paid_invoice=position)
                old, new = self._add_bill(), self._add_bill()
                receipt_id = self._receive((old, "100.00"))
                self._run(self.connection)
                self._allocate((new, "100.00"), receipt_id=receipt_id)
                self._delete_bill(old)

                run = self._run(self.connection)

                self.assertEqual((run.state, run.failed_count), ("done", 0))
                self._assert_settles(receipt_id, {new: "100.00"})
                self.assertEqual(self._get_quickbooks_invoices(old), [])

    def test_bill_reverted_and_posted_again_is_paid_again(self):
        self._delete()
        self.sandbox.admin("actionstep", "POST", "bills/1001/revert", {})
        self._lower_bill("500.00")
        self.sandbox.admin(
            "actionstep", "POST", "bills/1001/post", {"number": "INV-10001"}
        )
        again = self._receive((1001, "500.00"))

        run = self._run(self.connection)

        self.assertEqual((run.state, run.failed_count), ("done", 0))
        self._assert_withdrawn()
        self._assert_settles(again, {1001: "500.00"})
        [invoice] = self._get_quickbooks_invoices(1001)
        self.assertEqual(self._amount(invoice["TotalAmt"]), 500)

    def test_bill_reverted_in_one_pass_and_posted_in_the_next(self):
        self._allocate()
        self.sandbox.admin("actionstep", "POST", "bills/1001/revert", {})
        self._run(self.connection)
        self._assert_settles(self.receipt_id, {}, "40.00")
        self.sandbox.admin(
            "actionstep", "POST", "bills/1001/post", {"number": "INV-10001"}
        )
        self._allocate((1001, "40.00"))

        run = self._run(self.connection)

        self.assertEqual((run.state, run.failed_count), ("done", 0))
        self._assert_settles(self.receipt_id, {1001: "40.00"})
        self._assert_same()

    def test_invoice_with_our_own_payment_stays_while_actionstep_says_it_is_paid(self):
        for position in ("refuse", "unlink"):
            with self.subTest(position):
                self._switch("quickbooks", remove_paid_invoice=position)
                self._edit_bill(1001, status="Draft")

                self._run(self.connection)

                invoice = self._get_invoice(self.connection, 1001)
                self.assertEqual(
                    (invoice.state, invoice.failure_cause),
                    ("waiting", "settled_by_ours"),
                )
                self.assertIn("payment 200417 still", invoice.failure_message)
                self.assertEqual(len(self._get_quickbooks_invoices(1001)), 1)
                self._assert_settles(self.receipt_id, {1001: "40.00"})

        self._delete()
        self._run(self.connection)

        self._assert_withdrawn()
        self.assertEqual(invoice.state, "withdrawn")
        self.assertEqual(self._get_quickbooks_invoices(1001), [])

    def test_one_bill_paid_by_two_receipts_of_which_one_goes(self):
        other = self._receive((1001, "826.00"))
        self._run(self.connection)
        self._delete()
        self._allocate((1001, "866.00"), receipt_id=other)
        self._change_receipt(other, amount="866.00")

        run = self._run(self.connection)

        self.assertEqual((run.state, run.failed_count), ("done", 0))
        self._assert_settles(other, {1001: "866.00"})

    def test_two_receipts_change_places(self):
        second = self._add_bill()
        other = self._receive((second, "100.00"))
        self._allocate((1001, "40.00"))
        self._run(self.connection)
        self._change_receipt(self.receipt_id, amount="100.00")
        self._allocate((second, "100.00"))
        self._allocate((1001, "100.00"), receipt_id=other)

        run = self._run(self.connection)

        self.assertEqual((run.state, run.failed_count), ("done", 0))
        self._assert_settles(self.receipt_id, {second: "100.00"})
        self._assert_settles(other, {1001: "100.00"})


@tagged("post_install", "-at_install")
class TestCustomers(PaymentCase):
    """Whose customer a payment belongs to, when that is not plain."""

    def test_receipt_over_two_matters_is_paid_by_the_client(self):
        self.connection.customer_level = "matter"
        first = self._add_bill(client_id=506, matter_ids=[2011])
        second = self._add_bill(client_id=506, matter_ids=[2012])
        receipt_id = self._receive((first, "100.00"), (second, "50.00"), client_id=506)

        self._run(self.connection)

        row = self._assert_settles(receipt_id, {first: "100.00", second: "50.00"})
        client = self._get_payment(receipt_id).participant_id
        self.assertEqual(row["CustomerRef"]["value"], client.quickbooks_id)

    def test_receipt_of_one_matter_goes_to_the_customer_of_its_invoice(self):
        self.connection.customer_level = "matter"
        bill_id = self._add_bill(client_id=506, matter_ids=[2012])
        receipt_id = self._receive((bill_id, "100.00"), client_id=506, matter_id=2011)

        self._run(self.connection)

        row = self._assert_settles(receipt_id, {bill_id: "100.00"})
        [invoice] = self._get_quickbooks_invoices(bill_id)
        self.assertEqual(row["CustomerRef"]["value"], invoice["CustomerRef"]["value"])

    def test_clients_merged_in_actionstep_leave_settled_money_alone(self):
        receipt_id = self._receive((1001, "40.00"))
        self._run(self.connection)
        before = self._get_row(receipt_id)
        self.sandbox.admin(
            "actionstep", "POST", "participants/501/merge", {"into": 507}
        )
        self.sandbox.admin("actionstep", "POST", "reporting/refresh")

        run = self._run(self.connection)

        self.assertEqual(run.state, "done", run.message)
        self.assertEqual(self._get_links(self._get_row(receipt_id)), {"1001": FORTY})
        self.assertEqual(
            self._get_row(receipt_id)["CustomerRef"], before["CustomerRef"]
        )

    def test_payment_in_a_foreign_currency_bears_the_rate_of_its_day(self):
        body = {"rates": {"EUR": "1.25"}}
        self.sandbox.admin("quickbooks", "POST", "currencies", body)
        euro = self.env.ref("base.EUR")
        euro.rate_ids.unlink()
        rate = {"name": "2026-01-01", "inverse_company_rate": 1.25}
        euro.rate_ids.create({**rate, "currency_id": euro.id})
        body = {"participant_id": 700, "display_name": "Euro Client"}
        self.sandbox.admin("actionstep", "POST", "participants", body)
        self.connection._load_lists()
        bill_id = self._add_bill(client_id=700, currency="EUR")
        receipt_id = self._receive((bill_id, "40.00"), client_id=700)

        self._run(self.connection)

        row = self._assert_settles(receipt_id, {bill_id: "40.00"})
        self.assertEqual(row["CurrencyRef"]["value"], "EUR")
        self.assertEqual(Decimal(str(row["ExchangeRate"])), Decimal("1.25"))
