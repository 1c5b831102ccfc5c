"""Private folders, the lock of a change, and the leash: with real processes."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sluis.cli import leash
from sluis.cli.lock import only_run
from sluis.cli.private import PrivateFolder, sweep
from sluis.errors import SluisError
from sluis.runbook.lock import run_going_on, runs_folder
from support.front_project import until

NOW = datetime(2026, 11, 3, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    base = tmp_path / "base"
    base.mkdir(mode=0o700)
    monkeypatch.setattr("tempfile.tempdir", str(base))
    return base


def test_a_private_folder_is_for_its_owner_only_and_gone_afterwards(base: Path):
    with PrivateFolder({}) as private:
        assert stat.S_IMODE(private.path.stat().st_mode) == 0o700
        secret = private.secret("passphrase", b"x")
        assert stat.S_IMODE(secret.stat().st_mode) == 0o600
        with pytest.raises(FileExistsError):
            private.secret("passphrase", b"y")
        assert sweep(base) == []
    assert list(base.iterdir()) == []


def test_it_is_gone_after_an_exception_too(base: Path):
    with pytest.raises(ZeroDivisionError), PrivateFolder({}):
        _ = 1 / 0
    assert list(base.iterdir()) == []


def test_it_lies_in_memory_when_the_runtime_folder_is_really_ours(base: Path, tmp_path: Path):
    runtime = tmp_path / "runtime"
    runtime.mkdir(mode=0o700)
    with PrivateFolder({"XDG_RUNTIME_DIR": str(runtime)}) as private:
        assert private.path.parent == runtime
    runtime.chmod(0o755)
    link = tmp_path / "link"
    link.symlink_to(runtime)
    for untrusted in (runtime, link, tmp_path / "nosuch"):
        with PrivateFolder({"XDG_RUNTIME_DIR": str(untrusted)}) as private:
            assert private.path.parent == base


_HOLD = """
import os, sys
from sluis.cli.private import PrivateFolder
import tempfile
tempfile.tempdir = sys.argv[1]
with PrivateFolder({}) as private:
    private.secret("passphrase", b"x")
    print(private.path, flush=True)
    sys.stdin.read()
"""


def test_it_is_gone_after_kill_9(base: Path):
    holder = subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(base)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None
    path = Path(holder.stdout.readline().strip())
    assert (path / "passphrase").exists()
    assert sweep(base) == []
    holder.kill()
    holder.communicate()
    until(lambda: not path.exists())


def test_one_run_at_a_time(tmp_path: Path):
    with only_run(tmp_path / "dossier", "apply", NOW) as lock:
        assert stat.S_IMODE(lock.stat().st_mode) == 0o600
        for _ in range(2):
            with pytest.raises(SluisError) as caught, only_run(tmp_path / "dossier", "x", NOW):
                pass
            assert caught.value.code == "run-in-progress"
            assert "apply, process" in caught.value.what
    with only_run(tmp_path / "dossier", "prepare", NOW):
        pass


def test_looking_whether_a_run_is_going_on_stops_nobody(tmp_path: Path):
    dossier = tmp_path / "dossier"
    assert run_going_on(dossier) is None
    with only_run(dossier, "apply", NOW):
        assert "apply, process" in (run_going_on(dossier) or "")
    assert run_going_on(dossier) is None
    with only_run(dossier, "apply", NOW):
        pass


def test_a_lock_that_says_nothing_readable_still_locks(tmp_path: Path):
    with only_run(tmp_path / "dossier", "apply", NOW) as lock:
        lock.write_bytes(b"\xff\x00")
        with pytest.raises(SluisError) as caught, only_run(tmp_path / "dossier", "x", NOW):
            pass
        assert "did not leave its name" in caught.value.what


def test_a_link_in_place_of_the_lock_is_not_followed(tmp_path: Path):
    (runs_folder(tmp_path / "dossier") / ".lock").symlink_to(tmp_path / "elsewhere")
    refused = pytest.raises(SluisError, match="lock-unusable")
    with refused, only_run(tmp_path / "dossier", "apply", NOW):
        pass
    assert not (tmp_path / "elsewhere").exists()


def leashed(parent: int, locks: list[Path], *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-I", "-S", leash.__file__, str(parent), *map(str, locks), "--", *command],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )


def test_a_leashed_command_runs_without_a_terminal_to_read_from(tmp_path: Path):
    lock = tmp_path / "a:b"
    lock.touch()
    found = leashed(os.getpid(), [lock], "/bin/sh", "-c", "readlink /proc/self/fd/0; exit 7")
    assert (found.returncode, found.stdout) == (7, "/dev/null\n")


def test_a_leashed_command_does_not_start_without_its_parent_or_its_lock(tmp_path: Path):
    mark = tmp_path / "mark"
    assert leashed(1, [], "/usr/bin/touch", str(mark)).returncode == leash.EXIT_NOT_STARTED
    found = leashed(os.getpid(), [tmp_path / "nosuch"], "/usr/bin/touch", str(mark))
    assert found.returncode == leash.EXIT_NOT_STARTED
    assert "is not to be had" in found.stderr
    assert not mark.exists()


def test_a_forked_child_of_a_leashed_command_still_holds_the_lock(tmp_path: Path):
    """As Ansible's workers do: forks of the leashed process that outlive it."""
    program = (
        "import os, sys, time\n"
        "if os.fork() == 0:\n"
        "    os.setsid()\n"
        "    open(sys.argv[1], 'w').close()\n"
        "    while not os.path.exists(sys.argv[2]): time.sleep(0.02)\n"
    )
    here, enough = tmp_path / "here", tmp_path / "enough"
    with only_run(tmp_path / "dossier", "apply", NOW) as lock:
        command = [sys.executable, "-I", "-S", leash.__file__, str(os.getpid()), str(lock), "--"]
        command += [sys.executable, "-c", program, str(here), str(enough)]
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
        until(here.exists)
    with pytest.raises(SluisError), only_run(tmp_path / "dossier", "x", NOW):
        pass
    enough.touch()

    def free() -> bool:
        try:
            with only_run(tmp_path / "dossier", "x", NOW):
                return True
        except SluisError:
            return False

    until(free)
