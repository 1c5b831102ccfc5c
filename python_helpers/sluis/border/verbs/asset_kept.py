"""Ask a store whether it still keeps snapshots that were proven. Runs on the verifier."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional, Tuple

from ..formats import AbsolutePath, Line, Lines, PlainName, Seconds, Sha256
from ..marked import Annotated
from ..parts import Secrets
from ..shapes import Most
from ..store import Store
from ..verb import Verb


@dataclass(frozen=True)
class Request:
    """Which snapshots on which store.

    Args:
        store: where they lie.
        snapshots: their full ids.
        restic: the program.
        patience: seconds that the store may stay away.
        progress: a file to write progress to.
    """

    store: Store
    snapshots: Annotated[Tuple[Sha256, ...], Most(100_000)]
    restic: PlainName = "restic"
    patience: Seconds = 300.0
    progress: Optional[AbsolutePath] = None


@dataclass(frozen=True)
class Answer:
    """What the store does not keep.

    Args:
        gone: snapshots that it does not show.
        damaged: what is missing of those that it shows, or ``None``.
        ran: what was asked.
    """

    gone: Annotated[Tuple[Sha256, ...], Most(100_000)]
    damaged: Optional[Line]
    ran: Lines


ASSET_KEPT = Verb("asset_kept", Request, Secrets, Answer)
