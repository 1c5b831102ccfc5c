"""Writes the lab down as a client of a project: hosts, settings, trust, and a scope."""

from __future__ import annotations

import json
import secrets
import shutil
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sluis.evidence.anchors import trust_key
from sluis.evidence.keys import OperatorKey, new_key
from sluis.places import Places
from sluis.rehearsal.lab import Lab
from sluis.rehearsal.loopback import STORE
from sluis.rehearsal.plain_yaml import write_yaml
from sluis.rehearsal.practice_data import DATABASE
from sluis.rehearsal.sshd import new_ssh_key
from sluis.signoff.ssh_signature import NAMESPACE

CLIENT = "example-practice"
SIGNER = ("A. Client", "practice manager")
#: how the client's SSH key is called in ``allowed_signers``
PRINCIPAL = "practice-manager"
_SITE = {"site": "Data centre North", "country": "NL", "provider": "Example Hosting"}


@dataclass(frozen=True)
class LabClient:
    """The lab as a client: where its project is, whose key signs, and what encrypts.

    ``signing_key`` is the SSH key with which the client signs from elsewhere.
    """

    places: Places
    client: str
    keys: Path
    signing_key: Path
    operator: OperatorKey = field(repr=False)
    repository_password: str = field(repr=False)

    @property
    def inventory(self) -> Path:
        """What ``-i`` is given."""
        return self.places.inventory(self.client)


def write_client(
    lab: Lab,
    places: Places,
    *,
    now: datetime,
    client: str = CLIENT,
    keys: Path | None = None,
    repository_password: str | None = None,
) -> LabClient:
    """Write ``inventories/<client>``, its trust anchors, and an operator's key.

    Args:
        lab: a running lab.
        places: the project; see ``make_project``.
        now: aware UTC; the key is trusted from here on.
        client: the client's id.
        keys: the folder for the operator's key; ``keys`` in the project when left out.
        repository_password: of the repository that the lab's store has already; a new one
            when left out.
    """
    inventory = places.inventory(client)
    variables = inventory / "group_vars" / "all"
    variables.mkdir(parents=True)
    password = repository_password or secrets.token_urlsafe(24)
    write_yaml(inventory / "hosts.yml", _hosts(lab))
    write_yaml(variables / "main.yml", _settings(lab))
    # A real client keeps this file in ansible-vault. The lab's passwords end with it.
    secret = variables / "secrets.yml"
    secret.touch(mode=0o600)
    write_yaml(secret, _secrets(lab, password))
    keys = places.root / "keys" if keys is None else keys
    operator = new_key(keys, "operator")
    trust = places.trust(client)
    trust_key(trust, client, operator, party="operator", now=now)
    shutil.copy(lab.tsa.certificate, trust / "tsa-root.pem")
    (trust / "tsa.json").write_text(
        json.dumps({"url": lab.tsa.url, "certificates": ["tsa-root.pem"]}) + "\n"
    )
    signing_key = lab.folder / "of-the-client" / "id_ed25519"
    signing_key.parent.mkdir(mode=0o700, exist_ok=True)
    if not signing_key.exists():
        new_ssh_key(signing_key, SIGNER[1])
    public = " ".join(signing_key.with_suffix(".pub").read_text().split()[:2])
    (trust / "allowed_signers").write_text(f'{PRINCIPAL} namespaces="{NAMESPACE}" {public}\n')
    return LabClient(places, client, keys, signing_key, operator, password)


def write_scope(
    lab: Lab, who: LabClient, change: str, *, today: date, title: str, **other: Any
) -> Path:
    """Write ``changes/<change>/scope.yml`` for the lab's three assets.

    Args:
        lab: a running lab; sizes and counts are taken from it.
        who: the client.
        change: the change's id.
        today: the day of counting.
        title: what the change is called.
        other: fields of the scope that replace ours.
    """
    folder = who.places.change(who.client, change)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "scope.yml"
    ours = _scope(lab, who.client, change, today, title)
    if other.get("job", ours["job"]) != "update":  # only an update has a way back
        ours["way_back"] = {"consent": False, "words": "We then look at it, and call you."}
    write_yaml(path, {**ours, **other})
    return path


def _hosts(lab: Lab) -> dict[str, Any]:
    machines = {
        name: {
            "ansible_host": host.address,
            "ansible_port": host.port,
            "ansible_user": host.user,
            "ansible_remote_tmp": str(host.folder / "tmp"),
        }
        for name, host in lab.hosts.items()
    }
    return {"all": {"children": {"clients": {"hosts": machines}}}}


def _settings(lab: Lab) -> dict[str, Any]:
    settings: dict[str, Any] = {
        "ansible_ssh_private_key_file": str(lab.client_key),
        "ansible_ssh_common_args": lab.ssh_options,
        "snapshot_and_verify_store": {
            "id": "main-store",
            "kind": "rest",
            "url": f"{lab.store.url}practice/",
            "machine": STORE,
            **_SITE,
        },
        "snapshot_and_verify_host_site": "The practice itself",
        "snapshot_and_verify_connections": {
            "patient-database": {
                "host_address": lab.postgres.host,
                "port": lab.postgres.port,
                "user": lab.postgres.superuser,
                "bin_dir": str(lab.postgres.bin_dir),
            }
        },
    }
    if lab.store.certificate is not None:
        settings["snapshot_and_verify_store"]["ca_certificate"] = lab.store.certificate.read_text()
    if Path("/usr/bin/python3").exists():
        # looking for an interpreter costs a round trip for each host and play
        settings["ansible_python_interpreter"] = "/usr/bin/python3"
    return settings


def _secrets(lab: Lab, repository_password: str) -> dict[str, Any]:
    return {
        "snapshot_and_verify_store_secrets": {
            "repository_password": repository_password,
            # derived, so that every project on this repository can open it in escrow
            "escrow_password": f"escrow of {repository_password}",
            "store_user": lab.store.user,
            "store_password": lab.store.password,
        }
    }


def _scope(lab: Lab, client: str, change: str, today: date, title: str) -> dict[str, Any]:
    files = [path for path in lab.documents.rglob("*") if path.is_file()]
    release = [path for path in lab.application.current.rglob("*") if path.is_file()]
    patients, size = lab.sql(
        "select (select count(*) from patient), pg_database_size(current_database())"
    ).split("|")
    return {
        "client": client,
        "change": change,
        "version": 1,
        "job": "update",
        "title": title,
        "summary": "The supplier has a new version of the patient system. We install it. "
        "While we do, the records cannot be opened.",
        "language": "en",
        "time_zone": "Europe/Amsterdam",
        "client_name": "Example practice",
        "provider_name": "Example IT care",
        "signers": [{"name": SIGNER[0], "role": SIGNER[1]}],
        "freshness_hours": 24,
        "signoff_valid_hours": 24,
        "assets": [
            {
                "id": "patient-database",
                "name": "Patient records",
                "host": "db1",
                "kind": "postgresql",
                "location": DATABASE,
                "size": int(size),
                "items": int(patients),
                "data_class": "special",
                "processing_agreement": "Processing agreement 2026-03",
                "criticality": "vital",
                "matters_because": "Without the records the practice cannot see patients.",
                **_common(today),
                "disposition": {
                    "what": "stays",
                    "what_happens": "The records stay on this server. The update changes "
                    "the way they are stored.",
                    "when": "no end date",
                },
            },
            {
                "id": "documents",
                "name": "Letters and scans",
                "host": "app1",
                "kind": "directory",
                "location": str(lab.documents),
                "size": sum(path.stat().st_size for path in files),
                "items": len(files),
                "data_class": "special",
                "processing_agreement": "Processing agreement 2026-03",
                "criticality": "normal",
                "matters_because": "The letters belong to the records and exist only here.",
                **_common(today),
                "disposition": {
                    "what": "stays",
                    "what_happens": "The new version goes on using them.",
                    "when": "no end date",
                },
            },
            {
                "id": "application",
                "name": "The patient system itself",
                "host": "app1",
                "kind": "directory",
                "location": str(lab.application.current),
                "size": sum(path.stat().st_size for path in release),
                "items": len(release),
                "data_class": "ordinary",
                "criticality": "low",
                "matters_because": "The supplier can deliver it again within a day.",
                **_common(today),
                "disposition": {
                    "what": "stays",
                    "what_happens": "The new version takes the place of the old one.",
                    "when": "no end date",
                },
            },
        ],
        "risks": [
            {
                "id": "records-unusable",
                "asset": "patient-database",
                "words": "The update can break off half-way. The records are then unusable "
                "until we put the copy back.",
                "we_do": "We make a copy first and prove that it can be put back.",
                "advice": "Have the update done after closing time.",
            },
            {
                "id": "letters-lost",
                "asset": "documents",
                "words": "The supplier's installer also tidies the letters. It could remove "
                "letters that you still need.",
                "we_do": "We compare every letter with the copy before anything is tidied.",
            },
            {
                "id": "old-version",
                "asset": "application",
                "words": "Going back means working with the old version of the system again.",
                "we_do": "We keep the old version ready.",
            },
        ],
        "not_included": [
            {"id": "workstations", "words": "We do not update the workstations."},
            {"id": "training", "words": "We do not explain the new version to your staff."},
        ],
        "retention": {
            "snapshot_days": 90,
            "safety_copy_days": 180,
            "afterwards": "We ask you whether the copies may be destroyed.",
        },
        "way_back": {
            "consent": True,
            "words": "You then go on working with the old version.",
        },
    }


def _common(today: date) -> dict[str, Any]:
    agreement = {"by": "provider", "agreement": "Service agreement 2026-014"}
    return {
        "newest": today,
        "counted_on": today,
        "management": {"by": "third", "name": "Example Software", "agreement": "Licence 88-2"},
        "backup": agreement,
        "security": agreement,
        "allowed_locations": [_SITE],
        "ends_on": "no end date",
    }
