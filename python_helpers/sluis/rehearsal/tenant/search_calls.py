"""``search(q='…')`` in a drive: by name only, and no proof that something is not there."""

from __future__ import annotations

from sluis.rehearsal.tenant.call import Answer, Call
from sluis.rehearsal.tenant.drive import Drive
from sluis.rehearsal.tenant.hiding import is_hidden
from sluis.rehearsal.tenant.item_calls import shown
from sluis.rehearsal.tenant.items import Item
from sluis.rehearsal.tenant.paging import collection, one_page
from sluis.rehearsal.tenant.world import World


def search(world: World, call: Call, drive: Drive, below: Item, *, hidden: bool) -> Answer:
    """Items below a folder whose name holds the words."""
    wanted = call.query.get("q", "").lower()
    found = [
        item
        for item in drive.live()
        if item.parent is not None
        and wanted in item.name.lower()
        and (below is drive.root or below in item.ancestors())
        and not (hidden and is_hidden(item))
    ]
    page, link = one_page(call, found, world.settings.page_size, world.settings.largest_page)
    value = [shown(world, call, drive, item) for item in page]
    return Answer(200, collection(call, "Collection(driveItem)", value, link))
