"""How the data was before: last time, whoever saw it, and when the client signed for it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from sluis.evidence.canonical import canonical
from sluis.evidence.objects import ObjectStore
from sluis.evidence.predicates import Shown, Signoff, Snapshot
from sluis.manifest import Entry, Manifest, dumps
from sluis.runbook.data_before import states_before
from sluis.runbook.snapshot_history import Earlier
from support.evidence_made import NOW, Made, made, snapshot

ASSET = "files-one"
SIGNED, SHOWN, LAST = "when the client signed", "when it was shown to the client", "last time"


def manifest(count: int) -> Manifest:
    entries = [
        Entry(f"letter-{number}", "file", 7, f"{number:064x}", mtime_ns=1, mode=0o600)
        for number in range(count)
    ]
    return Manifest(entries={one.path: one for one in entries})


def taken(store: ObjectStore, held: int, **more: Any) -> Snapshot:
    fields = {
        "facts_object": store.put(canonical({})),
        "manifest_after_object": store.put(dumps(manifest(held))),
        "items": held,
        "bytes": held * 7,
        **more,
    }
    return snapshot(ASSET, "h1", "192.0.2.1", NOW, snapshot_id=f"of-{held}", **fields)


def signed_over(body: Snapshot) -> Made:
    """A change that was signed when this was the newest copy of its first asset."""
    change = made()
    return replace(
        change,
        bodies=tuple(
            (body, at) if isinstance(one, Snapshot) and one.asset == ASSET else (one, at)
            for one, at in change.bodies
        ),
    )


def seen(
    store: ObjectStore, change: Made, *earlier: Snapshot
) -> dict[str, tuple[int | None, int | None]]:
    known = [Earlier(replace_body(change, one), store) for one in earlier]
    found = states_before(store, change.view(), ASSET, known)
    return {when: (one.items, one.bytes) for when, one in found.items()}


def replace_body(change: Made, body: Snapshot) -> Any:
    return replace(change.view().of(Snapshot)[0], body=body)


def test_what_another_change_saw_since_the_yes_does_not_stand_for_what_was_signed(
    tmp_path: Path,
) -> None:
    store = ObjectStore(tmp_path)
    whole, emptied = taken(store, 100), taken(store, 2)
    assert seen(store, signed_over(whole), emptied, whole) == {LAST: (2, 14), SIGNED: (100, 700)}


def test_one_copy_is_not_said_twice(tmp_path: Path) -> None:
    store = ObjectStore(tmp_path)
    whole = taken(store, 100)
    assert seen(store, signed_over(whole), whole) == {SIGNED: (100, 700)}


def test_before_the_client_reads_anything_only_last_time_counts(tmp_path: Path) -> None:
    store = ObjectStore(tmp_path)
    change = signed_over(taken(store, 100)).without(Signoff).without(Shown)
    assert seen(store, change, taken(store, 90)) == {LAST: (90, 630)}
    assert seen(store, change) == {}


def test_what_comes_back_signed_is_states_before_what_it_was_when_it_was_shown(
    tmp_path: Path,
) -> None:
    """A form is days on its way; the copies that are made meanwhile are not what it speaks of."""
    store = ObjectStore(tmp_path)
    later = taken(store, 90)
    open_yet = signed_over(taken(store, 100)).without(Signoff).and_then(later)
    assert seen(store, open_yet, later) == {SHOWN: (100, 700), LAST: (90, 630)}
    yes = made().view().of(Signoff)[0].body
    assert seen(store, open_yet.and_then(yes), later) == {SIGNED: (100, 700), LAST: (90, 630)}


def test_a_copy_from_after_the_yes_is_not_what_was_signed(tmp_path: Path) -> None:
    store = ObjectStore(tmp_path)
    later = taken(store, 80)
    change = signed_over(taken(store, 100)).and_then(later)
    assert seen(store, change, later) == {LAST: (80, 560), SIGNED: (100, 700)}


def test_a_no_signs_for_nothing(tmp_path: Path) -> None:
    store = ObjectStore(tmp_path)
    change = signed_over(taken(store, 100))
    yes = change.view().of(Signoff)[0].body
    no = yes.model_copy(update={"decision": "no"})
    assert seen(store, change.and_then(no)) == {SHOWN: (100, 700)}


def test_a_broken_state_is_nothing_to_compare_with(tmp_path: Path) -> None:
    store = ObjectStore(tmp_path)
    broken = taken(store, 3, purpose="broken state")
    assert seen(store, signed_over(broken), broken, taken(store, 90)) == {LAST: (90, 630)}


def test_of_an_adopted_backup_counts_what_lay_there_and_not_how_large_it_is(
    tmp_path: Path,
) -> None:
    store = ObjectStore(tmp_path)
    adopted = taken(store, 100, purpose="adopted", items=1, bytes=3)
    assert seen(store, signed_over(adopted)) == {SIGNED: (100, 700)}
    unlisted = taken(store, 100, purpose="adopted", manifest_after_object=None)
    assert seen(store, signed_over(unlisted)) == {SIGNED: (None, None)}
