"""One real server of each kind for a whole worker; a database for each test."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sluis.rehearsal.mariadb import RealMariadb
from sluis.rehearsal.postgres import RealPostgres
from support.databases import place

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def postgres() -> Iterator[RealPostgres]:
    with (
        place() as folder,
        RealPostgres(folder / "server", address="127.0.10.41", settings={"fsync": "off"}) as server,
    ):
        yield server


@pytest.fixture(scope="session")
def mariadb() -> Iterator[RealMariadb]:
    with place() as folder, RealMariadb(folder / "server", address="127.0.10.42") as server:
        yield server


@pytest.fixture
def folder() -> Iterator[Path]:
    with place() as made:
        yield made


@pytest.fixture
def scratch(folder: Path) -> Path:
    made = folder / "scratch"
    made.mkdir(mode=0o755)
    return made


@pytest.fixture
def new_pg(postgres: RealPostgres) -> Callable[..., dict[str, Any]]:
    """Makes a database from SQL; gives its asset."""

    def make(sql: str, name: str | None = None, options: str = "") -> dict[str, Any]:
        name = name or f"db{next(_numbers)}"
        quoted = '"' + name.replace('"', '""') + '"'
        postgres.sql(f"create database {quoted} {options}")
        postgres.sql(sql, name)
        return {
            "id": "practice", "kind": "postgresql", "location": name,
            "host_address": postgres.host, "port": postgres.port, "user": "postgres",
        }  # fmt: skip

    return make


@pytest.fixture
def new_maria(mariadb: RealMariadb) -> Callable[..., dict[str, Any]]:
    """Makes a database from SQL; gives its asset."""

    def make(sql: str, name: str | None = None) -> dict[str, Any]:
        name = name or f"db{next(_numbers)}"
        quoted = "`" + name.replace("`", "``") + "`"
        mariadb.sql(f"create database {quoted} character set utf8mb4")
        mariadb.sql("set sql_mode = '';\n" + sql, name)
        return {
            "id": "shop", "kind": "mariadb", "location": name,
            "host_address": mariadb.socket, "port": 3306, "user": "root",
        }  # fmt: skip

    return make
