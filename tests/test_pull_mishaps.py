"""The reporting database in trouble: whole passes against a real PostgreSQL.

Each mishap leaves a clear state and loses nothing. When it is over, both sides agree
document by document: that is asked of the two servers, not of the addon.
"""

import socketserver
import threading
from contextlib import closing
from datetime import timedelta

import psycopg2
import simplejson

from odoo.sql_db import connection_info_for
from odoo.tests import tagged

from ..clients.reporting import ReportingClient
from ..dev.compare import compare
from ..dev.demo import MODELS
from .test_payments import PaymentCase

UNAVAILABLE = "The reporting database cannot be read."
SLOW = "The reporting database took too long to answer about"
LACKS = "The reporting database lacks "
TWENTY = "20.00"


class MishapCase(PaymentCase):
    """A bill paid in part, another credited in part, and everything in QuickBooks."""

    def setUp(self):
        super().setUp()
        self.receipt_id = self._receive((1001, "40.00"))
        self.credit_id = self._credit(1002, (1002, "10.00"))
        self._run(self.connection)
        self._assert_agrees()

    # --- acting ---

    def _spoil(self, path, **body):
        """Let something go wrong in the reporting database; mishaps.py lists what."""
        return self.sandbox.admin("actionstep", "POST", f"reporting/{path}", body)

    def _change(self, view, where, /, **values):
        types = values.pop("types", {})
        self._spoil("change", view=view, where=where, set=values, types=types)

    def _execute(self, statement):
        """Execute a statement as the owner of the reporting database."""
        where = connection_info_for(self.connection.reporting_database)[1]
        with closing(psycopg2.connect(**where)) as database:
            database.cursor().execute(statement)
            database.commit()

    def _add_everything(self):
        """Add a bill, money on it, and a credit note applied to it.

        :return: their ids
        """
        bill_id = self._add_bill()
        receipt_id = self._receive((bill_id, "30.00"))
        return bill_id, receipt_id, self._credit(bill_id, (bill_id, TWENTY))

    # --- looking ---

    def _get_records(self):
        """Return what the addon says of each document, as the demo asks for it."""
        mine = [("connection_id", "=", self.connection.id)]
        names = ["external_id", "state", "failure_cause", "failure_message"]
        return {
            (kind, row["external_id"]): row
            for kind, model in MODELS.items()
            for row in self.env[model].search_read(mine, names)
        }

    def _get_dump(self, side):
        text = simplejson.dumps(self.sandbox.admin(side, "GET", "dump"))
        return simplejson.loads(text, use_decimal=True)

    def _assert_agrees(self):
        """Assert that QuickBooks has all that Actionstep has, once, to the cent."""
        dumps = [self._get_dump(side) for side in ("actionstep", "quickbooks")]
        comparison = compare(*dumps, self._get_records(), {})
        found = [f"{line.kind} {line.title}: {f}" for line, f in comparison.faults()]
        self.assertEqual(found, [])

    def _assert_right_after_mend(self):
        """Assert that all is well, and told to be, once the database is as it was."""
        self._spoil("mend")
        if self.connection.state == "paused":
            self.connection.action_resume()
        run = self._next_pass()
        self.assertEqual((run.state, run.message), ("done", False))
        self.assertFalse(self.connection.reporting_message)
        self.assertEqual(self.connection.state, "active")
        self._assert_agrees()

    def _assert_interrupted(self, run, sentence):
        """Assert that a pass ended early, by itself goes on, and said why."""
        self.assertEqual(run.state, "interrupted")
        self.assertIn(sentence, run.message)
        self.assertEqual(self.connection.state, "active")
        self.assertTrue(self.connection.resume_at)

    def _assert_paused(self, run, sentence):
        self.assertEqual((run.state, self.connection.state), ("interrupted", "paused"))
        self.assertIn(sentence, self.connection.pause_reason)

    def _assert_told(self, run, *rows):
        """Assert that a pass went to its end and named the rows it had to leave out."""
        self.assertEqual(run.state, "done", run.message)
        self.assertIn("could not be read; see the details", run.message)
        for row in rows:
            self.assertIn(row, run.detail)


@tagged("post_install", "-at_install")
class TestServer(MishapCase):
    """It answers late, not at all, or no longer."""

    def test_view_that_takes_too_long_is_tried_again(self):
        database = self.connection.reporting_database
        role = f"ALTER ROLE reporting_reader IN DATABASE {database}"
        self._execute(f"{role} SET statement_timeout = '300ms'")
        self.addCleanup(self._execute, f"{role} RESET statement_timeout")
        for view in ("bill_line", "receipt", "credit_note_line"):
            with self.subTest(view=view):
                bill_id, _receipt_id, _credit_id = self._add_everything()
                self._spoil("slow", view=view, seconds=2)

                run = self._next_pass()

                self._assert_interrupted(run, SLOW)
                self.assertIn("statement timeout", run.detail)
                is_there = bool(self._get_quickbooks_invoices(bill_id))
                self.assertEqual(is_there, view != "bill_line")
                self._assert_right_after_mend()

    def test_view_that_takes_its_time_is_waited_for(self):
        self._add_everything()
        self._spoil("slow", view="receipt", seconds=0.2)
        self.assertEqual(self._next_pass().state, "done")
        self._assert_agrees()

    def test_server_that_goes_away_in_the_middle(self):
        for view in ("bill_line", "receipt_allocation", "credit_application"):
            with self.subTest(view=view):
                self._add_everything()
                self._spoil("during", view=view, act="disconnect")

                run = self._next_pass()

                self._assert_interrupted(run, UNAVAILABLE)
                self._assert_right_after_mend()

    def test_server_that_ends_all_connections_between_passes(self):
        self._add_everything()
        self._spoil("disconnect")
        self.assertEqual(self._next_pass().state, "done")
        self._assert_agrees()

    def test_right_that_is_taken_away_pauses_until_it_is_back(self):
        for what in ("connect", "schema", "select"):
            with self.subTest(what=what):
                bill_id, _receipt_id, _credit_id = self._add_everything()
                self._spoil("refuse", what=what)

                run = self._next_pass()

                self._assert_paused(run, UNAVAILABLE)
                self.assertIn("permission denied", run.detail)
                self.assertEqual(self._get_quickbooks_invoices(bill_id), [])
                self._assert_right_after_mend()

    def test_right_to_one_view_that_is_missing_is_named(self):
        self._add_everything()
        self._execute("REVOKE SELECT ON actionstep.receipt FROM reporting_reader")
        missing = f"{LACKS}receipt (right to read)."

        run = self._next_pass()

        self.assertEqual(run.state, "done")
        self.assertIn(missing, run.message)
        self.assertIn(missing, self.connection.reporting_message)
        self._execute("GRANT SELECT ON actionstep.receipt TO reporting_reader")
        self._assert_right_after_mend()


@tagged("post_install", "-at_install")
class TestLoad(MishapCase):
    """A nightly load comes while it is read, or was not complete."""

    def test_views_that_are_gone_are_waited_for(self):
        self._add_everything()
        self._spoil("drop")

        run = self._next_pass()

        self._assert_interrupted(run, f"{LACKS}actionstep.bill_line")
        message = self.connection.reporting_message
        for view in ("bill_line", "receipt", "credit_note"):
            self.assertIn(view, message)
        self._assert_right_after_mend()

    def test_views_that_go_while_they_are_read(self):
        for view, dropped in (
            ("bill_line", "receipt_allocation"),
            ("receipt", "credit_application"),
        ):
            with self.subTest(view=view, dropped=dropped):
                self._add_everything()
                body = {"views": [dropped]}
                self._spoil("during", view=view, act="drop", body=body)

                run = self._next_pass()

                self._assert_interrupted(run, f"{LACKS}actionstep.{dropped}.")
                self._assert_right_after_mend()

    def test_load_that_comes_while_it_is_read(self):
        for view in ("bill_line", "receipt", "credit_application"):
            with self.subTest(view=view):
                bill_id = self._add_bill(reporting=False)
                self._receive((bill_id, "30.00"), reporting=False)
                self._credit(bill_id, (bill_id, TWENTY), reporting=False)
                parts = [{"bill_id": 1001, "amount": "70.00"}]
                self._change_receipt(self.receipt_id, amount="70.00", reporting=False)
                self._change_receipt(
                    self.receipt_id, "allocations", allocations=parts, reporting=False
                )
                self._spoil("during", view=view, act="refresh")

                run = self._next_pass()

                self.assertEqual(run.state, "done", run.message)
                [gate] = self.sandbox.admin("actionstep", "GET", "reporting")["during"]
                self.assertEqual((gate["met"], gate["error"]), (True, ""))
                self._assert_right_after_mend()

    def test_receipt_that_changes_between_two_queries_is_left_for_the_next_run(self):
        parts = [{"bill_id": 1001, "amount": "70.00"}]
        change = {"allocations": parts, "reporting": False}
        self._change_receipt(self.receipt_id, amount="70.00", reporting=False)
        self._change_receipt(self.receipt_id, "allocations", **change)
        payment = self._get_payment(self.receipt_id)

        with _Meanwhile(self._get_settings(), lambda: self._spoil("refresh")) as client:
            _times, left_out = self.connection._read_receipts(
                client, [str(self.receipt_id)]
            )

        [row] = left_out
        self.assertEqual((row.resource, row.row_id), ("receipt", str(self.receipt_id)))
        self.assertIn("changed while it was read", row.reason)
        self.assertEqual((payment.amount, payment.allocation_ids.amount), (40.0, 40.0))
        self._assert_right_after_mend()
        self._assert_settles(self.receipt_id, {1001: "70.00"})

    def _get_settings(self):
        connection = self.connection
        return {
            "host": connection.reporting_host,
            "port": connection.reporting_port,
            "database": connection.reporting_database,
            "user": connection.reporting_user,
            "password": "",
            "schema": connection.reporting_schema,
            "sslmode": "disable",
        }

    def test_rows_that_come_later_than_newer_ones(self):
        checkpoints = self.env["actionstep.sync.checkpoint"]
        late = self._receive((1003, "25.00"), client_id=503, reporting=False)
        late_credit = self._credit(1003, (1003, "5.00"), reporting=False)
        bill_id = self._add_bill(reporting=False)
        self._receive((1001, "1.00"))
        self._run(self.connection)
        self.assertFalse(self._get_payment(late))
        cursor = checkpoints._get(self.connection, "receipts").cursor
        before = (cursor - timedelta(hours=23)).isoformat() + "Z"

        self._spoil("refresh")
        self._change("receipt", {"receipt_id": str(late)}, modified_at=before)
        self._change("credit_note", {"credit_id": str(late_credit)}, modified_at=before)
        self._change("bill_line", {"bill_id": str(bill_id)}, modified_at=before)
        self._next_pass()

        self._assert_agrees()
        self._assert_settles(late, {1003: "25.00"})

    def test_load_that_lost_the_lines_of_a_pushed_bill(self):
        self._spoil("hide", view="bill_line", where={"bill_id": "1001"})
        self._edit_bill(1001, number="INV-NEW")

        run = self._next_pass()

        self.assertEqual(run.state, "done", run.message)
        self._assert_right_after_mend()
        [theirs] = self._get_quickbooks_invoices(1001)
        self.assertEqual(theirs["DocNumber"], "INV-NEW")


class _Meanwhile(ReportingClient):
    """Reads as ever, but something happens once allocations were read."""

    def __init__(self, settings, act):
        super().__init__(**settings)
        self._act = act

    def receipt_allocations(self, receipt_ids):
        """Override to act when all pages were read."""
        yield from super().receipt_allocations(receipt_ids)
        self._act()


@tagged("post_install", "-at_install")
class TestRows(MishapCase):
    """Rows that break the contract keep their own document out, and no other."""

    # A view, the column that is lost or spoilt, and what kind of document it hits.
    AMOUNTS = (
        ("bill_line", "amount_exclusive", "bill"),
        ("bill_line", "tax_amount", "bill"),
        ("receipt", "amount", "receipt"),
        ("receipt_allocation", "amount", "receipt"),
        ("credit_note", "total_exclusive", "credit"),
        ("credit_note", "total_tax", "credit"),
        ("credit_note", "total_inclusive", "credit"),
        ("credit_note_line", "amount_exclusive", "credit"),
        ("credit_application", "amount", "credit"),
    )
    KEYS = {"bill": "bill_id", "receipt": "receipt_id", "credit": "credit_id"}

    def _add_one(self, kind):
        """Add a bill, money or a credit note that needs no other; return its id."""
        if kind == "bill":
            return str(self._add_bill())
        if kind == "receipt":
            return str(self._receive((1003, "3.00"), client_id=503))
        return str(self._credit(1004, (1004, "0.40")))

    def _is_there(self, kind, key):
        """Tell whether a document stands in QuickBooks, where it is once at most."""
        rows = {
            "bill": lambda: self._get_quickbooks_invoices(key),
            "receipt": lambda: self._get_rows(key),
            "credit": lambda: self._get_ours("CreditMemo", f"credit note {key}"),
        }[kind]()
        self.assertLessEqual(len(rows), 1)
        return bool(rows)

    def _assert_each_alone(self, cases, spoil):
        """Spoil new documents, one a case, and assert that only these do not go.

        :param cases: view, kind of document and what is told of its row
        :param spoil: is called with the number of the case and which rows it is about
        """
        whole = [(kind, self._add_one(kind)) for kind in self.KEYS]
        bad = []
        for number, (view, kind, reason) in enumerate(cases):
            key = self._add_one(kind)
            spoil(number, view, {self.KEYS[kind]: key})
            bad.append((view, kind, key, reason))

        run = self._next_pass()

        for view, kind, key, reason in bad:
            with self.subTest(view=view, reason=reason):
                self._assert_told(run, reason.format(view=view, key=key))
                self.assertFalse(self._is_there(kind, key))
        for kind, key in whole:
            self.assertTrue(self._is_there(kind, key), kind)
        self._assert_right_after_mend()
        for _view, kind, key, _reason in bad:
            self.assertTrue(self._is_there(kind, key), kind)

    def _assert_no_amount(self, reason, value, **types):
        """Assert that an amount of this value keeps its document out."""
        cases = [
            (view, kind, f"{column}: {reason}") for view, column, kind in self.AMOUNTS
        ]

        def spoil(number, view, where):
            column = self.AMOUNTS[number][1]
            kinds = {"types": {column: types["type"]}} if types else {}
            self._change(view, where, **{column: value}, **kinds)

        self._assert_each_alone(cases, spoil)

    def test_lost_amount_is_never_zero(self):
        self._assert_no_amount("is empty", None)

    def test_text_in_the_place_of_an_amount(self):
        self._assert_no_amount("'much' is not an amount", "much", type="text")

    def test_lost_amount_of_what_was_pushed_changes_nothing(self):
        self._change("receipt", {"receipt_id": str(self.receipt_id)}, amount=None)
        self._change("credit_application", {}, amount=None)
        self._change("bill_line", {"bill_id": "1001"}, amount_exclusive=None)

        run = self._next_pass()

        self._assert_told(run, f"receipt {self.receipt_id}: amount: is empty")
        self._assert_agrees()
        self._assert_right_after_mend()

    def test_document_that_stands_twice_is_left_out(self):
        cases = [
            ("receipt", "receipt", "{view} {key}: stands there 2 times"),
            ("credit_note", "credit", "{view} {key}: stands there 2 times"),
            ("credit_note_line", "credit", "{view} {key}/1: stands there 2 times"),
            ("bill_line", "bill", "{view} {key}/1: stands there 2 times"),
        ]

        def repeat(_number, view, where):
            self._spoil("repeat", view=view, where=where)

        self._assert_each_alone(cases, repeat)

    def test_second_row_of_a_pushed_receipt_changes_nothing(self):
        where = {"receipt_id": str(self.receipt_id)}
        for change in ({"amount": "999.00"}, {"deleted_at": "2026-11-20T00:00:00Z"}):
            with self.subTest(change=change):
                self._spoil("repeat", view="receipt", where=where, set=change)
                run = self._next_pass()
                self._assert_told(run, f"receipt {self.receipt_id}: stands there 2")
                self._assert_agrees()
                self._assert_right_after_mend()

    def test_allocation_that_stands_twice_is_more_than_was_received(self):
        where = {"receipt_id": str(self.receipt_id)}
        self._spoil("repeat", view="receipt_allocation", where=where)

        self._next_pass()

        sentence = "80.00 USD of this payment are allocated to bills, but only"
        self._assert_payment(
            self.receipt_id, "attention", "allocation_too_large", sentence
        )
        self._assert_right_after_mend()

    def test_row_without_its_id_is_told(self):
        cases = [
            ("bill_line", "bill", "{view} : bill_id: is empty"),
            ("receipt", "receipt", "{view} : receipt_id: is empty"),
            ("credit_note", "credit", "{view} : credit_id: is empty"),
            ("credit_note_line", "credit", "{view} : credit_id: is empty"),
        ]

        def lose(_number, view, where):
            self._change(view, where, **dict.fromkeys(where))

        self._assert_each_alone(cases, lose)

    def test_part_without_the_id_of_its_document_is_told(self):
        receipt_id, credit_id = self._add_one("receipt"), self._add_one("credit")
        self._change("receipt_allocation", {"receipt_id": receipt_id}, receipt_id=None)
        self._change("credit_application", {"credit_id": credit_id}, credit_id=None)

        run = self._next_pass()

        self._assert_told(
            run,
            "receipt_allocation : receipt_id: is empty",
            "credit_application : credit_id: is empty",
        )
        self._assert_right_after_mend()

    def test_values_that_no_program_knows(self):
        changes = [
            {"received_on": "20026-11-20"},
            {"modified_at": "infinity"},
            {"from_trust": "?", "types": {"from_trust": "text"}},
        ]
        cases = [
            ("receipt", "receipt", "received_on: '20026-11-20' is not a date"),
            ("receipt", "receipt", "modified_at: 'infinity' is not a time"),
            ("receipt", "receipt", "from_trust: '?' is neither true nor false"),
        ]

        def change(number, view, where):
            self._change(view, where, **changes[number])

        self._assert_each_alone(cases, change)

    def test_rows_of_another_firm_are_nobodys(self):
        line = {"line_no": 1, "kind": "fee", "amount_exclusive": "9.00"}
        line |= {"bill_id": "900001", "tax_amount": "0", "account_number": "4-1100"}
        part = {"receipt_id": "900002", "bill_id": "1001", "amount": "9.00"}
        use = {"credit_id": "900003", "bill_id": "1001", "amount": "9.00"}
        self._spoil("add", view="bill_line", rows=[line])
        self._spoil("add", view="receipt_allocation", rows=[part])
        self._spoil("add", view="credit_application", rows=[use])

        run = self._next_pass()

        self.assertEqual((run.state, run.message), ("done", False))
        self._assert_agrees()

    def test_receipt_for_the_bill_of_another_firm_waits_visibly(self):
        self._change(
            "receipt_allocation",
            {"receipt_id": str(self.receipt_id)},
            bill_id="900001",
        )
        added = self._receive((1003, "3.00"), client_id=503)

        self._next_pass()

        cause, sentence = "allocation_unknown_bill", "This settles bill 900001"
        self._assert_payment(self.receipt_id, "waiting", cause, sentence)
        self._assert_settles(added, {1003: "3.00"})
        self._assert_right_after_mend()


@tagged("post_install", "-at_install")
class TestContract(MishapCase):
    """Views or columns that are not there."""

    def test_column_that_is_missing_of_the_bills_pauses(self):
        self._add_everything()
        self._spoil("hide", view="bill_line", columns=["kind"])

        run = self._next_pass()

        self._assert_paused(run, LACKS)
        self.assertIn('column "kind" does not exist', self.connection.pause_reason)
        self.assertEqual(
            self.connection.reporting_message,
            f"{LACKS}bill_line.kind. Ask the administrator of that database to "
            "complete the views.",
        )
        self._assert_right_after_mend()

    def test_views_that_lack_something_let_the_others_go(self):
        for view, columns, missing, kind in (
            ("receipt", ["memo", "method"], "receipt.method, receipt.memo", "receipt"),
            ("receipt_allocation", ["amount"], "receipt_allocation.amount", "receipt"),
            ("credit_note_line", ["kind"], "credit_note_line.kind", "credit"),
        ):
            with self.subTest(view=view):
                bill_id, receipt_id, credit_id = self._add_everything()
                self._spoil("hide", view=view, columns=columns)

                run = self._next_pass()

                self.assertEqual(run.state, "done")
                for message in (run.message, self.connection.reporting_message):
                    self.assertIn(f"{LACKS}{missing}. Ask the administrator", message)
                self.assertEqual(len(self._get_quickbooks_invoices(bill_id)), 1)
                memos = self._get_ours("CreditMemo", f"credit note {credit_id}")
                self.assertEqual(bool(memos), kind != "credit")
                rows = self._get_rows(receipt_id)
                self.assertEqual(bool(rows), kind != "receipt")
                self._assert_right_after_mend()

    def test_one_view_that_is_missing_is_named(self):
        self._add_everything()
        self._spoil("drop", views=["credit_application"])

        run = self._next_pass()

        self.assertIn(f"{LACKS}credit_application.", run.message)
        self._assert_right_after_mend()

    def test_views_that_were_read_before_are_missed(self):
        self._spoil("drop", views=["receipt", "receipt_allocation"])
        run = self._next_pass()
        self.assertIn(f"{LACKS}receipt, receipt_allocation.", run.message)
        self._assert_agrees()
        self._assert_right_after_mend()

    def test_optional_columns_may_be_missing(self):
        self._add_everything()
        self._spoil("hide", view="bill_line", columns=["product_service"])
        run = self._next_pass()
        self.assertEqual((run.state, run.message), ("done", False))
        self._assert_agrees()


@tagged("post_install", "-at_install")
class TestBillsAlone(PaymentCase):
    """A firm that keeps only its bills in the reporting database."""

    VIEWS = (
        "receipt",
        "receipt_allocation",
        "credit_note",
        "credit_note_line",
        "credit_application",
    )

    def setUp(self):
        super().setUp()
        body = {"views": self.VIEWS}
        self.sandbox.admin("actionstep", "POST", "reporting/drop", body)

    def test_views_that_were_never_there_make_no_noise(self):
        bill_id = self._add_bill()
        run = self._next_pass()
        self.assertEqual((run.state, run.message), ("done", False))
        self.assertFalse(self.connection.reporting_message)
        self.assertEqual(len(self._get_quickbooks_invoices(bill_id)), 1)

    def test_views_that_are_added_later_are_read(self):
        receipt_id = self._receive((1001, "40.00"))
        self._run(self.connection)
        self.assertFalse(self.connection.payment_ids)

        self.sandbox.admin("actionstep", "POST", "reporting/mend", {})
        self._run(self.connection)

        self._assert_settles(receipt_id, {1001: "40.00"})

    def test_views_that_come_one_by_one_are_named_until_they_are_complete(self):
        body = {"views": self.VIEWS[1:]}
        self.sandbox.admin("actionstep", "POST", "reporting/mend", {})
        self.sandbox.admin("actionstep", "POST", "reporting/drop", body)

        run = self._next_pass()

        self.assertIn(f"{LACKS}receipt_allocation.", run.message)
        self.assertNotIn("credit", run.message)

    def test_check_tells_what_is_not_read(self):
        action = self.connection.action_check_reporting()
        self.assertEqual(action["params"]["type"], "success")
        message = "It has no views receipt, receipt_allocation, credit_note, "
        self.assertIn(message, action["params"]["message"])
        self.assertFalse(self.connection.reporting_message)


@tagged("post_install", "-at_install")
class TestCheck(MishapCase):
    """The button on the connection, and what the form goes on showing."""

    def _check(self, kind, sentence):
        """Press the button, and assert what it says and what stays on the form."""
        action = self.connection.action_check_reporting()
        params = action["params"]
        self.assertEqual(action["tag"], "display_notification")
        self.assertEqual(params["type"], kind, params["message"])
        self.assertIn(sentence, params["message"])
        kept = False if kind == "success" else params["message"]
        self.assertEqual(self.connection.reporting_message, kept)

    def test_all_is_there(self):
        self._check("success", "The reporting database has all that is needed.")

    def test_all_that_is_missing_is_named_at_once(self):
        self._spoil("hide", view="bill_line", columns=["kind", "tax_code"])
        self._spoil("hide", view="receipt", columns=["from_trust"])
        self._spoil("drop", views=["credit_note"])
        missing = "bill_line.kind, bill_line.tax_code, receipt.from_trust, credit_note"
        self._check("warning", f"{LACKS}{missing}.")
        self._spoil("mend")
        self._check("success", "all that is needed")

    def test_right_that_is_missing(self):
        self._spoil("refuse", what="select")
        self._check("warning", f"{LACKS}bill_line (right to read), receipt (right to")

    def test_settings_that_are_wrong(self):
        for values in (
            {"reporting_host": "no-such-host.invalid"},
            {"reporting_host": False},
            {"reporting_port": 1},
            {"reporting_port": 0},
            {"reporting_database": "no_such_database"},
            {"reporting_user": "nobody_at_all"},
            {"reporting_user": False},
            {"reporting_schema": 'x"; DROP TABLE y; --'},
            {"reporting_schema": False},
        ):
            with self.subTest(values=values):
                before = {name: self.connection[name] for name in values}
                self.connection.write(values)
                self._check("danger", UNAVAILABLE)
                self.connection.write(before)
                self.assertFalse(self.connection.reporting_message)
        self._check("success", "all that is needed")

    def test_schema_without_views(self):
        self.connection.reporting_schema = "nothing_here"
        missing = "bill_line, receipt, receipt_allocation, credit_note, credit_note_"
        self._check("warning", f"{LACKS}{missing}")

    def _refuse(self, code="28P01", message="password authentication failed"):
        """Let the connection name a server that lets nobody in."""
        server = self.enterContext(_Refusing(code, message))
        host, port = server.server_address
        self.connection.write({"reporting_host": host, "reporting_port": port})

    def _set_right(self):
        self.connection.write(self._prepare_settings())

    def test_password_that_is_wrong(self):
        self._refuse()
        self._check("danger", "Check its address, user and password")
        run = self._next_pass()
        self._assert_paused(run, UNAVAILABLE)
        self.assertIn("password authentication failed", run.detail)
        self._set_right()
        self._assert_right_after_mend()

    def test_encryption_that_the_server_does_not_have(self):
        self._refuse()
        self.connection.reporting_sslmode = "require"
        self._check("danger", UNAVAILABLE)
        run = self._next_pass()
        self._assert_paused(run, UNAVAILABLE)
        self.assertIn("does not support SSL", run.detail)

    def test_server_that_is_full_is_tried_again(self):
        self._refuse("53300", "sorry, too many clients already")
        run = self._next_pass()
        self._assert_interrupted(run, UNAVAILABLE)
        self._set_right()
        self._assert_right_after_mend()

    def test_check_sends_nothing_and_changes_no_document(self):
        sent = len(self.sandbox.requests("quickbooks"))
        before = self._get_records()
        self._spoil("drop")
        self.connection.action_check_reporting()
        self.assertEqual(len(self.sandbox.requests("quickbooks")), sent)
        self.assertEqual(self._get_records(), before)

    def test_changed_settings_forget_what_was_found(self):
        self._spoil("hide", view="bill_line", columns=["kind"])
        for values in (
            {"reporting_host": "127.0.0.2"},
            {"reporting_password": "another"},
            {"reporting_schema": "other"},
            {"reporting_sslmode": "prefer"},
            {"detail_source": "files"},
        ):
            with self.subTest(values=values):
                self.connection.write(self._prepare_settings())
                self._check("warning", f"{LACKS}bill_line.kind")
                self.connection.write(values)
                self.assertFalse(self.connection.reporting_message)

    def test_other_changes_keep_what_was_found(self):
        self._spoil("hide", view="bill_line", columns=["kind"])
        self._check("warning", f"{LACKS}bill_line.kind")
        message = self.connection.reporting_message
        same = self._prepare_settings()
        del same["reporting_password"]
        self.connection.write({"name": "Another name", **same})
        self.assertEqual(self.connection.reporting_message, message)

    def _prepare_settings(self):
        values = self._prepare_connection(
            detail_source="reporting", reporting_schema="actionstep"
        )
        return {
            name: value
            for name, value in values.items()
            if name.startswith("reporting_") or name == "detail_source"
        }

    def test_pass_finds_and_clears_what_the_form_shows(self):
        self._spoil("hide", view="receipt", columns=["memo"])
        self._next_pass()
        self.assertIn(f"{LACKS}receipt.memo.", self.connection.reporting_message)
        self._next_pass()
        self.assertIn(f"{LACKS}receipt.memo.", self.connection.reporting_message)
        self._assert_right_after_mend()

    def test_connection_without_a_database_says_what_bills_wait_for(self):
        self.connection.reporting_host = False
        bill_id = self._add_bill()

        run = self._next_pass()

        self.assertEqual(run.state, "done")
        self.assertIn("No reporting database is named", run.message)
        invoice = self._get_invoice(self.connection, bill_id)
        self.assertEqual(
            (invoice.state, invoice.failure_cause), ("waiting", "lines_missing")
        )
        self.connection.reporting_host = self._prepare_settings()["reporting_host"]
        self._assert_right_after_mend()


class _Refusal(socketserver.BaseRequestHandler):
    """Answers as PostgreSQL does that has no encryption and lets nobody in.

    Messages SSLRequest and ErrorResponse of its protocol 3.0.
    """

    SSL_REQUEST = (80877103).to_bytes(4, "big")

    def handle(self):
        """Read who knocks, and refuse."""
        if self.request.recv(4096)[4:8] == self.SSL_REQUEST:
            self.request.sendall(b"N")
            self.request.recv(4096)
        fields = {"S": "FATAL", "V": "FATAL", **self.server.refusal}
        texts = [f"{key}{value}\0".encode() for key, value in fields.items()]
        body = b"".join(texts) + b"\0"
        self.request.sendall(b"E" + (len(body) + 4).to_bytes(4, "big") + body)


class _Refusing(socketserver.ThreadingTCPServer):
    """``with _Refusing(code, message) as server``: it refuses everybody."""

    daemon_threads = True

    def __init__(self, code, message):
        super().__init__(("127.0.0.1", 0), _Refusal)
        self.refusal = {"C": code, "M": message}

    def __enter__(self):
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *exc_info):
        self.shutdown()
        return super().__exit__(*exc_info)
