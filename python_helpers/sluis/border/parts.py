"""What several messages have in common: assets, machines, levels, attempts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, Optional, Tuple

from .formats import (
    AbsolutePath,
    BootId,
    Code,
    Count,
    ExactName,
    Fingerprint,
    Line,
    Lines,
    MachineId,
    Paragraph,
    PlainName,
    Port,
    Seconds,
    Secret,
    Sha256,
    Slug,
    Words,
)
from .marked import Annotated
from .shapes import Most, Text

Kind = Literal["directory", "postgresql", "mariadb", "sqlite"]
Verdict = Literal["proven", "failed", "not verified"]
LevelName = Literal["V0", "V1", "V2", "V3", "V4", "V5", "V6"]
Purpose = Literal["prepare", "catch-up", "broken state"]


@dataclass(frozen=True)
class Connection:
    """How a database is reached. Each field may be left to the database's own default.

    ``host_address`` is an address, a socket, or the folder of one.
    """

    host_address: Optional[PlainName] = None
    port: Optional[Port] = None
    user: Optional[PlainName] = None
    bin_dir: Optional[AbsolutePath] = None
    data_directory: Optional[AbsolutePath] = None


@dataclass(frozen=True)
class Asset:
    """One asset: what it is, where, what of it is left out, and how it is reached."""

    id: Slug
    kind: Kind
    location: PlainName
    exclude: Annotated[Tuple[PlainName, ...], Most(1000)] = ()
    connection: Connection = field(default_factory=Connection)


@dataclass(frozen=True)
class Place:
    """Where a copy may live."""

    site: PlainName
    country: PlainName
    provider: PlainName


@dataclass(frozen=True)
class StoreSecrets:
    """What opens a store. ``store_user`` is a name and no secret."""

    repository_password: Optional[Secret] = field(default=None, repr=False)
    escrow_password: Optional[Secret] = field(default=None, repr=False)
    store_user: Optional[ExactName] = None
    store_password: Optional[Secret] = field(default=None, repr=False)
    store_key: Optional[Secret] = field(default=None, repr=False)


@dataclass(frozen=True)
class AssetSecrets:
    """What opens a database."""

    password: Optional[Secret] = field(default=None, repr=False)


@dataclass(frozen=True)
class Secrets:
    """All secrets of one request. The nonce is one until its hash is on record."""

    store: StoreSecrets = field(default_factory=StoreSecrets)
    asset: AssetSecrets = field(default_factory=AssetSecrets)
    nonce: Optional[Sha256] = field(default=None, repr=False)


@dataclass(frozen=True)
class Identity:
    """Which machine this is, and which process, as the machine says it.

    ``system_identifier`` is the database server's, ``device`` the number of the volume that
    the asset is on.
    """

    machine_id: Optional[MachineId] = None
    host_keys: Annotated[Tuple[Fingerprint, ...], Most(64)] = ()
    boot_id: Optional[BootId] = None
    name: Words = ""
    pid: Optional[Count] = None
    pid_started: Optional[Count] = None
    device: Optional[Count] = None
    system_identifier: Optional[Line] = None


@dataclass(frozen=True)
class Expected:
    """Which machine is expected; what is left out is not compared."""

    machine_id: Optional[MachineId] = None
    host_keys: Annotated[Tuple[Fingerprint, ...], Most(64)] = ()
    system_identifier: Optional[Line] = None


@dataclass(frozen=True)
class Attempt:
    """An attempt to remove something from a store.

    ``refused`` is true when the store said no and still has it, false when it is gone,
    ``None`` when nothing could be learned.
    """

    tried: Line
    refused: Optional[bool]
    detail: Paragraph


@dataclass(frozen=True)
class Ran:
    """A command that ran, and its seconds where they were measured."""

    ran: Line
    seconds: Optional[Seconds] = None


@dataclass(frozen=True)
class Level:
    """What came of one level: what ran, how long it took, why."""

    level: LevelName
    verdict: Verdict
    detail: Annotated[str, Text(3000)]
    ran: Lines = ()
    seconds: Seconds = 0.0
    code: Optional[Code] = None


Rans = Annotated[Tuple[Ran, ...], Most(1000)]
