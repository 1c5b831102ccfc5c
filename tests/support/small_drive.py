"""A drive behind real HTTPS whose answers a test can bend: for what a rehearsal tenant does not do.

It keeps files and folders in a dictionary, and knows the calls that an export, an import and a
reconciliation make. ``bend`` is asked before each answer; what it returns goes out instead.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from aiohttp import web

from sluis.graph.connect import Graph
from sluis.graph.quickxor import QuickXor
from sluis.tenant.export_drive import ExportReport, export_drive
from sluis.tenant.forecast import Policy
from sluis.tenant.import_drive import import_drive
from sluis.tenant.import_policy import ImportPolicy, Target
from sluis.tenant.import_report import ImportReport
from sluis.tenant.import_state import ImportState
from sluis.tenant.reconcile import reconcile
from sluis.tenant.reconciliation import Reconciliation
from sluis.tenant.source import Source
from support.graph_stage import Stage, refusal, say

SIGNED = ImportPolicy(permissions=False)


@dataclass
class Thing:
    """A file (with bytes) or a folder, with what the service says of it beside its own."""

    id: str
    parent: str
    name: str
    data: bytes | None = None
    version: int = 1
    dates: dict[str, str] = field(default_factory=dict)
    says: dict[str, Any] = field(default_factory=dict)


class SmallDrive:
    """One drive of the stage.

    Args:
        stage: where it is played.
        drive_id: its id.
    """

    def __init__(self, stage: Stage, drive_id: str = "d1") -> None:
        self.stage, self.id = stage, drive_id
        self.things: dict[str, Thing] = {}
        self.quota: dict[str, Any] = {"total": 10**12, "used": 0, "remaining": 10**12}
        #: open sessions: parent, name or id of a file, bytes so far, wish
        self.sessions: dict[str, tuple[str, str, bytearray, dict[str, Any]]] = {}
        #: an open session holds its name, as on Business (onedrive-api-docs#747)
        self.holds_names = False
        #: dates that are sent along are not kept
        self.drops_dates = False
        #: the answer to an upload has no hash yet
        self.late_hashes = False
        #: names are kept with their accents composed (Unicode NFC)
        self.composes = False
        #: what the permissions of every shared item are
        self.rights: list[dict[str, Any]] = []
        #: answers beside the drive's own, by path
        self.more: dict[str, Any] = {}
        self.bend: Callable[[web.Request, bytes], Any] = lambda _request, _body: None
        self.asked: list[str] = []
        self._number = itertools.count(1)
        stage.otherwise = self.answer

    def add(self, path: str, data: bytes | None = None, **says: Any) -> Thing:
        """A file, or with no bytes a folder; folders on the way are made."""
        folder, _, name = path.rpartition("/")
        parent = "root"
        if folder:
            found = self.at(folder)
            parent = (found or self.add(folder)).id
        return self._put(parent, name, data, {}, says)

    def at(self, path: str) -> Thing | None:
        """What is at a path."""
        here, found = "root", None
        for name in path.split("/"):
            found = next((t for t in self._in(here) if t.name.upper() == name.upper()), None)
            if found is None:
                return None
            here = found.id
        return found

    def told(self, thing: Thing) -> dict[str, Any]:
        """The item as the service writes it."""
        now = "2026-01-01T00:00:00Z"
        kept = {} if self.drops_dates else thing.dates
        dates = {"createdDateTime": now, "lastModifiedDateTime": now, **kept}
        facet: dict[str, Any] = {"folder": {"childCount": len(self._in(thing.id))}}
        if thing.data is not None:
            facet = {"file": {"hashes": {"quickXorHash": QuickXor(thing.data).base64()}}}
        return {
            "id": thing.id, "name": thing.name, "eTag": f'"{{{thing.id}}},{thing.version}"',
            "size": len(thing.data or b""), "parentReference": {"id": thing.parent},
            "lastModifiedDateTime": now, "fileSystemInfo": dates, **facet, **thing.says,
        }  # fmt: skip

    def _in(self, folder: str) -> list[Thing]:
        return [thing for thing in self.things.values() if thing.parent == folder]

    def _put(
        self, parent: str, name: str, data: bytes | None, dates: dict[str, str],
        says: dict[str, Any],
    ) -> Thing:  # fmt: skip
        if self.composes:
            name = unicodedata.normalize("NFC", name)
        thing = Thing(f"i{next(self._number)}", parent, name, data, dates=dates, says=says)
        self.things[thing.id] = thing
        return thing

    def write(self, path: str, data: bytes) -> None:
        """Somebody works on a file."""
        thing = self.at(path)
        assert thing is not None
        thing.data, thing.version = data, thing.version + 1

    def _root(self) -> dict[str, Any]:
        return {"id": "root", "name": "root", "root": {},
                "folder": {"childCount": len(self._in("root"))}}  # fmt: skip

    def answer(self, request: web.Request, body: bytes) -> Any:
        """What goes out to a request that nobody scripted."""
        self.asked.append(f"{request.method} {request.path}")
        bent = self.bend(request, body)
        if bent is not None:
            return bent if isinstance(bent, web.StreamResponse) else say(*bent)
        if request.path in self.more:
            return say(200, self.more[request.path])
        if request.path.startswith("/bytes/"):
            return say(200, self.things[request.path.rpartition("/")[2]].data)
        if request.path.startswith("/session/"):
            return self._session(request, body)
        place = unquote(request.path).removeprefix(f"/v1.0/drives/{self.id}")
        if place == request.path:
            return say(*refusal(404, "itemNotFound"))
        return self._drive(request, place, body)

    def _drive(self, request: web.Request, place: str, body: bytes) -> Any:
        if place == "":
            return say(200, {"id": self.id, "webUrl": "https://new.example/lib",
                             "quota": self.quota})  # fmt: skip
        if place == "/root":
            return say(200, self._root())
        if place == "/root/delta":
            link = f"{self.stage.graph}/v1.0/drives/{self.id}/root/delta?token=end"
            value = [self._root(), *map(self.told, self.things.values())]
            return say(200, {"value": value, "@odata.deltaLink": link})
        if place.startswith("/root:/"):
            thing = self.at(place.removeprefix("/root:/"))
            return say(200, self.told(thing)) if thing else say(*refusal(404, "itemNotFound"))
        item, _, verb = place.removeprefix("/items/").partition("/")
        if ":" in item + "/" + verb:
            return self._by_name(request, place.removeprefix("/items/"), body)
        if item != "root" and item not in self.things:
            return say(*refusal(404, "itemNotFound"))
        return self._item(request, item, verb, body)

    def _item(self, request: web.Request, item: str, verb: str, body: bytes) -> Any:
        if verb == "" and request.method == "GET":
            return say(200, self._root() if item == "root" else self.told(self.things[item]))
        if verb == "" and request.method == "PATCH":
            return self._change(self.things[item], json.loads(body))
        if verb == "children" and request.method == "GET":
            links = {one.id: f"{self.stage.content}/bytes/{one.id}" for one in self._in(item)}
            shown = [{**self.told(one), "@microsoft.graph.downloadUrl": links[one.id]}
                     for one in self._in(item)]  # fmt: skip
            return say(200, {"value": shown})
        if verb == "children":
            made = self._put(item, json.loads(body)["name"], None, {}, {})
            return say(201, self.told(made))
        if verb == "permissions":
            shared = item != "root" and "shared" in self.things[item].says
            return say(200, {"value": self.rights if shared else []})
        if verb == "versions":
            now = {"id": "2.0", "size": 9, "lastModifiedDateTime": "2026-01-02T00:00:00Z"}
            return say(200, {"value": [now, {**now, "id": "1.0"}]})
        if verb == "versions/1.0/content":
            return say(302, None, {"Location": f"{self.stage.content}/bytes/{item}"})
        if verb == "invite":
            self.things[item].says["shared"] = {"scope": "users"}
            return say(200, {"value": []})
        if verb == "content":
            return say(302, None, {"Location": f"{self.stage.content}/bytes/{item}"})
        if verb == "createUploadSession":
            return self._begin(self.things[item].parent, item, body)
        return say(*refusal(501, "notSupported", f"{request.method} {verb}"))

    def _change(self, thing: Thing, wish: dict[str, Any]) -> Any:
        thing.dates.update(wish.get("fileSystemInfo", {}))
        thing.name = wish.get("name", thing.name)
        thing.parent = wish.get("parentReference", {}).get("id", thing.parent)
        return say(200, self.told(thing))

    def _by_name(self, request: web.Request, place: str, body: bytes) -> Any:
        parent, _, rest = place.partition(":/")
        name, _, verb = rest.partition(":/")
        if verb == "createUploadSession":
            return self._begin(parent, name, body)
        there = next((one for one in self._in(parent) if one.name.upper() == name.upper()), None)
        if request.method == "GET" and there is not None:
            return say(200, self.told(there))
        return say(*refusal(404, "itemNotFound"))

    def _begin(self, parent: str, name: str, body: bytes) -> Any:
        held = {(there, one) for there, one, _, _ in self.sessions.values()}
        if self.holds_names and (parent, name) in held:
            return say(*refusal(409, "nameAlreadyExists"))
        number = str(next(self._number))
        self.sessions[number] = (parent, name, bytearray(), json.loads(body)["item"])
        return say(200, {"uploadUrl": f"{self.stage.content}/session/{number}"})

    def _session(self, request: web.Request, body: bytes) -> Any:
        number = request.path.rpartition("/")[2]
        if number not in self.sessions:
            return say(*refusal(404, "itemNotFound"))
        parent, name, had, wish = self.sessions[number]
        if request.method == "DELETE":
            del self.sessions[number]
            return say(204, b"")
        if request.method == "GET":
            return say(200, {"nextExpectedRanges": [f"{len(had)}-"]})
        had += body
        if len(had) < int(request.headers["Content-Range"].rpartition("/")[2]):
            return say(202, {"nextExpectedRanges": [f"{len(had)}-"]})
        del self.sessions[number]
        told = self.told(self._take(parent, name, bytes(had), wish))
        if self.late_hashes:
            told["file"] = {}
        return say(201, told)

    def _take(self, parent: str, name: str, data: bytes, wish: dict[str, Any]) -> Thing:
        known = self.things.get(name)
        if known is None:
            return self._put(parent, name, data, wish.get("fileSystemInfo", {}), {})
        known.data, known.version = data, known.version + 1
        known.dates = wish.get("fileSystemInfo", {})
        return known


@dataclass
class Work:
    """An export, an import and a reconciliation over one connection, in folders of the test."""

    graph: Graph
    folder: Path
    drive: SmallDrive
    #: folder of the target
    into: str = ""

    async def export(self, policy: Policy | None = None) -> ExportReport:
        """A pass over the drive."""
        source = Source("sharepoint", self.drive.id, "Team", drive_id=self.drive.id)
        self.report = await export_drive(
            self.graph, source, self.folder / "export",
            policy or Policy("none", permissions=False, fields=False),
            lambda: datetime.now(UTC), workers=4,
        )  # fmt: skip
        return self.report

    @property
    def manifest(self) -> Path:
        return self.folder / "export" / self.report.manifest

    async def bring_over(self, policy: ImportPolicy = SIGNED, **more: Any) -> ImportReport:
        """Into the drive ``self.drive``, which may be another one by now."""
        with ImportState(self.folder / "import.sqlite") as state:
            return await import_drive(
                self.graph, self.manifest, self.folder / "export",
                Target(self.drive.id, self.into), policy, state, workers=2, **more,
            )  # fmt: skip

    async def compare(self, policy: ImportPolicy = SIGNED, **more: Any) -> Reconciliation:
        """The drive beside the manifest."""
        with ImportState(self.folder / "import.sqlite") as state:
            return await reconcile(
                self.graph, self.manifest, self.folder / "export",
                Target(self.drive.id, self.into), policy, state, self.folder / "scratch",
                workers=2, **more,
            )  # fmt: skip


def play(folder: Path, story: Callable[[Work], Any], **more: Any) -> None:
    """Tell a story of a small drive."""
    from support.graph_stage import connected

    async def whole() -> None:
        async with connected(folder, **more) as (stage, graph):
            await story(Work(graph, folder, SmallDrive(stage)))

    asyncio.run(whole())


async def again_at_the_source(work: Work, source: SmallDrive) -> None:
    """Another pass over the first drive; the target is the drive at hand again afterwards."""
    target, work.drive = work.drive, source
    source.stage.otherwise = source.answer
    await work.export()
    work.drive, source.stage.otherwise = target, target.answer


async def move_over(work: Work, files: dict[str, bytes]) -> None:
    """Export files of a first drive; the drive is then an empty one, and the target."""
    for path, data in files.items():
        work.drive.add(path, data)
    await work.export()
    work.drive = SmallDrive(work.drive.stage, "d2")
