"""V3 and V4: all of it comes back, in the scratch folder, and opens."""

from __future__ import annotations

import os
import stat
from typing import Collection, List, Optional, Tuple

from ..border.parts import Identity
from ..border.proof import DatabaseProof, Opened
from ..border.verbs.asset_verify import Request
from ..counted import counted
from ..manifest import Manifest, build_manifest
from ..programs import Words, fixed, option
from . import nonce as nonces
from .children import confined_account, confined_words
from .elsewhere import why_not_elsewhere
from .filling import Filling
from .kinds import DUMPED, check
from .levels import FAILED, NOT_VERIFIED, PROVEN, Finding
from .opening import Heads, open_all
from .progress import Progress
from .restic import Restic
from .restic_lines import Line, Status, in_words
from .sample import choose, sample_words
from .scratch import Room


class Restoring:
    """One restore, and what it showed.

    Args:
        request: as for ``prove_snapshot``.
        restic: the repository, with the verifier's key.
        progress: where to say how far it is.
        private: a folder that goes when we go.
        room: the scratch that ``private`` lies in, as it was before anything was restored.
        identity: of the verifier.
    """

    def __init__(
        self,
        request: Request,
        restic: Restic,
        progress: Progress,
        private: str,
        room: Room,
        identity: Identity,
    ) -> None:
        self.request = request
        self.asset = request.asset
        self.works, self.whole = Finding("V4"), Finding("V3")
        self.manifest: Optional[Manifest] = None
        self.nonce_found = False
        self.errors = ""
        self.sample: Optional[str] = None
        self.database: Optional[DatabaseProof] = None
        self.opened: Optional[Opened] = None
        #: the folder inside the snapshot that the asset lies in, with a slash
        self.prefix = ""
        self._heads = Heads()
        self._restic = restic
        self._progress = progress
        self._target = os.path.join(private, "restored")
        self._scratch = room.folder
        self._filling = Filling(self._target, room.folder, room.needed, room.free)
        self._identity = identity

    def run(self, listed: Collection[Tuple[str, str]]) -> None:
        """Restore, hash, look for the nonce, open.

        Args:
            listed: path and type of each item; needed for a sample only.
        """
        with self.whole:
            self._restore(listed)
        if self.manifest is None or (self.whole.verdict == FAILED and not self.manifest.entries):
            # of a repository that lacks the snapshot an empty folder comes back
            self.works.conclude(NOT_VERIFIED, "nothing was restored")
            return
        self.nonce_found = nonces.is_nonce(self._target, self.request.nonce_sha256)
        with self.works:
            if self.asset.kind in DUMPED:
                self._check_database()
            else:
                self._open_files()

    def _restore(self, listed: Collection[Tuple[str, str]]) -> None:
        os.mkdir(self._target, 0o700)
        words = [fixed("restore", "--no-lock"), option("--target", self._target)]
        if self._restic.can("restore", "--sparse"):
            words.append(fixed("--sparse"))
        words += self._only_a_sample(listed)
        self._progress.say("restoring")
        answer = self._restic.run(
            *words,
            ids=[self.request.snapshot_id],
            accept=(0, 1),
            keep_lines=False,
            on_line=self._follow,
            filling=self._filling,
        )
        self.whole.ran.append(answer.ran[:300])
        self._progress.say("hashing the restored copy")
        self._find_root()
        self.manifest = build_manifest(self._target, on_head=self._heads.note)
        self.whole.ran.append("manifest of the restored copy")
        self._conclude(answer.status, answer.errors, self.manifest)

    def _conclude(self, status: int, errors: str, manifest: Manifest) -> None:
        why_not = why_not_elsewhere(self.request.maker, self._identity, self._scratch)
        if status != 0:
            self.errors = " / ".join(in_words(errors)[:5])[:1000]
            self.whole.conclude(FAILED, f"restic ended with status {status}: {self.errors}")
        elif self.sample:
            self.whole.conclude(NOT_VERIFIED, f"only {self.sample}")
        elif why_not:
            self.whole.conclude(NOT_VERIFIED, f"it was restored, but {why_not}")
        else:
            words = (
                f"{counted(manifest.items, 'item')}, {counted(manifest.bytes, 'byte')}, "
                f"in {self._scratch}"
            )
            self.whole.conclude(PROVEN, words)

    def _find_root(self) -> None:
        """Where the asset itself is: a copy of somebody else's holds its full path."""
        inside = (self.request.inside or "").strip("/")
        if inside and is_folder_within(self._target, inside):
            self.prefix = inside + "/"
            self._target = os.path.join(self._target, inside)

    def _follow(self, line: Line) -> None:
        if isinstance(line, Status):
            self._progress.say("restoring", line.percent_done)

    def _only_a_sample(self, listed: Collection[Tuple[str, str]]) -> List[Words]:
        count = self.request.sample
        if not count:
            return []
        files = [path for path, kind in listed if kind == "file"]
        chosen = choose(files, count, str(self.request.nonce_sha256))
        self.sample = sample_words(len(files), len(chosen))
        return [option("--include", f"/{path}") for path in [*chosen, nonces.FILE]]

    def _open_files(self) -> None:
        assert self.manifest is not None  # noqa: S101
        account = confined_account()
        self.opened = open_all(self._target, self.manifest, self._heads, account)
        kinds = ", ".join(f"{n} {kind}" for kind, n in sorted(self.opened.opened.items()))
        self.works.ran.append(f"open every file of a known kind{confined_words(account)}")
        # A file that does not open may be broken in the source as well: judge knows.
        self.works.conclude(
            PROVEN,
            f"opened: {kinds or 'no file of a known kind'}; "
            f"{counted(self.opened.unknown, 'other was', 'others were')} "
            "read from beginning to end",
        )

    def _check_database(self) -> None:
        self._progress.say("checking the database")
        request = self.request
        self.database = check(
            self.asset, self._target, request.facts, request.nonce_sha256, self._scratch
        )
        self.nonce_found = self.database.nonce_found
        self.works.ran.extend(self.database.ran)
        judge_parts(self.database, self.whole, self.works)


def is_folder_within(root: str, inside: str) -> bool:
    """Whether the path leads to a folder below the root, through folders only.

    A link in the copy could lead anywhere on the verifier, and its names would be reported.
    """
    at = root
    for part in inside.split("/"):
        if part in ("", ".", ".."):
            return False
        at = os.path.join(at, part)
        try:
            if not stat.S_ISDIR(os.lstat(at).st_mode):
                return False
        except OSError:
            return False
    return True


def judge_parts(database: DatabaseProof, whole: Finding, works: Finding) -> None:
    """Put an adapter's ``restored`` and ``works`` into V3 and V4.

    Files that no server takes back are not a restored database.
    """
    parts = {part.part: part for part in database.parts}
    restored, opened = parts.get("restored"), parts.get("works")
    verdict, detail = (
        (restored.verdict, restored.detail) if restored else (NOT_VERIFIED, database.detail)
    )
    if whole.verdict == PROVEN and verdict != PROVEN:
        whole.conclude(verdict, detail)
    if opened is None:
        works.conclude(NOT_VERIFIED, database.detail)
    else:
        works.conclude(opened.verdict, opened.detail)
