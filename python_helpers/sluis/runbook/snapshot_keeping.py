"""A proof is of the day on which it was made: ask again whether the store still keeps the copy."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sluis.border.parts import Secrets
from sluis.border.strict_json import WrongError
from sluis.border.verb import refused
from sluis.border.verbs.asset_kept import ASSET_KEPT, Answer, Request
from sluis.errors import RefusedError
from sluis.evidence.copies import newest_copy, newest_proof
from sluis.evidence.ledger import View
from sluis.evidence.predicates import (
    LevelResult,
    Machine,
    Reason,
    Refusal,
    Snapshot,
    Verification,
)
from sluis.evidence.statements import Statement
from sluis.runbook.done import Done
from sluis.runbook.run import OpenDossier, Run, now
from sluis.runbook.snapshot_settings import SnapshotSettings
from sluis.runbook.snapshot_taking import read_scope
from sluis.scope.model import Asset, required_level
from sluis.snapshot.levels import FAILED, NOT_VERIFIED, reached

#: runs ``asset_kept`` on the verifier
Call = Callable[[Request, Secrets], Answer]


@dataclass(frozen=True)
class Proven:
    """An asset with its newest copy and the proof of it; ``older`` when the proof needs it."""

    asset: Asset
    taken: Statement[Snapshot]
    proof: Statement[Verification]
    older: str | None

    @property
    def ids(self) -> tuple[str, ...]:
        """The snapshots that the proof needs."""
        return tuple(one for one in (self.taken.body.snapshot_id, self.older) if one)


def ask_for_kept(
    run: Run,
    dossier: OpenDossier,
    host: str,
    verifier: Machine,
    settings: SnapshotSettings,
    call: Call,
    *,
    stops: bool,
) -> Done:
    """Ask the store for each copy of a host that was proven, and take back a proof of what is gone.

    Args:
        run: the current run.
        dossier: where proofs are read, and taken back.
        host: the assets' host.
        verifier: the machine that asks.
        settings: the role's variables.
        call: runs ``look_for_kept`` there.
        stops: a copy that is gone ends the run. Without it prepare makes another one.

    Raises:
        RefusedError: ``copy-gone``; ``store-damaged``, whether it ``stops`` or not: restic would
            not send again what its index says is there.
        SluisError: nobody can tell.
    """
    kept = Done()
    proven = list(proven_copies(dossier.ledger.read(now()), read_scope(run).assets_on(host)))
    here = [one for one in proven if settings.has_copy(one.taken.body)]
    for one in proven:
        if one not in here:
            # prepare makes its copy anew, on the store of today
            kept.warnings.append(
                f"{one.asset.id}: its copy is on the store {one.taken.body.store.id}, which is not "
                "asked: the settings name another one now"
            )
    if not here:
        return kept
    ids = tuple(dict.fromkeys(snapshot for one in here for snapshot in one.ids))
    request = Request(settings.store, ids, restic=settings.restic, patience=settings.patience)
    answer = asked(call, request, settings.for_verifier(), verifier.host)
    lost: list[Reason] = []
    for one in here:
        found = _not_kept(one, answer)
        if found is None:
            kept.lines.append(
                f"{one.asset.id}: its copy {one.taken.body.snapshot_id[:8]} is still on "
                f"{settings.store.id}"
            )
            continue
        level, detail = found
        take_back(dossier, kept, one, verifier, level, detail, answer.ran)
        lost.append(_reason(run, one.asset, settings.store.id, detail, level))
    if lost and (stops or answer.damaged is not None):
        refuse(dossier, host, lost)
    return kept


def asked(call: Call, request: Request, secrets: Secrets, machine: str) -> Answer:
    """What a machine says of some copies.

    Args:
        call: runs ``look_for_kept`` there.
        request: which.
        secrets: to open the store with.
        machine: that is asked, for the error.

    Raises:
        BorderError: ``bad-answer``: it speaks of a copy that nobody asked for.
        SluisError: nobody can tell.
    """
    answer = call(request, secrets)
    if not set(answer.gone) <= {*request.snapshots, *(copy.id for copy in request.copies)}:
        wrong = WrongError("names a snapshot that nobody asked for", ("gone",))
        raise refused("bad-answer", machine, ASSET_KEPT.name, wrong)
    return answer


def take_back(
    dossier: OpenDossier,
    kept: Done,
    one: Proven,
    machine: Machine,
    level: str,
    detail: str,
    ran: tuple[str, ...],
) -> None:
    """Record that a proof counts no more.

    Args:
        dossier: where it is recorded.
        kept: gets the line for the operator.
        one: the copy and its proof.
        machine: that was asked.
        level: that does not hold any more.
        detail: why.
        ran: what was asked.
    """
    body = _taken_back(one.proof.body, machine, level, detail, ran)
    subjects = {"snapshot": body.snapshot_id}
    dossier.ledger.append(body, key=dossier.key, now=now(), subjects=subjects)
    kept.changed = True
    kept.warnings.append(f"{one.asset.id}: {detail}. Its proof counts no more")


def refuse(dossier: OpenDossier, host: str, lost: list[Reason]) -> None:
    """Record that a host's copies are not kept, and end the run.

    Raises:
        RefusedError: with the code of the first.
    """
    dossier.ledger.append(Refusal(hosts=(host,), reasons=tuple(lost)), key=dossier.key, now=now())
    told = " ".join(reason.sentence for reason in lost)
    raise RefusedError(lost[0].code, told[:3900], lost[0].remedy)


def proven_copies(
    view: View, assets: Iterable[Asset], *, adopted: bool = False
) -> Iterable[Proven]:
    """The newest copy of each asset that was proven.

    Args:
        view: of the ledger.
        assets: whose.
        adopted: those that the client's own backup made, and not ours.
    """
    for asset in assets:
        taken = newest_copy(view, asset.id)
        if taken is None or (taken.body.purpose == "adopted") != adopted:
            continue
        proof = newest_proof(view, taken.sha256)
        if proof is None or proof.body.reached is None:
            continue
        older = taken.body.previous_snapshot_id if required_level(asset) == "V6" else None
        yield Proven(asset, taken, proof, older)


def _not_kept(one: Proven, answer: Answer) -> tuple[str, str] | None:
    """The level that does not hold any more, and why; ``None``: all do."""
    snapshot = one.taken.body.snapshot_id
    if snapshot in answer.gone:
        return "V0", f"the store does not show snapshot {snapshot[:8]} any more"
    if answer.damaged is not None:
        return "V2", f"not all data of snapshot {snapshot[:8]} is on the store: {answer.damaged}"
    if one.older in answer.gone:
        return "V6", f"the store does not show the older snapshot {str(one.older)[:8]} any more"
    return None


def _taken_back(
    proof: Verification, verifier: Machine, level: str, detail: str, ran: tuple[str, ...]
) -> Verification:
    """The same verdict, with what does not hold any more and all that rests on it."""
    levels = tuple(
        item
        if item.level < level
        else LevelResult(level=item.level, verdict=FAILED, detail=detail[:3000], ran=ran)
        if item.level == level
        else LevelResult(level=item.level, verdict=NOT_VERIFIED, detail=f"{level} failed")
        for item in proof.levels
    )
    compared = level == "V6"  # the copy itself still is what was compared
    return proof.model_copy(
        update={
            "levels": levels,
            "reached": reached(levels),
            "verifier": verifier,
            "compared_items": proof.compared_items if compared else 0,
            "compared_bytes": proof.compared_bytes if compared else 0,
        }
    )


def _reason(run: Run, asset: Asset, store: str, detail: str, level: str) -> Reason:
    again = f"Then have it copied, proven and signed again: sluis prepare {run.client} {run.change}"
    if level == "V2":
        return Reason(
            code="store-damaged",
            about=asset.id,
            sentence=f"{asset.id}: {detail}. It was proven, and a new copy there would need what "
            f"the store {store} lost."[:3900],
            remedy="Nothing was changed. Have the files put back on the store, or repair the "
            "repository (https://restic.readthedocs.io/en/stable/077_troubleshooting.html), or "
            f"name another path in snapshot_and_verify_store. {again}",
        )
    return Reason(
        code="copy-gone",
        about=asset.id,
        sentence=f"{asset.id}: {detail}. It was proven, and the store {store} does not keep it.",
        remedy=f"Nothing was changed. Find out who removed it, and what else is gone. {again}",
    )
