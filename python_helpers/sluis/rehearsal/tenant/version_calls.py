"""Calls on versions: neither hash nor download URL (msgraph-sdk-dotnet#1321)."""

from __future__ import annotations

from typing import Any

from sluis.rehearsal.tenant.api_error import ApiError
from sluis.rehearsal.tenant.call import Answer, Call
from sluis.rehearsal.tenant.drive import Drive
from sluis.rehearsal.tenant.item_json import identity_set
from sluis.rehearsal.tenant.items import Item, Version
from sluis.rehearsal.tenant.paging import collection, one_page, select
from sluis.rehearsal.tenant.stamps import stamp
from sluis.rehearsal.tenant.world import World


def list_versions(world: World, call: Call, drive: Drive, item: Item) -> Answer:
    """``GET versions``: the current one first; ApiError 400 for what is no file."""
    entries = [_json(world, version) for version in _all(drive, item)]
    page, link = one_page(call, entries, world.settings.page_size, world.settings.largest_page)
    value = [select(call, entry) for entry in page]
    return Answer(200, collection(call, "Collection(driveItemVersion)", value, link))


def one_version(world: World, drive: Drive, item: Item, label: str) -> Answer:
    """``GET versions/{id}``; ApiError 404."""
    return Answer(200, _json(world, _find(drive, item, label)))


def version_content(world: World, drive: Drive, item: Item, label: str, caller: str) -> Answer:
    """``GET versions/{id}/content``; refused for the current one (onedrive-api-docs#1112)."""
    version = _find(drive, item, label)
    if version is _all(drive, item)[0] or version.label == _current(item):
        raise ApiError(
            400,
            "invalidRequest",
            "You cannot get the content of the current version.",
            ("getCurrentVersionContent",),
        )
    return Answer(302, None, {"Location": world.download_url(drive, item, caller, label)})


def restore_version(world: World, drive: Drive, item: Item, label: str) -> Answer:
    """``POST versions/{id}/restoreVersion``: the old content becomes a new version."""
    version = _find(drive, item, label)
    drive.replace(item, version.size, version.content, world.clock.now(), 0)
    return Answer(204)


def delete_version(world: World, drive: Drive, item: Item, label: str) -> Answer:
    """``DELETE versions/{id}``: 204; ApiError 400 for the current one (onedrive-api-docs#1682)."""
    version = _find(drive, item, label)
    if version.label == _current(item):
        raise ApiError(400, "invalidRequest", "You cannot delete the current version.")
    item.more.versions.remove(version)
    return Answer(204)


def _current(item: Item) -> str:
    return f"{item.content_changes}.0"


def _all(drive: Drive, item: Item) -> list[Version]:
    if item.kind != "file":
        raise ApiError(400, "invalidRequest", "Only files have versions.")
    earlier = item.extras.versions if item.extras else []
    now = Version(_current(item), item.size, drive.content(item), item.modified, item.editor)
    return [now, *reversed(earlier)]


def _find(drive: Drive, item: Item, label: str) -> Version:
    found = next((one for one in _all(drive, item) if one.label == label), None)
    if found is None:
        raise ApiError(404, "itemNotFound", "The version could not be found.")
    return found


def _json(world: World, version: Version) -> dict[str, Any]:
    return {
        "id": version.label,
        "lastModifiedDateTime": stamp(version.modified),
        "size": version.size,
        "lastModifiedBy": identity_set(world, version.by),
        "publication": {"level": "published", "versionId": version.label},
    }
