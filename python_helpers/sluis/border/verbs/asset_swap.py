"""Swap a restored and compared copy in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional, Tuple

from ..formats import Lines, Paragraph
from ..marked import Annotated
from ..parts import Secrets
from ..restores import Request
from ..shapes import Most
from ..verb import Verb
from .asset_restore import Counts


@dataclass(frozen=True)
class Answer:
    """Where the displaced data is.

    ``equal`` is true when what is live now equals the signed snapshot.
    """

    changed: bool
    resumed: bool
    live: Paragraph
    quarantine: Annotated[Tuple[Paragraph, ...], Most(100)]
    equal: Optional[bool]
    counts: Optional[Counts] = None
    unknown: Lines = ()
    notes: Lines = ()
    warnings: Lines = ()


ASSET_SWAP = Verb("asset_swap", Request, Secrets, Answer)
__all__ = ("ASSET_SWAP", "Answer", "Request")
