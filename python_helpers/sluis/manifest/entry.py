"""What a manifest is made of."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Dict, NamedTuple, Optional, Tuple

from .signature import Signature

#: types that hold data or lead to it, and so must come back from a restore
KEPT = frozenset({"file", "dir", "link", "fifo", "block", "char"})


class Entry(NamedTuple):
    """One item of a folder.

    Args:
        path: relative to the folder, parts joined by ``/``; bytes that are not
            UTF-8 are held as surrogates (PEP 383).
        type: ``file``, ``dir``, ``link``, ``fifo``, ``socket``, ``block`` or ``char``.
        size: bytes of a file, else 0.
        sha256: of a file's bytes, in hexadecimal; ``None`` when they could not be read.
        mtime_ns: nanoseconds since 1970, UTC.
        mode: permission bits, at most 0o7777.
        target: where a symbolic link points, else ``None``.
        twin_of: path of the first name of the same file (hard link), else ``None``.
    """

    path: str
    type: str
    size: int
    sha256: Optional[str]
    mtime_ns: int
    mode: int
    target: Optional[str] = None
    twin_of: Optional[str] = None

    @property
    def content(self) -> Tuple[str, int, Optional[str], Optional[str]]:
        """What has to be the same after a restore: type, size, digest, link target."""
        return (self.type, self.size, self.sha256, self.target)


class Problem(NamedTuple):
    """Something that could not be read. ``code`` is ``unreadable`` or ``vanished``."""

    path: str
    code: str
    detail: str


@dataclass(frozen=True)
class Manifest:
    """All items of a folder at one moment.

    Args:
        entries: by path, in the order of the path's bytes. The folder itself is not in it.
        problems: what could not be read; an empty tuple means that all was.
        excluded: the patterns that were left out, as given.
        left_out: how many items those patterns matched (a folder counts once).
        signatures: per file; only in memory, never written: they mean nothing elsewhere.
        started_ns: clock of the machine when the walk began.
    """

    entries: Dict[str, Entry]
    problems: Tuple[Problem, ...] = ()
    excluded: Tuple[str, ...] = ()
    left_out: int = 0
    signatures: Dict[str, Signature] = field(default_factory=dict, compare=False, repr=False)
    started_ns: int = field(default=0, compare=False, repr=False)

    @property
    def items(self) -> int:
        """How many items there are, folders included."""
        return len(self.entries)

    @property
    def bytes(self) -> int:
        """Sum of the sizes of all files."""
        return sum(entry.size for entry in self.entries.values())

    @property
    def empty_files(self) -> int:
        """How many files have no bytes."""
        return sum(1 for e in self.entries.values() if e.type == "file" and e.size == 0)

    def content_digest(self, ignore: Tuple[str, ...] = ()) -> str:
        """SHA-256 over path and content of every item: equal means "the same data".

        Args:
            ignore: paths that do not count, such as the nonce.
        """
        digest = hashlib.sha256()
        for path, entry in self.entries.items():
            if path not in ignore:
                # ascii(): the same on every version of Python
                digest.update(ascii((path, *entry.content)).encode("ascii"))
        return digest.hexdigest()

    def digest(self) -> str:
        """SHA-256 over every field of every item and problem: equal means the same manifest."""
        digest = hashlib.sha256()
        for entry in self.entries.values():
            digest.update(ascii(tuple(entry)).encode("ascii"))
        digest.update(ascii((self.problems, self.excluded, self.left_out)).encode("ascii"))
        return digest.hexdigest()

    def state(self, ignore: Tuple[str, ...] = ()) -> str:
        """SHA-256 over the signatures: equal means "nothing was touched on that machine".

        Empty when the manifest was read from a file and so has no signatures.
        """
        if not self.signatures and self.entries:
            return ""
        return state_of(self.signatures, ignore)


def state_of(signatures: Dict[str, Signature], ignore: Tuple[str, ...]) -> str:
    """SHA-256 over path and signature of every item."""
    digest = hashlib.sha256()
    for path in sorted(signatures):
        if path not in ignore:
            digest.update(ascii((path, signatures[path])).encode("ascii"))
    return digest.hexdigest()


def shown(path: str) -> str:
    """A path for people and for JSON: control characters and foreign bytes as ``\\xNN``."""
    if path.isprintable() and "\\" not in path:
        return path
    raw = path.encode("utf-8", "surrogateescape")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
        return "".join(c if " " <= c <= "~" and c != "\\" else f"\\x{ord(c):02x}" for c in text)
    return "".join(
        c if c.isprintable() and c != "\\" else c.encode("unicode_escape").decode() for c in text
    )
