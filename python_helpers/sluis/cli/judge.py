"""``sluis judge``: the operator's recorded judgement about a step that may have half run.

Nobody but a person who looked at the host can tell. What they found becomes a
statement, under their own key.
"""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from sluis.cli.ask_client import terminal_of
from sluis.cli.change_run import ChangeArgument, ClientArgument, JsonOption
from sluis.cli.lock import only_run
from sluis.cli.session import Session
from sluis.cli.show_outcome import show_outcome
from sluis.dossier.material import Material, read_material
from sluis.dossier.outcome import outcome
from sluis.errors import InputError
from sluis.evidence.anchors import load_anchors
from sluis.evidence.ledger import Ledger
from sluis.evidence.predicates import Step
from sluis.gate.steps import step_states
from sluis.places import change_id, client_id
from sluis.plan.faults import did_you_mean
from sluis.runbook.not_there import must_be_there

Judgement = Literal["run again", "counts as done"]
JUDGEMENTS: tuple[Judgement, Judgement] = ("run again", "counts as done")


def add_to(app: typer.Typer) -> None:
    """Give ``app`` this verb."""
    app.command()(judge)


def judge(
    context: typer.Context,
    client: ClientArgument,
    change: ChangeArgument,
    step: Annotated[str, typer.Argument(help="The step's id.", show_default=False)],
    host: Annotated[str, typer.Option(help="On which host.", show_default=False)],
    judgement: Annotated[
        str | None,
        typer.Option(
            "--as",
            help="What you found: 'run again' or 'counts as done'. Asked when it is left out.",
            show_default=False,
        ),
    ] = None,
    why: Annotated[
        str | None, typer.Option(help="What you looked at, in a sentence.", show_default=False)
    ] = None,
    as_json: JsonOption = False,
) -> int:
    """Record what you found about a step that failed or that may have half run."""
    session: Session = context.obj
    places, client, change = session.places, client_id(client), change_id(change)
    must_be_there(places, client, change)
    _judgeable(read_material(places, client, change, session.now()), step, host)
    found_as = _judgement(session, judgement)
    if why is None:
        why = terminal_of(session.err, 'or say what you looked at with --why "…".').line(
            "What did you look at? In a sentence:"
        )
    if not why.strip():
        raise InputError("no-reason", "A judgement needs a reason.", "Say what you looked at.")
    key = session.operator().key
    dossier = places.dossier(client, change)
    # A step that is running now cannot be judged: hence the lock.
    with only_run(dossier, "judge", session.now()):
        material = read_material(places, client, change, session.now())
        plan_object, call_sha256 = _judgeable(material, step, host)
        ledger = Ledger(dossier, load_anchors(places.trust(client), client), client, change)
        ledger.append(
            Step(
                step=step,
                host=host,
                state="judged",
                plan_object=plan_object,
                call_sha256=call_sha256,
                judgement=found_as,
                detail=why.strip()[:2000],
            ),
            key=key,
            now=session.now(),
        )
        now = session.now()
        found = outcome(read_material(places, client, change, now), now)
    session.result(
        {
            "schema_version": 1,
            "exit_status": 0,
            "judged": {"step": step, "host": host, "judgement": found_as},
            "outcome": found.model_dump(mode="json"),
        },
        as_json=as_json,
        show=lambda console: show_outcome(console, found),
    )
    return 0


def _judgement(session: Session, given: str | None) -> Judgement:
    """What the operator found; asked at a terminal, until it is one of the two."""
    again, done = JUDGEMENTS
    ways: dict[str | None, Judgement] = {"1": again, "2": done, again: again, done: done}
    if given is not None and given not in JUDGEMENTS:
        raise InputError(
            "no-such-judgement",
            f"{given[:80]!r} is no judgement.",
            "Write: --as 'run again' or: --as 'counts as done'.",
        )
    if given is None:
        terminal = terminal_of(
            session.err, "or say what you found with --as 'run again' or --as 'counts as done'."
        )
        while given not in ways:
            given = terminal.line("What did you find? 1 = run again, 2 = counts as done:").strip()
    return ways[given]


def _judgeable(material: Material, step: str, host: str) -> tuple[str, str]:
    """The plan and the call that a judgement is about."""
    material.must_hold()
    material.must_be_open(f"a judgement about {step[:80]} on {host[:80]}")
    states = (
        {} if material.plan_object is None else step_states(material.view, material.plan_object)
    )
    _must_be_planned(material, step, host)
    found = states.get((step, host))
    if (
        found is None
        or material.plan_object is None
        or found.call_sha256 is None
        or found.state not in ("failed", "maybe half run")
    ):
        waiting = [
            f"{item.step} on {item.host}"
            for item in states.values()
            if item.state in ("failed", "maybe half run")
        ]
        raise InputError(
            "nothing-to-judge",
            f"Step {step[:80]!r} on {host[:80]!r} is {found.state if found else 'not started'}.",
            f"Only these wait for a judgement: {', '.join(waiting) or 'none'}.",
        )
    return material.plan_object, found.call_sha256


def _must_be_planned(material: Material, step: str, host: str) -> None:
    """Refuse a step that the plan does not have, or not on that host, with those that it has."""
    if material.plan is None:
        return
    steps = {(one.step, one.host): None for one in material.plan.steps}
    names = list(dict.fromkeys(name for name, _ in steps))
    hosts = [of for name, of in steps if name == step]
    if host in hosts:
        return
    if hosts:
        what = f"The plan has the step {step} on {', '.join(hosts)}, and not on {host[:80]!r}."
        remedy = did_you_mean(host, hosts, f"Say which one: --host {hosts[0]}")
    else:
        what = f"The plan has no step {step[:80]!r}. It has: {', '.join(names)}."
        remedy = did_you_mean(step, names, "Name one of these.")
    raise InputError("no-such-step", what, remedy)
