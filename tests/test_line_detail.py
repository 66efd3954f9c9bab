"""Line detail: one line in QuickBooks for each product and tax code, to the cent."""

from decimal import Decimal

from odoo.tests import tagged

from .common import ActionstepCase

# Tax of each line is rounded: three times 0.83, while 8.25 % of 30.30 is 2.50.
CENT = {"amount_exclusive": "10.10", "tax_code": "TAX 8.25"}
FEE = {"amount_exclusive": "100.00", "tax_code": "NT"}
FILING = {"amount_exclusive": "435.00", "tax_code": "NT", "account_number": "6-1100"}


class SummaryCase(ActionstepCase):
    detail = "summary"

    def setUp(self):
        super().setUp()
        self.connection = self._make_active(line_detail=self.detail)

    def _get_row(self, bill_id):
        [row] = self._get_quickbooks_invoices(bill_id)
        return row

    def _get_lines(self, row):
        """Return amount, product and tax code of each line that QuickBooks has."""
        items = self.env["quickbooks.item"].search(
            [("connection_id", "=", self.connection.id)]
        )
        names = {item.external_id: item.name for item in items}
        details = [
            (line, line["SalesItemLineDetail"])
            for line in row["Line"]
            if line["DetailType"] == "SalesItemLineDetail"
        ]
        return [
            (
                str(self._amount(line["Amount"])),
                names[detail["ItemRef"]["value"]],
                detail["TaxCodeRef"]["value"],
            )
            for line, detail in details
        ]

    def _get_sums(self, row):
        """Return total and tax of a document in QuickBooks."""
        tax = (row.get("TxnTaxDetail") or {}).get("TotalTax", 0)
        return self._amount(row["TotalAmt"]), self._amount(tax)

    def _assert_same(self, document, row):
        """Assert that both sides agree on total and tax."""
        self.assertEqual(document.state, "pushed", document.failure_message)
        theirs = self._get_sums(row)
        ours = self._amount(document.amount_total), self._amount(document.amount_tax)
        self.assertEqual(theirs, ours)


@tagged("post_install", "-at_install")
class TestSummary(SummaryCase):
    def _push(self, *lines, **values):
        """Push a bill of these lines; return its invoice in QuickBooks."""
        bill_id = self._add_bill(*lines, **values)
        self._run(self.connection)
        row = self._get_row(bill_id)
        self._assert_same(self._get_invoice(self.connection, bill_id), row)
        return row

    def test_one_line_for_each_product_and_tax_code(self):
        taxed = {**FEE, "tax_code": "TAX 8.25"}
        row = self._push(FEE, FILING, FEE, taxed, FILING)
        self.assertEqual(
            self._get_lines(row),
            [
                ("200.00", "Legal Fees", "NON"),
                ("870.00", "Court Filing Fees", "NON"),
                ("100.00", "Legal Fees", "TAX"),
            ],
        )

    def test_line_says_what_it_stands_for(self):
        row = self._push(FEE, FEE, {**FILING, "description": "Filing"})
        self.assertEqual(
            [line.get("Description") for line in row["Line"][:2]],
            ["Fees: 2 lines (4-1100 Professional Fees)", "Filing"],
        )

    def test_tax_that_was_rounded_by_line_stays(self):
        row = self._push(CENT, CENT, CENT)
        self.assertEqual(self._get_sums(row), (Decimal("32.79"), Decimal("2.49")))
        self.assertEqual(self._get_lines(row), [("30.30", "Legal Fees", "TAX")])

    def test_many_small_lines(self):
        lines = [{**CENT, "amount_exclusive": f"0.{n:02}"} for n in range(1, 41)]
        row = self._push(*lines)
        self.assertEqual(len(self._get_lines(row)), 1)

    def test_discount_and_lines_that_cancel_out(self):
        back = {**FEE, "amount_exclusive": "-100.00"}
        row = self._push(FEE, back, FILING, {**CENT, "amount_exclusive": "-5.05"}, CENT)
        self.assertEqual(
            self._get_lines(row),
            [
                ("0.00", "Legal Fees", "NON"),
                ("435.00", "Court Filing Fees", "NON"),
                ("5.05", "Legal Fees", "TAX"),
            ],
        )

    def test_product_that_a_line_names_itself_has_a_line_of_its_own(self):
        row = self._push(FEE, {**FEE, "product_service": "Notary Services"}, FEE)
        self.assertEqual(
            self._get_lines(row),
            [("200.00", "Legal Fees", "NON"), ("100.00", "Notary Services", "NON")],
        )

    def test_bill_over_two_matters_is_one_line_and_names_both(self):
        lines = [{**FEE, "matter_id": matter_id} for matter_id in (2001, 2002)]
        row = self._push(*lines)
        self.assertEqual(self._get_lines(row), [("200.00", "Legal Fees", "NON")])
        self.assertIn("2002 Lease: Unit 4 & 5", row["PrivateNote"])

    def test_bill_of_more_lines_than_quickbooks_takes(self):
        row = self._push(*[FEE] * 760)
        self.assertEqual(self._get_lines(row), [("76000.00", "Legal Fees", "NON")])

    def test_all_bills_of_the_firm_agree(self):
        self._run(self.connection)
        self.assertEqual(len(self.connection.invoice_ids), len(self.firm.bills))
        for invoice in self.connection.invoice_ids:
            with self.subTest(invoice.number):
                self._assert_same(invoice, self._get_row(invoice.external_id))

    def test_credit_note(self):
        bill_id = self._add_bill(CENT, CENT, CENT, FEE)
        credit_id = self._credit(bill_id, (bill_id, "132.79"))

        self._run(self.connection)

        [row] = self._get_ours("CreditMemo", f"credit note {credit_id}")
        self._assert_same(self.connection.credit_note_ids, row)
        self.assertEqual(
            self._get_lines(row),
            [("30.30", "Legal Fees", "TAX"), ("100.00", "Legal Fees", "NON")],
        )
        self.assertEqual(self._amount(self._get_row(bill_id)["Balance"]), 0)


@tagged("post_install", "-at_install")
class TestSummaryInTheUnitedKingdom(SummaryCase):
    country = "GB"

    def test_rates_stay_apart(self):
        line = {"amount_exclusive": "33.33", "tax_code": "S 20"}
        reduced, zero = {**line, "tax_code": "R 5"}, {**line, "tax_code": "Z 0"}
        bill_id = self._add_bill(*[line] * 3, *[reduced] * 3, zero)

        self._run(self.connection)

        row = self._get_row(bill_id)
        invoice = self._get_invoice(self.connection, bill_id)
        self._assert_same(invoice, row)
        amounts = [amount for amount, _item, _code in self._get_lines(row)]
        self.assertEqual(amounts, ["99.99", "99.99", "33.33"])


@tagged("post_install", "-at_install")
class TestSettingChanged(SummaryCase):
    detail = "lines"

    def setUp(self):
        super().setUp()
        self.bill_id = self._add_bill(FEE, FEE)
        self._run(self.connection)
        self.sent = len(self._get_sent())
        self.connection.line_detail = "summary"

    def test_what_stands_is_not_sent_again(self):
        self._edit_bill(self.bill_id, total_paid="10.00")
        self._run(self.connection)
        self.assertEqual(len(self._get_sent()), self.sent)
        self.assertEqual(len(self._get_lines(self._get_row(self.bill_id))), 2)

    def test_export_that_brings_the_same_again_sends_nothing(self):
        self.sandbox.admin("actionstep", "POST", "reporting/refresh")
        self._run(self.connection)
        self.assertEqual(len(self._get_sent()), self.sent)

    def test_new_and_changed_bills_follow(self):
        new = self._add_bill(FEE, FEE, FEE)
        self._replace_lines(self.bill_id, FEE, {**FEE, "amount_exclusive": "50.00"})

        self._run(self.connection)

        for bill_id, amount in ((new, "300.00"), (self.bill_id, "150.00")):
            row = self._get_row(bill_id)
            self._assert_same(self._get_invoice(self.connection, bill_id), row)
            self.assertEqual(self._get_lines(row), [(amount, "Legal Fees", "NON")])
        self.assertEqual(len(self._get_sent()), self.sent + 2)

    def test_back_to_single_lines(self):
        new = self._add_bill(FEE, FEE)
        self._run(self.connection)
        self.connection.line_detail = "lines"
        self._replace_lines(new, FEE, FEE, FEE)

        self._run(self.connection)

        self.assertEqual(len(self._get_lines(self._get_row(new))), 3)
