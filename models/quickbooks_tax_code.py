from decimal import Decimal

from odoo import api, fields, models

from ..documents import QuickbooksTaxCode as TaxCodeValue
from ..documents import QuickbooksTaxRate
from ..mappers.pairs import Entry
from .formatted_name import formatted_name


class QuickbooksTaxCode(models.Model):
    _name = "quickbooks.tax.code"
    _description = "QuickBooks Tax Code"
    _inherit = "actionstep.list"
    _rec_names_search = ["name", "description"]

    description = fields.Char(readonly=True)
    percentage = fields.Float(string="Rate (%)", digits=(16, 4), readonly=True)
    is_taxable = fields.Boolean(readonly=True)
    rates = fields.Json(
        readonly=True,
        help="Sales rates as [[rate id, per cent as text], ...]: exact, no float.",
    )
    mapping_ids = fields.One2many("actionstep.tax.mapping", "quickbooks_tax_code_id")
    is_mapped = fields.Boolean(compute="_compute_is_mapped")

    _external_once = models.UniqueIndex("(connection_id, external_id)")

    def _compute_is_mapped(self):
        for code in self:
            code.is_mapped = bool(code.mapping_ids)

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
            "name": value.name,
            "description": value.description,
            "percentage": float(value.percentage),
            "is_taxable": value.is_taxable,
            "rates": [[rate.rate_id, str(rate.percentage)] for rate in value.rates],
            "active": value.is_active,
        }

    def _to_value(self):
        """Return the neutral tax code that the mappers take."""
        self.ensure_one()
        return TaxCodeValue(
            tax_code_id=self.external_id,
            name=self.name,
            description=self.description or "",
            is_taxable=self.is_taxable,
            is_active=self.active,
            rates=tuple(
                QuickbooksTaxRate(rate_id, Decimal(percentage))
                for rate_id, percentage in self.rates or []
            ),
        )

    def _to_entry(self):
        """Return the neutral entry that pairs are checked with."""
        self.ensure_one()
        rate = Decimal(repr(round(self.percentage, 4))) if self.rates else None
        return Entry(
            key=self.id,
            name=self.name or "",
            rate=rate,
            is_taxable=self.is_taxable,
            words=self.description or "",
        )
