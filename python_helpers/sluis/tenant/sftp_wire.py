"""SFTP version 3 as bytes: requests are built here, answers are taken apart here.

paramiko's own SFTP client decodes every name as UTF-8 and fails on a whole folder when one
name is anything else; on a server that is forty years of other people's files, one is. It
also waits for each answer before it asks the next thing. So paramiko carries the connection,
and what is said over it is spelled here, with names as bytes.

Source: draft-ietf-secsh-filexfer-02, which every server speaks; ``limits@openssh.com`` from
OpenSSH's file PROTOCOL. A server may be hostile: each length is held against what arrived.
"""

from __future__ import annotations

import stat
import struct
from dataclasses import dataclass
from enum import IntEnum

from .found import ItemKind
from .source_error import ProtocolError


class Kind(IntEnum):
    """Packet types of the draft, section 3; those that a reader needs."""

    INIT = 1
    VERSION = 2
    OPEN = 3
    CLOSE = 4
    READ = 5
    LSTAT = 7
    OPENDIR = 11
    READDIR = 12
    REALPATH = 16
    STAT = 17
    READLINK = 19
    STATUS = 101
    HANDLE = 102
    DATA = 103
    NAME = 104
    ATTRS = 105
    EXTENDED = 200
    EXTENDED_REPLY = 201


class Status(IntEnum):
    """Status codes of the draft, section 7, that mean something of their own here."""

    OK = 0
    EOF = 1
    NO_SUCH_FILE = 2
    PERMISSION_DENIED = 3
    FAILURE = 4
    CONNECTION_LOST = 7
    UNSUPPORTED = 8


_SIZE, _OWNER, _MODE, _TIMES, _EXTENDED = 0x1, 0x2, 0x4, 0x8, 0x80000000
_OPEN_TO_READ = 0x1


@dataclass(frozen=True, slots=True)
class Attributes:
    """What a server says of an item; ``None`` is what it does not say.

    Args:
        size: bytes.
        mode: type and permission bits, as ``st_mode``.
        modified: seconds since 1970, UTC. This version of SFTP knows no fractions.
    """

    size: int | None = None
    mode: int | None = None
    modified: int | None = None

    @property
    def kind(self) -> ItemKind:
        """What kind of item it is."""
        if self.mode is None or not stat.S_IFMT(self.mode):
            return "unknown"
        return _KINDS.get(stat.S_IFMT(self.mode), "special")


_KINDS: dict[int, ItemKind] = {
    stat.S_IFREG: "file",
    stat.S_IFDIR: "folder",
    stat.S_IFLNK: "link",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer of a server: which request it answers, and its body."""

    number: int
    kind: int
    body: memoryview

    @property
    def status(self) -> int | None:
        """The status code, when this is a status."""
        return Fields(self.body).integer() if self.kind == Kind.STATUS else None

    def handle(self) -> bytes:
        """The handle it gives."""
        self._expect(Kind.HANDLE)
        return Fields(self.body).string()

    def data(self) -> memoryview:
        """The file's bytes it brings."""
        self._expect(Kind.DATA)
        return Fields(self.body).view()

    def names(self) -> list[tuple[bytes, Attributes]]:
        """The names it lists, as the server spells them."""
        self._expect(Kind.NAME)
        fields = Fields(self.body)
        count = fields.integer()
        found = []
        for _ in range(count):
            name = fields.string()
            fields.view()  # a line for people, whose form nobody prescribed
            found.append((name, fields.attributes()))
        return found

    def attributes(self) -> Attributes:
        """The attributes it gives."""
        self._expect(Kind.ATTRS)
        return Fields(self.body).attributes()

    def words(self) -> str:
        """A status in words, for an error; what a server wrote is shown, never trusted."""
        if self.kind != Kind.STATUS:
            return f"an answer of type {self.kind}"
        fields = Fields(self.body)
        code = fields.integer()
        known = _WORDS.get(code)
        if known is not None:
            return known
        try:
            said = fields.string().decode("utf-8", "replace")
        except ProtocolError:
            said = ""  # old servers leave the text out
        plain = "".join(c if c.isprintable() else " " for c in said)[:200].strip()
        return f"the server refused with status {code}" + (f": {plain}" if plain else "")

    def _expect(self, kind: Kind) -> None:
        if self.kind != kind:
            raise ProtocolError(f"it answered with a packet of type {self.kind} instead of {kind}")


_WORDS: dict[int, str] = {
    Status.EOF: "there is nothing to read",
    Status.NO_SUCH_FILE: "it is not there (any more)",
    Status.PERMISSION_DENIED: "the account may not read it",
    Status.CONNECTION_LOST: "the server lost its own connection to it",
    Status.UNSUPPORTED: "the server does not support that",
}


class Fields:
    """The fields of a body, one after the other; never past its end."""

    def __init__(self, body: memoryview) -> None:
        self._body = body
        self._at = 0

    def integer(self) -> int:
        """Four bytes."""
        return int.from_bytes(self._take(4), "big")

    def long(self) -> int:
        """Eight bytes."""
        return int.from_bytes(self._take(8), "big")

    def view(self) -> memoryview:
        """A string, without copying it."""
        return self._take(self.integer())

    def string(self) -> bytes:
        """A string, copied."""
        return bytes(self.view())

    def attributes(self) -> Attributes:
        """Attributes, section 5 of the draft."""
        flags = self.integer()
        size = self.long() if flags & _SIZE else None
        if flags & _OWNER:
            self._take(8)
        mode = self.integer() if flags & _MODE else None
        modified = None
        if flags & _TIMES:
            self._take(4)
            modified = self.integer()
        if flags & _EXTENDED:
            for _ in range(self.integer()):
                self.view()
                self.view()
        return Attributes(size, mode, modified)

    @property
    def more(self) -> bool:
        """Whether there is anything left."""
        return self._at < len(self._body)

    def _take(self, count: int) -> memoryview:
        end = self._at + count
        if end > len(self._body):
            raise ProtocolError("an answer is shorter than it says")
        taken = self._body[self._at : end]
        self._at = end
        return taken


@dataclass(frozen=True, slots=True)
class Request:
    """One request; its number is given when it is sent."""

    kind: Kind
    body: bytes


def open_file(path: bytes) -> Request:
    """Open a file for reading, never for writing."""
    return Request(Kind.OPEN, _string(path) + struct.pack(">II", _OPEN_TO_READ, 0))


def read(handle: bytes, offset: int, count: int) -> Request:
    """Read ``count`` bytes from ``offset`` on."""
    return Request(Kind.READ, _string(handle) + struct.pack(">QI", offset, count))


def close(handle: bytes) -> Request:
    """Give a handle back."""
    return Request(Kind.CLOSE, _string(handle))


def of_path(kind: Kind, path: bytes) -> Request:
    """A request that only names a path: LSTAT, STAT, OPENDIR, READLINK, REALPATH."""
    return Request(kind, _string(path))


def read_folder(handle: bytes) -> Request:
    """The next names of a folder."""
    return Request(Kind.READDIR, _string(handle))


def ask_limits() -> Request:
    """How much the server will read at once; only OpenSSH 8.5 and later know this."""
    return Request(Kind.EXTENDED, _string(b"limits@openssh.com"))


def greeting() -> bytes:
    """The first packet: version 3."""
    return struct.pack(">IBI", 5, Kind.INIT, 3)


def spelled(number: int, request: Request) -> bytes:
    """A request as the bytes that go over the wire."""
    body = request.body
    return struct.pack(">IBI", len(body) + 5, request.kind, number) + body


def _string(value: bytes) -> bytes:
    return len(value).to_bytes(4, "big") + value
