"""Which entries of Actionstep and QuickBooks are probably meant for each other.

A proposal is only made where one target stands out; two that fit equally well are left
to the bookkeeper. No pair with a problem (:mod:`.pairs`) is ever proposed.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from .pairs import Entry, Problem, check_account, check_item, check_tax, treatment

# Words that say nothing of their own in a chart of accounts.
_FILLERS = frozenset(
    [
        "a",
        "account",
        "acct",
        "ac",
        "and",
        "client",
        "for",
        "of",
        "on",
        "the",
        "to",
        "with",
    ]
)
# Words that law firms use for each other.
_ALIASES = {
    "professional": "legal",
    "disbursement": "cost",
    "expense": "cost",
    "recovered": "reimbursed",
    "recoverable": "reimbursable",
    "checking": "business",
    "operating": "business",
    "iolta": "trust",
    "revenue": "income",
    "sale": "income",
    "debtor": "receivable",
    "creditor": "payable",
}
# Parts of the strength of a proposal; what is below the least is not made.
_SAME_NUMBER = 1.0
_SAME_NAME = 0.95
_SAME_WORDS = 0.92
_NUMBER_END = 0.9
_FEEDS = 0.85
_SIMILAR = 0.8
_LEAST = 0.45
# So many targets of a short list may share a word that still tells something.
_FEW = 20
# Two targets whose strength differs by less fit equally well.
_MARGIN = 0.02


class Proposal(NamedTuple):
    """A target for a source, and why: ``same_number``, ``number_end``, ``same_name``,
    ``feeds``, ``similar_name``, ``only_trust``, ``only_bank``, ``only_rate``,
    ``rate_and_name`` or ``rate_and_meaning``."""

    source: int
    target: int
    reason: str
    strength: float


class _Fit(NamedTuple):
    strength: float
    reason: str
    target: Entry


def propose_items(sources: Iterable[Entry], targets: Iterable[Entry]) -> list[Proposal]:
    """Return products for invoice accounts: by name, or by the account they feed."""
    index = _Index.of(targets, lambda one: (one.name, one.feeds))
    return _propose(sources, index, _fit_item, check_item)


def propose_accounts(
    sources: Sequence[Entry], targets: Sequence[Entry]
) -> list[Proposal]:
    """Return accounts for ledger accounts: by number, by name, or the only of a kind.

    An account is proposed once: two accounts of Actionstep in one of QuickBooks is a
    decision, and not a guess.
    """
    index = _Index.of(targets, lambda one: (one.name,))
    proposals = _propose(sources, index, _fit_account, check_account)
    proposals = _once(proposals)
    taken = {one.source for one in proposals}, {one.target for one in proposals}
    return proposals + _propose_only(sources, targets, *taken)


def propose_taxes(
    sources: Iterable[Entry], targets: Sequence[Entry], *, is_automated: bool = False
) -> list[Proposal]:
    """Return tax codes of the same rate; among several the one that means the same."""

    def check(source: Entry, target: Entry) -> Problem | None:
        return check_tax(source, target, is_automated=is_automated)

    found = (_propose_tax(source, targets, check) for source in sources)
    return [one for one in found if one]


# --- Numbers and names ---


@dataclass
class _Index:
    """Targets by what they can be found by; names as sets of words."""

    targets: dict[int, Entry] = field(default_factory=dict)
    by_number: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    by_word: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    names: dict[int, list[frozenset[str]]] = field(default_factory=dict)
    weights: Counter = field(default_factory=Counter)

    @classmethod
    def of(
        cls, targets: Iterable[Entry], names: Callable[[Entry], Sequence[str]]
    ) -> _Index:
        """Build the index; ``names`` gives the names that a target goes by."""
        index = cls()
        for target in targets:
            index.targets[target.key] = target
            for number in {target.number, _digits(target.number)} - {""}:
                index.by_number[number].add(target.key)
            index.names[target.key] = [words_of(name) for name in names(target)]
            for word in frozenset().union(*index.names[target.key]):
                index.by_word[word].add(target.key)
                index.weights[word] += 1
        return index

    def candidates(self, source: Entry) -> list[Entry]:
        """Return the targets that share a number or a word with a source."""
        keys: set[int] = set()
        for number in _numbers(source.number):
            keys |= self.by_number.get(number, set())
        for word in self._telling_words(source):
            keys |= self.by_word.get(word, set())
        return [self.targets[key] for key in sorted(keys)]

    def _telling_words(self, source: Entry) -> list[str]:
        """Return the words of a source that few targets share; else all it has.

        A word such as *fees*, which half of a chart has, tells nothing by itself.
        """
        words = [word for word in words_of(source.name) if word in self.by_word]
        most = max(_FEW, len(self.targets) // 10)
        return [word for word in words if len(self.by_word[word]) <= most] or words

    def likeness(self, one: frozenset[str], other: frozenset[str]) -> float:
        """Return how alike two names are, 0 to 1; rare words count for more."""
        total = self._weight(one) + self._weight(other)
        return 2 * self._weight(one & other) / total if total else 0.0

    def _weight(self, words: Iterable[str]) -> float:
        return sum(1 / max(self.weights[word], 1) for word in words)


@lru_cache(maxsize=4096)
def words_of(name: str) -> frozenset[str]:
    """Return the words of a name that tell something, in the singular."""
    words = re.findall(r"[^\W\d_]{2,}", name.casefold())
    singular = {_singular(word) for word in words}
    return frozenset(_ALIASES.get(word, word) for word in singular - _FILLERS)


def _singular(word: str) -> str:
    if len(word) > 4 and word.endswith("ies"):
        return f"{word[:-3]}y"
    is_plural = len(word) > 3 and word.endswith("s") and not word.endswith("ss")
    return word[:-1] if is_plural else word


def _digits(number: str) -> str:
    return re.sub(r"\D", "", number)


def _numbers(number: str) -> list[str]:
    """Return what a number may be called: 1-1110, 11110, and 1110 as its last part."""
    last = re.split(r"\D+", number)[-1] if len(_digits(number)) >= 4 else ""
    return [one for one in (number, _digits(number), last) if one]


def _fit_account(index: _Index, source: Entry, target: Entry) -> _Fit:
    likeness = max(
        index.likeness(words_of(source.name), name) for name in index.names[target.key]
    )
    if source.number and _digits(source.number) == _digits(target.number):
        return _Fit(_SAME_NUMBER, "same_number", target)
    if likeness == 1:
        return _fit_name(source, target)
    if target.number and target.number in _numbers(source.number):
        # The last part alone is shared by accounts of all sections.
        return _Fit(_NUMBER_END * (0.6 + 0.4 * likeness), "number_end", target)
    return _Fit(_SIMILAR * likeness, "similar_name", target)


def _fit_item(index: _Index, source: Entry, target: Entry) -> _Fit:
    words = words_of(source.name)
    name, feeds = (index.likeness(words, one) for one in index.names[target.key])
    if name == 1:
        return _fit_name(source, target)
    if feeds == 1:
        return _Fit(_FEEDS, "feeds", target)
    return _Fit(_SIMILAR * name, "similar_name", target)


def _fit_name(source: Entry, target: Entry) -> _Fit:
    """Return how names of the same words fit: other words may mean the same."""
    if source.name.casefold() == target.name.casefold():
        return _Fit(_SAME_NAME, "same_name", target)
    return _Fit(_SAME_WORDS, "similar_name", target)


def _propose(
    sources: Iterable[Entry],
    index: _Index,
    fit: Callable[[_Index, Entry, Entry], _Fit],
    check: Callable[[Entry, Entry], Problem | None],
) -> list[Proposal]:
    proposals = []
    for source in sources:
        fits = [
            fit(index, source, target)
            for target in index.candidates(source)
            if not check(source, target)
        ]
        best = _best(fits)
        if best:
            key = best.target.key
            proposals.append(Proposal(source.key, key, best.reason, best.strength))
    return proposals


def _best(fits: Iterable[_Fit], least: float = _LEAST) -> _Fit | None:
    """Return the one that stands out, or None."""
    ranked = sorted(fits, key=lambda one: -one.strength)[:2]
    if not ranked or ranked[0].strength < least:
        return None
    is_alone = len(ranked) == 1
    if is_alone or ranked[0].strength - ranked[1].strength >= _MARGIN:
        return ranked[0]
    return None


def _once(proposals: Iterable[Proposal]) -> list[Proposal]:
    """Keep the strongest proposal of each target; of equally strong ones none."""
    by_target: Mapping[int, list[Proposal]] = defaultdict(list)
    for one in proposals:
        by_target[one.target].append(one)
    kept = []
    for rivals in by_target.values():
        rivals.sort(key=lambda one: -one.strength)
        is_alone = len(rivals) == 1
        if is_alone or rivals[0].strength - rivals[1].strength >= _MARGIN:
            kept.append(rivals[0])
    return kept


def _propose_only(
    sources: Sequence[Entry],
    targets: Sequence[Entry],
    taken_sources: set[int],
    taken_targets: set[int],
) -> list[Proposal]:
    """Propose the only trust bank account, or operating one, where both sides have one.

    Kinds with one account on each side leave no other choice.
    """
    proposals = []
    for is_trust, reason in ((True, "only_trust"), (False, "only_bank")):
        ours, theirs = (
            [one for one in side if one.is_bank and one.is_trust is is_trust]
            for side in (sources, targets)
        )
        is_free = len(ours) == len(theirs) == 1 and (
            ours[0].key not in taken_sources and theirs[0].key not in taken_targets
        )
        if is_free:
            proposals.append(Proposal(ours[0].key, theirs[0].key, reason, _LEAST))
    return proposals


# --- Tax ---


def _propose_tax(
    source: Entry,
    targets: Iterable[Entry],
    check: Callable[[Entry, Entry], Problem | None],
) -> Proposal | None:
    fitting = [
        one for one in targets if _rate(one) == source.rate and not check(source, one)
    ]
    if len(fitting) == 1:
        return Proposal(source.key, fitting[0].key, "only_rate", _SAME_NUMBER)
    meant = [one for one in fitting if treatment(source) == treatment(one) != ""]
    if len(meant) == 1:
        return Proposal(source.key, meant[0].key, "rate_and_meaning", _SAME_NAME)
    names = _Index.of(meant or fitting, lambda one: (f"{one.name} {one.words}",))
    words = words_of(f"{source.name} {source.words}")
    fits = [
        _Fit(names.likeness(words, names.names[one.key][0]), "rate_and_name", one)
        for one in names.targets.values()
    ]
    # The rate has told much already: any word in common tells the rest.
    best = _best(fits, least=_LEAST / 2)
    if best:
        return Proposal(source.key, best.target.key, best.reason, best.strength)
    return None


def _rate(code: Entry):
    """Return a code's rate; one that bears no tax has 0 %, even if it names none."""
    return code.rate if code.rate is not None or code.is_taxable else 0
