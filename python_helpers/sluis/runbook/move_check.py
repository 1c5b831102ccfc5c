"""What a move needs from a worker: tenants on both sides, servers, folders. Looked at, not used.

The worker that would fetch an asset looks, because another one may reach what this one cannot. It
says what it found as typed facts; what is wrong, and what to write, is put together here.
"""

from __future__ import annotations

import re
from collections.abc import Callable
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
from sluis.runbook.move_check_uses import MOST_PEOPLE, ServerUse, TenantUse
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
class Needs:
    """What one worker would be asked, and who wants it.

    ``by_settings``: no scope says it, so that it is all that the settings name.
    """

    run: Run
    host: str
    tenants: dict[tuple[str, Side], TenantUse] = field(default_factory=dict)
    servers: dict[str, ServerUse] = field(default_factory=dict)
    folders: dict[str, list[Asset]] = field(default_factory=dict)
    found: list[Finding] = field(default_factory=list)
    by_settings: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """What it would look at, for what is said when it cannot be asked."""
        return (
            *(f"tenant {name}" for name in sorted({name for name, _ in self.tenants})),
            *(f"server {name}" for name in sorted(self.servers)),
            *sorted(self.folders),
        )


def look_at_needs(
    needs: Needs, sources: TenantSettings, targets: TenantSettings, call: Call
) -> list[Finding]:
    """Look at what one worker needs for its part of a move.

    Args:
        needs: of that worker.
        sources: settings of what data is fetched from.
        targets: of what it is put into.
        call: runs ``look_at_move`` there; not at all when there is nothing to look at.
    """
    run, host, found = needs.run, needs.host, list(needs.found)
    if needs.by_settings:
        _name_all(needs, sources, targets)
    request, secrets = _request(needs, sources, targets, found)
    if not (request.tenants or request.servers or request.folders):
        return found
    answer = call(request, secrets)
    tenants = {(one.tenant, one.side): one for one in answer.tenants}
    servers = {one.server: one for one in answer.servers}
    folders = {one.folder: one for one in answer.folders}
    for part in request.tenants:
        used = needs.tenants[part.tenant, part.side]
        found += tenant_findings(run, host, used, part, tenants)
    found += one_tenant_twice(answer.tenants)
    for server in request.servers:
        name = server.server
        found += server_findings(run, host, needs.servers[name], server, servers.get(name))
    for folder in request.folders:
        assets = needs.folders[folder]
        found += folder_findings(run, host, (folder, host), assets, folders.get(folder))
    return found


def needs_of(run: Run, host: str) -> Needs:
    """What one worker needs for its part of a move; nothing, where its scope cannot be read.

    Without a change each host of the group ``export_workers`` needs what the settings name. Where
    there is no such group, only a scope says who fetches something: no other host is given the
    secrets of a tenant to try.

    Args:
        run: the current run.
        host: the worker.
    """
    if not run.change:
        return Needs(run, host, by_settings=host in (run.export_workers or ()))
    scope = _scope(run)
    return Needs(run, host) if scope is None else _needs(run, host, scope)


def _name_all(needs: Needs, sources: TenantSettings, targets: TenantSettings) -> None:
    """Ask for whatever has settings, to sign in and no more."""
    needs.tenants |= {(name, "from"): TenantUse() for name in sources.accounts}
    needs.tenants |= {(name, "into"): TenantUse() for name in targets.accounts}
    needs.servers |= {name: ServerUse() for name in sources.servers}


def _scope(run: Run) -> ScopeDocument | None:
    """The scope with who fetches what; without the ledger it is divided as for the first time."""
    document = scope_of(run)
    if document is None or is_restore(run):
        return None
    try:
        return placed_scope(run)
    except SluisError:
        pass  # the readers say what is wrong with trust, ledger or workers
    try:
        return placed(document, divide(document, workers_of(document, run.export_workers), {}))
    except InputError:
        return None


def _needs(run: Run, host: str, scope: ScopeDocument) -> Needs:
    needs = Needs(run, host)
    workers = [name for name in run.export_workers or (CONTROLLER,) if name in run.hosts]
    first = (workers or run.hosts or (host,))[0]
    for asset in scope.assets:
        if (asset.host or first) != host:
            continue
        origin = asset.origin
        if isinstance(origin, FromTenant):
            use = needs.tenants.setdefault((origin.tenant, "from"), TenantUse())
            _drive(needs, use, asset, origin.drive, ("origin", "drive"))
        elif isinstance(origin, FromSftp):
            server = needs.servers.setdefault(origin.server, ServerUse())
            server.folders.setdefault(origin.folder, []).append(asset)
        elif isinstance(origin, FromFolder):
            needs.folders.setdefault(origin.folder, []).append(asset)
        into = into_of(asset)
        if into is not None and origin is not None:
            use = needs.tenants.setdefault((into.tenant, "into"), TenantUse())
            _drive(needs, use, asset, into.drive, ("disposition", "into", "drive"))
            if into.rights:
                use.becomes |= {
                    person.becomes: number
                    for number, person in enumerate(scope.people)
                    if person.becomes is not None and "@" in person.becomes
                }
        going = asset.disposition
        if isinstance(going, ClientMovesIt) and going.landing is not None:
            use = needs.tenants.setdefault((going.landing.tenant, "into"), TenantUse())
            where = ("disposition", "landing", "drive")
            _drive(needs, use, asset, going.landing.drive, where)
            use.people.setdefault(going.landing.account, []).append(asset)
    return needs


def _drive(needs: Needs, use: TenantUse, asset: Asset, drive: str, where: tuple[str, ...]) -> None:
    if _DRIVE.fullmatch(drive):
        use.drives.setdefault(drive, []).append((asset, where))
        return
    needs.found.append(
        Finding(
            asset.id, "drive-id-form", f"{asset.id}: {drive[:80]!r} is no id of a drive.",
            f"Write the id that 'sluis discover {needs.run.client} {needs.run.change}' finds, as "
            f"{'.'.join(where)} of {asset.id} in scope.yml.", True,
        )
    )  # fmt: skip


def _request(
    needs: Needs, sources: TenantSettings, targets: TenantSettings, found: list[Finding]
) -> tuple[Request, CheckSecrets]:
    """What can be asked with the settings as they are; ``found`` gets what is wrong with them."""
    tenants: list[OfTenant] = []
    held: dict[Side, dict[str, AccountSecret]] = {"from": {}, "into": {}}
    for (name, side), use in sorted(needs.tenants.items()):
        settings = sources if side == "from" else targets
        try:
            account = settings.account(name)
            secret = settings.secret(name).account
        except InputError as error:
            found.append(from_error(f"tenant {name}", error))
            continue
        if secret.secret is None and not (account.certificate or account.secret_file):
            found.append(_no_secret(settings.role, name))
            continue
        named = (*sorted(use.people), *sorted(use.becomes.keys() - use.people.keys()))
        people = tuple(one for one in named if one.isprintable())[:MOST_PEOPLE]
        listings: tuple[Listing, ...] = ("sites", "users") if side == "from" else ()
        tenants.append(OfTenant(name, side, account, tuple(use.drives), people, listings))
        held[side][name] = secret
    servers: list[OfServer] = []
    logins: dict[str, ServerSecret] = {}
    for name, server in sorted(needs.servers.items()):
        try:
            login = sources.server(name)
            logins |= sources.server_secret(name).servers
        except InputError as error:
            found.append(from_error(f"server {name}", error))
            continue
        servers.append(OfServer(name, login, tuple(server.folders)))
    request = Request(tuple(tenants), tuple(servers), tuple(needs.folders), SECONDS)
    return request, CheckSecrets(held["from"], held["into"], logins)


def _no_secret(role: str, tenant: str) -> Finding:
    return Finding(
        f"tenant {tenant}", "no-app-secret",
        f"tenant {tenant}: the inventory holds neither a secret nor a certificate of its app.",
        f"Write secret under {tenant} in {role}_secrets, in a vault file; or name the file with "
        f"the certificate on the worker as certificate under {tenant} in {role}_accounts.", True,
    )  # fmt: skip
