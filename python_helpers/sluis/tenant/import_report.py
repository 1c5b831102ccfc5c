"""What an import did, for the ledger and for people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from .import_decisions import Conflict
from .import_plan import LeftOut
from .name_plan import Renamed
from .quota_check import QuotaAnswer
from .rights_left import RightLeft
from .user_map import Unmapped

#: ``done``: everything that was to go is there · ``refused``: nothing was written ·
#: ``stopped``: it stopped half way and can go on · ``incomplete``: some items failed
Outcome = Literal["done", "refused", "stopped", "incomplete"]


@dataclass(frozen=True)
class Failure:
    """One thing that did not work.

    Args:
        path: original path of the item; "" when it is about the whole import.
        code: as errors have it.
        what: one sentence.
        remedy: one sentence.
    """

    path: str
    code: str
    what: str
    remedy: str


@dataclass(frozen=True)
class RightsGiven:
    """What became of an item's rights.

    Args:
        path: original path.
        given: how many rights were given.
        not_given: for each right that was not: principal, role, why.
    """

    path: str
    given: int
    not_given: tuple[Mapping[str, str], ...]


@dataclass
class ImportReport:
    """What an import did.

    Args:
        outcome: see ``Outcome``.
        drive_id, folder: the target.
        manifest_sha256: of the manifest's file.
        policy: the signed policy, as plain data.
        reasons: why it was refused or stopped, or what failed.
        counts: ``folders made``, ``folders used``, ``sent``, ``replaced``, ``moved``,
            ``taken over`` (sent by a run that was killed), ``equal`` (was there), ``done
            before``, ``set aside``, ``rights given``, ``folder dates``; ``sent unwatched``: of
            which a killed run had sent a part.
        bytes_sent: bytes of files sent in this run.
        renamed: items whose own name changed.
        left_out: items that stay behind by signed rule.
        unmapped: principals that the user map does not name.
        conflicts: what is in the way.
        notes: what a person should know about our items in the target.
        gone: paths of items of ours whose source is not in the manifest any more.
        may_be_narrower: items that others may see now who could not at the source.
        rights_not_had: items of which nobody knows who could reach them at the source.
        rights_left: rights that cannot be given and that somebody has to sign for.
        not_given: rights that were not given, of whatever kind.
        not_carried: how many items have what Graph cannot carry over.
        quota: what the target said about room.
    """

    outcome: Outcome
    drive_id: str
    folder: str
    manifest_sha256: str
    policy: Mapping[str, Any]
    reasons: list[Failure] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    bytes_sent: int = 0
    renamed: tuple[Renamed, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    unmapped: tuple[Unmapped, ...] = ()
    conflicts: list[Conflict] = field(default_factory=list)
    notes: list[Conflict] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    may_be_narrower: tuple[str, ...] = ()
    rights_not_had: tuple[str, ...] = ()
    rights_left: tuple[RightLeft, ...] = ()
    not_given: list[RightsGiven] = field(default_factory=list)
    not_carried: Mapping[str, int] = field(default_factory=dict)
    quota: QuotaAnswer | None = None

    def count(self, what: str, more: int = 1) -> None:
        """One more of something."""
        self.counts[what] = self.counts.get(what, 0) + more

    def fail(self, failure: Failure) -> None:
        """Something did not work."""
        self.reasons.append(failure)

    def as_data(self) -> dict[str, Any]:
        """The report as plain JSON data. It holds no secret."""
        data: dict[str, Any] = plain_json(asdict(self))
        return data


@dataclass(frozen=True)
class Progress:
    """How far the sending is: files and bytes done of those to be sent, and the last path."""

    files: int
    of_files: int
    bytes: int
    of_bytes: int
    path: str


def plain_json(value: Any) -> Any:
    """Tuples as lists, and text that no JSON can hold (names that are not UTF-8) made visible."""
    if isinstance(value, dict):
        return {plain_json(key): plain_json(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain_json(one) for one in value]
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    return value
