"""A copy of a database never speaks for the firm."""

from odoo.modules.neutralize import get_neutralization_queries, neutralize_database
from odoo.tests import tagged

from .common import ActionstepCase


@tagged("post_install", "-at_install")
class TestNeutralize(ActionstepCase):
    def setUp(self):
        super().setUp()
        self.connection = self._make_active()
        self.env.flush_all()

    def _neutralize(self):
        """Do what ``odoo-bin neutralize`` does, all modules' statements included."""
        neutralize_database(self.env.cr)
        self.env.invalidate_all()

    def test_our_statements_are_found(self):
        [statements] = get_neutralization_queries(["actionstep_quickbooks"])
        self.assertIn("actionstep_credential", statements)

    def test_no_secret_and_no_token_is_left(self):
        self._neutralize()

        self.env.cr.execute("SELECT * FROM actionstep_credential")
        for row in self.env.cr.dictfetchall():
            for name in ("access_token", "refresh_token", "client_secret"):
                with self.subTest(side=row["side"], name=name):
                    self.assertIsNone(row[name])
            self.assertEqual(row["state"], "disconnected")
        self.assertEqual(len(self.connection.credential_ids), 3)

    def test_nothing_is_pushed_any_more(self):
        self._neutralize()

        self.assertFalse(self.connection.push_invoices)
        self.assertEqual(self.connection.state, "draft")
        self.assertEqual(self.connection.actionstep_state, "disconnected")
        self.assertEqual(self.connection.quickbooks_state, "disconnected")
        self.assertFalse(self.connection.cron_id.active)

    def test_state_stays_when_it_is_computed_anew(self):
        self._neutralize()

        self.connection.is_paused = True
        self.connection.is_paused = False

        self.assertEqual(self.connection.state, "draft")

    def test_pass_that_is_forced_asks_nobody(self):
        for side in ("actionstep", "quickbooks"):
            self.sandbox.admin(side, "DELETE", "log")
        self._neutralize()

        with self.enter_registry_test_mode():
            self.connection.cron_id.method_direct_trigger()

        self.assertEqual(self.sandbox.requests("actionstep"), [])
        self.assertEqual(self.sandbox.requests("quickbooks"), [])

    def test_paused_and_ended_connections_are_cleared_too(self):
        self.connection.is_paused = True
        self.connection._get_credential("quickbooks").state = "reauth_required"
        self.env.flush_all()

        self._neutralize()

        self.assertEqual(self.connection.state, "draft")
        self.assertEqual(self.connection.quickbooks_state, "disconnected")

    def test_maps_and_documents_stay(self):
        lines = self.connection.item_mapping_ids
        self._neutralize()
        self.assertEqual(self.connection.item_mapping_ids, lines)
        self.assertTrue(lines)
