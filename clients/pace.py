"""When the next request may go: Intuit's limits for one company.

"Limits and throttles", developer.intuit.com: 500 requests a minute, 10 a second, and 40
batches a minute, which count among the requests.
"""

from __future__ import annotations

from collections.abc import Sequence

# Evenly spaced: 8 a second and 2 at once make at most 10 in any second and 482 in any
# minute.
REQUEST_INTERVAL = 1 / 8
REQUEST_BURST = 2
# As many as may go in a minute; one second more, because requests arrive with another
# distance than they were sent.
BATCHES = 40
BATCH_SECONDS = 61.0
# Full batches come from a queue that is longer than a minute. They go evenly, and not
# all at its beginning; a little closer than on average, to make up for late ones and
# for the time in which a pass only waits for what is under way.
FULL_BATCH_INTERVAL = 0.8 * BATCH_SECONDS / BATCHES
# The clock of the database may have been put back: nobody waits longer than this.
LONGEST = 60.0


def next_request(now: float, due: float) -> tuple[float, float]:
    """Return how many seconds to wait, and when the request after this one is due.

    :param now: seconds since the epoch, by the clock that all processes share
    :param due: what this function returned for the request before; 0 at first
    """
    earliest = due - REQUEST_INTERVAL * (REQUEST_BURST - 1)
    if earliest - now > LONGEST:
        earliest, due = now, now
    return max(0.0, earliest - now), max(now, due) + REQUEST_INTERVAL


def recent_batches(now: float, times: Sequence[float]) -> list[float]:
    """Return those of the times at which batches went that still count, oldest first.

    :param times: in any order; what lies in the future is from before the clock was
        put back, and counts as of now: what is returned must be kept then
    """
    return sorted(min(one, now) for one in times if now - BATCH_SECONDS < one)


def next_batch(now: float, times: Sequence[float], *, is_full: bool = False) -> float:
    """Return how many seconds to wait before the next batch.

    :param times: of the batches that went before
    :param is_full: it holds as much as a batch can
    """
    recent = recent_batches(now, times)
    earliest = now
    if len(recent) >= BATCHES:
        earliest = recent[-BATCHES] + BATCH_SECONDS
    if is_full and recent:
        earliest = max(earliest, recent[-1] + FULL_BATCH_INTERVAL)
    return max(0.0, earliest - now)
