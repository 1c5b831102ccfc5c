"""Prove a snapshot by restoring it elsewhere, in another process than the maker's."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from typing import Any, Callable, Dict, List, Mapping, Optional, Set, Tuple

from ..errors import SnapshotError
from ..manifest import Manifest
from . import nonce as nonces
from .access import Access, open_access
from .children import Children
from .escrow import open_with
from .identity import read_identity
from .levels import FAILED, NOT_VERIFIED, PROVEN, Finding
from .maker import packed
from .older import prove_older
from .probe import try_to_remove
from .progress import Progress
from .restic import PATIENCE, Restic
from .restoring import Restoring
from .scratch import choose_scratch
from .store import read_store

Request = Dict[str, Any]


def prove_snapshot(request: Request) -> Dict[str, Any]:
    """Look at a snapshot from outside, level by level. Nothing of the maker is used.

    Args:
        request: ``asset``, ``snapshot_id``, ``older_snapshot_id`` (or ``None``),
            ``nonce_sha256`` (or ``None``), ``bytes`` and ``items`` of the source, ``facts``
            (what a database adapter's ``dump`` returned), ``maker`` (its identity),
            ``probe``, ``manifest_check`` (see ``_manifest_of``), ``store``, ``secrets``
            (``store``: ``escrow_password`` or ``repository_password`` and a login), and
            optionally ``scratch`` (folder), ``sample`` (files), ``sealed`` (from an
            earlier answer of this run), ``progress``, ``restic``, ``patience``.

    Returns:
        JSON data: ``levels`` (V0 to V4 as far as they can be told here, V5 for
        databases), ``restored`` (manifest, base64), ``nonce_found``, ``older``,
        ``append_only``, ``escrow``, ``verifier`` and more; see ``judge``.

    Raises:
        InputError: the request cannot be used.
        SnapshotError: not even the scratch folder can be used.
    """
    store = read_store(request["store"])
    room = choose_scratch(request.get("scratch"), int(request["bytes"]), int(request["items"]))
    with Children(room.folder) as children:
        access = open_access(store, request["secrets"]["store"], children.private, children)
        no_room = None
        if not room.is_enough and not request.get("sample"):
            no_room = (
                f"the restore takes {room.needed:,} bytes and {room.folder} has {room.free:,}; "
                "name a larger folder in snapshot_and_verify_scratch"
            )
        return _Proving(request, access, children, room.folder).run(no_room)


class _Proving:
    def __init__(self, request: Request, access: Access, children: Children, scratch: str) -> None:
        self.request = request
        self.asset: Dict[str, Any] = request["asset"]
        self.access = access
        self.children = children
        self.scratch = scratch
        self.progress = Progress(request.get("progress"), self.asset["id"])
        self.identity = read_identity()
        self.levels = {name: Finding(name) for name in ("V0", "V1", "V2")}
        self.listed: Set[Tuple[str, str]] = set()
        self.older: Dict[str, Any] = {"verdict": NOT_VERIFIED, "detail": "it did not run"}
        self.sealed: Optional[Dict[str, Any]] = None
        self.store_time: Optional[str] = None
        self.engine_time: Optional[str] = None
        # A cache of its own: the maker's would answer in place of the store.
        cache = os.path.join(children.private, "cache")
        os.mkdir(cache, 0o700)
        password, key, self.escrow = open_with(request["secrets"]["store"], access)
        self.restic = Restic(
            children,
            access,
            password,
            cache,
            program=request.get("restic") or "restic",
            key_hint=key,
            patience=float(request.get("patience") or PATIENCE),
        )
        self.restoring = Restoring(
            request, self.restic, self.progress, children.private, scratch, self.identity
        )

    def run(self, no_room: Optional[str]) -> Dict[str, Any]:
        restoring = self.restoring
        self._exists()
        if self.request.get("sample"):
            self._list()
            self._in_parallel(
                lambda: restoring.run(no_room, self.listed), self._read_back, self._look_at_older
            )
        else:
            self._in_parallel(
                lambda: restoring.run(no_room, ()), self._read_back, self._list_and_look_at_older
            )
        self._list_is_whole()
        copy = restoring.manifest
        levels = [*self.levels.values(), restoring.whole, restoring.works]
        return {
            "levels": [finding.as_dict() for finding in levels],
            "database": restoring.database,
            "opened": restoring.opened,
            **_manifest_of(copy, self.request.get("manifest_check")),
            "restore_errors": restoring.errors,
            "content": copy and copy.content_digest(ignore=(nonces.FILE,)),
            "nonce_found": restoring.nonce_found,
            "older": self.older,
            "append_only": self._attempt(),
            "escrow": self.escrow,
            "sample": restoring.sample,
            "sealed": self.sealed,
            "engine_time": self.engine_time,
            "store_time": self.store_time,
            "verifier": self.identity,
            "scratch": self.scratch,
            "engine": f"restic {self.restic.version()}",
        }

    def _exists(self) -> None:
        """V0: the store itself shows the snapshot, and says when."""
        snapshot = self.request["snapshot_id"]
        with self.levels["V0"] as level:
            there = snapshot in self.access.names("snapshots")
            level.ran.append("list the store's snapshots")
            if not there:
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
        snapshot = self.request["snapshot_id"]
        with self.levels["V1"] as level:
            answer = self.restic.run(
                "ls", snapshot, "--no-lock", on_line=self._keep_listed, keep_lines=False
            )
            level.ran.append(answer.ran)
            level.conclude(PROVEN, f"{len(self.listed)} items are listed")

    def _keep_listed(self, line: Dict[str, Any]) -> None:
        if line.get("struct_type") == "snapshot":
            self.engine_time = str(line.get("time"))
        elif line.get("struct_type") == "node":
            self.listed.add((str(line["path"]).strip("/"), str(line["type"])))

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
                f"{len(lost)} listed items did not come back, {len(back - listed)} came "
                f"back unlisted, such as {min([*lost, *(back - listed)])[0]!r}",
            )

    def _read_back(self) -> None:
        """V2: every byte in the store is read, decrypted and held against its digest."""
        with self.levels["V2"] as level:
            packs = _digest_of(self.request["store"], self.access.packs())
            if self._was_read(packs, level):
                return
            sample = bool(self.request.get("sample"))
            # a restic that can reads this snapshot's data only, and nothing of other assets
            one_snapshot = not sample and self.restic.can("check", "check [flags] [snapshot")
            arguments = ["check", "--no-lock"]
            arguments.append("--read-data-subset=1%" if sample else "--read-data")
            if one_snapshot:
                arguments.append(self.request["snapshot_id"])
            self.progress.say("reading the store back")
            answer = self.restic.run(*arguments)
            level.ran.append(answer.ran)
            if sample:
                level.conclude(NOT_VERIFIED, "only 1 % of the store's data was read")
            else:
                level.conclude(PROVEN, "all data on the store was read and is whole")
                self.sealed = None if one_snapshot else {"packs": packs, "ran": level.ran}

    def _was_read(self, packs: str, level: Finding) -> bool:
        """Whether this run has read the very same files already, for another asset.

        Several assets lie in one repository; it is read once for all of them.
        """
        earlier = self.request.get("sealed")
        if not earlier or not packs or earlier.get("packs") != packs:
            return False
        self.sealed = earlier
        level.ran.extend(earlier["ran"])
        level.conclude(PROVEN, "all data on the store was read in this run, for another asset")
        return True

    def _list_and_look_at_older(self) -> None:
        self._list()
        self._look_at_older()

    def _look_at_older(self) -> None:
        """V6, one part: an older generation is there, differs, and comes back."""
        older = self.request.get("older_snapshot_id")
        finding = Finding("V6")
        with finding:
            if not older:
                finding.conclude(NOT_VERIFIED, "there is no older snapshot")
            elif older not in self.access.names("snapshots"):
                finding.conclude(FAILED, f"the older snapshot {older[:8]} is not on the store")
            else:
                answer = prove_older(
                    self.restic,
                    older,
                    self.request["snapshot_id"],
                    os.path.join(self.children.private, "older"),
                )
                finding.ran.extend(answer["ran"])
                self.older["manifest"] = packed(answer["manifest"])
                _conclude_older(finding, older, answer)
        self.older.update(finding.as_dict())

    def _attempt(self) -> Dict[str, Any]:
        """Try again to remove the probe: a hostile source could have said that it was refused."""
        try:
            return try_to_remove(self.access, self.request.get("probe"))
        except SnapshotError as error:
            return {"tried": "", "refused": None, "detail": error.what}

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


def _digest_of(store: Mapping[str, Any], names: List[str]) -> str:
    """Tells what lies on one store from anything else; empty when nothing does.

    Each file is named by the digest of what it should hold. The store belongs to it: a
    mirror has the same names, and may have other bytes.
    """
    if not names:
        return ""
    told = json.dumps(store, sort_keys=True) + "\n" + "\n".join(sorted(names))
    return hashlib.sha256(told.encode()).hexdigest()


def _manifest_of(copy: Optional[Manifest], check: Optional[str]) -> Dict[str, Optional[str]]:
    """The copy's manifest, or its digest when the controller turns out to have that manifest.

    ``check`` is the hash of the digest: it tells us that ours is right, and it cannot be
    given back as an answer without having hashed the copy.
    """
    if copy is None:
        return {"restored": None, "restored_digest": None}
    digest = copy.digest()
    if check is not None and hashlib.sha256(digest.encode()).hexdigest() == check:
        return {"restored": None, "restored_digest": digest}
    return {"restored": packed(copy), "restored_digest": None}


#: restic's names for types, where they differ from ours
_NAMED = {"link": "symlink", "block": "dev", "char": "chardev"}


def _as_listed(path: str) -> str:
    """restic shows each byte that is not UTF-8 as U+FFFD."""
    if path.isascii():
        return path
    return "".join("\ufffd" if "\udc80" <= c <= "\udcff" else c for c in path)


def _conclude_older(finding: Finding, older: str, answer: Mapping[str, Any]) -> None:
    if not answer["distinct"]:
        finding.conclude(FAILED, f"the older snapshot {older[:8]} holds the very same data")
    elif answer["whole"]:
        finding.conclude(PROVEN, f"{older[:8]} was restored in full: {answer['restored']} items")
    else:
        finding.conclude(
            PROVEN,
            f"{older[:8]}: {answer['restored']} items that differ were restored; the rest is the "
            "same stored data as the newest",
        )
