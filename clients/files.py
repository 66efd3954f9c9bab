"""CSV and XLSX files with the rows of the contract, as a bookkeeper uploads them.

The columns are those of the reporting views (``const.REPORTING_VIEWS``). A file is
somebody's: it may be of any encoding, damaged, or made to do harm, so nothing of it is
evaluated and its size is known before it is opened. Nothing is guessed either: an
amount or a date that can be read in two ways is an error of its row.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta
from decimal import Decimal
from functools import partial
from pathlib import PurePath
from typing import Any, NamedTuple

import openpyxl
from openpyxl.cell.cell import ERROR_CODES
from openpyxl.styles import Font

from .. import const
from ..exceptions import DataError
from . import rows
from .values import clean, text_of

# Ours: what a worker of Odoo reads and stores within its limits of time and memory.
MAX_BYTES = 20 * 1024**2
MAX_UNPACKED_BYTES = 100 * 1024**2
MAX_RATIO = 100  # texts of a workbook shrink to a tenth; only bombs to a hundredth
MAX_ROWS = 30_000
MAX_COLUMNS = 100
MAX_SHEET_ROWS = 1_048_576  # Excel's own limit, so no row of a workbook is beyond
_CHUNK = 1024**2

_ZIP = b"PK\x03\x04"
# Old XLS files, and XLSX files with a password: [MS-CFB] 2.2.
_COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
# "DTD content shall not be used" in a part of a package: ECMA-376-2, 8.1.4. Entities
# that blow up a parser are declared there.
_DECLARATIONS = [
    text.encode(encoding)
    for text in ("<!DOCTYPE", "<!ENTITY")
    for encoding in ("utf-8", "utf-16-le", "utf-16-be")
]
_BYTE_ORDER_MARKS = {
    b"\xef\xbb\xbf": "utf-8-sig",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}
_DELIMITERS = ",;\t"
# Excel's own hint for a CSV; it stands in the first line.
_SEPARATOR_HINT = re.compile(r"sep=([,;\t])\r?\n?", re.IGNORECASE)
# "1,234" alone may be either one or a thousand: groups count only before a point.
_NUMBER = re.compile(r"[+-]?(?:\d+|\d{1,3}(?:,\d{3})+(?=\.))(?:\.\d+)?", re.ASCII)
# A file may come without these columns; rows are then as new as the upload.
_OPTIONAL_COLUMNS = ("modified_at", "deleted_at")
# Elsewhere nothing may mean zero or unknown. In a file it is mostly a formula that was
# never calculated, or a cell that was forgotten.
_FILLED_COLUMNS = frozenset(
    {
        "kind", "amount", "amount_exclusive", "tax_amount", "total_exclusive",
        "total_tax", "total_inclusive", "currency", "number", "client_id",
        "received_on", "credit_date", "applied_on",
    }
)  # fmt: skip
_KINDS = ("fee", "expense")
# Before the point: amounts in Odoo are floats, exact to the cent up to here; a whole
# number is one of 32 bits.
_DIGITS = {rows.MONEY: 12, rows.NUMBER: 9, rows.WHOLE: 9}
_ID_LENGTH = 64


class Row(NamedTuple):
    """A row as it stands in a file; ``number`` as a spreadsheet shows it, from 1.

    ``is_overfull``: it has more values than there are columns.
    """

    number: int
    values: dict[str, Any]
    is_overfull: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of one view in a file; ``unused`` are the columns that mean nothing."""

    name: str
    view: str
    rows: tuple[Row, ...]
    unused: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a row of a file; column is empty where it is all of it."""

    row: int
    column: str
    error: DataError


# The rows of a sheet with their numbers, and what makes a table of them.
_Lines = Iterator[tuple[int, list[Any]]]
_Take = Callable[[str, str, _Lines], Table]
_Known = Callable[[str], bool]


# === TABLES === #


def read_tables(name: str, content: bytes) -> list[Table]:
    """Return the tables of a CSV or XLSX file, those without rows left out.

    What a file is tells its content, and what a table holds its columns; the names of
    file and sheet decide only where columns fit two views.

    :param name: the file's name
    :raise DataError: ``file_type``, ``file_too_large``, ``file_unreadable``,
        ``file_empty``, ``file_columns``, ``file_column_twice`` or ``file_unknown``
    """
    return _read(name, content, _table, _is_known)


def read_list(name: str, content: bytes, columns: Sequence[str]) -> list[Table]:
    """Return the tables of a file that all have the same columns, and are of no view.

    :param columns: those that each table must have, in our way of writing them
    :raise DataError: as ``read_tables``
    """
    take = partial(_list_table, columns)
    return _read(name, content, take, columns.__contains__)


def _read(name: str, content: bytes, take: _Take, is_known: _Known) -> list[Table]:
    """Return the tables of a file, those without rows left out.

    :param take: makes a table of a sheet's name, label and rows
    :param is_known: tells whether a name is that of a column of ours
    """
    if len(content) > MAX_BYTES:
        raise too_large(name)
    if content.startswith(_COMPOUND):
        raise DataError("file_type", values={"file": name})
    if content.startswith(_ZIP):
        found = _read_workbook(name, content, take)
    else:
        found = _read_csv(name, content, take, is_known)
    tables = [table for table in found if table.rows]
    if not tables:
        raise DataError("file_empty", values={"file": name})
    return tables


def too_large(name: str) -> DataError:
    """Return the error that says how much is taken at once."""
    values = {"file": name, "size": MAX_BYTES // 1024**2, "rows": MAX_ROWS}
    return DataError("file_too_large", values=values)


def _table(name: str, label: str, lines: _Lines) -> Table:
    """Return the table of a sheet: its first row that is not empty names the columns.

    :param label: name that may tell the view
    """
    columns, filled = _header_of(lines)
    if not any(columns):
        return Table(name, "", ())
    view = _view_of(name, label, columns)
    return _fill(name, view, columns, filled, const.REPORTING_VIEWS[view])


def _list_table(known: Sequence[str], name: str, _label: str, lines: _Lines) -> Table:
    """Return the table of a sheet that must have the columns ``known``."""
    columns, filled = _header_of(lines)
    if not any(columns):
        return Table(name, "", ())
    _check_once(name, columns, known.__contains__)
    missing = [column for column in known if column not in columns]
    if len(missing) == len(known):
        raise DataError("file_unknown", values={"sheet": name})
    if missing:
        values = {"sheet": name, "view": "maps", "columns": ", ".join(missing)}
        raise DataError("file_columns", values=values)
    return _fill(name, "", columns, filled, known)


def _header_of(lines: _Lines) -> tuple[list[str], _Lines]:
    """Return the names of the columns, and the rows below them that are not empty."""
    filled = ((number, cells) for number, cells in lines if any(map(_is_filled, cells)))
    _number, header = next(filled, (0, []))
    return [_column_name(cell) for cell in header], filled


def _fill(
    name: str, view: str, columns: list[str], filled: _Lines, known: Sequence[str]
) -> Table:
    """Return the table with its rows; what is in columns not known is left out."""
    found = []
    for number, cells in filled:
        if len(found) >= MAX_ROWS:
            raise too_large(name)
        values = {
            column: cell
            for column, cell in zip(columns, cells, strict=False)
            if column in known
        }
        is_overfull = any(map(_is_filled, cells[len(columns) :]))
        found.append(Row(number, values, is_overfull))
    unused = [column for column in columns if column and column not in known]
    return Table(name, view, tuple(found), tuple(unused))


def _is_filled(cell: Any) -> bool:
    return text_of(cell) != ""


def _column_name(cell: Any) -> str:
    return "_".join(re.split(r"[\s_-]+", text_of(cell).lower())).strip("_")


def _view_of(name: str, label: str, columns: list[str]) -> str:
    """Return the view that a table holds.

    :raise DataError: ``file_columns``, ``file_column_twice``, ``file_unknown``
    """
    _check_once(name, columns, _is_known)
    named = _named_view(label)
    fitting = [view for view in rows.VIEWS if not _missing(view, columns)]
    if named in fitting:
        return named
    if fitting:
        return max(fitting, key=lambda view: len(const.REPORTING_VIEWS[view]))
    if named:
        missing = ", ".join(_missing(named, columns))
        values = {"sheet": name, "view": named, "columns": missing}
        raise DataError("file_columns", values=values)
    raise DataError("file_unknown", values={"sheet": name})


def _check_once(name: str, columns: list[str], is_known: _Known) -> None:
    for column in filter(None, columns):
        if columns.count(column) > 1 and is_known(column):
            values = {"sheet": name, "column": column}
            raise DataError("file_column_twice", values=values)


def _is_known(column: str) -> bool:
    return any(column in const.REPORTING_VIEWS[view] for view in rows.VIEWS)


def _named_view(label: str) -> str:
    """Return the view that a name holds as words, the longest one; else nothing."""
    words = f"_{_column_name(re.sub('[^A-Za-z]+', ' ', label))}_"
    found = [v for v in rows.VIEWS if f"_{v}_" in words or f"_{v}s_" in words]
    return max(found, key=len, default="")


def _missing(view: str, columns: Iterable[str]) -> list[str]:
    optional = _OPTIONAL_COLUMNS + const.REPORTING_OPTIONAL_COLUMNS.get(view, ())
    known = const.REPORTING_VIEWS[view]
    return [name for name in known if name not in columns and name not in optional]


# === CSV === #


def _read_csv(name: str, content: bytes, take: _Take, is_known: _Known) -> list[Table]:
    text = _decode(name, content)
    hint = _SEPARATOR_HINT.match(text)
    delimiter = hint.group(1) if hint else _delimiter_of(text, is_known)
    try:
        return [take(name, PurePath(name).stem, _csv_lines(text, delimiter, hint))]
    except csv.Error as err:
        detail = clean(err)
        raise DataError("file_unreadable", detail, values={"file": name}) from err


def _csv_lines(
    text: str, delimiter: str, hint: re.Match[str] | None
) -> Iterator[tuple[int, list[Any]]]:
    """Yield each row with its number in a spreadsheet, where blank lines count."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    for number, cells in enumerate(reader, 1):
        if number > 1 or not hint:
            yield number, [cell.strip() or None for cell in cells]


def _decode(name: str, content: bytes) -> str:
    """Return the text of a file: by its mark, else UTF-8, else Windows' own.

    :raise DataError: ``file_type``, it is no text
    """
    marks = _BYTE_ORDER_MARKS.items()
    marked = [encoding for mark, encoding in marks if content.startswith(mark)]
    for encoding in marked or ("utf-8", "cp1252"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise DataError("file_type", values={"file": name})


def _delimiter_of(text: str, is_known: _Known) -> str:
    """Return the delimiter that splits the header into most of our columns."""
    header = next((line for line in text.splitlines() if line.strip()), "")

    def count(delimiter: str) -> int:
        cells = next(csv.reader([header], delimiter=delimiter), [])
        return sum(is_known(_column_name(cell)) for cell in cells)

    return max(_DELIMITERS, key=count)


# === XLSX === #


def _read_workbook(name: str, content: bytes, take: _Take) -> list[Table]:
    try:
        _check_package(name, content)
        book = openpyxl.load_workbook(
            io.BytesIO(content), read_only=True, data_only=True, keep_links=False
        )
        return [take(sheet.title, sheet.title, _lines(sheet)) for sheet in book]
    except DataError:
        raise
    except Exception as err:
        # The parser raises whatever a damaged file makes it stumble over.
        detail = clean(f"{type(err).__name__}: {err}")
        raise DataError("file_unreadable", detail, values={"file": name}) from err


def _check_package(name: str, content: bytes) -> None:
    """Refuse a package that is no workbook, unpacks to too much, or declares entities.

    :raise DataError: ``file_type``, ``file_too_large``, ``file_unreadable``
    """
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        parts = package.infolist()
        if "xl/workbook.xml" not in package.namelist():
            raise DataError("file_type", values={"file": name})
        size = sum(part.file_size for part in parts)
        if size > min(MAX_UNPACKED_BYTES, max(MAX_RATIO * len(content), _CHUNK)):
            raise too_large(name)
        for part in parts:
            if part.filename.endswith((".xml", ".rels")) and _declares(package, part):
                detail = f"{part.filename} has a document type"
                raise DataError("file_unreadable", detail, values={"file": name})


def _declares(package: zipfile.ZipFile, part: zipfile.ZipInfo) -> bool:
    """Tell whether a part declares a document type; reads no more than it claims."""
    tail = b""
    with package.open(part) as stream:
        while chunk := stream.read(_CHUNK):
            window = tail + chunk
            if any(mark in window for mark in _DECLARATIONS):
                return True
            tail = window[-32:]
    return False


def _lines(sheet: Any) -> Iterator[tuple[int, list[Any]]]:
    """Yield the rows of a sheet that hold something, whatever size it claims."""
    sheet.reset_dimensions()
    lines = sheet.iter_rows(
        max_row=MAX_SHEET_ROWS, max_col=MAX_COLUMNS, values_only=True
    )
    for number, cells in enumerate(lines, 1):
        # Sheets are often formatted, and thereby empty, down to their last row.
        if cells.count(None) < len(cells):
            yield number, [_cell(cell) for cell in cells]


def _cell(value: Any) -> Any:
    """Return a cell's value as the spreadsheet shows it; ``None`` for nothing.

    Excel counts with 15 digits and stores 17: 0.1 + 0.2 stands there as
    0.30000000000000004 ("Excel specifications and limits", number precision).
    """
    if isinstance(value, float):
        number = Decimal(format(value, ".15g"))
        return int(number) if number == number.to_integral_value() else number
    return value.strip() or None if isinstance(value, str) else value


# === ROWS === #


def read_rows(table: Table) -> tuple[list[tuple[int, Any]], list[Problem]]:
    """Return the neutral values of a table by row number, and what is wrong in it.

    The problems have the causes ``row_*``; a row that has one gives no value.
    """
    document = rows.VIEWS[table.view].document
    found: list[tuple[int, Any]] = []
    problems: list[Problem] = []
    for row in table.rows:
        values, wrong = _read_row(table.view, row)
        problems += wrong
        if not wrong:
            found.append((row.number, document(**values)))
    return found, problems


def _read_row(view: str, row: Row) -> tuple[dict[str, Any], list[Problem]]:
    if row.is_overfull:
        # Its values may stand in the wrong columns: none of them says anything.
        return {}, [Problem(row.number, "", DataError("row_overfull"))]
    values, wrong = {}, []
    for column, kind in rows.VIEWS[view].columns.items():
        try:
            values[column] = _read_value(kind, column, row.values.get(column))
        except DataError as error:
            wrong.append(Problem(row.number, column, error))
    return values, wrong


def _read_value(kind: rows.Kind, column: str, value: Any) -> Any:
    """Return a value of a column that can be read in one way only.

    :raise DataError: one of the causes ``row_*``
    """
    if value is None and column in _FILLED_COLUMNS:
        raise rows.row_error("row_empty", column, value)
    if isinstance(value, str) and value in ERROR_CODES:
        raise rows.row_error("row_formula", column, value)
    is_time = isinstance(value, date | time | timedelta)
    if is_time and kind not in (rows.DATE, rows.MOMENT):
        raise rows.row_error("row_text", column, value)
    if kind in _DIGITS:
        value = _plain_number(kind, column, value)
    read = rows.read_value(kind, column, value)
    if kind is rows.MONEY and read != round(read, 2):
        raise rows.row_error("row_amount", column, value)
    if kind in (rows.ID, rows.OPTIONAL_ID) and len(read or "") > _ID_LENGTH:
        raise rows.row_error("row_id", column, value)
    if kind is rows.FEE_OR_EXPENSE and read not in _KINDS:
        raise rows.row_error("row_kind", column, value)
    return read


def _plain_number(kind: rows.Kind, column: str, value: Any) -> Any:
    """Return a number without the commas that group its thousands.

    :raise DataError: the kind's cause: not a number, or one too large to be stored
    """
    number = value
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        number = Decimal(value.replace(",", ""))
    if number is None:
        return None
    is_number = isinstance(number, int | Decimal) and not isinstance(number, bool)
    if not is_number or abs(number) >= 10 ** _DIGITS[kind]:
        raise rows.row_error(kind.cause, column, value)
    return number


# === TEMPLATE === #


def write_template() -> bytes:
    """Return an XLSX file with a sheet for each view and the names of its columns.

    Names of columns that must be filled are bold. Ids, numbers of accounts and the like
    are formatted as text: Excel would make a date of an account 4-12.
    """
    book = openpyxl.Workbook()
    book.remove(book.active)
    for view, known in rows.VIEWS.items():
        sheet = book.create_sheet(view)
        sheet.append(const.REPORTING_VIEWS[view])
        sheet.freeze_panes = "A2"
        for cell in sheet[1]:
            kind = known.columns.get(cell.value, rows.MOMENT)
            must = kind in (rows.ID, rows.WHOLE) or cell.value in _FILLED_COLUMNS
            cell.font = Font(bold=must)
            column = sheet.column_dimensions[cell.column_letter]
            column.width = max(12, len(cell.value) + 3)
            column.number_format = _FORMATS.get(kind, "@")
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


_FORMATS = {
    rows.MONEY: "0.00",
    rows.NUMBER: "General",
    rows.WHOLE: "0",
    rows.DATE: "yyyy-mm-dd",
    rows.MOMENT: "yyyy-mm-dd hh:mm:ss",
}
