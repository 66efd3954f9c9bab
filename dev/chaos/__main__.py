"""`make chaos`: see the package.

The last line printed is one JSON object; the exit code is 1 unless nothing is missing,
twice or wrong, and there were as many documents and kills as asked for.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from ..setup import odoo
from ..setup.console import main
from ..setup.postgres import postgres
from . import mischief
from .firm import LIFE, Firm
from .scene import Scene, set_up

LIFE_STEPS = 8
FAULTS_PER_KILL = 3
ACTS_PER_KILL = 1
SHORTEST, LONGEST = 0.1, 1.4


@dataclass(frozen=True)
class Event:
    """Something that happens ``pause`` seconds after the one before."""

    kind: str
    pause: float
    do: Callable[[Scene], str]


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the options."""
    parser = argparse.ArgumentParser(prog="python -m dev.chaos")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kills", type=int, default=25)
    parser.add_argument("--documents", type=int, default=400)
    parser.add_argument(
        "--replay",
        choices=("on", "off", "fault"),
        default="on",
        help="what QuickBooks makes of a request id that it knows, at first",
    )
    return parser.parse_args(arguments)


def plan(rng: random.Random, kills: int, firms: list[Firm]) -> list[Event]:
    """Return what will happen, in order."""
    acts = [("kill", mischief.kill)] * kills
    faults = [rng.choice(mischief.FAULTS) for _n in range(kills * FAULTS_PER_KILL)]
    acts += [(fault.__name__.replace("_", " "), fault) for fault in faults]
    acts += [("people", work)] * (kills * ACTS_PER_KILL)
    rng.shuffle(acts)
    for firm in firms:
        if firm.size == LIFE:
            acts = with_life(rng, acts, firm)
    return [Event(kind, rng.uniform(SHORTEST, LONGEST), do) for kind, do in acts]


def with_life(rng: random.Random, acts: list, firm: Firm) -> list:
    """Return the acts with the steps of a firm's script between them, in order."""
    # Not at once: what is corrected in the script stands in QuickBooks by then.
    first, last = len(acts) // 8, len(acts)
    places = sorted(rng.randrange(first, last) for _n in range(LIFE_STEPS))
    for step, place in reversed(list(enumerate(places, 1))):
        acts.insert(place, ("people", partial(follow, firm, step)))
    return acts


def follow(firm: Firm, step: int, _scene: Scene) -> str:
    """Let a firm's people do the next step of their script."""
    return f"{firm.country} {firm.people.live(step)}"


def work(scene: Scene) -> str:
    """Let the people of a firm without a script do something."""
    firm = scene.rng.choice([one for one in scene.firms if one.size != LIFE])
    what = firm.people.work()
    return what and f"{firm.country} {what}"


def rage(scene: Scene, events: list[Event]) -> int:
    """Let everything happen; return how many faults there were."""
    faults = 0
    for event in events:
        time.sleep(event.pause)
        what = event.do(scene)
        scene.note(event.kind, what or "nothing to do")
        faults += bool(what) and event.kind not in ("kill", "people")
        scene.renew_grants()
        scene.schedule.hurry(pull=event.kind == "people")
    return faults


def run(options: argparse.Namespace) -> int:
    """Do a whole run; print its log and the verdict; return the exit code."""
    started = time.monotonic()
    rng = random.Random(options.seed)
    print(f"Seed {options.seed}: {options.kills} kills, {options.documents} documents")
    with postgres() as server:
        odoo.write_config(server)
        with set_up(server, rng, options.documents) as scene:
            events = plan(rng, options.kills, scene.firms)
            scene.begin(options.replay)
            faults = rage(scene, events)
            verdict = scene.settle()
    for line in verdict.lines:
        print(f"  Not right: {line}")
    print(
        json.dumps(
            {
                "kills": options.kills,
                "faults": faults,
                "documents": verdict.documents,
                "missing": verdict.missing,
                "duplicates": verdict.duplicates,
                "wrong": verdict.wrong,
                "seconds": round(time.monotonic() - started, 1),
            }
        )
    )
    enough = verdict.documents >= options.documents
    return 0 if verdict.is_clean and enough else 1


if __name__ == "__main__":
    main(lambda: run(parse()))
