"""What a ledger says when it cannot be read or written: which fault, of what."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from sluis.errors import SluisError
from sluis.evidence import ledger as ledger_module
from sluis.evidence.chain import CLOCK_TOLERANCE as TOLERATED
from sluis.evidence.files import UNFINISHED
from sluis.evidence.keys import new_key
from sluis.evidence.ledger import Ledger
from sluis.evidence.pages import LARGEST_STATEMENT
from support.dossiers import Made, make, tell

SECOND = timedelta(seconds=1)


@pytest.fixture
def told(tmp_path: Path) -> Made:
    made = make(tmp_path)
    tell(made)
    return made


def test_a_newest_statement_that_cannot_be_read_is_named(told: Made) -> None:
    (number, data) = told.ledger.newest() or (0, b"")
    assert told.file(number).read_bytes() == data
    told.file(number).chmod(0o640)
    os.truncate(told.file(number), LARGEST_STATEMENT + 1)
    with pytest.raises(SluisError) as caught:
        told.ledger.newest()
    assert caught.value.code == "statement-unreadable"
    assert told.file(number).name in str(caught.value)


def test_a_head_that_cannot_be_accepted_names_the_dossier(
    told: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    head = told.read().head
    assert head is not None
    monkeypatch.setattr(Ledger, "_witness", full)
    with pytest.raises(SluisError) as caught:
        told.ledger.accept_head(head, key=told.key, now=told.now)
    assert str(told.dossier) in str(caught.value)
    assert "No space left on device" in str(caught.value)


def test_what_would_read_back_otherwise_is_not_recorded(
    told: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = sorted(told.statements.iterdir())
    body = told.read().statements[-1].body
    monkeypatch.setattr(ledger_module, "_same", lambda one, other: False)
    with pytest.raises(SluisError) as caught:
        told.append(body)
    assert caught.value.code == "cannot-record"
    assert sorted(told.statements.iterdir()) == before


def test_what_the_disk_did_not_confirm_is_told_apart(
    told: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(folder: Path) -> None:
        if folder == told.statements:
            raise OSError(5, "Input/output error")

    body = told.read().statements[-1].body
    monkeypatch.setattr(ledger_module, "sync_folder", broken)
    with pytest.raises(SluisError) as caught:
        told.append(body)
    assert caught.value.code == "not-settled"


def test_a_key_of_somebody_else_leaves_nothing_behind(told: Made, tmp_path: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in told.dossier.rglob("*")}
    stranger = new_key(tmp_path / "strangers", "operator-one")
    body = told.read().statements[-1].body
    with pytest.raises(SluisError):
        told.ledger.append(body, key=stranger, now=told.now)
    assert {path: path.stat().st_mtime_ns for path in told.dossier.rglob("*")} == before


def test_L19_nothing_is_recorded_through_a_link(told: Made, tmp_path: Path) -> None:
    body, head = told.read().statements[-1].body, told.read().head
    assert head is not None
    elsewhere = tmp_path / "elsewhere"
    told.dossier.rename(elsewhere)
    told.dossier.symlink_to(elsewhere)
    before = sorted(elsewhere.rglob("*"))
    accept = partial(told.ledger.accept_head, head, key=told.key, now=told.now)
    for write in (partial(told.append, body), accept):
        with pytest.raises(SluisError) as caught:
            write()
        assert caught.value.code == "linked"
        assert told.dossier.name in caught.value.what
        assert "own folder" in caught.value.remedy
    assert sorted(elsewhere.rglob("*")) == before
    (found,) = told.read().problems
    assert (found.code, found.about) == ("linked", told.dossier.name)
    assert told.dossier.name in found.sentence
    assert "own folder" in found.remedy


def test_a_folder_with_the_name_of_what_a_killed_writer_left_stops_nobody(told: Made) -> None:
    body = told.read().statements[-1].body
    folder = told.statements / f"{UNFINISHED}folder"
    folder.mkdir()
    (told.statements / f"{UNFINISHED}file").write_bytes(b"half")
    told.append(body)
    assert [path.name for path in told.statements.glob(f"{UNFINISHED}*")] == [folder.name]


@pytest.mark.parametrize(
    ("back", "recorded"), [(timedelta(0), True), (TOLERATED, True), (TOLERATED + SECOND, False)]
)
def test_a_clock_that_is_behind_may_be_so_far_behind(
    told: Made, back: timedelta, recorded: bool
) -> None:
    newest = told.read().statements[-1]
    now = newest.recorded_at - back
    if recorded:
        said = told.ledger.append(newest.body, key=told.key, now=now)
        assert said.recorded_at == newest.recorded_at
        return
    with pytest.raises(SluisError) as caught:
        told.ledger.append(newest.body, key=told.key, now=now)
    assert caught.value.code == "clock-backwards"
    assert now.isoformat() in caught.value.what
    assert newest.recorded_at.isoformat() in caught.value.what


def test_writers_that_are_always_quicker_end_it(
    told: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[int] = []
    monkeypatch.setattr(Ledger, "_try_append", lambda *_: tried.append(1))
    with pytest.raises(SluisError) as caught:
        told.append(told.read().statements[-1].body)
    assert caught.value.code == "cannot-write"
    assert str(told.statements) in caught.value.what
    assert len(tried) == 1000


def test_a_witness_that_is_behind_goes_on_and_one_ahead_does_not(told: Made) -> None:
    body = told.read().statements[-1].body
    witness = told.ledger.witness.path
    behind = witness.read_bytes()
    told.append(body)
    ahead = witness.read_bytes()
    witness.unlink()
    witness.write_bytes(behind)
    assert told.append(body).number == told.read().witnessed
    newest = told.read().statements[-1].number
    for number in (newest, newest - 1):
        told.file(number).unlink()
    witness.unlink()
    witness.write_bytes(ahead)
    with pytest.raises(SluisError) as caught:
        told.append(body)
    assert caught.value.code == "tail-removed"
    witness.unlink()
    with pytest.raises(SluisError) as caught:
        told.append(body)
    assert caught.value.code == "witness-missing"
    assert str(witness) in caught.value.what


def test_a_dossier_that_cannot_be_written_is_named(
    told: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(ledger_module, "make_folder", full)
    with pytest.raises(SluisError) as caught:
        told.append(told.read().statements[-1].body)
    assert caught.value.code == "cannot-write"
    assert f"The dossier {told.dossier} cannot be written: No space left" in caught.value.what


def test_a_time_without_a_zone_says_so(told: Made) -> None:
    body = told.read().statements[-1].body
    with pytest.raises(SluisError) as caught:
        told.ledger.append(body, key=told.key, now=told.now.replace(tzinfo=None))
    assert caught.value.code == "cannot-record"
    assert "time zone" in caught.value.what
    assert "UTC" in caught.value.remedy


def test_a_key_may_record_in_its_first_second_and_in_its_last(told: Made) -> None:
    body, now = told.read().statements[-1].body, told.now
    key = told.anchors.keys[told.key.keyid]

    def valid(start: timedelta, end: timedelta) -> Ledger:
        times = {"valid_from": now + start, "valid_until": now + end}
        keys = {key.keyid: key.model_copy(update=times)}
        return Ledger(told.dossier, replace(told.anchors, keys=keys), told.client, told.change)

    still = timedelta(0)
    for start, end in ((SECOND, SECOND), (-SECOND, -SECOND)):
        with pytest.raises(SluisError) as caught:
            valid(start, end).append(body, key=told.key, now=now)
        assert caught.value.code == "key-not-trusted"
    assert valid(still, still).append(body, key=told.key, now=now).number == 12
