"""The object store: everything a statement speaks of, under its own digest.

``objects/sha256/ab/cdef…``: the name says what the content must be, so an object
cannot be altered unseen, and the same content is kept once. An object can be erased
(personal data) without breaking the ledger, which holds only its digest.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path

from sluis.errors import EvidenceError
from sluis.evidence.files import (
    make_folder,
    open_regular,
    remove,
    sync_folder,
    unfinished_name,
    write_new,
)

_DIGEST = re.compile(r"[0-9a-f]{64}")
_BLOCK = 1 << 20
#: an object of more bytes is hashed before it is read into memory
_LARGE = 64 << 20
#: no object of ours is larger; a sparse file of terabytes would keep a verifier busy for days
LARGEST = 8 << 30


class ObjectStore:
    """The objects of one dossier.

    Args:
        dossier: the dossier's folder; ``objects/`` is made in it when needed.
    """

    def __init__(self, dossier: Path) -> None:
        self._dossier = dossier
        self.folder = dossier / "objects" / "sha256"

    def put(self, data: bytes) -> str:
        """Keep ``data``; return its digest.

        Raises:
            EvidenceError: ``cannot-write``.
        """
        digest = hashlib.sha256(data).hexdigest()
        path = self.path(digest)
        try:
            if not self._is_whole(digest):
                make_folder(path.parent)
                with contextlib.suppress(FileExistsError):
                    write_new(path, data)
                # an altered object in the way of the right one: say so, overwrite nothing
                self.check(digest)
        except OSError as error:
            raise _cannot_write(path, error) from error
        return digest

    def put_file(self, source: Path) -> str:
        """Keep a file's content, however large, in one pass; return its digest.

        Raises:
            EvidenceError: ``cannot-write``; also when ``source`` cannot be read.
        """
        make_folder(self.folder)
        unfinished = unfinished_name(self.folder)
        total = hashlib.sha256()
        try:
            with (
                source.open("rb") as reader,
                os.fdopen(
                    os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o440), "wb"
                ) as writer,
            ):
                while block := reader.read(_BLOCK):
                    total.update(block)
                    writer.write(block)
                    if writer.tell() > LARGEST:
                        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
                writer.flush()
                os.fsync(writer.fileno())
            digest = total.hexdigest()
            if not self._is_whole(digest):
                path = self.path(digest)
                make_folder(path.parent)
                with contextlib.suppress(FileExistsError):
                    os.link(unfinished, path)
                sync_folder(path.parent)
                self.check(digest)
        except OSError as error:
            raise _cannot_write(source, error) from error
        finally:
            remove(unfinished)
        return digest

    def get(self, digest: str) -> bytes:
        """Return an object, after hashing it again.

        Raises:
            EvidenceError: ``object-missing`` (erased, or lost), ``object-altered`` or
                ``object-unreadable``.
        """
        if self._size(digest) > _LARGE:
            # what was put in its place may be far too large for memory: look before
            self.check(digest)
        data = b"".join(self._blocks(digest))
        if hashlib.sha256(data).hexdigest() != digest:
            raise _altered(digest)
        return data

    def check(self, digest: str) -> int:
        """Hash an object again without holding it in memory; return its size in bytes.

        Raises:
            EvidenceError: as :meth:`get`.
        """
        total, size = hashlib.sha256(), 0
        for block in self._blocks(digest):
            total.update(block)
            size += len(block)
        if total.hexdigest() != digest:
            raise _altered(digest)
        return size

    def has(self, digest: str) -> bool:
        """Whether something lies in the object's place; :meth:`get` says if it is whole."""
        return self.path(digest).is_file()

    def erase(self, digest: str) -> None:
        """Erase an object. The caller records it (``Erasure``) before or after.

        Raises:
            EvidenceError: ``object-missing``.
        """
        path = self.path(digest)
        try:
            path.unlink()
        except FileNotFoundError as error:
            raise _missing(digest) from error
        sync_folder(path.parent)

    def path(self, digest: str) -> Path:
        """Where an object lies, whether it is there or not.

        Raises:
            EvidenceError: ``bad-digest``: anything else could lead outside the store.
        """
        if not _DIGEST.fullmatch(digest):
            raise EvidenceError(
                "bad-digest",
                f"{digest[:80]!r} is not a SHA-256 digest.",
                "Use 64 lower-case hexadecimal characters.",
            )
        return self.folder / digest[:2] / digest[2:]

    def _size(self, digest: str) -> int:
        try:
            return self._safe_path(digest).lstat().st_size
        except OSError:
            return 0  # reading it says what is wrong

    def _blocks(self, digest: str) -> Iterator[bytes]:
        path = self._safe_path(digest)
        try:
            descriptor = open_regular(path)
        except FileNotFoundError as error:
            raise _missing(digest) from error
        except ValueError as error:
            raise _altered(digest) from error
        except OSError as error:
            raise _unreadable(digest, error) from error
        try:
            if os.fstat(descriptor).st_size > LARGEST:
                raise _altered(digest)
            while block := os.read(descriptor, _BLOCK):
                yield block
        except OSError as error:
            raise _unreadable(digest, error) from error
        finally:
            os.close(descriptor)

    def _safe_path(self, digest: str) -> Path:
        path = self.path(digest)
        # A link in place of a folder would read another dossier's objects. Plain text and
        # not path objects: a dossier has thousands, and this is most of their time.
        store = os.fspath(self.folder)
        for folder in (f"{store}/{digest[:2]}", store, store.rpartition("/")[0]):
            if os.path.islink(folder):  # noqa: PTH114
                raise _altered(digest)
        return path

    def _is_whole(self, digest: str) -> bool:
        try:
            self.check(digest)
        except EvidenceError:
            return False
        return True


def _missing(digest: str) -> EvidenceError:
    return EvidenceError(
        "object-missing",
        f"The object {digest} is not in the dossier.",
        "Put it back from a copy of the dossier; if it was erased on purpose, record that.",
    )


def _altered(digest: str) -> EvidenceError:
    return EvidenceError(
        "object-altered",
        f"The object {digest} does not have the content that its name says.",
        "Keep the altered file for inquiry, and put the original back from a copy.",
    )


def _unreadable(digest: str, error: OSError) -> EvidenceError:
    return EvidenceError(
        "object-unreadable",
        f"The object {digest} cannot be read: {error.strerror or error}.",
        "Check the rights and the disk, or put the object back from a copy.",
    )


def _cannot_write(path: Path, error: OSError) -> EvidenceError:
    return EvidenceError(
        "cannot-write",
        f"{path} could not be kept: {error.strerror or error}.",
        "Check free space and rights of the dossier's folder, and try again.",
    )
