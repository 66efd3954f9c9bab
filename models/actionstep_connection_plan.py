"""Plan: decide what to do with each document that changed, and write the jobs."""

import logging
import traceback

from odoo import fields, models
from odoo.fields import Domain

from ..documents import QuickbooksCompany
from ..exceptions import DataError, SyncError
from ..mappers.invoice import check_invoice, source_fingerprint
from ..mappers.money import from_answer, same_cents
from .maps import Maps

_logger = logging.getLogger(__name__)

PLAN_CHUNK = 500
REMOVAL_PRIORITY = 5
CUSTOMER_PRIORITY = 10
INVOICE_PRIORITY = 20
# Causes that a look at our own data decides: looked at again in every run. All others
# came from QuickBooks and are tried again after a while (``retry_at``).
LOCAL_CAUSES = (
    "account_unmapped",
    "tax_unmapped",
    "mapping_broken",
    "client_missing",
    "date_missing",
    "number_missing",
    "number_too_long",
    "currency_unknown",
    "currency_foreign",
    "exchange_rate_missing",
    "lines_mismatch",
    "line_unknown_kind",
    "lines_too_many",
    "total_negative",
    "tax_mixed",
    "tax_mismatch",
)


class ActionstepConnection(models.Model):
    _inherit = "actionstep.connection"

    def _plan(self, run):
        """Decide about every document that changed or may have been mended.

        Jobs are written in the same transaction as the decision: nothing is queued for
        work that was rolled back, and nothing decided is forgotten.
        """
        self.ensure_one()
        self._link_currencies()
        maps = Maps(self)
        due = self.env["actionstep.invoice"].search(self._get_plan_domain(), order="id")
        for start in range(0, len(due), PLAN_CHUNK):
            queued = self._plan_invoices(due[start : start + PLAN_CHUNK], maps)
            run._count(queued=len(queued))
            self._commit_step()

    def _link_currencies(self):
        """Link the currency of bills whose currency Odoo did not know before."""
        unlinked = self.env["actionstep.invoice"].search(
            [
                ("connection_id", "=", self.id),
                ("currency_id", "=", False),
                ("currency_code", "!=", False),
            ]
        )
        currencies = self._get_currencies(set(unlinked.mapped("currency_code")))
        for code, invoices in unlinked.grouped("currency_code").items():
            if code in currencies:
                invoices.write({"currency_id": currencies[code], "needs_plan": True})

    def _get_plan_domain(self):
        """Return which documents to decide about: none whose push is under way."""
        wanted = Domain("needs_plan", "=", True)
        return (
            Domain("connection_id", "=", self.id)
            & (wanted | self._get_mended_domain() | self._get_moved_domain())
            & Domain("job_ids", "not any", [("state", "in", ("started", "unknown"))])
        )

    def _get_mended_domain(self):
        """Return the documents in Needs attention that are due to be looked at again.

        Looking again at what is not mended writes nothing.
        """
        due = Domain("retry_at", "<=", fields.Datetime.now())
        return Domain("state", "=", "attention") & (
            Domain("failure_cause", "in", LOCAL_CAUSES) | due
        )

    def _get_moved_domain(self):
        """Return the documents that another start date lets in or leaves out."""
        skipped = Domain("state", "=", "skipped")
        if not self.start_date:
            return skipped
        early = Domain("invoice_date", "<", self.start_date)
        unsent = Domain("state", "in", ("queued", "waiting")) & Domain(
            "quickbooks_id", "=", False
        )
        return (skipped & ~early) | (unsent & early)

    def _plan_invoices(self, invoices, maps):
        """Move each invoice to the state that its content asks for.

        :return: the invoices that were queued
        """
        company = self._get_company_value()
        Invoice = self.env["actionstep.invoice"]
        by_state = {"queued": Invoice, "pushed": Invoice}
        by_state |= {"skipped": Invoice, "withdrawn": Invoice}
        waiting, attention = {}, {}
        for invoice in invoices:
            try:
                by_state[invoice._decide(maps, company)] |= invoice
            except SyncError as error:
                is_waiting = error.cause in ("lines_missing", "lines_outdated")
                (waiting if is_waiting else attention)[invoice] = error
            except Exception:
                # One document's surprise must not stop the others: it is shown on it.
                _logger.exception("Invoice %s could not be planned", invoice.id)
                attention[invoice] = SyncError("unexpected", traceback.format_exc())
        self._cancel_jobs(invoices)
        by_state["queued"]._set_queued()
        for state in ("pushed", "skipped", "withdrawn"):
            by_state[state]._set_settled(state)
        Invoice._set_waiting(waiting)
        Invoice._set_attention(attention)
        self._create_jobs(by_state["queued"])
        return by_state["queued"]

    def _cancel_jobs(self, invoices):
        """Drop the jobs of an earlier decision that were not sent yet."""
        self.env["actionstep.sync.job"].search(
            [
                ("invoice_id", "in", invoices.ids),
                ("state", "in", ("waiting", "pending")),
            ]
        )._cancel()

    def _create_jobs(self, invoices):
        """Write a job for each invoice, after one for its client where that is new."""
        Job = self.env["actionstep.sync.job"]
        living = invoices.filtered(lambda invoice: not invoice._is_withdrawn())
        customers = self._create_customer_jobs(
            living.participant_id.filtered(lambda p: not p.quickbooks_id)
        )
        values = []
        for invoice in invoices:
            is_removal = invoice not in living
            # A removal needs no customer, and must free its number first.
            first = customers.get(invoice.participant_id, Job)
            first = Job if is_removal else first
            values.append(
                {
                    "connection_id": self.id,
                    "invoice_id": invoice.id,
                    "operation": invoice._get_operation(),
                    "priority": REMOVAL_PRIORITY if is_removal else INVOICE_PRIORITY,
                    "identity_key": f"invoice:{invoice.id}",
                    "depends_on_id": first.id,
                    "state": "waiting" if first else "pending",
                }
            )
        Job.create(values)

    def _create_customer_jobs(self, participants):
        """Return the open job of each client that has no customer yet."""
        Job = self.env["actionstep.sync.job"]
        open_jobs = Job.search(
            [
                ("participant_id", "in", participants.ids),
                ("state", "in", ("waiting", "pending", "started", "unknown")),
            ]
        )
        jobs = Job.create(
            [
                {
                    "connection_id": self.id,
                    "participant_id": participant.id,
                    "operation": "create",
                    "priority": CUSTOMER_PRIORITY,
                    "identity_key": f"customer:{participant.id}",
                }
                for participant in participants - open_jobs.participant_id
            ]
        )
        return {job.participant_id: job for job in open_jobs | jobs}

    def _get_company_value(self):
        """Return the neutral QuickBooks company that the mappers take."""
        return QuickbooksCompany(
            realm_id=self.realm_id or "",
            name=self.quickbooks_company_name or "",
            country=self.quickbooks_country or "US",
            home_currency=self.quickbooks_currency_id.name or "",
            is_multicurrency=self.quickbooks_multicurrency,
            uses_sales_tax=self.quickbooks_sales_tax,
            uses_automated_sales_tax=self.quickbooks_automated_tax,
            uses_custom_numbers=self.quickbooks_custom_numbers,
            book_close_date=self.quickbooks_close_date or None,
        )


class ActionstepInvoice(models.Model):
    _inherit = "actionstep.invoice"

    def _decide(self, maps, company):
        """Return the state this invoice belongs in.

        :return: queued, pushed (nothing new), skipped or withdrawn
        :raise SyncError: it must wait, or needs attention; the cause says which
        """
        self.ensure_one()
        if self._is_withdrawn():
            is_there = self.quickbooks_id or self._may_be_there()
            return "queued" if is_there else "withdrawn"
        if not self.invoice_date:
            raise DataError("date_missing")
        start_date = self.connection_id.start_date
        if start_date and self.invoice_date < start_date and not self.quickbooks_id:
            return "skipped"
        if not self.participant_id:
            raise DataError("client_missing")
        if not self.currency_id:
            raise DataError("currency_unknown")
        self._check_lines()
        value = self._to_value(maps)
        problems = check_invoice(value, company)
        if problems:
            raise problems[0]
        if self.quickbooks_id and source_fingerprint(value) == self.pushed_fingerprint:
            return "pushed"
        return "queued"

    def _is_withdrawn(self):
        """Tell whether Actionstep says that there is no such bill, or not any more."""
        self.ensure_one()
        return self.bill_status in ("Draft", "Deleted")

    def _may_be_there(self):
        """Tell whether it was sent and given up without knowing what became of it."""
        self.ensure_one()
        last = self.job_ids.sorted("id")[-1:]
        return last.operation == "create" and last.state == "failed" and last.request_id

    def _get_operation(self):
        """Return what has to happen in QuickBooks."""
        self.ensure_one()
        if not self._is_withdrawn():
            return "update" if self.quickbooks_id else "create"
        # A draft comes back, mostly with the number that a voided invoice would keep.
        is_deleted = self.bill_status == "Deleted"
        return self.connection_id.removal if is_deleted else "delete"

    def _check_lines(self):
        """Refuse lines that are missing, older than the bill, or do not add up."""
        if not self.line_ids:
            raise DataError("lines_missing")
        for line in self.line_ids:
            if line.kind not in ("fee", "expense"):
                raise DataError(
                    "line_unknown_kind",
                    values={"line": line.line_no, "kind": line.kind or "-"},
                )
        exclusive = sum(map(from_answer, self.line_ids.mapped("amount")))
        tax = sum(map(from_answer, self.line_ids.mapped("tax_amount")))
        if same_cents(exclusive, from_answer(self.amount_untaxed)) and same_cents(
            tax, from_answer(self.amount_tax)
        ):
            return
        values = {"lines": self._format_amount(float(exclusive + tax))}
        if (
            self.modified_at
            and self.lines_modified_at
            and self.modified_at > self.lines_modified_at
        ):
            raise DataError("lines_outdated", values=values)
        raise DataError("lines_mismatch", values=values)
