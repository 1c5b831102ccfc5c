"""Find everything in a tenant that may hold data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Optional, Tuple

from ..formats import AbsolutePath, Count, Line, Slug, Words
from ..marked import Annotated
from ..shapes import Most
from ..tenant import Budget, Drive, GraphId, NotSeen, TenantAccount, TenantSecrets
from ..verb import Verb


@dataclass(frozen=True)
class Request:
    """Which tenant to look at.

    Args:
        tenant: its name in the inventory.
        folder: where each drive's listing is kept, when it is counted.
        count: whether to count what is in the drives.
        progress: a file to write progress to.
    """

    tenant: Slug
    account: TenantAccount
    budget: Budget
    folder: AbsolutePath
    count: bool
    progress: Optional[AbsolutePath] = None


@dataclass(frozen=True)
class SitePart:
    """Something in a site that is no library of files; its id is the list's or the site's."""

    kind: Literal["list", "site pages", "hidden lists"]
    id: GraphId
    name: Line
    site_id: GraphId
    site_url: Line = ""
    web_url: Line = ""
    items: Optional[Count] = None


@dataclass(frozen=True)
class Workload:
    """Data of another kind; ``seen`` is whether anybody looked, ``how`` one sentence about it.

    ``names`` are of the first few.
    """

    kind: Words
    count: Optional[Count]
    seen: bool
    how: Line
    names: Annotated[Tuple[Line, ...], Most(10)] = ()


@dataclass(frozen=True)
class Answer:
    """What there is, and what could not be seen."""

    sources: Annotated[Tuple[Drive, ...], Most(200_000)]
    workloads: Annotated[Tuple[Workload, ...], Most(100)]
    could_not: Annotated[Tuple[NotSeen, ...], Most(10_000)]
    parts: Annotated[Tuple[SitePart, ...], Most(200_000)] = ()


TENANT_DISCOVER = Verb(
    "tenant_discover",
    Request,
    TenantSecrets,
    Answer,
    most_bytes=256 * 2**20,
    most_values=4_000_000,
)
