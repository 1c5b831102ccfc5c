"""What the proof of a restored database dump consists of, whichever server it is for."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import shutil
import tempfile
import time
from dataclasses import dataclass, field
from typing import Any, Dict, List, Optional, Tuple

from ..counted import counted, plural
from ..errors import SnapshotError
from .children import Account, reachable
from .database_compare import compare_figures
from .regular import is_regular
from .scratch import Room, too_small


@dataclass
class Proof:
    """What was proven, part by part."""

    parts: List[Dict[str, Any]] = field(default_factory=list)
    figures: Dict[str, Any] = field(default_factory=dict)
    differences: List[str] = field(default_factory=list)
    nonce: Optional[str] = None

    def add(self, part: str, verdict: str, detail: str, since: float, ran: List[str]) -> None:
        """Record one part; ``since`` is the monotonic time at which it began."""
        seconds = round(time.monotonic() - since, 3)
        self.parts.append(
            {"part": part, "verdict": verdict, "detail": detail, "seconds": seconds, "ran": ran}
        )

    def compare(self, facts: Dict[str, Any], since: float, *, adopted: bool = False) -> None:
        """Hold the restored copy's figures against the source's: the part ``equal``.

        A backup that others made (``adopted``) is older than the nonce in the source, so
        that is no difference.
        """
        ran = ["rows, content, sequences and schema objects compared with the source's"]
        if not facts:
            detail = "nobody read the source's figures when this dump was made"
            self.add("equal", "not verified", detail, since, [])
            return
        comparison = compare_figures(facts, self.figures, with_nonce=not adopted)
        self.differences = comparison.differences
        rows = sum(int(table["rows"]) for table in self.figures["tables"].values())
        tables = f"{counted(len(self.figures['tables']), 'table')} with {counted(rows, 'row')}"
        said = "".join(f"; {note}" for note in [*comparison.unknown, *comparison.notes])
        if comparison.differences:
            count = counted(len(comparison.differences), "difference")
            listed = "; ".join(comparison.differences[:3])
            self.add("equal", "failed", f"{count}: {listed}{said}", since, ran)
        elif comparison.unknown:
            self.add("equal", "not verified", f"{tables}{said}", since, ran)
        else:
            self.add(
                "equal",
                "proven",
                f"{tables} {plural(len(self.figures['tables']), 'is', 'are')} equal to the "
                f"source's{said}",
                since,
                ran,
            )

    def answer(self, nonce: Optional[str], began: float) -> Dict[str, Any]:
        """What ``check`` returns; ``nonce`` is the SHA-256 of the one to be found."""
        found = False
        if nonce is not None and self.nonce is not None:
            digest = hashlib.sha256(self.nonce.encode("utf-8", "surrogatepass")).hexdigest()
            found = hmac.compare_digest(digest, nonce)
        return {
            "verdict": self.verdict,
            "ran": [line for part in self.parts for line in part["ran"]],
            "seconds": round(time.monotonic() - began, 3),
            "detail": self.detail,
            "figures": self.figures,
            "differences": self.differences,
            "nonce_found": found,
            "parts": self.parts,
        }

    @property
    def verdict(self) -> str:
        """Failed if any part failed; proven only if all three parts are."""
        verdicts = [part["verdict"] for part in self.parts]
        if "failed" in verdicts:
            return "failed"
        return "proven" if verdicts == ["proven"] * 3 else "not verified"

    @property
    def detail(self) -> str:
        """All parts in one line."""
        return "; ".join(f"{part['part']}: {part['detail']}" for part in self.parts)


def wanted_file(restored: str, facts: Dict[str, Any], name: str) -> Tuple[Optional[str], str]:
    """The file ``name`` below the restored folder with the size it was made with, or why not."""
    paths = [os.path.join(at, name) for at, _, names in os.walk(restored) if name in names]
    if len(paths) != 1:
        return None, f"{len(paths) or 'no'} file {name} came back"
    if not is_regular(paths[0]):
        return None, f"{name} came back as something else than a file"
    size, made = os.path.getsize(paths[0]), facts.get("files", {}).get(name)
    if facts and size != made:
        return None, f"{name} came back with {counted(size, 'byte')}, it was made with {made}"
    return paths[0], ""


def without_data(said: str) -> str:
    """What a server's tool said, without the client's own data that it may have quoted.

    Error texts quote rows: ``Duplicate entry 'A. Client'``, ``CONTEXT: COPY patient, line 3:
    "A. Client"``. They end up in statements, where no such thing may be.
    """
    lines = said.splitlines()
    if "--------------" in lines:  # the MariaDB client repeats the whole statement
        lines = [line for line in lines if line.startswith("ERROR ")]
    kept = []
    for line in lines:
        if re.match(r"\s*(?:DETAIL|CONTEXT|Command was|QUERY|STATEMENT|HINT)\b", line):
            continue
        kept.append(_without_quoted(line))
    return "\n".join(kept).strip()[-800:]


def _without_quoted(line: str) -> str:
    """A line without what stands from its first quote to its last, where data may stand."""
    # With ``find``: an expression tries each quote with each other one, and a line may be long.
    first, last = line.find(': "') + 2, line.rfind('"')
    if first > 1 and last > first and not re.search(r"\w", line[last:]):
        line = f'{line[:first]}"…"{line[last + 1 :]}'
    begun, last = re.search(r"(?:entry|value|near|string):? (?=')", line), line.rfind("'")
    if begun and last > begun.end():
        line = f"{line[: begun.end()]}'…'{line[last + 1 :]}"
    return line


def scratch_place(scratch: str, account: Optional[Account], facts: Dict[str, Any]) -> str:
    """A folder that the server's user can enter, with room for the database."""
    needed = int(facts["database"]["bytes"] * 1.2) if facts else 0
    for folder in (scratch, tempfile.gettempdir()):
        if not _can_enter(folder, account):
            continue
        free = shutil.disk_usage(folder).free
        if free < needed:
            raise too_small("the database", Room(folder, free, needed))
        return folder
    raise SnapshotError(
        "scratch-unreachable",
        f"The user {account.name if account else 'we run as'} cannot work below {scratch}.",
        "Choose a scratch folder whose parents everybody may pass through, such as /var/tmp.",
    )


def _can_enter(folder: str, account: Optional[Account]) -> bool:
    probe = tempfile.mkdtemp(prefix=".sluis-", dir=folder)
    try:
        if account is not None:
            os.chown(probe, account.uid, account.gid)
        return reachable(probe, account)
    finally:
        os.rmdir(probe)
