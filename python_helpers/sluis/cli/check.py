"""``sluis check``: everything that would stop a change, found in seconds and said at once."""

from __future__ import annotations

from itertools import zip_longest
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from sluis.cli.change_run import ClientArgument, JsonOption, ProgressOption
from sluis.cli.checked import Checked, NotRight, check_all, likely_playbook
from sluis.cli.plainly import plainly
from sluis.cli.session import Session
from sluis.counted import counted
from sluis.places import change_id, client_id
from sluis.runbook.not_there import no_such_client


def add_to(app: typer.Typer) -> None:
    """Give ``app`` this verb."""
    app.command()(check)


def check(
    context: typer.Context,
    client: ClientArgument,
    change: Annotated[
        str | None,
        typer.Argument(help="The change's id. Without it: the client as a whole."),
    ] = None,
    progress: ProgressOption = "people",
    as_json: JsonOption = False,
) -> int:
    """Read all that was written and look at all that is out there. Changes nothing.

    It ends with 0 when nothing is wrong, with 64 when something in what you wrote is, and else
    with 1. Each thing that is wrong comes with the line to write or the GRANT to paste.
    """
    session: Session = context.obj
    session.progress = progress
    client = client_id(client)
    playbook = None
    if change is not None:
        change = change_id(change)
        playbook = likely_playbook(session.places, client, change)
    elif not session.places.inventory(client).is_dir():
        raise no_such_client(session.places, client)
    found = check_all(session, client, change, playbook)
    session.result(
        {
            "schema_version": 1,
            "exit_status": found.exit_status,
            "client": client,
            "change": change,
            "findings": [one.as_dict() for one in found.wrong],
            "not_looked_at": list(found.not_looked_at),
            "remarks": list(found.remarks),
            "run": found.run,
        },
        as_json=as_json,
        show=lambda console: _show(console, found),
    )
    return found.exit_status


def _show(console: Console, found: Checked) -> None:
    for title, written in (("What you wrote", True), ("What is out there", False)):
        some = [one for one in found.wrong if one.written is written]
        if some:
            console.print(Text(title, style="bold"))
        for one, after in zip_longest(some, some[1:]):
            same = after is not None and (after.code, after.remedy) == (one.code, one.remedy)
            _show_one(console, one, remedy=not same)
    for line in found.remarks:
        console.print(Text(f"Remark: {plainly(line)}", style="yellow"), soft_wrap=True)
    for line in found.not_looked_at:
        console.print(Text(f"Not looked at: {plainly(line)}", style="yellow"), soft_wrap=True)
    if found.wrong:
        things = counted(len(found.wrong), "thing is", "things are")
        console.print(f"{things} not right. Nothing was changed.", markup=False)
    else:
        console.print("Everything that was looked at is right. Nothing was changed.")


def _show_one(console: Console, one: NotRight, *, remedy: bool) -> None:
    """One thing. What is to be done about several in a row is said once, below the last."""
    console.print(Text(f"  ✗ {plainly(one.told)} [{one.code}]"), soft_wrap=True)
    if remedy:
        console.print(Text(f"    {plainly(one.remedy)}"), soft_wrap=True)
