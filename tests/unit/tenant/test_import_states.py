"""Each change and each place has a state of its own, by where it lies; earlier ones are kept."""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from sluis.border.moving import Moving, NameRules, Policy
from sluis.border.tenant import Budget, Target, TenantAccount
from sluis.border.verbs.tenant_reconcile import Earlier
from sluis.errors import EvidenceError, InputError
from sluis.tenant.import_state import ImportState, Row
from sluis.tenant.import_states import earlier_imports, state_of

SECOND, THIRD = Target("d1", "Second"), Target("d1", "Third")


def moving(root: Path, change: str = "MOVE-1", target: Target = SECOND, asset: str = "i") -> Moving:
    return Moving(
        change=change, asset=asset, account=TenantAccount("t", "c"),
        budget=Budget(1, 1.0, str(root / "budget")), workers=1,
        folder=str(root / "exports" / asset), source_id="s", manifest_sha256="a" * 64,
        pass_number=1, target=target,
        policy=Policy(
            NameRules("refuse", "_", "refuse", "_", "refuse", "refuse"), {}, "fail", (), True,
            "stop", "aside",
        ),
        trust="every byte",
    )  # fmt: skip


def imported(path: Path, *steps: str) -> None:
    """Files that were brought over, and a folder, which nobody counts."""
    with ImportState(path) as state:
        state.keep(Row("folder", "a", "a", "made"))
        for number, step in enumerate(steps):
            state.keep(Row(f"{number}", f"a/{number}", f"a/{number}", step, "sha", 1))  # type: ignore[arg-type]


def of_before(root: Path, *, drive: str | None, folder: str | None, steps: tuple[str, ...]) -> Path:
    """A state as earlier versions named it; they did not write down whose it was."""
    path = root / "exports" / ".moving-i" / "state.sqlite"
    path.parent.mkdir(parents=True)
    imported(path, *steps)
    with closing(sqlite3.connect(path)) as database, database:
        for key, value in (("drive", drive), ("folder", folder)):
            if value is not None:
                database.execute("INSERT INTO about VALUES (?, ?)", (key, value))
    return path


@pytest.mark.parametrize(
    "other",
    [
        {"change": "MOVE-2"}, {"target": THIRD}, {"target": Target("d1", "")}, {"asset": "j"},
        {"target": Target("d2", "Second")}, {"target": Target("d1", "second")},
        {"target": Target("d1S", "econd")},
    ],
    ids=["change", "folder", "top", "asset", "drive", "case", "where the drive's id ends"],
)  # fmt: skip
def test_newcomer_another_change_and_another_place_have_a_state_of_their_own(
    tmp_path: Path, other: dict[str, object]
) -> None:
    first = state_of(moving(tmp_path))
    imported(first, "sent")
    second = state_of(moving(tmp_path, **other))  # type: ignore[arg-type]
    with ImportState(second) as state:
        assert (second == first, list(state.rows())) == (False, [])
    assert state_of(moving(tmp_path)) == first
    with ImportState(first) as state:
        assert len(list(state.rows())) == 2, "nothing of the earlier one is lost"


def test_newcomer_what_other_imports_brought_over_is_told(tmp_path: Path) -> None:
    imported(state_of(moving(tmp_path)), "sent", "aside", "sending", "equal")
    imported(state_of(moving(tmp_path, "MOVE-2")), "sent")
    imported(state_of(moving(tmp_path, asset="j")), "sent")
    state_of(moving(tmp_path, "MOVE-3"))  # nothing was brought over
    assert list(earlier_imports(moving(tmp_path, "MOVE-4", THIRD))) == [
        Earlier("MOVE-1", SECOND, files=2, begun=1), Earlier("MOVE-2", SECOND, files=1, begun=0),
    ]  # fmt: skip
    own = {one.change for one in earlier_imports(moving(tmp_path))}
    assert own == {"MOVE-2"}, "one's own is no earlier one"


def test_newcomer_what_is_kept_of_another_import_may_be_in_use_or_broken(tmp_path: Path) -> None:
    path = state_of(moving(tmp_path))
    imported(path, "sent")
    with ImportState(path):
        (told,) = earlier_imports(moving(tmp_path, "MOVE-2"))
    assert told.files == 1
    path.write_bytes(b"not a database at all, " * 100)
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    (told,) = earlier_imports(moving(tmp_path, "MOVE-2"))
    assert told == Earlier(None, None, 0, 0)
    with pytest.raises(EvidenceError, match="cannot be read"):
        state_of(moving(tmp_path))


def test_newcomer_a_state_of_an_earlier_version_is_found(tmp_path: Path) -> None:
    """It is for the first change that asks for the same place, and for no other."""
    old = of_before(tmp_path, drive="d1", folder="Second", steps=("sent",))
    elsewhere = moving(tmp_path, target=THIRD)
    assert state_of(elsewhere) != old
    assert list(earlier_imports(elsewhere)) == [Earlier(None, SECOND, 1, 0)]
    assert state_of(moving(tmp_path)) == old
    assert state_of(moving(tmp_path)) == old
    assert list(earlier_imports(moving(tmp_path))) == []
    late = moving(tmp_path, "MOVE-2")
    assert state_of(late) != old
    assert list(earlier_imports(late)) == [Earlier("MOVE-1", SECOND, 1, 0)]


def test_newcomer_a_state_in_which_nothing_is_yet_is_anybodys(tmp_path: Path) -> None:
    old = of_before(tmp_path, drive=None, folder=None, steps=())
    assert state_of(moving(tmp_path, target=THIRD)) == old
    assert state_of(moving(tmp_path)) != old


def test_newcomer_an_empty_file_that_a_kill_left_is_a_state(tmp_path: Path) -> None:
    old = tmp_path / "exports" / ".moving-i" / "state.sqlite"
    old.parent.mkdir(parents=True)
    old.touch()
    assert state_of(moving(tmp_path)) == old


def test_newcomer_one_of_an_earlier_version_that_cannot_be_read_stops(tmp_path: Path) -> None:
    old = tmp_path / "exports" / ".moving-i" / "state.sqlite"
    old.parent.mkdir(parents=True)
    old.write_bytes(b"not a database at all, " * 100)
    before = hashlib.sha256(old.read_bytes()).digest()
    with pytest.raises(EvidenceError) as refusal:
        state_of(moving(tmp_path))
    assert refusal.value.code == "import-state-unreadable"
    assert str(old) in refusal.value.what
    assert hashlib.sha256(old.read_bytes()).digest() == before


def test_a_state_of_an_earlier_version_that_is_in_use_is_waited_for(tmp_path: Path) -> None:
    old = of_before(tmp_path, drive="d1", folder="Second", steps=("sent",))
    with ImportState(old), pytest.raises(InputError) as refusal:
        state_of(moving(tmp_path))
    assert refusal.value.code == "import-is-running"


def test_a_state_that_somebody_put_in_anothers_place_is_refused(tmp_path: Path) -> None:
    first, second = moving(tmp_path), moving(tmp_path, target=THIRD)
    path = state_of(first)
    Path(second.work()).mkdir(parents=True)
    path.rename(Path(second.work()) / path.name)
    with pytest.raises(EvidenceError) as refusal:
        state_of(second)
    assert refusal.value.code == "state-of-another-import"
    with pytest.raises(EvidenceError) as refusal, ImportState(Path(second.work()) / path.name) as s:
        s.bind("d1", "Second", "MOVE-2")
    assert refusal.value.code == "state-of-another-import"


def test_the_longest_change_has_a_folder(tmp_path: Path) -> None:
    longest = replace(moving(tmp_path), change="M" * 128, asset="a" * 63)
    assert state_of(longest).is_file()
