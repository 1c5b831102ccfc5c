"""What can be done to a tenant from outside Graph: by its users, its operator, or a tamperer."""

from __future__ import annotations

import base64
import resource
from collections.abc import Callable
from typing import Any

from sluis.rehearsal.tenant.drive import Drive
from sluis.rehearsal.tenant.item_json import item_json
from sluis.rehearsal.tenant.items import Item, Stored
from sluis.rehearsal.tenant.name_rules import fold
from sluis.rehearsal.tenant.weather import Weather
from sluis.rehearsal.tenant.world import World


class Deeds:
    """The verbs of the control port, by name."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.verbs: dict[str, Callable[..., Any]] = {
            name: getattr(self, name)
            for name in (
                "counters",
                "drives",
                "items",
                "bytes_of",
                "add_file",
                "add_folder",
                "write",
                "rename",
                "move",
                "delete",
                "recreate_folder",
                "purge_bin",
                "tamper",
                "set_weather",
                "advance_clock",
                "set_quota",
                "grant",
                "expire_tokens",
            )
        }

    def counters(self) -> dict[str, Any]:
        """What was done so far: requests by kind, units, 429s, bytes out, CPU seconds."""
        spent = self._world.door.throttle.spent
        usage = resource.getrusage(resource.RUSAGE_SELF)
        return {
            "requests": dict(self._world.counters),
            "units": spent.units,
            "throttled": spent.throttled,
            "bytes_out": self._world.bytes_out,
            "cpu_seconds": usage.ru_utime + usage.ru_stime,
            "peak_memory": usage.ru_maxrss * 1024,
        }

    def drives(self) -> list[dict[str, Any]]:
        """All drives: id, name, site, owner, number of live items, bytes."""
        return [
            {
                "id": drive.id,
                "name": drive.name,
                "site": drive.site,
                "owner": None if drive.owner is None else self._world.users[drive.owner - 1].mail,
                "items": sum(1 for _ in drive.live()),
                "bytes": drive.used,
            }
            for drive in self._world.drives.values()
        ]

    def items(self, drive: str) -> list[dict[str, Any]]:
        """All live items of a drive but the root, as Graph writes them, and their path."""
        found = self._world.drive(drive)
        return [
            {**item_json(self._world, found, item), "path": item.path()}
            for item in found.live()
            if item.parent is not None
        ]

    def bytes_of(self, drive: str, item: str) -> str:
        """The bytes that a download of this item would give, base64."""
        found, one = self._find(drive, item)
        return base64.b64encode(self._world.read_item(found, one)).decode("ascii")

    def add_file(self, drive: str, path: str, content: str) -> str:
        """A new file by any name whatsoever; folders on the way are made. Its id."""
        found = self._world.drive(drive)
        above, _, name = path.rpartition("/")
        parent = self._folder(found, above)
        if fold(name) in (parent.children or {}):
            raise ValueError(f"the name is taken: {path}")
        stored, size = self._store(base64.b64decode(content))
        item = found.add(
            parent, name, "file", size=size, now=self._world.clock.now(), content=stored
        )
        return found.ids.item(item.number)

    def add_folder(self, drive: str, path: str) -> str:
        """A folder, made with those above it where they are not there. Its id."""
        found = self._world.drive(drive)
        return found.ids.item(self._folder(found, path).number)

    def write(self, drive: str, item: str, content: str) -> None:
        """New content of a file; what it had becomes a version."""
        found, one = self._find(drive, item)
        stored, size = self._store(base64.b64decode(content))
        found.replace(one, size, stored, self._world.clock.now(), 0)

    def rename(self, drive: str, item: str, name: str) -> None:
        """Another name in the same folder."""
        found, one = self._find(drive, item)
        if one.parent is None:
            raise ValueError("the root has no name")
        self._free(one.parent, name, one)
        found.move(one, one.parent, name, self._world.clock.now(), 0)

    def move(self, drive: str, item: str, parent: str) -> None:
        """Another folder, the same name."""
        found, one = self._find(drive, item)
        _, target = self._find(drive, parent)
        self._free(target, one.name, one)
        found.move(one, target, one.name, self._world.clock.now(), 0)

    def delete(self, drive: str, item: str) -> None:
        """To the recycle bin."""
        found, one = self._find(drive, item)
        found.delete(one, self._world.clock.now())

    def recreate_folder(self, drive: str, item: str) -> str:
        """Delete a folder and make an empty one of that name. The new one's id."""
        found, one = self._find(drive, item)
        parent, name, now = one.parent, one.name, self._world.clock.now()
        found.delete(one, now)
        if parent is None:
            raise ValueError("the root cannot be made again")
        return found.ids.item(found.add(parent, name, "folder", now=now).number)

    def purge_bin(self, drive: str) -> int:
        """Empty a recycle bin for good; how many entries it had."""
        return self._world.drive(drive).purge()

    def tamper(self, drive: str, item: str, offset: int, byte: int) -> None:
        """Change one byte of what is served; hash, size and tags stay as they were."""
        _, one = self._find(drive, item)
        if not 0 <= offset < one.size or not 0 <= byte < 256:
            raise ValueError("there is no such byte")
        one.more.flipped[offset] = byte

    def set_weather(self, weather: dict[str, Any]) -> None:
        """Other weather from now on."""
        given: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in weather.items()
        }
        self._world.door.weather.weather = Weather(**given)

    def advance_clock(self, seconds: float) -> None:
        """Put the tenant's clock forward."""
        self._world.clock.advance(seconds)

    def set_quota(self, drive: str, size: int) -> None:
        """How many bytes a drive may hold."""
        self._world.drive(drive).quota = size

    def grant(self, site: str, app: str, role: str | None) -> None:
        """Give an app a role on a site (Sites.Selected); ``None`` takes it away."""
        self._world.door.grants.grant(self._world.site(site).id, app, role)  # type: ignore[arg-type]

    def expire_tokens(self, drive: str, kind: str) -> None:
        """Refuse all delta tokens given so far with 410 and this kind of resync."""
        found = self._world.drive(drive)
        found.epoch += 1
        found.resync = kind

    def _find(self, drive: str, item: str) -> tuple[Drive, Item]:
        found = self._world.drive(drive)
        one = found.find(item) or found.at(item)
        if one is None:
            raise LookupError(f"no such item: {item}")
        return found, one

    def _folder(self, drive: Drive, path: str) -> Item:
        folder = drive.root
        for name in filter(None, path.split("/")):
            below = (folder.children or {}).get(fold(name))
            if below is None:
                below = drive.add(folder, name, "folder", now=self._world.clock.now())
            folder = below
        return folder

    def _store(self, content: bytes) -> tuple[Stored, int]:
        return self._world.store(content), len(content)

    @staticmethod
    def _free(parent: Item, name: str, item: Item) -> None:
        if (parent.children or {}).get(fold(name)) not in (None, item):
            raise ValueError(f"the name is taken: {name}")
