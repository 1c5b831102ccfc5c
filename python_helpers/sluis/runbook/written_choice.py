"""The snapshots that a ``restore.yml`` names: each is looked for in the client's dossiers.

Whether such a snapshot is proven, and may be put back, is asked at prepare, of evidence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from sluis.errors import SluisError
from sluis.evidence.anchors import load_anchors
from sluis.evidence.ledger import Ledger
from sluis.evidence.predicates import Snapshot
from sluis.places import Places, change_id
from sluis.plan.faults import Fault, did_you_mean
from sluis.plan.written_yaml import Item, NotReadableError, read_written
from sluis.runbook.run import now

_WHOLE = re.compile(r"[0-9a-f]{64}")


def chosen_faults(file: str, item: Item | None, places: Places, client: str) -> Iterator[Fault]:
    """What is wrong with the snapshots that are to be put back.

    Where no dossier of the client lies here, only the form of an id can be looked at.

    Args:
        file: its path, for messages.
        item: ``restore_asset_list`` as it was read.
        places: the project.
        client: client id.
    """
    changes = _changes(places, client)
    elements = item.value if item is not None and isinstance(item.value, list) else ()
    for element in elements:
        if not isinstance(element.value, dict):
            continue
        asset, change, named = (_text(element, one) for one in _FIELDS)
        if change is not None and changes and change not in changes:
            yield Fault(
                "no-such-change", file, element.value["from_change"].line,
                f"There is no dossier of a change {change[:80]!r} of {client}.",
                did_you_mean(change, changes, "name the change that made the snapshot."),
            )  # fmt: skip
            change = None
        if named is None:
            continue
        known = _known(places, client, change if change in changes else None, asset)
        line = element.value["snapshot_id"].line
        remedy = _meant(named, known, client, change)
        if not _WHOLE.fullmatch(named):
            yield Fault(
                "wrong-form", file, line,
                f"{named[:80]!r} is no snapshot id: one has 64 digits and letters a to f.", remedy,
            )  # fmt: skip
        elif known is not None and named not in known:
            of = f" of {asset[:80]}" if asset is not None else ""
            yield Fault(
                "no-such-snapshot", file, line,
                f"The dossier of {change} has no snapshot {named[:12]}{of}.", remedy,
            )  # fmt: skip


def named_assets(path: Path) -> frozenset[str] | None:
    """The assets that a ``restore.yml`` puts back; ``None`` when that is not known yet."""
    try:
        top = read_written(path.read_bytes()).value
        elements = top["restore_asset_list"].value
        named = [_text(one, "asset") for one in elements]
    except (NotReadableError, OSError, LookupError, TypeError, AttributeError):
        return None
    return None if None in named else frozenset(str(one) for one in named)


_FIELDS = ("asset", "from_change", "snapshot_id")


def _text(element: Item, field: str) -> str | None:
    given = element.value.get(field)
    known = given is not None and given.is_known and isinstance(given.value, str | int)
    return str(given.value) if given is not None and known else None


def _changes(places: Places, client: str) -> frozenset[str]:
    folder = places.root / "dossiers" / client
    if not folder.is_dir():
        return frozenset()
    return frozenset(one.name for one in folder.iterdir() if (one / "statements").is_dir())


def _known(
    places: Places, client: str, change: str | None, asset: str | None
) -> frozenset[str] | None:
    """The ids of an asset's snapshots in a dossier; ``None`` when nobody can tell."""
    if change is None:
        return None
    try:
        anchors = load_anchors(places.trust(client), client)
        folder = places.dossier(client, change_id(change))
        view = Ledger(folder, anchors, client, change).read(now())
    except (SluisError, OSError):
        return None  # prepare says what is wrong with that dossier
    return frozenset(
        one.body.snapshot_id for one in view.of(Snapshot) if asset in (None, one.body.asset)
    )


def _meant(named: str, known: frozenset[str] | None, client: str, change: str | None) -> str:
    otherwise = f"write the whole id; sluis status {client} {change or 'CHANGE'} shows it."
    begins = sorted(one for one in known or () if len(named) >= 4 and one.startswith(named))
    if len(begins) == 1:
        return f"Did you mean {begins[0]!r}? Otherwise: {otherwise}"
    return did_you_mean(named, known or (), otherwise)
