"""``sluis apply``: carry out exactly what was signed, check it, hand it over."""

from __future__ import annotations

import typer

from sluis.cli.change_run import (
    ChangeArgument,
    ClientArgument,
    JsonOption,
    PlaybookOption,
    ProgressOption,
    TimeLimitOption,
    run_phase,
)
from sluis.cli.session import Session


def add_to(app: typer.Typer) -> None:
    """Give ``app`` this verb."""
    app.command()(apply)


def apply(
    context: typer.Context,
    client: ClientArgument,
    change: ChangeArgument,
    playbook: PlaybookOption = None,
    time_limit: TimeLimitOption = None,
    progress: ProgressOption = "people",
    as_json: JsonOption = False,
) -> int:
    """Carry out what was signed. Goes on where it stopped; a step that is done stays done."""
    session: Session = context.obj
    session.progress = progress
    return run_phase(
        session,
        "apply",
        client,
        change,
        playbook=playbook,
        time_limit=time_limit,
        as_json=as_json,
    )
