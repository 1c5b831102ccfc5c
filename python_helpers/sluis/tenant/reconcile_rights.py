"""Whether the rights that were to be given are there."""

from __future__ import annotations

from ..errors import SluisError
from ..graph.connect import Graph
from ..graph.links import segment
from .reconciliation import RightMissing
from .tenant_manifest import ManifestLine
from .user_map import UserMap, grants_in, translate

_STRENGTH = {"read": 1, "write": 2, "owner": 3}


async def missing_rights(
    graph: Graph, drive_id: str, item_id: str, line: ManifestLine, users: UserMap
) -> list[RightMissing]:
    """Rights on one item that the user map gives and the target does not have.

    A right that is inherited in the target counts; a stronger one as well.

    Args:
        graph: the connection to the target.
        drive_id: the target drive.
        item_id: the item in the target.
        line: its line of the manifest.
        users: the signed map.
    """
    invites, _ = translate(line.permissions, users)
    if not invites:
        return []
    there: dict[str, int] = {}
    place = f"/drives/{segment(drive_id)}/items/{segment(item_id)}/permissions"
    try:
        async for page in graph.pages(place):
            for permission in page.items:
                # an inherited right is a right here
                for grant in grants_in({**permission, "inheritedFrom": None}):
                    for key in grant.principal.keys:
                        there[key] = max(there.get(key, 0), _STRENGTH.get(grant.role, 0))
    except SluisError as error:
        why = f"It could not be looked at: {error.what}"
        return [RightMissing(line.path, one.recipient, one.role, why) for one in invites]
    return [
        RightMissing(line.path, one.recipient, one.role, "The target does not list it.")
        for one in invites
        if there.get(one.recipient.lower(), 0) < _STRENGTH[one.role]
    ]
