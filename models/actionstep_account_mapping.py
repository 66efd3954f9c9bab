from odoo import api, fields, models

from ..mappers.pairs import check_account


class ActionstepAccountMapping(models.Model):
    """GL account of Actionstep → account of QuickBooks."""

    _name = "actionstep.account.mapping"
    _description = "GL Account Mapping Line"
    _inherit = "actionstep.mapping"
    _source_field = "account_id"
    _target_field = "gl_account_id"

    account_id = fields.Many2one(
        "actionstep.account",
        string="Actionstep Account",
        required=True,
        ondelete="cascade",
        domain="[('connection_id', '=', connection_id), ('is_header', '=', False)]",
    )
    gl_account_id = fields.Many2one(
        "quickbooks.account",
        string="QuickBooks Account",
        required=True,
        ondelete="cascade",
        domain="[('connection_id', '=', connection_id)]",
    )

    _source_once = models.UniqueIndex(
        "(connection_id, account_id)",
        "This account already has a QuickBooks account.",
    )

    @api.depends(
        "account_id.active",
        "account_id.account_type",
        "account_id.is_trust",
        "gl_account_id.active",
        "gl_account_id.account_type",
        "gl_account_id.is_trust",
    )
    def _compute_status(self):
        """Override of `actionstep.mapping` to name what it depends on."""
        return super()._compute_status()

    @api.constrains("connection_id", "account_id", "gl_account_id")
    def _check_ends(self):
        """Override of `actionstep.mapping` to name what it checks."""
        return super()._check_ends()

    def _check_pair(self, source, target):
        """Override of `actionstep.mapping` for accounts of the two ledgers."""
        return check_account(source, target)
