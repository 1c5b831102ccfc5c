"""Look at a source without copying it, for the adoption of a backup that somebody else made.

A challenge places a nonce and leaves it there until the client's own backup has run: found
in that backup, it proves that the backup is of this source and of after this moment.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from typing import Any, Dict

from ..manifest import build_manifest
from . import nonce as nonces
from .identity import check_identity, read_identity
from .kinds import DUMPED, adapter_of
from .maker import packed


def observe_source(request: Dict[str, Any]) -> Dict[str, Any]:
    """Read an asset's manifest, or a database's figures, as they are now.

    Args:
        request: ``asset``, ``host``, ``expected_identity``, ``stage`` (``challenge``:
            place ``nonce`` and leave it; ``look``: read, and take a left nonce away),
            ``nonce``, ``secrets`` (``asset``).

    Returns:
        ``machine`` (identity with ``device``), ``placed``, and for ``look``: ``manifest``
        (base64; of a directory), ``content``, ``state``, ``facts`` (of a database).

    Raises:
        SnapshotError: ``wrong-machine``, ``source-missing``, or the adapter's own.
    """
    asset = request["asset"]
    location = str(asset["location"])
    identity: Dict[str, Any] = {**read_identity(), "device": None}
    with contextlib.suppress(OSError):
        if asset["kind"] in ("directory", "sqlite"):
            identity["device"] = os.stat(location).st_dev
    expected = dict(request.get("expected_identity") or {})
    expected.pop("system_identifier", None)
    check_identity(request["host"], expected, identity)
    if request["stage"] == "challenge":
        placed = False
        if asset["kind"] == "directory":
            placed = not nonces.place(location, request["nonce"])
        return {"machine": identity, "placed": placed}
    if asset["kind"] in DUMPED:
        with tempfile.TemporaryDirectory(prefix=".sluis-") as folder:
            dump = adapter_of(asset["kind"]).dump(
                asset, folder, request["nonce"], request["secrets"].get("asset") or {}
            )
        identity["system_identifier"] = dump["system_identifier"]
        return {"machine": identity, "placed": False, "facts": dump["facts"], "state": ""}
    manifest = build_manifest(location, tuple(asset.get("exclude") or ()))
    nonces.take_away(location)
    return {
        "machine": identity,
        "placed": False,
        "manifest": packed(manifest),
        "content": manifest.content_digest(ignore=(nonces.FILE,)),
        "state": manifest.state(ignore=(nonces.FILE,)),
        "facts": {},
    }
