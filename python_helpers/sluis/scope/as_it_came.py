"""Files that a client takes as they came: how they are named, and the lines that do it."""

from __future__ import annotations

from sluis.border.characters import visible
from sluis.evidence.predicates import FetchedFile


def spelled(path: str) -> str:
    """A path as it can be read and written in a scope."""
    return visible(path, allowed="")


def lines_to_paste(file: FetchedFile) -> str:
    """The lines of ``scope.yml`` by which a client takes this file as it came."""
    # a statement of an older version says no reason
    why = file.doubt or ("edited" if file.check == "edited meanwhile" else "")
    words = _WORDS.get(why, _UNCERTAIN)
    return "\n".join(
        [
            "    as_it_came:",
            f"      - path: {_quoted(file.path)}",
            f"        sha256: {_quoted(file.sha256)}",
            "        words:",
            *(f"          {language}: {_quoted(said)}" for language, said in words.items()),
        ]
    )


#: by the reason for which nothing says that it is right: the client signs these words
_WORDS = {
    "no hash": {
        "nl": "De bron geeft niets om de inhoud mee te vergelijken. Wij nemen het zoals het kwam.",
        "en": "The source gives nothing to compare the content with. We take it as it came.",
    },
    "older": {
        "nl": "De nieuwste versie kregen wij niet. Dit is een oudere versie. Wij nemen die.",
        "en": "We did not get the newest version. This is an older one. We take it.",
    },
    "read once": {
        "nl": "Het is maar één keer gelezen: niets bevestigt de inhoud. Wij nemen het zo.",
        "en": "It was read only once: nothing confirms the content. We take it like this.",
    },
    "edited": {
        "nl": "Er werd aan gewerkt terwijl wij het ophaalden. Wij nemen het zoals het kwam.",
        "en": "Somebody worked on it while we fetched it. We take it as it came.",
    },
    "differs": {
        "nl": "Wat wij kregen is niet wat de bron vermeldt. Wij nemen het zoals het kwam.",
        "en": "What we got is not what the source lists. We take it as it came.",
    },
}
_UNCERTAIN = {
    "nl": "Het is niet zeker dat dit goed is. Wij nemen het zoals het kwam.",
    "en": "It is not certain that this is right. We take it as it came.",
}


def _quoted(text: str) -> str:
    """A text as YAML takes it in single quotes, in which nothing but the quote is special."""
    return "'" + text.replace("'", "''") + "'"
