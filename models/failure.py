"""Turn an error of the sync into the sentence that a bookkeeper reads."""

from ..exceptions import CAUSES

# Where the page about a cause is: ``controllers/help.py``.
HELP_PATH = "/actionstep_quickbooks/help"


class _Values(dict):
    """Placeholders of a sentence; one that is not known shows as an ellipsis."""

    def __missing__(self, key):
        return "…"


def selection_cause(model):
    """Return the causes as selection, so that lists can group by a readable cause."""
    return [(key, model.env._(cause.title)) for key, cause in CAUSES.items()]


def describe(env, error, **values):
    """Return the sentence for an error, in the language of ``env``.

    :param error: a ``SyncError``
    :param values: placeholders that the place of the error did not know
    """
    cause = CAUSES.get(error.cause) or CAUSES["unexpected"]
    sentence = env._(cause.sentence)
    return sentence % _Values({**values, **error.values})


def failure_type(error):
    """Return config, data, transient, auth or bug."""
    return (CAUSES.get(error.cause) or CAUSES["unexpected"]).failure_type


def find_subject(error, **values):
    """Return what is to be mended, such as the number of an account; False if it is
    the document itself.

    :param values: as those of ``describe``
    """
    cause = CAUSES.get(error.cause)
    known = {**values, **error.values}
    return str(known.get(cause.subject) or "") or False if cause else False
