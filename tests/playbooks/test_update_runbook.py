"""The update and the restore runbook from end to end, on the lab's real servers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from sluis.evidence.predicates import Check, Handover, Snapshot, Step, Verification
from sluis.evidence.verify import verify_dossier
from sluis.rehearsal.client_files import write_scope
from sluis.rehearsal.fingerprint import Fingerprint, fingerprint
from sluis.rehearsal.lab import Lab
from sluis.rehearsal.vendor import Version, write_update
from support.signed_change import LabChange, new_change

#: what a snapshot leaves in a folder or a database
NONCE = (".sluis-nonce", "sluis_nonce")


@pytest.fixture
def lab() -> Iterator[Lab]:
    """A lab of one's own: these tests change its data."""
    with Lab() as running:
        yield running


def update_to(lab: Lab, root: Path, version: Version, *, consent: bool = True) -> LabChange:
    change = new_change(lab, root, f"CHG-{version}", consent=consent, small=False)
    write_update(lab, change.who, change.change, version)
    return change


def run(change: LabChange, phase: str, *, playbook: str = "update", ok: bool = True) -> str:
    done = change.playbook("-e", f"phase={phase}", playbook=f"playbooks/{playbook}.yml")
    assert (done.returncode == 0) is ok, done.stdout + done.stderr
    return done.stdout + done.stderr


def holds(change: LabChange) -> None:
    """The whole dossier can be verified: chain, signatures, objects, references, time."""
    verdict = verify_dossier(change.dossier, change.ledger.anchors, datetime.now(UTC))
    assert verdict.holds, verdict.as_dict()


def differences(before: Fingerprint, after: Fingerprint) -> list[str]:
    """What differs, but for the nonce, which is new at each snapshot."""
    return [name for name in before.differences(after) if not name.endswith(NONCE)]


def result(change: LabChange) -> str:
    handover = change.view().latest(Handover)
    assert handover is not None
    return handover.body.result


@pytest.mark.slow
def test_case_A1_A11_an_update_with_proof_before_and_checks_after(lab: Lab, tmp_path: Path) -> None:
    change = update_to(lab, tmp_path / "project", "5.1")
    run(change, "prepare")
    before = fingerprint(lab)
    assert lab.health()["version"] == "5.0", "prepare changes nothing"
    reached = {item.body.asset: item.body.reached for item in change.view().of(Verification)}
    assert reached == {"patient-database": "V6", "documents": "V6", "application": "V6"}
    change.sign()
    run(change, "apply")
    assert lab.health()["version"] == "5.1"
    assert result(change) == "applied"
    view = change.view()
    first_step = view.of(Step)[0].number
    proven = {item.body.snapshot for item in view.of(Verification) if item.number < first_step}
    assert {s.body.asset for s in view.of(Snapshot) if s.sha256 in proven} == set(reached)
    checks = view.of(Check)
    assert len(checks) == 6
    assert all(item.body.passed for item in checks)
    assert differences(before, fingerprint(lab))
    holds(change)


@pytest.mark.slow
def test_case_A6_A7_a_broken_update_is_put_back(lab: Lab, tmp_path: Path) -> None:
    change = update_to(lab, tmp_path / "project", "5.2")
    run(change, "prepare")
    # work goes on between the proof and the update; the catch-up snapshot has it
    lab.sql("update patient set remarks = 'seen today' where id = 1")
    (lab.documents / "letter-of-today.txt").write_text("written after the first snapshot\n")
    before = fingerprint(lab)
    change.sign()
    output = run(change, "apply", ok=False)
    assert differences(before, fingerprint(lab)) == [], output
    assert lab.health()["version"] == "5.0"
    assert result(change) == "failed and restored"
    view = change.view()
    failed = next(item for item in view.of(Step) if item.body.state == "failed")
    assert failed.body.step == "migrate-database"
    broken = [item for item in view.of(Snapshot) if item.body.purpose == "broken state"]
    assert {item.body.asset for item in broken} == {
        "patient-database", "documents", "application",
    }  # fmt: skip
    back = [item for item in view.of(Step) if item.body.step.startswith("swap-")]
    assert min(item.number for item in back) > max(item.number for item in broken)
    handover = view.latest(Handover)
    assert handover is not None
    assert len(handover.body.quarantine) == 3, "what was displaced is kept"
    assert handover.body.not_undone == ()
    assert handover.body.after_way_back == "passed", handover.body.sentence
    again = [item.body for item in view.of(Check) if item.body.check == "old-version-answers"]
    assert [item.passed for item in again] == [True], "it is checked once, after the way back"
    holds(change)

    again = run(change, "apply", ok=False)
    assert "change-closed" in change.refusals(), again
    assert differences(before, fingerprint(lab)) == []


@pytest.mark.slow
def test_case_A6_a_restore_is_a_change_of_its_own(lab: Lab, tmp_path: Path) -> None:
    """Without consent the data stays broken until the client signs the restore."""
    change = update_to(lab, tmp_path / "project", "5.2", consent=False)
    run(change, "prepare")
    before = fingerprint(lab)
    change.sign()
    run(change, "apply", ok=False)
    assert result(change) == "failed"
    assert differences(before, fingerprint(lab))
    broken = fingerprint(lab)

    restore = LabChange(lab, change.who, "CHG-RESTORE")
    write_scope(
        lab, change.who, restore.change, today=datetime.now(UTC).date(),
        title="Put the records back", job="restore",
    )  # fmt: skip
    wanted = {
        asset: [s for s in change.view().of(Snapshot) if s.body.asset == asset][-1].body
        for asset in ("patient-database", "documents", "application")
    }
    update = yaml.safe_load(
        (change.who.places.change(change.who.client, change.change) / "update.yml").read_text()
    )
    (change.who.places.change(change.who.client, restore.change) / "restore.yml").write_text(
        yaml.safe_dump(
            {
                "restore_asset_list": [
                    {
                        "asset": asset,
                        "from_change": change.change,
                        "snapshot_id": snapshot.snapshot_id,
                    }
                    for asset, snapshot in wanted.items()
                ],
                "software_update_steps": [
                    {name: value for name, value in step.items() if name != "undoes"}
                    for step in update["software_update_way_back"]
                ],
                "service_checks_list": [
                    item for item in update["service_checks_list"] if item["id"].startswith("every")
                ],
            }
        )
    )
    run(restore, "prepare", playbook="restore")
    assert differences(broken, fingerprint(lab)) == [], "prepare changes nothing"
    run(restore, "apply", playbook="restore", ok=False)
    assert differences(broken, fingerprint(lab)) == [], "without a signature nothing is put back"
    restore.sign()
    run(restore, "apply", playbook="restore")
    assert differences(before, fingerprint(lab)) == []
    assert lab.health()["version"] == "5.0"
    assert result(restore) == "applied"
    purposes = {item.body.purpose for item in restore.view().of(Snapshot)}
    assert purposes == {"broken state"}
    holds(restore)
