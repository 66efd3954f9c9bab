from dataclasses import replace
from datetime import date
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.tests import BaseCase

from odoo.addons.actionstep_quickbooks.documents import InvoiceLine
from odoo.addons.actionstep_quickbooks.exceptions import DataError
from odoo.addons.actionstep_quickbooks.mappers.invoice import (
    check_invoice,
    compare_answer,
    map_invoice,
)
from odoo.addons.actionstep_quickbooks.mappers.money import cents
from odoo.addons.actionstep_quickbooks.mappers.sales import summarize_lines
from odoo.addons.actionstep_quickbooks.mappers.tax import map_tax
from odoo.addons.actionstep_quickbooks.tests.test_mappers_tax import (
    CODES,
    bills,
    by_rate,
    make_company,
    make_invoice,
)

PROPERTY = settings(derandomize=True, deadline=None, database=None, max_examples=300)
items = st.sampled_from(["11", "12", "13"])


def make_line(number, amount, tax, code, item="11", **values):
    return InvoiceLine(
        line_no=number,
        description=f"Line {number}",
        amount=Decimal(amount),
        tax_amount=Decimal(tax),
        item_id=item,
        tax_code=CODES[code],
        **values,
    )


def figures(lines):
    """Return (item, tax code, net, tax) of each line as text."""
    return [
        (
            line.item_id,
            line.tax_code.tax_code_id,
            str(line.amount),
            str(line.tax_amount),
        )
        for line in lines
    ]


class TestSummarizeLines(BaseCase):
    def test_one_line_per_product_and_tax_code(self):
        # 100.00 + 50.50 + 0.33 = 150.83; 7.25 + 3.66 + 0.02 = 10.93
        lines = [
            make_line(1, "100.00", "7.25", "us7", kind="fee", account="4-1100 Fees"),
            make_line(2, "35.50", "0", "NON", "12", kind="expense"),
            make_line(3, "50.50", "3.66", "us7", kind="fee", account="4-1200 Advice"),
            make_line(4, "20.00", "0", "NON", kind="fee"),
            make_line(5, "0.33", "0.02", "us7", kind="fee", account="4-1100 Fees"),
            make_line(6, "-5.25", "0", "NON", "12", kind="expense", account="6-1"),
        ]
        found = summarize_lines(lines[::-1])
        self.assertEqual(
            figures(found),
            [
                ("11", "us7", "150.83", "10.93"),
                ("12", "NON", "30.25", "0.00"),
                ("11", "NON", "20.00", "0"),
            ],
        )
        self.assertEqual([line.line_no for line in found], [1, 2, 4])
        self.assertEqual(
            [line.description for line in found],
            [
                "Fees: 3 lines (4-1100 Fees, 4-1200 Advice)",
                "Expenses: 2 lines (6-1)",
                "Line 4",
            ],
        )

    def test_a_line_that_is_alone_stays_as_it_is(self):
        line = make_line(
            1,
            "1025.00",
            "74.31",
            "us7",
            quantity=Decimal("2.5"),
            unit_price=Decimal("410"),
            service_date=date(2026, 1, 15),
            kind="fee",
        )
        self.assertEqual(summarize_lines([line]), (line,))
        self.assertEqual(summarize_lines([]), ())

    def test_what_belongs_to_one_line_only_is_not_kept(self):
        line = make_line(
            1,
            "820.00",
            "59.45",
            "us7",
            quantity=Decimal("2"),
            unit_price=Decimal("410"),
            service_date=date(2026, 1, 15),
        )
        (merged,) = summarize_lines([line, replace(line, line_no=2)])
        self.assertEqual(
            (merged.quantity, merged.unit_price, merged.service_date), (None,) * 3
        )

    def test_descriptions(self):
        for kinds, accounts, description in (
            (("fee", "fee"), ("", ""), "Fees: 2 lines"),
            (("expense", "fee"), ("", ""), "Fees and expenses: 2 lines"),
            (("fee", "expense"), ("A", "B"), "Fees and expenses: 2 lines (A, B)"),
            (("", ""), ("", "B"), "2 lines (B)"),
            (("", ""), ("", ""), "2 lines"),
        ):
            with self.subTest(kinds=kinds, accounts=accounts):
                lines = [
                    make_line(number, "1", "0", "NON", kind=kind, account=account)
                    for number, (kind, account) in enumerate(
                        zip(kinds, accounts, strict=True)
                    )
                ]
                (merged,) = summarize_lines(lines)
                self.assertEqual(merged.description, description)

    def test_amounts_are_added_up_as_each_would_be_sent(self):
        # 10.005 is sent as 10.01: twice 20.02, not 20.01
        lines = [make_line(number, "10.005", "0", "NON") for number in (1, 2)]
        (merged,) = summarize_lines(lines)
        self.assertEqual(str(merged.amount), "20.02")

    def test_rounding_of_many_lines_is_not_taken_for_a_wrong_tax(self):
        # 10.04 x 10 % = 1.004 -> 1.00 each; 401.60 x 10 % = 40.16
        lines = [make_line(number, "10.04", "1.00", "GST") for number in range(40)]
        bill = make_invoice(lines, "40.00", "AU")
        company = make_company("AU")
        short = replace(bill, lines=summarize_lines(lines))
        self.assertEqual(len(short.lines), 1)
        self.assertEqual(check_invoice(short, company), [])
        detail = map_tax(short, company)["TxnTaxDetail"]
        self.assertEqual(detail, map_tax(bill, company)["TxnTaxDetail"])
        self.assertEqual(detail["TotalTax"], Decimal("40.00"))
        # A wrong tax is still a wrong one: 41 cents on 40 lines.
        wrong = replace(lines[0], tax_amount=Decimal("1.57"))
        short = make_invoice(summarize_lines([*lines[1:], wrong]), "40.57", "AU")
        with self.assertRaises(DataError) as caught:
            map_tax(short, company)
        self.assertEqual(caught.exception.cause, "tax_mismatch")

    def test_lines_that_cancel_out_keep_their_rounding(self):
        # 10.05 x 10 % = 1.005 -> 1.01, taken back as 1.00
        lines = [
            make_line(1, "10.05", "1.01", "GST"),
            make_line(2, "-10.05", "-1.00", "GST"),
        ]
        company = make_company("AU")
        bill = make_invoice(lines, "0.01", "AU")
        short = replace(bill, lines=summarize_lines(lines))
        self.assertEqual(figures(short.lines), [("11", "GST", "0.00", "0.01")])
        self.assertEqual(map_tax(short, company), map_tax(bill, company))

    def test_a_bill_of_too_many_lines_fits_when_it_is_summarized(self):
        lines = [make_line(number, "1.10", "0.11", "GST") for number in range(800)]
        company = make_company("AU")
        bill = make_invoice(lines, "88.00", "AU")
        causes = [one.cause for one in check_invoice(bill, company)]
        self.assertEqual(causes, ["lines_too_many"])
        payload = map_invoice(replace(bill, lines=summarize_lines(lines)), company)
        self.assertEqual([line["Amount"] for line in payload["Line"]], [Decimal(880)])


class TestSummaryProperties(BaseCase):
    def assertSameBill(self, bill, short, country):
        """Assert that QuickBooks gets the same totals and taxes of both."""
        company = make_company(country)
        self.assertEqual(
            [one.cause for one in check_invoice(bill, company)],
            [one.cause for one in check_invoice(short, company)],
        )
        self.assertEqual(outcome(bill, company), outcome(short, company))

    @PROPERTY
    @given(bills(), st.data())
    def test_totals_never_change(self, bill, data):
        lines = tuple(
            replace(line, line_no=number, item_id=data.draw(items))
            for number, line in enumerate(bill.lines)
        )
        bill = replace(bill, lines=lines)
        merged = summarize_lines(lines)
        for key in ("amount", "tax_amount"):
            self.assertEqual(
                sum(cents(getattr(line, key)) for line in merged),
                sum(cents(getattr(line, key)) for line in lines),
            )
        pairs = {(line.item_id, line.tax_code.tax_code_id) for line in lines}
        self.assertEqual(len(merged), len(pairs))
        short = replace(bill, lines=merged)
        for country in ("AU", "US"):
            self.assertSameBill(
                replace(bill, currency=make_company(country).home_currency),
                replace(short, currency=make_company(country).home_currency),
                country,
            )

    @PROPERTY
    @given(bills(), st.randoms(use_true_random=False))
    def test_once_is_enough_and_the_order_does_not_matter(self, bill, random):
        lines = [replace(line, line_no=n) for n, line in enumerate(bill.lines)]
        merged = summarize_lines(lines)
        self.assertEqual(summarize_lines(merged), merged)
        random.shuffle(lines)
        self.assertEqual(summarize_lines(lines), merged)


def outcome(bill, company):
    """Return the tax that is sent rate by rate, or why none is."""
    try:
        header = map_tax(bill, company)
    except DataError as error:
        return (error.cause, error.values)
    detail = header.get("TxnTaxDetail", {})
    rates = by_rate(header) if "TaxLine" in detail else []
    return (detail.get("TotalTax"), detail.get("TxnTaxCodeRef"), rates)


class TestForeignCurrency(BaseCase):
    def setUp(self):
        super().setUp()
        line = make_line(1, "120.00", "24.00", "S")
        self.bill = replace(make_invoice([line], "24.00", "GB"), currency="EUR")
        self.company = replace(make_company("GB"), is_multicurrency=True)

    def test_the_rate_is_home_currency_for_one_unit(self):
        for rate, sent in (
            ("0.8431", "0.8431"),
            ("0.843100", "0.8431"),
            ("1", "1"),
            ("150", "150"),
            ("0.000042", "0.000042"),
        ):
            with self.subTest(rate=rate):
                bill = replace(self.bill, exchange_rate=Decimal(rate))
                payload = map_invoice(bill, self.company)
                self.assertEqual(payload["CurrencyRef"], {"value": "EUR"})
                self.assertEqual(f"{payload['ExchangeRate']:f}", sent)
                # Amounts stay in the bill's currency.
                self.assertEqual(payload["Line"][0]["Amount"], Decimal("120.00"))

    def test_the_home_currency_has_no_rate(self):
        bill = replace(self.bill, currency="GBP", exchange_rate=Decimal(1))
        self.assertNotIn("ExchangeRate", map_invoice(bill, self.company))

    def test_an_answer_in_another_currency_is_a_difference(self):
        answer = {
            "TotalAmt": 144,
            "TxnTaxDetail": {"TotalTax": 24},
            "CurrencyRef": {"value": "GBP"},
        }
        found = {one.what: one for one in compare_answer(self.bill, answer)}
        self.assertEqual(found["total"].ours, "144.00 EUR")
        self.assertEqual(found["total"].theirs, "144.00 GBP")
        self.assertEqual(found["tax"].theirs, "24.00 GBP")
        answer["CurrencyRef"] = {"value": "EUR"}
        whats = {one.what for one in compare_answer(self.bill, answer)}
        self.assertFalse(whats & {"total", "tax"})
