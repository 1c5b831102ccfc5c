"""Prove that an older generation can be restored too, without restoring all of it again.

restic stores content by its digest. What two snapshots share is the same data on the
store, and was proven by restoring the newest. So only the difference is restored.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any, List, Optional, Tuple

from ..counted import counted
from ..errors import SnapshotError
from ..manifest import Manifest, build_manifest
from ..programs import fixed, option
from .filling import Filling, free_in
from .restic import Restic
from .restic_lines import Change, Difference, Totals
from .scratch import Room, too_small

#: above this many differing paths a full restore is quicker than so many patterns
_MOST_PATTERNS = 200


@dataclass(frozen=True)
class Back:
    """What came back of an older generation.

    ``whole`` says whether all of it was restored, ``distinct`` whether it differs at all from
    the newest.
    """

    ran: Tuple[str, ...]
    manifest: Manifest
    whole: bool
    distinct: bool


def prove_older(restic: Restic, older: str, newest: str, target: str, scratch: str) -> Back:
    """Restore what differs in the older snapshot.

    Args:
        restic: the repository, with the verifier's key.
        older: full id of the older snapshot.
        newest: full id of the snapshot that is being restored in full.
        target: a new folder in the scratch.
        scratch: the scratch itself.

    Raises:
        SnapshotError: it cannot be restored, or not all of what it must hold came back.
    """
    ran: List[str] = []
    differing, distinct, size = _difference(restic, older, newest, ran)
    if not distinct:
        return Back(tuple(ran), Manifest({}), False, False)
    os.mkdir(target, 0o700)
    whole = differing is None or len(differing) > _MOST_PATTERNS
    if not whole and not differing:
        return Back(tuple(ran), Manifest({}), False, True)
    words = [fixed("restore", "--no-lock"), option("--target", target)]
    if not whole:
        words += [option("--include", _literal(path)) for path in differing or ()]
    else:
        size = _size_of(restic, older)
    filling = Filling(target, scratch, size or 0, free_in(scratch), bounded=size is not None)
    if filling.needed > filling.free:
        raise too_small("the older snapshot", Room(scratch, filling.free, filling.needed))
    answer = restic.run(*words, ids=[older], keep_lines=False, filling=filling)
    ran.append(answer.ran if len(answer.ran) < 300 else answer.ran[:300] + " …")
    restored = build_manifest(target)
    missing = [p for p in differing or () if p.strip("/") not in restored.entries]
    if restored.problems or missing:
        raise SnapshotError(
            "older-generation-incomplete",
            f"The older snapshot {older[:8]} did not give back {counted(len(missing), 'item')}, "
            f"such as {(missing or [restored.problems[0].path])[0]!r}.",
            "Make a new older generation, and find out what happened to the store.",
        )
    return Back(tuple(ran), restored, whole, True)


def _size_of(restic: Restic, snapshot: str) -> Optional[int]:
    """Bytes that a whole snapshot takes, as restic counts them."""
    answer = restic.run(fixed("stats", "--mode=restore-size", "--no-lock"), ids=[snapshot])
    sizes = [line.total_size for line in answer.lines if isinstance(line, Totals)]
    return sizes[0] if sizes else None


def _difference(
    restic: Restic, older: str, newest: str, ran: List[str]
) -> Tuple[Any, bool, Optional[int]]:
    """Paths that only the older one has, or has otherwise; ``None``: not to be told by name.

    Also whether there are any, and how many bytes of content only the older one has.
    """
    answer = restic.run(fixed("diff", "--no-lock"), ids=[older, newest])
    ran.append(answer.ran)
    changes = [line for line in answer.lines if isinstance(line, Change)]
    totals = [line for line in answer.lines if isinstance(line, Difference)]
    if not totals:
        # An engine that does not tell differences as JSON: restore everything.
        return None, True, None
    wanted = [change.path for change in changes if change.modifier not in ("+", "U")]
    foreign = any("\ufffd" in path or "\n" in path or "\r" in path for path in wanted)
    # A folder that is only there in the older one ends in a slash; its items are named too.
    return (None if foreign else wanted), bool(changes), totals[0].removed_bytes


def _literal(path: str) -> str:
    """A path as a restic pattern that matches only itself."""
    return "".join("\\" + c if c in "*?[]\\" else c for c in path)
