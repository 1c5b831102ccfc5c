"""The recycle bin of a site: beta only, metadata only, and nothing restores from it here."""

from __future__ import annotations

from typing import Any

from sluis.rehearsal.tenant.call import Answer, Call
from sluis.rehearsal.tenant.directory import Site
from sluis.rehearsal.tenant.drive import BinEntry, Drive
from sluis.rehearsal.tenant.identifiers import dashed
from sluis.rehearsal.tenant.item_json import identity_set
from sluis.rehearsal.tenant.paging import collection, one_page, select
from sluis.rehearsal.tenant.stamps import stamp
from sluis.rehearsal.tenant.world import World


def list_bin(world: World, call: Call, site: Site) -> Answer:
    """``GET sites/{id}/recycleBin/items``: what was deleted last comes first."""
    purged = world.door.weather.bin_is_purged(world.clock.now())
    entries = [(drive, entry) for drive in site.drives for entry in (() if purged else drive.bin)]
    entries.sort(key=lambda pair: pair[1].when, reverse=True)
    page, link = one_page(call, entries, world.settings.page_size, world.settings.largest_page)
    value = [select(call, _json(world, drive, entry)) for drive, entry in page]
    return Answer(200, collection(call, f"sites('{site.id}')/recycleBin/items", value, link))


def _json(world: World, drive: Drive, entry: BinEntry) -> dict[str, Any]:
    item = entry.item
    return {
        "@odata.type": "#microsoft.graph.recycleBinItem",
        "id": dashed(drive.ids.unique(item.number)).lower(),
        "name": item.name,
        "size": item.size,
        "createdDateTime": stamp(item.created),
        "lastModifiedDateTime": stamp(item.modified),
        "createdBy": identity_set(world, item.author),
        "lastModifiedBy": identity_set(world, item.editor),
        "deletedDateTime": stamp(entry.when),
        "deletedFromLocation": entry.location,
    }
