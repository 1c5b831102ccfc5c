"""What a move needs from a worker: tenants on both sides, servers, folders. Looked at, not used.

The worker that would fetch an asset looks, because another one may reach what this one cannot. It
says what it found as typed facts; what is wrong, and what to write, is put together here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from sluis.border.tenant import AccountSecret, ServerSecret
from sluis.border.verbs.tenant_check import (
    Answer,
    CheckSecrets,
    Listing,
    OfServer,
    OfTenant,
    Request,
    Side,
)
from sluis.errors import InputError, SluisError
from sluis.runbook.checking import from_error, is_restore, scope_of
from sluis.runbook.division import placed_scope
from sluis.runbook.findings import Finding
from sluis.runbook.move_check_servers import folder_findings, server_findings
from sluis.runbook.move_check_tenants import one_tenant_twice, tenant_findings
from sluis.runbook.move_check_uses import ServerUse, TenantUse
from sluis.runbook.run import Run
from sluis.runbook.tenant_settings import TenantSettings
from sluis.runbook.tenant_steps import into_of
from sluis.scope.division import CONTROLLER, divide, placed, workers_of
from sluis.scope.model import Asset, ClientMovesIt, ScopeDocument
from sluis.scope.moving import FromFolder, FromSftp, FromTenant

#: seconds for all that one worker looks at
SECONDS = 20.0
#: runs ``look_at_move`` there
Call = Callable[[Request, CheckSecrets], Answer]

_DRIVE = re.compile(r"[A-Za-z0-9][A-Za-z0-9!_.,=:%-]{0,511}")


@dataclass
class _Asked:
    """What one worker is asked, and who wants it."""

    tenants: dict[tuple[str, Side], TenantUse] = field(default_factory=dict)
    servers: dict[str, ServerUse] = field(default_factory=dict)
    folders: dict[str, Asset] = field(default_factory=dict)
    found: list[Finding] = field(default_factory=list)


def look_at_needs(
    run: Run, host: str, sources: TenantSettings, targets: TenantSettings, call: Call
) -> list[Finding]:
    """Look at what one worker needs for its part of a move.

    Args:
        run: the current run.
        host: the worker.
        sources: settings of what data is fetched from.
        targets: of what it is put into.
        call: runs ``look_at_move`` there; not at all when there is nothing to look at.
    """
    scope = _scope(run)
    if scope is None:
        return []
    asked = _asked(run, host, scope)
    request, secrets = _request(asked, sources, targets)
    if not (request.tenants or request.servers or request.folders):
        return asked.found
    answer = call(request, secrets)
    seen = {(one.tenant, one.side): one for one in answer.tenants}
    at_servers = {one.server: one for one in answer.servers}
    at_folders = {one.folder: one.failure for one in answer.folders}
    found = asked.found
    for part in request.tenants:
        use = asked.tenants[part.tenant, part.side]
        found += tenant_findings(run, host, use, part, seen)
    found += one_tenant_twice(answer.tenants)
    for server in request.servers:
        use_ = asked.servers[server.server]
        found += server_findings(run, host, use_, server, at_servers.get(server.server))
    for folder in request.folders:
        asset = asked.folders[folder]
        missing = folder not in at_folders
        found += folder_findings(run, host, asset, folder, at_folders.get(folder), missing=missing)
    return found


def _scope(run: Run) -> ScopeDocument | None:
    """The scope with who fetches what; without the ledger it is divided as for the first time."""
    document = scope_of(run)
    if document is None or is_restore(run.places, run.client, run.change):
        return None
    try:
        return placed_scope(run)
    except SluisError:
        pass  # the readers say what is wrong with trust, ledger or workers
    try:
        return placed(document, divide(document, workers_of(document, run.export_workers), {}))
    except InputError:
        return None


def _asked(run: Run, host: str, scope: ScopeDocument) -> _Asked:
    asked = _Asked()
    workers = [name for name in run.export_workers or (CONTROLLER,) if name in run.hosts]
    first = (workers or run.hosts or (host,))[0]
    for asset in scope.assets:
        if (asset.host or first) != host:
            continue
        origin = asset.origin
        if isinstance(origin, FromTenant):
            use = asked.tenants.setdefault((origin.tenant, "from"), TenantUse())
            _drive(run, asked, use, asset, origin.drive, ("origin", "drive"))
        elif isinstance(origin, FromSftp):
            server = asked.servers.setdefault(origin.server, ServerUse())
            server.folders.setdefault(origin.folder, []).append(asset)
        elif isinstance(origin, FromFolder):
            asked.folders[origin.folder] = asset
        into = into_of(asset)
        if into is not None and origin is not None:
            use = asked.tenants.setdefault((into.tenant, "into"), TenantUse())
            _drive(run, asked, use, asset, into.drive, ("disposition", "into", "drive"))
        going = asset.disposition
        if isinstance(going, ClientMovesIt) and going.landing is not None:
            use = asked.tenants.setdefault((going.landing.tenant, "into"), TenantUse())
            where = ("disposition", "landing", "drive")
            _drive(run, asked, use, asset, going.landing.drive, where)
            use.people.setdefault(going.landing.account, []).append(asset)
    return asked


def _drive(
    run: Run, asked: _Asked, use: TenantUse, asset: Asset, drive: str, where: tuple[str, ...]
) -> None:
    if _DRIVE.fullmatch(drive):
        use.drives.setdefault(drive, []).append((asset, where))
        return
    asked.found.append(
        Finding(
            asset.id, "drive-id-form", f"{asset.id}: {drive[:80]!r} is no id of a drive.",
            f"Write the id that 'sluis discover {run.client} {run.change}' finds, as "
            f"{'.'.join(where)} of {asset.id} in scope.yml.", True,
        )
    )  # fmt: skip


def _request(
    asked: _Asked, sources: TenantSettings, targets: TenantSettings
) -> tuple[Request, CheckSecrets]:
    """What can be asked with the settings as they are; what is wrong with them is a finding."""
    tenants: list[OfTenant] = []
    held: dict[Side, dict[str, AccountSecret]] = {"from": {}, "into": {}}
    for (name, side), use in sorted(asked.tenants.items()):
        settings = sources if side == "from" else targets
        try:
            account = settings.account(name)
            secret = settings.secret(name).account
        except InputError as error:
            asked.found.append(from_error(f"tenant {name}", error))
            continue
        if secret.secret is None and not (account.certificate or account.secret_file):
            asked.found.append(_no_secret(settings.role, name))
            continue
        people = tuple(one for one in sorted(use.people) if one.isprintable())
        listings: tuple[Listing, ...] = ("sites", "users") if side == "from" else ()
        tenants.append(OfTenant(name, side, account, tuple(use.drives), people, listings))
        held[side][name] = secret
    servers: list[OfServer] = []
    logins: dict[str, ServerSecret] = {}
    for name, server in sorted(asked.servers.items()):
        try:
            login = sources.server(name)
            logins |= sources.server_secret(name).servers
        except InputError as error:
            asked.found.append(from_error(f"server {name}", error))
            continue
        servers.append(OfServer(name, login, tuple(server.folders)))
    request = Request(tuple(tenants), tuple(servers), tuple(asked.folders), SECONDS)
    return request, CheckSecrets(held["from"], held["into"], logins)


def _no_secret(role: str, tenant: str) -> Finding:
    return Finding(
        f"tenant {tenant}", "no-app-secret",
        f"tenant {tenant}: the inventory holds neither a secret nor a certificate of its app.",
        f"Write secret under {tenant} in {role}_secrets, in a vault file; or name the file with "
        f"the certificate on the worker as certificate under {tenant} in {role}_accounts.", True,
    )  # fmt: skip


def needs_of(run: Run, host: str) -> Iterator[str]:
    """Names of all that a worker would look at, for what is said when it cannot be asked."""
    scope = _scope(run)
    if scope is not None:
        asked = _asked(run, host, scope)
        yield from (f"tenant {name}" for name in sorted({name for name, _ in asked.tenants}))
        yield from (f"server {name}" for name in sorted(asked.servers))
        yield from sorted(asked.folders)
