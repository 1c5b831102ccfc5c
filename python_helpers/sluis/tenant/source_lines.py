"""The manifest lines of a source without ids, out of its state."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .listed_items import PATH, map_folders
from .source_listing import link_of
from .state import DriveState
from .tenant_manifest import COULD_NOT, HAD, ManifestLine

#: by path and then by id, so that the same state gives the same manifest
_LINES = f"""
SELECT {PATH} AS path, i.item_id, i.type, i.size, i.etag, i.modified, i.extra, i.seen_in_pass,
    p.stored, c.state, c.why, c.size, c.sha256, c.quickxor, c.listed_size, c.verdict, c.note
FROM items i JOIN temp.folder_paths f ON f.item_id = i.parent_id
LEFT JOIN places p ON p.item_id = i.item_id LEFT JOIN contents c ON c.item_id = i.item_id
WHERE i.gone_in_pass IS NULL AND i.type <> 'root' ORDER BY path, i.item_id
"""  # noqa: S608  our own text


def source_lines(state: DriveState, number: int) -> Iterator[ManifestLine]:
    """One line per item that the last listing named.

    Args:
        state: with a finished listing.
        number: of the pass.
    """
    map_folders(state)
    for row in state.db.execute(_LINES):
        yield _line(row, number)


def _line(row: tuple[Any, ...], number: int) -> ManifestLine:
    path, item_id, kind, listed, tag, modified, extra, seen, stored, *content = row
    state, why, size, sha256, quickxor, listed_size, check, note = content
    if kind == "file":
        had = state == HAD
        return ManifestLine(
            path, "file", item_id,
            stored=stored if had else None,
            size=size if had else listed,
            sha256=sha256 if had else None,
            quickxor=quickxor if had else None,
            listed_size=listed_size if state is not None else listed,
            check=check,
            check_note=note,
            etag=tag,
            modified=modified,
            state=HAD if had else COULD_NOT,
            why=None if had else why or "It was not reached in this pass.",
            seen_in_pass=seen,
        )  # fmt: skip
    return ManifestLine(
        path, kind, item_id,
        modified=modified,
        target=link_of(extra),
        state=HAD if why is None else COULD_NOT,
        why=why,
        seen_in_pass=seen,
    )  # fmt: skip
