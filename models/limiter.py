"""The pace of requests to one QuickBooks company, kept by all processes together."""

import json

import psycopg2.errors

from ..clients.pace import BATCHES, next_batch, next_request, recent_batches


class Limiter:
    """Gives turns to send, so that a company's limits at Intuit are never passed.

    The turns that were given stand in a row that all processes on all machines share.
    One is taken in a transaction of its own that lasts a moment: what is being sent
    must not wait for the caller's, and the caller's may be rolled back. Time is the
    database's.
    """

    def __init__(self, registry, realm_id):
        """Prepare; ``realm_id`` names the QuickBooks company."""
        self._registry = registry
        self._realm_id = realm_id
        self.batches_left = BATCHES

    def take(self, *, is_batch, is_full=False):
        """Take a turn if there is one now.

        :param bool is_batch: the request is a batch, of which there may be fewer
        :param bool is_full: the batch holds as much as it can
        :return: seconds to wait before asking again, 0 when the turn is taken
        """
        while True:
            try:
                return self._take(is_batch, is_full)
            except psycopg2.errors.SerializationFailure:
                # Another process took its turn while we waited for the row.
                continue
            except psycopg2.errors.LockNotAvailable:
                return 1.0

    def _take(self, is_batch, is_full):
        with self._registry.cursor() as cr:
            now, due, times = self._lock(cr)
            wait, due = next_request(now, due)
            times = recent_batches(now, times)
            if is_batch:
                wait = max(wait, next_batch(now, times, is_full=is_full))
            if is_batch and not wait:
                times.append(now)
            self.batches_left = BATCHES - len(times)
            cr.execute(
                """
                UPDATE actionstep_pace
                SET request_due = CASE WHEN %s THEN request_due ELSE %s END,
                    batch_times = %s
                WHERE realm_id = %s
                """,
                [bool(wait), due, json.dumps(times), self._realm_id],
            )
        return wait

    def _lock(self, cr):
        """Return what stands in the company's row, after locking it."""
        # A process that is stopped in its turn must not hold up the others for ever.
        cr.execute("SET LOCAL lock_timeout = '30s'")
        cr.execute(
            """
            INSERT INTO actionstep_pace (realm_id, request_due, batch_times)
            VALUES (%s, 0, '[]') ON CONFLICT (realm_id) DO NOTHING
            """,
            [self._realm_id],
            log_exceptions=False,
        )
        cr.execute(
            """
            SELECT extract(epoch FROM clock_timestamp()), request_due, batch_times
            FROM actionstep_pace WHERE realm_id = %s FOR UPDATE
            """,
            [self._realm_id],
            log_exceptions=False,
        )
        now, due, times = cr.fetchone()
        return float(now), float(due), times
