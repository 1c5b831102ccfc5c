"""One request for a content, and what becomes of its answer. Blocks; runs in a thread.

What an answer says of itself is checked before a byte is kept: its status, its range, its length,
its ETag. What is kept goes to a :class:`sluis.graph.part_file.PartFile` at its offset.
"""

from __future__ import annotations

import errno
import json
import os
import re
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

from . import disk
from .errors import GraphError, answer_error
from .part_file import Chunk, PartFile, ReadBack, store_whole
from .wire import Reply, Wire, WireError

_SMALL = 1 << 20  # bytes up to which a file is taken whole into memory
_REDIRECTS = 5
_WORDS = 1 << 16  # bytes of a refusal that are looked at
#: bytes beyond twice the listed size that are still taken: listed sizes are often somewhat wrong
_BEYOND = 64 << 20
_RANGE = re.compile(r"bytes (?:(\d+)-(\d+)|\*)/(\d+|\*)")


@dataclass(frozen=True)
class Downloaded:
    """A file that is whole and in its place.

    Args:
        size: bytes delivered; may differ from the listing's.
        sha256: hexadecimal.
        quickxor: quickXorHash of what was delivered, as Graph writes it.
        chunks: the file's chunks in order.
        etag: the content's ETag as its server gave it, if it did.
        read_back: how far it was read back from the disk already, if it was.
    """

    size: int
    sha256: str
    quickxor: str
    chunks: tuple[Chunk, ...]
    etag: str | None
    read_back: ReadBack | None = field(default=None, compare=False)


class AnotherContentError(Exception):
    """What comes now does not belong to what was fetched before."""


class TooLongError(Exception):
    """Far more comes than the listing says."""


class Content:
    """A content that is being fetched, over as many requests as it takes.

    Args:
        target: where it goes.
        size: bytes, as listed.
        place: how errors name it; no secret.
    """

    def __init__(self, target: Path, size: int, place: str) -> None:
        self.target = target
        self.size = size
        self.place = place
        #: status and headers of the last answer; 0 and none when there was no answer
        self.status = 0
        self.headers: Mapping[str, str] = {}
        #: bytes of content that came, in all requests together
        self.carried = 0
        #: seconds that these requests took
        self.seconds = 0.0
        self._most = 0
        self.allow(size)
        #: chunks that became whole and were not told of yet
        self.fresh: list[Chunk] = []
        self._part = PartFile(target)
        self._opened = False
        self._stopped = False
        self._reply: Reply | None = None
        self._etag: str | None = None
        self._total: int | None = None  # length of the content by the last answer
        #: length of a whole body that came before, of which the answer told no length
        self._untold: int | None = None

    @property
    def position(self) -> int:
        """Bytes that are on disk and hashed."""
        return self._part.position

    def allow(self, size: int) -> bool:
        """Take a body of about this size; whether that is more than before."""
        most = 2 * size + _BEYOND
        if most <= self._most:
            return False
        self._most = most
        return True

    def begin(self, have: Sequence[Chunk] = ()) -> None:
        """Open the part file, and read back what an earlier run left in it."""
        self._part.open(have)
        self._opened = True

    def get(
        self, wire: Wire, url: str, early: Callable[[], None], news: Callable[[], None]
    ) -> Downloaded | None:
        """Ask for what is missing.

        Args:
            wire: the connections.
            url: the pre-authenticated URL.
            early: called when a long body begins; status and headers are known then.
            news: called when there are fresh chunks of a long body.

        Returns:
            The finished file, or None when another request is needed.

        Raises:
            WireError: cut; what came before is kept.
            AnotherContentError: restart.
            TooLongError: see ``allow``, or discard it.
            GraphError: a refusal.
            OSError: the disk.
        """
        self.status, self.headers = 0, {}
        began = time.monotonic()
        try:
            return self._get(wire, url, early, news)
        finally:
            self.seconds += time.monotonic() - began

    def _get(
        self, wire: Wire, url: str, early: Callable[[], None], news: Callable[[], None]
    ) -> Downloaded | None:
        # asking for what lies behind the end tells whether that was the end
        headers = {"Accept": "*/*", "Accept-Encoding": "identity"}
        if self.position or self._total is not None:
            headers["Range"] = f"bytes={self.position}-"
        for _ in range(_REDIRECTS):
            if not url.startswith("https://"):
                raise _unsafe()
            try:
                with wire.get(url, headers) as reply:
                    self._reply = reply
                    self.status, self.headers = reply.status, reply.headers
                    if not (300 <= reply.status < 400 and "location" in reply.headers):
                        return self._take(reply, early, news, ranged="Range" in headers)
                    url = urljoin(url, reply.headers["location"])
            except ssl.SSLCertVerificationError as error:
                raise _untrusted(error) from None
            finally:
                self._reply = None
        raise GraphError(
            "too-many-redirects",
            f"The content of {self.place} is redirected more than {_REDIRECTS} times.",
            "Try again later; if it stays, report it to Microsoft.",
        )

    def restart(self) -> None:
        """Forget what was fetched."""
        self._etag = self._total = None
        if self._opened:
            self._part.restart()

    def discard(self) -> None:
        """Leave nothing of what was fetched."""
        if self._opened:
            self._part.discard()

    def finish(self) -> Downloaded:
        """Put the file in its place."""
        if not self._opened:
            self.begin()
        part = self._part
        self.fresh += part.finish()
        return Downloaded(
            part.position,
            part.sha256,
            part.quickxor,
            tuple(part.chunks),
            self._etag,
            part.read_back,
        )

    def stop(self) -> None:
        """End a request that is under way in another thread."""
        self._stopped = True
        reply = self._reply
        if reply is not None:
            reply.wake()

    def close(self) -> None:
        """Let go of the file; no request is under way."""
        self._part.close()

    def _take(
        self,
        reply: Reply,
        early: Callable[[], None],
        news: Callable[[], None],
        *,
        ranged: bool,
    ) -> Downloaded | None:
        at, length = self.position, reply.length
        if ranged and reply.status == 416:
            return self._end(reply)
        if reply.status not in (200, 206) or (reply.status == 206 and not ranged):
            raise answer_error(reply.status, _words(reply), self.place, method="GET content of")
        if reply.headers.get("content-encoding", "identity") != "identity":
            raise _encoded(self.place)
        etag = reply.headers.get("etag")
        if at and etag and self._etag and etag != self._etag:
            raise AnotherContentError
        if reply.status == 206:
            start, total = _content_range(reply.headers.get("content-range"))
            if start != at:
                raise _wrong_range(self.place)
        elif ranged and self._total is not None and at == self._total == length:
            self._etag = etag or self._etag
            return self.finish()  # asked for more, it gave the same again: that was all
        else:
            total = length
            if at:
                self.restart()  # a 200 to a Range request begins at the beginning
                at = 0
        self._etag = etag or self._etag
        if total is not None and total > self._most:
            raise TooLongError
        self._total = total
        if at == 0 and length is not None and length == total == self.size <= _SMALL:
            return self._small(reply, length)
        if not disk.has_room(self.target.parent, (self.size if total is None else total) - at):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        early()
        self._stream(reply, news)
        if reply.trouble is not None:
            raise WireError(reply.trouble)
        if self._total is None:
            return self._whole_by_itself(reply)
        if self.position == self._total == self.size:
            return self.finish()
        if self.position < self._total:
            raise WireError("the body ended early")
        if self.position > self._total:
            raise AnotherContentError
        return None

    def _whole_by_itself(self, reply: Reply) -> Downloaded | None:
        """A body of untold length has come; whether it is all of it, where nothing says so.

        In chunks it says itself where it ends. Where that is not the listed length, and where it
        only broke off, it is asked for once more: a server that gives no length may know no
        ranges either, and then a second body as long as the first is all there is.
        """
        if reply.in_chunks and not reply.ended:
            raise WireError("the body ended early")
        if self.position in ((self.size, self._untold) if reply.in_chunks else (self._untold,)):
            return self.finish()
        self._total = self._untold = self.position
        return None

    def _end(self, reply: Reply) -> Downloaded:
        """We asked for bytes behind what we have, and there are none."""
        _, total = _content_range(reply.headers.get("content-range"))
        if total is not None and total != self.position:
            raise AnotherContentError  # shorter than what we have
        if total is None and self.position != self.size:
            raise _wrong_range(self.place)
        return self.finish()

    def _small(self, reply: Reply, length: int) -> Downloaded:
        """A file that is taken into memory and written in one go."""
        data = bytearray(length)
        at = reply.fill(memoryview(data))
        self.carried += at
        if at < length:
            if not self._opened:
                self.begin()
            self.fresh += self._part.write(memoryview(data)[:at])  # what came is kept
            raise WireError(reply.trouble or "the body ended early")
        if self._opened:
            self._part.close()
            self._opened = False
        sha256, quickxor, chunks = store_whole(self.target, data)
        self.fresh += chunks
        return Downloaded(length, sha256, quickxor, chunks, self._etag)

    def _stream(self, reply: Reply, news: Callable[[], None]) -> None:
        if not self._opened:
            self.begin()
        while not self._stopped:
            room = self._part.room()
            got = reply.fill(room)
            self.carried += got
            self.fresh += self._part.took(got)
            if self.fresh:
                news()
            if self.position > self._most:
                raise TooLongError
            if got < len(room):
                return  # it ended, of itself or not: that is seen by the length
        raise WireError("stopped")


def _content_range(value: str | None) -> tuple[int | None, int | None]:
    found = _RANGE.fullmatch((value or "").strip())
    if not found:
        return None, None
    start = int(found[1]) if found[1] is not None else None
    return start, int(found[3]) if found[3] != "*" else None


def _words(reply: Reply) -> Any:
    """The JSON of a refusal, when it is one and not long."""
    try:
        return json.loads(reply.read_most(_WORDS))
    except (WireError, ValueError, RecursionError):
        return None


def _encoded(place: str) -> GraphError:
    return GraphError(
        "content-encoded",
        f"The content of {place} came in an encoding that was not asked for.",
        "Something between us and the service changes content; take it out of the way.",
    )


def _wrong_range(place: str) -> GraphError:
    return GraphError(
        "wrong-range",
        f"The service gave another part of {place} than was asked; nothing of it was kept.",
        "Run again; it goes on where it was.",
    )


def _unsafe() -> GraphError:
    return GraphError(
        "unsafe-link",
        "The service gave a content URL that is not https; it was not used.",
        "Nothing was sent. Report it to Microsoft with the item's id.",
    )


def _untrusted(error: ssl.SSLCertVerificationError) -> GraphError:
    return GraphError(
        "tls-untrusted",
        f"The certificate of the content server is not trusted ({error.verify_message}).",
        "Check the clock and the CA; if TLS is inspected on the way, name that CA.",
    )
