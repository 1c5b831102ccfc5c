"""Adopt a backup that somebody else made: restored and compared like our own (A2 to A4).

Runs where the backup can be read. The answer has the form of ``prove_snapshot``'s.
"""

from __future__ import annotations

import os
from typing import Any, Dict, List, Optional, Tuple

from ..errors import SnapshotError
from ..manifest import Manifest, build_manifest
from . import nonce as nonces
from .adopt_restic import adopt_restic
from .children import Children
from .copies import MOST_LOOKED_INTO, bring_back, find_copies, is_archive
from .elsewhere import why_not_elsewhere
from .generations import Generation, objections
from .identity import read_identity
from .kinds import DUMPED, adapter_of
from .levels import FAILED, NOT_VERIFIED, PROVEN, Finding
from .maker import packed
from .opening import Heads, open_all
from .restoring import judge_parts
from .scratch import choose_scratch

Request = Dict[str, Any]
_SAMPLE_ROOM = 1 << 20


def adopt_backup(request: Request) -> Dict[str, Any]:
    """Look at an existing backup, level by level.

    Args:
        request: ``asset``, ``backup`` (``kind``: ``copies``, ``dump`` or ``restic``; see
            ``find_copies`` and ``adopt_restic``), ``source`` (``content``, ``facts``,
            ``machine`` as observed), ``nonce_sha256`` (of a challenge, or ``None``),
            ``scratch``, ``secrets``.

    Returns:
        As ``prove_snapshot``, and ``generations``, ``objections``, ``snapshot_id`` (64
        hexadecimal characters), ``copied_at``, ``bytes``, ``items``.

    Raises:
        InputError: ``bad-backup``.
        SnapshotError: the scratch folder cannot be used.
    """
    if request["backup"]["kind"] == "restic":
        return adopt_restic(request)
    found = find_copies(request["backup"])
    if not found:
        return {"objections": objections([], None), "generations": []}
    newest = found[0][0]
    size, items = _measure(newest)
    room = choose_scratch(request.get("scratch"), size + _SAMPLE_ROOM, items)
    with Children(room.folder) as children:
        return _Adopting(request, found, children.private, room.folder).run(
            None if room.is_enough else f"{newest} takes more than {room.folder} has"
        )


class _Adopting:
    def __init__(
        self,
        request: Request,
        found: List[Tuple[str, Generation]],
        private: str,
        scratch: str,
    ) -> None:
        self.request = request
        self.asset: Dict[str, Any] = request["asset"]
        self.found = found
        self.private = private
        self.scratch = scratch
        self.identity = read_identity()
        self.heads = Heads()
        self.levels = {name: Finding(name) for name in ("V0", "V1", "V2", "V3", "V4")}
        self.restored: Optional[Manifest] = None
        self.database: Optional[Dict[str, Any]] = None
        self.opened: Optional[Dict[str, Any]] = None
        self.older: Dict[str, Any] = {"verdict": NOT_VERIFIED, "detail": "there is no older copy"}

    def run(self, no_room: Optional[str]) -> Dict[str, Any]:
        newest, generation = self.found[0]
        with self.levels["V0"] as level:
            level.ran.append("list the copies")
            level.conclude(PROVEN, f"{newest}, written at {generation.time} by its disk's clock")
        target = os.path.join(self.private, "restored")
        with self.levels["V3"] as level:
            if no_room:
                raise SnapshotError("scratch-too-small", no_room, "Name a larger scratch.")
            self._bring_back(level, newest, target)
        if self.restored is not None:
            with self.levels["V4"] as level:
                self._open(level, target)
        generations = self._look_into_others()
        content = self.restored and self.restored.content_digest(ignore=(nonces.FILE,))
        source = self.request.get("source") or {}
        return {
            "levels": [finding.as_dict() for finding in self.levels.values()],
            "generations": [item.as_dict() for item in generations],
            "objections": objections(generations, source.get("content")),
            "snapshot_id": content or "0" * 64,
            "copied_at": generation.time,
            "bytes": self.restored.bytes if self.restored else 0,
            "items": self.restored.items if self.restored else 0,
            "database": self.database,
            "opened": self.opened,
            "restored": packed(self.restored) if self.restored else None,
            "restore_errors": "",
            "nonce_found": nonces.is_nonce(target, self.request.get("nonce_sha256")),
            "older": self.older,
            "append_only": _try_to_remove(newest),
            "escrow": {"used": True, "detail": "the copy is not encrypted, so no key can be lost"},
            "sample": None,
            "engine_time": None,
            "store_time": generation.time,
            "verifier": self.identity,
            "scratch": self.scratch,
            "engine": self.request["backup"]["kind"],
        }

    def _bring_back(self, level: Finding, newest: str, target: str) -> None:
        copy = self._read(newest)
        bring_back(newest, target, copy)
        self.restored = build_manifest(target, on_head=self.heads.note)
        level.ran.append(f"bring {newest} back to {self.scratch}")
        if os.path.isdir(newest) and self.restored.content_digest() != _kept(copy):
            level.conclude(FAILED, "what was brought back is not what the copy holds")
            return
        maker = {**(self.request.get("source") or {}).get("machine", {}), "pid": None}
        why_not = why_not_elsewhere(maker, self.identity, self.scratch)
        if why_not:
            level.conclude(NOT_VERIFIED, f"it was brought back, but {why_not}")
        else:
            level.conclude(PROVEN, f"{self.restored.items} items, {self.restored.bytes} bytes")

    def _read(self, newest: str) -> Manifest:
        """V1 and V2: the list, and every byte as it lies there (case A4)."""
        if not os.path.isdir(newest):
            for name in ("V1", "V2"):
                # One file: bringing it back reads all of it, and an archive's checksums.
                self.levels[name].conclude(PROVEN, "the whole file was read")
                self.levels[name].ran.append(f"read {newest}")
            return Manifest({})
        with self.levels["V1"] as listed, self.levels["V2"] as read:
            copy = build_manifest(newest)
            for level in (listed, read):
                level.ran.append(f"manifest of {newest}")
            listed.conclude(PROVEN, f"{copy.items} items are listed")
            if copy.problems:
                first = copy.problems[0]
                read.conclude(
                    FAILED,
                    f"{len(copy.problems)} items of the copy cannot be read, such as "
                    f"{first.path}: {first.detail}",
                )
            else:
                read.conclude(PROVEN, "every byte of the copy was read")
        return copy

    def _open(self, level: Finding, target: str) -> None:
        if self.asset["kind"] not in DUMPED:
            assert self.restored is not None  # noqa: S101
            self.opened = open_all(target, self.restored, self.heads)
            level.ran.append("open every file of a known kind")
            level.conclude(PROVEN, f"{sum(self.opened['opened'].values())} files opened")
            return
        names = os.listdir(target)
        one = os.path.join(target, names[0]) if len(names) == 1 else target
        self.database = adapter_of(self.asset["kind"]).check(
            self.asset,
            one,
            (self.request.get("source") or {}).get("facts") or {},
            self.request.get("nonce_sha256"),
            self.scratch,
            {},
        )
        assert self.database is not None  # noqa: S101
        level.ran.extend(self.database["ran"])
        judge_parts(self.database, self.levels["V3"], level)

    def _look_into_others(self) -> List[Generation]:
        """Read older copies until one differs from the newest; that one is proven as well."""
        ignore = (nonces.FILE,)
        newest = self.restored.content_digest(ignore) if self.restored else None
        out = [Generation(self.found[0][0], self.found[0][1].time, newest)]
        finding = Finding("V6")
        differs = False
        for number, (path, generation) in enumerate(self.found[1:]):
            if differs or number >= MOST_LOOKED_INTO or newest is None:
                out.append(generation)
                continue
            with finding:
                target = os.path.join(self.private, f"older-{number}")
                copy = build_manifest(path) if os.path.isdir(path) else Manifest({})
                bring_back(path, target, copy)
                back = build_manifest(target)
                content = back.content_digest(ignore)
                finding.ran.append(f"bring {path} back to {self.scratch}")
                out.append(Generation(path, generation.time, content))
                differs = content != newest
                if copy.problems or back.problems:
                    finding.conclude(FAILED, f"{path} cannot be read in full")
                elif differs:
                    finding.conclude(PROVEN, f"{path} was brought back: {back.items} items")
                else:
                    finding.conclude(FAILED, f"{path} holds the very same data")
        if len(self.found) > 1:
            self.older = finding.as_dict()
        return out


def _kept(copy: Manifest) -> str:
    """The content of what ``bring_back`` brings: folders, files and links."""
    entries = {p: e for p, e in copy.entries.items() if e.type in ("dir", "file", "link")}
    return Manifest(entries).content_digest()


def _measure(path: str) -> Tuple[int, int]:
    if os.path.isfile(path):
        # An archive grows when it is opened; nobody knows how much beforehand.
        return os.path.getsize(path) * (5 if is_archive(path) else 1), 1000
    size = items = 0
    for folder, folders, names in os.walk(path):
        items += len(folders) + len(names)
        for name in names:
            try:
                size += os.lstat(os.path.join(folder, name)).st_size
            except OSError:
                continue
    return size, items


def _try_to_remove(newest: str) -> Dict[str, Any]:
    """Put a file of our own beside the copies, and try to remove it again."""
    path = os.path.join(os.path.dirname(newest.rstrip("/")), f".sluis-probe-{os.getpid()}")
    tried = f"unlink {path}"
    try:
        with open(path, "x", encoding="ascii") as file:
            file.write("A probe of Sluis. It may be removed.\n")
    except OSError as error:
        return {"tried": tried, "refused": None, "detail": f"no probe could be put: {error}"}
    try:
        os.unlink(path)
    except OSError as error:
        return {"tried": tried, "refused": True, "detail": f"the disk refused: {error.strerror}"}
    return {"tried": tried, "refused": False, "detail": "whoever can write there can remove there"}
