"""The maps as a spreadsheet: what goes out comes in again, and nothing half of it."""

import base64
import csv
import io

import openpyxl

from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, HttpCase, new_test_user, tagged

from odoo.addons.actionstep_quickbooks.clients.map_files import (
    COLUMNS,
    cell_text,
    read_maps,
    write_csv,
    write_workbook,
)

from .common import ActionstepCase, ActionstepCommon

KINDS = ("item", "account", "tax")
MAPS = {
    "item": "Sales invoice account map",
    "account": "GL account map",
    "tax": "Sales tax map",
}
ADMINISTRATOR = "actionstep_quickbooks.group_administrator"


class FilesMixin:
    def _csv(self, *rows, columns=COLUMNS):
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow(columns)
        writer.writerows(rows)
        return text.getvalue().encode()

    def _item(self, source, target):
        return ("Sales invoice account map", source, "", "", target)

    def _account(self, source, target):
        return ("GL account map", source, "", "", target)

    def _upload(self, content, name="maps.csv", user=None):
        env = self.env(user=user) if user else self.env
        return env["actionstep.map.upload"].create(
            {
                "connection_id": self.connection.id,
                "file": base64.b64encode(content),
                "file_name": name,
            }
        )

    def _get_pairs(self):
        """Return the lines of all maps as pairs of names."""
        self.env.flush_all()
        self.env.invalidate_all()
        return {
            (
                kind,
                line[line._source_field].display_name,
                line[line._target_field].display_name,
            )
            for kind in KINDS
            for line in self.connection[f"{kind}_mapping_ids"]
        }

    def _import(self, content, name="maps.csv"):
        """Check, then import a file that is right; return the results of its rows."""
        before = self._get_pairs()
        upload = self._upload(content, name)
        upload.action_check()
        self.assertEqual(upload.state, "checked", upload.row_ids.mapped("message"))
        self.assertEqual(self._get_pairs(), before, "a look changes nothing")
        results = upload.row_ids.mapped("result")
        answer = upload.action_import()
        self.assertEqual(answer["tag"], "display_notification")
        return results

    def _refuse(self, content, name="maps.csv"):
        """Check and import a file that is wrong; return ``{row: sentence}``."""
        before = self._get_pairs()
        upload = self._upload(content, name)
        upload.action_check()
        self.assertEqual(upload.state, "wrong")
        answer = upload.action_import()
        self.assertEqual(answer["res_model"], upload._name)
        self.assertEqual(self._get_pairs(), before, "nothing is half imported")
        wrong = upload.row_ids.filtered(lambda row: row.result == "error")
        self.assertEqual(upload.error_count, len(wrong))
        return {row.row: row.message for row in wrong}


@tagged("post_install", "-at_install")
class TestMapFiles(FilesMixin, ActionstepCase):
    def setUp(self):
        super().setUp()
        self.connection = self._make_connected()

    def _unmap(self):
        for kind in KINDS:
            self.connection[f"{kind}_mapping_ids"].unlink()

    # --- out and in ---

    def test_what_goes_out_comes_in_again(self):
        self._map(self.connection)
        before = self._get_pairs()
        for file_type in ("xlsx", "csv"):
            content = self.connection._export_maps(file_type)
            self.assertEqual(
                set(self._import(content, f"maps.{file_type}")), {"same", "empty"}
            )
            self._unmap()
            self.assertFalse(self._get_pairs())

            results = self._import(content, f"maps.{file_type}")

            with self.subTest(file_type=file_type):
                self.assertEqual(set(results), {"new", "empty"})
                self.assertEqual(self._get_pairs(), before)

    def test_export_lists_what_is_unmapped_for_filling_in(self):
        self._map(self.connection, without=("4-1100",))
        content = self.connection._export_maps("xlsx")
        sheet = openpyxl.load_workbook(io.BytesIO(content)).active
        rows = [[cell.value or "" for cell in row] for row in sheet.iter_rows()]
        self.assertEqual(rows[0][0], "Map")
        self.assertIn([MAPS["item"], "4-1100", "Professional Fees", "", ""], rows)
        self.assertIn([MAPS["item"], "4-1200", "Fixed Fees", "", "Fixed Fees"], rows)
        self.assertIn(
            [
                MAPS["account"],
                "1-1110",
                "Business Bank Account",
                "1110",
                "Business Bank Account",
            ],
            rows,
        )
        self.assertIn([MAPS["tax"], "", "NT", "", "NON"], rows)
        self.assertNotIn("4-0000", [row[1] for row in rows])

    def test_line_of_a_balance_account_goes_out_and_in(self):
        """The page takes such a line, so the file does."""
        account = self.connection.account_ids.filtered(
            lambda one: (
                one.section == "asset"
                and not one.is_header
                and not one._to_entry().is_bank
            )
        )[0]
        items = self.connection.quickbooks_item_ids.filtered(
            lambda one: one._to_entry().is_sellable
        )
        line = self.env["actionstep.item.mapping"].create(
            {
                "connection_id": self.connection.id,
                "account_id": account.id,
                "item_id": items[0].id,
            }
        )

        row = self._item(account.number, items[1].name)
        results = self._import(self._csv(row))

        self.assertEqual(results, ["changed"])
        self.assertEqual(line.item_id, items[1])

    def test_lines_are_added_and_changed_and_others_stay(self):
        self._map(self.connection, without=("4-1100",))
        before = self._get_pairs()

        results = self._import(
            self._csv(
                self._item("4-1100", "Legal Fees"),
                self._item("4-1200", "Hours"),
                self._item("4-1300", "Consultation"),
                self._item("4-1900", ""),
            )
        )

        self.assertEqual(results, ["new", "changed", "same", "empty"])
        after = self._get_pairs()
        self.assertEqual(
            after - before,
            {
                ("item", "4-1100 Professional Fees", "Legal Fees"),
                ("item", "4-1200 Fixed Fees", "Hours"),
            },
        )
        self.assertEqual(before - after, {("item", "4-1200 Fixed Fees", "Fixed Fees")})
        self.assertIn(
            "Maps imported from maps.csv: 1 lines added, 1 changed.",
            self.connection.message_ids[0].body,
        )

    def test_entries_are_found_by_number_or_by_name(self):
        rows = (
            ("sales INVOICE account map", "", "professional fees", "", "LEGAL FEES"),
            ("account", "1-1110", "", "1110", ""),
            ("GL account map", "1-1120", "Trust Bank Account", "1120", ""),
            ("tax", "", "nt", "", "non"),
        )
        self.assertEqual(self._import(self._csv(*rows)), ["new"] * 4)
        self.assertEqual(len(self._get_pairs()), 4)

    def test_columns_may_be_moved_and_added(self):
        columns = ("Quickbooks Name", "Note", *[c for c in COLUMNS if "name" not in c])
        columns = (*columns, "ACTIONSTEP_NAME")
        row = ("Legal Fees", "checked by Ann", MAPS["item"], "4-1100", "", "")
        self.assertEqual(self._import(self._csv(row, columns=columns)), ["new"])

    def test_odd_pair_comes_in_with_its_warning(self):
        upload = self._upload(
            self._csv(self._account("1-1110", "Accounts Payable (A/P)"))
        )
        upload.action_check()
        self.assertEqual(upload.state, "checked")
        self.assertIn("takes no deposits", upload.row_ids.message)
        self.assertEqual(upload.change_count, 1)

    # --- what is wrong ---

    def test_each_wrong_row_says_what_is_wrong_and_nothing_comes_in(self):
        self.connection.quickbooks_item_ids.filtered(
            lambda one: one.name == "Notary Services"
        ).copy({"external_id": "900"})
        good = self._item("4-1100", "Legal Fees")
        told = self._refuse(
            self._csv(
                good,
                ("Customers", "1", "", "", "x"),
                self._item("9-9999", "Legal Fees"),
                self._item("4-1200", "Nothing like it"),
                self._item("", "Legal Fees"),
                self._item("4-1300", "Notary Services"),
                self._item("4-1100", "Hours"),
                self._account("1-1120", "Business Bank Account"),
                ("Sales tax map", "", "NT", "", "California 8.25%"),
                ("GL account map", "1-1110", "Trust Bank Account", "1110", ""),
                (*good, "one too many"),
                self._item("4-0000", "Legal Fees"),
                ("Sales tax map", "7", "", "", "NON"),
            )
        )
        words = {
            3: "The first column names the map",
            4: "9-9999 is not in the list of Actionstep",
            5: "Nothing like it is not in the list of QuickBooks",
            6: "Number and name of Actionstep are empty",
            7: "several called Notary Services",
            8: "stands in row 2 of maps.csv, too",
            9: "is no trust account",
            10: "The rates differ",
            11: "1-1110 Trust Bank Account is not in the list of Actionstep",
            12: "more values than there are columns",
            13: "4-0000 is not in the list of Actionstep",
            14: "7 is not in the list of Actionstep",
        }
        self.assertEqual(told.keys(), words.keys())
        for row, part in words.items():
            with self.subTest(row=row):
                self.assertIn(part, told[row])

    def test_files_that_are_none(self):
        for content, words in (
            (self._csv(), "has no rows"),
            (b"a,b\n1,2\n", "are not those of any of our tables"),
            (b"map,actionstep_number\nitem,1\n", "lacks the columns"),
            (b"\x00\x01\x02", "neither a CSV nor an XLSX"),
            (b"PK\x03\x04 no workbook", "cannot be read"),
            (self._csv(("1",) * 6, columns=(*COLUMNS, "map")), "the column map twice"),
        ):
            with self.subTest(words=words):
                told = self._refuse(content)
                self.assertEqual(list(told), [0])
                self.assertIn(words, told[0])

    def test_file_of_another_firm_changes_nothing(self):
        self._refuse(self._csv(self._item("7-7777", "x"), self._item("7-7778", "y")))

    # --- rights ---

    def test_only_an_administrator_takes_part(self):
        admin = new_test_user(self.env, "ann", groups=ADMINISTRATOR)
        content = self._csv(self._item("4-1100", "Legal Fees"))
        upload = self._upload(content, user=admin)
        upload.action_check()
        upload.action_import()
        self.assertEqual(len(self._get_pairs()), 1)
        operator = new_test_user(
            self.env, "olga", groups="actionstep_quickbooks.group_operator"
        )
        with self.assertRaises(AccessError):
            self._upload(content, user=operator)
        for method in ("action_check", "action_import", "action_export_csv"):
            with self.subTest(method=method), self.assertRaises(AccessError):
                getattr(upload.with_user(operator), method)()

    def test_connection_of_another_company_is_out_of_reach(self):
        away = self.env["res.company"].create({"name": "Away"})
        admin = new_test_user(
            self.env,
            "ann",
            groups=ADMINISTRATOR,
            company_id=away.id,
            company_ids=[(6, 0, away.ids)],
        )
        with self.assertRaises(AccessError):
            upload = self._upload(
                self._csv(self._item("4-1100", "Legal Fees")), user=admin
            )
            upload.action_check()

    def test_page_asks_for_a_file_and_looks_first(self):
        wizard = Form(
            self.env["actionstep.map.upload"].with_context(
                default_connection_id=self.connection.id
            )
        )
        upload = wizard.save()
        with self.assertRaises(UserError):
            upload.action_check()
        content = self._csv(self._item("4-1100", "Legal Fees"))
        upload.write({"file": base64.b64encode(content), "file_name": "maps.csv"})
        upload.action_check()
        self.assertEqual((upload.state, upload.change_count), ("checked", 1))
        with Form(upload) as page:
            page.file = base64.b64encode(content + b"\n")
        self.assertEqual(upload.state, "new")


@tagged("post_install", "-at_install")
class TestFormulas(ActionstepCase):
    """What is called like a formula stays a name, in a spreadsheet and back."""

    NAMES = ("=1+1", "+44 Fees", "-Discount", "@home", "plain", "'quoted", "4-12")

    def _rows(self):
        return [(MAPS["item"], "", name, "", name) for name in self.NAMES]

    def test_names_come_back_as_they_were(self):
        for write, name in ((write_workbook, "a.xlsx"), (write_csv, "a.csv")):
            [table] = read_maps(name, write(self._rows()))
            found = [cell_text(row.values["actionstep_name"]) for row in table.rows]
            with self.subTest(name=name):
                self.assertEqual(found, list(self.NAMES))

    def test_no_cell_is_a_formula(self):
        book = openpyxl.load_workbook(io.BytesIO(write_workbook(self._rows())))
        kinds = {cell.data_type for row in book.active.iter_rows() for cell in row}
        self.assertLessEqual(kinds, {"s", "n", "inlineStr"})
        self.assertNotIn("f", kinds)
        for row in csv.reader(io.StringIO(write_csv(self._rows()).decode("utf-8-sig"))):
            for cell in row:
                self.assertFalse(cell.startswith(("=", "+", "-", "@")), cell)

    def test_letters_that_no_workbook_takes_are_left_out(self):
        [table] = read_maps(
            "a.xlsx", write_workbook([("item", "1", "a\x07b", "", "c")])
        )
        self.assertEqual(table.rows[0].values["actionstep_name"], "ab")


@tagged("post_install", "-at_install")
class TestDownload(FilesMixin, ActionstepCommon, HttpCase):
    def test_export_is_a_file(self):
        connection = self._make_connected()
        self._map(connection)
        new_test_user(self.env, "ann", groups=ADMINISTRATOR, password="ann")
        ann = self.env["res.users"].search([("login", "=", "ann")])
        upload = self.env["actionstep.map.upload"].with_user(ann)
        upload = upload.create({"connection_id": connection.id})
        self.authenticate("ann", "ann")
        for method, start in (
            ("action_export_workbook", b"PK"),
            ("action_export_csv", b"\xef\xbb\xbfMap"),
        ):
            with self.subTest(method=method):
                answer = self.url_open(getattr(upload, method)()["url"])
                self.assertEqual(answer.status_code, 200)
                self.assertTrue(answer.content.startswith(start))
