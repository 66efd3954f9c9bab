from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..mappers.pairs import WRONG
from .map_sentences import PROBLEMS


class ActionstepMapping(models.AbstractModel):
    """A line of a map: one entry of Actionstep stands for one of QuickBooks.

    A concrete map names the two ends in ``_source_field`` and ``_target_field``, and
    says in ``_check_pair`` which pairs go together.
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
        compute="_compute_status",
        help="One of the two sides no longer has what this line points to.",
    )
    # A wrong pair is refused when it is saved; one that was saved before the lists
    # changed still shows as wrong.
    status = fields.Selection(
        [
            ("mapped", "Mapped"),
            ("odd", "To check"),
            ("wrong", "Wrong"),
            ("broken", "No longer exists"),
        ],
        compute="_compute_status",
    )
    problem = fields.Char(
        string="What to Check",
        compute="_compute_status",
        help="Why the two sides do not go together.",
    )

    def _compute_status(self):
        for line in self:
            source, target = line[self._source_field], line[self._target_field]
            is_whole = line._is_whole()
            line.is_broken = is_whole and not (source.active and target.active)
            found = line._find_problem() if is_whole else None
            line.status = is_whole and (found.level if found else "mapped")
            line.problem = line._describe_problem(found)
            if line.is_broken:
                line.status, line.problem = "broken", line._describe_broken()

    def _compute_display_name(self):
        for line in self:
            source, target = line[self._source_field], line[self._target_field]
            line.display_name = f"{source.display_name} → {target.display_name}"

    @api.constrains("connection_id")
    def _check_ends(self):
        """Both ends belong to the line's own connection, and go together.

        Two accounts or tax codes that cannot stand for each other would have documents
        booked wrongly: those are forbidden. What is merely odd is shown, and saved.
        """
        for line in self:
            ends = line[self._source_field].connection_id
            ends |= line[self._target_field].connection_id
            if ends != line.connection_id:
                raise ValidationError(
                    self.env._("Both sides of a mapping line belong to one connection.")
                )
        found = {line: line._find_problem() for line in self if line._is_whole()}
        wrong = [
            line._describe_problem(problem)
            for line, problem in found.items()
            if problem and problem.level == WRONG
        ]
        if wrong:
            raise ValidationError("\n".join(wrong))

    # === PAIRS === #

    def _check_pair(self, source, target):
        """Return the ``mappers.pairs.Problem`` of two neutral entries, or None."""
        raise NotImplementedError

    def _is_whole(self):
        """Tell whether both ends are filled in: one may be empty while it is edited."""
        return bool(self[self._source_field] and self[self._target_field])

    def _find_problem(self):
        """Return what is the matter with this line's pair, or None."""
        self.ensure_one()
        source, target = self[self._source_field], self[self._target_field]
        return self._check_pair(source._to_entry(), target._to_entry())

    def _describe_problem(self, problem):
        """Return the sentence for a problem of this line; empty for None."""
        if not problem:
            return False
        sentence = self.env._(PROBLEMS[problem.cause])
        return sentence % {
            "source": self[self._source_field].display_name,
            "target": self[self._target_field].display_name,
        }

    def _describe_broken(self):
        gone = self[self._source_field] if self[self._target_field].active else False
        return self.env._(
            "%(name)s is no longer in use in %(side)s. Choose another.",
            name=(gone or self[self._target_field]).display_name,
            side="Actionstep" if gone else "QuickBooks",
        )
