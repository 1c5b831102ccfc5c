"""The front door on the real runbook and real hosts: from refused to applied."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from sluis.evidence.predicates import Snapshot, Step
from support.signed_change import ANSIBLE, LabChange


def sluis(change: LabChange, *words: str) -> tuple[int, dict[str, Any]]:
    """Run the command as a ticketing system does; nothing but JSON on standard output."""
    found = subprocess.run(
        [ANSIBLE / "sluis", *words, "--json"],
        cwd=change.root,
        env=change.environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    return found.returncode, json.loads(found.stdout)


@pytest.fixture
def ids(change: LabChange) -> tuple[str, str]:
    return change.who.client, change.change


def test_unsigned_is_refused_and_nothing_changed(change: LabChange, ids: tuple[str, str]):
    before = change.markers()
    status, found = sluis(change, "status", *ids)
    assert (status, found["state"]) == (75, "awaiting sign-off")
    assert {line["reached"] for line in found["assets"]} == {"V6"}
    status, found = sluis(change, "apply", *ids)
    assert (status, found["state"]) == (77, "refused")
    assert found["refusals"][-1]["reasons"][0]["code"] == "awaiting-signoff"
    assert change.markers() == before
    assert {line["state"] for line in found["steps"]} == {"open"}


def test_signed_is_applied_once_and_stays_applied(change: LabChange, ids: tuple[str, str]):
    change.sign()
    status, found = sluis(change, "apply", *ids)
    assert (status, found["state"]) == (0, "applied and verified"), found
    assert all(change.markers().values())
    assert found["run"]["ended"] == "by itself"
    steps = len(change.view().of(Step))
    status, found = sluis(change, "apply", *ids)
    assert (status, found["state"]) == (0, "applied and verified")
    assert len(change.view().of(Step)) == steps
    assert sluis(change, "status", *ids)[0] == 0
    status, verdict = sluis(change, "verify", str(change.dossier), "--head", found["head"])
    assert (status, verdict["holds"]) == (0, True)
    assert not [f for f in verdict["findings"] if f["verdict"] != "holds"]


def test_withdrawn_is_refused(change: LabChange, ids: tuple[str, str]):
    change.sign()
    who = ["--name", "A. Client", "--role", "practice manager", "--why", "Not today."]
    assert sluis(change, "sign", *ids, "--withdraw", *who)[0] == 0
    status, found = sluis(change, "apply", *ids)
    assert (status, found["refusals"][-1]["reasons"][0]["code"]) == (77, "signoff-withdrawn")
    assert not any(change.markers().values())


def test_prepare_through_the_front_door(change: LabChange, ids: tuple[str, str]):
    before = len(change.view().of(Snapshot))
    status, found = sluis(change, "prepare", *ids)
    assert (status, found["state"]) == (75, "awaiting sign-off"), found
    assert not any(change.markers().values())
    # the plan does not depend on who started the run, so a sign-off would have stood
    assert len(change.view().of(Snapshot)) >= before
    assert found["plan_object"] == sluis(change, "status", *ids)[1]["plan_object"]


def test_forecast_measures_and_changes_nothing(change: LabChange, ids: tuple[str, str]):
    """Case A13: hours for each route, before anybody starts."""
    before = len(change.view().statements)
    status, found = sluis(change, "forecast", *ids)
    assert status == 0, found
    by_host = {item["host"]: item for item in found["hosts"]}
    assert set(by_host) == {"app1", "db1"}
    for item in by_host.values():
        routes = {route["route"]: route["hours"] for route in item["routes"]}
        assert routes["usb3-ssd"] <= routes["usb2-disk"] <= routes["wan-2mbit"]
        assert item["lines"]
    assert any(r["measured"] for item in by_host.values() for r in item["routes"])
    assert len(change.view().statements) == before
    assert not any(change.markers().values())
