"""A population: all from the seed, and as much of everything as the settings say."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from sluis.rehearsal.tenant.clock import Clock
from sluis.rehearsal.tenant.items import Office
from sluis.rehearsal.tenant.nasty_names import NASTY
from sluis.rehearsal.tenant.population import populate
from sluis.rehearsal.tenant.settings import Population, Settings
from sluis.rehearsal.tenant.world import World

RICH = Population(
    users=3,
    sites=2,
    drives_per_site=2,
    items_per_drive=40,
    folder_depth=3,
    files_per_folder=4,
    packages=2,
    malware=2,
    retention_hidden=3,
    recycle_bin=4,
    nasty_names=True,
    without_onedrive=1,
)


def _world(folder: Path, seed: int, population: Population = RICH) -> World:
    world = World(Settings(seed=seed, population=population), folder, Clock())
    populate(world)
    return world


def _told(world: World) -> list[Any]:
    return [
        (
            drive.id,
            drive.ids.item(item.number),
            item.path(),
            item.kind,
            item.size,
            item.created,
            item.modified,
            world.hash_of(drive, item) if item.kind == "file" else "",
            repr(item.extras),
        )
        for drive in world.drives.values()
        for item in drive.items
    ]


def test_a_seed_gives_the_same_tenant_to_the_byte(tmp_path: Path) -> None:
    first, second = _world(tmp_path / "1", 5), _world(tmp_path / "2", 5)
    assert _told(first) == _told(second)
    assert first.tenant_id == second.tenant_id
    other = _world(tmp_path / "3", 6)
    assert not {one[1] for one in _told(first)} & {one[1] for one in _told(other)}


def test_there_is_as_much_of_everything_as_was_asked(tmp_path: Path) -> None:
    world = _world(tmp_path, 5)
    assert len(world.users) == 3
    assert [user.drive is not None for user in world.users] == [True, True, False]
    assert len(world.drives) == 2 + 2 * 2
    for drive in world.drives.values():
        live = list(drive.live())
        plain = [one for one in live if one.kind == "file" and re.search(r" \d{6}\.", one.name)]
        office = [one for one in live if isinstance(one.content, Office)]
        assert len({*plain, *office}) == 40
        assert sum(one.kind == "package" for one in live) == 2
        assert sum(bool(one.extras and one.extras.malware) for one in live) == 2
        assert sum(bool(one.extras and one.extras.retention) for one in live) == 3
        assert len(drive.bin) == 4
        assert 2 < max(len(one.ancestors()) for one in plain) <= 3 + 1
        assert not drive.log, "nothing of a first population is news"
        for path, size in NASTY:
            found = drive.at(path)
            assert found is not None and found.path() == path
            assert found.kind == ("folder" if size is None else "file")


def test_files_are_as_large_as_was_asked(tmp_path: Path) -> None:
    people = Population(users=1, sites=0, items_per_drive=200, file_size=(7, 9), office_share=0)
    (drive,) = _world(tmp_path, 1, people).drives.values()
    sizes = {item.size for item in drive.live() if item.kind == "file"}
    assert sizes == {7, 8, 9}


def test_without_folders_everything_lies_in_the_root(tmp_path: Path) -> None:
    people = Population(users=1, sites=0, items_per_drive=30, folder_depth=0)
    (drive,) = _world(tmp_path, 1, people).drives.values()
    assert len(drive.root.children or {}) == 30


BESIDE = Population(
    users=1, sites=1, items_per_drive=2, groups=3, teams=1, security_groups=1, contacts=2,
    bookings=1, subsites=3, lists=5, pages=2, hidden_libraries=5, encrypted=2, twins=1,
)  # fmt: skip


def _beside(world: World) -> list[Any]:
    return [
        *(group.as_json() for group in world.groups),
        *(contact.as_json() for contact in world.contacts),
        *(booking.as_json() for booking in world.bookings),
        *(site.as_json() for site in world.sites),
        *(
            [one.id, one.name, one.template, one.items]
            for site in world.sites
            for one in site.lists
        ),
        *_told(world),
    ]


def test_tenant_08_what_is_beside_files_follows_from_the_seed(tmp_path: Path) -> None:
    first, second = (_world(tmp_path / name, 5, BESIDE) for name in ("1", "2"))
    assert _beside(first) == _beside(second)
    ids = [one["id"] for one in (group.as_json() for group in first.groups)]
    assert len(ids) == len(set(ids)) == 4
    drives = [drive.id for site in first.sites for drive in site.drives]
    lists = [one.id for site in first.sites for one in site.lists]
    assert len(drives) == len(set(drives)) and len(lists) == len(set(lists))
    # the team's site, three groups' sites, and three subsites of each
    assert sum(site.parent is not None for site in first.sites) == (1 + 3) * 3


def test_tenant_08_what_was_there_before_is_not_changed_by_it(tmp_path: Path) -> None:
    plain = Population(users=1, sites=1, items_per_drive=2)
    before = _told(_world(tmp_path / "1", 5, plain))
    assert before
    kept = {
        repr(one) for one in _told(_world(tmp_path / "2", 5, replace(BESIDE, encrypted=0, twins=0)))
    }
    assert {repr(one) for one in before} <= kept
