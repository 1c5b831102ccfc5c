"""Read a manifest's lines within bounds: it may come from a host that means harm.

What a manifest may take of our memory grows with the bytes that came, so that a small file
that unfolds to gigabytes is refused while it is read. Nearly every line has the form that
``codec`` writes, and one regular expression checks all of it; the others are parsed.
"""

from __future__ import annotations

import re
import sys
from typing import IO, Any, Dict, List, Optional, Tuple

from ..border.strict_json import parse
from ..unfolding import Unfolding, unfold
from .entry import Entry, Manifest, Problem

VERSION = 1

#: memory that the items of any manifest may take, and what each byte that came adds. Measured:
#: 200,000 numbered empty files take 75 MB and come as 0.6 MB.
_FREE = 64 << 20
_PER_BYTE = 150
#: two names of 4,096 bytes, six characters for each byte
_LONGEST_LINE = 64 << 10
#: what an entry takes besides the text of its names
_ENTRY = 350
_HEADER_VALUES = 100_000

_LINE = re.compile(
    rb'\{"path":"([^"\\\x00-\x1f]+)","type":"(file|dir|link|fifo|socket|block|char)",'
    rb'"size":(\d{1,18}),"sha256":(?:null|"([0-9a-f]{64})"),"mtime_ns":(-?\d{1,19}),'
    rb'"mode":"([0-7]{4})"\}\n'
)
_TYPES = frozenset({"file", "dir", "link", "fifo", "socket", "block", "char"})
_SHA256 = re.compile(r"[0-9a-f]{64}")
_MODE = re.compile(r"[0-7]{4}")


def read_manifest(file: IO[bytes]) -> Manifest:
    """Read a compressed manifest.

    Raises:
        ValueError: it is no manifest, or would take more than one of its size may.
        OSError: it cannot be read or unpacked.
        EOFError: it was cut short.
    """
    with unfold(file, _LONGEST_LINE) as lines:
        return _Reading(lines).run()


class _Reading:
    def __init__(self, lines: Unfolding) -> None:
        self._lines = lines
        self._held = 0

    def run(self) -> Manifest:
        first = self._lines.next_line()
        header = parse(first, most_bytes=_LONGEST_LINE, most_values=_HEADER_VALUES)
        if not isinstance(header, dict) or _number(header.get("manifest"), 0) != VERSION:
            raise ValueError("its first line is not the header of a version 1 manifest")
        items, troubles, left_out = (
            _number(header.get(name), 0) for name in ("items", "problems", "left_out")
        )
        excluded = header.get("excluded")
        if not isinstance(excluded, list) or not all(isinstance(one, str) for one in excluded):
            raise ValueError("its header names no patterns")
        entries: Dict[str, Entry] = {}
        problems: List[Problem] = []
        while True:
            line = self._lines.next_line()
            if not line:
                break
            if len(entries) + len(problems) >= items + troubles:
                raise ValueError("it holds more lines than its header says")
            entry = _plain(line)
            if entry is None:
                entry = _parsed(line, problems)
            if entry is not None:
                entries[entry.path] = entry
            self._hold(line)
        if (items, troubles) != (len(entries), len(problems)):
            raise ValueError("it does not hold as many lines as its header says")
        return Manifest(entries, tuple(problems), tuple(excluded), left_out)

    def _hold(self, line: bytes) -> None:
        self._held += _ENTRY + len(line) - 80
        if self._held > _FREE + _PER_BYTE * self._lines.came:
            raise ValueError("it takes more memory than a manifest of its size can need")


def _plain(line: bytes) -> Optional[Entry]:
    """The entry of a line in the usual form; ``None`` for every other line."""
    found = _LINE.fullmatch(line)
    if found is None:
        return None
    path, kind, size, digest, mtime, mode = found.groups()
    try:
        name = path.decode("ascii")
    except UnicodeDecodeError:
        return None
    _check_path(name)
    return Entry(
        name,
        sys.intern(kind.decode("ascii")),
        int(size),
        None if digest is None else digest.decode("ascii"),
        int(mtime),
        int(mode, 8),
    )


def _parsed(text: bytes, problems: List[Problem]) -> Optional[Entry]:
    """The entry of any line; ``None`` when it was a problem, which is kept."""
    line = parse(text, most_bytes=_LONGEST_LINE, most_values=1000)
    if not isinstance(line, dict):
        raise ValueError("a line is not an object")
    path = _named("path", line)
    if path is None:
        raise ValueError("a line has no path")
    _check_path(path)
    if "problem" in line:
        code, detail = line["problem"], line.get("detail")
        if code not in ("unreadable", "vanished") or not isinstance(detail, str):
            raise ValueError("a problem is not one that is known")
        problems.append(Problem(path, code, detail))
        return None
    kind, digest, mode = line.get("type"), line.get("sha256"), line.get("mode")
    if not isinstance(kind, str) or kind not in _TYPES:
        raise ValueError("an item is of an unknown type")
    if digest is not None and not (isinstance(digest, str) and _SHA256.fullmatch(digest)):
        raise ValueError("an item has a digest that is none")
    if not isinstance(mode, str) or not _MODE.fullmatch(mode):
        raise ValueError("an item has rights that are none")
    return Entry(
        path,
        kind,
        _number(line.get("size"), 0),
        digest,
        _number(line.get("mtime_ns"), -(2**63)),
        int(mode, 8),
        _named("target", line),
        _named("twin_of", line),
    )


def _number(value: Any, least: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value < 2**63:
        raise ValueError("a number is missing or out of range")
    return value


def _named(key: str, line: Dict[str, Any]) -> Optional[str]:
    if key in line:
        text = line[key]
        if not isinstance(text, str) or "\0" in text:
            raise ValueError(f"a {key} is not text")
        text.encode("utf-8")  # a name of other bytes is written in hexadecimal
        return text
    if key + "_hex" not in line:
        return None
    text = line[key + "_hex"]
    if not isinstance(text, str):
        raise ValueError(f"a {key} is not text")
    return bytes.fromhex(text).decode("utf-8", "surrogateescape")


_NEVER = frozenset({"", ".", ".."})


def _check_path(path: str) -> None:
    """Paths are relative and lead nowhere else."""
    clean = bool(path) and "\0" not in path and path[0] != "/"
    if clean and ("." in path or "//" in path or path[-1] == "/"):
        clean = _NEVER.isdisjoint(path.split("/"))
    if not clean:
        raise ValueError("a path does not stay below its folder")


__all__: Tuple[str, ...] = ("VERSION", "read_manifest")
