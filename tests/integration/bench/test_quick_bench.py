"""``make bench`` in its quick form: every part runs, on real parts. No figure is judged."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bench import markdown

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.slow
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
        "guarded-step-ssh", "verify", "appends", "transfer-many", "transfer-large", "limits",
        "listing", "resume", "quickxor",
        "sftp-many-sftp", "sftp-many-rclone", "sftp-many-twice",
        "sftp-large-sftp", "sftp-large-rclone", "sftp-large-twice",
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
    lines = markdown.table(report["rows"]).splitlines()
    assert len(lines) == 2 + len(rows)
    assert len({line.count("|") for line in lines}) == 1
    _a_tenant_was_fetched(rows)
    # what a pass of ours did is what the row says it did
    assert "reading again" in rows["sftp-large-twice"]["facts"]["stages of A, s"]
    assert "reading again" not in rows["sftp-large-sftp"]["facts"]["stages of A, s"]
    for fact in (
        "cores", "kernel", "restic", "rclone", "rclone_beside", "postgresql", "ansible_core",
    ):  # fmt: skip
        assert report["machine"][fact] not in ("", None, "unknown"), fact
    # the data is kept for the next run, what was measured with it is gone
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bench-data", "bench.json"]


def _a_tenant_was_fetched(rows: dict[str, Any]) -> None:
    """What both fetched is what there was, and what is said of it was counted by the tenant."""
    for name, size in (("transfer-many", 60 * 10_000), ("transfer-large", 2 * 2**24)):
        facts = rows[name]["facts"]
        for cost in (*facts["a_cost"], *facts["b_cost"]):
            assert cost["bytes_out"] == size, name
            assert cost["tenant_processor_seconds"] > 0
        assert facts["a_cost"][0]["proxy_processor_seconds"] < 1, "ours needs no proxy"
    limits = _figures(rows["limits"])
    assert limits["files had"] == (60, 60)
    assert limits["429s"] == (0, 0), "so few units never fill a minute"
    # one for each file, and for the folder's listing, the delta and little else
    assert 1 <= limits["units per file"][0] < limits["units per file"][1]
    assert limits["% of the budget used"][0] > 0
    listing = _figures(rows["listing"])
    assert listing["MiB of memory at most"][0] > 20
    resume = rows["resume"]
    assert resume["facts"]["a_kills"] == 1, "what was not killed proves nothing"
    assert resume["facts"]["a_recorded_at_each_kill"][0] > 0
    assert _figures(resume)["bytes fetched twice"] == (0, None)
    assert rows["quickxor"]["facts"]["quickxor"]


def _figures(row: dict[str, Any]) -> dict[str, tuple[float, float | None]]:
    return {one["name"]: (one["a"], one["b"]) for one in row["figures"]}
