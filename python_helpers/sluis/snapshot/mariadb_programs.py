"""Which MariaDB programs there are on this machine, and of which version series."""

from __future__ import annotations

import re
from typing import Optional

from ..errors import SluisError, SnapshotError
from ..programs import Command, find, fixed, run

#: Red Hat keeps servers and helpers here.
_MORE_FOLDERS = ("/usr/libexec",)
#: The names before version 10.5, which some systems still carry.
_OLDER = {
    "mariadb": "mysql",
    "mariadb-dump": "mysqldump",
    "mariadbd": "mysqld",
    "mariadb-install-db": "mysql_install_db",
}


def find_program(name: str, bin_dir: Optional[str]) -> Optional[str]:
    """Full path of a program, ``bin_dir`` first; None when it is not here."""
    folders = [bin_dir] if bin_dir else []
    for candidate in (name, _OLDER.get(name, name)):
        found = find(candidate, folders) or find(candidate, _MORE_FOLDERS)
        if found:
            return found
    return None


def need_program(name: str, bin_dir: Optional[str]) -> str:
    """Full path of a program.

    Raises:
        SnapshotError: it is not here.
    """
    found = find_program(name, bin_dir)
    if found is None:
        raise SnapshotError(
            "mariadb-programs-missing",
            f"There is no {name} on this machine.",
            "Install the MariaDB client programs, or name their folder as bin_dir.",
        )
    return found


def series_of(version: str) -> Optional[str]:
    """The series of a version text: ``10.11.19-MariaDB-0+deb12u1`` is ``10.11``.

    None for anything that is not MariaDB: MySQL numbers its versions otherwise.
    """
    found = re.search(r"(?<!\d)(\d+)\.(\d+)\.\d+-MariaDB", version)
    return f"{found.group(1)}.{found.group(2)}" if found else None


def server_series(path: str) -> Optional[str]:
    """The series that a server program is of."""
    try:
        done = run(Command(path, fixed("--no-defaults", "--version")), seconds=60)
    except (OSError, SluisError):
        return None
    return series_of(done.output.decode("utf-8", "replace"))


def knows_option(path: str, name: str) -> bool:
    """Whether a program lists this option in its own help."""
    try:
        done = run(Command(path, fixed("--no-defaults", "--help")), seconds=60)
    except (OSError, SluisError):
        return False
    return name.encode() in done.output
