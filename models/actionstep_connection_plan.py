"""Plan: decide what to do with each document that changed, and write the jobs."""

import logging
import traceback

import psycopg2

from odoo import fields, models
from odoo.fields import Domain
from odoo.tools.misc import split_every

from ..documents import QuickbooksCompany
from ..exceptions import DataError, SyncError
from .actionstep_document import DOCUMENT_MODELS, DOCUMENTS_AT_ONCE
from .maps import Maps

_logger = logging.getLogger(__name__)

# What comes by itself: another load of details, or another document being pushed.
WAITING_CAUSES = (
    "lines_missing",
    "lines_outdated",
    "allocation_unknown_bill",
    "credit_unknown",
    "settled_by_ours",
)
# Causes that a look at our own data decides: looked at again in every run. All others
# came from QuickBooks and are tried again after a while (``retry_at``).
LOCAL_CAUSES = (
    "account_unmapped",
    "tax_unmapped",
    "mapping_broken",
    "deposit_account_unmapped",
    "trust_deposit",
    "operating_deposit",
    "totals_account_missing",
    "client_missing",
    "date_missing",
    "number_missing",
    "number_too_long",
    "currency_unknown",
    "currency_foreign",
    "exchange_rate_missing",
    "customer_currency",
    "lines_mismatch",
    "line_unknown_kind",
    "lines_too_many",
    "total_negative",
    "amount_not_positive",
    "allocation_too_large",
    "allocation_left_out",
    "credit_left_out",
    "payment_unclear",
    "tax_mixed",
    "tax_mismatch",
    "tax_unclear",
)


class ActionstepConnection(models.Model):
    _inherit = "actionstep.connection"

    def _plan(self, run, *, only_flagged=False):
        """Decide about every document that changed or may have been mended.

        Jobs are written in the same transaction as the decision: nothing is queued for
        work that was rolled back, and nothing decided is forgotten.

        :param bool only_flagged: only what changed since it was decided about last
        :return: whether something was queued
        """
        self.ensure_one()
        maps, company = Maps(self), self._get_company_value()
        is_queued = False
        self._plan_customers()
        for name in DOCUMENT_MODELS:
            model = self.env[name]
            self._link_currencies(model)
            due = model.search(self._get_plan_domain(model, only_flagged), order="id")
            for some in split_every(DOCUMENTS_AT_ONCE, due.ids, due.browse):
                queued = self._plan_documents(some, maps, company)
                is_queued |= bool(queued)
                run._count(queued=len(queued))
                self._commit_part()
        return is_queued

    def _link_currencies(self, model):
        """Link the currency of documents whose currency Odoo did not know before."""
        if model._fields["currency_id"].related:
            return  # that of another document
        unlinked = model.search(
            [
                ("connection_id", "=", self.id),
                ("currency_id", "=", False),
                ("currency_code", "!=", False),
            ]
        )
        currencies = self._get_currencies(set(unlinked.mapped("currency_code")))
        for code, documents in unlinked.grouped("currency_code").items():
            if code in currencies:
                documents.write({"currency_id": currencies[code], "needs_plan": True})

    def _get_plan_domain(self, model, only_flagged):
        """Return which documents to decide about: none whose push is under way."""
        wanted = Domain("needs_plan", "=", True)
        if not only_flagged:
            wanted |= self._get_mended_domain() | self._get_moved_domain(model)
        return (
            Domain("connection_id", "=", self.id)
            & wanted
            & Domain("job_ids", "not any", [("state", "in", ("started", "unknown"))])
        )

    def _get_mended_domain(self):
        """Return the documents in Needs attention that are due to be looked at again.

        Looking again at what is not mended writes nothing.
        """
        due = Domain("retry_at", "<=", fields.Datetime.now())
        mended = Domain("state", "=", "attention") & (
            Domain("failure_cause", "in", LOCAL_CAUSES) | due
        )
        return mended | Domain("failure_cause", "=", "settled_by_ours")

    def _get_moved_domain(self, model):
        """Return the documents that another start date lets in or leaves out."""
        skipped = Domain("state", "=", "skipped")
        if not self.start_date:
            return skipped
        early = Domain(model._date_field, "<", self.start_date)
        unsent = Domain("state", "in", ("queued", "waiting")) & Domain(
            "quickbooks_id", "=", False
        )
        return (skipped & ~early) | (unsent & early)

    def _plan_documents(self, documents, maps, company):
        """Move each document to the state that its content asks for.

        :return: the documents that were queued
        """
        self._choose_subcustomers(documents)
        none = documents.browse()
        by_state = dict.fromkeys(
            ("queued", "pushed", "skipped", "withdrawn", "held"), none
        )
        waiting, attention = {}, {}
        for document in documents:
            try:
                by_state[document._decide(maps, company)] |= document
            except SyncError as error:
                is_waiting = error.cause in WAITING_CAUSES
                (waiting if is_waiting else attention)[document] = error
            except psycopg2.OperationalError:
                # Trouble of the database, not of a document.
                raise
            except Exception:
                # One document's surprise must not stop the others: it is shown on it.
                _logger.exception("%s could not be planned", document)
                attention[document] = SyncError("unexpected", traceback.format_exc())
        documents._cancel_jobs()
        # New jobs are inserted at once, and no two open ones may be of one document.
        self.env["actionstep.sync.job"].flush_model(["state"])
        queued = by_state.pop("queued")
        queued._set_queued()
        for state, settled in by_state.items():
            settled._set_settled(state)
        documents._set_waiting(waiting)
        documents._set_attention(attention)
        # Whoever decided about the same documents meanwhile is met here, and not at the
        # index that lets no two open jobs be of one document.
        queued.flush_recordset()
        self._create_jobs(queued)
        return queued

    def _choose_subcustomers(self, documents):
        """Choose the customer of documents that are not in QuickBooks yet.

        A document of exactly one matter goes to that matter's customer, if the firm
        keeps one; one over several matters to the client's.
        """
        open_ones = documents.filtered(lambda one: one._is_customer_open())
        pairs = open_ones.filtered(lambda one: one._has_own_customer()).grouped(
            lambda one: (one.participant_id, one.matter_ids)
        )
        matters = self.env["actionstep.subcustomer"]._ensure(self, pairs)
        chosen = documents.browse()
        for pair, some in pairs.items():
            some.filtered(
                lambda one, pair=pair: one.subcustomer_id != matters[pair]
            ).subcustomer_id = matters[pair]
            chosen |= some
        (open_ones - chosen).filtered("subcustomer_id").subcustomer_id = False

    def _create_jobs(self, documents):
        """Write a job for each document, after one for its customer where it is new."""
        Job = self.env["actionstep.sync.job"]
        living = documents.filtered(lambda document: not document._is_withdrawn())
        customers = {document: document._get_customer() for document in living}
        first_jobs = self._ensure_customers(dict.fromkeys(customers.values()))
        values = []
        for document in documents:
            is_removal = document not in living
            # A removal needs no customer, and must free its number first.
            first = first_jobs.get(customers.get(document), Job)
            values.append(
                {
                    "connection_id": self.id,
                    document._job_field: document.id,
                    "operation": document._get_operation(),
                    "priority": document._removal_priority
                    if is_removal
                    else document._get_push_priority(),
                    "identity_key": f"{document._name}:{document.id}",
                    "depends_on_id": first.id,
                    "state": "waiting" if first else "pending",
                }
            )
        Job.create(values)

    def _get_company_value(self):
        """Return the neutral QuickBooks company that the mappers take."""
        return QuickbooksCompany(
            realm_id=self.realm_id or "",
            name=self.quickbooks_company_name or "",
            country=self.quickbooks_country or "US",
            home_currency=self.quickbooks_currency_id.name or "",
            is_multicurrency=self.quickbooks_multicurrency,
            uses_sales_tax=self.quickbooks_sales_tax,
            uses_automated_sales_tax=self.quickbooks_automated_tax,
            uses_custom_numbers=self.quickbooks_custom_numbers,
            book_close_date=self.quickbooks_close_date or None,
        )


class ActionstepDocument(models.AbstractModel):
    _inherit = "actionstep.document"

    def _decide(self, maps, company):
        """Return the state this document belongs in.

        :return: queued, pushed (nothing new), skipped, withdrawn or held
        :raise SyncError: it must wait, or needs attention; the cause says which
        """
        self.ensure_one()
        if self.is_held:
            return "held"
        if self._is_withdrawn():
            is_there = self.quickbooks_id or self._may_be_there()
            return "queued" if is_there else "withdrawn"
        if self._is_before_start() and not self.quickbooks_id:
            return "skipped"
        value = self._to_checked_value(maps, company)
        return "pushed" if self._is_pushed_as(value) else "queued"

    def _to_checked_value(self, maps, company):
        """Return the neutral document, if it can be pushed as it is.

        :raise SyncError: it must wait, or needs attention; the cause says which
        """
        if not self[self._date_field]:
            raise DataError("date_missing")
        if not self._get_customer():
            raise DataError("client_missing")
        if not self.currency_id:
            raise DataError("currency_unknown")
        if company.is_multicurrency:
            self._check_customer_currency()
        self._check_detail()
        value = self._to_value(maps)
        problems = self._kind.check(value, company)
        if problems:
            raise problems[0]
        return value

    def _is_pushed_as(self, value):
        """Tell whether just this content was pushed last.

        :param value: the neutral document
        """
        fingerprint = self._kind.source_fingerprint(value)
        return bool(self.quickbooks_id) and fingerprint == self.pushed_fingerprint

    def _is_customer_open(self):
        """Tell whether the customer is to be chosen: new, or of another client."""
        self.ensure_one()
        matter = self.subcustomer_id
        is_moved = bool(matter) and matter.participant_id != self.participant_id
        return not self.quickbooks_id or is_moved

    def _has_own_customer(self):
        """Tell whether the firm keeps a customer for the matter of this document."""
        self.ensure_one()
        return (
            self.connection_id.customer_level == "matter"
            and bool(self.participant_id)
            and len(self.matter_ids) == 1
        )

    def _is_before_start(self):
        """Tell whether its day is before the first one that is pushed."""
        self.ensure_one()
        start_date, day = self.connection_id.start_date, self[self._date_field]
        return bool(start_date and day) and day < start_date

    def _check_customer_currency(self):
        """Refuse a document in another currency than its customer's in QuickBooks."""
        customer = self._get_customer()
        if not customer.quickbooks_id:
            # A matter gets the currency of its client.
            customer = customer._get_parent()
        theirs = customer.quickbooks_id and customer.currency_code
        if theirs and theirs != self.currency_code:
            values = {
                "name": customer.quickbooks_name,
                "theirs": theirs,
                "currency": self.currency_code,
            }
            raise DataError("customer_currency", values=values)
