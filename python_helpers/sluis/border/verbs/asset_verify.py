"""Prove one snapshot by restoring it, on the verifier."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

from ..facts import Facts
from ..formats import AbsolutePath, Count, PlainName, Seconds, Sha256
from ..parts import Asset, Identity, Secrets
from ..proof import Proof, Sealed
from ..store import Store
from ..verb import Verb


@dataclass(frozen=True)
class Request:
    """What to prove.

    Args:
        asset: what the snapshot is of.
        snapshot_id: its full id.
        older_snapshot_id: of an older generation, or ``None``.
        nonce_sha256: hash of the nonce to be found, or ``None``.
        bytes: of the source.
        items: of the source.
        facts: the source's figures, or ``None``.
        maker: which machine and process made it.
        probe: id of the probe on the store, or ``None``.
        store: where it lies.
        manifest_check: hash of the digest of the manifest that the controller has.
        scratch: folder to restore in; ``None``: memory, else a temporary folder.
        sample: how many files to restore instead of all.
        sealed: from an earlier answer of this run.
        inside: the folder in the snapshot that the asset lies in.
        restic: the program.
        patience: seconds that the store may stay away.
        progress: a file to write progress to.
    """

    asset: Asset
    snapshot_id: Sha256
    older_snapshot_id: Optional[Sha256]
    nonce_sha256: Optional[Sha256]
    bytes: Count
    items: Count
    facts: Optional[Facts]
    maker: Identity
    probe: Optional[Sha256]
    store: Store
    manifest_check: Optional[Sha256] = None
    scratch: Optional[AbsolutePath] = None
    sample: Optional[Count] = None
    sealed: Optional[Sealed] = None
    inside: Optional[PlainName] = None
    restic: PlainName = "restic"
    patience: Seconds = 300.0
    progress: Optional[AbsolutePath] = None


ASSET_VERIFY = Verb(
    "asset_verify", Request, Secrets, Proof, most_bytes=700 * 2**20, most_values=1_000_000
)
