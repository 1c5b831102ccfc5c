"""``sluis forecast``: hours for each route, before anything starts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from sluis.cli.change_run import (
    ChangeArgument,
    ClientArgument,
    JsonOption,
    ProgressOption,
    TimeLimitOption,
    described_playbook,
)
from sluis.cli.one_run import one_run
from sluis.cli.plainly import plainly
from sluis.cli.runner import RunReport
from sluis.cli.session import Session
from sluis.cli.source_ends import as_data, exit_of, outcome_of, sentence_of, sources_since
from sluis.cli.telling import ToldOption, record_told, show_told
from sluis.cli.told_errors import told_errors
from sluis.cli.wrong_input import wrong_input
from sluis.dossier.watching import ends_of
from sluis.errors import EXIT_FAILED
from sluis.evidence.predicates import SourceEnd
from sluis.places import change_id, client_id
from sluis.scope.load import load_scope

_VERDICT_STYLES = {"too late": "bold red", "not known": "red", "tight": "yellow"}


def add_to(app: typer.Typer) -> None:
    """Give ``app`` this verb."""
    app.command()(forecast)


def forecast(
    context: typer.Context,
    client: ClientArgument,
    change: ChangeArgument,
    told: ToldOption = None,
    time_limit: TimeLimitOption = None,
    progress: ProgressOption = "people",
    as_json: JsonOption = False,
) -> int:
    """Measure disk and link, and say how long each route takes. Changes nothing.

    Of a move it also says which sources end before they can be fetched: then it ends with 77,
    and with 75 when nobody knows. With --told it measures nothing, and records who was told
    what ends near or too soon.
    """
    session: Session = context.obj
    session.progress = progress
    places, client, change = session.places, client_id(client), change_id(change)
    described_playbook(places, client, change, ambiguous=True)
    scope = load_scope(places.change(client, change) / "scope.yml").document
    if told is not None:
        return _tell(session, client, change, told, as_json=as_json)
    # what is said about sources and their end is evidence, and evidence needs a key
    fetches = any(asset.is_exported for asset in scope.assets)
    passphrase = session.operator().passphrase if fetches else None
    sources: list[SourceEnd] = []
    with one_run(session, client, change, "forecast") as held:
        since = held.newest() if fetches else 0
        report = held.play("forecast", time_limit=time_limit, passphrase=passphrase)
        if fetches:
            sources = sources_since(held.material().view, since)
    if not sources and (wrong := wrong_input(report)):
        raise wrong
    found = outcome_of(sources)
    whole = report.ended == "by itself" and report.forecasts and bool(sources) == fetches
    status = exit_of(found) if whole else EXIT_FAILED
    session.result(
        {
            "schema_version": 1,
            "exit_status": status,
            "client": client,
            "change": change,
            "hosts": _hosts(report),
            "outcome": found,
            "sources": as_data(sources),
            "run": report.as_dict(),
        },
        as_json=as_json,
        show=lambda console: _show(console, report, sources, status),
    )
    return status


def _tell(session: Session, client: str, change: str, who: str, *, as_json: bool) -> int:
    with one_run(session, client, change, "forecast") as held:
        ends = ends_of(held.material(), session.now())
        told = record_told(held, "end date", who, {line.asset: line.words for line in ends})
    session.result(
        {
            "schema_version": 1,
            "exit_status": 0,
            "client": client,
            "change": change,
            "told": told,
        },
        as_json=as_json,
        show=lambda console: show_told(console, told),
    )
    return 0


def _hosts(report: RunReport) -> list[dict[str, Any]]:
    return [{"host": host, **found} for host, found in sorted(report.forecasts.items())]


def _show(console: Console, report: RunReport, sources: Sequence[SourceEnd], status: int) -> None:
    for found in _hosts(report):
        if not found["lines"]:
            continue
        console.print(Text(plainly(found["host"]), style="bold"))
        for line in found["lines"]:
            console.print(Text(f"  {line}"), soft_wrap=True)
    for words in told_errors(report.errors):
        console.print(Text(words, style="red"), soft_wrap=True)
    _show_ends(console, sources)
    if status == EXIT_FAILED:
        console.print(
            f"There is no whole forecast. Log: {report.log}", markup=False, soft_wrap=True
        )


def _show_ends(console: Console, sources: Sequence[SourceEnd]) -> None:
    if not sources:
        return
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    for column in ("source", "hours", "done (UTC)", "ends (UTC)", "to spare", "verdict", "from"):
        table.add_column(column, overflow="fold")
    for line in sources:
        table.add_row(
            Text(plainly(line.asset)),
            Text("not known" if line.hours is None else f"{line.hours:,.2f}"),
            Text(f"{line.done:%Y-%m-%d %H:%M}" if line.done else "not known"),
            Text(f"{line.ends:%Y-%m-%d %H:%M}" if line.ends else "no end date"),
            Text("" if line.margin_hours is None else f"{line.margin_hours:,.1f} h"),
            Text(line.verdict, style=_VERDICT_STYLES.get(line.verdict, "")),
            Text(plainly(line.basis, limit=300)),
        )
    console.print(table)
    words, style = sentence_of(outcome_of(sources), sources)
    if words:
        console.print(Text(words, style=style), soft_wrap=True)
