"""Evidence built in memory for the pure rules: in order, to be spoiled one way at a time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sluis.evidence.ledger import View
from sluis.evidence.predicates import (
    Body,
    LevelResult,
    Machine,
    Plan,
    Scope,
    Shown,
    Signoff,
    Snapshot,
    Store,
    Verification,
)
from sluis.evidence.statements import Statement
from sluis.gate.demand import Demand, Evidence
from sluis.plan.model import PlanDocument, PlanStep, Target
from sluis.scope.model import ScopeDocument

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
TREE = "a" * 64
EMPTY = "0" * 64
STORE = Store(
    id="offsite",
    kind="rest",
    machine="store1",
    location="rest:http://store1/",
    site="North",
    country="NL",
    provider="Example Hosting",
)
LEVELS = ("V0", "V1", "V2", "V3", "V4", "V5", "V6")


def target(address: str = "192.0.2.1") -> Target:
    return Target(
        connection="ssh",
        address=address,
        port=22,
        user="ops",
        become=False,
        become_method=None,
        become_user=None,
        options_sha256=EMPTY,
    )


def step(step_id: str, host: str, address: str, **more: Any) -> PlanStep:
    values: dict[str, Any] = {
        "step": step_id,
        "host": host,
        "name": f"Do {step_id}",
        "target": target(address),
        "module": "ansible.builtin.copy",
        "module_sha256": EMPTY,
        "args": {"dest": f"/srv/{step_id}"},
        "environment_sha256": EMPTY,
    }
    return PlanStep(**{**values, **more})


def scope(**more: Any) -> ScopeDocument:
    party = {"by": "provider", "agreement": "Agreement 1"}

    def asset(name: str, host: str, number: int) -> dict[str, Any]:
        return {
            "id": name,
            "name": {"nl": f"Map {number}", "en": f"Folder {number}"},
            "host": host,
            "kind": "directory",
            "location": f"/srv/{name}",
            "size": 10,
            "items": 1,
            "newest": date(2026, 11, 1),
            "counted_on": date(2026, 11, 2),
            "data_class": "ordinary",
            "criticality": "normal",
            "matters_because": {
                "nl": f"Zonder map {number} ligt het werk stil.",
                "en": f"Without folder {number} the work stops.",
            },
            "management": party,
            "backup": party,
            "security": party,
            "allowed_locations": (
                {"site": "North", "country": "NL", "provider": "Example Hosting"},
            ),
            "ends_on": "no end date",
            "disposition": {
                "what": "stays",
                "what_happens": {"nl": "De map blijft staan.", "en": "The folder stays."},
                "when": "no end date",
            },
        }

    def risk(name: str, number: int) -> dict[str, Any]:
        return {
            "id": f"risk-{name}",
            "asset": name,
            "words": {
                "nl": f"Map {number} kan na de update onleesbaar zijn.",
                "en": f"Folder {number} may be unreadable after the update.",
            },
            "we_do": {"nl": f"Wij testen map {number}.", "en": f"We test folder {number}."},
        }

    values: dict[str, Any] = {
        "client": "acme",
        "change": "CHG-1",
        "version": 1,
        "title": {"nl": "Een update", "en": "An update"},
        "job": "update",
        "summary": {"nl": "Er komt een nieuwe versie.", "en": "There is a new version."},
        "language": "en",
        "client_name": "Acme",
        "provider_name": "Provider",
        "assets": (asset("files-one", "h1", 1), asset("files-two", "h2", 2)),
        "risks": (risk("files-one", 1), risk("files-two", 2)),
        "not_included": (
            {
                "id": "desks",
                "words": {"nl": "De werkplekken niet.", "en": "Not the workstations."},
            },
        ),
        "retention": {
            "snapshot_days": 30,
            "safety_copy_days": 30,
            "afterwards": {"nl": "Daarna vragen wij het.", "en": "Then we ask."},
        },
        "way_back": {
            "consent": True,
            "words": {"nl": "Dan zetten wij het terug.", "en": "Then we put it back."},
        },
    }
    return ScopeDocument(**{**values, **more})


@dataclass(frozen=True)
class Made:
    """A change in which everything is as it must be."""

    scope: ScopeDocument
    plan: PlanDocument
    bodies: tuple[tuple[Body, datetime], ...]
    problems: tuple[Any, ...] = ()

    def view(self) -> View:
        return view_of(self.bodies, self.problems)

    def evidence(self) -> Evidence:
        return Evidence(self.view(), self.scope, self.plan, self.plan.digest())

    def demand(self, **more: Any) -> Demand:
        values: dict[str, Any] = {
            "client": "acme",
            "change": "CHG-1",
            "playbook": "update.yml",
            "hosts": ("h1", "h2"),
            "scope_object": self.scope.digest(),
            "tree_sha256": TREE,
        }
        return Demand(**{**values, **more})

    def and_then(self, *bodies: Body, at: datetime = NOW) -> Made:
        return replace(self, bodies=(*self.bodies, *((body, at) for body in bodies)))

    def without(self, kind: type[Body]) -> Made:
        return replace(
            self, bodies=tuple(item for item in self.bodies if not isinstance(item[0], kind))
        )


def digest_of(number: int) -> str:
    return f"{number:064x}"


def view_of(bodies: tuple[tuple[Body, datetime], ...], problems: tuple[Any, ...] = ()) -> View:
    statements = tuple(
        Statement(
            number=number,
            sha256=digest_of(number),
            client="acme",
            change="CHG-1",
            kind=body.kind,
            body=body,
            previous=digest_of(number - 1) if number > 1 else None,
            recorded_at=at,
            recorded_by="ops",
            keyid=EMPTY,
            subjects={},
        )
        for number, (body, at) in enumerate(bodies, start=1)
    )
    return View(
        statements=statements,
        problems=problems,
        head=statements[-1].sha256 if statements else None,
        pages=(),
        anchors_sha256=EMPTY,
    )


def snapshot(asset: str, host: str, address: str, at: datetime, **more: Any) -> Snapshot:
    values: dict[str, Any] = {
        "asset": asset,
        "asset_kind": "directory",
        "purpose": "prepare",
        "machine": Machine(host=host, target=f"ssh://ops@{address}:22"),
        "store": STORE,
        "engine": "restic",
        "repository_id": "r",
        "snapshot_id": f"{asset}-{at:%H%M%S}",
        "started_at": at,
        "finished_at": at,
        "nonce_sha256": EMPTY,
        "bytes": 10,
        "items": 1,
    }
    return Snapshot(**{**values, **more})


def verification(asset: str, of: str, snapshot_id: str, reached: str | None = "V6") -> Verification:
    return Verification(
        asset=asset,
        snapshot=of,
        snapshot_id=snapshot_id,
        verifier=Machine(host="localhost", target="local://"),
        levels=tuple(
            LevelResult(
                level=level,  # type: ignore[arg-type]
                verdict="proven" if reached and level <= reached else "failed",
                detail="" if reached and level <= reached else "it differed",
            )
            for level in LEVELS
        ),
        reached=reached,  # type: ignore[arg-type]
    )


def made(steps: tuple[PlanStep, ...] | None = None, **scope_fields: Any) -> Made:
    """A signed change over two hosts, with two proven snapshots, ready to go."""
    document = scope(**scope_fields)
    plan = PlanDocument(
        client="acme",
        change="CHG-1",
        playbook="update.yml",
        scope_object=document.digest(),
        tree_sha256=TREE,
        hosts=("h1", "h2"),
        steps=steps
        or (
            step("install", "h1", "192.0.2.1"),
            step("install", "h2", "192.0.2.2"),
            step(
                "restore-files-one", "h1", "192.0.2.1", way_back=True, args={"asset": "files-one"}
            ),
        ),
    )
    start = NOW - timedelta(hours=1)
    one = snapshot("files-one", "h1", "192.0.2.1", start)
    two = snapshot("files-two", "h2", "192.0.2.2", start)
    bodies: list[Body] = [
        Scope(
            scope_object=document.digest(),
            source_object=EMPTY,
            assets=tuple(item.id for item in document.assets),
        ),
        one,
        verification("files-one", digest_of(2), one.snapshot_id),
        two,
        verification("files-two", digest_of(4), two.snapshot_id),
        Plan(
            plan_object=plan.digest(),
            scope_object=document.digest(),
            tree_sha256=TREE,
            steps=len(plan.steps),
            hosts=plan.hosts,
        ),
        Shown(
            to="A. Client",
            language="en",
            channel="prompt",
            documents={"scope": EMPTY, "plan": EMPTY},
        ),
        Signoff(
            decision="yes",
            tier="attended",
            signer_name="A. Client",
            signer_role="owner",
            scope_object=document.digest(),
            plan_object=plan.digest(),
            shown=digest_of(7),
            expires_at=NOW + timedelta(hours=48),
        ),
    ]
    return Made(document, plan, tuple((body, start) for body in bodies))
