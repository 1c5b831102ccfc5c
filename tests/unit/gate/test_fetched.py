"""What the last pass brings over waits for the move, the pass, its proof and the freeze."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from sluis.evidence.predicates import Behind, Body, Export, Freeze, Machine, Refusal, Step
from sluis.gate.decide import decide
from sluis.gate.fetched import awaits_freeze
from sluis.plan.behind import BehindList
from support.evidence_made import EMPTY, NOW, Made, made, snapshot, step, verification

ASSET = "files-one"
FREEZE = {"who": "A. Client", "words": "The site becomes read-only."}
FROZEN_AT = NOW - timedelta(minutes=20)


def move(*, freeze: bool) -> Made:
    """A signed plan that moves an asset, and brings what came since."""
    args = {"asset": ASSET}
    steps = (
        step("import-files-one", "h1", "192.0.2.1", args=args),
        step("finish-files-one", "h1", "192.0.2.1", args=args, last_pass=True),
    )
    return made(steps, freeze=FREEZE) if freeze else made(steps)


def looked(change: Made) -> Made:
    """Somebody looked at what of the newest pass stays behind: nothing."""
    passed = change.view().latest(Export)
    if passed is None:
        return change
    nothing = BehindList(asset=ASSET).digest()
    return change.and_then(Behind(asset=ASSET, export=passed.sha256, items=0, list_object=nothing))


def codes(change: Made) -> set[str]:
    change = looked(change)
    answer = decide(change.evidence(), change.demand(step=change.plan.steps[-1]), NOW)
    return {item.code for item in answer.reasons} if isinstance(answer, Refusal) else set()


def done(change: Made) -> list[Body]:
    common: dict[str, Any] = {
        "step": "import-files-one", "host": "h1", "plan_object": change.plan.digest(),
        "call_sha256": EMPTY,
    }  # fmt: skip
    return [Step(state="started", **common), Step(state="done", **common)]


def fetched(at: datetime, finished: datetime | None = None) -> Export:
    return Export(
        asset=ASSET, origin={}, machine=Machine(host="h1", target="ssh://h1"), pass_number=2,
        started_at=at, finished_at=finished or at + timedelta(minutes=7),
        items=1, bytes=1, complete=True,
        checks={"equal": 1}, not_had=0, manifest_object=EMPTY, changes_object=EMPTY,
    )  # fmt: skip


def proven(change: Made) -> Made:
    taken = change.and_then(snapshot(ASSET, "h1", "192.0.2.1", NOW))
    newest = taken.view().statements[-1]
    return taken.and_then(verification(ASSET, newest.sha256, newest.body.snapshot_id))


def frozen(change: Made, state: Any = "frozen") -> Freeze:
    return Freeze(
        state=state, scope_object=change.plan.scope_object, since=FROZEN_AT, told_by="A. Client"
    )


def test_after_the_move_a_proven_pass_is_let_through() -> None:
    change = move(freeze=False)
    assert codes(proven(change.and_then(*done(change), fetched(NOW)))) == set()


def test_nothing_is_finished_before_it_was_moved() -> None:
    change = move(freeze=False)
    assert codes(proven(change.and_then(fetched(NOW)))) == {"not-moved-yet"}


def test_a_pass_from_before_the_move_is_none() -> None:
    change = move(freeze=False)
    assert codes(proven(change.and_then(fetched(NOW), *done(change)))) == {"no-last-pass"}


def test_case_A1_a_pass_without_a_copy_of_its_own_is_refused() -> None:
    change = move(freeze=False)
    assert codes(change.and_then(*done(change), fetched(NOW))) == {"pass-not-proven"}


def test_case_A1_nothing_is_moved_that_was_fetched_after_its_copy() -> None:
    """A prepare that broke off after it fetched leaves the old plan with an unproven pass."""
    change = move(freeze=False)
    first = change.plan.steps[0]
    story = looked(change.and_then(fetched(NOW)))
    answer = decide(story.evidence(), story.demand(step=first), NOW)
    assert isinstance(answer, Refusal)
    assert [item.code for item in answer.reasons] == ["pass-not-proven"]
    story = proven(story)
    assert not isinstance(decide(story.evidence(), story.demand(step=first), NOW), Refusal)


def test_the_freeze_that_was_agreed_on_is_waited_for() -> None:
    change = move(freeze=True)
    passed = change.and_then(*done(change), fetched(NOW))
    assert codes(proven(passed)) == {"not-frozen"}
    assert awaits_freeze(passed.evidence())
    said = change.and_then(*done(change), frozen(change), fetched(NOW))
    assert codes(proven(said)) == set()
    assert not awaits_freeze(said.evidence())


def test_a_freeze_that_was_lifted_is_none() -> None:
    change = move(freeze=True)
    both = (frozen(change), frozen(change, "lifted"))
    assert codes(proven(change.and_then(*done(change), *both, fetched(NOW)))) == {"not-frozen"}


def test_A8_a_freeze_that_was_lifted_while_another_scope_was_laid_down_is_none() -> None:
    change = move(freeze=True)
    elsewhere = {"scope_object": "b" * 64, "since": FROZEN_AT + timedelta(minutes=5)}
    lifted = frozen(change, "lifted").model_copy(update=elsewhere)
    story = change.and_then(*done(change), frozen(change), lifted, fetched(NOW))
    assert codes(proven(story)) == {"not-frozen"}
    assert awaits_freeze(story.evidence())
    again = story.and_then(frozen(change), fetched(NOW))
    assert codes(proven(again)) == set()
    assert not awaits_freeze(again.evidence())
    # what is frozen in the other scope takes nothing away here, and gives nothing
    theirs = lifted.model_copy(update={"state": "frozen"})
    assert codes(proven(again.and_then(theirs))) == set()
    assert codes(proven(story.and_then(theirs, fetched(NOW)))) == {"not-frozen"}


def test_a_freeze_of_another_scope_is_none() -> None:
    change = move(freeze=True)
    other = frozen(change).model_copy(update={"scope_object": "b" * 64})
    assert codes(proven(change.and_then(*done(change), other, fetched(NOW)))) == {"not-frozen"}


@pytest.mark.parametrize(
    ("minutes", "expected"), [(-1, {"pass-before-freeze"}), (0, set()), (1, set())]
)
def test_the_last_pass_begins_after_the_freeze(minutes: int, expected: set[str]) -> None:
    change = move(freeze=True)
    began = FROZEN_AT + timedelta(minutes=minutes)
    story = change.and_then(*done(change), frozen(change), fetched(began))
    assert codes(proven(story)) == expected


@pytest.mark.parametrize("after", [-1, 0, 1, 60])
def test_W5_when_a_pass_ended_says_nothing_of_what_it_read_first(after: int) -> None:
    """What it read before the freeze may have been written to until the freeze."""
    change = move(freeze=True)
    began, ended = FROZEN_AT - timedelta(seconds=1), FROZEN_AT + timedelta(minutes=after)
    story = change.and_then(*done(change), frozen(change), fetched(began, max(began, ended)))
    assert codes(proven(story)) == {"pass-before-freeze"}
    later = story.and_then(fetched(FROZEN_AT, FROZEN_AT + timedelta(hours=3)))
    assert codes(proven(later)) == set()


def test_a_step_that_is_done_is_not_asked_for_another_pass() -> None:
    """A run that is tried again finds it done, although a later prepare fetched once more."""
    change = move(freeze=False)
    story = proven(change.and_then(*done(change), fetched(NOW)))
    finished = [
        item.model_copy(update={"step": "finish-files-one"})
        for item in done(change)
        if isinstance(item, Step)
    ]
    assert codes(story.and_then(*finished, fetched(NOW))) == set()


@pytest.mark.parametrize(
    ("begun", "ended", "expected"),
    [(-30, -10, {"pass-before-freeze"}), (-1, 1, {"pass-before-freeze"}), (0, 10, set())],
)
def test_T10_a_last_pass_that_began_before_the_freeze_does_not_count(
    begun: int, ended: int, expected: set[str]
) -> None:
    """It may have read what was changed while it ran, although it ended after the freeze."""
    change = move(freeze=True)
    passed = fetched(FROZEN_AT + timedelta(minutes=begun), FROZEN_AT + timedelta(minutes=ended))
    assert codes(proven(change.and_then(*done(change), frozen(change), passed))) == expected


def test_a_pass_from_before_a_freeze_was_lifted_does_not_count_again() -> None:
    """People wrote there in between, whatever moment the next freeze is said to be from."""
    change = move(freeze=True)
    passed = proven(
        change.and_then(*done(change), frozen(change), fetched(FROZEN_AT + timedelta(minutes=1)))
    )
    assert codes(passed) == set()
    told_twice = passed.and_then(frozen(change))
    assert codes(told_twice) == set(), "nobody lifted it"
    again = passed.and_then(frozen(change, "lifted"), frozen(change))
    assert codes(again) == {"pass-before-freeze"}
    answer = decide(again.evidence(), again.demand(step=again.plan.steps[-1]), NOW)
    assert isinstance(answer, Refusal)
    (lifted,) = [one for one in answer.reasons if one.code == "pass-before-freeze"]
    assert lifted.about == ASSET
    assert "was lifted" in lifted.sentence
    assert codes(proven(again.and_then(fetched(NOW)))) == set()
