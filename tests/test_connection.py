"""A connection: what its state says, what it refuses, and its scheduled action."""

import itertools
from contextlib import contextmanager

from psycopg2.errors import UniqueViolation

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, new_test_user, tagged
from odoo.tools import mute_logger

from .common import ActionstepCase
from .test_credential import CommittedCase

USER = "actionstep_quickbooks.group_user"
OPERATOR = "actionstep_quickbooks.group_operator"
ADMINISTRATOR = "actionstep_quickbooks.group_administrator"
OTHER_REALM = "4620000000000000001"


class ConnectionCase(ActionstepCase):
    def _set_side(self, connection, side, state):
        connection._get_credential(side).state = state

    def _make_pushed_invoice(self, connection, **over):
        return self.env["actionstep.invoice"].create(
            {
                "connection_id": connection.id,
                "external_id": "1",
                "number": "INV1",
                "state": "pushed",
                "quickbooks_id": "41",
                **over,
            }
        )


@tagged("post_install", "-at_install")
class TestState(ConnectionCase):
    def test_state_follows_from_both_sides_the_switch_and_the_pause(self):
        connection = self._make_active()
        sides = ("disconnected", "connected", "reauth_required")
        for ours, theirs, is_on, is_paused in itertools.product(
            sides, sides, (False, True), (False, True)
        ):
            expected = self._get_expected_state(ours, theirs, is_on, is_paused)
            with self.subTest(ours=ours, theirs=theirs, is_on=is_on, paused=is_paused):
                self._set_side(connection, "actionstep", "connected")
                self._set_side(connection, "quickbooks", "connected")
                connection.write({"push_invoices": is_on, "is_paused": is_paused})
                self._set_side(connection, "actionstep", ours)
                self._set_side(connection, "quickbooks", theirs)

                self.assertEqual(connection.actionstep_state, ours)
                self.assertEqual(connection.quickbooks_state, theirs)
                self.assertEqual(connection.state, expected)

    @staticmethod
    def _get_expected_state(ours, theirs, is_on, is_paused):
        if "reauth_required" in (ours, theirs):
            return "reauth_required"
        if "disconnected" in (ours, theirs):
            return "draft"
        if is_paused:
            return "paused"
        return "active" if is_on else "connected"

    def test_new_connection_is_not_connected(self):
        connection = self.env["actionstep.connection"].create({"name": "New"})

        self.assertEqual(connection.state, "draft")
        self.assertEqual(connection.actionstep_state, "disconnected")
        self.assertEqual(connection.quickbooks_state, "disconnected")
        self.assertEqual(connection.environment, "production")
        self.assertEqual(connection.company_id, self.env.company)
        self.assertFalse(connection.cron_id)

    def test_changes_of_the_state_stand_in_the_chatter(self):
        connection = self._make_connected()
        self.flush_tracking()

        self._set_side(connection, "quickbooks", "reauth_required")
        self.flush_tracking()

        [tracked] = connection.message_ids[0].sudo().tracking_value_ids
        self.assertEqual(tracked.old_value_char, "Connected")
        self.assertEqual(tracked.new_value_char, "Reconnect needed")

    def flush_tracking(self):
        """Let what is tracked be written, as the end of a request does."""
        self.env.flush_all()
        self.cr.precommit.run()


@tagged("post_install", "-at_install")
class TestSalesInvoicesSwitch(ConnectionCase):
    CONNECT = "Connect both Actionstep and QuickBooks first."
    INCOME = (
        "Map at least one income account to a product or service before turning Sales "
        "Invoices on."
    )
    EXPENSE = (
        "Map at least one expense account to a product or service before turning Sales "
        "Invoices on."
    )

    def _assert_refused(self, connection, *sentences):
        with self.assertRaises(ValidationError) as caught, self.env.cr.savepoint():
            connection.push_invoices = True
        self.assertEqual(str(caught.exception), "\n".join(sentences))
        connection.invalidate_recordset()
        self.assertFalse(connection.push_invoices)

    def _map_section(self, connection, section):
        account = connection.account_ids.filtered(
            lambda a: a.section == section and not a.is_header
        )[:1]
        return self.env["actionstep.item.mapping"].create(
            {
                "connection_id": connection.id,
                "account_id": account.id,
                "item_id": connection.quickbooks_item_ids[:1].id,
            }
        )

    def test_everything_that_is_missing_is_said_at_once(self):
        self._assert_refused(
            self._make_connection(), self.CONNECT, self.INCOME, self.EXPENSE
        )

    def test_both_sides_must_be_connected(self):
        for side in ("actionstep", "quickbooks"):
            for state in ("disconnected", "reauth_required"):
                with self.subTest(side=side, state=state):
                    connection = self._make_connected(name=f"{side} {state}")
                    self._map(connection)
                    self._set_side(connection, side, state)
                    self._assert_refused(connection, self.CONNECT)
                    connection.active = False

    def test_income_and_expense_must_be_mapped(self):
        connection = self._make_connected()
        self._assert_refused(connection, self.INCOME, self.EXPENSE)

        income = self._map_section(connection, "income")
        self._assert_refused(connection, self.EXPENSE)

        self._map_section(connection, "expense")
        connection.push_invoices = True
        self.assertEqual(connection.state, "active")

        connection.push_invoices = False
        income.unlink()
        self._assert_refused(connection, self.INCOME)

    def test_accounts_of_other_sections_do_not_count(self):
        connection = self._make_connected()
        self._map_section(connection, "liability")
        self._assert_refused(connection, self.INCOME, self.EXPENSE)

    def test_maps_of_the_other_kinds_do_not_count(self):
        connection = self._make_connected()
        mapping = self.firm.mapping
        self._map(connection, without=(*mapping.items,))
        connection.item_mapping_ids.unlink()
        self.assertTrue(connection.tax_mapping_ids)
        self._assert_refused(connection, self.INCOME, self.EXPENSE)

    def test_broken_lines_do_not_count(self):
        connection = self._make_connected()
        self._map_section(connection, "income").item_id.active = False
        connection.invalidate_recordset()
        self._assert_refused(connection, self.INCOME, self.EXPENSE)

    def test_lines_and_switch_saved_together_are_enough(self):
        connection = self._make_connected()
        accounts = connection.account_ids.filtered(lambda a: not a.is_header)
        item = connection.quickbooks_item_ids[:1]

        connection.write(
            {
                "push_invoices": True,
                "item_mapping_ids": [
                    (
                        0,
                        0,
                        {
                            "account_id": accounts.filtered(
                                lambda a, section=section: a.section == section
                            )[0].id,
                            "item_id": item.id,
                        },
                    )
                    for section in ("income", "expense")
                ],
            }
        )

        self.assertEqual(connection.state, "active")

    def test_new_connection_cannot_be_switched_on(self):
        with self.assertRaisesRegex(ValidationError, self.CONNECT):
            self.env["actionstep.connection"].create(
                {"name": "New", "push_invoices": True}
            )

    def test_switching_off_is_never_refused(self):
        connection = self._make_active()
        self._set_side(connection, "quickbooks", "reauth_required")
        connection.push_invoices = False
        self.assertFalse(connection.push_invoices)


@tagged("post_install", "-at_install")
class TestLocalAddresses(ConnectionCase):
    FIELDS = (
        "local_actionstep_authorize_url",
        "local_actionstep_token_url",
        "local_quickbooks_discovery_url",
        "local_quickbooks_api_url",
    )

    def test_only_addresses_of_this_machine_are_taken(self):
        connection = self._make_connection()
        refused = [
            "https://evil.example",
            "http://evil.example/v3",
            "https://127.0.0.1/v3",
            "http://127.0.0.1.evil.example/v3",
            "http://localhost.evil.example/v3",
            "http://127.0.0.1@evil.example/v3",
            "http://127.0.0.1:80@evil.example/v3",
            "http://evil.example@127.0.0.1/v3",
            "http://user:secret@127.0.0.1/v3",
            "http://127.0.0.1\\@evil.example/v3",
            "http://evil.example\\@127.0.0.1/v3",
            "http://127.0.0.1\t.evil.example/v3",
            "http://evil.example#@127.0.0.1/",
            "http://127.0.0.1:99999/v3",
            "http://127.0.0.1:port/v3",
            "http://[::1/v3",
            "http://[::ffff:10.0.0.1]/v3",
            "http://[2001:db8::1]/v3",
            "http://2130706433/v3",
            "http://0.0.0.0/v3",
            "http://127.1/v3",
            "http://10.0.0.1/v3",
            "http://１２７.0.0.1/v3",
            "http:///v3",
            "//127.0.0.1/v3",
            "127.0.0.1:8080",
            "javascript:alert(1)//127.0.0.1",
            "file://127.0.0.1/etc/passwd",
            "ftp://127.0.0.1/v3",
        ]
        for name, address in itertools.product(self.FIELDS, refused):
            with (
                self.subTest(field=name, address=address),
                self.assertRaisesRegex(ValidationError, "reaches 127.0.0.1 only"),
                self.env.cr.savepoint(),
            ):
                connection[name] = address

    def test_addresses_of_this_machine_are_taken(self):
        connection = self._make_connection()
        for address in (
            "http://127.0.0.1:8080/v3",
            "http://localhost/v3",
            "http://LOCALHOST:1/v3",
            "http://[::1]:8080/v3",
        ):
            for name in self.FIELDS:
                with self.subTest(field=name, address=address):
                    connection[name] = address

    def test_they_are_checked_in_every_environment(self):
        """Else one could be entered first and used later."""
        connection = self.env["actionstep.connection"].create({"name": "New"})
        for environment in ("production", "sandbox"):
            connection.environment = environment
            with (
                self.subTest(environment=environment),
                self.assertRaises(ValidationError),
                self.env.cr.savepoint(),
            ):
                connection.local_quickbooks_api_url = "https://evil.example/v3"

    def test_only_the_environment_local_uses_them(self):
        connection = self._make_connection()
        for environment in ("production", "sandbox"):
            connection.environment = environment
            for name in self.FIELDS:
                with self.subTest(environment=environment, name=name):
                    address = connection._get_address(name.removeprefix("local_"))
                    self.assertTrue(address.startswith("https://"), address)


@tagged("post_install", "-at_install")
class TestOneRealm(ConnectionCase):
    def test_company_belongs_to_one_active_connection(self):
        first = self._make_connection(name="First")
        second = self._make_connection(name="Second")
        first.realm_id = OTHER_REALM
        first.flush_recordset()

        self._assert_taken(second, realm_id=OTHER_REALM)

        first.active = False
        second.realm_id = OTHER_REALM
        second.flush_recordset()
        self._assert_taken(first, active=True)

    def _assert_taken(self, connection, **values):
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaisesRegex(UniqueViolation, "_realm_once"),
            self.env.cr.savepoint(),
        ):
            connection.write(values)
            connection.flush_recordset()
        connection.invalidate_recordset()

    def test_connections_without_company_are_many(self):
        self._make_connection(name="First")
        self._make_connection(name="Second").flush_recordset()


@tagged("post_install", "-at_install")
class TestMoving(ConnectionCase):
    def setUp(self):
        super().setUp()
        self.connection = self._make_connection()
        self.other = self.env["res.company"].create({"name": "Other Firm"})

    def _assert_stays(self, **values):
        with (
            self.assertRaisesRegex(ValidationError, "Make a new connection"),
            self.env.cr.savepoint(),
        ):
            self.connection.write(values)

    def test_connection_that_pushed_stays_in_its_company_and_environment(self):
        self._make_pushed_invoice(self.connection)
        self._assert_stays(company_id=self.other.id)
        self._assert_stays(environment="sandbox")

    def test_pushed_invoice_that_needs_attention_holds_it_too(self):
        self._make_pushed_invoice(self.connection, state="attention")
        self._assert_stays(company_id=self.other.id)
        self._assert_stays(environment="sandbox")

    def test_bound_customer_holds_it_too(self):
        self.env["actionstep.participant"].create(
            {
                "connection_id": self.connection.id,
                "external_id": "5",
                "name": "Client",
                "quickbooks_id": "9",
            }
        )
        self._assert_stays(company_id=self.other.id)

    def test_maps_hold_the_environment_but_not_the_company(self):
        self.connection = self._make_connected(name="Mapped")
        self._map(self.connection)
        self._assert_stays(environment="production")

        self.connection.company_id = self.other

        self.assertEqual(self.connection.item_mapping_ids.company_id, self.other)
        self.assertEqual(self.connection.quickbooks_item_ids.company_id, self.other)

    def test_same_values_written_again_are_no_move(self):
        self._make_pushed_invoice(self.connection)

        self.connection.write(
            {
                "company_id": self.connection.company_id.id,
                "environment": "local",
                "name": "Renamed",
            }
        )

        self.assertEqual(self.connection.name, "Renamed")

    def test_several_connections_are_checked_each(self):
        self._make_pushed_invoice(self.connection)
        both = self.connection + self._make_connection(name="Second")
        with self.assertRaises(ValidationError), self.env.cr.savepoint():
            both.write({"company_id": self.other.id})


@tagged("post_install", "-at_install")
class TestRemoving(ConnectionCase):
    def test_connection_that_pushed_is_not_deleted(self):
        for state in ("pushed", "attention", "queued"):
            with self.subTest(state=state):
                connection = self._make_connection()
                self._make_pushed_invoice(connection, state=state)
                with (
                    self.assertRaisesRegex(ValidationError, "Archive the connection"),
                    self.env.cr.savepoint(),
                ):
                    connection.unlink()
                self.assertTrue(connection.exists())

    def test_connection_that_pushed_nothing_goes_with_everything_of_it(self):
        connection = self._make_active()
        cron, credentials = connection.cron_id, connection.credential_ids
        lines, items = connection.item_mapping_ids, connection.quickbooks_item_ids

        connection.unlink()

        for gone in (cron, credentials, lines, items):
            self.assertFalse(gone.exists())

    def test_administrator_may_delete_although_crons_are_the_systems(self):
        connection = self._make_active()
        ann = new_test_user(self.env, "ann", groups=ADMINISTRATOR)
        cron = connection.cron_id

        connection.with_user(ann).unlink()

        self.assertFalse(cron.exists())


@tagged("post_install", "-at_install")
class TestSchedule(ConnectionCase):
    def test_one_scheduled_action_that_runs_only_while_active(self):
        connection = self._make_connected()
        cron = connection.cron_id
        self.assertTrue(cron)
        self.assertFalse(cron.active)
        self.assertEqual(cron.user_id, self.env.ref("base.user_root"))
        self.assertIn(connection.name, cron.name)

        self._map(connection)
        connection.push_invoices = True
        self.assertEqual(connection.cron_id, cron)
        self.assertTrue(cron.active)
        self.assertTrue(self._count_triggers(cron))

        connection.action_pause()
        self.assertFalse(cron.active)
        connection.action_resume()
        self.assertTrue(cron.active)

        connection.active = False
        self.assertFalse(cron.active)
        connection.active = True
        self.assertTrue(cron.active)

        connection.push_invoices = False
        self.assertFalse(cron.active)
        self.assertEqual(connection.cron_id, cron)

    def test_each_connection_has_its_own(self):
        first = self._make_active()
        self.sandbox.admin(
            "quickbooks", "POST", "switches", {"callback_realm": OTHER_REALM}
        )
        second = self._make_connection(name="Second")
        self._consent(second, "actionstep")
        self._consent(second, "quickbooks")
        second._update_cron()

        self.assertTrue(second.cron_id)
        self.assertNotEqual(first.cron_id, second.cron_id)
        self.assertIn(f"({second.id})", second.cron_id.code)
        second.unlink()
        self.assertTrue(first.cron_id.exists())

    def test_copy_has_no_scheduled_action(self):
        copy = self._make_active().copy()
        self.assertFalse(copy.cron_id)
        self.assertFalse(copy.push_invoices)

    def test_resume_clears_what_the_pause_left_and_wakes_the_schedule(self):
        connection = self._make_active()
        connection.write(
            {
                "is_paused": True,
                "pause_reason": "Blocked",
                "resume_at": "2099-01-01",
            }
        )
        self.assertEqual(connection.state, "paused")
        before = self._count_triggers(connection.cron_id)

        connection.action_resume()

        self.assertEqual(connection.state, "active")
        self.assertFalse(connection.pause_reason or connection.resume_at)
        self.assertGreater(self._count_triggers(connection.cron_id), before)

    def test_administrator_pauses_resumes_archives_and_duplicates(self):
        """Also where the server writes what an administrator may not."""
        ann = new_test_user(self.env, "ann", groups=ADMINISTRATOR)
        connection = self._make_active().with_user(ann)

        connection.action_pause()
        self.assertEqual(connection.state, "paused")
        connection.action_resume()
        self.assertEqual(connection.state, "active")
        connection.push_invoices = False
        connection.action_archive()
        connection.action_unarchive()
        self.assertEqual(connection.state, "connected")
        self.assertEqual(connection.copy().state, "draft")

    def test_nobody_points_a_connection_to_another_scheduled_action(self):
        """The server would start, stop and delete that one with all its rights."""
        ann = new_test_user(self.env, "ann", groups=ADMINISTRATOR)
        foreign = self.env.ref("base.autovacuum_job")
        connection = self._make_active().with_user(ann)

        with self.assertRaises(AccessError):
            connection.write({"cron_id": foreign.id})
        with self.assertRaises(AccessError):
            self.env["actionstep.connection"].with_user(ann).create(
                {"name": "Mine", "cron_id": foreign.id}
            )
        self.assertTrue(foreign.active)

    def _count_triggers(self, cron):
        return self.env["ir.cron.trigger"].search_count([("cron_id", "=", cron.id)])


@tagged("post_install", "-at_install")
class TestWhileAPassRuns(CommittedCase):
    """Odoo lets nobody change a scheduled action that runs, which may be for long."""

    def setUp(self):
        super().setUp()
        with self._transaction() as env:
            connection = self._browse(env)
            connection._load_lists()
            for section in ("income", "expense"):
                env["actionstep.item.mapping"].create(
                    {
                        "connection_id": connection.id,
                        "account_id": connection.account_ids.filtered(
                            lambda a, section=section: (
                                a.section == section and not a.is_header
                            )
                        )[0].id,
                        "item_id": connection.quickbooks_item_ids[0].id,
                    }
                )
            connection._update_cron()
            connection.push_invoices = True
            self.assertTrue(connection.cron_id.active)

    def _browse(self, env):
        return env["actionstep.connection"].browse(self.connection_id)

    @contextmanager
    def _running(self):
        """Hold the scheduled action as the scheduler holds it during a pass."""
        with self._transaction() as env:
            env.cr.execute(
                "SELECT 1 FROM ir_cron WHERE id = %s FOR NO KEY UPDATE",
                [self._browse(env).cron_id.id],
            )
            yield

    def test_pause_and_resume_are_possible(self):
        with self._running():
            with self._transaction() as env:
                self._browse(env).action_pause()
                self.assertEqual(self._browse(env).state, "paused")
            with self._transaction() as env:
                self._browse(env).action_resume()
        with self._transaction() as env:
            self.assertEqual(self._browse(env).state, "active")
            self.assertTrue(self._browse(env).cron_id.active)

    def test_switch_and_archive_are_possible(self):
        for values in ({"push_invoices": False}, {"active": False}):
            with (
                self.subTest(values=values),
                self._running(),
                self._transaction() as env,
            ):
                self._browse(env).write(values)

    def test_disconnect_forgets_what_it_revoked(self):
        with self._running(), self._transaction() as env:
            self._browse(env).action_disconnect_quickbooks()
        self.assertEqual(self._read()["state"], "disconnected")
        self.assertFalse(self._read()["refresh_token"])

    def test_next_change_puts_the_schedule_right(self):
        with self._running(), self._transaction() as env:
            self._browse(env).action_pause()
        with self._transaction() as env:
            self._browse(env).write({"is_paused": True})
        with self._transaction() as env:
            self.assertFalse(self._browse(env).cron_id.active)


@tagged("post_install", "-at_install")
class TestSyncNow(ConnectionCase):
    def setUp(self):
        super().setUp()
        self.connection = self._make_active()

    def _as(self, group):
        user = new_test_user(self.env, group.replace(".", "_"), groups=group)
        return self.connection.with_user(user)

    def test_operator_starts_a_run_that_bears_their_name(self):
        connection = self._as(OPERATOR)
        self.connection.resume_at = "2099-01-01"

        action = connection.action_sync_now()

        self.assertEqual(action["tag"], "display_notification")
        run = self.connection.last_run_id
        self.assertEqual(run.user_id, connection.env.user)
        self.assertEqual(run.state, "running")
        self.assertFalse(self.connection.resume_at)
        self.assertEqual(self._run(self.connection), run)
        self.assertEqual(run.state, "done", run.message)

    def test_user_is_refused(self):
        with self.assertRaisesRegex(UserError, "Only an operator"):
            self._as(USER).action_sync_now()
        self.assertFalse(self.connection.last_run_id)

    def test_connection_that_is_not_active_is_refused(self):
        connection = self._as(OPERATOR)
        for values in ({"push_invoices": False}, {"is_paused": True}):
            with self.subTest(values=values):
                self.connection.write({"push_invoices": True, "is_paused": False})
                self.connection.write(values)
                with self.assertRaisesRegex(UserError, "turn Sales Invoices on"):
                    connection.action_sync_now()

    def test_pressing_twice_starts_one_run(self):
        connection = self._as(OPERATOR)
        connection.action_sync_now()
        connection.action_sync_now()
        runs = self.env["actionstep.sync.run"].search(
            [("connection_id", "=", self.connection.id)]
        )
        self.assertEqual(len(runs), 1)


@tagged("post_install", "-at_install")
class TestForms(ConnectionCase):
    VIEWS = (
        "actionstep_quickbooks.view_actionstep_connection_form",
        "actionstep_quickbooks.view_actionstep_connection_mapping_form",
    )

    def _make_user(self, group, **over):
        login = group.rpartition(".")[2]
        return new_test_user(self.env, login, groups=group, **over)

    def test_both_forms_open_for_each_group(self):
        connection = self._make_active()
        self._make_pushed_invoice(connection)
        for group in (USER, OPERATOR, ADMINISTRATOR):
            user = self._make_user(group)
            for view in self.VIEWS:
                with self.subTest(group=group, view=view):
                    form = Form(connection.with_user(user), view=view)
                    self.assertEqual(form.state, "active")

    def test_both_forms_open_in_a_second_company(self):
        other = self.env["res.company"].create({"name": "Other Firm"})
        connection = self._make_connected(company_id=other.id)
        user = self._make_user(
            f"{ADMINISTRATOR},base.group_multi_company",
            company_id=self.env.company.id,
            company_ids=[(6, 0, [self.env.company.id, other.id])],
        )
        for view in self.VIEWS:
            with self.subTest(view=view):
                form = Form(connection.with_user(user), view=view)
                self.assertEqual(form.state, "connected")

    def test_administrator_makes_a_connection_by_form(self):
        user = self._make_user(ADMINISTRATOR)
        with Form(self.env["actionstep.connection"].with_user(user)) as form:
            form.name = "By hand"
        connection = form.record
        self.assertEqual(connection.user_id, user)

        with Form(connection) as form:
            form.quickbooks_client_id = "id"
            form.quickbooks_client_secret = "secret"

        self.env.invalidate_all()
        credential = connection._get_credential("quickbooks")
        self.assertEqual(credential.client_id, "id")
        self.assertEqual(credential.client_secret, "secret")
        self.assertTrue(connection.has_quickbooks_secret)
        self.assertFalse(connection.has_actionstep_secret)

    def test_others_cannot_make_or_change_one(self):
        connection = self._make_connection()
        for group in (USER, OPERATOR):
            user = self._make_user(group)
            with self.subTest(group=group):
                with self.assertRaises(AccessError):
                    connection.with_user(user).name = "Mine"
                with self.assertRaises(AccessError):
                    self.env["actionstep.connection"].with_user(user).create(
                        {"name": "Mine"}
                    )

    def test_counts_are_those_of_the_connection(self):
        connection = self._make_connection()
        states = ["pushed", "pushed", "waiting", "queued", "attention", "skipped"]
        for number, state in enumerate(states):
            self._make_pushed_invoice(
                connection,
                external_id=str(number),
                quickbooks_id=str(number),
                state=state,
            )
        other = self._make_connection(name="Other")

        self.assertRecordValues(
            connection + other,
            [
                {
                    "invoice_count": 6,
                    "pushed_count": 2,
                    "waiting_count": 2,
                    "attention_count": 1,
                },
                {
                    "invoice_count": 0,
                    "pushed_count": 0,
                    "waiting_count": 0,
                    "attention_count": 0,
                },
            ],
        )

    def test_buttons_open_what_they_say(self):
        connection = self._make_connection()

        mapping = connection.action_open_mapping()
        invoices = connection.with_context(
            search_default_pushed=1
        ).action_open_invoices()

        self.assertEqual(mapping["res_id"], connection.id)
        self.assertEqual(mapping["path"], "actionstep-mapping")
        self.assertEqual(invoices["domain"], [("connection_id", "=", connection.id)])
        self.assertEqual(invoices["context"]["search_default_pushed"], 1)
