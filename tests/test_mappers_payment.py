from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.tests import BaseCase

from odoo.addons.actionstep_quickbooks import const
from odoo.addons.actionstep_quickbooks.documents import (
    Allocation,
    Payment,
    QuickbooksCompany,
)
from odoo.addons.actionstep_quickbooks.exceptions import CAUSES, DataError
from odoo.addons.actionstep_quickbooks.mappers.common import Difference, map_removal
from odoo.addons.actionstep_quickbooks.mappers.payment import (
    answer_fingerprint,
    check_payment,
    compare_payment,
    is_ours,
    map_payment,
    source_fingerprint,
)

PROPERTY = settings(derandomize=True, deadline=None, database=None, max_examples=200)

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
MULTICURRENCY = replace(COMPANY, is_multicurrency=True)
REFERENCE = "Actionstep receipt 500001 (hatfield)"
PAYMENT = Payment(
    reference=REFERENCE,
    customer_id="58",
    currency="USD",
    paid_on=date(2026, 10, 14),
    amount=Decimal("250.00"),
    allocations=(
        Allocation("145", Decimal("150.00"), "INV-1001"),
        Allocation("146", Decimal("60.00"), "INV-1002"),
    ),
    number="200417",
    method="Cheque",
    method_id="2",
    memo="3 inv",
    matter="1093 Lease of shop",
    deposit_account_id="35",
)
# As QuickBooks answers it, with what it adds by itself.
ANSWER = {
    "Id": "300",
    "SyncToken": "0",
    "domain": "QBO",
    "sparse": False,
    "MetaData": {"CreateTime": "2026-10-14T05:58:07-07:00"},
    "TxnDate": "2026-10-14",
    "CurrencyRef": {"value": "USD", "name": "United States Dollar"},
    "CustomerRef": {"value": "58", "name": "Doe, Jane"},
    "DepositToAccountRef": {"value": "35", "name": "Checking"},
    "PaymentMethodRef": {"value": "2"},
    "PaymentRefNum": "200417",
    "PrivateNote": f"{REFERENCE}\nMatter: 1093 Lease of shop",
    "TotalAmt": Decimal("250.00"),
    "UnappliedAmt": Decimal("40.00"),
    "ProcessPayment": False,
    "LinkedTxn": [],
    "Line": [
        {
            "Amount": Decimal("60.00"),
            "LinkedTxn": [{"TxnId": "146", "TxnType": "Invoice"}],
            "LineEx": {"any": []},
        },
        {
            "Amount": Decimal("150.00"),
            "LinkedTxn": [{"TxnId": "145", "TxnType": "Invoice"}],
        },
    ],
}


def allocated(*pairs):
    """Return allocations from (QuickBooks invoice id, amount)."""
    return tuple(Allocation(key, Decimal(amount), f"N{key}") for key, amount in pairs)


def linked(kind, key, amount):
    return {"Amount": amount, "LinkedTxn": [{"TxnId": key, "TxnType": kind}]}


class Case(NamedTuple):
    """A receipt and what must come of it, worked out by hand.

    lines: (invoice, amount) as sent; unapplied: what QuickBooks must be left with;
    error: (cause, values).
    """

    title: str
    amount: str
    allocations: list
    lines: list = ()
    unapplied: str = "0.00"
    error: tuple | None = None


CASES = [
    Case("one bill in full", "100.00", [("7", "100.00")], [("7", "100.00")]),
    Case("a part of one bill", "33.34", [("7", "33.34")], [("7", "33.34")]),
    Case(
        "three bills at once",
        "600.60",
        [("7", "100.10"), ("8", "200.20"), ("9", "300.30")],
        [("7", "100.10"), ("8", "200.20"), ("9", "300.30")],
    ),
    Case("on no bill", "750.00", [], [], "750.00"),
    Case("more than is owed", "150.00", [("7", "99.99")], [("7", "99.99")], "50.01"),
    Case("a cent is left", "0.02", [("7", "0.01")], [("7", "0.01")], "0.01"),
    # 0.10 + 0.20 is 0.30000000000000004 in binary
    Case(
        "dimes",
        "0.30",
        [("7", "0.10"), ("8", "0.20")],
        [("7", "0.10"), ("8", "0.20")],
    ),
    Case(
        "two allocations to one bill go as one line",
        "100.00",
        [("7", "30.00"), ("8", "20.00"), ("7", "40.00")],
        [("7", "70.00"), ("8", "20.00")],
        "10.00",
    ),
    Case("whole numbers get two places", "100", [("7", "1E+2")], [("7", "100.00")]),
    # 10.005 is kept as 10.01 on both sides
    Case("half a cent", "10.005", [("7", "10.005")], [("7", "10.01")]),
    Case(
        "a hundred bills of a cent",
        "1.00",
        [(f"{number:03}", "0.01") for number in range(100)],
        [(f"{number:03}", "0.01") for number in range(100)],
    ),
    Case(
        "large amount",
        "9999999.99",
        [("7", "9999999.98")],
        [("7", "9999999.98")],
        "0.01",
    ),
    Case(
        "a cent more than received",
        "100.00",
        [("7", "60.00"), ("8", "40.01")],
        error=(
            "allocation_too_large",
            {"allocated": "100.01 USD", "amount": "100.00 USD"},
        ),
    ),
    # 3 x 3.335 -> 3 x 3.34 = 10.02, as they would be sent
    Case(
        "too much once each is rounded",
        "10.01",
        [("7", "3.335"), ("8", "3.335"), ("9", "3.335")],
        error=(
            "allocation_too_large",
            {"allocated": "10.02 USD", "amount": "10.01 USD"},
        ),
    ),
    Case(
        "an allocation of nothing",
        "100.00",
        [("7", "60.00"), ("8", "0.00")],
        error=("amount_not_positive", {"amount": "0.00 USD"}),
    ),
    Case(
        "an allocation that is taken back",
        "100.00",
        [("7", "60.00"), ("7", "-10.00")],
        error=("amount_not_positive", {"amount": "-10.00 USD"}),
    ),
    Case(
        "less than half a cent",
        "0.004",
        [],
        error=("amount_not_positive", {"amount": "0.00 USD"}),
    ),
    Case(
        "a payment back to the client",
        "-20.00",
        [],
        error=("amount_not_positive", {"amount": "-20.00 USD"}),
    ),
    Case(
        "nothing received, something allocated",
        "0.00",
        [("7", "5.00")],
        error=("amount_not_positive", {"amount": "0.00 USD"}),
    ),
    Case(
        "a bill that is not in QuickBooks",
        "100.00",
        [("", "60.00")],
        error=("allocation_unknown_bill", {"bill": "N"}),
    ),
]


class TestAllocations(BaseCase):
    def test_cases_worked_out_by_hand(self):
        for case in CASES:
            with self.subTest(case.title):
                self.check_case(case)

    def check_case(self, case):
        payment = replace(
            PAYMENT,
            amount=Decimal(case.amount),
            allocations=allocated(*case.allocations),
        )
        problems = check_payment(payment, COMPANY)
        expected = [case.error] if case.error else []
        self.assertEqual([(one.cause, one.values) for one in problems], expected)
        if case.error:
            with self.assertRaises(DataError) as caught:
                map_payment(payment, COMPANY)
            self.assertEqual(caught.exception.cause, case.error[0])
            return
        payload = map_payment(payment, COMPANY)
        lines = [linked("Invoice", key, Decimal(amount)) for key, amount in case.lines]
        self.assertEqual(payload["Line"], lines)
        self.assertTrue(all(str(line["Amount"])[-3] == "." for line in payload["Line"]))
        # What QuickBooks makes of it, by hand, is what we expect of it.
        answer = {
            **payload,
            "UnappliedAmt": Decimal(case.unapplied),
            "PaymentRefNum": payment.number,
        }
        self.assertEqual(compare_payment(payment, answer), [])

    def test_all_problems_come_at_once(self):
        payment = replace(
            PAYMENT,
            currency="NZD",
            amount=Decimal("100.00"),
            allocations=(
                Allocation(None, Decimal("60.00"), "INV-7"),
                Allocation(None, Decimal("60.00"), "INV-8"),
                Allocation(None, Decimal("1.00"), "INV-7"),
            ),
        )
        problems = check_payment(payment, COMPANY)
        self.assertEqual(
            [one.cause for one in problems],
            ["currency_foreign", "allocation_unknown_bill", "allocation_too_large"],
        )
        self.assertEqual(problems[1].values, {"bill": "INV-7, INV-8"})
        for one in problems:
            sentence = CAUSES[one.cause].sentence._translate("en_US") % one.values
            self.assertNotIn("%(", sentence)

    def test_a_bill_without_number_is_waited_for_too(self):
        payment = replace(PAYMENT, allocations=(Allocation(None, Decimal("1.00")),))
        (problem,) = check_payment(payment, COMPANY)
        self.assertEqual(problem.values, {"bill": "?"})

    @PROPERTY
    @given(
        st.lists(
            st.tuples(
                st.sampled_from(["7", "8", "9"]),
                st.decimals(min_value="0.01", max_value=10**6, places=2),
            ),
            max_size=9,
        ),
        st.decimals(min_value=0, max_value=10**4, places=2),
    )
    def test_the_lines_are_the_allocations_to_the_cent(self, pairs, rest):
        total = sum((amount for _key, amount in pairs), rest)
        payment = replace(PAYMENT, amount=total, allocations=allocated(*pairs))
        if not total:
            return
        lines = map_payment(payment, COMPANY)["Line"]
        self.assertEqual(sum(line["Amount"] for line in lines), total - rest)
        invoices = [line["LinkedTxn"][0]["TxnId"] for line in lines]
        self.assertEqual(invoices, sorted({key for key, _amount in pairs}))
        less = replace(payment, amount=total - rest - Decimal("0.01"))
        causes = {one.cause for one in check_payment(less, COMPANY)}
        expected = "allocation_too_large" if less.amount > 0 else "amount_not_positive"
        self.assertEqual(causes, {expected})


class TestMapPayment(BaseCase):
    def test_a_new_payment_holds_the_intended_keys_only(self):
        self.assertEqual(
            map_payment(PAYMENT, COMPANY),
            {
                "TxnDate": "2026-10-14",
                "CustomerRef": {"value": "58"},
                "TotalAmt": Decimal("250.00"),
                "CurrencyRef": {"value": "USD"},
                "PaymentMethodRef": {"value": "2"},
                "PaymentRefNum": "200417",
                "DepositToAccountRef": {"value": "35"},
                "Line": [
                    linked("Invoice", "145", Decimal("150.00")),
                    linked("Invoice", "146", Decimal("60.00")),
                ],
                "PrivateNote": (
                    f"{REFERENCE}\nMatter: 1093 Lease of shop\n"
                    "Method: Cheque\nMemo: 3 inv"
                ),
            },
        )

    def test_an_update_is_a_full_one_of_the_same_keys(self):
        bound = replace(PAYMENT, quickbooks_id="300", sync_token="3")
        self.assertEqual(
            map_payment(bound, COMPANY),
            {
                "Id": "300",
                "SyncToken": "3",
                "sparse": False,
                **map_payment(PAYMENT, COMPANY),
            },
        )

    def test_what_is_not_known_is_left_out(self):
        bare = Payment(REFERENCE, "58", "USD", date(2026, 10, 14), Decimal("5"))
        self.assertEqual(
            map_payment(bare, COMPANY),
            {
                "TxnDate": "2026-10-14",
                "CustomerRef": {"value": "58"},
                "TotalAmt": Decimal("5.00"),
                "CurrencyRef": {"value": "USD"},
                "Line": [],
                "PrivateNote": REFERENCE,
            },
        )

    def test_the_number_is_cut_and_then_stands_in_the_note_in_full(self):
        for number, sent, is_told in (
            ("WIRE-2026-10-00012345", "WIRE-2026-10-00012345", False),
            ("WIRE-2026-10-000123456", "WIRE-2026-10-0001234…", True),
            (
                "FEDWIRE 20261014MMQFMP2B000117 / OUR REF 4411",
                "FEDWIRE 20261014MMQF…",
                True,
            ),
            ("ON ACCOUNT OF THE TWO  INVOICES", "ON ACCOUNT OF THE TW…", True),
            ("  EFT\n77120 ", "EFT 77120", False),
            ("<&'\"\\>", "<&'\"\\>", False),
            ("\U0001f4b5 77120", "77120", False),
        ):
            with self.subTest(number=number):
                payload = map_payment(replace(PAYMENT, number=number), COMPANY)
                self.assertEqual(payload["PaymentRefNum"], sent)
                limit = const.QUICKBOOKS_NUMBER_LENGTH
                self.assertLessEqual(len(payload["PaymentRefNum"]), limit)
                lines = payload["PrivateNote"].split("\n")
                full = f"Payment reference: {' '.join(number.split())}"
                self.assertEqual(lines[1] == full, is_told)

    def test_a_number_of_blanks_is_none(self):
        payload = map_payment(replace(PAYMENT, number=" \t"), COMPANY)
        self.assertNotIn("PaymentRefNum", payload)

    def test_only_the_memo_is_ever_cut_from_the_note(self):
        memo = "As agreed on the telephone. " * 160
        payment = replace(PAYMENT, memo=memo, number="N" * 40)
        note = map_payment(payment, COMPANY)["PrivateNote"]
        self.assertLessEqual(len(note), const.QUICKBOOKS_NOTE_LENGTH)
        self.assertGreater(len(note), const.QUICKBOOKS_NOTE_LENGTH - 10)
        start = (
            f"{REFERENCE}\nPayment reference: {'N' * 40}\n"
            "Matter: 1093 Lease of shop\nMethod: Cheque\nMemo: As agreed on"
        )
        self.assertTrue(note.startswith(start), note[:200])
        self.assertTrue(note.endswith("…"))

    def test_a_memo_of_several_lines_and_letters_of_four_bytes(self):
        payment = replace(PAYMENT, memo='\U0001f3db paid\nin "two" parts\tsee letter')
        note = map_payment(payment, COMPANY)["PrivateNote"]
        self.assertTrue(note.endswith('Memo: paid\nin "two" parts see letter'), note)

    def test_currency(self):
        foreign = replace(PAYMENT, currency="NZD")
        rated = replace(foreign, exchange_rate=Decimal("0.61250"))
        values = {"currency": "NZD", "home": "USD"}
        for payment, company, cause in (
            (foreign, COMPANY, "currency_foreign"),
            (rated, COMPANY, "currency_foreign"),
            (foreign, MULTICURRENCY, "exchange_rate_missing"),
            (
                replace(rated, exchange_rate=Decimal(0)),
                MULTICURRENCY,
                "exchange_rate_missing",
            ),
        ):
            (problem,) = check_payment(payment, company)
            self.assertEqual(problem.cause, cause)
            self.assertEqual(problem.values, values)
        payload = map_payment(rated, MULTICURRENCY)
        self.assertEqual(payload["CurrencyRef"], {"value": "NZD"})
        self.assertEqual(str(payload["ExchangeRate"]), "0.6125")
        home = replace(PAYMENT, exchange_rate=Decimal("1"))
        self.assertNotIn("ExchangeRate", map_payment(home, MULTICURRENCY))

    def test_removal(self):
        self.assertEqual(map_removal("300", "3"), {"Id": "300", "SyncToken": "3"})


class TestComparePayment(BaseCase):
    def test_the_same_to_the_cent_is_no_difference(self):
        self.assertEqual(compare_payment(PAYMENT, ANSWER), [])
        as_text = {**ANSWER, "TotalAmt": "250.000", "UnappliedAmt": "40"}
        self.assertEqual(compare_payment(PAYMENT, as_text), [])

    def test_each_difference_is_told_with_both_sides(self):
        ours = "Invoice 145: 150.00; Invoice 146: 60.00"
        first, second = ANSWER["Line"]
        for values, *expected in (
            ({"TotalAmt": 249.99}, ("total", "250.00 USD", "249.99 USD")),
            ({"UnappliedAmt": 0}, ("unapplied", "40.00 USD", "0.00 USD")),
            ({"PaymentRefNum": None}, ("number", "200417", "")),
            ({"CustomerRef": {"value": "59"}}, ("customer", "58", "59")),
            ({"TxnDate": "2026-10-15"}, ("date", "2026-10-14", "2026-10-15")),
            (
                {"DepositToAccountRef": {"value": "4"}},
                ("deposit account", "35", "4"),
            ),
            (
                {"Line": [first], "UnappliedAmt": 190},
                ("unapplied", "40.00 USD", "190.00 USD"),
                ("allocations", ours, "Invoice 146: 60.00"),
            ),
            # capped by QuickBooks at what was open
            (
                {"Line": [first, {**second, "Amount": 140}], "UnappliedAmt": 50},
                ("unapplied", "40.00 USD", "50.00 USD"),
                ("allocations", ours, "Invoice 145: 140.00; Invoice 146: 60.00"),
            ),
            # the right amount on another invoice
            (
                {"Line": [first, linked("Invoice", "147", 150)]},
                ("allocations", ours, "Invoice 146: 60.00; Invoice 147: 150.00"),
            ),
            # the figures are right, the currency is not
            (
                {"CurrencyRef": {"value": "NZD"}},
                ("total", "250.00 USD", "250.00 NZD"),
                ("unapplied", "40.00 USD", "40.00 NZD"),
            ),
        ):
            with self.subTest(values=values):
                found = compare_payment(PAYMENT, {**ANSWER, **values})
                self.assertEqual(found, [Difference(*one) for one in expected])

    def test_undeposited_funds_are_what_quickbooks_chooses(self):
        payment = replace(PAYMENT, deposit_account_id=None)
        self.assertEqual(compare_payment(payment, ANSWER), [])

    def test_an_empty_answer_differs_in_everything(self):
        self.assertEqual(
            [one.what for one in compare_payment(PAYMENT, {})],
            [
                "total",
                "unapplied",
                "number",
                "customer",
                "date",
                "allocations",
                "deposit account",
            ],
        )


class TestIsOurs(BaseCase):
    def test_by_the_reference_in_the_private_note(self):
        self.assertTrue(is_ours(REFERENCE, ANSWER))
        self.assertTrue(is_ours(REFERENCE, map_payment(PAYMENT, COMPANY)))
        other = REFERENCE.replace("500001", "50000")
        self.assertFalse(is_ours(other, ANSWER))
        self.assertFalse(is_ours(REFERENCE, {"PrivateNote": None}))

    def test_two_payments_alike_are_told_apart(self):
        twin = replace(PAYMENT, reference=REFERENCE.replace("500001", "500002"))
        payload = map_payment(twin, COMPANY)
        self.assertTrue(is_ours(twin.reference, payload))
        self.assertFalse(is_ours(REFERENCE, payload))


class TestFingerprints(BaseCase):
    def test_the_sources_changes_with_everything_that_is_sent(self):
        changes = [
            {"reference": "Actionstep receipt 500002 (hatfield)"},
            {"customer_id": "59"},
            {"currency": "AUD"},
            {"paid_on": date(2026, 10, 15)},
            {"amount": Decimal("250.01")},
            {"allocations": ()},
            {"allocations": PAYMENT.allocations[:1]},
            {"allocations": allocated(("145", "150.00"), ("147", "60.00"))},
            {"allocations": allocated(("145", "150.00"), ("146", "60.01"))},
            {"number": "200418"},
            {"number": "N" * 30},
            {"number": "N" * 31},
            {"method": "EFT"},
            {"method_id": None},
            {"memo": ""},
            {"matter": "1094 Lease of shop"},
            {"deposit_account_id": None},
            {"exchange_rate": Decimal("1.5")},
        ]
        payments = [PAYMENT, *(replace(PAYMENT, **values) for values in changes)]
        prints = set(map(source_fingerprint, payments))
        self.assertEqual(len(prints), len(payments))

    def test_the_sources_stays_for_the_same_content(self):
        first, second = PAYMENT.allocations
        split = (
            second,
            replace(first, amount=Decimal("100")),
            replace(first, amount=Decimal("50.000")),
        )
        for values in (
            {"quickbooks_id": "300", "sync_token": "4"},
            {"amount": Decimal("250.0")},
            {"allocations": (second, first)},
            {"allocations": split},
            {"allocations": (replace(first, bill_number="other"), second)},
            {"number": " 200417 ", "memo": "3  inv\n"},
        ):
            with self.subTest(values=values):
                same = replace(PAYMENT, **values)
                self.assertEqual(source_fingerprint(same), source_fingerprint(PAYMENT))

    def test_the_answers_changes_when_a_person_edits_it(self):
        first, second = ANSWER["Line"]
        edits = [
            {"TxnDate": "2026-10-15"},
            {"CustomerRef": {"value": "59"}},
            {"TotalAmt": Decimal("251")},
            {"PaymentRefNum": ""},
            {"PaymentMethodRef": {"value": "3"}},
            {"DepositToAccountRef": {"value": "4"}},
            {"ExchangeRate": Decimal("1.5")},
            {"Line": []},
            {"Line": [first]},
            {"Line": [first, {**second, "Amount": 149}]},
            {"Line": [first, linked("Invoice", "147", 150)]},
            {"Line": [first, linked("CreditMemo", "145", 150)]},
        ]
        answers = [ANSWER, *({**ANSWER, **values} for values in edits)]
        self.assertEqual(len(set(map(answer_fingerprint, answers))), len(answers))

    def test_the_answers_stays_when_only_quickbooks_moves(self):
        first, second = ANSWER["Line"]
        for values in (
            {"SyncToken": "2", "MetaData": {}, "PrivateNote": ""},
            {"LinkedTxn": [{"TxnId": "9", "TxnType": "Deposit"}]},
            {"Line": [{**second, "LineNum": 1}, {**first, "LineEx": None}]},
            {"CustomerRef": {"value": "58", "name": "Doe-Roe, Jane"}},
            {"TotalAmt": "250.0", "ExchangeRate": 1},
        ):
            with self.subTest(values=values):
                same = {**ANSWER, **values}
                self.assertEqual(answer_fingerprint(same), answer_fingerprint(ANSWER))

    def test_they_are_constants(self):
        # Stored on every pushed payment: another value would push them all again.
        self.assertEqual(
            source_fingerprint(PAYMENT),
            "1dd73c1ec7119b49aaef01b6c0b036ce0ba7076f967dc3ac6b0d48ae6fd6f469",
        )
        self.assertEqual(
            answer_fingerprint(ANSWER),
            "615397408fbc2446bc8d8779ef4a9b1f2adf919ce9e2571cf4f80a7cf7fd9659",
        )
