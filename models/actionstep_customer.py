from odoo import fields, models
from odoo.exceptions import AccessError

from ..mappers.customer import is_made_for_another
from ..mappers.names import contains_reference
from .actionstep_document import RETRY_REFUSED


class ActionstepCustomer(models.AbstractModel):
    """What is a customer in QuickBooks: a client, or one of a client's matters."""

    _name = "actionstep.customer"
    _description = "Bound to a Customer of QuickBooks"
    _inherit = ["actionstep.binding", "actionstep.failure"]

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

    failed_at = fields.Datetime(
        string="Needs Attention Since",
        readonly=True,
        copy=False,
        help="Since when the customer in QuickBooks does not follow.",
    )

    # === ACTION METHODS === #

    def action_open_documents(self):
        """Open the documents that are billed to this customer."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "actionstep_quickbooks.action_actionstep_register"
        )
        domain = [("connection_id", "=", self.connection_id.id)]
        mine = (self._job_field, "=", self.id)
        return {**action, "domain": [*domain, mine], "context": {}}

    def action_open_in_quickbooks(self):
        """Open the customer at the address that QuickBooks itself shows."""
        self.ensure_one()
        base = self.connection_id._get_quickbooks_app_url()
        url = f"{base}/customerdetail?nameId={self.quickbooks_id}"
        return {"type": "ir.actions.act_url", "url": url}

    def action_try_again(self):
        """Have the customer follow in the next run, which starts at once."""
        if not self.env.user.has_group("actionstep_quickbooks.group_operator"):
            raise AccessError(
                self.env._("Only an operator may decide about documents.")
            )
        self.check_access("read")
        self.sudo()._push_again()
        self.connection_id._trigger_cron()
        return True

    def _get_label(self):
        """Return what a job calls this customer."""
        return self.env._("customer %(name)s", name=self.display_name)

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

    def _get_client(self):
        """Return the clients that these are, or are matters of."""
        raise NotImplementedError

    def _set_refused(self, error):
        """Show that the customer does not follow, and try again after a while.

        :param error: the ``SyncError`` that refused the change
        """
        self.ensure_one()
        now = fields.Datetime.now()
        failure = self._prepare_failure(error, name=self.display_name)
        self.write({**failure, "failed_at": self.failed_at or now})
        self._get_client().write({"needs_push": True, "push_at": now + RETRY_REFUSED})

    def _set_followed(self):
        """Forget that a change was refused: the customer is as its client is."""
        self.filtered("failure_cause").write(self._prepare_no_failure())

    def _prepare_no_failure(self):
        """Override of `actionstep.failure` to end the time of the failure too."""
        return {**super()._prepare_no_failure(), "failed_at": False}

    def _push_again(self):
        """Have the customers follow their clients in the next run."""
        self._set_followed()
        self._get_client().write({"needs_push": True, "push_at": False})

    def _bind(self, row, was_linked):
        """Store which customer of QuickBooks it is.

        :param row: the customer as QuickBooks has it
        :param bool was_linked: it stood there; one that bears our marker is ours
        :raise ValueError: the customer belongs to another record
        """
        self.ensure_one()
        self._check_unbound(row["Id"], self._get_bound_ids([row["Id"]]))
        self._set_followed()
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
