"""Pull the clients and matters that staged documents name."""

from datetime import timedelta

from odoo import fields, models
from odoo.fields import Domain
from odoo.tools.misc import split_every

from .actionstep_document import DOCUMENT_MODELS, DOCUMENTS_AT_ONCE

# The cursor of renamed clients moves in steps: an idle pass writes nothing.
RENAMED_STEP = timedelta(hours=1)
# How clients and matters are asked for, and what Actionstep calls them.
CALLS = {
    "actionstep.participant": ("participants", "participants"),
    "actionstep.matter": ("matters", "actions"),
}


class ActionstepConnection(models.Model):
    _inherit = "actionstep.connection"

    def _pull_people(self, actionstep, run):
        """Stage the clients and matters that staged documents name, and link them."""
        self._pull_clients(actionstep, run)
        self._pull_matters(actionstep, run)

    def _split_documents(self, domain):
        """Yield documents that name a client and matters themselves, some at once.

        The caller commits after each.
        """
        for name in DOCUMENT_MODELS:
            model = self.env[name]
            if not model._fields["participant_id"].related:
                found = model.search(Domain("connection_id", "=", self.id) & domain)
                yield from split_every(DOCUMENTS_AT_ONCE, found.ids, found.browse)

    def _ensure_entries(self, actionstep, run, model, ids, asked):
        """Stage those of some clients or matters that we do not know yet.

        :param asked: ids that Actionstep was asked for in this pass; they become more
        :return: ``{Actionstep id: record}`` of those that are known now
        """
        known = self._get_by_external_id(model, ids)
        wanted = set(ids) - known.keys() - asked
        if wanted:
            call, resource = CALLS[model._name]
            rows = actionstep.call(call, sorted(wanted))
            self._stage_entries(actionstep, run, model, resource, rows)
            known |= self._get_by_external_id(model, wanted)
            asked.update(wanted)
        return known

    # === CLIENTS === #

    def _pull_clients(self, actionstep, run):
        """Stage the clients that are named and that we do not know yet."""
        Participant = self.env["actionstep.participant"]
        orphans = Domain("participant_id", "=", False)
        asked = set()
        for documents in self._split_documents(
            orphans & Domain("client_external_id", "!=", False)
        ):
            groups = documents.grouped("client_external_id")
            known = self._ensure_entries(actionstep, run, Participant, groups, asked)
            for client_id, some in groups.items():
                if client_id in known:
                    some.write(
                        {"participant_id": known[client_id].id, "needs_plan": True}
                    )
            self._commit_part()

    def _pull_renamed(self, actionstep, run):
        """Stage anew the clients that changed, or that QuickBooks refused.

        Others are read when a document names them: a firm has far more contacts than
        it bills.
        """
        checkpoint = self.env["actionstep.sync.checkpoint"]._get(self, "participants")
        since, now = checkpoint._get_since(), fields.Datetime.now()
        is_whole = True
        if since:
            for rows, unreadable in actionstep.pages("participants_modified", since):
                is_whole &= not self._note_unreadable(run, unreadable)
                self._stage_renamed(actionstep, run, rows)
                self._commit_part()
        refused = self._get_refused_client_ids()
        if refused:
            rows = actionstep.call("participants", sorted(refused))
            self._stage_renamed(actionstep, run, rows)
        if not since or (is_whole and now - checkpoint.cursor > RENAMED_STEP):
            checkpoint._advance(now)
        self._commit_step()

    def _stage_renamed(self, actionstep, run, rows):
        """Store the rows of clients we know; what we created must follow them."""
        Participant = self.env["actionstep.participant"]
        known = self._get_by_external_id(
            Participant, [row.participant_id for row in rows]
        )
        before = {one: one._to_value() for one in known.values()}
        rows = [row for row in rows if row.participant_id in known]
        if rows:
            self._stage_entries(actionstep, run, Participant, "participants", rows)
        for participant, value in before.items():
            if participant.quickbooks_id and participant._to_value() != value:
                participant.write({"needs_push": True, "push_at": False})

    def _get_refused_client_ids(self):
        """Return the clients that QuickBooks refused: they may have been corrected."""
        refused = self.env["actionstep.participant"].search(
            [
                ("connection_id", "=", self.id),
                ("quickbooks_id", "=", False),
                ("job_ids.state", "=", "failed"),
            ]
        )
        return set(refused.mapped("external_id"))

    def _stage_entries(self, actionstep, run, model, resource, rows):
        """Store clients or matters, and note those that cannot be read or stored."""
        _stored, left_out = self._store_each(
            resource,
            rows,
            lambda values: model._upsert(self, values, complete=False),
            lambda value: model._prepare(value)["external_id"],
        )
        self._note_unreadable(run, actionstep.take_unreadable() + left_out)

    # === MATTERS === #

    def _pull_matters(self, actionstep, run):
        """Stage the matters that documents name and link them."""
        Matter = self.env["actionstep.matter"]
        asked = set()
        for documents in self._split_documents(
            Domain("has_unlinked_matters", "=", True)
        ):
            groups = documents.grouped(
                lambda one: tuple(map(str, one.matter_external_ids or ()))
            )
            ids = {key for named in groups for key in named}
            known = self._ensure_entries(actionstep, run, Matter, ids, asked)
            for named, some in groups.items():
                matters = [known[key].id for key in named if key in known]
                some.write(
                    {"matter_ids": [(6, 0, matters)], "has_unlinked_matters": False}
                )
            self._commit_part()
