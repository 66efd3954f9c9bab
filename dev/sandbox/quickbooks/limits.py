"""The published limits, counted in sliding windows for the one realm and app.

500 requests a minute, 10 a second, 40 batches a minute. A refused request does not
count. Source: Intuit's pages on API call limits and throttles.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

# Name of the window -> its length in seconds and how much fits in it.
WINDOWS = {"second": (1.0, 10), "minute": (60.0, 500), "batch": (60.0, 40)}


class Limiter:
    """Counts requests; ``clock`` is in seconds and never goes back."""

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self.clock = clock
        self.seen: dict[str, deque[float]] = {name: deque() for name in WINDOWS}

    def admit(self, batch: bool = False, items: int = 0) -> bool:
        """Tell whether a request fits, and count it if it does.

        ``items`` counts that many more against the minute (see ``count_batch_items``).
        """
        now = self.clock()
        costs = {"second": 1, "minute": 1 + items}
        if batch:
            costs["batch"] = 1
        for name, cost in costs.items():
            seconds, most = WINDOWS[name]
            seen = self.seen[name]
            while seen and seen[0] <= now - seconds:
                seen.popleft()
            if len(seen) + cost > most:
                return False
        for name, cost in costs.items():
            self.seen[name].extend([now] * cost)
        return True
