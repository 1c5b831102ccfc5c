"""What a reconciliation found: every item of manifest and target, side by side."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from ..evidence import files
from .import_plan import LeftOut
from .import_report import plain_json
from .rights_left import RightLeft

Category = Literal[
    "equal",
    "rewritten by the service",
    "removed at the source",  # ours, and what becomes of it was signed
    "differs",
    "missing",
    "extra",
]
#: On what a line rests. ``not verified``: nothing could be compared; why says so.
Basis = Literal["every byte", "the service's hash", "the listing", "not verified"]
#: ``every byte``: each file is downloaded again. ``the service's hash``: a file whose listed size
#: and quickXorHash are the manifest's counts as equal; any other is downloaded. The service's
#: metadata can be stale, and quickXorHash does not see blocks that changed places.
Trust = Literal["every byte", "the service's hash"]

#: the only categories with which a hand-over goes on
SOUND: frozenset[Category] = frozenset(
    {"equal", "rewritten by the service", "removed at the source"}
)


@dataclass(frozen=True, slots=True)
class Line:
    """One item.

    Args:
        path: original path; for an extra item its path in the target.
        target: path below the target's folder, or where it was expected.
        type: ``file`` or ``folder``; for extra items also ``other``.
        category: what was found.
        basis: on what that rests.
        why: one sentence, for everything but ``equal``.
        notes: what is worth knowing and stops nothing (a date, a stale listing).
    """

    path: str
    target: str
    type: str
    category: Category
    basis: Basis
    why: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RightMissing:
    """A right that was to be given and is not there, or could not be looked at."""

    path: str
    recipient: str
    role: str
    why: str


@dataclass(frozen=True, slots=True)
class RightSurplus:
    """A right of its own on an item of ours that nobody signed for, or that was not looked at."""

    path: str
    principal: str
    role: str
    why: str


@dataclass
class Reconciliation:
    """The result.

    Args:
        drive_id, folder: the target.
        manifest_sha256: of the manifest's file.
        trust: what was trusted.
        lines: one per item.
        left_out: items that stay behind by signed rule; they are in no line.
        rights_missing: rights that were to be given and are not there.
        rights_surplus: rights on items of ours that nobody signed for.
        rights_left: rights that are not given, by signed rule.
        rights_looked_at: on how many items rights were looked at.
        there_before: items in the target from before the import, which are in no line.
        reused: lines taken from an attempt at this same reconciliation that was killed.
    """

    drive_id: str
    folder: str
    manifest_sha256: str
    trust: Trust
    lines: list[Line] = field(default_factory=list)
    left_out: tuple[LeftOut, ...] = ()
    rights_missing: list[RightMissing] = field(default_factory=list)
    rights_surplus: list[RightSurplus] = field(default_factory=list)
    rights_left: list[RightLeft] = field(default_factory=list)
    rights_looked_at: int = 0
    there_before: int = 0
    reused: int = 0

    @property
    def sound(self) -> bool:
        """Whether the hand-over may go on."""
        rights = self.rights_missing or self.rights_surplus
        return not rights and all(line.category in SOUND for line in self.lines)

    def counts(self) -> dict[str, int]:
        """How many lines of each category."""
        return dict(Counter(line.category for line in self.lines))

    def as_data(self) -> dict[str, Any]:
        """The result as plain JSON data: all counts, and each line that is not plainly equal."""
        data: dict[str, Any] = plain_json(
            {
                "sound": self.sound,
                "drive_id": self.drive_id,
                "folder": self.folder,
                "manifest_sha256": self.manifest_sha256,
                "trust": self.trust,
                "items": len(self.lines),
                "counts": self.counts(),
                "files_by_basis": dict(
                    Counter(line.basis for line in self.lines if line.type == "file")
                ),
                "lines": [
                    asdict(line) for line in self.lines if line.category != "equal" or line.notes
                ],
                "left_out": [asdict(one) for one in self.left_out],
                "rights_missing": [asdict(one) for one in self.rights_missing],
                "rights_surplus": [asdict(one) for one in self.rights_surplus],
                "rights_left": [asdict(one) for one in self.rights_left],
                "rights_looked_at": self.rights_looked_at,
                "there_before": self.there_before,
                "reused": self.reused,
            }
        )
        return data


def write_lines(path: Path, lines: Iterable[Line | LeftOut]) -> str:
    """Write every line as compressed JSON lines; the file appears whole or not at all.

    Returns:
        SHA-256 of the file, in hexadecimal. The same lines give the same bytes.
    """
    files.make_folder(path.parent)
    unfinished = files.unfinished_name(path.parent)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o640)
    try:
        with os.fdopen(descriptor, "wb") as file:
            with gzip.GzipFile("", "wb", compresslevel=1, fileobj=file, mtime=0) as packed:
                for line in lines:
                    packed.write(_spelled(asdict(line)))
            file.flush()
            os.fsync(file.fileno())
        with unfinished.open("rb") as written:
            digest = hashlib.file_digest(written, "sha256").hexdigest()
        unfinished.replace(path)
    except BaseException:
        files.remove(unfinished)
        raise
    files.sync_folder(path.parent)
    return digest


def _spelled(data: Mapping[str, Any]) -> bytes:
    return json.dumps(plain_json(data), separators=(",", ":"), sort_keys=True).encode() + b"\n"
