"""Case B1: a list of databases that may not be whole is recorded as such, and stays so."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.one_asset import AssetChange, one_asset
from bench.restores import PLACE, Repository
from sluis.border.verbs.asset_snapshot import Answer
from sluis.evidence.predicates import Discovery
from sluis.runbook import snapshot_taking
from sluis.runbook.snapshot_taking import Source, take_snapshots
from support.border_samples import MADE

STRANGER = "databases-not-listed: a database on h1 may be missing from the list"


def _not_verified(change: AssetChange, answer: Answer) -> tuple[tuple[str, ...], list[str]]:
    store = {"id": "disk", "kind": "local", "path": "/store", "machine": "here", **PLACE}
    settings = change._settings(
        Repository(store, {"repository_password": "x"}, {}, (), Path("/store"))
    )
    dossier = change._dossier()

    def call(*_: Any) -> Answer:
        return answer

    source = Source("h1", "ssh://ops@192.0.2.1:22", "192.0.2.1")
    taken = take_snapshots(change._run(), dossier, source, settings, "prepare", call)
    found = dossier.ledger.read(snapshot_taking.now()).latest(Discovery)
    assert found is not None
    return found.body.not_verified, taken.warnings


def test_case_B1_a_list_that_may_not_be_whole_is_recorded(tmp_path: Path) -> None:
    asset = one_asset(tmp_path, "mariadb", "practice")
    blind = Answer(replace(MADE, found=(), found_all=False))
    recorded, warned = _not_verified(asset.change("CHG-1"), blind)
    assert recorded == (STRANGER,)
    assert STRANGER in warned
    other = {"snapshot_id": "1" * 64, "previous_snapshot_id": "2" * 64}
    whole = Answer(replace(MADE, found=(), **other))
    assert _not_verified(asset.change("CHG-2"), whole)[0] == ()
