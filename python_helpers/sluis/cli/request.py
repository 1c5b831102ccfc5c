"""``sluis request``: the file that a client who is elsewhere reads, fills in and signs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from sluis.cli.change_run import ChangeArgument, ClientArgument, JsonOption
from sluis.cli.open_dossier import drafted_waiver, open_dossier
from sluis.cli.session import Session
from sluis.cli.tree_now import still_alive
from sluis.scope.model import Language
from sluis.signoff.proposal import propose, propose_waiver
from sluis.signoff.request import build_request, build_waiver_request, write_request
from sluis.signoff.ssh_signature import NAMESPACE

LanguageOption = Annotated[
    Language | None,
    typer.Option(help="By itself: the scope's own.", show_default=False),
]


def add_to(app: typer.Typer) -> None:
    """Give ``app`` this verb."""
    app.command()(request)


def request(
    context: typer.Context,
    client: ClientArgument,
    change: ChangeArgument,
    output: Annotated[Path, typer.Option(help="The folder to write the file into.")] = Path(),
    waiver: Annotated[
        str | None,
        typer.Option(
            help="Ask for the waiver that was drafted for this asset.", show_default=False
        ),
    ] = None,
    language: LanguageOption = None,
    as_json: JsonOption = False,
) -> int:
    """Write what the client has to read and sign with their own SSH key, and record it."""
    session: Session = context.obj
    dossier = open_dossier(session, client, change)
    now = session.now()
    if waiver is None:
        proposal = propose(dossier, now)
        still_alive(session, dossier)
        offer = build_request(dossier, proposal, now=now, language=language)
    else:
        draft, others = drafted_waiver(dossier, waiver)
        offer = build_waiver_request(
            propose_waiver(dossier, now), draft, others, now=now, language=language
        )
    path, shown = write_request(dossier, output.resolve(), now=now, offer=offer)
    until = offer.request.expires_at
    session.result(
        {
            "schema_version": 1,
            "exit_status": 0,
            "client": dossier.client,
            "change": dossier.change,
            "purpose": offer.request.purpose,
            "file": str(path),
            "reference": offer.request.digest(),
            "shown": shown.sha256,
            "expires_at": until.isoformat(),
            "namespace": NAMESPACE,
        },
        as_json=as_json,
        show=lambda console: _show(
            console, path, f"{until:%Y-%m-%d %H:%M} UTC", f"{dossier.client} {dossier.change}"
        ),
    )
    return 0


def _show(console: Console, path: Path, until: str, about: str) -> None:
    console.print(
        f"Wrote {path}\n"
        f"Send it to the client. They fill it in and sign it, until {until}, with:\n"
        f"  ssh-keygen -Y sign -n {NAMESPACE} -f THEIR-KEY {path.name}\n"
        f"Then record both files with:\n"
        f"  sluis sign {about} --signature {path.name}.sig",
        markup=False,
        soft_wrap=True,
    )
