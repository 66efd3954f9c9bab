from odoo import api, fields, models


class ActionstepTaxCode(models.Model):
    _name = "actionstep.tax.code"
    _description = "Actionstep Tax Code"
    _inherit = "actionstep.list"
    _order = "name, id"
    _rec_names_search = ["name", "description"]

    name = fields.Char(string="Code")
    description = fields.Char(readonly=True)
    percentage = fields.Float(string="Rate (%)", digits=(16, 4), readonly=True)

    _external_once = models.UniqueIndex("(connection_id, external_id)")

    @api.depends("name", "percentage")
    def _compute_display_name(self):
        for code in self:
            code.display_name = f"{code.name} ({code.percentage:g} %)"

    @api.model
    def _prepare(self, value):
        """Override of `actionstep.list`."""
        return {
            "external_id": value.tax_code_id,
            "name": value.code,
            "description": value.description,
            "percentage": float(value.percentage),
        }
