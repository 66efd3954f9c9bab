from markupsafe import Markup

from odoo import api, fields, models
from odoo.tools import format_date

from .checks import CHECKS, CONFIRM, OK, OPEN_STATES, SENTENCES


def _selection_key(model):
    return [(key, model.env._(check.title)) for key, check in CHECKS.items()]


class ActionstepCheck(models.Model):
    """One point of "Before You Get Started", as it stood when it was looked at last.

    The server writes it after the lists have loaded. What no interface tells is asked
    of an administrator, whose confirmation holds as long as the question is the same.
    """

    _name = "actionstep.check"
    _description = "Point to Check before Getting Started"
    _order = "sequence, id"
    _rec_name = "key"

    connection_id = fields.Many2one(
        "actionstep.connection", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        "res.company", related="connection_id.company_id", store=True, index=True
    )
    sequence = fields.Integer(readonly=True, aggregator=None)
    key = fields.Selection(_selection_key, string="Point", required=True, readonly=True)
    state = fields.Selection(
        [
            ("ok", "OK"),
            ("warning", "Warning"),
            ("todo", "To do"),
            ("confirm", "Confirm yourself"),
            ("unknown", "Not known yet"),
        ],
        required=True,
        readonly=True,
    )
    sentence = fields.Char(readonly=True, help="Key of what the line says.")
    values = fields.Json(readonly=True, help="Placeholders of the sentence.")
    cure = fields.Selection(
        [
            ("actionstep", "In Actionstep"),
            ("quickbooks", "In QuickBooks"),
            ("details", "Settings of details"),
            ("start_date", "Start date"),
        ],
        readonly=True,
        help="Where it is put right.",
    )
    message = fields.Text(string="What Is So", compute="_compute_message")
    is_open = fields.Boolean(compute="_compute_is_open", search="_search_is_open")
    confirmed_by_id = fields.Many2one("res.users", readonly=True)
    confirmed_at = fields.Datetime(readonly=True)

    _key_once = models.UniqueIndex("(connection_id, key)")

    # === COMPUTE METHODS === #

    @api.depends("sentence", "values", "state", "confirmed_at", "confirmed_by_id")
    @api.depends_context("lang", "uid")
    def _compute_message(self):
        for check in self:
            values = dict(check.values or {})
            if "close_date" in values:
                values["close_date"] = format_date(self.env, values["close_date"])
            sentence = self.env._(SENTENCES[check.sentence])
            said = (sentence % values, check._describe_confirmation())
            check.message = " ".join(filter(None, said))

    def _describe_confirmation(self):
        """Return who confirmed a line, or that somebody must; empty for the others."""
        if self.confirmed_at:
            return self.env._(
                "Confirmed by %(name)s on %(day)s.",
                # Whoever reads this may not be allowed to read that user.
                name=self.sudo().confirmed_by_id.name,
                day=format_date(self.env, self.confirmed_at),
            )
        if self.state != CONFIRM:
            return ""
        if self.cure == "actionstep":
            return self.env._(
                "Actionstep's interface does not tell this: look there, then confirm."
            )
        return self.env._(
            "QuickBooks' interface does not tell this: look there, then confirm."
        )

    @api.depends("state")
    def _compute_is_open(self):
        for check in self:
            check.is_open = check.state in OPEN_STATES

    def _search_is_open(self, operator, value):
        if operator != "in":
            return NotImplemented
        states = [s for s, _label in self._fields["state"].selection]
        return [("state", "in", [s for s in states if (s in OPEN_STATES) in value])]

    # === ACTION METHODS === #

    def action_confirm(self):
        """Note that the user has looked it up and it is so."""
        self.connection_id.check_access("write")
        asked = self.filtered(lambda check: check.state == CONFIRM)
        asked.sudo().write(
            {
                "state": OK,
                "confirmed_by_id": self.env.uid,
                "confirmed_at": fields.Datetime.now(),
            }
        )
        asked._tell(self.env._("Confirmed:"))

    def action_take_back(self):
        """Take a confirmation back."""
        self.connection_id.check_access("write")
        confirmed = self.filtered("confirmed_at")
        confirmed._tell(self.env._("No longer confirmed:"))
        confirmed.sudo().write(
            {"state": CONFIRM, "confirmed_by_id": False, "confirmed_at": False}
        )

    def action_cure(self):
        """Go to where it is put right, or put it right where that is here."""
        self.ensure_one()
        connection = self.connection_id
        connection.check_access("write")
        if self.cure == "start_date":
            return connection._start_after_close()
        if self.cure == "details":
            return connection._open_form()
        url = (
            connection._get_quickbooks_app_url()
            if self.cure == "quickbooks"
            else connection._get_actionstep_app_url()
        )
        return {"type": "ir.actions.act_url", "url": url, "target": "new"}

    def _tell(self, what):
        """Write into the connection's chatter what was confirmed, or is no longer."""
        for connection, checks in self.grouped("connection_id").items():
            titles = dict(self._fields["key"]._description_selection(self.env))
            points = Markup().join(
                Markup("<li>%s</li>") % titles[check.key] for check in checks
            )
            connection._log(Markup("%s<ul>%s</ul>") % (what, points))

    # === UPDATES === #

    @api.model
    def _store(self, connection, verdicts):
        """Bring the lines of a connection up to date with verdicts by key.

        A confirmation stays while sentence and values are those that were confirmed.
        """
        known = {check.key: check for check in connection.check_ids}
        new = []
        for sequence, (key, verdict) in enumerate(verdicts.items()):
            values = {
                "sequence": sequence,
                "state": verdict.state,
                "sentence": verdict.sentence,
                "values": verdict.values,
                "cure": verdict.cure or False,
            }
            if key in known:
                known[key]._update(values)
            else:
                new.append({"connection_id": connection.id, "key": key, **values})
        self.create(new)

    def _update(self, values):
        """Write what is new of a line."""
        said = self.sentence, self.values or {}
        is_same = said == (values["sentence"], values["values"])
        if self.confirmed_at and is_same and values["state"] == CONFIRM:
            return
        lapsed = {"confirmed_by_id": False, "confirmed_at": False}
        self.write(values | (lapsed if self.confirmed_at else {}))
