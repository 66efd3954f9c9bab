"""Push: send the due jobs to QuickBooks in batches and store what it answers."""

import logging
import traceback

from odoo import fields, models

from ..clients.quickbooks import Operation
from ..const import QUICKBOOKS_BATCH_SIZE
from ..exceptions import (
    AuthError,
    ConnectionStoppedError,
    DataError,
    DuplicateError,
    RetryableError,
    StaleError,
    SyncError,
    UnknownOutcomeError,
)
from ..mappers.customer import map_customer
from ..mappers.invoice import (
    answer_fingerprint,
    compare_answer,
    is_ours,
    map_invoice,
    source_fingerprint,
)
from ..mappers.money import from_answer
from ..mappers.names import display_name, distinct_name, name_key
from .maps import Maps
from .vendor_session import VendorSession

_logger = logging.getLogger(__name__)


class ActionstepConnection(models.Model):
    _inherit = "actionstep.connection"

    def _push(self, run):
        """Send due jobs until none is left or the scheduler's time is over.

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
                    # What was answered before the interruption is stored; about the
                    # rest nobody knows.
                    jobs.filtered(lambda job: job.state == "started")._set_unknown(
                        error
                    )
                    self._commit_step(processed=len(jobs))
                    raise
                if not self._commit_step(processed=len(jobs)):
                    return False
        return True

    def _push_jobs(self, quickbooks, jobs, run):
        if jobs.participant_id:
            self._push_customers(quickbooks, jobs)
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
        except UnknownOutcomeError as error:
            jobs._set_unknown(error)
            raise
        except (RetryableError, AuthError, ConnectionStoppedError) as error:
            jobs._set_pending(error)
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

    # === CUSTOMERS === #

    def _push_customers(self, quickbooks, jobs):
        """Link each client to the customer of its name, or create one."""
        names = self._choose_names(quickbooks, jobs)
        operations = {}
        for job, (name, customer) in names.items():
            participant = job.participant_id
            if customer:
                self._bind_customer(job, customer, was_linked=True)
            else:
                operations[job] = Operation(
                    bid=job._get_batch_id(),
                    kind="create",
                    entity="Customer",
                    payload=map_customer(participant._to_value(), name),
                )
        for job, answer in self._send(quickbooks, operations).items():
            if isinstance(answer, SyncError):
                self._fail_customer(job, answer)
            else:
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
            # A name that QuickBooks refused although no list showed it is not tried
            # again: somebody inactive or of another list has it.
            candidates = [wanted[job]] if not job.retry else []
            chosen[job] = self._choose_name(
                [*candidates, fallback[job]], taken, bound, claimed
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

    def _bind_customer(self, job, customer, was_linked):
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
        if isinstance(error, UnknownOutcomeError) or (
            isinstance(error, DuplicateError) and not job.retry
        ):
            # Names are unique, so looking again by name settles an unknown outcome,
            # and a second customer can never come of it.
            job._set_pending(error, retry=job.retry + 1)
        elif isinstance(error, RetryableError):
            self._fail_dependants(job._set_retry(error), error)
        else:
            job._set_failed(error, name=job.participant_id.name)
            self._fail_dependants(job, error)

    def _fail_dependants(self, jobs, error):
        dependants = self.env["actionstep.sync.job"].search(
            [("depends_on_id", "in", jobs.ids), ("state", "=", "waiting")]
        )
        dependants._set_failed(error)
        for dependant in dependants:
            dependant.invoice_id._set_attention(
                {dependant.invoice_id: error},
                name=dependant.invoice_id.participant_id.name,
                what=error.detail,
            )

    # === INVOICES === #

    def _push_invoices(self, quickbooks, jobs):
        operations, values = self._prepare_operations(jobs)
        answers = self._send(quickbooks, operations)
        self._take_answers(quickbooks, answers, values)

    def _join(self, operations):
        return self.env["actionstep.sync.job"].union(*operations)

    def _prepare_operations(self, jobs):
        """Translate the invoices of jobs; one that cannot be sent fails on its own.

        :return: ``{job: Operation}`` and ``{job: neutral invoice}``
        """
        maps, company = Maps(self), self._get_company_value()
        operations, values = {}, {}
        for job in jobs:
            try:
                value = job.invoice_id._to_value(maps)
                operations[job] = Operation(
                    bid=job._get_batch_id(),
                    kind="update" if value.quickbooks_id else "create",
                    entity="Invoice",
                    payload=map_invoice(value, company),
                )
                values[job] = value
            except SyncError as error:
                self._fail_invoice(job, error)
            except Exception:
                # One document's surprise must not stop the others: it is shown on it.
                _logger.exception("Job %s could not be prepared", job.id)
                self._fail_invoice(job, SyncError("unexpected", traceback.format_exc()))
        return operations, values

    def _take_answers(self, quickbooks, answers, values):
        """Store what QuickBooks answered to each job.

        :param answers: ``{job: answer or SyncError}``
        :param values: ``{job: neutral invoice that was sent}``
        """
        accepted = {j: a for j, a in answers.items() if not isinstance(a, SyncError)}
        self._accept(accepted, values)
        # Only now what may ask QuickBooks again, and so be interrupted.
        for job, error in answers.items():
            if job in accepted:
                continue
            ours = isinstance(error, DuplicateError) and self._find_ours(
                quickbooks, values[job]
            )
            if ours:
                self._accept({job: ours}, values)
            else:
                self._refuse_invoice(quickbooks, job, error)

    def _accept(self, answers, values):
        """Bind invoices to what QuickBooks answered and compare the two to the cent."""
        bindings, differing = {}, {}
        for job, answer in answers.items():
            try:
                differences = compare_answer(values[job], answer)
                binding = self._prepare_binding(values[job], answer)
            except Exception:
                _logger.exception("The answer to job %s could not be read", job.id)
                self._fail_invoice(job, SyncError("unexpected", traceback.format_exc()))
                continue
            if differences:
                # What stands there is not what we have: never take it for done.
                binding["pushed_fingerprint"] = False
                differing[job.invoice_id] = _difference_error(differences)
            bindings[job.invoice_id] = binding
            job._set_done()
        invoices = self.env["actionstep.invoice"]
        invoices._set_pushed(bindings)
        invoices._set_attention(differing)

    def _prepare_binding(self, value, answer):
        """Return the values that bind an invoice to what QuickBooks answered."""
        tax = (answer.get("TxnTaxDetail") or {}).get("TotalTax")
        return {
            "quickbooks_id": answer["Id"],
            "quickbooks_sync_token": answer["SyncToken"],
            "quickbooks_number": answer.get("DocNumber"),
            "quickbooks_total": float(from_answer(answer.get("TotalAmt"))),
            "quickbooks_tax": float(from_answer(tax)),
            "pushed_fingerprint": source_fingerprint(value),
            "quickbooks_fingerprint": answer_fingerprint(answer),
            "pushed_at": fields.Datetime.now(),
        }

    def _refuse_invoice(self, quickbooks, job, error):
        """Decide what a refusal of one invoice means for its job."""
        if isinstance(error, UnknownOutcomeError):
            job._set_unknown(error)
        elif isinstance(error, StaleError):
            self._reread_invoice(quickbooks, job, error)
        elif isinstance(error, RetryableError):
            for spent in job._set_retry(error):
                self._fail_invoice(spent, error)
        else:
            self._fail_invoice(job, error)

    def _reread_invoice(self, quickbooks, job, error):
        """Our version of an invoice was old: take the new one, if no person edited it.

        A payment that touches an invoice also renews its version; only what we wrote
        ourselves counts as a change by a person.
        """
        invoice = job.invoice_id
        current = quickbooks.call("read", "Invoice", invoice.quickbooks_id)
        known = invoice.quickbooks_fingerprint
        if job.retry or (known and answer_fingerprint(current) != known):
            return self._fail_invoice(job, DataError("changed_in_quickbooks"))
        invoice.quickbooks_sync_token = current["SyncToken"]
        return job._set_pending(error, retry=job.retry + 1)

    def _fail_invoice(self, job, error):
        values = job.invoice_id._get_values()
        job._set_failed(error, **values, what=error.detail)
        job.invoice_id._set_attention({job.invoice_id: error}, what=error.detail)

    # === RECOVERY === #

    def _recover(self, quickbooks, run):
        """Find out what became of jobs that were sent and never answered.

        First our marker is looked for in QuickBooks. What is not there is sent again
        with the same request id; QuickBooks then carries it out, or repeats its first
        answer, which may name an object that was removed since: so it is looked for
        once more, and only what is surely not there starts anew.
        """
        Job = self.env["actionstep.sync.job"]
        Job._recover_orphans(self)
        self._commit_step()
        unknown = Job.search(Job._get_due_domain(self, ("unknown",)))
        # Names are unique in QuickBooks: a customer that was created is found by its
        # name when the job runs again.
        unknown.filtered("participant_id")._set_pending()
        groups = unknown.filtered("invoice_id").grouped("request_id")
        for jobs in groups.values():
            self._recover_invoices(quickbooks, jobs)
            self._count_outcomes(jobs, run)
            self._commit_step(processed=len(jobs))

    def _recover_invoices(self, quickbooks, jobs):
        operations, values = self._prepare_operations(jobs)
        found = self._look_up(quickbooks, values)
        self._take_answers(quickbooks, found, values)
        missing = {job: op for job, op in operations.items() if job not in found}
        answers = self._send(quickbooks, missing)
        refused = {j: a for j, a in answers.items() if isinstance(a, SyncError)}
        answered = {job: values[job] for job in answers if job not in refused}
        alive = self._look_up(quickbooks, answered)
        self._take_answers(quickbooks, {**refused, **alive}, values)
        self._join(answered.keys() - alive.keys())._set_pending()

    def _look_up(self, quickbooks, values):
        """Return ``{job: invoice in QuickBooks}`` for jobs that were carried out."""
        if not values:
            return {}
        numbers = {value.number for value in values.values()}
        numbers |= {job.number for job in values if job.number}
        rows = quickbooks.call("find_invoices", sorted(numbers))
        found = {}
        for job, value in values.items():
            ours = [row for row in rows if is_ours(value.reference, row)]
            if ours and self._was_carried_out(value, ours[0]):
                found[job] = ours[0]
        return found

    def _was_carried_out(self, value, row):
        """Tell whether QuickBooks' invoice is the outcome of what was sent."""
        if not value.quickbooks_id:
            return True
        return row["SyncToken"] != value.sync_token and not compare_answer(value, row)

    def _find_ours(self, quickbooks, value):
        """Return our own invoice of that number, if QuickBooks has it already."""
        rows = quickbooks.call("find_invoices", [value.number])
        return next((row for row in rows if is_ours(value.reference, row)), None)


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
