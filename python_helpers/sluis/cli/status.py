"""``sluis status``: where a change stands, from its ledger."""

from __future__ import annotations

from typing import Annotated

import typer

from sluis.cli.change_run import ChangeArgument, ClientArgument, JsonOption, must_be_there
from sluis.cli.session import Session
from sluis.cli.show_outcome import show_outcome
from sluis.cli.status_watch import Seen, going_on, watch
from sluis.dossier.material import read_material
from sluis.dossier.outcome import outcome
from sluis.places import change_id, client_id
from sluis.runbook.lock import run_going_on

WatchOption = Annotated[
    bool, typer.Option("--watch", help="Go on, and show it anew when it changes, until Ctrl-C.")
]


def add_to(app: typer.Typer) -> None:
    """Give ``app`` this verb."""
    app.command()(status)


def status(
    context: typer.Context,
    client: ClientArgument,
    change: ChangeArgument,
    watching: WatchOption = False,
    as_json: JsonOption = False,
) -> int:
    """Show where a change stands. Ends with the exit status of that outcome.

    With --watch it goes on showing it, each time that it changes, until Ctrl-C; that ends with 0.
    With --json as well, each change is one line: the whole document of --json.
    """
    session: Session = context.obj
    client, change = client_id(client), change_id(change)
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


def _look(session: Session, client: str, change: str) -> Seen:
    now = session.now()
    material = read_material(session.places, client, change, now)
    running = run_going_on(material.dossier)
    found = outcome(material, now)
    if running is not None:
        # what looks half done may just be under way
        found = found.model_copy(update={"next": f"Wait for the run to end: {running}."})
    return Seen(found, running)
