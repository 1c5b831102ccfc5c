"""``sluis sign``: the client's moment. On this terminal, or by a file they signed."""

from __future__ import annotations

import shutil
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from sluis.cli.ask_client import Terminal, terminal_of
from sluis.cli.change_run import ChangeArgument, ClientArgument, JsonOption
from sluis.cli.open_dossier import OpenDossier, open_dossier
from sluis.cli.plainly import plainly
from sluis.cli.session import Session
from sluis.cli.show_outcome import show_outcome
from sluis.cli.tree_now import still_alive
from sluis.dossier.material import read_material
from sluis.dossier.no_to import question_of_the_no
from sluis.errors import EXIT_REFUSED, EvidenceError, InputError
from sluis.evidence.predicates import Waiver
from sluis.evidence.typed_words import usable_words
from sluis.runbook.alive import still_needed
from sluis.runbook.written_signers import our_slip
from sluis.signoff.attend import Attended, attend
from sluis.signoff.record import Answer, record_ssh, record_withdrawal
from sluis.signoff.waiver import load_waivers

#: what is wrong with a signature that came back, and not with the dossier
_WRONG_SIGNATURE = frozenset({"signature-not-trusted", "ssh-signature-bad"})


def add_to(app: typer.Typer) -> None:
    """Give ``app`` this verb."""
    app.command()(sign)


def sign(
    context: typer.Context,
    client: ClientArgument,
    change: ChangeArgument,
    signature: Annotated[
        Path | None,
        typer.Option(help="The .sig file that the client sent back.", show_default=False),
    ] = None,
    form: Annotated[
        Path | None,
        typer.Option(
            help="The file that was signed. By itself: the .sig file's name without .sig.",
            show_default=False,
        ),
    ] = None,
    waiver: Annotated[
        str | None,
        typer.Option(
            help="With --withdraw: take back the waiver for this asset.", show_default=False
        ),
    ] = None,
    withdraw: Annotated[
        bool, typer.Option("--withdraw", help="The client takes the sign-off (or waiver) back.")
    ] = False,
    name: Annotated[
        str | None, typer.Option(help="With --withdraw: who takes it back.", show_default=False)
    ] = None,
    role: Annotated[
        str | None, typer.Option(help="With --withdraw: in which role.", show_default=False)
    ] = None,
    why: Annotated[
        str | None, typer.Option(help="With --withdraw: why.", show_default=False)
    ] = None,
    as_json: JsonOption = False,
) -> int:
    """Record the client's answer: a yes (0) or a no (77). Nothing is ticked beforehand.

    Waivers that were drafted in the change's folder are asked for first.
    """
    session: Session = context.obj
    _check_options(signature, form, withdraw, (waiver, name, role, why))
    dossier = open_dossier(session, client, change)
    if withdraw:
        answer = _withdraw(session, dossier, name, role, why, waiver)
    elif signature is not None:
        signed = form if form is not None else _signed_file(signature)
        answer = _recorded(session, dossier, signed, signature)
    else:
        answer = _attended(session, dossier, as_json=as_json).statement
    status = EXIT_REFUSED if answer.body.decision == "no" else 0
    found = dossier.outcome(session)
    view = dossier.ledger.read(session.now())
    no_to = question_of_the_no(view, dossier.objects, answer.body)

    def show(console: Console) -> None:
        if isinstance(answer.body, Waiver) and answer.body.decision == "no":
            # where the change stands, says nothing of a waiver that nobody gave
            told = Attended("refused", answer, no_to).sentence
            console.print(Text(plainly(told)), soft_wrap=True)
        show_outcome(console, found)

    session.result(
        {
            "schema_version": 1,
            "exit_status": status,
            "answer": {**_plain(answer), "no_to": no_to},
            "outcome": found.model_dump(mode="json"),
        },
        as_json=as_json,
        show=show,
    )
    return status


def _recorded(session: Session, dossier: OpenDossier, signed: Path, signature: Path) -> Answer:
    """The signature that came back. One that does not hold is a wrong thing to give us (64)."""
    try:
        return record_ssh(
            dossier,
            signed,
            signature,
            now=session.now(),
            alive=lambda: still_alive(session, dossier),
        )
    except EvidenceError as error:
        if error.code not in _WRONG_SIGNATURE:
            raise
        slip = our_slip(session.places.trust(dossier.client), session.places.root, error)
        if slip is not None:
            raise slip from error
        raise InputError(error.code, error.what, error.remedy) from error


def _attended(session: Session, dossier: OpenDossier, *, as_json: bool) -> Attended:
    @cache
    def terminal() -> Terminal:
        return terminal_of(session.err if as_json else session.out)

    def ready() -> None:
        terminal()  # raises when nobody can read or type

    places, client, change = dossier.places, dossier.client, dossier.change
    drafts = load_waivers(places.change(client, change))
    return attend(
        dossier,
        still_needed(places, client, change, drafts, session.now()),
        lines=shutil.get_terminal_size().lines,
        tell=lambda text: terminal().tell(text),
        ask=lambda question: terminal().ask(question),
        clock=session.now,
        ready=ready,
        alive=lambda first: still_alive(session, dossier, [draft.asset for draft in first]),
    )


def _withdraw(
    session: Session,
    dossier: OpenDossier,
    name: str | None,
    role: str | None,
    why: str | None,
    asset: str | None,
) -> Answer:
    now = session.now()
    of = "the sign-off" if asset is None else f"the waiver for {asset[:80]}"
    material = read_material(dossier.places, dossier.client, dossier.change, now)
    material.must_be_open(f"taking back {of}")
    said: list[str] = []
    for option, given in (("name", name), ("role", role), ("why", why)):
        words = usable_words(given if given is not None else _asked(session, option))
        if words is None:
            raise InputError(
                "no-name" if option != "why" else "no-reason",
                f"What was given for {option} is empty or not usable.",
                "Say who takes it back, in which role, and why.",
            )
        said.append(words)
    return record_withdrawal(
        dossier, name=said[0], role=said[1], remarks=said[2], now=session.now(), asset=asset
    )


def _asked(session: Session, option: str) -> str:
    return terminal_of(
        session.err, 'or say who takes it back with --name "…" --role "…" --why "…".'
    ).line({"name": "Who takes it back?", "role": "In which role?", "why": "Why?"}[option])


def _check_options(
    signature: Path | None, form: Path | None, withdraw: bool, words: tuple[str | None, ...]
) -> None:
    wrong = None
    if withdraw and signature is not None:
        wrong = "--withdraw and --signature do not go together."
    elif form is not None and signature is None:
        wrong = "--form is only for --signature."
    elif any(word is not None for word in words) and not withdraw:
        wrong = "--waiver, --name, --role and --why are only for --withdraw."
    if wrong is not None:
        raise InputError("usage", wrong, "See: sluis sign --help")


def _signed_file(signature: Path) -> Path:
    if not signature.exists():
        raise InputError(
            "no-signature",
            f"There is no file {signature.absolute()}.",
            "Name the .sig file that the client sent back.",
        )
    if signature.suffix != ".sig":
        raise InputError(
            "usage",
            f"{signature} does not end in .sig, so the file that was signed is not known.",
            "Name it with --form.",
        )
    return signature.with_suffix("")


def _plain(answer: Answer) -> dict[str, Any]:
    body = answer.body
    until: Any = body.ends_on if isinstance(body, Waiver) else body.expires_at
    return {
        "number": answer.number,
        "statement": answer.sha256,
        "kind": answer.kind,
        "asset": body.asset if isinstance(body, Waiver) else None,
        "decision": body.decision,
        "tier": body.tier,
        "signer_name": body.signer_name,
        "signer_role": body.signer_role,
        "remarks": body.remarks,
        "counts_until": None if until is None else until.isoformat(),
    }
