"""A PostgreSQL database is put back beside the live one and swapped in; nothing is dropped."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sluis.errors import InputError, SnapshotError
from sluis.rehearsal.postgres import RealPostgres
from sluis.snapshot import postgresql, postgresql_restore
from sluis.snapshot.database_compare import compare_figures
from support.databases import Dumped, take_dump, wait_until

New = Callable[..., dict[str, Any]]
SQL = """
create table t as select generate_series(1, 500) i;
create table owned (i int); create sequence s; select nextval('s');
"""


@pytest.fixture
def broken(postgres: RealPostgres, new_pg: New, folder: Path) -> Dumped:
    """A dump of a good state, and the live database broken since."""
    asset = new_pg(SQL)
    name = asset["location"]
    postgres.sql(f"create role app_{name} login; alter table owned owner to app_{name}", name)
    postgres.sql(
        f"alter database {name} set search_path to x, public; alter database {name} connection"
        f" limit 9; comment on database {name} is 'it''s live'; revoke all on database {name}"
        f" from public; grant connect on database {name} to app_{name}; alter role app_{name}"
        f" in database {name} set work_mem to '9MB'"
    )
    dumped = take_dump(postgresql, asset, folder / "dump")
    postgres.sql("delete from t where i > 3; drop sequence s; create table later (i int)", name)
    return dumped


def beside(dumped: Dumped, name: str) -> dict[str, Any]:
    return postgresql_restore.restore_beside(
        dumped.asset, dumped.answer["files"], name, {}, dumped.facts
    )


def differences(dumped: Dumped, folder: Path, name: str | None = None) -> list[str]:
    found = postgresql_restore.figures(dumped.asset, {}, str(folder), name)
    return compare_figures(dumped.facts, found).differences


def test_case_A6_A7_beside_swap_and_back(
    postgres: RealPostgres, broken: Dumped, folder: Path
) -> None:
    live = broken.asset["location"]
    copy, away = f"{live} copy", f'{live} "away"'
    beside(broken, copy)
    assert differences(broken, folder, copy) == []
    assert len(differences(broken, folder)) == 3

    def state() -> str:
        return postgresql_restore.swap_state(broken.asset, copy, away, {}, str(folder))

    assert state() == "before"
    program = subprocess.Popen(
        [
            postgres.program("psql"), "-h", postgres.host, "-p", str(postgres.port),
            "-U", "postgres", "-d", live, "-c", "select pg_sleep(600)",
        ],
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    sleeping = (
        f"select count(*) from pg_stat_activity where datname = '{live}' and state = 'active'"
    )
    wait_until(lambda: postgres.sql(sleeping) == "1")
    done = postgresql_restore.swap(broken.asset, copy, away, {}, str(folder))
    program.wait()
    assert (done["state_found"], done["state"], done["ended"]) == ("before", "after", 1)
    assert state() == "after"
    assert differences(broken, folder) == []
    assert postgres.sql("select count(*) from public.t", away) == "3"
    with pytest.raises(Exception, match="read-only transaction"):
        postgres.sql("delete from public.t", away)
    around = (
        "select d.datconnlimit, shobj_description(d.oid, 'pg_database'),"
        f" has_database_privilege('app_{live}', d.oid, 'connect'),"
        " (select count(*) from aclexplode(d.datacl) where grantee = 0)"
        f" from pg_database d where datname = '{live}'"
    )
    assert postgres.sql(around) == "9|it's live|t|0"
    assert postgres.sql("show search_path", live) == "x, public"
    assert postgres.sql("show work_mem", live, user=f"app_{live}") == "9MB"
    again = postgresql_restore.swap(broken.asset, copy, away, {}, str(folder))
    assert (again["state_found"], again["ended"]) == ("after", 0)

    marked = "select datname from pg_database d join pg_db_role_setting s on s.setdatabase = d.oid"
    marked += (
        f" where 'sluis.copy=finished' = any (s.setconfig) and datname in ('{live}', '{copy}')"
    )
    assert postgres.sql(marked) == "", "what is live is no copy of ours"

    undone = postgresql_restore.undo_swap(broken.asset, copy, away, {}, str(folder))
    assert (undone["state_found"], undone["state"], state()) == ("after", "before", "before")
    assert postgres.sql(marked) == copy
    assert postgres.sql("select count(*) from public.t", live) == "3"
    postgres.sql("insert into public.t values (0)", live)
    assert differences(broken, folder, copy) == []


def test_a_vacuum_that_is_under_way_is_no_program_that_was_ended(
    postgres: RealPostgres, new_pg: New, folder: Path
) -> None:
    """It gives way to the rename by itself, and the client would ask which program that was."""
    asset = new_pg(
        "create table t as select i, repeat('x', 900) from generate_series(1, 4000) i;"
        " alter table t set (autovacuum_vacuum_insert_threshold = 0,"
        " autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_cost_delay = 100,"
        " autovacuum_vacuum_cost_limit = 1)"
    )
    live = asset["location"]
    copy, away = f"{live}_copy", f"{live}_away"
    postgres.sql(f"create database {copy}")
    postgres.sql(f"alter database {copy} set sluis.copy = finished")
    postgres.sql("alter system set autovacuum_naptime = '1s'")
    try:
        postgres.sql("select pg_reload_conf()")
        at_work = (
            "select count(*) from pg_stat_activity"
            f" where datname = '{live}' and backend_type = 'autovacuum worker'"
        )
        wait_until(lambda: postgres.sql(at_work) == "1")
        done = postgresql_restore.swap(asset, copy, away, {}, str(folder))
        assert (done["state"], done["ended"]) == ("after", 0)
    finally:
        postgres.sql("alter system reset autovacuum_naptime")
        postgres.sql("select pg_reload_conf()")


@pytest.mark.parametrize(
    "change",
    [
        "alter database {db} set search_path to y",
        "alter database {db} set app.key to 'a secret'",
        "alter role app_{db} in database {db} reset work_mem",
        "alter database {db} connection limit 3",
        "grant temp on database {db} to public",
        "comment on database {db} is 'new'",
    ],
)
def test_settings_and_rights_that_were_changed_since_are_said(
    postgres: RealPostgres, broken: Dumped, change: str
) -> None:
    live = broken.asset["location"]
    assert beside(broken, f"{live}_same")["warnings"] == []
    postgres.sql(change.format(db=live))
    (warning,) = beside(broken, f"{live}_copy")["warnings"]
    assert "were changed since the snapshot" in warning
    assert "a secret" not in warning + str(broken.facts)
    shown = subprocess.run(
        [postgres.program("pg_restore"), "--create", "--schema-only", "--file=-",
         *(one for one in broken.answer["files"] if one.endswith(".dump"))],
        check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    assert "SET search_path TO 'x', 'public'" in shown
    assert f"REVOKE CONNECT,TEMPORARY ON DATABASE {live}" in shown


def test_a_swap_cut_off_half_way_goes_on(
    postgres: RealPostgres, broken: Dumped, folder: Path
) -> None:
    live = broken.asset["location"]
    names = (f"{live}_copy", f"{live}_away", {}, str(folder))
    beside(broken, names[0])
    for close in ([live], [live, names[0]]):
        for name in close:
            postgres.sql(f"alter database {name} allow_connections false")
        assert postgresql_restore.swap_state(broken.asset, *names) == "closed"
        postgresql_restore.undo_swap(broken.asset, *names)
        assert postgres.sql("select count(*) from public.t", live) == "3"
        assert postgres.sql("select count(*) from public.t", names[0]) == "500"
    postgres.sql(f"alter database {live} allow_connections false")
    done = postgresql_restore.swap(broken.asset, *names)
    assert (done["state_found"], done["state"]) == ("closed", "after")
    assert differences(broken, folder) == []
    # Cut off after the renames, before the doors are opened again.
    postgres.sql(f"alter database {names[1]} allow_connections false")
    postgresql_restore.swap(broken.asset, *names)
    assert postgres.sql("select count(*) from public.t", names[1]) == "3"


def test_nothing_but_our_own_unfinished_copy_is_replaced(
    postgres: RealPostgres, broken: Dumped, folder: Path
) -> None:
    live = broken.asset["location"]
    names = (f"{live}_copy", f"{live}_away", {}, str(folder))
    postgres.sql(f"create database {names[0]}")
    postgres.sql("create table theirs (i int)", names[0])
    with pytest.raises(SnapshotError) as caught:
        beside(broken, names[0])
    assert caught.value.code == "postgresql-name-taken"
    with pytest.raises(SnapshotError) as caught:
        postgresql_restore.swap(broken.asset, *names)
    assert caught.value.code == "postgresql-copy-unfinished"
    assert postgres.sql("select count(*) from theirs", names[0]) == "0"
    postgres.sql(f"alter database {names[0]} set sluis.copy = 'unfinished'")
    beside(broken, names[0])
    assert differences(broken, folder, names[0]) == []
    postgres.sql(f"create database {names[1]}")
    with pytest.raises(SnapshotError) as caught:
        postgresql_restore.swap(broken.asset, *names)
    assert caught.value.code == "postgresql-swap-unclear"
    assert postgres.sql("select count(*) from public.t", live) == "3"


THEIRS = [
    # what is in it, how it is marked, whether it takes connections
    ("create table theirs as select 1 as i", None, "false"),
    ("create function theirs() returns int language sql as 'select 1'", None, "false"),
    ("select 1", None, "false"),
    ("select 1", None, "true"),
    ("create table theirs as select 1 as i", "finished", "false"),
]


def test_T29_a_database_without_our_mark_is_never_dropped(
    postgres: RealPostgres, broken: Dumped
) -> None:
    """Closed or not, full or not: only what is marked as our unfinished copy goes."""
    name = f"{broken.asset['location']}_copy"
    of = f"select oid from pg_database where datname = '{name}'"
    for content, mark, is_open in THEIRS:
        postgres.sql(f"create database {name}")
        postgres.sql(content, name)
        if mark is not None:
            postgres.sql(f"alter database {name} set sluis.copy = '{mark}'")
        postgres.sql(f"alter database {name} allow_connections {is_open}")
        before = postgres.sql(of)
        with pytest.raises(SnapshotError) as caught:
            beside(broken, name)
        assert caught.value.code == "postgresql-name-taken", (content, mark, is_open)
        assert postgres.sql(of) == before, (content, mark, is_open)
        postgres.sql(f"drop database {name}")
    assert "sluis-making" not in postgres.sql("select string_agg(datname, ' ') from pg_database")


def test_T29_what_a_kill_left_between_making_and_mark_is_named_and_not_dropped(
    postgres: RealPostgres, broken: Dumped, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"{broken.asset['location']}_copy"

    def cut(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(postgresql_restore, "mark", cut)
        beside(broken, name)
    listed = "select datname from pg_database where datname like 'sluis-making-%' order by 1"
    left = postgres.sql(listed)
    assert left.endswith("-1")
    assert postgres.sql(f"select count(*) from pg_database where datname = '{name}'") == "0"
    made = beside(broken, name)
    assert differences(broken, folder, name) == []
    assert left in made["warnings"][0]
    assert postgres.sql(listed) == left, "it may be somebody's"
    # one that is marked is ours, and goes
    postgres.sql(f"""alter database "{left}" set sluis.copy = 'unfinished'""")
    postgres.sql(f"drop database {name}")
    assert beside(broken, name)["warnings"] == []
    assert postgres.sql(listed) == ""
    # so many of which nobody knows whose they are stop the restore
    postgres.sql(f"drop database {name}")
    others = [f"{left[:-1]}{number}" for number in range(1, 6)]
    for other in others:
        postgres.sql(f'create database "{other}"')
    with pytest.raises(SnapshotError, match="postgresql-name-taken"):
        beside(broken, name)
    assert postgres.sql(listed).split() == others
    for other in others:
        postgres.sql(f'drop database "{other}"')


def test_a_copy_that_cannot_be_made_is_no_copy(
    postgres: RealPostgres, broken: Dumped, folder: Path
) -> None:
    dump = broken.folder / postgresql.DUMP_FILE
    whole = dump.read_bytes()
    dump.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(SnapshotError) as caught:
        beside(broken, "never")
    assert caught.value.code == "postgresql-dump-not-whole"
    dump.write_bytes(whole.replace(b"CREATE TABLE public.owned", b"CREATE TABEL public.owned"))
    with pytest.raises(SnapshotError) as caught:
        beside(broken, "never_ever")
    assert caught.value.code == "postgresql-restore-failed"
    dump.write_bytes(whole)
    beside(broken, "never_ever")
    assert differences(broken, folder, "never_ever") == []


@pytest.mark.parametrize("names", [("x" * 64, "y"), ("", "y"), ("x", "x")])
def test_names_that_the_server_would_cut(
    broken: Dumped, folder: Path, names: tuple[str, str]
) -> None:
    with pytest.raises(InputError) as caught:
        postgresql_restore.swap(broken.asset, *names, {}, str(folder))
    assert caught.value.code == "postgresql-names"


def test_roles_that_are_gone_come_back_without_login(
    postgres: RealPostgres, broken: Dumped, folder: Path
) -> None:
    live = broken.asset["location"]
    postgres.sql("drop table owned", live)
    postgres.sql(f"drop owned by app_{live}; drop role app_{live}")
    made = beside(broken, f"{live}_copy")
    assert f"app_{live}" in made["warnings"][0]
    can = postgres.sql(f"select rolcanlogin from pg_roles where rolname = 'app_{live}'")
    assert can == "f"
