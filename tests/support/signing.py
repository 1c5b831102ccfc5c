"""A real dossier with a scope and a plan in it, and a client who answers."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sluis.evidence.anchors import Anchors, load_anchors, trust_key
from sluis.evidence.keys import OperatorKey, new_key
from sluis.evidence.ledger import Ledger, View
from sluis.evidence.objects import ObjectStore
from sluis.evidence.predicates import Plan, Scope
from sluis.plan.model import PlanDocument, PlanStep, Target
from sluis.scope.model import ScopeDocument
from sluis.signoff.dialogue import Question
from sluis.signoff.waiver import WaiverDraft
from support.scopes import CHANGE, CLIENT, make_scope

START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
SIGNER = ("A. Client", "practice manager")

RISK = (
    "If the update damages the scanned letters under /srv/letters, the pages that were scanned "
    "since Monday are gone for good and have to be scanned again from paper."
)
DRAFT = WaiverDraft(
    asset="letters",
    accepts="V1",
    reason="The disk on which we would restore the letters arrives only next week.",
    risk=RISK,
    alternative="Wait for the disk and restore all letters on it before the update.",
    alternative_hours=8.0,
    ends_on=(START + timedelta(days=3)).date(),
)


@dataclass
class Bench:
    """One change with its evidence. ``now`` moves only when a test moves it."""

    root: Path
    key: OperatorKey
    anchors: Anchors
    now: datetime = START
    asked: list[Question] = field(default_factory=list)
    told: list[str] = field(default_factory=list)

    @property
    def dossier(self) -> Path:
        return self.root / "dossiers" / CLIENT / CHANGE

    @property
    def trust(self) -> Path:
        return self.root / "trust" / CLIENT

    @property
    def ledger(self) -> Ledger:
        return Ledger(self.dossier, self.anchors, CLIENT, CHANGE)

    @property
    def objects(self) -> ObjectStore:
        return ObjectStore(self.dossier)

    def clock(self) -> datetime:
        return self.now

    def later(self, **time: float) -> None:
        self.now += timedelta(**time)

    def view(self) -> View:
        view = self.ledger.read(self.now)
        assert not view.problems, view.problems
        return view

    def lay_down(self, scope: ScopeDocument, steps: int = 1) -> tuple[str, str]:
        """Record a scope and a plan for it; return their digests."""
        scope_object = self.lay_down_scope(scope)
        plan = make_plan(scope, steps)
        plan_object = self.objects.put(plan.to_bytes())
        body = Plan(
            plan_object=plan_object,
            scope_object=scope_object,
            tree_sha256=plan.tree_sha256,
            steps=steps,
            hosts=plan.hosts,
        )
        self.ledger.append(body, key=self.key, now=self.now)
        return scope_object, plan_object

    def lay_down_scope(self, scope: ScopeDocument) -> str:
        scope_object = self.objects.put(scope.to_bytes())
        body = Scope(
            scope_object=scope_object,
            source_object=self.objects.put(b"scope.yml"),
            assets=tuple(asset.id for asset in scope.assets),
        )
        self.ledger.append(body, key=self.key, now=self.now)
        return scope_object

    def tell(self, text: str) -> None:
        self.told.append(text)

    def client(self, answers: Mapping[str, str | list[str]] | None = None) -> Answerer:
        """A client who says yes to everything, except as ``answers`` (by id) says."""
        return Answerer(self, dict(answers or {}))

    def trust_ssh(self, name: str = "client@practice", options: str = "") -> Path:
        """Make an SSH key for the client and trust it; return the private key's path."""
        path = self.root / f"id-{len(list(self.root.glob('id-*')))}"
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(path)], check=True
        )
        public = path.with_suffix(".pub").read_text().strip()
        with (self.trust / "allowed_signers").open("a") as file:
            file.write(f"{name} {options}{' ' if options else ''}{public}\n")
        self.anchors = load_anchors(self.trust, CLIENT)
        return path


@dataclass
class Answerer:
    """Answers questions by their id; a list is used up one by one."""

    bench: Bench
    answers: dict[str, str | list[str]]

    def __call__(self, question: Question) -> str:
        self.bench.asked.append(question)
        default = {"name": SIGNER[0], "role": SIGNER[1], "remarks": "Not like this."}
        answer = self.answers.get(question.id, default.get(question.id, "yes"))
        return answer.pop(0) if isinstance(answer, list) else answer


def make_bench(root: Path, changes: Mapping[str, Any] | None = None, steps: int = 1) -> Bench:
    """A dossier with a scope and its plan."""
    bench = empty_bench(root)
    bench.lay_down(make_scope(changes), steps)
    return bench


def empty_bench(root: Path) -> Bench:
    trust = root / "trust" / CLIENT
    trust.mkdir(parents=True)
    key = new_key(root / "keys", "operator")
    trust_key(trust, CLIENT, key, now=START - timedelta(days=1))
    return Bench(root, key, load_anchors(trust, CLIENT))


def make_plan(scope: ScopeDocument, steps: int = 1) -> PlanDocument:
    target = Target(
        connection="ssh",
        address="192.0.2.1",
        port=22,
        user="ops",
        become=True,
        become_method="sudo",
        become_user="root",
        options_sha256="0" * 64,
    )
    return PlanDocument(
        client=scope.client,
        change=scope.change,
        playbook="update.yml",
        scope_object=scope.digest(),
        tree_sha256="a" * 64,
        hosts=("h1", "h2"),
        steps=tuple(
            PlanStep(
                step=f"step-{number}",
                host="h1",
                name=f"Install part {number}",
                target=target,
                module="ansible.builtin.command",
                module_sha256="b" * 64,
                args={"argv": ["install", str(number)]},
                environment_sha256="c" * 64,
            )
            for number in range(1, steps + 1)
        ),
    )


def fill_in(form: Path, answer: Callable[[int, str], str]) -> None:
    """Type ``answer(number, question)`` after every ``>>>`` of a request's file."""
    lines = form.read_text().split("\n")
    number = 0
    question: list[str] = []
    for index, line in enumerate(lines):
        if re.match(r"\d+\. ", line):
            question = [line]
        elif line == ">>>":
            number += 1
            lines[index] = f">>> {answer(number, ' '.join(question))}".rstrip()
        else:
            question.append(line.strip())
    form.write_text("\n".join(lines))


def say_yes(number: int, question: str) -> str:
    """The answers of a client who agrees."""
    del number
    if "name?" in question or "naam?" in question:
        return SIGNER[0]
    if "role?" in question or "functie?" in question:
        return SIGNER[1]
    if "may stay empty" in question or "leeg blijven" in question:
        return ""
    return "yes"


def sign(form: Path, key: Path, namespace: str = "sluis-signoff") -> Path:
    """Sign a file as the client does; return the path of the signature."""
    signature = form.with_name(form.name + ".sig")
    signature.unlink(missing_ok=True)
    subprocess.run(
        ["ssh-keygen", "-Y", "sign", "-f", str(key), "-n", namespace, str(form)],
        check=True,
        capture_output=True,
    )
    return signature
