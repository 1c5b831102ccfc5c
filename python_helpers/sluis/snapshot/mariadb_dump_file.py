"""Whether a MariaDB or MySQL dump is whole: its last line is the only witness.

The client restores half a dump with status 0 when it was cut between two statements.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Dict, Optional

from .mariadb_programs import series_of
from .plain_dump import head_and_tail

_FIRST = re.compile(rb"^-- (?:MariaDB|MySQL) dump ", re.MULTILINE)
_SERVER = re.compile(rb"^-- Server version\s+(\S+)", re.MULTILINE)
_TRAILER = re.compile(rb"^-- Dump completed(?: on [0-9: -]*[0-9:-])?\s*\Z", re.MULTILINE)


@dataclass(frozen=True)
class MariadbDumpFile:
    """What a dump file turned out to be; ``whole`` is None when it could not be told."""

    path: str
    format: str
    whole: Optional[bool]
    detail: str
    series: Optional[str] = None

    def as_dict(self) -> Dict[str, Any]:
        """The same as plain JSON data."""
        return dict(self.__dict__)


def looks_like_mariadb(path: str) -> bool:
    """Whether these are the bytes of a dump by mariadb-dump or mysqldump."""
    try:
        head, _ = head_and_tail(path, head_only=True)
    except (OSError, EOFError, ValueError):
        return False
    return _FIRST.search(head[:2000]) is not None


def inspect_mariadb_dump(path: str) -> MariadbDumpFile:
    """Read a dump, also a compressed one, and say whether it is whole."""
    kind = "plain"
    try:
        head, tail = head_and_tail(path)
    except (OSError, EOFError, ValueError) as error:
        detail = f"it cannot be unpacked to its end: {error}"
        return MariadbDumpFile(path, kind, False, detail)
    if not _FIRST.search(head[:2000]):
        detail = "these are not the bytes of a MariaDB dump"
        return MariadbDumpFile(path, "unknown", None, detail)
    found = _SERVER.search(head)
    series = series_of(found.group(1).decode("ascii", "replace")) if found else None
    if _TRAILER.search(tail):
        return MariadbDumpFile(path, kind, True, "its last line says completed", series)
    detail = "it does not end with the line that says completed"
    return MariadbDumpFile(path, kind, False, detail, series)
