"""Credit notes that change, go, or are touched by a person; lost answers."""

from decimal import Decimal

from odoo.tests import tagged

from .test_credit_notes import FEE, CreditCase

DROP_BEFORE, DROP_AFTER = {"kind": "drop_before"}, {"kind": "drop_after"}
MEMOS = {"method": "POST", "path": "/batch", "body": '"CreditMemo"'}


@tagged("post_install", "-at_install")
class TestChanges(CreditCase):
    """The same credit memo follows Actionstep."""

    def setUp(self):
        super().setUp()
        self.note = self._push_credit((self.bill_id, "40.00"), number="CR-1")
        self.credit_id = self.note.external_id
        self.memo_id = self.note.quickbooks_id
        self.sandbox.admin("quickbooks", "DELETE", "log")

    def _assert_same_memo(self):
        memo = self._get_memo(self.credit_id)
        self.assertEqual(memo["Id"], self.memo_id)
        self._assert_pushed(self.note)
        return memo

    def _replace_credit_lines(self, *amounts):
        lines = [{**FEE, "amount_exclusive": amount} for amount in amounts]
        self._change_credit(self.credit_id, "lines", lines=lines)

    def test_number_and_date(self):
        self._change_credit(self.credit_id, number="CR-2", credit_date="2026-11-21")
        self._run(self.connection)
        memo = self._assert_same_memo()
        self.assertEqual((memo["DocNumber"], memo["TxnDate"]), ("CR-2", "2026-11-21"))
        self.assertIn("Updated in QuickBooks", self._get_notes(self.note)[0])

    def test_new_number_stands_in_the_application_too(self):
        self._change_credit(self.credit_id, number="CR-2")
        self._run(self.connection)
        [row] = self._get_ours("Payment", f"credit {self.credit_id} to bill")
        self.assertIn("Credit note: CR-2", row["PrivateNote"])

    def test_new_number_of_the_bill_stands_in_the_application_too(self):
        self._edit_bill(self.bill_id, number="INV-NEW")
        self._run(self.connection)
        [row] = self._get_ours("Payment", f"credit {self.credit_id} to bill")
        self.assertIn("Bill: INV-NEW", row["PrivateNote"])

    def test_reason(self):
        self._change_credit(self.credit_id, reason="Agreed by telephone")
        self._run(self.connection)
        memo = self._assert_same_memo()
        self.assertIn("Reason: Agreed by telephone", memo["PrivateNote"])

    def test_lines(self):
        self._replace_credit_lines("30.00", "25.00")
        self._run(self.connection)
        memo = self._assert_same_memo()
        self.assertEqual(self._amount(memo["TotalAmt"]), Decimal("55.00"))
        self.assertEqual(self._get_remaining(self.credit_id), Decimal("15.00"))
        self.assertEqual(self._get_balance(self.bill_id), Decimal("60.00"))

    def test_lowered_together_with_what_is_applied(self):
        self._replace_credit_lines("10.00")
        self._apply(self.credit_id, (self.bill_id, "10.00"))

        run = self._run(self.connection)

        self.assertEqual(run.failed_count, 0)
        self._assert_same_memo()
        self.assertEqual(self._get_balance(self.bill_id), Decimal("90.00"))
        self.assertEqual(self._get_remaining(self.credit_id), 0)

    def test_raised_together_with_what_is_applied(self):
        self._replace_credit_lines("70.00")
        self._apply(self.credit_id, (self.bill_id, "70.00"))

        run = self._run(self.connection)

        self.assertEqual(run.failed_count, 0)
        self._assert_same_memo()
        self.assertEqual(self._get_balance(self.bill_id), Decimal("30.00"))

    def test_client_of_an_unapplied_credit(self):
        self._apply(self.credit_id)
        other = self.firm.bills[1].client_id
        self._change_credit(self.credit_id, client_id=other, matter_id=None)

        self._run(self.connection)

        memo = self._assert_same_memo()
        self.assertEqual(
            memo["CustomerRef"]["value"], self.note.participant_id.quickbooks_id
        )
        self.assertEqual(self.note.participant_id.external_id, str(other))

    def test_client_moved_together_with_its_application(self):
        bill = self.firm.bills[1]
        self._change_credit(self.credit_id, client_id=bill.client_id, matter_id=None)
        self._apply(self.credit_id, (bill.bill_id, "40.00"))

        self._run(self.connection)

        self._assert_same_memo()
        self.assertEqual(self._get_applied(self.credit_id), {bill.bill_id: 40})
        self.assertEqual(self._get_balance(self.bill_id), Decimal("100.00"))

    def test_tax_code_mapped_anew_changes_nothing_that_stands(self):
        self.connection.tax_mapping_ids.filtered(
            lambda line: line.tax_code_id.name == "NT"
        ).unlink()
        self._run(self.connection)
        self._assert_same_memo()
        self.assertEqual(self._get_sent("CreditMemo"), [])


@tagged("post_install", "-at_install")
class TestRemoval(CreditCase):
    def setUp(self):
        super().setUp()
        self.note = self._push_credit((self.bill_id, "40.00"), number="CR-1")
        self.use = self.note.application_ids
        self.credit_id = self.note.external_id
        self.sandbox.admin("quickbooks", "DELETE", "log")

    def _assert_gone(self):
        """Assert that credit memo and application left QuickBooks."""
        self._assert_stands(self.note, "withdrawn")
        self._assert_stands(self.use, "withdrawn")
        self.assertFalse(self.note.quickbooks_id or self.use.quickbooks_id)
        self.assertEqual(self._get_ours("CreditMemo", "credit note"), [])
        self.assertEqual(self._get_applied(self.credit_id), {})

    def _assert_deleted(self):
        run = self._run(self.connection)
        self.assertEqual((run.state, run.failed_count), ("done", 0), run.message)
        self._assert_gone()
        self.assertEqual(self._get_balance(self.bill_id), Decimal("100.00"))

    def test_deleted_credit_takes_its_application_out_first(self):
        self._change_credit(self.credit_id, "delete")
        self._assert_deleted()
        self.assertEqual(
            [next(iter(item)) for item in self._get_removed()],
            ["Payment", "CreditMemo"],
        )
        self.assertIn("Deleted in QuickBooks", self._get_notes(self.note)[0])
        self.assertIn("Deleted in QuickBooks", self._get_notes(self.use)[0])

    def _get_removed(self):
        """Return what was asked of QuickBooks to delete, oldest first."""
        return [
            {key: item[key] for key in ("Payment", "CreditMemo") if key in item}
            for row in self.sandbox.requests("quickbooks", "/batch")
            for item in row["body"]["BatchItemRequest"]
            if item.get("operation") == "delete"
        ]

    def test_deleted_credit_where_quickbooks_lets_applied_ones_go(self):
        self._switch("quickbooks", remove_applied_credit="unlink")
        self._change_credit(self.credit_id, "delete")
        self._assert_deleted()

    def test_deleted_credit_is_deleted_also_where_invoices_are_voided(self):
        self.connection.removal = "void"
        self._change_credit(self.credit_id, "delete")
        self._assert_deleted()

    def test_credit_deleted_with_its_applications(self):
        self._apply(self.credit_id)
        self._change_credit(self.credit_id, "delete")
        self._assert_deleted()

    def test_bill_deleted_together_with_its_credit(self):
        self._change_credit(self.credit_id, "delete")
        self.sandbox.admin("actionstep", "POST", f"bills/{self.bill_id}/delete", {})

        run = self._run(self.connection)

        self.assertEqual((run.state, run.failed_count), ("done", 0), run.message)
        self._assert_gone()
        self.assertEqual(self._get_quickbooks_invoices(self.bill_id), [])

    def test_bill_deleted_and_credit_left_as_it_is(self):
        self._apply(self.credit_id)
        self.sandbox.admin("actionstep", "POST", f"bills/{self.bill_id}/delete", {})

        run = self._run(self.connection)

        self.assertEqual((run.state, run.failed_count), ("done", 0), run.message)
        self.assertEqual(self._get_quickbooks_invoices(self.bill_id), [])
        self._assert_pushed(self.note)
        self.assertEqual(self._get_remaining(self.credit_id), Decimal("40.00"))

    def test_bill_deleted_before_its_credit_is_taken_off_in_the_export(self):
        # The nightly load comes later than the bill.
        self._apply(self.credit_id, reporting=False)
        self.sandbox.admin("actionstep", "POST", f"bills/{self.bill_id}/delete", {})
        self._run(self.connection)
        self.sandbox.admin("actionstep", "POST", "reporting/refresh")

        self._make_due(self.connection)
        self._run(self.connection)

        invoice = self._get_invoice(self.connection, self.bill_id)
        self._assert_stands(invoice, "withdrawn")
        self._assert_stands(self.use, "withdrawn")
        self.assertEqual(self._get_quickbooks_invoices(self.bill_id), [])
        self.assertEqual(self._get_remaining(self.credit_id), Decimal("40.00"))

    def test_credit_that_came_back_is_created_anew(self):
        self._change_credit(self.credit_id, "delete")
        self._run(self.connection)
        self._undelete()

        self._run(self.connection)

        self._assert_pushed(self.note)
        self._assert_pushed(self.use)
        self.assertEqual(self._get_balance(self.bill_id), Decimal("60.00"))

    def _undelete(self):
        """Let the export name the credit note as living again, as a restore does."""
        values = {"deleted_at": None, "modified_at": "2026-11-30T00:00:00Z"}
        self._change_export("credit_note", self.credit_id, values)

    def test_number_of_a_deleted_credit_is_free_in_the_same_pass(self):
        self._change_credit(self.credit_id, "delete")
        other = self._credit_fee(number="CR-1")

        run = self._run(self.connection)

        self.assertEqual(run.failed_count, 0)
        self._assert_gone_memo()
        self._assert_pushed(self._get_note(other))

    def _assert_gone_memo(self):
        marker = f"credit note {self.credit_id}"
        self.assertEqual(self._get_ours("CreditMemo", marker), [])

    def test_credit_that_a_person_deleted_already_is_in_order(self):
        self._delete_in_quickbooks("CreditMemo", self.note.quickbooks_id)
        self._change_credit(self.credit_id, "delete")

        run = self._run(self.connection)

        self.assertEqual((run.state, run.failed_count), ("done", 0), run.message)
        self._assert_gone()

    def test_removal_in_a_closed_period_waits_for_a_person(self):
        self.sandbox.admin("quickbooks", "POST", "close", {"date": "2026-11-20"})
        self._change_credit(self.credit_id, "delete")
        self._run(self.connection)
        self._assert_stands(self.use, "attention", "closed_period")
        self._assert_stands(self.note, "waiting", "settled_by_ours")

        self.sandbox.admin("quickbooks", "POST", "close", {"date": None})
        self.use.action_requeue()
        self._assert_deleted()

    def test_lost_answer_of_the_removal(self):
        for fault in (DROP_AFTER, DROP_BEFORE):
            match = {**MEMOS, "body": '"delete"'}
            self.sandbox.fault("quickbooks", fault, **match)
        self._change_credit(self.credit_id, "delete")

        for _number in range(3):
            self._make_due(self.connection)
            self._run(self.connection)

        self._assert_gone()
        self.assertEqual(self._get_balance(self.bill_id), Decimal("100.00"))


@tagged("post_install", "-at_install")
class TestPeople(CreditCase):
    """What a bookkeeper does to our credit memo in QuickBooks."""

    def setUp(self):
        super().setUp()
        self.note = self._push_credit(number="CR-1")
        self.credit_id = self.note.external_id
        self.sandbox.admin("quickbooks", "DELETE", "log")

    def _edit_memo(self, **changes):
        self._edit_in_quickbooks("CreditMemo", self.note.quickbooks_id, **changes)

    def _apply_by_hand(self, amount="25.00"):
        """Apply the credit memo to an invoice in QuickBooks, as a person does."""
        [invoice] = self._get_quickbooks_invoices(self.bill_id)
        body = {
            "credit": self.note.quickbooks_id,
            "invoice": invoice["Id"],
            "amount": amount,
        }
        self.sandbox.admin("quickbooks", "POST", "apply", body)
        return {"credit": self.note.quickbooks_id, "invoice": invoice["Id"]}

    def test_changed_there_and_not_here_is_left_alone(self):
        self._edit_memo(TxnDate="2026-11-22")
        self._run(self.connection)
        self._assert_pushed(self.note)
        self.assertEqual(self._get_memo(self.credit_id)["TxnDate"], "2026-11-22")

    def test_changed_on_both_sides_needs_a_person_who_puts_ours_back(self):
        self._edit_memo(TxnDate="2026-11-22")
        self._change_credit(self.credit_id, number="CR-2")
        self._run(self.connection)
        sentence = "Somebody changed this document in QuickBooks"
        self._assert_stands(self.note, "attention", "changed_in_quickbooks", sentence)
        self.assertEqual(self._get_memo(self.credit_id)["DocNumber"], "CR-1")

        self.note.action_requeue()
        self._run(self.connection)

        self._assert_pushed(self.note)
        memo = self._get_memo(self.credit_id)
        self.assertEqual((memo["DocNumber"], memo["TxnDate"]), ("CR-2", "2026-11-20"))

    def test_changed_on_both_sides_and_left(self):
        self._edit_memo(TxnDate="2026-11-22")
        self._change_credit(self.credit_id, number="CR-2")
        self._run(self.connection)

        self.note.action_leave()
        self._run(self.connection)

        self._assert_pushed(self.note)
        self.assertEqual(self._get_memo(self.credit_id)["DocNumber"], "CR-1")

    def test_held_is_not_pushed_until_released(self):
        credit_id = self._credit_fee(number="CR-" + "7" * 19)
        self._run(self.connection)
        note = self._get_note(credit_id)
        note.action_hold()
        self._change_credit(credit_id, number="CR-8")
        self._run(self.connection)
        self._assert_stands(note, "held")
        self.assertEqual(self._get_ours("CreditMemo", f"credit note {credit_id}"), [])

        note.action_release()
        self._run(self.connection)

        self._assert_pushed(note)

    def test_deleted_there_is_told_at_the_next_change_and_comes_back(self):
        self._delete_in_quickbooks("CreditMemo", self.note.quickbooks_id)
        self._change_credit(self.credit_id, reason="Again")
        self._run(self.connection)
        sentence = "Somebody deleted the document CR-1 in QuickBooks"
        self._assert_stands(self.note, "attention", "deleted_in_quickbooks", sentence)

        self.note.action_requeue()
        self._run(self.connection)

        self._assert_pushed(self.note)
        self.assertIn("Again", self._get_memo(self.credit_id)["PrivateNote"])

    def test_applied_by_hand_changes_nothing_here(self):
        self._apply_by_hand()
        self._change_credit(self.credit_id, reason="Again")
        self._run(self.connection)
        self._assert_pushed(self.note)
        self.assertIn("Again", self._get_memo(self.credit_id)["PrivateNote"])
        self.assertEqual(self._get_balance(self.bill_id), Decimal("75.00"))

    def test_applied_by_hand_and_deleted_here_is_left_to_a_person(self):
        self._apply_by_hand()
        self._change_credit(self.credit_id, "delete")
        self._run(self.connection)
        sentence = "If a person applied it there, remove that application"
        self._assert_stands(self.note, "attention", "credit_applied", sentence)
        self.assertEqual(self._get_remaining(self.credit_id), Decimal("15.00"))

        self.note.action_leave()
        self._run(self.connection)

        self._assert_stands(self.note, "withdrawn")
        self.assertEqual(self._get_remaining(self.credit_id), Decimal("15.00"))

    def test_application_by_hand_taken_back_lets_the_removal_go(self):
        applied = self._apply_by_hand()
        self._change_credit(self.credit_id, "delete")
        self._run(self.connection)
        self.sandbox.admin("quickbooks", "POST", "unapply", applied)

        self.note.action_requeue()
        self._run(self.connection)

        self._assert_stands(self.note, "withdrawn")
        self.assertEqual(self._get_ours("CreditMemo", "credit note"), [])

    def test_changed_there_and_deleted_here_is_left_until_requeued(self):
        self._edit_memo(TxnDate="2026-11-22")
        self._change_credit(self.credit_id, "delete")
        self._run(self.connection)
        self._assert_stands(self.note, "attention", "removal_changed")

        self.note.action_requeue()
        self._run(self.connection)

        self._assert_stands(self.note, "withdrawn")
        self.assertEqual(self._get_ours("CreditMemo", "credit note"), [])

    def test_lowered_below_what_a_person_applied_needs_a_person(self):
        self._apply_by_hand("40.00")
        lines = [{**FEE, "amount_exclusive": "10.00"}]
        self._change_credit(self.credit_id, "lines", lines=lines)
        self._run(self.connection)
        self.assertEqual(self.note.state, "attention")
        self.assertIn(self.note.failure_cause, ("refused", "credit_applied"))
        self.assertEqual(self._get_remaining(self.credit_id), 0)
        self.assertEqual(
            self._amount(self._get_memo(self.credit_id)["TotalAmt"]), Decimal("40.00")
        )
