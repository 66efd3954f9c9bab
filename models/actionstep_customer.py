from odoo import fields, models

from ..mappers.customer import is_made_for_another
from ..mappers.names import contains_reference


class ActionstepCustomer(models.AbstractModel):
    """What is a customer in QuickBooks: a client, or one of a client's matters."""

    _name = "actionstep.customer"
    _description = "Bound to a Customer of QuickBooks"
    _inherit = "actionstep.binding"

    _job_field = None  # where a job names it

    quickbooks_name = fields.Char(
        string="QuickBooks Customer",
        readonly=True,
        copy=False,
        help="Names are unique in QuickBooks, so this can differ from the client's.",
    )
    was_linked = fields.Boolean(
        string="Already There",
        readonly=True,
        copy=False,
        help="The customer stood in QuickBooks before and was linked, not created.",
    )
    former_ids = fields.Json(
        readonly=True,
        copy=False,
        help="Customers of QuickBooks that a person merged into this one.",
    )
    currency_code = fields.Char(
        string="Currency",
        readonly=True,
        copy=False,
        help="A customer of QuickBooks has one currency for life.",
    )

    def _get_wanted_name(self):
        """Return the name that QuickBooks should show."""
        raise NotImplementedError

    def _get_distinct_name(self):
        """Return the name for when the wanted one is taken."""
        raise NotImplementedError

    def _get_reference(self):
        """Return our marker in the notes of the customer, if we created it."""
        raise NotImplementedError

    def _is_same(self, row):
        """Tell whether a customer of the wanted name may be this one."""
        return not is_made_for_another(self._get_reference(), row)

    def _prepare_payload(self, name, currency):
        """Return what creates the customer in QuickBooks.

        :param currency: of its documents, empty for that of the books
        """
        raise NotImplementedError

    def _prepare_update(self, row, name):
        """Return what lets the customer follow; empty when nothing has to change.

        :param row: the customer as QuickBooks has it
        :param name: another name, when the wanted one is taken
        """
        raise NotImplementedError

    def _get_parent(self):
        """Return what must be a customer first, if anything."""
        return self.browse()

    def _bind(self, row, was_linked):
        """Store which customer of QuickBooks it is.

        :param row: the customer as QuickBooks has it
        :param bool was_linked: it stood there; one that bears our marker is ours
        :raise ValueError: the customer belongs to another record
        """
        self.ensure_one()
        self._check_unbound(row["Id"], self._get_bound_ids([row["Id"]]))
        is_ours = contains_reference(row.get("Notes") or "", self._get_reference())
        self.write(
            {
                "quickbooks_id": row["Id"],
                "quickbooks_sync_token": row["SyncToken"],
                "quickbooks_name": row["DisplayName"],
                "currency_code": (row.get("CurrencyRef") or {}).get("value"),
                "was_linked": was_linked and not is_ours,
                "pushed_at": fields.Datetime.now(),
            }
        )
