"""The pace of requests to one QuickBooks company, kept by all processes together."""

from ..clients.pace import BATCHES, REQUESTS, next_slot

COLUMNS = {REQUESTS: "request_due", BATCHES: "batch_due"}


class Limiter:
    """Gives turns to send, so that a company's limits at Intuit are never passed.

    The next turn stands in a row that all processes on all machines share. It is taken
    in a transaction of its own that lasts a moment: what is being sent must not wait
    for the caller's, and the caller's may be rolled back. Time is the database's.
    """

    def __init__(self, registry, realm_id):
        """Prepare; ``realm_id`` names the QuickBooks company."""
        self._registry = registry
        self._realm_id = realm_id

    def take(self, *paces):
        """Take a turn if there is one now.

        :param paces: those that the request counts in
        :return: seconds to wait before asking again, 0 when the turn is taken
        """
        with self._registry.cursor() as cr:
            cr.execute(
                """
                INSERT INTO actionstep_pace (realm_id, request_due, batch_due)
                VALUES (%s, 0, 0) ON CONFLICT (realm_id) DO NOTHING
                """,
                [self._realm_id],
            )
            cr.execute(
                """
                SELECT extract(epoch FROM clock_timestamp()), request_due, batch_due
                FROM actionstep_pace WHERE realm_id = %s FOR UPDATE
                """,
                [self._realm_id],
            )
            now, *dues = map(float, cr.fetchone())
            due = dict(zip(COLUMNS, dues, strict=True))
            slots = {pace: next_slot(now, due[pace], pace) for pace in paces}
            wait = max(seconds for seconds, _due in slots.values())
            if not wait:
                taken = {pace: slot[1] for pace, slot in slots.items()}
                due |= taken
                cr.execute(
                    """
                    UPDATE actionstep_pace SET request_due = %s, batch_due = %s
                    WHERE realm_id = %s
                    """,
                    [due[REQUESTS], due[BATCHES], self._realm_id],
                )
        return wait
