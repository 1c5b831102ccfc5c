"""Two sets of figures of one database, held against each other."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Dict, List, Optional, Tuple

from ..counted import counted

_NOTHING: Dict[str, Any] = {}
#: What a copy beside the live MariaDB database does without until it is swapped in.
_CODE = ("view ", "trigger ", "procedure ", "function ", "package ", "event ")


@dataclass
class Comparison:
    """``differences`` are losses; ``notes`` explain; ``unknown`` could not be compared."""

    differences: List[str] = field(default_factory=list)
    notes: List[str] = field(default_factory=list)
    unknown: List[str] = field(default_factory=list)


def compare_figures(
    source: Dict[str, Any], restored: Dict[str, Any], *, with_nonce: bool = True
) -> Comparison:
    """What the restored copy lacks or has otherwise than the source had.

    Args:
        source: what `read_figures` gave inside the snapshot, plus ``sequences_after``,
            the sequences once the dump was complete.
        restored: what `read_figures` gives for the restored copy.
        with_nonce: False leaves out the nonce's table and schema.
    """
    result = Comparison()
    if not with_nonce:
        source, restored = _without_nonce(source), _without_nonce(restored)
    if source["probe"] != restored["probe"]:
        result.unknown.append(
            "the verifier's server computes row hashes differently from the source's server"
        )
        return result
    _tables(source["tables"], restored["tables"], result)
    _recomputed(source["recomputed"], restored["recomputed"], result)
    _sequences(source, restored["sequences"], result)
    large, found = source.get("large_objects"), restored.get("large_objects")
    if large != found:
        result.differences.append(
            f"large objects: {_large(large)} at the source, {_large(found)} restored"
        )
    objects = source["objects"]
    if restored.get("code_pending"):
        objects = {name: one for name, one in objects.items() if not name.startswith(_CODE)}
        result.notes.append("views, routines, triggers and events come with the swap")
    _objects(objects, restored["objects"], result)
    for name, version in source["extensions"].items():
        other = restored["extensions"].get(name)
        if other is not None and other != version:
            result.notes.append(
                f"extension {name} is version {other} on the verifier and {version} at the source"
            )
    for name in source["foreign_tables"]:
        result.notes.append(f"foreign table {name}: its rows live on another server, not in here")
    if source.get("two_instants"):
        # Nobody was held up while dump and figures began: what differs may have changed.
        result.unknown += [f"{one} (dump and figures began apart)" for one in result.differences]
        result.differences = []
    for name in source.get("unlocked", []):
        result.unknown.append(f"table {name} has no transactions and was not locked meanwhile")
    for what in source.get("unseen", []):
        result.unknown.append(f"the user of the source could not see its {what}")
    return result


def _without_nonce(figures: Dict[str, Any]) -> Dict[str, Any]:
    lists = {
        kind: {name: one for name, one in figures[kind].items() if "sluis_nonce" not in name}
        for kind in ("tables", "objects", "sequences")
    }
    return {**figures, **lists, "sequences_after": figures.get("sequences_after", {})}


def _tables(source: Dict[str, Any], restored: Dict[str, Any], result: Comparison) -> None:
    # What only the copy has is named with the schema objects.
    for name, wanted in sorted(source.items()):
        found = restored.get(name)
        if found is None:
            result.differences.append(f"table {name} is missing ({_rows(wanted)})")
        elif found["rows"] != wanted["rows"]:
            result.differences.append(
                f"table {name} has {_rows(found)}, the source had {int(wanted['rows']):,}"
            )
        elif found["checksum"] != wanted["checksum"]:
            result.differences.append(
                f"table {name} has other content in its {_rows(wanted)} than the source had"
            )


def _rows(table: Dict[str, Any]) -> str:
    return counted(int(table["rows"]), "row")


def _recomputed(source: Dict[str, Any], restored: Dict[str, Any], result: Comparison) -> None:
    # A dump holds a materialized view's query and not its rows: a restore computes them
    # again, so a view that was out of date at the source comes back up to date.
    for name, wanted in sorted(source.items()):
        found = restored.get(name)
        if found is None:
            result.differences.append(f"materialized view {name} is missing or empty")
        elif found != wanted:
            result.notes.append(
                f"materialized view {name} was recomputed by the restore and now holds "
                f"{_rows(found)}; at the source it was out of date with "
                f"{int(wanted['rows']):,}"
            )


def _sequences(source: Dict[str, Any], restored: Dict[str, Any], result: Comparison) -> None:
    after = source.get("sequences_after") or source["sequences"]
    for name, first in sorted(source["sequences"].items()):
        found, last = restored.get(name), after.get(name, first)
        if found is None:
            result.differences.append(f"sequence {name} is missing")
        elif not _between(first, found, last):
            if _turned(first, last):
                result.unknown.append(f"sequence {name} started over while the dump was made")
                continue
            wanted = first["last"]
            if last["last"] != first["last"]:
                wanted += f" to {last['last']}"
            result.differences.append(
                f"sequence {name} stands at {found['last']}, at the source it stood at {wanted}"
            )


def _between(first: Dict[str, Any], found: Dict[str, Any], last: Dict[str, Any]) -> bool:
    return found in (first, last) or _place(first) <= _place(found) <= _place(last)


def _turned(first: Dict[str, Any], last: Dict[str, Any]) -> bool:
    return _place(last) < _place(first)


def _place(one: Dict[str, Any]) -> Tuple[int, bool]:
    """Where a sequence stands, so that later is larger; the first value counts when called."""
    value = int(one["last"])
    return (value if int(one["step"]) > 0 else -value, bool(one["called"]))


def _objects(source: Dict[str, str], restored: Dict[str, str], result: Comparison) -> None:
    said = tuple(result.differences)
    for name in sorted(set(source) - set(restored)):
        if not any(line.startswith(f"{name} is missing") for line in said):
            result.differences.append(f"{name} is missing")
    for name in sorted(set(restored) - set(source)):
        result.differences.append(f"{name} is not in the source")
    for name in sorted(set(source) & set(restored)):
        if source[name] != restored[name]:
            result.differences.append(f"{name} is defined otherwise than at the source")


def _large(one: Optional[Dict[str, Any]]) -> str:
    one = one or _NOTHING
    return f"{one.get('count')} with {one.get('bytes')} bytes, checksum {one.get('checksum')}"
