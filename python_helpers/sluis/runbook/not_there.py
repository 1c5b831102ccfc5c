"""A client that the project does not have, or a change that nobody wrote."""

from __future__ import annotations

from sluis.errors import InputError
from sluis.places import Places
from sluis.plan.faults import did_you_mean
from sluis.scope.undescribed import RESTORE, SCOPE, UPDATE, how_to_write, is_missing

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
        InputError: ``no-such-change``, ``not-described``.
    """
    if is_missing(places.change(client, change) / name):
        raise not_described(places, client, change, name=name)


def not_described(
    places: Places, client: str, change: str, job: str | None = None, *, name: str | None = None
) -> InputError:
    """The error for a change of which a file is missing: which, where it lies, what to paste.

    Args:
        places: the project.
        client: client id.
        change: change id.
        job: of its scope, if that is there.
        name: of the file that describes it; ``None``: the one that goes with the job.
    """
    folder = places.change(client, change)
    if is_missing(folder):
        return InputError(
            "no-such-change",
            f"There is no folder {folder}, so there is nothing to carry out.",
            f"Describe the change there; begin with: sluis new {client} --change {change}",
        )
    names = [SCOPE] if is_missing(folder / SCOPE) else []
    if name is None and job is not None:
        name = RESTORE if job == "restore" else UPDATE
    either = [UPDATE, RESTORE] if name is None else [name]
    lacking = [
        *(str(folder / one) for one in names),
        " or ".join(str(folder / one) for one in either),
    ]
    return InputError(
        "not-described",
        f"Missing: {' and '.join(lacking)}. So nothing says what is to be carried out.",
        how_to_write(folder, *names, *either),
    )


def _changes(places: Places, client: str) -> list[str]:
    folders = (places.inventory(client) / "changes", places.root / "dossiers" / client)
    return sorted({
        one.name for folder in folders if folder.is_dir() for one in folder.iterdir()
        if one.is_dir() and not one.name.startswith(".")
    })  # fmt: skip
