"""A row that cannot be read is asked for by its id; all others are left behind."""

from datetime import datetime

from odoo.tests import tagged

from odoo.addons.actionstep_quickbooks.clients.values import UnreadableRow

from .test_pull_mishaps import MishapCase


@tagged("post_install", "-at_install")
class TestUnread(MishapCase):
    STREAMS = {
        "bill": ("bill_lines", "bill_line", "amount_exclusive"),
        "receipt": ("receipts", "receipt", "amount"),
        "credit": ("credit_notes", "credit_note_line", "amount_exclusive"),
    }

    def _get_checkpoint(self, stream):
        return self.env["actionstep.sync.checkpoint"]._get(self.connection, stream)

    def test_one_row_does_not_hold_up_the_checkpoint_and_is_not_forgotten(self):
        ids = dict(zip(self.STREAMS, self._add_everything(), strict=True))
        for kind, (stream, view, column) in self.STREAMS.items():
            where = {f"{kind}_id": str(ids[kind])}
            self._change(view, where, **{column: None})
            self._get_checkpoint(stream).cursor = False

        run = self._next_pass()

        self._assert_told(run, f"receipt {ids['receipt']}: amount: is empty")
        for kind, (stream, _view, _column) in self.STREAMS.items():
            checkpoint = self._get_checkpoint(stream)
            with self.subTest(stream=stream):
                self.assertTrue(checkpoint.cursor)
                self.assertEqual(checkpoint.unread_ids, [str(ids[kind])])
            # What changed by then is long behind.
            checkpoint.cursor = datetime(2100, 1, 1)
        run = self._next_pass()
        self._assert_told(run, f"receipt {ids['receipt']}: amount: is empty")

        self._assert_right_after_mend()

        for stream, _view, _column in self.STREAMS.values():
            self.assertFalse(self._get_checkpoint(stream).unread_ids)

    def test_row_that_is_gone_for_a_while_is_asked_for_until_it_is_back(self):
        receipt_id = str(self._receive((1001, "5.00")))
        self._change("receipt", {"receipt_id": receipt_id}, amount=None)
        self._next_pass()
        checkpoint = self._get_checkpoint("receipts")
        self._change("receipt", {"receipt_id": receipt_id}, receipt_id="elsewhere")
        self._next_pass()
        self.assertIn(receipt_id, checkpoint.unread_ids)
        checkpoint.cursor = datetime(2100, 1, 1)

        self._spoil("mend")
        self._next_pass()

        self._assert_payment(receipt_id, "pushed")
        self.assertNotIn(receipt_id, checkpoint.unread_ids or [])

    def test_row_without_an_id_is_met_again(self):
        receipt_id = str(self._receive((1001, "5.00")))
        checkpoint = self._get_checkpoint("receipts")
        before = checkpoint.cursor
        self._change("receipt", {"receipt_id": receipt_id}, receipt_id=None)
        self._next_pass()
        self.assertEqual((checkpoint.cursor, checkpoint.unread_ids), (before, False))
        self._assert_right_after_mend()

    def test_of_thousands_of_rows_some_are_named_and_all_are_counted(self):
        run = self._next_pass()
        rows = [UnreadableRow("receipt", str(n), "no amount") for n in range(600)]

        for some in (rows[:400], rows[:400], rows[400:]):
            self.connection._note_unreadable(run, some)

        self.assertEqual(len(run.detail.splitlines()), 500)
        self.assertIn("600 rows of Actionstep", run.message)
