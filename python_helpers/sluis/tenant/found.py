"""What a listing of a source tells of one item, whoever listed it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

#: what an item is; ``unknown`` when the source does not say
ItemKind = Literal["file", "folder", "link", "special", "unknown"]


@dataclass(frozen=True, slots=True)
class Found:
    """One item of a listing.

    Args:
        path: below the root, parts joined by ``/``, as the source spells it.
        kind: what it is.
        size: bytes of a file, as listed; ``None`` when the source does not say.
        modified_ns: nanoseconds since 1970, UTC; ``None`` when the source does not say.
        target: where a symbolic link points, as the source spells it.
        why: one sentence when it, or what is in it, could not be had.
        mark: whatever else the source tells that changes when the file does.
        no_item: the source listed something in the folder ``path`` that can be no item.
    """

    path: bytes
    kind: ItemKind
    size: int | None = None
    modified_ns: int | None = None
    target: bytes | None = None
    why: str | None = None
    mark: str = ""
    no_item: bool = False

    @property
    def tag(self) -> str:
        """What tells that a file changed, where nobody keeps an eTag: size, time and mark."""
        return f"{self.size}@{self.modified_ns}" + (f"@{self.mark}" if self.mark else "")


def text_of(raw: bytes) -> str:
    """A name as text; bytes that are not UTF-8 become surrogates (PEP 383)."""
    return raw.decode("utf-8", "surrogateescape")
