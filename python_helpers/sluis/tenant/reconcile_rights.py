"""Whether the rights that were to be given are there, and no others.

Only direct rights count as too many: what is inherited belongs to the place that the client
chose. An item that gets a right of its own keeps all that it inherited as rights of its own, so of
a principal that has rights in that place only what is more than these is too much.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ..graph.connect import Graph
from ..graph.errors import GraphError
from ..graph.links import segment
from .reconciliation import RightMissing, RightSurplus
from .refused_alone import raise_unless_alone
from .user_map import Grant, Invite, grants_in, moment

_STRENGTH = {"read": 1, "write": 2, "owner": 3}
#: of a role that nobody knows: more than any
_UNKNOWN = 4


@dataclass(frozen=True, slots=True)
class PlaceRights:
    """Who may do what in the target's folder.

    Args:
        grants: by key of the principal.
        why: one sentence when that could not be looked at.
    """

    grants: Mapping[str, Sequence[Grant]] = field(default_factory=dict)
    why: str = ""


async def rights_of_place(graph: Graph, drive_id: str, item_id: str) -> PlaceRights:
    """Look at who may do what in the target's folder.

    Raises:
        GraphError: the service is away, or lets us in no more.
    """
    found: dict[str, list[Grant]] = {}
    place = f"/drives/{segment(drive_id)}/items/{segment(item_id)}/permissions"
    try:
        async for page in graph.pages(place):
            for permission in page.items:
                for grant in grants_in({**permission, "inheritedFrom": None}):
                    # two links of one kind are not for the same people
                    for key in grant.principal.keys if grant.principal.kind != "link" else ():
                        found.setdefault(key, []).append(grant)
    except GraphError as error:
        await raise_unless_alone(graph, f"/drives/{segment(drive_id)}", error)
        return PlaceRights(
            {}, f"What it may do in the folder above could not be seen: {error.what}"
        )
    return PlaceRights(found)


async def compare_rights(
    graph: Graph,
    drive_id: str,
    item_id: str,
    path: str,
    invites: Sequence[Invite],
    of_place: PlaceRights,
) -> tuple[list[RightMissing], list[RightSurplus]]:
    """Hold the rights on one item of ours against those that were signed.

    A right that is inherited in the target counts as given; a stronger one as well, and one that
    ends later or never (which may be too much). One that ends before it was signed to is missing.

    Args:
        graph: the connection to the target.
        drive_id: the target drive.
        item_id: the item in the target.
        path: its original path.
        invites: what was to be given on it.
        of_place: who may do what in the target's folder.

    Returns:
        what is missing, and what nobody signed for. When the rights cannot be looked at,
        both say so.

    Raises:
        GraphError: the service is away, or lets us in no more.
    """
    given: dict[str, list[Grant]] = {}
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
                        given.setdefault(key, []).append(grant)
    except GraphError as error:
        await raise_unless_alone(graph, f"/drives/{segment(drive_id)}", error)
        why = f"It could not be looked at: {error.what}"
        missing = [RightMissing(path, one.recipient, one.role, why) for one in invites]
        return missing, [RightSurplus(path, "not verified", "not verified", why)]
    missing = [
        RightMissing(path, one.recipient, one.role, why)
        for one in invites
        if (why := _too_little(one, given.get(one.recipient.lower(), ())))
    ]
    signed = {one.recipient.lower(): one for one in invites}
    surplus = [
        RightSurplus(path, grant.principal.keys[0], grant.role, why)
        for grant in own
        if (why := _too_much(grant, signed, of_place))
    ]
    return missing, surplus


def _too_little(invite: Invite, given: Iterable[Grant]) -> str:
    """Why what somebody has in the target is less than was signed; empty when it is not."""
    strong = [one for one in given if _STRENGTH.get(one.role, 0) >= _STRENGTH[invite.role]]
    if any(_lasts(one.until, invite.until) for one in strong):
        return ""
    if not strong:
        return "The target does not list it."
    until = f"until {invite.until}" if invite.until else "without an end"
    return f"It was signed {until}, and ends on {strong[0].until} in the target."


def _lasts(until: str | None, signed: str | None) -> bool:
    """Whether a right lasts as long as it was signed to; what cannot be read does not."""
    if until is None or signed is None:
        return until is None
    return until == signed or _ends_by(signed, until)


def _too_much(grant: Grant, signed: Mapping[str, Invite], of_place: PlaceRights) -> str:
    """Why a right in the target is more than was signed; empty when it is not."""
    strength = _STRENGTH.get(grant.role, _UNKNOWN)
    if grant.principal.kind == "nobody" or _has_in_place(grant, strength, of_place):
        return ""
    why = of_place.why or "Nobody signed for it."
    for one in (signed[key] for key in grant.principal.keys if key in signed):
        if _STRENGTH[one.role] < strength:
            continue
        if one.until is None or _ends_by(grant.until, one.until):
            return ""
        ends = f"ends on {grant.until}" if grant.until else "has no end"
        why = f"It was signed until {one.until}, and {ends} in the target."
    return why


def _has_in_place(grant: Grant, strength: int, of_place: PlaceRights) -> bool:
    """Whether somebody may do the same in the target's folder, as freely and for as long."""
    return any(
        _STRENGTH.get(one.role, _UNKNOWN) >= strength
        and (not one.bound or one.bound == grant.bound)
        and (one.until is None or _ends_by(grant.until, one.until))
        for key in grant.principal.keys
        for one in of_place.grants.get(key, ())
    )


def _ends_by(until: str | None, signed: str) -> bool:
    """Whether a right ends when it was signed to end, or before; what cannot be read does not."""
    here, there = moment(until or ""), moment(signed)
    # the service may keep whole seconds
    return here is not None and there is not None and here.replace(microsecond=0) <= there
