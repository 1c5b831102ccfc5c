"""Collecting a plan while the change roles run in check mode, then sealing it.

Ansible runs each task in a worker process of its own, so the calls meet in a folder
beside the dossier, named for the run. Whatever is not
collected is not in the plan, is not signed, and will be refused.
"""

from __future__ import annotations

import fcntl
import json
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from sluis.errors import EvidenceError, InputError
from sluis.evidence.canonical import canonical
from sluis.evidence.ledger import View
from sluis.evidence.plans import closed_at
from sluis.evidence.predicates import Plan, Scope, Snapshot, Step
from sluis.evidence.timestamps import demand_right_clock, stamp
from sluis.gate.behind import more_behind
from sluis.gate.demand import Evidence
from sluis.plan.inside import refuse_what_lies_elsewhere
from sluis.plan.model import PlanDocument, PlannedCheck, PlanStep
from sluis.plan.undoing import refuse_what_is_not_said
from sluis.runbook.bound import refuse_changed, tree_of
from sluis.runbook.division import division_of, fetched_by
from sluis.runbook.judgement import lists_that_differ
from sluis.runbook.run import RUN_ID, OpenDossier, Run, now
from sluis.runbook.signed_before import said_otherwise
from sluis.runbook.snapshot_settings import Templar, plain
from sluis.runbook.stays_noted import stays_now
from sluis.runbook.tenant_steps import step_id
from sluis.runbook.written_way_back import demand_way_back
from sluis.scope.division import GROUP, Division, Moved, fetched_anew, placed
from sluis.scope.gone_by import today_of
from sluis.scope.load import load_scope
from sluis.scope.model import ScopeDocument
from sluis.scope.otherwise import counted_otherwise
from sluis.scope.remarks import remarks
from sluis.signoff.standing import standing

#: runbooks whose change an engineer describes in a file of the same name
_DESCRIBED = ("update.yml", "restore.yml")


@dataclass(frozen=True)
class Declared:
    """A scope that was laid down.

    Args:
        document: the scope, as it is signed.
        scope_object: its digest.
        new: whether it, or who fetches what, was recorded now.
        warnings: what is fetched anew because another worker does it, and remarks on the scope.
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
        EvidenceError: ``clock-wrong``; neither was anything.
    """
    loaded = load_scope(run.change_folder / "scope.yml")
    demand_right_clock(dossier.anchors, now)
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
    warnings = (
        *(one.words for one in moved),
        *remarks(document, today_of(document, now())),
        *said_otherwise(run, dossier.anchors, document),
    )
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


def far_figures(dossier: OpenDossier) -> tuple[str, ...]:
    """What of the newest scope is far from its newest copies, one sentence each.

    Args:
        dossier: where both are recorded.
    """
    view = dossier.ledger.read(now())
    latest = view.latest(Scope)
    if latest is None:
        return ()
    # in the order of the ledger: the newest copy of each asset is the one that stays
    seen = {
        item.body.asset: (item.body.items, item.body.bytes)
        for item in view.of(Snapshot)
        if item.body.purpose != "broken state"
    }
    document = ScopeDocument.from_bytes(dossier.objects.get(latest.body.scope_object))
    return tuple(counted_otherwise(document, seen))


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


@dataclass(frozen=True)
class Described:
    """The ids that a description holds, as Ansible filled it in.

    Args:
        steps: of the change.
        way_back: of the steps of the way back.
        checks: with the host that each is made on.
    """

    steps: tuple[str, ...] = ()
    way_back: tuple[str, ...] = ()
    checks: tuple[tuple[str, str], ...] = ()


def described_in(run: Run, task_vars: Mapping[str, Any], templar: Templar) -> Described | None:
    """What the engineer described; ``None`` for a runbook that is described elsewhere.

    Args:
        run: the current run.
        task_vars: as ansible-core hands them to an action plugin.
        templar: fills them in.
    """
    if run.playbook not in _DESCRIBED:
        return None

    def each(name: str) -> list[Mapping[str, Any]]:
        raw = task_vars.get(name)
        found = plain(templar.template(raw)) if raw is not None else []
        return [item for item in found or () if isinstance(item, Mapping)]

    forward = [*each("software_update_quiesce"), *each("software_update_steps")]
    back = each("software_update_way_back") if run.playbook == "update.yml" else []
    return Described(
        steps=tuple(str(item.get("step")) for item in forward),
        way_back=tuple(str(item.get("step")) for item in back),
        checks=tuple(
            (str(item.get("id")), str(item.get("host"))) for item in each("service_checks_list")
        ),
    )


def _nothing_is_left_out(plan: PlanDocument, described: Described, *, way_back: bool) -> None:
    """Whatever was described has to be in the plan: what is left out would never be missed."""
    planned = {step.step for step in plan.steps}
    wanted = [*described.steps, *(described.way_back if way_back else ())]
    nowhere = [name for name in wanted if name not in planned]
    if nowhere:
        raise InputError(
            "step-nowhere",
            f"These steps would run on no host: {', '.join(dict.fromkeys(nowhere))[:1000]}.",
            "Correct their 'hosts'; name hosts or groups of the inventory.",
        )
    made = {(check.check, check.host) for check in plan.checks}
    unmade = [
        f"{name} on {host}"
        for name, host in described.checks
        if (name, host) not in made and (way_back or host not in plan.hosts)
    ]
    if unmade:
        raise InputError(
            "check-nowhere",
            f"These checks would be made nowhere: {', '.join(unmade)[:1000]}.",
            "Correct their 'host'; name one host of the inventory.",
        )
    if not plan.checks_after("change"):
        raise InputError(
            "no-check",
            "The plan has no check that is made after the change.",
            "Write at least one into service_checks_list: without a check nobody knows whether "
            "the change did its work.",
        )


def seal(
    run: Run, dossier: OpenDossier, described: Described | None = None
) -> tuple[PlanDocument, str, bool]:
    """Turn what was collected into the plan, and record it if it is new.

    Args:
        run: the current run.
        dossier: where it is recorded.
        described: all that has to be in the plan.

    Returns:
        The plan, its digest, and whether it was recorded now. An unchanged plan is not
        recorded again, so that a sign-off on it keeps standing, unless it was carried out
        and closed: then it is a new plan, to be signed anew.

    Raises:
        InputError: ``empty-plan`` when no step was collected; ``step-nowhere``,
            ``check-nowhere`` and ``no-check``; ``way-back-unknown`` and
            ``bad-way-back`` when it is not said what becomes of a step if the change fails;
            ``way-back-nowhere`` when the client would agree to one that there is not.
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
    tree = tree_of(run)
    if tree.reasons:
        first = tree.reasons[0]
        raise InputError(first.code, f"{first.about}: {first.sentence}", first.remedy)
    refuse_changed()
    declared = declare_scope(run, dossier)
    scope_object = declared.scope_object
    if not declared.document.way_back.consent:
        # the gate would refuse it, so the client is not shown a way back that there is not
        steps = [step for step in steps if not step.way_back]
        checks = [check for check in checks if check.after != "way_back"]
    view = dossier.ledger.read(now())
    plan = PlanDocument(
        client=run.client,
        change=run.change,
        playbook=run.playbook,
        scope_object=scope_object,
        tree_sha256=tree.sha256,
        hosts=run.hosts,
        steps=tuple(steps),
        checks=tuple(checks),
        behind=stays_now(view, declared.document),
    )
    plan = _as_signed(plan, view, dossier)
    if described is not None:
        way_back = declared.document.way_back.consent
        _nothing_is_left_out(plan, described, way_back=way_back)
    demand_way_back(declared.document, run.playbook, steps=len(plan.way_back))
    refuse_what_is_not_said(plan)
    refuse_what_lies_elsewhere(plan, declared.document)
    plan_object = dossier.objects.put(plan.to_bytes())
    latest = view.latest(Plan)
    closed = closed_at(view)
    if latest and latest.body.plan_object == plan_object and latest.number > closed:
        return plan, plan_object, False
    body = Plan(
        plan_object=plan_object,
        scope_object=scope_object,
        tree_sha256=plan.tree_sha256,
        tree_object=dossier.objects.put(tree.to_bytes()),
        steps=len(steps),
        hosts=plan.hosts,
    )
    dossier.ledger.append(body, key=dossier.key, now=now())
    stamp(dossier.path, dossier.ledger, dossier.anchors, dossier.key, "plan", now())
    return plan, plan_object, True


def _as_signed(plan: PlanDocument, view: View, dossier: OpenDossier) -> PlanDocument:
    """The signed plan, when the only difference is that less stays behind now.

    Who agreed that some files do not go over need not sign again because one of them does.
    """
    latest = view.latest(Plan)
    if latest is None:
        return plan
    signed = latest.body
    if not standing(view, signed.scope_object, signed.plan_object, now()).signed:
        return plan
    try:
        before = PlanDocument.model_validate_json(dossier.objects.get(signed.plan_object))
        lists = lists_that_differ(view, before, dossier.objects)
        same = plan.model_copy(update={"behind": before.behind}).digest() == signed.plan_object
    except (EvidenceError, ValidationError):
        return plan
    evidence = Evidence(view, None, before, signed.plan_object, lists=lists)
    return before if same and not more_behind(evidence) else plan


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
