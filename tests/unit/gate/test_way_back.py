"""What the client signed to be put back has a copy that can be, or no step goes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sluis.evidence.copies import source_digest
from sluis.evidence.predicates import Refusal, Snapshot, Step, Verification
from sluis.gate.decide import decide
from sluis.gate.way_back import way_back_exists
from support.evidence_made import EMPTY, NOW, Made, digest_of, made, snapshot, step, verification

ASSET = "files-one"


def signed(*, swaps: bool = True) -> Made:
    """A signed change that puts an asset back if it fails, and has its own copy for that."""
    back = {"way_back": True, "args": {"asset": ASSET}}
    steps = [step("install", "h1", "192.0.2.1")]
    if swaps:
        steps.append(step("swap-files-one", "h1", "192.0.2.1", module="asset_swap", **back))
    change = made(tuple(steps))
    asset = change.scope.asset(ASSET)
    assert asset is not None
    source = source_digest(asset.kind, asset.location, asset.exclude)
    return replace(
        change,
        bodies=tuple(
            (body.model_copy(update={"made_by": {"source": source}}), at)
            if isinstance(body, Snapshot)
            else (body, at)
            for body, at in change.bodies
        ),
    )


def found(change: Made) -> list[tuple[str, str]]:
    return [(one.code, one.about) for one in way_back_exists(change.evidence())]


def newer(change: Made, reached: str | None = "V6", **more: Any) -> Made:
    """One more copy of the asset, and what was proven of it."""
    source = change.view().of(Snapshot)[0].body.made_by
    taken = snapshot(ASSET, more.pop("host", "h1"), "192.0.2.1", NOW, **{"made_by": source, **more})
    change = change.and_then(taken)
    of = digest_of(len(change.bodies))
    return change.and_then(verification(ASSET, of, taken.snapshot_id, reached))


def test_a_proven_copy_of_this_place_is_a_way_back() -> None:
    assert found(signed()) == []
    assert found(newer(signed(), "V3")) == []


@pytest.mark.parametrize(
    ("reached", "more"),
    [
        ("V6", {"purpose": "adopted"}),
        ("V6", {"made_by": {"source": EMPTY}}),
        ("V6", {"made_by": {}}),
        ("V6", {"host": "h2"}),
        ("V2", {}),
        (None, {}),
    ],
    ids=["adopted", "another folder", "of nobody knows what", "another host", "V2", "nothing"],
)
def test_a_newest_copy_that_cannot_be_put_back_stops_every_step(
    reached: str | None, more: dict[str, Any]
) -> None:
    """The older copy is from before what came since, so it is no way back either."""
    change = newer(signed(), reached, **more)
    assert found(change) == [("way-back-gone", ASSET)]
    answer = decide(change.evidence(), change.demand(step=change.plan.steps[0]), NOW)
    assert isinstance(answer, Refusal)
    assert ("way-back-gone", ASSET) in {(one.code, one.about) for one in answer.reasons}


def test_without_a_proof_there_is_no_way_back() -> None:
    assert found(signed().without(Verification)) == [("way-back-gone", ASSET)]


def test_what_nobody_signed_to_be_put_back_needs_no_copy_for_it() -> None:
    assert found(newer(signed(swaps=False), purpose="adopted")) == []


def test_the_broken_state_and_what_came_after_the_first_step_are_not_put_back() -> None:
    change = signed()
    assert found(newer(change, None, purpose="broken state")) == []
    begun = change.and_then(
        Step(
            step="install", host="h1", state="started", plan_object=change.plan.digest(),
            call_sha256=EMPTY,
        )
    )  # fmt: skip
    assert found(newer(begun, None)) == []


def test_the_way_back_itself_is_not_asked() -> None:
    change = newer(signed(), purpose="adopted")
    answer = decide(change.evidence(), change.demand(step=change.plan.steps[-1]), NOW)
    assert isinstance(answer, Refusal)
    assert "way-back-gone" not in {one.code for one in answer.reasons}
