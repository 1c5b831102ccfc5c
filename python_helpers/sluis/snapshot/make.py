"""Make a snapshot of one asset. Runs on the machine that the asset is on."""

from __future__ import annotations

import os
import tempfile
from dataclasses import replace
from typing import Optional, Sequence

from ..border.parts import Asset, Place, Secrets
from ..border.store import Store
from ..border.verbs.asset_snapshot import Answer, Made, Recognised, Request, Unchanged
from ..errors import RefusedError, SluisError
from ..manifest import observe_state
from . import nonce as nonces
from .access import open_access
from .children import Children
from .copy_broken import copy_broken_state
from .copy_directory import copy_directory
from .copy_dump import copy_dump
from .identity import check_identity, own_addresses, read_identity
from .kinds import DUMPED, observe
from .maker import Copied, Maker
from .probe import make_probe, try_to_remove
from .store import place_allowed, why_inside


def make_snapshot(request: Request, secrets: Secrets) -> Answer:
    """Make a snapshot, and an older generation first when the store has none.

    Args:
        request: what to copy and where to.
        secrets: the nonce, and the store's and the database's login.

    Raises:
        SnapshotError: nothing that could be mistaken for a good snapshot was made.
        RefusedError: ``store-not-allowed``.
        InputError: the request cannot be used.
    """
    asset, store = request.asset, request.store
    refuse_place(asset.id, store, request.allowed_locations)
    identity = replace(read_identity(), device=_device(asset))
    # the database's own number is known only after asking it
    check_identity(
        request.host, replace(request.expected_identity, system_identifier=None), identity
    )
    if request.recognise_only:
        return Answer(Recognised("recognised", identity))
    state = _state(request)
    place = os.path.realpath(asset.location) if asset.location.startswith("/") else None
    if state and state == request.unless_state and place == request.unless_place:
        return Answer(Unchanged("unchanged", state, identity))
    with Children(request.workdir or tempfile.gettempdir()) as children:
        access = open_access(store, secrets.store, children.private, children)
        clock = access.clock()
        maker = Maker(request, secrets, access, children, identity)
        copied = _copy(maker)
        probe = request.probe
        if not probe or probe not in maker.names:
            probe = make_probe(maker.restic, access, children.private)
        made = Made(
            kind="made",
            snapshot_id=copied.snapshot_id,
            previous_snapshot_id=copied.previous_snapshot_id,
            older_made_now=copied.older_made_now,
            state=copied.state,
            manifest_before=copied.manifest_before,
            manifest_after=copied.manifest_after,
            facts=copied.facts,
            bytes=copied.bytes,
            items=copied.items,
            nonce_placed=copied.nonce_placed,
            found=copied.found,
            as_files=copied.as_files,
            place=place,
            found_all=copied.found_all,
            repository_id=maker.repository_id(),
            machine=maker.identity,
            probe=probe,
            append_only=try_to_remove(access, probe),
            inside=why_inside(
                store, request.host, request.host_address, own_addresses(store.address)
            ),
            store_clock_before=clock,
            warnings=tuple(maker.warnings),
            ran=tuple(maker.ran),
            engine=f"restic {maker.restic.version()}",
        )
        return Answer(made)


def refuse_place(asset: str, store: Store, allowed: Sequence[Place]) -> None:
    """A copy may lie only where the client agreed that it may (case A12).

    Args:
        asset: its id.
        store: where the copy would go.
        allowed: where the scope lets it live.

    Raises:
        RefusedError: ``store-not-allowed``.
    """
    if not place_allowed(store, allowed):
        raise RefusedError(
            "store-not-allowed",
            f"A copy of {asset} may not live at {store.site} ({store.country}, {store.provider}).",
            "Use a store in an agreed place, or have the place added to the scope and signed.",
        )


def _copy(maker: Maker) -> Copied:
    if maker.request.purpose == "broken state":
        return copy_broken_state(maker)
    if maker.asset.kind in DUMPED:
        return copy_dump(maker)
    return copy_directory(maker, maker.asset.location, maker.asset.exclude)


def _state(request: Request) -> str:
    """The source's state by sizes and times; empty when that cannot be told cheaply."""
    asset = request.asset
    if not request.unless_state:
        return ""
    if asset.kind in DUMPED:
        return observe(asset)
    try:
        return observe_state(asset.location, asset.exclude, (nonces.FILE,))
    except SluisError:
        return ""


def _device(asset: Asset) -> Optional[int]:
    """Number of the volume that the asset is on, where that can be told."""
    if asset.kind not in ("directory", "sqlite"):
        return None
    try:
        return os.stat(asset.location).st_dev
    except OSError:
        return None
