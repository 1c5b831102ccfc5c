"""A store of which the disk is full: rclone says 500 and no more, and it is called what it is."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from sluis.border.parts import Secrets, StoreSecrets
from sluis.border.store import Store
from sluis.border.verbs.asset_store import Request
from sluis.errors import SnapshotError
from sluis.rehearsal.loopback import STORE, start_until_it_answers
from sluis.snapshot.access import open_access
from sluis.snapshot.children import Children
from sluis.snapshot.prepare import prepare_store
from support.snapshots import PASSWORD, PLACE


@pytest.fixture
def full(tmp_path: Path) -> Iterator[Store]:
    """A store behind rclone, on a disk of its own without any room."""
    place, log = tmp_path / "disk", tmp_path / "log"
    place.mkdir()
    unshare = ["unshare", "--mount"] + ([] if os.geteuid() == 0 else ["--map-root-user"])
    begin = (
        'mount -t tmpfs -o size=1m none "$0"; dd if=/dev/zero of="$0/filled" bs=4k; '
        'exec rclone serve restic --config /dev/null --addr "$1" "$0"'
    )

    def start(port: int) -> subprocess.Popen[bytes]:
        with log.open("ab") as output:
            return subprocess.Popen(
                [*unshare, "sh", "-c", begin, str(place), f"{STORE}:{port}"],
                stdout=output, stderr=output, stdin=subprocess.DEVNULL,
            )  # fmt: skip

    process, port = start_until_it_answers(start, what="a full store", address=STORE, log=log)
    try:
        yield Store("full", "rest", STORE, **PLACE, url=f"http://{STORE}:{port}/r/")
    finally:
        process.kill()
        process.wait()


def test_a_store_with_a_full_disk_is_named_with_its_remedy(full: Store, tmp_path: Path) -> None:
    secrets = Secrets(StoreSecrets(repository_password=PASSWORD))
    with pytest.raises(SnapshotError) as told:
        prepare_store(Request(full, restic="restic"), secrets)
    assert told.value.code == "store-takes-nothing", told.value
    assert "500 Internal Server Error" in told.value.what
    assert "whether its disk is full" in told.value.remedy


def test_a_measurement_that_a_full_disk_does_not_take_says_so(full: Store, tmp_path: Path) -> None:
    with Children(str(tmp_path)) as children, pytest.raises(SnapshotError) as told:
        open_access(full, StoreSecrets(), children.private, children).upload(1 << 20)
    assert told.value.code == "store-takes-nothing", told.value
