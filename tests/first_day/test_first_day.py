"""F9: the documentation is all that somebody with machines of their own needs."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from first_day.pages import blocks, section, steps

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_F9_the_documentation_leads_to_applied_and_verified() -> None:
    said = _lived("follow")
    assert len(re.findall(r"^ +\d+\.\d min  ", said, re.MULTILINE)) == 9, said


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_a_machine_that_vanishes_ends_the_run_and_the_way_out_is_said() -> None:
    _lived("vanish")


def _lived(story: str) -> str:
    """What a story said to its good end."""
    assert os.geteuid() == 0, "machines of one's own need root"
    day = subprocess.Popen(
        [HERE / "run", story], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    try:
        said, _ = day.communicate(timeout=1100)
    finally:
        day.kill()  # unshare takes all of its machines along
        day.wait()
    assert day.returncode == 0, said
    assert said.endswith("\napplied and verified\n"), said
    return said


def test_F9_it_shares_nothing_with_the_lab() -> None:
    for path in HERE.rglob("*.py"):
        assert "sluis" not in re.findall(r"^(?:from|import) (\w+)", path.read_text(), re.MULTILINE)


def test_F9_every_block_of_the_page_is_typed_somewhere() -> None:
    """A heading that the script does not know would be left out without a word."""
    page = ROOT / "docs" / "first-day.md"
    known = sum(
        len(blocks(section(page, heading)))
        for heading in ("## With step 2: machines and settings", "## With step 3: the change")
    )
    assert known == len(blocks(page.read_text())) > 8
    assert len(steps(section(ROOT / "README.md", "## A client's first update, step by step"))) == 6
