"""Files: check what a bookkeeper uploads against what is known, and stage it.

All of an upload or nothing of it. What it would do is done, and taken back in the same
transaction: so the preview tells what the import will do.
"""

import logging
import traceback

from odoo import fields, models
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import format_datetime

from ..clients import files
from ..clients.rows import VIEWS
from ..exceptions import CAUSES, DataError, SyncError
from .detail_upload import MODELS, Upload
from .failure import describe

_logger = logging.getLogger(__name__)

# The view that holds a document itself: without a row of it, stored or uploaded, there
# is nothing its parts could belong to. The headers of bills come from Actionstep.
PARENT_VIEWS = {
    "receipt_allocation": "receipt",
    "credit_note_line": "credit_note",
    "credit_application": "credit_note",
}
# Where a document keeps how new its rows are, and the view whose rows tell.
TIMES = {
    "actionstep.invoice": ("lines_modified_at", "bill_line"),
    "actionstep.payment": ("modified_at", "receipt"),
    "actionstep.credit.note": ("modified_at", "credit_note"),
}
SHOWN_ROWS = 5


class ActionstepConnection(models.Model):
    _inherit = "actionstep.connection"

    def _take_detail_files(self, named, *, is_import):
        """Check files of lines, payments and credit notes; import them if all is well.

        :param named: pairs of name and content
        :param is_import: else nothing is stored
        :return: what they hold and what they change; see :meth:`_tell_upload`
        """
        self.ensure_one()
        upload = Upload(named)
        self._check_twice(upload)
        self._check_parents(upload)
        self._check_known(upload)
        counts = {}
        if not upload.problems:
            counts = self._stage_or_undo(upload, is_import)
        if is_import and not upload.problems:
            self._trigger_cron()
        return self._tell_upload(upload, counts)

    def _get_detail_template(self):
        """Return an XLSX file with all columns that an upload may have."""
        return files.write_template()

    # === CHECKS === #

    def _check_twice(self, upload):
        """Refuse rows whose keys stand in the upload already."""
        for view, entries in upload.entries.items():
            first = {}
            for entry in entries:
                keys = tuple(getattr(entry.value, key) for key in VIEWS[view].keys)
                other = first.setdefault(keys, entry)
                if other is not entry:
                    upload.refuse(
                        entry,
                        VIEWS[view].keys[-1],
                        "row_twice",
                        keys=_show_keys(view, entry.value),
                        row=other.row,
                        sheet=other.sheet,
                    )

    def _check_parents(self, upload):
        """Refuse parts of receipts and credit notes that are nowhere."""
        for view, parent in PARENT_VIEWS.items():
            if view not in upload.entries or not upload.is_whole(parent):
                continue
            column = VIEWS[view].keys[0]
            model = self.env[MODELS[view]]
            known = set(self._get_by_external_id(model, upload.get_ids(column, view)))
            known |= upload.get_ids(column, parent)
            for entry in upload.entries[view]:
                if getattr(entry.value, column) not in known:
                    upload.refuse(entry, column, "row_parent_unknown", view=parent)

    def _check_known(self, upload):
        """Refuse rows that name bills or clients which this firm does not have.

        Where none is known the files are another firm's, and that is told first.
        """
        bill_ids, client_ids = upload.get_ids("bill_id"), upload.get_ids("client_id")
        known_bills = self._get_invoices(bill_ids).keys()
        known_clients = self._get_known_client_ids(client_ids)
        for column, known, cause in (
            ("bill_id", known_bills, "row_bill_unknown"),
            ("client_id", known_clients, "row_client_unknown"),
        ):
            for entry in upload.get_entries(column):
                found = getattr(entry.value, column)
                if found and found not in known:
                    upload.refuse(entry, column, cause)
        if (bill_ids or client_ids) and not (known_bills or known_clients):
            values = {"connection": self.name}
            upload.refuse_all(DataError("file_other_firm", values=values))

    def _get_known_client_ids(self, ids):
        """Return those of some clients that are loaded, or that a bill names."""
        named = self.env["actionstep.invoice"]._read_group(
            [
                ("connection_id", "=", self.id),
                ("client_external_id", "in", list(ids)),
            ],
            ["client_external_id"],
        )
        loaded = self._get_by_external_id(self.env["actionstep.participant"], ids)
        return loaded.keys() | {client_id for (client_id,) in named}

    # === STAGING === #

    def _stage_or_undo(self, upload, is_import):
        """Stage an upload; take it back unless it is an import and all is well.

        :return: ``{model: counts}``; see :meth:`_stage_kind`
        """
        counts = {}
        with self.env.cr.savepoint() as savepoint:
            try:
                for model in TIMES:
                    if upload.get_document_ids(model):
                        counts[model] = self._stage_kind(upload, model)
                self.env.flush_all()
            except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
                # Somebody changed the same records meanwhile: Odoo tries again.
                raise
            except Exception:
                # What nobody thought of is told on the page, too.
                _logger.exception("Files of connection %s were not stored", self.id)
                upload.refuse_all(SyncError("unexpected", traceback.format_exc()))
            if upload.problems or not is_import:
                savepoint.rollback()
        return {} if upload.problems else counts

    def _stage_kind(self, upload, model):
        """Stage the documents of one kind.

        Rows without a time of change are as old as what is stored where they say the
        same, so that the same file twice changes nothing; else they are new now.

        :return: how many documents are new, changed and unchanged
        """
        field_name, view = TIMES[model]
        ids = upload.get_document_ids(model)
        known = self._get_by_external_id(self.env[model], ids)
        stored = {key: document[field_name] for key, document in known.items()}
        valid = {key: _get_valid_time(known[key], time) for key, time in stored.items()}
        now = fields.Datetime.now()
        told = upload.date_rows(view, valid, now)
        changed = self._stage_values(upload, model)
        for document in changed.filtered(lambda one: one.external_id in told):
            key = document.external_id
            if told[key] is None:
                document[field_name] = now
            elif stored.get(key) and told[key] < stored[key]:
                self._refuse_older(upload, view, key, stored[key])
        new = changed.filtered(lambda one: one.external_id not in known)
        return {
            "new": len(new),
            "changed": len(changed - new),
            "unchanged": len(ids) - len(changed),
        }

    def _stage_values(self, upload, model):
        """Stage the rows of one kind of document.

        What is uploaded of a part replaces all of it: receipts with allocations replace
        the allocations of each of them, receipts alone keep what is stored, and
        allocations alone replace those of the receipts they name. So it is with the
        lines and the applications of credit notes.

        :return: the documents that are new or changed
        """
        if model == "actionstep.invoice":
            return self._stage_bill_lines(upload.get_parts("bill_line"))
        if model == "actionstep.payment":
            ids = upload.get_ids("receipt_id", "receipt")
            parts = upload.get_parts("receipt_allocation", ids)
            return self._stage_receipts(upload.get_values("receipt"), parts)
        ids = upload.get_ids("credit_id", "credit_note")
        return self._stage_credit_notes(
            upload.get_values("credit_note"),
            upload.get_parts("credit_note_line", ids),
            upload.get_parts("credit_application", ids),
        )

    def _refuse_older(self, upload, view, key, stored):
        """Refuse rows that would put back what a newer upload has changed."""
        column = VIEWS[view].keys[0]
        shown = {
            "keys": f"{column} {key}",
            "stored": format_datetime(self.env, stored),
        }
        for entry in upload.entries[view]:
            if getattr(entry.value, column) == key:
                upload.refuse(entry, "modified_at", "row_older", **shown)

    # === ANSWER === #

    def _tell_upload(self, upload, counts):
        """Return an upload as a page shows it.

        ``problems``: sheet, row, column, title, message each; ``tables``: sheet, view,
        count of rows, columns, the first rows with their numbers, unused columns;
        ``counts``: model, new, changed, unchanged; ``missing``: ``(view, part)`` where
        documents come without their parts.
        """
        return {
            "problems": [
                {
                    "sheet": one.sheet,
                    "row": one.row,
                    "column": one.column,
                    "title": self.env._(CAUSES[one.error.cause].title),
                    "message": describe(self.env, one.error),
                }
                for one in sorted(upload.problems, key=lambda one: one[:2])
            ],
            "tables": [
                {
                    "sheet": sheet,
                    "view": table.view,
                    "count": len(table.rows),
                    "columns": list(table.rows[0].values),
                    "rows": [
                        [row.number, *row.values.values()]
                        for row in table.rows[:SHOWN_ROWS]
                    ],
                    "unused": ", ".join(table.unused),
                }
                for sheet, table in upload.tables.items()
            ],
            "counts": [{"model": model, **counts[model]} for model in counts],
            "missing": [
                (view, part)
                for part, view in PARENT_VIEWS.items()
                if view in upload.entries and part not in upload.entries
            ],
        }


def _get_valid_time(document, time):
    """Return the time of stored rows, or None when their bill changed after it."""
    if document._name != "actionstep.invoice":
        return time
    changed = document.modified_at
    return False if time and changed and changed > time else time


def _show_keys(view, value):
    return ", ".join(f"{key} {getattr(value, key)}" for key in VIEWS[view].keys)
