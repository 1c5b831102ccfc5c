"""``copy``: accepted with 202, and followed on an address of its own.

Sources: ``driveitem-copy.md`` (202 with a Location; fail is the default; a name that is taken is
refused at once) and ``long-running-actions-overview`` (what the monitor says). The monitor's
address is pre-authenticated and lies on the other origin.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

from aiohttp import web

from sluis.rehearsal.tenant.answering import answered
from sluis.rehearsal.tenant.api_error import ApiError, request_ids
from sluis.rehearsal.tenant.call import Answer, Call
from sluis.rehearsal.tenant.drive import Drive, name_taken
from sluis.rehearsal.tenant.item_calls import CONFLICT, conflict, not_found
from sluis.rehearsal.tenant.items import Content, Item
from sluis.rehearsal.tenant.name_rules import fold
from sluis.rehearsal.tenant.taking import make_room
from sluis.rehearsal.tenant.world import World


@dataclass
class Copying:
    """One copy that was accepted.

    Args:
        drive: where the copy goes.
        item: the copy.
        asked: how often the monitor was looked at.
    """

    drive: Drive
    item: Item
    asked: int = field(default=0)


async def target_of(world: World, call: Call, drive: Drive, item: Item) -> tuple[Drive, Item]:
    """The drive and the folder that a copy goes to; ApiError 400, 404."""
    reference = (await call.json()).get("parentReference")
    if reference is None:
        if item.parent is None:
            raise ApiError(400, "invalidRequest", "The root of a drive cannot be copied.")
        return drive, item.parent
    if not isinstance(reference, dict):
        raise ApiError(400, "invalidRequest", "The parentReference is no object.")
    target = world.drive(str(reference["driveId"])) if reference.get("driveId") else drive
    if "id" in reference:
        parent = target.find(str(reference["id"]))
    else:
        _, _, path = str(reference.get("path", "")).partition("root:")
        parent = target.at(path.strip("/"))
    if parent is None:
        raise not_found()
    return target, parent


async def copy(
    world: World, call: Call, drive: Drive, item: Item, target: Drive, parent: Item
) -> Answer:
    """``POST items/{id}/copy``.

    Raises:
        ApiError: 400, 404, 409, 507.
    """
    body = await call.json()
    if item.parent is None or item is parent or item in parent.ancestors():
        raise ApiError(400, "invalidRequest", "A folder cannot be copied into itself.")
    name = target.check(parent, body.get("name") or item.name)
    wish = conflict(call.query.get(CONFLICT), "fail")
    taken = (parent.children or {}).get(fold(name))
    if taken is not None and wish == "rename":
        name, taken = target.free_name(parent, name), None
    if taken is not None and (wish == "fail" or taken.kind != "file" or item.kind != "file"):
        raise name_taken()
    make_room(world, target, item.size, taken.size if taken else 0)
    if taken is not None:
        target.replace(taken, item.size, _content(world, drive, item, target), world.clock.now(), 0)
        made = taken
    else:
        made = _copied(world, drive, item, target, parent, name)
    ticket = secrets.token_urlsafe(32)
    world.copies[ticket] = Copying(target, made)
    return Answer(202, None, {"Location": f"{world.content}/monitor/{ticket}"})


def _copied(world: World, drive: Drive, item: Item, target: Drive, parent: Item, name: str) -> Item:
    """A copy of an item with all that is in it; versions and permissions stay behind."""
    first: Item | None = None
    waiting = [(item, parent, name)]
    while waiting:
        one, into, called = waiting.pop()
        content = _content(world, drive, one, target) if one.kind == "file" else None
        made = target.add(
            into,
            called,
            one.kind,
            size=one.size if one.kind == "file" else 0,
            now=world.clock.now(),
            content=content,
            modified=one.file_modified,
        )
        if one.kind == "shortcut" and one.extras:
            made.more.target = one.extras.target
        first = first or made
        waiting += [(child, made, child.name) for child in (one.children or {}).values()]
    return first or item


def _content(world: World, drive: Drive, item: Item, target: Drive) -> Content:
    if drive is target:
        return drive.content(item)
    return world.store(world.read(drive, drive.content(item), item.size))


class Monitor:
    """Serves the addresses on which copies are followed."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """How far a copy is: under way when first asked, done from then on."""
        world, ids = self._world, request_ids(request.headers)

        async def make() -> web.StreamResponse:
            copying = world.copies.get(request.match_info["ticket"])
            if copying is None:
                raise ApiError(404, "itemNotFound", "The operation could not be found.")
            copying.asked += 1
            headers = ids.headers(world.clock.now())
            if copying.asked == 1:
                body = {
                    "operation": "ItemCopy",
                    "percentageComplete": 50.0,
                    "status": "inProgress",
                }
                return web.json_response(body, status=202, headers=headers)
            body = {
                "percentageComplete": 100.0,
                "resourceId": copying.drive.ids.item(copying.item.number),
                "status": "completed",
            }
            return web.json_response(body, status=200, headers=headers)

        return await answered(world, ids, make)
