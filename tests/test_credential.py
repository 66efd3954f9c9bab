"""Keys and tokens: refreshed once, kept whatever happens, and shown to nobody."""

import json
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta

from odoo import SUPERUSER_ID, api, fields
from odoo.exceptions import AccessError
from odoo.service.model import call_kw
from odoo.tests import Form, new_test_user, tagged

from odoo.addons.actionstep_quickbooks.const import TOKEN_MARGIN
from odoo.addons.actionstep_quickbooks.exceptions import (
    AuthError,
    RetryableError,
    SyncError,
)

from .common import ActionstepCase
from .process import Process
from .test_oauth import OauthCommon

GROUPS = ("group_user", "group_operator", "group_administrator")
SIDES = ("actionstep", "quickbooks")
TOKEN_PATHS = {"actionstep": "oauth/token", "quickbooks": "tokens/bearer"}
SECRET_FIELDS = ("client_secret", "access_token", "refresh_token")


ODOO = """
from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry
registry = Registry(database)
"""
# Has the vendor's answer, and is killed before it is committed.
REFRESH = """
with registry.cursor() as cr:
    env = api.Environment(cr, SUPERUSER_ID, {})
    with env["actionstep.credential"].browse(told)._locked_credential() as credential:
        refusal = credential._refresh_tokens()
        print("refused" if refusal else "answered", flush=True)
        time.sleep(600)
"""


class CommittedCase(ActionstepCase):
    """A connection in the database itself, as several workers see it.

    Every transaction here is a real one on a connection of its own.
    """

    def setUp(self):
        super().setUp()
        with self._transaction() as env:
            connection = env["actionstep.connection"].create(self._prepare_connection())
            for side in SIDES:
                self._consent(connection, side)
            self.connection_id = connection.id
            self.credential_ids = {
                side: connection._get_credential(side).id for side in SIDES
            }
        self.addCleanup(self._remove)
        for side in SIDES:
            self.sandbox.admin(side, "DELETE", "log")

    @contextmanager
    def _transaction(self):
        with self.registry.cursor() as cr:
            yield api.Environment(cr, SUPERUSER_ID, {})

    def _remove(self):
        with self._transaction() as env:
            env["actionstep.connection"].browse(self.connection_id).unlink()

    def _get(self, env, side="quickbooks"):
        return env["actionstep.credential"].browse(self.credential_ids[side])

    def _read(self, side="quickbooks"):
        """Return what is committed."""
        with self._transaction() as env:
            return self._get(env, side).read()[0]

    def _set(self, side="quickbooks", **values):
        with self._transaction() as env:
            self._get(env, side).write(values)

    def _expire(self, side="quickbooks", seconds=0):
        """Make the access token end so many seconds from now."""
        self._set(side, expires_at=fields.Datetime.now() + timedelta(seconds=seconds))

    def _get_token(self, side="quickbooks", refused=None):
        """Return the access token, in a transaction of its own, as a worker does."""
        with self._transaction() as env:
            return self._get(env, side)._get_access_token(refused)

    def _count_refreshes(self, side="quickbooks"):
        return sum(
            row["body"].get("grant_type") == "refresh_token"
            for row in self.sandbox.requests(side, TOKEN_PATHS[side])
        )


@tagged("post_install", "-at_install")
class TestRefresh(CommittedCase):
    def test_token_that_lasts_is_used_as_it_is(self):
        for side in SIDES:
            with self.subTest(side=side):
                stored = self._read(side)["access_token"]
                self._expire(side, TOKEN_MARGIN + 30)

                self.assertEqual(self._get_token(side), stored)
                self.assertEqual(self._count_refreshes(side), 0)

    def test_token_that_ends_soon_is_refreshed(self):
        for side in SIDES:
            with self.subTest(side=side):
                before = self._read(side)
                self._expire(side, TOKEN_MARGIN - 5)

                token = self._get_token(side)

                after = self._read(side)
                self.assertEqual(token, after["access_token"])
                self.assertNotEqual(token, before["access_token"])
                self.assertNotEqual(after["refresh_token"], before["refresh_token"])
                self.assertGreater(
                    after["expires_at"],
                    fields.Datetime.now() + timedelta(seconds=TOKEN_MARGIN),
                )
                self.assertEqual(self._count_refreshes(side), 1)
                self.assertEqual(self._get_token(side), token)
                self.assertEqual(self._count_refreshes(side), 1)

    def test_token_that_the_vendor_refused_is_refreshed_although_it_lasts(self):
        refused = self._read()["access_token"]

        token = self._get_token(refused=refused)

        self.assertNotEqual(token, refused)
        self.assertEqual(self._count_refreshes(), 1)

    def test_token_that_another_worker_already_renewed_is_taken(self):
        refused = self._read()["access_token"]
        renewed = self._get_token(refused=refused)

        self.assertEqual(self._get_token(refused=refused), renewed)

        self.assertEqual(self._count_refreshes(), 1)

    def test_two_workers_refresh_once_and_both_get_the_token(self):
        for side in SIDES:
            with self.subTest(side=side):
                before = self._read(side)
                self._expire(side)
                self.sandbox.fault(
                    side, {"kind": "delay", "seconds": 1}, path=TOKEN_PATHS[side]
                )

                with (
                    self.assertNoLogs("odoo.sql_db", "ERROR"),
                    ThreadPoolExecutor(3) as workers,
                ):
                    tokens = set(workers.map(self._get_token, [side] * 3))

                self.assertEqual(self._count_refreshes(side), 1)
                self.assertEqual(tokens, {self._read(side)["access_token"]})
                self.assertNotIn(before["access_token"], tokens)

    def test_second_worker_waits_for_the_first(self):
        self._expire()
        self.sandbox.fault(
            "quickbooks", {"kind": "delay", "seconds": 2}, path="tokens/bearer"
        )
        with ThreadPoolExecutor(1) as worker:
            first = worker.submit(self._get_token)
            time.sleep(0.7)
            started = time.monotonic()
            token = self._get_token()
            waited = time.monotonic() - started

        self.assertEqual(token, first.result())
        self.assertGreater(waited, 0.8)
        self.assertEqual(self._count_refreshes(), 1)

    def test_worker_goes_on_when_the_one_before_it_failed(self):
        self._expire()
        self.sandbox.fault(
            "quickbooks", {"kind": "status", "status": 503}, path="tokens/bearer"
        )

        with self.assertRaises(RetryableError):
            self._get_token()

        self.assertEqual(self._get_token(), self._read()["access_token"])

    def test_rotated_token_stays_when_the_work_of_the_caller_is_rolled_back(self):
        before = self._read()
        self._expire()

        with (
            self.assertRaisesRegex(ZeroDivisionError, "later"),
            self._transaction() as env,
        ):
            self._get(env)._get_access_token()
            raise ZeroDivisionError("later")

        after = self._read()
        self.assertNotEqual(after["refresh_token"], before["refresh_token"])
        self.assertEqual(after["state"], "connected")
        # The first one is dead at the vendor: with it the connection would be, too.
        self._expire()
        self._get_token()
        self.assertEqual(self._count_refreshes(), 2)

    def _refresh_and_die(self):
        self._expire()
        dying = Process(ODOO, REFRESH, self.credential_ids["quickbooks"])
        self.addCleanup(dying.kill)
        dying.expect("ready")
        dying.go()
        dying.expect("answered")
        dying.kill()

    def test_process_killed_before_it_stored_the_answer_leaves_a_good_token(self):
        # Intuit gives another refresh token about once a day, and else the same again.
        self._switch("quickbooks", refresh_rotation="daily")

        self._refresh_and_die()

        self.assertTrue(self._get_token())
        self.assertEqual(self._read()["state"], "connected")

    def test_process_killed_with_the_only_good_token_asks_to_reconnect(self):
        """What was rotated and never stored is lost: nobody can ask for it again."""
        self._refresh_and_die()

        with self.assertRaises(AuthError):
            self._get_token()

        with self._transaction() as env:
            connection = env["actionstep.connection"].browse(self.connection_id)
            self.assertEqual(connection.state, "reauth_required")
            self._consent(connection, "quickbooks")
            self.assertEqual(connection.quickbooks_state, "connected")
        self.assertTrue(self._get_token())

    def test_refused_refresh_does_not_wait_for_what_its_caller_has_staged(self):
        """It writes the connection's state, on which the caller's new rows depend."""
        self._expire()
        self.sandbox.admin("quickbooks", "POST", "tokens", {"revoke": True})
        started = time.monotonic()

        with self._transaction() as env:
            env["actionstep.invoice"].create(
                {"connection_id": self.connection_id, "external_id": "1"}
            )
            env.flush_all()
            with self.assertRaises(AuthError):
                self._get(env)._get_access_token()

        self.assertLess(time.monotonic() - started, 5)
        self.assertEqual(self._read()["state"], "reauth_required")

    def test_refused_grant_ends_the_connection_and_erases_the_tokens(self):
        for side, vendor in (
            ("actionstep", "Actionstep"),
            ("quickbooks", "QuickBooks"),
        ):
            with self.subTest(side=side):
                self._expire(side)
                self.sandbox.admin(side, "POST", "tokens", {"revoke": True})

                with self.assertRaises(AuthError) as caught:
                    self._get_token(side)

                self.assertEqual(caught.exception.cause, "reconnect")
                self.assertEqual(caught.exception.values, {"vendor": vendor})
                stored = self._read(side)
                self.assertEqual(stored["state"], "reauth_required")
                self.assertFalse(stored["access_token"] or stored["refresh_token"])
                self.assertTrue(stored["client_id"] and stored["client_secret"])
                with self._transaction() as env:
                    connection = env["actionstep.connection"].browse(self.connection_id)
                    self.assertEqual(connection[f"{side}_state"], "reauth_required")
                    self.assertEqual(connection.state, "reauth_required")

    def test_ended_grant_is_not_tried_again(self):
        self._expire()
        self.sandbox.admin("quickbooks", "POST", "tokens", {"expire_refresh": True})
        for _attempt in range(2):
            with self.assertRaises(AuthError):
                self._get_token()

        self.assertEqual(self._count_refreshes(), 1)

    def test_refused_keys_are_told_as_such(self):
        for side in SIDES:
            with self.subTest(side=side):
                self._set(side, client_secret="changed at the vendor")
                self._expire(side)

                with self.assertRaises(AuthError) as caught:
                    self._get_token(side)

                self.assertEqual(caught.exception.cause, "app_keys")
                self.assertEqual(self._read(side)["state"], "reauth_required")

    def test_passing_trouble_changes_nothing(self):
        faults = [
            {"kind": "status", "status": 500, "shape": "html"},
            {"kind": "status", "status": 429, "shape": "xml"},
            {"kind": "status", "status": 200, "shape": "html"},
            {"kind": "status", "status": 200, "shape": "cut_json"},
            {"kind": "status", "status": 400, "shape": "html"},
            {"kind": "drop_before"},
        ]
        for side in SIDES:
            self._expire(side)
            before = self._read(side)
            for fault in faults:
                with self.subTest(side=side, fault=fault):
                    self.sandbox.fault(side, fault, path=TOKEN_PATHS[side])

                    with self.assertRaises(RetryableError):
                        self._get_token(side)

                    self.assertEqual(self._read(side), before)
            self.assertTrue(self._get_token(side))

    def test_answer_without_refresh_token_keeps_the_one_we_have(self):
        self.sandbox.admin("actionstep", "POST", "switches", {"rotation": "omitted"})
        before = self._read("actionstep")
        self._expire("actionstep")

        self._get_token("actionstep")

        after = self._read("actionstep")
        self.assertEqual(after["refresh_token"], before["refresh_token"])
        self.assertNotEqual(after["access_token"], before["access_token"])
        self.assertEqual(after["api_endpoint"], before["api_endpoint"])

    def test_connection_that_is_not_connected_asks_nobody(self):
        self._set(state="disconnected", access_token=False, refresh_token=False)

        with self.assertRaises(AuthError):
            self._get_token()

        self.assertEqual(self._count_refreshes(), 0)
        self.assertEqual(self._read()["state"], "disconnected")


@tagged("post_install", "-at_install")
class TestDisconnect(OauthCommon):
    def setUp(self):
        super().setUp()
        self._connect_both()

    def test_disconnecting_quickbooks_revokes_the_grant_and_forgets_it(self):
        old = self._get_secrets("quickbooks")

        self.assertIn("result", self._press("action_disconnect_quickbooks"))

        [request] = self.sandbox.requests("quickbooks", "tokens/revoke")
        self.assertEqual(request["status"], 200)
        stored = self._get_secrets("quickbooks")
        self.assertEqual(stored["state"], "disconnected")
        self.assertFalse(stored["access_token"] or stored["refresh_token"])
        self.assertEqual(self.connection.state, "draft")
        self.assertEqual(self._get_last_note(), "<p>Disconnected from QuickBooks.</p>")
        with self.assertRaises(AuthError):
            self.connection._get_auth("quickbooks").refresh(old["refresh_token"])

    def test_disconnecting_actionstep_forgets_the_tokens(self):
        self._press("action_disconnect_actionstep")

        stored = self._get_secrets("actionstep")
        self.assertEqual(stored["state"], "disconnected")
        self.assertFalse(stored["access_token"] or stored["refresh_token"])
        self.assertEqual(self.connection.quickbooks_state, "connected")
        self.assertEqual(self._get_last_note(), "<p>Disconnected from Actionstep.</p>")

    def test_disconnecting_goes_on_when_intuit_cannot_be_told_and_says_so(self):
        faults = [
            {"kind": "status", "status": 503, "shape": "html"},
            {"kind": "status", "status": 429, "shape": "xml"},
            {"kind": "drop_before"},
        ]
        for fault in faults:
            with self.subTest(fault=fault):
                self.sandbox.fault("quickbooks", fault, path="tokens/revoke")

                self._press("action_disconnect_quickbooks")

                self.assertEqual(self.connection.quickbooks_state, "disconnected")
                self.assertFalse(self._get_secrets("quickbooks")["refresh_token"])
                self.assertIn("Intuit could not be told", self._get_last_note())
                self._connect("quickbooks")

    def test_disconnecting_a_grant_that_ended_already_works(self):
        self.sandbox.admin("quickbooks", "POST", "tokens", {"revoke": True})

        self._press("action_disconnect_quickbooks")

        self.assertEqual(self.connection.quickbooks_state, "disconnected")
        self.assertIn("Disconnected from QuickBooks.", self._get_last_note())

    def test_disconnecting_stops_the_schedule_and_connecting_again_starts_it(self):
        self._map(self.connection)
        self.connection.push_invoices = True
        self.assertTrue(self.connection.cron_id.active)

        self._press("action_disconnect_quickbooks")

        self.assertFalse(self.connection.cron_id.active)
        self.assertTrue(self.connection.item_mapping_ids)
        self._assert_lands(self._connect("quickbooks"), "mapping")
        self.assertEqual(self.connection.state, "active")
        self.assertTrue(self.connection.cron_id.active)


@tagged("post_install", "-at_install")
class TestUnreadable(ActionstepCase):
    """No group reads a secret, by no way of the ORM; not even the system's own."""

    def setUp(self):
        super().setUp()
        self.connection = self._make_connected()
        credentials = self.connection._get_credential("quickbooks")
        credentials += self.connection._get_credential("actionstep")
        credentials += self.connection._get_credential("reporting")
        self.credentials = credentials
        self.secrets = {
            value
            for credential in credentials
            for value in credential.read(SECRET_FIELDS)[0].values()
            if isinstance(value, str)
        }
        self.assertEqual(len(self.secrets), 7)
        self.env.flush_all()
        self.env.invalidate_all()

    def _get_users(self):
        """Yield a user of each group, the most powerful last."""
        for group in (
            "base.group_user",
            *(f"actionstep_quickbooks.{g}" for g in GROUPS),
        ):
            yield new_test_user(self.env, group.replace(".", "_"), groups=group)
        everything = ",".join(
            ["base.group_system", f"actionstep_quickbooks.{GROUPS[-1]}"]
        )
        yield new_test_user(self.env, "system", groups=everything)
        yield self.env.ref("base.user_admin")

    def _call(self, user, model, method, *args, **kwargs):
        """Call a method as the web client does; return its answer or error as text."""
        records = self.env[model].with_user(user)
        try:
            with self.env.cr.savepoint():
                answer = call_kw(records, method, list(args), kwargs)
        except Exception as error:  # whatever it is, its text must not tell
            return type(error), str(error)
        finally:
            self.env.invalidate_all()
        return None, json.dumps(answer, default=str)

    def _assert_tells_nothing(self, text):
        for secret in self.secrets:
            self.assertNotIn(secret, text)

    def test_nobody_may_use_the_model_of_the_credentials(self):
        ids = self.credentials.ids
        every = [*SECRET_FIELDS, "client_id", "state", "api_endpoint"]
        specification = {name: {} for name in every}
        calls = [
            ("read", ids, every),
            ("read", ids),
            ("search", []),
            ("search_count", []),
            ("search_read", [], every),
            ("web_read", ids, specification),
            ("web_search_read", [], specification),
            ("export_data", ids, every),
            ("name_search", ""),
            ("read_group", [], ["access_token:array_agg"], ["side"]),
            ("formatted_read_group", [], ["access_token"], ["__count"]),
            ("web_read_group", [], ["refresh_token"], ["__count"]),
            ("write", ids, {"state": "connected"}),
            ("write", ids, {"access_token": "mine"}),
            ("create", {"connection_id": self.connection.id, "side": "quickbooks"}),
            ("copy", ids[:1]),
            ("unlink", ids),
            ("web_save", ids[:1], {"client_id": "x"}, specification),
            ("onchange", ids[:1], {}, [], specification),
            ("load", ["access_token"], [["mine"]]),
            ("get_property_definition", "x"),
        ]
        for user in self._get_users():
            for method, *args in calls:
                with self.subTest(user=user.login, method=method, args=args):
                    error, text = self._call(
                        user, "actionstep.credential", method, *args
                    )
                    self._assert_tells_nothing(text)
                    if method not in ("onchange", "load", "get_property_definition"):
                        self.assertIsNotNone(error, text)
        self.assertEqual(
            set(self.credentials.filtered("access_token").mapped("state")),
            {"connected"},
        )

    def test_nobody_reads_a_secret_through_the_connection(self):
        ids = self.connection.ids
        names = list(self.env["actionstep.connection"]._fields)
        specification = {
            **{name: {} for name in names},
            "credential_ids": {"fields": {name: {} for name in SECRET_FIELDS}},
        }
        hidden = [
            ("read", ids, ["credential_ids"]),
            ("web_read", ids, {"credential_ids": specification["credential_ids"]}),
            ("search", [("credential_ids.access_token", "!=", False)]),
            ("search", [("credential_ids", "any", [("access_token", "!=", False)])]),
            ("search", [("credential_ids.refresh_token", "=like", "A%")]),
            ("search", [("credential_ids.client_secret", "ilike", "s")]),
            ("search", [("quickbooks_client_secret", "ilike", "s")]),
            ("search", [], 0, 1, "credential_ids.access_token"),
            ("search", [], 0, 1, "quickbooks_client_secret"),
            ("search_count", [("credential_ids.state", "=", "connected")]),
            ("formatted_read_group", [], ["credential_ids.access_token"], ["__count"]),
            ("formatted_read_group", [], [], ["credential_ids:array_agg"]),
            ("formatted_read_group", [], ["quickbooks_client_secret"], ["__count"]),
        ]
        open_calls = [
            ("read", ids),
            ("read", ids, [n for n in names if n != "credential_ids"]),
            ("web_read", ids, {k: {} for k in names if k != "credential_ids"}),
            ("web_search_read", [], {k: {} for k in names if k != "credential_ids"}),
            ("search_read", []),
            ("export_data", ids, [n for n in names if n != "credential_ids"]),
            ("export_data", ids, ["credential_ids/access_token"]),
            ("export_data", ids, ["credential_ids"]),
            ("onchange", ids, {}, [], specification),
            ("fields_get",),
            ("read_group", [], ["credential_ids.access_token"], ["state"]),
            ("name_search", ""),
            ("copy_data", ids),
            ("get_views", [(False, "form")]),
        ]
        for user in self._get_users():
            for method, *args in hidden:
                with self.subTest(user=user.login, method=method, args=args):
                    error, text = self._call(
                        user, "actionstep.connection", method, *args
                    )
                    self.assertIsNotNone(error, text)
                    self._assert_tells_nothing(text)
            for method, *args in open_calls:
                with self.subTest(user=user.login, method=method):
                    _error, text = self._call(
                        user, "actionstep.connection", method, *args
                    )
                    self._assert_tells_nothing(text)

    def test_administrator_reads_what_is_stored_but_no_secret(self):
        admin = self.env.ref("base.user_admin")

        [row] = self.connection.with_user(admin).read(
            [
                "quickbooks_client_id",
                "quickbooks_client_secret",
                "has_quickbooks_secret",
                "reporting_password",
                "has_reporting_password",
            ]
        )

        self.assertEqual(
            row["quickbooks_client_id"], self.sandbox.quickbooks["client_id"]
        )
        self.assertIs(row["quickbooks_client_secret"], False)
        self.assertIs(row["has_quickbooks_secret"], True)
        self.assertIs(row["reporting_password"], False)
        self.assertIs(row["has_reporting_password"], True)

    def test_only_administrators_read_the_keys_and_where_the_database_is(self):
        for group in GROUPS[:-1]:
            user = new_test_user(
                self.env, group, groups=f"actionstep_quickbooks.{group}"
            )
            for name in (
                "quickbooks_client_id",
                "actionstep_client_id",
                "reporting_user",
                "reporting_host",
            ):
                with self.subTest(group=group, field=name):
                    error, _text = self._call(
                        user,
                        "actionstep.connection",
                        "read",
                        self.connection.ids,
                        [name],
                    )
                    self.assertIs(error, AccessError)

    def test_typed_secret_is_stored_and_not_sent_back(self):
        admin = self.env.ref("base.user_admin")
        typed = {
            "quickbooks_client_id": "new id",
            "quickbooks_client_secret": "new secret",
            "actionstep_client_secret": "other secret",
            "reporting_password": "new password",
        }
        shown = {name: {} for name in (*typed, "has_quickbooks_secret")}
        self.credentials.client_secret = False

        error, text = self._call(
            admin,
            "actionstep.connection",
            "web_save",
            self.connection.ids,
            typed,
            shown,
        )

        self.assertIsNone(error, text)
        [row] = json.loads(text)
        self.assertEqual(row["quickbooks_client_id"], "new id")
        self.assertIs(row["quickbooks_client_secret"], False)
        self.assertIs(row["actionstep_client_secret"], False)
        self.assertIs(row["reporting_password"], False)
        self.assertIs(row["has_quickbooks_secret"], True)
        quickbooks = self.connection._get_credential("quickbooks")
        self.assertEqual(quickbooks.client_secret, "new secret")
        self.assertEqual(quickbooks.client_id, "new id")

    def test_secret_of_a_new_connection_is_stored_and_not_sent_back(self):
        admin = self.env.ref("base.user_admin")
        values = {"name": "New", "quickbooks_client_secret": "new secret"}

        error, text = self._call(
            admin,
            "actionstep.connection",
            "web_save",
            [],
            values,
            {k: {} for k in values},
        )

        self.assertIsNone(error, text)
        [row] = json.loads(text)
        self.assertIs(row["quickbooks_client_secret"], False)
        stored = self.env["actionstep.connection"].browse(row["id"])
        self.assertEqual(
            stored._get_credential("quickbooks").client_secret, "new secret"
        )

    def test_form_that_is_saved_without_typing_keeps_the_secrets(self):
        with Form(self.connection.with_user(self.env.ref("base.user_admin"))) as form:
            form.name = "Renamed"
            self.assertFalse(form.quickbooks_client_secret)
        self.env.invalidate_all()
        for credential in self.credentials:
            self.assertIn(credential.client_secret, self.secrets)

    def test_copy_of_a_connection_has_neither_keys_nor_tokens_nor_company(self):
        copy = self.connection.copy()

        self.assertFalse(copy.credential_ids.filtered(lambda c: c.client_secret))
        self.assertEqual(copy.state, "draft")
        self.assertFalse(copy.realm_id or copy.orgkey or copy.cron_id)


@tagged("post_install", "-at_install")
class TestKeysStayWhereTheyBelong(ActionstepCase):
    """A key is sent only to the servers that it was typed for."""

    def test_another_environment_forgets_keys_and_tokens(self):
        connection = self._make_connected()

        connection.write({"environment": "sandbox", "quickbooks_client_id": "other"})

        for side in SIDES:
            credential = connection._get_credential(side)
            self.assertEqual(credential.state, "disconnected")
            self.assertFalse(
                credential.access_token
                or credential.refresh_token
                or credential.client_secret
                or credential.api_endpoint
            )
        self.assertEqual(connection._get_credential("quickbooks").client_id, "other")
        self.assertTrue(connection._get_credential("reporting").client_secret)
        self.assertEqual(connection.state, "draft")

    def test_same_environment_written_again_changes_nothing(self):
        connection = self._make_connected()

        connection.write({"environment": "local"})

        self.assertEqual(connection.state, "connected")

    def test_password_is_not_sent_to_another_reporting_server(self):
        for change in (
            {"reporting_host": "10.0.0.9"},
            {"reporting_port": 5999},
        ):
            with self.subTest(change=change):
                connection = self._make_connection()

                connection.write(change)

                self.assertFalse(connection._get_credential("reporting").client_secret)

    def test_password_typed_with_the_new_server_is_kept(self):
        connection = self._make_connection()

        connection.write({"reporting_host": "10.0.0.9", "reporting_password": "new"})

        self.assertEqual(connection._get_credential("reporting").client_secret, "new")

    def test_same_server_written_again_keeps_the_password(self):
        connection = self._make_connection()

        connection.write({"reporting_host": connection.reporting_host})

        self.assertTrue(connection._get_credential("reporting").client_secret)


@tagged("post_install", "-at_install")
class TestSilence(OauthCommon):
    """No secret reaches a log or a message, however much is logged."""

    @contextmanager
    def _everything_logged(self):
        """Yield the lines that all loggers write at their most talkative.

        Except the trace of SQL, which shows every value by its nature.
        """
        lines = []
        handler = logging.Handler(logging.DEBUG)
        handler.emit = lambda record: lines.append(
            f"{record.name}: {record.getMessage()} {record.exc_text or ''}"
        )
        handler.addFilter(lambda record: record.name != "odoo.sql_db")
        names = logging.root.manager.loggerDict
        loggers = [logging.root, *map(logging.getLogger, names)]
        levels = [logger.level for logger in loggers]
        logging.root.addHandler(handler)
        try:
            for logger in loggers:
                logger.setLevel(logging.DEBUG)
            yield lines
        finally:
            logging.root.removeHandler(handler)
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)

    def _read_secrets(self):
        return {
            value
            for side in (*SIDES, "reporting")
            for value in self.connection._get_credential(side)
            .read(SECRET_FIELDS)[0]
            .values()
            if isinstance(value, str)
        }

    def _refresh(self, side):
        """Let the token of a side be renewed; return the texts of what went wrong."""
        credential = self.connection._get_credential(side)
        credential.expires_at = fields.Datetime.now()
        self.env.flush_all()
        try:
            credential._get_access_token()
        except SyncError as error:
            return [repr(error), str(error), error.detail, str(error.values)]
        finally:
            self.env.invalidate_all()
        return []

    def test_secrets_are_in_no_log_and_in_no_message(self):
        secrets, sentences = set(), []
        with self._everything_logged() as lines:
            self._connect_both()
            secrets |= self._read_secrets()
            for side in SIDES:
                sentences += self._refresh(side)
                secrets |= self._read_secrets()
                for fault in (
                    {"kind": "status", "status": 500, "shape": "html"},
                    {"kind": "status", "status": 400, "shape": "cut_json"},
                    {"kind": "drop_after"},
                ):
                    self.sandbox.fault(side, fault, path=TOKEN_PATHS[side])
                    sentences += self._refresh(side)
                sentences += self._refresh(side)
                secrets |= self._read_secrets()
            self._connect("quickbooks")
            secrets |= self._read_secrets()
            self._press("action_disconnect_quickbooks")

        self.assertGreaterEqual(len(secrets), 11)
        self.assertGreaterEqual(len(sentences), 12)
        self.assertTrue(any(line.startswith("urllib3") for line in lines))
        self.assertTrue(any("actionstep_quickbooks" in line for line in lines))
        written = "\n".join([*lines, *sentences, *self._get_notes(self.connection)])
        told = [line for line in written.splitlines() if any(map(line.count, secrets))]
        self.assertEqual(told, [])
