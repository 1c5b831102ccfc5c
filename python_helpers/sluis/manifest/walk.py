"""Every item below a folder, as it is seen in passing. Names need not be text."""

from __future__ import annotations

import os
import stat
from typing import Iterator, List, NamedTuple, Sequence

from ..errors import SnapshotError
from .entry import Problem
from .exclude import matcher


class Seen(NamedTuple):
    """One item: its path relative to the folder, and what ``lstat`` says of it."""

    path: bytes
    status: os.stat_result

    @property
    def size(self) -> int:
        """Bytes of a file; 0 of anything else."""
        return self.status.st_size if stat.S_ISREG(self.status.st_mode) else 0


class Walk:
    """Every item below a folder. Bytes all the way: names need not be text."""

    def __init__(self, root: str, exclude: Sequence[str]) -> None:
        self.root = os.fsencode(root)
        self.problems: List[Problem] = []
        self.left_out = 0
        self._excluded = matcher(exclude)
        try:
            if not stat.S_ISDIR(os.stat(self.root).st_mode):
                raise SnapshotError(
                    "source-not-a-folder",
                    f"{root} is not a folder.",
                    "Correct the asset's location in the scope.",
                )
            os.scandir(self.root).close()
        except FileNotFoundError:
            raise SnapshotError(
                "source-missing",
                f"{root} does not exist on this machine.",
                "Find out where the data went, or correct the asset's location in the scope.",
            ) from None
        except OSError as error:
            raise SnapshotError(
                "source-unreadable",
                f"{root} cannot be read: {error.strerror}.",
                "Run with an account that may read the asset.",
            ) from None

    def __iter__(self) -> Iterator[Seen]:
        folders = [b""]
        while folders:
            folder = folders.pop()
            try:
                listing = os.scandir(os.path.join(self.root, folder))
            except OSError as error:
                self.problems.append(problem_of(folder, error))
                continue
            with listing:
                for item in self._items(folder, listing):
                    path = folder + b"/" + item.name if folder else item.name
                    if self._excluded(text_of(path)):
                        self.left_out += 1
                        continue
                    try:
                        status = item.stat(follow_symlinks=False)
                    except OSError as error:
                        self.problems.append(problem_of(path, error))
                        continue
                    if stat.S_ISDIR(status.st_mode):
                        folders.append(path)
                    yield Seen(path, status)

    def _items(
        self, folder: bytes, listing: Iterator[os.DirEntry[bytes]]
    ) -> Iterator[os.DirEntry[bytes]]:
        """A folder can be opened and still fail while it is read (a disk, a share, /proc)."""
        try:
            yield from listing
        except OSError as error:
            self.problems.append(problem_of(folder, error))


def text_of(raw: bytes) -> str:
    """A name as text; bytes that are not UTF-8 become surrogates (PEP 383)."""
    return raw.decode("utf-8", "surrogateescape")


def problem_of(path: bytes, error: OSError) -> Problem:
    """An error of the system as something to report."""
    code = "vanished" if isinstance(error, FileNotFoundError) else "unreadable"
    return Problem(text_of(path), code, error.strerror or type(error).__name__)
