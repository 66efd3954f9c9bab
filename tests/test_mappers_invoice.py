import json
from dataclasses import replace
from datetime import date
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.tests import BaseCase

from odoo.addons.actionstep_quickbooks import const
from odoo.addons.actionstep_quickbooks.documents import (
    Invoice,
    InvoiceLine,
    QuickbooksCompany,
    QuickbooksTaxCode,
    QuickbooksTaxRate,
)
from odoo.addons.actionstep_quickbooks.exceptions import CAUSES, DataError
from odoo.addons.actionstep_quickbooks.mappers.invoice import (
    Difference,
    answer_fingerprint,
    check_invoice,
    compare_answer,
    is_ours,
    map_invoice,
    source_fingerprint,
)

PROPERTY = settings(derandomize=True, deadline=None, database=None, max_examples=200)

TAXED = QuickbooksTaxCode(
    "7", "California", "", True, True, (QuickbooksTaxRate("70", Decimal("7.25")),)
)
UNTAXED = QuickbooksTaxCode("NON", "NON", "", False, True)
COMPANY = QuickbooksCompany(
    realm_id="1",
    name="Firm",
    country="US",
    home_currency="USD",
    is_multicurrency=False,
    uses_sales_tax=True,
    uses_automated_sales_tax=False,
    uses_custom_numbers=True,
)
FEE = InvoiceLine(
    line_no=1,
    description="Review of contract",
    amount=Decimal("1025.00"),
    tax_amount=Decimal("74.31"),
    item_id="11",
    tax_code=TAXED,
    quantity=Decimal("2.50"),
    unit_price=Decimal("410.00"),
    service_date=date(2025, 1, 15),
)
EXPENSE = InvoiceLine(
    line_no=2,
    description="Filing fee",
    amount=Decimal("35.50"),
    tax_amount=Decimal("0.00"),
    item_id="12",
    tax_code=UNTAXED,
)
INVOICE = Invoice(
    reference="actionstep-bill-833",
    number="INV-1001",
    customer_id="58",
    currency="USD",
    invoice_date=date(2025, 1, 31),
    due_date=date(2025, 2, 14),
    total_tax=Decimal("74.31"),
    total=Decimal("1134.81"),
    lines=(FEE, EXPENSE),
    matters=("1093 Lease of shop",),
)
# As QuickBooks answers it, with what it adds by itself.
ANSWER = {
    "Id": "266",
    "SyncToken": "0",
    "domain": "QBO",
    "sparse": False,
    "MetaData": {"CreateTime": "2025-01-31T05:58:07-07:00"},
    "DocNumber": "INV-1001",
    "TxnDate": "2025-01-31",
    "DueDate": "2025-02-14",
    "CurrencyRef": {"value": "USD", "name": "United States Dollar"},
    "CustomerRef": {"value": "58", "name": "Doe, Jane"},
    "PrivateNote": "actionstep-bill-833\nMatters: 1093 Lease of shop",
    "LinkedTxn": [],
    "Line": [
        {
            "Id": "1",
            "LineNum": 1,
            "Description": "Review of contract",
            "Amount": Decimal("1025.00"),
            "DetailType": "SalesItemLineDetail",
            "SalesItemLineDetail": {
                "ItemRef": {"value": "11", "name": "Fees"},
                "Qty": Decimal("2.5"),
                "UnitPrice": 410,
                "TaxCodeRef": {"value": "TAX"},
            },
        },
        {
            "Id": "2",
            "LineNum": 2,
            "Description": "Filing fee",
            "Amount": Decimal("35.50"),
            "DetailType": "SalesItemLineDetail",
            "SalesItemLineDetail": {
                "ItemRef": {"value": "12", "name": "Expenses"},
                "TaxCodeRef": {"value": "NON"},
            },
        },
        {
            "Amount": Decimal("1060.50"),
            "DetailType": "SubTotalLineDetail",
            "SubTotalLineDetail": {},
        },
    ],
    "TxnTaxDetail": {"TotalTax": Decimal("74.31")},
    "TotalAmt": Decimal("1134.81"),
    "Balance": Decimal("1134.81"),
}


def one_line_invoice(**values):
    """Return an untaxed invoice whose only line is the expense with these values."""
    line = replace(EXPENSE, **values)
    return replace(INVOICE, lines=(line,), total_tax=Decimal(0), total=line.amount)


def mapped_line(**values):
    return map_invoice(one_line_invoice(**values), COMPANY)["Line"][0]


def many_lines(count):
    lines = tuple(replace(EXPENSE, line_no=number) for number in range(count))
    total = EXPENSE.amount * count
    return replace(INVOICE, lines=lines, total_tax=Decimal(0), total=total)


def changed(answer, **values):
    return {**answer, **values}


def changed_line(answer, number, **values):
    lines = [dict(line) for line in answer["Line"]]
    lines[number].update(values)
    return {**answer, "Line": lines}


class TestMapInvoice(BaseCase):
    def test_a_new_invoice_holds_the_intended_keys_only(self):
        self.assertEqual(
            map_invoice(INVOICE, COMPANY),
            {
                "DocNumber": "INV-1001",
                "TxnDate": "2025-01-31",
                "DueDate": "2025-02-14",
                "CustomerRef": {"value": "58"},
                "CurrencyRef": {"value": "USD"},
                "Line": [
                    {
                        "Description": "Review of contract",
                        "Amount": Decimal("1025.00"),
                        "DetailType": "SalesItemLineDetail",
                        "SalesItemLineDetail": {
                            "ItemRef": {"value": "11"},
                            "Qty": Decimal("2.5"),
                            "UnitPrice": Decimal("410"),
                            "ServiceDate": "2025-01-15",
                            "TaxCodeRef": {"value": "TAX"},
                        },
                    },
                    {
                        "Description": "Filing fee",
                        "Amount": Decimal("35.50"),
                        "DetailType": "SalesItemLineDetail",
                        "SalesItemLineDetail": {
                            "ItemRef": {"value": "12"},
                            "TaxCodeRef": {"value": "NON"},
                        },
                    },
                ],
                "PrivateNote": "actionstep-bill-833\nMatters: 1093 Lease of shop",
                "TxnTaxDetail": {
                    "TotalTax": Decimal("74.31"),
                    "TxnTaxCodeRef": {"value": "7"},
                },
            },
        )

    def test_an_update_is_a_full_one_of_the_same_keys(self):
        bound = replace(INVOICE, quickbooks_id="266", sync_token="3")
        self.assertEqual(
            map_invoice(bound, COMPANY),
            {
                "Id": "266",
                "SyncToken": "3",
                "sparse": False,
                **map_invoice(INVOICE, COMPANY),
            },
        )

    def test_outside_the_us(self):
        vat = replace(
            TAXED, tax_code_id="5", rates=(QuickbooksTaxRate("9", Decimal(20)),)
        )
        line = replace(EXPENSE, tax_code=vat, tax_amount=Decimal("7.10"))
        bill = replace(
            INVOICE,
            currency="GBP",
            lines=(line,),
            total_tax=Decimal("7.10"),
            total=Decimal("42.60"),
        )
        company = replace(COMPANY, country="GB", home_currency="GBP")
        payload = map_invoice(bill, company)
        self.assertEqual(payload["GlobalTaxCalculation"], "TaxExcluded")
        self.assertNotIn("TxnTaxDetail", payload)
        detail = payload["Line"][0]["SalesItemLineDetail"]
        self.assertEqual(detail["TaxCodeRef"], {"value": "5"})
        outside = replace(company, uses_sales_tax=False)
        untaxed = replace(one_line_invoice(), currency="GBP")
        payload = map_invoice(untaxed, outside)
        self.assertEqual(payload["GlobalTaxCalculation"], "NotApplicable")
        self.assertNotIn("TaxCodeRef", payload["Line"][0]["SalesItemLineDetail"])

    def test_no_due_date_no_key(self):
        payload = map_invoice(replace(INVOICE, due_date=None), COMPANY)
        self.assertNotIn("DueDate", payload)

    def test_the_note_starts_with_the_reference_and_keeps_its_limit(self):
        bare = map_invoice(replace(INVOICE, matters=()), COMPANY)
        self.assertEqual(bare["PrivateNote"], "actionstep-bill-833")
        matters = tuple(f"{number} Matter \U0001f600" for number in range(500))
        note = map_invoice(replace(INVOICE, matters=matters), COMPANY)["PrivateNote"]
        self.assertLessEqual(len(note), const.QUICKBOOKS_NOTE_LENGTH)
        self.assertGreater(len(note), const.QUICKBOOKS_NOTE_LENGTH - 10)
        start = "actionstep-bill-833\nMatters: 0 Matter ; 1 Matter ; "
        self.assertTrue(note.startswith(start), note[:80])
        self.assertTrue(note.endswith("…"))

    def test_lines_go_in_the_order_of_the_bill(self):
        turned = replace(INVOICE, lines=(EXPENSE, FEE))
        self.assertEqual(map_invoice(turned, COMPANY), map_invoice(INVOICE, COMPANY))

    def test_quantity_and_price_go_when_they_make_the_amount(self):
        for quantity, price, amount, qty, unit_price in (
            ("2.50", "410.00", "1025.00", "2.5", "410"),
            ("0.33", "299.99", "99.00", "0.33", "299.99"),  # 98.9967
            ("1", "35.50", "35.50", "1", "35.5"),
            ("0.333333", "300", "100.00", "0.33333", "300"),  # 99.999 at five places
            ("-1", "35.50", "-35.50", "-1", "35.5"),
            ("100", "1", "100.00", "100", "1"),
        ):
            with self.subTest(quantity=quantity, price=price):
                line = (
                    FEE,
                    replace(
                        EXPENSE,
                        line_no=2,
                        quantity=Decimal(quantity),
                        unit_price=Decimal(price),
                        amount=Decimal(amount),
                    ),
                )
                total = sum(one.amount for one in line) + INVOICE.total_tax
                bill = replace(INVOICE, lines=line, total=total)
                mapped = map_invoice(bill, COMPANY)["Line"][1]
                detail = mapped["SalesItemLineDetail"]
                self.assertEqual(str(detail["Qty"]), qty)
                self.assertEqual(str(detail["UnitPrice"]), unit_price)
                self.assertEqual(mapped["Description"], "Filing fee")

    def test_hours_and_rate_stand_in_the_description_when_they_do_not(self):
        for quantity, price, description in (
            ("2.5", "410", "Filing fee (2.5 x 410.00)"),
            ("0.2", "177.505", "Filing fee (0.2 x 177.505)"),
            ("2.5", None, "Filing fee"),
            (None, "410", "Filing fee"),
            ("0", "410", "Filing fee"),
            ("2.5", "0", "Filing fee"),
        ):
            with self.subTest(quantity=quantity, price=price):
                mapped = mapped_line(
                    amount=Decimal("35.60"),
                    quantity=quantity and Decimal(quantity),
                    unit_price=price and Decimal(price),
                )
                self.assertEqual(mapped["Description"], description)
                detail = mapped["SalesItemLineDetail"]
                self.assertFalse({"Qty", "UnitPrice"} & set(detail))

    def test_a_price_with_tax_is_sent_net_and_stands_in_the_description(self):
        british = replace(COMPANY, country="GB", home_currency="GBP")
        rate = QuickbooksTaxRate("9", Decimal(20))
        vat = QuickbooksTaxCode("5", "20.0% S", "", True, True, (rate,))
        for quantity, price, net, tax, description in (
            ("2.5", "96", "200.00", "40.00", "Advice (2.5 x 96.00 incl. tax)"),
            ("3", "9.99", "24.98", "4.99", "Advice (3 x 9.99 incl. tax)"),
            ("1", "100", "83.33", "16.67", "Advice (1 x 100.00 incl. tax)"),
            # neither the net nor the gross: written down
            ("2", "96", "150.00", "30.00", "Advice (2 x 96.00)"),
        ):
            net, tax = Decimal(net), Decimal(tax)
            line = replace(
                FEE,
                description="Advice",
                quantity=Decimal(quantity),
                unit_price=Decimal(price),
                amount=net,
                tax_amount=tax,
                tax_code=vat,
            )
            bill = replace(
                INVOICE, currency="GBP", lines=(line,), total=net + tax, total_tax=tax
            )
            with self.subTest(quantity=quantity, price=price):
                payload = map_invoice(bill, british)
                self.assertEqual(payload["GlobalTaxCalculation"], "TaxExcluded")
                (mapped,) = payload["Line"]
                self.assertEqual(mapped["Amount"], net)
                self.assertEqual(mapped["Description"], description)
                self.assertFalse(
                    {"Qty", "UnitPrice"} & {*mapped["SalesItemLineDetail"]}
                )

    def test_a_long_description_is_cut_before_hours_and_rate(self):
        long = "word " * 1000
        cut = mapped_line(description=long)["Description"]
        self.assertLessEqual(len(cut), const.QUICKBOOKS_DESCRIPTION_LENGTH)
        self.assertTrue(cut.endswith("word…") or cut.endswith("wor…"), cut[-10:])
        priced = mapped_line(
            description=long, quantity=Decimal("2.5"), unit_price=Decimal("410")
        )["Description"]
        self.assertLessEqual(len(priced), const.QUICKBOOKS_DESCRIPTION_LENGTH)
        self.assertTrue(priced.endswith("… (2.5 x 410.00)"), priced[-30:])
        solid = mapped_line(
            description="w" * 5000, quantity=Decimal("2.5"), unit_price=Decimal("410")
        )["Description"]
        self.assertEqual(len(solid), const.QUICKBOOKS_DESCRIPTION_LENGTH)

    def test_a_line_may_have_no_amount_and_no_description(self):
        mapped = mapped_line(amount=Decimal(0), description=" \n", quantity=Decimal(0))
        self.assertEqual(
            mapped,
            {
                "Amount": Decimal("0.00"),
                "DetailType": "SalesItemLineDetail",
                "SalesItemLineDetail": {
                    "ItemRef": {"value": "12"},
                    "TaxCodeRef": {"value": "NON"},
                },
            },
        )

    def test_a_negative_line_goes_while_the_total_is_not_negative(self):
        discount = replace(EXPENSE, line_no=3, amount=Decimal("-35.50"))
        bill = replace(
            INVOICE, lines=(FEE, EXPENSE, discount), total=Decimal("1099.31")
        )
        amounts = [line["Amount"] for line in map_invoice(bill, COMPANY)["Line"]]
        self.assertEqual(amounts, [Decimal("1025"), Decimal("35.5"), Decimal("-35.5")])

    def test_the_payload_is_json_once_money_is_written(self):
        text = json.dumps(map_invoice(INVOICE, COMPANY), default=str)
        self.assertIn('"Amount": "1025.00"', text)


class TestCheckInvoice(BaseCase):
    def assertProblems(self, invoice, *expected, company=COMPANY):
        problems = check_invoice(invoice, company)
        self.assertEqual([(one.cause, one.values) for one in problems], list(expected))
        for one in problems:
            sentence = CAUSES[one.cause].sentence._translate("en_US") % one.values
            self.assertNotIn("%(", sentence)
        if problems:
            with self.assertRaises(DataError) as caught:
                map_invoice(invoice, company)
            self.assertEqual(caught.exception.cause, expected[0][0])

    def test_a_good_bill_has_no_problem(self):
        self.assertProblems(INVOICE)
        self.assertProblems(one_line_invoice(amount=Decimal(0)))

    def test_number(self):
        missing = ("number_missing", {})
        self.assertProblems(replace(INVOICE, number=""), missing)
        self.assertProblems(replace(INVOICE, number=" \t\x00"), missing)
        self.assertProblems(replace(INVOICE, number="N" * 21))
        self.assertProblems(replace(INVOICE, number="  " + "N" * 21 + " "))
        self.assertProblems(
            replace(INVOICE, number="N" * 22),
            ("number_too_long", {"number": "N" * 22, "length": 22}),
        )

    def test_currency(self):
        problem = ("currency_foreign", {"currency": "NZD", "home": "USD"})
        bill = replace(INVOICE, currency="NZD")
        self.assertProblems(bill, problem)
        rated = replace(bill, exchange_rate=Decimal("0.6125"))
        self.assertProblems(rated, problem)
        many = replace(COMPANY, is_multicurrency=True)
        missing = ("exchange_rate_missing", problem[1])
        self.assertProblems(bill, missing, company=many)
        for rate in ("0", "-0.6125"):
            wrong = replace(bill, exchange_rate=Decimal(rate))
            self.assertProblems(wrong, missing, company=many)
        self.assertProblems(rated, company=many)

    def test_lines(self):
        none = replace(INVOICE, lines=(), total=Decimal(0), total_tax=Decimal(0))
        self.assertProblems(none, ("lines_missing", {}))
        self.assertProblems(many_lines(750))
        self.assertProblems(
            many_lines(751), ("lines_too_many", {"limit": 750, "count": 751})
        )

    def test_lines_that_do_not_add_up(self):
        self.assertProblems(
            replace(INVOICE, total=Decimal("1134.82")),
            ("lines_mismatch", {"lines": "1,134.81 USD", "total": "1,134.82 USD"}),
        )
        # Net a cent more, tax a cent less: the totals agree, net and tax do not.
        self.assertProblems(
            replace(INVOICE, total_tax=Decimal("74.30")),
            ("lines_mismatch", {"lines": "1,060.50 USD", "total": "1,060.51 USD"}),
        )

    def test_negative_total(self):
        bill = one_line_invoice(amount=Decimal("-0.01"))
        self.assertProblems(bill, ("total_negative", {"total": "-0.01 USD"}))

    def test_tax(self):
        line = replace(FEE, tax_amount=Decimal("84.56"))
        bill = replace(
            INVOICE,
            lines=(line, EXPENSE),
            total_tax=Decimal("84.56"),
            total=Decimal("1145.06"),
        )
        self.assertProblems(
            bill, ("tax_mismatch", {"tax": "84.56 USD", "expected": "74.31 USD"})
        )
        without = replace(COMPANY, uses_sales_tax=False)
        self.assertProblems(
            INVOICE,
            ("tax_mismatch", {"tax": "74.31 USD", "expected": "0.00 USD"}),
            company=without,
        )

    def test_tax_is_not_judged_by_lines_that_are_not_the_bills(self):
        bill = replace(INVOICE, total_tax=Decimal("84.56"), total=Decimal("1145.06"))
        self.assertProblems(
            bill,
            ("lines_mismatch", {"lines": "1,134.81 USD", "total": "1,145.06 USD"}),
        )

    def test_all_problems_come_at_once(self):
        other = replace(TAXED, tax_code_id="8", name="Nevada")
        bill = replace(
            INVOICE,
            number="N" * 30,
            currency="NZD",
            lines=(FEE, replace(FEE, line_no=2, tax_code=other)),
            total=Decimal("-5.00"),
        )
        self.assertEqual(
            [problem.cause for problem in check_invoice(bill, COMPANY)],
            [
                "number_too_long",
                "currency_foreign",
                "lines_mismatch",
                "total_negative",
                "tax_mixed",
            ],
        )


class TestCompareAnswer(BaseCase):
    def test_the_same_to_the_cent_is_no_difference(self):
        self.assertEqual(compare_answer(INVOICE, ANSWER), [])
        as_text = changed(
            ANSWER, TotalAmt="1134.81", TxnTaxDetail={"TotalTax": "74.310"}
        )
        self.assertEqual(compare_answer(INVOICE, as_text), [])

    def test_each_difference_is_told_with_both_sides(self):
        third = {**ANSWER["Line"][0], "Id": "3"}
        for values, difference in (
            (
                {"TotalAmt": Decimal("1134.80")},
                Difference("total", "1,134.81 USD", "1,134.80 USD"),
            ),
            (
                {"TxnTaxDetail": {"TotalTax": 0}},
                Difference("tax", "74.31 USD", "0.00 USD"),
            ),
            ({"TxnTaxDetail": None}, Difference("tax", "74.31 USD", "0.00 USD")),
            ({"DocNumber": "1043"}, Difference("number", "INV-1001", "1043")),
            ({"DocNumber": None}, Difference("number", "INV-1001", "")),
            ({"CustomerRef": {"value": "59"}}, Difference("customer", "58", "59")),
            ({"TxnDate": "2025-02-01"}, Difference("date", "2025-01-31", "2025-02-01")),
            (
                {"Line": [*ANSWER["Line"], third]},
                Difference("line count", "2", "3"),
            ),
            ({"Line": None}, Difference("line count", "2", "0")),
        ):
            with self.subTest(values=values):
                found = compare_answer(INVOICE, changed(ANSWER, **values))
                self.assertEqual(found, [difference])

    def test_no_tax_detail_is_no_tax(self):
        answer = {key: ANSWER[key] for key in ANSWER if key != "TxnTaxDetail"}
        found = compare_answer(INVOICE, answer)
        self.assertEqual(found, [Difference("tax", "74.31 USD", "0.00 USD")])
        bill = replace(INVOICE, total_tax=Decimal(0))
        self.assertEqual(compare_answer(bill, answer), [])

    def test_an_empty_answer_differs_in_everything(self):
        whats = [one.what for one in compare_answer(INVOICE, {})]
        self.assertEqual(
            whats, ["total", "tax", "number", "customer", "date", "line count"]
        )

    def test_a_spaced_number_is_compared_as_it_was_sent(self):
        self.assertEqual(
            compare_answer(replace(INVOICE, number=" INV-1001 "), ANSWER), []
        )


class TestIsOurs(BaseCase):
    def test_by_the_reference_in_the_private_note(self):
        self.assertTrue(is_ours("actionstep-bill-833", ANSWER))
        self.assertFalse(is_ours("actionstep-bill-83", ANSWER))
        self.assertFalse(is_ours("actionstep-bill-8331", ANSWER))
        self.assertFalse(is_ours("actionstep-bill-833", {}))
        self.assertFalse(is_ours("actionstep-bill-833", {"PrivateNote": None}))

    def test_what_is_sent_is_known_again(self):
        payload = map_invoice(INVOICE, COMPANY)
        self.assertTrue(is_ours(INVOICE.reference, payload))
        self.assertFalse(is_ours("1093", {"PrivateNote": "bill-1093"}))


def shuffled(value, random):
    """Return the same JSON value with the keys of every object in another order."""
    if isinstance(value, dict):
        keys = list(value)
        random.shuffle(keys)
        return {key: shuffled(value[key], random) for key in keys}
    if isinstance(value, list):
        return [shuffled(item, random) for item in value]
    return value


class TestAnswerFingerprint(BaseCase):
    def test_it_changes_when_a_person_edits_what_we_wrote(self):
        line = ANSWER["Line"][0]
        detail = line["SalesItemLineDetail"]
        edits = [
            changed(ANSWER, DocNumber="INV-1001a"),
            changed(ANSWER, TxnDate="2025-02-01"),
            changed(ANSWER, DueDate="2025-03-01"),
            changed(ANSWER, CustomerRef={"value": "59"}),
            changed(ANSWER, TotalAmt=Decimal("1134.82")),
            changed(ANSWER, ExchangeRate=Decimal("1.2")),
            changed(ANSWER, TxnTaxDetail={"TotalTax": Decimal("74.32")}),
            changed(ANSWER, Line=ANSWER["Line"][1:]),
            changed(ANSWER, Line=[*ANSWER["Line"], {"DetailType": "DescriptionOnly"}]),
            changed_line(ANSWER, 0, Amount=Decimal("1025.01")),
            changed_line(ANSWER, 0, Description="Review"),
            changed_line(
                ANSWER, 0, SalesItemLineDetail={**detail, "ItemRef": {"value": "12"}}
            ),
            changed_line(
                ANSWER,
                0,
                SalesItemLineDetail={**detail, "TaxCodeRef": {"value": "NON"}},
            ),
        ]
        prints = {answer_fingerprint(edit) for edit in [ANSWER, *edits]}
        self.assertEqual(len(prints), len(edits) + 1)

    def test_it_stays_when_only_quickbooks_moves(self):
        detail = ANSWER["Line"][0]["SalesItemLineDetail"]
        renamed = {**detail, "ItemRef": {"value": "11", "name": "Legal fees"}}
        payment = [{"TxnId": "300", "TxnType": "Payment"}]
        for same in (
            changed(ANSWER, SyncToken="1", Balance=0, LinkedTxn=payment),
            changed(ANSWER, MetaData={"LastUpdatedTime": "2025-03-01T00:00:00Z"}),
            changed(ANSWER, CustomerRef={"value": "58", "name": "Doe-Roe, Jane"}),
            changed(ANSWER, TotalAmt="1134.810", TxnTaxDetail={"TotalTax": "74.31"}),
            changed(ANSWER, Line=ANSWER["Line"][:2]),
            changed(ANSWER, ExchangeRate=1, HomeTotalAmt=Decimal("1134.81")),
            changed(ANSWER, EmailStatus="EmailSent", PrivateNote="", Id="999"),
            changed_line(ANSWER, 0, Id="17", LineNum=4),
            changed_line(ANSWER, 0, SalesItemLineDetail=renamed),
        ):
            with self.subTest(same=same):
                self.assertEqual(answer_fingerprint(same), answer_fingerprint(ANSWER))

    def test_missing_and_empty_are_the_same(self):
        bare = {"Line": [{"Amount": 0, "DetailType": "SalesItemLineDetail"}]}
        full = {
            "DocNumber": None,
            "CustomerRef": None,
            "TotalAmt": "0.00",
            "TxnTaxDetail": {},
            "Line": [
                {
                    "Amount": "0",
                    "Description": "",
                    "DetailType": "SalesItemLineDetail",
                    "SalesItemLineDetail": {"ItemRef": None},
                }
            ],
        }
        self.assertEqual(answer_fingerprint(bare), answer_fingerprint(full))

    @PROPERTY
    @given(st.randoms(use_true_random=False))
    def test_the_order_of_keys_does_not_matter(self, random):
        turned = shuffled(ANSWER, random)
        self.assertEqual(answer_fingerprint(turned), answer_fingerprint(ANSWER))


class TestSourceFingerprint(BaseCase):
    def test_it_changes_with_everything_that_is_sent(self):
        other = replace(TAXED, tax_code_id="8")
        changes = [
            {"reference": "actionstep-bill-834"},
            {"number": "INV-1002"},
            {"customer_id": "59"},
            {"currency": "AUD"},
            {"exchange_rate": Decimal("1.5")},
            {"exchange_rate": Decimal("1.51")},
            {"invoice_date": date(2025, 2, 1)},
            {"due_date": date(2025, 2, 15)},
            {"due_date": None},
            {"total_tax": Decimal("74.30")},
            {"total": Decimal("1134.80")},
            {"matters": ()},
            {"matters": ("1094 Lease of shop",)},
            {"lines": (FEE,)},
            *(
                {"lines": (replace(FEE, **values), EXPENSE)}
                for values in (
                    {"line_no": 3},
                    {"description": "Review"},
                    {"amount": Decimal("1025.01")},
                    {"tax_amount": Decimal("74.32")},
                    {"item_id": "12"},
                    {"tax_code": other},
                    {"quantity": Decimal("2.6")},
                    {"unit_price": None},
                    {"service_date": None},
                )
            ),
        ]
        bills = [INVOICE, *(replace(INVOICE, **values) for values in changes)]
        self.assertEqual(len(set(map(source_fingerprint, bills))), len(bills))

    def test_it_stays_for_the_same_content(self):
        dearer = replace(TAXED, name="CA", rates=(QuickbooksTaxRate("70", Decimal(8)),))
        spaced = replace(FEE, description=" Review of  contract\n")
        for values in (
            {"quickbooks_id": "266", "sync_token": "4"},
            {"lines": (EXPENSE, FEE)},
            {"total": Decimal("1134.8100"), "number": " INV-1001 "},
            {"lines": (replace(FEE, amount=Decimal("1.025E+3")), EXPENSE)},
            {"lines": (replace(FEE, quantity=Decimal("2.5000")), EXPENSE)},
            {"lines": (spaced, EXPENSE)},
            {"lines": (replace(FEE, tax_code=dearer), EXPENSE)},
            {"lines": (replace(FEE, line_no=0), EXPENSE)},
        ):
            with self.subTest(values=values):
                same = replace(INVOICE, **values)
                self.assertEqual(source_fingerprint(same), source_fingerprint(INVOICE))

    def test_it_is_a_constant(self):
        # Stored on every pushed invoice: another value would push them all again.
        self.assertEqual(
            source_fingerprint(INVOICE),
            "3a69befa3ddebdf5ba60c5dbe5a3bb77792efedd3aa6af8b4d9c72ec8261194e",
        )
        self.assertEqual(
            answer_fingerprint(ANSWER),
            "e63c40abe418f2bd8613497164af2c4128fdb81963d004a5fb19a6be7f9893b2",
        )

    def test_a_bill_that_cannot_go_has_one_too(self):
        bill = replace(INVOICE, number="", lines=(), total=Decimal("-1"))
        self.assertEqual(len(source_fingerprint(bill)), 64)

    @PROPERTY
    @given(st.permutations(list(range(5))), st.integers(min_value=0, max_value=6))
    def test_the_order_and_the_digits_of_rows_do_not_matter(self, order, places):
        lines = [replace(FEE, line_no=number) for number in range(5)]
        unit = Decimal(1).scaleb(-2 - places)
        turned = [
            replace(lines[index], amount=FEE.amount.quantize(unit)) for index in order
        ]
        self.assertEqual(
            source_fingerprint(replace(INVOICE, lines=tuple(turned))),
            source_fingerprint(replace(INVOICE, lines=tuple(lines))),
        )
