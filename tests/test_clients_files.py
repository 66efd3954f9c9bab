"""Files as bookkeepers have them: of any program, encoding and mood."""

import csv
import io
import zipfile
from datetime import date, datetime
from decimal import Decimal
from unittest.mock import patch

import openpyxl
from openpyxl.styles import Font

from odoo.tests import BaseCase, tagged

from odoo.addons.actionstep_quickbooks import const
from odoo.addons.actionstep_quickbooks.clients import files, rows
from odoo.addons.actionstep_quickbooks.clients.files import (
    read_rows,
    read_tables,
    write_template,
)
from odoo.addons.actionstep_quickbooks.documents import (
    BillLine,
    CreditApplication,
    CreditNoteHeader,
    CreditNoteLine,
    Receipt,
    ReceiptAllocation,
)
from odoo.addons.actionstep_quickbooks.exceptions import DataError

LINE = {
    "bill_id": "7",
    "line_no": "1",
    "kind": "fee",
    "account_number": "4-1100",
    "description": "Advice",
    "quantity": "2.5",
    "unit_price": "320.04",
    "amount_exclusive": "800.10",
    "tax_code": "GST",
    "tax_amount": "80.01",
    "matter_id": "12",
    "timekeeper": "Finch, Ada",
    "service_date": "2026-08-31",
    "product_service": "",
    "modified_at": "2026-09-01T10:00:00+10:00",
}
RECEIPT = {
    "receipt_id": "501",
    "client_id": "12",
    "matter_id": "7",
    "received_on": "2026-10-14",
    "amount": "250.10",
    "currency": "aud",
    "method": "EFT",
    "reference": "EFT 77120",
    "memo": "3 inv",
    "deposit_account_number": "1-1100",
    "from_trust": "no",
    "modified_at": "2026-10-14T10:00:00+10:00",
    "deleted_at": "",
}
ALLOCATION = {"receipt_id": "501", "bill_id": "7", "amount": "150.05"}
CREDIT = {
    "credit_id": "701",
    "number": "CR-501",
    "bill_id": "7",
    "client_id": "12",
    "matter_id": "7",
    "credit_date": "2026-11-05",
    "currency": "AUD",
    "total_exclusive": "100.00",
    "total_tax": "10.00",
    "total_inclusive": "110.00",
    "reason": "Goodwill",
    "modified_at": "",
    "deleted_at": "2026-11-06",
}
CREDIT_LINE = {
    "credit_id": "701",
    "line_no": "1",
    "kind": "Fee",
    "account_number": "4-1100",
    "description": "Advice credited",
    "amount_exclusive": "100.00",
    "tax_code": "GST",
    "tax_amount": "10.00",
}
APPLICATION = {
    "credit_id": "701",
    "bill_id": "7",
    "applied_on": "8-Nov-2026",
    "amount": "60.40",
}
ROWS = {
    "bill_line": LINE,
    "receipt": RECEIPT,
    "receipt_allocation": ALLOCATION,
    "credit_note": CREDIT,
    "credit_note_line": CREDIT_LINE,
    "credit_application": APPLICATION,
}
READ = {
    "bill_line": BillLine(
        bill_id="7",
        line_no=1,
        kind="fee",
        account_number="4-1100",
        description="Advice",
        quantity=Decimal("2.5"),
        unit_price=Decimal("320.04"),
        amount_exclusive=Decimal("800.10"),
        tax_code="GST",
        tax_amount=Decimal("80.01"),
        matter_id="12",
        timekeeper="Finch, Ada",
        service_date=date(2026, 8, 31),
        product_service="",
        modified_at=datetime(2026, 9, 1),
    ),
    "receipt": Receipt(
        receipt_id="501",
        client_id="12",
        matter_id="7",
        received_on=date(2026, 10, 14),
        amount=Decimal("250.10"),
        currency="AUD",
        method="EFT",
        reference="EFT 77120",
        memo="3 inv",
        deposit_account_number="1-1100",
        from_trust=False,
        modified_at=datetime(2026, 10, 14),
    ),
    "receipt_allocation": ReceiptAllocation("501", "7", Decimal("150.05")),
    "credit_note": CreditNoteHeader(
        credit_id="701",
        number="CR-501",
        bill_id="7",
        client_id="12",
        matter_id="7",
        credit_date=date(2026, 11, 5),
        currency="AUD",
        total_exclusive=Decimal("100"),
        total_tax=Decimal("10"),
        total_inclusive=Decimal("110"),
        reason="Goodwill",
        modified_at=None,
        deleted_at=datetime(2026, 11, 6),
    ),
    "credit_note_line": CreditNoteLine(
        credit_id="701",
        line_no=1,
        kind="fee",
        account_number="4-1100",
        description="Advice credited",
        amount_exclusive=Decimal("100"),
        tax_code="GST",
        tax_amount=Decimal("10"),
    ),
    "credit_application": CreditApplication(
        "701", "7", date(2026, 11, 8), Decimal("60.40")
    ),
}


def csv_of(*found, delimiter=",", encoding="utf-8", newline="\r\n"):
    """Return a CSV file of rows, with the columns of the first."""
    text = io.StringIO()
    writer = csv.DictWriter(
        text, list(found[0]), delimiter=delimiter, lineterminator=newline
    )
    writer.writeheader()
    writer.writerows(found)
    return text.getvalue().encode(encoding)


def xlsx_of(**sheets):
    """Return a workbook; each sheet is a list of rows, each a list of cells."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, lines in sheets.items():
        sheet = book.create_sheet(title)
        for line in lines:
            sheet.append(line)
    return bytes_of(book)


def bytes_of(book):
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def sheet_of(*found):
    """Return the lines of a sheet: the columns of the first row, then all rows."""
    return [list(found[0]), *(list(row.values()) for row in found)]


def repacked(content, replace=None, **more):
    """Return a workbook with parts changed: ``replace`` takes name and bytes."""
    stream = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as old,
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            data = old.read(name)
            new.writestr(name, replace(name, data) if replace else data)
        for name, data in more.items():
            new.writestr(name, data)
    return stream.getvalue()


class FilesCase(BaseCase):
    def read_one(self, content, name="upload.csv"):
        """Return view, values and problems of a file with one table."""
        (table,) = read_tables(name, content)
        found, problems = read_rows(table)
        return table.view, [value for _number, value in found], problems

    def assertRefused(self, cause, content, name="upload.csv"):
        with self.assertRaises(DataError) as caught:
            read_tables(name, content)
        self.assertEqual(caught.exception.cause, cause, caught.exception)
        return caught.exception.values

    def assertProblems(self, expected, row, **changes):
        """Assert what is wrong with a row of a CSV file: ``{column: cause}``."""
        _view, _values, problems = self.read_one(csv_of({**row, **changes}))
        self.assertEqual({p.column: p.error.cause for p in problems}, expected)
        self.assertEqual({p.row for p in problems}, {2} if expected else set())
        return [p.error.values for p in problems]


@tagged("-at_install", "post_install")
class TestCsvFiles(FilesCase):
    def test_each_table_is_read_and_known_by_its_columns(self):
        for view, row in ROWS.items():
            with self.subTest(view=view):
                found = self.read_one(csv_of(row), "export of last night.txt")
                self.assertEqual(found, (view, [READ[view]], []))

    def test_separators_and_encodings(self):
        row = {**LINE, "description": "Zoë’s café; 5, rue"}
        for delimiter in ",;\t":
            for encoding in ("utf-8", "utf-8-sig", "utf-16", "cp1252"):
                with self.subTest(delimiter=delimiter, encoding=encoding):
                    content = csv_of(row, delimiter=delimiter, encoding=encoding)
                    _view, (line,), problems = self.read_one(content)
                    self.assertEqual(line.description, "Zoë’s café; 5, rue")
                    self.assertEqual(problems, [])

    def test_utf16_of_both_byte_orders(self):
        text = csv_of(ALLOCATION).decode()
        for mark, encoding in (("\ufeff", "utf-16-le"), ("\ufeff", "utf-16-be")):
            content = (mark + text).encode(encoding)
            view, values, _problems = self.read_one(content)
            self.assertEqual(values, [READ[view]])

    def test_a_hint_names_the_separator_and_rows_count_on(self):
        content = b"sep=;\r\n" + csv_of(
            ALLOCATION, {**ALLOCATION, "amount": "x"}, delimiter=";"
        )
        _view, values, (problem,) = self.read_one(content)
        self.assertEqual(len(values), 1)
        self.assertEqual(problem.row, 4)

    def test_rows_are_numbered_as_a_spreadsheet_shows_them(self):
        lines = [
            '"receipt_id","bill_id","amount"',
            "501,7,1.00",
            "",
            '501,"8\n",1.00',
            "501,9,oops",
            ",,",
        ]
        content = "\n".join(lines).encode()
        (table,) = read_tables("a.csv", content)
        self.assertEqual([row.number for row in table.rows], [2, 4, 5])
        found, (problem,) = read_rows(table)
        self.assertEqual([value.bill_id for _number, value in found], ["7", "8"])
        self.assertEqual((problem.row, problem.column), (5, "amount"))

    def test_names_of_columns_are_taken_as_people_write_them(self):
        content = b"Receipt ID;BILL-ID; amount ;Comment\n501;7;1.00;late"
        (table,) = read_tables("a.csv", content)
        self.assertEqual(table.view, "receipt_allocation")
        self.assertEqual(table.unused, ("comment",))

    def test_the_name_decides_where_two_views_fit(self):
        row = {**RECEIPT, "bill_id": "7"}
        names = {
            "receipt_allocations 2026-10.csv": "receipt_allocation",
            "Receipts.csv": "receipt",
            "october.csv": "receipt",
        }
        for name, view in names.items():
            with self.subTest(name=name):
                (table,) = read_tables(name, csv_of(row))
                self.assertEqual(table.view, view)

    def test_optional_columns_may_be_missing_and_others_may_not(self):
        optional = ("modified_at", "deleted_at", "product_service")
        for view, row in ROWS.items():
            for column in row:
                rest = {key: value for key, value in row.items() if key != column}
                with self.subTest(view=view, column=column):
                    if column in optional:
                        self.assertEqual(self.read_one(csv_of(rest))[0], view)
                        continue
                    values = self.assertRefused(
                        "file_columns", csv_of(rest), f"{view}.csv"
                    )
                    self.assertEqual(
                        (values["view"], values["columns"]), (view, column)
                    )
                    self.assertRefused("file_unknown", csv_of(rest), "x.csv")

    def test_a_column_that_is_there_twice_is_refused(self):
        content = b"receipt_id,bill_id,amount,Amount\n501,7,1.00,2.00"
        values = self.assertRefused("file_column_twice", content)
        self.assertEqual(values["column"], "amount")
        content = b"receipt_id,bill_id,amount,note,note\n501,7,1.00,a,b"
        self.assertEqual(len(self.read_one(content)[1]), 1)

    def test_files_without_rows_are_refused(self):
        for content in (
            b"",
            b"\n\n",
            b"\xef\xbb\xbf",
            b"receipt_id,bill_id,amount\n,,",
        ):
            with self.subTest(content=content):
                self.assertRefused("file_empty", content)

    def test_what_is_no_table_is_refused(self):
        for content in (
            b"%PDF-1.7\n\x00\x01",
            b"\x89PNG\r\n\x1a\n\x00\x00",
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 an old XLS, or one with a password",
            b"\xff\xfe\x00",  # half a letter
        ):
            with self.subTest(content=content):
                self.assertRefused("file_type", content, "bill_line.csv")
        self.assertRefused("file_unknown", b"<html><table><tr><td>1</td></tr>")
        self.assertRefused("file_unreadable", csv_of(ALLOCATION) + b'"1')
        self.assertRefused("file_unreadable", csv_of(ALLOCATION) + b'"1"2,3,4')

    def test_too_many_rows_or_bytes_are_refused(self):
        content = csv_of(ALLOCATION, ALLOCATION)
        with patch.object(files, "MAX_ROWS", 2):
            self.assertEqual(len(self.read_one(content)[1]), 2)
        with patch.object(files, "MAX_ROWS", 1):
            self.assertRefused("file_too_large", content)
        with patch.object(files, "MAX_BYTES", len(content) - 1):
            self.assertRefused("file_too_large", content)


@tagged("-at_install", "post_install")
class TestRowsOfFiles(FilesCase):
    def test_amounts(self):
        good = {"1,234.50": "1234.50", "-0.5": "-0.5", "+7": "7", "12.500": "12.5"}
        good |= {"1,234,567.89": "1234567.89", " 3 ": "3"}
        for text, expected in good.items():
            with self.subTest(text=text):
                row = {**ALLOCATION, "amount": text}
                _view, (value,), _problems = self.read_one(csv_of(row))
                self.assertEqual(value.amount, Decimal(expected))
        for text in (
            "1,234",  # a thousand, or one and a bit
            "1.234,50",
            "800,10",
            "$5.00",
            "(5.00)",
            "1.005",
            "1e3",
            "1_000",
            "NaN",
            "Infinity",
            "٣",
            "eight",
            "=1+1",
            "1000000000000",
        ):
            with self.subTest(text=text):
                self.assertProblems({"amount": "row_amount"}, ALLOCATION, amount=text)

    def test_numbers(self):
        for text in ("1.5", "x", "9999999999"):
            self.assertProblems({"line_no": "row_number"}, LINE, line_no=text)
        for text in ("x", "1,5", "9999999999"):
            self.assertProblems({"quantity": "row_number"}, LINE, quantity=text)
        self.assertProblems({}, LINE, quantity="1.2345", unit_price="")

    def test_dates_and_times(self):
        for text in ("31/08/2026", "08/31/2026", "2026-08", "31.8.26", "46265"):
            with self.subTest(text=text):
                self.assertProblems(
                    {"service_date": "row_date"}, LINE, service_date=text
                )
        for text in ("yesterday", "0001-01-01T00:00:00+10:00"):
            self.assertProblems({"modified_at": "row_time"}, LINE, modified_at=text)
        self.assertProblems({}, LINE, service_date="", modified_at="2026-09-01 10:00")

    def test_words(self):
        self.assertProblems({"kind": "row_kind"}, LINE, kind="discount")
        self.assertProblems({"from_trust": "row_flag"}, RECEIPT, from_trust="maybe")
        self.assertProblems({}, LINE, kind=" FEE ")
        for text, flag in {"Yes": True, "1": True, "F": False, "": False}.items():
            row = {**RECEIPT, "from_trust": text}
            self.assertIs(self.read_one(csv_of(row))[1][0].from_trust, flag)

    def test_what_must_be_filled(self):
        must = {
            "bill_line": "bill_id line_no kind amount_exclusive tax_amount",
            "receipt": "receipt_id client_id received_on amount currency",
            "receipt_allocation": "receipt_id bill_id amount",
            "credit_note": "credit_id number client_id credit_date currency "
            "total_exclusive total_tax total_inclusive",
            "credit_note_line": "credit_id line_no kind amount_exclusive tax_amount",
            "credit_application": "credit_id bill_id applied_on amount",
        }
        self.assertEqual(must.keys(), ROWS.keys())
        for view, row in ROWS.items():
            empty = dict.fromkeys(row, "")
            expected = dict.fromkeys(must[view].split(), "row_empty")
            with self.subTest(view=view):
                # A row of nothing is none, so one column says something.
                column = "memo" if view == "receipt" else "note"
                problems = self.assertProblems(expected, {**empty, column: "x"})
                columns = [values["column"] for values in problems]
                self.assertEqual(sorted(columns), sorted(expected))

    def test_all_that_is_wrong_with_a_row_is_told_with_its_value(self):
        values = self.assertProblems(
            {"amount": "row_amount", "currency": "row_empty"},
            RECEIPT,
            amount="two hundred",
            currency="",
        )
        self.assertIn({"column": "amount", "value": "two hundred"}, values)

    def test_ids_that_cannot_be_ids(self):
        text = "Advice on the lease of the shop in the High Street, and on its rent"
        self.assertProblems({"bill_id": "row_id"}, ALLOCATION, bill_id=text)
        self.assertProblems({"matter_id": "row_id"}, RECEIPT, matter_id=text)

    def test_long_values_are_cut_in_messages(self):
        (values,) = self.assertProblems(
            {"amount": "row_amount"}, ALLOCATION, amount="9" * 5000
        )
        self.assertLess(len(values["value"]), 50)

    def test_errors_of_a_spreadsheet_are_told(self):
        for text in ("#N/A", "#REF!", "#DIV/0!"):
            self.assertProblems({"amount": "row_formula"}, ALLOCATION, amount=text)
            self.assertProblems({"memo": "row_formula"}, RECEIPT, memo=text)

    def test_texts_that_look_like_formulas_are_texts(self):
        for text in ("=cmd|' /C calc'!A0", "+1", "-2", "@SUM(A1)", "=HYPERLINK(1)"):
            row = {**LINE, "description": text}
            self.assertEqual(self.read_one(csv_of(row))[1][0].description, text)

    def test_a_row_with_too_many_values_is_not_read(self):
        content = csv_of(ALLOCATION) + b"501,8,1,234.50\r\n501,9,1.00,\r\n"
        _view, values, (problem,) = self.read_one(content)
        self.assertEqual([value.bill_id for value in values], ["7", "9"])
        self.assertEqual((problem.row, problem.error.cause), (3, "row_overfull"))

    def test_one_bad_row_keeps_no_other_from_being_checked(self):
        found = [{**ALLOCATION, "bill_id": str(i), "amount": "x"} for i in range(5)]
        _view, _values, problems = self.read_one(csv_of(*found))
        self.assertEqual([problem.row for problem in problems], [2, 3, 4, 5, 6])


@tagged("-at_install", "post_install")
class TestWorkbooks(FilesCase):
    def read_cells(self, view, **changes):
        """Return value and problems of a row of a workbook."""
        content = xlsx_of(Sheet1=sheet_of({**ROWS[view], **changes}))
        found, values, problems = self.read_one(content, "a.xlsx")
        self.assertEqual(found, view)
        return (values or [None])[0], {p.column: p.error.cause for p in problems}

    def test_a_workbook_holds_several_tables(self):
        sheets = {view: sheet_of(row) for view, row in ROWS.items()}
        tables = read_tables("all.xlsx", xlsx_of(**sheets, Empty=[]))
        self.assertEqual([table.view for table in tables], list(ROWS))
        for table in tables:
            self.assertEqual(read_rows(table), ([(2, READ[table.view])], []))

    def test_sheets_of_any_name_are_known_by_their_columns(self):
        sheets = {f"Sheet{i}": sheet_of(row) for i, row in enumerate(ROWS.values())}
        tables = read_tables("all.xlsx", xlsx_of(**sheets))
        self.assertEqual([table.view for table in tables], list(ROWS))

    def test_a_sheet_that_is_none_of_ours_is_refused(self):
        content = xlsx_of(Lines=sheet_of(LINE), Notes=[["Remember the milk"]])
        values = self.assertRefused("file_unknown", content, "a.xlsx")
        self.assertEqual(values["sheet"], "Notes")

    def test_sheets_without_rows_do_not_count(self):
        content = xlsx_of(a=sheet_of(RECEIPT), b=[list(ALLOCATION)])
        tables = read_tables("a.xlsx", content)
        self.assertEqual([table.view for table in tables], ["receipt"])

    def test_cells_of_every_type(self):
        line, problems = self.read_cells(
            "bill_line",
            bill_id=7,
            line_no=1.0,
            account_number=4100,
            quantity=2.5,
            unit_price=320.04,
            amount_exclusive=800.1,
            tax_amount=0.1 + 0.2,
            matter_id=12.0,
            service_date=datetime(2026, 8, 31),
            modified_at=datetime(2026, 9, 1, 10, 30),
            product_service=None,
        )
        self.assertEqual(problems, {})
        self.assertEqual((line.bill_id, line.line_no, line.matter_id), ("7", 1, "12"))
        self.assertEqual(line.account_number, "4100")
        self.assertEqual(line.amount_exclusive, Decimal("800.1"))
        self.assertEqual(line.tax_amount, Decimal("0.3"))
        self.assertEqual(line.service_date, date(2026, 8, 31))
        self.assertEqual(line.modified_at, datetime(2026, 9, 1, 10, 30))

    def test_cells_of_yes_and_no(self):
        for cell in (True, False):
            receipt, _problems = self.read_cells("receipt", from_trust=cell)
            self.assertIs(receipt.from_trust, cell)
        _receipt, problems = self.read_cells("receipt", amount=True)
        self.assertEqual(problems, {"amount": "row_amount"})

    def test_a_text_that_became_a_date_is_told(self):
        cells = {
            "account_number": datetime(2026, 12, 4),
            "line_no": date(2026, 1, 1),
            "tax_code": datetime(2026, 1, 1).time(),
        }
        _line, problems = self.read_cells("bill_line", **cells)
        self.assertEqual(problems, dict.fromkeys(cells, "row_text"))

    def test_a_fraction_of_a_cent_is_told(self):
        _value, problems = self.read_cells("receipt_allocation", amount=100 / 3)
        self.assertEqual(problems, {"amount": "row_amount"})

    def test_formulas_count_by_the_value_that_is_stored(self):
        def store(name, data):
            if "sheet1" not in name:
                return data
            return data.replace(b"<f>1+1</f><v></v>", b"<f>1+1</f><v>2.5</v>").replace(
                b"<f>1+1</f><v />", b"<f>1+1</f><v>2.5</v>"
            )

        content = xlsx_of(a=sheet_of({**ALLOCATION, "amount": "=1+1"}))
        _view, (value,), _problems = self.read_one(repacked(content, store))
        self.assertEqual(value.amount, Decimal("2.5"))
        _view, _values, (problem,) = self.read_one(content)
        self.assertEqual((problem.column, problem.error.cause), ("amount", "row_empty"))

    def test_errors_in_cells_are_told(self):
        _value, problems = self.read_cells("receipt_allocation", amount="#N/A")
        self.assertEqual(problems, {"amount": "row_formula"})

    def test_values_beside_the_table_do_not_matter(self):
        lines = sheet_of(ALLOCATION)
        lines[1] += [None, "checked by Ada"]
        _view, values, problems = self.read_one(xlsx_of(a=lines))
        # A note outside of the columns cannot have moved the values inside.
        self.assertEqual((values, problems), ([READ["receipt_allocation"]], []))

    def test_a_header_further_down_and_empty_rows(self):
        lines = [[], [None, None], *sheet_of(ALLOCATION), [], list(ALLOCATION.values())]
        (table,) = read_tables("a.xlsx", xlsx_of(a=lines))
        self.assertEqual([row.number for row in table.rows], [4, 6])

    def test_a_sheet_that_claims_another_size(self):
        def claim(name, data):
            if "sheet1" not in name:
                return data
            self.assertIn(b'<dimension ref="A1:C2"', data)
            return data.replace(b'"A1:C2"', b'"A1:A1"')

        content = repacked(xlsx_of(a=sheet_of(ALLOCATION)), claim)
        self.assertEqual(self.read_one(content)[1], [READ["receipt_allocation"]])

    def test_a_row_far_below_costs_nothing(self):
        def move(name, data):
            if "sheet1" not in name:
                return data
            return data.replace(b'r="2"', b'r="99999999999"')

        content = repacked(xlsx_of(a=sheet_of(ALLOCATION)), move)
        self.assertRefused("file_empty", content)

    def test_damaged_workbooks_are_refused(self):
        content = xlsx_of(a=sheet_of(ALLOCATION))
        for damaged in (
            content[: len(content) // 2],
            content[:200] + bytes(len(content) - 200),
            repacked(content, lambda name, data: data[:40]),
            repacked(content, lambda name, data: b"<a/>"),
            repacked(content, lambda name, data: data.replace(b">150.05<", b">1.5.5<")),
        ):
            with self.subTest(size=len(damaged)):
                try:
                    self.assertNotEqual(
                        self.read_one(damaged)[1], [READ["receipt_allocation"]]
                    )
                except DataError as error:
                    self.assertIn(
                        error.cause, ("file_unreadable", "file_empty", "file_unknown")
                    )

    def test_other_packages_are_refused(self):
        self.assertRefused(
            "file_type",
            repacked(xlsx_of(a=[]), lambda n, d: d)[:0]
            + zipped("word/document.xml", b"<a/>"),
        )
        self.assertRefused("file_type", zipped("mimetype", b"opendocument"), "a.ods")

    def test_workbooks_that_unpack_to_too_much_are_refused(self):
        content = repacked(xlsx_of(a=sheet_of(ALLOCATION)), bomb=bytes(5 * 1024**2))
        self.assertLess(len(content), 20_000)
        self.assertRefused("file_too_large", content)
        with patch.object(files, "MAX_UNPACKED_BYTES", 100):
            self.assertRefused("file_too_large", xlsx_of(a=sheet_of(ALLOCATION)))

    def test_entities_are_refused(self):
        declaration = (
            b'<!DOCTYPE a [<!ENTITY b "bbbbbbbb"><!ENTITY c "&b;&b;&b;">'
            b'<!ENTITY d SYSTEM "file:///etc/passwd">]>'
        )

        def declare(name, data):
            start, end, rest = data.partition(b"?>")
            return start + end + declaration + rest if end else declaration + data

        for part in ("xl/workbook.xml", "xl/worksheets/sheet1.xml"):
            content = repacked(
                xlsx_of(a=sheet_of(ALLOCATION)),
                lambda name, data: declare(name, data) if name == part else data,  # noqa: B023
            )
            with self.subTest(part=part):
                self.assertRefused("file_unreadable", content)

    def test_too_many_rows_are_refused(self):
        content = xlsx_of(a=sheet_of(ALLOCATION, ALLOCATION))
        with patch.object(files, "MAX_ROWS", 1):
            self.assertRefused("file_too_large", content)

    def test_formatted_but_empty_rows_are_none(self):
        book = openpyxl.Workbook()
        for line in sheet_of(ALLOCATION):
            book.active.append(line)
        for number in range(3, 40):
            book.active.cell(number, 1).font = Font(bold=True)
        with patch.object(files, "MAX_ROWS", 1):
            self.assertEqual(len(self.read_one(bytes_of(book))[1]), 1)


def zipped(name, data):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as package:
        package.writestr(name, data)
    return stream.getvalue()


@tagged("-at_install", "post_install")
class TestTemplate(FilesCase):
    def test_a_filled_template_is_read(self):
        book = openpyxl.load_workbook(io.BytesIO(write_template()))
        self.assertEqual(book.sheetnames, list(rows.VIEWS))
        for view, row in ROWS.items():
            sheet = book[view]
            columns = [cell.value for cell in sheet[1]]
            self.assertEqual(tuple(columns), const.REPORTING_VIEWS[view])
            sheet.append([row.get(column) for column in columns])
        tables = read_tables("template.xlsx", bytes_of(book))
        self.assertEqual([table.view for table in tables], list(ROWS))
        for table in tables:
            self.assertEqual(read_rows(table), ([(2, READ[table.view])], []))
            self.assertEqual(table.unused, ())

    def test_an_empty_template_has_no_rows(self):
        self.assertRefused("file_empty", write_template())

    def test_columns_of_ids_and_accounts_are_texts(self):
        book = openpyxl.load_workbook(io.BytesIO(write_template()))
        formats = {
            cell.value: book["bill_line"].column_dimensions[cell.column_letter]
            for cell in book["bill_line"][1]
        }
        self.assertEqual(formats["account_number"].number_format, "@")
        self.assertEqual(formats["amount_exclusive"].number_format, "0.00")
