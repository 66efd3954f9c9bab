from odoo import api, fields, models

from ..mappers.pairs import check_item


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

    @api.depends(
        "account_id.active",
        "account_id.account_type",
        "item_id.active",
        "item_id.item_type",
    )
    def _compute_status(self):
        """Override of `actionstep.mapping` to name what it depends on."""
        return super()._compute_status()

    @api.constrains("connection_id", "account_id", "item_id")
    def _check_ends(self):
        """Override of `actionstep.mapping` to name what it checks."""
        return super()._check_ends()

    def _check_pair(self, source, target):
        """Override of `actionstep.mapping` for accounts and products."""
        return check_item(source, target)
