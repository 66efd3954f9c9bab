"""Recover: find out what became of what was sent and never answered."""

from odoo import fields, models

from ..exceptions import (
    RetryableError,
    SyncError,
    UnknownOutcomeError,
)
from ..mappers.common import is_ours, is_voided
from .actionstep_connection_push import STOPPING


class ActionstepConnection(models.Model):
    _inherit = "actionstep.connection"

    def _recover(self, quickbooks, run):
        """Find out what became of jobs that were sent and never answered.

        First our marker is looked for in QuickBooks. What is not there is sent again
        with the same request id; QuickBooks then carries it out, or repeats its first
        answer, which may name an object that was removed since: so it is looked for
        once more, and only what is surely not there starts anew.

        :return: the passing trouble of one request: it may be that of one document that
            QuickBooks cannot digest, and what is queued goes all the same
        :raise SyncError: trouble of the whole connection
        """
        Job = self.env["actionstep.sync.job"]
        lost = UnknownOutcomeError("outcome_unknown")
        self._give_up(Job._recover_orphans(self), lost)
        Job._recover_forgotten(self)
        self._commit_step()
        due = Job._get_due_domain(self, ("unknown",))
        unknown = Job.search(due, order="retry, priority, id")
        # Names are unique in QuickBooks: a customer that was created is found by its
        # name when the job runs again.
        customers = unknown.filtered(lambda job: job._is_customer())
        customers._set_pending()
        removals = unknown.filtered(lambda job: job._is_removal())
        back = self._recover_removals(removals)
        groups = (unknown - customers - removals).grouped(
            lambda job: (
                job.id if job._goes_alone() else (job.request_id, *job._get_kind())
            )
        )
        trouble = None
        for jobs in (*back, *groups.values()):
            if not self._is_on():
                break
            tries = {job: job.retry for job in jobs}
            try:
                if jobs[0]._is_removal():
                    self._recover_removal(quickbooks, jobs)
                else:
                    self._recover_documents(quickbooks, jobs)
                self._count_outcomes(jobs, run)
            except SyncError as error:
                if isinstance(error, STOPPING):
                    raise
                # A look-up that failed counts as a try, too: one that QuickBooks always
                # refuses would hold up the others for ever.
                left = jobs.filtered(
                    lambda job, tries=tries: (
                        job.state == "unknown" and job.retry == tries[job]
                    )
                )
                self._give_up(left._set_unknown(error), error)
                self._commit_step()
                if trouble and _is_passing(error):
                    raise
                trouble = error if _is_passing(error) else trouble
            self._commit_step(processed=len(jobs))
        return trouble

    def _recover_documents(self, quickbooks, jobs):
        operations, values, _errors = self._translate(jobs)
        same = {j: v for j, v in values.items() if self._is_as_sent(j, v)}
        found = self._look_up(quickbooks, jobs, same)
        self._accept(found, same)
        missing = jobs.filtered(lambda job: job not in found)
        missing -= self._await_end(missing)
        again = {job: operations[job] for job in missing if job in same}
        self._release(missing.filtered(lambda job: job not in same))
        self._send_again(quickbooks, again, same)

    def _is_as_sent(self, job, value):
        """Tell whether a document still is what was sent, or would have been."""
        document = job._get_document()
        is_same = job.fingerprint in (False, document._kind.source_fingerprint(value))
        return is_same and not document.needs_plan

    def _await_end(self, jobs):
        """Leave the jobs alone whose request QuickBooks may still be at.

        That what was sent does not stand there yet proves nothing until then; and that
        a repeat of its request id is not carried out twice is not certain.

        :return: those jobs; they are looked for again when the request must be over
        """
        early = jobs.filtered(
            lambda job: job.fingerprint and job._get_end() > fields.Datetime.now()
        )
        for job in early:
            job.eta = job._get_end()
        return early

    def _release(self, jobs):
        """Drop jobs whose document changed and that QuickBooks did not carry out.

        They must not be sent again.
        """
        for job in jobs:
            job._cancel()
            job._get_document().needs_plan = True

    def _send_again(self, quickbooks, operations, values):
        """Send documents once more with the request id that they had."""
        self._remember_sent(operations, values)
        answers = self._send(quickbooks, operations)
        errors = {j: a for j, a in answers.items() if isinstance(a, SyncError)}
        answered = self._join(answers.keys() - errors.keys())
        alive = self._look_up(quickbooks, answered, values)
        for job in answered.filtered(lambda job: job not in alive):
            entity = job._get_document()._kind.entity
            current = self._read_object(quickbooks, entity, answers[job]["Id"])
            if current:
                alive[job] = current
            else:
                job._set_pending()
        self._take_document_answers(quickbooks, {**errors, **alive}, values)

    def _look_up(self, quickbooks, jobs, values):
        """Return ``{job: object in QuickBooks}`` for jobs that were carried out.

        A new document is found by what it was ever sent with and our marker, one that
        stood there before by its id.

        :param jobs: of documents of one kind
        :param values: ``{job: neutral document that was sent}``
        """
        new = jobs.filtered(lambda job: not job._get_document().quickbooks_id)
        rows = self._find_sent(quickbooks, new._get_documents()) if new else []
        found = {}
        for job in new:
            reference = job._get_document()._get_reference()
            # A voided one keeps its number and our marker, but counts no more.
            ours = [
                row for row in rows if is_ours(reference, row) and not is_voided(row)
            ]
            if ours:
                found[job] = ours[0]
        for job in jobs - new:
            row = self._read_document(quickbooks, job._get_document())
            if row and job in values and self._was_updated(job, values[job], row):
                found[job] = row
        return found

    def _find_sent(self, quickbooks, documents):
        """Return the objects that may be what was ever sent for these documents.

        Payments have no number of their own: they are looked up by customer and day.
        """
        entity, unlinked = documents._kind.entity, documents.filtered("unlinked_id")
        # What somebody let go of and released again may have another number by now.
        rows = []
        if unlinked:
            ids = unlinked.mapped("unlinked_id")
            rows = quickbooks.call("read_many", entity, ids)
        return rows + self._find_by_content(quickbooks, documents)

    def _find_by_content(self, quickbooks, documents):
        sent = documents._get_jobs()
        if documents._kind.entity == "Payment":
            paid = sent.filtered("sent_customer")
            wanted = {(job.sent_customer, job.sent_date) for job in paid}
            return quickbooks.call("find_payments", sorted(wanted)) if wanted else []
        numbers = sorted(set(filter(None, sent.mapped("number"))))
        find = {"Invoice": "find_invoices", "CreditMemo": "find_credit_notes"}
        entity = documents._kind.entity
        return quickbooks.call(find[entity], numbers) if numbers else []

    def _was_updated(self, job, value, row):
        """Tell whether QuickBooks' object is the outcome of our update."""
        document = job._get_document()
        return (
            row["SyncToken"] != value.sync_token
            and document._kind.answer_fingerprint(row)
            != document.quickbooks_fingerprint
            and not document._kind.compare(value, row)
        )


def _is_passing(error):
    """Tell whether an error may pass by itself, or come from one document alone."""
    return isinstance(error, (UnknownOutcomeError, RetryableError))
