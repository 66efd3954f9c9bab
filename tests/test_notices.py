"""Who is told what, and how often: activities and the daily summary."""

from datetime import timedelta

from odoo import Command, fields
from odoo.tests import new_test_user, tagged

from ..models.actionstep_connection_notices import ATTENTION_TYPE, RECONNECT_TYPE
from .test_plan import PlanCase


class NoticeCase(PlanCase):
    def setUp(self):
        super().setUp()
        self.user = new_test_user(
            self.env,
            "rita",
            groups="actionstep_quickbooks.group_operator",
            email="rita@example.com",
        )
        self.connection.user_id = self.user

    def _get_activity(self, xmlid=ATTENTION_TYPE):
        self.env.invalidate_all()
        return self.connection.activity_search([xmlid])

    def _lengthen(self, *bill_ids):
        """Give bills numbers that QuickBooks does not take, and make a pass."""
        for bill_id in bill_ids:
            self._edit_bill(bill_id, number=f"{bill_id}-{'X' * 22}")
        self._run(self.connection)

    def _trigger(self, xmlid):
        with self.enter_registry_test_mode():
            cron = self.env.ref(f"actionstep_quickbooks.{xmlid}")
            self.assertIs(cron.method_direct_trigger(), True)
        self.env.invalidate_all()


@tagged("post_install", "-at_install")
class TestActivity(NoticeCase):
    def test_nothing_to_say_makes_no_activity(self):
        self._run(self.connection)
        self.assertFalse(self._get_activity())

    def test_one_activity_counts_what_needs_attention_by_cause(self):
        self._edit_bill(1003, client_id=None)
        self._lengthen(1001, 1002)

        activity = self._get_activity()

        self.assertEqual(len(activity), 1)
        self.assertEqual(activity.user_id, self.user)
        rows = self.env["actionstep.attention"].search(
            [("connection_id", "=", self.connection.id), ("state", "=", "attention")]
        )
        count = sum(rows.mapped("record_count"))
        self.assertEqual(activity.summary, f"{count} need attention")
        self.assertIn("Number is too long: <b>2</b>", activity.note)
        self.assertFalse(self.connection.invoice_ids.activity_ids)

    def test_activity_follows_the_counts_and_is_not_repeated(self):
        self._lengthen(1001)
        first = self._get_activity()
        self._lengthen(1002)
        self.assertEqual(self._get_activity(), first)
        self.assertIn("Number is too long: <b>2</b>", first.note)

    def test_who_marks_it_as_done_hears_of_the_same_cause_no_more(self):
        self._lengthen(1001)
        self._get_activity().action_done()
        self._lengthen(1002)
        self.assertFalse(self._get_activity())

        self._edit_bill(1003, number="")
        self._run(self.connection)
        activity = self._get_activity()
        self.assertIn("No number: <b>1</b>", activity.note)

    def test_cause_that_was_gone_is_told_again(self):
        self._lengthen(1001)
        self._edit_bill(1001, number="SHORT")
        self._run(self.connection)
        self.assertFalse(self._get_activity())
        self.assertFalse(self.connection.told_causes)
        self._lengthen(1001)
        self.assertTrue(self._get_activity())

    def test_nobody_is_told_where_nobody_is_responsible(self):
        self.connection.user_id = False
        self._lengthen(1001)
        self.assertFalse(self._get_activity())
        self.connection.user_id = self.user
        self._run(self.connection)
        self.assertTrue(self._get_activity())

    def _make_successor(self):
        return new_test_user(
            self.env,
            "rosa",
            groups="actionstep_quickbooks.group_operator",
            email="rosa@example.com",
        )

    def test_new_responsible_user_gets_what_is_open_and_hears_of_what_was_done(self):
        self._lengthen(1001)
        rosa = self._make_successor()
        self.connection.user_id = rosa
        self.assertEqual(self._get_activity().user_id, rosa)

        self._get_activity().action_done()
        self.connection.user_id = self.user
        self._run(self.connection)

        activity = self._get_activity()
        self.assertEqual(activity.user_id, self.user)
        self.assertIn("Number is too long: <b>1</b>", activity.note)

    def test_same_responsible_user_is_not_told_twice(self):
        self._lengthen(1001)
        self._get_activity().action_done()
        self.connection.write({"user_id": self.user.id, "name": "Miller"})
        self._run(self.connection)
        self.assertFalse(self._get_activity())

    def test_activities_go_with_the_responsible_user(self):
        self._lengthen(1001)
        self.connection.user_id = False
        self.assertFalse(self._get_activity())

    def test_new_responsible_user_is_asked_to_reconnect(self):
        self.connection.user_id = False
        self.sandbox.admin("quickbooks", "POST", "tokens", {"revoke": True})
        self._run(self.connection)
        self.assertEqual(self.connection.state, "reauth_required")
        self.assertFalse(self._get_activity(RECONNECT_TYPE))

        self.connection.user_id = self.user
        self.assertEqual(self._get_activity(RECONNECT_TYPE).user_id, self.user)
        rosa = self._make_successor()
        self.connection.user_id = rosa

        activity = self._get_activity(RECONNECT_TYPE)
        self.assertEqual((len(activity), activity.user_id), (1, rosa))

    def test_reconnect_has_one_activity_and_it_ends_with_the_consent(self):
        self.sandbox.admin("quickbooks", "POST", "tokens", {"revoke": True})
        self._run(self.connection)
        self.assertEqual(len(self._get_activity(RECONNECT_TYPE)), 1)
        self.assertFalse(self._get_activity())

        self._consent(self.connection, "quickbooks")

        self.assertFalse(self._get_activity(RECONNECT_TYPE))


@tagged("post_install", "-at_install")
class TestRenewal(NoticeCase):
    def _age(self, side, **values):
        """Make a grant one that was not used for a long time."""
        now = fields.Datetime.now()
        self.connection._get_credential(side).write(
            {"expires_at": now - timedelta(days=12), **values}
        )
        self.env.flush_all()

    def test_unused_connection_is_renewed_by_itself(self):
        self.connection.action_pause()
        now = fields.Datetime.now()
        self._age("actionstep")
        self._age("quickbooks", refresh_expires_at=now + timedelta(days=3))

        self._trigger("ir_cron_renew")

        for side in ("actionstep", "quickbooks"):
            credential = self.connection._get_credential(side)
            self.assertGreater(credential._get_grant_end(), now + timedelta(days=19))
        self.assertFalse(self._get_activity(RECONNECT_TYPE))

    def test_connection_in_use_is_left_alone(self):
        self._trigger("ir_cron_renew")
        for side in ("actionstep", "quickbooks"):
            renewals = [
                row
                for row in self.sandbox.requests(side, "token")
                if row["body"].get("grant_type") == "refresh_token"
            ]
            self.assertEqual(renewals, [])

    def test_grant_that_ends_all_the_same_is_told_once_before(self):
        credential = self.connection._get_credential("quickbooks")
        now = fields.Datetime.now()
        credential.refresh_expires_at = now + timedelta(days=10)
        for _number in range(2):
            self._trigger("ir_cron_renew")

        activity = self._get_activity(RECONNECT_TYPE)

        self.assertEqual(len(activity), 1)
        self.assertEqual(activity.summary, "Reconnect QuickBooks soon")
        self.assertEqual(activity.date_deadline, credential.refresh_expires_at.date())
        self.assertEqual(self.connection.state, "active")

    def test_reminder_is_in_the_language_of_its_reader(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.env["ir.module.module"].search(
            [("name", "=", "actionstep_quickbooks")]
        )._update_translations(["fr_FR"])
        self.user.lang = "fr_FR"
        credential = self.connection._get_credential("quickbooks")
        end = fields.Datetime.now() + timedelta(days=10)
        credential.refresh_expires_at = end

        self._trigger("ir_cron_renew")

        activity = self._get_activity(RECONNECT_TYPE)
        self.assertIn(end.strftime("%d/%m/%Y"), activity.note)
        self.assertNotIn("Press Reconnect", activity.note)

    def test_vendor_that_is_down_is_told_only_when_the_end_is_near(self):
        down = {"kind": "status", "status": 503}
        self.sandbox.fault("quickbooks", down, path="tokens/bearer", times=99)
        now = fields.Datetime.now()
        for days, is_told in ((10, False), (3, True)):
            self._age("quickbooks", refresh_expires_at=now + timedelta(days=days))
            self._trigger("ir_cron_renew")
            with self.subTest(days=days):
                self.assertIs(bool(self._get_activity(RECONNECT_TYPE)), is_told)

        self.sandbox.admin("quickbooks", "DELETE", "faults")
        self._trigger("ir_cron_renew")

        self.assertFalse(self._get_activity(RECONNECT_TYPE))

    def test_grant_that_is_refused_asks_for_a_reconnect(self):
        self.sandbox.admin("quickbooks", "POST", "tokens", {"revoke": True})
        soon = fields.Datetime.now() + timedelta(days=3)
        self._age("quickbooks", refresh_expires_at=soon)

        self._trigger("ir_cron_renew")

        self.connection.invalidate_recordset()
        self.assertEqual(self.connection.state, "reauth_required")
        self.assertEqual(len(self._get_activity(RECONNECT_TYPE)), 1)


@tagged("post_install", "-at_install")
class TestDigest(NoticeCase):
    def _get_mails(self):
        return self.env["mail.mail"].search([("model", "=", self.connection._name)])

    def test_nobody_gets_it_unasked(self):
        self._run(self.connection)
        before = self._get_mails()
        self._trigger("ir_cron_digest")
        self.assertEqual(self._get_mails(), before)

    def test_who_left_or_has_no_right_gets_none(self):
        self.connection.has_digest = True
        self._lengthen(1001)
        before = self._get_mails()
        self.user.active = False
        self._trigger("ir_cron_digest")
        self.user.write(
            {
                "active": True,
                "group_ids": [Command.set(self.env.ref("base.group_user").ids)],
            }
        )
        self._trigger("ir_cron_digest")
        self.assertEqual(self._get_mails(), before)

    def test_who_lost_the_company_gets_none(self):
        self.connection.has_digest = True
        self._lengthen(1001)
        before = self._get_mails()
        away = self.env["res.company"].create({"name": "Away"})
        home = self.user.company_id
        self.user.write({"company_id": away.id, "company_ids": [Command.set(away.ids)]})
        self._trigger("ir_cron_digest")
        self.assertEqual(self._get_mails(), before)

        self.user.company_ids += home
        self._trigger("ir_cron_digest")
        self.assertEqual(len(self._get_mails() - before), 1)

    def test_summary_says_what_went_what_waits_and_what_needs_attention(self):
        self.connection.has_digest = True
        self._add_bill(reporting=False)
        self._receive((1002, "5.00"))
        self._lengthen(1001)
        before = self._get_mails()

        self._trigger("ir_cron_digest")

        mail = self._get_mails() - before
        self.assertEqual(len(mail), 1)
        self.assertEqual(mail.recipient_ids, self.user.partner_id)
        invoices = self.connection.invoice_ids.filtered(lambda i: i.state == "pushed")
        total = f"{sum(invoices.mapped('amount_total')):,.2f}"
        body = " ".join(mail.body_html.split())
        self.assertIn(f"Invoices: {len(invoices)}, ", body)
        self.assertIn(total, body)
        self.assertIn("Payments: 1, ", body)
        self.assertIn("<h3>Waiting</h3>", body)
        self.assertIn("Number is too long: 1", body)
        self.assertIn("/odoo/actionstep-needs-attention", body)

    def test_summary_of_a_day_without_news_is_not_sent(self):
        self.connection.has_digest = True
        self._lengthen(1001)
        self._trigger("ir_cron_digest")
        first = self._get_mails()
        self._trigger("ir_cron_digest")
        self.assertEqual(self._get_mails(), first)

        self._lengthen(1002)
        self._trigger("ir_cron_digest")
        self.assertEqual(len(self._get_mails() - first), 1)
