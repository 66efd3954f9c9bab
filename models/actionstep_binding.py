from odoo import fields, models


class ActionstepBinding(models.AbstractModel):
    """What stands in Actionstep and goes to QuickBooks: which object it is there."""

    _name = "actionstep.binding"
    _description = "Bound to an Object of QuickBooks"

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
    external_id = fields.Char(string="Actionstep ID", required=True, readonly=True)
    quickbooks_id = fields.Char(
        string="QuickBooks ID", readonly=True, copy=False, index="btree_not_null"
    )
    quickbooks_sync_token = fields.Char(
        string="QuickBooks Version", readonly=True, copy=False
    )
    pushed_at = fields.Datetime(string="Last Pushed", readonly=True, copy=False)

    def _get_bound_ids(self, quickbooks_ids):
        """Return ``{QuickBooks id: id of the record}`` of those that are bound.

        Of all records of the connection that these records belong to.
        """
        found = self.search(
            [
                ("connection_id", "=", self.connection_id.id),
                ("quickbooks_id", "in", list(quickbooks_ids)),
            ]
        )
        return {record.quickbooks_id: record.id for record in found}

    def _check_unbound(self, quickbooks_id, bound):
        """Refuse an id that belongs to another record: QuickBooks gives each once.

        :param bound: ``{QuickBooks id: id of the record}``; the id is entered
        :raise ValueError: found out here, it stops this record and no other
        """
        if bound.setdefault(quickbooks_id, self.id) != self.id:
            raise ValueError(
                f"QuickBooks id {quickbooks_id} belongs to another document"
            )
