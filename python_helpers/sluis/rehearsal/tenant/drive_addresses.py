"""Which room answers an address below a drive."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from sluis.rehearsal.tenant import (
    content_calls,
    copying,
    item_calls,
    list_calls,
    permission_calls,
    search_calls,
    site_calls,
    upload_calls,
    version_calls,
)
from sluis.rehearsal.tenant.api_error import ApiError, not_here
from sluis.rehearsal.tenant.call import Answer, ByPath, Segment
from sluis.rehearsal.tenant.delta_calls import delta
from sluis.rehearsal.tenant.drive import Drive
from sluis.rehearsal.tenant.hiding import is_hidden
from sluis.rehearsal.tenant.items import Item
from sluis.rehearsal.tenant.rights import demand
from sluis.rehearsal.tenant.visit import Visit

#: calls that may make the file that they name by path
_MAKES_FILES = frozenset({("PUT", "content"), ("POST", "createUploadSession")})

#: reads that answer 304 to whoever has it already (``driveitem-get.md``, ``-list-children.md``)
_CACHED: tuple[list[str], ...] = ([], ["children"], ["content"])

Answering = Callable[[Visit, Drive, Item, list[str]], Awaitable[Answer]]


@dataclass(frozen=True)
class Route:
    """What a call needs, what it costs, and who answers.

    Args:
        need: one of ``rights.NEEDS``.
        kind: one of ``throttle.PRICES``.
        answer: makes the answer.
        steps: how many segments may follow the first one of the tail.
    """

    need: str
    kind: str
    answer: Answering
    steps: int = 0


async def answer_drive(visit: Visit, drive: Drive, rest: list[Segment]) -> Answer:
    """Answer a call on a drive or on anything in it.

    Args:
        rest: the segments after the drive.

    Raises:
        ApiError: what the answer is when it is an error.
    """
    world, call = visit.world, visit.call
    if not rest and call.method == "GET":
        visit.enter("files.read", "get", drive.site)
        return site_calls.one_drive(world, call, drive)
    if rest == ["list"] and call.method == "GET":
        visit.enter("lists.read", "get", drive.site)
        return list_calls.one_list(world, world.site(drive.site), drive)
    if rest[:1] == ["root"]:
        name, rest = "root", rest[1:]
    elif rest[:1] == ["items"] and len(rest) > 1:
        name, rest = str(rest[1]), rest[2:]
    else:
        raise visit.unknown()
    paths = [one.path for one in rest if isinstance(one, ByPath)]
    tail = [one for one in rest if isinstance(one, str)]
    route = _ROUTES.get((call.method, tail[0] if tail else ""))
    if route is None or len(tail) - 1 > route.steps:
        raise visit.unknown()
    kind = route.kind
    if kind == "delta" and (call.query.get("token") or call.query.get("$deltatoken")):
        kind = "delta-token"
    visit.enter(route.need, kind, drive.site)
    if call.method in ("POST", "PATCH"):
        # from here on nobody else comes in between: what is looked up stays as it is
        await call.read()
    start = drive.find(name)
    if start is None:
        raise item_calls.not_found()
    path = "/".join(paths)
    if path and (call.method, *tail) in _MAKES_FILES:
        return await _new_file(visit, drive, start, path, tail)
    item = drive.at(path, start)
    if item is None:
        raise item_calls.not_found()
    if is_hidden(item) and visit.hidden(drive.site):
        raise item_calls.not_found()
    if call.method != "GET":
        _check_lock(visit, drive, item)
    if call.method == "GET" and tail in _CACHED and item_calls.is_known(call, drive, item):
        return Answer(304)
    return await route.answer(visit, drive, item, tail[1:])


async def _new_file(visit: Visit, drive: Drive, start: Item, path: str, tail: list[str]) -> Answer:
    """A call on the file at a path, whether it is there or not."""
    there = drive.at(path, start)
    if there is not None:
        _check_lock(visit, drive, there)
    if tail == ["content"]:
        now = visit.world.clock.now()
        parent, name = item_calls.place_of(drive, start, path, make_at=now)
        return await content_calls.put(visit.world, visit.call, drive, parent, name)
    place = item_calls.place_of(drive, start, path)
    return await upload_calls.open_session(
        visit.world, visit.call, drive, place, visit.caller.client_id
    )


def _check_lock(visit: Visit, drive: Drive, item: Item) -> None:
    """Refuse a change of a file that somebody has open; ApiError 423."""
    name = drive.ids.item(item.number)
    if item.kind == "file" and visit.world.door.weather.is_locked(name):
        raise ApiError(
            423,
            "notAllowed",
            "The resource you are attempting to access is locked",
            ("resourceLocked",),
        )


async def _get(visit: Visit, drive: Drive, item: Item, rest: list[str]) -> Answer:
    return item_calls.answer_item(visit.world, visit.call, drive, item)


async def _children(visit: Visit, drive: Drive, item: Item, rest: list[str]) -> Answer:
    hidden = visit.hidden(drive.site)
    return item_calls.children(visit.world, visit.call, drive, item, hidden=hidden)


async def _delta(visit: Visit, drive: Drive, item: Item, rest: list[str]) -> Answer:
    if item is not drive.root:
        raise ApiError(400, "notSupported", "delta is only supported on the root of a drive.")
    return delta(visit, drive)


async def _fetch(visit: Visit, drive: Drive, item: Item, rest: list[str]) -> Answer:
    if visit.call.query.get("format"):
        raise not_here("content in another format")
    return content_calls.fetch(visit.world, drive, item, visit.caller.client_id)


async def _stream(visit: Visit, drive: Drive, item: Item, rest: list[str]) -> Answer:
    if visit.call.version != "beta":
        raise visit.unknown()
    forced = "forceinfecteddownload" in visit.prefers()
    return content_calls.fetch(visit.world, drive, item, visit.caller.client_id, forced=forced)


async def _put(visit: Visit, drive: Drive, item: Item, rest: list[str]) -> Answer:
    return await content_calls.put_over(visit.world, visit.call, drive, item)


async def _session(visit: Visit, drive: Drive, item: Item, rest: list[str]) -> Answer:
    return await upload_calls.open_session(
        visit.world, visit.call, drive, item, visit.caller.client_id
    )


async def _folder(visit: Visit, drive: Drive, item: Item, rest: list[str]) -> Answer:
    return await item_calls.make_folder(visit.world, visit.call, drive, item)


async def _update(visit: Visit, drive: Drive, item: Item, rest: list[str]) -> Answer:
    return await item_calls.update(visit.world, visit.call, drive, item)


async def _delete(visit: Visit, drive: Drive, item: Item, rest: list[str]) -> Answer:
    return item_calls.delete(visit.world, visit.call, drive, item)


async def _delete_for_good(visit: Visit, drive: Drive, item: Item, rest: list[str]) -> Answer:
    item_calls.check_match(visit.call, drive, item)
    drive.delete(item, visit.world.clock.now(), for_good=True)
    return Answer(204)


async def _copy(visit: Visit, drive: Drive, item: Item, rest: list[str]) -> Answer:
    target, parent = await copying.target_of(visit.world, visit.call, drive, item)
    demand(visit.caller, visit.world, "files.write", target.site)
    return await copying.copy(visit.world, visit.call, drive, item, target, parent)


async def _delete_version(visit: Visit, drive: Drive, item: Item, rest: list[str]) -> Answer:
    if len(rest) != 1:
        raise visit.unknown()
    return version_calls.delete_version(visit.world, drive, item, rest[0])


async def _versions(visit: Visit, drive: Drive, item: Item, rest: list[str]) -> Answer:
    world, call = visit.world, visit.call
    if not rest:
        return version_calls.list_versions(world, call, drive, item)
    if len(rest) == 1:
        return version_calls.one_version(world, drive, item, rest[0])
    if rest[1] == "content":
        caller = visit.caller.client_id
        return version_calls.version_content(world, drive, item, rest[0], caller)
    raise visit.unknown()


async def _restore(visit: Visit, drive: Drive, item: Item, rest: list[str]) -> Answer:
    if len(rest) != 2 or rest[1] != "restoreVersion":
        raise visit.unknown()
    return version_calls.restore_version(visit.world, drive, item, rest[0])


async def _permissions(visit: Visit, drive: Drive, item: Item, rest: list[str]) -> Answer:
    if visit.world.door.weather.hides_permissions(drive.ids.item(item.number)):
        raise ApiError(403, "accessDenied", "Access denied")
    if rest:
        return permission_calls.one_permission(drive, item, rest[0])
    return permission_calls.list_permissions(visit.call, drive, item)


async def _invite(visit: Visit, drive: Drive, item: Item, rest: list[str]) -> Answer:
    return await permission_calls.invite(visit.world, visit.call, drive, item)


async def _link(visit: Visit, drive: Drive, item: Item, rest: list[str]) -> Answer:
    return await permission_calls.create_link(visit.world, visit.call, drive, item)


async def _change_permission(visit: Visit, drive: Drive, item: Item, rest: list[str]) -> Answer:
    if len(rest) != 1:
        raise visit.unknown()
    if visit.call.method == "DELETE":
        return permission_calls.delete_permission(visit.world, drive, item, rest[0])
    return await permission_calls.update_permission(visit.world, visit.call, drive, item, rest[0])


async def _list_item(visit: Visit, drive: Drive, item: Item, rest: list[str]) -> Answer:
    if rest == ["fields"]:
        return Answer(200, list_calls.field_values(drive, item))
    if rest:
        raise visit.unknown()
    fields = visit.call.expands("fields")
    return Answer(200, list_calls.list_item(visit.world, drive, item, fields=fields))


async def _change_fields(visit: Visit, drive: Drive, item: Item, rest: list[str]) -> Answer:
    if rest != ["fields"]:
        raise visit.unknown()
    return await list_calls.update_fields(visit.world, visit.call, drive, item)


async def _label(visit: Visit, drive: Drive, item: Item, rest: list[str]) -> Answer:
    name = item.extras.retention if item.extras else ""
    return Answer(200, {"name": name} if name else {})


async def _search(visit: Visit, drive: Drive, item: Item, rest: list[str]) -> Answer:
    hidden = visit.hidden(drive.site)
    return search_calls.search(visit.world, visit.call, drive, item, hidden=hidden)


_ROUTES: dict[tuple[str, str], Route] = {
    ("GET", ""): Route("files.read", "get", _get),
    ("GET", "children"): Route("files.read", "list", _children),
    ("GET", "delta"): Route("files.read", "delta", _delta),
    ("GET", "search"): Route("files.read", "list", _search),
    ("GET", "content"): Route("files.read", "download", _fetch),
    ("GET", "contentStream"): Route("files.read", "download", _stream),
    ("PUT", "content"): Route("files.write", "upload", _put),
    ("POST", "createUploadSession"): Route("files.write", "upload", _session),
    ("POST", "children"): Route("files.write", "create", _folder),
    ("PATCH", ""): Route("files.write", "update", _update),
    ("DELETE", ""): Route("files.write", "delete", _delete),
    ("POST", "permanentDelete"): Route("files.write", "delete", _delete_for_good),
    ("POST", "copy"): Route("files.write", "create", _copy),
    ("GET", "versions"): Route("files.read", "list", _versions, 2),
    ("DELETE", "versions"): Route("files.write", "delete", _delete_version, 1),
    ("POST", "versions"): Route("files.write", "update", _restore, 2),
    ("GET", "permissions"): Route("permissions.read", "permissions", _permissions, 1),
    ("POST", "permissions"): Route("permissions.write", "sharing", _invite),
    ("POST", "invite"): Route("permissions.write", "sharing", _invite),
    ("POST", "createLink"): Route("permissions.write", "sharing", _link),
    ("PATCH", "permissions"): Route("permissions.write", "permissions", _change_permission, 1),
    ("DELETE", "permissions"): Route("permissions.write", "permissions", _change_permission, 1),
    ("GET", "listItem"): Route("files.read", "get", _list_item, 1),
    ("PATCH", "listItem"): Route("files.write", "update", _change_fields, 1),
    ("GET", "retentionLabel"): Route("files.read", "get", _label),
}
