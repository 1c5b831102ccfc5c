"""A database that a failed change dropped: an empty one takes its place, to be displaced.

A swap moves the live database to quarantine. When there is none any more, an empty
database stands in for it, so that one way of swapping is enough, also after a kill.

Standard library only and Python 3.8 syntax: this file runs on managed hosts.
"""

from __future__ import annotations

from typing import Any, Dict

from .children import Children


def stand_in(asset: Dict[str, Any], secrets: Dict[str, Any], workdir: str) -> bool:
    """Make an empty live database when there is none.

    Args:
        asset: ``kind``, ``location`` and connection data of a PostgreSQL or MariaDB database.
        secrets: ``password``, optional.
        workdir: a folder for the time being.

    Returns:
        Whether one was made; ``False`` when the live database is there.
    """
    make = _postgresql if asset["kind"] == "postgresql" else _mariadb
    with Children(workdir) as children:
        return make(asset, secrets, children)


def _postgresql(asset: Dict[str, Any], secrets: Dict[str, Any], children: Children) -> bool:
    from . import postgresql_programs
    from .postgresql_session import Connection, identifier
    from .postgresql_swap import maintenance, mark_of

    client = postgresql_programs.for_client(asset.get("bin_dir"))
    name = str(asset["location"])
    with maintenance(children, client, Connection.of(asset, secrets), asset, "") as session:
        if mark_of(session, name) is not None:
            return False
        session.run(f"create database {identifier(name)} template template0;")
    return True


def _mariadb(asset: Dict[str, Any], secrets: Dict[str, Any], children: Children) -> bool:
    from .mariadb_copy import exists
    from .mariadb_session import MariadbConnection, quoted
    from .mariadb_source import Source

    source = Source(asset, children, MariadbConnection.of(asset, secrets))
    with source.anywhere() as session:
        if exists(session, source.database):
            return False
        session.rows(f"create database {quoted(source.database)}")
    return True
