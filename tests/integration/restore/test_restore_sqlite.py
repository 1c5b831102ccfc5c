"""A SQLite database comes back whole, whatever its live file and companions look like."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from sluis.errors import SnapshotError
from support.restores import Snapshotted, copy_of, restore_beside, swap, take


def fill(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("pragma journal_mode = wal")
        connection.execute("create table patient (id integer primary key, name text)")
        connection.executemany(
            "insert into patient (name) values (?)", [(f"name {n}",) for n in range(500)]
        )
        connection.commit()


def patients(path: Path | str) -> int:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        count: int = connection.execute("select count(*) from patient").fetchone()[0]
        return count


@pytest.fixture(scope="module")
def master(tmp_path_factory: pytest.TempPathFactory) -> Snapshotted:
    top = tmp_path_factory.mktemp("sqlite")
    path = top / "practice.db"
    fill(path)
    return take(top, {"id": "small-records", "kind": "sqlite", "location": str(path)})


@pytest.fixture
def taken(master: Snapshotted, tmp_path: Path) -> Snapshotted:
    live = tmp_path / "srv" / "practice?#.db"
    live.parent.mkdir()
    shutil.copy(master.live, live)
    live.chmod(0o640)
    made = copy_of(master, tmp_path, live=tmp_path / "unused", with_live=False)
    made.asset["location"] = str(live)
    return made


def both(taken: Snapshotted) -> tuple[dict[str, Any], dict[str, Any]]:
    return restore_beside(taken.request()), swap(taken.request())


def test_case_A6_A7_A11_sqlite_back_and_the_broken_one_kept(taken: Snapshotted) -> None:
    os.setxattr(taken.live, "user.mark", b"kept")
    with contextlib.closing(sqlite3.connect(taken.live)) as connection:
        connection.execute("delete from patient where id > 3")
        connection.commit()
    beside = restore_beside(taken.request())
    assert (beside["equal"], beside["changed"], beside["counts"]) == (
        True, True, {"tables": 1, "rows": 500},
    )  # fmt: skip
    assert patients(taken.live) == 3
    swapped = swap(taken.request())
    assert swapped["changed"] is True
    assert swapped["equal"] is True
    assert patients(taken.live) == 500
    assert patients(swapped["quarantine"][0]) == 3
    assert taken.live.stat().st_mode & 0o777 == 0o640
    assert os.getxattr(taken.live, "user.mark") == b"kept"
    with contextlib.closing(sqlite3.connect(taken.live)) as connection:
        names = {row[0] for row in connection.execute("select name from sqlite_master")}
    assert "sluis_nonce" not in names
    assert restore_beside(taken.request())["changed"] is False
    assert swap(taken.request())["changed"] is False


def test_N48_a_swap_counts_for_its_own_plan_and_for_what_is_live(taken: Snapshotted) -> None:
    first = both(taken)[1]
    with contextlib.closing(sqlite3.connect(taken.live)) as connection:
        connection.execute("delete from patient where id > 3")
        connection.commit()
    with pytest.raises(SnapshotError, match="restore-worked-in"):
        swap(taken.request())
    with pytest.raises(SnapshotError, match="restore-worked-in"):
        swap(taken.request(check_mode=True))
    assert patients(taken.live) == 3
    second_plan = taken.request(restore_id=f"{taken.request()['restore_id']}-5f1c0c5e")
    assert restore_beside(second_plan)["changed"] is True
    second = swap(second_plan)
    assert (second["changed"], second["equal"]) == (True, True)
    assert patients(taken.live) == 500
    assert patients(second["quarantine"][0]) == 3
    assert set(first["quarantine"]).isdisjoint(second["quarantine"])


def test_case_A7_a_left_over_log_is_not_replayed_into_the_restored_database(
    taken: Snapshotted,
) -> None:
    """The application died: its write-ahead log and shared memory lie beside the file."""
    crashed = taken.live.with_name("crashed.db")
    shutil.copy(taken.live, crashed)
    child = os.fork()
    if child == 0:
        connection = sqlite3.connect(crashed)
        connection.execute("pragma wal_autocheckpoint = 0")
        connection.execute("delete from patient")
        connection.commit()
        os.kill(os.getpid(), 9)
    os.waitpid(child, 0)
    for suffix in ("", "-wal", "-shm"):
        shutil.copy(f"{crashed}{suffix}", f"{taken.live}{suffix}")
    assert Path(f"{taken.live}-wal").stat().st_size > 0
    _, swapped = both(taken)
    assert [Path(path).name for path in swapped["quarantine"]] == [
        "practice?#.db.sluis-quarantine-CHG-7-1",
        "practice?#.db.sluis-quarantine-CHG-7-1-wal",
        "practice?#.db.sluis-quarantine-CHG-7-1-shm",
    ]
    assert patients(taken.live) == 500
    assert patients(swapped["quarantine"][0]) == 0, "the displaced database is whole, log and all"


@pytest.mark.parametrize("live", ["gone", "rubbish", "empty"])
def test_whatever_the_live_file_is(taken: Snapshotted, live: str) -> None:
    taken.live.unlink()
    if live != "gone":
        taken.live.write_bytes(b"" if live == "empty" else os.urandom(5000))
    _, swapped = both(taken)
    assert patients(taken.live) == 500
    assert len(swapped["quarantine"]) == (0 if live == "gone" else 1)


def test_a_copy_that_was_written_to_is_not_swapped_in(taken: Snapshotted) -> None:
    copy = Path(restore_beside(taken.request())["beside"], "data")
    with contextlib.closing(sqlite3.connect(copy)) as connection:
        connection.execute("delete from patient where id = 7")
        connection.commit()
    with pytest.raises(SnapshotError, match="restore-copy-touched"):
        swap(taken.request())
    assert restore_beside(taken.request())["changed"] is True
    assert swap(taken.request())["changed"] is True


def test_an_open_connection_stops_the_swap(taken: Snapshotted) -> None:
    import subprocess
    import sys

    restore_beside(taken.request())
    code = (
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); "
        "c.execute('select count(*) from patient').fetchone(); print(flush=True); input()"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code, str(taken.live)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    try:
        assert child.stdout is not None
        child.stdout.readline()
        with pytest.raises(SnapshotError, match="restore-in-use"):
            swap(taken.request())
    finally:
        child.kill()
        child.communicate()
    assert swap(taken.request())["changed"] is True


def test_check_mode(taken: Snapshotted) -> None:
    before = sorted(path.name for path in taken.live.parent.iterdir())
    assert restore_beside(taken.request(check_mode=True))["changed"] is True
    assert swap(taken.request(check_mode=True))["changed"] is True
    assert sorted(path.name for path in taken.live.parent.iterdir()) == before
