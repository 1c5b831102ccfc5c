"""Where a change stands while a run of it may be going on.

What a run has not finished yet looks like what went wrong: a copy that is not proven yet, a step
that may have half run. Whoever reads only the state must be able to tell one from the other.
"""

from __future__ import annotations

from datetime import datetime

from sluis.dossier.material import Material, read_material
from sluis.dossier.outcome import Outcome, outcome
from sluis.dossier.state import State, exit_status
from sluis.dossier.waiver_words import drafted_for
from sluis.places import Places
from sluis.runbook.lock import run_going_on

_UNDER_WAY: State = "under way"
#: what a run that goes on does not excuse
_STAYS: State = "does not hold"


def read_settled(
    places: Places, client: str, change: str, now: datetime
) -> tuple[Material, str | None]:
    """A dossier, and the run that is going on in it; what a run left that ended is read whole.

    Args:
        places: the project.
        client: client id.
        change: change id.
        now: aware UTC time.
    """
    dossier = places.dossier(client, change)
    while True:
        before = run_going_on(dossier)
        material = read_material(places, client, change, now)
        running = run_going_on(dossier)
        if before is None or running is not None:
            return material, running
        # it ended while we read: the last that it wrote may not be in what we have


def while_running(found: Outcome, running: str | None) -> Outcome:
    """The same outcome as it is to be read while ``running`` goes on; the run's own is another.

    A ledger in which something is wrong is said to be so all the same.
    """
    if running is None:
        return found
    steps = tuple(
        line.model_copy(update={"state": "under way"}) if line.state == "maybe half run" else line
        for line in found.steps
    )
    told: dict[str, object] = {
        "next": f"Wait for the run to end: {running}.",
        "steps": steps,
    }
    if found.state != _STAYS:
        told |= {"state": _UNDER_WAY, "exit_status": exit_status(_UNDER_WAY), "unproven": ()}
    return found.model_copy(update=told)


def outcome_now(
    places: Places, client: str, change: str, now: datetime
) -> tuple[Outcome, Material, str | None]:
    """Where a change stands, from what material, and the run that is going on.

    Args:
        places: the project.
        client: client id.
        change: change id.
        now: aware UTC time.
    """
    material, running = read_settled(places, client, change, now)
    drafted = drafted_for(places.change(client, change))
    return while_running(outcome(material, now, drafted=drafted), running), material, running
