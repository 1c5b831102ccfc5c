"""A source that is not there, or not whole, looks like one that holds little."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from sluis.evidence.predicates import Export, Machine
from sluis.plan.behind import behind_list
from sluis.runbook.fetched_too_little import fewer_than_counted, said_of_counts, too_little
from sluis.scope.model import Asset
from support.scopes import make_scope

DAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
COUNTED = DAY.date()
ORIGINS: tuple[dict[str, Any], ...] = (
    {"by": "folder", "folder": "/mnt/i-drive"},
    {"by": "sftp", "server": "old", "folder": "/srv/i"},
    {"by": "tenant", "tenant": "old", "drive": "b!one"},
)


def counted(
    items: int | None, size: int | None, on: date = COUNTED, origin: dict[str, Any] = ORIGINS[0]
) -> Asset:
    pattern = make_scope().assets[0].model_dump()
    kind = "sharepoint" if origin["by"] == "tenant" else "share"
    return Asset.model_validate(
        {**pattern, "kind": kind, "origin": origin, "items": items, "size": size, "newest": None,
         "counted_on": on, "unknown_because": pattern["matters_because"]}
    )  # fmt: skip


def brought(files: int, size: int, number: int = 1, *, at: datetime = DAY) -> Export:
    return Export(
        asset="files-one", origin={}, machine=Machine(host="w", target="local://"),
        pass_number=number, started_at=at, finished_at=at, items=files, bytes=size,
        complete=True, manifest_object="ab" * 32,
    )  # fmt: skip


NEXT = DAY + timedelta(days=1)


@pytest.mark.parametrize("origin", ORIGINS, ids=lambda one: str(one["by"]))
@pytest.mark.parametrize(
    ("scope", "came", "enough"),
    [
        ((3000, 12_000), (3000, 12_000), True),
        ((3000, 12_000), (0, 0), False),
        ((3000, 12_000), (1499, 12_000), False),
        ((3000, 12_000), (1500, 6_000), True),
        ((3000, 12_000), (3000, 5_999), False),
        ((3000, None), (3000, 0), True),
        ((3000, None), (8, 9_000), False),
        ((None, 12_000), (1, 1), False),
        ((None, 12_000), (1, 12_000), True),
        ((None, None), (1, 0), True),
        # nobody said that there is nothing
        ((None, None), (0, 0), False),
        ((None, 0), (0, 0), False),
        ((0, 0), (0, 0), True),
        ((0, 0), (9, 9), True),
    ],
)
def test_a_pass_brings_at_least_half_of_what_the_scope_counts(
    origin: dict[str, Any],
    scope: tuple[int | None, int | None],
    came: tuple[int, int],
    enough: bool,
) -> None:
    found = too_little(counted(*scope, origin=origin), brought(*came), ())
    assert (found is None) == enough


@pytest.mark.parametrize(
    ("scope", "passes", "came", "enough"),
    [
        # the scope counts nothing: what came before does
        ((None, None), [(5, 50)], (5, 50), True),
        ((None, None), [(5, 50)], (2, 50), False),
        ((None, None), [(5, 50)], (5, 24), False),
        ((None, None), [(5, 50)], (0, 0), False),
        # to fetch it again while it is still away does not mend it
        ((None, None), [(5, 50), (1, 5)], (1, 5), False),
        # it grew since it was counted
        ((5, 50), [(100, 1000)], (5, 50), False),
        ((5, 50), [(100, 1000)], (50, 500), True),
        ((5, None), [(5, 1000)], (5, 50), False),
    ],
)
def test_a_pass_brings_at_least_half_of_what_came_before(
    scope: tuple[int | None, int | None],
    passes: list[tuple[int, int]],
    came: tuple[int, int],
    enough: bool,
) -> None:
    before = [brought(*one, number, at=NEXT) for number, one in enumerate(passes, 1)]
    newest = brought(*came, len(before) + 1, at=NEXT + timedelta(hours=2))
    assert (too_little(counted(*scope), newest, before) is None) == enough


def test_a_newer_count_takes_the_place_of_older_passes() -> None:
    before, newest = brought(100, 1000, at=DAY), brought(5, 50, 2, at=NEXT)
    assert too_little(counted(5, 50, NEXT.date()), newest, [before]) is None
    assert too_little(counted(5, 50, COUNTED), newest, [before]) is None
    assert too_little(counted(5, 50, COUNTED - timedelta(days=1)), newest, [before])
    assert too_little(counted(5, None, NEXT.date()), newest, [before]), "bytes nobody counted"


def test_it_says_both_figures_and_what_to_do() -> None:
    said = too_little(counted(3000, 12_000), brought(0, 0), ())
    assert said is not None
    assert said.startswith(
        "pass 1 brought 0 files, and the scope, of 2026-03-02, counts 3,000. "
        "If its place could not be reached whole, such as a share that is not mounted,"
    )
    assert "write items, size and counted_on into scope.yml" in said
    said = too_little(counted(None, None), brought(1, 2, 2, at=NEXT), [brought(5, 5)])
    assert said is not None
    assert said.startswith("pass 2 brought 1 file, and pass 1 brought 5. ")


@pytest.mark.parametrize("origin", ORIGINS, ids=lambda one: str(one["by"]))
@pytest.mark.parametrize(
    ("scope", "came", "lines", "said"),
    [
        # a first pass that is just not "too little": half of it is not mounted
        pytest.param(
            (3000, 12_000), (1500, 6_000),
            ["files: less than 55 % of 3,000", "bytes: less than 55 % of 12,000"],
            ["counted 3,000 files (2026-03-02), got 1,500.", "counted 12,000 bytes"], id="half",
        ),
        pytest.param(
            (3000, 12_000), (2849, 12_000), ["files: less than 95 % of 3,000"],
            ["counted 3,000 files (2026-03-02), got 2,849."], id="files-alone",
        ),
        pytest.param(
            (3000, 12_000), (3000, 11_399), ["bytes: less than 95 % of 12,000"],
            ["counted 12,000 bytes (2026-03-02), got 11,399."], id="bytes-alone",
        ),
        pytest.param((3000, 12_000), (2850, 11_400), [], [], id="nearly-all"),
        pytest.param((3000, 12_000), (9_999, 99_999), [], [], id="more"),
        pytest.param((None, None), (1, 1), [], [], id="nobody-counted"),
        pytest.param((0, 0), (0, 0), [], [], id="there-are-none"),
    ],
)  # fmt: skip
def test_M1_between_half_and_all_the_figures_are_told(
    origin: dict[str, Any],
    scope: tuple[int | None, int | None],
    came: tuple[int, int],
    lines: list[str],
    said: list[str],
) -> None:
    asset = counted(*scope, origin=origin)
    export = brought(*came)
    found = list(fewer_than_counted(asset, export))
    assert found == [(one, "fewer-than-counted") for one in lines]
    told = said_of_counts(asset, export, behind_list(asset.id, found))
    assert len(told) == len(said)
    assert all(one in line for one, line in zip(said, told, strict=True))
    # it is no refusal
    assert too_little(asset, export, []) is None or not any(came)
