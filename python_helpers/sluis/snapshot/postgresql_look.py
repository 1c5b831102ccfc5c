"""Whether a PostgreSQL database lets us in, and which rights its dump would lack."""

from __future__ import annotations

import tempfile
from typing import Any, Dict, List, Optional, Tuple

from ..border import codec
from ..border.parts import Asset, AssetSecrets
from ..border.verbs.asset_check import Lacking, Need, Seen
from ..errors import SnapshotError
from . import postgresql_programs as programs_of
from .children import Children
from .kinds import databases_beside
from .no_such_database import no_such_database
from .postgresql_figures import OF_EXTENSION, OURS, TABLES, other_databases, read_database
from .postgresql_session import Connection, Session
from .postgresql_swap import MARK, MARKS_SINCE

#: the role that may read everything, since PostgreSQL 14 (its manual, 22.5)
_READ_ALL_SINCE = 14
#: databases that a server has from the beginning
_ALWAYS_THERE = ("postgres", "template1")
_DATABASES = "select to_json(datname) from pg_database where not datistemplate"
#: schemas and owners that are named at most
_MOST = 20

#: What `dump` does, asked as rights. CREATE SCHEMA IF NOT EXISTS asks for the right to create
#: before it looks whether the schema is there (PostgreSQL 15, schemacmds.c), so it is needed
#: each time. Large objects are not among what pg_read_all_data may read before version 18.
_RIGHTS = f"""
select json_build_object(
  'user', current_user,
  'super', (select rolsuper from pg_roles where rolname = current_user),
  'schemas', (select coalesce(json_agg(distinct s.nspname), '[]') from (
      select t.nspname from ({TABLES}) t
      where not has_table_privilege(t.oid, 'select')
        or not has_schema_privilege(t.nspname, 'usage')
      union all
      select n.nspname from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where c.relkind = 'S' and {OURS}
        and not {OF_EXTENSION.format(catalog="pg_class", oid="c.oid")}
        and not has_table_privilege(c.oid, 'select')) s),
  'secured', (select count(*) from ({TABLES}) t where row_security_active(t.oid)),
  'owners', (select coalesce(json_agg(distinct pg_get_userbyid(m.lomowner)), '[]')
      from pg_largeobject_metadata m
      where not pg_has_role(m.lomowner, 'usage') and not exists (
          select from aclexplode(m.lomacl) a where a.privilege_type = 'SELECT'
            and (a.grantee = 0 or pg_has_role(a.grantee, 'usage')))),
  'may_create', has_database_privilege(current_database(), 'create'),
  'nonce', (select has_schema_privilege(n.oid, 'usage') and has_schema_privilege(n.oid, 'create')
        and coalesce((select has_table_privilege(c.oid, 'select')
              and has_table_privilege(c.oid, 'insert') and has_table_privilege(c.oid, 'update')
            from pg_class c where c.relnamespace = n.oid and c.relname = 'nonce'), true)
      from pg_namespace n where n.nspname = 'sluis_nonce'))
"""

#: What putting it back does, asked as rights: a database is made and renamed (CREATEDB, and the
#: rights of its owner), everything in it is given to whom it belongs (those owners' rights), and
#: other people's sessions are ended. The copy is marked by a setting of our own. Extensions that
#: are not trusted, and settings that are not everybody's, are for superusers, and so is giving
#: something to one of them. Our own mark, which a swap once left behind, is not put back.
_BACK = f"""
select json_build_object(
  'user', current_user,
  'createdb', (select rolcreatedb from pg_roles where rolname = current_user),
  'signals', pg_has_role('pg_signal_backend', 'usage'),
  'marks', {{marks}},
  'only_super', exists (select from pg_extension e join pg_available_extension_versions v
      on v.name = e.extname and v.version = e.extversion
      where coalesce(to_jsonb(v) ->> 'trusted', 'false') <> 'true')
    or exists (select from pg_db_role_setting s, unnest(s.setconfig) c
      where s.setdatabase = (select oid from pg_database where datname = current_database())
        and (s.setrole <> 0 or c not like '{MARK}=%')
        and (s.setrole <> 0 or not exists (select from pg_settings k
          where k.context = 'user' and lower(k.name) = lower(split_part(c, '=', 1))))),
  'owners', (select coalesce(json_agg(distinct jsonb_build_object(
      'name', r.rolname, 'super', r.rolsuper)), '[]') from (
      select datdba as owner from pg_database where datname = current_database()
      union select relowner from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where {OURS} and not {OF_EXTENSION.format(catalog="pg_class", oid="c.oid")}
      union select refobjid from pg_shdepend where deptype = 'o'
        and refclassid = 'pg_authid'::regclass
        and dbid = (select oid from pg_database where datname = current_database())) o
      join pg_roles r on r.oid = o.owner
      where not pg_has_role(o.owner, 'usage')))
"""


def look_at_postgresql(
    asset: Asset, secrets: AssetSecrets, *, way_back: bool = False, restore: bool = False
) -> Tuple[Seen, List[Lacking]]:
    """Log in, and ask for each right that a snapshot needs.

    Args:
        asset: the database.
        secrets: its user's password.
        way_back: ask for the rights as well that putting it back needs.
        restore: it is to be put back, and may be gone: then only those rights are asked for.

    Raises:
        SnapshotError: no login, no database, or no programs.
    """
    plain: Dict[str, Any] = codec.dump(asset)
    plain = {**plain.pop("connection"), **plain}
    connection = Connection.of(plain, codec.dump(secrets))
    name = str(asset.location)
    with Children(tempfile.gettempdir()) as children:
        client = programs_of.for_client(plain.get("bin_dir"))
        if restore:
            gone = _lacking_for_one_that_is_gone(asset, children, client, connection)
            if gone is not None:
                return Seen(asset.id, asset.kind, 0, 1), gone
        with _session(asset, children, client, connection) as session:
            database = read_database(session)
            beside = databases_beside(asset, other_databases(session))
            rights = {"super": True} if _is_super(session) else session.row(_RIGHTS)
            back = None
            if way_back and not rights["super"]:
                back = session.row(_back(int(database["major"])))
    programs_of.for_dump(plain.get("bin_dir"), database["major"])
    major = str(database["major"])
    seen = Seen(asset.id, asset.kind, int(database["bytes"]), 1, major, beside)
    if rights["super"]:
        return seen, []
    found = _lacking(asset.id, name, database["major"], rights)
    return seen, found + (_lacking_to_put_back(asset.id, name, back) if back else [])


def _session(
    asset: Asset, children: Children, client: programs_of.Programs, connection: Connection
) -> Session:
    """A session with the asset's database.

    A server says in its own language that there is no such database, so its list is asked.
    """
    name = str(asset.location)
    try:
        return Session(children, client, connection, name)
    except SnapshotError:
        for other in _ALWAYS_THERE:
            try:
                with Session(children, client, connection, other) as session:
                    there = [str(one) for one in session.rows(_DATABASES)]
            except SnapshotError:
                continue
            if name not in there:
                raise no_such_database(asset, there) from None
            break
        raise


def _lacking_for_one_that_is_gone(
    asset: Asset, children: Children, client: programs_of.Programs, connection: Connection
) -> Optional[List[Lacking]]:
    """What putting it back lacks as far as it can be told; ``None``: the database is there."""
    for other in _ALWAYS_THERE:
        try:
            with Session(children, client, connection, other) as session:
                if str(asset.location) in [str(one) for one in session.rows(_DATABASES)]:
                    return None
                if _is_super(session):
                    return []
                rights = session.row(_back(int(read_database(session)["major"])))
        except SnapshotError:
            continue
        # to whom it belongs stands in the copy, and nowhere here
        rights = {**rights, "owners": [], "only_super": False}
        return _lacking_to_put_back(asset.id, str(asset.location), rights)
    return None


def _is_super(session: Session) -> bool:
    return bool(session.row("select to_json(rolsuper) from pg_roles where rolname = current_user"))


def _lacking(asset: str, name: str, major: int, rights: Dict[str, Any]) -> List[Lacking]:
    user = str(rights["user"])
    found: List[Tuple[Need, str]] = []
    if rights["schemas"] and major >= _READ_ALL_SINCE:
        found.append(("read all", name))
    elif rights["schemas"]:
        found += [("read schema", str(schema)) for schema in rights["schemas"][:_MOST]]
    if rights["secured"]:
        found.append(("read past row security", name))
    found += [("read large objects", str(owner)) for owner in rights["owners"][:_MOST]]
    if not rights["may_create"]:
        found.append(("place the nonce", name))
    if rights["nonce"] is False:
        found.append(("place the nonce again", name))
    return [Lacking(asset, need, user, on) for need, on in found]


def _back(major: int) -> str:
    marks = f"has_parameter_privilege('{MARK}', 'set')" if major >= MARKS_SINCE else "null"
    return _BACK.format(marks=marks)


def _lacking_to_put_back(asset: str, name: str, rights: Dict[str, Any]) -> List[Lacking]:
    user = str(rights["user"])
    only_super = rights["only_super"] or any(one["super"] for one in rights["owners"])
    if only_super or rights["marks"] is None:
        return [Lacking(asset, "be a superuser", user, name)]
    found: List[Tuple[Need, str]] = [] if rights["createdb"] else [("make databases", name)]
    found += [("own what is put back", str(one["name"])) for one in rights["owners"][:_MOST]]
    if not rights["signals"]:
        found.append(("end sessions", name))
    if not rights["marks"]:
        found.append(("mark a copy", name))
    return [Lacking(asset, need, user, on) for need, on in found]
