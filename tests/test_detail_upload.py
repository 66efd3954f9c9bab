"""Details from files: what a bookkeeper uploads, sees and imports."""

import base64
import csv
import io
from datetime import datetime
from unittest.mock import patch

import openpyxl

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, HttpCase, new_test_user, tagged
from odoo.tools import mute_logger

from odoo.addons.actionstep_quickbooks import const
from odoo.addons.actionstep_quickbooks.clients import files
from odoo.addons.actionstep_quickbooks.exceptions import CAUSES

from .common import ActionstepCase, ActionstepCommon

OPERATOR = "actionstep_quickbooks.group_operator"
USER = "actionstep_quickbooks.group_user"
MODIFIED = "2026-10-14T10:00:00Z"


class UploadCase(ActionstepCase):
    """A connection whose details come from files; its bills are known."""

    def setUp(self):
        super().setUp()
        self.connection = self._make_active(detail_source="files")
        self._run(self.connection)
        dump = self.sandbox.admin("actionstep", "GET", "dump")
        self.lines = [
            {column: row.get(column) for column in const.REPORTING_VIEWS["bill_line"]}
            for row in dump["bill_lines"]
            if self._get_invoice(self.connection, row["bill_id"])
        ]
        self.bill = self.connection.invoice_ids.filtered("client_external_id")[0]

    # --- rows ---

    def _receipt(self, receipt_id="501", **over):
        return {
            "receipt_id": receipt_id,
            "client_id": self.bill.client_external_id,
            "matter_id": None,
            "received_on": "2026-10-14",
            "amount": "60.00",
            "currency": self.bill.currency_code,
            "method": "EFT",
            "reference": "EFT 77120",
            "memo": None,
            "deposit_account_number": None,
            "from_trust": "no",
            "modified_at": MODIFIED,
            **over,
        }

    def _allocation(self, receipt_id="501", **over):
        values = {"bill_id": self.bill.external_id, "amount": "50.00"}
        return {"receipt_id": receipt_id, **values, **over}

    def _credit(self, credit_id="701", **over):
        return {
            "credit_id": credit_id,
            "number": "CR-1",
            "bill_id": self.bill.external_id,
            "client_id": self.bill.client_external_id,
            "matter_id": None,
            "credit_date": "2026-11-05",
            "currency": self.bill.currency_code,
            "total_exclusive": "30.00",
            "total_tax": "0",
            "total_inclusive": "30.00",
            "reason": "Goodwill",
            "modified_at": MODIFIED,
            **over,
        }

    def _credit_line(self, credit_id="701", **over):
        return {
            "credit_id": credit_id,
            "line_no": 1,
            "kind": "fee",
            "account_number": "4-1100",
            "description": "Advice credited",
            "amount_exclusive": "30.00",
            "tax_code": "NT",
            "tax_amount": "0",
            **over,
        }

    def _application(self, credit_id="701", **over):
        values = {"bill_id": self.bill.external_id, "applied_on": "2026-11-08"}
        return {"credit_id": credit_id, **values, "amount": "20.00", **over}

    def _all_rows(self):
        """Return rows of every kind, as ``{view: rows}``."""
        return {
            "bill_line": [{**row} for row in self.lines],
            "receipt": [self._receipt()],
            "receipt_allocation": [self._allocation()],
            "credit_note": [self._credit()],
            "credit_note_line": [self._credit_line()],
            "credit_application": [self._application()],
        }

    # --- files ---

    def _csv(self, *rows):
        text = io.StringIO()
        writer = csv.DictWriter(text, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
        return text.getvalue().encode()

    def _xlsx(self, **views):
        book = openpyxl.Workbook()
        book.remove(book.active)
        for view, rows in views.items():
            sheet = book.create_sheet(view)
            for line in (list(rows[0]), *(list(row.values()) for row in rows)):
                sheet.append(line)
        stream = io.BytesIO()
        book.save(stream)
        return stream.getvalue()

    def _upload(self, user=None, connection=None, **named):
        """Return a wizard with files, ``name=content``; two underlines are a dot."""
        env = self.env(user=user) if user else self.env
        attachments = env["ir.attachment"].create(
            [
                {
                    "name": name.replace("__", "."),
                    "raw": content,
                    "res_model": "actionstep.detail.upload",
                    "res_id": 0,
                }
                for name, content in named.items()
            ]
        )
        return env["actionstep.detail.upload"].create(
            {
                "connection_id": (connection or self.connection).id,
                "attachment_ids": attachments.ids,
            }
        )

    def _import(self, **named):
        """Check and import files that are right; return ``{document: counts}``.

        Counts are those of new, changed and unchanged documents.
        """
        upload = self._upload(**named)
        upload.action_check()
        self.assertEqual(upload.problem_ids.mapped("message"), [])
        told = self.connection._take_detail_files(
            [(one.name, one.raw) for one in upload.attachment_ids], is_import=False
        )
        answer = upload.action_import()
        self.assertEqual(answer["tag"], "display_notification")
        self.env.flush_all()
        self.env.invalidate_all()
        return {
            one["model"].removeprefix("actionstep."): (
                one["new"],
                one["changed"],
                one["unchanged"],
            )
            for one in told["counts"]
        }

    def _refuse(self, **named):
        """Check and import files that are wrong; return what is told of them.

        Each error as ``(row, column, cause)``, in the order of the page.
        """
        before = self._snapshot()
        upload = self._upload(**named)
        upload.action_check()
        told = self._get_problems(upload)
        self.assertEqual(upload.action_import()["res_model"], upload._name)
        self.assertEqual(self._get_problems(upload), told)
        self.assertEqual(self._snapshot(), before)
        return told

    def _get_problems(self, upload):
        causes = {str(cause.title): key for key, cause in CAUSES.items()}
        self.assertEqual(upload.state, "wrong")
        self.assertEqual(upload.problem_count, len(upload.problem_ids))
        for problem in upload.problem_ids:
            self.assertNotIn("…", problem.message, "a value is not named")
        return [(p.row, p.column or "", causes[p.title]) for p in upload.problem_ids]

    def _snapshot(self):
        """Return where every row stands that an import may write."""
        self.env.flush_all()
        rows = {}
        for table in (
            "actionstep_connection",
            "actionstep_invoice",
            "actionstep_invoice_line",
            "actionstep_payment",
            "actionstep_payment_allocation",
            "actionstep_credit_note",
            "actionstep_credit_note_line",
            "actionstep_credit_application",
            "actionstep_sync_job",
            "ir_cron_trigger",
            "mail_message",
        ):
            # The place of a row tells whether it was written, even with equal values.
            self.env.cr.execute(f"SELECT ctid, id FROM {table} ORDER BY id")
            rows[table] = self.env.cr.fetchall()
        return rows

    def _get_payment(self, receipt_id="501"):
        return self.connection.payment_ids.filtered(
            lambda one: one.external_id == receipt_id
        )


@tagged("post_install", "-at_install")
class TestUpload(UploadCase):
    """Files that are right."""

    def test_a_check_tells_all_and_stores_nothing(self):
        before = self._snapshot()
        upload = self._upload(october__xlsx=self._xlsx(**self._all_rows()))
        upload.action_check()
        self.assertEqual(self._snapshot(), before)
        self.assertEqual((upload.state, upload.problem_count), ("checked", 0))
        for text in (
            "<td>Payments</td>",
            f"bill_line: Bill lines, {len(self.lines)} rows",
            "receipt: Receipts, 1 rows",
            "EFT 77120",
        ):
            self.assertIn(text, upload.summary)

    def test_an_import_stores_what_the_check_told_and_it_is_pushed(self):
        bills = {line["bill_id"] for line in self.lines}
        self.assertEqual(
            self._import(october__xlsx=self._xlsx(**self._all_rows())),
            {
                "invoice": (0, len(bills), 0),
                "payment": (1, 0, 0),
                "credit.note": (1, 0, 0),
            },
        )
        self.assertEqual(set(self.connection.invoice_ids.mapped("state")), {"waiting"})
        payment = self._get_payment()
        self.assertEqual(payment.amount, 60)
        self.assertEqual(payment.allocation_ids.invoice_id, self.bill)
        self.assertEqual(payment.amount_unapplied, 10)
        note = self.connection.credit_note_ids
        self.assertEqual((note.number, note.line_ids.amount), ("CR-1", 30))
        self.assertEqual(note.application_ids.amount, 20)
        self._run(self.connection)
        self.assertEqual(self.bill.state, "pushed")
        self.assertEqual(len(self._get_quickbooks_invoices()), len(bills))
        self.assertEqual((payment.state, note.state), ("pushed", "pushed"))

    def test_an_import_wakes_the_connection(self):
        triggers = self.env["ir.cron.trigger"].search_count([])
        self._import(a__csv=self._csv(self._receipt()))
        self.assertEqual(self.env["ir.cron.trigger"].search_count([]), triggers + 1)

    def test_an_import_tells_what_changed_and_leads_there(self):
        upload = self._upload(october__csv=self._csv(*self.lines))
        params = upload.action_import()["params"]
        count = len({line["bill_id"] for line in self.lines})
        sentence = f"Bills: 0 new, {count} changed, 0 unchanged."
        self.assertEqual(params["message"], f"{sentence} %s")
        self.assertEqual(
            params["links"], [{"label": "Bills", "url": "/odoo/actionstep-invoices"}]
        )
        self.assertEqual(params["next"]["type"], "ir.actions.act_window_close")
        note = self.connection.message_ids[0]
        self.assertIn("october.csv", note.body)
        self.assertIn(sentence, note.body)
        self.assertEqual(note.author_id, self.env.user.partner_id)

    def test_the_same_file_twice_changes_nothing(self):
        content = self._xlsx(**self._all_rows())
        first = self._import(a__xlsx=content)
        self._run(self.connection)
        triggers = self.env["ir.cron.trigger"].search([])
        before = self._snapshot()
        again = {kind: (0, 0, sum(counts)) for kind, counts in first.items()}
        self.assertEqual(self._import(b__xlsx=content), again)
        (self.env["ir.cron.trigger"].search([]) - triggers).unlink()
        self.assertEqual(self._snapshot(), before)

    def test_nor_does_a_file_without_times_of_change(self):
        views = self._all_rows()
        for rows in views.values():
            for row in rows:
                row.pop("modified_at", None)
        first = self._import(a__xlsx=self._xlsx(**views))
        self._run(self.connection)
        triggers = self.env["ir.cron.trigger"].search([])
        before = self._snapshot()
        again = {kind: (0, 0, sum(counts)) for kind, counts in first.items()}
        self.assertEqual(self._import(b__xlsx=self._xlsx(**views)), again)
        (self.env["ir.cron.trigger"].search([]) - triggers).unlink()
        self.assertEqual(self._snapshot(), before)

    def test_files_that_belong_together_are_uploaded_at_once(self):
        counts = self._import(
            receipts__csv=self._csv(self._receipt()),
            allocations__csv=self._csv(self._allocation()),
        )
        self.assertEqual(counts, {"payment": (1, 0, 0)})
        self.assertEqual(self._get_payment().allocation_ids.amount, 50)

    def test_changed_rows_change_their_documents_alone(self):
        self._import(a__csv=self._csv(self._receipt(), self._receipt("502")))
        self._run(self.connection)
        counts = self._import(
            b__csv=self._csv(self._receipt(), self._receipt("502", amount="61.00"))
        )
        self.assertEqual(counts, {"payment": (0, 1, 1)})
        self.assertFalse(self._get_payment().needs_plan)
        self.assertTrue(self._get_payment("502").needs_plan)

    def test_a_deleted_receipt_leaves_quickbooks(self):
        self._import(
            a__xlsx=self._xlsx(bill_line=self.lines, receipt=[self._receipt()])
        )
        self._run(self.connection)
        self.assertEqual(self._get_payment().state, "pushed")
        gone = self._receipt(
            deleted_at="2026-10-15T00:00:00Z", modified_at="2026-10-15T00:00:00Z"
        )
        never = self._receipt("502", deleted_at="2026-10-15T00:00:00Z")
        counts = self._import(b__csv=self._csv(gone, never))
        self.assertEqual(counts, {"payment": (0, 1, 1)})
        self._run(self.connection)
        self.assertEqual(self._get_payment().state, "withdrawn")

    def test_unused_columns_are_named(self):
        upload = self._upload(a__csv=self._csv({**self._receipt(), "Colour": "red"}))
        upload.action_check()
        self.assertIn("Columns that are not used: colour", upload.summary)

    def test_texts_of_a_file_are_shown_as_texts(self):
        row = self._receipt(memo="<script>alert(1)</script>", reference="=1+1")
        upload = self._upload(a__csv=self._csv(row))
        upload.action_check()
        self.assertNotIn("<script", upload.summary)
        self.assertIn("&lt;script&gt;", upload.summary)
        upload.action_import()
        self.assertEqual(self._get_payment().reference, "=1+1")

    def test_other_files_are_to_be_checked_again(self):
        upload = self._upload(a__csv=self._csv(self._receipt()))
        upload.action_check()
        other = self._upload(b__csv=b"")
        with Form(upload) as form:
            self.assertEqual(form.state, "checked")
            form.attachment_ids.clear()
            form.attachment_ids.add(other.attachment_ids)
            self.assertEqual(form.state, "new")

    def test_the_template_names_every_column(self):
        upload = self._upload()
        url = upload.action_download_template()["url"]
        self.assertIn(f"/{upload.id}/template?download=true", url)
        book = openpyxl.load_workbook(io.BytesIO(base64.b64decode(upload.template)))
        columns = {
            sheet.title: tuple(cell.value for cell in sheet[1]) for sheet in book
        }
        views = dict(const.REPORTING_VIEWS)
        del views["bill"]
        self.assertEqual(columns, views)

    def test_files_do_not_stay(self):
        upload = self._upload(a__csv=self._csv(self._receipt()))
        files_ = upload.attachment_ids
        upload.action_import()
        self.assertFalse(files_.exists())
        left = self._upload(a__csv=b"left behind").attachment_ids
        fresh = self._upload(a__csv=b"of today").attachment_ids
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE ir_attachment SET create_date = create_date - interval '2 days'"
            " WHERE id = %s",
            [left.id],
        )
        self.env.invalidate_all()
        upload._gc_files()
        self.assertEqual((left + fresh).exists(), fresh)


@tagged("post_install", "-at_install")
class TestParts(UploadCase):
    """A file that holds a part only leaves the others as they are."""

    def setUp(self):
        super().setUp()
        self.other = (self.connection.invoice_ids - self.bill)[0]
        views = self._all_rows()
        del views["bill_line"]
        views["receipt"].append(self._receipt("502"))
        views["receipt_allocation"].append(self._allocation("502"))
        self._import(a__xlsx=self._xlsx(**views))
        self.note = self.connection.credit_note_ids

    def test_receipts_alone_keep_their_allocations(self):
        upload = self._upload(a__csv=self._csv(self._receipt(amount="70.00")))
        upload.action_check()
        self.assertIn("<code>receipt_allocation</code>", upload.summary)
        upload.action_import()
        payment = self._get_payment()
        self.assertEqual((payment.amount, payment.allocation_ids.amount), (70, 50))

    def test_receipts_with_allocations_replace_those_of_each(self):
        counts = self._import(
            a__csv=self._csv(self._receipt(), self._receipt("502")),
            b__csv=self._csv(self._allocation()),
        )
        self.assertEqual(counts, {"payment": (0, 1, 1)})
        self.assertEqual(self._get_payment().allocation_ids.amount, 50)
        self.assertFalse(self._get_payment("502").allocation_ids)

    def test_allocations_alone_replace_those_of_their_receipts(self):
        rows = [self._allocation(bill_id=self.other.external_id)]
        self.assertEqual(self._import(a__csv=self._csv(*rows)), {"payment": (0, 1, 0)})
        payment = self._get_payment()
        self.assertEqual(payment.allocation_ids.invoice_id, self.other)
        self.assertEqual(payment.modified_at, datetime(2026, 10, 14, 10))
        self.assertEqual(self._get_payment("502").allocation_ids.amount, 50)

    def test_credit_notes_alone_keep_lines_and_applications(self):
        rows = [self._credit(reason="An error")]
        self.assertEqual(
            self._import(a__csv=self._csv(*rows)), {"credit.note": (0, 1, 0)}
        )
        self.assertEqual(self.note.reason, "An error")
        self.assertEqual(self.note.line_ids.amount, 30)
        self.assertEqual(self.note.application_ids.amount, 20)

    def test_lines_of_credit_notes_alone_replace_lines(self):
        rows = [
            self._credit_line(amount_exclusive="10.00"),
            self._credit_line(line_no=2, amount_exclusive="20.00"),
        ]
        self._import(a__csv=self._csv(*rows))
        self.assertEqual(self.note.line_ids.mapped("amount"), [10, 20])
        self.assertEqual(self.note.application_ids.amount, 20)

    def test_applications_alone_replace_applications(self):
        rows = [self._application(bill_id=self.other.external_id)]
        self._import(a__csv=self._csv(*rows))
        living = self.note.application_ids.filtered(lambda one: not one.is_deleted)
        self.assertEqual(living.invoice_id, self.other)
        self.assertEqual(self.note.line_ids.amount, 30)

    def test_a_sheet_without_rows_is_no_part(self):
        views = {"receipt": [self._receipt(memo="x")], "receipt_allocation": []}
        book = openpyxl.load_workbook(io.BytesIO(self._xlsx(receipt=views["receipt"])))
        book.create_sheet("receipt_allocation").append(list(self._allocation()))
        stream = io.BytesIO()
        book.save(stream)
        self._import(a__xlsx=stream.getvalue())
        self.assertEqual(self._get_payment().memo, "x")
        self.assertEqual(self._get_payment().allocation_ids.amount, 50)


@tagged("post_install", "-at_install")
class TestTimes(UploadCase):
    """Which of two says what is newer."""

    def _get_rows(self, **changes):
        """Return the lines of the bill, without times of change unless given."""
        bill_id = self.bill.external_id
        rows = [row for row in self.lines if str(row["bill_id"]) == bill_id]
        rows = [{**row, **changes} for row in rows]
        if "modified_at" not in changes:
            for row in rows:
                del row["modified_at"]
        return rows

    def test_rows_without_a_time_are_new_when_they_come(self):
        now = fields.Datetime.now()
        self._import(a__csv=self._csv(*self._get_rows()))
        self.assertGreaterEqual(self.bill.lines_modified_at, now)
        receipt = self._receipt()
        del receipt["modified_at"]
        self._import(a__csv=self._csv(receipt))
        self.assertGreaterEqual(self._get_payment().modified_at, now)

    def test_lines_uploaded_after_a_change_of_the_bill_are_newer(self):
        times = {"modified_at": "2026-08-01T00:00:00Z"}
        self._import(a__csv=self._csv(*self._get_rows(**times)))
        bill_id = self.bill.external_id
        self._edit_bill(bill_id, total_exclusive="7.00", total_inclusive="7.00")
        self._run(self.connection)
        self.assertEqual(self.bill.failure_cause, "lines_outdated")
        # The very same lines again are no longer those of before the change.
        counts = self._import(a__csv=self._csv(*self._get_rows()))
        self.assertEqual(counts, {"invoice": (0, 0, 1)})
        self._run(self.connection)
        self.assertEqual(self.bill.failure_cause, "lines_mismatch")

    def test_what_is_older_than_what_is_stored_is_refused(self):
        self._import(a__csv=self._csv(self._receipt()))
        older = self._receipt(amount="10.00", modified_at="2026-10-13")
        expected = [(2, "modified_at", "row_older")]
        self.assertEqual(self._refuse(a__csv=self._csv(older)), expected)
        self._import(
            a__csv=self._csv(*self._get_rows(modified_at="2026-10-14T10:00:00Z"))
        )
        older = self._get_rows(modified_at="2026-10-13", description="Other")
        expected = [(2 + i, "modified_at", "row_older") for i in range(len(older))]
        self.assertEqual(self._refuse(a__csv=self._csv(*older)), expected)

    def test_what_says_the_same_may_be_older(self):
        self._import(a__csv=self._csv(self._receipt()))
        counts = self._import(a__csv=self._csv(self._receipt(modified_at="2026-10-13")))
        self.assertEqual(counts, {"payment": (0, 0, 1)})


@tagged("post_install", "-at_install")
class TestRefusals(UploadCase):
    """Files that are wrong: nothing of them is stored, and each error is told."""

    def test_one_bad_row_keeps_everything_out(self):
        for view in self._all_rows():
            views = self._all_rows()
            last = views[view][-1]
            column = "amount" if "amount" in last else "total_tax"
            column = column if column in last else "tax_amount"
            last[column] = "much"
            with self.subTest(view=view):
                self.assertEqual(
                    self._refuse(a__xlsx=self._xlsx(**views)),
                    [(len(views[view]) + 1, column, "row_amount")],
                )

    def test_a_file_that_cannot_be_read_keeps_the_others_out(self):
        good = self._csv(self._receipt())
        refused = {
            "file_type": b"%PDF\0",
            "file_empty": b"",
            "file_unknown": b"a,b\n1,2",
        }
        for cause, content in refused.items():
            with self.subTest(cause=cause):
                told = self._refuse(good__csv=good, bad__csv=content)
                self.assertEqual(told, [(0, "", cause)])

    def test_rows_that_stand_there_twice(self):
        rows = self._all_rows()
        columns = {
            "bill_line": "line_no",
            "receipt": "receipt_id",
            "receipt_allocation": "bill_id",
            "credit_note": "credit_id",
            "credit_note_line": "line_no",
            "credit_application": "bill_id",
        }
        for view, column in columns.items():
            views = {**rows, view: [*rows[view], {**rows[view][0]}]}
            row = len(views[view]) + 1
            with self.subTest(view=view):
                told = self._refuse(a__xlsx=self._xlsx(**views))
                self.assertEqual(told, [(row, column, "row_twice")])

    def test_rows_that_stand_in_two_files(self):
        content = self._csv(self._receipt())
        upload = self._upload(a__csv=content, b__csv=content)
        upload.action_check()
        problem = upload.problem_ids
        self.assertEqual(problem.sheet, "b.csv")
        self.assertIn("receipt_id 501 stands in row 2 of a.csv", problem.message)

    def test_parts_of_what_is_nowhere(self):
        for part, column in (
            (self._allocation("599"), "receipt_id"),
            (self._credit_line("799"), "credit_id"),
            (self._application("799"), "credit_id"),
        ):
            with self.subTest(column=column):
                self.assertEqual(
                    self._refuse(a__csv=self._csv(part)),
                    [(2, column, "row_parent_unknown")],
                )

    def test_bills_and_clients_that_are_not_known(self):
        views = self._all_rows()
        views["bill_line"].append({**self.lines[0], "bill_id": "999"})
        views["receipt"].append(self._receipt("502", client_id="999"))
        views["receipt_allocation"].append(self._allocation(bill_id="998"))
        views["credit_note"].append(self._credit("702", client_id="999", bill_id="997"))
        views["credit_application"].append(self._application("702", bill_id="996"))
        told = self._refuse(a__xlsx=self._xlsx(**views))
        self.assertEqual(
            told,
            [
                (len(views["bill_line"]) + 1, "bill_id", "row_bill_unknown"),
                (3, "bill_id", "row_bill_unknown"),
                (3, "bill_id", "row_bill_unknown"),
                (3, "client_id", "row_client_unknown"),
                (3, "client_id", "row_client_unknown"),
                (3, "bill_id", "row_bill_unknown"),
            ],
        )

    def test_a_credit_note_of_no_bill_is_known_by_its_client(self):
        row = self._credit(bill_id=None)
        self.assertEqual(
            self._import(a__csv=self._csv(row)), {"credit.note": (1, 0, 0)}
        )

    def test_a_file_of_another_firm(self):
        views = {
            "bill_line": [{**row, "bill_id": "999"} for row in self.lines[:1]],
            "receipt": [self._receipt(client_id="999")],
        }
        upload = self._upload(a__xlsx=self._xlsx(**views))
        upload.action_check()
        problems = upload.problem_ids
        self.assertEqual(len(problems), 3)
        self.assertEqual((problems[0].row, problems[0].sheet), (0, ""))
        self.assertIn("Miller & Partners knows none of the bills", problems[0].message)
        self.assertEqual(problems[1].title, "Bill is not known")

    def test_the_bills_of_another_connection_are_not_ours(self):
        other = self._make_connection(name="Other", detail_source="files")
        upload = self._upload(connection=other, a__csv=self._csv(*self.lines))
        upload.action_check()
        self.assertEqual(upload.problem_ids[0].title, "Another firm's file")

    def test_a_draft_is_not_known(self):
        bill_id = self._add_bill(status="Draft")
        self._run(self.connection)
        row = {**self.lines[0], "bill_id": bill_id, "line_no": 1}
        self.assertEqual(
            self._refuse(a__csv=self._csv(*self.lines, row)),
            [(len(self.lines) + 2, "bill_id", "row_bill_unknown")],
        )

    def test_what_was_checked_is_checked_again(self):
        upload = self._upload(a__csv=self._csv(self._receipt()))
        upload.action_check()
        self.assertEqual(upload.state, "checked")
        upload.attachment_ids.raw = self._csv(self._receipt(amount="x"))
        upload.action_import()
        self.assertEqual(self._get_problems(upload), [(2, "amount", "row_amount")])
        self.assertFalse(self.connection.payment_ids)

    def test_what_the_database_refuses_is_told(self):
        self.env.cr.execute(
            "ALTER TABLE actionstep_payment"
            " ADD CONSTRAINT refuse_one CHECK (external_id <> '502')"
        )
        rows = [self._receipt(), self._receipt("502")]
        with mute_logger(
            "odoo.sql_db",
            "odoo.addons.actionstep_quickbooks.models.actionstep_connection_files",
        ):
            told = self._refuse(a__csv=self._csv(*rows))
        self.assertEqual(told, [(0, "", "unexpected")])

    def test_too_much_at_once(self):
        one, two = self._csv(self._receipt()), self._csv(self._receipt("502"))
        with patch.object(files, "MAX_ROWS", 1):
            self.assertEqual(
                self._refuse(a__csv=one, b__csv=two), [(0, "", "file_too_large")]
            )
            self._import(a__csv=one)

    def test_errors_are_counted_and_the_first_are_shown(self):
        rows = [self._receipt(str(i), amount="x") for i in range(520)]
        upload = self._upload(a__csv=self._csv(*rows))
        upload.action_check()
        self.assertEqual(upload.problem_count, 520)
        self.assertEqual(upload.problem_ids.mapped("row"), list(range(2, 502)))


@tagged("post_install", "-at_install")
class TestRights(UploadCase):
    def _make_user(self, group, company=None):
        company = company or self.env.company
        return new_test_user(
            self.env,
            group.rpartition(".")[2],
            groups=group,
            company_id=company.id,
            company_ids=[(6, 0, company.ids)],
        )

    def test_an_operator_uploads(self):
        user = self._make_user(OPERATOR)
        upload = self._upload(user, a__csv=self._csv(self._receipt()))
        upload.action_check()
        self.assertEqual(upload.state, "checked")
        self.assertEqual(len(base64.b64decode(upload.template)[:4]), 4)
        upload.action_import()
        self.assertEqual(self._get_payment().amount, 60)
        self.assertEqual(self.connection.message_ids[0].author_id, user.partner_id)

    def test_an_operator_sees_what_is_wrong_and_changes_none_of_it(self):
        user = self._make_user(OPERATOR)
        upload = self._upload(user, a__csv=b"")
        upload.action_check()
        self.assertEqual(upload.problem_ids.title, "File has no rows")
        with self.assertRaises(AccessError):
            upload.problem_ids.title = "Fine"

    def test_others_do_not(self):
        content = self._csv(self._receipt())
        upload = self._upload(a__csv=content)
        for group in (USER, "base.group_portal"):
            user = self._make_user(group)
            with self.subTest(group=group):
                with self.assertRaises(AccessError):
                    self._upload(user, a__csv=content)
                for method in ("action_check", "action_import"):
                    with self.assertRaises(UserError):  # an AccessError is one, too
                        getattr(upload.with_user(user), method)()
        self.assertFalse(self.connection.payment_ids)

    def test_the_connection_of_another_company_is_out_of_reach(self):
        away = self.env["res.company"].create({"name": "Other Firm"})
        user = self._make_user(OPERATOR, away)
        with self.assertRaises(AccessError), self.env.cr.savepoint():
            self._upload(user, a__csv=self._csv(self._receipt())).action_check()
        upload = self._upload(a__csv=self._csv(self._receipt()))
        with self.assertRaises(AccessError):
            upload.with_user(user).action_check()

    def test_files_of_others_are_neither_read_nor_removed(self):
        secret = self.env["ir.attachment"].create(
            {"name": "a.csv", "raw": self._csv(self._receipt())}
        )
        open_ = secret.copy({"public": True})
        user = self._make_user(OPERATOR)
        upload = self._upload(user)
        with self.assertRaises(AccessError):
            upload.attachment_ids = secret
        upload.attachment_ids = open_
        upload.action_import()
        self.assertTrue(open_.exists())

    def test_a_connection_with_another_source_takes_no_files(self):
        upload = self._upload(a__csv=self._csv(self._receipt()))
        self.connection.detail_source = "reporting"
        for method in (upload.action_check, upload.action_import):
            with self.assertRaisesRegex(UserError, "from files"):
                method()

    def test_there_must_be_a_file(self):
        with self.assertRaisesRegex(UserError, "at least one file"):
            self._upload().action_check()

    def test_the_only_connection_with_files_is_chosen(self):
        Upload = self.env["actionstep.detail.upload"]
        self.assertEqual(Upload.new({}).connection_id, self.connection)
        self._make_connection(name="Other", detail_source="reporting")
        self.assertEqual(Upload.new({}).connection_id, self.connection)
        self._make_connection(name="Third", detail_source="files")
        self.assertFalse(Upload.new({}).connection_id)


@tagged("post_install", "-at_install")
class TestTemplateDownload(ActionstepCommon, HttpCase):
    def test_an_operator_downloads_the_template(self):
        connection = self._make_connection(detail_source="files")
        for login, group, is_given in (
            ("operator", OPERATOR, True),
            ("reader", USER, False),
        ):
            user = new_test_user(self.env, login, groups=group)
            upload = self.env["actionstep.detail.upload"].create(
                {"connection_id": connection.id}
            )
            self.authenticate(login, login)
            answer = self.url_open(upload.action_download_template()["url"])
            with self.subTest(login=user.login):
                self.assertEqual(answer.content.startswith(b"PK"), is_given)
                self.assertEqual(answer.ok, is_given)
                if is_given:
                    disposition = answer.headers["Content-Disposition"]
                    self.assertIn("actionstep_details.xlsx", disposition)
