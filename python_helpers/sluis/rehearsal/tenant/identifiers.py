"""Ids in the shapes of the real service, computed from the seed and readable backwards.

An item's id says which item it is, so that a million items need no table of ids.
"""

from __future__ import annotations

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

    def unique(self, number: int) -> str:
        """What makes an item unique (``listItemUniqueId``): 32 hexadecimal digits, upper case."""
        made = hashlib.blake2b(number.to_bytes(8, "little"), digest_size=8, key=self._key)
        tail = (number ^ self._mask).to_bytes(4, "little")
        return (self._prefix + made.digest() + tail).hex().upper()

    def item(self, number: int) -> str:
        """The id of the item with this number."""
        return "01" + self.unique(number)

    def number(self, item_id: str) -> int | None:
        """The number of the item with this id, ``None`` for an id that is not this drive's."""
        if len(item_id) != 34 or item_id[:2] != "01":
            return None
        try:
            number = int.from_bytes(bytes.fromhex(item_id[26:]), "little") ^ self._mask
        except ValueError:
            return None
        return number if self.item(number) == item_id else None


def dashed(unique: str) -> str:
    """An item's GUID with its dashes."""
    return f"{unique[:8]}-{unique[8:12]}-{unique[12:16]}-{unique[16:20]}-{unique[20:]}"


def etag(unique: str, version: int) -> str:
    """An eTag, which every change moves on (microsoft-graph-docs#9776)."""
    return f'"{{{dashed(unique)}}},{version}"'


def ctag(unique: str, version: int) -> str:
    """A cTag, which only a change of content moves on; folders have none on Business."""
    return f'"c:{{{dashed(unique)}}},{version}"'
