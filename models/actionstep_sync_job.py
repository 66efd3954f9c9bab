import uuid
from datetime import timedelta

from odoo import api, fields, models

from ..clients.pace import BATCHES
from ..const import (
    QUICKBOOKS_BATCH_ID_LENGTH,
    QUICKBOOKS_BATCH_SIZE,
    QUICKBOOKS_REQUEST_SECONDS,
)
from ..exceptions import UnknownOutcomeError
from .retry import BACKOFF_CAP, seconds_to_wait

# What a job is about: one of these is set.
DOCUMENT_FIELDS = (
    "invoice_id",
    "credit_note_id",
    "payment_id",
    "credit_application_id",
)
CUSTOMER_FIELDS = ("participant_id", "subcustomer_id")
TARGET_FIELDS = (*DOCUMENT_FIELDS, *CUSTOMER_FIELDS)
OPEN_STATES = ("waiting", "pending", "started", "unknown")
# Priorities of the stage in which customers and invoices go.
FIRST_CUSTOMER, LAST_INVOICE = 10, 20
# Before all but removals, which free numbers: what a person wants pushed now.
URGENT_PRIORITY = 8
# After all others: when what stands in the way may be gone.
LAST_PRIORITY = 90
MAX_RETRIES = 8
# Whatever failed as often together with others goes alone.
ALONE_AFTER = 2
# Nothing has to wait any longer: the clock must have been put back.
LONGEST_WAIT = timedelta(seconds=2 * BACKOFF_CAP)


class ActionstepSyncJob(models.Model):
    """One piece of work at QuickBooks: the outbox of a connection.

    Written in the transaction that decided it, sent later; the request id is stored and
    committed before anything is sent, and reused while the outcome is unknown.
    """

    _name = "actionstep.sync.job"
    _description = "Sync Job"
    _inherit = "actionstep.failure"
    _order = "priority, id"

    # The life of a job:
    #   waiting --[what it depends on is done]--> pending
    #   pending --[claimed, request id stored]--> started
    #   started --[QuickBooks answered]--> done | failed
    #   started --[refused for the moment]--> pending, not before eta
    #   started --[no readable answer, or the worker died]--> unknown
    #   unknown --[found in QuickBooks, or sent again and answered]--> done | failed
    #   unknown --[surely not there]--> pending with a new request id, or cancelled
    #       when the document changed since it was sent
    #   waiting, pending --[the document changed or went away]--> cancelled
    state = fields.Selection(
        [
            ("waiting", "Waiting"),
            ("pending", "Pending"),
            ("started", "Started"),
            ("unknown", "Outcome unknown"),
            ("done", "Done"),
            ("failed", "Failed"),
            ("cancelled", "Cancelled"),
        ],
        default="pending",
        required=True,
        readonly=True,
        index=True,
    )
    connection_id = fields.Many2one(
        "actionstep.connection",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    company_id = fields.Many2one(
        "res.company", related="connection_id.company_id", store=True, index=True
    )
    run_id = fields.Many2one("actionstep.sync.run", readonly=True, index=True)
    operation = fields.Selection(
        [
            ("create", "Create"),
            ("update", "Update"),
            ("delete", "Delete"),
            ("void", "Void"),
        ],
        required=True,
        readonly=True,
    )
    invoice_id = fields.Many2one(
        "actionstep.invoice", readonly=True, index="btree_not_null", ondelete="cascade"
    )
    credit_note_id = fields.Many2one(
        "actionstep.credit.note",
        readonly=True,
        index="btree_not_null",
        ondelete="cascade",
    )
    payment_id = fields.Many2one(
        "actionstep.payment", readonly=True, index="btree_not_null", ondelete="cascade"
    )
    credit_application_id = fields.Many2one(
        "actionstep.credit.application",
        readonly=True,
        index="btree_not_null",
        ondelete="cascade",
    )
    participant_id = fields.Many2one(
        "actionstep.participant",
        string="Client",
        readonly=True,
        index="btree_not_null",
        ondelete="cascade",
    )
    subcustomer_id = fields.Many2one(
        "actionstep.subcustomer",
        string="Matter",
        readonly=True,
        index="btree_not_null",
        ondelete="cascade",
    )
    depends_on_id = fields.Many2one(
        "actionstep.sync.job",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
        help="Starts only when that one is done.",
    )
    priority = fields.Integer(
        readonly=True,
        help="Removals first, for their numbers; then customers, invoices, credit "
        "notes, payments, and what is applied of credit notes.",
        aggregator=None,
    )
    identity_key = fields.Char(
        readonly=True, help="No two open jobs share it: the same work is queued once."
    )
    eta = fields.Datetime(string="Not Before", readonly=True)
    retry = fields.Integer(string="Tries", readonly=True, aggregator=None)
    number = fields.Char(
        readonly=True, help="Number of the document as it was sent: to look it up."
    )
    sent_customer = fields.Char(
        readonly=True, help="Customer of the payment as it was sent: to look it up."
    )
    sent_date = fields.Date(readonly=True)
    fingerprint = fields.Char(readonly=True, help="Content as it was sent.")
    sent_fingerprint = fields.Char(
        readonly=True,
        help="Of an update: what it makes of the object in QuickBooks.",
    )
    is_repeat = fields.Boolean(
        readonly=True, help="Sent before: looked up before it is created again."
    )
    request_id = fields.Char(
        string="Request ID", readonly=True, help="Sent as requestid, stored before."
    )
    started_at = fields.Datetime(readonly=True)
    finished_at = fields.Datetime(readonly=True)
    intuit_tid = fields.Char(string="Intuit Trace ID", readonly=True)

    _identity_once = models.UniqueIndex(
        "(connection_id, identity_key) "
        "WHERE state IN ('waiting', 'pending', 'started', 'unknown')"
    )
    _due = models.Index(
        "(connection_id, priority, id) WHERE state IN ('pending', 'unknown')"
    )

    @api.depends("operation", *TARGET_FIELDS)
    def _compute_display_name(self):
        operations = dict(self._fields["operation"]._description_selection(self.env))
        for job in self:
            label = job._get_target()._get_label()
            job.display_name = f"{operations.get(job.operation, '')} {label}"

    # === ACTION METHODS === #

    def action_requeue(self):
        """Requeue the documents of failed jobs."""
        for field_name in DOCUMENT_FIELDS:
            self[field_name].action_requeue()

    # === TARGET === #

    def _get_target(self):
        """Return the record that a job is about."""
        self.ensure_one()
        return next(filter(None, (self[name] for name in TARGET_FIELDS)))

    def _get_document(self):
        """Return the document of a job; of a customer's job an empty record."""
        self.ensure_one()
        documents = (self[name] for name in DOCUMENT_FIELDS)
        return next(filter(None, documents), self.invoice_id)

    def _is_customer(self):
        """Tell whether this job is about a customer, and not about a document."""
        self.ensure_one()
        return any(self[name] for name in CUSTOMER_FIELDS)

    def _get_documents(self):
        """Return the documents of jobs of one kind."""
        names = (name for name in DOCUMENT_FIELDS if self[:1][name])
        return self[next(names, DOCUMENT_FIELDS[0])]

    # === CLAIM === #

    def _get_open_domain(self, connections):
        """Return the jobs about documents whose work is not over."""
        return [
            ("connection_id", "in", connections.ids),
            ("state", "in", OPEN_STATES),
            *((name, "=", False) for name in CUSTOMER_FIELDS),
        ]

    def _get_due_domain(self, connection, states=("pending",)):
        return [
            ("connection_id", "=", connection.id),
            ("state", "in", states),
            "|",
            "|",
            ("eta", "=", False),
            ("eta", "<=", fields.Datetime.now()),
            ("eta", ">", fields.Datetime.now() + LONGEST_WAIT),
        ]

    @api.model
    def _find_next(self, connection, stage=None):
        """Return the job that goes next.

        :param stage: that of the jobs under way: nothing when the next is of another
        """
        order = "priority, retry, id"
        first = self.search(self._get_due_domain(connection), limit=1, order=order)
        is_barred = first and stage not in (None, first._get_stage())
        return self.browse() if is_barred else first

    def _count_like(self):
        """Return how many jobs can go with this one, as far as a minute reaches."""
        self.ensure_one()
        limit = QUICKBOOKS_BATCH_SIZE * BATCHES
        return self.search_count(self._get_like_domain(), limit=limit)

    def _get_like_domain(self):
        return [
            *self._get_due_domain(self.connection_id),
            ("priority", "=", self.priority),
        ]

    def _claim(self, limit):
        """Return this job and others of its kind, locked and marked as started.

        The lock skips what another worker holds; the caller commits, and the state then
        keeps others away. A job that held up others twice goes alone, and after them.
        """
        self.ensure_one()
        due = self.search(self._get_like_domain(), limit=limit, order="retry, id")
        due = due.filtered(lambda job: job._get_kind() == self._get_kind())
        due = due.filtered(lambda job: not job._goes_alone()) or due[:1]
        jobs = due.try_lock_for_update(allow_referencing=True)
        jobs = jobs.filtered(lambda job: job.state == "pending")
        jobs._mark_repeats()
        jobs.write({"state": "started", "started_at": fields.Datetime.now()})
        jobs._renew_request_id()
        return jobs

    def _renew_request_id(self):
        """Let these jobs be sent together, by a name that no request had before."""
        self.request_id = uuid.uuid4().hex

    def _get_kind(self):
        """Return what jobs of one batch have in common."""
        self.ensure_one()
        return self.priority, self._get_target()._name, self._is_removal()

    def _get_stage(self):
        """Return what jobs that may be under way together have in common.

        Invoices need not wait for the customers of others: each waits for its own.
        """
        self.ensure_one()
        is_new = FIRST_CUSTOMER <= self.priority <= LAST_INVOICE
        return "new" if is_new else self._get_kind()

    def _mark_repeats(self):
        """Mark the jobs whose document was ever sent to be created.

        A refusal can be wrong and an answer can be lost after all: before it is created
        again, QuickBooks is asked whether it has it.
        """
        if not self or self[0]._is_customer():
            return  # customers are always looked up by their names
        documents = self._get_documents()
        new = documents.filtered(lambda document: not document.quickbooks_id)
        sent = new._get_jobs().filtered("request_id")[documents._job_field]
        for job in self:
            document = job._get_document()
            # A payment has no number that QuickBooks would refuse to take twice.
            has_no_number = document._kind.entity == "Payment"
            may_be_there = new if has_no_number else sent
            job.is_repeat = bool(document.unlinked_id) or document in may_be_there

    def _is_removal(self):
        """Tell whether this job takes its document out of QuickBooks."""
        self.ensure_one()
        return self.operation in ("delete", "void")

    def _get_end(self):
        """Return when QuickBooks must have ended the request, whatever it answered."""
        self.ensure_one()
        return self.started_at + timedelta(seconds=QUICKBOOKS_REQUEST_SECONDS)

    def _goes_alone(self):
        """Tell whether requests with this job failed as a whole, again and again.

        It may be the one document that QuickBooks cannot digest: alone it holds up no
        other.
        """
        self.ensure_one()
        return self.retry >= ALONE_AFTER

    def _get_batch_id(self):
        """Return the id of this job inside a batch: at most 10 characters."""
        self.ensure_one()
        batch_id = f"j{self.id:x}"
        assert len(batch_id) <= QUICKBOOKS_BATCH_ID_LENGTH
        return batch_id

    # === STATE === #

    def _postpone(self, error):
        """Let a job go after all others, when what stands in its way may be gone.

        :return: whether it has not been postponed before
        """
        self.ensure_one()
        if self.priority == LAST_PRIORITY:
            return False
        self._set_pending(error)
        self.priority = LAST_PRIORITY
        return True

    def _hurry(self):
        """Let jobs go before all others, with those for the customers they wait for.

        An invoice that becomes less still goes after what settles it.
        """
        jobs = self.filtered(lambda job: not job._is_removal())
        while jobs:
            customers = jobs.depends_on_id.filtered(
                lambda job: job.state in ("waiting", "pending")
            )
            usual = jobs.filtered(
                lambda job: (
                    job._is_customer()
                    or job.priority == job._get_document()._push_priority
                )
            )
            usual.priority = URGENT_PRIORITY
            jobs = customers

    def _set_done(self, intuit_tid=None):
        self.write(
            {
                **self._prepare_no_failure(),
                "state": "done",
                "finished_at": fields.Datetime.now(),
                "intuit_tid": intuit_tid,
            }
        )
        if self and self[0]._is_customer():
            self._release_dependants()

    def _get_dependants(self):
        """Return the jobs that wait for these, oldest first."""
        waiting = [("depends_on_id", "in", self.ids), ("state", "=", "waiting")]
        return self.search(waiting, order="id")

    def _release_dependants(self):
        self._get_dependants().state = "pending"

    def _set_failed(self, error, **values):
        self.write(
            {
                **self._prepare_failure(error, **values),
                "state": "failed",
                "finished_at": fields.Datetime.now(),
                "intuit_tid": error.intuit_tid,
            }
        )

    def _set_unknown(self, error):
        """Sent, but nobody knows what became of it: it is looked up before anything.

        That is in the next run, and later each time when it stays unknown; after the
        last try a person must look.

        :return: the jobs that have no try left, now failed
        """
        spent = self._get_spent()
        failure = self._prepare_failure(error)
        for job in self - spent:
            # Twice the connection's own wait: every other run is left to the others.
            eta = job._get_next_try(job.retry + 1) if job.retry else False
            state = {"state": "unknown", "eta": eta, "retry": job.retry + 1}
            job.write({**failure, **state})
        spent._set_failed(error)
        return spent

    def _set_pending(self, error=None, *, eta=False, tries=0):
        """Put jobs back into the queue after a definite refusal: nothing was done.

        The next claim gives them a new request id.

        :param eta: not before that time
        :param tries: how many more tries that makes
        """
        failure = self._prepare_failure(error) if error else {}
        for job in self:
            state = {"state": "pending", "eta": eta, "retry": job.retry + tries}
            job.write({**failure, **state})

    def _set_alone(self, error):
        """Put jobs back into the queue, each of which goes alone from now on."""
        for job in self:
            job._set_pending(error, tries=max(0, ALONE_AFTER - job.retry))

    def _set_retry(self, error):
        """Try again later, longer each time; after the last try a person must look.

        :return: the jobs that have no try left, now failed
        """
        spent = self._get_spent()
        for job in self - spent:
            job._set_pending(error, eta=job._get_next_try(job.retry), tries=1)
        spent._set_failed(error)
        return spent

    def _get_spent(self):
        return self.filtered(lambda job: job.retry >= MAX_RETRIES)

    def _get_next_try(self, tries):
        return fields.Datetime.now() + timedelta(seconds=seconds_to_wait(tries))

    def _cancel(self):
        self.write({"state": "cancelled", "finished_at": fields.Datetime.now()})

    @api.model
    def _recover_forgotten(self, connection):
        """Find jobs that wait for a job which is over.

        Both were written at once by two people's work: who ended the one could not see
        the other.
        """
        over = self.search(
            [
                ("connection_id", "=", connection.id),
                ("state", "=", "waiting"),
                "|",
                ("depends_on_id", "=", False),
                ("depends_on_id.state", "not in", OPEN_STATES),
            ]
        )
        free = over.filtered(lambda job: job.depends_on_id.state == "done")
        free.state = "pending"
        rest = over - free
        rest._cancel()
        for field_name in DOCUMENT_FIELDS:
            rest[field_name].needs_plan = True

    @api.model
    def _recover_orphans(self, connection):
        """Find jobs whose worker died after claiming them.

        One scheduled action at a time works on a connection (its own row is locked), so
        a job that is still started when a run begins has no worker.

        :return: the jobs that have no try left, now failed
        """
        orphans = self.search(
            [("connection_id", "=", connection.id), ("state", "=", "started")]
        )
        return orphans._set_unknown(UnknownOutcomeError("outcome_unknown"))

    @api.autovacuum
    def _gc_finished(self):
        """Drop finished jobs after half a year; documents keep their own history."""
        limit = 1000
        old = self.search(
            [
                ("state", "in", ("done", "cancelled")),
                ("finished_at", "<", fields.Datetime.now() - timedelta(days=180)),
            ],
            limit=limit,
        )
        old.unlink()
        return len(old), len(old) == limit
