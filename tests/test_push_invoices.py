"""Invoices as they come to QuickBooks: once, to the cent, and told in the chatter."""

import requests

from odoo.tests import tagged

from .common import ActionstepCase


class PushCase(ActionstepCase):
    def _assert_all_pushed(self, connection):
        """Assert that QuickBooks has every bill once, with its total and its tax."""
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


@tagged("post_install", "-at_install")
class TestPushInvoices(PushCase):
    def test_one_pass_brings_every_bill_to_quickbooks_once(self):
        connection = self._make_active()

        run = self._run(connection)

        self.assertEqual(run.state, "done", run.message)
        self.assertEqual((run.pulled_count, run.queued_count), (8, 8))
        self.assertEqual((run.pushed_count, run.failed_count), (8, 0))
        self._assert_all_pushed(connection)

    def test_link_in_the_chatter_leads_to_the_invoice(self):
        connection = self._make_active()
        self._run(connection)
        invoice = self._get_invoice(connection, 1001)
        self.assertIn(f'href="{invoice.quickbooks_url}"', self._get_notes(invoice)[0])

        page = requests.get(invoice.quickbooks_url, timeout=30)

        self.assertEqual(page.status_code, 200)
        self.assertIn("Invoice INV-10001", page.text)

    def test_second_pass_sends_nothing(self):
        connection = self._make_active()
        self._run(connection)
        self.sandbox.admin("quickbooks", "DELETE", "log")

        run = self._run(connection)

        self.assertEqual(run.state, "done")
        self.assertEqual(self.sandbox.requests("quickbooks"), [])

    def test_customers_go_before_their_invoices(self):
        connection = self._make_active()

        self._run(connection)

        kinds = [
            next(key for key in item if key in ("Customer", "Invoice"))
            for row in self.sandbox.requests("quickbooks", "/batch")
            for item in row["body"]["BatchItemRequest"]
            if "operation" in item
        ]
        self.assertEqual(kinds, ["Customer"] * 8 + ["Invoice"] * 8)

    def test_invoice_keeps_what_quickbooks_answered(self):
        connection = self._make_active()

        self._run(connection)

        invoice = self._get_invoice(connection, 1001)
        [theirs] = self._get_quickbooks_invoices(1001)
        self.assertEqual(invoice.quickbooks_id, theirs["Id"])
        self.assertEqual(invoice.quickbooks_sync_token, theirs["SyncToken"])
        self.assertEqual(invoice.quickbooks_number, theirs["DocNumber"])
        self.assertEqual(invoice.quickbooks_total, float(theirs["TotalAmt"]))
        self.assertEqual(
            theirs["CustomerRef"]["value"], invoice.participant_id.quickbooks_id
        )
        self.assertTrue(invoice.pushed_at)

    def test_chatter_tells_number_amount_and_where_it_stands(self):
        connection = self._make_active()

        self._run(connection)

        invoice = self._get_invoice(connection, 1001)
        note = self._get_notes(invoice)[0]
        self.assertIn("Created in QuickBooks: invoice INV-10001, total", note)
        self.assertIn("866.00", note)
        self.assertIn(f'href="{invoice.quickbooks_url}"', note)
        self.assertIn(f"txnId={invoice.quickbooks_id}", invoice.quickbooks_url)


@tagged("post_install", "-at_install")
class TestBatches(PushCase):
    firm_size = "70"

    def test_at_most_thirty_documents_go_in_one_request(self):
        connection = self._make_active()

        self._run(connection)

        rows = self.sandbox.requests("quickbooks", "/batch")
        batches = [r for r in rows if "Invoice" in r["body"]["BatchItemRequest"][0]]
        sizes = [len(row["body"]["BatchItemRequest"]) for row in batches]
        self.assertLessEqual(max(sizes), 30)
        self.assertEqual(sum(sizes), 70)
        ids = {row["query"]["requestid"] for row in batches}
        self.assertEqual(len(ids), len(batches))
        self._assert_all_pushed(connection)


class CountryCase(PushCase):
    """Every awkward bill of a firm outside the US, with the taxes of its country."""

    firm_size = "24"
    currency = ""

    def _push_all(self):
        # Odoo itself has no use for the firm's currency.
        self.assertFalse(self.env.ref(f"base.{self.currency}").active)
        connection = self._make_active()
        run = self._run(connection)
        self.assertEqual(run.state, "done", run.message)
        self._assert_all_pushed(connection)


@tagged("post_install", "-at_install")
class TestBritain(CountryCase):
    country, currency = "GB", "GBP"

    def test_every_bill_comes_to_the_cent(self):
        self._push_all()


@tagged("post_install", "-at_install")
class TestAustralia(CountryCase):
    country, currency = "AU", "AUD"

    def test_every_bill_comes_to_the_cent(self):
        self._push_all()
