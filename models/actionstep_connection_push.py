"""Push: send the due jobs to QuickBooks in batches and store what it answers."""

import logging
import traceback
from contextlib import contextmanager

from odoo import models

from ..const import QUICKBOOKS_BATCH_SIZE
from ..exceptions import (
    AuthError,
    ConnectionStoppedError,
    RetryableError,
    SyncError,
    ThrottledError,
    UnknownOutcomeError,
)
from .vendor_session import VendorSession

_logger = logging.getLogger(__name__)

# Trouble of the whole connection, on whichever request or item it shows first.
STOPPING = (ThrottledError, AuthError, ConnectionStoppedError)


class ActionstepConnection(models.Model):
    _inherit = "actionstep.connection"

    def _push(self, run):
        """Send due jobs until none is left, the scheduler's time is over, or a pause.

        The request id of a batch is committed before the batch is sent, its answer
        right after: what was sent is never forgotten, whenever the process dies.

        :return: whether all due jobs were taken
        :raise SyncError: trouble of the whole connection
        """
        self.ensure_one()
        Job = self.env["actionstep.sync.job"]
        with VendorSession(self, "quickbooks") as quickbooks:
            self._recover(quickbooks, run)
            while jobs := Job._claim(self, QUICKBOOKS_BATCH_SIZE):
                jobs.run_id = run
                self._commit_step()
                try:
                    self._push_jobs(quickbooks, jobs, run)
                except SyncError as error:
                    self._leave_open(jobs, error)
                    self._commit_step(processed=len(jobs))
                    raise
                if not self._commit_step(processed=len(jobs)) or not self._is_on():
                    return False
        return True

    def _leave_open(self, jobs, error):
        """Keep what was answered before an interruption; of the rest nobody knows."""
        rest = jobs.filtered(lambda job: job.state == "started")
        # Looking again by name settles what became of a customer.
        customers = rest.filtered(lambda job: job._is_customer())
        customers._set_pending(error)
        self._give_up((rest - customers)._set_unknown(error), error)

    def _is_on(self):
        """Tell whether nobody paused or disconnected this connection meanwhile."""
        self.invalidate_recordset(["state"])
        return self.state == "active"

    def _push_jobs(self, quickbooks, jobs, run):
        if jobs[0]._is_customer():
            self._push_customers(quickbooks, jobs)
        elif jobs[0]._is_removal():
            self._push_removals(quickbooks, jobs)
        else:
            self._push_documents(quickbooks, jobs)
        self._count_outcomes(jobs, run)

    def _count_outcomes(self, jobs, run):
        done = jobs.filtered(lambda job: job.state == "done")
        failed = jobs.filtered(lambda job: job.state == "failed")
        if not jobs[0]._is_customer():
            run._count(pushed=len(done), failed=len(failed))

    def _send(self, quickbooks, operations):
        """Send one batch and return what became of each job.

        :param operations: ``{job: Operation}`` of jobs that share a request id
        :return: ``{job: answer or SyncError}``
        :raise SyncError: the whole batch was refused; the jobs are back in the queue,
            or unknown when nobody can tell
        """
        if not operations:
            return {}
        jobs = self._join(operations)
        request_id = jobs[0].request_id
        try:
            results = quickbooks.call("batch", list(operations.values()), request_id)
        except (UnknownOutcomeError, RetryableError, *STOPPING) as error:
            self._put_back(jobs, error)
            raise
        except SyncError as error:
            if len(operations) == 1:
                return dict.fromkeys(operations, error)
            return self._send_singly(quickbooks, operations)
        return {
            job: results[operation.bid].error or results[operation.bid].answer
            for job, operation in operations.items()
        }

    def _send_singly(self, quickbooks, operations):
        """Find the one that made QuickBooks refuse a whole batch: send each alone."""
        answers = {}
        for job, operation in operations.items():
            answers |= self._send(quickbooks, {job: operation})
        return answers

    def _put_back(self, jobs, error):
        """Keep the jobs of a request that failed as a whole.

        What was unknown before stays unknown, unless this very answer settles it.
        """
        is_unknown = jobs[0].state == "unknown"
        if isinstance(error, STOPPING):
            if not is_unknown:
                jobs._set_pending(error)
        elif is_unknown or isinstance(error, UnknownOutcomeError):
            self._give_up(jobs._set_unknown(error), error)
        elif jobs[0]._goes_alone():
            self._give_up(jobs._set_retry(error), error)
        else:
            jobs._set_pending(error, tries=1)

    def _take_answers(self, answers, accept, refuse, fail):
        """Store what QuickBooks answered to each job.

        :param answers: ``{job: answer or SyncError}``
        :param accept: called with ``{job: answer}`` of what was carried out
        :param refuse: called with a job and the error that refused it
        :param fail: called with a job and an error that nobody expected
        :raise SyncError: trouble of the whole connection
        """
        errors = {j: a for j, a in answers.items() if isinstance(a, SyncError)}
        accept({j: a for j, a in answers.items() if j not in errors})
        stopping = None
        # Only now what may ask QuickBooks again, and so be interrupted.
        for job, error in errors.items():
            with self._surprises_fail(fail, job):
                if isinstance(error, STOPPING):
                    stopping = error
                    self._put_back(job, error)
                else:
                    refuse(job, error)
        if stopping:
            raise stopping

    def _give_up(self, jobs, error):
        """Leave jobs that have no try left to a person."""
        for job in jobs:
            if job._is_customer():
                self._fail_dependants(job, error)
            else:
                self._fail_document(job, error)

    @contextmanager
    def _surprises_fail(self, fail, job):
        """Let one job's unexpected error fail that job, and not stop the others."""
        try:
            yield
        except SyncError:
            raise
        except Exception:
            _logger.exception("Job %s failed", job.id)
            fail(job, SyncError("unexpected", traceback.format_exc()))

    def _join(self, jobs):
        return self.env["actionstep.sync.job"].union(*jobs)
