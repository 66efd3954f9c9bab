"""The keys of both apps and the addresses they go to: typed in, never read back."""

from urllib.parse import urlsplit

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..clients.transport import check_url
from ..const import (
    ACTIONSTEP_AUTHORIZE_URLS,
    ACTIONSTEP_DOMAINS,
    ACTIONSTEP_TOKEN_URLS,
    QUICKBOOKS_API_URLS,
    QUICKBOOKS_APP_URLS,
    QUICKBOOKS_DISCOVERY_URLS,
)
from ..exceptions import ConnectionStoppedError
from .actionstep_connection import ADMINISTRATOR

CALLBACK_PATH = "/actionstep_quickbooks/oauth"
LOCAL_ADDRESSES = (
    "local_actionstep_authorize_url",
    "local_actionstep_token_url",
    "local_quickbooks_discovery_url",
    "local_quickbooks_api_url",
)
# What says to which servers the keys of a side go.
SERVER_FIELDS = {
    "actionstep": ("environment",),
    "quickbooks": ("environment",),
    "reporting": ("reporting_host", "reporting_port"),
}


class ActionstepConnection(models.Model):
    _inherit = "actionstep.connection"

    actionstep_client_id = fields.Char(
        string="Actionstep Client ID",
        compute="_compute_secrets",
        inverse="_inverse_actionstep_client_id",
        groups=ADMINISTRATOR,
    )
    actionstep_client_secret = fields.Char(
        compute="_compute_secrets",
        inverse="_inverse_actionstep_client_secret",
        groups=ADMINISTRATOR,
    )
    quickbooks_client_id = fields.Char(
        string="QuickBooks Client ID",
        compute="_compute_secrets",
        inverse="_inverse_quickbooks_client_id",
        groups=ADMINISTRATOR,
    )
    quickbooks_client_secret = fields.Char(
        string="QuickBooks Client Secret",
        compute="_compute_secrets",
        inverse="_inverse_quickbooks_client_secret",
        groups=ADMINISTRATOR,
    )
    reporting_password = fields.Char(
        compute="_compute_secrets",
        inverse="_inverse_reporting_password",
        groups=ADMINISTRATOR,
    )
    has_actionstep_secret = fields.Boolean(compute="_compute_secrets")
    has_quickbooks_secret = fields.Boolean(compute="_compute_secrets")
    has_reporting_password = fields.Boolean(compute="_compute_secrets")
    actionstep_redirect_url = fields.Char(compute="_compute_redirect_urls")
    quickbooks_redirect_url = fields.Char(compute="_compute_redirect_urls")

    local_actionstep_authorize_url = fields.Char()
    local_actionstep_token_url = fields.Char()
    local_quickbooks_discovery_url = fields.Char(
        string="Local QuickBooks Discovery Url"
    )
    local_quickbooks_api_url = fields.Char(string="Local QuickBooks API Url")

    batches_away = fields.Integer(
        string="Batches at Once",
        default=16,
        required=True,
        aggregator=None,
        help="How many batches are under way to QuickBooks at once. Lower it if Intuit "
        "keeps asking to wait.",
    )
    _batches_away_positive = models.Constraint(
        "CHECK (batches_away BETWEEN 1 AND 40)",
        "Between 1 and 40 batches may be under way at once.",
    )
    keeps_limits = fields.Boolean(
        string="Intuit's Limits",
        help="Requests to the local servers keep to the pace that Intuit allows. With "
        "the real service they always do.",
    )

    reporting_host = fields.Char(groups=ADMINISTRATOR)
    reporting_port = fields.Integer(default=5432, aggregator=None)
    reporting_database = fields.Char(groups=ADMINISTRATOR)
    reporting_user = fields.Char(groups=ADMINISTRATOR)
    reporting_schema = fields.Char(default="actionstep")
    reporting_message = fields.Text(
        readonly=True, copy=False, help="What the reporting database lacked last."
    )
    reporting_sslmode = fields.Selection(
        [("require", "Required"), ("prefer", "Preferred"), ("disable", "Off")],
        string="Reporting Encryption",
        default="require",
        required=True,
    )

    # === COMPUTE METHODS === #

    @api.depends("credential_ids.client_id", "credential_ids.client_secret")
    def _compute_secrets(self):
        """Show which keys are stored; a secret itself never leaves the server."""
        for connection in self:
            credentials = {c.side: c for c in connection.sudo().credential_ids}
            none = self.env["actionstep.credential"].sudo()
            actionstep = credentials.get("actionstep", none)
            quickbooks = credentials.get("quickbooks", none)
            connection.actionstep_client_id = actionstep.client_id
            connection.quickbooks_client_id = quickbooks.client_id
            connection.actionstep_client_secret = False
            connection.quickbooks_client_secret = False
            connection.reporting_password = False
            connection.has_actionstep_secret = bool(actionstep.client_secret)
            connection.has_quickbooks_secret = bool(quickbooks.client_secret)
            connection.has_reporting_password = bool(
                credentials.get("reporting", none).client_secret
            )

    def _keeps_limits(self):
        """Tell whether requests to QuickBooks keep to Intuit's pace."""
        self.ensure_one()
        return self.environment != "local" or self.keeps_limits

    def _inverse_actionstep_client_id(self):
        self._store_keys("actionstep", "client_id", "actionstep_client_id")

    def _inverse_actionstep_client_secret(self):
        self._store_keys("actionstep", "client_secret", "actionstep_client_secret")

    def _inverse_quickbooks_client_id(self):
        self._store_keys("quickbooks", "client_id", "quickbooks_client_id")

    def _inverse_quickbooks_client_secret(self):
        self._store_keys("quickbooks", "client_secret", "quickbooks_client_secret")

    def _inverse_reporting_password(self):
        self._store_keys("reporting", "client_secret", "reporting_password")

    def _store_keys(self, side, key, field_name):
        """Move a typed key into the credential; an empty one changes nothing."""
        for connection in self:
            if connection[field_name]:
                connection._get_credential(side).write({key: connection[field_name]})
        # What was typed is not sent back.
        self.invalidate_recordset([field_name])

    def _compute_redirect_urls(self):
        for connection in self:
            base = connection.get_base_url()
            connection.actionstep_redirect_url = f"{base}{CALLBACK_PATH}/actionstep"
            connection.quickbooks_redirect_url = f"{base}{CALLBACK_PATH}/quickbooks"

    # === CONSTRAINT METHODS === #

    @api.constrains("environment", *LOCAL_ADDRESSES)
    def _check_local_addresses(self):
        for connection in self:
            for field_name in LOCAL_ADDRESSES:
                address = connection[field_name]
                if address and not _is_loopback(address):
                    raise ValidationError(
                        self.env._(
                            "%(address)s is not an address on this machine. The "
                            "environment Local reaches 127.0.0.1 only.",
                            address=address,
                        )
                    )

    # === CRUD METHODS === #

    def write(self, vals):
        """Override of `actionstep.connection` to keep keys from other servers."""
        self._forget_keys_of_other_servers(vals)
        return super().write(vals)

    def _forget_keys_of_other_servers(self, vals):
        """Never send a key to another server than the one it was entered for."""
        for side, field_names in SERVER_FIELDS.items():
            changed = self.filtered(
                lambda connection, names=field_names: any(
                    connection._is_changed(vals, name) for name in names
                )
            )
            changed.sudo().credential_ids.filtered(
                lambda credential, side=side: credential.side == side
            )._forget_keys()

    # === GETTERS === #

    def _get_credential(self, side):
        """Return the credential of a side, as superuser, creating it when missing."""
        self.ensure_one()
        credential_sudo = self.sudo().credential_ids.filtered(
            lambda credential: credential.side == side
        )
        return credential_sudo or credential_sudo.create(
            {"connection_id": self.id, "side": side}
        )

    def _get_address(self, name):
        """Return a vendor's address for this connection's environment."""
        self.ensure_one()
        if self.environment == "local":
            return self[f"local_{name}"] or ""
        return {
            "actionstep_authorize_url": ACTIONSTEP_AUTHORIZE_URLS,
            "actionstep_token_url": ACTIONSTEP_TOKEN_URLS,
            "quickbooks_discovery_url": QUICKBOOKS_DISCOVERY_URLS,
            "quickbooks_api_url": QUICKBOOKS_API_URLS,
        }[name][self.environment]

    def _get_actionstep_domains(self):
        return ACTIONSTEP_DOMAINS.get(self.environment, ())

    def _get_quickbooks_app_url(self):
        """Return where a person opens QuickBooks; local servers show a plain page."""
        if self.environment == "local":
            parts = urlsplit(self._get_address("quickbooks_api_url"))
            return f"{parts.scheme}://{parts.netloc}/app"
        return QUICKBOOKS_APP_URLS[self.environment]


def _is_loopback(address):
    try:
        check_url(address, environment="local", domains=())
    except ConnectionStoppedError:
        return False
    return True
