"""F13: whether there is room is looked at before anything is restored or read back."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from sluis.errors import SnapshotError
from sluis.snapshot import prove as proving
from sluis.snapshot.scratch import Room, disk_of, too_small


def test_F13_too_little_room_is_said_before_the_store_is_opened(
    monkeypatch: pytest.MonkeyPatch, tmp_path
) -> None:
    room = Room(str(tmp_path), free=1_000, needed=3_000_000)
    monkeypatch.setattr(proving, "choose_scratch", lambda *_: room)
    monkeypatch.setattr(proving, "open_access", lambda *_: pytest.fail("the store was opened"))
    request = SimpleNamespace(
        scratch=str(tmp_path), bytes=2_000_000, items=1, sample=None,
        asset=SimpleNamespace(id="letters"),
    )  # fmt: skip
    with pytest.raises(SnapshotError) as told:
        proving.prove_snapshot(request, SimpleNamespace(store=None))  # type: ignore[arg-type]
    assert told.value.code == "scratch-too-small"
    disk = f"the disk at {disk_of(str(tmp_path))}"
    for words in ("letters", "3,000,000", str(tmp_path), "1,000", "Nothing was restored", disk):
        assert words in told.value.what
    assert "snapshot_and_verify_scratch" in told.value.remedy
    assert list(tmp_path.iterdir()) == []


def test_F13_the_disk_of_a_folder_is_where_it_is_mounted(tmp_path) -> None:
    assert disk_of("/proc/sys") == "/proc"
    link = tmp_path / "scratch"
    link.symlink_to("/proc/sys")
    assert disk_of(str(link)) == "/proc"
    assert "(on the disk at /proc)" in too_small("letters", Room(str(link), 1, 2)).what
