"""A PostgreSQL database is restored beside, held against the signed figures, and swapped."""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from sluis.errors import EvidenceError, InputError, SnapshotError
from sluis.rehearsal.postgres import RealPostgres
from support.databases import place
from support.restores import Snapshotted, restore_beside, swap, take

NAME = "practice it's"


@pytest.fixture(scope="module")
def server() -> Iterator[RealPostgres]:
    with place() as folder, RealPostgres(folder / "server") as running:
        running.sql(f'create role owner_of_it login; create database "{NAME}" owner owner_of_it;')
        running.sql(
            "create table patient (id serial primary key, name text);"
            "insert into patient (name) select 'name '||g from generate_series(1, 2000) g;"
            "create table visit (id int, at timestamptz, note bytea);"
            "insert into visit select g, now(), decode(md5(g::text), 'hex') "
            "from generate_series(1, 500) g;",
            NAME,
        )
        yield running


@pytest.fixture(scope="module")
def taken(server: RealPostgres, tmp_path_factory: pytest.TempPathFactory) -> Snapshotted:
    asset = {
        "id": "patients", "kind": "postgresql", "location": NAME, "host_address": server.host,
        "port": server.port, "user": "postgres", "bin_dir": str(server.bin_dir),
    }  # fmt: skip
    return take(tmp_path_factory.mktemp("pg"), asset)


def names(server: RealPostgres) -> set[str]:
    return set(
        server.sql("select datname from pg_database where datname like 'practice%'").split("\n")
    )


def count(server: RealPostgres, database: str) -> str:
    return server.sql("select count(*), sum(length(name)) from patient", database)


@contextmanager
def somebody_in_it(server: RealPostgres) -> Iterator[None]:
    """A session of the superuser has the live database open."""
    child = subprocess.Popen(
        [server.program("psql"), "-X", "-q", "-h", server.host, "-p", str(server.port),
         "-U", "postgres", "-d", f"dbname='{NAME.replace(chr(39), chr(92) + chr(39))}'",
         "-c", "select pg_sleep(60)"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    sleeping = "from pg_stat_activity where query ~ '^select pg_sl'"
    try:
        while server.sql(f"select count(*) {sleeping}") == "0":
            pass
        yield
    finally:
        child.kill()
        child.wait()
        server.sql(f"select pg_terminate_backend(pid) {sleeping}")


def as_change(taken: Snapshotted, change: str, **other: Any) -> dict[str, Any]:
    mark = taken.made["snapshot_id"][:8]
    return taken.request(change=change, restore_id=f"{change}-{mark}", **other)


def test_case_A6_A7_A11_database_back_and_the_broken_one_kept(
    server: RealPostgres, taken: Snapshotted
) -> None:
    good = count(server, NAME)
    server.sql("delete from patient where id > 3; drop table visit", NAME)
    request = as_change(taken, "CHG-7")

    beside = restore_beside(request)
    assert (beside["equal"], beside["changed"]) == (True, True)
    assert beside["counts"]["rows"] >= 2500
    assert count(server, NAME).startswith("3|"), "restoring beside touched the live database"
    assert restore_beside(request)["changed"] is False, "an equal copy is used again"

    swapped = swap(request)
    assert (swapped["changed"], swapped["equal"]) == (True, True)
    assert count(server, NAME) == good
    (quarantine,) = swapped["quarantine"]
    assert count(server, quarantine).startswith("3|")

    again = swap(request)
    assert (again["changed"], again["quarantine"]) == (False, [quarantine])
    assert restore_beside(request)["changed"] is False
    assert names(server) == {NAME, quarantine}


def test_N48_a_swap_counts_for_its_own_plan_and_for_what_is_live(
    server: RealPostgres, taken: Snapshotted
) -> None:
    good = count(server, NAME)
    first = as_change(taken, "CHG-12")
    restore_beside(first)
    displaced = swap(first)["quarantine"]
    server.sql("delete from patient where id > 3", NAME)
    for check_mode in (True, False):
        with pytest.raises(SnapshotError, match="restore-worked-in") as caught:
            swap({**first, "check_mode": check_mode})
        assert "patient" in caught.value.what
    assert count(server, NAME).startswith("3|")
    second = {**first, "restore_id": f"{first['restore_id']}-5f1c0c5e"}
    with pytest.raises(SnapshotError, match="restore-not-compared"):
        swap(second)
    assert restore_beside(second)["changed"] is True
    swapped = swap(second)
    assert (swapped["changed"], swapped["equal"]) == (True, True)
    assert count(server, NAME) == good
    assert swapped["quarantine"] != displaced
    assert count(server, swapped["quarantine"][0]).startswith("3|")
    for name in (*displaced, *swapped["quarantine"]):
        server.sql(f'drop database "{name}"')


def test_check_mode(server: RealPostgres, taken: Snapshotted) -> None:
    before = names(server)
    request = as_change(taken, "CHG-8", check_mode=True)
    assert restore_beside(request)["changed"] is True
    assert swap(request)["changed"] is True
    assert names(server) == before


def test_what_a_user_lacks_is_told_before_anything_is_renamed(
    server: RealPostgres, taken: Snapshotted
) -> None:
    """The look before the first swap asks the server; it is the same request in check mode."""
    request = as_change(taken, "CHG-14")
    copy = restore_beside(request)["beside"]
    server.sql("create role weak login")
    weak = {**request, "check_mode": True, "asset": {**request["asset"], "user": "weak"}}
    with pytest.raises(SnapshotError, match="postgresql-swap-rights") as caught:
        swap(weak)
    for lacking in (NAME, copy, "createdb", "pg_signal_backend", "sluis.copy"):
        assert lacking in caught.value.what
    server.sql(
        "alter role weak createdb; grant pg_signal_backend, owner_of_it to weak;"
        "grant set on parameter sluis.copy to weak"
    )
    assert swap(weak)["changed"] is True
    assert {NAME, copy} <= names(server), "nothing was renamed"
    with somebody_in_it(server), pytest.raises(SnapshotError, match="a superuser has"):
        swap(weak)
    server.sql(f'alter database "{copy}" reset sluis.copy')
    with pytest.raises(SnapshotError, match="postgresql-copy-unfinished"):
        swap(weak)
    server.sql(f'drop database "{copy}"')


def test_a_copy_that_was_written_to_is_not_swapped_in(
    server: RealPostgres, taken: Snapshotted
) -> None:
    request = as_change(taken, "CHG-9")
    live = count(server, NAME)
    copy = restore_beside(request)["beside"]
    server.sql("update patient set name = 'Jansen' where id = 7", copy)
    with pytest.raises(SnapshotError, match="restore-differs") as caught:
        swap(request)
    assert "patient" in caught.value.what
    assert "Jansen" not in caught.value.what
    assert count(server, NAME) == live
    server.sql(f'drop database "{copy}"')


def test_nothing_beside_nothing_swapped(server: RealPostgres, taken: Snapshotted) -> None:
    before = names(server)
    with pytest.raises(SnapshotError, match="restore-not-compared"):
        swap(as_change(taken, "CHG-10"))
    assert names(server) == before


def test_figures_that_are_not_the_signed_ones(taken: Snapshotted, tmp_path: Path) -> None:
    forged = tmp_path / "facts"
    forged.write_text("{}")
    with pytest.raises(EvidenceError, match="facts-altered"):
        restore_beside(as_change(taken, "CHG-11", facts={**taken.facts, "path": str(forged)}))
    with pytest.raises(InputError, match="no-facts"):
        restore_beside(as_change(taken, "CHG-11", facts=None))


def test_a_restored_database_with_other_figures_is_refused(
    server: RealPostgres, taken: Snapshotted, tmp_path: Path
) -> None:
    """Signed figures of another state: as if the dump were of another moment."""
    import json

    facts = json.loads(Path(taken.facts["path"]).read_bytes())
    table = next(name for name in facts["tables"] if "patient" in name)
    facts["tables"][table]["rows"] = "2001"
    data = json.dumps(facts).encode()
    (tmp_path / "facts").write_bytes(data)
    signed = {"path": str(tmp_path / "facts"), "sha256": hashlib.sha256(data).hexdigest()}
    live = count(server, NAME)
    request = as_change(taken, "CHG-12", facts=signed)
    with pytest.raises(SnapshotError, match="restore-differs"):
        restore_beside(request)
    with pytest.raises(SnapshotError, match="restore-copy-touched"):
        restore_beside(request)
    with pytest.raises(SnapshotError, match="restore-differs"):
        swap(request)
    assert count(server, NAME) == live
    for name in names(server):
        if "restored" in name:
            server.sql(f'drop database "{name}"')


def test_case_A7_sessions_are_ended_and_said_so(server: RealPostgres, taken: Snapshotted) -> None:
    request = as_change(taken, "CHG-13")
    restore_beside(request)
    with somebody_in_it(server):
        answer = swap(request)
    assert answer["warnings"] == ["1 session of the live database was ended"]


def test_a_server_without_room_is_not_filled(
    server: RealPostgres, taken: Snapshotted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A database server whose disk is full stops; so there has to be room for twice the data."""
    asked: list[str] = []
    real = os.statvfs

    def small(path: str) -> os.statvfs_result:
        asked.append(str(path))
        found = list(real(path))
        found[4] = 10  # f_bavail
        return os.statvfs_result(found)

    monkeypatch.setattr("sluis.snapshot.restore_space.os.statvfs", small)
    with pytest.raises(SnapshotError, match="restore-no-space"):
        restore_beside(as_change(taken, "CHG-20"))
    assert asked[-1].rstrip("/") == str(server.data)


def test_case_A7_a_database_that_was_dropped_comes_back(
    server: RealPostgres, taken: Snapshotted
) -> None:
    """A failed update can drop the whole database; then nothing is there to displace."""
    good = count(server, NAME)
    server.sql(f'drop database "{NAME}"')
    request = as_change(taken, "CHG-14")
    beside = restore_beside(request)
    assert any("gone" in line for line in beside["warnings"])
    answer = swap(request)
    assert count(server, NAME) == good
    assert any("was gone" in line for line in answer["warnings"])
    assert swap(request)["changed"] is False
