"""What is proven follows from the two answers alone."""

from __future__ import annotations

import base64
import copy
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sluis.errors import EvidenceError
from sluis.evidence.canonical import canonical
from sluis.evidence.predicates import Machine, Snapshot, Store
from sluis.manifest import Entry, Manifest, dumps
from sluis.snapshot.judge import judge

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
SOURCE = Manifest({n: Entry(n, "file", 3, n * 64, 10**18, 0o644) for n in "abc"})
NONCE = "d" * 64


def _snapshot(**changes: Any) -> Snapshot:
    return Snapshot(**{
        "asset": "letters", "asset_kind": "directory", "purpose": "prepare",
        "machine": Machine(host="h1", target="ssh://a@192.0.2.1:22"),
        "store": Store(id="s", kind="rest", machine="store", location="https://store/p/",
                       site="North", country="NL", provider="Example"),
        "engine": "restic 0.14.0", "repository_id": None, "snapshot_id": "e" * 64,
        "previous_snapshot_id": "f" * 64, "started_at": NOW, "finished_at": NOW,
        "nonce_sha256": NONCE, "bytes": 9, "items": 3,
        "made_by": {"append_only": {"refused": True}}, **changes,
    })  # fmt: skip


def _answer(**changes: Any) -> dict[str, Any]:
    levels = [
        {"level": name, "verdict": "proven", "ran": ["x"], "seconds": 1.0, "detail": "fine"}
        for name in ("V0", "V1", "V2", "V3", "V4")
    ]
    return copy.deepcopy({
        "levels": levels, "database": None, "opened": {"opened": {}, "unknown": 3, "broken": []},
        "restored": base64.b64encode(dumps(SOURCE)).decode(), "restore_errors": "",
        "nonce_found": True, "older": {"verdict": "proven", "detail": "restored"},
        "append_only": {"refused": True, "tried": "DELETE", "detail": "403"},
        "escrow": {"used": True, "detail": "escrowed key"}, "sample": None,
        "engine_time": "2026-11-21T12:00:00.123456789Z",
        "store_time": "2026-11-21T12:00:05+00:00", "verifier": {"pid": 1}, "scratch": "/x",
        "engine": "restic 0.14.0", **changes,
    })  # fmt: skip


def _judge(answer: dict | None = None, snapshot: Snapshot | None = None, **more: Any):
    given = {"before": SOURCE, "after": None, **more}
    return judge(
        snapshot or _snapshot(), "0" * 64, given.pop("before"), given.pop("after"),
        answer or _answer(), verifier=Machine(host="v", target="local://"), **given,
    )  # fmt: skip


def _of(judgement, level: str):
    return next(item for item in judgement.verification.levels if item.level == level)


def test_all_levels() -> None:
    judgement = _judge()
    assert judgement.verification.reached == "V6"
    assert judgement.verification.three_two_one["0 errors"].startswith("yes")
    canonical(judgement.verification.model_dump(mode="json"))
    canonical(judgement.differences)


@pytest.mark.parametrize(
    ("changes", "level", "verdict", "words"),
    [
        ({"nonce_found": False}, "V6", "failed", "nonce is not in the copy"),
        ({"append_only": {"refused": False}}, "V6", "failed", "not append-only"),
        ({"append_only": {"refused": None, "detail": "503"}}, "V6", "not verified", "503"),
        ({"older": {"verdict": "not verified", "detail": "none"}}, "V6", "not verified", "none"),
        ({"older": {"verdict": "failed", "detail": "lost"}}, "V6", "failed", "lost"),
        ({"escrow": {"used": False, "detail": "no key"}}, "V6", "not verified", "no key"),
        ({"restored": None}, "V5", "not verified", "nothing to compare"),
        ({"sample": "a sample of 5"}, "V5", "not verified", "a sample of 5"),
        ({"engine_time": "2030-01-01T00:00:00Z"}, "V0", "failed", "2030-01-01"),
    ],
)
def test_each_thing_that_is_missing_is_said(
    changes: dict, level: str, verdict: str, words: str
) -> None:
    found = _of(_judge(_answer(**changes)), level)
    assert found.verdict == verdict
    assert words in found.detail


def test_a_clock_that_is_a_little_off_and_an_old_engine_time_are_no_failure() -> None:
    for text in ("2026-11-21T12:09:00Z", "2020-01-01T00:00:00+01:00", None, "not a time"):
        assert _of(_judge(_answer(engine_time=text)), "V0").verdict == "proven"


def test_a_store_inside_the_machine_and_a_maker_that_was_not_refused() -> None:
    assert "it is a folder" in _of(_judge(inside="it is a folder"), "V6").detail
    assert _of(_judge(inside="it is a folder"), "V6").verdict == "failed"
    for refused, verdict in ((False, "failed"), (None, "not verified")):
        made = _snapshot(made_by={"append_only": {"refused": refused}})
        assert _of(_judge(snapshot=made), "V6").verdict == verdict
    assert _of(_judge(snapshot=_snapshot(nonce_sha256=None)), "V6").verdict == "not verified"


def test_a_file_that_does_not_open_is_our_failure_only_when_it_differs() -> None:
    broken = {"opened": {}, "unknown": 2, "broken": [{"path": "b", "kind": "zip", "problem": "x"}]}
    same = _judge(_answer(opened=broken))
    assert _of(same, "V4").verdict == "proven"
    assert "broken there already: b" in _of(same, "V4").detail
    other = Manifest({**SOURCE.entries, "b": SOURCE.entries["b"]._replace(sha256="9" * 64)})
    packed = base64.b64encode(dumps(other)).decode()
    differs = _judge(_answer(opened=broken, restored=packed))
    assert _of(differs, "V4").verdict == "failed"
    assert _of(differs, "V5").verdict == "failed"
    assert differs.verification.reached == "V3"


def test_an_older_generation_is_held_against_its_own_manifest() -> None:
    back = base64.b64encode(dumps(Manifest({"a": SOURCE.entries["a"]}))).decode()
    older = {"verdict": "proven", "detail": "1 item", "manifest": back}
    assert _of(_judge(_answer(older=older), older=SOURCE), "V6").verdict == "proven"
    then = Manifest({"a": SOURCE.entries["a"]._replace(sha256="7" * 64)})
    judged = _of(_judge(_answer(older=older), older=then), "V6")
    assert judged.verdict == "failed"
    assert "not as its manifest says" in judged.detail


@pytest.mark.parametrize(
    ("parts", "differences", "verdict"),
    [
        ([{"part": "equal", "verdict": "proven", "detail": "same"}], [], "proven"),
        ([{"part": "equal", "verdict": "not verified", "detail": "?"}], [], "not verified"),
        ([{"part": "equal", "verdict": "failed", "detail": "x"}], ["12 rows less"], "failed"),
        ([], [], "failed"),
    ],
)
def test_a_database_is_equal_when_its_adapter_says_so(
    parts: list, differences: list, verdict: str
) -> None:
    database = {"verdict": "failed" if not parts else "proven", "detail": "d", "parts": parts,
                "differences": differences, "figures": {}}  # fmt: skip
    found = _of(_judge(_answer(database=database, opened=None)), "V5")
    assert found.verdict == verdict


def test_what_was_touched_after_an_adopted_copy_tells_nothing() -> None:
    copied = datetime.fromtimestamp(10**9, UTC)
    touched = Manifest(
        {**SOURCE.entries, "a": SOURCE.entries["a"]._replace(sha256="9" * 64, mtime_ns=2 * 10**18)}
    )
    adopted = _snapshot(purpose="adopted", made_by={})
    later = _of(_judge(snapshot=adopted, before=touched, copied_at=copied), "V5")
    assert later.verdict == "not verified"
    assert "touched after the copy" in later.detail
    long_after = copied + timedelta(days=365 * 60)
    assert _of(_judge(snapshot=adopted, before=touched, copied_at=long_after), "V5").verdict == (
        "failed"
    )
    assert _judge(snapshot=adopted, copied_at=copied).verification.reached == "V6"


@pytest.mark.parametrize("spoil", ["levels", "older", "append_only", "escrow"])
def test_an_answer_that_cannot_be_read_is_no_proof(spoil: str) -> None:
    answer = _answer()
    del answer[spoil]
    with pytest.raises(EvidenceError) as raised:
        _judge(answer)
    assert raised.value.code == "answer-unreadable"
    broken = _answer(restored="bm90IGEgbWFuaWZlc3Q=")
    with pytest.raises(EvidenceError):
        _judge(broken)


def test_many_changed_files_are_counted_and_kept_apart() -> None:
    many = {f"f{n}": Entry(f"f{n}", "file", 1, "1" * 64, 0, 0o644) for n in range(80)}
    after = {n: e._replace(sha256="2" * 64) for n, e in many.items()}
    packed = base64.b64encode(dumps(Manifest(after))).decode()
    judgement = _judge(_answer(restored=packed), before=Manifest(many), after=Manifest(after))
    assert len(judgement.verification.changed_during) == 51
    assert "30 more" in judgement.verification.changed_during[-1]
    assert len(judgement.differences["changed_during"]) == 80


def test_the_digest_of_the_same_manifest_is_enough_and_of_another_is_nothing() -> None:
    packed = dumps(SOURCE)
    same = _judge(_answer(restored=None, restored_digest=SOURCE.digest()), packed=packed)
    assert same.verification.reached == "V6"
    assert same.restored == packed
    for digest in (None, "", "0" * 64):
        other = _judge(_answer(restored=None, restored_digest=digest), packed=packed)
        assert _of(other, "V5").verdict == "not verified"
        assert other.restored is None
