"""The old supplier's I-drive over a real sshd: everything is had, or it is said why not."""

from __future__ import annotations

from datetime import datetime

import pytest

from sluis.tenant.sftp_source import measure_sftp
from support.sftp_places import (
    I_DRIVE,
    assert_faithful,
    export,
    lines_of,
    old_supplier,
    outside,
)


@pytest.fixture(scope="module")
def place():
    with old_supplier() as running:
        yield running


def test_case_B1_an_i_drive_is_had_whole_and_every_name_is_kept(place, tmp_path):
    report = export(place.login(), place.supplier.i_drive, tmp_path)
    assert_faithful(report, place.supplier.i_drive, tmp_path)
    assert outside(tmp_path) == []
    assert (report.files, report.could_not, report.gaps) == (120, 1, ())
    lines = lines_of(report, tmp_path)
    odd = next(line for path, line in lines.items() if path.endswith("b\udcff\udcfe.txt"))
    assert odd.stored.endswith("b%FF%FE.txt")


def test_case_B1_a_source_is_measured_without_reading_it(place):
    measured = measure_sftp(place.login(), str(place.supplier.i_drive), I_DRIVE)
    files = [p for p in place.supplier.i_drive.rglob("*") if p.is_file() and not p.is_symlink()]
    newest = max(int(p.stat().st_mtime) for p in files)
    assert (measured.source.items, measured.could_not) == (120, 0)
    assert measured.source.bytes == sum(p.stat().st_size for p in files)
    assert datetime.fromisoformat(measured.source.newest).timestamp() == newest
