"""A MariaDB database is put back beside the live one and swapped in; nothing is dropped."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sluis.errors import InputError, SnapshotError
from sluis.rehearsal.mariadb import RealMariadb
from sluis.snapshot import mariadb as adapter
from sluis.snapshot import mariadb_restore, mariadb_swap
from sluis.snapshot.database_compare import compare_figures
from support.databases import Dumped, take_dump, wait_until

New = Callable[..., dict[str, Any]]
SQL = """
create table p (id int primary key); insert into p select seq from seq_1_to_50;
create table c (id int auto_increment primary key, p int, t varchar(20),
    constraint to_p foreign key (p) references p (id));
insert into c (p, t) select seq, 'x' from seq_1_to_50;
create table slow (i int) engine = MyISAM; insert into slow values (1);
create sequence s; select nextval(s);
create function twice(i int) returns int deterministic return i * 2;
create view v as select id, twice(p) as q from c;
create trigger tr before insert on c for each row set new.t = 'good';
create event e on schedule every 1 day do delete from p;
"""
BROKEN = """
drop trigger tr; drop view v; drop event e; drop sequence s; delete from c where id > 3;
create table later (i int); insert into later values (1); create procedure bad() select 1;
create trigger bad before insert on c for each row set new.t = 'bad';
"""


@pytest.fixture
def broken(mariadb: RealMariadb, new_maria: New, folder: Path) -> Dumped:
    """A dump of a good state, and the live database broken since."""
    asset = new_maria(SQL)
    dumped = take_dump(adapter, asset, folder / "dump")
    mariadb.sql(BROKEN, asset["location"])
    return dumped


def beside(dumped: Dumped, name: str) -> dict[str, Any]:
    return mariadb_restore.restore_beside(
        dumped.asset, dumped.answer["files"], name, {}, dumped.facts
    )


def differences(dumped: Dumped, folder: Path, name: str | None = None) -> list[str]:
    found = mariadb_restore.figures(dumped.asset, {}, str(folder), name)
    return compare_figures(dumped.facts, found).differences


def is_broken(mariadb: RealMariadb, name: str) -> None:
    assert mariadb.sql("select count(*) from c; select * from later", name) == "3\n1"
    mariadb.sql("insert into c (p) values (1)", name)
    assert mariadb.sql("select t from c order by id desc limit 1", name) == "bad"
    mariadb.sql("delete from c where id > 3; call bad()", name)


def test_case_A6_A7_beside_swap_and_back(
    mariadb: RealMariadb, broken: Dumped, folder: Path
) -> None:
    live = broken.asset["location"]
    names = (f"{live} copy", f"{live} `away`", {}, str(folder))
    beside(broken, names[0])
    assert differences(broken, folder, names[0]) == []
    assert mariadb.sql("show events", names[0]) == "", "an event of a copy would run"
    is_broken(mariadb, live)

    def state() -> str:
        return mariadb_restore.swap_state(broken.asset, *names)

    assert state() == "before"
    program = subprocess.Popen(
        [mariadb.program("mariadb"), "--no-defaults", f"--socket={mariadb.socket}", "-uroot",
         f"--database={live}", "--execute=select count(*), sleep(600) from c"],
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    asleep = f"select count(*) from information_schema.processlist where db = '{live}'"
    wait_until(lambda: mariadb.sql(asleep) == "1")
    done = mariadb_restore.swap(broken.asset, *names)
    program.wait()
    assert (done["state_found"], done["state"], done["ended"]) == ("before", "after", 1)
    assert state() == "after"
    assert differences(broken, folder) == []
    mariadb.sql("insert into c (p) values (1)", live)
    assert mariadb.sql("select t from c order by id desc limit 1", live) == "good"
    with pytest.raises(Exception, match="foreign key constraint fails"):
        mariadb.sql("insert into c (p) values (77)", live)
    assert mariadb.sql("select count(*) from c; select * from later", names[1]) == "3\n1"
    again = mariadb_restore.swap(broken.asset, *names)
    assert (again["state_found"], again["ended"]) == ("after", 0)

    undone = mariadb_restore.undo_swap(broken.asset, *names)
    assert (undone["state_found"], undone["state"], state()) == ("after", "before", "before")
    is_broken(mariadb, live)
    # What was written while the copy was live went with it.
    assert "table c has 51 rows, the source had 50" in differences(broken, folder, names[0])


def test_F9_a_swap_that_could_not_make_the_code_again_moves_no_table(
    mariadb: RealMariadb, broken: Dumped, folder: Path
) -> None:
    live, user = broken.asset["location"], f"u_{secrets.token_hex(4)}"
    mariadb.sql(f"create user {user}@localhost; grant select on mysql.proc to {user}@localhost")
    for name in (live, f"{live}\\_copy", f"{live}\\_away"):
        mariadb.sql(f"grant all privileges on `{name}`.* to {user}@localhost")
    asset = {**broken.asset, "user": user}
    names = (f"{live}_copy", f"{live}_away", {}, str(folder))
    beside(broken, names[0])

    def refused(call: Any, state: str) -> str:
        with pytest.raises(SnapshotError) as caught:
            call(asset, *names)
        assert caught.value.code == "mariadb-definers"
        assert "root@localhost" in caught.value.what
        assert mariadb_restore.swap_state(asset, *names) == state
        return caught.value.remedy

    remedy = refused(mariadb_restore.swap, "before")
    is_broken(mariadb, live)
    # only the copy's own code is of another user
    for kind, name in (("trigger", "bad"), ("procedure", "bad"), ("function", "twice")):
        mariadb.sql(f"drop {kind} {name}", live)
    refused(mariadb_restore.swap, "before")
    grant = remedy.partition("administrator: ")[2].partition(";")[0]
    assert grant == f"GRANT SET USER ON *.* TO '{user}'@'localhost'"
    mariadb.sql(grant)
    mariadb_restore.swap(asset, *names)
    assert differences(broken, folder) == []
    mariadb.sql(f"revoke set user on *.* from {user}@localhost")
    refused(mariadb_restore.undo_swap, "after")
    assert differences(broken, folder) == []


STEPS = ["keep_code", "_drop_code", "_rename", "load_dump", "_set_phase"]


@pytest.mark.parametrize("way", ["on", "back"])
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", STEPS)
def test_a_swap_cut_off_anywhere_goes_on_or_back(
    mariadb: RealMariadb,
    broken: Dumped,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
    when: str,
    way: str,
) -> None:
    names = (
        f"{broken.asset['location']}_copy",
        f"{broken.asset['location']}_away",
        {},
        str(folder),
    )
    beside(broken, names[0])
    home: Any = mariadb_swap._Move if step.startswith("_") else mariadb_swap
    real = getattr(home, step)

    def cut(*given: Any, **more: Any) -> Any:
        if when == "after":
            real(*given, **more)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(home, step, cut)
        mariadb_restore.swap(broken.asset, *names)
    if way == "on":
        mariadb_restore.swap(broken.asset, *names)
        assert mariadb_restore.swap_state(broken.asset, *names) == "after"
        assert differences(broken, folder) == []
    with monkeypatch.context() as patched:
        patched.setattr(home, step, cut)
        try:
            mariadb_restore.undo_swap(broken.asset, *names)
        except KeyboardInterrupt:
            pass
    mariadb_restore.undo_swap(broken.asset, *names)
    assert mariadb_restore.swap_state(broken.asset, *names) == "before"
    is_broken(mariadb, broken.asset["location"])
    assert differences(broken, folder, names[0]) == []


@pytest.mark.parametrize(
    ("step", "when"),
    [
        ("_set_phase", "before"), ("_set_phase", "after"), ("_rename", "before"),
        ("_rename", "after"), ("_load_code", "after"),
    ],
)  # fmt: skip
def test_T30_no_swap_goes_forward_over_an_undo_that_was_cut_off(
    mariadb: RealMariadb,
    broken: Dumped,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
    when: str,
) -> None:
    live = broken.asset["location"]
    names = (f"{live}_copy", f"{live}_away", {}, str(folder))
    beside(broken, names[0])
    mariadb_restore.swap(broken.asset, *names)
    real = getattr(mariadb_swap._Move, step)

    def cut(*given: Any, **more: Any) -> Any:
        if when == "after":
            real(*given, **more)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(mariadb_swap._Move, step, cut)
        mariadb_restore.undo_swap(broken.asset, *names)
    everything = (
        "select table_schema, table_name from information_schema.tables where table_schema in"
        f" ('{live}', '{names[0]}', '{names[1]}') order by 1, 2"
    )
    before = mariadb.sql(everything)
    begun = step != "_set_phase" or when == "after"
    assert mariadb_restore.swap_state(broken.asset, *names) == ("closed" if begun else "after")
    if begun:
        with pytest.raises(SnapshotError) as caught:
            mariadb_restore.swap(broken.asset, *names)
        assert caught.value.code == "mariadb-swap-half-way"
        assert "undo_swap" in caught.value.remedy
    else:
        mariadb_restore.swap(broken.asset, *names)
    assert mariadb.sql(everything) == before
    mariadb_restore.undo_swap(broken.asset, *names)
    assert mariadb_restore.swap_state(broken.asset, *names) == "before"
    is_broken(mariadb, live)
    assert differences(broken, folder, names[0]) == []
    # undone as a whole, it may be swapped in again
    mariadb_restore.swap(broken.asset, *names)
    assert differences(broken, folder) == []


def test_T30_what_somebody_put_into_the_quarantine_stays_when_it_is_undone(
    mariadb: RealMariadb, broken: Dumped, folder: Path
) -> None:
    live = broken.asset["location"]
    names = (f"{live}_copy", f"{live}_away", {}, str(folder))
    beside(broken, names[0])
    mariadb_restore.swap(broken.asset, *names)
    mariadb.sql("create function theirs() returns int return 4711", names[1])
    mariadb_restore.undo_swap(broken.asset, *names)
    is_broken(mariadb, live)
    assert mariadb.sql("select theirs()", names[1]) == "4711"
    state = mariadb_restore.swap_state(broken.asset, *names)
    assert state.startswith("unclear: there is a database")


THEIRS = {
    "a table": "create table theirs (i int)",
    "a sequence": "create sequence theirs",
    "only a view": "create view theirs as select 1 as i",
    "only a function": "create function theirs() returns int return 1",
    "only a procedure": "create procedure theirs() select 1",
    "only an event": "create event theirs on schedule every 1 day do select 1",
    "a mark that is none": "create table sluis_copy select 'of mine' as state;"
    " create table theirs (i int)",
    "a finished copy in use": "create table sluis_copy select 'finished' as state;"
    " create view theirs as select 1 as i",
}


def test_T29_a_mariadb_database_with_anything_in_it_is_never_dropped(
    mariadb: RealMariadb, broken: Dumped
) -> None:
    name = f"{broken.asset['location']}_copy"
    objects = (
        f"select table_name from information_schema.tables where table_schema = '{name}'"
        f" union select routine_name from information_schema.routines where"
        f" routine_schema = '{name}' union select event_name from information_schema.events"
        f" where event_schema = '{name}'"
    )
    for what, content in THEIRS.items():
        mariadb.sql(f"create database {name}")
        mariadb.sql(content, name)
        before = mariadb.sql(objects)
        assert "theirs" in before, what
        with pytest.raises(SnapshotError) as caught:
            beside(broken, name)
        assert caught.value.code == "mariadb-name-taken", what
        assert mariadb.sql(objects) == before, what
        mariadb.sql(f"drop database {name}")


def test_T29_an_empty_mariadb_database_is_filled_and_not_dropped(
    mariadb: RealMariadb, broken: Dumped, folder: Path
) -> None:
    name = f"{broken.asset['location']}_copy"
    mariadb.sql(f"create database {name} character set latin1 comment 'theirs'")
    beside(broken, name)
    assert differences(broken, folder, name) == []
    kept = f"select schema_comment from information_schema.schemata where schema_name = '{name}'"
    assert mariadb.sql(kept) == "theirs"


def killed_at(number: int, work: Callable[[], Any]) -> bool:
    """Do the work in a child that is killed before the so manieth statement that changes."""
    child = os.fork()
    if child == 0:
        count = 0
        real = mariadb_swap.MariadbSession.rows

        def rows(session: Any, statement: str) -> Any:
            nonlocal count
            count += not statement.startswith(("select", "show", "set session"))
            if count == number:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(session, statement)

        mariadb_swap.MariadbSession.rows = rows  # type: ignore[method-assign]
        try:
            work()
            os._exit(0)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return True
    assert os.WEXITSTATUS(status) == 0, "the child failed; see its traceback"
    return False


@pytest.mark.slow
def test_case_A7_killed_at_every_statement_and_kept_again_the_swap_goes_on(
    mariadb: RealMariadb, broken: Dumped, folder: Path
) -> None:
    """What lies there is kept first, which places our own nonce, and an application that starts
    makes tables: neither may be in the way of those that come in."""
    live = broken.asset["location"]
    names = (f"{live}_copy", f"{live}_away", {}, str(folder))
    beside(broken, names[0])
    wanted = {**broken.facts}
    number = stopped = 0
    while True:
        number += 1
        mariadb.sql("drop table if exists sluis_nonce", live)
        was_killed = killed_at(number, lambda: mariadb_restore.swap(broken.asset, *names))
        state = mariadb_restore.swap_state(broken.asset, *names)
        try:
            take_dump(adapter, broken.asset, folder / f"kept-{number}")
        except SnapshotError:
            pass  # then its files are kept, or a note says why not
        if state == "closed":
            stopped += 1
            mariadb.sql("create table if not exists slow (i int)", live)
            mariadb.sql("create table started_again (i int)", live)
        mariadb_restore.swap(broken.asset, *names)
        assert mariadb_restore.swap_state(broken.asset, *names) == "after"
        found = mariadb_restore.figures(broken.asset, {}, str(folder))
        assert compare_figures(wanted, found, with_nonce=False).differences == [], number
        if state == "closed":
            assert mariadb.sql("show tables like 'started_again'", names[1]) == "started_again"
        mariadb_restore.undo_swap(broken.asset, *names)
        assert mariadb_restore.swap_state(broken.asset, *names) == "before"
        mariadb.sql("drop table if exists started_again", live)
        is_broken(mariadb, live)
        if not was_killed:
            break
    assert number > 10
    assert stopped > 3


def test_a_rename_of_which_a_part_was_done(
    mariadb: RealMariadb, broken: Dumped, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before 10.6.1 a crash can leave a RENAME of many tables half done."""
    live = broken.asset["location"]
    names = (f"{live}_copy", f"{live}_away", {}, str(folder))
    beside(broken, names[0])

    def half(*_: Any) -> None:
        mariadb.sql(
            f"set foreign_key_checks = 0; rename table {live}.c to {names[1]}.c,"
            f" {live}.p to {names[1]}.p, {names[0]}.p to {live}.p"
        )
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(mariadb_swap._Move, "_rename", half)
        mariadb_restore.swap(broken.asset, *names)
    assert mariadb_restore.swap_state(broken.asset, *names) == "closed"
    mariadb_restore.swap(broken.asset, *names)
    assert differences(broken, folder) == []
    mariadb_restore.undo_swap(broken.asset, *names)
    is_broken(mariadb, live)


def test_nothing_but_our_own_unfinished_copy_is_replaced(
    mariadb: RealMariadb, broken: Dumped, folder: Path
) -> None:
    live = broken.asset["location"]
    names = (f"{live}_copy", f"{live}_away", {}, str(folder))
    mariadb.sql(f"create database {names[0]}; create table {names[0]}.theirs (i int)")
    with pytest.raises(SnapshotError) as caught:
        beside(broken, names[0])
    assert caught.value.code == "mariadb-name-taken"
    with pytest.raises(SnapshotError) as caught:
        mariadb_restore.swap(broken.asset, *names)
    assert caught.value.code == "mariadb-copy-unfinished"
    assert mariadb.sql("select count(*) from theirs", names[0]) == "0"
    mariadb.sql("create table sluis_copy select 'unfinished' as state", names[0])
    beside(broken, names[0])
    assert differences(broken, folder, names[0]) == []
    mariadb.sql(f"create database {names[1]}; create table {names[1]}.theirs (i int)")
    with pytest.raises(SnapshotError) as caught:
        mariadb_restore.swap(broken.asset, *names)
    assert caught.value.code == "mariadb-swap-unclear"
    is_broken(mariadb, live)


@pytest.mark.parametrize("names", [("x" * 65, "y"), ("", "y"), ("x", "X")])
def test_names_that_the_server_would_not_take(
    broken: Dumped, folder: Path, names: tuple[str, str]
) -> None:
    with pytest.raises(InputError) as caught:
        mariadb_restore.swap(broken.asset, *names, {}, str(folder))
    assert caught.value.code == "mariadb-names"
