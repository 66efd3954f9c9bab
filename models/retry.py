"""How long to wait before something is tried again."""

import random

BACKOFF_SECONDS = 30
BACKOFF_CAP = 3600


def seconds_to_wait(tries):
    """Return the seconds to wait after so many tries: longer each time, up to an hour.

    What failed together does not come back together: up to a quarter is left to chance.
    """
    longest = min(BACKOFF_SECONDS * 2**tries, BACKOFF_CAP)
    return longest * random.uniform(0.75, 1)
