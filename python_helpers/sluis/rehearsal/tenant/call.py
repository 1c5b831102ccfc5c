"""One request to the tenant and its answer, free of the web server.

``$batch`` makes calls of its own out of one request, so nothing behind the door may
depend on the web server's objects.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote

from sluis.rehearsal.tenant.api_error import ApiError

#: the largest JSON body that is taken, bytes
_LARGEST_JSON = 4 * 1024 * 1024
#: ``delta(token='x')``: a function call in the path, with its one argument
_FUNCTION = re.compile(r"/(delta|search|getAllSites|getByPath)\((?:(\w+)='([^']*)')?\)(?=/|$)")


#: one part of ``$expand``: a name, and options between brackets
_EXPANSION = re.compile(r"([\w.@*/$]+)(?:\((.*)\))?")


@dataclass(frozen=True)
class ByPath:
    """The part of an address between two colons of ``root:/a/b:``, no slash at its ends."""

    path: str


Segment = str | ByPath


@dataclass
class Call:
    """One request.

    Args:
        method: GET, POST, PUT, PATCH or DELETE.
        version: ``v1.0`` or ``beta``.
        segments: the address, decoded; ``drives/X/root:/a/b:/children`` is
            ``("drives", "X", "root", ByPath("a/b"), "children")``.
        query: the query, decoded; names are kept as sent.
        headers: as sent; names compare without case.
        read: gives the whole body.
        chunks: gives the body piece by piece.
        base: the origin to make links with, without a slash at its end.
    """

    method: str
    version: str
    segments: tuple[Segment, ...]
    query: dict[str, str]
    headers: Mapping[str, str]
    read: Callable[[], Awaitable[bytes]]
    chunks: Callable[[], AsyncIterator[bytes]]
    base: str
    address: str = ""

    def option(self, name: str) -> str:
        """A query option, written with its dollar or without; empty when it is not there."""
        return self.query.get(f"${name}") or self.query.get(name) or ""

    def selected(self) -> list[str]:
        """The names in ``$select``, as they were written."""
        return [one.strip() for one in self.option("select").split(",") if one.strip()]

    def expanded(self) -> dict[str, str]:
        """The names in ``$expand``, in lower case, and what each has between its brackets."""
        found = (_EXPANSION.fullmatch(one.strip()) for one in _split(self.option("expand")))
        return {one[1].lower(): one[2] or "" for one in found if one}

    def expands(self, name: str) -> bool:
        """Whether ``$expand`` asks for this relation as well."""
        return name.lower() in self.expanded()

    async def json(self) -> dict[str, Any]:
        """The body as a JSON object; ApiError 400 when it is none, 413 when it is too large."""
        body = await self.read()
        if len(body) > _LARGEST_JSON:
            raise ApiError(413, "requestEntityTooLarge", "The request's body is too large.")
        if not body.strip():
            return {}
        try:
            given = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise ApiError(400, "BadRequest", "Unable to read JSON request payload.") from error
        if not isinstance(given, dict):
            raise ApiError(400, "BadRequest", "The request's body must be a JSON object.")
        return given


@dataclass
class Answer:
    """What is sent back.

    Args:
        status: HTTP status.
        body: an object to send as JSON, bytes to send as they are, or nothing.
        headers: further headers.
        raw_json: JSON text that is ready to send (a page of many items), instead of ``body``.
    """

    status: int = 200
    body: dict[str, Any] | bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)
    raw_json: bytes | None = None

    def payload(self) -> bytes:
        """The bytes of the body."""
        if self.raw_json is not None:
            return self.raw_json
        if self.body is None:
            return b""
        if isinstance(self.body, bytes):
            return self.body
        return json.dumps(self.body, ensure_ascii=False).encode("utf-8", "surrogatepass")


def _split(text: str) -> list[str]:
    """The parts between commas; a comma between brackets parts nothing."""
    parts, depth, start = [], 0, 0
    for at, one in enumerate(text):
        depth += (one == "(") - (one == ")")
        if one == "," and not depth:
            parts.append(text[start:at])
            start = at + 1
    return [one for one in [*parts, text[start:]] if one.strip()]


def read_address(raw: str) -> tuple[str, tuple[Segment, ...], dict[str, str]]:
    """Take an address apart: version, segments, query.

    Clients encode the colons of ``root:/a:`` or not; the service takes both. Names
    cannot hold a colon or a slash, so decoding first loses nothing.

    Args:
        raw: path and query as they came in, still encoded.

    Raises:
        ApiError: 400 when it is not a versioned address.
    """
    path, _, query_text = raw.partition("?")
    query = dict(parse_qsl(query_text, keep_blank_values=True))
    path = unquote(path)

    def as_query(found: re.Match[str]) -> str:
        if found[2]:
            query.setdefault(found[2], found[3])
        return "/" + found[1]

    path = _FUNCTION.sub(as_query, path)
    version, _, rest = path.lstrip("/").partition("/")
    if version not in ("v1.0", "beta"):
        raise ApiError(400, "BadRequest", f"Invalid version: {version}")
    segments: list[Segment] = []
    for number, part in enumerate(rest.split(":")):
        if number % 2:
            segments.append(ByPath(part.strip("/")))
        else:
            segments.extend(piece for piece in part.split("/") if piece)
    if len(segments) > 1 and isinstance(segments[-1], ByPath) and not segments[-1].path:
        segments.pop()
    return version, tuple(segments), query
