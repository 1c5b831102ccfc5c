"""What of one asset does not go over, by name: the list that the plan names and the client signs.

It says what, and for which of a few reasons; so it changes only when something else stays
behind. Sentences of a service, which differ from day to day, stand in the manifest of the pass.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict, ValidationError

from sluis.errors import EvidenceError
from sluis.evidence.canonical import canonical, sha256
from sluis.scope.as_it_came import spelled

Why = Literal[
    "could-not-be-had",  # it could not be fetched
    "corrupt",  # what came is not the file that was listed
    "too-large",
    "shortcut",
    "name-refused",
    "same-path",
    "rights-not-had",  # it goes, and is as open as its folder
    "unmapped-principal",  # ``path`` is the person or group whose rights are not given
    # ``path`` is the item and whose right on it is not given
    "right-not-givable",
    "folder-was-there",  # and what else lies in it is not ours to open
    "not-seen",  # ``path`` says what could not be looked at, and where
]
WHYS: tuple[Why, ...] = get_args(Why)
#: what one line is about; for another reason than was signed the same file still stays behind
_ABOUT: dict[Why, str] = {
    "rights-not-had": "rights", "unmapped-principal": "person", "not-seen": "place",
    "right-not-givable": "access", "folder-was-there": "access",
}  # fmt: skip


class BehindItem(BaseModel):
    """One thing that does not go over. ``path`` has nothing in it that a reader would not see."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str
    why: Why

    @property
    def about(self) -> str:
        """What it is about: an ``item``, its ``rights``, ``access``, a ``person``, a ``place``."""
        return _ABOUT.get(self.why, "item")


class BehindList(BaseModel):
    """Everything of one asset that does not go over, sorted; empty when all of it does."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1] = 1
    asset: str
    items: tuple[BehindItem, ...] = ()

    def to_bytes(self) -> bytes:
        """The list as canonical JSON (RFC 8785), the bytes whose digest the plan names."""
        return canonical(self.model_dump(mode="json"))

    def digest(self) -> str:
        """The SHA-256 of :meth:`to_bytes`."""
        return sha256(self.to_bytes())

    @classmethod
    def from_bytes(cls, data: bytes) -> BehindList:
        """Read a list back.

        Raises:
            EvidenceError: ``behind-unreadable``.
        """
        try:
            return cls.model_validate_json(data)
        except (ValidationError, RecursionError):
            raise EvidenceError(
                "behind-unreadable",
                "The list of what does not go over cannot be read.",
                "Put the object back from a copy of the dossier, or run prepare again.",
            ) from None

    def more_than(self, signed: BehindList) -> tuple[BehindItem, ...]:
        """What stays behind here and did not there, as often as it does."""
        before = Counter((one.about, one.path) for one in signed.items)
        found = []
        for one in self.items:
            if before[one.about, one.path]:
                before[one.about, one.path] -= 1
            else:
                found.append(one)
        return tuple(found)


def behind_list(asset: str, found: Iterable[tuple[str, Why]]) -> BehindList:
    """The list of one asset.

    Args:
        asset: its id.
        found: path and reason of each; paths are as somebody else wrote them.
    """
    items = sorted((WHYS.index(why), spelled(path), why) for path, why in found)
    return BehindList(
        asset=asset, items=tuple(BehindItem(path=path, why=why) for _, path, why in items)
    )
