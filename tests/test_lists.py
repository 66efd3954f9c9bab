"""The lists of both sides: loaded, refreshed, and never half-written."""

from odoo.tests import tagged

from odoo.addons.actionstep_quickbooks.exceptions import SyncError

from .common import ActionstepCase
from .test_oauth import OauthCommon

MODELS = (
    "actionstep.account",
    "actionstep.tax.code",
    "quickbooks.item",
    "quickbooks.account",
    "quickbooks.tax.code",
)


class ListsMixin:
    """Looking at the lists, and changing them as people do on both sides."""

    def _get_entries(self, model, connection=None):
        """Return all entries of a list, also those no longer in use."""
        connection = connection or self.connection
        return (
            self.env[model]
            .with_context(active_test=False)
            .search([("connection_id", "=", connection.id)])
        )

    def _snapshot(self):
        """Return every stored value of every list."""
        self.env.flush_all()
        rows = {}
        for model in MODELS:
            # The place of a row tells whether it was written, even with equal values.
            self.env.cr.execute(
                f"SELECT ctid, * FROM {self.env[model]._table} ORDER BY id"
            )
            rows[model] = self.env.cr.fetchall()
        return rows

    def _get_item(self, name):
        return self._get_entries("quickbooks.item").filtered(lambda i: i.name == name)

    def _edit(self, item, **changes):
        """Let somebody change a product in QuickBooks."""
        body = {"entity": "Item", "id": item.external_id, "changes": changes}
        self.sandbox.admin("quickbooks", "POST", "edit", body)

    def _move_actionstep(self, country):
        """Let Actionstep keep the chart of accounts and tax codes of a country."""
        body = {"country": country, "firm": self.firm_size, "keep_tokens": True}
        self.sandbox.admin("actionstep", "POST", "reset", body)


@tagged("post_install", "-at_install")
class TestLists(ListsMixin, ActionstepCase):
    def setUp(self):
        super().setUp()
        self.connection = self._make_connected()

    def test_list_that_comes_back_empty_archives_nothing(self):
        before = self._snapshot()

        for model in MODELS:
            self.env[model]._upsert(self.connection, [])

        self.assertEqual(self._snapshot(), before)

    def test_lists_hold_what_both_sides_have(self):
        quickbooks = self.sandbox.admin("quickbooks", "GET", "dump")
        expected = {
            "actionstep.account": {a.name for a in self.firm.accounts},
            "actionstep.tax.code": {c.code for c in self.firm.tax_codes},
            "quickbooks.item": {row["Name"] for row in quickbooks["Item"]},
            "quickbooks.account": {row["Name"] for row in quickbooks["Account"]},
        }
        for model, names in expected.items():
            with self.subTest(model=model):
                entries = self._get_entries(model)
                self.assertEqual(set(entries.mapped("name")), names)
                self.assertEqual(entries.company_id, self.connection.company_id)
        codes = set(self._get_entries("quickbooks.tax.code").mapped("name"))
        self.assertLessEqual({row["Name"] for row in quickbooks["TaxCode"]}, codes)

    def test_entries_know_what_the_maps_need(self):
        accounts = {a.number: a for a in self._get_entries("actionstep.account")}
        kinds = {kind.type_id: kind for kind in self.firm.account_types}
        for account in self.firm.accounts:
            with self.subTest(account=account.number):
                entry = accounts[account.number]
                self.assertEqual(entry.is_header, account.header)
                self.assertEqual(entry.active, account.active)
                self.assertEqual(entry.account_type, kinds[account.type_id].name)
        sections = {
            entry.section
            for n, entry in accounts.items()
            if n in self.firm.mapping.items
        }
        self.assertEqual(sections, {"income", "expense"})
        [tax] = self._get_entries("quickbooks.tax.code").filtered("rates")
        self.assertEqual(tax.percentage, 8.25)
        self.assertEqual(tax._to_value().rates[0].percentage.as_tuple().exponent, -2)

    def test_company_facts_are_kept(self):
        info = self.firm.quickbooks["CompanyInfo"]
        self.assertEqual(self.connection.quickbooks_company_name, info["CompanyName"])
        self.assertEqual(self.connection.quickbooks_country, "US")
        self.assertEqual(self.connection.quickbooks_currency_id.name, "USD")
        self.assertTrue(self.connection.quickbooks_sales_tax)
        self.assertEqual(self.connection.quickbooks_close_date, self.firm.closed_books)

    def test_refresh_of_what_did_not_change_writes_nothing(self):
        before = self._snapshot()

        self.connection._load_lists()

        self.assertEqual(self._snapshot(), before)

    def test_refresh_brings_what_is_new_and_what_changed(self):
        known = self._get_entries("quickbooks.item")
        self._edit(self._get_item("Hours"), Name="Billable Hours")
        self.sandbox.admin(
            "quickbooks",
            "POST",
            "create",
            {
                "entity": "Item",
                "object": {
                    "Name": "Mediation",
                    "Type": "Service",
                    "IncomeAccountRef": {"value": self._get_income_account()},
                },
            },
        )
        renamed = known.filtered(lambda item: item.name == "Hours")

        self.connection._load_lists()

        self.assertEqual(renamed.name, "Billable Hours")
        new = self._get_entries("quickbooks.item") - known
        self.assertEqual(new.name, "Mediation")
        self.assertEqual(new.item_type, "Service")

    def _get_income_account(self):
        accounts = self._get_entries("quickbooks.account")
        return accounts.filtered(lambda a: a.account_type == "Income")[0].external_id

    def test_only_what_changed_is_written(self):
        before = self._snapshot()
        self._edit(self._get_item("Hours"), Name="Billable Hours")

        self.connection._load_lists()

        after = self._snapshot()
        changed = [
            (model, old, new)
            for model in MODELS
            for old, new in zip(before[model], after[model], strict=True)
            if old != new
        ]
        self.assertEqual([model for model, *_rows in changed], ["quickbooks.item"])

    def test_what_is_no_longer_there_is_archived_and_comes_back(self):
        item = self._get_item("Hours")
        self._move_actionstep("GB")
        self.connection._load_lists()
        codes = self.connection.tax_code_ids
        self._edit(item, Active=False)
        self._move_actionstep("US")

        self.connection._load_lists()

        self.assertFalse(item.active)
        gone = codes - codes.filtered("active")
        self.assertTrue(gone)
        self.assertEqual(codes.exists(), codes)

        self._edit(item, Active=True)
        self._move_actionstep("GB")
        self.connection._load_lists()

        self.assertTrue(item.active)
        self.assertEqual(codes.filtered("active"), codes)
        self.assertEqual(self.connection.tax_code_ids, codes)

    def test_lists_of_another_connection_stay_as_they_are(self):
        self.sandbox.admin(
            "quickbooks", "POST", "switches", {"callback_realm": "4620000000000000001"}
        )
        other = self._make_connection(name="Other")
        entry = self.env["quickbooks.item"].create(
            {"connection_id": other.id, "external_id": "9999", "name": "Theirs"}
        )

        self.connection._load_lists()

        self.assertTrue(entry.active)
        self.assertNotIn(entry, self.connection.quickbooks_item_ids)

    def test_refresh_that_fails_anywhere_changes_nothing(self):
        """Each request in turn is the one that fails."""
        self.sandbox.admin("quickbooks", "DELETE", "log")
        self.sandbox.admin("actionstep", "DELETE", "log")
        self.connection._load_lists()
        counts = {
            side: len(self.sandbox.requests(side))
            for side in ("actionstep", "quickbooks")
        }
        self.assertGreaterEqual(min(counts.values()), 2)
        self._edit(self._get_item("Hours"), Name="Billable Hours")
        before = self._snapshot()
        loaded_at = self.connection.lists_loaded_at
        for side, count in counts.items():
            for number in range(count):
                for status, shape in ((500, "html"), (200, "cut_json")):
                    with self.subTest(side=side, request=number, status=status):
                        self.sandbox.admin(side, "DELETE", "faults")
                        fault = {"kind": "status", "status": status, "shape": shape}
                        self.sandbox.fault(side, fault, skip=number)

                        with self.assertRaises(SyncError):
                            self.connection._load_lists()

                        self.assertEqual(self._snapshot(), before)
        self.assertEqual(self.connection.lists_loaded_at, loaded_at)


@tagged("post_install", "-at_install")
class TestRefreshButton(ListsMixin, OauthCommon):
    def setUp(self):
        super().setUp()
        self._connect_both()

    def _refresh(self):
        return self._press("action_refresh_lists")["result"]["params"]

    def test_refresh_says_that_all_is_up_to_date(self):
        self._edit(self._get_item("Hours"), Name="Billable Hours")

        shown = self._refresh()

        self.assertEqual(shown["type"], "success")
        self.assertIn("up to date", shown["message"])
        self.assertIn(
            "Billable Hours", self.connection.quickbooks_item_ids.mapped("name")
        )

    def test_failing_refresh_says_why_and_changes_nothing(self):
        self._edit(self._get_item("Hours"), Name="Billable Hours")
        before = self._snapshot()
        self.sandbox.fault(
            "quickbooks",
            {"kind": "status", "status": 429, "shape": "xml"},
            path="query",
        )

        shown = self._refresh()

        self.assertEqual(shown["type"], "danger")
        self.assertTrue(shown["sticky"])
        self.assertEqual(
            shown["message"],
            "QuickBooks: Limit reached. Try again in a few minutes.",
        )
        self.assertIn(shown["message"], self._get_last_note())
        self.assertEqual(self._snapshot(), before)
        self.assertEqual(self.connection.state, "connected")

    def test_refresh_with_an_ended_grant_asks_for_a_reconnect(self):
        self.sandbox.admin("quickbooks", "POST", "tokens", {"revoke": True})

        shown = self._refresh()

        self.assertEqual(shown["type"], "danger")
        self.assertEqual(
            shown["message"],
            "QuickBooks no longer accepts the connection. Press Reconnect.",
        )
        self.assertEqual(self.connection.quickbooks_state, "reauth_required")
        self.assertEqual(self.connection.activity_ids.user_id, self.connection.user_id)
        self._assert_lands(self._connect("quickbooks"), "mapping")

    def test_only_an_administrator_refreshes(self):
        for group in ("group_user", "group_operator"):
            self._make_user(group, group)
            self.authenticate(group, group)
            name, _text = self._press_refused("action_refresh_lists")
            self.assertEqual(name, "AccessError")

    def test_refresh_before_connecting_says_so(self):
        fresh = self._make_connection(name="Fresh")

        shown = self._press("action_refresh_lists", fresh)["result"]["params"]

        self.assertEqual(shown["type"], "danger")
        self.assertEqual(fresh.state, "draft")
