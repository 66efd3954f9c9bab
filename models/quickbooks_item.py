from odoo import api, fields, models


class QuickbooksItem(models.Model):
    _name = "quickbooks.item"
    _description = "QuickBooks Product or Service"
    _inherit = "actionstep.list"

    item_type = fields.Char(string="Type", readonly=True)
    income_account = fields.Char(readonly=True)
    mapping_ids = fields.One2many("actionstep.item.mapping", "item_id")
    is_mapped = fields.Boolean(compute="_compute_is_mapped")

    _external_once = models.UniqueIndex("(connection_id, external_id)")

    def _compute_is_mapped(self):
        for item in self:
            item.is_mapped = bool(item.mapping_ids)

    @api.model
    def _prepare(self, value):
        """Override of `actionstep.list`."""
        return {
            "external_id": value.item_id,
            "name": value.name,
            "item_type": value.item_type,
            "income_account": value.income_account,
            "active": value.is_active,
        }
