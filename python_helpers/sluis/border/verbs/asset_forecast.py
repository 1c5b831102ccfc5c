"""Measure how fast a machine's assets can be copied."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Mapping, Optional, Tuple

from ..formats import Count, Lines, Slug, Speed
from ..marked import Annotated
from ..parts import Asset, Secrets
from ..shapes import Most
from ..store import Store
from ..verb import Verb


@dataclass(frozen=True)
class Request:
    """Which assets, to which store."""

    assets: Annotated[Tuple[Asset, ...], Most(10_000)]
    store: Store
    check_mode: bool = False


@dataclass(frozen=True)
class Size:
    """Counted, not estimated."""

    bytes: Count
    items: Count


@dataclass(frozen=True)
class Answer:
    """Bytes a second of disk and link, and each asset's size as far as it can be counted."""

    disk: Optional[Speed]
    upload: Optional[Speed]
    sizes: Annotated[Mapping[Slug, Optional[Size]], Most(10_000)]
    not_measured: Lines


ASSET_FORECAST = Verb("asset_forecast", Request, Secrets, Answer)
