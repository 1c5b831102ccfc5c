"""``$batch``: up to twenty requests in one.

Each inner request is served, priced and throttled as if it came alone; one that is
throttled says so in its own answer while the whole says 200. Answers come in any order.
Source: learn.microsoft.com, "Combine multiple HTTP requests using JSON batching".
"""

from __future__ import annotations

import base64
import binascii
import json
import random
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from multidict import CIMultiDict

from sluis.rehearsal.tenant.api_error import ApiError, error_body, request_ids
from sluis.rehearsal.tenant.call import Answer, Call, read_address

#: the most inner requests in one batch
LARGEST_BATCH = 20

_METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")

Serve = Callable[[Call], Awaitable[Answer]]


@dataclass(frozen=True)
class _Inner:
    id: str
    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    depends_on: tuple[str, ...]


async def run_batch(call: Call, serve: Serve, now: Callable[[], float], seed: int) -> Answer:
    """Serve a batch.

    Args:
        call: the outer request; its Authorization counts for all inner ones.
        serve: serves one inner request; charges it, and raises ApiError.
        now: the tenant's clock, seconds since 1970.
        seed: decides the order in which inner requests are served and answered.

    Raises:
        ApiError: 400 for a batch that cannot be read; nothing in it was done then.
    """
    waiting = _read(await call.json())
    chance = random.Random(f"{seed} {sorted(waiting)}")  # noqa: S311
    answers: list[dict[str, Any]] = []
    statuses: dict[str, int] = {}
    while waiting:
        ready = [
            inner
            for inner in waiting.values()
            if all(name in statuses for name in inner.depends_on)
        ]
        if not ready:
            raise _bad("The dependsOn properties of the batch form a circle.")
        inner = chance.choice(ready)
        del waiting[inner.id]
        if any(statuses[name] >= 400 for name in inner.depends_on):
            error = ApiError(424, "failedDependency", "A request that this one depends on failed.")
            answer = _refused(error, call.headers, now())
        else:
            answer = await _served(inner, call, serve, now)
        statuses[inner.id] = answer.status
        answers.append(_told(inner.id, answer))
    chance.shuffle(answers)
    return Answer(200, {"responses": answers})


async def _served(inner: _Inner, outer: Call, serve: Serve, now: Callable[[], float]) -> Answer:
    headers: CIMultiDict[str] = CIMultiDict(inner.headers)
    if "Authorization" in outer.headers:
        headers["Authorization"] = outer.headers["Authorization"]

    async def read() -> bytes:
        return inner.body

    async def chunks() -> AsyncIterator[bytes]:
        yield inner.body

    try:
        raw = f"/{outer.version}/{inner.url.lstrip('/')}"
        version, segments, query = read_address(raw)
        if segments and segments[0] == "$batch":
            raise ApiError(400, "BadRequest", "A batch cannot hold another batch.")
        path = raw.partition("?")[0]
        return await serve(
            Call(inner.method, version, segments, query, headers, read, chunks, outer.base, path)
        )
    except ApiError as error:
        return _refused(error, headers, now())


def _refused(error: ApiError, headers: Mapping[str, str], now: float) -> Answer:
    ids = request_ids(headers)
    return Answer(error.status, error_body(error, ids, now), {**ids.headers(now), **error.headers})


def _told(name: str, answer: Answer) -> dict[str, Any]:
    told: dict[str, Any] = {"id": name, "status": answer.status, "headers": dict(answer.headers)}
    payload = answer.payload()
    if not payload:
        return told
    if isinstance(answer.body, bytes) and answer.raw_json is None:
        told["body"] = base64.b64encode(payload).decode("ascii")
    else:
        told["headers"].setdefault("Content-Type", "application/json")
        told["body"] = json.loads(payload)
    return told


def _read(given: Mapping[str, Any]) -> dict[str, _Inner]:
    requests = given.get("requests")
    if not isinstance(requests, list) or not requests:
        raise _bad("The batch has no requests.")
    if len(requests) > LARGEST_BATCH:
        raise _bad(f"The batch has more than {LARGEST_BATCH} requests.")
    inner: dict[str, _Inner] = {}
    for request in requests:
        one = _read_one(request)
        if one.id in inner:
            raise _bad("The id of a request is used twice.")
        inner[one.id] = one
    for one in inner.values():
        if any(name not in inner for name in one.depends_on):
            raise _bad("A request depends on one that is not in the batch.")
    return inner


def _read_one(request: object) -> _Inner:
    if not isinstance(request, dict):
        raise _bad("A request of the batch is no object.")
    name, method, url = request.get("id"), request.get("method"), request.get("url")
    if not isinstance(name, str) or not name or not isinstance(url, str):
        raise _bad("A request of the batch needs an id, a method and a url.")
    if not isinstance(method, str) or method.upper() not in _METHODS:
        raise _bad("A request of the batch has a method that is not taken.")
    if _ABSOLUTE.match(url) or url.startswith("//"):
        raise _bad("The url of a request in a batch must be relative.")
    headers, depends_on = request.get("headers") or {}, request.get("dependsOn") or []
    if not isinstance(headers, dict) or not isinstance(depends_on, list):
        raise _bad("The headers or the dependsOn of a request cannot be read.")
    return _Inner(
        name,
        method.upper(),
        url,
        {str(key): str(value) for key, value in headers.items()},
        _body(request.get("body"), {str(key).lower() for key in headers}),
        tuple(str(one) for one in depends_on),
    )


def _body(body: object, header_names: set[str]) -> bytes:
    """JSON as it is; anything else comes as base64."""
    if body is None:
        return b""
    if "content-type" not in header_names:
        raise _bad("A request with a body needs the header Content-Type.")
    if not isinstance(body, str):
        return json.dumps(body).encode()
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError) as error:
        raise _bad("The body of a request is neither JSON nor base64.") from error


def _bad(message: str) -> ApiError:
    return ApiError(400, "BadRequest", message)
