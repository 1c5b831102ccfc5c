"""Fetch a snapshot from the store and hold every byte of it against the signed manifest.

Standard library only and Python 3.8 syntax: this file runs on managed hosts.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import tempfile
from dataclasses import dataclass
from typing import Dict, List, Optional, Tuple

from ..border.facts import Facts
from ..border.facts import read_facts as facts_of
from ..border.parts import Ran, Secrets
from ..border.restores import Request
from ..border.strict_json import WrongError, parse
from ..border.verbs.asset_restore import Answer
from ..errors import EvidenceError, InputError, SnapshotError
from ..manifest import Comparison, Manifest, build_manifest, compare, load, shown
from ..programs import fixed, option
from .access import open_access
from .children import Children
from .filling import Filling
from .folder_rights import Owners, may_give
from .nonce import FILE as NONCE_FILE
from .progress import Progress
from .restic import Restic, password_of
from .restic_lines import Line, Node, Status
from .restore_space import demand_space

#: differences that are named one by one; the others are only counted
_MOST_NAMED = 50
_MOST_FACTS = 256 * 2**20

#: what to do about a full disk beside live data
_MAKE_ROOM = "Make room on that disk; the copy lies there beside the live data until it is swapped."


@dataclass(frozen=True)
class Signed:
    """What the signed evidence says about a snapshot: its manifests and their digests.

    ``after`` is ``None`` when nothing changed while the snapshot was made.
    """

    snapshot_id: str
    before: Manifest
    after: Optional[Manifest]
    digest: str

    def sizes(self) -> List[int]:
        """Size of each item that will be restored, at least: the larger of both manifests."""
        later = self.after or self.before
        larger = max(self.before, later, key=lambda manifest: manifest.bytes)
        return [entry.size for entry in larger.entries.values()]


def read_signed(request: Request) -> Signed:
    """Read the manifests that came along, and check that they are the signed ones.

    Raises:
        InputError: ``no-manifest``.
        EvidenceError: ``manifest-altered``, ``manifest-unreadable``.
    """
    snapshot, given = request.snapshot_id, request.manifests
    if not given:
        raise InputError(
            "no-manifest",
            f"There is no manifest of snapshot {snapshot[:8]} to compare with.",
            "Restore a snapshot that has a manifest in its dossier.",
        )
    manifests = [_read_manifest(item.path, item.sha256) for item in given]
    digests = "\n".join(item.sha256 for item in given)
    return Signed(
        snapshot,
        manifests[0],
        manifests[1] if len(manifests) == 2 else None,
        hashlib.sha256(digests.encode()).hexdigest(),
    )


def read_facts(request: Request) -> Facts:
    """Read the signed figures that came along.

    Raises:
        InputError: ``no-facts``.
        EvidenceError: ``facts-altered``.
    """
    given = request.facts
    if given is None:
        raise _no_facts(request)
    with open(given.path, "rb") as file:
        data = file.read(_MOST_FACTS + 1)
    if not hmac.compare_digest(hashlib.sha256(data).hexdigest(), given.sha256):
        raise EvidenceError(
            "facts-altered",
            "The figures that came to this machine are not the signed ones.",
            "Run it again; if it happens again, look for who alters files on this machine.",
        )
    try:
        facts = facts_of(parse(data, most_bytes=_MOST_FACTS, most_values=1_000_000))
    except WrongError as wrong:
        raise EvidenceError(
            "facts-unreadable",
            f"The signed figures of {request.asset.id} cannot be read: {wrong.field} {wrong.why}.",
            "Choose another snapshot.",
        ) from None
    if facts is None:
        raise _no_facts(request)
    return facts


def _no_facts(request: Request) -> InputError:
    return InputError(
        "no-facts",
        f"There are no signed figures of {request.asset.id} to compare with.",
        "Restore a snapshot that has figures in its dossier.",
    )


def fetch(
    request: Request,
    secrets: Secrets,
    signed: Signed,
    target: str,
    called: str,
    owners: Optional[Owners] = None,
) -> Tuple[Ran, ...]:
    """Restore the snapshot into ``target``, an empty folder of our own.

    Args:
        request: from which store, with which engine.
        secrets: the store's login.
        signed: which snapshot, and how large it is.
        target: an existing folder, or a path to one through an open descriptor.
        called: the same folder as people know it.
        owners: where it is counted which owners and groups this account cannot give; ``None``:
            nobody asks.

    Raises:
        SnapshotError: ``restore-no-space``, or why the store gave nothing usable.
    """
    room = demand_space(target, signed.sizes(), called)
    progress = Progress(request.progress, request.asset.id)
    progress.say("restoring beside")
    with Children(request.workdir or tempfile.gettempdir()) as children:
        access = open_access(request.store, secrets.store, children.private, children)
        restic = Restic(
            children,
            access,
            password_of(secrets.store),
            request.cache or os.path.join(children.private, "cache"),
            program=request.restic,
            patience=request.patience,
            progress=progress,
        )

        def follow(line: Line) -> None:
            if isinstance(line, Status):
                progress.say("restoring beside", line.percent_done)

        if owners is not None and os.geteuid() != 0:
            _count_owners(restic, signed.snapshot_id, owners)
        # An append-only store may refuse a lock, and a restore needs none.
        words = [fixed("restore", "--no-lock"), option("--target", target)]
        if restic.can("restore", "--sparse"):
            words.append(fixed("--sparse"))
        try:
            filling = Filling(target, target, room["needed_bytes"], room["free_bytes"])
            answer = restic.run(
                *words, ids=[signed.snapshot_id], keep_lines=False, on_line=follow, filling=filling
            )
        except SnapshotError as error:
            # here it lies beside the live data, and not in a scratch folder
            remedy = _MAKE_ROOM if error.code == "no-space" else error.remedy
            raise SnapshotError(error.code, error.what.replace(target, called), remedy) from error
    progress.say("restoring beside", 1)
    ran = answer.ran.replace(target, called)
    return (Ran(ran, round(answer.seconds, 3)),)


def _count_owners(restic: Restic, snapshot_id: str, owners: Owners) -> None:
    """Which items of a snapshot cannot be given their owner and group: the engine says nothing."""

    def count(line: Line) -> None:
        if not isinstance(line, Node) or line.uid is None or line.gid is None:
            return
        if line.path.strip("/") == NONCE_FILE:  # ours, and taken out of the copy
            return
        if not may_give(line.uid, line.gid):
            pair = (line.uid, line.gid)
            owners[pair] = owners.get(pair, 0) + 1

    restic.run(fixed("ls", "--no-lock"), ids=[snapshot_id], keep_lines=False, on_line=count)


def compare_with_signed(root: str, signed: Signed) -> Tuple[Comparison, Manifest]:
    """Read every byte under ``root`` and compare it with the signed manifests."""
    restored = build_manifest(root)
    return compare(signed.before, signed.after, restored), restored


def comparison_answer(found: Comparison, live: str, beside: str) -> Answer:
    """An equal copy for the record: all counts, and what changed during the snapshot."""
    return Answer(
        changed=True,
        live=live,
        beside=beside,
        equal=found.holds,
        compared_items=found.items,
        compared_bytes=found.bytes,
        counts=_counts(found),
        changed_during=tuple(shown(item.path) for item in found.changed_during[:_MOST_NAMED]),
    )


def _counts(found: Comparison) -> Dict[str, int]:
    return {
        name: len(getattr(found, name))
        for name in ("changed_during", "failed", "missing", "extra", "unknown", "metadata")
    }


def not_equal(asset: str, found: Comparison, beside: str) -> SnapshotError:
    """The error for a copy that is not what was signed. Nothing is swapped then."""
    wrong = [*found.failed, *found.missing, *found.extra, *found.unknown]
    named = ", ".join(shown(item.path) for item in wrong[:5])
    counts = ", ".join(f"{number} {name}" for name, number in _counts(found).items() if number)
    return SnapshotError(
        "restore-differs",
        f"The restored copy of {asset} is not what was signed: {counts} ({named}).",
        f"Nothing was swapped. The copy is in {beside} for a look; choose another snapshot.",
    )


def _read_manifest(path: str, digest: str) -> Manifest:
    with open(path, "rb") as file:
        total = hashlib.sha256()
        for block in iter(lambda: file.read(1 << 20), b""):
            total.update(block)
        if not hmac.compare_digest(total.hexdigest(), digest):
            raise EvidenceError(
                "manifest-altered",
                "The manifest that came to this machine is not the signed one.",
                "Run it again; if it happens again, look for who alters files on this machine.",
            )
        file.seek(0)
        return load(file)
