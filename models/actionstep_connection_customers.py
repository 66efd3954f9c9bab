"""Customers: the client of a document must be one of QuickBooks' customers first."""

from odoo import fields, models

from ..clients.quickbooks import Operation
from ..exceptions import (
    DuplicateError,
    NotFoundError,
    RetryableError,
    UnknownOutcomeError,
)
from ..mappers.common import ref
from ..mappers.names import name_key
from .actionstep_connection_push import Batch
from .actionstep_sync_job import DOCUMENT_FIELDS, OPEN_STATES

PARENT_PRIORITY = 10
SUBCUSTOMER_PRIORITY = 12
UPDATE_PRIORITY = 14


class ActionstepConnection(models.Model):
    _inherit = "actionstep.connection"

    # === PLAN === #

    def _plan_customers(self):
        """Queue the customers whose clients changed in Actionstep."""
        changed = self.env["actionstep.participant"].search(
            [
                ("connection_id", "=", self.id),
                ("needs_push", "=", True),
                ("quickbooks_id", "!=", False),
                "|",
                ("push_at", "=", False),
                ("push_at", "<=", fields.Datetime.now()),
            ]
        )
        changed.write({"needs_push": False, "push_at": False})
        matters = self.env["actionstep.subcustomer"].search(
            [("participant_id", "in", changed.ids), ("quickbooks_id", "!=", False)]
        )
        for customers in (changed, matters):
            # A linked customer stays as the bookkeeper has it.
            ours = customers.filtered(lambda one: not one.was_linked)
            self._create_customer_jobs(ours, "update", UPDATE_PRIORITY)

    def _ensure_customers(self, customers):
        """Return ``{customer record: open job}`` of those that have no customer yet.

        A matter waits for the customer of its client.
        """
        customers = [one for one in customers if not one.quickbooks_id]
        parents = dict.fromkeys(one._get_parent() or one for one in customers)
        parents = [one for one in parents if not one.quickbooks_id]
        jobs = {}
        if parents:
            parents = parents[0].union(*parents)
            jobs |= self._create_customer_jobs(parents, "create", PARENT_PRIORITY)
        matters = [one for one in customers if one._get_parent()]
        if matters:
            matters = matters[0].union(*matters)
            jobs |= self._create_customer_jobs(
                matters, "create", SUBCUSTOMER_PRIORITY, jobs
            )
        return jobs

    def _create_customer_jobs(self, customers, operation, priority, first=None):
        """Return the open job of each of these customers, written where there is none.

        :param first: ``{customer record: job}`` that must be done before
        """
        Job, field_name = self.env["actionstep.sync.job"], customers._job_field
        first = first or {}
        open_jobs = Job.search(
            [(field_name, "in", customers.ids), ("state", "in", OPEN_STATES)]
        )
        jobs = Job.create(
            [
                {
                    "connection_id": self.id,
                    field_name: customer.id,
                    "operation": operation,
                    "priority": priority,
                    "identity_key": f"{customer._name}:{customer.id}",
                    "depends_on_id": first.get(customer._get_parent(), Job).id,
                    "state": "waiting"
                    if customer._get_parent() in first
                    else "pending",
                }
                for customer in customers - open_jobs[field_name]
            ]
        )
        return {job[field_name]: job for job in open_jobs | jobs}

    # === PUSH === #

    def _prepare_customers(self, quickbooks, jobs):
        """Return the batch that creates customers; those of the name are linked."""
        if jobs[0].operation == "update":
            return self._prepare_updates(quickbooks, jobs)
        names = self._choose_names(quickbooks, jobs)
        operations = {}
        for job, (name, row) in names.items():
            with self._surprises_fail(self._fail_customer, job):
                if row:
                    self._bind_customer(job, row, was_linked=True)
                else:
                    currency = self._get_customer_currency(job)
                    operations[job] = Operation(
                        bid=job._get_batch_id(),
                        kind="create",
                        entity="Customer",
                        payload=job._get_target()._prepare_payload(name, currency),
                    )
        return Batch(
            jobs,
            operations,
            lambda answers: self._take_answers(
                answers,
                self._bind_customers,
                lambda job, error: self._refuse_customer(
                    quickbooks, job, error, operations[job]
                ),
                self._fail_customer,
            ),
        )

    def _get_customer_currency(self, job):
        """Return the currency of a customer to be, if the books keep several."""
        if not self.quickbooks_multicurrency:
            return ""
        parent = job._get_target()._get_parent()
        return parent.currency_code or self._get_first_document(job).currency_code or ""

    def _get_first_document(self, job):
        """Return the first document that waits for a customer, or for one below it."""
        found = (
            self._get_first_document(one) if one._is_customer() else one._get_document()
            for one in job._get_dependants()
        )
        return next(filter(None, found), job._get_document())

    def _bind_customers(self, answers):
        for job, answer in answers.items():
            with self._surprises_fail(self._fail_customer, job):
                self._bind_customer(job, answer, was_linked=False)

    def _bind_customer(self, job, row, was_linked):
        customer = job._get_target()
        owner_id = customer._get_bound_ids([row["Id"]]).get(row["Id"], customer.id)
        if owner_id == customer.id:
            customer._bind(row, was_linked)
            job._set_done()
        else:
            # One of the same name in another batch was quicker.
            self._fail_customer(job, DuplicateError("name_taken"))

    def _choose_names(self, quickbooks, jobs):
        """Return for each job the customer's name, and the customer to link if any.

        QuickBooks shares one set of names among customers, vendors and employees. An
        existing customer of the client's name is linked unless another client has it; a
        name that is taken otherwise gets the client's id behind it.

        :return: ``{job: (name, existing customer or None)}``
        """
        wanted = {job: job._get_target()._get_wanted_name() for job in jobs}
        distinct = {job: job._get_target()._get_distinct_name() for job in jobs}
        names = [*wanted.values(), *distinct.values()]
        taken = {}
        for row in quickbooks.call("query_names", names):
            taken.setdefault(name_key(row["DisplayName"]), []).append(row)
        bound = self._get_bound_customer_ids(
            [row["Id"] for rows in taken.values() for row in rows]
        )
        chosen, claimed = {}, set()
        for job in jobs:
            # A name that QuickBooks refused although no list shows it is not tried
            # again: somebody inactive or of another list has it.
            if job.failure_cause == "name_taken":
                taken.setdefault(name_key(wanted[job]), [])
            customer, currency = job._get_target(), self._get_customer_currency(job)
            free = {
                key: [
                    row for row in rows if self._is_free(customer, row, bound, currency)
                ]
                for key, rows in taken.items()
            }
            candidates = [wanted[job], distinct[job]]
            chosen[job] = self._choose_name(candidates, free, claimed)
        return chosen

    def _get_bound_customer_ids(self, ids):
        """Return those of some customers' ids in QuickBooks that belong to somebody."""
        mine = [("connection_id", "=", self.id), ("quickbooks_id", "in", list(ids))]
        clients = self.env["actionstep.participant"].search(mine)
        matters = self.env["actionstep.subcustomer"].search(mine)
        return {*clients.mapped("quickbooks_id"), *matters.mapped("quickbooks_id")}

    def _is_free(self, customer, row, bound, currency):
        """Tell whether a row that bears the name is a customer to link."""
        theirs = ref(row, "CurrencyRef")
        return (
            row["entity"] == "Customer"
            and currency in ("", theirs)
            and row.get("Active", True)
            and row["Id"] not in bound
            and customer._is_same(row)
        )

    def _choose_name(self, candidates, free, claimed):
        """Return a name, and the customer that bears it and may be linked, if any.

        :param free: ``{key of a name that is taken: its customers that may be linked}``
        :param claimed: keys of the names that this batch uses
        """
        for name in candidates:
            key = name_key(name)
            is_last = name == candidates[-1]
            if key not in claimed and (free.get(key) or key not in free or is_last):
                claimed.add(key)
                return name, next(iter(free.get(key, [])), None)
        return candidates[-1], None

    # === CHANGES === #

    def _prepare_updates(self, quickbooks, jobs):
        """Return the batch that lets customers we created follow their clients."""
        ids = [job._get_target().quickbooks_id for job in jobs]
        answer = quickbooks.call("read_many", "Customer", ids)
        rows = {row["Id"]: row for row in answer}
        operations = {}
        for job in jobs:
            with self._surprises_fail(self._fail_customer, job):
                customer = job._get_target()
                is_taken = job.failure_cause == "name_taken"
                name = customer._get_distinct_name() if is_taken else ""
                row = rows.get(customer.quickbooks_id) or {}
                payload = customer._prepare_update(row, name)
                if payload:
                    operations[job] = Operation(
                        bid=job._get_batch_id(),
                        kind="update",
                        entity="Customer",
                        payload=payload,
                    )
                else:
                    customer._set_followed()
                    job._set_done()
        return Batch(
            jobs,
            operations,
            lambda answers: self._take_answers(
                answers, self._bind_customers, self._fail_customer, self._fail_customer
            ),
        )

    # === REFUSALS === #

    def _refuse_customer(self, quickbooks, job, error, operation):
        """Decide what a refusal of a new customer means for its job."""
        client = job._get_target()._get_parent()
        is_gone = isinstance(error, NotFoundError) and bool(client)
        # Another matter of the batch may have found it out before.
        is_new = client.quickbooks_id != ref(operation.payload, "ParentRef")
        if is_gone and (is_new or self._replace_customer(quickbooks, client)):
            waiting = job._get_dependants()
            for field_name in DOCUMENT_FIELDS:
                waiting[field_name].needs_plan = True
            (job | waiting)._cancel()
        else:
            self._fail_customer(job, error)

    def _fail_customer(self, job, error):
        """Keep a client's trouble from the jobs of its documents: they fail with it."""
        if isinstance(error, DuplicateError) and job.failure_cause != "name_taken":
            # The names are looked up once more: then it shows whose it is.
            job._set_pending(error, tries=1)
        elif isinstance(error, RetryableError | UnknownOutcomeError):
            # Names are unique, so looking again by name settles an unknown outcome,
            # and a second customer can never come of it.
            self._give_up(job._set_retry(error), error)
        else:
            job._set_failed(error, name=job._get_target().display_name)
            self._tell_refusal(job, error)

    def _tell_refusal(self, job, error):
        """Show a customer's trouble on the documents that wait for it, or on itself.

        No document waits for a customer that is there already to follow its client.
        """
        if job.operation == "update":
            job._get_target()._set_refused(error)
        self._fail_dependants(job, error)

    def _fail_dependants(self, job, error):
        values = {"name": job._get_target().display_name, "what": error.detail}
        dependants = job._get_dependants()
        dependants._set_failed(error, **values)
        for field_name in DOCUMENT_FIELDS:
            documents = dependants[field_name]
            documents._set_attention(dict.fromkeys(documents, error), **values)
        for dependant in dependants.filtered(lambda one: one._is_customer()):
            self._fail_dependants(dependant, error)
