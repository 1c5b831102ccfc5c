"""The file that is being sent: read at offsets, in threads, and noticed when it changes."""

from __future__ import annotations

import asyncio
import hashlib
import os
from concurrent.futures import Executor
from functools import partial
from pathlib import Path

from . import upload_errors
from .quickxor import QuickXor

_BLOCK = 1 << 20


class SourceFile:
    """An open file.

    Args:
        path: where it is; links are not followed.
        threads: where it is read, since that blocks.

    Raises:
        GraphError: ``source-unreadable``.
    """

    def __init__(self, path: Path, threads: Executor) -> None:
        self.path = path
        self._threads = threads
        try:
            self._descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError as error:
            raise upload_errors.unreadable(path, error) from error
        about = os.fstat(self._descriptor)
        #: bytes, when it was opened
        self.size = about.st_size
        self._as_of = (about.st_size, about.st_mtime_ns)

    async def read(self, at: int, size: int) -> bytes:
        """Exactly ``size`` bytes from offset ``at``.

        Raises:
            GraphError: ``source-unreadable``; ``source-changed`` when it became shorter.
        """
        loop = asyncio.get_running_loop()
        try:
            data = await loop.run_in_executor(
                self._threads, partial(_pread, self._descriptor, size, at)
            )
        except OSError as error:
            raise upload_errors.unreadable(self.path, error) from error
        if len(data) != size:
            raise upload_errors.changed(self.path)
        return data

    def check(self) -> None:
        """Make sure that nobody wrote to it since it was opened.

        Raises:
            GraphError: ``source-changed``.
        """
        about = os.fstat(self._descriptor)
        if (about.st_size, about.st_mtime_ns) != self._as_of:
            raise upload_errors.changed(self.path)

    async def quickxor(self) -> str:
        """quickXorHash of all of it, as Graph writes it."""
        running = QuickXor()
        for at in range(0, self.size, _BLOCK):
            running.update(await self.read(at, min(_BLOCK, self.size - at)))
        return running.base64()

    async def digest(self, kind: str) -> str:
        """SHA-256 or SHA-1 (``sha256``, ``sha1``) of all of it, in hexadecimal."""
        running = hashlib.new(kind, usedforsecurity=False)
        for at in range(0, self.size, _BLOCK):
            running.update(await self.read(at, min(_BLOCK, self.size - at)))
        return running.hexdigest()

    def close(self) -> None:
        """Let go of it."""
        os.close(self._descriptor)


def _pread(descriptor: int, size: int, at: int) -> bytes:
    parts = []
    while size > 0 and (part := os.pread(descriptor, size, at)):
        parts.append(part)
        at, size = at + len(part), size - len(part)
    return b"".join(parts)
