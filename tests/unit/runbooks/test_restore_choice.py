"""Which snapshot is put back comes from evidence, and cannot be talked into another one."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from sluis.errors import EvidenceError, InputError, RefusedError, SluisError
from sluis.evidence.anchors import load_anchors
from sluis.evidence.copies import source_digest
from sluis.evidence.objects import ObjectStore
from sluis.evidence.predicates import Snapshot, Step
from sluis.gate.restores import WHY_LESS
from sluis.places import Places
from sluis.plan.written_yaml import read_written
from sluis.runbook.checking import look_at_settings
from sluis.runbook.restore_choice import (
    BEFORE,
    NAMED,
    choose,
    planned_restores,
    restore_id,
    way_back_restores,
)
from sluis.runbook.restoring import NotBegunError, Signed, as_failed, carry_out
from sluis.runbook.run import OpenDossier, Run
from sluis.runbook.snapshot_settings import SnapshotSettings, read_settings
from sluis.runbook.written_choice import asked_less, chosen_faults, only_put_back
from sluis.scope.load import load_scope
from sluis.scope.model import Asset
from support import evidence_made as ev
from support.outcomes import PLAN, laid_down
from support.scopes import CHANGE, CLIENT, scope_dict, to_yaml
from support.small_change import SmallChange, small_change

ARGS = {"asset": "files-one", "which": BEFORE}
LATER = ev.NOW + timedelta(minutes=5)
WHOLE = "0a1b2c3d" * 8


def dossier_at(path: Path) -> OpenDossier:
    return OpenDossier(path, None, ObjectStore(path), None, None)  # type: ignore[arg-type]


def run_in(path: Path) -> Run:
    return Run(Places(path), "acme", "CHG-1", "apply", "update.yml", ("h1", "h2"), ())


def step(made: ev.Made, name: str, host: str, state: Any, **more: Any) -> Step:
    return Step(
        step=name, host=host, state=state, plan_object=made.plan.digest(),
        call_sha256=ev.EMPTY, **more,
    )  # fmt: skip


def source_of(asset: Asset) -> str:
    return source_digest(asset.kind, asset.location, asset.exclude)


def of_their_sources(made: ev.Made) -> ev.Made:
    """Each copy is of what the scope says, where a test says nothing else."""
    sources = {asset.id: source_of(asset) for asset in made.scope.assets}
    bodies = tuple(
        (body.model_copy(update={"made_by": {"source": sources[body.asset]}}), at)
        if isinstance(body, Snapshot) and not body.made_by
        else (body, at)
        for body, at in made.bodies
    )
    return replace(made, bodies=bodies)


def found(made: ev.Made, tmp_path: Path) -> str:
    evidence = of_their_sources(made).evidence()
    chosen = choose(run_in(tmp_path), dossier_at(tmp_path), evidence, ARGS)
    assert chosen.reached is not None
    return chosen.body.snapshot_id


def taken(
    made: ev.Made, purpose: str, name: str, reached: str | None = "V6", **more: Any
) -> ev.Made:
    """One more snapshot of files-one, and what was proven about it."""
    fields = {"purpose": purpose, "snapshot_id": name, **more}
    body = ev.snapshot("files-one", fields.pop("host", "h1"), "192.0.2.1", LATER, **fields)
    made = made.and_then(body, at=LATER)
    proof = ev.verification("files-one", ev.digest_of(len(made.bodies)), name, reached)
    return made.and_then(proof, at=LATER)


def with_quiesce(made: ev.Made) -> ev.Made:
    """The same change with a step that only stops the service."""
    first = ev.step("stop-service", "h1", "192.0.2.1", quiesce=True)
    plan = made.plan.model_copy(update={"steps": (first, *made.plan.steps)})
    bodies = tuple(
        (body.model_copy(update={"plan_object": plan.digest()}), at)
        if hasattr(body, "plan_object")
        else (body, at)
        for body, at in made.bodies
    )
    return replace(made, plan=plan, bodies=bodies)


def test_case_A6_before_the_change_is_the_newest_proven_snapshot(tmp_path: Path) -> None:
    made = ev.made()
    assert found(made, tmp_path).startswith("files-one-")
    assert found(taken(made, "catch-up", "second"), tmp_path) == "second"


def test_a_snapshot_of_the_broken_state_is_never_the_way_back(tmp_path: Path) -> None:
    made = ev.made()
    made = made.and_then(
        step(made, "install", "h1", "started"), step(made, "install", "h1", "failed")
    )
    made = taken(made, "broken state", "broken")
    assert found(made, tmp_path) != "broken"


def test_a_catch_up_after_the_first_step_is_not_from_before_the_change(tmp_path: Path) -> None:
    """Apply was killed after a step, and started again: what it snapshots then is changed data."""
    made = ev.made()
    changed = made.and_then(step(made, "install", "h1", "done"))
    assert found(taken(changed, "catch-up", "half changed"), tmp_path) != "half changed"


def test_a_catch_up_after_quiescing_is_from_before_the_change(tmp_path: Path) -> None:
    made = with_quiesce(ev.made())
    quiet = made.and_then(
        step(made, "stop-service", "h1", "started"), step(made, "stop-service", "h1", "done")
    )
    fresh = taken(quiet, "catch-up", "fresh")
    assert found(fresh, tmp_path) == "fresh"
    on = fresh.and_then(step(made, "install", "h1", "started"))
    assert found(on, tmp_path) == "fresh"
    assert found(taken(on, "catch-up", "too late"), tmp_path) == "fresh"


@pytest.mark.parametrize("reached", [None, "V0", "V2"])
def test_what_was_never_restored_is_not_put_back(tmp_path: Path, reached: str | None) -> None:
    """Nor an older copy in its place: what came since would be lost, and nobody said so."""
    made = taken(ev.made(), "catch-up", "unproven", reached)
    with pytest.raises(RefusedError, match="no-proven-snapshot"):
        found(made, tmp_path)


@pytest.mark.parametrize(
    "more",
    [
        {"made_by": {"source": "0" * 64}},
        {"made_by": {"identity": {}}},
        {"host": "h2"},
        {"purpose": "adopted"},
    ],
    ids=["another folder", "nobody can tell of which", "another host", "somebody else's backup"],
)
def test_case_A6_a_copy_of_something_else_is_not_put_back(
    tmp_path: Path, more: dict[str, Any]
) -> None:
    """An id was given to another folder since: its copy would come over other data."""
    other = {"purpose": "catch-up", **more}
    with pytest.raises(RefusedError, match="no-proven-snapshot"):
        found(taken(ev.made(), other.pop("purpose"), "other", **other), tmp_path)


def test_a_ledger_that_does_not_hold_gives_nothing(tmp_path: Path) -> None:
    class Problem:
        sentence = "A statement was removed."

    with pytest.raises(EvidenceError, match="ledger-does-not-hold"):
        found(replace(ev.made(), problems=(Problem(),)), tmp_path)


def test_an_asset_outside_the_scope_gives_nothing(tmp_path: Path) -> None:
    args = {"asset": "other", "which": BEFORE}
    with pytest.raises(InputError, match="asset-not-in-scope"):
        choose(run_in(tmp_path), dossier_at(tmp_path), ev.made().evidence(), args)


# ---- named: a snapshot in the dossier of another change, on disk and signed


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SmallChange:
    return small_change(tmp_path, monkeypatch, ev.NOW)


def opened(small: SmallChange, change: str) -> tuple[Run, OpenDossier]:
    from sluis.evidence.ledger import Ledger

    places = small.places
    anchors = load_anchors(places.trust(CLIENT), CLIENT)
    path = places.dossier(CLIENT, change)
    folder = places.change(CLIENT, change)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "scope.yml").write_text(to_yaml(scope_dict({"change": change, "job": "restore"})))
    run = Run(places, CLIENT, change, "prepare", "restore.yml", ("h1", "h2"), ())
    ledger = Ledger(path, anchors, CLIENT, change)
    return run, OpenDossier(path, ledger, ObjectStore(path), anchors, small.key)


def record(small: SmallChange, **more: Any) -> str:
    body = ev.snapshot(
        "letters", "h2", "192.0.2.2", ev.NOW, **{"snapshot_id": WHOLE, **more}
    )  # fmt: skip
    (digest,) = small.record(body)
    small.record(ev.verification("letters", digest, WHOLE, "V5"))
    return digest


def described(**more: Any) -> list[dict[str, Any]]:
    return [{"asset": "letters", "from_change": CHANGE, "snapshot_id": WHOLE, **more}]


def test_a_named_snapshot_is_fixed_by_its_statement(
    small: SmallChange, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sluis.runbook.restore_choice.now", lambda: LATER)
    digest = record(small)
    run, dossier = opened(small, "CHG-2000")
    assert planned_restores(run, dossier, "h1", described()) == []
    (planned,) = planned_restores(run, dossier, "h2", described())
    assert planned["args"] == {
        "asset": "letters", "which": NAMED, "from_change": CHANGE, "snapshot_id": WHOLE,
        "statement": digest, "made_at": "2026-11-20 12:00 UTC", "reached": "V5",
        "tolerate_use": False,
    }  # fmt: skip
    assert planned["words_restore"] == (
        "Scanned letters: we first restore the copy of Friday 20 November 2026 at 12:00 (UTC) to a "
        "separate place, and compare it with what we copied."
    )
    evidence = ev.made().evidence()
    scope = evidence.scope.model_copy(  # type: ignore[union-attr]
        update={"assets": (ev.scope().assets[0].model_copy(update={"id": "letters"}),)}
    )
    evidence = replace(evidence, scope=scope)
    chosen = choose(run, dossier, evidence, planned["args"])
    assert chosen.statement.sha256 == digest
    assert restore_id(run.change, chosen, "5f1c0c5e" * 8) == "CHG-2000-0a1b2c3d-5f1c0c5e"
    assert re.fullmatch(r"C{82}-0a1b2c3d-5f1c0c5e", restore_id("C" * 128, chosen, "5f1c0c5e" * 8))
    with pytest.raises(EvidenceError, match="other-snapshot"):
        choose(run, dossier, evidence, {**planned["args"], "statement": "0" * 64})


@pytest.mark.parametrize("now_reached", [None, "V0", "V4", "V6"])
def test_L14_a_copy_is_put_back_only_as_well_proven_as_it_was_signed(
    small: SmallChange, monkeypatch: pytest.MonkeyPatch, now_reached: Any
) -> None:
    monkeypatch.setattr("sluis.runbook.restore_choice.now", lambda: LATER)
    digest = record(small)
    run, dossier = opened(small, "CHG-2000")
    (planned,) = planned_restores(run, dossier, "h2", described())
    evidence = ev.made().evidence()
    letters = ev.scope().assets[0].model_copy(update={"id": "letters"})
    scope = ev.scope().model_copy(update={"assets": (letters,)})
    evidence = replace(evidence, scope=scope)
    for typed in ("V6", ""):
        with pytest.raises(RefusedError, match="no-proven-snapshot"):
            choose(run, dossier, evidence, {**planned["args"], "reached": typed or None})
    with pytest.raises(EvidenceError, match="other-snapshot"):
        choose(run, dossier, evidence, {**planned["args"], "made_at": "1999-01-01 00:00 UTC"})

    small.record(ev.verification("letters", digest, WHOLE, now_reached))
    unproven = {**planned["args"], "reached": "not verified"}
    assert choose(run, dossier, evidence, unproven).reached == now_reached
    if now_reached == "V6":
        assert choose(run, dossier, evidence, planned["args"]).reached == "V6"
        return
    with pytest.raises(RefusedError, match=f"reached {now_reached or 'no level'}"):
        choose(run, dossier, evidence, planned["args"])


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"snapshot_id": "f" * 64}, "snapshot-not-found"),
        ({"snapshot_id": WHOLE[:8]}, "snapshot-not-found"),
        ({"asset": "patient-records"}, "snapshot-not-found"),
        ({"asset": "unheard-of"}, "asset-not-in-scope"),
        ({"from_change": "CHG-7"}, "snapshot-not-found"),
        ({"from_change": "../../elsewhere"}, "bad-change-id"),
        ({"also": 1}, "bad-restore-list"),
        ({"tolerate_use": "perhaps"}, "bad-restore-list"),
    ],
)
def test_what_evidence_does_not_know_is_not_planned(
    small: SmallChange, monkeypatch: pytest.MonkeyPatch, more: dict[str, Any], code: str
) -> None:
    monkeypatch.setattr("sluis.runbook.restore_choice.now", lambda: LATER)
    record(small)
    run, dossier = opened(small, "CHG-2000")
    host = "h1" if more.get("asset") == "patient-records" else "h2"
    with pytest.raises(SluisError) as caught:
        planned_restores(run, dossier, host, described(**more))
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"made_by": {"source": "0" * 64}, "place": "/srv/old"}, "made on h2 (/srv/old), and not"),
        ({"made_by": {"source": "0" * 64}}, "made on h2, and not at the place where Scanned"),
        ({"made_by": {}}, ""),
    ],
    ids=["another folder", "another database", "nobody can tell"],
)
def test_a_copy_of_another_place_is_put_there_only_when_the_client_reads_so(
    small: SmallChange, monkeypatch: pytest.MonkeyPatch, more: dict[str, Any], said: str
) -> None:
    monkeypatch.setattr("sluis.runbook.restore_choice.now", lambda: LATER)
    record(small, **more)
    run, dossier = opened(small, "CHG-2000")
    (planned,) = planned_restores(run, dossier, "h2", described())
    words = planned["words_restore"]
    assert (said in words) if said else ("That copy" not in words)


def test_a_list_that_is_none(small: SmallChange) -> None:
    run, dossier = opened(small, "CHG-2000")
    for wrong in (None, [], {}, "letters", described() * 2):
        with pytest.raises(InputError, match="bad-restore-list"):
            planned_restores(run, dossier, "h2", wrong)


def test_a_snapshot_of_another_kind_is_not_put_there(
    small: SmallChange, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sluis.runbook.restore_choice.now", lambda: LATER)
    record(small, asset_kind="sqlite")
    run, dossier = opened(small, "CHG-2000")
    with pytest.raises(EvidenceError, match="other-kind"):
        planned_restores(run, dossier, "h2", described())


def test_a_broken_database_that_was_kept_as_files_is_not_put_back(
    small: SmallChange, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sluis.runbook.restore_choice.now", lambda: LATER)
    record(small, made_by={"as_files": True})
    run, dossier = opened(small, "CHG-2000")
    with pytest.raises(EvidenceError, match="kept-as-files"):
        planned_restores(run, dossier, "h2", described())


def test_a_dossier_that_was_tampered_with_gives_no_snapshot(
    small: SmallChange, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sluis.runbook.restore_choice.now", lambda: LATER)
    record(small)
    statement = small.dossier / "statements" / "000001.json"
    statement.chmod(0o600)
    statement.write_bytes(statement.read_bytes().replace(b"a", b"b", 1))
    run, dossier = opened(small, "CHG-2000")
    with pytest.raises(EvidenceError, match="ledger-does-not-hold"):
        planned_restores(run, dossier, "h2", described())


def test_the_way_back_is_planned_for_what_has_a_snapshot_and_only_with_consent(
    small: SmallChange, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sluis.runbook.restore_choice.now", lambda: LATER)
    record(small)
    run, dossier = opened(small, CHANGE)
    assert way_back_restores(run, dossier, "h2", planning=True) == [], "of which place?"
    letters = load_scope(run.change_folder / "scope.yml").document.asset("letters")
    assert letters is not None
    record(small, made_by={"source": source_of(letters)})
    (planned,) = way_back_restores(run, dossier, "h2", planning=True)
    assert planned["args"] == {"asset": "letters", "which": BEFORE}
    assert way_back_restores(run, dossier, "h1", planning=True) == []
    path = run.change_folder / "scope.yml"
    path.write_text(to_yaml(scope_dict({"way_back.consent": False})))
    assert way_back_restores(run, dossier, "h2", planning=True) == []


def test_what_is_laid_down_goes_by_the_copies_and_what_is_carried_out_by_the_plan(
    small: SmallChange, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A change whose old plan began is planned anew by the copies that there are now."""
    monkeypatch.setattr("sluis.runbook.restore_choice.now", lambda: LATER)
    run, dossier = opened(small, CHANGE)
    small.lay_down(proven=False)
    small.record(step(ev.made(), "install", "h1", "done"))
    letters = load_scope(run.change_folder / "scope.yml").document.asset("letters")
    assert letters is not None
    record(small, made_by={"source": source_of(letters)})
    (planned,) = way_back_restores(run, dossier, "h2", planning=True)
    assert planned["asset"] == "letters"
    assert way_back_restores(run, dossier, "h2", planning=False) == [], "nobody signed for it"
    put_back = PLAN.steps[-1].model_copy(
        update={"host": "h2", "module": "asset_swap", "args": {"asset": "letters"}}
    )
    plan = PLAN.model_copy(update={"steps": (*PLAN.steps[:-1], put_back)})
    dossier.objects.put(plan.to_bytes())
    _, body = laid_down()
    small.record(body.model_copy(update={"plan_object": plan.digest()}))
    record(small, made_by={"source": "of another place"})
    assert way_back_restores(run, dossier, "h2", planning=True) == []
    (planned,) = way_back_restores(run, dossier, "h2", planning=False)
    assert planned["asset"] == "letters", "what was signed does not drop out"


# ---- as written in restore.yml: said by `sluis check`, with its line


def written(small: SmallChange, **fields: str) -> list[tuple[str, int, str]]:
    said = {"asset": "letters", "from_change": CHANGE, "snapshot_id": WHOLE, **fields}
    lines = "\n".join(f'    {name}: "{value}"' for name, value in said.items())
    item = read_written(f"restore_asset_list:\n  -\n{lines}\n".encode())
    faults = chosen_faults("r.yml", item.value["restore_asset_list"], small.places, CLIENT)
    return [(one.code, one.line, one.remedy) for one in faults]


@pytest.mark.parametrize(
    ("fields", "code", "line", "meant"),
    [
        ({"snapshot_id": WHOLE[:8]}, "wrong-form", 5, WHOLE),
        ({"snapshot_id": WHOLE[:-1] + "0"}, "no-such-snapshot", 5, WHOLE),
        ({"from_change": f"{CHANGE}0"}, "no-such-change", 4, CHANGE),
        ({"asset": "files-one"}, "no-such-snapshot", 5, None),
        ({"snapshot_id": "{{ newest }}"}, None, 0, None),
        ({"from_change": "{{ other }}"}, None, 0, None),
        ({}, None, 0, None),
    ],
)
def test_a_snapshot_that_is_not_there_is_said_with_its_line(
    small: SmallChange, fields: dict[str, str], code: str | None, line: int, meant: str | None
) -> None:
    record(small)
    found = written(small, **fields)
    assert [one[:2] for one in found] == ([(code, line)] if code else [])
    for _, _, remedy in found:
        assert remedy.startswith(f"Did you mean {meant!r}?") is (meant is not None), remedy


def test_without_any_dossier_only_the_form_of_an_id_is_looked_at(small: SmallChange) -> None:
    assert [one[0] for one in written(small, from_change="CHG-0")] == []
    ((code, _, remedy),) = written(small, from_change="CHG-0", snapshot_id=WHOLE[:8])
    assert (code, f"sluis status {CLIENT} CHG-0" in remedy) == ("wrong-form", True)


def test_a_dossier_that_cannot_be_believed_names_no_snapshot(small: SmallChange) -> None:
    record(small)
    shutil.rmtree(small.places.trust(CLIENT))
    assert written(small, snapshot_id="f" * 64) == []


# ---- the store it lies in, and the store that the inventory names: said by `sluis check`


class AsItIs:
    """Nothing here is a template."""

    def template(self, variable: Any) -> Any:
        return variable


NOW_NAMED = {
    "id": "kelder", "kind": "rest", "url": "https://127.0.44.1:8444/apotheek/", "machine": "nas",
    "site": "North", "country": "NL", "provider": "Example Hosting",
}  # fmt: skip


def settings_of(store: dict[str, Any]) -> SnapshotSettings:
    said = {
        "snapshot_and_verify_store": store,
        "snapshot_and_verify_store_secrets": {"repository_password": "x"},
    }
    return read_settings(said, AsItIs())


def restoring(small: SmallChange) -> Run:
    """A change that puts back what CHG-1042 kept, described in files."""
    folder = small.places.change(CLIENT, "CHG-2000")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "scope.yml").write_text(to_yaml(scope_dict({"change": "CHG-2000"})))
    (folder / "restore.yml").write_text(yaml.safe_dump({"restore_asset_list": described()}))
    return Run(small.places, CLIENT, "CHG-2000", "prepare", "check.yml", ("h1", "h2"), ())


@pytest.mark.parametrize(
    "there",
    [
        {"id": "old", "kind": "rest", "location": "https://127.0.44.9:8443/apotheek/"},
        {"id": "old", "kind": "local", "location": "/mnt/usb/repo"},
        {"id": "old", "kind": "sftp", "location": "sftp://keep@nas9:2222/srv/repo"},
    ],
    ids=lambda one: str(one["kind"]),
)
def test_newcomer_a_snapshot_in_another_store_than_the_inventory_names_is_said_beforehand(
    small: SmallChange, there: dict[str, str]
) -> None:
    """It was said after the client had signed, with a remedy that nobody could carry out."""
    place = {"machine": "nas9", "site": "North", "country": "NL", "provider": "Example Hosting"}
    record(small, store={**there, **place})
    run = restoring(small)
    findings = look_at_settings(run, "h2", settings_of(NOW_NAMED), "192.0.2.2")
    (found,) = [one for one in findings if one.code == "other-store"]
    assert (found.host, found.stops, found.written) == ("h2", True, True)
    assert f"the snapshot {WHOLE[:8]} of letters lies in the store old at {there['location']}" in (
        found.what
    )
    assert "names the store kelder at https://127.0.44.1:8444/apotheek/." in found.what
    assert "write today's store again after the hand-over" in found.remedy
    # what is pasted mends it
    line = found.remedy.partition("that store: ")[2].partition("}")[0] + "}"
    pasted = yaml.safe_load(line)
    if there["kind"] == "sftp":
        pasted["host_key"] = "ssh-ed25519 AAAA"
    again = look_at_settings(run, "h2", settings_of(pasted), "192.0.2.2")
    assert "other-store" not in [one.code for one in again]
    # the other host puts nothing back
    others = look_at_settings(run, "h1", settings_of(NOW_NAMED), "192.0.2.1")
    assert "other-store" not in [one.code for one in others]


def test_newcomer_a_restore_that_finds_another_store_asks_the_host_nothing(
    small: SmallChange, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sluis.runbook.restore_choice.now", lambda: LATER)
    record(small)
    run, dossier = opened(small, "CHG-2000")
    (planned,) = planned_restores(run, dossier, "h2", described())
    letters = ev.scope().assets[0].model_copy(update={"id": "letters"})
    evidence = replace(
        ev.made().evidence(), scope=ev.scope().model_copy(update={"assets": (letters,)})
    )
    chosen = choose(run, dossier, evidence, planned["args"])
    signed = Signed(run, dossier, evidence, chosen, "h2", "asset_restore")

    def nobody(*_: Any) -> Any:
        raise AssertionError("the host is asked nothing")

    with pytest.raises(NotBegunError) as told:
        carry_out(signed, settings_of(NOW_NAMED), nobody, nobody)
    failed = as_failed(told.value)
    assert (failed["untouched"], failed["sluis"]["code"]) == (True, "other-store")
    assert "write today's store again after the hand-over" in failed["sluis"]["remedy"]


# ---- less is asked of what is only put back, and why is said


STARTS = {"step": "start", "module": "ansible.builtin.systemd_service",
          "args": {"name": "practice", "state": "started"}}  # fmt: skip
REMOVES = {"step": "tidy", "module": "ansible.builtin.file", "args": {"path": "/a", "state": "x"}}


@pytest.mark.parametrize(
    ("steps", "reached", "less"),
    [
        ([], "V5", True),
        ([STARTS], "V3", True),
        ([STARTS, REMOVES], "V5", False),
        ([{**STARTS, "secret_args": {"name": "x"}}], "V5", False),
        ([{"step": "no module yet"}], "V5", False),
        ([], "V2", False),
        ([], None, False),
    ],
)
def test_newcomer_why_less_is_asked_of_what_is_put_back_is_said_by_check(
    small: SmallChange, steps: list[dict[str, Any]], reached: str | None, less: bool
) -> None:
    """Check ended with 1 for a level that nobody asks, and prepare then said nothing of it."""
    digest = record(small)
    small.record(ev.verification("letters", digest, WHOLE, reached))
    run = restoring(small)
    path = run.change_folder / "restore.yml"
    said = yaml.safe_load(path.read_text()) | {"software_update_steps": steps}
    scope = run.change_folder / "scope.yml"
    scope.write_text(scope.read_text().replace('criticality: "low"', 'criticality: "normal"'))
    path.write_text(yaml.safe_dump(said))
    assert only_put_back(path, small.places, CLIENT) == ({"letters"} if less else set())
    own = settings_of({**NOW_NAMED, "machine": "h2"})
    found = look_at_settings(run, "h2", own, "192.0.2.2")
    inside = [one.what for one in found if one.code == "store-on-the-same-machine"]
    assert [("letters" in one) for one in inside] == ([] if less else [True])
    document = load_scope(run.change_folder / "scope.yml").document
    told = asked_less(run.change_folder, small.places, CLIENT, document)
    assert told == ((f"letters: V6 is not asked of it: {WHY_LESS}.",) if less else ())
