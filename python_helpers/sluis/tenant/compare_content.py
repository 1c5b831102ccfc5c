"""One file in the target beside its line of the manifest.

What the service says about a file may be stale, so it is never a reason to call a file
different: whatever does not agree is downloaded and looked at. SharePoint rewrites Office
files while they are uploaded (rclone#9767); these are equal when what they say is equal.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from ..errors import SluisError
from ..graph.connect import Graph
from ..graph.download import download
from .import_decisions import same_time
from .ooxml import Canonical, canonical_ooxml, canonical_ooxml_of, is_ooxml_name
from .reconciliation import Basis, Category, Trust
from .stored_names import ExportFolder
from .target_tree import Node
from .tenant_manifest import ManifestLine

#: what SharePoint also rewrites and we cannot compare (rclone#9767, abraunegg#2471)
_REWRITTEN_TOO = (".pdf", ".html", ".htm", ".heic")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found about one file: see ``reconciliation.Line``."""

    category: Category
    basis: Basis
    why: str = ""
    notes: tuple[str, ...] = ()


async def compare_content(
    graph: Graph,
    drive_id: str,
    node: Node,
    line: ManifestLine,
    export: ExportFolder,
    scratch: Path,
    trust: Trust,
) -> Verdict:
    """Compare one file.

    Args:
        graph: the connection to the target.
        drive_id: the target drive.
        node: the file as the target lists it.
        line: what it should be.
        export: the export root, for Office files that were rewritten.
        scratch: a path to download to; nothing is left there.
        trust: whether the service's hash may stand for the bytes.
    """
    notes = _notes(node, line)
    listed_equal = (node.size, node.quickxor) == (line.size, line.quickxor)
    if trust == "the service's hash" and listed_equal and node.quickxor:
        return Verdict("equal", "the service's hash", notes=notes)
    try:
        return await _by_bytes(graph, drive_id, node, line, export, scratch, notes)
    except SluisError as error:
        why = f"It could not be compared: {error.what}"
        return Verdict("differs", "not verified", why, notes)
    except OSError as error:
        why = f"It could not be compared: {error.strerror or type(error).__name__}."
        return Verdict("differs", "not verified", why, notes)
    finally:
        scratch.unlink(missing_ok=True)


async def _by_bytes(
    graph: Graph,
    drive_id: str,
    node: Node,
    line: ManifestLine,
    export: ExportFolder,
    scratch: Path,
    notes: tuple[str, ...],
) -> Verdict:
    had = await download(graph, drive_id, node.id, scratch, size=node.size)
    if (node.size, node.quickxor) != (had.size, had.quickxor):
        notes += (_stale(node, had.size, had.quickxor),)
    if had.sha256 == line.sha256:
        return Verdict("equal", "every byte", notes=notes)
    if is_ooxml_name(node.name):
        verdict = await asyncio.to_thread(_by_saying, scratch, line, export, notes)
        if verdict.category != "differs":
            return verdict
    else:
        verdict = Verdict("differs", "every byte", _why_differs(node, line, had.size), notes)
    # before it is called different, the bytes are asked for once more
    again = await download(graph, drive_id, node.id, scratch, size=node.size)
    if again.sha256 == line.sha256:
        return Verdict("equal", "every byte", notes=(*notes, "A first download gave other bytes."))
    if again.sha256 != had.sha256:
        why = "Two downloads gave different bytes, and neither is what was exported."
        return Verdict("differs", "every byte", why, notes)
    return verdict


def _by_saying(
    came: Path, line: ManifestLine, export: ExportFolder, notes: tuple[str, ...]
) -> Verdict:
    """Whether an Office file says what the exported one says."""
    wanted, why = _exported(line, export)
    if wanted is None:
        return Verdict("differs", "not verified", why, notes)
    found = canonical_ooxml(came)
    for which, one in (("exported", wanted), ("target's", found)):
        if one.sha256 is None:
            why = f"The bytes differ, and the {which} file cannot be compared: {one.why_not}."
            return Verdict("differs", "every byte", why, notes)
    if wanted.sha256 != found.sha256:
        why = "It is an Office file, and the document itself differs."
        return Verdict("differs", "every byte", why, notes)
    left = ", ".join(found.left_out[:8]) or "nothing"
    why = f"The document says the same; not compared in it: {left}."
    return Verdict("rewritten by the service", "every byte", why, notes)


def _exported(line: ManifestLine, export: ExportFolder) -> tuple[Canonical | None, str]:
    """What the exported file says, when it still is the one of the manifest."""
    if line.stored is None:
        return None, "The bytes differ, and there is no exported file to compare with."
    descriptor = export.open_file(line.stored)
    with os.fdopen(descriptor, "rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != line.sha256:
            return None, "The bytes differ, and the exported file is not the manifest's any more."
        file.seek(0)
        return canonical_ooxml_of(file), ""


def _notes(node: Node, line: ManifestLine) -> tuple[str, ...]:
    notes = []
    name = node.name
    if line.modified and not same_time(node.modified, line.modified):
        notes.append(f"Its date in the target is {node.modified}, and was {line.modified}.")
    if not name:
        notes.append("The target gave it no name.")
    return tuple(notes)


def _stale(node: Node, size: int, quickxor: str) -> str:
    if node.quickxor is None:
        return "The target lists no hash for it."
    what = "size" if node.size != size else "hash"
    return f"The target's listing is stale: its {what} is not that of the bytes it delivers."


def _why_differs(node: Node, line: ManifestLine, size: int) -> str:
    why = f"Its bytes differ ({size} in the target, {line.size} exported)."
    if node.name.lower().endswith(_REWRITTEN_TOO):
        why += " SharePoint rewrites files of this kind; whether it says the same is not known."
    return why
