"""Put one exported asset into its new tenant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..formats import Count
from ..moving import Moving
from ..tenant import Counts, Staying, TenantSecrets, Troubles
from ..verb import Verb


@dataclass(frozen=True)
class Answer:
    """What was sent. ``reasons`` and ``left_out`` are the first of so many that are counted."""

    outcome: Literal["done", "refused", "stopped", "incomplete"]
    counts: Counts
    bytes_sent: Count
    reasons: Troubles
    reasons_in_all: Count
    left_out: Staying
    left_out_in_all: Count
    renamed_in_all: Count

    def __post_init__(self) -> None:
        """What is done has no reason why it is not."""
        if self.outcome == "done" and (self.reasons or self.reasons_in_all):
            raise ValueError("says that all is done, and why it is not")


TENANT_IMPORT = Verb("tenant_import", Moving, TenantSecrets, Answer, most_bytes=16 * 2**20)
