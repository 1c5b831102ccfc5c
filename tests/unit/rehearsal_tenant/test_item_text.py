"""The quick way to write an item says what the plain way says, for every item of a rich drive."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from sluis.rehearsal.tenant.clock import Clock
from sluis.rehearsal.tenant.door import make_door
from sluis.rehearsal.tenant.item_json import item_json
from sluis.rehearsal.tenant.item_text import DeltaText
from sluis.rehearsal.tenant.population import populate
from sluis.rehearsal.tenant.settings import Population, Settings
from sluis.rehearsal.tenant.weather import Weather
from sluis.rehearsal.tenant.world import World

RICH = Population(
    users=2,
    sites=1,
    items_per_drive=80,
    files_per_folder=4,
    shared_share=0.3,
    office_share=0.3,
    packages=1,
    shortcuts=2,
    without_hash=2,
    malware=1,
    retention_hidden=1,
    nasty_names=True,
)


@pytest.mark.parametrize("weather", [Weather(), Weather(stale_size=0.5, stale_hash=0.5)])
def test_both_ways_of_writing_an_item_say_the_same(tmp_path: Path, weather: Weather) -> None:
    settings = dataclasses.replace(Settings(population=RICH), weather=weather)
    world = World(settings, tmp_path, Clock())
    populate(world)
    world.door = make_door(
        tenant_id=world.tenant_id,
        graph="https://graph.example",
        apps=[],
        limits=None,
        weather=weather,
        seed=1,
        clock=world.clock,
    )
    for drive in world.drives.values():
        text = DeltaText(world, drive).begin()
        for number, item in enumerate(drive.live()):
            if number % 3 == 0:
                item.file_created -= 5.5
                item.file_modified -= 100
            told = json.loads(text.of(item))
            plain = item_json(world, drive, item, in_delta=True)
            assert told == plain
            assert list(told) == list(plain)
        nasty = drive.at("Nasty")
        assert nasty is not None and nasty.children
        drive.move(nasty, drive.root, "Renamed", 1.0, 0)
        for item in nasty.children.values():
            told = json.loads(text.begin().of(item))
            assert told == item_json(world, drive, item, in_delta=True)
            assert told["parentReference"]["name"] == "Renamed"
