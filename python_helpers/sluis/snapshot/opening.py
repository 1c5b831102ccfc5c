"""Open the restored files of a folder as their applications would (level V4, case A11).

Only formats that the standard library can check from beginning to end. A file that is
of none of these kinds is proven by its bytes alone, and counted as such.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import sqlite3
import struct
import tarfile
import zipfile
import zlib
from dataclasses import dataclass
from typing import Any, BinaryIO, Callable, Dict, List, Sequence, Tuple

from ..border.proof import Broken, Opened
from ..manifest import Manifest, shown
from .children import Account
from .confined import in_confinement, name_of
from .regular import open_regular

_CHUNK = 1 << 20
#: files that one child opens
_TOGETHER = 200
#: seconds for all of them, and bytes of them that are read in a second at the very least
_SECONDS = 120.0
_SLOWEST = 1 << 20
_PNG = b"\x89PNG\r\n\x1a\n"


class Heads:
    """Collects, while files are hashed, which are of a kind that can be opened."""

    def __init__(self) -> None:
        self.known: Dict[str, str] = {}

    def note(self, path: str, head: bytes) -> None:
        """Remember a file's kind by its first bytes."""
        for kind, magic, offset, _ in _KINDS:
            if head[offset : offset + len(magic)] == magic:
                self.known[path] = kind
                return


def open_all(root: str, manifest: Manifest, heads: Heads, account: Account) -> Opened:
    """Open every file of a kind that we know, in a confined child.

    Args:
        root: the folder that the manifest is of. It is a copy, and files in it change owner.
        manifest: what is in it.
        heads: filled while the manifest was built.
        account: who reads them.

    Returns:
        How many opened, by kind, how many are of other kinds, and which did not open.
    """
    opened: Dict[str, int] = {}
    broken: List[Broken] = []
    files = sum(1 for e in manifest.entries.values() if e.type == "file" and e.size)
    left = sorted(heads.known.items())
    while left:
        problems = _open_some(root, left[:_TOGETHER], account)
        for (path, kind), problem in zip(left, problems):
            if problem:
                broken.append(Broken(shown(path), kind, problem))
            else:
                opened[kind] = opened.get(kind, 0) + 1
        left = left[len(problems) :]
    return Opened(opened, max(0, files - len(heads.known)), tuple(broken))


@dataclass(frozen=True)
class _Held:
    """One file, open for the child; or why it is not."""

    kind: str
    path: str
    descriptor: int = -1
    name: str = ""
    trouble: str = ""


def _hold(root: str, path: str, kind: str, account: Account) -> _Held:
    raw = os.path.join(os.fsencode(root), path.encode("utf-8", "surrogateescape"))
    at = os.fsdecode(raw)
    try:
        with open_regular(at) as file:
            descriptor = os.dup(file.fileno())
    except OSError as error:
        return _Held(kind, at, trouble=str(error.strerror))
    # SQLite opens its file by name; the others read what is open already
    name = name_of(descriptor, at, account) if kind == "sqlite" else at
    return _Held(kind, at, descriptor, name)


def _open_some(root: str, items: Sequence[Tuple[str, str]], account: Account) -> List[str]:
    """Why each of the first items does not open, or an empty text. At least one is answered."""
    held: List[_Held] = []
    try:
        held.extend(_hold(root, path, kind, account) for path, kind in items)
        opened = [one for one in held if one.descriptor >= 0]
        size = sum(os.fstat(one.descriptor).st_size for one in opened)

        def work(tell: Callable[[Any], None]) -> None:
            for one in held:
                tell(one.trouble or _problem(one))

        told = in_confinement(
            work,
            account,
            [one.descriptor for one in opened],
            _SECONDS + size / _SLOWEST,
            by_name=[(one.descriptor, one.path) for one in opened if one.kind == "sqlite"],
        )
    finally:
        for one in held:
            if one.descriptor >= 0:
                os.close(one.descriptor)
    answers = [str(answer)[:200] for answer in told.answers[: len(items)]]
    if told.trouble and len(answers) < len(items):
        answers.append(told.trouble)
    return answers


def _problem(one: _Held) -> str:
    check = next(item[3] for item in _KINDS if item[0] == one.kind)
    with os.fdopen(os.dup(one.descriptor), "rb", buffering=0) as file:
        file.seek(0)
        try:
            check(file, os.fsencode(one.name))
        except (OSError, EOFError, ValueError, RuntimeError, NotImplementedError, struct.error,
                zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, MemoryError,
                sqlite3.Error) as error:  # fmt: skip
            return f"{type(error).__name__}: {error}"[:200]
    return ""


Check = Callable[[Any, bytes], None]


def _zip(file: BinaryIO, _path: bytes) -> None:
    with zipfile.ZipFile(file) as archive:
        if any(item.flag_bits & 1 for item in archive.infolist()):
            return  # encrypted: the list is whole, the content is the client's secret
        bad = archive.testzip()
    if bad is not None:
        raise ValueError(f"{bad!r} in it has a wrong checksum")


def _read_through(open_it: Callable[[Any], Any]) -> Check:
    def check(file: BinaryIO, _path: bytes) -> None:
        with open_it(file) as unpacked:
            while unpacked.read(_CHUNK):
                pass

    return check


def _tar(file: BinaryIO, _path: bytes) -> None:
    with tarfile.open(fileobj=file, mode="r:") as archive:
        for _ in archive:
            pass


def _png(file: BinaryIO, _path: bytes) -> None:
    file.seek(len(_PNG))
    while True:
        head = file.read(8)
        if len(head) < 8:
            raise EOFError("it ends before its last part")
        size, name = struct.unpack(">I4s", head)
        body = file.read(size)
        checksum = file.read(4)
        if len(body) < size or len(checksum) < 4:
            raise EOFError("it ends before its last part")
        if struct.unpack(">I", checksum)[0] != zlib.crc32(name + body):
            raise ValueError("a part has a wrong checksum")
        if name == b"IEND":
            return


def _jpeg(file: BinaryIO, _path: bytes) -> None:
    file.seek(0, os.SEEK_END)
    # Cameras add bytes after the end mark, so it is looked for in the last part.
    file.seek(max(0, file.tell() - (1 << 16)))
    if b"\xff\xd9" not in file.read():
        raise EOFError("it has no end mark")


def _pdf(file: BinaryIO, _path: bytes) -> None:
    file.seek(0, os.SEEK_END)
    file.seek(max(0, file.tell() - 2048))
    tail = file.read()
    if b"%%EOF" not in tail or b"startxref" not in tail:
        raise EOFError("it has no end mark")


def _sqlite(_file: BinaryIO, path: bytes) -> None:
    # immutable: nothing is written beside the restored copy
    uri = "file:" + "".join(
        chr(b) if chr(b).isalnum() or b in b"/._-" else f"%{b:02X}" for b in path
    )
    connection = sqlite3.connect(uri + "?mode=ro&immutable=1", uri=True)
    try:
        answer = connection.execute("pragma integrity_check(1)").fetchone()[0]
    finally:
        connection.close()
    if answer != "ok":
        raise ValueError(str(answer))


_KINDS: Sequence[Tuple[str, bytes, int, Check]] = (
    ("zip", b"PK\x03\x04", 0, _zip),
    ("gzip", b"\x1f\x8b\x08", 0, _read_through(lambda file: gzip.GzipFile(fileobj=file))),
    ("bzip2", b"BZh", 0, _read_through(bz2.BZ2File)),
    ("xz", b"\xfd7zXZ\x00", 0, _read_through(lzma.LZMAFile)),
    ("sqlite", b"SQLite format 3\x00", 0, _sqlite),
    ("png", _PNG, 0, _png),
    ("jpeg", b"\xff\xd8\xff", 0, _jpeg),
    ("pdf", b"%PDF-", 0, _pdf),
    ("tar", b"ustar", 257, _tar),
)
