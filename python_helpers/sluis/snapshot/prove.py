"""Prove a snapshot by restoring it elsewhere, in another process than the maker's."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from typing import Callable, List, Optional, Set, Tuple

from ..border import codec
from ..border.parts import Attempt, Secrets
from ..border.proof import Older, Proof, Sealed
from ..border.store import Store
from ..border.verbs.asset_verify import Request
from ..counted import counted
from ..errors import SnapshotError
from ..manifest import Manifest, dumps
from ..programs import fixed
from . import nonce as nonces
from .access import Access, open_access
from .children import Children
from .escrow import open_with
from .foreign_snapshots import demand_only_foreign
from .identity import read_identity
from .levels import FAILED, LEVELS, NOT_VERIFIED, PROVEN, Finding
from .older import Back, prove_older
from .probe import try_to_remove
from .progress import Progress
from .restic import Restic
from .restic_lines import Head, Line, Node
from .restoring import Restoring
from .scratch import Room, choose_scratch, too_small

#: items that a snapshot may list beyond twice what its source had: it may have grown meanwhile
_MORE_LISTED = 100_000


def prove_snapshot(request: Request, secrets: Secrets) -> Proof:
    """Look at a snapshot from outside, level by level. Nothing of the maker is used.

    Args:
        request: what to prove.
        secrets: the escrowed or the repository's password, and the store's login.

    Raises:
        InputError: the request cannot be used.
        SnapshotError: not even the scratch folder can be used; ``scratch-too-small``: the copy
            would not fit there, and nothing was restored.
    """
    room = choose_scratch(request.scratch, request.bytes, request.items)
    if not room.is_enough and not request.sample:
        # said at once: reading a store back takes hours, and proves nothing without a restore
        raise too_small(request.asset.id, room, " Nothing was restored.")
    with Children(room.folder) as children:
        access = open_access(request.store, secrets.store, children.private, children)
        return _Proving(request, secrets, access, children, room).run()


class _Proving:
    def __init__(
        self,
        request: Request,
        secrets: Secrets,
        access: Access,
        children: Children,
        room: Room,
    ) -> None:
        self.request = request
        self.access = access
        self.children = children
        self.room = room
        self.progress = Progress(request.progress, request.asset.id)
        self.identity = read_identity()
        self.levels = {name: Finding(name) for name in LEVELS[:3]}
        self.shown = True
        self.listed: Set[Tuple[str, str]] = set()
        # few bytes on a store can stand for any number of items
        self._most_listed = 2 * request.items + _MORE_LISTED
        self.older = Older(NOT_VERIFIED, "it did not run")
        self.sealed: Optional[Sealed] = None
        self.store_time: Optional[str] = None
        self.engine_time: Optional[str] = None
        # A cache of its own: the maker's would answer in place of the store.
        cache = os.path.join(children.private, "cache")
        os.mkdir(cache, 0o700)
        password, escrowed, self.escrow = open_with(secrets.store)
        self.restic = Restic(
            children,
            access,
            password,
            cache,
            program=request.restic,
            escrowed=escrowed,
            patience=request.patience,
            progress=self.progress,
        )
        self.restoring = Restoring(
            request, self.restic, self.progress, children.private, room, self.identity
        )

    def run(self) -> Proof:
        restoring = self.restoring
        self._exists()
        if self.request.sample:
            self._list()
            self._in_parallel(
                lambda: restoring.run(self.listed), self._read_back, self._look_at_older
            )
        else:
            self._in_parallel(
                lambda: restoring.run(()), self._read_back, self._list_and_look_at_older
            )
        self._list_is_whole()
        self._is_this_one()
        if self.access.foreign():
            self.levels["V0"].detail += f"; {self.access.foreign()}"
        copy = restoring.manifest
        levels = [*self.levels.values(), restoring.whole, restoring.works]
        restored, digest = _manifest_of(copy, self.request.manifest_check)
        return Proof(
            levels=tuple(finding.as_level() for finding in levels),
            database=restoring.database,
            opened=restoring.opened,
            restored=restored,
            restored_digest=digest,
            restore_errors=restoring.errors,
            content=None if copy is None else copy.content_digest(ignore=(nonces.FILE,)),
            nonce_found=restoring.nonce_found,
            older=self.older,
            append_only=self._attempt(),
            escrow=self.escrow,
            sample=restoring.sample,
            sealed=self.sealed,
            engine_time=self.engine_time,
            store_time=self.store_time,
            verifier=self.identity,
            scratch=self.room.folder,
            engine=f"restic {self.restic.version()}",
        )

    def _exists(self) -> None:
        """V0: the store itself shows the snapshot, and says when."""
        snapshot = self.request.snapshot_id
        with self.levels["V0"] as level:
            there = snapshot in self.access.names("snapshots")
            level.ran.append("list the store's snapshots")
            if not there:
                self.shown = False
                level.conclude(FAILED, f"the store does not show snapshot {snapshot[:8]}")
                return
            moment, how = self.access.created(snapshot)
            self.store_time = moment
            if moment is None:
                level.conclude(NOT_VERIFIED, f"the store does not say when it came: {how}")
            else:
                level.conclude(PROVEN, f"{snapshot[:8]}, on the store at {moment} ({how})")

    def _list(self) -> None:
        """V1: it opens with the key that the verifier holds, and lists."""
        snapshot = self.request.snapshot_id
        with self.levels["V1"] as level:
            answer = self.restic.run(
                fixed("ls", "--no-lock"),
                ids=[snapshot],
                on_line=self._keep_listed,
                keep_lines=False,
            )
            level.ran.append(answer.ran)
            if self.engine_time is None:
                # one that is not there, or that this key does not open: restic (0.14) ends well
                level.conclude(FAILED, f"restic lists nothing of the snapshot {snapshot[:8]}")
                return
            level.conclude(PROVEN, f"{counted(len(self.listed), 'item is', 'items are')} listed")

    def _keep_listed(self, line: Line) -> None:
        if isinstance(line, Head):
            self.engine_time = line.time
        elif isinstance(line, Node):
            self.listed.add((line.path.strip("/"), line.type))
            if len(self.listed) > self._most_listed:
                raise SnapshotError(
                    "listed-too-many",
                    f"The snapshot lists more than {self._most_listed:,} items, and its source had "
                    f"{self.request.items:,}.",
                    "Make a new snapshot, and look who else writes to the repository.",
                )

    def _list_is_whole(self) -> None:
        """V1, second half: what is listed is what came back."""
        level, copy, prefix = self.levels["V1"], self.restoring.manifest, self.restoring.prefix
        if level.verdict != PROVEN or copy is None or self.restoring.sample:
            return
        if self.restoring.errors:
            return  # what is missing then is the restore's failure, and V3 says so
        back = {
            (_as_listed(prefix + entry.path), _NAMED.get(entry.type, entry.type))
            for entry in copy.entries.values()
        }
        listed = {item for item in self.listed if item[0].startswith(prefix)}
        lost = [name for name in listed - back if name[1] != "socket"]
        if lost or back - listed:
            level.conclude(
                FAILED,
                f"{counted(len(lost), 'listed item')} did not come back, {len(back - listed)} came "
                f"back unlisted, such as {min([*lost, *(back - listed)])[0]!r}",
            )

    def _is_this_one(self) -> None:
        """A repository that is whole, and lacks the snapshot, says nothing about it."""
        level = self.levels["V2"]
        if not self.shown and level.verdict == PROVEN:
            level.conclude(NOT_VERIFIED, "what was read back does not have the snapshot")
            self.sealed = None

    def _read_back(self) -> None:
        """V2: every byte in the store is read, decrypted and held against its digest."""
        with self.levels["V2"] as level:
            packs = _digest_of(self.request.store, self.access.packs())
            if self._was_read(packs, level):
                return
            sample = bool(self.request.sample)
            # a restic that can reads this snapshot's data only, and nothing of other assets
            one_snapshot = not sample and self.restic.can("check", "check [flags] [snapshot")
            how = fixed("--read-data-subset=1%") if sample else fixed("--read-data")
            self.progress.say("reading the store back")
            ids = [self.request.snapshot_id] if one_snapshot else []
            answer = self.restic.run(fixed("check", "--no-lock"), how, ids=ids, accept=(0, 1))
            if answer.status != 0:
                wanted = (self.request.snapshot_id, self.request.older_snapshot_id)
                demand_only_foreign(answer, self.access, [one for one in wanted if one])
            level.ran.append(answer.ran)
            if sample:
                level.conclude(NOT_VERIFIED, "only 1 % of the store's data was read")
            else:
                level.conclude(PROVEN, "all data on the store was read and is whole")
                self.sealed = None if one_snapshot or not packs else Sealed(packs, tuple(level.ran))

    def _was_read(self, packs: str, level: Finding) -> bool:
        """Whether this run has read the very same files already, for another asset.

        Several assets lie in one repository; it is read once for all of them.
        """
        earlier = self.request.sealed
        if earlier is None or not packs or earlier.packs != packs:
            return False
        self.sealed = earlier
        level.ran.extend(earlier.ran)
        level.conclude(PROVEN, "all data on the store was read in this run, for another asset")
        return True

    def _list_and_look_at_older(self) -> None:
        self._list()
        self._look_at_older()

    def _look_at_older(self) -> None:
        """V6, one part: an older generation is there, differs, and comes back."""
        older = self.request.older_snapshot_id
        finding, manifest = Finding("V6"), None
        with finding:
            if not older:
                finding.conclude(NOT_VERIFIED, "there is no older snapshot")
            elif older not in self.access.names("snapshots"):
                finding.conclude(FAILED, f"the older snapshot {older[:8]} is not on the store")
            else:
                answer = prove_older(
                    self.restic,
                    older,
                    self.request.snapshot_id,
                    os.path.join(self.children.private, "older"),
                    self.room.folder,
                )
                finding.ran.extend(answer.ran)
                manifest = dumps(answer.manifest)
                _conclude_older(finding, older, answer)
        found = finding.as_level()
        self.older = Older(found.verdict, found.detail, found.ran, found.seconds, manifest)

    def _attempt(self) -> Attempt:
        """Try again to remove the probe: a hostile source could have said that it was refused."""
        try:
            return try_to_remove(self.access, self.request.probe)
        except SnapshotError as error:
            return Attempt("", None, error.what)

    def _in_parallel(self, *work: Callable[[], None]) -> None:
        """The first in this thread, the rest beside it. An unexpected error is not swallowed."""
        failed: List[BaseException] = []

        def guarded(job: Callable[[], None]) -> None:
            try:
                job()
            except BaseException as error:
                failed.append(error)

        threads = [threading.Thread(target=guarded, args=(job,)) for job in work[1:]]
        for thread in threads:
            thread.start()
        guarded(work[0])
        for thread in threads:
            thread.join()
        if failed:
            raise failed[0]


def _digest_of(store: Store, names: List[str]) -> str:
    """Tells what lies on one store from anything else; empty when nothing does.

    Each file is named by the digest of what it should hold. The store belongs to it: a
    mirror has the same names, and may have other bytes.
    """
    if not names:
        return ""
    told = json.dumps(codec.dump(store), sort_keys=True) + "\n" + "\n".join(sorted(names))
    return hashlib.sha256(told.encode()).hexdigest()


def _manifest_of(
    copy: Optional[Manifest], check: Optional[str]
) -> Tuple[Optional[bytes], Optional[str]]:
    """The copy's manifest, or its digest when the controller turns out to have that manifest.

    ``check`` is the hash of the digest: it tells us that ours is right, and it cannot be
    given back as an answer without having hashed the copy.
    """
    if copy is None:
        return None, None
    digest = copy.digest()
    if check is not None and hashlib.sha256(digest.encode()).hexdigest() == check:
        return None, digest
    return dumps(copy), None


#: restic's names for types, where they differ from ours
_NAMED = {"link": "symlink", "block": "dev", "char": "chardev"}


def _as_listed(path: str) -> str:
    """restic shows each byte that is not UTF-8 as U+FFFD."""
    if path.isascii():
        return path
    return "".join("\ufffd" if "\udc80" <= c <= "\udcff" else c for c in path)


def _conclude_older(finding: Finding, older: str, answer: Back) -> None:
    if not answer.distinct:
        finding.conclude(FAILED, f"the older snapshot {older[:8]} holds the very same data")
    elif answer.whole:
        finding.conclude(
            PROVEN, f"{older[:8]} was restored in full: {counted(answer.manifest.items, 'item')}"
        )
    else:
        some = counted(answer.manifest.items, "item that differs was", "items that differ were")
        said = f"{older[:8]}: {some} restored; the rest is the same stored data as the newest"
        finding.conclude(PROVEN, said)
