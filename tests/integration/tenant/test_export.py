"""Discover and export a rehearsal tenant with everything that makes it hard to."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from sluis.rehearsal.tenant.rights import AppSettings
from sluis.rehearsal.tenant.settings import Population, Settings
from sluis.rehearsal.tenant.start import Tenant, start_tenant
from sluis.tenant.discover import Discovered, discover, folder_of
from sluis.tenant.export_drive import ExportReport
from sluis.tenant.forecast import Policy
from sluis.tenant.permissions import own
from sluis.tenant.recycle_bin import list_recycle_bin
from sluis.tenant.source import Source
from support.tenant_exports import (
    hold_against_the_tenant,
    lines_of,
    make_pass,
    source_of,
    with_graph,
)

PEOPLE = Population(
    users=2, sites=1, items_per_drive=40, office_share=0.3, versions_share=0.4, shared_share=0.2,
    packages=1, malware=1, retention_hidden=2, recycle_bin=2, nasty_names=True,
    without_onedrive=1, groups=2, teams=1, security_groups=1, contacts=3, bookings=1,
)  # fmt: skip
APPS = (
    AppSettings(),
    AppSettings("readers", ("Sites.Read.All", "Files.Read.All", "User.Read.All")),
    AppSettings("selected", ("Sites.Selected",)),
)


@pytest.fixture(scope="module")
def tenant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tenant]:
    with start_tenant(
        tmp_path_factory.mktemp("tenant"), Settings(population=PEOPLE, apps=APPS)
    ) as running:
        yield running


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("root") / "export"


@pytest.fixture(scope="module")
def found(tenant: Tenant, folder: Path) -> Discovered:
    return with_graph(tenant, lambda graph: discover(graph, folder))


@pytest.fixture(scope="module")
def source(found: Discovered) -> Source:
    return found.sources[0]


@pytest.fixture(scope="module")
def report(tenant: Tenant, folder: Path, source: Source) -> ExportReport:
    return make_pass(tenant, folder, source, Policy("all"))


def test_case_B1_every_drive_is_found_and_counted(tenant: Tenant, found: Discovered) -> None:
    drives = {drive["id"]: drive for drive in tenant.control.drives()}
    assert {source.drive_id for source in found.sources} == set(drives)
    for source in found.sources:
        items = tenant.control.items(source.drive_id)
        files = [item for item in items if "file" in item]
        assert source.items == len(files)
        assert source.bytes == sum(item["size"] for item in files)
        assert source.newest == max(i["fileSystemInfo"]["lastModifiedDateTime"] for i in files)
        assert source.site_id
    kinds = {source.kind for source in found.sources}
    assert kinds == {"sharepoint", "onedrive"}
    assert any(gap.what == "OneDrive" and "user02" in gap.subject for gap in found.could_not)


def test_case_B1_other_workloads_are_named_even_where_nobody_can_look(found: Discovered) -> None:
    by_kind = {workload.kind: workload for workload in found.workloads}
    assert by_kind["mailboxes"].count == PEOPLE.users
    assert by_kind["mailboxes"].seen
    counts = {kind: workload.count for kind, workload in by_kind.items() if workload.seen}
    assert counts == {
        "mailboxes": 2,
        "Microsoft 365 groups (group mailbox and calendar)": 2,
        "Teams (chats, channels, meetings)": 1,
        "Bookings": 1,
        "shared contacts": 3,
    }
    unseen = [workload for workload in found.workloads if not workload.seen]
    assert {"Forms", "Planner", "To Do"} <= {w.kind for w in unseen}
    assert all(workload.count is None and workload.how for workload in unseen)
    assert {workload.kind for workload in unseen} <= {gap.what for gap in found.could_not}


def test_every_item_is_in_the_manifest_with_its_own_bytes(
    tenant: Tenant, folder: Path, source: Source, report: ExportReport
) -> None:
    lines = hold_against_the_tenant(tenant, folder, source)
    had = [line for line in lines.values() if line.type == "file" and line.state == "had"]
    assert report.files == len(had) == report.fetched_files
    assert report.bytes == sum(line.size for line in had)
    assert report.checks == {"equal": len(had)}
    assert report.listing["hidden"] == 0
    # what discovery listed was not listed again
    assert report.gaps == tuple(sorted(report.gaps, key=lambda gap: (gap.what, gap.subject)))


def test_hostile_names_lie_safely_below_the_root(
    folder: Path, source: Source, report: ExportReport
) -> None:
    root = folder_of(folder, source)
    assert [path.name for path in folder.parent.iterdir()] == ["export"]
    stored = {line.stored for line in lines_of(folder, source).values() if line.stored}
    on_disk = {
        str((Path(where) / name).relative_to(root))
        for where, _folders, names in os.walk(root)
        for name in names
    }
    assert stored <= on_disk
    assert {path.split("/")[0] for path in on_disk - stored} <= {
        "passes", "versions", "state.sqlite", "state.sqlite-wal", "state.sqlite-shm",
    }  # fmt: skip
    assert len({path.casefold() for path in stored}) == len(stored)
    assert report.files > 60  # the nasty names are among them


def test_what_could_not_be_had_has_a_line_that_says_why(
    folder: Path, source: Source, report: ExportReport
) -> None:
    lines = lines_of(folder, source)
    infected = [line for line in lines.values() if line.state == "could not be had"]
    assert len(infected) == PEOPLE.malware
    assert "malware" in (infected[0].why or "")
    assert report.could_not == ({"path": infected[0].path, "why": infected[0].why},)
    notebooks = [line for line in lines.values() if line.type == "package"]
    assert len(notebooks) == PEOPLE.packages
    assert "notebook" in (notebooks[0].check_note or "")
    sections = [p for p in lines if p.startswith(notebooks[0].path + "/")]
    assert sections


@pytest.mark.usefixtures("report")
def test_versions_are_had_with_their_bytes(folder: Path, source: Source, tenant: Tenant) -> None:
    root = folder_of(folder, source)
    with_versions = [line for line in lines_of(folder, source).values() if line.versions]
    assert with_versions
    for line in with_versions:
        for version in line.versions:
            assert (root / version["stored"]).stat().st_size == version["size"]
            assert version["sha256"]
            assert version["modified"]


def test_case_B7_permissions_are_kept_where_rights_change(
    tenant: Tenant, folder: Path, source: Source, report: ExportReport
) -> None:
    shared = {i["path"] for i in tenant.control.items(source.drive_id) if "shared" in i}
    lines = lines_of(folder, source)
    assert shared
    assert {path for path, line in lines.items() if line.permissions} == shared
    assert report.root_permissions
    # a sharing link opens by itself, so its address is not kept
    assert "webUrl" not in json.dumps([line.permissions for line in lines.values()])
    # five units each, and only for those
    calls = 5 * (len(shared) + 1)
    assert calls < report.spent.units


def test_case_B7_what_a_onedrive_inherits_is_not_taken_for_an_own_right(
    tenant: Tenant, tmp_path: Path
) -> None:
    """There ``inheritedFrom`` is empty, which says inherited as well (devx-api#223)."""
    number = next(at for at, one in enumerate(tenant.control.drives()) if one["owner"])
    source = source_of(tenant, number)
    report = make_pass(tenant, tmp_path, source, Policy("none", fields=False))
    shared = {i["path"] for i in tenant.control.items(source.drive_id) if "shared" in i}
    lines = lines_of(tmp_path, source)
    assert shared
    for path, line in lines.items():
        assert bool(line.permissions) == (path in shared)
        assert all("inheritedFrom" not in one for one in line.permissions)
    assert [one["roles"] for one in report.root_permissions] == [["owner"]]


@pytest.mark.parametrize("told", [{}, {"id": "the site's"}])
def test_case_B7_what_a_library_inherits_from_its_site_is_kept_at_its_root(
    told: dict[str, str],
) -> None:
    right = {"id": "r", "roles": ["write"], "inheritedFrom": told}
    assert own([right], of_root=True) == [right]
    assert own([right]) == []


def test_columns_of_the_library_are_kept(
    tenant: Tenant, folder: Path, source: Source, report: ExportReport
) -> None:
    assert "list fields" not in {gap.what for gap in report.gaps}
    assert any(gap.what.startswith("list attachments") for gap in report.gaps)


def test_case_B6_the_recycle_bin_is_listed_and_kept(
    tenant: Tenant, folder: Path, source: Source, report: ExportReport
) -> None:
    kept = json.loads((folder_of(folder, source) / "passes/0001/recycle_bin.json").read_text())
    now = with_graph(tenant, lambda graph: list_recycle_bin(graph, source.site_id, "site"))
    assert len(kept["entries"]) == len(now.entries) == PEOPLE.recycle_bin
    assert all(entry["deleted"] and entry["deleted_from"] for entry in kept["entries"])
    assert "recycle bin contents" in {gap.what for gap in report.gaps}


def test_nothing_secret_is_written(
    tenant: Tenant, folder: Path, source: Source, report: ExportReport
) -> None:
    words = [tenant.app.secret.encode(), tenant.content.encode(), b"eyJ", b"Bearer "]
    root = folder_of(folder, source)
    texts = [p.read_bytes() for p in (root / "passes").rglob("*.json")]
    texts += [p.read_bytes() for p in root.glob("state.sqlite*")]
    texts.append(json.dumps([line.fields for line in lines_of(folder, source).values()]).encode())
    for word in words:
        assert not any(word in text for text in texts), word


def test_an_app_without_full_control_is_told_what_it_may_be_missing(
    tenant: Tenant, tmp_path: Path
) -> None:
    source = source_of(tenant)
    report = make_pass(tenant, tmp_path, source, app=tenant.apps[1])
    # the service leaves the retention-labelled files out, and the folder's count gives it away
    assert report.listing["hidden"] == PEOPLE.retention_hidden
    named = [gap for gap in report.gaps if gap.what == "items"]
    assert named
    assert all("microsoft-graph-docs#11561" in gap.why for gap in named)
    assert "retention-labelled and restricted items" in {gap.what for gap in report.gaps}
    full = make_pass(tenant, tmp_path / "full", source)
    assert full.files == report.files + PEOPLE.retention_hidden
    assert "retention-labelled and restricted items" not in {gap.what for gap in full.gaps}


def test_an_app_with_selected_sites_says_what_it_cannot_see(tenant: Tenant, tmp_path: Path) -> None:
    app = tenant.apps[2]
    found = with_graph(tenant, discover, app)
    assert found.sources == ()
    assert {"sites", "users and their OneDrives", "mailboxes"} <= {g.what for g in found.could_not}
    source = source_of(tenant)
    tenant.control.grant(source.site_id, app.client_id, "read")
    report = make_pass(tenant, tmp_path, source, app=app)
    assert report.files > 0
    assert "retention-labelled and restricted items" in {gap.what for gap in report.gaps}
