"""Upload sessions: what has come in so far, and the rules of the chunks.

Rules from ``driveitem-createuploadsession.md``: chunks in order, multiples of 320 KiB but
for the last, under 60 MiB each; 416 for bytes already held; 404 means start again; a name
that is taken surfaces on the last chunk only.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from sluis.rehearsal.tenant.api_error import ApiError
from sluis.rehearsal.tenant.drive import Conflict, Drive
from sluis.rehearsal.tenant.items import Item
from sluis.rehearsal.tenant.quick_xor import QuickXor

#: a chunk is a multiple of this, bytes
CHUNK_UNIT = 320 * 1024
#: a chunk is smaller than this, bytes
LARGEST_CHUNK = 60 * 1024 * 1024

_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)")


@dataclass
class Session:
    """One upload session.

    Args:
        drive: where the file goes.
        parent: the folder.
        name: the file's name.
        over: the file that it replaces, when the session was made on one.
        conflict: what happens when the name is taken.
        place: where the bytes are kept.
        until: when it expires, on the tenant's clock.
        announced: the size that the client announced, bytes.
        deferred: the file appears only after an empty POST.
        created, modified: dates for the file, seconds since 1970.
        client: the app that opened it.
    """

    drive: Drive
    parent: Item
    name: str
    over: Item | None
    conflict: Conflict
    place: Path
    until: float
    announced: int | None
    deferred: bool
    created: float | None
    modified: float | None
    description: str
    client: str
    came: QuickXor = field(default_factory=QuickXor)
    total: int | None = None
    chunks: int = 0

    @property
    def complete(self) -> bool:
        """Whether every byte is here."""
        return self.total is not None and self.came.length >= self.total

    def expected(self) -> list[str]:
        """``nextExpectedRanges``: not all that is missing, and no plan for chunks.

        Sometimes open, sometimes with an end; a client that takes the end for its next
        chunk sends more than it may.
        """
        if self.complete:
            return []
        size = self.total if self.total is not None else self.announced
        if self.chunks % 2 or size is None:
            return [f"{self.came.length}-"]
        return [f"{self.came.length}-{size - 1}"]


@dataclass(frozen=True)
class Chunk:
    """What a chunk's headers say: first byte, one past the last, size of the whole file."""

    start: int
    end: int
    total: int


def read_chunk(session: Session, content_range: str, length: int) -> Chunk:
    """Check a chunk's headers against the rules.

    Args:
        content_range: the header ``Content-Range``.
        length: the header ``Content-Length``.

    Raises:
        ApiError: 400, 413 or 416.
    """
    found = _RANGE.fullmatch(content_range.strip())
    if not found:
        raise _invalid("The Content-Range header is missing or malformed.")
    start, last, total = (int(number) for number in found.groups())
    end = last + 1
    if end <= start or end > total:
        raise _invalid("The Content-Range header is not a range of the file.")
    if end - start != length:
        raise _invalid("The Content-Length header does not match the Content-Range header.")
    if length >= LARGEST_CHUNK:
        raise ApiError(413, "requestEntityTooLarge", "The maximum chunk is just under 60 MiB.")
    known = session.total if session.total is not None else session.announced
    if known is not None and known != total:
        raise _invalid("The total size differs from what was said before.")
    if start < session.came.length:
        raise overlap()
    if start > session.came.length:
        raise ApiError(
            416,
            "invalidRange",
            "The uploaded fragment is out of order.",
            ("fragmentOutOfOrder",),
        )
    if end < total and length % CHUNK_UNIT:
        raise _invalid("A fragment that is not the last must be a multiple of 320 KiB.")
    return Chunk(start, end, total)


def overlap() -> ApiError:
    """The answer to bytes that are already held."""
    return ApiError(
        416,
        "invalidRange",
        "The uploaded fragment overlaps with data that has already been received.",
        ("fragmentOverlap",),
    )


def _invalid(message: str) -> ApiError:
    return ApiError(400, "invalidRequest", message)
