"""Which copy of an asset counts, of what it is, and what was proven of it. Pure."""

from __future__ import annotations

from .canonical import sha256
from .predicates import Snapshot, Verification
from .statements import Statement
from .view import View


def newest_copy(
    view: View, asset: str, *, before: int | None = None, broken: bool = True
) -> Statement[Snapshot] | None:
    """The newest copy of an asset.

    Args:
        view: the ledger.
        asset: its id.
        before: only what is recorded before the statement of this number.
        broken: whether a copy of a state that a change left behind counts.
    """
    return view.latest(
        Snapshot,
        lambda item: (
            item.body.asset == asset
            and (broken or item.body.purpose != "broken state")
            and (before is None or item.number < before)
        ),
    )


def newest_proof(view: View, copy: str) -> Statement[Verification] | None:
    """What was last proven of a copy.

    Args:
        copy: SHA-256 of the statement of the copy.
    """
    return view.latest(Verification, lambda item: item.body.snapshot == copy)


def source_digest(kind: str, location: str, exclude: tuple[str, ...]) -> str:
    """Names what is copied. Another source is another history.

    Args:
        kind: the asset's.
        location: where it is.
        exclude: the patterns of what is left out.
    """
    return sha256(repr((kind, location, exclude)).encode("utf-8"))
