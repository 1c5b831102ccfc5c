"""Which characters may be shown to a person, and texts from elsewhere without the others.

A character that nobody sees, or that reorders what is seen, can make a text say
something else than what is read. Such characters are refused where a person wrote
them, and made visible where a machine did.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple, Optional

#: Cc control, Cf format (bidi, zero width, tags), Cs surrogates, Co private, Cn
#: unassigned, Zl/Zp line and paragraph separators
_BAD_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
#: letters and symbols of another category that are drawn as nothing at all
_DRAWN_AS_NOTHING = frozenset("\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
_VARIATION_SELECTORS = (range(0xFE00, 0xFE10), range(0xE0100, 0xE01F0))
#: more marks than this on one letter is not a word in Dutch or English
_MOST_MARKS = 3
_NOT_PLAIN = re.compile(r"[^ -~]")


class Hostile(NamedTuple):
    """A character that may not be shown: where (position), which, and its name."""

    position: int
    character: str
    name: str


def hostile(text: str, *, allowed: str = "\n") -> Optional[Hostile]:
    """Find the first character in ``text`` that a reader would not see for what it is.

    Args:
        text: any text.
        allowed: control characters that are in order here.
    """
    marks, before = 0, -1
    # nearly everything is plain ASCII, and that needs no look of its own
    for found in _NOT_PLAIN.finditer(text):
        index, character = found.start(), found[0]
        if character in allowed:
            continue
        if _is_bad(character):
            return Hostile(index, character, _name(character))
        is_mark = unicodedata.category(character).startswith("M")
        marks = (marks if index == before + 1 else 0) + 1 if is_mark else 0
        before = index
        if marks > _MOST_MARKS:
            return Hostile(index, character, "too many marks on one letter")
    return None


def visible(text: str, *, allowed: str = "\n") -> str:
    r"""Return ``text`` with every hostile character spelled out, as in ``\u{202E}``.

    For texts that come from a machine (arguments, file names) and are shown to a
    person.
    """
    if not any(_is_bad(c) or unicodedata.category(c)[0] == "M" for c in set(text) - set(allowed)):
        return text  # seen in one go, because a text may be huge
    shown = []
    marks = 0
    for character in text:
        marks = marks + 1 if unicodedata.category(character).startswith("M") else 0
        if character in allowed:
            shown.append(character)
        elif _is_bad(character) or marks > _MOST_MARKS:
            shown.append(f"\\u{{{ord(character):04X}}}")
        else:
            shown.append(character)
    return "".join(shown)


def clean_text(text: str, most: int = 2000) -> str:
    r"""Return ``text`` as one bounded line without anything that a reader would not see.

    For every text that a managed host, a store or a program chose. Line breaks, tabs and
    unusual spaces become one ordinary space each, because a line break can make one answer
    look like two. Control, direction and zero-width characters and lone surrogates are
    spelled out, as in ``\u{202E}``: nothing disappears without a trace.

    Args:
        text: any text.
        most: length in characters that is kept; a longer text ends in an ellipsis.
    """
    cut = text[:most] if len(text) > most else text  # before the work: a text may be huge
    # "!" to "~" and the space: nearly every text is that, and needs no look of its own
    if _NOT_PLAIN.search(cut):
        cut = visible("".join(" " if c.isspace() else c for c in cut), allowed="")
    if len(text) > most or len(cut) > most:
        return cut[: most - 1] + "…"
    return cut


def tidy(text: str) -> str:
    """Return ``text`` as one line in Unicode form NFC, each run of spaces made one.

    So that a folded, a quoted and a re-indented spelling of the same words have the
    same digest.
    """
    return unicodedata.normalize("NFC", " ".join(text.split()))


def _is_bad(character: str) -> bool:
    return (
        unicodedata.category(character) in _BAD_CATEGORIES
        # a space that looks like a space and is another: two paths that look the same
        or (unicodedata.category(character) == "Zs" and character != " ")
        or character in _DRAWN_AS_NOTHING
        or any(ord(character) in selectors for selectors in _VARIATION_SELECTORS)
    )


def _name(character: str) -> str:
    name = unicodedata.name(character, "control character")
    return f"U+{ord(character):04X} {name.lower()}"
