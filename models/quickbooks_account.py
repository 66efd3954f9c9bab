from odoo import api, fields, models

from ..mappers.pairs import Entry
from .formatted_name import formatted_name

# developer.intuit.com, reference of Account: AccountSubType of a bank account.
TRUST_SUBTYPE = "TrustAccounts"
# developer.intuit.com, reference of Account: AccountType by Classification.
SECTIONS = {
    "Bank": "asset",
    "Accounts Receivable": "asset",
    "Other Current Asset": "asset",
    "Fixed Asset": "asset",
    "Other Asset": "asset",
    "Accounts Payable": "liability",
    "Credit Card": "liability",
    "Other Current Liability": "liability",
    "Long Term Liability": "liability",
    "Equity": "equity",
    "Income": "income",
    "Other Income": "income",
    "Expense": "expense",
    "Other Expense": "expense",
    "Cost of Goods Sold": "expense",
}


class QuickbooksAccount(models.Model):
    _name = "quickbooks.account"
    _description = "QuickBooks Account"
    _inherit = "actionstep.list"
    _order = "number, name, id"
    _rec_names_search = ["number", "name"]

    number = fields.Char(readonly=True)
    account_type = fields.Char(string="Type", readonly=True)
    account_subtype = fields.Char(string="Detail Type", readonly=True)
    mapping_ids = fields.One2many("actionstep.account.mapping", "gl_account_id")
    is_mapped = fields.Boolean(compute="_compute_is_mapped")
    is_trust = fields.Boolean(
        string="Trust Account",
        compute="_compute_is_trust",
        store=True,
        help="Its detail type in QuickBooks is Trust account.",
    )

    _external_once = models.UniqueIndex("(connection_id, external_id)")

    def _compute_is_mapped(self):
        for account in self:
            account.is_mapped = bool(account.mapping_ids)

    @api.depends("account_subtype")
    def _compute_is_trust(self):
        for account in self:
            account.is_trust = account.account_subtype == TRUST_SUBTYPE

    @api.depends("number", "name", "account_type")
    @api.depends_context("formatted_display_name")
    def _compute_display_name(self):
        for account in self:
            name = " ".join(filter(None, [account.number, account.name]))
            account.display_name = formatted_name(account, name, account.account_type)

    @api.model
    def _prepare(self, value):
        """Override of `actionstep.list`."""
        return {
            "external_id": value.account_id,
            "number": value.number,
            "name": value.name,
            "account_type": value.account_type,
            "account_subtype": value.account_subtype,
            "active": value.is_active,
        }

    def _to_entry(self):
        """Return the neutral entry that pairs are checked with."""
        self.ensure_one()
        return Entry(
            key=self.id,
            number=self.number or "",
            name=self.name or "",
            section=SECTIONS.get(self.account_type, ""),
            is_bank=self.account_type == "Bank",
            is_trust=self.is_trust,
        )
