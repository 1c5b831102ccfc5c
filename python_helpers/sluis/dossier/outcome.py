"""The outcome of a change: one document, computed from the ledger and nothing else.

Ansible's return code is no part of it: rc 0 was measured for runs that did nothing,
that were refused everything, and whose gate was skipped. What the ledger does not
show did not happen.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Literal

from sluis.dossier.coverage import assets_of
from sluis.dossier.left import left_behind, words_about
from sluis.dossier.lines import (
    AssetLine,
    BehindLine,
    CheckLine,
    FreezeLine,
    HandoverLine,
    LeftLine,
    Part,
    ProblemLine,
    PutBackLine,
    RefusalLine,
    SignoffLine,
    StepLine,
)
from sluis.dossier.material import Material
from sluis.dossier.no_to import question_of_the_no
from sluis.dossier.put_back import put_back, puts_back
from sluis.dossier.state import Facts, State, exit_status, next_thing, state_of, what_is_missing
from sluis.dossier.steps import checks_of, opened_at, steps_of
from sluis.dossier.waiver_words import not_needed_words
from sluis.dossier.watching import EndLine, LandingLine, ends_of, landings_of
from sluis.errors import EvidenceError
from sluis.evidence.objects import ObjectStore
from sluis.evidence.predicates import (
    Behind,
    Freeze,
    Handover,
    Level,
    Plan,
    Reason,
    Refusal,
    Scope,
    Signoff,
    Snapshot,
    Step,
    Verification,
    Waiver,
)  # fmt: skip
from sluis.gate.coverage import unproven, waivers_not_needed
from sluis.gate.demand import Evidence
from sluis.gate.fetched import awaits_freeze
from sluis.plan.behind import BehindList
from sluis.signoff.standing import standing

Asked = Literal["prepare", "apply", "status"]

#: statements after which an earlier refusal says nothing about how things stand now
_PROGRESS = (Plan, Signoff, Waiver, Snapshot, Verification, Step, Handover)


class Outcome(Part):
    """Where a change stands.

    ``since`` is the number of the newest statement before the run that this document
    is about; 0 when it is about the whole dossier. ``missing`` says, in sentences,
    what keeps the change from being applied and verified. ``unproven`` says of each asset what
    is not proven, as long as that keeps anybody from being asked to sign. ``waivers_not_needed``
    are the assets that are proven without the waiver that is drafted for them. ``left`` is what
    restores left beside live data, and what to do with it; ``put_back`` how far each asset is
    that is put back, once that began. ``freeze`` is who said last whether people write in the old
    place, and from when. Digests are SHA-256.
    """

    schema_version: Literal[1] = 1
    state: State
    exit_status: int
    next: str
    client: str
    change: str
    playbook: str | None
    computed_at: datetime
    plan_object: str | None
    scope_object: str | None
    signoff: SignoffLine | None
    steps: tuple[StepLine, ...]
    checks: tuple[CheckLine, ...]
    assets: tuple[AssetLine, ...]
    weakest_level: Level | None
    unproven: tuple[Reason, ...] = ()
    waivers_not_needed: tuple[str, ...] = ()
    refusals: tuple[RefusalLine, ...]
    handover: HandoverLine | None
    put_back: tuple[PutBackLine, ...] = ()
    left: tuple[LeftLine, ...] = ()
    stays_behind: tuple[BehindLine, ...] = ()
    missing: tuple[str, ...]
    problems: tuple[ProblemLine, ...]
    landings: tuple[LandingLine, ...]
    ends: tuple[EndLine, ...]
    freeze: FreezeLine | None = None
    head: str | None
    statements: int
    since: int
    dossier: str


def outcome(
    material: Material,
    now: datetime,
    *,
    asked: Asked = "status",
    since: int = 0,
    ended_well: bool = True,
    told: bool = False,
    drafted: frozenset[str] = frozenset(),
) -> Outcome:
    """Compute the outcome document.

    Args:
        material: the dossier as read and verified.
        now: aware UTC time, for ages and for whether the sign-off still stands.
        asked: what was asked for. The same ledger is a good answer to *prepare* and a
            bad one to *apply*.
        since: the number of the newest statement before the run; with ``status`` 0.
        ended_well: whether the run itself came to a proper end. It can make an
            outcome worse and never better.
        told: whether what stopped the run is said with it, in words of ours.
        drafted: the assets for which a waiver is drafted; it changes what is said, and no state.
    """
    view = material.view
    steps = steps_of(material)
    checks = checks_of(material, steps)
    signoff = _signoff(material, now)
    handover = _handover(material)
    refusals = _refusals(material, since)
    facts = Facts(
        asked=asked,
        ended_well=ended_well,
        holds=not view.problems,
        planned=material.plan_object is not None,
        documents=material.plan is not None and material.scope is not None,
        scope_is_newest=_scope_is_newest(material),
        signoff=signoff,
        steps=steps,
        checks=checks,
        handover=handover,
        refused=_still_refused(material, since, asked),
        last_refusal=refusals[-1] if refusals else None,
        awaits_freeze=_awaits_freeze(material),
        unproven=unproven(evidence_of(material), now),
        puts_back=material.plan is not None and puts_back(material.plan),
        moves=material.plan is not None and material.plan.playbook == "tenant_migration.yml",
        told=told,
        drafted=drafted,
    )
    state = state_of(facts)
    assets = assets_of(material, now)
    return Outcome(
        state=state,
        exit_status=exit_status(state),
        next=next_thing(state, facts, material.client, material.change),
        client=material.client,
        change=material.change,
        playbook=material.plan.playbook if material.plan else None,
        computed_at=now,
        plan_object=material.plan_object,
        scope_object=material.scope_object,
        signoff=signoff,
        steps=steps,
        checks=checks,
        assets=assets,
        weakest_level=_weakest(assets),
        unproven=facts.unproven if state == "not proven" else (),
        waivers_not_needed=(
            tuple(waivers_not_needed(evidence_of(material), drafted, now))
            if handover is None and facts.scope_is_newest
            else ()
        ),
        refusals=refusals,
        handover=handover,
        put_back=put_back(material, steps),
        left=_left(material),
        stays_behind=_stays_behind(material),
        missing=tuple(what_is_missing(facts)),
        problems=tuple(
            ProblemLine(code=p.code, about=p.about, sentence=p.sentence, remedy=p.remedy)
            for p in view.problems
        ),
        landings=landings_of(material, now),
        ends=ends_of(material, now),
        freeze=_freeze(material),
        head=view.head,
        statements=len(view.statements),
        since=since,
        dossier=str(material.dossier),
    )


def in_short(found: Outcome) -> tuple[str, ...]:
    """Where a prepared change stands, in a few lines: levels, state, and what to do next."""
    levels = [
        f"{line.asset}: {line.reached or 'nothing'} is proven, {line.required} is asked"
        + (f", waived to {line.waived_to}" if line.waived_to else "")
        + (f" ({line.asks_less})" if line.asks_less else "")
        for line in found.assets
        if line.required is not None
    ]
    again = [
        f"{line.asset} on {line.host}: {line.state}. {line.sentence}"
        for line in found.put_back
        if line.state == "to be put back again"
    ]
    reasons = [f"{one.sentence} {one.remedy} [{one.code}]" for one in found.unproven]
    return (
        *levels,
        *(
            not_needed_words(asset, found.client, found.change)
            for asset in found.waivers_not_needed
        ),
        *again,
        f"{found.change} is {found.state}.",
        *reasons,
        f"Next: {found.next}",
    )


def _signoff(material: Material, now: datetime) -> SignoffLine | None:
    newest = material.view.latest(Signoff)
    if newest is None:
        return None
    answer = None
    if material.scope_object is not None and material.plan_object is not None:
        answer = standing(material.view, material.scope_object, material.plan_object, now)
    body = newest.body
    return SignoffLine(
        decision=body.decision,
        signer_name=body.signer_name,
        signer_role=body.signer_role,
        tier=body.tier,
        signed_at=newest.recorded_at,
        expires_at=body.expires_at,
        stands=answer is not None and answer.signed,
        why_not=answer.why_not if answer else None,
        number=newest.number,
        remarks=body.remarks,
        no_to=question_of_the_no(material.view, ObjectStore(material.dossier), body),
        this_plan=newest.number > opened_at(material)
        and (body.scope_object, body.plan_object) == (material.scope_object, material.plan_object),
    )


def _handover(material: Material) -> HandoverLine | None:
    """The newest hand-over of this plan as it was last laid down."""
    since = opened_at(material)
    found = material.view.latest(
        Handover, lambda s: s.body.plan_object == material.plan_object and s.number > since
    )
    if found is None or material.plan_object is None:
        return None
    return HandoverLine(
        number=found.number,
        at=found.recorded_at,
        result=found.body.result,
        sentence=found.body.sentence,
        quarantine=found.body.quarantine,
        not_undone=found.body.not_undone,
        after_way_back=found.body.after_way_back,
    )


def _left(material: Material) -> tuple[LeftLine, ...]:
    """Worked out anew: also before a hand-over, and of plans from before this one."""
    found = left_behind(evidence_of(material), ObjectStore(material.dossier))
    return tuple(
        LeftLine(**item.model_dump(), words=words_about(item.what, material.scope))
        for item in found
    )


def _refusals(material: Material, since: int) -> tuple[RefusalLine, ...]:
    return tuple(
        RefusalLine(
            number=s.number,
            at=s.recorded_at,
            step=s.body.step,
            hosts=s.body.hosts,
            reasons=s.body.reasons,
        )
        for s in material.view.of(Refusal)
        if s.number > since
    )


def _still_refused(material: Material, since: int, asked: Asked) -> bool:
    """Whether the newest refusal is still the last word about this run or this change."""
    refusal = material.view.latest(Refusal)
    if refusal is None or refusal.number <= since:
        return False
    # Within a run only change steps are progress; looking back, anything new is. Of a run that
    # began no step, a hand-over says again how the one before it failed.
    began = any(step.number > since for step in material.view.of(Step))
    kinds = _PROGRESS if asked == "status" else (Step, Handover) if began else (Step,)
    return not any(
        s.number > refusal.number for s in material.view.statements if isinstance(s.body, kinds)
    )


def _scope_is_newest(material: Material) -> bool:
    """Whether no other scope was laid down after the plan was made."""
    newest = material.view.latest(Scope)
    return newest is not None and newest.body.scope_object == material.scope_object


def _stays_behind(material: Material) -> tuple[BehindLine, ...]:
    planned = {one.asset: one for one in material.plan.behind} if material.plan else {}
    newest = {statement.body.asset: statement.body for statement in material.view.of(Behind)}
    objects = ObjectStore(material.dossier)
    return tuple(
        BehindLine(
            asset=asset,
            planned=planned[asset].items if asset in planned else None,
            planned_list=planned[asset].list_sha256 if asset in planned else None,
            items=body.items,
            list_object=body.list_object,
            kinds=_kinds(objects, body.list_object),
            planned_kinds=_kinds(objects, planned[asset].list_sha256) if asset in planned else {},
        )
        for asset, body in newest.items()
    )


def _kinds(objects: ObjectStore, digest: str) -> dict[str, int]:
    """How many lines of a list are about what."""
    try:
        listed = BehindList.from_bytes(objects.get(digest))
    except EvidenceError:
        return {}  # erased or lost, as sluis verify says
    return dict(sorted(Counter(one.about for one in listed.items).items()))


def _freeze(material: Material) -> FreezeLine | None:
    newest = material.view.latest(Freeze)
    if newest is None:
        return None
    body = newest.body
    return FreezeLine(
        state=body.state, since=body.since, told_by=body.told_by, number=newest.number
    )


def _awaits_freeze(material: Material) -> bool:
    return awaits_freeze(evidence_of(material))


def evidence_of(material: Material) -> Evidence:
    """The same for the rules of the gate."""
    return Evidence(material.view, material.scope, material.plan, material.plan_object)


def _weakest(assets: tuple[AssetLine, ...]) -> Level | None:
    """The lowest level reached where one is asked; ``None`` when any has none."""
    reached = [line.reached for line in assets if line.required is not None]
    proven = [level for level in reached if level is not None]
    return min(proven) if proven and len(proven) == len(reached) else None
