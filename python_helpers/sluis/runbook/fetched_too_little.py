"""Whether a pass brought about as much as there is, by the counts that are known.

A share that is not mounted is an empty folder, and an empty folder is fetched whole and without
an error. So what came is held against what the scope counts, and against what came before.
"""

from __future__ import annotations

from collections.abc import Iterable

from sluis.evidence.predicates import Export
from sluis.scope.model import Asset

_TO_DO = (
    "If its place could not be reached whole, such as a share that is not mounted, put that right "
    "and fetch it again. If so much was removed there, count it again and write items, size and "
    "counted_on into scope.yml."
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
    for what, came, counted in (
        ("files", export.items, asset.items),
        ("bytes", export.bytes, asset.size),
    ):
        known = [(_figure(one, what), f"pass {one.pass_number} brought") for one in before
                 if counted is None or one.finished_at.date() > asset.counted_on]  # fmt: skip
        if counted is not None:
            known.append((counted, f"the scope, of {asset.counted_on}, counts"))
        most, who = max(known, default=(0, ""))
        said = f"pass {export.pass_number} brought {came:,} {what}"
        if came * 2 < most:
            return f"{said}, and {who} {most:,}. {_TO_DO}"
        if what == "files" and not came and counted is None:
            return f"{said}, and the scope does not say that there are none. {_TO_DO}"
    return None


def _figure(export: Export, what: str) -> int:
    return export.items if what == "files" else export.bytes
