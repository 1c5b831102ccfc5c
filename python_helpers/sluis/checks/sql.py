"""Does a database answer a query with the expected value?

PostgreSQL and MariaDB are asked through their own client programs, SQLite through
Python. The database itself is put where it can make one reading statement and no more; see
`sql_postgresql`, `sql_mariadb` and `sql_sqlite` for how.
"""

from __future__ import annotations

import re
from typing import Any, Mapping

from ..counted import counted
from .answer import Answer, bad_check, number, text
from .sql_mariadb import ask_mariadb
from .sql_postgresql import ask_postgresql
from .sql_sqlite import ask_sqlite

_READS = re.compile(r"\s*(select|with|show|table|values|pragma)\b", re.IGNORECASE)
_MOST_QUERY = 20_000


def sql(check: Mapping[str, Any], timeout: float, password: str | None) -> Answer:
    """Ask one query and compare its answer.

    Args:
        check: ``engine`` (postgresql, mariadb, sqlite); ``database`` (a name; for SQLite
            a path); ``query``; ``expect``, the answer as text (columns by tab, rows by
            line), or ``at_least``, a number; ``host_address`` (an address or the folder
            of the socket), ``port``, ``user``, ``bin_dir``.
        timeout: seconds.
        password: for ``user``.
    """
    query, engine = query_of(check), text(check, "engine")
    if engine == "sqlite":
        return _judge(check, ask_sqlite(text(check, "database"), query, timeout))
    if engine == "postgresql":
        return _judge(check, ask_postgresql(check, query, timeout, password))
    return _judge(check, ask_mariadb(check, query, timeout, password))


def query_of(check: Mapping[str, Any]) -> str:
    """The query that is described.

    Raises:
        InputError: ``bad-check``: nobody could ask it, or would know the right answer.
    """
    query = text(check, "query").strip()
    query = query[:-1] if query.endswith(";") else query
    if not _READS.match(query) or "\0" in query:
        raise bad_check(check, "has a query that does more than read")
    if len(query) > _MOST_QUERY:
        raise bad_check(check, f"has a query of more than {_MOST_QUERY} characters")
    if re.search(r"\bu&[\"']", query, re.IGNORECASE):
        raise bad_check(check, 'has a name in the spelling U&"...", which hides what it is')
    if (check.get("expect") is None) == (check.get("at_least") is None):
        raise bad_check(check, "needs exactly one of expect and at_least")
    _demand_count(check)
    text(check, "database")
    engine = text(check, "engine")
    if engine not in ("sqlite", "postgresql", "mariadb"):
        raise bad_check(check, f"has the engine {engine[:40]!r}")
    return query


def _demand_count(check: Mapping[str, Any]) -> None:
    """``at_least`` is a count that can be missed: 48.210 is no way to write 48 thousand."""
    if check.get("at_least") is None:
        return
    least = number(check, "at_least", None, -(2**53), 2**53)
    if least != int(least):
        raise bad_check(check, f"has at_least {least:g}; write a whole number, digits only")
    if least < 1:
        raise bad_check(check, f"has at_least {least:g}, which is always so; write 1 or more")


def _judge(check: Mapping[str, Any], output: str | Answer) -> Answer:
    if isinstance(output, Answer):
        return output
    got = output.strip()
    # Only a bare number is repeated: any other answer may be personal data.
    shown = (
        got
        if re.fullmatch(r"-?[0-9.]{1,20}", got)
        else f"another answer ({counted(len(got), 'character')})"
    )
    if check.get("at_least") is not None:
        least = number(check, "at_least", None, -(2**53), 2**53)
        try:
            return Answer(float(got) >= least, f"{shown}, expected at least {least:g}")
        except ValueError:
            return Answer(False, f"{shown}, expected a number")
    if got == str(check["expect"]).strip():
        return Answer(True, "the answer is the expected one")
    return Answer(False, f"{shown}, not the expected one")
