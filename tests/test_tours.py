"""The way of a bookkeeper through the screens, in a real browser."""

from odoo.tests import HttpCase, new_test_user, tagged

from .common import ActionstepCommon

MODULE = "actionstep_quickbooks"
TIMEOUT = 180


@tagged("post_install", "-at_install")
class TestTours(ActionstepCommon, HttpCase):
    allow_end_on_form = True  # of the robot that clicks everything

    def _make_user(self, login, group):
        return new_test_user(
            self.env, login, groups=f"{MODULE}.{group}", password=login, lang="en_US"
        )

    def _tour(self, path, name, login):
        self.start_tour(path, f"{MODULE}_{name}", login=login, timeout=TIMEOUT)
        self.env.invalidate_all()

    def _make_half_mapped(self):
        """Return a connection after a pass: some bills went, others need a person."""
        connection = self._make_connected()
        mapped = ("4-1100", "6-1100")
        self._map(connection, without=set(self.firm.mapping.items) - set(mapped))
        connection.push_invoices = True
        self._run(connection)
        return connection

    def test_from_two_accounts_to_a_pushed_invoice(self):
        self._make_user("ann", "group_administrator")
        connection = self._make_connection()

        self._tour(f"/odoo/actionstep-connections/{connection.id}", "connect", "ann")

        self.assertEqual(connection.state, "connected")
        self.assertEqual(connection.realm_id, self.firm.realm_id)
        hours = connection.quickbooks_item_ids.filtered(lambda i: i.name == "Hours")
        self.sandbox.admin(
            "quickbooks",
            "POST",
            "edit",
            {
                "entity": "Item",
                "id": hours.external_id,
                "changes": {"Name": "Billable Hours"},
            },
        )

        self._tour(f"/odoo/actionstep-mapping/{connection.id}", "map", "ann")

        self.assertEqual(connection.state, "active")
        self.assertEqual(
            {
                line.account_id.number: line.item_id.name
                for line in connection.item_mapping_ids
            },
            {"4-1100": "Legal Fees", "6-1100": "Court Filing Fees"},
        )
        self.assertEqual(
            connection.account_mapping_ids.gl_account_id.name, "Business Bank Account"
        )
        self.assertEqual(len(connection.tax_mapping_ids), 2)
        run = self._run(connection)
        self.assertEqual(run.state, "done", run.message)
        self.assertEqual(run.user_id.login, "ann")
        self.assertEqual(run.pushed_count, 3)

        self._tour(f"/odoo/actionstep-connections/{connection.id}", "pushed", "ann")

        [theirs] = self._get_quickbooks_invoices(1001)
        self.assertEqual(theirs["DocNumber"], "INV-10001")

    def test_operator_reads_what_is_wrong_and_requeues(self):
        self._make_user("olga", "group_operator")
        connection = self._make_half_mapped()

        self._tour("/odoo/actionstep-attention", "attention", "olga")

        self.assertEqual(self._get_invoice(connection, 1002).state, "waiting")
        self.assertEqual(connection.attention_count, 4)

    def test_administrator_mends_a_cause_through_its_button(self):
        self._make_user("ann", "group_administrator")
        connection = self._make_half_mapped()

        self._tour("/odoo/actionstep-needs-attention", "mend", "ann")

        self.assertEqual(self._get_invoice(connection, 1002).state, "waiting")
        run = self._run(connection)
        self.assertEqual(run.state, "done", run.message)
        self.assertEqual(self._get_invoice(connection, 1002).state, "pushed")
        self.assertEqual(connection.attention_count, 4)

    def test_card_that_is_old_does_nothing(self):
        self._make_user("olga", "group_operator")
        self._edit_bill(1001, number="")
        connection = self._make_half_mapped()
        self.assertEqual(
            self._get_invoice(connection, 1001).failure_cause, "number_missing"
        )

        self._tour("/odoo/actionstep-needs-attention", "seen", "olga")

        self.assertEqual(self._get_invoice(connection, 1001).state, "held")
        self.assertEqual(self._get_invoice(connection, 1002).state, "attention")

    def _make_documents(self):
        """Return a connection with documents of all kinds, of which one needs a person.

        A payment and a credit note of one invoice, a write-off of another.
        """
        connection = self._make_active()
        first, second = (bill.bill_id for bill in self.firm.bills[:2])
        self._receive((first, "40.00"), amount="60.00", reference="CHQ-7")
        self._receive(
            (second, "5.00"), reference="CHQ-8", deposit_account_number="1-1130"
        )
        self._credit(first, (first, "10.00"), number="CR-1")
        self._credit(second, number="WO-1")
        self._run(connection)
        return connection

    def test_operator_reads_payments_credit_notes_and_write_offs(self):
        self._make_user("olga", "group_operator")
        self._make_documents()

        self._tour("/odoo/actionstep-connections", "documents", "olga")

    def test_operator_holds_documents_and_takes_that_back(self):
        self._make_user("olga", "group_operator")
        connection = self._make_documents()

        self._tour("/odoo/actionstep-documents", "hold", "olga")

        payment = connection.payment_ids.filtered(lambda p: p.reference == "CHQ-8")
        self.assertEqual(payment.state, "waiting")
        self.assertFalse(payment.is_held)
        self.assertEqual(set(connection.credit_note_ids.mapped("state")), {"held"})

    def test_user_reads_what_would_be_sent(self):
        self._make_user("ulla", "group_user")
        self._make_half_mapped()

        self._tour("/odoo/actionstep-invoices", "preview", "ulla")

    def test_administrator_chooses_where_details_come_from(self):
        self._make_user("ann", "group_administrator")
        connection = self._make_active()

        self._tour(f"/odoo/actionstep-connections/{connection.id}", "settings", "ann")

        self.assertEqual(connection.detail_source, "reporting")
        self.assertEqual(connection.detail_policy, "totals_first")
        self.assertFalse(connection.reporting_message)

    def test_bar_of_the_push_moves_while_somebody_looks(self):
        # One batch holds all that can go.
        connection = self._make_active(batches_away=1)
        self._receive((self.firm.bills[0].bill_id, "40.00"))
        limit = {"kind": "status", "status": 429, "shape": "xml", "headers": {}}
        invoices, payments = (
            {"body": f'"{one}": {{'} for one in ("Invoice", "Payment")
        )
        self.sandbox.fault("quickbooks", limit, path="/batch", times=9, **invoices)
        self._run(connection)
        self.sandbox.admin("quickbooks", "DELETE", "faults")
        self.sandbox.fault("quickbooks", limit, path="/batch", **payments)
        self.assertEqual((connection.progress_done, connection.progress_total), (0, 8))

        self._tour(f"/odoo/actionstep-connections/{connection.id}", "progress", "admin")

        self.assertEqual(connection.progress, 100)
        self.assertEqual(connection.pushed_count, 9)

    def test_user_sees_everything_and_can_press_nothing(self):
        self._make_user("ulla", "group_user")
        connection = self._make_half_mapped()
        before = connection.read()

        self._tour("/odoo/actionstep-connections", "user", "ulla")

        self.assertEqual(connection.read(), before)

    def test_every_menu_view_and_filter_opens(self):
        self._make_half_mapped()
        self.env.ref("base.user_admin").tour_enabled = False
        loader = "@web/webclient/clickbot/clickbot_loader"

        self.browser_js(
            "/odoo",
            f"odoo.loader.modules.get('{loader}')"
            f".startClickEverywhere('{MODULE}.menu_root');",
            "odoo.isReady === true",
            login="admin",
            timeout=600,
            success_signal="clickbot test succeeded",
        )
