"""Find what is in a tenant, record it, and stop when the scope does not name all of it (B1)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sluis.errors import SnapshotError
from sluis.evidence.predicates import Discovery, Machine, Reason, Refusal
from sluis.runbook.run import OpenDossier, Run, now
from sluis.runbook.snapshot_taking import Source, read_scope
from sluis.runbook.tenant_settings import TenantSettings
from sluis.scope.division import workers_from
from sluis.scope.model import ScopeDocument
from sluis.scope.moving import FromTenant

Call = Callable[[dict[str, Any], dict[str, Any]], dict[str, Any]]


#: said of every tenant: it matters most after the tenant is gone (B7)
_AUDIT_LOG = (
    "we do not fetch it. Where it is licensed, have the tenant's administrator keep an extract "
    "while the tenant exists."
)


@dataclass
class Found:
    """What was found, for the operator."""

    changed: bool = False
    lines: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    refused: list[Reason] = field(default_factory=list)


def tenants_of(scope: ScopeDocument, host: str) -> list[str]:
    """Names of the tenants that this host looks at: the first worker that fetches from one does.

    Args:
        scope: the scope; who fetches what is filled in.
        host: inventory name.
    """
    return [tenant for tenant, hosts in workers_from(scope).items() if hosts[0] == host]


def discover_tenants(
    run: Run,
    dossier: OpenDossier,
    machine: Source,
    settings: TenantSettings,
    call: Call,
    *,
    check_mode: bool = False,
) -> Found:
    """Look at every tenant that the scope speaks of and that is this worker's to look at.

    Args:
        run: the current run.
        dossier: where what was found is recorded.
        machine: the worker that looks.
        settings: accounts and secrets.
        call: runs ``discover_sources`` there.
        check_mode: say what would be done.

    Raises:
        SluisError: a tenant cannot be looked at.
    """
    found = Found()
    scope = read_scope(run)
    for tenant in tenants_of(scope, machine.host):
        if check_mode:
            found.lines.append(f"{tenant}: everything in it would be listed")
            continue
        request = {
            "asset": tenant,
            "export": {
                "account": settings.account(tenant),
                "sources": [],
                "folder": f"{settings.exports}/.discovery-{tenant}",
                "budget": settings.budget(tenant),
                "count": False,
            },
        }
        answer = call(request, settings.secret(tenant))
        found.changed |= _record(dossier, machine, tenant, answer, found)
        found.refused += _not_named(scope, tenant, answer)
    if found.refused:
        body = Refusal(hosts=(machine.host,), reasons=tuple(found.refused))
        dossier.ledger.append(body, key=dossier.key, now=now())
    return found


def source_of(dossier: OpenDossier, tenant: str, drive: str) -> dict[str, Any]:
    """What discovery said of one drive.

    Raises:
        SnapshotError: ``source-not-found``.
    """
    for statement in reversed(dossier.ledger.read(now()).of(Discovery)):
        for item in statement.body.found:
            if item.get("tenant") == tenant and item.get("drive_id") == drive:
                return {
                    name: item.get(name)
                    for name in (
                        "kind", "id", "name", "site_id", "drive_id", "owner", "web_url", "list_id",
                    )
                }  # fmt: skip
    raise SnapshotError(
        "source-not-found",
        f"The tenant {tenant} has no drive {drive}, as far as the app can see.",
        "Correct the drive's id in the scope, or give the app the right to see it.",
    )


def _record(
    dossier: OpenDossier, machine: Source, tenant: str, answer: Mapping[str, Any], found: Found
) -> bool:
    try:
        items = [
            {"tenant": tenant, **{k: v for k, v in item.items() if v is not None}}
            for item in answer["sources"]
        ]
        items += [
            {"tenant": tenant, "kind": "workload", "workload": item["kind"],
             "count": item["count"], "seen": item["seen"], "how": item["how"]}
            for item in answer["workloads"]
        ]  # fmt: skip
        unseen = [f"{g['what']}: {g['subject']}: {g['why']}" for g in answer["could_not"]]
        unseen.append(f"audit log: {tenant}: {_AUDIT_LOG}")
        body = Discovery(
            machine=Machine(host=machine.host, target=machine.target),
            found=tuple(items),
            not_verified=tuple(unseen),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise SnapshotError(
            "answer-unreadable",
            f"What {machine.host} says of the tenant {tenant} cannot be read: {error!r}",
            "Use the same version of Sluis everywhere.",
        ) from error
    found.lines.append(f"{tenant}: {len(answer['sources'])} drives")
    for item in answer["workloads"]:
        if item["seen"] and item["count"]:
            found.lines.append(f"{tenant}: {item['kind']}: {item['count']}")
    found.warnings += [f"{tenant}: {line}" for line in unseen]
    latest = dossier.ledger.read(now()).latest(
        Discovery, lambda item: any(one.get("tenant") == tenant for one in item.body.found)
    )
    if latest is not None and latest.body == body:
        return False
    dossier.ledger.append(body, key=dossier.key, now=now())
    return True


def unnamed_sources(
    scope: ScopeDocument | None, sources: Iterable[Mapping[str, Any]]
) -> list[Mapping[str, Any]]:
    """Those drives of a tenant that the scope says nothing about; without a scope: all."""
    assets = scope.assets if scope is not None else ()
    drives = {a.origin.drive for a in assets if isinstance(a.origin, FromTenant)}
    places = {asset.location for asset in assets}
    return [
        source
        for source in sources
        if source["drive_id"] not in drives
        and not {str(source["web_url"]), str(source["drive_id"])} & places
    ]


def unnamed_workloads(
    scope: ScopeDocument | None, tenant: str, workloads: Iterable[Mapping[str, Any]]
) -> list[Mapping[str, Any]]:
    """Other kinds of data that are there and that the scope says nothing about."""
    places = {asset.location for asset in scope.assets} if scope is not None else set()
    return [
        item
        for item in workloads
        if item["seen"] and item["count"] and f"{tenant}: {item['kind']}" not in places
    ]


def _not_named(scope: ScopeDocument, tenant: str, answer: Mapping[str, Any]) -> list[Reason]:
    reasons = [
        Reason(
            code="source-not-in-scope",
            about=str(source["name"])[:200] or str(source["id"]),
            sentence=f"The tenant {tenant} has {source['name']} ({source['kind']}, "
            f"{source['web_url'] or source['id']}), and the scope says nothing about it.",
            remedy=f"Add it to the scope (drive {source['drive_id']}) with a disposition: "
            "migrate, stays, client moves it, or destroy. 'sluis discover' drafts it.",
        )
        for source in unnamed_sources(scope, answer["sources"])
    ]
    reasons += [
        Reason(
            code="source-not-in-scope",
            about=str(item["kind"]),
            sentence=f"The tenant {tenant} has {item['count']} {item['kind']}, and the scope says "
            "nothing about them. We do not move them.",
            remedy=f"Add an asset with the location '{tenant}: {item['kind']}' and a disposition.",
        )
        for item in unnamed_workloads(scope, tenant, answer["workloads"])
    ]
    return reasons
