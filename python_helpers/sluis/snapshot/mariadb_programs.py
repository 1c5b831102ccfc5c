"""Which MariaDB programs there are on this machine, and of which version series."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from typing import Optional

from ..errors import SnapshotError

#: Servers and helpers often lie outside an ordinary PATH.
_FOLDERS = ("/usr/bin", "/usr/sbin", "/usr/libexec", "/usr/local/bin", "/usr/local/sbin", "/sbin")
_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}
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
    folders += [*os.environ.get("PATH", "").split(os.pathsep), *_FOLDERS]
    for candidate in (name, _OLDER.get(name)):
        found = shutil.which(candidate, path=os.pathsep.join(folders)) if candidate else None
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
    found = re.search(r"(\d+)\.(\d+)\.\d+-MariaDB", version)
    return f"{found.group(1)}.{found.group(2)}" if found else None


def server_series(path: str) -> Optional[str]:
    """The series that a server program is of."""
    try:
        done = subprocess.run(
            [path, "--no-defaults", "--version"],
            env=_ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=60,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return series_of(done.stdout.decode("utf-8", "replace"))


def knows_option(path: str, option: str) -> bool:
    """Whether a program lists this option in its own help."""
    try:
        done = subprocess.run(
            [path, "--no-defaults", "--help"],
            env=_ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=60,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return option.encode() in done.stdout
