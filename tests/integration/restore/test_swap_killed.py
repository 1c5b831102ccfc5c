"""A swap that is killed at any line loses nothing, and the next run finishes it (case A7)."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from sluis.border.verbs import asset_swap
from sluis.errors import SnapshotError
from sluis.snapshot import restore_place, restore_rename, restore_swap
from sluis.snapshot.restore_in_use import InUse
from sluis.snapshot.restore_place import find_live, open_beside, open_folder
from sluis.snapshot.restore_swap import swap_in, would_swap

_TRACED = ("restore_swap.py", "restore_moves.py", "restore_rename.py")
CHANGE = "CHG-7"
RESTORE = "CHG-7-0a1b2c3d"
#: the same snapshot under the next plan that is signed
OTHER = f"{RESTORE}-5f1c0c5e"


class Case:
    """One kind of swap: what lies where before it, and what must lie where after it."""

    def __init__(
        self,
        name: str,
        *,
        exchange: bool = True,
        mounted: bool = False,
        live: dict[str, str] | None = None,
        companions: tuple[str, ...] = (),
        single: bool = False,
    ) -> None:
        self.name = name
        self.exchange = exchange
        self.mounted = mounted
        self.live = live
        self.companions = companions
        self.single = single

    def __repr__(self) -> str:
        return self.name


CASES = [
    Case("exchange", live={"letter": "broken", "sub/deep": "broken too"}),
    Case("two renames", exchange=False, live={"letter": "broken"}),
    Case("live gone"),
    Case("mount point", mounted=True, live={"letter": "broken", "old only": "kept"}),
    Case("file with companions", single=True, companions=("-wal", "-shm"), live={"": "broken"}),
    Case("file alone", single=True, companions=("-wal",), live={"": "broken"}),
]


def build(case: Case, top: Path) -> Path:
    """Live data and a compared copy beside it, as a restore leaves them."""
    home = top / "srv"
    home.mkdir(parents=True)
    live = home / "data set"
    if case.single:
        live.write_text("broken")
        if case.name == "file with companions":
            for suffix in case.companions:
                live.with_name(live.name + suffix).write_text(f"broken{suffix}")
    elif case.live is not None:
        for name, text in case.live.items():
            (live / name).parent.mkdir(parents=True, exist_ok=True)
            (live / name).write_text(text)
    lay_copy(case, live)
    return live


def lay_copy(case: Case, live: Path, restore: str = RESTORE) -> None:
    """A compared copy beside live data."""
    with with_beside(case, live, restore, create=True) as (_, beside, _home):
        beside.write(state="restoring")
        data = Path(beside.path, "data")
        if case.single:
            data.write_text("good")
        else:
            data.mkdir()
            (data / "letter").write_text("good")
            (data / "new").write_text("good too")
        beside.write(state="compared", snapshot_id="0a1b2c3d")


class with_beside:  # noqa: N801 - reads as what it is
    def __init__(
        self, case: Case, live: Path, restore: str = RESTORE, *, create: bool = False
    ) -> None:
        self.case, self.path, self.create, self.restore = case, live, create, restore

    def __enter__(self) -> tuple[Any, Any, int]:
        from contextlib import ExitStack

        self.stack = ExitStack()
        if self.case.mounted:
            mounts = {str(self.path)}
            patch = pytest.MonkeyPatch()
            patch.setattr(restore_place, "mount_points", lambda: mounts)
            self.stack.callback(patch.undo)
        live = find_live(str(self.path))
        home = self.stack.enter_context(open_folder(live.home))
        beside = self.stack.enter_context(open_beside(live, home, self.restore, create=self.create))
        assert beside is not None
        return live, beside, home

    def __exit__(self, *error: object) -> None:
        self.stack.close()


def swap(case: Case, live: Path, restore: str = RESTORE) -> asset_swap.Answer:
    patch = pytest.MonkeyPatch()
    # Looking through /proc a thousand times is slow; test_restore_in_use.py looks once.
    patch.setattr(restore_swap, "in_use", lambda paths: InUse((), 0))
    if not case.exchange:
        patch.setattr(restore_rename, "_system_call", lambda: None)
    try:
        with with_beside(case, live, restore) as (place, beside, home):
            return swap_in(place, beside, home, change=CHANGE, companions=case.companions)
    finally:
        patch.undo()


def in_child(work: Callable[[], Any], kill_at: int | None = None) -> int:
    """Run ``work`` in a child; kill it with SIGKILL at the given traced line.

    Returns:
        0 when it ended, otherwise the signal that ended it.
    """
    child = os.fork()
    if child == 0:
        try:
            if kill_at is not None:
                sys.settrace(_tracer(kill_at))
            work()
            os._exit(0)
        except BaseException:
            import traceback

            traceback.print_exc()
            os._exit(1)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return os.WTERMSIG(status)
    assert os.WEXITSTATUS(status) == 0, "the child failed; see its traceback"
    return 0


def _tracer(kill_at: int) -> Callable[..., Any]:
    count = 0

    def line(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal count
        if event == "line":
            count += 1
            if count == kill_at:
                os.kill(os.getpid(), signal.SIGKILL)
        return line

    def call(frame: FrameType, event: str, argument: Any) -> Any:
        code = frame.f_code  # besides the swap: the one place that writes the record
        traced = code.co_filename.endswith(_TRACED) or code.co_name == "write"
        return line if traced else None

    return call


def texts(top: Path) -> list[str]:
    return sorted(
        path.read_text()
        for path in top.rglob("*")
        if path.is_file() and not path.name.startswith(("restore.json", ".sluis-try-"))
    )


def check_after(case: Case, live: Path) -> None:
    home = live if case.mounted else live.parent
    quarantined = [path for path in home.iterdir() if ".sluis-quarantine-" in path.name]
    if case.single:
        assert live.read_text() == "good"
        assert {path.name: path.read_text() for path in quarantined} == (
            {
                "data set.sluis-quarantine-CHG-7-1": "broken",
                **(
                    {
                        f"data set.sluis-quarantine-CHG-7-1{suffix}": f"broken{suffix}"
                        for suffix in case.companions
                    }
                    if case.name == "file with companions"
                    else {}
                ),
            }
        )
        return
    found = {
        str(path.relative_to(live)): path.read_text()
        for path in live.rglob("*")
        if path.is_file() and ".sluis-" not in str(path.relative_to(live))
    }
    assert found == {"letter": "good", "new": "good too"}
    if case.live is None:
        assert quarantined == []
        return
    assert len(quarantined) == 1
    assert {
        str(path.relative_to(quarantined[0])): path.read_text()
        for path in quarantined[0].rglob("*")
        if path.is_file()
    } == case.live


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=repr)
def test_case_A7_killed_at_every_line_nothing_is_lost(case: Case, tmp_path: Path) -> None:
    line = 0
    while True:
        line += 1
        top = tmp_path / str(line)
        live = build(case, top)
        before = texts(top)
        ended = in_child(lambda live=live: swap(case, live), kill_at=line)
        assert texts(top) == before, f"data lost at line {line}"
        if case.name == "exchange":
            # At every instant the live name holds the whole old or the whole new data.
            assert sorted(path.name for path in live.iterdir()) in (
                ["letter", "sub"],
                ["letter", "new"],
            )
        answer = swap(case, live)
        check_after(case, live)
        assert texts(top) == before
        assert answer.changed == (not _was_finished(ended, answer))
        assert swap(case, live).changed is False
        if ended == 0:
            break
    assert line > 100, "the trace saw too few lines; is it looking at the right files?"


@pytest.mark.parametrize(
    "case",
    [CASES[0], *(pytest.param(case, marks=pytest.mark.slow) for case in CASES[1:])],
    ids=repr,
)
def test_N48_after_a_killed_swap_the_next_plan_puts_all_of_it_back(
    case: Case, tmp_path: Path
) -> None:
    """It has its own copy, and what the first one left half done is kept with what was live."""
    line, ended = 1, 1
    while ended:
        top = tmp_path / str(line)
        live = build(case, top)
        ended = in_child(lambda live=live: swap(case, live), kill_at=line)
        lay_copy(case, live, OTHER)
        before = texts(top)
        assert swap(case, live, OTHER).changed is True
        assert texts(top) == before, f"data lost at line {line}"
        if case.single:
            assert live.read_text() == "good"
        else:
            ours = {path for path in live.iterdir() if path.name.startswith(".sluis-")}
            found = {path.name for path in set(live.iterdir()) - ours}
            assert found == {"letter", "new"}
            assert (live / "letter").read_text() == "good"
        line += 17
    assert line > 100, "the trace saw too few lines; is it looking at the right files?"


def _was_finished(ended: int, answer: dict[str, Any]) -> bool:
    # Killed in its very last lines the swap is already recorded as done.
    return ended == 0 or not answer.changed


@pytest.mark.parametrize("case", CASES, ids=repr)
def test_check_mode_says_what_would_happen_and_changes_nothing(case: Case, tmp_path: Path) -> None:
    live = build(case, tmp_path)
    before = sorted(str(path) for path in tmp_path.rglob("*"))
    with with_beside(case, live) as (place, beside, _):
        assert would_swap(place, beside, case.companions).changed is True
    assert sorted(str(path) for path in tmp_path.rglob("*")) == before
    answer = swap(case, live)
    with with_beside(case, live) as (place, beside, _):
        again = would_swap(place, beside, case.companions)
    assert again.changed is False
    assert again.quarantine == answer.quarantine


@pytest.mark.slow
def test_case_A7_a_file_made_between_two_renames_is_kept(tmp_path: Path) -> None:
    """Killed while the live name is free, an application makes a new folder there."""
    case = CASES[1]
    line, met = 0, 0
    while True:
        line += 1
        live = build(case, tmp_path / str(line))
        ended = in_child(lambda live=live: swap(case, live), kill_at=line)
        if ended == 0:
            break
        if live.exists():
            continue
        met += 1
        live.mkdir()
        (live / "letter").write_text("written meanwhile")
        answer = swap(case, live)
        assert (live / "letter").read_text() == "good"
        assert [Path(path, "letter").read_text() for path in answer.quarantine] == [
            "broken",
            "written meanwhile",
        ]
    assert met > 0


def test_a_second_restore_gets_a_quarantine_of_its_own(tmp_path: Path) -> None:
    case = CASES[0]
    live = build(case, tmp_path)
    taken = live.with_name("data set.sluis-quarantine-CHG-7-1")
    taken.mkdir()
    answer = swap(case, live)
    assert answer.quarantine == (str(live.with_name("data set.sluis-quarantine-CHG-7-2")),)
    assert list(taken.iterdir()) == []


@pytest.mark.parametrize("taken", ["", "-wal", "-shm"])
@pytest.mark.parametrize("live", ["there", "gone"])
def test_T27_a_taken_quarantine_name_of_any_part_is_left_alone(
    tmp_path: Path, taken: str, live: str
) -> None:
    """A file and its companions go aside together, under a number that none of them has."""
    case = CASES[4]
    path = build(case, tmp_path)
    if live == "gone":
        path.unlink()
    for number in (1, 2):
        other = path.with_name(f"data set.sluis-quarantine-CHG-7-{number}{taken}")
        other.write_text("somebody else's")
    answer = swap(case, path)
    parts = [part for part in ("", "-wal", "-shm") if part or live == "there"]
    assert sorted(answer.quarantine) == sorted(
        str(path.with_name(f"data set.sluis-quarantine-CHG-7-3{part}")) for part in parts
    )
    for part in parts:
        kept = path.with_name(f"data set.sluis-quarantine-CHG-7-3{part}")
        assert kept.read_text() == f"broken{part}"
    for number in (1, 2):
        other = path.with_name(f"data set.sluis-quarantine-CHG-7-{number}{taken}")
        assert other.read_text() == "somebody else's"
    assert path.read_text() == "good"
    assert not path.with_name("data set-wal").exists()


def test_T27_companions_of_a_long_name_have_room_for_theirs(tmp_path: Path) -> None:
    """SQLite's own limit: the name and ``-journal`` in 255 bytes."""
    case = Case("long", single=True, companions=("-wal", "-shm", "-journal"), live={"": "broken"})
    live = build(case, tmp_path)
    path = live.with_name("x" * 247)
    live.rename(path)
    for suffix in ("-wal", "-journal"):
        path.with_name(path.name + suffix).write_text(f"broken{suffix}")
    with with_beside(case, path, create=True) as (_, beside, _home):
        beside.write(state="restoring")
        Path(beside.path, "data").write_text("good")
        beside.write(state="compared", snapshot_id="0a1b2c3d")
    answer = swap(case, path)
    kept = [Path(one) for one in answer.quarantine]
    assert [one.read_text() for one in kept] == ["broken", "broken-wal", "broken-journal"]
    assert {one.name.removeprefix(kept[0].name) for one in kept} == {"", "-wal", "-journal"}
    assert path.read_text() == "good"


@pytest.mark.slow
def test_T27_what_came_while_a_swap_was_cut_off_gets_a_free_name(tmp_path: Path) -> None:
    case = CASES[1]
    line = met = 0
    while True:
        line += 1
        live = build(case, tmp_path / str(line))
        if in_child(lambda live=live: swap(case, live), kill_at=line) == 0:
            break
        if live.exists():
            continue
        met += 1
        live.mkdir()
        (live / "letter").write_text("written meanwhile")
        other = live.with_name("data set.sluis-quarantine-CHG-7-2")
        other.mkdir()
        answer = swap(case, live)
        assert list(other.iterdir()) == []
        assert [Path(path, "letter").read_text() for path in answer.quarantine] == [
            "broken",
            "written meanwhile",
        ]
        assert (live / "letter").read_text() == "good"
    assert met > 0


def test_only_a_compared_copy_is_swapped_in(tmp_path: Path) -> None:
    case = CASES[0]
    live = build(case, tmp_path)
    with with_beside(case, live) as (_, beside, _home):
        beside.write(state="different")
    before = texts(tmp_path)
    with pytest.raises(SnapshotError, match="restore-not-compared"):
        swap(case, live)
    assert texts(tmp_path) == before


def test_two_at_once_one_waits_outside(tmp_path: Path) -> None:
    case = CASES[0]
    live = build(case, tmp_path)
    with with_beside(case, live), pytest.raises(SnapshotError, match="restore-running"):
        swap(case, live)


def test_a_copy_that_takes_part_in_a_swap_is_never_cleared(tmp_path: Path) -> None:
    case = CASES[0]
    live = build(case, tmp_path)
    for state in ("swapping", "swapped"):
        with with_beside(case, live) as (_, beside, _home):
            beside.write(state=state)
            with pytest.raises(SnapshotError, match="restore-copy-in-use"):
                beside.clear()
    Path(beside.path, "restore.json").unlink()
    with (
        with_beside(case, live) as (_, beside, _home),
        pytest.raises(SnapshotError, match="restore-foreign-folder"),
    ):
        beside.clear()
    assert Path(beside.path, "data", "letter").read_text() == "good"


def test_a_folder_that_is_not_ours_is_refused(tmp_path: Path) -> None:
    live = tmp_path / "data"
    live.mkdir()
    planted = tmp_path / f"data.sluis-restored-{RESTORE}"
    planted.mkdir(mode=0o777)
    planted.chmod(0o777)
    place = find_live(str(live))
    with (
        open_folder(place.home) as home,
        pytest.raises(SnapshotError, match="restore-foreign-folder"),
        open_beside(place, home, RESTORE, create=True),
    ):
        pass
    planted.rmdir()
    planted.symlink_to("/etc")
    with (
        open_folder(place.home) as home,
        pytest.raises(SnapshotError, match="restore-foreign-folder"),
        open_beside(place, home, RESTORE, create=True),
    ):
        pass
