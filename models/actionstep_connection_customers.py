"""Customers: the client of a document must be one of QuickBooks' customers first."""

from odoo import models

from ..clients.quickbooks import Operation
from ..exceptions import (
    DuplicateError,
    RetryableError,
    UnknownOutcomeError,
)
from ..mappers.customer import map_customer_update
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
            ]
        )
        changed.needs_push = False
        self._create_customer_jobs(changed, "update", UPDATE_PRIORITY)

    def _ensure_customers(self, customers):
        """Return ``{customer record: open job}`` of those that have no customer yet.

        A matter waits for the customer of its client.
        """
        customers = [one for one in customers if not one.quickbooks_id]
        parents = {one._get_parent() or one for one in customers}
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
        return Batch(jobs, operations, self._take_customer_answers)

    def _take_customer_answers(self, answers):
        self._take_answers(
            answers, self._bind_customers, self._fail_customer, self._fail_customer
        )

    def _get_customer_currency(self, job):
        """Return the currency of a customer to be, if the books keep several."""
        if not self.quickbooks_multicurrency:
            return ""
        customer = job._get_target()
        documents = self.env["actionstep.invoice"].search(
            [("participant_id", "in", (customer._get_parent() or customer).ids)],
            order="id",
            limit=1,
        )
        return documents.currency_code or ""

    def _bind_customers(self, answers):
        for job, answer in answers.items():
            with self._surprises_fail(self._fail_customer, job):
                self._bind_customer(job, answer, was_linked=False)

    def _bind_customer(self, job, row, was_linked):
        job._get_target()._bind(row, was_linked)
        job._set_done()

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
        bound = self._get_bound_customer_ids()
        chosen, claimed = {}, set()
        for job in jobs:
            # A name that QuickBooks refused although no list shows it is not tried
            # again: somebody inactive or of another list has it.
            if job.failure_cause == "name_taken":
                taken.setdefault(name_key(wanted[job]), [])
            customer = job._get_target()
            free = {
                key: [row for row in rows if self._is_free(customer, row, bound)]
                for key, rows in taken.items()
            }
            candidates = [wanted[job], distinct[job]]
            chosen[job] = self._choose_name(candidates, free, claimed)
        return chosen

    def _get_bound_customer_ids(self):
        """Return the QuickBooks ids of all customers that belong to somebody."""
        mine = [("connection_id", "=", self.id), ("quickbooks_id", "!=", False)]
        clients = self.env["actionstep.participant"].search(mine)
        matters = self.env["actionstep.subcustomer"].search(mine)
        return {*clients.mapped("quickbooks_id"), *matters.mapped("quickbooks_id")}

    def _is_free(self, customer, row, bound):
        """Tell whether a row that bears the name is a customer to link."""
        return (
            row["entity"] == "Customer"
            and row["Active"]
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
        ids = jobs.participant_id.mapped("quickbooks_id")
        answer = quickbooks.call("read_many", "Customer", ids)
        rows = {row["Id"]: row for row in answer}
        operations = {}
        for job in jobs:
            client = job.participant_id
            is_taken = job.failure_cause == "name_taken"
            name = client._get_distinct_name() if is_taken else ""
            row = rows.get(client.quickbooks_id) or {}
            payload = map_customer_update(client._to_value(), row, name)
            if payload:
                operations[job] = Operation(
                    bid=job._get_batch_id(),
                    kind="update",
                    entity="Customer",
                    payload=payload,
                )
            else:
                job._set_done()
        return Batch(jobs, operations, self._take_customer_answers)

    def _renew_customer(self, quickbooks, job):
        """Find out whether a document was refused because its customer is gone.

        A customer that was merged into another lives on in what was billed to it: that
        one is taken. One that was deleted is created anew.

        :return: whether the document is to be decided about again
        """
        document = job._get_document()
        customer = document._get_customer()
        row = self._read_object(quickbooks, "Customer", customer.quickbooks_id)
        if row and row.get("Active", True):
            return False
        heir = self._find_heir(quickbooks, customer)
        if row and not heir:
            return False  # inactive: a person must decide
        customer.write({"quickbooks_id": False, "quickbooks_sync_token": False})
        if heir:
            customer._bind(heir, was_linked=True)
        document.needs_plan = True
        job._cancel()
        return True

    def _find_heir(self, quickbooks, customer):
        """Return the customer that a bound document of this one names by now."""
        invoices = self.env["actionstep.invoice"].search(
            [("participant_id", "in", (customer._get_parent() or customer).ids)]
        )
        for invoice in invoices.filtered(
            lambda one: one.quickbooks_id and one._get_customer() == customer
        )[:1]:
            row = self._read_document(quickbooks, invoice) or {}
            heir_id = (row.get("CustomerRef") or {}).get("value")
            bound = self._get_bound_customer_ids()
            if heir_id and heir_id not in bound:
                return self._read_object(quickbooks, "Customer", heir_id)
        return None

    # === REFUSALS === #

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
            self._fail_dependants(job, error)

    def _fail_dependants(self, job, error):
        values = {"name": job._get_target().display_name, "what": error.detail}
        dependants = job.search(
            [("depends_on_id", "=", job.id), ("state", "=", "waiting")]
        )
        dependants._set_failed(error, **values)
        for field_name in DOCUMENT_FIELDS:
            documents = dependants[field_name]
            documents._set_attention(dict.fromkeys(documents, error), **values)
        for dependant in dependants.filtered(lambda one: one._is_customer()):
            self._fail_dependants(dependant, error)
