"""Earlier versions of files, by policy: none, a list of them, or their bytes as well.

A version entry has id, time, author and size, and neither a hash nor a download URL
(msgraph-sdk-dotnet#1321, microsoft-graph-docs#16053), so only our own SHA-256 can be kept
of it. The current version's bytes are not had this way: the service refuses it by design
(onedrive-api-docs#1112).
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Iterator
from typing import Any, Literal

from ..counted import counted
from ..graph.connect import Graph
from ..graph.download import Downloaded, download_version
from ..graph.errors import GraphError
from ..graph.rewritten import is_rewritten_name
from .classify import Delivered, Listed, has_hash
from .file_forms import look_into
from .listed_items import figures_of, name_of, who
from .many_at_once import many_at_once
from .other_hashes import has_to_be_read_for, hashes_in, other_hashes
from .refused_alone import raise_unless_alone
from .source import Source
from .state import DriveState
from .stored_names import VERSIONS, ExportFolder, safe_name

#: ``none``: not asked for; ``list``: what there is; ``all``: with their bytes
VersionPolicy = Literal["none", "list", "all"]
KIND = "versions"

_WANTED = """
SELECT i.item_id, i.etag, i.name FROM items i
LEFT JOIN details d ON d.item_id = i.item_id AND d.kind = 'versions'
WHERE i.gone_in_pass IS NULL AND i.type = 'file' AND (d.item_id IS NULL OR d.etag IS NOT i.etag
    OR (d.why IS NOT NULL AND d.in_pass < ?))
  AND i.item_id > ? ORDER BY i.item_id LIMIT ?
"""
_BATCH = 500


async def fetch_versions(
    graph: Graph,
    source: Source,
    state: DriveState,
    folder: ExportFolder,
    policy: VersionPolicy,
    *,
    workers: int = 8,
) -> tuple[int, int]:
    """Fetch what the policy asks for, of every file whose versions are not known yet.

    Args:
        source: a drive.
        state: with a finished listing.
        folder: the export root.
        policy: how much.
        workers: calls under way at once.

    Returns:
        how many earlier versions there are in the answers, and how many bytes were fetched.

    Raises:
        GraphError: the service answers no other call either; ``cannot-write``.
    """
    if policy == "none":
        return 0, 0
    current = state.current_pass()
    number = current.number if current else 0
    had = size = 0
    otherwise: list[str] = []

    async def ask(row: tuple[str, str | None, str]) -> None:
        nonlocal had, size
        item, etag, name = row
        why: str | None = None
        known = _known(state, item)
        found: list[dict[str, Any]] = []
        try:
            place = source.item_place(item, "versions")
            entries: list[dict[str, Any]] = []
            async for page in graph.pages(place):
                entries.extend(page.items)
            for entry in earlier_than_current(entries):
                line = _line(entry)
                if policy == "all":
                    before = known.get(line["id"], {})
                    if "sha256" in before and "why" not in before:
                        line = before
                    else:
                        listed = Listed(*figures_of(entry))
                        line = await _fetch(graph, source, folder, item, name, line, listed)
                        size += line.get("size", 0) if "sha256" in line else 0
                if "note" in line:
                    otherwise.append(f"{name_of(state, item)}, version {line['id']}")
                found.append(line)
        except GraphError as error:
            if error.code == "cannot-write":
                raise
            await raise_unless_alone(graph, source.drive_place(), error)
            why = error.what
            state.could_not(number, "earlier versions of a file", name_of(state, item), why)
        for line in found:
            if "why" in line:
                subject = f"{name_of(state, item)}, version {line['id']}"
                state.could_not(number, "an earlier version", subject, line["why"])
                # such a file is asked about again in the next pass
                why = why or f"Version {line['id']}: {line['why']}"
        had += len(found)
        state.db.execute(
            "INSERT OR REPLACE INTO details VALUES (?, ?, ?, ?, ?, ?)",
            (item, KIND, json.dumps(found), why, etag, number),
        )

    await many_at_once(_wanted(state, number), ask, workers)
    if otherwise:
        why = (
            f"{len(otherwise)} came whole and in another length than listed, {min(otherwise)} among"
            " them. The service may have written into them; nothing tells whose documents they are."
        )
        state.could_not(number, "earlier versions of another length", source.name, why)
    return had, size


def _wanted(state: DriveState, number: int) -> Iterator[tuple[str, str | None, str]]:
    """Files whose versions are to be asked for, a few at a time: there may be a million."""
    last = ""
    while rows := state.db.execute(_WANTED, (number, last, _BATCH)).fetchall():
        yield from rows
        last = rows[-1][0]


async def _fetch(
    graph: Graph,
    source: Source,
    folder: ExportFolder,
    item: str,
    name: str,
    line: dict[str, Any],
    listed: Listed,
) -> dict[str, Any]:
    """The bytes of one version; with ``why`` when they could not be had, or not as listed.

    With ``note`` when only their form speaks for them.
    """
    owner = hashlib.sha256(item.encode()).hexdigest()[:24]
    stored = f"{VERSIONS}/{owner}/{safe_name(line['id'])}"
    try:
        with folder.place(stored) as target:
            got = await download_version(
                graph, source.drive_id, item, line["id"], target, size=int(line["size"])
            )
    except GraphError as error:
        if error.code == "cannot-write":
            raise
        await raise_unless_alone(graph, source.drive_place(), error)
        return {**line, "why": error.what}
    had = {**line, "stored": stored, "size": got.size, "sha256": got.sha256,
           "quickxor": got.quickxor}  # fmt: skip
    if got.size != line["size"]:
        said = f"{counted(line['size'], 'byte was', 'bytes were')} listed and {got.size:,} came."
        # the service writes into Office files and some others while it delivers them
        whole = is_rewritten_name(name) and look_into(folder, stored, name).kind == "whole"
        had["note" if whole else "why"] = said
    elif listed.quickxor is not None and not await asyncio.to_thread(
        _agrees, listed, got, folder, stored
    ):
        had["why"] = "A hash that is listed of it is not that of what came."
    return had


def _agrees(listed: Listed, got: Downloaded, folder: ExportFolder, stored: str) -> bool:
    """Whether each hash that is listed is that of what came; most services list none."""
    others: frozenset[str] = frozenset()
    if has_to_be_read_for(hashes_in(listed.quickxor)):
        others = other_hashes(folder, stored)
    return has_hash(listed, Delivered(got.size, got.quickxor, got.sha256, others))


def earlier_than_current(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The entries of a list of versions without the current one, whose bytes are the file's.

    The list need not begin with it: it has the highest number, or else the newest date.
    """
    if not entries:
        return []
    numbers = [_number(entry) for entry in entries]
    dates = [str(entry.get("lastModifiedDateTime") or "") for entry in entries]
    keys = numbers if all(numbers) and len(set(numbers)) == len(numbers) else dates
    # of equals the first, as the service usually lists them
    current = max(range(len(entries)), key=lambda at: (keys[at], -at))
    return entries[:current] + entries[current + 1 :]


def _number(entry: dict[str, Any]) -> tuple[int, ...]:
    """A version's number, such as 512.0; empty when its id is none."""
    parts = str(entry.get("id") or "").split(".")
    return tuple(int(part) for part in parts) if all(p.isdecimal() for p in parts) else ()


def _line(entry: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": str(entry.get("id", "")),
        "modified": entry.get("lastModifiedDateTime"),
        "modified_by": who(entry.get("lastModifiedBy")),
        "size": figures_of(entry)[0],
    }


def _known(state: DriveState, item: str) -> dict[str, dict[str, Any]]:
    """Versions that were asked for: one that is had never changes, so it is fetched once."""
    row = state.db.execute(
        "SELECT data FROM details WHERE item_id = ? AND kind = ?", (item, KIND)
    ).fetchone()
    return {line["id"]: line for line in json.loads(row[0])} if row else {}
