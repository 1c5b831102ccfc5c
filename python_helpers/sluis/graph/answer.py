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


def json_or_none(raw: bytes) -> Any:
    """The JSON of a body, or None when it is none."""
    try:
        return json.loads(raw) if raw else None
    except ValueError:
        return None


def parsed(raw: bytes, status: int, method: str, url: str) -> dict[str, Any]:
    """The JSON object of a success; empty when it had no body.

    Raises:
        GraphError: ``answer-unreadable``.
    """
    if not raw:
        return {}
    body = json_or_none(raw)
    if isinstance(body, dict):
        return body
    if status >= 300:
        return {}
    raise GraphError(
        "answer-unreadable",
        f"Graph answered {status} to {method} {plain_place(url)} with something that is not JSON.",
        "Try again; if it stays, something between us and Graph answers in its place.",
        status=status,
    )
