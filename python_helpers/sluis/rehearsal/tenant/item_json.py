"""How Graph writes a driveItem.

Delta leaves out what Business leaves out there: ``cTag``, ``parentReference.path``, and on
deletions the name too (driveitem-delta, microsoft-graph-docs#15378).
"""

from __future__ import annotations

import base64
import hashlib
import mimetypes
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from sluis.rehearsal.tenant.drive import Drive
from sluis.rehearsal.tenant.identifiers import ctag, etag
from sluis.rehearsal.tenant.items import Item
from sluis.rehearsal.tenant.office import TYPES
from sluis.rehearsal.tenant.stamps import stamp
from sluis.rehearsal.tenant.world import World

DOWNLOAD_URL = "@microsoft.graph.downloadUrl"
_SYSTEM = {"displayName": "System Account"}
#: for ``str.translate``, which is far quicker than ``quote``
_ENCODED = {code: quote(chr(code), safe="") for code in range(128)}


def identity_set(world: World, user: int) -> dict[str, Any]:
    """The identity set of a user by number; 0 is the system."""
    if 0 < user <= len(world.users):
        return world.users[user - 1].identity_set
    return {"user": _SYSTEM}


def drive_type(drive: Drive) -> str:
    """``business`` for a OneDrive, ``documentLibrary`` for a library."""
    return "documentLibrary" if drive.owner is None else "business"


def web_url(drive: Drive, item: Item) -> str:
    """The item's web address, encoded."""
    if item.parent is None:
        return quote(drive.url, safe="/:")
    return f"{web_url(drive, item.parent)}/{encoded(item.name)}"


def encoded(name: str) -> str:
    """A name as it stands in an address."""
    return name.translate(_ENCODED) if name.isascii() else quote(name, safe="")


def media_type(name: str) -> str:
    """The media type that goes with a name."""
    return _media_type_of(name.rpartition(".")[2].lower())


@lru_cache(maxsize=1000)
def _media_type_of(suffix: str) -> str:
    return TYPES.get(suffix) or mimetypes.guess_type("x." + suffix)[0] or "application/octet-stream"


def deleted_json(drive: Drive, item: Item) -> dict[str, Any]:
    """A deletion as delta tells it: the id, where it was, and no name."""
    reference = {"driveType": drive_type(drive), "driveId": drive.id}
    if item.parent is not None:
        reference["id"] = drive.ids.item(item.parent.number)
    made: dict[str, Any] = {
        "id": drive.ids.item(item.number),
        "parentReference": reference,
        "deleted": {"state": "deleted"},
    }
    if item.kind in ("file", "folder"):
        made[item.kind] = {}
    return made


def item_json(
    world: World, drive: Drive, item: Item, *, in_delta: bool = False, url: str = ""
) -> dict[str, Any]:
    """A live item.

    Args:
        in_delta: leave out what delta leaves out.
        url: its pre-authenticated URL, when it is to be given.
    """
    unique = drive.ids.unique(item.number)
    made: dict[str, Any] = {DOWNLOAD_URL: url} if url else {}
    made |= {
        "createdDateTime": stamp(item.created),
        "eTag": etag(unique, item.changes),
        "id": drive.ids.item(item.number),
        "lastModifiedDateTime": stamp(item.modified),
        "name": item.name,
        "webUrl": web_url(drive, item),
    }
    if item.kind == "file" and not in_delta:
        made["cTag"] = ctag(unique, item.content_changes)
    made["size"] = item.size
    made["createdBy"] = identity_set(world, item.author)
    made["lastModifiedBy"] = identity_set(world, item.editor)
    made["parentReference"] = _parent(drive, item, in_delta=in_delta)
    made["fileSystemInfo"] = {
        "createdDateTime": stamp(item.file_created),
        "lastModifiedDateTime": stamp(item.file_modified),
    }
    if item.kind == "file":
        made["file"] = {"mimeType": media_type(item.name)}
        if not (item.extras and item.extras.no_hash):
            made["file"]["hashes"] = {"quickXorHash": world.hash_of(drive, item)}
            _make_stale(world, made)
    elif item.kind == "package":
        made["package"] = {"type": "oneNote"}
    elif item.kind == "shortcut":
        made["remoteItem"] = _remote(world, item)
    else:
        made["folder"] = {"childCount": len(item.children or ())}
    if item.parent is None:
        made["root"] = {}
    _add_extras(made, item)
    return made


def _parent(drive: Drive, item: Item, *, in_delta: bool) -> dict[str, Any]:
    reference: dict[str, Any] = {"driveType": drive_type(drive), "driveId": drive.id}
    if item.parent is None:
        return reference
    reference["id"] = drive.ids.item(item.parent.number)
    reference["name"] = item.parent.name
    if not in_delta:
        above = item.parent.path()
        place = f"/drives/{drive.id}/root:"
        reference["path"] = f"{place}/{quote(above)}" if above else place
    reference["siteId"] = drive.site_guid
    return reference


def _remote(world: World, item: Item) -> dict[str, Any]:
    """What a shortcut shows of the folder that it leads to, which lives in another drive."""
    drive_id, number = item.more.target or ("", 0)
    drive = world.drives[drive_id]
    target = drive.items[number]
    return {
        "id": drive.ids.item(number),
        "name": target.name,
        "size": target.size,
        "webUrl": web_url(drive, target),
        "folder": {"childCount": len(target.children or ())},
        "parentReference": {
            "driveId": drive.id,
            "driveType": drive_type(drive),
            "id": drive.ids.item(target.parent.number if target.parent else 0),
            "siteId": drive.site_guid,
        },
    }


def _make_stale(world: World, made: dict[str, Any]) -> None:
    """Listed size and hash can be wrong for unmodified files (rclone#2036, abraunegg#2471)."""
    stale = world.door.weather.stale(made["id"], made["eTag"], made["name"])
    if stale is None:
        return
    made["size"] += stale.size
    if stale.wrong_hash:
        wrong = hashlib.blake2b(made["eTag"].encode(), digest_size=20).digest()
        made["file"]["hashes"]["quickXorHash"] = base64.b64encode(wrong).decode("ascii")


def _add_extras(made: dict[str, Any], item: Item) -> None:
    extras = item.extras
    if extras is None:
        return
    if extras.description:
        made["description"] = extras.description
    if extras.malware:
        made["malware"] = {"description": extras.malware}
    if extras.permissions:
        made["shared"] = {"scope": _scope(extras.permissions)}
    elif extras.shared_at >= 0:
        # what was shared once keeps the facet (microsoft-graph-docs#4499)
        made["shared"] = {}


def _scope(permissions: list[dict[str, Any]]) -> str:
    scopes = {permission.get("link", {}).get("scope", "users") for permission in permissions}
    return next(scope for scope in ("anonymous", "organization", "users") if scope in scopes)
