"""``sluis discover``: what is in the old tenants, as a draft of the scope."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import typer
from rich.console import Console

from sluis.cli.change_run import (
    ChangeArgument,
    ClientArgument,
    JsonOption,
    ProgressOption,
    TimeLimitOption,
)
from sluis.cli.one_run import one_run
from sluis.cli.plainly import plainly
from sluis.cli.runner import RunReport
from sluis.cli.session import Session
from sluis.cli.told_errors import told_errors
from sluis.counted import counted
from sluis.errors import EXIT_FAILED
from sluis.places import change_id, client_id


def add_to(app: typer.Typer) -> None:
    """Give ``app`` this verb."""
    app.command()(discover)


def discover(
    context: typer.Context,
    client: ClientArgument,
    change: ChangeArgument,
    time_limit: TimeLimitOption = None,
    progress: ProgressOption = "people",
    as_json: JsonOption = False,
) -> int:
    """Count what is in the old tenants, and draft what the scope does not name yet.

    Writes found.yml beside the scope. Changes nothing on the client's systems.
    """
    session: Session = context.obj
    session.progress = progress
    client, change = client_id(client), change_id(change)
    with one_run(session, client, change, "discover") as held:
        report = held.play("discover", time_limit=time_limit)
    found = report.drafted
    whole = report.ended == "by itself" and found is not None and not found["incomplete"]
    status = 0 if whole else EXIT_FAILED
    session.result(
        {
            "schema_version": 1,
            "exit_status": status,
            "client": client,
            "change": change,
            **(found or {"file": None, "written": False, "assets": [], "could_not": [],
                         "incomplete": []}),
            "run": report.as_dict(),
        },
        as_json=as_json,
        show=lambda console: _show(console, found, report, status),
    )  # fmt: skip
    return status


def _show(
    console: Console, found: Mapping[str, Any] | None, report: RunReport, status: int
) -> None:
    lines = []
    if found is not None:
        lines += [f"could not be seen: {line}" for line in found["could_not"]]
        lines += [f"{asset['id']}: {_counted(asset)}" for asset in found["assets"]]
        if found["file"] is None:
            lines.append("The scope names everything that was seen.")
        elif found["written"]:
            lines.append(f"Wrote {found['file']}: paste it into scope.yml and decide the rest.")
        else:
            lines.append(f"{found['file']} holds just this already.")
        if found["incomplete"]:
            lines.append("There may be more: not every list could be had.")
    lines += told_errors(report.errors)
    lines += report.troubles
    if status:
        lines.append(f"There is no whole draft. Log: {report.log}")
    for line in lines:
        console.print(plainly(line, limit=4000), markup=False, soft_wrap=True)


def _counted(asset: Mapping[str, Any]) -> str:
    figures = [counted(asset["items"], "item")] if asset["items"] is not None else ["not counted"]
    figures += [counted(asset["size"], "byte")] if asset["size"] is not None else []
    return f"{asset['name']} ({asset['kind']}): {', '.join(figures)}"
