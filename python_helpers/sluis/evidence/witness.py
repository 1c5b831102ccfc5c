"""The witness: a signed note of the ledger's head, kept outside the dossier.

A chain cannot show that its last links were taken off. The witness can: it lies in
``dossiers/<client>/.heads/<change>.json`` and names the newest statement. After a
crash it may be one statement behind; it is never ahead. Whoever removes statements
and puts an older witness back is found only with a head that was mailed to the
client or the ticket (``verify_dossier(expected_head=…)``).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sluis.errors import EvidenceError
from sluis.evidence.anchors import Anchors
from sluis.evidence.canonical import canonical, parse_canonical
from sluis.evidence.chain import Page, Problem, file_name
from sluis.evidence.files import (
    UNFINISHED,
    locked,
    make_folder,
    read_regular,
    remove,
    sync_folder,
    write_unfinished,
)
from sluis.evidence.keys import OperatorKey, verifier
from sluis.evidence.predicates import Sha256
from sluis.evidence.statements import seal, unseal

PAYLOAD_TYPE = "application/vnd.sluis.head+json"
_LARGEST_FILE = 16 * 1024
#: the folder of witnesses, beside the dossiers of one client
HEADS = ".heads"


class Head(BaseModel):
    """What the witness says: which statement was the newest, and when it was recorded."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    client: str
    change: str
    number: int = Field(ge=1)
    head: Sha256
    recorded_at: str


@dataclass(frozen=True)
class Witness:
    """The witness of one dossier.

    Args:
        dossier: the dossier's folder; the witness lies beside it.
        change: the change's id, which names the file.
    """

    dossier: Path
    client: str
    change: str
    anchors: Anchors

    @property
    def folder(self) -> Path:
        """``.heads``, beside the dossiers of one client."""
        return self.dossier.parent / HEADS

    @property
    def path(self) -> Path:
        """The witness's file."""
        return self.folder / f"{self.change}.json"

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Let one writer at a time append; the system frees it when a writer dies."""
        make_folder(self.folder)
        with locked(self.folder / f"{self.change}.lock"):
            yield

    def read(self) -> Head | None:
        """What the witness says, or ``None`` when there is no witness.

        Raises:
            EvidenceError: ``witness-altered`` when it cannot be read, is not signed
                by a trusted operator, or speaks of another dossier.
        """
        if self.folder.is_symlink():
            raise _altered(self.path, "it lies behind a link to another place")
        try:
            data = read_regular(self.path, _LARGEST_FILE)
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise _altered(self.path, str(error)) from error
        try:
            sealed = unseal(data, PAYLOAD_TYPE)
            parse_canonical(sealed.payload)
            head = Head.model_validate_json(sealed.payload, strict=True)
        except (EvidenceError, ValidationError) as error:
            raise _altered(self.path, "it cannot be read") from error
        key = self.anchors.keys.get(sealed.keyid)
        if key is None or key.party != "operator":
            raise _altered(self.path, "it is not signed with a trusted operator's key")
        if not sealed.holds(verifier(key.public_pem)):
            raise _altered(self.path, "its signature is not right")
        at = datetime.fromisoformat(head.recorded_at)
        if key.revoked_at is not None and at >= key.revoked_at:
            raise _altered(self.path, f"the key {key.name} was revoked before it was signed")
        if (head.client, head.change) != (self.client, self.change):
            raise _altered(self.path, "it belongs to another dossier")
        return head

    def prepare(self, head: Head, key: OperatorKey) -> None:
        """Write the new witness beside the old one. Only under :meth:`lock`.

        Everything that can fail for want of space happens here, before the
        statement becomes part of the ledger.
        """
        data = seal(canonical(head.model_dump(mode="json")), PAYLOAD_TYPE, key)
        self.give_up()
        write_unfinished(self._prepared, data, mode=0o640)

    def put_in_place(self) -> None:
        """Let what was prepared take the old witness's place."""
        self._prepared.replace(self.path)
        sync_folder(self.folder)

    def give_up(self) -> None:
        """Remove what was prepared, by us or by a writer that was killed."""
        remove(self._prepared)

    @property
    def _prepared(self) -> Path:
        # one fixed name: only the holder of the lock writes, and a dead one's is in the way
        return self.folder / f"{UNFINISHED}{self.change}"


def judge(head: Head | None, pages: Sequence[Page], path: Path) -> Iterator[Problem]:
    """Hold the witness against the ledger.

    A ledger of one statement may lack its witness: the first writer may have been
    killed just before. With two or more it cannot be missing by accident.
    """
    if head is None:
        if len(pages) > 1:
            yield Problem(
                "witness-missing",
                path.name,
                "The witness of the ledger's head is missing, so statements may have been "
                "taken off its end.",
                "Compare the head with the one mailed to the client, then accept it anew.",
            )
        return
    for page in pages:
        if page.number == head.number and page.sha256 == head.head:
            return
    newest = pages[-1].number if pages else 0
    if newest < head.number:
        yield Problem(
            "tail-removed",
            file_name(head.number),
            f"The ledger ends at statement {newest}, but its witness has seen {head.number}.",
            "Put the removed statements back from a copy of the dossier.",
        )
    else:
        yield Problem(
            "head-differs",
            file_name(head.number),
            f"Statement {head.number} is not the one that the witness has seen.",
            "Put the original statements back from a copy of the dossier; rely on nothing here.",
        )


def _altered(path: Path, why: str) -> EvidenceError:
    return EvidenceError(
        "witness-altered",
        f"The witness {path} of the ledger's head cannot be believed: {why}.",
        "Compare the ledger's head with the one mailed to the client, then accept it anew.",
    )
