"""What an export says about V5: each thing that keeps it from being proven."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from sluis.evidence.predicates import Export, LevelResult, Machine, Verification
from sluis.manifest import build_manifest
from sluis.runbook.export_verdict import export_verdict, same_files, with_export
from sluis.tenant.tenant_manifest import ManifestLine

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
GOOD = {"equal": 3, "rewritten by the service": 1, "stale metadata": 2}


def export(**changes: Any) -> Export:
    fields: dict[str, Any] = {
        "asset": "team", "origin": {}, "machine": Machine(host="w", target="local://"),
        "pass_number": 2, "started_at": NOW, "finished_at": NOW, "items": 6, "bytes": 60,
        "complete": True, "checks": GOOD, "manifest_object": "ab" * 32,
    }  # fmt: skip
    return Export(**{**fields, **changes})


def verification(v5: str = "proven") -> Verification:
    levels = tuple(
        LevelResult(level=name, verdict=v5 if name == "V5" else "proven", detail="it is equal")
        for name in ("V0", "V1", "V2", "V3", "V4", "V5", "V6")
    )
    return Verification(
        asset="team", snapshot="cd" * 32, snapshot_id="1", levels=levels, reached="V6",
        verifier=Machine(host="v", target="local://"),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("found", "numbers", "verdict", "reached"),
    [
        (export(), (5, 4), "proven", "V6"),
        (None, (5, 0), "not verified", "V4"),
        (export(), (4, 5), "not verified", "V4"),
        (export(complete=False), (5, 4), "not verified", "V4"),
        (export(checks={**GOOD, "corrupt": 1}), (5, 4), "failed", "V4"),
        (export(checks={**GOOD, "not verified": 1}), (5, 4), "not verified", "V4"),
        (export(checks={**GOOD, "edited meanwhile": 1}), (5, 4), "not verified", "V4"),
        (export(checks={**GOOD, "something new": 1}), (5, 4), "not verified", "V4"),
        (export(not_had=1), (5, 4), "not verified", "V4"),
        (export(unseen=("retention-labelled items of team",)), (5, 4), "not verified", "V4"),
    ],
)
def test_v5_is_proven_only_when_all_was_had_and_agrees(
    found: Export | None, numbers: tuple[int, int], verdict: str, reached: str
) -> None:
    result = with_export(verification(), export_verdict(found, *numbers))
    five = result.levels[5]
    assert (five.verdict, result.reached) == (verdict, reached)
    assert "the copy of it: it is equal" in five.detail


def test_a_copy_that_differs_stays_failed_whatever_the_export_says() -> None:
    result = with_export(verification("failed"), export_verdict(export(), 5, 4))
    assert (result.levels[5].verdict, result.reached) == ("failed", "V4")


def line(path: str, stored: str | None, sha256: str | None) -> ManifestLine:
    return ManifestLine(path=path, type="file", item_id=path, stored=stored, sha256=sha256)


@pytest.mark.parametrize(
    ("stored", "sha256", "verdict"),
    [
        ("content/a", "11" * 32, "proven"),
        ("content/a", "22" * 32, "failed"),
        ("content/gone", "11" * 32, "failed"),
        (None, None, "proven"),  # it could not be had, and that is counted elsewhere
    ],
)
def test_the_copy_holds_what_was_fetched_and_not_what_was_put_there_later(
    tmp_path: Path, stored: str | None, sha256: str | None, verdict: str
) -> None:
    place = tmp_path / "drive" / "content"
    place.mkdir(parents=True)
    (place / "a").write_bytes(b"what was fetched")
    if sha256 == "11" * 32:
        sha256 = hashlib.sha256(b"what was fetched").hexdigest()
    found = same_files(build_manifest(str(tmp_path)), [line("a", stored, sha256)], "drive")
    assert found.verdict == verdict
