"""Two export workers over real sshd divide the old supplier's drives, each with its own state."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import sluis
from sluis.rehearsal.keeper import Keeper
from sluis.rehearsal.loopback import APP1, DB1
from sluis.rehearsal.old_supplier import DriveSize, start_old_supplier
from sluis.rehearsal.sshd import new_ssh_key, start_host
from sluis.tenant.run_sources import measure_sources
from sluis.tenant.source_pass import SourceReport
from sluis.tenant.workers import gather, kept, share_out
from support.sftp_places import assert_faithful, lines_in

_PROGRAM = """
import json, os, signal, sys
sys.path.insert(0, sys.argv[1])
from sluis.tenant.run_sources import export_sources
def told(what):
    if len(sys.argv) > 2 and what["stage"] == sys.argv[2] and what["bytes"] > 20000:
        os.kill(os.getpid(), signal.SIGKILL)
print(json.dumps(export_sources(json.load(sys.stdin), told)))
"""


class Stage:
    """The old supplier, and two workers that are other machines as far as can be."""

    def __init__(self, keeper, folder):
        self.folder = folder
        self.key = folder / "operator"
        public = new_ssh_key(self.key, "operator")
        self.drives = folder / "drives"
        self.supplier = start_old_supplier(
            keeper, folder / "supplier", self._drive_key(), DriveSize(shared=80, own=30)
        )
        self.workers = {
            name: start_host(keeper, folder / name, name, address, public)
            for name, address in (("export1", APP1), ("export2", DB1))
        }
        self.known = folder / "known_hosts"
        self.known.write_text("".join(w.known_hosts_line() for w in self.workers.values()))

    def _drive_key(self):
        return new_ssh_key(self.drives, "drives")

    def request(self):
        host = self.supplier.host
        places = {"i-drive": self.supplier.i_drive, **self.supplier.h_drives}
        server = {
            "address": host.address, "port": host.port, "user": host.user,
            "host_key": host.host_key, "key": str(self.drives),
        }  # fmt: skip
        return {
            "sources": [
                {"kind": "sftp", "id": name, "name": name, "server": "old", "location": str(place)}
                for name, place in places.items()
            ],
            "servers": {"old": server},
            "folder": "export",
        }

    def run(self, worker, share, *more):
        """What an Ansible module will do: hand the request over, read the answer."""
        host = self.workers[worker]
        asked = {**share, "folder": str(host.folder / "export")}
        program = [sys.executable, "-c", _PROGRAM, str(Path(sluis.__file__).parents[1]), *more]
        return subprocess.run(
            ["ssh", "-q", "-i", str(self.key), "-o", f"UserKnownHostsFile={self.known}",
             "-o", "BatchMode=yes", "-p", str(host.port), f"{host.user}@{host.address}",
             shlex.join(program)],
            input=json.dumps(asked), capture_output=True, text=True, timeout=120,
        )  # fmt: skip

    def run_all(self, shares):
        with ThreadPoolExecutor() as pool:
            ran = dict(zip(shares, pool.map(lambda w: self.run(w, shares[w]), shares), strict=True))
        for worker, done in ran.items():
            assert done.returncode == 0, (worker, done.stderr)
        return {worker: json.loads(done.stdout) for worker, done in ran.items()}


@pytest.fixture
def stage():
    with tempfile.TemporaryDirectory(prefix="sluis-workers-test-") as made, Keeper() as keeper:
        Path(made).chmod(0o711)
        yield Stage(keeper, Path(made))


def test_two_workers_divide_the_sources_and_a_killed_one_goes_on(stage):
    request = stage.request()
    measured = measure_sources({**request, "folder": "/nowhere"})
    assert measured["failed"] == []
    for one, figures in zip(request["sources"], measured["measured"], strict=True):
        one |= {key: figures["source"][key] for key in ("items", "bytes")}
    shares = share_out(request, list(stage.workers))
    assert {len(share["sources"]) for share in shares.values()} == {1, 2}

    first = next(iter(shares))
    killed = stage.run(first, shares[first], "fetching")
    assert killed.returncode != 0 and killed.stdout == ""

    answers = stage.run_all(share_out(request, list(stage.workers), kept(shares)))
    together = gather(request, shares, answers)
    assert together.complete
    places = {one["id"]: Path(one["location"]) for one in request["sources"]}
    for report in together.drives:
        out = Path(report["folder"])
        assert out.parent == stage.workers[report["worker"]].folder / "export"
        figures = {**report, "manifest": str(out / report["manifest"])}
        given = {k: v for k, v in figures.items() if k in SourceReport.__dataclass_fields__}
        assert_faithful(SourceReport(**given), places[report["source"]["id"]], out)
    states = [
        sorted(p.parent.name for p in host.folder.rglob("state.sqlite"))
        for host in stage.workers.values()
    ]
    assert sorted(states[0] + states[1]) == sorted(places)
    assert sum(len(lines_in(Path(d["folder"]) / d["manifest"])) for d in together.drives) > 140
    secret = stage.drives.read_text().splitlines()[2]
    assert secret not in json.dumps(answers)
