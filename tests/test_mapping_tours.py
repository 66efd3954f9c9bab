"""The mapping page in a real browser: by hand, by proposals, and to look only."""

from odoo.tests import HttpCase, new_test_user, tagged

from .common import ActionstepCommon

MODULE = "actionstep_quickbooks"
TIMEOUT = 180


@tagged("post_install", "-at_install")
class TestMappingTours(ActionstepCommon, HttpCase):
    def setUp(self):
        super().setUp()
        self.connection = self._make_connected()

    def _tour(self, name, group):
        user = new_test_user(
            self.env, "ann", groups=f"{MODULE}.{group}", password="ann", lang="en_US"
        )
        path = f"/odoo/actionstep-mapping/{self.connection.id}"
        self.start_tour(path, f"{MODULE}_{name}", login=user.login, timeout=TIMEOUT)
        self.env.invalidate_all()

    def _get_names(self, kind):
        lines = self.connection[f"{kind}_mapping_ids"]
        key = "name" if kind == "tax" else "number"
        return {
            line[lines._source_field][key]: self._get_target(line) for line in lines
        }

    def _get_target(self, line):
        return line[line._target_field].name

    def test_each_map_by_hand(self):
        self._tour("maps_by_hand", "group_administrator")

        self.assertEqual(self._get_names("item"), {"4-1100": "Legal Fees"})
        self.assertEqual(
            self._get_names("account"), {"1-1120": "Client Trust Bank Account"}
        )
        self.assertEqual(self._get_names("tax"), {"NT": "NON"})

    def test_proposals_are_accepted_one_by_one_and_all(self):
        self._tour("accept_proposals", "group_administrator")

        self.assertEqual(self._get_names("item"), self.firm.mapping.items)
        self.assertEqual(self._get_names("account"), self.firm.mapping.accounts)
        self.assertEqual(self._get_names("tax"), self.firm.mapping.taxes)
        self.connection.push_invoices = True
        self._run(self.connection)
        self.assertEqual(self.connection.pushed_count, len(self.firm.bills))

    def test_maps_from_a_file_that_was_wrong_first(self):
        self._tour("maps_from_a_file", "group_administrator")

        self.assertEqual(self._get_names("item"), {"4-1100": "Legal Fees"})

    def test_line_changed_on_another_page_of_the_lines(self):
        accounts = self.env["actionstep.account"].create(
            [
                {
                    "connection_id": self.connection.id,
                    "external_id": f"x{number}",
                    "number": f"9-{number:04}",
                    "name": "Fees",
                    "account_type": "Income",
                }
                for number in range(1, 32)
            ]
        )
        items = self.connection.quickbooks_item_ids
        product = items.filtered(lambda one: one.name == "Hours")
        lines = self.env["actionstep.item.mapping"].create(
            [
                {
                    "connection_id": self.connection.id,
                    "account_id": account.id,
                    "item_id": product.id,
                }
                for account in accounts[:21]
            ]
        )

        self._tour("many_lines", "group_administrator")

        self.assertEqual(lines[20].item_id.name, "Legal Fees")
        self.assertEqual(lines[:20].item_id, product)

    def test_reader_looks_only(self):
        self._map(self.connection)

        self._tour("maps_of_a_reader", "group_user")
