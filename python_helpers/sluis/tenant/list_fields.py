"""The columns of a library: what people filled in beside their files.

They sit in ``listItem.fields`` and are asked for a page at a time, not per file. List
attachments and the definitions of hyperlink and location columns cannot be read (Corso,
known issues; corso#5166); that is said as a gap.
"""

from __future__ import annotations

import json
import re
from typing import Any

from ..graph.answer import item_of
from ..graph.connect import Graph
from ..graph.errors import GraphError
from ..graph.links import segment
from .listed_items import part_of
from .refused_alone import raise_unless_alone
from .source import Source
from .state import DriveState

KIND = "fields"
#: what every item has and the manifest says already
_LEFT_OUT = re.compile(
    r"@|_ComplianceTag|_ComplianceFlags|LinkFilename"
    r"|(id|FileLeafRef|Created|Modified|ContentType|DocIcon|Edit|FileSizeDisplay"
    r"|_UIVersionString|(Author|Editor|AppAuthor|AppEditor)LookupId|(Item|Folder)ChildCount)$"
)

_GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


async def fetch_fields(graph: Graph, source: Source, state: DriveState) -> int:
    """Read the columns of all items of a drive's list, once in a pass.

    Args:
        source: a drive.
        state: with a finished listing.

    Returns:
        how many items have something in their columns.

    Raises:
        GraphError: the service answers no other call either.
    """
    current = state.current_pass()
    number = current.number if current else 0
    if state.recall("fields in pass") == number:
        return _had(state)
    try:
        place = source.drive_place("list", "items")
        if source.site_id:
            asked = source.drive_place("list")
            known = item_of(await graph.get(asked, params={"$select": "id"}), asked)
            place = f"/sites/{source.site_id}/lists/{segment(known['id'])}/items"
        _map_guids(state)
        async for page in graph.pages(place, params={"$expand": "fields,driveItem($select=id)"}):
            with state.transaction():
                for entry in page.items:
                    _keep(state, number, entry)
    except GraphError as error:
        await raise_unless_alone(graph, source.drive_place(), error)
        state.could_not(number, "list fields", source.name, error.what)
        return 0
    state.could_not(
        number,
        "list attachments, definitions of hyperlink and location columns",
        source.name,
        "Graph does not give them (corso#5166).",
    )
    state.remember("fields in pass", number)
    return _had(state)


def _map_guids(state: DriveState) -> None:
    """Item ids by the GUID in their eTag, which a file shares with its list item."""
    state.db.create_function("guid", 1, _guid, deterministic=True)
    state.db.execute("DROP TABLE IF EXISTS temp.guids")
    state.db.execute("CREATE TEMP TABLE guids (guid TEXT PRIMARY KEY, item_id TEXT) WITHOUT ROWID")
    state.db.execute(
        "INSERT OR IGNORE INTO temp.guids SELECT guid(etag), item_id FROM items"
        " WHERE gone_in_pass IS NULL AND guid(etag) IS NOT NULL"
    )


def _item_of(state: DriveState, entry: dict[str, Any]) -> str | None:
    told = part_of(entry, "driveItem").get("id")
    if isinstance(told, str) and told:
        return told
    row = state.db.execute(
        "SELECT item_id FROM temp.guids WHERE guid = ?", (_guid(entry.get("eTag")),)
    ).fetchone()
    return row[0] if row else None


def _guid(etag: Any) -> str | None:
    found = _GUID.search(etag) if isinstance(etag, str) else None
    return found[0].lower() if found else None


def _keep(state: DriveState, number: int, entry: dict[str, Any]) -> None:
    item = _item_of(state, entry)
    fields = {
        name: value for name, value in part_of(entry, "fields").items() if not _LEFT_OUT.match(name)
    }
    if item and fields:
        state.db.execute(
            "INSERT OR REPLACE INTO details VALUES (?, ?, ?, NULL, NULL, ?)",
            (item, KIND, json.dumps(fields, sort_keys=True), number),
        )


def _had(state: DriveState) -> int:
    row = state.db.execute("SELECT COUNT(*) FROM details WHERE kind = ?", (KIND,)).fetchone()
    return int(row[0])
