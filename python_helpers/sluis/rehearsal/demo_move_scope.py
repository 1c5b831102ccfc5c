"""The engineer's part of the move: accounts in the inventory, and a scope that the client reads."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from sluis.rehearsal.client_files import SIGNER, LabClient, write_scope
from sluis.rehearsal.demo_move_ground import Ground
from sluis.rehearsal.lab import Lab
from sluis.rehearsal.plain_yaml import write_yaml
from sluis.rehearsal.tenant.start import Tenant

#: what we do with a name that SharePoint refuses; the client signs it
_NAMES = {"characters": "_", "reserved": "_", "shorten": True, "tell_apart": True}
#: names of the first and the second library of every team
_FIRST, _SECOND = "Documents", "Archive"
#: the id of the asset that comes from the old supplier
SHARED = "i-drive"
#: of what is not fetched
_NOT_COUNTED = {"unknown_because": "We do not fetch this, so we do not count it."}
_PROVIDER = {"by": "provider", "agreement": "Service agreement 2026-014"}


def write_accounts(who: LabClient, ground: Ground) -> None:
    """Name the workers, and what they need to reach both tenants and the old supplier's server."""
    hosts = yaml.safe_load((who.inventory / "hosts.yml").read_text())
    groups = hosts["all"]["children"]
    groups["export_workers"] = {"hosts": {name: {} for name in groups["clients"]["hosts"]}}
    write_yaml(who.inventory / "hosts.yml", hosts)
    variables = who.inventory / "group_vars" / "all"
    old, new, server = ground.old, ground.new, ground.server
    write_yaml(
        variables / "tenants.yml",
        {
            # the worker needs the libraries that speak to Graph
            "ansible_python_interpreter": sys.executable,
            "snapshot_and_verify_exports": "{{ ansible_remote_tmp | dirname }}/exports",
            "tenant_export_accounts": {"old": _account(old)},
            "tenant_import_accounts": {"new": _account(new)},
            "tenant_export_servers": {
                "supplier": {
                    "address": server.address, "port": server.port, "user": server.user,
                    "host_key": server.host_key, "key": str(ground.key),
                }
            },
        },
    )  # fmt: skip
    # A real client keeps this file in ansible-vault. The tenants end with the demo.
    secret = variables / "tenant-secrets.yml"
    secret.touch(mode=0o600)
    write_yaml(
        secret,
        {
            "tenant_export_secrets": {"old": {"secret": old.app.secret}},
            "tenant_import_secrets": {"new": {"secret": new.app.secret}},
        },
    )


def exports_of(lab: Lab, host: str) -> Path:
    """Where a worker keeps what it fetched."""
    return lab.hosts[host].folder / "exports"


def write_move(
    lab: Lab, who: LabClient, change: str, ground: Ground, *, today: date
) -> dict[str, str]:
    """Write the scope of the move: every drive of the old tenant, and the I-drive.

    Args:
        lab: a running lab.
        who: the client.
        change: the change's id.
        ground: the tenants and the server.
        today: the day of counting.

    Returns:
        drive of the old tenant by asset.
    """
    path = write_scope(
        lab, who, change, today=today, title="The move to the new Microsoft environment",
        job="migration",
        summary="Your files move. Nothing is removed where they are now.",
        people=_people(ground),
    )  # fmt: skip
    scope = yaml.safe_load(path.read_text())
    targets = _places(ground.new)
    assets, drives = [], {}
    for place, drive in sorted(_places(ground.old).items()):
        name = place.replace(" ", "-").lower()
        drives[name] = drive["id"]
        kind = "onedrive" if drive["owner"] else "sharepoint"
        assets.append(
            _asset(
                name, place, kind, drive["id"], today,
                origin={"by": "tenant", "tenant": "old", "drive": drive["id"]},
                into={"drive": targets[place]["id"]},
            )
        )  # fmt: skip
    shared = next(d["id"] for d in ground.new.control.drives() if d["name"] == _SECOND)
    assets.append(
        _asset(
            SHARED, "I-drive", "share", str(ground.i_drive), today,
            origin={"by": "sftp", "server": "supplier", "folder": str(ground.i_drive)},
            into={"drive": shared, "folder": "I-drive", "leave_out": ["shortcut"]},
        )
    )  # fmt: skip
    scope["assets"] = [*assets, *_lists(ground.old, today), _mail(today)]
    scope["risks"] = [_risk(asset) for asset in scope["assets"]]
    scope["freeze"] = {"who": SIGNER[0], "words": "The old places become read-only."}
    scope["not_included"] = [
        {
            "id": "workstations",
            "words": "We do not set up the workstations for the new environment.",
        }
    ]
    scope["way_back"] = {
        "consent": False,
        "words": "You go on working where you are. We stop and ask you first.",
    }
    write_yaml(path, scope)
    return drives


def _account(tenant: Tenant) -> dict[str, Any]:
    return {
        "tenant_id": tenant.tenant_id, "client_id": tenant.app.client_id,
        "authority": tenant.graph, "graph": tenant.graph, "ca": str(tenant.ca),
    }  # fmt: skip


def _people(ground: Ground) -> list[dict[str, str]]:
    """Everybody is called the same in the new tenant."""
    was = [str(drive["owner"]) for drive in ground.old.control.drives() if drive["owner"]]
    return [{"was": mail, "becomes": mail.replace("@old.", "@new.")} for mail in was]


def _places(tenant: Tenant) -> dict[str, dict[str, Any]]:
    """Drives by what people call them: the person, or the team. Teams come in their order."""
    drives = tenant.control.drives()
    teams = [drive for drive in drives if not drive["owner"] and drive["name"] == _FIRST]
    people = {f"OneDrive {drive['owner'][4:6]}": drive for drive in drives if drive["owner"]}
    return people | {f"Team {number:02d}": drive for number, drive in enumerate(teams, 1)}


def _asset(
    name: str,
    words: str,
    kind: str,
    location: str,
    today: date,
    *,
    origin: dict[str, Any],
    into: dict[str, Any],
) -> dict[str, Any]:
    return {
        **_agreed(name, words, kind, location, today),
        "origin": origin,
        "disposition": {
            "what": "migrate",
            "to": "The same place in the new environment.",
            "by": today.replace(year=today.year + 1, day=1),
            "old_copy": "It stays readable until the old contract ends.",
            "into": {"tenant": "new", "names": _NAMES, **into},
        },
    }


def _lists(tenant: Tenant, today: date) -> list[dict[str, Any]]:
    """The lists of each team site, which we do not move."""
    found = []
    for place, drive in _places(tenant).items():
        if not drive["owner"]:
            # https://…/sites/team01/…
            site = "/".join(tenant.control.items(drive["id"])[0]["webUrl"].split("/")[:5])
            name = f"lists-{place.replace(' ', '-').lower()}"
            stays = {
                "what": "stays", "what_happens": "You copy what you need of it by hand.",
                "when": "no end date",
            }  # fmt: skip
            agreed = _agreed(name, f"Lists of {place}", "other", f"old: lists of {site}", today)
            found.append({**agreed, **_NOT_COUNTED, "disposition": stays})
    return found


def _mail(today: date) -> dict[str, Any]:
    return {
        **_agreed("mail", "Mail", "mailbox", "old: mailboxes", today),
        **_NOT_COUNTED,
        "disposition": {
            "what": "stays", "what_happens": "Another firm moves it.", "when": "no end date",
        },
    }  # fmt: skip


def _agreed(name: str, words: str, kind: str, location: str, today: date) -> dict[str, Any]:
    """What is the same for every place."""
    return {
        "id": name,
        "name": words,
        "kind": kind,
        "location": location,
        "unknown_because": "Nobody has counted it yet. We do when we first fetch it.",
        "counted_on": today,
        "data_class": "personal",
        "processing_agreement": "Processing agreement 2026-03",
        "criticality": "normal",
        "matters_because": "It is nowhere else.",
        "management": _PROVIDER,
        "backup": _PROVIDER,
        "security": _PROVIDER,
        "allowed_locations": [
            {"site": "Data centre North", "country": "NL", "provider": "Example Hosting"}
        ],
        "ends_on": "no end date",
    }


def _risk(asset: dict[str, Any]) -> dict[str, str]:
    name, words = str(asset["id"]), str(asset["name"])
    if asset["kind"] == "mailbox":
        return {
            "id": "mail-late", "asset": name,
            "words": "Mail is not in our hands. It can arrive late.",
            "we_do": "We tell the firm that moves it when we are done.",
        }  # fmt: skip
    if asset["kind"] == "other":
        return {
            "id": f"forgotten-{name}", "asset": name,
            "words": f"{words} are not in our hands. They could be forgotten.",
            "we_do": "We remind you of them before the old contract ends.",
        }  # fmt: skip
    return {
        "id": f"lost-{name}", "asset": name,
        "words": f"Files of {words} could be missing or changed after the move.",
        "we_do": "We compare every file with the original, byte by byte.",
    }  # fmt: skip
