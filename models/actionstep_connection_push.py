"""Push: send the due jobs to QuickBooks in batches and store what it answers."""

import logging
import math
import time
import traceback
from collections import deque
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg2
import psycopg2.extensions

from odoo import fields, models
from odoo.tools.misc import split_every

from ..const import QUICKBOOKS_BATCH_SIZE
from ..exceptions import (
    AuthError,
    ConnectionStoppedError,
    RetryableError,
    SyncError,
    ThrottledError,
    TokenExpiredError,
    UnknownOutcomeError,
)
from .vendor_session import VendorSession

_logger = logging.getLogger(__name__)

# Trouble of the whole connection, on whichever request or item it shows first.
STOPPING = (ThrottledError, AuthError, ConnectionStoppedError)
# Small queues are spread over several batches under way at once, none smaller than
# this.
SMALLEST_BATCH = 4
# Who waits for a turn of a batch looks this often whether somebody stopped us.
LOOK_SECONDS = 2.0


@dataclass(eq=False)
class Batch:
    """Jobs that share a request id, and what is sent for them.

    ``operations`` is ``{job: Operation}``, without jobs that need no request or cannot
    be sent; ``take`` stores ``{job: answer or SyncError}``.
    """

    jobs: Any
    operations: dict[Any, Any]
    take: Callable[[dict[Any, Any]], None]
    token: str = ""
    is_repeated: bool = False

    @property
    def stage(self):
        """Until it has landed, only jobs of the same stage start."""
        return self.jobs[0]._get_stage()


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
        with VendorSession(self, "quickbooks") as quickbooks:
            trouble = self._recover(quickbooks, run)
            with quickbooks.flights(self.batches_away) as flights:
                is_done = self._push_all(quickbooks, flights, run)
        if trouble:
            raise trouble
        return is_done

    def _push_all(self, quickbooks, flights, run):
        """Keep batches under way until nothing is left or something stops us.

        After trouble nothing new starts, and what is under way is waited for.
        """
        goes_on, trouble, ready = self._is_on(), None, deque()
        # The scheduler's own time for a pass is too short for what is under way.
        end = self._get_pass_end()
        while True:
            may_start = goes_on and not trouble and flights.room
            wait, landed = None, 0
            try:
                if may_start and not ready:
                    ready.extend(self._prepare_next(quickbooks, flights, run))
                if may_start and ready:
                    wait = self._start_batch(quickbooks, flights, ready[0], run)
                    if not wait:
                        ready.popleft()
                if wait != 0:
                    if not flights and not wait:
                        break
                    landed = self._land_next(quickbooks, flights, run, wait)
            except SyncError as error:
                trouble = trouble or error
            self._commit_step(processed=landed)
            goes_on = goes_on and time.monotonic() < end and self._is_on()
        if ready:
            self._withdraw(ready, run)
        if trouble:
            raise trouble
        return goes_on and self._is_on()

    def _withdraw(self, batches, run):
        """Put back what was prepared and got no turn before the pass ended."""
        for batch in batches:
            self._join(batch.operations)._set_pending()
            self._count_outcomes(batch.jobs, run)
        self._commit_step()

    def _prepare_next(self, quickbooks, flights, run):
        """Claim due jobs and prepare what is sent for them.

        Jobs of one stage may be under way together. The next stage waits until they
        have landed, because it may need them.

        :return: batches, none when there is nothing to do now
        """
        if flights and flights.away[0].jobs[0].credit_application_id:
            # How much is open of both sides must be known before more is applied.
            return []
        stage = next((batch.stage for batch in flights.away), None)
        first = self.env["actionstep.sync.job"]
        while first := first._find_next(self, stage):
            size = self._get_batch_size(quickbooks, first)
            # A look-up of names takes three requests, however few they are.
            limit = QUICKBOOKS_BATCH_SIZE if first._is_customer() else size
            jobs = first.browse()
            try:
                jobs = first._claim(limit)
                if not jobs:
                    return []
                jobs.run_id = run
                self._commit_step()
                return self._split(self._prepare_batch(quickbooks, jobs), size)
            except psycopg2.extensions.TransactionRollbackError:
                # Somebody changed the same documents meanwhile. Nothing was sent.
                self.env.cr.rollback()
                jobs.filtered(lambda job: job.state == "started")._set_pending()
            except SyncError as error:
                self._put_back_unsent(jobs, error)
            self._commit_step()
            if not self._is_on():
                break
        return []

    def _put_back_unsent(self, jobs, error):
        """Keep jobs that could not be prepared; nothing of them was sent.

        One whose look-up QuickBooks refuses for what is in it must not hold up the
        others: each then goes alone, and after them.

        :raise SyncError: trouble that may be of the whole connection
        """
        jobs = jobs.filtered(lambda job: job.state == "started")
        is_passing = isinstance(error, (RetryableError, *STOPPING))
        if not jobs or is_passing:
            if jobs:
                self._put_back(jobs, error)
            raise error
        if len(jobs) > 1:
            jobs._set_alone(error)
        elif jobs._is_customer():
            self._fail_customer(jobs, error)
        else:
            self._fail_document(jobs, error)

    def _split(self, batch, size):
        """Return batches of at most so many operations in place of a larger one.

        Each needs a request id of its own; it is stored with the start of its batch.
        """
        parts = [dict(part) for part in split_every(size, batch.operations.items())]
        rest = batch.jobs - self._join(batch.operations)
        batches = []
        for part in parts or [{}]:
            jobs = self._join(part) | rest
            jobs._renew_request_id()
            batches.append(Batch(jobs, part, batch.take))
            rest = rest.browse()
        return batches

    def _get_batch_size(self, quickbooks, job):
        """Return how many of the jobs that can go with a job are sent in one batch.

        QuickBooks works on the items of a batch one after the other: a small queue is
        done sooner in several. A third of the minute's turns stay for what comes then.
        """
        turns = max(1, min(self.batches_away, quickbooks.batches_left * 2 // 3))
        share = math.ceil(job._count_like() / turns)
        return min(QUICKBOOKS_BATCH_SIZE, max(SMALLEST_BATCH, share))

    def _start_batch(self, quickbooks, flights, batch, run):
        """Send a batch off, if Intuit's pace allows one more now.

        :return: how many seconds to wait for that, 0 when it is on its way
        """
        if not batch.operations:
            batch.take({})
            self._count_outcomes(batch.jobs, run)
            return 0
        batch.token = quickbooks.token
        is_full = len(batch.operations) == QUICKBOOKS_BATCH_SIZE
        if wait := quickbooks.take_batch_turn(is_full=is_full):
            return min(wait, LOOK_SECONDS)
        # How long QuickBooks may be at it counts from here.
        self._join(batch.operations).started_at = fields.Datetime.now()
        self._commit_step()
        operations = list(batch.operations.values())
        flights.start(batch, operations, batch.jobs[0].request_id, batch.token)
        return 0

    def _land_next(self, quickbooks, flights, run, wait):
        """Store what became of the first batch that is answered.

        :param wait: seconds to wait for it at most, None for as long as it takes
        :return: how many jobs landed
        """
        if not flights:
            time.sleep(wait)
        landing = flights.land(wait)
        if not landing:
            return 0
        # The wait was long: what others changed meanwhile is seen from here on.
        self._commit_step()
        batch, error = landing.key, landing.error
        try:
            if isinstance(error, TokenExpiredError):
                if not batch.is_repeated:
                    return self._repeat_batch(quickbooks, flights, batch, run)
                error = AuthError("reconnect", values={"vendor": "QuickBooks"})
            self._take_surely(
                batch,
                self._get_answers(quickbooks, batch.operations, landing.results, error),
            )
        except SyncError as trouble:
            self._leave_open(batch.jobs, trouble)
            raise
        self._count_outcomes(batch.jobs, run)
        return len(batch.jobs)

    def _repeat_batch(self, quickbooks, flights, batch, run):
        """Send a batch once more that was not carried out for its access token."""
        batch.is_repeated = True
        try:
            quickbooks.renew(batch.token)
        except SyncError as error:
            self._put_back(self._join(batch.operations), error)
            raise
        while wait := self._start_batch(quickbooks, flights, batch, run):
            time.sleep(wait)
            # Only a new transaction sees what others did meanwhile.
            self._commit_step()
            if not self._is_on():
                self._join(batch.operations)._set_pending()
                break
        return 0

    def _take_surely(self, batch, answers):
        """Store answers, once more if somebody changed the same records meanwhile.

        They are known to nobody else: what is not stored must be looked up.
        """
        try:
            batch.take(answers)
            self.env.flush_all()
        except psycopg2.extensions.TransactionRollbackError:
            self.env.cr.rollback()
            batch.take(answers)

    def _leave_open(self, jobs, error):
        """Keep what was answered before an interruption; of the rest nobody knows."""
        rest = jobs.filtered(lambda job: job.state == "started")
        # Looking again by name settles what became of a customer.
        customers = rest.filtered(lambda job: job._is_customer())
        customers._set_pending(error)
        self._give_up((rest - customers)._set_unknown(error), error)

    def _is_on(self):
        """Tell whether nobody paused, stopped or disconnected this meanwhile."""
        self.invalidate_recordset(["active", "state", "is_stopping"])
        return self.active and self.state == "active" and not self.is_stopping

    def _prepare_batch(self, quickbooks, jobs):
        """Return the batch that carries jobs of one kind."""
        if jobs[0]._is_customer():
            return self._prepare_customers(quickbooks, jobs)
        if jobs[0]._is_removal():
            return self._prepare_removals(quickbooks, jobs)
        return self._prepare_documents(quickbooks, jobs)

    def _count_outcomes(self, jobs, run):
        done = jobs.filtered(lambda job: job.state == "done")
        failed = jobs.filtered(lambda job: job.state == "failed")
        if not jobs[0]._is_customer():
            run._count(pushed=len(done), failed=len(failed))

    def _send(self, quickbooks, operations):
        """Send one batch, wait for it, and return what became of each job.

        :param operations: ``{job: Operation}`` of jobs that share a request id
        :return: ``{job: answer or SyncError}``
        :raise SyncError: see ``_get_answers``
        """
        if not operations:
            return {}
        jobs = self._join(operations)
        # How long QuickBooks may be at it counts from here.
        jobs.started_at = fields.Datetime.now()
        self._commit_step()
        request_id = jobs[0].request_id
        results, error = None, None
        try:
            results = quickbooks.call("batch", list(operations.values()), request_id)
        except SyncError as refusal:
            error = refusal
        return self._get_answers(quickbooks, operations, results, error)

    def _get_answers(self, quickbooks, operations, results, error):
        """Return what became of each job of a batch.

        :param results: of the batch, by ``bid``
        :param error: that of the whole batch, if it failed
        :return: ``{job: answer or SyncError}``
        :raise SyncError: the whole batch was refused; the jobs are back in the queue,
            or unknown when nobody can tell
        """
        if error is None:
            return {
                job: results[operation.bid].error or results[operation.bid].answer
                for job, operation in operations.items()
            }
        if isinstance(error, (UnknownOutcomeError, RetryableError, *STOPPING)):
            self._put_back(self._join(operations), error)
            raise error
        if len(operations) == 1:
            return dict.fromkeys(operations, error)
        return self._send_singly(quickbooks, operations)

    def _send_singly(self, quickbooks, operations):
        """Find the one that made QuickBooks refuse a whole batch: send each alone."""
        answers = {}
        for job, operation in operations.items():
            if not self._is_on():
                break
            # The refusal was definite: what goes now is another request.
            job._renew_request_id()
            answers |= self._send(quickbooks, {job: operation})
        self._join(operations.keys() - answers.keys())._set_pending()
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
                self._tell_refusal(job, error)
            else:
                self._fail_document(job, error)

    @contextmanager
    def _surprises_fail(self, fail, job):
        """Let one job's unexpected error fail that job, and not stop the others."""
        try:
            yield
        except (SyncError, psycopg2.OperationalError):
            # Trouble of the whole connection, or of the database.
            raise
        except Exception:
            _logger.exception("Job %s failed", job.id)
            fail(job, SyncError("unexpected", traceback.format_exc()))

    def _join(self, jobs):
        return self.env["actionstep.sync.job"].union(*jobs)
