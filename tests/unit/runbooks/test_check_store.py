"""Where the copies go: said by `sluis check` for every asset at once, before anything is copied."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import pytest
import yaml

from sluis.border.parts import Connection
from sluis.border.verb import Failure
from sluis.border.verbs.asset_check import (
    Answer,
    CheckSecrets,
    Disk,
    Lacking,
    Request,
    Seen,
    Trouble,
)
from sluis.errors import SnapshotError
from sluis.places import Places
from sluis.runbook.checking import look_at_host, look_at_settings, look_at_verifier
from sluis.runbook.findings import Finding
from sluis.runbook.run import Run
from sluis.runbook.snapshot_forecast import forecast_host
from sluis.runbook.snapshot_settings import SnapshotSettings, read_settings
from sluis.snapshot.look import look_around

REPOSITORY = Path(__file__).resolve().parents[3]
CLIENT, CHANGE, HOST = "practice", "CHG-1", "practice-server"
NOW = "2026-11-21T12:00:00+00:00"


class AsItIs:
    """Nothing here is a template."""

    def template(self, variable: Any) -> Any:
        return variable


@pytest.fixture
def run(tmp_path: Path) -> Run:
    places = Places(tmp_path)
    (tmp_path / "inventories").mkdir()
    shutil.copytree(REPOSITORY / "inventories" / "template", places.inventory(CLIENT))
    folder = places.change(CLIENT, CHANGE)
    (folder.parent / "CHG-TEMPLATE").rename(folder)
    scope = folder / "scope.yml"
    scope.write_text(
        scope.read_text()
        .replace("client: template", f"client: {CLIENT}")
        .replace("change: CHG-TEMPLATE", f"change: {CHANGE}")
    )
    return Run(places, CLIENT, CHANGE, "prepare", "check.yml", (HOST,), ())


def settings(run: Run, **store: Any) -> SnapshotSettings:
    said = yaml.safe_load((run.places.inventory(CLIENT) / "group_vars" / "all.yml").read_text())
    said["snapshot_and_verify_store"].update(store)
    said["snapshot_and_verify_store_secrets"] = {"repository_password": "x"}
    return read_settings(said, AsItIs())


def codes(found: list[Finding]) -> list[str]:
    return [one.code for one in found]


def test_check_a_store_where_it_may_be_and_outside_is_right(run: Run) -> None:
    assert look_at_settings(run, HOST, settings(run), "192.0.2.10") == []


@pytest.mark.parametrize(
    "place", [{"site": "Elsewhere"}, {"country": "DE"}, {"provider": 'The "Other" Firm'}]
)
def test_check_a_store_where_no_copy_may_be_is_said_for_every_asset_with_the_line(
    run: Run, place: dict[str, str]
) -> None:
    (found,) = look_at_settings(run, HOST, settings(run, **place), "192.0.2.10")
    assert (found.code, found.written, found.stops) == ("store-not-allowed", True, True)
    assert "patient-records, scanned-letters" in found.what
    line = found.remedy.partition("- ")[2].partition("}")[0] + "}"
    # what is pasted mends it
    scope = run.change_folder / "scope.yml"
    there = "- {site: Data centre North, country: NL, provider: Example Hosting}"
    assert scope.read_text().count(there) == 2
    scope.write_text(scope.read_text().replace(there, f"{there}\n      - {line}"))
    assert look_at_settings(run, HOST, settings(run, **place), "192.0.2.10") == []


INSIDE: dict[str, tuple[dict[str, Any], str | None, tuple[str, ...]]] = {
    "a folder": ({"kind": "local", "path": "/srv/copies", "url": None}, "192.0.2.10", ()),
    "its name": ({"machine": HOST}, "192.0.2.10", ()),
    "its address": ({"url": "https://192.0.2.10/practice"}, "192.0.2.10", ()),
    "the loopback": ({"url": "https://localhost/practice"}, "192.0.2.10", ()),
    "a name that leads to it": ({}, "192.0.2.10", ("198.51.100.7",)),
}


@pytest.mark.parametrize("how", INSIDE)
def test_check_a_store_on_the_machine_that_is_copied_to_it_is_said_once(run: Run, how: str) -> None:
    store, address, own = INSIDE[how]
    given = settings(run, **store)
    answer = Answer(NOW, None, (), (), (), None, own)
    found = look_at_settings(run, HOST, given, address)
    found += look_at_host(run, HOST, given, address, lambda _request, _secrets: answer)[0]
    (inside,) = [one for one in found if one.code == "store-on-the-same-machine"]
    assert "patient-records, scanned-letters cannot reach V6" in inside.what
    assert inside.host == HOST
    assert not inside.stops, "a waiver can be signed for it"


def test_check_a_store_on_the_same_machine_matters_only_to_what_must_reach_V6(run: Run) -> None:
    scope = run.change_folder / "scope.yml"
    text = scope.read_text()
    for said in ("vital", "normal"):
        text = text.replace(f"criticality: {said}", "criticality: low")
    scope.write_text(text)
    assert codes(look_at_settings(run, HOST, settings(run, machine=HOST), "192.0.2.10")) == []
    whole = replace(run, change="")
    found = look_at_settings(whole, HOST, settings(run, machine=HOST), "192.0.2.10")
    assert codes(found) == ["store-on-the-same-machine"]


@pytest.mark.parametrize("code", ["database-missing", "asset-missing"])
def test_check_an_asset_that_is_not_there_is_said_with_the_line_of_the_scope(
    run: Run, code: str
) -> None:
    failure = Failure("SnapshotError", code, "scanned-letters: it is not there.", "Correct it.")
    answer = Answer(NOW, None, (Trouble("scanned-letters", failure),), (), (), None)
    found, _ = look_at_host(run, HOST, settings(run), "192.0.2.10", lambda _r, _s: answer)
    (missing,) = [one for one in found if one.code == code]
    lines = (run.change_folder / "scope.yml").read_text().splitlines()
    begins = lines.index("  - id: scanned-letters")
    line = next(n for n, text in enumerate(lines, 1) if n > begins and "    location:" in text)
    assert missing.remedy == (
        "Correct the location of scanned-letters: "
        f"inventories/{CLIENT}/changes/{CHANGE}/scope.yml, line {line}."
    )


def test_newcomer_a_database_of_which_nobody_wrote_how_it_is_reached_is_that(run: Run) -> None:
    """The server's own words spoke of a user that nobody had named."""

    def call(request: Request, secrets: CheckSecrets) -> Answer:
        databases = tuple(one for one in request.assets if one.kind == "postgresql")
        assert [one.id for one in databases] == ["patient-records"]
        nowhere = replace(databases[0].connection, host_address="/nowhere")
        moved = tuple(replace(one, connection=nowhere) for one in databases)
        return look_around(replace(request, store=None, restic=None, assets=moved), secrets)

    given = settings(run)
    named = {"patient-records": Connection(user="sluis")}
    for connections, written in ((named, True), ({}, False)):
        found, _ = look_at_host(run, HOST, replace(given, connections=connections), None, call)
        (lost,) = [one for one in found if one.code == "database-not-reached"]
        assert ("snapshot_and_verify_connections has no entry patient-records" in lost.what) is (
            not written
        )
        line = "snapshot_and_verify_connections: {patient-records: {host_address:"
        assert (line in lost.remedy) is (not written)
        assert f"host_vars/{HOST}" in lost.remedy or written


@pytest.mark.parametrize(
    ("consent", "described", "asked"),
    [
        (True, "update.yml", True),
        (False, "update.yml", False),
        (True, "tenant_migration.yml", False),
    ],
)
def test_F9_rights_to_put_back_are_asked_where_there_may_be_a_way_back(
    run: Run, consent: bool, described: str, asked: bool
) -> None:
    folder = run.change_folder
    for name in ("update.yml", "restore.yml"):
        (folder / name).unlink(missing_ok=True)
    (folder / described).write_text("{}")
    scope = yaml.safe_load((folder / "scope.yml").read_text())
    scope["way_back"] = {"consent": consent, "words": "We put back the copy of just before."}
    (folder / "scope.yml").write_text(yaml.safe_dump(scope))
    requests: list[Request] = []

    def call(request: Request, _: object) -> Answer:
        requests.append(request)
        return Answer(NOW, None, (), (), (), None)

    look_at_host(run, HOST, settings(run), None, call)
    assert [(one.way_back, one.restore) for one in requests] == [(asked, False)]
    assert requests[0].assets


def as_restore(run: Run, *assets: str) -> None:
    (run.change_folder / "update.yml").unlink()
    listed = [{"asset": one, "from_change": "CHG-0", "snapshot_id": "0" * 64} for one in assets]
    said = {"restore_asset_list": listed}
    (run.change_folder / "restore.yml").write_text(yaml.safe_dump(said))


@pytest.mark.parametrize(
    ("listed", "asked"),
    [(["patient-records", "scanned-letters"], ["patient-records"]), (["scanned-letters"], [])],
    ids=["database", "files"],
)
def test_F9_a_restore_asks_for_the_rights_to_put_back_what_it_puts_back(
    run: Run, listed: list[str], asked: list[str]
) -> None:
    as_restore(run, *listed)
    requests: list[Request] = []
    lacking = Lacking("patient-records", "make databases", "sluis", "practice")
    reads = Lacking("patient-records", "read all", "sluis", "practice")

    def call(request: Request, _: object) -> Answer:
        requests.append(request)
        seen = tuple(Seen(one.id, one.kind, 1, 1) for one in request.assets)
        return Answer(NOW, None, (), (lacking, reads) if asked else (), seen, None)

    found, there = look_at_host(run, HOST, settings(run), None, call)
    found = [one for one in found if one.code != "clock-wrong"]
    (request,) = requests
    # of files only who has them open is asked
    assert [one.id for one in request.assets] == [*asked, "scanned-letters"]
    assert (request.way_back, request.restore) == (True, True)
    assert [(one.code, one.stops) for one in found] == [
        ("right-missing", True), ("right-missing-for-level", False)
    ][: 2 * len(asked)]  # fmt: skip
    assert there == (), "what the verifier gets of it is not known"
    if asked:
        assert "so it could not be put back" in found[0].what
        assert found[0].remedy.endswith("CREATEDB;")


def test_F9_a_restore_is_not_stopped_by_what_may_be_broken(run: Run) -> None:
    as_restore(run, "patient-records")
    failure = Failure("SnapshotError", "postgresql-failed", "It does not answer.", "Start it.")
    answer = Answer(NOW, None, (Trouble("patient-records", failure),), (), (), None)
    every, _ = look_at_host(run, HOST, settings(run), None, lambda _r, _s: answer)
    (found,) = [one for one in every if one.code != "clock-wrong"]
    assert (found.code, found.stops) == ("rights-not-asked", False)
    assert "nobody could ask whether the rights are there" in found.what


def in_use(request: Request, _: object) -> Answer:
    failure = Failure("SnapshotError", "restore-in-use", "'/srv' is in use by process 7 ('x').",
                      "Stop it.")  # fmt: skip
    there = tuple(Trouble(one.id, failure) for one in request.assets if one.kind == "directory")
    return Answer(NOW, None, there, (), (), None)


@pytest.mark.parametrize(
    ("more", "tolerate", "told"),
    [
        ({}, False, True), ({}, True, False),
        ({"software_update_quiesce": [{"step": "x"}]}, False, False),
    ],
    ids=["as it is", "tolerated", "the change stops something"],
)  # fmt: skip
def test_A7_files_in_use_are_said_before_a_restore_and_do_not_stop_it(
    run: Run, more: dict[str, Any], tolerate: bool, told: bool
) -> None:
    as_restore(run, "scanned-letters")
    path = run.change_folder / "restore.yml"
    described = yaml.safe_load(path.read_text()) | more
    described["restore_asset_list"][0]["tolerate_use"] = tolerate
    path.write_text(yaml.safe_dump(described))
    every, _ = look_at_host(run, HOST, settings(run), None, in_use)
    found = [one for one in every if one.code == "restore-in-use"]
    assert [one.stops for one in found] == [False] * told
    for one in found:
        assert "scanned-letters: '/srv' is in use by process 7" in one.what
        assert "software_update_quiesce in restore.yml" in one.remedy
        assert "systemctl stop" in one.remedy


def test_newcomer_a_forecast_that_cannot_be_measured_stops_nothing(run: Run) -> None:
    def call(_request: object, _secrets: object) -> NoReturn:
        raise SnapshotError("module-failed", "asset_forecast could not run", "Check it.")

    found = forecast_host(run, HOST, settings(run), call)
    assert "not measured: asset_forecast could not run." in found.lines
    assert found.load.bytes > 0, "the scope's sizes count"


DISK = Disk("ops (1000)", 1000, False)


@pytest.mark.parametrize(
    ("host", "verifier", "code"),
    [
        (DISK, Disk("root (0)", 0, False), "store-not-writable"),
        (DISK, Disk("sluis (1000)", 1000, False), None),
        (Disk("root (0)", 0, False), DISK, None),
        (replace(DISK, there=True), replace(DISK, there=True), None),
        (replace(DISK, there=True), Disk("root (0)", 0, True), None),
        (replace(DISK, there=True), DISK, "store-not-shared"),
        (DISK, replace(DISK, there=True), "store-not-shared"),
        (None, DISK, None),
    ],
)
def test_newcomer_a_store_on_a_disk_is_one_that_host_and_verifier_both_can_use(
    run: Run, host: Disk | None, verifier: Disk, code: str | None
) -> None:
    """The verifier made it as root, and prepare ended when the host's user came to it."""
    store = {"kind": "local", "path": "/srv/nc/store", "url": None}
    answer = Answer(NOW, None, (), (), (), None, disk=verifier)
    every = look_at_verifier(
        run, HOST, "localhost", settings(run, **store), (), lambda _r, _s: answer, host
    )
    found = [one for one in every if one.code.startswith("store-not-") and one.stops]
    assert [one.code for one in found] == ([code] if code else [])
    for one in found:
        assert one.host == HOST
        assert "/srv/nc/store" in one.what
        if code == "store-not-writable":
            assert "the verifier would make it as the user root (0)" in one.what
            assert "the user ops (1000) of practice-server could not write" in one.what


NO_ESCROW = Trouble(None, Failure("SnapshotError", "escrow-password-missing", "w", "r"))


@pytest.mark.parametrize(("low", "whole"), [(False, False), (True, False), (True, True)])
def test_check_a_second_key_is_asked_only_where_something_must_reach_V6(
    run: Run, low: bool, whole: bool
) -> None:
    """Of assets of low importance the gate asks V3, and check ended with 1 for the key of V6."""
    scope = run.change_folder / "scope.yml"
    text = scope.read_text()
    for said in ("vital", "normal") if low else ():
        text = text.replace(f"criticality: {said}", "criticality: low")
    scope.write_text(text)
    looked = replace(run, change="") if whole else run
    answer = Answer(NOW, None, (NO_ESCROW,), (), (), None)
    found = look_at_verifier(
        looked, HOST, "localhost", settings(run), (), lambda _request, _secrets: answer
    )
    found = [one for one in found if one.code != "clock-wrong"]
    if low and not whole:
        assert found == []
        return
    (one,) = found
    assert (one.code, one.written, one.stops) == ("escrow-password-missing", True, False)


def _with_backup(run: Run, asset: str) -> SnapshotSettings:
    said = yaml.safe_load((run.places.inventory(CLIENT) / "group_vars" / "all.yml").read_text())
    place = {
        name: said["snapshot_and_verify_store"][name] for name in ("site", "country", "provider")
    }
    store = {"id": "theirs", "kind": "rest", "machine": "nas", "url": "https://nas.example/x/"}
    backup = {"kind": "restic", "machine": "nas", **place, "store": {**store, **place}}
    said["snapshot_and_verify_adopt"] = {asset: backup}
    said["snapshot_and_verify_secrets"] = {asset: {"backup_repository_password": "theirs"}}
    said["snapshot_and_verify_store_secrets"] = {"repository_password": "x"}
    return read_settings(said, AsItIs())


@pytest.mark.parametrize("change", [CHANGE, ""])
def test_check_the_clients_own_backup_is_opened_where_it_would_be_read(
    run: Run, change: str
) -> None:
    asked: list[tuple[Request, CheckSecrets]] = []

    def call(request: Request, secrets: CheckSecrets) -> Answer:
        asked.append((request, secrets))
        return Answer(NOW, None, (), (), (), None)

    given, looked = _with_backup(run, "scanned-letters"), replace(run, change=change)
    for host in (HOST, "another"):
        look_at_host(looked, host, given, "192.0.2.10", call)
    here, there = asked
    assert [(one.asset, one.store.id) for one in here[0].backups] == [("scanned-letters", "theirs")]
    assert here[1].backups["scanned-letters"].repository_password == "theirs"
    assert there[0].backups == ()
    # a change goes on without it, and makes a copy of its own
    look_at_host(replace(looked, playbook="update.yml"), HOST, given, "192.0.2.10", call)
    assert asked[-1][0].backups == ()


def test_check_a_backup_without_a_password_is_what_somebody_wrote(run: Run) -> None:
    troubles = tuple(
        Trouble(None, Failure(family, code, "w", "r"))
        for family, code in (
            ("InputError", "backup-password-missing"), ("SnapshotError", "backup-password-wrong"),
        )
    )  # fmt: skip
    answer = Answer(NOW, None, troubles, (), (), None)
    found, _ = look_at_host(
        run, HOST, settings(run), "192.0.2.10", lambda _request, _secrets: answer
    )
    told = {one.code: one.written for one in found}
    assert told["backup-password-missing"] is True
    assert told["backup-password-wrong"] is False
