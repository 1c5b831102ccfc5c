"""A yes is for the data that lay there; what was emptied or led elsewhere since is other data."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from sluis.evidence.predicates import Refusal, Shown, Signoff, Snapshot
from sluis.gate.decide import decide
from sluis.manifest import Entry, Manifest
from sluis.signoff.same_data import SUSPICIOUS, other_data
from sluis.signoff.standing import standing
from sluis.snapshot.suspicion import Seen, suspicions
from support.evidence_made import NOW, Made, made, snapshot


def caught_up(**more: Any) -> Made:
    """A signed change of which one asset was copied again since."""
    change = made()
    asset = change.view().of(Snapshot)[0].body
    at = NOW - timedelta(minutes=1)
    taken = snapshot(asset.asset, asset.machine.host, "192.0.2.1", at, **more)
    return change.and_then(taken)


def why_not(change: Made, **more: Any) -> tuple[str, str]:
    found = standing(change.view(), change.scope.digest(), change.plan.digest(), NOW, **more)
    return (found.why_not.code, found.why_not.sentence) if found.why_not else ("", "")


def found_since(change: Made) -> list[str]:
    view = change.view()
    return other_data(view, view.of(Signoff)[0])


CATCH_UP = {"purpose": "catch-up", "place": "/srv/letters"}


@pytest.mark.parametrize("purpose", ["prepare", "catch-up", "adopted"])
@pytest.mark.parametrize("code", sorted(SUSPICIOUS))
def test_what_changed_much_since_the_yes_is_not_what_was_signed(code: str, purpose: str) -> None:
    change = caught_up(
        **{**CATCH_UP, "purpose": purpose}, warnings=(f"{code}: 1 items, last time it was 2",)
    )
    found, sentence = why_not(change)
    assert found == "data-changed"
    assert "has changed much since the client signed: 1 items, last time it was 2." in sentence
    assert why_not(change, same_data=False) == ("", "")


@pytest.mark.parametrize(
    "more",
    [
        {"warnings": ("empty-files-jump: 9 files have no bytes, last time it was 0",)},
        {"warnings": ("first-generation: there was no older one", "size-drop")},
        {"purpose": "broken state", "warnings": ("size-drop: 1 bytes, last time it was 9",)},
        {},
    ],
    ids=["more empty files", "no suspicion", "a broken state", "nothing"],
)
def test_what_is_no_reason_leaves_the_yes_as_it_is(more: dict[str, Any]) -> None:
    assert why_not(caught_up(**{**CATCH_UP, **more})) == ("", "")


def test_each_thing_is_said_once_in_the_words_of_who_copied() -> None:
    twice = "size-drop: 1 bytes: last time it was 9"
    change = caught_up(**CATCH_UP, warnings=(twice, "items-drop: 1 items", twice))
    asset = change.view().of(Snapshot)[0].body.asset
    assert found_since(change) == [
        f"{asset} has changed much since the client signed: 1 bytes: last time it was 9.",
        f"{asset} has changed much since the client signed: 1 items.",
    ]


def test_what_is_left_out_does_not_end_the_look() -> None:
    change = made()
    first, second = (one.body for one in change.view().of(Snapshot)[:2])
    at = NOW - timedelta(minutes=1)
    dropped = {"purpose": "catch-up", "warnings": ("size-drop: 1 bytes",)}
    change = change.and_then(
        snapshot(first.asset, first.machine.host, "x", at, purpose="broken state"),
        snapshot(second.asset, second.machine.host, "x", at, **dropped),
    )
    assert found_since(change) == [
        f"{second.asset} has changed much since the client signed: 1 bytes."
    ]


def test_a_refusal_names_the_yes_that_it_is_about() -> None:
    change = caught_up(**CATCH_UP, warnings=("size-drop: 1 bytes",))
    view = change.view()
    found = standing(view, change.scope.digest(), change.plan.digest(), NOW)
    assert found.why_not is not None
    assert found.statement == view.of(Signoff)[0]


def moved(before: str | None, now: str | None, purpose: str = "catch-up") -> tuple[str, str]:
    change = made()
    first = change.view().of(Snapshot)[0].body
    bodies = tuple(
        (body.model_copy(update={"place": before}) if body == first else body, at)
        for body, at in change.bodies
    )
    at = NOW - timedelta(minutes=1)
    again = snapshot(first.asset, first.machine.host, "x", at, purpose=purpose, place=now)
    return why_not(replace(change, bodies=bodies).and_then(again))


def test_a_folder_that_leads_elsewhere_since_the_yes_is_other_data() -> None:
    code, sentence = moved("/srv/letters", "/srv/other")
    assert code == "data-changed"
    assert "lies at /srv/other now, and lay at /srv/letters when the client signed." in sentence
    assert moved("/srv/letters", "/srv/letters") == ("", "")
    assert moved(None, "/srv/letters") == ("", "")
    assert "lies at a place that nobody knows now" in moved("/srv/letters", None)[1]
    assert moved("/srv/letters", "/srv/other", "adopted")[0] == "data-changed"
    assert moved("/srv/letters", "/srv/letters", "adopted") == ("", "")


def test_the_gate_refuses_and_the_way_back_stays_open() -> None:
    change = caught_up(**CATCH_UP, warnings=("items-drop: 1 items, last time it was 2",))
    refused = decide(change.evidence(), change.demand(), NOW)
    assert isinstance(refused, Refusal)
    assert "data-changed" in {one.code for one in refused.reasons}


def test_each_suspicion_is_known_here_or_left_out_for_a_reason() -> None:
    files = {f"{n}": Entry(f"{n}", "file", 3, f"{n:064x}", 10**18, 0o644) for n in range(30)}
    last = Seen(900, 30, Manifest(files), 0.0, 0, {"patient": 9, "visit": 9})
    now = Seen(9, 3, Manifest({"0": files["0"]}), 0.9, 3, {"patient": 1})
    codes = {line.partition(":")[0] for line in suspicions(last, now)}
    assert codes == SUSPICIOUS | {"empty-files-jump"}


def test_a_copy_that_was_made_while_the_form_was_on_its_way_is_held_against_what_was_shown() -> (
    None
):
    change = made()
    yes = change.view().of(Signoff)[0].body
    asset = change.view().of(Snapshot)[0].body
    dropped = snapshot(
        asset.asset, asset.machine.host, "192.0.2.1", NOW, warnings=("items-drop: 2 items",)
    )
    late = change.without(Signoff).and_then(dropped, yes)
    assert other_data(late.view(), late.view().of(Signoff)[0]) == [
        f"{asset.asset} has changed much since the client signed: 2 items."
    ]
    asked_again = late.without(Signoff).and_then(change.view().of(Shown)[0].body)
    shown = asked_again.view().of(Shown)[-1].sha256
    again = asked_again.and_then(yes.model_copy(update={"shown": shown}))
    assert other_data(again.view(), again.view().of(Signoff)[0]) == []


def test_a_copy_that_counts_for_nothing_hides_none_that_comes_after_it() -> None:
    change = caught_up(purpose="broken state", warnings=("size-drop: 1 bytes, last time it was 9",))
    first = change.view().of(Snapshot)[0].body
    later = snapshot(first.asset, first.machine.host, "192.0.2.1", NOW, warnings=("rows-drop: 3",))
    assert found_since(change.and_then(later)) == [
        f"{first.asset} has changed much since the client signed: 3."
    ]
