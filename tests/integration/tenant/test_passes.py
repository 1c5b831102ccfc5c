"""Pass after pass over a drive that people use, and that somebody empties on the last day (B6)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from sluis.rehearsal.tenant.settings import Population, Settings
from sluis.rehearsal.tenant.start import Tenant, start_tenant
from sluis.tenant import export_drive
from sluis.tenant.discover import discover, folder_of
from sluis.tenant.export_drive import ExportReport
from sluis.tenant.forecast import Policy
from sluis.tenant.source import Source
from support.tenant_exports import (
    FILES_ONLY,
    hold_against_the_tenant,
    lines_of,
    make_pass,
    source_of,
    with_graph,
)

PEOPLE = Population(users=1, sites=1, items_per_drive=30, shared_share=0.0, office_share=0.2)


@pytest.fixture(scope="module")
def tenant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tenant]:
    with start_tenant(tmp_path_factory.mktemp("tenant"), Settings(population=PEOPLE)) as running:
        yield running


class Ground:
    """A drive of one's own, and its export so far."""

    def __init__(self, tenant: Tenant, folder: Path) -> None:
        self.tenant, self.folder = tenant, folder
        self.source: Source = source_of(tenant)
        self.drive = self.source.drive_id
        self.passes = 0

    def make_pass(self, policy: Policy = FILES_ONLY, **more: Any) -> ExportReport:
        report = make_pass(self.tenant, self.folder, self.source, policy, **more)
        self.passes += 1
        assert report.seen_in_pass == self.passes
        hold_against_the_tenant(self.tenant, self.folder, self.source, self.passes)
        return report

    def changes(self) -> list[dict[str, Any]]:
        place = folder_of(self.folder, self.source) / "passes" / f"{self.passes:04d}"
        found: list[dict[str, Any]] = json.loads((place / "changes.json").read_text())
        return found

    def file(self, path: str, content: bytes = b"content") -> str:
        return self.tenant.control.add_file(self.drive, path, content)


@pytest.fixture
def ground(tenant: Tenant, tmp_path: Path) -> Ground:
    return Ground(tenant, tmp_path / "export")


def test_a_second_pass_fetches_nothing_and_reports_nothing(ground: Ground) -> None:
    first = ground.make_pass()
    before = ground.tenant.control.counters()
    second = ground.make_pass()
    assert second.fetched_files == 0
    assert second.fetched_bytes == 0
    assert second.changes == {}
    assert (second.files, second.bytes) == (first.files, first.bytes)
    after = ground.tenant.control.counters()
    assert after["bytes_out"] == before["bytes_out"]
    # one page of changes, what the drive holds, the bin and the question about rights
    assert after["units"] - before["units"] <= 12


def test_case_B6_what_vanished_moved_and_changed_is_reported(ground: Ground) -> None:
    control, drive = ground.tenant.control, ground.drive
    ground.file("Letters/Old/a.txt", b"a" * 100)
    ground.file("Letters/Old/b.txt", b"b" * 200)
    ground.file("Letters/c.txt", b"c" * 300)
    ground.file("Letters/d.txt", b"d" * 400)
    ground.file("Gone/e.txt", b"e" * 500)
    ground.file("Gone/f.txt", b"f" * 600)
    ground.make_pass()
    before = lines_of(ground.folder, ground.source, 1)

    control.rename(drive, "Letters/Old", "New")
    control.write(drive, "Letters/c.txt", b"C" * 333)
    control.move(drive, "Letters/d.txt", "Gone")
    control.delete(drive, "Gone/e.txt")
    control.delete(drive, "Gone/f.txt")
    ground.file("Letters/g.txt", b"g")
    report = ground.make_pass()

    # the changed one, the new one, and the moved one, whose eTag is another; no other
    assert report.fetched_files == 3
    found = {(change["what"], change["path_before"] or change["path_after"]): change
             for change in ground.changes()}  # fmt: skip
    assert {key for key in found if key[0] != "details changed"} == {
        ("moved", "Letters/Old"),
        ("moved along", "Letters/Old/a.txt"),
        ("moved along", "Letters/Old/b.txt"),
        ("changed", "Letters/c.txt"),
        ("moved", "Letters/d.txt"),
        ("vanished", "Gone/e.txt"),
        ("vanished", "Gone/f.txt"),
        ("new", "Letters/g.txt"),
    }
    for name in ("e", "f"):
        gone = found["vanished", f"Gone/{name}.txt"]
        assert gone["when"], "the recycle bin knows when"
        assert gone["who"] is None
        assert "does not say who" in gone["known"]
        # its bytes were had, and stay
        kept = folder_of(ground.folder, ground.source) / gone["kept"]
        assert kept.read_bytes() == name.encode() * before[f"Gone/{name}.txt"].size


def test_case_B6_the_last_day_everything_goes_and_the_bin_is_emptied(ground: Ground) -> None:
    control, drive = ground.tenant.control, ground.drive
    ground.file("Last/day/x.txt", b"x" * 64)
    ground.make_pass()
    control.delete(drive, "Last")
    control.purge_bin(drive)
    ground.make_pass()
    found = {change["path_before"]: change for change in ground.changes()}
    assert set(found) == {"Last", "Last/day", "Last/day/x.txt"}
    assert all(change["what"] == "vanished" for change in found.values())
    assert all(change["who"] is None and change["when"] is None for change in found.values())
    assert all("Not in the recycle bin" in change["known"] for change in found.values())
    kept = folder_of(ground.folder, ground.source) / found["Last/day/x.txt"]["kept"]
    assert kept.read_bytes() == b"x" * 64


def test_T39_who_deleted_an_earlier_file_of_that_name_did_not_delete_this_one(
    ground: Ground,
) -> None:
    control, drive = ground.tenant.control, ground.drive
    ground.file("Twice/x.txt", b"x" * 64)
    control.delete(drive, "Twice/x.txt")
    ground.file("Twice/x.txt", b"y" * 64)
    ground.make_pass(ahead=timedelta(seconds=5))  # the bin tells whole seconds
    control.recreate_folder(drive, "Twice")
    ground.make_pass()
    (gone,) = [one for one in ground.changes() if one["path_before"] == "Twice/x.txt"]
    assert gone["what"] == "vanished"
    assert "x.txt" not in gone["known"]


def test_a_folder_deleted_and_made_again_leaves_no_ghosts(ground: Ground) -> None:
    ground.file("Again/one.txt", b"1")
    ground.file("Again/two.txt", b"2")
    ground.make_pass()
    ground.tenant.control.recreate_folder(ground.drive, "Again")
    ground.file("Again/three.txt", b"3")
    ground.make_pass()
    found = {change["path_before"] for change in ground.changes() if change["what"] == "vanished"}
    assert {"Again/one.txt", "Again/two.txt"} <= found


@pytest.mark.parametrize(
    ("kind", "how"),
    [
        ("resyncChangesApplyDifferences", "not returned in a full listing"),
        ("resyncChangesUploadDifferences", "not returned when the service asked to keep both"),
    ],
)
def test_a_forgotten_link_is_listed_anew_and_nothing_is_fetched_twice(
    ground: Ground, kind: str, how: str
) -> None:
    control, drive = ground.tenant.control, ground.drive
    ground.file(f"{kind}/stays.txt", b"s" * 50)
    ground.file(f"{kind}/goes.txt", b"g" * 50)
    ground.make_pass()
    control.delete(drive, f"{kind}/goes.txt")
    control.expire_tokens(drive, kind)
    before = control.counters()["bytes_out"]
    report = ground.make_pass()
    assert control.counters()["bytes_out"] == before
    assert report.fetched_files == 0
    assert any("It was listed anew" in note for note in report.notes)
    (gone,) = [change for change in ground.changes() if change["what"] == "vanished"]
    assert gone["path_before"] == f"{kind}/goes.txt"
    assert how in gone["known"]


def test_a_file_restored_from_the_bin_or_moved_back_is_had_again(ground: Ground) -> None:
    control, drive = ground.tenant.control, ground.drive
    ground.file("Here/x.txt", b"x" * 10)
    control.add_folder(drive, "There")
    ground.make_pass()
    control.move(drive, "Here/x.txt", "There")
    control.delete(drive, "Here")
    report = ground.make_pass()
    # its eTag is another: only its bytes tell that nothing but its place is
    assert report.fetched_files == 1
    control.rename(drive, "There/x.txt", "X.TXT")
    assert ground.make_pass().fetched_files == 1
    assert ground.make_pass().fetched_files == 0


def test_rights_that_change_are_reported_and_asked_for_again(ground: Ground) -> None:
    policy = Policy("none", permissions=True, fields=False)
    first = ground.make_pass(policy)
    second = ground.make_pass(policy)
    assert "rights changed" not in second.changes
    assert second.root_permissions == first.root_permissions


def test_a_last_pass_can_list_everything_anew(ground: Ground) -> None:
    ground.file("Anew/x.txt", b"x")
    ground.make_pass()
    before = ground.tenant.control.counters()["requests"].get("delta", 0)
    report = ground.make_pass(Policy("none", permissions=False, fields=False, relist=True))
    # a delta without a token is the whole drive
    assert ground.tenant.control.counters()["requests"]["delta"] == before + 1
    assert report.fetched_files == 0
    assert report.changes == {}


class Killed(BaseException):
    """The process ends here."""


def test_a_last_pass_counts_nothing_that_was_listed_before_the_freeze(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pass was begun while people worked, and broken off; it is not the last one by resuming."""
    control, drive = ground.tenant.control, ground.drive
    ground.file("Frozen/edited.txt", b"before")
    ground.file("Frozen/gone.txt", b"before")
    ground.make_pass()

    async def kill(*_: Any, **__: Any) -> Any:
        raise Killed

    monkeypatch.setattr(export_drive, "_bin", kill)
    with pytest.raises(BaseException) as error:
        make_pass(ground.tenant, ground.folder, ground.source)
    assert "Killed" in repr(error.value)
    monkeypatch.undo()
    control.write(drive, "Frozen/edited.txt", b"behind")
    control.delete(drive, "Frozen/gone.txt")
    ground.file("Frozen/new.txt", b"new")
    policy = replace(FILES_ONLY, relist=True, only_since="2026-01-02T18:00:00+00:00")
    before = control.counters()["requests"].get("delta", 0)
    # held against the tenant line by line
    report = ground.make_pass(policy)
    assert report.begun is None
    assert control.counters()["requests"]["delta"] == before + 1
    lines = lines_of(ground.folder, ground.source, ground.passes)
    assert {"Frozen/edited.txt", "Frozen/new.txt"} <= lines.keys()
    assert "Frozen/gone.txt" not in lines


def test_a_new_version_is_fetched_and_the_older_ones_are_not_again(ground: Ground) -> None:
    control, drive = ground.tenant.control, ground.drive
    policy = Policy("all", permissions=False, fields=False)
    ground.file("Versions/plan.txt", b"first")
    control.write(drive, "Versions/plan.txt", b"second!")
    ground.make_pass(policy)
    (only,) = lines_of(ground.folder, ground.source, 1)["Versions/plan.txt"].versions
    place = folder_of(ground.folder, ground.source)
    assert (place / only["stored"]).read_bytes() == b"first"
    control.write(drive, "Versions/plan.txt", b"third!!!!")
    before = control.counters()["bytes_out"]
    ground.make_pass(policy)
    newest, oldest = lines_of(ground.folder, ground.source, 2)["Versions/plan.txt"].versions
    assert oldest == only
    assert (place / newest["stored"]).read_bytes() == b"second!"
    assert control.counters()["bytes_out"] - before == len(b"third!!!!") + len(b"second!")
    # a list alone has no bytes, and that is said
    report = ground.make_pass(Policy("list", permissions=False, fields=False))
    assert "bytes of earlier versions" in {gap.what for gap in report.gaps}


def test_what_changed_since_the_discovery_is_in_the_first_pass(ground: Ground) -> None:
    control, drive = ground.tenant.control, ground.drive

    def counted() -> int | None:
        found = with_graph(ground.tenant, lambda graph: discover(graph, ground.folder))
        return next(one.items for one in found.sources if one.drive_id == drive)

    ground.file("Since/goes.txt", b"goes")
    ground.file("Since/changes.txt", b"before")
    first = counted()
    control.delete(drive, "Since/goes.txt")
    control.write(drive, "Since/changes.txt", b"after")
    ground.file("Since/comes.txt", b"comes")
    ground.file("Since/comes too.txt", b"comes")
    assert first is not None
    # a second discovery is no older than the first
    assert counted() == first + 1
    ground.file("Since/comes last.txt", b"comes")
    report = ground.make_pass()
    assert report.could_not == ()
    assert report.files == first + 2
    assert report.checks == {"equal": report.files}
