"""Words that were not written for this client and this asset (A10).

General terms do not help; a tailor-made waiver might. What is refused here would
not have been read, or says nothing about what is about to happen.
"""

from __future__ import annotations

import difflib
import re

from sluis.border.characters import tidy
from sluis.scope.model import Asset, ScopeDocument
from sluis.scope.voice import Voice

#: fewer different words than this say nothing concrete
FEWEST_WORDS = 6
FEWEST_LETTERS = 30
#: two texts that agree this much, names and numbers left out, are one text
COPIED = 0.85

_GENERAL_TERMS = (
    "algemene voorwaarden", "leveringsvoorwaarden", "niet aansprakelijk", "aansprakelijkheid",
    "op eigen risico", "eigen rekening en risico", "alle risico", "alle mogelijke", "vrijwaart",
    "vrijwaring", "in geen geval", "zonder enig voorbehoud", "voor zover wettelijk",
    "directe of indirecte", "general terms", "terms and conditions", "terms of service",
    "not liable", "liability", "at own risk", "at your own risk", "at the client's risk",
    "all risks", "any and all", "fullest extent", "hold harmless", "indemnif",
    "in no event", "direct or indirect", "without limitation",
)  # fmt: skip
_PLACEHOLDERS = (
    "as is",
    "todo", "tbd", "t.b.d", "lorem ipsum", "n.v.t", "nvt", "n/a", "xxx", "invullen", "fill in",
    "see above", "zie boven", "zie contract", "idem", "ditto", "to be decided", "nader te bepalen",
)  # fmt: skip
_WORD = re.compile(r"[^\W\d_]+")


def says_nothing(words: str) -> bool:
    """Whether ``words`` are too few, or the same few over and over."""
    found = [word.casefold() for word in _WORD.findall(words)]
    return len(set(found)) < FEWEST_WORDS or sum(map(len, found)) < FEWEST_LETTERS


def general_term(words: str) -> str | None:
    """The phrase of general terms, or the placeholder, that ``words`` use, if any."""
    text = tidy(words).casefold()
    for phrase in _GENERAL_TERMS:
        # only where a word begins, so that "was isolated" does not hold "as is"
        if re.search(rf"(?<!\w){re.escape(phrase)}", text):
            return phrase
    return next((phrase for phrase in _PLACEHOLDERS if _holds(text, phrase)), None)


def names_asset(words: str, asset: Asset) -> bool:
    """Whether ``words`` name this asset: its id, its name, its host or its location."""
    return any(_holds(words, name) for name in _names(asset))


def copied(words: str, other: str, scope: ScopeDocument) -> bool:
    """Whether ``words`` are ``other`` with another asset's names put in."""
    compared = difflib.SequenceMatcher(None, _bare(words, scope), _bare(other, scope), False)
    return compared.ratio() >= COPIED


def _names(asset: Asset) -> set[str]:
    names = {asset.id, asset.location, *(Voice(language).words(asset.name).rstrip(".")
                                         for language in ("nl", "en"))}  # fmt: skip
    if asset.host is not None:
        names.add(asset.host)
    return names


def _holds(words: str, name: str) -> bool:
    return (
        re.search(rf"(?<!\w){re.escape(name.casefold())}(?!\w)", tidy(words).casefold()) is not None
    )


def _bare(words: str, scope: ScopeDocument) -> list[str]:
    text = tidy(words).casefold()
    # longest first: "records" must not leave half of "records archive" behind
    names = sorted(
        {name.casefold() for asset in scope.assets for name in _names(asset)}, key=len, reverse=True
    )
    for name in names:
        text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", " ", text)
    return _WORD.findall(text)
