"""A list of moves can be cut off anywhere and is finished or undone; nothing is overwritten."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sluis.errors import SnapshotError
from sluis.snapshot import restore_moves, restore_rename
from sluis.snapshot.restore_moves import Move, run, standing


@contextmanager
def opened(*folders: Path) -> Iterator[dict[str, int]]:
    fds = {folder.name: os.open(folder, os.O_RDONLY | os.O_DIRECTORY) for folder in folders}
    try:
        yield fds
    finally:
        for fd in fds.values():
            os.close(fd)


def inode(path: Path) -> int:
    return path.lstat().st_ino


def content(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture
def house(tmp_path: Path) -> Path:
    (tmp_path / "home" / "live").mkdir(parents=True)
    (tmp_path / "home" / "live" / "letter").write_text("broken")
    (tmp_path / "beside" / "data").mkdir(parents=True)
    (tmp_path / "beside" / "data" / "letter").write_text("good")
    return tmp_path


def swap_moves(house: Path, *, exchange: bool) -> list[Move]:
    live, copy = inode(house / "home" / "live"), inode(house / "beside" / "data")
    if exchange:
        return [
            Move("exchange", ("beside", "data"), ("home", "live"), copy, live),
            Move("move", ("beside", "data"), ("home", "quarantine"), live),
        ]
    return [
        Move("move", ("home", "live"), ("home", "quarantine"), live),
        Move("move", ("beside", "data"), ("home", "live"), copy),
    ]


@pytest.mark.parametrize("exchange", [True, False])
@pytest.mark.parametrize("cut", [0, 1, 2])
def test_a_cut_off_list_is_recognised_and_finished(house: Path, exchange: bool, cut: int) -> None:
    moves = [Move.from_json(m.to_json()) for m in swap_moves(house, exchange=exchange)]
    with opened(house / "home", house / "beside") as folders:
        run(moves[:cut], folders)
        assert standing(moves, folders).done == cut
        run(moves, folders, cut)
        assert standing(moves, folders).done == 2
    assert content(house) == {"home/live/letter": "good", "home/quarantine/letter": "broken"}


@pytest.mark.parametrize("exchange", [True, False])
def test_a_cut_off_list_can_be_undone(house: Path, exchange: bool) -> None:
    before = content(house)
    moves = swap_moves(house, exchange=exchange)
    with opened(house / "home", house / "beside") as folders:
        run(moves, folders)
        restore_moves.undo(moves, folders, 2, because="test")
        assert standing(moves, folders).done == 0
    assert content(house) == before


def test_case_A7_a_taken_name_is_never_replaced_and_everything_goes_back(house: Path) -> None:
    moves = swap_moves(house, exchange=False)
    (house / "home" / "quarantine").mkdir()  # empty: rename(2) would replace it silently
    before = inode(house / "home" / "quarantine")
    with (
        opened(house / "home", house / "beside") as folders,
        pytest.raises(SnapshotError, match="restore-swap-failed"),
    ):
        run(moves, folders)
    assert inode(house / "home" / "quarantine") == before
    assert (house / "home/live/letter").read_text() == "broken"
    assert (house / "beside/data/letter").read_text() == "good"


def test_without_the_system_call_a_taken_name_is_still_not_replaced(
    house: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restore_rename, "_system_call", lambda: None)
    (house / "home" / "quarantine").mkdir()
    with opened(house / "home", house / "beside") as folders:
        assert not restore_rename.can_exchange(folders["beside"])
        with pytest.raises(FileExistsError):
            restore_rename.move(folders["home"], "live", folders["home"], "quarantine")
        with pytest.raises(OSError, match="cannot be exchanged") as caught:
            restore_rename.exchange(folders["beside"], "data", folders["home"], "live")
        assert caught.value.errno == errno.ENOTSUP
        restore_rename.move(folders["home"], "live", folders["home"], "free")
    assert (house / "home/free/letter").read_text() == "broken"


def test_the_probe_for_exchange_leaves_nothing_behind(house: Path) -> None:
    with opened(house / "beside") as folders:
        assert restore_rename.can_exchange(folders["beside"])
    assert [path.name for path in (house / "beside").iterdir()] == ["data"]


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "/etc"])
def test_only_plain_names_are_renamed(house: Path, name: str) -> None:
    with opened(house / "home") as folders, pytest.raises(ValueError, match="plain name"):
        restore_rename.move(folders["home"], "live", folders["home"], name)


def test_a_newcomer_at_the_freed_name_is_named_and_not_overwritten(house: Path) -> None:
    moves = swap_moves(house, exchange=False)
    with opened(house / "home", house / "beside") as folders:
        run(moves[:1], folders)
        (house / "home" / "live").mkdir()
        found = standing(moves, folders)
    assert (found.done, found.newcomers) == (1, (("home", "live"),))


@pytest.mark.parametrize("exchange", [True, False])
def test_what_fits_no_point_of_the_list_is_left_alone(house: Path, exchange: bool) -> None:
    moves = swap_moves(house, exchange=exchange)
    (house / "beside" / "data").rename(house / "beside" / "elsewhere")
    before = content(house)
    with (
        opened(house / "home", house / "beside") as folders,
        pytest.raises(SnapshotError, match="restore-swap-unclear"),
    ):
        standing(moves, folders)
    assert content(house) == before


def test_when_the_way_back_fails_too_it_says_what_is_where(
    house: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    moves = swap_moves(house, exchange=False)
    real, calls = restore_rename.move, []

    def failing(*arguments: object) -> None:
        calls.append(arguments)
        if len(calls) > 1:
            raise OSError(errno.EIO, "the disk is gone")
        real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(restore_rename, "move", failing)
    with opened(house / "home", house / "beside") as folders:
        with pytest.raises(SnapshotError, match="restore-swap-stuck"):
            run(moves, folders)
        monkeypatch.setattr(restore_rename, "move", real)
        run(moves, folders, standing(moves, folders).done)
    assert (house / "home/live/letter").read_text() == "good"
    assert (house / "home/quarantine/letter").read_text() == "broken"


def held(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


names = st.text(st.characters(blacklist_characters="/\0", codec="utf-8"), min_size=1, max_size=20)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    live=st.sets(names.filter(lambda n: n not in (".", "..")), max_size=6),
    copy=st.sets(names.filter(lambda n: n not in (".", "..")), max_size=6),
    data=st.data(),
)
def test_any_names_any_cut(
    tmp_path_factory: pytest.TempPathFactory, live: set[str], copy: set[str], data: st.DataObject
) -> None:
    """A mount point's contents: all out, all in, cut anywhere, whatever the names are."""
    top = tmp_path_factory.mktemp("any")
    for folder, names_in in (("home", live), ("data", copy), ("quarantine", set())):
        (top / folder).mkdir()
        for name in names_in:
            (top / folder / name).write_bytes(f"{folder}:{name}".encode())
    out = [Move("move", ("home", n), ("quarantine", n), inode(top / "home" / n)) for n in live]
    back = [Move("move", ("data", n), ("home", n), inode(top / "data" / n)) for n in copy]
    moves = out + back
    cut = data.draw(st.integers(0, len(moves)))
    with opened(*(top / folder for folder in ("home", "data", "quarantine"))) as folders:
        run(moves[:cut], folders)
        assert standing(moves, folders).done == cut
        run(moves, folders, cut)
    assert held(top / "home") == {n: f"data:{n}".encode() for n in copy}
    assert held(top / "quarantine") == {n: f"home:{n}".encode() for n in live}
