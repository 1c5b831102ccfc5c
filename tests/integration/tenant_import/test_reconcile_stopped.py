"""A reconciliation that was stopped: what it found counts only for what is still so."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from aiohttp import web

from sluis.graph.errors import GraphError
from sluis.tenant.compare_content import Verdict
from sluis.tenant.reconcile_state import ReconcileState
from sluis.tenant.target_tree import Node
from sluis.tenant.tenant_manifest import ManifestLine
from support.graph_stage import refusal, say
from support.small_drive import SmallDrive, Thing, Work, move_over, play


def _other_bytes(thing: Thing) -> None:
    thing.data = b"A" * len(thing.data or b"")


def _other_name(thing: Thing) -> None:
    thing.says["name"] = "A.TXT"


_CHANGES: dict[str, Callable[[Thing], None]] = {
    "nothing": lambda _thing: None,
    "bytes": _other_bytes,
    "a size that is told": lambda thing: thing.says.update(size=7),
    "a date": lambda thing: thing.says.update(
        fileSystemInfo={"lastModifiedDateTime": "2020-01-01T00:00:00Z"}
    ),
    "a name": _other_name,
}


async def _stopped_after_a(work: Work, drive: SmallDrive) -> None:
    """A comparison in which the service went away once a.txt was found equal."""
    second = drive.at("b.txt")
    assert second is not None
    away = asyncio.Event()

    async def wait(_request: web.Request) -> web.StreamResponse:
        found = work.folder / "scratch" / "reconcile.sqlite"
        while not _rows(found):
            await asyncio.sleep(0.02)
        away.set()
        return say(*refusal(401, "x"))

    drive.stage.on("GET", f"/bytes/{second.id}", wait)
    drive.bend = lambda _request, _body: refusal(401, "x") if away.is_set() else None
    with pytest.raises(GraphError):
        await work.compare()
    drive.bend = lambda _request, _body: None
    drive.stage._plays.clear()
    drive.asked.clear()


def _rows(path: Path) -> int:
    with sqlite3.connect(path, timeout=10) as db:
        return int(db.execute("SELECT count(*) FROM looked_at").fetchone()[0])


@pytest.mark.parametrize("what", _CHANGES)
def test_what_was_found_of_an_item_counts_only_while_all_of_it_is_as_it_was(
    tmp_path: Path, what: str
) -> None:
    """Its eTag is as it was each time."""

    async def story(work: Work) -> None:
        await move_over(work, {"a.txt": b"a" * 900, "b.txt": b"b" * 900})
        await work.bring_over()
        first = work.drive.at("a.txt")
        assert first is not None
        await _stopped_after_a(work, work.drive)
        _CHANGES[what](first)
        found = await work.compare()
        assert found.reused == (1 if what == "nothing" else 0)
        assert (f"GET /bytes/{first.id}" in work.drive.asked) == (what != "nothing")

    play(tmp_path, story)


@pytest.mark.parametrize("etag", ["e", None, ""], ids=["etag", "no-etag", "empty"])
def test_what_was_found_of_an_item_without_an_etag_is_not_kept(
    tmp_path: Path, etag: str | None
) -> None:
    node = Node("i1", "root", "a.txt", "file", size=3, etag=etag)
    line = ManifestLine(
        path="a.txt", stored=None, type="file", item_id="s1", size=3, sha256="0" * 64, state="had"
    )
    with ReconcileState(tmp_path / "state.sqlite", "this") as state:
        state.keep(node, line, Verdict("equal", "every byte"))
        assert (state.found(node, line) is not None) == bool(etag)
