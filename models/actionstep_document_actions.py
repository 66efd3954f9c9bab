"""What people do with documents: push now, hold, release, unlink, leave, open."""

from collections import Counter

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..exceptions import SyncError
from .actionstep_document import LEAVABLE_CAUSES
from .failure import describe
from .maps import Maps

# Where a document that nobody holds stands, when it may be pushed (again) on demand.
PUSHABLE = ("waiting", "queued", "pushed", "attention")
HOLDABLE = (*PUSHABLE, "skipped")
# What somebody changed or deleted in QuickBooks is overwritten, and what may be a
# credit is called money: nobody decides that for many at once.
DECIDED_ALONE = (
    "changed_in_quickbooks",
    "removal_changed",
    "deleted_in_quickbooks",
    "payment_unclear",
)


class ActionstepDocument(models.AbstractModel):
    _inherit = "actionstep.document"

    can_be_left = fields.Boolean(compute="_compute_can_be_left")

    @api.depends("state", "quickbooks_id", "failure_cause")
    def _compute_can_be_left(self):
        for document in self:
            document.can_be_left = (
                document.state == "attention"
                and bool(document.quickbooks_id)
                and document.failure_cause in LEAVABLE_CAUSES
            )

    # === ACTION METHODS === #

    def action_requeue(self):
        """Decide again about these documents, and push those that can go."""
        return tell(self, [self._act("_requeue")], self.env._("requeued"))

    def action_push_now(self):
        """Push these documents before all others, also what was pushed before."""
        return tell_pushed(self._act("_push_now"))

    def action_hold(self):
        """Push these documents no more; what stands in QuickBooks stays there."""
        return tell(self, [self._act("_hold")], self.env._("on hold now"))

    def action_release(self):
        """Let documents go again that somebody held."""
        return tell(self, [self._act("_release")], self.env._("released"))

    def action_unlink(self):
        """Let go of what stands in QuickBooks; both sides stay, nothing is pushed."""
        done = self._act("_unlink_from_quickbooks")
        return tell(self, [done], self.env._("unlinked"))

    def action_leave(self):
        """Leave documents as they stand in QuickBooks, until they change again."""
        self._act("_leave")
        return True

    def action_open_in_quickbooks(self):
        """Open the document in QuickBooks."""
        self.ensure_one()
        return {"type": "ir.actions.act_url", "url": self.quickbooks_url}

    def _act(self, method):
        """Do for an operator what only the server may: the state is the server's.

        :return: what the method returns: the documents that it changed
        :raise UserError: no operator asks for it, or nothing can be done
        """
        if not self.env.user.has_group("actionstep_quickbooks.group_operator"):
            raise UserError(self.env._("Only an operator may decide about documents."))
        self.check_access("read")
        return getattr(self.sudo(), method)()

    # === PUSH NOW === #

    def _requeue(self):
        stuck = self._leave_decisions()
        stuck = stuck.filtered(lambda d: d.state in ("attention", "waiting"))
        stuck._ask_again()
        self.connection_id._trigger_cron()
        return stuck

    def _leave_decisions(self):
        """Return these documents without those that a person must decide about alone.

        The context says whether it is many that were chosen (``actionstep_many``), when
        that is not to be told from how many these are.
        """
        if not self.env.context.get("actionstep_many", len(self) > 1):
            return self
        return self.filtered(lambda one: one.failure_cause not in DECIDED_ALONE)

    def _ask_again(self):
        """Have it decided anew about documents, as if they had never been pushed."""
        # Who was told of a change in QuickBooks decides with it that ours comes back:
        # that very change is no objection any more.
        for document in self.filtered("edited_fingerprint"):
            document.quickbooks_fingerprint = document.edited_fingerprint
        # Who asks again is told again.
        self.write(
            {
                "state": "waiting",
                "needs_plan": True,
                "failed_at": False,
                "noted_message": False,
                "pushed_fingerprint": False,
            }
        )

    def _push_now(self):
        """Decide about documents at once, and let what can go be the next that goes.

        Nothing is sent here: the schedule is woken, and does that.

        :return: the documents it was decided about
        :raise UserError: a connection of theirs pushes nothing at all
        """
        ready = self._leave_decisions()._get_free(PUSHABLE)
        ready.connection_id._check_pushing()
        ready._ask_again()
        for connection, documents in ready.grouped("connection_id").items():
            connection._plan_documents(
                documents, Maps(connection), connection._get_company_value()
            )
        ready._get_jobs("waiting", "pending")._hurry()
        ready.connection_id._trigger_cron()
        return ready

    def _get_free(self, states):
        """Return those of these documents in some states of which none is under way.

        :raise UserError: all are under way: what becomes of them must be known first
        """
        chosen = self.filtered(lambda document: document.state in states)
        busy = chosen._get_jobs("started", "unknown")[self._job_field]
        if busy and busy == chosen:
            raise UserError(
                self.env._(
                    "What was sent to QuickBooks is not answered yet: %(what)s. Try "
                    "again in a minute.",
                    what=", ".join(one._get_label() for one in busy),
                )
            )
        return chosen - busy

    # === HOLD === #

    def _hold(self):
        chosen = self._get_free(HOLDABLE)
        note = self.env._("On hold: it is not pushed until somebody releases it.")
        chosen._message_log_batch(bodies=dict.fromkeys(chosen.ids, note))
        chosen._cancel_jobs()
        chosen.is_held = True
        chosen._set_settled("held")
        return chosen

    def _release(self):
        held = self.filtered(lambda document: document.state == "held")
        note = self.env._("Released: it goes again.")
        held._message_log_batch(bodies=dict.fromkeys(held.ids, note))
        held.write({"state": "waiting", "is_held": False, "needs_plan": True})
        held.connection_id._trigger_cron()
        return held

    def _unlink_from_quickbooks(self):
        bound = self._get_free((*HOLDABLE, "held")).filtered("quickbooks_id")
        bound._check_unsettled()
        for document in bound:
            document._message_log(
                body=self.env._(
                    "Unlinked from QuickBooks: %(what)s stays there as it is, and is "
                    "not pushed until somebody releases it.",
                    what=document._get_label(),
                )
            )
        bound._cancel_jobs()
        for document in bound:
            document.unlinked_id = document.quickbooks_id
        bound.is_held = True
        bound._set_unbound()
        bound._set_settled("held")
        return bound

    def _check_unsettled(self):
        """Refuse to unlink what our own payments and credits settle in QuickBooks.

        They name it there: they are unlinked first.
        """
        for dependants in self._get_dependants():
            linked = dependants.filtered("quickbooks_id")
            if linked:
                raise UserError(
                    self.env._(
                        "Unlink first what settles it in QuickBooks: %(what)s.",
                        what=", ".join(one._get_label() for one in linked),
                    )
                )

    # === LEAVE === #

    def _leave(self):
        """Settle documents whose state in QuickBooks a person has approved.

        What is gone in Actionstep is no longer ours; anything else is pushed again
        only when it changes there.
        """
        kept = self.filtered("can_be_left")
        gone = kept.filtered(lambda document: document._is_withdrawn())
        note = self.env._("Left in QuickBooks as it is.")
        kept._message_log_batch(bodies=dict.fromkeys(kept.ids, note))
        gone._set_unbound()
        gone._set_settled("withdrawn")
        for connection, documents in (kept - gone).grouped("connection_id").items():
            maps = Maps(connection)
            for document in documents:
                document._take_for_pushed(maps)
            documents._set_settled("pushed")

    def _take_for_pushed(self, maps):
        """Count the content of both sides, as it is now, as pushed.

        :raise UserError: what would be sent cannot be told, for want of a mapping
        """
        self.ensure_one()
        try:
            value = self._to_value(maps)
        except SyncError as error:
            raise UserError(describe(self.env, error)) from error
        self.pushed_fingerprint = self._kind.source_fingerprint(value)
        edited = self.edited_fingerprint or self.quickbooks_fingerprint
        self.quickbooks_fingerprint = edited


class ActionstepConnection(models.Model):
    _inherit = "actionstep.connection"

    def _check_pushing(self):
        """Refuse to push on demand while a connection pushes nothing at all."""
        for connection in self.filtered(lambda one: one.state != "active"):
            state = dict(self._fields["state"]._description_selection(self.env))
            raise UserError(
                self.env._(
                    "%(name)s pushes nothing now, its state is %(state)s. What you "
                    "chose goes by itself when it is active again.",
                    name=connection.name,
                    state=state[connection.state],
                )
            )


def tell(chosen, done, text):
    """Return the message that says for how many records something was done.

    :param chosen: the records that a person chose
    :param list done: recordsets of the documents that changed
    :param text: what they are now
    :return: True for a single one, whose form says it
    """
    count = sum(map(len, done))
    if len(chosen) == count == 1:
        return True
    message = chosen.env._(
        "%(count)s of %(chosen)s %(text)s.", count=count, chosen=len(chosen), text=text
    )
    return _notification(message, "info" if count else "warning")


def tell_pushed(*done):
    """Return the message that says what became of documents pushed on demand.

    :param done: recordsets of the documents that it was decided about
    :raise UserError: there are none
    """
    env = done[0].env
    states = Counter(state for documents in done for state in documents.mapped("state"))
    if not states.keys() & {"queued", "waiting", "attention"}:
        raise UserError(
            env._(
                "None of these can be pushed: they are on hold, before the start date, "
                "gone in Actionstep, or need a decision on each one."
            )
        )
    told = (
        (states["queued"], env._("go to QuickBooks with the next batch")),
        (states["waiting"], env._("wait for something else first")),
        (states["attention"], env._("need attention")),
    )
    lines = [f"{count} {text}" for count, text in told if count]
    message = env._("Documents: %(what)s.", what=", ".join(lines))
    return _notification(message, "warning" if states["attention"] else "info")


def _notification(message, kind):
    """Return the action that shows a message and reloads what is behind it."""
    return {
        "type": "ir.actions.client",
        "tag": "display_notification",
        "params": {
            "type": kind,
            "message": message,
            "next": {"type": "ir.actions.act_window_close"},
        },
    }
