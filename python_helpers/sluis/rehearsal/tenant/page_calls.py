"""Site pages: what the library ``Site Pages`` holds, as pages.

Sources: ``basesitepage-list.md`` (sorted by name), ``sitepage-list.md``, ``sitepage-get.md``.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from sluis.rehearsal.tenant.api_error import ApiError
from sluis.rehearsal.tenant.call import Answer, Call
from sluis.rehearsal.tenant.directory import Site
from sluis.rehearsal.tenant.drive import Drive
from sluis.rehearsal.tenant.identifiers import dashed, etag
from sluis.rehearsal.tenant.item_json import identity_set
from sluis.rehearsal.tenant.items import Item
from sluis.rehearsal.tenant.paging import collection, one_page, select
from sluis.rehearsal.tenant.stamps import stamp
from sluis.rehearsal.tenant.world import World

#: the template of the library that pages are kept in
PAGES_TEMPLATE = "webPageLibrary"
#: a part of an address that says which kind of page is meant
CAST = "microsoft.graph.sitePage"


def list_pages(world: World, call: Call, site: Site) -> Answer:
    """``GET sites/{id}/pages``, with or without the cast to ``microsoft.graph.sitePage``."""
    pages = _pages(site)
    page, link = one_page(call, pages, world.settings.page_size, world.settings.largest_page)
    value = [select(call, _json(world, site, *one)) for one in page]
    return Answer(200, collection(call, f"sites('{site.id}')/pages", value, link))


def one_page_of(world: World, call: Call, site: Site, name: str) -> Answer:
    """``GET sites/{id}/pages/{id}``; ApiError 404."""
    for drive, item in _pages(site):
        if _id(drive, item) == name.lower():
            return Answer(200, select(call, _json(world, site, drive, item)))
    raise ApiError(404, "itemNotFound", "The page could not be found.")


def _pages(site: Site) -> list[tuple[Drive, Item]]:
    found = [
        (drive, item)
        for drive in site.drives
        if drive.template == PAGES_TEMPLATE
        for item in drive.live()
        if item.kind == "file" and item.name.lower().endswith(".aspx")
    ]
    return sorted(found, key=lambda pair: pair[1].name.lower())


def _id(drive: Drive, item: Item) -> str:
    return dashed(drive.ids.unique(item.number)).lower()


def _json(world: World, site: Site, drive: Drive, item: Item) -> dict[str, Any]:
    tag = etag(drive.ids.unique(item.number), item.changes)
    fields = item.extras.fields if item.extras else {}
    return {
        "@odata.type": "#microsoft.graph.sitePage",
        "@odata.etag": tag,
        "createdDateTime": stamp(item.created),
        "eTag": tag,
        "id": _id(drive, item),
        "lastModifiedDateTime": stamp(item.modified),
        "name": item.name,
        "webUrl": quote(f"{drive.url}/{item.path()}", safe="/:"),
        "title": fields.get("Title", item.name),
        "pageLayout": "home" if item.name == "Home.aspx" else "article",
        "promotionKind": "page",
        "showComments": False,
        "showRecommendedPages": False,
        "createdBy": identity_set(world, item.author),
        "lastModifiedBy": identity_set(world, item.editor),
        "parentReference": {"siteId": site.collection},
        "publishingState": {"level": "published", "versionId": f"{item.content_changes}.0"},
    }
