"""Notices: whom a connection tells about what needs attention, and how often."""

import logging
from datetime import timedelta

from markupsafe import Markup

from odoo import api, fields, models
from odoo.tools.misc import format_date, formatLang

from ..exceptions import AuthError, SyncError
from .actionstep_connection_oauth import VENDORS
from .actionstep_register import SOURCES
from .failure import describe

_logger = logging.getLogger(__name__)

ATTENTION_TYPE = "actionstep_quickbooks.mail_activity_type_attention"
RECONNECT_TYPE = "mail.mail_activity_data_warning"
DIGEST_GROUP = "actionstep_quickbooks.group_user"
ATTENTION_PATH = "/odoo/actionstep-needs-attention"
# So long before a grant ends it is renewed, and a person is told if it cannot be. The
# shortest lasts three weeks, unused.
RENEW_BEFORE = timedelta(days=14)
# A vendor that cannot be reached today is asked again tomorrow; so long before the end
# a person is told all the same.
TELL_BEFORE = timedelta(days=7)


class ActionstepConnection(models.Model):
    _name = "actionstep.connection"
    _inherit = ["actionstep.connection", "actionstep.failure"]

    failed_at = fields.Datetime(
        string="Needs Attention Since", readonly=True, copy=False
    )
    told_causes = fields.Json(
        readonly=True,
        copy=False,
        help="How many of each cause the responsible user was told of, so that none is "
        "told twice.",
    )
    has_digest = fields.Boolean(
        string="Daily Summary",
        help="Once a day the responsible user gets a mail with what was pushed, what "
        "waits and what needs attention.",
    )
    digest_at = fields.Datetime(readonly=True, copy=False)
    told_digest = fields.Json(
        readonly=True,
        copy=False,
        help="What waited and what needed attention in the last summary.",
    )

    # === CRUD METHODS === #

    def write(self, vals):
        """Override of `write` to tell a new responsible user what is open."""
        handed_over = self.filtered(
            lambda one: "user_id" in vals and one.user_id.id != vals["user_id"]
        )
        result = super().write(vals)
        handed_over.sudo()._hand_over()
        return result

    def _hand_over(self):
        """Let a new responsible user have the activities of the one before.

        Those of a user who was archived are gone: the next run tells anew.
        """
        for connection in self:
            connection.told_causes = False
            activities = connection.activity_search([ATTENTION_TYPE, RECONNECT_TYPE])
            if not connection.user_id:
                activities.unlink()
                continue
            activities.user_id = connection.user_id
            if connection.state == "reauth_required":
                connection._ask_to_reconnect(connection.failure_message)

    # === TROUBLE OF THE WHOLE CONNECTION === #

    def _note_trouble(self, error):
        """Remember what stopped a run, until one comes to its end."""
        self.write(
            {
                **self._prepare_failure(error),
                "failed_at": self.failed_at or fields.Datetime.now(),
            }
        )

    def _forget_trouble(self):
        """Forget what stopped an earlier run; costs nothing where nothing did."""
        if self.failure_cause:
            self.write({**self._prepare_no_failure(), "failed_at": False})

    def _complete_consent(self, side, *, code, realm_id=None, refusal=None):
        """Override of `_complete_consent` to end what asked for it."""
        result = super()._complete_consent(
            side, code=code, realm_id=realm_id, refusal=refusal
        )
        connection_sudo = self.sudo()
        connection_sudo._forget_trouble()
        if self.state != "reauth_required":
            connection_sudo.activity_unlink([RECONNECT_TYPE])
        return result

    # === NEEDS ATTENTION === #

    def _notify_attention(self):
        """Keep one activity that says what needs attention, and how many of each.

        A cause is told when it comes up. Who marks the activity as done hears of the
        same cause again only when it was gone in between.
        """
        self.ensure_one()
        rows = self.env["actionstep.attention"].search(
            [
                ("connection_id", "=", self.id),
                ("state", "=", "attention"),
                # That a side must be reconnected has an activity of its own.
                ("failure_type", "!=", "auth"),
            ]
        )
        counts = {row._get_key(): row.record_count for row in rows}
        told = self.told_causes or {}
        if counts == told or not (self.user_id or told):
            return
        activity = self.activity_search([ATTENTION_TYPE])
        if not counts:
            activity.unlink()
        elif activity:
            activity.write(self._prepare_notice(rows))
        elif self.user_id and counts.keys() - told.keys():
            self.activity_schedule(
                ATTENTION_TYPE, user_id=self.user_id.id, **self._prepare_notice(rows)
            )
        self.told_causes = counts or False

    def _prepare_notice(self, rows):
        """Return summary and note of the activity, in the language of who reads it."""
        rows = rows.with_context(lang=self.user_id.lang)
        item = Markup("<li>%s: <b>%s</b></li>")
        items = [item % (row.display_name, row.record_count) for row in rows]
        link = Markup('<p><a href="%s">%s</a></p>') % (
            ATTENTION_PATH,
            rows.env._("Open Needs Attention"),
        )
        return {
            "summary": rows.env._(
                "%(count)s need attention", count=sum(rows.mapped("record_count"))
            ),
            "note": Markup("<ul>%s</ul>%s") % (Markup().join(items), link),
        }

    # === BEFORE A GRANT ENDS === #

    @api.model
    def _cron_renew(self):
        """Renew the grants that end soon; tell a person where that does not help.

        A connection at work renews them all the time, one that is paused does not.
        """
        soon = fields.Datetime.now() + RENEW_BEFORE
        credentials_sudo = (
            self.env["actionstep.credential"]
            .sudo()
            .search(
                [
                    ("state", "=", "connected"),
                    ("side", "in", list(VENDORS)),
                    ("connection_id.active", "=", True),
                ]
            )
        )
        for credential_sudo in credentials_sudo:
            end = credential_sudo._get_grant_end()
            if end and end < soon:
                credential_sudo.connection_id._renew(credential_sudo, soon)

    def _renew(self, credential_sudo, soon):
        """Renew one grant; what it cannot be renewed for is told once.

        :param soon: a grant that ends before that time is to be renewed by a person
        """
        # What it says is read by the responsible user.
        self = self.with_context(lang=self.user_id.lang)
        tell_before = soon
        try:
            credential_sudo._get_access_token()
        except AuthError as error:
            credential_sudo.invalidate_recordset()
            self._require_reconnect(error, describe(self.env, error))
            return
        except SyncError as error:
            tell_before = fields.Datetime.now() + TELL_BEFORE
            _logger.info("%s of %s not renewed: %s", credential_sudo.side, self, error)
        # It was renewed in a transaction of its own.
        credential_sudo.invalidate_recordset()
        end = credential_sudo._get_grant_end()
        if end >= soon:
            self._end_reconnect(soon)
            return
        is_told = bool(self.activity_search([RECONNECT_TYPE]))
        if end < tell_before and self.user_id and not is_told:
            vendor = VENDORS[credential_sudo.side]
            self.activity_schedule(
                RECONNECT_TYPE,
                date_deadline=end.date(),
                summary=self.env._("Reconnect %(vendor)s soon", vendor=vendor),
                note=self.env._(
                    "The connection to %(vendor)s ends on %(date)s. Press Reconnect on "
                    "the connection before that day, and nothing stops.",
                    vendor=vendor,
                    date=format_date(self.env, end.date()),
                ),
                user_id=self.user_id.id,
            )

    def _end_reconnect(self, soon):
        """End the activity that asks to reconnect, unless a side still needs it."""
        ends = [
            credential_sudo._get_grant_end()
            for credential_sudo in self.sudo().credential_ids
            if credential_sudo.side in VENDORS and credential_sudo.state == "connected"
        ]
        is_whole = self.state != "reauth_required"
        if is_whole and all(end and end >= soon for end in ends):
            self.activity_unlink([RECONNECT_TYPE])

    # === DAILY SUMMARY === #

    @api.model
    def _cron_digest(self):
        """Mail to those who asked for it what happened since the last summary.

        A day on which nothing changed has none. It names amounts of clients: who has
        left, or may not see them any more, gets none.
        """
        template = self.env.ref("actionstep_quickbooks.mail_template_digest")
        asked = [("has_digest", "=", True), ("user_id.email", "!=", False)]
        for connection in self.search(asked):
            user = connection.user_id
            is_inside = connection.company_id in user.company_ids
            if not (user.active and is_inside and user.has_group(DIGEST_GROUP)):
                continue
            digest = connection._get_digest()
            still = [digest["waiting"], digest["attention"]]
            if digest["pushed"] or still != (connection.told_digest or [[], []]):
                template.send_mail(connection.id)
            connection.write({"digest_at": fields.Datetime.now(), "told_digest": still})

    def _get_digest(self):
        """Return what the summary shows: rows of (what, how many, amounts).

        :return: pushed since the last summary, what waits, and the causes of what
            needs attention
        """
        self.ensure_one()
        self = self.with_context(lang=self.user_id.lang)
        since = self.digest_at or fields.Datetime.now() - timedelta(days=1)
        causes = self.env["actionstep.attention"].search(
            [("connection_id", "=", self.id), ("state", "=", "attention")]
        )
        pushed = [("state", "=", "pushed"), ("pushed_at", ">", since)]
        return {
            "pushed": self._sum_documents(pushed),
            "waiting": self._sum_documents([("state", "in", ("waiting", "queued"))]),
            "attention": [
                [row.display_name, row.record_count, row.sentence] for row in causes
            ],
        }

    def _sum_documents(self, domain):
        """Return kind, number and amounts of this connection's documents."""
        rows = []
        for source in SOURCES:
            model = self.env[source.model]
            groups = model._read_group(
                [("connection_id", "=", self.id), *domain],
                ["currency_id"],
                ["__count", f"{source.amount}:sum"],
            )
            for currency, count, amount in groups:
                text = formatLang(self.env, amount, currency_obj=currency or None)
                rows.append([self._get_kind_name(model), count, text])
        return rows

    def _get_kind_name(self, model):
        names = {
            "actionstep.invoice": self.env._("Invoices"),
            "actionstep.credit.note": self.env._("Credit notes and write-offs"),
            "actionstep.payment": self.env._("Payments"),
            "actionstep.credit.application": self.env._("Applied credit"),
        }
        return names[model._name]
