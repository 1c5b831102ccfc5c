"""Where a copy lies, how old it is and which machine it came from, each field by itself."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from sluis.evidence.predicates import HOLDS, Machine, Permit, Refusal
from sluis.gate.decide import decide
from support.evidence_made import NOW, STORE, Made, digest_of, made, snapshot, target, verification


def codes(change: Made, when: Any = NOW, /, **demand: Any) -> set[str]:
    answer = decide(change.evidence(), change.demand(**demand), when)
    return {item.code for item in answer.reasons} if isinstance(answer, Refusal) else set()


def with_copy(**more: Any) -> Made:
    """A change whose newest proven snapshot of the first asset is made so."""
    return made().and_then(
        snapshot("files-one", "h1", "192.0.2.1", NOW, **more),
        verification("files-one", digest_of(9), "x"),
    )


@pytest.mark.parametrize("field", ["site", "country", "provider"])
@pytest.mark.parametrize("value", ["Elsewhere", "XX", ""])
def test_T7_a_copy_that_differs_in_one_part_of_its_place_is_refused(field: str, value: str) -> None:
    """Case A12: another site, country or provider is another place."""
    assert codes(with_copy(store=STORE)) == set()
    elsewhere = STORE.model_copy(update={field: value})
    assert codes(with_copy(store=elsewhere)) == {"store-not-allowed"}


def test_T7_parts_of_two_agreed_places_are_no_agreed_place() -> None:
    places = (
        {"site": "North", "country": "NL", "provider": "Example Hosting"},
        {"site": "South", "country": "BE", "provider": "Other Hosting"},
    )
    base = made()
    assets = [item.model_dump() for item in base.scope.assets]
    for item in assets:
        item["allowed_locations"] = places
    change = made(assets=tuple(assets))
    mixed = STORE.model_copy(update={"site": "North", "country": "BE", "provider": "Other Hosting"})
    change = change.and_then(
        snapshot("files-one", "h1", "192.0.2.1", NOW, store=mixed),
        verification("files-one", digest_of(9), "x"),
    )
    assert codes(change) == {"store-not-allowed"}


def test_T8_freshness_counts_from_the_snapshot_and_not_from_its_proof() -> None:
    """An old snapshot that was proven a moment ago is old."""
    old = NOW - timedelta(hours=25)
    change = made().and_then(snapshot("files-one", "h1", "192.0.2.1", old), at=old)
    change = change.and_then(verification("files-one", digest_of(9), "x"), at=NOW)
    assert codes(change) == {"snapshot-too-old"}


def test_a_snapshot_whose_time_has_yet_to_come_is_not_fresh() -> None:
    """Its age is less than nothing, and would be so for as long as a clock was ahead."""
    for ahead, expected in ((4, set()), (5, set()), (6, {"snapshot-from-the-future"})):
        later = NOW + timedelta(minutes=ahead)
        change = made().and_then(snapshot("files-one", "h1", "192.0.2.1", later), at=NOW)
        change = change.and_then(verification("files-one", digest_of(9), "x"), at=NOW)
        answer = decide(change.evidence(), change.demand(), NOW)
        found = answer.reasons if isinstance(answer, Refusal) else ()
        assert {(item.code, item.about) for item in found} == {
            (code, "files-one") for code in expected
        }


def test_T8_a_later_proof_does_not_renew_a_permit() -> None:
    change = made()
    first = change.view().statements[1]
    later = change.and_then(verification("files-one", first.sha256, first.body.snapshot_id))
    answer = decide(later.evidence(), later.demand(), NOW)
    assert isinstance(answer, Permit)
    assert answer.until == NOW + timedelta(hours=23)


def test_T8_a_snapshot_that_took_long_counts_from_its_end() -> None:
    change = with_copy(started_at=NOW - timedelta(hours=30), finished_at=NOW - timedelta(hours=23))
    assert codes(change) == set()


@pytest.mark.parametrize(
    ("source", "port", "refused"),
    [
        ("ssh://ops@192.0.2.1:22", 22, False),
        ("ssh://ops@192.0.2.1:22", None, False),
        ("ssh://ops@192.0.2.1", 22, False),
        ("ssh://ops@192.0.2.1:2222", 22, True),
        ("ssh://ops@192.0.2.1:22", 2222, True),
        ("ssh://ops@192.0.2.1", 2222, True),
        ("ssh://ops@192.0.2.9:22", 22, True),
        ("local://192.0.2.1:22", 22, True),
    ],
)
def test_T9_another_port_of_the_same_address_is_another_machine(
    source: str, port: int | None, refused: bool
) -> None:
    change = with_copy(machine=Machine(host="h1", target=source))
    where = target().model_copy(update={"port": port})
    plan_step = change.plan.steps[0].model_copy(update={"target": where})
    expected = {"snapshot-of-another-machine"} if refused else set()
    found = codes(change, step=plan_step)
    assert found - {"target-differs"} == expected


@pytest.mark.parametrize(
    ("verdict", "level", "waiver"),
    [
        ("not verified", "V3", False),
        ("failed", "V3", True),
        ("not verified", "V5", True),
        ("not verified", "V6", True),
    ],
)
def test_a_copy_of_which_nothing_bad_is_known_asks_for_no_waiver(
    verdict: str, level: str, waiver: bool
) -> None:
    """A full scratch says nothing about the copy: what to do is to make room."""
    proof = verification("files-one", digest_of(9), "x", f"V{int(level[1]) - 1}")
    why = "The scratch folder /var/tmp has 5 free. Name another in snapshot_and_verify_scratch."
    levels = tuple(
        one.model_copy(update={"verdict": verdict, "detail": why}) if one.level == level else one
        for one in proof.levels
    )
    change = made().and_then(
        snapshot("files-one", "h1", "192.0.2.1", NOW), proof.model_copy(update={"levels": levels})
    )
    answer = decide(change.evidence(), change.demand(), NOW)
    assert isinstance(answer, Refusal)
    (low,) = [one for one in answer.reasons if one.code == "level-too-low"]
    assert why in low.sentence
    assert ("waiver" in low.remedy) is waiver
    assert "prepare again" in low.remedy


def test_newcomer_the_reason_of_a_refusal_names_only_what_is_missing() -> None:
    proof = verification("files-one", digest_of(9), "x", "V5")
    detail = f"The store lets go.{HOLDS}the nonce was found; the store is another machine"
    levels = tuple(
        one.model_copy(update={"detail": detail}) if one.level == "V6" else one
        for one in proof.levels
    )
    change = made().and_then(
        snapshot("files-one", "h1", "192.0.2.1", NOW), proof.model_copy(update={"levels": levels})
    )
    answer = decide(change.evidence(), change.demand(), NOW)
    assert isinstance(answer, Refusal)
    (low,) = [one for one in answer.reasons if one.code == "level-too-low"]
    assert low.sentence == "files-one needs V6 and reached V5. V6 failed: The store lets go."


def test_a_proof_that_goes_no_further_than_a_level_says_which_is_missing() -> None:
    """All that was looked at is proven, and that is not enough."""
    proof = verification("files-one", digest_of(9), "x", "V3")
    short = proof.model_copy(update={"levels": proof.levels[:4]})
    change = made().and_then(snapshot("files-one", "h1", "192.0.2.1", NOW), short)
    answer = decide(change.evidence(), change.demand(), NOW)
    assert isinstance(answer, Refusal)
    (low,) = answer.reasons
    assert (low.code, low.about) == ("level-too-low", "files-one")
    assert low.sentence == "files-one needs V6 and reached V3."
    assert "waiver" in low.remedy
