"""Foreign currencies: bills, payments and credit notes at Odoo's rate of their day."""

from decimal import Decimal

from odoo.tests import tagged

from .common import ActionstepCase

# What one Euro is worth in the books: Odoo keeps the reverse.
EURO = "1.25"
CLIENT, OTHER = 501, 502
TAXED = {"amount_exclusive": "33.33", "tax_code": "TAX 8.25"}
FREE = {"amount_exclusive": "100.00", "tax_code": "NT"}


class CurrencyCase(ActionstepCase):
    rates = {"EUR": "1.10", "GBP": None}  # QuickBooks' own: ours must count

    def setUp(self):
        super().setUp()
        if self.rates:
            body = {"rates": self.rates}
            self.sandbox.admin("quickbooks", "POST", "currencies", body)
        self.connection = self._make_active()

    def _set_rate(self, code, worth, day="2026-01-01"):
        """Let Odoo know what one unit is worth in its company's currency."""
        currencies = self.env["res.currency"].with_context(active_test=False)
        currency = currencies.search([("name", "=", code)])
        currency.rate_ids.filtered(lambda rate: str(rate.name) == day).unlink()
        self.env["res.currency.rate"].create(
            {
                "currency_id": currency.id,
                "company_id": self.connection.company_id.id,
                "name": day,
                "inverse_company_rate": float(worth),
            }
        )

    def _bill_in(self, currency, *lines, **values):
        return self._add_bill(*lines or (FREE,), currency=currency, **values)

    def _get_row(self, bill_id):
        [row] = self._get_quickbooks_invoices(bill_id)
        return row

    def _get_only(self, entity, marker):
        [row] = self._get_ours(entity, marker)
        return row

    def _assert_in(self, row, currency, rate):
        """Assert the currency of an object in QuickBooks, and its rate."""
        self.assertEqual(row["CurrencyRef"]["value"], currency)
        self.assertEqual(Decimal(str(row["ExchangeRate"])), Decimal(rate))

    def _assert_invoice(self, bill_id, state, cause=False, sentence=""):
        invoice = self._get_invoice(self.connection, bill_id)
        self.assertEqual(
            (invoice.state, invoice.failure_cause),
            (state, cause),
            invoice.failure_message,
        )
        self.assertIn(sentence, invoice.failure_message or "")
        return invoice


@tagged("post_install", "-at_install")
class TestOff(CurrencyCase):
    """The company in QuickBooks keeps one currency."""

    rates = None

    def test_foreign_bill_needs_a_person_and_stops_no_other(self):
        self._set_rate("EUR", EURO)
        bill_id, other = self._bill_in("EUR"), self._add_bill()

        self._run(self.connection)

        sentence = "in EUR, but the QuickBooks company keeps its books in USD"
        self._assert_invoice(bill_id, "attention", "currency_foreign", sentence)
        self.assertEqual(self._get_quickbooks_invoices(bill_id), [])
        self._assert_invoice(other, "pushed")

    def test_foreign_bill_goes_once_multicurrency_is_on(self):
        self._set_rate("EUR", EURO)
        bill_id = self._bill_in("EUR", client_id=509)
        self._run(self.connection)
        body = {"rates": {"EUR": "1.10"}}
        self.sandbox.admin("quickbooks", "POST", "currencies", body)
        self.connection.action_refresh_lists()

        self._run(self.connection)

        self._assert_invoice(bill_id, "pushed")
        self._assert_in(self._get_row(bill_id), "EUR", EURO)

    def test_customers_and_bills_name_no_rate(self):
        self._run(self.connection)
        self.assertTrue(self._get_sent())
        for sent in self._get_sent():
            self.assertNotIn("ExchangeRate", sent)

    def test_books_that_turn_multicurrency_on_send_nothing_again(self):
        self._run(self.connection)
        sent = len(self._get_sent())
        self.sandbox.admin("quickbooks", "POST", "currencies", {"rates": {}})
        self.connection.action_refresh_lists()
        self._edit_bill(1001, due_date="2027-01-31")
        self._edit_bill(1002, total_paid="10.00")

        self._run(self.connection)

        self._assert_invoice(1001, "pushed")
        self.assertEqual(len(self._get_sent()), sent + 1)
        self.assertEqual(self._get_row(1001)["DueDate"], "2027-01-31")


@tagged("post_install", "-at_install")
class TestRates(CurrencyCase):
    def test_bill_without_a_rate_goes_when_there_is_one(self):
        bill_id = self._bill_in("EUR", TAXED, FREE, client_id=509)
        self._run(self.connection)
        sentence = "in EUR, the books are in USD, and Odoo has no rate"
        self._assert_invoice(bill_id, "attention", "exchange_rate_missing", sentence)
        self.assertEqual(self._get_quickbooks_invoices(bill_id), [])

        self._set_rate("EUR", EURO)
        self._run(self.connection)

        self._assert_invoice(bill_id, "pushed")
        row = self._get_row(bill_id)
        self._assert_in(row, "EUR", EURO)
        self.assertEqual(self._amount(row["TotalAmt"]), Decimal("136.08"))
        tax = self._amount(row["TxnTaxDetail"]["TotalTax"])
        self.assertEqual(tax, Decimal("2.75"))

    def test_rate_of_the_day_counts(self):
        self._set_rate("EUR", "1.20", "2026-09-30")
        self._set_rate("EUR", "1.30", "2026-11-15")
        bills = {
            day: self._bill_in("EUR", client_id=509, bill_date=day)
            for day in ("2026-09-29", "2026-11-14", "2026-11-15")
        }

        self._run(self.connection)

        self._assert_invoice(bills["2026-09-29"], "attention", "exchange_rate_missing")
        self._assert_in(self._get_row(bills["2026-11-14"]), "EUR", "1.2")
        self._assert_in(self._get_row(bills["2026-11-15"]), "EUR", "1.3")

    def test_rate_of_another_firm_does_not_count(self):
        self._set_rate("EUR", EURO)
        rate = self.env["res.currency.rate"].search([("currency_id.name", "=", "EUR")])
        rate.company_id = self.env["res.company"].create({"name": "Another Firm"})
        bill_id = self._bill_in("EUR", client_id=509)
        self._run(self.connection)
        self._assert_invoice(bill_id, "attention", "exchange_rate_missing")

    def test_unchanged_bill_is_not_sent_again_when_a_rate_comes_later(self):
        self._set_rate("EUR", EURO)
        bill_id = self._bill_in("EUR", client_id=509)
        self._run(self.connection)
        sent = len(self._get_sent())
        self._set_rate("EUR", "1.40", "2026-11-22")

        self._run(self.connection)

        self.assertEqual(len(self._get_sent()), sent)
        self._assert_in(self._get_row(bill_id), "EUR", EURO)

    def test_corrected_rate_goes_with_the_next_change(self):
        self._set_rate("EUR", EURO)
        bill_id = self._bill_in("EUR", client_id=509)
        self._run(self.connection)
        self._set_rate("EUR", "1.26")
        self._edit_bill(bill_id, due_date="2027-01-31")

        self._run(self.connection)

        self._assert_invoice(bill_id, "pushed")
        self._assert_in(self._get_row(bill_id), "EUR", "1.26")

    def test_bill_in_the_books_own_currency_has_no_rate(self):
        self._run(self.connection)
        self._assert_invoice(1001, "pushed")
        for sent in self._get_sent():
            self.assertNotIn("ExchangeRate", sent)

    def test_currency_that_quickbooks_does_not_list_is_refused_with_a_reason(self):
        self._set_rate("CHF", EURO)
        bill_id = self._bill_in("CHF", client_id=509)
        self._run(self.connection)
        sentence = "The currency CHF is not in the company's list"
        self._assert_invoice(bill_id, "attention", "refused", sentence)

    def test_code_that_odoo_does_not_know(self):
        bill_id = self._bill_in("XQQ", client_id=509)
        self._run(self.connection)
        self._assert_invoice(bill_id, "attention", "currency_unknown", "XQQ")

        self.env["res.currency"].create({"name": "XQQ", "symbol": "Q"})
        self._run(self.connection)
        self._assert_invoice(bill_id, "attention", "exchange_rate_missing", "XQQ")


@tagged("post_install", "-at_install")
class TestSettled(CurrencyCase):
    def setUp(self):
        super().setUp()
        self._set_rate("EUR", EURO, "2026-09-15")
        self._set_rate("EUR", "1.30", "2026-11-01")
        values = {"client_id": 509, "bill_date": "2026-10-01"}
        self.bill_id = self._bill_in("EUR", TAXED, FREE, **values)
        self._run(self.connection)

    def _get_balance(self):
        return self._amount(self._get_row(self.bill_id)["Balance"])

    def test_payment_has_the_rate_of_its_own_day(self):
        receipt_id = self._receive(
            (self.bill_id, "136.08"), client_id=509, received_on="2026-11-02"
        )

        self._run(self.connection)

        row = self._get_only("Payment", f"receipt {receipt_id}")
        self._assert_in(row, "EUR", "1.3")
        self.assertEqual(self._get_balance(), 0)

    def test_credit_note_and_its_application(self):
        credit_id = self._credit(
            self.bill_id, (self.bill_id, "136.08"), credit_date="2026-11-02"
        )

        self._run(self.connection)

        row = self._get_only("CreditMemo", f"credit note {credit_id}")
        self._assert_in(row, "EUR", "1.3")
        self.assertEqual(self._amount(row["TotalAmt"]), Decimal("136.08"))
        use = self._get_only("Payment", f"credit {credit_id} to")
        self.assertEqual(use["CurrencyRef"]["value"], "EUR")
        self.assertEqual(self._get_balance(), 0)

    def test_payment_without_a_rate_goes_when_there_is_one(self):
        receipt_id = self._receive(
            (self.bill_id, "40.00"), client_id=509, received_on="2026-09-14"
        )
        self._run(self.connection)
        payment = self.connection.payment_ids
        self.assertEqual(payment.failure_cause, "exchange_rate_missing")

        self._set_rate("EUR", "1.05", "2026-09-01")
        self._run(self.connection)

        self.assertEqual(payment.state, "pushed", payment.failure_message)
        row = self._get_only("Payment", f"receipt {receipt_id}")
        self._assert_in(row, "EUR", "1.05")

    def test_second_pass_sends_nothing(self):
        self._receive((self.bill_id, "40.00"), client_id=509)
        self._credit(self.bill_id, (self.bill_id, "96.08"))
        self._run(self.connection)
        run = self._run(self.connection)
        self.assertEqual(run.queued_count, 0)

    def test_money_in_another_currency_than_the_bill_needs_a_person(self):
        receipt_id = self._receive(
            (self.bill_id, "40.00"), client_id=509, currency="USD"
        )
        self._run(self.connection)
        payment = self.connection.payment_ids
        self.assertEqual(payment.failure_cause, "customer_currency")
        self.assertEqual(self._get_ours("Payment", f"receipt {receipt_id}"), [])


@tagged("post_install", "-at_install")
class TestCustomers(CurrencyCase):
    """A customer of QuickBooks has one currency for life."""

    def setUp(self):
        super().setUp()
        self._set_rate("EUR", EURO)

    def _get_currency(self, bill_id):
        return self._get_billed(bill_id)["CurrencyRef"]["value"]

    def test_new_customer_has_the_currency_of_its_bill(self):
        bill_id = self._bill_in("EUR", client_id=509)
        self._run(self.connection)
        self.assertEqual(self._get_currency(bill_id), "EUR")
        self.assertEqual(self._get_currency(1001), "USD")

    def test_second_currency_of_a_client_needs_a_person(self):
        self._run(self.connection)
        bill_id = self._bill_in("EUR", client_id=CLIENT)

        self._run(self.connection)

        sentence = "keeps the customer Bond, James in USD, for life"
        self._assert_invoice(bill_id, "attention", "customer_currency", sentence)
        self.assertEqual(self._get_quickbooks_invoices(bill_id), [])

    def test_two_currencies_in_one_pass_let_the_first_go(self):
        euro = self._bill_in("EUR", client_id=509)
        dollar = self._bill_in("USD", client_id=509)

        self._run(self.connection)
        self._run(self.connection)

        self._assert_invoice(euro, "pushed")
        self._assert_invoice(dollar, "attention", "customer_currency")

    def test_bill_that_is_left_out_does_not_choose_the_currency(self):
        self.connection.start_date = "2026-10-01"
        self._bill_in("USD", client_id=509, bill_date="2026-09-30")
        bill_id = self._bill_in("EUR", client_id=509)

        self._run(self.connection)

        self._assert_invoice(bill_id, "pushed")
        self.assertEqual(self._get_currency(bill_id), "EUR")

    def test_bill_that_cannot_go_does_not_choose_the_currency(self):
        self._bill_in("GBP", client_id=509)  # without a rate
        bill_id = self._bill_in("EUR", client_id=509)

        self._run(self.connection)

        self._assert_invoice(bill_id, "pushed")

    def test_money_on_account_chooses_the_currency_too(self):
        receipt_id = self._receive(amount="40.00", client_id=509, currency="EUR")

        self._run(self.connection)

        payment = self.connection.payment_ids
        self.assertEqual(payment.state, "pushed", payment.failure_message)
        row = self._get_only("Payment", f"receipt {receipt_id}")
        self._assert_in(row, "EUR", EURO)

    def test_matter_has_the_currency_of_its_client(self):
        self.connection.customer_level = "matter"
        bill_id = self._bill_in("EUR", client_id=509)

        self._run(self.connection)

        self._assert_invoice(bill_id, "pushed")
        self.assertEqual(self._get_currency(bill_id), "EUR")
        client = self._get_invoice(self.connection, bill_id).participant_id
        self.assertEqual(client.currency_code, "EUR")

    def test_matter_in_another_currency_than_its_client_needs_a_person(self):
        self._run(self.connection)
        self.connection.customer_level = "matter"
        bill_id = self._bill_in("EUR", client_id=CLIENT)

        self._run(self.connection)

        self._assert_invoice(bill_id, "attention", "customer_currency")
        self.assertEqual(self._get_quickbooks_invoices(bill_id), [])

    def test_linked_customer_keeps_its_currency(self):
        self._make_customer("Lee, Jordan", CurrencyRef={"value": "EUR"})
        euro = self._bill_in("EUR", client_id=510)

        self._run(self.connection)

        self._assert_invoice(euro, "pushed")
        self.assertEqual(self._get_billed(euro)["DisplayName"], "Lee, Jordan")

    def test_customer_of_the_name_in_another_currency_is_not_linked(self):
        theirs = self._make_customer("Lee, Jordan", CurrencyRef={"value": "GBP"})
        euro = self._bill_in("EUR", client_id=510)

        self._run(self.connection)

        self._assert_invoice(euro, "pushed")
        self.assertNotEqual(self._get_billed(euro)["Id"], theirs)


class ForeignBooksCase(CurrencyCase):
    """The books are in another currency than Odoo's company, which keeps dollars."""

    rates = {"EUR": "1.10", "USD": "0.80"}


@tagged("post_install", "-at_install")
class TestBritishBooks(ForeignBooksCase):
    country = "GB"

    def test_bill_in_the_books_currency_needs_no_rate(self):
        self._run(self.connection)
        self._assert_invoice(1001, "pushed")
        self.assertEqual(self._get_row(1001)["CurrencyRef"]["value"], "GBP")

    def test_bill_in_the_currency_of_odoo(self):
        bill_id = self._bill_in("USD", client_id=509)
        self._run(self.connection)
        self._assert_invoice(bill_id, "attention", "exchange_rate_missing")

        self._set_rate("GBP", "1.25")
        self._run(self.connection)

        self._assert_invoice(bill_id, "pushed")
        self._assert_in(self._get_row(bill_id), "USD", "0.8")

    def test_bill_in_a_third_currency_needs_both_rates(self):
        bill_id = self._bill_in("EUR", client_id=509)
        for code, worth in (("EUR", "1.10"), ("GBP", "1.25")):
            self._run(self.connection)
            self._assert_invoice(bill_id, "attention", "exchange_rate_missing")
            self._set_rate(code, worth)

        self._run(self.connection)

        self._assert_invoice(bill_id, "pushed")
        self._assert_in(self._get_row(bill_id), "EUR", "0.88")


@tagged("post_install", "-at_install")
class TestAustralianBooks(ForeignBooksCase):
    country = "AU"

    def test_foreign_bill_and_its_payment(self):
        self._set_rate("AUD", "0.64")
        line = {"amount_exclusive": "10.04", "tax_code": "S 10.0"}
        bill_id = self._bill_in("USD", line, line, line, client_id=509)
        receipt_id = self._receive((bill_id, "33.12"), client_id=509)

        self._run(self.connection)

        self._assert_invoice(bill_id, "pushed")
        row = self._get_row(bill_id)
        self._assert_in(row, "USD", "1.5625")
        self.assertEqual(self._amount(row["TotalAmt"]), Decimal("33.12"))
        self.assertEqual(self._amount(row["Balance"]), 0)
        payment = self._get_only("Payment", f"receipt {receipt_id}")
        self._assert_in(payment, "USD", "1.5625")
