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
from sluis.errors import EvidenceError, RefusedError, SluisError
from sluis.evidence.canonical import canonical
from sluis.evidence.predicates import Check
from sluis.gate.demand import Evidence
from sluis.gate.steps import step_states
from sluis.runbook.judgement import read_evidence
from sluis.runbook.restore_choice import Chosen, choose, restore_id
from sluis.runbook.run import RUN_ID, OpenDossier, Run
from sluis.runbook.run import now as clock
from sluis.runbook.snapshot_settings import SnapshotSettings

#: sends a controller file to the host and gives its path there
Send = Callable[[Path], str]
Answer = RestoreAnswer | SwapAnswer
#: runs ``asset_restore`` or ``asset_swap`` on the host
Call = Callable[[Request, Secrets], Answer]
_MOST_DETAIL = 1500

_WHAT = {
    "asset_restore": "the restored copy of {asset} equals the signed snapshot {id}",
    "asset_swap": "the data of {asset} equals the signed snapshot {id} after the swap",
}
_CHECK = {"asset_restore": "compare-{asset}", "asset_swap": "restored-{asset}"}


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
    states = step_states(evidence.view, evidence.plan_object or "", RUN_ID)
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
    try:
        request = _request(signed, settings, send, tolerate_use=tolerate_use)
        answer = call(request, settings.for_maker(asset.id))
    except SluisError as error:
        differs = error.code in ("restore-differs", "manifest-altered", "facts-altered")
        _record(signed, False if differs else None, f"{error.code}: {error.what}")
        raise
    _record(signed, answer.equal, _detail(signed, answer))
    return answer


def _request(
    signed: Signed, settings: SnapshotSettings, send: Send, *, tolerate_use: bool
) -> Request:
    chosen, body = signed.chosen, signed.chosen.body
    asset = chosen.asset
    if body.store.location != settings.store_record.location:
        raise EvidenceError(
            "other-store",
            f"Snapshot {body.snapshot_id[:8]} lies in {body.store.location}, and the inventory "
            f"names {settings.store_record.location}.",
            "Name that store in snapshot_and_verify_store for this change.",
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
        restore_id=restore_id(signed.run.change, chosen),
        snapshot_id=body.snapshot_id,
        manifests=tuple(sent(digest) for digest in digests if digest),
        facts=sent(body.facts_object) if body.facts_object else None,
        store=settings.store,
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
            parts.append(f"{answer.compared_items} items and {size} bytes compared")
        if answer.changed_during:
            count = len(answer.changed_during)
            parts.append(f"{count} items changed while the snapshot was made")
    if answer.counts and "rows" in answer.counts:
        tables, rows = answer.counts.get("tables", 0), answer.counts["rows"]
        parts.append(f"{tables} tables and {rows} rows compared")
    if isinstance(answer, SwapAnswer) and answer.quarantine:
        parts.append(f"displaced data: {', '.join(answer.quarantine)}")
    parts += [f"warning: {line}" for line in answer.warnings]
    return "; ".join(parts) or f"snapshot of {signed.chosen.body.finished_at:%Y-%m-%d %H:%M} UTC"


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
