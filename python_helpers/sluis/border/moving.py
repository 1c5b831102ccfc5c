"""What a worker is asked about one asset that goes into a new tenant: import, and comparison."""

from __future__ import annotations

import hashlib
import posixpath
from dataclasses import dataclass
from typing import Literal, Mapping, Optional, Tuple

from .formats import AbsolutePath, ChangeId, ExactName, PlainName, Sha256, Slug
from .marked import Annotated
from .shapes import Form, Most, Whole
from .tenant import AtOnce, Budget, GraphId, Target, TenantAccount

_Mark = Annotated[str, Form(r"[A-Za-z0-9_~!#+=()-]{1,8}", "a mark", 8)]
Trust = Literal["every byte", "the service's hash"]
#: why something may stay behind, when that was signed
LeaveOut = Literal[
    "could-not-be-had",
    "shortcut",
    "name-refused",
    "corrupt",
    "too-large",
    "unmapped-principal",
    "narrower-rights",
    "rights-not-had",
    "right-not-givable",
    "folder-was-there",
    "same-path",
    "room-not-told",
]


@dataclass(frozen=True)
class NameRules:
    """What becomes of a name that the target refuses."""

    characters: Literal["replace", "refuse"]
    replacement: _Mark
    reserved: Literal["suffix", "refuse"]
    suffix: _Mark
    long: Literal["shorten", "refuse"]
    clash: Literal["suffix", "refuse"]


@dataclass(frozen=True)
class Policy:
    """The signed rules of a move; see ``tenant.import_policy``."""

    names: NameRules
    users: Annotated[Mapping[ExactName, Optional[ExactName]], Most(100_000)]
    conflicts: Literal["fail", "keep both", "skip equal"]
    leave_out: Annotated[
        Tuple[Annotated[str, Form(r"[a-z][a-z-]{1,40}", "a reason", 41)], ...], Most(20)
    ]
    permissions: bool
    gone: Literal["stop", "keep", "set aside"]
    aside: PlainName


@dataclass(frozen=True)
class Moving:
    """One exported asset, and where it goes.

    Args:
        change: the change that moves it.
        asset: its id.
        account, budget: of the new tenant.
        workers: files under way at once.
        folder: of this asset's exports on the worker.
        source_id: whose drive or folder it is.
        manifest_sha256, pass_number: the one manifest that was proven.
        target: where it goes.
        policy: as signed.
        trust: how the result is compared.
        progress: a file to write progress to.
    """

    change: ChangeId
    asset: Slug
    account: TenantAccount
    budget: Budget
    workers: AtOnce
    folder: AbsolutePath
    source_id: GraphId
    manifest_sha256: Sha256
    pass_number: Annotated[int, Whole(1, 9999)]
    target: Target
    policy: Policy
    trust: Trust
    progress: Optional[AbsolutePath] = None

    def all_work(self) -> str:
        """The folder on the worker for every import of this asset, whichever change's it is.

        It lies beside the exports and not in one: what lies there is under snapshot.
        """
        return posixpath.join(posixpath.dirname(self.folder), f".moving-{self.asset}")

    def work(self) -> str:
        """The folder on the worker for this change's import of this asset into this place.

        Another change and another place have another one by their name alone, so no import
        ever finds what was kept of another.
        """
        place = f"{self.target.drive_id}\0{self.target.folder}".encode("utf-8", "surrogatepass")
        digest = hashlib.sha256(place).hexdigest()
        return posixpath.join(self.all_work(), f"{self.change}-{digest[:16]}")
