"""Another database that is on the same server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Optional

from .formats import Count, ExactName


@dataclass(frozen=True)
class Found:
    """Its kind, name and bytes; ``None``: this account may not know."""

    kind: Literal["postgresql", "mariadb"]
    location: ExactName
    bytes: Optional[Count]
