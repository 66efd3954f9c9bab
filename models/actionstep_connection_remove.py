"""Remove: take out of QuickBooks what was deleted, or made a draft, in Actionstep."""

from odoo import fields, models

from ..clients.quickbooks import Operation
from ..exceptions import DataError, NotFoundError, RetryableError
from ..mappers.common import is_voided, map_removal
from ..mappers.invoice import answer_fingerprint
from ..mappers.money import from_answer


class ActionstepConnection(models.Model):
    _inherit = "actionstep.connection"

    # === REMOVAL === #

    def _push_removals(self, quickbooks, jobs):
        """Remove the invoices of jobs, unless a person did something to them.

        A removal cannot be taken back, so each invoice is read first. The look also
        settles what became of a removal whose answer was lost.
        """
        rows = self._read_invoices(quickbooks, jobs)
        operations = {}
        for job in jobs:
            with self._surprises_fail(self._fail_invoice, job):
                row = rows.get(job)
                if not row:
                    self._set_missing(job)
                elif job.operation == "void" and is_voided(row):
                    self._set_removed(job)
                elif objection := self._get_objection(job.invoice_id, row):
                    self._fail_invoice(job, objection)
                else:
                    operations[job] = Operation(
                        bid=job._get_batch_id(),
                        kind=job.operation,
                        entity="Invoice",
                        payload=map_removal(row["Id"], row["SyncToken"]),
                    )
        answers = self._send(quickbooks, operations)
        self._take_answers(
            answers,
            self._accept_removals,
            lambda job, error: self._refuse_removal(quickbooks, job, error),
            self._fail_invoice,
        )

    def _read_invoices(self, quickbooks, jobs):
        """Return ``{job: invoice in QuickBooks}`` for those that stand there.

        One that was sent and never answered is found by its number and our marker.
        """
        bound = jobs.filtered("invoice_id.quickbooks_id")
        ids = bound.invoice_id.mapped("quickbooks_id")
        rows = {row["Id"]: row for row in quickbooks.call("read_many", "Invoice", ids)}
        found = self._look_up(quickbooks, jobs - bound, {})
        for job in bound:
            quickbooks_id = job.invoice_id.quickbooks_id
            # That a list does not name it is no proof that it is gone.
            found[job] = rows.get(quickbooks_id) or self._read_invoice(
                quickbooks, quickbooks_id
            )
        return found

    def _get_objection(self, invoice, row):
        """Return the error that leaves an invoice to a person, if there is a reason."""
        is_paid = from_answer(row.get("Balance")) != from_answer(row.get("TotalAmt"))
        if row.get("LinkedTxn") or is_paid:
            # We link nothing to an invoice: somebody recorded it in QuickBooks.
            return DataError("paid_in_quickbooks")
        if invoice._note_edit(row):
            return DataError("removal_changed")
        return None

    def _accept_removals(self, answers):
        for job in answers:
            self._set_removed(job)

    def _refuse_removal(self, quickbooks, job, error):
        """Decide what a refusal to remove one invoice means for its job."""
        is_missing = isinstance(error, NotFoundError)
        if is_missing and not self._read_invoices(quickbooks, job).get(job):
            self._set_missing(job)
        elif error.cause == "outcome_unknown":
            self._give_up(job._set_unknown(error), error)
        elif isinstance(error, RetryableError):
            # Also when it changed since we looked: the next try looks again.
            self._give_up(job._set_retry(error), error)
        else:
            self._fail_invoice(job, error)

    def _set_removed(self, job):
        note = (
            self.env._("Voided in QuickBooks: invoice %(number)s.")
            if job.operation == "void"
            else self.env._("Deleted in QuickBooks: invoice %(number)s.")
        )
        self._set_withdrawn(job, note)

    def _set_missing(self, job):
        """Settle a removal of what is not there: we or a person removed it before."""
        note = self.env._("Invoice %(number)s is not in QuickBooks any more.")
        self._set_withdrawn(job, note)

    def _set_withdrawn(self, job, note):
        invoice = job.invoice_id
        number = invoice.quickbooks_number or invoice.number
        invoice._message_log(body=note % {"number": number})
        invoice._set_unbound()
        invoice._set_settled("withdrawn")
        job._set_done()

    # === RECOVERY === #

    def _recover_removals(self, quickbooks, jobs):
        """Remove again, except what came back in Actionstep meanwhile.

        What came back is looked at when the lost request must be over: then it is clear
        whether its invoice is updated or created anew.
        """
        back = jobs.filtered(lambda job: not job.invoice_id._is_withdrawn())
        (jobs - back)._set_pending()
        for job in back:
            if job._get_end() > fields.Datetime.now():
                job.eta = job._get_end()
                continue
            if not self._read_invoices(quickbooks, job).get(job):
                job.invoice_id._set_unbound()
            job._cancel()
            job.invoice_id.needs_plan = True


class ActionstepInvoice(models.Model):
    _inherit = "actionstep.invoice"

    def _note_edit(self, row):
        """Remember what a person made of the invoice in QuickBooks.

        :param row: the invoice as QuickBooks has it
        :return: whether it is another than we know
        """
        self.ensure_one()
        fingerprint = answer_fingerprint(row)
        is_edited = fingerprint != (self.quickbooks_fingerprint or fingerprint)
        self.edited_fingerprint = is_edited and fingerprint
        return is_edited
