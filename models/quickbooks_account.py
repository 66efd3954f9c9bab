from odoo import api, fields, models

# developer.intuit.com, reference of Account: AccountSubType of a bank account.
TRUST_SUBTYPE = "TrustAccounts"


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

    @api.depends("number", "name")
    def _compute_display_name(self):
        for account in self:
            account.display_name = " ".join(
                filter(None, [account.number, account.name])
            )

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
