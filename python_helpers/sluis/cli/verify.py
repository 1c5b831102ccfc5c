"""``sluis verify``: check a whole dossier, offline, years later."""

from __future__ import annotations

import os
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
from sluis.counted import counted
from sluis.errors import EXIT_FAILED, InputError
from sluis.evidence.anchors import load_anchors
from sluis.evidence.ledger import Ledger
from sluis.evidence.verify import Verdict, verify_dossier
from sluis.places import change_id, client_id

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
            help="The client's trust folder, when you are not in the client's project.",
            show_default=False,
        ),
    ] = None,
    client: Annotated[
        str | None,
        typer.Option(
            help="Whose dossier it is. By itself: the folder above it.", show_default=False
        ),
    ] = None,
    change: Annotated[
        str | None,
        typer.Option(
            help="Which change it is about. By itself: the folder's name.", show_default=False
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
    folder = _folder(session, dossier)
    whose = client_id(client) if client is not None else _whose(session, trust, folder)
    expected = change_id(change) if change is not None else None
    believed = _trust(session, trust, folder, whose)
    anchors = load_anchors(believed, whose)
    verdict = verify_dossier(folder, anchors, session.now(), head, change=expected)
    if accept_head:
        if head is None or not verdict.holds:
            raise InputError(
                "cannot-accept",
                "A head can be accepted only when it is given and the dossier holds.",
                "Give the head as it was mailed, with --head; look at what does not hold first.",
            )
        ledger = Ledger(folder, anchors, whose, verdict.change)
        ledger.accept_head(head.lower(), key=session.operator().key, now=session.now())
        verdict = verify_dossier(folder, anchors, session.now(), head, change=expected)
    session.result(
        {"schema_version": 1, "trust": str(believed), **verdict.as_dict()},
        as_json=as_json,
        show=lambda console: _show(console, folder, believed, verdict),
    )
    return 0 if verdict.holds else EXIT_FAILED


def _folder(session: Session, dossier: Path) -> Path:
    """The dossier's place as it was named. Links in it are left, so that they are seen.

    A path is one from where the user stands; when nothing is there, from the project's folder:
    the other verbs work in any folder of a project.
    """
    path = dossier.absolute()
    if not dossier.is_absolute() and not os.path.lexists(path):
        try:
            inside = session.places.root / dossier
        except InputError:
            inside = path
        path = inside if os.path.lexists(inside) else path
    return path.resolve() if ".." in path.parts else path


def _whose(session: Session, trust: Path | None, folder: Path) -> str:
    """The client, by the folder above the dossier; of a copy that says nothing."""
    name, known = folder.parent.name, True
    try:
        client_id(name)
        if trust is None:
            known = session.places.trust(name).is_dir()
    except InputError as error:
        known = error.code == "no-project"  # said where the keys are looked for
    if known:
        return name
    there = sorted(one.parent.name for one in folder.glob("*/statements"))
    if there:
        raise InputError(
            "which-dossier",
            f"{folder} is no dossier; it holds those of {', '.join(there[:20])}.",
            f"Name one: sluis verify {folder / there[0]}",
        )
    raise InputError(
        "which-client",
        f"Whose dossier {folder} is cannot be told: it lies in {name[:80]!r}, which is no client "
        "of this project. A copy keeps its content and not its place.",
        f"Name whose it is: sluis verify {folder} --client CLIENT --change CHANGE",
    )


def _trust(session: Session, named: Path | None, dossier: Path, client: str) -> Path:
    """Whose keys to believe: those of the caller, or of the project that we are in.

    Never those beside the dossier: a forged dossier brings its own.
    """
    command = f"sluis verify {dossier} --trust FOLDER"
    if named is None:
        try:
            return session.places.trust(client)
        except InputError:
            raise InputError(
                "no-trust-folder",
                "Whose keys to believe is not known: this is not a project's folder.",
                f"Run: {command}, where FOLDER holds the keys of {client} "
                f"(inventories/trust/{client}) and did not come with the dossier.",
            ) from None
    if named.resolve().is_relative_to(dossier.resolve()):
        raise InputError(
            "trust-inside-dossier",
            f"{named} lies in the dossier itself, so it says nothing about whom to believe.",
            f"Run: {command}, where FOLDER holds keys that did not come with the dossier.",
        )
    return named


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
            f" ({counted(failed, 'thing does', 'things do')} not, {unknown} could not be checked).",
        ),
        soft_wrap=True,
    )
    console.print(
        f"head: {verdict.head or 'none'} ({counted(verdict.statements, 'statement')})\n"
        f"dossier: {dossier}\nkeys believed: {believed}",
        markup=False,
        soft_wrap=True,
    )
