"""Speeds are measured on the real store, and nothing stays on it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from support.snapshots import PLACE, Stage, run_apart


def _request(stage: Stage, documents: Path, **more: object) -> dict:
    return {
        "assets": [
            {"id": "documents", "kind": "directory", "location": str(documents),
             "exclude": ["*.tmp"]},
            {"id": "records", "kind": "postgresql", "location": "practice"},
        ],
        "store": stage.store, "secrets": {"store": stage.login}, **more,
    }  # fmt: skip


def test_case_A13_disk_and_link_are_measured(stage: Stage, documents: Path) -> None:
    (documents / "large.bin").write_bytes(os.urandom(5 << 20))
    (documents / "left out.tmp").write_bytes(b"x" * 9000)
    answer = run_apart("measure_speeds", _request(stage, documents))
    assert answer["not_measured"] == []
    assert answer["disk"] > 1_000_000
    assert answer["upload"] > 1_000_000
    size = sum(p.stat().st_size for p in documents.rglob("*") if p.is_file() and not p.is_symlink())
    assert answer["sizes"] == {
        "documents": {"bytes": size - 9000, "items": 50}, "records": None,
    }  # fmt: skip
    beside = stage.data.with_name(stage.data.name + "-speed")
    assert [p for p in beside.rglob("*") if p.is_file()] == []
    assert not list((stage.data / "snapshots").iterdir())


def test_what_cannot_be_measured_is_said(stage: Stage, documents: Path) -> None:
    stage.store["url"] = "http://127.0.10.9:1/nothing/"
    answer = run_apart("measure_speeds", _request(stage, documents))
    assert answer["upload"] is None
    assert any("link" in line for line in answer["not_measured"])
    assert answer["disk"] is None
    assert any("too little to read" in line for line in answer["not_measured"])
    dry = run_apart("measure_speeds", _request(stage, documents, check_mode=True))
    assert dry["upload"] is None


def _on_disk(path: Path) -> dict[str, Any]:
    return {"id": "usb", "kind": "local", "path": str(path), "machine": "usb", **PLACE}


@pytest.mark.parametrize("kind", ["local", "sftp"])
def test_newcomer_a_speed_is_measured_inside_the_stores_own_folder(
    stage: Stage, documents: Path, sftp_store: dict[str, Any], kind: str
) -> None:
    """What is beside it may be a mount point, or somebody else's: there nobody may write."""
    named = {"sftp": sftp_store["store"], "local": _on_disk(stage.data)}
    before = stage.data.parent.stat().st_mtime_ns
    there = sorted(stage.data.rglob("*"))
    login = {"store": {"store_key": sftp_store["secrets"]["store_key"]}}
    answer = run_apart(
        "measure_speeds", _request(stage, documents, store=named[kind], secrets=login)
    )
    assert answer["upload"] > 100_000, answer
    assert stage.data.parent.stat().st_mtime_ns == before, "nothing is made beside it"
    assert sorted(stage.data.rglob("*")) == there, "and nothing stays in it"


def test_newcomer_a_store_that_lets_nobody_write_is_not_measured_and_stops_nothing(
    stage: Stage, documents: Path
) -> None:
    for refuses in (Path("/proc/sys"), Path("/proc/sys/not-there")):
        answer = run_apart("measure_speeds", _request(stage, documents, store=_on_disk(refuses)))
        assert answer["upload"] is None
        (why,) = [line for line in answer["not_measured"] if line.startswith("link: ")]
        assert str(refuses) in why, why
