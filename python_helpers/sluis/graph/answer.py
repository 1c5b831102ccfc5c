"""Answers of Graph, and what they cost."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .errors import GraphError, plain_place


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


def json_or_none(raw: bytes) -> Any:
    """The JSON of a body, or None when it is none."""
    try:
        return json.loads(raw) if raw else None
    except (ValueError, RecursionError):  # not JSON, or JSON without a bottom
        return None


def parsed(raw: bytes, status: int, method: str, url: str) -> dict[str, Any]:
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
    raise malformed(f"{method} {plain_place(url)}", "is no JSON object", status=status)
