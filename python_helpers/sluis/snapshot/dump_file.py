"""Is this database dump, that somebody else made, whole or cut?

Nobody's exit status is believed: ``pg_restore -l`` and both command-line clients accept
half a dump (measured with PostgreSQL 15 and MariaDB 10.11).
"""

from __future__ import annotations

import os
from typing import Any, Dict, Optional

from .mariadb_dump_file import inspect_mariadb_dump, looks_like_mariadb
from .postgresql_dump_file import inspect_dump, looks_like_postgresql


def verify_dump_file(path: str, bin_dir: Optional[str] = None) -> Dict[str, Any]:
    """Read a dump from its first byte to its last and say whether it is whole.

    Args:
        path: a PostgreSQL custom, tar or directory dump, or a plain dump of PostgreSQL,
            MariaDB or MySQL, also compressed with gzip, bzip2 or xz.
        bin_dir: where to look for pg_restore first.

    Returns:
        ``kind`` (postgresql, mariadb, unknown), ``format``, ``whole`` (None: could not be
        told), ``detail``, ``bytes``, and ``server``, the source's version where it says so.
    """
    answer: Dict[str, Any]
    if os.path.isfile(path) and os.path.getsize(path) == 0:
        answer = {"kind": "unknown", "format": "empty", "whole": False}
        return {**answer, "detail": "the file is empty", "bytes": 0, "server": None}
    if looks_like_postgresql(path):
        found = inspect_dump(path, bin_dir)
        server = str(found.major) if found.major else None
        answer = {"kind": "postgresql", "format": found.format, "whole": found.whole}
        answer.update(detail=found.detail, server=server)
    elif os.path.isfile(path) and looks_like_mariadb(path):
        other = inspect_mariadb_dump(path)
        answer = {"kind": "mariadb", "format": other.format, "whole": other.whole}
        answer.update(detail=other.detail, server=other.series)
    else:
        detail = "these are not the bytes of a dump that we know"
        answer = {"kind": "unknown", "format": "unknown", "whole": None}
        answer.update(detail=detail, server=None)
    return {**answer, "bytes": _size(path)}


def _size(path: str) -> int:
    if os.path.isfile(path):
        return os.path.getsize(path)
    return sum(
        os.path.getsize(os.path.join(at, name)) for at, _, ns in os.walk(path) for name in ns
    )
