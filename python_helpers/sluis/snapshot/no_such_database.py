"""The name of a database that its server does not have, with those that it may be meant for."""

from __future__ import annotations

import difflib
from typing import List, Sequence

from ..border.parts import Asset
from ..errors import SnapshotError

_ALIKE = 0.5
_NAMED_AT_MOST = 10


def alike(asset: Asset, there: Sequence[str]) -> List[str]:
    """The databases of a server whose name looks like that of an asset, the nearest first."""
    by_name = {name.lower(): name for name in there}
    wanted = str(asset.location).lower()
    near = difflib.get_close_matches(wanted, sorted(by_name), n=3, cutoff=_ALIKE)
    return [by_name[name] for name in near]


def no_such_database(asset: Asset, there: Sequence[str]) -> SnapshotError:
    """The error for it.

    Args:
        asset: whose database it should be.
        there: the databases of the server, as far as its user may see them.
    """
    near = alike(asset, there)
    if near:
        more = f" Did you mean {' or '.join(repr(name) for name in near)}?"
    elif there:
        rest = "" if len(there) <= _NAMED_AT_MOST else " and more"
        more = f" It has {', '.join(repr(name) for name in sorted(there)[:_NAMED_AT_MOST])}{rest}."
    else:
        more = ""
    return SnapshotError(
        "database-missing",
        f"{asset.id}: its server has no database {str(asset.location)!r}.{more}",
        "Correct its location in scope.yml.",
    )
