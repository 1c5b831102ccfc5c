"""Does a database answer a query with the expected value?

PostgreSQL and MariaDB are asked through their own client programs, SQLite through
Python. The session is read-only, and only queries that read are taken.
"""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import subprocess
from typing import Any, Mapping
from urllib.parse import quote

from .answer import Answer, bad_check, number, text

_READS = re.compile(r"\s*(select|with|show|table|values|explain|pragma)\b", re.IGNORECASE)


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
    query = text(check, "query")
    if not _READS.match(query) or "\0" in query or re.search(r"^\s*\\", query, re.MULTILINE):
        raise bad_check(check, "has a query that does more than read")
    if (check.get("expect") is None) == (check.get("at_least") is None):
        raise bad_check(check, "needs exactly one of expect and at_least")
    engine = text(check, "engine")
    if engine == "sqlite":
        return _judge(check, *_sqlite(text(check, "database"), query, timeout))
    if engine == "postgresql":
        command, environment = _postgresql(check, query, timeout, password)
    elif engine == "mariadb":
        command, environment = _mariadb(check, query, timeout, password)
    else:
        raise bad_check(check, f"has the engine {engine[:40]!r}")
    return _judge(check, *_client(command, environment, timeout))


def _judge(check: Mapping[str, Any], output: str | None, trouble: Answer | None) -> Answer:
    if trouble is not None or output is None:
        return trouble or Answer(None, "no answer")
    got = output.strip()
    # Only a bare number is repeated: any other answer may be personal data.
    shown = (
        got if re.fullmatch(r"-?[0-9.]{1,20}", got) else f"another answer ({len(got)} characters)"
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


def _postgresql(
    check: Mapping[str, Any], query: str, timeout: float, password: str | None
) -> tuple[list[str], dict[str, str]]:
    milliseconds = int(timeout * 1000)
    environment = {
        "PGOPTIONS": f"-c default_transaction_read_only=on -c statement_timeout={milliseconds}",
        "PGCONNECT_TIMEOUT": str(max(2, int(timeout))),
        "PGAPPNAME": "sluis-check",
        "PGCLIENTENCODING": "UTF8",
    }
    if password:
        environment["PGPASSWORD"] = password
    command = [
        _program(check, "psql"),
        *("--no-psqlrc", "--no-password", "--tuples-only", "--no-align", "--quiet"),
        *("--field-separator=\t", "--set=ON_ERROR_STOP=1"),
        f"--dbname={_conninfo(text(check, 'database'))}",
        f"--command={query}",
    ]
    if check.get("host_address"):
        command.append(f"--host={text(check, 'host_address')}")
    if check.get("port"):
        command.append(f"--port={int(number(check, 'port', None, 1, 65535))}")
    if check.get("user"):
        command.append(f"--username={text(check, 'user')}")
    return command, environment


def _conninfo(database: str) -> str:
    """A database name that psql cannot take for a connection string with other settings."""
    quoted = database.replace("\\", "\\\\").replace("'", "\\'")
    return f"dbname='{quoted}'"


def _mariadb(
    check: Mapping[str, Any], query: str, timeout: float, password: str | None
) -> tuple[list[str], dict[str, str]]:
    name = "mariadb" if shutil.which(_program(check, "mariadb")) else "mysql"
    command = [
        _program(check, name),
        *("--no-defaults", "--batch", "--raw", "--skip-column-names", "--skip-reconnect"),
        f"--connect-timeout={max(2, int(timeout))}",
        "--default-character-set=utf8mb4",
        "--init-command=SET SESSION TRANSACTION READ ONLY",
        f"--database={text(check, 'database')}",
        f"--execute={query}",
    ]
    address = check.get("host_address")
    if address and str(address).startswith("/"):
        command.append(f"--socket={address}")
    elif address:
        command += [f"--host={address}", "--protocol=tcp"]
    if check.get("port"):
        command.append(f"--port={int(number(check, 'port', None, 1, 65535))}")
    if check.get("user"):
        command.append(f"--user={text(check, 'user')}")
    return command, {"MYSQL_PWD": password} if password else {}


def _program(check: Mapping[str, Any], name: str) -> str:
    folder = check.get("bin_dir")
    return os.path.join(str(folder), name) if folder else name


def _client(
    command: list[str], environment: dict[str, str], timeout: float
) -> tuple[str | None, Answer | None]:
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=timeout + 5,
            check=False,
            env={
                "PATH": os.environ.get("PATH", os.defpath),
                "HOME": os.environ.get("HOME", "/"),
                "LC_ALL": "C",
                **environment,
            },
        )
    except FileNotFoundError:
        return None, Answer(
            None, f"there is no program {os.path.basename(command[0])} on this host"
        )
    except OSError as error:
        return None, Answer(None, f"the client program cannot run: {error.strerror}")
    except subprocess.TimeoutExpired:
        return None, Answer(None, f"no answer within {timeout + 5:g} s")
    if done.returncode == 0:
        return done.stdout.decode("utf-8", "replace"), None
    said = done.stderr.decode("utf-8", "replace")
    refused = "psql: error:" in said or re.search(r"^ERROR (2002|2003|1045|1049|2026)", said)
    if refused:
        return None, Answer(None, "the database could not be reached or let nobody in")
    return None, Answer(False, "the database answered the query with an error")


def _sqlite(path: str, query: str, timeout: float) -> tuple[str | None, Answer | None]:
    if not os.path.isfile(path):
        return None, Answer(False, "the database file is not there")
    try:
        connection = sqlite3.connect(f"file:{quote(path)}?mode=ro", uri=True, timeout=timeout)
        try:
            connection.execute("PRAGMA query_only = 1")
            rows = connection.execute(query).fetchmany(10_000)
        finally:
            connection.close()
    except sqlite3.Error as error:
        return None, Answer(False, f"SQLite answered with an error ({type(error).__name__})")
    lines = ["\t".join("" if v is None else str(v) for v in row) for row in rows]
    return "\n".join(lines), None
