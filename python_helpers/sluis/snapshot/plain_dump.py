"""The beginning and the end of a plain SQL dump, also a compressed one.

A plain dump that was cut still looks like SQL: only its last line says that it is whole.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import zlib
from typing import IO, Any, Callable, Dict, Tuple

from .regular import open_regular

_PIECE = 1 << 20
_KEPT = 8192
_OPENERS: Dict[bytes, Callable[..., Any]] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ\x00": lzma.open,
}


def is_compressed(start: bytes) -> bool:
    """Whether these first bytes are those of gzip, bzip2 or xz."""
    return any(start.startswith(magic) for magic in _OPENERS)


def open_dump(path: str) -> IO[bytes]:
    """Open a dump for reading, unpacked on the way where it is compressed."""
    with open_regular(path) as file:
        start = file.read(8)
    for magic, opener in _OPENERS.items():
        if start.startswith(magic):
            # it closes with its reader, and is read as it was when it was looked at
            opened: IO[bytes] = opener(open_regular(path), "rb")
            return opened
    return open_regular(path)


def head_and_tail(path: str, *, head_only: bool = False) -> Tuple[bytes, bytes]:
    """The first and the last 8 KiB of a dump. A compressed one is unpacked to its end.

    Raises:
        OSError, EOFError, ValueError: it cannot be read or unpacked to its end.
    """
    with open_dump(path) as file:
        try:
            head = file.read(_KEPT)
            if head_only:
                return head, b""
            if file.seekable() and not isinstance(
                file, (gzip.GzipFile, bz2.BZ2File, lzma.LZMAFile)
            ):
                size = os.path.getsize(path)
                file.seek(max(0, size - _KEPT))
                return head, file.read()
            tail = head
            while True:
                piece = file.read(_PIECE)
                if not piece:
                    return head, tail
                tail = (tail + piece)[-_KEPT:]
        except (zlib.error, lzma.LZMAError) as error:
            raise ValueError(str(error)) from error
