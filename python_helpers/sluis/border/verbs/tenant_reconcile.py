"""Compare one asset in its new tenant with its manifest, or look ahead at what would happen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Optional, Tuple, Union

from ..formats import AbsolutePath, ChangeId, Count, Line, Paragraph, Sha256, Words
from ..marked import Annotated
from ..moving import LeaveOut, Moving, Trust
from ..shapes import Most
from ..tenant import Abouts, Counts, Staying, Target, TenantSecrets
from ..verb import Verb

#: the only categories with which a hand-over goes on
SOUND = frozenset({"equal", "rewritten by the service", "removed at the source"})


@dataclass(frozen=True)
class Request:
    """What to compare; ``ahead``: only say what an import would do."""

    moving: Moving
    ahead: bool
    progress: Optional[AbsolutePath] = None


@dataclass(frozen=True)
class Compared:
    """One item that is not plainly equal."""

    path: Line
    target: Line
    type: Words
    category: Words
    basis: Words
    why: Line
    notes: Annotated[Tuple[Line, ...], Most(20)] = ()


@dataclass(frozen=True)
class Right:
    """A right that is missing, that nobody signed for, or that is not given as signed."""

    path: Line
    who: Line
    role: Words
    why: Line


@dataclass(frozen=True)
class Found:
    """The comparison. Lists hold the first of so many; the file of lines has every item."""

    kind: Literal["compared"]
    sound: bool
    target: Target
    manifest_sha256: Sha256
    trust: Trust
    items: Count
    counts: Counts
    files_by_basis: Counts
    lines: Annotated[Tuple[Compared, ...], Most(1000)]
    lines_sha256: Sha256
    left_out: Staying
    left_out_in_all: Count
    rights_missing: Annotated[Tuple[Right, ...], Most(1000)]
    rights_missing_in_all: Count
    rights_surplus: Annotated[Tuple[Right, ...], Most(1000)]
    rights_surplus_in_all: Count
    rights_left: Annotated[Tuple[Right, ...], Most(1000)]
    rights_left_in_all: Count
    rights_looked_at: Count
    there_before: Count
    reused: Count

    def __post_init__(self) -> None:
        """``sound`` must follow from the figures beside it."""
        unsound = sum(count for name, count in self.counts.items() if name not in SOUND)
        rights = self.rights_missing_in_all + self.rights_surplus_in_all
        if self.sound != (not unsound and not rights):
            raise ValueError("says that it is sound, or not, against its own figures")
        if sum(self.counts.values()) != self.items:
            raise ValueError("counts other items than it has")
        named = (
            (self.rights_missing, self.rights_missing_in_all),
            (self.rights_surplus, self.rights_surplus_in_all),
            (self.left_out, self.left_out_in_all),
            (self.rights_left, self.rights_left_in_all),
        )
        if any(len(some) > in_all for some, in_all in named):
            raise ValueError("names more than it counts")


@dataclass(frozen=True)
class Objection:
    """Why an import would not start, with the first examples. What to do follows from the code."""

    code: Literal[LeaveOut, "conflicts", "quota"]
    what: Paragraph
    examples: Annotated[Tuple[Line, ...], Most(5)] = ()


@dataclass(frozen=True)
class Becomes:
    """An item whose name changes."""

    path: Line
    target: Line


@dataclass(frozen=True)
class Earlier:
    """What another import of this asset brought over: another change's, or to another place.

    Args:
        change: whose; ``None``: an earlier version did not write that down.
        target: where to; ``None``: what was kept of it cannot be read.
        files: of ours there.
        begun: files whose end nobody noted; each may be there.
    """

    change: Optional[ChangeId]
    target: Optional[Target]
    files: Count
    begun: Count


@dataclass(frozen=True)
class Ahead:
    """What an import would do. All that does not go over stands in a file on the worker."""

    kind: Literal["ahead"]
    files: Count
    to_send: Count
    bytes_to_send: Count
    renamed: Annotated[Tuple[Becomes, ...], Most(100)]
    renamed_in_all: Count
    left_out: Abouts
    left_out_in_all: Count
    behind_sha256: Sha256
    behind_in_all: Count
    refusals: Annotated[Tuple[Objection, ...], Most(50)]
    earlier: Annotated[Tuple[Earlier, ...], Most(20)] = ()
    earlier_in_all: Count = 0


@dataclass(frozen=True)
class Answer:
    """One of the two, as it was asked."""

    found: Union[Found, Ahead]


TENANT_RECONCILE = Verb("tenant_reconcile", Request, TenantSecrets, Answer, most_bytes=32 * 2**20)
