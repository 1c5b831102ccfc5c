"""The old supplier's I-drive over a real sshd: everything is had, or it is said why not."""

from __future__ import annotations

import os
import time
from datetime import datetime

import pytest

from sluis.runbook.tenant_exporting import reading_request
from sluis.runbook.tenant_settings import TenantSettings
from sluis.scope.model import ScopeDocument
from sluis.scope.moving import FromSftp
from sluis.tenant.on_worker import export_asset
from sluis.tenant.sftp_source import measure_sftp
from support.every_field import SCOPE_WITH_EVERYTHING
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


def test_the_last_pass_brings_an_edit_that_left_size_and_time_as_they_were(place, tmp_path):
    """Asked as the runbook asks: what nobody sets is never done."""
    books = place.new_folder("books") / "ledger.dbf"
    books.write_bytes(b"balance: 100.00")
    long_ago = time.time_ns() - 90 * 86400 * 10**9
    os.utime(books, ns=(long_ago, long_ago))
    asset = ScopeDocument.model_validate(SCOPE_WITH_EVERYTHING).asset("homes")
    origin = FromSftp(by="sftp", server="old-files", folder=str(books.parent))
    login = place.login()
    settings = TenantSettings(
        "tenant_export", {}, {}, str(tmp_path / "exports"), 4, {},
        servers={
            "old-files": {
                "address": login.address, "user": login.user, "port": login.port,
                "known_hosts": str(login.known_hosts), "key": str(login.key),
            }
        },
    )  # fmt: skip

    def one_pass(*, last):
        request, secrets = reading_request(asset, origin, settings, last_pass=last)
        done = export_asset(request, secrets).done
        (had,) = (tmp_path / "exports").rglob("ledger.dbf")
        return done.checks, had.read_bytes()

    assert one_pass(last=False) == ({"equal": 1}, b"balance: 100.00")
    books.write_bytes(b"balance: 999.99")
    os.utime(books, ns=(long_ago, long_ago))
    assert one_pass(last=False)[1] == b"balance: 100.00", "SFTP tells no more than size and time"
    assert one_pass(last=True) == ({"equal": 1}, b"balance: 999.99")
