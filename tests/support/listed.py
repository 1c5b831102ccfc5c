"""What a drive's state holds as live, for tests."""

from __future__ import annotations

from sluis.tenant.listed_items import PATH, map_folders
from sluis.tenant.state import DriveState


def live_paths(state: DriveState) -> list[str]:
    """The path of every live item, in the order of the paths' bytes."""
    map_folders(state)
    rows = state.db.execute(
        f"SELECT {PATH} AS path FROM items i"
        " JOIN temp.folder_paths f ON f.item_id = i.parent_id"
        " WHERE i.gone_in_pass IS NULL AND i.type <> 'root' ORDER BY path, i.item_id"
    )
    return [path for (path,) in rows]
