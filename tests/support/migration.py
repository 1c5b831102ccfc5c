"""A move between two rehearsal tenants, in the lab: two workers over real SSH."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import yaml

from sluis.dossier.material import read_material
from sluis.dossier.outcome import Outcome, outcome
from sluis.evidence.keys import load_key
from sluis.evidence.predicates import Freeze, Plan
from sluis.rehearsal.client_files import SIGNER, write_scope
from sluis.rehearsal.lab import Lab
from sluis.rehearsal.plain_yaml import write_yaml
from sluis.rehearsal.tenant.settings import Population, Settings
from sluis.rehearsal.tenant.start import Tenant, start_tenant
from support.signed_change import LabChange, quick_client, without_the_database

OLD = Population(users=1, sites=1, items_per_drive=12, office_share=0.3, shared_share=0.0)
NEW = Population(users=1, sites=1, items_per_drive=0)
EXPORTS = "exports-of-the-move"


#: what lies on the I-drive
I_DRIVE = {"Photos/a.jpg": b"a photo", "letter.txt": b"a letter"}


@dataclass
class Migration:
    """Two tenants and a change that moves one into the other."""

    change: LabChange
    old: Tenant
    new: Tenant
    _stack: ExitStack

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def run(self, *options: str) -> Any:
        """Run the playbook."""
        return self.change.playbook(*options, playbook="playbooks/tenant_migration.yml")

    def freeze(self) -> None:
        """The client says that nobody writes in the old tenant any more."""
        now = self.now()
        body = Freeze(
            state="frozen", scope_object=self._plan().scope_object, since=now, told_by=SIGNER[0]
        )
        self.change.ledger.append(body, key=load_key(self.change.who.keys, None, None), now=now)

    def now(self) -> datetime:
        """The time, as statements have it."""
        return datetime.now(UTC)

    def plan_object(self) -> str:
        """The digest of the plan that counts."""
        return str(self._plan().plan_object)

    def _plan(self) -> Plan:
        found = self.change.view().latest(Plan)
        assert found is not None
        return found.body

    def outcome(self) -> Outcome:
        """Where the change stands, as `sluis status` says."""
        who, now = self.change.who, datetime.now(UTC)
        return outcome(read_material(who.places, who.client, self.change.change, now), now)

    def exports(self, worker: str) -> Path:
        """Where a worker keeps what it fetched: one folder for each asset."""
        return self.change.lab.hosts[worker].folder / exports_of(self.change.root.parent)

    @property
    def scope(self) -> Path:
        return (
            self.change.who.places.change(self.change.who.client, self.change.change) / "scope.yml"
        )


def exports_of(folder: Path) -> str:
    """Where the workers put what they fetch: another move of the same lab has other tenants."""
    return f"{EXPORTS}-{folder.name}"


def start_migration(
    lab: Lab,
    folder: Path,
    change: str = "MIG-7",
    *,
    old: Settings | None = None,
    new: Settings | None = None,
    workers: Sequence[str] | None = ("app1", "db1"),
    client_moves: bool = False,
) -> Migration:
    """Start both tenants and write client, scope and accounts. Nothing is prepared.

    ``workers`` are the hosts of the group that divides the drives; ``None``: no such group,
    and no host in the inventory either. With ``client_moves`` the client moves two assets
    itself: an I-drive that app1 can read and we fetch as well, and H-drives that lie where no
    worker of ours is. The last drive's place ends today.
    """
    stack = ExitStack()
    try:
        before = stack.enter_context(
            start_tenant(folder / "old", old or Settings(seed=7, tenant_name="old", population=OLD))
        )
        after = stack.enter_context(
            start_tenant(
                folder / "new",
                new
                or Settings(
                    seed=8, tenant_name="new", population=NEW,
                    address="127.0.10.22", content_address="127.0.10.23",
                ),
            )
        )  # fmt: skip
        now = datetime.now(UTC).replace(microsecond=0)
        who = quick_client(lab, folder / "project", now)
        made = LabChange(lab, who, change)
        _workers(made, workers)
        share = folder / "i-drive" if client_moves else None
        for name, content in I_DRIVE.items() if share is not None else ():
            (share / name).parent.mkdir(parents=True, exist_ok=True)
            (share / name).write_bytes(content)
        _accounts(made, lab, before, after, folder)
        path = write_scope(
            lab, who, change, today=now.date(), title="Move to the new tenant", job="migration"
        )
        _scope(path, before, after, share, now.date())
        without_the_database(who.inventory)
        return Migration(made, before, after, stack)
    except BaseException:
        stack.close()
        raise


def _workers(change: LabChange, workers: Sequence[str] | None) -> None:
    path = change.who.inventory / "hosts.yml"
    hosts = yaml.safe_load(path.read_text())
    if workers is None:
        hosts["all"]["children"] = {}
    else:
        hosts["all"]["children"]["export_workers"] = {"hosts": {name: {} for name in workers}}
    write_yaml(path, hosts)


def people_of(tenant: Tenant) -> list[str]:
    """Addresses of who has a OneDrive there."""
    return sorted({one["owner"] for one in tenant.control.drives() if one["owner"]})


def _accounts(change: LabChange, lab: Lab, old: Tenant, new: Tenant, folder: Path) -> None:
    variables = change.who.inventory / "group_vars" / "all" / "tenants.yml"

    def account(tenant: Tenant) -> dict[str, Any]:
        return {
            "tenant_id": tenant.tenant_id, "client_id": tenant.app.client_id,
            "authority": tenant.graph, "graph": tenant.graph, "ca": str(tenant.ca),
        }  # fmt: skip

    write_yaml(
        variables,
        {
            # the worker needs the libraries that speak to Graph
            "ansible_python_interpreter": sys.executable,
            "snapshot_and_verify_exports": (
                f"{{{{ (ansible_remote_tmp | default('{folder}/tmp')) | dirname }}}}/"
                f"{exports_of(folder)}"
            ),
            "tenant_export_accounts": {"old": account(old)},
            "tenant_export_secrets": {"old": {"secret": old.app.secret}},
            "tenant_import_accounts": {"new": account(new)},
            "tenant_import_secrets": {"new": {"secret": new.app.secret}},
        },
    )
    variables.chmod(0o600)


def _scope(path: Path, old: Tenant, new: Tenant, share: Path | None, today: date) -> None:
    """Every drive of the old tenant becomes an asset, of which the workers divide the work."""
    scope = yaml.safe_load(path.read_text())
    pattern = scope["assets"][0]
    targets = [drive["id"] for drive in new.control.drives()]
    assets, risks = [], []
    for number, drive in enumerate(old.control.drives()):
        name = f"drive-{number}"
        held = [item for item in old.control.items(drive["id"]) if "file" in item]
        assets.append(
            {
                **{k: v for k, v in pattern.items() if k not in ("exclude", "connection", "host")},
                "id": name, "name": f"Drive {number}",
                "kind": "sharepoint", "location": str(drive.get("web_url") or drive["id"]),
                "origin": {"by": "tenant", "tenant": "old", "drive": drive["id"]},
                "items": len(held), "size": sum(item["size"] for item in held),
                "criticality": "normal",
                "disposition": {
                    "what": "migrate", "to": "The same place in the new tenant.",
                    "by": today.replace(year=today.year + 1),
                    "old_copy": "It stays readable until the old tenant ends.",
                    "into": {
                        "tenant": "new", "drive": targets[0], "folder": f"From {name}",
                        "gone": "set aside",
                        "names": {
                            "characters": "_", "reserved": "_", "shorten": True,
                            "tell_apart": True,
                        },
                    },
                },
            }
        )  # fmt: skip
        risks.append(
            {
                "id": f"lost-{number}", "asset": name,
                "words": f"Files of drive {number} could be missing after the move.",
                "we_do": "We compare every file afterwards.",
            }
        )  # fmt: skip
    if share is not None:
        _client_moves(assets, risks, share, new, today)
    mail = {k: v for k, v in assets[0].items() if k != "origin"}
    stays = {"what": "stays", "what_happens": "Another firm moves it.", "when": "no end date"}
    assets.append(
        mail | {"id": "mail", "name": "Mail", "kind": "mailbox", "location": "old: mailboxes",
                "disposition": stays}
    )  # fmt: skip
    risks.append(
        {"id": "mail-lost", "asset": "mail", "words": "Mail is not in our hands.",
         "we_do": "We tell the firm that moves it when we are done."}
    )  # fmt: skip
    _lists(assets, risks, old, mail | {"kind": "other", "disposition": stays})
    scope["assets"], scope["risks"] = assets, risks
    scope["freeze"] = {"who": SIGNER[0], "words": "The old team site becomes read-only."}
    write_yaml(path, scope)


def _lists(
    assets: list[dict[str, Any]], risks: list[dict[str, Any]], old: Tenant, pattern: dict[str, Any]
) -> None:
    """The lists of each site, which nobody moves."""
    teams = [drive for drive in old.control.drives() if not drive["owner"]]
    items = [old.control.items(drive["id"]) for drive in teams]
    sites = {"/".join(held[0]["webUrl"].split("/")[:5]) for held in items if held}
    for number, site in enumerate(sorted(sites)):
        name = f"lists-{number}"
        location = f"old: lists of {site}"
        assets.append(
            pattern | {"id": name, "name": f"Lists {number}", "location": location}
        )  # fmt: skip
        risks.append(
            {"id": f"lost-{name}", "asset": name, "words": "They could be forgotten.",
             "we_do": "We remind you of them."}
        )  # fmt: skip


def _client_moves(
    assets: list[dict[str, Any]],
    risks: list[dict[str, Any]],
    share: Path,
    new: Tenant,
    today: date,
) -> None:
    """Two assets that the client moves itself, and a drive whose place ends today."""
    landing = {
        "tenant": "new",
        "drive": new.control.drives()[0]["id"],
        "account": people_of(new)[0],
    }
    pattern = {k: v for k, v in assets[0].items() if k != "origin"}
    here = {"items": len(I_DRIVE), "size": sum(map(len, I_DRIVE.values())), "host": "app1"}
    for name, folder, more in (
        ("i-drive", "Own/I", {**here, "origin": {"by": "folder", "folder": str(share)}}),
        ("h-drives", "Own/H", {"items": 2, "size": 10}),
    ):
        assets.append(
            {
                **pattern, "id": name, "name": f"The {name}", "kind": "share",
                "location": f"//old/{name}", **more,
                "disposition": {
                    "what": "client moves it", "to": "The folder that we make.",
                    "owner": "B. Client", "deadline": today + timedelta(days=30),
                    "if_late": "We call you.", "landing": {**landing, "folder": folder},
                },
            }
        )  # fmt: skip
        risks.append(
            {"id": f"late-{name}", "asset": name, "words": f"The {name} could come too late.",
             "we_do": "We look every day."}
        )  # fmt: skip
    ending = next(one for one in reversed(assets) if one["id"].startswith("drive-"))
    ending |= {"ends_on": today, "disposition": {**ending["disposition"], "by": today}}
