"""The hand-over after a failure says where displaced data lies; seen in seconds, without hosts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sluis.evidence.anchors import load_anchors
from sluis.evidence.ledger import Ledger
from sluis.evidence.objects import ObjectStore
from sluis.evidence.predicates import Handover
from sluis.runbook.handover import give_up, hand_over
from sluis.runbook.run import OpenDossier
from support.outcomes import check, done, laid_down, step
from support.scopes import CHANGE, CLIENT
from support.small_change import SmallChange, small_change

PLACE = "/srv/data.sluis-20261103T120000Z-1"


@pytest.fixture
def change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SmallChange:
    made = small_change(tmp_path, monkeypatch)
    made.record(*laid_down())
    return made


def ended(change: SmallChange, name: str, host: str, state: str, **result: object) -> None:
    """A step that began and ended; ``result`` is kept as the guarded action keeps it."""
    objects = ObjectStore(change.dossier)
    kept = objects.put(json.dumps(result).encode()) if result else None
    change.record(
        step(name, host, "started"),
        step(name, host, state).model_copy(update={"result_object": kept}),
    )


def handed_over(change: SmallChange, *, applied: bool = False) -> Handover:
    anchors = load_anchors(change.places.trust(CLIENT), CLIENT)
    ledger = Ledger(change.dossier, anchors, CLIENT, CHANGE)
    end = hand_over if applied else give_up
    end(OpenDossier(change.dossier, ledger, ObjectStore(change.dossier), anchors, change.key))
    recorded = change.ledger.read(change.later).latest(Handover)
    assert recorded is not None
    return recorded.body


def test_W11_the_hand_over_says_where_displaced_data_lies(change: SmallChange) -> None:
    ended(change, "install", "h1", "done", changed=True)
    ended(change, "install", "h2", "failed", msg="no")
    ended(change, "restore", "h1", "done", changed=True, quarantine=PLACE)
    assert handed_over(change).quarantine == {"restore on h1": PLACE}


def test_W11_each_host_has_its_own(change: SmallChange) -> None:
    ended(change, "install", "h1", "failed", quarantine=f"{PLACE}-1")
    ended(change, "install", "h2", "failed", quarantine=f"{PLACE}-2")
    assert handed_over(change).quarantine == {
        "install on h1": f"{PLACE}-1", "install on h2": f"{PLACE}-2",
    }  # fmt: skip


def test_W11_without_displaced_data_none_is_named(change: SmallChange) -> None:
    ended(change, "install", "h1", "done", changed=True, quarantine=None)
    ended(change, "install", "h2", "failed")
    assert handed_over(change).quarantine == {}


def test_W11_the_steps_of_another_plan_are_not_this_ones(change: SmallChange) -> None:
    kept = ObjectStore(change.dossier).put(json.dumps({"quarantine": PLACE}).encode())
    other = {"plan_object": "b" * 64, "result_object": kept}
    change.record(step("restore", "h1", "done").model_copy(update=other))
    ended(change, "install", "h1", "failed", msg="no")
    assert handed_over(change).quarantine == {}


def test_first_day_a_restore_that_was_applied_names_its_quarantine(change: SmallChange) -> None:
    ended(change, "install", "h1", "done", changed=True, quarantine=PLACE)
    change.record(*done("install", "h2"), check(passed=True))
    said = handed_over(change, applied=True)
    assert (said.result, said.quarantine) == ("applied", {"install on h1": PLACE})
