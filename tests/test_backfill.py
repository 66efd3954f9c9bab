"""Start date: nothing before it is pushed; moved earlier, the rest follows."""

from datetime import date

from odoo.tests import tagged

from .common import ActionstepCase


@tagged("post_install", "-at_install")
class TestBackfill(ActionstepCase):
    firm_size = "40"

    def setUp(self):
        super().setUp()
        dates = sorted(bill.bill_date for bill in self.firm.bills)
        self.late = dates[-10]
        self.connection = self._make_active(start_date=self.late)
        self._run(self.connection)

    def _count(self, state):
        return len(self.connection.invoice_ids.filtered(lambda one: one.state == state))

    def test_nothing_before_the_start_date_is_pushed(self):
        early = [one for one in self.firm.bills if one.bill_date < self.late]

        self.assertEqual(self._count("skipped"), len(early))
        self.assertEqual(
            len(self._get_quickbooks_invoices()), len(self.firm.bills) - len(early)
        )

    def test_earlier_start_date_brings_the_rest(self):
        self.connection.start_date = date(2000, 1, 1)

        self._run(self.connection)

        self.assertEqual(self._count("skipped"), 0)
        self.assertEqual(len(self._get_quickbooks_invoices()), len(self.firm.bills))

    def test_earlier_start_date_wakes_the_schedule(self):
        triggers = self.env["ir.cron.trigger"].search_count([])

        self.connection.start_date = date(2000, 1, 1)

        self.assertGreater(self.env["ir.cron.trigger"].search_count([]), triggers)

    def test_later_start_date_leaves_what_stands_in_quickbooks(self):
        pushed = self._get_quickbooks_invoices()

        self.connection.start_date = date(2099, 1, 1)
        self._run(self.connection)

        self.assertEqual(self._get_quickbooks_invoices(), pushed)
        self.assertEqual(self._count("pushed"), len(pushed))
