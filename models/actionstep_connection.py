from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.orm.models import NO_ACCESS

# The fields that hold a connection's documents, by kind.
DOCUMENTS = (
    "invoice_ids",
    "credit_note_ids",
    "payment_ids",
    "credit_application_ids",
)
# What decides whether a document can go without its details.
DETAIL_SETTINGS = {
    "detail_source",
    "detail_policy",
    "totals_account_id",
    "totals_tax_free_code_id",
}
# How one side stands; the connection shows it for each of the two.
CREDENTIAL_STATES = [
    ("disconnected", "Not connected"),
    ("connected", "Connected"),
    ("reauth_required", "Reconnect needed"),
]
ADMINISTRATOR = "actionstep_quickbooks.group_administrator"


class ActionstepConnection(models.Model):
    """One firm's Actionstep organisation paired with one QuickBooks company.

    What it does stands in files beside this one, one a capability: ``_keys`` holds the
    app keys and addresses, ``_oauth`` connects, ``_lists`` loads the lists, ``_pull``
    reads bills, ``_plan`` writes jobs, ``_push`` sends them, ``_remove`` takes
    documents out again, ``_recover`` finds out what became of lost answers, and
    ``_sync`` is the scheduled action that runs them.
    """

    _name = "actionstep.connection"
    _description = "Actionstep Connection"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "company_id, name, id"
    _check_company_auto = True

    name = fields.Char(required=True, default=lambda self: self.env.company.name)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company", required=True, index=True, default=lambda self: self.env.company
    )
    user_id = fields.Many2one(
        "res.users",
        string="Responsible",
        default=lambda self: self.env.user,
        help="Who is told when the connection has ended.",
    )
    environment = fields.Selection(
        [
            ("production", "Production"),
            ("sandbox", "Sandbox"),
            ("local", "Local"),
        ],
        required=True,
        default="production",
        help="Local reaches servers on this very machine only: for trying things out.",
    )

    # State, from what the two sides say:
    #   draft --[both sides connected]--> connected --[Sales Invoices on]--> active
    #   connected, active --[grant refused]--> reauth_required --[Reconnect]--> back
    #   connected, active --[Pause, or blocked by Intuit]--> paused --[Resume]--> back
    state = fields.Selection(
        [
            ("draft", "New"),
            ("connected", "Connected"),
            ("active", "Active"),
            ("paused", "Paused"),
            ("reauth_required", "Reconnect needed"),
        ],
        compute="_compute_state",
        store=True,
        tracking=True,
    )
    is_paused = fields.Boolean(copy=False)
    pause_reason = fields.Char(copy=False, readonly=True)
    resume_at = fields.Datetime(
        string="Waits Until",
        copy=False,
        readonly=True,
        help="A vendor asked us to wait, or could not be reached.",
    )
    failure_count = fields.Integer(copy=False, readonly=True)

    credential_ids = fields.One2many(
        "actionstep.credential", "connection_id", groups=NO_ACCESS
    )
    actionstep_state = fields.Selection(
        CREDENTIAL_STATES,
        string="Actionstep",
        compute="_compute_state",
        store=True,
    )
    quickbooks_state = fields.Selection(
        CREDENTIAL_STATES,
        string="QuickBooks",
        compute="_compute_state",
        store=True,
    )
    # What the two sides are; kept at connect and at each refresh of the lists.
    orgkey = fields.Char(string="Actionstep System", copy=False, readonly=True)
    realm_id = fields.Char(
        string="QuickBooks Company ID", copy=False, readonly=True, index=True
    )
    quickbooks_company_name = fields.Char(
        string="QuickBooks Company", copy=False, readonly=True
    )
    quickbooks_country = fields.Char(
        string="QuickBooks Country", copy=False, readonly=True
    )
    quickbooks_currency_id = fields.Many2one(
        "res.currency", string="QuickBooks Currency", copy=False, readonly=True
    )
    quickbooks_multicurrency = fields.Boolean(copy=False, readonly=True)
    quickbooks_sales_tax = fields.Boolean(copy=False, readonly=True)
    quickbooks_automated_tax = fields.Boolean(copy=False, readonly=True)
    quickbooks_custom_numbers = fields.Boolean(copy=False, readonly=True)
    quickbooks_close_date = fields.Date(copy=False, readonly=True)
    lists_loaded_at = fields.Datetime(copy=False, readonly=True)

    push_invoices = fields.Boolean(
        string="Sales Invoices",
        copy=False,
        tracking=True,
        help="Push the bills of Actionstep into QuickBooks.",
    )
    start_date = fields.Date(
        help="Bills dated before this day are never pushed. Empty: all of them.",
        tracking=True,
    )

    removal = fields.Selection(
        [("delete", "Delete it in QuickBooks"), ("void", "Void it in QuickBooks")],
        string="When Deleted in Actionstep",
        default="delete",
        required=True,
        help="What happens in QuickBooks when a bill or payment is deleted in "
        "Actionstep. The invoice of a bill that went back to draft is always deleted: "
        "its number is needed again. QuickBooks cannot void a credit memo, nor what is "
        "applied of it: those are always deleted.",
    )
    detail_source = fields.Selection(
        [
            ("totals", "Totals of the bills"),
            ("reporting", "Reporting database"),
            ("files", "Files"),
        ],
        string="Details Come from",
        default="reporting",
        required=True,
        tracking=True,
        help="Actionstep offers the totals of a bill, but not its lines, payments and "
        "credit notes. These come from the firm's reporting database, from files that "
        "you upload, or are concluded from the totals.",
    )
    detail_policy = fields.Selection(
        [
            ("wait", "Waits for its lines"),
            ("totals_first", "Goes by its totals first"),
        ],
        string="A Bill without Lines",
        default="wait",
        required=True,
        help="By its totals: it is pushed at once with one line, and the same invoice "
        "gets its own lines when they arrive.",
    )
    totals_account_id = fields.Many2one(
        "actionstep.account",
        string="Fee Account of Totals",
        domain="[('connection_id', '=', id), ('is_header', '=', False)]",
        help="Stands for the whole bill where its lines are not known.",
    )
    totals_tax_free_code_id = fields.Many2one(
        "actionstep.tax.code",
        string="Tax Code of Bills without Tax",
        domain="[('connection_id', '=', id), ('percentage', '=', 0)]",
    )
    line_detail = fields.Selection(
        [
            ("lines", "One for each line in Actionstep"),
            ("summary", "One for each product and tax code"),
        ],
        string="Lines in QuickBooks",
        default="lines",
        required=True,
    )
    customer_level = fields.Selection(
        [("client", "The client"), ("matter", "The matter, below its client")],
        string="Customer in QuickBooks",
        default="client",
        required=True,
        help="A document over several matters always goes to the client. What stands "
        "in QuickBooks already stays with the customer it has.",
    )
    write_off_prefixes = fields.Char(
        default="WO-",
        help="A credit note whose number begins so is a write-off. Several are "
        "separated by commas.",
    )
    write_off_item_id = fields.Many2one(
        "quickbooks.item",
        string="Product of Write-offs",
        domain="[('connection_id', '=', id)]",
        help="All lines of write-offs go to this product or service. Empty: they "
        "follow the sales invoice account map, as credit notes do.",
    )
    deposit_to = fields.Selection(
        [
            ("map", "Account by the GL account map"),
            ("undeposited", "Undeposited Funds"),
        ],
        string="Payments Go to",
        default="map",
        required=True,
        help="Trust money always goes by the map, and only to a trust account.",
    )
    deposit_account_id = fields.Many2one(
        "quickbooks.account",
        string="Account of Derived Payments",
        domain="[('connection_id', '=', id), ('account_type', '=', 'Bank'), "
        "('is_trust', '=', False)]",
        help="Where payments go that are concluded from the totals of bills. Empty: "
        "Undeposited Funds.",
    )

    item_mapping_ids = fields.One2many(
        "actionstep.item.mapping", "connection_id", string="Sales Invoice Account Map"
    )
    account_mapping_ids = fields.One2many(
        "actionstep.account.mapping", "connection_id", string="GL Account Map"
    )
    tax_mapping_ids = fields.One2many(
        "actionstep.tax.mapping", "connection_id", string="Sales Tax Map"
    )
    account_ids = fields.One2many("actionstep.account", "connection_id")
    tax_code_ids = fields.One2many("actionstep.tax.code", "connection_id")
    quickbooks_item_ids = fields.One2many("quickbooks.item", "connection_id")
    quickbooks_account_ids = fields.One2many("quickbooks.account", "connection_id")
    quickbooks_tax_code_ids = fields.One2many("quickbooks.tax.code", "connection_id")
    quickbooks_payment_method_ids = fields.One2many(
        "quickbooks.payment.method", "connection_id"
    )
    invoice_ids = fields.One2many("actionstep.invoice", "connection_id")
    payment_ids = fields.One2many("actionstep.payment", "connection_id")
    credit_note_ids = fields.One2many("actionstep.credit.note", "connection_id")
    credit_application_ids = fields.One2many(
        "actionstep.credit.application", "connection_id"
    )
    # The server starts, stops and removes what stands here, as superuser: nobody else
    # may point it to a scheduled action that is not ours.
    cron_id = fields.Many2one(
        "ir.cron",
        string="Scheduled Action",
        copy=False,
        readonly=True,
        groups="base.group_system",
    )

    _realm_once = models.UniqueIndex(
        "(realm_id) WHERE realm_id IS NOT NULL AND active",
        "This QuickBooks company already belongs to another connection.",
    )

    # === COMPUTE METHODS === #

    @api.depends("credential_ids.state", "push_invoices", "is_paused")
    def _compute_state(self):
        for connection in self:
            # Credentials are readable to the server alone.
            sides = {c.side: c.state for c in connection.sudo().credential_ids}
            connection.actionstep_state = sides.get("actionstep", "disconnected")
            connection.quickbooks_state = sides.get("quickbooks", "disconnected")
            states = {connection.actionstep_state, connection.quickbooks_state}
            if "reauth_required" in states:
                connection.state = "reauth_required"
            elif "disconnected" in states:
                connection.state = "draft"
            elif connection.is_paused:
                connection.state = "paused"
            else:
                connection.state = "active" if connection.push_invoices else "connected"

    # === CONSTRAINT METHODS === #

    @api.constrains("push_invoices")
    def _check_push_invoices(self):
        for connection in self.filtered("push_invoices"):
            missing = connection._get_missing_maps()
            if missing:
                raise ValidationError("\n".join(missing))

    def _get_write_off_prefixes(self):
        """Return what the number of a write-off begins with, without regard to case."""
        prefixes = (self.write_off_prefixes or "").casefold().split(",")
        return tuple(filter(None, (prefix.strip() for prefix in prefixes)))

    def _get_missing_maps(self):
        """Return the sentences that say why Sales Invoices cannot be turned on."""
        self.ensure_one()
        missing = []
        if self.actionstep_state != "connected" or self.quickbooks_state != "connected":
            missing.append(self.env._("Connect both Actionstep and QuickBooks first."))
        mapped = self.item_mapping_ids.filtered(lambda line: not line.is_broken)
        sections = set(mapped.account_id.mapped("section"))
        if "income" not in sections:
            missing.append(
                self.env._(
                    "Map at least one income account to a product or service before "
                    "turning Sales Invoices on."
                )
            )
        if "expense" not in sections:
            missing.append(
                self.env._(
                    "Map at least one expense account to a product or service before "
                    "turning Sales Invoices on."
                )
            )
        return missing

    # === CRUD METHODS === #

    @api.model
    def _has_field_access(self, field, operation):
        """Override of `_has_field_access` to let only the server write what it knows.

        The binding to the two accounts and the state come from them, not from a call.
        """
        is_closed = operation == "write" and field.readonly and not self.env.su
        return not is_closed and super()._has_field_access(field, operation)

    def write(self, vals):
        if {"company_id", "environment"} & vals.keys():
            self._check_not_in_use(vals)
        result = super().write(vals)
        if DETAIL_SETTINGS & vals.keys():
            self._plan_waiting()
        if "company_id" in vals:
            # Odoo asked before the move; the new company must be the user's, too.
            self.check_access("write")
        if {"push_invoices", "is_paused", "active"} & vals.keys():
            self._update_cron()
        elif {"start_date", *DETAIL_SETTINGS} & vals.keys():
            # What the change lets in goes now, and shows as progress.
            self._trigger_cron()
        return result

    def _plan_waiting(self):
        """Have it decided anew about what waits: the settings may let it go."""
        waiting = [("connection_id", "in", self.ids), ("state", "=", "waiting")]
        for name in DOCUMENTS:
            model = self.env[self._fields[name].comodel_name].sudo()
            model.search(waiting).needs_plan = True

    def _check_not_in_use(self, vals):
        """Refuse to move a connection whose records name ids of its two accounts."""
        for connection in self:
            is_moved = connection._is_changed(vals, "company_id")
            is_elsewhere = connection._is_changed(vals, "environment")
            if (is_moved and connection._has_bindings()) or (
                is_elsewhere and connection._is_bound()
            ):
                raise ValidationError(
                    self.env._(
                        "%(name)s already has maps or documents of its two accounts. "
                        "Make a new connection for another company or environment.",
                        name=connection.name,
                    )
                )

    def _is_changed(self, vals, field_name):
        """Tell whether values to write change a field of this connection."""
        field = self._fields[field_name]
        return field_name in vals and field.convert_to_cache(
            vals[field_name], self
        ) != field.convert_to_cache(self[field_name], self)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_pushed(self):
        for connection in self:
            if connection._has_bindings():
                raise ValidationError(
                    self.env._(
                        "%(name)s has documents in QuickBooks. Archive the connection "
                        "instead: their links and their history stay.",
                        name=connection.name,
                    )
                )

    def unlink(self):
        # The scheduled action belongs to the connection; only the system may drop it.
        crons_sudo = self.sudo().cron_id
        result = super().unlink()
        crons_sudo.unlink()
        return result

    # === ACTION METHODS === #

    def action_pause(self):
        """Stop pushing until somebody resumes; the queue is kept."""
        self.is_paused = True

    def action_resume(self):
        """Go on after a pause, at once."""
        self.is_paused = False
        self.sudo().write({"pause_reason": False, "resume_at": False})
        self._trigger_cron()

    def action_open_mapping(self):
        """Open the mapping page of this connection."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "actionstep_quickbooks.action_actionstep_mapping"
        )
        form = self.env.ref(
            "actionstep_quickbooks.view_actionstep_connection_mapping_form"
        )
        return {**action, "views": [(form.id, "form")], "res_id": self.id}

    def action_open_invoices(self):
        """Open the invoices of this connection; the context may name a filter."""
        return self._open_documents("action_actionstep_invoice")

    def action_open_payments(self):
        """Open the payments of this connection."""
        return self._open_documents("action_actionstep_payment")

    def action_open_credit_notes(self):
        """Open the credit notes and write-offs of this connection."""
        return self._open_documents("action_actionstep_credit_note")

    def action_open_attention(self):
        """Open what needs attention of this connection."""
        return self._open_documents("action_actionstep_cause")

    def _open_documents(self, action):
        self.ensure_one()
        values = self.env["ir.actions.act_window"]._for_xml_id(
            f"actionstep_quickbooks.{action}"
        )
        return {
            **values,
            "domain": [("connection_id", "=", self.id)],
            "context": dict(self.env.context),
        }
