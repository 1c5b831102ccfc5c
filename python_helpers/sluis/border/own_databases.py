"""The names of the databases that a restore leaves beside the live one."""

from __future__ import annotations

import hashlib
import re

#: bytes: both servers cut or refuse longer names (NAMEDATALEN 63 bytes, MariaDB 64 characters)
_LONGEST = 63
#: what is left of the live name when the whole would be too long, in bytes
_START = 12
COPY = "_sluis_restored_"
DISPLACED = "_sluis_quarantine_"


def name_beside(live: str, suffix: str) -> str:
    """A name next to the live one, no longer than the servers allow, and plain after it."""
    name = live + suffix
    return name if len(name.encode()) <= _LONGEST else _short(live, suffix)


def like_beside(live: str, kind: str) -> str:
    """The names that a restore of ``live`` gives, as a pattern of SQL's LIKE.

    Args:
        live: name of the live database.
        kind: ``COPY`` or ``DISPLACED``.
    """
    start = _start(live)
    plain = re.sub(r"([\\\\_%])", r"\\\1", start)
    # a long name may be cut, by how long the change's id is
    return plain + ("" if start == live else "%") + kind.replace("_", "\\_") + "%"


def is_beside(name: str, live: str) -> bool:
    """Whether a restore of ``live`` gives a database this name.

    Where the suffix was cut as well, its digest cannot be computed again.
    """
    for mark in (COPY, DISPLACED):
        if name.startswith(live + mark):
            return _plain(name[len(live + mark) :]) and len(name.encode()) <= _LONGEST
        start = _start(live)
        if name.startswith(start + mark):
            suffix, _, digest = name[len(start) :].rpartition("_")
            if not (_plain(suffix[len(mark) :]) and re.fullmatch("[0-9a-f]{8}", digest)):
                return False
            return len(name.encode()) == _LONGEST or name == name_beside(live, suffix)
    return False


def _short(live: str, suffix: str) -> str:
    # Long names are told apart by a digest of the whole one.
    mark = "_" + hashlib.sha256((live + suffix).encode()).hexdigest()[:8]
    start = _start(live)
    return start + suffix[: _LONGEST - len(start.encode()) - len(mark)] + mark


def _plain(text: str) -> bool:
    return re.fullmatch("[A-Za-z0-9_]+", text) is not None


def _start(live: str) -> str:
    return live.encode()[:_START].decode("utf-8", "ignore")
