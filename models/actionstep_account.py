from odoo import api, fields, models

from ..mappers.pairs import Entry
from .formatted_name import formatted_name

# Words in the names of Actionstep's account types ("Accounts Receivable", "Bank", ...)
# by the part of the ledger they mean. The first match counts.
SECTION_WORDS = [
    ("expense", ("expense", "cost")),
    ("income", ("income", "revenue", "sales")),
    ("equity", ("equity",)),
    ("liability", ("liability", "payable", "credit card")),
    ("asset", ("asset", "bank", "receivable", "trust")),
]
# How accounts that hold money of clients are called: trust account, IOLTA (US), client
# account (GB). Actionstep has no flag that says so.
TRUST_WORDS = ("trust", "iolta", "client account", "client bank")


class ActionstepAccount(models.Model):
    _name = "actionstep.account"
    _description = "Actionstep Account"
    _inherit = "actionstep.list"
    _order = "number, name, id"
    _rec_names_search = ["number", "name"]

    number = fields.Char(readonly=True, index=True)
    account_type = fields.Char(string="Type", readonly=True)
    section = fields.Selection(
        [
            ("income", "Income"),
            ("expense", "Expense"),
            ("asset", "Asset"),
            ("liability", "Liability"),
            ("equity", "Equity"),
            ("other", "Other"),
        ],
        compute="_compute_section",
        store=True,
    )
    is_trust = fields.Boolean(
        string="Trust Account",
        compute="_compute_is_trust",
        store=True,
        help="Holds money of clients: its name or type says so.",
    )
    is_header = fields.Boolean(
        string="Heading", readonly=True, help="A heading takes no amounts."
    )

    _external_once = models.UniqueIndex("(connection_id, external_id)")

    @api.depends("account_type")
    def _compute_section(self):
        for account in self:
            text = (account.account_type or "").lower()
            account.section = next(
                (
                    section
                    for section, words in SECTION_WORDS
                    if any(word in text for word in words)
                ),
                "other",
            )

    @api.depends("name", "account_type")
    def _compute_is_trust(self):
        for account in self:
            text = f"{account.name or ''} {account.account_type or ''}".lower()
            account.is_trust = any(word in text for word in TRUST_WORDS)

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
            "is_header": value.is_header,
            "active": value.is_active,
        }

    def _is_bank(self):
        """Tell whether the type is one of accounts that hold money.

        A firm may keep its trust accounts under a type of their own; what it owes its
        clients is called so, too.
        """
        text = (self.account_type or "").lower()
        is_trust = self.section == "asset" and any(word in text for word in TRUST_WORDS)
        return "bank" in text or is_trust

    def _to_entry(self):
        """Return the neutral entry that pairs are checked with."""
        self.ensure_one()
        return Entry(
            key=self.id,
            number=self.number or "",
            name=self.name or "",
            section="" if self.section == "other" else self.section,
            is_bank=self._is_bank(),
            is_trust=self.is_trust,
        )
