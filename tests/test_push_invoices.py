from odoo.tests import tagged

from .common import ActionstepCase


@tagged("post_install", "-at_install")
class TestPushInvoices(ActionstepCase):
    def test_one_pass_brings_every_bill_to_quickbooks_once(self):
        connection = self._make_active()

        run = self._run(connection)

        self.assertEqual(run.state, "done", run.message)
        bills = [b for b in self.firm.bills if b.status in ("Open", "Closed")]
        self.assertEqual(set(connection.invoice_ids.mapped("state")), {"pushed"})
        self.assertEqual(len(connection.invoice_ids), len(bills))
        self.assertEqual(len(self._get_quickbooks_invoices()), len(bills))
        for bill in bills:
            [theirs] = self._get_quickbooks_invoices(bill.bill_id)
            self.assertEqual(self._amount(theirs["TotalAmt"]), bill.total_inclusive)
            self.assertEqual(
                self._amount(theirs["TxnTaxDetail"]["TotalTax"]), bill.total_tax
            )

    def test_second_pass_sends_nothing(self):
        connection = self._make_active()
        self._run(connection)
        self.sandbox.admin("quickbooks", "DELETE", "log")

        run = self._run(connection)

        self.assertEqual(run.state, "done")
        self.assertEqual(self.sandbox.requests("quickbooks"), [])
