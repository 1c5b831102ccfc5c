"""rclone's day: list, copy twice, sync, rename, share, versions, clean up."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sluis.rehearsal.tenant.start import Tenant
from support.rclone_client import RcloneClient, rclone_client


@pytest.fixture
def rclone(tenant: Tenant, away: dict[str, str], drive: str, tmp_path: Path) -> RcloneClient:
    """rclone with the first person's OneDrive as ``r:``."""
    (tmp_path / "rclone.conf").touch()
    return rclone_client(tenant, drive, "business", away, tmp_path, 90)


def _there(tenant: Tenant, drive: str, below: str) -> dict[str, bytes]:
    return {
        item["path"].removeprefix(below): tenant.control.bytes_of(drive, item["id"])
        for item in tenant.control.items(drive)
        if "file" in item and item["path"].startswith(below)
    }


@pytest.mark.slow
def test_tenant_14_rclone_does_a_days_work(
    tenant: Tenant, drive: str, rclone: RcloneClient, tmp_path: Path
) -> None:
    here = tmp_path / "here"
    (here / "deep" / "er").mkdir(parents=True)
    files = {
        "a.txt": b"first",
        "empty": b"",
        "deep/b.bin": os.urandom(900_000),
        "deep/er/c d.txt": b"spaces",
    }
    for name, data in files.items():
        (here / name).write_bytes(data)

    # list
    listed = set(rclone("lsf", "-R", "--files-only", "r:").splitlines())
    assert listed == {one["path"] for one in tenant.control.items(drive) if "file" in one}
    # copy, and copy again: by sessions, as dates go with them (onedrive-api-docs#54)
    rclone("copy", str(here), "r:Day")
    rclone("copy", str(here), "r:Day", "--ignore-times")
    assert _there(tenant, drive, "Day/") == files
    assert "0 differences" in rclone("check", str(here), "r:Day")
    # sync: one file changes, one goes
    files["a.txt"] = b"second, and longer"
    (here / "a.txt").write_bytes(files["a.txt"])
    (here / "empty").unlink()
    del files["empty"]
    rclone("sync", str(here), "r:Day")
    assert _there(tenant, drive, "Day/") == files
    # rename, and a copy inside the service
    rclone("moveto", "r:Day/deep/b.bin", "r:Day/renamed.bin")
    files["renamed.bin"] = files.pop("deep/b.bin")
    rclone("copyto", "r:Day/renamed.bin", "r:Day/again/copied.bin")
    files["again/copied.bin"] = files["renamed.bin"]
    assert _there(tenant, drive, "Day/") == files
    # share
    link = rclone("link", "r:Day/a.txt", "--onedrive-link-scope", "organization")
    assert link.strip().startswith("https://")
    # versions: rclone deletes all but the current one
    before = tenant.control.counters()["requests"]["delete"]
    rclone("cleanup", "r:Day")
    assert tenant.control.counters()["requests"]["delete"] > before
    # clean up, past the bin
    rclone("purge", "r:Day", "--onedrive-hard-delete")
    assert not _there(tenant, drive, "Day/")


@pytest.mark.parametrize("listing", [[], ["--onedrive-delta"]])
def test_rclone_lists_the_same_by_delta_and_by_children(
    tenant: Tenant, drive: str, rclone: RcloneClient, listing: list[str]
) -> None:
    listed = rclone("lsf", "-R", "--files-only", "--format", "ps", "r:", *listing).splitlines()
    there = {f"{one['path']};{one['size']}" for one in tenant.control.items(drive) if "file" in one}
    assert set(listed) == there
