from decimal import Decimal

from odoo import api, fields, models

from ..mappers.pairs import Entry
from .formatted_name import formatted_name


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

    @api.depends("name", "percentage", "description")
    @api.depends_context("formatted_display_name")
    def _compute_display_name(self):
        for code in self:
            name = f"{code.name} ({code.percentage:g} %)"
            code.display_name = formatted_name(code, name, code.description)

    @api.model
    def _prepare(self, value):
        """Override of `actionstep.list`."""
        return {
            "external_id": value.tax_code_id,
            "name": value.code,
            "description": value.description,
            "percentage": float(value.percentage),
        }

    def _to_entry(self):
        """Return the neutral entry that pairs are checked with."""
        self.ensure_one()
        return Entry(
            key=self.id,
            name=self.name or "",
            rate=Decimal(repr(round(self.percentage, 4))),
            words=self.description or "",
        )
