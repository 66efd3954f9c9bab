"""Needs Attention: what keeps documents back, each cause with the way to its cure."""

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ..exceptions import CAUSES
from ..guides import CURES, GUIDES
from .actionstep_connection_plan import LOCAL_CAUSES, WAITING_CAUSES
from .actionstep_document_actions import DECIDED_ALONE
from .actionstep_register import ActionstepRegister
from .guidance import selection_cure

# A trouble that passes by itself is shown when it has lasted for about an hour.
LASTING_FAILURES = 7
# Whose trouble a row is; its place makes the ids of the view distinct.
KINDS = [
    ("documents", "Documents"),
    ("client", "Clients"),
    ("matter", "Matters"),
    ("connection", "Connection"),
]
FAILURE = (
    "connection_id",
    "failure_cause",
    "failure_type",
    "failure_subject",
    "failure_message",
    "failure_detail",
    "failed_at",
)
# What a page sends along with a button: which cause a row was when it was read.
SEEN_FIELDS = ("id", "kind", "state", "failure_cause", "failure_subject")
# What to map, by the cure: the model of the line, and the number or name of its source.
MAP_CURES = {
    "map_item": ("actionstep.item.mapping", "number"),
    "map_account": ("actionstep.account.mapping", "number"),
    "map_tax": ("actionstep.tax.mapping", "name"),
}


class ActionstepAttention(models.Model):
    """One cause with all that it keeps back, and the button that leads to its cure.

    Read from the documents, clients and connections by the database: nothing is stored
    twice. A row has no life of its own: it is gone when its cause is.
    """

    _name = "actionstep.attention"
    _description = "Needs Attention"
    _inherit = "actionstep.failure"
    _auto = False
    _rec_name = "failure_cause"
    _order = "state, place desc, record_count desc, id"
    _depends = {
        **ActionstepRegister._depends,
        "actionstep.participant": FAILURE,
        "actionstep.subcustomer": (*FAILURE, "participant_id"),
        "actionstep.connection": (
            *FAILURE[1:],
            "active",
            "company_id",
            "state",
            "failure_count",
            "detail_source",
            "reporting_message",
        ),
    }

    kind = fields.Selection(KINDS, readonly=True)
    place = fields.Integer(readonly=True, aggregator=None)
    state = fields.Selection(
        [("attention", "Needs attention"), ("waiting", "Waits by itself")],
        readonly=True,
    )
    connection_id = fields.Many2one("actionstep.connection", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    participant_id = fields.Many2one(
        "actionstep.participant",
        string="Client",
        readonly=True,
        help="Whose documents these are, if they are of one client.",
    )
    record_count = fields.Integer(string="How Many", readonly=True)
    failed_at = fields.Datetime(string="Since", readonly=True)
    sentence = fields.Text(string="What It Is", compute="_compute_sentence")
    cure = fields.Selection(selection_cure, compute="_compute_cure")
    can_cure = fields.Boolean(compute="_compute_cure")
    can_requeue = fields.Boolean(compute="_compute_cure")

    # === QUERY === #

    @property
    def _table_query(self):
        """Override of `_table_query`: the causes of all kinds, each with an own id."""
        return SQL(" UNION ALL ").join(
            [
                self._select_grouped("documents", self._select_documents()),
                self._select_grouped("client", self._select_customers("participant")),
                self._select_grouped("matter", self._select_customers("subcustomer")),
                self._select_grouped("connection", self._select_connections()),
            ]
        )

    @api.model
    def _select_grouped(self, kind, rows):
        """Return the query for the causes of one kind, those of one subject together.

        Of several sentences or clients none is shown; the detail is the oldest one's.
        """
        place = [key for key, _label in KINDS].index(kind)
        return SQL(
            "SELECT MIN(r.id) * %(kinds)s + %(place)s AS id, %(kind)s AS kind, "
            "%(place)s AS place, r.state, r.connection_id, c.company_id, "
            "r.failure_cause, MIN(r.failure_type) AS failure_type, r.failure_subject, "
            "CASE WHEN MIN(r.failure_message) = MAX(r.failure_message) "
            "THEN MIN(r.failure_message) END AS failure_message, "
            "(ARRAY_AGG(r.failure_detail ORDER BY r.id))[1] AS failure_detail, "
            "CASE WHEN MIN(r.participant_id) = MAX(r.participant_id) "
            "THEN MIN(r.participant_id) END AS participant_id, "
            "COUNT(*) AS record_count, MIN(r.failed_at) AS failed_at "
            "FROM (%(rows)s) r JOIN actionstep_connection c "
            "ON c.id = r.connection_id AND c.active "
            "GROUP BY r.state, r.connection_id, c.company_id, r.failure_cause, "
            "r.failure_subject",
            kinds=len(KINDS),
            place=place,
            kind=kind,
            rows=rows,
        )

    @api.model
    def _select_documents(self):
        return SQL(
            "SELECT id, state, connection_id, "
            "COALESCE(failure_cause, 'unexpected') AS failure_cause, failure_type, "
            "failure_subject, failure_message, failure_detail, participant_id, "
            "failed_at FROM (%s) d "
            "WHERE state = 'attention' OR state = 'waiting' AND failure_cause IN %s",
            self.env["actionstep.register"]._table_query,
            WAITING_CAUSES,
        )

    @api.model
    def _select_customers(self, name):
        """Return the clients or matters whose customer does not follow them."""
        table = self.env[f"actionstep.{name}"]._table
        client = "id" if name == "participant" else "participant_id"
        return SQL(
            "SELECT id, 'attention' AS state, connection_id, failure_cause, "
            "failure_type, failure_subject, failure_message, failure_detail, "
            "%s AS participant_id, failed_at FROM %s WHERE failure_cause IS NOT NULL",
            SQL.identifier(client),
            SQL.identifier(table),
        )

    @api.model
    def _select_connections(self):
        """Return the connections that stand still, or that lack something.

        What one of them said is forgotten when its state has moved on.
        """
        return SQL(
            "SELECT id, 'attention' AS state, id AS connection_id, "
            "CASE WHEN trouble THEN failure_cause WHEN ended THEN 'reconnect' "
            "ELSE 'reporting_contract' END AS failure_cause, "
            "CASE WHEN trouble THEN failure_type WHEN ended THEN 'auth' "
            "ELSE 'config' END AS failure_type, NULL AS failure_subject, "
            "CASE WHEN trouble THEN failure_message WHEN ended THEN NULL "
            "ELSE reporting_message END AS failure_message, "
            "CASE WHEN trouble THEN failure_detail END AS failure_detail, "
            "NULL::integer AS participant_id, failed_at "
            "FROM (SELECT *, state = 'reauth_required' AS ended, "
            "failure_cause IS NOT NULL AND (state = 'paused' "
            "OR state = 'reauth_required' AND failure_type = 'auth' "
            "OR state = 'active' AND failure_count > "
            "CASE WHEN failure_type = 'transient' THEN %s ELSE 0 END) AS trouble "
            "FROM actionstep_connection) c WHERE trouble OR ended "
            "OR detail_source = 'reporting' AND reporting_message IS NOT NULL",
            LASTING_FAILURES,
        )

    # === COMPUTE METHODS === #

    @api.depends("failure_cause", "failure_message")
    def _compute_sentence(self):
        for row in self:
            guide = GUIDES.get(row.failure_cause)
            means = guide and self.env._(guide.means)
            row.sentence = row.failure_message or means

    @api.depends("failure_cause")
    def _compute_display_name(self):
        titles = dict(self._fields["failure_cause"]._description_selection(self.env))
        for row in self:
            parts = (titles.get(row.failure_cause), row.failure_subject)
            row.display_name = ": ".join(filter(None, parts))

    @api.depends("failure_cause", "kind", "participant_id", "record_count")
    @api.depends_context("uid")
    def _compute_cure(self):
        for row in self:
            row.cure = row._choose_cure()
            row.can_cure = bool(row.cure) and self._may(row.cure)
            row.can_requeue = (
                row.kind == "documents"
                and row.cure not in ("requeue", "restore")
                # Of these each run decides anew, asked or not; and of those nobody
                # decides without looking at each.
                and row.failure_cause
                not in (*LOCAL_CAUSES, *WAITING_CAUSES, *DECIDED_ALONE)
            )

    def _choose_cure(self):
        """Return the cure of a cause, or what comes nearest to it for these records."""
        self.ensure_one()
        guide = GUIDES.get(self.failure_cause)
        cure = guide.cure if guide else ""
        if self.kind in ("client", "matter"):
            return "requeue"
        if self.kind == "connection":
            return cure if cure != "requeue" else "settings"
        if cure in ("quickbooks", "money") and self.record_count > 1:
            return "document"
        if cure == "customer" and not self.participant_id.quickbooks_id:
            return "document"
        return cure or False

    @api.model
    def _may(self, cure):
        """Tell whether the user may do what a button says."""
        if cure in ("rate", "currency"):
            return self.env["res.currency.rate"].has_access("create")
        group = f"actionstep_quickbooks.group_{CURES[cure].group}"
        return self.env.user.has_group(group)

    # === ACTION METHODS === #

    def action_cure(self):
        """Do what the button of a cause says, or lead to where it is done."""
        self.ensure_one()
        if not self._is_as_seen():
            return self._reload()
        self.check_access("read")
        if not self.cure or not self._may(self.cure):
            raise AccessError(
                self.env._("Ask an administrator of Actionstep to QuickBooks to do it.")
            )
        if self.cure in MAP_CURES:
            return self._cure_map()
        return getattr(self, f"_cure_{self.cure}")()

    def action_open(self):
        """Open what a cause keeps back: one record itself, several as a list."""
        self.ensure_one()
        if not self._is_as_seen():
            return self._reload()
        if self.kind == "documents":
            return self._open_documents()
        records = self._get_records()
        return self._open(records, self.display_name)

    def action_requeue(self):
        """Decide again about all that these causes keep back."""
        if not self.env.user.has_group("actionstep_quickbooks.group_operator"):
            raise AccessError(
                self.env._("Only an operator may decide about documents.")
            )
        if not self._is_as_seen():
            return self._reload()
        answers = [row._requeue() for row in self]
        return answers[0] if len(answers) == 1 else True

    def _is_as_seen(self):
        """Tell whether a row still is the cause that stood on the page.

        A row has the id of its first document, which may have another cause by now.
        """
        seen = self.env.context.get("actionstep_seen")
        if not self.exists():
            return False
        # What was pressed on a page before may come along from there.
        if not seen or seen[0] != self.id:
            return True
        return seen == [self[name] or False for name in SEEN_FIELDS]

    def _reload(self):
        """Return the action that reads an old page anew, and says so."""
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "warning",
                "message": self.env._(
                    "This has changed in the meantime. The page has been read anew."
                ),
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    # === RECORDS === #

    def _get_key(self):
        """Return the text that tells one cause of a connection from another."""
        self.ensure_one()
        return f"{self.kind}:{self.failure_cause}:{self.failure_subject or ''}"

    def _get_domain(self):
        """Return the domain of what a cause keeps back."""
        self.ensure_one()
        mine = Domain("connection_id", "=", self.connection_id.id)
        mine &= Domain("failure_subject", "=", self.failure_subject)
        if self.kind != "documents":
            return mine & Domain("failure_cause", "=", self.failure_cause)
        cause = Domain("failure_cause", "=", self.failure_cause)
        if self.failure_cause == "unexpected":
            cause |= Domain("failure_cause", "=", False)
        return mine & cause & Domain("state", "=", self.state)

    def _get_records(self):
        """Return what a cause keeps back: rows of the register, clients or matters."""
        self.ensure_one()
        if self.kind == "connection":
            return self.connection_id
        model = {
            "documents": "actionstep.register",
            "client": "actionstep.participant",
            "matter": "actionstep.subcustomer",
        }[self.kind]
        return self.env[model].search(self._get_domain())

    def _requeue(self):
        if self.kind == "documents":
            return self._get_records().action_requeue()
        if self.kind == "connection":
            return self._sync_now()
        return self._get_records().action_try_again()

    # === CURES === #

    def _cure_map(self):
        """Open a new line of the map, with what is not mapped already in it."""
        name, key = MAP_CURES[self.cure]
        model = self.env[name]
        sources = self.env[model._fields[model._source_field].comodel_name]
        source = sources.search(
            [
                ("connection_id", "=", self.connection_id.id),
                (key, "=", self.failure_subject),
            ],
            limit=1,
        )
        if not source:
            # Newer than the lists as we know them.
            return self._cure_mapping()
        return self._open_line(
            model,
            {
                "default_connection_id": self.connection_id.id,
                f"default_{model._source_field}": source.id,
            },
        )

    def _cure_mend_mapping(self):
        """Open the line of the map that is broken, or that mixes up the money."""
        for name, key in MAP_CURES.values():
            model = self.env[name]
            lines = model.search(
                [
                    ("connection_id", "=", self.connection_id.id),
                    (f"{model._source_field}.{key}", "=", self.failure_subject),
                ]
            )
            if self.failure_cause == "mapping_broken":
                lines = lines.filtered("is_broken")
            elif name != "actionstep.account.mapping":
                continue
            if lines:
                return self._open_line(lines[0])
        return self._cure_mapping()

    def _open_line(self, line, context=None):
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Mapping Line"),
            "res_model": line._name,
            "res_id": line.id,
            "views": [(False, "form")],
            "target": "new",
            "context": context or {},
        }

    def _cure_mapping(self):
        return self.connection_id.action_open_mapping()

    def _cure_settings(self):
        return self._open(self.connection_id)

    def _cure_lists(self):
        """Load the lists again, and look at these documents anew."""
        answer = self.connection_id.action_refresh_lists()
        if self.kind == "documents":
            self._requeue()
        return answer

    def _cure_rate(self):
        Currency = self.env["res.currency"].with_context(active_test=False)
        currency = Currency.search([("name", "=", self.failure_subject)])
        return self._open(currency) if currency else self._cure_currency()

    def _cure_currency(self):
        return self.env["ir.actions.act_window"]._for_xml_id(
            "base.action_currency_form"
        )

    def _cure_document(self):
        return self.action_open()

    def _cure_named_document(self):
        """Open the bill or credit note by whose number these wait."""
        is_credit = CAUSES[self.failure_cause].subject == "credit"
        model = "actionstep.credit.note" if is_credit else "actionstep.invoice"
        mine = Domain("connection_id", "=", self.connection_id.id)
        numbers = (self.failure_subject or "").split(", ")
        found = self.env[model].search(mine & Domain("number", "in", numbers))
        # What has no number goes by Actionstep's id, which may be another's number.
        rest = set(numbers) - set(found.mapped("number"))
        found |= self.env[model].search(mine & Domain("external_id", "in", list(rest)))
        return self._open(found) if found else self.action_open()

    def _cure_quickbooks(self):
        [document] = self._get_records()._get_documents()
        if not document.quickbooks_id:
            return self.action_open()
        return document.action_open_in_quickbooks()

    def _cure_customer(self):
        """Open the customer of the client in QuickBooks."""
        return self.participant_id.action_open_in_quickbooks()

    def _cure_details(self):
        """Upload files, or let the reporting database be read."""
        if self.connection_id.detail_source != "files":
            return self._sync_now()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "actionstep_quickbooks.action_actionstep_detail_upload"
        )
        context = {"default_connection_id": self.connection_id.id}
        return {**action, "context": context}

    def _sync_now(self):
        if self.connection_id.state == "paused":
            raise UserError(
                self.env._("The connection is paused. Press Resume on it first.")
            )
        return self.connection_id.action_sync_now()

    def _cure_requeue(self):
        return self.action_requeue()

    def _cure_restore(self):
        # Asked and confirmed for all of them.
        return self.with_context(actionstep_many=False).action_requeue()

    def _cure_money(self):
        return self.action_requeue()

    def _cure_reconnect(self):
        connection = self.connection_id
        if connection.actionstep_state == "reauth_required":
            return connection.action_connect_actionstep()
        return connection.action_connect_quickbooks()

    def _cure_resume(self):
        if self.connection_id.state != "paused":
            return self._cure_settings()
        self.connection_id.action_resume()
        return True

    # === WINDOWS === #

    def _open_documents(self):
        if self.record_count == 1:
            return self._get_records().action_open()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "actionstep_quickbooks.action_actionstep_attention"
        )
        return {
            **action,
            "name": self.display_name,
            "domain": list(self._get_domain()),
            "context": {},
        }

    def _open(self, records, name=None):
        """Return the window that shows some records: one as a form."""
        is_one = len(records) == 1
        return {
            "type": "ir.actions.act_window",
            "name": name or records._description,
            "res_model": records._name,
            "res_id": records.id if is_one else False,
            "domain": [("id", "in", records.ids)],
            "views": [(False, "form")]
            if is_one
            else [(False, "list"), (False, "form")],
        }


class ActionstepMapping(models.AbstractModel):
    _inherit = "actionstep.mapping"

    @api.model_create_multi
    def create(self, vals_list):
        """Override of `create` to let go what waited for the line."""
        lines = super().create(vals_list)
        lines._let_go()
        return lines

    def write(self, vals):
        """Override of `write` to let go what waited for the line."""
        result = super().write(vals)
        if not self.env.context.get("actionstep_let_go_later"):
            self._let_go()
        return result

    def _let_go(self):
        """Have it decided anew, at once, about the documents that waited for a map.

        Each run would look at them anyway; but who has mended something sees that it
        is taken.
        """
        for connection, lines in self.grouped("connection_id").items():
            sources = lines[lines._source_field]
            key = "number" if "number" in sources else "name"
            names = list(filter(None, sources.mapped(key)))
            stuck = [
                ("connection_id", "=", connection.id),
                ("state", "=", "attention"),
                ("failure_subject", "in", names),
                ("failure_cause", "in", self._get_mended_causes()),
            ]
            # The state of a document is the server's, the maps are the firm's.
            rows_sudo = (
                self.env["actionstep.register"].sudo().search_fetch(stuck, ["res_id"])
            )
            for documents in rows_sudo._get_documents():
                documents._plan_again()
            if rows_sudo:
                connection._trigger_cron()

    def _get_mended_causes(self):
        """Return the causes that a line of a map can mend."""
        cures = (*MAP_CURES, "mend_mapping")
        return [cause for cause, guide in GUIDES.items() if guide.cure in cures]


class ActionstepDocument(models.AbstractModel):
    _inherit = "actionstep.document"

    def _plan_again(self):
        """Take documents whose cause is mended out of Needs attention."""
        self.write({"state": "waiting", "needs_plan": True})
