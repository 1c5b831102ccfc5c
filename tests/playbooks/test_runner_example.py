"""F9: the example of calling ansible-runner from Python, run as it stands in docs/examples.md."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from sluis.evidence.predicates import Plan
from sluis.rehearsal.lab import Lab
from support.markdown import blocks
from support.signed_change import ANSIBLE, new_change

EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples.md"


@pytest.mark.slow
def test_F9_ansible_runner_from_python_as_the_page_says(lab: Lab, tmp_path: Path) -> None:
    change = new_change(lab, tmp_path / "project")
    (code,) = blocks(EXAMPLES, "python")
    for said, here in (
        ("/opt/sluis", str(change.root)),
        ("/var/lib/jobs/CHG-1042-prepare", str(tmp_path / "job")),
        ("CHG-1042", change.change),
        ('f"{PROJECT}/.venv/bin/sluis"', repr(str(ANSIBLE / "sluis"))),
    ):
        assert said in code
        code = code.replace(said, here)
    environment = change.environment()
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=240,
        env={**environment, "PATH": f"{ANSIBLE}:{environment['PATH']}"}, check=False,
    )  # fmt: skip
    assert ran.returncode == 75, ran.stdout + ran.stderr
    assert "successful awaiting sign-off" in ran.stdout, ran.stdout
    assert change.view().latest(Plan) is not None, "it was really prepared"
