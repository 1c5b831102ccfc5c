"""``sluis prepare``: everything up to the plan. Changes nothing on the client's systems."""

from __future__ import annotations

from typing import Annotated

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
from sluis.cli.checked import with_the_rest
from sluis.cli.session import Session
from sluis.cli.wrong_input import WrongInputError
from sluis.errors import InputError

#: errors by which nothing else can be looked at, or that say where it was stopped and no more
_ALONE = frozenset(
    {"bad-change-id", "bad-client-id", "no-project", "no-such-change", "no-such-client",
     "not-described",
     "no-such-playbook", "which-playbook", "extra-var-not-allowed", "bad-passphrase"}
)  # fmt: skip


def add_to(app: typer.Typer) -> None:
    """Give ``app`` this verb."""
    app.command()(prepare)


def prepare(
    context: typer.Context,
    client: ClientArgument,
    change: ChangeArgument,
    playbook: PlaybookOption = None,
    time_limit: TimeLimitOption = None,
    again: Annotated[
        bool, typer.Option("--again", help="Also where the change is applied and verified.")
    ] = False,
    progress: ProgressOption = "people",
    as_json: JsonOption = False,
) -> int:
    """Make and prove the snapshots, and lay down the plan. Ends as awaiting sign-off (75).

    What 'sluis check' looks at is looked at first, and all that is wrong is said at once.
    A change that is applied and verified stays so (77), unless --again says to plan it anew.
    """
    session: Session = context.obj
    session.progress = progress
    try:
        return run_phase(
            session,
            "prepare",
            client,
            change,
            playbook=playbook,
            time_limit=time_limit,
            as_json=as_json,
            again=again,
        )
    except InputError as error:
        if error.code in _ALONE or isinstance(error, WrongInputError):
            raise
        raise with_the_rest(session, client, change, error) from error
