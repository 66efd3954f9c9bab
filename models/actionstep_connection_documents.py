"""Documents: translate them, send them, and compare what QuickBooks answered."""

from odoo import models
from odoo.tools import LazyTranslate

from ..clients.quickbooks import Operation
from ..exceptions import (
    DataError,
    DuplicateError,
    NotFoundError,
    RetryableError,
    StaleError,
    SyncError,
)
from ..mappers.credit_note import remaining_credit
from ..mappers.credit_use import check_open_amounts
from ..mappers.money import from_answer
from .actionstep_connection_push import Batch
from .actionstep_sync_job import MAX_RETRIES, OPEN_STATES
from .maps import Maps

_lt = LazyTranslate(__name__)

# What mappers compare, as a bookkeeper calls it.
COMPARED = {
    "total": _lt("total"),
    "tax": _lt("tax"),
    "number": _lt("number"),
    "customer": _lt("customer"),
    "date": _lt("date"),
    "line count": _lt("line count"),
    "unapplied": _lt("unapplied"),
    "remaining": _lt("remaining"),
    "allocations": _lt("allocations"),
    "deposit account": _lt("deposit account"),
}
# How often a number may be taken by a document that is about to give it up.
NUMBER_RETRIES = 2
# What another payment or credit may cause, which is about to change.
BLOCKING_CAUSES = (
    "refused",
    "link_refused",
    "paid_in_quickbooks",
    "settled_by_ours",
    "credit_applied",
    "credit_too_large",
)


class ActionstepConnection(models.Model):
    _inherit = "actionstep.connection"

    # === PUSH === #

    def _prepare_documents(self, quickbooks, jobs):
        """Return the batch that creates or updates the documents of jobs."""
        operations, values, errors = self._translate(jobs)
        for job, error in errors.items():
            self._fail_document(job, error)
        self._remember_sent(operations, values)
        repeats = self._join(operations).filtered("is_repeat")
        there = self._look_up(quickbooks, repeats, values)
        self._accept(there, values)
        operations = {job: op for job, op in operations.items() if job not in there}
        self._drop_excess(quickbooks, operations, values)
        return Batch(
            jobs,
            operations,
            lambda answers: self._take_document_answers(quickbooks, answers, values),
        )

    def _drop_excess(self, quickbooks, operations, values):
        """Take out of the operations what would apply more credit than is open.

        QuickBooks may have applied a credit by itself (AutoApplyCredit), and what it
        does with more than is open is not documented: both sides are read before a
        credit is first applied.
        """
        uses = {
            job: values[job]
            for job, operation in operations.items()
            if job.credit_application_id and operation.kind == "create"
        }
        if not uses:
            return
        credits = self._read_by_id(
            quickbooks, "CreditMemo", {u.credit_quickbooks_id for u in uses.values()}
        )
        invoices = self._read_by_id(
            quickbooks, "Invoice", {u.invoice_quickbooks_id for u in uses.values()}
        )
        for job, use in uses.items():
            credit = credits.get(use.credit_quickbooks_id)
            invoice = invoices.get(use.invoice_quickbooks_id)
            if not credit or not invoice:
                continue  # QuickBooks says what is gone
            problems = check_open_amounts(use, credit, invoice)
            if not problems:
                # The next one of this batch finds less.
                left = from_answer(remaining_credit(credit)) - use.amount
                credit["RemainingCredit"] = left
                invoice["Balance"] = from_answer(invoice["Balance"]) - use.amount
                continue
            del operations[job]
            if not job._postpone(problems[0]):
                self._fail_document(job, problems[0])

    def _read_by_id(self, quickbooks, entity, ids):
        rows = quickbooks.call("read_many", entity, sorted(ids))
        return {row["Id"]: row for row in rows}

    def _translate(self, jobs):
        """Translate the documents of jobs into what QuickBooks takes.

        :return: ``{job: Operation}``, ``{job: neutral document}`` and, of those that
            cannot be sent, ``{job: SyncError}``
        """
        maps, company = Maps(self), self._get_company_value()
        operations, values, errors = {}, {}, {}
        for job in jobs:
            document = job._get_document()
            try:
                with self._surprises_fail(errors.__setitem__, job):
                    if company.is_multicurrency:
                        document._check_customer_currency()
                    value = document._to_value(maps)
                    operations[job] = Operation(
                        bid=job._get_batch_id(),
                        kind="update" if value.quickbooks_id else "create",
                        entity=document._kind.entity,
                        payload=document._kind.to_payload(value, company),
                    )
                    values[job] = value
            except SyncError as error:
                errors[job] = error
        return operations, values, errors

    def _remember_sent(self, operations, values):
        """Store what is about to be sent: only so it is known again, whatever comes."""
        for job, operation in operations.items():
            document, value = job._get_document(), values[job]
            payload, kind = operation.payload, document._kind
            is_update = operation.kind == "update"
            job.write(
                {
                    **document._prepare_sent(payload),
                    "fingerprint": kind.source_fingerprint(value),
                    "sent_fingerprint": is_update
                    and kind.sent_fingerprint(value, payload),
                }
            )
        self._commit_step()

    def _take_document_answers(self, quickbooks, answers, values):
        """Store what QuickBooks answered; ``values``: ``{job: document as sent}``."""
        self._take_answers(
            answers,
            lambda accepted: self._accept(accepted, values),
            lambda job, error: self._refuse_document(quickbooks, job, error, values),
            self._fail_document,
        )

    def _accept(self, answers, values):
        """Bind documents to what QuickBooks answered and compare the two to the cent.

        :param values: ``{job: neutral document}``, without those that changed since
            they were sent: what they are now follows as an update
        """
        if not answers:
            return
        bindings, differing, done = {}, {}, self._join([])
        bound = (
            self._join(answers)
            ._get_documents()
            ._get_bound_ids([answer.get("Id") for answer in answers.values()])
        )
        for job, answer in answers.items():
            document = job._get_document()
            with self._surprises_fail(self._fail_document, job):
                binding = document._prepare_binding(answer)
                document._check_unbound(binding["quickbooks_id"], bound)
                if job in values:
                    differences = document._kind.compare(values[job], answer)
                else:
                    differences = []
                    binding["needs_plan"] = True
                if differences:
                    differing[document] = _difference_error(self.env, differences)
                elif job in values:
                    binding["pushed_fingerprint"] = job.fingerprint
                bindings[document] = binding
                done |= job
        done._set_done()
        documents = done._get_documents()
        documents._set_pushed(bindings)
        documents._set_attention(differing)

    # === REFUSALS === #

    def _refuse_document(self, quickbooks, job, error, values):
        """Decide what a refusal of one document means for its job."""
        if isinstance(error, DuplicateError):
            self._refuse_duplicate(quickbooks, job, error, values)
        elif error.cause == "outcome_unknown":
            self._give_up(job._set_unknown(error), error)
        elif isinstance(error, StaleError):
            self._reread_document(quickbooks, job, error)
        elif isinstance(error, NotFoundError):
            self._refuse_missing(quickbooks, job, error, values)
        elif isinstance(error, RetryableError):
            self._give_up(job._set_retry(error), error)
        elif not self._is_in_the_way(job, error) or not job._postpone(error):
            self._fail_document(job, error)

    def _refuse_duplicate(self, quickbooks, job, error, values):
        """Take what has the number for ours if it is, or try once more.

        The number may be that of a document which gets another one in the same pass.
        """
        is_new = not job._get_document().quickbooks_id
        there = self._look_up(quickbooks, job, values) if is_new else {}
        if there:
            self._accept(there, values)
        elif error.cause == "duplicate_number" and job.retry < NUMBER_RETRIES:
            job._set_pending(error, tries=1)
        elif not job._postpone(error):
            self._fail_document(job, error)

    def _is_in_the_way(self, job, error):
        """Tell whether what QuickBooks refused may go once other jobs are done.

        It refuses to lower or remove what is settled, and to settle what another
        payment settles still: first that must have changed. What settles a document
        there need not be what Actionstep names now, so all that is open counts.
        """
        if error.cause not in BLOCKING_CAUSES:
            return False
        if job._get_document()._is_settlement:
            # What was in its way may have gone with the same batch.
            return True
        open_jobs = self.env["actionstep.sync.job"].search_count(
            [
                ("connection_id", "=", self.id),
                ("state", "in", OPEN_STATES),
                "|",
                ("payment_id", "!=", False),
                ("credit_application_id", "!=", False),
            ],
            limit=1,
        )
        return bool(open_jobs)

    def _reread_document(self, quickbooks, job, error):
        """Our version of a document was old: take the new one, if no person edited it.

        A payment that touches an invoice also renews its version; only what we wrote
        ourselves counts as a change by a person.
        """
        document = job._get_document()
        current = self._read_document(quickbooks, document)
        if not current:
            return self._unbind_document(job, error)
        self._follow_merger(quickbooks, document, current)
        if document._note_edit(current) or job.retry >= MAX_RETRIES:
            return self._fail_document(job, DataError("changed_in_quickbooks"))
        document.quickbooks_sync_token = current["SyncToken"]
        return job._set_pending(error, tries=1)

    def _refuse_missing(self, quickbooks, job, error, values):
        """Tell a document that was deleted from one that names something deleted.

        QuickBooks refuses both with the same words.
        """
        document = job._get_document()
        if document.quickbooks_id and not self._read_document(quickbooks, document):
            self._unbind_document(job, error)
        elif not self._renew_customer(quickbooks, job, values[job].customer_id):
            self._fail_document(job, error)

    def _read_document(self, quickbooks, document):
        """Return a document of QuickBooks, or nothing when it was deleted."""
        return self._read_object(
            quickbooks, document._kind.entity, document.quickbooks_id
        )

    def _read_object(self, quickbooks, entity, quickbooks_id):
        try:
            return quickbooks.call("read", entity, quickbooks_id)
        except NotFoundError:
            return None

    def _unbind_document(self, job, error):
        """Report a document that a person deleted; a person decides what follows.

        It is created anew when somebody requeues it, or when it changes in Actionstep.
        """
        document = job._get_document()
        number = document.quickbooks_number or document._get_number()
        missing = DataError(
            "deleted_in_quickbooks", error.detail, values={"number": number}
        )
        self._fail_document(job, missing)
        document._set_unbound()

    def _fail_document(self, job, error):
        document = job._get_document()
        job._set_failed(error, **{**document._get_values(), "what": error.detail})
        document._set_attention({document: error}, what=error.detail)


def _difference_error(env, differences):
    """Return the error that tells what QuickBooks has otherwise than Actionstep."""
    return DataError(
        "totals_differ",
        "\n".join(f"{d.what}: {d.ours} / {d.theirs}" for d in differences),
        values={
            "what": ", ".join(env._(COMPARED.get(d.what, d.what)) for d in differences),
            "ours": differences[0].ours,
            "theirs": differences[0].theirs,
        },
    )
