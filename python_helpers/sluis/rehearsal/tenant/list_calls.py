"""Lists of a site, their items and the values of their columns.

A document library is a list too; each of its items has column values that the drive does
not show.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from sluis.rehearsal.tenant.api_error import ApiError
from sluis.rehearsal.tenant.call import Answer, Call
from sluis.rehearsal.tenant.directory import Site, SiteList
from sluis.rehearsal.tenant.drive import Drive
from sluis.rehearsal.tenant.identifiers import etag
from sluis.rehearsal.tenant.item_json import identity_set, item_json, web_url
from sluis.rehearsal.tenant.items import Item
from sluis.rehearsal.tenant.paging import collection, nested, one_page, select, selects
from sluis.rehearsal.tenant.stamps import stamp
from sluis.rehearsal.tenant.world import World

#: columns that every library has and clients may read
_COLUMNS = (
    ("FileLeafRef", "Name", "text"),
    ("Title", "Title", "text"),
    ("Modified", "Modified", "dateTime"),
    ("Created", "Created", "dateTime"),
    ("Department", "Department", "choice"),
    ("Reviewed", "Reviewed", "boolean"),
    ("_ComplianceTag", "Retention label", "text"),
)
#: values that only the service sets
READ_ONLY = frozenset(
    {
        "id",
        "Modified",
        "Created",
        "ContentType",
        "AuthorLookupId",
        "EditorLookupId",
        "_ComplianceTag",
    }
)


def list_lists(world: World, call: Call, site: Site) -> Answer:
    """``GET sites/{id}/lists``: libraries and other lists.

    Those with the system facet only when ``$select`` names it (``list-list.md``).
    """
    everything = selects(call, "system")
    entries = [_library(world, one) for one in site.drives if everything or not one.system]
    entries += [_plain(world, site, one) for one in site.lists if everything or not one.system]
    page, link = one_page(call, entries, world.settings.page_size, world.settings.largest_page)
    value = [select(call, entry) for entry in page]
    return Answer(200, collection(call, f"sites('{site.id}')/lists", value, link))


def find_list(site: Site, name: str) -> Drive | SiteList:
    """The library or list with this id or title; ApiError 404."""
    for drive in site.drives:
        if name in (drive.list_id, drive.name, drive.url.rpartition("/")[2]):
            return drive
    for one in site.lists:
        if name in (one.id, one.name):
            return one
    raise ApiError(404, "itemNotFound", "The specified list was not found")


def one_list(world: World, site: Site, found: Drive | SiteList) -> Answer:
    """``GET lists/{id}``."""
    return Answer(
        200, _library(world, found) if isinstance(found, Drive) else _plain(world, site, found)
    )


def columns(call: Call, found: Drive | SiteList) -> Answer:
    """``GET lists/{id}/columns``."""
    known = columns_of(found)
    value = [
        {
            "id": name,
            "name": name,
            "displayName": title,
            "readOnly": name in READ_ONLY,
            "hidden": False,
            kind: {},
        }
        for name, title, kind in known
    ]
    return Answer(200, collection(call, "columns", value, None))


def columns_of(found: Drive | SiteList) -> tuple[tuple[str, str, str], ...]:
    """Name, title and type of each column."""
    if isinstance(found, Drive):
        return _COLUMNS
    return (("Title", "Title", "text"), *((name, name, kind) for name, kind in found.columns))


def list_items(
    world: World, call: Call, site: Site, found: Drive | SiteList, *, hidden: bool
) -> Answer:
    """``GET lists/{id}/items``: with ``$expand=fields`` their values as well."""
    wants, drive_items = call.expands("fields"), call.expands("driveItem")
    entries: list[dict[str, Any]]
    limits = world.settings
    if isinstance(found, SiteList):
        page, link = one_page(call, found.items, limits.page_size, limits.largest_page)
        entries = [_plain_item(world, found, one, wants) for one in page]
        if drive_items:
            raise ApiError(400, "invalidRequest", "Only items of a library have a driveItem.")
    else:
        items = [
            item
            for item in found.live()
            if item.parent is not None and not (hidden and item.extras and item.extras.retention)
        ]
        shown, link = one_page(call, items, limits.page_size, limits.largest_page)
        entries = [list_item(world, found, item, fields=wants) for item in shown]
        if drive_items:
            for entry, item in zip(entries, shown, strict=True):
                entry["driveItem"] = nested(call, "driveItem", item_json(world, found, item))
    for entry in entries if wants else ():
        entry["fields"] = nested(call, "fields", entry["fields"])
    value = [select(call, entry) for entry in entries]
    return Answer(200, collection(call, f"sites('{site.id}')/lists/items", value, link))


def one_list_item(
    world: World, call: Call, found: Drive | SiteList, name: str
) -> tuple[dict[str, Any], Item | None]:
    """``GET lists/{id}/items/{id}``; ApiError 404."""
    if isinstance(found, SiteList):
        for one in found.items:
            if one["id"] == name:
                return _plain_item(world, found, one, fields=True), None
    elif name.isdigit() and int(name) < len(found.items) and not found.items[int(name)].deleted:
        item = found.items[int(name)]
        return list_item(world, found, item, fields=True), item
    raise ApiError(404, "itemNotFound", "Item not found")


def list_item(world: World, drive: Drive, item: Item, *, fields: bool) -> dict[str, Any]:
    """A file or folder as an item of its library."""
    made = {
        "createdDateTime": stamp(item.created),
        "eTag": etag(drive.ids.unique(item.number), item.changes),
        "id": str(item.number),
        "lastModifiedDateTime": stamp(item.modified),
        "webUrl": web_url(drive, item),
        "createdBy": identity_set(world, item.author),
        "lastModifiedBy": identity_set(world, item.editor),
        "parentReference": {"id": drive.list_id, "siteId": drive.site},
        "contentType": {
            "id": "0x0101" if item.kind == "file" else "0x0120",
            "name": "Document" if item.kind == "file" else "Folder",
        },
    }
    if fields:
        made["fields"] = field_values(drive, item)
    return made


def field_values(drive: Drive, item: Item) -> dict[str, Any]:
    """The values of an item's columns; what a user set comes with what the service knows."""
    made: dict[str, Any] = {
        "@odata.etag": etag(drive.ids.unique(item.number), item.changes),
        "id": str(item.number),
        "FileLeafRef": item.name,
        "ContentType": "Document" if item.kind == "file" else "Folder",
        "Created": stamp(item.created),
        "Modified": stamp(item.modified),
        "AuthorLookupId": str(item.author + 10),
        "EditorLookupId": str(item.editor + 10),
        "_UIVersionString": f"{item.content_changes}.0",
    }
    if item.extras:
        made |= item.extras.fields
        if item.extras.retention:
            made["_ComplianceTag"] = item.extras.retention
    return made


async def update_fields(world: World, call: Call, drive: Drive, item: Item) -> Answer:
    """``PATCH listItem/fields``; ApiError 400 for a column that is not there or read-only."""
    body = await call.json()
    known = {name for name, _, _ in _COLUMNS}
    for name in body:
        if name not in known:
            raise ApiError(400, "invalidRequest", f"Field '{name}' is not recognized")
        if name in READ_ONLY or name == "FileLeafRef":
            raise ApiError(400, "invalidRequest", f"Field '{name}' is read-only")
    item.more.fields.update(body)
    drive.note(item, world.clock.now())
    return Answer(200, field_values(drive, item))


def _library(world: World, drive: Drive) -> dict[str, Any]:
    return {
        **({"system": {}} if drive.system else {}),
        "createdDateTime": stamp(drive.created),
        "description": "",
        "eTag": f'"{drive.list_id},1"',
        "id": drive.list_id,
        "lastModifiedDateTime": stamp(drive.log[-1].when if drive.log else drive.created),
        "name": drive.url.rpartition("/")[2],
        "webUrl": quote(drive.url, safe="/:"),
        "displayName": drive.name,
        "createdBy": identity_set(world, drive.owner or 0),
        "lastModifiedBy": identity_set(world, drive.owner or 0),
        "parentReference": {"siteId": drive.site},
        "list": {
            "contentTypesEnabled": False,
            "hidden": drive.system,
            "template": drive.template,
        },
    }


def _plain(world: World, site: Site, one: SiteList) -> dict[str, Any]:
    return {
        **({"system": {}} if one.system else {}),
        "createdDateTime": stamp(one.created),
        "description": "",
        "id": one.id,
        "lastModifiedDateTime": stamp(one.changed or one.created),
        "name": one.name,
        "webUrl": quote(f"{site.url}/Lists/{one.name}", safe="/:"),
        "displayName": one.name,
        "createdBy": identity_set(world, 0),
        "lastModifiedBy": identity_set(world, 0),
        "parentReference": {"siteId": site.id},
        "list": {
            "contentTypesEnabled": False,
            "hidden": one.hidden,
            "template": one.template,
        },
    }


def _plain_item(world: World, one: SiteList, item: dict[str, Any], fields: bool) -> dict[str, Any]:
    made = {
        "id": item["id"],
        "createdDateTime": stamp(one.created),
        "lastModifiedDateTime": stamp(one.created),
        "createdBy": identity_set(world, 0),
        "lastModifiedBy": identity_set(world, 0),
        "contentType": {"id": "0x01", "name": "Item"},
    }
    return {**made, "fields": item} if fields else made
