"""Look at a source without copying it, for the adoption of a backup that somebody else made.

A challenge places a nonce and leaves it there until a backup that holds it is adopted: found
in that backup, it proves that the backup is of this source and of after this moment.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from dataclasses import replace

from ..border.parts import Secrets
from ..border.verbs.asset_observe import Answer, Request
from ..manifest import build_manifest, dumps
from . import nonce as nonces
from .identity import check_identity, read_identity
from .kinds import DUMPED, dump


def observe_source(request: Request, secrets: Secrets) -> Answer:
    """Read an asset's manifest, or a database's figures, as they are now.

    Args:
        request: which asset, and what to do.
        secrets: the nonce, and the database's login.

    Raises:
        SnapshotError: ``wrong-machine``, ``source-missing``, or the engine's own.
    """
    asset = request.asset
    identity = read_identity()
    with contextlib.suppress(OSError):
        if asset.kind in ("directory", "sqlite"):
            identity = replace(identity, device=os.stat(asset.location).st_dev)
    # the database's own number is known only after asking it
    expected = replace(request.expected_identity, system_identifier=None)
    check_identity(request.host, expected, identity)
    if request.stage == "challenge":
        placed = asset.kind == "directory" and not nonces.place(
            asset.location, nonces.nonce_of(secrets)
        )
        return Answer(machine=identity, placed=placed)
    if request.stage == "tidy":
        if asset.kind == "directory":
            nonces.take_away(asset.location)
        return Answer(machine=identity, placed=False)
    place = os.path.realpath(asset.location) if asset.location.startswith("/") else None
    if asset.kind in DUMPED:
        with tempfile.TemporaryDirectory(prefix=".sluis-") as folder:
            dumped = dump(asset, folder, nonces.nonce_of(secrets), secrets.asset)
        identity = replace(identity, system_identifier=dumped.system_identifier)
        return Answer(machine=identity, placed=False, facts=dumped.facts, place=place)
    manifest = build_manifest(asset.location, asset.exclude)
    return Answer(
        machine=identity,
        placed=False,
        manifest=dumps(manifest),
        content=manifest.content_digest(ignore=(nonces.FILE,)),
        state=manifest.state(ignore=(nonces.FILE,)),
        place=place,
    )
