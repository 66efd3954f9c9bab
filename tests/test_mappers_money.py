from decimal import Decimal, InvalidOperation

from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.tests import BaseCase

from odoo.addons.actionstep_quickbooks.mappers import money

PROPERTY = settings(derandomize=True, deadline=None, database=None)
amounts = st.decimals(min_value=-(10**10), max_value=10**10, places=6)


class TestMoney(BaseCase):
    def test_cents_rounds_half_away_from_zero(self):
        for amount, expected in (
            ("0", "0.00"),
            ("1", "1.00"),
            ("0.004", "0.00"),
            ("0.005", "0.01"),
            ("2.675", "2.68"),  # 2.67 when it goes through a float
            ("1.005", "1.01"),
            ("-0.005", "-0.01"),
            ("-2.674", "-2.67"),
            ("448.39221", "448.39"),
            ("1E+3", "1000.00"),
        ):
            with self.subTest(amount=amount):
                self.assertEqual(str(money.cents(amount)), expected)
                self.assertEqual(str(money.cents(Decimal(amount))), expected)

    def test_zero_is_never_negative(self):
        self.assertEqual(str(money.cents("-0.001")), "0.00")
        self.assertEqual(money.to_text("-0.001", "USD"), "0.00 USD")

    def test_text_groups_thousands_and_names_the_currency(self):
        self.assertEqual(money.to_text("1234.5", "USD"), "1,234.50 USD")
        self.assertEqual(money.to_text("-1234567.005", "AUD"), "-1,234,567.01 AUD")
        self.assertEqual(money.to_text(0, "GBP"), "0.00 GBP")

    def test_same_cents_looks_at_two_places_only(self):
        self.assertTrue(money.same_cents("10.004", Decimal("10.0")))
        self.assertFalse(money.same_cents("10.00", "10.01"))

    def test_an_answer_may_hold_numbers_or_text_or_nothing(self):
        for value, expected in (
            (None, "0.00"),
            ("", "0.00"),
            (0, "0.00"),
            (Decimal("100.10"), "100.10"),
            ("100.1", "100.10"),
            (1.005, "1.01"),  # as it was written, not as a float is kept
        ):
            with self.subTest(value=value):
                self.assertEqual(str(money.from_answer(value)), expected)
        with self.assertRaises(InvalidOperation):
            money.from_answer("ten")

    def test_plain_number_has_one_text_for_one_value(self):
        for number, expected in (
            ("2.500", "2.5"),
            ("100", "100"),
            ("1E+2", "100"),
            ("0.00", "0"),
            ("-0.0", "0"),
            ("0.00010", "0.0001"),
        ):
            with self.subTest(number=number):
                self.assertEqual(str(money.plain_number(Decimal(number))), expected)

    @PROPERTY
    @given(amounts)
    def test_cents_is_the_nearest_and_stable(self, amount):
        rounded = money.cents(amount)
        self.assertLessEqual(abs(rounded - amount), Decimal("0.005"))
        self.assertEqual(str(money.cents(rounded)), str(rounded))
        self.assertEqual(money.cents(-amount), -rounded)

    @PROPERTY
    @given(amounts)
    def test_text_reads_back_as_the_same_cents(self, amount):
        text = money.to_text(amount, "USD").removesuffix(" USD").replace(",", "")
        self.assertEqual(Decimal(text), money.cents(amount))
