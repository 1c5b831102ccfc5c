"""PostgreSQL proofs: each way in which a backup can be worse than its source is found."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from sluis.rehearsal.postgres import RealPostgres
from sluis.snapshot import postgresql
from sluis.snapshot.children import Children, confined_account
from sluis.snapshot.database_proof import Proof
from sluis.snapshot.postgresql_dump_file import inspect_dump
from sluis.snapshot.postgresql_programs import for_scratch
from sluis.snapshot.postgresql_proof import RESTORED, check_server
from sluis.snapshot.postgresql_scratch import ScratchServer
from sluis.snapshot.postgresql_session import identifier
from sluis.snapshot.postgresql_write import pg_restore
from support.databases import (
    Dumped,
    argument_lists,
    flip,
    part,
    place,
    processes_of,
    take_dump,
    wait_until,
)

PRACTICE = """
create table patient (id int primary key, name text);
insert into patient select i, 'patient number ' || i from generate_series(1, 3000) i;
create table letter (id int, patient int references patient, body text);
insert into letter select i, i, 'Dear ' || i from generate_series(1, 100) i;
create sequence invoice start 500; select nextval('invoice');
create view recent as select * from letter where id > 50;
create function age(int) returns int language sql as 'select 1';
"""


@pytest.fixture(scope="module")
def source(postgres: RealPostgres) -> Iterator[Dumped]:
    postgres.sql("create database checked")
    postgres.sql(PRACTICE, "checked")
    asset = {
        "id": "practice", "kind": "postgresql", "location": "checked",
        "host_address": postgres.host, "port": postgres.port, "user": "postgres",
    }  # fmt: skip
    with place() as folder:
        yield take_dump(postgresql, asset, folder / "dump")


@pytest.fixture
def dumped(source: Dumped, folder: Path) -> Dumped:
    return source.copy(folder / "dump")


@pytest.fixture
def later(postgres: RealPostgres, dumped: Dumped) -> Callable[[str, str], Dumped]:
    """The figures of the source, with a dump that somebody made of something less."""

    def make(change: str) -> Dumped:
        postgres.sql("create database lesser template checked")
        try:
            postgres.sql(change, "lesser")
            file = dumped.folder / postgresql.DUMP_FILE
            subprocess.run(
                [
                    postgres.program("pg_dump"), "-Fc", "-Z0", "-h", postgres.host,
                    "-p", str(postgres.port), "-U", "postgres", "-f", file, "lesser",
                ],
                check=True,
            )  # fmt: skip
        finally:
            postgres.sql("drop database lesser")
        return dumped.as_made()

    return make


def test_case_A11_a_good_one_is_proven(dumped: Dumped, scratch: Path) -> None:
    answer = dumped.check(scratch)
    assert answer["verdict"] == "proven"
    assert [one["verdict"] for one in answer["parts"]] == ["proven"] * 3
    assert answer["nonce_found"]
    assert answer["figures"]["tables"] == dumped.facts["tables"]
    assert "pg_amcheck --heapallindexed" in answer["ran"]
    json.dumps(answer)


def test_case_A11_cut_in_half(postgres: RealPostgres, dumped: Dumped, scratch: Path) -> None:
    file = dumped.folder / postgresql.DUMP_FILE
    os.truncate(file, file.stat().st_size // 2)
    listed = subprocess.run([postgres.program("pg_restore"), "-l", file], capture_output=True)
    assert listed.returncode == 0, "the trap: pg_restore -l likes half a dump"
    answer = dumped.check(scratch)
    assert answer["verdict"] == "failed"
    assert "came back with" in answer["detail"]
    answer = dumped.as_made().check(scratch)
    assert answer["verdict"] == "failed"
    assert "not whole" in answer["detail"]


def test_case_A11_a_byte_flipped_in_a_row(dumped: Dumped, scratch: Path) -> None:
    file = dumped.folder / postgresql.DUMP_FILE
    flip(file, b"patient number 1234\n", b"patient number 1235\n")
    answer = dumped.check(scratch)
    assert part(answer, "restored")["verdict"] == "proven", "PostgreSQL itself sees nothing"
    assert answer["verdict"] == "failed"
    (difference,) = answer["differences"]
    assert "public.patient has other content in its 3,000 rows" in difference


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {
                "delete from letter where id = 7": "table public.letter has 99 rows, the source",
                "update patient set name = null where id = 7": "table public.patient has other",
                "select setval('invoice', 400)": "sequence public.invoice stands at 400, at the",
                "select lo_create(5)": "large objects: 0 with 0 bytes",
                "update sluis_nonce.nonce set value = 'an older one'": "sluis_nonce.nonce has",
            },
            5,
        ),
        (
            {
                "insert into patient values (0)": "table public.patient has 3,001 rows, the source",
                "drop function age(int)": "function public.age(integer) is missing",
                "create or replace view recent as select * from letter where id > 51": "view "
                "public.recent is defined otherwise",
                "alter table letter drop constraint letter_patient_fkey": "constraint public."
                "letter.letter_patient_fkey is missing",
                "alter table letter alter body set default 'x'": "table public.letter is defined",
                "create index on letter (id)": "index public.letter_id_idx is not in the source",
                "grant select on patient to public": "table public.patient is defined otherwise",
            },
            7,
        ),
        (
            {"drop table letter cascade": "table public.letter is missing (100 rows)"},
            3,  # with its foreign key and a view
        ),
        ({"drop sequence invoice": "sequence public.invoice is missing"}, 1),
    ],
)
def test_case_A11_less_than_the_source(
    later: Callable[..., Dumped], scratch: Path, changes: dict[str, str], expected: int
) -> None:
    """Somebody's dump of something less, under the figures of the source."""
    answer = later(";".join(changes)).check(scratch)
    assert answer["verdict"] == "failed"
    assert [one["verdict"] for one in answer["parts"]] == ["proven", "proven", "failed"]
    for change, difference in changes.items():
        found = [line for line in answer["differences"] if difference in line]
        assert found, f"{change} was not found: {answer['differences']}"
    assert len(answer["differences"]) == expected, answer["differences"]
    assert answer["nonce_found"] is not any("nonce" in change for change in changes)


def test_roles_that_came_back_cut(dumped: Dumped, scratch: Path) -> None:
    file = dumped.folder / postgresql.GLOBALS_FILE
    os.truncate(file, file.stat().st_size - 60)
    for one in (dumped, dumped.as_made()):
        answer = one.check(scratch)
        assert answer["verdict"] == "failed"
        assert postgresql.GLOBALS_FILE in answer["detail"]


def test_another_nonce_is_not_found(dumped: Dumped, scratch: Path) -> None:
    answer = dumped.check(scratch, nonce="0" * 64)
    assert (answer["verdict"], answer["nonce_found"]) == ("proven", False)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"database": {"major": 9}}, "no PostgreSQL 9 server"),
        ({"extensions": {"not_packaged": "1"}}, "lacks the extensions not_packaged"),
        ({"collations": ["xx-not-there"]}, "lacks the collations xx-not-there"),
        ({"database": {"collate": "xx_XX.utf8"}}, "cannot make a database with this"),
        ({"database": {"bytes": 10**18}}, "scratch-too-small"),
        ({"probe": "7"}, "computes row hashes differently"),
    ],
)
def test_what_the_verifier_lacks_is_not_verified(
    dumped: Dumped, scratch: Path, changes: dict[str, Any], expected: str
) -> None:
    merged = {
        name: {**dumped.facts[name], **value} if isinstance(value, dict) else value
        for name, value in changes.items()
    }
    answer = dumped.with_facts(**merged).check(scratch)
    assert answer["verdict"] == "not verified"
    assert expected in answer["detail"]


@pytest.mark.parametrize("form", ["custom", "directory", "plain", "plain, packed"])
def test_case_A2_a_dump_that_others_made(
    postgres: RealPostgres, source: Dumped, folder: Path, scratch: Path, form: str
) -> None:
    theirs = folder / "theirs"
    kind = form.partition(",")[0]
    connect = ["-h", postgres.host, "-p", str(postgres.port), "-U", "postgres"]
    postgres.sql("create database theirs template checked")
    try:
        postgres.sql(
            'create role "Some One" nologin; alter table letter owner to "Some One";'
            'drop schema sluis_nonce cascade; grant select on letter to "Some One"',
            "theirs",
        )
        dump = [postgres.program("pg_dump"), f"--format={kind}", "-f", theirs]
        subprocess.run([*dump, *connect, "theirs"], check=True)
        postgres.sql('drop owned by "Some One" cascade', "theirs")
    finally:
        postgres.sql('drop database theirs; drop role "Some One"')
    if form == "plain, packed":
        theirs.write_bytes(gzip.compress(theirs.read_bytes()))

    def check(facts: dict[str, Any]) -> Any:
        answer = postgresql.check(source.asset, str(theirs), facts, None, str(scratch), {})
        return answer, [one["verdict"] for one in answer["parts"]]

    answer, verdicts = check({})
    assert (verdicts, answer["verdict"]) == (["proven", "proven", "not verified"], "not verified")
    assert "nobody read the source's figures" in answer["detail"]
    assert answer["figures"]["tables"]["public.patient"]["rows"] == 3000
    answer, verdicts = check(source.facts)
    assert verdicts == ["proven", "proven", "failed"]
    assert answer["differences"] == ["table public.letter is defined otherwise than at the source"]


def test_case_B8_no_row_is_quoted_in_what_is_said(dumped: Dumped, scratch: Path) -> None:
    file = dumped.folder / postgresql.DUMP_FILE
    flip(file, b"1234\tpatient number 1234\n", b"123Z\tpatient number 1234\n")
    answer = dumped.check(scratch)
    assert answer["verdict"] == "failed"
    assert "invalid input syntax for type integer" in answer["detail"]
    assert "123Z" not in json.dumps(answer)
    assert "patient number" not in json.dumps(answer)


def test_case_A11_an_index_that_lies(source: Dumped, folder: Path) -> None:
    programs = for_scratch(None, source.facts["database"]["major"])
    assert programs is not None
    account = confined_account()
    dump = inspect_dump(str(source.folder / postgresql.DUMP_FILE))
    with (
        Children(str(folder), account) as children,
        ScratchServer(children, programs, account, "postgres") as server,
    ):
        with server.session() as session:
            session.run(f"create database {identifier(RESTORED)}")
        assert not pg_restore(
            children, programs, server.connection, dump.path, RESTORED,
            account=account, scratch=True,
        )  # fmt: skip
        sound = Proof()
        check_server(sound, server, children)
        with server.session(RESTORED) as session:
            path = session.row("select to_json(pg_relation_filepath('public.patient_pkey'))")
            session.run("checkpoint")
        server.stop()
        index = Path(server.data) / path
        data = bytearray(index.read_bytes())
        data[8192 + 8192 - 64 : 8192 + 8192] = bytes(64)  # entries at the first leaf's end
        index.write_bytes(data)
        server.start()
        broken = Proof()
        check_server(broken, server, children)
    assert [one["verdict"] for one in sound.parts] == ["proven"]
    assert [one["verdict"] for one in broken.parts] == ["failed"]
    assert "patient_pkey" in broken.parts[0]["detail"]


def test_the_scratch_server_is_alone(source: Dumped, folder: Path) -> None:
    programs = for_scratch(None, source.facts["database"]["major"])
    assert programs is not None
    account = confined_account()
    with (
        Children(str(folder), account) as children,
        ScratchServer(children, programs, account, "postgres") as server,
    ):
        with server.session() as session:
            shown = {
                name: session.row(f"select to_json(current_setting('{name}'))")
                for name in ("listen_addresses", "archive_mode", "max_wal_senders")
            }
            identity = session.row(
                "select to_json(system_identifier::text) from pg_control_system()"
            )
        assert shown == {"listen_addresses": "", "archive_mode": "off", "max_wal_senders": "0"}
        assert identity != source.answer["system_identifier"]
        (server_process,) = [
            process
            for process in psutil.process_iter(["cmdline", "ppid"])
            if server.data in (process.info["cmdline"] or [])
        ]
        assert server_process.net_connections("inet") == []
        # May not become anybody else again: PR_SET_NO_NEW_PRIVS.
        status = Path(f"/proc/{server_process.pid}/status").read_text()
        assert "NoNewPrivs:\t1" in status
        if os.geteuid() == 0:
            assert server_process.uids().real != 0
            ours, theirs = (Path(f"/proc/{pid}/ns/net") for pid in ("self", server_process.pid))
            assert ours.readlink() != theirs.readlink()


def test_killed_in_the_middle_of_a_check(source: Dumped, scratch: Path) -> None:
    code = (
        "import sys, json; from sluis.snapshot import postgresql;"
        "postgresql.check({'id': 'a'}, sys.argv[1], json.loads(sys.argv[2]), None, sys.argv[3], {})"
    )
    for sign in (b"initdb", b"postgres\0-D", b"pg_restore"):
        run = subprocess.Popen(
            [sys.executable, "-c", code, str(source.folder), json.dumps(source.facts), str(scratch)]
        )

        def at_work(sign: bytes = sign) -> bool:
            return any(sign in line for line in argument_lists() if str(scratch).encode() in line)

        if sign == b"pg_restore":  # its arguments name no folder: the keeper's do
            wait_until(lambda: any(b"pg_restore\0--exit" in line for line in argument_lists()))
        else:
            wait_until(at_work)
        run.kill()
        run.wait()
        wait_until(lambda: not processes_of(scratch))
        wait_until(lambda: not list(scratch.iterdir()))


def test_an_exception_leaves_nothing(
    source: Dumped, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def burst(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("sluis.snapshot.postgresql_proof.read_figures", burst)
    with pytest.raises(KeyboardInterrupt):
        source.check(scratch)
    assert list(scratch.iterdir()) == []
    assert processes_of(scratch) == []


def test_a_scratch_folder_that_the_server_cannot_enter(source: Dumped, scratch: Path) -> None:
    scratch.parent.chmod(0o700)
    try:
        answer = source.check(scratch)
    finally:
        scratch.parent.chmod(0o755)
    assert answer["verdict"] == "proven", "the temporary directory serves instead"
