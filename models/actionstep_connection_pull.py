"""Pull: read the bills that changed in Actionstep, and their lines, and stage them."""

import logging

import psycopg2

from odoo import models

from ..clients.reporting import ReportingClient
from ..clients.values import UnreadableRow, clean
from .vendor_session import VendorSession

_logger = logging.getLogger(__name__)

# How many bills' lines are read, stored and committed at once.
LINE_CHUNK = 500
# What only other lines can mend: those of such bills are read in every run, because a
# late export can bring lines that are older than the checkpoint.
LINE_CAUSES = ("lines_missing", "lines_outdated", "lines_mismatch", "line_unknown_kind")


class ActionstepConnection(models.Model):
    _inherit = "actionstep.connection"

    def _pull(self, run):
        """Stage what changed since the last run.

        Each page is committed; a checkpoint moves only when its stream was read to the
        end, so an interrupted pull reads again and skips nothing.

        :raise SyncError: Actionstep or the reporting database cannot be read
        """
        self.ensure_one()
        with VendorSession(self, "actionstep") as actionstep:
            self._pull_bills(actionstep, run)
            self._pull_clients(actionstep, run)
            self._pull_matters(actionstep, run)
        self._pull_lines(run)

    def _store_each(self, resource, rows, store, get_id):
        """Store rows together or, when that fails, each alone.

        One that cannot be stored is left out, and keeps no other from coming.

        :param store: stores a list of rows and returns the records
        :param get_id: returns the vendor's id of a row
        :return: what ``store`` returned, and ``UnreadableRow`` of those left out
        """
        try:
            with self.env.cr.savepoint():
                return [store(rows)], []
        except psycopg2.OperationalError:
            # Trouble of the database, not of a row.
            raise
        except Exception as error:
            if len(rows) == 1:
                row_id = get_id(rows[0])
                _logger.warning("%s %s", resource, row_id, exc_info=True)
                return [], [UnreadableRow(resource, row_id, clean(error))]
        alone = [self._store_each(resource, [row], store, get_id) for row in rows]
        return [found for results, _out in alone for found in results], [
            row for _results, out in alone for row in out
        ]

    # === BILLS === #

    def _pull_bills(self, actionstep, run):
        checkpoint = self.env["actionstep.sync.checkpoint"]._get(self, "bills")
        self._commit_step()
        newest, is_whole = None, True
        for bills, unreadable in actionstep.pages("bills", checkpoint._get_since()):
            changed, left_out = self._store_each(
                "bills", bills, self._stage_bills, lambda bill: bill.bill_id
            )
            is_whole &= not self._note_unreadable(run, unreadable + left_out)
            run._count(pulled=sum(map(len, changed)))
            times = (newest, *(bill.modified_at for bill in bills))
            newest = max(filter(None, times), default=None)
            self._commit_step()
        if is_whole:
            # What could not be read is asked for again until it can be.
            checkpoint._advance(newest)
        self._commit_step()

    def _stage_bills(self, bills):
        """Create or change the invoices of a page of bills.

        :return: the invoices that are new or changed
        """
        Invoice = self.env["actionstep.invoice"]
        bills = {bill.bill_id: bill for bill in bills}
        known = Invoice.search(
            [("connection_id", "=", self.id), ("external_id", "in", list(bills))]
        )
        known_ids = set(known.mapped("external_id"))
        new = [
            bill
            for bill in bills.values()
            # A draft is not a bill yet; a deleted one that we never saw never was.
            if bill.bill_id not in known_ids and bill.status not in ("Draft", "Deleted")
        ]
        currencies = self._get_currencies({bill.currency for bill in bills.values()})
        changed = Invoice
        for invoice in known:
            values = self._prepare_invoice(bills[invoice.external_id], currencies)
            if invoice._write_header(values):
                changed |= invoice
        return changed | Invoice.create(
            [
                {
                    **self._prepare_invoice(bill, currencies),
                    "connection_id": self.id,
                    "external_id": bill.bill_id,
                    "has_unlinked_matters": bool(bill.matter_ids),
                }
                for bill in new
            ]
        )

    def _prepare_invoice(self, bill, currencies):
        """Return the values of an invoice's header; clients and matters come after."""
        return {
            "number": bill.number,
            "bill_status": bill.status,
            "client_external_id": bill.client_id,
            "matter_external_ids": list(bill.matter_ids),
            "currency_code": bill.currency,
            "currency_id": currencies.get(bill.currency),
            "invoice_date": bill.bill_date,
            "due_date": bill.due_date,
            "amount_untaxed": float(bill.total_exclusive),
            "amount_tax": float(bill.total_tax),
            "amount_total": float(bill.total_inclusive),
            "amount_paid": float(bill.total_paid),
            "modified_at": bill.modified_at,
        }

    def _get_currencies(self, codes):
        """Return the ids of currencies by code, also of those not in use in Odoo.

        A firm's books may be in a currency that its Odoo uses for nothing else.
        """
        currencies = self.env["res.currency"].with_context(active_test=False)
        found = currencies.search([("name", "in", list(codes))])
        return {currency.name: currency.id for currency in found}

    def _note_unreadable(self, run, rows):
        """Tell in the run which rows of Actionstep could not be read.

        :return: whether there are any
        """
        if rows:
            lines = [f"{row.resource} {row.row_id}: {row.reason}" for row in rows]
            run.detail = "\n".join(filter(None, [run.detail, *lines]))
            run.message = self.env._(
                "%(count)s rows of Actionstep could not be read; see the details.",
                count=len(run.detail.splitlines()),
            )
        return bool(rows)

    # === CLIENTS AND MATTERS === #

    def _pull_clients(self, actionstep, run):
        """Stage the clients that staged bills name and that we do not know yet."""
        Participant = self.env["actionstep.participant"]
        orphans = self.env["actionstep.invoice"].search(
            [
                ("connection_id", "=", self.id),
                ("participant_id", "=", False),
                ("client_external_id", "!=", False),
            ]
        )
        ids = set(orphans.mapped("client_external_id"))
        known = self._get_by_external_id(Participant, ids)
        wanted = (ids - known.keys()) | self._get_refused_client_ids()
        if wanted:
            rows = actionstep.call("participants", sorted(wanted))
            self._stage_entries(actionstep, run, Participant, "participants", rows)
            known = self._get_by_external_id(Participant, ids)
        for client_id, invoices in orphans.grouped("client_external_id").items():
            if client_id in known:
                invoices.write(
                    {"participant_id": known[client_id].id, "needs_plan": True}
                )
        self._commit_step()

    def _get_refused_client_ids(self):
        """Return the clients that QuickBooks refused: they may have been corrected."""
        refused = self.env["actionstep.participant"].search(
            [
                ("connection_id", "=", self.id),
                ("quickbooks_id", "=", False),
                ("job_ids.state", "=", "failed"),
            ]
        )
        return set(refused.mapped("external_id"))

    def _stage_entries(self, actionstep, run, model, resource, rows):
        """Store clients or matters, and note those that cannot be read or stored."""
        _stored, left_out = self._store_each(
            resource,
            rows,
            lambda values: model._upsert(self, values, complete=False),
            lambda value: model._prepare(value)["external_id"],
        )
        self._note_unreadable(run, actionstep.take_unreadable() + left_out)

    def _get_by_external_id(self, model, external_ids):
        found = model.search(
            [
                ("connection_id", "=", self.id),
                ("external_id", "in", list(external_ids)),
            ]
        )
        return {record.external_id: record for record in found}

    def _pull_matters(self, actionstep, run):
        """Stage the matters that staged bills name and link them."""
        Matter = self.env["actionstep.matter"]
        unlinked = self.env["actionstep.invoice"].search(
            [("connection_id", "=", self.id), ("has_unlinked_matters", "=", True)]
        )
        ids = {str(i) for inv in unlinked for i in inv.matter_external_ids or []}
        known = self._get_by_external_id(Matter, ids)
        missing = sorted(ids - known.keys())
        if missing:
            rows = actionstep.call("matters", missing)
            self._stage_entries(actionstep, run, Matter, "actions", rows)
            known = self._get_by_external_id(Matter, ids)
        for invoice in unlinked:
            matters = [known[i].id for i in invoice.matter_external_ids if i in known]
            invoice.write(
                {"matter_ids": [(6, 0, matters)], "has_unlinked_matters": False}
            )
        self._commit_step()

    # === LINES === #

    def _pull_lines(self, run):
        """Stage the lines of bills that changed here or in the reporting database."""
        if not self.reporting_host:
            return
        checkpoint = self.env["actionstep.sync.checkpoint"]._get(self, "bill_lines")
        self._commit_step()
        with self._get_reporting_client() as reporting:
            bill_ids = reporting.changed_bill_ids(checkpoint._get_since())
            # Also bills that have none yet, whatever the checkpoint says.
            bill_ids += self._get_awaited_bill_ids()
            newest = self._stage_all_lines(
                reporting, run, list(dict.fromkeys(bill_ids))
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

    def _stage_all_lines(self, reporting, run, bill_ids):
        """Read and store the lines of bills, a chunk at a time.

        :return: the newest change among the lines read; None when one could not be, so
            that it is read again
        """
        newest, is_whole = None, True
        for start in range(0, len(bill_ids), LINE_CHUNK):
            invoices = self._get_by_external_id(
                self.env["actionstep.invoice"], bill_ids[start : start + LINE_CHUNK]
            )
            found, left_out = self._stage_lines(reporting, invoices)
            is_whole &= not self._note_unreadable(run, left_out)
            newest = max(filter(None, (newest, found)), default=None)
            self._commit_step()
        return newest if is_whole else None

    def _stage_lines(self, reporting, invoices):
        """Replace the lines of these invoices where they differ.

        :param invoices: ``{bill id: invoice}``
        :return: the newest change among the lines read, and the rows left out
        """
        lines = [line for page in reporting.bill_lines(list(invoices)) for line in page]
        unreadable, reporting.unreadable = reporting.unreadable, []
        by_bill = {}
        for line in lines:
            by_bill.setdefault(line.bill_id, []).append(line)
        _stored, left_out = self._store_each(
            "bill_line",
            [(invoices[bill_id], rows) for bill_id, rows in by_bill.items()],
            lambda pairs: self.env["actionstep.invoice"]._replace_lines(dict(pairs)),
            lambda pair: pair[0].external_id,
        )
        newest = max(filter(None, (line.modified_at for line in lines)), default=None)
        return newest, unreadable + left_out

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
