"""Make every text of a statement readable before it is signed.

Texts reach a statement from hosts, stores, programs, tickets and files. A control or
direction character in one of them could make a reader, a screen or a log say something else
than what was recorded. Nothing is dropped: it is spelled out, as in ``\\u{202E}``.
"""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from sluis.border.characters import hostile, visible
from sluis.errors import EvidenceError
from sluis.evidence.predicates import Body

#: lines stay lines: a client's remarks may have several
_ALLOWED = "\n\t"
#: the longest text that a predicate takes, see ``predicates.Words``
_MOST = 4000


def readable(body: Body) -> Body:
    """``body`` with every character that a reader would not see spelled out.

    Statements that are on disk already are never changed: this is for new ones.

    Raises:
        EvidenceError: ``cannot-record``: a field that must have a certain form has such a
            character.
    """
    given = body.model_dump()
    plain = _plain(given)
    if plain == given:
        return body
    try:
        return type(body).model_validate(plain)
    except ValidationError as error:
        raise EvidenceError(
            "cannot-record",
            f"A {body.kind} statement holds a character that a reader cannot see, in "
            f"{'.'.join(map(str, error.errors()[0]['loc']))}.",
            "Find out where that text comes from, and correct it there.",
        ) from None


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, dict):
        return {_plain(name): _plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_plain(item) for item in value)
    return value


def _text(text: str) -> str:
    if hostile(text, allowed=_ALLOWED) is None:
        return text
    shown = visible(text, allowed=_ALLOWED)
    return shown if len(shown) <= max(_MOST, len(text)) else shown[: _MOST - 1] + "…"
