"""Push: send the due jobs to QuickBooks in batches and store what it answers."""

import logging
import traceback
from contextlib import contextmanager

from odoo import fields, models

from ..clients.quickbooks import Operation
from ..const import QUICKBOOKS_BATCH_SIZE
from ..exceptions import (
    AuthError,
    ConnectionStoppedError,
    DataError,
    DuplicateError,
    NotFoundError,
    RetryableError,
    StaleError,
    SyncError,
    ThrottledError,
    UnknownOutcomeError,
)
from ..mappers.customer import map_customer
from ..mappers.invoice import (
    answer_fingerprint,
    compare_answer,
    map_invoice,
    source_fingerprint,
)
from ..mappers.money import from_answer
from ..mappers.names import display_name, distinct_name, name_key
from .actionstep_sync_job import MAX_RETRIES
from .maps import Maps
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
        if rest.participant_id:
            # Looking again by name settles what became of a customer.
            rest._set_pending(error)
        else:
            self._give_up(rest._set_unknown(error), error)

    def _is_on(self):
        """Tell whether nobody paused or disconnected this connection meanwhile."""
        self.invalidate_recordset(["state"])
        return self.state == "active"

    def _push_jobs(self, quickbooks, jobs, run):
        if jobs.participant_id:
            self._push_customers(quickbooks, jobs)
        elif jobs[0]._is_removal():
            self._push_removals(quickbooks, jobs)
        else:
            self._push_invoices(quickbooks, jobs)
        self._count_outcomes(jobs, run)

    def _count_outcomes(self, jobs, run):
        done = jobs.filtered(lambda job: job.state == "done")
        failed = jobs.filtered(lambda job: job.state == "failed")
        run._count(pushed=len(done.invoice_id), failed=len(failed.invoice_id))

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
            if job.participant_id:
                self._fail_dependants(job, error)
            else:
                self._fail_invoice(job, error)

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

    # === CUSTOMERS === #

    def _push_customers(self, quickbooks, jobs):
        """Link each client to the customer of its name, or create one."""
        names = self._choose_names(quickbooks, jobs)
        operations = {}
        for job, (name, customer) in names.items():
            with self._surprises_fail(self._fail_customer, job):
                if customer:
                    self._bind_customer(job, customer, was_linked=True)
                else:
                    operations[job] = Operation(
                        bid=job._get_batch_id(),
                        kind="create",
                        entity="Customer",
                        payload=map_customer(job.participant_id._to_value(), name),
                    )
        answers = self._send(quickbooks, operations)
        self._take_answers(
            answers, self._bind_customers, self._fail_customer, self._fail_customer
        )

    def _bind_customers(self, answers):
        for job, answer in answers.items():
            with self._surprises_fail(self._fail_customer, job):
                self._bind_customer(job, answer, was_linked=False)

    def _choose_names(self, quickbooks, jobs):
        """Return for each job the customer's name, and the customer to link if any.

        QuickBooks shares one set of names among customers, vendors and employees. An
        existing customer of the client's name is linked unless another client has it; a
        name that is taken otherwise gets the client's id behind it.

        :return: ``{job: (name, existing customer or None)}``
        """
        wanted = {
            job: display_name(job.participant_id.name, job.participant_id.external_id)
            for job in jobs
        }
        fallback = {
            job: distinct_name(name, job.participant_id.external_id)
            for job, name in wanted.items()
        }
        taken = {}
        for row in quickbooks.call(
            "query_names", [*wanted.values(), *fallback.values()]
        ):
            taken.setdefault(name_key(row["DisplayName"]), []).append(row)
        bound = set(
            self.env["actionstep.participant"]
            .search([("connection_id", "=", self.id), ("quickbooks_id", "!=", False)])
            .mapped("quickbooks_id")
        )
        chosen, claimed = {}, set()
        for job in jobs:
            # A name that QuickBooks refused although no list shows it is not tried
            # again: somebody inactive or of another list has it.
            if job.failure_cause == "name_taken":
                taken.setdefault(name_key(wanted[job]), [])
            chosen[job] = self._choose_name(
                [wanted[job], fallback[job]], taken, bound, claimed
            )
        return chosen

    def _choose_name(self, candidates, taken, bound, claimed):
        for name in candidates:
            key = name_key(name)
            free = [
                row
                for row in taken.get(key, [])
                if row["entity"] == "Customer"
                and row["Active"]
                and row["Id"] not in bound
            ]
            is_last = name == candidates[-1]
            if key not in claimed and (free or key not in taken or is_last):
                claimed.add(key)
                return name, free[0] if free else None
        return candidates[-1], None

    def _check_unbound(self, record, quickbooks_id):
        """Refuse an id that belongs to another record: QuickBooks gives each once.

        :raise ValueError: found out here, it stops this record and no other
        """
        mine = [("connection_id", "=", self.id), ("id", "!=", record.id)]
        if record.search_count([*mine, ("quickbooks_id", "=", quickbooks_id)], limit=1):
            raise ValueError(
                f"QuickBooks id {quickbooks_id} belongs to another document"
            )

    def _bind_customer(self, job, customer, was_linked):
        self._check_unbound(job.participant_id, customer["Id"])
        job.participant_id.write(
            {
                "quickbooks_id": customer["Id"],
                "quickbooks_sync_token": customer["SyncToken"],
                "quickbooks_name": customer["DisplayName"],
                "was_linked": was_linked,
                "pushed_at": fields.Datetime.now(),
            }
        )
        job._set_done()

    def _fail_customer(self, job, error):
        """Keep a client's trouble from its invoices' jobs: they fail with it."""
        if isinstance(error, DuplicateError) and job.failure_cause != "name_taken":
            # The names are looked up once more: then it shows whose it is.
            job._set_pending(error, tries=1)
        elif isinstance(error, RetryableError | UnknownOutcomeError):
            # Names are unique, so looking again by name settles an unknown outcome,
            # and a second customer can never come of it.
            self._give_up(job._set_retry(error), error)
        else:
            job._set_failed(error, name=job.participant_id.name)
            self._fail_dependants(job, error)

    def _fail_dependants(self, job, error):
        values = {"name": job.participant_id.name, "what": error.detail}
        dependants = job.search(
            [("depends_on_id", "=", job.id), ("state", "=", "waiting")]
        )
        dependants._set_failed(error, **values)
        invoices = dependants.invoice_id
        invoices._set_attention(dict.fromkeys(invoices, error), **values)

    # === INVOICES === #

    def _push_invoices(self, quickbooks, jobs):
        operations, values, errors = self._translate(jobs)
        for job, error in errors.items():
            self._fail_invoice(job, error)
        self._remember_sent(operations, values)
        repeats = self._join(operations).filtered("is_repeat")
        there = self._look_up(quickbooks, repeats, values)
        self._accept(there, values)
        operations = {job: op for job, op in operations.items() if job not in there}
        answers = self._send(quickbooks, operations)
        self._take_invoice_answers(quickbooks, answers, values)

    def _translate(self, jobs):
        """Translate the invoices of jobs into what QuickBooks takes.

        :return: ``{job: Operation}``, ``{job: neutral invoice}`` and, of those that
            cannot be sent, ``{job: SyncError}``
        """
        maps, company = Maps(self), self._get_company_value()
        operations, values, errors = {}, {}, {}
        for job in jobs:
            try:
                with self._surprises_fail(errors.__setitem__, job):
                    value = job.invoice_id._to_value(maps)
                    operations[job] = Operation(
                        bid=job._get_batch_id(),
                        kind="update" if value.quickbooks_id else "create",
                        entity="Invoice",
                        payload=map_invoice(value, company),
                    )
                    values[job] = value
            except SyncError as error:
                errors[job] = error
        return operations, values, errors

    def _remember_sent(self, operations, values):
        """Store what is about to be sent: only so it is known again, whatever comes."""
        for job, operation in operations.items():
            job.write(
                {
                    "number": operation.payload["DocNumber"],
                    "fingerprint": source_fingerprint(values[job]),
                }
            )
        self._commit_step()

    def _take_invoice_answers(self, quickbooks, answers, values):
        """Store what QuickBooks answered; ``values``: ``{job: invoice as sent}``."""
        self._take_answers(
            answers,
            lambda accepted: self._accept(accepted, values),
            lambda job, error: self._refuse_invoice(quickbooks, job, error, values),
            self._fail_invoice,
        )

    def _accept(self, answers, values):
        """Bind invoices to what QuickBooks answered and compare the two to the cent.

        :param values: ``{job: neutral invoice}``, without those that changed since they
            were sent: what they are now follows as an update
        """
        bindings, differing = {}, {}
        for job, answer in answers.items():
            with self._surprises_fail(self._fail_invoice, job):
                binding = self._prepare_binding(answer)
                self._check_unbound(job.invoice_id, binding["quickbooks_id"])
                if job in values:
                    differences = compare_answer(values[job], answer)
                else:
                    differences = []
                    binding["needs_plan"] = True
                if differences:
                    differing[job.invoice_id] = _difference_error(differences)
                elif job in values:
                    binding["pushed_fingerprint"] = job.fingerprint
                bindings[job.invoice_id] = binding
                job._set_done()
        invoices = self.env["actionstep.invoice"]
        invoices._set_pushed(bindings)
        invoices._set_attention(differing)

    def _prepare_binding(self, answer):
        """Return the values that bind an invoice to what QuickBooks answered."""
        tax = (answer.get("TxnTaxDetail") or {}).get("TotalTax")
        return {
            "quickbooks_id": answer["Id"],
            "quickbooks_sync_token": answer["SyncToken"],
            "quickbooks_number": answer.get("DocNumber"),
            "quickbooks_total": float(from_answer(answer.get("TotalAmt"))),
            "quickbooks_tax": float(from_answer(tax)),
            # Until it is sure what stands there: never take it for done.
            "pushed_fingerprint": False,
            "quickbooks_fingerprint": answer_fingerprint(answer),
            "pushed_at": fields.Datetime.now(),
        }

    def _refuse_invoice(self, quickbooks, job, error, values):
        """Decide what a refusal of one invoice means for its job."""
        is_new = not job.invoice_id.quickbooks_id
        if isinstance(error, DuplicateError) and is_new:
            there = self._look_up(quickbooks, job, values)
            if there:
                return self._accept(there, values)
        if error.cause == "outcome_unknown":
            self._give_up(job._set_unknown(error), error)
        elif isinstance(error, StaleError):
            self._reread_invoice(quickbooks, job, error)
        elif isinstance(error, NotFoundError) and not is_new:
            self._refuse_missing(quickbooks, job, error)
        elif isinstance(error, RetryableError):
            self._give_up(job._set_retry(error), error)
        else:
            self._fail_invoice(job, error)
        return None

    def _reread_invoice(self, quickbooks, job, error):
        """Our version of an invoice was old: take the new one, if no person edited it.

        A payment that touches an invoice also renews its version; only what we wrote
        ourselves counts as a change by a person.
        """
        invoice = job.invoice_id
        current = self._read_invoice(quickbooks, invoice.quickbooks_id)
        if not current:
            return self._unbind_invoice(job, error)
        if invoice._note_edit(current) or job.retry >= MAX_RETRIES:
            return self._fail_invoice(job, DataError("changed_in_quickbooks"))
        invoice.quickbooks_sync_token = current["SyncToken"]
        return job._set_pending(error, tries=1)

    def _refuse_missing(self, quickbooks, job, error):
        """Tell an invoice that was deleted from one that names something deleted.

        QuickBooks refuses both with the same words.
        """
        if self._read_invoice(quickbooks, job.invoice_id.quickbooks_id):
            self._fail_invoice(job, error)
        else:
            self._unbind_invoice(job, error)

    def _read_invoice(self, quickbooks, quickbooks_id):
        """Return an invoice of QuickBooks, or nothing when it was deleted."""
        try:
            return quickbooks.call("read", "Invoice", quickbooks_id)
        except NotFoundError:
            return None

    def _unbind_invoice(self, job, error):
        """Report an invoice that a person deleted; a person decides what follows.

        It is created anew when somebody requeues it, or when the bill changes.
        """
        invoice = job.invoice_id
        number = invoice.quickbooks_number or invoice.number
        missing = DataError(
            "deleted_in_quickbooks", error.detail, values={"number": number}
        )
        self._fail_invoice(job, missing)
        invoice._set_unbound()

    def _fail_invoice(self, job, error):
        values = {**job.invoice_id._get_values(), "what": error.detail}
        job._set_failed(error, **values)
        job.invoice_id._set_attention({job.invoice_id: error}, what=error.detail)


def _difference_error(differences):
    """Return the error that tells what QuickBooks has otherwise than Actionstep."""
    return DataError(
        "totals_differ",
        "\n".join(f"{d.what}: {d.ours} / {d.theirs}" for d in differences),
        values={
            "what": ", ".join(d.what for d in differences),
            "ours": differences[0].ours,
            "theirs": differences[0].theirs,
        },
    )
