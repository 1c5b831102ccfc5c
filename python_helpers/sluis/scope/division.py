"""Which worker fetches which asset, where the scope leaves that open. Pure.

The client signs what is fetched and where it goes, not by which of our machines. So a scope
may leave ``host`` out; who does it is decided once, when the scope is laid down, and recorded
beside it.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sluis.errors import InputError
from sluis.scope.model import Asset, HostWithoutData, Migrate, ScopeDocument
from sluis.scope.moving import FromTenant

#: the inventory group whose hosts fetch what lies elsewhere
GROUP = "export_workers"
#: who does it when the inventory has no such group: the machine that Sluis runs on
CONTROLLER = "localhost"
#: Bytes that a file costs besides its own: at 20 files/s and 111 MB/s (400 GB/h, the
#: egress cap of Graph), one request weighs as much as about 5 MB.
BYTES_PER_ITEM = 5_000_000

_IDLE = "It fetches what lies elsewhere, and was given nothing of this change."


@dataclass(frozen=True)
class Division:
    """Who fetches what.

    Args:
        workers: names of all export workers, sorted; also those that were given nothing.
        given: worker by asset, for assets whose host the scope leaves open.
    """

    workers: tuple[str, ...] = ()
    given: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Moved:
    """An asset that another worker has to do with than the one that ``had`` it."""

    asset: Asset
    had: str

    @property
    def words(self) -> str:
        """What that means, for the operator."""
        return (
            f"{self.asset.id}: {self.had} fetched it, and it is now the work of "
            f"{self.asset.host}, which has nothing of it: it is fetched anew, from its "
            f"beginning. What {self.had} has of it stays there."
        )


def is_left_open(asset: Asset) -> bool:
    """Whether the scope does not say which machine fetches this asset."""
    return asset.is_exported and asset.host is None


def weight(asset: Asset) -> int:
    """What an asset costs to fetch, in bytes; one that nobody counted weighs as one file."""
    return (asset.size or 0) + BYTES_PER_ITEM * max(1, asset.items or 0)


def needs_controller(document: ScopeDocument, group: Sequence[str] | None) -> bool:
    """Whether the machine that Sluis runs on has to be one of the hosts.

    Args:
        document: the scope.
        group: hosts of the inventory group ``export_workers``; ``None`` when there is none.
    """
    return group is None and any(map(is_left_open, document.assets))


def workers_of(document: ScopeDocument, group: Sequence[str] | None) -> tuple[str, ...]:
    """All export workers of a change, sorted; none when nothing is fetched from elsewhere.

    Args:
        document: the scope.
        group: as for ``needs_controller``.

    Raises:
        InputError: ``no-workers``: the group is there and empty.
    """
    if needs_controller(document, group):
        return (CONTROLLER,)
    if not any(asset.is_exported for asset in document.assets):
        return ()
    if not group and any(map(is_left_open, document.assets)):
        raise InputError(
            "no-workers",
            f"The inventory group {GROUP} is empty, and the scope leaves open who fetches.",
            "Put at least one host in it, or take the group out: this machine then does it.",
        )
    return tuple(sorted(set(group or ())))


def divide(
    document: ScopeDocument,
    workers: Sequence[str],
    fetched_by: Mapping[str, str],
    before: Division = Division(),
) -> Division:
    """Divide what the scope leaves open, so that workers end at about the same time.

    What a worker has whole stays with it, because its state is there and nowhere else. What
    was only given to one stays with it too, unless workers came: whoever adds one wants to
    see work move. The rest goes heaviest first, each to the worker with the least so far. The
    result does not depend on the order of anything, and dividing again changes nothing.

    Args:
        document: the scope.
        workers: see ``workers_of``.
        fetched_by: worker by asset, of the newest whole pass.
        before: the division that held until now.
    """
    names = sorted(set(workers))
    begun = before.given if set(names) <= set(before.workers) else {}
    loads = dict.fromkeys(names, 0)
    given: dict[str, str] = {}
    free: list[Asset] = []
    for asset in filter(lambda asset: asset.is_exported, document.assets):
        had = (fetched_by.get(asset.id), begun.get(asset.id))
        host = asset.host or next((name for name in had if name in loads), None)
        if host is None:
            free.append(asset)
            continue
        if host in loads:
            loads[host] += weight(asset)
        if is_left_open(asset):
            given[asset.id] = host
    queue = [(load, name) for name, load in loads.items()]
    heapq.heapify(queue)
    for asset in sorted(free, key=lambda asset: (-weight(asset), asset.id)) if queue else ():
        load, name = queue[0]
        given[asset.id] = name
        heapq.heapreplace(queue, (load + weight(asset), name))
    return Division(tuple(names), dict(sorted(given.items())))


def placed(document: ScopeDocument, division: Division) -> ScopeDocument:
    """The scope with a host for everything that was given to one, to work with, not to sign.

    A worker that was given nothing is named as a host without data (case C1). An asset that
    was given to nobody keeps no host.
    """
    assets = tuple(
        asset.model_copy(update={"host": division.given[asset.id]})
        if is_left_open(asset) and asset.id in division.given
        else asset
        for asset in document.assets
    )
    named = {a.host for a in assets} | {entry.host for entry in document.hosts_without_data}
    idle = tuple(
        HostWithoutData(host=name, reason=_IDLE) for name in division.workers if name not in named
    )
    return document.model_copy(
        update={"assets": assets, "hosts_without_data": (*document.hosts_without_data, *idle)}
    )


def fetched_anew(document: ScopeDocument, fetched_by: Mapping[str, str]) -> Iterator[Moved]:
    """What one worker has whole and another one fetches from its beginning.

    Args:
        document: the scope, placed.
        fetched_by: as for ``divide``.
    """
    for asset in document.assets:
        had = fetched_by.get(asset.id)
        if asset.is_exported and had is not None and had != asset.host:
            yield Moved(asset, had)


def workers_from(document: ScopeDocument) -> dict[str, tuple[str, ...]]:
    """Workers by the tenant that they fetch from; a worker without anything of it is not one.

    Args:
        document: the scope, placed.
    """
    return _hosts_by(
        document, lambda a: a.origin.tenant if isinstance(a.origin, FromTenant) else None
    )


def workers_into(document: ScopeDocument) -> dict[str, tuple[str, ...]]:
    """Workers by the tenant that they put something into.

    Args:
        document: the scope, placed.
    """
    return _hosts_by(
        document,
        lambda a: (
            a.disposition.into.tenant
            if isinstance(a.disposition, Migrate) and a.disposition.into is not None
            else None
        ),
    )


def _hosts_by(
    document: ScopeDocument, tenant_of: Callable[[Asset], str | None]
) -> dict[str, tuple[str, ...]]:
    found: dict[str, set[str]] = {}
    for asset in document.assets:
        tenant = tenant_of(asset)
        if tenant is not None and asset.host is not None:
            found.setdefault(tenant, set()).add(asset.host)
    return {tenant: tuple(sorted(hosts)) for tenant, hosts in sorted(found.items())}
