"""Needs Attention by cause: one row for what is mended at once, and the way there."""

from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, new_test_user, tagged

from ..exceptions import CAUSES
from ..guides import CURES, GUIDES, NO_CURE
from ..models.actionstep_attention import MAP_CURES
from .common import ActionstepCase
from .relay import change_item, item_fault, writes
from .test_customer_changes import CLIENT, ChangeCase

MODULE = "actionstep_quickbooks"
# Two bills of the small firm are booked to the first, one to the second.
FEES, OTHER_FEES = "4-1200", "4-1300"


@tagged("post_install", "-at_install")
class TestGuides(ActionstepCase):
    def test_each_cause_has_a_guide(self):
        self.assertEqual(GUIDES.keys(), CAUSES.keys())

    def test_each_cause_has_a_cure_or_says_why_it_has_none(self):
        for key, guide in GUIDES.items():
            with self.subTest(cause=key):
                self.assertTrue(guide.steps)
                if guide.cure:
                    self.assertIn(guide.cure, CURES)
                    self.assertFalse(guide.none)
                else:
                    self.assertIn(guide.none, NO_CURE)

    def test_each_cure_is_used_and_can_be_done(self):
        used = {guide.cure for guide in GUIDES.values()} - {""}
        self.assertEqual(used, set(CURES))
        for cure in CURES.keys() - MAP_CURES.keys():
            with self.subTest(cure=cure):
                self.assertTrue(
                    hasattr(self.env["actionstep.attention"], f"_cure_{cure}")
                )

    def test_subject_of_a_cause_is_a_value_that_its_place_gives(self):
        hidden = {"trust_deposit", "operating_deposit"}  # the number; they show names
        for key, cause in CAUSES.items():
            if cause.subject and key not in hidden:
                with self.subTest(cause=key):
                    self.assertIn(f"%({cause.subject})s", str(cause.sentence))


class CauseCase(ActionstepCase):
    def _find(self, cause=None, connection=None, **values):
        """Return the rows of a connection, or those of one cause."""
        domain = [("connection_id", "=", (connection or self.connection).id)]
        if cause:
            domain.append(("failure_cause", "=", cause))
        domain += [(name, "=", value) for name, value in values.items()]
        self.env.invalidate_all()
        return self.env["actionstep.attention"].search(domain)

    def _make_half_mapped(self):
        connection = self._make_connected()
        mapped = ("4-1100", "6-1100")
        self._map(connection, without=set(self.firm.mapping.items) - set(mapped))
        connection.push_invoices = True
        return connection

    def _make_user(self, group):
        return new_test_user(self.env, group, groups=f"{MODULE}.{group}")


@tagged("post_install", "-at_install")
class TestRows(CauseCase):
    def setUp(self):
        super().setUp()
        self.connection = self._make_half_mapped()
        self._run(self.connection)

    def test_documents_that_one_line_of_a_map_mends_are_one_row(self):
        rows = self._find("account_unmapped")

        counts = dict(rows.mapped(lambda row: (row.failure_subject, row.record_count)))
        stuck = self.connection.invoice_ids.filtered(lambda i: i.state == "attention")
        self.assertGreater(len(stuck), 2)
        self.assertEqual(sum(counts.values()), len(stuck))
        for number, count in counts.items():
            mine = stuck.filtered(
                lambda i, n=number: f"account {n} " in i.failure_message
            )
            self.assertEqual(len(mine), count, number)
        self.assertEqual(set(rows.mapped("kind")), {"documents"})
        self.assertTrue(all(rows.mapped("failed_at")))

    def test_mapped_account_lets_its_documents_go_by_themselves(self):
        row = self._find("account_unmapped")[0]
        number, count = row.failure_subject, row.record_count
        waiting = row._get_records().mapped("res_id")

        action = row.action_cure()

        self.assertEqual(action["res_model"], "actionstep.item.mapping")
        self.assertEqual(action["target"], "new")
        line = Form(self.env[action["res_model"]].with_context(**action["context"]))
        self.assertEqual(line.account_id.number, number)
        line.item_id = self.connection.quickbooks_item_ids[0]
        line.save()
        self.assertFalse(self._find("account_unmapped", failure_subject=number))
        invoices = self.env["actionstep.invoice"].browse(waiting)
        self.assertEqual(len(invoices), count)
        self.assertEqual(set(invoices.mapped("state")), {"waiting"})
        run = self._run(self.connection)
        self.assertEqual(run.state, "done", run.message)
        left = {i.failure_subject for i in invoices if i.state != "pushed"}
        self.assertNotIn(number, left)

    def test_line_of_another_account_lets_nothing_go(self):
        account = self.connection.account_ids.filtered(lambda a: a.number == "4-1900")
        before = self._find("account_unmapped").mapped("record_count")
        self.env["actionstep.item.mapping"].create(
            {
                "connection_id": self.connection.id,
                "account_id": account.id,
                "item_id": self.connection.quickbooks_item_ids[0].id,
            }
        )
        self.assertEqual(self._find("account_unmapped").mapped("record_count"), before)

    def test_user_without_the_right_has_no_button_and_no_way(self):
        row = self._find("account_unmapped")[0]
        for group, may in (("group_operator", False), ("group_administrator", True)):
            mine = row.with_user(self._make_user(group))
            self.assertEqual(mine.can_cure, may)
            if not may:
                with self.assertRaises(AccessError):
                    mine.action_cure()
        with self.assertRaises(AccessError):
            row.with_user(self._make_user("group_user")).action_requeue()

    def test_archived_connection_needs_nothing(self):
        connection = self.connection
        connection.active = False
        self.assertFalse(self._find(connection=connection))


@tagged("post_install", "-at_install")
class TestCures(CauseCase):
    def setUp(self):
        super().setUp()
        self.connection = self._make_active()

    def test_row_of_several_shows_what_they_have_in_common_and_opens_as_a_list(self):
        for bill_id, number in ((1001, "X" * 22), (1002, "Y" * 23), (1003, "")):
            self._edit_bill(bill_id, number=number)
        self._run(self.connection)

        row = self._find("number_too_long")
        self.assertEqual(row.record_count, 2)
        self.assertIn("more characters than QuickBooks takes", row.sentence)
        action = row.action_open()
        found = self.env["actionstep.register"].search(action["domain"])
        self.assertEqual(set(found.mapped("number")), {"X" * 22, "Y" * 23})

        row = self._find("number_missing")
        self.assertIn("The document has no number.", row.sentence)
        invoice = self._get_invoice(self.connection, 1003)
        action = row.action_open()
        opened = (action["res_model"], action["res_id"])
        self.assertEqual(opened, (invoice._name, invoice.id))

    def test_broken_line_is_corrected_where_it_stands(self):
        line = self.connection.item_mapping_ids.filtered(
            lambda one: one.account_id.number == "4-1100"
        )
        line.item_id.active = False
        self._run(self.connection)
        row = self._find("mapping_broken")
        self.assertEqual(row.failure_subject, "4-1100")

        action = row.action_cure()

        self.assertEqual((action["res_model"], action["res_id"]), (line._name, line.id))
        items = self.connection.quickbooks_item_ids
        line.item_id = items.filtered("active")[0]
        self._run(self.connection)
        self.assertFalse(self._find("mapping_broken"))

    def test_trust_money_is_sent_to_a_trust_account_by_its_line(self):
        lines = self.connection.account_mapping_ids
        trust = lines.filtered(lambda one: one.account_id.is_trust)[:1]
        # A line to an operating account is refused; but its detail type may change.
        right = trust.gl_account_id
        right.account_subtype = "Checking"
        number = trust.account_id.number
        self._receive((1001, "5.00"), deposit_account_number=number, from_trust=True)
        self._run(self.connection)
        row = self._find("trust_deposit")
        self.assertEqual(row.failure_subject, number)

        action = row.action_cure()

        self.assertEqual(
            (action["res_model"], action["res_id"]), (trust._name, trust.id)
        )
        right.account_subtype = "TrustAccounts"
        trust.gl_account_id = right
        self._run(self.connection)
        self.assertFalse(self._find())

    def test_version_of_actionstep_is_put_back(self):
        self._run(self.connection)
        [theirs] = self._get_quickbooks_invoices(1001)
        self._edit_in_quickbooks("Invoice", theirs["Id"], DueDate="2027-01-31")
        self._edit_bill(1001, number="INV-NEW")
        self._run(self.connection)
        row = self._find("changed_in_quickbooks")
        self.assertEqual((row.record_count, row.cure), (1, "restore"))
        self.assertTrue(row.participant_id)

        row.action_cure()
        self._run(self.connection)

        self.assertFalse(self._find())
        [theirs] = self._get_quickbooks_invoices(1001)
        self.assertEqual(theirs["DocNumber"], "INV-NEW")

    def test_all_that_was_deleted_there_is_put_back_by_one_confirmed_button(self):
        self._run(self.connection)
        for bill_id in (1001, 1002):
            [theirs] = self._get_quickbooks_invoices(bill_id)
            self._delete_in_quickbooks("Invoice", theirs["Id"])
            self._edit_bill(bill_id, number=f"INV-{bill_id}")
        self._run(self.connection)
        row = self._find("deleted_in_quickbooks")
        self.assertEqual((row.record_count, row.cure), (2, "restore"))
        self.assertFalse(row.can_requeue)

        answer = row.action_cure()
        self.assertIn("2 of 2 requeued", answer["params"]["message"])
        self._run(self.connection)

        self.assertFalse(self._find())
        for bill_id in (1001, 1002):
            [theirs] = self._get_quickbooks_invoices(bill_id)
            self.assertEqual(theirs["DocNumber"], f"INV-{bill_id}")

    def _make_unclear(self, *bill_ids):
        """Return derived payments that may be credits which were applied."""
        for bill_id in bill_ids:
            self._receive((bill_id, "5.00"))
        self._run(self.connection)
        payments = self.connection.payment_ids
        payments.write(
            {
                "state": "attention",
                "failure_cause": "payment_unclear",
                "failure_type": "data",
                "failure_subject": "CR-1",
            }
        )
        return payments

    def test_payment_that_may_be_a_credit_is_money_when_somebody_says_so(self):
        payment = self._make_unclear(1001)
        row = self._find("payment_unclear")
        self.assertEqual((row.cure, row.can_requeue), ("money", False))

        row.action_cure()

        self.assertTrue(payment.is_confirmed)
        self.assertEqual(payment.state, "waiting")

    def test_payments_that_may_be_credits_are_looked_at_one_by_one(self):
        payments = self._make_unclear(1001, 1002)
        row = self._find("payment_unclear")
        self.assertEqual((row.record_count, row.cure), (2, "document"))
        self.assertFalse(row.can_requeue)

        action = row.action_cure()
        found = self.env["actionstep.register"].search(action["domain"])
        self.assertEqual(len(found), 2)
        found.action_requeue()
        self.assertEqual(set(payments.mapped("is_confirmed")), {False})

    def test_card_of_a_cause_that_is_another_by_now_does_nothing(self):
        """A page may be old: its row has the id of the first document."""
        self._edit_bill(1001, number="")
        self._run(self.connection)
        row = self._find("number_missing")
        seen = [row.id, "documents", "attention", "deleted_in_quickbooks", False]
        invoice = self._get_invoice(self.connection, 1001)
        for act in ("action_cure", "action_requeue", "action_open"):
            old = row.with_context(actionstep_seen=seen)
            with self.subTest(action=act):
                answer = getattr(old, act)()
                self.assertIn("has changed", answer["params"]["message"])
                self.assertEqual(answer["params"]["next"]["tag"], "soft_reload")
        self.assertEqual(invoice.state, "attention")

        seen[3] = "number_missing"
        action = row.with_context(actionstep_seen=seen).action_open()
        self.assertEqual(action["res_id"], invoice.id)

        of_another_page = [row.id + 1, *seen[1:3], "duplicate_number", False]
        action = row.with_context(actionstep_seen=of_another_page).action_open()
        self.assertEqual(action["res_id"], invoice.id)

    def test_card_of_a_cause_that_is_gone_does_nothing(self):
        self._edit_bill(1001, number="")
        self._run(self.connection)
        row = self._find("number_missing")
        self._get_invoice(self.connection, 1001).action_hold()
        self.env.invalidate_all()
        for act in ("action_cure", "action_requeue", "action_open"):
            with self.subTest(action=act):
                answer = getattr(row, act)()
                self.assertIn("has changed", answer["params"]["message"])

    def test_lines_of_a_paused_connection_are_not_read(self):
        self._add_bill(reporting=False)
        self._run(self.connection)
        self.connection.is_paused = True
        with self.assertRaisesRegex(UserError, "Press Resume"):
            self._find("lines_missing").action_cure()

    def test_bill_is_found_by_its_number_before_another_ones_id(self):
        """1002 is the number of one bill and the id of another in Actionstep."""
        self._edit_bill(1001, number="1002")
        self._edit_bill(1003, number="")
        self._run(self.connection)
        payment = self._make_unclear(1001)
        for subject, bill_id in (("1002", 1001), ("1003", 1003)):
            payment.write(
                {"failure_cause": "allocation_unknown_bill", "failure_subject": subject}
            )
            action = self._find("allocation_unknown_bill").action_cure()
            with self.subTest(subject=subject):
                invoice = self._get_invoice(self.connection, bill_id)
                self.assertEqual(action["res_id"], invoice.id)

    def test_what_waits_for_its_lines_is_shown_apart_with_its_way(self):
        self._add_bill(reporting=False)
        self._run(self.connection)
        row = self._find("lines_missing")
        self.assertEqual((row.state, row.cure), ("waiting", "details"))
        self.assertFalse(self._find(state="attention"))
        self.assertEqual(row.action_cure()["tag"], "display_notification")
        self.connection.detail_source = "files"
        action = row.action_cure()
        self.assertEqual(action["res_model"], "actionstep.detail.upload")
        self.assertEqual(action["context"]["default_connection_id"], self.connection.id)

    def test_payment_leads_to_the_bill_that_holds_it_back(self):
        self._edit_bill(1001, number="X" * 22)
        self._receive((1001, "5.00"))
        self._run(self.connection)
        row = self._find("allocation_unknown_bill")
        action = row.action_cure()
        invoice = self._get_invoice(self.connection, 1001)
        self.assertEqual(
            (action["res_model"], action["res_id"]), (invoice._name, invoice.id)
        )

    def test_customer_and_document_open_in_quickbooks(self):
        self._run(self.connection)
        invoice = self._get_invoice(self.connection, 1001)
        base = self.connection._get_quickbooks_app_url()
        for cause, page in (
            (
                "inactive_in_quickbooks",
                f"customerdetail?nameId={invoice.participant_id.quickbooks_id}",
            ),
            ("totals_differ", f"invoice?txnId={invoice.quickbooks_id}"),
        ):
            invoice.write({"state": "attention", "failure_cause": cause})
            action = self._find(cause).action_cure()
            self.assertEqual(action["url"], f"{base}/{page}")

    def test_each_cure_leads_somewhere(self):
        """Whatever a cause is shown on: its button does something."""
        self._run(self.connection)
        invoice = self._get_invoice(self.connection, 1001)
        invoice.quickbooks_id = False
        for cause in CAUSES:
            invoice.write(
                {"state": "attention", "failure_cause": cause, "failure_subject": "?"}
            )
            row = self._find(cause, kind="documents")
            with self.subTest(cause=cause):
                self.assertTrue(row.sentence)
                if row.cure in ("lists", "reconnect"):
                    continue  # these ask the vendor
                if row.cure:
                    answer = row.action_cure()
                    self.assertTrue(answer is True or answer["type"], answer)


@tagged("post_install", "-at_install")
class TestConnections(CauseCase):
    def setUp(self):
        super().setUp()
        self.connection = self._make_active()

    def test_blocked_company_is_resumed(self):
        fault = {"kind": "fault", "code": "6190", "message": "Subscription ended"}
        self.sandbox.fault("quickbooks", fault, path="/batch", body='"Invoice"')
        self._run(self.connection)
        row = self._find()
        self.assertEqual(
            (row.kind, row.failure_cause, row.cure),
            ("connection", "subscription", "resume"),
        )
        self.assertIn("subscription of this company", row.sentence)

        row.action_cure()
        self.assertFalse(self._find())
        self._run(self.connection)

        self.assertFalse(self._find())
        self.assertFalse(self.connection.failure_cause)

    def test_ended_grant_asks_to_reconnect_until_somebody_did(self):
        self.connection._get_credential("quickbooks")._forget_tokens("reauth_required")
        row = self._find()
        self.assertEqual((row.failure_cause, row.cure), ("reconnect", "reconnect"))
        self.assertEqual(self.connection.attention_count, 1)

        self._consent(self.connection, "quickbooks")

        self.assertFalse(self._find())

    def test_reporting_database_without_a_server_is_told_and_forgotten(self):
        port = self.connection.reporting_port
        self.connection.reporting_port = 1
        self._run(self.connection)
        row = self._find(kind="connection")
        self.assertEqual(
            (row.failure_cause, row.cure), ("reporting_unavailable", "settings")
        )
        self.assertTrue(row.failure_detail)

        self.connection.reporting_port = port
        self._make_due(self.connection)
        self._run(self.connection)

        self.assertFalse(self._find())

    def test_passing_trouble_is_told_only_when_it_lasts(self):
        trouble = {"kind": "status", "status": 503, "shape": "upper"}
        self.sandbox.fault("actionstep", trouble, path="bills", times=9)
        self._run(self.connection)
        self.assertFalse(self._find(state="attention"))

        self.connection.failure_count = 8

        row = self._find(state="attention", kind="connection")
        self.assertEqual((row.failure_cause, row.cure), ("unavailable", False))

    def test_pause_of_a_person_needs_nothing(self):
        self.connection.action_pause()
        self.assertFalse(self._find())


@tagged("post_install", "-at_install")
class TestClients(CauseCase, ChangeCase):
    """A customer that does not follow its client is shown, and tried again."""

    def _refuse(self, name):
        """Make a pass in which QuickBooks refuses the new name of a client."""
        self._edit_client(CLIENT, display_name=name)
        refused = item_fault("2040", "The name is odd.")
        self._run_answering(refused)

    def _run_answering(self, change):
        def pass_on(call, reply):
            if writes(call) and '"Customer": {' in call.body:
                return change_item(call, reply, '"Bond, Jane"', change)
            return reply

        self._run_through(self.connection, pass_on)

    def test_refused_change_is_shown_and_tried_again_by_its_button(self):
        self._refuse("Bond, Jane")
        row = self._find()
        self.assertEqual(
            (row.kind, row.failure_cause, row.cure, row.record_count),
            ("client", "refused", "requeue", 1),
        )
        self.assertIn("The name is odd", row.sentence)
        self.assertEqual(row.action_open()["res_id"], self._get_client().id)
        self.assertEqual(self.connection.attention_count, 1)
        sent = len(self._get_sent("Customer"))
        self._run(self.connection)
        self.assertEqual(len(self._get_sent("Customer")), sent)

        row.action_cure()
        self._run(self.connection)

        self.assertEqual(self._get_row()["DisplayName"], "Bond, Jane")
        self.assertFalse(self._find())

    def test_refused_change_is_tried_again_after_an_hour(self):
        self._refuse("Bond, Jane")
        client = self._get_client()
        self.assertTrue(client.needs_push)
        client.push_at = "2026-01-01 00:00:00"

        self._run(self.connection)

        self.assertEqual(self._get_row()["DisplayName"], "Bond, Jane")
        self.assertFalse(client.needs_push)
        self.assertFalse(client.failure_cause)

    def test_next_change_ends_it(self):
        self._refuse("Bond, Jane")
        self._edit_client(CLIENT, display_name="Bond, June")

        self._run(self.connection)

        self.assertEqual(self._get_row()["DisplayName"], "Bond, June")
        self.assertFalse(self._find())

    def test_form_of_a_client_says_what_is_wrong_and_tries_again(self):
        self._refuse("Bond, Jane")
        olga = self._make_user("group_operator")
        client = self._get_client().with_user(olga)
        page = Form(client)
        self.assertEqual(page.name, "Bond, Jane")
        self.assertEqual(page.quickbooks_name, "Bond, James")
        self.assertIn("The name is odd", page.failure_message)
        action = client.action_open_documents()
        documents = self.env["actionstep.register"].search(action["domain"])
        self.assertEqual(
            set(documents.mapped("number")),
            set(
                self.connection.invoice_ids.filtered(
                    lambda one: one.participant_id.id == client.id
                ).mapped("number")
            ),
        )

        client.action_try_again()
        self._run(self.connection)

        self.assertEqual(self._get_row()["DisplayName"], "Bond, Jane")
        self.assertFalse(client.failure_cause)

    def test_reader_has_no_client_tried_again(self):
        self._refuse("Bond, Jane")
        ulla = self._make_user("group_user")
        client = self._get_client()
        with self.assertRaises(AccessError):
            client.with_user(ulla).action_try_again()
        self.assertTrue(client.failure_cause)
