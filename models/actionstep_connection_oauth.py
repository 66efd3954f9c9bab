"""Connect, Reconnect and Disconnect: the OAuth side of a connection."""

import logging
import secrets
import time

from odoo import models
from odoo.exceptions import AccessError, UserError
from odoo.http import request

from ..clients.oauth import ActionstepAuth, QuickbooksAuth
from ..exceptions import CAUSES, AuthError, SyncError
from .failure import describe, failure_type

_logger = logging.getLogger(__name__)

# Where the states of started consents wait in the user's own HTTP session: this binds
# a state to the session and to its user; the entry names the connection and the side.
SESSION_KEY = "actionstep_quickbooks_consents"
CONSENT_SECONDS = 600
VENDORS = {"actionstep": "Actionstep", "quickbooks": "QuickBooks"}
# The records that hold ids of the two accounts, which mean others in other accounts.
BOUND_MODELS = (
    "actionstep.invoice",
    "actionstep.participant",
    "actionstep.item.mapping",
    "actionstep.account.mapping",
    "actionstep.tax.mapping",
)


class ActionstepConnection(models.Model):
    _inherit = "actionstep.connection"

    # === ACTION METHODS === #

    def action_connect_actionstep(self):
        """Send the user to Actionstep's consent page."""
        return self._start_consent("actionstep")

    def action_connect_quickbooks(self):
        """Send the user to Intuit's consent page."""
        return self._start_consent("quickbooks")

    def action_disconnect_actionstep(self):
        """Forget Actionstep's tokens; Actionstep documents no way to revoke them."""
        return self._disconnect("actionstep")

    def action_disconnect_quickbooks(self):
        """Revoke the grant at Intuit and forget its tokens."""
        return self._disconnect("quickbooks")

    # === CONSENT === #

    def _start_consent(self, side):
        """Return the action that opens the vendor's consent page.

        :raise UserError: a key is missing, or the vendor cannot be reached
        """
        self.ensure_one()
        self._check_may_connect()
        credential_sudo = self._get_credential(side)
        if not (credential_sudo.client_id and credential_sudo.client_secret):
            raise UserError(
                self.env._(
                    "Enter the client id and the client secret of your %(vendor)s app "
                    "first.",
                    vendor=VENDORS[side],
                )
            )
        state = secrets.token_urlsafe(32)
        try:
            url = self._get_auth(side).authorization_url(state)
        except SyncError as error:
            raise UserError(self._describe_failure(error)) from error
        self._remember_consent(side, state)
        return {"type": "ir.actions.act_url", "url": url, "target": "self"}

    def _check_may_connect(self):
        if not self.env.user.has_group("actionstep_quickbooks.group_administrator"):
            raise AccessError(
                self.env._(
                    "Only an administrator of Actionstep to QuickBooks may connect."
                )
            )
        self.check_access("write")

    def _remember_consent(self, side, state):
        consents = _fresh_consents()
        consents[state] = {
            "connection_id": self.id,
            "side": side,
            "user_id": self.env.uid,
            "at": time.time(),
        }
        request.session[SESSION_KEY] = consents

    def _take_consent(self, side, state):
        """Return the connection that a state was made for, once.

        :raise AuthError: unknown, used, too old, or started by somebody else
        """
        consents = _fresh_consents()
        consent = consents.pop(state, None)
        request.session[SESSION_KEY] = consents
        if not consent or consent["side"] != side or consent["user_id"] != self.env.uid:
            raise AuthError("state_invalid")
        connection = self.browse(consent["connection_id"]).exists()
        if not connection:
            raise AuthError("state_invalid")
        connection._check_may_connect()
        return connection

    def _finish_consent(self, side, *, code, realm_id=None, refusal=None):
        """Complete a consent and return the address to send the user to.

        When both sides are connected the user stands on the mapping page. There the
        lists load the first time, in sight; after a reconnect they load here. When
        anything fails, its sentence stands in the connection's chatter.
        """
        self.ensure_one()
        form = f"/odoo/actionstep-connections/{self.id}"
        try:
            self._complete_consent(side, code=code, realm_id=realm_id, refusal=refusal)
        except (SyncError, UserError) as error:
            self._log(self._describe_failure(error))
            return form
        # The tokens work once and are ours now: nothing below may lose them.
        self._commit_step()
        is_known = bool(self.lists_loaded_at)
        if self.state == "draft" or (is_known and self._try_load_lists()):
            return form
        self._update_cron()
        return f"/odoo/actionstep-mapping/{self.id}"

    def _describe_failure(self, error):
        """Return the sentence for an error of something that a person just did.

        Passing trouble passes, but what was pressed is not pressed again by itself.
        """
        if isinstance(error, UserError):
            return str(error)
        if failure_type(error) != "transient":
            return describe(self.env, error)
        return self.env._(
            "%(vendor)s: %(title)s. Try again in a few minutes.",
            vendor=error.values.get("vendor", ""),
            title=self.env._(CAUSES[error.cause].title),
        )

    def _complete_consent(self, side, *, code, realm_id=None, refusal=None):
        """Exchange the code of a consent and keep its tokens.

        :raise SyncError: refused, wrong company, or the exchange failed
        """
        self.ensure_one()
        vendor = {"vendor": VENDORS[side]}
        if refusal or not code:
            raise AuthError("consent_refused", refusal or "", values=vendor)
        if side == "quickbooks":
            self._check_realm(realm_id)
        tokens = self._exchange(side, code, realm_id)
        if side == "actionstep":
            self._check_system(tokens.orgkey)
        self._get_credential(side)._store_tokens(tokens)
        values = {"realm_id": realm_id} if side == "quickbooks" else {}
        if tokens.orgkey:
            values["orgkey"] = tokens.orgkey
        self.sudo().write({**values, "resume_at": False, "failure_count": 0})
        self._log(self.env._("Connected to %(vendor)s.", **vendor))

    def _exchange(self, side, code, realm_id):
        """Return the tokens for a code; a refused code is a consent that failed.

        :raise SyncError: as the client does
        """
        try:
            return self._get_auth(side).exchange(code, realm_id)
        except AuthError as error:
            # "reconnect" tells the end of a grant; here there was none yet.
            cause = "consent_refused" if error.cause == "reconnect" else error.cause
            raise AuthError(cause, error.detail, values=error.values) from error

    def _check_realm(self, realm_id):
        """Refuse a QuickBooks company that cannot be this connection's.

        :raise SyncError: no company was chosen, or another one than before
        :raise UserError: another connection has it
        """
        if not (realm_id and realm_id.isascii() and realm_id.isdecimal()):
            raise AuthError(
                "consent_refused", "no realmId", values={"vendor": "QuickBooks"}
            )
        if self.realm_id and realm_id != self.realm_id and self._is_bound():
            expected = f"{self.quickbooks_company_name or ''} ({self.realm_id})"
            raise AuthError(
                "wrong_realm", values={"got": realm_id, "expected": expected.strip()}
            )
        # Also connections of companies that this user may not see.
        others = self.sudo().search([("realm_id", "=", realm_id)]) - self
        if others:
            raise UserError(
                self.env._(
                    "The QuickBooks company %(realm)s already belongs to another "
                    "connection. Choose another company, or archive that connection.",
                    realm=realm_id,
                )
            )

    def _check_system(self, orgkey):
        """Refuse another Actionstep system than before: its ids mean other bills.

        :raise UserError: another system, although records of ours name its ids
        """
        if orgkey and self.orgkey and orgkey != self.orgkey and self._is_bound():
            raise UserError(
                self.env._(
                    "You signed in to the Actionstep system %(got)s, but this "
                    "connection belongs to %(expected)s. Choose that system when you "
                    "reconnect.",
                    got=orgkey,
                    expected=self.orgkey,
                )
            )

    def _is_bound(self):
        """Tell whether records of this connection name ids of the two accounts."""
        mine = [("connection_id", "=", self.id)]
        return any(self.env[name].search_count(mine, limit=1) for name in BOUND_MODELS)

    def _has_bindings(self):
        bound = [("connection_id", "=", self.id), ("quickbooks_id", "!=", False)]
        return bool(
            self.env["actionstep.invoice"].search_count(bound, limit=1)
            or self.env["actionstep.participant"].search_count(bound, limit=1)
        )

    def _disconnect(self, side):
        self.ensure_one()
        self._check_may_connect()
        credential_sudo = self._get_credential(side)
        note = self.env._("Disconnected from %(vendor)s.", vendor=VENDORS[side])
        if side == "quickbooks" and credential_sudo.refresh_token:
            try:
                self._get_auth(side).revoke(credential_sudo.refresh_token)
            except SyncError as error:
                _logger.warning("Revoking at Intuit failed: %s", error.cause)
                note += " " + self.env._(
                    "Intuit could not be told: also remove the app in QuickBooks "
                    "under Apps, My apps."
                )
        credential_sudo._forget_tokens()
        self._update_cron()
        self._log(note)

    def _get_auth(self, side):
        """Return the OAuth client of a side, with this connection's keys."""
        self.ensure_one()
        credential_sudo = self._get_credential(side)
        keys = {
            "environment": self.environment,
            "client_id": credential_sudo.client_id or "",
            "client_secret": credential_sudo.client_secret or "",
            "redirect_uri": self[f"{side}_redirect_url"],
        }
        if side == "quickbooks":
            return QuickbooksAuth(
                **keys, discovery_url=self._get_address("quickbooks_discovery_url")
            )
        return ActionstepAuth(
            **keys,
            authorize_url=self._get_address("actionstep_authorize_url"),
            token_url=self._get_address("actionstep_token_url"),
        )

    def _log(self, text):
        """Write a note into the connection's chatter."""
        self._message_log(body=text)


def _fresh_consents():
    """Return the session's started consents that are still young enough."""
    oldest = time.time() - CONSENT_SECONDS
    consents = request.session.get(SESSION_KEY) or {}
    return {state: c for state, c in consents.items() if c["at"] > oldest}
