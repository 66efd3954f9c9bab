"""Before You Get Started: what is judged, asked, confirmed, and led to."""

import json
import logging
from datetime import date
from decimal import Decimal

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import HttpCase, new_test_user, tagged

from ..models.actionstep_connection_checks import HINTS
from ..models.checks import (
    CHECKS,
    CONFIRM,
    OK,
    SENTENCES,
    TODO,
    UNKNOWN,
    WARNING,
    Facts,
    judge,
)
from .common import ActionstepCase, ActionstepCommon
from .test_oauth import OauthCommon

_logger = logging.getLogger(__name__)

MODULE = "actionstep_quickbooks"
# A firm about which nothing is wrong.
GOOD = {
    "is_read": True,
    "account_count": 20,
    "sections": frozenset({"income", "expense", "asset"}),
    "bank_accounts": ("1-1110 Business",),
    "trust_accounts": ("1-1200 Trust",),
    "tax_codes": (("NT", Decimal(0)), ("TAX 8.25", Decimal("8.25"))),
    "quickbooks_account_count": 30,
    "quickbooks_bank_accounts": ("Business",),
    "quickbooks_trust_accounts": ("Trust",),
    "quickbooks_item_count": 5,
    "quickbooks_tax_codes": (("NON", Decimal(0)), ("CA", Decimal("8.25"))),
    "currency": "USD",
    "bill_currencies": frozenset({"USD"}),
    "uses_custom_numbers": True,
    "offering": "QuickBooks Online Plus",
    "subscription": "PAID",
    "detail_source": "reporting",
    "has_detail_source": True,
}
ASKED = {"accounting_method", "general_retainers", "duplicate_warning", "rights"}


@tagged("post_install", "-at_install")
class TestJudgement(ActionstepCase):
    """Each check over facts alone."""

    def _judge(self, key, **facts):
        return judge(Facts(**{**GOOD, **facts}))[key]

    def _assert_judged(self, key, state, sentence, cure="", **facts):
        verdict = self._judge(key, **facts)
        self.assertEqual(
            (verdict.state, verdict.sentence, verdict.cure), (state, sentence, cure)
        )
        return verdict

    def test_a_firm_about_which_nothing_is_wrong_is_only_asked(self):
        for key, verdict in judge(Facts(**GOOD)).items():
            with self.subTest(check=key):
                self.assertEqual(verdict.state, CONFIRM if key in ASKED else OK)

    def test_before_the_lists_have_loaded_nothing_is_known_but_what_is_asked(self):
        known = {**dict.fromkeys(ASKED, CONFIRM), "details": TODO}
        for key, verdict in judge(Facts(detail_source="reporting")).items():
            with self.subTest(check=key):
                self.assertEqual(verdict.state, known.get(key, UNKNOWN))

    def test_every_verdict_reads_as_a_sentence(self):
        worse = {
            "sections": [frozenset(), frozenset({"other"}), frozenset({"income"})],
            "account_count": [0],
            "bank_accounts": [()],
            "trust_accounts": [()],
            "tax_codes": [(), (("GST", Decimal(10)),)],
            "quickbooks_account_count": [0],
            "quickbooks_bank_accounts": [()],
            "quickbooks_trust_accounts": [()],
            "quickbooks_item_count": [0],
            "currency": ["", "EUR"],
            "bill_currencies": [frozenset(), frozenset({"USD", "EUR"})],
            "is_multicurrency": [True],
            "uses_automated_tax": [True],
            "uses_custom_numbers": [False],
            "offering": [""],
            "subscription": ["TRIAL"],
            "close_date": [date(2026, 6, 30)],
            "detail_source": ["files", "totals"],
            "has_detail_source": [False],
        }
        no_totals = {"detail_source": "totals", "has_detail_source": False}
        both = {"trust_accounts": (), "quickbooks_trust_accounts": ()}
        after = {"close_date": date(2026, 6, 30), "start_date": date(2026, 7, 1)}
        cases = [{name: value} for name, values in worse.items() for value in values]
        said = set()
        for facts in ({"is_read": False}, both, after, no_totals, *cases):
            for verdict in judge(Facts(**{**GOOD, **facts})).values():
                text = str(SENTENCES[verdict.sentence]) % verdict.values
                self.assertTrue(text.endswith("."), text)
                said.add(verdict.sentence)
        self.assertEqual(said, set(SENTENCES), "a sentence that nothing says")

    def test_chart_of_accounts_needs_income_and_expense(self):
        key = "chart_of_accounts"
        self._assert_judged(key, TODO, "no_accounts", "actionstep", account_count=0)
        self._assert_judged(
            key,
            TODO,
            "no_fee_accounts",
            "actionstep",
            sections=frozenset({"income", "asset"}),
        )
        self._assert_judged(
            key,
            TODO,
            "no_account_types",
            "actionstep",
            sections=frozenset({"other"}),
        )
        self._assert_judged(
            key,
            TODO,
            "no_quickbooks_accounts",
            "quickbooks",
            quickbooks_account_count=0,
        )

    def test_currency_is_asked_until_bills_tell_it(self):
        none = frozenset()
        verdict = self._assert_judged(
            "currency", CONFIRM, "currency_unseen", "actionstep", bill_currencies=none
        )
        self.assertEqual(verdict.values, {"currency": "USD"})
        self._assert_judged(
            "currency",
            TODO,
            "currency_differs",
            "quickbooks",
            bill_currencies=frozenset({"EUR"}),
        )

    def test_bills_in_other_currencies_need_multicurrency(self):
        mixed = frozenset({"USD", "EUR"})
        verdict = self._assert_judged(
            "multicurrency",
            TODO,
            "multicurrency_needed",
            "quickbooks",
            bill_currencies=mixed,
        )
        self.assertEqual(verdict.values["others"], "EUR")
        self._assert_judged(
            "multicurrency",
            OK,
            "multicurrency_on",
            bill_currencies=mixed,
            is_multicurrency=True,
        )

    def test_each_rate_of_actionstep_must_be_in_quickbooks(self):
        verdict = self._assert_judged(
            "tax_rates",
            TODO,
            "rates_missing",
            "quickbooks",
            tax_codes=(("NT", Decimal(0)), ("TAX 9", Decimal("9.00"))),
        )
        self.assertEqual(verdict.values, {"codes": "TAX 9 (9 %)"})

    def test_automated_sales_tax_finds_the_rate_itself(self):
        self._assert_judged(
            "tax_rates",
            OK,
            "automated_tax",
            uses_automated_tax=True,
            quickbooks_tax_codes=(("TAX", Decimal(0)),),
        )

    def test_firm_without_any_tax_needs_a_code_of_nothing(self):
        self._assert_judged(
            "zero_rate", TODO, "no_zero_rate", "actionstep", tax_codes=()
        )
        self._assert_judged(
            "zero_rate",
            WARNING,
            "no_zero_rate",
            "actionstep",
            tax_codes=(("GST", Decimal(10)),),
        )

    def test_trust_money_needs_an_account_of_a_trust_type_in_quickbooks(self):
        verdict = self._assert_judged(
            "trust_accounts",
            TODO,
            "trust_type",
            "quickbooks",
            quickbooks_trust_accounts=(),
        )
        self.assertEqual(verdict.values["names"], "1-1200 Trust")
        self._assert_judged(
            "trust_accounts", WARNING, "no_trust", "actionstep", trust_accounts=()
        )

    def test_long_lists_are_cut(self):
        names = tuple(f"Bank {number}" for number in range(1, 8))
        verdict = self._judge("bank_accounts", bank_accounts=names)
        self.assertEqual(
            verdict.values, {"names": "Bank 1, Bank 2, Bank 3, Bank 4 (+3)"}
        )

    def test_closing_date_asks_for_a_later_start(self):
        closed = date(2026, 6, 30)
        for start in (None, date(2026, 6, 30)):
            with self.subTest(start=start):
                self._assert_judged(
                    "closing_date",
                    WARNING,
                    "books_closed",
                    "start_date",
                    close_date=closed,
                    start_date=start,
                )
        self._assert_judged(
            "closing_date",
            OK,
            "starts_after_close",
            close_date=closed,
            start_date=date(2026, 7, 1),
        )


class ChecksCase(ActionstepCase):
    def _get(self, connection, key):
        return connection.check_ids.filtered(lambda check: check.key == key)

    def _get_states(self, connection):
        return {check.key: check.state for check in connection.check_ids}

    def _make_user(self, group):
        return new_test_user(self.env, group, groups=f"{MODULE}.{group}")

    def _set_preferences(self, **changes):
        self._edit_in_quickbooks("Preferences", "1", **changes)


@tagged("post_install", "-at_install")
class TestChecklist(ChecksCase):
    """The list on a connection, against the local servers."""

    def test_new_connection_shows_the_whole_list_and_asks_neither_side(self):
        for side in ("actionstep", "quickbooks"):
            self.sandbox.admin(side, "DELETE", "log")

        connection = self._make_connection()

        self.assertEqual(connection.check_ids.mapped("key"), list(CHECKS))
        states = self._get_states(connection)
        self.assertEqual(states.pop("details"), OK)
        self.assertEqual(set(states.values()), {CONFIRM, UNKNOWN})
        for side in ("actionstep", "quickbooks"):
            self.assertFalse(self.sandbox.requests(side))

    def test_sample_firm_is_ready_but_for_what_was_made_to_be_wrong(self):
        connection = self._make_connected()

        states = self._get_states(connection)

        # One of its tax codes has no equal in QuickBooks, on purpose.
        self.assertEqual(states.pop("tax_rates"), TODO)
        self.assertIn("CITY 9.5 (9.5 %)", self._get(connection, "tax_rates").message)
        self.assertEqual(states.pop("closing_date"), WARNING)
        asked = ASKED | {"currency"}
        self.assertEqual(
            states, {key: CONFIRM if key in asked else OK for key in states}
        )
        self.assertEqual(connection.check_count, len(asked) + 2)
        edition = self._get(connection, "edition")
        self.assertEqual(edition.message, "QuickBooks Online Plus.")
        method = self._get(connection, "accounting_method")
        self.assertIn("Actionstep's interface does not tell this", method.message)

    def test_bills_that_were_read_answer_for_the_currency(self):
        connection = self._make_active()
        self._run(connection)

        connection.action_check_setup()

        self.assertEqual(self._get(connection, "currency").state, OK)

    def test_check_again_reads_what_was_changed_in_quickbooks(self):
        connection = self._make_connected()
        self._set_preferences(
            SalesFormsPrefs={"CustomTxnNumbers": False},
            AccountingInfoPrefs={"BookCloseDate": None},
        )

        connection.action_check_setup()

        states = self._get_states(connection)
        self.assertEqual(states["custom_numbers"], TODO)
        self.assertEqual(states["closing_date"], OK)

    def test_trial_company_is_warned_of(self):
        trial = [{"Name": "SubscriptionStatus", "Value": "TRIAL"}]
        self._edit_in_quickbooks("CompanyInfo", "1", NameValue=trial)

        connection = self._make_connected()

        self.assertEqual(self._get(connection, "edition").state, WARNING)

    def test_details_without_a_source_lead_to_the_settings(self):
        connection = self._make_connection(reporting_host=False)
        details = self._get(connection, "details")
        self.assertEqual((details.state, details.cure), (TODO, "details"))
        self.assertEqual(details.action_cure()["res_id"], connection.id)

        connection.detail_source = "files"

        self.assertEqual(details.state, OK)

    def test_start_after_the_closing_date_is_one_press(self):
        connection = self._make_connected()
        check = self._get(connection, "closing_date")
        self.assertEqual(check.cure, "start_date")

        check.action_cure()

        closed = connection.quickbooks_close_date
        self.assertEqual((connection.start_date - closed).days, 1)
        self.assertEqual(check.state, OK)

    def test_cure_opens_the_side_where_it_is_put_right(self):
        connection = self._make_connected()
        for key, url in (
            ("rights", connection._get_quickbooks_app_url()),
            ("accounting_method", connection._get_actionstep_app_url()),
        ):
            with self.subTest(check=key):
                action = self._get(connection, key).action_cure()
                self.assertEqual(action["type"], "ir.actions.act_url")
                self.assertEqual((action["url"], action["target"]), (url, "new"))

    def test_actionstep_is_opened_at_the_host_of_its_consent(self):
        connection = self._make_connection(environment="production")
        self.assertEqual(
            connection._get_actionstep_app_url(), "https://go.actionstep.com/"
        )


@tagged("post_install", "-at_install")
class TestConfirmations(ChecksCase):
    def setUp(self):
        super().setUp()
        self.connection = self._make_connected()
        self.check = self._get(self.connection, "accounting_method")

    def test_confirmation_names_who_and_when_and_stands_in_the_chatter(self):
        ann = self._make_user("group_administrator")

        self.check.with_user(ann).action_confirm()

        self.assertEqual(self.check.state, OK)
        self.assertEqual(self.check.confirmed_by_id, ann)
        self.assertEqual(self.check.confirmed_at, fields.Datetime.now())
        self.assertIn(f"Confirmed by {ann.name} on", self.check.message)
        note = self.connection.message_ids[0]
        self.assertIn("Accounting method", note.body)
        self.assertEqual(note.author_id, ann.partner_id)

    def test_confirmation_outlives_the_next_check(self):
        self.check.action_confirm()

        self.connection.action_check_setup()

        self.assertEqual(self.check.state, OK)
        self.assertTrue(self.check.confirmed_by_id)

    def test_confirmation_lapses_when_the_question_is_another(self):
        currency = self._get(self.connection, "currency")
        currency.action_confirm()
        self.connection.quickbooks_currency_id = self.env.ref("base.EUR")

        self.connection._update_checks()

        self.assertEqual(currency.state, CONFIRM)
        self.assertFalse(currency.confirmed_by_id)

    def test_confirmation_is_taken_back(self):
        self.check.action_confirm()

        self.check.action_take_back()

        self.assertEqual(self.check.state, CONFIRM)
        self.assertFalse(self.check.confirmed_at)
        self.assertIn("No longer confirmed", self.connection.message_ids[0].body)

    def test_what_was_read_is_not_confirmed_away(self):
        self.connection.quickbooks_custom_numbers = False
        self.connection._update_checks()
        numbers = self._get(self.connection, "custom_numbers")

        numbers.action_confirm()

        self.assertEqual(numbers.state, TODO)
        self.assertFalse(numbers.confirmed_by_id)

    def test_only_an_administrator_confirms(self):
        for group in ("group_user", "group_operator"):
            check = self.check.with_user(self._make_user(group))
            with self.subTest(group=group), self.assertRaises(AccessError):
                check.action_confirm()
        self.assertEqual(self.check.state, CONFIRM)


@tagged("post_install", "-at_install")
class TestGuidedWay(ChecksCase):
    """Which step is next, and what is said of it."""

    def _get_step(self, connection):
        """Return the next step as the page that loads now shows it."""
        connection.invalidate_recordset()
        return connection.setup_step

    def test_each_step_leads_to_the_next(self):
        connection = self._make_connection(
            actionstep_client_secret=False,
            quickbooks_client_secret=False,
            reporting_host=False,
        )
        steps = [self._get_step(connection)]
        keys = self._prepare_connection()
        secrets = ("actionstep_client_secret", "quickbooks_client_secret")
        connection.write({name: keys[name] for name in secrets})
        steps.append(self._get_step(connection))
        for side in ("actionstep", "quickbooks"):
            self._consent(connection, side)
            steps.append(self._get_step(connection))
        connection.action_load_lists()
        steps.append(self._get_step(connection))
        self._map(connection)
        steps.append(self._get_step(connection))
        connection.action_turn_on()
        self.assertFalse(connection.push_invoices)
        connection.reporting_host = keys["reporting_host"]
        steps.append(self._get_step(connection))
        shown = connection.action_turn_on()
        steps.append(self._get_step(connection))

        self.assertEqual(steps, list(dict(connection._fields["setup_step"].selection)))
        self.assertEqual(connection.state, "active")
        self.assertEqual(shown["res_id"], connection.id)

    def test_each_step_says_what_comes_next(self):
        connection = self._make_connection()
        steps = dict(connection._fields["setup_step"].selection)
        self.assertEqual(HINTS.keys(), steps.keys() - {"done"})
        self.assertEqual(connection.setup_hint, str(HINTS["actionstep"]))
        user = self._make_user("group_user")
        self.assertIn("An administrator", connection.with_user(user).setup_hint)

    def test_side_that_was_disconnected_is_the_next_step_again(self):
        connection = self._make_active()
        connection.action_disconnect_actionstep()
        self.assertEqual(connection.setup_step, "actionstep")


@tagged("post_install", "-at_install")
class TestCheckAgain(OauthCommon):
    """The button, as the browser presses it."""

    def _get_states(self):
        return {check.key: check.state for check in self.connection.check_ids}

    def test_check_that_cannot_read_says_so_and_keeps_what_was_known(self):
        self._connect_both()
        before = self._get_states()
        fault = {"kind": "status", "status": 503, "shape": "html"}
        self.sandbox.fault("quickbooks", fault, path="companyinfo")

        shown = self._press("action_check_setup")["result"]["params"]

        self.assertEqual(shown["type"], "danger")
        self.assertIn("QuickBooks: Not reachable.", shown["message"])
        self.assertEqual(self._get_states(), before)

    def test_check_before_connecting_asks_neither_side(self):
        self.assertIs(self._press("action_check_setup")["result"], False)

        for side in ("actionstep", "quickbooks"):
            self.assertFalse(self.sandbox.requests(side))


@tagged("post_install", "-at_install")
class TestSetupTours(ActionstepCommon, HttpCase):
    """The guided way and the checklist, in a real browser."""

    def _tour(self, path, name, login):
        self.start_tour(path, f"{MODULE}_{name}", login=login, timeout=180)
        self.env.invalidate_all()

    def _make_user(self, login, group):
        return new_test_user(
            self.env, login, groups=f"{MODULE}.{group}", password=login, lang="en_US"
        )

    def _prepare_new(self):
        """Let what a new connection has by default lead to the local servers.

        A person enters the keys; the rest is what a firm has, or never sees.
        """
        values = self._prepare_connection()
        keys = {name: values.pop(name) for name in list(values) if "client" in name}
        for name, value in values.items():
            self.env["ir.default"].set("actionstep.connection", name, value)
        self.env["ir.config_parameter"].set_param(
            f"{MODULE}.test_keys", json.dumps(keys)
        )

    def test_guided_way_from_new_to_the_first_pushed_invoice(self):
        self._prepare_new()

        self._tour("/odoo/actionstep-connections", "guided_way", "admin")

        connection = self.env["actionstep.connection"].search([])
        self.assertEqual(connection.state, "active")
        self.assertEqual(connection.setup_step, "done")
        self.assertEqual(self._get_invoice(connection, 1001).state, "pushed")
        self.assertTrue(self._get_quickbooks_invoices(1001))
        self._assert_told("connected", clicks=3, typed=4)
        # Accept All three times, two tabs, the switch, and one to look.
        self._assert_told("pushed", clicks=3 + 3 + 2 + 2, typed=4)

    def _assert_told(self, what, **counts):
        """Compare what the tour counted, and say how long it took until then."""
        name = f"{MODULE}.test_{what}"
        told = json.loads(self.env["ir.config_parameter"].get_param(name))
        _logger.info("Guided way until %s: %s", what, told)
        self.assertEqual({key: told[key] for key in counts}, counts)

    def test_checklist_is_worked_off(self):
        ann = self._make_user("ann", "group_administrator")
        connection = self._make_connected()

        self._tour(f"/odoo/actionstep-connections/{connection.id}", "checks", "ann")

        closed = connection.quickbooks_close_date
        self.assertEqual((connection.start_date - closed).days, 1)
        [confirmed] = connection.check_ids.filtered("confirmed_at")
        self.assertEqual(confirmed.key, "accounting_method")
        self.assertEqual(confirmed.confirmed_by_id, ann)

    def test_user_without_rights_sees_the_way_and_no_button(self):
        self._make_user("ulla", "group_user")
        self._make_connection(name="New Firm", quickbooks_client_secret=False)
        half = self._make_connection(name="Half Firm")
        for side in ("actionstep", "quickbooks"):
            self._consent(half, side)

        self._tour("/odoo/actionstep-connections", "without_rights", "ulla")

        self.assertFalse(half.lists_loaded_at)
