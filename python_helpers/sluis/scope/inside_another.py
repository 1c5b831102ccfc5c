"""Assets that lie inside another one: putting one of them back would take the other away."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from sluis.scope.broken import Broken
from sluis.scope.model import Asset, ScopeDocument

#: kinds that are put back by moving what lies at their path
_FILES = ("directory", "sqlite")


def inside_another(document: ScopeDocument) -> Iterator[Broken]:
    """Every asset that lies in the folder of another one, on the same host.

    That the outer one leaves it out helps nothing: its whole folder is moved aside.
    """
    for number, asset in enumerate(document.assets):
        outer = next((one for one in document.assets if is_inside(asset, one)), None)
        if outer is not None:
            yield Broken(
                ("assets", number, "location"),
                "asset-inside-another",
                f"lies inside {outer.id}. Putting {outer.id} back would take this one away.",
                f"Name the folders inside {outer.location} that hold data one by one, in place of "
                f"{outer.id}, so that no asset lies in another.",
            )


def is_inside(inner: Asset, outer: Asset) -> bool:
    """Whether an asset of files lies in the folder of another one, at any depth."""
    return (
        outer.kind == "directory"
        and inner.kind in _FILES
        and not (inner.is_exported or outer.is_exported)
        and inner.host == outer.host
        and PurePosixPath(outer.location) in PurePosixPath(inner.location).parents
    )
