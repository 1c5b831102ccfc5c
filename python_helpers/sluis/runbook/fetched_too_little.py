"""Whether a pass brought about as much as there is, by the counts that are known.

A share that is not mounted is an empty folder, and an empty folder is fetched whole and without
an error. So what came is held against what the scope counts, and against what came before.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sluis.counted import plural
from sluis.evidence.predicates import Export
from sluis.plan.behind import BehindList, Why, shortfall
from sluis.scope.model import Asset

_TO_DO = (
    "If its place could not be reached whole, such as a share that is not mounted, put that right "
    "and fetch it again. If so much was removed there, count it again and write items, size and "
    "counted_on into scope.yml."
)
_NOT_THERE = (
    "If so much was not removed there, a part of it could not be reached, such as a folder that is "
    "not mounted"
)


def too_little(asset: Asset, export: Export, earlier: Iterable[Export]) -> str | None:
    """Why a pass cannot be taken for all of an asset; ``None`` when the figures allow it.

    It brought nothing, or less than half of the files or bytes that are known. What the scope
    counted after a pass counts instead of that pass.

    Args:
        asset: as the scope has it.
        export: the pass.
        earlier: passes over the same asset that were made before it.
    """
    before = tuple(earlier)
    for what, came, counted in _beside(asset, export):
        known = [(_figure(one, what), f"pass {one.pass_number} brought") for one in before
                 if counted is None or one.finished_at.date() > asset.counted_on]  # fmt: skip
        if counted is not None:
            known.append((counted, f"the scope, of {asset.counted_on}, counts"))
        most, who = max(known, default=(0, ""))
        said = f"pass {export.pass_number} brought {_said(came, what)}"
        if came * 2 < most:
            return f"{said}, and {who} {most:,}. {_TO_DO}"
        if what == "files" and not came and counted is None:
            return f"{said}, and the scope does not say that there are none. {_TO_DO}"
    return None


def fewer_than_counted(
    asset: Asset, export: Export, named: tuple[int, int] = (0, 0)
) -> Iterator[tuple[str, Why]]:
    """What the scope counts and the pass did not bring, as lines of what does not go over.

    A first pass has none before it that would show what is missing. That is no reason to stop: a
    count can be old, and whoever reads the figures knows whether so much was thrown away.

    Args:
        asset: as the scope has it.
        export: its newest pass.
        named: files that could not be had, and their bytes as listed: each has a line of its own.
    """
    for (what, came, counted), more in zip(_beside(asset, export), named, strict=True):
        path = None if counted is None else shortfall(what, came + more, counted)
        if path is not None:
            yield path, "fewer-than-counted"


def said_of_counts(asset: Asset, export: Export, listed: BehindList) -> list[str]:
    """The same with both figures, for the operator.

    Args:
        asset: as the scope has it.
        export: its newest pass.
        listed: what of it does not go over.
    """
    return [
        f"{asset.id}: counted {_said(counted, what)} ({asset.counted_on}), got {came:,}. "
        f"{_NOT_THERE}"
        for what, came, counted in _beside(asset, export)
        if counted is not None and listed.falls_short(what)
    ]


def _beside(asset: Asset, export: Export) -> tuple[tuple[str, int, int | None], ...]:
    return (("files", export.items, asset.items), ("bytes", export.bytes, asset.size))


def _said(count: int, what: str) -> str:
    return f"{count:,} {plural(count, what.removesuffix('s'))}"


def _figure(export: Export, what: str) -> int:
    return export.items if what == "files" else export.bytes
