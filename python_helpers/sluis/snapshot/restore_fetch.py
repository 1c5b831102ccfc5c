"""Fetch a snapshot from the store and hold every byte of it against the signed manifest.

Standard library only and Python 3.8 syntax: this file runs on managed hosts.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import tempfile
from dataclasses import dataclass
from typing import Any, Dict, List, Optional, Tuple

from ..errors import EvidenceError, InputError, SnapshotError
from ..manifest import Comparison, Manifest, build_manifest, compare, load
from .access import open_access
from .children import Children
from .progress import Progress
from .restic import PATIENCE, Restic
from .restore_space import demand_space
from .store import read_store

#: differences that are named one by one; the others are only counted
_MOST_NAMED = 50


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


def read_signed(request: Dict[str, Any]) -> Signed:
    """Read the manifests that came along, and check that they are the signed ones.

    Args:
        request: ``snapshot_id``; ``manifests``: one or two of ``{"path", "sha256"}``, of
            before and after, as they lie on this machine and as evidence names them.

    Raises:
        InputError: ``bad-snapshot-id``, ``no-manifest``.
        EvidenceError: ``manifest-altered``, ``manifest-unreadable``.
    """
    snapshot = str(request["snapshot_id"])
    if not re.fullmatch("[0-9a-f]{64}", snapshot):
        raise InputError(
            "bad-snapshot-id",
            f"{snapshot[:80]!r} is not a whole snapshot id.",
            "Use the id of 64 characters from the ledger; a shorter one could fit another.",
        )
    given = list(request.get("manifests") or ())
    if not 1 <= len(given) <= 2:
        raise InputError(
            "no-manifest",
            f"There is no manifest of snapshot {snapshot[:8]} to compare with.",
            "Restore a snapshot that has a manifest in its dossier.",
        )
    manifests = [_read_manifest(str(item["path"]), str(item["sha256"])) for item in given]
    digests = "\n".join(str(item["sha256"]) for item in given)
    return Signed(
        snapshot,
        manifests[0],
        manifests[1] if len(manifests) == 2 else None,
        hashlib.sha256(digests.encode()).hexdigest(),
    )


def read_facts(request: Dict[str, Any]) -> Dict[str, Any]:
    """Read the signed figures that came along.

    Raises:
        InputError: ``no-facts``.
        EvidenceError: ``facts-altered``.
    """
    given = request.get("facts")
    if not given:
        raise InputError(
            "no-facts",
            f"There are no signed figures of {request['asset']['id']} to compare with.",
            "Restore a snapshot that has figures in its dossier.",
        )
    with open(str(given["path"]), "rb") as file:
        data = file.read()
    if not hmac.compare_digest(hashlib.sha256(data).hexdigest(), str(given["sha256"])):
        raise EvidenceError(
            "facts-altered",
            "The figures that came to this machine are not the signed ones.",
            "Run it again; if it happens again, look for who alters files on this machine.",
        )
    facts: Dict[str, Any] = json.loads(data)
    return facts


def fetch(request: Dict[str, Any], signed: Signed, target: str, shown: str) -> Dict[str, Any]:
    """Restore the snapshot into ``target``, an empty folder of our own.

    Args:
        request: ``store``, ``secrets`` (``store``), ``asset`` (``id``), and optionally
            ``restic``, ``cache``, ``workdir``, ``patience``, ``progress``.
        signed: which snapshot, and how large it is.
        target: an existing folder, or a path to one through an open descriptor.
        shown: the same folder as people know it.

    Returns:
        ``{"ran": [{"ran", "seconds"}], "needed_bytes", "free_bytes"}``

    Raises:
        SnapshotError: ``restore-no-space``, or why the store gave nothing usable.
    """
    room = demand_space(target, signed.sizes(), shown)
    store = read_store(request["store"])
    secrets = request["secrets"]["store"]
    progress = Progress(request.get("progress"), str(request["asset"]["id"]))
    progress.say("restoring beside")
    with Children(request.get("workdir") or tempfile.gettempdir()) as children:
        access = open_access(store, secrets, children.private, children)
        restic = Restic(
            children,
            access,
            secrets["repository_password"],
            request.get("cache") or os.path.join(children.private, "cache"),
            program=request.get("restic") or "restic",
            patience=float(request.get("patience") or PATIENCE),
        )
        # An append-only store may refuse a lock, and a restore needs none.
        arguments = ["restore", signed.snapshot_id, "--target", target, "--no-lock"]
        if restic.can("restore", "--sparse"):
            arguments.append("--sparse")
        try:
            answer = restic.run(*arguments, keep_lines=False)
        except SnapshotError as error:
            raise SnapshotError(
                error.code, error.what.replace(target, shown), error.remedy
            ) from error
    progress.say("restoring beside", 1)
    ran = answer.ran.replace(target, shown)
    return {"ran": [{"ran": ran, "seconds": round(answer.seconds, 3)}], **room}


def compare_with_signed(root: str, signed: Signed) -> Tuple[Comparison, Manifest]:
    """Read every byte under ``root`` and compare it with the signed manifests."""
    restored = build_manifest(root)
    return compare(signed.before, signed.after, restored), restored


def comparison_answer(found: Comparison) -> Dict[str, Any]:
    """A comparison as JSON data for the record: all counts, and the first differences."""
    counts = {
        name: len(getattr(found, name))
        for name in ("changed_during", "failed", "missing", "extra", "unknown", "metadata")
    }
    wrong = [*found.failed, *found.missing, *found.extra, *found.unknown]
    return {
        "equal": found.holds,
        "compared_items": found.items,
        "compared_bytes": found.bytes,
        "counts": counts,
        "differences": [item.as_dict() for item in wrong[:_MOST_NAMED]],
        "changed_during": [item.as_dict()["path"] for item in found.changed_during[:_MOST_NAMED]],
    }


def not_equal(asset: str, answer: Dict[str, Any], beside: str) -> SnapshotError:
    """The error for a copy that is not what was signed. Nothing is swapped then."""
    named = ", ".join(item["path"] for item in answer["differences"][:5])
    counts = ", ".join(f"{number} {name}" for name, number in answer["counts"].items() if number)
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
