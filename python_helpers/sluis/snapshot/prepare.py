"""Prepare a store: a repository, its escrowed key, and the probe. Runs on the verifier.

The escrowed password never reaches the machine whose data is copied.
"""

from __future__ import annotations

import os
import tempfile
from typing import List, Optional

from ..border.parts import Secrets, StoreSecrets
from ..border.verbs.asset_store import Answer, Request
from ..errors import SnapshotError
from ..programs import fixed
from .access import Access, open_access
from .children import Children
from .escrow import add_escrow_key
from .probe import TAG, make_probe
from .restic import Restic, password_of
from .store_keys import escrowed_names, keys_of


def prepare_store(request: Request, secrets: Secrets) -> Answer:
    """Make what is missing. What is there stays as it is.

    Args:
        request: which store.
        secrets: both passwords of the repository, and a login.

    Raises:
        SnapshotError: the store cannot be reached, or the password is wrong.
    """
    store, own = request.store, secrets.store
    password = password_of(own)
    did: List[str] = []
    with Children(tempfile.gettempdir()) as children:
        access = open_access(store, own, children.private, children)
        cache = os.path.join(children.private, "cache")
        restic = Restic(
            children,
            access,
            password,
            cache,
            program=request.restic,
            patience=request.patience,
        )
        keys = access.names("keys")
        if request.check_mode:
            return _answer(access, [] if keys else ["would make the repository"], None)
        if not keys:
            restic.run(fixed("init"))
            did.append("made the repository")
        escrow = own.escrow_password
        if escrow and escrow != password and not keys_of(access, escrow, escrowed=True, sure=True):
            _refuse_a_second(escrowed_names(access), store.id)
            add_escrow_key(restic, escrow, children.private)
            did.append("added the escrowed key")
        probe = request.probe
        names = access.names("snapshots")
        if not probe or probe not in names:
            known = restic.snapshots(TAG) if names else []
            probe = known[-1].id if known else make_probe(restic, access, children.private)
            if not known:
                did.append("put a probe on the store")
        if not probe:
            raise SnapshotError(
                "probe-not-made",
                f"No probe could be put on the store {store.id}.",
                "Check that the store accepts new snapshots.",
            )
        return _answer(access, did, probe)


def demand_escrow(access: Access, secrets: StoreSecrets, store: str) -> None:
    """Make sure that the escrowed password opens the escrowed key, where there is one already.

    Raises:
        SnapshotError: ``escrow-password-missing``, ``escrow-password-wrong``.
    """
    password = secrets.escrow_password
    if not password or password == secrets.repository_password:
        raise SnapshotError(
            "escrow-password-missing",
            f"The store {store} has no escrow_password of its own, so V6 is out of reach: nobody "
            "shows that a second key opens it.",
            "Write escrow_password, another one than repository_password, in "
            "snapshot_and_verify_store_secrets, and keep it elsewhere as well.",
        )
    there = access.names("keys")
    if there and not keys_of(access, password, escrowed=True, sure=True):
        _refuse_a_second(escrowed_names(access), store)


def _refuse_a_second(there: List[str], store: str) -> None:
    """A mistyped password would become a key that nobody keeps, and every proof rest on it."""
    if there:
        raise SnapshotError(
            "escrow-password-wrong",
            f"escrow_password opens no escrowed key of the store {store}, which has "
            f"{', '.join(name[:8] for name in there[:5])}.",
            "Correct escrow_password. If a new escrowed key is wanted, take the old one away on "
            "the store itself (restic key remove), so that one is left.",
        )


def _answer(access: Access, did: List[str], probe: Optional[str]) -> Answer:
    return Answer(
        changed=bool(did),
        did=tuple(did),
        probe=probe,
        clock=access.clock(),
        snapshots=len(access.names("snapshots")),
    )
