"""One side's client for the length of a run, with its access token kept fresh."""

import logging
import time

from ..clients.actionstep import ActionstepClient
from ..clients.flights import Flights
from ..clients.pace import BATCHES
from ..clients.quickbooks import QuickbooksClient
from ..exceptions import AuthError, TokenExpiredError
from .actionstep_connection_oauth import VENDORS
from .limiter import Limiter

_logger = logging.getLogger(__name__)


class VendorSession:
    """Calls a vendor; a refused access token is renewed once and the call repeated.

    Repeating is safe: a request that is refused for its token was not carried out.
    """

    def __init__(self, connection, side):
        """Prepare, without opening anything yet.

        :param connection: the ``actionstep.connection``
        :param side: ``actionstep`` or ``quickbooks``
        """
        self._connection = connection
        self._side = side
        self._credential_sudo = connection._get_credential(side)
        self._client = None
        self._token = None
        self._refused = None
        self._limiter = None
        if side == "quickbooks" and connection._keeps_limits():
            self._limiter = Limiter(connection.env.registry, connection.realm_id)

    def __enter__(self):
        return self

    def __exit__(self, *_exc_info):
        self._close()

    @property
    def token(self):
        """An access token that is good for a while."""
        self._open(None)
        return self._token

    def flights(self, limit):
        """Return what sends batches side by side.

        :param limit: how many at once
        """
        return Flights(self._make_client, limit)

    def renew(self, refused):
        """Get another access token in place of one that was refused.

        :raise AuthError: the grant is gone
        """
        self._open(refused)

    def take_batch_turn(self, *, is_full):
        """Ask for a turn to send a batch, if the company's limits are to be kept.

        :param bool is_full: the batch holds as much as it can
        :return: seconds to wait before asking again, 0 when the turn is ours
        """
        if not self._limiter:
            return 0
        return self._limiter.take(is_batch=True, is_full=is_full)

    @property
    def batches_left(self):
        """How many more batches may go in this minute, as far as is known."""
        return self._limiter.batches_left if self._limiter else BATCHES

    def _await_turn(self, is_batch):
        while wait := self._limiter.take(is_batch=is_batch):
            time.sleep(wait)

    def call(self, name, *args):
        """Call a method of the client.

        :param name: the method's name
        :return: what the method returns
        :raise SyncError: as the client does; ``AuthError`` when a fresh token is
            refused too
        """
        for client in self._clients():
            try:
                return getattr(client, name)(*args)
            except TokenExpiredError:
                _logger.info("%s refused an access token", VENDORS[self._side])
        raise AuthError("reconnect", values={"vendor": VENDORS[self._side]})

    def pages(self, name, since, first_page=1):
        """Yield the pages that a method of the client yields.

        When the token is refused in the middle it goes on with the next page: reading
        may take longer than one token is good for, or two.

        :return: iterator of ``(page, rows that could not be read)``
        :raise SyncError: as ``call`` does
        """
        page, refused = first_page, None
        while True:
            self._open(refused)
            try:
                for rows in getattr(self._client, name)(since, page):
                    yield rows, self.take_unreadable()
                    page, refused = page + 1, None
                return
            except TokenExpiredError:
                _logger.info("%s refused an access token", VENDORS[self._side])
                if refused:
                    break
                refused = self._token
        raise AuthError("reconnect", values={"vendor": VENDORS[self._side]})

    def take_unreadable(self):
        """Return the rows that could not be read since this was last asked."""
        rows = self._client.unreadable[:]
        self._client.unreadable.clear()
        return rows

    def _clients(self):
        """Yield the client, and once more with a fresh token if it is refused."""
        self._open(None)
        yield self._client
        self._open(self._token)
        yield self._client

    def _open(self, refused):
        # What was refused once stays so, whatever this transaction still sees.
        self._refused = refused or self._refused
        token = self._credential_sudo._get_access_token(self._refused)
        if token != self._token or not self._client:
            self._close()
            self._token = token
            turn = self._await_turn if self._limiter else None
            self._client = self._make_client(token, turn)

    def _close(self):
        if self._client:
            self._client.close()
        self._client = None

    def _make_client(self, token, before_request=None):
        connection = self._connection
        if self._side == "quickbooks":
            return QuickbooksClient(
                connection._get_address("quickbooks_api_url"),
                token,
                connection.realm_id,
                connection.environment,
                before_request=before_request,
            )
        return ActionstepClient(
            self._credential_sudo.api_endpoint,
            token,
            connection.environment,
            connection._get_actionstep_domains(),
        )
