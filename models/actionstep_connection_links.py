"""Open in Actionstep: the firm's own addresses of its documents there.

No interface of Actionstep tells the address of a bill's page, and the only link form
that the vendor ever published is signed with the app's secret and unconfirmed today. So
the firm copies the address from its browser and puts a placeholder where the id stands.
"""

import re
from urllib.parse import quote, urlsplit

from odoo import api, fields, models
from odoo.exceptions import ValidationError

PLACEHOLDER = re.compile(r"\{(\w+)\}")
PLACEHOLDERS = {"id", "matter", "client", "orgkey"}
ADDRESS_FIELDS = ("bill_address", "receipt_address", "credit_note_address")
ADDRESS_HELP = (
    "Copy the address of one from your browser and put {id} in the place of its id; "
    "{matter}, {client} and {orgkey} are also filled in. Empty: no button."
)


class ActionstepConnection(models.Model):
    _inherit = "actionstep.connection"

    bill_address = fields.Char(string="Address of a Bill", help=ADDRESS_HELP)
    receipt_address = fields.Char(string="Address of a Receipt", help=ADDRESS_HELP)
    credit_note_address = fields.Char(
        string="Address of a Credit Note", help=ADDRESS_HELP
    )

    @api.constrains(*ADDRESS_FIELDS)
    def _check_addresses(self):
        """Refuse what is no address of a page, or names what nobody can fill in."""
        for connection in self:
            for name in ADDRESS_FIELDS:
                address = connection[name] or ""
                if not address:
                    continue
                unknown = set(PLACEHOLDER.findall(address)) - PLACEHOLDERS
                parts = urlsplit(PLACEHOLDER.sub("", address))
                if unknown or parts.scheme != "https" or not parts.hostname:
                    raise ValidationError(
                        self.env._(
                            "%(address)s is no address of a page in Actionstep. It "
                            "begins with https:// and may hold {id}, {matter}, "
                            "{client} and {orgkey}.",
                            address=address,
                        )
                    )


class ActionstepDocument(models.AbstractModel):
    _inherit = "actionstep.document"

    _address_field = None  # of the connection: where Actionstep shows it to people

    actionstep_url = fields.Char(compute="_compute_actionstep_url")

    @api.depends("connection_id", "external_id", "is_derived")
    def _compute_actionstep_url(self):
        for document in self:
            field_name = self._address_field
            address = field_name and document.connection_id[field_name]
            # What was concluded from totals has no page of its own.
            document.actionstep_url = (
                document._fill_address(address)
                if address and not document.is_derived
                else False
            )

    def _fill_address(self, address):
        """Return an address with the ids of this document in it."""
        values = {
            "id": self.external_id,
            "matter": (self.matter_external_ids or [""])[0],
            "client": self.client_external_id,
            "orgkey": self.connection_id.orgkey,
        }
        return PLACEHOLDER.sub(
            lambda found: quote(str(values[found[1]] or ""), safe=""), address
        )

    # === ACTION METHODS === #

    def action_open_in_actionstep(self):
        """Open the document in Actionstep."""
        self.ensure_one()
        self.check_access("read")
        return {"type": "ir.actions.act_url", "url": self.actionstep_url}
