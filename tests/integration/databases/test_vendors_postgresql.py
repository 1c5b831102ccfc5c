"""F2: PostgreSQL as vendors ship it is proven: owners of their own, schemas, an extension,
large objects, and two databases in one cluster."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sluis.rehearsal.postgres import RealPostgres
from sluis.snapshot import postgresql
from support.databases import Dumped, place, take_dump

VENDOR = """
create schema clinic authorization "Vendor App";
create schema audit authorization vendor_audit;
create extension if not exists {extension} schema clinic;
set role "Vendor App";
create table clinic.patient (id bigint generated always as identity primary key, name text);
insert into clinic.patient (name) select 'patient ' || i from generate_series(1, 2000) i;
create table clinic.scan (id int primary key, image oid);
insert into clinic.scan select i, lo_from_bytea(0, convert_to('scan ' || i, 'UTF8'))
  from generate_series(1, 40) i;
create sequence clinic.invoice start 700; select nextval('clinic.invoice');
create view clinic.newest as select * from clinic.patient where id > 1900;
reset role;
set role vendor_audit;
create table audit.line (at timestamptz default now(), what text);
insert into audit.line (what) select 'line ' || i from generate_series(1, 300) i;
grant usage on schema audit to "Vendor App";
grant select on audit.line to "Vendor App";
reset role;
"""
ROLES = ('"Vendor App"', "vendor_audit")
DATABASES = ("clinic_main", "clinic_archive")


@pytest.fixture(scope="module")
def vendors(postgres: RealPostgres) -> Iterator[RealPostgres]:
    """Two databases of one vendor, each owned by the vendor's own role."""
    for role in ROLES:
        postgres.sql(f"create role {role} login")
    names = postgres.sql("select name from pg_available_extensions order by 1").split()
    extension = next(name for name in ("pg_trgm", "citext", "btree_gist", *names) if name in names)
    for name in DATABASES:
        postgres.sql(f'create database {name} owner "Vendor App"')
        postgres.sql(VENDOR.format(extension=extension), name)
    yield postgres
    for name in DATABASES:
        postgres.sql(f"drop database {name}")
    for role in ROLES:
        postgres.sql(f"drop role {role}")


def asset(server: RealPostgres, name: str) -> dict[str, Any]:
    return {
        "id": name.replace("_", "-"), "kind": "postgresql", "location": name,
        "host_address": server.host, "port": server.port, "user": "postgres",
    }  # fmt: skip


def dumped(server: RealPostgres, name: str, folder: Path) -> Dumped:
    return take_dump(postgresql, asset(server, name), folder / name)


@pytest.mark.parametrize("name", DATABASES)
def test_F2_a_database_that_its_own_role_owns_is_proven(
    vendors: RealPostgres, folder: Path, scratch: Path, name: str
) -> None:
    with place() as room:
        made = dumped(vendors, name, room)
        assert made.facts["database"]["owner"] == "Vendor App"
        # the owner is also among the roles that the dump speaks of
        assert {"Vendor App", "vendor_audit"} <= set(made.facts["roles"])
        answer = made.check(scratch)
    assert answer["verdict"] == "proven", answer
    assert [one["verdict"] for one in answer["parts"]] == ["proven"] * 3
    tables = answer["figures"]["tables"]
    assert tables == made.facts["tables"]
    assert tables["clinic.patient"]["rows"] == 2000
    assert tables["audit.line"]["rows"] == 300


def test_F2_one_large_object_less_is_noticed(
    vendors: RealPostgres, folder: Path, scratch: Path
) -> None:
    with place() as room, place() as later:
        before = dumped(vendors, "clinic_main", room)
        vendors.sql("select lo_unlink(image) from clinic.scan where id = 1", "clinic_main")
        try:
            after = dumped(vendors, "clinic_main", later)
        finally:
            vendors.sql(
                "update clinic.scan set image = lo_from_bytea(0, 'scan 1') where id = 1",
                "clinic_main",
            )
        file = before.folder / postgresql.DUMP_FILE
        file.write_bytes((after.folder / postgresql.DUMP_FILE).read_bytes())
        answer = before.as_made().check(scratch)
    assert answer["verdict"] == "failed", answer
