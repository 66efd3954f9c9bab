"""Connect as people do it: the buttons, the vendors' redirects, our callback, by HTTP.

Odoo shares one transaction among the requests of an `HttpCase`; its cursors keep apart
what a request committed and what it rolled back.
"""

import time
from urllib.parse import parse_qs, urlencode, urlsplit

import requests

from odoo import http
from odoo.tests import HttpCase, new_test_user, tagged

from odoo.addons.actionstep_quickbooks.models.actionstep_connection_oauth import (
    CONSENT_SECONDS,
    SESSION_KEY,
)

from .common import ActionstepCommon

CALLBACK = "/actionstep_quickbooks/oauth"
TIMEOUT = 60


class OauthCommon(ActionstepCommon, HttpCase):
    """A person at the web client, who may connect, and a connection with its keys."""

    def setUp(self):
        super().setUp()
        self.ann = self._make_user("ann", "group_administrator")
        self.connection = self._make_connection()
        self.authenticate("ann", "ann")

    def _make_user(self, login, group):
        return new_test_user(
            self.env, login, groups=f"actionstep_quickbooks.{group}", lang="en_US"
        )

    # --- acting, as the browser does ---

    def _press(self, button, connection=None):
        """Press a button of the connection and return the JSON that Odoo answers."""
        connection = connection or self.connection
        answer = self.url_open(
            f"/web/dataset/call_button/actionstep.connection/{button}",
            json=self.build_rpc_payload(
                {
                    "model": "actionstep.connection",
                    "method": button,
                    "args": [[connection.id]],
                    "kwargs": {},
                }
            ),
            timeout=TIMEOUT,
        )
        connection.env.invalidate_all()
        return answer.json()

    def _press_refused(self, button, connection=None):
        """Press a button that must fail, and return the name and text of its error."""
        answer = self._press(button, connection)
        self.assertIn("error", answer, answer)
        data = answer["error"]["data"]
        return data["name"].rpartition(".")[2], data["message"]

    def _start(self, side, connection=None):
        """Press Connect and return the address of the consent page."""
        action = self._press(f"action_connect_{side}", connection)["result"]
        self.assertEqual(action["type"], "ir.actions.act_url")
        self.assertEqual(action["target"], "self")
        return action["url"]

    def _consent_page(self, url):
        """Open the consent page, which agrees at once, and return where it sends us."""
        answer = requests.get(url, allow_redirects=False, timeout=TIMEOUT)
        self.assertEqual(answer.status_code, 302, answer.text)
        return answer.headers["Location"]

    def _open(self, url):
        """Open an address of Odoo without following its redirect."""
        answer = self.url_open(url, timeout=TIMEOUT, allow_redirects=False)
        self.env.invalidate_all()
        return answer

    def _connect(self, side, connection=None):
        """Go the whole way of one consent and return the callback's answer."""
        return self._open(self._consent_page(self._start(side, connection)))

    def _connect_both(self):
        """Connect both sides, and load the lists as the page does then."""
        self._connect("actionstep")
        answer = self._connect("quickbooks")
        self._press("action_load_lists")
        return answer

    def _callback(self, side, **query):
        return self._open(f"{CALLBACK}/{side}?{urlencode(query)}")

    # --- looking ---

    def _get_secrets(self, side, connection=None):
        """Return what is stored of a side, as only the server may read it."""
        credential = (connection or self.connection)._get_credential(side)
        return credential.read(["state", "access_token", "refresh_token", "orgkey"])[0]

    def _assert_lands(self, answer, place, connection=None):
        connection = connection or self.connection
        self.assertEqual(answer.status_code, 303, answer.text)
        self.assertURLEqual(
            answer.headers["Location"], f"/odoo/actionstep-{place}/{connection.id}"
        )

    def _assert_refused(self, answer):
        """Check that the answer is the page that says why nothing was changed."""
        self.assertEqual(answer.status_code, 403)
        self.assertIn("text/html", answer.headers["Content-Type"])
        self.assertIn("does not belong to a connection that you started", answer.text)
        self.assertIn("Press Connect to start again", answer.text)

    def _assert_nothing_connected(self, connection=None):
        connection = connection or self.connection
        for side in ("actionstep", "quickbooks"):
            stored = self._get_secrets(side, connection)
            self.assertEqual(stored["state"], "disconnected")
            self.assertFalse(stored["access_token"] or stored["refresh_token"])
        self.assertEqual(connection.state, "draft")
        self.assertFalse(connection.realm_id)

    def _get_last_note(self):
        """Return the newest text of the chatter; a tracked change has none."""
        return next(filter(None, self._get_notes(self.connection)))

    def _count_exchanges(self):
        return len(self.sandbox.requests("quickbooks", "tokens/bearer")) + len(
            self.sandbox.requests("actionstep", "oauth/token")
        )


@tagged("post_install", "-at_install")
class TestConnect(OauthCommon):
    def test_both_sides_connect_and_the_user_stands_on_the_mapping_page(self):
        first = self._connect("actionstep")

        self._assert_lands(first, "connections")
        self.assertEqual(self.connection.actionstep_state, "connected")
        self.assertEqual(self.connection.state, "draft")
        self.assertEqual(self.connection.orgkey, self.firm.orgkey)

        second = self._connect("quickbooks")

        self._assert_lands(second, "mapping")
        self.assertEqual(self.connection.state, "connected")
        self.assertEqual(self.connection.setup_step, "lists")

        shown = self._press("action_load_lists")["result"]

        self.assertEqual(shown["res_id"], self.connection.id)
        self.assertEqual(shown["path"], "actionstep-mapping")
        self.assertEqual(self.connection.realm_id, self.firm.realm_id)
        self.assertEqual(
            self.connection.quickbooks_company_name,
            self.firm.quickbooks["CompanyInfo"]["CompanyName"],
        )
        self.assertEqual(self.connection.quickbooks_currency_id.name, "USD")
        self.assertEqual(
            set(
                self.connection.with_context(active_test=False).account_ids.mapped(
                    "number"
                )
            ),
            {account.number for account in self.firm.accounts},
        )
        self.assertEqual(
            set(self.connection.quickbooks_item_ids.mapped("name")),
            {item["Name"] for item in self.firm.quickbooks["Item"]},
        )
        self.assertTrue(self.connection.quickbooks_tax_code_ids)
        self.assertTrue(self.connection.cron_id)
        self.assertFalse(self.connection.cron_id.active)
        notes = "".join(self._get_notes(self.connection))
        self.assertIn("Connected to Actionstep.", notes)
        self.assertIn("Connected to QuickBooks.", notes)
        page = self.url_open(second.headers["Location"], timeout=TIMEOUT)
        self.assertEqual(page.status_code, 200)

    def test_quickbooks_may_come_first(self):
        self._assert_lands(self._connect("quickbooks"), "connections")
        self._assert_lands(self._connect("actionstep"), "mapping")
        self.assertEqual(self.connection.state, "connected")

    def test_consent_page_is_asked_for_what_we_need_and_nothing_more(self):
        for side in ("actionstep", "quickbooks"):
            with self.subTest(side=side):
                query = parse_qs(urlsplit(self._start(side)).query)

                self.assertEqual(query["response_type"], ["code"])
                self.assertEqual(
                    query["redirect_uri"], [f"{self.base_url()}{CALLBACK}/{side}"]
                )
                self.assertGreaterEqual(len(query["state"][0]), 40)
                self.assertNotIn("client_secret", query)
        self.assertEqual(query["scope"], ["com.intuit.quickbooks.accounting"])

    def test_each_state_is_new(self):
        urls = [self._start("quickbooks") for _ in range(3)]
        states = {parse_qs(urlsplit(url).query)["state"][0] for url in urls}
        self.assertEqual(len(states), 3)

    def test_two_consents_at_once_both_arrive(self):
        one, two = self._start("actionstep"), self._start("quickbooks")

        self._assert_lands(self._open(self._consent_page(two)), "connections")
        self._assert_lands(self._open(self._consent_page(one)), "mapping")

    def test_reconnect_replaces_the_tokens_and_keeps_everything_else(self):
        self._connect_both()
        before = self._get_secrets("quickbooks")
        items = self.connection.quickbooks_item_ids

        self._assert_lands(self._connect("quickbooks"), "mapping")

        after = self._get_secrets("quickbooks")
        self.assertNotEqual(after["access_token"], before["access_token"])
        self.assertNotEqual(after["refresh_token"], before["refresh_token"])
        self.assertEqual(self.connection.quickbooks_item_ids, items)

    def test_tokens_stay_when_the_lists_cannot_be_loaded(self):
        self._connect("actionstep")
        self.sandbox.fault(
            "quickbooks",
            {"kind": "status", "status": 503, "shape": "html"},
            path="companyinfo",
        )

        answer = self._connect("quickbooks")
        shown = self._press("action_load_lists")["result"]["params"]

        self._assert_lands(answer, "mapping")
        self.assertEqual(shown["type"], "danger")
        self.assertIn("QuickBooks: Not reachable.", shown["message"])
        self.assertEqual(self.connection.state, "connected")
        self.assertTrue(self._get_secrets("quickbooks")["refresh_token"])
        self.assertFalse(self.connection.lists_loaded_at)
        self.assertFalse(self.connection.account_ids)
        self.assertIn("QuickBooks: Not reachable.", self._get_last_note())
        self.assertIn("result", self._press("action_refresh_lists"))
        self.assertTrue(self.connection.quickbooks_item_ids)

    def test_tokens_stay_when_storing_the_lists_breaks_down(self):
        """An error that nobody foresaw, after the tokens were committed."""
        self.env.cr.execute(
            "ALTER TABLE quickbooks_item ADD CONSTRAINT test_breaks_down "
            "CHECK (name != 'Hours')"
        )
        self._connect("actionstep")

        self._connect("quickbooks")
        answer = self._press("action_load_lists")

        self.assertIn("error", answer)
        self.assertFalse(self.connection.quickbooks_item_ids)
        self.assertEqual(self.connection.state, "connected")
        self.assertTrue(self._get_secrets("quickbooks")["refresh_token"])
        self.assertEqual(self.connection.realm_id, self.firm.realm_id)

    def test_side_that_ended_is_shown_when_the_other_one_reconnects(self):
        self._connect_both()
        self.sandbox.admin("actionstep", "POST", "tokens", {"expire_access": True})
        self.sandbox.admin("actionstep", "POST", "tokens", {"revoke": True})
        self.connection._get_credential("actionstep").expires_at = "2026-01-01"

        self._assert_lands(self._connect("quickbooks"), "connections")

        self.assertEqual(self.connection.quickbooks_state, "connected")
        self.assertEqual(self.connection.actionstep_state, "reauth_required")
        self.assertIn(
            "Actionstep no longer accepts the connection. Press Reconnect.",
            self._get_last_note(),
        )

    def test_company_that_refuses_the_fresh_token_is_shown_as_ended(self):
        """The note says "Press Reconnect", so that button must be there."""
        self._connect("actionstep")
        self.sandbox.admin(
            "quickbooks", "POST", "switches", {"callback_realm": "4620000000000000001"}
        )

        self._assert_lands(self._connect("quickbooks"), "mapping")
        self._press("action_load_lists")

        self.assertEqual(self.connection.quickbooks_state, "reauth_required")
        self.assertIn("Press Reconnect", self._get_last_note())
        self.sandbox.admin("quickbooks", "POST", "switches", {"callback_realm": None})
        self._assert_lands(self._connect("quickbooks"), "mapping")
        self.assertEqual(self.connection.realm_id, self.firm.realm_id)


@tagged("post_install", "-at_install")
class TestState(OauthCommon):
    """The state of a consent: unguessable, for one user, session and side, and once."""

    def _make_answer(self, side="quickbooks"):
        """Start a consent and return the query of the vendor's answer to it."""
        location = self._consent_page(self._start(side))
        return {k: v[0] for k, v in parse_qs(urlsplit(location).query).items()}

    def test_state_works_once(self):
        answer = self._make_answer()
        self._assert_lands(self._callback("quickbooks", **answer), "connections")
        stored = self._get_secrets("quickbooks")
        notes = self.connection.message_ids
        exchanges = self._count_exchanges()

        self._assert_refused(self._callback("quickbooks", **answer))

        self.assertEqual(self._get_secrets("quickbooks"), stored)
        self.assertEqual(self.connection.message_ids, notes)
        self.assertEqual(self._count_exchanges(), exchanges)

    def test_state_is_used_up_by_a_failing_consent_too(self):
        answer = self._make_answer()
        self._callback("quickbooks", state=answer["state"], error="access_denied")

        self._assert_refused(self._callback("quickbooks", **answer))

        self._assert_nothing_connected()

    def test_forged_states_are_refused(self):
        answer = self._make_answer()
        forged = [
            {},
            {"state": ""},
            {"state": "x" * 43},
            {"state": answer["state"][:-1]},
            {"state": answer["state"] + "x"},
            {"state": "zoë"},
            {"state": "\U0001f511"},
            {"state": "\x00"},
        ]
        for query in forged:
            with self.subTest(query=query):
                query = {**answer, "state": None, **query}
                query = {k: v for k, v in query.items() if v is not None}
                self._assert_refused(self._callback("quickbooks", **query))
        self._assert_nothing_connected()
        self.assertEqual(self._count_exchanges(), 0)

    def test_state_of_the_other_side_is_refused(self):
        answer = self._make_answer("quickbooks")

        self._assert_refused(self._callback("actionstep", **answer))

        self._assert_nothing_connected()
        self.assertEqual(self._count_exchanges(), 0)

    def test_state_of_another_session_of_the_same_user_is_refused(self):
        answer = self._make_answer()
        self.session = None  # else the other session would be ended
        self.authenticate("ann", "ann")

        self._assert_refused(self._callback("quickbooks", **answer))

        self._assert_nothing_connected()

    def test_state_of_another_user_is_refused(self):
        self._make_user("bob", "group_administrator")
        answer = self._make_answer()
        self.session = None
        self.authenticate("bob", "bob")

        self._assert_refused(self._callback("quickbooks", **answer))

        self._assert_nothing_connected()

    def test_state_that_another_user_left_in_the_session_is_refused(self):
        self._make_user("bob", "group_administrator")
        answer = self._make_answer()
        consents = self._get_session()[SESSION_KEY]
        self.authenticate("bob", "bob", session_extra={SESSION_KEY: consents})

        self._assert_refused(self._callback("quickbooks", **answer))

        self._assert_nothing_connected()

    def test_state_grows_old(self):
        for seconds, is_taken in ((CONSENT_SECONDS - 30, True), (CONSENT_SECONDS, 0)):
            with self.subTest(seconds=seconds):
                answer = self._make_answer()
                self._age_consents(seconds)

                response = self._callback("quickbooks", **answer)

                if is_taken:
                    self._assert_lands(response, "connections")
                    self._press("action_disconnect_quickbooks")
                else:
                    self._assert_refused(response)
        self.assertEqual(self._get_secrets("quickbooks")["state"], "disconnected")

    def test_connection_that_is_gone_is_refused(self):
        answer = self._make_answer()
        self.connection.unlink()

        self._assert_refused(self._callback("quickbooks", **answer))

    def test_answer_without_sign_in_goes_to_the_login(self):
        answer = self._make_answer()
        self.session = None
        self.authenticate(None, None)

        response = self._callback("quickbooks", **answer)

        self.assertEqual(response.status_code, 303)
        self.assertIn("/web/login", response.headers["Location"])
        self._assert_nothing_connected()

    def test_unknown_side_is_not_found(self):
        self.assertEqual(self._callback("reporting", state="x").status_code, 404)

    def test_only_get_is_answered(self):
        answer = self._make_answer()

        response = self.url_open(f"{CALLBACK}/quickbooks", data=answer, timeout=TIMEOUT)

        self.assertGreaterEqual(response.status_code, 400)
        self._assert_nothing_connected()

    def test_answer_never_leads_to_another_site(self):
        answer = self._make_answer()

        response = self._callback(
            "quickbooks",
            **answer,
            redirect="https://evil.example",
            next="//evil.example",
        )

        self._assert_lands(response, "connections")

    def _get_session(self):
        return http.root.session_store.get(self.session.sid)

    def _age_consents(self, seconds):
        session = self._get_session()
        session[SESSION_KEY] = {
            state: {**consent, "at": time.time() - seconds}
            for state, consent in session[SESSION_KEY].items()
        }
        http.root.session_store.save(session)


@tagged("post_install", "-at_install")
class TestWhoMayConnect(OauthCommon):
    def test_operator_and_user_may_not_start(self):
        for login, group in (("olga", "group_operator"), ("ulla", "group_user")):
            self._make_user(login, group)
            self.authenticate(login, login)
            for side in ("actionstep", "quickbooks"):
                for verb in ("connect", "disconnect"):
                    with self.subTest(login=login, side=side, verb=verb):
                        name, text = self._press_refused(f"action_{verb}_{side}")
                        self.assertEqual(name, "AccessError")
                        self.assertIn("Only an administrator", text)
        self.assertNotIn(SESSION_KEY, http.root.session_store.get(self.session.sid))

    def test_user_who_lost_the_right_meanwhile_is_refused_at_the_callback(self):
        location = self._consent_page(self._start("quickbooks"))
        self.ann.group_ids -= self.env.ref("actionstep_quickbooks.group_administrator")

        answer = self._open(location)

        self.assertEqual(answer.status_code, 403)
        self.assertIn("Only an administrator", answer.text)
        self._assert_nothing_connected()
        self.assertEqual(self._count_exchanges(), 0)

    def test_connection_of_another_company_is_refused_at_both_ends(self):
        other = self.env["res.company"].create({"name": "Other Firm"})
        foreign = self._make_connection(company_id=other.id)
        name, _text = self._press_refused("action_connect_quickbooks", foreign)
        self.assertEqual(name, "AccessError")
        location = self._consent_page(self._start("quickbooks"))
        self.connection.company_id = other

        answer = self._open(location)

        self.assertEqual(answer.status_code, 403)
        self._assert_nothing_connected()
        self.assertEqual(self._count_exchanges(), 0)

    def test_connection_of_a_second_company_of_mine_connects(self):
        other = self.env["res.company"].create({"name": "Other Firm"})
        self.ann.company_ids += other
        self.connection.company_id = other

        self._assert_lands(self._connect_both(), "mapping")

        self.assertEqual(self.connection.quickbooks_item_ids.company_id, other)


@tagged("post_install", "-at_install")
class TestRefusals(OauthCommon):
    """What goes wrong at a consent: a sentence, and everything as it was."""

    def _assert_told(self, answer, sentence):
        self._assert_lands(answer, "connections")
        self.assertIn(sentence, self._get_last_note())

    def test_refused_consent_is_told_and_changes_nothing(self):
        for side, vendor in (
            ("actionstep", "Actionstep"),
            ("quickbooks", "QuickBooks"),
        ):
            with self.subTest(side=side):
                self.sandbox.admin(side, "POST", "switches", {"consent": "refuse"})

                self._assert_told(
                    self._connect(side),
                    f"Access was not granted at {vendor}. Press Connect to try again.",
                )
        self._assert_nothing_connected()

    def test_refused_reconnect_leaves_the_working_connection(self):
        self._connect_both()
        stored = self._get_secrets("quickbooks")
        self.sandbox.admin("quickbooks", "POST", "switches", {"consent": "refuse"})

        self._assert_told(self._connect("quickbooks"), "Access was not granted")

        self.assertEqual(self._get_secrets("quickbooks"), stored)
        self.assertEqual(self.connection.state, "connected")

    def test_error_text_of_the_vendor_is_never_shown(self):
        """Whoever makes the link chooses that text."""
        state = parse_qs(urlsplit(self._start("quickbooks")).query)["state"][0]

        self._callback("quickbooks", state=state, error="<b>call +1 900</b>")

        self.assertNotIn("900", "".join(self._get_notes(self.connection)))

    def test_wrong_realm_is_refused_once_documents_are_bound(self):
        self._connect_both()
        self.env["actionstep.participant"].create(
            {
                "connection_id": self.connection.id,
                "external_id": "7",
                "name": "Client",
                "quickbooks_id": "12",
            }
        )
        self._assert_other_realm_refused()

    def test_wrong_realm_is_refused_once_maps_point_into_the_company(self):
        """The same ids mean other products in another company."""
        self._connect_both()
        self._map(self.connection)
        self._assert_other_realm_refused()

    def _assert_other_realm_refused(self):
        self.connection.quickbooks_company_name = "<b>Miller</b>"
        stored, realm = self._get_secrets("quickbooks"), self.connection.realm_id
        exchanges = self._count_exchanges()
        self.sandbox.admin(
            "quickbooks", "POST", "switches", {"callback_realm": "4620000000000000001"}
        )

        self._assert_told(
            self._connect("quickbooks"),
            "You signed in to the QuickBooks company 4620000000000000001, but this "
            f"connection belongs to &lt;b&gt;Miller&lt;/b&gt; ({realm}).",
        )

        self.assertEqual(self.connection.realm_id, realm)
        self.assertEqual(self._get_secrets("quickbooks"), stored)
        self.assertEqual(self._count_exchanges(), exchanges)

    def test_answer_without_or_with_an_odd_realm_is_refused(self):
        for realm in (None, "", "12/../34", "<script>alert(1)</script>", "٣٤"):
            with self.subTest(realm=realm):
                location = urlsplit(self._consent_page(self._start("quickbooks")))
                query = {k: v[0] for k, v in parse_qs(location.query).items()}
                del query["realmId"]
                if realm is not None:
                    query["realmId"] = realm

                answer = self._callback("quickbooks", **query)

                self._assert_told(answer, "Access was not granted at QuickBooks")
                self.assertNotIn("<script", self._get_last_note())
        self._assert_nothing_connected()

    def test_company_of_another_connection_is_refused(self):
        self._connect("quickbooks")
        second = self._make_connection(name="Second")

        self._assert_lands(self._connect("quickbooks", second), "connections", second)

        self.assertIn(
            "already belongs to another connection", self._get_notes(second)[0]
        )
        self._assert_nothing_connected(second)

    def test_company_of_another_firm_is_refused_without_naming_it(self):
        other = self.env["res.company"].create({"name": "Other Firm"})
        foreign = self._make_connection(name="Secret Firm", company_id=other.id)
        foreign.realm_id = self.firm.realm_id

        self._connect("quickbooks")

        [note, *_others] = self._get_notes(self.connection)
        self.assertIn("already belongs to another connection", note)
        self.assertNotIn("Secret Firm", note)
        self._assert_nothing_connected()

    def test_another_actionstep_system_is_refused_once_bills_are_staged(self):
        """Ids repeat from one system to the next: its bills would overwrite ours."""
        self._connect_both()
        self.env["actionstep.invoice"].create(
            {"connection_id": self.connection.id, "external_id": "1", "number": "A"}
        )
        stored = self._get_secrets("actionstep")
        self.sandbox.reset(country="GB")

        self._assert_told(
            self._connect("actionstep"), "You signed in to the Actionstep system"
        )

        self.assertEqual(self._get_secrets("actionstep"), stored)
        self.assertEqual(self.connection.orgkey, self.firm.orgkey)

    def test_code_that_was_used_is_told(self):
        location = self._consent_page(self._start("quickbooks"))
        code = parse_qs(urlsplit(location).query)["code"][0]
        self.connection._get_auth("quickbooks").exchange(code, self.firm.realm_id)

        self._assert_told(self._open(location), "Access was not granted at QuickBooks")

        self._assert_nothing_connected()

    def test_trouble_at_the_token_endpoint_is_told(self):
        faults = [
            ({"status": 200, "shape": "html"}, "Unreadable answer"),
            ({"status": 200, "shape": "cut_json"}, "Unreadable answer"),
            ({"status": 200, "shape": "empty"}, "Unreadable answer"),
            ({"status": 500, "shape": "html"}, "Not reachable"),
            ({"status": 429, "shape": "xml"}, "Limit reached"),
        ]
        sides = (
            ("actionstep", "Actionstep", "oauth/token"),
            ("quickbooks", "QuickBooks", "tokens/bearer"),
        )
        for side, vendor, path in sides:
            for fault, sentence in faults:
                with self.subTest(side=side, fault=fault):
                    self.sandbox.fault(side, {"kind": "status", **fault}, path=path)

                    self._assert_told(
                        self._connect(side),
                        f"{vendor}: {sentence}. Try again in a few minutes.",
                    )
        self._assert_nothing_connected()

    def test_connection_cut_by_the_token_endpoint_is_told(self):
        for kind in ("drop_before", "drop_after"):
            with self.subTest(kind=kind):
                self.sandbox.fault("quickbooks", {"kind": kind}, path="tokens/bearer")

                self._assert_told(
                    self._connect("quickbooks"), "QuickBooks: Not reachable."
                )
        self._assert_nothing_connected()

    def test_wrong_client_secret_is_told(self):
        self.connection.write(
            {
                "actionstep_client_secret": "not the secret",
                "quickbooks_client_secret": "not the secret",
            }
        )
        for side, vendor in (
            ("actionstep", "Actionstep"),
            ("quickbooks", "QuickBooks"),
        ):
            with self.subTest(side=side):
                self._assert_told(
                    self._connect(side),
                    f"{vendor} does not know the client id and secret",
                )
        self._assert_nothing_connected()


@tagged("post_install", "-at_install")
class TestStart(OauthCommon):
    """What goes wrong before the consent page: a message, and no state is kept."""

    def _assert_not_started(self, side, sentence, connection=None):
        name, text = self._press_refused(f"action_connect_{side}", connection)
        self.assertEqual(name, "UserError")
        self.assertIn(sentence, text)
        self.assertNotIn(SESSION_KEY, http.root.session_store.get(self.session.sid))

    def test_missing_keys_are_asked_for(self):
        bare = self.env["actionstep.connection"].create({"name": "Bare"})
        for side, vendor in (
            ("actionstep", "Actionstep"),
            ("quickbooks", "QuickBooks"),
        ):
            with self.subTest(side=side):
                self._assert_not_started(
                    side,
                    f"Enter the client id and the client secret of your {vendor} app",
                    bare,
                )

    def test_intuit_that_cannot_be_reached_is_told(self):
        self.connection.local_quickbooks_discovery_url = "http://127.0.0.1:9/openid"
        self._assert_not_started("quickbooks", "QuickBooks: Not reachable.")

    def test_discovery_that_cannot_be_read_is_told(self):
        for number, (status, shape, sentence) in enumerate(
            [
                (200, "html", "Unreadable answer"),
                (200, "cut_json", "Unreadable answer"),
                (500, "html", "Not reachable"),
                (429, "xml", "Limit reached"),
            ]
        ):
            with self.subTest(status=status, shape=shape):
                # A good document is remembered, by its address.
                address = f"{self.sandbox.quickbooks['discovery_url']}?try={number}"
                self.connection.local_quickbooks_discovery_url = address
                self.sandbox.fault(
                    "quickbooks",
                    {"kind": "status", "status": status, "shape": shape},
                    path="openid",
                )
                self._assert_not_started(
                    "quickbooks",
                    f"QuickBooks: {sentence}. Try again in a few minutes.",
                )

    def test_missing_addresses_of_the_local_servers_are_told(self):
        self.connection.write(
            {
                "local_actionstep_authorize_url": False,
                "local_quickbooks_discovery_url": False,
            }
        )
        self._assert_not_started("actionstep", "is not one of Actionstep")
        self._assert_not_started("quickbooks", "is not one of QuickBooks")
