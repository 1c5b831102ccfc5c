"""What every kind of copy needs: the engine, an older generation, notes, and progress."""

from __future__ import annotations

import base64
import os
import threading
import time
from typing import Any, Callable, Dict, List, Optional, Tuple

from ..errors import SnapshotError
from ..manifest import Manifest, build_manifest, dumps
from ..manifest.exclude import for_restic
from .access import Access
from .children import Children
from .probe import new_snapshot
from .progress import Progress
from .randomness import hardly_compresses
from .restic import PATIENCE, Answer, Restic
from .store import Store

_CACHE = os.path.join("~", ".cache", "sluis", "restic")


class Maker:
    """One snapshot in the making.

    Args:
        request: as for ``make_snapshot``.
        store: where it goes.
        access: the store, with the maker's credentials.
        children: starts programs; its private folder goes when we go.
        identity: of this machine.
    """

    def __init__(
        self,
        request: Dict[str, Any],
        store: Store,
        access: Access,
        children: Children,
        identity: Dict[str, Any],
    ) -> None:
        self.request = request
        self.asset: Dict[str, Any] = request["asset"]
        self.store = store
        self.access = access
        self.children = children
        self.identity = identity
        self.names = access.names("snapshots")
        self.progress = Progress(request.get("progress"), self.asset["id"])
        self.ran: List[Dict[str, Any]] = []
        self.warnings: List[str] = []
        self._cache = os.path.expanduser(os.path.join(request.get("cache") or _CACHE, store.id))
        self.restic = Restic(
            children,
            access,
            request["secrets"]["store"]["repository_password"],
            self._cache,
            program=request.get("restic") or "restic",
            patience=float(request.get("patience") or PATIENCE),
        )

    def older_generation(
        self, root: str, exclude: Tuple[str, ...], leave_out: Tuple[str, ...]
    ) -> Tuple[str, bool]:
        """An earlier snapshot of this asset, and whether it had to be made now.

        Only one that is on record counts: what a broken-off run left on the store may be
        incomplete, and the engine does not mark it.

        Args:
            root: the folder to copy when there is none.
            exclude: the asset's patterns.
            leave_out: what the newest will hold and this one does not, so that they differ.
        """
        for known in self.request.get("older") or ():
            if known in self.names:
                return str(known), False
        self.warn("first-generation", "there was no older snapshot, so one was made first")
        patterns = [f"--exclude={p}" for name in leave_out for p in for_restic([f"/{name}"], root)]
        return self.backup(root, exclude, "copying an older generation", tuple(patterns)), True

    def backup(
        self, root: str, exclude: Tuple[str, ...], phase: str, extra: Tuple[str, ...] = ()
    ) -> str:
        """Copy a folder to the store; the full id of the new snapshot.

        Raises:
            SnapshotError: ``snapshot-incomplete`` (restic's status 3),
                ``snapshot-not-on-store``, or what the engine said.
        """
        arguments = [
            "backup", ".", "--host", self.request["host"],
            "--tag", f"sluis,{self._tag},change={self.request['change']}",
            *(f"--exclude={pattern}" for pattern in for_restic(exclude, root)), *extra,
        ]  # fmt: skip
        # The scan only serves the percentage; without a watcher it is work for nothing.
        if not self.request.get("progress") and self.restic.can("backup", "--no-scan"):
            arguments.append("--no-scan")
        if self.restic.can("backup", "--compression") and hardly_compresses(root):
            arguments.append("--compression=off")
        answer = self.restic.run(*arguments, cwd=root, on_line=self._follow(phase), accept=(0, 3))
        self.ran.append({"ran": answer.ran, "seconds": round(answer.seconds, 3)})
        if answer.status == 3:
            raise _incomplete(self.asset["id"], answer)
        snapshot = new_snapshot(answer.lines, self.names, self.access)
        if not snapshot:
            raise SnapshotError(
                "snapshot-not-on-store",
                f"restic says that it copied {self.asset['id']}, and the store does not show it.",
                "Check which store answers at that address.",
            )
        self.progress.say(phase, 1)
        return snapshot

    def read(
        self, root: str, exclude: Tuple[str, ...], phase: str, since: Optional[Manifest] = None
    ) -> Manifest:
        """Build a manifest, and note how long it took."""
        start = time.monotonic()
        manifest = build_manifest(
            root,
            exclude,
            since,
            on_progress=lambda items, size: self.progress.say(phase, items=items, bytes=size),
        )
        seconds = round(time.monotonic() - start, 3)
        self.ran.append({"ran": f"manifest: {phase}", "seconds": seconds})
        return manifest

    def warn(self, code: str, words: str) -> None:
        """Note something that people must see."""
        self.warnings.append(f"{code}: {words}")

    def repository_id(self) -> Optional[str]:
        """restic names its cache after the repository, so nobody has to be asked."""
        try:
            found = [name for name in os.listdir(self._cache) if len(name) == 64]
        except OSError:
            return None
        return found[0] if len(found) == 1 else None

    @property
    def _tag(self) -> str:
        return f"asset={self.asset['id']}"

    def _follow(self, phase: str) -> Callable[[Dict[str, Any]], None]:
        def follow(line: Dict[str, Any]) -> None:
            if line.get("message_type") == "status":
                self.progress.say(
                    phase,
                    float(line.get("percent_done") or 0),
                    bytes=line.get("bytes_done", 0),
                    of_bytes=line.get("total_bytes", 0),
                    items=line.get("files_done", 0),
                )

        return follow


def together(first: Callable[[], Any], second: Callable[[], Any]) -> Tuple[Any, Any]:
    """Run two things at once; when one fails, its error is the answer."""
    failed: List[BaseException] = []
    out: List[Any] = []

    def work() -> None:
        try:
            out.append(second())
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        one = first()
    finally:
        thread.join()
    if failed:
        raise failed[0]
    return one, out[0]


def packed(manifest: Manifest) -> str:
    """A manifest as text, for an answer in JSON."""
    return base64.b64encode(dumps(manifest)).decode("ascii")


def _incomplete(asset: str, answer: Answer) -> SnapshotError:
    said = " ".join(answer.errors.split())[-400:]
    return SnapshotError(
        "snapshot-incomplete",
        f"restic could not read everything of {asset} (status 3): {said}",
        "Give the snapshot's account the right to read it all, or leave items out in the scope.",
    )
