"""An update that is killed while it is prepared and handed over tells nothing that is untrue."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sluis.evidence.predicates import Check, Handover, Plan, Snapshot, Step, Verification
from sluis.evidence.verify import verify_dossier
from sluis.rehearsal.fingerprint import fingerprint
from sluis.rehearsal.lab import Lab
from support.killed import kill_when
from support.signed_change import LabChange, marker_steps, new_change


@pytest.fixture
def lab() -> Iterator[Lab]:
    """A lab of one's own: these tests change its data."""
    with Lab() as running:
        yield running


def holds(change: LabChange) -> None:
    """What is on record so far can be verified, whole."""
    verdict = verify_dossier(change.dossier, change.ledger.anchors, datetime.now(UTC))
    assert verdict.holds, verdict.as_dict()


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_killed_in_every_part_of_prepare_and_before_the_hand_over(lab: Lab, tmp_path: Path) -> None:
    change = new_change(lab, tmp_path / "project", software_update_steps=marker_steps())
    before = fingerprint(lab)

    def more(kind: type) -> Callable[[], bool]:
        """Whether there is one more statement of this kind than now."""
        had = len(change.view().of(kind))
        return lambda: len(change.view().of(kind)) > had

    for kind in (Snapshot, Verification):
        kill_when(change, "prepare", more(kind))
        holds(change)
        view = change.view()
        assert not view.of(Plan), "nothing is laid down over half a preparation"
        proven = {item.body.snapshot_id for item in view.of(Verification)}
        assert proven <= {item.body.snapshot_id for item in view.of(Snapshot)}
        refused = change.playbook("-e", "phase=apply")
        assert refused.returncode != 0, refused.stdout
        assert not change.view().of(Step)
        assert not any(change.markers().values())
    prepared = change.playbook("-e", "phase=prepare")
    assert prepared.returncode == 0, prepared.stdout + prepared.stderr
    assert [name for name in before.differences(fingerprint(lab)) if "nonce" not in name] == []

    change.sign()
    kill_when(change, "apply", more(Check))
    holds(change)
    assert not change.view().of(Handover)
    resumed = change.playbook("-e", "phase=apply")
    assert resumed.returncode == 0, resumed.stdout + resumed.stderr
    done = [item.body for item in change.view().of(Step) if item.body.state == "done"]
    assert len(done) == len({(step.step, step.host) for step in done}), "no step ran twice"
    (handover,) = change.view().of(Handover)
    assert handover.body.result == "applied"
    holds(change)
