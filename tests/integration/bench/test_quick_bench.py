"""``make bench`` in its quick form: every part runs, on real parts. No figure is judged."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.timeout(900)
def test_the_quick_bench_measures_every_part(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bench.run"],
        cwd=ROOT,
        env={
            **os.environ,
            "BENCH": "quick",
            "BENCH_BUILD": str(tmp_path),
            "PYTHONPATH": os.pathsep.join(
                filter(None, [str(ROOT / "tests"), os.environ.get("PYTHONPATH")])
            ),
        },
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads((tmp_path / "bench.json").read_text())
    rows = {row["id"]: row for row in report["rows"]}
    assert set(rows) == {
        "gate-quick-rest", "gate-postgresql-rest", "check-quick-run", "check-quick-prove",
        "guarded-step-ssh", "verify", "appends",
    }  # fmt: skip
    for row in rows.values():
        assert row["measured"]
        assert row["ratio"]["min"] > 0
    # a gate that is quick because it proved less would be no gate
    assert rows["gate-quick-rest"]["facts"]["reached"] == ["V6"]
    assert rows["gate-postgresql-rest"]["facts"]["reached"] == ["V6"]
    # all 300 files against a sample: what the table says is what was done
    check = rows["check-quick-run"]["facts"]
    assert check["restverify_status"] == "pass"
    assert check["files_hashed_by_sluis"] == 301, "the 300 files and the nonce"
    assert 0 < check["files_hashed_by_restverify"] < 300
    assert rows["verify"]["facts"]["statements"] == 60
    for fact in ("cores", "kernel", "restic", "rclone", "postgresql", "ansible_core"):
        assert report["machine"][fact] not in ("", None, "unknown"), fact
    # the data is kept for the next run, what was measured with it is gone
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bench-data", "bench.json"]
