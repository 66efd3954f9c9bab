"""The three maps as a spreadsheet: one row for each entry of Actionstep.

What somebody's spreadsheet makes of a file is theirs: columns may be moved or added,
and rows left out. Nothing of a file is evaluated, neither here nor, when it was written
here, in a spreadsheet.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

import openpyxl
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Font

from .files import Table, read_list
from .values import text_of

COLUMNS = (
    "map",
    "actionstep_number",
    "actionstep_name",
    "quickbooks_number",
    "quickbooks_name",
)
_TITLES = {column: column.replace("_", " ").capitalize() for column in COLUMNS}
_WIDTHS = (28, 18, 36, 18, 36)
# With one of these a spreadsheet takes a text for a formula (OWASP, CSV injection).
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")

MapRow = tuple[str, str, str, str, str]


def read_maps(name: str, content: bytes) -> list[Table]:
    """Return the tables of a file with maps; each has the columns ``COLUMNS``.

    :raise DataError: as ``files.read_list``
    """
    return read_list(name, content, COLUMNS)


def cell_text(value: object) -> str:
    """Return the text of a cell, without the mark that keeps it from being counted."""
    text = text_of(value)
    is_marked = text.startswith("'") and text[1:].startswith(_FORMULA_STARTS)
    return text[1:] if is_marked else text


def write_workbook(rows: Iterable[MapRow]) -> bytes:
    """Return an XLSX file; all cells are text, so that account 4-12 is no date."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Maps"
    sheet.freeze_panes = "A2"
    for row_number, row in enumerate([_titles(), *rows], 1):
        for column_number, text in enumerate(row, 1):
            cell = sheet.cell(row_number, column_number)
            cell.value = ILLEGAL_CHARACTERS_RE.sub("", text)
            cell.data_type = "s"  # no formula, whatever it begins with
            cell.number_format = "@"
            cell.font = Font(bold=row_number == 1)
    for cell, width in zip(sheet[1], _WIDTHS, strict=True):
        sheet.column_dimensions[cell.column_letter].width = width
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def write_csv(rows: Iterable[MapRow]) -> bytes:
    """Return a CSV file in UTF-8, marked as such for Excel."""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream)
    writer.writerow(_titles())
    writer.writerows([_marked(text) for text in row] for row in rows)
    return stream.getvalue().encode("utf-8-sig")


def _titles() -> Sequence[str]:
    return [_TITLES[column] for column in COLUMNS]


def _marked(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text
