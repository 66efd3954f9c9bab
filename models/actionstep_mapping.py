from odoo import api, fields, models
from odoo.exceptions import ValidationError


class ActionstepMapping(models.AbstractModel):
    """A line of a map: one entry of Actionstep stands for one of QuickBooks.

    A concrete map names the two ends in ``_source_field`` and ``_target_field``.
    """

    _name = "actionstep.mapping"
    _description = "Mapping Line"
    _source_field = None
    _target_field = None

    connection_id = fields.Many2one(
        "actionstep.connection", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        "res.company", related="connection_id.company_id", store=True, index=True
    )
    is_broken = fields.Boolean(
        string="Broken",
        compute="_compute_is_broken",
        help="One of the two sides no longer has what this line points to.",
    )

    status = fields.Selection(
        [("mapped", "Mapped"), ("broken", "No longer exists")],
        compute="_compute_is_broken",
    )

    def _compute_is_broken(self):
        for line in self:
            source, target = line[self._source_field], line[self._target_field]
            ends_exist = bool(source and target)
            line.is_broken = ends_exist and not (source.active and target.active)
            line.status = ends_exist and ("broken" if line.is_broken else "mapped")

    def _compute_display_name(self):
        for line in self:
            source, target = line[self._source_field], line[self._target_field]
            line.display_name = f"{source.display_name} → {target.display_name}"

    @api.constrains("connection_id")
    def _check_same_connection(self):
        """Both ends must belong to the line's own connection."""
        for line in self:
            ends = line[self._source_field].connection_id
            ends |= line[self._target_field].connection_id
            if ends != line.connection_id:
                raise ValidationError(
                    self.env._("Both sides of a mapping line belong to one connection.")
                )
