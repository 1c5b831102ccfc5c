"""The names of the databases that a restore leaves beside the live one."""

from __future__ import annotations

import hashlib

#: bytes: both servers cut or refuse longer names (NAMEDATALEN 63 bytes, MariaDB 64 characters)
_LONGEST = 63
#: what is left of the live name when the whole would be too long, in bytes
_START = 12
COPY = "_sluis_restored_"
DISPLACED = "_sluis_quarantine_"


def name_beside(live: str, suffix: str) -> str:
    """A name next to the live one, no longer than the servers allow, and plain after it."""
    name = live + suffix
    if len(name.encode()) <= _LONGEST:
        return name
    # Long names are told apart by a digest of the whole one.
    mark = "_" + hashlib.sha256(name.encode()).hexdigest()[:8]
    start = _start(live)
    return start + suffix[: _LONGEST - len(start.encode()) - len(mark)] + mark


def is_beside(name: str, live: str) -> bool:
    """Whether a restore of ``live`` gave a database this name."""
    return any(name.startswith(start + mark)
               for start in (live, _start(live)) for mark in (COPY, DISPLACED))  # fmt: skip


def _start(live: str) -> str:
    return live.encode()[:_START].decode("utf-8", "ignore")
