"""V3 and V4: all of it comes back, in the scratch folder, and opens."""

from __future__ import annotations

import os
from typing import Any, Collection, Dict, List, Optional, Tuple

from ..errors import SnapshotError
from ..manifest import Manifest, build_manifest
from . import nonce as nonces
from .elsewhere import why_not_elsewhere
from .kinds import DUMPED, adapter_of
from .levels import FAILED, NOT_VERIFIED, PROVEN, Finding
from .opening import Heads, open_all
from .progress import Progress
from .restic import Restic
from .sample import choose, sample_words


class Restoring:
    """One restore, and what it showed.

    Args:
        request: as for ``prove_snapshot``.
        restic: the repository, with the verifier's key.
        progress: where to say how far it is.
        private: a folder that goes when we go.
        scratch: the folder that ``private`` lies in.
        identity: of the verifier.
    """

    def __init__(
        self,
        request: Dict[str, Any],
        restic: Restic,
        progress: Progress,
        private: str,
        scratch: str,
        identity: Dict[str, Any],
    ) -> None:
        self.request = request
        self.asset: Dict[str, Any] = request["asset"]
        self.works, self.whole = Finding("V4"), Finding("V3")
        self.manifest: Optional[Manifest] = None
        self.nonce_found = False
        self.errors = ""
        self.sample: Optional[str] = None
        self.database: Optional[Dict[str, Any]] = None
        self.opened: Optional[Dict[str, Any]] = None
        #: the folder inside the snapshot that the asset lies in, with a slash
        self.prefix = ""
        self._heads = Heads()
        self._restic = restic
        self._progress = progress
        self._target = os.path.join(private, "restored")
        self._scratch = scratch
        self._identity = identity

    def run(self, no_room: Optional[str], listed: Collection[Tuple[str, str]]) -> None:
        """Restore, hash, look for the nonce, open.

        Args:
            no_room: why the scratch is too small, or ``None``.
            listed: path and type of each item; needed for a sample only.
        """
        with self.whole:
            if no_room:
                raise SnapshotError("scratch-too-small", no_room, "Name a larger scratch.")
            self._restore(listed)
        if self.manifest is None:
            self.works.conclude(NOT_VERIFIED, "nothing was restored")
            return
        self.nonce_found = nonces.is_nonce(self._target, self.request.get("nonce_sha256"))
        with self.works:
            if self.asset["kind"] in DUMPED:
                self._check_database()
            else:
                self._open_files()

    def _restore(self, listed: Collection[Tuple[str, str]]) -> None:
        os.mkdir(self._target, 0o700)
        snapshot = self.request["snapshot_id"]
        arguments = ["restore", snapshot, "--target", self._target, "--no-lock"]
        if self._restic.can("restore", "--sparse"):
            arguments.append("--sparse")
        arguments += self._only_a_sample(listed)
        self._progress.say("restoring")
        answer = self._restic.run(*arguments, accept=(0, 1), keep_lines=False, on_line=self._follow)
        self.whole.ran.append(answer.ran[:300])
        self._progress.say("hashing the restored copy")
        self._find_root()
        self.manifest = build_manifest(self._target, on_head=self._heads.note)
        self.whole.ran.append("manifest of the restored copy")
        self._conclude(answer.status, answer.errors, self.manifest)

    def _conclude(self, status: int, errors: str, manifest: Manifest) -> None:
        why_not = why_not_elsewhere(self.request["maker"], self._identity, self._scratch)
        if status != 0:
            self.errors = " / ".join(errors.strip().splitlines()[:5])[:1000]
            full = "no space left on device" in errors
            self.whole.conclude(
                NOT_VERIFIED if full else FAILED,
                f"restic ended with status {status}: {self.errors}",
            )
        elif self.sample:
            self.whole.conclude(NOT_VERIFIED, f"only {self.sample}")
        elif why_not:
            self.whole.conclude(NOT_VERIFIED, f"it was restored, but {why_not}")
        else:
            words = f"{manifest.items} items, {manifest.bytes} bytes, in {self._scratch}"
            self.whole.conclude(PROVEN, words)

    def _find_root(self) -> None:
        """Where the asset itself is: a copy of somebody else's holds its full path."""
        inside = str(self.request.get("inside") or "").strip("/")
        folder = os.path.join(self._target, inside)
        if inside and os.path.isdir(folder):
            self.prefix = inside + "/"
            self._target = folder

    def _follow(self, line: Dict[str, Any]) -> None:
        if line.get("message_type") == "status":
            self._progress.say("restoring", float(line.get("percent_done") or 0))

    def _only_a_sample(self, listed: Collection[Tuple[str, str]]) -> List[str]:
        count = self.request.get("sample")
        if not count:
            return []
        files = [path for path, kind in listed if kind == "file"]
        chosen = choose(files, int(count), str(self.request.get("nonce_sha256")))
        self.sample = sample_words(len(files), len(chosen))
        return [f"--include=/{path}" for path in [*chosen, nonces.FILE]]

    def _open_files(self) -> None:
        assert self.manifest is not None  # noqa: S101
        self.opened = open_all(self._target, self.manifest, self._heads)
        kinds = ", ".join(f"{n} {kind}" for kind, n in sorted(self.opened["opened"].items()))
        self.works.ran.append("open every file of a known kind")
        # A file that does not open may be broken in the source as well: judge knows.
        self.works.conclude(
            PROVEN,
            f"opened: {kinds or 'no file of a known kind'}; {self.opened['unknown']} others were "
            "read from beginning to end",
        )

    def _check_database(self) -> None:
        self._progress.say("checking the database")
        self.database = adapter_of(self.asset["kind"]).check(
            self.asset,
            self._target,
            self.request.get("facts") or {},
            self.request.get("nonce_sha256"),
            self._scratch,
            self.request["secrets"].get("asset") or {},
        )
        assert self.database is not None  # noqa: S101
        self.nonce_found = bool(self.database["nonce_found"])
        self.works.ran.extend(self.database["ran"])
        judge_parts(self.database, self.whole, self.works)


def judge_parts(database: Dict[str, Any], whole: Finding, works: Finding) -> None:
    """Put an adapter's ``restored`` and ``works`` into V3 and V4.

    Files that no server takes back are not a restored database.
    """
    parts = {part["part"]: part for part in database["parts"]}
    missing = {"verdict": NOT_VERIFIED, "detail": database["detail"]}
    restored = parts.get("restored", missing)
    if whole.verdict == PROVEN and restored["verdict"] != PROVEN:
        whole.conclude(restored["verdict"], str(restored["detail"]))
    opened = parts.get("works", missing)
    works.conclude(opened["verdict"], str(opened["detail"]))
