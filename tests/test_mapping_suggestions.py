"""What is proposed for which entry, and why; and what is left to the bookkeeper."""

import time
from decimal import Decimal

from odoo.tests import BaseCase, tagged

from odoo.addons.actionstep_quickbooks.mappers.pairs import Entry
from odoo.addons.actionstep_quickbooks.mappers.suggestions import (
    propose_accounts,
    propose_items,
    propose_taxes,
    words_of,
)
from odoo.addons.actionstep_quickbooks.models.map_sentences import REASONS


def ours(key, number, name, section="income", **values):
    return Entry(key, number, name, section, **values)


def theirs(key, name, number="", section="income", **values):
    return Entry(key, number, name, section, **values)


def code(key, name, rate, words="", **values):
    rate = None if rate is None else Decimal(rate)
    return Entry(key, name=name, rate=rate, words=words, **values)


class SuggestionCase(BaseCase):
    def _assert_proposed(self, proposals, expected):
        """:param expected: ``{source: (target, reason)}``"""
        found = {one.source: (one.target, one.reason) for one in proposals}
        self.assertEqual(found, expected)
        self.assertLessEqual({one.reason for one in proposals}, REASONS.keys())
        self.assertTrue(all(0 < one.strength <= 1 for one in proposals))


@tagged("post_install", "-at_install")
class TestAccounts(SuggestionCase):
    def test_by_number_whatever_stands_between_its_digits(self):
        for number in ("4-1100", "41100", "4.1100"):
            with self.subTest(number=number):
                self._assert_proposed(
                    propose_accounts(
                        [ours(1, "4-1100", "Fees")],
                        [theirs(1, "Something", number), theirs(2, "Else", "41200")],
                    ),
                    {1: (1, "same_number")},
                )

    def test_number_counts_for_more_than_name(self):
        targets = [theirs(1, "Travel", "4200"), theirs(2, "Meals", "4100")]
        self._assert_proposed(
            propose_accounts([ours(1, "4100", "Travel")], targets),
            {1: (2, "same_number")},
        )

    def test_last_part_of_a_number_with_a_name_that_is_alike(self):
        targets = [theirs(1, "Legal Fee Income", "1100"), theirs(2, "Rent", "1200")]
        self._assert_proposed(
            propose_accounts([ours(1, "4-1100", "Fee Income")], targets),
            {1: (1, "number_end")},
        )

    def test_number_of_another_section_is_no_reason(self):
        bank = theirs(1, "Bank", "1200", "asset", is_bank=True)
        self._assert_proposed(
            propose_accounts([ours(1, "1200", "Tax Payable", "liability")], [bank]), {}
        )

    def test_by_name_without_regard_to_case_and_plural(self):
        cases = (
            ("Court Filing Fees", "court filing fees", "same_name"),
            ("Court Filing Fee", "Court Filing Fees", "similar_name"),
            ("Professional Fees", "Legal Fees", "similar_name"),
            ("Disbursements Recovered", "Reimbursed Client Costs", "similar_name"),
            ("Copies & Printing", "Printing and Copies", "similar_name"),
        )
        for name, target, reason in cases:
            with self.subTest(name=name, target=target):
                targets = [theirs(1, target), theirs(2, "Bank Charges")]
                self._assert_proposed(
                    propose_accounts([ours(1, "", name)], targets), {1: (1, reason)}
                )

    def test_name_that_is_the_same_counts_for_more_than_the_same_words(self):
        targets = [theirs(1, "Fund A"), theirs(2, "Fund B")]
        self._assert_proposed(
            propose_accounts([ours(1, "", "Fund B")], targets), {1: (2, "same_name")}
        )

    def test_words_that_everything_has_are_no_likeness(self):
        names = ("Fixed Fees", "Hourly Fees", "Notary Fees", "Search Fees")
        targets = [theirs(key, name) for key, name in enumerate(names, 1)]
        self._assert_proposed(
            propose_accounts([ours(1, "", "Mediation Fees")], targets), {}
        )

    def test_two_that_fit_equally_are_left_to_the_bookkeeper(self):
        targets = [theirs(1, "Travel"), theirs(2, "Travel")]
        self._assert_proposed(propose_accounts([ours(1, "", "Travel")], targets), {})

    def test_an_account_is_proposed_once_to_the_one_it_fits_best(self):
        sources = [ours(1, "", "Travel Costs Abroad"), ours(2, "", "Travel Costs")]
        self._assert_proposed(
            propose_accounts(sources, [theirs(1, "Travel Costs")]),
            {2: (1, "same_name")},
        )
        same = [ours(1, "", "Travel"), ours(2, "", "Travel")]
        self._assert_proposed(propose_accounts(same, [theirs(1, "Travel")]), {})

    def test_only_bank_accounts_of_their_kind(self):
        bank, trust = {"is_bank": True}, {"is_bank": True, "is_trust": True}
        sources = [
            ours(1, "", "Westpac 123", "asset", **bank),
            ours(2, "", "Solicitors 77", "asset", **trust),
        ]
        targets = [
            theirs(1, "Checking", "", "asset", **bank),
            theirs(2, "IOLTA", "", "asset", **trust),
        ]
        self._assert_proposed(
            propose_accounts(sources, targets),
            {1: (1, "only_bank"), 2: (2, "only_trust")},
        )
        second = theirs(3, "Savings", "", "asset", **bank)
        self._assert_proposed(
            propose_accounts(sources, [*targets, second]), {2: (2, "only_trust")}
        )

    def test_trust_and_operating_are_never_proposed_for_each_other(self):
        source = ours(1, "1-1120", "Trust Bank", "asset", is_bank=True, is_trust=True)
        target = theirs(1, "Trust Bank", "1-1120", "asset", is_bank=True)
        self._assert_proposed(propose_accounts([source], [target]), {})

    def test_nothing_of_nothing(self):
        self.assertEqual(propose_accounts([], []), [])
        self.assertEqual(propose_accounts([ours(1, "", "")], [theirs(1, "")]), [])

    def test_large_charts_are_quick(self):
        words = [f"{chr(97 + n % 26)}{chr(97 + n // 26)}x fees" for n in range(600)]
        sources = [ours(n, str(9000 + n), word) for n, word in enumerate(words)]
        targets = [theirs(n, word) for n, word in enumerate(words)]
        started = time.process_time()

        proposals = propose_accounts(sources, targets)

        self.assertLess(time.process_time() - started, 2)
        self.assertEqual(len(proposals), 600)


@tagged("post_install", "-at_install")
class TestItems(SuggestionCase):
    def _product(self, key, name, feeds="", **values):
        return Entry(key, name=name, feeds=feeds, **values)

    def test_by_name_or_by_the_account_it_feeds(self):
        products = [
            self._product(1, "Hours", "Fee Income"),
            self._product(2, "Court Filing Fees", "Costs"),
            self._product(3, "Travel Expenses", "Costs"),
        ]
        sources = [
            ours(1, "4-1", "Fee Income"),
            ours(2, "6-1", "Court Filing Fees", "expense"),
            ours(3, "6-2", "Travel", "expense"),
        ]
        self._assert_proposed(
            propose_items(sources, products),
            {1: (1, "feeds"), 2: (2, "same_name"), 3: (3, "similar_name")},
        )

    def test_account_that_several_products_feed_is_no_reason(self):
        products = [self._product(n, f"Product {n}", "Fee Income") for n in (1, 2)]
        self._assert_proposed(propose_items([ours(1, "", "Fee Income")], products), {})

    def test_two_accounts_may_share_a_product(self):
        sources = [ours(1, "4-1", "Travel"), ours(2, "6-1", "Travel", "expense")]
        self._assert_proposed(
            propose_items(sources, [self._product(1, "Travel")]),
            {1: (1, "same_name"), 2: (1, "same_name")},
        )

    def test_category_is_never_proposed(self):
        category = self._product(1, "Travel", is_sellable=False)
        self._assert_proposed(propose_items([ours(1, "", "Travel")], [category]), {})


@tagged("post_install", "-at_install")
class TestTaxes(SuggestionCase):
    def test_only_code_of_its_rate(self):
        targets = [
            code(1, "California 8.25%", "8.25"),
            code(2, "TAX", None),
            code(3, "NON", None, is_taxable=False),
        ]
        sources = [code(1, "T", "8.25"), code(2, "NT", "0.00"), code(3, "C", "9.5")]
        self._assert_proposed(
            propose_taxes(sources, targets),
            {1: (1, "only_rate"), 2: (3, "only_rate")},
        )

    def test_codes_of_no_tax_by_what_they_mean(self):
        targets = [
            code(1, "Exempt", "0"),
            code(2, "0.0% Z", "0", "Zero rate"),
            code(3, "No VAT", "0"),
        ]
        sources = [
            code(1, "NT", "0", "Outside the scope of VAT"),
            code(2, "Z 0", "0", "VAT zero rate"),
            code(3, "EX", "0", "Exempt from VAT"),
        ]
        found = {one.source: one.target for one in propose_taxes(sources, targets)}
        self.assertEqual(found, {1: 3, 2: 2, 3: 1})

    def test_codes_of_one_rate_by_their_names(self):
        targets = [code(1, "HST Ontario", "13"), code(2, "HST Nova Scotia", "13")]
        source = code(1, "H13", "13", "Harmonized, Ontario")
        self._assert_proposed(
            propose_taxes([source], targets), {1: (1, "rate_and_name")}
        )
        self._assert_proposed(propose_taxes([code(1, "X", "13")], targets), {})

    def test_reverse_charge_is_not_taken_for_the_standard_rate(self):
        source = code(1, "RC 20", "20", "Reverse charge")
        self._assert_proposed(propose_taxes([source], [code(1, "20.0% S", "20")]), {})

    def test_another_rate_is_never_proposed(self):
        self._assert_proposed(
            propose_taxes([code(1, "GST", "10")], [code(1, "GST", "12.5")]), {}
        )


@tagged("post_install", "-at_install")
class TestWords(BaseCase):
    def test_words_that_tell_something(self):
        cases = {
            "Trust Bank Account": {"trust", "bank"},
            "Accounts Receivable (A/R)": {"receivable"},
            "Agencies": {"agency"},
            "Process Serving": {"process", "serving"},
            "4-1100": set(),
        }
        for name, words in cases.items():
            with self.subTest(name=name):
                self.assertEqual(words_of(name), words)
