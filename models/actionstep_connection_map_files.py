"""The three maps out to a spreadsheet, and in again: all of a file or nothing."""

from collections import Counter, defaultdict

from odoo import models

from ..clients import map_files
from ..exceptions import DataError
from ..mappers.pairs import WRONG
from .actionstep_connection_maps import SOURCES
from .failure import describe

# How a file names the maps, as the page does; not translated, so that a file may go
# from one person to another.
TITLES = {
    "item": "Sales invoice account map",
    "account": "GL account map",
    "tax": "Sales tax map",
}
KINDS = {
    text.casefold(): kind for kind, title in TITLES.items() for text in (kind, title)
}
# What becomes of a row; ``error`` stops the whole file.
NEW, CHANGED, SAME, EMPTY, ERROR = "new", "changed", "same", "empty", "error"


class RowError(Exception):
    """A row cannot be taken; the text is the sentence that says why."""


class ActionstepConnection(models.Model):
    _inherit = "actionstep.connection"

    # === OUT === #

    def _export_maps(self, file_type):
        """Return the maps as a file, with a row for what is unmapped, too.

        :param file_type: ``xlsx`` or ``csv``
        """
        self.ensure_one()
        write = {"xlsx": map_files.write_workbook, "csv": map_files.write_csv}
        return write[file_type](
            [row for kind in SOURCES for row in self._get_map_rows(kind)]
        )

    def _get_map_rows(self, kind):
        lines = self[f"{kind}_mapping_ids"]
        source_name, target_name = lines._source_field, lines._target_field
        targets = {line[source_name]: line[target_name] for line in lines}
        sources, _targets = self._get_map_ends(kind)
        return [
            (
                TITLES[kind],
                *_number_and_name(source),
                *_number_and_name(targets.get(source)),
            )
            for source in sources | lines[source_name]
        ]

    # === IN === #

    def _take_map_file(self, name, content, *, is_import):
        """Say what a file would change in the maps; change it, if asked to.

        Lines that the file does not name stay. Nothing is changed when any row is
        wrong.

        :return: a dict for each row: ``sheet``, ``row``, ``map``, ``source``,
            ``target``, ``result`` (one of the constants above) and ``message``
        """
        self.ensure_one()
        self.check_access("write" if is_import else "read")
        try:
            tables = map_files.read_maps(name, content)
        except DataError as error:
            message = describe(self.env, error)
            return [{"sheet": name, "row": 0, "result": ERROR, "message": message}]
        reader = MapReader(self)
        rows = [reader.take(table, row) for table in tables for row in table.rows]
        is_clean = all(row["result"] != ERROR for row in rows)
        if is_import and is_clean:
            self._save_map_rows(reader.lines)
            self._note_map_import(name, rows)
        return rows

    def _save_map_rows(self, lines):
        """Save the pairs that were read.

        :param lines: ``[(line to change or none, kind, values)]``
        """
        created = defaultdict(list)
        changed = defaultdict(list)
        for line, kind, values in lines:
            if line:
                # What waits for lines is let go once, not for each of them.
                line.with_context(actionstep_let_go_later=True).write(values)
                changed[kind].append(line.id)
            else:
                created[kind].append({**values, "connection_id": self.id})
        for kind, ids in changed.items():
            self.env[f"actionstep.{kind}.mapping"].browse(ids)._let_go()
        for kind, values in created.items():
            self.env[f"actionstep.{kind}.mapping"].create(values)

    def _note_map_import(self, name, rows):
        counts = Counter(row["result"] for row in rows)
        if counts[NEW] or counts[CHANGED]:
            self._log(
                self.env._(
                    "Maps imported from %(file)s: %(new)s lines added, %(changed)s "
                    "changed.",
                    file=name,
                    new=counts[NEW],
                    changed=counts[CHANGED],
                )
            )


class MapReader:
    """Finds what the rows of a file mean; ``lines`` is what they would save."""

    def __init__(self, connection):
        """:param connection: the ``actionstep.connection`` whose maps to read"""
        self.connection = connection
        self.env = connection.env
        self.lines = []
        self._maps = {}
        self._seen = {}

    def take(self, table, row):
        """Return what becomes of a row, as ``_take_map_file`` does."""
        cells = {key: map_files.cell_text(row.values.get(key)) for key in row.values}
        told = {
            "sheet": table.name,
            "row": row.number,
            "map": cells.get("map"),
            "source": _joined(cells, "actionstep"),
            "target": _joined(cells, "quickbooks"),
        }
        try:
            if row.is_overfull:
                raise RowError(
                    self.env._("The row has more values than there are columns.")
                )
            result, message = self._read_cells(cells, (table.name, row.number))
        except RowError as error:
            result, message = ERROR, str(error)
        return {**told, "result": result, "message": message}

    def _read_cells(self, cells, place):
        kind = KINDS.get(cells.get("map", "").casefold())
        if not kind:
            names = ", ".join(TITLES.values())
            raise RowError(self.env._("The first column names the map: %s.", names))
        sources, targets, lines = self._get_map(kind)
        source = self._find(sources, cells, "actionstep", "Actionstep")
        self._check_once(source, kind, place)
        if not (cells.get("quickbooks_number") or cells.get("quickbooks_name")):
            return EMPTY, ""
        target = self._find(targets, cells, "quickbooks", "QuickBooks")
        return self._pair(kind, lines.get(source), source, target)

    def _check_once(self, source, kind, place):
        first = self._seen.setdefault((kind, source), place)
        if first != place:
            raise RowError(
                self.env._(
                    "%(name)s stands in row %(row)s of %(sheet)s, too. Each has one "
                    "line.",
                    name=source.display_name,
                    sheet=first[0],
                    row=first[1],
                )
            )

    def _pair(self, kind, line, source, target):
        model = self.env[f"actionstep.{kind}.mapping"]
        if line and line[model._target_field] == target:
            return SAME, ""
        values = {model._source_field: source.id, model._target_field: target.id}
        pair = model.new({**values, "connection_id": self.connection.id})
        problem = pair._find_problem()
        message = pair._describe_problem(problem) or ""
        if problem and problem.level == WRONG:
            raise RowError(message)
        self.lines.append((line, kind, values))
        return CHANGED if line else NEW, message

    # --- finding ---

    def _get_map(self, kind):
        """Return both lists of a map to find entries in, and its lines by source."""
        if kind not in self._maps:
            sources, targets = self.connection._get_map_ends(kind)
            lines = self.connection[f"{kind}_mapping_ids"]
            sources |= lines[lines._source_field]
            self._maps[kind] = (
                _index(sources),
                _index(targets),
                {line[lines._source_field]: line for line in lines},
            )
        return self._maps[kind]

    def _find(self, index, cells, side, vendor):
        """Return the entry that number and name mean.

        :raise RowError: none, or more than one
        """
        by_number, by_name = index
        number, name = cells.get(f"{side}_number"), cells.get(f"{side}_name")
        if not number and not name:
            raise RowError(self.env._("Number and name of %s are empty.", vendor))
        found = by_number.get(number, ()) if number and by_number else ()
        if number and by_number and not found:
            raise RowError(self._say_unknown(number, vendor))
        if name:
            named = by_name.get(name.casefold(), ())
            found = [one for one in named if not found or one in found]
            if not found:
                raise RowError(self._say_unknown(_joined(cells, side), vendor))
        if not found:
            # Only a number, where the entries have none.
            raise RowError(self._say_unknown(number, vendor))
        if len(found) > 1:
            raise RowError(
                self.env._(
                    "%(vendor)s has several called %(name)s. Fill in the number, too.",
                    vendor=vendor,
                    name=_joined(cells, side),
                )
            )
        return found[0]

    def _say_unknown(self, name, vendor):
        return self.env._(
            "%(name)s is not in the list of %(vendor)s for this map. Correct number "
            "and name, or refresh the list.",
            name=name,
            vendor=vendor,
        )


def _index(entries):
    """Return entries by number, and by name without regard to case."""
    by_number, by_name = defaultdict(list), defaultdict(list)
    for entry in entries:
        number, name = _number_and_name(entry)
        if number:
            by_number[number].append(entry)
        by_name[name.casefold()].append(entry)
    return by_number, by_name


def _number_and_name(entry):
    """Return number (empty where there is none) and name of an entry, or of none."""
    number = entry.number if entry and "number" in entry._fields else ""
    return number or "", (entry and entry.name) or ""


def _joined(cells, side):
    both = (cells.get(f"{side}_number"), cells.get(f"{side}_name"))
    return " ".join(filter(None, both))
