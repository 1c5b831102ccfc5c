"""What the client signed to be put back has a copy that can be, or no step goes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sluis.evidence.copies import source_digest
from sluis.evidence.predicates import Refusal, Snapshot, Step, Verification
from sluis.gate.decide import decide
from sluis.gate.way_back import is_of_its_source, way_back_exists
from support.evidence_made import EMPTY, NOW, Made, digest_of, made, snapshot, step, verification

ASSET = "files-one"


SWAP = step(
    "swap-files-one", "h1", "192.0.2.1", module="asset_swap", way_back=True, args={"asset": ASSET}
)  # fmt: skip


def signed(*, steps: tuple[Any, ...] = (SWAP,)) -> Made:
    """A signed change that puts an asset back if it fails, and has its own copy for that."""
    change = made((step("install", "h1", "192.0.2.1"), *steps))
    source = {
        asset.id: source_digest(asset.kind, asset.location, asset.exclude)
        for asset in change.scope.assets
    }
    return replace(
        change,
        bodies=tuple(
            (body.model_copy(update={"made_by": {"source": source[body.asset]}}), at)
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


def test_each_asset_without_a_way_back_is_named() -> None:
    """One that has its copy does not end the look."""
    back = {"way_back": True, "module": "asset_swap"}
    swaps = (
        step("swap-files-one", "h1", "192.0.2.1", **back, args={"asset": ASSET}),
        step("swap-files-two", "h2", "192.0.2.2", **back, args={"asset": "files-two"}),
        step("swap-nothing", "h2", "192.0.2.2", **back, args={"asset": "of no scope"}),
    )
    change = signed(steps=swaps)
    assert found(change) == []
    second = change.view().of(Snapshot)[1]
    adopted = second.body.model_copy(update={"purpose": "adopted"})
    assert found(change.and_then(adopted)) == [("way-back-gone", "files-two")]
    first = change.view().of(Snapshot)[0].body.model_copy(update={"purpose": "adopted"})
    both = change.and_then(first, adopted)
    assert found(both) == [("way-back-gone", ASSET), ("way-back-gone", "files-two")]


def test_without_a_plan_or_a_scope_nothing_is_missed() -> None:
    change = signed()
    assert way_back_exists(replace(change.evidence(), plan=None)) == []
    assert way_back_exists(replace(change.evidence(), scope=None)) == []


def test_of_what_a_copy_is_nobody_can_tell_when_it_does_not_say() -> None:
    change = signed()
    asset = change.scope.asset(ASSET)
    assert asset is not None
    taken = change.view().of(Snapshot)[0].body
    assert is_of_its_source(taken, asset) is True
    assert is_of_its_source(taken.model_copy(update={"made_by": {"source": EMPTY}}), asset) is False
    assert is_of_its_source(taken.model_copy(update={"made_by": {}}), asset) is None
    fetched = asset.model_copy(update={"origin": object()})
    assert is_of_its_source(taken.model_copy(update={"made_by": {}}), fetched) is True
    elsewhere = asset.model_copy(update={"host": "h9"})
    assert is_of_its_source(taken, elsewhere) is False


def test_what_nobody_signed_to_be_put_back_needs_no_copy_for_it() -> None:
    assert found(newer(signed(steps=()), purpose="adopted")) == []


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
