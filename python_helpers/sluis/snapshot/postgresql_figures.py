"""Figures of a PostgreSQL database: what two copies must have in common to be equal.

Read inside the snapshot that the dump is made in, and again from the restored copy:
rows and content of every table, large objects, sequences, and every schema object. The
content of a table is the sum over its rows of a 64-bit hash of the row's text, so the
order of rows does not matter, while each value, column and duplicate does.

Columns are hashed by name: a restore may order the columns of an inheriting table
differently, which changes nothing for anybody.
"""

from __future__ import annotations

from typing import Any, Dict, List

from .postgresql_schema import read_objects
from .postgresql_session import Session

#: ``pg_catalog``, ``information_schema``, TOAST and temporary schemas hold no client data.
OURS = "n.nspname !~ '^pg_' and n.nspname <> 'information_schema'"
#: Objects that belong to an extension come back with the extension, not with the dump.
OF_EXTENSION = (
    "exists (select from pg_depend d where d.classid = '{catalog}'::regclass "
    "and d.objid = {oid} and d.deptype = 'e')"
)

_HASH = {
    # The function exists since PostgreSQL 11, and takes a collation as we need it since 12.
    True: 'hashtextextended(({row})::text collate "C", 0)',
    False: "('x' || substr(md5(({row})::text), 1, 16))::bit(64)::bigint",
}

#: Tables whose rows are the client's: also those of an extension that asked for it
#: (``pg_extension_config_dump``), then only the rows that its condition selects.
TABLES = f"""
select c.oid, n.nspname, c.relname, c.relkind::text as kind,
       coalesce(config.condition, '') as condition, pg_table_size(c.oid) as bytes
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
left join lateral (
    select e.extcondition[i] as condition
    from pg_extension e, generate_subscripts(e.extconfig, 1) i
    where e.extconfig[i] = c.oid
) config on true
where c.relkind in ('r', 'm') and c.relpersistence <> 't' and {OURS}
  and (config.condition is not null or not {OF_EXTENSION.format(catalog="pg_class", oid="c.oid")})
"""

_TABLE_FIGURES = """
select format(
    'select json_build_object(''table'', %L, ''rows'', count(*), ''checksum'', '
    'coalesce(sum({hash}), 0)::text) from only %I.%I as t %s',
    quote_ident(t.nspname) || '.' || quote_ident(t.relname),
    (select coalesce(string_agg('t.' || quote_ident(a.attname), ', '
                                order by a.attname collate "C"), '')
     from pg_attribute a where a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped),
    t.nspname, t.relname, t.condition)
from ({tables}) t
where t.kind = '{kind}' {only}
order by t.bytes desc
"""

_SEQUENCES = """
select format(
    'select json_build_object(''sequence'', %L, ''last'', last_value::text, ''called'', is_called,'
    ' ''step'', %L) from %I.%I',
    quote_ident(n.nspname) || '.' || quote_ident(c.relname), s.seqincrement, n.nspname, c.relname)
from pg_sequence s
join pg_class c on c.oid = s.seqrelid
join pg_namespace n on n.oid = c.relnamespace
where c.relpersistence <> 't' and {ours} and not {of_extension}
""".format(ours=OURS, of_extension=OF_EXTENSION.format(catalog="pg_class", oid="c.oid"))

#: In pieces of 8 MiB, because one value cannot be larger than 1 GiB. The dump writes large
#: objects anew, so their bytes are compared and not their pages.
_LARGE_OBJECTS = """
select json_build_object(
    'count', count(distinct piece.oid),
    'bytes', coalesce(sum(length(piece.data)), 0)::text,
    'checksum', coalesce(sum(('x' || substr(
        md5(piece.oid || ':' || piece.at || ':' || md5(piece.data)), 1, 16))::bit(64)::bigint), 0
        )::text)
from (
    select size.oid, i as at, lo_get(size.oid, i, 8388608) as data
    from (
        select opened.oid, opened.size
        from (
            select m.oid, lo_lseek64(fd, 0, 2) as size, fd
            from (select oid, lo_open(oid, 262144) as fd from pg_largeobject_metadata offset 0) m
            offset 0
        ) opened
        where lo_close(opened.fd) = 0
    ) size,
    generate_series(0, size.size, 8388608) i
    offset 0
) piece
"""

_DATABASE = """
select json_build_object(
    'name', d.datname,
    'encoding', pg_encoding_to_char(d.encoding),
    'collate', to_jsonb(d) ->> 'datcollate',
    'ctype', to_jsonb(d) ->> 'datctype',
    'provider', coalesce(to_jsonb(d) ->> 'datlocprovider', 'c'),
    'locale', coalesce(to_jsonb(d) ->> 'datlocale', to_jsonb(d) ->> 'daticulocale'),
    'owner', pg_get_userbyid(d.datdba),
    'bytes', pg_database_size(d.oid),
    'version', current_setting('server_version'),
    'major', current_setting('server_version_num')::int / 10000,
    'first_superuser', pg_get_userbyid(10),
    'on_standby', pg_is_in_recovery())
from pg_database d where d.datname = current_database()
"""

#: Every role that owns or may do something here, so that a scratch server can have it too.
_ROLES = """
select to_json(r.rolname)
from pg_roles r
where r.oid <> 10 and r.rolname !~ '^pg_' and (
    r.oid = (select datdba from pg_database where datname = current_database())
    or exists (select from pg_shdepend s
        where s.refclassid = 'pg_authid'::regclass and s.refobjid = r.oid
          and s.dbid = (select oid from pg_database where datname = current_database())))
order by r.rolname collate "C"
"""

_EXTENSIONS = """
select json_build_object('name', extname, 'version', extversion,
    'owner', pg_get_userbyid(extowner)) from pg_extension
where extname <> 'plpgsql' order by extname collate "C"
"""

_FOREIGN_TABLES = f"""
select to_json(quote_ident(n.nspname) || '.' || quote_ident(c.relname))
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind = 'f' and {OURS} order by 1::text
"""

#: Collations of the operating system or ICU that indexes and columns here rely on.
_COLLATIONS = """
select distinct to_jsonb(c.collname)
from pg_depend d join pg_collation c on c.oid = d.refobjid
where d.refclassid = 'pg_collation'::regclass
  and c.collnamespace = 'pg_catalog'::regnamespace
"""

#: bytes that a database without data may have more than ``template0``: statistics and caches
#: (160 kB when new, 460 kB after some ``ANALYZE`` and with pg_stat_statements, PostgreSQL 15)
_SLACK = 512 * 1024

#: Any database can be called a template. ``postgres`` and ``template1`` come with the server,
#: and are left out as long as their size is that of the untouched ``template0``.
_OTHER_DATABASES = f"""
select json_build_object('kind', 'postgresql', 'location', datname, 'bytes', bytes)
from (
    select datname,
        case when has_database_privilege(oid, 'CONNECT') then pg_database_size(oid) end as bytes,
        (select pg_database_size(e.oid) from pg_database e where e.datname = 'template0'
         and has_database_privilege(e.oid, 'CONNECT')) as empty
    from pg_database where datname not in ('template0', current_database())
) d
where datname not in ('postgres', 'template1') or coalesce(bytes > empty + {_SLACK}, true)
order by datname collate "C"
"""

#: The same question to both servers: a hash that is computed differently compares nothing.
_PROBE = "select to_json({hash}::text) from (values (1, 'sluis'::text)) as t(a, b)"


def read_database(session: Session) -> Dict[str, Any]:
    """Name, encoding, locale, size, owner and server version of the current database."""
    answer: Dict[str, Any] = session.row(_DATABASE)
    return answer


def other_databases(session: Session) -> List[Dict[str, Any]]:
    """The other databases of this server: kind, location and bytes (None: not allowed).

    Without the two that come with the server, as long as nobody put data in them.
    """
    return session.rows(_OTHER_DATABASES)


def system_identifier(session: Session) -> str:
    """The number that this server's data got when it was made.

    Source: pg_control_system(), PostgreSQL documentation 9.28.
    """
    return str(session.row("select to_json(system_identifier::text) from pg_control_system()"))


def read_figures(session: Session) -> Dict[str, Any]:
    """All figures of the current database, as the session's transaction sees it.

    Returns:
        JSON-able: ``tables`` and ``recomputed`` (materialized views) by name with ``rows``
        and ``checksum``; ``sequences``; ``large_objects``; ``objects``, a digest by kind
        and name; ``extensions`` and ``extension_owners`` by name; ``roles``,
        ``foreign_tables``, ``collations``; and ``probe``, the hash of a known row.
    """
    hashing = _HASH[major_of(session) >= 12]
    extensions = session.rows(_EXTENSIONS)
    return {
        "tables": _tables(session, hashing, "r", ""),
        "recomputed": _tables(session, hashing, "m", _POPULATED),
        "sequences": read_sequences(session),
        "large_objects": session.row(_LARGE_OBJECTS),
        "objects": read_objects(session),
        "extensions": {one["name"]: one["version"] for one in extensions},
        "extension_owners": {one["name"]: one["owner"] for one in extensions},
        "roles": session.rows(_ROLES),
        "foreign_tables": session.rows(_FOREIGN_TABLES),
        "collations": sorted(session.rows(_COLLATIONS)),
        "probe": session.row(_PROBE.format(hash=hashing.format(row="row(t.a, t.b)"))),
    }


def read_sequences(session: Session) -> Dict[str, Dict[str, Any]]:
    """Where each sequence stands *now*: sequences are outside every snapshot."""
    found = session.rows_of_each(_SEQUENCES)
    return {
        one["sequence"]: {"last": one["last"], "called": one["called"], "step": one["step"]}
        for one in found
    }


_POPULATED = "and (select relispopulated from pg_class where oid = t.oid)"


def _tables(session: Session, hashing: str, kind: str, only: str) -> Dict[str, Dict[str, Any]]:
    # Quotes double because the inner query is a string in the outer one.
    inner = hashing.format(row="row(%s)").replace("'", "''")
    query = _TABLE_FIGURES.format(hash=inner, tables=TABLES, kind=kind, only=only)
    return {
        one["table"]: {"rows": one["rows"], "checksum": one["checksum"]}
        for one in session.rows_of_each(query)
    }


def major_of(session: Session) -> int:
    """The server's major version."""
    return int(session.row("select current_setting('server_version_num')::int / 10000"))
