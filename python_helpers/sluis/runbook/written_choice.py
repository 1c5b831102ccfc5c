"""The snapshots that a ``restore.yml`` names: each is looked for in the client's dossiers.

Whether such a snapshot is proven, and may be put back, is asked at prepare, of evidence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from sluis.errors import SluisError
from sluis.evidence.anchors import load_anchors
from sluis.evidence.copies import newest_proof
from sluis.evidence.files import read_through_links
from sluis.evidence.ledger import Ledger, View
from sluis.evidence.predicates import Level, Snapshot
from sluis.gate.restores import (
    BROKEN_STATE_LEVEL,
    PROVEN_ENOUGH,
    WHY_LESS,
    may_be_in_a_restore,
)
from sluis.places import Places, change_id
from sluis.plan.faults import Fault, did_you_mean
from sluis.plan.written_yaml import LARGEST, Item, NotReadableError, read_written
from sluis.runbook.clock import now
from sluis.scope.model import ScopeDocument, required_level

_WHOLE = re.compile(r"[0-9a-f]{64}")
_FIELDS = ("asset", "from_change", "snapshot_id")
#: what reading a file meets that is not written to its end, or not well; its readers say so
_NOT_SO_FAR = (NotReadableError, OSError, LookupError, TypeError, AttributeError)
#: asset, change and snapshot of one line, as far as each is known
Chosen = tuple[str | None, str | None, str | None]


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
        asset, change, named = _chosen(element)
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


def chosen_in(path: Path) -> tuple[Chosen, ...] | None:
    """What a ``restore.yml`` puts back, line by line; ``None`` when that is not known yet."""
    try:
        return tuple(_chosen(one) for one in _top(path)["restore_asset_list"].value)
    except _NOT_SO_FAR:
        return None


def named_assets(path: Path) -> frozenset[str] | None:
    """The assets that a ``restore.yml`` puts back; ``None`` when that is not known yet."""
    chosen = chosen_in(path)
    if chosen is None or any(asset is None for asset, _, _ in chosen):
        return None
    return frozenset(str(asset) for asset, _, _ in chosen)


def must_be_quiet(path: Path) -> frozenset[str]:
    """The assets that a ``restore.yml`` swaps only while nothing uses them.

    When it has steps that stop something first, none: what runs now is nothing to speak of.
    """
    try:
        top = _top(path)
        stopping = top.get("software_update_quiesce")
        if stopping is not None and stopping.value not in (None, [], ""):
            return frozenset()
        return frozenset(
            str(one.value["asset"].value)
            for one in top["restore_asset_list"].value
            if "tolerate_use" not in one.value or one.value["tolerate_use"].value is not True
        )
    except _NOT_SO_FAR:
        return frozenset()


def only_put_back(path: Path, places: Places, client: str) -> frozenset[str]:
    """The assets of a ``restore.yml`` that does nothing but put back, stop services and start them.

    Of these the gate asks less, when the copy that is put back was proven itself. None when the
    change has other steps, or nobody can tell yet.

    Args:
        path: of the file.
        places: the project.
        client: client id.
    """
    try:
        top = _top(path)
        for name in ("software_update_quiesce", "software_update_steps"):
            steps = top[name].value if name in top else None
            if not all(_starts_or_stops(one) for one in steps or ()):
                return frozenset()
        said = [_chosen(one) for one in top["restore_asset_list"].value]
    except _NOT_SO_FAR:
        return frozenset()
    return frozenset(
        asset
        for asset, change, snapshot in said
        if asset is not None and change is not None
        and _reached(_view(places, client, change), asset, snapshot) in PROVEN_ENOUGH
    )  # fmt: skip


def asked_less(
    folder: Path, places: Places, client: str, document: ScopeDocument
) -> tuple[str, ...]:
    """One sentence for each asset of which the gate asks less than the scope does, and why.

    Args:
        folder: of the change.
        places: the project.
        client: client id.
        document: its scope.
    """
    put_back = only_put_back(folder / "restore.yml", places, client)
    return tuple(
        f"{asset.id}: {required_level(asset)} is not asked of it: {WHY_LESS}."
        for asset in document.assets
        if asset.id in put_back and asset.takes_snapshot
        and required_level(asset) > BROKEN_STATE_LEVEL
    )  # fmt: skip


def _reached(view: View | None, asset: str, snapshot: str | None) -> Level | None:
    """The level that the newest proof of a snapshot reached."""
    if view is None:
        return None
    taken = view.latest(
        Snapshot, lambda item: (item.body.asset, item.body.snapshot_id) == (asset, snapshot)
    )
    if taken is None:
        return None
    proof = newest_proof(view, taken.sha256)
    return proof.body.reached if proof is not None else None


def _starts_or_stops(step: Item) -> bool:
    fields = step.value
    if {"args_at_apply", "secret_args"} & set(fields):
        return False
    args = fields["args"].value
    return may_be_in_a_restore(str(fields["module"].value), frozenset(args), args["state"].value)


def _top(path: Path) -> dict[str, Item]:
    top: dict[str, Item] = read_written(read_through_links(path, LARGEST)).value
    return top


def _chosen(element: Item) -> Chosen:
    asset, change, snapshot = (_text_of(element, field) for field in _FIELDS)
    return asset, change, snapshot


def _text_of(element: Item, field: str) -> str | None:
    """What an element of ``restore_asset_list`` says in a field; ``None``: nothing known yet."""
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
    recorded = recorded_snapshots(places, client, change) if change is not None else None
    if recorded is None:
        return None
    return frozenset(one.snapshot_id for one in recorded if asset in (None, one.asset))


def recorded_snapshots(places: Places, client: str, change: str) -> tuple[Snapshot, ...] | None:
    """All snapshots in the dossier of a change, oldest first; ``None`` when nobody can tell.

    Args:
        places: the project.
        client: client id.
        change: change id, as somebody wrote it.
    """
    view = _view(places, client, change)
    return None if view is None else tuple(one.body for one in view.of(Snapshot))


def _view(places: Places, client: str, change: str) -> View | None:
    try:
        anchors = load_anchors(places.trust(client), client)
        folder = places.dossier(client, change_id(change))
        return Ledger(folder, anchors, client, change).read(now())
    except (SluisError, OSError):
        return None  # prepare says what is wrong with that dossier


def _meant(named: str, known: frozenset[str] | None, client: str, change: str | None) -> str:
    status = f"sluis status {client} {change or 'CHANGE'} --json"
    otherwise = f"write the whole id; {status} has it as snapshot_id."
    begins = sorted(one for one in known or () if len(named) >= 4 and one.startswith(named))
    if len(begins) == 1:
        return f"Did you mean {begins[0]!r}? Otherwise: {otherwise}"
    return did_you_mean(named, known or (), otherwise)
