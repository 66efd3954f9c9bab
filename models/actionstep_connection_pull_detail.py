"""Pull what Actionstep's own interface lacks from the firm's reporting database."""

from odoo import models

from .. import const
from ..clients.reporting import ReportingClient, parent_id
from ..exceptions import ConnectionStoppedError, SyncError
from .failure import describe

# How many documents are read, stored and committed at once.
DETAIL_CHUNK = 500
# What only other lines can mend: those of such bills are read in every run, because a
# late export can bring lines that are older than the checkpoint.
LINE_CAUSES = ("lines_missing", "lines_outdated", "lines_mismatch", "line_unknown_kind")


class ActionstepConnection(models.Model):
    _inherit = "actionstep.connection"

    # === ACTION METHODS === #

    def action_check_reporting(self):
        """Check the views of the reporting database, and say what they lack."""
        self.ensure_one()
        self.check_access("write")
        try:
            with self._get_reporting_client() as reporting:
                gaps = reporting.check_contract(const.REPORTING_DETAIL_VIEWS)
        except SyncError as error:
            return self._tell_reporting(describe(self.env, error), "danger")
        if gaps:
            error = ConnectionStoppedError(
                "reporting_contract", values={"missing": ", ".join(gaps)}
            )
            return self._tell_reporting(describe(self.env, error), "warning")
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

    def _get_reporting_client(self):
        credential_sudo = self._get_credential("reporting")
        return ReportingClient(
            host=self.reporting_host,
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
                self._pull_lines(reporting, run)
                self._pull_optional(reporting, run, "receipts")
                self._pull_optional(reporting, run, "credit_notes")
        self._link_bills()
        self._commit_step()

    def _pull_lines(self, reporting, run):
        """Stage the lines of bills that changed here or in the reporting database."""
        checkpoint = self.env["actionstep.sync.checkpoint"]._get(self, "bill_lines")
        self._commit_step()
        bill_ids = reporting.changed_bill_ids(checkpoint._get_since())
        # Also bills that have none yet, whatever the checkpoint says.
        bill_ids += self._get_awaited_bill_ids()
        newest = self._stage_all(
            reporting, run, list(dict.fromkeys(bill_ids)), self._read_lines
        )
        checkpoint._advance(newest)
        self._commit_step()

    def _get_awaited_bill_ids(self):
        awaited = self.env["actionstep.invoice"].search(
            [
                ("connection_id", "=", self.id),
                ("state", "in", ("waiting", "attention")),
                "|",
                ("lines_modified_at", "=", False),
                ("failure_cause", "in", LINE_CAUSES),
            ]
        )
        return awaited.mapped("external_id")

    def _pull_optional(self, reporting, run, stream):
        """Stage payments or credit notes; a firm may have no views of them.

        :param stream: ``receipts`` or ``credit_notes``
        """
        views, ask, read = {
            "receipts": (
                const.REPORTING_PAYMENT_VIEWS,
                reporting.changed_receipt_ids,
                self._read_receipts,
            ),
            "credit_notes": (
                const.REPORTING_CREDIT_VIEWS,
                reporting.changed_credit_ids,
                self._read_credit_notes,
            ),
        }[stream]
        gaps = reporting.check_contract(views)
        if gaps:
            missing = ConnectionStoppedError(
                "reporting_contract", values={"missing": ", ".join(gaps)}
            )
            run._note(describe(self.env, missing))
            return
        checkpoint = self.env["actionstep.sync.checkpoint"]._get(self, stream)
        self._commit_step()
        newest = self._stage_all(reporting, run, ask(checkpoint._get_since()), read)
        checkpoint._advance(newest)
        self._commit_step()

    def _stage_all(self, reporting, run, ids, read):
        """Read and store documents' details, a chunk at a time.

        :param ids: of the documents
        :param read: reads and stores those of some ids; returns the times of change
            that were read and the rows that were left out
        :return: the newest change that was read; None when a row could not be, so that
            all is read again
        """
        newest, is_whole = None, True
        for start in range(0, len(ids), DETAIL_CHUNK):
            times, left_out = read(reporting, ids[start : start + DETAIL_CHUNK])
            is_whole &= not self._note_unreadable(run, left_out)
            newest = max(filter(None, (newest, *times)), default=None)
            self._commit_step()
        return newest if is_whole else None

    def _read_lines(self, reporting, bill_ids):
        """Replace the lines of these bills where they differ; see ``_stage_all``."""
        known = self._get_invoices(bill_ids)
        rows, unreadable = self._read_rows(reporting.bill_lines, reporting, known)
        by_bill = _by_parent(rows, "bill_id")
        _stored, left_out = self._store_each(
            "bill_line",
            list(by_bill.items()),
            lambda pairs: self._stage_bill_lines(dict(pairs)),
            lambda pair: pair[0],
        )
        return [row.modified_at for row in rows], unreadable + left_out

    def _read_receipts(self, reporting, receipt_ids):
        """Stage these receipts with what they settle; see ``_stage_all``."""
        parts, bad_parts = self._read_rows(
            reporting.receipt_allocations, reporting, receipt_ids
        )
        headers, bad = self._read_rows(reporting.receipts, reporting, receipt_ids)
        by_receipt = _by_parent(parts, "receipt_id")
        # One that lacks a part would settle something else.
        incomplete = set(map(parent_id, bad_parts))
        _stored, left_out = self._store_each(
            "receipt",
            [one for one in headers if one.receipt_id not in incomplete],
            lambda some: self._stage_receipts(
                some,
                {one.receipt_id: by_receipt.get(one.receipt_id, []) for one in some},
            ),
            lambda one: one.receipt_id,
        )
        return [one.modified_at for one in headers], bad_parts + bad + left_out

    def _read_credit_notes(self, reporting, credit_ids):
        """Stage these credit notes with lines and applications; see ``_stage_all``."""
        lines, bad_lines = self._read_rows(
            reporting.credit_note_lines, reporting, credit_ids
        )
        uses, bad_uses = self._read_rows(
            reporting.credit_applications, reporting, credit_ids
        )
        headers, bad = self._read_rows(reporting.credit_notes, reporting, credit_ids)
        by_note = _by_parent(lines, "credit_id")
        used = _by_parent(uses, "credit_id")
        incomplete = set(map(parent_id, bad_lines + bad_uses))
        _stored, left_out = self._store_each(
            "credit_note",
            [one for one in headers if one.credit_id not in incomplete],
            lambda some: self._stage_credit_notes(
                some,
                {one.credit_id: by_note.get(one.credit_id, []) for one in some},
                {one.credit_id: used.get(one.credit_id, []) for one in some},
            ),
            lambda one: one.credit_id,
        )
        times = [one.modified_at for one in headers]
        return times, bad_lines + bad_uses + bad + left_out

    def _read_rows(self, read, reporting, ids):
        """Return the rows of some documents, and those that could not be read."""
        rows = [row for page in read(list(ids)) for row in page]
        unreadable, reporting.unreadable = reporting.unreadable, []
        return rows, unreadable


def _by_parent(rows, key):
    """Return ``{id of the document: its rows}``."""
    found = {}
    for row in rows:
        found.setdefault(getattr(row, key), []).append(row)
    return found
