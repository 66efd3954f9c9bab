"""Credit notes and write-offs: what stands in QuickBooks, and what keeps one out."""

from decimal import Decimal

from odoo.tests import tagged

from .common import ActionstepCase

FEE = {"account_number": "4-1100", "amount_exclusive": "40.00", "tax_code": "NT"}


class CreditCase(ActionstepCase):
    """A firm whose bills stand in QuickBooks; one more of 100.00 without tax."""

    def setUp(self):
        super().setUp()
        self.connection = self._make_active()
        self.bill_id = self._add_bill()
        self._run(self.connection)

    def _credit_fee(self, *applications, amount="40.00", **values):
        """Make a credit note of one fee without tax; return its id."""
        line = {**FEE, "amount_exclusive": amount}
        return self._credit(self.bill_id, *applications, lines=[line], **values)

    def _push_credit(self, *applications, **values):
        """Make a credit note of one fee, push it, and return it."""
        credit_id = self._credit_fee(*applications, **values)
        self._run(self.connection)
        return self._assert_pushed(self._get_note(credit_id))

    def _apply(self, credit_id, *applications, **options):
        """Replace what a credit note is applied to in Actionstep."""
        rows = [
            {"bill_id": bill_id, "amount": amount, "applied_on": "2026-11-20"}
            for bill_id, amount in applications
        ]
        body = {"applications": rows, **options}
        self._change_credit(credit_id, "applications", **body)

    def _change_export(self, view, credit_id, values, **more):
        """Change the rows of one credit note in a view of the reporting database."""
        where = {"credit_id": str(credit_id)}
        body = {"view": view, "where": where, "set": values, **more}
        self.sandbox.admin("actionstep", "POST", "reporting/change", body)

    def _get_note(self, credit_id):
        return self.connection.credit_note_ids.filtered(
            lambda note: note.external_id == str(credit_id)
        )

    def _get_use(self, credit_id, bill_id):
        return self.connection.credit_application_ids.filtered(
            lambda use: use.external_id == f"{credit_id}/{bill_id}"
        )

    def _get_memo(self, credit_id):
        """Return the one credit memo in QuickBooks made from a credit note."""
        [row] = self._get_ours("CreditMemo", f"credit note {credit_id}")
        return row

    def _get_applied(self, credit_id):
        """Return ``{bill id: amount}`` of what our payments apply of a credit note."""
        bills = {i.quickbooks_id: i.external_id for i in self.connection.invoice_ids}
        applied = {}
        for row in self._get_ours("Payment", f"credit {credit_id} to bill"):
            for line in row["Line"]:
                [linked] = line["LinkedTxn"]
                if linked["TxnType"] == "Invoice":
                    bill_id = int(bills[linked["TxnId"]])
                    self.assertNotIn(bill_id, applied)
                    applied[bill_id] = self._amount(line["Amount"])
        return applied

    def _get_balance(self, bill_id):
        [invoice] = self._get_quickbooks_invoices(bill_id)
        return self._amount(invoice["Balance"])

    def _get_remaining(self, credit_id):
        return self._amount(self._get_memo(credit_id)["RemainingCredit"])

    def _get_item(self, name):
        items = self.connection.quickbooks_item_ids
        return items.filtered(lambda item: item.name == name)

    def _assert_stands(self, document, state, cause=False, sentence=""):
        """Assert where a document stands, why, and what it says; return it."""
        self.assertEqual(
            (document.state, document.failure_cause),
            (state, cause),
            document.failure_message or document.failure_detail,
        )
        self.assertIn(sentence, document.failure_message or "")
        return document

    def _assert_pushed(self, document):
        return self._assert_stands(document, "pushed")

    def _assert_alone(self, credit_id, cause, sentence=""):
        """Assert that one credit note needs attention and keeps no other from going."""
        other = self._credit_fee()
        run = self._run(self.connection)
        self.assertEqual(run.state, "done", run.message)
        self.assertEqual(self._get_ours("CreditMemo", f"credit note {credit_id}"), [])
        self._assert_pushed(self._get_note(other))
        note = self._get_note(credit_id)
        return self._assert_stands(note, "attention", cause, sentence)


@tagged("post_install", "-at_install")
class TestCreditNotes(CreditCase):
    def test_whole_bill_credited_and_settled(self):
        bill = self.firm.bills[0]
        total = bill.total_inclusive
        credit_id = self._credit(
            bill.bill_id,
            (bill.bill_id, str(total)),
            number="CR-7",
            reason="Billed twice",
        )

        run = self._run(self.connection)

        self.assertEqual(run.state, "done", run.message)
        self._assert_pushed(self._get_note(credit_id))
        self._assert_pushed(self._get_use(credit_id, bill.bill_id))
        self.assertEqual(self._get_balance(bill.bill_id), 0)
        self.assertEqual(self._get_remaining(credit_id), 0)
        self.assertEqual(self._get_applied(credit_id), {bill.bill_id: total})

    def test_credit_memo_has_number_products_tax_and_note(self):
        bill = self.firm.bills[0]
        credit_id = self._credit(bill.bill_id, number="CR-7", reason="Billed twice")

        self._run(self.connection)

        memo, note = self._get_memo(credit_id), self._get_note(credit_id)
        [invoice] = self._get_quickbooks_invoices(bill.bill_id)
        self.assertEqual(memo["DocNumber"], "CR-7")
        self.assertEqual(memo["TxnDate"], "2026-11-20")
        self.assertEqual(memo["CustomerRef"]["value"], invoice["CustomerRef"]["value"])
        self.assertEqual(self._amount(memo["TotalAmt"]), bill.total_inclusive)
        self.assertEqual(self._amount(memo["TxnTaxDetail"]["TotalTax"]), bill.total_tax)
        self.assertEqual(self._get_items(memo), self._get_items(invoice))
        self.assertIn("Reason: Billed twice", memo["PrivateNote"])
        self.assertIn(note.matter_ids.display_name, memo["PrivateNote"])
        self.assertIn(
            "Created in QuickBooks: credit note CR-7", self._get_notes(note)[0]
        )

    def _get_items(self, row):
        return [
            line["SalesItemLineDetail"]["ItemRef"]["name"]
            for line in row["Line"]
            if line["DetailType"] == "SalesItemLineDetail"
        ]

    def test_credit_made_from_no_bill_and_not_applied(self):
        client_id = self.firm.bills[1].client_id
        credit_id = self._credit(client_id=client_id, lines=[FEE])

        self._run(self.connection)

        note = self._assert_pushed(self._get_note(credit_id))
        self.assertFalse(note.invoice_id)
        self.assertEqual(note.amount_open, 40)
        self.assertEqual(self._get_remaining(credit_id), Decimal("40.00"))
        self.assertEqual(self._get_sent("Payment"), [])

    def test_credit_of_a_client_who_has_no_customer_yet_makes_one(self):
        who = {"display_name": "Nora Newcomer", "reporting": True}
        client = self.sandbox.admin("actionstep", "POST", "participants", who)
        client_id = client["participant_id"]
        credit_id = self._credit(client_id=client_id, lines=[FEE])

        self._run(self.connection)

        self._assert_pushed(self._get_note(credit_id))
        customer = self._get_memo(credit_id)["CustomerRef"]
        self.assertEqual(
            customer["value"], self._get_customers()["Nora Newcomer"]["Id"]
        )

    def test_second_pass_sends_nothing(self):
        credit = self._push_credit((self.bill_id, "40.00"))
        sent = len(self._get_sent("CreditMemo")), len(self._get_sent("Payment"))

        run = self._run(self.connection)

        self.assertEqual(sent, (1, 1))
        self.assertEqual(run.queued_count, 0)
        self.assertEqual(len(self._get_sent("CreditMemo")), 1)
        self.assertEqual(len(self._get_sent("Payment")), 1)
        self.assertEqual(credit.amount_open, 0)

    def test_credit_before_the_start_date_is_left_out(self):
        self.connection.start_date = "2026-11-01"
        credit_id = self._credit_fee(credit_date="2026-10-31")

        self._run(self.connection)
        self._assert_stands(self._get_note(credit_id), "skipped")
        self.assertEqual(self._get_sent("CreditMemo"), [])

        self.connection.start_date = "2026-10-01"
        self._run(self.connection)
        self._assert_pushed(self._get_note(credit_id))

    def test_credit_deleted_before_it_was_ever_seen_leaves_no_trace(self):
        credit_id = self._credit_fee((self.bill_id, "40.00"))
        self._change_credit(credit_id, "delete")

        self._run(self.connection)

        self.assertFalse(self._get_note(credit_id))
        self.assertEqual(self._get_sent("CreditMemo"), [])

    def test_summary_has_one_line_for_each_product_and_tax(self):
        self.connection.line_detail = "summary"
        credit_id = self._credit(self.bill_id, lines=[FEE, FEE])

        self._run(self.connection)

        self._assert_pushed(self._get_note(credit_id))
        memo = self._get_memo(credit_id)
        self.assertEqual(len(self._get_items(memo)), 1)
        self.assertEqual(self._amount(memo["TotalAmt"]), Decimal("80.00"))


@tagged("post_install", "-at_install")
class TestWriteOffs(CreditCase):
    def test_prefix_tells_a_write_off(self):
        numbers = ("WO-1", "wo-2", "  WO-3", "CR-4", "XWO-5")
        ids = [self._credit_fee(number=number) for number in numbers]

        self._run(self.connection)

        found = [self._get_note(credit_id).is_write_off for credit_id in ids]
        self.assertEqual(found, [True, True, True, False, False])
        write_offs = self.env["actionstep.credit.note"].search(
            [("connection_id", "=", self.connection.id), ("is_write_off", "=", True)]
        )
        self.assertEqual(len(write_offs), 3)

    def test_write_off_is_told_in_quickbooks_by_number_and_note(self):
        note = self._push_credit((self.bill_id, "40.00"), number="WO-1")

        memo = self._get_memo(note.external_id)
        self.assertEqual(memo["DocNumber"], "WO-1")
        self.assertIn("Write-off", memo["PrivateNote"])
        self.assertIn("write-off WO-1", self._get_notes(note)[0])
        self.assertEqual(self._get_balance(self.bill_id), Decimal("60.00"))

    def test_several_prefixes_with_blanks(self):
        self.connection.write_off_prefixes = " BD- , wo-,"
        ids = [self._credit_fee(number=number) for number in ("BD-1", "WO-2", "CR-3")]

        self._run(self.connection)

        found = [self._get_note(credit_id).is_write_off for credit_id in ids]
        self.assertEqual(found, [True, True, False])

    def test_without_prefix_nothing_is_a_write_off(self):
        self.connection.write_off_prefixes = " , "
        self.assertFalse(self._push_credit(number="WO-1").is_write_off)

    def test_write_off_goes_to_its_own_product(self):
        self.connection.write_off_item_id = self._get_item("Discounts Given")
        write_off = self._push_credit(number="WO-1")
        credit = self._push_credit(number="CR-1")

        self.assertEqual(self._get_product(write_off), "Discounts Given")
        self.assertEqual(self._get_product(credit), "Legal Fees")

    def _get_product(self, note):
        line = self._get_memo(note.external_id)["Line"][0]
        return line["SalesItemLineDetail"]["ItemRef"]["name"]

    def test_write_off_with_its_own_product_needs_no_map_of_accounts(self):
        self.connection.write_off_item_id = self._get_item("Discounts Given")
        line = {**FEE, "account_number": "4-1900"}
        credit_id = self._credit(self.bill_id, lines=[line], number="WO-1")

        self._run(self.connection)

        self._assert_pushed(self._get_note(credit_id))

    def test_flag_and_product_follow_a_changed_prefix(self):
        self.connection.write_off_item_id = self._get_item("Discounts Given")
        note = self._push_credit(number="BD-1")
        self.assertFalse(note.is_write_off)

        self.connection.write_off_prefixes = "WO-,BD-"
        self.assertTrue(note.is_write_off)
        later = self._push_credit(number="BD-2")

        self.assertEqual(self._get_product(later), "Discounts Given")
        self._assert_pushed(note)

    def test_number_changed_to_that_of_a_write_off_moves_the_credit(self):
        self.connection.write_off_item_id = self._get_item("Discounts Given")
        note = self._push_credit(number="CR-1")

        self._change_credit(note.external_id, number="WO-1")
        self._run(self.connection)

        self._assert_pushed(note)
        self.assertTrue(note.is_write_off)
        self.assertEqual(self._get_product(note), "Discounts Given")


@tagged("post_install", "-at_install")
class TestBadCredits(CreditCase):
    def test_number_as_long_as_quickbooks_takes(self):
        note = self._push_credit(number="CR-" + "7" * 18)
        memo = self._get_memo(note.external_id)
        self.assertEqual(memo["DocNumber"], "CR-" + "7" * 18)

    def test_number_of_one_character_more(self):
        credit_id = self._credit_fee(number="CR-" + "7" * 19)
        sentence = "QuickBooks takes at most 21 characters"
        self._assert_alone(credit_id, "number_too_long", sentence)

    def test_without_number(self):
        credit_id = self._credit_fee(number="")
        self._assert_alone(credit_id, "number_missing")

    def test_without_date(self):
        credit_id = self._credit_fee()
        self._change_export("credit_note", credit_id, {"credit_date": None})
        self._assert_alone(credit_id, "date_missing")

    def test_without_client(self):
        credit_id = self._credit_fee()
        self._change_credit(credit_id, client_id=None)
        self._assert_alone(credit_id, "client_missing")

    def test_number_that_somebody_used_in_quickbooks(self):
        [theirs] = self._get_quickbooks_invoices(self.bill_id)
        memo = {
            "DocNumber": "CR-7",
            "CustomerRef": {"value": theirs["CustomerRef"]["value"]},
            "Line": [
                {
                    "Amount": 5,
                    "DetailType": "SalesItemLineDetail",
                    "SalesItemLineDetail": {
                        "ItemRef": {"value": self._get_item("Legal Fees").external_id}
                    },
                }
            ],
        }
        body = {"entity": "CreditMemo", "object": memo}
        self.sandbox.admin("quickbooks", "POST", "create", body)
        credit_id = self._credit_fee(number="CR-7")

        sentence = "QuickBooks already has a document with the number CR-7"
        self._assert_alone(credit_id, "duplicate_number", sentence)
        self._change_credit(credit_id, number="CR-7A")
        self._run(self.connection)
        self._assert_pushed(self._get_note(credit_id))

    def test_account_that_is_not_mapped_until_it_is(self):
        line = {**FEE, "account_number": "4-1900"}
        credit_id = self._credit(self.bill_id, lines=[line])
        self._assert_alone(credit_id, "account_unmapped", "4-1900")

        account = self.connection.account_ids.filtered(lambda a: a.number == "4-1900")
        self.env["actionstep.item.mapping"].create(
            {
                "connection_id": self.connection.id,
                "account_id": account.id,
                "item_id": self._get_item("Legal Fees").id,
            }
        )
        self._run(self.connection)

        self._assert_pushed(self._get_note(credit_id))

    def test_tax_code_that_is_not_mapped_until_it_is(self):
        self.connection.tax_mapping_ids.filtered(
            lambda line: line.tax_code_id.name == "TAX 8.25"
        ).unlink()
        credit_id = self._credit(self.bill_id, lines=[{**FEE, "tax_code": "TAX 8.25"}])
        self._assert_alone(credit_id, "tax_unmapped", "TAX 8.25")

        codes = self.connection.tax_code_ids, self.connection.quickbooks_tax_code_ids
        names = ("TAX 8.25", "California 8.25%")
        source, target = (
            rows.filtered(lambda row, name=name: row.name == name)
            for rows, name in zip(codes, names, strict=True)
        )
        self.env["actionstep.tax.mapping"].create(
            {
                "connection_id": self.connection.id,
                "tax_code_id": source.id,
                "quickbooks_tax_code_id": target.id,
            }
        )
        self._run(self.connection)

        self._assert_pushed(self._get_note(credit_id))

    def test_lines_that_do_not_add_up(self):
        credit_id = self._credit_fee(total_inclusive="41.00")
        sentence = "The lines add up to 40.00 USD, but the document says 41.00 USD"
        self._assert_alone(credit_id, "lines_mismatch", sentence)

        self._change_credit(credit_id, total_inclusive="40.00")
        self._run(self.connection)
        self._assert_pushed(self._get_note(credit_id))

    def test_without_lines_it_waits_for_them(self):
        credit_id = self._credit(self.bill_id, lines=[], total_inclusive="40.00")
        self._run(self.connection)
        self._assert_stands(self._get_note(credit_id), "waiting", "lines_missing")

        self._change_credit(credit_id, "lines", lines=[FEE])
        self._run(self.connection)

        self._assert_pushed(self._get_note(credit_id))

    def test_line_of_an_unknown_kind(self):
        credit_id = self._credit(self.bill_id, lines=[{**FEE, "kind": "gift"}])
        sentence = "Line 1 is neither a fee nor an expense but gift."
        self._assert_alone(credit_id, "line_unknown_kind", sentence)

    def test_credit_of_nothing(self):
        credit_id = self._credit_fee(amount="0.00")
        self._assert_alone(credit_id, "amount_not_positive")

    def test_credit_below_zero(self):
        credit_id = self._credit_fee(amount="-40.00")
        self._assert_alone(credit_id, "amount_not_positive")

    def test_foreign_currency(self):
        credit_id = self._credit_fee(currency="EUR")
        self._assert_alone(credit_id, "currency_foreign")

    def test_tax_that_does_not_follow_the_rate(self):
        line = {**FEE, "tax_code": "TAX 8.25", "tax_amount": "20.00"}
        credit_id = self._credit(self.bill_id, lines=[line])
        self._assert_alone(credit_id, "tax_mismatch")

    def test_closed_period_until_it_is_opened(self):
        self.sandbox.admin("quickbooks", "POST", "close", {"date": "2026-11-20"})
        credit_id = self._credit_fee()
        self._run(self.connection)
        sentence = "The books in QuickBooks are closed for the date 2026-11-20"
        note = self._get_note(credit_id)
        self._assert_stands(note, "attention", "closed_period", sentence)

        self.sandbox.admin("quickbooks", "POST", "close", {"date": None})
        note.action_requeue()
        self._run(self.connection)

        self._assert_pushed(note)

    def _assert_left_out(self, credit_id):
        other = self._credit_fee()
        run = self._run(self.connection)
        self.assertIn("could not be read", run.message)
        self.assertIn(str(credit_id), run.detail)
        self.assertFalse(self._get_note(credit_id))
        self._assert_pushed(self._get_note(other))

        self.sandbox.admin("actionstep", "POST", "reporting/mend")
        self._run(self.connection)
        self._assert_pushed(self._get_note(credit_id))

    def test_unreadable_line_leaves_its_credit_out_until_it_can_be_read(self):
        credit_id = self._credit_fee((self.bill_id, "40.00"))
        types = {"amount_exclusive": "text"}
        spoilt = {"amount_exclusive": "many"}
        self._change_export("credit_note_line", credit_id, spoilt, types=types)
        self._assert_left_out(credit_id)

    def test_unreadable_application_leaves_its_credit_out_until_it_can_be_read(self):
        credit_id = self._credit_fee((self.bill_id, "40.00"))
        spoilt, types = {"amount": "many"}, {"amount": "text"}
        self._change_export("credit_application", credit_id, spoilt, types=types)
        self._assert_left_out(credit_id)
        self.assertEqual(self._get_balance(self.bill_id), Decimal("60.00"))


class TaxCase(CreditCase):
    def _assert_tax(self, *lines):
        """Assert that lines are credited and settled to the cent, net and tax."""
        bill_id = self._add_bill(*lines)
        total = self.sandbox.admin("actionstep", "GET", "dump")["bills"]
        total = next(row for row in total if row["bill_id"] == bill_id)
        credit_id = self._credit(bill_id, (bill_id, total["total_inclusive"]))

        self._run(self.connection)

        note = self._assert_pushed(self._get_note(credit_id))
        memo = self._get_memo(credit_id)
        self.assertEqual(
            self._amount(memo["TxnTaxDetail"]["TotalTax"]),
            self._amount(total["total_tax"]),
        )
        self.assertEqual(
            self._amount(memo["TotalAmt"]), self._amount(total["total_inclusive"])
        )
        self.assertEqual(note.amount_open, 0)
        self.assertEqual(self._get_balance(bill_id), 0)
        self.assertEqual(self._get_remaining(credit_id), 0)


@tagged("post_install", "-at_install")
class TestTaxInTheUnitedStates(TaxCase):
    def test_tax_to_the_cent(self):
        line = {"account_number": "4-1100", "tax_code": "TAX 8.25"}
        self._assert_tax(*[{**line, "amount_exclusive": "10.10"}] * 3)

    def test_taxed_and_untaxed_lines(self):
        line = {"account_number": "4-1100", "amount_exclusive": "33.33"}
        self._assert_tax({**line, "tax_code": "TAX 8.25"}, {**line, "tax_code": "NT"})


@tagged("post_install", "-at_install")
class TestTaxInTheUnitedKingdom(TaxCase):
    country = "GB"

    def test_several_rates_to_the_cent(self):
        line = {"account_number": "4-1100", "amount_exclusive": "33.33"}
        codes = ("S 20", "S 20", "S 20", "R 5", "Z 0", "NT")
        self._assert_tax(*[{**line, "tax_code": code} for code in codes])


@tagged("post_install", "-at_install")
class TestTaxInAustralia(TaxCase):
    country = "AU"

    def test_several_rates_to_the_cent(self):
        line = {"account_number": "4-1100", "amount_exclusive": "10.04"}
        codes = ("S 10.0", "S 10.0", "S 10.0", "GST Free", "N-T")
        self._assert_tax(*[{**line, "tax_code": code} for code in codes])
