"""The card of a connection: its figures, and what they cost."""

import json
from datetime import datetime, timedelta

from lxml import etree

from odoo import fields
from odoo.fields import Domain
from odoo.tests import HttpCase, freeze_time, new_test_user, tagged
from odoo.tools import SQL
from odoo.tools.safe_eval import safe_eval

from .common import ActionstepCase, ActionstepCommon

# The whole of this month is within the last 30 days.
NOW = "2026-11-23 12:00:00"
FIGURES = (
    "attention_count",
    "waiting_count",
    "pushed_count",
    "progress",
    "progress_phase",
    "last_run_at",
    "last_run_note",
    "month",
    "chart",
)


class DashboardCase(ActionstepCase):
    def setUp(self):
        super().setUp()
        self.startPatcher(freeze_time(NOW))
        self.dollar = self.env.ref("base.USD")
        self.connection = self._make_connection()

    def _make_document(self, model="actionstep.invoice", connection=None, **values):
        self.number = getattr(self, "number", 0) + 1
        return self.env[model].create(
            {
                "connection_id": (connection or self.connection).id,
                "external_id": str(self.number),
                "currency_id": self.dollar.id,
                "state": "pushed",
                **values,
            }
        )

    def _make_bill(self, day, amount, pushed=0, **values):
        return self._make_document(
            invoice_date=day,
            amount_total=amount,
            quickbooks_total=pushed,
            bill_status="Open",
            **values,
        )

    def _make_run(self, started_at, pushed, connection=None, **values):
        return self.env["actionstep.sync.run"].create(
            {
                "connection_id": (connection or self.connection).id,
                "started_at": started_at,
                "finished_at": started_at,
                "state": "done",
                "pushed_count": pushed,
                **values,
            }
        )

    def _get_rows(self, connection=None):
        """Return the table of the month as ``{kind: (Actionstep, QuickBooks)}``."""
        rows = (connection or self.connection).month["rows"]
        return {
            row["kind"]: (row["actionstep"], row["quickbooks"], row["is_equal"])
            for row in rows
        }


@tagged("post_install", "-at_install")
class TestMonth(DashboardCase):
    def test_both_sides_are_added_up_for_this_month(self):
        self._make_bill("2026-11-01", 100, 100)
        self._make_bill("2026-11-30", 50.5)
        self._make_bill("2026-10-31", 1000, 1000)
        self._make_bill("2026-12-01", 2000, 2000)

        self.assertEqual(self.connection.month["title"], "November 2026")
        self.assertEqual(
            self._get_rows(), {"invoices": ("$\xa0150.50", "$\xa0100.00", False)}
        )

    def test_what_is_gone_in_actionstep_counts_where_it_still_stands(self):
        self._make_bill("2026-11-02", 100, 100)
        self._make_bill("2026-11-02", 30, 30).bill_status = "Deleted"
        self._make_bill("2026-11-02", 7).bill_status = "Draft"

        self.assertEqual(
            self._get_rows(), {"invoices": ("$\xa0100.00", "$\xa0130.00", False)}
        )

    def test_payments_and_credit_notes_have_rows_of_their_own(self):
        self._make_document(
            "actionstep.payment",
            payment_date="2026-11-05",
            amount=40,
            quickbooks_total=40,
        )
        self._make_document(
            "actionstep.payment", payment_date="2026-11-05", amount=9, is_deleted=True
        )
        self._make_document(
            "actionstep.credit.note",
            credit_date="2026-11-05",
            amount_total=20,
            quickbooks_total=20,
        )

        self.assertEqual(
            self._get_rows(),
            {
                "payments": ("$\xa040.00", "$\xa040.00", True),
                "credits": ("$\xa020.00", "$\xa020.00", True),
            },
        )

    def test_amounts_of_two_currencies_are_not_added_up(self):
        self._make_bill("2026-11-02", 100, 100)
        euro = self.env.ref("base.EUR")
        self._make_bill("2026-11-02", 70, currency_id=euro.id)

        rows = self.connection.month["rows"]

        self.assertEqual(
            {row["actionstep"] for row in rows}, {"$\xa0100.00", "70.00\xa0€"}
        )

    def test_document_without_a_currency_has_a_row_too(self):
        self._make_bill("2026-11-02", 100, 100, currency_id=False)
        self._make_bill("2026-11-03", 0.2, 0.1, currency_id=False)

        self.assertEqual(self._get_rows(), {"invoices": ("100.20", "100.10", False)})

    def _make_month(self):
        """Make documents of all kinds, of which some count on one side only."""
        self._make_bill("2026-11-01", 100, 100)
        self._make_bill("2026-11-02", 30, 30).bill_status = "Deleted"
        self._make_bill("2026-11-03", 7).bill_status = "Draft"
        self._make_bill("2026-10-31", 1000, 1000)
        day = {"payment_date": "2026-11-05"}
        self._make_document("actionstep.payment", amount=40, quickbooks_total=39, **day)
        self._make_document("actionstep.payment", amount=9, is_deleted=True, **day)
        note = {"credit_date": "2026-11-05", "amount_total": 20}
        credit = self._make_document("actionstep.credit.note", **note)
        self._make_document("actionstep.credit.note", number="WO-9", **note)
        self._make_document("actionstep.credit.note", is_deleted=True, **note)
        # The same money once more, which is no second credit.
        self._make_document(
            "actionstep.credit.application",
            credit_note_id=credit.id,
            bill_external_id="1",
            applied_on="2026-11-06",
            amount=20,
            quickbooks_total=20,
        )

    def _follow(self, link):
        """Return the sums at the bottom of the page that a link of the card opens."""
        action = self.env.ref("actionstep_quickbooks.action_actionstep_month")
        context = safe_eval(action.context) | safe_eval(
            link.get("context"), {"id": self.connection.id}
        )
        chosen = {
            key.removeprefix("search_default_"): value for key, value in context.items()
        }
        self.assertEqual(chosen.pop("document_date"), "month")
        self.assertEqual(chosen.pop("connection_id"), self.connection.id)
        search = self.env["actionstep.register"].get_view(view_type="search")["arch"]
        filters = {
            node.get("name"): node for node in etree.fromstring(search).iter("filter")
        }
        # In groups the totals are those of all documents, not of a page of them.
        self.assertIn("group_by", filters["group_state"].get("context"))
        self.assertTrue(chosen.pop("group_state"))
        domains = {
            name: Domain(safe_eval(filters[name].get("domain"))) for name in chosen
        }
        counted = domains.pop("counted")
        month = Domain("document_date", ">=", "2026-11-01")
        month &= Domain("document_date", "<=", "2026-11-30")
        mine = Domain("connection_id", "=", self.connection.id) & month
        [sums] = self.env["actionstep.register"]._read_group(
            mine & counted & Domain.OR(domains.values()),
            [],
            ["counted:sum", "quickbooks_counted:sum"],
        )
        return sums

    def test_totals_behind_each_link_are_those_of_the_card(self):
        self._make_month()
        arch = self.env["actionstep.connection"].get_view(view_type="kanban")["arch"]
        action = self.env.ref("actionstep_quickbooks.action_actionstep_month")
        links = [
            link
            for link in etree.fromstring(arch).iter("a")
            if link.get("name") == str(action.id)
        ]
        self.assertEqual(len(links), 3)

        sums = [self._follow(link) for link in links]

        self.assertEqual(sums, [(100, 130), (40, 39), (40, 0)])
        shown = self._get_rows()
        for kind, (ours, theirs) in zip(
            ("invoices", "payments", "credits"), sums, strict=True
        ):
            with self.subTest(kind=kind):
                self.assertEqual(shown[kind][0], f"$\xa0{ours:.2f}")
                self.assertEqual(shown[kind][1], f"$\xa0{theirs:.2f}")

    def test_month_without_documents_has_no_table(self):
        self.assertEqual(self._get_rows(), {})


@tagged("post_install", "-at_install")
class TestChart(DashboardCase):
    def _get_bars(self, connection=None, tz="UTC"):
        """Return the chart as ``{label: value}``, without the days of nothing."""
        connection = (connection or self.connection).with_context(tz=tz)
        [line] = json.loads(connection.chart)
        self.assertEqual(len(line["values"]), 30)
        return {bar["label"]: bar["value"] for bar in line["values"] if bar["value"]}

    def test_pushed_documents_are_counted_by_day(self):
        self._make_run("2026-11-22 08:00:00", 3)
        self._make_run("2026-11-22 20:00:00", 4)
        self._make_run("2026-11-23 08:00:00", 5)
        self._make_run("2026-11-23 09:00:00", 0)

        self.assertEqual(self._get_bars(), {"22 Nov": 7, "23 Nov": 5})

    def test_days_are_those_of_the_user(self):
        self._make_run("2026-11-21 23:30:00", 3)

        self.assertEqual(self._get_bars(), {"21 Nov": 3})
        self.assertEqual(self._get_bars(tz="Australia/Sydney"), {"22 Nov": 3})

    def test_first_day_is_whole_and_the_one_before_is_out(self):
        self._make_run("2026-10-25 00:00:00", 3)
        self._make_run("2026-10-24 23:59:59", 4)

        self.assertEqual(self._get_bars(), {"25 Oct": 3})

    def test_nothing_pushed_is_no_chart(self):
        self._make_run("2026-11-22 08:00:00", 0)
        self._make_run("2026-09-22 08:00:00", 6)

        self.assertFalse(self.connection.chart)

    def test_each_connection_has_its_own(self):
        other = self._make_connection(name="Other")
        self._make_run("2026-11-22 08:00:00", 3)
        self._make_run("2026-11-22 08:00:00", 8, other)

        self.assertEqual(self._get_bars(), {"22 Nov": 3})
        self.assertEqual(self._get_bars(other), {"22 Nov": 8})


@tagged("post_install", "-at_install")
class TestLastRun(DashboardCase):
    def test_newest_run_is_told(self):
        self._make_run("2026-11-22 08:00:00", 3)
        self._make_run("2026-11-23 08:00:00", 5, failed_count=2)

        self.assertEqual(self.connection.last_run_at, datetime(2026, 11, 23, 8))
        self.assertEqual(self.connection.last_run_note, "5 pushed, 2 not")

    def test_run_that_did_not_come_to_its_end_says_so(self):
        self._make_run("2026-11-23 08:00:00", 5, state="interrupted")

        self.assertEqual(self.connection.last_run_note, "Interrupted, 5 pushed")

    def test_connection_that_never_ran_tells_nothing(self):
        self.assertFalse(self.connection.last_run_at)
        self.assertFalse(self.connection.last_run_note)
        self.assertEqual(self.connection.progress_phase, "idle")


@tagged("post_install", "-at_install")
class TestCost(DashboardCase):
    def _count_queries(self, connections):
        """Return how many statements it takes to show the cards of connections."""
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        rows = connections.read(FIGURES)
        self.assertEqual(len(rows), len(connections))
        return self.env.cr.sql_log_count - before

    def _fill(self, connection, count):
        for number in range(count):
            self._make_bill(
                fields.Date.today() - timedelta(days=number),
                10,
                connection=connection,
                state=("pushed", "attention", "queued")[number % 3],
            )
            self._make_run(
                fields.Datetime.now() - timedelta(days=number), 1, connection
            )

    def test_cards_cost_the_same_however_many_there_are_and_whatever_they_hold(self):
        self._fill(self.connection, 1)
        self._count_queries(self.connection)
        one = self._count_queries(self.connection)
        others = self.connection.union(
            *(self._make_connection(name=f"Firm {n}") for n in range(12))
        )
        for connection in others:
            self._fill(connection, 9)

        many = self._count_queries(others)

        self.assertEqual(many, one)

    def test_other_causes_are_counted_without_reading_the_documents(self):
        """A firm has many of these, and they were counted already."""
        others = [
            ("connection_id", "=", self.connection.id),
            ("state", "=", "attention"),
            ("kind", "!=", "documents"),
        ]
        query = self.env["actionstep.attention"]._search(others).select()
        self.env.cr.execute(SQL("EXPLAIN %s", query))
        plan = "\n".join(row for (row,) in self.env.cr.fetchall())
        self.assertIn("actionstep_participant", plan)
        self.assertNotIn("actionstep_invoice", plan)

    def test_newest_runs_are_found_by_the_index(self):
        """Not by reading all runs of years."""
        self._fill(self.connection, 9)
        self.env.flush_all()
        self.env.cr.execute("SET LOCAL enable_seqscan = off")
        self.env.cr.execute(
            "EXPLAIN SELECT max(id) FROM actionstep_sync_run WHERE connection_id = %s",
            [self.connection.id],
        )
        plan = "\n".join(row for (row,) in self.env.cr.fetchall())
        self.assertIn("actionstep_sync_run_latest", plan)
        self.assertIn("Limit", plan)


@tagged("post_install", "-at_install")
class TestCurrencies(DashboardCase):
    """A sentence sends people to Lists > Currencies: Odoo alone has no such menu."""

    def test_menu_opens_the_currencies_of_odoo_to_administrators(self):
        menu = self.env.ref("actionstep_quickbooks.menu_currencies")
        self.assertEqual(menu.action, self.env.ref("base.action_currency_form"))
        for group, is_there in (("group_administrator", True), ("group_user", False)):
            user = new_test_user(
                self.env, group, groups=f"actionstep_quickbooks.{group}"
            )
            visible = self.env["ir.ui.menu"].with_user(user)._visible_menu_ids()
            with self.subTest(group=group):
                self.assertEqual(menu.id in visible, is_there)


class DashboardTourCase(ActionstepCommon, HttpCase):
    def _make_busy(self):
        """Return a connection after a pass: some bills went, others need a person."""
        connection = self._make_connected()
        mapped = ("4-1100", "6-1100")
        self._map(connection, without=set(self.firm.mapping.items) - set(mapped))
        connection.push_invoices = True
        self._run(connection)
        return connection


@tagged("post_install", "-at_install")
class TestCard(DashboardTourCase):
    def test_card_leads_to_what_it_counts(self):
        new_test_user(
            self.env,
            "olga",
            groups="actionstep_quickbooks.group_operator",
            password="olga",
        )
        self._make_busy()

        self.start_tour(
            "/odoo/actionstep-connections",
            "actionstep_quickbooks_card",
            login="olga",
            timeout=180,
        )


@tagged("post_install", "-at_install")
class TestPhone(DashboardTourCase):
    browser_size = "390x844"
    touch_enabled = True

    def test_card_shows_the_counts_on_a_phone(self):
        self._make_busy()

        self.start_tour(
            "/odoo/actionstep-connections",
            "actionstep_quickbooks_card_on_a_phone",
            login="admin",
            timeout=180,
        )
