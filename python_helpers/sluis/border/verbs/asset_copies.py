"""Look at a backup that somebody else made, where it can be read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Optional, Tuple

from ..facts import Facts
from ..formats import AbsolutePath, Count, Line, PlainName, Seconds, Sha256, Time, Words
from ..marked import Annotated
from ..parts import Asset, Identity, Secrets
from ..proof import Proof
from ..shapes import Most
from ..store import Store
from ..verb import Verb


@dataclass(frozen=True)
class Backup:
    """Where the backup is and how it is laid out.

    ``layout`` is ``one`` when each location is a copy, ``each`` when each item in it is one. For
    restic: ``store``, the asset's ``path`` as the backup was told, and the ``host`` that it names.
    """

    kind: Literal["copies", "dump", "restic"]
    machine: PlainName
    site: PlainName
    country: PlainName
    provider: PlainName
    locations: Annotated[Tuple[PlainName, ...], Most(1000)] = ()
    layout: Optional[Literal["one", "each"]] = None
    store: Optional[Store] = None
    path: Optional[PlainName] = None
    host: Optional[PlainName] = None


@dataclass(frozen=True)
class Source:
    """The source as it was observed."""

    machine: Identity
    content: Optional[Sha256] = None
    facts: Optional[Facts] = None


@dataclass(frozen=True)
class Request:
    """Which backup of which asset."""

    asset: Asset
    backup: Backup
    source: Source
    nonce_sha256: Optional[Sha256]
    scratch: Optional[AbsolutePath] = None
    restic: PlainName = "restic"
    patience: Seconds = 300.0


@dataclass(frozen=True)
class Generation:
    """One copy: where it is, when it was written there, and a mark of what it holds.

    ``items`` and ``bytes`` are known of an older copy that was read in full. ``size`` is that of
    the file which a copy is, ``leads_to`` is where one lies that is reached through links, and
    ``touched`` when anything was changed in it, the names in its folders included.
    """

    name: Line
    time: Time
    content: Optional[Words]
    items: Optional[Count] = None
    bytes: Optional[Count] = None
    size: Optional[Count] = None
    leads_to: Optional[Line] = None
    touched: Optional[Time] = None


@dataclass(frozen=True)
class Newest:
    """The newest copy, and what was found of it.

    ``inside`` is why it is not outside the source's machine, where that can be told.
    """

    snapshot_id: Sha256
    copied_at: Time
    bytes: Count
    items: Count
    proof: Proof
    inside: Optional[Line] = None


@dataclass(frozen=True)
class Answer:
    """All generations, newest first; ``newest`` is ``None`` when there is none."""

    generations: Annotated[Tuple[Generation, ...], Most(100_000)]
    newest: Optional[Newest]

    def __post_init__(self) -> None:
        """There is a newest one exactly when there is one."""
        if bool(self.generations) != (self.newest is not None):
            raise ValueError("names generations and no newest one, or the reverse")


ASSET_COPIES = Verb(
    "asset_copies", Request, Secrets, Answer, most_bytes=700 * 2**20, most_values=1_000_000
)
