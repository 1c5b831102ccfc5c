"""What is fetched from an export worker: from where we had it put, never from where it says."""

from __future__ import annotations

import resource
import shlex
import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from ansible.errors import AnsibleError

from sluis.errors import InputError, SnapshotError
from sluis.evidence.objects import ObjectStore
from sluis.runbook import worker_file
from sluis.runbook.run import OpenDossier
from sluis.runbook.worker_file import Fetch, keep_worker_file

SFTP_SERVER = "/usr/lib/openssh/sftp-server"


def hostile(mark: Path, served: Path) -> str:
    """A path that, quoted by shlex, is two orders to sftp; its server must have the first file."""
    return f"{served}\\'\" {served}.got\n!touch {mark}\n"


def dossier(folder: Path) -> OpenDossier:
    return cast("OpenDossier", SimpleNamespace(objects=ObjectStore(folder)))


def test_L1_such_a_path_would_run_a_command_here(tmp_path: Path) -> None:
    """As Ansible's ssh connection fetches a file: this is what the rule is there for."""
    mark, served = tmp_path / "ran", tmp_path / "served"
    Path(f"{served}'\"'").write_text("x")
    order = f"get {shlex.quote(hostile(mark, served))} {shlex.quote(str(tmp_path / 'local'))}\n"
    subprocess.run(
        ["sftp", "-D", SFTP_SERVER, "-b", "-"], input=order.encode(), capture_output=True,
        check=False,
    )  # fmt: skip
    assert mark.exists()


@pytest.mark.parametrize(
    "remote",
    [
        hostile(Path("/tmp/x"), Path("/tmp/y")), "/a\nb", "/a'b", '/a"b', "/a\\b", "relative",
        "-x", "/a/../b", "/\x1b[2J", "", "/a`id`", "/$(id)", "/a\x00b", "/a\rb",
    ],
)  # fmt: skip
def test_L1_no_path_of_a_worker_reaches_the_connection(tmp_path: Path, remote: str) -> None:
    def fetch(*_: Any) -> None:
        raise AssertionError("it was fetched")

    with pytest.raises(InputError, match="bad-worker-path") as raised:
        keep_worker_file(dossier(tmp_path), fetch, remote, tmp_path / "local")
    assert raised.value.what.isprintable()


def test_a_drives_odd_id_is_a_plain_path(tmp_path: Path) -> None:
    def fetch(_remote: str, local: Path) -> None:
        local.write_bytes(b"x")

    remote = "/var/lib/sluis/exports/team/b!AbC-_0,1 (2)/passes/0001/manifest.gz"
    (tmp_path / "objects").mkdir()
    keep_worker_file(dossier(tmp_path), fetch, remote, tmp_path / "local")


def test_a_file_that_would_fill_the_disk_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_file, "_LARGEST", 3)
    local = tmp_path / "local"

    def fetch(_remote: str, to: Path) -> None:
        to.write_bytes(b"long")

    with pytest.raises(SnapshotError, match="worker-file-too-large"):
        keep_worker_file(dossier(tmp_path), fetch, "/a", local)
    assert not local.exists()


def _sftp(remote: str, local: Path) -> None:
    """As Ansible's ssh connection does it."""
    order = f"get {shlex.quote(remote)} {shlex.quote(str(local))}\n"
    done = subprocess.run(
        ["sftp", "-D", SFTP_SERVER, "-b", "-"], input=order.encode(), capture_output=True,
        check=False,
    )  # fmt: skip
    if done.returncode:
        raise AnsibleError("failed to transfer file")


def _itself(remote: str, local: Path) -> None:
    """As the connection to this very machine does it."""
    with Path(remote).open("rb") as source, local.open("wb") as to:
        shutil.copyfileobj(source, to)


@pytest.mark.parametrize("fetch", [_sftp, _itself])
def test_L1_a_worker_that_sends_without_an_end_is_cut_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fetch: Fetch
) -> None:
    monkeypatch.setattr(worker_file, "_LARGEST", 1 << 20)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    served, local = tmp_path / "served", tmp_path / "local"
    with served.open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(SnapshotError, match=r"worker-file-too-large.*1,048,576 bytes"):
        keep_worker_file(dossier(tmp_path), fetch, str(served), local)
    assert not local.exists()
    assert resource.getrlimit(resource.RLIMIT_FSIZE) == before
    served.write_bytes(b"x" * (1 << 20))
    keep_worker_file(dossier(tmp_path), fetch, str(served), local)
    # where the disk has less room than that, this counts
    monkeypatch.setattr(worker_file, "_KEPT_FREE", 1 << 60)
    with pytest.raises(SnapshotError, match=r"worker-file-too-large.*the 0 bytes"):
        keep_worker_file(dossier(tmp_path), fetch, str(served), local)


def test_what_a_transfer_says_of_itself_is_passed_on(tmp_path: Path) -> None:
    with pytest.raises(AnsibleError, match="failed to transfer"):
        keep_worker_file(dossier(tmp_path), _sftp, str(tmp_path / "none"), tmp_path / "local")
