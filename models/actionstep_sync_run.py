from odoo import api, fields, models


class ActionstepSyncRun(models.Model):
    """One pass of the scheduled action over a connection."""

    _name = "actionstep.sync.run"
    _description = "Sync Run"
    _order = "id desc"

    connection_id = fields.Many2one(
        "actionstep.connection", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        "res.company", related="connection_id.company_id", store=True, index=True
    )
    state = fields.Selection(
        [
            ("running", "Running"),
            ("done", "Done"),
            ("interrupted", "Interrupted"),
        ],
        default="running",
        required=True,
        readonly=True,
    )
    user_id = fields.Many2one("res.users", string="Started by", readonly=True)
    started_at = fields.Datetime(default=fields.Datetime.now, readonly=True)
    pulled_at = fields.Datetime(readonly=True)
    finished_at = fields.Datetime(readonly=True)
    duration = fields.Float(
        string="Duration (s)", compute="_compute_duration", store=True
    )
    pulled_count = fields.Integer(string="Pulled", readonly=True)
    queued_count = fields.Integer(string="Queued", readonly=True)
    pushed_count = fields.Integer(string="Pushed", readonly=True)
    failed_count = fields.Integer(string="Failed", readonly=True)
    message = fields.Text(readonly=True)
    detail = fields.Text(string="Technical Detail", readonly=True)
    job_ids = fields.One2many("actionstep.sync.job", "run_id")

    @api.depends("started_at", "finished_at")
    def _compute_duration(self):
        for run in self:
            run.duration = (
                (run.finished_at - run.started_at).total_seconds()
                if run.finished_at and run.started_at
                else 0.0
            )

    @api.depends("connection_id.name", "started_at")
    def _compute_display_name(self):
        for run in self:
            run.display_name = f"{run.connection_id.name}, {run.started_at} UTC"

    def _count(self, **counts):
        """Add to the counters of a run."""
        self.ensure_one()
        self.write(
            {
                f"{name}_count": self[f"{name}_count"] + n
                for name, n in counts.items()
                if n
            }
        )

    def _note(self, sentence):
        """Add a sentence to what a run tells."""
        self.ensure_one()
        self.message = "\n".join(filter(None, [self.message, sentence]))

    def _finish(self, state="done", message=False, detail=False):
        self.write(
            {
                "state": state,
                "finished_at": fields.Datetime.now(),
                "message": message,
                "detail": detail,
            }
        )
