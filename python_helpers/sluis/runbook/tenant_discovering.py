"""Find what is in a tenant, record it, and stop when the scope does not name all of it (B1)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from sluis.border import codec
from sluis.border.tenant import Drive, TenantSecrets
from sluis.border.verbs.tenant_discover import Answer, Request, SitePart, Workload
from sluis.counted import counted
from sluis.errors import SnapshotError
from sluis.evidence.predicates import Discovery, Machine, Reason, Refusal
from sluis.runbook.done import Done
from sluis.runbook.run import OpenDossier, Run, now
from sluis.runbook.snapshot_taking import Source, read_scope
from sluis.runbook.tenant_settings import TenantSettings
from sluis.scope.division import workers_from
from sluis.scope.drafting import place_of_lists, place_of_part
from sluis.scope.model import ScopeDocument, Stays
from sluis.scope.moving import FromTenant

Call = Callable[[Request, TenantSecrets], Answer]


#: said of every tenant: it matters most after the tenant is gone (B7)
_AUDIT_LOG = (
    "we do not fetch it. Where it is licensed, have the tenant's administrator keep an extract "
    "while the tenant exists."
)


@dataclass
class Found(Done):
    """What was found, for the operator."""

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
        answer = call(discovery_of(settings, tenant, count=False), settings.secret(tenant))
        found.changed |= _record(dossier, machine, tenant, answer, found)
        found.refused += _not_named(scope, tenant, answer)
        found.warnings += not_found(scope, tenant, answer)
    if found.refused:
        body = Refusal(hosts=(machine.host,), reasons=tuple(found.refused))
        dossier.ledger.append(body, key=dossier.key, now=now())
    return found


def discovery_of(settings: TenantSettings, tenant: str, *, count: bool) -> Request:
    """What a worker is asked about a tenant.

    Raises:
        InputError: ``no-such-tenant``, ``bad-setting``.
    """
    return Request(
        tenant=tenant,
        account=settings.account(tenant),
        budget=settings.budget(tenant),
        folder=f"{settings.exports}/.discovery-{tenant}",
        count=count,
    )


def source_of(dossier: OpenDossier, tenant: str, drive: str) -> Drive:
    """What discovery said of one drive.

    Raises:
        SnapshotError: ``source-not-found``.
    """
    names = ("kind", "id", "name", "site_id", "drive_id", "owner", "web_url", "list_id")
    for statement in reversed(dossier.ledger.read(now()).of(Discovery)):
        for item in statement.body.found:
            if item.get("tenant") == tenant and item.get("drive_id") == drive:
                known = {name: item[name] for name in names if item.get(name) is not None}
                return Drive(**known)
    raise SnapshotError(
        "source-not-found",
        f"The tenant {tenant} has no drive {drive}, as far as the app can see.",
        "Correct the drive's id in the scope, or give the app the right to see it.",
    )


def _record(
    dossier: OpenDossier, machine: Source, tenant: str, answer: Answer, found: Found
) -> bool:
    items = [
        {"tenant": tenant, **{k: v for k, v in codec.dump(drive).items() if v is not None}}
        for drive in answer.sources
    ]
    items += [
        {"tenant": tenant, "kind": part.kind, "name": part.name, "id": part.id,
         "web_url": part.web_url or part.site_url, "count": part.items}
        for part in answer.parts
    ]  # fmt: skip
    items += [
        {"tenant": tenant, "kind": "workload", "workload": item.kind,
         "count": item.count, "seen": item.seen, "how": item.how}
        for item in answer.workloads
    ]  # fmt: skip
    unseen = [f"{gap.what}: {gap.subject}: {gap.why}" for gap in answer.could_not]
    unseen.append(f"audit log: {tenant}: {_AUDIT_LOG}")
    body = Discovery(
        machine=Machine(host=machine.host, target=machine.target),
        found=tuple(items),
        not_verified=tuple(unseen),
    )
    found.lines.append(f"{tenant}: {counted(len(answer.sources), 'drive')}")
    if answer.parts:
        found.lines.append(
            f"{tenant}: {counted(len(answer.parts), 'list or set', 'lists and sets')} of "
            "pages beside them"
        )
    for item in answer.workloads:
        if item.seen and item.count:
            found.lines.append(f"{tenant}: {item.kind}: {item.count}")
    found.warnings += [f"{tenant}: {line}" for line in unseen]
    latest = dossier.ledger.read(now()).latest(
        Discovery, lambda item: any(one.get("tenant") == tenant for one in item.body.found)
    )
    if latest is not None and latest.body == body:
        return False
    dossier.ledger.append(body, key=dossier.key, now=now())
    return True


def unnamed_sources(scope: ScopeDocument | None, sources: Iterable[Drive]) -> list[Drive]:
    """Those drives of a tenant that the scope says nothing about; without a scope: all."""
    assets = scope.assets if scope is not None else ()
    drives = {a.origin.drive for a in assets if isinstance(a.origin, FromTenant)}
    places = {asset.location for asset in assets}
    return [
        source
        for source in sources
        if source.drive_id not in drives and not {source.web_url, source.drive_id} & places
    ]


def unnamed_parts(
    scope: ScopeDocument | None, tenant: str, parts: Iterable[SitePart]
) -> list[SitePart]:
    """Lists, pages and hidden lists of sites that the scope says nothing about."""
    places = {asset.location for asset in scope.assets} if scope is not None else set()
    return [
        part
        for part in parts
        if place_of_part(tenant, part) not in places
        and not (part.kind == "list" and place_of_lists(tenant, part) in places)
    ]


def unnamed_workloads(
    scope: ScopeDocument | None, tenant: str, workloads: Iterable[Workload]
) -> list[Workload]:
    """Other kinds of data that are there and that the scope says nothing about."""
    places = {asset.location for asset in scope.assets} if scope is not None else set()
    return [
        item
        for item in workloads
        if item.seen and item.count and f"{tenant}: {item.kind}" not in places
    ]


def not_found(scope: ScopeDocument, tenant: str, answer: Answer) -> list[str]:
    """What the scope says stays in a tenant, and what a look at that tenant did not find."""
    drives = {source.drive_id for source in answer.sources}
    places = {place for part in answer.parts
              for place in (place_of_part(tenant, part), place_of_lists(tenant, part))}  # fmt: skip
    # what could not be seen may be there
    places |= {
        f"{tenant}: {one.kind}" for one in answer.workloads if one.count != 0 or not one.seen
    }
    gone = [
        asset
        for asset in scope.assets
        if isinstance(asset.disposition, Stays)
        and (
            asset.origin.drive not in drives
            if isinstance(asset.origin, FromTenant) and asset.origin.tenant == tenant
            else asset.location.startswith(f"{tenant}: ") and asset.location not in places
        )
    ]
    return [
        f"{asset.id} stays, says the scope, and as far as {tenant} could be seen it is not "
        f"there: {asset.location}. Correct its location, or take it out of the scope."
        for asset in gone
    ]


_WHAT = {
    "list": "the list", "site pages": "pages in the site", "hidden lists": "hidden lists in",
}  # fmt: skip


def _not_named(scope: ScopeDocument, tenant: str, answer: Answer) -> list[Reason]:
    reasons = [
        Reason(
            code="source-not-in-scope",
            about=source.name[:200] or source.id,
            sentence=f"The tenant {tenant} has {source.name} ({source.kind}, "
            f"{source.web_url or source.id}), and the scope says nothing about it.",
            remedy=f"Add it to the scope (drive {source.drive_id}) with a disposition: "
            "migrate, stays, client moves it, or destroy. 'sluis discover' drafts it.",
        )
        for source in unnamed_sources(scope, answer.sources)
    ]
    reasons += [
        Reason(
            code="source-not-in-scope",
            about=part.name[:200] or part.id,
            sentence=f"The tenant {tenant} has {_WHAT[part.kind]} {part.name} "
            f"({part.web_url or part.site_url or part.id}), and the scope says nothing about it. "
            "We do not move it.",
            remedy=f"Add an asset with the location '{place_of_part(tenant, part)}' and a "
            "disposition. 'sluis discover' drafts it.",
        )
        for part in unnamed_parts(scope, tenant, answer.parts)
    ]
    reasons += [
        Reason(
            code="source-not-in-scope",
            about=item.kind,
            sentence=f"The tenant {tenant} has {item.count} {item.kind}, and the scope says "
            "nothing about them. We do not move them.",
            remedy=f"Add an asset with the location '{tenant}: {item.kind}' and a disposition.",
        )
        for item in unnamed_workloads(scope, tenant, answer.workloads)
    ]
    return reasons
