"""Swap a restored PostgreSQL database in, and back out again.

The swap is one transaction of two renames: ``ALTER DATABASE ... RENAME`` may run in a
transaction and is undone with it. So a kill leaves either the old state or the new one,
at most with connections still refused, and the next call goes on from there. What is
displaced stays in the same server under its quarantine name, read-only by default.
"""

from __future__ import annotations

import time
from typing import Any, Dict, List, Optional

from ..errors import InputError, SnapshotError
from . import postgresql_programs as programs_of
from .children import Children
from .postgresql_figures import major_of
from .postgresql_programs import Programs
from .postgresql_session import Connection, QueryError, Session, identifier, literal

#: How we mark a copy of our own making: a setting of that database, until it is swapped in.
MARK = "sluis.copy"
UNFINISHED = "unfinished"
FINISHED = "finished"
_MARK_OF = """
select json_build_object('mark', (
    select split_part(c, '=', 2) from pg_db_role_setting s, unnest(s.setconfig) c
    where s.setdatabase = d.oid and s.setrole = 0 and split_part(c, '=', 1) = 'sluis.copy'))
from pg_database d where d.datname = {name}
"""

#: a user may make a setting of a new name when it was granted, before only a superuser could
MARKS_SINCE = 15
#: what a rename asks for (ALTER DATABASE), and ending sessions (pg_terminate_backend)
_MAY_SWAP = """
select json_build_object(
  'user', current_user,
  'super', (select rolsuper from pg_roles where rolname = current_user),
  'createdb', (select rolcreatedb from pg_roles where rolname = current_user),
  'signals', pg_has_role('pg_signal_backend', 'usage'),
  'marks', {marks},
  'others', (select coalesce(json_agg(datname order by datname), '[]') from pg_database
    where datname in ({live}, {new}) and not pg_has_role(datdba, 'usage')),
  'held', (select count(*) from pg_stat_activity a join pg_roles r on r.oid = a.usesysid
    where a.datname = {live} and r.rolsuper))
"""


def swap_state(
    asset: Dict[str, Any],
    new_name: str,
    quarantine_name: str,
    secrets: Dict[str, Any],
    workdir: str,
) -> str:
    """Which state the server is in: ``before``, ``closed``, ``after``, or ``unclear: why``.

    ``closed``: a swap had begun, the live database takes no connections, nothing is renamed.
    """
    connection = Connection.of(asset, secrets)
    with Children(workdir) as children:
        client = programs_of.for_client(asset.get("bin_dir"))
        with maintenance(children, client, connection, asset, new_name) as session:
            return _state(session, str(asset["location"]), new_name, quarantine_name)


def swap(
    asset: Dict[str, Any],
    new_name: str,
    quarantine_name: str,
    secrets: Dict[str, Any],
    workdir: str,
) -> Dict[str, Any]:
    """Make the copy the live database; the live one gets the quarantine name.

    Ends all sessions of the live database. Killed anywhere, calling it again finishes it;
    called again after it was done, it says so and does nothing.

    Returns:
        ``state_found``, ``state`` (always ``after``), ``ended`` (sessions), ``seconds``.

    Raises:
        SnapshotError: the copy is not there or not finished, or the quarantine name is taken.
    """
    live = str(asset["location"])
    return _exchange(asset, secrets, workdir, live, new_name, quarantine_name, "after")


def look_at_swap(
    asset: Dict[str, Any],
    new_name: str,
    quarantine_name: str,
    secrets: Dict[str, Any],
    workdir: str,
) -> None:
    """Refuse a swap that would fail, before anything is renamed.

    Raises:
        SnapshotError: ``postgresql-copy-unfinished``, ``postgresql-swap-rights``.
    """
    live = str(asset["location"])
    check_names(asset, new_name, quarantine_name)
    connection = Connection.of(asset, secrets)
    with Children(workdir) as children:
        client = programs_of.for_client(asset.get("bin_dir"))
        with maintenance(children, client, connection, asset, new_name) as session:
            _demand_finished(session, new_name)
            major = major_of(session)
            marks = "null"
            if major >= MARKS_SINCE:
                marks = f"has_parameter_privilege('{MARK}', 'set')"
            asked = {"live": literal(live), "new": literal(new_name), "marks": marks}
            rights = session.row(_MAY_SWAP.format(**asked))
    lacking = swap_rights_lacking(rights, live, major)
    if lacking:
        user = identifier(str(rights["user"]))
        raise SnapshotError(
            "postgresql-swap-rights",
            f"The user {user} cannot swap {asset['id']}: {'; '.join(lacking)[:1500]}.",
            "Give it what it lacks, or use an account that has it. Nothing was renamed.",
        )


def swap_rights_lacking(rights: Dict[str, Any], live: str, major: int) -> List[str]:
    """What a user lacks to swap, each with what gives it in a server of that major version.

    Args:
        rights: what the server says of the user.
        live: the database that is displaced.
        major: of the server.
    """
    if rights["super"]:
        return []
    user = identifier(str(rights["user"]))
    if major < MARKS_SINCE:
        # with that it has all the rest as well
        return [
            f"in PostgreSQL {major} only a superuser may mark a copy (alter role {user} superuser)"
        ]
    lacking = [f"{identifier(str(name))} belongs to a role that it is not in" for name in
               rights["others"]]  # fmt: skip
    if not rights["createdb"]:
        lacking.append(f"it may not rename databases (alter role {user} createdb)")
    if not rights["signals"]:
        lacking.append(f"it may not end sessions (grant pg_signal_backend to {user})")
    if not rights["marks"]:
        lacking.append(f"it may not mark a copy (grant set on parameter {MARK} to {user})")
    if rights["held"]:
        lacking.append(f"a superuser has {identifier(live)} open, whose session it may not end")
    return lacking


def undo_swap(
    asset: Dict[str, Any],
    new_name: str,
    quarantine_name: str,
    secrets: Dict[str, Any],
    workdir: str,
) -> Dict[str, Any]:
    """The swap backwards: the quarantined database is live again, the copy has its name back.

    Killed anywhere, calling it again finishes it. Returns as `swap`, ``state`` is
    ``before``.
    """
    live = str(asset["location"])
    return _exchange(asset, secrets, workdir, live, new_name, quarantine_name, "before")


def check_names(asset: Dict[str, Any], *names: str) -> None:
    """Refuse names that are equal, empty, or that the server would cut."""
    every = [str(asset["location"]), *names]
    # The server would silently cut a longer name (NAMEDATALEN).
    if len(set(every)) != len(every) or any(not 0 < len(name.encode()) <= 63 for name in names):
        raise InputError(
            "postgresql-names",
            f"The names for {asset['id']} must differ and have 1 to 63 bytes each.",
            "Choose other names for the copy and the quarantine.",
        )


def mark_of(session: Session, name: str) -> Optional[Dict[str, Any]]:
    """The ``mark`` of a database (None: it has none), or None when there is no such one."""
    found: Optional[Dict[str, Any]] = session.row(_MARK_OF.format(name=literal(name)))
    return found


def mark(session: Session, name: str, how: str) -> None:
    """Mark a database of our own making."""
    session.run(f"alter database {identifier(name)} set {MARK} = {literal(how)};")


def maintenance(
    children: Children,
    programs: Programs,
    connection: Connection,
    asset: Dict[str, Any],
    new_name: str,
) -> Session:
    """A session in none of the databases that get renamed."""
    taken = {str(asset["location"]), new_name}
    last: Optional[SnapshotError] = None
    for name in ("postgres", "template1"):
        if name in taken:
            continue
        try:
            return Session(children, programs, connection, name)
        except QueryError:
            raise
        except SnapshotError as error:
            last = error
    raise last or SnapshotError(
        "postgresql-no-maintenance-database",
        "There is no database to give the orders from.",
        "Allow this user to connect to the database postgres.",
    )


def _exchange(
    asset: Dict[str, Any],
    secrets: Dict[str, Any],
    workdir: str,
    live: str,
    new: str,
    quarantine: str,
    wanted: str,
) -> Dict[str, Any]:
    began = time.monotonic()
    connection = Connection.of(asset, secrets)
    check_names(asset, new, quarantine)
    ended = 0
    with Children(workdir) as children:
        client = programs_of.for_client(asset.get("bin_dir"))
        with maintenance(children, client, connection, asset, new) as session:
            found = _state(session, live, new, quarantine)
            if found.startswith("unclear"):
                raise SnapshotError(
                    "postgresql-swap-unclear",
                    f"{asset['id']} cannot be swapped: {found}",
                    "Look at the databases' names by hand; nothing was renamed.",
                )
            if found != wanted:
                if wanted == "after":
                    _demand_finished(session, new)
                    off = f"{identifier(live)} reset {MARK}"
                    ended = _rename(session, live, quarantine, new, off)
                elif found == "after":
                    again = f"{identifier(new)} set {MARK} = {literal(FINISHED)}"
                    ended = _rename(session, live, new, quarantine, again)
            # A kill may have come between the renames and this.
            _open(session, live, quarantine if wanted == "after" else new, wanted == "after")
    return {
        "state_found": found,
        "state": wanted,
        "ended": ended,
        "seconds": round(time.monotonic() - began, 3),
    }


def _rename(session: Session, live: str, away: str, into: str, marking: str) -> int:
    """``live`` becomes ``away`` and ``into`` becomes ``live``, both or neither, with the mark.

    What is live is no copy, so it has no mark; what is taken out again is one.
    """
    ended = 0
    for name in (live, into):
        # Also a superuser cannot come in any more, so nobody slips between the next two.
        session.run(f"alter database {identifier(name)} allow_connections false;")
        ended += int(
            session.row(
                # Without a user it is autovacuum, which gives way to the rename by itself.
                "select to_json(count(pg_terminate_backend(pid))) from pg_stat_activity"
                f" where datname = {literal(name)} and pid <> pg_backend_pid()"
                " and usesysid is not null"
            )
        )
    # The server itself waits up to five seconds for the ended sessions to be gone.
    session.run(
        "begin;"
        f" alter database {identifier(live)} rename to {identifier(away)};"
        f" alter database {identifier(into)} rename to {identifier(live)};"
        f" alter database {marking};"
        f" alter database {identifier(live)} allow_connections true;"
        " commit;"
    )
    return ended


def _open(session: Session, live: str, aside: str, keep_unchanged: bool) -> None:
    """Both databases take connections again; a quarantined one is read-only by default."""
    for name in (live, aside):
        session.run(f"alter database {identifier(name)} allow_connections true;")
    if keep_unchanged:
        session.run(f"alter database {identifier(aside)} set default_transaction_read_only = on;")
    else:
        session.run(f"alter database {identifier(live)} reset default_transaction_read_only;")


def _state(session: Session, live: str, new: str, quarantine: str) -> str:
    there = {
        row["name"]: row["open"]
        for row in session.rows(
            "select json_build_object('name', datname, 'open', datallowconn) from pg_database"
        )
    }
    has = (live in there, new in there, quarantine in there)
    if has == (True, True, False):
        return "before" if there[live] else "closed"
    if has == (True, False, True):
        return "after"
    listed = ", ".join(
        f"{name} is {'there' if name in there else 'not there'}" for name in (live, new, quarantine)
    )
    return f"unclear: {listed}"


def _demand_finished(session: Session, new: str) -> None:
    found = mark_of(session, new)
    if found is None or found["mark"] != FINISHED:
        raise SnapshotError(
            "postgresql-copy-unfinished",
            f"The database {new} is not a restored copy of ours that was finished.",
            "Restore beside first; the live database was not touched.",
        )
