"""Collecting a plan while the change roles run in check mode, then sealing it.

Ansible runs each task in a worker process of its own, so the calls meet in a folder
beside the dossier, named for the run. Whatever is not
collected is not in the plan, is not signed, and will be refused.
"""

from __future__ import annotations

import fcntl
import json
import shutil
from pathlib import Path

from sluis.errors import InputError
from sluis.evidence.canonical import canonical
from sluis.evidence.predicates import Plan, Scope
from sluis.evidence.timestamps import stamp
from sluis.gate.steps import closed_at
from sluis.plan.model import PlanDocument, PlannedCheck, PlanStep
from sluis.plan.tree import tree_sha256
from sluis.runbook.run import RUN_ID, OpenDossier, Run, now
from sluis.scope.load import load_scope
from sluis.scope.model import ScopeDocument


def declare_scope(run: Run, dossier: OpenDossier) -> tuple[ScopeDocument, str, bool]:
    """Load the change's scope and record it, once for each version.

    Returns:
        The scope, its digest (``scope_object``), and whether it was recorded now.

    Raises:
        InputError: the scope is missing or not usable; nothing was recorded.
    """
    loaded = load_scope(run.change_folder / "scope.yml")
    scope_object = dossier.objects.put(loaded.document.to_bytes())
    # documents that are handed over are part of the scope (case C4)
    for data in loaded.documents.values():
        dossier.objects.put(data)
    latest = dossier.ledger.read(now()).latest(Scope)
    recorded = latest.body.scope_object if latest else None
    new = recorded != scope_object
    if new:
        body = Scope(
            scope_object=scope_object,
            source_object=dossier.objects.put(loaded.source),
            assets=tuple(asset.id for asset in loaded.document.assets),
        )
        dossier.ledger.append(body, key=dossier.key, now=now())
    return loaded.document, scope_object, new


def begin(run: Run) -> None:
    """Start collecting; what an earlier or broken-off planning left is removed."""
    folder = _folder(run)
    for stale in folder.parent.glob(f"{run.change}@*"):
        shutil.rmtree(stale)
    folder.mkdir(parents=True, mode=0o700)


def note_step(run: Run, step: PlanStep, task: str) -> None:
    """Collect one call.

    Args:
        run: the current run.
        step: the call.
        task: Ansible's id of the task that makes it, the same on every host. Hosts go
            through tasks together, so the order of tasks is the order of the plan.

    Raises:
        InputError: ``step-twice`` when the host already has a step with this id.
    """
    _note(run, "step", step.host, step.step, step.model_dump(mode="json"), task)


def note_check(run: Run, check: PlannedCheck) -> None:
    """Collect one check that must pass after the change."""
    _note(run, "check", check.host, check.check, check.model_dump(mode="json"), "")


def seal(run: Run, dossier: OpenDossier) -> tuple[PlanDocument, str, bool]:
    """Turn what was collected into the plan, and record it if it is new.

    Returns:
        The plan, its digest, and whether it was recorded now. An unchanged plan is not
        recorded again, so that a sign-off on it keeps standing, unless it was carried out
        and closed: then it is a new plan, to be signed anew.

    Raises:
        InputError: ``empty-plan`` when no step was collected.
    """
    folder = _folder(run)
    steps = [PlanStep.model_validate(item) for item in _collected(folder, "step")]
    checks = [PlannedCheck.model_validate(item) for item in _collected(folder, "check")]
    shutil.rmtree(folder, ignore_errors=True)
    if not steps:
        raise InputError(
            "empty-plan",
            f"No change step was found for {run.change}.",
            "Describe the steps in the change folder, and leave tags and limits out.",
        )
    _, scope_object, _ = declare_scope(run, dossier)
    plan = PlanDocument(
        client=run.client,
        change=run.change,
        playbook=run.playbook,
        scope_object=scope_object,
        tree_sha256=tree_sha256(run.places, run.client, run.change),
        hosts=run.hosts,
        steps=tuple(steps),
        checks=tuple(checks),
    )
    plan_object = dossier.objects.put(plan.to_bytes())
    view = dossier.ledger.read(now())
    latest = view.latest(Plan)
    closed = closed_at(view)
    if latest and latest.body.plan_object == plan_object and latest.number > closed:
        return plan, plan_object, False
    body = Plan(
        plan_object=plan_object,
        scope_object=scope_object,
        tree_sha256=plan.tree_sha256,
        steps=len(steps),
        hosts=plan.hosts,
    )
    dossier.ledger.append(body, key=dossier.key, now=now())
    stamp(dossier.path, dossier.ledger, dossier.anchors, dossier.key, "plan", now())
    return plan, plan_object, True


def _folder(run: Run) -> Path:
    return run.dossier.parent / ".planning" / f"{run.change}@{RUN_ID}"


def _note(run: Run, kind: str, host: str, name: str, data: object, task: str) -> None:
    folder = _folder(run)
    if not folder.is_dir():
        # check mode outside planning (ansible-playbook --check): nothing to collect for
        return
    hosts, names = host.encode().hex(), name.encode().hex()[:120]
    if list(folder.glob(f"{kind}-*-{hosts}-{names}.json")):
        raise InputError(
            f"{kind}-twice",
            f"The {kind} {name!r} occurs twice on {host}.",
            "Give every step and every check on a host an id of its own.",
        )
    turn = _turn(folder, task)
    place = len(list(folder.glob(f"{kind}-{turn:05d}-*-{hosts}-*.json")))
    path = folder / f"{kind}-{turn:05d}-{place:05d}-{hosts}-{names}.json"
    temporary = path.with_suffix(".part")
    temporary.write_bytes(canonical(data))
    temporary.rename(path)


def _turn(folder: Path, task: str) -> int:
    """The task's number in the order in which tasks came; hosts reach one at the same time."""
    with (folder / "turns").open("a+") as turns:
        fcntl.flock(turns, fcntl.LOCK_EX)
        turns.seek(0)
        known = turns.read().splitlines()
        if task not in known:
            turns.write(f"{task}\n")
            known.append(task)
    return known.index(task)


def _collected(folder: Path, kind: str) -> list[object]:
    return [json.loads(path.read_bytes()) for path in sorted(folder.glob(f"{kind}-*.json"))]
