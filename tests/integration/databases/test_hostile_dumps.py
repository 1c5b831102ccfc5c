"""What a dump does while it is restored, the verifier does not feel.

A hostile host makes the dump, and the verifier is by default the controller. Each of these runs on
real servers: it may fail as it likes, but touches nothing, reaches nobody and ends.
"""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sluis.rehearsal.postgres import RealPostgres
from sluis.snapshot import confine, filling, mariadb, postgresql, scratch_guard
from support.databases import argument_lists, place, processes_of

HEAD = (
    "-- PostgreSQL database dump\n-- Dumped from database version 15.0\nset search_path = public;\n"
)
TAIL = "\n-- PostgreSQL database dump complete\n"
MARIA_HEAD = "-- MariaDB dump 10.19  Distrib 10.11.0\n-- Server version\t10.11.0-MariaDB\n"
MARIA_TAIL = "\n-- Dump completed on 2026-11-28\n"
#: seconds that a process would sleep, by which it is found; each worker has its own
LONG = 1_000_000 + os.getpid()
#: leaves the process group, so that only its user tells whose it is
ESCAPES = f"(setsid sh -c 'exec sleep {LONG}' >/dev/null 2>&1 </dev/null &)"


ENDLESS_INDEX = """
create table t (i int); insert into t values (1);
create function f(int) returns int language plpgsql immutable as $$ begin loop end loop; end $$;
create index on t (f(i))"""


@pytest.fixture(scope="module")
def outside() -> Iterator[Path]:
    """A folder in which everybody may write."""
    with place() as folder:
        folder.chmod(0o777)
        yield folder


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server


def deeds(outside: Path, listener: socket.socket, postgres: RealPostgres) -> str:
    """A shell script that tries to get out; ``$?`` of it is always 0."""
    port = listener.getsockname()[1]
    return "; ".join([
        f"touch {outside}/touched", "touch /var/tmp/sluis-hostile", "touch ~/x /root/x /etc/x",
        f"bash -c 'echo hello > /dev/tcp/127.0.0.1/{port}'",
        f"psql -h {postgres.host} -p {postgres.port} -U postgres -c 'create database stolen'",
        f"ls -R / > {outside}/listing", f"kill -9 {os.getpid()}", f"chmod 4755 {outside}",
        ESCAPES, "true",
    ])  # fmt: skip


def unharmed(outside: Path, listener: socket.socket, postgres: RealPostgres) -> None:
    assert list(outside.iterdir()) == []
    assert outside.stat().st_mode & 0o7777 == 0o777
    assert not Path("/var/tmp/sluis-hostile").exists()
    with pytest.raises(BlockingIOError):
        listener.accept()
    assert "stolen" not in postgres.sql("select datname from pg_database")
    assert not any(f"sleep\0{LONG}".encode() in line for line in argument_lists())


def check(module: Any, folder: Path, text: str, scratch: Path) -> dict[str, Any]:
    theirs = folder / "theirs"
    theirs.mkdir()
    (theirs / "theirs.sql").write_text(text)
    answer: dict[str, Any] = module.check(
        {"id": "practice"}, str(theirs), {}, None, str(scratch), {}
    )
    assert list(scratch.iterdir()) == []
    assert processes_of(scratch) == []
    shutil.rmtree(theirs)
    return answer


def test_a_dump_that_runs_programs_gets_out_nowhere(
    postgres: RealPostgres, folder: Path, scratch: Path, outside: Path, listener: socket.socket
) -> None:
    script = deeds(outside, listener, postgres).replace("'", "''")
    text = f"""
\\! {deeds(outside, listener, postgres)}
create table t (line text);
copy t from program '{script}; id -u; ls /; true';
copy (select 1) to program 'cat > {outside}/copied; cat; true';
create function f() returns event_trigger language plpgsql as
    $$ begin copy (select 1) to program 'touch {outside}/trigger; cat; true'; end $$;
create event trigger e on ddl_command_end execute function f();
create table u (i int);
alter system set archive_command = 'touch {outside}/archived';
do $$ begin perform pg_reload_conf(); end $$;
"""
    answer = check(postgresql, folder, HEAD + text + TAIL, scratch)
    unharmed(outside, listener, postgres)
    assert answer["parts"][0]["verdict"] == "proven", answer["detail"]
    (server,) = (line for line in answer["ran"] if line.startswith("postgres "))
    assert "confined: limits on memory and disk, a user of its own, no network" in server
    assert "ran without" not in server


@pytest.mark.parametrize(
    "what",
    [
        "select count(*) from generate_series(1, 100000000000) g",
        ENDLESS_INDEX,
        "\\! sleep 86399",
        "create table t (x text); copy t from program 'sleep 86399'",
    ],
)
def test_a_dump_that_never_ends_is_ended(
    folder: Path, scratch: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    monkeypatch.setattr(scratch_guard, "SECONDS", 6.0)
    answer = check(
        postgresql, folder, f"{HEAD}set statement_timeout = 0;\n{what};\n{TAIL}", scratch
    )
    assert answer["verdict"] == "failed"
    assert "not restored and checked within 6 s" in answer["detail"]


def test_a_dump_that_fills_the_disk_is_ended(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scratch_guard, "ROOM", 64 << 20)
    monkeypatch.setattr(filling, "_SLACK", 64 << 20)
    text = "create table t as select repeat(md5(i::text), 100) from generate_series(1, 10000000) i;"
    with place(on_disk=True) as scratch:
        answer = check(postgresql, folder, HEAD + text + TAIL, scratch)
    assert answer["verdict"] == "failed"
    assert "while it is restored" in answer["detail"]


def test_a_dump_of_mariadb_that_runs_programs_gets_out_nowhere(
    mariadb_word: str, postgres: RealPostgres, folder: Path, scratch: Path, outside: Path,
    listener: socket.socket,
) -> None:  # fmt: skip
    text = f"""
create table t (i int);
\\! {deeds(outside, listener, postgres)}
{mariadb_word} select 'x' into outfile '{outside}/out';
"""
    answer = check(mariadb, folder, MARIA_HEAD + text + MARIA_TAIL, scratch)
    unharmed(outside, listener, postgres)
    assert answer["parts"][0]["verdict"] == "failed", answer["detail"]


@pytest.fixture(params=["", "create procedure p() sql security definer"])
def mariadb_word(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_a_dump_of_mariadb_that_never_ends_is_ended(
    folder: Path, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scratch_guard, "SECONDS", 6.0)
    text = f"{MARIA_HEAD}set max_statement_time = 0;\nselect sleep(86399);{MARIA_TAIL}"
    answer = check(mariadb, folder, text, scratch)
    assert answer["verdict"] == "failed"
    assert "not restored and checked within 6 s" in answer["detail"]
    assert "no network" in answer["ran"][0]


@pytest.mark.parametrize("module", [postgresql, mariadb])
def test_what_a_machine_cannot_give_stands_in_the_record(
    folder: Path, scratch: Path, monkeypatch: pytest.MonkeyPatch, module: Any
) -> None:
    """It still works there, as a named user that no real server has."""
    monkeypatch.setattr(confine, "_possible", lambda: (False, False))
    whole = (HEAD + TAIL) if module is postgresql else (MARIA_HEAD + MARIA_TAIL)
    text = whole.replace("\n-- Dump", "\ncreate table t (i int);\n-- Dump", 1)
    answer = check(module, folder, text, scratch)
    lacking = "ran without: a user of its own, file system isolation, network isolation"
    assert any(lacking in line for line in answer["ran"]), answer


@pytest.mark.parametrize("kind", ["link", "pipe", "socket"])
@pytest.mark.parametrize("module", [postgresql, mariadb])
def test_a_dump_that_is_no_file_is_not_opened(
    folder: Path, scratch: Path, outside: Path, module: Any, kind: str
) -> None:
    """A link would show the verifier's own files, and a pipe would never end."""
    theirs = folder / "theirs"
    theirs.mkdir()
    for name in ("postgresql.dump", "mariadb.sql"):
        if kind == "link":
            (theirs / name).symlink_to("/etc/passwd")
        elif kind == "pipe":
            os.mkfifo(theirs / name)
        else:
            with socket.socket(socket.AF_UNIX) as one:
                one.bind(str(theirs / name))
    answer = module.check({"id": "practice"}, str(theirs), {}, None, str(scratch), {})
    assert answer["verdict"] != "proven"
    assert "restored" in answer["detail"]
