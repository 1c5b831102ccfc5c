"""The old supplier's drive over SFTP: ours beside OpenSSH's ``sftp`` and beside rclone.

Ours is a whole pass: list, fetch, write a state that survives a kill, send it to the disk,
read it back from there, two hashes for each file, a manifest. The others copy. A second row
reads the source twice as well, which is our default and what nobody else does.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bench.row import Aim, Row, Took
from bench.turns import in_turns, run
from sluis.rehearsal.keeper import Keeper
from sluis.rehearsal.loopback import OLD_SUPPLIER
from sluis.rehearsal.sshd import SshHost, new_ssh_key, start_host

_OURS = """
import json, sys, time
from sluis.tenant.run_sources import export_sources
stages, last = {}, [None, time.perf_counter()]
def told(what):
    if what["stage"] != last[0]:
        now = time.perf_counter()
        if last[0]:
            stages[last[0]] = stages.get(last[0], 0.0) + now - last[1]
        last[:] = [what["stage"], now]
answer = export_sources(json.load(sys.stdin), told)
told({"stage": "end"})
print(json.dumps([answer["complete"], answer["drives"][0]["files"], stages]))
"""


@dataclass(frozen=True)
class Load:
    """What is copied: so many files of so many bytes, a hundred in a folder."""

    id: str
    words: str
    files: int
    size: int


def measure(folder: Path, loads: tuple[Load, ...], *, runs: int, warm_up: int) -> Iterator[Row]:
    """Rows for each load: beside ``sftp`` and rclone, and with the second reading."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o711)
    with Keeper() as keeper:
        key = folder / "key"
        public = new_ssh_key(key, "bench")
        host = start_host(
            keeper, folder / "server", "oldsupplier", OLD_SUPPLIER, public, sftp_only=True
        )
        known = folder / "known_hosts"
        known.write_text(host.known_hosts_line())
        for load in loads:
            yield from _Beside(folder, host, key, known, load).rows(runs, warm_up)


class _Beside:
    """One load, and the ways to copy it."""

    def __init__(self, folder: Path, host: SshHost, key: Path, known: Path, load: Load) -> None:
        self.host, self.key, self.known, self.load = host, key, known, load
        self.source = host.folder / "srv" / load.id
        self.target = folder / f"copy-{load.id}"
        self.stages: dict[str, list[float]] = {}
        for number in range(load.files):
            place = self.source / f"{number // 100:04d}"
            place.mkdir(parents=True, exist_ok=True)
            with (place / f"{number:06d}.bin").open("wb") as file:
                for at in range(0, load.size, 1 << 24):
                    file.write(os.urandom(min(1 << 24, load.size - at)))

    def rows(self, runs: int, warm_up: int) -> Iterator[Row]:
        once = partial(self._ours, False)
        yield self._row("sftp", "OpenSSH sftp -r", once, self._sftp, runs, warm_up, aimed=True)
        yield self._row("rclone", "rclone copy, sftp", once, self._rclone, runs, warm_up)
        twice = partial(self._ours, True)
        yield self._row("twice", "OpenSSH sftp -r", twice, self._sftp, runs, warm_up)
        shutil.rmtree(self.source)
        shutil.rmtree(self.target, ignore_errors=True)

    def _row(
        self, name: str, other: str, a: Callable[[], Took], b: Callable[[], Took], runs: int,
        warm_up: int, *, aimed: bool = False,
    ) -> Row:  # fmt: skip
        self.stages = {}
        pair = in_turns(a, b, runs=runs, warm_up=warm_up)
        total = self.load.files * self.load.size
        facts = {
            "files/s (A, B)": [round(self.load.files / t.seconds) for t in (*pair.a, *pair.b)],
            "MB/s (A, B)": [round(total / 1e6 / t.seconds, 1) for t in (*pair.a, *pair.b)],
            "stages of A, s": {k: [round(s, 2) for s in v] for k, v in self.stages.items()},
        }
        words = "a whole pass, read twice" if name == "twice" else "a whole pass, read once"
        aim = Aim("ratio", 1.0, "as fast as sftp") if aimed else None
        return Row(
            f"sftp-{self.load.id}-{name}", f"the old supplier's drive, {self.load.words}",
            words, other, pair, aim=aim, facts=facts,
        )  # fmt: skip

    def _ours(self, twice: bool) -> Took:
        host = self.host
        asked = {
            "sources": [{"kind": "sftp", "id": "i", "name": "I", "server": "old",
                         "location": str(self.source)}],
            "servers": {"old": {"address": host.address, "port": host.port, "user": host.user,
                                "known_hosts": str(self.known), "key": str(self.key)}},
            "folder": str(self._empty()),
            "policy": {"read_twice": twice},
        }  # fmt: skip
        ended = run([sys.executable, "-c", _OURS], stdin=json.dumps(asked))
        complete, files, stages = json.loads(ended.output)
        assert complete and files == self.load.files, ended.output
        for stage, seconds in stages.items():
            self.stages.setdefault(stage, []).append(seconds)
        return ended.took

    def _sftp(self) -> Took:
        host = self.host
        ended = run(
            ["sftp", "-q", "-p", "-r", "-b", "-", "-i", str(self.key), "-P", str(host.port),
             "-o", f"UserKnownHostsFile={self.known}", f"{host.user}@{host.address}"],
            stdin=f'get "{self.source}" "{self._empty()}"\n',
        )  # fmt: skip
        self._all_there()
        return ended.took

    def _rclone(self) -> Took:
        host = self.host
        ended = run(
            [str(Path(sys.executable).with_name("rclone")), "copy", "--config", "/dev/null",
             f":sftp:{self.source}", str(self._empty()), "--sftp-host", host.address,
             "--sftp-port", str(host.port), "--sftp-user", host.user,
             "--sftp-key-file", str(self.key), "--sftp-known-hosts-file", str(self.known),
             "--sftp-chunk-size", "255k"],
        )  # fmt: skip
        self._all_there()
        return ended.took

    def _empty(self) -> Path:
        shutil.rmtree(self.target, ignore_errors=True)
        self.target.mkdir()
        return self.target

    def _all_there(self) -> None:
        sizes = [p.stat().st_size for p in self.target.rglob("*.bin")]
        assert sizes == [self.load.size] * self.load.files, f"{len(sizes)} files were copied"
