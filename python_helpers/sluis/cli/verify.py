"""``sluis verify``: check a whole dossier, offline, years later."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from sluis.cli.change_run import JsonOption
from sluis.cli.plainly import plainly
from sluis.cli.session import Session
from sluis.errors import EXIT_FAILED, InputError
from sluis.evidence.anchors import load_anchors
from sluis.evidence.ledger import Ledger
from sluis.evidence.verify import Verdict, verify_dossier
from sluis.places import client_id

_HEAD = re.compile(r"[0-9a-f]{64}")
_COLOURS = {"holds": "green", "does not hold": "bold red", "could not be checked": "yellow"}


def add_to(app: typer.Typer) -> None:
    """Give ``app`` this verb."""
    app.command()(verify)


def verify(
    context: typer.Context,
    dossier: Annotated[Path, typer.Argument(help="The dossier's folder.", show_default=False)],
    head: Annotated[
        str | None,
        typer.Option(help="The head as it was mailed to the client.", show_default=False),
    ] = None,
    trust: Annotated[
        Path | None,
        typer.Option(
            help="The client's trust folder, when the dossier is not in its project.",
            show_default=False,
        ),
    ] = None,
    client: Annotated[
        str | None,
        typer.Option(
            help="Whose dossier it is. By itself: the folder above it.", show_default=False
        ),
    ] = None,
    accept_head: Annotated[
        bool,
        typer.Option(
            "--accept-head",
            help="With --head: begin a new witness, for a dossier that was moved here.",
        ),
    ] = False,
    as_json: JsonOption = False,
) -> int:
    """Say what holds, what does not, and what could not be checked. 0 when nothing fails."""
    session: Session = context.obj
    if head is not None and not _HEAD.fullmatch(head.lower()):
        raise InputError(
            "bad-head", f"{head[:80]!r} is not a head.", "Give its 64 hexadecimal characters."
        )
    folder = dossier.resolve()
    whose = client_id(client if client is not None else folder.parent.name)
    believed = trust if trust is not None else _trust(session, folder, whose)
    anchors = load_anchors(believed, whose)
    verdict = verify_dossier(folder, anchors, session.now(), head)
    if accept_head:
        if head is None or not verdict.holds:
            raise InputError(
                "cannot-accept",
                "A head can be accepted only when it is given and the dossier holds.",
                "Give the head as it was mailed, with --head; look at what does not hold first.",
            )
        ledger = Ledger(folder, anchors, whose, verdict.change)
        ledger.accept_head(head.lower(), key=session.operator().key, now=session.now())
        verdict = verify_dossier(folder, anchors, session.now(), head)
    session.result(
        {"schema_version": 1, "trust": str(believed), **verdict.as_dict()},
        as_json=as_json,
        show=lambda console: _show(console, folder, believed, verdict),
    )
    return 0 if verdict.holds else EXIT_FAILED


def _trust(session: Session, dossier: Path, client: str) -> Path:
    """The trust folder of the project that we are in, or that the dossier lies in."""
    try:
        return session.places.trust(client)
    except InputError:
        root = dossier.parents[2] if len(dossier.parents) > 2 else dossier
        found = root / "inventories" / "trust" / client
        if found.is_dir():
            return found
        raise InputError(
            "no-trust-folder",
            f"Whose keys to believe is not known: {dossier} is in no project.",
            f"Name the client's trust folder with --trust (inventories/trust/{client}).",
        ) from None


def _show(console: Console, dossier: Path, believed: Path, verdict: Verdict) -> None:
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    for finding in verdict.findings:
        table.add_row(
            Text(finding.verdict, style=_COLOURS[finding.verdict]),
            Text(plainly(finding.about, limit=200)),
            Text(plainly(finding.detail, limit=2000)),
        )
    console.print(table)
    failed = sum(finding.verdict == "does not hold" for finding in verdict.findings)
    unknown = sum(finding.verdict == "could not be checked" for finding in verdict.findings)
    word = "holds" if verdict.holds else "does not hold"
    console.print(
        Text.assemble(
            f"{verdict.client} {verdict.change}: the dossier ",
            (word, _COLOURS[word]),
            f" ({failed} things do not, {unknown} could not be checked).",
        ),
        soft_wrap=True,
    )
    console.print(
        f"head: {verdict.head or 'none'} ({verdict.statements} statements)\n"
        f"dossier: {dossier}\nkeys believed: {believed}",
        markup=False,
        soft_wrap=True,
    )
