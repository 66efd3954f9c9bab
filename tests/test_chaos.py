"""A short run of `make chaos`, and that a run which went wrong would say so."""

import json
import random
import subprocess
import sys
from pathlib import Path

from odoo.tests import BaseCase, tagged

from ..dev.chaos.__main__ import plan
from ..dev.chaos.verdict import Verdict, count_duplicates
from ..dev.compare import Line
from ..dev.facts import BILL, TAKEN_BACK, Facts

ROOT = Path(__file__).resolve().parent.parent
RUN = ["--seed", "11", "--kills", "3", "--documents", "40"]
SECONDS = 300


def judged(**values):
    """The verdict about one bill of which something is not right."""
    line = {"reason": "", "quickbooks": Facts(), "faults": ("something",)} | values
    verdict = Verdict()
    verdict.judge(Line(BILL, "INV-1", "Bond", actionstep=Facts(), **line))
    return verdict.missing, verdict.wrong


@tagged("post_install", "-at_install")
class TestChaosRun(BaseCase):
    def test_everything_is_there_once_after_kills_and_faults(self):
        done = subprocess.run(
            [sys.executable, "-m", "dev.chaos", *RUN],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )

        told = done.stdout + done.stderr
        self.assertEqual(done.returncode, 0, told)
        summary = json.loads(done.stdout.splitlines()[-1])
        self.assertEqual(summary["kills"], 3)
        self.assertGreaterEqual(summary["faults"], 3, told)
        self.assertGreaterEqual(summary["documents"], 40)


@tagged("post_install", "-at_install")
class TestChaosVerdict(BaseCase):
    def test_the_same_seed_makes_the_same_mischief(self):
        first, second = (plan(random.Random(3), 25, []) for _n in range(2))

        self.assertEqual(first, second)
        self.assertEqual([event.kind for event in first].count("kill"), 25)

    def test_another_seed_makes_other_mischief(self):
        first, second = (plan(random.Random(seed), 25, []) for seed in (3, 4))

        self.assertNotEqual(first, second)

    def test_what_is_not_in_quickbooks_is_missing(self):
        self.assertEqual(judged(quickbooks=None), (1, 0))

    def test_what_needs_a_person_without_a_reason_is_missing(self):
        self.assertEqual(judged(state="attention"), (1, 0))

    def test_another_amount_is_wrong(self):
        self.assertEqual(judged(state="pushed"), (0, 1))

    def test_what_should_be_gone_is_wrong(self):
        self.assertEqual(judged(reason=TAKEN_BACK), (0, 1))

    def test_each_object_beside_the_first_is_a_duplicate(self):
        note = "Actionstep receipt 7 (firm)"
        row = {"PrivateNote": note, "TotalAmt": 5}
        dump = {"Payment": [row | {"Id": key} for key in ("1", "2", "3")]}

        self.assertEqual(count_duplicates(dump), 2)
