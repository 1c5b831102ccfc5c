"""Child processes end with the block, and folders go with it, however it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from sluis.errors import SnapshotError
from sluis.programs import Command, fixed, option
from sluis.snapshot.children import Children
from support.databases import wait_until

ENVIRONMENT = {"PATH": "/usr/bin:/bin"}
#: Ignores polite signals, and has a child that does so as well.
STUBBORN = "trap '' QUIT TERM INT; sleep 600 & trap '' QUIT; while :; do sleep 0.1; done"


def test_output_status_and_folder(tmp_path: Path) -> None:
    with Children(str(tmp_path)) as children:
        private = Path(children.private)
        assert private.stat().st_mode & 0o777 == 0o700
        done = children.run(
            Command("sh", fixed("-c", "echo out; echo err >&2; exit 3")), ENVIRONMENT
        )
        assert (done.status, done.output, done.errors) == (3, "out\n", "err\n")
        (private / "half").write_text("half")
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_inherited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPASSWORD", "s3cret")
    with Children(str(tmp_path)) as children:
        shown = children.run(Command("env"), ENVIRONMENT).output
    assert "s3cret" not in shown


def test_too_long(tmp_path: Path) -> None:
    with Children(str(tmp_path)) as children:
        done = children.run(Command("sleep", fixed("600")), ENVIRONMENT, seconds=0.1)
    assert done.status == -signal.SIGKILL


def test_a_program_that_is_not_there(tmp_path: Path) -> None:
    with Children(str(tmp_path)) as children, pytest.raises(SnapshotError) as caught:
        children.run(Command("/nonexistent/program"), ENVIRONMENT)
    assert caught.value.code == "program-missing"


def test_the_end_of_the_block_ends_the_stubborn(tmp_path: Path) -> None:
    with Children(str(tmp_path)) as children:
        child = children.start(Command("sh", option("-c", STUBBORN)), ENVIRONMENT)
        process = psutil.Process(child.pid)
        wait_until(process.children)
        family = [process, *process.children()]
    # a killed process is gone as soon as the kernel comes to it, which may be a moment later
    wait_until(lambda: not any(_lives(one) for one in family))


def _lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_killed_from_outside(tmp_path: Path, how: signal.Signals) -> None:
    code = (
        "import sys; from sluis.snapshot.children import Children\n"
        "from sluis.programs import Command, option\n"
        "with Children(sys.argv[1]) as c:\n"
        "    c.also_remove(sys.argv[2])\n"
        "    child = c.start(Command('sh', option('-c', sys.argv[3])), {})\n"
        "    print(child.pid, flush=True)\n"
        "    child.wait()\n"
    )
    inside, further = tmp_path / "in", tmp_path / "further"
    inside.mkdir()
    further.mkdir()
    (further / "file").write_text("x")
    run = subprocess.Popen(
        [sys.executable, "-c", code, str(inside), str(further), STUBBORN], stdout=subprocess.PIPE
    )
    assert run.stdout is not None
    child = int(run.stdout.readline())
    run.send_signal(how)
    run.wait()
    wait_until(lambda: not psutil.pid_exists(child) or psutil.Process(child).status() == "zombie")
    wait_until(lambda: not list(inside.iterdir()) and not further.exists())
    run.stdout.close()


def test_killed_keeper_leaves_no_folder(tmp_path: Path) -> None:
    with Children(str(tmp_path)) as children:
        (keeper,) = [
            one
            for one in psutil.Process().children()
            if "sluis-keeper" in one.cmdline() and children.private in one.cmdline()
        ]
        os.kill(keeper.pid, signal.SIGKILL)
    assert list(tmp_path.iterdir()) == []
