"""A confined child sees nothing, reaches nobody, and costs one answer when it crashes or hangs."""

from __future__ import annotations

import gzip
import json
import os
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sluis.errors import SnapshotError
from sluis.manifest import build_manifest
from sluis.programs import Command, fixed, option
from sluis.snapshot import confine, confined, opening
from sluis.snapshot.children import Children, confined_account
from sluis.snapshot.confined import in_confinement
from sluis.snapshot.opening import Heads, open_all
from support.databases import wait_until


def answers(work: Callable[[Any], None], **more: Any) -> list[Any]:
    told = in_confinement(work, confined_account(), more.pop("keep", []), 20, **more)
    assert told.trouble == ""
    return told.answers


def attempt(what: Callable[[], Any]) -> str:
    try:
        return repr(what())
    except OSError as error:
        return type(error).__name__


def test_it_sees_programs_and_nothing_of_ours(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s3cret")
    tmp_path.chmod(0o755)
    ours = os.getpid()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

        def work(tell: Any) -> None:
            tell(attempt(lambda: (tmp_path / "secret").read_text()))
            tell(attempt(lambda: Path("/etc/shadow").read_text()))
            tell(attempt(lambda: Path("/usr/x").write_text("x")))
            tell(attempt(lambda: socket.create_connection(("127.0.0.1", port), 1)))
            tell(attempt(lambda: os.kill(ours, signal.SIGKILL)))
            tell(attempt(lambda: os.setuid(0)))
            tell(attempt(lambda: os.chroot("/proc/self/cwd")))
            tell(sorted(one.name for one in Path("/dev").iterdir()))
            tell([os.getgroups(), os.getuid()])

        told = answers(work)
    assert not any("s3cret" in str(one) or "root:" in str(one) for one in told)
    assert all(one.endswith(("Error", "Timeout", "timeout")) for one in told[:7]), told[:7]
    assert told[7] == ["full", "null", "random", "shm", "urandom", "zero"]
    if os.geteuid() == 0:
        assert told[8][0] == []
        assert told[8][1] in range(61184, 65520)


def test_what_it_is_lent_is_all_it_reads(tmp_path: Path) -> None:
    path = tmp_path / "lent"
    path.write_text("lent")
    with path.open() as file:
        handle = file.fileno()
        name = confined.name_of(handle, str(path), confined_account())

        def work(tell: Any) -> None:
            tell(os.pread(handle, 9, 0).decode())
            tell(attempt(lambda: [one.name for one in Path("/held").iterdir()]))
            tell(attempt(lambda: Path(name).open("a").close()))

        read, names, written = answers(work, keep=[handle], by_name=[(handle, str(path))])
    assert read == "lent"
    assert names == repr([str(handle)])
    assert written.endswith("Error")


@pytest.mark.parametrize(
    ("deed", "expected"),
    [
        (lambda: os.kill(os.getpid(), signal.SIGSEGV), "signal 11"),
        (lambda: os._exit(3), "itself"),
        (lambda: time.sleep(600), "not read within 2 s"),
        (lambda: bytearray(3 << 30), "itself"),
    ],
)
def test_a_child_that_ends_badly_keeps_what_it_told(deed: Any, expected: str) -> None:
    def work(tell: Any) -> None:
        tell("before")
        deed()
        tell("after")

    told = in_confinement(work, confined_account(), [], 2)
    assert told.answers == ["before"]
    assert expected in told.trouble


def test_one_that_talks_for_ever_is_not_listened_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confined, "_MOST", 1 << 20)

    def work(tell: Any) -> None:
        while True:
            tell("x" * 1000)

    assert "says too much" in in_confinement(work, confined_account(), [], 30).trouble


def test_a_machine_that_stops_giving_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing runs without what was promised."""
    account = confined_account()
    monkeypatch.setattr(confine, "_MOUNTPOINT", "/nonexistent")
    with pytest.raises(SnapshotError) as raised:
        in_confinement(lambda tell: tell(1), account, [], 5)
    assert raised.value.code == "cannot-confine"


def tree(root: Path) -> Path:
    """Files of every kind, some of which are not what they say."""
    root.mkdir()
    with zipfile.ZipFile(root / "good.zip", "w") as archive:
        archive.writestr("caf\u00e9.txt", "x" * 1000)
    (root / "bad.zip").write_bytes((root / "good.zip").read_bytes()[:-30])
    with sqlite3.connect(root / "good.db") as connection:
        connection.execute("create table t (i)")
    connection.close()
    broken = bytearray((root / "good.db").read_bytes())
    broken[100:140] = b"\xff" * 40
    (root / "bad.db").write_bytes(broken)
    (root / "link.zip").symlink_to("/etc/passwd")
    os.mkfifo(root / "pipe.zip")
    with (root / "sparse.bin").open("wb") as file:
        file.truncate(64 << 20)
    (root / "setuid").write_text("#!/bin/sh\nexit\n")
    (root / "setuid").chmod(0o4755)
    (root / "a\nb.gz").write_bytes(gzip.compress(b"x"))
    os.link(root / "good.zip", root / "same.zip")
    (root / "closed").mkdir(mode=0o000)
    return root


def opened(root: Path) -> tuple[dict[str, int], dict[str, str], int]:
    heads = Heads()
    manifest = build_manifest(str(root), on_head=heads.note)
    found = open_all(str(root), manifest, heads, confined_account())
    return dict(found.opened), {one.path: one.problem for one in found.broken}, found.unknown


@pytest.mark.parametrize("possible", [True, False])
def test_files_are_opened_in_confinement_and_without_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, possible: bool
) -> None:
    if not possible:
        monkeypatch.setattr(confine, "_possible", lambda: (False, False))
    good, broken, unknown = opened(tree(tmp_path / "tree"))
    assert good == {"zip": 2, "sqlite": 1, "gzip": 1}
    assert set(broken) == {"bad.zip", "bad.db"}
    assert unknown == 2


def test_a_bomb_ends_and_costs_no_other_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "_SECONDS", 1.0)
    monkeypatch.setattr(opening, "_SLOWEST", 1 << 40)
    root = tree(tmp_path / "tree")
    piece = gzip.compress(bytes(64 << 20), 1)
    (root / "bomb.gz").write_bytes(piece * 400)  # 25 GB
    good, broken, _ = opened(root)
    assert good == {"zip": 2, "sqlite": 1, "gzip": 1}
    assert broken["bomb.gz"] == "it was not read within 1 s"


def test_what_cannot_be_had_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confine, "_possible", lambda: (False, True))
    words = confine.confinement().words
    assert words.startswith("confined: limits on memory and disk, no network")
    assert words.endswith("; ran without: a user of its own, file system isolation")


def test_what_leaves_the_group_is_found_by_its_user(tmp_path: Path) -> None:
    """A program of a restored database can leave the process group, but not its user."""
    account = confined_account()
    with Children(str(tmp_path), account) as children:
        children.run(
            Command("sh", fixed("-c", "setsid sleep 86397 >/dev/null 2>&1 </dev/null & sleep 0.2")),
            {"PATH": "/usr/bin:/bin"},
            account,
        )
        wait_until(lambda: _of(account.uid))
    assert _of(account.uid) == []


def _of(uid: int) -> list[str]:
    return [one.name for one in Path("/proc").glob("[0-9]*") if _owner(one) == uid]


def _owner(process: Path) -> int | None:
    try:
        if "State:\tZ" in (process / "status").read_text():
            return None
        return process.stat().st_uid
    except OSError:
        return None


CODE = """
import ctypes, json, os, sys
from sluis.snapshot.confined import in_confinement
from sluis.snapshot.children import confined_account
os.setgroups([]); os.setgid(65534); os.setuid(65534)
ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)  # as after an exec: PR_SET_DUMPABLE
account = confined_account()
told = in_confinement(lambda tell: tell(os.listdir("/")), account, [], 20)
print(json.dumps([told.answers, told.trouble, account.confinement.words]))
"""


def test_an_ordinary_user_gets_the_same_but_for_another_user() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    told, trouble, words = json.loads(done.stdout)
    assert trouble == ""
    assert "no files but its own" in words
    assert words.endswith("ran without: a user of its own")
    assert "home" not in told[0]


def test_the_limits_hold_for_programs_as_well(tmp_path: Path) -> None:
    account = confined_account(most_file=1 << 20)
    with Children(str(tmp_path), account) as children:
        done = children.run(
            Command("sh", option("-c", f"dd if=/dev/zero of={children.private}/x bs=1M count=9")),
            {"PATH": "/usr/bin:/bin"},
            account,
        )
        assert done.status != 0
        assert (Path(children.private) / "x").stat().st_size == 1 << 20
        assert stat.S_IMODE((Path(children.private) / "x").stat().st_mode) & 0o4000 == 0
