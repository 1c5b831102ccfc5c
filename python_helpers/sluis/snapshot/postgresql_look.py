"""Whether a PostgreSQL database lets us in, and which rights its dump would lack."""

from __future__ import annotations

import tempfile
from typing import Any, Dict, List, Tuple

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

#: the role that may read everything, since PostgreSQL 14 (its manual, 22.5)
_READ_ALL_SINCE = 14
#: databases that a server has from the beginning
_ALWAYS_THERE = ("postgres", "template1")
_DATABASES = "select to_json(datname) from pg_database where datallowconn and not datistemplate"
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


def look_at_postgresql(asset: Asset, secrets: AssetSecrets) -> Tuple[Seen, List[Lacking]]:
    """Log in, and ask for each right that a snapshot needs.

    Raises:
        SnapshotError: no login, no database, or no programs.
    """
    plain: Dict[str, Any] = codec.dump(asset)
    plain = {**plain.pop("connection"), **plain}
    connection = Connection.of(plain, codec.dump(secrets))
    name = str(asset.location)
    with Children(tempfile.gettempdir()) as children:
        client = programs_of.for_client(plain.get("bin_dir"))
        with _session(asset, children, client, connection) as session:
            database = read_database(session)
            beside = databases_beside(asset, other_databases(session))
            rights = {"super": True} if _is_super(session) else session.row(_RIGHTS)
    programs_of.for_dump(plain.get("bin_dir"), database["major"])
    major = str(database["major"])
    seen = Seen(asset.id, asset.kind, int(database["bytes"]), 1, major, beside)
    return seen, [] if rights["super"] else _lacking(asset.id, name, database["major"], rights)


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
