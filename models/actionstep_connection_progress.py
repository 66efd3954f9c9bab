"""Progress: how far the push of a connection is, told to who looks at it."""

import time

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from .actionstep_connection import DOCUMENTS

# What the web client listens to, on the channel of a connection.
NOTIFICATION = "actionstep_quickbooks/progress"
# Numbers that move are told no more often than that, and never so often that telling
# takes a pass more than a fiftieth of its time.
TELL_SECONDS = 1
TELL_SHARE = 50
UNTOLD = f"{NOTIFICATION} untold"
# What people decide in the middle of a run: it shows at once everywhere.
DECISIONS = {"is_paused", "is_stopping", "push_invoices"}

# Of this process: until when the numbers of a connection are told no more, by database
# and id. What Odoo keeps with a cursor ends with each commit.
_quiet_until = {}


class ActionstepConnection(models.Model):
    _inherit = "actionstep.connection"

    is_stopping = fields.Boolean(
        copy=False,
        readonly=True,
        help="Somebody asked to stop the run: what is under way lands, and nothing "
        "more starts until the next one.",
    )
    last_run_id = fields.Many2one("actionstep.sync.run", compute="_compute_last_run")
    # How far the queue of now is: so many documents were decided to go since it was
    # empty last, and so many of them have gone.
    progress_phase = fields.Selection(
        [
            ("idle", "Nothing to do"),
            ("reading", "Reading from Actionstep"),
            ("pushing", "Pushing"),
            ("stopping", "Stopping"),
            ("waiting", "Waiting for the next run"),
            ("paused", "Paused"),
        ],
        string="Progress",
        compute="_compute_progress",
    )
    progress = fields.Float(string="Progress (%)", compute="_compute_progress")
    progress_done = fields.Integer(compute="_compute_progress")
    progress_total = fields.Integer(compute="_compute_progress")
    progress_read = fields.Integer(
        string="Read in this Run",
        compute="_compute_progress",
        help="Documents that this run found new or changed in Actionstep.",
    )
    progress_rate = fields.Float(
        string="Documents a Minute", compute="_compute_progress"
    )
    progress_seconds = fields.Integer(
        string="Time Left (s)",
        compute="_compute_progress",
        help="At the speed of now; 0 when it is not known.",
    )

    # === COMPUTE METHODS === #

    def _compute_last_run(self):
        latest = self._get_latest_run_ids()
        for connection in self:
            connection.last_run_id = latest.get(connection._origin.id)

    def _get_latest_run_ids(self):
        """Return ``{id of the connection: id of its newest run}``.

        One look into the index for each connection, however many runs it made:
        grouping would read them all.
        """
        latest = SQL(
            "SELECT one.id, (SELECT max(run.id) FROM actionstep_sync_run run"
            " WHERE run.connection_id = one.id) FROM unnest(%s) one(id)",
            self._origin.ids,
        )
        return dict(self.env.execute_query(latest)) if self._origin.ids else {}

    @api.depends("state", "is_stopping", *(f"{name}.state" for name in DOCUMENTS))
    def _compute_progress(self):
        progress = self._origin._get_progress()
        nothing = self.browse()._prepare_progress(0)
        for connection in self:
            connection.update(progress.get(connection._origin, nothing))

    def _get_progress(self):
        """Return ``{connection: values of its progress fields}``, for all at once."""
        Job = self.env["actionstep.sync.job"]
        # A job is read by who may read its connection.
        groups = Job._read_group(
            Job._get_open_domain(self), ["connection_id"], ["__count"]
        )
        left = {connection.id: count for connection, count in groups}
        return {one: one._prepare_progress(left.get(one.id, 0)) for one in self}

    def _prepare_progress(self, left):
        """Return the values of the progress fields.

        :param left: how many documents are still to go
        """
        run = self.last_run_id
        done = run._get_gone() if left else 0
        rate = run._get_rate() if left and self.state == "active" else 0
        return {
            "progress_phase": self._get_phase(run, left),
            "progress": 100 * done / (done + left) if left else 100,
            "progress_done": done,
            "progress_total": done + left,
            "progress_read": run.pulled_count,
            "progress_rate": rate,
            "progress_seconds": round(left * 60 / rate) if rate else 0,
        }

    def _get_phase(self, run, left):
        is_running = run.state == "running" and self.state == "active"
        if is_running and self.is_stopping:
            return "stopping"
        if is_running and not run.pulled_at:
            return "reading"
        if not left:
            return "idle"
        if self.state == "paused":
            return "paused"
        return "pushing" if is_running else "waiting"

    # === CRUD METHODS === #

    def write(self, vals):
        """Override of `write` to show a decision to everybody who looks."""
        result = super().write(vals)
        if DECISIONS & vals.keys():
            self._tell_progress(at_once=True)
        return result

    # === ACTION METHODS === #

    def action_stop(self):
        """End the run after what is under way; the queue is kept for the next one."""
        self.ensure_one()
        if not self.env.user.has_group("actionstep_quickbooks.group_operator"):
            raise UserError(self.env._("Only an operator may stop a run."))
        self.check_access("read")
        run = self.last_run_id
        if self.state != "active" or run.state != "running":
            raise UserError(self.env._("No run is at work."))
        connection_sudo = self.sudo()
        if connection_sudo.cron_id.try_lock_for_update(allow_referencing=True):
            # The scheduler is not at it: nothing is under way.
            connection_sudo._stop_run(run.sudo())
        else:
            # Never the row of the run: the pass is writing it.
            connection_sudo.is_stopping = True
        return True

    # === THE RUN === #

    def _rest(self, run):
        """Leave a run that did not come to its end: it goes on, waits, or is over."""
        if self.is_stopping:
            self._stop_run(run)
        else:
            self._tell_progress(at_once=True)
            self._trigger_cron()

    def _stop_run(self, run):
        """End a run that somebody stopped; the next one goes on with its queue."""
        run._note(self.env._("Stopped. The rest of the queue goes with the next run."))
        run._finish("stopped")
        self.is_stopping = False
        # What woke the schedule meanwhile would start the next run at once.
        wakes = [
            ("cron_id", "=", self.cron_id.id),
            ("call_at", "<=", fields.Datetime.now()),
        ]
        triggers = self.env["ir.cron.trigger"].search(wakes)
        # The scheduler itself drops those that began this pass, when it is over.
        triggers.try_lock_for_update().unlink()

    # === LIVE === #

    def _tell_progress(self, at_once=False):
        """Tell who looks at these connections how far they are, when this is committed.

        :param at_once: also when they were told a moment ago
        """
        cursor, now = self.env.cr, time.monotonic()
        due = self.filtered(
            lambda one: at_once or _quiet_until.get(one._get_channel_key(), 0) <= now
        )
        if due and UNTOLD not in cursor.precommit.data:
            cursor.precommit.data[UNTOLD] = set()
            # What the transaction leaves behind is told, once.
            cursor.precommit.add(self.browse()._send_progress)
        if due:
            cursor.precommit.data[UNTOLD].update(due.ids)

    @api.model
    def _send_progress(self):
        """Send what is to be told; only who may read a connection hears its channel."""
        started = time.monotonic()
        untold = self.env.cr.precommit.data.pop(UNTOLD, ())
        # Whoever works: the numbers are those of the connection, for all its readers.
        connections = self.sudo().browse(untold).exists()
        for connection, values in connections._get_progress().items():
            state = {"id": connection.id, "state": connection.state}
            self.env["bus.bus"]._sendone(connection, NOTIFICATION, {**values, **state})
        seconds = max(TELL_SECONDS, TELL_SHARE * (time.monotonic() - started))
        for connection in connections:
            _quiet_until[connection._get_channel_key()] = started + seconds

    def _get_channel_key(self):
        """Return what tells a connection from all others of this process."""
        return self.env.cr.dbname, self.id
