"""The server that a MariaDB asset lives on, and dumps of what is not rows."""

from __future__ import annotations

import os
from typing import Any, Dict, List, Optional, Sequence

from ..errors import SnapshotError
from ..programs import Command, Words, fixed
from .children import Children
from .mariadb_dump_file import inspect_mariadb_dump
from .mariadb_objects import list_code
from .mariadb_programs import need_program
from .mariadb_session import MariadbConnection, MariadbSession, plain_environment

_ALWAYS = fixed("--hex-blob", "--default-character-set=utf8mb4", "--max-allowed-packet=1G")


class Source:
    """The server that an asset lives on, and how to reach it."""

    def __init__(
        self, asset: Dict[str, Any], children: Children, connection: MariadbConnection
    ) -> None:
        self.id = str(asset["id"])
        self.database = str(asset["location"])
        self.children = children
        self.connection = connection
        self.bin_dir: Optional[str] = asset.get("bin_dir")
        self.unseen: List[str] = []
        self.dump_program = need_program("mariadb-dump", self.bin_dir)

    def session(self, database: Optional[str] = None) -> MariadbSession:
        """A session that uses the asset's database, or another."""
        return MariadbSession(
            self.children, self.connection, database or self.database, self.bin_dir
        )

    def anywhere(self) -> MariadbSession:
        """A session that uses no database."""
        return MariadbSession(self.children, self.connection, None, self.bin_dir)

    def dump_command(self, *more: Words, tables: Sequence[str] = ()) -> Command:
        """mariadb-dump of this database, or of some of its tables, with what it always gets."""
        connect = self.connection.options(self.children)
        return Command(
            self.dump_program, *connect, _ALWAYS, *more, operands=[self.database, *tables]
        )


def dump_code(source: Source, session: MariadbSession, target: str) -> None:
    """Dump routines, events and triggers, then views, which may call routines.

    Raises:
        SnapshotError: mariadb-dump could not, or not to its end.
    """
    views = [one for kind, one, _ in list_code(session, source.database) if kind == "view"]
    # Asking for events without the right to them is an error, so then we do not ask.
    events = fixed() if "events" in source.unseen else fixed("--events")
    code = fixed("--no-data", "--no-create-info", "--routines", "--triggers", "--skip-lock-tables")
    parts = [source.dump_command(code, events)]
    if views:
        only = fixed("--no-data", "--skip-triggers", "--skip-lock-tables")
        parts.append(source.dump_command(only, tables=views))
    with open(target, "wb") as output:
        for part in parts:
            done = source.children.run(
                part,
                plain_environment(),
                source.connection.account,
                stdout=output,
            )
            demand_whole(source, target, done.status, done.errors)
        os.fsync(output.fileno())


def demand_whole(source: Source, path: str, status: int, errors: str) -> None:
    """Refuse a dump that ended badly or lacks its last line."""
    dump_file = inspect_mariadb_dump(path)
    if status == 0 and dump_file.whole:
        return
    raise SnapshotError(
        "mariadb-dump-failed",
        f"mariadb-dump of {source.id} ended with status {status}; {dump_file.detail}. "
        f"{errors.strip()[-600:]}",
        "Nothing was kept. Put right what it says and make the snapshot again.",
    )
