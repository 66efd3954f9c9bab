from odoo import api, fields, models

from ..documents import CreditNote
from ..exceptions import DataError
from ..mappers import kinds
from ..mappers.credit_note import check_applied, remaining_credit
from ..mappers.money import from_answer


class ActionstepCreditNote(models.Model):
    """A credit note or a write-off; its amounts are positive."""

    _name = "actionstep.credit.note"
    _description = "Actionstep Credit Note"
    _inherit = "actionstep.sale"
    _order = "credit_date desc, id desc"

    _kind = kinds.CREDIT_NOTE
    _address_field = "credit_note_address"
    _value_class = CreditNote
    _date_field = "credit_date"
    _job_field = "credit_note_id"
    _push_priority = 30
    _removal_priority = 4
    _quickbooks_page = "creditmemo"

    bill_external_id = fields.Char(string="Bill ID", readonly=True)
    invoice_id = fields.Many2one(
        "actionstep.invoice",
        string="Made from",
        readonly=True,
        index="btree_not_null",
    )
    credit_date = fields.Date(readonly=True, index=True)
    reason = fields.Text(readonly=True)
    is_write_off = fields.Boolean(
        string="Write-off",
        compute="_compute_is_write_off",
        store=True,
        help="Told by the prefix of its number; see the settings of the connection.",
    )
    is_deleted = fields.Boolean(string="Deleted in Actionstep", readonly=True)
    line_ids = fields.One2many(
        "actionstep.credit.note.line", "credit_note_id", readonly=True
    )
    application_ids = fields.One2many(
        "actionstep.credit.application", "credit_note_id", readonly=True
    )
    amount_open = fields.Monetary(
        string="Not Applied", compute="_compute_amount_open", store=True
    )
    job_ids = fields.One2many("actionstep.sync.job", "credit_note_id")

    _external_once = models.UniqueIndex("(connection_id, external_id)")
    _quickbooks_once = models.UniqueIndex(
        "(connection_id, quickbooks_id) WHERE quickbooks_id IS NOT NULL"
    )

    @api.depends("number", "connection_id.write_off_prefixes")
    def _compute_is_write_off(self):
        for note in self:
            number = (note.number or "").strip().casefold()
            prefixes = note.connection_id._get_write_off_prefixes()
            note.is_write_off = bool(prefixes) and number.startswith(prefixes)

    @api.depends("amount_total", "application_ids.amount", "application_ids.is_deleted")
    def _compute_amount_open(self):
        for note in self:
            note.amount_open = note.amount_total - float(note._get_applied())

    def _creation_message(self):
        """Override of `mail` to say where the document comes from."""
        self.ensure_one()
        if self.is_derived:
            return self.env._(
                "Credit note concluded from a bill with a negative total."
            )
        return self.env._("Credit note pulled from Actionstep.")

    # === FOR EACH KIND === #

    def _get_reference(self):
        """Override of `actionstep.document`."""
        self.ensure_one()
        system = self.connection_id.orgkey or self.connection_id.id
        return f"Actionstep credit note {self.external_id} ({system})"

    def _get_label(self):
        """Override of `actionstep.document`."""
        number = self.quickbooks_number or self.number or "-"
        if self.is_write_off:
            return self.env._("write-off %(number)s", number=number)
        return self.env._("credit note %(number)s", number=number)

    def _is_withdrawn(self):
        """Override of `actionstep.document`."""
        self.ensure_one()
        return self.is_deleted

    def _get_removal_operation(self):
        """Override of `actionstep.document`: QuickBooks can void no credit memo."""
        return "delete"

    def _get_dependants(self):
        """Override of `actionstep.document`."""
        return [self.application_ids]

    def _get_objection(self, row):
        """Override of `actionstep.document` to leave what is applied in QuickBooks."""
        left = from_answer(remaining_credit(row))
        if left == from_answer(row.get("TotalAmt")):
            return super()._get_objection(row)
        ours = self.application_ids.filtered("quickbooks_id")
        applied = sum(map(from_answer, ours.mapped("amount")), from_answer(0))
        if ours and left + applied == from_answer(row.get("TotalAmt")):
            labels = ", ".join(one._get_label() for one in ours)
            return DataError("settled_by_ours", values={"what": labels})
        return DataError("credit_applied")

    def _get_applied(self):
        """Return how much of it Actionstep applies to bills, as Decimal."""
        living = self.application_ids.filtered(lambda one: not one.is_deleted)
        return sum(map(from_answer, living.mapped("amount")), from_answer(0))

    def _check_detail(self):
        """Override of `actionstep.document`."""
        if self.is_derived:
            return
        problem = (
            self.line_ids._get_kind_problem()
            if self.line_ids
            else DataError("lines_missing")
        )
        if problem:
            raise problem
        for one in check_applied(
            self._get_applied(), from_answer(self.amount_total), self.currency_code
        ):
            raise one

    def _is_totals_enough(self):
        """Override of `actionstep.sale`."""
        return self.is_derived

    def _get_own_item_id(self, maps):
        """Override of `actionstep.sale`: write-offs may have a product of their own."""
        return maps.write_off_item_id if self.is_write_off else None

    def _prepare_value(self):
        """Override of `actionstep.sale`."""
        return {
            "credit_date": self.credit_date,
            "reason": self.reason or "",
            "is_write_off": self.is_write_off,
        }

    # === STAGING === #

    def _write_header(self, values, beside=("modified_at",)):
        """Override of `actionstep.document`: what is applied names the number."""
        is_content = super()._write_header(values, beside)
        if is_content:
            self.application_ids.needs_plan = True
        return is_content

    @api.model
    def _replace_lines(self, lines_by_note):
        """Replace the lines of credit notes where they differ from what is stored.

        :param lines_by_note: ``{credit note: neutral lines}``
        """
        changed = self.env["actionstep.credit.note.line"]._replace(lines_by_note)
        changed.needs_plan = True
        return changed


class ActionstepCreditNoteLine(models.Model):
    _name = "actionstep.credit.note.line"
    _description = "Actionstep Credit Note Line"
    _inherit = "actionstep.document.line"
    _order = "credit_note_id, line_no, id"
    _document_field = "credit_note_id"

    credit_note_id = fields.Many2one(
        "actionstep.credit.note", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        "res.company", related="credit_note_id.company_id", store=True
    )
    currency_id = fields.Many2one(related="credit_note_id.currency_id")
