"""Tests that share what is expensive to build run in one process, or each process builds it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = Path(__file__).resolve().parents[1] / "conftest.py"
SHARING = """\
from os import environ
import pytest

@pytest.fixture(scope="module")
def built():
    with open("built", "a") as file:
        file.write(environ["PYTEST_XDIST_WORKER"] + "\\n")

@pytest.mark.parametrize("n", range(12))
def test_one(built, n): ...

@pytest.mark.parametrize("n", range(12))
def test_other(n):
    with open("free", "a") as file:
        file.write(environ["PYTEST_XDIST_WORKER"] + "\\n")
"""


@pytest.mark.slow
def test_a_modules_fixture_is_built_once_whatever_the_number_of_processes(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(CONFTEST.read_text())
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "test_sharing.py").write_text(SHARING)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-n", "3", "--dist", "loadgroup"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert len((tmp_path / "built").read_text().split()) == 1
    assert len(set((tmp_path / "free").read_text().split())) > 1, "the others are divided"
