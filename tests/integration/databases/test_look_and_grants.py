"""Which rights a database's user lacks, and the GRANT that gives them: pasted, they are there.

Each user begins with nothing but a login. What `sluis check` says to paste is pasted, on a real
server, until nothing is lacking; then a real dump is made as that user, with its nonce.
"""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from sluis.border import codec
from sluis.border.own_databases import COPY, DISPLACED, name_beside
from sluis.border.parts import Asset, AssetSecrets, Connection
from sluis.border.verbs.asset_check import Lacking
from sluis.errors import SnapshotError
from sluis.rehearsal.mariadb import RealMariadb
from sluis.rehearsal.postgres import RealPostgres
from sluis.runbook.grants import grant_of
from sluis.snapshot import kinds, mariadb_restore, postgresql_restore
from sluis.snapshot import mariadb as mariadb_dumps
from sluis.snapshot import postgresql as postgresql_dumps
from sluis.snapshot.database_compare import compare_figures
from sluis.snapshot.mariadb_look import look_at_mariadb
from sluis.snapshot.postgresql_look import look_at_postgresql
from support.databases import take_dump
from support.markdown import blocks

New = Callable[..., dict[str, Any]]
NONCE = "n" * 40
PASSWORD = "of the reader"
EXAMPLES = Path(__file__).resolve().parents[3] / "docs" / "examples.md"

PG = """
create table patient (id serial primary key, name text);
insert into patient (name) values ('A.'), ('B.');
create schema private;
create table private.note (id int);
create table secured (id int);
alter table secured enable row level security;
create policy nobody on secured using (false);
select lo_from_bytea(0, 'a large one');
"""
MARIA = """
create table patient (id int primary key, name varchar(9));
insert into patient values (1, 'A.');
create view names as select name from patient;
create trigger t before insert on patient for each row set new.name = upper(new.name);
create procedure p() select 1;
"""


def asset_of(plain: dict[str, Any], user: str) -> Asset:
    return Asset(
        "practice", plain["kind"], plain["location"], (),
        Connection(plain["host_address"], plain["port"], user, None, None),
    )  # fmt: skip


def dumped(asset: Asset, folder: Path, password: str | None = None) -> kinds.Dumped:
    (folder / "dump").mkdir()
    (folder / "dump").chmod(0o777)
    return kinds.dump(asset, str(folder / "dump"), NONCE, AssetSecrets(password))


def needs(lacking: list[Lacking]) -> set[str]:
    return {one.need for one in lacking}


def test_check_postgresql_rights_are_there_once_the_grants_are_pasted(
    new_pg: New, postgres: RealPostgres, folder: Path
) -> None:
    made = new_pg(PG)
    user = f"reader_{uuid.uuid4().hex[:8]}"
    postgres.sql(f"create role {user} login password '{PASSWORD}'")
    asset = asset_of({**made, "host_address": postgres.address}, user)
    seen, lacking = look_at_postgresql(asset, AssetSecrets(PASSWORD))
    assert needs(lacking) == {
        "read all", "read large objects", "read past row security", "place the nonce",
    }  # fmt: skip
    assert (seen.version, seen.bytes > 1_000_000) == (str(postgres_major(postgres)), True)
    for one in lacking:
        postgres.sql(grant_of("postgresql", one, user).statement, made["location"])
    assert look_at_postgresql(asset, AssetSecrets(PASSWORD))[1] == []
    assert dumped(asset, folder, PASSWORD).warnings == ()


def postgres_major(postgres: RealPostgres) -> int:
    return int(postgres.sql("show server_version_num").strip()) // 10000


def test_check_postgresql_nonce_that_another_user_placed(
    new_pg: New, postgres: RealPostgres
) -> None:
    made = new_pg("create table t (i int); create schema sluis_nonce;"
                  " create table sluis_nonce.nonce (only_one boolean)")  # fmt: skip
    user = f"reader_{uuid.uuid4().hex[:8]}"
    postgres.sql(f"create role {user} login password '{PASSWORD}' in role pg_read_all_data")
    postgres.sql(f'grant create on database "{made["location"]}" to {user}')
    asset = asset_of({**made, "host_address": postgres.address}, user)
    _, lacking = look_at_postgresql(asset, AssetSecrets(PASSWORD))
    assert needs(lacking) == {"place the nonce again"}
    for one in lacking:
        postgres.sql(grant_of("postgresql", one, user).statement, made["location"])
    assert look_at_postgresql(asset, AssetSecrets(PASSWORD))[1] == []


def test_check_mariadb_rights_are_there_once_the_grants_are_pasted(
    new_maria: New, mariadb: RealMariadb, folder: Path
) -> None:
    made = new_maria(MARIA)
    user = f"reader_{uuid.uuid4().hex[:8]}"
    mariadb.sql(f"create user {user}@localhost")
    asset = asset_of(made, user)
    _, lacking = look_at_mariadb(asset, AssetSecrets())
    assert needs(lacking) == {"read and lock", "see routines", "see databases"}
    for one in lacking:
        mariadb.sql(grant_of("mariadb", one, user).statement)
    assert look_at_mariadb(asset, AssetSecrets())[1] == []
    assert dumped(asset, folder).warnings == ()


@pytest.mark.parametrize(
    ("had", "need", "said"),
    [
        ("select, show view, trigger, event, create, insert, update", "read and lock",
         "LOCK TABLES"),
        ("select, lock tables, create, insert, update, show view, event", "see definitions",
         "TRIGGER"),
        ("select, lock tables, show view, trigger, event, create", "place the nonce",
         "INSERT, UPDATE"),
    ],
)  # fmt: skip
def test_check_mariadb_names_the_one_right_that_is_lacking(
    new_maria: New, mariadb: RealMariadb, had: str, need: str, said: str
) -> None:
    made = new_maria("create table t (i int)")
    user, name = f"reader_{uuid.uuid4().hex[:8]}", made["location"]
    mariadb.sql(f"create user {user}@localhost; grant {had} on `{name}`.* to {user}@localhost;"
                f"grant select on mysql.proc to {user}@localhost;"
                f"grant show databases on *.* to {user}@localhost")  # fmt: skip
    _, lacking = look_at_mariadb(asset_of(made, user), AssetSecrets())
    assert needs(lacking) == {need}
    (grant,) = [grant_of("mariadb", one, user).statement for one in lacking]
    assert grant == f"GRANT {said} ON `{name}`.* TO '{user}'@'localhost';"


def test_check_mariadb_stored_routines_that_the_user_would_not_see(
    new_maria: New, mariadb: RealMariadb
) -> None:
    made = new_maria("create procedure p() select 1")
    user, name = f"reader_{uuid.uuid4().hex[:8]}", made["location"]
    had = "select, lock tables, show view, trigger, event, create, insert, update"
    mariadb.sql(f"create user {user}@localhost; grant {had} on `{name}`.* to {user}@localhost")
    _, lacking = look_at_mariadb(asset_of(made, user), AssetSecrets())
    assert needs(lacking) == {"see routines", "see databases"}
    for one in lacking:
        mariadb.sql(grant_of("mariadb", one, user).statement)
    assert look_at_mariadb(asset_of(made, user), AssetSecrets())[1] == []


READS = ["select", "lock tables", "show view", "trigger", "event", "create", "insert", "update"]
CALLS = (
    "create table t (i int); create function f(i int) returns int deterministic return i * 2;"
    "create {how} view v as select f(i) as x from t;"
)


def reader(
    new_maria: New, mariadb: RealMariadb, sql: str, rights: list[str] = READS
) -> tuple[Asset, str]:
    """A database, and a user that has these rights on it and sees all that there is."""
    made = new_maria(sql)
    user, name = f"reader_{uuid.uuid4().hex[:8]}", made["location"]
    mariadb.sql(f"create user {user}@localhost;"
                f"grant {', '.join(rights)} on `{name}`.* to {user}@localhost;"
                f"grant select on mysql.proc to {user}@localhost;"
                f"grant show databases on *.* to {user}@localhost")  # fmt: skip
    return asset_of(made, user), user


@pytest.mark.parametrize("how", ["", "sql security invoker"], ids=["definer", "invoker"])
def test_check_mariadb_a_view_that_calls_a_function_needs_execute(
    new_maria: New, mariadb: RealMariadb, folder: Path, how: str
) -> None:
    asset, user = reader(new_maria, mariadb, CALLS.format(how=how))
    with pytest.raises(SnapshotError, match="1370"):
        dumped(asset, folder)
    (lacking,) = look_at_mariadb(asset, AssetSecrets())[1]
    grant = grant_of("mariadb", lacking, None)
    assert grant.needed
    assert grant.statement == f"GRANT EXECUTE ON `{asset.location}`.* TO '{user}'@'localhost';"
    mariadb.sql(grant.statement)
    assert look_at_mariadb(asset, AssetSecrets())[1] == []
    shutil.rmtree(folder / "dump")
    assert dumped(asset, folder).warnings == ()


@pytest.mark.parametrize(
    ("given", "gave"),
    [(None, "no password was given"), ("", "the password given is empty"),
     ("wrong", "a password was given")],
)  # fmt: skip
def test_check_mariadb_says_what_it_had_for_a_password(
    new_maria: New, mariadb: RealMariadb, given: str | None, gave: str
) -> None:
    made, user = new_maria("create table t (i int)"), f"reader_{uuid.uuid4().hex[:8]}"
    mariadb.sql(f"create user {user}@localhost identified by 'right'")
    with pytest.raises(SnapshotError) as caught:
        look_at_mariadb(asset_of(made, user), AssetSecrets(given))
    assert f"refused the login of the user {user}" in caught.value.what
    assert gave in caught.value.what
    assert "snapshot_and_verify_secrets" in caught.value.remedy


def test_check_mariadb_a_function_in_another_database_is_granted_there(
    new_maria: New, mariadb: RealMariadb, folder: Path
) -> None:
    other = new_maria("create function f(i int) returns int deterministic return i")["location"]
    asset, _ = reader(
        new_maria,
        mariadb,
        f"create view v as select `{other}`.f(1) as x; create view w as select 1",
    )
    lacking = look_at_mariadb(asset, AssetSecrets())[1]
    assert [(one.need, one.on) for one in lacking] == [("run functions", other)]
    mariadb.sql(grant_of("mariadb", lacking[0], None).statement)
    assert look_at_mariadb(asset, AssetSecrets())[1] == []
    assert dumped(asset, folder).warnings == ()


def test_check_mariadb_a_view_of_which_a_table_is_gone_is_named(
    new_maria: New, mariadb: RealMariadb, folder: Path
) -> None:
    """One such view ends the whole dump."""
    asset, _ = reader(
        new_maria, mariadb, "create table t (i int); create view `a v` as select i from t;"
        "create view good as select 1; drop table t"
    )  # fmt: skip
    with pytest.raises(SnapshotError, match="1356"):
        dumped(asset, folder)
    (lacking,) = look_at_mariadb(asset, AssetSecrets())[1]
    grant = grant_of("mariadb", lacking, None)
    assert grant.needed
    assert "the view 'a v'" in grant.lacks
    assert "SHOW CREATE VIEW `a v`" in grant.statement
    mariadb.sql("drop view `a v`", asset.location)
    assert look_at_mariadb(asset, AssetSecrets())[1] == []
    shutil.rmtree(folder / "dump")
    assert dumped(asset, folder).warnings == ()


@pytest.mark.parametrize("without", READS)
def test_check_mariadb_says_needed_of_each_right_without_which_no_dump_is_made(
    new_maria: New, mariadb: RealMariadb, folder: Path, without: str
) -> None:
    """What is said to be for a level only must not stop the dump, and the other way round."""
    code = MARIA + "create event e on schedule every 1 day do delete from patient;"
    asset, _ = reader(new_maria, mariadb, code, [one for one in READS if one != without])
    lacking = look_at_mariadb(asset, AssetSecrets())[1]
    grants = [grant_of("mariadb", one, None) for one in lacking]
    try:
        fails = bool(dumped(asset, folder).warnings and without == "lock tables")
    except SnapshotError:
        fails = True
    assert [one.needed for one in grants] == [fails]
    mariadb.sql(grants[0].statement)
    assert look_at_mariadb(asset, AssetSecrets())[1] == []


@pytest.mark.parametrize(
    ("right", "whole"),
    [("usage", False), ("reload", False), ("select", True), ("lock tables", True),
     ("show view", True), ("show databases", True)],
)  # fmt: skip
def test_case_B1_mariadb_says_when_it_is_not_told_of_every_database(
    new_maria: New, mariadb: RealMariadb, folder: Path, right: str, whole: bool
) -> None:
    made, beside = new_maria("create table t (i int)"), new_maria("create table t (i int)")
    user, name = f"reader_{uuid.uuid4().hex[:8]}", made["location"]
    had = "select, lock tables, show view, trigger, event, create, insert, update"
    mariadb.sql(f"create user {user}@localhost; grant {had} on `{name}`.* to {user}@localhost;"
                f"grant select on mysql.proc to {user}@localhost;"
                f"grant {right} on *.* to {user}@localhost")  # fmt: skip
    asset = asset_of(made, user)
    seen, lacking = look_at_mariadb(asset, AssetSecrets())
    assert (beside["location"] in {one.location for one in seen.beside}) is whole
    assert needs(lacking) == (set() if whole else {"see databases"})
    assert not any(grant_of("mariadb", one, user).needed for one in lacking)
    dump = dumped(asset, folder)
    assert dump.sees_all is whole
    assert ["SHOW DATABASES" in line for line in dump.warnings] == ([] if whole else [True])


def test_case_B1_postgresql_hides_no_database_that_has_data(
    new_pg: New, postgres: RealPostgres
) -> None:
    """A template is listed, and what the server made itself once there is data in it."""
    made, beside = new_pg("create table t (i int)"), new_pg("create table t (i int)")
    stranger = beside["location"]
    user = f"reader_{uuid.uuid4().hex[:8]}"
    postgres.sql(f"create role {user} login password '{PASSWORD}' in role pg_read_all_data")
    asset = asset_of({**made, "host_address": postgres.address}, user)

    def listed() -> set[str]:
        return {one.location for one in look_at_postgresql(asset, AssetSecrets(PASSWORD))[0].beside}

    postgres.sql("analyze", "postgres")  # statistics are nobody's data
    assert not listed() & {"template0", "template1", "postgres"}
    postgres.sql(f"alter database {stranger} is_template true")
    data = "create table patient as select md5(g::text) from generate_series(1, 10000) g"
    try:
        for name in ("template1", "postgres"):
            postgres.sql(data, name)
        assert listed() >= {stranger, "template1", "postgres"}
    finally:
        for name in ("template1", "postgres"):
            postgres.sql("drop table if exists patient", name)
        postgres.sql(f"alter database {stranger} is_template false")


def test_F9_the_page_gives_every_right_of_postgresql(
    new_pg: New, postgres: RealPostgres, folder: Path
) -> None:
    """docs/examples.md, "Rights in a database", pasted as it stands."""
    made = new_pg(PG.replace("select lo_from_bytea(0, 'a large one');", ""))
    user = f"reader_{uuid.uuid4().hex[:8]}"
    postgres.sql(f"create role {user} login password '{PASSWORD}'")
    first, *_ = blocks(EXAMPLES, "sql")
    postgres.sql(first.replace('"sluis"', user).replace('"practice"', f'"{made["location"]}"'))
    asset = asset_of({**made, "host_address": postgres.address}, user)
    assert look_at_postgresql(asset, AssetSecrets(PASSWORD))[1] == []
    assert dumped(asset, folder, PASSWORD).warnings == ()


def test_F9_the_page_gives_every_right_of_mariadb(
    new_maria: New, mariadb: RealMariadb, folder: Path
) -> None:
    made = new_maria(MARIA)
    user = f"reader_{uuid.uuid4().hex[:8]}"
    _, second, *_ = blocks(EXAMPLES, "sql")
    pasted = second.replace("'sluis'", f"'{user}'").replace("`practice`", f"`{made['location']}`")
    mariadb.sql(f"create user {user}@localhost; {pasted}")
    asset = asset_of(made, user)
    assert look_at_mariadb(asset, AssetSecrets())[1] == []
    assert dumped(asset, folder).warnings == ()


def owned_pg(new_pg: New, postgres: RealPostgres, name: str | None = None) -> tuple[Asset, str]:
    """A database of an owner without a login, and a user that may make its snapshot."""
    made = new_pg(PG.replace("select lo_from_bytea(0, 'a large one');", ""), name)
    user, owner = (f"{what}_{uuid.uuid4().hex[:8]}" for what in ("reader", "owner"))
    live = made["location"]
    postgres.sql(f"create role {user} login password '{PASSWORD}'; create role {owner};"
                 f'alter database "{live}" owner to {owner}')  # fmt: skip
    postgres.sql(f"alter table patient owner to {owner}; alter sequence patient_id_seq owner to "
                 f"{owner}; alter table secured owner to {owner};"
                 f"alter schema private owner to {owner}; alter table private.note owner to "
                 f"{owner}", live)  # fmt: skip
    first, *_ = blocks(EXAMPLES, "sql")
    postgres.sql(first.replace('"sluis"', user).replace('"practice"', f'"{live}"'))
    return asset_of({**made, "host_address": postgres.address}, user), owner


def goes_back(
    asset: Asset, folder: Path, password: str | None = None, mark: str = "CHG_1042_01234567"
) -> list[str]:
    """Put back, swapped in, out, and in again by that user; what differs from the snapshot."""
    adapter, engine = ENGINES[asset.kind]
    folder.mkdir(exist_ok=True)
    plain = codec.dump(asset)
    plain, secrets = {**plain.pop("connection"), **plain}, {"password": password}
    made = take_dump(adapter, plain, folder / "dump", secrets=secrets)
    copy, away = (name_beside(asset.location, kind + mark) for kind in (COPY, DISPLACED))
    engine.restore_beside(plain, made.answer["files"], copy, secrets, made.facts)
    engine.swap(plain, copy, away, secrets, str(folder))
    engine.undo_swap(plain, copy, away, secrets, str(folder))
    engine.swap(plain, copy, away, secrets, str(folder))
    found = engine.figures(plain, secrets, str(folder))
    return compare_figures(made.facts, found).differences


ENGINES: dict[str, tuple[ModuleType, Any]] = {
    "mariadb": (mariadb_dumps, mariadb_restore),
    "postgresql": (postgresql_dumps, postgresql_restore),
}
LONG = "praktijk_van_de_huisartsen"
OF_ROOT = """
create function twice(i int) returns int deterministic return i * 2;
create view doubled as select twice(id) as i from patient;
create event e on schedule every 1 day do delete from patient;
create table visit (id int primary key auto_increment, p int, foreign key (p)
    references patient (id));
"""


def snapshot_user(new_maria: New, mariadb: RealMariadb, sql: str, name: str | None = None) -> Asset:
    """A database, and a user that may make its snapshot: the page, pasted."""
    made = new_maria(sql, name)
    user = f"reader_{uuid.uuid4().hex[:8]}"
    _, second, *_ = blocks(EXAMPLES, "sql")
    pasted = second.replace("'sluis'", f"'{user}'").replace("`practice`", f"`{made['location']}`")
    mariadb.sql(f"create user {user}@localhost; {pasted}")
    return asset_of(made, user)


@pytest.mark.parametrize("name", [None, LONG])
def test_F9_mariadb_is_put_back_once_the_grants_are_pasted(
    new_maria: New, mariadb: RealMariadb, folder: Path, name: str | None
) -> None:
    asset = snapshot_user(new_maria, mariadb, MARIA + OF_ROOT, name)
    assert look_at_mariadb(asset, AssetSecrets())[1] == []
    _, lacking = look_at_mariadb(asset, AssetSecrets(), way_back=True)
    assert needs(lacking) == {"put back beside", "swap in", "make code of others"}
    for one in lacking:
        grant = grant_of("mariadb", one, None)
        assert (grant.needed, "could not be carried out" in grant.lacks) == (True, True)
        mariadb.sql(grant.statement)
    assert look_at_mariadb(asset, AssetSecrets(), way_back=True)[1] == []
    assert goes_back(asset, folder) == []
    # and so it is for the next change: nothing of ours stays behind
    assert look_at_mariadb(asset, AssetSecrets(), way_back=True)[1] == []
    ours = "select table_name from information_schema.tables where table_name like 'sluis%'"
    found = mariadb.sql(f"{ours} and table_schema = '{asset.location}'")
    assert found == "sluis_nonce", "no mark of a copy"
    assert goes_back(asset, folder / "next", mark="CHG_1043_01234567") == []


@pytest.mark.parametrize("gone", [False, True], ids=["there", "gone"])
def test_F9_the_rights_of_a_restore_are_asked_of_a_mariadb_database_that_may_be_gone(
    new_maria: New, mariadb: RealMariadb, gone: bool
) -> None:
    asset = snapshot_user(new_maria, mariadb, "create table t (i int)")
    if gone:
        mariadb.sql(f"drop database `{asset.location}`")
    _, lacking = look_at_mariadb(asset, AssetSecrets(), way_back=True, restore=True)
    assert needs(lacking) == {"put back beside", "swap in"}
    for one in lacking:
        grant = grant_of("mariadb", one, None, restore=True)
        assert grant.needed
        assert "could not be put back" in grant.lacks
        mariadb.sql(grant.statement)
    assert look_at_mariadb(asset, AssetSecrets(), way_back=True, restore=True)[1] == []


@pytest.mark.parametrize("gone", [False, True], ids=["there", "gone"])
def test_F9_the_rights_of_a_restore_are_asked_of_a_postgresql_database_that_may_be_gone(
    new_pg: New, postgres: RealPostgres, gone: bool
) -> None:
    asset, _ = owned_pg(new_pg, postgres)
    if gone:
        postgres.sql(f'drop database "{asset.location}"')
    secrets = AssetSecrets(PASSWORD)
    _, lacking = look_at_postgresql(asset, secrets, way_back=True, restore=True)
    wanted = {"make databases", "end sessions", "mark a copy"}
    assert needs(lacking) == (wanted if gone else wanted | {"own what is put back"})
    for one in lacking:
        postgres.sql(grant_of("postgresql", one, asset.connection.user, restore=True).statement)
    assert look_at_postgresql(asset, secrets, way_back=True, restore=True)[1] == []


def test_F9_mariadb_that_has_no_code_of_others_needs_no_right_for_it(
    new_maria: New, mariadb: RealMariadb
) -> None:
    asset = snapshot_user(new_maria, mariadb, "create table t (i int)")
    _, lacking = look_at_mariadb(asset, AssetSecrets(), way_back=True)
    assert needs(lacking) == {"put back beside", "swap in"}


@pytest.mark.parametrize("right", ["set user", "super", "all privileges"])
def test_F9_each_right_that_makes_code_of_others_is_enough(
    new_maria: New, mariadb: RealMariadb, right: str
) -> None:
    asset = snapshot_user(new_maria, mariadb, MARIA)
    mariadb.sql(f"grant {right} on *.* to {asset.connection.user}@localhost")
    _, lacking = look_at_mariadb(asset, AssetSecrets(), way_back=True)
    assert "make code of others" not in needs(lacking)


def test_F9_the_page_gives_every_right_to_put_mariadb_back(
    new_maria: New, mariadb: RealMariadb, folder: Path
) -> None:
    asset = snapshot_user(new_maria, mariadb, MARIA + OF_ROOT)
    _, _, _, fourth, *_ = blocks(EXAMPLES, "sql")
    pasted = fourth.replace("'sluis'", f"'{asset.connection.user}'")
    mariadb.sql(pasted.replace("`practice", f"`{asset.location}"))
    assert look_at_mariadb(asset, AssetSecrets(), way_back=True)[1] == []
    assert goes_back(asset, folder) == []


def test_F9_postgresql_is_put_back_once_the_grants_are_pasted(
    new_pg: New, postgres: RealPostgres, folder: Path
) -> None:
    asset, owner = owned_pg(new_pg, postgres)
    secrets = AssetSecrets(PASSWORD)
    assert look_at_postgresql(asset, secrets)[1] == []
    _, lacking = look_at_postgresql(asset, secrets, way_back=True)
    assert needs(lacking) == {
        "make databases", "own what is put back", "end sessions", "mark a copy",
    }  # fmt: skip
    assert [one.on for one in lacking if one.need == "own what is put back"] == [owner]
    for one in lacking:
        grant = grant_of("postgresql", one, asset.connection.user)
        assert (grant.needed, "could not be carried out" in grant.lacks) == (True, True)
        postgres.sql(grant.statement)
    assert look_at_postgresql(asset, secrets, way_back=True)[1] == []
    assert goes_back(asset, folder, PASSWORD) == []
    # and so it is for the next change: nothing of ours stays behind
    assert look_at_postgresql(asset, secrets, way_back=True)[1] == []
    marked = ("select d.datname from pg_db_role_setting s join pg_database d on d.oid = "
              "s.setdatabase where s.setconfig::text like '%sluis%'")  # fmt: skip
    assert postgres.sql(marked) == ""
    assert goes_back(asset, folder / "next", PASSWORD, "CHG_1043_01234567") == []


@pytest.mark.parametrize(
    ("made", "more"),
    [
        ("create extension file_fdw", False),
        ("create table of_postgres (i int)", False),
        ("alter database {live} set app.key = 'x'", False),
        ("alter database {live} set log_statement = 'all'", False),
        ("alter role {user} in database {live} set work_mem = '8MB'", False),
        ("alter database {live} set work_mem = '8MB'; create extension pgcrypto", True),
        # left behind by the swap of an earlier version
        ("alter database {live} set sluis.copy = 'finished'", True),
    ],
)
def test_F9_what_only_a_superuser_can_put_back_is_said(
    new_pg: New, postgres: RealPostgres, made: str, more: bool
) -> None:
    asset, _ = owned_pg(new_pg, postgres)
    user = str(asset.connection.user)
    postgres.sql(made.format(live=asset.location, user=user), asset.location)
    _, lacking = look_at_postgresql(asset, AssetSecrets(PASSWORD), way_back=True)
    assert ("be a superuser" in needs(lacking)) is not more
    if not more:
        (one,) = lacking
        postgres.sql(grant_of("postgresql", one, user).statement)
        assert look_at_postgresql(asset, AssetSecrets(PASSWORD), way_back=True)[1] == []


def test_F9_the_page_gives_every_right_to_put_postgresql_back(
    new_pg: New, postgres: RealPostgres
) -> None:
    asset, owner = owned_pg(new_pg, postgres)
    _, _, third, *_ = blocks(EXAMPLES, "sql")
    user = str(asset.connection.user)
    postgres.sql(third.replace('"sluis"', user).replace('"owner"', owner))
    assert look_at_postgresql(asset, AssetSecrets(PASSWORD), way_back=True)[1] == []


def test_check_postgresql_that_has_no_such_database_names_what_looks_like_it(
    new_pg: New, postgres: RealPostgres
) -> None:
    made = new_pg("create table t (i int)", f"praktijk_{uuid.uuid4().hex[:6]}")
    user, name = f"reader_{uuid.uuid4().hex[:8]}", str(made["location"])
    postgres.sql(f"create role {user} login password '{PASSWORD}'")
    wrong = {**made, "host_address": postgres.address, "location": name.replace("jk", "kj")}
    with pytest.raises(SnapshotError) as refused:
        look_at_postgresql(asset_of(wrong, user), AssetSecrets(PASSWORD))
    assert refused.value.code == "database-missing"
    said = f"practice: its server has no database {wrong['location']!r}. Did you mean {name!r}"
    assert refused.value.what.startswith(said)
    # a login that is refused is no matter of the name
    with pytest.raises(SnapshotError) as refused:
        look_at_postgresql(asset_of({**wrong, "location": name}, "nobody"), AssetSecrets("x"))
    assert refused.value.code != "database-missing"


@pytest.mark.parametrize("sees", [True, False])
def test_check_mariadb_that_has_no_such_database_names_what_looks_like_it(
    new_maria: New, mariadb: RealMariadb, sees: bool
) -> None:
    made = new_maria("create table t (i int)", f"praktijk_{uuid.uuid4().hex[:6]}")
    user, name = f"reader_{uuid.uuid4().hex[:8]}", str(made["location"])
    on = "*.*" if sees else f"`{name}`.*"
    mariadb.sql(f"create user {user}@localhost; grant select on {on} to {user}@localhost")
    wrong = {**made, "location": name.replace("jk", "kj")}
    with pytest.raises(SnapshotError) as refused:
        look_at_mariadb(asset_of(wrong, user), AssetSecrets())
    assert refused.value.code == "database-missing"
    assert f"Did you mean {name!r}" in refused.value.what
