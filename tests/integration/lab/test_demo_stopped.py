"""The demo cleans up after itself when it is stopped in the middle."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest


@pytest.mark.slow
@pytest.mark.parametrize("how", ["Ctrl-C at the terminal", "SIGTERM to the demo alone"])
def test_nothing_is_left_of_a_demo_that_is_stopped(tmp_path, how):
    folder, screen = tmp_path / "demo", tmp_path / "screen"
    with screen.open("wb") as output:
        demo = subprocess.Popen(
            [sys.executable, "-m", "sluis.rehearsal.demo", folder],
            stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
            env={**os.environ, "INTERACTIVE": ""}, start_new_session=True,
        )  # fmt: skip
        # stopped in the middle of a run: the ledger has begun and is not done
        _until(lambda: list(folder.glob("dossiers/*/*/statements/*.json")), demo, screen)
        lab = _lab_of(demo.pid)
        assert Path(lab).is_dir()
        if how.startswith("Ctrl-C"):
            os.killpg(demo.pid, signal.SIGINT)
        else:
            demo.send_signal(signal.SIGTERM)
        assert demo.wait(timeout=120) == 130, screen.read_text()
    assert "nothing is left" in screen.read_text()
    assert not folder.exists()
    assert not Path(lab).exists()
    left = [line for line in _command_lines() if lab in line or str(folder) in line]
    assert left == []


def _until(true, demo, screen):
    deadline = time.monotonic() + 120
    while not true():
        assert demo.poll() is None, screen.read_text()
        assert time.monotonic() < deadline, screen.read_text()
        time.sleep(0.1)


def _lab_of(pid):
    for child in psutil.Process(pid).children(recursive=True):
        found = re.search(r"\S*/sluis-lab-[^/\s]+", " ".join(child.cmdline()))
        if found:
            return found[0]
    pytest.fail("the demo has no lab")


def _command_lines():
    for process in psutil.process_iter(["cmdline", "status"]):
        if process.info["status"] != psutil.STATUS_ZOMBIE:
            yield " ".join(process.info["cmdline"] or ())
