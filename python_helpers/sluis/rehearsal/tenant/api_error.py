"""Errors of the rehearsal tenant, in the shape in which Microsoft Graph gives them.

The body is ``{"error": {"code", "message", "innerError"}}``. ``innerError`` carries date,
request-id and client-request-id, and may nest further codes, most general first: a real
throttle says ``activityLimitReached``, inside it ``throttledRequest``, inside that
``quota`` (rclone#7317).
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

from aiohttp import web

#: what a client may send as its own id of a request, to be sent back unchanged
_CLIENT_ID = re.compile(r"[0-9A-Za-z._-]{1,64}")


class ApiError(Exception):
    """An answer that is an error.

    Args:
        status: HTTP status, 400 or higher.
        code: Graph's error code, such as ``itemNotFound``.
        message: one sentence for a person.
        inner: codes nested inside, outermost first.
        headers: extra response headers, such as ``Retry-After``.
        details: extra members of the outer error object.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        inner: tuple[str, ...] = (),
        headers: Mapping[str, str] | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.inner = inner
        self.headers: dict[str, str] = dict(headers or {})
        self.details: dict[str, Any] = dict(details or {})


def not_here(what: str) -> ApiError:
    """The answer to what the real service has and the rehearsal does not: 501."""
    return ApiError(501, "notImplemented", f"The rehearsal does not have this: {what}.")


@dataclass(frozen=True)
class RequestIds:
    """The two names of one request: ours, and the one the client gave it."""

    request: str
    client: str

    def headers(self, now: float) -> dict[str, str]:
        """The headers that every answer carries.

        Args:
            now: seconds since 1970 on the tenant's clock.
        """
        return {
            "request-id": self.request,
            "client-request-id": self.client,
            "Date": format_datetime(datetime.fromtimestamp(now, UTC), usegmt=True),
        }


def request_ids(headers: Mapping[str, str]) -> RequestIds:
    """Name a request: a fresh id, and the client's own where it sent a plain one."""
    ours = str(uuid.uuid4())
    theirs = headers.get("client-request-id", "")
    return RequestIds(ours, theirs if _CLIENT_ID.fullmatch(theirs) else ours)


def error_body(error: ApiError, ids: RequestIds, now: float) -> dict[str, Any]:
    """The JSON body of an error.

    Args:
        error: what went wrong.
        ids: the names of the request.
        now: seconds since 1970 on the tenant's clock.
    """
    stamp = {
        "date": datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%S"),
        "request-id": ids.request,
        "client-request-id": ids.client,
    }
    nested: dict[str, Any] = {}
    for code in reversed(error.inner):
        nested = {"code": code, **({"innerError": nested} if nested else {})}
    return {
        "error": {
            "code": error.code,
            "message": error.message,
            **error.details,
            "innerError": {**nested, **stamp},
        }
    }


def error_response(error: ApiError, ids: RequestIds, now: float) -> web.Response:
    """The whole answer: status, headers and body."""
    return web.json_response(
        error_body(error, ids, now),
        status=error.status,
        headers={**ids.headers(now), **error.headers},
    )
