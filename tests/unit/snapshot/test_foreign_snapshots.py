"""When a failed ``check`` is only about objects that are not restic's, and when it is not."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import pytest

from sluis.errors import SnapshotError
from sluis.snapshot.access import Access, StoredFile
from sluis.snapshot.foreign_snapshots import demand_only_foreign
from sluis.snapshot.restic import Answer
from sluis.snapshot.store import Store

OURS, JUNK = hashlib.sha256(b"ours").hexdigest(), "a" * 64
SAID = f"""could not load snapshot aaaaaaaa: load <snapshot/{JUNK[:10]}>: invalid data returned
error: load <snapshot/{JUNK[:10]}>: invalid data returned
Fatal: repository contains errors
"""
CAPITALS = """Load(<snapshot/ffffffffff>, 0, 0) returned error, retrying after 7.6s: \
<snapshot/ffffffffff> does not exist
could not load snapshot ffffffff: <snapshot/ffffffffff> does not exist
error: <snapshot/ffffffffff> does not exist
Fatal: repository contains errors
"""


class Shelf(Access):
    """A store with our snapshot and another object."""

    def __init__(self, **files: bytes) -> None:
        super().__init__(Store("s", "local", "m", "x", "NL", "p", path="/nowhere"))
        self._files = {OURS: b"ours", JUNK: b"junk", **files}

    def _list(self, kind: str) -> list[str]:
        return list(self._files)

    def _read_each(self, kind: str, names: Sequence[str], largest: int) -> list[StoredFile]:
        return [StoredFile(name, self._files[name], None) for name in names]


def check(errors: str, access: Access | None = None) -> Access:
    shelf = access or Shelf()
    demand_only_foreign(Answer("restic check", 1, [], "", errors, 1.0), shelf, [OURS])
    return shelf


@pytest.mark.parametrize("said", [SAID, CAPITALS, SAID + CAPITALS])
def test_L21_objects_that_are_not_restics_stop_nobody(said: str) -> None:
    check(said)


def test_L21_they_are_named() -> None:
    assert f"snapshots/{JUNK}" in check(SAID).foreign()


@pytest.mark.parametrize(
    "said",
    [
        "",
        "Fatal: repository contains errors",
        SAID + "error for tree 1234abcd: tree 5678: not found in index",
        SAID + "pack 12: not referenced in any index",
        SAID + "Pack ID does not match, want 12, got 13",
        SAID.replace(JUNK[:10], OURS[:10]),
        CAPITALS.replace("ffffffffff", OURS[:10]),
        SAID.replace("invalid data returned", "timeout"),
        "error: load <index/aaaaaaaaaa>: invalid data returned",
    ],
)
def test_L21_anything_else_that_check_met_fails(said: str) -> None:
    with pytest.raises(SnapshotError):
        check(said)


def test_L21_a_snapshot_of_restics_that_cannot_be_loaded_fails() -> None:
    real = hashlib.sha256(b"somebody's").hexdigest()
    shelf = Shelf(**{real: b"somebody's"})
    with pytest.raises(SnapshotError):
        check(SAID.replace(JUNK[:10], real[:10]), shelf)
