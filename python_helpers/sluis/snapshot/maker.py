"""What every kind of copy needs: the engine, an older generation, notes, and progress."""

from __future__ import annotations

import os
import threading
import time
from dataclasses import dataclass
from typing import Any, Callable, List, Optional, Tuple

from ..border.facts import Facts
from ..border.found import Found
from ..border.parts import Identity, Ran, Secrets
from ..border.verbs.asset_snapshot import Request
from ..errors import SnapshotError
from ..manifest import Manifest, build_manifest
from ..manifest.exclude import for_restic
from ..programs import fixed, option
from .access import Access, checked
from .children import Children
from .probe import new_snapshot
from .progress import Progress
from .randomness import hardly_compresses
from .restic import Answer, Restic, password_of
from .restic_lines import Line, Status
from .store_listing import only_ids

_CACHE = os.path.join("~", ".cache", "sluis", "restic")


@dataclass(frozen=True)
class Copied:
    """What one kind of copy adds to the answer; `asset_snapshot.Made` says what each is."""

    snapshot_id: str
    previous_snapshot_id: str
    older_made_now: bool
    state: str
    manifest_before: bytes
    manifest_after: Optional[bytes]
    facts: Facts
    bytes: int
    items: int
    nonce_placed: bool
    found: Tuple[Found, ...] = ()
    as_files: bool = False
    found_all: bool = True


class Maker:
    """One snapshot in the making.

    Args:
        request: as for ``make_snapshot``.
        secrets: the store's login and the database's.
        access: the store, with the maker's credentials.
        children: starts programs; its private folder goes when we go.
        identity: of this machine.
    """

    def __init__(
        self,
        request: Request,
        secrets: Secrets,
        access: Access,
        children: Children,
        identity: Identity,
    ) -> None:
        self.request = request
        self.secrets = secrets
        self.asset = request.asset
        self.access = access
        self.children = children
        self.identity = identity
        self.names = access.names("snapshots")
        self.progress = Progress(request.progress, self.asset.id)
        self.ran: List[Ran] = []
        self.warnings: List[str] = []
        self._parent: Optional[str] = None
        if access.foreign():
            self.warn("foreign-objects", access.foreign())
        store = request.store.id
        self._cache = os.path.expanduser(os.path.join(request.cache or _CACHE, store))
        self.restic = Restic(
            children,
            access,
            password_of(secrets.store),
            self._cache,
            program=request.restic,
            patience=request.patience,
            progress=self.progress,
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
        real = os.path.realpath(root)
        # a link that leads elsewhere since then: those are generations of something else
        of_here = self.request.older_place in (None, real) or not self.asset.location.startswith(
            "/"
        )
        for known in self.request.older if of_here else ():
            if known in self.names:
                self._parent = known
                return known, False
        self.warn("first-generation", "there was no older snapshot, so one was made first")
        patterns = [p for name in leave_out for p in for_restic([f"/{name}"], real)]
        self._parent = self.backup(root, exclude, "copying an older generation", tuple(patterns))
        return self._parent, True

    def backup(
        self, root: str, exclude: Tuple[str, ...], phase: str, extra: Tuple[str, ...] = ()
    ) -> str:
        """Copy a folder to the store; the full id of the new snapshot.

        Raises:
            SnapshotError: ``snapshot-incomplete`` (restic's status 3),
                ``snapshot-not-on-store``, or what the engine said.
        """
        # restic sees the paths below the folder itself, whatever link leads there
        root = os.path.realpath(root)
        words = [
            fixed("backup", "."),
            option("--host", self.request.host),
            option("--tag", f"sluis,{self._tag},change={self.request.change}"),
            # Left to itself, restic looks for the newest snapshot of that host and folder: it
            # stops at any object that it cannot load (0.14), and believes whoever made it about
            # each file whose size and time are the same.
            option("--parent", checked(self._parent)) if self._parent else fixed("--force"),
            *(option("--exclude", pattern) for pattern in (*for_restic(exclude, root), *extra)),
        ]
        # The scan only serves the percentage; without a watcher it is work for nothing.
        if not self.request.progress and self.restic.can("backup", "--no-scan"):
            words.append(fixed("--no-scan"))
        if self.restic.can("backup", "--compression") and hardly_compresses(root):
            words.append(fixed("--compression=off"))
        answer = self.restic.run(*words, cwd=root, on_line=self._follow(phase), accept=(0, 3))
        self.ran.append(Ran(answer.ran, round(answer.seconds, 3)))
        if answer.status == 3:
            raise _incomplete(self.asset.id, answer)
        snapshot = new_snapshot(answer.lines, self.names, self.access)
        if not snapshot:
            raise SnapshotError(
                "snapshot-not-on-store",
                f"restic says that it copied {self.asset.id}, and the store does not show it.",
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
        self.ran.append(Ran(f"manifest: {phase}", seconds))
        return manifest

    def warn(self, code: str, words: str) -> None:
        """Note something that people must see."""
        self.warnings.append(f"{code}: {words}")

    def repository_id(self) -> Optional[str]:
        """restic names its cache after the repository, so nobody has to be asked."""
        try:
            found = [name for name in os.listdir(self._cache) if only_ids("cache", [name])[0]]
        except OSError:
            return None
        return found[0] if len(found) == 1 else None

    @property
    def _tag(self) -> str:
        return f"asset={self.asset.id}"

    def _follow(self, phase: str) -> Callable[[Line], None]:
        def follow(line: Line) -> None:
            if isinstance(line, Status):
                self.progress.say(
                    phase,
                    line.percent_done,
                    bytes=line.bytes_done,
                    of_bytes=line.total_bytes,
                    items=line.files_done,
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


def _incomplete(asset: str, answer: Answer) -> SnapshotError:
    said = " ".join(answer.errors.split())[-400:]
    return SnapshotError(
        "snapshot-incomplete",
        f"restic could not read everything of {asset} (status 3): {said}",
        "Give the snapshot's account the right to read it all, or leave items out in the scope.",
    )
