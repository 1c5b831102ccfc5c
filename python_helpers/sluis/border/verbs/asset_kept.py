"""Ask whether copies that were proven are still kept.

Snapshots of our own store are asked for from the verifier, an adopted backup from where it is read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional, Tuple

from ..formats import AbsolutePath, Count, Line, Lines, PlainName, Seconds, Sha256, Time
from ..marked import Annotated
from ..parts import Secrets
from ..shapes import Most
from ..store import Store
from ..verb import Verb


@dataclass(frozen=True)
class Copy:
    """A copy that lies on a disk as a folder or a file, and how it lay there when it was proven.

    Args:
        id: by which the answer names it.
        path: where it lies.
        written: when its newest item was written there.
        items: folders, files and links in it; ``None``: not known.
        bytes: of all files in it; ``None``: not known.
        size: of the file that it is, packed or not; ``None``: a folder, or not known.
        leads_to: where it lies when it is reached through links; ``None``: no links were seen.
        touched: when anything was changed in it, the names in its folders included.
    """

    id: Sha256
    path: PlainName
    written: Time
    items: Optional[Count] = None
    bytes: Optional[Count] = None
    size: Optional[Count] = None
    leads_to: Optional[Line] = None
    touched: Optional[Time] = None


@dataclass(frozen=True)
class Request:
    """Which snapshots on which store, or which copies on a disk.

    Args:
        store: where the snapshots lie; ``None``: there are only copies.
        snapshots: their full ids.
        restic: the program.
        patience: seconds that the store may stay away.
        progress: a file to write progress to.
        copies: on a disk.
    """

    store: Optional[Store]
    snapshots: Annotated[Tuple[Sha256, ...], Most(100_000)]
    restic: PlainName = "restic"
    patience: Seconds = 300.0
    progress: Optional[AbsolutePath] = None
    copies: Annotated[Tuple[Copy, ...], Most(1000)] = ()


@dataclass(frozen=True)
class Answer:
    """What is not kept.

    Args:
        gone: snapshots that the store does not show, and copies that are not where they were.
        damaged: what is missing of those that are there, or ``None``.
        ran: what was asked.
    """

    gone: Annotated[Tuple[Sha256, ...], Most(100_000)]
    damaged: Optional[Line]
    ran: Lines


ASSET_KEPT = Verb("asset_kept", Request, Secrets, Answer)
