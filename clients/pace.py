"""When the next request may go: Intuit's limits for one company, evenly spaced.

"Limits and throttles", developer.intuit.com: 500 requests a minute, 10 a second, and 40
batches a minute, which count among the requests.
"""

from __future__ import annotations

from typing import NamedTuple


class Pace(NamedTuple):
    """At most one request every ``interval`` seconds, and ``burst`` at once."""

    interval: float
    burst: int


# With a burst of 2, 8 a second makes at most 10 in any second and 482 in any minute.
REQUESTS = Pace(interval=1 / 8, burst=2)
# 40 batches span 39 intervals: any minute holds at most 40 of them, also when one is
# held up on its way by a second.
BATCHES = Pace(interval=60 / 39, burst=1)
# Nobody waits longer, whatever stands in the books of the limiter: the clock of the
# database may have been put back.
LONGEST = 60.0


def next_slot(now: float, due: float, pace: Pace) -> tuple[float, float]:
    """Return how many seconds to wait, and when the request after this one is due.

    :param now: seconds since the epoch, by the clock that all processes share
    :param due: what this function returned for the request before; 0 at first
    """
    earliest = due - pace.interval * (pace.burst - 1)
    if earliest - now > LONGEST:
        earliest, due = now, now
    return max(0.0, earliest - now), max(now, due) + pace.interval
