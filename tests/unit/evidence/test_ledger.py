"""The ledger: whatever is done to it is found and named, or impossible."""

from __future__ import annotations

import base64
import itertools
import json
import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sluis.errors import EvidenceError, InputError
from sluis.evidence.anchors import load_anchors, revoke_key, trust_key
from sluis.evidence.canonical import sha256
from sluis.evidence.keys import new_key
from sluis.evidence.ledger import Ledger, View
from sluis.evidence.predicates import Check, Discovery, Machine, Permit, Scope, Step
from sluis.evidence.witness import Head, Witness
from support.dossiers import BEGIN, ONE, Made, copy, make, tell

CHECK = Check(check="web", host="server1", what="HTTP 200", passed=True)
HOUR = timedelta(hours=1)


@pytest.fixture
def made(tmp_path: Path) -> Made:
    return make(tmp_path / "one")


@pytest.fixture
def told(made: Made) -> Made:
    tell(made)
    return made


def refused(code: str, call: Callable[[], object]) -> None:
    with pytest.raises(EvidenceError) as caught:
        call()
    assert caught.value.code == code


def test_a_change_reads_back_whole(told: Made) -> None:
    view = told.read()
    assert view.problems == ()
    assert [item.number for item in view.statements] == list(range(1, 12))
    assert view.head == told.digest(11)
    assert view.witnessed == 11
    assert [s.body.state for s in view.of(Step)] == ["started", "done"]
    newest = view.latest(Step)
    assert newest is not None
    assert newest.body.state == "done"
    first = view.latest(Step, where=lambda item: item.body.state == "started")
    assert first is not None
    assert view.find(first.sha256) == first
    assert view.latest(Discovery) is None


def test_an_empty_ledger_is_empty_and_whole(made: Made) -> None:
    view = made.read()
    assert (view.statements, view.problems, view.head) == ((), (), None)


def test_each_statement_names_the_one_before_it(told: Made) -> None:
    statements = told.read().statements
    for before, after in itertools.pairwise(statements):
        assert after.previous == before.sha256 == sha256(told.file(before.number).read_bytes())


def test_append_returns_what_is_read(made: Made) -> None:
    statement = made.append(CHECK)
    assert made.read().statements == (statement,)


def test_reading_again_sees_what_changed(told: Made) -> None:
    first = told.read()
    told.append(CHECK)
    second = told.ledger.read(told.now, earlier=first)
    assert len(second.statements) == 12
    assert second.statements[:11] == first.statements
    assert second.statements[0] is first.statements[0]  # not parsed again
    path = told.file(3)
    path.chmod(0o600)
    data = bytearray(path.read_bytes())
    data[40] ^= 1
    path.write_bytes(data)
    third = told.ledger.read(told.now, earlier=second)
    assert {p.about for p in third.problems} == {"000003.json", "000004.json"}
    assert third.problems == told.read().problems


def test_reading_again_with_other_anchors_starts_anew(told: Made) -> None:
    first = told.read()
    told.now += HOUR
    revoke_key(told.trust, told.client, told.key.keyid, now=told.now, why="laptop stolen")
    told.reload()
    again = told.ledger.read(told.now, earlier=first)
    assert again.problems == told.read().problems
    assert {p.code for p in again.problems} == {"key-revoked-since"}


def _without_the_first_key(value: dict[str, Any]) -> None:
    del value["keys"][0]


def test_T17_a_key_that_left_the_anchors_is_not_believed_from_what_was_read_before(
    told: Made, tmp_path: Path
) -> None:
    again = _read_again_under(told, tmp_path, _without_the_first_key)
    assert again.statements == ()
    assert {"key-unknown", "witness-altered"} <= {p.code for p in again.problems}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (_without_the_first_key, "key-unknown"),
        (lambda v: v["keys"][0].update(party="client"), "key-of-another-party"),
        (lambda v: v["keys"][0].update(valid_until="2026-11-20T09:05:30Z"), "key-expired"),
        (lambda v: v["keys"][0].update(valid_from="2026-11-20T09:05:30Z"), "key-not-yet-valid"),
    ],
)
def test_W1_any_change_of_the_anchors_is_seen_by_who_read_before(
    told: Made, tmp_path: Path, change: Callable[[dict[str, Any]], Any], code: str
) -> None:
    assert code in {p.code for p in _read_again_under(told, tmp_path, change).problems}


def _read_again_under(told: Made, tmp_path: Path, change: Callable[[dict[str, Any]], Any]) -> View:
    """Read, change the anchors, and read again with what was read: as if read anew."""
    trust_key(told.trust, told.client, new_key(tmp_path / "x", "another"), now=BEGIN)
    told.reload()
    first = told.read()
    assert first.problems == ()
    path = told.trust / "keys.json"
    value = json.loads(path.read_text())
    change(value)
    path.write_text(json.dumps(value))
    told.reload()
    again = told.ledger.read(told.now, earlier=first)
    anew = told.read()
    assert (again.problems, again.statements) == (anew.problems, anew.statements)
    return again


# --- removed, reordered, edited, duplicated, copied -----------------------------------------


@pytest.mark.parametrize("number", range(1, 11))
def test_a_removed_statement_is_a_gap(told: Made, number: int) -> None:
    told.file(number).unlink()
    problems = told.read().problems
    assert [(p.code, p.about) for p in problems if p.code == "gap"] == [
        ("gap", f"{number:06d}.json")
    ]
    assert "chain-broken" in {p.code for p in problems}


@pytest.mark.parametrize("statements", [2, 3])
def test_a_ledger_that_is_begun_while_it_is_read_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, statements: int
) -> None:
    """The witness was not there yet, and two statements later it is: nobody took it away."""
    begun = make(tmp_path)
    for _ in range(statements):
        begun.append(CHECK)
    real, looks = Witness.read, []

    def late(witness: Witness) -> Head | None:
        looks.append(1)
        return None if len(looks) == 1 else real(witness)

    monkeypatch.setattr(Witness, "read", late)
    view = begun.read()
    assert (view.problems, view.witnessed) == ((), statements)


@pytest.mark.parametrize("keep", range(11))
def test_statements_removed_from_the_end_are_noticed(told: Made, keep: int) -> None:
    for number in range(keep + 1, 12):
        told.file(number).unlink()
    (problem,) = told.read().problems
    with pytest.raises(EvidenceError) as caught:
        told.append(CHECK)
    assert caught.value.code == problem.code == "tail-removed"
    # whoever writes hears what whoever reads is told
    assert (caught.value.what, caught.value.remedy) == (problem.sentence, problem.remedy)


def test_removed_with_its_number_closed_up_is_noticed(told: Made) -> None:
    told.file(4).unlink()
    for number in range(5, 12):
        told.file(number).rename(told.file(number - 1))
    assert {"reordered", "chain-broken", "tail-removed"} <= told.codes()


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(order=st.permutations(range(1, 12)))
def test_any_other_order_is_noticed(told: Made, order: list[int]) -> None:
    bytes_of = {number: told.file(number).read_bytes() for number in range(1, 12)}
    try:
        for number, other in zip(range(1, 12), order, strict=True):
            _overwrite(told.file(number), bytes_of[other])
        codes = told.codes()
        assert ("reordered" in codes) == (list(order) != list(range(1, 12)))
        assert bool(codes) == (list(order) != list(range(1, 12)))
    finally:
        for number, data in bytes_of.items():
            _overwrite(told.file(number), data)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(gone=st.sets(st.integers(1, 11), min_size=1))
def test_any_removal_is_noticed(told: Made, gone: set[int]) -> None:
    bytes_of = {number: told.file(number).read_bytes() for number in gone}
    try:
        for number in gone:
            told.file(number).unlink()
        assert told.codes() & {"gap", "tail-removed"}
    finally:
        for number, data in bytes_of.items():
            told.file(number).write_bytes(data)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(number=st.integers(1, 11), place=st.integers(0, 10**6), bit=st.integers(0, 7))
def test_any_flipped_bit_is_noticed(told: Made, number: int, place: int, bit: int) -> None:
    data = told.file(number).read_bytes()
    other = bytearray(data)
    other[place % len(data)] ^= 1 << bit
    try:
        _overwrite(told.file(number), bytes(other))
        problems = told.read().problems
        assert f"{number:06d}.json" in {p.about for p in problems}
    finally:
        _overwrite(told.file(number), data)


def test_an_edited_statement_is_named(told: Made) -> None:
    data = json.loads(told.file(6).read_bytes())
    payload = base64.b64decode(data["payload"]).replace(b'"decision":"yes"', b'"decision":"no"')
    data["payload"] = base64.b64encode(payload).decode()
    _overwrite(told.file(6), json.dumps(data, separators=(",", ":"), sort_keys=True).encode())
    assert {(p.code, p.about) for p in told.read().problems} == {
        ("signature-bad", "000006.json"),
        ("chain-broken", "000007.json"),
    }
    assert 6 not in {item.number for item in told.read().statements}


def test_a_statement_signed_anew_breaks_the_chain(told: Made) -> None:
    """Whoever holds the key can rewrite the past, but not without rewriting all after it."""
    told.forge(6, CHECK, previous=told.digest(5), at=told.read().statements[5].recorded_at)
    assert told.codes() == {"chain-broken"}


def test_all_rewritten_up_to_the_end_is_noticed_by_the_witness(told: Made) -> None:
    for number in range(6, 12):
        told.forge(number, CHECK, previous=told.digest(number - 1))
    assert told.codes() == {"head-differs"}
    refused("head-differs", lambda: told.append(CHECK))


def test_a_duplicated_statement_is_named(told: Made) -> None:
    shutil.copy(told.file(11), told.file(12))
    assert {(p.code, p.about) for p in told.read().problems} == {
        ("duplicated", "000012.json"),
        ("reordered", "000012.json"),
        ("chain-broken", "000012.json"),
    }


def test_a_statement_of_another_dossier_is_named(told: Made, tmp_path: Path) -> None:
    other = make(tmp_path / "two", change="CHG-2000")
    other.append(CHECK)
    trust_key(told.trust, told.client, other.key, now=BEGIN)
    told.reload()
    shutil.copy(other.file(1), told.file(12))
    assert "wrong-dossier" in told.codes()
    told.file(12).unlink()
    told.forge(12, CHECK, previous=told.digest(11), client="practice-south")
    assert "wrong-dossier" in told.codes()


def test_a_whole_dossier_under_another_change_is_named(told: Made) -> None:
    other = told.dossier.with_name("CHG-2000")
    shutil.copytree(told.dossier, other)
    view = Ledger(other, told.anchors, told.client, "CHG-2000").read(told.now)
    assert sum(p.code == "wrong-dossier" for p in view.problems) == 11


def test_the_anchors_must_be_the_clients(made: Made) -> None:
    with pytest.raises(InputError) as caught:
        Ledger(made.dossier, made.anchors, "practice-south", "CHG-1")
    assert caught.value.code == "anchors-of-another-client"


# --- keys ------------------------------------------------------------------------------------


def test_an_unknown_key_is_named(told: Made, tmp_path: Path) -> None:
    told.forge(12, CHECK, previous=told.digest(11), key=new_key(tmp_path / "x", "stranger"))
    assert {(p.code, p.about) for p in told.read().problems} == {("key-unknown", "000012.json")}
    assert len(told.read().statements) == 11


def test_an_unknown_key_records_nothing(made: Made, tmp_path: Path) -> None:
    stranger = new_key(tmp_path / "x", "stranger")
    refused("key-not-trusted", lambda: made.ledger.append(CHECK, key=stranger, now=BEGIN))
    assert not made.statements.exists()


def test_a_strangers_signature_under_a_known_id_is_bad(told: Made, tmp_path: Path) -> None:
    stranger = new_key(tmp_path / "x", "stranger")
    path = told.forge(12, CHECK, previous=told.digest(11), key=stranger)
    path.write_bytes(path.read_bytes().replace(stranger.keyid.encode(), told.key.keyid.encode()))
    assert told.codes() == {"signature-bad"}


def test_a_revoked_key_is_named_before_and_after(told: Made) -> None:
    revoked_at = told.read().statements[7].recorded_at
    revoke_key(told.trust, told.client, told.key.keyid, now=revoked_at, why="laptop stolen")
    told.reload()
    problems = {p.about: p.code for p in told.read().problems}
    assert {n for n, code in problems.items() if code == "key-revoked-since"} == {
        f"{number:06d}.json" for number in range(1, 8)
    }
    assert {n for n, code in problems.items() if code == "key-revoked"} == {
        f"{number:06d}.json" for number in range(8, 12)
    }
    refused("key-not-trusted", lambda: told.append(CHECK))


def test_a_revoked_keys_witness_is_not_believed(told: Made) -> None:
    revoke_key(told.trust, told.client, told.key.keyid, now=BEGIN + timedelta(seconds=1), why="x")
    told.reload()
    assert "witness-altered" in told.codes()


def test_a_key_counts_only_while_it_is_valid(told: Made) -> None:
    path = told.trust / "keys.json"
    value = json.loads(path.read_text())
    value["keys"][0]["valid_from"] = told.read().statements[2].recorded_at.isoformat()
    value["keys"][0]["valid_until"] = told.read().statements[8].recorded_at.isoformat()
    path.write_text(json.dumps(value))
    told.reload()
    assert [(p.code, p.about) for p in told.read().problems] == [
        ("key-not-yet-valid", "000001.json"),
        ("key-not-yet-valid", "000002.json"),
        ("key-expired", "000010.json"),
        ("key-expired", "000011.json"),
    ]
    refused("key-not-trusted", lambda: told.append(CHECK))


def test_the_clients_key_cannot_speak_for_the_operator(told: Made, tmp_path: Path) -> None:
    client = new_key(tmp_path / "client", "the-client")
    trust_key(told.trust, told.client, client, party="client", now=BEGIN)
    told.reload()
    permit = Permit(
        hosts=("server1",),
        plan_object=ONE,
        scope_object=ONE,
        tree_sha256=ONE,
        relies_on=(),
        until=told.now,
    )
    told.forge(12, permit, previous=told.digest(11), key=client)
    assert told.codes() == {"key-of-another-party"}
    refused("key-not-trusted", lambda: told.ledger.append(permit, key=client, now=told.now))


# --- time ------------------------------------------------------------------------------------


def test_a_future_dated_statement_is_named(told: Made) -> None:
    told.forge(12, CHECK, previous=told.digest(11), at=told.now + HOUR)
    assert told.codes() == {"future-dated"}
    assert told.codes(told.now + 2 * HOUR) == set()


def test_a_moment_ahead_is_another_process(told: Made) -> None:
    assert told.codes(told.now - timedelta(seconds=2)) == set()


def test_time_running_backwards_is_named(told: Made) -> None:
    told.forge(12, CHECK, previous=told.digest(11), at=told.now - timedelta(seconds=1))
    assert told.codes() == {"time-backwards"}


def test_append_never_goes_back_in_time(told: Made) -> None:
    before = told.read().statements[-1].recorded_at
    statement = told.ledger.append(CHECK, key=told.key, now=before - timedelta(seconds=3))
    assert statement.recorded_at == before
    assert told.codes() == set()
    refused(
        "clock-backwards",
        lambda: told.ledger.append(CHECK, key=told.key, now=before - timedelta(minutes=6)),
    )


def test_a_time_without_zone_is_refused(told: Made) -> None:
    with pytest.raises(EvidenceError):
        told.ledger.append(CHECK, key=told.key, now=datetime(2026, 11, 20))  # noqa: DTZ001


# --- what lies in the folder -----------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "notes.txt",
        "12.json",
        "0000012.json",
        "000012.json.bak",
        "000012.JSON",
        "٠٠٠٠١٢.json",
        "-00001.json",
        "000000.json",
    ],
)
def test_a_foreign_file_is_named(told: Made, name: str) -> None:
    (told.statements / name).write_bytes(told.file(11).read_bytes())
    assert [(p.code, p.about) for p in told.read().problems] == [("foreign-file", name)]


def test_a_name_that_is_no_text_is_named_too(told: Made) -> None:
    (Path(os.fsdecode(os.fsencode(told.statements) + b"/\xff\n"))).write_bytes(b"")
    (problem,) = told.read().problems
    assert problem.code == "foreign-file"
    json.dumps(problem.about).encode()


def test_what_a_killed_writer_left_is_no_problem_and_is_cleaned(told: Made) -> None:
    (told.statements / ".new-0123456789abcdef").write_bytes(b"half")
    assert told.codes() == set()
    told.append(CHECK)
    assert not list(told.statements.glob(".new-*"))


@pytest.mark.parametrize("kind", ["folder", "link", "pipe"])
def test_what_is_no_file_is_no_statement(told: Made, kind: str) -> None:
    path = told.file(11)
    aside = told.root / "aside.json"
    path.rename(aside)
    if kind == "folder":
        path.mkdir()
    elif kind == "link":
        path.symlink_to(aside)
    else:
        os.mkfifo(path)
    assert told.codes() == {"foreign-file", "tail-removed"}


def test_a_folder_that_is_a_link_is_named(told: Made) -> None:
    aside = told.root / "aside"
    told.statements.rename(aside)
    told.statements.symlink_to(aside)
    assert "foreign-file" in told.codes()


@pytest.mark.parametrize("data", [b"", b"{}", b"not json", b"\xff" * 100, b"[" * 100_000])
def test_an_unreadable_file_is_named(told: Made, data: bytes) -> None:
    _overwrite(told.file(5), data)
    assert ("envelope-unreadable", "000005.json") in {
        (p.code, p.about) for p in told.read().problems
    }


def test_a_huge_file_is_not_read_into_memory(told: Made) -> None:
    told.file(5).chmod(0o600)
    with told.file(5).open("wb") as file:
        file.truncate(2**40)
    assert "statement-unreadable" in told.codes()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda d: d.replace(b"check:v1", b"check:v9"), "unknown-predicate"),
        (lambda d: d.replace(b"check:v1", b"spell:v1"), "unknown-predicate"),
        (lambda d: d.replace(b'"detail":""', b'"detail":1'), "statement-unreadable"),
        (lambda d: d.replace(b'"detail":""', b'"detail":"x"'), "subject-mismatch"),
        (lambda d: d + b" ", "not-canonical"),
        (lambda d: d[:-1], "not-json"),
    ],
)
def test_a_signed_statement_that_makes_no_sense_is_named(
    told: Made, change: Callable[[bytes], bytes], code: str
) -> None:
    told.forge(12, CHECK, previous=told.digest(11), payload=change)
    assert told.codes() == {code}
    assert len(told.read().statements) == 11


# --- the witness -----------------------------------------------------------------------------


def test_a_missing_witness_is_named(told: Made) -> None:
    told.ledger.witness.path.unlink()
    assert told.codes() == {"witness-missing"}
    refused("witness-missing", lambda: told.append(CHECK))


def test_a_witness_is_accepted_anew_only_with_the_right_head(told: Made) -> None:
    told.ledger.witness.path.unlink()
    accept = told.ledger.accept_head
    refused("head-differs", lambda: accept(told.digest(10), key=told.key, now=told.now))
    accept(told.digest(11), key=told.key, now=told.now)
    assert told.codes() == set()
    told.append(CHECK)
    assert told.codes() == set()


def test_a_writer_killed_before_its_witness_leaves_a_whole_ledger(made: Made) -> None:
    """The witness may be one behind; the next writer brings it up to date."""
    made.append(CHECK)
    made.ledger.witness.path.unlink()  # as if killed right after the first link
    assert made.codes() == set()
    made.append(CHECK)
    old = made.ledger.witness.path.read_bytes()
    made.append(CHECK)
    made.ledger.witness.path.write_bytes(old)  # as if killed right after the third link
    assert made.codes() == set()
    assert made.read().witnessed == 2
    made.append(CHECK)
    assert made.read().witnessed == 4


@pytest.mark.parametrize(
    "spoil", ["flip", "empty", "statement", "other change", "stranger", "link"]
)
def test_a_witness_that_is_not_right_is_named(told: Made, spoil: str, tmp_path: Path) -> None:
    path = told.ledger.witness.path
    data = bytearray(path.read_bytes())
    other = make(tmp_path / "two", change="CHG-2000")
    other.append(CHECK)
    if spoil == "flip":
        data[len(data) // 3] ^= 1
    elif spoil == "empty":
        data.clear()
    elif spoil == "statement":
        data[:] = told.file(11).read_bytes()
    elif spoil in ("other change", "stranger"):
        if spoil == "other change":
            trust_key(told.trust, told.client, other.key, now=BEGIN)
            told.reload()
        data[:] = other.ledger.witness.path.read_bytes()
    if spoil == "link":
        path.rename(told.root / "aside")
        path.symlink_to(told.root / "aside")
    else:
        path.write_bytes(data)
    (problem,) = told.read().problems
    assert (problem.code, problem.about) == ("witness-altered", path.name)
    with pytest.raises(EvidenceError) as caught:
        told.append(CHECK)
    assert caught.value.code == "witness-altered"
    assert (caught.value.what, caught.value.remedy) == (problem.sentence, problem.remedy)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(place=st.integers(0, 10**6), bit=st.integers(0, 7))
def test_any_flipped_bit_in_the_witness_is_noticed(told: Made, place: int, bit: int) -> None:
    path = told.ledger.witness.path
    data = path.read_bytes()
    other = bytearray(data)
    other[place % len(data)] ^= 1 << bit
    try:
        path.write_bytes(other)
        assert told.codes() == {"witness-altered"}
    finally:
        path.write_bytes(data)


def test_removal_together_with_an_older_witness_needs_a_mailed_head(told: Made) -> None:
    """What no file here can show; said so, and found with a head from outside."""
    witness = told.ledger.witness.path
    older = witness.read_bytes()
    told.append(CHECK)
    mailed = told.digest(12)
    told.file(12).unlink()
    witness.write_bytes(older)
    assert told.codes() == set()
    unchecked = {f.what for f in told.verify().findings if f.verdict == "could not be checked"}
    assert "mailed-head" in unchecked
    assert told.failures(mailed) == {"mailed-head"}


# --- what cannot be recorded -----------------------------------------------------------------


@pytest.mark.parametrize("value", [float("nan"), 2**60, 1e300 * 1e10])
def test_what_cannot_be_spelled_is_not_recorded(made: Made, value: object) -> None:
    body = Discovery(machine=Machine(host="h", target="local://h"), found=({"x": value},))
    refused("cannot-record", lambda: made.append(body))
    assert made.read().statements == ()
    assert not list(made.statements.iterdir())


def test_tagged_values_are_recorded_as_plain_ones(made: Made) -> None:
    class Tagged(str):
        """As Ansible tags its values."""

    machine = Machine(host=Tagged("h"), target=Tagged("local://h"))
    body = Discovery(machine=machine, found=({Tagged("a"): Tagged("b"), "t": (1, 2)},))
    made.append(body)
    (statement,) = made.read().of(Discovery)
    assert statement.body.found == ({"a": "b", "t": [1, 2]},)
    assert made.codes() == set()


def test_a_folder_without_rights_is_a_plain_error(made: Made) -> None:
    (made.root / "dossiers").mkdir()
    (made.root / "dossiers" / made.client).write_text("in the way")
    refused("cannot-write", lambda: made.append(CHECK))


def test_many_are_read_by_several_processes_with_the_same_result(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sluis.evidence import pages

    for _ in range(20):
        made.append(CHECK)
    made.forge(21, CHECK, previous=ONE)
    plain = made.read()
    monkeypatch.setattr(pages, "_WORTH_SHARING", 5)
    shared = made.read()
    assert shared == plain

    def no_room(*args: object, **more: object) -> None:
        raise BlockingIOError("Resource temporarily unavailable")

    monkeypatch.setattr(pages, "ProcessPoolExecutor", no_room)
    assert made.read() == plain
    assert {p.code for p in shared.problems} == {"chain-broken"}


def test_scope_objects_are_bound_as_subjects(made: Made) -> None:
    digest = made.objects.put(b"scope")
    statement = made.append(Scope(scope_object=digest, source_object=digest, assets=()))
    assert statement.subjects["scope_object"] == digest


def test_a_copied_dossier_with_all_its_parts_is_still_whole(told: Made, tmp_path: Path) -> None:
    other = copy(told, tmp_path / "copy")
    other.reload()
    assert other.codes() == set()
    assert load_anchors(other.trust, other.client).sha256 == told.anchors.sha256
    assert other.now.tzinfo is UTC


def _overwrite(path: Path, data: bytes) -> None:
    path.unlink(missing_ok=True)
    path.write_bytes(data)
