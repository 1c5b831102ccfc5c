"""JSON in, JSON out: discovery, export, plan beside actual, and requests that make no sense."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from sluis.errors import InputError
from sluis.graph.clock import SystemClock
from sluis.rehearsal.tenant.settings import Population, Settings
from sluis.rehearsal.tenant.start import Tenant, start_tenant
from sluis.rehearsal.tenant.throttle import Limits
from sluis.tenant.run_export import discover_tenant, export
from support.tenant_exports import hold_against_the_tenant, source_of

SPEED = 400.0
PEOPLE = Population(users=1, sites=2, items_per_drive=60, shared_share=0.05, recycle_bin=1)


@pytest.fixture(scope="module")
def tenant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tenant]:
    settings = Settings(population=PEOPLE, limits=Limits(), clock_speed=SPEED, latency_ms=1)
    with start_tenant(tmp_path_factory.mktemp("tenant"), settings) as running:
        yield running


def _request(tenant: Tenant, folder: Path, **more: Any) -> dict[str, Any]:
    place = urlsplit(tenant.authority)
    return {
        "account": {
            "tenant_id": tenant.tenant_id,
            "client_id": tenant.app.client_id,
            "certificate": str(tenant.app.certificate),
            "authority": f"{place.scheme}://{place.netloc}",
            "graph": tenant.graph,
            "ca": str(tenant.ca),
        },
        "folder": str(folder),
        "budget": {"licences": 1000, "state": str(folder.parent / "pacer.json")},
        **more,
    }


def test_a_tenant_is_discovered_forecast_and_exported_within_its_limits(
    tenant: Tenant, tmp_path: Path
) -> None:
    seen: list[dict[str, Any]] = []
    request = json.loads(json.dumps(_request(tenant, tmp_path / "root")))
    clock = SystemClock(SPEED)
    found = json.loads(json.dumps(discover_tenant(request, seen.append, clock=clock)))
    assert len(found["sources"]) == 3
    assert found["plan"]["not_known"] == []
    before = tenant.control.counters()

    request["sources"] = found["sources"]
    request["ends"] = {found["sources"][2]["id"]: "2031-01-01T00:00:00+00:00"}
    result = json.loads(json.dumps(export(request, seen.append, clock=clock)))
    assert result["complete"]
    assert result["failed"] == result["not_begun"] == []
    # what ends first goes first
    assert result["drives"][0]["source"]["id"] == found["sources"][2]["id"]
    for number, drive in enumerate(result["drives"]):
        assert drive["folder"].startswith(str(tmp_path / "root"))
        assert drive["files"] == PEOPLE.items_per_drive, number
    by_drive = {d["id"]: n for n, d in enumerate(tenant.control.drives())}
    for source in found["sources"]:
        hold_against_the_tenant(
            tenant, tmp_path / "root", source_of(tenant, by_drive[source["drive_id"]])
        )

    # plan beside actual: the forecast was no guess, and no call was refused
    rows = {row["what"]: row for row in result["beside"]}
    assert rows["throttled"]["actual"] == 0
    assert rows["bytes"]["share"] == 1
    assert 0.8 <= rows["units"]["share"] <= 1.1
    after = tenant.control.counters()
    assert after["throttled"] == before["throttled"] == 0
    assert after["units"] - before["units"] <= rows["units"]["planned"] * 1.1

    stages = {one["stage"] for one in seen}
    assert {"discovery", "files", "read back"} <= stages
    whole = json.dumps([found, result, seen])
    assert tenant.app.secret not in whole
    assert "PRIVATE KEY" not in whole
    assert tenant.content not in whole


def test_a_drive_that_cannot_be_had_does_not_stop_the_others(
    tenant: Tenant, tmp_path: Path
) -> None:
    source = source_of(tenant)
    foreign = {**source.as_data(), "id": "b!no-such-drive", "drive_id": "b!no-such-drive"}
    request = _request(tenant, tmp_path / "root", sources=[foreign, source.as_data()])
    result = export(request, clock=SystemClock(SPEED))
    assert [one["source"] for one in result["failed"]] == ["b!no-such-drive"]
    assert result["failed"][0]["error"]["code"] == "graph-not-found"
    assert [one["source"]["id"] for one in result["drives"]] == [source.id]
    assert not result["complete"]


def test_a_wrong_secret_stops_at_once_and_is_not_shown(tenant: Tenant, tmp_path: Path) -> None:
    request = _request(tenant, tmp_path / "root", sources=[source_of(tenant).as_data()])
    del request["account"]["certificate"]
    secret = tmp_path / "secret"
    secret.write_text("a-wrong-secret-that-must-not-be-seen\n")
    request["account"]["secret_file"] = str(secret)
    result = export(request, clock=SystemClock(SPEED))
    assert not result["complete"]
    assert result["failed"][0]["error"]["code"].startswith("sign-in")
    assert "a-wrong-secret" not in json.dumps(result)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"speed": 3}, "speed, which is not known"),
        ({"workers": 0}, "workers must be"),
        ({"workers": True}, "workers must be"),
        ({"policy": {"versions": "some"}}, "versions must be"),
        ({"policy": {"colour": 1}}, "colour"),
        ({"budget": {"share": 0}}, "share"),
        ({"budget": {"minute": 1}}, "minute, which is not known"),
        ({"ends": {"a": "2026-01-01"}}, "time zone"),
        ({"ends": {"a": "soon"}}, "Invalid isoformat"),
        ({"sources": [{"kind": "onedrive"}]}, "missing"),
        ({"account": {"tenant_id": "t"}}, "client_id"),
        ({"account": {"tenant_id": "t", "client_id": "c", "password": "x"}}, "password"),
    ],
)
def test_a_request_that_makes_no_sense_is_refused_before_anything_is_done(
    tmp_path: Path, change: dict[str, Any], words: str
) -> None:
    request = {
        "account": {"tenant_id": "t", "client_id": "c", "secret": "hidden-secret"},
        "folder": str(tmp_path / "root"),
        **change,
    }
    with pytest.raises(InputError) as error:
        export(request)
    assert words in error.value.what
    assert "hidden-secret" not in str(error.value)
    assert list(tmp_path.iterdir()) == []
