"""``sluis prepare``: everything up to the plan. Changes nothing on the client's systems."""

from __future__ import annotations

import typer

from sluis.cli.change_run import (
    ChangeArgument,
    ClientArgument,
    JsonOption,
    PlaybookOption,
    TimeLimitOption,
    run_phase,
)


def add_to(app: typer.Typer) -> None:
    """Give ``app`` this verb."""
    app.command()(prepare)


def prepare(
    context: typer.Context,
    client: ClientArgument,
    change: ChangeArgument,
    playbook: PlaybookOption = None,
    time_limit: TimeLimitOption = None,
    as_json: JsonOption = False,
) -> int:
    """Make and prove the snapshots, and lay down the plan. Ends as awaiting sign-off (75)."""
    return run_phase(
        context.obj,
        "prepare",
        client,
        change,
        playbook=playbook,
        time_limit=time_limit,
        as_json=as_json,
    )
