"""Collecting a plan while the change roles run in check mode, then sealing it.

Ansible runs each task in a worker process of its own, so the calls meet in a folder
beside the dossier, named for the run. Whatever is not
collected is not in the plan, is not signed, and will be refused.
"""

from __future__ import annotations

import fcntl
import json
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sluis.errors import InputError
from sluis.evidence.canonical import canonical
from sluis.evidence.ledger import View
from sluis.evidence.predicates import Plan, Scope, Step
from sluis.evidence.timestamps import stamp
from sluis.gate.steps import closed_at
from sluis.plan.model import PlanDocument, PlannedCheck, PlanStep
from sluis.plan.tree import tree_sha256
from sluis.runbook.division import division_of, fetched_by
from sluis.runbook.run import RUN_ID, OpenDossier, Run, now
from sluis.runbook.tenant_steps import step_id
from sluis.scope.division import GROUP, Division, Moved, fetched_anew, placed
from sluis.scope.load import load_scope
from sluis.scope.model import ScopeDocument


@dataclass(frozen=True)
class Declared:
    """A scope that was laid down.

    Args:
        document: the scope, as it is signed.
        scope_object: its digest.
        new: whether it, or who fetches what, was recorded now.
        warnings: what is fetched anew because another worker does it.
    """

    document: ScopeDocument
    scope_object: str
    new: bool
    warnings: tuple[str, ...]


def declare_scope(run: Run, dossier: OpenDossier) -> Declared:
    """Load the change's scope and record it with who fetches what, once for each version.

    Raises:
        InputError: the scope is missing or not usable, ``no-workers``,
            ``worker-not-in-batch`` or ``import-begun-elsewhere``; nothing was recorded.
    """
    loaded = load_scope(run.change_folder / "scope.yml")
    scope_object = dossier.objects.put(loaded.document.to_bytes())
    # documents that are handed over are part of the scope (case C4)
    for data in loaded.documents.values():
        dossier.objects.put(data)
    view = dossier.ledger.read(now())
    division = division_of(run, view, loaded.document, scope_object)
    _can_work(run, division)
    document = placed(loaded.document, division)
    moved = list(fetched_anew(document, fetched_by(view)))
    _nothing_is_torn(view, moved)
    warnings = tuple(one.words for one in moved)
    body = Scope(
        scope_object=scope_object,
        source_object=dossier.objects.put(loaded.source),
        assets=tuple(asset.id for asset in loaded.document.assets),
        workers=division.workers,
        given=dict(division.given),
    )
    latest = view.latest(Scope)
    old = latest.body if latest else None
    said = (body.scope_object, body.workers, body.given)
    new = old is None or said != (old.scope_object, old.workers, old.given)
    if new:
        dossier.ledger.append(body, key=dossier.key, now=now())
    return Declared(loaded.document, scope_object, new, warnings)


def _can_work(run: Run, division: Division) -> None:
    """A worker that this run does not reach would never begin."""
    for name in sorted(set(division.given.values()) - set(run.hosts)):
        raise InputError(
            "worker-not-in-batch",
            f"{name} is an export worker, and this run does not reach it.",
            "Name in the scope which host fetches, or take that one out of the inventory group "
            f"{GROUP}. It cannot be a verifier: what one machine fetched is proven on another.",
        )


def _nothing_is_torn(view: View, moved: Iterable[Moved]) -> None:
    """What one worker began to put into the new tenant, no other one can go on with."""
    for one in moved:
        steps = {step_id(one.asset, "first"), step_id(one.asset, "last")}
        if any(item.body.step in steps for item in view.of(Step)):
            raise InputError(
                "import-begun-elsewhere",
                f"{one.had} began to put {one.asset.id} into the new tenant, and only there is "
                f"known what went over. {one.asset.host} cannot go on with it.",
                f"Give it back to {one.had}. If that machine is lost, make a new change of it, "
                "with 'conflicts: skip equal'.",
            )


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
    scope_object = declare_scope(run, dossier).scope_object
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
