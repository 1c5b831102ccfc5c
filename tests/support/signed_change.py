"""A change in the lab, prepared for real, and signed for real when a test asks for it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from sluis.evidence.anchors import load_anchors
from sluis.evidence.keys import load_key
from sluis.evidence.ledger import Ledger, View
from sluis.evidence.objects import ObjectStore
from sluis.evidence.predicates import Plan, Refusal, Shown, Signoff
from sluis.rehearsal.client_files import SIGNER, LabClient, write_client, write_scope
from sluis.rehearsal.lab import Lab
from sluis.rehearsal.plain_yaml import write_yaml
from sluis.rehearsal.project import clean_environment, make_project
from sluis.runbook.run import OpenDossier
from sluis.signoff.proposal import propose
from sluis.signoff.request import build_request
from support.mirror import make_like
from support.quick_repository import make_quick_repository

CHANGE = "CHG-1042"
REPOSITORY_PASSWORD = "repository of the lab"
#: where the steps below leave their mark, in each host's own folder
MARKS = "changed"
#: what the client is told of those marks
STAYS = "What this step left on the machine stays there."
#: a check that passes whatever a change did
HOLDS = {
    "id": "machine-is-there",
    "what": "The machine is there.",
    "host": "app1",
    "type": "file",
    "path": "/etc/hostname",
}
ANSIBLE = Path(sys.executable).parent


@dataclass(frozen=True)
class LabChange:
    """One change of the lab's client in a project folder of its own."""

    lab: Lab
    who: LabClient
    change: str = CHANGE

    @property
    def root(self) -> Path:
        return self.who.places.root

    @property
    def ledger(self) -> Ledger:
        trust = self.who.places.trust(self.who.client)
        return Ledger(
            self.dossier, load_anchors(trust, self.who.client), self.who.client, self.change
        )

    @property
    def dossier(self) -> Path:
        return self.who.places.dossier(self.who.client, self.change)

    def view(self) -> View:
        return self.ledger.read(datetime.now(UTC))

    def markers(self) -> dict[str, list[str]]:
        """What the change steps left on the hosts: nothing, as long as the gate holds."""
        found = {}
        for name, host in self.lab.hosts.items():
            folder = host.folder / MARKS
            found[name] = sorted(p.name for p in folder.iterdir()) if folder.is_dir() else []
        return found

    def environment(self) -> dict[str, str]:
        return {**clean_environment(self.who.keys), "ANSIBLE_NOCOLOR": "1"}

    def playbook(
        self,
        *options: str,
        playbook: str = "playbooks/update.yml",
        inventory: str | None = None,
        change: bool = True,
        program: str = "ansible-playbook",
        environ: Mapping[str, str] | None = None,
        stdin: str = "",
        timeout: float = 240,
    ) -> subprocess.CompletedProcess[str]:
        """Run ``ansible-playbook`` (or another program of ansible-core) in the project."""
        command = [
            str(ANSIBLE / program),
            "-i", inventory or f"inventories/{self.who.client}",
            playbook,
            *(["-e", f"change={self.change}"] if change else []),
            *options,
        ]  # fmt: skip
        return subprocess.run(
            command,
            cwd=self.root,
            env={**self.environment(), **(environ or {})},
            input=stdin,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def command(self, phase: str) -> list[str]:
        """The command line that carries out a phase, for who starts it themselves."""
        return [
            str(ANSIBLE / "ansible-playbook"), "-i", f"inventories/{self.who.client}",
            "playbooks/update.yml", "-e", f"change={self.change}", "-e", f"phase={phase}",
        ]  # fmt: skip

    def start(self, phase: str) -> subprocess.Popen[bytes]:
        """Start a phase in the background; nobody reads what it says."""
        quiet = subprocess.DEVNULL
        return subprocess.Popen(
            self.command(phase), cwd=self.root, env=self.environment(),
            stdin=quiet, stdout=quiet, stderr=quiet,
        )  # fmt: skip

    def client_reads(self) -> dict[str, str]:
        """The texts that the client would be shown now, each paragraph on one line."""
        trust = load_anchors(self.who.places.trust(self.who.client), self.who.client)
        key = load_key(self.who.keys, None, None)
        dossier = OpenDossier(self.dossier, self.ledger, ObjectStore(self.dossier), trust, key)
        now = datetime.now(UTC).replace(microsecond=0)
        offer = build_request(dossier, propose(dossier, now), now=now)
        return {title: " ".join(data.decode().split()) for title, data in offer.texts.items()}

    def sign(self, *, hours: float = 4) -> None:
        """Record the client's yes to the newest plan, as the attended prompt does."""
        now = datetime.now(UTC).replace(microsecond=0)
        plan = self.view().latest(Plan)
        assert plan is not None
        objects = ObjectStore(self.dossier)
        key = load_key(self.who.keys, None, None)
        shown = self.ledger.append(
            Shown(
                to=SIGNER[0],
                language="en",
                channel="prompt",
                documents={"scope": objects.put(b"scope"), "plan": objects.put(b"plan")},
            ),
            key=key,
            now=now,
        )
        self.ledger.append(
            Signoff(
                decision="yes",
                tier="attended",
                signer_name=SIGNER[0],
                signer_role=SIGNER[1],
                scope_object=plan.body.scope_object,
                plan_object=plan.body.plan_object,
                shown=shown.sha256,
                expires_at=now + timedelta(hours=hours),
            ),
            key=key,
            now=now,
        )

    def withdraw(self) -> None:
        """Record that the client took the sign-off back."""
        given = self.view().latest(Signoff)
        assert given is not None
        self.ledger.append(
            given.body.model_copy(update={"decision": "withdrawn"}),
            key=load_key(self.who.keys, None, None),
            now=datetime.now(UTC).replace(microsecond=0),
        )

    def refusals(self) -> set[str]:
        """The codes of every refusal in the ledger."""
        return {r.code for item in self.view().of(Refusal) for r in item.body.reasons}

    def keep(self) -> Path:
        """Keep the project as it is now, evidence included, to go back to."""
        kept = self.root.with_name(self.root.name + "-kept")
        shutil.copytree(self.root, kept, symlinks=True)
        return kept

    def go_back_to(self, kept: Path) -> None:
        """Put the project back as it was kept, and wipe the marks off the hosts."""
        make_like(self.root, kept)
        for host in self.lab.hosts.values():
            shutil.rmtree(host.folder / MARKS, ignore_errors=True)


def describe(change: LabChange, *, say_what_stays: bool = True, **update: Any) -> None:
    """Write the engineer's description of the update.

    Of a step that does not say what becomes of it when the change fails, what it leaves stays.
    A description without a check gets one that holds on every machine.
    """
    if not update.get("service_checks_list"):
        update = {"service_checks_list": [HOLDS], **update}
    for step in update.get("software_update_steps", ()) if say_what_stays else ():
        if not {"inside", "stays"} & set(step):
            step["stays"] = STAYS
    folder = change.who.places.change(change.who.client, change.change)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "update.yml").write_text("---\n" + yaml.safe_dump(update, sort_keys=False))


def marker_steps() -> list[dict[str, Any]]:
    """Two steps that leave a mark on every host, one after the other."""
    folder = "{{ ansible_remote_tmp | dirname }}/" + MARKS
    return [
        {
            "step": "make-folder",
            "words": "Make room for the new version",
            "module": "ansible.builtin.file",
            "args": {"path": folder, "state": "directory", "mode": "0755"},
        },
        {
            "step": "leave-mark",
            "words": "Install the new version",
            "module": "ansible.builtin.copy",
            "args": {"content": "new\n", "dest": f"{folder}/mark", "mode": "0644"},
        },
    ]


def quick_client(lab: Lab, root: Path, now: datetime) -> LabClient:
    """The lab as a client of a new project, with a repository whose password is cheap to check.

    Several projects of one test process share the lab's one repository.
    """
    who = write_client(lab, make_project(root), now=now, repository_password=REPOSITORY_PASSWORD)
    repository = lab.store.data / "practice"
    if not repository.exists():
        make_quick_repository(repository, REPOSITORY_PASSWORD, f"escrow of {REPOSITORY_PASSWORD}")
    return who


def new_change(
    lab: Lab,
    root: Path,
    change: str = CHANGE,
    *,
    consent: bool = True,
    small: bool = True,
    **update: Any,
) -> LabChange:
    """A project with the lab as its client, and a change that is described, not prepared.

    ``consent`` is whether the client agrees beforehand to a restore when it fails; ``small``
    leaves the database and the documents out of the scope.
    """
    now = datetime.now(UTC).replace(microsecond=0)
    made = LabChange(lab, quick_client(lab, root, now - timedelta(minutes=1)), change)
    who = made.who
    words = (
        "You then go on working with the old version."
        if consent
        else "If the update fails, we stop and ask you first."
    )
    scope = write_scope(
        lab,
        who,
        change,
        today=now.date(),
        title="New version of the patient system",
        way_back={"consent": consent, "words": words},
    )
    if small:
        shrink(scope, lab)
    describe(made, **(update or {"software_update_steps": marker_steps()}))
    return made


def shrink(path: Path, lab: Lab) -> None:
    """One quiet folder on each host: quick to prove, and not touched between two tests."""
    incoming = lab.hosts["db1"].folder / "incoming"
    incoming.mkdir(exist_ok=True)
    (incoming / "notes.txt").write_text("What came in.\n")
    scope = yaml.safe_load(path.read_text())
    first, *_ = (item for item in scope["assets"] if item["id"] == "application")
    second = first | {
        "id": "incoming",
        "name": "What came in",
        "host": "db1",
        "location": str(incoming),
        "items": 1,
        "size": 14,
        "matters_because": "It has to be sent again when it is lost.",
    }
    scope["assets"] = [first | {"criticality": "normal"}, second | {"criticality": "normal"}]
    risk, *_ = (item for item in scope["risks"] if item["asset"] == "application")
    lost = {"id": "incoming-lost", "asset": "incoming", "words": "What came in may be lost.",
            "we_do": "We keep what came in ready."}  # fmt: skip
    scope["risks"] = [risk, lost]
    write_yaml(path, scope)
    without_the_database(path.parents[2])


def without_the_database(inventory: Path) -> None:
    """Take out the setting for the lab's database, which is refused where no scope has it."""
    settings = inventory / "group_vars" / "all" / "main.yml"
    said = yaml.safe_load(settings.read_text())
    said.pop("snapshot_and_verify_connections", None)
    write_yaml(settings, said)
