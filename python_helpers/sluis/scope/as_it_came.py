"""Files that a client takes as they came: how they are named, and the lines that do it."""

from __future__ import annotations

from sluis.border.characters import visible
from sluis.evidence.predicates import FetchedFile


def spelled(path: str) -> str:
    """A path as it can be read and written in a scope."""
    return visible(path, allowed="")


def lines_to_paste(file: FetchedFile) -> str:
    """The lines of ``scope.yml`` by which a client takes this file as it came."""
    words = _EDITED if file.check == "edited meanwhile" else _OTHERWISE
    return "\n".join(
        [
            "    as_it_came:",
            f"      - path: {_quoted(file.path)}",
            f"        sha256: {_quoted(file.sha256)}",
            "        words:",
            *(f"          {language}: {_quoted(said)}" for language, said in words.items()),
        ]
    )


_OTHERWISE = {
    "nl": "Wat wij kregen is niet wat de bron vermeldt. Wij nemen het zoals het kwam.",
    "en": "What we got is not what the source lists. We take it as it came.",
}
_EDITED = {
    "nl": "Er werd aan gewerkt terwijl wij het ophaalden. Wij nemen het zoals het kwam.",
    "en": "Somebody worked on it while we fetched it. We take it as it came.",
}


def _quoted(text: str) -> str:
    """A text as YAML takes it in single quotes, in which nothing but the quote is special."""
    return "'" + text.replace("'", "''") + "'"
