"""What people read about a cause, from its guide and from what the engine does."""

from odoo.tools import LazyTranslate

from ..exceptions import CAUSES
from ..guides import CURES, GUIDES, NO_CURE
from .actionstep_connection_plan import LOCAL_CAUSES, WAITING_CAUSES
from .actionstep_document import LEAVABLE_CAUSES, RETRIED_CAUSES

_lt = LazyTranslate(__name__)

# What happens after a cure, by what the engine does: the first that holds is told.
_OUTCOMES = (
    (
        lambda key: key in WAITING_CAUSES,
        _lt("It goes to QuickBooks by itself as soon as what it waits for is there."),
    ),
    (
        lambda key: key in LOCAL_CAUSES,
        _lt(
            "Nothing more has to be pressed: every run looks at these documents again, "
            "and those that are mended go to QuickBooks within minutes."
        ),
    ),
    (
        lambda key: key in RETRIED_CAUSES,
        _lt(
            "Each of these documents is tried again every hour by itself. Requeue "
            "tries at once."
        ),
    ),
    (
        lambda key: key in LEAVABLE_CAUSES or CAUSES[key].failure_type == "data",
        _lt(
            "Nothing happens to the document until you decide. What you decide is done "
            "with the next run."
        ),
    ),
    (
        lambda key: CAUSES[key].failure_type == "transient",
        _lt("The work goes on by itself. Nothing is lost and nothing is sent twice."),
    ),
)
_OUTCOME_OF_FILES = _lt(
    "Of an upload with an error nothing is stored. The corrected file comes in whole, "
    "and the documents that waited for it go with the next run."
)
_OUTCOME_OF_CONNECTIONS = _lt(
    "Everything that waited goes on where it stopped. Nothing is lost and nothing is "
    "sent twice."
)


def selection_cure(model):
    """Return the cures as selection: what stands on their buttons."""
    return [(key, model.env._(cure.label)) for key, cure in CURES.items()]


def describe_guide(env, cause):
    """Return the texts of a help page, in the language of ``env``.

    :param cause: key of ``CAUSES``
    :return: title, sentence, means, why, steps, cure (label or None), none and outcome
    """
    guide = GUIDES[cause]
    return {
        "title": env._(CAUSES[cause].title),
        "means": env._(guide.means),
        "why": env._(guide.why),
        "steps": [env._(step) for step in guide.steps],
        "cure": env._(CURES[guide.cure].label) if guide.cure else None,
        "none": env._(NO_CURE[guide.none]) if guide.none else None,
        "outcome": env._(_get_outcome(cause, guide)),
    }


def _get_outcome(cause, guide):
    if guide.none == "file":
        return _OUTCOME_OF_FILES
    found = (text for holds, text in _OUTCOMES if holds(cause))
    return next(found, _OUTCOME_OF_CONNECTIONS)
