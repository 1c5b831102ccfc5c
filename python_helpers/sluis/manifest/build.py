"""Walk a folder and hash every file in it, several at a time."""

from __future__ import annotations

import os
import time
from typing import Dict, List, Optional, Sequence, Tuple

from .entry import Entry, Manifest, state_of
from .reading import Crew, OnHead, Progress, Reader
from .signature import Signature, is_settled, signature_of
from .walk import Seen, Walk, text_of

_BATCH = 64


def build_manifest(
    root: str,
    exclude: Sequence[str] = (),
    since: Optional[Manifest] = None,
    threads: Optional[int] = None,
    on_progress: Optional[Progress] = None,
    on_head: Optional[OnHead] = None,
) -> Manifest:
    """Read every item under ``root``. Symbolic links are recorded, never followed.

    Args:
        root: an existing folder.
        exclude: patterns, see ``sluis.manifest.exclude``.
        since: an earlier manifest of this folder made by this process. A file whose
            size, mtime, ctime and inode are the same as then keeps its digest; when
            that is so for all, it is returned itself.
        threads: how many files are read at once; the number of processors, at most 4.
        on_progress: called now and then from any thread.
        on_head: called from any thread with each file that is read, so that nobody has
            to open fifty thousand files once more to see of what kind they are.

    Returns:
        The manifest. What could not be read is in ``problems``, not raised: the
        caller decides, and an entry without a digest never compares equal.

    Raises:
        SnapshotError: ``source-missing``, ``source-not-a-folder`` or ``source-unreadable``.
        InputError: ``bad-exclude``.
    """
    walk = Walk(root, exclude)
    if since is not None and _untouched(walk, since):
        return since
    walk = Walk(root, exclude)
    started = time.time_ns()
    reader = Reader(walk.root, since, on_progress, on_head)
    with Crew(reader, threads or min(4, os.cpu_count() or 1)) as crew:
        batch: List[Seen] = []
        for seen in walk:
            batch.append(seen)
            if len(batch) == _BATCH:
                crew.take(batch)
                batch = []
        crew.take(batch)
    entries = _in_order(reader.entries)
    problems = tuple(sorted(walk.problems + reader.problems))
    return Manifest(
        entries, problems, tuple(exclude), walk.left_out, reader.signatures, started_ns=started
    )


def observe_state(root: str, exclude: Sequence[str] = (), ignore: Tuple[str, ...] = ()) -> str:
    """``Manifest.state`` without reading a byte of any file: sizes and times only."""
    found: Dict[str, Signature] = {}
    for seen in Walk(root, exclude):
        found[text_of(seen.path)] = signature_of(seen.status)
    return state_of(found, ignore)


def _untouched(walk: Walk, since: Manifest) -> bool:
    """Whether no item came, went or changed: by far the most usual answer, and quickly told."""
    if since.problems:
        return False
    known = since.signatures
    suspects: List[Seen] = []
    count = 0
    for seen in walk:
        if known.get(text_of(seen.path)) != signature_of(seen.status):
            return False
        if seen.size and not is_settled(seen.status, since.started_ns):
            suspects.append(seen)
        count += 1
    if count != len(known) or walk.problems or walk.left_out != since.left_out:
        return False
    again = Reader(walk.root, None, None, None)
    again.read(suspects)
    return all(since.entries[path].content == e.content for path, e in again.entries.items())


def _in_order(entries: Dict[str, Entry]) -> Dict[str, Entry]:
    """By path, and the first of several hard links is the one that sorts first."""
    paths = sorted(entries, key=lambda path: path.encode("utf-8", "surrogateescape"))
    groups = {e.twin_of for e in entries.values() if e.twin_of is not None}
    if not groups:
        return {path: entries[path] for path in paths}
    first: Dict[str, str] = {}
    out: Dict[str, Entry] = {}
    for path in paths:
        entry = entries[path]
        group = entry.twin_of or (path if path in groups else None)
        if group is not None:
            leader = first.setdefault(group, path)
            entry = entry._replace(twin_of=None if leader == path else leader)
        out[path] = entry
    return out
