from dataclasses import replace
from decimal import Decimal

from odoo.tests import BaseCase

from odoo.addons.actionstep_quickbooks.exceptions import DataError
from odoo.addons.actionstep_quickbooks.mappers.kinds import (
    CREDIT_NOTE,
    CREDIT_USE,
    INVOICE,
    PAYMENT,
)

from . import test_mappers_credit_note as credit_note
from . import test_mappers_credit_use as credit_use
from . import test_mappers_invoice as invoice
from . import test_mappers_payment as payment

# A kind, one document of it, and QuickBooks' answer to that.
KINDS = (
    (INVOICE, "Invoice", invoice.INVOICE, invoice.ANSWER),
    (CREDIT_NOTE, "CreditMemo", credit_note.NOTE, credit_note.ANSWER),
    (PAYMENT, "Payment", payment.PAYMENT, payment.ANSWER),
    (CREDIT_USE, "Payment", credit_use.USE, credit_use.ANSWER),
)
COMPANY = credit_use.COMPANY


class TestKinds(BaseCase):
    def test_each_kind_is_asked_in_the_same_way(self):
        for kind, entity, value, answer in KINDS:
            with self.subTest(kind=kind.source_fingerprint.__module__):
                self.assertEqual(kind.entity, entity)
                self.assertEqual(kind.check(value, COMPANY), [])
                payload = kind.to_payload(value, COMPANY)
                self.assertIn(value.reference, payload["PrivateNote"])
                self.assertEqual(kind.compare(value, answer), [])
                other = {**answer, "CustomerRef": {"value": "99"}}
                (found,) = kind.compare(value, other)
                self.assertEqual(found.what, "customer")

    def test_each_kind_tells_its_problems_and_refuses_them(self):
        for kind, _, value, _ in KINDS:
            foreign = replace(value, currency="EUR")
            with self.subTest(kind=kind.source_fingerprint.__module__):
                (problem,) = kind.check(foreign, COMPANY)
                self.assertEqual(problem.cause, "currency_foreign")
                with self.assertRaises(DataError) as refused:
                    kind.to_payload(foreign, COMPANY)
                self.assertEqual(refused.exception.cause, "currency_foreign")

    def test_fingerprints_change_with_content_and_not_with_identity(self):
        for kind, _, value, answer in KINDS:
            with self.subTest(kind=kind.source_fingerprint.__module__):
                source = kind.source_fingerprint(value)
                pushed = replace(value, quickbooks_id="7", sync_token="3")
                moved = replace(value, customer_id="99")
                self.assertEqual(kind.source_fingerprint(pushed), source)
                self.assertNotEqual(kind.source_fingerprint(moved), source)
                theirs = kind.answer_fingerprint(answer)
                later = {**answer, "SyncToken": "9", "Balance": 0}
                edited = {**answer, "TotalAmt": Decimal("7.77")}
                self.assertEqual(kind.answer_fingerprint(later), theirs)
                self.assertNotEqual(kind.answer_fingerprint(edited), theirs)

    def test_a_credit_note_that_is_applied_meanwhile_is_no_difference(self):
        applied = {**credit_note.ANSWER, "RemainingCredit": 0, "Balance": 0}
        self.assertEqual(CREDIT_NOTE.compare(credit_note.NOTE, applied), [])
