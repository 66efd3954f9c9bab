from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain

# The speed of a run is measured over this many seconds, and is of no use much later.
SAMPLE_SECONDS = 5
SAMPLE_CAP = 120
# How long runs are kept, and those in which nothing happened.
KEPT_DAYS = 180
IDLE_KEPT_DAYS = 7


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
            ("stopped", "Stopped"),
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
    unreadable_count = fields.Integer(string="Unreadable Rows", readonly=True)
    # How fast documents went lately, and when and where that was measured last.
    rate = fields.Float(string="Documents a Minute", readonly=True)
    measured_at = fields.Datetime(readonly=True)
    measured_count = fields.Integer(readonly=True)
    message = fields.Text(readonly=True)
    detail = fields.Text(string="Technical Detail", readonly=True)
    job_ids = fields.One2many("actionstep.sync.job", "run_id")

    _latest = models.Index("(connection_id, id)")
    _pushed = models.Index("(connection_id, started_at) WHERE pushed_count > 0")

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

    @api.model_create_multi
    def create(self, vals_list):
        """Override of `create` to show that a run begins."""
        runs = super().create(vals_list)
        # What was asked of an earlier one came too late for it.
        connections = runs.connection_id
        connections.filtered("is_stopping").is_stopping = False
        connections.invalidate_recordset(["last_run_id"])
        connections._tell_progress(at_once=True)
        return runs

    def _count(self, **counts):
        """Add to the counters of a run."""
        self.ensure_one()
        added = {f"{name}_count": n for name, n in counts.items() if n}
        if added:
            self.write({name: self[name] + n for name, n in added.items()})
            if {"pushed_count", "failed_count"} & added.keys():
                self._measure()
            self.connection_id._tell_progress()

    def _measure(self):
        """Keep how fast documents go now; a pause in between does not count."""
        now, gone = fields.Datetime.now(), self._get_gone()
        since = self.measured_at or self.pulled_at
        seconds = (now - since).total_seconds() if since else -1
        if not 0 <= seconds <= SAMPLE_CAP:
            self.write({"measured_at": now, "measured_count": gone, "rate": 0})
        elif seconds >= SAMPLE_SECONDS:
            rate = (gone - self.measured_count) * 60 / seconds
            # Batches land in swarms: half of it is what was measured before.
            rate = (rate + self.rate) / 2 if self.rate else rate
            self.write({"measured_at": now, "measured_count": gone, "rate": rate})

    def _get_gone(self):
        """Return how many documents this run has done with, for better or worse."""
        return self.pushed_count + self.failed_count

    def _get_rate(self):
        """Return how many documents go in a minute; 0 when nothing moves."""
        if self.state != "running" or not self.measured_at:
            return 0.0
        age = fields.Datetime.now() - self.measured_at
        return self.rate if age <= timedelta(seconds=SAMPLE_CAP) else 0.0

    def _note(self, sentence):
        """Add a sentence to what a run tells."""
        self.ensure_one()
        self.message = "\n".join(filter(None, [self.message, sentence]))

    def _finish(self, state="done", **told):
        """End a run.

        :param told: message and detail, where there is more to tell than it tells
        """
        now = fields.Datetime.now()
        self.write({"state": state, "finished_at": now, **told})
        self.connection_id._tell_progress(at_once=True)

    @api.autovacuum
    def _gc_finished(self):
        """Drop runs that tell nothing after a week, and all after half a year.

        Every five minutes there is one, and in most of them nothing happens.
        """
        limit, now = 1000, fields.Datetime.now()
        counts = ("pulled_count", "queued_count", "pushed_count", "failed_count")
        idle = [(name, "=", 0) for name in counts]
        idle += [("state", "=", "done"), ("message", "=", False)]
        idle += [("finished_at", "<", now - timedelta(days=IDLE_KEPT_DAYS))]
        old = [("finished_at", "<", now - timedelta(days=KEPT_DAYS))]
        # Each connection tells when it was synchronized last.
        groups = self._read_group([], ["connection_id"], ["id:max"])
        latest = [run_id for _connection, run_id in groups]
        domain = Domain(idle) | Domain(old)
        domain &= Domain("id", "not in", latest)
        runs = self.search(domain, order="id", limit=limit)
        runs.unlink()
        return len(runs), len(runs) == limit
