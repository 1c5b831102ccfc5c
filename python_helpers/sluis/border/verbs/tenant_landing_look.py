"""Look what has arrived in a landing folder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Optional, Tuple, Union

from ..formats import AbsolutePath, Count, Line, Paragraph, PlainName, Sha256, Time
from ..marked import Annotated
from ..shapes import Most, Real, Whole
from ..tenant import Budget, GraphId, TenantAccount, TenantSecrets
from ..verb import Verb

Lines1000 = Annotated[Tuple[Line, ...], Most(1000)]


@dataclass(frozen=True)
class Landing:
    """The folder, as it was made."""

    drive_id: GraphId
    folder: PlainName
    item_id: GraphId
    web_url: Line
    owner: PlainName
    deadline: Time
    made: Time


@dataclass(frozen=True)
class Told:
    """Somebody was told something."""

    who: Line
    when: Time
    words: Paragraph


@dataclass(frozen=True)
class ByManifest:
    """Each file of an export on this worker should arrive."""

    kind: Literal["manifest"]
    folder: AbsolutePath
    source_id: GraphId
    pass_number: Annotated[int, Whole(1, 9999)]
    manifest_sha256: Sha256


@dataclass(frozen=True)
class ByCount:
    """So much should arrive, as far as anybody knows."""

    kind: Literal["count"]
    items: Optional[Count] = None
    bytes: Optional[Count] = None


@dataclass(frozen=True)
class Request:
    """Which folder, what should be there, and what was found and told before."""

    asset: PlainName
    account: TenantAccount
    budget: Budget
    landing: Landing
    expected: Union[ByManifest, ByCount]
    files_before: Optional[Count] = None
    told: Annotated[Tuple[Told, ...], Most(10_000)] = ()


@dataclass(frozen=True)
class Elsewhere:
    """A path that is missing, and where a file of that name and size lies."""

    path: Line
    lies_at: Line


@dataclass(frozen=True)
class Answer:
    """How things stand; see ``tenant.landing.LandingReport``."""

    state: Literal["nothing has arrived", "arriving", "everything has arrived", "not verified"]
    late: bool
    left: Annotated[float, Real(-(10**10), 10**10)]
    arrived_files: Count
    arrived_bytes: Count
    expected_files: Optional[Count]
    expected_bytes: Optional[Count]
    missing: Lines1000
    missing_files: Optional[Count]
    other_size: Lines1000
    elsewhere: Annotated[Tuple[Elsewhere, ...], Most(1000)]
    unexpected: Optional[Count]
    new_files: Optional[Annotated[int, Whole(-(2**53) + 1, 2**53 - 1)]]
    words: Paragraph
    reminder: bool

    def __post_init__(self) -> None:
        """What has all arrived lacks nothing."""
        lacks = self.missing or self.other_size or self.missing_files
        if self.state == "everything has arrived" and (lacks or self.late):
            raise ValueError("says that everything has arrived, and what has not")


TENANT_LANDING_LOOK = Verb("tenant_landing_look", Request, TenantSecrets, Answer)
