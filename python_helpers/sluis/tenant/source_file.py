"""A file to fetch from a source without ids, and what came of it, however it is fetched."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from ..counted import counted
from .found import Found
from .local_copy import Copied, Piece
from .stored_names import ExportFolder
from .tenant_manifest import Check

#: how often a file that changes while it is read is read
TRIES = 3


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file to fetch, or to read once more.

    Args:
        item_id: in the state.
        found: the item as listed.
        stored: where its copy goes, below the export's folder.
        pieces: what is on disk of it, from an earlier try, when it was the same file then.
        keep: whether its bytes are written down, or only read and hashed.
        cuts: how often the connection was lost while it was read, with nothing had of it.
    """

    item_id: str
    found: Found
    stored: str
    pieces: tuple[Piece, ...] = ()
    keep: bool = True
    cuts: int = 0

    @property
    def size(self) -> int:
        """Bytes, as listed."""
        return self.found.size or 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a file.

    Args:
        wanted: which file.
        found: the item as it was when its bytes were read; as last seen when they were not.
        copied: its bytes' figures; ``None`` when it could not be read as one whole.
        read: bytes that came from the source for it, in all tries of this run.
        check: what can be said of the bytes; ``None`` when nothing was there to check.
        why: one sentence when it could not be had.
    """

    wanted: Wanted
    found: Found
    copied: Copied | None = None
    read: int = 0
    check: Check | None = None
    why: str | None = None


@dataclass(frozen=True, slots=True)
class PieceDone:
    """A piece of a large file is on disk."""

    item_id: str
    found: Found
    piece: Piece


#: what came of some files, to be written down together
Batch = Sequence[Outcome | PieceDone]
#: how the files of a source are had: it asks for them as it has room for them
Fetch = Callable[[ExportFolder, Iterator[Wanted]], Iterator[Batch]]


class Judgement:
    """Whether a file was the same all along, reading after reading.

    Args:
        listed: the item as it was before the first reading.
    """

    def __init__(self, listed: Found) -> None:
        #: the item as it was before the reading that is under way
        self.before = listed
        self.why = ""
        self.check: Check | None = None

    def is_whole(self, after: Found, size: int) -> bool:
        """Judge one reading.

        Args:
            after: the item as it is now.
            size: bytes that were read; one more than listed stands for "more".

        Returns:
            whether its bytes can be believed; otherwise ``why`` says what was wrong.
        """
        listed = self.before.size or 0
        if after == self.before and size == listed:
            return True
        if after == self.before:
            amount = f"more than {listed:,}" if size > listed else f"{size:,}"
            self.why = f"the source lists {counted(listed, 'byte')} and gives {amount}"
            self.check = None
        elif after.kind != "file":
            self.why = "it went away or became another kind of item while it was read"
            self.check = None
        else:
            self.why = f"edited meanwhile: it was edited each of the {TRIES} times that it was read"
            self.check = "edited meanwhile"
        self.before = after
        return False
