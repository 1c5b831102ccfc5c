"""Adopt a backup that somebody else made: restored and compared like our own (A2 to A4).

Runs where the backup can be read. The answer has the form of ``prove_snapshot``'s.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import List, Optional, Tuple

from ..border.parts import Attempt, Secrets
from ..border.proof import DatabaseProof, Escrow, Older, Opened, Proof
from ..border.verbs.asset_copies import Answer, Generation, Newest, Request
from ..counted import counted
from ..errors import SnapshotError
from ..manifest import Manifest, build_manifest, dumps
from . import nonce as nonces
from .adopt_restic import adopt_restic
from .children import Children, confined_account, confined_words
from .copies import MOST_LOOKED_INTO, bring_back, find_copies, is_archive
from .elsewhere import why_not_elsewhere
from .identity import read_identity
from .kinds import DUMPED, check
from .levels import FAILED, LEVELS, NOT_VERIFIED, PROVEN, Finding
from .opening import Heads, open_all
from .restoring import judge_parts
from .same_disk import why_not_outside
from .scratch import choose_scratch, too_small

_SAMPLE_ROOM = 1 << 20


def adopt_backup(request: Request, secrets: Secrets) -> Answer:
    """Look at an existing backup, level by level.

    Args:
        request: which backup of which asset.
        secrets: for restic, the repository's password and the login.

    Raises:
        InputError: ``bad-backup``.
        SnapshotError: the scratch folder cannot be used.
    """
    if request.backup.kind == "restic":
        return adopt_restic(request, secrets)
    found = find_copies(request.backup)
    if not found:
        return Answer((), None)
    newest = found[0][0]
    size, items = _measure(newest)
    room = choose_scratch(request.scratch, size + _SAMPLE_ROOM, items)
    with Children(room.folder) as children:
        return _Adopting(request, found, children.private, room.folder).run(
            None if room.is_enough else too_small(newest, room)
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
        self.asset = request.asset
        self.found = found
        self.private = private
        self.scratch = scratch
        self.identity = read_identity()
        self.heads = Heads()
        self.levels = {name: Finding(name) for name in LEVELS[:5]}
        self.restored: Optional[Manifest] = None
        self.database: Optional[DatabaseProof] = None
        self.opened: Optional[Opened] = None
        self.older = Older(NOT_VERIFIED, "there is no older copy")

    def run(self, no_room: Optional[SnapshotError]) -> Answer:
        newest, generation = self.found[0]
        with self.levels["V0"] as level:
            level.ran.append("list the copies")
            level.conclude(PROVEN, f"{newest}, written at {generation.time} by its disk's clock")
        target = os.path.join(self.private, "restored")
        with self.levels["V3"] as level:
            if no_room:
                raise no_room
            self._bring_back(level, newest, target)
        if self.restored is not None:
            with self.levels["V4"] as level:
                self._open(level, target)
        generations = self._look_into_others()
        copy = self.restored
        content = None if copy is None else copy.content_digest(ignore=(nonces.FILE,))
        proof = Proof(
            levels=tuple(finding.as_level() for finding in self.levels.values()),
            database=self.database,
            opened=self.opened,
            restored=None if copy is None else dumps(copy),
            content=content,
            restore_errors="",
            nonce_found=nonces.is_nonce(target, self.request.nonce_sha256),
            older=self.older,
            append_only=_try_to_remove(newest),
            escrow=Escrow(True, "the copy is not encrypted, so no key can be lost"),
            store_time=generation.time,
            verifier=self.identity,
            scratch=self.scratch,
            engine=self.request.backup.kind,
        )
        size, items = (copy.bytes, copy.items) if copy else (0, 0)
        return Answer(
            tuple(generations),
            Newest(
                content or "0" * 64,
                generation.time,
                size,
                items,
                proof,
                why_not_outside(self.request.source.machine, self.identity, newest),
            ),
        )

    def _bring_back(self, level: Finding, newest: str, target: str) -> None:
        copy = self._read(newest)
        bring_back(newest, target, copy)
        self.restored = build_manifest(target, on_head=self.heads.note)
        level.ran.append(f"bring {newest} back to {self.scratch}")
        if os.path.isdir(newest) and self.restored.content_digest() != _kept(copy):
            level.conclude(FAILED, "what was brought back is not what the copy holds")
            return
        maker = replace(self.request.source.machine, pid=None)
        why_not = why_not_elsewhere(maker, self.identity, self.scratch)
        if why_not:
            level.conclude(NOT_VERIFIED, f"it was brought back, but {why_not}")
        else:
            level.conclude(
                PROVEN,
                f"{counted(self.restored.items, 'item')}, {counted(self.restored.bytes, 'byte')}",
            )

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
            listed.conclude(PROVEN, f"{counted(copy.items, 'item is', 'items are')} listed")
            if copy.problems:
                first = copy.problems[0]
                read.conclude(
                    FAILED,
                    f"{counted(len(copy.problems), 'item')} of the copy cannot be read, such as "
                    f"{first.path}: {first.detail}",
                )
            else:
                read.conclude(PROVEN, "every byte of the copy was read")
        return copy

    def _open(self, level: Finding, target: str) -> None:
        if self.asset.kind not in DUMPED:
            assert self.restored is not None  # noqa: S101
            account = confined_account()
            self.opened = open_all(target, self.restored, self.heads, account)
            level.ran.append(f"open every file of a known kind{confined_words(account)}")
            level.conclude(PROVEN, f"{counted(sum(self.opened.opened.values()), 'file')} opened")
            return
        names = os.listdir(target)
        one = os.path.join(target, names[0]) if len(names) == 1 else target
        request = self.request
        self.database = check(
            self.asset, one, request.source.facts, request.nonce_sha256, self.scratch
        )
        level.ran.extend(self.database.ran)
        judge_parts(self.database, self.levels["V3"], level)

    def _look_into_others(self) -> List[Generation]:
        """Read older copies until one differs from the newest; that one is proven as well.

        One that cannot be read in full is no generation: nobody knows what it holds.
        """
        ignore = (nonces.FILE,)
        newest = self.restored.content_digest(ignore) if self.restored else None
        out = [replace(self.found[0][1], content=newest)]
        finding = Finding("V6")
        differs = False
        unread: List[str] = []
        for number, (path, generation) in enumerate(self.found[1:]):
            if differs or number >= MOST_LOOKED_INTO or newest is None:
                out.append(generation)
                continue
            content, read = None, generation
            with finding:
                target = os.path.join(self.private, f"older-{number}")
                copy = build_manifest(path) if os.path.isdir(path) else Manifest({})
                finding.ran.append(f"bring {path} back to {self.scratch}")
                bring_back(path, target, copy)
                back = build_manifest(target)
                if copy.problems or back.problems:
                    finding.conclude(FAILED, f"{path} cannot be read in full")
                else:
                    content = back.content_digest(ignore)
                    read = replace(generation, items=back.items, bytes=back.bytes)
                    differs = content != newest
                    if differs:
                        finding.conclude(
                            PROVEN, f"{path} was brought back: {counted(back.items, 'item')}"
                        )
                    else:
                        finding.conclude(FAILED, f"{path} holds the very same data")
            out.append(replace(read, content=content))
            if content is None:
                unread.append(path)
        if unread and differs:
            finding.detail += f"; {len(unread)} cannot be read in full, such as {unread[0]}"
        if len(self.found) > 1:
            found = finding.as_level()
            self.older = Older(found.verdict, found.detail, found.ran, found.seconds)
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


def _try_to_remove(newest: str) -> Attempt:
    """Put a file of our own beside the copies, and try to remove it again."""
    path = os.path.join(os.path.dirname(newest.rstrip("/")), f".sluis-probe-{os.getpid()}")
    tried = f"unlink {path}"
    try:
        with open(path, "x", encoding="ascii") as file:
            file.write("A probe of Sluis. It may be removed.\n")
    except OSError as error:
        return Attempt(tried, None, f"no probe could be put: {error}")
    try:
        os.unlink(path)
    except OSError as error:
        return Attempt(tried, True, f"the disk refused: {error.strerror}")
    return Attempt(tried, False, "whoever can write there can remove there")
