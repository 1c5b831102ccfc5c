"""pg_restore into a database: the same for a scratch server and for a live one."""

from __future__ import annotations

import os
from typing import Optional

from .children import Account, Children
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
    with_owners: bool,
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
        with_owners: also owners and rights; not for a dump whose roles we do not know.
        account: who the program runs as, when not whom the connection says.
        scratch: leave out what reaches beyond the database, such as subscriptions.
    """
    runs_as = account or connection.account
    command = [
        reader.path("pg_restore"), "--exit-on-error", f"--jobs={jobs()}", "--no-password",
        f"--dbname={database_word(database)}",
    ]  # fmt: skip
    if scratch:
        command += ["--no-tablespaces", "--no-subscriptions"]
    if not with_owners:
        command += ["--no-owner", "--no-acl"]
    environment = connection.environment(children)
    if runs_as is None or os.path.isdir(path):
        done = children.run([*command, path], environment, runs_as)
        return done.errors.strip() or "no reason given" if done.status != 0 else ""
    # That user may not be able to enter the folder, and must not be root: it gets the open
    # file, and owns it meanwhile so that each worker can open it again.
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        before = os.fstat(descriptor)
        os.fchown(descriptor, runs_as.uid, runs_as.gid)
        try:
            done = children.run(
                [*command, f"/proc/self/fd/{descriptor}"],
                environment,
                runs_as,
                pass_fds=[descriptor],
            )
        finally:
            os.fchown(descriptor, before.st_uid, before.st_gid)
    finally:
        os.close(descriptor)
    return done.errors.strip() or "no reason given" if done.status != 0 else ""
