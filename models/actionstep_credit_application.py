from odoo import api, fields, models

from ..documents import CreditUse
from ..exceptions import DataError
from ..mappers import kinds
from ..mappers.money import from_answer
from .actionstep_payment import prepare_sent_payment


class ActionstepCreditApplication(models.Model):
    """How much of a credit note settles one bill: in QuickBooks a payment of zero."""

    _name = "actionstep.credit.application"
    _description = "Actionstep Credit Application"
    _inherit = "actionstep.document"
    _order = "applied_on desc, id desc"

    _kind = kinds.CREDIT_USE
    _date_field = "applied_on"
    _job_field = "credit_application_id"
    _push_priority = 50
    _removal_priority = 2
    _is_settlement = True
    _quickbooks_page = "recvpayment"

    credit_note_id = fields.Many2one(
        "actionstep.credit.note", required=True, index=True, ondelete="cascade"
    )
    # Its own as a document, but those of its credit note.
    participant_id = fields.Many2one(
        related="credit_note_id.participant_id", store=True
    )
    currency_code = fields.Char(related="credit_note_id.currency_code")
    currency_id = fields.Many2one(related="credit_note_id.currency_id", store=True)
    bill_external_id = fields.Char(string="Bill ID", required=True, readonly=True)
    invoice_id = fields.Many2one(
        "actionstep.invoice", readonly=True, index="btree_not_null"
    )
    applied_on = fields.Date(readonly=True)
    amount = fields.Monetary(readonly=True)
    is_deleted = fields.Boolean(string="Deleted in Actionstep", readonly=True)
    job_ids = fields.One2many("actionstep.sync.job", "credit_application_id")

    _external_once = models.UniqueIndex("(connection_id, external_id)")
    _quickbooks_once = models.UniqueIndex(
        "(connection_id, quickbooks_id) WHERE quickbooks_id IS NOT NULL"
    )

    @api.depends("credit_note_id.number", "invoice_id.number")
    def _compute_display_name(self):
        for one in self:
            bill = one.invoice_id.number or one.bill_external_id
            one.display_name = f"{one.credit_note_id.number or '-'} → {bill}"

    def _creation_message(self):
        """Override of `mail` to say where the document comes from."""
        self.ensure_one()
        return self.env._("Application of a credit note pulled from Actionstep.")

    # === FOR EACH KIND === #

    def _get_reference(self):
        """Override of `actionstep.document`."""
        self.ensure_one()
        system = self.connection_id.orgkey or self.connection_id.id
        credit_id = self.credit_note_id.external_id
        return (
            f"Actionstep credit {credit_id} to bill {self.bill_external_id} ({system})"
        )

    def _get_label(self):
        """Override of `actionstep.document`."""
        return self.env._(
            "application of credit note %(number)s to invoice %(bill)s",
            number=self.credit_note_id.number or "-",
            bill=self.invoice_id.number or self.bill_external_id,
        )

    def _get_number(self):
        """Override of `actionstep.document`."""
        return self.credit_note_id.number or ""

    def _get_total(self):
        """Override of `actionstep.document`."""
        return self.amount

    def _is_withdrawn(self):
        """Override of `actionstep.document`."""
        self.ensure_one()
        return self.is_deleted or self.credit_note_id.is_deleted

    def _get_removal_operation(self):
        """Override of `actionstep.document`: a payment of zero has nothing to void."""
        return "delete"

    def _prepare_sent(self, payload):
        """Override of `actionstep.document`: a payment has no number of its own."""
        return prepare_sent_payment(payload)

    def _get_customer(self):
        """Override of `actionstep.document`: who may settle the one with the other.

        That is the client, where they belong to two of its matters.
        """
        owner = self.credit_note_id._get_customer()
        payer = self.invoice_id._get_payer() or owner
        client = self.credit_note_id.participant_id
        if payer != owner and self.invoice_id.participant_id == client:
            return client
        return payer

    def _check_detail(self):
        """Override of `actionstep.document`: both sides must be in QuickBooks."""
        note = self.credit_note_id
        if not note.quickbooks_id:
            is_left_out = note.state in ("skipped", "held")
            cause = "credit_left_out" if is_left_out else "credit_unknown"
            raise DataError(cause, values={"credit": note.number or note.external_id})
        if self.invoice_id._get_left_out():
            bill = self.invoice_id._get_number()
            raise DataError("allocation_left_out", values={"bill": bill})

    def _to_value(self, maps):
        """Override of `actionstep.document`."""
        self.ensure_one()
        return CreditUse(
            reference=self._get_reference(),
            customer_id=self._get_customer().quickbooks_id or "",
            currency=self.currency_code or "",
            applied_on=self.applied_on,
            amount=from_answer(self.amount),
            credit_quickbooks_id=self.credit_note_id.quickbooks_id or "",
            invoice_quickbooks_id=self.invoice_id.quickbooks_id or None,
            credit_number=self.credit_note_id.number or "",
            bill_number=self.invoice_id.number or self.bill_external_id,
            quickbooks_id=self.quickbooks_id or None,
            sync_token=self.quickbooks_sync_token or None,
            exchange_rate=self._get_exchange_rate(),
        )

    # === STAGING === #

    @api.model
    def _replace(self, note, applications, invoices):
        """Bring the applications of a credit note up to date; none is deleted here.

        What is no longer applied is withdrawn, so that it leaves QuickBooks, too.

        :param applications: neutral applications; two to one bill are added up
        :param invoices: ``{bill id: invoice}`` of the bills that are known
        :return: the applications that are new or changed
        """
        rows = self._prepare_rows(note, applications, invoices)
        stored = {one.bill_external_id: one for one in note.application_ids}
        changed = self.browse()
        for bill_id, one in stored.items():
            if one._write_header(rows.pop(bill_id, {"is_deleted": True})):
                changed |= one
        return changed | self.create(list(rows.values()))

    @api.model
    def _prepare_rows(self, note, applications, invoices):
        """Return ``{bill id: values}`` of what a credit note settles."""
        rows = {}
        for one in sorted(applications, key=lambda one: str(one.applied_on or "")):
            row = rows.setdefault(
                one.bill_id,
                {
                    "connection_id": note.connection_id.id,
                    "credit_note_id": note.id,
                    "external_id": f"{note.external_id}/{one.bill_id}",
                    "bill_external_id": one.bill_id,
                    "invoice_id": invoices.get(one.bill_id, self.invoice_id).id,
                    "applied_on": one.applied_on or note.credit_date,
                    "amount": 0.0,
                    "is_deleted": False,
                },
            )
            row["amount"] = float(from_answer(row["amount"]) + one.amount)
        return rows
