"""The scheduled action of a connection: pull, plan, push, one pass after another."""

import logging
import time
import traceback
from datetime import timedelta

import psycopg2.extensions

from odoo import fields, models
from odoo.exceptions import UserError

from ..exceptions import (
    AuthError,
    ConnectionStoppedError,
    RetryableError,
    SyncError,
    ThrottledError,
)
from .actionstep_connection_oauth import VENDORS
from .failure import describe
from .retry import seconds_to_wait

_logger = logging.getLogger(__name__)

INTERVAL_MINUTES = 5
# How long a pass reads, and starts batches. With what is under way then it stays below
# the time that Odoo gives a worker unless told otherwise (limit_time_real_cron, 120
# seconds); shorter ones would often wait for that while turns go by unused.
PASS_SECONDS = 55
# No vendor is waited for any longer: the clock must have been put back.
LONGEST_WAIT = timedelta(days=1)
# A run that lasts, or was paused, does not push what was read longer ago.
PULL_CAP = timedelta(hours=1)
# An open run that counted nothing for this long is not gone on with.
RUN_HOURS = 24


class HaltedError(Exception):
    """A pass ends while it is reading: it was stopped, or its time is over."""


class ActionstepConnection(models.Model):
    _inherit = "actionstep.connection"

    # === ACTION METHODS === #

    def action_sync_now(self):
        """Wake the scheduled action; the work happens there, not in this request."""
        self.ensure_one()
        if not self.env.user.has_group("actionstep_quickbooks.group_operator"):
            raise UserError(self.env._("Only an operator may start a run."))
        self.check_access("read")
        if self.state != "active":
            raise UserError(
                self.env._(
                    "Connect both sides and turn Sales Invoices on before you "
                    "synchronize."
                )
            )
        connection_sudo = self.sudo()
        connection_sudo._get_run(user=self.env.user)
        connection_sudo.resume_at = False
        connection_sudo._trigger_cron()
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "info",
                "message": self.env._(
                    "The run has started. It works in the background."
                ),
            },
        }

    # === CRON === #

    def _update_cron(self):
        """Keep one scheduled action per connection, running while it is active."""
        for connection in self:
            is_active = connection.active and connection.state == "active"
            # Scheduled actions belong to the system; only their interval is the firm's.
            connection_sudo = connection.sudo()
            if not connection_sudo.cron_id and connection.state != "draft":
                connection_sudo.cron_id = connection_sudo._create_cron()
            cron_sudo = connection_sudo.cron_id
            if cron_sudo.active != is_active:
                # Odoo lets nobody touch a scheduled action that is at work, not even
                # itself. It then stays as it is, and does nothing when its connection
                # is archived or not active.
                cron_sudo.try_lock_for_update(allow_referencing=True).active = is_active
            if is_active:
                connection._trigger_cron()

    def _create_cron(self):
        return self.env["ir.cron"].create(
            {
                "name": self.env._(
                    "Actionstep to QuickBooks: %(name)s", name=self.name
                ),
                "model_id": self.env["ir.model"]._get_id(self._name),
                "state": "code",
                "code": f"model.browse({self.id})._cron_sync()",
                "user_id": self.env.ref("base.user_root").id,
                "interval_number": INTERVAL_MINUTES,
                "interval_type": "minutes",
                "active": False,
            }
        )

    def _trigger_cron(self, at=None):
        for connection in self.sudo().filtered("cron_id.active"):
            connection.cron_id._trigger(at)

    def _commit_step(self, processed=0):
        """Commit what is stored, and tell the scheduler how far the work is.

        The one place where the sync commits: before a request is sent, so that its id
        is never forgotten, right after its answer, so that its outcome is not, and
        after each page that was read.

        :return: seconds left for this pass, 0 to stop
        """
        return self.env["ir.cron"]._commit_progress(processed)

    def _commit_part(self, checkpoint=None, place=None):
        """Commit a part of what is read or decided, and go on only if nobody objects.

        What was not come to is met again: a checkpoint moves when all was read.

        :param checkpoint: of what is read: it can go on from its place in another
            pass, when the time of this one is over
        :raise HaltedError: the pass is to end here
        """
        self._commit_step()
        is_over = bool(checkpoint) and time.monotonic() > self._get_pass_end()
        if not is_over and self._is_on():
            return
        if checkpoint:
            checkpoint._keep_place(place)
            self._commit_step()
        raise HaltedError

    def _get_pass_end(self):
        """Return until when a pass goes on, on the clock that only goes forward."""
        return self.env.context["actionstep_pass_end"]

    def _cron_sync(self):
        """Run one pass; called again by the scheduler while jobs are left.

        No trouble of one firm is raised: a scheduled action that keeps failing would be
        switched off by Odoo, and the next invoice would never go.
        """
        self = self.exists().with_company(self.company_id)
        self = self.with_context(
            # What it writes down is read by a person, in the first place by this one.
            lang=self.user_id.lang,
            actionstep_pass_end=time.monotonic() + PASS_SECONDS,
        )
        if not self or not self.active or self.state != "active":
            return
        now = fields.Datetime.now()
        if self.resume_at and now < self.resume_at <= now + LONGEST_WAIT:
            self._trigger_cron(self.resume_at)
            return
        run = self._get_run()
        self._commit_step()
        try:
            is_done, trouble = self._work(run)
            if trouble and is_done:
                raise trouble
            if trouble:
                run._note(describe(self.env, trouble))
            if is_done:
                self._finish_run(run)
            else:
                self._rest(run)
            # A conflict with what somebody pressed meanwhile shows here.
            self.env.flush_all()
        except SyncError as error:
            self._interrupt(run, error)
        except psycopg2.extensions.TransactionRollbackError:
            # Somebody changed the same record meanwhile. What was committed stands,
            # and the next pass goes on from there.
            self.env.cr.rollback()
            self._trigger_cron()
        except Exception:
            _logger.exception("Run %s of connection %s failed", run.id, self.id)
            self._interrupt(run, SyncError("unexpected", traceback.format_exc()))

    def _work(self, run):
        """Pull and plan, once in a run or once an hour, and push.

        :return: whether nothing is left to do now, and the passing trouble that ended
            the pull, or None
        :raise SyncError: trouble of the whole connection
        """
        trouble = None
        try:
            if not run.pulled_at or run.pulled_at < fields.Datetime.now() - PULL_CAP:
                trouble = self._try_pull(run)
                self._plan(run)
                run.pulled_at = fields.Datetime.now()
            is_done = self._push_with_progress(run)
            # What needed a document that stands in QuickBooks now.
            while is_done and self._plan(run, only_flagged=True):
                is_done = self._push_with_progress(run)
        except HaltedError:
            is_done = False
        return is_done, trouble

    def _try_pull(self, run):
        """Pull what changed; what is queued already goes even if that fails.

        :return: the passing trouble that ended the pull, or None
        :raise SyncError: trouble of the whole connection
        """
        try:
            self._pull(run)
        except RetryableError as trouble:
            # What was not committed is half a page.
            self.env.cr.rollback()
            return trouble
        return None

    def _push_with_progress(self, run):
        if not self._is_on():
            return False
        Job = self.env["actionstep.sync.job"]
        progress = self.env["ir.cron"]._commit_progress
        progress(remaining=Job.search_count(Job._get_due_domain(self)))
        is_done = self._push(run)
        # What is left goes with another call, which the run asks for itself: within
        # this one the scheduler would call again and again, and Odoo ends a worker that
        # is at it for longer than limit_time_real_cron.
        progress(remaining=0)
        return is_done

    def _get_run(self, user=None):
        """Return the open run of this connection, or start one.

        :param user: who asked for it; nobody when the schedule did
        """
        Run = self.env["actionstep.sync.run"]
        run = Run.search(
            [("connection_id", "=", self.id), ("state", "=", "running")], limit=1
        )
        oldest = fields.Datetime.now() - timedelta(hours=RUN_HOURS)
        if run and run.write_date < oldest:
            run._finish("interrupted")
            run = Run
        return run or Run.create(
            {"connection_id": self.id, "user_id": user.id if user else False}
        )

    def _finish_run(self, run):
        run._finish()
        if self.failure_count or self.resume_at:
            self.write({"failure_count": 0, "resume_at": False})
        self._forget_trouble()
        self._notify_attention()
        _logger.info(
            "Connection %s: pulled %s, queued %s, pushed %s, failed %s in %.1f s",
            self.id,
            run.pulled_count,
            run.queued_count,
            run.pushed_count,
            run.failed_count,
            run.duration,
        )
        self._wake_for_later_jobs()

    def _wake_for_later_jobs(self):
        """Wake the schedule when the next job that must wait is due."""
        later = self.env["actionstep.sync.job"].search(
            [
                ("connection_id", "=", self.id),
                ("state", "in", ("pending", "unknown")),
                ("eta", ">", fields.Datetime.now()),
            ],
            order="eta",
            limit=1,
        )
        if later:
            self._trigger_cron(later.eta)

    # === INTERRUPTIONS === #

    def _interrupt(self, run, error):
        """End a run that trouble of the whole connection stopped; the queue is kept."""
        # What was not committed is half done; and the tokens may have been renewed in a
        # transaction of their own, which only a new one of ours can see.
        self.env.cr.rollback()
        sentence = describe(self.env, error)
        run._finish(
            "interrupted",
            message=_joined(run.message, sentence),
            detail=_joined(run.detail, error.detail),
        )
        self._note_trouble(error)
        if isinstance(error, AuthError):
            self._require_reconnect(error, sentence)
        elif isinstance(error, ConnectionStoppedError):
            self._log(sentence)
            self.write({"is_paused": True, "pause_reason": sentence})
        else:
            self._wait(error, sentence)
        self._notify_attention()
        self.env["ir.cron"]._commit_progress(remaining=0)

    def _require_reconnect(self, error, sentence):
        """Mark the side that refused us, once, and tell the responsible user."""
        vendors = {vendor: side for side, vendor in VENDORS.items()}
        side = vendors.get(error.values.get("vendor"), "quickbooks")
        credential_sudo = self._get_credential(side)
        if credential_sudo.state == "connected":
            credential_sudo._forget_tokens("reauth_required")
        self._log(sentence)
        self._ask_to_reconnect(sentence)

    def _ask_to_reconnect(self, sentence):
        """Give the responsible user an activity, unless there is one already."""
        warning = "mail.mail_activity_data_warning"
        if self.user_id and not self.activity_search([warning]):
            self.activity_schedule(
                warning,
                summary=self.env._("Reconnect needed"),
                note=sentence,
                user_id=self.user_id.id,
            )

    def _wait(self, error, sentence):
        """Try again later: after what the vendor asks, or longer each time."""
        asked = getattr(error, "seconds", None)
        seconds = asked or seconds_to_wait(self.failure_count)
        resume_at = fields.Datetime.now() + timedelta(seconds=seconds)
        self.resume_at = resume_at
        if not isinstance(error, ThrottledError):
            # To be asked to wait is no failure.
            if not self.failure_count:
                self._log(sentence)
            self.failure_count += 1
        self._trigger_cron(resume_at)


def _joined(*texts):
    """Return texts on lines of their own, without those that are empty."""
    return "\n".join(filter(None, texts))
