"""Ledgers in memory, to compute outcomes from: no keys, no files, only the story."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sluis.dossier.material import Material
from sluis.evidence.chain import Problem
from sluis.evidence.ledger import View
from sluis.evidence.predicates import (
    Body,
    Check,
    Handover,
    Permit,
    Plan,
    Reason,
    Refusal,
    Scope,
    Shown,
    Signoff,
    Snapshot,
    Step,
    Verification,
)
from sluis.evidence.statements import Statement
from sluis.plan.model import PlanDocument, PlannedCheck, PlanStep, Target
from sluis.scope.model import Asset
from support.scopes import CHANGE, CLIENT, make_scope

NOW = datetime(2026, 11, 3, 12, 0, tzinfo=UTC)
BEGIN = NOW - timedelta(hours=2)
ZERO = "0" * 64
SCOPE = make_scope()
HOSTS = ("h1", "h2")


def _step(step: str, host: str, *, way_back: bool = False) -> PlanStep:
    return PlanStep(
        step=step,
        host=host,
        name=f"Do {step}",
        target=Target(
            connection="ssh",
            address="192.0.2.1",
            port=22,
            user="sluis",
            become=False,
            become_method=None,
            become_user=None,
            options_sha256=ZERO,
        ),
        module="ansible.builtin.command",
        module_sha256=ZERO,
        args={"cmd": "true"},
        environment_sha256=ZERO,
        way_back=way_back,
    )


PLAN = PlanDocument(
    client=CLIENT,
    change=CHANGE,
    playbook="update.yml",
    scope_object=SCOPE.digest(),
    tree_sha256=ZERO,
    hosts=HOSTS,
    steps=(
        _step("install", "h1"),
        _step("install", "h2"),
        _step("restore", "h1", way_back=True),
    ),
    checks=(PlannedCheck(check="port", host="h1", what="The port answers"),),
)


def laid_down() -> list[Body]:
    """Scope and plan."""
    return [
        Scope(
            scope_object=SCOPE.digest(), source_object=SCOPE.digest(), assets=("patient-records",)
        ),
        Plan(
            plan_object=PLAN.digest(),
            scope_object=SCOPE.digest(),
            tree_sha256=ZERO,
            steps=3,
            hosts=HOSTS,
        ),
    ]


_MACHINE = {"target": "ssh://sluis@192.0.2.1:22"}


def snapshot_of(asset: Asset) -> Snapshot:
    """A snapshot of one asset in a place that the scope allows."""
    place = asset.allowed_locations[0]
    return Snapshot.model_validate(
        {
            "asset": asset.id,
            "asset_kind": asset.kind,
            "purpose": "prepare",
            "machine": {"host": asset.host, **_MACHINE},
            "store": {
                "id": "main-store",
                "kind": "rest",
                "machine": "store",
                "location": "https://store.example/",
                "site": place.site,
                "country": place.country,
                "provider": place.provider,
            },
            "engine": "restic 0.14.0",
            "repository_id": ZERO,
            "snapshot_id": ZERO,
            "started_at": NOW - timedelta(hours=3),
            "finished_at": NOW - timedelta(hours=3),
            "nonce_sha256": ZERO,
            "bytes": 1,
            "items": 1,
        }
    )


def verified(taken: Snapshot, digest: str, reached: str = "V6") -> Verification:
    """The proof of a snapshot up to a level."""
    return Verification.model_validate(
        {
            "snapshot": digest,
            "asset": taken.asset,
            "snapshot_id": taken.snapshot_id,
            "verifier": {"host": "verifier", **_MACHINE},
            "reached": reached,
            "levels": [],
        }
    )


def _proofs() -> list[tuple[int, str, Body]]:
    """A snapshot of each asset and its proof, as statements from before the story."""
    found: list[tuple[int, str, Body]] = []
    for place, asset in enumerate(SCOPE.assets):
        taken, digest = snapshot_of(asset), f"{place:062x}ff"
        found += [(0, digest, taken), (0, f"{place:062x}fe", verified(taken, digest))]
    return found


def shown() -> Shown:
    return Shown(
        to="A. Client", language="en", channel="prompt", documents={"scope": SCOPE.digest()}
    )


def signoff(number_shown: int, decision: str = "yes", hours: float = 48) -> Signoff:
    """An answer that names the statement ``number_shown`` as what was shown before."""
    return Signoff.model_validate(
        {
            "decision": decision,
            "tier": "attended",
            "signer_name": "A. Client",
            "signer_role": "practice manager",
            "scope_object": SCOPE.digest(),
            "plan_object": PLAN.digest(),
            "shown": digest_of(number_shown),
            "expires_at": BEGIN + timedelta(hours=hours),
        }
    )


def permit() -> Permit:
    return Permit(
        hosts=HOSTS,
        plan_object=PLAN.digest(),
        scope_object=SCOPE.digest(),
        tree_sha256=ZERO,
        relies_on=(),
        until=NOW,
    )


def step(name: str, host: str, state: str, judgement: str | None = None) -> Step:
    planned = PLAN.find(name, host)
    assert planned is not None
    return Step.model_validate(
        {
            "step": name,
            "host": host,
            "state": state,
            "plan_object": PLAN.digest(),
            "call_sha256": planned.call_sha256(),
            "judgement": judgement,
        }
    )


def check(passed: bool | None) -> Check:
    return Check(check="port", host="h1", what="The port answers", passed=passed)


def handover(result: str = "applied") -> Handover:
    return Handover.model_validate(
        {"result": result, "sentence": "It ended.", "plan_object": PLAN.digest()}
    )


def refusal(code: str = "snapshot-too-old") -> Refusal:
    return Refusal(
        hosts=HOSTS,
        reasons=(Reason(code=code, about="x", sentence="It is.", remedy="Run prepare again."),),
    )


def digest_of(number: int) -> str:
    """The digest that statement ``number`` has in these ledgers."""
    return f"{number:064x}"


def done(name: str, host: str) -> list[Body]:
    return [step(name, host, "started"), step(name, host, "done")]


def whole_story() -> list[Body]:
    """Everything that a change needs to be applied and verified."""
    return [
        *laid_down(),
        shown(),
        signoff(3),
        permit(),
        *done("install", "h1"),
        *done("install", "h2"),
        check(True),
        handover(),
    ]


def material(
    bodies: Sequence[Body],
    *,
    problems: tuple[Problem, ...] = (),
    plan: PlanDocument | None = PLAN,
    proven: bool = True,
) -> Material:
    """The bodies as a ledger, one a minute, with the documents that the newest plan names.

    Unless it says otherwise, every asset was proven before; those statements have no number
    that a story counts by.
    """
    numbered = [(number, digest_of(number), body) for number, body in enumerate(bodies, 1)]
    numbered = [*(_proofs() if proven and bodies else ()), *numbered]
    statements = tuple(
        Statement(
            number=number,
            sha256=digest,
            client=CLIENT,
            change=CHANGE,
            kind=body.kind,
            body=body,
            previous=digest_of(number - 1) if number > 1 else None,
            recorded_at=BEGIN + timedelta(minutes=number),
            recorded_by="operator",
            keyid=ZERO,
            subjects={},
        )
        for number, digest, body in numbered
    )
    view = View(
        statements=statements,
        problems=problems,
        head=statements[-1].sha256 if statements else None,
        pages=(),
        anchors_sha256=ZERO,
    )
    planned, scoped = view.latest(Plan), view.latest(Scope)
    return Material(
        client=CLIENT,
        change=CHANGE,
        dossier=Path("dossiers") / CLIENT / CHANGE,
        view=view,
        plan_object=planned.body.plan_object if planned else None,
        plan=plan if planned else None,
        scope_object=(planned or scoped).body.scope_object if planned or scoped else None,
        scope=SCOPE if scoped else None,
    )
