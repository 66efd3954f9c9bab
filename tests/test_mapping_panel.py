"""What stands beside a map: unmapped entries, what waits for them, proposals, lists."""

import re
from pathlib import Path

from odoo.exceptions import AccessError, UserError
from odoo.tests import BaseCase, new_test_user, tagged

from odoo.addons.actionstep_quickbooks import exceptions
from odoo.addons.actionstep_quickbooks.models.list_changes import Changes

from .common import ActionstepCase
from .test_lists import ListsMixin

ROOT = Path(exceptions.__file__).resolve().parent
KINDS = ("item", "account", "tax")


class PanelCase(ListsMixin, ActionstepCase):
    firm_size = "demo"

    def setUp(self):
        super().setUp()
        self.connection = self._make_connected()

    def _get_panel(self, kind):
        return self.connection.get_map_panel(kind)

    def _get_rows(self, kind):
        """Return what is shown of Actionstep's entries by name."""
        return {row["name"]: row for row in self._get_panel(kind)["sources"]}


@tagged("post_install", "-at_install")
class TestProposals(PanelCase):
    def _accept_all(self, kind):
        """Make lines of all proposals, as the page does."""
        model = self.env[f"actionstep.{kind}.mapping"]
        return model.create(
            [
                {
                    "connection_id": self.connection.id,
                    model._source_field: row["id"],
                    model._target_field: row["proposal"]["id"],
                }
                for row in self._get_panel(kind)["sources"]
                if row["proposal"]
            ]
        )

    def test_proposals_are_what_the_firms_bookkeeper_chose(self):
        mapping = self.firm.mapping
        chosen = {
            "item": mapping.items,
            "account": mapping.accounts,
            "tax": mapping.taxes,
        }
        for kind in KINDS:
            lines = self._accept_all(kind)
            source, target = lines._source_field, lines._target_field
            key = "name" if kind == "tax" else "number"
            found = {line[source][key]: line[target].name for line in lines}
            with self.subTest(map=kind):
                self.assertEqual(found, chosen[kind])

    def test_bills_go_with_the_proposals_alone(self):
        for kind in KINDS:
            self._accept_all(kind)
        self.connection.push_invoices = True

        self._run(self.connection)

        causes = set(self.connection.invoice_ids.mapped("failure_cause")) - {False}
        self.assertLessEqual(causes, set(self.firm.expected_attention.values()))
        self.assertGreater(self.connection.pushed_count, 40)

    def test_looking_stores_nothing(self):
        before = self._snapshot()
        for kind in KINDS:
            self._get_panel(kind)
            self.assertFalse(self.connection[f"{kind}_mapping_ids"])
        self.assertEqual(self._snapshot(), before)

    def test_each_proposal_tells_its_reason(self):
        rows = self._get_rows("item")
        proposal = rows["6-1100 Court Filing Fees"]["proposal"]
        self.assertEqual(proposal["name"], "Court Filing Fees")
        self.assertEqual(proposal["reason"], "Same name")
        self.assertFalse(rows["4-1900 Mediation Fees"]["proposal"])

    def test_what_is_mapped_has_no_proposal(self):
        self._map(self.connection, without=("6-1100",))
        proposed = [
            r["name"] for r in self._get_panel("item")["sources"] if r["proposal"]
        ]
        self.assertEqual(proposed, ["6-1100 Court Filing Fees"])

    def test_used_account_of_quickbooks_is_not_proposed_again(self):
        self._map(self.connection, without=("1-1110",))
        line = self.connection.account_mapping_ids[0]
        line.write(
            {
                "account_id": self._get_account("1-1130").id,
                "gl_account_id": self._get_theirs("Business Bank Account").id,
            }
        )
        self.assertFalse(
            self._get_rows("account")["1-1110 Business Bank Account"]["proposal"]
        )

    def _get_account(self, number):
        return self.connection.account_ids.filtered(lambda one: one.number == number)

    def _get_theirs(self, name):
        accounts = self.connection.quickbooks_account_ids
        return accounts.filtered(lambda one: one.name == name)


@tagged("post_install", "-at_install")
class TestPanel(PanelCase):
    def test_lists_and_lines_of_each_map(self):
        self._map(self.connection)
        for kind in KINDS:
            panel = self._get_panel(kind)
            lines = self.connection[f"{kind}_mapping_ids"]
            with self.subTest(map=kind):
                self.assertEqual(
                    panel["pairs"],
                    {
                        line.id: [
                            line[lines._source_field].id,
                            line[lines._target_field].id,
                        ]
                        for line in lines
                    },
                )
                names = [row["name"] for row in panel["targets"]]
                self.assertIn(lines[0][lines._target_field].display_name, names)
                self.assertTrue(all(row["name"] for row in panel["sources"]))

    def test_saved_lines_tell_what_is_the_matter_with_them(self):
        self._map(self.connection)
        self.assertEqual(self._get_panel("tax")["problems"], {})
        line = self.connection.tax_mapping_ids[0]
        line.tax_code_id.percentage = 9
        problems = self._get_panel("tax")["problems"]
        self.assertEqual(list(problems), [line.id])
        self.assertIn("The rates differ", problems[line.id])

    def test_headings_and_what_no_bill_names_are_left_out(self):
        items, accounts = self._get_rows("item"), self._get_rows("account")
        self.assertNotIn("4-0000 Income", {**items, **accounts})
        self.assertNotIn("1-1110 Business Bank Account", items)
        self.assertIn("1-1110 Business Bank Account", accounts)

    def test_category_is_no_target(self):
        category = self.connection.quickbooks_item_ids[0]
        category.item_type = "Category"
        names = [row["name"] for row in self._get_panel("item")["targets"]]
        self.assertNotIn(category.name, names)

    def test_documents_that_wait_are_counted(self):
        self._map(self.connection, without=("4-1100", "TAX 8.25"))
        self.connection.push_invoices = True
        self._run(self.connection)
        waiting = self.connection.invoice_ids.filtered(
            lambda one: one.state in ("waiting", "attention")
        )
        for kind, name, key, value in (
            ("item", "4-1100 Professional Fees", "account_number", "4-1100"),
            ("item", "4-1900 Mediation Fees", "account_number", "4-1900"),
            ("tax", "TAX 8.25 (8.25 %)", "tax_code", "TAX 8.25"),
        ):
            bills = waiting.filtered(
                lambda b, k=key, v=value: v in b.line_ids.mapped(k)
            )
            with self.subTest(name=name):
                self.assertTrue(bills)
                self.assertEqual(self._get_rows(kind)[name]["waiting"], len(bills))

    def test_payments_that_wait_are_counted_by_their_bank_account(self):
        self._map(self.connection)
        bill = self.firm.bills[0]
        for reference in ("A", "B"):
            self._receive(
                (bill.bill_id, "1.00"),
                reference=reference,
                deposit_account_number="1-1130",
            )
        self.connection.push_invoices = True
        self._run(self.connection)
        name = "1-1130 Savings Bank Account"
        self.assertEqual(self._get_rows("account")[name]["waiting"], 2)

        self.connection.deposit_to = "undeposited"

        self.assertEqual(self._get_rows("account")[name]["waiting"], 0)

    def test_balance_account_that_bills_wait_for_can_be_mapped(self):
        """Disbursements are often booked to an asset."""
        asset = self.connection.account_ids.filtered(
            lambda one: one.section == "asset" and not one.is_header
        )[0]
        name = asset.display_name
        self.assertNotIn(name, self._get_rows("item"))
        self._map(self.connection)
        self.connection.push_invoices = True
        self._run(self.connection)
        invoice = self.connection.invoice_ids.filtered(
            lambda i: i.state == "attention"
        )[0]
        invoice.line_ids[0].account_number = asset.number

        row = self._get_rows("item")[name]

        self.assertEqual((row["id"], row["waiting"]), (asset.id, 1))

    def test_number_that_actionstep_does_not_list_is_shown(self):
        self._map(self.connection)
        self.connection.push_invoices = True
        self._run(self.connection)
        invoice = self.connection.invoice_ids.filtered(
            lambda i: i.state == "attention"
        )[0]
        invoice.line_ids[0].account_number = "9-9999"

        row = self._get_rows("item")["9-9999"]

        self.assertEqual((row["id"], row["waiting"]), (False, 1))
        self.assertIn("refresh", row["about"])

    def test_bills_by_their_totals_wait_for_the_account_of_totals(self):
        account = self.connection.account_ids.filtered(lambda a: a.number == "4-1100")
        self._map(self.connection, without=("4-1100",))
        self.connection.write(
            {"detail_source": "totals", "totals_account_id": account.id}
        )
        self.connection.push_invoices = True
        self._run(self.connection)
        bills = self.connection.invoice_ids.filtered(
            lambda one: one.state in ("waiting", "attention")
        )
        self.assertTrue(bills)
        row = self._get_rows("item")["4-1100 Professional Fees"]
        self.assertEqual(row["waiting"], len(bills))

    def test_cost_does_not_grow_with_the_documents(self):
        self._map(self.connection, without=("4-1100",))
        self.connection.push_invoices = True
        self._run(self.connection)

        def count():
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self._get_panel("item")
            return self.env.cr.sql_log_count - before

        few = count()
        for invoice in self.connection.invoice_ids[:20]:
            invoice.copy({"external_id": f"c{invoice.id}", "state": "waiting"})
        self.assertLessEqual(count(), few)
        self.assertLess(few, 20)

    def test_who_may_read_the_connection_sees_the_panel_and_nobody_else(self):
        reader = new_test_user(
            self.env, "ulla", groups="actionstep_quickbooks.group_user"
        )
        self.assertTrue(
            self.connection.with_user(reader).get_map_panel("item")["targets"]
        )
        stranger = new_test_user(self.env, "sam", groups="base.group_user")
        with self.assertRaises(AccessError):
            self.connection.with_user(stranger).get_map_panel("item")
        away = self.env["res.company"].create({"name": "Away"})
        other = new_test_user(
            self.env,
            "olaf",
            groups="actionstep_quickbooks.group_administrator",
            company_id=away.id,
            company_ids=[(6, 0, away.ids)],
        )
        with self.assertRaises(AccessError):
            self.connection.with_user(other).get_map_panel("item")

    def test_map_that_is_not_one_is_refused(self):
        for kind in ("evil", "", None, "item_mapping_ids"):
            with self.subTest(kind=kind), self.assertRaises(UserError):
                self._get_panel(kind)


@tagged("post_install", "-at_install")
class TestRefreshOfOneList(PanelCase):
    firm_size = "small"

    def _refresh(self, *names):
        connection = self.connection.with_context(refresh_lists=list(names))
        return connection.action_refresh_lists()["params"]

    def test_only_the_list_that_is_asked_for_is_read(self):
        self._edit(self._get_item("Hours"), Name="Billable Hours")
        self.sandbox.admin("actionstep", "DELETE", "log")
        self.sandbox.admin("quickbooks", "DELETE", "log")

        shown = self._refresh("quickbooks.account")

        self.assertIn("Up to date: QuickBooks accounts. Nothing has", shown["message"])
        self.assertTrue(self._get_item("Hours"))
        self.assertFalse(self.sandbox.requests("actionstep"))

        self._refresh("quickbooks.item")

        self.assertTrue(self._get_item("Billable Hours"))

    def test_refresh_tells_what_was_added_renamed_and_is_gone(self):
        self._map(self.connection)
        self._edit(self._get_item("Hours"), Name="Billable Hours")
        self._edit(self._get_item("Legal Fees"), Active=False)
        self._edit(self._get_item("Notary Services"), Active=False)
        self._edit(self._get_item("Notary Services"), Active=True)
        income = self._get_entries("quickbooks.account").filtered(
            lambda one: one.account_type == "Income"
        )[0]
        self.sandbox.admin(
            "quickbooks",
            "POST",
            "create",
            {
                "entity": "Item",
                "object": {
                    "Name": "Mediation",
                    "Type": "Service",
                    "IncomeAccountRef": {"value": income.external_id},
                },
            },
        )

        shown = self._refresh("quickbooks.item")

        sentence = (
            "QuickBooks products and services: added Mediation; "
            "changed Hours → Billable Hours; gone Legal Fees."
        )
        self.assertIn(sentence, shown["message"])
        self.assertIn("Lines of the maps that no longer work: 1.", shown["message"])
        self.assertTrue(shown["sticky"])
        self.assertIn(sentence, self.connection.message_ids[0].body)

    def test_tax_rate_that_changed_is_told(self):
        code = self.connection.tax_code_ids.filtered(lambda one: one.name == "TAX 8.25")
        code.percentage = 8

        shown = self._refresh("actionstep.tax.code")

        self.assertIn("changed TAX 8.25 (8 %) → TAX 8.25 (8.25 %)", shown["message"])

    def test_list_that_does_not_exist_is_refused(self):
        for name in ("res.users", "actionstep.credential"):
            with self.subTest(name=name), self.assertRaises(UserError):
                self._refresh(name)

    def test_first_load_is_counted_and_not_noted(self):
        self.connection.quickbooks_item_ids.unlink()
        notes = len(self.connection.message_ids)

        shown = self._refresh("quickbooks.item")

        self.assertIn("QuickBooks products and services: 12 loaded.", shown["message"])
        self.assertEqual(len(self.connection.message_ids), notes)

    def test_many_names_are_cut_short(self):
        sentence = self.connection._describe_changes(
            {"quickbooks.item": Changes([f"P{n}" for n in range(25)], [], [])}
        )[0]
        self.assertIn("P0, P1", sentence)
        self.assertIn("P9 (+15)", sentence)


@tagged("post_install", "-at_install")
class TestColours(BaseCase):
    """Odoo's dark mode builds the same styles with other variables."""

    FIXED = re.compile(
        r"#[0-9a-f]{3,8}\b(?=\s*[;,)])|rgba?\(|hsla?\(|\b(?:text|bg)-(?:white|black|dark"
        r"|light)\b|style=",
        re.IGNORECASE,
    )

    def test_no_colour_of_the_page_is_fixed(self):
        files = [
            *(ROOT / "static/src/mapping").glob("*"),
            ROOT / "static/src/scss/mapping.scss",
        ]
        self.assertGreater(len(files), 2)
        for path in files:
            with self.subTest(file=path.name):
                text = path.read_text(encoding="utf-8")
                self.assertEqual(self.FIXED.findall(text), [])
        self.assertTrue(self.FIXED.search("color: #fff;"), "it would find one")
