"""The JSON text of plain items, put together without making an object first.

A listing of a million items is mostly plain files and folders; this writes them three times
as quickly as :func:`item_json` and :func:`json.dumps` do. What is not plain goes that way
round. A test holds both against each other.
"""

from __future__ import annotations

import json
from json.encoder import encode_basestring

from sluis.rehearsal.tenant.drive import Drive
from sluis.rehearsal.tenant.identifiers import etag
from sluis.rehearsal.tenant.item_json import (
    drive_type,
    encoded,
    identity_set,
    item_json,
    media_type,
    web_url,
)
from sluis.rehearsal.tenant.items import Item
from sluis.rehearsal.tenant.stamps import stamp
from sluis.rehearsal.tenant.world import World


class DeltaText:
    """Writes the items of a drive as delta gives them.

    What is said of folders and people comes again and again, so it is kept until something
    in the drive changes.
    """

    def __init__(self, world: World, drive: Drive) -> None:
        self._world = world
        self._drive = drive
        self._changes = -1
        self._parents: dict[int, tuple[str, str]] = {}
        self._people: dict[int, str] = {}
        self._stale = False

    def begin(self) -> DeltaText:
        """Begin a page: forget what may have changed since the last one."""
        weather = self._world.door.weather.weather
        self._stale = bool(weather.stale_size or weather.stale_hash)
        if self._changes != len(self._drive.log):
            self._changes = len(self._drive.log)
            self._parents = {}
        return self

    def of(self, item: Item) -> str:
        """The text of a live item, without a download URL."""
        if item.parent is None or not self._plain(item):
            return json.dumps(
                item_json(self._world, self._drive, item, in_delta=True), ensure_ascii=False
            )
        address, reference = self._parent(item.parent)
        unique = self._drive.ids.unique(item.number)
        created, modified = stamp(item.created), stamp(item.modified)
        first = created if item.file_created == item.created else stamp(item.file_created)
        last = modified if item.file_modified == item.modified else stamp(item.file_modified)
        if item.kind == "file":
            facet = (
                f'"file":{{"mimeType":"{media_type(item.name)}","hashes":'
                f'{{"quickXorHash":"{self._world.hash_of(self._drive, item)}"}}}}'
            )
        else:
            facet = f'"folder":{{"childCount":{len(item.children or ())}}}'
        return (
            f'{{"createdDateTime":"{created}","eTag":{_quoted(etag(unique, item.changes))},'
            f'"id":"01{unique}","lastModifiedDateTime":"{modified}",'
            f'"name":{_quoted(item.name)},"webUrl":"{address}/{encoded(item.name)}",'
            f'"size":{item.size},"createdBy":{self._person(item.author)},'
            f'"lastModifiedBy":{self._person(item.editor)},"parentReference":{reference},'
            f'"fileSystemInfo":{{"createdDateTime":"{first}","lastModifiedDateTime":"{last}"}},'
            f"{facet}}}"
        )

    def _plain(self, item: Item) -> bool:
        """Whether it is a file or folder of which nothing unusual is to be said."""
        if item.kind not in ("file", "folder") or (self._stale and item.kind == "file"):
            return False
        more = item.extras
        return more is None or not (
            more.description
            or more.malware
            or more.permissions
            or more.shared_at >= 0
            or more.no_hash
        )

    def _parent(self, parent: Item) -> tuple[str, str]:
        """A folder's web address, and how an item in it refers to it."""
        known = self._parents.get(parent.number)
        if known is None:
            drive = self._drive
            reference = {
                "driveType": drive_type(drive),
                "driveId": drive.id,
                "id": drive.ids.item(parent.number),
                "name": parent.name,
                "siteId": drive.site_guid,
            }
            known = web_url(drive, parent), json.dumps(reference, ensure_ascii=False)
            self._parents[parent.number] = known
        return known

    def _person(self, number: int) -> str:
        known = self._people.get(number)
        if known is None:
            known = json.dumps(identity_set(self._world, number), ensure_ascii=False)
            self._people[number] = known
        return known


_quoted = encode_basestring
