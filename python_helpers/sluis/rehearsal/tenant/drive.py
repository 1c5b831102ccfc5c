"""One drive: a tree of items, a log of its changes and a recycle bin."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from sluis.rehearsal.tenant.api_error import ApiError
from sluis.rehearsal.tenant.identifiers import ItemIds, guid
from sluis.rehearsal.tenant.items import Content, Generated, Item, Kind, Version
from sluis.rehearsal.tenant.name_rules import check_name, check_path, fold

#: what happens when the name is taken
Conflict = Literal["fail", "replace", "rename"]
#: how many earlier versions a library keeps
_KEPT_VERSIONS = 500


@dataclass(frozen=True)
class Change:
    """One entry of the log: this item changed, at this time."""

    item: Item
    when: float


@dataclass(frozen=True)
class BinEntry:
    """One entry of the recycle bin: an item, with all that is in it, as it was deleted.

    Args:
        item: the item.
        location: decoded, server-relative path of the folder that it was in.
        when: seconds since 1970.
    """

    item: Item
    location: str
    when: float


class Drive:
    """A document library or a OneDrive.

    Args:
        seed: the population's seed.
        key: what tells this drive from the tenant's others.
        name: such as ``Documents``.
        url: its decoded web address.
        site: the id of its site.
        owner: number of the user whose OneDrive it is; ``None`` for a library.
        created: seconds since 1970.
        quota: bytes it may hold.
        template: of its list: ``documentLibrary``, or ``webPageLibrary`` for site pages.
        system: it has the system facet: listed only when ``$select`` names ``system``.
    """

    def __init__(
        self,
        seed: int,
        key: str,
        name: str,
        url: str,
        site: str,
        owner: int | None,
        created: float,
        quota: int,
        *,
        template: str = "documentLibrary",
        system: bool = False,
    ) -> None:
        self.key = key
        self.template = template
        self.system = system
        self.id = "b!" + (guid(seed, key, 1) + guid(seed, key, 2)).replace("-", "")
        self.list_id = guid(seed, key, "list")
        self.ids = ItemIds(f"{seed} {key}".encode())
        #: what makes content of this drive differ from every other's: the upper 24 of 64 bits
        self.content_key = int(guid(seed, key, "content")[:6], 16) << 40
        self.name = name
        self.url = url
        self.site = site
        self.site_guid = site.split(",")[1]
        self.owner = owner
        self.created = created
        self.quota = quota
        self.binned = 0
        self.items: list[Item] = []
        self.log: list[Change] = []
        self.bin: list[BinEntry] = []
        #: what writes the drive's items quickly; made when it is first listed
        self.text: object = None
        #: moved on when tokens given out before are to be refused
        self.epoch = 0
        #: the code of the 410 that an old token gets
        self.resync = "resyncChangesApplyDifferences"
        self._sorted: tuple[tuple[int, int], list[Item]] = ((-1, -1), [])
        self.root = self._new(None, "root", "folder", 0, created, 0)

    # finding

    def find(self, item_id: str) -> Item | None:
        """The live item with this id."""
        if item_id == "root":
            return self.root
        number = self.ids.number(item_id)
        if number is None or number >= len(self.items):
            return None
        item = self.items[number]
        return None if item.deleted else item

    def at(self, path: str, start: Item | None = None) -> Item | None:
        """The live item at a path below ``start``, else below the root."""
        item: Item | None = start or self.root
        for name in path.split("/"):
            if name and item is not None:
                item = (item.children or {}).get(fold(name))
        return item

    def live(self) -> Iterator[Item]:
        """Every item that is there, the root included, oldest first."""
        return (item for item in self.items if not item.deleted)

    def by_name(self, folder: Item) -> list[Item]:
        """What is in a folder, sorted by name; sorted once for all pages of a listing."""
        key = (folder.number, len(self.log))
        if self._sorted[0] != key:
            found = sorted((folder.children or {}).items())
            self._sorted = key, [child for _, child in found]
        return self._sorted[1]

    # changing

    def add(
        self,
        parent: Item,
        name: str,
        kind: Kind,
        *,
        size: int = 0,
        now: float,
        by: int = 0,
        content: Content | None = None,
        modified: float | None = None,
        quietly: bool = False,
    ) -> Item:
        """Put a new item in a folder; the caller made sure that the name is free.

        Args:
            quietly: part of the first population: nothing goes to the log.
        """
        item = self._new(parent, name, kind, size, now, by)
        if modified is not None:
            item.modified = item.file_modified = modified
        item.content = content
        if parent.children is None:
            raise ApiError(400, "invalidRequest", "The parent is not a folder.")
        self._grow(parent, size)
        key = fold(name)
        while key in parent.children:
            key += "\0"  # the same name once more: it comes after the first, and by id only
        parent.children[key] = item
        if not quietly:
            self._log(item, now)
        return item

    def replace(self, item: Item, size: int, content: Content, now: float, by: int) -> None:
        """Give a file new content; what it had becomes a version."""
        self.keep_version(item)
        item.more.flipped = {}
        self._grow(item.parent, size - item.size)
        item.size = size
        item.content = content
        item.modified = item.file_modified = now
        item.editor = by
        self.note(item, now)

    def keep_version(self, item: Item) -> None:
        """Make what a file is now an earlier version."""
        earlier = item.more.versions
        earlier.append(
            Version(
                f"{item.content_changes}.0",
                item.size,
                self.content(item),
                item.modified,
                item.editor,
            )
        )
        del earlier[:-_KEPT_VERSIONS]
        item.content_changes += 1

    def move(self, item: Item, parent: Item, name: str, now: float, by: int) -> None:
        """Give an item another name, another folder, or both."""
        if item.parent is None:
            raise ApiError(400, "invalidRequest", "The root cannot be moved or renamed.")
        if parent is item or item in parent.ancestors():
            raise ApiError(400, "invalidRequest", "A folder cannot be moved into itself.")
        self._detach(item)
        self._grow(item.parent, -item.size)
        item.parent, item.name = parent, name
        if parent.children is not None:
            parent.children[fold(name)] = item
        self._grow(parent, item.size)
        item.modified = now
        item.editor = by
        self.note(item, now)

    def delete(
        self, item: Item, now: float, *, quietly: bool = False, for_good: bool = False
    ) -> None:
        """Move an item, and all in it, to the recycle bin. Only the item itself is logged.

        Args:
            for_good: past the bin (``driveitem-permanentdelete.md``).
        """
        if item.parent is None:
            raise ApiError(403, "accessDenied", "The root of a drive cannot be deleted.")
        self._detach(item)
        self._grow(item.parent, -item.size)
        above = item.parent.path()
        location = self.url.split("/", 3)[3] + (f"/{above}" if above else "")
        waiting = [item]
        while waiting:
            gone = waiting.pop()
            gone.deleted = now
            waiting.extend((gone.children or {}).values())
        if not for_good:
            self.binned += item.size
            self.bin.append(BinEntry(item, location, now))
        if not quietly:
            self.note(item, now)

    def purge(self) -> int:
        """Empty the recycle bin; how many entries it had."""
        gone, self.bin, self.binned = len(self.bin), [], 0
        return gone

    def note(self, item: Item, now: float) -> None:
        """Write a change of an item to the log; its eTag moves on."""
        item.changes += 1
        self._log(item, now)

    # small print

    def content(self, item: Item) -> Content:
        """Where a file's bytes come from."""
        return item.content if item.content is not None else Generated(item.number)

    @property
    def used(self) -> int:
        """Bytes of all live files."""
        return self.root.size

    @staticmethod
    def _grow(folder: Item | None, by: int) -> None:
        """A folder's size is that of all files below it."""
        while folder is not None:
            folder.size += by
            folder = folder.parent

    def check(self, parent: Item, name: object) -> str:
        """The name, when the service takes it in this folder; ApiError 400 otherwise."""
        if parent.children is None or parent.kind == "file":
            raise ApiError(400, "invalidRequest", "The parent is not a folder.")
        checked = check_name(name, in_root=parent is self.root)
        above = parent.path()
        check_path(self.url, f"{above}/{checked}" if above else checked)
        return checked

    def make_room(self, size: int, instead_of: int = 0, *, quota: int | None = None) -> None:
        """Refuse what does not fit; ApiError 507."""
        if self.used - instead_of + size > (self.quota if quota is None else quota):
            raise ApiError(
                507,
                "quotaLimitReached",
                "The user has reached their quota limit.",
                ("insufficientStorage",),
            )

    def free_name(self, parent: Item, name: str) -> str:
        """The name, with a number behind it when it is taken."""
        stem, dot, suffix = name.rpartition(".")
        if not stem:
            stem, dot, suffix = name, "", ""
        number, free = 0, name
        while fold(free) in (parent.children or {}):
            number += 1
            free = f"{stem} {number}{dot}{suffix}"
        return free

    @staticmethod
    def _detach(item: Item) -> None:
        """Take an item out of its folder, and no other one of its name."""
        children = (item.parent.children if item.parent else None) or {}
        key = fold(item.name)
        while children.get(key, item) is not item:
            key += "\0"
        children.pop(key, None)

    def _log(self, item: Item, now: float) -> None:
        item.logged = len(self.log)
        self.log.append(Change(item, now))

    def _new(
        self, parent: Item | None, name: str, kind: Kind, size: int, now: float, by: int
    ) -> Item:
        item = Item(len(self.items), parent, name, kind, size, now, now, by, by)
        self.items.append(item)
        return item


def name_taken() -> ApiError:
    """The answer to a name that another item of the folder has."""
    return ApiError(
        409,
        "nameAlreadyExists",
        "The specified item name already exists.",
        ("nameAlreadyExists",),
    )
