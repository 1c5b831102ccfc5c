"""``$batch``: up to twenty requests in one, each priced and throttled for itself.

The order of the answers is free, and nobody but us repeats an inner request that got 429 (Microsoft
Graph's page on batching; the SDKs do not).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..counted import counted
from . import cost
from .answer import malformed
from .errors import GraphError, codes_of
from .links import relative
from .retry import THROTTLES, may_repeat

if TYPE_CHECKING:
    from .calls import Graph

MOST = 20


@dataclass(frozen=True)
class BatchRequest:
    """One request inside a batch.

    Args:
        path: ``/drives/…``, without host and version.
        method: the HTTP method.
        json: the body, if any.
        headers: more headers.
    """

    path: str
    method: str = "GET"
    json: Any = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class BatchAnswer:
    """The answer to one request inside a batch, success or not.

    Args:
        status: its HTTP status.
        headers: its headers.
        body: its JSON; an error body has ``error``.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: Any = field(repr=False)

    @property
    def ok(self) -> bool:
        """Whether the request succeeded."""
        return 200 <= self.status < 300

    @property
    def codes(self) -> tuple[str, ...]:
        """The service's own codes when it failed, the outermost first."""
        return codes_of(self.body)


async def send(graph: Graph, requests: Sequence[BatchRequest | str]) -> list[BatchAnswer]:
    """Send requests in batches; see :meth:`sluis.graph.connect.Graph.batch`."""
    wanted = [BatchRequest(one) if isinstance(one, str) else one for one in requests]
    answers: dict[int, BatchAnswer] = {}
    open_ones = list(range(len(wanted)))
    throttles = failures = 0
    while open_ones:
        again: list[int] = []
        throttled = failed = False
        for start in range(0, len(open_ones), MOST):
            part = open_ones[start : start + MOST]
            for number, answer in (await _send(graph, wanted, part)).items():
                answers[number] = answer
                repeatable = wanted[number].method.upper() != "POST"
                if may_repeat(answer.status, repeatable=repeatable):
                    again.append(number)
                    throttled |= answer.status in THROTTLES
                    failed |= answer.status not in THROTTLES
        throttles += throttled
        failures += failed
        if throttles >= graph.patience.throttles or failures >= graph.patience.tries:
            break
        if again and failed:
            await graph.clock.sleep(graph.patience.pause(failures, graph.chance))
        open_ones = sorted(again)
    return [answers[number] for number in range(len(wanted))]


async def _send(
    graph: Graph, wanted: Sequence[BatchRequest], part: Sequence[int]
) -> dict[int, BatchAnswer]:
    inner = []
    units = 0
    for number in part:
        one = wanted[number]
        units += cost.units(one.method, relative(one.path))
        entry: dict[str, Any] = {"id": str(number), "method": one.method.upper(), "url": one.path}
        if one.headers:
            entry["headers"] = dict(one.headers)
        if one.json is not None:
            entry["body"] = one.json
            entry["headers"] = {"Content-Type": "application/json", **one.headers}
        inner.append(entry)
    safe = all(wanted[number].method.upper() != "POST" for number in part)
    answer = await graph.call(
        "POST", "/$batch", json={"requests": inner}, repeatable=safe, units=units
    )
    found: dict[int, BatchAnswer] = {}
    responses = answer.body.get("responses")
    if not isinstance(responses, list):
        raise malformed("POST /$batch", "has no list of responses")
    for one in responses:
        number, status = _numbers(one)
        if number in part and number not in found:
            told = one.get("headers")
            headers = {str(k): str(v) for k, v in told.items()} if isinstance(told, dict) else {}
            found[number] = BatchAnswer(status, headers, one.get("body"))
            if status >= 400:  # holds for everyone, and is counted
                graph.pacer.heed(headers, status, 0)
    if missing := [number for number in part if number not in found]:
        raise GraphError(
            "batch-incomplete",
            f"Graph answered {len(part) - len(missing)} of {counted(len(part), 'request')} "
            "of a batch.",
            "Ask for the missing ones again; what they did is not known.",
        )
    return found


def _numbers(one: Any) -> tuple[int, int]:
    try:
        return int(one["id"]), int(one["status"])
    except (KeyError, TypeError, ValueError):
        return -1, 0
