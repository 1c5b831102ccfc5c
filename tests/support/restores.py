"""A folder of hostile and ordinary files, really snapshotted, ready to be restored."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import secrets
import subprocess
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from support.border_calls import call

PLACE = {"site": "Data centre North", "country": "NL", "provider": "Example Hosting"}


@dataclass
class Snapshotted:
    """A live asset with one signed snapshot of it in a real restic repository."""

    top: Path
    asset: dict[str, Any]
    store: dict[str, Any]
    password: str
    made: dict[str, Any]
    manifests: list[dict[str, str]]
    facts: dict[str, str]
    change: str = "CHG-7"
    asset_secrets: dict[str, str] = field(default_factory=dict)

    @property
    def live(self) -> Path:
        return Path(self.asset["location"])

    @property
    def repository(self) -> Path:
        return Path(self.store["path"])

    def request(self, **other: Any) -> dict[str, Any]:
        """What the action plugin sends to the host."""
        return {
            "asset": self.asset,
            "store": self.store,
            "snapshot_id": self.made["snapshot_id"],
            "manifests": self.manifests,
            "facts": self.facts,
            "change": self.change,
            "restore_id": f"{self.change}-{self.made['snapshot_id'][:8]}",
            "secrets": {
                "store": {"repository_password": self.password},
                "asset": self.asset_secrets,
            },
            "check_mode": False,
            **other,
        }


def take(top: Path, asset: dict[str, Any], **secrets_of_asset: Any) -> Snapshotted:
    """Make a snapshot of ``asset`` for real, and write its manifests where the host finds them."""
    password = secrets.token_urlsafe(16)
    store = {"id": "disk", "kind": "local", "path": str(top / "repository"), "machine": "disk",
             **PLACE}  # fmt: skip
    if not (top / "repository").exists():
        subprocess.run(
            ["restic", "-q", "-r", str(top / "repository"), "init"],
            env={**os.environ, "RESTIC_PASSWORD": password},
            check=True,
        )
        (top / "password").write_text(password)
    password = (top / "password").read_text()
    made = call(
        "make_snapshot",
        {
            "asset": asset, "host": "app1", "host_address": None, "client": "example-practice",
            "change": "CHG-7", "nonce": secrets.token_hex(32), "store": store,
            "allowed_locations": [PLACE], "expected_identity": {}, "older": [], "probe": None,
            "unless_state": None, "workdir": str(top), "cache": str(top / "cache"),
            "secrets": {"store": {"repository_password": password}, "asset": secrets_of_asset},
        },
    )  # fmt: skip
    manifests = []
    for name in ("manifest_before", "manifest_after"):
        if made[name] is not None:
            data = base64.b64decode(made[name])
            path = top / f"{name}-{made['snapshot_id'][:8]}"
            path.write_bytes(data)
            manifests.append({"path": str(path), "sha256": hashlib.sha256(data).hexdigest()})
    data = json.dumps(made["facts"]).encode()
    path = top / f"facts-{made['snapshot_id'][:8]}"
    path.write_bytes(data)
    facts = {"path": str(path), "sha256": hashlib.sha256(data).hexdigest()}
    return Snapshotted(
        top, asset, store, password, made, manifests, facts, asset_secrets=secrets_of_asset
    )


def copy_of(
    master: Snapshotted, top: Path, live: Path | None = None, *, with_live: bool = True
) -> Snapshotted:
    """The same snapshot, live folder and store once more, for a test to break.

    Making a snapshot costs seconds, for a store's key is slow on purpose.

    Args:
        master: what is copied; it stays as it is.
        top: where the copy of the store goes.
        live: where the live data goes; a missing or empty folder.
        with_live: copy the live folder as well.
    """
    live = live or top / "srv" / "client data"
    if with_live:
        live.mkdir(parents=True, exist_ok=True)
        subprocess.run(["cp", "-a", "-T", master.live, live], check=True)
    subprocess.run(["cp", "-a", master.repository, top / "repository"], check=True)
    (top / "password").write_text(master.password)
    manifests = []
    for number, item in enumerate(master.manifests):
        path = top / f"manifest-{number}"
        path.write_bytes(Path(item["path"]).read_bytes())
        manifests.append({**item, "path": str(path)})
    facts = {**master.facts, "path": str(top / "facts")}
    Path(facts["path"]).write_bytes(Path(master.facts["path"]).read_bytes())
    asset = {**master.asset, "location": str(live)}
    store = {**master.store, "path": str(top / "repository")}
    return replace(master, top=top, asset=asset, store=store, manifests=manifests, facts=facts)


def fill(folder: Path) -> None:
    """Names that break naive programs, and every kind of item that a folder can hold."""
    folder.mkdir(parents=True)
    (folder / "letter.txt").write_text("Dear client")
    (folder / "empty").touch()
    (folder / "deep" / "deeper").mkdir(parents=True)
    (folder / "deep" / "deeper" / "scan.pdf").write_bytes(os.urandom(200_000))
    (folder / "-rf").write_text("an option?")
    (folder / "new\nline").write_text("two lines")
    (folder / "'quote\" $(touch x) {{ 7 }}").write_text("shell")
    (folder / "Zoë – brief").write_text("accents")
    (folder / os.fsdecode(b"latin-\xe9\xff")).write_bytes(b"not UTF-8")
    (folder / "link").symlink_to("letter.txt")
    (folder / "way out").symlink_to("/etc/passwd")
    (folder / "dangling").symlink_to("nowhere")
    os.link(folder / "letter.txt", folder / "twin")
    os.mkfifo(folder / "pipe")
    (folder / "readonly").mkdir()
    (folder / "readonly" / "x").write_text("kept")
    (folder / "readonly").chmod(0o555)
    (folder / "letter.txt").chmod(0o640)
    os.setxattr(folder / "letter.txt", "user.origin", b"scanner 3")
    os.setxattr(folder, "user.folder", b"kept")
    folder.chmod(0o750)


def tree(folder: Path) -> dict[str, tuple[Any, ...]]:
    """Everything about a folder's items that a restore must bring back."""
    found = {}
    for path in sorted(folder.rglob("*")):
        status = path.lstat()
        kind = oct(status.st_mode)
        what: Any = None
        if path.is_symlink():
            what, kind = str(path.readlink()), "link"
        elif path.is_file():
            what = hashlib.sha256(path.read_bytes()).hexdigest()
        names = () if path.is_symlink() else tuple(sorted(os.listxattr(path)))
        found[os.fsencode(path.relative_to(folder)).decode("latin-1")] = (
            kind, what, status.st_mtime_ns if kind != "link" else 0,
            status.st_uid, status.st_gid, names,
        )  # fmt: skip
    return found


def restore_beside(request: dict[str, Any]) -> dict[str, Any]:
    """Restore beside, as the module does."""
    return call("restore_beside", request)


def swap(request: dict[str, Any]) -> dict[str, Any]:
    """Swap, as the module does."""
    return call("swap", request)
