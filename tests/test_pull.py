"""What Actionstep and the reporting database answer, and what is staged of it."""

import json
from datetime import date, datetime, timedelta
from unittest.mock import patch

from odoo import fields
from odoo.tests import freeze_time, tagged

from odoo.addons.actionstep_quickbooks.models import (
    actionstep_connection_pull_detail,
    actionstep_connection_pull_people,
)

from .common import ActionstepCase
from .raw_server import Reply

NEVER = date(2099, 1, 1)


class PullCase(ActionstepCase):
    def _get_checkpoint(self, connection, stream="bills"):
        return self.env["actionstep.sync.checkpoint"]._get(connection, stream)

    def _get_pages(self):
        """Return the pages of bills that Actionstep was asked for, in order."""
        rows = self.sandbox.requests("actionstep", "/rest/bills")
        return [int(row["query"]["page"]) for row in rows]

    def _get_versions(self):
        """Return what PostgreSQL changes with every write of a row."""
        self.env.flush_all()
        versions = {}
        for table in ("actionstep_invoice", "actionstep_invoice_line"):
            self.env.cr.execute(f"SELECT id, ctid::text FROM {table}")
            versions[table] = dict(self.env.cr.fetchall())
        return versions


@tagged("post_install", "-at_install")
class TestPages(PullCase):
    firm_size = "401"

    def setUp(self):
        super().setUp()
        # Skipped bills are pulled and planned like any other, and quickly done with.
        self.connection = self._make_active(start_date=NEVER)

    def test_every_page_is_read_even_when_the_last_holds_one_row(self):
        run = self._run(self.connection)

        self.assertEqual(run.state, "done", run.message)
        self.assertEqual(self._get_pages(), [1, 2, 3])
        self.assertEqual(run.pulled_count, 401)
        ids = {str(bill.bill_id) for bill in self.firm.bills}
        self.assertEqual(set(self.connection.invoice_ids.mapped("external_id")), ids)
        newest = max(bill.modified_at for bill in self.firm.bills)
        self.assertEqual(
            self._get_checkpoint(self.connection).cursor,
            min(newest.replace(tzinfo=None), fields.Datetime.now()),
        )

    def test_clients_and_matters_of_many_bills_are_asked_for_once(self):
        with patch.object(actionstep_connection_pull_people, "DOCUMENTS_AT_ONCE", 50):
            self._run(self.connection)

        invoices = self.connection.invoice_ids
        self.assertFalse(invoices.filtered(lambda one: not one.participant_id))
        self.assertFalse(invoices.filtered("has_unlinked_matters"))
        for path in ("/participants/", "/actions/"):
            rows = self.sandbox.requests("actionstep", path)
            ids = [one for row in rows for one in row["path"].split("/")[-1].split(",")]
            self.assertTrue(ids, path)
            self.assertEqual(len(ids), len(set(ids)), path)

    def test_checkpoint_moves_only_when_all_pages_were_read(self):
        fault = {"kind": "status", "status": 500, "shape": "html"}
        self.sandbox.fault("actionstep", fault, path="rest/bills.*page=3")

        run = self._run(self.connection)

        self.assertEqual(run.state, "interrupted")
        self.assertEqual(len(self.connection.invoice_ids), 400)
        self.assertFalse(self._get_checkpoint(self.connection).cursor)

        self._make_due(self.connection)
        self.assertEqual(self._run(self.connection).state, "done")
        self.assertEqual(len(self.connection.invoice_ids), 401)
        self.assertTrue(self._get_checkpoint(self.connection).cursor)

    def test_reading_goes_on_in_the_next_pass_where_the_time_was_over(self):
        with self._short_passes():
            runs = [self._run(self.connection) for _number in range(2)]

        self.assertEqual([run.state for run in runs], ["running", "running"])
        self.assertEqual(self._get_pages(), [1, 2])
        self.assertEqual(len(self.connection.invoice_ids), 400)
        self.assertFalse(self._get_checkpoint(self.connection).cursor)

        run = self._run(self.connection)

        self.assertEqual((run, run.state), (runs[0], "done"))
        self.assertEqual(self._get_pages(), [1, 2, 3])
        self.assertEqual(len(self.connection.invoice_ids), 401)
        checkpoint = self._get_checkpoint(self.connection)
        self.assertTrue(checkpoint.cursor)
        self.assertFalse(checkpoint.place)

    def test_reading_broken_off_long_ago_begins_anew(self):
        with self._short_passes():
            self._run(self.connection)

        with freeze_time(datetime.now() + timedelta(hours=2)):
            self._run(self.connection)

        self.assertEqual(self._get_pages(), [1, 1, 2, 3])

    def test_reading_outlasts_many_tokens(self):
        fault = {"kind": "status", "status": 401, "shape": "upper"}
        for page in (1, 2, 3):
            self.sandbox.fault("actionstep", fault, path=f"rest/bills.*page={page}")

        run = self._run(self.connection)

        self.assertEqual(run.state, "done", run.message)
        self.assertEqual(self._get_pages(), [1, 1, 2, 2, 3, 3])
        self.assertEqual(len(self.connection.invoice_ids), 401)

    def test_lines_go_on_in_the_next_pass_where_the_time_was_over(self):
        detail = actionstep_connection_pull_detail
        lines = self.env["actionstep.invoice.line"]
        with patch.object(detail, "DOCUMENTS_AT_ONCE", 150), self._short_passes():
            for _number in range(4):
                self._run(self.connection)
            mine = [("invoice_id.connection_id", "=", self.connection.id)]
            loaded = lines.search(mine).invoice_id
            place = self._get_checkpoint(self.connection, "bill_lines").place
        self.assertIn(len(loaded), (150, 300))
        self.assertEqual(place["after"], max(loaded.mapped("external_id")))

        run = self._run(self.connection)

        self.assertEqual(run.state, "done", run.message)
        self.assertEqual(len(lines.search(mine).invoice_id), 401)

    def test_token_that_expires_between_pages_is_renewed_once(self):
        fault = {"kind": "status", "status": 401, "shape": "upper"}
        self.sandbox.fault("actionstep", fault, path="rest/bills.*page=2")
        self.sandbox.admin("actionstep", "DELETE", "log")

        run = self._run(self.connection)

        self.assertEqual(run.state, "done", run.message)
        self.assertEqual(self._get_pages(), [1, 2, 2, 3])
        self.assertEqual(len(self.sandbox.requests("actionstep", "oauth/token")), 1)
        self.assertEqual(len(self.connection.invoice_ids), 401)


@tagged("post_install", "-at_install")
class TestChanges(PullCase):
    def setUp(self):
        super().setUp()
        self.connection = self._make_active()

    def test_reading_the_same_again_writes_nothing(self):
        self._edit_bill(1001, total_inclusive="900.00")
        self._edit_bill(1002, number="")
        self._add_bill(reporting=False)
        self._run(self.connection)
        versions = self._get_versions()

        run = self._run(self.connection)

        self.assertEqual((run.state, run.pulled_count), ("done", 0))
        self.assertEqual(self._get_versions(), versions)

    def test_only_what_changed_is_asked_for_with_a_day_of_overlap(self):
        self._switch("actionstep", bill_filters="honoured", filter_zone="utc")
        self._run(self.connection)
        cursor = self._get_checkpoint(self.connection).cursor
        self._edit_bill(1001, number="INV-NEW")

        run = self._run(self.connection)

        [asked] = self.sandbox.requests("actionstep", "/rest/bills")[1:]
        since = datetime.fromisoformat(asked["query"]["modifiedTimestamp_gteq"])
        self.assertEqual(since, cursor - timedelta(hours=24))
        self.assertEqual(run.pulled_count, 1)
        self.assertEqual(self._get_invoice(self.connection, 1001).number, "INV-NEW")

    def test_refused_filter_reads_everything(self):
        self._run(self.connection)
        self._switch("actionstep", bill_filters="rejected")
        self._edit_bill(1001, number="INV-NEW")

        run = self._run(self.connection)

        self.assertEqual((run.state, run.pulled_count), ("done", 1))

    def test_answer_without_a_body_means_that_nothing_changed(self):
        self._run(self.connection)
        self._switch("actionstep", bill_filters="honoured")
        self._get_checkpoint(self.connection).cursor = datetime(2100, 1, 1)

        run = self._run(self.connection)

        statuses = [r["status"] for r in self.sandbox.requests("actionstep", "bills")]
        self.assertEqual((run.state, run.pulled_count), ("done", 0))
        self.assertEqual(statuses[-1], 204)

    def test_change_dated_in_the_future_hides_no_later_one(self):
        self._switch("actionstep", bill_filters="honoured")
        self._edit_bill(1001, modified_at="2099-01-01T00:00:00Z")
        self._run(self.connection)
        self._edit_bill(1002, number="INV-NEW")

        self._run(self.connection)

        self.assertEqual(self._get_invoice(self.connection, 1002).number, "INV-NEW")

    def test_consolidated_bill_names_both_matters(self):
        self._run(self.connection)

        invoice = self._get_invoice(self.connection, 1006)
        self.assertEqual(len(invoice.matter_ids), 2)
        note = self._get_quickbooks_invoices(1006)[0]["PrivateNote"]
        for matter in invoice.matter_ids:
            self.assertIn(matter.display_name, note)

    def test_bill_moved_to_another_client_goes_to_that_customer(self):
        self._run(self.connection)
        other = self.firm.bills[1].client_id
        self._edit_bill(1001, client_id=other)

        self._run(self.connection)

        invoice = self._get_invoice(self.connection, 1001)
        self.assertEqual(invoice.participant_id.external_id, str(other))
        theirs = self._get_quickbooks_invoices(1001)[0]
        self.assertEqual(
            theirs["CustomerRef"]["value"], invoice.participant_id.quickbooks_id
        )


@tagged("post_install", "-at_install")
class TestBadRows(PullCase):
    """One row that nobody can read keeps neither the others nor itself from coming."""

    def setUp(self):
        super().setUp()
        self.connection = self._make_active()

    def _assert_noted(self, run, *texts, others=7):
        """Assert that a run tells of a row, and that all other bills were pushed."""
        self.assertEqual(run.state, "done", run.message)
        self.assertIn("could not be read; see the details", run.message)
        for text in texts:
            self.assertIn(text, run.detail)
        self.assertEqual(len(self._get_quickbooks_invoices()), others)

    def _spoil_amount(self, call, reply):
        """Make the tax of the first bill unreadable on its way to us."""
        if "/bills" in call.path:
            body = json.loads(reply.body)
            for row in body["bills"]:
                if str(row["id"]) == "1001":
                    row["totalSalesTax"] = "sixty-six"
            return Reply(reply.status, json.dumps(body))
        return reply

    def test_bill_without_readable_amount_is_noted_until_it_can_be_read(self):
        self._switch("actionstep", bill_filters="honoured")
        for _number in range(2):
            run = self._run_through(self.connection, self._spoil_amount, "actionstep")
            self._assert_noted(run, "bills 1001: 'sixty-six' is not an amount")
            self.assertFalse(self._get_invoice(self.connection, 1001))

        run = self._run(self.connection)

        self.assertFalse(run.message)
        self.assertEqual(self._get_invoice(self.connection, 1001).state, "pushed")

    def test_note_of_an_unreadable_row_outlives_an_interruption(self):
        self.sandbox.fault("quickbooks", {"kind": "drop_before"}, path="/batch")

        run = self._run_through(self.connection, self._spoil_amount, "actionstep")

        self.assertEqual(run.state, "interrupted")
        self.assertIn("could not be read; see the details", run.message)
        self.assertIn("bills 1001", run.detail)

    def test_bill_that_cannot_be_stored_is_noted(self):
        self._edit_bill(1001, number="INV\0-1")
        self._assert_noted(self._run(self.connection), "bills 1001")

    def test_status_that_nobody_knows_is_noted(self):
        self._edit_bill(1001, status="Approved")
        self._assert_noted(self._run(self.connection), "bills 1001", "Approved")

    def test_status_that_nobody_knows_leaves_a_pushed_bill_as_it_is(self):
        self._run(self.connection)
        self._edit_bill(1001, status="Approved", number="INV-NEW")
        self._edit_bill(1002, number="INV-ALSO-NEW")

        self._assert_noted(self._run(self.connection), "bills 1001", others=8)

        self.assertEqual(self._get_invoice(self.connection, 1001).number, "INV-10001")
        self.assertEqual(
            self._get_invoice(self.connection, 1002).number, "INV-ALSO-NEW"
        )

    def test_client_that_cannot_be_read_is_noted(self):
        client_id = self.firm.bills[0].client_id
        change = {"display_name": "Bond\0, James"}
        self.sandbox.admin("actionstep", "POST", f"participants/{client_id}", change)
        self._assert_noted(self._run(self.connection), f"participants {client_id}")

    def test_line_that_cannot_be_read_is_noted(self):
        self._replace_lines(
            1001, {"amount_exclusive": "NaN", "tax_amount": "0"}, header=False
        )
        self._assert_noted(self._run(self.connection), "bill_line 1001/1")
