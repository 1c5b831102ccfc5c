"""A MariaDB database is restored beside, held against the signed figures, and swapped."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest

from sluis.errors import SnapshotError
from sluis.rehearsal.mariadb import RealMariadb
from sluis.snapshot import mariadb_swap
from sluis.snapshot.mariadb import dump
from support.databases import place
from support.restores import Snapshotted, restore_beside, swap, take

NAME = "web-shop"


@pytest.fixture(scope="module")
def server() -> Iterator[RealMariadb]:
    with place() as folder, RealMariadb(folder / "server") as running:
        running.sql(f"create database `{NAME}`")
        running.sql(
            "create table photo (id int primary key auto_increment, name varchar(80));"
            "insert into photo (name) select concat('photo ', seq) from seq_1_to_1500;"
            "create view newest as select max(id) as id from photo;"
            "create trigger keep_name before update on photo for each row "
            "set new.name = coalesce(new.name, old.name);",
            NAME,
        )
        yield running


@pytest.fixture(scope="module")
def taken(server: RealMariadb, tmp_path_factory: pytest.TempPathFactory) -> Snapshotted:
    asset = {
        "id": "shop", "kind": "mariadb", "location": NAME, "host_address": server.socket,
        "user": "root",
    }  # fmt: skip
    return take(tmp_path_factory.mktemp("maria"), asset)


def as_change(taken: Snapshotted, change: str, **other: Any) -> dict[str, Any]:
    mark = taken.made["snapshot_id"][:8]
    return taken.request(change=change, restore_id=f"{change}-{mark}", **other)


def test_case_A6_A7_A11_database_back_and_the_broken_one_kept(
    server: RealMariadb, taken: Snapshotted
) -> None:
    server.sql("delete from photo where id > 3; drop view newest", NAME)
    request = as_change(taken, "CHG-7")
    assert restore_beside(as_change(taken, "CHG-7", check_mode=True))["changed"] is True
    beside = restore_beside(request)
    assert (beside["equal"], beside["changed"]) == (True, True)
    assert beside["counts"]["rows"] == 1501, "the photos and the nonce"
    assert server.sql("select count(*) from photo", NAME) == "3"
    assert restore_beside(request)["changed"] is False

    swapped = swap(request)
    assert (swapped["changed"], swapped["equal"]) == (True, True)
    assert server.sql("select count(*) from photo", NAME) == "1500"
    assert server.sql("select id from newest", NAME) == "1500"
    (quarantine,) = swapped["quarantine"]
    assert server.sql("select count(*) from photo", quarantine) == "3"
    assert swap(request)["changed"] is False
    assert restore_beside(request)["changed"] is False


def test_N48_a_swap_counts_for_its_own_plan_and_for_what_is_live(
    server: RealMariadb, taken: Snapshotted
) -> None:
    first = as_change(taken, "CHG-12")
    restore_beside(first)
    displaced = swap(first)["quarantine"]
    server.sql("delete from photo where id > 3", NAME)
    for check_mode in (True, False):
        with pytest.raises(SnapshotError, match="restore-worked-in") as caught:
            swap({**first, "check_mode": check_mode})
        assert "photo" in caught.value.what
    second = {**first, "restore_id": f"{first['restore_id']}-5f1c0c5e"}
    with pytest.raises(SnapshotError, match="restore-not-compared"):
        swap(second)
    assert restore_beside(second)["changed"] is True
    swapped = swap(second)
    assert (swapped["changed"], swapped["equal"]) == (True, True)
    assert server.sql("select count(*) from photo", NAME) == "1500"
    assert swapped["quarantine"] != displaced
    assert server.sql("select count(*) from photo", swapped["quarantine"][0]) == "3"


@pytest.mark.parametrize("step", ["_rename", "_load_code", "_set_phase"])
def test_case_A7_cut_off_and_kept_again_the_swap_is_finished(
    server: RealMariadb, taken: Snapshotted, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """Before it runs again what lies there is kept, and that leaves another nonce in it."""
    request = as_change(taken, f"CHG-{step.strip('_')}")
    restore_beside(request)
    real = getattr(mariadb_swap._Move, step)

    def cut(*given: Any) -> None:
        real(*given)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(mariadb_swap._Move, step, cut)
        swap(request)
    dump(taken.asset, str(taken.top), "another-nonce-0123456789", {})
    assert restore_beside(request)["changed"] is False
    again = swap(request)
    assert (again["equal"], again["resumed"]) == (True, True)
    assert server.sql("select id from newest", NAME) == "1500"


def test_what_a_user_lacks_is_told_before_a_table_is_moved(
    server: RealMariadb, taken: Snapshotted
) -> None:
    """The look before the first swap asks the server; it is the same request in check mode."""
    request = as_change(taken, "CHG-13")
    copy = restore_beside(request)["beside"]
    server.sql(
        f"create user weak@localhost; grant select on `{copy}`.* to weak@localhost;"
        f"grant select, show view, trigger, event on `{NAME}`.* to weak@localhost"
    )
    weak = {**request, "check_mode": True, "asset": {**request["asset"], "user": "weak"}}
    with pytest.raises(SnapshotError, match=r"mariadb-(swap-rights|definers)"):
        swap(weak)
    server.sql("grant all on *.* to weak@localhost")
    assert swap(weak)["changed"] is True
    assert server.sql("select count(*) from photo", copy) != "0", "no table was moved"
    server.sql(f"revoke all on *.* from weak@localhost; drop database `{copy}`")


def test_a_copy_that_was_written_to_is_not_swapped_in(
    server: RealMariadb, taken: Snapshotted
) -> None:
    request = as_change(taken, "CHG-9")
    copy = restore_beside(request)["beside"]
    server.sql("update photo set name = 'other' where id = 7", copy)
    with pytest.raises(SnapshotError, match="restore-differs"):
        swap(request)
    assert server.sql("select name from photo where id = 7", NAME) == "photo 7"
    with pytest.raises(SnapshotError, match="restore-copy-touched"):
        restore_beside(request)


def test_a_server_without_room_is_not_filled(
    server: RealMariadb, taken: Snapshotted, monkeypatch: pytest.MonkeyPatch
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
    server: RealMariadb, taken: Snapshotted
) -> None:
    server.sql(f"drop database `{NAME}`")
    request = as_change(taken, "CHG-14")
    restore_beside(request)
    answer = swap(request)
    assert server.sql("select count(*) from photo", NAME) == "1500"
    assert any("was gone" in line for line in answer["warnings"])
