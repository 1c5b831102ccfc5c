"""Make a snapshot of one asset, on the machine that it is on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, Optional, Tuple, Union

from ..facts import Facts
from ..formats import (
    AbsolutePath,
    ChangeId,
    Count,
    HostName,
    Line,
    Lines,
    ManifestBytes,
    PlainName,
    Seconds,
    Sha256,
    State,
    Time,
    Words,
)
from ..found import Found
from ..marked import Annotated
from ..parts import Asset, Attempt, Expected, Identity, Place, Purpose, Rans, Secrets
from ..shapes import Most
from ..store import Store
from ..verb import Verb


@dataclass(frozen=True)
class Request:
    """What to copy and where to.

    Args:
        asset: what is copied.
        host: its inventory name.
        host_address: by which it is reached; ``None``: it is the controller itself.
        change: the change's id.
        purpose: why.
        store: where it goes.
        allowed_locations: where the scope lets a copy live.
        expected_identity: which machine this has to be.
        older: ids of known snapshots on that store, newest first.
        older_place: where an asset of files lay for them; ``None``: nobody knows.
        probe: id of a known probe on that store.
        unless_state: the state in which the source needs no new snapshot.
        unless_place: where an asset of files has to lie for that: a folder that was moved and led
            to by a link is in the state that it was in.
        workdir: for dumps; ``None``: the temporary folder.
        cache: of the engine; ``None``: a folder in the account's home.
        restic: the program.
        patience: seconds that the store may stay away.
        progress: a file to write progress to.
        recognise_only: say which machine this is, and copy nothing.
    """

    asset: Asset
    host: HostName
    host_address: Optional[PlainName]
    change: ChangeId
    purpose: Purpose
    store: Store
    allowed_locations: Annotated[Tuple[Place, ...], Most(100)]
    expected_identity: Expected = field(default_factory=Expected)
    older: Annotated[Tuple[Sha256, ...], Most(20)] = ()
    older_place: Optional[AbsolutePath] = None
    probe: Optional[Sha256] = None
    unless_state: Optional[State] = None
    unless_place: Optional[AbsolutePath] = None
    workdir: Optional[AbsolutePath] = None
    cache: Optional[AbsolutePath] = None
    restic: PlainName = "restic"
    patience: Seconds = 300.0
    progress: Optional[AbsolutePath] = None
    recognise_only: bool = False


@dataclass(frozen=True)
class Recognised:
    """The machine is the one that was expected; nothing was copied."""

    kind: Literal["recognised"]
    machine: Identity


@dataclass(frozen=True)
class Unchanged:
    """The source is in the state that was named, so nothing was copied."""

    kind: Literal["unchanged"]
    state: State
    machine: Identity


@dataclass(frozen=True)
class Made:
    """A snapshot was made.

    ``manifest_after`` is ``None`` when nothing changed meanwhile. ``inside`` says why the store
    is not outside the asset's machine. ``as_files`` is true when a database was kept as the
    files that it lay in. ``found_all`` is false when its server may have more databases than
    ``found``. ``place`` is where an asset of files really lies, every link followed.
    """

    kind: Literal["made"]
    snapshot_id: Sha256
    previous_snapshot_id: Sha256
    older_made_now: bool
    state: State
    manifest_before: ManifestBytes
    manifest_after: Optional[ManifestBytes]
    facts: Facts
    bytes: Count
    items: Count
    nonce_placed: bool
    found: Annotated[Tuple[Found, ...], Most(10_000)]
    repository_id: Optional[Sha256]
    machine: Identity
    probe: Sha256
    append_only: Attempt
    inside: Optional[Line]
    store_clock_before: Optional[Time]
    warnings: Lines
    ran: Rans
    engine: Words
    as_files: bool = False
    found_all: bool = True
    place: Optional[AbsolutePath] = None

    def __post_init__(self) -> None:
        """A snapshot is never its own older generation."""
        if self.previous_snapshot_id == self.snapshot_id:
            raise ValueError("names the same snapshot as its older generation")


@dataclass(frozen=True)
class Answer:
    """What came of it."""

    result: Union[Recognised, Unchanged, Made]


ASSET_SNAPSHOT = Verb(
    "asset_snapshot", Request, Secrets, Answer, most_bytes=700 * 2**20, most_values=1_000_000
)
