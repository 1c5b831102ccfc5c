"""What statements say about one another: does each thing rest on what it claims to?

Pure. Looks only backwards: a statement can rest on nothing that came after it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

from sluis.counted import counted
from sluis.evidence.finding import FAILS, HOLDS, Finding, name_of
from sluis.evidence.planned_steps import PlannedSteps
from sluis.evidence.predicates import (
    Behind,
    Body,
    Export,
    Freeze,
    Handover,
    Landing,
    Permit,
    Plan,
    Scope,
    Shown,
    Signoff,
    Snapshot,
    Step,
    Timestamp,
    Verification,
    Waiver,
)
from sluis.evidence.statements import Statement

B = TypeVar("B", bound=Body)


def reference_findings(
    statements: Sequence[Statement], planned: Mapping[str, PlannedSteps] | None = None
) -> Iterator[Finding]:
    """Every reference that leads nowhere, or one finding that all hold.

    Args:
        statements: those whose signature and form hold, oldest first.
        planned: the steps of each plan that can be read, by its digest.
    """
    earlier = _Earlier(planned or {})
    broken = 0
    for statement in statements:
        for complaint in _complaints(statement, earlier):
            broken += 1
            yield Finding("reference-broken", FAILS, name_of(statement), complaint)
        earlier.add(statement)
    if not broken and statements:
        yield Finding(
            "references",
            HOLDS,
            counted(len(statements), "statement"),
            "Everything that a statement rests on was recorded before it.",
        )


class _Earlier:
    """The statements before the one that is looked at, found without searching."""

    def __init__(self, planned: Mapping[str, PlannedSteps]) -> None:
        self.planned = planned
        self._by_digest: dict[str, Statement] = {}
        self.scopes: set[str] = set()
        #: the scopes for which a plan was made, by the plan
        self.plans: dict[str, set[str]] = {}
        self.answer: Signoff | None = None
        #: until when the newest permit for a plan on a host counts
        self.permits: dict[tuple[str, str], datetime] = {}
        self.started: set[tuple[str, str, str]] = set()
        #: the steps that were done, by the plan: id and host
        self.done: dict[str, set[tuple[str, str]]] = {}

    def add(self, statement: Statement) -> None:
        self._by_digest[statement.sha256] = statement
        match statement.body:
            case Scope(scope_object=scope):
                self.scopes.add(scope)
            case Plan(plan_object=plan, scope_object=scope):
                self.plans.setdefault(plan, set()).add(scope)
            case Signoff() as answer:
                self.answer = answer
                if answer.decision != "yes":
                    self.permits.clear()
            case Permit(plan_object=plan, hosts=hosts, until=until):
                self.permits.update({(plan, host): until for host in hosts})
            case Step(state="started", step=step, host=host, call_sha256=call):
                self.started.add((step, host, call))
            case Step(plan_object=plan, step=step, host=host) as ended:
                done = self.done.setdefault(plan, set())
                if ended.state == "done" or ended.judgement == "counts as done":
                    done.add((step, host))
                else:
                    done.discard((step, host))

    def get(self, digest: str) -> Statement | None:
        return self._by_digest.get(digest)

    def one(self, digest: str | None, model: type[B]) -> B | None:
        found = self._by_digest.get(digest or "")
        return found.body if found is not None and isinstance(found.body, model) else None


def _complaints(statement: Statement, earlier: _Earlier) -> Iterator[str]:
    match statement.body:
        case Verification() as body:
            yield from _verification(body, earlier)
        case Behind() as body:
            fetched = earlier.one(body.export, Export)
            if fetched is None or fetched.asset != body.asset:
                yield f"The pass over {body.asset} that it is about was never recorded."
        case Plan() as body:
            yield from _scope_known(body.scope_object, earlier)
        case Freeze() as body:
            yield from _scope_known(body.scope_object, earlier)
            if body.since > statement.recorded_at:
                yield "It speaks of a moment that was still to come."
        case Signoff() as body:
            yield from _signoff(body, earlier)
        case Waiver() as body:
            if body.scope_object is not None:
                yield from _scope_known(body.scope_object, earlier)
            if body.decision == "yes":
                yield from _shown(body.shown, earlier)
        case Permit() as body:
            yield from _permit(statement, body, earlier)
        case Step() as body:
            yield from _step(statement, body, earlier)
        case Handover() as body:
            if body.plan_object is not None:
                yield from _plan_known(body.plan_object, earlier)
            if body.result == "applied":
                yield from _applied(body.plan_object, earlier)
            for asset, digest in body.landings.items():
                look = earlier.one(digest, Landing)
                if look is None or look.asset != asset or look.look is None:
                    yield f"There is no earlier look at the landing folder of {asset}."
        case Timestamp() as body:
            if earlier.get(body.head) is None:
                yield "The head that it is about is no statement of this ledger."


def _verification(body: Verification, earlier: _Earlier) -> Iterator[str]:
    snapshot = earlier.one(body.snapshot, Snapshot)
    if snapshot is None:
        yield "The snapshot that it is about was never recorded."
    elif (snapshot.asset, snapshot.snapshot_id) != (body.asset, body.snapshot_id):
        yield (
            f"It speaks of {body.asset}, snapshot {body.snapshot_id}, but names the statement "
            f"about {snapshot.asset}, snapshot {snapshot.snapshot_id}."
        )


def _signoff(body: Signoff, earlier: _Earlier) -> Iterator[str]:
    yield from _scope_known(body.scope_object, earlier)
    yield from _plan_known(body.plan_object, earlier)
    if body.scope_object not in earlier.plans.get(body.plan_object, {body.scope_object}):
        yield "The signed plan was made for another scope than the signed one."
    if body.shown is not None:
        yield from _shown(body.shown, earlier)
    elif body.decision == "yes":
        yield "It does not say what the client was shown."


def _permit(statement: Statement, body: Permit, earlier: _Earlier) -> Iterator[str]:
    yield from _scope_known(body.scope_object, earlier)
    yield from _plan_known(body.plan_object, earlier)
    for digest in body.relies_on:
        if earlier.get(digest) is None:
            yield f"It relies on {digest[:16]}…, which is no earlier statement of this ledger."
    answers = [found for d in body.relies_on if (found := earlier.one(d, Signoff)) is not None]
    if not any(
        (answer.decision, answer.scope_object, answer.plan_object)
        == ("yes", body.scope_object, body.plan_object)
        for answer in answers
    ):
        yield "It relies on no yes from the client to this scope and this plan."
    for answer in answers:
        if answer.expires_at is not None and answer.expires_at < statement.recorded_at:
            yield "It relies on a sign-off that had expired."
    if earlier.answer is not None and earlier.answer.decision != "yes":
        yield f"The client's last answer before it was {earlier.answer.decision!r}."


def _applied(plan: str | None, earlier: _Earlier) -> Iterator[str]:
    """A change is applied when each step of its plan was done."""
    if plan is None:
        yield "It says that a change was applied, and names no plan."
    elif plan in earlier.planned:
        open_steps = earlier.planned[plan].forward - earlier.done.get(plan, set())
        for step, host in sorted(open_steps)[:1]:
            yield f"Nothing says that the step {step!r} on {host} was done."


def _step(statement: Statement, body: Step, earlier: _Earlier) -> Iterator[str]:
    planned = earlier.planned.get(body.plan_object)
    if planned is not None and (body.step, body.host) not in planned.every:
        yield f"The plan that it names has no step {body.step!r} on {body.host}."
    if body.state == "started":
        until = earlier.permits.get((body.plan_object, body.host))
        if until is None:
            yield f"No permit for this plan on {body.host} came before it."
        elif until < statement.recorded_at:
            yield "The permit before it had ended."
    elif (body.step, body.host, body.call_sha256) not in earlier.started:
        yield "Nothing says that this call was started."


def _shown(digest: str | None, earlier: _Earlier) -> Iterator[str]:
    if earlier.one(digest, Shown) is None:
        yield "There is no earlier record of what the client was shown."


def _scope_known(scope_object: str, earlier: _Earlier) -> Iterator[str]:
    if scope_object not in earlier.scopes:
        yield "The scope that it names was never recorded."


def _plan_known(plan_object: str, earlier: _Earlier) -> Iterator[str]:
    if plan_object not in earlier.plans:
        yield "The plan that it names was never recorded."
