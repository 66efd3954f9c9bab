from odoo import api, fields, models

from ..documents import Matter


class ActionstepMatter(models.Model):
    """A matter; Actionstep's interface calls it an action."""

    _name = "actionstep.matter"
    _description = "Matter"
    _inherit = "actionstep.list"
    _rec_names_search = ["external_id", "name", "reference"]

    reference = fields.Char(readonly=True)
    status = fields.Char(readonly=True)

    _external_once = models.UniqueIndex("(connection_id, external_id)")

    @api.depends("external_id", "name")
    def _compute_display_name(self):
        for matter in self:
            matter.display_name = f"{matter.external_id} {matter.name}"

    @api.model
    def _prepare(self, value):
        """Override of `actionstep.list`."""
        return {
            "external_id": value.matter_id,
            "name": value.name or value.matter_id,
            "reference": value.reference,
            "status": value.status,
        }

    def _to_value(self):
        """Return the neutral matter that the mappers take."""
        self.ensure_one()
        return Matter(
            matter_id=self.external_id,
            name=self.name,
            reference=self.reference or "",
            status=self.status or "",
        )
