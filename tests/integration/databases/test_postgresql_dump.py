"""PostgreSQL dumps: what is in the copy is what was in the source, at one instant."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sluis.errors import InputError, SnapshotError
from sluis.rehearsal.postgres import RealPostgres
from sluis.snapshot import postgresql, postgresql_instant
from support.databases import argument_lists, part, processes_of, take_dump, wait_until

#: what is said of a password that is not given, is empty, or is another one
GAVE = {
    None: "no password was given", "": "the password given is empty",
    "wrong": "a password was given",
}  # fmt: skip
New = Callable[..., dict[str, Any]]
EVERYTHING = (Path(__file__).parents[2] / "support" / "one_of_everything.sql").read_text()


def test_case_A11_dump_under_load_equals_its_instant(
    postgres: RealPostgres, new_pg: New, folder: Path, scratch: Path
) -> None:
    asset = new_pg("select 1")
    connect = ["-h", postgres.host, "-p", str(postgres.port), "-U", "postgres", asset["location"]]
    bench = postgres.program("pgbench")
    subprocess.run([bench, "-q", "-i", "-s", "2", *connect], check=True, capture_output=True)
    writers = subprocess.Popen(
        [bench, "-n", "-c", "4", "-j", "1", "-T", "120", *connect],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        history = "select count(*) from pgbench_history"
        wait_until(lambda: int(postgres.sql(history, asset["location"])) > 500)
        dumped = take_dump(postgresql, asset, folder / "dump")
    finally:
        writers.terminate()
        writers.wait()
    tables = dumped.facts["tables"]
    assert tables["public.pgbench_history"]["rows"] >= 500
    assert int(postgres.sql(history, asset["location"])) > tables["public.pgbench_history"]["rows"]
    answer = dumped.check(scratch)
    assert (answer["verdict"], answer["differences"]) == ("proven", [])
    assert answer["figures"]["tables"] == tables
    assert answer["nonce_found"]


def test_case_A11_one_of_everything_comes_back(
    postgres: RealPostgres, new_pg: New, folder: Path, scratch: Path
) -> None:
    asset = new_pg(EVERYTHING, name="a=b 'q\" ü😀", options="connection limit 7")
    other = new_pg("create table t (i int)")["location"]
    dumped = take_dump(postgresql, asset, folder / "dump")
    facts = dumped.facts
    assert facts["tables"]["practice.patient"]["rows"] == 502
    assert facts["tables"]["public.nothing"]["rows"] == 2
    assert facts["large_objects"]["count"] == 3
    assert facts["large_objects"]["bytes"] == str(6_000_000 + 5)
    assert facts["foreign_tables"] == ["public.elsewhere"]
    assert {"Dr. O'Hara", "reader"} <= set(facts["roles"])
    found = {(one["kind"], one["location"]) for one in dumped.answer["found"]}
    assert ("postgresql", other) in found
    assert ("postgresql", asset["location"]) not in found
    assert dumped.nonce not in json.dumps(dumped.answer)
    answer = dumped.check(scratch)
    assert (answer["verdict"], answer["differences"]) == ("proven", []), answer["detail"]
    assert "materialized view public.stale was recomputed" in part(answer, "equal")["detail"]
    assert "foreign table public.elsewhere" in part(answer, "equal")["detail"]
    assert answer["figures"]["objects"] == facts["objects"]


def test_a_table_that_is_truncated_all_the_time(
    postgres: RealPostgres, new_pg: New, folder: Path, scratch: Path
) -> None:
    fill = "truncate {0}; insert into {0} select generate_series(1, 100);"
    asset = new_pg("create table one (i int); create table two (i int);" + fill.format("one"))
    stop = threading.Event()

    def write() -> None:
        while not stop.wait(2.0):
            postgres.sql("begin;" + fill.format("one") + "commit;", asset["location"])

    writer = threading.Thread(target=write)
    writer.start()
    try:
        dumps = [take_dump(postgresql, asset, folder / f"dump{n}") for n in range(2)]
    finally:
        stop.set()
        writer.join()
    # TRUNCATE ignores snapshots: without the lock the table is now and then dumped empty.
    assert {dumped.facts["tables"]["public.one"]["rows"] for dumped in dumps} == {100}
    answer = dumps[-1].check(scratch)
    assert answer["verdict"] == "proven", answer["detail"]


def test_sequences_that_move_during_the_dump(
    postgres: RealPostgres, new_pg: New, folder: Path, scratch: Path
) -> None:
    asset = new_pg("create sequence number; create table t as select generate_series(1, 200000) i")
    stop = threading.Event()

    def count() -> None:
        while not stop.is_set():
            postgres.sql("select nextval('number')", asset["location"])

    counter = threading.Thread(target=count)
    counter.start()
    try:
        dumped = take_dump(postgresql, asset, folder / "dump")
    finally:
        stop.set()
        counter.join()
    assert dumped.facts["sequences"] != dumped.facts["sequences_after"]
    answer = dumped.check(scratch)
    assert answer["verdict"] == "proven", answer["detail"]


@pytest.mark.parametrize("first", ["whoever", "pg_dump"])
@pytest.mark.parametrize("wall", ["table", "row level security", "large object"])
def test_what_cannot_be_read_is_a_failure(
    postgres: RealPostgres,
    new_pg: New,
    folder: Path,
    wall: str,
    first: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if first == "pg_dump":  # it meets the wall before we look, as it may on a busy machine
        monkeypatch.setattr(
            postgresql_instant, "_wait_for_locks", lambda dumping, *_: dumping.wait()
        )
    asset = new_pg("create table open (i int); create table shut (i int)")
    name = asset["location"]
    user = f"user_{name}"
    statements = {
        "table": f"grant select on open to {user}",
        "row level security": f"grant select on open, shut to {user};"
        "alter table shut enable row level security",
        "large object": f"grant select on open, shut to {user}; select lo_create(7)",
    }
    postgres.sql(f"create role {user} login; {statements[wall]}", name)
    with pytest.raises(SnapshotError) as caught:
        take_dump(postgresql, {**asset, "user": user}, folder / "dump")
    assert caught.value.code == "postgresql-unreadable"
    assert "pg_read_all_data" in caught.value.remedy
    assert list((folder / "dump").iterdir()) == []


def test_a_user_who_may_only_read_makes_a_dump_without_nonce(
    postgres: RealPostgres, new_pg: New, folder: Path, scratch: Path
) -> None:
    asset = new_pg("create table t as select 1 as i")
    user = f"user_{asset['location']}"
    postgres.sql(f"create role {user} login; grant pg_read_all_data to {user}", asset["location"])
    dumped = take_dump(postgresql, {**asset, "user": user}, folder / "dump")
    assert dumped.facts["nonce_sha256"] is None
    assert any("nonce" in line for line in dumped.answer["warnings"])
    answer = dumped.check(scratch)
    assert (answer["verdict"], answer["nonce_found"]) == ("proven", False)


def test_the_password_is_never_an_argument(
    postgres: RealPostgres, new_pg: New, folder: Path
) -> None:
    asset = new_pg("create table t as select generate_series(1, 400000) i")
    secret = "s3cr:et\\'\"x y"
    user = f"user_{asset['location']}"
    postgres.sql(
        f"create role {user} login superuser password '{secret.replace(chr(39), chr(39) * 2)}'",
        asset["location"],
    )
    asset = {**asset, "user": user, "host_address": postgres.address}
    seen: set[bytes] = set()
    stop = threading.Event()

    def watch() -> None:
        while not stop.wait(0.005):
            seen.update(argument_lists())

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        dumped = take_dump(postgresql, asset, folder / "dump", secrets={"password": secret})
    finally:
        stop.set()
        watcher.join()
    assert any(b"pg_dump" in line for line in seen), "the watcher saw nothing"
    assert not any(b"s3cr" in line for line in seen)
    assert "s3cr" not in json.dumps(dumped.answer)
    assert dumped.nonce.encode() not in b"".join(seen)
    with pytest.raises(SnapshotError, match="password authentication failed") as caught:
        take_dump(postgresql, asset, folder / "other", secrets={"password": "wrong"})
    assert caught.value.code == "database-login-refused"
    for number, (given, gave) in enumerate(GAVE.items()):
        with pytest.raises(SnapshotError) as caught:
            take_dump(postgresql, asset, folder / f"n{number}", secrets={"password": given})
        assert f"refused the login of the user {asset['user']}" in caught.value.what
        assert gave in caught.value.what
        assert "snapshot_and_verify_secrets" in caught.value.remedy


@pytest.mark.parametrize("status", [0, 1])
def test_case_A11_a_producer_that_dies_half_way(
    postgres: RealPostgres, new_pg: New, folder: Path, status: int
) -> None:
    asset = new_pg("create table t as select generate_series(1, 100000) i")
    programs = folder / "bin"
    programs.mkdir()
    for real in postgres.bin_dir.iterdir():
        (programs / real.name).symlink_to(real)
    (programs / "pg_dump").unlink()
    (programs / "pg_dump").write_text(
        f'#!/bin/sh\n[ "$1" = --version ] && exec {postgres.bin_dir}/pg_dump "$@"\n'
        f'{postgres.bin_dir}/pg_dump "$@" | head -c 100000\nexit {status}\n'
    )
    (programs / "pg_dump").chmod(0o755)
    with pytest.raises(SnapshotError) as caught:
        take_dump(postgresql, {**asset, "bin_dir": str(programs)}, folder / "dump")
    expected = {0: "postgresql-dump-unreadable", 1: "postgresql-dump-failed"}
    assert caught.value.code == expected[status]
    assert list((folder / "dump").iterdir()) == []


LIARS = {
    # program and how it ends: what becomes of the dump
    ("pg_dumpall", '"$@"; exit 3'): None,
    ("pg_dumpall", '"$@" | head -c 300'): None,
    ("pg_dumpall", '"$@"; kill -9 $$'): None,
    ("pg_dump", '"$@"; exit 3'): "postgresql-dump-failed",
    ("pg_dump", '"$@"; kill -9 $$'): "postgresql-dump-failed",
    ("pg_restore", '"$@"; exit 3'): "postgresql-dump-unreadable",
}


def test_T28_a_program_that_fails_is_believed_whatever_it_wrote(
    postgres: RealPostgres, new_pg: New, folder: Path
) -> None:
    """It wrote everything, and the line that it is done, and then it ended badly."""
    asset = new_pg("create table t as select generate_series(1, 10) i")
    for number, ((program, how), code) in enumerate(LIARS.items()):
        programs = folder / f"bin-{number}"
        programs.mkdir()
        for real in postgres.bin_dir.iterdir():
            (programs / real.name).symlink_to(real)
        (programs / program).unlink()
        real = postgres.bin_dir / program
        (programs / program).write_text(
            f'#!/bin/sh\n[ "$1" = --version ] && exec {real} "$@"\n{real} {how}\n'
        )
        (programs / program).chmod(0o755)
        place, lying = folder / f"dump-{number}", {**asset, "bin_dir": str(programs)}
        if code is None:
            made = take_dump(postgresql, lying, place).answer
            assert [Path(name).name for name in made["files"]] == [postgresql.DUMP_FILE], how
            assert "Roles and tablespaces could not be dumped" in " ".join(made["warnings"]), how
            assert not any("pg_dumpall" in line for line in made["ran"]), how
            assert postgresql.GLOBALS_FILE not in made["facts"]["files"]
            assert [path.name for path in place.iterdir()] == [postgresql.DUMP_FILE], how
        else:
            with pytest.raises(SnapshotError) as caught:
                take_dump(postgresql, lying, place)
            assert caught.value.code == code, (program, how)
            assert list(place.iterdir()) == [], (program, how)


def test_T28_a_comment_that_looks_like_the_end_is_not_the_end(
    postgres: RealPostgres, new_pg: New, folder: Path
) -> None:
    asset = new_pg("create table t (i int)")
    role = f"aaa_{asset['location']}"
    end = "-- PostgreSQL database cluster dump complete"
    postgres.sql(f"create role {role}; comment on role {role} is 'x\n{end}\n'")
    programs = folder / "bin"
    programs.mkdir()
    for real in postgres.bin_dir.iterdir():
        (programs / real.name).symlink_to(real)
    (programs / "pg_dumpall").unlink()
    real = postgres.bin_dir / "pg_dumpall"
    # all but the last lines, and no word of it
    (programs / "pg_dumpall").write_text(f'#!/bin/sh\n{real} "$@" | head -n -6\nexit 0\n')
    (programs / "pg_dumpall").chmod(0o755)
    try:
        whole = take_dump(postgresql, asset, folder / "whole")
        assert end.encode() in (folder / "whole" / postgresql.GLOBALS_FILE).read_bytes()
        assert len(whole.answer["files"]) == 2
        cut = take_dump(postgresql, {**asset, "bin_dir": str(programs)}, folder / "cut")
        assert [Path(name).name for name in cut.answer["files"]] == [postgresql.DUMP_FILE]
    finally:
        postgres.sql(f"drop role {role}")


def test_killed_in_the_middle_of_a_dump(postgres: RealPostgres, new_pg: New, folder: Path) -> None:
    asset = new_pg(
        "create table t as select i, repeat('x', 500) x from generate_series(1, 300000) i"
    )
    target = folder / "dump"
    target.mkdir()
    code = (
        "import sys, json; from sluis.snapshot import postgresql;"
        "postgresql.dump(json.loads(sys.argv[1]), sys.argv[2], 'n' * 32, {})"
    )
    run = subprocess.Popen([sys.executable, "-c", code, json.dumps(asset), str(target)])
    dumping = f"dbname='{asset['location']}'"

    def at_work() -> bool:
        return any(b"pg_dump\0" in line and dumping.encode() in line for line in argument_lists())

    wait_until(at_work)
    run.kill()
    run.wait()
    wait_until(lambda: not at_work())
    wait_until(lambda: not processes_of(target))
    wait_until(lambda: not list(target.iterdir()))
    sessions = f"select count(*) from pg_stat_activity where datname = '{asset['location']}'"
    wait_until(lambda: postgres.sql(sessions) == "0")


def test_a_nonce_that_is_none(new_pg: New, folder: Path) -> None:
    for nonce in ("short", "x" * 200, "quote'" * 6, "line\n" * 6):
        with pytest.raises(InputError) as caught:
            take_dump(postgresql, new_pg("select 1"), folder / "dump", nonce=nonce)
        assert caught.value.code == "nonce-malformed"


def test_a_server_that_is_not_there(new_pg: New, folder: Path) -> None:
    asset = {**new_pg("select 1"), "host_address": str(folder)}
    with pytest.raises(SnapshotError) as caught:
        take_dump(postgresql, asset, folder / "dump")
    assert caught.value.code == "database-not-reached"
    assert list((folder / "dump").iterdir()) == []
