"""What MariaDB's catalog says about the names in a query, before the query is prepared.

A stored function may write a file in a read-only transaction. It can have the name of a word
of the language or of a function that this version of MariaDB does not have yet, and a view can
call it. So a query is not asked when one of its words names a routine or a library's function,
or a view, however deep, that calls anything but functions known to only read.

MariaDB writes a view's definition itself: a stored function is in it as ```schema`.`name`(``,
a table as ```schema`.`name```. A table that the user cannot see could be one more view, so
then the query is not asked. Views of the schema sys are not followed but refused: they are many,
and slow to open.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import AbstractSet, Optional

from .answer import Answer
from .sql_client import hexed
from .sql_words import words_of

#: words that MariaDB writes before a bracket in a view's definition and no query of ours needs
_IN_VIEWS = frozenset(("columns", "datetime", "group"))
#: a table in a view's definition; columns have three parts, or the alias of a table
_TABLES = r"(?i)(?:from|join)[ (]*(?!`information_schema`\.)((?:`[^`]*`)++\.(?:`[^`]*`)++)(?!\.)"

_GUARD = """\
set @sluis_text = convert(0x{query} using utf8mb4) collate utf8mb4_general_ci;
set @sluis_words = convert(0x{words} using utf8mb4) collate utf8mb4_general_ci;
set @sluis_calls = convert(0x{calls} using utf8mb4) collate utf8mb4_general_ci;
set @sluis_tables = convert(0x{tables} using utf8mb4) collate utf8mb4_bin;
set @sluis_marked = convert(0x{marked} using utf8mb4) collate utf8mb4_bin;
set session group_concat_max_len = 4096;
set @sluis_library = null;
set @sluis_found = null;
delimiter //
begin not atomic
    declare continue handler for sqlexception begin end;
    set @sluis_library = (select group_concat(f.name) from mysql.func f where {func_named});
end//
set @sluis_found = coalesce(
    concat('function\\t', @sluis_library),
    (select concat('function\\t', group_concat(distinct r.routine_name))
        from information_schema.routines r where {routine_named}),
    (select concat('view\\t', group_concat(v.table_schema, '.', v.table_name))
        from information_schema.tables v where v.table_schema = 'sys' and v.table_type = 'VIEW'
        and {view_named} and (database() = 'sys' or {schema_named})))//
begin not atomic
if @sluis_found is null and exists (
    select 1 from information_schema.tables v where v.table_type = 'VIEW'
    and {view_named} and (v.table_schema = database() or {schema_named})) then
    set @sluis_found =
    (with recursive named(s, n) as (
        select v.table_schema, v.table_name from information_schema.views v
        where v.table_schema <> 'sys' and {view_named}
            and (v.table_schema = database() or {schema_named})
        union
        select v.table_schema, v.table_name
        from named join information_schema.views o on o.table_schema = s and o.table_name = n
            join information_schema.views v on locate(
                concat('`', replace(v.table_schema, '`', '``'), '`.`',
                    replace(v.table_name, '`', '``'), '`'), o.view_definition) > 0
        where o.table_schema <> 'sys' and v.table_schema <> 'sys'
    ), written(s, n, sql_text, marked) as (
        select s, n, v.view_definition, regexp_replace(
            convert(v.view_definition using utf8mb4) collate utf8mb4_bin, @sluis_tables,
            @sluis_marked)
        from named join information_schema.views v on v.table_schema = s and v.table_name = n
        where v.table_schema <> 'sys'
    ), counted(s, n, sql_text, hidden) as (
        select s, n, sql_text,
            round((length(marked) - length(replace(marked, '{looked}<', ''))) / {length}) > (
                select coalesce(sum(round((length(marked) - length(replace(marked, x, '')))
                    / length(x))), 0)
                from (select convert(concat('{looked}<`', replace(t.table_schema, '`', '``'),
                    '`.`', replace(t.table_name, '`', '``'), '`>') using utf8mb4)
                    collate utf8mb4_bin as x from information_schema.tables t) shown
                where locate(x, marked) > 0)
        from written
    )
    select concat(if(max(coalesce(sql_text, '') = '' or hidden), 'hidden\\t', 'view\\t'),
        group_concat(distinct s, '.', n))
    from counted
    where coalesce(sql_text, '') = '' or hidden
        or convert(sql_text using utf8mb4) collate utf8mb4_general_ci regexp @sluis_calls);
end if;
end//
delimiter ;
select '{looked}', @sluis_found;"""

#: Is the name ``{0}`` in the query: a plain one as a word, one with other signs anywhere?
_NAMED = """if(convert({0} using utf8mb4) regexp '^[0-9A-Za-z_$]+$',
    find_in_set(convert({0} using utf8mb4) collate utf8mb4_general_ci, @sluis_words),
    greatest(locate(convert({0} using utf8mb4) collate utf8mb4_general_ci, @sluis_text),
        locate(convert(replace({0}, '`', '``') using utf8mb4) collate utf8mb4_general_ci,
            @sluis_text),
        locate(convert(replace({0}, '"', '""') using utf8mb4) collate utf8mb4_general_ci,
            @sluis_text))) > 0"""


@dataclass(frozen=True)
class Found:
    """Why the query was not asked; ``None`` when nothing was found."""

    answer: Optional[Answer]


def guard(query: str, allowed: AbstractSet[str], looked: str) -> str:
    """Write the statements that set ``@sluis_found``, null when the query may be asked.

    Args:
        query: SQL.
        allowed: what a bracket may follow, in small letters.
        looked: the mark before what was found.
    """
    may = "|".join(sorted(allowed | _IN_VIEWS))
    calls = r"`sys`\.|[`\"]\s*\(|(?<![0-9a-z_$`])(?!(?:" + may + r")\s*\()[0-9a-z_$]+\s*\("
    return _GUARD.format(
        query=hexed(query),
        words=hexed(",".join(sorted(words_of(query).every))),
        calls=hexed("(?i)" + calls),
        tables=hexed(_TABLES),
        marked=hexed(looked + r"<\1>"),
        looked=looked,
        length=len(looked) + 1,
        func_named=_NAMED.format("f.name"),
        routine_named=_NAMED.format("r.routine_name"),
        view_named=_NAMED.format("v.table_name"),
        schema_named=_NAMED.format("v.table_schema"),
    )


def found_in(output: str, looked: str) -> Found:
    """Read what the statements of `guard` found."""
    _, mark, rest = output.partition(looked + "\t")
    if not mark:
        return Found(Answer(None, "the database did not show its functions and views"))
    kind, _, names = rest.partition("\n")[0].partition("\t")
    if kind == "function":
        what = f"the query has the name of a function or procedure of the database: {names[:200]}"
    elif kind == "view":
        what = f"the query reads a view that calls what is not known to only read: {names[:200]}"
    elif kind == "hidden":
        return Found(
            Answer(
                None,
                f"the user may not see what a view does: {names[:200]}; GRANT SELECT, SHOW VIEW "
                "ON it and what it reads TO the user, or let the query ask the tables",
            )
        )
    else:
        return Found(None)
    return Found(Answer(None, f"{what}; ask the tables instead"))
