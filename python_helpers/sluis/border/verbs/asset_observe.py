"""Look at an asset without copying it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, Optional

from ..facts import Facts
from ..formats import AbsolutePath, HostName, ManifestBytes, Sha256, State
from ..parts import Asset, Expected, Identity, Secrets
from ..verb import Verb


@dataclass(frozen=True)
class Request:
    """``challenge`` places the nonce; ``look`` reads, and leaves it; ``tidy`` takes it away."""

    asset: Asset
    host: HostName
    stage: Literal["challenge", "look", "tidy"]
    expected_identity: Expected = field(default_factory=Expected)


@dataclass(frozen=True)
class Answer:
    """Which machine it is, whether the nonce was placed, and what there is.

    ``place`` is where an asset of files really lies, every link followed.
    """

    machine: Identity
    placed: bool
    manifest: Optional[ManifestBytes] = None
    content: Optional[Sha256] = None
    state: State = ""
    facts: Optional[Facts] = None
    place: Optional[AbsolutePath] = None


ASSET_OBSERVE = Verb(
    "asset_observe", Request, Secrets, Answer, most_bytes=400 * 2**20, most_values=1_000_000
)
