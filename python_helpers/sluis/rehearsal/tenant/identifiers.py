"""Ids in the shapes of the real service, computed from the seed and readable backwards.

An item's id says which item it is, so that a million items need no table of ids.
"""

from __future__ import annotations

import base64
import hashlib
import uuid


def guid(seed: int, *what: object) -> str:
    """A GUID that depends only on the seed and on what it is for."""
    made = hashlib.blake2b(repr((seed, what)).encode(), digest_size=16).digest()
    return str(uuid.UUID(bytes=made, version=4))


class ItemIds:
    """The ids of one drive's items: ``01`` and 32 characters, as SharePoint makes them.

    Args:
        key: the drive's own secret; another drive's ids are not ours.
    """

    def __init__(self, key: bytes) -> None:
        self._key = hashlib.blake2b(key, digest_size=32).digest()
        self._prefix = self._key[:4]
        self._mask = int.from_bytes(self._key[4:8], "little")

    def unique(self, number: int) -> bytes:
        """The 16 bytes that make an item unique (``listItemUniqueId``)."""
        made = hashlib.blake2b(number.to_bytes(8, "little"), digest_size=12, key=self._key)
        return made.digest() + (number ^ self._mask).to_bytes(4, "little")

    def item(self, number: int) -> str:
        """The id of the item with this number."""
        return "01" + base64.b32encode(self._prefix + self.unique(number)).decode("ascii")

    def number(self, item_id: str) -> int | None:
        """The number of the item with this id, ``None`` for an id that is not this drive's."""
        try:
            raw = base64.b32decode(item_id[2:].upper())
        except ValueError:
            return None
        if len(raw) != 20 or item_id[:2] != "01" or raw[:4] != self._prefix:
            return None
        number = int.from_bytes(raw[16:], "little") ^ self._mask
        return number if self.unique(number) == raw[4:] else None


def braced(unique: bytes) -> str:
    """An item's GUID as it stands in tags: upper case, in braces."""
    return "{" + str(uuid.UUID(bytes=unique)).upper() + "}"


def etag(unique: bytes, version: int) -> str:
    """An eTag, which every change moves on (microsoft-graph-docs#9776)."""
    return f'"{braced(unique)},{version}"'


def ctag(unique: bytes, version: int) -> str:
    """A cTag, which only a change of content moves on; folders have none on Business."""
    return f'"c:{braced(unique)},{version}"'
