"""Putting a question to the gate: gather the evidence, ask, record what was answered."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

from pydantic import ValidationError

from sluis.errors import EvidenceError
from sluis.evidence.ledger import View
from sluis.evidence.objects import ObjectStore
from sluis.evidence.predicates import Behind, Permit, Plan, Refusal, Scope
from sluis.gate.decide import decide
from sluis.gate.demand import Demand, Evidence
from sluis.plan.behind import BehindList
from sluis.plan.model import PlanDocument, PlanStep
from sluis.plan.tree import changed_since_plan, file_sha256
from sluis.runbook.bound import changed_since_start, tree_of
from sluis.runbook.other_changes import other_change_reasons
from sluis.runbook.read_before import read_again
from sluis.runbook.run import RUN_ID, OpenDossier, Run, now
from sluis.scope.division import CONTROLLER, Division, placed
from sluis.scope.load import load_scope
from sluis.scope.model import ScopeDocument


@dataclass(frozen=True)
class Judgement:
    """The gate's answer, with the evidence it was given."""

    answer: Permit | Refusal
    evidence: Evidence


def judge(run: Run, dossier: OpenDossier, step: PlanStep | None = None) -> Judgement:
    """Ask the gate about the whole batch, or about one step of it.

    Args:
        run: the current run.
        dossier: its dossier.
        step: the call that is about to happen.

    Raises:
        InputError: the scope on disk cannot be read.
    """
    at = now()
    evidence = read_evidence(dossier)
    tree = tree_of(run)
    demand = Demand(
        client=run.client,
        change=run.change,
        playbook=run.playbook,
        hosts=run.hosts,
        scope_object=_scope_on_disk(run, evidence.view),
        tree_sha256=tree.sha256,
        tree_changes=changed_since_plan(tree, evidence.view, dossier.objects),
        step=step,
        run=RUN_ID,
        objections=(
            *run.objections,
            *tree.reasons,
            *changed_since_start(run, tree),
            *other_change_reasons(run, dossier.anchors, evidence),
        ),
        workers=_workers_now(run) if evidence.workers else (),
    )
    answer = decide(evidence, demand, at)
    if demand.objections and not isinstance(answer, Refusal):
        # the gate refuses these itself; that it was replaced may be what they say
        raise AssertionError("a permit in spite of what was held against the run")
    return Judgement(answer, evidence)


def read_evidence(dossier: OpenDossier) -> Evidence:
    """Read the ledger, and the plan and scope that its newest plan statement names."""
    view = read_again(dossier.path, dossier.ledger)
    statement = view.latest(Plan)
    if statement is None:
        return Evidence(view, None, None, None)
    body = statement.body
    try:
        plan = PlanDocument.model_validate_json(dossier.objects.get(body.plan_object))
        scope = ScopeDocument.from_bytes(dossier.objects.get(body.scope_object))
    except (EvidenceError, ValidationError):
        # Missing, altered or unreadable: the same as not having it.
        return Evidence(view, None, None, None)
    laid_down = view.latest(Scope, lambda item: item.body.scope_object == body.scope_object)
    division = Division(laid_down.body.workers, laid_down.body.given) if laid_down else Division()
    scope = placed(scope, division)
    lists = lists_that_differ(view, plan, dossier.objects)
    return Evidence(view, scope, plan, body.plan_object, division.workers, lists)


def lists_that_differ(
    view: View, plan: PlanDocument, objects: ObjectStore
) -> dict[str, BehindList]:
    """What did not go over when it was signed and what does not now, where these differ.

    A list that is missing, altered or unreadable is left out: the same as not having it.
    """
    signed = {one.asset: one.list_sha256 for one in plan.behind}
    newest = {item.body.asset: item.body.list_object for item in view.of(Behind)}
    found: dict[str, BehindList] = {}
    for asset, digest in newest.items():
        for one in {digest, signed.get(asset, digest)} if digest != signed.get(asset) else ():
            with contextlib.suppress(EvidenceError):
                found[one] = BehindList.from_bytes(objects.get(one))
    return found


def _workers_now(run: Run) -> tuple[str, ...]:
    return (CONTROLLER,) if run.export_workers is None else run.export_workers


def _scope_on_disk(run: Run, view: View) -> str:
    """Digest of the scope as it lies on disk.

    Bytes that the ledger already names as a scope's source need not be parsed again;
    documents beside it are covered by the tree digest.
    """
    path = run.change_folder / "scope.yml"
    if path.is_file():
        source = file_sha256(path)
        known = view.latest(Scope, lambda item: item.body.source_object == source)
        if known is not None:
            return known.body.scope_object
    return load_scope(path).document.digest()


def record_refusal(dossier: OpenDossier, refusal: Refusal) -> None:
    """Keep a refusal in the ledger."""
    dossier.ledger.append(refusal, key=dossier.key, now=now())


def explain(refusal: Refusal) -> str:
    """The refusal as text for the operator: every reason with its remedy."""
    about = f"step {refusal.step}" if refusal.step else "the change"
    lines = [f"Refused: {about} on {', '.join(refusal.hosts)}. Nothing was done."]
    lines += [
        f"- {item.code} ({item.about}): {item.sentence} {item.remedy}" for item in refusal.reasons
    ]
    return "\n".join(lines)
