"""Ask MariaDB one query that can only read.

The session is in MariaDB's plain dialect, whatever the server's. Three locks, each of which the
server holds:

* The query is not part of our script. It travels as hexadecimal digits into ``PREPARE``, which
  takes one statement. The same text must also be a subquery: ``EXISTS (...)`` around it is
  prepared and never executed. A text that is both is a plain query: nothing with INTO OUTFILE,
  no SET, CALL, KILL, HANDLER or compound statement.
* The transaction is read only, which holds for stored functions, sequences and tables without
  transactions as well. It is rolled back at the end.
* What acts outside a transaction (``GET_LOCK``, ``LOAD_FILE``, functions of a library, stored
  functions that write a file) is a function. A query may only call functions that MariaDB
  ships and that only read, and no name in quotes. `sql_mariadb_guard` asks the server first
  whether a stored function has a name of the query, and follows views.
"""

from __future__ import annotations

import os
import re
from dataclasses import replace
from typing import Any, Mapping, Optional, Pattern, Union

from ..programs import Command, find, fixed, option
from .answer import Answer, bad_check, number, text
from .sql_client import (
    MOST_ROWS,
    Said,
    ask,
    hexed,
    mark,
    not_answered,
    not_let_in,
    server_words,
)
from .sql_mariadb_guard import Found, found_in, guard
from .sql_words import calls_a_quoted_name, words_of

#: Functions that MariaDB ships and that only read, from ``information_schema.sql_functions`` of
#: 10.11 without those that lock, wait for others, read files or burn time.
_READING = """
abs acos add_months adddate addtime aes_decrypt aes_encrypt asin atan atan2 avg bin bit_and
bit_count bit_length bit_or bit_xor cast ceil ceiling char_length character_length chr coalesce
coercibility collation column_check column_exists column_get column_json column_list compress
concat concat_ws connection_id conv convert convert_tz cos cot count crc32 crc32c cume_dist
curdate current_date current_role current_time current_timestamp current_user curtime database
date date_add date_format date_sub datediff day dayname dayofmonth dayofweek dayofyear decode
degrees dense_rank elt encode encrypt exists exp export_set extract extractvalue field
find_in_set first_value floor format found_rows from_base64 from_days from_unixtime get_format
greatest group_concat hex hour if ifnull inet6_aton inet6_ntoa inet_aton inet_ntoa insert instr
interval is_free_lock is_ipv4 is_ipv4_compat is_ipv4_mapped is_ipv6 is_used_lock isnull
json_array json_array_append json_array_insert json_arrayagg json_compact json_contains
json_contains_path json_depth json_detailed json_equals json_exists json_extract json_insert
json_keys json_length json_loose json_merge json_merge_patch json_merge_preserve json_normalize
json_object json_objectagg json_overlaps json_pretty json_query json_quote json_remove
json_replace json_search json_set json_table json_type json_unquote json_valid json_value lag
last_day last_value lastval lcase lead least left length lengthb ln localtime localtimestamp
locate log log10 log2 lower lpad ltrim make_set makedate maketime max md5 median microsecond mid
min minute mod month monthname name_const natural_sort_key now nth_value ntile nullif nvl nvl2
oct octet_length ord percent_rank percentile_cont percentile_disc period_add period_diff pi
position pow power quarter quote radians rand random_bytes rank regexp_instr regexp_replace
regexp_substr repeat replace reverse right round row_count row_number rpad rtrim schema
sec_to_time second session_user sformat sha sha1 sha2 sign sin sleep soundex space sqrt std
stddev stddev_pop stddev_samp str_to_date strcmp subdate substr substring substring_index
subtime sum sys_guid sysdate system_user tan time time_format time_to_sec timediff timestamp
timestampadd timestampdiff to_base64 to_char to_days to_seconds trim truncate ucase uncompress
uncompressed_length unhex unix_timestamp updatexml upper user utc_date utc_time utc_timestamp
uuid value values var_pop var_samp variance version week weekday weekofyear weight_string
wsrep_last_seen_gtid wsrep_last_written_gtid year yearweek
"""
#: Words of the language that a bracket may follow.
_GRAMMAR = """
against all and any as ascii between binary by case char charset dec decimal distinct div double
else except float from having in intersect is join key like limit match nchar not numeric on or
over partition regexp rlike row select some then union using varbinary varchar when where with
xor
"""
_ALLOWED = frozenset((_READING + _GRAMMAR).split())
#: white space of ASCII: to the server any other is part of a name
_QUALIFIED = re.compile('\\.\\s*[`"]?[A-Za-z0-9_$\u0080-\U0010ffff]+[`"]?\\s*\\(', re.ASCII)
_COMMENT = re.compile(r"--|/\*|#")
_MORE_THAN_READS = re.compile(
    r"\bnext\s+value\s+for\b|\bfor\s+update\b|\block\s+in\s+share\s+mode\b", re.IGNORECASE
)
_ERROR = re.compile(r"ERROR \d")
_DENIED = re.compile("ERROR 1044 ")
#: errors of a column, a table or a function that there is not
_NOT_THERE = frozenset({1054, 1146, 1305})
_OF_NAMES = _NOT_THERE | {1064, 1142, 1143, 1370}
#: errors of somebody who is not let in: client errors, and the server's to a newcomer
_NOT_IN = frozenset({1040, 1044, 1045, 1049, 1129, 1130, 1203, 1226, 1227, 1698})

#: The first line: a dialect of the server decides what is a name and what is a call (MSSQL has
#: names in brackets, which no list of words sees).
_SCRIPT = """\
set session sql_mode = '';
set session max_statement_time = {seconds}, lock_wait_timeout = {whole}, \
innodb_lock_wait_timeout = {whole}, sql_select_limit = {limit};
start transaction read only;
select '{ready}', current_user();
{guard}
set @sluis_query = if(@sluis_found is null, convert(0x{query} using utf8mb4), null);
prepare sluis_query from @sluis_query;
{as_subquery}
select '{begin}';
execute sluis_query;
select '{end}', found_rows();
rollback;
"""
_AS_SUBQUERY = """\
set @sluis_subquery = concat('select exists (', char(10), @sluis_query, char(10), ')');
select '{plain}';
prepare sluis_subquery from @sluis_subquery;
deallocate prepare sluis_subquery;"""


def ask_mariadb(
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

    Raises:
        InputError: ``bad-check``: a comment, or a function that is not known to only read.
    """
    _must_only_call_readers(check, query)
    ready, plain, begin, end = mark("ready"), mark("plain"), mark("begin"), mark("end")
    looked = mark("looked")
    script = _SCRIPT.format(
        seconds=f"{timeout:.3f}",
        whole=max(1, int(timeout)),
        limit=MOST_ROWS + 1,
        query=hexed(query),
        guard=guard(query, _ALLOWED, looked),
        as_subquery="" if query.lower().startswith("show") else _AS_SUBQUERY.format(plain=plain),
        ready=ready,
        begin=begin,
        end=end,
    )
    environment = {"MYSQL_PWD": password} if password else {}
    said = ask(_command(check, timeout), script, environment, timeout)
    if isinstance(said, Answer):
        return said
    rows = said.between(begin, end)
    if said.status == 0 and rows is not None:
        count = said.output.partition(end + "\t")[2].strip()
        if not count.isdigit() or int(count) > MOST_ROWS:
            return not_answered(f"the answer has more than {MOST_ROWS:,} rows")
        return rows
    denied = _words(said.errors, _DENIED)
    who = re.search("'([^']*)'@'([^']*)'", denied)
    if who:
        what = f"the user may not use that database{server_words(denied)}"
        return Answer(None, what, "may not read", f"{who[1]}@{who[2]}")
    if _code(said) in _NOT_IN or 2000 <= _code(said) < 3000:
        return not_let_in(said.errors, password)
    return _refused(said, ready, found_in(said.output, looked), plain, begin)


def _code(said: Said) -> int:
    found = re.search(r"ERROR (\d+)", said.errors)
    return int(found[1]) if found else 0


def _words(errors: str, start: Pattern[str]) -> str:
    """What stands behind ``ERROR 1044 (42000) at line 3: ``, to the end of its line."""
    found = start.search(errors)
    return errors[found.end() :].partition(": ")[2].partition("\n")[0] if found else ""


def _refused(said: Said, ready: str, look: Found, plain: str, begin: str) -> Answer:
    code = _code(said)
    words = _words(said.errors, _ERROR)
    if ready not in said.output:
        return not_answered(f"the database does not let a check be limited to reading ({code})")
    if look.answer is not None:
        return replace(look.answer, why="not answered")
    if code == 1792:
        refused = "the query does more than read, and the database refused it"
        return Answer(False, refused, "not answered")
    if plain in said.output and begin not in said.output:
        return not_answered("the query is not one statement that only reads")
    # of these alone the server's words are of the query and of names, and hold no data
    told = server_words(words) if code in _OF_NAMES else f" ({code})"
    if code in (1142, 1143, 1370):
        return Answer(
            None,
            f"the user may not read that; GRANT SELECT ON the tables that the query reads{told}",
            "may not read",
            said.output.partition(ready + "\t")[2].partition("\n")[0],
        )
    if code == 1969:
        return Answer(False, "the database ended the query after its time", "not answered")
    return Answer(
        False,
        f"the database answered the query with an error{told}",
        "not there" if code in _NOT_THERE else "not answered",
    )


def _must_only_call_readers(check: Mapping[str, Any], query: str) -> None:
    if _COMMENT.search(query):
        raise bad_check(check, "has a query with a comment or one of the signs -- # /*")
    if calls_a_quoted_name(query):
        raise bad_check(check, "calls a name in quotes; let it ask the tables instead")
    called = {word.lower() for word in words_of(query).called} - _ALLOWED
    if called or _QUALIFIED.search(query):
        what = f": {', '.join(sorted(called))[:200]}" if called else ""
        raise bad_check(
            check, f"calls what is not known to only read{what}; let it ask the tables instead"
        )
    if _MORE_THAN_READS.search(query):
        raise bad_check(check, "has a query that does more than read")


def _command(check: Mapping[str, Any], timeout: float) -> Command:
    address, folder = check.get("host_address"), check.get("bin_dir")
    name = "mariadb" if find("mariadb", [str(folder)] if folder else []) else "mysql"
    words = [
        fixed("--no-defaults", "--batch", "--raw", "--skip-column-names", "--skip-reconnect"),
        fixed("--binary-mode", "--default-character-set=utf8mb4"),
        option("--connect-timeout", max(2, int(timeout))),
        option("--database", text(check, "database")),
    ]
    if address and str(address).startswith("/"):
        words.append(option("--socket", str(address)))
    elif address:
        words += [option("--host", str(address)), fixed("--protocol=tcp")]
    if check.get("port"):
        words.append(option("--port", int(number(check, "port", None, 1, 65535))))
    if check.get("user"):
        words.append(option("--user", text(check, "user")))
    return Command(os.path.join(str(folder), name) if folder else name, *words)
