"""Content over HTTP/1.1, read by threads straight from the TLS socket.

A migration is mostly downloads, and mostly small ones. An event loop handles each of their bytes
twice in Python's own TLS layer; a blocking socket in a thread reads into our buffer with the
interpreter lock let go (measured against the rehearsal tenant on a busy machine of two cores:
1,390 files of 10 KB a second instead of 790). So content is fetched here, everything else with
aiohttp.

It does GET and nothing more, sends no Authorization and follows no redirects. Whatever in an
answer is not plain HTTP/1.1 is taken for a broken connection, never for content; so is what never
quite stops and never gets on.
"""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from .tls_line import WireError, connect

__all__ = ["Reply", "Wire", "WireError"]

_HEAD = 64 << 10  # bytes at most of an answer's head; also of what is read ahead
_LEFT = 16 << 10  # bytes of an unwanted body that are read to keep the connection
_STATUS = re.compile(r"HTTP/1\.[01] (\d{3})(?: |$)")
_EARLY = 10  # answers at most that come before the answer (103 and the like)
#: Seconds after which a head, or a piece of a body, has to have come at such a rate at least. A
#: line of 20 KB a second is twenty times as fast.
WINDOW = 300.0
LEAST = 1024  # bytes a second
_PLAIN = re.compile(r"[\x21-\x7e]+")


class Wire:
    """Connections to content servers, kept for the next file. Safe to use from many threads.

    Args:
        context: whom to trust.
        agent: the User-Agent.
        proxy: ``http://[user:password@]host:port``, or None.
    """

    def __init__(self, context: ssl.SSLContext, agent: str, proxy: str | None = None) -> None:
        self._context = context
        self._agent = agent
        self._proxy = urlsplit(proxy) if proxy else None
        self._idle: dict[tuple[str, int], list[_Line]] = {}
        self._busy: set[_Line] = set()
        self._lock = threading.Lock()
        self._closed = False

    @contextlib.contextmanager
    def get(self, url: str, headers: Mapping[str, str]) -> Iterator[Reply]:
        """Ask for content; the body is read inside the context.

        Args:
            url: an https URL; a secret.
            headers: more headers.

        Raises:
            WireError: the connection could not be made, broke, or spoke something else.
        """
        place, request = self._request(url, headers)
        line = self._line(place)
        try:
            try:
                head = line.ask(request)
            except WireError:
                if not line.used:
                    raise
                self._drop(line)  # it was closed while it lay idle
                line = self._open(place)
                head = line.ask(request)
            reply = Reply(*head, line)
            yield reply
            if reply.finish():
                self._keep(place, line)
        finally:
            self._drop(line)

    def close(self) -> None:
        """Close everything; whoever still reads gets a :class:`WireError`."""
        with self._lock:
            self._closed = True
            busy = list(self._busy)
            idle = [line for lines in self._idle.values() for line in lines]
            self._idle.clear()
        for line in busy:
            line.wake()  # its thread closes it: a number that is closed here could be reused there
        for line in idle:
            line.close()

    def _request(self, url: str, headers: Mapping[str, str]) -> tuple[tuple[str, int], bytes]:
        try:
            parts = urlsplit(url)
            place = (parts.hostname or "", parts.port or 443)
        except ValueError:
            raise WireError("not a URL") from None
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        host = parts.netloc.rpartition("@")[2]
        if parts.scheme != "https" or not _PLAIN.fullmatch(target) or not _PLAIN.fullmatch(host):
            raise WireError("not a URL that can be asked for")
        lines = [f"GET {target} HTTP/1.1", f"Host: {host}", f"User-Agent: {self._agent}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return place, ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    def _line(self, place: tuple[str, int]) -> _Line:
        with self._lock:
            lines = self._idle.get(place)
            if lines:
                line = lines.pop()
                self._busy.add(line)
                return line
        return self._open(place)

    def _open(self, place: tuple[str, int]) -> _Line:
        line = _Line(connect(place, self._context, self._proxy))
        with self._lock:
            if not self._closed:
                self._busy.add(line)
                return line
        line.close()
        raise WireError("closed")

    def _keep(self, place: tuple[str, int], line: _Line) -> None:
        with self._lock:
            if not self._closed:
                self._busy.discard(line)
                self._idle.setdefault(place, []).append(line)

    def _drop(self, line: _Line) -> None:
        """Close a connection that is not kept."""
        with self._lock:
            if line not in self._busy:
                return
            self._busy.discard(line)
        line.close()


@dataclass
class Reply:
    """An answer whose body is still to be read.

    Args:
        status: the HTTP status.
        headers: its headers, names in lower case.
        length: bytes of the body, or None when it does not say.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    length: int | None
    _line: _Line = field(repr=False)
    _done: int = 0
    _chunk: int = -1  # bytes left of a chunk; -1: none begun

    def read_into(self, view: memoryview) -> int:
        """Read some of the body; 0 at its end.

        Raises:
            WireError: it ended before its end.
        """
        if not len(view):
            return 0
        if self.length is not None:
            left = self.length - self._done
            got = self._line.read_into(view[:left]) if left else 0
            if left and not got:
                raise WireError("the body ended early")
        elif self.in_chunks:
            got = self._read_chunked(view)
        else:
            got = self._line.read_into(view)
        self._done += got
        return got

    def fill(self, view: memoryview) -> int:
        """Read until the buffer is full or nothing more comes, for whatever reason.

        Returns:
            Bytes read; whether the body is whole is for the caller to see from its length.
        """
        at = 0
        self._line.begin()
        try:
            if self.length is None:
                while at < len(view) and (got := self.read_into(view[at:])):
                    at += got
            else:
                at = self._line.fill(view[: self.length - self._done])
                self._done += at
        except WireError:
            pass
        return at

    def read_most(self, most: int) -> bytes:
        """The body's first bytes, ``most`` at most."""
        data = bytearray(most)
        return bytes(data[: self.fill(memoryview(data))])

    @property
    def trouble(self) -> str | None:
        """Why we stopped reading it, when it was not its end."""
        return self._line.trouble

    @property
    def ended(self) -> bool:
        """Whether a body in chunks said that this was its end."""
        return self._chunk == -2

    @property
    def in_chunks(self) -> bool:
        """Whether the body says itself where it ends."""
        return self.headers.get("transfer-encoding", "").lower() == "chunked"

    def wake(self) -> None:
        """Break the connection from another thread; reading then ends with a WireError."""
        self._line.wake()

    def finish(self) -> bool:
        """Read what is left if it is little; whether the connection can serve again."""
        if "close" in self.headers.get("connection", "").lower() or self.length is None:
            return False
        left = self.length - self._done
        if left > _LEFT or len(self.read_most(left)) < left:
            return False
        self._line.used = True
        return True

    def _read_chunked(self, view: memoryview) -> int:
        if self._chunk == 0:
            if self._line.read_line() != b"":
                raise WireError("a chunk is longer than it said")
            self._chunk = -1
        if self._chunk < 0:
            size = self._line.read_line().split(b";")[0].strip()
            if not re.fullmatch(rb"[0-9A-Fa-f]{1,15}", size):
                raise WireError("not a chunk")
            self._chunk = int(size, 16)
            if self._chunk == 0:
                self._chunk = -2
        if self._chunk == -2:  # the last one; trailers do not matter, the connection is not kept
            return 0
        got = self._line.read_into(view[: self._chunk])
        if not got:
            raise WireError("the body ended early")
        self._chunk -= got
        return got


class _Line:
    """One connection and what was read ahead from it."""

    def __init__(self, connection: ssl.SSLSocket) -> None:
        self.used = False
        self._socket = connection
        self._ahead = bytearray(_HEAD)
        self._view = memoryview(self._ahead)
        self._start = self._end = 0
        #: why it was given up, if it was
        self.trouble: str | None = None
        self._late, self._came = 0.0, 0

    def begin(self) -> None:
        """From now on something has to come: a head, or so many bytes."""
        self._late, self._came = time.monotonic() + WINDOW, 0

    def ask(self, request: bytes) -> tuple[int, dict[str, str], int | None]:
        """Send a request; status, headers and length of the answer."""
        try:
            self._socket.sendall(request)
        except OSError as error:
            raise WireError(type(error).__name__) from None
        self.begin()
        for _ in range(_EARLY + 1):
            status, headers = self._head()
            if status >= 200:  # it is the answer and not a word in between
                return status, headers, _length(status, headers)
        raise WireError("no answer, only words in between")

    def read_into(self, view: memoryview) -> int:
        """Read some bytes: first what was read ahead."""
        ahead = min(self._end - self._start, len(view))
        if ahead:
            view[:ahead] = self._view[self._start : self._start + ahead]
            self._start += ahead
            self._count(ahead)
            return ahead
        try:
            got = self._socket.recv_into(view)
        except (OSError, ValueError) as error:
            raise WireError(type(error).__name__) from None
        self._count(got)
        return got

    def fill(self, view: memoryview) -> int:
        """Read until the buffer is full or the connection ends; one TLS record at a time."""
        size = len(view)
        if not size:
            return 0
        at, read = self.read_into(view), self._socket.read
        try:
            while at < size:
                got = read(size - at, view[at:])
                if not got:
                    break
                at += got  # type: ignore[operator]
                self._count(got)  # type: ignore[arg-type]
        except (OSError, ValueError, WireError):
            pass
        return at

    def read_line(self) -> bytes:
        """One line without its end."""
        while (at := self._ahead.find(b"\r\n", self._start, self._end)) < 0:
            self._more()
        line = bytes(self._view[self._start : at])
        self._start = at + 2
        return line

    def wake(self) -> None:
        """End the connection, so that a thread that waits for it goes on."""
        with contextlib.suppress(OSError):
            socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def close(self) -> None:
        """Close it."""
        with contextlib.suppress(OSError):
            self._socket.close()

    def _head(self) -> tuple[int, dict[str, str]]:
        while (at := self._ahead.find(b"\r\n\r\n", self._start, self._end)) < 0:
            self._more()
        first, *rest = self._ahead[self._start : at].decode("latin-1").split("\r\n")
        self._start = at + 4
        if not (found := _STATUS.match(first)):
            raise WireError("not HTTP/1.1")
        headers: dict[str, str] = {}
        if first.startswith("HTTP/1.0"):
            headers["connection"] = "close"
        for line in rest:
            name, colon, value = line.partition(":")
            name, value = name.lower(), value.strip()
            if not colon or not name or name != name.strip():
                raise WireError("not a header")
            if headers.get(name, value) != value and name in _ONCE:
                raise WireError("a header that contradicts itself")
            headers[name] = value
        return int(found[1]), headers

    def _more(self) -> None:
        if self._start == self._end:
            self._start = self._end = 0
        elif self._end == _HEAD and self._start:
            left = self._end - self._start
            self._ahead[:left] = self._ahead[self._start : self._end]
            self._start, self._end = 0, left
        if self._end == _HEAD:
            raise WireError("a head without end")
        try:
            got = self._socket.recv_into(self._view[self._end :])
        except (OSError, ValueError) as error:
            raise WireError(type(error).__name__) from None
        if not got:
            raise WireError("the connection was closed")
        self._end += got
        self._count(0)  # what only leads to content brings it no further

    def _count(self, got: int) -> None:
        """So many bytes came of what was asked for.

        Raises:
            WireError: too few, for a long time.
        """
        self._came += got
        late = time.monotonic() - self._late
        if late > 0 and self._came < LEAST * (WINDOW + late):
            self.trouble = "it comes too slowly"
            raise WireError(self.trouble)


_ONCE = {"content-length", "content-range", "transfer-encoding", "location"}


def _length(status: int, headers: Mapping[str, str]) -> int | None:
    if status in (204, 304):
        return 0
    if "transfer-encoding" in headers:
        if headers["transfer-encoding"].lower() != "chunked" or "content-length" in headers:
            raise WireError("a body of unknown form")
        return None
    length = headers.get("content-length")
    if length is None:
        return None
    if not (length.isascii() and length.isdecimal()):
        raise WireError("not a length")
    return int(length)
