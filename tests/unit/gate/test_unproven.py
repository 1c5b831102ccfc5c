"""What is not proven before anybody signs: the gate's own rules, whatever is about to happen."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from sluis.evidence.predicates import Snapshot, Waiver
from sluis.gate.coverage import unproven, waivers_not_needed
from support.evidence_made import EMPTY, NOW, Made, digest_of, made, scope, snapshot, verification

WAIVED = Waiver(
    asset="files-one", accepts="none", scope_object=EMPTY, reason="It is kept elsewhere.",
    risk="It may be lost.", alternative="A second copy.", alternative_hours=2.0,
    ends_on=NOW.date(), signer_name="A. Client", signer_role="owner", shown=digest_of(5),
)  # fmt: skip


def found(change: Made, **evidence: Any) -> list[tuple[str, str]]:
    reasons = unproven(replace(change.evidence(), **evidence), NOW)
    return [(one.code, one.about) for one in reasons]


def nothing_copied(**scope_fields: Any) -> Made:
    """Nobody took a snapshot; what was shown is the fifth statement."""
    return made(**scope_fields).without(Snapshot)


def with_first(**fields: Any) -> tuple[dict[str, Any], ...]:
    one, two = (asset.model_dump() for asset in scope().assets)
    return ({**one, **fields}, two)


def test_each_asset_that_has_no_proof_is_named() -> None:
    assert found(made()) == []
    assert found(nothing_copied()) == [("no-snapshot", "files-one"), ("no-snapshot", "files-two")]


@pytest.mark.parametrize("missing", ["plan", "scope"])
def test_before_there_is_a_plan_of_a_scope_nothing_is_asked(missing: str) -> None:
    assert found(nothing_copied(), **{missing: None}) == []


def test_a_waiver_that_counts_takes_its_own_asset_away() -> None:
    change = nothing_copied()
    waived = WAIVED.model_copy(update={"scope_object": change.scope.digest()})
    assert found(change.and_then(waived)) == [("no-snapshot", "files-two")]
    ended = waived.model_copy(update={"ends_on": NOW.date() - timedelta(days=1)})
    assert len(found(change.and_then(ended))) == 2


def test_how_old_a_snapshot_is_does_not_count() -> None:
    old = NOW - timedelta(days=9)
    change = made().and_then(
        snapshot("files-one", "h1", "192.0.2.1", old), verification("files-one", digest_of(9), "x")
    )
    assert found(change) == []
    weak = change.and_then(verification("files-one", digest_of(9), "x", "V2"))
    assert found(weak) == [("level-too-low", "files-one")]


FETCHED = {"by": "tenant", "tenant": "old", "drive": "b!one"}


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"host": None, "kind": "mailbox", "allowed_locations": ()}, None),
        ({"host": "h1", "kind": "mailbox", "allowed_locations": ()}, "kind-not-verifiable"),
        ({"host": None, "kind": "sharepoint", "origin": FETCHED}, "no-worker"),
    ],
    ids=["on no host, and not copied", "not copied", "fetched by nobody"],
)
def test_what_is_on_no_host_and_is_not_copied_asks_for_no_proof(
    fields: dict[str, Any], code: str | None
) -> None:
    change = nothing_copied(assets=with_first(**fields))
    first = [(code, "files-one")] if code else []
    assert found(change) == [*first, ("no-snapshot", "files-two")]


def test_newcomer_a_waiver_is_not_needed_where_the_gate_asks_for_nothing_more() -> None:
    drafted = ("files-one", "files-two", "unknown")
    old = NOW + timedelta(days=9)
    assert waivers_not_needed(made().evidence(), drafted, NOW) == ["files-one", "files-two"]
    assert waivers_not_needed(made().evidence(), drafted, old) == ["files-one", "files-two"]
    assert waivers_not_needed(made().evidence(), ("files-two",), NOW) == ["files-two"]
    assert waivers_not_needed(nothing_copied().evidence(), drafted, NOW) == []
    weak = made().and_then(
        snapshot("files-one", "h1", "192.0.2.1", NOW),
        verification("files-one", digest_of(9), "x", "V2"),
    )
    assert waivers_not_needed(weak.evidence(), drafted, NOW) == ["files-two"]
    waived = WAIVED.model_copy(update={"scope_object": weak.scope.digest(), "accepts": "V2"})
    assert waivers_not_needed(weak.and_then(waived).evidence(), drafted, NOW) == ["files-two"]
    for missing in ("plan", "scope"):
        without = replace(made().evidence(), **{missing: None})
        assert waivers_not_needed(without, drafted, NOW) == []
