"""The local reporting database misbehaves when told to, for real and until mended."""

from __future__ import annotations

import time
from contextlib import closing
from decimal import Decimal

import psycopg2

from odoo.tests import tagged

from .test_sandbox_actionstep import VIEWS
from .test_sandbox_life import LifeCase

CENT = Decimal("0.01")


class MishapCase(LifeCase):
    """A reporting database in which something goes wrong."""

    def mishap(self, name, /, _status=200, **body):
        """Let the database misbehave."""
        return self.admin("POST", f"reporting/{name}", _status, **body)

    def during(self, view, act, /, **body):
        """Let something happen while a view is being read."""
        self.mishap("during", view=view, act=act, body=body)

    def assertMet(self, *acts):
        """Check that a reader met every gate and nothing failed there."""
        found = self.admin("GET", "reporting")["during"]
        self.assertEqual([row["act"] for row in found], list(acts))
        for row in found:
            self.assertEqual((row["met"], row["error"]), (True, ""))

    def link(self):
        """Return a connection of the reader."""
        return closing(psycopg2.connect(self.keys["reporting_dsn"]))

    def assertRefused(self, error, view="receipt"):
        """Check that a view cannot be read, and with which error."""
        with self.assertRaises(error) as caught:
            self.view(view)
        return str(caught.exception)

    def assertUsual(self):
        """Check that nothing is left of a mishap."""
        status = self.admin("GET", "reporting")
        self.assertFalse(any(status.values()), status)
        counts = {view: len(self.view(view)) for view in VIEWS.split()}
        self.assertEqual(counts["receipt"], len(self.firm.receipts))
        self.assertEqual(counts["bill_line"], len(self.firm.bill_lines))
        self.assertEqual(counts["credit_note"], len(self.firm.credit_notes))

    def tearDown(self):
        """Whatever a test did, the reset brings everything back."""
        super().tearDown()
        self.admin("POST", "reset")
        self.assertUsual()


@tagged("-at_install", "post_install")
class TestBadRows(MishapCase):
    """Rows that break the contract, on every view."""

    def test_more_is_allocated_than_was_received(self):
        part = self.view("receipt_allocation")[0]
        key = {"receipt_id": part["receipt_id"], "bill_id": part["bill_id"]}
        amount = self.one("receipt", "receipt_id", part["receipt_id"])["amount"] + CENT
        self.mishap(
            "change",
            view="receipt_allocation",
            where=key,
            set={"amount": str(amount)},
        )
        rows = self.view("receipt_allocation", "receipt_id = %s", part["receipt_id"])
        self.assertIn(amount, [row["amount"] for row in rows])
        others = self.view("receipt_allocation", "receipt_id <> %s", part["receipt_id"])
        self.assertEqual(len(others) + len(rows), len(self.firm.receipt_allocations))

    def test_rows_name_a_bill_or_a_document_that_nobody_knows(self):
        rows = (
            ("receipt_allocation", {"receipt_id": "500001", "bill_id": "999999"}),
            ("receipt_allocation", {"receipt_id": "999999", "bill_id": "1001"}),
            ("credit_application", {"credit_id": "700001", "bill_id": "999999"}),
            ("bill_line", {"bill_id": "999999", "line_no": 1, "kind": "fee"}),
        )
        for view, row in rows:
            with self.subTest(view=view, row=row):
                row = {**row, "amount": "5.00"} if view != "bill_line" else row
                self.mishap("add", view=view, rows=[row])
                [key, *_rest] = row
                found = self.view(view, f"{key} = %s", row[key])
                self.assertIn(
                    row,
                    [
                        {
                            name: str(r[name]) if name == "amount" else r[name]
                            for name in row
                        }
                        for r in found
                    ],
                )

    def test_an_id_stands_twice(self):
        for view, key in (
            ("receipt", "receipt_id"),
            ("credit_note", "credit_id"),
            ("bill", "bill_id"),
            ("bill_line", "bill_id"),
            ("credit_note_line", "credit_id"),
        ):
            with self.subTest(view=view):
                first = self.view(view)[0]
                before = self.view(view, f"{key} = %s", first[key])
                self.mishap("repeat", view=view, where={key: first[key]})
                after = self.view(view, f"{key} = %s", first[key])
                self.assertEqual(len(after), 2 * len(before))
                self.assertEqual(after.count(first), 2 * before.count(first))

    def test_the_second_of_two_rows_may_say_something_else(self):
        row = self.view("receipt")[0]
        where = {"receipt_id": row["receipt_id"]}
        self.mishap("repeat", view="receipt", where=where, set={"amount": "1.00"})
        found = self.view("receipt", "receipt_id = %s", row["receipt_id"])
        self.assertEqual([x["amount"] for x in found], [row["amount"], Decimal(1)])

    def test_a_line_has_an_unknown_kind(self):
        for view, key in (("bill_line", "bill_id"), ("credit_note_line", "credit_id")):
            with self.subTest(view=view):
                row = self.view(view)[0]
                where = {key: row[key], "line_no": row["line_no"]}
                self.mishap("change", view=view, where=where, set={"kind": "gift"})
                kinds = [x["kind"] for x in self.view(view, "kind = 'gift'")]
                self.assertEqual(kinds, ["gift"])

    def test_a_required_column_is_null(self):
        cases = {
            "bill": "total_inclusive",
            "bill_line": "amount_exclusive",
            "receipt": "received_on",
            "receipt_allocation": "amount",
            "credit_note": "number",
            "credit_note_line": "tax_amount",
            "credit_application": "bill_id",
        }
        self.assertEqual(set(cases), set(VIEWS.split()))
        for view, column in cases.items():
            with self.subTest(view=view):
                before = self.view(view)
                key = next(iter(before[0]))
                where = {key: before[0][key]}
                self.mishap("change", view=view, where=where, set={column: None})
                empty = self.view(view, f"{column} IS NULL")
                self.assertEqual({row[key] for row in empty}, {before[0][key]})
                self.assertEqual(len(self.view(view)), len(before))

    def test_a_column_may_hold_text_that_is_no_number(self):
        row = self.view("receipt")[0]
        body = {"view": "receipt", "where": {"receipt_id": row["receipt_id"]}}
        refused = self.mishap("change", 400, set={"amount": "much"}, **body)
        self.assertIn("invalid input syntax", refused["error"])
        self.mishap("change", set={"amount": "much"}, types={"amount": "text"}, **body)
        amounts = {x["receipt_id"]: x["amount"] for x in self.view("receipt")}
        self.assertEqual(amounts[row["receipt_id"]], "much")
        self.assertEqual({type(amount) for amount in amounts.values()}, {str})

    def test_rows_and_columns_are_missing(self):
        part = self.view("receipt_allocation")[0]
        where = {"receipt_id": part["receipt_id"]}
        self.mishap("hide", view="receipt_allocation", where=where)
        found = self.view("receipt_allocation", "receipt_id = %s", part["receipt_id"])
        self.assertEqual(found, [])
        self.mishap("hide", view="receipt", columns=["memo", "from_trust"])
        row = self.view("receipt")[0]
        self.assertFalse({"memo", "from_trust"} & set(row))
        self.assertRefused(psycopg2.errors.UndefinedColumn, "receipt WHERE memo = ''")

    def assertRefused(self, error, view="receipt"):
        """Check that a query fails with an error."""
        with self.assertRaises(error), self.link() as link, link.cursor() as cursor:
            cursor.execute(f"SELECT * FROM actionstep.{view}")

    def test_mishaps_add_up_until_they_are_mended(self):
        row = self.view("receipt")[0]
        where = {"receipt_id": row["receipt_id"]}
        self.mishap("change", view="receipt", where=where, set={"memo": "a"})
        self.mishap("repeat", view="receipt", where=where, set={"amount": "1.00"})
        self.mishap("change", view="receipt", where=where, set={"method": "b"})
        found = self.view("receipt", "receipt_id = %s", row["receipt_id"])
        self.assertEqual([(x["memo"], x["method"]) for x in found], [("a", "b")] * 2)
        layers = self.admin("GET", "reporting")["changed"]
        self.assertEqual(layers, {"receipt": ["change", "repeat", "change"]})
        # The nightly load changes tables, not views.
        self.admin("POST", "reporting/refresh")
        self.assertEqual(self.view("receipt", "memo = 'a'"), found)
        self.mishap("mend")
        self.assertUsual()
        self.assertEqual(self.one("receipt", "receipt_id", row["receipt_id"]), row)

    def test_a_receipt_of_the_state_shows_its_fault_beside_that_of_the_view(self):
        bill = self.open_bill()
        part = {"bill_id": bill["bill_id"], "amount": "90.00"}
        made = self.admin(
            "POST",
            "receipts",
            client_id=bill["client_id"],
            amount="10.00",
            allocations=[part],
            reporting=True,
        )
        key = str(made["receipt_id"])
        where = {"receipt_id": key}
        self.mishap("change", view="receipt", where=where, set={"client_id": None})
        row = self.one("receipt", "receipt_id", key)
        self.assertEqual((row["amount"], row["client_id"]), (10, None))

    def test_what_cannot_be_done_is_refused_and_changes_nothing(self):
        cases = (
            ("change", {"view": "nothing", "where": {}, "set": {}}, "view is one of"),
            ("change", {"view": "receipt", "where": {}, "set": {"x": 1}}, "['x']"),
            ("change", {"view": "receipt", "where": {"x": 1}, "set": {}}, "['x']"),
            ("add", {"view": "receipt", "rows": [{"x": 1}]}, "['x']"),
            ("hide", {"view": "receipt", "columns": ["x"]}, "['x']"),
            ("repeat", {"view": "receipt"}, "KeyError"),
            ("refuse", {"what": "everything"}, "what is one of"),
            ("during", {"view": "bill", "act": "mend"}, "act is one of"),
            ("explode", {}, "knows"),
        )
        for name, body, text in cases:
            with self.subTest(name=name, body=body):
                refused = self.mishap(name, 400, **body)
                self.assertIn(text, refused["error"])
        own = {"view": "receipt", "act": "slow", "body": {"view": "receipt"}}
        refused = self.mishap("during", 400, **own)
        self.assertIn("being read", refused["error"])
        types = {"amount": "text); DROP TABLE x; --"}
        body = {"view": "receipt", "where": {}, "set": {}, "types": types}
        self.assertIn("no type", self.mishap("change", 400, **body)["error"])
        self.assertUsual()


@tagged("-at_install", "post_install")
class TestOutages(MishapCase):
    """A server that is slow, refuses, or goes away."""

    def test_a_view_answers_slowly_once_a_query(self):
        self.mishap("slow", view="receipt", seconds="0.4")
        for where, rows in (("true", len(self.firm.receipts)), ("amount < 0", 0)):
            started = time.monotonic()
            self.assertEqual(len(self.view("receipt", where)), rows)
            seconds = time.monotonic() - started
            self.assertGreaterEqual(seconds, 0.4)
            self.assertLess(seconds, 4)
        status = self.admin("GET", "reporting")
        self.assertEqual(status["slow"], {"receipt": Decimal("0.4")})
        self.mishap("slow", view="receipt", seconds=0)
        self.assertUsual()

    def test_a_slow_view_runs_into_the_readers_own_limit(self):
        self.mishap("slow", view="bill_line", seconds=30)
        with self.link() as link, link.cursor() as cursor:
            cursor.execute("SET statement_timeout = 300")
            with self.assertRaises(psycopg2.errors.QueryCanceled):
                cursor.execute("SELECT * FROM actionstep.bill_line")
            link.rollback()
            cursor.execute("SELECT count(*) FROM actionstep.bill")
            self.assertEqual(cursor.fetchone()[0], len(self.firm.bills))

    def test_views_are_dropped_and_come_back(self):
        self.mishap("drop", views=["receipt"])
        self.assertRefused(psycopg2.errors.UndefinedTable)
        self.assertTrue(self.view("bill"))
        self.mishap("drop")
        for view in VIEWS.split():
            self.assertRefused(psycopg2.errors.UndefinedTable, view)
        self.mishap("mend")
        self.assertUsual()

    def test_the_reader_is_refused(self):
        link = psycopg2.connect(self.keys["reporting_dsn"])
        self.addCleanup(link.close)
        for what, text in (
            ("select", "permission denied for view"),
            ("schema", "permission denied for schema"),
            ("connect", "permission denied for database"),
        ):
            with self.subTest(what=what):
                self.mishap("refuse", what=what)
                self.assertIn(text, self.assertRefused(psycopg2.Error))
                # Who is in stays in, as long as the views may be read.
                with link.cursor() as cursor:
                    if what == "connect":
                        cursor.execute("SELECT 1 FROM actionstep.bill")
                link.rollback()
                self.mishap("mend")
                self.assertUsual()
        self.mishap("refuse", what="select")
        self.mishap("slow", view="receipt", seconds="0.1")
        self.assertRefused(psycopg2.errors.InsufficientPrivilege)

    def test_connections_are_ended(self):
        with self.link() as link, link.cursor() as cursor:
            cursor.execute("SELECT 1")
            self.assertGreaterEqual(self.mishap("disconnect")["ended"], 1)
            with self.assertRaises(psycopg2.OperationalError):
                cursor.execute("SELECT 1")
        self.assertEqual(self.mishap("disconnect"), {"ended": 0})
        self.assertUsual()


@tagged("-at_install", "post_install")
class TestWhileItIsRead(MishapCase):
    """Something happens while a reader is in the middle of a view."""

    def test_a_load_comes_between_two_views(self):
        row = self.view("receipt", "NOT from_trust AND deleted_at IS NULL")[0]
        key = row["receipt_id"]
        self.admin("POST", f"receipts/{key}", amount="3.00")
        self.admin("POST", f"receipts/{key}/allocations", allocations=[])
        self.during("receipt", "refresh")
        with self.link() as link, link.cursor() as cursor:
            query = "SELECT amount FROM actionstep.receipt WHERE receipt_id = %s"
            cursor.execute(query, [key])
            # The query that was met saw the database as it was when it began.
            self.assertEqual(Decimal(str(cursor.fetchone()[0])), row["amount"])
            query = "SELECT count(*) FROM actionstep.receipt_allocation"
            cursor.execute(f"{query} WHERE receipt_id = %s", [key])
            self.assertEqual(cursor.fetchone()[0], 0)
        self.assertMet("refresh")
        self.assertEqual(self.one("receipt", "receipt_id", key)["amount"], Decimal(3))

    def test_the_connection_ends_in_the_middle_once(self):
        self.during("receipt_allocation", "disconnect")
        with self.link() as link, link.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM actionstep.receipt")
            with self.assertRaises(psycopg2.OperationalError):
                cursor.execute("SELECT * FROM actionstep.receipt_allocation")
            self.assertTrue(link.closed)
        self.assertMet("disconnect")
        found = len(self.view("receipt_allocation"))
        self.assertEqual(found, len(self.firm.receipt_allocations))

    def test_the_other_views_are_gone_for_the_next_query(self):
        self.during("credit_note", "drop")
        self.assertEqual(len(self.view("credit_note")), len(self.firm.credit_notes))
        self.assertMet("drop")
        self.assertRefused(psycopg2.errors.UndefinedTable, "credit_note_line")
        self.mishap("mend")
        self.assertUsual()

    def test_rows_change_and_rights_go_in_the_middle(self):
        line = self.view("credit_note_line")[0]
        where = {"credit_id": line["credit_id"]}
        self.during("credit_note", "hide", view="credit_note_line", where=where)
        self.during("credit_note_line", "refuse", what="connect")
        self.view("credit_note")
        text = "credit_id = %s"
        self.assertEqual(self.view("credit_note_line", text, line["credit_id"]), [])
        self.assertMet("hide", "refuse")
        refused = self.assertRefused(psycopg2.OperationalError, "credit_application")
        self.assertIn("permission denied for database", refused)

    def test_a_gate_that_nobody_met_lets_go_when_it_is_mended(self):
        self.during("bill", "disconnect")
        [gate] = self.admin("GET", "reporting")["during"]
        self.assertIs(gate["met"], False)
        self.view("receipt")
        self.mishap("mend")
        self.assertUsual()

    def test_an_act_that_fails_lets_the_reader_go_on(self):
        self.during("bill", "hide", view="receipt", columns=["nothing"])
        self.assertEqual(len(self.view("bill")), len(self.firm.bills))
        [gate] = self.admin("GET", "reporting")["during"]
        self.assertTrue(gate["met"])
        self.assertIn("unknown columns", gate["error"])


@tagged("-at_install", "post_install")
class TestWithoutDatabase(LifeCase):
    """A server that has no reporting database."""

    @classmethod
    def _reporting(cls, _stack):
        return None

    def test_it_says_so(self):
        refused = self.admin("POST", "reporting/drop", _status=400)
        self.assertIn("no reporting database", refused["error"])
        self.admin("GET", "reporting", _status=400)
