"""What a pass costs that finds nothing new: the same with few bills and with many."""

from odoo.tests import tagged

from .test_cron import CronCase


@tagged("post_install", "-at_install")
class TestCost(CronCase):
    """An idle pass costs the same whether a firm has few bills or many."""

    def _count_idle_pass(self):
        """Return how many statements a pass takes that finds nothing new."""
        for _number in range(2):
            self._run(self.connection)
        before = self.env.cr.sql_log_count
        run = self._run(self.connection)
        self.assertEqual((run.state, run.pulled_count), ("done", 0))
        return self.env.cr.sql_log_count - before

    def test_idle_pass_costs_the_same_with_many_bills(self):
        few = self._count_idle_pass()
        for _number in range(52):
            self._add_bill()

        many = self._count_idle_pass()

        self.assertEqual(len(self._get_quickbooks_invoices()), 60)
        self.assertEqual(many, few)

    def test_idle_pass_over_trouble_costs_the_same_with_more_of_it(self):
        self._edit_bill(1001, number="")
        few = self._count_idle_pass()
        for bill in self.firm.bills:
            self._edit_bill(bill.bill_id, number="")

        many = self._count_idle_pass()

        states = self.connection.invoice_ids.mapped("state")
        self.assertEqual(set(states), {"attention"})
        self.assertEqual(many, few)
