"""An entry that says not what it is about ends no discovery: it is a gap (M11)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

from sluis.graph.pages import Page
from sluis.tenant.discover import _user_drives
from sluis.tenant.discover_sites import find_sites
from sluis.tenant.finding import Finding
from sluis.tenant.recycle_bin import _entry

PLACES: dict[str, list[dict[str, Any]]] = {
    "/sites/getAllSites": [{"id": "s1", "name": "Team"}, {"name": "Nobody's"}, {"id": 7}],
    "/sites/s1/drives": [{"id": "d1", "name": "Documents"}, {"name": "lost"}],
    "/sites/s1/lists": [{"displayName": "lost"}],
    "/sites/s1/sites": [],
    "/groups": [{"displayName": "nobody"}],
    "/users": [{"id": "u1", "mail": "a@old.example"}, {"mail": "b@old.example"}],
    "/users/u1/drives": [{"name": "without an id"}],
}


#: half a character in each name that is nobody's item
HALF = "Te\ud83d"
HALVES: dict[str, list[dict[str, Any]]] = {
    "/sites/getAllSites": [{"id": "s1", "name": HALF}],
    "/sites/s1/drives": [{"id": "d1", "name": HALF}],
    "/sites/s1/lists": [{"id": "l1", "name": HALF, "list": {}}],
    "/sites/s1/sites": [{"name": HALF}],
    "/groups": [],
    "/users": [],
}


class Service:
    closed = 0

    def __init__(self, places: dict[str, list[dict[str, Any]]]) -> None:
        self.places = places

    async def pages(self, place: str, params: Any = None) -> AsyncGenerator[Page, None]:
        try:
            yield Page(self.places.get(place, []), None, None)
        finally:
            self.closed += 1


def test_M11_an_entry_without_an_id_is_a_gap_and_the_rest_is_found() -> None:
    found, service = Finding(), Service(PLACES)

    async def whole() -> None:
        await find_sites(service, found)  # type: ignore[arg-type]
        await _user_drives(service, found)  # type: ignore[arg-type]

    asyncio.run(whole())
    assert list(found.sources) == ["d1"]
    assert [(gap.what, gap.subject) for gap in found.gaps] == [
        ("drives of a site", "Team"),
        ("lists of a site", "Team"),
        ("sites", "the tenant"),
        ("sites", "the tenant"),
        ("groups and their sites", "the tenant"),
        ("drives of a person", "a@old.example"),
        ("users and their OneDrives", "the tenant"),
    ]
    assert service.closed == 7


def test_M11_a_bins_entry_may_hold_anything() -> None:
    for value in ("text", None, [], {}, True, -1, 1.5):
        assert _entry({"size": value, "deletedBy": value, "name": value}).size == 0
    assert _entry({"name": HALF}).name == "Te\ufffd"


def test_names_of_sites_libraries_and_lists_can_be_shown() -> None:
    found = Finding()
    asyncio.run(find_sites(Service(HALVES), found))  # type: ignore[arg-type]
    assert [source.name for source in found.sources.values()] == ["Te\ufffd / Te\ufffd"]
    assert "Te\ufffd / Te\ufffd" in [part.name for part in found.parts]
    for gap in found.gaps:
        f"{gap.subject}{gap.why}".encode()
