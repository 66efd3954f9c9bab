"""Payments: money of clients, to the cent and once, on the invoices it settles."""

from decimal import Decimal

from odoo.tests import tagged

from odoo.addons.actionstep_quickbooks.dev.sandbox.firms.charts import (
    OPERATING_BANK,
    TRUST_BANK,
    UNMAPPED_BANK,
)

from .common import ActionstepCase

FORTY = Decimal("40.00")


class PaymentCase(ActionstepCase):
    """A firm whose bills stand in QuickBooks already."""

    def setUp(self):
        super().setUp()
        self.connection = self._make_active()
        self._run(self.connection)

    def _next_pass(self, **options):
        """Make a pass in which everything that waits is due."""
        self._make_due(self.connection, **options)
        return self._run(self.connection)

    def _get_payment(self, receipt_id):
        return self.connection.payment_ids.filtered(
            lambda payment: payment.external_id == str(receipt_id)
        )

    def _get_rows(self, receipt_id):
        """Return the living payments in QuickBooks that were made from a receipt."""
        return self._get_ours("Payment", f"receipt {receipt_id}")

    def _get_row(self, receipt_id):
        """Return the one payment in QuickBooks that was made from a receipt."""
        [row] = self._get_rows(receipt_id)
        return row

    def _get_balance(self, bill_id):
        [invoice] = self._get_quickbooks_invoices(bill_id)
        return self._amount(invoice["Balance"])

    def _get_links(self, row):
        """Return ``{bill id: amount}`` of what a payment in QuickBooks settles."""
        bills = {i.quickbooks_id: i.external_id for i in self.connection.invoice_ids}
        return {
            bills[linked["TxnId"]]: self._amount(line["Amount"])
            for line in row["Line"]
            for linked in line["LinkedTxn"]
            if linked["TxnType"] == "Invoice"
        }

    def _assert_payment(self, receipt_id, state, cause=False, sentence=""):
        """Assert where a payment stands, why, and what it says; return it."""
        payment = self._get_payment(receipt_id)
        self.assertEqual(
            (payment.state, payment.failure_cause),
            (state, cause),
            payment.failure_message,
        )
        self.assertIn(sentence, payment.failure_message or "")
        return payment

    def _assert_settles(self, receipt_id, links, unapplied="0.00"):
        """Assert that a payment stands once, what it settles, and what is left."""
        self._assert_payment(receipt_id, "pushed")
        row = self._get_row(receipt_id)
        wanted = {str(bill_id): Decimal(amount) for bill_id, amount in links.items()}
        self.assertEqual(self._get_links(row), wanted)
        self.assertEqual(self._amount(row["UnappliedAmt"]), Decimal(unapplied))
        return row


@tagged("post_install", "-at_install")
class TestPayments(PaymentCase):
    def test_payment_settles_its_bill(self):
        bill = self.firm.bills[0]
        receipt_id = self._receive(
            (bill.bill_id, "40.00"), method="Cheque", reference="200417", memo="Thanks"
        )

        self._run(self.connection)

        payment, row = self._get_payment(receipt_id), self._get_row(receipt_id)
        self.assertEqual(payment.state, "pushed", payment.failure_message)
        self.assertEqual(self._amount(row["TotalAmt"]), FORTY)
        self.assertEqual(self._get_links(row), {str(bill.bill_id): FORTY})
        self.assertEqual(row["PaymentRefNum"], "200417")
        self.assertIn("Memo: Thanks", row["PrivateNote"])
        self.assertEqual(self._get_balance(bill.bill_id), bill.total_inclusive - FORTY)
        self.assertIn(
            "Created in QuickBooks: payment 200417", self._get_notes(payment)[0]
        )

    def test_second_pass_sends_nothing(self):
        self._receive((1001, "40.00"))
        self._run(self.connection)
        sent = len(self._get_sent("Payment"))

        run = self._run(self.connection)

        self.assertEqual((sent, run.queued_count), (1, 0))
        self.assertEqual(len(self._get_sent("Payment")), 1)

    def test_one_receipt_settles_several_bills(self):
        second, third = self._add_bill(), self._add_bill()
        links = {1001: "866.00", second: "100.00", third: "33.33"}
        receipt_id = self._receive(*links.items())

        self._run(self.connection)

        self._assert_settles(receipt_id, links)
        self.assertEqual(self._get_balance(1001), 0)
        self.assertEqual(self._get_balance(third), Decimal("66.67"))

    def test_part_payments_one_after_another(self):
        for amount, balance in (("300.00", "566.00"), ("566.00", "0.00")):
            receipt_id = self._receive((1001, amount))
            self._run(self.connection)
            self._assert_settles(receipt_id, {1001: amount})
            self.assertEqual(self._get_balance(1001), Decimal(balance))

    def test_money_beyond_the_bill_is_credit_of_the_client(self):
        receipt_id = self._receive((1001, "866.00"), amount="900.00")

        self._run(self.connection)

        row = self._assert_settles(receipt_id, {1001: "866.00"}, "34.00")
        self.assertEqual(self._amount(row["TotalAmt"]), 900)
        self.assertEqual(self._get_payment(receipt_id).amount_unapplied, 34.0)

    def test_money_on_no_bill_is_credit_of_the_client(self):
        receipt_id = self._receive(amount="50.00", client_id=507)

        self._run(self.connection)

        row = self._assert_settles(receipt_id, {}, "50.00")
        client = self._get_payment(receipt_id).participant_id
        self.assertEqual(row["CustomerRef"]["value"], client.quickbooks_id)

    def test_client_without_a_bill_becomes_a_customer(self):
        self.sandbox.admin(
            "actionstep",
            "POST",
            "participants",
            {"participant_id": 700, "display_name": "Retainer Ltd"},
        )
        receipt_id = self._receive(amount="500.00", client_id=700)

        self._run(self.connection)

        row = self._assert_settles(receipt_id, {}, "500.00")
        customer = self._get_customers()["Retainer Ltd"]
        self.assertEqual(row["CustomerRef"]["value"], customer["Id"])

    def test_method_that_quickbooks_knows_is_chosen_there(self):
        known = self._receive((1001, "10.00"), method="check")
        unknown = self._receive((1001, "11.00"), method="Barter")

        self._run(self.connection)

        methods = self.sandbox.admin("quickbooks", "GET", "dump")["PaymentMethod"]
        [check] = [row["Id"] for row in methods if row["Name"] == "Check"]
        row = self._get_row(known)
        self.assertEqual(row["PaymentMethodRef"]["value"], check)
        row = self._get_row(unknown)
        self.assertNotIn("PaymentMethodRef", row)
        self.assertIn("Method: Barter", row["PrivateNote"])

    def test_long_reference_is_cut_and_stands_in_full_in_the_note(self):
        reference = "REF-2026-11-20/0000-1234567890"
        receipt_id = self._receive((1001, "40.00"), reference=reference)

        self._run(self.connection)

        row = self._assert_settles(receipt_id, {1001: "40.00"})
        self.assertEqual(len(row["PaymentRefNum"]), 21)
        self.assertEqual(row["PaymentRefNum"][:20], reference[:20])
        self.assertIn(f"Payment reference: {reference}", row["PrivateNote"])

    def test_note_carries_matter_method_and_memo(self):
        receipt_id = self._receive((1001, "40.00"), memo="First\nsecond", method="EFT")

        self._run(self.connection)

        note = self._get_row(receipt_id)["PrivateNote"]
        matter = self._get_payment(receipt_id).matter_ids.display_name
        for part in (f"Matter: {matter}", "Method: EFT", "Memo: First", "second"):
            self.assertIn(part, note)

    def test_characters_that_quickbooks_refuses_do_not_stop_a_payment(self):
        receipt_id = self._receive(
            (1001, "40.00"), memo="Merci 🏛️ 𠮷野家", reference="№ 7 🏦", method="💳"
        )

        self._run(self.connection)

        self._assert_settles(receipt_id, {1001: "40.00"})
        self.assertIn("Memo: Merci", self._get_row(receipt_id)["PrivateNote"])

    def test_money_of_a_third_party_goes_to_the_customer_of_the_invoice(self):
        self.sandbox.admin(
            "actionstep",
            "POST",
            "participants",
            {"participant_id": 700, "display_name": "Generous Aunt"},
        )
        receipt_id = self._receive((1001, "40.00"), client_id=700)

        self._run(self.connection)

        row = self._assert_settles(receipt_id, {1001: "40.00"})
        bond = self._get_invoice(self.connection, 1001).participant_id
        self.assertEqual(row["CustomerRef"]["value"], bond.quickbooks_id)
        self.assertNotIn("Generous Aunt", self._get_customers())

    def test_receipt_without_a_client_goes_to_the_customer_of_the_invoice(self):
        receipt_id = self._receive((1001, "40.00"), client_id=None)

        self._run(self.connection)

        self._assert_settles(receipt_id, {1001: "40.00"})

    def test_money_of_nobody_for_nothing_needs_a_person(self):
        receipt_id = self._receive(amount="40.00", client_id=None)
        self._run(self.connection)
        self._assert_payment(receipt_id, "attention", "client_missing")

    def test_bills_of_two_clients_are_refused_and_hold_up_nobody(self):
        receipt_id = self._receive((1001, "40.00"), (1002, "40.00"))
        other = self._receive((1003, "40.00"), client_id=503)

        self._run(self.connection)

        sentence = "QuickBooks could not link this to the other document"
        self._assert_payment(receipt_id, "attention", "link_refused", sentence)
        self.assertEqual(self._get_rows(receipt_id), [])
        self._assert_settles(other, {1003: "40.00"})

    def test_receipt_without_views_lets_the_bills_go(self):
        self.sandbox.admin(
            "actionstep", "POST", "reporting/drop", {"views": ["receipt"]}
        )
        bill_id = self._add_bill()

        run = self._run(self.connection)

        self.assertIn("receipt", run.message)
        self.assertEqual(len(self._get_quickbooks_invoices(bill_id)), 1)


@tagged("post_install", "-at_install")
class TestDeposit(PaymentCase):
    def _map_account(self, number, name):
        """Let the GL account map send one account of Actionstep elsewhere."""
        mine = [("connection_id", "=", self.connection.id)]
        source = self.connection.account_ids.filtered(lambda one: one.number == number)
        target = self.env["quickbooks.account"].search([*mine, ("name", "=", name)])
        lines = self.connection.account_mapping_ids
        # Trust and own money are kept apart when a line is saved; this line was saved
        # before somebody changed the detail type in QuickBooks.
        is_trust, target.is_trust = target.is_trust, source.is_trust
        line = lines.filtered(lambda one: one.account_id == source)
        if line:
            line.gl_account_id = target
        else:
            lines.create(
                {
                    "connection_id": self.connection.id,
                    "account_id": source.id,
                    "gl_account_id": target.id,
                }
            )
        target.is_trust = is_trust

    def _get_deposit(self, receipt_id):
        """Return the name of the account that a payment in QuickBooks went to."""
        accounts = self.sandbox.admin("quickbooks", "GET", "dump")["Account"]
        names = {row["Id"]: row["Name"] for row in accounts}
        return names[self._get_row(receipt_id)["DepositToAccountRef"]["value"]]

    def test_deposit_account_follows_the_map(self):
        receipt_id = self._receive((1001, "40.00"))
        self._run(self.connection)
        self.assertEqual(self._get_deposit(receipt_id), "Business Bank Account")

    def test_unmapped_account_holds_only_its_own_payment(self):
        held = self._receive((1001, "40.00"), deposit_account_number=UNMAPPED_BANK)
        other = self._receive((1001, "50.00"))

        self._run(self.connection)

        sentence = f"paid into {UNMAPPED_BANK}, which has no QuickBooks account"
        self._assert_payment(held, "attention", "deposit_account_unmapped", sentence)
        self._assert_settles(other, {1001: "50.00"})
        self._map_account(UNMAPPED_BANK, "Business Bank Account")
        self._run(self.connection)
        self._assert_settles(held, {1001: "40.00"})

    def test_money_without_an_account_waits_for_its_deposit(self):
        receipt_id = self._receive((1001, "40.00"), deposit_account_number="")
        self._run(self.connection)
        self.assertEqual(self._get_deposit(receipt_id), "Undeposited Funds")

    def test_firm_that_deposits_by_itself(self):
        self.connection.deposit_to = "undeposited"
        mapped = self._receive((1001, "40.00"))
        unmapped = self._receive((1001, "50.00"), deposit_account_number=UNMAPPED_BANK)

        self._run(self.connection)

        for receipt_id in (mapped, unmapped):
            self.assertEqual(self._get_deposit(receipt_id), "Undeposited Funds")

    def test_trust_money_goes_to_the_trust_account(self):
        for setting in ("map", "undeposited"):
            with self.subTest(setting):
                self.connection.deposit_to = setting
                receipt_id = self._receive(
                    amount="70.00", deposit_account_number=TRUST_BANK
                )
                self._run(self.connection)
                account = self._get_deposit(receipt_id)
                self.assertEqual(account, "Client Trust Bank Account")

    def test_trust_money_never_goes_to_an_operating_account(self):
        self._map_account(TRUST_BANK, "Business Bank Account")
        for setting in ("map", "undeposited"):
            with self.subTest(setting):
                self.connection.deposit_to = setting
                receipt_id = self._receive(
                    amount="70.00", deposit_account_number=TRUST_BANK
                )

                self._run(self.connection)

                sentence = "Business Bank Account, which is not a trust account"
                self._assert_payment(receipt_id, "attention", "trust_deposit", sentence)
                self.assertEqual(self._get_sent("Payment"), [])

    def test_own_money_never_goes_to_the_trust_account(self):
        self._map_account(OPERATING_BANK, "Client Trust Bank Account")
        receipt_id = self._receive((1001, "40.00"))

        self._run(self.connection)

        sentence = "Client Trust Bank Account, a trust account in QuickBooks"
        self._assert_payment(receipt_id, "attention", "operating_deposit", sentence)
        self.assertEqual(self._get_sent("Payment"), [])
        self._map_account(OPERATING_BANK, "Business Bank Account")
        self._run(self.connection)
        self.assertEqual(self._get_deposit(receipt_id), "Business Bank Account")

    def test_map_turned_to_the_wrong_side_later_changes_nothing(self):
        receipt_id = self._receive((1001, "40.00"))
        self._run(self.connection)
        self._map_account(OPERATING_BANK, "Client Trust Bank Account")
        self._change_receipt(receipt_id, memo="Corrected")

        self._run(self.connection)

        self._assert_payment(receipt_id, "attention", "operating_deposit")
        self.assertEqual(self._get_deposit(receipt_id), "Business Bank Account")

    def test_payment_from_trust_goes_to_the_operating_account(self):
        receipt_id = self._receive((1001, "40.00"), from_trust=True, method="Trust")

        self._run(self.connection)

        self._assert_settles(receipt_id, {1001: "40.00"})
        self.assertEqual(self._get_deposit(receipt_id), "Business Bank Account")


@tagged("post_install", "-at_install")
class TestOddReceipts(PaymentCase):
    def _change_view(self, receipt_id, view, change, types=None):
        body = {"view": view, "where": {"receipt_id": str(receipt_id)}, "set": change}
        body |= {"types": types} if types else {}
        self.sandbox.admin("actionstep", "POST", "reporting/change", body)

    def test_more_allocated_than_received(self):
        receipt_id = self._receive((1001, "40.00"), amount="30.00")
        self._run(self.connection)
        sentence = "40.00 USD of this payment are allocated to bills, but only 30.00"
        self._assert_payment(receipt_id, "attention", "allocation_too_large", sentence)
        self.assertEqual(self._get_sent("Payment"), [])

    def test_amount_that_is_not_above_zero(self):
        for amount in ("0.00", "-5.00"):
            receipt_id = self._receive(amount=amount)
            self._run(self.connection)
            self._assert_payment(receipt_id, "attention", "amount_not_positive")
        self.assertEqual(self._get_sent("Payment"), [])

    def test_receipt_without_a_day(self):
        receipt_id = self._receive((1001, "40.00"))
        self._change_view(receipt_id, "receipt", {"received_on": None})
        self._run(self.connection)
        self._assert_payment(receipt_id, "attention", "date_missing")

    def test_receipt_whose_allocations_cannot_be_read_is_left_out_alone(self):
        bad = self._receive((1001, "40.00"))
        good = self._receive((1001, "50.00"))
        change = {"amount": "many"}
        self._change_view(bad, "receipt_allocation", change, {"amount": "text"})

        run = self._run(self.connection)

        self.assertIn("could not be read", run.message)
        self.assertIn(str(bad), run.detail)
        self.assertFalse(self._get_payment(bad))
        self._assert_settles(good, {1001: "50.00"})
        self.sandbox.admin("actionstep", "POST", "reporting/mend")
        self._run(self.connection)
        self._assert_settles(bad, {1001: "40.00"})

    def test_receipt_in_another_currency_than_the_books(self):
        receipt_id = self._receive((1001, "40.00"), currency="EUR")
        self._run(self.connection)
        self._assert_payment(receipt_id, "attention", "currency_foreign", "EUR")
