"""A PostgreSQL dump that others made: finding it, its roles, and loading a plain one.

A plain dump is a program for psql, and psql runs what it is told: so it runs as the scratch
server's user, without network, in a folder that goes away.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from typing import Dict, Iterable, List, Optional, Set

from ..programs import PATH, Command, fixed, option
from .children import Account, Children
from .lending import lent
from .plain_dump import open_dump
from .postgresql_dump_file import looks_like_postgresql
from .postgresql_programs import Programs
from .postgresql_session import database_word

_NAME = rb'("(?:[^"]|"")+"|[a-z_][a-z0-9_$]*)'
_ROLES = (
    re.compile(rb"^ALTER .* OWNER TO " + _NAME + rb";\s*$"),
    re.compile(rb"^GRANT .* TO " + _NAME + rb"(?: WITH GRANT OPTION)?;\s*$"),
    re.compile(rb"^REVOKE .* FROM " + _NAME + rb";\s*$"),
    re.compile(rb"^ALTER DEFAULT PRIVILEGES FOR ROLE " + _NAME),
    re.compile(rb"^CREATE POLICY .* TO " + _NAME + rb"[ ;]"),
    re.compile(rb"^CREATE SCHEMA .* AUTHORIZATION " + _NAME + rb";"),
)
_STARTS = (b"ALTER ", b"GRANT ", b"REVOKE ", b"CREATE ")
_NOT_ROLES = frozenset({"public", "current_user", "session_user", "current_role"})


def find_adopted(restored: str, ours: Iterable[str]) -> Optional[str]:
    """The one dump in what was brought back, when it is not a snapshot of our own.

    Args:
        restored: a file, a directory dump, or a folder.
        ours: names that only our own snapshots have.
    """
    if os.path.isfile(restored) or os.path.isfile(os.path.join(restored, "toc.dat")):
        return restored
    names = sorted(os.listdir(restored))
    if set(names) & set(ours):
        return None
    found = [os.path.join(restored, name) for name in names]
    dumps = [path for path in found if os.path.exists(path) and looks_like_postgresql(path)]
    return dumps[0] if len(dumps) == 1 else None


def roles_in(lines: Iterable[bytes]) -> List[str]:
    """Every role that SQL speaks of as owner or as somebody who may do something."""
    found: Set[str] = set()
    for line in lines:
        if not line.startswith(_STARTS):
            continue
        for pattern in _ROLES:
            match = pattern.match(line)
            if match:
                name = match.group(1).decode("utf-8", "replace")
                quoted = name.startswith('"')
                found.add(name[1:-1].replace('""', '"') if quoted else name)
    return sorted(name for name in found if name not in _NOT_ROLES and name[:3] != "pg_")


def roles_of_dump(
    children: Children, reader: Programs, path: str, account: Optional[Account], *, plain: bool
) -> List[str]:
    """Every role that a dump speaks of."""
    if plain:
        with open_dump(path) as source:
            return roles_in(source)
    with tempfile.TemporaryFile() as schema:
        environment = {"PATH": PATH, "LC_ALL": "C"}
        with lent(path, account) as (readable, descriptors):
            children.run(
                Command(
                    reader.path("pg_restore"),
                    fixed("--schema-only", "-f", "-"),
                    operands=[readable],
                ),
                environment,
                account,
                stdout=schema,
                pass_fds=descriptors,
            )
        schema.seek(0)
        return roles_in(schema)


def load_plain(
    children: Children,
    programs: Programs,
    environment: Dict[str, str],
    account: Optional[Account],
    path: str,
    database: str,
) -> str:
    """Run a plain dump, also a compressed one, through psql; what went wrong, or nothing."""
    command = Command(
        programs.path("psql"),
        fixed("-X", "-q", "-w", "-v", "ON_ERROR_STOP=1"),
        option("--dbname", database_word(database)),
    )
    with tempfile.TemporaryFile() as errors, open_dump(path) as source:
        child = children.start(command, environment, account, stdin=subprocess.PIPE, stderr=errors)
        if child.stdin is None:
            raise AssertionError("it was asked for")
        try:
            for piece in iter(lambda: source.read(1 << 20), b""):
                child.stdin.write(piece)
            child.stdin.close()
        except OSError:
            pass  # psql ended; its status and text say why
        status = children.wait(child)
        errors.seek(0)
        said = errors.read().decode("utf-8", "replace").strip()
    return said or "no reason given" if status != 0 else ""
