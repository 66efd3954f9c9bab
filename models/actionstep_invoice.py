from datetime import timedelta
from decimal import Decimal

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..documents import Invoice, InvoiceLine
from ..exceptions import MappingError
from ..mappers.invoice import source_fingerprint
from ..mappers.money import from_answer
from .changed import changed_values
from .failure import describe
from .maps import Maps

# What QuickBooks refused for a reason that somebody may mend there: asked again by
# itself, but not in every run.
RETRIED_CAUSES = (
    "closed_period",
    "duplicate_number",
    "name_taken",
    "refused",
    "gone_in_quickbooks",
    "inactive_in_quickbooks",
    "outcome_unknown",
    "unavailable",
    "unexpected",
)
RETRY_REFUSED = timedelta(hours=1)
# What a person may decide to leave as it stands in QuickBooks.
LEAVABLE_CAUSES = (
    "totals_differ",
    "changed_in_quickbooks",
    "removal_changed",
    "paid_in_quickbooks",
    "closed_period",
)


class ActionstepInvoice(models.Model):
    """A bill of Actionstep on its way to, or standing in, QuickBooks."""

    _name = "actionstep.invoice"
    _description = "Actionstep Invoice"
    _inherit = ["actionstep.document", "mail.thread", "mail.activity.mixin"]
    _rec_name = "number"
    _rec_names_search = ["number", "participant_id.name"]
    _order = "invoice_date desc, id desc"
    # A bookkeeper may comment on a document that only the server may change.
    _mail_post_access = "read"

    # Where a document stands:
    #   (pulled) --> waiting --[its lines arrived and add up]--> queued --> pushed
    #   waiting, queued, pushed --[something is wrong with it]--> attention
    #   attention --[Requeue, or mended before the next run]--> queued
    #   pushed --[changed in Actionstep]--> queued
    #   pushed --[deleted or made a draft in Actionstep]--> queued --> withdrawn
    #   skipped: dated before the start date; withdrawn: draft or deleted in Actionstep
    state = fields.Selection(
        [
            ("waiting", "Waiting"),
            ("queued", "Queued"),
            ("pushed", "In QuickBooks"),
            ("attention", "Needs attention"),
            ("skipped", "Before start date"),
            ("withdrawn", "Withdrawn"),
        ],
        default="waiting",
        required=True,
        readonly=True,
        index=True,
        copy=False,
    )
    number = fields.Char(readonly=True, index="trigram")
    bill_status = fields.Selection(
        [
            ("Draft", "Draft"),
            ("Open", "Open"),
            ("Closed", "Closed"),
            ("Deleted", "Deleted"),
        ],
        string="Status in Actionstep",
        readonly=True,
    )
    client_external_id = fields.Char(string="Client ID", readonly=True)
    participant_id = fields.Many2one(
        "actionstep.participant", string="Client", readonly=True, index=True
    )
    matter_ids = fields.Many2many("actionstep.matter", string="Matters", readonly=True)
    currency_code = fields.Char(readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    invoice_date = fields.Date(readonly=True, index=True)
    due_date = fields.Date(readonly=True)
    amount_untaxed = fields.Monetary(string="Total before Tax", readonly=True)
    amount_tax = fields.Monetary(string="Tax", readonly=True)
    amount_total = fields.Monetary(string="Total", readonly=True)
    amount_paid = fields.Monetary(string="Paid", readonly=True)
    modified_at = fields.Datetime(string="Changed in Actionstep", readonly=True)
    lines_modified_at = fields.Datetime(string="Lines Changed", readonly=True)
    line_ids = fields.One2many("actionstep.invoice.line", "invoice_id", readonly=True)
    matter_external_ids = fields.Json(readonly=True)
    has_unlinked_matters = fields.Boolean(readonly=True, index="btree_not_null")
    retry_at = fields.Datetime(
        readonly=True,
        copy=False,
        help="When QuickBooks is asked again about what it refused.",
    )
    noted_message = fields.Text(
        readonly=True,
        copy=False,
        help="Sentence last told in the chatter, so that none is told twice.",
    )
    needs_plan = fields.Boolean(
        default=True,
        readonly=True,
        index=True,
        help="Something changed since it was last decided what to do with it.",
    )
    # --- what QuickBooks answered ---
    quickbooks_number = fields.Char(
        string="Number in QuickBooks", readonly=True, copy=False
    )
    quickbooks_tax = fields.Monetary(
        string="Tax in QuickBooks", readonly=True, copy=False
    )
    quickbooks_total = fields.Monetary(
        string="Total in QuickBooks", readonly=True, copy=False
    )
    quickbooks_untaxed = fields.Monetary(
        string="Total before Tax in QuickBooks", compute="_compute_quickbooks_untaxed"
    )
    quickbooks_url = fields.Char(compute="_compute_quickbooks_url")
    can_be_left = fields.Boolean(compute="_compute_can_be_left")
    job_ids = fields.One2many("actionstep.sync.job", "invoice_id")

    _external_once = models.UniqueIndex("(connection_id, external_id)")
    _quickbooks_once = models.UniqueIndex(
        "(connection_id, quickbooks_id) WHERE quickbooks_id IS NOT NULL"
    )

    # === COMPUTE METHODS === #

    @api.depends("quickbooks_id", "connection_id")
    def _compute_quickbooks_url(self):
        for invoice in self:
            base = invoice.connection_id._get_quickbooks_app_url()
            invoice.quickbooks_url = (
                f"{base}/invoice?txnId={invoice.quickbooks_id}"
                if invoice.quickbooks_id
                else False
            )

    @api.depends("quickbooks_total", "quickbooks_tax")
    def _compute_quickbooks_untaxed(self):
        for invoice in self:
            invoice.quickbooks_untaxed = (
                invoice.quickbooks_total - invoice.quickbooks_tax
            )

    @api.depends("state", "quickbooks_id", "failure_cause")
    def _compute_can_be_left(self):
        for invoice in self:
            invoice.can_be_left = (
                invoice.state == "attention"
                and bool(invoice.quickbooks_id)
                and invoice.failure_cause in LEAVABLE_CAUSES
            )

    # === ACTION METHODS === #

    def action_requeue(self):
        """Decide again about these documents, and push those that can go."""
        self._check_operator()
        self.sudo()._requeue()
        return True

    def action_leave(self):
        """Leave documents as they stand in QuickBooks, until they change again."""
        self._check_operator()
        self.sudo()._leave()
        return True

    def action_open_in_quickbooks(self):
        self.ensure_one()
        return {"type": "ir.actions.act_url", "url": self.quickbooks_url}

    def _check_operator(self):
        """The state is the server's; an operator may ask it to decide again."""
        if not self.env.user.has_group("actionstep_quickbooks.group_operator"):
            raise UserError(self.env._("Only an operator may decide about documents."))
        self.check_access("read")

    def _requeue(self):
        stuck = self.filtered(lambda i: i.state in ("attention", "waiting"))
        # Who was told of a change in QuickBooks decides with it that ours comes back:
        # that very change is no objection any more.
        for invoice in stuck.filtered("edited_fingerprint"):
            invoice.quickbooks_fingerprint = invoice.edited_fingerprint
        # Who asks again is told again.
        stuck.write(
            {
                "state": "waiting",
                "needs_plan": True,
                "failed_at": False,
                "noted_message": False,
                "pushed_fingerprint": False,
            }
        )
        self.connection_id._trigger_cron()

    def _leave(self):
        """Settle documents whose state in QuickBooks a person has approved.

        What is gone in Actionstep is no longer ours; anything else is pushed again
        only when it changes there.
        """
        kept = self.filtered("can_be_left")
        gone = kept.filtered(lambda invoice: invoice._is_withdrawn())
        note = self.env._("Left in QuickBooks as it is.")
        kept._message_log_batch(bodies=dict.fromkeys(kept.ids, note))
        gone._set_unbound()
        gone._set_settled("withdrawn")
        for connection, invoices in (kept - gone).grouped("connection_id").items():
            maps = Maps(connection)
            for invoice in invoices:
                invoice._take_for_pushed(maps)
            invoices._set_settled("pushed")

    def _take_for_pushed(self, maps):
        """Count the content of both sides, as it is now, as pushed.

        :raise UserError: what would be sent cannot be told, for want of a mapping
        """
        self.ensure_one()
        try:
            value = self._to_value(maps)
        except MappingError as error:
            raise UserError(describe(self.env, error)) from error
        self.pushed_fingerprint = source_fingerprint(value)
        edited = self.edited_fingerprint or self.quickbooks_fingerprint
        self.quickbooks_fingerprint = edited

    # === BUSINESS METHODS === #

    def _get_reference(self):
        """Return our marker of this bill; it never changes over the bill's life."""
        self.ensure_one()
        system = self.connection_id.orgkey or self.connection_id.id
        return f"Actionstep bill {self.external_id} ({system})"

    def _to_value(self, maps):
        """Return the neutral invoice, its lines' targets chosen by the maps.

        :param maps: ``Maps`` of the connection
        :raise MappingError: a line's account or tax code has no target
        """
        self.ensure_one()
        return Invoice(
            reference=self._get_reference(),
            number=self.number or "",
            customer_id=self.participant_id.quickbooks_id or "",
            currency=self.currency_code or "",
            invoice_date=self.invoice_date,
            due_date=self.due_date or None,
            total_tax=from_answer(self.amount_tax),
            total=from_answer(self.amount_total),
            lines=tuple(line._to_value(maps) for line in self.line_ids),
            matters=tuple(self.matter_ids.mapped("display_name")),
            quickbooks_id=self.quickbooks_id or None,
            sync_token=self.quickbooks_sync_token or None,
        )

    # === STAGING === #

    def _write_header(self, values):
        """Write what changed in the bill's header.

        :return: whether what is pushed may have changed, so it must be planned again
        """
        self.ensure_one()
        changed = changed_values(self, values)
        if not changed:
            return False
        if "client_external_id" in changed:
            changed["participant_id"] = False
        if "matter_external_ids" in changed:
            changed["has_unlinked_matters"] = bool(changed["matter_external_ids"])
        # A payment in Actionstep moves these two; the invoice stays what it is.
        is_content = bool(changed.keys() - {"amount_paid", "modified_at"})
        self.write({**changed, "needs_plan": True} if is_content else changed)
        return is_content

    @api.model
    def _replace_lines(self, lines_by_invoice):
        """Replace the lines of invoices where they differ from what is stored.

        :param lines_by_invoice: ``{invoice: neutral bill lines}``
        """
        Line = self.env["actionstep.invoice.line"]
        outdated, new = Line, []
        for invoice, lines in lines_by_invoice.items():
            lines = sorted(lines, key=lambda line: line.line_no)
            values = [Line._prepare(invoice, line) for line in lines]
            stored = invoice.line_ids.sorted("line_no")
            if len(stored) != len(values) or any(map(changed_values, stored, values)):
                outdated |= stored
                new += values
            newest = max(
                filter(None, (line.modified_at for line in lines)), default=None
            )
            if stored <= outdated or invoice.lines_modified_at != newest:
                invoice.write({"lines_modified_at": newest, "needs_plan": True})
        outdated.unlink()
        Line.create(new)

    def _creation_message(self):
        """Override of `mail` to say where the document comes from."""
        self.ensure_one()
        return self.env._("Bill pulled from Actionstep.")

    # === STATE === #

    def _set_settled(self, state):
        """Move documents to a state in which nothing is left to do."""
        self.write({**self._prepare_no_failure(), "state": state, "needs_plan": False})

    def _set_attention(self, errors, **values):
        """Move documents to Needs attention and tell why in their chatter.

        The same sentence is told once, however often it is tried in between.

        :param errors: ``{invoice: SyncError}``
        """
        now = fields.Datetime.now()
        notes = {}
        for invoice, error in errors.items():
            failure = self._prepare_failure(error, **invoice._get_values(), **values)
            sentence = failure["failure_message"]
            if invoice.noted_message != sentence:
                notes[invoice.id] = self.env._(
                    "Needs attention: %(sentence)s", sentence=sentence
                )
            invoice._write_changed(
                {
                    **failure,
                    "state": "attention",
                    "needs_plan": False,
                    "noted_message": sentence,
                    "failed_at": invoice.failed_at or now,
                    "retry_at": now + RETRY_REFUSED
                    if error.cause in RETRIED_CAUSES
                    else False,
                }
            )
        self.browse(notes)._message_log_batch(bodies=notes)

    def _set_waiting(self, errors):
        """Leave documents waiting for their lines, with the sentence that says so."""
        for invoice, error in errors.items():
            failure = self._prepare_failure(error, **invoice._get_values())
            state = {"state": "waiting", "needs_plan": False}
            invoice._write_changed({**failure, **state})

    def _write_changed(self, values):
        """Write what differs: what is looked at in every run costs no writes."""
        changed = changed_values(self, values)
        if changed:
            self.write(changed)

    def _set_queued(self):
        """Queue documents; since when they need attention shows until it is over."""
        done = {**self._prepare_no_failure(), "state": "queued", "needs_plan": False}
        del done["failed_at"]
        self.write(done)

    def _set_unbound(self):
        """Forget the invoice that is no longer in QuickBooks, or no longer ours."""
        self.write(
            {
                "quickbooks_id": False,
                "quickbooks_sync_token": False,
                "quickbooks_fingerprint": False,
                "edited_fingerprint": False,
                "quickbooks_number": False,
                "quickbooks_total": 0,
                "quickbooks_tax": 0,
                "pushed_fingerprint": False,
                "retry_at": False,
            }
        )

    def _set_pushed(self, bindings):
        """Store what QuickBooks answered and tell it in the chatter.

        :param bindings: ``{invoice: values of the binding}``
        """
        done = {**self._prepare_no_failure(), "noted_message": False}
        notes = {}
        for invoice, binding in bindings.items():
            was_there = bool(invoice.quickbooks_id)
            invoice.write({**done, **binding, "state": "pushed"})
            notes[invoice.id] = invoice._get_pushed_note(was_there)
        self.browse(notes)._message_log_batch(bodies=notes)

    def _get_pushed_note(self, was_there):
        link = Markup('<a href="%s" target="_blank" rel="noopener">%s</a>') % (
            self.quickbooks_url,
            self.env._("Open in QuickBooks"),
        )
        text = (
            self.env._("Updated in QuickBooks: invoice %(number)s, total %(total)s.")
            if was_there
            else self.env._(
                "Created in QuickBooks: invoice %(number)s, total %(total)s."
            )
        )
        values = {
            "number": self.quickbooks_number or "-",
            "total": self._format_amount(self.quickbooks_total),
        }
        return Markup("%s %s") % (text % values, link)

    def _format_amount(self, amount):
        return self.currency_id.format(amount) if self.currency_id else f"{amount:.2f}"

    def _get_values(self):
        """Return the placeholders that any sentence about this bill may use."""
        return {
            "number": self.number or "",
            "date": fields.Date.to_string(self.invoice_date) or "",
            "total": self._format_amount(self.amount_total),
            "currency": self.currency_code or "",
        }


class ActionstepInvoiceLine(models.Model):
    _name = "actionstep.invoice.line"
    _description = "Actionstep Invoice Line"
    _order = "invoice_id, line_no, id"

    invoice_id = fields.Many2one(
        "actionstep.invoice", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        "res.company", related="invoice_id.company_id", store=True
    )
    currency_id = fields.Many2one("res.currency", related="invoice_id.currency_id")
    line_no = fields.Integer(string="#", readonly=True)
    kind = fields.Char(readonly=True)
    account_number = fields.Char(string="Account", readonly=True)
    description = fields.Text(readonly=True)
    quantity = fields.Float(digits=(16, 6), readonly=True)
    unit_price = fields.Float(digits=(16, 4), readonly=True)
    amount = fields.Monetary(string="Amount before Tax", readonly=True)
    tax_code = fields.Char(readonly=True)
    tax_amount = fields.Monetary(string="Tax", readonly=True)
    matter_external_id = fields.Char(string="Matter", readonly=True)
    timekeeper = fields.Char(readonly=True)
    product_service = fields.Char(
        readonly=True, help="Names the QuickBooks product instead of the map."
    )
    service_date = fields.Date(readonly=True)

    @api.model
    def _prepare(self, invoice, line):
        """Return the values that stage a neutral bill line."""
        return {
            "invoice_id": invoice.id,
            "line_no": line.line_no,
            "kind": line.kind,
            "account_number": line.account_number,
            "description": line.description,
            "quantity": float(line.quantity or 0),
            "unit_price": float(line.unit_price or 0),
            "amount": float(line.amount_exclusive),
            "tax_code": line.tax_code,
            "tax_amount": float(line.tax_amount),
            "matter_external_id": line.matter_id,
            "timekeeper": line.timekeeper,
            "service_date": line.service_date,
            "product_service": line.product_service,
        }

    def _to_value(self, maps):
        """Return the neutral line; see ``actionstep.invoice._to_value``."""
        self.ensure_one()
        return InvoiceLine(
            line_no=self.line_no,
            description=self.description or "",
            amount=from_answer(self.amount),
            tax_amount=from_answer(self.tax_amount),
            item_id=maps.get_item_id(self.account_number, self.product_service),
            tax_code=maps.get_tax_code(self.tax_code),
            quantity=Decimal(repr(self.quantity)) if self.quantity else None,
            unit_price=Decimal(repr(self.unit_price)) if self.unit_price else None,
            service_date=self.service_date or None,
        )
