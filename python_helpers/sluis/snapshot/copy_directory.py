"""Copy a directory: nonce in, read everything, copy it, look again."""

from __future__ import annotations

from typing import Tuple

from ..border.facts import DirectoryFacts, LeftOut
from ..counted import counted, plural
from ..errors import SnapshotError
from ..manifest import Manifest, dumps, shown
from . import nonce as nonces
from .folder_rights import folder_rights
from .maker import Copied, Maker, together
from .randomness import measure_randomness


def copy_directory(maker: Maker, root: str, exclude: Tuple[str, ...]) -> Copied:
    """Copy everything under ``root``.

    The manifest before is complete before the newest copy begins. The one after reads
    only what may have changed; ctime, which no user can set, tells.

    Raises:
        SnapshotError: ``source-unreadable``, ``source-missing``, or what ``Maker`` raises.
    """
    with nonces.placed(root, nonces.nonce_of(maker.secrets)) as why_not:
        if why_not:
            maker.warn("nonce-not-placed", why_not)
        before, (older, made) = together(
            lambda: _readable(maker.read(root, exclude, "reading the source")),
            lambda: maker.older_generation(root, exclude, (nonces.FILE,)),
        )
        # While restic works, this thread has time for what is needed anyway.
        (manifest, randomness), snapshot = together(
            lambda: (dumps(before), measure_randomness(root, before)),
            lambda: maker.backup(root, exclude, "copying"),
        )
        after = maker.read(root, exclude, "looking again", before)
    if exclude:
        maker.warn(
            "left-out",
            f"{counted(before.left_out, 'item matches', 'items match')} {', '.join(exclude)} "
            f"and {plural(before.left_out, 'is', 'are')} not copied",
        )
    if before.empty_files:
        maker.warn(
            "empty-files", f"{counted(before.empty_files, 'file has', 'files have')} no bytes"
        )
    return Copied(
        snapshot_id=snapshot,
        previous_snapshot_id=older,
        older_made_now=made,
        state=after.state(ignore=(nonces.FILE,)),
        manifest_before=manifest,
        manifest_after=None if after == before else dumps(after),
        facts=DirectoryFacts(
            files=sum(1 for entry in before.entries.values() if entry.type == "file"),
            empty_files=before.empty_files,
            randomness=randomness,
            left_out=LeftOut(exclude, before.left_out),
            folder=folder_rights(root),
        ),
        bytes=before.bytes,
        items=before.items,
        nonce_placed=not why_not,
    )


def _readable(manifest: Manifest) -> Manifest:
    unread = [p for p in manifest.problems if p.code == "unreadable"]
    if unread:
        names = ", ".join(shown(problem.path) for problem in unread[:5])
        raise SnapshotError(
            "source-unreadable",
            f"{counted(len(unread), 'item')} cannot be read: {names}: {unread[0].detail}.",
            "Give the snapshot's account the right to read them, or leave them out in the scope.",
        )
    return manifest
