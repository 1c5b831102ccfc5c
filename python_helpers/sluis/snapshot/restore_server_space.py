"""Has a database server's own disk room for a second copy? A full one would stop it.

Standard library only and Python 3.8 syntax: this file runs on managed hosts.
"""

from __future__ import annotations

import os
from typing import Any, Dict, List, Optional

from ..errors import SnapshotError
from .children import Children
from .restore_space import demand_space


def demand_server_space(
    asset: Dict[str, Any], facts: Dict[str, Any], secrets: Dict[str, Any], workdir: str
) -> List[str]:
    """Refuse a copy for which the server's data folder has no room.

    The copy takes what the source took, and writing it takes as much again in the server's
    log (PostgreSQL's WAL, InnoDB's redo and doublewrite) until that is recycled.

    Args:
        asset: ``kind``, connection data.
        facts: the signed figures, with the source's size in bytes.
        secrets: ``password``, optional.
        workdir: a folder for the time being.

    Returns:
        A warning when it could not be told: another machine, or a user without the right
        to ask for the folder.

    Raises:
        SnapshotError: ``restore-no-space``.
    """
    size = (facts.get("database") or {}).get("bytes")
    folder = _data_folder(asset, secrets, workdir)
    if size is None or folder is None:
        return ["not verified: whether the database server's disk has room for a second copy"]
    demand_space(folder, [2 * int(size)])
    return []


def _data_folder(asset: Dict[str, Any], secrets: Dict[str, Any], workdir: str) -> Optional[str]:
    """The server's data folder, when it is one of this machine and may be asked for."""
    address = asset.get("host_address")
    if address and not str(address).startswith("/"):
        return None  # over the network: the same path here would be another machine's
    ask = _postgresql if asset["kind"] == "postgresql" else _mariadb
    try:
        with Children(workdir) as children:
            folder = ask(asset, secrets, children)
        os.statvfs(folder)
    except (OSError, SnapshotError):
        return None
    return folder


def _postgresql(asset: Dict[str, Any], secrets: Dict[str, Any], children: Children) -> str:
    from . import postgresql_programs
    from .postgresql_session import Connection
    from .postgresql_swap import maintenance

    client = postgresql_programs.for_client(asset.get("bin_dir"))
    with maintenance(children, client, Connection.of(asset, secrets), asset, "") as session:
        return str(session.row("select to_json(current_setting('data_directory'))"))


def _mariadb(asset: Dict[str, Any], secrets: Dict[str, Any], children: Children) -> str:
    from .mariadb_session import MariadbConnection
    from .mariadb_source import Source

    source = Source(asset, children, MariadbConnection.of(asset, secrets))
    with source.anywhere() as session:
        return str(session.value("select @@datadir"))
