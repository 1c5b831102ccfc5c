"""Who holds the lock of a change, and who only says so (L24)."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sluis.cli import leash
from sluis.cli.lock import only_run
from sluis.errors import SluisError
from sluis.runbook.lock import run_going_on

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)

#: takes the lock as ansible-playbook's main process does, and goes on in a fork
_KEEPS = """
import os, sys, time
from datetime import UTC, datetime
from pathlib import Path
from sluis.errors import SluisError
from sluis.runbook.lock import keep_lock
try:
    keep_lock(Path(sys.argv[1]), "plain", datetime(2026, 11, 20, tzinfo=UTC))
except SluisError as error:
    sys.exit(error.code)
if len(sys.argv) > 2 and os.fork() == 0:
    os.setsid()
    os.close(1)
    sys.stdin.read()
print("held")
"""


def keeps(dossier: Path, *more: str, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", _KEEPS, str(dossier), *more],
        capture_output=True, text=True, check=False, timeout=60, **options,  # type: ignore[call-overload]
    )  # fmt: skip


def test_L24_a_plain_run_holds_the_lock_until_its_last_fork_is_gone(tmp_path: Path) -> None:
    read, write = os.pipe()
    with subprocess.Popen(
        [sys.executable, "-c", _KEEPS, str(tmp_path), "fork"],
        stdin=read, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        os.close(read)
        assert process.stdout is not None
        assert process.stdout.read() == "held\n"
    assert "plain, process" in (run_going_on(tmp_path) or "")
    os.close(write)
    deadline = time.monotonic() + 30
    while run_going_on(tmp_path) is not None:
        assert time.monotonic() < deadline, "the lock outlived its last holder"
        time.sleep(0.02)


def test_L24_a_plain_run_beside_another_is_refused(tmp_path: Path) -> None:
    with only_run(tmp_path, "apply", NOW):
        assert keeps(tmp_path).stderr == "run-in-progress\n"
    assert keeps(tmp_path).stdout == "held\n"


def test_L24_what_the_front_door_starts_has_its_lock(tmp_path: Path) -> None:
    with only_run(tmp_path, "apply", NOW) as lock:
        command = [sys.executable, "-I", "-S", leash.__file__, str(os.getpid()), str(lock), "--"]
        found = subprocess.run(
            [*command, sys.executable, "-c", _KEEPS, str(tmp_path)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert found.stdout == "held\n", found.stderr


def test_L24_an_open_file_is_not_a_lock_that_was_given(tmp_path: Path) -> None:
    """Somebody's own descriptor on the lock's file, while another run holds it."""
    holder = subprocess.Popen(
        [sys.executable, "-c", _KEEPS + "sys.stdout.flush(); sys.stdin.read()", str(tmp_path)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    mine = os.open(tmp_path / "runs" / ".lock", os.O_RDWR)
    try:
        assert keeps(tmp_path, pass_fds=(mine,)).stderr == "run-in-progress\n"
    finally:
        os.close(mine)
        holder.communicate()


@pytest.mark.parametrize("kind", ["pipe", "device", "link", "folder", "no folder"])
def test_L24_a_lock_that_is_no_file_is_refused_with_a_sentence(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "runs" / ".lock"
    if kind == "no folder":
        path.parent.write_text("")
    else:
        path.parent.mkdir()
        (tmp_path / "elsewhere").write_text("")
        {
            "pipe": os.mkfifo,
            "device": lambda p: p.symlink_to("/dev/zero"),
            "link": lambda p: p.symlink_to(tmp_path / "elsewhere"),
            "folder": os.mkdir,
        }[kind](path)
    with pytest.raises(SluisError, match="lock-unusable") as told, only_run(tmp_path, "x", NOW):
        pass
    assert str(path) in told.value.what
    assert run_going_on(tmp_path) is None
    assert (tmp_path / "elsewhere").exists() is (kind != "no folder")
    assert keeps(tmp_path).stderr == "lock-unusable\n"
