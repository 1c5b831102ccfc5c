"""Hashes that a service lists where it lists no quickXorHash: SHA-256, SHA-1 or CRC-32.

Source: the ``hashes`` resource of Graph v1.0: all of them hexadecimal, the CRC-32 in little
endian; not every service gives each. Here one is written with its kind before it, as in
``sha1:0a4d…``; a quickXorHash stands by itself.
"""

from __future__ import annotations

import hashlib
import os
import re
import zlib
from collections.abc import Mapping
from typing import Any

from .stored_names import ExportFolder

#: the kinds, the strongest first, with the length of their digits
_KINDS = (("sha256", "sha256Hash", 64), ("sha1", "sha1Hash", 40), ("crc32", "crc32Hash", 8))
_HEX = re.compile("[0-9a-f]+")
_PIECE = 1 << 20


def listed_hash(hashes: Mapping[str, Any]) -> str | None:
    """The hash by which a file is held against its listing; None when none is listed.

    Args:
        hashes: the ``hashes`` facet.
    """
    quickxor = hashes.get("quickXorHash")
    if isinstance(quickxor, str) and quickxor:
        return quickxor
    for kind, name, length in _KINDS:
        told = hashes.get(name)
        if isinstance(told, str) and len(told) == length and _HEX.fullmatch(told.lower()):
            return f"{kind}:{told.lower()}"
    return None


def has_to_be_read_for(listed: str | None) -> bool:
    """Whether a hash is of a kind that is not made while a file comes."""
    return listed is not None and listed.startswith(("sha1:", "crc32:"))


def other_hashes(folder: ExportFolder, stored: str) -> frozenset[str]:
    """SHA-1 and CRC-32 of a stored file.

    Args:
        folder: the export root.
        stored: where the bytes lie, below it.

    Raises:
        OSError: it cannot be read.
    """
    sha1, crc = hashlib.sha1(usedforsecurity=False), 0
    with os.fdopen(folder.open_file(stored), "rb", buffering=0) as reader:
        while piece := reader.read(_PIECE):
            sha1.update(piece)
            crc = zlib.crc32(piece, crc)
    # some write the digits the other way round than Graph's page says
    orders = (crc.to_bytes(4, "little"), crc.to_bytes(4, "big"))
    return frozenset({f"sha1:{sha1.hexdigest()}", *(f"crc32:{one.hex()}" for one in orders)})
