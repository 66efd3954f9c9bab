"""Remove: take out of QuickBooks what was deleted, or made a draft, in Actionstep."""

from odoo import models

from ..clients.quickbooks import Operation
from ..exceptions import DataError, NotFoundError, RetryableError
from ..mappers.common import map_removal
from ..mappers.invoice import answer_fingerprint


class ActionstepConnection(models.Model):
    _inherit = "actionstep.connection"

    def _push_removals(self, quickbooks, jobs):
        """Remove the invoices of jobs, unless a person did something to them.

        A removal cannot be taken back, so each invoice is read first. The look also
        settles what became of a removal whose answer was lost.
        """
        ids = jobs.invoice_id.mapped("quickbooks_id")
        rows = {row["Id"]: row for row in quickbooks.call("read_many", "Invoice", ids)}
        operations = {}
        for job in jobs:
            with self._surprises_fail(self._fail_invoice, job):
                row = rows.get(job.invoice_id.quickbooks_id)
                objection = row and self._get_objection(job.invoice_id, row)
                if not row:
                    self._set_removed(job)
                elif objection:
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
            answers, self._accept_removals, self._refuse_removal, self._fail_invoice
        )

    def _get_objection(self, invoice, row):
        """Return the error that leaves an invoice to a person, if there is a reason."""
        if row.get("LinkedTxn"):
            # We link nothing to an invoice: somebody recorded it in QuickBooks.
            return DataError("paid_in_quickbooks")
        known = invoice.quickbooks_fingerprint
        if known and answer_fingerprint(row) != known:
            return DataError("changed_in_quickbooks")
        return None

    def _accept_removals(self, answers):
        for job in answers:
            self._set_removed(job)

    def _refuse_removal(self, job, error):
        """Decide what a refusal to remove one invoice means for its job."""
        if isinstance(error, NotFoundError):
            self._set_removed(job)
        elif error.cause == "outcome_unknown":
            self._give_up(job._set_unknown(error), error)
        elif isinstance(error, RetryableError):
            # Also when it changed since we looked: the next try looks again.
            self._give_up(job._set_retry(error), error)
        else:
            self._fail_invoice(job, error)

    def _set_removed(self, job):
        invoice = job.invoice_id
        note = (
            self.env._("Voided in QuickBooks: invoice %(number)s.")
            if job.operation == "void"
            else self.env._("Deleted in QuickBooks: invoice %(number)s.")
        )
        number = invoice.quickbooks_number or invoice.number
        invoice._message_log(body=note % {"number": number})
        invoice._set_unbound()
        invoice._set_settled("withdrawn")
        job._set_done()
