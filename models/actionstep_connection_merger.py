"""Customers that are gone: merged into another in QuickBooks, or deleted there."""

from odoo import models

from ..mappers.common import ref
from .actionstep_document import DOCUMENT_MODELS


class ActionstepConnection(models.Model):
    _inherit = "actionstep.connection"

    def _renew_customer(self, quickbooks, job, sent_to):
        """Find out whether a document was refused because its customer is gone.

        :param sent_to: id of the customer that the document named
        :return: whether the document is to be decided about again
        """
        document = job._get_document()
        customer = document._get_customer()
        # Another document of the batch may have found it out before.
        is_new = customer.quickbooks_id != sent_to
        if not is_new and not self._replace_customer(quickbooks, customer):
            return False
        document.needs_plan = True
        job._cancel()
        return True

    def _replace_customer(self, quickbooks, customer):
        """Let go of a customer that is gone, for the one it was merged into if any.

        A customer that was merged into another lives on in what was billed to it. One
        that was deleted is created anew; one that is inactive needs a person.

        :return: whether it was gone
        """
        row = self._read_object(quickbooks, "Customer", customer.quickbooks_id)
        if row and row.get("Active", True):
            return False
        heir = self._find_heir(quickbooks, customer)
        if row and not heir:
            return False
        former = [*(customer.former_ids or []), customer.quickbooks_id]
        customer.write({"quickbooks_id": False, "quickbooks_sync_token": False})
        if heir:
            customer.former_ids = former
            customer._bind(heir, was_linked=True)
        return True

    def _follow_merger(self, quickbooks, document, row):
        """Take the heir when the customer of a document was merged into another.

        :param row: the document as QuickBooks has it
        """
        customer = document._get_customer()
        known_id = customer.quickbooks_id
        if known_id and ref(row, "CustomerRef") != known_id:
            self._replace_customer(quickbooks, customer)

    def _find_heir(self, quickbooks, customer):
        """Return the customer that has by now what this one had, if it is free."""
        for heir_id in self._read_owner_ids(quickbooks, customer):
            if heir_id and not self._get_bound_customer_ids([heir_id]):
                return self._read_object(quickbooks, "Customer", heir_id)
        return None

    def _read_owner_ids(self, quickbooks, customer):
        """Yield whose the documents and matters of a customer are by now."""
        client = customer._get_parent() or customer
        mine = [("participant_id", "=", client.id), ("quickbooks_id", "!=", False)]
        for name in DOCUMENT_MODELS:
            documents = self.env[name].search(mine)
            for document in documents.filtered(
                lambda one: one._get_customer() == customer
            )[:1]:
                row = self._read_document(quickbooks, document) or {}
                yield ref(row, "CustomerRef")
        if customer == client:
            for matter in self.env["actionstep.subcustomer"].search(mine, limit=1):
                row = self._read_object(quickbooks, "Customer", matter.quickbooks_id)
                yield ref(row or {}, "ParentRef")
