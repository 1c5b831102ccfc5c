"""What a verifier found of one copy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Mapping, Optional, Tuple

from .facts import LargeObjects, Objects, Sequences, Tables, Texts
from .formats import (
    Count,
    Digits,
    ExactName,
    Line,
    Lines,
    ManifestBytes,
    Names,
    Paragraph,
    Seconds,
    Sha256,
    Time,
    Words,
)
from .marked import Annotated
from .parts import Attempt, Identity, Level, Verdict
from .shapes import Most


@dataclass(frozen=True)
class Figures:
    """Figures of a restored database. Which there are depends on its kind."""

    tables: Optional[Tables] = None
    recomputed: Optional[Tables] = None
    sequences: Optional[Sequences] = None
    large_objects: Optional[LargeObjects] = None
    objects: Optional[Objects] = None
    extensions: Optional[Texts] = None
    extension_owners: Optional[Texts] = None
    roles: Optional[Names] = None
    foreign_tables: Optional[Names] = None
    collations: Optional[Names] = None
    definers: Optional[Names] = None
    engines: Optional[Names] = None
    settings: Optional[Texts] = None
    foreign_key_errors: Optional[Digits] = None
    probe: Optional[ExactName] = None
    code_pending: Optional[bool] = None


@dataclass(frozen=True)
class Part:
    """One part of a database's proof."""

    part: Literal["restored", "works", "equal"]
    verdict: Verdict
    detail: Paragraph
    seconds: Seconds = 0.0
    ran: Lines = ()


@dataclass(frozen=True)
class DatabaseProof:
    """What came of restoring a dump into a server of the verifier's own."""

    verdict: Verdict
    detail: Paragraph
    nonce_found: bool
    seconds: Seconds
    ran: Lines
    figures: Figures
    differences: Annotated[Tuple[Line, ...], Most(100_000)]
    parts: Annotated[Tuple[Part, ...], Most(10)]


@dataclass(frozen=True)
class Broken:
    """A file that does not open as its application would open it."""

    path: Paragraph
    kind: Words
    problem: Line


@dataclass(frozen=True)
class Opened:
    """What opening every file of a known kind showed."""

    opened: Annotated[Mapping[Words, Count], Most(100)]
    unknown: Count
    broken: Annotated[Tuple[Broken, ...], Most(200_000)]


@dataclass(frozen=True)
class Older:
    """An older generation: whether it came back, and what of it did."""

    verdict: Verdict
    detail: Paragraph
    ran: Lines = ()
    seconds: Seconds = 0.0
    manifest: Optional[ManifestBytes] = None


@dataclass(frozen=True)
class Escrow:
    """Whether everything was opened with the escrowed key."""

    used: bool
    detail: Line


@dataclass(frozen=True)
class Sealed:
    """What was read of a whole store, so that one run reads it once."""

    packs: Sha256
    ran: Lines


@dataclass(frozen=True)
class Proof:
    """What a verifier found, level by level. ``judge`` says what it amounts to.

    ``restored`` is the manifest of the copy; ``restored_digest`` stands for it when the
    controller has that very manifest. ``engine_time`` is what the engine says, as it says it.
    """

    levels: Annotated[Tuple[Level, ...], Most(7)]
    restore_errors: Line
    nonce_found: bool
    older: Older
    append_only: Attempt
    escrow: Escrow
    verifier: Identity
    scratch: Line
    engine: Words
    database: Optional[DatabaseProof] = None
    opened: Optional[Opened] = None
    restored: Optional[ManifestBytes] = None
    restored_digest: Optional[Sha256] = None
    content: Optional[Sha256] = None
    sample: Optional[Line] = None
    sealed: Optional[Sealed] = None
    engine_time: Optional[Words] = None
    store_time: Optional[Time] = None

    def __post_init__(self) -> None:
        """Each level that a verifier can tell is there once."""
        names = [level.level for level in self.levels]
        if names != ["V0", "V1", "V2", "V3", "V4"]:
            raise ValueError("does not tell of the levels V0 to V4, each once")
