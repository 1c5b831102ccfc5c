"""Carrying out a signed restore on one host, and recording what came of the comparison."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sluis.border.characters import clean_text
from sluis.border.parts import Secrets
from sluis.border.restores import Request, Sent
from sluis.border.verbs.asset_restore import Answer as RestoreAnswer
from sluis.border.verbs.asset_swap import Answer as SwapAnswer
from sluis.counted import counted
from sluis.errors import EvidenceError, RefusedError, SluisError
from sluis.evidence.canonical import canonical
from sluis.evidence.plans import plan_statement
from sluis.evidence.predicates import Check
from sluis.gate.demand import Evidence
from sluis.gate.steps import step_states
from sluis.runbook.judgement import read_evidence
from sluis.runbook.restore_choice import Chosen, choose, place_before, restore_id
from sluis.runbook.restore_stores import CODE as OTHER_STORE
from sluis.runbook.restore_stores import is_elsewhere, remedy_of, what_is_elsewhere
from sluis.runbook.run import RUN_ID, OpenDossier, Run
from sluis.runbook.run import now as clock
from sluis.runbook.shipping import as_failure
from sluis.runbook.snapshot_settings import SnapshotSettings

#: sends a controller file to the host and gives its path there
Send = Callable[[Path], str]
Answer = RestoreAnswer | SwapAnswer
#: runs ``asset_restore`` or ``asset_swap`` on the host
Call = Callable[[Request, Secrets], Answer]
_MOST_DETAIL = 1500

#: errors that say that something is not what was signed
_DIFFERS = ("restore-differs", "restore-worked-in", "manifest-altered", "facts-altered")

_WHAT = {
    "asset_restore": "the restored copy of {asset} equals the signed snapshot {id}",
    "asset_swap": "the data of {asset} equals the signed snapshot {id} after the swap",
}
_CHECK = {"asset_restore": "compare-{asset}", "asset_swap": "restored-{asset}"}


class NotBegunError(SluisError):
    """A restore that ended before the host was asked anything: nothing is left there."""


@dataclass(frozen=True)
class Signed:
    """A restore that the client signed and that is under way now."""

    run: Run
    dossier: OpenDossier
    evidence: Evidence
    chosen: Chosen
    host: str
    module: str


def signed_restore(
    run: Run, dossier: OpenDossier, host: str, module: str, args: Mapping[str, Any]
) -> Signed:
    """Find the signed step that this call belongs to, and the snapshot that it means.

    The guarded step has judged already. This looks again, from the other side: a task that
    calls the module without a guarded step around it has no step under way in the ledger.

    Args:
        run: the current run.
        dossier: its dossier.
        host: inventory name.
        module: ``asset_restore`` or ``asset_swap``.
        args: the arguments that the call came with.

    Raises:
        RefusedError: ``not-guarded``; and as ``choose``.
    """
    evidence = read_evidence(dossier)
    states = step_states(evidence.view, evidence.plan_object, RUN_ID)
    for step in evidence.plan.steps if evidence.plan else ():
        state = states.get((step.step, step.host))
        if (
            step.module == module
            and step.host == host
            and state is not None
            and state.state == "under way"
            and canonical(step.args) == canonical(dict(args))
        ):
            chosen = choose(run, dossier, evidence, step.args)
            return Signed(run, dossier, evidence, chosen, host, module)
    raise RefusedError(
        "not-guarded",
        f"{module} was called for {str(args.get('asset'))[:80]} without a signed step under way.",
        "Call it inside a guarded step, as the role restore_asset does. Nothing was done.",
    )


def carry_out(
    signed: Signed,
    settings: SnapshotSettings,
    send: Send,
    call: Call,
    *,
    tolerate_use: bool = False,
) -> Answer:
    """Run one step of a restore on the host, and record the comparison in the ledger.

    Args:
        signed: what to put back.
        settings: the inventory's store, connections and secrets.
        send: sends a file to the host.
        call: runs the module there.
        tolerate_use: swap even when processes have the live data open.

    Returns:
        The host's answer.

    Raises:
        SluisError: why it was not done; a check that was not passed is recorded first.
    """
    asset = signed.chosen.asset
    asked = False
    try:
        request = request_for(signed, settings, send, tolerate_use=tolerate_use)
        asked = True
        answer = call(request, settings.for_maker(asset.id))
    except SluisError as error:
        differs = error.code in _DIFFERS
        _record(signed, False if differs else None, f"{error.code}: {error.what}")
        if not asked:
            raise NotBegunError(error.code, error.what, error.remedy) from error
        raise
    _record(signed, answer.equal, _detail(signed, answer))
    return answer


def request_for(
    signed: Signed, settings: SnapshotSettings, send: Send, *, tolerate_use: bool
) -> Request:
    """What the host is asked, for either half of a restore.

    Args:
        signed: what to put back.
        settings: the inventory's store, connections and secrets.
        send: sends a file to the host.
        tolerate_use: swap even when processes have the live data open.

    Raises:
        EvidenceError: ``other-store``.
        RefusedError: ``no-plan``.
    """
    plan = plan_statement(signed.evidence.view, signed.evidence.plan_object)
    if plan is None:
        raise RefusedError("no-plan", "There is no plan to carry out.", "Run prepare first.")
    chosen, body = signed.chosen, signed.chosen.body
    asset = chosen.asset
    named = settings.store_record
    if is_elsewhere(body.store, named):
        about = f"Snapshot {body.snapshot_id[:8]} of {asset.id} lies"
        raise EvidenceError(
            OTHER_STORE,
            what_is_elsewhere(about, body.store, named),
            remedy_of(signed.host, body.store, named),
        )
    digests = [body.manifest_before_object]
    if body.manifest_after_object not in (None, body.manifest_before_object):
        digests.append(body.manifest_after_object)

    def sent(digest: str) -> Sent:
        chosen.objects.check(digest)
        return Sent(send(chosen.objects.path(digest)), digest)

    return Request(
        asset=settings.asset(asset),
        change=signed.run.change,
        restore_id=restore_id(signed.run.change, chosen, plan),
        snapshot_id=body.snapshot_id,
        manifests=tuple(sent(digest) for digest in digests if digest),
        facts=sent(body.facts_object) if body.facts_object else None,
        store=settings.store,
        place=place_before(signed.evidence, asset),
        tolerate_use=tolerate_use,
        workdir=settings.workdir,
        restic=settings.restic,
        patience=settings.patience,
    )


def _record(signed: Signed, passed: bool | None, detail: str) -> None:
    asset, body = signed.chosen.asset.id, signed.chosen.body
    signed.dossier.ledger.append(
        Check(
            check=_CHECK[signed.module].format(asset=asset),
            host=signed.host,
            what=_WHAT[signed.module].format(asset=asset, id=body.snapshot_id[:8]),
            passed=passed,
            detail=clean_text(detail, _MOST_DETAIL),
        ),
        key=signed.dossier.key,
        now=clock(),
        subjects={"snapshot": body.snapshot_id},
    )


def _detail(signed: Signed, answer: Answer) -> str:
    parts = []
    if isinstance(answer, RestoreAnswer):
        if answer.compared_items is not None:
            size = answer.compared_bytes or 0
            parts.append(
                f"{counted(answer.compared_items, 'item')} and {counted(size, 'byte')} compared"
            )
        if answer.changed_during:
            changed = counted(len(answer.changed_during), "item")
            parts.append(f"{changed} changed while the snapshot was made")
    if answer.counts and "rows" in answer.counts:
        tables, rows = answer.counts.get("tables", 0), answer.counts["rows"]
        parts.append(f"{counted(tables, 'table')} and {counted(rows, 'row')} compared")
    if isinstance(answer, SwapAnswer) and answer.quarantine:
        parts.append(f"displaced data: {', '.join(answer.quarantine)}")
    parts += [f"warning: {line}" for line in answer.warnings]
    return "; ".join(parts) or f"snapshot of {signed.chosen.body.finished_at:%Y-%m-%d %H:%M} UTC"


def as_failed(error: SluisError) -> dict[str, Any]:
    """An error as an Ansible result; ``untouched`` when nothing can be left on the host."""
    return as_failure(error) | ({"untouched": True} if isinstance(error, NotBegunError) else {})


def as_result(signed: Signed, answer: Answer) -> dict[str, Any]:
    """The host's answer as an Ansible result; displaced data as text, for the hand-over."""
    result = {
        "changed": answer.changed,
        "asset": signed.chosen.asset.id,
        "snapshot_id": signed.chosen.body.snapshot_id,
        "equal": answer.equal,
        "live": answer.live,
        "warnings": list(answer.warnings),
        "msg": _detail(signed, answer),
    }
    if isinstance(answer, RestoreAnswer):
        return {**result, "beside": answer.beside}
    return {**result, "quarantine": ", ".join(answer.quarantine)} if answer.quarantine else result
