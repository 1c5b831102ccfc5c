"""What is in the target drive, as its delta lists it: the only listing that is complete."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote

from ..errors import SluisError
from ..graph.answer import item_of
from ..graph.connect import Graph
from ..graph.delta import delta
from ..graph.errors import GraphError, LoopError, ResyncError
from ..graph.links import segment
from .listed_items import has_part
from .many_at_once import many_at_once
from .name_rules import characters_in, target_key
from .other_hashes import hashes_in, listed_beside
from .refused_alone import raise_unless_alone
from .tenant_manifest import ManifestLine

#: between a name and the id of a second item of that name; in no name
_SECOND = "\0"
#: items that are looked for at once
_LOOKS = 8
#: listings that may begin anew, after a loop or a resync, before we give up
_TRIES = 4


@dataclass(frozen=True, slots=True)
class Node:
    """One item in the target.

    Args:
        id: the service's id.
        parent: its folder's id; "" for the root.
        name: as it is spelled there.
        kind: ``file``, ``folder``, or ``other`` (package, shortcut).
        size: bytes as listed, which may be stale (rclone#2036).
        quickxor: as listed; None when there is none.
        modified: ``fileSystemInfo``'s, ISO 8601.
        etag: as listed.
        shared: whether the listing says that it has rights of its own.
        others: each hash of another kind that is listed, as ``other_hashes`` writes it.
    """

    id: str
    parent: str
    name: str
    kind: str
    size: int = 0
    quickxor: str | None = None
    modified: str | None = None
    etag: str | None = None
    shared: bool = False
    others: tuple[str, ...] = ()

    def contradicts(self, line: ManifestLine) -> bool:
        """Whether a hash that is listed is not that of the bytes of a line of the manifest.

        One that is not known of these bytes contradicts nothing; nor does a CRC-32, which two
        services may write in two orders.
        """
        known = _hashes_of(line)
        kinds = {one.partition(":")[0] for one in known} - {"crc32"}
        told = (one for one in self.others if one.partition(":")[0] in kinds)
        return self.quickxor not in (None, line.quickxor) or not known.issuperset(told)

    def is_known_as(self, line: ManifestLine) -> bool:
        """Whether each hash that is listed, and a quickXorHash among them, is that of a line."""
        listed = self.quickxor is not None and self.quickxor == line.quickxor
        return listed and _hashes_of(line).issuperset(self.others)


def _hashes_of(line: ManifestLine) -> set[str]:
    """What is known of a line's bytes: its source's hashes are theirs where they agreed."""
    return {f"sha256:{line.sha256}", *(hashes_in(line.listed_quickxor) * (line.check == "equal"))}


class TargetTree:
    """A drive's items by id and by place, without regard to case."""

    def __init__(self, root_id: str) -> None:
        self.root_id = root_id
        self._nodes: dict[str, Node] = {root_id: Node(root_id, "", "", "folder")}
        self._children: dict[str, dict[str, str]] = {root_id: {}}
        #: names of items as we spell them, where the target spells them otherwise
        self._ours: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self._nodes) - 1

    def put(self, node: Node) -> None:
        """Add an item, or say that it is somewhere else or different now."""
        self.drop(node.id)
        self._nodes[node.id] = node
        siblings, key = self._children.setdefault(node.parent, {}), target_key(node.name)
        # two live items of one name: the first is found by it, and the other is not lost
        siblings[f"{key}{_SECOND}{node.id}" if key in siblings else key] = node.id

    def drop(self, item_id: str) -> None:
        """An item is not there any more."""
        old = self._nodes.pop(item_id, None)
        if old is None:
            return
        siblings, key = self._children.get(old.parent, {}), target_key(old.name)
        siblings.pop(f"{key}{_SECOND}{item_id}", None)
        if siblings.get(key) == item_id:
            del siblings[key]
            others = [one for one in siblings if one.startswith(f"{key}{_SECOND}")]
            if others:
                siblings[key] = siblings.pop(min(others))
        if (ours := self._ours.pop(item_id, None)) is not None:
            siblings.pop(target_key(ours), None)

    def move(self, item_id: str, parent: str, name: str) -> None:
        """An item has another place or name now; what lies in it came along."""
        self.put(replace(self._nodes[item_id], parent=parent, name=name))

    def spell(self, item_id: str, name: str) -> None:
        """An item is found by this name as well, unless something else has it."""
        siblings = self._children.get(self._nodes[item_id].parent, {})
        if siblings.setdefault(target_key(name), item_id) == item_id:
            self._ours[item_id] = name

    def get(self, item_id: str | None) -> Node | None:
        """The item with this id."""
        return self._nodes.get(item_id) if item_id else None

    def at(self, path: str, start: str | None = None) -> Node | None:
        """The item at a path below the folder ``start`` (an id), or below the root."""
        here = start or self.root_id
        for name in path.split("/"):
            if not name:
                continue
            found = self._children.get(here, {}).get(target_key(name))
            if found is None:
                return None
            here = found
        return self._nodes.get(here)

    def place(self, path: str) -> Node | None:
        """The item at the path that a person wrote, below the root.

        Accents that a person or a service spells as two characters, and the other as one
        (Unicode NFD and NFC), are the same where only one item can be meant.
        """
        here: Node | None = self._nodes[self.root_id]
        for name in filter(None, path.split("/")):
            here = self.child(here.id, name) if here else None
        return here

    def child(self, folder: str, name: str) -> Node | None:
        """An item in a folder (an id), by a name as ``place`` takes it."""
        found = self.at(name, folder)
        if found is not None or name.isascii():
            return found
        alike = {
            one for one in self._children.get(folder, {}).values()
            if one in self._nodes and composed_key(self._nodes[one].name) == composed_key(name)
        }  # fmt: skip
        return self._nodes[alike.pop()] if len(alike) == 1 else None

    def below(self, folder: str) -> Iterator[tuple[str, Node]]:
        """Everything below a folder (an id) with its path from there, parents first."""
        waiting = [("", folder)]
        while waiting:
            path, here = waiting.pop()
            for child in sorted(set(self._children.get(here, {}).values())):
                node = self._nodes.get(child)
                if node is None:
                    continue
                name = f"{path}/{node.name}" if path else node.name
                yield name, node
                if child in self._children:
                    waiting.append((name, child))

    def count_in(self, folder: str) -> int:
        """How many items lie in a folder (an id)."""
        return len(self._children.get(folder, {}))

    def strays(self) -> Iterator[Node]:
        """Items that hang from nothing that was listed."""
        known = {self.root_id: True}
        for start in self._nodes:
            way: dict[str, None] = {}  # a chain may be as long as the listing
            here: str = start
            while here not in known and here in self._nodes and here not in way:
                way[here] = None
                here = self._nodes[here].parent
            known.update(dict.fromkeys(way, known.get(here, False)))
            if not known[start]:
                yield self._nodes[start]

    def path_of(self, item_id: str, start: str | None = None) -> str | None:
        """Its path below the folder ``start`` or the root, as we spell it; None: not below it."""
        top = start or self.root_id
        parts: list[str] = []
        here: str = item_id
        while here != top:
            node = self._nodes.get(here)
            if node is None or not node.parent or len(parts) > len(self._nodes):
                return None
            parts.append(self._ours.get(here, node.name))
            here = node.parent
        return "/".join(reversed(parts))


def composed_key(name: str) -> str:
    """The same for names that differ in the case or the spelling of accents only."""
    return target_key(unicodedata.normalize("NFC", name))


@dataclass(frozen=True)
class Place:
    """A drive as it describes itself.

    Args:
        drive_id: its id.
        root_id: its root's id.
        url: its decoded address.
        quota: what it says of its quota, if anything.
    """

    drive_id: str
    root_id: str
    url: str
    quota: Mapping[str, Any]

    @property
    def url_length(self) -> int:
        """Characters of its address, which count in every path."""
        return characters_in(self.url.rstrip("/"))


async def look_at(graph: Graph, drive_id: str) -> Place:
    """Ask a drive for its address, root and quota.

    Raises:
        GraphError: it is not there, or not for us.
        SluisError: ``target-has-no-address``: without it no path's length is known.
    """
    drive = await graph.get(f"/drives/{segment(drive_id)}")
    root = await graph.get(f"/drives/{segment(drive_id)}/root")
    url, quota = drive.get("webUrl"), drive.get("quota")
    if not isinstance(url, str) or not url or not isinstance(root.get("id"), str):
        raise SluisError(
            "target-has-no-address",
            f"The drive {drive_id} does not say its address or its root.",
            "Without its address the length of paths cannot be checked; ask again later.",
        )
    return Place(drive_id, root["id"], unquote(url), quota if isinstance(quota, Mapping) else {})


async def list_target(graph: Graph, place: Place) -> TargetTree:
    """List a drive to its deltaLink.

    Raises:
        GraphError: the listing could not be finished, however often it began anew, or an entry
            of it does not say which item it is.
    """
    for attempt in range(1, _TRIES + 1):
        tree, deleted = TargetTree(place.root_id), dict[str, dict[str, Any]]()
        try:
            async with aclosing(delta(graph, place.drive_id)) as pages:
                async for page in pages:
                    for item in page.items:
                        _take(tree, item, deleted)
            await _look_for(graph, place, tree, deleted)
        except (LoopError, ResyncError):
            if attempt == _TRIES:
                raise
        else:
            return tree
    raise AssertionError("unreachable")


def node_of(item: Mapping[str, Any]) -> Node:
    """A driveItem as a node."""
    file = item.get("file")
    hashes = file.get("hashes") if isinstance(file, Mapping) else None
    times, parent = item.get("fileSystemInfo"), item.get("parentReference")
    told = hashes if isinstance(hashes, Mapping) else {}
    quickxor = told.get("quickXorHash")
    size, etag = item.get("size"), item.get("eTag")
    modified = times.get("lastModifiedDateTime") if isinstance(times, Mapping) else None
    kind = "other"
    if has_part(item, "remoteItem"):
        kind = "other"
    elif has_part(item, "file") and not has_part(item, "package"):
        kind = "file"
    elif has_part(item, "folder"):
        kind = "folder"
    return Node(
        id=str(item["id"]),
        parent=str(parent.get("id") or "") if isinstance(parent, Mapping) else "",
        name=str(item.get("name") or ""),
        kind=kind,
        size=size if isinstance(size, int) else 0,
        quickxor=quickxor if isinstance(quickxor, str) and quickxor else None,
        modified=modified if isinstance(modified, str) else None,
        etag=etag if isinstance(etag, str) else None,
        shared=isinstance(item.get("shared"), Mapping),
        others=listed_beside(told),
    )


def _take(tree: TargetTree, item: Mapping[str, Any], deleted: dict[str, dict[str, Any]]) -> None:
    """Put an entry of a listing in the tree; one that it calls deleted in ``deleted``."""
    item = item_of(item, "an entry of the target's listing")
    # by its id, and by no word of its own: what calls itself a root may lie anywhere
    if item["id"].casefold() == tree.root_id.casefold():
        return
    deleted.pop(item["id"], None)
    if has_part(item, "deleted"):
        tree.drop(item["id"])
        deleted[item["id"]] = item
    else:
        tree.put(node_of(item))


async def _look_for(
    graph: Graph, place: Place, tree: TargetTree, deleted: Mapping[str, Mapping[str, Any]]
) -> None:
    """Put what the listing calls deleted in the tree, unless the service says that it is gone."""

    async def look(told: Mapping[str, Any]) -> None:
        asked = f"/drives/{segment(place.drive_id)}/items/{segment(told['id'])}"
        try:
            found = item_of(await graph.get(asked), asked, told["id"])
        except GraphError as error:
            if error.status in (404, 410):
                return
            await raise_unless_alone(graph, f"/drives/{segment(place.drive_id)}", error)
            found = dict(told)  # nobody says that it is gone
        tree.put(node_of(found))

    await many_at_once(deleted.values(), look, _LOOKS)
