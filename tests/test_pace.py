"""The pace of requests: never more than Intuit takes, and hardly less.

The limits are written out here as Intuit publishes them ("Limits and throttles",
developer.intuit.com), so that a changed pace must still keep to them.
"""

from bisect import bisect_right

from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.tests import BaseCase

from odoo.addons.actionstep_quickbooks.clients import pace

PROPERTY = settings(derandomize=True, deadline=None, database=None, max_examples=40)
MINUTE = 60.0
NOW = 1_795_000_000.0

idle_seconds = st.one_of(st.just(0.0), st.floats(0, 0.5), st.floats(0, 90))
# Whether a request is a batch, and how long nothing was asked before it.
requests = st.tuples(st.booleans(), idle_seconds)
jumps = st.floats(-86_400, 86_400)


class Clock:
    """A clock that may be put back or forward, beside the time that really passes."""

    def __init__(self):
        self.real = 0.0
        self.ahead = NOW

    @property
    def now(self):
        """Seconds since 1970, as this clock has it."""
        return self.real + self.ahead


class Asker:
    """Asks again and again, never sooner than it was told to.

    ``sent`` and ``batches`` are the times at which requests really went.
    """

    def __init__(self):
        self.clock = Clock()
        self.sent, self.batches = [], []
        self.longest_wait = 0.0
        self._due, self._times = 0.0, []

    def send(self, is_batch=False, is_full=False):
        """Wait for a turn and take it."""
        began = self.clock.real
        while wait := self._ask(is_batch, is_full):
            self.clock.real += wait
        self.longest_wait = max(self.longest_wait, self.clock.real - began)
        self.sent.append(self.clock.real)
        if is_batch:
            self.batches.append(self.clock.real)

    def _ask(self, is_batch, is_full):
        now = self.clock.now
        wait, due = pace.next_request(now, self._due)
        self._times = pace.recent_batches(now, self._times)
        if is_batch:
            wait = max(wait, pace.next_batch(now, self._times, is_full=is_full))
        if not wait:
            self._due = due
            self._times += [now] * is_batch
        return wait


def most_within(times, seconds):
    """Return how many of these times any window of so many seconds holds at most."""
    times = sorted(times)
    ends = (bisect_right(times, start + seconds) for start in times)
    return max((end - first for first, end in enumerate(ends)), default=0)


class TestPace(BaseCase):
    def _assert_within_limits(self, asker):
        self.assertLessEqual(most_within(asker.sent, 1), 10)
        self.assertLessEqual(most_within(asker.sent, MINUTE), 500)
        self.assertLessEqual(most_within(asker.batches, MINUTE), 40)

    def test_first_request_goes_at_once(self):
        self.assertEqual(pace.next_request(NOW, 0)[0], 0)
        self.assertEqual(pace.next_batch(NOW, []), 0)

    def test_batch_that_is_one_too_many_waits_until_the_oldest_counts_no_more(self):
        times = [NOW + number for number in range(40)]

        self.assertEqual(pace.next_batch(NOW + 39, times[:39]), 0)
        wait = pace.next_batch(NOW + 39.5, times)

        self.assertGreater(NOW + 39.5 + wait - times[0], MINUTE)
        self.assertEqual(pace.next_batch(NOW + 39.5 + wait, times), 0)

    def test_order_of_the_times_does_not_matter(self):
        times = [NOW + number for number in range(45)]
        for now in (NOW + 45, NOW + 63, NOW + 90):
            self.assertEqual(
                pace.next_batch(now, times), pace.next_batch(now, times[::-1])
            )

    def test_fastest_asking_gets_nearly_all_that_intuit_takes(self):
        asker = Asker()
        for _number in range(200):
            asker.send(is_batch=True)
        self._assert_within_limits(asker)
        self.assertGreaterEqual(bisect_right(asker.batches, 4 * MINUTE), 4 * 38)

        asker = Asker()
        for _number in range(1500):
            asker.send()
        self._assert_within_limits(asker)
        self.assertGreaterEqual(bisect_right(asker.sent, 3 * MINUTE), 3 * 450)

    def test_full_batches_go_evenly_and_as_many(self):
        asker = Asker()
        for _number in range(200):
            asker.clock.real += 0.2
            asker.send(is_batch=True, is_full=True)
        self._assert_within_limits(asker)
        self.assertLessEqual(most_within(asker.batches, 13), 11)
        self.assertGreaterEqual(bisect_right(asker.batches, 4 * MINUTE), 4 * 38)

    def test_batches_are_no_reason_for_other_requests_to_wait(self):
        asker = Asker()
        for _number in range(40):
            asker.send(is_batch=True)
        began = asker.clock.real

        asker.send()

        self.assertLess(asker.clock.real - began, 1)

    @PROPERTY
    @given(st.lists(requests, max_size=300))
    def test_no_window_ever_holds_more_than_intuit_takes(self, asked):
        asker = Asker()
        for is_batch, idle in asked:
            asker.clock.real += idle
            asker.send(is_batch)
        self._assert_within_limits(asker)

    @PROPERTY
    @given(st.lists(st.floats(0, 0.99), min_size=90, max_size=90))
    def test_batches_that_the_way_holds_up_by_a_second_still_fit(self, held_up):
        asker = Asker()
        for _delay in held_up:
            asker.send(is_batch=True)
        pairs = zip(asker.batches, held_up, strict=True)
        arrived = [sent + delay for sent, delay in pairs]
        self.assertLessEqual(most_within(arrived, MINUTE), 40)

    @PROPERTY
    @given(st.integers(0, 90), jumps)
    def test_clock_that_is_put_right_makes_nobody_wait_for_long(self, before, jump):
        asker = Asker()
        for _number in range(before):
            asker.send(is_batch=True)
        asker.clock.ahead += jump
        asker.longest_wait = 0.0

        for _number in range(90):
            asker.send(is_batch=True)

        longest = pace.BATCH_SECONDS + pace.REQUEST_INTERVAL
        self.assertLessEqual(asker.longest_wait, longest)
        # When the clock goes forward, what went before is forgotten once.
        most = 80 if jump > 0 else 40
        self.assertLessEqual(most_within(asker.batches, MINUTE), most)
        self.assertLessEqual(most_within(asker.batches[before:], MINUTE), 40)
        self.assertLessEqual(most_within(asker.sent[before:], 1), 10)
