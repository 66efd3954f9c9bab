from odoo import api, models


class QuickbooksPaymentMethod(models.Model):
    """A payment method of QuickBooks; a payment's own is found by its name."""

    _name = "quickbooks.payment.method"
    _description = "QuickBooks Payment Method"
    _inherit = "actionstep.list"

    _external_once = models.UniqueIndex("(connection_id, external_id)")

    @api.model
    def _prepare(self, value):
        """Override of `actionstep.list`."""
        return {
            "external_id": value.method_id,
            "name": value.name,
            "active": value.is_active,
        }
