"""Which rights a database's user lacks, and the GRANT that gives them: pasted, they are there.

Each user begins with nothing but a login. What `sluis check` says to paste is pasted, on a real
server, until nothing is lacking; then a real dump is made as that user, with its nonce.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sluis.border.parts import Asset, AssetSecrets, Connection
from sluis.border.verbs.asset_check import Lacking
from sluis.errors import SnapshotError
from sluis.rehearsal.mariadb import RealMariadb
from sluis.rehearsal.postgres import RealPostgres
from sluis.runbook.grants import grant_of
from sluis.snapshot import kinds
from sluis.snapshot.mariadb_look import look_at_mariadb
from sluis.snapshot.postgresql_look import look_at_postgresql
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
