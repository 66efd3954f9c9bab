"""Recover: find out what became of what was sent and never answered."""

from odoo import fields, models

from ..exceptions import SyncError, UnknownOutcomeError
from ..mappers.common import is_voided
from ..mappers.invoice import (
    answer_fingerprint,
    compare_answer,
    is_ours,
    source_fingerprint,
)


class ActionstepConnection(models.Model):
    _inherit = "actionstep.connection"

    def _recover(self, quickbooks, run):
        """Find out what became of jobs that were sent and never answered.

        First our marker is looked for in QuickBooks. What is not there is sent again
        with the same request id; QuickBooks then carries it out, or repeats its first
        answer, which may name an object that was removed since: so it is looked for
        once more, and only what is surely not there starts anew.

        :raise SyncError: trouble of the whole connection
        """
        Job = self.env["actionstep.sync.job"]
        lost = UnknownOutcomeError("outcome_unknown")
        self._give_up(Job._recover_orphans(self), lost)
        self._commit_step()
        due = Job._get_due_domain(self, ("unknown",))
        unknown = Job.search(due, order="retry, priority, id")
        # Names are unique in QuickBooks: a customer that was created is found by its
        # name when the job runs again.
        customers = unknown.filtered("participant_id")
        customers._set_pending()
        removals = unknown.filtered(lambda job: job._is_removal())
        self._recover_removals(quickbooks, removals)
        groups = (unknown - customers - removals).grouped(
            lambda job: job.id if job._goes_alone() else job.request_id
        )
        for jobs in groups.values():
            try:
                self._recover_invoices(quickbooks, jobs)
                self._count_outcomes(jobs, run)
            except SyncError:
                self._commit_step()
                raise
            self._commit_step(processed=len(jobs))

    def _recover_invoices(self, quickbooks, jobs):
        operations, values, _errors = self._translate(jobs)
        same = {j: v for j, v in values.items() if self._is_as_sent(j, v)}
        found = self._look_up(quickbooks, jobs, same)
        self._accept(found, same)
        missing = jobs.filtered(lambda job: job not in found)
        again = {job: operations[job] for job in missing if job in same}
        self._release(missing.filtered(lambda job: job not in same))
        self._send_again(quickbooks, again, same)

    def _is_as_sent(self, job, value):
        """Tell whether an invoice still is what was sent, or would have been."""
        is_same = job.fingerprint in (False, source_fingerprint(value))
        return is_same and not job.invoice_id.needs_plan

    def _release(self, jobs):
        """Drop jobs whose document changed and that QuickBooks did not carry out.

        They must not be sent again. QuickBooks ends every request after a while: until
        then it may still be at it.
        """
        for job in jobs:
            if job.fingerprint and job._get_end() > fields.Datetime.now():
                job.eta = job._get_end()
            else:
                job._cancel()
                job.invoice_id.needs_plan = True

    def _send_again(self, quickbooks, operations, values):
        """Send invoices once more with the request id that they had."""
        self._remember_sent(operations, values)
        answers = self._send(quickbooks, operations)
        errors = {j: a for j, a in answers.items() if isinstance(a, SyncError)}
        answered = self._join(answers.keys() - errors.keys())
        alive = self._look_up(quickbooks, answered, values)
        for job in answered.filtered(lambda job: job not in alive):
            current = self._read_invoice(quickbooks, answers[job]["Id"])
            if current:
                alive[job] = current
            else:
                job._set_pending()
        self._take_invoice_answers(quickbooks, {**errors, **alive}, values)

    def _look_up(self, quickbooks, jobs, values):
        """Return ``{job: invoice in QuickBooks}`` for jobs that were carried out.

        A new invoice is found by the numbers it was ever sent with and our marker, one
        that stood there before by its id.

        :param values: ``{job: neutral invoice that was sent}``
        """
        new = jobs.filtered(lambda job: not job.invoice_id.quickbooks_id)
        numbers = set(filter(None, new.invoice_id.job_ids.mapped("number")))
        rows = quickbooks.call("find_invoices", sorted(numbers)) if numbers else []
        found = {}
        for job in new:
            reference = job.invoice_id._get_reference()
            # A voided one keeps its number and our marker, but is no invoice any more.
            ours = [
                row for row in rows if is_ours(reference, row) and not is_voided(row)
            ]
            if ours:
                found[job] = ours[0]
        for job in jobs - new:
            row = self._read_invoice(quickbooks, job.invoice_id.quickbooks_id)
            if row and job in values and self._was_updated(job, values[job], row):
                found[job] = row
        return found

    def _was_updated(self, job, value, row):
        """Tell whether QuickBooks' invoice is the outcome of our update."""
        return (
            row["SyncToken"] != value.sync_token
            and answer_fingerprint(row) != job.invoice_id.quickbooks_fingerprint
            and not compare_answer(value, row)
        )
