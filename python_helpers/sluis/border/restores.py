"""What both halves of a restore are asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional, Tuple

from .formats import AbsolutePath, ChangeId, PlainName, Seconds, Sha256
from .marked import Annotated
from .parts import Asset
from .shapes import Form, Most
from .store import Store

RestoreId = Annotated[str, Form(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", "the id of a restore", 100)]


@dataclass(frozen=True)
class Sent:
    """A file of the evidence on this machine, and its digest as the evidence names it."""

    path: AbsolutePath
    sha256: Sha256


@dataclass(frozen=True)
class Request:
    """Which snapshot to put back, and how.

    Args:
        asset: what is put back.
        change: the change's id.
        restore_id: names this restore; the same on every run of one signed plan, and of no other.
        snapshot_id: full id of the snapshot.
        manifests: of before and, when it differs, of after.
        facts: the signed figures, where there are any.
        place: where an asset of files really lay before the change, every link followed.
        store: where the snapshot lies.
        tolerate_use: swap even when processes have the live data open.
        check_mode: look, and change nothing.
        workdir: for dumps; ``None``: the temporary folder.
        cache: of the engine; ``None``: one that goes afterwards.
        restic: the program.
        patience: seconds that the store may stay away.
        progress: a file to write progress to.
    """

    asset: Asset
    change: ChangeId
    restore_id: RestoreId
    snapshot_id: Sha256
    manifests: Annotated[Tuple[Sent, ...], Most(2)]
    facts: Optional[Sent]
    store: Store
    place: Optional[AbsolutePath] = None
    tolerate_use: bool = False
    check_mode: bool = False
    workdir: Optional[AbsolutePath] = None
    cache: Optional[AbsolutePath] = None
    restic: PlainName = "restic"
    patience: Seconds = 300.0
    progress: Optional[AbsolutePath] = None
