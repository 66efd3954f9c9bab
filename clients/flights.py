"""Several batches under way at once, each on a connection of its own.

Intuit takes about 425 ms for an item of a batch (measured answers), so that a batch of
30 is away for a quarter of a minute: only many at once fill its limit of 40 a minute.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from queue import Empty, SimpleQueue

from ..exceptions import SyncError, UnknownOutcomeError
from .quickbooks import BatchResult, Operation, QuickbooksClient

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Landing:
    """What became of one batch: its results by ``bid``, or the error of the whole."""

    key: Hashable
    results: dict[str, BatchResult] | None = None
    error: SyncError | None = None


class Flights:
    """Batches on their way to QuickBooks; a context manager, for one thread.

    The threads behind it send and nothing else: they know no record and no database.

    :param make_client: makes a client with an access token; called in the thread of
        the caller
    :param limit: how many may be under way
    """

    def __init__(
        self, make_client: Callable[[str], QuickbooksClient], limit: int
    ) -> None:
        self._make_client = make_client
        self._limit = limit
        self._pool = ThreadPoolExecutor(limit, "quickbooks-batch")
        self._idle: SimpleQueue[tuple[str, QuickbooksClient]] = SimpleQueue()
        self._away: dict[Future[dict[str, BatchResult]], Hashable] = {}

    def __enter__(self) -> Flights:
        return self

    def __exit__(self, *exc: object) -> None:
        # What is under way cannot be called back: its answer is waited for, and lost
        # to whoever leaves without landing it.
        self._pool.shutdown(wait=True)
        while not self._idle.empty():
            self._idle.get_nowait()[1].close()

    def __bool__(self) -> bool:
        """Whether any batch is under way."""
        return bool(self._away)

    @property
    def away(self) -> list[Hashable]:
        """The keys of the batches under way."""
        return list(self._away.values())

    @property
    def room(self) -> int:
        """How many more batches may start."""
        return self._limit - len(self._away)

    def start(
        self,
        key: Hashable,
        operations: Sequence[Operation],
        request_id: str,
        token: str,
    ) -> None:
        """Send a batch; ``land`` tells under ``key`` what became of it."""
        client = self._take_client(token)
        future = self._pool.submit(self._fly, client, operations, request_id, token)
        self._away[future] = key

    def land(self, timeout: float | None = None) -> Landing | None:
        """Return the first batch that is answered.

        :param timeout: seconds to wait at most; for ever unless given
        :return: None when none is under way, or none is answered in time
        """
        done, _away = wait(self._away, timeout, FIRST_COMPLETED)
        if not done:
            return None
        future = done.pop()
        key = self._away.pop(future)
        try:
            return Landing(key, results=future.result())
        except SyncError as error:
            return Landing(key, error=error)
        except Exception:
            # An error of ours: nobody knows what became of the batch.
            _logger.exception("A batch failed")
            lost = UnknownOutcomeError("outcome_unknown", traceback.format_exc())
            return Landing(key, error=lost)

    def _take_client(self, token: str) -> QuickbooksClient:
        """Return an idle client; one with another token is of no use any more."""
        while True:
            try:
                known, client = self._idle.get_nowait()
            except Empty:
                return self._make_client(token)
            if known == token:
                return client
            client.close()

    def _fly(
        self,
        client: QuickbooksClient,
        operations: Sequence[Operation],
        request_id: str,
        token: str,
    ) -> dict[str, BatchResult]:
        try:
            results = client.batch(operations, request_id)
        except BaseException:
            # Its connection may be broken.
            client.close()
            raise
        self._idle.put((token, client))
        return results
