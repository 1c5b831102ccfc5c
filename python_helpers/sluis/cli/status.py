"""``sluis status``: where a change stands, from its ledger."""

from __future__ import annotations

from typing import Annotated

import typer

from sluis.cli.change_run import ClientArgument, JsonOption, described_playbook
from sluis.cli.session import Session
from sluis.cli.show_outcome import show_outcome
from sluis.cli.status_watch import Seen, going_on, watch
from sluis.cli.under_way import outcome_now
from sluis.errors import InputError
from sluis.places import change_id, client_id
from sluis.runbook.alive import in_the_way
from sluis.runbook.not_there import changes_of, must_be_there, no_such_client

#: states in which the newest plan is still to be signed or applied
_TO_BE_CARRIED_OUT = frozenset({"awaiting sign-off", "signed", "awaiting freeze"})

ChangeOrNone = Annotated[
    str | None, typer.Argument(help="The change's id; without it those that there are are named.")
]
WatchOption = Annotated[
    bool, typer.Option("--watch", help="Go on, and show it anew when it changes, until Ctrl-C.")
]


def add_to(app: typer.Typer) -> None:
    """Give ``app`` this verb."""
    app.command()(status)


def status(
    context: typer.Context,
    client: ClientArgument,
    change: ChangeOrNone = None,
    watching: WatchOption = False,
    as_json: JsonOption = False,
) -> int:
    """Show where a change stands. Ends with the exit status of that outcome.

    With --watch it goes on showing it, each time that it changes, until Ctrl-C; that ends with 0.
    With --json as well, each change is one line: the whole document of --json.
    """
    session: Session = context.obj
    client = client_id(client)
    if change is None:
        raise _no_change(session, client)
    change = change_id(change)
    must_be_there(session.places, client, change)

    def look() -> Seen:
        return _look(session, client, change)

    if watching:
        dossier = session.places.dossier(client, change)
        return watch(session.out, dossier, look, as_json=as_json)
    seen = look()
    session.result(
        seen.as_dict(),
        as_json=as_json,
        show=lambda console: show_outcome(
            console, seen.outcome, going_on(seen.outcome) if seen.running is not None else None
        ),
    )
    return seen.outcome.exit_status


def _no_change(session: Session, client: str) -> InputError:
    """The error that tells which changes there are."""
    if not session.places.inventory(client).is_dir():
        return no_such_client(session.places, client)
    return InputError(
        "no-change",
        f"No change of client {client} was named; {changes_of(session.places, client)}.",
        f"Name one: sluis status {client} CHANGE",
    )


def _look(session: Session, client: str, change: str) -> Seen:
    found, material, running = outcome_now(session.places, client, change, session.now())
    if found.state in _TO_BE_CARRIED_OUT and (blocking := in_the_way(session.places, material)):
        # a sign-off stands by itself, but what it is for cannot be carried out any more
        told = {
            "next": blocking[0].remedy,
            "missing": (*(reason.sentence for reason in blocking), *found.missing),
        }
        found = found.model_copy(update=told)
    if found.state == "not prepared" and (how := _not_described(session, client, change)):
        found = found.model_copy(update={"next": how})
    return Seen(found, running)


def _not_described(session: Session, client: str, change: str) -> str | None:
    """How to describe a change of which prepare would say that nobody has."""
    try:
        described_playbook(session.places, client, change, ambiguous=True)
    except InputError as error:
        return error.remedy if error.code in ("no-such-change", "not-described") else None
    return None
