"""What the files of one upload hold, and what is wrong with it. Plain Python."""

from dataclasses import replace
from typing import NamedTuple

from ..clients import files
from ..clients.rows import VIEWS
from ..exceptions import DataError

# Which document the rows of a view belong to.
MODELS = {
    "bill_line": "actionstep.invoice",
    "receipt": "actionstep.payment",
    "receipt_allocation": "actionstep.payment",
    "credit_note": "actionstep.credit.note",
    "credit_note_line": "actionstep.credit.note",
    "credit_application": "actionstep.credit.note",
}


class Entry(NamedTuple):
    """A row that could be read, and where it stands."""

    sheet: str
    row: int
    value: object


class Problem(NamedTuple):
    """What is wrong; row 0 is a whole file, no sheet all of the upload."""

    sheet: str
    row: int
    column: str
    error: Exception


class Upload:
    """The rows of some files.

    ``tables`` are the tables as they stand there, by the name that tells them apart;
    ``entries`` their rows by view, where a view that is not uploaded is missing.

    :param named: pairs of name and content
    """

    def __init__(self, named):
        self.tables = {}
        self.entries = {}
        self.problems = []
        self._broken = set()
        for name, content in named:
            self._read_file(name, content, is_alone=len(named) == 1)
        if sum(len(table.rows) for table in self.tables.values()) > files.MAX_ROWS:
            self._refuse_file("", files.too_large(", ".join(name for name, _ in named)))
            return
        for sheet, table in self.tables.items():
            self._read_rows(sheet, table)

    def _read_file(self, name, content, *, is_alone):
        try:
            tables = files.read_tables(name, content)
        except DataError as error:
            self._refuse_file(name, error)
            return
        for table in tables:
            is_clear = is_alone or table.name == name
            sheet = table.name if is_clear else f"{name}: {table.name}"
            while sheet in self.tables:  # two files of one name
                sheet += "'"
            self.tables[sheet] = table

    def _read_rows(self, sheet, table):
        found, wrong = files.read_rows(table)
        entries = self.entries.setdefault(table.view, [])
        entries += [Entry(sheet, row, value) for row, value in found]
        self.problems += [Problem(sheet, p.row, p.column, p.error) for p in wrong]
        if wrong:
            self._broken.add(table.view)

    def _refuse_file(self, name, error):
        self.problems.append(Problem(name, 0, "", error))
        self._broken |= VIEWS.keys()

    def is_whole(self, view):
        """Tell whether all rows of a view could be read: what is missing then is."""
        return view not in self._broken

    def refuse_all(self, error):
        """Tell first what is wrong with all of it."""
        self.problems.insert(0, Problem("", 0, "", error))

    def refuse(self, entry, column, cause, **values):
        """Tell what is wrong with a row; its value in that column is named."""
        shown = {"column": column, "value": getattr(entry.value, column), **values}
        error = DataError(cause, values=shown)
        self.problems.append(Problem(entry.sheet, entry.row, column, error))

    # === ROWS === #

    def get_entries(self, *columns):
        """Return the rows that have all of some columns, whichever view they are of."""
        return [
            entry
            for view, entries in self.entries.items()
            if all(column in VIEWS[view].columns for column in columns)
            for entry in entries
        ]

    def get_values(self, view):
        """Return the rows of a view as neutral values."""
        return [entry.value for entry in self.entries.get(view, [])]

    def get_ids(self, column, view=None):
        """Return the ids in a column, of one view or of all that have it."""
        values = (
            self.get_values(view)
            if view
            else [entry.value for entry in self.get_entries(column)]
        )
        return {getattr(value, column) for value in values} - {None}

    def get_document_ids(self, model):
        """Return the ids of the documents that the upload says something about."""
        found = set()
        for view in self.entries:
            if MODELS[view] == model:
                found |= self.get_ids(VIEWS[view].keys[0], view)
        return found

    def get_parts(self, view, parents=()):
        """Return ``{id of the document: its rows}`` of a view.

        Empty when the view is not uploaded: the documents then keep what they have.

        :param parents: ids of documents that have no such row where none stands there
        """
        if view not in self.entries:
            return {}
        found = {key: [] for key in parents}
        for value in self.get_values(view):
            found.setdefault(getattr(value, VIEWS[view].keys[0]), []).append(value)
        return found

    def date_rows(self, view, times, now):
        """Give a time of change to the rows that have none.

        :param times: ``{id: time}`` of documents whose rows are taken for unchanged
        :param now: the time for all others (naive UTC)
        :return: ``{id: newest time that the files tell, or None}``
        """
        told = {}
        entries = self.entries.get(view, [])
        for place, entry in enumerate(entries):
            key = getattr(entry.value, VIEWS[view].keys[0])
            time = entry.value.modified_at
            told[key] = max(filter(None, (told.get(key), time)), default=None)
            if time is None:
                value = replace(entry.value, modified_at=times.get(key) or now)
                entries[place] = entry._replace(value=value)
        return told
