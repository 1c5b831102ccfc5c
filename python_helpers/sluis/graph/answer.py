"""Answers of Graph, and what they cost."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .errors import GraphError, plain_place

#: values of one answer, and so the memory that they take: one of two bytes takes a hundred here
_MOST_VALUES = 500_000
#: what each value of a list or an object costs one of; or a whole text, which may hold them too
_SIGN_OR_TEXT = re.compile(rb'[,\[{]|"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
_QUOTE = ord('"')
#: characters of a number
_LONGEST_NUMBER = 400
#: one of these is in each body that holds half a character: an escape, its bytes, another encoding
_MAY_BE_HALF = (b"\\ud", b"\\uD", b"\xed", b"\0")
_HALF = re.compile(r"[\ud800-\udfff]")
_UNKNOWN = "\ufffd"
#: texts that go back to the service, or that others are held against, as they are
_EXACT = frozenset({
    "id", "driveId", "siteId", "listId", "eTag", "cTag", "uploadUrl", "email", "loginName",
    "userPrincipalName", "@odata.nextLink", "@odata.deltaLink", "@microsoft.graph.downloadUrl",
})  # fmt: skip
_EXACT_ENDS = ("DateTime", "Hash")
#: what stands in these stays as it is: names are stored by their bytes, columns as JSON
_AS_THEY_ARE = frozenset({"name", "fields"})


@dataclass(frozen=True)
class Spent:
    """What a connection has used so far.

    Args:
        requests: requests sent to Graph and to the content servers, repeats included.
        units: resource units they cost by Microsoft's price list.
        throttled: answers that told us to slow down.
        seconds_waited: seconds that calls waited for the budget, added up over all calls.
    """

    requests: int
    units: int
    throttled: int
    seconds_waited: float


@dataclass(frozen=True)
class Answer:
    """A success: status, headers, and the body's JSON (an empty dict when it had none)."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: dict[str, Any] = field(repr=False)


def item_of(body: Mapping[str, Any], place: str, expected: str | None = None) -> dict[str, Any]:
    """An answer that has to describe one item.

    Args:
        body: of the answer.
        place: what was asked for, for messages.
        expected: the id that was asked for; ids are told apart without regard to case.

    Raises:
        GraphError: ``page-malformed``: it has no id, or another one.
    """
    found = body.get("id")
    if isinstance(found, str) and found and expected in (None, found):
        return dict(body)
    if isinstance(found, str) and expected and found.casefold() == expected.casefold():
        return {**body, "id": expected}
    raise malformed(place, "does not describe the item that was asked for")


def malformed(call: str, what: str, *, status: int | None = None) -> GraphError:
    """An answer that is none, whatever was asked: its code is always ``page-malformed``.

    Args:
        call: what was asked: a path, or a method and a path; without secrets.
        what: what is wrong with the answer: "is not …".
        status: the HTTP status.
    """
    return GraphError(
        "page-malformed",
        f"Graph's answer to {plain_place(call)} {what}.",
        "Try again; if it stays, something between us and Graph answers in its place.",
        status=status,
    )


def json_or_none(raw: bytes | bytearray) -> Any:
    """The JSON of a body, or None when it is none, or more than an answer may be.

    A number that is not finite is no JSON. A whole number beyond 64 bits, which nothing of ours
    could hold, comes as a fraction. Half a character (a lone surrogate), which no file and no
    database takes, is in names only: elsewhere it is replaced, and an id, a hash, a time or a link
    that holds one is none.
    """
    if not raw or _holds_too_much(raw):
        return None
    body = _read(raw)
    return body if _texts_are_whole(raw, body) else None


def in_whole_characters(text: object) -> str:
    """A name that is no item's, as it is shown; an item's is kept as it is, by its bytes."""
    return _HALF.sub(_UNKNOWN, str(text))


def _read(raw: bytes | bytearray) -> Any:
    try:
        return json.loads(raw, parse_int=_number, parse_float=_finite, parse_constant=_finite)
    except (ValueError, RecursionError):  # not JSON, or JSON without a bottom
        return None


def _texts_are_whole(raw: bytes | bytearray, body: Any) -> bool:
    """Whether each text that has to be exact is one; half characters of others are replaced."""
    waiting = [body] if any(sign in raw for sign in _MAY_BE_HALF) else []
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            places = [place for place in part.items() if place[0] not in _AS_THEY_ARE]
        else:
            places = list(enumerate(part)) if isinstance(part, list) else []
        for key, value in places:
            if not isinstance(value, str):
                waiting.append(value)
            elif not value.isascii() and _HALF.search(value):
                if key in _EXACT or str(key).endswith(_EXACT_ENDS):
                    return False
                part[key] = _HALF.sub(_UNKNOWN, value)
    return True


def _holds_too_much(raw: bytes | bytearray) -> bool:
    """Whether a body holds more values than any answer does, told before they are made."""
    if sum(raw.count(sign) for sign in (b",", b"[", b"{")) <= _MOST_VALUES:
        return False
    values = texts = 0
    for found in _SIGN_OR_TEXT.finditer(raw):
        if raw[found.start()] == _QUOTE:
            texts += 1
        else:
            values += 1
        if values > _MOST_VALUES or texts > 2 * _MOST_VALUES:  # a name and a text for each
            return True
    return False


def _number(digits: str) -> float:
    if len(digits) <= 20 and -(2**63) <= (number := int(digits)) < 2**63:
        return number
    return _finite(digits)


def _finite(digits: str) -> float:
    number = float(digits) if len(digits) <= _LONGEST_NUMBER else math.inf
    if not math.isfinite(number):
        raise ValueError("a number that is not finite")
    return number


def parsed(raw: bytes | bytearray, status: int, method: str, url: str) -> dict[str, Any]:
    """The JSON object of a success; empty when it had no body.

    Raises:
        GraphError: ``page-malformed``.
    """
    if not raw:
        return {}
    body = json_or_none(raw)
    if isinstance(body, dict):
        return body
    if status >= 300:
        return {}
    call = f"{method} {plain_place(url)}"
    if _holds_too_much(raw):
        raise malformed(call, f"holds more than {_MOST_VALUES:,} values", status=status)
    if not _texts_are_whole(raw, _read(raw)):
        what = "has half a character in an id, a hash, a time or a link"
        raise malformed(call, what, status=status)
    raise malformed(call, "is no JSON object", status=status)
