"""Every hash that a service lists of a file: quickXorHash, SHA-256, SHA-1, CRC-32.

Source: the ``hashes`` resource of Graph v1.0: all of them hexadecimal, the CRC-32 in little
endian; not every service gives each. Here all that are listed stand in one text, with a space
between two: the quickXorHash by itself, each other with its kind before it, as in ``sha1:0a4d…``.
A quickXorHash does not see everything, so none stands for the others: each has to agree. One of
another kind is none where it is not spelled as its kind is, and kinds that Graph does not name are
not compared.
"""

from __future__ import annotations

import hashlib
import os
import re
import zlib
from collections.abc import Mapping
from typing import Any, BinaryIO

from .stored_names import ExportFolder

#: the kinds, the strongest first, with the length of their digits
_KINDS = (("sha256", "sha256Hash", 64), ("sha1", "sha1Hash", 40), ("crc32", "crc32Hash", 8))
_HEX = re.compile("[0-9a-f]+")
_BETWEEN = " "
_PIECE = 1 << 20


def listed_hash(hashes: Mapping[str, Any]) -> str | None:
    """The hashes by which a file is held against its listing; None when none is listed.

    Args:
        hashes: the ``hashes`` facet.
    """
    quickxor = hashes.get("quickXorHash")
    first = (quickxor,) if isinstance(quickxor, str) and quickxor else ()
    return _BETWEEN.join((*first, *listed_beside(hashes))) or None


def listed_beside(hashes: Mapping[str, Any]) -> tuple[str, ...]:
    """The hashes of other kinds than quickXorHash.

    Args:
        hashes: the ``hashes`` facet.
    """
    found = []
    for kind, name, length in _KINDS:
        told = hashes.get(name)
        if isinstance(told, str) and len(told) == length and _HEX.fullmatch(told.lower()):
            found.append(f"{kind}:{told.lower()}")
    return tuple(found)


def hashes_in(listed: str | None) -> tuple[str, ...]:
    """Each of the hashes that ``listed_hash`` wrote into one text."""
    return tuple(listed.split(_BETWEEN)) if listed is not None else ()


def has_to_be_read_for(listed: tuple[str, ...]) -> bool:
    """Whether one of the hashes is of a kind that is not made while a file comes."""
    return any(one.startswith(("sha1:", "crc32:")) for one in listed)


def other_hashes(folder: ExportFolder, stored: str) -> frozenset[str]:
    """SHA-1 and CRC-32 of a stored file.

    Args:
        folder: the export root.
        stored: where the bytes lie, below it.

    Raises:
        OSError: it cannot be read.
    """
    with os.fdopen(folder.open_file(stored), "rb") as reader:
        return other_hashes_of(reader)


def other_hashes_of(file: BinaryIO) -> frozenset[str]:
    """As ``other_hashes``, for an open file."""
    sha1, crc = hashlib.sha1(usedforsecurity=False), 0
    while piece := file.read(_PIECE):
        sha1.update(piece)
        crc = zlib.crc32(piece, crc)
    # some write the digits the other way round than Graph's page says
    orders = (crc.to_bytes(4, "little"), crc.to_bytes(4, "big"))
    return frozenset({f"sha1:{sha1.hexdigest()}", *(f"crc32:{one.hex()}" for one in orders)})
