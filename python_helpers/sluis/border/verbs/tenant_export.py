"""Make a pass over one asset: a drive of a tenant, a folder of a server or of the worker."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Optional, Tuple, Union

from ..formats import AbsolutePath, Count, Line, PlainName, Sha256, Slug, Time, Words
from ..marked import Annotated
from ..shapes import Most, Real, Whole
from ..tenant import (
    Abouts,
    AtOnce,
    Budget,
    Counts,
    Drive,
    Hours,
    NotSeen,
    Server,
    TenantAccount,
    TenantSecrets,
    Trouble,
)
from ..verb import Verb


@dataclass(frozen=True)
class OfTenant:
    """Fetch a drive. ``relist``: list all of it anew; ``ends``: when it goes away.

    ``frozen``: since when nobody writes there, of a last pass; one that was begun for another
    freeze, or for none, begins anew.
    """

    kind: Literal["drive"]
    account: TenantAccount
    drive: Drive
    budget: Budget
    workers: AtOnce
    versions: Literal["none", "list", "all"] = "none"
    relist: bool = False
    frozen: Optional[Time] = None
    ends: Optional[Time] = None


@dataclass(frozen=True)
class OfServer:
    """Read a folder on an SFTP server. ``last``: nobody writes there, since ``frozen``."""

    kind: Literal["sftp"]
    server: Slug
    login: Server
    location: PlainName
    last: bool = False
    frozen: Optional[Time] = None


@dataclass(frozen=True)
class OfFolder:
    """Read a folder of the worker, such as a mounted share. ``last``: as for a server."""

    kind: Literal["directory"]
    location: PlainName
    last: bool = False
    frozen: Optional[Time] = None


@dataclass(frozen=True)
class Request:
    """Which asset, from where, and below which folder of the worker."""

    asset: Slug
    name: Line
    folder: AbsolutePath
    origin: Union[OfTenant, OfServer, OfFolder]
    progress: Optional[AbsolutePath] = None


@dataclass(frozen=True)
class Pass:
    """One whole pass.

    Args:
        seen_in_pass: its number; where its files lie follows from it.
        manifest_sha256: of its manifest.
        files, bytes: that were had.
        checks: how many files got which classification.
        not_had: how many lines could not be had, the first of them named in ``not_had_named``.
        gaps: what could not be had and is no item.
        changes: how many changes of each kind since the pass before.
        notes: what happened on the way.
        begun: when it was begun, by the worker's clock, if an earlier call did that.
    """

    seen_in_pass: Annotated[int, Whole(1, 9999)]
    manifest_sha256: Sha256
    files: Count
    bytes: Count
    checks: Counts
    not_had: Count
    not_had_named: Abouts
    gaps: Annotated[Tuple[NotSeen, ...], Most(1000)]
    changes: Counts
    notes: Annotated[Tuple[Line, ...], Most(1000)]
    begun: Optional[Time] = None

    def __post_init__(self) -> None:
        """Figures that contradict each other are no answer."""
        if sum(self.checks.values()) > self.files:
            raise ValueError("classifies more files than it has")
        if len(self.not_had_named) > self.not_had:
            raise ValueError("names more that was not had than it counts")


@dataclass(frozen=True)
class Spending:
    """Units, bytes and hours, and answers that said to wait."""

    units: Count
    bytes: Count
    hours: Hours
    throttled: Count = 0


@dataclass(frozen=True)
class Beside:
    """Plan beside actual, for one figure."""

    what: Words
    planned: Annotated[float, Real(0, 2**53)]
    actual: Annotated[float, Real(0, 2**53)]


@dataclass(frozen=True)
class Answer:
    """A whole pass, or why there is none. What was planned and used is for the record."""

    done: Optional[Pass]
    failed: Optional[Trouble]
    plan: Optional[Spending] = None
    used: Optional[Spending] = None
    beside: Annotated[Tuple[Beside, ...], Most(10)] = ()

    def __post_init__(self) -> None:
        """There is a pass, or a reason."""
        if (self.done is None) == (self.failed is None):
            raise ValueError("has both a pass and a failure, or neither")


TENANT_EXPORT = Verb("tenant_export", Request, TenantSecrets, Answer, most_bytes=16 * 2**20)
