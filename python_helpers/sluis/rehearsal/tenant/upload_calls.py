"""``createUploadSession``, and what becomes of a session when its last byte is here."""

from __future__ import annotations

import secrets
from typing import Any

from sluis.rehearsal.tenant.api_error import ApiError
from sluis.rehearsal.tenant.call import Answer, Call
from sluis.rehearsal.tenant.drive import Drive, name_taken
from sluis.rehearsal.tenant.item_calls import CONFLICT, check_match_of, conflict
from sluis.rehearsal.tenant.items import Item
from sluis.rehearsal.tenant.name_rules import fold
from sluis.rehearsal.tenant.stamps import read_stamp, stamp
from sluis.rehearsal.tenant.taking import late_hash, make_room, take
from sluis.rehearsal.tenant.uploads import Session
from sluis.rehearsal.tenant.world import World

#: largest file, bytes
_LARGEST_FILE = 250 * 1024**3


async def open_session(
    world: World,
    call: Call,
    drive: Drive,
    place: tuple[Item, str] | Item,
    client: str,
) -> Answer:
    """Open a session.

    Args:
        place: folder and name of the file, or the file that gets new content.
        client: the app that asks.

    Raises:
        ApiError: 400, 412, 507.
    """
    body = await call.json()
    wish = body.get("item", {})
    if not isinstance(wish, dict):
        raise ApiError(400, "invalidRequest", "The item of the session is no object.")
    over = place if isinstance(place, Item) else None
    if isinstance(place, Item):
        if place.kind != "file" or place.parent is None:
            raise ApiError(400, "invalidRequest", "Upload sessions are for files.")
        parent, name = place.parent, place.name
    else:
        parent, name = place
        if wish.get("name") not in (None, "", name):
            # "The {item-path} must contain the name of the item that's specified"
            raise ApiError(400, "invalidRequest", "The item's name differs from that in the path.")
        name = drive.check(parent, name)
    check_match_of(call, drive, over or (parent.children or {}).get(fold(name)))
    behaviour = conflict(wish.get(CONFLICT) or body.get(CONFLICT), "replace")
    if behaviour != "rename":
        check_free(world, parent, name)
    size = _size(wish.get("fileSize"))
    if size is not None:
        make_room(world, drive, size, over.size if over else 0)
    session = Session(
        drive=drive,
        parent=parent,
        name=name,
        over=over,
        conflict=behaviour,
        place=world.new_upload(),
        until=world.clock.now() + world.settings.session_seconds,
        announced=size,
        deferred=body.get("deferCommit") is True,
        created=_date(wish, "createdDateTime"),
        modified=_date(wish, "lastModifiedDateTime"),
        description=str(wish.get("description") or ""),
        client=client,
    )
    ticket = secrets.token_urlsafe(32)
    world.sessions[ticket] = session
    return Answer(
        200,
        {
            "@odata.context": f"{call.base}/{call.version}/$metadata#microsoft.graph.uploadSession",
            "expirationDateTime": stamp(session.until),
            "nextExpectedRanges": ["0-"],
            "uploadUrl": f"{world.content}/upload/{ticket}",
        },
    )


def check_free(world: World, parent: Item, name: str) -> None:
    """Refuse a name that an open session holds (onedrive-api-docs#747); ApiError 409.

    Until it is completed, cancelled or expired. The text is that of microsoft-graph-docs#17631.
    """
    now = world.clock.now()
    for session in world.sessions.values():
        if session.parent is parent and fold(session.name) == fold(name) and now < session.until:
            raise ApiError(
                409,
                "nameAlreadyExists",
                "A file with the same name is currently being uploaded. Change the filename and "
                "try to save again.",
            )


def commit(world: World, session: Session) -> tuple[Item, bool]:
    """Make the file of a complete session; says whether it is new.

    Raises:
        ApiError: 404 when the folder is gone, 409 when the name is taken, 507.
    """
    drive, parent, name = session.drive, session.parent, session.name
    if parent.deleted or (session.over is not None and session.over.deleted):
        raise ApiError(404, "itemNotFound", "The folder of the upload is no longer there.")
    there = session.over or (parent.children or {}).get(fold(name))
    if there is not None and (
        session.conflict == "fail" or (session.conflict == "replace" and there.kind != "file")
    ):
        raise name_taken()
    replacing = there is not None and session.conflict == "replace"
    make_room(world, drive, session.came.length, there.size if there and replacing else 0)
    content, size = take(world, name, session.place, session.came)
    now = world.clock.now()
    if there is not None and replacing:
        item = there
        drive.replace(item, size, content, now, 0)
    else:
        if there is not None:
            name = drive.free_name(parent, name)
        item = drive.add(parent, name, "file", size=size, now=now, content=content)
    upload = f"{drive.id} {item.number} {item.changes}"
    late_hash(world, drive, item)
    kept = not world.door.weather.drops_dates(upload)
    if session.created is not None and kept:
        item.created = item.file_created = session.created
    if session.modified is not None and kept:
        item.modified = item.file_modified = session.modified
    if session.description:
        item.more.description = session.description
    return item, not replacing


def _size(given: object) -> int | None:
    if given is None:
        return None
    if not isinstance(given, int) or isinstance(given, bool) or given < 0:
        raise ApiError(400, "invalidRequest", "fileSize is not a size.")
    if given == 0:
        raise ApiError(400, "invalidRequest", "An upload session cannot be used for an empty file.")
    if given > _LARGEST_FILE:
        raise ApiError(413, "requestEntityTooLarge", "The file is larger than 250 GB.")
    return given


def _date(wish: dict[str, Any], name: str) -> float | None:
    dates = wish.get("fileSystemInfo")
    given = dates.get(name) if isinstance(dates, dict) else None
    if given is None:
        return None
    try:
        return read_stamp(str(given))
    except (ValueError, OverflowError) as error:
        raise ApiError(400, "invalidRequest", "A date in fileSystemInfo is not valid.") from error
