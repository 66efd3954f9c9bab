from odoo import api, fields, models

from ..mappers.pairs import check_tax


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

    @api.depends(
        "tax_code_id.active",
        "tax_code_id.percentage",
        "quickbooks_tax_code_id.active",
        "quickbooks_tax_code_id.percentage",
    )
    def _compute_status(self):
        """Override of `actionstep.mapping` to name what it depends on."""
        return super()._compute_status()

    @api.constrains("connection_id", "tax_code_id", "quickbooks_tax_code_id")
    def _check_ends(self):
        """Override of `actionstep.mapping` to name what it checks."""
        return super()._check_ends()

    def _check_pair(self, source, target):
        """Override of `actionstep.mapping` for tax codes."""
        return check_tax(
            source, target, is_automated=self.connection_id.quickbooks_automated_tax
        )
