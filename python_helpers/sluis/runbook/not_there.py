"""A client that the project does not have, or a change that nobody wrote."""

from __future__ import annotations

import os

from sluis.errors import InputError
from sluis.places import Places
from sluis.plan.faults import did_you_mean
from sluis.scope.undescribed import how_to_describe

#: changes that are named at most
_NAMED = 20


def no_such_client(places: Places, client: str) -> InputError:
    """The error for a client that the project does not have, with one of nearly that name."""
    return InputError(
        "no-such-client",
        f"There is no client {client} in {places.root / 'inventories'}.",
        did_you_mean(client, places.clients(), f"Make it with: sluis new {client}"),
    )


def changes_of(places: Places, client: str) -> str:
    """The client's changes, written or begun, in words."""
    there = _changes(places, client)
    if not there:
        return "there is none yet"
    more = f", and {len(there) - _NAMED} more" if len(there) > _NAMED else ""
    return f"there are: {', '.join(there[:_NAMED])}{more}"


def must_be_there(places: Places, client: str, change: str) -> None:
    """Refuse a change of which nobody wrote or did anything.

    Args:
        places: the project.
        client: client id.
        change: change id.

    Raises:
        InputError: ``no-such-client``, ``no-such-change``, naming those that there are.
    """
    if not places.inventory(client).is_dir() and not places.dossier(client, change).is_dir():
        raise no_such_client(places, client)
    if places.change(client, change).is_dir() or places.dossier(client, change).is_dir():
        return
    raise InputError(
        "no-such-change",
        f"There is no change {change} of client {client}; {changes_of(places, client)}.",
        did_you_mean(
            change,
            _changes(places, client),
            f"Check the id. A new one begins with: sluis new {client} --change {change}",
        ),
    )


def must_be_described(places: Places, client: str, change: str, name: str) -> None:
    """Refuse a change whose runbook has nothing to carry out.

    Args:
        places: the project.
        client: client id.
        change: change id.
        name: file name of the runbook, and of what describes the change for it.

    Raises:
        InputError: ``no-such-change``.
    """
    file = places.change(client, change) / name
    if os.path.lexists(file):  # what is no file is said by the readers
        return
    begin = f"begin with: sluis new {client} --change {change}"
    raise InputError(
        "no-such-change",
        f"{file} is not there, so there is nothing to carry out.",
        how_to_describe(file.parent, begin, name, discover=f"sluis discover {client} {change}"),
    )


def _changes(places: Places, client: str) -> list[str]:
    folders = (places.inventory(client) / "changes", places.root / "dossiers" / client)
    return sorted({
        one.name for folder in folders if folder.is_dir() for one in folder.iterdir()
        if one.is_dir() and not one.name.startswith(".")
    })  # fmt: skip
