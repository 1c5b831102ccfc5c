"""What can go wrong between us and Microsoft Graph, told without any secret."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from ..errors import SluisError

_LINK = re.compile(r"(?:https?|wss?)://[^\s\"'<>]+", re.IGNORECASE)
_TOKEN = re.compile(r"\beyJ[\w-]{8,}(?:\.[\w-]*){0,4}")
_SECRET = re.compile(
    r"(?i)\b(tempauth|access_token|client_secret|client_assertion|sig|authorization|bearer)"
    r"(\s*[=:]\s*|\s+)\S+"
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]+")
_LONGEST = 300


class GraphError(SluisError):
    """Graph said no, or could not be understood.

    Args:
        code: ours, kebab-case.
        what: what happened, to what.
        remedy: what to do about it.
        status: the HTTP status, or None when there was no answer.
        codes: the service's own codes, the outermost first (``activityLimitReached``,
            ``throttledRequest``, ``quota``).
        request_id: what Microsoft's support asks for.
    """

    def __init__(
        self,
        code: str,
        what: str,
        remedy: str,
        *,
        status: int | None = None,
        codes: Iterable[str] = (),
        request_id: str | None = None,
    ) -> None:
        super().__init__(code, what, remedy)
        self.status = status
        self.codes = tuple(codes)
        self.request_id = request_id
        #: the answer's headers; may hold links, so they are never shown
        self.headers: Mapping[str, str] = {}


class NoTenantError(GraphError):
    """The sign-in service knows no such tenant."""


class ResyncError(GraphError):
    """The delta link is no longer good: enumerate again.

    ``kind`` is ``apply-differences`` (the service's word wins over ours), ``upload-differences``
    (keep both) or ``required`` (it gave no kind). ``link`` is where to begin, or None: from the
    start.
    """

    def __init__(self, kind: str, link: str | None, **known: Any) -> None:
        super().__init__(
            "resync",
            f"The service forgot the delta link it gave (resync: {kind}).",
            "Enumerate the drive again from the start and compare with what is known.",
            **known,
        )
        self.kind = kind
        self.link = link


class LoopError(GraphError):
    """A nextLink led to where we had been (onedrive-api-docs#1424, #1431), or leads nowhere.

    Args:
        what: is listed.
        how: what its pages do.
    """

    def __init__(self, what: str, how: str = "lead back to a page that was read before") -> None:
        super().__init__(
            "link-loop",
            f"The pages of {what} {how}; they would never end.",
            "Begin again later; if it stays, report it to Microsoft with the request id.",
        )


class ThrottledError(GraphError):
    """The service kept asking to wait, longer than we were told to try."""


class ConnectionCutError(GraphError):
    """No answer, or half of one, however often we tried."""


class NotTrustedError(ConnectionCutError):
    """The other side shows a certificate that nobody here vouches for."""


def plain(text: object) -> str:
    """Words from outside, fit for a message: one line, short, no links, no secrets."""
    line = _CONTROL.sub(" ", str(text))
    line = _LINK.sub("<link>", line)
    line = _SECRET.sub(r"\1 <hidden>", _TOKEN.sub("<token>", line))
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"


def plain_place(place: str) -> str:
    """A request's path without its query, in which tokens travel."""
    bare = place.split("?", 1)[0]
    if "://" in bare:
        bare = "/" + bare.split("://", 1)[1].partition("/")[2]
    return _CONTROL.sub(" ", bare)[:_LONGEST]


def codes_of(body: object) -> tuple[str, ...]:
    """The codes of an error body, outermost first; both spellings of ``innerError`` occur."""
    found: list[str] = []
    part = body.get("error") if isinstance(body, Mapping) else None
    while isinstance(part, Mapping) and len(found) < 8:
        code = part.get("code")
        if isinstance(code, str) and code:
            found.append(plain(code)[:80])
        part = part.get("innerError") or part.get("innererror")
    return tuple(found)


def answer_error(
    status: int, body: object, place: str, *, method: str, request_id: str | None = None
) -> GraphError:
    """The error for an answer that is not a success.

    Args:
        status: its HTTP status.
        body: its JSON, or None when it had none.
        place: the request's path; its query is dropped.
        method: the request's method.
        request_id: from the answer's headers, when it is not in the body.
    """
    codes = codes_of(body)
    error = body.get("error") if isinstance(body, Mapping) else None
    error = error if isinstance(error, Mapping) else {}
    message = error.get("message")
    inner = error.get("innerError") or error.get("innererror")
    if isinstance(inner, Mapping) and isinstance(inner.get("request-id"), str):
        request_id = inner["request-id"]
    said = plain(message) if message else "no reason given"
    kind, remedy = _MEANING.get(status, ("graph-refused", "Read the reason; it is the service's."))
    if "malwareDetected" in codes:
        kind, remedy = "malware", "Leave the file, and tell its owner."
    elif status == 403 and "quota" in " ".join(codes).lower():
        kind, remedy = _MEANING[507]
    what = (
        f"Graph answered {status} ({', '.join(codes) or 'no code'}) "
        f"to {method} {plain_place(place)}: {said}"
    )
    return GraphError(
        kind,
        what,
        remedy,
        status=status,
        codes=codes,
        request_id=plain(request_id)[:80] if request_id else None,
    )


_MEANING = {
    400: ("graph-bad-request", "This is a fault of the request; report it with the request id."),
    401: ("graph-unauthorized", "Check the app's secret or certificate and its consent."),
    403: ("graph-forbidden", "Grant the app the right it lacks, or record that it was not given."),
    404: ("graph-not-found", "It is gone, or hidden from this app; look at the last delta."),
    409: ("graph-conflict", "Something of that name is there; decide by the signed policy."),
    410: ("graph-gone", "Begin again with a fresh link."),
    412: ("graph-changed", "It changed meanwhile; read it again."),
    423: ("graph-locked", "Somebody has it checked out or open; try again later."),
    507: ("quota", "Free space in the target drive, or have its quota raised."),
}
