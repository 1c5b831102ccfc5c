"""Which PostgreSQL programs there are on this machine, and of which major version.

pg_dump reads servers of its own version and older; a scratch server must have the very
major version of the source. So programs are always chosen by version, never by PATH alone.
"""

from __future__ import annotations

import glob
import os
import re
from dataclasses import dataclass
from typing import List, Optional

from ..errors import SluisError, SnapshotError
from ..programs import SEARCH, Command, fixed, run

#: Debian and Red Hat keep every major version in a folder of its own.
_FOLDERS = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/postgresql*/bin")


@dataclass(frozen=True)
class Programs:
    """One installed set of programs: folder and major version."""

    folder: str
    major: int

    def path(self, name: str) -> str:
        """Full path of one program, there or not."""
        return os.path.join(self.folder, name)

    def has(self, name: str) -> bool:
        """Whether this set holds the program."""
        return os.access(self.path(name), os.X_OK)


def installed(bin_dir: Optional[str], program: str) -> List[Programs]:
    """Every set that holds ``program``, ``bin_dir`` first, then the newest version first."""
    folders = [bin_dir] if bin_dir else []
    folders += sorted((found for pattern in _FOLDERS for found in glob.glob(pattern)), reverse=True)
    folders += SEARCH
    sets: List[Programs] = []
    for folder in folders:
        path = os.path.join(folder, program)
        major = _major(path) if os.access(path, os.X_OK) else None
        if major is not None:
            sets.append(Programs(folder, major))
    own, rest = (sets[:1], sets[1:]) if bin_dir and sets[:1] else ([], sets)
    if own and own[0].folder != bin_dir:
        own, rest = [], sets
    return own + sorted(rest, key=lambda one: -one.major)


def for_client(bin_dir: Optional[str]) -> Programs:
    """Programs to ask a server anything with.

    Raises:
        SnapshotError: there is no psql on this machine.
    """
    sets = installed(bin_dir, "psql")
    if not sets:
        raise SnapshotError(
            "postgresql-programs-missing",
            "There is no psql on this machine.",
            "Install the PostgreSQL client programs, or name their folder as bin_dir.",
        )
    return sets[0]


def for_dump(bin_dir: Optional[str], server_major: int) -> Programs:
    """Programs to dump a server with: its own version, else the nearest newer one.

    Raises:
        SnapshotError: there is no pg_dump that can read this server.
    """
    able = [one for one in installed(bin_dir, "pg_dump") if one.major >= server_major]
    able = [one for one in able if one.has("pg_restore") and one.has("psql")]
    if not able:
        raise SnapshotError(
            "postgresql-programs-too-old",
            f"There is no pg_dump of version {server_major} or newer on this machine.",
            f"Install the PostgreSQL {server_major} client programs on this machine.",
        )
    return min(able, key=lambda one: one.major)


def for_scratch(bin_dir: Optional[str], server_major: int) -> Optional[Programs]:
    """Programs to run a scratch server of exactly this major version with, or None."""
    for one in installed(bin_dir, "postgres"):
        if one.major == server_major and one.has("initdb") and one.has("psql"):
            return one
    return None


def for_restore(bin_dir: Optional[str], dumped_with: int) -> Optional[Programs]:
    """Programs that can read a dump made by this version of pg_dump: the nearest, or None."""
    able = [one for one in installed(bin_dir, "pg_restore") if one.major >= dumped_with]
    return min(able, key=lambda one: one.major) if able else None


def _major(path: str) -> Optional[int]:
    """The major version that a program prints: ``pg_dump (PostgreSQL) 15.18 (Debian …)``."""
    try:
        done = run(Command(path, fixed("--version")), seconds=60)
    except (OSError, SluisError):
        return None
    found = re.search(rb"\(PostgreSQL\) (\d{1,4})\b", done.output)
    return int(found.group(1)) if found else None
