"""What is in a tenant beside the libraries that a listing of drives shows (M6)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sluis.rehearsal.tenant.rights import AppSettings
from sluis.rehearsal.tenant.settings import Population, Settings
from sluis.rehearsal.tenant.start import Tenant, start_tenant
from sluis.tenant.discover import Discovered, discover
from support.small_drive import Work, play
from support.tenant_exports import with_graph

PEOPLE = Population(
    users=1, sites=2, items_per_drive=3, folder_depth=1, groups=2, teams=1, subsites=2, lists=2,
    pages=3, hidden_libraries=2,
)  # fmt: skip
FEW = AppSettings("few", ("Sites.Selected",))
#: sites of people and teams: two, two groups', and the root's; each but the root's has two below
SITES = 4
ALL_SITES = 3 * SITES


@pytest.fixture(scope="module")
def tenant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tenant]:
    folder = tmp_path_factory.mktemp("tenant")
    with start_tenant(folder, Settings(population=PEOPLE, apps=(AppSettings(), FEW))) as running:
        yield running


@pytest.fixture(scope="module")
def found(tenant: Tenant, tmp_path_factory: pytest.TempPathFactory) -> Discovered:
    states = tmp_path_factory.mktemp("states")
    return with_graph(tenant, lambda graph: discover(graph, states))


def _names(found: Discovered, kind: str) -> Counter[str]:
    return Counter(part.name.rpartition(" / ")[2] for part in found.parts if part.kind == kind)


def test_M6_subsites_and_sites_of_groups_are_found_with_their_libraries(
    tenant: Tenant, found: Discovered
) -> None:
    drives = {one["id"] for one in tenant.control.drives() if one["name"] != "Site Pages"}
    assert {source.drive_id for source in found.sources} == drives
    urls = [source.web_url for source in found.sources]
    assert sum("/sites/group0" in url for url in urls) == 2 * 3 * 3  # a library and two hidden
    assert sum("/sub01/sub02/" in url for url in urls) == SITES * 3
    assert all(source.items is not None for source in found.sources)


def test_M6_hidden_libraries_are_found_and_called_so(found: Discovered) -> None:
    hidden = [source for source in found.sources if source.system]
    assert Counter(source.name.rpartition(" / ")[2] for source in hidden) == {
        "Preservation Hold Library": ALL_SITES, "Form Templates": ALL_SITES,
    }  # fmt: skip
    assert {source.items for source in hidden} == {3}


def test_M6_lists_and_pages_are_found_and_counted(found: Discovered) -> None:
    lists = _names(found, "list")
    assert (lists["Events"], lists["Tasks"]) == (ALL_SITES, ALL_SITES)
    assert lists["Contacts"] >= 2
    assert {part.items for part in found.parts if part.name.endswith("Events")} == {3}
    pages = [part for part in found.parts if part.kind == "site pages"]
    assert [part.items for part in pages] == [PEOPLE.pages] * ALL_SITES
    assert all(part.web_url and part.site_url for part in found.parts)
    assert len({(part.kind, part.id) for part in found.parts}) == len(found.parts)


def test_M6_what_may_not_be_seen_is_said(tenant: Tenant) -> None:
    app = tenant.apps[1]
    hidden = with_graph(tenant, lambda graph: discover(graph), app)
    gaps = {gap.what for gap in hidden.could_not}
    assert {"sites", "groups and their sites"} <= gaps
    assert any("navigation" in gap.what for gap in hidden.could_not)


def test_M6_a_site_of_which_half_is_refused_says_which_half(tmp_path: Path) -> None:
    """Lists, libraries of other kinds, hidden lists, and a group without a site."""

    async def story(work: Work) -> None:
        on, at = work.drive.stage.on, "/v1.0/sites/s1"
        site = {"id": "s1", "displayName": "One", "webUrl": "https://x.example/one"}
        on("GET", "/v1.0/sites/getAllSites", {"value": [site]})
        on("GET", f"{at}/drives", {"value": [
            {"id": "d1", "name": "Documents", "webUrl": "https://x.example/one/Shared%20Documents"}
        ]})  # fmt: skip
        on("GET", f"{at}/lists", {"value": [
            _list("l1", "Documents", "documentLibrary", "Shared Documents"),
            _list("l2", "Pictures", "pictureLibrary"),
            _list("l3", "Forms", "documentLibrary", hidden=True),
            _list("l4", "User Information List", "userInformation", hidden=True),
            _list("l5", "Stock", "genericList"),
        ]})  # fmt: skip
        on("GET", f"{at}/lists/l2/drive", {"id": "d2", "name": "Pictures"})
        on("GET", f"{at}/sites", (403, {"error": {"code": "accessDenied"}}, None))
        on("GET", "/v1.0/groups", {"value": [{"id": "g1", "displayName": "Board"}]})
        on("GET", "/v1.0/users", {"value": []})
        found = await discover(work.graph)
        assert [source.id for source in found.sources] == ["d1", "d2"]
        parts = {(part.kind, part.id, part.items) for part in found.parts}
        assert parts == {("list", "l5", None), ("hidden lists", "s1", 1)}
        gaps = {(gap.what, gap.subject) for gap in found.could_not}
        assert {
            ("drive of a library", "One / Forms"), ("subsites", "One"), ("site of a group", "Board")
        } <= gaps  # fmt: skip

    play(tmp_path, story)


def _list(
    number: str, name: str, template: str, folder: str = "", *, hidden: bool = False
) -> dict[str, Any]:
    url = f"https://x.example/one/{folder or name}"
    return {"id": number, "displayName": name, "webUrl": url,
            "list": {"template": template, "hidden": hidden}}  # fmt: skip
