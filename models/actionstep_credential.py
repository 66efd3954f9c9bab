import logging
from contextlib import contextmanager
from datetime import timedelta

import psycopg2.errors

from odoo import fields, models
from odoo.orm.models import NO_ACCESS

from ..const import ACTIONSTEP_GRANT_DAYS, TOKEN_MARGIN
from ..exceptions import AuthError, RetryableError
from .actionstep_connection import CREDENTIAL_STATES

_logger = logging.getLogger(__name__)

SIDES = [
    ("actionstep", "Actionstep"),
    ("quickbooks", "QuickBooks"),
    ("reporting", "Reporting database"),
]


class ActionstepCredential(models.Model):
    """The keys and tokens of one side of a connection.

    Nobody may read this model: only the server itself (as superuser). Only the
    methods here write it, so that a lock on its row never waits for other work.
    """

    _name = "actionstep.credential"
    _description = "Actionstep Credential"
    _rec_name = "side"
    _allow_sudo_commands = False

    connection_id = fields.Many2one(
        "actionstep.connection", required=True, index=True, ondelete="cascade"
    )
    side = fields.Selection(SIDES, required=True)
    client_id = fields.Char(copy=False, groups=NO_ACCESS)
    client_secret = fields.Char(copy=False, groups=NO_ACCESS)
    access_token = fields.Char(copy=False, groups=NO_ACCESS)
    refresh_token = fields.Char(copy=False, groups=NO_ACCESS)
    expires_at = fields.Datetime(help="UTC time at which the access token ends.")
    refresh_expires_at = fields.Datetime(help="UTC time at which the grant ends.")
    api_endpoint = fields.Char(help="Base address that Actionstep gave with the token.")
    orgkey = fields.Char(help="Short name of the firm's Actionstep system.")
    state = fields.Selection(
        CREDENTIAL_STATES,
        default="disconnected",
        required=True,
    )

    _connection_side = models.UniqueIndex("(connection_id, side)")

    # === TOKENS === #

    def _store_tokens(self, tokens):
        """Keep what a token answer brought; a missing refresh token keeps the old one.

        :param tokens: ``clients.oauth.Tokens``
        """
        self.ensure_one()
        self.write(
            {
                "access_token": tokens.access_token,
                "refresh_token": tokens.refresh_token or self.refresh_token,
                "expires_at": tokens.expires_at,
                "refresh_expires_at": tokens.refresh_expires_at,
                "api_endpoint": tokens.api_endpoint or self.api_endpoint,
                "orgkey": tokens.orgkey or self.orgkey,
                "state": "connected",
            }
        )

    def _forget_tokens(self, state="disconnected"):
        """Erase the tokens of these credentials."""
        self.write(
            {
                "access_token": False,
                "refresh_token": False,
                "expires_at": False,
                "refresh_expires_at": False,
                "state": state,
            }
        )

    def _forget_keys(self):
        """Erase keys and tokens: they were meant for other servers."""
        self.write({"client_id": False, "client_secret": False, "api_endpoint": False})
        self._forget_tokens()

    def _get_access_token(self, refused=None):
        """Return an access token that is good for a while, refreshing it if needed.

        Each vendor's refresh token works once, so the refresh happens under a row
        lock, in a transaction of its own that is committed before the token is used:
        the new refresh token is kept even when the caller's work is rolled back.

        :param refused: an access token that the vendor has just refused
        :return: the access token
        :raise AuthError: the grant is gone, somebody must reconnect
        :raise RetryableError: the vendor, or our own row, could not be reached
        """
        self.ensure_one()
        if self._is_token_good(refused):
            return self.access_token
        for _attempt in range(3):
            refusal = None
            try:
                with self._locked_credential() as credential:
                    if not credential._is_token_good(refused):
                        refusal = credential._refresh_tokens()
                    token = credential.access_token
            except (
                psycopg2.errors.SerializationFailure,
                psycopg2.errors.LockNotAvailable,
            ):
                # Another worker refreshed while we waited for the lock: look again.
                continue
            if refusal:
                raise refusal
            return token
        raise RetryableError("unavailable", values={"vendor": self._get_vendor()})

    def _get_grant_end(self):
        """Return when the grant ends unless it is used (UTC), or None if unknown.

        Intuit says it with each answer. Actionstep does not: there it is a while after
        the last use, which was before the access token ended.
        """
        self.ensure_one()
        if self.side == "actionstep" and self.expires_at:
            return self.expires_at + timedelta(days=ACTIONSTEP_GRANT_DAYS)
        return self.refresh_expires_at or None

    def _is_token_good(self, refused=None):
        return (
            self.state == "connected"
            and bool(self.access_token)
            and self.access_token != refused
            and bool(self.expires_at)
            and self.expires_at
            > fields.Datetime.now() + timedelta(seconds=TOKEN_MARGIN)
        )

    @contextmanager
    def _locked_credential(self):
        """Yield this credential in a transaction of its own, its row locked.

        Waits for the lock, unlike ``lock_for_update``, which would skip the row: the
        other worker's refresh takes a moment and gives us the token we need.
        """
        with self.env.registry.cursor() as cr:
            # Never wait for ever: the vendor's own time-out bounds a refresh.
            cr.execute("SET LOCAL lock_timeout = '150s'")
            cr.execute(
                "SELECT id FROM actionstep_credential WHERE id = %s FOR UPDATE",
                [self.id],
                # Losing the race is the plan, not an error to log.
                log_exceptions=False,
            )
            yield self.with_env(self.env(cr=cr))

    def _refresh_tokens(self):
        """Exchange the refresh token; a refused one ends the connection once.

        :return: the ``AuthError`` that says why there is no token, or None
        """
        if self.state != "connected":
            return AuthError("reconnect", values={"vendor": self._get_vendor()})
        try:
            tokens = self.connection_id._get_auth(self.side).refresh(self.refresh_token)
        except AuthError as error:
            _logger.warning(
                "%s refused the refresh token of connection %s: %s",
                self.side, self.connection_id.id, error.cause,
            )  # fmt: skip
            self._forget_tokens("reauth_required")
            return error
        self._store_tokens(tokens)
        return None

    def _get_vendor(self):
        return dict(SIDES)[self.side]
