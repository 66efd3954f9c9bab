from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.tests import BaseCase

from odoo.addons.actionstep_quickbooks.documents import QuickbooksTaxCode, TaxCode
from odoo.addons.actionstep_quickbooks.exceptions import CAUSES, DataError
from odoo.addons.actionstep_quickbooks.mappers.money import cents
from odoo.addons.actionstep_quickbooks.mappers.totals import (
    Candidate,
    derive_payments,
    find_tax_code,
)

PROPERTY = settings(derandomize=True, deadline=None, database=None, max_examples=300)


def make_candidate(code, percentage, target):
    """Return a tax code of Actionstep mapped to the QuickBooks tax code of an id."""
    return Candidate(
        TaxCode(code, code, "", Decimal(percentage)),
        QuickbooksTaxCode(target, target, "", True, True),
    )


STANDARD = make_candidate("VAT20", "20", "5")
REDUCED = make_candidate("VAT5", "5", "6")
ZERO_RATED = make_candidate("ZERO", "0", "7")
EXEMPT = make_candidate("EXEMPT", "0", "8")
# an older code of the same rate, mapped to the same QuickBooks tax code
OLD_STANDARD = make_candidate("VAT20-OLD", "20", "5")
IMPORT = make_candidate("VAT20-IMPORT", "20", "9")
QUEBEC = make_candidate("GSTQST", "14.975", "10")
MARITIMES = make_candidate("HST15", "15", "11")
BRITISH = (STANDARD, REDUCED, ZERO_RATED)

# title, net, tax, candidates, tax-free candidate, what is found (None: unclear)
CASES = [
    ("the standard rate", "100.00", "20.00", BRITISH, None, STANDARD),
    ("the reduced rate", "100.00", "5.00", BRITISH, None, REDUCED),
    # 333.33 x 20 % = 66.666 -> 66.67
    ("half-up", "333.33", "66.67", BRITISH, None, STANDARD),
    ("a cent less", "333.33", "66.66", BRITISH, None, STANDARD),
    ("a cent more", "333.33", "66.68", BRITISH, None, STANDARD),
    ("two cents less", "333.33", "66.65", BRITISH, None, None),
    ("two cents more", "333.33", "66.69", BRITISH, None, None),
    # 100 of fees at 20 % and 50 of expenses at none
    ("two rates on one bill", "150.00", "20.00", BRITISH, None, None),
    ("tax of a rate that is not mapped", "100.00", "17.50", BRITISH, None, None),
    ("tax on nothing", "0.00", "5.00", BRITISH, None, None),
    ("tax of the other sign", "100.00", "-20.00", BRITISH, None, None),
    ("no candidates at all", "100.00", "20.00", (), None, None),
    ("no tax, one code of 0 %", "100.00", "0.00", BRITISH, None, ZERO_RATED),
    ("no tax, two of 0 %", "9.00", "0", (*BRITISH, EXEMPT), None, None),
    ("no tax, and which code is said", "9.00", "0", BRITISH, EXEMPT, EXEMPT),
    ("no tax, none of 0 %", "100.00", "0.00", (STANDARD,), None, None),
    ("no tax and no amount", "0.00", "0.00", BRITISH, None, ZERO_RATED),
    # 0.02 x 20 % = 0.004 -> 0.00; no tax never makes a taxed code
    ("no tax on two cents", "0.02", "0.00", BRITISH, None, ZERO_RATED),
    ("a cent of tax is not 0 %", "100.00", "0.01", BRITISH, EXEMPT, None),
    # 0.10 x 20 % = 0.02, x 5 % = 0.005 -> 0.01
    ("too small to tell", "0.10", "0.02", BRITISH, None, None),
    # 0.20 x 20 % = 0.04, x 5 % = 0.01
    ("large enough to tell", "0.20", "0.04", BRITISH, None, STANDARD),
    ("two of one target", "100", "20", (STANDARD, OLD_STANDARD), None, STANDARD),
    ("two codes, two targets", "100.00", "20.00", (STANDARD, IMPORT), None, None),
    # 40.00 x 14.975 % = 5.99, x 15 % = 6.00
    ("two close rates", "40.00", "6.00", (QUEBEC, MARITIMES), None, None),
    # 200.00 x 14.975 % = 29.95, x 15 % = 30.00
    ("two close rates, apart", "200.00", "29.95", (QUEBEC, MARITIMES), None, QUEBEC),
    ("a rate of three places", "4495.16", "673.15", (QUEBEC,), None, QUEBEC),
]


class TestFindTaxCode(BaseCase):
    def test_cases_worked_out_by_hand(self):
        for title, net, tax, candidates, tax_free, expected in CASES:
            arguments = (Decimal(net), Decimal(tax), "GBP", candidates, tax_free)
            with self.subTest(title):
                if expected:
                    self.assertIs(find_tax_code(*arguments), expected)
                    continue
                with self.assertRaises(DataError) as refused:
                    find_tax_code(*arguments)
                self.assertEqual(refused.exception.cause, "tax_unclear")

    def test_the_sentence_names_the_amounts_and_the_detail_the_codes(self):
        with self.assertRaises(DataError) as refused:
            find_tax_code(Decimal(100), Decimal(20), "GBP", (STANDARD, IMPORT))
        error = refused.exception
        self.assertEqual(error.values, {"tax": "20.00 GBP", "net": "100.00 GBP"})
        sentence = CAUSES[error.cause].sentence._translate("en_US") % error.values
        self.assertIn("20.00 GBP of tax on 100.00 GBP", sentence)
        self.assertIn("'VAT20', 'VAT20-IMPORT'", error.detail)

    @PROPERTY
    @given(
        st.decimals(min_value=10, max_value=1_000_000, places=2),
        st.sampled_from((STANDARD, REDUCED)),
        st.integers(min_value=-1, max_value=1),
    )
    def test_a_bill_of_one_rate_is_always_found(self, net, candidate, off):
        tax = cents(net * candidate.source.percentage / 100) + Decimal(off) / 100
        self.assertIs(find_tax_code(net, tax, "GBP", BRITISH), candidate)

    @PROPERTY
    @given(
        st.decimals(min_value=0, max_value=1000, places=2),
        st.decimals(min_value=0, max_value=300, places=2),
        st.lists(st.sampled_from((*BRITISH, QUEBEC, MARITIMES, IMPORT)), unique=True),
    )
    def test_what_is_found_gives_the_tax_and_nothing_else_does(self, net, tax, codes):
        def gives(candidate):
            computed = cents(net * candidate.source.percentage / 100)
            return abs(computed - tax) <= Decimal("0.01")

        try:
            found = find_tax_code(net, tax, "GBP", codes)
        except DataError:
            fitting = {one.target.tax_code_id for one in codes if gives(one)}
            self.assertTrue(len(fitting) != 1 or cents(tax) <= Decimal("0.01"))
            return
        self.assertTrue(gives(found))
        if tax > Decimal("0.01"):
            others = [one for one in codes if gives(one)]
            self.assertEqual(others, [found])


def derived(paid, *known):
    amounts = derive_payments(Decimal(paid), [Decimal(amount) for amount in known])
    return [str(amount) for amount in amounts]


money = st.decimals(min_value=0, max_value=10_000, places=2)


class TestDerivePayments(BaseCase):
    def test_cases_worked_out_by_hand(self):
        for paid, known, expected in (
            ("0", (), []),
            ("100", (), ["100.00"]),
            ("100", ("100",), ["100.00"]),
            ("150.50", ("100",), ["100.00", "50.50"]),
            # taken off the newest first
            ("120", ("100", "50"), ["100.00", "20.00"]),
            ("100", ("100", "50"), ["100.00", "0.00"]),
            ("60", ("100", "50"), ["60.00", "0.00"]),
            ("0", ("100", "50"), ["0.00", "0.00"]),
            # what was removed stays removed; growth is a new one
            ("130", ("100", "0"), ["100.00", "0.00", "30.00"]),
            # a refund beyond what was paid
            ("-5", ("100",), ["0.00"]),
            ("0.004", (), []),
        ):
            with self.subTest(paid=paid, known=known):
                self.assertEqual(derived(paid, *known), expected)

    @PROPERTY
    @given(money, st.lists(money, max_size=6))
    def test_payments_add_up_and_change_as_little_as_possible(self, paid, known):
        amounts = derive_payments(paid, known)
        self.assertEqual(sum(amounts), paid)
        self.assertEqual(derive_payments(paid, amounts), amounts)
        kept, new = amounts[: len(known)], amounts[len(known) :]
        grown = paid - sum(known)
        self.assertEqual(new, [grown] if grown > 0 else [])
        for place, (amount, before) in enumerate(zip(kept, known, strict=True)):
            self.assertTrue(0 <= amount <= before)
            if amount < before:
                self.assertFalse(any(kept[place + 1 :]))

    @PROPERTY
    @given(st.lists(money, max_size=8))
    def test_whatever_the_total_does_payments_follow_it(self, totals):
        payments = []
        for paid in totals:
            payments = derive_payments(paid, payments)
            self.assertEqual(sum(payments), paid)
