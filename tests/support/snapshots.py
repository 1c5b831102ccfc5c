"""Make and prove snapshots as the product does: each in a process of its own, on real parts."""

from __future__ import annotations

import base64
import json
import os
import secrets
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sluis.border import codec
from sluis.border.proof import Proof
from sluis.errors import InputError, RefusedError, SnapshotError
from sluis.evidence.predicates import Machine, Snapshot, Store
from sluis.manifest import loads
from sluis.rehearsal.keeper import Keeper
from sluis.rehearsal.loopback import STORE
from sluis.rehearsal.store import AppendOnlyStore, start_store
from sluis.snapshot.judge import Judgement, judge
from sluis.snapshot.nonce import nonce_hash
from support.quick_repository import ESCROW, PASSWORD, make_quick_repository

PLACE = {"site": "Data centre North", "country": "NL", "provider": "Example Hosting"}
#: the host's address in the tests: not the store's, and not 127.0.0.1
HOST_ADDRESS = "127.0.10.1"
_FAMILY = {"InputError": InputError, "RefusedError": RefusedError, "SnapshotError": SnapshotError}

_RUN = """
import json, sys
sys.path[:0] = {paths!r}
from sluis.errors import SluisError
from support.border_calls import call
request = json.load(sys.stdin)
try:
    print(json.dumps({{"answer": call({function!r}, request)}}))
except SluisError as error:
    print(json.dumps({{"error": error.as_dict(), "family": type(error).__name__}}))
"""


def command_for(function: str, python: str = sys.executable) -> list[str]:
    """A command that reads a request on standard input and answers on standard output."""
    root = Path(__file__).parents[2]
    paths = [str(root / "python_helpers"), str(root / "tests")]
    return [python, "-I", "-c", _RUN.format(paths=paths, function=function)]


def run_apart(
    function: str, request: dict[str, Any], command: list[str] | None = None
) -> dict[str, Any]:
    """Run one of our functions in another process; its answer, or its error raised here."""
    done = subprocess.run(
        command or command_for(function), input=json.dumps(request), capture_output=True,
        text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    if "error" in said:
        error = said["error"]
        raise _FAMILY[said["family"]](error["code"], error["what"], error["remedy"])
    return said["answer"]


@dataclass
class Stage:
    """A store with one quick repository, and a folder to work in."""

    folder: Path
    server: AppendOnlyStore
    repository: str
    store: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        self.store = {
            "id": "main-store", "kind": "rest", "url": f"{self.server.url}{self.repository}/",
            "machine": STORE, **PLACE,
        }  # fmt: skip

    @property
    def data(self) -> Path:
        """The repository's folder, on the store's own disk."""
        return self.server.data / self.repository

    @property
    def login(self) -> dict[str, str]:
        """What the store's own login takes."""
        return {"store_user": self.server.user, "store_password": self.server.password}

    def asset(self, location: Path, **more: Any) -> dict[str, Any]:
        """A directory asset."""
        return {"id": "documents", "kind": "directory", "location": str(location), **more}

    def request(self, asset: dict[str, Any], **more: Any) -> dict[str, Any]:
        """A request for ``make_snapshot``."""
        return {
            "asset": asset, "host": "app1", "host_address": HOST_ADDRESS, "change": "CHG-1",
            "purpose": "prepare", "nonce": secrets.token_hex(32), "store": self.store,
            "allowed_locations": [PLACE], "expected_identity": {}, "older": [], "probe": None,
            "cache": str(self.folder / "cache"), "workdir": str(self.folder),
            "secrets": {"store": {"repository_password": PASSWORD, **self.login}, "asset": {}},
            **more,
        }  # fmt: skip

    def make(self, asset: dict[str, Any], **more: Any) -> Made:
        """Make a snapshot."""
        request = self.request(asset, **more)
        return Made(self, request, run_apart("make_snapshot", request))

    def restic(self, *arguments: str, password: str = PASSWORD) -> subprocess.CompletedProcess[str]:
        """restic on the store's own disk, as nobody but the store's owner could."""
        environment = {
            **os.environ, "RESTIC_PASSWORD": password, "RESTIC_REPOSITORY": str(self.data),
            "RESTIC_CACHE_DIR": str(self.folder / "own-cache"),
        }  # fmt: skip
        return subprocess.run(
            ["restic", *arguments], env=environment, capture_output=True, text=True, check=False
        )


@dataclass
class Made:
    """A snapshot that was made, and how to prove it."""

    stage: Stage
    request: dict[str, Any]
    answer: dict[str, Any]

    def proof_request(self, **more: Any) -> dict[str, Any]:
        """A request for ``prove_snapshot``."""
        answer, asset = self.answer, self.request["asset"]
        return {
            "asset": asset, "snapshot_id": answer["snapshot_id"],
            "older_snapshot_id": answer["previous_snapshot_id"],
            "nonce_sha256": nonce_hash(self.request["nonce"]) if answer["nonce_placed"] else None,
            "bytes": answer["bytes"], "items": answer["items"], "facts": answer["facts"],
            "maker": answer["machine"], "probe": answer["probe"], "store": self.request["store"],
            "secrets": {"store": {"escrow_password": ESCROW, **self.stage.login}, "asset": {}},
            **more,
        }  # fmt: skip

    def prove(self, **more: Any) -> Judgement:
        """Prove it in another process, and judge the answer."""
        return self.judge(run_apart("prove_snapshot", self.proof_request(**more)))

    def judge(self, answer: dict[str, Any]) -> Judgement:
        """Judge a verifier's answer."""
        made = self.answer
        after = made["manifest_after"]
        return judge(
            self.body(), "0" * 64, loads(base64.b64decode(made["manifest_before"])),
            loads(base64.b64decode(after)) if after else None, codec.load(Proof, answer),
            verifier=Machine(host="verifier", target="local://"), inside=made["inside"],
        )  # fmt: skip

    def body(self) -> Snapshot:
        """The statement's body, as far as judging needs it."""
        now, made, store = datetime.now(UTC), self.answer, self.request["store"]
        return Snapshot(
            asset=self.request["asset"]["id"], asset_kind=self.request["asset"]["kind"],
            purpose="prepare", machine=Machine(host="app1", target=f"ssh://{HOST_ADDRESS}"),
            store=Store(
                **{k: store[k] for k in ("id", "kind", "machine", "site", "country", "provider")},
                location=store.get("url") or store["path"],
            ),
            engine=made["engine"], repository_id=made["repository_id"],
            snapshot_id=made["snapshot_id"], previous_snapshot_id=made["previous_snapshot_id"],
            started_at=now, finished_at=now,
            nonce_sha256=nonce_hash(self.request["nonce"]) if made["nonce_placed"] else None,
            bytes=made["bytes"], items=made["items"],
            made_by={"append_only": made["append_only"], "inside": made["inside"]},
        )  # fmt: skip


def start_stage_store(
    keeper: Keeper, folder: Path, like: AppendOnlyStore | None = None
) -> AppendOnlyStore:
    """An append-only store with a repository to copy from, which can be another store's."""
    server = start_store(keeper, folder, tls=False)
    if like is None:
        make_quick_repository(server.data / "template")
    else:
        shutil.copytree(like.data / "template", server.data / "template")
    return server


def new_stage(server: AppendOnlyStore, folder: Path) -> Stage:
    """A stage with a repository of its own."""
    name = f"r{secrets.token_hex(6)}"
    shutil.copytree(server.data / "template", server.data / name)
    return Stage(folder, server, name)


def verdicts(judgement: Judgement) -> dict[str, str]:
    """Verdict by level."""
    return {item.level: item.verdict for item in judgement.verification.levels}


def detail(judgement: Judgement, level: str) -> str:
    """What one level says."""
    return next(item.detail for item in judgement.verification.levels if item.level == level)


def write_documents(folder: Path, count: int = 40) -> Path:
    """A folder of small documents, with subfolders, a link and an empty folder."""
    for number in range(count):
        path = folder / f"patient-{number % 7}" / f"letter-{number:04d}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"Letter {number}\n" * (number + 1))
    (folder / "empty folder").mkdir()
    (folder / "newest").symlink_to("patient-0/letter-0000.txt")
    return folder
