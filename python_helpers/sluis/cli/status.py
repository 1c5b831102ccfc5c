"""``sluis status``: where a change stands, from its ledger."""

from __future__ import annotations

import typer

from sluis.cli.change_run import ChangeArgument, ClientArgument, JsonOption
from sluis.cli.lock import run_going_on
from sluis.cli.session import Session
from sluis.cli.show_outcome import show_outcome
from sluis.dossier.material import read_material
from sluis.dossier.outcome import outcome
from sluis.places import change_id, client_id


def add_to(app: typer.Typer) -> None:
    """Give ``app`` this verb."""
    app.command()(status)


def status(
    context: typer.Context,
    client: ClientArgument,
    change: ChangeArgument,
    as_json: JsonOption = False,
) -> int:
    """Show where a change stands. Ends with the exit status of that outcome."""
    session: Session = context.obj
    now = session.now()
    material = read_material(session.places, client_id(client), change_id(change), now)
    running = run_going_on(material.dossier)
    found = outcome(material, now)
    if running is not None:
        # what looks half done may just be under way
        found = found.model_copy(update={"next": f"Wait for the run to end: {running}."})
    session.result(
        found.model_dump(mode="json") | {"running": running},
        as_json=as_json,
        show=lambda console: show_outcome(console, found),
    )
    return found.exit_status
