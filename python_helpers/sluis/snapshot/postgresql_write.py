"""pg_restore into a database: the same for a scratch server and for a live one."""

from __future__ import annotations

import os
from typing import Optional

from ..programs import Command, fixed, option
from .children import Account, Children
from .lending import lent
from .postgresql_programs import Programs
from .postgresql_session import Connection, database_word


def jobs() -> int:
    """How many workers to use: one for each processor, two to eight."""
    return min(8, max(2, os.cpu_count() or 2))


def pg_restore(
    children: Children,
    reader: Programs,
    connection: Connection,
    path: str,
    database: str,
    *,
    account: Optional[Account] = None,
    scratch: bool = False,
) -> str:
    """Restore a custom, tar or directory dump; what went wrong, or nothing.

    Args:
        children: the block that the programs run in.
        reader: programs that can read this dump.
        connection: the server.
        path: the dump.
        database: an empty database.
        account: who the program runs as, when not whom the connection says.
        scratch: leave out what reaches beyond the database, such as subscriptions.
    """
    runs_as = account or connection.account
    apart = fixed("--no-tablespaces", "--no-subscriptions") if scratch else fixed()
    with lent(path, runs_as) as (readable, descriptors):
        done = children.run(
            Command(
                reader.path("pg_restore"),
                fixed("--exit-on-error", "--no-password"),
                option("--jobs", jobs()),
                option("--dbname", database_word(database)),
                apart,
                operands=[readable],
            ),
            connection.environment(children),
            runs_as,
            pass_fds=descriptors,
        )
    return done.errors.strip() or "no reason given" if done.status != 0 else ""
