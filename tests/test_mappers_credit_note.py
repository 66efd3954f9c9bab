from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from odoo.tests import BaseCase

from odoo.addons.actionstep_quickbooks import const
from odoo.addons.actionstep_quickbooks.documents import (
    CreditNote,
    InvoiceLine,
    QuickbooksCompany,
    QuickbooksTaxCode,
    QuickbooksTaxRate,
)
from odoo.addons.actionstep_quickbooks.exceptions import CAUSES, DataError
from odoo.addons.actionstep_quickbooks.mappers.common import Difference
from odoo.addons.actionstep_quickbooks.mappers.credit_note import (
    answer_fingerprint,
    check_credit_note,
    compare_credit_note,
    is_ours,
    map_credit_note,
    source_fingerprint,
)

TAXED = QuickbooksTaxCode(
    "7", "California", "", True, True, (QuickbooksTaxRate("70", Decimal("7.25")),)
)
UNTAXED = QuickbooksTaxCode("NON", "NON", "", False, True)
VAT = QuickbooksTaxCode(
    "5", "20.0% S", "", True, True, (QuickbooksTaxRate("9", Decimal(20)),)
)
CODES = {"tax": TAXED, "non": UNTAXED, "vat": VAT}
ZERO = Decimal(0)
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
BRITISH = replace(COMPANY, country="GB", home_currency="GBP")
REFERENCE = "Actionstep credit note 700001 (hatfield)"
NOTE = CreditNote(
    reference=REFERENCE,
    number="CR-501",
    customer_id="58",
    currency="USD",
    credit_date=date(2026, 11, 5),
    total_tax=Decimal("5.80"),
    total=Decimal("120.80"),
    lines=(
        InvoiceLine(1, "Fees credited", Decimal("80"), Decimal("5.80"), "11", TAXED),
        InvoiceLine(2, "Filing fee", Decimal("35"), Decimal(0), "12", UNTAXED),
    ),
    reason="Goodwill",
    matters=("1093 Lease of shop",),
)
# As QuickBooks answers it, with what it adds by itself.
ANSWER = {
    "Id": "310",
    "SyncToken": "0",
    "DocNumber": "CR-501",
    "TxnDate": "2026-11-05",
    "CurrencyRef": {"value": "USD", "name": "United States Dollar"},
    "CustomerRef": {"value": "58", "name": "Doe, Jane"},
    "PrivateNote": f"{REFERENCE}\nMatters: 1093 Lease of shop",
    "Line": [
        {
            "Id": "1",
            "Description": "Fees credited",
            "Amount": 80,
            "DetailType": "SalesItemLineDetail",
            "SalesItemLineDetail": {
                "ItemRef": {"value": "11"},
                "TaxCodeRef": {"value": "TAX"},
            },
        },
        {
            "Id": "2",
            "Description": "Filing fee",
            "Amount": 35,
            "DetailType": "SalesItemLineDetail",
            "SalesItemLineDetail": {
                "ItemRef": {"value": "12"},
                "TaxCodeRef": {"value": "NON"},
            },
        },
        {"Amount": 115, "DetailType": "SubTotalLineDetail", "SubTotalLineDetail": {}},
    ],
    "TxnTaxDetail": {"TotalTax": Decimal("5.80")},
    "TotalAmt": Decimal("120.80"),
    "RemainingCredit": Decimal("120.80"),
    "Balance": Decimal("120.80"),
}


def lines_of(*rows):
    """Return lines from (net, tax, code)."""
    return tuple(
        InvoiceLine(number, "", Decimal(net), Decimal(tax), "11", CODES[code])
        for number, (net, tax, code) in enumerate(rows, 1)
    )


class Case(NamedTuple):
    """A credit note and what must come of it, worked out by hand.

    lines: (net, tax, tax code); total, tax: of the header; detail: the tax detail
    that is sent, None for no such key; errors: (cause, values).
    """

    title: str
    lines: list
    total: str
    tax: str
    detail: dict | None = None
    errors: tuple = ()
    country: str = "US"


def mismatch(lines, total):
    return ("lines_mismatch", {"lines": lines, "total": total})


CASES = [
    # 80 x 7.25 % = 5.80
    Case(
        "part of the fees",
        [("80.00", "5.80", "tax")],
        "85.80",
        "5.80",
        {"TotalTax": Decimal("5.80"), "TxnTaxCodeRef": {"value": "7"}},
    ),
    Case(
        "an untaxed expense",
        [("75.00", "0", "non")],
        "75.00",
        "0",
        {"TotalTax": Decimal("0.00")},
    ),
    # 33.33 x 7.25 % = 2.416425 -> 2.42 each; 99.99 x 7.25 % = 7.249275 -> 7.25
    Case(
        "rounded line by line",
        [("33.33", "2.42", "tax")] * 3,
        "107.25",
        "7.26",
        {
            "TotalTax": Decimal("7.26"),
            "TxnTaxCodeRef": {"value": "7"},
            "TaxLine": [
                {
                    "Amount": Decimal("7.26"),
                    "DetailType": "TaxLineDetail",
                    "TaxLineDetail": {
                        "TaxRateRef": {"value": "70"},
                        "PercentBased": True,
                        "TaxPercent": Decimal("7.25"),
                        "NetAmountTaxable": Decimal("99.99"),
                    },
                }
            ],
        },
    ),
    # 10 x 7.25 % = 0.725 -> 0.73
    Case(
        "a line taken off again",
        [("10.00", "0.73", "tax"), ("-4.00", "0", "non")],
        "6.73",
        "0.73",
        {"TotalTax": Decimal("0.73"), "TxnTaxCodeRef": {"value": "7"}},
    ),
    Case(
        "one cent",
        [("0.01", "0", "non")],
        "0.01",
        "0",
        {"TotalTax": Decimal("0.00")},
    ),
    Case("VAT", [("120.00", "24.00", "vat")], "144.00", "24.00", country="GB"),
    # 10.01 x 20 % = 2.002 -> 2.00 each; 30.03 x 20 % = 6.006 -> 6.01
    Case(
        "VAT, rounded line by line",
        [("10.01", "2.00", "vat")] * 3,
        "36.03",
        "6.00",
        {
            "TotalTax": Decimal("6.00"),
            "TaxLine": [
                {
                    "Amount": Decimal("6.00"),
                    "DetailType": "TaxLineDetail",
                    "TaxLineDetail": {
                        "TaxRateRef": {"value": "9"},
                        "PercentBased": True,
                        "TaxPercent": Decimal(20),
                        "NetAmountTaxable": Decimal("30.03"),
                    },
                }
            ],
        },
        country="GB",
    ),
    Case(
        "VAT at yesterday's rate",
        [("100.00", "17.50", "vat")],
        "117.50",
        "17.50",
        errors=(("tax_mismatch", {"tax": "17.50 GBP", "expected": "20.00 GBP"}),),
        country="GB",
    ),
    Case(
        "lines and header differ by a cent",
        [("80.00", "5.80", "tax")],
        "85.81",
        "5.80",
        errors=(mismatch("85.80 USD", "85.81 USD"),),
    ),
    Case(
        "net and tax differ, the total does not",
        [("80.00", "5.80", "tax")],
        "85.80",
        "5.79",
        errors=(mismatch("80.00 USD", "80.01 USD"),),
    ),
    Case(
        "a line is missing",
        [("40.00", "2.90", "tax")],
        "50.41",
        "3.41",
        errors=(mismatch("42.90 USD", "50.41 USD"),),
    ),
    Case(
        "negative, as a bill would show it",
        [("-80.00", "-5.80", "tax")],
        "-85.80",
        "-5.80",
        errors=(("amount_not_positive", {"amount": "-85.80 USD"}),),
    ),
    Case(
        "nothing",
        [("0.00", "0", "non")],
        "0.00",
        "0",
        errors=(("amount_not_positive", {"amount": "0.00 USD"}),),
    ),
    Case(
        "no lines",
        [],
        "85.80",
        "5.80",
        # The lines say nothing about the tax: only that they are missing is told.
        errors=(("lines_missing", {}),),
    ),
]


class TestCases(BaseCase):
    def test_cases_worked_out_by_hand(self):
        for case in CASES:
            for write_off in (False, True):
                with self.subTest(case.title, write_off=write_off):
                    self.check_case(case, write_off)

    def check_case(self, case, write_off):
        company = BRITISH if case.country == "GB" else COMPANY
        note = replace(
            NOTE,
            currency=company.home_currency,
            lines=lines_of(*case.lines),
            total=Decimal(case.total),
            total_tax=Decimal(case.tax),
            is_write_off=write_off,
        )
        problems = check_credit_note(note, company)
        found = tuple((one.cause, one.values) for one in problems)
        self.assertEqual(found, case.errors)
        if case.errors:
            with self.assertRaises(DataError):
                map_credit_note(note, company)
            return
        payload = map_credit_note(note, company)
        self.assertEqual(payload.get("TxnTaxDetail"), case.detail)
        amounts = [line["Amount"] for line in payload["Line"]]
        self.assertEqual(amounts, [Decimal(net) for net, _tax, _code in case.lines])
        self.assertEqual(
            payload.get("GlobalTaxCalculation"),
            "TaxExcluded" if case.country == "GB" else None,
        )


class TestMapCreditNote(BaseCase):
    def test_a_new_credit_memo_holds_the_intended_keys_only(self):
        self.assertEqual(
            map_credit_note(NOTE, COMPANY),
            {
                "DocNumber": "CR-501",
                "TxnDate": "2026-11-05",
                "CustomerRef": {"value": "58"},
                "CurrencyRef": {"value": "USD"},
                "Line": [
                    {
                        "Description": "Fees credited",
                        "Amount": Decimal("80.00"),
                        "DetailType": "SalesItemLineDetail",
                        "SalesItemLineDetail": {
                            "ItemRef": {"value": "11"},
                            "TaxCodeRef": {"value": "TAX"},
                        },
                    },
                    {
                        "Description": "Filing fee",
                        "Amount": Decimal("35.00"),
                        "DetailType": "SalesItemLineDetail",
                        "SalesItemLineDetail": {
                            "ItemRef": {"value": "12"},
                            "TaxCodeRef": {"value": "NON"},
                        },
                    },
                ],
                "TxnTaxDetail": {
                    "TotalTax": Decimal("5.80"),
                    "TxnTaxCodeRef": {"value": "7"},
                },
                "PrivateNote": (
                    f"{REFERENCE}\nMatters: 1093 Lease of shop\nReason: Goodwill"
                ),
            },
        )

    def test_an_update_is_a_full_one_of_the_same_keys(self):
        bound = replace(NOTE, quickbooks_id="310", sync_token="2")
        self.assertEqual(
            map_credit_note(bound, COMPANY),
            {
                "Id": "310",
                "SyncToken": "2",
                "sparse": False,
                **map_credit_note(NOTE, COMPANY),
            },
        )

    def test_a_write_off_says_so_in_its_note(self):
        note = replace(NOTE, number="WO-502", is_write_off=True, reason="", matters=())
        payload = map_credit_note(note, COMPANY)
        self.assertEqual(payload["PrivateNote"], f"{REFERENCE}\nWrite-off")
        self.assertEqual(payload["DocNumber"], "WO-502")

    def test_the_reason_is_what_is_cut_from_a_long_note(self):
        note = replace(NOTE, reason="See letter. " * 500)
        text = map_credit_note(note, COMPANY)["PrivateNote"]
        self.assertLessEqual(len(text), const.QUICKBOOKS_NOTE_LENGTH)
        start = f"{REFERENCE}\nMatters: 1093 Lease of shop\nReason: See letter."
        self.assertTrue(text.startswith(start), text[:100])

    def test_in_another_currency(self):
        company = replace(COMPANY, is_multicurrency=True)
        note = replace(NOTE, currency="GBP")
        (problem,) = check_credit_note(note, company)
        self.assertEqual(problem.cause, "exchange_rate_missing")
        (problem,) = check_credit_note(note, COMPANY)
        self.assertEqual(problem.cause, "currency_foreign")
        payload = map_credit_note(
            replace(note, exchange_rate=Decimal("1.273400")), company
        )
        self.assertEqual(payload["CurrencyRef"], {"value": "GBP"})
        self.assertEqual(str(payload["ExchangeRate"]), "1.2734")


class TestCheckCreditNote(BaseCase):
    def assertProblems(self, note, *expected, **known):
        problems = check_credit_note(note, COMPANY, **known)
        self.assertEqual([(one.cause, one.values) for one in problems], list(expected))
        for one in problems:
            sentence = CAUSES[one.cause].sentence._translate("en_US") % one.values
            self.assertNotIn("%(", sentence)

    def test_number(self):
        self.assertProblems(replace(NOTE, number="CR-WHITFIELD-26-00017"))
        self.assertProblems(replace(NOTE, number=" "), ("number_missing", {}))
        long = "CR-NORTHERN-DISTRICTS-2026-0042"
        self.assertProblems(
            replace(NOTE, number=long),
            ("number_too_long", {"number": long, "length": 31}),
        )

    def test_no_more_is_applied_than_there_is(self):
        for applied in ("0", "60.40", "120.80", "120.804"):
            self.assertProblems(NOTE, applied=Decimal(applied))
        values = {"amount": "120.81 USD", "left": "120.80 USD"}
        self.assertProblems(
            NOTE, ("credit_too_large", values), applied=Decimal("120.81")
        )

    def test_all_problems_come_at_once(self):
        note = replace(NOTE, number="", currency="NZD", total=Decimal("-1"))
        problems = check_credit_note(note, COMPANY)
        self.assertEqual(
            [one.cause for one in problems],
            [
                "number_missing",
                "currency_foreign",
                "lines_mismatch",
                "amount_not_positive",
            ],
        )


class TestCompareCreditNote(BaseCase):
    def test_the_same_to_the_cent_is_no_difference(self):
        self.assertEqual(compare_credit_note(NOTE, ANSWER), [])
        self.assertEqual(compare_credit_note(NOTE, ANSWER, ZERO), [])
        older = {key: ANSWER[key] for key in ANSWER if key != "RemainingCredit"}
        self.assertEqual(compare_credit_note(NOTE, older, ZERO), [])

    def test_what_we_applied_remains_no_more(self):
        for applied, remaining in (("20.80", "100.00"), ("120.80", "0")):
            answer = {**ANSWER, "RemainingCredit": Decimal(remaining)}
            found = compare_credit_note(NOTE, answer, Decimal(applied))
            self.assertEqual(found, [])

    def test_each_difference_is_told_with_both_sides(self):
        for values, difference in (
            ({"TotalAmt": 120}, ("total", "120.80 USD", "120.00 USD")),
            ({"TxnTaxDetail": None}, ("tax", "5.80 USD", "0.00 USD")),
            ({"DocNumber": "1043"}, ("number", "CR-501", "1043")),
            ({"CustomerRef": {"value": "59"}}, ("customer", "58", "59")),
            ({"TxnDate": "2026-11-06"}, ("date", "2026-11-05", "2026-11-06")),
            ({"Line": ANSWER["Line"][1:]}, ("line count", "2", "1")),
            # QuickBooks applied it by itself
            ({"RemainingCredit": 0}, ("remaining", "120.80 USD", "0.00 USD")),
            (
                {"RemainingCredit": "120.79"},
                ("remaining", "120.80 USD", "120.79 USD"),
            ),
        ):
            with self.subTest(values=values):
                found = compare_credit_note(NOTE, {**ANSWER, **values}, ZERO)
                self.assertEqual(found, [Difference(*difference)])

    def test_what_remains_counts_only_where_we_say_what_we_applied(self):
        applied = {**ANSWER, "RemainingCredit": 0, "Balance": 0}
        self.assertEqual(compare_credit_note(NOTE, applied), [])
        wrong = {**applied, "TotalAmt": 120}
        (found,) = compare_credit_note(NOTE, wrong)
        self.assertEqual(found.what, "total")


class TestFingerprints(BaseCase):
    def test_the_sources_changes_with_everything_that_is_sent(self):
        first, second = NOTE.lines
        changes = [
            {"reference": "Actionstep credit note 700002 (hatfield)"},
            {"number": "CR-502"},
            {"customer_id": "59"},
            {"currency": "AUD"},
            {"exchange_rate": Decimal("1.5")},
            {"credit_date": date(2026, 11, 6)},
            {"total_tax": Decimal("5.81")},
            {"total": Decimal("120.81")},
            {"reason": ""},
            {"matters": ()},
            {"is_write_off": True},
            {"lines": (first,)},
            {"lines": (replace(first, item_id="13"), second)},
            {"lines": (replace(first, tax_code=VAT), second)},
        ]
        notes = [NOTE, *(replace(NOTE, **values) for values in changes)]
        self.assertEqual(len(set(map(source_fingerprint, notes))), len(notes))

    def test_the_sources_stays_for_the_same_content(self):
        for values in (
            {"quickbooks_id": "310", "sync_token": "4"},
            {"lines": NOTE.lines[::-1]},
            {"total": Decimal("120.800"), "number": " CR-501 "},
        ):
            with self.subTest(values=values):
                same = replace(NOTE, **values)
                self.assertEqual(source_fingerprint(same), source_fingerprint(NOTE))

    def test_the_answers_stays_when_the_credit_is_applied(self):
        applied = {"RemainingCredit": 0, "Balance": 0, "SyncToken": "1"}
        links = {"LinkedTxn": [{"TxnId": "320", "TxnType": "Payment"}]}
        self.assertEqual(
            answer_fingerprint({**ANSWER, **applied, **links}),
            answer_fingerprint(ANSWER),
        )
        self.assertNotEqual(
            answer_fingerprint({**ANSWER, "DocNumber": "CR-502"}),
            answer_fingerprint(ANSWER),
        )

    def test_they_are_constants(self):
        # Stored on every pushed credit note: another value would push them all again.
        self.assertEqual(
            source_fingerprint(NOTE),
            "feefa8deaa86577b2f26daa638bee3db45b6ccc2c9589e69f45d33e10f8a1fe3",
        )
        self.assertEqual(
            answer_fingerprint(ANSWER),
            "88594c0c848c702e240cc5a14826e703b24dc5dad7edad691f54efb4a14faa4e",
        )

    def test_ours_is_known_by_its_note(self):
        self.assertTrue(is_ours(REFERENCE, ANSWER))
        self.assertTrue(is_ours(REFERENCE, map_credit_note(NOTE, COMPANY)))
        self.assertFalse(is_ours("Actionstep credit note 70000 (hatfield)", ANSWER))
