from datetime import date

from odoo import api, fields, models

from ..documents import Allocation, Payment
from ..exceptions import CAUSES, DataError, MappingError
from ..mappers import kinds
from ..mappers.money import from_answer, same_cents
from .changed import changed_values
from .maps import Maps


class ActionstepPayment(models.Model):
    """Money that came in from a client; Actionstep calls it a receipt."""

    _name = "actionstep.payment"
    _description = "Actionstep Payment"
    _inherit = "actionstep.document"
    _rec_names_search = ["reference", "external_id", "participant_id.name"]
    _order = "payment_date desc, id desc"

    _kind = kinds.PAYMENT
    _address_field = "receipt_address"
    _amount_field = "amount"
    _date_field = "payment_date"
    _job_field = "payment_id"
    _push_priority = 40
    _removal_priority = 3
    _is_settlement = True
    _quickbooks_page = "recvpayment"

    payment_date = fields.Date(readonly=True, index=True)
    amount = fields.Monetary(readonly=True)
    method = fields.Char(readonly=True)
    reference = fields.Char(
        readonly=True, index="trigram", help="The payer's, such as a cheque number."
    )
    memo = fields.Text(readonly=True)
    deposit_account_number = fields.Char(string="Paid into", readonly=True)
    is_from_trust = fields.Boolean(
        string="From Trust",
        readonly=True,
        help="Taken out of the client's trust money to pay the firm.",
    )
    is_confirmed = fields.Boolean(
        readonly=True,
        copy=False,
        help="A person said that this derived payment is money, and no credit.",
    )
    is_deleted = fields.Boolean(string="Deleted in Actionstep", readonly=True)
    allocation_ids = fields.One2many(
        "actionstep.payment.allocation", "payment_id", readonly=True
    )
    amount_unapplied = fields.Monetary(
        string="Unapplied",
        compute="_compute_amount_unapplied",
        store=True,
        help="Not allocated to a bill: credit of the client.",
    )
    # Where the money goes by the map as it is now, or why it goes nowhere.
    target_account = fields.Char(
        string="Account in QuickBooks", compute="_compute_target_account"
    )
    is_account_missing = fields.Boolean(compute="_compute_target_account")
    job_ids = fields.One2many("actionstep.sync.job", "payment_id")

    _external_once = models.UniqueIndex("(connection_id, external_id)")
    _quickbooks_once = models.UniqueIndex(
        "(connection_id, quickbooks_id) WHERE quickbooks_id IS NOT NULL"
    )

    @api.depends("amount", "allocation_ids.amount")
    def _compute_amount_unapplied(self):
        for payment in self:
            allocated = sum(payment.allocation_ids.mapped("amount"))
            payment.amount_unapplied = payment.amount - allocated

    @api.depends("deposit_account_number", "is_derived")
    def _compute_target_account(self):
        for connection, payments in self.grouped("connection_id").items():
            maps = Maps(connection)
            accounts = connection.with_context(active_test=False).quickbooks_account_ids
            names = {one.external_id: one.display_name for one in accounts}
            for payment in payments:
                payment._set_target_account(maps, names)

    def _set_target_account(self, maps, names):
        """Tell where the money goes, or why it goes nowhere.

        :param names: ``{QuickBooks id: name}`` of all accounts
        """
        try:
            account_id = maps.get_deposit_account_id(self)
            none = self.env._("Undeposited Funds")
            self.target_account = names.get(account_id, account_id) or none
            self.is_account_missing = False
        except MappingError as error:
            self.target_account = self.env._(CAUSES[error.cause].title)
            self.is_account_missing = True

    @api.depends("reference", "external_id")
    def _compute_display_name(self):
        for payment in self:
            payment.display_name = payment.reference or payment.external_id

    def _creation_message(self):
        """Override of `mail` to say where the document comes from."""
        self.ensure_one()
        if self.is_derived:
            return self.env._("Payment concluded from what is paid of a bill.")
        return self.env._("Payment pulled from Actionstep.")

    # === FOR EACH KIND === #

    def _get_reference(self):
        """Override of `actionstep.document`."""
        self.ensure_one()
        system = self.connection_id.orgkey or self.connection_id.id
        return f"Actionstep receipt {self.external_id} ({system})"

    def _get_label(self):
        """Override of `actionstep.document`."""
        return self.env._("payment %(number)s", number=self.display_name)

    def _get_number(self):
        """Override of `actionstep.document`."""
        return self.display_name

    def _get_total(self):
        """Override of `actionstep.document`."""
        return self.amount

    def _is_withdrawn(self):
        """Override of `actionstep.document`."""
        self.ensure_one()
        return self.is_deleted

    def _prepare_sent(self, payload):
        """Override of `actionstep.document`: a payment has no number of its own."""
        return prepare_sent_payment(payload)

    def _prepare_removal(self, row, operation):
        """Override of `actionstep.document` for the void, which is a sparse update.

        Some report that such an update must name customer and amount.
        """
        payload = super()._prepare_removal(row, operation)
        if operation == "void":
            names = ("CustomerRef", "TotalAmt")
            payload |= {name: row[name] for name in names if name in row}
            payload["sparse"] = True
        return payload

    def _get_customer(self):
        """Override of `actionstep.document`: that of the invoices it settles."""
        return self.allocation_ids.invoice_id._get_payer() or super()._get_customer()

    def _check_detail(self):
        """Override of `actionstep.document` to name bills that are never pushed."""
        left_out = self.allocation_ids.invoice_id._get_left_out()
        if left_out:
            numbers = ", ".join(invoice._get_number() for invoice in left_out)
            raise DataError("allocation_left_out", values={"bill": numbers})
        if self.is_derived and not self.is_confirmed and self._get_rivals():
            numbers = ", ".join(one._get_number() for one in self._get_rivals())
            raise DataError("payment_unclear", values={"credit": numbers})

    def _get_rivals(self):
        """Return the derived credits of this client, any of which may be applied here.

        Actionstep counts an applied credit as paid; the totals do not tell it from
        money.
        """
        return self.env["actionstep.credit.note"].search(
            [
                ("connection_id", "=", self.connection_id.id),
                ("client_external_id", "=", self.client_external_id),
                ("is_derived", "=", True),
                ("is_deleted", "=", False),
            ]
        )

    def _ask_again(self):
        """Override of `actionstep.document`: who wants it pushed says it is money."""
        unclear = self.filtered(lambda one: one.failure_cause == "payment_unclear")
        unclear.is_confirmed = True
        return super()._ask_again()

    def _to_value(self, maps):
        """Override of `actionstep.document`."""
        self.ensure_one()
        return Payment(
            reference=self._get_reference(),
            customer_id=self._get_customer().quickbooks_id or "",
            currency=self.currency_code or "",
            paid_on=self.payment_date,
            amount=from_answer(self.amount),
            allocations=tuple(one._to_value() for one in self.allocation_ids),
            number=self.reference or "",
            method=self.method or "",
            method_id=maps.get_payment_method_id(self.method),
            memo=self.memo or "",
            matter=", ".join(self.matter_ids.mapped("display_name")),
            deposit_account_id=maps.get_deposit_account_id(self),
            quickbooks_id=self.quickbooks_id or None,
            sync_token=self.quickbooks_sync_token or None,
            exchange_rate=self._get_exchange_rate(),
        )

    # === STAGING === #

    def _replace_allocations(self, allocations, invoices):
        """Replace what a payment settles where it differs from what is stored.

        :param allocations: neutral allocations; two to one bill are added up
        :param invoices: ``{bill id: invoice}`` of the bills that are known
        :return: whether something changed
        """
        self.ensure_one()
        amounts = {}
        for one in allocations:
            amounts[one.bill_id] = amounts.get(one.bill_id, 0) + one.amount
        rows = [
            {
                "bill_external_id": bill_id,
                "amount": float(amount),
                "invoice_id": invoices[bill_id].id if bill_id in invoices else False,
            }
            for bill_id, amount in sorted(amounts.items())
        ]
        stored = self.allocation_ids.sorted("bill_external_id")
        if len(stored) == len(rows) and not any(map(changed_values, stored, rows)):
            return False
        stored.unlink()
        self.allocation_ids.create([{**row, "payment_id": self.id} for row in rows])
        self.needs_plan = True
        return True


class ActionstepPaymentAllocation(models.Model):
    """How much of a payment settles one bill."""

    _name = "actionstep.payment.allocation"
    _description = "Allocation of an Actionstep Payment"
    _order = "payment_id, bill_external_id"

    payment_id = fields.Many2one(
        "actionstep.payment", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        "res.company", related="payment_id.company_id", store=True
    )
    currency_id = fields.Many2one(related="payment_id.currency_id")
    bill_external_id = fields.Char(string="Bill ID", required=True, readonly=True)
    invoice_id = fields.Many2one(
        "actionstep.invoice", readonly=True, index="btree_not_null"
    )
    amount = fields.Monetary(readonly=True)
    payment_date = fields.Date(related="payment_id.payment_date")
    payment_state = fields.Selection(related="payment_id.state")
    invoice_state = fields.Selection(related="invoice_id.state")

    def _set_derived_amount(self, amount):
        """Change what was concluded of one payment; nothing left removes it.

        :return: whether that is a change
        """
        self.ensure_one()
        is_same = same_cents(from_answer(self.amount), from_answer(amount))
        if is_same and self.payment_id.is_deleted == (not amount):
            return False
        self.amount = amount
        self.payment_id.write(
            {"amount": amount, "is_deleted": not amount, "needs_plan": True}
        )
        return True

    def _to_value(self):
        """Return the neutral allocation; its bill may not be in QuickBooks yet."""
        self.ensure_one()
        return Allocation(
            invoice_quickbooks_id=self.invoice_id.quickbooks_id or None,
            amount=from_answer(self.amount),
            bill_number=self.invoice_id.number or self.bill_external_id,
        )


def prepare_sent_payment(payload):
    """Return the values of a job by which a sent payment is found again."""
    return {
        "sent_customer": payload["CustomerRef"]["value"],
        "sent_date": date.fromisoformat(payload["TxnDate"]),
    }
