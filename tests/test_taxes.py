"""Taxes end to end: what QuickBooks makes of a bill is what Actionstep billed."""

from decimal import Decimal

from odoo.tests import tagged

from odoo.addons.actionstep_quickbooks.dev.sandbox.firms.charts import COUNTRIES

from .common import ActionstepCase


class TaxCase(ActionstepCase):
    def setUp(self):
        super().setUp()
        self._before()
        self.connection = self._make_active()
        self.land = COUNTRIES[self.country]

    def _before(self):
        """Change the company in QuickBooks before it is connected."""

    def _line(self, role, amount, tax=None, **values):
        """Return a line of a tax role, its tax that of the rate unless given."""
        line = {"amount_exclusive": amount, "tax_code": self.land.roles[role]}
        return {**line, **({"tax_amount": tax} if tax else {}), **values}

    def _get_row(self, bill_id):
        [row] = self._get_quickbooks_invoices(bill_id)
        return row

    def _get_credit_row(self, note):
        [row] = self._get_ours("CreditMemo", f"credit note {note.external_id}")
        return row

    def _assert_same(self, document, row):
        """Assert that both sides agree on total and tax, and that nothing is wrong."""
        self.assertEqual(document.state, "pushed", document.failure_message)
        ours = self._amount(document.amount_total), self._amount(document.amount_tax)
        tax = (row.get("TxnTaxDetail") or {}).get("TotalTax", 0)
        self.assertEqual((self._amount(row["TotalAmt"]), self._amount(tax)), ours)

    def _assert_bill(self, bill_id, state, cause=False, sentence=""):
        invoice = self._get_invoice(self.connection, bill_id)
        self.assertEqual(
            (invoice.state, invoice.failure_cause),
            (state, cause),
            invoice.failure_message,
        )
        self.assertIn(sentence, invoice.failure_message or "")
        return invoice

    def _assert_all_agree(self, cases, without_credit=()):
        """Push a bill of each case and a credit note of all of it; compare all.

        :param cases: ``{name: lines}``
        """
        bills = {name: self._add_bill(*lines) for name, lines in cases.items()}
        for name, bill_id in bills.items():
            if name not in without_credit:
                self._credit(bill_id)

        self._run(self.connection)

        invoices = {name: self._get_row(one) for name, one in bills.items()}
        notes = {one.bill_external_id: one for one in self.connection.credit_note_ids}
        for name, bill_id in bills.items():
            with self.subTest(name):
                invoice = self._get_invoice(self.connection, bill_id)
                self._assert_same(invoice, invoices[name])
                if note := notes.get(str(bill_id)):
                    self._assert_same(note, self._get_credit_row(note))
        return invoices

    def _assert_firm_agrees(self):
        self._run(self.connection)
        self.assertEqual(len(self.connection.invoice_ids), len(self.firm.bills))
        for invoice in self.connection.invoice_ids:
            with self.subTest(invoice.number):
                self._assert_same(invoice, self._get_row(invoice.external_id))

    def _get_hard_cases(self):
        """Return lines by name that every country bills, and where cents are hard."""
        cent = str(self.land.cent_amount)
        standard = self.land.rates[self.land.roles["standard"]]
        gross = self._line_with_tax("100.00", standard)
        return {
            "three lines, each rounded": [self._line("standard", cent)] * 3,
            "seven small lines": [self._line("standard", "0.07")] * 7,
            "one cent": [self._line("standard", "0.01")],
            "untaxed": [self._line("none", "1850.00")],
            "taxed and untaxed": [
                self._line("standard", "33.33"),
                self._line("none", "435.00"),
                self._line("zero", "0.99"),
            ],
            "a discount": [
                self._line("standard", "199.99"),
                self._line("standard", "-20.01", account_number="4-1800"),
            ],
            "prices that include tax": [gross] * 3,
            "tax of the whole bill on one line": [
                self._line("standard", cent, tax="0.00"),
                self._line("standard", cent, tax=self._tax_on(Decimal(cent) * 2)),
            ],
            "many lines": [
                self._line("standard", f"{n}.{n * 7 % 100:02}") for n in range(1, 41)
            ],
        }

    def _tax_on(self, net):
        rate = self.land.rates[self.land.roles["standard"]]
        return str((net * rate / 100).quantize(Decimal("0.01")))

    def _line_with_tax(self, price, rate):
        """Return a line whose unit price includes its tax."""
        gross = Decimal(price)
        net = (gross * 100 / (100 + rate)).quantize(Decimal("0.01"))
        values = {"quantity": "1", "unit_price": price}
        return self._line("standard", str(net), tax=str(gross - net), **values)


@tagged("post_install", "-at_install")
class TestUnitedStates(TaxCase):
    def test_bills_of_the_firm_agree(self):
        self._assert_firm_agrees()

    def test_hard_cents_agree(self):
        rows = self._assert_all_agree(self._get_hard_cases())
        detail = rows["three lines, each rounded"]["TxnTaxDetail"]
        self.assertEqual(self._amount(detail["TotalTax"]), Decimal("2.49"))
        self.assertIn("TxnTaxCodeRef", detail)

    def test_two_sales_taxes_need_a_person(self):
        self._map_city_tax()
        both = self._add_bill(
            self._line("standard", "100.00"), self._line("unmapped", "100.00")
        )
        other = self._add_bill(self._line("standard", "100.00"))

        self._run(self.connection)

        sentence = "this one uses Bayshore 9.5%, California 8.25%"
        self._assert_bill(both, "attention", "tax_mixed", sentence)
        self._assert_bill(other, "pushed")

    def _map_city_tax(self):
        """Map the code that the firm's map leaves out to a second sales tax."""
        mine = {"connection_id": self.connection.id}
        name = self.land.roles["unmapped"]
        source = self.connection.tax_code_ids.filtered(lambda one: one.name == name)
        target = self.env["quickbooks.tax.code"].create(
            {
                **mine,
                "external_id": "95",
                "name": "Bayshore 9.5%",
                "percentage": 9.5,
                "rates": [["95", "9.5"]],
            }
        )
        values = {"tax_code_id": source.id, "quickbooks_tax_code_id": target.id}
        self.env["actionstep.tax.mapping"].create({**mine, **values})


@tagged("post_install", "-at_install")
class TestUnitedKingdom(TaxCase):
    country = "GB"

    def test_bills_of_the_firm_agree(self):
        self._assert_firm_agrees()

    def test_hard_cents_agree(self):
        mixed = [self._line(role, "33.33") for role in ("standard", "reduced", "zero")]
        exempt = [{"amount_exclusive": "10.00", "tax_code": "EX"}]
        rows = self._assert_all_agree(
            {
                **self._get_hard_cases(),
                "all rates three times": mixed * 3,
                "exempt": exempt,
                "all that bears no tax": [
                    *exempt,
                    mixed[2],
                    self._line("none", "9.99"),
                ],
            }
        )
        row = rows["all rates three times"]
        self.assertEqual(row["GlobalTaxCalculation"], "TaxExcluded")
        # 3 x 6.67 and 3 x 1.67, where QuickBooks alone makes 20.00 and 5.00 of it.
        self.assertEqual(
            sorted(
                self._amount(line["Amount"]) for line in row["TxnTaxDetail"]["TaxLine"]
            ),
            [Decimal("0.00"), Decimal("5.01"), Decimal("20.01")],
        )

    def test_codes_without_tax_are_told_apart(self):
        bill_id = self._add_bill(
            {"amount_exclusive": "1.00", "tax_code": "Z 0"},
            {"amount_exclusive": "2.00", "tax_code": "EX"},
            {"amount_exclusive": "3.00", "tax_code": "NT"},
        )

        self._run(self.connection)

        codes = {
            code.external_id: code.name
            for code in self.connection.quickbooks_tax_code_ids
        }
        lines = self._get_row(bill_id)["Line"][:3]
        self.assertEqual(
            [codes[row["SalesItemLineDetail"]["TaxCodeRef"]["value"]] for row in lines],
            ["0.0% Z", "Exempt", "No VAT"],
        )

    def test_tax_on_a_code_without_tax_needs_a_person(self):
        bill_id = self._add_bill(
            self._line("zero", "100.00", tax="20.00"),
            self._line("standard", "100.00", tax="0.00"),
        )
        self._run(self.connection)
        self._assert_bill(bill_id, "attention", "tax_mismatch")
        self.assertEqual(self._get_quickbooks_invoices(bill_id), [])

    def test_code_mapped_to_another_rate_needs_a_person(self):
        lines = self.connection.tax_mapping_ids
        code = self.connection.quickbooks_tax_code_ids
        line = lines.filtered(lambda one: one.tax_code_id.name == "S 20")
        # Saved while the rates were equal: others are refused.
        line.tax_code_id.percentage = 5
        line.quickbooks_tax_code_id = code.filtered(lambda one: one.name == "5.0% R")
        line.tax_code_id.percentage = 20
        bill_id = self._add_bill(self._line("standard", "100.00"))

        self._run(self.connection)

        sentence = "has 20.00 GBP of tax, but the rate"
        self._assert_bill(bill_id, "attention", "tax_mismatch", sentence)


@tagged("post_install", "-at_install")
class TestAustralia(TaxCase):
    country = "AU"

    def test_bills_of_the_firm_agree(self):
        self._assert_firm_agrees()

    def test_hard_cents_agree(self):
        self._assert_all_agree(self._get_hard_cases())


@tagged("post_install", "-at_install")
class TestCanada(TaxCase):
    country = "CA"

    def test_bills_of_the_firm_agree(self):
        self._assert_firm_agrees()

    def test_hard_cents_agree(self):
        roles = ("standard", "reduced", "harmonized", "zero", "exempt", "none")
        mixed = [self._line(role, "10.03") for role in roles]
        rows = self._assert_all_agree(
            {
                **self._get_hard_cases(),
                "all codes": mixed,
                "all codes three times": mixed * 3,
                "a rate that two codes share": [
                    self._line("standard", "0.10"),
                    self._line("reduced", "0.10"),
                ],
            }
        )
        rates = rows["three lines, each rounded"]["TxnTaxDetail"]["TaxLine"]
        self.assertEqual(len(rates), 2)


class AutomatedCase(TaxCase):
    """Automated sales tax: the rate is that of the customer's address."""

    def _before(self):
        self._switch("quickbooks", automated_sales_tax=True)
        prefs = {"TaxPrefs": {"PartnerTaxEnabled": True}}
        self._edit_in_quickbooks("Preferences", "1", **prefs)


@tagged("post_install", "-at_install")
class TestAutomatedTax(AutomatedCase):
    """The sales tax map names the company's own code."""

    def test_bills_of_the_firm_agree(self):
        self.assertTrue(self.connection.quickbooks_automated_tax)
        self._assert_firm_agrees()

    def test_hard_cents_agree(self):
        self._assert_all_agree(self._get_hard_cases())


@tagged("post_install", "-at_install")
class TestAutomatedPseudoCode(AutomatedCase):
    """The sales tax map names TAX, which has no rate of its own."""

    def setUp(self):
        super().setUp()
        codes = self.connection.quickbooks_tax_code_ids
        taxed = self.connection.tax_mapping_ids.filtered("tax_code_id.percentage")
        taxed.quickbooks_tax_code_id = codes.filtered(lambda one: one.name == "TAX")

    def test_bills_of_the_firm_agree(self):
        self._assert_firm_agrees()

    def test_hard_cents_agree(self):
        self._assert_all_agree(self._get_hard_cases())

    def test_client_without_an_address_is_shown_until_a_person_decides(self):
        client_id = self._add_client("Nowhere Ltd")
        bill_id = self._add_bill(self._line("standard", "100.00"), client_id=client_id)

        self._run(self.connection)

        sentence = "QuickBooks has 100.00 USD where Actionstep has 108.25 USD"
        self._assert_bill(bill_id, "attention", "totals_differ", sentence)

    def test_client_without_an_address_where_quickbooks_takes_the_tax(self):
        self._switch("quickbooks", ast_total_without_address="honour")
        client_id = self._add_client("Nowhere Ltd")
        bill_id = self._add_bill(self._line("standard", "100.00"), client_id=client_id)

        self._run(self.connection)

        invoice = self._get_invoice(self.connection, bill_id)
        self._assert_same(invoice, self._get_row(bill_id))

    def test_matter_is_taxed_by_the_address_of_its_client(self):
        self.connection.customer_level = "matter"
        bill_id = self._add_bill(self._line("standard", "100.00"))

        self._run(self.connection)

        invoice = self._get_invoice(self.connection, bill_id)
        self._assert_same(invoice, self._get_row(bill_id))


class NoTaxCase(TaxCase):
    """The company in QuickBooks keeps no sales tax."""

    def _before(self):
        prefs = {"TaxPrefs": {"UsingSalesTax": False}}
        self._edit_in_quickbooks("Preferences", "1", **prefs)

    def _assert_goes_without_tax(self):
        free = self._add_bill(self._line("none", "100.00"), self._line("zero", "0.99"))
        taxed = self._add_bill(self._line("standard", "100.00"))
        credit_id = self._credit(free)

        self._run(self.connection)

        invoice = self._get_invoice(self.connection, free)
        self._assert_same(invoice, self._get_row(free))
        note = self.connection.credit_note_ids
        self.assertEqual(note.external_id, str(credit_id))
        self._assert_same(note, self._get_credit_row(note))
        sentence = "Check the sales tax map and the document."
        self._assert_bill(taxed, "attention", "tax_mismatch", sentence)


@tagged("post_install", "-at_install")
class TestWithoutTaxUnitedStates(NoTaxCase):
    def test_untaxed_bills_go_and_taxed_ones_need_a_person(self):
        self._assert_goes_without_tax()


@tagged("post_install", "-at_install")
class TestWithoutTaxUnitedKingdom(NoTaxCase):
    country = "GB"

    def test_untaxed_bills_go_and_taxed_ones_need_a_person(self):
        self._assert_goes_without_tax()


@tagged("post_install", "-at_install")
class TestTaxDiffers(TaxCase):
    """QuickBooks computes the tax its own way, without a word."""

    country = "GB"

    def setUp(self):
        super().setUp()
        self._switch("quickbooks", tax_override_tolerance="0.00")
        self.bill_id = self._add_bill(*[self._line("standard", "33.33")] * 3)

    def _leave(self, document):
        document.action_leave()
        self.assertEqual(document.state, "pushed", document.failure_message)

    def test_difference_is_shown_with_both_amounts(self):
        self._run(self.connection)

        sentence = "QuickBooks has 119.99 GBP where Actionstep has 120.00 GBP"
        invoice = self._assert_bill(
            self.bill_id, "attention", "totals_differ", sentence
        )
        self.assertIn("(total, tax)", invoice.failure_message)
        self.assertEqual(invoice.quickbooks_total, 119.99)
        self.assertEqual(invoice.quickbooks_tax, 20.00)

    def test_difference_is_told_once_and_not_sent_again(self):
        self._run(self.connection)
        invoice = self._get_invoice(self.connection, self.bill_id)
        told, sent = len(invoice.message_ids), len(self._get_sent())
        self._make_due(self.connection)

        self._run(self.connection)

        self.assertEqual(
            (len(invoice.message_ids), len(self._get_sent())), (told, sent)
        )

    def test_leave_settles_it_until_the_bill_changes(self):
        self._run(self.connection)
        invoice = self._get_invoice(self.connection, self.bill_id)
        self._leave(invoice)
        sent = len(self._get_sent())
        self._run(self.connection)
        self.assertEqual((invoice.state, len(self._get_sent())), ("pushed", sent))

        self._replace_lines(self.bill_id, self._line("standard", "50.00"))
        self._run(self.connection)

        self._assert_bill(self.bill_id, "pushed")
        self._assert_same(invoice, self._get_row(self.bill_id))

    def test_requeue_mends_it_once_quickbooks_takes_the_tax(self):
        self._run(self.connection)
        self._switch("quickbooks", tax_override_tolerance="0.05")
        self._get_invoice(self.connection, self.bill_id).action_requeue()

        self._run(self.connection)

        invoice = self._assert_bill(self.bill_id, "pushed")
        self._assert_same(invoice, self._get_row(self.bill_id))

    def test_credit_note_that_differs_is_shown_and_can_be_left(self):
        self._credit(self.bill_id)

        self._run(self.connection)

        note = self.connection.credit_note_ids
        self.assertEqual(note.failure_cause, "totals_differ")
        self.assertIn("119.99 GBP", note.failure_message)
        self._leave(note)
        run = self._run(self.connection)
        self.assertEqual(run.queued_count, 0)

    def test_payment_of_a_bill_that_differs_shows_what_is_left(self):
        receipt_id = self._receive((self.bill_id, "120.00"))

        self._run(self.connection)

        payment = self.connection.payment_ids
        self.assertNotEqual(payment.state, "pushed")
        self.assertTrue(payment.failure_message)
        rows = self._get_ours("Payment", f"receipt {receipt_id}")
        self.assertEqual(rows, [])
