"""One file in the target beside its line of the manifest.

What the service says about a file may be stale, so it is never a reason to call a file
different: whatever does not agree is downloaded and looked at. SharePoint rewrites Office
files, PDF and HTML while they are uploaded (rclone#9767); these are equal when what they say
is equal.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from ..errors import SluisError
from ..graph.connect import Graph
from ..graph.download import Downloaded, download
from ..graph.errors import GraphError
from ..graph.links import segment
from .import_decisions import same_time
from .ooxml import canonical_ooxml_of, is_ooxml_name
from .other_hashes import has_to_be_read_for, other_hashes_of
from .reconciliation import Basis, Category, Trust
from .refused_alone import raise_unless_alone
from .same_document import PROMOTED
from .stored_names import ExportFolder
from .target_tree import Node
from .tenant_manifest import ManifestLine


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
    url: str | None = None,
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
        url: where a listing says that its content is; a secret.

    Raises:
        GraphError: the service is away, or lets us in no more.
    """
    notes = _notes(node, line)
    if is_equal_by_hash(node, line, trust):
        return Verdict("equal", "the service's hash", notes=notes)
    try:
        return await _by_bytes(graph, drive_id, node, line, export, scratch, notes, url)
    except SluisError as error:
        if isinstance(error, GraphError):
            await raise_unless_alone(graph, f"/drives/{segment(drive_id)}", error)
        why = f"It could not be compared: {error.what}"
        return Verdict("differs", "not verified", why, notes)
    except OSError as error:
        why = f"It could not be compared: {error.strerror or type(error).__name__}."
        return Verdict("differs", "not verified", why, notes)
    finally:
        scratch.unlink(missing_ok=True)


def is_equal_by_hash(node: Node, line: ManifestLine, trust: Trust) -> bool:
    """Whether nothing has to be fetched: the service's hash was signed to stand for the bytes."""
    listed_equal = node.size == line.size and node.is_known_as(line)
    return trust == "the service's hash" and listed_equal


async def _by_bytes(
    graph: Graph,
    drive_id: str,
    node: Node,
    line: ManifestLine,
    export: ExportFolder,
    scratch: Path,
    notes: tuple[str, ...],
    url: str | None,
) -> Verdict:
    had = await download(graph, drive_id, node.id, scratch, size=node.size, url=url)
    if node.size != had.size or not await asyncio.to_thread(_is_listed, node, had, scratch):
        notes += (_stale(node, had.size),)
    if had.sha256 == line.sha256:
        return Verdict("equal", "every byte", notes=notes)
    suffix = PurePosixPath(node.name.lower()).suffix
    if is_ooxml_name(node.name) or suffix in PROMOTED:
        verdict = await asyncio.to_thread(_by_saying, scratch, suffix, line, export, notes)
        if verdict.category != "differs":
            return verdict
    else:
        why = f"Its bytes differ ({had.size} in the target, {line.size} exported)."
        verdict = Verdict("differs", "every byte", why, notes)
    # before it is called different, the bytes are asked for once more
    again = await download(graph, drive_id, node.id, scratch, size=node.size)
    if again.sha256 == line.sha256:
        return Verdict("equal", "every byte", notes=(*notes, "A first download gave other bytes."))
    if again.sha256 != had.sha256:
        why = "Two downloads gave different bytes, and neither is what was exported."
        return Verdict("differs", "every byte", why, notes)
    return verdict


def _by_saying(
    came: Path, suffix: str, line: ManifestLine, export: ExportFolder, notes: tuple[str, ...]
) -> Verdict:
    """Whether a file that the service may have rewritten says what the exported one says."""
    if line.stored is None:
        why = "The bytes differ, and there is no exported file to compare with."
        return Verdict("differs", "not verified", why, notes)
    with os.fdopen(export.open_file(line.stored), "rb") as wanted, came.open("rb") as found:
        if hashlib.file_digest(wanted, "sha256").hexdigest() != line.sha256:
            why = "The bytes differ, and the exported file is not the manifest's any more."
            return Verdict("differs", "not verified", why, notes)
        wanted.seek(0)
        if suffix in PROMOTED:
            same, why = _promoted(suffix, wanted, found)
        else:
            same, why = _office(wanted, found)
    category: Category = "rewritten by the service" if same else "differs"
    return Verdict(category, "every byte", why, notes)


def _office(wanted: BinaryIO, found: BinaryIO) -> tuple[bool, str]:
    before, after = canonical_ooxml_of(wanted), canonical_ooxml_of(found)
    for which, one in (("exported", before), ("target's", after)):
        if one.sha256 is None:
            return False, (
                f"The bytes differ, and the {which} file cannot be compared: {one.why_not}."
            )
    if before.sha256 != after.sha256:
        return False, "It is an Office file, and the document itself differs."
    left = ", ".join(after.left_out[:8]) or "nothing"
    return True, f"The document says the same; not compared in it: {left}."


def _promoted(suffix: str, wanted: BinaryIO, found: BinaryIO) -> tuple[bool, str]:
    if PROMOTED[suffix](wanted, found):
        return True, "Only what SharePoint adds to such files was added."
    return False, "The bytes differ by more than what SharePoint adds to such files."


def _notes(node: Node, line: ManifestLine) -> tuple[str, ...]:
    notes = []
    name = node.name
    if line.modified and not same_time(node.modified, line.modified):
        notes.append(f"Its date in the target is {node.modified}, and was {line.modified}.")
    if not name:
        notes.append("The target gave it no name.")
    return tuple(notes)


def _is_listed(node: Node, had: Downloaded, came: Path) -> bool:
    """Whether a hash is listed, and each that is listed is that of what came."""
    if node.quickxor not in (None, had.quickxor) or (node.quickxor is None and not node.others):
        return False
    others = {f"sha256:{had.sha256}"}
    if has_to_be_read_for(node.others):
        with came.open("rb") as file:
            others |= other_hashes_of(file)
    return others.issuperset(node.others)


def _stale(node: Node, size: int) -> str:
    if node.quickxor is None and not node.others:
        return "The target lists no hash for it."
    what = "size" if node.size != size else "hash"
    return f"The target's listing is stale: its {what} is not that of the bytes it delivers."
