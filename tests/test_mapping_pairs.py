"""Which pairs of entries go together: a table of cases for each map."""

from decimal import Decimal

from odoo.tests import BaseCase, tagged

from odoo.addons.actionstep_quickbooks.mappers.pairs import (
    ODD,
    WRONG,
    Entry,
    check_account,
    check_item,
    check_tax,
)
from odoo.addons.actionstep_quickbooks.models.map_sentences import PROBLEMS

BANK = {"section": "asset", "is_bank": True}
TRUST = {**BANK, "is_trust": True}
LIABILITY = {"section": "liability"}
SECTIONS = ("income", "expense", "asset", "liability", "equity")


def account(**values):
    return Entry(key=1, **values)


def code(rate, name="", *, is_taxable=True, words=""):
    rate = None if rate is None else Decimal(rate)
    return Entry(key=1, name=name, rate=rate, is_taxable=is_taxable, words=words)


@tagged("post_install", "-at_install")
class TestPairs(BaseCase):
    def _assert_problem(self, problem, level, cause):
        self.assertEqual(problem, (level, cause) if cause else None)
        if cause:
            self.assertIn(cause, PROBLEMS)

    def test_accounts(self):
        cases = (
            (BANK, BANK, None, None),
            (TRUST, TRUST, None, None),
            (TRUST, BANK, WRONG, "trust_to_operating"),
            (TRUST, {}, WRONG, "trust_to_operating"),
            (BANK, TRUST, WRONG, "operating_to_trust"),
            ({"section": "income"}, TRUST, WRONG, "operating_to_trust"),
            ({**LIABILITY, "is_trust": True}, LIABILITY, None, None),
            ({"section": "expense"}, BANK, ODD, "result_to_balance"),
            (BANK, {"section": "income"}, ODD, "result_to_balance"),
            ({"section": "income"}, {"section": "equity"}, ODD, "result_to_balance"),
            (BANK, {"section": "asset"}, None, None),  # Undeposited Funds
            (BANK, {"section": "liability"}, ODD, "bank_to_other"),
            ({"section": "asset"}, BANK, ODD, "other_to_bank"),
            ({"section": "income"}, {"section": "expense"}, ODD, "section_differs"),
            ({"section": "asset"}, {"section": "liability"}, ODD, "section_differs"),
            ({}, {"section": "income"}, None, None),
            ({"section": "income"}, {}, None, None),
            (BANK, {}, None, None),
        )
        for source, target, level, cause in cases:
            with self.subTest(source=source, target=target):
                problem = check_account(account(**source), account(**target))
                self._assert_problem(problem, level, cause)

    def test_same_section_goes_together(self):
        for section in SECTIONS:
            one = account(section=section)
            with self.subTest(section=section):
                self.assertIsNone(check_account(one, one))

    def test_items(self):
        product, category = account(), account(is_sellable=False)
        cases = (
            ({"section": "income"}, product, None, None),
            ({"section": "expense"}, product, None, None),
            ({}, product, None, None),
            ({"section": "income"}, category, WRONG, "not_sellable"),
            (BANK, product, WRONG, "bank_as_product"),
            (TRUST, product, WRONG, "bank_as_product"),
            ({"section": "asset"}, product, ODD, "balance_as_product"),
            ({"section": "liability"}, product, ODD, "balance_as_product"),
        )
        for source, target, level, cause in cases:
            with self.subTest(source=source, target=target):
                problem = check_item(account(**source), target)
                self._assert_problem(problem, level, cause)

    def test_taxes(self):
        pseudo, none = code(None, "TAX"), code(None, "NON", is_taxable=False)
        cases = (
            (code("8.25"), code("8.25"), None, None),
            (code("8.25"), code("8.2500"), None, None),
            (code("8.25"), code("8.875"), WRONG, "rate_differs"),
            (code("0"), code("20"), WRONG, "rate_differs"),
            (code("0"), code("0.005"), WRONG, "rate_differs"),
            (code("14.98"), code("14.975"), ODD, "rate_differs"),
            (code("14.98"), code("14.97"), WRONG, "rate_differs"),
            (code("20"), code("0"), ODD, "taxed_as_untaxed"),
            (code("20"), none, ODD, "taxed_as_untaxed"),
            (code("0"), none, None, None),
            (code("0"), pseudo, WRONG, "untaxed_as_taxed"),
            (code("8.25"), pseudo, ODD, "rate_unknown"),
            (code("0", "EX", words="Exempt from VAT"), code("0", "Exempt"), None, None),
            (
                code("0", "EX", words="Exempt from VAT"),
                code("0", "0.0% Z", words="Zero rate"),
                ODD,
                "treatment_differs",
            ),
            (code("0", "NT", words="No tax"), code("0", "Exempt"), None, None),
            (
                code("20", "RC", words="Reverse charge"),
                code("20"),
                ODD,
                "treatment_differs",
            ),
        )
        for source, target, level, cause in cases:
            with self.subTest(source=source, target=target):
                self._assert_problem(check_tax(source, target), level, cause)

    def test_code_without_rate_is_right_for_automated_sales_tax(self):
        pseudo = code(None, "TAX")
        self.assertIsNone(check_tax(code("8.25"), pseudo, is_automated=True))
        problem = check_tax(code("0"), pseudo, is_automated=True)
        self._assert_problem(problem, WRONG, "untaxed_as_taxed")
