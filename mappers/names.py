"""Names and texts as QuickBooks takes them.

DisplayName takes no colon, tab or newline, is trimmed, and compared without regard to
case (developer.intuit.com, reference of Customer). Characters outside the Basic
Multilingual Plane (emoji and the like, 4 bytes in UTF-8) may be refused, so none is
ever sent. Lengths count characters, as QuickBooks does.
"""

from __future__ import annotations

import re
import unicodedata

from .. import const

ELLIPSIS = "…"

# Controls except white space, soft hyphen, zero-width and direction marks, variation
# selectors, lone surrogates and non-characters. Joiners (200C, 200D) stay: some
# scripts are misspelt without them. A fixed list instead of Unicode categories,
# because those change with the Python version and fingerprints must not.
_HIDDEN = re.compile(
    r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u200b\u200e\u200f\u202a-\u202e"
    r"\u2060-\u206f\ud800-\udfff\ufdd0-\ufdef\ufe00-\ufe0f\ufeff\ufff9-\ufffb"
    r"\ufffe\uffff]"
)
# Four bytes, or a private sign such as the bullet of a word processor's own font.
_UNREADABLE = re.compile(r"[\ue000-\uf8ff\U00010000-\U0010ffff]")
_COLONS = re.compile(r" ?:[: ]*")
_SUFFIX = re.compile(r" \([^()]{1,20}\)$")


# --- Names --------------------------------------------------------------------------


def display_name(text: str, participant_id: str) -> str:
    """Return the DisplayName for a client's name: accepted by QuickBooks, never empty.

    A name without any letter or digit becomes ``Client <participant_id>``. Giving the
    result again changes nothing.
    """
    name = name_part(text)
    if any(character.isalnum() for character in name):
        return name
    return name_part(f"Client {participant_id}")


def distinct_name(name: str, participant_id: str) -> str:
    """Return the name with `` (<participant_id>)``, for when the name is taken."""
    suffix = f" ({participant_id})"
    name = display_name(name, participant_id)
    return _fit(name, const.QUICKBOOKS_NAME_LENGTH, suffix)


def matter_name(text: str, matter_id: str) -> str:
    """Return the DisplayName of a matter's sub-customer: ``2011 Purchase of a house``.

    The id comes first: matters of one name are told apart, and so are a matter and the
    client it is named after, also where a long name is cut.
    """
    name = name_part(text)
    has_letters = any(character.isalnum() for character in name)
    return name_part(f"{matter_id} {name}" if has_letters else f"Matter {matter_id}")


def name_key(name: str) -> str:
    """Return what QuickBooks compares: no case, no spare white space, with accents."""
    return unicodedata.normalize("NFC", " ".join(name.split()).casefold())


def name_part(text: str, limit: int = const.QUICKBOOKS_NAME_LENGTH) -> str:
    """Return any field of a name on one line and without colons, or an empty text."""
    name = unicodedata.normalize("NFC", _HIDDEN.sub("", text))
    name = unicodedata.normalize("NFC", _UNREADABLE.sub(_readable, name))
    name = " ".join(name.split()).strip(": ")
    name = _COLONS.sub(" - ", name)
    ending = _SUFFIX.search(name)
    return _fit(name, limit, ending.group() if ending else "")


def _readable(match: re.Match[str]) -> str:
    """Return plain letters for ornamental ones (bold ``A`` → ``A``), else a space."""
    plain = unicodedata.normalize("NFKC", match.group())
    return " " if _UNREADABLE.search(plain) else plain


def _fit(name: str, limit: int, suffix: str) -> str:
    """Return the name ending in the suffix; only what stands before it is cut."""
    stem = name.removesuffix(suffix)
    return stem[: limit - len(suffix)].rstrip() + suffix


# --- Texts --------------------------------------------------------------------------


def plain_text(text: str, limit: int) -> str:
    """Return a description or note for QuickBooks: lines kept, at most ``limit`` long.

    What is cut off is marked by an ellipsis.
    """
    lines = _HIDDEN.sub("", text).splitlines()
    lines = [" ".join(_UNREADABLE.sub(" ", line).split()) for line in lines]
    plain = "\n".join(lines).strip()
    if len(plain) <= limit:
        return plain
    return plain[: limit - len(ELLIPSIS)].rstrip() + ELLIPSIS


def one_line(text: str, limit: int) -> str:
    """Return the text on one line, at most ``limit`` long, cut with an ellipsis."""
    return plain_text(" ".join(text.split()), limit)


def contains_reference(text: str, reference: str) -> bool:
    """Tell whether our reference stands in the text as a whole word.

    ``bill-12`` does not stand in ``bill-123`` nor in ``bill-12-3``.
    """
    words = [re.escape(word) for word in reference.split()]
    if not words:
        return False
    pattern = r"(?<!\w)(?<!\w[-.:/])" + r"\s+".join(words) + r"(?!\w|[-.:/]\w)"
    return re.search(pattern, text) is not None
