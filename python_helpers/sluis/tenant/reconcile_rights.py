"""Whether the rights that were to be given are there, and no others.

Only direct rights count as too many: what is inherited belongs to the place that the client
chose. Site groups and applications are left out, since the service lists them on every item.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from ..graph.connect import Graph
from ..graph.errors import GraphError
from ..graph.links import segment
from .reconciliation import RightMissing, RightSurplus
from .refused_alone import raise_unless_alone
from .user_map import Grant, Invite, grants_in

_STRENGTH = {"read": 1, "write": 2, "owner": 3}
_COUNTED = ("user", "group", "link")


async def compare_rights(
    graph: Graph, drive_id: str, item_id: str, path: str, invites: Sequence[Invite]
) -> tuple[list[RightMissing], list[RightSurplus]]:
    """Hold the rights on one item of ours against those that were signed.

    A right that is inherited in the target counts as given; a stronger one as well.

    Args:
        graph: the connection to the target.
        drive_id: the target drive.
        item_id: the item in the target.
        path: its original path.
        invites: what was to be given on it.

    Returns:
        what is missing, and what nobody signed for. When the rights cannot be looked at,
        both say so.

    Raises:
        GraphError: the service is away, or lets us in no more.
    """
    given: dict[str, int] = {}
    own: list[Grant] = []
    place = f"/drives/{segment(drive_id)}/items/{segment(item_id)}/permissions"
    try:
        async for page in graph.pages(place):
            for permission in page.items:
                own += grants_in(permission)
                # an inherited right is a right here
                for grant in grants_in({**permission, "inheritedFrom": None}):
                    # one that is narrower than its role says was never asked for
                    for key in grant.principal.keys if not grant.bound else ():
                        given[key] = max(given.get(key, 0), _STRENGTH.get(grant.role, 0))
    except GraphError as error:
        await raise_unless_alone(graph, f"/drives/{segment(drive_id)}", error)
        why = f"It could not be looked at: {error.what}"
        missing = [RightMissing(path, one.recipient, one.role, why) for one in invites]
        return missing, [RightSurplus(path, "not verified", "not verified", why)]
    missing = [
        RightMissing(path, one.recipient, one.role, "The target does not list it.")
        for one in invites
        if given.get(one.recipient.lower(), 0) < _STRENGTH[one.role]
    ]
    signed = {one.recipient.lower(): one for one in invites}
    surplus = [
        RightSurplus(path, grant.principal.keys[0], grant.role, why)
        for grant in own
        if grant.principal.kind in _COUNTED and (why := _too_much(grant, signed))
    ]
    return missing, surplus


def _too_much(grant: Grant, signed: Mapping[str, Invite]) -> str:
    """Why a right in the target is more than was signed; empty when it is not."""
    strength = _STRENGTH.get(grant.role, max(_STRENGTH.values()) + 1)
    why = "Nobody signed for it."
    for one in (signed[key] for key in grant.principal.keys if key in signed):
        if _STRENGTH[one.role] < strength:
            continue
        if one.until is None or _ends_by(grant.until, one.until):
            return ""
        ends = f"ends on {grant.until}" if grant.until else "has no end"
        why = f"It was signed until {one.until}, and {ends} in the target."
    return why


def _ends_by(until: str | None, signed: str) -> bool:
    """Whether a right ends when it was signed to end, or before; what cannot be read does not."""
    try:
        here, there = datetime.fromisoformat(until or ""), datetime.fromisoformat(signed)
    except ValueError:
        return False
    zoned = [one if one.tzinfo else one.replace(tzinfo=UTC) for one in (here, there)]
    return zoned[0].replace(microsecond=0) <= zoned[1]
