from typing import NamedTuple

from odoo import api, fields, models
from odoo.tools import SQL

from .actionstep_document_actions import tell, tell_pushed

# What every kind of document has under the same name.
SHARED = (
    "connection_id",
    "company_id",
    "participant_id",
    "subcustomer_id",
    "currency_id",
    "state",
    "failure_cause",
    "failure_type",
    "failure_subject",
    "failure_message",
    "failure_detail",
    "failed_at",
    "pushed_at",
    "quickbooks_id",
    "quickbooks_number",
    "quickbooks_total",
    "amount_difference",
)


class Source(NamedTuple):
    """A kind of document, and the expressions that make a row of it; ``d`` is its.

    ``owes`` is 1 for what the client owes more by, -1 for what they owe less by.
    ``gone`` tells a document that Actionstep has no more, or only as a draft.
    """

    model: str
    kind: SQL
    number: SQL
    date: str
    amount: str
    owes: int
    gone: SQL
    reads: tuple


SOURCES = (
    Source(
        "actionstep.invoice",
        kind=SQL("'invoice'"),
        number=SQL("d.number"),
        date="invoice_date",
        amount="amount_total",
        owes=1,
        gone=SQL("d.bill_status IN ('Draft', 'Deleted')"),
        reads=(
            "bill_status",
            "number",
        ),
    ),
    Source(
        "actionstep.credit.note",
        kind=SQL("CASE WHEN d.is_write_off THEN 'write_off' ELSE 'credit_note' END"),
        number=SQL("d.number"),
        date="credit_date",
        amount="amount_total",
        owes=-1,
        gone=SQL("d.is_deleted"),
        reads=("is_deleted", "number", "is_write_off"),
    ),
    Source(
        "actionstep.payment",
        kind=SQL("'payment'"),
        number=SQL("COALESCE(NULLIF(d.reference, ''), d.external_id)"),
        date="payment_date",
        amount="amount",
        owes=-1,
        gone=SQL("d.is_deleted"),
        reads=("is_deleted", "reference", "external_id"),
    ),
    Source(
        "actionstep.credit.application",
        kind=SQL("'application'"),
        number=SQL(
            "(SELECT COALESCE(note.number, '-') || ' → ' "
            "|| COALESCE(invoice.number, d.bill_external_id) "
            "FROM actionstep_credit_note note "
            "LEFT JOIN actionstep_invoice invoice ON invoice.id = d.invoice_id "
            "WHERE note.id = d.credit_note_id)"
        ),
        date="applied_on",
        amount="amount",
        owes=0,
        gone=SQL("d.is_deleted"),
        reads=("is_deleted", "credit_note_id", "invoice_id", "bill_external_id"),
    ),
)


class ActionstepRegister(models.Model):
    """The documents of all kinds in one list, such as what needs attention.

    Read from their tables by the database: nothing is stored twice.
    """

    _name = "actionstep.register"
    _description = "Register of Documents"
    _inherit = "actionstep.failure"
    _auto = False
    _rec_name = "number"
    _rec_names_search = ["number", "participant_id.name"]
    _order = "document_date desc, id desc"
    _depends = {
        source.model: (*SHARED, *source.reads, "matter_ids", source.date, source.amount)
        for source in SOURCES
    } | {"actionstep.matter": ("external_id", "name")}

    kind = fields.Selection(
        [
            ("invoice", "Invoice"),
            ("payment", "Payment"),
            ("credit_note", "Credit note"),
            ("write_off", "Write-off"),
            ("application", "Applied credit"),
        ],
        readonly=True,
    )
    res_id = fields.Integer(string="Document ID", readonly=True, aggregator=None)
    number = fields.Char(readonly=True)
    document_date = fields.Date(string="Date", readonly=True)
    connection_id = fields.Many2one("actionstep.connection", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    participant_id = fields.Many2one(
        "actionstep.participant", string="Client", readonly=True
    )
    subcustomer_id = fields.Many2one(
        "actionstep.subcustomer", string="Billed to Matter", readonly=True
    )
    matters = fields.Char(readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    # Money that came in and money that is owed have no sum.
    amount = fields.Monetary(readonly=True, aggregator=None)
    quickbooks_id = fields.Char(string="QuickBooks ID", readonly=True)
    quickbooks_number = fields.Char(string="Number in QuickBooks", readonly=True)
    quickbooks_total = fields.Monetary(
        string="Amount in QuickBooks", readonly=True, aggregator=None
    )
    amount_difference = fields.Monetary(
        string="Difference",
        readonly=True,
        aggregator=None,
        help="How much more stands in QuickBooks than in Actionstep.",
    )
    # These have one: invoices less credit notes and payments.
    receivable = fields.Monetary(
        string="Receivable in Actionstep",
        readonly=True,
        help="What the document adds to, or takes from, what clients owe.",
    )
    quickbooks_receivable = fields.Monetary(
        string="Receivable in QuickBooks", readonly=True
    )
    receivable_difference = fields.Monetary(
        string="Receivable: Difference", readonly=True
    )
    # And these, of one kind alone: what the card of a connection adds up.
    counted = fields.Monetary(
        string="Counted in Actionstep",
        readonly=True,
        help="The amount, or nothing when it is a draft or deleted there. What a "
        "credit is applied to is counted with its credit note.",
    )
    quickbooks_counted = fields.Monetary(string="Counted in QuickBooks", readonly=True)
    state = fields.Selection(lambda self: self._get_states(), readonly=True)
    failed_at = fields.Datetime(string="Needs Attention Since", readonly=True)
    pushed_at = fields.Datetime(string="Last Pushed", readonly=True)

    @property
    def _table_query(self):
        """Override of `_table_query`: the rows of all kinds, each with an own id."""
        return SQL(" UNION ALL ").join(
            self._select(place, source) for place, source in enumerate(SOURCES)
        )

    @api.model
    def _select(self, place, source):
        shared = SQL(", ").join(SQL.identifier("d", name) for name in SHARED)
        amount = SQL.identifier("d", source.amount)
        # A credit's use moves no money: the credit note was counted.
        counts = abs(source.owes)
        ours = SQL("CASE WHEN %s THEN 0 ELSE %s * %s END", source.gone, counts, amount)
        theirs = SQL("%s * COALESCE(d.quickbooks_total, 0)", counts)
        return SQL(
            "SELECT d.id * %(kinds)s + %(place)s AS id, d.id AS res_id, "
            "%(kind)s AS kind, %(number)s AS number, %(date)s AS document_date, "
            "%(amount)s AS amount, %(ours)s AS counted, "
            "%(theirs)s AS quickbooks_counted, %(owes)s * %(ours)s AS receivable, "
            "%(owes)s * %(theirs)s AS quickbooks_receivable, "
            "%(owes)s * (%(theirs)s - %(ours)s) AS receivable_difference, "
            "%(matters)s AS matters, %(shared)s FROM %(table)s d",
            kinds=len(SOURCES),
            place=place,
            kind=source.kind,
            number=source.number,
            date=SQL.identifier("d", source.date),
            amount=amount,
            ours=ours,
            theirs=theirs,
            owes=source.owes,
            matters=self._select_matters(source),
            shared=shared,
            table=SQL.identifier(self.env[source.model]._table),
        )

    @api.model
    def _select_matters(self, source):
        """Return the matters of a document as text; a credit's use has its note's."""
        is_use = source.model == "actionstep.credit.application"
        owner = "actionstep.credit.note" if is_use else source.model
        field = self.env[owner]._fields["matter_ids"]
        return SQL(
            "(SELECT string_agg(matter.external_id || ' ' || matter.name, ', ' "
            "ORDER BY matter.external_id) FROM %s pair "
            "JOIN actionstep_matter matter ON matter.id = %s WHERE %s = %s)",
            SQL.identifier(field.relation),
            SQL.identifier("pair", field.column2),
            SQL.identifier("pair", field.column1),
            SQL.identifier("d", "credit_note_id" if is_use else "id"),
        )

    @api.model
    def _get_states(self):
        """Return the states of all documents as they read in the user's language."""
        states = self.env["actionstep.invoice"]._fields["state"]
        return states._description_selection(self.env)

    # === ACTION METHODS === #

    def action_open(self):
        """Open the document itself."""
        self.ensure_one()
        [document] = self._get_documents()
        return {
            "type": "ir.actions.act_window",
            "res_model": document._name,
            "res_id": document.id,
            "views": [(False, "form")],
        }

    def action_requeue(self):
        """Decide again about these documents, and push those that can go."""
        return tell(self, self._act("_requeue"), self.env._("requeued"))

    def action_push_now(self):
        """Push these documents before all others, also what was pushed before."""
        return tell_pushed(*self._act("_push_now"))

    def action_hold(self):
        """Push these documents no more; what stands in QuickBooks stays there."""
        return tell(self, self._act("_hold"), self.env._("on hold now"))

    def action_release(self):
        """Let documents go again that somebody held."""
        return tell(self, self._act("_release"), self.env._("released"))

    def _act(self, method):
        """Return the recordsets that a method of the documents changed, one a model."""
        chosen = self.env.context.get("actionstep_many", len(self) > 1)
        return [
            documents.with_context(actionstep_many=chosen)._act(method)
            for documents in self._get_documents()
        ]

    def _get_documents(self):
        """Return the documents themselves, a recordset for each model."""
        # Read first: who may not see a row may not reach its document.
        ids = {}
        for row in self:
            ids.setdefault(row.id % len(SOURCES), []).append(row.res_id)
        return [
            self.env[source.model].browse(ids[place])
            for place, source in enumerate(SOURCES)
            if place in ids
        ]
