"""What is in the target drive, as its delta lists it: the only listing that is complete."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote

from ..errors import SluisError
from ..graph.connect import Graph
from ..graph.delta import delta
from ..graph.errors import LoopError, ResyncError
from ..graph.links import segment
from .name_rules import characters_in, target_key

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


class TargetTree:
    """A drive's items by id and by place, without regard to case."""

    def __init__(self, root_id: str) -> None:
        self.root_id = root_id
        self._nodes: dict[str, Node] = {root_id: Node(root_id, "", "", "folder")}
        self._children: dict[str, dict[str, str]] = {root_id: {}}

    def __len__(self) -> int:
        return len(self._nodes) - 1

    def put(self, node: Node) -> None:
        """Add an item, or say that it is somewhere else or different now."""
        self.drop(node.id)
        self._nodes[node.id] = node
        self._children.setdefault(node.parent, {})[target_key(node.name)] = node.id

    def drop(self, item_id: str) -> None:
        """An item is not there any more."""
        old = self._nodes.pop(item_id, None)
        if old is None:
            return
        siblings = self._children.get(old.parent, {})
        if siblings.get(target_key(old.name)) == item_id:
            del siblings[target_key(old.name)]

    def move(self, item_id: str, parent: str, name: str) -> None:
        """An item has another place or name now; what lies in it came along."""
        self.put(replace(self._nodes[item_id], parent=parent, name=name))

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

    def below(self, folder: str) -> Iterator[tuple[str, Node]]:
        """Everything below a folder (an id) with its path from there, parents first."""
        waiting = [("", folder)]
        while waiting:
            path, here = waiting.pop()
            for child in sorted(self._children.get(here, {}).values()):
                node = self._nodes.get(child)
                if node is None:
                    continue
                name = f"{path}/{node.name}" if path else node.name
                yield name, node
                if child in self._children:
                    waiting.append((name, child))

    def path_of(self, item_id: str, start: str | None = None) -> str | None:
        """Its path below the folder ``start`` or the root; None when it is not below it."""
        top = start or self.root_id
        parts: list[str] = []
        here: str = item_id
        while here != top:
            node = self._nodes.get(here)
            if node is None or not node.parent or len(parts) > len(self._nodes):
                return None
            parts.append(node.name)
            here = node.parent
        return "/".join(reversed(parts))


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
        GraphError: the listing could not be finished, however often it began anew.
    """
    for attempt in range(1, _TRIES + 1):
        tree = TargetTree(place.root_id)
        try:
            async for page in delta(graph, place.drive_id):
                for item in page.items:
                    _take(tree, item)
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
    times = item.get("fileSystemInfo")
    quickxor = hashes.get("quickXorHash") if isinstance(hashes, Mapping) else None
    size, etag = item.get("size"), item.get("eTag")
    modified = times.get("lastModifiedDateTime") if isinstance(times, Mapping) else None
    kind = "other"
    if "file" in item and "package" not in item and "remoteItem" not in item:
        kind = "file"
    elif "folder" in item and "remoteItem" not in item:
        kind = "folder"
    return Node(
        id=str(item["id"]),
        parent=str((item.get("parentReference") or {}).get("id") or ""),
        name=str(item.get("name") or ""),
        kind=kind,
        size=size if isinstance(size, int) else 0,
        quickxor=quickxor if isinstance(quickxor, str) and quickxor else None,
        modified=modified if isinstance(modified, str) else None,
        etag=etag if isinstance(etag, str) else None,
        shared=isinstance(item.get("shared"), Mapping),
    )


def _take(tree: TargetTree, item: Mapping[str, Any]) -> None:
    if item.get("id") == tree.root_id or "root" in item or not item.get("id"):
        return
    if "deleted" in item:
        tree.drop(str(item["id"]))
    else:
        tree.put(node_of(item))
