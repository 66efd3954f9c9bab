"""The three maps: what a line may join, and how it shows that an end is gone."""

from odoo.exceptions import AccessError, ValidationError
from odoo.tests import Form, new_test_user, tagged

from odoo.addons.actionstep_quickbooks.exceptions import MappingError
from odoo.addons.actionstep_quickbooks.models.maps import Maps

from .common import ActionstepCase
from .test_lists import ListsMixin
from .test_oauth import OauthCommon

MAPPING_VIEW = "actionstep_quickbooks.view_actionstep_connection_mapping_form"
# Field of the connection, source field, target field.
KINDS = (
    ("item_mapping_ids", "account_id", "item_id"),
    ("account_mapping_ids", "account_id", "gl_account_id"),
    ("tax_mapping_ids", "tax_code_id", "quickbooks_tax_code_id"),
)


@tagged("post_install", "-at_install")
class TestMapping(ListsMixin, ActionstepCase):
    def setUp(self):
        super().setUp()
        self.connection = self._make_connected()
        self._map(self.connection)

    def _get_line(self, field_name):
        return self.connection[field_name][0]

    def _get_source(self, number):
        return self.connection.account_ids.filtered(lambda a: a.number == number)

    def _get_target(self, name):
        accounts = self.connection.quickbooks_account_ids
        return accounts.filtered(lambda a: a.name == name)

    def _get_tax(self, name):
        return self.connection.tax_code_ids.filtered(lambda code: code.name == name)

    def _get_their_tax(self, name):
        codes = self.connection.quickbooks_tax_code_ids
        return codes.filtered(lambda code: code.name == name)

    def test_line_names_both_ends(self):
        line = self.connection.item_mapping_ids[0]

        self.assertEqual(
            line.display_name, f"{line.account_id.display_name} → {line.item_id.name}"
        )
        self.assertTrue(line.account_id.display_name.startswith(line.account_id.number))
        self.assertEqual(line.status, "mapped")
        self.assertEqual(line.company_id, self.connection.company_id)
        tax = self.connection.tax_mapping_ids[0]
        self.assertIn("(8.25 %)", tax.display_name)

    def test_line_breaks_when_either_end_goes_and_mends_when_it_returns(self):
        for field_name, source, target in KINDS:
            for end in (source, target):
                line = self._get_line(field_name)
                with self.subTest(map=field_name, end=end):
                    line[end].active = False
                    line.invalidate_recordset()
                    self.assertTrue(line.is_broken)
                    self.assertEqual(line.status, "broken")

                    line[end].active = True
                    line.invalidate_recordset()
                    self.assertFalse(line.is_broken)
                    self.assertEqual(line.status, "mapped")

    def test_line_breaks_by_what_happens_in_quickbooks(self):
        line = self.connection.item_mapping_ids.filtered(
            lambda line: line.item_id.name == "Legal Fees"
        )
        self._edit(line.item_id, Active=False)
        self.connection._load_lists()
        self.assertTrue(line.is_broken)
        with self.assertRaises(MappingError) as caught:
            Maps(self.connection).get_item_id(line.account_id.number)
        self.assertEqual(caught.exception.cause, "mapping_broken")

        self._edit(line.item_id, Active=True)
        self.connection._load_lists()

        line.invalidate_recordset()
        self.assertFalse(line.is_broken)
        self.assertEqual(
            Maps(self.connection).get_item_id(line.account_id.number),
            line.item_id.external_id,
        )

    def test_line_breaks_by_what_happens_in_actionstep(self):
        self._move_actionstep("GB")
        self.connection._load_lists(["actionstep.tax.code"])
        codes = self.connection.tax_code_ids
        self.connection.tax_mapping_ids.unlink()
        lines = self.env["actionstep.tax.mapping"].create(
            [
                {
                    "connection_id": self.connection.id,
                    "tax_code_id": code.id,
                    "quickbooks_tax_code_id": code_of_rate.id,
                }
                for code, code_of_rate in zip(
                    codes, self._make_codes_of_rates_of(codes), strict=True
                )
            ]
        )
        self.assertFalse(lines.filtered("is_broken"))
        self._move_actionstep("US")
        self.connection._load_lists(["actionstep.tax.code"])
        broken = lines.filtered("is_broken")
        self.assertEqual(broken, lines.filtered(lambda x: not x.tax_code_id.active))
        self.assertTrue(broken)

        self._move_actionstep("GB")
        self.connection._load_lists(["actionstep.tax.code"])

        lines.invalidate_recordset()
        self.assertFalse(lines.filtered("is_broken"))

    def _make_codes_of_rates_of(self, codes):
        """Make a tax code of QuickBooks for each of Actionstep, of the same rate."""
        return self.env["quickbooks.tax.code"].create(
            [
                {
                    "connection_id": self.connection.id,
                    "external_id": f"1{code.external_id}",
                    "name": code.name,
                    "description": code.description,
                    "percentage": code.percentage,
                    "is_taxable": True,
                    "rates": [[code.external_id, str(code.percentage)]],
                }
                for code in codes
            ]
        )

    def test_broken_line_mends_with_another_target(self):
        line = self.connection.item_mapping_ids[0]
        line.item_id.active = False
        line.invalidate_recordset()
        self.assertTrue(line.is_broken)

        line.item_id = self.connection.quickbooks_item_ids[0]

        self.assertFalse(line.is_broken)

    def test_entries_say_whether_they_are_mapped(self):
        for field_name, _source, target in KINDS:
            with self.subTest(map=field_name):
                mapped = self.connection[field_name][target]
                self.assertEqual(set(mapped.mapped("is_mapped")), {True})
                rest = self._get_entries(mapped._name) - mapped
                self.assertEqual(set(rest.mapped("is_mapped")) - {False}, set())

    def test_ends_of_another_connection_are_refused(self):
        other = self._make_connection(name="Other")
        for field_name, source, target in KINDS:
            line = self._get_line(field_name)
            for end in (source, target):
                foreign = line[end].copy({"connection_id": other.id})
                with (
                    self.subTest(map=field_name, end=end),
                    self.assertRaisesRegex(ValidationError, "belong to one connection"),
                    self.env.cr.savepoint(),
                ):
                    line[end] = foreign
                self.env.invalidate_all()
            with (
                self.subTest(map=field_name, end="connection"),
                self.assertRaisesRegex(ValidationError, "belong to one connection"),
                self.env.cr.savepoint(),
            ):
                line.connection_id = other
            self.env.invalidate_all()

    def test_both_ends_are_required(self):
        for field_name, source, target in KINDS:
            line = self._get_line(field_name)
            for end in (source, target):
                with (
                    self.subTest(map=field_name, end=end),
                    self.assertRaises(Exception) as caught,
                    self.env.cr.savepoint(),
                ):
                    line[end] = False
                    line.flush_recordset()
                self.assertIn("null", str(caught.exception).lower())
                self.env.invalidate_all()

    def test_entry_of_the_page_cannot_be_typed_into(self):
        admin = new_test_user(
            self.env, "ann", groups="actionstep_quickbooks.group_administrator"
        )
        with self.assertRaises(AccessError):
            self.connection.quickbooks_item_ids[0].with_user(admin).name = "Mine"

    def test_administrator_fills_the_page(self):
        admin = new_test_user(
            self.env, "ann", groups="actionstep_quickbooks.group_administrator"
        )
        for field_name, _source, _target in KINDS:
            self.connection[field_name].unlink()
        accounts = self.connection.account_ids.filtered(lambda a: not a.is_header)
        income = accounts.filtered(lambda a: a.section == "income")[0]
        expense = accounts.filtered(lambda a: a.section == "expense")[0]
        item = self.connection.quickbooks_item_ids[0]

        with Form(self.connection.with_user(admin), view=MAPPING_VIEW) as page:
            for account in (income, expense):
                with page.item_mapping_ids.new() as line:
                    line.account_id = account
                    line.item_id = item
            with page.account_mapping_ids.new() as line:
                line.account_id = self._get_source("1-1110")
                line.gl_account_id = self._get_target("Business Bank Account")
            with page.tax_mapping_ids.new() as line:
                line.tax_code_id = self._get_tax("NT")
                line.quickbooks_tax_code_id = self._get_their_tax("NON")
            page.push_invoices = True

        self.env.invalidate_all()
        self.assertEqual(self.connection.item_mapping_ids.account_id, income + expense)
        self.assertEqual(len(self.connection.account_mapping_ids), 1)
        self.assertEqual(len(self.connection.tax_mapping_ids), 1)
        self.assertEqual(self.connection.state, "active")
        with Form(self.connection.with_user(admin), view=MAPPING_VIEW) as page:
            page.tax_mapping_ids.remove(0)
        self.assertFalse(self.connection.tax_mapping_ids)

    def _edit_account_line(self, number, name):
        """Return the line of a GL account as it stands on the page, not saved."""
        self.connection.account_mapping_ids.unlink()
        page = Form(self.connection, view=MAPPING_VIEW)
        with page.account_mapping_ids.new() as line:
            line.account_id = self._get_source(number)
            line.gl_account_id = self._get_target(name)
            found = line.status, line.problem
        return page, *found

    def test_wrong_pair_shows_as_it_is_made_and_is_not_saved(self):
        for number, name, words in (
            ("1-1120", "Business Bank Account", "is no trust account in QuickBooks"),
            ("1-1110", "Client Trust Bank Account", "is a trust account in QuickBooks"),
        ):
            with self.subTest(source=number, target=name):
                page, status, problem = self._edit_account_line(number, name)
                self.assertEqual(status, "wrong")
                self.assertIn(words, problem)
                with self.assertRaisesRegex(ValidationError, words):
                    page.save()
                self.env.invalidate_all()

    def test_trust_account_of_a_type_of_its_own_holds_money_too(self):
        """The type need not say that it is a bank."""
        account = self._get_source("1-1120")
        account.write({"account_type": "Trust Asset", "name": "IOLTA"})
        self.assertEqual(account.section, "asset")
        page, status, problem = self._edit_account_line(
            "1-1120", "Business Bank Account"
        )
        self.assertEqual(status, "wrong")
        self.assertIn("is no trust account in QuickBooks", problem)

    def test_what_a_firm_owes_its_clients_is_no_account_that_holds_money(self):
        account = self._get_source("1-1120")
        account.write({"account_type": "Liability", "name": "Trust owed to clients"})
        self.assertTrue(account.is_trust)
        self.assertFalse(account._is_bank())

    def test_odd_pair_shows_as_it_is_made_and_is_saved(self):
        for number, name, words in (
            ("1-1110", "Accounts Payable (A/P)", "takes no deposits"),
            ("6-1100", "Business Bank Account", "is income or expense"),
        ):
            with self.subTest(source=number, target=name):
                page, status, problem = self._edit_account_line(number, name)
                self.assertEqual(status, "odd")
                self.assertIn(words, problem)

                page.save()

                line = self.connection.account_mapping_ids.filtered(
                    lambda one, number=number: one.account_id.number == number
                )
                self.assertEqual((line.status, line.problem), ("odd", problem))

    def test_rates_that_differ_are_not_saved(self):
        line = self.connection.tax_mapping_ids.filtered(
            lambda one: one.tax_code_id.name == "NT"
        )
        with (
            self.assertRaisesRegex(ValidationError, "The rates differ: NT"),
            self.env.cr.savepoint(),
        ):
            line.quickbooks_tax_code_id = self._get_their_tax("California 8.25%")

    def test_pair_that_became_wrong_shows_and_may_be_mended(self):
        line = self.connection.account_mapping_ids.filtered(
            lambda one: one.account_id.number == "1-1120"
        )
        self.assertEqual(line.status, "mapped")

        line.gl_account_id.account_subtype = "Checking"

        self.assertEqual(line.status, "wrong")
        line.gl_account_id.account_subtype = "TrustAccounts"
        self.assertEqual((line.status, line.problem), ("mapped", False))

    def test_broken_line_says_which_side_lost_what(self):
        for field_name, source, target in KINDS:
            line = self._get_line(field_name)
            for end, side in ((source, "Actionstep"), (target, "QuickBooks")):
                line[end].active = False
                line.invalidate_recordset()
                with self.subTest(map=field_name, end=end):
                    self.assertIn(f"no longer in use in {side}", line.problem)
                line[end].active = True

    def test_search_offers_number_name_and_type(self):
        for model, words, name, about in (
            ("actionstep.account", "4-1100", "4-1100 Professional Fees", "Revenue"),
            ("actionstep.account", "Professi", "4-1100 Professional Fees", "Revenue"),
            ("quickbooks.account", "1110", "1110 Business Bank Account", "Bank"),
            ("quickbooks.item", "Legal", "Legal Fees", "Service → Legal Fee Income"),
            (
                "actionstep.tax.code",
                "8.25",
                "TAX 8.25 (8.25 %)",
                "California sales tax",
            ),
        ):
            mine = [("connection_id", "=", self.connection.id)]
            with self.subTest(model=model, words=words):
                [row, *_others] = self.env[model].web_name_search(
                    words, {"display_name": {}}, mine
                )
                shown = f"{name}\t--{about}--"
                self.assertEqual(row["__formatted_display_name"], shown)
                self.assertEqual(row["display_name"], name)

    def test_user_opens_the_page_and_changes_nothing(self):
        user = new_test_user(
            self.env, "ulla", groups="actionstep_quickbooks.group_user"
        )
        page = Form(self.connection.with_user(user), view=MAPPING_VIEW)
        self.assertEqual(len(page.item_mapping_ids), len(self.firm.mapping.items))
        for field_name, _source, _target in KINDS:
            line = self._get_line(field_name).with_user(user)
            with self.subTest(map=field_name):
                with self.assertRaises(AccessError):
                    line.unlink()
                with self.assertRaises(AccessError):
                    line.copy()
        self.assertTrue(line.exists())


@tagged("post_install", "-at_install")
class TestDuplicates(OauthCommon):
    """A source is mapped once; the sentence reaches the person who saves."""

    def setUp(self):
        super().setUp()
        self._connect_both()
        self._map(self.connection)

    def test_second_line_for_the_same_source_is_refused_with_the_sentence(self):
        sentences = {
            "item_mapping_ids": "This account already has a product or service.",
            "account_mapping_ids": "This account already has a QuickBooks account.",
            "tax_mapping_ids": "This tax code already has a QuickBooks tax code.",
        }
        for field_name, source, target in KINDS:
            line = self.connection[field_name][0]
            count = len(self.connection[field_name])
            values = {source: line[source].id, target: line[target].id}
            with self.subTest(map=field_name):
                error = self._save({field_name: [[0, "virtual_1", values]]})["error"]

                self.assertIn(sentences[field_name], error["data"]["message"])
                self.assertEqual(len(self.connection[field_name]), count)

    def test_two_sources_may_share_a_target(self):
        lines = self.connection.item_mapping_ids
        values = {"item_id": lines[0].item_id.id}

        answer = self._save({"item_mapping_ids": [[1, lines[1].id, values]]})

        self.assertIn("result", answer, answer)
        self.assertEqual(lines[0].item_id, lines[1].item_id)

    def _save(self, values):
        """Save the page as the web client does."""
        answer = self.url_open(
            "/web/dataset/call_kw/actionstep.connection/web_save",
            json=self.build_rpc_payload(
                {
                    "model": "actionstep.connection",
                    "method": "web_save",
                    "args": [self.connection.ids, values, {"name": {}}],
                    "kwargs": {},
                }
            ),
        )
        self.env.invalidate_all()
        return answer.json()
