from odoo import api, fields, models


class ActionstepItemMapping(models.Model):
    """Fee or expense account of Actionstep → product or service of QuickBooks."""

    _name = "actionstep.item.mapping"
    _description = "Sales Invoice Account Mapping Line"
    _inherit = "actionstep.mapping"
    _source_field = "account_id"
    _target_field = "item_id"

    account_id = fields.Many2one(
        "actionstep.account",
        required=True,
        ondelete="cascade",
        domain="[('connection_id', '=', connection_id), ('is_header', '=', False)]",
    )
    item_id = fields.Many2one(
        "quickbooks.item",
        string="Product or Service",
        required=True,
        ondelete="cascade",
        domain="[('connection_id', '=', connection_id)]",
    )

    _source_once = models.UniqueIndex(
        "(connection_id, account_id)",
        "This account already has a product or service.",
    )

    @api.depends("account_id.active", "item_id.active")
    def _compute_is_broken(self):
        """Override of `actionstep.mapping` to name what it depends on."""
        return super()._compute_is_broken()

    @api.constrains("connection_id", "account_id", "item_id")
    def _check_same_connection(self):
        """Override of `actionstep.mapping` to name what it checks."""
        return super()._check_same_connection()
