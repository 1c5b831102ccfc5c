"""Content: where to fetch it, and the simple PUT."""

from __future__ import annotations

from sluis.rehearsal.tenant.api_error import ApiError
from sluis.rehearsal.tenant.call import Answer, Call
from sluis.rehearsal.tenant.drive import Conflict, Drive, name_taken
from sluis.rehearsal.tenant.item_calls import (
    CONFLICT,
    answer_item,
    check_match,
    check_match_of,
    conflict,
    not_found,
)
from sluis.rehearsal.tenant.items import Content, Item
from sluis.rehearsal.tenant.name_rules import fold
from sluis.rehearsal.tenant.quick_xor import QuickXor
from sluis.rehearsal.tenant.taking import late_hash, make_room, take, take_bytes
from sluis.rehearsal.tenant.world import World

#: largest body of a simple PUT, bytes
LARGEST_PUT = 250 * 1024 * 1024
#: a body up to this size is taken at once, bytes
_SMALL = 1024 * 1024


def fetch(world: World, drive: Drive, item: Item, caller: str, *, forced: bool = False) -> Answer:
    """``GET content``: 302 to a pre-authenticated URL.

    Args:
        caller: the app that asks.
        forced: the caller wants an infected file as well (beta ``contentStream``).

    Raises:
        ApiError: 400 for a folder or package, 403 for malware, 503 for a large notebook.
    """
    if item.kind != "file":
        raise ApiError(400, "notSupported", "The item has no content stream.", ("notAFile",))
    if item.extras and item.extras.malware and not forced:
        raise malware_found(item)
    if item.extras and item.extras.unavailable:
        # large sections of notebooks never come (corso, collection.go)
        raise ApiError(503, "serviceNotAvailable", "The service is temporarily unavailable.")
    return Answer(302, None, {"Location": world.download_url(drive, item, caller)})


def too_large() -> ApiError:
    """The answer to a simple PUT of more than 250 MB."""
    return ApiError(413, "requestEntityTooLarge", "Use an upload session for a file this large.")


def malware_found(item: Item) -> ApiError:
    """The answer to whoever wants the content of an infected file (rclone v1.76)."""
    name = item.extras.malware if item.extras else ""
    return ApiError(
        403, "malwareDetected", "Malware detected", headers={"X-Virus-Infected": name or "unknown"}
    )


async def put(world: World, call: Call, drive: Drive, parent: Item, name: str) -> Answer:
    """``PUT`` of a whole file below a folder; ApiError 400, 404, 409, 413, 507."""
    name = drive.check(parent, name)
    wish = conflict(call.query.get(CONFLICT), "replace")
    there = _over(parent, name, wish)
    check_match_of(call, drive, there)
    content, size = await _take(world, call, drive, name, there.size if there else 0)
    # others did things while the body came in
    if parent.deleted:
        raise not_found()
    there, now = _over(parent, name, wish), world.clock.now()
    if there is not None:
        drive.replace(there, size, content, now, 0)
        late_hash(world, drive, there)
        return answer_item(world, call, drive, there)
    name = drive.free_name(parent, name)
    item = drive.add(parent, name, "file", size=size, now=now, content=content)
    late_hash(world, drive, item)
    return answer_item(world, call, drive, item, 201)


def _over(parent: Item, name: str, wish: Conflict) -> Item | None:
    """The file that a PUT replaces; ApiError 409 when something is in the way."""
    there = (parent.children or {}).get(fold(name))
    if there is None or wish == "rename":
        return None
    if wish == "fail" or there.kind != "file":
        raise name_taken()
    return there


async def put_over(world: World, call: Call, drive: Drive, item: Item) -> Answer:
    """``PUT`` of new content of a file that is there; ApiError 400, 404, 412, 413, 507."""
    if item.kind != "file":
        raise ApiError(400, "notSupported", "The item has no content stream.", ("notAFile",))
    check_match(call, drive, item)
    content, size = await _take(world, call, drive, item.name, item.size)
    if item.deleted:
        raise not_found()
    drive.replace(item, size, content, world.clock.now(), 0)
    late_hash(world, drive, item)
    return answer_item(world, call, drive, item)


async def _take(
    world: World, call: Call, drive: Drive, name: str, instead_of: int
) -> tuple[Content, int]:
    announced = int(call.headers.get("Content-Length") or 0)
    if announced > LARGEST_PUT:
        raise too_large()
    make_room(world, drive, announced, instead_of)
    if 0 < announced <= _SMALL or call.headers.get("Content-Length") == "0":
        return take_bytes(world, name, await call.read())
    hashing = QuickXor()
    place = world.new_upload()
    try:
        with place.open("wb") as out:
            async for chunk in call.chunks():
                out.write(chunk)
                hashing.update(chunk)
                if hashing.length > LARGEST_PUT:
                    raise too_large()
        make_room(world, drive, hashing.length, instead_of)
    except BaseException:
        place.unlink(missing_ok=True)
        raise
    return take(world, name, place, hashing)
