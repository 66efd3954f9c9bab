from dataclasses import replace
from datetime import date
from decimal import Decimal

from odoo.tests import BaseCase

from odoo.addons.actionstep_quickbooks.documents import CreditUse, QuickbooksCompany
from odoo.addons.actionstep_quickbooks.exceptions import CAUSES, DataError
from odoo.addons.actionstep_quickbooks.mappers.common import Difference
from odoo.addons.actionstep_quickbooks.mappers.credit_use import (
    answer_fingerprint,
    check_credit_use,
    check_open_amounts,
    compare_credit_use,
    is_ours,
    map_credit_use,
    source_fingerprint,
)

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
REFERENCE = "Actionstep credit note 700001 on bill 1001 (hatfield)"
USE = CreditUse(
    reference=REFERENCE,
    customer_id="58",
    currency="USD",
    applied_on=date(2026, 11, 8),
    amount=Decimal("60.40"),
    credit_quickbooks_id="310",
    invoice_quickbooks_id="145",
    credit_number="CR-501",
    bill_number="INV-1001",
)
ANSWER = {
    "Id": "320",
    "SyncToken": "0",
    "TxnDate": "2026-11-08",
    "CurrencyRef": {"value": "USD"},
    "CustomerRef": {"value": "58", "name": "Doe, Jane"},
    "DepositToAccountRef": {"value": "4"},
    "PrivateNote": f"{REFERENCE}\nCredit note: CR-501\nBill: INV-1001",
    "TotalAmt": 0,
    "UnappliedAmt": 0,
    "Line": [
        {
            "Amount": Decimal("60.40"),
            "LinkedTxn": [{"TxnId": "145", "TxnType": "Invoice"}],
        },
        {
            "Amount": Decimal("60.40"),
            "LinkedTxn": [{"TxnId": "310", "TxnType": "CreditMemo"}],
        },
    ],
}


class TestMapCreditUse(BaseCase):
    def test_a_payment_of_zero_with_two_lines_of_the_same_amount(self):
        payload = map_credit_use(USE, COMPANY)
        self.assertEqual(
            payload,
            {
                "TxnDate": "2026-11-08",
                "CustomerRef": {"value": "58"},
                "TotalAmt": Decimal("0.00"),
                "CurrencyRef": {"value": "USD"},
                "Line": ANSWER["Line"],
                "PrivateNote": ANSWER["PrivateNote"],
            },
        )
        self.assertEqual(str(payload["TotalAmt"]), "0.00")

    def test_an_update_is_a_full_one_of_the_same_keys(self):
        bound = replace(USE, quickbooks_id="320", sync_token="1")
        self.assertEqual(
            map_credit_use(bound, COMPANY),
            {
                "Id": "320",
                "SyncToken": "1",
                "sparse": False,
                **map_credit_use(USE, COMPANY),
            },
        )

    def test_in_another_currency(self):
        company = replace(COMPANY, is_multicurrency=True)
        use = replace(USE, currency="GBP", exchange_rate=Decimal("1.2734"))
        payload = map_credit_use(use, company)
        self.assertEqual(payload["CurrencyRef"], {"value": "GBP"})
        self.assertEqual(payload["ExchangeRate"], Decimal("1.2734"))


class TestCheckCreditUse(BaseCase):
    def test_problems(self):
        rated = replace(COMPANY, is_multicurrency=True)
        home = {"currency": "GBP", "home": "USD"}
        for values, company, cause, expected in (
            ({"amount": Decimal("0.01")}, COMPANY, None, None),
            ({"amount": Decimal(0)}, COMPANY, "amount_not_positive", "0.00 USD"),
            ({"amount": Decimal("-5")}, COMPANY, "amount_not_positive", "-5.00 USD"),
            ({"currency": "GBP"}, COMPANY, "currency_foreign", home),
            ({"currency": "GBP"}, rated, "exchange_rate_missing", home),
            (
                {"invoice_quickbooks_id": None},
                COMPANY,
                "allocation_unknown_bill",
                {"bill": "INV-1001"},
            ),
        ):
            with self.subTest(values=values):
                use = replace(USE, **values)
                problems = check_credit_use(use, company)
                if not cause:
                    self.assertEqual(problems, [])
                    continue
                (problem,) = problems
                if isinstance(expected, str):
                    expected = {"amount": expected}
                self.assertEqual((problem.cause, problem.values), (cause, expected))
                with self.assertRaises(DataError) as caught:
                    map_credit_use(use, company)
                self.assertEqual(caught.exception.cause, cause)

    def test_no_more_than_is_open_on_either_side(self):
        for remaining, balance, left in (
            ("60.40", "60.40", None),
            ("120.80", "500.00", None),
            ("60.39", "500.00", "60.39 USD"),
            ("120.80", "60.39", "60.39 USD"),
            ("0", "500.00", "0.00 USD"),
            ("120.80", "0", "0.00 USD"),
            ("10.00", "5.00", "5.00 USD"),
        ):
            with self.subTest(remaining=remaining, balance=balance):
                credit = {"RemainingCredit": Decimal(remaining), "Balance": 999}
                problems = check_open_amounts(USE, credit, {"Balance": balance})
                found = [(one.cause, one.values) for one in problems]
                values = {"amount": "60.40 USD", "left": left}
                expected = [("credit_too_large", values)] if left else []
                self.assertEqual(found, expected)
        (problem,) = check_open_amounts(USE, {"Balance": 1}, {"Balance": 900})
        sentence = CAUSES[problem.cause].sentence._translate("en_US")
        self.assertIn("only 1.00 USD can", sentence % problem.values)


class TestCompareCreditUse(BaseCase):
    def test_the_same_is_no_difference(self):
        self.assertEqual(compare_credit_use(USE, ANSWER), [])
        turned = {**ANSWER, "Line": ANSWER["Line"][::-1], "TotalAmt": "0.0"}
        self.assertEqual(compare_credit_use(USE, turned), [])

    def test_each_difference_is_told_with_both_sides(self):
        ours = "CreditMemo 310: 60.40; Invoice 145: 60.40"
        invoice, credit = ANSWER["Line"]
        for values, difference in (
            ({"TotalAmt": "60.40"}, ("total", "0.00 USD", "60.40 USD")),
            ({"UnappliedAmt": 1}, ("unapplied", "0.00 USD", "1.00 USD")),
            ({"CustomerRef": None}, ("customer", "58", "")),
            ({"TxnDate": "2026-11-09"}, ("date", "2026-11-08", "2026-11-09")),
            ({"Line": []}, ("allocations", ours, "")),
            ({"Line": [invoice]}, ("allocations", ours, "Invoice 145: 60.40")),
            (
                {"Line": [{**invoice, "Amount": 50}, {**credit, "Amount": 50}]},
                (
                    "allocations",
                    ours,
                    "CreditMemo 310: 50.00; Invoice 145: 50.00",
                ),
            ),
        ):
            with self.subTest(values=values):
                found = compare_credit_use(USE, {**ANSWER, **values})
                self.assertEqual(found, [Difference(*difference)])


class TestFingerprints(BaseCase):
    def test_the_sources(self):
        changes = [
            {"reference": "Actionstep credit note 700001 on bill 1002 (hatfield)"},
            {"customer_id": "59"},
            {"currency": "AUD"},
            {"exchange_rate": Decimal("1.5")},
            {"applied_on": date(2026, 11, 9)},
            {"amount": Decimal("60.41")},
            {"credit_quickbooks_id": "311"},
            {"invoice_quickbooks_id": "146"},
            {"credit_number": "CR-502"},
            {"bill_number": "INV-1002"},
        ]
        uses = [USE, *(replace(USE, **values) for values in changes)]
        self.assertEqual(len(set(map(source_fingerprint, uses))), len(uses))
        bound = replace(USE, quickbooks_id="320", amount=Decimal("60.4"))
        self.assertEqual(source_fingerprint(bound), source_fingerprint(USE))

    def test_the_answers(self):
        moved = {"SyncToken": "1", "Line": ANSWER["Line"][::-1]}
        same = answer_fingerprint({**ANSWER, **moved})
        self.assertEqual(same, answer_fingerprint(ANSWER))
        edited = answer_fingerprint({**ANSWER, "Line": ANSWER["Line"][:1]})
        self.assertNotEqual(edited, answer_fingerprint(ANSWER))

    def test_ours_is_known_by_its_note(self):
        self.assertTrue(is_ours(REFERENCE, ANSWER))
        self.assertFalse(is_ours(REFERENCE.replace("1001", "100"), ANSWER))
        # The credit note's own reference is another one.
        self.assertFalse(is_ours("Actionstep credit note 700001 (hatfield)", ANSWER))
