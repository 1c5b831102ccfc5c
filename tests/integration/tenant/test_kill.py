"""Killed anywhere, the export goes on, fetches nothing twice, and ends up the same."""

from __future__ import annotations

import json
import random
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from sluis.graph.part_file import CHUNK
from sluis.rehearsal.tenant.settings import Population, Settings
from sluis.rehearsal.tenant.start import Tenant, start_tenant
from sluis.tenant.discover import folder_of
from sluis.tenant.source import Source
from sluis.tenant.state import DriveState
from support import export_process
from support.tenant_exports import hold_against_the_tenant, lines_of, make_pass, source_of

PEOPLE = Population(
    users=0, sites=1, items_per_drive=250, shared_share=0.05, file_size=(0, 30_000),
    nasty_names=True,
)  # fmt: skip
WORKERS = 3
BIG = 3 * CHUNK + 12_345


@pytest.fixture(scope="module")
def tenant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tenant]:
    settings = Settings(population=PEOPLE, page_size=25, largest_page=25, latency_ms=2)
    with start_tenant(tmp_path_factory.mktemp("tenant"), settings) as running:
        drive = source_of(running).drive_id
        for number in range(3):
            content = random.Random(number).randbytes(BIG)
            running.control.add_file(drive, f"Big/film {number}.mp4", content)
        yield running


def _request(tenant: Tenant, source: Source, folder: Path) -> dict[str, Any]:
    place = urlsplit(tenant.authority)
    return {
        "account": {
            "tenant_id": tenant.tenant_id,
            "client_id": tenant.app.client_id,
            "secret_file": str(tenant.app.secret_file),
            "authority": f"{place.scheme}://{place.netloc}",
            "graph": tenant.graph,
            "ca": str(tenant.ca),
        },
        "sources": [source.as_data()],
        "folder": str(folder),
        "policy": {"versions": "none"},
        "workers": WORKERS,
        "budget": {"minute_units": 1_000_000, "day_units": 100_000_000},
    }


def _start(request: Path, limit: int | None = None) -> subprocess.Popen[bytes]:
    def limited() -> None:
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    return subprocess.Popen(
        [sys.executable, export_process.__file__, str(request)],
        stderr=subprocess.PIPE,
        preexec_fn=limited,
    )


def _recorded(folder: Path, source: Source) -> int:
    """Bytes that the state says are had, whole files and chunks of others."""
    path = folder_of(folder, source) / "state.sqlite"
    if not path.exists():
        return 0
    with DriveState(path, source.id) as state:
        # chunks of a file that is had are only left over
        rows = state.db.execute(
            "SELECT COALESCE((SELECT SUM(size) FROM contents WHERE state = 'had'), 0)"
            " + COALESCE((SELECT SUM(size) FROM chunks WHERE item_id NOT IN"
            " (SELECT item_id FROM contents WHERE state = 'had')), 0)"
        )
        return int(rows.fetchone()[0])


def _on_disk(folder: Path, source: Source) -> int:
    """Bytes of content on disk, unfinished files included."""
    place = folder_of(folder, source)
    return sum(path.stat().st_size for path in place.glob("content/**/*") if path.is_file())


def _progress(tenant: Tenant, before: dict[str, Any], what: str) -> int:
    """Bytes that were sent, or calls of a kind that were answered, since ``before``."""
    now = tenant.control.counters()
    if what == "bytes":
        return int(now["bytes_out"]) - int(before["bytes_out"])
    return int(now["requests"].get(what, 0)) - int(before["requests"].get(what, 0))


def test_killed_at_any_moment_it_goes_on_and_fetches_nothing_twice(
    tenant: Tenant, tmp_path: Path
) -> None:
    chance = random.Random(7)
    source, folder = source_of(tenant), tmp_path / "killed"
    request = tmp_path / "request.json"
    request.write_text(json.dumps(_request(tenant, source, folder)))
    total = sum(i["size"] for i in tenant.control.items(source.drive_id) if "file" in i)
    # moments by progress and not by the clock: two in the listing, then ever later in the files
    moments = [("delta-token", 1), ("delta-token", 6)]
    moments += [("bytes", int(total * (number + chance.random()) / 4)) for number in range(4)]
    kills = recorded = 0
    for what, goal in moments:
        before = tenant.control.counters()
        child = _start(request)
        while child.poll() is None and recorded + _progress(tenant, before, what) < goal:
            time.sleep(0.005)
        if child.poll() is None:
            child.send_signal(signal.SIGKILL)
            kills += 1
        _out, error = child.communicate()
        now = _recorded(folder, source)
        assert now >= recorded, error.decode()
        recorded = now
        # what is on disk and not recorded was in flight, per worker: a chunk that is coming,
        # and one that is whole and of which a busy machine did not tell yet
        assert _on_disk(folder, source) - recorded <= WORKERS * 2 * CHUNK
    assert kills >= 4
    before = tenant.control.counters()["bytes_out"]
    child = _start(request)
    _out, error = child.communicate()
    assert child.returncode == 0, error.decode()
    # not one byte that was recorded is fetched again
    assert tenant.control.counters()["bytes_out"] - before <= total - recorded
    result = json.loads(request.with_suffix(".out").read_text())
    assert result["complete"]
    assert list(result["drives"][0]["checks"]) == ["equal"]
    hold_against_the_tenant(tenant, folder, source)

    whole = make_pass(tenant, tmp_path / "whole", source)
    assert whole.seen_in_pass == 1
    killed_lines = lines_of(folder, source)
    whole_lines = lines_of(tmp_path / "whole", source)
    rightless = {"permissions": (), "rights_why": None}  # the other did not ask for them
    assert {p: replace(line, **rightless) for p, line in killed_lines.items()} == {
        p: replace(line, **rightless, fields=killed_lines[p].fields)
        for p, line in whole_lines.items()
    }


def test_a_disk_that_takes_no_more_stops_the_export_and_nothing_is_lost(
    tenant: Tenant, tmp_path: Path
) -> None:
    source, folder = source_of(tenant), tmp_path / "full"
    request = tmp_path / "request.json"
    request.write_text(json.dumps(_request(tenant, source, folder)))
    child = _start(request, limit=CHUNK + 1_000_000)
    child.communicate()
    assert child.returncode == 1
    result = json.loads(request.with_suffix(".out").read_text())
    assert [one["error"]["code"] for one in result["failed"]] == ["export-disk"]
    assert not result["complete"]
    recorded = _recorded(folder, source)
    before = tenant.control.counters()["bytes_out"]
    child = _start(request)
    child.communicate()
    assert child.returncode == 0
    total = sum(i["size"] for i in tenant.control.items(source.drive_id) if "file" in i)
    assert tenant.control.counters()["bytes_out"] - before <= total - recorded
    hold_against_the_tenant(tenant, folder, source)
