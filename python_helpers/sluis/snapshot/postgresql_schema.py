"""Every schema object of a PostgreSQL database as kind, name and a digest of its details.

A definition that went through a dump may be printed with other parentheses and casts
although it means the same: ``status in ('a', 'b')`` on a varchar column gains casts with
each round trip (pg_get_constraintdef, PostgreSQL 15). So definitions are compared without
parentheses, blanks and casts. Identities, columns, flags, owners and rights are compared
exactly.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Any, Dict

if TYPE_CHECKING:
    from .postgresql_session import Session

#: Owner and rights, the built-in default written out, so that both spellings are equal.
_RIGHTS = """(select json_agg(x order by x) from (
    select concat_ws('/', case when a.grantee = 0 then 'public' else pg_get_userbyid(a.grantee) end,
        a.privilege_type, a.is_grantable::text) as x
    from aclexplode(coalesce({acl}, acldefault('{kind}', {owner}))) a) r)"""
_NOT_OURS = "(n.nspname ~ '^pg_' or n.nspname = 'information_schema')"
_OF_EXTENSION = """exists (select from pg_depend d where d.classid = '{catalog}'::regclass
    and d.objid = {oid} and d.deptype = 'e')"""


def _rights(acl: str, kind: str, owner: str) -> str:
    return _RIGHTS.format(acl=acl, kind=kind, owner=owner)


def _own(catalog: str, oid: str) -> str:
    return f"not {_NOT_OURS} and not {_OF_EXTENSION.format(catalog=catalog, oid=oid)}"


#: Each gives json_build_object: kind, name, exact (compared as it is), text (definition).
_QUERIES = (
    f"""select json_build_object('kind', 'schema', 'name', quote_ident(n.nspname),
        'exact', json_build_array(pg_get_userbyid(n.nspowner),
            {_rights("n.nspacl", "n", "n.nspowner")}))
    from pg_namespace n where {_own("pg_namespace", "n.oid")}""",
    # Relations with their columns by name; a column's default is its definition.
    f"""select json_build_object(
        'kind', case c.relkind when 'r' then 'table' when 'p' then 'partitioned table'
            when 'v' then 'view' when 'm' then 'materialized view' when 'f' then 'foreign table'
            when 'c' then 'composite type' else 'sequence' end,
        'name', quote_ident(n.nspname) || '.' || quote_ident(c.relname),
        'exact', json_build_array(
            pg_get_userbyid(c.relowner), c.relpersistence, c.relrowsecurity, c.relforcerowsecurity,
            c.relispartition, c.relreplident, c.reloptions,
            (select amname from pg_am where oid = c.relam),
            {_rights("c.relacl", "r", "c.relowner")},
            (select json_agg(json_build_array(a.attname, format_type(a.atttypid, a.atttypmod),
                a.attnotnull, a.attidentity, a.attstorage, to_jsonb(a) ->> 'attgenerated',
                (select collname from pg_collation where oid = a.attcollation),
                a.attacl is not null)
                order by a.attname collate "C")
             from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped),
            (select json_agg(i.inhparent::regclass::text order by i.inhseqno)
             from pg_inherits i where i.inhrelid = c.oid)),
        'text', concat_ws(' ', pg_get_expr(c.relpartbound, c.oid),
            case when c.relkind = 'p' then pg_get_partkeydef(c.oid) end,
            case when c.relkind in ('v', 'm') then pg_get_viewdef(c.oid) end,
            (select string_agg(a.attname || ' ' || pg_get_expr(f.adbin, f.adrelid), ' '
                order by a.attname collate "C")
             from pg_attrdef f join pg_attribute a on a.attrelid = f.adrelid and a.attnum = f.adnum
             where f.adrelid = c.oid)))
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'v', 'm', 'f', 'c', 'S') and c.relpersistence <> 't'
      and {_own("pg_class", "c.oid")}""",
    # pg_dump leaves invalid indexes out (an interrupted CREATE INDEX CONCURRENTLY).
    f"""select json_build_object('kind', 'index',
        'name', quote_ident(n.nspname) || '.' || quote_ident(c.relname),
        'exact', json_build_array(x.indisunique, x.indisprimary, x.indisclustered, x.indisreplident,
            c.reloptions),
        'text', pg_get_indexdef(x.indexrelid))
    from pg_index x join pg_class c on c.oid = x.indexrelid
    join pg_namespace n on n.oid = c.relnamespace
    where x.indisvalid and c.relpersistence <> 't' and {_own("pg_class", "x.indrelid")}""",
    # A foreign key's share in each partition follows from the key itself.
    f"""select json_build_object('kind', 'constraint',
        'name', case when k.conrelid <> 0 then k.conrelid::regclass::text
            else k.contypid::regtype::text end || '.' || quote_ident(k.conname),
        'exact', json_build_array(k.contype, k.convalidated, k.condeferrable, k.condeferred),
        'text', pg_get_constraintdef(k.oid))
    from pg_constraint k join pg_namespace n on n.oid = k.connamespace
    where k.contype <> 't' and {_own("pg_constraint", "k.oid")}
      and not (k.contype = 'f' and coalesce(to_jsonb(k) ->> 'conparentid', '0') <> '0')
      and not {_OF_EXTENSION.format(catalog="pg_class", oid="k.conrelid")}""",
    f"""select json_build_object('kind', 'trigger',
        'name', t.tgrelid::regclass::text || '.' || quote_ident(t.tgname),
        'exact', json_build_array(t.tgenabled, t.tgfoid::regproc::text),
        'text', pg_get_triggerdef(t.oid))
    from pg_trigger t join pg_class c on c.oid = t.tgrelid
    join pg_namespace n on n.oid = c.relnamespace
    where not t.tgisinternal and {_own("pg_class", "c.oid")}""",
    f"""select json_build_object('kind', 'rule',
        'name', r.ev_class::regclass::text || '.' || quote_ident(r.rulename),
        'exact', json_build_array(r.ev_enabled), 'text', pg_get_ruledef(r.oid))
    from pg_rewrite r join pg_class c on c.oid = r.ev_class
    join pg_namespace n on n.oid = c.relnamespace
    where r.rulename <> '_RETURN' and {_own("pg_class", "c.oid")}""",
    f"""select json_build_object('kind', 'policy',
        'name', p.polrelid::regclass::text || '.' || quote_ident(p.polname),
        'exact', json_build_array(p.polcmd, p.polpermissive, (select json_agg(x order by x)
            from (select case when o = 0 then 'public' else pg_get_userbyid(o) end as x
                  from unnest(p.polroles) o) s)),
        'text', concat_ws(' / ', pg_get_expr(p.polqual, p.polrelid),
            pg_get_expr(p.polwithcheck, p.polrelid)))
    from pg_policy p join pg_class c on c.oid = p.polrelid
    join pg_namespace n on n.oid = c.relnamespace
    where {_own("pg_class", "c.oid")}""",
    f"""select json_build_object(
        'kind', case when g.oid is null then 'function' else 'aggregate' end,
        'name', quote_ident(n.nspname) || '.' || quote_ident(p.proname)
            || '(' || pg_get_function_identity_arguments(p.oid) || ')',
        'exact', json_build_array(pg_get_userbyid(p.proowner),
            {_rights("p.proacl", "f", "p.proowner")},
            pg_get_function_result(p.oid), md5(p.prosrc), p.provolatile, p.prosecdef,
            p.proisstrict,
            p.proleakproof, p.proparallel, p.proconfig, g.transition),
        'text', case when g.oid is null then pg_get_functiondef(p.oid) end)
    from pg_proc p join pg_namespace n on n.oid = p.pronamespace
    left join (select aggfnoid::oid as oid, aggtransfn::text as transition from pg_aggregate) g
        on g.oid = p.oid
    where {_own("pg_proc", "p.oid")}""",
    f"""select json_build_object(
        'kind', case t.typtype when 'e' then 'enum' when 'd' then 'domain'
            when 'r' then 'range' else 'type' end,
        'name', format_type(t.oid, null),
        'exact', json_build_array(pg_get_userbyid(t.typowner),
            (select json_agg(e.enumlabel order by e.enumsortorder) from pg_enum e
             where e.enumtypid = t.oid),
            case when t.typtype = 'd' then format_type(t.typbasetype, t.typtypmod) end,
            t.typnotnull),
        'text', t.typdefault)
    from pg_type t join pg_namespace n on n.oid = t.typnamespace
    where t.typtype in ('e', 'd', 'r') and {_own("pg_type", "t.oid")}""",
    """select json_build_object('kind', 'extension', 'name', quote_ident(extname),
        'exact', extnamespace::regnamespace::text)
    from pg_extension where extname <> 'plpgsql'""",
    f"""select json_build_object('kind', 'statistics',
        'name', quote_ident(n.nspname) || '.' || quote_ident(s.stxname),
        'exact', null, 'text', pg_get_statisticsobjdef(s.oid))
    from pg_statistic_ext s join pg_namespace n on n.oid = s.stxnamespace
    where {_own("pg_statistic_ext", "s.oid")}""",
    """select json_build_object('kind', 'default rights',
        'name', pg_get_userbyid(d.defaclrole) || '/' || coalesce(n.nspname, '') || '/'
            || d.defaclobjtype::text,
        'exact', (select json_agg(x order by x) from (
            select concat_ws('/', pg_get_userbyid(a.grantee), a.privilege_type,
                a.is_grantable::text) as x from aclexplode(d.defaclacl) a) r))
    from pg_default_acl d left join pg_namespace n on n.oid = d.defaclnamespace""",
    """select json_build_object('kind', 'event trigger', 'name', quote_ident(e.evtname),
        'exact', json_build_array(e.evtevent, e.evtenabled, e.evttags, e.evtfoid::regproc::text))
    from pg_event_trigger e
    where not exists (select from pg_depend d where d.classid = 'pg_event_trigger'::regclass
        and d.objid = e.oid and d.deptype = 'e')""",
)

#: Rarer things, by what they are and what they are called.
_NAMED = """select json_build_object('kind', o.type, 'name', o.identity, 'exact', null)
    from {catalog} x, lateral pg_identify_object('{catalog}'::regclass, x.oid, 0) o
    where x.oid >= 16384 and not exists (select from pg_depend d
        where d.classid = '{catalog}'::regclass and d.objid = x.oid and d.deptype = 'e')"""
_RARER = (
    "pg_cast", "pg_operator", "pg_opclass", "pg_opfamily", "pg_conversion", "pg_collation",
    "pg_ts_config", "pg_ts_dict", "pg_ts_parser", "pg_ts_template", "pg_foreign_data_wrapper",
    "pg_foreign_server", "pg_user_mapping", "pg_language", "pg_transform", "pg_am",
    "pg_publication",
)  # fmt: skip

#: Comments on anything the dump carries.
_COMMENTS = """select json_build_object('kind', 'comment',
        'name', o.type || ' ' || o.identity, 'exact', md5(c.description))
    from pg_description c, lateral pg_identify_object(c.classoid, c.objoid, c.objsubid) o
    where c.objoid >= 16384 and o.identity is not null
      and c.classoid <> 'pg_extension'::regclass
      and not exists (select from pg_depend d where d.classid = c.classoid
        and d.objid = c.objoid and d.deptype = 'e')"""

_CAST = re.compile(r'::(?:"[^"]*"|[a-z_][a-z0-9_ .]*?)(?:\[\])*(?=[^a-z0-9_ ."\[]|$)')
_NOISE = re.compile(r"[\s()]+")


def read_objects(session: Session) -> Dict[str, str]:
    """Every object: ``"kind name"`` with a digest of its details (16 hex characters)."""
    queries = [*_QUERIES, *(_NAMED.format(catalog=catalog) for catalog in _RARER), _COMMENTS]
    objects: Dict[str, str] = {}
    for query in queries:
        for one in session.rows(query):
            objects[f"{one['kind']} {one['name']}"] = _digest(one)
    return objects


def bare(definition: str) -> str:
    """A definition without casts, parentheses and blanks, which a round trip may change."""
    return _NOISE.sub("", _CAST.sub("", definition))


def _digest(one: Dict[str, Any]) -> str:
    text = json.dumps([one.get("exact"), bare(one.get("text") or "")], sort_keys=True)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
