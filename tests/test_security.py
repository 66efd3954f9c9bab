"""Who may see and do what: each group, each company, each model, each method."""

from odoo import fields
from odoo.exceptions import AccessError
from odoo.service.model import call_kw
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from .common import ActionstepCase
from .test_oauth import CALLBACK, OauthCommon

MODULE = "actionstep_quickbooks"
USER = f"{MODULE}.group_user"
OPERATOR = f"{MODULE}.group_operator"
ADMINISTRATOR = f"{MODULE}.group_administrator"
OPERATIONS = ("read", "write", "create", "unlink")
MAPPINGS = (
    "actionstep.item.mapping",
    "actionstep.account.mapping",
    "actionstep.tax.mapping",
)
# What an administrator may do besides reading; all others only read.
ADMINISTRATOR_MAY = {
    "actionstep.connection": {"read", "write", "create", "unlink"},
    "actionstep.sync.checkpoint": {"read", "write"},
    **dict.fromkeys(MAPPINGS, {"read", "write", "create", "unlink"}),
}
# Contexts with which somebody may hope to become another.
FORGED = (
    {},
    {"uid": 1, "su": True, "sudo": True},
    {"allowed_company_ids": []},
    {"active_test": False, "install_mode": True, "module": MODULE},
    {"cron_id": 1, "ir_cron_progress_id": 1, "lastcall": False},
    {"tracking_disable": True, "mail_create_nosubscribe": True, "no_reset_password": 1},
)


class SecurityCase(ActionstepCase):
    """Two firms in two companies, each with a record of every model."""

    def setUp(self):
        super().setUp()
        self.home = self.env.company
        self.away = self.env["res.company"].create({"name": "Other Firm"})
        self.ours = self._make_firm("Ours", self.home, "1")
        self.theirs = self._make_firm("Theirs", self.away, "2")
        self.env.flush_all()
        self.env.invalidate_all()

    def _make_firm(self, name, company, realm):
        """Return ``{model: record}`` of a firm, a record of each model."""
        connection = self._make_connection(name=name, company_id=company.id)
        connection.write({"realm_id": realm, "user_id": False})
        records = {
            "actionstep.connection": connection,
            "actionstep.check": connection.check_ids[0],
        }

        def make(model, **values):
            if "connection_id" in self.env[model]._fields:
                values["connection_id"] = connection.id
            records[model] = self.env[model].create(values)
            return records[model]

        for model in (
            "actionstep.account",
            "actionstep.tax.code",
            "actionstep.participant",
            "actionstep.matter",
            "quickbooks.item",
            "quickbooks.account",
            "quickbooks.tax.code",
            "quickbooks.payment.method",
        ):
            make(model, external_id="1", name=f"{name} {model}")
        make(
            "actionstep.subcustomer",
            external_id="1/1",
            participant_id=records["actionstep.participant"].id,
            matter_id=records["actionstep.matter"].id,
        )
        account = records["actionstep.account"].id
        make(MAPPINGS[0], account_id=account, item_id=records["quickbooks.item"].id)
        make(
            MAPPINGS[1],
            account_id=account,
            gl_account_id=records["quickbooks.account"].id,
        )
        make(
            MAPPINGS[2],
            tax_code_id=records["actionstep.tax.code"].id,
            quickbooks_tax_code_id=records["quickbooks.tax.code"].id,
        )
        invoice = make(
            "actionstep.invoice",
            external_id="1",
            number=f"{name} 1",
            state="attention",
            failure_cause="account_unmapped",
            quickbooks_id="7",
        )
        make("actionstep.invoice.line", invoice_id=invoice.id, description=name)
        payment = make("actionstep.payment", external_id="1", reference=name)
        make(
            "actionstep.payment.allocation", payment_id=payment.id, bill_external_id="1"
        )
        note = make("actionstep.credit.note", external_id="1", number=f"CR {name}")
        make("actionstep.credit.note.line", credit_note_id=note.id, description=name)
        make(
            "actionstep.credit.application",
            external_id="1/1",
            credit_note_id=note.id,
            bill_external_id="1",
        )
        run = make("actionstep.sync.run")
        make(
            "actionstep.sync.job",
            invoice_id=invoice.id,
            operation="create",
            state="failed",
            run_id=run.id,
        )
        make("actionstep.sync.checkpoint", stream="bills")
        records["actionstep.register"] = self.env["actionstep.register"].search(
            [("res_id", "=", invoice.id), ("kind", "=", "invoice")]
        )
        records["actionstep.attention"] = self.env["actionstep.attention"].search(
            [("connection_id", "=", connection.id), ("kind", "=", "documents")]
        )
        return records

    def _make_user(self, group, login=None, companies=None):
        companies = companies or self.home
        login = login or (group or "nobody").rpartition(".")[2]
        return new_test_user(
            self.env,
            login,
            groups=group or "base.group_user",
            company_id=companies[0].id,
            company_ids=[(6, 0, companies.ids)],
        )

    def _get_outsiders(self):
        """Return users who have nothing to do with the addon."""
        return [
            self._make_user("base.group_user", "employee"),
            self._make_user("base.group_portal", "guest"),
            self._make_user("base.group_public", "stranger"),
            self._make_user("base.group_system", "technician"),
        ]

    def _snapshot(self):
        """Return every stored row of ours, and of the scheduled actions."""
        self.env.flush_all()
        models = (self.env[name] for name in self._get_models())
        tables = [model._table for model in models if model._auto]
        rows = {}
        for table in (*tables, "ir_cron", "ir_cron_trigger", "actionstep_credential"):
            # The place of a row tells whether it was written, even with equal values.
            self.env.cr.execute(f"SELECT ctid, id FROM {table} ORDER BY id")
            rows[table] = self.env.cr.fetchall()
        return rows

    def _get_models(self):
        return [
            name
            for name, model in self.env.registry.items()
            if model._original_module == MODULE
            and not model._abstract
            and not model._transient
            and name not in ("actionstep.credential", "actionstep.pace")
        ]

    def _call(self, user, record, method, *args, context=None):
        """Call a method as the web client does; return its answer or its error."""
        model = self.env[record._name].with_user(user)
        kwargs = {"context": context} if context is not None else {}
        try:
            with self.env.cr.savepoint():
                answer = call_kw(model, method, [record.ids, *args], kwargs)
                self.env.flush_all()
        except Exception as error:  # the callers look at what kind it is
            return error
        finally:
            self.env.invalidate_all()
        return answer


@tagged("post_install", "-at_install")
class TestRights(SecurityCase):
    def test_builders_cover_every_model(self):
        self.assertEqual(set(self.ours), set(self._get_models()))

    def test_each_group_may_do_what_it_should_and_nothing_else(self):
        groups = {
            USER: {},
            OPERATOR: {},
            ADMINISTRATOR: ADMINISTRATOR_MAY,
        }
        for group, more in groups.items():
            user = self._make_user(group)
            for name, record in self.ours.items():
                allowed = more.get(name, {"read"})
                with self.subTest(group=group, model=name):
                    may = {
                        operation
                        for operation in OPERATIONS
                        if record.with_user(user).has_access(operation)
                    }
                    self.assertEqual(may, allowed)

    def test_what_has_access_is_what_happens(self):
        """Real writes, not only the question whether they would be allowed."""
        for group in (USER, OPERATOR):
            user = self._make_user(group)
            before = self._snapshot()
            for name, record in self.ours.items():
                with self.subTest(group=group, model=name):
                    values = {"connection_id": self.ours["actionstep.connection"].id}
                    for method, *args in (
                        ("write", {"company_id": self.home.id}),
                        ("unlink",),
                        ("copy",),
                        ("web_save", values, {}),
                    ):
                        error = self._call(user, record, method, *args)
                        self.assertIsInstance(error, Exception, method)
            self.assertEqual(self._snapshot(), before)

    def test_outsiders_see_nothing(self):
        for user in self._get_outsiders():
            for name, record in self.ours.items():
                with self.subTest(user=user.login, model=name):
                    model = self.env[name].with_user(user)
                    for operation in OPERATIONS:
                        self.assertFalse(model.has_access(operation))
                    for method, *args in (
                        ("read", ["display_name"]),
                        ("web_read", {"display_name": {}}),
                        ("export_data", ["display_name"]),
                        ("message_post",),
                    ):
                        error = self._call(user, record, method, *args)
                        self.assertIsInstance(error, Exception, method)
                    with self.assertRaises(AccessError):
                        model.search([])
                    with self.assertRaises(AccessError):
                        model.search_count([])

    def test_outsiders_have_no_menu(self):
        root = self.env.ref(f"{MODULE}.menu_root")
        for user in self._get_outsiders():
            menu = self.env["ir.ui.menu"].with_user(user)
            if menu.has_access("read"):
                with self.subTest(user=user.login):
                    self.assertNotIn(root.id, menu._visible_menu_ids())
        menus = self.env["ir.ui.menu"].with_user(self._make_user(USER))
        self.assertIn(root.id, menus._visible_menu_ids())
        checkpoints = self.env.ref(f"{MODULE}.menu_checkpoints")
        self.assertNotIn(checkpoints.id, menus._visible_menu_ids())

    def test_groups_build_on_each_other(self):
        user, operator, administrator = map(
            self.env.ref, (USER, OPERATOR, ADMINISTRATOR)
        )
        self.assertIn(user, operator.implied_ids)
        self.assertIn(operator, administrator.implied_ids)
        self.assertNotIn(
            self.env.ref("base.group_system"), administrator.all_implied_ids
        )
        self.assertEqual(
            (user | operator | administrator).privilege_id,
            self.env.ref(f"{MODULE}.privilege_actionstep"),
        )

    def test_comments_on_documents_are_for_all_and_on_connections_for_administrators(
        self,
    ):
        invoice = self.ours["actionstep.invoice"]
        connection = self.ours["actionstep.connection"]
        user = self._make_user(USER)
        invoice.with_user(user).message_post(body="Called the client.")
        self.assertIn("Called the client.", invoice.message_ids[0].body)
        with self.assertRaises(AccessError):
            connection.with_user(user).message_post(body="Hello")
        connection.with_user(self._make_user(ADMINISTRATOR)).message_post(body="Hello")


@tagged("post_install", "-at_install")
class TestCompanies(SecurityCase):
    def test_each_user_finds_the_records_of_their_own_companies(self):
        for group in (USER, ADMINISTRATOR):
            for companies, expected in (
                (self.home, [self.ours]),
                (self.away, [self.theirs]),
                (self.home + self.away, [self.ours, self.theirs]),
            ):
                login = f"{group.rpartition('.')[2]}{companies.ids}"
                user = self._make_user(group, login, companies)
                for name in self.ours:
                    with self.subTest(login=login, model=name):
                        found = self.env[name].with_user(user).search([])
                        mine = self.env[name].union(*(firm[name] for firm in expected))
                        self.assertLessEqual(found.company_id, mine.company_id)
                        self.assertLessEqual(mine, found)

    def test_records_of_another_company_are_out_of_reach(self):
        user = self._make_user(ADMINISTRATOR)
        before = self._snapshot()
        for name, record in self.theirs.items():
            fields_read = ["display_name", "company_id"]
            for context in (
                *FORGED,
                {"allowed_company_ids": [self.away.id]},
                {"allowed_company_ids": [self.home.id, self.away.id]},
                {"force_company": self.away.id, "company_id": self.away.id},
            ):
                with self.subTest(model=name, context=context):
                    for method, *args in (
                        ("read", fields_read),
                        ("web_read", {"display_name": {}}),
                        ("export_data", ["display_name"]),
                        ("write", {"connection_id": 1}),
                        ("unlink",),
                        ("copy",),
                        ("message_post",),
                    ):
                        error = self._call(user, record, method, *args, context=context)
                        self.assertIsInstance(error, Exception, method)
        self.assertEqual(self._snapshot(), before)

    def test_nothing_is_made_in_another_company(self):
        user = self._make_user(ADMINISTRATOR)
        with self.assertRaises(AccessError), self.env.cr.savepoint():
            self.env["actionstep.connection"].with_user(user).create(
                {"name": "Mine", "company_id": self.away.id}
            )
        for name in MAPPINGS:
            values = self.theirs[name].copy_data()[0]
            self.theirs[name].unlink()
            with (
                self.subTest(model=name),
                self.assertRaises(AccessError),
                self.env.cr.savepoint(),
            ):
                self.env[name].with_user(user).create(values)

    def test_connection_is_not_given_away_to_another_company(self):
        user = self._make_user(ADMINISTRATOR)
        self.ours["actionstep.invoice"].unlink()
        with self.assertRaises(AccessError), self.env.cr.savepoint():
            self.ours["actionstep.connection"].with_user(user).company_id = self.away

    def test_company_that_is_not_switched_on_is_out_of_reach(self):
        user = self._make_user(
            ADMINISTRATOR, companies=self.home + self.away, login="both"
        )
        for name in self.ours:
            with self.subTest(model=name):
                found = (
                    self.env[name]
                    .with_user(user)
                    .with_context(allowed_company_ids=self.away.ids)
                    .search([])
                )
                self.assertEqual(found.company_id, self.away)

    def test_counts_of_a_connection_are_of_its_own_documents(self):
        user = self._make_user(USER, "both", self.home + self.away)
        connection = self.ours["actionstep.connection"].with_user(user)
        self.assertEqual(connection.attention_count, 1)


@tagged("post_install", "-at_install")
class TestMethods(SecurityCase):
    """Each method that can be called from outside, by everybody."""

    OPERATOR_MAY = {
        "action_stop",
        "action_sync_now",
        "action_requeue",
        "action_leave",
        "action_hold",
        "action_push_now",
        "action_release",
        "action_try_again",
        "action_unlink",
    }
    READER_MAY = {
        "action_open",
        "action_open_checks",
        "action_open_documents",
        "action_open_mapping",
        "action_open_invoices",
        "action_open_attention",
        "action_open_credit_notes",
        "action_open_payments",
        "action_open_in_actionstep",
        "action_open_in_quickbooks",
        "action_preview",
    }
    ADMINISTRATOR_MAY = {
        "action_check_reporting",
        "action_check_setup",
        "action_confirm",
        "action_connect_actionstep",
        "action_connect_quickbooks",
        "action_cure",
        "action_disconnect_actionstep",
        "action_disconnect_quickbooks",
        "action_load_lists",
        "action_pause",
        "action_refresh_lists",
        "action_resume",
        "action_take_back",
        "action_turn_on",
    }

    def setUp(self):
        super().setUp()
        connection = self.ours["actionstep.connection"]
        for side in ("actionstep", "quickbooks"):
            connection._get_credential(side).write(
                {"state": "connected", "access_token": "a", "refresh_token": "r"}
            )
        self.ours["actionstep.account"].account_type = "Income"
        second = self.env["actionstep.account"].create(
            {
                "connection_id": connection.id,
                "external_id": "9",
                "name": "Cost",
                "account_type": "Expense",
            }
        )
        self.env["actionstep.item.mapping"].create(
            {
                "connection_id": connection.id,
                "account_id": second.id,
                "item_id": self.ours["quickbooks.item"].id,
            }
        )
        connection.push_invoices = True
        self.assertEqual(connection.state, "active")
        self.env.flush_all()
        self.env.invalidate_all()

    def _get_methods(self):
        """Return ``(record, method)`` of each public method of ours."""
        methods = []
        for record in self.ours.values():
            names = {n for n in dir(type(record)) if n.startswith("action_")}
            inherited = set(dir(self.env.registry["mail.thread"])) | set(
                dir(self.env.registry["mail.activity.mixin"])
            )
            base = set(dir(self.env.registry["base"]))
            methods += [(record, n) for n in sorted(names - inherited - base)]
        return methods

    def test_all_of_them_are_known(self):
        self.assertEqual(
            {method for _record, method in self._get_methods()},
            self.OPERATOR_MAY | self.READER_MAY | self.ADMINISTRATOR_MAY,
        )

    def test_nobody_does_more_than_their_group_may(self):
        users = {
            self._make_user(USER): self.READER_MAY,
            self._make_user(OPERATOR): self.READER_MAY | self.OPERATOR_MAY,
            **{user: set() for user in self._get_outsiders()},
        }
        before = self._snapshot()
        for user, may in users.items():
            for record, method in self._get_methods():
                if method in may:
                    continue
                for context in (*FORGED, {"allowed_company_ids": self.home.ids}):
                    with self.subTest(
                        user=user.login, model=record._name, method=method
                    ):
                        answer = self._call(user, record, method, context=context)
                        self._assert_no_use(answer, method)
        self.assertEqual(self._snapshot(), before)

    def _assert_no_use(self, answer, method):
        """An error; or a window, which shows nothing to who may not read."""
        if method in self.READER_MAY and isinstance(answer, dict):
            self.assertIn(answer["type"], ("ir.actions.act_window",))
        else:
            self.assertIsInstance(answer, Exception)

    def test_nobody_reaches_the_connection_of_another_company(self):
        user = self._make_user(ADMINISTRATOR)
        before = self._snapshot()
        for own, method in self._get_methods():
            record = self.theirs[own._name]
            for context in (*FORGED, {"allowed_company_ids": [self.away.id]}):
                with self.subTest(model=record._name, method=method, context=context):
                    answer = self._call(user, record, method, context=context)
                    self._assert_no_use(answer, method)
        self.assertEqual(self._snapshot(), before)

    def test_methods_for_readers_change_nothing(self):
        user = self._make_user(USER)
        before = self._snapshot()
        for record, method in self._get_methods():
            if method in self.READER_MAY:
                with self.subTest(method=method):
                    answer = self._call(user, record, method)
                    self.assertIn("type", answer)
        self.assertEqual(self._snapshot(), before)

    def test_operator_requeues_and_starts_a_run(self):
        user = self._make_user(OPERATOR)
        invoice = self.ours["actionstep.invoice"]

        self.assertIs(self._call(user, invoice, "action_requeue"), True)
        self.assertEqual(invoice.state, "waiting")

        invoice.state = "attention"
        self._call(user, self.ours["actionstep.sync.job"], "action_requeue")
        self.assertEqual(invoice.state, "waiting")

        answer = self._call(user, self.ours["actionstep.connection"], "action_sync_now")
        self.assertEqual(answer["tag"], "display_notification")

    def test_one_foreign_document_among_mine_stops_the_whole_requeue(self):
        user = self._make_user(OPERATOR)
        both = self.ours["actionstep.invoice"] + self.theirs["actionstep.invoice"]

        error = self._call(user, both, "action_requeue")

        self.assertIsInstance(error, AccessError)
        self.assertEqual(set(both.mapped("state")), {"attention"})

    @mute_logger("odoo.service.model")
    def test_private_methods_are_private(self):
        admin = self.env.ref("base.user_admin")
        for record, method, *args in (
            (self.ours["actionstep.connection"], "_get_credential", "quickbooks"),
            (self.ours["actionstep.connection"], "_complete_consent", "quickbooks"),
            (self.ours["actionstep.connection"], "_cron_sync"),
            (self.ours["actionstep.connection"], "_load_lists"),
            (self.ours["actionstep.connection"], "_commit_step"),
            (self.ours["actionstep.invoice"], "_requeue"),
            (self.ours["actionstep.invoice"], "_set_pushed", {}),
            (self.ours["actionstep.sync.job"], "_set_done"),
            (
                self.ours["actionstep.connection"]._get_credential("quickbooks"),
                "_get_access_token",
            ),
        ):
            with self.subTest(method=method):
                error = self._call(admin, record, method, *args)
                self.assertIsInstance(error, AccessError)

    def test_what_the_server_knows_is_not_typed_in(self):
        """The binding to the two accounts comes from the consent alone."""
        user = self._make_user(ADMINISTRATOR)
        connection = self.ours["actionstep.connection"]
        known = {
            "resume_at": fields.Datetime.now(),
            "pause_reason": "evil",
            "failure_count": 7,
            "realm_id": "999",
            "orgkey": "evil",
            "state": "draft",
            "quickbooks_state": "disconnected",
            "quickbooks_country": "GB",
            "quickbooks_close_date": fields.Date.today(),
            "lists_loaded_at": fields.Datetime.now(),
        }
        for name, value in known.items():
            with self.subTest(field=name):
                before = connection[name]
                error = self._call(user, connection, "write", {name: value})
                self.assertIsInstance(error, AccessError)
                self.assertEqual(connection[name], before)
                with self.assertRaises(AccessError), self.env.cr.savepoint():
                    self.env["actionstep.connection"].with_user(user).create(
                        {"name": "Mine", name: value}
                    )


@tagged("post_install", "-at_install")
class TestOverHttp(OauthCommon):
    """The same through the door that a stranger would use."""

    def _rpc(self, model, method, *args, **kwargs):
        answer = self.url_open(
            f"/web/dataset/call_kw/{model}/{method}",
            json=self.build_rpc_payload(
                {"model": model, "method": method, "args": args, "kwargs": kwargs}
            ),
        )
        self.env.invalidate_all()
        return answer.json()

    def test_administrator_reaches_no_credential_by_commands(self):
        self.connection._get_credential("quickbooks").access_token = "a token"
        credential = self.connection._get_credential("quickbooks")
        other = self._make_connection(name="Other")
        stored = credential.read()
        commands = [
            [0, 0, {"side": "reporting", "access_token": "mine"}],
            [1, credential.id, {"access_token": "mine"}],
            [2, credential.id, 0],
            [3, credential.id, 0],
            [4, credential.id, 0],
            [5, 0, 0],
            [6, 0, [credential.id]],
        ]
        for command in commands:
            for target in (self.connection, other):
                with self.subTest(command=command, target=target.name):
                    answer = self._rpc(
                        "actionstep.connection",
                        "write",
                        target.ids,
                        {"credential_ids": [command]},
                    )
                    self.assertIn("AccessError", answer["error"]["data"]["name"])
        self.assertEqual(credential.read(), stored)

    def test_portal_user_gets_nothing(self):
        new_test_user(self.env, "guest", groups="base.group_portal")
        self.authenticate("guest", "guest")
        for model in ("actionstep.connection", "actionstep.invoice"):
            answer = self._rpc(model, "search_read", [], ["display_name"])
            self.assertIn("AccessError", answer["error"]["data"]["name"])
        answer = self.url_open(f"{CALLBACK}/quickbooks?state=x", allow_redirects=False)
        self.assertEqual(answer.status_code, 403)

    def test_stranger_without_sign_in_gets_nothing(self):
        self.authenticate(None, None)
        answer = self._rpc("actionstep.connection", "search_read", [], ["name"])
        self.assertIn("error", answer)

    def test_error_of_a_foreign_record_tells_no_name(self):
        other = self.env["res.company"].create({"name": "Other Firm"})
        foreign = self._make_connection(name="Secret Firm", company_id=other.id)
        answer = self._rpc("actionstep.connection", "read", foreign.ids, ["name"])
        self.assertNotIn("Secret Firm", str(answer))
