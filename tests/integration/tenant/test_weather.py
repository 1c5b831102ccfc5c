"""The service as it is on bad days, tampered files, damaged disks: nothing is taken on trust."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sluis.errors import SnapshotError
from sluis.graph.connect import Graph
from sluis.graph.errors import LoopError
from sluis.graph.part_file import ReadBack
from sluis.rehearsal.tenant.settings import Population, Settings
from sluis.rehearsal.tenant.start import Tenant, start_tenant
from sluis.rehearsal.tenant.weather import CALM, STORM, Weather
from sluis.tenant import reading_back
from sluis.tenant.discover import folder_of
from sluis.tenant.enumerate import enumerate_drive
from sluis.tenant.fetch import fetch_files
from sluis.tenant.reading_back import read_back
from sluis.tenant.state import DriveState
from sluis.tenant.stored_names import ExportFolder
from support.tenant_exports import (
    hold_against_the_tenant,
    lines_of,
    make_pass,
    source_of,
    with_graph,
)

PEOPLE = Population(
    users=0, sites=1, drives_per_site=2, items_per_drive=150, office_share=0.3, shared_share=0.05,
    packages=1, recycle_bin=1, file_size=(0, 60_000), nasty_names=True,
)  # fmt: skip
HARD = replace(STORM, retry_after=0.02, deleted_between_pages=0.05)


@pytest.fixture(scope="module")
def tenant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tenant]:
    # small pages, so that there is something between them
    settings = Settings(population=PEOPLE, page_size=20, largest_page=20)
    with start_tenant(tmp_path_factory.mktemp("tenant"), settings) as running:
        yield running


@pytest.fixture(autouse=True)
def calm_again(tenant: Tenant) -> Iterator[None]:
    yield
    tenant.control.set_weather(CALM)


def test_a_storm_changes_nothing_about_what_is_had(tenant: Tenant, tmp_path: Path) -> None:
    source = source_of(tenant)
    tenant.control.set_weather(HARD)
    first = make_pass(tenant, tmp_path, source)
    tenant.control.set_weather(CALM)
    # what people did between the pages of the storm is settled by the next pass
    make_pass(tenant, tmp_path, source)
    lines = hold_against_the_tenant(tenant, tmp_path, source, 2)
    checks = first.checks
    assert checks["equal"] > 0
    assert checks["stale metadata"] > 0
    assert "corrupt" not in checks
    # bytes were right all along: only what the listing said of them was not
    assert all(line.sha256 for line in lines.values() if line.type == "file")
    assert {entry["check"] for entry in first.unequal} <= {
        "stale metadata", "rewritten by the service", "not verified", "edited meanwhile",
    }  # fmt: skip


def test_a_listing_that_never_ends_is_given_up_and_begun_anew(
    tenant: Tenant, tmp_path: Path
) -> None:
    source = source_of(tenant, 1)
    tenant.control.set_weather(Weather(loops=0.4, loops_last=True))
    with pytest.raises(LoopError):
        make_pass(tenant, tmp_path, source)
    tenant.control.set_weather(CALM)
    report = make_pass(tenant, tmp_path, source)
    hold_against_the_tenant(tenant, tmp_path, source)
    assert report.seen_in_pass == 1
    assert any("lead back" in note for note in report.notes)


def test_loops_that_pass_are_passed(tenant: Tenant, tmp_path: Path) -> None:
    source = source_of(tenant, 1)
    tenant.control.set_weather(Weather(loops=0.5, empty_pages=0.5, duplicates=0.5))
    make_pass(tenant, tmp_path, source)
    hold_against_the_tenant(tenant, tmp_path, source)
    with DriveState(folder_of(tmp_path, source) / "state.sqlite") as state:
        current = state.current_pass()
    assert current is not None
    assert current.again > 0
    assert current.empty > 0


def test_case_B7_a_file_tampered_with_in_the_store_is_found(tenant: Tenant, tmp_path: Path) -> None:
    source = source_of(tenant, 1)
    control, drive = tenant.control, source.drive_id
    control.add_file(drive, "Proof/plain.txt", b"the sum is 100\n" * 50)
    office = next(i["path"] for i in control.items(drive) if i["path"].endswith(".docx"))
    size = len(control.bytes_of(drive, office))
    control.tamper(drive, "Proof/plain.txt", 11, ord("9"))
    control.tamper(drive, office, size // 2, control.bytes_of(drive, office)[size // 2] ^ 0x10)
    report = make_pass(tenant, tmp_path, source)
    assert {e["path"]: e["check"] for e in report.unequal} == {
        "Proof/plain.txt": "corrupt",
        office: "corrupt",
    }
    # it is had as it is, and marked; a later pass looks again
    line = lines_of(tmp_path, source)["Proof/plain.txt"]
    assert line.state == "had"
    before = control.counters()["bytes_out"]
    assert make_pass(tenant, tmp_path, source).checks["corrupt"] == 2
    assert control.counters()["bytes_out"] > before


def test_a_file_damaged_on_our_disk_is_found_and_fetched_again(
    tenant: Tenant, tmp_path: Path
) -> None:
    source = source_of(tenant, 1)
    place = folder_of(tmp_path, source)

    async def story(graph: Graph) -> tuple[int, int, int]:
        with ExportFolder(place) as root, DriveState(place / "state.sqlite", source.id) as state:
            state.begin_pass("2026-01-01T00:00:00Z")
            await enumerate_drive(graph, source, state)
            state.give_places()
            await fetch_files(graph, source, state, root)
            stored = sorted(p for p in (place / "content").rglob("*.txt") if p.stat().st_size)
            data = bytearray(stored[0].read_bytes())
            data[0] ^= 1
            stored[0].write_bytes(data)
            stored[1].unlink()
            wrong = read_back(state, root)
            again = await fetch_files(graph, source, state, root)
            return wrong, again.files, read_back(state, root)

    assert with_graph(tenant, story) == (2, 2, 0)
    make_pass(tenant, tmp_path, source)
    hold_against_the_tenant(tenant, tmp_path, source)


def test_case_A4_a_file_damaged_while_others_are_fetched_is_fetched_again(
    tenant: Tenant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = source_of(tenant, 1)
    monkeypatch.setattr(reading_back, "_MANY", 20)
    sync, damaged, there = ExportFolder.sync, [], []

    def damage(self: ExportFolder) -> None:
        """The first files that are there when they are first made durable."""
        if not damaged:
            files = (one for one in (self.root / "content").rglob("*") if one.is_file())
            there.extend(one for one in files if one.suffix != ".part")
            for file in [one for one in there if one.stat().st_size][:3]:
                data = bytearray(file.read_bytes())
                data[-1] ^= 1
                file.write_bytes(data)
                damaged.append(file)
        sync(self)

    monkeypatch.setattr(ExportFolder, "sync", damage)
    report = make_pass(tenant, tmp_path, source)
    assert len(damaged) == 3
    assert len(there) < report.files  # the others were still to come
    again = [
        note for note in report.notes if note.endswith("damaged on disk and was fetched again.")
    ]
    assert len(again) == 3
    hold_against_the_tenant(tenant, tmp_path, source)


@pytest.mark.parametrize("where", [0, 2_500_000])
def test_case_A4_a_large_file_that_rots_after_a_part_was_read_back_is_found(
    tmp_path: Path, where: int
) -> None:
    """What was read back while it came counts only together with the rest of the file."""
    data = random.Random(3).randbytes(3 << 20)
    seen, told = hashlib.sha256(data[: 2 << 20]), bytearray(data)
    if where < 2 << 20:  # what was read back was wrong already
        told[where] ^= 1
        seen = hashlib.sha256(told[: 2 << 20])
    with ExportFolder(tmp_path) as root, DriveState(tmp_path / "s.sqlite", "d") as state:
        state.begin_pass("2026-01-01T00:00:00Z")
        with root.place("content/f") as place:
            place.write_bytes(data)
        _row(state, "f", "content/f", data)
        begun = {"f": ReadBack(2 << 20, seen)}
        if where >= 2 << 20:
            told[where] ^= 1
            with root.place("content/f") as place:
                place.write_bytes(told)
        assert read_back(state, root, begun=begun) == 1
        with root.place("content/f") as place:
            place.write_bytes(data)
        _row(state, "f", "content/f", data)
        begun = {"f": ReadBack(2 << 20, hashlib.sha256(data[: 2 << 20]))}
        assert read_back(state, root, begun=begun) == 0


def _row(state: DriveState, item: str, stored: str, data: bytes) -> None:
    state.db.execute("INSERT OR REPLACE INTO places VALUES (?, ?, ?)", (item, stored, b"key"))
    state.db.execute(
        "INSERT INTO contents (item_id, state, size, sha256, in_pass) VALUES (?, 'had', ?, ?, 1)",
        (item, len(data), hashlib.sha256(data).hexdigest()),
    )


def test_a_link_in_the_export_root_stops_the_export(tenant: Tenant, tmp_path: Path) -> None:
    source = source_of(tenant, 1)
    outside = tmp_path / "outside"
    outside.mkdir()
    place = folder_of(tmp_path / "root", source)
    place.mkdir(parents=True)
    (place / "content").symlink_to(outside)
    with pytest.raises(SnapshotError) as error:
        make_pass(tenant, tmp_path / "root", source)
    assert error.value.code == "export-path-unsafe"
    assert list(outside.iterdir()) == []


def test_a_state_of_another_drive_is_not_used(tenant: Tenant, tmp_path: Path) -> None:
    mine, other = source_of(tenant, 0), source_of(tenant, 1)
    make_pass(tenant, tmp_path, mine)
    folder_of(tmp_path, mine).rename(folder_of(tmp_path, other))
    with pytest.raises(SnapshotError) as error:
        make_pass(tenant, tmp_path, other)
    assert error.value.code == "state-of-another-source"


def test_a_file_edited_while_it_is_fetched_is_had_whole(tenant: Tenant, tmp_path: Path) -> None:
    source = source_of(tenant, 1)
    control, drive = tenant.control, source.drive_id
    control.add_file(drive, "Busy/note.txt", b"first" * 1000)
    place = folder_of(tmp_path, source)

    async def story(graph: Graph) -> None:
        with ExportFolder(place) as root, DriveState(place / "state.sqlite", source.id) as state:
            state.begin_pass(datetime.now(UTC).isoformat())
            await enumerate_drive(graph, source, state)
            state.give_places()
            control.write(drive, "Busy/note.txt", b"second" * 999)
            await fetch_files(graph, source, state, root)

    with_graph(tenant, story)
    make_pass(tenant, tmp_path, source)
    line = lines_of(tmp_path, source)["Busy/note.txt"]
    assert line.check == "equal"
    assert line.sha256 == hashlib.sha256(b"second" * 999).hexdigest()
