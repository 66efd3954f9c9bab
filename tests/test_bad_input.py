"""Bills as they should not be, and refusals of single documents.

Each stops its own bill, says so in a sentence, and no other bill waits for it.
"""

from odoo.tests import tagged

from .relay import item_fault, spoil_invoice
from .test_plan import PlanCase

AT = "2026-09-01T00:00:00Z"
INVOICES = {"method": "POST", "path": "/batch", "body": '"Invoice"'}


class BadInputCase(PlanCase):
    def _assert_alone(self, bill_id, cause, sentence=""):
        """Assert that a bill needs attention, and that all others were pushed."""
        invoice = self._assert_state(bill_id, "attention", cause, sentence)
        others = self.connection.invoice_ids - invoice
        self.assertEqual(set(others.mapped("state")), {"pushed"})
        self.assertEqual(self._get_quickbooks_invoices(bill_id), [])
        self.assertEqual(len(self._get_quickbooks_invoices()), len(others))
        return invoice


@tagged("post_install", "-at_install")
class TestBills(BadInputCase):
    def test_bill_without_client(self):
        self._edit_bill(1001, client_id=None)
        self._run(self.connection)
        self._assert_alone(
            1001, "client_missing", "names no client, so no QuickBooks customer"
        )

    def test_bill_without_number(self):
        self._edit_bill(1001, number="")
        self._run(self.connection)
        self._assert_alone(
            1001, "number_missing", "has no number. Give it one in Actionstep."
        )

    def test_bill_without_date(self):
        self._edit_bill(1001, bill_date=None)
        self._run(self.connection)
        self._assert_alone(
            1001, "date_missing", "has no date. Give it one in Actionstep."
        )

    def test_bill_in_a_currency_that_nobody_knows(self):
        self._edit_bill(1001, currency="XQQ")
        self._run(self.connection)
        sentence = "is in XQQ, a currency that Odoo does not know."
        self._assert_alone(1001, "currency_unknown", sentence)

    def test_bill_without_currency(self):
        self._edit_bill(1001, currency="")
        self._run(self.connection)
        self._assert_alone(1001, "currency_unknown")

    def test_bill_in_another_currency_than_the_books(self):
        self._edit_bill(1001, currency="EUR")
        self._run(self.connection)
        sentence = "is in EUR, but the QuickBooks company keeps its books in USD"
        self._assert_alone(1001, "currency_foreign", sentence)

    def test_currency_that_odoo_learns_later_lets_the_bills_go(self):
        self._switch("actionstep", bill_filters="honoured")
        dollar = self.env.ref("base.USD")
        # Renamed, because the currency of Odoo's company cannot be archived.
        dollar.name = "USX"
        self._run(self.connection)
        causes = self.connection.invoice_ids.mapped("failure_cause")
        self.assertEqual(set(causes), {"currency_unknown"})

        dollar.name = "USD"
        self._run(self.connection)

        self.assertEqual(set(self.connection.invoice_ids.mapped("state")), {"pushed"})
        self.assertEqual(len(self._get_quickbooks_invoices()), 8)

    def test_bill_below_zero(self):
        self._replace_lines(1001, {"amount_exclusive": "-50.00", "tax_code": "NT"})
        self._switch("actionstep", negative_bills=True)
        self._run(self.connection)
        sentence = "QuickBooks takes no negative invoice."
        self._assert_alone(1001, "total_negative", sentence)

    def test_bill_of_more_lines_than_quickbooks_takes(self):
        line = {"amount_exclusive": "1.00", "tax_code": "NT"}
        self._replace_lines(1001, *[line] * 751)
        self._run(self.connection)
        sentence = "QuickBooks takes at most 750 lines"
        invoice = self._assert_alone(1001, "lines_too_many", sentence)
        self.assertIn("has 751", invoice.failure_message)

    def test_bill_of_as_many_lines_as_quickbooks_takes(self):
        line = {"amount_exclusive": "1.00", "tax_code": "NT"}
        self._replace_lines(1001, *[line] * 750)
        self._run(self.connection)
        self._assert_state(1001, "pushed")
        self.assertEqual(
            self._amount(self._get_quickbooks_invoices(1001)[0]["TotalAmt"]),
            self._amount(750),
        )

    def test_line_of_an_unknown_kind(self):
        line = {"amount_exclusive": "9.00", "tax_code": "NT", "kind": "gift"}
        self._replace_lines(1001, line)
        self._run(self.connection)
        sentence = "Line 1 is neither a fee nor an expense but gift."
        self._assert_alone(1001, "line_unknown_kind", sentence)

    def test_tax_that_does_not_follow_the_rate(self):
        line = {"amount_exclusive": "100.00", "tax_code": "TAX 8.25"}
        self._replace_lines(1001, {**line, "tax_amount": "20.00"})
        self._run(self.connection)
        sentence = (
            "20.00 USD of tax, but the rate of the mapped QuickBooks tax code gives"
        )
        self._assert_alone(1001, "tax_mismatch", sentence)

    def test_line_that_no_program_can_reckon_with(self):
        self._run(self.connection)
        invoice = self._get_invoice(self.connection, 1001)
        invoice.line_ids.unit_price = 1e30
        self._edit_bill(1001, number="INV-NEW")
        self._edit_bill(1002, number="INV-ALSO-NEW")

        run = self._run(self.connection)

        self.assertEqual(run.state, "done", run.message)
        sentence = "An unexpected error stopped this document."
        self._assert_state(1001, "attention", "unexpected", sentence)
        self.assertIn("Traceback", invoice.failure_detail)
        self._assert_state(1002, "pushed")


@tagged("post_install", "-at_install")
class TestRefusals(BadInputCase):
    """What QuickBooks refuses about one document of a batch."""

    def _refuse_request(self, number, code, times=2, **fault):
        """Refuse each whole request that holds a document, so many times."""
        fault = {"kind": "fault", "code": code, **fault}
        match = {**INVOICES, "body": f'"{number}"', "times": times}
        self.sandbox.fault("quickbooks", fault, **match)

    def test_fault_of_a_whole_batch_finds_the_one_document(self):
        self.connection.batches_away = 1
        self._refuse_request("INV-10003", "2010", detail="Property Name:X is bad")

        run = self._run(self.connection)

        self.assertEqual(run.state, "done", run.message)
        self._assert_alone(1003, "unexpected")
        self.assertEqual(len(self._get_sent()), 16)

    def test_fault_inside_an_answer_that_says_200(self):
        detail = "Business Validation Error: Enter a rate"
        self._refuse_request("INV-10003", "6000", status=200, detail=detail)

        self._run(self.connection)

        sentence = "QuickBooks refused the document: Business Validation Error: Enter "
        self._assert_alone(1003, "refused", sentence + "a rate. Correct this, then")

    def test_document_too_large_for_a_request(self):
        fault = {"kind": "status", "status": 413, "shape": "html"}
        match = {**INVOICES, "body": '"INV-10003"', "times": 2}
        self.sandbox.fault("quickbooks", fault, **match)

        self._run(self.connection)

        self._assert_alone(1003, "refused")

    def test_reference_to_what_is_gone(self):
        self._run(self.connection)
        items = self.connection.quickbooks_item_ids
        items.filtered(lambda item: item.name == "Legal Fees").external_id = "999"
        bill_id = self._add_bill()

        self._run(self.connection)

        sentence = "QuickBooks no longer has something that this document needs"
        self._assert_alone(bill_id, "gone_in_quickbooks", sentence)

    def test_number_that_an_invoice_made_by_hand_bears(self):
        self._edit_bill(1001, number="INV-2026-0777")
        self._run(self.connection)
        sentence = "QuickBooks already has a document with the number INV-2026-0777"
        self._assert_alone(1001, "duplicate_number", sentence)

    def test_number_that_our_own_invoice_of_the_bill_bears(self):
        self._run(self.connection)
        # As after a backup was restored that does not know of the push.
        invoice = self._get_invoice(self.connection, 1001)
        invoice.job_ids.unlink()
        invoice._set_unbound()
        invoice.write({"state": "waiting", "needs_plan": True})

        self._run(self.connection)

        self._assert_state(1001, "pushed")
        [theirs] = self._get_quickbooks_invoices(1001)
        self.assertEqual(invoice.quickbooks_id, theirs["Id"])

    def _go_on_until_attention(self, bill_id):
        """Make passes until a bill needs attention; return how many were needed."""
        for number in range(1, 20):
            self._make_due(self.connection)
            self._run(self.connection)
            if self._get_invoice(self.connection, bill_id).state == "attention":
                return number
        return self.fail("It never needed attention.")

    def test_document_that_quickbooks_always_fails_on_holds_up_no_other(self):
        fault = {"kind": "status", "status": 500, "shape": "upper"}
        match = {**INVOICES, "body": '"INV-10003"', "times": 99}
        self.sandbox.fault("quickbooks", fault, **match)

        for _number in range(4):
            self._make_due(self.connection)
            self._run(self.connection)
        self.assertEqual(len(self._get_quickbooks_invoices()), 7)

        self._go_on_until_attention(1003)
        self._assert_alone(1003, "unavailable", "QuickBooks could not be reached")

    def test_document_that_loses_every_answer_holds_up_no_other(self):
        match = {**INVOICES, "body": '"INV-10003"', "times": 99}
        self.sandbox.fault("quickbooks", {"kind": "drop_before"}, **match)

        for _number in range(4):
            self._make_due(self.connection)
            self._run(self.connection)
        self.assertEqual(len(self._get_quickbooks_invoices()), 7)
        bill_id = self._add_bill()
        job = self._get_invoice(self.connection, 1003).job_ids
        self.assertGreater(job.eta, self.connection.resume_at)
        self.connection.resume_at = False
        self._run(self.connection)
        self._assert_state(bill_id, "pushed")

        self._go_on_until_attention(1003)
        sentence = "The document was sent, but no answer came."
        self._assert_alone(1003, "outcome_unknown", sentence)

    def test_id_that_another_document_has_stops_only_its_own(self):
        self._run(self.connection)
        # As when somebody cleared the company's data, and its ids start anew.
        newest = max(int(i["Id"]) for i in self._get_quickbooks_invoices())
        self._get_invoice(self.connection, 1001).quickbooks_id = str(newest + 1)
        first, second = self._add_bill(), self._add_bill()

        run = self._run(self.connection)

        self.assertEqual(run.state, "done", run.message)
        invoice = self._assert_state(first, "attention", "unexpected")
        self.assertIn("belongs to another document", invoice.failure_detail)
        self._assert_state(second, "pushed")

    def test_each_refusal_of_an_item_has_its_own_cause(self):
        causes = {
            "INV-10001": ("2500", "gone_in_quickbooks"),
            "INV-10002": ("610", "gone_in_quickbooks"),
            "INV-10003": ("6000", "refused"),
            "INV-10004": ("6200", "closed_period"),
            "INV-10005": ("6210", "closed_period"),
            "INV-10006": ("2010", "unexpected"),
            "INV-10007": ("77777", "refused"),
        }

        def refuse(call, reply):
            for number, (code, _cause) in causes.items():
                reply = spoil_invoice(number, item_fault(code, "Odd"))(call, reply)
            return reply

        run = self._run_through(self.connection, refuse)

        self.assertEqual((run.state, run.failed_count), ("done", 7))
        found = {i.number: i.failure_cause for i in self.connection.invoice_ids}
        wanted = {number: cause for number, (_code, cause) in causes.items()}
        self.assertEqual(found, {**wanted, "INV-10008": False})

    def test_refusal_of_the_whole_company_shown_on_one_item_pauses(self):
        refuse = spoil_invoice("INV-10003", item_fault("6190", "Subscription ended"))

        run = self._run_through(self.connection, refuse)

        self.assertEqual((run.state, self.connection.state), ("interrupted", "paused"))
        self.assertIn("the subscription of this company", self.connection.pause_reason)
        self._assert_state(1003, "queued")
        self.assertEqual(self._get_jobs(self.connection, "pending").number, "INV-10003")
        self.connection.action_resume()
        self._run(self.connection)
        self.assertEqual(set(self.connection.invoice_ids.mapped("state")), {"pushed"})
        self.assertEqual(len(self._get_quickbooks_invoices()), 8)
