"""A listing goes on in the drive that was asked for, and in no other."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from sluis.graph.delta import delta
from sluis.graph.errors import GraphError, ResyncError
from sluis.graph.links import drive_of
from support.graph_stage import connected

DELTA = "/v1.0/drives/d1/root/delta"


@pytest.mark.parametrize(
    ("place", "drive"),
    [
        ("/drives/b%21X/root/delta?token=drives/other", "b!x"),
        ("https://graph.example/v1.0/drives('B!x')/root/delta(token='1')", "b!x"),
        ("https://graph.example/v1.0/sites/s/drives/d1/root", "d1"),
        ("/sites/s/drives", None),
        ("/me/drive/root/delta", None),
        ("https://[/drives/d1", None),
    ],
)
def test_which_drive_is_named(place: str, drive: str | None) -> None:
    assert drive_of(place) == drive


@pytest.mark.parametrize("kind", ["@odata.nextLink", "@odata.deltaLink"])
@pytest.mark.parametrize(
    ("link", "taken"),
    [
        ("/v1.0/drives/d2/root/delta?token=2", False),
        ("/v1.0/drives('d2')/root/delta", False),
        ("/v1.0/drives('D1')/root/delta?token=2", True),
    ],
)
def test_a_page_that_goes_on_in_another_drive_is_none(
    tmp_path: Path, kind: str, link: str, taken: bool
) -> None:
    async def whole() -> int:
        async with connected(tmp_path) as (stage, graph):
            stage.on("GET", DELTA, {"value": [{"id": "a"}], kind: stage.graph + link})
            end = {"value": [], "@odata.deltaLink": f"{stage.graph}{DELTA}?token=end"}
            for path in (link.partition("?")[0], "/v1.0/drives/d2/root/delta"):
                stage.on("GET", path, end)
            return sum([len(page.items) async for page in delta(graph, "d1")])

    if taken:
        assert asyncio.run(whole()) == 1
        return
    with pytest.raises(GraphError, match="goes on in another drive") as error:
        asyncio.run(whole())
    assert error.value.code == "page-malformed"


def test_a_link_of_another_drive_that_was_kept_is_forgotten(tmp_path: Path) -> None:
    async def whole() -> None:
        async with connected(tmp_path) as (stage, graph):
            link = f"{stage.graph}/v1.0/drives/d2/root/delta?token=end"
            async for _page in delta(graph, "d1", link):
                pass

    with pytest.raises(ResyncError):
        asyncio.run(whole())
