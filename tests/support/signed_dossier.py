"""A finished change on disk: real scope, plan and forms, the client's own signatures, tokens."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sluis.evidence.predicates import (
    Body,
    Check,
    Handover,
    LevelResult,
    Machine,
    Permit,
    Plan,
    Scope,
    Shown,
    Signoff,
    Snapshot,
    Step,
    Store,
    Verification,
    Waiver,
)
from sluis.evidence.signed_form import reference_in
from sluis.evidence.statements import Statement
from sluis.rehearsal.tsa import LocalTsa
from sluis.scope.model import ScopeDocument
from sluis.signoff.proposal import propose_waiver
from sluis.signoff.record import Answer, record_ssh
from sluis.signoff.request import Offer, build_waiver_request, write_request
from support.dossiers import ONE, Made, make
from support.scopes import CHANGE, CLIENT, make_scope
from support.signing import DRAFT, SIGNER, fill_in, make_plan, say_yes, sign

SIGNERS = (
    {"name": SIGNER[0], "role": SIGNER[1], "ssh_principal": "client@practice"},
    {"name": "B. Colleague", "role": "doctor", "ssh_principal": "colleague@practice"},
)
HOSTS = ("h1", "h2")


@dataclass(frozen=True)
class Form:
    """A form as it came back: its bytes, the signature, and the statement that showed it."""

    filled: bytes
    signature: bytes
    shown: str

    @property
    def reference(self) -> str:
        return reference_in(self.filled)


@dataclass
class Ground:
    """One dossier, the client's keys, and the forms that were signed on the way."""

    made: Made
    mail: Path
    keys: dict[str, Path]
    forms: dict[str, Form] = field(default_factory=dict)
    statements: dict[str, Statement] = field(default_factory=dict)

    def record(self, name: str, body: Body) -> Statement:
        self.statements[name] = self.made.append(body)
        return self.statements[name]

    def number(self, name: str) -> int:
        return self.statements[name].number

    def ask(
        self,
        name: str,
        answer: Callable[[int, str], str] = say_yes,
        *,
        offer: Offer | None = None,
        by: str = "client",
    ) -> Form:
        """Send a form, have it filled in and signed; nothing is recorded of the answer."""
        made = self.made
        made.now += made.pace
        path, shown = write_request(made, self.mail, now=made.now, offer=offer)
        fill_in(path, answer)
        signature = sign(path, self.keys[by])
        self.forms[name] = Form(path.read_bytes(), signature.read_bytes(), shown.sha256)
        return self.forms[name]

    def answer(
        self, name: str, answer: Callable[[int, str], str] = say_yes, offer: Offer | None = None
    ) -> Answer:
        """Ask, and record what the client answered."""
        self.ask(name, answer, offer=offer)
        made, (form, file) = self.made, (self.forms[name], self.mail / name)
        file.write_bytes(form.filled)
        signature = file.with_suffix(".sig")
        signature.write_bytes(form.signature)
        made.now += made.pace
        self.statements[name] = record_ssh(made, file, signature, now=made.now)
        return self.statements[name]  # type: ignore[return-value]

    def lies_under(self, name: str) -> dict[str, str]:
        """The fields with which a statement names a form."""
        form, objects = self.forms[name], self.made.objects
        return {
            "request_object": objects.put(form.filled),
            "ssh_signature_object": objects.put(form.signature),
            "shown": form.shown,
        }

    def moved_to(self, root: Path) -> Ground:
        """The same ground around a copy of its dossier."""
        made = replace(self.made, root=root)
        made.reload()
        return replace(
            self,
            made=made,
            mail=root / "mail",
            forms=dict(self.forms),
            statements=dict(self.statements),
        )


def no_to_training(number: int, question: str) -> str:
    """A client who does not agree to one thing, and says why."""
    if "may stay empty" in question:
        return "Not without training."
    return "no" if "train your people" in question else say_yes(number, question)


def empty_ground(root: Path, *, change: str = CHANGE, client: str = CLIENT) -> Ground:
    """A dossier without a statement, and the keys of two people at the client."""
    now = datetime.now(UTC).replace(microsecond=0)
    made = make(root, client=client, change=change, begin=now - timedelta(minutes=2))
    made.pace = timedelta(seconds=1)
    keys = {}
    for name in ("client", "colleague", "stranger"):
        keys[name] = root / f"id-{name}"
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", keys[name]], check=True
        )
        if name != "stranger":
            public = keys[name].with_suffix(".pub").read_text()
            with (made.trust / "allowed_signers").open("a") as file:
                file.write(f"{name}@practice {public}")
    made.reload()
    return Ground(made, root / "mail", keys)


def lay_down(ground: Ground, scope: ScopeDocument, name: str = "", steps: int = 1) -> Plan:
    """Record a scope and a plan for it."""
    objects = ground.made.objects
    plan = make_plan(scope, steps)
    ground.record(
        f"scope{name}",
        Scope(
            scope_object=objects.put(scope.to_bytes()),
            source_object=objects.put(b"title: Update\n"),
            assets=tuple(asset.id for asset in scope.assets),
        ),
    )
    body = Plan(
        plan_object=objects.put(plan.to_bytes()),
        scope_object=scope.digest(),
        tree_sha256=plan.tree_sha256,
        steps=steps,
        hosts=plan.hosts,
    )
    ground.record(f"plan{name}", body)
    return body


def prepared(root: Path, *, change: str = CHANGE, client: str = CLIENT) -> Ground:
    """Scope, plan and one proven snapshot."""
    ground = empty_ground(root, change=change, client=client)
    lay_down(ground, make_scope({"signers": list(SIGNERS), "change": change, "client": client}))
    machine = Machine(host="h1", target="ssh://ops@192.0.2.1:22")
    now, objects = ground.made.now, ground.made.objects
    taken = ground.record(
        "snapshot",
        Snapshot(
            asset="patient-records",
            asset_kind="postgresql",
            purpose="prepare",
            machine=machine,
            store=Store(
                id="offsite", kind="rest", machine="store1", location="rest:https://store1/",
                site="North", country="NL", provider="Example Hosting",
            ),
            engine="restic 0.14.0",
            repository_id="abc",
            snapshot_id="5e1f",
            started_at=now,
            finished_at=now,
            nonce_sha256=ONE,
            manifest_before_object=objects.put(b"before"),
            bytes=1000,
            items=10,
        ),
    )  # fmt: skip
    ground.record(
        "verification",
        Verification(
            asset="patient-records",
            snapshot=taken.sha256,
            snapshot_id="5e1f",
            verifier=machine,
            levels=(LevelResult(level="V0", verdict="proven", seconds=0.00001),),
            reached="V0",
        ),
    )
    return ground


def finished(root: Path, *, change: str = CHANGE, client: str = CLIENT) -> Ground:
    """The whole change: a waiver, a no, a yes, a permit, a step, a check, the hand-over."""
    ground = prepared(root, change=change, client=client)
    made = ground.made
    with LocalTsa(root / "tsa") as tsa:
        made.trust_tsa(tsa.url, tsa.certificate)
        ends = (made.now + timedelta(days=3)).date()
        draft = DRAFT.model_copy(update={"ends_on": ends})
        proposal = propose_waiver(made, made.now)
        offer = build_waiver_request(proposal, draft, (), now=made.now)
        waiver = ground.answer("waiver", offer=offer)
        assert isinstance(waiver.body, Waiver)
        ground.answer("no", no_to_training)
        yes = ground.answer("yes")
        assert isinstance(yes.body, Signoff)
        body = yes.body
        ground.record(
            "permit",
            Permit(
                hosts=HOSTS,
                plan_object=body.plan_object,
                scope_object=body.scope_object,
                tree_sha256="a" * 64,
                relies_on=(ground.statements["verification"].sha256, yes.sha256),
                until=made.now + timedelta(hours=4),
            ),
        )
        for state in ("started", "done"):
            ground.record(
                state,
                Step(
                    step="step-1",
                    host="h1",
                    state=state,  # type: ignore[arg-type]
                    plan_object=body.plan_object,
                    call_sha256=ONE,
                    changed=True if state == "done" else None,
                    result_object=made.objects.put(b"{}") if state == "done" else None,
                ),
            )
        ground.record("check", Check(check="web", host="h1", what="HTTP 200", passed=True))
        ground.record(
            "handover",
            Handover(
                result="applied", sentence="The update is in place.", plan_object=body.plan_object
            ),
        )
        ground.statements["timestamp"] = made.stamp("hand over")
    return ground


def shown_again(ground: Ground, form: Form, /, **documents: bytes) -> Statement:
    """Record a ``shown`` statement like that of a form, with other texts in it."""
    before = ground.made.read().find(form.shown)
    assert before is not None and isinstance(before.body, Shown)
    put = {title: ground.made.objects.put(data) for title, data in documents.items()}
    return ground.made.append(
        before.body.model_copy(update={"documents": {**before.body.documents, **put}})
    )
