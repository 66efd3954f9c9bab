"""The preview: what would be sent, to the letter, and without any request."""

import json

from odoo.tests import new_test_user, tagged

from .common import ActionstepCase

GROUP = "actionstep_quickbooks.group_user"


class PreviewCase(ActionstepCase):
    def setUp(self):
        super().setUp()
        self.connection = self._make_active()
        self.reader = new_test_user(self.env, "ulla", groups=GROUP)

    def _pull(self):
        """Bring the documents as far as the queue: nothing is sent."""
        wait = {"kind": "status", "status": 429, "shape": "xml", "headers": {}}
        self.sandbox.fault("quickbooks", wait, path="/batch", times=9)
        self._run(self.connection)
        self.sandbox.admin("quickbooks", "DELETE", "faults")
        self._make_due(self.connection)

    def _preview(self, document):
        """Return the dialog that a reader gets; no vendor is asked for it."""
        before = [len(self.sandbox.requests(side)) for side in self._sides]
        action = document.with_user(self.reader).action_preview()
        after = [len(self.sandbox.requests(side)) for side in self._sides]
        self.assertEqual(after, before)
        self.assertEqual(action["target"], "new")
        return self.env[action["res_model"]].browse(action["res_id"])

    _sides = ("actionstep", "quickbooks")

    def _assert_sent_as_shown(self, document, entity):
        """Let a pass push a document, and compare with what was shown before."""
        preview = self._preview(document)
        self.assertFalse(preview.problem)
        shown = json.loads(preview.payload)
        already = len(self._get_sent(entity))

        self._run(self.connection)

        self.assertEqual(document.state, "pushed", document.failure_message)
        marker = document._get_reference()
        [sent] = [
            row
            for row in self._get_sent(entity)[already:]
            if marker in row["PrivateNote"]
        ]
        del sent["requestid"]
        self.assertEqual(shown, sent)
        return preview


@tagged("post_install", "-at_install")
class TestPreviewIsSent(PreviewCase):
    def test_new_invoice_is_sent_as_shown(self):
        self._run(self.connection)
        bill_id = self._add_bill()
        self._pull()
        invoice = self._get_invoice(self.connection, bill_id)

        preview = self._assert_sent_as_shown(invoice, "Invoice")

        self.assertIn("created", preview.outcome)
        self.assertFalse(preview.customer_payload)

    def test_changed_invoice_is_sent_as_shown(self):
        self._run(self.connection)
        self._edit_bill(1001, number="INV-NEW")
        self._pull()
        invoice = self._get_invoice(self.connection, 1001)

        preview = self._assert_sent_as_shown(invoice, "Invoice")

        self.assertIn("replaces INV-10001", preview.outcome)

    def test_payment_credit_note_and_its_application_are_sent_as_shown(self):
        self._run(self.connection)
        receipt_id = self._receive((1001, "40.00"), amount="60.00", reference="CHQ-7")
        credit_id = self._credit(1002, (1002, "10.00"), number="CR-1")
        self._pull()
        connection = self.connection
        payment = connection.payment_ids.filtered(
            lambda one: one.external_id == str(receipt_id)
        )
        note = connection.credit_note_ids
        self.assertEqual(note.external_id, str(credit_id))
        # One pass sends them all: look at each before.
        previews = {one: self._preview(one) for one in (payment, note)}

        self._run(connection)

        for document, entity in ((payment, "Payment"), (note, "CreditMemo")):
            # Once in vain, when the pass was to end, and once again.
            sent = [
                {key: value for key, value in row.items() if key != "requestid"}
                for row in self._get_sent(entity)
                if document._get_reference() in row["PrivateNote"]
            ]
            self.assertEqual(json.loads(previews[document].payload), sent[-1])
        self.assertIn("INV-10001", previews[payment].words)
        self.assertIn("Business Bank Account", previews[payment].words)
        use = connection.credit_application_ids
        self.assertEqual(use.state, "pushed", use.failure_message)
        again = self._preview(use)
        self.assertIn("just this", again.outcome)
        self.assertEqual(json.loads(again.payload)["TotalAmt"], 0)


@tagged("post_install", "-at_install")
class TestPreviewTells(PreviewCase):
    def test_words_name_customer_product_and_tax(self):
        self._pull()
        invoice = self._get_invoice(self.connection, 1001)

        words = self._preview(invoice).words

        line = invoice.line_ids[0]
        for text in (
            invoice.participant_id.name,
            invoice.number,
            line.target_item,
            invoice._format_amount(invoice.amount_total),
            invoice._get_reference(),
        ):
            self.assertIn(text, words)

    def test_unknown_customer_is_looked_up_or_made(self):
        self._pull()
        invoice = self._get_invoice(self.connection, 1001)
        name = invoice.participant_id._get_wanted_name()

        preview = self._preview(invoice)

        self.assertIn("a new customer is made", preview.words)
        self.assertEqual(
            json.loads(preview.payload)["CustomerRef"]["value"],
            f"(the customer {name})",
        )
        self.assertEqual(json.loads(preview.customer_payload)["DisplayName"], name)

    def test_matter_comes_below_its_client(self):
        self.connection.customer_level = "matter"
        self._pull()
        invoice = self._get_invoice(self.connection, 1001)
        self.assertTrue(invoice.subcustomer_id)

        preview = self._preview(invoice)

        client, matter = preview.customer_payload.split("\n}\n{\n")
        self.assertIn(f'"DisplayName": "{invoice.participant_id.name}"', client)
        self.assertIn('"ParentRef"', matter)
        self.assertIn(f"(the customer {invoice.participant_id.name})", matter)

    def test_what_is_missing_is_told_with_its_sentence(self):
        account = self.connection.item_mapping_ids[0].account_id
        self.connection.item_mapping_ids.filtered(
            lambda line: line.account_id == account
        ).unlink()
        bill_id = self._add_bill(
            {
                "amount_exclusive": "10.00",
                "tax_code": "NT",
                "account_number": account.number,
            }
        )
        self._run(self.connection)
        invoice = self._get_invoice(self.connection, bill_id)

        preview = self._preview(invoice)

        self.assertEqual(preview.problem, invoice.failure_message)
        self.assertIn(account.number, preview.problem)
        self.assertFalse(preview.payload)

    def test_waiting_payment_names_the_bill_it_waits_for(self):
        self._receive((7777, "25.00"))
        self._run(self.connection)
        preview = self._preview(self.connection.payment_ids)
        self.assertIn("7777", preview.problem)

    def test_held_document_is_shown_and_said_to_stay(self):
        self._pull()
        invoice = self._get_invoice(self.connection, 1001)
        invoice.action_hold()
        preview = self._preview(invoice)
        self.assertIn("On hold", preview.outcome)
        self.assertIn(invoice.number, preview.payload)

    def test_held_document_that_quickbooks_has_is_said_to_stay_all_the_same(self):
        self._run(self.connection)
        invoice = self._get_invoice(self.connection, 1001)
        invoice.action_hold()
        self.assertIn("On hold", self._preview(invoice).outcome)

    def test_document_that_waits_for_a_decision_says_who_decides(self):
        self._run(self.connection)
        invoice = self._get_invoice(self.connection, 1001)
        for cause, way in (
            ("changed_in_quickbooks", "press Requeue or Leave in QuickBooks"),
            ("removal_changed", "press Requeue or Leave in QuickBooks"),
            ("deleted_in_quickbooks", "press Requeue or Hold"),
        ):
            invoice.write({"state": "attention", "failure_cause": cause})
            preview = self._preview(invoice)
            with self.subTest(cause=cause):
                self.assertIn("Nothing is sent until somebody decides", preview.outcome)
                self.assertIn(way, preview.outcome)
                self.assertIn(invoice.number, preview.payload)

    def test_document_of_a_paused_connection_says_so(self):
        self._pull()
        self.connection.is_paused = True
        invoice = self._get_invoice(self.connection, 1001)
        self.assertIn("while the connection is paused", self._preview(invoice).outcome)
        invoice.bill_status = "Draft"
        self.assertEqual(
            self._preview(invoice).outcome,
            "It is not in QuickBooks, and nothing is sent.",
        )

    def test_removal_that_waits_for_a_decision_says_both(self):
        self._run(self.connection)
        invoice = self._get_invoice(self.connection, 1001)
        invoice.write(
            {
                "state": "attention",
                "failure_cause": "removal_changed",
                "bill_status": "Deleted",
            }
        )
        outcome = self._preview(invoice).outcome
        self.assertIn("Nothing is sent until somebody decides", outcome)
        self.assertIn("Then this: INV-10001 is deleted in QuickBooks", outcome)

    def test_removal_says_what_is_removed(self):
        self._run(self.connection)
        invoice = self._get_invoice(self.connection, 1001)
        self._edit_bill(1001, status="Deleted")
        self._pull()

        preview = self._preview(invoice)

        self.assertIn("INV-10001 is deleted", preview.outcome)
        self.assertEqual(json.loads(preview.payload)["Id"], invoice.quickbooks_id)

    def test_document_gone_on_both_sides_sends_nothing(self):
        self._run(self.connection)
        self._edit_bill(1001, status="Deleted")
        self._run(self.connection)
        preview = self._preview(self._get_invoice(self.connection, 1001))
        self.assertIn("nothing is sent", preview.outcome)
        self.assertFalse(preview.payload)


@tagged("post_install", "-at_install")
class TestTargets(PreviewCase):
    """The lines of the form: where each goes by the maps of now."""

    def test_lines_name_product_and_tax(self):
        self._pull()
        line = self._get_invoice(self.connection, 1001).line_ids[0]
        mapped = self.connection.item_mapping_ids.filtered(
            lambda one: one.account_id.number == line.account_number
        )
        self.assertEqual(line.target_item, mapped.item_id.name)
        self.assertFalse(line.is_item_missing or line.is_tax_missing)

        mapped.unlink()
        line.invalidate_recordset()

        self.assertEqual(line.target_item, "Account is not mapped")
        self.assertTrue(line.is_item_missing)

    def test_write_off_goes_to_its_own_product(self):
        self._credit(1001, number="WO-1")
        self._pull()
        product = self.connection.quickbooks_item_ids[-1]
        self.connection.write_off_item_id = product
        lines = self.connection.credit_note_ids.line_ids
        lines.invalidate_recordset()
        self.assertEqual(set(lines.mapped("target_item")), {product.name})

    def test_payment_names_the_account_it_goes_to(self):
        self._receive((1001, "40.00"))
        self._pull()
        payment = self.connection.payment_ids
        self.assertIn("Business Bank Account", payment.target_account)
        self.assertFalse(payment.is_account_missing)

        self.connection.account_mapping_ids.unlink()
        payment.invalidate_recordset()
        self.assertEqual(payment.target_account, "Deposit account is not mapped")
        self.assertTrue(payment.is_account_missing)

        self.connection.deposit_to = "undeposited"
        payment.invalidate_recordset()
        self.assertEqual(payment.target_account, "Undeposited Funds")
