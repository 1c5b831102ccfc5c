"""Ask PostgreSQL one query that can only read.

Four locks, each of which the server holds:

* The query is not part of our script. It travels as hexadecimal digits into a cursor, and a
  cursor takes one statement that gives rows: no second statement, no COPY, DO, CALL or SET.
* The transaction is read only, and cannot be made anything else once it has read. It is
  rolled back at the end, with whatever a function may have announced.
* A superuser, or one who may start programs or write files on the server, becomes
  ``pg_read_all_data`` first.
* What acts outside a transaction (dblink, advisory locks, signals, ``set_config``) is a
  function. A query may only name functions that PostgreSQL ships and that only read.

What a query does not name is not found: what stands behind an operator, a sort, a domain, an
index or row security, and what the planner works out beforehand. So whoever may create functions,
operators or domains in that database can make a check do what its role may do (decision 0100).
"""

from __future__ import annotations

import os
import re
from typing import Any, Dict, Mapping, Optional, Union

from ..programs import Command, fixed, option
from .answer import Answer, number, text
from .sql_client import MOST_ROWS, ask, hexed, mark, not_answered, not_let_in, server_words
from .sql_words import words_of

#: Functions that PostgreSQL marks volatile although they only read (or only wait).
_READING = (
    "random gen_random_uuid clock_timestamp timeofday pg_sleep pg_sleep_for pg_sleep_until "
    "currval lastval pg_sequence_last_value pg_is_in_recovery pg_is_wal_replay_paused "
    "pg_get_wal_replay_pause_state pg_current_wal_lsn pg_current_wal_insert_lsn "
    "pg_current_wal_flush_lsn pg_last_wal_receive_lsn pg_last_wal_replay_lsn "
    "pg_last_xact_replay_timestamp pg_database_size pg_relation_size pg_total_relation_size "
    "pg_table_size pg_indexes_size pg_tablespace_size pg_lock_status pg_blocking_pids "
    "pg_conf_load_time pg_postmaster_start_time pg_current_xact_id_if_assigned"
)
#: Extensions whose functions run a text as SQL, here or on another server.
_RUN_TEXT = "dblink tablefunc xml2 postgres_fdw"
#: codes of a table, column, function, schema or type that there is not
_NOT_THERE = frozenset({"42P01", "42703", "42883", "3F000", "42704"})
#: seconds for our own look into the catalog, however short the query's time is
_GUARD_SECONDS = 10.0
#: Rights beyond reading that a role may have by membership.
_TOO_MUCH = """exists (
    select 1 from pg_roles r where (r.rolsuper and r.rolname = current_user)
        or (r.rolname in ('pg_execute_server_program', 'pg_write_server_files',
            'pg_read_server_files') and pg_has_role(current_user, r.oid, 'member')))"""

#: Which functions only read. ``p`` is a row of pg_proc.
_ONLY_READS = """(
    (p.oid < 16384 and p.proname !~ '_to_xml'
        and (p.provolatile <> 'v' or p.proname = any (reading)))
    or (p.provolatile <> 'v' and exists (
        select 1 from pg_depend d join pg_extension e on e.oid = d.refobjid
        where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e'
            and d.refclassid = 'pg_extension'::regclass and e.extname <> all (run_text))))"""

#: What is found in the catalog before the query is looked at by anything but us.
_GUARD = """
do $sluis$
declare
    search_path_kept text := pg_catalog.current_setting('search_path');
    query text := pg_catalog.convert_from(pg_catalog.decode('{query}', 'hex'), 'UTF8');
    words text[];
    called text[];
    reading text[];
    run_text text[];
    found text;
begin
    perform pg_catalog.set_config('search_path', 'pg_catalog', true);
    words := string_to_array(convert_from(decode('{words}', 'hex'), 'UTF8'), ' ');
    called := string_to_array(convert_from(decode('{called}', 'hex'), 'UTF8'), ' ');
    reading := string_to_array('{reading}', ' ');
    run_text := string_to_array('{run_text}', ' ');
    select string_agg(distinct p.proname::text, ', ') into found from pg_proc p
    where not {only_reads} and (
        p.proname = any (called)
        or (p.pronargs - p.pronargdefaults <= 1 and p.proname = any (words)
            and (p.oid >= 16384 or exists (select 1 from pg_type t
                where t.oid = p.proargtypes[0] and t.typtype in ('c', 'p'))))
        or (p.proname !~ '^[A-Za-z0-9_$]+$'
            and position(replace(p.proname, '"', '""') in query) > 0));
    if found is not null then
        raise exception using errcode = 'SL001', message = found;
    end if;
    select string_agg(distinct o.oprname::text, ', ') into found
    from pg_operator o join pg_proc p on p.oid = o.oprcode
    where o.oid >= 16384 and position(o.oprname in query) > 0 and not {only_reads};
    if found is not null then
        raise exception using errcode = 'SL001', message = found;
    end if;
    with recursive named(oid, kind) as (
        select c.oid, c.relkind from pg_class c
        where c.oid >= 16384 and c.relkind in ('v', 'r', 'p', 'f') and (c.relname = any (words)
            or (c.relname !~ '^[A-Za-z0-9_$]+$'
                and position(replace(c.relname, '"', '""') in query) > 0))
        union
        select c.oid, c.relkind from named v join lateral (
            select d.refobjid as oid from pg_rewrite r
                join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid
                    and d.refclassid = 'pg_class'::regclass
            where v.kind = 'v' and r.ev_class = v.oid
            union all
            select i.inhrelid from pg_inherits i where i.inhparent = v.oid
        ) n on true join pg_class c on c.oid = n.oid
            and c.relkind in ('v', 'r', 'p', 'f') and c.oid >= 16384
    ), calls(view, function) as (
        -- by the words of its text, for what PostgreSQL ships and keeps no record of
        select v.oid, p.oid from named v
            cross join regexp_matches(
                pg_get_viewdef(v.oid), '([[:alnum:]_$]+)"?\\s*[(]', 'g') as m(word)
            join pg_proc p on p.proname = m.word[1]
        where v.kind = 'v'
        union
        -- by the record of what it was made with: odd names, operators, casts
        select v.oid, coalesce(o.oprcode::oid, d.refobjid) from named v
            join pg_rewrite r on r.ev_class = v.oid
            join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid
                and d.refclassid in ('pg_proc'::regclass, 'pg_operator'::regclass)
            left join pg_operator o
                on d.refclassid = 'pg_operator'::regclass and o.oid = d.refobjid
        where v.kind = 'v'
    )
    select string_agg(distinct told, ', ') into found from (
        select v.view::regclass || ' with ' || p.proname as told
        from calls v join pg_proc p on p.oid = v.function
            join pg_language l on l.oid = p.prolang
        where not {only_reads}
            and not (p.oid >= 16384 and p.provolatile <> 'v' and l.lanname in ('sql', 'plpgsql'))
            and not exists (select 1 from pg_depend d where d.classid = 'pg_class'::regclass
                and d.objid = v.view and d.deptype = 'e')
        union all
        -- a foreign table can be the output of a program
        select 'the foreign table ' || v.oid::regclass from named v where v.kind = 'f'
    ) as uses;
    if found is not null then
        raise exception using errcode = 'SL001', message = found;
    end if;
    if {too_much} then
        if not exists (select 1 from pg_roles where rolname = 'pg_read_all_data')
            or not pg_has_role(current_user, 'pg_read_all_data', 'member') then
            raise exception using errcode = 'SL002', message = current_user;
        end if;
        if (select rolsuper from pg_roles where rolname = current_user) then
            perform set_config('temp_file_limit', '1GB', true);
        end if;
        perform set_config('row_security', 'off', true);
        perform set_config('role', 'pg_read_all_data', true);
        if {too_much} then
            raise exception using errcode = 'SL002', message = current_user;
        end if;
    end if;
    perform set_config('search_path', search_path_kept, true);
end $sluis$;
"""
_SCRIPT = """\\set ON_ERROR_STOP 1
\\echo {who}
\\echo :USER
begin read only;
set local statement_timeout = {guard_milliseconds};
set local lock_timeout = {milliseconds};
{guard}
set local statement_timeout = {milliseconds};
\\echo {begin}
do $sluis$
declare
    answer refcursor := 'sluis_check';
begin
    open answer no scroll for execute
        pg_catalog.convert_from(pg_catalog.decode('{query}', 'hex'), 'UTF8');
end $sluis$;
fetch forward {rows} from sluis_check;
\\echo {end}
fetch forward 1 from sluis_check;
rollback;
"""
_ERROR = re.compile(r"^(?:psql:\S+ )?\w+: +([0-9A-Z]{5}): (.*)", re.MULTILINE)


def ask_postgresql(
    check: Mapping[str, Any], query: str, timeout: float, password: Optional[str]
) -> Union[str, Answer]:
    """Ask one query.

    Args:
        check: the description.
        query: the query.
        timeout: seconds.
        password: for ``user``.

    Returns:
        The answer as text, or what prevented one.
    """
    who, begin, end = mark("who"), mark("begin"), mark("end")
    script = _script(query, timeout, who, begin, end)
    said = ask(_command(check), script, _environment(timeout, password), timeout)
    if isinstance(said, Answer):
        return said
    rows = said.between(begin, end)
    if said.status == 0 and rows is not None:
        if said.output.partition(end + "\n")[2]:
            return not_answered(f"the answer has more than {MOST_ROWS:,} rows")
        return rows
    if said.status == 2:
        return not_let_in(said.errors, password)
    found = _ERROR.search(said.errors)
    code, words = (found[1], found[2]) if found else ("", "")
    return _refused(code, words, rows is not None, said.between(who, "\n"))


def _refused(code: str, words: str, begun: bool, to: Optional[str]) -> Answer:
    if code == "SL001":
        return not_answered(
            f"the query uses what is not known to only read: {words}; ask the tables instead",
        )
    if code == "SL002":
        return not_answered(
            f"the user {words} may do more than read; make one for checks: CREATE ROLE "
            "sluis_check LOGIN; GRANT pg_read_all_data TO sluis_check (before PostgreSQL 14: GRANT "
            "SELECT on what it asks)",
        )
    if code == "57014":
        ended = "the database ended the query after its time"
        return Answer(False if begun else None, ended, "not answered")
    if not begun:
        return not_answered(f"the database does not let a check be limited to reading ({code})")
    if code == "42P11":
        return not_answered("the query is not one statement that only reads")
    if code == "42501":
        return Answer(
            None,
            "the user may not read that; GRANT SELECT ON the tables that the query reads"
            + server_words(words),
            "may not read",
            to,
        )
    if code == "25006":
        refused = "the query does more than read, and the database refused it"
        return Answer(False, refused, "not answered")
    # of these alone the server's words are of the query and of names, and hold no data
    said = server_words(words) if code[:2] in ("42", "3F") else f" ({code})"
    return Answer(
        False,
        f"the database answered the query with an error{said}",
        "not there" if code in _NOT_THERE else "not answered",
    )


def _script(query: str, timeout: float, who: str, begin: str, end: str) -> str:
    words = words_of(query)
    guard = _GUARD.format(
        query=hexed(query),
        words=hexed(" ".join(sorted(words.every))),
        called=hexed(" ".join(sorted(words.called))),
        reading=_READING,
        run_text=_RUN_TEXT,
        only_reads=_ONLY_READS,
        too_much=_TOO_MUCH,
    )
    return _SCRIPT.format(
        milliseconds=int(timeout * 1000),
        guard_milliseconds=int(max(timeout, _GUARD_SECONDS) * 1000),
        guard=guard,
        who=who,
        begin=begin,
        end=end,
        query=hexed(query),
        rows=MOST_ROWS,
    )


def _environment(timeout: float, password: Optional[str]) -> Dict[str, str]:
    environment = {
        "PGCONNECT_TIMEOUT": str(max(2, int(timeout))),
        "PGAPPNAME": "sluis-check",
        "PGCLIENTENCODING": "UTF8",
    }
    return {**environment, "PGPASSWORD": password} if password else environment


def _command(check: Mapping[str, Any]) -> Command:
    folder = check.get("bin_dir")
    words = [
        fixed("--no-psqlrc", "--no-password", "--tuples-only", "--no-align", "--quiet"),
        fixed("--set=VERBOSITY=verbose", "--file=-"),
        option("--field-separator", "\t"),
        option("--dbname", _conninfo(text(check, "database"))),
    ]
    if check.get("host_address"):
        words.append(option("--host", text(check, "host_address")))
    if check.get("port"):
        words.append(option("--port", int(number(check, "port", None, 1, 65535))))
    if check.get("user"):
        words.append(option("--username", text(check, "user")))
    return Command(os.path.join(str(folder), "psql") if folder else "psql", *words)


def _conninfo(database: str) -> str:
    """A database name that psql cannot take for a connection string with other settings."""
    quoted = database.replace("\\", "\\\\").replace("'", "\\'")
    return f"dbname='{quoted}'"
