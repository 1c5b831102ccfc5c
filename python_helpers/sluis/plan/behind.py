"""What of one asset does not go over, by name: the list that the plan names and the client signs.

It says what, and for which of a few reasons; so it changes only when something else stays
behind. Sentences of a service, which differ from day to day, stand in the manifest of the pass.
"""

from __future__ import annotations

import re
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
    "narrower-rights",  # it goes, and whoever can open its folder there may reach it as well
    "unmapped-principal",  # ``path`` is the person or group whose rights are not given
    # ``path`` is the item and whose right on it is not given
    "right-not-givable",
    "folder-was-there",  # and what else lies in it is not ours to open
    "not-seen",  # ``path`` says what could not be looked at, and where
    "fewer-than-counted",  # ``path`` says how little of what the scope counts came (``shortfall``)
]
WHYS: tuple[Why, ...] = get_args(Why)
#: what one line is about; for another reason than was signed the same file still stays behind
_ABOUT: dict[Why, str] = {
    "rights-not-had": "rights", "narrower-rights": "open",
    "unmapped-principal": "person", "not-seen": "place",
    "right-not-givable": "access", "folder-was-there": "access",
    "fewer-than-counted": "count",
}  # fmt: skip
#: steps in percent in which a shortfall is written, so that a day's work does not change the list
_STEP = 5
_SHORTFALL = re.compile(r"(files|bytes): less than ([0-9]{1,3}) % of ([0-9,]{1,30})", re.ASCII)
#: what people throw away while a move is prepared: nobody signs anew for that many
_LITTLE = {"files": 10, "bytes": 1 << 20}


class BehindItem(BaseModel):
    """One thing that does not go over, or is not there.

    ``path`` has nothing in it that a reader would not see.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str
    why: Why

    @property
    def about(self) -> str:
        """Of which kind: an ``item``, its ``rights``, who may ``open`` it, a ``person``, …"""
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

    def falls_short(self, what: str) -> bool:
        """Whether fewer ``files`` or ``bytes`` came than the scope counts."""
        return any(one.about == "count" and one.path.startswith(f"{what}:") for one in self.items)

    def more_than(self, signed: BehindList) -> tuple[BehindItem, ...]:
        """What stays behind here and did not there, as often as it does.

        That fewer of what was counted came is more only from a step on, and from more than a few
        files on: people go on working, and throw things away.
        """
        before = Counter((one.about, one.path) for one in signed.items)
        least = {"files": 100, "bytes": 100}
        for what, percent, _ in filter(None, map(_shortfall_of, signed.items)):
            least[what] = min(least[what], percent)
        found = []
        for one in self.items:
            short = _shortfall_of(one)
            if short is not None:
                what, percent, counted = short
                fewer = counted * (least[what] - percent) // 100
                if percent < least[what] - _STEP and fewer > _LITTLE[what]:
                    found.append(one)
            elif before[one.about, one.path]:
                before[one.about, one.path] -= 1
            else:
                found.append(one)
        return tuple(found)


def shortfall(what: str, came: int, counted: int) -> str | None:
    """How little came of what is counted, roughly, as the ``path`` of an item; ``None`` if enough.

    Args:
        what: ``files`` or ``bytes``.
        came: of them, in the newest pass.
        counted: of them, by the scope.
    """
    if came * 100 >= counted * (100 - _STEP):
        return None
    percent = (came * 100 // counted // _STEP + 1) * _STEP
    return f"{what}: less than {percent} % of {counted:,}"


def _shortfall_of(one: BehindItem) -> tuple[str, int, int] | None:
    found = _SHORTFALL.fullmatch(one.path) if one.about == "count" else None
    return (found[1], int(found[2]), int(found[3].replace(",", "") or 0)) if found else None


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
