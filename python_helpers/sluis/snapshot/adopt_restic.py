"""Adopt a restic repository that the client's own backup writes to."""

from __future__ import annotations

import os
import tempfile
from typing import Any, Dict, List

from ..errors import SnapshotError
from .access import open_access
from .children import Children
from .copies import MOST_LOOKED_INTO
from .generations import Generation, objections
from .probe import make_probe
from .prove import prove_snapshot
from .restic import PATIENCE, Restic
from .store import read_store


def adopt_restic(request: Dict[str, Any]) -> Dict[str, Any]:
    """Find the generations of an asset in a repository, and prove the newest.

    Args:
        request: as for ``adopt_backup``, with in ``backup``: ``store`` (as in
            ``snapshot_and_verify_store``), ``path`` (the asset's path as the backup was told;
            by default its location) and ``host`` (as the backup names it, or ``None`` for
            any); in ``secrets``: ``store`` with ``repository_password`` and the login.

    Returns:
        As ``adopt_backup``.

    Raises:
        SnapshotError: the repository cannot be opened.
    """
    backup = request["backup"]
    path = str(backup.get("path") or request["asset"]["location"]).rstrip("/")
    store = read_store(backup["store"])
    with Children(tempfile.gettempdir()) as children:
        access = open_access(store, request["secrets"]["store"], children.private, children)
        restic = Restic(
            children,
            access,
            request["secrets"]["store"]["repository_password"],
            os.path.join(children.private, "cache"),
            program=request.get("restic") or "restic",
            patience=float(request.get("patience") or PATIENCE),
        )
        listed = [s for s in restic.snapshots() if _is_of(s, path, backup.get("host"))]
        listed.reverse()
        if not listed:
            return {"objections": objections([], None), "generations": []}
        newest = str(listed[0]["id"])
        generations, older = _generations(restic, listed)
        stats = restic.run("stats", newest, "--mode", "restore-size", "--no-lock").lines
        totals = stats[-1] if stats else {}
        try:
            probe = make_probe(restic, access, children.private)
        except SnapshotError:
            probe = None  # this login may only read, and that proves nothing
    answer = prove_snapshot(
        {
            **request,
            "snapshot_id": newest,
            "older_snapshot_id": older,
            "bytes": int(totals.get("total_size") or 0),
            "items": int(totals.get("total_file_count") or 0),
            "facts": (request.get("source") or {}).get("facts") or {},
            "maker": {**((request.get("source") or {}).get("machine") or {}), "pid": None},
            "probe": probe,
            "store": backup["store"],
            "inside": path,
        }
    )
    source = request.get("source") or {}
    contents = [
        Generation(g.name, g.time, answer["content"] if g.content == "same" else g.content)
        for g in generations
    ]
    return {
        **answer,
        "generations": [item.as_dict() for item in contents],
        "objections": objections(contents, source.get("content")),
        "snapshot_id": newest,
        "copied_at": answer.get("store_time") or answer.get("engine_time"),
        "bytes": int(totals.get("total_size") or 0),
        "items": int(totals.get("total_file_count") or 0),
    }


def _is_of(snapshot: Dict[str, Any], path: str, host: Any) -> bool:
    inside = any(path == p or path.startswith(p.rstrip("/") + "/") for p in snapshot["paths"])
    return inside and (not host or snapshot.get("hostname") == host)


def _generations(
    restic: Restic, listed: List[Dict[str, Any]]
) -> "tuple[List[Generation], str | None]":
    """Which snapshots hold something else than the newest, by restic's own comparison."""
    newest = listed[0]
    out = [Generation(newest["id"][:8], str(newest["time"]), "same")]
    older = None
    for number, snapshot in enumerate(listed[1:]):
        content = None
        if older is None and number < MOST_LOOKED_INTO:
            answer = restic.run("diff", snapshot["id"], newest["id"], "--no-lock")
            changes = [c for c in answer.lines if c.get("message_type") == "change"]
            differs = any(c.get("modifier") != "U" for c in changes)
            content = f"differs-{snapshot['id']}" if differs else "same"
            if differs:
                older = str(snapshot["id"])
        out.append(Generation(snapshot["id"][:8], str(snapshot["time"]), content))
    return out, older
