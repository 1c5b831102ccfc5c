"""Prepare a store: a repository, its escrowed key, and the probe. Runs on the verifier."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

from ..formats import Count, Lines, PlainName, Seconds, Sha256, Time
from ..parts import Secrets
from ..store import Store
from ..verb import Verb


@dataclass(frozen=True)
class Request:
    """Which store; a known probe's id; whether to look only."""

    store: Store
    probe: Optional[Sha256] = None
    restic: PlainName = "restic"
    patience: Seconds = 300.0
    check_mode: bool = False


@dataclass(frozen=True)
class Answer:
    """What was done, the probe, the store's clock, and how many snapshots there are."""

    changed: bool
    did: Lines
    probe: Optional[Sha256]
    clock: Optional[Time]
    snapshots: Count


ASSET_STORE = Verb("asset_store", Request, Secrets, Answer)
