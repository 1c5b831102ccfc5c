"""Prove that an older generation can be restored too, without restoring all of it again.

restic stores content by its digest. What two snapshots share is the same data on the
store, and was proven by restoring the newest. So only the difference is restored.
"""

from __future__ import annotations

import os
from typing import Any, Dict, List, Tuple

from ..errors import SnapshotError
from ..manifest import Manifest, build_manifest
from .restic import Restic

#: above this many differing paths a full restore is quicker than so many patterns
_MOST_PATTERNS = 200


def prove_older(restic: Restic, older: str, newest: str, target: str) -> Dict[str, Any]:
    """Restore what differs in the older snapshot.

    Args:
        restic: the repository, with the verifier's key.
        older: full id of the older snapshot.
        newest: full id of the snapshot that is being restored in full.
        target: a new folder in the scratch.

    Returns:
        ``ran``, ``restored`` (items), ``bytes``, ``whole`` (whether all of it was restored),
        ``manifest`` of what was restored, ``distinct`` (whether the two differ at all).

    Raises:
        SnapshotError: it cannot be restored, or not all of what it must hold came back.
    """
    ran: List[str] = []
    differing, distinct = _difference(restic, older, newest, ran)
    if not distinct:
        return _answer(ran, Manifest({}), False, distinct=False)
    os.mkdir(target, 0o700)
    whole = differing is None or len(differing) > _MOST_PATTERNS
    if not whole and not differing:
        return _answer(ran, Manifest({}), False, distinct=True)
    arguments = ["restore", older, "--target", target, "--no-lock"]
    if not whole:
        arguments += [f"--include={_literal(path)}" for path in differing or ()]
    answer = restic.run(*arguments, keep_lines=False)
    ran.append(answer.ran if len(answer.ran) < 300 else answer.ran[:300] + " …")
    restored = build_manifest(target)
    missing = [p for p in differing or () if p.strip("/") not in restored.entries]
    if restored.problems or missing:
        raise SnapshotError(
            "older-generation-incomplete",
            f"The older snapshot {older[:8]} did not give back {len(missing)} items, "
            f"such as {(missing or [restored.problems[0].path])[0]!r}.",
            "Make a new older generation, and find out what happened to the store.",
        )
    return _answer(ran, restored, whole, distinct=True)


def _difference(restic: Restic, older: str, newest: str, ran: List[str]) -> Tuple[Any, bool]:
    """Paths that only the older one has, or has otherwise; ``None``: not to be told by name."""
    answer = restic.run("diff", older, newest, "--no-lock")
    ran.append(answer.ran)
    changes = [line for line in answer.lines if line.get("message_type") == "change"]
    totals = [line for line in answer.lines if line.get("message_type") == "statistics"]
    if not totals:
        # An engine that does not tell differences as JSON: restore everything.
        return None, True
    wanted = [str(c["path"]) for c in changes if str(c.get("modifier")) not in ("+", "U")]
    foreign = any("\ufffd" in path or "\n" in path or "\r" in path for path in wanted)
    # A folder that is only there in the older one ends in a slash; its items are named too.
    return (None if foreign else wanted), bool(changes)


def _answer(ran: List[str], restored: Manifest, whole: bool, *, distinct: bool) -> Dict[str, Any]:
    return {
        "ran": ran,
        "restored": restored.items,
        "bytes": restored.bytes,
        "whole": whole,
        "manifest": restored,
        "distinct": distinct,
    }


def _literal(path: str) -> str:
    """A path as a restic pattern that matches only itself."""
    return "".join("\\" + c if c in "*?[]\\" else c for c in path)
