from decimal import Decimal

from odoo import api, fields, models

from ..documents import Invoice
from ..exceptions import DataError
from ..mappers import kinds
from ..mappers.money import from_answer, same_cents

# What the next nightly load, or the next file, brings by itself.
DETAIL_CAUSES = ("lines_missing", "lines_outdated")


# After payments and what is applied of credits.
LOWERED_PRIORITY = 60


class ActionstepInvoice(models.Model):
    """A bill of Actionstep."""

    _name = "actionstep.invoice"
    _description = "Actionstep Invoice"
    _inherit = "actionstep.sale"
    _order = "invoice_date desc, id desc"

    _kind = kinds.INVOICE
    _address_field = "bill_address"
    _value_class = Invoice
    _date_field = "invoice_date"
    _job_field = "invoice_id"
    _push_priority = 20
    _removal_priority = 5
    _quickbooks_page = "invoice"

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
    invoice_date = fields.Date(readonly=True, index=True)
    due_date = fields.Date(readonly=True)
    amount_paid = fields.Monetary(string="Paid", readonly=True)
    lines_modified_at = fields.Datetime(string="Lines Changed", readonly=True)
    is_by_totals = fields.Boolean(
        string="From Totals",
        readonly=True,
        copy=False,
        help="Stands in QuickBooks with one line made of its totals, for want of its "
        "own lines.",
    )
    line_ids = fields.One2many("actionstep.invoice.line", "invoice_id", readonly=True)
    allocation_ids = fields.One2many("actionstep.payment.allocation", "invoice_id")
    application_ids = fields.One2many("actionstep.credit.application", "invoice_id")
    job_ids = fields.One2many("actionstep.sync.job", "invoice_id")

    _external_once = models.UniqueIndex("(connection_id, external_id)")
    _quickbooks_once = models.UniqueIndex(
        "(connection_id, quickbooks_id) WHERE quickbooks_id IS NOT NULL"
    )

    def _creation_message(self):
        """Override of `mail` to say where the document comes from."""
        self.ensure_one()
        return self.env._("Bill pulled from Actionstep.")

    # === FOR EACH KIND === #

    def _get_reference(self):
        """Override of `actionstep.document`."""
        self.ensure_one()
        system = self.connection_id.orgkey or self.connection_id.id
        return f"Actionstep bill {self.external_id} ({system})"

    def _get_label(self):
        """Override of `actionstep.document`."""
        number = self.quickbooks_number or self.number or "-"
        return self.env._("invoice %(number)s", number=number)

    def _is_withdrawn(self):
        """Override of `actionstep.document`."""
        self.ensure_one()
        return self.bill_status in ("Draft", "Deleted")

    def _get_removal_operation(self):
        """Override of `actionstep.document` for a draft, which is always deleted.

        It comes back, mostly with the number that a voided invoice would keep.
        """
        if self.bill_status == "Draft":
            return "delete"
        return super()._get_removal_operation()

    def _get_push_priority(self):
        """Override of `actionstep.document` for an invoice that becomes less.

        QuickBooks refuses that, or takes money back by itself, as long as more is
        settled: so payments and credits change first.
        """
        is_less = self.quickbooks_id and self.amount_total < self.quickbooks_total
        return LOWERED_PRIORITY if is_less else super()._get_push_priority()

    def _set_pushed(self, bindings):
        """Override of `actionstep.document` for an invoice that became less.

        QuickBooks may have taken money back from what settles it: that is no change
        by a person.
        """
        for invoice, binding in bindings.items():
            if binding["quickbooks_total"] < invoice.quickbooks_total:
                for dependants in invoice._get_dependants():
                    dependants.quickbooks_fingerprint = False
        return super()._set_pushed(bindings)

    def _get_dependants(self):
        """Override of `actionstep.document`."""
        return [self.allocation_ids.payment_id, self.application_ids]

    def _get_objection(self, row):
        """Override of `actionstep.document` to leave what is paid in QuickBooks."""
        is_paid = from_answer(row.get("Balance")) != from_answer(row.get("TotalAmt"))
        if not row.get("LinkedTxn") and not is_paid:
            return super()._get_objection(row)
        ours = self._get_settled_by(row.get("LinkedTxn") or [])
        if ours:
            return DataError("settled_by_ours", values={"what": ours})
        return DataError("paid_in_quickbooks")

    def _get_settled_by(self, links):
        """Return the names of our own documents that these links are, if all are.

        :param links: the LinkedTxn of QuickBooks' invoice
        """
        ids = {link["TxnId"] for link in links if link["TxnType"] == "Payment"}
        mine = [("connection_id", "=", self.connection_id.id)]
        mine.append(("quickbooks_id", "in", list(ids)))
        payments = self.env["actionstep.payment"].search(mine)
        uses = self.env["actionstep.credit.application"].search(mine)
        if not links or len(payments) + len(uses) != len(links):
            return ""
        return ", ".join(one._get_label() for one in (*payments, *uses))

    def _check_detail(self):
        """Override of `actionstep.document` to refuse lines that are not the bill's."""
        problem = None if self._is_totals_enough() else self._get_line_problem()
        if problem:
            raise problem

    def _prepare_value(self):
        """Override of `actionstep.sale`."""
        return {"invoice_date": self.invoice_date, "due_date": self.due_date or None}

    def _get_payer(self):
        """Return what is bound to the customer who pays all of these invoices.

        QuickBooks takes a payment for the invoices of one customer only, whoever sent
        the money: empty when the invoices belong to several.
        """
        customers = {invoice._get_customer() for invoice in self}
        if len(customers) == 1:
            return customers.pop()
        clients = self.participant_id
        return clients if len(clients) == 1 else clients.browse()

    def _get_paid_otherwise(self):
        """Return what is paid of a bill beside the receipts and credits we know."""
        self.ensure_one()
        if self._is_withdrawn():
            return from_answer(0)
        real = self.allocation_ids.filtered(
            lambda one: not (one.payment_id.is_derived or one.payment_id.is_deleted)
        )
        uses = self.application_ids.filtered(lambda one: not one._is_withdrawn())
        known = [*real.mapped("amount"), *uses.mapped("amount")]
        return from_answer(self.amount_paid) - sum(map(from_answer, known))

    def _get_left_out(self):
        """Return those of these invoices that are not pushed, as things stand."""
        return self.filtered(
            lambda invoice: (
                not invoice.quickbooks_id
                and (invoice.state in ("skipped", "held") or invoice._is_withdrawn())
            )
        )

    # === LINES === #

    def _is_totals_enough(self):
        """Override of `actionstep.sale`."""
        self.ensure_one()
        if self.connection_id.detail_source == "totals":
            return True
        if self.connection_id.detail_policy != "totals_first":
            return False
        problem = self._get_line_problem()
        return bool(problem) and problem.cause in DETAIL_CAUSES

    def _get_line_problem(self):
        """Return why the lines are not those of the bill as it is now, or None."""
        if not self.line_ids:
            return DataError("lines_missing")
        net, tax = self.line_ids._sum()
        if same_cents(net, from_answer(self.amount_untaxed)) and same_cents(
            tax, from_answer(self.amount_tax)
        ):
            return self.line_ids._get_kind_problem()
        values = {"lines": self._format_amount(float(net + tax))}
        is_outdated = (
            self.modified_at
            and self.lines_modified_at
            and self.modified_at > self.lines_modified_at
        )
        cause = "lines_outdated" if is_outdated else "lines_mismatch"
        return DataError(cause, values=values)

    # === STAGING === #

    def _write_header(self, values, beside=("amount_paid", "modified_at")):
        """Override of `actionstep.document`.

        A payment in Actionstep moves these two; the invoice stays what it is.
        """
        client_id = self.client_external_id
        is_content = super()._write_header(values, beside)
        if is_content:
            # What is applied of credit notes names the bill.
            self.application_ids.needs_plan = True
        if self.client_external_id != client_id:
            # Payments are those of the invoice's customer.
            self._flag_dependants()
        return is_content

    @api.model
    def _replace_lines(self, lines_by_invoice):
        """Replace the lines of invoices where they differ from what is stored.

        :param lines_by_invoice: ``{invoice: neutral bill lines}``
        :return: the invoices whose lines changed
        """
        changed = self.env["actionstep.invoice.line"]._replace(lines_by_invoice)
        for invoice, lines in lines_by_invoice.items():
            times = (line.modified_at for line in lines)
            newest = max(filter(None, times), default=None)
            if invoice in changed or invoice.lines_modified_at != newest:
                invoice.write({"lines_modified_at": newest, "needs_plan": True})
        return changed

    def _prepare_binding(self, answer):
        """Override of `actionstep.document` to keep whether it went by its totals."""
        binding = super()._prepare_binding(answer)
        return {**binding, "is_by_totals": self._is_totals_enough()}


class ActionstepInvoiceLine(models.Model):
    _name = "actionstep.invoice.line"
    _description = "Actionstep Invoice Line"
    _inherit = "actionstep.document.line"
    _order = "invoice_id, line_no, id"
    _document_field = "invoice_id"

    invoice_id = fields.Many2one(
        "actionstep.invoice", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        "res.company", related="invoice_id.company_id", store=True
    )
    currency_id = fields.Many2one(related="invoice_id.currency_id")
    quantity = fields.Float(digits=(16, 6), readonly=True)
    unit_price = fields.Float(digits=(16, 4), readonly=True)
    matter_external_id = fields.Char(string="Matter", readonly=True)
    timekeeper = fields.Char(readonly=True)
    product_service = fields.Char(
        readonly=True, help="Names the QuickBooks product instead of the map."
    )
    service_date = fields.Date(readonly=True)

    @api.model
    def _prepare(self, line):
        """Override of `actionstep.document.line` for what only bills tell."""
        return {
            **super()._prepare(line),
            "quantity": float(line.quantity or 0),
            "unit_price": float(line.unit_price or 0),
            "matter_external_id": line.matter_id,
            "timekeeper": line.timekeeper,
            "service_date": line.service_date,
            "product_service": line.product_service,
        }

    def _get_item_id(self, maps):
        """Override of `actionstep.document.line`: it may name its product itself."""
        return maps.get_product_id(self.product_service) or super()._get_item_id(maps)

    def _to_value(self, maps):
        """Override of `actionstep.document.line` for what only bills tell."""
        return super()._to_value(
            maps,
            quantity=Decimal(repr(self.quantity)) if self.quantity else None,
            unit_price=Decimal(repr(self.unit_price)) if self.unit_price else None,
            service_date=self.service_date or None,
        )
