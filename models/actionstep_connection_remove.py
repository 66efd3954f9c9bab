"""Remove: take out of QuickBooks what was deleted, or made a draft, in Actionstep."""

from odoo import fields, models

from ..clients.quickbooks import Operation
from ..exceptions import NotFoundError, RetryableError
from ..mappers.common import is_voided
from .actionstep_connection_plan import WAITING_CAUSES
from .actionstep_connection_push import Batch


class ActionstepConnection(models.Model):
    _inherit = "actionstep.connection"

    # === REMOVAL === #

    def _prepare_removals(self, quickbooks, jobs):
        """Return the batch that removes documents that no person did something to.

        A removal cannot be taken back, so each document is read first. The look also
        settles what became of a removal whose answer was lost.
        """
        rows = self._read_documents(quickbooks, jobs)
        operations = {}
        for job in jobs:
            with self._surprises_fail(self._fail_document, job):
                row = rows.get(job)
                if not row:
                    self._set_missing(job)
                elif job.operation == "void" and is_voided(row):
                    self._set_removed(job)
                elif objection := self._find_objection(quickbooks, job, row):
                    self._object_to_removal(job, objection)
                else:
                    operations[job] = Operation(
                        bid=job._get_batch_id(),
                        kind=job.operation,
                        entity=job._get_document()._kind.entity,
                        payload=job._get_document()._prepare_removal(
                            row, job.operation
                        ),
                    )
        return Batch(
            jobs,
            operations,
            lambda answers: self._take_answers(
                answers,
                self._accept_removals,
                lambda job, error: self._refuse_removal(quickbooks, job, error),
                self._fail_document,
            ),
        )

    def _find_objection(self, quickbooks, job, row):
        document = job._get_document()
        self._follow_merger(quickbooks, document, row)
        return document._get_objection(row)

    def _read_documents(self, quickbooks, jobs):
        """Return ``{job: object in QuickBooks}`` for those that stand there.

        One that was sent and never answered is found by its number and our marker.
        """
        bound = jobs.filtered(lambda job: job._get_document().quickbooks_id)
        documents = jobs._get_documents()
        ids = documents.filtered("quickbooks_id").mapped("quickbooks_id")
        answer = quickbooks.call("read_many", documents._kind.entity, ids)
        rows = {row["Id"]: row for row in answer}
        found = self._look_up(quickbooks, jobs - bound, {})
        for job in bound:
            document = job._get_document()
            # That a list does not name it is no proof that it is gone.
            found[job] = rows.get(document.quickbooks_id) or self._read_document(
                quickbooks, document
            )
        return found

    def _object_to_removal(self, job, objection):
        """Leave a document to a person, or to the jobs that may clear its way."""
        if self._is_in_the_way(job, objection) and job._postpone(objection):
            return
        if objection.cause in WAITING_CAUSES:
            document = job._get_document()
            document._set_waiting({document: objection})
            job._cancel()
        else:
            self._fail_document(job, objection)

    def _accept_removals(self, answers):
        for job in answers:
            self._set_removed(job)

    def _refuse_removal(self, quickbooks, job, error):
        """Decide what a refusal to remove one document means for its job."""
        is_missing = isinstance(error, NotFoundError)
        if is_missing and not self._read_documents(quickbooks, job).get(job):
            self._set_missing(job)
        elif error.cause == "outcome_unknown":
            self._give_up(job._set_unknown(error), error)
        elif isinstance(error, RetryableError):
            # Also when it changed since we looked: the next try looks again.
            self._give_up(job._set_retry(error), error)
        else:
            self._object_to_removal(job, error)

    def _set_removed(self, job):
        note = (
            self.env._("Voided in QuickBooks: %(what)s.")
            if job.operation == "void"
            else self.env._("Deleted in QuickBooks: %(what)s.")
        )
        self._set_withdrawn(job, note)

    def _set_missing(self, job):
        """Settle a removal of what is not there: we or a person removed it before."""
        self._set_withdrawn(job, self.env._("Not in QuickBooks any more: %(what)s."))

    def _set_withdrawn(self, job, note):
        document = job._get_document()
        document._message_log(body=note % {"what": document._get_label()})
        document._set_unbound()
        document._set_settled("withdrawn")
        job._set_done()

    # === RECOVERY === #

    def _recover_removals(self, jobs):
        """Remove again, except what came back in Actionstep meanwhile.

        :return: the jobs of what came back and is looked at now: when the lost request
            must be over it is clear whether it is updated or created anew
        """
        back = jobs.filtered(lambda job: not job._get_document()._is_withdrawn())
        (jobs - back)._set_pending()
        early = back.filtered(lambda job: job._get_end() > fields.Datetime.now())
        for job in early:
            job.eta = job._get_end()
        return back - early

    def _recover_removal(self, quickbooks, job):
        """Have it decided anew about a document that came back in Actionstep."""
        if not self._read_documents(quickbooks, job).get(job):
            job._get_document()._set_unbound()
        job._cancel()
        job._get_document().needs_plan = True
