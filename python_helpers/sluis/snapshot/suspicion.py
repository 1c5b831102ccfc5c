"""What has changed so much since last time that a person must look (case C5). Pure.

A report, not a refusal: before an update much may have changed for good reasons. It is
shown before the new snapshot is trusted, and it is in the record.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sluis.counted import counted
from sluis.manifest import Manifest

#: shares, 0 to 1
SIZE_DROP = 0.10
ROWS_DROP = 0.10
CHANGED_JUMP = 0.25
RANDOM_JUMP = 0.20
#: below this many files a share says nothing
_FEW = 20


@dataclass(frozen=True)
class Seen:
    """What is known of an asset at one time.

    ``rows`` maps a table to its number of rows; ``random_share`` is 0 to 1. ``bytes`` and ``items``
    are ``None`` when nobody counted them.
    """

    bytes: int | None
    items: int | None
    manifest: Manifest | None = None
    random_share: float | None = None
    empty_files: int = 0
    rows: Mapping[str, int] | None = None


def suspicions(last: Seen | None, now: Seen, when: str = "last time") -> list[str]:
    """Compare with an earlier time.

    Args:
        last: what was known then; ``None``: nothing, and then nothing is said.
        now: what is known now.
        when: that time, in words.

    Returns:
        One line each, ``<code>: <words>``, with the codes ``size-drop``, ``items-drop``,
        ``empty-files-jump``, ``changed-files-jump``, ``randomness-jump``, ``table-missing``,
        ``rows-drop``.
    """
    if last is None:
        return []
    found = [
        *_drop("size-drop", "bytes", last.bytes, now.bytes, when),
        *_drop("items-drop", "items", last.items, now.items, when),
        *_rows(last.rows or {}, now.rows, when),
    ]
    if now.empty_files > last.empty_files and now.empty_files - last.empty_files > max(
        1, (now.items or 0) * 0.01
    ):
        found.append(
            f"empty-files-jump: {counted(now.empty_files, 'file has', 'files have')} no "
            f"bytes, {when} it was {last.empty_files}"
        )
    if last.manifest is not None and now.manifest is not None:
        found += _changed(last.manifest, now.manifest, when)
    if last.random_share is not None and now.random_share is not None:
        jump = now.random_share - last.random_share
        if jump > RANDOM_JUMP:
            found.append(
                f"randomness-jump: {now.random_share:.0%} of the files look like random data, "
                f"{when} {last.random_share:.0%}; encryption by malware looks like that"
            )
    return found


def seen_of(
    facts: Mapping[str, Any], size: int | None, items: int | None, manifest: Manifest | None
) -> Seen:
    """Read what the maker's facts say, for a directory or for a database."""
    randomness = facts.get("randomness") or {}
    share = randomness.get("share")
    looked = int(randomness.get("looked_at") or 0)
    return Seen(
        bytes=size,
        items=items,
        manifest=manifest,
        random_share=float(share) if share is not None and looked >= _FEW else None,
        empty_files=int(facts.get("empty_files") or 0),
        rows=_row_counts(facts),
    )


def _row_counts(facts: Mapping[str, Any]) -> dict[str, int] | None:
    tables = facts.get("tables")
    if isinstance(tables, Mapping):
        pairs = [(str(name), value) for name, value in tables.items()]
    elif isinstance(tables, list):
        pairs = [(str(t.get("name")), t) for t in tables if isinstance(t, Mapping)]
    else:
        return None
    rows = {}
    for name, value in pairs:
        count = value.get("rows") if isinstance(value, Mapping) else value
        if count is not None and str(count).lstrip("-").isdigit():
            rows[name] = int(count)
    return rows


def _drop(code: str, what: str, last: int | None, now: int | None, when: str) -> list[str]:
    if last is None or now is None:
        return []
    if last > 0 and (last - now) / last > SIZE_DROP:
        return [f"{code}: {now:,} {what}, {when} it was {last:,}"]
    return []


def _rows(last: Mapping[str, int], now: Mapping[str, int] | None, when: str) -> list[str]:
    if now is None:
        return []
    found = []
    for table, count in sorted(last.items()):
        if table not in now:
            found.append(f"table-missing: {table}, which had {counted(count, 'row')} {when}")
        elif count > 0 and (count - now[table]) / count > ROWS_DROP:
            found.append(f"rows-drop: {table} has {counted(now[table], 'row')}, {when} {count:,}")
    return found


def _changed(last: Manifest, now: Manifest, when: str) -> list[str]:
    files = [entry for entry in last.entries.values() if entry.type == "file"]
    if len(files) < _FEW:
        return []
    gone = sum(1 for entry in files if entry.path not in now.entries)
    changed = sum(
        1
        for entry in files
        if entry.path in now.entries and now.entries[entry.path].content != entry.content
    )
    if (gone + changed) / len(files) > CHANGED_JUMP:
        said = f"of {len(files):,} files {changed:,} have other content and {gone:,} are gone"
        return [f"changed-files-jump: {said} since {when}"]
    return []
