"""Every value of every answer, replaced by what a hostile host could say."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluis.border.characters import hostile
from sluis.border.codec import dump
from sluis.border.secrets import scalars
from sluis.border.shapes import Text
from sluis.errors import BorderError, EvidenceError, SluisError
from sluis.evidence.canonical import canonical
from sluis.evidence.predicates import Machine, Snapshot, Store
from sluis.runbook import restoring, snapshot_taking
from sluis.runbook.adopting import _reasons
from sluis.runbook.snapshot_taking import Source, _checked, _manifest
from sluis.snapshot.judge import judge
from sluis.snapshot.suspicion import seen_of
from support.border_samples import ANSWERS, HOSTILE, MANIFEST, NEWEST, OLDER, PROBE, places, put

NAMES = [verb.name for verb, _ in ANSWERS]
WHOLE = {verb.name: json.loads(verb.pack_answer(answer)) for verb, answer in ANSWERS}
VERBS = {verb.name: verb for verb, _ in ANSWERS}
SOURCE = Source("app1", "ssh://x@192.0.2.1:22", "192.0.2.1")
REQUEST = SimpleNamespace(older=())
MOMENT = datetime(2026, 11, 21, 12, tzinfo=UTC)
BODY = Snapshot(
    asset="letters", asset_kind="directory", purpose="prepare",
    machine=Machine(host="app1", target="ssh://x"),
    store=Store(id="s", kind="rest", machine="store", location="https://store/p/", site="North",
                country="NL", provider="Example"),
    engine="restic", repository_id=None, snapshot_id=NEWEST, previous_snapshot_id=OLDER,
    started_at=MOMENT, finished_at=MOMENT, nonce_sha256=NEWEST, bytes=9, items=3,
    made_by={"append_only": {"refused": True}},
)  # fmt: skip
SIGNED = SimpleNamespace(chosen=SimpleNamespace(asset=SimpleNamespace(id="letters"), body=BODY))


def _used(name: str, answer: Any) -> None:
    """What the controller does with an answer, as far as it needs no host."""
    if name == "asset_snapshot":
        made = _checked(SOURCE, REQUEST, None, answer)  # type: ignore[arg-type]
        if made is not None:
            manifest = _manifest(SOURCE, "manifest_before", made.manifest_before)
            seen_of(dump(made.facts), made.bytes, made.items, manifest)
            snapshot_taking.machine_of(SOURCE, made.machine)
    elif name == "asset_verify":
        found = judge(BODY, "0" * 64, MANIFEST, None, answer,
                      verifier=Machine(host="v", target="local://"), older=MANIFEST)  # fmt: skip
        canonical(found.verification.model_dump(mode="json"))
        canonical(found.differences)
    elif name == "asset_copies":
        _reasons(SIGNED.chosen.asset, SimpleNamespace(content=None), answer)  # type: ignore[arg-type]
    elif name in ("asset_restore", "asset_swap"):
        restoring.as_result(SIGNED, answer)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", NAMES)
def test_a_good_answer_is_taken_and_used(name):
    answer = VERBS[name].read_answer(json.dumps(WHOLE[name]).encode(), host="app1")
    assert answer == dict(zip(NAMES, (a for _, a in ANSWERS), strict=True))[name]
    _used(name, answer)


@pytest.mark.parametrize("name", NAMES)
def test_L1_every_field_of_every_answer_replaced(name):
    """Taken within its bounds, or one error that names host and module; nothing else."""
    taken = refused = 0
    for path in places(WHOLE[name]):
        for value in HOSTILE:
            whole = copy.deepcopy(WHOLE[name])
            put(whole, path, value)
            try:
                answer = VERBS[name].read_answer(json.dumps(whole).encode(), host="app1")
            except BorderError as error:
                assert error.code == "bad-answer"
                assert f"{name} on app1" in error.what
                assert hostile(error.what, allowed="") is None
                assert "pwned" not in str(error)
                refused += 1
                continue
            taken += 1
            for _, shape, text in scalars(answer):
                if isinstance(shape, Text):
                    assert hostile(text, allowed="") is None
            try:
                _used(name, answer)
            except (BorderError, EvidenceError) as error:
                assert error.code in ("bad-answer", "manifest-unreadable")
    assert refused > taken


@settings(max_examples=150)
@given(st.sampled_from(NAMES), st.data())
def test_L1_fields_left_out_doubled_or_moved(name, data):
    whole = copy.deepcopy(WHOLE[name])
    inner = [path for path in places(whole) if path[:1] == ("body",)] or [("body",)]
    path = data.draw(st.sampled_from(inner))
    other = data.draw(st.sampled_from(inner))
    value: Any = whole
    for step in other:
        value = value[step]
    put(whole, path, copy.deepcopy(value))
    try:
        _used(name, VERBS[name].read_answer(json.dumps(whole).encode(), host="app1"))
    except SluisError as error:
        assert error.code in ("bad-answer", "manifest-unreadable")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"previous_snapshot_id": "--password-command=sh -c id"}, "result.previous_snapshot_id"),
        ({"previous_snapshot_id": NEWEST}, "result"),
        ({"older_made_now": False}, "result.previous_snapshot_id"),
        ({"probe": NEWEST}, "result.probe"),
        ({"probe": OLDER}, "result.probe"),
        ({"manifest_before": "bm90IGEgbWFuaWZlc3Q="}, "result.manifest_before"),
        ({"kind": "unchanged"}, "result"),
    ],
)
def test_L1_an_id_is_one_that_we_know_or_that_was_made_now(change, field):
    whole = copy.deepcopy(WHOLE["asset_snapshot"])
    whole["body"]["result"].update(change)
    with pytest.raises(BorderError) as told:
        _used("asset_snapshot", VERBS["asset_snapshot"].read_answer(
            json.dumps(whole).encode(), host="app1"))  # fmt: skip
    assert told.value.code == "bad-answer"
    assert f"asset_snapshot on app1 cannot be used: {field}" in told.value.what


def test_L1_a_snapshot_on_record_is_no_probe_and_not_made_anew():
    answer = VERBS["asset_snapshot"].read_answer(
        json.dumps(WHOLE["asset_snapshot"]).encode(), host="app1"
    )
    for older in ((NEWEST,), (OLDER,), (PROBE,)):
        with pytest.raises(BorderError, match="bad-answer"):
            _checked(SOURCE, SimpleNamespace(older=older), None, answer)  # type: ignore[arg-type]


def test_L1_unchanged_is_taken_only_in_the_state_that_was_named():
    whole = copy.deepcopy(WHOLE["asset_snapshot"])
    machine = whole["body"]["result"]["machine"]
    whole["body"]["result"] = {"kind": "unchanged", "state": "e" * 64, "machine": machine}
    answer = VERBS["asset_snapshot"].read_answer(json.dumps(whole).encode(), host="app1")
    assert _checked(SOURCE, REQUEST, "e" * 64, answer) is None  # type: ignore[arg-type]
    for state in (None, "f" * 64):
        with pytest.raises(BorderError, match="bad-answer"):
            _checked(SOURCE, REQUEST, state, answer)  # type: ignore[arg-type]


def test_L22_a_bomb_in_an_answer_is_a_bad_answer():
    import base64
    import gzip

    header = b'{"manifest":1,"items":1,"problems":0,"excluded":[],"left_out":0}\n'
    bomb = gzip.compress(header) + gzip.compress(b"a" * (1 << 20)) * 100
    whole = copy.deepcopy(WHOLE["asset_snapshot"])
    whole["body"]["result"]["manifest_before"] = base64.b64encode(bomb).decode()
    answer = VERBS["asset_snapshot"].read_answer(json.dumps(whole).encode(), host="app1")
    with pytest.raises(BorderError, match=r"bad-answer.*app1.*result\.manifest_before"):
        _used("asset_snapshot", answer)


def test_no_bag_of_anything_at_the_border():
    """What crosses the border has a type; engines behind ``kinds`` keep figures as JSON data."""
    root = Path(snapshot_taking.__file__).parents[1]
    files = [
        *(root / "border").rglob("*.py"),
        *(root / "runbook" / name for name in (
            "adopting.py", "host_errors.py", "snapshot_forecast.py", "snapshot_history.py",
            "snapshot_proving.py", "snapshot_taking.py",
        )),
        *(root / "snapshot" / name for name in (
            "access.py", "adopt.py", "adopt_restic.py", "copies.py", "copy_broken.py",
            "copy_directory.py", "copy_dump.py", "elsewhere.py", "escrow.py", "folder_rights.py",
            "generations.py", "identity.py", "levels.py", "make.py", "maker.py", "measure.py",
            "observe.py", "older.py", "opening.py", "prepare.py", "probe.py", "prove.py",
            "restic.py", "restore.py", "restore_copy.py", "restore_directory.py",
            "restore_fetch.py", "restore_sqlite.py", "restoring.py",
        )),
    ]  # fmt: skip
    #: JSON on its way in or out of the codec, and nothing behind it
    allowed = {"shapes.py", "strict_json.py", "codec.py", "facts.py", "door.py"}
    bags = [
        path.name for path in files
        if path.name not in allowed and "dict[str, any]" in path.read_text().lower()
    ]  # fmt: skip
    assert bags == []
