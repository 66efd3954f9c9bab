"""Pull what Actionstep's own interface lacks from the firm's reporting database."""

import itertools
import re

from odoo import models
from odoo.tools.misc import split_every

from .. import const
from ..clients.reporting import ReportingClient, parent_id
from ..clients.rows import VIEWS
from ..clients.values import UnreadableRow
from ..exceptions import ConnectionStoppedError, SyncError
from .actionstep_document import DOCUMENTS_AT_ONCE
from .failure import describe

# What only other lines can mend: those of such bills are read in every run, because a
# late export can bring lines that are older than the checkpoint.
LINE_CAUSES = ("lines_missing", "lines_outdated", "lines_mismatch", "line_unknown_kind")

# What a firm may not keep there at all: views and model, by stream.
OPTIONAL_STREAMS = {
    "receipts": (const.REPORTING_PAYMENT_VIEWS, "actionstep.payment"),
    "credit_notes": (const.REPORTING_CREDIT_VIEWS, "actionstep.credit.note"),
}
# Whatever was found out about a database tells nothing of another one.
REPORTING_FIELDS = (
    "detail_source",
    "reporting_host",
    "reporting_port",
    "reporting_database",
    "reporting_schema",
    "reporting_user",
    "reporting_password",
    "reporting_sslmode",
)


class ActionstepConnection(models.Model):
    _inherit = "actionstep.connection"

    # === CRUD METHODS === #

    def write(self, vals):
        """Override of `actionstep.connection` to forget what another database lacked.

        No network here: the button checks, and so does each run.
        """
        named = [name for name in REPORTING_FIELDS if name in vals]
        moved = self.filtered(
            lambda one: any(one._is_changed(vals, name) for name in named)
        )
        result = super().write(vals)
        moved.sudo().filtered("reporting_message").reporting_message = False
        return result

    # === ACTION METHODS === #

    def action_check_reporting(self):
        """Check the views of the reporting database, and say what they lack."""
        self.ensure_one()
        self.check_access("write")
        try:
            with self._get_reporting_client() as reporting:
                gaps, absent = self._get_gaps(reporting)
        except SyncError as error:
            return self._tell_reporting(describe(self.env, error), "danger")
        if gaps:
            return self._tell_reporting(self._describe_gaps(gaps), "warning")
        if absent:
            message = self.env._(
                "The reporting database has all that bills need. It has no views "
                "%(views)s: what they would show is not pushed.",
                views=", ".join(absent),
            )
        else:
            message = self.env._("The reporting database has all that is needed.")
        return self._tell_reporting(message, "success")

    def _tell_reporting(self, message, kind):
        self.sudo().reporting_message = message if kind != "success" else False
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": kind,
                "sticky": kind != "success",
                "message": message,
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def _get_gaps(self, reporting):
        """Return what the views lack, and the names of optional views that are absent.

        A firm may keep only its bills there. Once payments or credit notes are known,
        views of them that are gone are a gap.
        """
        gaps = reporting.check_contract(const.REPORTING_DETAIL_VIEWS)
        mine = [("connection_id", "=", self.id)]
        absent = [
            view
            for views, model in OPTIONAL_STREAMS.values()
            if set(views) <= set(gaps) and not self.env[model].search(mine, limit=1)
            for view in views
        ]
        return [gap for gap in gaps if gap not in absent], absent

    def _describe_gaps(self, gaps):
        """Return the sentence that names what the views lack."""
        values = {"missing": ", ".join(gaps)}
        error = ConnectionStoppedError("reporting_contract", values=values)
        return describe(self.env, error)

    def _get_reporting_client(self):
        credential_sudo = self._get_credential("reporting")
        return ReportingClient(
            host=self.reporting_host or "",
            port=self.reporting_port,
            database=self.reporting_database or "",
            user=self.reporting_user or "",
            password=credential_sudo.client_secret or "",
            schema=self.reporting_schema or "",
            sslmode=self.reporting_sslmode,
        )

    # === PULL === #

    def _pull_details(self, run):
        """Stage lines, payments and credit notes from where the firm keeps them.

        :raise SyncError: the reporting database cannot be read
        """
        if self.detail_source == "reporting" and self.reporting_host:
            with self._get_reporting_client() as reporting:
                self._pull_reporting(reporting, run)
        elif self.detail_source == "reporting":
            run._note(
                self.env._(
                    "No reporting database is named, so lines, payments and credit "
                    "notes do not arrive. Enter its server in the settings of the "
                    "connection, or choose where else details come from."
                )
            )
        self._link_bills()
        self._commit_step()

    def _pull_reporting(self, reporting, run):
        gaps, absent = self._note_gaps(reporting)
        self._pull_lines(reporting, run)
        for stream, (views, _model) in OPTIONAL_STREAMS.items():
            missing = [gap for gap in gaps if _view_of(gap) in views]
            if missing:
                run._note(self._describe_gaps(missing))
            elif not set(views) & set(absent):
                self._pull_optional(reporting, run, stream)

    def _note_gaps(self, reporting):
        """Show on the connection what the views lack; nothing once they are mended.

        :return: as ``_get_gaps``
        """
        gaps, absent = self._get_gaps(reporting)
        message = self._describe_gaps(gaps) if gaps else False
        if self.reporting_message != message:
            self.reporting_message = message
        # Kept whatever becomes of the pull.
        self._commit_step()
        return gaps, absent

    def _pull_lines(self, reporting, run):
        """Stage the lines of bills that changed here or in the reporting database."""
        checkpoint = self.env["actionstep.sync.checkpoint"]._get(self, "bill_lines")
        self._commit_step()
        bill_ids = reporting.changed_bill_ids(checkpoint._get_since())
        # Also bills that have none yet, whatever the checkpoint says.
        bill_ids += self._get_awaited_bill_ids()
        self._stage_all(reporting, run, checkpoint, bill_ids, self._read_lines)

    def _get_awaited_bill_ids(self):
        # Before the first lines have come these are all bills: their ids alone.
        awaited = self.env["actionstep.invoice"].search_fetch(
            [
                ("connection_id", "=", self.id),
                "|",
                ("is_by_totals", "=", True),
                "&",
                ("state", "in", ("waiting", "attention")),
                "|",
                ("lines_modified_at", "=", False),
                ("failure_cause", "in", LINE_CAUSES),
            ],
            ["external_id"],
        )
        return awaited.mapped("external_id")

    def _pull_optional(self, reporting, run, stream):
        """Stage payments or credit notes.

        :param stream: ``receipts`` or ``credit_notes``
        """
        ask, read = {
            "receipts": (reporting.changed_receipt_ids, self._read_receipts),
            "credit_notes": (reporting.changed_credit_ids, self._read_credit_notes),
        }[stream]
        checkpoint = self.env["actionstep.sync.checkpoint"]._get(self, stream)
        self._commit_step()
        ids = ask(checkpoint._get_since())
        self._stage_all(reporting, run, checkpoint, ids, read)

    def _stage_all(self, reporting, run, checkpoint, ids, read):
        """Read and store documents' details, a chunk at a time, and move on.

        What cannot be read is asked for by its id from now on. Rows without an id
        cannot be: they hold the checkpoint, so that they are met again.

        :param ids: of the documents that changed
        :param read: reads and stores those of some ids; returns ``{id: times of
            change}`` of what was read and the rows that were left out
        """
        place = checkpoint._get_place()
        # Rows without an id came to light when it was asked what changed.
        place.is_whole &= not self._note_unreadable(run, reporting.take_unreadable())
        ids = sorted({*ids, *(checkpoint.unread_ids or [])})
        ids = [one for one in ids if place.after is None or one > place.after]
        for some in split_every(DOCUMENTS_AT_ONCE, ids):
            times, left_out = read(reporting, some)
            self._note_unreadable(run, left_out)
            checkpoint._keep_unread(times, map(parent_id, left_out))
            place.move(some[-1], itertools.chain(*times.values()))
            self._commit_part(checkpoint, place)
        checkpoint._end(place)
        self._commit_step()

    def _read_lines(self, reporting, bill_ids):
        """Replace the lines of these bills where they differ; see ``_stage_all``."""
        known = self._get_invoices(bill_ids)
        rows, unreadable = self._read_rows(reporting.bill_lines, reporting, known)
        # Without one of its lines a bill could still seem to add up.
        incomplete = set(map(parent_id, unreadable))
        by_bill = _by_parent(rows, "bill_id")
        _stored, left_out = self._store_each(
            "bill_line",
            [pair for pair in by_bill.items() if pair[0] not in incomplete],
            lambda pairs: self._stage_bill_lines(dict(pairs)),
            lambda pair: pair[0],
        )
        return _times_of(by_bill), unreadable + left_out

    def _read_receipts(self, reporting, receipt_ids):
        """Stage these receipts with what they settle; see ``_stage_all``."""
        headers, (parts,), bad = self._read_with_parts(
            reporting,
            "receipt",
            receipt_ids,
            reporting.receipts,
            reporting.receipt_allocations,
        )
        _stored, left_out = self._store_each(
            "receipt",
            headers,
            lambda some: self._stage_receipts(
                some, {one.receipt_id: parts.get(one.receipt_id, []) for one in some}
            ),
            lambda one: one.receipt_id,
        )
        return {one.receipt_id: [one.modified_at] for one in headers}, bad + left_out

    def _read_credit_notes(self, reporting, credit_ids):
        """Stage these credit notes with lines and applications; see ``_stage_all``."""
        headers, (lines, used), bad = self._read_with_parts(
            reporting,
            "credit_note",
            credit_ids,
            reporting.credit_notes,
            reporting.credit_note_lines,
            reporting.credit_applications,
        )
        _stored, left_out = self._store_each(
            "credit_note",
            headers,
            lambda some: self._stage_credit_notes(
                some,
                {one.credit_id: lines.get(one.credit_id, []) for one in some},
                {one.credit_id: used.get(one.credit_id, []) for one in some},
            ),
            lambda one: one.credit_id,
        )
        return {one.credit_id: [one.modified_at] for one in headers}, bad + left_out

    def _read_with_parts(self, reporting, view, ids, read, *read_parts):
        """Return documents that are whole and of one moment, with their parts.

        One that lacks a part would settle something else. And a load may come between
        two queries: what is not the same after its parts were read is left for the next
        run.

        :param view: of the documents themselves; ``read`` reads those of some ids
        :param read_parts: each reads one kind of parts
        :return: documents, ``{id: parts}`` of each kind, and the rows left out
        """
        key = VIEWS[view].keys[0]
        before, bad = self._read_rows(read, reporting, ids)
        parts = []
        for read_part in read_parts:
            rows, bad_parts = self._read_rows(read_part, reporting, ids)
            parts.append(_by_parent(rows, key))
            bad += bad_parts
        after, _told = self._read_rows(read, reporting, ids)
        incomplete = set(map(parent_id, bad))
        moved = {getattr(one, key) for one in set(before) ^ set(after)} - incomplete
        reason = "changed while it was read; the next run reads it again"
        bad += [UnreadableRow(view, one, reason) for one in sorted(moved)]
        whole = [one for one in before if getattr(one, key) not in incomplete | moved]
        return whole, parts, bad

    def _read_rows(self, read, reporting, ids):
        """Return the rows of some documents, and those that could not be read."""
        rows = [row for page in read(list(ids)) for row in page]
        return rows, reporting.take_unreadable()


def _by_parent(rows, key):
    """Return ``{id of the document: its rows}``."""
    found = {}
    for row in rows:
        found.setdefault(getattr(row, key), []).append(row)
    return found


def _times_of(rows):
    """Return ``{id of the document: times of change of its rows}``."""
    return {one: [row.modified_at for row in own] for one, own in rows.items()}


def _view_of(gap):
    """Return the view that a gap of the contract is in."""
    return re.match(r"\w+", gap)[0]
