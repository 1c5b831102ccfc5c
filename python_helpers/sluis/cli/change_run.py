"""Running one phase of a change, from the lock to the outcome."""

from __future__ import annotations

import shlex
from dataclasses import asdict
from typing import Annotated, Literal

import typer
from rich.console import Console

from sluis.cli.one_run import newest, one_run
from sluis.cli.plainly import plainly
from sluis.cli.progress import Form
from sluis.cli.runner import Phase, Playbook, RunReport
from sluis.cli.session import Session
from sluis.cli.show_outcome import show_outcome
from sluis.cli.told_errors import not_in_the_outcome, said_why, told_errors
from sluis.cli.written import read_in_a_clean_place
from sluis.cli.wrong_input import wrong_input
from sluis.dossier.material import Material
from sluis.dossier.outcome import Outcome, outcome
from sluis.dossier.waiver_words import drafted_for
from sluis.errors import InputError, RefusedError
from sluis.places import Places, change_id, client_id
from sluis.plan.faults import WrittenError
from sluis.runbook.no_file import refuse_what_is_no_file
from sluis.runbook.not_there import must_be_there, no_such_client, not_described
from sluis.scope.load import load_scope

#: what an engineer describes a change in, as a file of that name
_DESCRIBED: tuple[Playbook, ...] = ("update", "restore")

ClientArgument = Annotated[str, typer.Argument(help="The client's id.", show_default=False)]
ChangeArgument = Annotated[str, typer.Argument(help="The change's id.", show_default=False)]
JsonOption = Annotated[
    bool, typer.Option("--json", help="One JSON document on standard output, nothing else.")
]
ProgressOption = Annotated[
    Form,
    typer.Option(
        "--progress",
        help="How progress is told on standard error: json is one event a line.",
    ),
]
PlaybookOption = Annotated[
    Literal["update", "restore", "tenant_migration"] | None,
    typer.Option(
        help="Which runbook. By itself: the one that the change's folder describes.",
        show_default=False,
    ),
]
TimeLimitOption = Annotated[
    int | None,
    typer.Option(min=1, help="Stop the run after so many minutes.", show_default=False),
]


def run_phase(
    session: Session,
    phase: Phase,
    client: str,
    change: str,
    *,
    playbook: Playbook | None,
    time_limit: int | None,
    as_json: bool,
    again: bool = False,
) -> int:
    """Run ``phase`` and report the outcome that the ledger shows afterwards.

    Args:
        session: this call of ``sluis``.
        phase: ``prepare`` or ``apply``.
        client: client id, as typed.
        change: change id, as typed.
        playbook: which runbook, or ``None`` for the one that the change describes.
        time_limit: minutes, or ``None``.
        as_json: print one JSON document.
        again: prepare also what is applied and verified.

    Returns:
        The exit status.

    Raises:
        RefusedError: ``already-applied``.
    """
    places, client, change = session.places, client_id(client), change_id(change)
    chosen = playbook or described_playbook(places, client, change)
    load_scope(places.change(client, change) / "scope.yml")  # a mistake in it: say so at once
    unlocked = session.operator()
    with one_run(session, client, change, phase) as held:
        before = held.material()
        if phase == "prepare" and not again:
            _must_not_be_applied(session, before)
        since = newest(before)
        report = held.play(
            chosen, phase=phase, time_limit=time_limit, passphrase=unlocked.passphrase
        )
        with session.doing("Reading the ledger: what is proven, signed and done"):
            after = held.material()
    if report.ended == "without a word":
        # Ansible could not even begin: a list of hosts that is none is said in our words
        faults = read_in_a_clean_place(places, client, change, chosen).faults
        unread = [one for one in faults if one.code == "inventory-not-readable"]
        if unread:
            raise WrittenError(unread)
    if phase == "prepare" and newest(after) == since and (wrong := wrong_input(report)):
        raise wrong
    found = outcome(
        after,
        session.now(),
        asked=phase,
        since=since,
        ended_well=report.ended == "by itself",
        told=said_why(report.errors),
        drafted=drafted_for(places.change(client, change)),
    )
    session.result(
        found.model_dump(mode="json") | {"run": report.as_dict()},
        as_json=as_json,
        show=lambda console: _show(console, found, report),
    )
    return found.exit_status


def _must_not_be_applied(session: Session, material: Material) -> None:
    """Refuse to lay down a plan over one that is applied and verified."""
    found = outcome(material, session.now())
    if found.state != "applied and verified":
        return
    client, change = material.client, material.change
    raise RefusedError(
        "already-applied",
        f"{change} is applied and verified. A new plan would take its place, and the change would "
        "be awaiting sign-off once more. Nothing was prepared.",
        "For something else to be done, begin another change, under an id of its own. "
        f"To do this one once more: sluis prepare {client} {change} --again",
    )


def described_playbook(
    places: Places, client: str, change: str, *, ambiguous: bool = False
) -> Playbook:
    """The runbook that the change's folder describes, from the file that lies in it.

    A move between tenants is described by its scope alone, which names the job 'migration'.

    Args:
        places: the project.
        client: client id.
        change: change id.
        ambiguous: whether it may describe both; then the first is given.

    Raises:
        InputError: ``no-such-change``, ``not-described``, ``not-a-file``, or ``which-playbook``
            when it describes both.
    """
    folder = places.change(client, change)
    inventory = places.inventory(client)
    if inventory.is_symlink() or not inventory.is_dir():
        raise no_such_client(places, client)
    must_be_there(places, client, change)
    scope = folder / "scope.yml"
    job = load_scope(scope).document.job if scope.is_file() else None
    if job == "migration":
        # whatever else lies there: "sluis new" lays an update.yml beside every scope
        return "tenant_migration"
    found = [name for name in _DESCRIBED if (folder / f"{name}.yml").is_file()]
    if not found:
        refuse_what_is_no_file(places, client, change)
        raise not_described(places, client, change, job)
    chosen: Playbook = "restore" if job == "restore" and "restore" in found else found[0]
    both = both_described(places, client, change, chosen)
    if both is not None and not ambiguous:
        raise both
    return chosen


def both_described(places: Places, client: str, change: str, meant: Playbook) -> InputError | None:
    """What is wrong with a change that describes an update and a restore; ``None`` when not both.

    Args:
        places: the project.
        client: client id.
        change: change id.
        meant: the one that its scope speaks of, or the first.
    """
    folder = places.change(client, change)
    if meant not in _DESCRIBED or not all((folder / f"{one}.yml").is_file() for one in _DESCRIBED):
        return None
    kept, other = f"{meant}.yml", "update.yml" if meant == "restore" else "restore.yml"
    path = folder.relative_to(places.root) / other
    return InputError(
        "which-playbook",
        f"{folder} describes an update and a restore.",
        f"Keep one: {kept} is for a scope with the job {meant!r}. Then {other} goes: "
        f"rm {shlex.quote(str(path))}. Otherwise say which one with --playbook.",
    )


def _show(console: Console, found: Outcome, report: RunReport) -> None:
    show_outcome(console, found)
    if report.ended == "cancelled":
        console.print("You stopped the run. The ledger knows what was done; see above.")
    elif report.ended == "out of time":
        console.print("The run took too long and was stopped. The ledger knows what was done.")
    for words in told_errors(not_in_the_outcome(report.errors, found)):
        console.print(words, markup=False, soft_wrap=True)
    # said hours ago, far above: whoever is about to ask the client to sign reads it here
    for words in told_errors(asdict(one) for one in report.went_on_with):
        console.print(f"did not stop it: {words}", markup=False, soft_wrap=True)
    for trouble in report.troubles:
        console.print(plainly(trouble), markup=False, soft_wrap=True)
    console.print(f"Log: {report.log}", markup=False, soft_wrap=True)
