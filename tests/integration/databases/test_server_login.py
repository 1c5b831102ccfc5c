"""A database server that lets nobody in: what happened, to whom, where, and what to write.

Each is made on a real server: looked at as `sluis check` does, and copied as prepare does.
"""

from __future__ import annotations

import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from sluis.border.parts import Asset, AssetSecrets, Connection
from sluis.errors import SnapshotError
from sluis.rehearsal.mariadb import RealMariadb
from sluis.rehearsal.postgres import RealPostgres
from sluis.snapshot import kinds
from sluis.snapshot.mariadb_look import look_at_mariadb
from sluis.snapshot.postgresql_look import look_at_postgresql
from sluis.snapshot.server_login import Login, mariadb_login, postgresql_login
from support.databases import place

New = Callable[..., dict[str, Any]]
RIGHT, WRONG = "the right one", "s3cr-wrong"
LOOKS = {"postgresql": look_at_postgresql, "mariadb": look_at_mariadb}


def asset(
    kind: str, location: str, server: RealPostgres | RealMariadb, user: str, **to: Any
) -> Asset:
    at = {"host_address": server.address, "port": server.port, **to}
    return Asset("practice", kind, location, (), Connection(user=user, **at))


def refusals(one: Asset, password: str | None, folder: Path) -> list[SnapshotError]:
    """What a look says, and what a copy says."""
    into = folder / uuid.uuid4().hex
    into.mkdir()
    said = []
    for deed in (
        lambda: LOOKS[one.kind](one, AssetSecrets(password)),
        lambda: kinds.dump(one, str(into), "n" * 40, AssetSecrets(password)),
    ):
        with pytest.raises(SnapshotError) as caught:
            deed()
        assert "ended" not in caught.value.what and "\n" not in caught.value.what
        for word in (RIGHT, WRONG, "pgpass", "/.sluis-"):
            assert word not in str(caught.value)
        said.append(caught.value)
    return said


def new_user(server: RealPostgres | RealMariadb, more: str = "") -> str:
    user = f"reader_{uuid.uuid4().hex[:8]}"
    if isinstance(server, RealPostgres):
        server.sql(f"create role {user} {more or 'login'} password '{RIGHT}'")
    else:
        server.sql(f"create user {user}@'%' identified by '{RIGHT}' {more}")
    return user


@pytest.mark.parametrize(
    ("given", "says", "to_do"),
    [(WRONG, "password authentication failed", "Correct the password of practice in"),
     ("", "the password given is empty", "Write the password of practice into"),
     (None, "no password was given", "Write the password of practice into")],
)  # fmt: skip
def test_newcomer_postgresql_says_that_the_login_was_refused(
    new_pg: New, postgres: RealPostgres, folder: Path, given: str | None, says: str, to_do: str
) -> None:
    name, user = new_pg("select 1")["location"], new_user(postgres)
    for error in refusals(asset("postgresql", name, postgres, user), given, folder):
        assert error.code == "database-login-refused"
        assert error.what.startswith(
            f"The PostgreSQL server at {postgres.address}:{postgres.port} refused the login of the "
            f"user {user} to the database {name} ("
        )
        assert says in error.what
        assert error.remedy.startswith(to_do)
        assert "snapshot_and_verify_secrets, in a vault file" in error.remedy


def test_newcomer_postgresql_says_who_may_not_come_in(
    new_pg: New, postgres: RealPostgres, folder: Path
) -> None:
    name = new_pg("select 1")["location"]
    user, outside = new_user(postgres), new_user(postgres, "nologin")
    shut, hidden = f"shut_{user}", f"hidden_{user}"
    postgres.sql(f"create database {shut} allow_connections false")
    postgres.sql(f"create database {hidden}")
    postgres.sql(f"revoke connect on database {hidden} from public")
    socket = {"host_address": postgres.host}
    for who, where, to, password, remedy in (
        (outside, name, {}, RIGHT, f'ALTER ROLE "{outside}" LOGIN;'),
        (user, hidden, {}, RIGHT, f'GRANT CONNECT ON DATABASE "{hidden}" TO "{user}";'),
        (user, shut, {}, RIGHT, f'ALTER DATABASE "{shut}" ALLOW_CONNECTIONS true;'),
        ("nobody_here", name, socket, WRONG, 'CREATE ROLE "nobody_here" LOGIN;'),
    ):
        for error in refusals(asset("postgresql", where, postgres, who, **to), password, folder):
            assert error.code == "database-login-refused"
            assert f"of the user {who} to the database {where}" in error.what
            assert remedy in error.remedy


def test_newcomer_postgresql_full_gone_or_another_name(
    new_pg: New, postgres: RealPostgres, folder: Path
) -> None:
    name = new_pg("select 1")["location"]
    user, many = new_user(postgres), new_user(postgres, "login connection limit 0")
    for one, code, says in (
        (asset("postgresql", name, postgres, many), "database-full", "too many connections"),
        (asset("postgresql", name, postgres, user, port=1), "database-not-reached",
         f"at {postgres.address}:1, for the user {user}: Connection refused"),
        (asset("postgresql", name, postgres, user, host_address=str(folder)),
         "database-not-reached", f"at the socket {folder}, port {postgres.port}"),
        (asset("postgresql", f"x{name}", postgres, user), "database-missing", f"x{name}"),
    ):  # fmt: skip
        for error in refusals(one, RIGHT, folder):
            assert error.code == code
            assert says in error.what


@contextmanager
def access(postgres: RealPostgres, lines: str) -> Iterator[None]:
    """Other lines in pg_hba.conf; the server's own user may come in as before."""
    file = postgres.data / "pg_hba.conf"
    before = file.read_text()
    try:
        file.write_text(f"local all postgres trust\n{lines}\n")
        postgres.sql("select pg_reload_conf()")
        time.sleep(0.3)
        yield
    finally:
        file.write_text(before)
        postgres.sql("select pg_reload_conf()")
        time.sleep(0.3)


def test_newcomer_postgresql_gives_the_line_for_pg_hba(folder: Path) -> None:
    with place() as home, RealPostgres(home / "server", address="127.0.10.43") as server:
        user = new_user(server)
        server.sql("create database practice")
        at, by_socket = (
            asset("postgresql", "practice", server, user, **to)
            for to in ({}, {"host_address": server.host})
        )
        for lines in ("local all all peer", "host all all all reject"):
            with access(server, lines):
                for error in refusals(at, RIGHT, folder):
                    assert error.code == "database-login-refused"
                    line = error.remedy.split('"')[1]
                    assert line.startswith(f"host practice {user} 127.0.")
            with access(server, f"{line}\n{lines}"):
                look_at_postgresql(at, AssetSecrets(RIGHT))  # pasted, it lets us in
        with access(server, "local all all peer"):
            for error in refusals(by_socket, RIGHT, folder):
                assert "only as the system user of that name" in error.remedy


@pytest.mark.parametrize(
    ("given", "to_do"),
    [(WRONG, "Correct the password of practice in"), ("", "Write the password of practice into")],
)
def test_newcomer_mariadb_says_that_the_login_was_refused(
    new_maria: New, mariadb: RealMariadb, folder: Path, given: str, to_do: str
) -> None:
    name, user = new_maria("select 1")["location"], new_user(mariadb)
    for error in refusals(asset("mariadb", name, mariadb, user), given, folder):
        assert error.code == "database-login-refused"
        assert error.what.startswith(
            f"The MariaDB server at {mariadb.address}:{mariadb.port} refused the login of the "
            f"user {user}"
        )
        assert error.remedy.startswith(to_do)
        assert "snapshot_and_verify_secrets, in a vault file" in error.remedy


def test_newcomer_mariadb_locked_unknown_full_or_gone(
    new_maria: New, mariadb: RealMariadb, folder: Path
) -> None:
    name = new_maria("select 1")["location"]
    user, shut, one_only = (
        new_user(mariadb, more) for more in ("", "account lock", "with max_user_connections 1")
    )
    mariadb.sql(f"create user by_{user}@'%' identified via unix_socket")
    for one, code, remedy in (
        (asset("mariadb", name, mariadb, shut), "database-login-refused", "ACCOUNT UNLOCK"),
        (asset("mariadb", name, mariadb, f"by_{user}"), "database-login-refused",
         "Correct the user of practice"),
        (asset("mariadb", name, mariadb, user, port=1), "database-not-reached",
         "host_address and port of practice"),
        (asset("mariadb", name, mariadb, user, host_address=str(folder / "s")),
         "database-not-reached", "host_address and port of practice"),
    ):  # fmt: skip
        for error in refusals(one, RIGHT, folder):
            assert error.code == code
            assert remedy in error.remedy
    with taken(mariadb, one_only):
        for error in refusals(asset("mariadb", name, mariadb, one_only), RIGHT, folder):
            assert error.code == "database-full"
            assert f"of the user {one_only}" in error.what


@contextmanager
def taken(mariadb: RealMariadb, user: str) -> Iterator[None]:
    """One session of this user is open."""
    command = [mariadb.program("mariadb"), "--no-defaults", f"--socket={mariadb.socket}",
               f"--user={user}", f"--password={RIGHT}", "--unbuffered",
               "--execute=select 1; select sleep(600)"]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE) as held:
        assert held.stdout is not None
        held.stdout.readline()
        yield
        held.terminate()


def test_newcomer_mariadb_a_database_that_is_not_there_or_not_for_this_user(
    new_maria: New, mariadb: RealMariadb, folder: Path
) -> None:
    user = new_user(mariadb)
    into = folder / "dump"
    into.mkdir()
    name = new_maria("select 1")["location"]
    for who, where, code in ((user, name, "database-login-refused"),
                             ("root", f"x{name}", "database-missing")):  # fmt: skip
        to = {"host_address": mariadb.socket} if who == "root" else {}
        with pytest.raises(SnapshotError) as caught:
            kinds.dump(asset("mariadb", where, mariadb, who, **to), str(into), "n" * 40,
                       AssetSecrets(RIGHT if who == user else None))  # fmt: skip
        assert caught.value.code == code
        assert where in caught.value.what
        assert "scope.yml" in caught.value.remedy


def test_words_of_a_server_in_another_language_are_a_refusal_as_well() -> None:
    login = Login("PostgreSQL", "::1", 5433, "reader", "practice", "a password was given")
    error = postgresql_login(
        login,
        'psql: error: connection to server at "::1", port 5433 failed: Connection refused\n'
        "\tIs the server running on that host and accepting TCP/IP connections?\n"
        'connection to server at "127.0.0.1", port 5433 failed: ВАЖНО:  пользователь "reader" не '
        'прошёл проверку\npassword retrieved from file "/x/pgpass"',
    )
    assert error.code == "database-login-refused"
    assert "at [::1]:5433" in error.what
    assert error.what.endswith("не прошёл проверку.")
    older = postgresql_login(login, "psql: could not connect to server: Connection refused\n\tIs")
    assert older.code == "database-not-reached"
    assert mariadb_login(login, 0, "").what.endswith("its client program said nothing.")
