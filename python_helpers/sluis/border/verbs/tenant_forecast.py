"""Count an asset on a server or in a folder, and measure how fast it can be read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

from ..formats import Count, Paragraph
from ..tenant import Hours, TenantSecrets
from ..verb import Verb
from .tenant_export import Request


@dataclass(frozen=True)
class Answer:
    """How long reading takes, or why nobody knows.

    Args:
        bytes, hours: to be read, and how long it takes; ``None``: not known.
        failed: why it could not be measured at all; empty when it was.
        could_not: how many things could not be looked at.
        why: the first reason for that.
    """

    bytes: Optional[Count]
    hours: Optional[Hours]
    failed: Paragraph
    could_not: Count
    why: Paragraph


TENANT_FORECAST = Verb("tenant_forecast", Request, TenantSecrets, Answer)
__all__ = ("TENANT_FORECAST", "Answer", "Request")
