"""What a client typed: a clear yes or no, and words that can be kept as they are."""

from __future__ import annotations

from sluis.border.characters import hostile, tidy

_LONGEST_WORDS = 1000
_YES = frozenset({"ja", "yes"})
_NO = frozenset({"nee", "no"})


def is_yes(typed: str) -> bool | None:
    """Whether the whole word yes (or ja) was typed; ``None`` when it is not clear.

    One full stop or exclamation mark behind it is taken as well.
    """
    # lower() and not casefold(), which would take the long s of "ye\u017f" for an s
    word = tidy(typed).lower()
    if word.endswith((".", "!")):
        word = word[:-1]  # as one ends a sentence; more than one says something else
    return True if word in _YES else False if word in _NO else None


def usable_words(typed: str) -> str | None:
    """What was typed as one line, or ``None`` if it is empty, too long, or hides something."""
    words = tidy(typed)
    # U+FFFD stands for a key press that could not be read
    if not words or len(words) > _LONGEST_WORDS or "\ufffd" in words or hostile(words, allowed=""):
        return None
    return words if any(character.isalpha() for character in words) else None
