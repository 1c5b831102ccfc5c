"""Divide sources over workers so that they end at about the same time."""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence

from ..errors import InputError
from .source import Source

#: Bytes that a file costs besides its own: at 20 files/s and 111 MB/s (400 GB/h, the
#: egress cap), one request weighs as much as about 5 MB.
BYTES_PER_ITEM = 5_000_000


def weight(source: Source) -> int:
    """What a source costs to export, in bytes; one that nobody counted weighs as one file."""
    return (source.bytes or 0) + BYTES_PER_ITEM * max(1, source.items or 0)


def divide(
    sources: Sequence[Source],
    workers: Sequence[str],
    keep: Mapping[str, str] | None = None,
) -> dict[str, tuple[str, ...]]:
    """Which worker exports which sources.

    The heaviest goes first, each to the worker with the least so far; the result is the
    same whatever order the sources come in.

    Args:
        sources: all of them.
        workers: names of hosts.
        keep: source id to worker, from an earlier division. A worker's state stays with
            it, so what was begun there goes on there, as long as that worker exists.

    Returns:
        worker to the ids of its sources, heaviest first; every worker is named.

    Raises:
        InputError: ``no-workers``, ``double-source`` or ``double-worker``.
    """
    _check(sources, workers)
    shares: dict[str, list[Source]] = {worker: [] for worker in workers}
    free = []
    for source in sorted(sources, key=lambda s: (-weight(s), s.id)):
        kept = (keep or {}).get(source.id)
        if kept in shares:
            shares[kept].append(source)
        else:
            free.append(source)
    loads = [(sum(map(weight, share)), at) for at, share in enumerate(shares.values())]
    heapq.heapify(loads)
    names = list(shares)
    for source in free:
        load, at = heapq.heappop(loads)
        shares[names[at]].append(source)
        heapq.heappush(loads, (load + weight(source), at))
    return {
        worker: tuple(s.id for s in sorted(share, key=lambda s: (-weight(s), s.id)))
        for worker, share in shares.items()
    }


def _check(sources: Sequence[Source], workers: Sequence[str]) -> None:
    if not workers:
        raise InputError(
            "no-workers",
            "There is no worker to export with.",
            "Put at least one host in the inventory group export_workers.",
        )
    for code, names in (
        ("double-worker", list(workers)),
        ("double-source", [source.id for source in sources]),
    ):
        doubles = sorted({name for name in names if names.count(name) > 1})
        if doubles:
            raise InputError(
                code, f"{doubles[0]} is named more than once.", "Name each of them once."
            )
