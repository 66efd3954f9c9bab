"""Before You Get Started, and the guided way from a new connection to an active one."""

from datetime import timedelta
from decimal import Decimal
from urllib.parse import urlsplit

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import LazyTranslate

from .actionstep_connection import ADMINISTRATOR
from .checks import Facts, judge

_lt = LazyTranslate(__name__)

# How QuickBooks calls its accounts with money in the bank (reference of Account).
QUICKBOOKS_BANK = "Bank"
# Actionstep's types are the firm's own words; its wiki calls this one Bank.
BANK_WORD = "bank"
# Settings of the connection that a check looks at.
JUDGED_SETTINGS = {
    "start_date",
    "detail_source",
    "totals_account_id",
    "reporting_host",
}

NO_RIGHT = _lt("An administrator of this app sets the connection up.")
# What is said of each step to who may take it.
HINTS = {
    "keys": _lt(
        "Enter the client id and the client secret of your two apps under "
        "Keys, then connect. Actionstep's support gives out the one, Intuit's "
        "developer portal the other."
    ),
    "actionstep": _lt(
        "Connect Actionstep: sign in there as an administrator and agree."
    ),
    "quickbooks": _lt(
        "Actionstep is connected. Now connect QuickBooks: sign in there as an "
        "administrator and choose the company that keeps your books."
    ),
    "lists": _lt(
        "Both sides are connected. Next their accounts, products and tax codes "
        "load, which takes a few seconds; then you map them."
    ),
    "map": _lt(
        "The lists are here. Map your accounts and tax codes: at least one "
        "income and one expense account to a product or service."
    ),
    "details": _lt(
        "Your accounts are mapped. Choose under Documents where the lines of "
        "your bills, payments and credit notes come from."
    ),
    "switch": _lt(
        "What must be mapped is mapped. Turn Sales Invoices on, and your bills "
        "go to QuickBooks."
    ),
}


class ActionstepConnection(models.Model):
    _inherit = "actionstep.connection"

    check_ids = fields.One2many("actionstep.check", "connection_id", readonly=True)
    check_count = fields.Integer(
        string="Points to Check", compute="_compute_check_count"
    )
    setup_step = fields.Selection(
        [
            ("keys", "Keys"),
            ("actionstep", "Connect Actionstep"),
            ("quickbooks", "Connect QuickBooks"),
            ("lists", "Load lists"),
            ("map", "Map"),
            ("details", "Choose details"),
            ("switch", "Turn Sales Invoices on"),
            ("done", "Done"),
        ],
        compute="_compute_setup",
        help="What comes next on the way from a new connection to an active one.",
    )
    setup_hint = fields.Text(string="What Comes Next", compute="_compute_setup")
    quickbooks_offering = fields.Char(
        string="QuickBooks Edition", copy=False, readonly=True
    )
    quickbooks_subscription = fields.Char(copy=False, readonly=True)

    # === COMPUTE METHODS === #

    @api.depends("check_ids.state")
    def _compute_check_count(self):
        for connection in self:
            connection.check_count = len(connection.check_ids.filtered("is_open"))

    # Maps and settings count, too, once they are saved: to depend on them would ask the
    # server at each line that somebody edits.
    @api.depends(
        "state", "lists_loaded_at", "has_actionstep_secret", "has_quickbooks_secret"
    )
    @api.depends_context("lang", "uid")
    def _compute_setup(self):
        may_set_up = self.env.user.has_group(ADMINISTRATOR)
        for connection in self:
            step = connection._get_setup_step()
            connection.setup_step = step
            hint = HINTS.get(step, "") if may_set_up else NO_RIGHT
            connection.setup_hint = hint and self.env._(hint)

    def _get_setup_step(self):
        """Return the first step that is not done."""
        self.ensure_one()
        sides = {
            "actionstep": (self.actionstep_state, self.has_actionstep_secret),
            "quickbooks": (self.quickbooks_state, self.has_quickbooks_secret),
        }
        missing = [side for side in sides if sides[side][0] != "connected"]
        if any(not sides[side][1] for side in missing):
            return "keys"
        if missing:
            return missing[0]
        if self.push_invoices:
            return "done"
        if not self.lists_loaded_at:
            return "lists"
        if self._get_missing_maps():
            return "map"
        return "switch" if self._has_detail_source() else "details"

    def _has_detail_source(self):
        """Tell whether bills can go: their details have a source, or need none."""
        self.ensure_one()
        if self.detail_source == "totals":
            return bool(self.totals_account_id)
        # Where it is belongs to administrators; that it is known does not.
        return self.detail_source == "files" or bool(self.sudo().reporting_host)

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        """Override of `actionstep.connection` to show the checklist from the start."""
        connections = super().create(vals_list)
        connections._update_checks()
        return connections

    def write(self, vals):
        """Override of `actionstep.connection` to judge settings of ours at once."""
        result = super().write(vals)
        if JUDGED_SETTINGS & vals.keys():
            self._update_checks()
        return result

    # === ACTION METHODS === #

    def action_check_setup(self):
        """Read both sides again, as far as they are connected, and judge anew."""
        self.ensure_one()
        self._check_may_set_up()
        if self.state in ("draft", "reauth_required"):
            self._update_checks()
            return True
        failure = self._try_load_lists()
        return self._answer(failure) if failure else True

    def action_load_lists(self):
        """Load the lists after both sides were connected, and go on to the maps.

        :return: the mapping page; or a message, when a side cannot be read
        """
        self.ensure_one()
        self._check_may_set_up()
        failure = self._try_load_lists()
        return self._answer(failure) if failure else self.action_open_mapping()

    def action_turn_on(self):
        """Turn Sales Invoices on, and go to where the push is seen.

        Before details have a source, go to where that is chosen instead.
        """
        self.ensure_one()
        self._check_may_set_up()
        if self._get_setup_step() != "details":
            self.push_invoices = True
        return self._open_form()

    def _open_form(self):
        """Return the action that opens the connection, with nothing to go back to."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "actionstep_quickbooks.action_actionstep_connection"
        )
        form = self.env.ref("actionstep_quickbooks.view_actionstep_connection_form")
        return {
            **action,
            "views": [(form.id, "form")],
            "res_id": self.id,
            "target": "main",
        }

    def action_open_checks(self):
        """Open the points that are still open."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "actionstep_quickbooks.action_actionstep_check"
        )
        return {**action, "domain": [("connection_id", "=", self.id)]}

    def _check_may_set_up(self):
        if not self.env.user.has_group(ADMINISTRATOR):
            raise AccessError(
                self.env._(
                    "Only an administrator of Actionstep to QuickBooks may set up a "
                    "connection."
                )
            )
        self.check_access("write")

    def _answer(self, failure):
        """Return the message of a failure; the page behind it is read anew."""
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "danger",
                "sticky": True,
                "message": failure,
                "next": {"type": "ir.actions.act_window_close"},
            },
        }

    def _start_after_close(self):
        """Leave out what is dated in the closed books of QuickBooks."""
        self.start_date = self.quickbooks_close_date + timedelta(days=1)

    # === CHECKS === #

    def _load_lists(self, names=None):
        """Override of `actionstep.connection` to judge what was read."""
        result = super()._load_lists(names)
        self._update_checks()
        return result

    def _prepare_company(self, company):
        """Override of `actionstep.connection` to keep what the checks need."""
        return {
            **super()._prepare_company(company),
            "quickbooks_offering": company.offering,
            "quickbooks_subscription": company.subscription,
        }

    def _update_checks(self):
        """Judge the facts that were read; asks neither side."""
        for connection in self.sudo():
            connection.env["actionstep.check"]._store(
                connection, judge(connection._get_facts())
            )

    def _get_facts(self):
        """Return what was read of both sides; nothing before the lists have loaded."""
        self.ensure_one()
        settings = {
            "detail_source": self.detail_source,
            "has_detail_source": self._has_detail_source(),
        }
        if not self.lists_loaded_at:
            return Facts(**settings)
        accounts = self.account_ids.filtered(lambda account: not account.is_header)
        # What the firm owes its clients is called so, too.
        trust = accounts.filtered(lambda a: a.is_trust and a.section == "asset")
        banks = (accounts - trust).filtered(
            lambda a: BANK_WORD in (a.account_type or "").lower()
        )
        theirs = self.quickbooks_account_ids
        their_trust = theirs.filtered("is_trust")
        their_banks = theirs.filtered(lambda a: a.account_type == QUICKBOOKS_BANK)
        return Facts(
            is_read=True,
            account_count=len(accounts),
            sections=frozenset(accounts.mapped("section")),
            bank_accounts=tuple(banks.mapped("display_name")),
            trust_accounts=tuple(trust.mapped("display_name")),
            tax_codes=_get_rates(self.tax_code_ids),
            quickbooks_account_count=len(theirs),
            quickbooks_bank_accounts=tuple(
                (their_banks - their_trust).mapped("display_name")
            ),
            quickbooks_trust_accounts=tuple(their_trust.mapped("display_name")),
            quickbooks_item_count=len(self.quickbooks_item_ids),
            quickbooks_tax_codes=_get_rates(self.quickbooks_tax_code_ids),
            currency=self.quickbooks_currency_id.name or "",
            bill_currencies=self._get_bill_currencies(),
            is_multicurrency=self.quickbooks_multicurrency,
            uses_automated_tax=self.quickbooks_automated_tax,
            uses_custom_numbers=self.quickbooks_custom_numbers,
            offering=self.quickbooks_offering or "",
            subscription=self.quickbooks_subscription or "",
            close_date=self.quickbooks_close_date or None,
            start_date=self.start_date or None,
            **settings,
        )

    def _get_bill_currencies(self):
        groups = self.env["actionstep.invoice"]._read_group(
            [("connection_id", "=", self.id), ("currency_id", "!=", False)],
            ["currency_id"],
        )
        return frozenset(currency.name for [currency] in groups)

    def _get_actionstep_app_url(self):
        """Return where a person signs in to Actionstep: the host of its consent."""
        parts = urlsplit(self._get_address("actionstep_authorize_url"))
        return f"{parts.scheme}://{parts.netloc}/"


def _get_rates(codes):
    """Return names and rates of tax codes of either side, exact to their 4 places."""
    return tuple(
        (code.name, Decimal(f"{code.percentage:.4f}").normalize()) for code in codes
    )
