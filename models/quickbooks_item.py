from odoo import api, fields, models

from ..mappers.pairs import Entry
from .formatted_name import formatted_name

# developer.intuit.com, reference of Item: what orders the list, or is a bundle of
# others, stands on no line of its own.
NOT_SELLABLE = ("Category", "Group")


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

    @api.depends("name", "item_type", "income_account")
    @api.depends_context("formatted_display_name")
    def _compute_display_name(self):
        for item in self:
            about = " → ".join(filter(None, [item.item_type, item.income_account]))
            item.display_name = formatted_name(item, item.name, about)

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

    def _to_entry(self):
        """Return the neutral entry that pairs are checked with."""
        self.ensure_one()
        return Entry(
            key=self.id,
            name=self.name or "",
            feeds=self.income_account or "",
            is_sellable=self.item_type not in NOT_SELLABLE,
        )
