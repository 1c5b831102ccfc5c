"""Items of ours whose original was removed before the last pass: moved aside, never deleted.

Only a file that nobody touched in the target is moved; what somebody worked on there stays
where it is and is told. Folders stay, too: something of somebody else may lie in them.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

from ..graph.connect import Graph
from ..graph.errors import GraphError
from .import_policy import ImportPolicy
from .import_state import ImportState, Row
from .name_rules import NAME_LIMIT, with_mark
from .target_folders import make_folder, move_item

#: under which id the state keeps the folder itself
FOLDER_ID = "set aside:"


@dataclass(frozen=True, slots=True)
class Aside:
    """One file to be moved: its row, its name in the folder, its eTag as it was seen."""

    row: Row
    name: str
    etag: str | None = None


def aside_name(row: Row) -> str:
    """Its name there: marked, so that two of one name can lie beside each other."""
    digits = hashlib.sha256(row.source_id.encode("utf-8", "surrogatepass")).hexdigest()
    return with_mark(row.target.rpartition("/")[2], NAME_LIMIT, digits[:8])


def is_gone(row: Row) -> bool:
    """Whether a row that no manifest names stands for an item that may be set aside."""
    return row.source_id != FOLDER_ID


async def set_aside(
    graph: Graph,
    drive_id: str,
    base_id: str,
    policy: ImportPolicy,
    state: ImportState,
    gone: list[Aside],
) -> tuple[int, list[Row]]:
    """Move files of ours into the folder for what was removed at the source.

    Killed anywhere, doing it again does no harm.

    Args:
        graph: the connection to the target.
        drive_id: the target drive.
        base_id: id of the target's folder.
        policy: as signed; ``aside`` is the folder's name.
        state: of the import.
        gone: what is moved.

    Returns:
        how many were moved, and which were not because somebody changed them meanwhile.

    Raises:
        SluisError: the folder cannot be made, or the service said no.
    """
    if not gone:
        return 0, []
    moved, kept = 0, []
    folder, _ = await make_folder(graph, drive_id, base_id, policy.aside)
    state.keep(Row(FOLDER_ID, "", policy.aside, "made", target_id=folder))
    for one in gone:
        target_id = str(one.row.target_id)
        try:
            await move_item(graph, drive_id, target_id, folder, one.name, etag=one.etag)
        except GraphError as error:
            if error.status != 412:
                raise
            kept.append(one.row)
            continue
        moved += 1
        state.keep(replace(one.row, target=f"{policy.aside}/{one.name}", step="aside"))
    return moved, kept
