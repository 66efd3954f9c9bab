"""What reading a list anew has changed in it, told to people. Plain Python."""

from typing import NamedTuple

# So many are told by name; the rest is counted.
SHOWN = 10


class Changes(NamedTuple):
    """Names of what a list got, ``(old, new)`` of what is called otherwise, and names
    of what is no longer there. ``is_first``: the list had nothing before."""

    added: list
    renamed: list
    gone: list
    is_first: bool = False

    def __bool__(self):
        return bool(self.added or self.renamed or self.gone)


def snapshot(entries):
    """Return ``{id: name}`` of the entries in use."""
    return {one.id: one.display_name for one in entries if one.active}


def compare(before, after):
    """Return the changes between two snapshots."""
    both = sorted(before.keys() & after.keys())
    return Changes(
        added=[after[key] for key in sorted(after.keys() - before.keys())],
        renamed=[(before[k], after[k]) for k in both if before[k] != after[k]],
        gone=[before[key] for key in sorted(before.keys() - after.keys())],
        is_first=not before,
    )


def describe(env, title, changes):
    """Return the sentence that tells what changed in a list.

    :param title: what the list is called
    """
    if changes.is_first:
        return env._("%(list)s: %(count)s loaded", list=title, count=len(changes.added))
    arrows = [f"{old} → {new}" for old, new in changes.renamed]
    parts = [
        (changes.added and env._("added %s", _names(changes.added))),
        (arrows and env._("changed %s", _names(arrows))),
        (changes.gone and env._("gone %s", _names(changes.gone))),
    ]
    return env._("%(list)s: %(what)s", list=title, what="; ".join(filter(None, parts)))


def _names(names):
    more = len(names) - SHOWN
    shown = ", ".join(names[:SHOWN])
    return f"{shown} (+{more})" if more > 0 else shown
