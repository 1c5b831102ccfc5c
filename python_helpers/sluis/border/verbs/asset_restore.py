"""Restore a snapshot beside the live data and compare it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Mapping, Optional, Tuple

from ..formats import Count, Line, Lines, Paragraph, Words
from ..marked import Annotated
from ..parts import Rans, Secrets
from ..restores import Request
from ..shapes import Most
from ..verb import Verb

Counts = Annotated[Mapping[Words, Count], Most(100)]


@dataclass(frozen=True)
class Answer:
    """Where the copy is, and how it compares.

    ``equal`` is ``None`` when nothing was compared, or not all of it could be.
    """

    changed: bool
    live: Paragraph
    beside: Paragraph
    equal: Optional[bool]
    compared_items: Optional[Count] = None
    compared_bytes: Optional[Count] = None
    counts: Optional[Counts] = None
    changed_during: Annotated[Tuple[Line, ...], Most(1000)] = ()
    unknown: Lines = ()
    notes: Lines = ()
    ran: Rans = ()
    warnings: Lines = ()


ASSET_RESTORE = Verb("asset_restore", Request, Secrets, Answer)
__all__ = ("ASSET_RESTORE", "Answer", "Request")
