"""What is proven follows from the two answers alone."""

from __future__ import annotations

import base64
import copy
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sluis.border import codec
from sluis.border.proof import Proof
from sluis.border.strict_json import WrongError
from sluis.errors import EvidenceError
from sluis.evidence.canonical import canonical
from sluis.evidence.predicates import Machine, Snapshot, Store
from sluis.manifest import Entry, Manifest, Problem, dumps
from sluis.signoff.not_proven import lacking_in
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
        codec.load(Proof, answer or _answer()),
        verifier=Machine(host="v", target="local://"), **given,
    )  # fmt: skip


def _tried(refused: bool | None) -> dict[str, Any]:
    return {"tried": "DELETE", "refused": refused, "detail": "503"}


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
        (
            {"append_only": {"tried": "x", "refused": False, "detail": ""}},
            "V6",
            "failed",
            "not append-only",
        ),
        (
            {"append_only": {"tried": "x", "refused": None, "detail": "503"}},
            "V6",
            "not verified",
            "503",
        ),
        ({"older": {"verdict": "not verified", "detail": "none"}}, "V6", "not verified", "none"),
        ({"older": {"verdict": "failed", "detail": "lost"}}, "V6", "failed", "lost"),
        ({"escrow": {"used": False, "detail": "no key"}}, "V6", "not verified", "No key"),
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


def test_F13_what_was_not_restored_is_not_said_to_be_another_moments_copy() -> None:
    answer = {**_answer(), "nonce_found": False}
    answer.pop("restored", None)
    six = _of(_judge(answer), "V6")
    assert six.verdict == "not verified"
    assert "Nothing was restored" in six.detail
    assert "not a copy of that moment" not in six.detail


def test_newcomer_only_what_is_missing_is_the_reason() -> None:
    """What failed and what went well stood in one line, in the words of a log."""
    answer = _answer(append_only={"tried": "x", "refused": False, "detail": ""})
    six = _of(_judge(answer, inside="it is a folder of the machine itself"), "V6")
    assert six.missing == (
        "V6 failed: The store s is not outside h1: it is a folder of the machine "
        "itself. The store s lets whoever has its login take snapshots away: it is not "
        "append-only."
    )
    assert "What holds: the nonce was found; " in six.detail, "the ledger keeps it"
    assert _of(_judge(), "V6").detail.startswith("the nonce was found; ")


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


def _with(**digits: str) -> Manifest:
    """The source with other content in some files."""
    changed = {
        name: SOURCE.entries[name]._replace(sha256=digit * 64) for name, digit in digits.items()
    }
    return Manifest({**SOURCE.entries, **changed})


def _packed(manifest: Manifest) -> str:
    return base64.b64encode(dumps(manifest)).decode()


def _broken(*paths: str) -> dict[str, Any]:
    found = [{"path": path, "kind": "zip", "problem": "x"} for path in paths]
    return {"opened": {}, "unknown": 0, "broken": found}


@pytest.mark.parametrize("order", [("a", "b"), ("b", "a")])
def test_T21_one_file_broken_at_the_source_excuses_itself_alone(order: tuple[str, str]) -> None:
    """``a`` does not open in the source either; ``b`` is another file than there."""
    judged = _judge(_answer(opened=_broken(*order), restored=_packed(_with(b="9"))))
    level = _of(judged, "V4")
    assert level.verdict == "failed"
    assert level.detail == "1 file does not open: b; 1 more does not open in the source either"
    assert judged.verification.reached == "V3"


@pytest.mark.parametrize("number", [1, 2, 3])
def test_W7_files_that_do_not_open_are_judged_one_by_one(number: int) -> None:
    """Every number of broken files, and of these every number that the copy has otherwise."""
    names = ("a", "b", "c")[:number]
    for damaged in range(number + 1):
        restored = _with(**dict.fromkeys(names[:damaged], "9"))
        level = _of(_judge(_answer(opened=_broken(*names), restored=_packed(restored))), "V4")
        assert level.verdict == ("failed" if damaged else "proven"), level
        assert all(name in level.detail for name in names[: damaged or number])


def test_T21_without_a_source_to_compare_with_nothing_is_excused() -> None:
    for missing in ({"before": None}, {}):
        answer = _answer(opened=_broken("a"), restored=None if not missing else _packed(SOURCE))
        assert _of(_judge(answer, **missing), "V4").verdict == "failed"


def test_T21_a_file_that_changed_during_the_snapshot_is_not_excused() -> None:
    later = _with(b="9")
    judged = _judge(_answer(opened=_broken("b"), restored=_packed(later)), after=later)
    assert _of(judged, "V4").verdict == "failed"


COPIED = datetime.fromtimestamp(10**9, UTC)
_OLD, _NEW = 10**18 - 1, 10**18 + 1  # just before and after the copy


def _adopted(source: Manifest, restored: Manifest) -> Any:
    judged = _judge(
        _answer(restored=_packed(restored)), _snapshot(purpose="adopted", made_by={}),
        before=source, copied_at=COPIED,
    )  # fmt: skip
    return _of(judged, "V5")


def _at(time: int, **digits: str) -> Manifest:
    """The source now: some files with other content and this time."""
    there = _with(**digits).entries
    return Manifest(
        {n: e._replace(mtime_ns=time if n in digits else _OLD) for n, e in there.items()}
    )


@pytest.mark.parametrize(
    ("source", "restored", "verdict"),
    [
        (_at(_NEW, a="9"), SOURCE, "not verified"),
        (_at(_OLD, a="9"), SOURCE, "failed"),
        (_at(_NEW, a="9", b="9"), SOURCE, "not verified"),
        # one file was touched since, the other differs without having been touched
        (Manifest({**_at(_NEW, a="9").entries, "b": _at(_OLD, b="9").entries["b"]}), SOURCE,
         "failed"),
        # one was touched since, and an old one did not come back
        (_at(_NEW, a="9"), Manifest({n: SOURCE.entries[n] for n in "ab"}), "failed"),
        # one came since
        (Manifest({**_at(_OLD).entries, "new": Entry("new", "file", 3, "8" * 64, _NEW, 0o644)}),
         SOURCE, "not verified"),
        # one was taken away since
        (Manifest({n: _at(_OLD).entries[n] for n in "ab"}), SOURCE, "not verified"),
        # and another differs
        (Manifest({n: _at(_OLD, a="9").entries[n] for n in "ab"}), SOURCE, "failed"),
        # what cannot be read in the copy has nothing to do with the source
        (_at(_OLD), Manifest(SOURCE.entries, (Problem("a", "unreadable", "EIO"),)), "failed"),
        (_at(_NEW, a="9"), Manifest(SOURCE.entries, (Problem("b", "unreadable", "EIO"),)),
         "failed"),
    ],
)  # fmt: skip
def test_T22_each_difference_of_an_adopted_backup_needs_its_own_excuse(
    source: Manifest, restored: Manifest, verdict: str
) -> None:
    level = _adopted(source, restored)
    assert level.verdict == verdict, level
    assert ("touched after the copy" in level.detail) == (verdict == "not verified")


def test_T22_our_own_snapshot_has_no_such_excuse() -> None:
    level = _of(_judge(_answer(restored=_packed(SOURCE)), before=_at(_NEW, a="9")), "V5")
    assert level.verdict == "failed"


@pytest.mark.parametrize("name", ["V2", "V3", "V4", "V5"])
@pytest.mark.parametrize(("verdict", "said"), [("failed", "no"), ("not verified", "not verified")])
def test_T23_no_errors_means_that_all_was_looked_at(name: str, verdict: str, said: str) -> None:
    answer = _answer()
    for level in answer["levels"]:
        if level["level"] == name:
            level["verdict"] = verdict
    if name == "V5":
        other = _packed(_with(a="9")) if verdict == "failed" else None
        answer["restored"] = other
    assert _judge(answer).verification.three_two_one["0 errors"] == said


def test_T23_a_level_that_failed_counts_although_another_was_not_looked_at() -> None:
    answer = _answer(restored=None)
    answer["levels"][2]["verdict"] = "failed"
    assert _judge(answer).verification.three_two_one["0 errors"] == "no"
    answer["levels"][2]["verdict"] = "not verified"
    assert _judge(answer).verification.three_two_one["0 errors"] == "not verified"


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
                "differences": differences, "figures": {}, "nonce_found": True, "seconds": 1.0,
                "ran": []}  # fmt: skip
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
def test_an_answer_that_lacks_a_part_is_no_proof(spoil: str) -> None:
    answer = _answer()
    del answer[spoil]
    with pytest.raises(WrongError):
        _judge(answer)
    with pytest.raises(WrongError):
        _judge(_answer(levels=_answer()["levels"][:4]))


def test_a_manifest_that_is_none_is_no_proof() -> None:
    with pytest.raises(EvidenceError) as raised:
        _judge(_answer(restored="bm90IGEgbWFuaWZlc3Q="))
    assert raised.value.code == "manifest-unreadable"


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
    for digest in (None, "0" * 64):
        other = _judge(_answer(restored=None, restored_digest=digest), packed=packed)
        assert _of(other, "V5").verdict == "not verified"
        assert other.restored is None


@pytest.mark.parametrize(
    ("changes", "lacks"),
    [
        ({}, ()),
        ({"escrow": {"used": False, "detail": "no key"}}, ("spare-key",)),
        ({"older": {"verdict": "not verified", "detail": "none"}}, ("older",)),
        ({"nonce_found": False}, ("fresh",)),
        (
            {"nonce_found": False, "escrow": {"used": False, "detail": "no key"}},
            ("fresh", "spare-key"),
        ),
    ],
)
def test_C22_what_a_record_lacks_can_be_told_from_it(
    changes: dict[str, Any], lacks: tuple[str, ...]
) -> None:
    assert lacking_in(_of(_judge(_answer(**changes)), "V6")) == lacks


def test_C22_the_place_and_the_probe_are_told_as_well() -> None:
    assert lacking_in(_of(_judge(inside="it is a folder"), "V6")) == ("elsewhere",)
    assert lacking_in(_of(_judge(_answer(append_only=_tried(None))), "V6")) == ("kept",)
    assert lacking_in(_of(_judge(_answer(append_only=_tried(False))), "V6")) == ("kept",)
