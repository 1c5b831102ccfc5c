"""A whole dossier on disk, as a change leaves it behind, for tests that spoil it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sluis.evidence.anchors import Anchors, load_anchors, trust_key
from sluis.evidence.canonical import canonical, sha256
from sluis.evidence.chain import file_name
from sluis.evidence.keys import OperatorKey, new_key
from sluis.evidence.ledger import Ledger, View
from sluis.evidence.objects import ObjectStore
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
)
from sluis.evidence.statements import PAYLOAD_TYPE, Statement, seal, write_payload
from sluis.evidence.timestamps import stamp
from sluis.evidence.verify import Verdict, verify_dossier

CLIENT = "practice-north"
CHANGE = "CHG-1042"
BEGIN = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
ONE = "1" * 64


@dataclass
class Made:
    """A ledger, its key, its anchors, and a clock that goes on at a pace of its own."""

    root: Path
    key: OperatorKey
    anchors: Anchors
    now: datetime = BEGIN
    client: str = CLIENT
    change: str = CHANGE
    pace: timedelta = timedelta(minutes=1)

    @property
    def dossier(self) -> Path:
        return self.root / "dossiers" / self.client / self.change

    @property
    def trust(self) -> Path:
        return self.root / "trust" / self.client

    @property
    def statements(self) -> Path:
        return self.dossier / "statements"

    @property
    def ledger(self) -> Ledger:
        return Ledger(self.dossier, self.anchors, self.client, self.change)

    @property
    def objects(self) -> ObjectStore:
        return ObjectStore(self.dossier)

    def file(self, number: int) -> Path:
        return self.statements / file_name(number)

    def append(self, body: Body) -> Statement:
        self.now += self.pace
        return self.ledger.append(body, key=self.key, now=self.now)

    def stamp(self, gate: str = "prepare") -> Statement:
        return stamp(self.dossier, self.ledger, self.anchors, self.key, gate, self.now)

    def read(self, now: datetime | None = None) -> View:
        return self.ledger.read(now or self.now)

    def codes(self, now: datetime | None = None) -> set[str]:
        return {problem.code for problem in self.read(now).problems}

    def verify(self, expected_head: str | None = None) -> Verdict:
        return verify_dossier(self.dossier, self.anchors, self.now, expected_head)

    def failures(self, expected_head: str | None = None) -> set[str]:
        found = self.verify(expected_head).findings
        return {item.what for item in found if item.verdict == "does not hold"}

    def reload(self) -> None:
        self.anchors = load_anchors(self.trust, self.client)

    def trust_tsa(self, url: str, *certificates: Path) -> None:
        for path in certificates:
            shutil.copy(path, self.trust / path.name)
        names = [path.name for path in certificates]
        (self.trust / "tsa.json").write_text(json.dumps({"url": url, "certificates": names}))
        self.reload()

    def forge(
        self,
        number: int,
        body: Body,
        *,
        previous: str | None,
        at: datetime | None = None,
        key: OperatorKey | None = None,
        client: str | None = None,
        change: str | None = None,
        claimed: int | None = None,
        by: str | None = None,
        payload: Callable[[bytes], bytes] = lambda data: data,
    ) -> Path:
        """Put a statement in place behind the ledger's back, properly signed."""
        signer = key or self.key
        data = write_payload(
            body,
            client=client or self.client,
            change=change or self.change,
            number=claimed or number,
            previous=previous,
            recorded_at=at or self.now,
            recorded_by=by or signer.name,
            subjects={},
        )
        self.statements.mkdir(parents=True, exist_ok=True)
        path = self.file(number)
        path.unlink(missing_ok=True)
        path.write_bytes(seal(payload(data), PAYLOAD_TYPE, signer))
        return path

    def digest(self, number: int) -> str:
        return sha256(self.file(number).read_bytes())


def make(
    root: Path, *, client: str = CLIENT, change: str = CHANGE, begin: datetime = BEGIN
) -> Made:
    """An empty dossier with a trusted operator's key, trusted from ``begin`` on."""
    key = new_key(root / "keys", "operator-one")
    trust = root / "trust" / client
    trust_key(trust, client, key, now=begin)
    return Made(root, key, load_anchors(trust, client), begin, client, change)


def copy(made: Made, root: Path) -> Made:
    """The same dossier elsewhere, with its witness and its anchors."""
    shutil.copytree(made.root, root, dirs_exist_ok=True)
    return replace(made, root=root)


def tell(made: Made, *, stamped: bool = False) -> None:
    """Record a small change from scope to hand-over, every object kept."""
    for body in story(made):
        made.append(body)
    if stamped:
        made.stamp("hand over")


def story(made: Made) -> Iterator[Body]:
    """The statements of one change, in order."""
    objects = made.objects
    machine = Machine(host="server1", target="ssh://ops@192.0.2.1:22", machine_id="m" * 32)
    scope = objects.put(canonical({"assets": ["files"], "title": "Update of the practice"}))
    source = objects.put(b"title: Update of the practice\n")
    plan = objects.put(canonical({"steps": ["packages"]}))
    yield Scope(scope_object=scope, source_object=source, assets=("files",))
    yield Snapshot(
        asset="files",
        asset_kind="directory",
        purpose="prepare",
        machine=machine,
        store=Store(
            id="offsite",
            kind="rest",
            machine="store1",
            location="rest:http://store1/",
            site="North",
            country="NL",
            provider="Example Hosting",
        ),
        engine="restic 0.14.0",
        repository_id="abc",
        snapshot_id="5e1f",
        started_at=made.now,
        finished_at=made.now + timedelta(seconds=8.6),
        nonce_sha256=ONE,
        manifest_before_object=objects.put(b"before"),
        manifest_after_object=objects.put(b"after"),
        bytes=1_052_770_304,
        items=3040,
    )
    yield Verification(
        asset="files",
        snapshot=made.digest(2),
        snapshot_id="5e1f",
        verifier=machine,
        levels=(
            LevelResult(level="V0", verdict="proven", ran=("restic snapshots",), seconds=0.4),
            LevelResult(level="V1", verdict="proven", seconds=0.00001, detail="gelezen: één map"),
        ),
        reached="V1",
    )
    yield Plan(
        plan_object=plan,
        scope_object=scope,
        tree_sha256=ONE,
        steps=1,
        hosts=("server1",),
    )
    yield Shown(
        to="A. Client",
        language="nl",
        channel="prompt",
        documents={"Reikwijdte": objects.put(b"Wat er gebeurt.")},
    )
    yield Signoff(
        decision="yes",
        tier="attended",
        signer_name="A. Client",
        signer_role="practice manager",
        scope_object=scope,
        plan_object=plan,
        shown=made.digest(5),
        confirmed={"files": "yes"},
        expires_at=made.now + timedelta(hours=8),
    )
    yield Permit(
        hosts=("server1",),
        plan_object=plan,
        scope_object=scope,
        tree_sha256=ONE,
        relies_on=(made.digest(3), made.digest(6)),
        until=made.now + timedelta(hours=4),
    )
    for state in ("started", "done"):
        yield Step(
            step="packages",
            host="server1",
            state=state,  # type: ignore[arg-type]
            plan_object=plan,
            call_sha256=ONE,
            changed=True if state == "done" else None,
            result_object=objects.put(b"{}") if state == "done" else None,
        )
    yield Check(check="web", host="server1", what="HTTP 200", passed=True, detail="0,2 s")
    yield Handover(result="applied", sentence="The update is in place.", plan_object=plan)
