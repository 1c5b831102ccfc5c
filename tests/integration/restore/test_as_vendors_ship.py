"""Databases and folders as vendors ship them come back whole: owners, rights, code and holes.

The lab's own practice is plainer than what is met; what is here was missing there.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sluis.rehearsal.mariadb import RealMariadb
from sluis.rehearsal.postgres import RealPostgres
from support.databases import place
from support.restores import restore_beside, swap, take, tree

pytestmark = pytest.mark.slow

BOOKS = """
create schema office authorization "Vendor App";
create schema audit authorization vendor_audit;
create extension pg_trgm schema office;
set role "Vendor App";
create type office.state as enum ('open', 'paid');
create table office.ship (id bigint generated always as identity primary key, name text, scan oid);
insert into office.ship (name, scan)
  select 'ship ' || i, lo_from_bytea(0, convert_to('scan ' || i, 'UTF8'))
  from generate_series(1, 60) i;
create index on office.ship using gin (name office.gin_trgm_ops);
create view office.newest as select id, name from office.ship where id > 50;
create function office.ships() returns bigint language sql stable security definer
  as 'select count(*) from office.ship';
set role vendor_audit;
create table audit.line (what text);
insert into audit.line select 'line ' || i from generate_series(1, 90) i;
grant usage on schema audit to "Vendor App";
grant select on audit.line to "Vendor App";
reset role;
grant connect on database {name} to vendor_reader;
select count(lo_put(oid, 0, 'image')) from pg_largeobject_metadata where oid = (
  select scan from office.ship where id = 60);
do $$ begin execute format('grant select on large object %s to vendor_reader',
  (select scan from office.ship where id = 60)); end $$;
alter database {name} set search_path = office, public;
"""
#: who owns what and may do what, and the content of every large object
_LOOKS = """
select 'database', pg_get_userbyid(datdba), (select string_agg(right_of::text, ' ' order by
    right_of::text) from unnest(datacl) right_of) from pg_database d where datname = {name};
select 'setting', setting from pg_db_role_setting s, unnest(setconfig) setting
  where setdatabase = (select oid from pg_database where datname = {name})
  and setting not like 'sluis.%';
select 'schema', nspname, pg_get_userbyid(nspowner), nspacl::text from pg_namespace
  where nspname in ('office', 'audit') order by 2;
select 'relation', relname, pg_get_userbyid(relowner), relacl::text from pg_class
  where relnamespace in ('office'::regnamespace, 'audit'::regnamespace) order by 2;
select 'function', proname, pg_get_userbyid(proowner), prosecdef from pg_proc
  where proname = 'ships';
select 'extension', extname, extversion, extnamespace::regnamespace from pg_extension order by 2;
select 'large object', oid, pg_get_userbyid(lomowner), lomacl::text,
  convert_from(lo_get(oid), 'UTF8') from pg_largeobject_metadata order by 2;
select 'next', nextval('office.ship_id_seq') is not null;
"""


@pytest.fixture(scope="module")
def postgres() -> Iterator[RealPostgres]:
    """One cluster with two databases that belong to a role of their vendor's."""
    with place() as folder, RealPostgres(folder / "server") as running:
        running.sql('create role "Vendor App" login; create role vendor_audit; '
                    "create role vendor_reader login")  # fmt: skip
        for name in ("books", "former"):
            running.sql(f'create database {name} owner "Vendor App"')
            running.sql(BOOKS.format(name=name), name)
        yield running


def test_a_vendors_postgresql_comes_back_with_owners_rights_and_large_objects(
    postgres: RealPostgres, tmp_path: Path
) -> None:
    asset = {
        "id": "books", "kind": "postgresql", "location": "books", "host_address": postgres.host,
        "port": postgres.port, "user": "postgres", "bin_dir": str(postgres.bin_dir),
    }  # fmt: skip

    def looks(database: str) -> str:
        return postgres.sql(_LOOKS.format(name=f"'{database}'"), database)

    before, other = looks("books"), looks("former")
    taken = take(tmp_path, asset)
    postgres.sql(
        "select lo_unlink(scan) from office.ship where id < 9; drop schema audit cascade;"
        "alter table office.ship owner to postgres",
        "books",
    )  # fmt: skip
    assert looks_broken(postgres)
    request = taken.request()
    assert restore_beside(request)["equal"] is True
    swapped = swap(request)
    assert swapped["equal"] is True
    assert looks("books") == before
    assert looks("former") == other, "the other database of the cluster was left alone"
    (quarantine,) = swapped["quarantine"]
    assert postgres.sql("select to_regclass('audit.line') is null", quarantine) == "t"


def test_newcomer_an_extension_that_has_another_owner_afterwards_is_named(
    postgres: RealPostgres, tmp_path: Path
) -> None:
    """Whoever restores owns it, and PostgreSQL cannot give it back to whom it belonged."""
    postgres.sql("create role keeper superuser login")
    postgres.sql("create database small")
    postgres.sql("create extension pg_trgm", "small")
    asset = {
        "id": "small", "kind": "postgresql", "location": "small", "host_address": postgres.host,
        "port": postgres.port, "user": "keeper", "bin_dir": str(postgres.bin_dir),
    }  # fmt: skip
    request = take(tmp_path, asset).request()
    assert restore_beside(request)["equal"] is True
    swapped = swap(request)
    assert swapped["equal"] is True
    (said,) = [line for line in swapped["warnings"] if "pg_trgm" in line]
    assert "belonged to postgres and belongs to keeper now" in said
    whose = "select pg_get_userbyid(extowner) from pg_extension where extname = 'pg_trgm'"
    assert postgres.sql(whose, "small") == "keeper"


def looks_broken(postgres: RealPostgres) -> bool:
    """Whether what the test broke is broken, or it would show nothing."""
    return postgres.sql("select to_regclass('audit.line') is null", "books") == "t"


SHOP = """
create table customer (id int primary key auto_increment, name varchar(80), changed datetime);
insert into customer (name) select concat('customer ', seq) from seq_1_to_800;
create table gone (id int, name varchar(80));
create definer='shop_jobs'@'localhost' trigger stamp before update on customer for each row
  set new.changed = now();
create definer='shop_jobs'@'localhost' sql security definer view newest as
  select id, name from customer where id > 700;
create definer='shop_jobs'@'localhost' procedure tidy() sql security definer
  delete from gone where id < 0;
create definer='shop_jobs'@'localhost' function customers() returns int reads sql data
  return (select count(*) from customer);
create definer='shop_jobs'@'localhost' event nightly on schedule every 1 day
  starts '2030-01-01 03:00:00' on completion preserve enable do call tidy();
"""
_SPOIL = """
drop event nightly; drop procedure tidy; drop view newest; drop trigger stamp;
drop function customers; delete from customer where id > 5;
"""
_CODE = """
select 'trigger', trigger_name, definer, action_statement from information_schema.triggers
  where trigger_schema = '{0}' order by 2;
select 'view', table_name, definer, security_type from information_schema.views
  where table_schema = '{0}' order by 2;
select 'routine', routine_name, definer, security_type, routine_definition
  from information_schema.routines where routine_schema = '{0}' order by 2;
select 'event', event_name, definer, status, event_definition, starts
  from information_schema.events where event_schema = '{0}' order by 2;
"""


def test_a_vendors_mariadb_comes_back_with_code_that_runs_as_somebody_else(tmp_path: Path) -> None:
    with place() as folder, RealMariadb(folder / "server") as server:
        server.sql("create user 'shop_jobs'@'localhost'; create database shop;"
                   "grant all on shop.* to 'shop_jobs'@'localhost'")  # fmt: skip
        server.sql(SHOP, "shop")
        before = server.sql(_CODE.format("shop"))
        assert before.count("shop_jobs@localhost") == 5, before
        asset = {"id": "shop", "kind": "mariadb", "location": "shop",
                 "host_address": server.socket, "user": "root"}  # fmt: skip
        taken = take(tmp_path, asset)
        server.sql(_SPOIL, "shop")
        request = taken.request()
        beside = restore_beside(request)
        assert beside["equal"] is True
        assert server.sql(_CODE.format("shop")) == "", "nothing of the live one was touched"
        swapped = swap(request)
        assert swapped["equal"] is True
        assert server.sql(_CODE.format("shop")) == before
        assert server.sql("select customers(), (select count(*) from newest)", "shop") == "800\t100"
        server.sql("update customer set name = 'x' where id = 1", "shop")
        assert server.sql("select changed is not null from customer where id = 1", "shop") == "1"


def vendors_folder(folder: Path) -> None:
    """What an installer leaves behind: holes, second names, rights of single people."""
    (folder / "old names").mkdir(parents=True)
    with (folder / "disk.img").open("wb") as file:
        file.write(b"begin")
        file.seek(48 << 20)
        file.write(b"end")
    for number in range(3):
        path = folder / f"program {number}"
        path.write_bytes(b"\x7fELF" + os.urandom(2000))
        os.link(path, folder / "old names" / path.name)
    os.link(folder / "disk.img", folder / "old names" / "disk.img")
    for name in (
        b"  spaces  ",
        b"\xff\xfe",
        b"tab\there",
        "e\u0301 and \u00e9".encode(),
        b"*",
        b"~",
    ):
        (folder / os.fsdecode(name)).write_bytes(name)
    (folder / ("long" * 63)).write_text("a name of 252 letters")
    for command in (
        ["setfacl", "-m", "u:2001:rw,g:2002:r", folder / "program 0"],
        ["setfacl", "-d", "-m", "u:2001:rwx", folder / "old names"],
        ["setfattr", "-n", "user.licence", "-v", "K-4711", folder / "program 1"],
    ):
        subprocess.run(command, check=True)
    if os.geteuid() == 0:
        # what sudo-free programs of vendors have: a capability, and bits of rights
        os.setxattr(
            folder / "program 2", "security.capability",
            bytes.fromhex("0100000200040000000000000000000000000000"),
        )  # fmt: skip
        os.chown(folder / "program 1", 2001, 2002)
        (folder / "program 1").chmod(0o6750)


def names_and_extras(folder: Path) -> dict[str, Any]:
    """Which names are one file, and every extended attribute with its value."""
    files = {path.relative_to(folder): path for path in folder.rglob("*") if path.is_file()}
    inodes: dict[int, list[str]] = {}
    for name, path in sorted(files.items()):
        inodes.setdefault(path.stat().st_ino, []).append(os.fsdecode(bytes(name)))
    extras = {
        os.fsdecode(bytes(path.relative_to(folder))): {
            name: os.getxattr(path, name) for name in os.listxattr(path)
        }
        for path in sorted(folder.rglob("*"))
    }
    return {"one file": sorted(n for n in inodes.values() if len(n) > 1), "extras": extras}


def _spoil(live: Path) -> None:
    subprocess.run(["setfacl", "-b", live / "program 0"], check=True)
    os.removexattr(live / "program 1", "user.licence")
    (live / "disk.img").unlink()
    (live / "*").write_text("all of them")


def test_a_vendors_folder_comes_back_with_second_names_and_everybodys_rights(
    tmp_path: Path,
) -> None:
    live = tmp_path / "srv" / "vendor"
    vendors_folder(live)
    before, extras = tree(live), names_and_extras(live)
    assert len(extras["one file"]) == 4
    assert "system.posix_acl_access" in extras["extras"]["program 0"]
    taken = take(tmp_path, {"id": "vendor", "kind": "directory", "location": str(live)})
    _spoil(live)
    assert names_and_extras(live) != extras
    request = taken.request()
    assert restore_beside(request)["equal"] is True
    swapped = swap(request)
    assert swapped["equal"] is True
    assert tree(live) == before
    assert names_and_extras(live) == extras
