"""Calls on an item: look, list, make a folder, rename, move, delete."""

from __future__ import annotations

from typing import Any

from sluis.rehearsal.tenant.api_error import ApiError
from sluis.rehearsal.tenant.call import Answer, Call
from sluis.rehearsal.tenant.drive import Conflict, Drive, name_taken
from sluis.rehearsal.tenant.hiding import is_hidden
from sluis.rehearsal.tenant.identifiers import ctag, etag
from sluis.rehearsal.tenant.item_json import item_json
from sluis.rehearsal.tenant.items import Item
from sluis.rehearsal.tenant.name_rules import check_name, fold
from sluis.rehearsal.tenant.paging import collection, one_page, select
from sluis.rehearsal.tenant.permission_calls import permissions_of
from sluis.rehearsal.tenant.stamps import read_stamp
from sluis.rehearsal.tenant.world import World

CONFLICT = "@microsoft.graph.conflictBehavior"


def not_found() -> ApiError:
    """The answer for an item that is not there, or not to be seen."""
    return ApiError(404, "itemNotFound", "The resource could not be found.")


def answer_item(world: World, call: Call, drive: Drive, item: Item, status: int = 200) -> Answer:
    """One item as the answer to a call."""
    context = f"{call.base}/{call.version}/$metadata#drives('{drive.id}')/items/$entity"
    return Answer(status, {"@odata.context": context, **shown(world, call, drive, item)})


def shown(world: World, call: Call, drive: Drive, item: Item) -> dict[str, Any]:
    """An item as ``$select`` and ``$expand`` of the call want it."""
    url = ""
    if item.kind == "file" and not (item.extras and item.extras.malware):
        url = world.download_url(drive, item)
    entry = select(call, item_json(world, drive, item, url=url))
    hides = world.door.weather.hides_permissions
    if call.expands("permissions") and not hides(drive.ids.item(item.number)):
        return {**entry, "permissions": permissions_of(drive, item)}
    return entry


def children(world: World, call: Call, drive: Drive, item: Item, *, hidden: bool) -> Answer:
    """List a folder by name, page by page."""
    entries = [child for child in drive.by_name(item) if not (hidden and is_hidden(child))]
    limits = world.settings
    page, link = one_page(call, entries, limits.page_size, limits.largest_page)
    value = [shown(world, call, drive, child) for child in page]
    context = f"drives('{drive.id}')/items('{drive.ids.item(item.number)}')/children"
    return Answer(200, collection(call, context, value, link))


async def make_folder(world: World, call: Call, drive: Drive, parent: Item) -> Answer:
    """``POST children`` with a folder facet; ApiError 400, 409."""
    body = await call.json()
    if "folder" not in body:
        raise ApiError(400, "invalidRequest", "Only folders can be made here.")
    name = drive.check(parent, body.get("name"))
    wish = conflict(body.get(CONFLICT), "fail")
    taken = (parent.children or {}).get(fold(name))
    if taken is not None:
        if wish == "replace" and taken.kind == "folder":
            return answer_item(world, call, drive, taken, 201)
        if wish != "rename":
            raise name_taken()
        name = drive.free_name(parent, name)
    made = drive.add(parent, name, "folder", now=world.clock.now())
    set_times(made, body)
    return answer_item(world, call, drive, made, 201)


async def update(world: World, call: Call, drive: Drive, item: Item) -> Answer:
    """``PATCH``: name, parentReference, fileSystemInfo, description.

    Raises:
        ApiError: 400, 404, 409, 412.
    """
    check_match(call, drive, item)
    body = await call.json()
    now = world.clock.now()
    parent, name = item.parent, item.name
    reference = body.get("parentReference")
    if isinstance(reference, dict):
        parent = _new_parent(drive, reference)
    if "name" in body or parent is not item.parent:
        if parent is None:
            raise ApiError(400, "invalidRequest", "The root cannot be moved or renamed.")
        name = drive.check(parent, body.get("name", item.name))
        taken = (parent.children or {}).get(fold(name))
        if taken is not None and taken is not item:
            if conflict(body.get(CONFLICT) or call.query.get(CONFLICT), "fail") != "rename":
                raise name_taken()
            name = drive.free_name(parent, name)
        drive.move(item, parent, name, now, 0)
    if "description" in body:
        item.more.description = str(body["description"] or "")
    if item.kind == "file" and isinstance(body.get("fileSystemInfo"), dict):
        # a change of dates after the upload makes a version (rclone's page on OneDrive)
        drive.keep_version(item)
    set_times(item, body)
    drive.note(item, now)
    return answer_item(world, call, drive, item)


def delete(world: World, call: Call, drive: Drive, item: Item) -> Answer:
    """``DELETE``: to the recycle bin; ApiError 412 when ``if-match`` does not fit."""
    check_match(call, drive, item)
    drive.delete(item, world.clock.now())
    return Answer(204)


def place_of(
    drive: Drive, start: Item, path: str, *, make_at: float | None = None
) -> tuple[Item, str]:
    """The folder and the name that a path to a new file means.

    Args:
        make_at: make the folders that are not there, at this time (onedrive-api-docs#83).

    Raises:
        ApiError: 404 when the folder is not there; 400 for a name that is not taken.
    """
    above, _, name = path.rpartition("/")
    parent = drive.at(above, start)
    if parent is None and make_at is not None:
        check_name(name, in_root=False)
        parent = start
        for folder in filter(None, above.split("/")):
            below = (parent.children or {}).get(fold(folder))
            if below is None:
                below = drive.add(parent, drive.check(parent, folder), "folder", now=make_at)
            parent = below
    if parent is None:
        raise not_found()
    return parent, name


def conflict(given: object, usual: Conflict) -> Conflict:
    """The conflict behaviour that is asked for; ApiError 400 for an unknown one."""
    if given in (None, ""):
        return usual
    wish = str(given).lower()
    if wish not in ("fail", "replace", "rename"):
        raise ApiError(400, "invalidRequest", f"Unknown conflict behavior: {given}")
    return wish  # type: ignore[return-value]


def check_match(call: Call, drive: Drive, item: Item) -> None:
    """Refuse when the client's ``if-match`` is not the item's tag; ApiError 412."""
    wanted = call.headers.get("If-Match")
    if not wanted or wanted == "*":
        return
    shown_tags = item_tags(drive, item)
    if wanted not in shown_tags:
        raise ApiError(
            412,
            "resourceModified",
            "The resource has changed since the caller last read it; usually an eTag mismatch",
        )


def check_match_of(call: Call, drive: Drive, item: Item | None) -> None:
    """As ``check_match``, for an item that may not be there: then nothing matches.

    ``if-none-match`` is looked at too: a client that wants to write only what is not there, or
    is not what it knows (``driveitem-createuploadsession.md``).
    """
    if item is not None:
        check_match(call, drive, item)
        if is_known(call, drive, item):
            raise ApiError(412, "resourceModified", "The resource is the one that was named.")
    elif call.headers.get("If-Match"):
        raise ApiError(412, "resourceModified", "The resource does not exist.")


def is_known(call: Call, drive: Drive, item: Item) -> bool:
    """Whether the client's ``if-none-match`` names the item's tag."""
    given = call.headers.get("If-None-Match", "").strip()
    return given == "*" or any(tag in given for tag in item_tags(drive, item))


def item_tags(drive: Drive, item: Item) -> tuple[str, ...]:
    """The item's eTag and, for a file, its cTag."""
    unique = drive.ids.unique(item.number)
    return etag(unique, item.changes), ctag(unique, item.content_changes)


def _new_parent(drive: Drive, reference: dict[str, Any]) -> Item:
    if reference.get("driveId") not in (None, drive.id):
        raise ApiError(400, "invalidRequest", "Items cannot be moved between drives.")
    if "id" in reference:
        parent = drive.find(str(reference["id"]))
    else:
        _, _, path = str(reference.get("path", "")).partition("root:")
        parent = drive.at(path.strip("/"))
    if parent is None:
        raise not_found()
    return parent


def set_times(item: Item, body: dict[str, Any]) -> None:
    """Take over the dates of a ``fileSystemInfo`` in the body, if any; ApiError 400."""
    times = body.get("fileSystemInfo")
    if not isinstance(times, dict):
        return
    created = times.get("createdDateTime")
    modified = times.get("lastModifiedDateTime")
    try:
        if created is not None:
            item.file_created = item.created = read_stamp(str(created))
        if modified is not None:
            item.file_modified = item.modified = read_stamp(str(modified))
    except (ValueError, OverflowError) as error:
        raise ApiError(400, "invalidRequest", "A date in fileSystemInfo is not valid.") from error
