"""The front door on the real runbook and real hosts: from refused to applied."""

from __future__ import annotations

import os
import shutil

import pytest

from sluis.evidence.predicates import Snapshot, Step
from sluis.rehearsal.plain_yaml import write_yaml
from support.front_door import sluis
from support.signed_change import LabChange

pytestmark = pytest.mark.slow


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
    # the sign-off of this test answers no request, and logs of runs are bound by nothing
    unchecked = [f for f in verdict["findings"] if f["verdict"] != "holds"]
    assert {f["verdict"] for f in unchecked} <= {"could not be checked"}
    assert {f["about"] for f in unchecked if "(signoff)" not in f["about"]} == {"runs"}


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


def test_F7_case_A2_an_existing_backup_is_refused_and_then_adopted(
    change: LabChange, ids: tuple[str, str]
):
    """Two real hosts; one has a backup on a disk, which its own script overwrites (A3)."""
    client = change.who.client
    source = change.lab.hosts["db1"].folder / "incoming"
    disk = change.root.with_name("usb disk")
    shutil.rmtree(disk, ignore_errors=True)
    disk.mkdir()
    variables = change.who.places.inventory(client) / "group_vars" / "all" / "adopt.yml"
    backup = {
        "kind": "copies", "locations": [str(disk)], "machine": "usb-disk",
        "site": "Data centre North", "country": "NL", "provider": "Example Hosting",
    }  # fmt: skip
    write_yaml(variables, {"snapshot_and_verify_adopt": {"incoming": backup}})
    status, found = sluis(change, "adopt", *ids, "--challenge")
    assert (status, found["challenged"]) == (0, [{"asset": "incoming", "host": "db1"}]), found
    shutil.copytree(source, disk / "copy")
    status, found = sluis(change, "adopt", *ids)
    assert (status, [r["code"] for r in found["refusals"]]) == (77, ["too-few-generations"]), found
    assert not found["adopted"]
    assert sluis(change, "adopt", *ids, "--challenge")[0] == 0
    shutil.copytree(source, disk / "second")
    (disk / "second" / "more.txt").write_text("it differs from the first")
    (source / "more.txt").write_text("it differs from the first")
    try:
        status, found = sluis(change, "adopt", *ids)
    finally:
        (source / "more.txt").unlink()
    # it is adopted, and not enough: nobody who looks at the exit status alone may go on
    assert (status, found["refusals"]) == (77, []), found
    assert found["not_enough"] == [{"asset": "incoming", "reached": "V5", "asked": "V6"}]
    (adopted,) = found["adopted"]
    assert (adopted["asset"], adopted["reached"]) == ("incoming", "V5")
    assert "append-only" in adopted["levels"][6]["detail"]
    assert not (source / ".sluis-nonce").exists()
    assert not any(change.markers().values())


def test_F7_a_bad_backup_is_refused_and_never_recorded_as_a_snapshot(
    change: LabChange, ids: tuple[str, str]
):
    """Two generations and the right nonce, and a file of the client's that is not as it was."""
    source = change.lab.hosts["db1"].folder / "incoming"
    disk = change.root.with_name("bad disk")
    shutil.rmtree(disk, ignore_errors=True)
    shutil.copytree(source, disk / "first")
    (disk / "first" / "old.txt").write_text("an older generation")
    variables = change.who.places.inventory(change.who.client) / "group_vars" / "all" / "adopt.yml"
    backup = {
        "kind": "copies", "locations": [str(disk)], "machine": "usb-disk",
        "site": "Data centre North", "country": "NL", "provider": "Example Hosting",
    }  # fmt: skip
    write_yaml(variables, {"snapshot_and_verify_adopt": {"incoming": backup}})
    assert sluis(change, "adopt", *ids, "--challenge")[0] == 0
    shutil.copytree(source, disk / "second")
    notes = disk / "second" / "notes.txt"
    looks = notes.stat()
    notes.write_bytes(b"X" * looks.st_size)  # one file went bad on the disk
    os.utime(notes, ns=(looks.st_atime_ns, looks.st_mtime_ns))
    before = len(change.view().of(Snapshot))
    status, found = sluis(change, "adopt", *ids)
    assert status == 77, found
    assert {one["code"] for one in found["refusals"]} == {"backup-is-bad"}, found
    assert found["refusals"][0]["sentence"].startswith("V5 of the newest copy of incoming failed")
    assert found["adopted"] == []
    assert len(change.view().of(Snapshot)) == before


def test_adopt_without_any_backup_says_what_to_describe(change: LabChange, ids: tuple[str, str]):
    status, found = sluis(change, "adopt", *ids)
    assert (status, found["adopted"], found["refusals"]) == (1, [], []), found
