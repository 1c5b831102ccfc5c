"""When a snapshot came to a folder on a disk."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

from sluis.border.store import Store
from sluis.snapshot.access import LocalAccess


def test_a_time_to_come_is_not_believed(tmp_path: Path) -> None:
    """``touch`` to 2030 would let restic's own claim of 2030 pass."""
    name = "ab" * 32
    (tmp_path / "snapshots").mkdir()
    file = tmp_path / "snapshots" / name
    file.touch()
    place = {"site": "s", "country": "NL", "provider": "p"}
    store = Store("disk", "local", "m", **place, path=str(tmp_path))
    os.utime(file, (1893456000, 1893456000))
    moment, _ = LocalAccess(store).created(name)
    assert moment is not None
    assert datetime.fromisoformat(moment) <= datetime.now(UTC)
    os.utime(file, (1577836800, 1577836800))
    assert LocalAccess(store).created(name)[0] == "2020-01-01T00:00:00+00:00"
