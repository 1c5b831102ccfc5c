"""Put a dump back into its own server: beside the live database, then swapped in.

Nothing is ever dropped but a copy that we made ourselves and did not finish. The swap
itself is in `postgresql_swap`.
"""

from __future__ import annotations

import hashlib
import os
import time
from typing import Any, Dict, List, Optional, Sequence

from ..errors import SnapshotError
from . import postgresql_programs as programs_of
from .children import Children
from .database_proof import without_data
from .postgresql_around import around_digest, give_around, read_around
from .postgresql_dump_file import inspect_dump
from .postgresql_figures import read_database, read_figures
from .postgresql_scratch import create_roles
from .postgresql_session import Connection, Session, identifier, literal
from .postgresql_swap import (
    FINISHED,
    UNFINISHED,
    check_names,
    look_at_swap,
    maintenance,
    mark,
    mark_of,
    swap,
    swap_state,
    undo_swap,
)
from .postgresql_write import pg_restore

#: databases that restores which were cut off may leave before we stop to make more
_MOST_LEFT = 5

__all__ = ("figures", "look_at_swap", "restore_beside", "swap", "swap_state", "undo_swap")


def restore_beside(
    asset: Dict[str, Any],
    files: Sequence[str],
    new_name: str,
    secrets: Dict[str, Any],
    facts: Optional[Dict[str, Any]] = None,
) -> Dict[str, Any]:
    """Restore a dump into a new database on the asset's own server.

    Args:
        asset: connection data and ``location``, the live database's name.
        files: the dump's files as they came back from the store.
        new_name: the copy's name. A copy that an earlier run left unfinished is made anew.
        secrets: ``password``, optional. The user must be allowed to create databases.
        facts: what `dump` returned for this snapshot; without it encoding and locale are
            those of the live database.

    Returns:
        ``database``, ``ran``, ``seconds``, ``warnings``.

    Raises:
        SnapshotError: nothing usable was restored.
    """
    began = time.monotonic()
    connection = Connection.of(asset, secrets)
    check_names(asset, new_name)
    dump = _whole(asset, files)
    warnings: List[str] = []
    with Children(os.path.dirname(os.path.abspath(dump.path))) as children:
        client = programs_of.for_client(asset.get("bin_dir"))
        with maintenance(children, client, connection, asset, new_name) as session:
            like = _like(session, asset, facts)
            reader = programs_of.for_dump(asset.get("bin_dir"), int(like["major"]))
            roles = _roles(session, facts, warnings)
            create_roles(session, roles)
            _make_room(session, new_name)
            _make_marked(session, new_name, like, warnings)
            session.run(f"alter database {identifier(new_name)} allow_connections true;")
            errors = pg_restore(children, reader, connection, dump.path, new_name)
            if errors:
                raise SnapshotError(
                    "postgresql-restore-failed",
                    f"pg_restore into {new_name} said: {without_data(errors)}",
                    "The live database was not touched. Put right what it says and restore again.",
                )
            _surround(session, str(asset["location"]), new_name, facts, warnings)
            mark(session, new_name, FINISHED)
    return {
        "database": new_name,
        "ran": [f"create database {new_name}", "pg_restore --exit-on-error"],
        "seconds": round(time.monotonic() - began, 3),
        "warnings": warnings,
    }


def figures(
    asset: Dict[str, Any], secrets: Dict[str, Any], workdir: str, name: Optional[str] = None
) -> Dict[str, Any]:
    """The figures of a database as it is now, in one transaction, like ``facts`` of `dump`.

    Args:
        asset: connection data.
        secrets: ``password``, optional.
        workdir: a folder for the time being, for the password file.
        name: which database; default the asset's own.
    """
    connection = Connection.of(asset, secrets)
    with Children(workdir) as children:
        client = programs_of.for_client(asset.get("bin_dir"))
        with Session(children, client, connection, name or str(asset["location"])) as session:
            session.run("begin isolation level repeatable read read only;")
            return {
                **read_figures(session),
                "kind": "postgresql",
                "database": read_database(session),
            }


def _make_room(session: Session, new_name: str) -> None:
    """Drop an unfinished copy of our own; refuse anything else under that name."""
    found = mark_of(session, new_name)
    if found is None:
        return
    if found["mark"] != UNFINISHED:
        raise SnapshotError(
            "postgresql-name-taken",
            f"There is already a database {new_name}, and it is not an unfinished copy of ours.",
            "Choose another name for the copy; nothing was touched.",
        )
    session.run(f"drop database {identifier(new_name)};")


def _make_marked(
    session: Session, new_name: str, like: Dict[str, Any], warnings: List[str]
) -> None:
    """Make the copy's database, so that one without our mark never has the copy's name.

    The server cannot make and mark one at once. A kill in between leaves an empty database under
    a name of ours: it cannot be told from somebody else's, so it is named and not dropped.
    """
    ours = f"sluis-making-{hashlib.sha256(new_name.encode()).hexdigest()[:24]}"
    for number in range(1, _MOST_LEFT + 1):
        making = f"{ours}-{number}"
        found = mark_of(session, making)
        if found is not None and found["mark"] == UNFINISHED:
            session.run(f"drop database {identifier(making)};")
            found = None
        if found is None:
            break
        warnings.append(
            f"The server has a database {making}, which a restore that was cut off may have left. "
            "Look whether anything is in it, and drop it by hand."
        )
    else:
        raise SnapshotError(
            "postgresql-name-taken",
            f"The server has {_MOST_LEFT} databases named {ours}-1 and on, and none of them is "
            "marked as ours.",
            "Look whether anything is in them, and drop them by hand; nothing was touched.",
        )
    session.run(_create(making, like))
    mark(session, making, UNFINISHED)
    session.run(f"alter database {identifier(making)} rename to {identifier(new_name)};")


def _like(
    session: Session, asset: Dict[str, Any], facts: Optional[Dict[str, Any]]
) -> Dict[str, Any]:
    if facts:
        source: Dict[str, Any] = dict(facts["database"])
    else:
        source = session.row(
            "select json_build_object('encoding', pg_encoding_to_char(d.encoding),"
            " 'collate', to_jsonb(d) ->> 'datcollate', 'ctype', to_jsonb(d) ->> 'datctype',"
            " 'provider', coalesce(to_jsonb(d) ->> 'datlocprovider', 'c'), 'locale',"
            " coalesce(to_jsonb(d) ->> 'datlocale', to_jsonb(d) ->> 'daticulocale'),"
            " 'owner', pg_get_userbyid(d.datdba)) from pg_database d"
            f" where d.datname = {literal(str(asset['location']))}"
        )
        if source is None:
            raise SnapshotError(
                "postgresql-database-missing",
                f"There is no database {asset['location']} to take encoding and locale from.",
                "Restore from a snapshot with facts.",
            )
    source["major"] = session.row("select current_setting('server_version_num')::int / 10000")
    return source


def _create(name: str, like: Dict[str, Any]) -> str:
    statement = (
        f"create database {identifier(name)} template template0 allow_connections false"
        f" encoding {literal(like['encoding'])} owner {identifier(like['owner'])}"
        f" lc_collate {literal(like['collate'])} lc_ctype {literal(like['ctype'])}"
    )
    if like["provider"] == "i":
        statement += f" locale_provider icu icu_locale {literal(like['locale'])}"
    elif like["provider"] == "b":
        statement += f" locale_provider builtin builtin_locale {literal(like['locale'])}"
    return statement + ";"


def _roles(session: Session, facts: Optional[Dict[str, Any]], warnings: List[str]) -> List[str]:
    if not facts:
        return []
    there = set(session.rows("select to_json(rolname) from pg_roles"))
    missing = sorted({*facts["roles"], facts["database"]["owner"]} - there)
    if missing:
        warnings.append(
            f"The roles {', '.join(missing)} are gone from the server. They were made again "
            "without a password and without the right to log in; see postgresql-globals.sql."
        )
    return missing


def _surround(
    session: Session,
    live: str,
    new_name: str,
    facts: Optional[Dict[str, Any]],
    warnings: List[str],
) -> None:
    """Give the copy the rights, settings and limit that the live database has now."""
    around = read_around(session, live)
    if around is None:
        warnings.append(f"{live} is gone, so the copy has default rights and settings.")
        return
    then = facts["database"].get("around_sha256") if facts else None
    if then is not None and then != around_digest(around):
        warnings.append(
            f"The rights on {live}, its settings (alter database), its limit or its comment were "
            "changed since the snapshot. The copy has them as they are now. Those of then are in "
            "the dump: pg_restore --create --file=- shows them."
        )
    give_around(session, around, new_name)


def _whole(asset: Dict[str, Any], files: Sequence[str]) -> Any:
    for path in files:
        dump = inspect_dump(path, asset.get("bin_dir"))
        if dump.format in ("custom", "tar", "directory"):
            if dump.whole is not True:
                break
            return dump
    raise SnapshotError(
        "postgresql-dump-not-whole",
        f"Among the files of {asset['id']} there is no whole custom, tar or directory dump.",
        "Fetch the snapshot again, or choose an older one that was verified.",
    )
