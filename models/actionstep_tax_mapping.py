from odoo import api, fields, models


class ActionstepTaxMapping(models.Model):
    """Tax code of Actionstep → tax code of QuickBooks."""

    _name = "actionstep.tax.mapping"
    _description = "Sales Tax Mapping Line"
    _inherit = "actionstep.mapping"
    _source_field = "tax_code_id"
    _target_field = "quickbooks_tax_code_id"

    tax_code_id = fields.Many2one(
        "actionstep.tax.code",
        string="Actionstep Code",
        required=True,
        ondelete="cascade",
        domain="[('connection_id', '=', connection_id)]",
    )
    quickbooks_tax_code_id = fields.Many2one(
        "quickbooks.tax.code",
        string="QuickBooks Tax Code",
        required=True,
        ondelete="cascade",
        domain="[('connection_id', '=', connection_id)]",
    )

    _source_once = models.UniqueIndex(
        "(connection_id, tax_code_id)",
        "This tax code already has a QuickBooks tax code.",
    )

    @api.depends("tax_code_id.active", "quickbooks_tax_code_id.active")
    def _compute_is_broken(self):
        """Override of `actionstep.mapping` to name what it depends on."""
        return super()._compute_is_broken()

    @api.constrains("connection_id", "tax_code_id", "quickbooks_tax_code_id")
    def _check_same_connection(self):
        """Override of `actionstep.mapping` to name what it checks."""
        return super()._check_same_connection()
