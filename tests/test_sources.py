"""Where the details of documents come from: totals of bills, or totals first."""

from datetime import datetime
from decimal import Decimal

from odoo.tests import tagged

from .common import ActionstepCase


class TotalsCase(ActionstepCase):
    """A firm of which the totals of bills are known, and nothing else."""

    def setUp(self):
        super().setUp()
        self.connection = self._make_active(detail_source="totals")
        self.connection.totals_account_id = self._get_account("4-1100")

    def _get_account(self, number):
        accounts = self.connection.account_ids
        return accounts.filtered(lambda account: account.number == number)

    def _get_tax_code(self, name):
        return self.connection.tax_code_ids.filtered(lambda code: code.name == name)

    def _assert_stands(self, document, state, cause=False, sentence=""):
        self.assertEqual(
            (document.state, document.failure_cause),
            (state, cause),
            document.failure_message or document.failure_detail,
        )
        self.assertIn(sentence, document.failure_message or "")

    def _assert_bill(self, bill_id, state, cause=False, sentence=""):
        invoice = self._get_invoice(self.connection, bill_id)
        self._assert_stands(invoice, state, cause, sentence)
        return invoice

    def _get_theirs(self, bill_id):
        [row] = self._get_quickbooks_invoices(bill_id)
        return row

    def _get_lines(self, row):
        return [
            line for line in row["Line"] if line["DetailType"] == "SalesItemLineDetail"
        ]

    def _get_balance(self, bill_id):
        return self._amount(self._get_theirs(bill_id)["Balance"])

    def _get_payments(self, bill_id):
        """Return the payments in QuickBooks derived from a bill, oldest first."""
        invoice = self._get_invoice(self.connection, bill_id)
        payments = invoice.allocation_ids.payment_id.sorted("id")
        rows = [
            self._get_ours("Payment", f"receipt {payment.external_id}")
            for payment in payments
        ]
        return [row for found in rows for row in found]

    def _pay(self, bill_id, total):
        """Let Actionstep say how much is paid of a bill in all."""
        self._edit_bill(bill_id, total_paid=total)
        return self._run(self.connection)


@tagged("post_install", "-at_install")
class TestBillTotals(TotalsCase):
    def test_bill_is_one_line_with_the_tax_code_of_its_rate(self):
        self._run(self.connection)

        self._assert_bill(1001, "pushed")
        row = self._get_theirs(1001)
        [line] = self._get_lines(row)
        self.assertEqual(line["SalesItemLineDetail"]["ItemRef"]["name"], "Legal Fees")
        self.assertEqual(line["SalesItemLineDetail"]["TaxCodeRef"]["value"], "TAX")
        self.assertEqual(line["Description"], "Professional services, INV-10001")
        self.assertEqual(self._amount(row["TotalAmt"]), Decimal("866.00"))

    def test_bill_without_tax(self):
        self._run(self.connection)
        self._assert_bill(1002, "pushed")
        [line] = self._get_lines(self._get_theirs(1002))
        self.assertEqual(line["SalesItemLineDetail"]["TaxCodeRef"]["value"], "NON")

    def test_tax_of_a_part_of_the_bill_cannot_be_told(self):
        self._run(self.connection)
        sentence = "77.88 USD of tax on 1,379.00 USD fits no tax code"
        self._assert_bill(1003, "attention", "tax_unclear", sentence)
        self.assertEqual(self._get_quickbooks_invoices(1003), [])

    def test_bill_whose_tax_cannot_be_told_goes_once_its_lines_are_loaded(self):
        self._run(self.connection)
        self.connection.detail_source = "reporting"
        self._run(self.connection)
        self._assert_bill(1003, "pushed")

    def test_without_fee_account_all_wait_for_it(self):
        self.connection.totals_account_id = False
        self._run(self.connection)
        self._assert_bill(1001, "attention", "totals_account_missing", "Choose the fee")

        self.connection.totals_account_id = self._get_account("4-1100")
        self._run(self.connection)

        self._assert_bill(1001, "pushed")

    def test_fee_account_that_is_not_mapped(self):
        self.connection.totals_account_id = self._get_account("4-1900")
        self._run(self.connection)
        self._assert_bill(1001, "attention", "account_unmapped", "4-1900")

    def test_changed_totals_update_the_same_invoice(self):
        self._run(self.connection)
        before = self._get_theirs(1001)["Id"]
        totals = {"total_exclusive": "1000.00", "total_tax": "82.50"}
        self._edit_bill(1001, **totals, total_inclusive="1082.50")

        self._run(self.connection)

        row = self._get_theirs(1001)
        self.assertEqual(row["Id"], before)
        self.assertEqual(self._amount(row["TotalAmt"]), Decimal("1082.50"))

    def test_second_pass_sends_nothing(self):
        self._pay(1001, "100.00")
        self.sandbox.admin("quickbooks", "DELETE", "log")
        run = self._run(self.connection)
        self.assertEqual(run.queued_count, 0)
        self.assertEqual(self._get_sent() + self._get_sent("Payment"), [])


@tagged("post_install", "-at_install")
class TestBillTotalsInTheUnitedKingdom(TotalsCase):
    country = "GB"

    def test_bill_without_tax_is_unclear_until_somebody_chooses(self):
        self._run(self.connection)
        sentence = "choose the tax code for bills without tax"
        self._assert_bill(1002, "attention", "tax_unclear", sentence)

        self.connection.totals_tax_free_code_id = self._get_tax_code("EX")
        self._run(self.connection)

        self._assert_bill(1002, "pushed")
        [line] = self._get_lines(self._get_theirs(1002))
        code = line["SalesItemLineDetail"]["TaxCodeRef"]["value"]
        codes = self.connection.quickbooks_tax_code_ids
        chosen = codes.filtered(lambda code: code.name == "Exempt")
        self.assertEqual(code, chosen.external_id)

    def test_chosen_code_that_is_not_mapped(self):
        code = self._get_tax_code("EX")
        self.connection.totals_tax_free_code_id = code
        mapping = self.connection.tax_mapping_ids
        mapping.filtered(lambda line: line.tax_code_id == code).unlink()

        self._run(self.connection)

        invoice = self._get_invoice(self.connection, 1002)
        self.assertEqual(invoice.state, "attention")

    def test_taxed_bill(self):
        self._run(self.connection)
        bill = self.firm.bills[0]
        self._assert_bill(bill.bill_id, "pushed")
        row = self._get_theirs(bill.bill_id)
        self.assertEqual(self._amount(row["TotalAmt"]), bill.total_inclusive)
        self.assertEqual(self._amount(row["TxnTaxDetail"]["TotalTax"]), bill.total_tax)


@tagged("post_install", "-at_install")
class TestDerivedPayments(TotalsCase):
    def setUp(self):
        super().setUp()
        self._run(self.connection)

    def test_what_is_paid_becomes_a_payment(self):
        self._pay(1001, "300.00")
        [row] = self._get_payments(1001)
        self.assertEqual(self._amount(row["TotalAmt"]), Decimal("300.00"))
        self.assertEqual(self._get_balance(1001), Decimal("566.00"))
        payment = self.connection.payment_ids
        self._assert_stands(payment, "pushed")
        self.assertTrue(payment.is_derived)
        self.assertNotIn("DepositToAccountRef", self._get_sent("Payment")[0])

    def test_growth_is_one_payment_more(self):
        self._pay(1001, "300.00")
        self._pay(1001, "866.00")
        amounts = [self._amount(row["TotalAmt"]) for row in self._get_payments(1001)]
        self.assertEqual(amounts, [Decimal("300.00"), Decimal("566.00")])
        self.assertEqual(self._get_balance(1001), 0)

    def test_decrease_takes_back_the_newest_first(self):
        self._pay(1001, "300.00")
        self._pay(1001, "866.00")
        self._pay(1001, "200.00")
        [row] = self._get_payments(1001)
        self.assertEqual(self._amount(row["TotalAmt"]), Decimal("200.00"))
        self.assertEqual(self._get_balance(1001), Decimal("666.00"))

    def test_paid_again_after_it_was_taken_back(self):
        for total in ("300.00", "0.00", "120.00"):
            self._pay(1001, total)
        [row] = self._get_payments(1001)
        self.assertEqual(self._amount(row["TotalAmt"]), Decimal("120.00"))
        self.assertEqual(self._get_balance(1001), Decimal("746.00"))

    def test_payment_goes_to_the_account_that_was_chosen(self):
        bank = self.connection.quickbooks_account_ids.filtered(
            lambda account: account.name == "Business Bank Account"
        )
        self.connection.deposit_account_id = bank
        self._pay(1001, "300.00")
        [row] = self._get_payments(1001)
        self.assertEqual(row["DepositToAccountRef"]["value"], bank.external_id)

    def test_payment_of_a_bill_that_needs_attention_waits_for_it(self):
        self._pay(1003, "100.00")
        payment = self.connection.payment_ids
        self._assert_stands(payment, "waiting", "allocation_unknown_bill")
        self.assertEqual(self._get_sent("Payment"), [])

    def test_bill_and_its_payment_arrive_together(self):
        bill_id = self._add_bill(reporting=False)
        self._pay(bill_id, "100.00")
        self.assertEqual(self._get_balance(bill_id), 0)

    def test_paid_bill_deleted_takes_its_payment_along(self):
        self._pay(1001, "300.00")
        self._edit_bill(1001, status="Deleted")

        run = self._run(self.connection)

        self.assertEqual((run.state, run.failed_count), ("done", 0), run.message)
        self._assert_bill(1001, "withdrawn")
        self.assertEqual(self._get_payments(1001), [])
        self.assertEqual(self._get_quickbooks_invoices(1001), [])

    def test_total_and_payment_lowered_together(self):
        self._pay(1001, "866.00")
        totals = {"total_exclusive": "400.00", "total_tax": "33.00"}
        self._edit_bill(1001, **totals, total_inclusive="433.00", total_paid="433.00")

        run = self._run(self.connection)

        self.assertEqual(run.failed_count, 0)
        self.assertEqual(self._get_balance(1001), 0)
        [row] = self._get_payments(1001)
        self.assertEqual(self._amount(row["TotalAmt"]), Decimal("433.00"))


@tagged("post_install", "-at_install")
class TestDerivedCredits(TotalsCase):
    def setUp(self):
        super().setUp()
        self._switch("actionstep", negative_bills=True)

    def _credit_taxed(self, **values):
        """Make a credit note that REST shows as a bill below zero; run; return it."""
        line = {"amount_exclusive": "40.00", "tax_code": "TAX 8.25"}
        credit_id = self._credit(1001, lines=[line], **values)
        self._run(self.connection)
        return credit_id, self._get_note(credit_id)

    def _get_note(self, credit_id):
        return self.connection.credit_note_ids.filtered(
            lambda note: note.external_id == str(credit_id)
        )

    def test_bill_below_zero_becomes_a_credit_memo(self):
        credit_id, note = self._credit_taxed(number="CR-7")

        self._assert_stands(note, "pushed")
        self.assertTrue(note.is_derived)
        self.assertFalse(self._get_invoice(self.connection, credit_id))
        [memo] = self._get_ours("CreditMemo", f"credit note {credit_id}")
        self.assertEqual(memo["DocNumber"], "CR-7")
        self.assertEqual(self._amount(memo["TotalAmt"]), Decimal("43.30"))
        self.assertEqual(
            self._amount(memo["TxnTaxDetail"]["TotalTax"]), Decimal("3.30")
        )

    def test_write_off_goes_to_its_own_product(self):
        items = self.connection.quickbooks_item_ids
        discounts = items.filtered(lambda item: item.name == "Discounts Given")
        self.connection.write_off_item_id = discounts
        credit_id, note = self._credit_taxed(number="WO-7")

        self.assertTrue(note.is_write_off)
        [memo] = self._get_ours("CreditMemo", f"credit note {credit_id}")
        [line] = self._get_lines(memo)
        item = line["SalesItemLineDetail"]["ItemRef"]
        self.assertEqual(item["name"], "Discounts Given")

    def test_tax_that_cannot_be_told(self):
        line = {"amount_exclusive": "40.00"}
        lines = [{**line, "tax_code": "TAX 8.25"}, {**line, "tax_code": "NT"}]
        credit_id = self._credit(1001, lines=lines)
        self._run(self.connection)
        note = self._get_note(credit_id)
        self._assert_stands(note, "attention", "tax_unclear")

    def test_deleted_in_actionstep(self):
        credit_id, note = self._credit_taxed()
        self._change_credit(credit_id, "delete")
        self._run(self.connection)
        self._assert_stands(note, "withdrawn")
        self.assertEqual(self._get_ours("CreditMemo", "credit note"), [])

    def test_corrected_to_a_bill_above_zero_is_a_credit_no_longer(self):
        bill_id = self._add_bill({"amount_exclusive": "-50.00", "tax_code": "NT"})
        self._run(self.connection)
        note = self._get_note(bill_id)
        self._assert_stands(note, "pushed")
        self._replace_lines(bill_id, {"amount_exclusive": "50.00", "tax_code": "NT"})

        self._run(self.connection)

        self._assert_stands(note, "withdrawn")
        self.assertEqual(self._get_ours("CreditMemo", "credit note"), [])
        self._assert_bill(bill_id, "pushed")

    def test_second_pass_sends_nothing(self):
        self._credit_taxed()
        self._run(self.connection)
        self.assertEqual(len(self._get_sent("CreditMemo")), 1)


@tagged("post_install", "-at_install")
class TestAnotherSource(TotalsCase):
    """A firm that began with totals and has a reporting database by now."""

    def _move_on(self):
        self.connection.detail_source = "reporting"
        return self._run(self.connection)

    def test_receipt_takes_the_place_of_the_derived_payment(self):
        self._run(self.connection)
        receipt_id = self._receive((1001, "300.00"))
        self._pay(1001, "300.00")
        self.assertEqual(len(self._get_payments(1001)), 1)

        run = self._move_on()

        self.assertEqual((run.state, run.failed_count), ("done", 0), run.message)
        self.assertEqual(len(self._get_ours("Payment", f"receipt {receipt_id}")), 1)
        self.assertEqual(self._get_ours("Payment", "receipt bill-1001-1"), [])
        self.assertEqual(self._get_balance(1001), Decimal("566.00"))

    def test_credit_note_takes_the_place_of_the_bill_below_zero(self):
        self._switch("actionstep", negative_bills=True)
        lines = [{"amount_exclusive": amount, "tax_code": "NT"} for amount in (30, 10)]
        credit_id = self._credit(1002, (1002, "40.00"), lines=lines)
        self._run(self.connection)
        [before] = self._get_ours("CreditMemo", f"credit note {credit_id}")

        self._move_on()

        [memo] = self._get_ours("CreditMemo", f"credit note {credit_id}")
        self.assertEqual(memo["Id"], before["Id"])
        self.assertEqual(len(self._get_lines(memo)), 2)
        self.assertEqual(self._get_balance(1002), Decimal("1810.00"))

    def test_credit_note_that_rest_shows_as_a_bill_too_stands_once(self):
        self._switch("actionstep", negative_bills=True)
        self.connection.detail_source = "reporting"
        credit_id = self._credit(1002, number="CR-7")

        self._run(self.connection)
        self._run(self.connection)

        [memo] = self._get_ours("CreditMemo", f"credit note {credit_id}")
        self.assertEqual(memo["DocNumber"], "CR-7")
        invoice = self._get_invoice(self.connection, credit_id)
        self.assertNotIn(invoice.state, ("waiting", "attention"))


@tagged("post_install", "-at_install")
class TestTotalsFirst(TotalsCase):
    """Lines come from the reporting database, but a bill does not wait for them."""

    def setUp(self):
        super().setUp()
        self.connection.detail_source = "reporting"
        self.connection.detail_policy = "totals_first"

    def _add_late(self, *amounts):
        """Add a bill whose lines come with the next load."""
        lines = [
            {"amount_exclusive": amount, "tax_code": "TAX 8.25"} for amount in amounts
        ]
        bill_id = self._add_bill(*lines, reporting=False)
        self._run(self.connection)
        return bill_id

    def _load(self):
        self.sandbox.admin("actionstep", "POST", "reporting/refresh")
        return self._run(self.connection)

    def _assert_refined(self, bill_id, before, count):
        row = self._get_theirs(bill_id)
        self.assertEqual(row["Id"], before["Id"])
        self.assertEqual(len(self._get_lines(row)), count)
        self.assertEqual(row["TotalAmt"], before["TotalAmt"])
        self.assertFalse(self._assert_bill(bill_id, "pushed").is_by_totals)

    def test_pushed_at_once_and_refined_when_its_lines_arrive(self):
        bill_id = self._add_late("100.00", "60.00")
        self.assertTrue(self._assert_bill(bill_id, "pushed").is_by_totals)
        before = self._get_theirs(bill_id)
        self.assertEqual(len(self._get_lines(before)), 1)

        self._load()

        self._assert_refined(bill_id, before, 2)

    def test_paid_meanwhile(self):
        bill_id = self._add_late("100.00", "60.00")
        before = self._get_theirs(bill_id)
        self._receive((bill_id, "73.20"), reporting=True)

        self._load()

        self._assert_refined(bill_id, before, 2)
        self.assertEqual(self._get_balance(bill_id), Decimal("100.00"))

    def test_late_lines_are_read_whatever_the_checkpoint_says(self):
        bill_id = self._add_late("100.00", "60.00")
        before = self._get_theirs(bill_id)
        checkpoint = self.env["actionstep.sync.checkpoint"]._get(
            self.connection, "bill_lines"
        )
        checkpoint.cursor = datetime(2100, 1, 1)

        self._load()

        self._assert_refined(bill_id, before, 2)

    def test_tax_that_cannot_be_told_waits_for_the_lines(self):
        lines = [
            {"amount_exclusive": "100.00", "tax_code": code}
            for code in ("TAX 8.25", "NT")
        ]
        bill_id = self._add_bill(*lines, reporting=False)
        self._run(self.connection)
        self._assert_bill(bill_id, "attention", "tax_unclear")

        self._load()

        self._assert_bill(bill_id, "pushed")
        self.assertEqual(len(self._get_lines(self._get_theirs(bill_id))), 2)

    def test_changed_there_before_its_lines_arrive_is_left_to_a_person(self):
        bill_id = self._add_late("100.00", "60.00")
        before = self._get_theirs(bill_id)
        self._edit_in_quickbooks("Invoice", before["Id"], DueDate="2027-01-31")

        self._load()

        self._assert_bill(bill_id, "attention", "changed_in_quickbooks")
        self.assertEqual(len(self._get_lines(self._get_theirs(bill_id))), 1)

    def test_lines_that_do_not_add_up_need_a_person(self):
        bill_id = self._add_late("100.00", "60.00")
        before = self._get_theirs(bill_id)
        self.sandbox.admin("actionstep", "POST", "reporting/refresh")
        body = {
            "view": "bill_line",
            "where": {"bill_id": str(bill_id), "line_no": 2},
            "set": {"amount_exclusive": "59.00"},
        }
        self.sandbox.admin("actionstep", "POST", "reporting/change", body)

        self._run(self.connection)

        self._assert_bill(bill_id, "attention", "lines_mismatch")
        self.assertEqual(self._get_theirs(bill_id)["SyncToken"], before["SyncToken"])

    def test_changed_bill_goes_by_its_new_totals_until_its_new_lines_come(self):
        bill_id = self._add_late("100.00", "60.00")
        self._load()
        line = {"amount_exclusive": "100.00", "tax_code": "TAX 8.25"}
        self._replace_lines(bill_id, line, line, line, reporting=False)
        self._edit_bill(bill_id, modified_at="2098-01-01T00:00:00Z")
        self._run(self.connection)
        before = self._get_theirs(bill_id)
        self.assertEqual(self._amount(before["TotalAmt"]), Decimal("324.75"))
        self.assertEqual(len(self._get_lines(before)), 1)

        self._load()

        self._assert_refined(bill_id, before, 3)
