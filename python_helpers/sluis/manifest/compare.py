"""Hold the restored copy against the source before and after the snapshot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

from .entry import KEPT, Entry, Manifest, shown

_LISTS = ("changed_during", "failed", "missing", "extra", "unknown", "metadata")


class Difference(NamedTuple):
    """One item that is not as it was. ``None`` means "not there"."""

    path: str
    before: Optional[Entry]
    after: Optional[Entry]
    restored: Optional[Entry]

    def as_dict(self) -> Dict[str, Any]:
        """The difference as plain JSON data, with a printable path."""
        return {
            "path": shown(self.path),
            "before": _brief(self.before),
            "after": _brief(self.after),
            "restored": _brief(self.restored),
        }


@dataclass(frozen=True)
class Comparison:
    """What came of comparing. Each path with data is in exactly one of the lists.

    Args:
        equal: paths that are the same before, after and restored.
        changed_during: changed while the snapshot was made; restored as before or as after.
        failed: restored, but as neither.
        missing: in the source throughout, not restored.
        extra: restored, never in the source.
        unknown: could not be read in the source, so nothing can be said.
        metadata: paths in ``equal`` whose mode or time differs.
        bytes: sum of sizes of all equal and changed files that were restored.
    """

    equal: Tuple[str, ...]
    changed_during: Tuple[Difference, ...]
    failed: Tuple[Difference, ...]
    missing: Tuple[Difference, ...]
    extra: Tuple[Difference, ...]
    unknown: Tuple[Difference, ...]
    metadata: Tuple[Difference, ...]
    bytes: int

    @property
    def holds(self) -> bool:
        """Whether the restored copy equals the source at the time of the snapshot."""
        return not (self.failed or self.missing or self.extra or self.unknown)

    @property
    def items(self) -> int:
        """How many items were compared and found right."""
        return len(self.equal) + len(self.changed_during)

    def as_dict(self) -> Dict[str, Any]:
        """Everything but the equal paths, as plain JSON data."""
        return {
            "equal": len(self.equal),
            "bytes": self.bytes,
            **{name: [found.as_dict() for found in getattr(self, name)] for name in _LISTS},
        }


def compare(before: Manifest, after: Optional[Manifest], restored: Manifest) -> Comparison:
    """Compare a restored copy with its source.

    Restored = before = after: equal. Restored = one of them: changed during the
    snapshot. Neither: failed. Sockets hold no data and are not expected back.

    Args:
        before: the source just before the snapshot began.
        after: the source just after it ended; ``None``: known not to have changed.
        restored: the copy.
    """
    later = before if after is None else after
    if restored is before and later is before and _is_plain(before):
        return Comparison(tuple(before.entries), (), (), (), (), (), (), before.bytes)
    unread = {problem.path for problem in before.problems + later.problems}
    equal: List[str] = []
    lists: Dict[str, List[Difference]] = {name: [] for name in _LISTS}
    size = 0
    for path in _paths(before, later, restored):
        difference = Difference(
            path,
            _kept(before.entries.get(path)),
            _kept(later.entries.get(path)),
            _kept(restored.entries.get(path)),
        )
        verdict = _verdict(difference, path in unread)
        if verdict is None:
            continue
        if verdict == "equal":
            equal.append(path)
            if _metadata_differs(difference):
                lists["metadata"].append(difference)
        else:
            lists[verdict].append(difference)
        if verdict in ("equal", "changed_during") and difference.restored is not None:
            size += difference.restored.size
    for problem in restored.problems:
        lists["failed"].append(Difference(problem.path, None, None, None))
    return Comparison(
        equal=tuple(equal), bytes=size, **{name: tuple(found) for name, found in lists.items()}
    )


def _is_plain(manifest: Manifest) -> bool:
    """Whether everything in it was read and is expected back."""
    return not manifest.problems and all(
        entry.type in KEPT and not _blank(entry) for entry in manifest.entries.values()
    )


def _paths(before: Manifest, after: Manifest, restored: Manifest) -> Tuple[str, ...]:
    known = dict.fromkeys(before.entries)
    known.update(dict.fromkeys(after.entries))
    known.update(dict.fromkeys(restored.entries))
    known.update(dict.fromkeys(problem.path for problem in before.problems + after.problems))
    return tuple(known)


def _kept(entry: Optional[Entry]) -> Optional[Entry]:
    return entry if entry is not None and entry.type in KEPT else None


def _verdict(difference: Difference, unread: bool) -> Optional[str]:
    before, after, restored = difference.before, difference.after, difference.restored
    if before is None and after is None and restored is None and not unread:
        return None
    if unread or _blank(before) or _blank(after):
        return "unknown"
    if _same(before, after):
        if _same(before, restored):
            return "equal"
        if restored is None:
            return "missing"
        return "extra" if before is None else "failed"
    if _same(restored, before) or _same(restored, after):
        return "changed_during"
    return "missing" if restored is None else "failed"


def _same(one: Optional[Entry], other: Optional[Entry]) -> bool:
    if one is None or other is None:
        return one is other
    return one.content == other.content


def _blank(entry: Optional[Entry]) -> bool:
    return entry is not None and entry.type == "file" and entry.sha256 is None


def _metadata_differs(difference: Difference) -> bool:
    source, copy = difference.after, difference.restored
    if source is None or copy is None:
        return False
    # The mode of a link means nothing on Linux.
    mode_differs = source.mode != copy.mode and source.type != "link"
    return mode_differs or source.mtime_ns != copy.mtime_ns


def _brief(entry: Optional[Entry]) -> Optional[Dict[str, Any]]:
    if entry is None:
        return None
    out: Dict[str, Any] = {
        "type": entry.type,
        "size": entry.size,
        "sha256": entry.sha256,
        # as text: nanoseconds pass 2**53, which canonical JSON refuses
        "mtime_ns": str(entry.mtime_ns),
        "mode": f"{entry.mode:04o}",
    }
    if entry.target is not None:
        out["target"] = shown(entry.target)
    return out
