"""Databases all the way: dumped, stored, proven on a scratch server; and dumps that others made."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from sluis.rehearsal.mariadb import RealMariadb
from sluis.rehearsal.postgres import RealPostgres
from support.databases import place
from support.snapshots import Stage, detail, run_apart

_ROWS = "insert into patient select n, 'Patient ' || n from generate_series(1, 2000) n"


@pytest.fixture(scope="module")
def postgres():
    with place() as folder, RealPostgres(folder / "pg") as server:
        server.sql("create database practice")
        server.sql(f"create table patient (id int primary key, name text); {_ROWS}", "practice")
        yield server


def _asset(server: RealPostgres) -> dict:
    return {
        "id": "records", "kind": "postgresql", "location": "practice", "host_address": server.host,
        "port": server.port, "user": server.superuser, "bin_dir": str(server.bin_dir),
    }  # fmt: skip


def test_case_A11_postgresql_reaches_every_level(stage: Stage, postgres: RealPostgres) -> None:
    made = stage.make(_asset(postgres))
    judgement = made.prove()
    assert judgement.verification.reached == "V6", judgement.verification
    assert made.answer["machine"]["system_identifier"]
    assert judgement.differences["database"]["differences"] == []
    # the server's other databases are found, and nobody has to name the empty one of its own
    assert "postgres" not in [item["location"] for item in made.answer["found"]]
    assert made.answer["found_all"]


def test_case_A11_postgresql_of_another_server_is_another_source(
    stage: Stage, postgres: RealPostgres
) -> None:
    from sluis.errors import SnapshotError

    with pytest.raises(SnapshotError) as raised:
        stage.make(_asset(postgres), expected_identity={"system_identifier": "42"})
    assert raised.value.code == "wrong-machine"
    assert not list((stage.data / "snapshots").iterdir())


def test_case_A2_a_dump_that_the_client_made_is_adopted(
    postgres: RealPostgres, tmp_path: Path
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    for day in ("monday", "tuesday"):
        dump = subprocess.run(
            [postgres.program("pg_dump"), "-h", postgres.host, "-p", str(postgres.port),
             "-U", postgres.superuser, "practice"],
            capture_output=True, check=True,
        )  # fmt: skip
        (disk / f"{day}.sql").write_bytes(dump.stdout + f"-- {day}\n".encode())
    asset = _asset(postgres)
    look = {
        "asset": asset, "host": "db1", "expected_identity": {}, "stage": "look",
        "nonce": "ab" * 32, "secrets": {},
    }  # fmt: skip
    observed = run_apart("observe_source", look)
    request = {
        "asset": asset, "scratch": None, "nonce_sha256": None, "secrets": {"store": {}},
        "backup": {"kind": "dump", "locations": [str(disk / "*.sql")]},
        "source": {name: observed[name] for name in ("facts", "machine")},
    }  # fmt: skip
    answer = run_apart("adopt_backup", request)
    assert answer["objections"] == []
    verdicts = {item["level"]: item["verdict"] for item in answer["levels"]}
    assert verdicts["V4"] == "proven", answer["levels"]
    assert answer["database"]["differences"] == []
    whole = (disk / "tuesday.sql").read_bytes()
    (disk / "tuesday.sql").write_bytes(whole[: len(whole) // 2])
    cut = run_apart("adopt_backup", request)
    verdicts = {item["level"]: item["verdict"] for item in cut["levels"]}
    assert "failed" in (verdicts["V3"], verdicts["V4"]), cut["levels"]


def test_case_A11_mariadb_reaches_every_level(stage: Stage) -> None:
    with place() as folder, RealMariadb(folder / "my") as server:
        server.sql("create database practice")
        server.sql(
            "create table patient (id int primary key, name text) engine=innodb;"
            "insert into patient select seq, concat('Patient ', seq) from seq_1_to_2000",
            "practice",
        )
        asset = {
            "id": "records", "kind": "mariadb", "location": "practice",
            "host_address": server.socket, "user": server.superuser,
        }  # fmt: skip
        judgement = stage.make(asset).prove()
    assert judgement.verification.reached == "V6", judgement.verification
    assert "tables" in detail(judgement, "V4")
