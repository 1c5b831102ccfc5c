"""``sluis freeze``: the client says that nobody writes in the old place any more."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

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
from sluis.evidence.ledger import Ledger, View
from sluis.evidence.predicates import Freeze
from sluis.gate.fetched import freeze_lifted
from sluis.places import change_id, client_id
from sluis.runbook.not_there import must_be_there


def add_to(app: typer.Typer) -> None:
    """Give ``app`` this verb."""
    app.command()(freeze)


def freeze(
    context: typer.Context,
    client: ClientArgument,
    change: ChangeArgument,
    told_by: Annotated[
        str | None, typer.Option(help="Who at the client said so.", show_default=False)
    ] = None,
    since: Annotated[
        str, typer.Option(help="From when: 2027-04-30T18:00+02:00. Now, when left out.")
    ] = "",
    lifted: Annotated[
        bool, typer.Option("--lifted", help="People write there again after all.")
    ] = False,
    as_json: JsonOption = False,
) -> int:
    """Record from when nobody writes where the data comes from. The last pass waits for it."""
    session: Session = context.obj
    places, client, change = session.places, client_id(client), change_id(change)
    must_be_there(places, client, change)
    material = read_material(places, client, change, session.now())
    _scope_of(material)
    if told_by is None:
        told_by = terminal_of(session.err, 'or say who told you so with --told-by "…".').line(
            "Who at the client told you so?"
        )
    if not told_by.strip():
        raise InputError("no-name", "Nobody is named.", "Say who at the client told you.")
    # that people write there again may be said by whoever sees it: it only stops us
    told_by = told_by.strip()[:200] if lifted else _as_agreed(material, told_by)
    key = session.operator().key
    dossier = places.dossier(client, change)
    with only_run(dossier, "freeze", session.now()):
        now = session.now()
        material = read_material(places, client, change, now)
        moment = _moment(since, now)
        if not lifted:
            _not_before_it_was_lifted(material.view, moment)
        body = Freeze(
            state="lifted" if lifted else "frozen",
            scope_object=_scope_of(material),
            since=moment,
            told_by=told_by,
        )
        ledger = Ledger(dossier, load_anchors(places.trust(client), client), client, change)
        ledger.append(body, key=key, now=now)
        found = outcome(read_material(places, client, change, now), now)
    session.result(
        {
            "schema_version": 1,
            "exit_status": 0,
            "freeze": body.model_dump(mode="json"),
            "outcome": found.model_dump(mode="json"),
        },
        as_json=as_json,
        show=lambda console: show_outcome(console, found),
    )
    return 0


def _scope_of(material: Material) -> str:
    """The scope that a freeze was agreed in."""
    material.must_hold()
    material.must_be_open("word of a freeze")
    if material.plan is None or material.scope is None or material.scope_object is None:
        raise InputError("no-plan", "There is no plan yet.", "Run prepare first.")
    if material.scope.freeze is None:
        raise InputError(
            "no-freeze-agreed",
            "The scope of this change speaks of no freeze, so nothing waits for one.",
            "Write 'freeze' into the scope and have it signed, or just apply.",
        )
    return material.scope_object


def _as_agreed(material: Material, told_by: str) -> str:
    """The name of who may say it, as the scope has it; anybody else's word is not theirs."""
    agreed = material.scope.freeze if material.scope is not None else None
    if agreed is None or _plain(told_by) == _plain(agreed.who):
        return agreed.who if agreed is not None else told_by.strip()
    raise InputError(
        "freeze-told-by-another",
        f"{told_by.strip()[:200]} says so, and the client agreed that {agreed.who} does.",
        f"Have {agreed.who} say it, and give that name with --told-by. If somebody else is to say "
        "it, write that name under 'freeze' in scope.yml with a new version, prepare, and have it "
        "signed anew.",
    )


def _plain(name: str) -> str:
    """A name without what a hand types differently: case and spaces."""
    return "".join(name.split()).casefold()


def _not_before_it_was_lifted(view: View, since: datetime) -> None:
    """Somebody said meanwhile that people write there, so no freeze lasts from before that."""
    lifted = freeze_lifted(view)
    if lifted is not None and since < lifted.body.since:
        raise InputError(
            "freeze-was-lifted",
            f"People wrote there again from {lifted.body.since:%Y-%m-%d %H:%M} UTC on, as "
            f"{lifted.body.told_by} said. A freeze from before that is over.",
            "Give a later moment with --since, or leave it out when it is from now on.",
        )


def _moment(since: str, now: datetime) -> datetime:
    if not since:
        return now
    try:
        moment = datetime.fromisoformat(since)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise InputError(
            "bad-time",
            f"{since[:80]!r} is no moment with a time zone.",
            "Write it like 2027-04-30T18:00+02:00.",
        )
    if moment > now:
        raise InputError(
            "not-yet",
            f"{since[:80]} is still to come.",
            "Record the freeze when it is there; until then people may write.",
        )
    return moment
