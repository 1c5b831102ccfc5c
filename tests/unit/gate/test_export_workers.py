"""What is fetched by a worker that nobody named: covered when that worker did it, or refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from sluis.evidence.predicates import Permit, Refusal, Waiver
from sluis.gate.decide import decide
from sluis.scope.division import Division, placed
from support.evidence_made import NOW, Made, digest_of, made, scope

BOTH = {"files-one": "h1", "files-two": "h2"}
WORKERS = ("h1", "h2")


def move(*hosts: str | None) -> Made:
    """A signed change whose assets are fetched; a host of ``None`` is left open."""
    whole = scope()
    assets = tuple(
        {
            **asset.model_dump(), "host": host, "kind": "sharepoint",
            "origin": {"by": "tenant", "tenant": "old", "drive": asset.id},
        }
        for asset, host in zip(whole.assets, hosts, strict=False)
    )  # fmt: skip
    return made(assets=assets, risks=whole.risks[: len(hosts)])


def said(
    change: Made, given: dict[str, str], workers: tuple[str, ...] = WORKERS, **demand: Any
) -> set[tuple[str, str]]:
    """What the gate says of a change whose work was divided like this."""
    scope = placed(change.scope, Division(workers, given))
    evidence = replace(change.evidence(), scope=scope, workers=workers)
    answer = decide(evidence, change.demand(**{"workers": workers, **demand}), NOW)
    assert isinstance(answer, Permit | Refusal)
    reasons = answer.reasons if isinstance(answer, Refusal) else ()
    return {(item.code, item.about) for item in reasons}


def codes(change: Made, given: dict[str, str], workers: tuple[str, ...] = WORKERS) -> set[str]:
    return {code for code, _ in said(change, given, workers)}


def test_each_fetched_by_its_own_worker_is_a_permit() -> None:
    assert codes(move(None, None), BOTH) == set()
    assert codes(move("h1", None), {"files-two": "h2"}) == set()


@pytest.mark.parametrize(
    ("given", "workers", "code", "about"),
    [
        ({}, WORKERS, "no-worker", "files-one"),
        ({}, WORKERS, "no-worker", "files-two"),
        ({"files-one": "h1"}, WORKERS, "no-worker", "files-two"),
        (
            {"files-one": "h2", "files-two": "h2"},
            WORKERS,
            "fetched-by-another-worker",
            "files-one",
        ),
        ({**BOTH, "files-two": "h3"}, (*WORKERS, "h3"), "asset-host-not-in-batch", "files-two"),
    ],
)
def test_case_A1_what_its_worker_did_not_fetch_is_not_covered(
    given: dict[str, str], workers: tuple[str, ...], code: str, about: str
) -> None:
    assert (code, about) in said(move(None, None), given, workers)


def test_case_A1_a_host_in_the_scope_is_held_against_who_fetched_it() -> None:
    assert codes(move("h1", "h2"), {}) == set()
    assert codes(move("h2", "h2"), {}) == {"fetched-by-another-worker"}


def test_an_asset_that_nobody_was_given_is_not_covered_by_a_waiver_either() -> None:
    change = move(None, None)
    change = change.and_then(
        Waiver(
            scope_object=change.scope.digest(), asset="files-one", accepts="none",
            reason="It is kept elsewhere.", risk="It may be lost.", alternative="A second copy.",
            alternative_hours=2.0, ends_on=date(2030, 1, 1), signer_name="A. Client",
            signer_role="owner", shown=digest_of(7),
        )
    )  # fmt: skip
    assert codes(change, {**BOTH, "files-one": "h2"}) == set()
    # h1 is named all the same: it is an export worker
    assert codes(change, {"files-two": "h2"}) == {"no-worker"}


@pytest.mark.parametrize("now", [("h1",), ("h1", "h2", "h3"), (), ("localhost",)])
def test_other_workers_than_at_prepare_are_refused(now: tuple[str, ...]) -> None:
    change = move(None, None)
    scope = placed(change.scope, Division(WORKERS, BOTH))
    evidence = replace(change.evidence(), scope=scope, workers=WORKERS)
    answer = decide(evidence, change.demand(workers=now), NOW)
    assert isinstance(answer, Refusal)
    (reason,) = answer.reasons
    assert reason.code == "workers-differ"
    assert "prepare" in reason.remedy


def test_case_C1_a_worker_without_work_is_known_and_any_other_host_is_not() -> None:
    alone = move(None)
    assert codes(alone, {"files-one": "h1"}) == set()
    assert codes(alone, {"files-one": "h1"}, ("h1",)) == {"host-not-in-scope"}
