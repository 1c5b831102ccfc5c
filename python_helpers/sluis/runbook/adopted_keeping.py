"""A backup that was adopted is asked for again, like a copy of our own (decision 0246).

It lies where the client's own program put it: in a repository of restic, or on a disk as folders,
archives or dumps. The machine that read it then is asked whether it is still there, as it was.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sluis.border import codec
from sluis.border.parts import Secrets, StoreSecrets
from sluis.border.strict_json import WrongError
from sluis.border.verbs.asset_copies import Generation
from sluis.border.verbs.asset_kept import Answer, Copy, Request
from sluis.evidence.predicates import Machine, Reason
from sluis.runbook.done import Done
from sluis.runbook.run import OpenDossier, Run, now
from sluis.runbook.snapshot_keeping import (
    Call,
    Proven,
    asked,
    proven_copies,
    refuse,
    take_back,
)
from sluis.runbook.snapshot_settings import SnapshotSettings
from sluis.runbook.snapshot_taking import read_scope
from sluis.scope.model import required_level
from sluis.snapshot.adopt_restic import DIFFERS

#: how the engine of a copy in a repository begins; a copy on a disk has its kind there
_RESTIC = "restic"


@dataclass(frozen=True)
class _Generation:
    """A copy that a proof rests on; ``level`` is what falls when it is gone."""

    level: str
    id: str
    of: Generation


def ask_for_adopted(
    run: Run,
    dossier: OpenDossier,
    machine: Machine,
    settings: SnapshotSettings,
    call: Call,
    *,
    stops: bool,
) -> Done:
    """Ask for each proven backup that a host adopted, and take back the proof of what is gone.

    Args:
        run: the current run.
        dossier: where proofs are read, and taken back.
        machine: the assets' host, which read the backup when it was adopted.
        settings: the role's variables.
        call: runs ``look_for_kept`` there.
        stops: a backup that is gone ends the run. Without it prepare makes a copy of our own.

    Raises:
        RefusedError: ``copy-gone`` or ``store-damaged``.
        SluisError: nobody can tell.
    """
    kept, lost = Done(), list[Reason]()
    assets = read_scope(run).assets_on(machine.host)
    for one in proven_copies(dossier.ledger.read(now()), assets, adopted=True):
        found, ran = _not_kept(one, settings, call, machine.host)
        if found is None:
            kept.lines.append(f"{one.asset.id}: the backup that was adopted is still there")
            continue
        level, code, detail = found
        take_back(dossier, kept, one, machine, level, detail, ran)
        lost.append(
            Reason(
                code=code,
                about=one.asset.id,
                sentence=f"{one.asset.id}: {detail}. It was proven as a backup of the client's "
                "own."[:3900],
                remedy="Nothing was changed. Find out what became of it. Then have a copy of our "
                f"own made, proven and signed: sluis prepare {run.client} {run.change}; or have "
                f"the backup run and judged again: sluis adopt {run.client} {run.change}",
            )
        )
    if lost and stops:
        refuse(dossier, machine.host, lost)
    return kept


def _not_kept(
    one: Proven, settings: SnapshotSettings, call: Call, host: str
) -> tuple[tuple[str, str, str] | None, tuple[str, ...]]:
    """Level, code and words of what does not hold any more, and what was asked."""
    ran: tuple[str, ...] = ()
    generations = list(_generations(one))
    if not generations:
        return ("V0", "copy-gone", _NOT_NAMED), ran
    for generation in generations:
        request = _request(one, generation, settings)
        if request is None:
            return ("V0", "copy-gone", _NOT_NAMED), ran
        secrets = Secrets(settings.backup_secrets.get(one.asset.id, StoreSecrets()))
        answer = asked(call, request, secrets, host)
        ran = (*ran, *answer.ran)
        found = _judged(generation, answer)
        if found is not None:
            return found, ran
    return None, ran


_NOT_NAMED = "the settings (snapshot_and_verify_adopt) do not say any more where its backup lies"


def _judged(generation: _Generation, answer: Answer) -> tuple[str, str, str] | None:
    which = "copy" if generation.level == "V0" else "older copy"
    if answer.gone:
        return generation.level, "copy-gone", f"the {which} {generation.of.name} is not there now"
    if answer.damaged is not None:
        level = "V2" if generation.level == "V0" else generation.level
        detail = f"the {which} {generation.of.name} is not as it was proven: {answer.damaged}"
        return level, "store-damaged", detail
    return None


def _generations(one: Proven) -> Iterator[_Generation]:
    """The newest copy, and the older one that differs when the proof needs it."""
    body = one.taken.body
    known = list(_recorded(body.made_by.get("generations")))
    if not known:
        return
    yield _Generation("V0", body.snapshot_id, known[0])
    if required_level(one.asset) != "V6" or (one.proof.body.reached or "") < "V6":
        return
    mark = known[0].content
    for older in known[1:]:
        if older.content is not None and older.content != mark:
            yield _Generation("V6", older.content.removeprefix(DIFFERS), older)
            return


def _recorded(generations: Any) -> Iterator[Generation]:
    for one in generations if isinstance(generations, list) else ():
        try:
            yield codec.load(Generation, one)
        except WrongError:
            return


def _request(one: Proven, generation: _Generation, settings: SnapshotSettings) -> Request | None:
    """The question for one copy; ``None``: nobody knows any more where to ask."""
    body, backup = one.taken.body, settings.adopt.get(one.asset.id)
    if backup is None:
        return None
    if body.engine.startswith(_RESTIC):
        if backup.store is None:
            return None
        return Request(
            backup.store,
            (generation.id,),
            restic=settings.restic,
            patience=settings.patience,
        )
    newest = generation.level == "V0"
    items, size = (body.items, body.bytes) if newest else (generation.of.items, generation.of.bytes)
    of = generation.of
    copy = Copy(
        generation.id, of.name, of.time, items, size, of.size, of.leads_to, of.touched
    )  # fmt: skip
    return Request(None, (), copies=(copy,))
