"""Make a snapshot of one asset. Runs on the machine that the asset is on."""

from __future__ import annotations

import os
import tempfile
from typing import Any, Dict, Optional

from ..errors import RefusedError, SluisError
from ..manifest import observe_state
from . import nonce as nonces
from .access import open_access
from .children import Children
from .copy_broken import copy_broken_state
from .copy_directory import copy_directory
from .copy_dump import copy_dump
from .identity import check_identity, own_addresses, read_identity
from .kinds import DUMPED, adapter_of
from .maker import Maker
from .probe import make_probe, try_to_remove
from .store import place_allowed, read_store, why_inside

Request = Dict[str, Any]


def make_snapshot(request: Request) -> Dict[str, Any]:
    """Make a snapshot, and an older generation first when the store has none.

    Args:
        request: ``asset`` (id, kind, location, exclude, connection data), ``host`` (the
            inventory name), ``host_address`` (by which it is reached), ``change``,
            ``purpose``, ``nonce`` (64 hexadecimal characters), ``store``,
            ``allowed_locations``, ``expected_identity``, ``older`` (ids of known
            snapshots, newest first), ``probe`` (id or ``None``), ``unless_state``,
            ``secrets`` (``store``: repository_password and the store's login; ``asset``:
            the database's), and optionally ``workdir``, ``cache``, ``progress``,
            ``restic``, ``patience``.

    Returns:
        JSON data: ``unchanged`` true when the source is in ``unless_state``; else the
        snapshot's ids, both manifests (base64), figures, identity, attempts, warnings and
        the commands that ran with their seconds. No secret is in it.

    Raises:
        SnapshotError: nothing that could be mistaken for a good snapshot was made.
        RefusedError: ``store-not-allowed``.
        InputError: the request cannot be used.
    """
    asset = request["asset"]
    store = read_store(request["store"])
    refuse_place(request)
    identity = {**read_identity(), "device": _device(asset)}
    expected = dict(request.get("expected_identity") or {})
    expected.pop("system_identifier", None)  # known only after asking the database
    check_identity(request["host"], expected, identity)
    state = _state(request)
    if state and state == request.get("unless_state"):
        return {"unchanged": True, "state": state, "machine": identity}
    with Children(request.get("workdir") or tempfile.gettempdir()) as children:
        access = open_access(store, request["secrets"]["store"], children.private, children)
        clock = access.clock()
        maker = Maker(request, store, access, children, identity)
        made = _copy(maker)
        probe = request.get("probe")
        if not probe or probe not in maker.names:
            probe = make_probe(maker.restic, access, children.private)
        return {
            "unchanged": False,
            **made,
            "repository_id": maker.repository_id(),
            "machine": identity,
            "probe": probe,
            "append_only": try_to_remove(access, probe),
            "inside": why_inside(
                store,
                request["host"],
                request.get("host_address"),
                own_addresses(store.address),
            ),
            "store_clock_before": clock,
            "warnings": maker.warnings,
            "ran": maker.ran,
            "engine": f"restic {maker.restic.version()}",
        }


def refuse_place(request: Request) -> None:
    """A copy may lie only where the client agreed that it may (case A12).

    Raises:
        RefusedError: ``store-not-allowed``.
    """
    store = request["store"]
    if not place_allowed(store, request.get("allowed_locations") or ()):
        raise RefusedError(
            "store-not-allowed",
            f"A copy of {request['asset']['id']} may not live at {store['site']} "
            f"({store['country']}, {store['provider']}).",
            "Use a store in an agreed place, or have the place added to the scope and signed.",
        )


def _copy(maker: Maker) -> Dict[str, Any]:
    asset = maker.asset
    if maker.request.get("purpose") == "broken state":
        return copy_broken_state(maker)
    if asset["kind"] in DUMPED:
        return copy_dump(maker)
    return copy_directory(maker, str(asset["location"]), tuple(asset.get("exclude") or ()))


def _state(request: Request) -> str:
    """The source's state by sizes and times; empty when that cannot be told cheaply."""
    asset = request["asset"]
    if not request.get("unless_state"):
        return ""
    if asset["kind"] in DUMPED:
        observe = getattr(adapter_of(asset["kind"]), "observe", None)
        return str(observe(asset)) if observe else ""
    try:
        return observe_state(
            str(asset["location"]), tuple(asset.get("exclude") or ()), (nonces.FILE,)
        )
    except SluisError:
        return ""


def _device(asset: Dict[str, Any]) -> Optional[int]:
    """Number of the volume that the asset is on, where that can be told."""
    if asset["kind"] not in ("directory", "sqlite"):
        return None
    try:
        return os.stat(str(asset["location"])).st_dev
    except OSError:
        return None
