"""Whether a MariaDB database lets us in, and which rights its dump would lack."""

from __future__ import annotations

import re
import tempfile
from typing import Any, Dict, List, Optional, Sequence, Set, Tuple

from ..border import codec
from ..border.parts import Asset, AssetSecrets
from ..border.verbs.asset_check import Lacking, Need, Privilege, Seen
from ..errors import SnapshotError
from .children import Children
from .kinds import databases_beside
from .mariadb_back_rights import lacking_to_put_back
from .mariadb_code_look import CodeNeed, lacking_for_code
from .mariadb_figures import other_databases, read_database
from .mariadb_programs import series_of
from .mariadb_rights import database_rights, demand_select, sees_databases, unseen
from .mariadb_session import MariadbConnection, MariadbSession
from .mariadb_source import Source
from .no_such_database import alike, no_such_database

_DATABASES = (
    "select schema_name from information_schema.schemata where schema_name not in"
    " ('information_schema', 'mysql', 'performance_schema', 'sys')"
)
_SEE: Tuple[Privilege, ...] = ("SHOW VIEW", "TRIGGER", "EVENT")
_NONCE: Tuple[Privilege, ...] = ("CREATE", "INSERT", "UPDATE")
_ALL: Tuple[Privilege, ...] = ("SELECT", "LOCK TABLES", *_SEE, *_NONCE)


def look_at_mariadb(
    asset: Asset, secrets: AssetSecrets, *, way_back: bool = False, restore: bool = False
) -> Tuple[Seen, List[Lacking]]:
    """Log in, and ask for each right that a snapshot needs.

    Args:
        asset: the database.
        secrets: its user's password.
        way_back: ask for the rights as well that putting it back needs.
        restore: it is to be put back, and may be gone: then only those rights are asked for.

    Raises:
        SnapshotError: no login, no database, or no programs.
    """
    plain: Dict[str, Any] = codec.dump(asset)
    plain = {**plain.pop("connection"), **plain}
    name = str(asset.location)
    with Children(tempfile.gettempdir()) as children:
        connection = MariadbConnection.of(plain, codec.dump(secrets))
        source = Source(plain, children, connection)
        # without the database: whoever has no right on it could not even use it
        with source.anywhere() as session:
            user = str(session.value("select current_user()"))
            rights = database_rights(session, name)
            blind = (
                [] if sees_databases(session) else [Lacking(asset.id, "see databases", user, name)]
            )
            there = [row[0] for row in session.rows(_DATABASES)]
            if restore and name not in there:
                # whose the code of the copy is, the swap itself asks
                back = lacking_to_put_back(session, name, hidden=False)
                return Seen(asset.id, asset.kind, 0, 1), [
                    Lacking(asset.id, need, user, name, rest) for need, rest in back
                ]
            seen_at_all = bool(rights - {"USAGE"})
            if name not in there and (seen_at_all or alike(asset, there)):
                raise no_such_database(asset, there)
            if not rights - {"USAGE"} and not _on_tables(session, name):
                # it is not even told whether the database is there
                back = lacking_to_put_back(session, name, hidden=True) if way_back else []
                return Seen(asset.id, asset.kind, 0, 1), [
                    Lacking(asset.id, "read and lock", user, name, _ALL),
                    Lacking(asset.id, "see routines", user, name),
                    *(Lacking(asset.id, need, user, name, rest) for need, rest in back),
                    *blind,
                ]
            database = read_database(session, name)
            hidden = unseen(session, name)
            beside = databases_beside(asset, other_databases(session, name))
            on_nonce = _table_rights(session, name, "sluis_nonce")
            no_routines = "routines" in hidden
            back = lacking_to_put_back(session, name, hidden=no_routines) if way_back else []
        cannot_read = _cannot_read(source, name)
        found = _lacking(rights, on_nonce, cannot_read, no_routines) + back
        of_code: List[CodeNeed] = []
        if not cannot_read:
            unreadable, of_code = lacking_for_code(source, name)
            if unreadable:
                found = [(_needed(need), rest) for need, rest in found]
    series = series_of(str(database["version"]))
    seen = Seen(asset.id, asset.kind, int(database["bytes"]), 1, series, beside)
    lacking = [Lacking(asset.id, need, user, name, rest) for need, rest in found]
    lacking += [Lacking(asset.id, need, user, on, rest) for need, on, rest in of_code]
    return seen, lacking + blind


def _needed(need: Need) -> Need:
    """Of a definition that the dump reads and may not, there is no copy without it at all."""
    return "read definitions" if need == "see definitions" else need


def _cannot_read(source: Source, name: str) -> bool:
    try:
        demand_select(source.session, name, source.id)
    except SnapshotError as error:
        if error.code != "mariadb-unreadable":
            raise
        return True
    return False


def _lacking(
    rights: Set[str], on_nonce: Set[str], cannot_read: bool, no_routines: bool
) -> List[Tuple[Need, Tuple[Privilege, ...]]]:
    everything = "ALL PRIVILEGES" in rights
    found: List[Tuple[Need, Tuple[Privilege, ...]]] = []
    first: List[Privilege] = ["SELECT"] if cannot_read else []
    if not everything and not rights & {"LOCK TABLES", "RELOAD"}:
        first.append("LOCK TABLES")
    if first:
        found.append(("read and lock", tuple(first)))
    for need, wanted, had in (
        ("see definitions", _SEE, rights),
        ("place the nonce", _NONCE, rights | on_nonce),
    ):
        rest = _rest(wanted, had)
        if rest and not everything and "ALL PRIVILEGES" not in on_nonce:
            found.append((need, rest))  # type: ignore[arg-type]
    if no_routines:
        found.append(("see routines", ()))
    return found


def _rest(wanted: Sequence[Privilege], had: Set[str]) -> Tuple[Privilege, ...]:
    return tuple(one for one in wanted if one not in had)


def _on_tables(session: MariadbSession, database: str) -> bool:
    """Whether there are rights on single tables of it."""
    return any(f" ON `{database}`.`" in line for (line,) in session.rows("show grants"))


def _table_rights(session: MariadbSession, database: str, table: str) -> Set[str]:
    found: Optional[Any] = None
    rights: Set[str] = set()
    for (line,) in session.rows("show grants"):
        found = re.match(rf"GRANT (.+?) ON `{re.escape(database)}`\.`{table}` TO ", line)
        if found:
            rights |= {right.strip() for right in found.group(1).split(",")}
    return rights
