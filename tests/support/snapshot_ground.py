"""Two hosts behind real sshd, a store, and a project to run snapshot_and_verify in."""

from __future__ import annotations

import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from sluis.evidence.anchors import load_anchors, trust_key
from sluis.evidence.keys import new_key
from sluis.evidence.ledger import Ledger, View
from sluis.evidence.objects import ObjectStore
from sluis.places import Places
from sluis.rehearsal.keeper import Keeper
from sluis.rehearsal.loopback import APP1, DB1, STORE
from sluis.rehearsal.plain_yaml import write_yaml
from sluis.rehearsal.project import clean_environment, make_project
from sluis.rehearsal.sshd import SshHost, new_ssh_key, start_host
from sluis.rehearsal.store import AppendOnlyStore
from support.quick_repository import ESCROW, PASSWORD
from support.scopes import scope_dict
from support.snapshots import PLACE, start_stage_store, write_documents

CLIENT = "practice"
_PLAY = """\
---
- name: Snapshots
  hosts: clients
  gather_facts: false
  any_errors_fatal: true
  tasks:
    - name: Snapshots
      ansible.builtin.include_role:
        name: snapshot_and_verify
        tasks_from: {entry}
"""


@dataclass
class Ground:
    """What the tests stand on. Each change has a repository of its own on the store."""

    folder: Path
    places: Places
    hosts: dict[str, SshHost]
    server: AppendOnlyStore
    keys: Path
    client_key: Path
    settings: dict[str, Any] = field(default_factory=dict)

    def documents(self, host: str = "app1") -> Path:
        """A new folder of documents on a host."""
        return write_documents(self.hosts[host].folder / "srv" / secrets.token_hex(4), 15)

    def change(self, assets: list[dict[str, Any]], **scope: Any) -> str:
        """Describe a new change with these assets; its id."""
        change = f"CHG-{secrets.token_hex(4)}"
        self.settings = {}
        self.repository = f"r{secrets.token_hex(5)}"
        shutil.copytree(self.server.data / "template", self.server.data / self.repository)
        self.describe(change, assets, **scope)
        return change

    def describe(self, change: str, assets: list[dict[str, Any]], **scope: Any) -> None:
        """Write the change's scope, and the inventory with ``settings``."""
        base = scope_dict()
        full = [
            {
                **{k: v for k, v in base["assets"][1].items() if k != "exclude"},
                "kind": "directory", "allowed_locations": [PLACE], "counted_on": date(2026, 11, 2),
                "criticality": "normal", **asset,
            }
            for asset in assets
        ]  # fmt: skip
        risks = [
            {
                "id": f"risk-{number}", "asset": asset["id"],
                "words": f"The data of {asset['id']} can be lost in the update.",
                "we_do": f"We copy {asset['id']} and prove the copy.",
            }
            for number, asset in enumerate(full)
        ]  # fmt: skip
        named = {asset["host"] for asset in full}
        write_yaml(
            _made(self.places.change(CLIENT, change)) / "scope.yml",
            {
                **base, "client": CLIENT, "change": change, "assets": full, "risks": risks,
                "hosts_without_data": [
                    {"host": host, "reason": "It holds no data."}
                    for host in self.hosts if host not in named
                ], **scope,
            },
        )  # fmt: skip
        self._inventory()

    def run(
        self, change: str, *options: str, entry: str = "main", **environ: str
    ) -> subprocess.CompletedProcess[str]:
        """Run one entry point of the role for a change."""
        playbook = self.places.root / "playbooks" / f"snapshots_{entry}.yml"
        playbook.write_text(_PLAY.format(entry=entry))
        return subprocess.run(
            [
                str(Path(sys.executable).parent / "ansible-playbook"),
                "-i", f"inventories/{CLIENT}", str(playbook.relative_to(self.places.root)),
                "-e", f"change={change}", *options,
            ],
            cwd=self.places.root, capture_output=True, text=True, check=False, timeout=240,
            env={**clean_environment(self.keys), "ANSIBLE_NOCOLOR": "1", **environ},
        )  # fmt: skip

    def view(self, change: str) -> View:
        """The change's ledger."""
        anchors = load_anchors(self.places.trust(CLIENT), CLIENT)
        dossier = self.places.dossier(CLIENT, change)
        return Ledger(dossier, anchors, CLIENT, change).read(datetime.now(UTC))

    def objects(self, change: str) -> ObjectStore:
        """The change's objects."""
        return ObjectStore(self.places.dossier(CLIENT, change))

    @property
    def secrets(self) -> list[str]:
        """Everything that nobody may see."""
        return [PASSWORD, ESCROW, self.server.password]

    def _inventory(self) -> None:
        known = self.folder / "known_hosts"
        known.write_text("".join(host.known_hosts_line() for host in self.hosts.values()))
        settings = dict(self.settings)
        verifiers = settings.pop("verifiers", [])
        children: dict[str, Any] = {
            "clients": {
                "hosts": {
                    name: {
                        "ansible_host": host.address, "ansible_port": host.port,
                        "ansible_user": host.user, "ansible_remote_tmp": str(host.folder / "tmp"),
                    }
                    for name, host in self.hosts.items()
                }
            }
        }  # fmt: skip
        if verifiers:
            children["verifiers"] = {"hosts": {name: {} for name in verifiers}}
        inventory = self.places.inventory(CLIENT)
        write_yaml(_made(inventory) / "hosts.yml", {"all": {"children": children}})
        write_yaml(
            _made(inventory / "group_vars") / "all.yml",
            {
                "ansible_python_interpreter": sys.executable,
                "ansible_ssh_private_key_file": str(self.client_key),
                "ansible_ssh_common_args": (
                    f"-F none -o UserKnownHostsFile={known} -o GlobalKnownHostsFile=/dev/null "
                    "-o StrictHostKeyChecking=yes -o IdentitiesOnly=yes -o BatchMode=yes"
                ),
                "snapshot_and_verify_store": {
                    "id": "main-store", "kind": "rest",
                    "url": f"{self.server.url}{self.repository}/", "machine": STORE, **PLACE,
                },
                "snapshot_and_verify_store_secrets": {
                    "repository_password": PASSWORD, "escrow_password": ESCROW,
                    "store_user": self.server.user, "store_password": self.server.password,
                },
                **settings,
            },
        )  # fmt: skip


@contextmanager
def snapshot_ground(folder: Path) -> Iterator[Ground]:
    """Start hosts and store; end them with the block."""
    keeper = Keeper()
    try:
        key = folder / "client_key"
        public = new_ssh_key(key, "operator")
        hosts = {
            name: start_host(keeper, folder / name, name, address, public)
            for name, address in (("app1", APP1), ("app2", DB1))
        }
        server = start_stage_store(keeper, folder / "store")
        places = make_project(folder / "project")
        keys = folder / "keys"
        operator = new_key(keys, "operator")
        trust_key(
            places.trust(CLIENT), CLIENT, operator,
            party="operator", now=datetime.now(UTC).replace(microsecond=0),
        )  # fmt: skip
        yield Ground(folder, places, hosts, server, keys, key)
    finally:
        keeper.close()


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder
