"""README names the command that makes what its steps type, before the first of them."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[3]
_STEPS = "## A client's first update, step by step"


def test_newcomer_what_installs_is_said_before_the_first_step_that_needs_it() -> None:
    part = (ROOT / "README.md").read_text(encoding="utf-8").partition(f"\n{_STEPS}\n")[2]
    before, first, _ = part.partition(".venv/bin/sluis")
    assert first
    assert re.search(r"^```\nmake install\n```$", before, re.MULTILINE)


def test_newcomer_make_install_makes_the_environment_and_is_listed() -> None:
    told = _make("help")
    assert re.search(r"^  make install +\S", told, re.MULTILINE)
    # every command, also of what is made already, and none of them is run
    planned = _make("--always-make", "--dry-run", "install")
    assert ".ci/make-venv .venv" in planned
    assert ".ci/install-debian" in planned


def test_newcomer_make_install_says_what_it_does_and_how_it_ended(tmp_path: Path) -> None:
    """It was silent for two minutes, and ended without a word."""
    planned = _make("--always-make", "--dry-run", "install")
    assert "is installed in .venv" in planned
    assert "Next: .venv/bin/sluis keys new operator" in planned
    script = (ROOT / ".ci" / "make-venv").read_text(encoding="utf-8")
    assert re.findall(r"echo \"  (\d) of 3: ", script) == ["1", "2", "3"]
    # what pip itself says of a package that it installs, without network
    wheel = tmp_path / "small-1-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as file:
        file.writestr(
            "small-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: small\nVersion: 1\n"
        )
        file.writestr("small-1.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        file.writestr("small-1.dist-info/RECORD", "")
    pip = [sys.executable, "-m", "pip", "install", "--no-index", "--target", tmp_path / "there"]
    ran = subprocess.run([*pip, wheel], capture_output=True, text=True, check=True)
    assert "Successfully installed small-1" in ran.stdout, "by this make-venv sees how it ended"
    told = _told(ran.stdout)
    assert told == ["packages to install: 1", "done"]
    assert _told("Collecting a\n" * 25) == ["10 packages looked up", "20 packages looked up"]


def _told(by_pip: str) -> list[str]:
    done = subprocess.run(
        [ROOT / ".ci" / "tell-pip"], input=by_pip, capture_output=True, text=True, check=True
    )
    return [line.strip() for line in done.stdout.splitlines()]


def _make(*words: str) -> str:
    done = subprocess.run(["make", *words], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout
