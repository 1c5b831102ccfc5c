"""What the verification's statement holds, word for word, and what is kept beside it."""

from __future__ import annotations

import base64
import copy
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sluis.border import codec
from sluis.border.proof import Proof
from sluis.evidence.predicates import Machine, Snapshot, Store
from sluis.manifest import Entry, Manifest, dumps
from sluis.snapshot.judge import CLOCK_TOLERANCE, Judgement, judge

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
NANO = 10**18
SOURCE = Manifest({n: Entry(n, "file", 3, n * 64, NANO, 0o644) for n in "abc"})
STORE = Store(
    id="s", kind="rest", machine="store", location="https://store/p/", site="North", country="NL",
    provider="Example",
)  # fmt: skip
BOOT = "0a1b2c3d-0000-4000-8000-000000000001"
VERIFIER = Machine(host="v", target="local://")


def _snapshot(**changes: Any) -> Snapshot:
    return Snapshot(**{
        "asset": "letters", "asset_kind": "directory", "purpose": "prepare",
        "machine": Machine(host="h1", target="ssh://a@192.0.2.1:22"), "store": STORE,
        "engine": "restic 0.14.0", "repository_id": None, "snapshot_id": "e" * 64,
        "previous_snapshot_id": "f" * 64, "started_at": NOW, "finished_at": NOW,
        "nonce_sha256": "d" * 64, "bytes": 9, "items": 3,
        "made_by": {"append_only": {"refused": True, "detail": "told to the maker"}}, **changes,
    })  # fmt: skip


def _answer(**changes: Any) -> dict[str, Any]:
    levels = [
        {"level": name, "verdict": "proven", "ran": [f"run {name}"], "seconds": 1.5,
         "detail": f"{name} is fine"}
        for name in ("V0", "V1", "V2", "V3", "V4")
    ]  # fmt: skip
    return copy.deepcopy({
        "levels": levels, "database": None,
        "opened": {"opened": {"zip": 2}, "unknown": 1, "broken": []},
        "restored": _packed(SOURCE), "restore_errors": "", "nonce_found": True,
        "older": {"verdict": "proven", "detail": "restored", "ran": ["restore it"], "seconds": 2.5},
        "append_only": {"refused": True, "tried": "DELETE", "detail": "403"},
        "escrow": {"used": True, "detail": "escrowed key"}, "sample": None,
        "engine_time": "2026-11-21T12:00:00.123456789Z",
        "store_time": "2026-11-21T12:00:05+00:00",
        "verifier": {"pid": 17, "pid_started": 4711, "boot_id": BOOT, "name": "checker"},
        "scratch": "/x", "engine": "restic 0.14.0", **changes,
    })  # fmt: skip


def _packed(manifest: Manifest) -> str:
    return base64.b64encode(dumps(manifest)).decode()


def _judge(answer: dict | None = None, snapshot: Snapshot | None = None, **more: Any) -> Judgement:
    given = {"before": SOURCE, "after": None, **more}
    return judge(
        snapshot or _snapshot(), "9" * 64, given.pop("before"), given.pop("after"),
        codec.load(Proof, answer or _answer()), verifier=VERIFIER, **given,
    )  # fmt: skip


def _of(judgement: Judgement, level: str) -> Any:
    return next(item for item in judgement.verification.levels if item.level == level)


def test_the_statement_says_what_was_found_how_and_by_whom() -> None:
    found = _judge(host_site="South").verification
    assert (found.asset, found.snapshot, found.snapshot_id) == ("letters", "9" * 64, "e" * 64)
    assert (found.verifier, found.reached, found.sample) == (VERIFIER, "V6", None)
    assert (found.compared_items, found.compared_bytes, found.changed_during) == (3, 9, ())
    by = dict(found.verified_by)
    process = by.pop("process")
    assert by == {
        "engine": "restic 0.14.0",
        "scratch": "/x",
        "escrow": {"used": True, "detail": "escrowed key"},
        "append_only": {"refused": True, "tried": "DELETE", "detail": "403"},
    }
    assert (process["pid"], process["boot_id"], process["name"]) == (17, BOOT, "checker")
    for level in found.levels[:5]:
        assert level.ran == (f"run {level.level}",)
        assert (level.seconds, level.detail) == (1.5, f"{level.level} is fine")
    assert found.levels[5].ran == ("compare the manifests before, after and restored",)
    assert found.levels[5].detail == "3 items equal, 9 bytes"
    assert (found.levels[6].ran, found.levels[6].seconds) == (("DELETE", "restore it"), 2.5)
    assert found.three_two_one == {
        "3 copies": "2 of 3 seen: the source, the store s",
        "2 media": "2 of 2: the source's own disk, the store s",
        "1 off-site": "yes: North, while the source is at South",
        "1 immutable": "yes: the store refused to remove a snapshot",
        "0 errors": "yes: restored and compared without a difference",
    }


@pytest.mark.parametrize(
    ("more", "digit", "words"),
    [
        ({"host_site": "North"}, "1 off-site", "no: source and store are both at North"),
        ({}, "1 off-site", "not verified: the site of the source is not written down"),
        ({"inside": "it is a folder"}, "2 media", "1 of 2: the source's own disk"),
    ],
)
def test_each_digit_rests_on_what_is_known(more: dict, digit: str, words: str) -> None:
    assert _judge(**more).verification.three_two_one[digit] == words


@pytest.mark.parametrize(("refused", "words"), [(False, "no"), (None, "not verified")])
def test_a_store_that_did_not_refuse_is_not_immutable(refused: bool | None, words: str) -> None:
    answer = _answer(append_only={"refused": refused, "tried": "DELETE", "detail": "?"})
    assert _judge(answer).verification.three_two_one["1 immutable"] == words


@pytest.mark.parametrize("kind", ["rest", "sftp", "folder"])
def test_every_kind_of_store_is_told(kind: str) -> None:
    store = STORE.model_copy(update={"kind": kind, "location": "/srv/store"})
    if kind == "rest":
        store = STORE
    found = _judge(snapshot=_snapshot(store=store)).verification
    assert found.three_two_one["2 media"].endswith("the store s")


def test_without_a_comparison_nothing_was_compared() -> None:
    found = _judge(_answer(restored=None)).verification
    assert (found.compared_items, found.compared_bytes) == (0, 0)
    sampled = _judge(_answer(sample="a sample of 2")).verification
    assert sampled.sample == "a sample of 2"


def test_a_manifest_that_came_as_the_same_bytes_is_not_read_again() -> None:
    """These are bytes of the source's manifest as the caller read it; they stand for it."""
    judged = _judge(packed=dumps(SOURCE))
    assert judged.verification.reached == "V6"
    marker = Manifest(dict(SOURCE.entries))
    judged = _judge(_answer(restored=_packed(SOURCE)), before=marker, packed=dumps(SOURCE))
    assert judged.verification.compared_items == 3


@pytest.mark.parametrize(("late", "verdict"), [(0, "proven"), (1, "failed")])
@pytest.mark.parametrize(
    ("form", "hours"), [("{}.9+01:00", 1), ("{}-02:00", -2), ("{}", 0), ("{}.123456789Z", 0)]
)
def test_a_clock_may_be_off_by_so_much_in_any_zone(
    late: int, verdict: str, form: str, hours: int
) -> None:
    """Fractions are left out; a time without a zone is taken for UTC."""
    engine = NOW + CLOCK_TOLERANCE + timedelta(seconds=late, hours=hours)
    answer = _answer(
        engine_time=form.format(f"{engine:%Y-%m-%dT%H:%M:%S}"),
        store_time=f"{NOW:%Y-%m-%dT%H:%M:%S}+00:00",
    )
    assert _of(_judge(answer), "V0").verdict == verdict


def test_what_failed_already_keeps_its_words() -> None:
    answer = _answer(opened={"opened": {}, "unknown": 0, "broken": [
        {"path": "b", "kind": "zip", "problem": "x"}]})  # fmt: skip
    answer["levels"][4] |= {"verdict": "failed", "detail": "it did not start"}
    assert _of(_judge(answer, before=None), "V4").detail == "it did not start"


def test_all_that_do_not_open_are_told_and_none_besides() -> None:
    answer = _answer(opened={"opened": {}, "unknown": 0, "broken": [
        {"path": "b", "kind": "zip", "problem": "x"}]})  # fmt: skip
    assert _of(_judge(answer, before=None), "V4").detail == "1 file does not open: b"


def test_differences_are_counted_in_one_sentence() -> None:
    later = SOURCE.entries["a"]._replace(sha256="1" * 64)
    after = Manifest({**SOURCE.entries, "a": later})
    restored = Manifest({**after.entries, "b": SOURCE.entries["b"]._replace(mode=0o600)})
    level = _of(_judge(_answer(restored=_packed(restored)), after=after), "V5")
    assert level.detail == (
        "2 items equal, 9 bytes; 1 changed during the snapshot; 1 differs in mode or time only"
    )


@pytest.mark.parametrize("kind", ["failed", "missing", "extra", "unknown"])
def test_only_what_could_not_be_read_in_the_source_leaves_it_open(kind: str) -> None:
    entries, back = dict(SOURCE.entries), dict(SOURCE.entries)
    if kind == "failed":
        back["a"] = back["a"]._replace(sha256="1" * 64)
    elif kind == "missing":
        del back["a"]
    elif kind == "extra":
        back["x"] = back["a"]._replace(path="x")
    else:
        entries["a"] = entries["a"]._replace(sha256=None)
    judged = _judge(_answer(restored=_packed(Manifest(back))), before=Manifest(entries))
    assert _of(judged, "V5").verdict == ("not verified" if kind == "unknown" else "failed")


def test_what_is_as_old_as_an_adopted_copy_was_in_it() -> None:
    touched = {**SOURCE.entries, "a": SOURCE.entries["a"]._replace(sha256="1" * 64)}
    judged = _judge(
        snapshot=_snapshot(purpose="adopted", made_by={}), before=Manifest(touched),
        copied_at=datetime.fromtimestamp(NANO / 1e9, UTC),
    )  # fmt: skip
    assert _of(judged, "V5").verdict == "failed"


def test_all_that_was_found_is_kept_beside_the_statement() -> None:
    opened = {"opened": {"zip": 2}, "unknown": 1, "broken": []}
    assert _judge().differences["opened"] == opened
    assert "restore_errors" not in _judge().differences
    assert _judge(_answer(restore_errors="lost a file")).differences["restore_errors"] == (
        "lost a file"
    )
    part = {
        "part": "equal",
        "verdict": "proven",
        "detail": "2 tables",
        "seconds": 1.0,
        "ran": ["x"],
    }
    database = {
        "verdict": "proven", "detail": "d", "nonce_found": True, "seconds": 1.0, "ran": ["y"],
        "figures": {"tables": {}}, "differences": [], "parts": [part],
    }  # fmt: skip
    judged = _judge(_answer(database=database, opened=None))
    assert set(judged.differences["database"]) == {"differences", "figures", "parts"}
    assert judged.differences["database"]["parts"][0]["detail"] == "2 tables"
    level = _of(judged, "V5")
    assert level.detail == "dump files: 3 items equal, 9 bytes; 2 tables"


@pytest.mark.parametrize(("number", "rest"), [(49, 0), (50, 0), (51, 1), (52, 2)])
def test_so_many_changed_files_are_named_and_the_rest_counted(number: int, rest: int) -> None:
    many = {f"f{n:03}": Entry(f"f{n:03}", "file", 1, "1" * 64, 0, 0o644) for n in range(number)}
    after = Manifest({n: e._replace(sha256="2" * 64) for n, e in many.items()})
    judged = _judge(_answer(restored=_packed(after)), before=Manifest(many), after=after)
    names = [f"f{n:03}" for n in range(min(number, 50))]
    more = [f"… and {rest} more, see the differences"] if rest else []
    assert list(judged.verification.changed_during) == [*names, *more]


def test_what_stands_in_the_way_comes_first_and_loudly() -> None:
    answer = _answer(escrow={"used": False, "detail": "no second key"})
    level = _of(_judge(answer), "V6")
    assert level.detail.startswith("No second key. What holds: the nonce was found; ")
    assert level.missing == "V6 is not verified: No second key."


@pytest.mark.parametrize(
    ("tried", "words"), [("503", "503"), ("", "told to the maker"), (None, "told to the maker")]
)
def test_why_nobody_could_tell_whether_it_is_append_only(tried: str | None, words: str) -> None:
    made = {"append_only": {"refused": None, "detail": "told to the maker"}}
    answer = _answer(append_only={"refused": None, "tried": "", "detail": tried or ""})
    level = _of(_judge(answer, _snapshot(made_by=made)), "V6")
    assert f"whether the store s is append-only: {words}" in level.detail
    assert level.ran == ("restore it",)


def test_a_maker_that_tried_nothing_proves_nothing() -> None:
    assert _of(_judge(snapshot=_snapshot(made_by={})), "V6").verdict == "not verified"


def test_a_failed_older_generation_stays_failed_whatever_its_manifest() -> None:
    older = {"verdict": "failed", "detail": "it is lost", "manifest": _packed(SOURCE)}
    level = _of(_judge(_answer(older=older), older=SOURCE), "V6")
    assert (level.verdict, "it is lost" in level.detail) == ("failed", True)
    older = {"verdict": "proven", "detail": "whole", "manifest": _packed(SOURCE)}
    assert _of(_judge(_answer(older=older), older=None), "V6").verdict == "proven"


def test_a_long_text_of_the_verifier_is_cut() -> None:
    answer = _answer()
    answer["levels"][1]["detail"] = "x" * 4000
    assert len(_of(_judge(answer), "V1").detail) == 3000
