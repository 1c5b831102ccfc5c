"""(b) The proof of one snapshot, beside restverify's restore check, on the same repository.

Both restore with the same restic into the same folder in memory. ``restverify run`` hashes
every file up to 200 files, and above that about 200 of them; ours hashes all of them, reads
back the whole store, opens what has a known form and restores an older generation.
``restverify prove --sample 100`` restores all, compares sizes, and has restic read back all.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.data import DataSet, provide
from bench.one_asset import AssetChange, one_asset
from bench.restores import Repository, stores
from bench.row import Aim, Row, Took
from bench.turns import in_turns, run, timed
from sluis.snapshot.scratch import choose_scratch

#: it names every file to restic in one command line, which Linux refuses for very many
_MOST_NAMED = 5_000
_AIM = Aim("ratio", 1, "faster, checking every file", strictly=True)


@dataclass
class _Proof:
    """Proving the same snapshot again and again, each time as if it were the first."""

    change: AssetChange
    kept: Path
    repository: Repository
    home: Path
    hashed: int = 0
    seconds: list[dict[str, float]] = field(default_factory=list)

    def once(self) -> Took:
        for path in (self.change.folder, _witness(self.change)):
            shutil.rmtree(path)
            shutil.copytree(self.kept / path.name, path)
        took = timed(lambda: self.change.prove(self.repository, self.home))
        body = self.change.verification()
        if body.reached != "V6":
            raise RuntimeError(f"the proof reached {body.reached}: {body.levels}")
        self.hashed = self.change.files_restored()
        self.seconds.append({item.level: round(item.seconds, 2) for item in body.levels})
        return took


@dataclass
class _Restverify:
    """restverify, with its own record of runs kept out of the home folder."""

    repository: Repository
    snapshot: str
    source: Path
    scratch: Path
    found: dict[str, Any] = field(default_factory=dict)

    def run(self) -> Took:
        return self._ask("run", "--source", str(self.source))

    def prove(self) -> Took:
        return self._ask("prove", "--sample", "100")

    def _ask(self, verb: str, *arguments: str) -> Took:
        environment = {
            **self.repository.environment,
            "RESTIC_CACHE_DIR": str(self.scratch / "cache"),
            "RESTVERIFY_HOME": str(self.scratch / "restverify"),
            "RESTVERIFY_TMPDIR": str(self.scratch),
        }
        if self.repository.options:
            # it hands no option for a certificate to restic; the variable is the Go library's
            environment["SSL_CERT_FILE"] = self.repository.options[1]
        # as our verifier does, it begins without a cache
        shutil.rmtree(self.scratch / "cache", ignore_errors=True)
        ended = run(
            [
                str(Path(sys.executable).with_name("restverify")), verb,
                "--repo", self.repository.environment["RESTIC_REPOSITORY"],
                "--snapshot", self.snapshot, "--json", *arguments,
            ],
            environment=environment,
        )  # fmt: skip
        self.found = json.loads(ended.output)
        return ended.took


def measure(folder: Path, data: DataSet, *, kept: Path, runs: int, warm_up: int) -> Iterator[Row]:
    """One or two rows for one data set, on an append-only store."""
    source = provide(data, kept)
    asset = one_asset(folder / f"check-{data.name}", "directory", str(source))
    room = choose_scratch(None, data.size, data.files)
    scratch = Path(room.folder) / f"sluis-bench-{folder.name}-{data.name}"
    scratch.mkdir(mode=0o700)
    try:
        with (
            stores("rest", folder / f"check-{data.name}-stores") as found,
            found.repository() as repository,
        ):
            home = found.folder / "home"
            home.mkdir()
            change = asset.change("CHG-1")
            change.prepare_store(repository, home)
            change.take(repository, home)
            # its own snapshot of the same data, by the folder's full path, as it expects
            repository.restic("backup", str(source), cache=found.folder / "cache")
            proof = _Proof(change, _keep(change, folder / f"{data.name}-kept"), repository, home)
            other = _Restverify(repository, _newest(repository), source, scratch)
            yield _row(data, "run", other.run, proof, other, _AIM, runs, warm_up)
            if data.files <= _MOST_NAMED:
                yield _row(data, "prove", other.prove, proof, other, None, runs, warm_up)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _row(
    data: DataSet, verb: str, ask: Callable[[], Took], proof: _Proof, other: _Restverify,
    aim: Aim | None, runs: int, warm_up: int,
) -> Row:  # fmt: skip
    pair = in_turns(proof.once, ask, runs=runs, warm_up=warm_up)
    theirs = _hashed(other.found)
    words = "--sample 100" if verb == "prove" else f"{theirs:,} files hashed"
    return Row(
        id=f"check-{data.name}-{verb}",
        what=f"restore check, {data.words}",
        a=f"V0 to V6, {proof.hashed:,} files hashed",
        b=f"restverify {verb}, {words}",
        pair=pair,
        aim=aim,
        facts={
            "files_hashed_by_sluis": proof.hashed,
            "files_hashed_by_restverify": theirs,
            "restverify_status": other.found.get("status"),
            "seconds": proof.seconds[-runs:],
        },
    )


def _hashed(document: dict[str, Any]) -> int:
    """How many restored files restverify hashed, by its own account; 0 when it says none."""
    found = document.get("sample") or {}
    return int(found.get("sampled_files") or 0)


def _newest(repository: Repository) -> str:
    listed = json.loads(repository.restic("snapshots", "--json", "--no-lock").output)
    return str(max(listed, key=lambda item: item["time"])["short_id"])


def _keep(change: AssetChange, kept: Path) -> Path:
    for path in (change.folder, _witness(change)):
        shutil.copytree(path, kept / path.name)
    return kept


def _witness(change: AssetChange) -> Path:
    return change.folder.parent / ".heads"
