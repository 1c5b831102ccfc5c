"""``sluis request``: the file that a client who is elsewhere reads, fills in and signs."""

from __future__ import annotations

import shlex
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from sluis.cli.change_run import ChangeArgument, ClientArgument, JsonOption
from sluis.cli.open_dossier import OpenDossier, drafted_waiver, open_dossier
from sluis.cli.session import Session
from sluis.cli.tree_now import still_alive
from sluis.errors import InputError
from sluis.runbook.alive import still_needed
from sluis.scope.model import Language
from sluis.scope.one_language import in_one_language
from sluis.signoff.proposal import Proposal, propose, propose_waiver
from sluis.signoff.request import build_request, build_waiver_request, write_request
from sluis.signoff.ssh_signature import HOW_TO_ALLOW, NAMESPACE
from sluis.signoff.waiver import WaiverDraft

LanguageOption = Annotated[
    Language | None,
    typer.Option(help="By itself: the scope's own.", show_default=False),
]

#: how many places are named on the screen
_NAMED = 8
#: what of a waiver is in the operator's words
_OF_A_WAIVER = ("reason", "risk", "alternative")


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
        _must_be_needed(dossier, draft, now)
        proposal = propose_waiver(dossier, now)
        offer = build_waiver_request(proposal, draft, others, now=now, language=language)
    path, shown = write_request(dossier, output.resolve(), now=now, offer=offer)
    until = offer.request.expires_at
    other = _in_the_other(proposal, offer.request.language)
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
            "in_one_language": list(other),
        },
        as_json=as_json,
        show=lambda console: _show(
            console,
            path,
            f"{until:%Y-%m-%d %H:%M} UTC",
            f"{dossier.client} {dossier.change}",
            _told_other(offer.request.language, other),
            _nobody_known(dossier),
        ),
    )
    return 0


def _must_be_needed(dossier: OpenDossier, draft: WaiverDraft, now: datetime) -> None:
    places, client, change = dossier.places, dossier.client, dossier.change
    if still_needed(places, client, change, [draft], now):
        return
    raise InputError(
        "waiver-not-needed",
        f"What is asked of {draft.asset} is proven, so nobody is asked to accept less for it.",
        f"Take the file away: inventories/{client}/changes/{change}/waivers/{draft.asset}.yml",
    )


def _in_the_other(proposal: Proposal, language: Language) -> tuple[str, ...]:
    """Words that the client reads as they were written, in another language than was chosen."""
    if language == proposal.scope.language:
        return ()
    if proposal.plan is None:
        return _OF_A_WAIVER
    return (*in_one_language(proposal.scope), *in_one_language(proposal.plan))


def _told_other(language: Language, places: tuple[str, ...]) -> str:
    if not places:
        return ""
    named = ", ".join(places[:_NAMED])
    more = f" and {len(places) - _NAMED} more" if len(places) > _NAMED else ""
    remedy = "The words of a waiver are in one language: leave --language out."
    if places != _OF_A_WAIVER:
        remedy = (
            'Where it matters, write both, {nl: "Zo.", en: "Like this."}, prepare again and write '
            "the file anew."
        )
    return (
        f"Not all that the client reads there is in the language that was chosen ({language}): "
        f"{named}{more}. {remedy}\n"
    )


def _nobody_known(dossier: OpenDossier) -> str:
    """What is said before anything is sent: nobody whose key is not known can answer it."""
    if dossier.anchors.allowed_signers is not None:
        return ""
    how = HOW_TO_ALLOW.replace("<client>", dossier.client)
    return f"No SSH key of this client is known yet, and no answer counts before one is. {how}\n"


def _pasted(path: Path) -> str:
    """How a file is named in a command that is typed where ``sluis request`` was typed."""
    return shlex.quote(path.name if path.parent == Path.cwd() else str(path))


def _show(console: Console, path: Path, until: str, about: str, *remarks: str) -> None:
    console.print(
        f"Wrote {path}\n"
        f"{''.join(remarks)}"
        f"Send it to the client. They fill it in and sign it, until {until}, with:\n"
        f"  ssh-keygen -Y sign -n {NAMESPACE} -f THEIR-KEY {path.name}\n"
        f"Then record both files with:\n"
        f"  sluis sign {about} --signature {_pasted(path.with_name(f'{path.name}.sig'))}",
        markup=False,
        soft_wrap=True,
    )
