"""Answers remembered by ``requestid``, for a whole request or an item of a batch.

Documented: the id is unique per company, at most 50 characters, and a repeat gets the
first answer instead of doing the work again; in a batch the pair of requestid and bId
counts. Observed: the first answer comes again even when the object was deleted since,
and a pair longer than 50 characters is refused with a 6000 per item. Not known is
whether refusals are remembered as well (switch ``replay_faults``) and whether it always
works (switch ``replay``: ``off`` does the work again, ``fault`` refuses the repeat).
"""

from __future__ import annotations

from typing import Any

from .faults import Fault, business

LONGEST = 50
REPEATED_ITEM = (
    "An unexpected error occurred while accessing or saving your data. "
    "Please wait a few minutes and try again.  "
    "If the problem persists, contact customer support."
)


class Replays:
    """Remembered answers of one realm."""

    def __init__(self, switches: dict[str, Any]):
        self.switches = switches
        self.answers: dict[tuple[str, str], Any] = {}

    def find(self, request_id: str, b_id: str = "") -> Any | None:
        """Return the first answer to this id, None when there is none.

        Raises Fault 6000 for an id that is too long and, where repeats are refused,
        600 (6000 in a batch).
        """
        check_length(request_id + b_id)
        answer = self.answers.get((request_id, b_id))
        mode = self.switches["replay"]
        if answer is None or mode == "off":
            return None
        if mode == "fault":
            raise business(REPEATED_ITEM) if b_id else repeated(request_id)
        return answer

    def keep(self, request_id: str, b_id: str, answer: Any, refused: bool) -> None:
        """Remember the first answer."""
        if not refused or self.switches["replay_faults"] == "on":
            self.answers.setdefault((request_id, b_id), answer)


def check_length(text: str) -> None:
    """Raise the 6000 of an id over 50 characters (observed text)."""
    if len(text) > LONGEST:
        raise business(
            f"You cannot enter more than {LONGEST} characters in the request_id field. "
            f"You tried entering {text[:10]}..., which is {len(text)} characters."
        )


def repeated(request_id: str) -> Fault:
    """Return the 600."""
    return Fault("600", f"The request ID {request_id} already exists.")
