"""MariaDB dumps: what is in the copy is what was in the source, at one instant."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sluis.errors import SnapshotError
from sluis.rehearsal.mariadb import RealMariadb
from sluis.snapshot import mariadb as adapter
from sluis.snapshot import mariadb_dumping
from support.databases import argument_lists, part, processes_of, take_dump, wait_until

New = Callable[..., dict[str, Any]]
EVERYTHING = (Path(__file__).parents[2] / "support/one_of_everything_mariadb.sql").read_text()


def test_case_A11_dump_under_load_equals_its_instant(
    mariadb: RealMariadb, new_maria: New, folder: Path, scratch: Path
) -> None:
    asset = new_maria(
        "create table account (id int primary key, amount int);"
        "insert into account select seq, 0 from seq_1_to_20000;"
        "create table history (id int auto_increment primary key, account int, amount int);"
        "create table slow (id int auto_increment primary key, t text) engine = MyISAM;"
        "create sequence number;"
    )
    name = asset["location"]
    # Each transaction keeps the sum of the accounts equal to the sum of the history.
    once = (
        "start transaction; set @a = 1 + floor(rand() * 20000), @n = floor(rand() * 100);"
        "update account set amount = amount + @n where id = @a;"
        "insert into history (account, amount) values (@a, @n); do nextval(number); commit;"
        "insert into slow (t) values (repeat('x', 100));\n"
    )
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            mariadb.sql(once * 200, name)

    writers = [threading.Thread(target=write) for _ in range(3)]
    for writer in writers:
        writer.start()
    try:
        wait_until(lambda: int(mariadb.sql("select count(*) from history", name)) > 300)
        dumped = take_dump(adapter, asset, folder / "dump")
    finally:
        stop.set()
        for writer in writers:
            writer.join()
    rows = dumped.facts["tables"]["history"]["rows"]
    assert 300 < rows < int(mariadb.sql("select count(*) from history", name))
    assert "slow" in dumped.answer["warnings"][0]
    answer = dumped.check(scratch)
    assert (answer["verdict"], answer["differences"]) == ("proven", []), answer["detail"]
    assert answer["figures"]["tables"] == dumped.facts["tables"]
    assert answer["nonce_found"]


def test_case_A11_one_of_everything_comes_back(
    mariadb: RealMariadb, new_maria: New, folder: Path, scratch: Path
) -> None:
    asset = new_maria(EVERYTHING, name="wé`ird -x")
    dumped = take_dump(adapter, asset, folder / "dump")
    facts = dumped.facts
    assert facts["tables"]["patient"]["rows"] == 303
    assert facts["tables"]["versioned"]["rows"] == 2
    assert facts["foreign_tables"] == ["elsewhere"]
    assert {"event tidy", "trigger stamp", "procedure of_nobody", "view known"} <= set(
        facts["objects"]
    )
    assert dumped.nonce not in json.dumps(dumped.answer)
    answer = dumped.check(scratch)
    assert (answer["verdict"], answer["differences"]) == ("proven", []), answer["detail"]
    assert answer["figures"]["objects"] == facts["objects"]
    assert "foreign table elsewhere" in part(answer, "equal")["detail"]
    # Our own dump changed nothing in the source.
    assert mariadb.sql("select count(*) from visit", asset["location"]) == "990"


def test_float_digits_that_mariadb_dump_drops_are_kept(
    mariadb: RealMariadb, new_maria: New, folder: Path, scratch: Path
) -> None:
    asset = new_maria(
        "create table t (a int, `k``ey` varchar(20) character set latin1, b varbinary(9), f float,"
        " g float, changed timestamp default '2001-02-03' on update current_timestamp,"
        " primary key (a, `k``ey`, b));"
        "insert into t (a, `k``ey`, b, f, g) values (1, 'é''\\\\', x'0027', 1234567, 0.1),"
        "(1, 'e', x'00', null, 12.3456789), (2, '', '', 5, -7), (3, 'x', 'y', 16777215, null);"
        "create table keyless (f float); insert into keyless values (2.5)"
    )
    dumped = take_dump(adapter, asset, folder / "dump")
    assert dumped.facts["float_rows"] == 3
    rows = (dumped.folder / "mariadb.sql").read_text()
    assert "1234570" in rows, "the trap: this is what mariadb-dump writes of 1234567"
    answer = dumped.check(scratch)
    assert (answer["verdict"], answer["differences"]) == ("proven", []), answer["detail"]
    # Without a key nobody can say which row a value belongs to: that is a loss, and said.
    mariadb.sql("insert into keyless values (1234567)", asset["location"])
    dumped = take_dump(adapter, asset, folder / "dump2")
    assert any("keyless" in line and "FLOAT" in line for line in dumped.answer["warnings"])
    answer = dumped.check(scratch)
    assert answer["differences"] == [
        "table keyless has other content in its 2 rows than the source had"
    ]


@pytest.mark.parametrize("change", ["alter table t add column x int", "truncate table t"])
def test_a_table_that_changes_shape_meanwhile(
    mariadb: RealMariadb, new_maria: New, folder: Path, scratch: Path, change: str
) -> None:
    asset = new_maria(
        "create table a select seq from seq_1_to_300000; create table t select 1 as i;"
    )
    dumping = b"--single-transaction\0--skip-lock-tables\0--skip-triggers\0--quick"
    changed = threading.Event()

    def alter() -> None:
        wait_until(lambda: any(dumping in line for line in argument_lists()))
        mariadb.sql(f"set lock_wait_timeout = 60; {change}", asset["location"])
        changed.set()

    other = threading.Thread(target=alter)
    other.start()
    dumped = take_dump(adapter, asset, folder / "dump")
    other.join()
    assert changed.is_set()
    answer = dumped.check(scratch)
    assert answer["verdict"] == "proven", answer["detail"]
    # Either the state before or the one after, never a mixture.
    assert dumped.facts["tables"]["t"]["rows"] in {0, 1}


def test_a_column_that_comes_before_the_figures_is_in_both_or_in_none(
    mariadb: RealMariadb,
    new_maria: New,
    folder: Path,
    scratch: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is there at once, also in older snapshots, and the list of columns is older still."""
    asset = new_maria("create table t select 1 as i")
    read_figures, calls = mariadb_dumping.read_figures, 0

    def altered(*given: Any) -> dict[str, Any]:
        nonlocal calls
        calls += 1
        if calls == 1:
            mariadb.sql("alter table t add column x int", asset["location"])
        return read_figures(*given)

    monkeypatch.setattr(mariadb_dumping, "read_figures", altered)
    dumped = take_dump(adapter, asset, folder / "dump")
    answer = dumped.check(scratch)
    assert answer["verdict"] == "proven", answer["detail"]
    assert calls == 2


@pytest.mark.parametrize("right", ["one table", "no table"])
def test_what_cannot_be_read_is_a_failure(
    mariadb: RealMariadb, new_maria: New, folder: Path, right: str
) -> None:
    asset = new_maria("create table open (i int); create table shut (i int)")
    name = asset["location"]
    grant = {
        "one table": f"grant select, lock tables on {name}.open to u_{name}",
        "no table": f"grant insert on {name}.* to u_{name}",
    }[right].replace(", lock tables", "")
    mariadb.sql(f"create user u_{name}; {grant}")
    with pytest.raises(SnapshotError) as caught:
        take_dump(adapter, {**asset, "user": f"u_{name}"}, folder / "dump")
    assert caught.value.code == "mariadb-unreadable"
    assert "GRANT SELECT" in caught.value.remedy
    assert list((folder / "dump").iterdir()) == []


def test_what_the_user_would_not_see_is_not_verified(
    mariadb: RealMariadb, new_maria: New, folder: Path, scratch: Path
) -> None:
    asset = new_maria(
        "create table t (i int); create trigger tr before insert on t for each row set new.i = 1;"
        "create event e on schedule every 1 day do set @x = 1; create procedure p() select 1;"
    )
    name = asset["location"]
    mariadb.sql(f"create user u_{name}; grant select, lock tables on `{name}`.* to u_{name}")
    dumped = take_dump(adapter, {**asset, "user": f"u_{name}"}, folder / "dump")
    assert dumped.facts["unseen"] == ["triggers", "events", "routines"]
    assert any("TRIGGER" in line for line in dumped.answer["warnings"])
    assert dumped.facts["nonce_sha256"] is None
    answer = dumped.check(scratch)
    assert (answer["verdict"], answer["differences"]) == ("not verified", [])
    assert "could not see its triggers" in answer["detail"]
    more = f"grant trigger, event, show view on `{name.replace('b', '_')}`.* to u_{name}"
    mariadb.sql(f"{more}; grant select on mysql.proc to u_{name}")
    dumped = take_dump(adapter, {**asset, "user": f"u_{name}"}, folder / "dump1")
    assert dumped.facts["unseen"] == ["triggers", "events"], "the exact grant alone counts"
    pattern = name.replace("b", "_")
    mariadb.sql(f"revoke all on `{name}`.* from u_{name}")
    rights = "select, insert, create, update, lock tables, trigger, event, show view"
    mariadb.sql(
        f"grant {rights} on `{pattern}`.* to u_{name}; grant select on mysql.proc to u_{name}"
    )
    dumped = take_dump(adapter, {**asset, "user": f"u_{name}"}, folder / "dump2")
    assert "unseen" not in dumped.facts
    assert dumped.check(scratch)["verdict"] == "proven"


def test_without_any_lock(
    mariadb: RealMariadb, new_maria: New, folder: Path, scratch: Path
) -> None:
    asset = new_maria("create table t (i int); create table m (i int) engine = MyISAM")
    name = asset["location"]
    mariadb.sql(
        f"create user u_{name}; grant select, trigger, event, show view on {name}.* to u_{name};"
        f"grant select on mysql.proc to u_{name}"
    )
    asset["user"] = f"u_{name}"
    dumped = take_dump(adapter, asset, folder / "dump")
    assert any("LOCK TABLES" in line for line in dumped.answer["warnings"])
    answer = dumped.check(scratch)
    assert answer["verdict"] == "not verified"
    assert "table m has no transactions and was not locked" in answer["detail"]
    # Where everything has transactions and all is equal, the two instants were no different.
    mariadb.sql("drop table m", name)
    answer = take_dump(adapter, asset, folder / "dump2").check(scratch)
    assert answer["verdict"] == "proven"
    # What differs may just have been written in between: nobody can tell.
    mariadb.sql(f"grant reload on *.* to u_{name}; create table m (i int) engine = MyISAM", name)
    dumped = take_dump(adapter, asset, folder / "dump3")
    assert "FLUSH TABLES WITH READ LOCK" in dumped.answer["ran"][0]
    assert dumped.check(scratch)["verdict"] == "proven"


def test_the_password_is_never_an_argument(
    mariadb: RealMariadb, new_maria: New, folder: Path
) -> None:
    asset = new_maria("create table t select seq from seq_1_to_300000")
    secret = "s3cr#e't\\\" ;x"
    name = asset["location"]
    spelled = secret.replace("\\", "\\\\").replace("'", "\\'")
    mariadb.sql(f"create user u_{name} identified by '{spelled}'; grant all on *.* to u_{name}")
    asset = {
        **asset, "user": f"u_{name}", "host_address": mariadb.address, "port": mariadb.port
    }  # fmt: skip
    seen: set[bytes] = set()
    stop = threading.Event()

    def watch() -> None:
        while not stop.wait(0.005):
            seen.update(argument_lists())

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        dumped = take_dump(adapter, asset, folder / "dump", secrets={"password": secret})
    finally:
        stop.set()
        watcher.join()
    assert any(b"mariadb-dump" in line for line in seen), "the watcher saw nothing"
    assert not any(b"s3cr" in line for line in seen)
    assert "s3cr" not in json.dumps(dumped.answer)
    assert dumped.nonce.encode() not in b"".join(seen)
    with pytest.raises(SnapshotError, match="Access denied"):
        take_dump(adapter, asset, folder / "other", secrets={"password": "wrong"})


@pytest.mark.parametrize("status", [0, 1])
def test_case_A11_a_producer_that_dies_half_way(
    mariadb: RealMariadb, new_maria: New, folder: Path, status: int
) -> None:
    asset = new_maria("create table t select seq from seq_1_to_100000")
    programs = folder / "bin"
    programs.mkdir()
    program = programs / "mariadb-dump"
    program.write_text(
        f'#!/bin/sh\n{mariadb.program("mariadb-dump")} "$@" | head -c 100000\nexit {status}\n'
    )
    program.chmod(0o755)
    with pytest.raises(SnapshotError) as caught:
        take_dump(adapter, {**asset, "bin_dir": str(programs)}, folder / "dump")
    assert caught.value.code == "mariadb-dump-failed"
    told = {0: "does not end with the line", 1: "ended with status 1"}
    assert told[status] in caught.value.what
    assert list((folder / "dump").iterdir()) == []


def test_killed_in_the_middle_of_a_dump(mariadb: RealMariadb, new_maria: New, folder: Path) -> None:
    asset = new_maria(
        "create table t select seq, repeat('x', 500) x from seq_1_to_200000;"
        "create table m (i int) engine = MyISAM"
    )
    target = folder / "dump"
    target.mkdir()
    code = (
        "import sys, json; from sluis.snapshot import mariadb;"
        "mariadb.dump(json.loads(sys.argv[1]), sys.argv[2], 'n' * 32, {})"
    )
    run = subprocess.Popen([sys.executable, "-c", code, json.dumps(asset), str(target)])
    sign = f"--\0{asset['location']}\0".encode()

    def at_work() -> bool:
        return any(b"mariadb-dump\0" in line and sign in line for line in argument_lists())

    wait_until(at_work)
    run.kill()
    run.wait()
    wait_until(lambda: not at_work())
    wait_until(lambda: not processes_of(target))
    wait_until(lambda: not list(target.iterdir()))
    # No lock was left behind.
    mariadb.sql("set lock_wait_timeout = 60; insert into m values (1)", asset["location"])
