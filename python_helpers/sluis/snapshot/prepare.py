"""Prepare a store: a repository, its escrowed key, and the probe. Runs on the verifier.

The escrowed password never reaches the machine whose data is copied.
"""

from __future__ import annotations

import os
import tempfile
from typing import Any, Dict, List

from ..errors import SnapshotError
from .access import open_access
from .children import Children
from .escrow import USER, add_escrow_key
from .probe import TAG, make_probe
from .restic import PATIENCE, Restic
from .store import read_store


def prepare_store(request: Dict[str, Any]) -> Dict[str, Any]:
    """Make what is missing. What is there stays as it is.

    Args:
        request: ``store``, ``secrets`` (``store``: ``repository_password``,
            ``escrow_password`` or ``None``, and a login), ``check_mode``, and optionally
            ``probe`` (a known probe's id), ``restic``, ``patience``.

    Returns:
        ``changed``, ``did`` (list of words), ``probe`` (id), ``clock`` (of the store),
        ``snapshots`` (how many there are).

    Raises:
        SnapshotError: the store cannot be reached, or the password is wrong.
    """
    store = read_store(request["store"])
    secrets = request["secrets"]["store"]
    did: List[str] = []
    with Children(tempfile.gettempdir()) as children:
        access = open_access(store, secrets, children.private, children)
        cache = os.path.join(children.private, "cache")
        restic = Restic(
            children,
            access,
            secrets["repository_password"],
            cache,
            program=request.get("restic") or "restic",
            patience=float(request.get("patience") or PATIENCE),
        )
        keys = access.names("keys")
        if request.get("check_mode"):
            return _answer(access, [] if keys else ["would make the repository"], None)
        if not keys:
            restic.run("init")
            did.append("made the repository")
        escrow = secrets.get("escrow_password")
        if escrow and escrow != secrets["repository_password"] and access.key_of(USER) is None:
            add_escrow_key(restic, escrow, children.private)
            did.append("added the escrowed key")
        probe = request.get("probe")
        names = access.names("snapshots")
        if not probe or probe not in names:
            known = restic.snapshots(TAG) if names else []
            probe = str(known[-1]["id"]) if known else make_probe(restic, access, children.private)
            if not known:
                did.append("put a probe on the store")
        if not probe:
            raise SnapshotError(
                "probe-not-made",
                f"No probe could be put on the store {store.id}.",
                "Check that the store accepts new snapshots.",
            )
        return _answer(access, did, probe)


def _answer(access: Any, did: List[str], probe: Any) -> Dict[str, Any]:
    return {
        "changed": bool(did),
        "did": did,
        "probe": probe,
        "clock": access.clock(),
        "snapshots": len(access.names("snapshots")),
    }
