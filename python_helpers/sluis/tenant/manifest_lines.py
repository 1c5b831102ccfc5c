"""The lines of a drive's manifest, made from its state, in the order of the paths."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from .doubt import doubt_of
from .listed_items import PATH, is_sized, map_folders
from .state import DriveState
from .tenant_manifest import COULD_NOT, HAD, ManifestLine

_LINES = f"""
SELECT {PATH} AS path, i.item_id, i.type, i.size, i.quickxor, i.etag, i.created, i.modified,
       i.created_by, i.modified_by, i.extra, i.seen_in_pass, p.stored,
       c.state, c.why, c.size, c.sha256, c.quickxor, c.listed_size, c.listed_quickxor,
       c.verdict, c.note, c.etag, c.sealed, r.data, r.why, v.data, v.why, l.data, i.shared, c.older,
       c.doubt
FROM items i
JOIN temp.folder_paths f ON f.item_id = i.parent_id
LEFT JOIN places p ON p.item_id = i.item_id
LEFT JOIN contents c ON c.item_id = i.item_id
LEFT JOIN details r ON r.item_id = i.item_id AND r.kind = 'permissions'
LEFT JOIN details v ON v.item_id = i.item_id AND v.kind = 'versions'
LEFT JOIN details l ON l.item_id = i.item_id AND l.kind = 'fields'
WHERE i.gone_in_pass IS NULL AND i.type <> 'root'
ORDER BY path, i.item_id
"""  # noqa: S608  our own text


def manifest_lines(state: DriveState) -> Iterator[ManifestLine]:
    """One line for every live item.

    A file that was never fetched has a line too, which says that it could not be had.
    """
    map_folders(state)
    for row in state.db.execute(_LINES):
        yield _line(row)


def root_permissions(state: DriveState) -> list[dict[str, Any]]:
    """Permissions of the library itself: those that hold where no item has its own."""
    row = state.db.execute(
        "SELECT d.data FROM details d JOIN items i ON i.item_id = d.item_id"
        " WHERE i.type = 'root' AND d.kind = 'permissions'"
    ).fetchone()
    found: list[dict[str, Any]] = json.loads(row[0]) if row else []
    return found


def _line(row: tuple[Any, ...]) -> ManifestLine:
    (
        path, item_id, kind, size, quickxor, etag, created, modified, created_by, modified_by,
        extra, seen, stored, state, why, got_size, sha256, got_quickxor, listed_size,
        listed_quickxor, verdict, note, got_etag, sealed, permissions, no_permissions,
        versions, no_versions, fields, shared, older, doubt,
    ) = row  # fmt: skip
    common: dict[str, Any] = {
        "path": path,
        "type": kind,
        "item_id": item_id,
        "created": created,
        "modified": modified,
        "created_by": created_by,
        "modified_by": modified_by,
        "permissions": tuple(json.loads(permissions)) if permissions else (),
        "rights_why": no_permissions,
        "versions": tuple(json.loads(versions)) if versions else (),
        "fields": json.loads(fields) if fields else {},
        "seen_in_pass": seen,
        "check_note": _notes(note, no_versions),
    }
    if shared and permissions is None:
        common["rights_why"] = "Its permissions were not asked for."
    if kind != "file":
        return _without_bytes(common, kind, size, etag, extra)
    if state != HAD:
        return ManifestLine(
            **common,
            size=size,
            listed_size=size,
            listed_quickxor=quickxor,
            etag=etag,
            state=COULD_NOT,
            why=why or "It was not fetched before this manifest was written.",
        )
    if not is_sized(json.loads(extra) if extra else {}):
        listed_size = None
    return ManifestLine(
        **common,
        stored=stored,
        size=got_size,
        sha256=sha256,
        quickxor=got_quickxor,
        listed_size=listed_size,
        listed_quickxor=listed_quickxor,
        check=verdict,
        doubt=doubt_of(
            verdict,
            doubt,
            older=bool(older),
            listed=(listed_size, listed_quickxor),
            got=(got_size, got_quickxor, sha256),
        ),
        etag=got_etag,
        sealed=sealed or None,
    )


def _without_bytes(
    common: dict[str, Any], kind: str, size: int, etag: str | None, extra: str | None
) -> ManifestLine:
    more = json.loads(extra) if extra else {}
    target = more.get("remoteItem")
    if kind == "package":
        # sp-dev-docs onenote-migration-service.md
        common["check_note"] = _notes(
            common["check_note"],
            "A notebook has no bytes of its own; its sections have lines of theirs. In the"
            " target it is a folder of files until SharePoint is told that it is a notebook.",
        )
    if kind == "other":
        what = "a bundle" if "bundle" in more else "neither a file nor a folder"
        common |= {"state": COULD_NOT, "why": f"It is {what}; Graph has no content of it."}
    return ManifestLine(
        **common, size=0 if kind == "folder" else size, listed_size=size, etag=etag, target=target
    )


def _notes(*notes: str | None) -> str | None:
    return " ".join(note for note in notes if note) or None
