"""Adopt a restic repository that the client's own backup writes to."""

from __future__ import annotations

import os
import tempfile
from dataclasses import replace
from typing import List, Optional, Tuple

from ..border.parts import Secrets
from ..border.verbs.asset_copies import Answer, Generation, Newest, Request
from ..border.verbs.asset_verify import Request as ProofRequest
from ..errors import InputError, SnapshotError
from ..programs import fixed
from .access import open_access
from .backup_look import demand_one, demand_open
from .children import Children
from .copies import MOST_LOOKED_INTO
from .probe import make_probe
from .prove import prove_snapshot
from .restic import Restic, password_of
from .restic_lines import Change, Listed, Totals

#: how the mark of an older snapshot that differs begins; its id follows
DIFFERS = "differs-"


def adopt_restic(request: Request, secrets: Secrets) -> Answer:
    """Find the generations of an asset in a repository, and prove the newest.

    Args:
        request: with the store in ``backup``.
        secrets: the repository's password and the login.

    Raises:
        InputError: ``bad-backup``.
        SnapshotError: the repository cannot be opened, or has snapshots of something else only:
            ``backup-missing``, ``backup-password-wrong``, ``backup-of-another``.
    """
    backup = request.backup
    if backup.store is None:
        raise InputError(
            "bad-backup",
            f"The repository of {request.asset.id} is not described.",
            "Write its store in snapshot_and_verify_adopt.",
        )
    path = (backup.path or request.asset.location).rstrip("/")
    with Children(tempfile.gettempdir()) as children:
        access = open_access(backup.store, secrets.store, children.private, children)
        restic = Restic(
            children,
            access,
            password_of(secrets.store),
            os.path.join(children.private, "cache"),
            program=request.restic,
            patience=request.patience,
        )
        demand_open(request.asset.id, backup.store, secrets.store, access)
        every = restic.snapshots()
        listed = demand_one(request.asset.id, backup.store, every, path, backup.host)
        listed.reverse()
        if not listed:
            return Answer((), None)
        newest = listed[0]
        generations, older = _generations(restic, listed)
        totals = _totals(restic, newest.id)
        probe: Optional[str] = None
        try:
            probe = make_probe(restic, access, children.private)
        except SnapshotError:
            pass  # this login may only read, and that proves nothing
    size, items = totals.total_size, totals.total_file_count
    proof = prove_snapshot(
        ProofRequest(
            asset=request.asset,
            snapshot_id=newest.id,
            older_snapshot_id=older,
            nonce_sha256=request.nonce_sha256,
            bytes=size,
            items=items,
            facts=request.source.facts,
            maker=replace(request.source.machine, pid=None),
            probe=probe,
            store=backup.store,
            scratch=request.scratch,
            inside=path,
            restic=request.restic,
            patience=request.patience,
        ),
        secrets,
    )
    known = tuple(
        replace(one, content=proof.content if one.content == "same" else one.content)
        for one in generations
    )
    copied_at = proof.store_time or newest.time
    return Answer(known, Newest(newest.id, copied_at, size, items, proof))


def _totals(restic: Restic, snapshot: str) -> Totals:
    words = fixed("stats", "--mode=restore-size", "--no-lock")
    found = [one for one in restic.run(words, ids=[snapshot]).lines if isinstance(one, Totals)]
    return found[-1] if found else Totals(0, 0)


def _generations(restic: Restic, listed: List[Listed]) -> Tuple[List[Generation], Optional[str]]:
    """Which snapshots hold something else than the newest, by restic's own comparison."""
    newest = listed[0]
    out = [Generation(newest.id[:8], newest.time, "same")]
    older: Optional[str] = None
    for number, snapshot in enumerate(listed[1:]):
        content = None
        if older is None and number < MOST_LOOKED_INTO:
            answer = restic.run(fixed("diff", "--no-lock"), ids=[snapshot.id, newest.id])
            changes = [one for one in answer.lines if isinstance(one, Change)]
            differs = any(change.modifier != "U" for change in changes)
            content = f"{DIFFERS}{snapshot.id}" if differs else "same"
            if differs:
                older = snapshot.id
        out.append(Generation(snapshot.id[:8], snapshot.time, content))
    return out, older
