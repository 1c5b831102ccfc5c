"""SQL checks against real servers: with a password, through a socket, and against a dead one."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from sluis.checks.run import run_checks
from sluis.rehearsal.mariadb import RealMariadb
from sluis.rehearsal.postgres import RealPostgres
from sluis.rehearsal.server_process import server_folder

PASSWORD = "check-s3cret-91"
ADDRESS = "127.0.10.2"


def ask(password: str | None = None, **fields: Any) -> dict[str, Any]:
    check = {"id": "it", "type": "sql", "timeout": 5, **fields}
    (answer,) = run_checks([check], {"it": password} if password else {})
    assert PASSWORD not in str(answer)
    return answer


@pytest.fixture(scope="module")
def postgres(request: pytest.FixtureRequest) -> Iterator[RealPostgres]:
    folder = server_folder("sluis-test-checks-pg-")
    request.addfinalizer(lambda: shutil.rmtree(folder))
    with RealPostgres(folder, address=ADDRESS) as server:
        server.sql(f"create role checker login password '{PASSWORD}'; create database \"it's\";")
        server.sql(
            "create table patient as select g as id, 'name '||g as name "
            "from generate_series(1, 5) g; grant select, delete on patient to checker;",
            "it's",
        )
        yield server


def test_postgresql(postgres: RealPostgres) -> None:
    query = "select count(*), max(name) from patient"
    over_tcp = {
        "engine": "postgresql", "database": "it's", "host_address": ADDRESS,
        "port": postgres.port, "user": "checker", "bin_dir": str(postgres.bin_dir),
    }  # fmt: skip
    assert ask(PASSWORD, **over_tcp, query=query, expect="5\tname 5")["passed"] is True
    assert ask(PASSWORD, **over_tcp, query=query, expect="6\tname 5")["passed"] is False
    count = "select count(*) from patient"
    assert ask(PASSWORD, **over_tcp, query=count, at_least=5)["passed"] is True
    wrong = ask("wrong", **over_tcp, query=count, at_least=5)
    assert wrong["passed"] is None, "who could not log in knows nothing"
    missing = ask(PASSWORD, **over_tcp, query="select * from no_such", expect="1")
    assert missing["passed"] is False
    socket = {**over_tcp, "host_address": postgres.host, "user": "postgres"}
    assert ask(**socket, query=count, expect="5")["passed"] is True
    other = {**over_tcp, "port": 1}
    assert ask(PASSWORD, **other, query=count, expect="5")["passed"] is None


def test_postgresql_session_cannot_write(postgres: RealPostgres) -> None:
    answer = ask(
        engine="postgresql", database="it's", host_address=postgres.host, port=postgres.port,
        user="postgres", bin_dir=str(postgres.bin_dir), expect="x",
        query="with gone as (delete from patient returning 1) select count(*) from gone",
    )  # fmt: skip
    assert answer["passed"] is False
    assert postgres.sql("select count(*) from patient", "it's") == "5"


def test_postgresql_slow_query_ends(postgres: RealPostgres) -> None:
    answer = ask(
        engine="postgresql", database="postgres", host_address=postgres.host, port=postgres.port,
        user="postgres", bin_dir=str(postgres.bin_dir), expect="x",
        query="select pg_sleep(600)", timeout=0.3,
    )  # fmt: skip
    assert answer["passed"] is False


def test_a_client_program_that_is_missing(postgres: RealPostgres, tmp_path: Path) -> None:
    answer = ask(
        engine="postgresql", database="postgres", bin_dir=str(tmp_path), query="select 1",
        expect="1",
    )  # fmt: skip
    assert answer["passed"] is None
    assert "no program" in answer["detail"]


@pytest.fixture(scope="module")
def mariadb(request: pytest.FixtureRequest) -> Iterator[RealMariadb]:
    folder = server_folder("sluis-test-checks-maria-")
    request.addfinalizer(lambda: shutil.rmtree(folder))
    with RealMariadb(folder, address=ADDRESS) as server:
        server.sql(
            f"create database practice; create user checker identified by '{PASSWORD}';"
            "grant select, delete on practice.* to checker;"
            "create table practice.patient (id int primary key, name text) engine=InnoDB;"
            "insert into practice.patient values (1, 'A'), (2, 'Zoë');"
        )
        yield server


def test_mariadb(mariadb: RealMariadb) -> None:
    over_tcp = {
        "engine": "mariadb", "database": "practice", "host_address": ADDRESS,
        "port": mariadb.port, "user": "checker",
    }  # fmt: skip
    query = "select count(*), max(name) from patient"
    assert ask(PASSWORD, **over_tcp, query=query, expect="2\tZoë")["passed"] is True
    assert ask(PASSWORD, **over_tcp, query=query, expect="3\tZoë")["passed"] is False
    assert ask("wrong", **over_tcp, query=query, expect="2\tZoë")["passed"] is None
    assert ask(PASSWORD, **over_tcp, query="select * from no_such", expect="1")["passed"] is False
    assert ask(PASSWORD, **{**over_tcp, "port": 1}, query=query, expect="1")["passed"] is None
    write = "with x as (select 1) select 1 into outfile '/tmp/sluis-x'"
    assert ask(PASSWORD, **over_tcp, query=write, expect="1")["passed"] is not True


def test_no_password_in_any_command_line(mariadb: RealMariadb, postgres: RealPostgres) -> None:
    """While a query runs, nobody who lists processes may read the password."""
    import threading

    seen: list[str] = []
    done = threading.Event()

    def watch() -> None:
        while not done.is_set():
            for process in psutil.process_iter(["cmdline"]):
                line = " ".join(process.info["cmdline"] or [])
                if "sleep(" in line:
                    seen.append(line)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        ask(
            PASSWORD, engine="mariadb", database="practice", host_address=ADDRESS,
            port=mariadb.port, user="checker", query="select sleep(1)", expect="0",
        )  # fmt: skip
        ask(
            PASSWORD, engine="postgresql", database="it's", host_address=ADDRESS,
            port=postgres.port, user="checker", bin_dir=str(postgres.bin_dir),
            query="select pg_sleep(1)", expect="",
        )  # fmt: skip
    finally:
        done.set()
        watcher.join()
    assert any("mariadb" in line for line in seen)
    assert any("psql" in line for line in seen)
    assert not any(PASSWORD in line for line in seen)
