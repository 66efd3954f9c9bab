"""Bills that are odd but right, and what the export says of them that cannot be.

What is right goes to the cent, however odd. What is not has a cause and a sentence of
its own, keeps no other from going, and goes when it was corrected.
"""

from decimal import Decimal

from odoo.tests import tagged

from .test_bad_input import BadInputCase

FEE = {"account_number": "4-1100", "tax_code": "NT"}
LONG = "Perusing and considering correspondence. " * 200


class DocumentCase(BadInputCase):
    def setUp(self):
        super().setUp()
        self._run(self.connection)

    def _add(self, *amounts, **values):
        """Add a bill with a fee of each amount; return its id."""
        lines = [{**FEE, "amount_exclusive": amount} for amount in amounts]
        return self._add_bill(*lines, **values)

    def _assert_goes(self, bill_id, total, lines=None):
        """Assert that a bill stands in QuickBooks, once, with this total; return it."""
        self._assert_state(bill_id, "pushed")
        [theirs] = self._get_quickbooks_invoices(bill_id)
        self.assertEqual(self._amount(theirs["TotalAmt"]), Decimal(total))
        if lines is not None:
            sent = [one for one in theirs["Line"] if "SalesItemLineDetail" in one]
            self.assertEqual(len(sent), lines)
        return theirs

    def _assert_all_once(self, *held):
        """Assert that every bill but some stands in QuickBooks exactly once."""
        living = self.connection.invoice_ids.filtered(
            lambda one: one.external_id not in map(str, held)
        )
        self.assertEqual(set(living.mapped("state")), {"pushed"})
        self.assertEqual(len(self._get_quickbooks_invoices()), len(living))


@tagged("post_install", "-at_install")
class TestOdd(DocumentCase):
    """Odd, but nothing is wrong with it."""

    def test_bill_of_nothing(self):
        written_off = self._add("100.00", "-100.00")
        free = self._add("0.00")
        self._run(self.connection)
        self._assert_goes(written_off, "0.00", lines=2)
        self._assert_goes(free, "0.00", lines=1)
        self._assert_all_once()

    def test_discount_below_zero_on_a_bill_above_zero(self):
        bill_id = self._add("100.00", "-99.99")
        self._run(self.connection)
        self._assert_goes(bill_id, "0.01", lines=2)

    def test_bill_of_one_cent_and_one_of_billions(self):
        cent, much = self._add("0.01"), self._add("9876543210.98")
        self._run(self.connection)
        self._assert_goes(cent, "0.01")
        self._assert_goes(much, "9876543210.98")

    def test_bill_of_seven_hundred_lines(self):
        # Of such amounts the tax is the same, rounded by line or not.
        amounts = [f"{4 * number}.00" for number in range(1, 701)]
        taxed = [
            {
                "account_number": "4-1100",
                "tax_code": "TAX 8.25",
                "amount_exclusive": amount,
                "description": f"Attendance {amount}",
            }
            for amount in amounts
        ]
        bill_id = self._add_bill(*taxed)
        self._run(self.connection)
        bill = self._get_invoice(self.connection, bill_id)
        theirs = self._assert_goes(bill_id, f"{bill.amount_total:.2f}", lines=700)
        net = sum(map(Decimal, amounts))
        self.assertEqual(self._amount(bill.amount_untaxed), net)
        texts = [line.get("Description") for line in theirs["Line"][:700]]
        self.assertEqual(texts, [f"Attendance {amount}" for amount in amounts])

    def test_characters_that_quickbooks_does_not_keep(self):
        client_id = self.sandbox.admin(
            "actionstep",
            "POST",
            "participants",
            {"display_name": "𠮷野家 & Söhne 🏛️ № 7"},
        )["participant_id"]
        bill_id = self._add_bill(
            {**FEE, "amount_exclusive": "50.00", "description": "Zürich 🏛️ 𝔘nd 😀"},
            client_id=client_id,
            number="INV-Ä-7",
        )
        self._run(self.connection)
        theirs = self._assert_goes(bill_id, "50.00")
        text = theirs["Line"][0]["Description"]
        self.assertTrue(text.startswith("Zürich"), text)
        self.assertLess(max(map(ord, text)), 0x10000)
        self.assertEqual(theirs["DocNumber"], "INV-Ä-7")
        [name] = [name for name in self._get_customers() if "Söhne" in name]
        self.assertLess(max(map(ord, name)), 0x10000)

    def test_text_that_is_too_long_is_cut(self):
        line = {**FEE, "amount_exclusive": "50.00", "description": LONG}
        bill_id = self._add_bill(line)
        self._run(self.connection)
        theirs = self._assert_goes(bill_id, "50.00")
        text = theirs["Line"][0]["Description"]
        self.assertLessEqual(len(text), 4000)
        self.assertEqual(text[:400], LONG[:400])

    def test_texts_that_are_missing(self):
        line = {**FEE, "amount_exclusive": "50.00", "description": None}
        line |= {"timekeeper": None, "service_date": None, "quantity": None}
        bill_id = self._add_bill({**line, "unit_price": None, "matter_id": None})
        self._run(self.connection)
        self._assert_goes(bill_id, "50.00", lines=1)

    def test_texts_with_markup_and_controls_stay_texts(self):
        text = "<b>Fee</b> & 'quotes' \\ \"double\"\ttab\nline\r\n%(name)s {0}"
        line = {**FEE, "amount_exclusive": "50.00", "description": text}
        bill_id = self._add_bill(line, number="O'Neil <7>")
        self._run(self.connection)
        theirs = self._assert_goes(bill_id, "50.00")
        self.assertEqual(theirs["DocNumber"], "O'Neil <7>")
        self.assertIn("<b>Fee</b> & 'quotes'", theirs["Line"][0]["Description"])
        invoice = self._get_invoice(self.connection, bill_id)
        notes = " ".join(self._get_notes(invoice))
        self.assertIn("Neil &lt;7&gt;", notes)
        self.assertNotIn("<7>", notes)

    def test_bill_of_a_far_day(self):
        self.sandbox.admin("quickbooks", "POST", "close", {"date": None})
        past = self._add("10.00", bill_date="1999-12-31", due_date="2000-01-31")
        future = self._add("10.00", bill_date="2099-12-31", due_date=None)
        self._run(self.connection)
        self.assertEqual(self._assert_goes(past, "10.00")["TxnDate"], "1999-12-31")
        self.assertEqual(self._assert_goes(future, "10.00")["TxnDate"], "2099-12-31")


@tagged("post_install", "-at_install")
class TestWrong(DocumentCase):
    """Each is told, holds up nobody, and goes once it is corrected."""

    def _close(self, day, **values):
        """Close the books in QuickBooks up to a day; None opens them."""
        body = {"date": day, **values}
        self.sandbox.admin("quickbooks", "POST", "close", body)

    def _next_pass(self):
        self._make_due(self.connection)
        return self._run(self.connection)

    def test_bill_below_zero_that_is_corrected(self):
        self._switch("actionstep", negative_bills=True)
        bill_id = self._add("-50.00")
        self._run(self.connection)
        sentence = "QuickBooks takes no negative invoice."
        self._assert_state(bill_id, "attention", "total_negative", sentence)
        self._assert_all_once(bill_id)

        self._replace_lines(bill_id, {**FEE, "amount_exclusive": "50.00"})
        self._run(self.connection)

        self._assert_goes(bill_id, "50.00")
        self._assert_all_once()

    def test_pushed_bill_that_falls_below_zero(self):
        self._switch("actionstep", negative_bills=True)
        bill_id = self._add("50.00")
        self._run(self.connection)
        self._replace_lines(bill_id, {**FEE, "amount_exclusive": "-50.00"})

        self._run(self.connection)

        self._assert_state(bill_id, "attention", "total_negative")
        [theirs] = self._get_quickbooks_invoices(bill_id)
        self.assertEqual(self._amount(theirs["TotalAmt"]), Decimal("50.00"))

    def test_line_of_an_unknown_kind_that_is_corrected(self):
        self._replace_lines(1001, {**FEE, "amount_exclusive": "9.00", "kind": "gift"})
        self._run(self.connection)
        sentence = "Line 1 is neither a fee nor an expense but gift."
        self._assert_state(1001, "attention", "line_unknown_kind", sentence)
        [theirs] = self._get_quickbooks_invoices(1001)
        self.assertEqual(self._amount(theirs["TotalAmt"]), Decimal("866.00"))

        self._replace_lines(1001, {**FEE, "amount_exclusive": "9.00", "kind": " FEE "})
        self._run(self.connection)

        self._assert_goes(1001, "9.00")

    def test_kind_that_is_missing(self):
        bill_id = self._add("9.00")
        body = {"view": "bill_line", "where": {"bill_id": str(bill_id)}}
        body["set"] = {"kind": None}
        self.sandbox.admin("actionstep", "POST", "reporting/change", body)
        self._run(self.connection)
        sentence = "Line 1 is neither a fee nor an expense but -."
        self._assert_state(bill_id, "attention", "line_unknown_kind", sentence)
        self.sandbox.admin("actionstep", "POST", "reporting/mend", {})
        self._run(self.connection)
        self._assert_goes(bill_id, "9.00")

    def test_day_in_closed_books_until_they_are_opened(self):
        for password in (True, False):
            with self.subTest(password=password):
                self._close("2026-06-30", password=password)
                closed = self._add("10.00", bill_date="2026-06-30")
                first = self._add("11.00", bill_date="2026-07-01")

                self._run(self.connection)

                sentence = "The books in QuickBooks are closed for the date 2026-06-30"
                self._assert_state(closed, "attention", "closed_period", sentence)
                self._assert_goes(first, "11.00")
                self._close(None)
                self._next_pass()
                self._assert_goes(closed, "10.00")
                self._assert_all_once()

    def test_day_in_closed_books_that_is_moved(self):
        self._close("2026-06-30", password=True)
        bill_id = self._add("10.00", bill_date="2026-06-30")
        self._run(self.connection)
        self._assert_state(bill_id, "attention", "closed_period")

        self._edit_bill(bill_id, bill_date="2026-07-01")
        self._run(self.connection)

        self.assertEqual(self._assert_goes(bill_id, "10.00")["TxnDate"], "2026-07-01")

    def test_pushed_bill_that_moves_into_closed_books(self):
        self._close("2026-06-30", password=True)
        self._edit_bill(1001, bill_date="2026-06-01")
        self._run(self.connection)
        sentence = "are closed for the date 2026-06-01"
        self._assert_state(1001, "attention", "closed_period", sentence)
        [theirs] = self._get_quickbooks_invoices(1001)
        self.assertNotEqual(theirs["TxnDate"], "2026-06-01")

    def test_number_that_two_bills_of_actionstep_bear(self):
        first, second = self._add("10.00"), self._add("20.00")
        for bill_id in (first, second):
            self._edit_bill(bill_id, number="INV-TWIN")

        self._run(self.connection)

        self._assert_goes(first, "10.00")
        sentence = "QuickBooks already has a document with the number INV-TWIN"
        self._assert_state(second, "attention", "duplicate_number", sentence)
        self._edit_bill(second, number="INV-TWIN.1")
        self._run(self.connection)
        self._assert_goes(second, "20.00")
        self._assert_all_once()

    def test_receipt_for_more_than_its_bill(self):
        bill_id = self._add("10.00")
        receipt_id = self._receive((bill_id, "10.01"))

        self._run(self.connection)

        payment = self.connection.payment_ids
        self.assertEqual(payment.external_id, str(receipt_id))
        self.assertEqual(
            (payment.state, payment.failure_cause), ("attention", "refused")
        )
        sentence = "The amount 10.01 is greater than the open balance 10.00"
        self.assertIn(sentence, payment.failure_message)
        self.assertEqual(self._get_ours("Payment", f"receipt {receipt_id}"), [])
        parts = [{"bill_id": bill_id, "amount": "10.00"}]
        self._change_receipt(receipt_id, "allocations", allocations=parts)
        self._next_pass()
        self.assertEqual(payment.state, "pushed", payment.failure_message)
        [theirs] = self._get_ours("Payment", f"receipt {receipt_id}")
        self.assertEqual(self._amount(theirs["UnappliedAmt"]), Decimal("0.01"))

    def test_lines_of_another_firms_bill_are_nobodys(self):
        line = {"line_no": 1, "kind": "fee", "amount_exclusive": "9.00"}
        line |= {"bill_id": "900001", "tax_amount": "0", "account_number": "4-1100"}
        body = {"view": "bill_line", "rows": [line]}
        self.sandbox.admin("actionstep", "POST", "reporting/add", body)
        bill_id = self._add("10.00")

        run = self._run(self.connection)

        self.assertEqual((run.state, run.message), ("done", False))
        self.assertFalse(self._get_invoice(self.connection, 900001))
        self._assert_goes(bill_id, "10.00")
        self._assert_all_once()
