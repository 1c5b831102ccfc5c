"""The GRANT that gives a database's user what its snapshot lacks, to be pasted.

What each right is for stands in docs/examples.md, below "Rights in a database" and
"Rights to put a database back".
"""

from __future__ import annotations

from dataclasses import dataclass

from sluis.border.own_databases import COPY, DISPLACED, like_beside
from sluis.border.verbs.asset_check import Lacking

_NO_WAY_BACK = "so the way back that the client is asked for could not be carried out"
_NOT_PUT_BACK = "so it could not be put back"
#: what putting a database back needs besides copying it
TO_PUT_BACK = frozenset(
    {
        "make databases", "own what is put back", "end sessions", "mark a copy", "be a superuser",
        "put back beside", "swap in", "make code of others",
    }
)  # fmt: skip


@dataclass(frozen=True)
class Grant:
    """A right that is lacking.

    Args:
        lacks: what the user cannot do, in words.
        statement: gives it.
        needed: whether no snapshot can be made without it.
    """

    lacks: str
    statement: str
    needed: bool


def grant_of(kind: str, lacking: Lacking, user: str | None, *, restore: bool = False) -> Grant:
    """The statement for one right.

    Args:
        kind: ``postgresql`` or ``mariadb``.
        lacking: what is lacking, as the host says it.
        user: whom the inventory logs in as; of PostgreSQL it goes before the host's word.
        restore: whether the change puts it back: what only copying needs stops nothing then, for
            of what is broken there is kept what can be.
    """
    grant = _mariadb(lacking) if kind == "mariadb" else _postgresql(lacking, user)
    if not restore:
        return grant
    lacks = grant.lacks.replace(_NO_WAY_BACK, _NOT_PUT_BACK)
    return Grant(lacks, grant.statement, grant.needed and lacking.need in TO_PUT_BACK)


def read_grant(engine: str, database: str, to: str) -> str:
    """The statement that lets a user of checks read a database.

    Args:
        engine: ``postgresql`` or ``mariadb``.
        database: its name.
        to: the user; in MariaDB with its host.
    """
    if engine == "mariadb":
        return f"GRANT SELECT ON {_maria(database)}.* TO {_account(to)};"
    # of a check nobody knows which version its server has
    return (
        f"GRANT CONNECT ON DATABASE {_pg(database)} TO {_pg(to)}; "
        f"GRANT pg_read_all_data TO {_pg(to)}; "
        f"-- before PostgreSQL 14: GRANT SELECT ON ALL TABLES IN SCHEMA public TO {_pg(to)};"
    )


def _postgresql(lacking: Lacking, user: str | None) -> Grant:
    to, on = _pg(user or lacking.to), _pg(lacking.on)
    nonce = "cannot place the nonce, so freshness (V6) is out of reach"
    match lacking.need:
        case "read all":
            return Grant("may not read all of it", f"GRANT pg_read_all_data TO {to};", True)
        case "read schema":
            return Grant(
                f"may not read all of the schema {lacking.on[:80]!r}",
                f"GRANT USAGE ON SCHEMA {on} TO {to}; GRANT SELECT ON ALL TABLES IN SCHEMA {on} "
                f"TO {to}; GRANT SELECT ON ALL SEQUENCES IN SCHEMA {on} TO {to};",
                True,
            )
        case "read large objects":
            return Grant(
                f"may not read large objects of {lacking.on[:80]!r}", f"GRANT {on} TO {to};", True
            )
        case "read past row security":
            return Grant(
                "is shown only some rows of some tables", f"ALTER ROLE {to} BYPASSRLS;", True
            )
        case "make databases":
            return Grant(f"may not make a database, {_NO_WAY_BACK}", f"ALTER ROLE {to} CREATEDB;",
                         True)  # fmt: skip
        case "own what is put back":
            return Grant(
                f"may not give anything to its owner {lacking.on[:80]!r}, {_NO_WAY_BACK}",
                f"GRANT {on} TO {to};", True,
            )  # fmt: skip
        case "end sessions":
            return Grant(
                f"may not end the sessions of other users, {_NO_WAY_BACK}",
                f"GRANT pg_signal_backend TO {to};", True,
            )  # fmt: skip
        case "mark a copy":
            return Grant(
                f"may not mark a database as a copy of ours, {_NO_WAY_BACK}",
                f'GRANT SET ON PARAMETER "sluis.copy" TO {to};', True,
            )  # fmt: skip
        case "be a superuser":
            return Grant(
                f"is no superuser, and only a superuser can put this one back, {_NO_WAY_BACK}",
                f"ALTER ROLE {to} SUPERUSER;", True,
            )  # fmt: skip
        case "place the nonce again":
            return Grant(
                nonce,
                f"GRANT ALL ON SCHEMA sluis_nonce TO {to}; "
                f"GRANT ALL ON ALL TABLES IN SCHEMA sluis_nonce TO {to};",
                False,
            )
        case _:
            return Grant(nonce, f"GRANT CREATE ON DATABASE {on} TO {to};", False)


def _mariadb(lacking: Lacking) -> Grant:
    to, on = _account(lacking.to), f"{_maria(lacking.on)}.*"
    given = ", ".join(lacking.privileges)
    match lacking.need:
        case "see definitions":
            return Grant(
                "does not see all views, triggers and events", f"GRANT {given} ON {on} TO {to};",
                False,
            )  # fmt: skip
        case "read definitions":
            return Grant(
                "may not read the views, triggers and events, and no copy can be made without",
                f"GRANT {given} ON {on} TO {to};", True,
            )  # fmt: skip
        case "run functions":
            return Grant(
                f"may not run functions of {lacking.on[:80]!r} that a view calls, and a copy of "
                "that view looks at them",
                f"GRANT {given} ON {on} TO {to};", True,
            )  # fmt: skip
        case "repair a view":
            return Grant(
                f"can make no copy while the view {lacking.on[:80]!r} is there as it is: something "
                "that it refers to is gone, or its owner may not use it. Make that again, or drop "
                "the view",
                f"SHOW CREATE VIEW {_maria(lacking.on)};", True,
            )  # fmt: skip
        case "see routines":
            return Grant(
                "does not see all stored routines", f"GRANT SELECT ON mysql.proc TO {to};", False
            )
        case "see databases":
            return Grant(
                "does not see the other databases of that server, so nobody knows whether the "
                "scope names them all",
                f"GRANT SHOW DATABASES ON *.* TO {to};", False,
            )  # fmt: skip
        case "put back beside":
            names = [_maria(like_beside(lacking.on, kind)) for kind in (COPY, DISPLACED)]
            return Grant(
                f"may not make and fill a database beside it, {_NO_WAY_BACK}",
                " ".join(f"GRANT {given} ON {name}.* TO {to};" for name in names), True,
            )  # fmt: skip
        case "swap in":
            return Grant(
                f"may not put its tables, views and code in their place, {_NO_WAY_BACK}",
                f"GRANT {given} ON {on} TO {to};", True,
            )  # fmt: skip
        case "make code of others":
            return Grant(
                "may not make views, triggers, routines and events that belong to another user, "
                f"{_NO_WAY_BACK}",
                f"GRANT {given} ON *.* TO {to};", True,
            )  # fmt: skip
        case "place the nonce":
            return Grant(
                "cannot place the nonce, so freshness (V6) is out of reach",
                f"GRANT {given} ON {on} TO {to};", False,
            )  # fmt: skip
        case _:
            return Grant(
                "may not read all of it, or not lock it for the moment of the copy",
                f"GRANT {given} ON {on} TO {to};", True,
            )  # fmt: skip


def _pg(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _maria(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def _account(named: str) -> str:
    """``user@host`` as a GRANT takes it."""
    user, _, host = named.rpartition("@")
    quoted = [part.replace("\\", "\\\\").replace("'", "''") for part in (user, host)]
    return f"'{quoted[0]}'@'{quoted[1]}'"
