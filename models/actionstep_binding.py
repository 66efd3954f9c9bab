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

    def _check_unbound(self, quickbooks_id):
        """Refuse an id that belongs to another record: QuickBooks gives each once.

        :raise ValueError: found out here, it stops this record and no other
        """
        self.ensure_one()
        others = [
            ("connection_id", "=", self.connection_id.id),
            ("id", "!=", self.id),
            ("quickbooks_id", "=", quickbooks_id),
        ]
        if self.search_count(others, limit=1):
            raise ValueError(
                f"QuickBooks id {quickbooks_id} belongs to another document"
            )
