"""``sluis landing``: what the client moves itself, how far it is, and who was told."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

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
from sluis.cli.telling import ToldOption, record_told
from sluis.cli.told_errors import told_errors
from sluis.dossier.material import Material
from sluis.dossier.watching import LandingLine, landings_of
from sluis.errors import (
    EXIT_APPLIED,
    EXIT_AWAITING_SIGNOFF,
    EXIT_FAILED,
    EXIT_REFUSED,
    EvidenceError,
)
from sluis.evidence.objects import ObjectStore
from sluis.evidence.predicates import Landing
from sluis.places import change_id, client_id
from sluis.scope.load import load_scope

AssetOption = Annotated[
    str | None,
    typer.Option(help="With --told: about which asset. By itself: all that are looked at.",
                 show_default=False),
]  # fmt: skip


#: how many paths are shown of what is not there; the dossier holds a thousand
_MOST_NAMED = 50


def add_to(app: typer.Typer) -> None:
    """Give ``app`` this verb."""
    app.command()(landing)


def landing(
    context: typer.Context,
    client: ClientArgument,
    change: ChangeArgument,
    told: ToldOption = None,
    asset: AssetOption = None,
    time_limit: TimeLimitOption = None,
    progress: ProgressOption = "people",
    as_json: JsonOption = False,
) -> int:
    """Look in the folders that the client moves data into, and record what is there.

    Ends with 0 when everything has arrived, 75 while there is time, 77 when it is too late,
    and 1 when a folder could not be looked at. With --told it looks nowhere, and records who
    was told what the newest look found.
    """
    session: Session = context.obj
    session.progress = progress
    places, client, change = session.places, client_id(client), change_id(change)
    load_scope(places.change(client, change) / "scope.yml")
    report, since = None, 0
    with one_run(session, client, change, "landing") as held:
        if told is not None:
            record_told(held, "landing", told, _newest_words(held.material(), asset))
        else:
            passphrase = session.operator().passphrase
            since = held.newest()
            report = held.play("landing", time_limit=time_limit, passphrase=passphrase)
        material = held.material()
        lines = landings_of(material, session.now())
        missing = _missing(material.dossier, lines)
    status = EXIT_APPLIED if told is not None else status_of(lines, since)
    session.result(
        {
            "schema_version": 1,
            "exit_status": status,
            "client": client,
            "change": change,
            "landings": [
                line.model_dump(mode="json") | {"missing": missing.get(line.asset, [])}
                for line in lines
            ],
            "run": report.as_dict() if report is not None else None,
        },
        as_json=as_json,
        show=lambda console: _show(console, lines, missing, report),
    )
    return status


def status_of(lines: tuple[LandingLine, ...], since: int) -> int:
    """The exit status: only a look of this run counts, and what is late is the worst.

    Args:
        lines: one for each landing folder.
        since: number of the newest statement before the run.
    """
    if any(line.late for line in lines):
        return EXIT_REFUSED
    if not lines or any(not line.seen or (line.number or 0) <= since for line in lines):
        return EXIT_FAILED
    whole = all(line.state == "everything has arrived" for line in lines)
    return EXIT_APPLIED if whole else EXIT_AWAITING_SIGNOFF


def _newest_words(material: Material, asset: str | None) -> dict[str, str]:
    """What the newest looks found, by asset."""
    return {
        s.body.asset: s.body.look.words
        for s in material.view.of(Landing)
        if s.body.look is not None and asset in (None, s.body.asset)
    }


def _missing(dossier: Path, lines: tuple[LandingLine, ...]) -> dict[str, list[str]]:
    """The first paths that are not there, or not whole, by asset."""
    store, found = ObjectStore(dossier), {}
    for line in lines:
        if line.report_object is not None:
            try:
                told = json.loads(store.get(line.report_object))
            except EvidenceError:
                continue  # erased on purpose, or lost: verify says which
            found[line.asset] = [*told["missing"], *told["other_size"]][:_MOST_NAMED]
    return found


def _show(
    console: Console,
    lines: tuple[LandingLine, ...],
    missing: Mapping[str, list[str]],
    report: RunReport | None,
) -> None:
    if not lines:
        console.print("The scope has no asset with a landing folder.")
    for line in lines:
        style = "bold red" if line.late or not line.seen else ""
        console.print(Text(plainly(line.words, limit=4000), style=style), soft_wrap=True)
        for path in missing.get(line.asset, ()):
            console.print(Text(f"  not there: {plainly(path, limit=400)}"), soft_wrap=True)
    if report is not None:
        for words in told_errors(report.errors):
            console.print(words, markup=False, soft_wrap=True)
        console.print(f"Log: {report.log}", markup=False, soft_wrap=True)
