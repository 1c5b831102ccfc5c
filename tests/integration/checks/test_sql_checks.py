"""SQL checks against real servers: with a password, through a socket, and against a dead one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from sluis.checks.run import run_checks
from sluis.rehearsal.mariadb import RealMariadb
from sluis.rehearsal.postgres import RealPostgres
from sluis.runbook.grants import read_grant
from support.databases import place
from support.sql_tricks import (
    MARIADB_TRICKS,
    MARIADB_WORLD,
    OTHER_WORDS,
    POSTGRESQL_TRICKS,
    POSTGRESQL_WORLD,
)

PASSWORD = "check-s3cret-91"
ADDRESS = "127.0.10.2"


def ask(password: str | None = None, **fields: Any) -> dict[str, Any]:
    check = {"id": "it", "type": "sql", "timeout": 30, **fields}
    (answer,) = run_checks([check], {"it": password} if password else {})
    assert PASSWORD not in str(answer)
    return answer


@pytest.fixture(scope="module")
def postgres() -> Iterator[RealPostgres]:
    with place() as folder, RealPostgres(folder / "server", address=ADDRESS) as server:
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


def test_F9_why_a_query_could_not_be_asked_is_told_with_the_servers_words(
    postgres: RealPostgres,
) -> None:
    postgres.sql("create role newcomer login password 'n'")
    fields = {
        "engine": "postgresql", "database": "it's", "host_address": ADDRESS, "expect": "5",
        "port": postgres.port, "user": "newcomer", "bin_dir": str(postgres.bin_dir),
    }  # fmt: skip
    count = "select count(*) from patient"
    none = ask(**fields, query=count)
    assert (none["passed"], none["why"]) == (None, "not let in")
    for words in ("no password was given", "no password supplied", "service_checks_secrets"):
        assert words in none["detail"]
    wrong = ask("wrong", **fields, query=count)
    assert (wrong["passed"], wrong["why"]) == (None, "not let in")
    assert 'password authentication failed for user "newcomer"' in wrong["detail"]
    assert "(a password was given)" in wrong["detail"]
    gone = ask("n", **{**fields, "database": "nowhere"}, query=count)
    assert (gone["why"], "nowhere" in gone["detail"]) == ("not let in", True)
    right = ask("n", **fields, query=count)
    assert (right["why"], right["to"]) == ("may not read", "newcomer")
    assert "permission denied for table patient" in right["detail"]
    postgres.sql(read_grant("postgresql", "it's", right["to"]))
    assert ask("n", **fields, query=count)["why"] == "looked"
    # what the new version may bring is told from what nobody could ever ask
    assert ask("n", **fields, query="select count(*) from later")["why"] == "not there"
    assert ask("n", **fields, query="select later from patient")["why"] == "not there"
    syntax = ask("n", **fields, query="select count(*) frm patient")
    assert (syntax["why"], "syntax error" in syntax["detail"]) == ("not answered", True)
    # of a row nothing is repeated
    data = ask("n", **fields, query="select name::int from patient where id = 3")
    assert (data["why"], "22P02" in data["detail"]) == ("not answered", True)
    assert "name 3" not in data["detail"]


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
def mariadb() -> Iterator[RealMariadb]:
    with place() as folder, RealMariadb(folder / "server", address=ADDRESS) as server:
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


def test_F9_mariadb_why_a_query_could_not_be_asked(mariadb: RealMariadb) -> None:
    mariadb.sql("create user newcomer@'%' identified by 'n'; create database nearby;"
                "create table nearby.t (i int);"
                "grant insert on practice.patient to newcomer@'%'")  # fmt: skip
    fields = {
        "engine": "mariadb", "database": "practice", "host_address": ADDRESS, "expect": "2",
        "port": mariadb.port, "user": "newcomer",
    }  # fmt: skip
    count = "select count(*) from patient"
    none = ask(**fields, query=count)
    assert (none["passed"], none["why"]) == (None, "not let in")
    for words in ("no password was given", "Access denied", "service_checks_secrets"):
        assert words in none["detail"]
    right = ask("n", **fields, query=count)
    assert (right["why"], right["to"]) == ("may not read", "newcomer@%")
    nearby = {**fields, "database": "nearby"}
    kept_out = ask("n", **nearby, query="select count(*) from t")
    assert (kept_out["why"], kept_out["to"]) == ("may not read", "newcomer@%")
    for name, told in (("practice", right), ("nearby", kept_out)):
        mariadb.sql(read_grant("mariadb", name, told["to"]))
    assert ask("n", **fields, query=count)["why"] == "looked"
    assert ask("n", **nearby, query="select count(*) from t")["why"] == "looked"
    assert ask("n", **fields, query="select count(*) from later")["why"] == "not there"
    assert ask("n", **fields, query="select later from patient")["why"] == "not there"
    syntax = ask("n", **fields, query="select count(*) frm patient")
    assert (syntax["why"], "SQL syntax" in syntax["detail"]) == ("not answered", True)


def test_no_password_in_any_command_line(mariadb: RealMariadb, postgres: RealPostgres) -> None:
    """While a query runs, nobody who lists processes may read the password."""
    import threading

    seen: list[str] = []
    done = threading.Event()

    def watch() -> None:
        while not done.is_set():
            for process in psutil.process_iter(["cmdline", "name"]):
                line = " ".join(process.info["cmdline"] or [])
                if process.info["name"] in ("psql", "mariadb"):
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


def state_of_postgresql(server: RealPostgres, folder: Path) -> list[Any]:
    """All that a check could have changed: data, objects, settings, roles, files, sessions."""
    looks = (
        "select count(*), sum(id) from patient",
        "select last_value, is_called from counter",
        "select count(*) from pg_class where oid >= 16384",
        "select count(*) from pg_largeobject_metadata",
        "select count(*) from pg_replication_slots",
        "select md5(string_agg(r::text, ',' order by r::text)) from pg_roles r",
        "select string_agg(setconfig::text, ',') from pg_db_role_setting",
        "select md5(string_agg(name || setting, ',' order by name)) from pg_settings",
        "select count(*) from pg_locks where locktype = 'advisory'",
        "select count(*) from pg_stat_activity where pid = {pid}",
    )
    pid = server.sql("select min(pid) from pg_stat_activity where backend_type = 'checkpointer'")
    told = [server.sql(look.format(pid=pid), "practice") for look in looks]
    settings = (server.data / "postgresql.auto.conf").read_text()
    return [*told, settings, pid, sorted(path.name for path in folder.iterdir())]


@pytest.fixture(scope="module")
def open_folder() -> Iterator[Path]:
    """A folder in which the server's user and the checks' user may write."""
    with place() as folder:
        folder.chmod(0o777)
        yield folder


def all_refused(tricks: dict[str, str], here: dict[str, str], **fields: Any) -> None:
    checks = [
        {"type": "sql", "timeout": 2, "expect": "5", "id": name, **fields,
         "query": query.format(**here) if "{folder}" in query or "{host}" in query else query}
        for name, query in tricks.items()
    ]  # fmt: skip
    answers = run_checks(checks, {})
    assert {one["id"]: one["detail"] for one in answers if one["passed"]} == {}
    assert len(answers) == len(tricks)


@pytest.mark.parametrize("user", ["postgres", "owner"])
def test_L9_a_query_in_postgresql_does_nothing_but_read(
    postgres: RealPostgres, open_folder: Path, user: str
) -> None:
    here = {"folder": str(open_folder), "host": postgres.host, "port": str(postgres.port)}
    if not postgres.sql("select 1 from pg_database where datname = 'practice'"):
        postgres.sql("create role owner login; create database practice owner owner")
        made = "create table patient as select g as id, 'n' as name from generate_series(1, 5) g;"
        world = made + POSTGRESQL_WORLD
        for name, value in here.items():
            world = world.replace("{" + name + "}", value)
        postgres.sql(world + "alter table patient owner to owner;", "practice")
    before = state_of_postgresql(postgres, open_folder)
    reached = {"engine": "postgresql", "database": "practice", "host_address": postgres.host,
               "port": postgres.port, "user": user, "bin_dir": str(postgres.bin_dir)}  # fmt: skip
    tricks = {n: q for n, q in POSTGRESQL_TRICKS.items() if user == "postgres" or "view" in n}
    all_refused(tricks, here, **reached)
    assert state_of_postgresql(postgres, open_folder) == before
    postgres.sql("drop function if exists count(patient)", "practice")
    for harmless in (
        "select count(*) from patient", "with x as (select * from patient) select count(*) from x",
        "table patient limit 1;", "values (1), (2)", "show server_version",
        "select count(*) filter (where name like '%n%' and id::numeric(9, 2) > 0) from patient --x",
        "select coalesce(max(name), '-'), now() > clock_timestamp() from patient group by id % 2",
        "select pg_database_size(current_database()), 'a;b', ':x', '\\', $$y$$",
        "select max(name::citext) from patient",
    ):  # fmt: skip
        answer = ask(**reached, query=harmless, expect="another")
        assert answer["passed"] is False, (harmless, answer)
        assert "expected" in answer["detail"], (harmless, answer)


@pytest.mark.parametrize("query", OTHER_WORDS)
@pytest.mark.parametrize("engine", ["postgresql", "mariadb", "sqlite"])
def test_L9_a_query_that_does_not_begin_as_one_is_not_even_asked(engine: str, query: str) -> None:
    answer = ask(engine=engine, database="/nonexistent", query=query, expect="5")
    assert answer["passed"] is None
    assert "more than read" in answer["detail"] or "has no query" in answer["detail"]


def test_L9_a_role_that_may_start_programs_becomes_one_that_may_not(postgres: RealPostgres) -> None:
    """Or the check is not made, and says what to grant."""
    postgres.sql(
        "create role runner login; grant pg_execute_server_program to runner;"
        "create role twofold login;"
        "grant pg_execute_server_program, pg_read_all_data to twofold;"
    )
    reached = {"engine": "postgresql", "database": "it's", "host_address": postgres.host,
               "port": postgres.port, "bin_dir": str(postgres.bin_dir)}  # fmt: skip
    try:
        who = "select current_user"
        assert (
            ask(**reached, user="twofold", query=who, expect="pg_read_all_data")["passed"] is True
        )
        assert ask(**reached, user="postgres", query=who, expect="pg_read_all_data")["passed"]
        refused = ask(**reached, user="runner", query=who, expect="runner")
        assert refused["passed"] is None
        assert "GRANT pg_read_all_data TO" in refused["detail"]
    finally:
        postgres.sql("drop role runner; drop role twofold")


def test_L9_without_plpgsql_nothing_is_asked(postgres: RealPostgres) -> None:
    postgres.sql("create database bare")
    postgres.sql("drop extension plpgsql", "bare")
    answer = ask(
        engine="postgresql", database="bare", host_address=postgres.host, port=postgres.port,
        user="postgres", bin_dir=str(postgres.bin_dir), query="select 1", expect="1",
    )  # fmt: skip
    assert answer["passed"] is None
    assert "limited to reading" in answer["detail"]


def test_an_answer_that_is_too_long_is_no_answer(
    postgres: RealPostgres, mariadb: RealMariadb
) -> None:
    ours = {"engine": "postgresql", "database": "it's", "host_address": postgres.host,
            "port": postgres.port, "user": "postgres"}  # fmt: skip
    theirs = {"engine": "mariadb", "database": "practice", "host_address": mariadb.socket,
              "user": "root"}  # fmt: skip
    rows = "\n".join(str(n) for n in range(1, 10_001))
    counted = "select generate_series(1, {})"
    for where, query in ((ours, counted), (theirs, "select seq from seq_1_to_{}")):
        assert ask(**where, query=query.format(10_000), expect=rows)["passed"] is True
        longer = ask(**where, query=query.format(10_001), expect=rows)
        assert longer["passed"] is None
        assert "more than 10,000 rows" in longer["detail"]
        wide = ask(**where, query="select repeat('x', 9000000)", expect="x")
        assert wide["passed"] is None
        assert "larger than" in wide["detail"]


def test_L9_a_query_in_mariadb_does_nothing_but_read(
    mariadb: RealMariadb, open_folder: Path
) -> None:
    here = {"folder": str(open_folder)}
    mariadb.sql(
        "create view gv as select * from information_schema.global_variables"
        " where variable_name not like '%gtid%'"
    )
    mariadb.sql("delimiter //\n" + MARIADB_WORLD.replace("{folder}", str(open_folder)))

    def state() -> list[Any]:
        looks = (
            "select count(*) from practice.letter", "select count(*) from practice.patient",
            "select next_not_cached_value from practice.counter",
            "select count(*) from information_schema.tables",
            "select is_free_lock('a')",
            "select md5(group_concat(variable_name, variable_value)) from gv",
        )  # fmt: skip
        return [
            *(mariadb.sql(look) for look in looks),
            sorted(p.name for p in open_folder.iterdir()),
        ]

    before = state()
    reached = {"engine": "mariadb", "database": "practice", "host_address": mariadb.socket,
               "user": "root"}  # fmt: skip
    all_refused(MARIADB_TRICKS, here, **reached)
    assert state() == before
    for harmless in (
        "select count(*) from patient where id in (1, 2) and name like ('A%');", "show tables",
        "with x as (select * from patient) select max(id), max(id) from x",
        "select ifnull(max(name), '-'), date_format(now(), '%Y') from patient limit 1",
        "values (1), (2)", "select 'a;b', '\\\\', \"into outfile 'x'\" union select 1, 2, 3",
        "select cast(id as decimal(10, 2)), convert(name using latin1) from patient order by 1",
    ):  # fmt: skip
        answer = ask(**reached, query=harmless, expect="another")
        assert answer["passed"] is False, (harmless, answer)
        assert "expected" in answer["detail"], (harmless, answer)


@pytest.mark.parametrize("mode", ["MSSQL", "ANSI_QUOTES", "ORACLE", "IGNORE_SPACE"])
def test_L9_no_dialect_of_mariadb_hides_a_call(
    mariadb: RealMariadb, open_folder: Path, mode: str
) -> None:
    secret = open_folder / "secret"
    secret.write_text("12345")
    secret.chmod(0o644)
    reached = {"engine": "mariadb", "database": "practice", "host_address": mariadb.socket,
               "user": "root"}  # fmt: skip
    mariadb.sql("create view practice.tall as select id, `name` from practice.patient")
    mariadb.sql(f"set global sql_mode = '{mode}'")
    try:
        for query, given in (
            (f"select [load_file]('{secret}')", "12345"), ("select [get_lock]('a', 1)", "1"),
            ("select [release_all_locks]()", "0"), ("select [sleep](0)", "0"),
        ):  # fmt: skip
            assert not ask(**reached, query=query, expect=given)["passed"], query
        assert ask(**reached, query='select max(id), "x" from `tall`', expect="2\tx")["passed"]
    finally:
        mariadb.sql("set global sql_mode = default; drop view practice.tall")
        secret.unlink()


@pytest.fixture(scope="module")
def mariadb_functions(mariadb: RealMariadb, open_folder: Path) -> Iterator[RealMariadb]:
    """Stored functions that write a file, under names that a list of words lets through."""
    mariadb.sql(
        "create database odd; create database other; create user seer identified by 'p';"
        "grant select, execute, show view on odd.* to seer; grant file on *.* to seer;"
        "create user blind identified by 'p'; grant select on odd.* to blind;"
        "create table odd.plain (id int); insert into odd.plain values (1);"
    )
    body = "() returns int begin declare x int; select 1 into outfile '{}'; return 7; end//"
    names = ["odd.`key`", "odd.`x-count`", "odd.`a max`", "odd.`row`", "odd.`using`", "odd.`any`",
             "odd.`count`", "odd.`o``k`", "odd.w", "other.w"]  # fmt: skip
    made = (
        f"create function {name}{body.format(open_folder / f'odd-{number}')}"
        for number, name in enumerate(names)
    )
    mariadb.sql("delimiter //\n" + "\n".join(made))
    mariadb.sql(
        "create view odd.v as select odd.w() as n; create view odd.v2 as select n from odd.v;"
        "create view other.deep as select other.w() as n;"
        "create view odd.`a-b` as select n from other.deep;"
        "create view odd.lock_it as select get_lock('a', 1) as n;"
        "create view odd.tidy as select count(0) as n, cast(max(id) as decimal(9, 2)) as m,"
        " ifnull(max(p.id), 7) as k, max(date_add(now(), interval id day)) as d"
        " from plain p where id in (1, 2) and (id > 0 or id < 9) group by id;",
        "odd",
    )
    yield mariadb
    mariadb.sql("drop database odd; drop database other; drop user seer; drop user blind")


@pytest.mark.parametrize(
    "query",
    [
        "select `key`()", "select `x-count`()", "select `a max`()", "select `row`()",
        "select `using` ()", 'select "key"()', "select any()", "select count ()", "select `o``k`()",
        "select * from v", "select n from v2", "select n from `a-b`", "select n from odd . V2",
        "select n from other.deep", "show tables where (select n from v)",
        "select n from lock_it",
    ],
)  # fmt: skip
@pytest.mark.parametrize("user", ["root", "seer", "blind"])
def test_L9_a_stored_function_of_mariadb_is_not_called(
    mariadb_functions: RealMariadb, open_folder: Path, user: str, query: str
) -> None:
    server = mariadb_functions
    where = {"engine": "mariadb", "database": "odd", "user": user}
    reached = {"host_address": ADDRESS, "port": server.port}
    if user == "root":
        reached = {"host_address": server.socket}
    (answer,) = run_checks(
        [{"id": "it", "type": "sql", "timeout": 8, "expect": "7", "query": query}
         | where | reached], {} if user == "root" else {"it": "p"}
    )  # fmt: skip
    assert list(open_folder.glob("odd-*")) == []
    assert not answer["passed"], answer
    assert server.sql("select is_free_lock('a')") == "1"


def test_L9_a_view_of_mariadb_that_only_reads_is_asked(mariadb_functions: RealMariadb) -> None:
    reached = {"engine": "mariadb", "database": "odd", "host_address": ADDRESS,
               "port": mariadb_functions.port}  # fmt: skip
    query = "select n, m from tidy where k = 1"
    assert ask("p", **reached, user="seer", query=query, expect="1\t1.00")["passed"] is True
    hidden = ask("p", **reached, user="blind", query=query, expect="1\t1.00")
    assert hidden["passed"] is None
    assert "GRANT SELECT, SHOW VIEW" in hidden["detail"]
    plain = ask("p", **reached, user="blind", query="select id from plain", expect="1")
    assert plain["passed"] is True
