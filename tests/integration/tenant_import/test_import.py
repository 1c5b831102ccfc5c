"""An import between two real rehearsal tenants."""

from __future__ import annotations

import dataclasses
import hashlib

import pytest

from support.migrations import migration


@pytest.fixture(scope="module")
def tenants(tmp_path_factory):
    with migration(tmp_path_factory.mktemp("tenants")) as one:
        yield one


@pytest.fixture
def move(tenants, tmp_path):
    """The two tenants with empty drives and a folder of their own for what lies between."""
    for tenant, drive in (
        (tenants.source, tenants.from_drive),
        (tenants.target, tenants.to_drive),
    ):
        for item in tenant.control.items(drive):
            if "/" not in item["path"]:
                tenant.control.delete(drive, item["id"])
    return dataclasses.replace(tenants, folder=tmp_path)


def test_everything_goes_over_with_its_bytes_and_dates(move):
    files = {
        "Client A/letter.txt": b"Dear client",
        "Client A/empty.txt": b"",
        "Client A/2019/large.bin": bytes(range(256)) * 50_000,
        "top.txt": b"x",
    }
    for path, data in files.items():
        move.source.control.add_file(move.from_drive, path, data)
    move.export()
    seen = []
    report = move.bring_over(progress=seen.append)
    assert report.outcome == "done", report.as_data()
    assert report.counts["sent"] == 4
    assert report.counts["folders_made"] == 2
    there = move.there()
    assert set(there) == {*files, "Client A", "Client A/2019"}
    for path, data in files.items():
        assert move.bytes_there(path) == data
        line = move.lines()[path]
        assert line.sha256 == hashlib.sha256(data).hexdigest()
        assert there[path]["fileSystemInfo"]["lastModifiedDateTime"] == line.modified
        assert there[path]["fileSystemInfo"]["createdDateTime"] == line.created
    folder = move.lines()["Client A"]
    assert there["Client A"]["fileSystemInfo"]["lastModifiedDateTime"] == folder.modified
    assert [(one.files, one.of_files) for one in seen] == [(n, 4) for n in (1, 2, 3, 4)]
    # a second call finds everything done
    before = move.target.control.counters()["requests"]
    again = move.bring_over()
    assert again.outcome == "done"
    assert again.counts == {"folders_used": 2, "done_before": 4}
    after = move.target.control.counters()["requests"]
    assert {kind for kind in after if after[kind] != before.get(kind)} == {"get", "delta"}
