"""``sluis forecast``: hours for each route, before anything starts."""

from __future__ import annotations

from typing import Any

import typer
from rich.console import Console
from rich.text import Text

from sluis.cli.change_run import (
    ChangeArgument,
    ClientArgument,
    JsonOption,
    TimeLimitOption,
    described_playbook,
)
from sluis.cli.one_run import one_run
from sluis.cli.plainly import plainly
from sluis.cli.runner import RunReport
from sluis.cli.session import Session
from sluis.errors import EXIT_FAILED
from sluis.places import change_id, client_id
from sluis.scope.load import load_scope


def add_to(app: typer.Typer) -> None:
    """Give ``app`` this verb."""
    app.command()(forecast)


def forecast(
    context: typer.Context,
    client: ClientArgument,
    change: ChangeArgument,
    time_limit: TimeLimitOption = None,
    as_json: JsonOption = False,
) -> int:
    """Measure disk and link, and say how long each route takes. Changes nothing."""
    session: Session = context.obj
    places, client, change = session.places, client_id(client), change_id(change)
    described_playbook(places, client, change, ambiguous=True)
    load_scope(places.change(client, change) / "scope.yml")
    with one_run(session, client, change, "forecast") as held:
        report = held.play("forecast", time_limit=time_limit)
    status = 0 if report.ended == "by itself" and report.forecasts else EXIT_FAILED
    session.result(
        {
            "schema_version": 1,
            "exit_status": status,
            "client": client,
            "change": change,
            "hosts": _hosts(report),
            "run": report.as_dict(),
        },
        as_json=as_json,
        show=lambda console: _show(console, report, status),
    )
    return status


def _hosts(report: RunReport) -> list[dict[str, Any]]:
    return [{"host": host, **found} for host, found in sorted(report.forecasts.items())]


def _show(console: Console, report: RunReport, status: int) -> None:
    for found in _hosts(report):
        if not found["lines"]:
            continue
        console.print(Text(plainly(found["host"]), style="bold"))
        for line in found["lines"]:
            console.print(Text(f"  {line}"), soft_wrap=True)
    for error in report.errors:
        words = f"{error['host']}: {error['what']} {error['remedy']}"
        console.print(Text(words, style="red"), soft_wrap=True)
    if status:
        console.print(f"There is no whole forecast. Log: {report.log}", markup=False)
